"""Musical attributes of folk bars: what a knob of a writer can turn, one number a bar.

A folk bar is 24 tokens: six ticks a quarter of 4/4 (0, 1/4, 1/3, 1/2, 2/3, 3/4); 0 is a rest, 1 holds the note before,
2..31 are onsets of the MIDI pitches 55..84. A bar that begins with holds goes on with a note of the bar before: that
note is not counted, for a bar is judged by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from solfeggio.errors import NotationError, unknown

TICKS, TOKENS, FIRST_PITCH = 24, 32, 2  # tokens a bar, size of the vocabulary, lowest token that is a pitch
SEMITONES = 26  # what the published attributes divide pitch by
# The published weights (6 ticks for each of 4 beats), in hundredths, so that equal sums are equal: an onset off the
# beat counts more than one on it.
COMPLEXITY = np.array([weight for beat in (20, 67, 25, 67) for weight in (beat, 100, 200, 50, 200, 100)])
# Metrical levels of Longuet-Higgins and Lee: bar 0, half -1, quarters -2, eighths and triplets -3, sixteenths -4.
LEVELS = np.array([level for beat in (0, -2, -1, -2) for level in (beat, -4, -3, -3, -3, -4)])


def rhythmic_complexity(tokens: np.ndarray) -> np.ndarray:
    """Onsets weighted by how far they lie from the beat, over the sum of all weights: (..., 24) -> (...), 0..1.

    Source: Pati and Lerch 2020 (AR-VAE). Raises NotationError when the tokens are not folk bars.

    >>> rhythmic_complexity(np.array([2, *[1] * 23])).round(4)
    np.float64(0.0072)
    """
    return (_bars(tokens) >= FIRST_PITCH) @ COMPLEXITY / COMPLEXITY.sum()


def pitch_range(tokens: np.ndarray) -> np.ndarray:
    """Highest minus lowest pitch over 26 semitones: (..., 24) -> (...); 0 with fewer than two notes."""
    bars = _bars(tokens)
    low = np.where(bars >= FIRST_PITCH, bars, TOKENS).min(-1)
    return np.maximum(np.where(bars >= FIRST_PITCH, bars, 0).max(-1) - low, 0) / SEMITONES


def note_density(tokens: np.ndarray) -> np.ndarray:
    """Number of onsets over 24: (..., 24) -> (...), 0..1."""
    return (_bars(tokens) >= FIRST_PITCH).mean(-1)


def contour(tokens: np.ndarray) -> np.ndarray:
    """Last minus first pitch over 26 semitones: (..., 24) -> (...); up is positive, 0 with fewer than two notes.

    The published sum of successive intervals is the same number.
    """
    bars = _bars(tokens)
    on = bars >= FIRST_PITCH
    first, last = on.argmax(-1)[..., None], TICKS - 1 - on[..., ::-1].argmax(-1)[..., None]
    step = np.take_along_axis(bars, last, -1) - np.take_along_axis(bars, first, -1)
    return np.where(on.any(-1), step[..., 0], 0) / SEMITONES


def syncopation(tokens: np.ndarray) -> np.ndarray:
    """Syncopation of Longuet-Higgins and Lee: (..., 24) -> (...), 0 or more, in metrical levels.

    Each note whose sound (or the rest after it) reaches over a stronger place of the bar adds the difference of the two
    levels: bar 0, half -1, quarters -2, eighths and triplets -3, sixteenths -4. What reaches over the next bar line is
    not seen. Source: Longuet-Higgins and Lee 1984, "The rhythmic interpretation of monophonic music".

    >>> bar = np.array([2, 1, 1, 3, 1, 1] + [1] * 18)  # the second eighth is held over the second beat and the third
    >>> syncopation(bar)
    np.float64(2.0)
    """
    on = _bars(tokens) >= FIRST_PITCH
    reach = np.full(on.shape, LEVELS.min(), dtype=int)  # strongest place after a tick and before the next onset
    for tick in range(TICKS - 2, -1, -1):
        later = np.maximum(LEVELS[tick + 1], reach[..., tick + 1])
        reach[..., tick] = np.where(on[..., tick + 1], LEVELS.min(), later)
    return np.where(on, np.maximum(reach - LEVELS, 0), 0).sum(-1).astype(float)


def mean_interval(tokens: np.ndarray) -> np.ndarray:
    """Mean size of the steps from note to note over 26 semitones: (..., 24) -> (...); 0 with fewer than two notes."""
    bars = _bars(tokens)
    on = bars >= FIRST_PITCH
    now, total = np.zeros(bars.shape[:-1], bars.dtype), np.zeros(bars.shape[:-1])
    for tick in range(TICKS):
        total += np.where(on[..., tick] & (now > 0), np.abs(bars[..., tick] - now), 0)
        now = np.where(on[..., tick], bars[..., tick], now)
    return total / np.maximum(on.sum(-1) - 1, 1) / SEMITONES


def repetition(tokens: np.ndarray) -> np.ndarray:
    """Share of the notes after the first whose pitch was heard before in the bar: (..., 24) -> (...), 0..1.

    1: a single pitch; 0: no pitch comes back, or there are fewer than two notes.
    """
    bars = np.sort(_bars(tokens), -1)
    again = (bars[..., 1:] >= FIRST_PITCH) & (bars[..., 1:] == bars[..., :-1])
    return again.sum(-1) / np.maximum((bars >= FIRST_PITCH).sum(-1) - 1, 1)


ATTRIBUTES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "rhythmic_complexity": rhythmic_complexity,
    "pitch_range": pitch_range,
    "note_density": note_density,
    "contour": contour,
    "syncopation": syncopation,
    "mean_interval": mean_interval,
    "repetition": repetition,
}
PUBLISHED = ("rhythmic_complexity", "pitch_range", "note_density", "contour")  # in the order of their dimensions


def attributes(tokens: np.ndarray, names: Sequence[str] = PUBLISHED) -> np.ndarray:
    """Measure the named attributes of folk bars: (..., 24) ints -> (..., k), in the order of ``names``.

    Raises ConfigError for a name that is not in ``ATTRIBUTES``, NotationError when the tokens are not folk bars.

    >>> attributes(np.zeros((5, 24), int), ["contour", "repetition"]).shape
    (5, 2)
    """
    for name in names:
        if name not in ATTRIBUTES:
            raise unknown("attribute", name, ATTRIBUTES)
    bars = _bars(tokens)
    return np.stack([ATTRIBUTES[name](bars) for name in names], -1) if names else np.zeros((*bars.shape[:-1], 0))


def _bars(tokens: np.ndarray) -> np.ndarray:
    bars = np.asarray(tokens)
    what = f"tokens of shape {bars.shape} and type {bars.dtype}"
    if bars.ndim == 0 or bars.shape[-1] != TICKS or not np.issubdtype(bars.dtype, np.integer):
        raise NotationError(what, f"a folk bar is {TICKS} whole numbers on the last axis", "encode the score as bars")
    if bars.size and (bars.min() < 0 or bars.max() >= TOKENS):
        raise NotationError(
            f"tokens from {bars.min()} to {bars.max()}",
            "0 is a rest, 1 a hold, 2..31 are pitches",
            "leave out start and end marks",
        )
    return bars.astype(np.int64)
