"""Chroma: how much of each pitch class sounds, and the tuning that it needs to know."""

from __future__ import annotations

import numpy as np
import torch

from solfeggio.errors import ConfigError
from solfeggio.frontends.constant_q import ConstantQ


def fold(spectra: torch.Tensor, per_octave: int, first_class: float = 0.0) -> torch.Tensor:
    """Add up the bins of each pitch class over all octaves.

    spectra: (batch, channel, bin, frame) on ``per_octave`` bins an octave, a multiple of 12. first_class: pitch class
    of the lowest bin (0 is C). A class gathers the bins within half a semitone, those on the border by half. Returns
    (batch, channel, 12, frame). Raises ConfigError for other numbers of bins.

    >>> fold(torch.ones(1, 1, 84, 1), 12)[0, 0, :, 0]
    tensor([7., 7., 7., 7., 7., 7., 7., 7., 7., 7., 7., 7.])
    """
    if per_octave % 12:
        raise ConfigError(f"{per_octave} bins an octave", "chroma folds multiples of 12")
    place = (np.arange(spectra.shape[2]) * 12 / per_octave + first_class) % 12
    away = np.abs((place - np.arange(12)[:, None] + 6) % 12 - 6)
    matrix = np.where(away < 0.5 - 1e-9, 1.0, np.where(away < 0.5 + 1e-9, 0.5, 0.0))
    return torch.from_numpy(matrix).to(spectra) @ spectra


def tuning(spectra: np.ndarray, per_octave: int, first_class: float = 0.0) -> float:
    """Estimate how many cents A lies from 440 Hz, in -50 to 50: where the spectral peaks lie between semitones.

    spectra: (bin, frame) magnitudes of 36 or more bins an octave. Loud peaks count most; their directions on the
    circle of one semitone are averaged, so music halfway between two tunings is near either end. Silence gives 0.
    Raises ConfigError when the bins are too coarse.
    """
    if per_octave < 36:
        raise ConfigError(f"{per_octave} bins an octave", "tuning needs 36 or more")
    below, at, above = spectra[:-2], spectra[1:-1], spectra[2:]
    row, column = np.nonzero((at > below) & (at >= above) & (at > 0.1 * spectra.max(0, keepdims=True)) & (at > 1e-6))
    left, middle, right = (np.log(np.maximum(x[row, column], 1e-12)) for x in (below, at, above))
    offset = 0.5 * (left - right) / np.minimum(left - 2 * middle + right, -1e-9)
    angle = 2 * np.pi * ((row + 1 + offset) * 12 / per_octave + first_class)
    mean = (at[row, column] * np.exp(1j * angle)).sum() if len(row) else 0
    return float(np.angle(mean) / (2 * np.pi) * 100) if abs(mean) else 0.0


def drifting_tuning(
    spectra: torch.Tensor, per_octave: int, first_class: float = 0.0, reach_frames: int = 100
) -> torch.Tensor:
    """Estimate as ``tuning`` does, for each frame from those up to ``reach_frames`` around it: a tape that drifts.

    spectra: (batch, bin, frame) magnitudes. Returns (batch, frame) cents, -50 to 50; 0 where all around is silent.
    """
    logs = spectra.clamp_min(1e-12).log()
    at, left, middle, right = spectra[:, 1:-1], logs[:, :-2], logs[:, 1:-1], logs[:, 2:]
    peak = (middle > left) & (middle >= right) & (at > 0.1 * spectra.amax(1, keepdim=True)) & (at > 1e-6)
    offset = 0.5 * (left - right) / (left - 2 * middle + right).clamp_max(-1e-9)
    rows = torch.arange(1, spectra.shape[1] - 1, device=spectra.device, dtype=spectra.dtype)[:, None]
    angle = 2 * torch.pi * ((rows + offset) * 12 / per_octave + first_class)
    weight = torch.where(peak, at, torch.zeros_like(at))
    parts = torch.stack([(weight * angle.cos()).sum(1), (weight * angle.sin()).sum(1)], 1)
    width = 2 * reach_frames + 1
    around = torch.nn.functional.avg_pool1d(parts, width, 1, reach_frames)
    return torch.atan2(around[:, 1], around[:, 0]) * (50 / torch.pi) * (around.abs().sum(1) > 0)


def retune(spectra: torch.Tensor, per_octave: int, cents: torch.Tensor) -> torch.Tensor:
    """Read (batch, channel, bin, frame) magnitudes ``cents`` (batch, frame) higher, between bins in a straight line."""
    bins = spectra.shape[2]
    place = torch.arange(bins, device=spectra.device)[:, None] + cents[:, None] * (per_octave / 1200)
    place = place.clamp(0, bins - 1)
    low = place.floor()
    share = (place - low)[:, None]
    low = low.long()[:, None].expand(-1, spectra.shape[1], -1, -1)
    return spectra.gather(2, low) * (1 - share) + spectra.gather(2, (low + 1).clamp_max(bins - 1)) * share


def estimate_tuning(samples: torch.Tensor, rate: int) -> float:
    """Estimate the tuning of (time,) or (batch, time) samples in cents from A = 440 Hz, -50 to 50.

    >>> time = torch.arange(22050) / 22050
    >>> round(estimate_tuning(torch.sin(2 * torch.pi * 445 * time), 22050))
    20
    """
    front = ConstantQ(rate, 4096, 110.0, 4 * 60, 60)
    with torch.inference_mode():
        spectra = front(samples.reshape(-1, samples.shape[-1])).cpu().numpy()
    return tuning(np.concatenate(list(spectra[:, 0]), axis=1), 60, 9)


class Chroma(torch.nn.Module):
    """Pitch classes of a constant-Q transform, as loudness: C first.

    rate: Hz. hop: samples. octaves: from C1 (32.7 Hz) on. per_octave: bins folded into twelve. scale: magnification
    before the logarithm, as in ``LogSpectra``; 0: plain magnitudes. tuning_cents: of the recording, from
    ``estimate_tuning``. Shape: (batch, time) to (batch, 1, 12, frame), divided by the largest of each frame.

    >>> time = torch.arange(22050) / 22050
    >>> int(Chroma(22050, 2048)(torch.sin(2 * torch.pi * 440 * time)[None])[0, 0, :, 5].argmax())
    9
    """

    def __init__(
        self,
        rate: int,
        hop: int,
        octaves: int = 7,
        per_octave: int = 36,
        *,
        scale: float = 100.0,
        tuning_cents: float = 0.0,
    ):
        super().__init__()
        low = 440 * 2 ** (-45 / 12)
        start = 2 ** (-(per_octave // 12 // 2) / per_octave)  # the first class gathers the bins below its centre too
        self.front = ConstantQ(rate, hop, low * start, octaves * per_octave, per_octave, tuning_cents=tuning_cents)
        self.grid, self.per_octave, self.scale = self.front.grid, per_octave, scale

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """Return chroma (batch, 1, 12, frame) in 0..1."""
        spectra = self.front(samples)
        spectra = torch.log1p(self.scale * spectra) if self.scale else spectra
        folded = fold(spectra, self.per_octave, -(self.per_octave // 12 // 2) * 12 / self.per_octave)
        return folded / (folded.amax(2, keepdim=True) + 1e-4)
