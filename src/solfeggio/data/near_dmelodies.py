"""The factors of melodies that are nearly dMelodies: what a network decodes, which need not be one of them."""

from __future__ import annotations

import numpy as np

from solfeggio.data.dmelodies import CHORDS, LENGTH, OCTAVES, REST, RHYTHMS, SEMITONES
from solfeggio.errors import DataError

_APART = (RHYTHMS[None] != ((np.arange(256)[:, None] >> np.arange(8)) & 1)[:, None]).sum(-1)
_NEAREST = _APART.argmin(1)  # rhythm that differs least from each of the 256 patterns of onsets
_ROOTS = (12 * np.arange(len(OCTAVES))[None, :, None] + np.arange(12)[:, None, None] + 1) + np.zeros(3, int)
_UP = (_ROOTS[..., None, None] + SEMITONES[:, CHORDS]).reshape(-1, 4, 3)  # (key, chord, note): 108 keys
_LINES = np.stack([_UP, _UP[..., ::-1]], 2)  # (key, chord, direction, note)
PIECE = 2048  # melodies compared at once


def nearest_factors(melodies: np.ndarray) -> np.ndarray:
    """Read the nine factors of any melodies, (n, 16) tokens to (n, 9); exact for those of dMelodies.

    A bar's rhythm is the one with most onsets and rests in common; its first six notes, in order, are compared with the
    arpeggios of every key, and the key with most notes in common is taken, in it the direction of each chord. Of equals
    the first. Raises DataError for another shape.

    >>> from solfeggio.data.dmelodies import tokens
    >>> nearest_factors(tokens(np.array([1354751]))).tolist()
    [[11, 2, 2, 27, 27, 1, 1, 1, 1]]
    """
    melodies = np.asarray(melodies)
    if melodies.ndim != 2 or melodies.shape[1] != LENGTH:
        raise DataError(f"melodies of shape {melodies.shape}", f"expected (n, {LENGTH}) tokens")
    found = [_read(melodies[i : i + PIECE]) for i in range(0, len(melodies), PIECE)]
    return np.concatenate(found) if found else np.zeros((0, 9), int)


def _read(melodies: np.ndarray) -> np.ndarray:
    bars = melodies.reshape(-1, 2, 8)
    rhythms = _NEAREST[(bars != REST) @ (1 << np.arange(8))]
    order = np.argsort(bars == REST, axis=-1, kind="stable")[..., :6]  # the notes in time, then rests
    notes = np.take_along_axis(bars, order, axis=-1).reshape(-1, 4, 3)
    same = sum((notes[:, None, :, None, i] == _LINES[None, ..., i]).astype(np.int8) for i in range(3))
    best = same.max(-1).sum(-1, dtype=int).argmax(1)  # (n,): its key
    way = same[np.arange(len(bars)), best].argmax(-1)
    tonic, octave, scale = np.unravel_index(best, (12, len(OCTAVES), 3))
    return np.concatenate([np.stack([tonic, octave, scale], 1), rhythms, way], 1)
