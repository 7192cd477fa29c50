"""How well stems were separated: no measure is best, so there are many, each with what it does not see.

Sound is (channel, time), all channels count together. Ratios are dB within 100 either way. Where a stem is silent, what
cannot be defined is NaN; ``error below mix``, ``leakage``, the log distances and ``onset F`` are defined there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from solfeggio.answers import Answer, Events, Stems
from solfeggio.errors import AnswerError
from solfeggio.metrics.bsseval import MOST_DB, NAMES, BSSEval, ratio_db
from solfeggio.metrics.events import evaluate_events

A = TypeVar("A", bound=Answer)
SILENT_DB = -60.0  # a stretch this far below the stem's own loudest one is silent
PAUSE = 0.1  # seconds of the shortest silent stretch
FLOOR = 1e-4  # magnitude, -80 dB of a full-scale sine, below which spectra are not told apart
BANDS = 64


@dataclass(frozen=True)
class Measure:
    """What a number of ``evaluate_stems`` is: unit, which way is better, in one line what it sees."""

    unit: str
    higher: bool
    about: str


MEASURES: dict[str, Measure] = {
    "SDR": Measure("dB", True, "all that differs from the stem (BSSEval v4, median of frames)"),
    "ISR": Measure("dB", True, "filtering and panning of the stem itself (BSSEval v4)"),
    "SIR": Measure("dB", True, "bleed of the other stems (BSSEval v4)"),
    "SAR": Measure("dB", True, "what no filter makes of any stem (BSSEval v4)"),
    "SNR": Measure("dB", True, "all that differs from the stem, over the whole length"),
    "SI-SDR": Measure("dB", True, "the same, after the best gain"),
    "SI-SDR median": Measure("dB", True, "the same, median of the seconds in which the stem sounds"),
    "spectral SNR": Measure("dB", True, "differing magnitudes; phases do not count"),
    "correlation": Measure("", True, "magnitudes in proportion; neither phase nor gain counts"),
    "log spectrum": Measure("dB", False, "levels of bins, soft ones as much as loud ones"),
    "log mel": Measure("dB", False, "levels in bands of hearing"),
    "error below mix": Measure("dB", True, "error against the mix, second by second; defined in silence"),
    "leakage": Measure("dB", False, "what is left of the mix where the stem is silent"),
    "onset F": Measure("", True, "onsets that are still there, and none beside"),
}


def evaluate_stems(
    reference: Stems, estimate: Stems, *, span: tuple[float, float] | None = None, window: float = 1.0
) -> dict[str, float]:
    """Compare separated stems with the true ones by every one of MEASURES.

    Stems are paired by name, whatever their order; others of the estimate are ignored. The mix is the sum of the
    reference with its residual. span: (start, end) seconds that count. window: seconds of a frame. Keys: "SI-SDR
    drums" and so on for each stem, and "SI-SDR" for the mean over the stems for which it is defined; NaN where it is
    for none. The filters of BSSEval see the stems that sound at all, not the residual. Raises AnswerError for a missing
    stem, other channels, length or rate.

    >>> rng = np.random.default_rng(0)
    >>> stems = Stems.of({"drums": rng.normal(size=(1, 8000)), "bass": rng.normal(size=(1, 8000))}, 8000)
    >>> mix = Stems.of({"drums": stems.mix(), "bass": stems.mix()}, 8000)
    >>> abs(evaluate_stems(stems, mix)["SI-SDR"]) < 0.5, evaluate_stems(stems, stems)["SI-SDR drums"]
    (True, 100.0)
    """
    if span is not None:
        reference, estimate = reference.cut(*span), estimate.cut(*span)
    return StemJudge(reference, window=window)(estimate)


class StemJudge:
    """The judge of many estimates of one song's stems: what only depends on the truth is computed once.

    Called with an estimate, it returns what ``evaluate_stems`` does.
    """

    def __init__(self, reference: Stems, *, window: float = 1.0) -> None:
        if not len(reference) or not reference.samples.size:
            raise AnswerError("stems without sound", "there is nothing to compare with")
        self.reference, self.window, self.mix = reference, window, reference.mix()
        self._sounding = [label for label in reference.labels if reference[label].any()]
        self._bss = None
        if self._sounding:
            self._bss = BSSEval(self._stack(reference), reference.rate, window=window, hop=window)
        self._spectra = {label: magnitudes(reference[label], reference.rate) for label in reference.labels}
        self._onsets = {label: onsets(reference[label], reference.rate) for label in reference.labels}

    def __call__(self, estimate: Stems) -> dict[str, float]:
        """Compare one estimate: means, and a number for each stem."""
        found = self.by_stem(estimate)
        means = {name: _mean([numbers[name] for numbers in found.values()]) for name in MEASURES}
        return means | {f"{name} {label}": found[label][name] for name in MEASURES for label in found}

    def by_stem(self, estimate: Stems) -> dict[str, dict[str, float]]:
        """Compare one estimate: {stem: {measure: number}}."""
        if estimate.rate != self.reference.rate or estimate.samples.shape[1:] != self.reference.samples.shape[1:]:
            given, true = ((s.samples.shape[1:], s.rate) for s in (estimate, self.reference))
            raise AnswerError(f"an estimate of {given}", f"the truth has {true}", "make them alike")
        found = {label: self._one(label, estimate[label]) for label in self.reference.labels}
        if self._bss:
            for name, frames in self._bss(self._stack(estimate)).items():
                for label, row in zip(self._sounding, frames, strict=True):
                    found[label][name] = _median(row)
        return found

    def _stack(self, stems: Stems) -> np.ndarray:
        return np.stack([stems[label] for label in self._sounding])

    def _one(self, label: str, heard: np.ndarray) -> dict[str, float]:
        true, rate = self.reference[label], self.reference.rate
        spectra = self._spectra[label], magnitudes(heard, rate)
        found = evaluate_events(self._onsets[label], onsets(heard, rate, like=true))
        return dict.fromkeys(NAMES, float("nan")) | {
            "SNR": snr(true, heard),
            "SI-SDR": si_sdr(true, heard),
            "SI-SDR median": _median(framewise(si_sdr, true, heard, rate, self.window)),
            "spectral SNR": snr(*spectra),
            "correlation": magnitude_correlation(*spectra),
            "log spectrum": log_spectral_distance(*spectra),
            "log mel": log_mel_distance(*spectra, rate),
            "error below mix": error_below_mix(true, heard, self.mix, rate, self.window),
            "leakage": leakage(true, heard, self.mix, rate),
            "onset F": float(found["F"]),
        }


def snr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Signal to noise in dB: |s|^2 / |s - e|^2; of magnitudes, the spectral SNR. NaN for a silent reference.

    A gain of -6 dB, which nobody minds, costs as much as noise 6 dB below; polarity costs all.

    >>> snr(np.ones((1, 4)), np.full((1, 4), 0.9))
    20.0
    """
    reference, estimate = (np.asarray(x, np.float64) for x in (reference, estimate))
    return round(float(ratio_db((reference**2).sum(), ((reference - estimate) ** 2).sum())), 9)


def si_sdr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Scale-invariant signal to distortion in dB: |a s|^2 / |a s - e|^2 with a = <s, e> / |s|^2, one for all channels.

    NaN for a silent reference, -100 for an estimate that has nothing in common with it, silence included.

    Source: Le Roux, Wisdom, Erdogan, Hershey, "SDR: half-baked or well done?", ICASSP 2019.

    >>> si_sdr(np.array([[1.0, 0.0]]), np.array([[5.0, 0.5]]))
    20.0
    """
    reference, estimate = (np.asarray(x, np.float64) for x in (reference, estimate))
    power = (reference**2).sum()
    if not power:
        return float("nan")
    target = (reference * estimate).sum() / power * reference
    signal = (target**2).sum()
    return round(float(ratio_db(signal, ((target - estimate) ** 2).sum())), 9) if signal else -MOST_DB


def framewise(
    measure: Callable[[np.ndarray, np.ndarray], float],
    reference: np.ndarray,
    estimate: np.ndarray,
    rate: int,
    window: float = 1.0,
) -> np.ndarray:
    """Apply a measure to each frame of ``window`` seconds: (frame,); NaN where the reference is silent.

    A frame is silent 60 dB below the reference's loudest one. What is left at the end is not counted.
    """
    size = max(round(window * rate), 1)
    sounds = ~_silent(reference, size)
    frames = [slice(i * size, (i + 1) * size) for i in range(len(sounds))]
    return np.array(
        [
            measure(reference[:, at], estimate[:, at]) if sound else np.nan
            for at, sound in zip(frames, sounds, strict=True)
        ]
    )


def error_below_mix(
    reference: np.ndarray, estimate: np.ndarray, mix: np.ndarray, rate: int, window: float = 1.0
) -> float:
    """How far the error lies below the mix in dB, mean over frames: |x|^2 / (|s - e|^2 + t |x|^2), with t = -60 dB.

    Lies between -60 and 60: 60 is perfect, 0 an error as loud as the mix, such as the mix itself given for a silent
    stem. Needs no sound in the stem; frames in which the mix is silent are left out, NaN without any other.

    Source: after the thresholded SNR of Wisdom et al., "What's all the fuss about free universal sound separation
    data?", ICASSP 2021.

    >>> error_below_mix(np.zeros((1, 8)), np.full((1, 8), 0.1), np.ones((1, 8)), 8) > 19.99
    True
    """
    size = max(round(window * rate), 1)
    loud = _powers(mix, size)
    error = _powers(np.asarray(reference) - np.asarray(estimate), size)
    kept = ~_silent(mix, size)
    most = -SILENT_DB
    return _mean(np.maximum(ratio_db(loud[kept], error[kept] + loud[kept] * 10 ** (-most / 10)), -most))


def leakage(reference: np.ndarray, estimate: np.ndarray, mix: np.ndarray, rate: int) -> float:
    """What is left of the mix where the stem is silent, in dB: |e|^2 / |x|^2 over stretches of 0.1 s.

    0 lets all through, -100 nothing. Silent is 60 dB below the stem's loudest stretch. NaN for a stem that never is, or
    where there is nothing to let through.

    Source: after the predicted energy at silence of Schulze-Forster, Doire, Richard, Badeau, "Weakly informed audio
    source separation", WASPAA 2019, here relative to the mix.

    >>> leakage(np.zeros((1, 8)), np.full((1, 8), 0.1), np.ones((1, 8)), 8)
    -20.0
    """
    size = max(round(PAUSE * rate), 1)
    silent = _silent(reference, size)
    through, there = (_powers(x, size)[silent].sum() for x in (estimate, mix))
    return round(-float(ratio_db(there, through)), 9)


def magnitudes(samples: np.ndarray, rate: int) -> np.ndarray:
    """Magnitudes (channel, frame, bin) of windows of some 46 ms, half overlapping; a full-scale sine reaches 1."""
    size = 2 ** max(round(np.log2(0.046 * rate)), 1)
    samples = np.pad(np.asarray(samples, np.float32), ((0, 0), (size // 2, size)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, size, axis=1)[:, :: size // 2]
    hann = np.hanning(size + 1)[:-1].astype(np.float32) * np.float32(4 / size)
    made = np.empty((*frames.shape[:2], size // 2 + 1), np.float32)
    for start in range(0, frames.shape[1], 256):
        made[:, start : start + 256] = np.abs(_rfft(frames[:, start : start + 256] * hann))
    return made


def magnitude_correlation(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Pearson's correlation of ``magnitudes`` over all bins, -1 to 1; neither phase nor gain counts.

    NaN where the reference has no variation (silence), 0 where the estimate has none.

    >>> magnitude_correlation(np.array([1.0, 2.0, 4.0]), np.array([2.0, 4.0, 8.0]))
    1.0
    """
    reference, estimate = (x - x.mean(dtype=np.float64) for x in map(np.asarray, (reference, estimate)))
    power, heard = float((reference**2).sum()), float((estimate**2).sum())
    if not power or not heard:
        return 0.0 if power else float("nan")
    return round(float((reference * estimate).sum() / np.sqrt(power * heard)), 9)


def log_spectral_distance(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Root mean square over bins of the difference of ``magnitudes`` in dB, mean over frames and channels; 0 is best.

    Levels below -80 dB of full scale count as -80, so silence is defined; soft bins count as much as loud ones.

    Source: Gray, Markel, "Distance measures for speech processing", 1976.

    >>> log_spectral_distance(np.ones((1, 3, 4)), np.full((1, 3, 4), 0.1))
    20.0
    """
    steps = range(0, max(reference.shape[1], 1), 256)
    pairs = ((x[:, i : i + 256] for x in (reference, estimate)) for i in steps)
    rows = [np.sqrt(((_db(a, FLOOR) - _db(b, FLOOR)) ** 2).mean(-1)) for a, b in pairs]
    return _mean(np.concatenate(rows, 1).ravel())


def log_mel_distance(reference: np.ndarray, estimate: np.ndarray, rate: int) -> float:
    """Mean difference, without sign, of levels in 64 mel bands of ``magnitudes``, in dB; 0 is best, floor as above."""
    bands = _mel_bands(rate, reference.shape[2])
    levels = [0.5 * _db(x**2 @ bands, FLOOR**2) for x in (reference, estimate)]
    return _mean(np.abs(levels[0] - levels[1]).ravel())


def onsets(samples: np.ndarray, rate: int, like: np.ndarray | None = None) -> Events:
    """Find the onsets of a stem: rises of the log spectrum that stand out of their surroundings, some 10 ms early.

    like: the sound whose loudness says what stands out, such as the true stem; None: the samples themselves. Silence
    has no onsets. A plain detector without training, for comparing a stem with itself.

    >>> clicks = np.zeros((1, 8000))
    >>> clicks[0, [2000, 6000]] = 1
    >>> np.allclose(onsets(clicks, 8000).times, [0.25, 0.75], atol=0.02)
    True
    """
    from scipy.signal import find_peaks

    like = samples if like is None else like
    loudest = float(np.abs(like).max(initial=0))
    if not loudest:  # nothing to compare with: anything at all counts
        like, loudest = samples, float(np.abs(samples).max(initial=0))
    if not loudest:
        return Events.none()
    flux = _flux(samples, rate, loudest)
    most = flux.max() if like is samples else _flux(like, rate, loudest).max()
    peaks, _ = find_peaks(flux, prominence=0.15 * most, distance=5)
    return Events((peaks - 1) / 100)


def task_gain(judge: Callable[[A, A], dict[str, float]], truth: A, on_mix: A, on_stem: A) -> dict[str, float]:
    """What a stem is worth to a listener: each number of ``judge`` on the stem, less that on the mix.

    judge: a metric of answers, (truth, answer) to numbers. truth, on_mix, on_stem: the truth, and what one listener
    answers to the mix and to the separated stem. Numbers that either lacks are left out.

    >>> truth = Events([1.0, 2.0])
    >>> task_gain(evaluate_events, truth, Events([1.0, 1.5, 2.0, 2.5]), truth)["P"]
    0.5
    """
    before, after = judge(truth, on_mix), judge(truth, on_stem)
    return {name: after[name] - before[name] for name in before if name in after}


def _flux(samples: np.ndarray, rate: int, loudest: float) -> np.ndarray:
    """Mean rise of log(1 + 1000 magnitude) over bins, every 10 ms; the first frame is 10 ms before the start."""
    size = 2 ** max(round(np.log2(0.023 * rate)), 1)
    hop = rate / 100
    sound = np.pad(np.asarray(samples, np.float32).mean(0) / np.float32(loudest), (size // 2 + round(hop), size))
    starts = np.round(np.arange(0, len(sound) - size, hop)).astype(int)
    frames = np.lib.stride_tricks.sliding_window_view(sound, size)[starts]
    hann = np.hanning(size + 1)[:-1].astype(np.float32)
    level = np.log1p(1000 * np.abs(_rfft(frames * hann)) * np.float32(4 / size))
    return np.concatenate([[0.0], np.maximum(np.diff(level, axis=0), 0).mean(1)])


def _rfft(frames: np.ndarray) -> np.ndarray:
    from scipy.fft import rfft  # keeps single precision

    return rfft(frames)


def _mel_bands(rate: int, bins: int) -> np.ndarray:
    """Triangles of unit sum (bin, band), evenly spaced in mel from 40 Hz on; bands without a bin are left out."""
    mel = np.linspace(2595 * np.log10(1 + 40 / 700), 2595 * np.log10(1 + rate / 1400), BANDS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    hertz = np.linspace(0, rate / 2, bins)[:, None]
    rise, fall = (hertz - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - hertz) / np.diff(edges)[1:]
    bands = np.maximum(0, np.minimum(rise, fall))
    return (bands / np.maximum(bands.sum(0), 1e-9))[:, bands.sum(0) > 0].astype(np.float32)


def _db(values: np.ndarray, floor: float) -> np.ndarray:
    return 20 * np.log10(np.maximum(values, floor))


def _powers(samples: np.ndarray, size: int) -> np.ndarray:
    """Energy of each whole frame of ``size`` samples, or of the only one that is shorter."""
    samples = np.asarray(samples)
    count, size = max(samples.shape[1] // size, 1), min(size, samples.shape[1])
    framed = samples[:, : count * size].reshape(len(samples), count, size)
    return np.einsum("cns,cns->n", framed, framed, dtype=np.float64)


def _silent(samples: np.ndarray, size: int) -> np.ndarray:
    powers = _powers(samples, size)
    return powers <= powers.max(initial=0) * 10 ** (SILENT_DB / 10)


def _mean(values: np.ndarray | list[float]) -> float:
    array = np.asarray(values, np.float64)
    array = array[np.isfinite(array)]
    return float(array.mean()) if len(array) else float("nan")


def _median(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else float("nan")
