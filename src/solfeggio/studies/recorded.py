"""What a recording is like in numbers: loudness, dynamics, spectrum, width, onsets.

Loudness is gated and K-weighted as in ITU-R BS.1770-4, its range as in EBU Tech 3342.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.signal import find_peaks, lfilter

from solfeggio.studies.realism import Profile, Statistic, count

RECORDED: dict[str, Statistic] = {
    "loudness": Statistic("integrated loudness", "LUFS", 1, -50, 0),
    "loudness range": Statistic("softest to loudest of 3 s, 10th to 95th percentile", "LU", 1, 0, 30),
    "crest factor": Statistic("peak over mean power of 10 s", "dB", 1, 0, 30),
    "spectral centroid": Statistic("centre of the power spectrum's root, of 10 s", "Hz", 100, 0, 8000),
    "spectral tilt": Statistic(
        "slope of third-octave levels from 63 Hz to 8 kHz, of 10 s", "dB an octave", 0.5, -20, 5
    ),
    "bands": Statistic("power by band"),
    "stereo width": Statistic("side over middle of 10 s", "dB", 2, -60, 10),
    "onset density": Statistic("rises of the spectrum a second", "onsets", 0.5, 0, 16),
}
BANDS_HZ = {"below 120 Hz": (20, 120), "120-500 Hz": (120, 500), "500-2000 Hz": (500, 2000), "2-5 kHz": (2000, 5000),
            "5-10 kHz": (5000, 10000)}  # fmt: skip
EXCERPT_SECONDS = 10.0


def recorded_profile(samples: np.ndarray, rate: int) -> Profile:
    """Count a recording (channel, time) by RECORDED; compare recordings of one rate only, 22050 Hz or more.

    Statistics of a digital silence or of less than three seconds are absent. A mono recording has no width.
    """
    samples = np.atleast_2d(np.asarray(samples, np.float64))
    found: Profile = {}
    for name, pairs in (*_loudness(samples, rate), *_excerpts(samples, rate)):
        if table := count(pairs, RECORDED[name]):
            found[name] = table
    return found


Found = Iterable[tuple[str, Sequence[tuple[str | float, float]]]]


def _loudness(samples: np.ndarray, rate: int) -> Found:
    power = np.mean(_weighted(samples, rate) ** 2, 0) * len(samples)  # channels add up
    blocks = _blocks(power, round(0.4 * rate), round(0.1 * rate))
    kept = blocks[blocks > 10 ** ((-70 + 0.691) / 10)]
    if not len(kept):
        return
    kept = kept[kept > kept.mean() / 10]
    yield "loudness", [(float(-0.691 + 10 * np.log10(kept.mean())), 1.0)]
    short = _blocks(power, 3 * rate, rate)
    if len(short):
        short = short[short > max(10 ** ((-70 + 0.691) / 10), short.mean() / 100)]
    if len(short) > 2:
        low, high = np.quantile(10 * np.log10(short), [0.1, 0.95])
        yield "loudness range", [(float(high - low), 1.0)]


def _weighted(samples: np.ndarray, rate: int) -> np.ndarray:
    """K-weight: a shelf above 1.7 kHz, then a high-pass at 38 Hz, for any rate by the bilinear transform."""
    for kind, hertz, q, gain in (("shelf", 1681.974, 0.7071752, 3.999844), ("high-pass", 38.13547, 0.5003270, 0.0)):
        k = np.tan(np.pi * hertz / rate)
        top, side = 10 ** (gain / 20), 10 ** (gain / 20 * 0.4996668)
        below = 1 + k / q + k * k
        b = (
            np.array([top + side * k / q + k * k, 2 * (k * k - top), top - side * k / q + k * k]) / below
            if kind == "shelf"
            else np.array([1.0, -2.0, 1.0])
        )
        samples = lfilter(b, [1, 2 * (k * k - 1) / below, (1 - k / q + k * k) / below], samples, axis=-1)
    return samples


def _blocks(power: np.ndarray, size: int, hop: int) -> np.ndarray:
    total = np.concatenate([[0.0], np.cumsum(power)])
    starts = np.arange(0, len(power) - size + 1, hop)
    return (total[starts + size] - total[starts]) / size


def _excerpts(samples: np.ndarray, rate: int) -> Found:
    found: dict[str, list[tuple[str | float, float]]] = {name: [] for name in RECORDED}
    size = round(EXCERPT_SECONDS * rate)
    for start in range(0, max(samples.shape[1] - size // 3, 1), size):
        piece = samples[:, start : start + size]
        middle = piece.mean(0)
        if piece.shape[1] < 3 * rate or (power := float(np.mean(piece**2))) < 1e-7:
            continue
        found["crest factor"].append((20 * float(np.log10(np.abs(piece).max() / np.sqrt(power))), 1.0))
        if len(piece) == 2:
            side = float(np.mean((piece[0] - piece[1]) ** 2)) / 4
            found["stereo width"].append((10 * float(np.log10(side / max(np.mean(middle**2), 1e-12) + 1e-7)), 1.0))
        spectra = _spectra(middle, rate)
        mean = (spectra**2).mean(0)
        hertz = np.arange(len(mean)) * rate / (2 * (len(mean) - 1))
        root = np.sqrt(mean)
        found["spectral centroid"].append((float((hertz * root).sum() / root.sum()), 1.0))
        found["bands"] += [(name, float(mean[(hertz >= a) & (hertz < b)].sum())) for name, (a, b) in BANDS_HZ.items()]
        centres = 62.5 * 2 ** (np.arange(22) / 3)
        levels = [mean[(hertz >= c / 2 ** (1 / 6)) & (hertz < c * 2 ** (1 / 6))].mean() for c in centres]
        slope = np.polyfit(np.arange(22) / 3, 10 * np.log10(np.array(levels) + 1e-12), 1)[0]
        found["spectral tilt"].append((float(slope), 1.0))
        found["onset density"].append((_onsets(spectra, rate) / (piece.shape[1] / rate), 1.0))
    return ((name, pairs) for name, pairs in found.items() if pairs)


def _spectra(samples: np.ndarray, rate: int) -> np.ndarray:
    """Magnitudes (frame, bin) of 2048 samples, 10 ms apart."""
    size, hop = 2048, rate // 100
    starts = np.arange(0, max(len(samples) - size, 1), hop)
    padded = np.pad(samples, (0, max(size - len(samples), 0)))
    return np.abs(np.fft.rfft(padded[starts[:, None] + np.arange(size)] * np.hanning(size))).astype(np.float64)


def _onsets(spectra: np.ndarray, rate: int) -> int:
    """Count peaks of the log spectrum's rise that stand out of their surroundings."""
    loud = np.log1p(1000 * spectra / max(float(spectra.max()), 1e-9))
    rise = np.maximum(loud[2:] - loud[:-2], 0).sum(1)
    smooth = np.convolve(rise, np.ones(5) / 5, "same")
    around = np.convolve(smooth, np.ones(50) / 50, "same")
    peaks, _ = find_peaks(smooth - around, height=0.15 * float(smooth.std() + around.mean()), distance=5)
    return len(peaks)
