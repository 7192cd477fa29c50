"""Trivial answers that every number stands beside: what one gets without learning anything."""

from __future__ import annotations

import numpy as np

from solfeggio.answers import Events, Segments
from solfeggio.decode.chords import decode_chords, template_scores
from solfeggio.decode.novelty import foote_novelty, pick_boundaries, sections
from solfeggio.decode.peaks import pick_peaks
from solfeggio.errors import unknown
from solfeggio.grid import Grid
from solfeggio.harte import NAMES


def constant_beats(duration: float, bpm: float = 120.0, beats: int = 4) -> Events:
    """A metronome that never listens: ``bpm`` beats a minute in bars of ``beats``, from 0 to ``duration`` seconds.

    >>> constant_beats(1.2).times
    array([0. , 0.5, 1. ])
    """
    times = np.arange(0, duration, 60 / bpm)
    return Events(times, [str(i % beats + 1) for i in range(len(times))])


def autocorrelation_beats(spectra: np.ndarray, grid: Grid, beats: int = 4, tightness: float = 100.0) -> Events:
    """Beats by onset strength, its autocorrelation and dynamic programming, as librosa's tracker works; bars guessed.

    spectra: (bin, frame) log magnitudes on ``grid``. Every ``beats``-th beat is called a downbeat, from the phase whose
    onsets are strongest. Source: Ellis, Beat Tracking by Dynamic Programming, 2007.
    """
    flux = np.maximum(np.diff(spectra, axis=1, prepend=spectra[:, :1]), 0).mean(0)
    if not len(flux) or flux.std() < 1e-6:
        return Events.none()
    strength = flux / flux.std(ddof=1)
    rate = float(grid.rate)
    lags = np.arange(1, min(len(strength), round(4 * rate)))
    power = np.fft.irfft(np.abs(np.fft.rfft(strength - strength.mean(), 2 * len(strength))) ** 2)[lags]
    prior = np.exp(-0.5 * np.log2(60 * rate / lags / 120) ** 2)
    period = int(lags[np.argmax(power * prior)])
    hann = np.exp(-0.5 * (np.arange(-period, period + 1) * 32 / period) ** 2)
    local = np.convolve(strength, hann, "same")
    back = np.arange(-2 * period, -max(1, period // 2) + 1)
    cost = -tightness * np.log(-back / period) ** 2
    score, source = local.copy(), np.full(len(local), -1)
    for t in range(len(local)):
        before = t + back
        inside = before >= 0
        if inside.any():
            options = cost[inside] + score[before[inside]]
            best = int(np.argmax(options))
            if options[best] > 0:
                score[t], source[t] = local[t] + options[best], before[inside][best]
    chain = [int(np.argmax(score[-period:])) + max(0, len(score) - period)]
    while source[chain[-1]] >= 0:
        chain.append(int(source[chain[-1]]))
    frames = np.array(chain[::-1])
    phase = int(np.argmax([local[frames[p::beats]].mean() if len(frames) > p else 0 for p in range(beats)]))
    return Events(grid.times(frames), [str((i - phase) % beats + 1) for i in range(len(frames))])


def constant_chord(duration: float, label: str = "C:maj") -> Segments:
    """One chord, or one key, that never changes, from 0 to ``duration`` seconds.

    >>> constant_chord(3.0).labels
    ('C:maj',)
    """
    return Segments([0.0], [duration], [label]) if duration > 0 else Segments([], [])


def template_chords(chroma: np.ndarray, grid: Grid) -> Segments:
    """Name the major or minor triad that each frame of chroma (12, n), C first, is most like; changes are rare.

    Source: Fujishima, "Realtime chord recognition of musical sound" (ICMC 1999); smoothed as in Sheh and Ellis (2003).
    """
    return decode_chords(template_scores(chroma), grid, "majmin", language="duration", weight=10.0)


def even_sections(duration: float, every: float = 12.0, label: str = "verse") -> Segments:
    """Sections that never listen: a boundary every ``every`` seconds, the last section at least half as long.

    >>> even_sections(29.0).ends
    array([12., 29.])
    """
    return sections(np.arange(every, duration - every / 2, every), duration, label)


def bar_sections(beats: Events, duration: float, bars: int = 8, label: str = "verse") -> Segments:
    """Sections of ``bars`` bars each, counted from the first downbeat, which do not listen beyond the beat."""
    downs = beats.named("1").times
    return sections(downs[bars:-1:bars], duration, label)


def foote_sections(spectra: np.ndarray, grid: Grid, threshold: float = 0.05, label: str = "verse") -> Segments:
    """Sections by Foote's checkerboard novelty of log spectra (bin, frame) on ``grid``: no training."""
    times = pick_boundaries(foote_novelty(spectra, grid), grid, threshold=threshold)
    return sections(times, spectra.shape[1] / float(grid.rate), label)


PROFILES = {  # how well each degree over the tonic fits a key: major, then minor
    "krumhansl": (
        (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    ),
    "temperley": (
        (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400),
        (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330),
    ),
}


def template_key(chroma: np.ndarray, grid: Grid, profile: str = "krumhansl") -> Segments:
    """Name the key whose profile correlates best with the mean of chroma (12, n), C first; one for the whole piece.

    profile: "krumhansl" (Krumhansl and Kessler's probe tones, 1982) or "temperley" (counts of the Kostka-Payne corpus,
    2007). Silence has no key. Raises ConfigError for another profile.
    """
    if profile not in PROFILES:
        raise unknown("profile", profile, PROFILES)
    mean = chroma.mean(1) if chroma.shape[1] else np.zeros(12)
    if mean.std() < 1e-6:
        return Segments([], [])
    rows = [np.roll(degrees, tonic) for degrees in PROFILES[profile] for tonic in range(12)]
    best = int(np.argmax([np.corrcoef(row, mean)[0, 1] for row in rows]))
    return constant_chord(chroma.shape[1] / float(grid.rate), f"{NAMES[best % 12]}:{'min' if best > 11 else 'maj'}")


def rock_drums(beats: Events) -> Events:
    """A rock pattern laid over beats: kick on odd beats of the bar, snare on even ones, closed hi-hat on every eighth.

    >>> rock_drums(Events([0, 0.5], ["1", "2"])).labels
    ('KD', 'CHH', 'CHH', 'SD', 'CHH', 'CHH')
    """
    if not len(beats):
        return Events.none()
    places = [int(label) if label.isdigit() else i + 1 for i, label in enumerate(beats.labels or [""] * len(beats))]
    halves = np.diff(beats.times, append=beats.times[-1] + (np.diff(beats.times)[-1] if len(beats) > 1 else 0.5)) / 2
    hits = [(time, "KD" if place % 2 else "SD") for time, place in zip(beats.times, places, strict=True)]
    hits += [(time + half * k, "CHH") for time, half in zip(beats.times, halves, strict=True) for k in (0, 1)]
    hits.sort(key=lambda hit: (hit[0], hit[1] == "CHH"))
    return Events([time for time, _ in hits], [label for _, label in hits])


def centroid_drums(spectra: np.ndarray, grid: Grid, hz: np.ndarray, threshold: float = 0.15) -> Events:
    """Onsets called by the spectral centroid of what rises: kick below 700 Hz, hi-hat above 1500 Hz, else snare.

    spectra: (bin, frame) log magnitudes on ``grid``; hz: (bin,) their frequencies, as wide as they are high. threshold:
    of the mean rise over that around it. The borders are those that suit real drum tracks (MDB Drums) best.
    """
    rise = np.maximum(np.diff(spectra, axis=1, prepend=spectra[:, :1]), 0)
    times = pick_peaks(rise.mean(0), grid, threshold=threshold, width=0.03, average=0.1, gap=0.03)
    at = grid.frames(times)
    centre = np.exp((np.log(hz)[:, None] * rise[:, at]).sum(0) / np.maximum(rise[:, at].sum(0), 1e-9))
    return Events(times, ["KD" if c < 700 else "CHH" if c > 1500 else "SD" for c in centre])
