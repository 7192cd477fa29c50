"""A recurrent network over notes that may be told of the other stream, of chords and of the position in the bar."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

ROOTS, POSITIONS = 13, 96  # twelve roots and none; ticks of a bar


class ConditionedStream(nn.Module):
    """What is known of each step to logits (batch, step, classes).

    own, other: classes and size of the embedding of this stream and of the other one; either has one class more, before
    the first note. given: any of inter, chord, next, position. width: cells. styles: how many, 0 for one. steps: of the
    window by which ``StepNorm`` normalises; 0 normalises over channels. Source: Genchel, Pati, Lerch (2019).
    """

    def __init__(
        self,
        own: tuple[int, int],
        other: tuple[int, int],
        width: int,
        *,
        given: tuple[str, ...],
        styles: int = 0,
        depth: int = 2,
        dropout: float = 0.2,
        steps: int = 0,
    ):
        super().__init__()
        classes, size = own
        self.given = given
        self.own = nn.Embedding(classes + 1, size)
        if "inter" in given:
            self.other = nn.Embedding(other[0] + 1, other[1])
            size += other[1]
        if "position" in given:
            self.position = nn.Embedding(POSITIONS, 8)
            size += 8
        harmony = [name for name in ("chord", "next") if name in given]
        if harmony:
            self.root = nn.Embedding(ROOTS, 2)
            self.members = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 4))
            self.chord = nn.Linear(2 + 4, 8)
            size += 8 * len(harmony)
        self.style = nn.Embedding(styles, 4) if styles else None
        self.encoder = nn.Linear(size + 4 * bool(styles), width)
        self.norm: nn.Module = StepNorm(steps) if steps else nn.LayerNorm(width)
        self.lstm = nn.LSTM(width, width, depth, batch_first=True, dropout=dropout if depth > 1 else 0.0)
        middle = (width + classes) // 2
        self.decoder = nn.Sequential(nn.Linear(width, middle), nn.ReLU(), nn.Linear(middle, classes))

    def forward(self, known: dict[str, torch.Tensor], state: Any = None, at: int = 0) -> tuple[torch.Tensor, Any]:
        """Go on from ``state``, after ``at`` steps; returns the logits and the new state.

        known: own, other, position, root, next_root (batch, step); chord, next_chord (batch, step, 12); style (batch,).
        """
        parts = [self.own(known["own"])]
        if "inter" in self.given:
            parts.append(self.other(known["other"]))
        if "position" in self.given:
            parts.append(self.position(known["position"]))
        for name, prefix in (("chord", ""), ("next", "next_")):
            if name in self.given:
                members = self.members(known[f"{prefix}chord"].to(self.encoder.weight.dtype))
                parts.append(self.chord(torch.cat([self.root(known[f"{prefix}root"]), members], -1)))
        if self.style is not None:
            parts.append(self.style(known["style"])[:, None].expand(-1, parts[0].shape[1], -1))
        encoded = self.encoder(torch.cat(parts, -1))
        encoded = self.norm(encoded, at) if isinstance(self.norm, StepNorm) else self.norm(encoded)
        hidden, state = self.lstm(torch.relu(encoded), state)
        return self.decoder(hidden), state


class StepNorm(nn.Module):
    """Batch normalisation over the batch and channels of each step, (batch, step, channel) to the same.

    Each of ``steps`` steps has its own statistics, scale and shift; what is longer begins again with the first. It ties
    a network to the length that it learned with, and in training each item sees the others: kept to show what that does
    (Genchel, Pati, Lerch 2019).
    """

    mean: torch.Tensor
    variance: torch.Tensor

    def __init__(self, steps: int, momentum: float = 0.1):
        super().__init__()
        self.steps, self.momentum = steps, momentum
        self.weight, self.bias = nn.Parameter(torch.ones(steps)), nn.Parameter(torch.zeros(steps))
        self.register_buffer("mean", torch.zeros(steps))
        self.register_buffer("variance", torch.ones(steps))

    def forward(self, x: torch.Tensor, at: int = 0) -> torch.Tensor:
        """Normalise; the first of the given steps is step ``at``."""
        place = torch.arange(at, at + x.shape[1], device=x.device) % self.steps
        if self.training:
            variance, mean = torch.var_mean(x.float(), (0, 2), correction=0)
            with torch.no_grad():
                self.mean[place] += self.momentum * (mean - self.mean[place])
                self.variance[place] += self.momentum * (variance - self.variance[place])
        else:
            mean, variance = self.mean[place], self.variance[place]
        scaled = (x - mean[:, None]) * (variance[:, None] + 1e-5).rsqrt()
        return scaled * self.weight[place][:, None] + self.bias[place][:, None]
