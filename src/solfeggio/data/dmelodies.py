"""dMelodies: every two-bar melody of nine factors, made when it is asked for.

Pati, Gururani, Lerch, "dMelodies: a music dataset for disentanglement learning", ISMIR 2020; re-made from its rules.
A melody is I IV | V I in a key: each chord is an arpeggio of three notes, up or down, on three of the six positions
that a bar's rhythm chooses of its eight eighths; positions without an onset are rests.
"""

from __future__ import annotations

from itertools import combinations
from math import prod

import numpy as np

from solfeggio.errors import DataError

NAMES = ("tonic", "octave", "scale", "rhythm 1", "rhythm 2", "chord 1", "chord 2", "chord 3", "chord 4")
SIZES = (12, 3, 3, 28, 28, 2, 2, 2, 2)
COUNT = prod(SIZES)  # 1,354,752 melodies
LENGTH = 16  # eighths, eight a bar
REST = 0
LOWEST = 60  # MIDI pitch of token 1: tonic C, octave 4
VOCABULARY = 51  # the rest and fifty pitches, C4 to C#8
SCALES = ("major", "minor", "blues")
OCTAVES = (4, 5, 6)
SEMITONES = np.array([[0, 2, 4, 5, 7, 9, 11, 12, 14], [0, 2, 3, 5, 7, 8, 11, 12, 14], [0, 2, 3, 5, 6, 9, 10, 12, 14]])
CHORDS = np.array([[0, 2, 4], [3, 5, 7], [4, 6, 8], [0, 2, 4]])  # I IV V I in scale degrees, counted from 0
RHYTHMS = np.array([[i in chosen for i in range(8)] for chosen in combinations(range(8), 6)])  # (28, 8)

_RANK = np.cumsum(RHYTHMS, axis=1) - 1  # which of the bar's six notes a position plays, where it plays
_RHYTHM_OF = np.full(256, -1)
_RHYTHM_OF[RHYTHMS @ (1 << np.arange(8))] = np.arange(28)


def factors(indices: np.ndarray | int) -> np.ndarray:
    """Say which value each factor has: (..., 9) in the order of NAMES; the first factor changes slowest.

    indices: melodies, 0 to COUNT - 1, of any shape. Raises DataError for others.

    >>> factors(0).tolist(), factors(COUNT - 1).tolist()
    ([0, 0, 0, 0, 0, 0, 0, 0, 0], [11, 2, 2, 27, 27, 1, 1, 1, 1])
    """
    indices = _whole(indices, "index")
    if indices.size and not (indices.min() >= 0 and indices.max() < COUNT):
        raise DataError("dMelodies index out of range", f"there are {COUNT:,} melodies", "count from 0")
    return np.stack(np.unravel_index(indices, SIZES), axis=-1)


def index_of(values: np.ndarray) -> np.ndarray:
    """Find the melodies with these factor values, (..., 9): their indices, (...); the inverse of ``factors``.

    >>> int(index_of(factors(123456)))
    123456
    """
    values = _whole(values, "factor")
    if values.ndim < 1 or values.shape[-1] != len(SIZES):
        raise DataError(f"factors of shape {values.shape}", f"expected (..., {len(SIZES)})")
    if (values < 0).any() or (values >= np.array(SIZES)).any():
        raise DataError("dMelodies factor out of range", f"the factors have {SIZES} values")
    return np.asarray(np.ravel_multi_index(tuple(np.moveaxis(values, -1, 0)), SIZES))


def tokens(indices: np.ndarray | int) -> np.ndarray:
    """Write melodies: (..., 16) tokens, one an eighth; 0 is a rest, others stand for MIDI pitch token + 59.

    >>> tokens(0).tolist()
    [1, 5, 8, 6, 10, 13, 0, 0, 8, 12, 15, 1, 5, 8, 0, 0]
    """
    found = factors(indices)
    tonic, octave, scale = found[..., 0], found[..., 1], found[..., 2]
    root = LOWEST + 12 * octave + tonic
    steps = SEMITONES[:, CHORDS][scale]  # (..., 4, 3), upwards
    steps = np.where(found[..., 5:, None] == 1, steps[..., ::-1], steps)
    notes = (root[..., None, None] + steps - LOWEST + 1).reshape(*root.shape, 2, 6)
    rhythm = found[..., 3:5]
    played = np.take_along_axis(notes, np.maximum(_RANK[rhythm], 0), axis=-1)
    return np.where(RHYTHMS[rhythm], played, REST).reshape(*root.shape, LENGTH)


def factors_of(melodies: np.ndarray) -> np.ndarray:
    """Recover the nine factors from the notes alone: (..., 16) tokens to (..., 9), exactly.

    Raises DataError when a melody is not one of dMelodies.

    >>> factors_of(tokens(123456)).tolist() == factors(123456).tolist()
    True
    """
    melodies = _whole(melodies, "token")
    if melodies.ndim < 1 or melodies.shape[-1] != LENGTH:
        raise DataError(f"melodies of shape {melodies.shape}", f"expected (..., {LENGTH}) tokens")
    plays = (melodies != REST).reshape(*melodies.shape[:-1], 2, 8)
    rhythm = _RHYTHM_OF[plays @ (1 << np.arange(8))]
    if (rhythm < 0).any():
        raise DataError("a melody that is not in dMelodies", "each bar has six notes and two rests")
    order = np.argsort(melodies == REST, axis=-1, kind="stable")[..., :12]  # the notes, in time
    notes = np.take_along_axis(melodies, order, axis=-1).reshape(*melodies.shape[:-1], 4, 3)
    low, middle, high = np.moveaxis(np.sort(notes[..., 0, :], axis=-1), -1, 0)
    shape = (middle - low) * 12 + high - low
    scale = np.select([shape == 4 * 12 + 7, shape == 3 * 12 + 7], [0, 1], 2)
    octave, tonic = np.divmod(low - 1, 12)
    found = np.concatenate(
        [np.stack([tonic, octave, scale], axis=-1), rhythm, (notes[..., 0] > notes[..., 2]).astype(int)], axis=-1
    )
    if not ((octave < len(OCTAVES)).all() and np.array_equal(tokens(index_of(found)), melodies)):
        raise DataError("a melody that is not in dMelodies", "its notes are not I IV | V I in a key")
    return found


def pitch_of(melodies: np.ndarray) -> np.ndarray:
    """MIDI pitch of each token, -1 for a rest.

    >>> pitch_of(np.array([1, 0, 50])).tolist()
    [60, -1, 109]
    """
    melodies = _whole(melodies, "token")
    return np.where(melodies == REST, -1, melodies + LOWEST - 1)


def split(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shuffle all indices by a seed and cut them 70 / 20 / 10 %: indices to train on, to validate, to test.

    As published: every value of every factor is met in training.

    >>> [len(side) for side in split(0)]
    [948326, 270950, 135476]
    """
    order = np.random.default_rng(seed).permutation(COUNT)
    first, second = COUNT * 7 // 10, COUNT * 9 // 10
    return order[:first], order[first:second], order[second:]


def _whole(values: np.ndarray | int, name: str) -> np.ndarray:
    """An array of whole numbers; raises DataError for others."""
    values = np.asarray(values)
    if values.dtype.kind not in "iu":
        raise DataError(f"dMelodies {name} of type {values.dtype}", "expected whole numbers")
    return values.astype(np.int64)
