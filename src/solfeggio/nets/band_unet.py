"""A U-Net over bands whose bottom looks far along time: fine where masks are made, cheap where context is gathered."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from solfeggio.errors import ConfigError


class BandUNet(nn.Module):
    """Features (batch, channel, bin, frame) to (batch, outputs, bin, frame); strides along bins only.

    channels: of each level, finest first. strides: from each level to the next, one fewer. width: channels of the
    bottom, on all its bins together. dilations: in frames, of the bottom's residual blocks. ``reach`` is how many
    frames it sees to each side. Raises ConfigError when the strides do not divide the bins.

    >>> net = BandUNet(2, 24, 3, (4, 6), (4,), 8, (1, 2))
    >>> net(torch.zeros(1, 2, 24, 10)).shape, net.reach
    (torch.Size([1, 3, 24, 10]), 6)
    """

    def __init__(
        self,
        inputs: int,
        bins: int,
        outputs: int,
        channels: Sequence[int],
        strides: Sequence[int],
        width: int,
        dilations: Sequence[int],
        dropout: float = 0.0,
    ):
        super().__init__()
        if len(strides) != len(channels) - 1:
            raise ConfigError(f"{len(channels)} levels", f"there are {len(strides)} strides", "give one fewer")
        if bins % math.prod(strides):
            raise ConfigError(f"{bins} bins", f"strides {tuple(strides)} do not divide them", "choose other strides")
        self.place = nn.Parameter(torch.zeros(channels[0], bins, 1))  # bands are not all alike
        self.enter = nn.Conv2d(inputs, channels[0], 3, padding=1, bias=False)
        self.begin = nn.Sequential(nn.BatchNorm2d(channels[0]), nn.ReLU())
        self.down, self.up, self.blocks = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for fine, coarse, stride in zip(channels[:-1], channels[1:], strides, strict=True):
            self.down.append(
                nn.Sequential(
                    nn.Conv2d(fine, coarse, (stride, 1), (stride, 1), bias=False),
                    nn.BatchNorm2d(coarse),
                    nn.ReLU(),
                    *convolution(coarse),
                )
            )
            self.up.append(
                nn.Sequential(
                    nn.ConvTranspose2d(coarse, fine, (stride, 1), (stride, 1), bias=False),
                    nn.BatchNorm2d(fine),
                    nn.ReLU(),
                )
            )
            self.blocks.append(nn.Sequential(*convolution(fine)))
            bins //= stride
        flat = channels[-1] * bins
        self.narrow = nn.Sequential(nn.Conv1d(flat, width, 1, bias=False), nn.BatchNorm1d(width), nn.ReLU())
        self.bottom = nn.Sequential(*(Dilated(width, dilation, dropout) for dilation in dilations))
        self.widen = nn.Conv1d(width, flat, 1)
        self.leave = nn.Conv2d(channels[0], outputs, 1)
        self.reach = 1 + 2 * len(self.down) + sum(dilations)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, outputs, bin, frame)."""
        x = self.begin(self.enter(x) + self.place)
        skips = []
        for down in self.down:
            skips.append(x)
            x = down(x)
        x = x + self.widen(self.bottom(self.narrow(x.flatten(1, 2)))).view_as(x)
        for up, block in zip(reversed(self.up), reversed(self.blocks), strict=True):
            x = block(up(x) + skips.pop())
        return self.leave(x)


class Dilated(nn.Module):
    """A residual block along time: half as wide inside, its middle filter dilated."""

    def __init__(self, width: int, dilation: int, dropout: float = 0.0):
        super().__init__()
        half = width // 2
        self.net = nn.Sequential(
            nn.Conv1d(width, half, 1, bias=False), nn.BatchNorm1d(half), nn.ReLU(),
            nn.Conv1d(half, half, 3, padding=dilation, dilation=dilation, bias=False), nn.BatchNorm1d(half), nn.ReLU(),
            nn.Dropout(dropout), nn.Conv1d(half, width, 1),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, width, frame)."""
        return x + self.net(x)


def convolution(channels: int) -> tuple[nn.Module, ...]:
    """Three by three, as many channels as before."""
    return nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()
