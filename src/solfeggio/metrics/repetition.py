"""Repetition and key of bars that were written into a gap: does a melody still come back, and stay in its scale?

Bars are folk bars, (bar, 24) tokens: 0 rest, 1 hold, 2..31 onsets of MIDI 55..84. A gap is (first, stop), from 0.
"""

from __future__ import annotations

import numpy as np

from solfeggio.tokens import HOLD, LOWEST

SCALES = np.array([[(pitch - tonic) % 12 in (0, 2, 4, 5, 7, 9, 11) for pitch in range(12)] for tonic in range(12)])
SAME = 0.9  # share of equal tokens from which on one bar repeats another


def resemblance(bars: np.ndarray, first: int, stop: int) -> np.ndarray:
    """Share of equal tokens of each bar of the gap with every bar: (stop - first, bar), 0..1; NaN with itself.

    >>> resemblance(np.zeros((3, 24), int), 1, 2)
    array([[ 1., nan,  1.]])
    """
    share = (bars[first:stop, None] == bars[None]).mean(-1)
    share[np.arange(stop - first), np.arange(first, stop)] = np.nan
    return share


def repeats(bars: np.ndarray, first: int, stop: int) -> float:
    """Share of the gap's bars that repeat another bar of the melody: 0..1. Two bars are the same from 90 % on."""
    return float((np.nanmax(resemblance(bars, first, stop), 1) >= SAME).mean())


def repetition_error(written: np.ndarray, real: np.ndarray, first: int, stop: int) -> float:
    """How far the repetition structure of what was written is from the real one: 0 (the same) to 1.

    Mean over bars of the gap and all other bars of the difference between the two resemblances.
    """
    return float(np.nanmean(np.abs(resemblance(written, first, stop) - resemblance(real, first, stop))))


def scale_of(bars: np.ndarray) -> np.ndarray:
    """Pitch classes of the major scale, in any of its modes, that holds most of the sounding time: (12,) bool.

    Of equal scales the first from C upwards.
    """
    flat = bars.reshape(-1)
    place = np.maximum.accumulate(np.where(flat > HOLD, np.arange(len(flat)), -1))
    sounds = (flat >= HOLD) & (place >= 0)
    classes = (flat[place[sounds]] - 2 + LOWEST) % 12
    return SCALES[(SCALES @ np.bincount(classes, minlength=12)).argmax()]


def in_key(written: np.ndarray, real: np.ndarray, first: int, stop: int) -> float:
    """Share of the notes in the gap that belong to the scale of the real melody; NaN where there are no notes.

    >>> bars = np.ones((2, 24), int)
    >>> bars[:, 0], bars[0, 6], bars[0, 12] = 7, 9, 11
    >>> in_key(bars, bars, 1, 2)
    1.0
    """
    tokens = written[first:stop].reshape(-1)
    pitches = tokens[tokens > HOLD] - 2 + LOWEST
    return float(scale_of(real)[pitches % 12].mean()) if len(pitches) else float("nan")
