"""Nets on the pitch axis: the same weights for every semitone and every root, so that a key learned is all learned."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import nn


class PitchStem(nn.Module):
    """Convolutions along pitch, then octaves stacked: each pitch class gets one vector of all its registers.

    per_octave: bins, a multiple of 12, the middle ones of each group being in tune. octaves: of the input. widths:
    channels of the convolutions; the first makes semitones of bins, the others look an octave around. Shape: (batch,
    1, per_octave * octaves, frame) to (batch, out, 12, frame). ``reach``: frames seen to each side.
    """

    def __init__(self, per_octave: int, octaves: int, widths: Sequence[int], out: int, dropout: float = 0.1):
        super().__init__()
        step = per_octave // 12
        self.octaves, self.reach = octaves, 1
        self.norm = nn.BatchNorm2d(1)
        tall = 3 * step - 2
        self.layers = nn.ModuleList([nn.Conv2d(1, widths[0], (tall, 3), (step, 1), (step - 1, 1), bias=False)])
        self.layers += [nn.Conv2d(a, b, (13, 1), padding=(6, 0), bias=False) for a, b in pairwise(widths)]
        self.norms = nn.ModuleList([nn.BatchNorm2d(width) for width in widths])
        self.mix = nn.Conv2d(widths[-1] * octaves, out, 1)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, out, 12, frame)."""
        x = self.norm(x)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = self.dropout(nn.functional.elu(norm(layer(x))))
        return self.mix(x.unflatten(2, (self.octaves, 12)).flatten(1, 2))


class FoldedStem(nn.Module):
    """Convolutions along pitch that look two octaves around, then the sum over octaves: a vector for each pitch class.

    No register has weights of its own and silence stays silent, so sound moved by a semitone within the range turns the
    output by one class, exactly. per_octave: bins, a multiple of 12, the middle ones of each group being in tune.
    octaves: of the input. widths: channels of semitones, and out. Shape: (batch, 1, per_octave * octaves, frame) to
    (batch, widths[-1], 12, frame), each frame alone.
    """

    def __init__(self, per_octave: int, octaves: int, widths: tuple[int, int]):
        super().__init__()
        step = per_octave // 12
        self.octaves = octaves
        self.semitones = nn.Conv2d(1, widths[0], (step + 2, 1), (step, 1), (1, 0), bias=False)
        self.around = nn.Conv2d(widths[0], widths[1], (5, 1), dilation=(12, 1), padding=(48, 0), bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, out, 12, frame)."""
        for layer in (self.semitones, self.around):
            x = nn.functional.leaky_relu(layer(x), 0.1)
        return x.unflatten(2, (self.octaves + 4, 12)).sum(2)


class IntervalTrunk(nn.Module):
    """Residual stack over pitch classes and time: dilated in time, and across all twelve intervals round the circle.

    Turning the input by a semitone turns the output by one. width: channels in and out. depth: layers, of dilations
    1, 2, 4, ... kernel: taps in time. Shape: (batch, width, 12, frame) in and out. ``reach``: frames to each side.
    """

    def __init__(self, width: int, depth: int, kernel: int = 5, dropout: float = 0.1):
        super().__init__()
        dilations = [2**i for i in range(depth)]
        self.times = nn.ModuleList(
            [
                nn.Conv2d(width, width, (1, kernel), dilation=(1, d), padding=(0, d * (kernel // 2)), groups=width)
                for d in dilations
            ]
        )
        self.intervals = nn.ModuleList([nn.Conv2d(width, width, (12, 1), bias=False) for _ in dilations])
        self.norms = nn.ModuleList([nn.BatchNorm2d(width) for _ in dilations])
        self.mixes = nn.ModuleList([nn.Conv2d(width, width, 1) for _ in dilations])
        self.dropout = nn.Dropout2d(dropout)
        self.reach = (kernel // 2) * sum(dilations)

    def forward(self, x: torch.Tensor, spread: int = 1) -> torch.Tensor:
        """Return (batch, width, 12, frame); with ``spread`` all dilations are that many times as wide."""
        time: Any
        for time, interval, norm, mix in zip(self.times, self.intervals, self.norms, self.mixes, strict=True):
            reach, step = (int(size[1]) * spread for size in (time.padding, time.dilation))
            y = nn.functional.conv2d(x, time.weight, time.bias, 1, (0, reach), (1, step), x.shape[1])
            y = interval(torch.cat([y, y[:, :, :11]], 2))
            x = x + mix(self.dropout(nn.functional.elu(norm(y))))
        return x
