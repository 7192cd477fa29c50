"""Boundaries of sections: Foote's novelty of a self-similarity matrix, and peaks of any boundary curve."""

from __future__ import annotations

import numpy as np

from solfeggio.answers import Segments
from solfeggio.decode.peaks import pick_peaks
from solfeggio.errors import AnswerError, ConfigError
from solfeggio.grid import Grid

SHORTEST = 4.0  # seconds: no section is shorter
MOST = 40  # sections of a song: in long songs sections are longer


def unit(features: np.ndarray) -> np.ndarray:
    """Make each column of (bin, frame) features a unit vector after each bin's mean is taken off; silence stays 0."""
    features = np.asarray(features, np.float64)
    if features.ndim != 2 or not np.isfinite(features).all():
        raise AnswerError(f"features of shape {features.shape}", "expected (bin, frame) finite numbers")
    sounding = np.abs(features).max(0, initial=0) > 1e-6
    if not sounding.any():
        return np.zeros_like(features)
    centred = np.where(sounding, features - features[:, sounding].mean(1, keepdims=True), 0)
    return centred / np.maximum(np.linalg.norm(centred, axis=0), 1e-9)


def foote_novelty(features: np.ndarray, grid: Grid, width: float = 8.0) -> np.ndarray:
    """Compare the ``width`` seconds before and after each frame: alike within, unlike across is a boundary.

    features: (bin, frame) on ``grid``. A checkerboard with Gaussian taper moves along the diagonal of the cosine
    similarities. Returns (frame,) novelty, at most 1, 0 where all is the same. Raises AnswerError for features that
    are no finite matrix, ConfigError when the width is not positive.

    Source: Foote, "Automatic audio segmentation using a measure of audio novelty", ICME 2000.

    >>> curve = foote_novelty(np.repeat(np.eye(2), 20, axis=1), Grid(1))
    >>> int(curve.argmax())
    20
    """
    if not 0 < width < np.inf:
        raise ConfigError(f"width {width} s", "expected more than 0")
    vectors = unit(features)
    reach = max(1, grid.span(width))
    offsets = np.arange(-reach, reach) + 0.5
    taper = np.exp(-0.5 * (2 * offsets / reach) ** 2)
    sides = np.sign(offsets) * taper  # the checkerboard is the product of these with themselves
    frames = vectors.shape[1]
    padded = np.pad(vectors, ((0, 0), (reach, reach)), mode="edge") if frames else np.zeros((len(vectors), 2 * reach))
    # v' K v with K = sides x sides is the squared length of the weighted sum of the vectors
    weighted = np.stack([np.convolve(row, sides[::-1], "valid")[:frames] for row in padded])
    return (weighted**2).sum(0) / taper.sum() ** 2


def pick_boundaries(
    curve: np.ndarray,
    grid: Grid,
    *,
    threshold: float,
    average: float = 8.0,
    shortest: float = SHORTEST,
    most: int = MOST,
) -> np.ndarray:
    """Find the boundaries of sections: peaks that rise ``threshold`` above the mean over ``average`` seconds around.

    curve: (n,) novelty or probability. No section is shorter than ``shortest`` seconds, nor than the ``most``-th part
    of the song, the first and the last one included. Returns (m,) seconds, increasing, without the start and the end.
    Raises as ``pick_peaks``, and ConfigError when fewer than one section is allowed.

    Source: Ullrich, Schlueter, Grill, "Boundary detection in music structure analysis using convolutional neural
    networks", ISMIR 2014 (local maxima against a moving average).
    """
    if most < 1:
        raise ConfigError(f"most {most}", "a song has one section at least")
    duration = len(curve) / float(grid.rate)
    gap = max(shortest, duration / most)
    times = pick_peaks(curve, grid, threshold=threshold, width=gap / 2, average=average, gap=gap, refine=True)
    return times[(times >= gap - 1e-6) & (times <= duration - gap + 1e-6)]


def snap(times: np.ndarray, marks: np.ndarray, reach: float = 1.0) -> np.ndarray:
    """Move each time to the nearest of the sorted ``marks`` (downbeats) within ``reach`` seconds; twins become one.

    >>> snap(np.array([1.9, 7.0]), np.array([0.0, 2.0, 4.0]))
    array([2., 7.])
    """
    if not len(marks) or not len(times):
        return np.asarray(times, float)
    near = marks[np.abs(marks[None] - np.asarray(times)[:, None]).argmin(1)]
    return np.unique(np.where(np.abs(near - times) <= reach, near, times))


def sections(boundaries: np.ndarray, duration: float, label: str = "section") -> Segments:
    """Turn boundaries into sections that touch, from 0 to ``duration``; a recording of no length has none.

    >>> sections(np.array([4.0]), 10.0).ends
    array([ 4., 10.])
    """
    if duration <= 0:
        return Segments([], [])
    inner = [float(time) for time in boundaries if 0 < time < duration]
    return Segments([0.0, *inner], [*inner, duration], [label] * (len(inner) + 1))
