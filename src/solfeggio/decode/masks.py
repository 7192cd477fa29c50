"""Masks: what notes or hits allow a factorisation to use, and soft masks that share a mixture out among its parts.

The first two make numpy arrays to multiply with the start of ``nmf``, whose updates keep zeros; the last two run on
numpy arrays and torch tensors alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solfeggio.decode.descent import Array, namespace
from solfeggio.errors import AnswerError, ConfigError
from solfeggio.grid import Grid


def activation_mask(
    starts: Array,
    ends: Array,
    rows: Sequence[int],
    shape: tuple[int, int],
    grid: Grid,
    before: float = 0.1,
    after: float = 0.2,
) -> np.ndarray:
    """Allow each activation only where the score says that it sounds, with tolerance.

    starts, ends: (n,) seconds; of a hit both are its onset. rows: (n,) index of each one's activation. shape: (rank,
    frames) on ``grid``. before, after: seconds allowed around. Returns ``shape`` of 1 where allowed, else 0.
    Raises AnswerError when the lists do not fit each other or a row is not there.

    Source: Ewert and Mueller, "Using score-informed constraints for NMF-based source separation", ICASSP 2012.

    >>> activation_mask([1.0], [2.0], [0], (1, 5), Grid(1), before=0.0, after=1.0)
    array([[0., 1., 1., 1., 0.]])
    """
    first, last = np.asarray(starts, float) - before, np.asarray(ends, float) + after
    index = np.asarray(rows, np.int64)
    if not first.shape == last.shape == index.shape or (index.size and not 0 <= index.min() <= index.max() < shape[0]):
        raise AnswerError(
            f"{first.size} starts, {last.size} ends, {index.size} rows",
            f"expected as many of each, rows below {shape[0]}",
        )
    mask = np.zeros(shape)
    low = np.ceil(grid.positions(first) - 1e-9).astype(int).clip(0)
    high = np.floor(grid.positions(last) + 1e-9).astype(int).clip(-1)
    for row, a, b in zip(index, low, high, strict=True):
        mask[row, a : b + 1] = 1
    return mask


def harmonic_mask(
    pitches: Array, bins_hz: Array, partials: int = 20, tolerance: float = 0.5, decay: float = 0.0
) -> np.ndarray:
    """Allow the template of each pitch only near its partials.

    pitches: (rank,) MIDI numbers. bins_hz: (bin,) centres. tolerance: semitones to each side; the bin nearest to a
    partial is always allowed. decay: a start that falls as ``1 / partial ** decay``. Returns (bin, rank), 0 elsewhere.
    Raises ConfigError for no partials.

    Source: Ewert and Mueller, ICASSP 2012.

    >>> harmonic_mask([69], np.array([220.0, 440.0, 660.0, 880.0, 1320.0]))[:, 0]
    array([0., 1., 0., 1., 1.])
    """
    hz = np.asarray(bins_hz, float)
    if partials < 1 or tolerance < 0:
        raise ConfigError(f"{partials} partials, tolerance {tolerance}", "expected at least 1, and no less than 0")
    mask = np.zeros((len(hz), len(np.asarray(pitches))))
    if not len(hz):
        return mask
    for column, pitch in enumerate(np.asarray(pitches, float)):
        for n in range(partials, 0, -1):  # where two meet, the lower one counts
            f = 440 * 2 ** ((pitch - 69) / 12) * n
            if f > hz.max():
                continue
            near = (hz >= f * 2 ** (-tolerance / 12)) & (hz <= f * 2 ** (tolerance / 12))
            near[np.abs(hz - f).argmin()] = True
            mask[near, column] = n**-decay
    return mask


def soft_masks(models: Array, alpha: float = 1.0) -> Array:
    """Turn what each part would sound like into masks that sum to 1 in every bin and frame.

    models: (part, bin, frame) magnitudes, never negative. alpha: exponent; 1 shares by magnitude, 2 by power (Wiener),
    large ones all to the loudest. Where all are silent each part has the same share.
    Raises ConfigError for an exponent that is not positive, AnswerError for no parts.

    >>> soft_masks(np.array([[[3.0, 0.0]], [[1.0, 0.0]]]))[:, 0]
    array([[0.75, 0.5 ],
           [0.25, 0.5 ]])
    """
    if not alpha > 0:
        raise ConfigError(f"alpha {alpha}", "expected a positive exponent")
    if models.ndim != 3 or not len(models):
        raise AnswerError(f"parts of shape {tuple(models.shape)}", "expected (part, bin, frame), at least one")
    xp = namespace(models)
    loudest = xp.amax(models, 0)
    powers = xp.where(loudest > 0, models / xp.where(loudest > 0, loudest, 1), 1) ** alpha  # no overflow, no 0 / 0
    return powers / powers.sum(0)


def separate_parts(
    v: Array, templates: Array, activations: Array, groups: Sequence[Sequence[int]], alpha: float = 1.0
) -> Array:
    """Share a spectrogram out among groups of templates: (group, bin, frame) that sum to it.

    v: (bin, frame), complex or magnitudes. templates: (bin, rank). activations: (rank, frame). groups: which templates
    make each part; what belongs to none becomes one more part, the last. alpha: see ``soft_masks``.
    Raises ConfigError when a template is in two groups or does not exist.

    >>> parts = separate_parts(np.full((1, 2), 4.0), np.ones((1, 2)), np.array([[3.0, 0.0], [1.0, 2.0]]), [[0], [1]])
    >>> parts[:, 0]
    array([[3., 0.],
           [1., 4.]])
    """
    rank = len(activations)
    used = [k for group in groups for k in group]
    if len(set(used)) < len(used) or not set(used) <= set(range(rank)):
        raise ConfigError(f"groups {[list(group) for group in groups]}", f"expected each of 0..{rank - 1} at most once")
    rest = [k for k in range(rank) if k not in used]
    chosen = [list(group) for group in groups] + ([rest] if rest else [])
    models = [templates[:, group] @ activations[group] for group in chosen]
    return soft_masks(namespace(templates).stack(models), alpha) * v
