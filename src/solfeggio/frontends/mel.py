"""Filter matrices that sum FFT bins into bands of hearing (mel) or of music (log-frequency)."""

from __future__ import annotations

import numpy as np

from solfeggio.errors import ConfigError


def hz_to_mel(hz: np.ndarray | float) -> np.ndarray:
    """Slaney's mel scale: linear below 1 kHz, logarithmic above (Auditory Toolbox, 1998)."""
    hz = np.asarray(hz, float)
    return np.where(hz < 1000, hz * 3 / 200, 15 + 27 * np.log(np.maximum(hz, 1e-9) / 1000) / np.log(6.4))


def mel_to_hz(mel: np.ndarray | float) -> np.ndarray:
    """Return the inverse of ``hz_to_mel``."""
    mel = np.asarray(mel, float)
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(np.log(6.4) * (mel - 15) / 27))


def mel_filters(rate: int, window: int, bins: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Make triangles evenly spaced in mel between ``low`` and ``high`` Hz, of unit area as librosa's (norm slaney).

    Returns ((bins, window // 2 + 1) matrix, (bins,) centre Hz).
    """
    edges = mel_to_hz(np.linspace(hz_to_mel(low), hz_to_mel(high), bins + 2))
    fft_hz = np.arange(window // 2 + 1) * rate / window
    rise = (fft_hz - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - fft_hz) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(rise, fall)) * (2 / (edges[2:] - edges[:-2]))[:, None], edges[1:-1]


def log_filters(rate: int, window: int, per_octave: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Make triangles with ``per_octave`` centres an octave, snapped to FFT bins, duplicates removed, unit sum.

    The filterbank of Boeck and Schedl's beat trackers: centres are ``440 * 2^(k / per_octave)`` Hz; where the FFT is
    too coarse to tell two apart only one stays, so the count depends on the window. Returns (matrix, centre Hz).
    """
    first, last = np.ceil(per_octave * np.log2(np.array([low, high]) / 440) + [-1e-9, 1 - 1e-9])
    centres = 440 * 2 ** (np.arange(first, last) / per_octave)
    fft = np.unique(np.round(centres * window / rate).astype(int))
    fft = fft[fft <= window // 2]
    if len(fft) < 3:
        raise ConfigError(f"log filters {low} to {high} Hz", f"a window of {window} cannot tell three bands apart")
    matrix = np.zeros((len(fft) - 2, window // 2 + 1))
    for row, (left, centre, right) in zip(matrix, zip(fft, fft[1:], fft[2:], strict=False), strict=True):
        row[left:centre] = (np.arange(left, centre) - left) / (centre - left)
        row[centre:right] = (right - np.arange(centre, right)) / (right - centre)
    matrix /= matrix.sum(1, keepdims=True)
    return matrix, fft[1:-1] * rate / window


def pitch_filters(rate: int, window: int, per_octave: int, low: float, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Make exactly ``bins`` bands, ``per_octave`` an octave from ``low`` Hz, the same for every window.

    A band is a triangle reaching its neighbours' centres, or, where the FFT is coarser than that, one FFT bin wide
    either way, so it interpolates. Moving by one band is a transposition. Unit sum. Returns (matrix, centre Hz).
    """
    centres = low * 2 ** (np.arange(bins) / per_octave)
    if centres[-1] > rate / 2:
        raise ConfigError(
            f"{bins} bands from {low} Hz", f"the highest, {centres[-1]:.0f} Hz, is above half of {rate} Hz"
        )
    step = rate / window
    left = np.maximum(centres * (1 - 2 ** (-1 / per_octave)), step)
    right = np.maximum(centres * (2 ** (1 / per_octave) - 1), step)
    offset = np.arange(window // 2 + 1) * step - centres[:, None]
    matrix = np.maximum(0, 1 - np.where(offset < 0, -offset / left[:, None], offset / right[:, None]))
    return matrix / matrix.sum(1, keepdims=True), centres
