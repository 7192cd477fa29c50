"""Statistics of a mel spectrogram of a second or so, and vectors learned from them: a frozen embedding."""

from __future__ import annotations

import numpy as np
import torch

from solfeggio.errors import ConfigError
from solfeggio.frontends.mel import mel_filters
from solfeggio.frontends.stft import Stft

WINDOW = 2048  # samples of a spectrum
FINE = 441  # samples from one to the next
BROAD = 14  # bands in which tones are told from noise
SCALE = 1e4  # of a magnitude before the logarithm that measures loudness
QUIET = 0.02  # loudness of the strongest band below which a spectrum is silent: a tone at -74 dB
CLIPPED = 6.0  # standard deviations: no number of a vector is larger


class MelStatistics(torch.nn.Module):
    """How a stretch of sound is coloured, moves and begins, however loud it is. It learns nothing.

    rate: Hz. hop: samples of a stretch, a multiple of ``FINE``. bands: mel bands. The spectra of a stretch are divided
    by their mean loudness; then, of each mel band, mean, deviation and rise of the log magnitude; of ``BROAD`` bands
    how flat they are (noise is, tones are not); the loudness; and last the share of the spectra that sound at all.
    Shape: (batch, time) samples to (batch, 1, number, frame); frame ``i`` is the stretch from sample ``i * hop`` on. A
    last one that is at most half there is left out. ``size``: numbers of a frame. ``reach``: frames that sound leaks
    into on each side.

    >>> MelStatistics(22050, 22050)(torch.zeros(1, 44100)).shape
    torch.Size([1, 1, 256, 2])
    """

    filters: torch.Tensor
    broad: torch.Tensor

    def __init__(self, rate: int, hop: int, bands: int = 80):
        super().__init__()
        if hop % FINE or hop <= 0:
            raise ConfigError(f"hop {hop}", f"it must be a multiple of {FINE} samples")
        self.hop, self.spectra = hop, hop // FINE
        self.size, self.reach = 3 * bands + BROAD + 2, -(-WINDOW // hop)
        self.stft = Stft(rate, WINDOW, FINE)
        fine, _ = mel_filters(rate, WINDOW, bands, 40.0, 0.48 * rate)
        broad, _ = mel_filters(rate, WINDOW, BROAD, 60.0, 0.48 * rate)
        self.register_buffer("filters", torch.from_numpy(fine).float(), persistent=False)
        self.register_buffer("broad", torch.from_numpy(broad / broad.sum(1, keepdims=True)).float(), persistent=False)

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """Return statistics (batch, 1, number, frame)."""
        frames = max(0, -(-(2 * samples.shape[-1] - self.hop) // (2 * self.hop)))
        whole = max(frames * self.hop, FINE)
        magnitudes = self.stft(torch.nn.functional.pad(samples, (0, max(0, whole - samples.shape[-1]))))[:, 0]

        def cut(x: torch.Tensor) -> torch.Tensor:  # (batch, number, spectrum) to (batch, number, frame, spectrum)
            return x[..., : frames * self.spectra].unflatten(-1, (frames, self.spectra))

        bands = cut(self.filters @ magnitudes)
        flatness = self.broad @ torch.log(magnitudes + 1e-7) - torch.log(self.broad @ magnitudes + 1e-7)
        level = bands.mean((1, 3), keepdim=True)
        log = torch.log1p(bands / (0.1 * level + 1e-8))
        parts = [
            log.mean(-1),
            (log - log.mean(-1, keepdim=True)).square().mean(-1).sqrt(),
            torch.relu(log.diff(dim=-1)).sum(-1) / self.spectra,
            cut(flatness).mean(-1),
            torch.log1p(SCALE * level[..., 0]),
            (torch.log1p(SCALE * bands.amax(1, keepdim=True)) > QUIET).float().mean(-1),
        ]
        return torch.cat(parts, 1)[:, None]


class Whitened(torch.nn.Module):
    """Vectors of numbers that do not depend on each other and are equally large: principal axes, deviation 1.

    size: numbers in. vectors: numbers out, at most ``size``. Until ``learn`` was called, the first numbers as they are.
    Shape: (batch, 1, size, frame) to (batch, frame, vectors). What was learned is kept with the weights.
    """

    mean: torch.Tensor
    basis: torch.Tensor

    def __init__(self, size: int, vectors: int = 128):
        super().__init__()
        if not 0 < vectors <= size:
            raise ConfigError(f"vectors of {vectors} numbers", f"there are {size} to make them of")
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("basis", torch.eye(size)[:vectors].clone())

    def learn(self, examples: np.ndarray) -> None:
        """Find the axes of examples (n, size); raises ConfigError for fewer than two."""
        rows = torch.from_numpy(np.asarray(examples, np.float64))
        if len(rows) < 2:
            raise ConfigError(f"vectors learned from {len(rows)} examples", "it takes at least two")
        centred = rows - rows.mean(0)
        spread, axes = torch.linalg.eigh(centred.T @ centred / (len(rows) - 1))
        chosen = axes[:, spread.argsort(descending=True)[: len(self.basis)]]
        signs = torch.where(chosen.sum(0) < 0, -1.0, 1.0)  # an axis has no direction of its own
        deviation = (spread.flip(0)[: len(self.basis)].clamp_min(0) + 1e-6).sqrt()
        self.mean.copy_(rows.mean(0))
        self.basis.copy_((chosen * signs / deviation).T)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return vectors (batch, frame, vectors), each number at most ``CLIPPED``."""
        rows = features[:, 0].transpose(1, 2).float()
        return ((rows - self.mean) @ self.basis.T).clamp(-CLIPPED, CLIPPED)
