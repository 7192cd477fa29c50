"""Recurrent mask networks: one stem by a bidirectional LSTM, or all stems at once by a deep recurrent network.

Both hear magnitudes (batch, channel, bin, frame) of which they see the lowest ``heard`` bins, each bin brought to mean
0 and deviation 1 by numbers that ``standardise`` sets and training may change.
"""

from __future__ import annotations

import torch
from torch import nn


class Standardised(nn.Module):
    """Add ``shift`` and multiply by ``scale``, one number for each of the lowest ``heard`` bins; both are learned."""

    def __init__(self, heard: int):
        super().__init__()
        self.shift, self.scale = nn.Parameter(torch.zeros(heard)), nn.Parameter(torch.ones(heard))

    def forward(self, level: torch.Tensor) -> torch.Tensor:
        """Cut (batch, channel, bin, frame) to the lowest bins and standardise them."""
        return (level[:, :, : len(self.shift)] + self.shift[:, None]) * self.scale[:, None]

    @torch.no_grad()
    def standardise(self, mean: torch.Tensor, deviation: torch.Tensor) -> None:
        """Set what training began with: (bin,) means and deviations; bins that hardly move are not blown up."""
        heard = len(self.shift)
        deviation = deviation[:heard].clamp_min(1e-4 * float(deviation.max()) + 1e-12)
        self.shift.copy_(-mean[:heard])
        self.scale.copy_(1 / deviation)


class Unmix(nn.Module):
    """Open-Unmix's network for one stem: (batch, channel, bin, frame) magnitudes to a mask of that shape, at least 0.

    bins: of the mask. heard: lowest bins it sees. width: of all layers; each direction of the LSTM has half of it.
    depth: LSTM layers. dropout: between them. With 2,049 bins, 1,487 heard, 2 channels, width 512 and depth 3 it has
    8,893,348 parameters.

    Source: Stoeter, Uhlich, Liutkus, Mitsufuji, "Open-Unmix", JOSS 2019.

    >>> Unmix(9, 7, 2, 8)(torch.ones(1, 2, 9, 3)).shape
    torch.Size([1, 2, 9, 3])
    """

    def __init__(self, bins: int, heard: int, channels: int, width: int, depth: int = 3, dropout: float = 0.4):
        super().__init__()
        self.bins, self.channels = bins, channels
        self.input = Standardised(heard)
        self.first, self.first_norm = nn.Linear(channels * heard, width, bias=False), nn.BatchNorm1d(width)
        self.lstm = nn.LSTM(
            width, width // 2, depth, batch_first=True, bidirectional=True, dropout=dropout if depth > 1 else 0.0
        )
        self.second, self.second_norm = nn.Linear(2 * width, width, bias=False), nn.BatchNorm1d(width)
        self.third = nn.Linear(width, channels * bins, bias=False)
        self.third_norm = nn.BatchNorm1d(channels * bins)
        self.output_scale, self.output_shift = nn.Parameter(torch.ones(bins)), nn.Parameter(torch.ones(bins))

    def forward(self, level: torch.Tensor) -> torch.Tensor:
        """Return the mask."""
        x = self.input(level).permute(0, 3, 1, 2).flatten(2)  # (batch, frame, channel and bin)
        x = torch.tanh(_normed(self.first_norm, self.first(x)))
        x = torch.cat([x, self.lstm(x)[0]], -1)
        x = torch.relu(_normed(self.second_norm, self.second(x)))
        x = _normed(self.third_norm, self.third(x)).unflatten(-1, (self.channels, self.bins))
        return torch.relu(x * self.output_scale + self.output_shift).permute(0, 2, 3, 1)


class JointMask(nn.Module):
    """Deep recurrent network for all stems: their masks sum to 1 in every bin, (batch, stem, channel, bin, frame).

    context: frames seen at once, an odd number. width, depth: of the rectified layers, of which the one numbered
    ``recurrent`` (from 1 on) remembers its last output; 0: all of them do.

    Source: Huang, Kim, Hasegawa-Johnson, Smaragdis, "Singing-voice separation from monaural recordings using deep
    recurrent neural networks", ISMIR 2014.

    >>> JointMask(9, 9, 1, 2, 8)(torch.ones(1, 1, 9, 3)).sum(1).allclose(torch.ones(1, 1, 9, 3))
    True
    """

    def __init__(
        self, bins: int, heard: int, channels: int, stems: int, width: int, depth: int = 3, context: int = 3,
        recurrent: int = 2,
    ):  # fmt: skip
        super().__init__()
        self.shape, self.context = (stems, channels, bins), context
        self.input = Standardised(heard)
        size, self.layers = channels * heard * context, nn.ModuleList()
        for number in range(1, depth + 1):
            remembers = recurrent in (0, number)
            self.layers.append(
                nn.RNN(size, width, nonlinearity="relu", batch_first=True) if remembers else nn.Linear(size, width)
            )
            size = width
        self.last = nn.Linear(size, stems * channels * bins)

    def forward(self, level: torch.Tensor) -> torch.Tensor:
        """Return the masks."""
        x = self.input(level).flatten(1, 2)
        beside = self.context // 2
        padded = nn.functional.pad(x, (beside, beside))
        x = padded.unfold(2, self.context, 1).transpose(1, 2).flatten(2)  # (batch, frame, channel, bin and context)
        for layer in self.layers:
            x = layer(x)[0] if isinstance(layer, nn.RNN) else torch.relu(layer(x))
        found = torch.relu(self.last(x)).unflatten(-1, self.shape).permute(0, 2, 3, 4, 1) + 1e-6
        return found / found.sum(1, keepdim=True)


def _normed(norm: nn.BatchNorm1d, x: torch.Tensor) -> torch.Tensor:
    return norm(x.flatten(0, 1)).view_as(x)
