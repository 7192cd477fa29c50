"""Self-similarity lag matrices, and the convolutions that read them: where does now return to what was before?"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import avg_pool1d, elu, pad


def centred(vectors: torch.Tensor, reach: int, smooth: int) -> torch.Tensor:
    """Turn (batch, size, frame) vectors that are never negative into unit vectors that tell moments apart.

    What is there all the time is taken off (the mean over ``reach`` frames on either side, silence left out), and what
    remains is smoothed over ``smooth`` frames on either side. Silence stays zero. A frame of the result sees
    ``reach + smooth`` frames on either side.
    """
    sounding = (vectors.amax(1, keepdim=True) > 1e-3).to(vectors)
    mean = _mean(vectors * sounding, reach) / _mean(sounding, reach).clamp_min(1e-6)
    vectors = _mean((vectors - mean) * sounding, smooth)
    return vectors / vectors.norm(dim=1, keepdim=True).clamp_min(1e-4)


def _mean(x: torch.Tensor, reach: int) -> torch.Tensor:
    return avg_pool1d(x, 2 * reach + 1, 1, reach)


def lag_matrix(vectors: torch.Tensor, lags: list[int]) -> torch.Tensor:
    """Compare each frame with those ``lags`` frames before it, and with those after it, by inner products.

    vectors: (batch, size, frame). Returns (batch, 2, len(lags), frame); 0 beyond the ends. A passage that returns after
    ``lag`` frames is a horizontal stripe: in channel 0 where it returns, in channel 1 where it is heard first.
    After Serra, Mueller, Grosche and Arcos 2014.

    >>> lag_matrix(torch.tensor([[[1.0, 0.0, 1.0]]]), [2])[0, :, 0].tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    frames = vectors.shape[-1]
    past = []
    for lag in lags:
        same = (vectors[..., lag:] * vectors[..., : max(0, frames - lag)]).sum(1)
        past.append(pad(same, (frames - same.shape[-1], 0)))
    future = [
        pad(row[:, lag:], (0, frames - max(0, frames - lag))) for row, lag in zip(past, lags, strict=True)
    ]  # the same stripes, moved to where they come from
    return torch.stack([torch.stack(past, 1), torch.stack(future, 1)], 1)


class LagStem(nn.Module):
    """Convolution over lag matrices that finds the edges of stripes, whatever their lag.

    channels: of the matrix. lags: of the matrix. width: filters. groups: ranges of lags that are kept apart; the
    largest response of each counts. kernel: (lags, frames) of the filters, odd. Shape: (batch, channel, lag, frame) to
    (batch, ``out``, frame). ``reach``: frames seen to each side.
    """

    def __init__(self, channels: int, lags: int, width: int, groups: int, kernel: tuple[int, int] = (3, 15)):
        super().__init__()
        self.conv = nn.Conv2d(channels, width, kernel, padding=(kernel[0] // 2, kernel[1] // 2), bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.pool = nn.MaxPool2d((lags // groups, 1))
        self.reach = kernel[1] // 2
        self.out = width * (lags // (lags // groups))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, out, frame)."""
        return self.pool(elu(self.norm(self.conv(x)))).flatten(1, 2)


class ContextNet(nn.Module):
    """The network of Ullrich, Schlueter and Grill (ISMIR 2014), run over all frames at once.

    A window of ``context`` frames around each frame passes convolutions of 16 filters (8 frames by 6 bins), a maximum
    over 3 frames by 6 bins, convolutions of 32 filters (6 by 3) and a dense layer. inputs: (channels, bins) of each
    branch; every branch has first filters of its own and their results follow each other along the bins, as Grill and
    Schlueter (ISMIR 2015) fuse spectra and lag matrices. Where the window reaches beyond the ends there is silence.
    Pooling moves by one frame and what follows is dilated by three, so each frame gets just what its own window would
    give. Shape: list of (batch, channel, bin, frame) to (batch, dense, frame). ``reach``: frames seen to each side.
    """

    def __init__(self, inputs: list[tuple[int, int]], context: int, dense: int = 128, dropout: float = 0.5):
        super().__init__()
        self.reach = context // 2
        self.context = context
        self.norms = nn.ModuleList([nn.BatchNorm2d(channels) for channels, _ in inputs])
        self.firsts = nn.ModuleList([nn.Conv2d(channels, 16, (6, 8)) for channels, _ in inputs])
        self.pool = nn.MaxPool2d((6, 3), stride=(6, 1))
        self.second = nn.Conv2d(16, 32, (3, 6), dilation=(1, 3))
        bins = sum((bins - 5) // 6 for _, bins in inputs) - 2
        steps = (context - 8 + 1 - 3) // 3 + 1 - 5  # of three frames each, that the dense layer sees
        self.dense = nn.Conv2d(32, dense, (bins, steps), dilation=(1, 3))
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs: list[torch.Tensor]) -> torch.Tensor:
        """Return (batch, dense, frame)."""
        frames = inputs[0].shape[-1]
        padded = (self.reach, self.context - 1 - self.reach)
        parts = zip(inputs, self.norms, self.firsts, strict=True)
        x = torch.cat([self.pool(first(pad(norm(x), padded)).tanh()) for x, norm, first in parts], 2)
        x = self.dense(self.dropout(self.second(x).tanh()))[:, :, 0, :frames]
        return self.dropout(torch.sigmoid(x))
