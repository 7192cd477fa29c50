"""Convolutional mask networks: a residual U-Net that tells when its stem plays, and one of timbres and their time.

Both hear magnitudes (batch, channel, bin, frame); each channel is heard for itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from solfeggio.nets.unmix import Standardised


class ResidualBlock(nn.Module):
    """Two 3 by 3 convolutions with batch norm and leaky rectifiers, beside a 1 by 1 convolution that is added."""

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.convs = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.LeakyReLU(),
            nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.LeakyReLU(),
        )  # fmt: skip
        self.skip = nn.Conv2d(channels, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, width, bin, frame)."""
        return self.convs(x) + self.skip(x)


class ActivityUNet(nn.Module):
    """U-Net for one stem: (batch, channel, bin, frame) to a mask of that shape and (batch, frame) activity logits.

    bins: of the mask. heard: lowest bins it sees. widths: channels of the blocks. Only frequency is made coarser, by
    three each time, so that activity is told for each frame. The decoder's blocks hear the encoder's, behind one more
    3 by 3 convolution, beside what comes from below.

    Source: Hung and Lerch, "Multitask learning for instrument activation aware music source separation", ISMIR 2020.

    >>> mask, activity = ActivityUNet(70, 60, (4, 4, 4))(torch.ones(1, 2, 70, 5))
    >>> mask.shape, activity.shape
    (torch.Size([1, 2, 70, 5]), torch.Size([1, 5]))
    """

    def __init__(self, bins: int, heard: int, widths: Sequence[int] = (16, 32, 48)):
        super().__init__()
        self.input = Standardised(heard)
        self.sizes, size = [], heard
        self.blocks, self.downs, self.skips, self.ups, self.joins = (nn.ModuleList() for _ in range(5))
        for width, before in zip(widths, (1, *widths), strict=False):
            self.sizes.append(size)
            size = (size - 3) // 3 + 1
            self.blocks.append(ResidualBlock(before, width))
            self.downs.append(nn.Conv2d(width, width, (3, 1), (3, 1)))
            self.skips.append(nn.Conv2d(width, width, 3, padding=1))
            self.ups.append(nn.ConvTranspose2d(width, width, (3, 1), (3, 1)))
            self.joins.append(ResidualBlock(2 * width, before if before > 1 else width))
        self.last = nn.Conv2d(widths[0], 1, 1)
        self.spread = nn.Linear(heard, bins)
        self.output_scale, self.output_shift = nn.Parameter(torch.ones(bins)), nn.Parameter(torch.ones(bins))
        self.head = _head(widths[-1], size)

    def forward(self, level: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mask and how surely the stem plays, as logits of the channels' mean."""
        batch, channels = level.shape[:2]
        x = self.input(level).flatten(0, 1).unsqueeze(1)
        kept = []
        for block, down in zip(self.blocks, self.downs, strict=True):
            kept.append(block(x))
            x = down(kept[-1])
        activity = self.head(x).flatten(1).unflatten(0, (batch, channels)).mean(1)
        for i in reversed(range(len(kept))):
            x = self.ups[i](x, output_size=(self.sizes[i], x.shape[-1]))
            x = self.joins[i](torch.cat([x, self.skips[i](kept[i])], 1))
        found = self.spread(self.last(x).squeeze(1).transpose(1, 2))  # (batch, frame, bin)
        mask = torch.relu(found * self.output_scale + self.output_shift).transpose(1, 2)
        return mask.unflatten(0, (batch, channels)), activity


def _head(channels: int, bins: int) -> nn.Sequential:
    """Convolutions along frequency, by three bins each, until one number a frame is left."""
    layers: list[nn.Module] = []
    for width in (32, 16, 16):
        if bins < 3:
            break
        layers += [nn.Conv2d(channels, width, (3, 1), (3, 1)), nn.BatchNorm2d(width), nn.LeakyReLU()]
        channels, bins = width, (bins - 3) // 3 + 1
    return nn.Sequential(*layers, nn.Conv2d(channels, 1, (bins, 1)))


class TimbreTime(nn.Module):
    """Timbres, how they go on, and a bottleneck: all stems' masks, that sum to 1, (batch, stem, channel, bin, frame).

    Patches of ``patch`` frames, a new one each ``step``, pass a tall convolution over all bins (``filters`` timbres), a
    wide one over ``span`` frames, and a dense layer of ``width``; a dense layer for each stem leads back, and the same
    two convolutions backwards. Where patches overlap their mean counts.

    Source: Chandna, Miron, Janer, Gomez, "Monoaural audio source separation using deep convolutional neural networks",
    LVA/ICA 2017.

    >>> TimbreTime(9, 2)(torch.rand(1, 1, 9, 40)).shape
    torch.Size([1, 2, 1, 9, 40])
    """

    def __init__(
        self, bins: int, stems: int, filters: int = 50, width: int = 128, span: int = 15, patch: int = 30, step: int = 5
    ):
        super().__init__()
        self.patch, self.step, inner = patch, step, (filters, patch - span + 1)
        self.input = Standardised(bins)
        self.tall = nn.Conv1d(bins, filters, 1)
        self.wide = nn.Conv1d(filters, filters, span)
        self.narrow = nn.Linear(inner[0] * inner[1], width)
        self.back = nn.Linear(width, stems * inner[0] * inner[1])
        self.inner = (stems, *inner)

    def forward(self, level: torch.Tensor) -> torch.Tensor:
        """Return the masks."""
        batch, channels, bins, frames = level.shape
        steps = max(0, -(-(frames - self.patch) // self.step))
        x = self.input(level).flatten(0, 1)
        x = nn.functional.pad(self.tall(x), (0, self.patch + steps * self.step - frames))
        x = self.wide(x).unfold(2, self.inner[2], self.step).transpose(1, 2)  # (batch, patch, filter, frame)
        x = torch.relu(self.narrow(x.flatten(2)))
        x = torch.relu(self.back(x)).unflatten(2, self.inner)  # (batch, patch, stem, filter, frame)
        count, stems = x.shape[1], self.inner[0]
        x = nn.functional.conv_transpose1d(x.flatten(0, 2), self.wide.weight)
        x = _overlapped(x.view(-1, count, stems * x.shape[1], self.patch), self.step)[..., :frames]
        x = nn.functional.conv_transpose1d(x.unflatten(1, (stems, -1)).flatten(0, 1), self.tall.weight)
        found = torch.relu(x).view(batch, channels, stems, bins, frames).transpose(1, 2) + 1e-6
        return found / found.sum(1, keepdim=True)


def _overlapped(patches: torch.Tensor, step: int) -> torch.Tensor:
    """Mean of (batch, patch, row, frame) patches that begin ``step`` apart: (batch, row, frames in all)."""
    batch, count, rows, size = patches.shape
    frames = size + (count - 1) * step
    columns = patches.permute(0, 2, 3, 1).reshape(batch, rows * size, count)
    total = nn.functional.fold(columns, (1, frames), (1, size), stride=(1, step))[:, :, 0]
    ones = columns.new_ones(1, size, count)
    return total / nn.functional.fold(ones, (1, frames), (1, size), stride=(1, step))[:, :, 0]
