"""Constant-Q and variable-Q transforms: one bin for each fraction of an octave, harmonics stacked if wanted.

Brown (1991); Schoerkhuber et al., "A Matlab toolbox for efficient perfect reconstruction time-frequency transforms"
(2014) for gamma; Bittner et al., "Deep salience representations" (ISMIR 2017) for harmonic stacking. Octaves are
computed one by one on a signal of half the rate each, so every octave costs the same few multiplications.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from solfeggio.errors import ConfigError
from solfeggio.grid import Grid

_TAPS = 127  # of the half-band filter: 80 dB down from 1.1 times the new highest frequency on
_BLOCK = 64  # samples that one product with the halving matrix yields


@dataclass(frozen=True)
class _Octave:
    halvings: int  # how often the signal is halved before
    rows: np.ndarray  # which bins
    kernel: np.ndarray  # (length, 2 * bins), real parts first


class ConstantQ(torch.nn.Module):
    """Magnitudes of a constant-Q transform; frame ``i`` is centred on sample ``i * hop``, outside is silence.

    rate: Hz. hop: samples; the more often it can be halved, the faster. low_hz: of the lowest bin. bins, per_octave:
    how many, and how many in an octave. harmonics: each is a channel whose bins lie at that multiple of ``bins_hz``
    (HCQT); bins above half the rate are silent. gamma: Hz added to every bandwidth (variable Q); None: equivalent
    rectangular bandwidths, better in time for low notes. tuning_cents: of A from 440 Hz, which all bins follow.
    Shape: (batch, time) to (batch, harmonic, bin, frame). A full-scale sine peaks at 0.5; times the square root of the
    filter's length, ``lengths``, this is what librosa's ``cqt`` and ``vqt`` give. Differentiable.
    Raises ConfigError when the lowest bin is not positive or the highest is above half the rate.

    >>> ConstantQ(22050, 512, 32.7, 84, 12)(torch.zeros(1, 22050)).shape
    torch.Size([1, 1, 84, 44])
    """

    halving: torch.Tensor

    def __init__(
        self,
        rate: int,
        hop: int,
        low_hz: float = 32.703,
        bins: int = 84,
        per_octave: int = 12,
        *,
        harmonics: Sequence[float] = (1,),
        gamma: float | None = 0.0,
        tuning_cents: float = 0.0,
    ):
        super().__init__()
        if low_hz <= 0 or min(harmonics) <= 0 or bins < 1 or hop < 1:
            raise ConfigError(f"constant-Q from {low_hz} Hz, {bins} bins, hop {hop}", "all must be positive")
        self.rate, self.hop, self.harmonics = rate, hop, tuple(harmonics)
        self.grid = Grid.of_hop(rate, hop)
        centres = low_hz * 2 ** (np.arange(bins) / per_octave + tuning_cents / 1200)
        if centres[-1] >= rate / 2:
            what = f"{bins} bins from {low_hz} Hz"
            raise ConfigError(what, f"the highest, {centres[-1]:.0f} Hz, is above half of {rate} Hz")
        self.bins_hz = torch.from_numpy(centres)
        every = np.concatenate([centres * harmonic for harmonic in self.harmonics])
        lengths = filter_lengths(every, rate, per_octave, gamma)
        self.lengths = torch.from_numpy(lengths.reshape(len(self.harmonics), bins))
        plan = _plan(every, lengths, rate, hop)
        self._octaves = [(octave.halvings, octave.rows) for octave in plan]
        for i, octave in enumerate(plan):
            self.register_buffer(f"kernel_{i}", torch.from_numpy(octave.kernel).float(), persistent=False)
        self.register_buffer("halving", torch.from_numpy(_halving()).float(), persistent=False)
        self._places = np.argsort(np.concatenate([rows for _, rows in self._octaves] + [_silent(every, rate)]))
        self._count = len(every)

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """Return magnitudes (batch, harmonic, bin, frame)."""
        real, imaginary = self.parts(samples)
        return (real.square() + imaginary.square() + 1e-20).sqrt()  # the root's slope at silence stays finite

    def parts(self, samples: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return real and imaginary parts (batch, harmonic, bin, frame); phases count from the frame's middle."""
        frames = -(-samples.shape[-1] // self.hop)
        signal, halved, found = samples, 0, []
        for i, (halvings, rows) in enumerate(self._octaves):
            while halved < halvings:
                signal = self._halve(signal)
                halved += 1
            kernel, hop = getattr(self, f"kernel_{i}"), self.hop >> halvings
            pieces = _pieces(signal, kernel.shape[0] // 2, kernel.shape[0], hop, frames)
            both = torch.cat([group @ kernel for group in pieces.split(512, dim=1)], 1)
            found.append(both.transpose(1, 2).unflatten(1, (2, len(rows))))
        silent = samples.new_zeros(samples.shape[0], 2, self._count - sum(f.shape[2] for f in found), frames)
        stacked = torch.cat([*found, silent], 2)[:, :, self._places]
        stacked = stacked.unflatten(2, (len(self.harmonics), -1))
        return stacked[:, 0], stacked[:, 1]

    def _halve(self, signal: torch.Tensor) -> torch.Tensor:
        """Halve the rate: each block of samples times one banded matrix, several times faster than a convolution."""
        count = -(-signal.shape[-1] // 2)
        pieces = _pieces(signal, _TAPS // 2, self.halving.shape[0], 2 * _BLOCK, -(-count // _BLOCK))
        return (pieces @ self.halving).flatten(1)[:, :count]


def _pieces(signal: torch.Tensor, left: int, length: int, hop: int, count: int) -> torch.Tensor:
    """Cut (batch, time) into (batch, count, length), the first piece starting ``left`` samples early."""
    right = max(0, (count - 1) * hop + length - left - signal.shape[-1])
    return torch.nn.functional.pad(signal, (left, right)).unfold(-1, length, hop)[:, :count]


def filter_lengths(centres_hz: np.ndarray, rate: int, per_octave: int, gamma: float | None = 0.0) -> np.ndarray:
    """Samples, not whole, of the filter of each bin; gamma: Hz added to the bandwidth, None for auditory bandwidths."""
    ratio = 2 ** (2 / per_octave)
    width = (ratio - 1) / (ratio + 1)  # relative bandwidth
    gamma = 24.7 * width / 0.108 if gamma is None else gamma
    return rate / (width * np.asarray(centres_hz) + gamma)


def _plan(centres: np.ndarray, lengths: np.ndarray, rate: int, hop: int) -> list[_Octave]:
    """Sort bins by how far the rate can be halved for them, and make their kernels, conjugated and of unit sum."""
    most = (hop & -hop).bit_length() - 1
    reach = centres * 2 ** (0.5 / 6)  # a filter is a bit wider than its centre
    halvings = np.clip(np.floor(np.log2(0.9 * rate / 2 / reach)), -1, most).astype(int)
    octaves = []
    for count in np.unique(halvings[centres < rate / 2]):
        rows = np.flatnonzero((halvings == count) & (centres < rate / 2))
        halved = max(int(count), 0)
        spans = lengths[rows] / 2**halved
        longest = int(np.ceil(spans.max())) + 1
        longest += longest % 2
        at = np.arange(longest) - longest // 2
        kernel = np.zeros((len(rows), longest), complex)
        for row, span, hz in zip(kernel, spans, centres[rows] * 2**halved / rate, strict=True):
            inside = np.abs(at) < span / 2
            row[inside] = (0.5 + 0.5 * np.cos(2 * np.pi * at[inside] / span)) * np.exp(-2j * np.pi * hz * at[inside])
            row /= np.abs(row).sum()
        octaves.append(_Octave(halved, rows, np.concatenate([kernel.real, kernel.imag]).T))
    return octaves


def _silent(centres: np.ndarray, rate: int) -> np.ndarray:
    return np.flatnonzero(centres >= rate / 2)


def _halving() -> np.ndarray:
    """Low-pass (a sinc under a Kaiser window) and every other sample of it, as a matrix from samples to a block."""
    at = np.arange(_TAPS) - _TAPS // 2
    taps = np.sinc(at / 2) * np.kaiser(_TAPS, 8.0)
    matrix = np.zeros((2 * (_BLOCK - 1) + _TAPS, _BLOCK))
    for column in range(_BLOCK):
        matrix[2 * column : 2 * column + _TAPS, column] = taps / taps.sum()
    return matrix
