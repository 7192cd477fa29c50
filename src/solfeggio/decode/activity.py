"""From how likely each label is at each moment to stretches of time that may overlap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solfeggio.answers import Segments
from solfeggio.errors import ConfigError
from solfeggio.grid import Grid


def smoothed(probabilities: np.ndarray, frames: int) -> np.ndarray:
    """Median of each label (frame, label) over ``frames`` frames, an odd number: what is shorter than half is gone.

    Raises ConfigError for an even number or none.

    >>> smoothed(np.array([[0.0], [1.0], [0.0], [1.0], [1.0]]), 3).ravel()
    array([0., 0., 1., 1., 1.])
    """
    if frames < 1 or frames % 2 == 0:
        raise ConfigError(f"a median of {frames} frames", "it needs a middle", "give an odd number of frames")
    if frames == 1 or not len(probabilities):
        return np.asarray(probabilities)
    padded = np.pad(probabilities, ((frames // 2, frames // 2), (0, 0)), mode="edge")
    out = np.empty(probabilities.shape)
    for start in range(0, len(out), 4096):  # as much as needs little memory
        part = padded[start : start + 4096 + frames - 1]
        out[start : start + 4096] = np.median(np.lib.stride_tricks.sliding_window_view(part, frames, axis=0), -1)
    return out


def stretches(
    probabilities: np.ndarray, grid: Grid, labels: Sequence[str], thresholds: np.ndarray | float = 0.5
) -> Segments:
    """Stretches in which a label is likelier than its threshold, their mean probability as value.

    probabilities: (frame, label). thresholds: one for all labels, or one for each. A frame reaches half a frame to
    either side. Sorted by start, then in the order of ``labels``.

    >>> found = stretches(np.array([[0.2, 0.9], [0.8, 0.7], [0.9, 0.1]]), Grid(1), ("drums", "bass"))
    >>> found.labels, found.starts, found.ends, found.values
    (('bass', 'drums'), array([0. , 0.5]), array([1.5, 2.5]), array([0.8 , 0.85]))
    """
    active = np.asarray(probabilities) > thresholds
    edges = np.diff(np.pad(active.astype(np.int8), ((1, 1), (0, 0))), axis=0)
    rows = []
    for label in range(active.shape[1]):
        firsts, lasts = np.flatnonzero(edges[:, label] == 1), np.flatnonzero(edges[:, label] == -1)
        for first, last in zip(firsts, lasts, strict=True):
            rows.append((first, label, last, float(np.mean(probabilities[first:last, label]))))
    rows.sort()
    starts, ends = (np.maximum(grid.times(np.array([row[i] for row in rows]) - 0.5), 0) for i in (0, 2))
    return Segments(starts, ends, [labels[row[1]] for row in rows], np.round([row[3] for row in rows], 6))
