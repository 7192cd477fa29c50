"""Log spectra at several time-frequency resolutions on one grid, and their rectified differences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from solfeggio.frontends.stft import Stft
from solfeggio.grid import Grid


class LogSpectra(torch.nn.Module):
    """Filtered magnitudes of one or more windows, as ``log(1 + scale * magnitude)``.

    rate: Hz. hop: samples. windows: samples of each resolution. filters: one (bins, window // 2 + 1) matrix for each
    window with its centre Hz, from ``frontends.mel``. scale: magnification before the logarithm.
    Shape: (batch, time) to (batch, channel, bin, frame). When all filters have the same centres each window is a
    channel; otherwise there is one channel and the windows' bins follow each other.
    """

    def __init__(
        self,
        rate: int,
        hop: int,
        windows: Sequence[int],
        filters: Sequence[tuple[np.ndarray, np.ndarray]],
        scale: float = 1000.0,
    ):
        super().__init__()
        self.scale = scale
        self.grid = Grid.of_hop(rate, hop)
        self.stfts = torch.nn.ModuleList([Stft(rate, window, hop) for window in windows])
        centres = [hz for _, hz in filters]
        self.stacked = all(len(hz) == len(centres[0]) and np.allclose(hz, centres[0]) for hz in centres)
        self.bins_hz = torch.from_numpy(centres[0] if self.stacked else np.concatenate(centres))
        self.channels = len(windows) if self.stacked else 1
        for i, (matrix, _) in enumerate(filters):
            self.register_buffer(f"filters_{i}", torch.from_numpy(matrix).float(), persistent=False)

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """Return log magnitudes (batch, channel, bin, frame)."""
        spectra = [getattr(self, f"filters_{i}") @ stft(samples) for i, stft in enumerate(self.stfts)]
        return torch.log1p(self.scale * torch.cat(spectra, dim=1 if self.stacked else 2))


def rectified_difference(spectra: torch.Tensor, lag_frames: int | Sequence[int]) -> torch.Tensor:
    """Half-wave rectified rise of each bin over ``lag_frames`` (one number, or one for each bin): energy that starts.

    Shape: (batch, channel, bin, frame) in and out; the first frames compare with silence. After Boeck and Schedl 2011.

    >>> rectified_difference(torch.tensor([[[[0.0, 2.0, 1.0]]]]), 1)
    tensor([[[[0., 2., 0.]]]])
    """
    pad = torch.nn.functional.pad
    if isinstance(lag_frames, int):
        return torch.relu(spectra - pad(spectra, (lag_frames, 0))[..., : spectra.shape[-1]])
    before = torch.empty_like(spectra)
    for lag in set(lag_frames):
        rows = torch.tensor([i for i, own in enumerate(lag_frames) if own == lag])
        before[:, :, rows] = pad(spectra[:, :, rows], (lag, 0))[..., : spectra.shape[-1]]
    return torch.relu(spectra - before)


def difference_lag(window: int, hop: int, ratio: float = 0.5) -> int:
    """Frames from the middle of a Hann window to where it has fallen to ``ratio`` of its height, at least 1.

    The rule of Boeck's spectral flux: a longer window is compared with an older frame.
    """
    return max(1, round(np.count_nonzero(np.hanning(window) > ratio) / 2 / hop))
