"""Sing spectral envelopes at any pitch: pulses and noise through minimum-phase filters, in plain numpy.

A source-filter vocoder after WORLD (Morise 2016), with pulses at exact fractions of samples so that f0 is exact.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

_FFT = 512
_CHUNK = 2048


def synthesise(
    envelopes: np.ndarray,
    hop: int,
    rate: int,
    f0: np.ndarray,
    voiced: np.ndarray,
    airy: np.ndarray,
    rng: np.random.Generator,
    *,
    jitter: float = 0.002,
    shimmer: float = 0.03,
) -> np.ndarray:
    """Sing frames; returns (frames * hop,) float32, the same for the same ``rng``.

    envelopes: (n, 257) log amplitudes. f0: (n * hop,) Hz at every sample. voiced: (n,) 0 to 1. airy: (n, 257) or
    (257,), the share of power that is noise where voiced. jitter, shimmer: deviation of period and of level from pulse
    to pulse.
    """
    count = len(envelopes)
    filters = minimum_phase(envelopes)
    airy = np.broadcast_to(airy, envelopes.shape)
    noisy = np.sqrt(1 - voiced[:, None] * (1 - airy)).astype(np.float32)
    pure = np.sqrt(voiced[:, None] * (1 - airy)).astype(np.float32)
    out = np.zeros(count * hop + _FFT + hop, np.float32)
    phase = np.cumsum(f0 / rate)
    _pulses(out, filters * pure, hop, rate, f0, phase, voiced, rng, jitter, shimmer)
    _noise(out, filters * noisy, hop, phase, voiced, rng)
    return out[: count * hop]


def minimum_phase(log_amplitudes: np.ndarray) -> np.ndarray:
    """Give (n, 257) log amplitudes the phase of the shortest response; (n, 257) complex64."""
    fold = np.ones(_FFT, np.float32)
    fold[1 : _FFT // 2] = 2
    fold[_FFT // 2 + 1 :] = 0
    out = np.empty(log_amplitudes.shape, np.complex64)
    for a in range(0, len(out), _CHUNK):
        cepstra = fft.irfft(log_amplitudes[a : a + _CHUNK].astype(np.float32), _FFT, axis=1)
        out[a : a + _CHUNK] = np.exp(fft.rfft(cepstra * fold, _FFT, axis=1))
    return out


def _pulses(
    out: np.ndarray,
    filters: np.ndarray,
    hop: int,
    rate: int,
    f0: np.ndarray,
    phase: np.ndarray,
    voiced: np.ndarray,
    rng: np.random.Generator,
    jitter: float,
    shimmer: float,
) -> None:
    """Add one response for each period."""
    whole = np.floor(phase)
    at = np.flatnonzero(np.diff(whole) > 0)
    period = rate / np.maximum(f0[at], 20.0)
    exact = at + (whole[at + 1] - phase[at]) * period
    loud = np.sqrt(period) * (1 + shimmer * rng.standard_normal(len(at)))
    exact = exact + np.clip(jitter * rng.standard_normal(len(at)), -0.02, 0.02) * period
    frame = np.clip(np.round(exact / hop).astype(int), 0, len(voiced) - 1)
    keep = (voiced[frame] > 0.02) & (exact >= 0)
    exact, frame, loud = exact[keep], frame[keep], loud[keep].astype(np.float32)
    first = np.floor(exact).astype(int)
    turn = (-2j * np.pi / _FFT * np.arange(_FFT // 2 + 1)).astype(np.complex64)
    for a in range(0, len(exact), _CHUNK):
        b = slice(a, a + _CHUNK)
        late = np.exp((exact[b] - first[b]).astype(np.float32)[:, None] * turn)
        sound = fft.irfft(filters[frame[b]] * late * loud[b, None], _FFT, axis=1)
        for start, row in zip(first[b].tolist(), sound, strict=True):
            out[start : start + _FFT] += row


def _noise(
    out: np.ndarray, filters: np.ndarray, hop: int, phase: np.ndarray, voiced: np.ndarray, rng: np.random.Generator
) -> None:
    """Add breath, which in a sung note comes in puffs."""
    count = len(filters)
    hiss = rng.standard_normal((count + 1) * hop, dtype=np.float32)
    puffs = np.repeat(voiced, hop) * np.cos(2 * np.pi * phase)
    hiss[: count * hop] *= (1 + 0.6 * puffs).astype(np.float32)
    window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(2 * hop) + 0.5) / (2 * hop))).astype(np.float32)
    grains = np.lib.stride_tricks.sliding_window_view(hiss, 2 * hop)[::hop][:count]
    for a in range(0, count, _CHUNK):
        spectra = fft.rfft(grains[a : a + _CHUNK] * window, _FFT, axis=1)
        sound = fft.irfft(spectra * filters[a : a + _CHUNK], _FFT, axis=1)
        for i, row in enumerate(sound):
            start = (a + i) * hop
            out[start : start + _FFT] += row
