"""Convolutions: the spectral stem and the dilated trunk. They know tensors, not music."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn


def pad_time(x: torch.Tensor, reach: int, causal: bool) -> torch.Tensor:
    """Pad the last axis with zeros for a kernel that spans ``reach`` extra frames: both sides, or only the past."""
    return nn.functional.pad(x, (reach, 0) if causal else (reach // 2, reach - reach // 2))


class Stem(nn.Module):
    """Small square convolutions with pooling over bins: a spectrogram becomes one vector a frame.

    channels: of the input. bins: of the input. widths: channels after each of the convolutions (3 by 3; bins are pooled
    by ``pools``); the last one sees all remaining bins at once, or, not ``placed``, their mean and maximum, which say
    nothing of where in the spectrum something is. Shape: (batch, channel, bin, frame) to (batch, widths[-1], frame).
    ``reach``: frames seen to each side (all in the past when causal).
    """

    def __init__(
        self,
        channels: int,
        bins: int,
        widths: Sequence[int],
        pools: Sequence[int],
        dropout: float = 0.1,
        causal: bool = False,
        placed: bool = True,
    ):
        super().__init__()
        self.causal, self.placed = causal, placed
        self.reach = (len(widths) - 1) * (2 if causal else 1)
        self.norm = nn.BatchNorm2d(channels)
        self.layers = nn.ModuleList()
        for width, pool in zip(widths[:-1], pools, strict=True):
            self.layers.append(
                nn.ModuleDict(
                    {
                        "conv": nn.Conv2d(channels, width, 3, padding=(1, 0), bias=False),
                        "norm": nn.BatchNorm2d(width),
                        "pool": nn.MaxPool2d((pool, 1)),
                    }
                )
            )
            channels, bins = width, bins // pool
        self.last = nn.Conv2d(channels if placed else 2 * channels, widths[-1], (bins if placed else 1, 1))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, width, frame)."""
        x = self.norm(x)
        layer: Any
        for layer in self.layers:
            x = layer["pool"](layer["conv"](pad_time(x, 2, self.causal)))  # pooled first: a third of the work
            x = self.dropout(nn.functional.elu(layer["norm"](x)))
        if not self.placed:
            x = torch.cat([x.mean(2, keepdim=True), x.amax(2, keepdim=True)], 1)
        return nn.functional.elu(self.last(x)).squeeze(2)


class DilatedTrunk(nn.Module):
    """Residual stack of dilated convolutions: dilations 1, 2, 4, ... see ever longer stretches of time.

    width: channels in and out. depth: layers. kernel: taps. Shape: (batch, width, frame) in and out. ``reach``: frames
    seen to each side (all in the past when causal). After Davies and Boeck 2019.
    """

    def __init__(self, width: int, depth: int, kernel: int = 5, dropout: float = 0.1, causal: bool = False):
        super().__init__()
        self.causal, self.kernel = causal, kernel
        self.dilations = [2**i for i in range(depth)]
        self.convs = nn.ModuleList([nn.Conv1d(width, width, kernel, dilation=d) for d in self.dilations])
        self.norms = nn.ModuleList([nn.BatchNorm1d(width) for _ in self.dilations])
        self.mixes = nn.ModuleList([nn.Conv1d(width, width, 1) for _ in self.dilations])
        self.dropout = nn.Dropout1d(dropout)
        self.reach = (kernel - 1) * sum(self.dilations) // (1 if causal else 2)

    def forward(self, x: torch.Tensor, spread: int = 1) -> torch.Tensor:
        """Return (batch, width, frame); with ``spread`` all dilations are that many times as wide."""
        conv: Any
        for dilation, conv, norm, mix in zip(self.dilations, self.convs, self.norms, self.mixes, strict=True):
            step = dilation * spread
            y = pad_time(x, (self.kernel - 1) * step, self.causal)
            y = nn.functional.conv1d(y, conv.weight, conv.bias, dilation=step)
            x = x + mix(self.dropout(nn.functional.elu(norm(y))))
        return x
