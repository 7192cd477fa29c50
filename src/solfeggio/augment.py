"""Changes of a recording that a musician would not mind, applied to the sound and to the truth together.

``CHANGES`` names what the robustness study does to whole recordings: each takes (samples (channel, time), rate, answer)
and returns changed samples and answer. ``vary_spectra`` and ``cover_spectra`` change
batches of log spectra during training.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from solfeggio.answers import Answer, Segments
from solfeggio.codec import round_trip
from solfeggio.harte import transposed

if TYPE_CHECKING:
    import torch

A = TypeVar("A", bound=Answer)
Changed = tuple[np.ndarray, A]


def gain(samples: np.ndarray, rate: int, answer: A, db: float) -> Changed:
    """Make everything louder or softer by ``db``; what exceeds full scale is clipped."""
    return np.clip(samples * np.float32(10 ** (db / 20)), -1, 1), answer


def noise(samples: np.ndarray, rate: int, answer: A, snr_db: float, seed: int = 0) -> Changed:
    """Add pink noise ``snr_db`` below the recording's own level."""
    white = np.fft.rfft(np.random.default_rng(seed).normal(size=samples.shape[-1]))
    pink = np.fft.irfft(white / np.sqrt(np.maximum(1, np.arange(len(white)))), samples.shape[-1])
    level = np.sqrt(np.mean(samples**2) / max(np.mean(pink**2), 1e-20)) * 10 ** (-snr_db / 20)
    return (samples + level * pink).astype(np.float32), answer


def speed(samples: np.ndarray, rate: int, answer: A, factor: float) -> Changed:
    """Play ``factor`` times as fast, as a tape would: tempo and pitch change together, and so do the answer's times."""
    import soxr

    faster = soxr.resample(np.ascontiguousarray(samples.T), rate * factor, rate).T
    return np.ascontiguousarray(faster, np.float32), answer.stretch(1 / factor)


def codec(samples: np.ndarray, rate: int, answer: A, name: str = "ogg", quality: float = 0.0) -> Changed:
    """Encode and decode with a lossy codec (mp3, ogg or opus; quality 0 worst to 1 best), its delay taken out."""
    return round_trip(samples, rate, name, quality), answer


def pitch(samples: np.ndarray, rate: int, answer: A, semitones: float) -> Changed:
    """Transpose by ``semitones`` and keep the tempo: a phase vocoder stretches, resampling restores the length.

    Chords and keys move along, by whole semitones; sections and beats have no pitch.
    """
    factor = 2 ** (semitones / 12)
    stretched = np.stack([stretch(channel, factor) for channel in samples])
    moved, _ = speed(stretched, rate, answer, factor)
    out = np.zeros_like(samples)
    end = min(out.shape[1], moved.shape[1])
    out[:, :end] = moved[:, :end]
    if isinstance(answer, Segments):
        labels = (transposed(x, round(semitones)) if ":" in x else x for x in answer.labels)
        answer = replace(answer, labels=tuple(labels))
    return out, answer


def tempo(samples: np.ndarray, rate: int, answer: A, factor: float) -> Changed:
    """Play ``factor`` times as fast and keep the pitch; the answer's times move along."""
    return np.stack([stretch(channel, 1 / factor) for channel in samples]), answer.stretch(1 / factor)


def stretch(samples: np.ndarray, factor: float, window: int = 2048) -> np.ndarray:
    """Make (time,) samples ``factor`` times as long by a phase vocoder with phases locked at attacks."""
    hop = window // 4
    hann = np.hanning(window + 1)[:-1]
    padded = np.pad(samples, (window, 2 * window))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)
    steps = np.arange(0, len(samples) + window, hop / factor).astype(int)
    steps = steps[steps + hop + window <= len(padded)]
    before, after = np.fft.rfft(frames[steps] * hann), np.fft.rfft(frames[steps + hop] * hann)
    flux = np.maximum(np.abs(after) - np.abs(before), 0).sum(1) / np.maximum(np.abs(after).sum(1), 1e-9)
    phase = np.angle(before[:1]) + np.cumsum(np.angle(after) - np.angle(before), 0)
    locks = np.flatnonzero((flux > 0.5) & (flux >= np.roll(flux, 1)) & (flux >= np.roll(flux, -1)))
    for lock in locks:
        phase[lock:] += np.angle(after[lock]) - phase[lock]
    pieces = np.fft.irfft(np.abs(after) * np.exp(1j * phase), window) * hann
    out, weight = np.zeros(len(steps) * hop + window), np.zeros(len(steps) * hop + window)
    for i, piece in enumerate(pieces):
        out[i * hop : i * hop + window] += piece
        weight[i * hop : i * hop + window] += hann**2
    start = round(
        window - hop * (1 + factor) / 2
    )  # an attack is locked when it enters: within the last hop of a window
    done = (out / np.maximum(weight, 0.1))[start : start + round(len(samples) * factor)]
    return np.pad(done, (0, max(0, round(len(samples) * factor) - len(done)))).astype(np.float32)


CHANGES: dict[str, Callable[[np.ndarray, int, Answer], tuple[np.ndarray, Answer]]] = {
    "as it is": lambda s, r, a: (s, a),
    "20 dB softer": lambda s, r, a: gain(s, r, a, -20),
    "12 dB louder, clipped": lambda s, r, a: gain(s, r, a, 12),
    "pink noise at 10 dB": lambda s, r, a: noise(s, r, a, 10),
    "pink noise at 0 dB": lambda s, r, a: noise(s, r, a, 0),
    "mp3, lowest quality": lambda s, r, a: codec(s, r, a, "mp3"),
    "ogg, lowest quality": lambda s, r, a: codec(s, r, a, "ogg"),
    "3 semitones up": lambda s, r, a: pitch(s, r, a, 3),
    "3 semitones down": lambda s, r, a: pitch(s, r, a, -3),
    "15 % faster": lambda s, r, a: tempo(s, r, a, 1.15),
    "15 % slower": lambda s, r, a: tempo(s, r, a, 0.85),
}


def vary_spectra(
    spectra: torch.Tensor,
    scale: float = 1000.0,
    transpose_bins: int = 5,
    gain_db: float = 12.0,
    equaliser_db: float = 8.0,
    mask: float = 0.3,
) -> torch.Tensor:
    """Vary a batch of ``log(1 + scale * magnitude)`` spectra as other players, rooms and engineers would.

    Each item is transposed by up to ``transpose_bins``, made louder or softer, equalised by a smooth random curve, and
    with probability ``mask`` loses everything above or below a random bin. Draws from torch's global generator.
    Shape: (batch, channel, bin, frame) in and out.
    """
    import torch

    batch, _, bins, _ = spectra.shape
    device = spectra.device
    shift = torch.randint(-transpose_bins, transpose_bins + 1, (batch,), device=device)
    index = torch.arange(bins, device=device)[None] - shift[:, None]
    inside = ((index >= 0) & (index < bins)).float()
    rows = index.clamp(0, bins - 1)[:, None, :, None].expand_as(spectra)
    knots = torch.randn(batch, 1, 6, device=device) * equaliser_db / 2
    curve = torch.nn.functional.interpolate(knots, bins, mode="linear", align_corners=True)[:, 0]
    level = (torch.rand(batch, 1, device=device) * 2 - 1) * gain_db
    edge = (torch.rand(batch, 1, device=device) * bins).long()
    lower = torch.rand(batch, 1, device=device) < 0.5
    place = torch.arange(bins, device=device)[None]
    cut = torch.where(lower, place < edge // 2, place > bins - edge // 2)
    keep = torch.where(torch.rand(batch, 1, device=device) < mask, (~cut).float(), torch.ones_like(inside))
    factor = 10 ** ((curve + level) / 20) * inside * keep
    return torch.log1p(factor[:, None, :, None] * torch.expm1(spectra.gather(2, rows)))


def cover_spectra(
    spectra: torch.Tensor, scale: float = 1000.0, floor_db: tuple[float, float] = (-115.0, -80.0), bins: int = 6
) -> torch.Tensor:
    """Cover a batch of ``log(1 + scale * magnitude)`` spectra with noise, and lose a few bins of it.

    Each item gets noise of a level drawn between ``floor_db`` (magnitudes, full scale 0 dB), tilted by up to 6 dB
    either way at its ends, and half of the items lose up to ``bins`` neighbouring bins. Draws from torch's global
    generator. Shape: (batch, channel, bin, frame) in and out.
    """
    import torch

    batch, _, count, _ = spectra.shape
    device = spectra.device
    low, high = floor_db
    level = low + (high - low) * torch.rand(batch, 1, 1, 1, device=device)
    tilt = (
        (torch.rand(batch, 1, 1, 1, device=device) * 2 - 1) * 6 * torch.linspace(-1, 1, count, device=device)[:, None]
    )
    noise = 10 ** ((level + tilt) / 20) * torch.randn_like(spectra).abs()
    first = (torch.rand(batch, 1, device=device) * count).long()
    wide = (torch.rand(batch, 1, device=device) * 2 * (bins + 1) - bins - 1).clamp_min(0).long()
    place = torch.arange(count, device=device)[None]
    keep = ((place < first) | (place >= first + wide)).float()[:, None, :, None]
    return torch.log1p(torch.expm1(spectra) * keep + scale * noise)
