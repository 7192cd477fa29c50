"""Heads: last layers that give several answers from one trunk.

Labels lie root by root; a head whose size is one more than a multiple of 12 ends with what has no root.
"""

from __future__ import annotations

import torch
from torch import nn


class ClassHeads(nn.Module):
    """Heads on (batch, width, 12, frame): each pitch class speaks of chords on itself, their mean of N."""

    def __init__(self, width: int, sizes: dict[str, int]):
        super().__init__()
        self.sizes = sizes
        self.own = nn.ModuleDict({head: nn.Conv2d(width, size // 12, 1) for head, size in sizes.items()})
        self.none = nn.ModuleDict({head: nn.Conv1d(width, 1, 1) for head, size in sizes.items() if size % 12})

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return logits (batch, frame, label), labels root by root."""
        x = nn.functional.elu(x)
        out = {head: own(x).transpose(1, 2).flatten(1, 2) for head, own in self.own.items()}
        for head, none in self.none.items():
            out[head] = torch.cat([out[head], none(x.mean(2))], 1)
        return {head: logits.transpose(1, 2) for head, logits in out.items()}


class FrameHeads(nn.Module):
    """Heads on (batch, width, frame): qualities hear root, bass and pitch classes too, chords a chroma alone."""

    def __init__(self, width: int, sizes: dict[str, int]):
        super().__init__()
        self.sizes, self.last = sizes, list(sizes)[-1]
        firsts = {head: size for head, size in sizes.items() if head != self.last}
        self.firsts = nn.ModuleDict({head: nn.Conv1d(width, size, 1) for head, size in firsts.items()})
        self.alone = self.last == "chords" and bool(firsts)
        self.end = nn.Conv1d((0 if self.alone else width) + sum(firsts.values()), sizes[self.last], 1)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return logits (batch, frame, label)."""
        out = {head: first(x) for head, first in self.firsts.items()}
        told = [y.sigmoid() if head == "pitches" else y.softmax(1) for head, y in out.items()]
        out[self.last] = self.end(torch.cat([y.detach() for y in told] if self.alone else [*told, x], 1))
        return {head: logits.transpose(1, 2) for head, logits in out.items()}
