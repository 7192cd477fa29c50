"""Linear filters of the mixing desk: block convolution, minimum-phase equalisers and synthetic rooms, all float32."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np


@cache
def _fft() -> Any:
    try:
        from scipy import fft  # several times faster than numpy's on batches of float32
    except ImportError:
        from numpy import fft
    return fft


def convolve(samples: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """Convolve (channel, n) with (k,) or (channel, k) taps by overlap-add; returns the first n samples, float32."""
    samples, taps = np.atleast_2d(samples), np.atleast_2d(taps).astype(np.float32)
    if len(samples) == 2 and len(taps) == 1 and np.array_equal(samples[0], samples[1]):
        return np.repeat(convolve(samples[:1], taps), 2, 0)
    n, k = samples.shape[1], taps.shape[1]
    size = max(4096, 1 << int(np.ceil(np.log2(2 * k))))
    hop = size - k + 1
    fft = _fft()
    response = fft.rfft(taps, size, axis=-1)[:, None]
    out = np.zeros((max(len(samples), len(taps)), n + size), np.float32)
    group = max(1, (1 << 17) // size) * hop  # samples at a time: what the processor's cache holds
    for start in range(0, n, group):
        piece = samples[:, start : start + group]
        blocks = -(-piece.shape[1] // hop)
        padded = np.zeros((len(samples), blocks * hop), np.float32)
        padded[:, : piece.shape[1]] = piece
        parts = fft.irfft(fft.rfft(padded.reshape(-1, blocks, hop), size, axis=-1) * response, size, axis=-1)
        for i in range(blocks):
            begin = start + i * hop
            kept = out[:, begin : begin + size]
            kept += parts[:, i, : kept.shape[1]]
    return out[:, :n]


def minimum_phase(hz: np.ndarray, gain_db: np.ndarray, rate: int, taps: int = 512) -> np.ndarray:
    """Make an equaliser (taps,) without delay or pre-echo; its gain follows the points (Hz, dB), straight in log Hz."""
    size = 8192
    bins = np.fft.rfftfreq(size, 1 / rate)
    curve = np.interp(np.log(np.maximum(bins, 1)), np.log(hz), gain_db) * (np.log(10) / 20)
    cepstrum = np.fft.irfft(np.maximum(curve, -12.0))
    cepstrum[1 : size // 2] *= 2
    cepstrum[size // 2 + 1 :] = 0
    response = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)))[:taps]
    response[taps // 2 :] *= np.cos(np.linspace(0, np.pi / 2, taps - taps // 2)) ** 2
    return response.astype(np.float32)


def equaliser(rng: np.random.Generator, rate: int, strength: float = 1.0) -> np.ndarray:
    """Draw an equaliser: a tilt, up to three broad bands, and sometimes an end of the spectrum cut off."""
    hz = np.geomspace(20, 20000, 64)
    octaves = np.log2(hz / 1000)
    gain_db = strength * float(np.clip(rng.normal(0, 1.2), -3, 3)) * octaves
    for _ in range(int(rng.integers(0, 4))):
        centre, width = rng.uniform(-4, 3), rng.uniform(0.3, 1.2)
        gain_db += strength * rng.normal(0, 4) * np.exp(-(((octaves - centre) / width) ** 2))
    if rng.random() < 0.3:
        gain_db -= np.maximum(np.log2(rng.uniform(30, 250) / hz), 0) * 12
    if rng.random() < 0.2:
        gain_db -= np.maximum(np.log2(hz / rng.uniform(2500, 9000)), 0) * 12
    return minimum_phase(hz, gain_db, rate)


def band_pass(low: float, high: float, rate: int, slope_db: float = 24.0) -> np.ndarray:
    """Make a band-pass (taps,) with corners in Hz and slopes in dB an octave."""
    hz = np.geomspace(20, 20000, 128)
    return minimum_phase(hz, -slope_db * (np.maximum(np.log2(low / hz), 0) + np.maximum(np.log2(hz / high), 0)), rate)


# kind of room: seconds to -60 dB, seconds before the first reflection, level of early reflections, of dark noise
ROOMS = {
    "room": ((0.15, 0.6), (0.002, 0.01), 8.0, 0.25),
    "chamber": ((0.5, 1.2), (0.004, 0.015), 5.0, 0.35),
    "hall": ((1.2, 2.6), (0.015, 0.045), 4.0, 0.6),
    "plate": ((0.7, 2.0), (0.0005, 0.004), 0.0, 0.1),
    "spring": ((0.8, 1.8), (0.003, 0.006), 0.0, 0.1),
}
_LONGEST = 1.8  # seconds of a response


def room(rng: np.random.Generator, rate: int, kind: str = "room") -> np.ndarray:
    """Draw a stereo room response (2, k): early reflections, then noise that decays, faster the higher it is.

    kind: one of ROOMS; a plate has no early reflections, a spring chirps. No direct sound; unit energy a channel, so
    that a send level means the same in every room.
    """
    decays, gaps, reflections, darkness = ROOMS[kind]
    decay = float(np.exp(rng.uniform(*np.log(decays))))
    length = round(min(decay, _LONGEST) * rate)
    times = np.arange(length) / rate
    noise = rng.standard_normal((2, length)).astype(np.float32)
    dark = np.cumsum(noise, axis=1)
    dark[:, 8:] -= dark[:, :-8].copy()
    bright = noise * 10 ** (-3 * times / (decay * rng.uniform(0.3, 0.8)))
    response = bright + darkness * dark * 10 ** (-3 * times / decay)
    if kind == "spring":
        response = 0.15 * response + _spring(rng, rate, length) * 10 ** (-3 * times / decay)
    early = max(round(rng.uniform(*gaps) * rate), 1)
    response[:, early:] = response[:, :-early].copy()
    response[:, :early] = 0
    for channel in range(2):
        where = np.minimum(early + (rng.uniform(0, 0.06, 8) * rate).astype(int), length - 1)
        response[channel, where] += rng.normal(0, 1, 8) * reflections
    return (response / np.sqrt((response**2).sum(1, keepdims=True) + 1e-9)).astype(np.float32)


def _spring(rng: np.random.Generator, rate: int, length: int) -> np.ndarray:
    """Pulses that run along a coil and back, the low tones ahead of the high: (2, length), not yet decaying."""
    out = np.zeros((2, length), np.float32)
    for channel in range(2):
        period = rng.uniform(0.035, 0.06)
        for turn in range(1, int(length / rate / period)):
            chirp = np.arange(round(0.02 * turn**0.5 * rate)) / rate
            tone = np.sin(2 * np.pi * (120 * chirp + 0.5 * 4000 / chirp[-1] * chirp**2)) * np.hanning(len(chirp))
            begin = round((turn - 0.5) * period * rate)
            kept = out[channel, begin : begin + len(tone)]
            kept += 3 * tone[: len(kept)]
    return out
