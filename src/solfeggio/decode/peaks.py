"""Peaks of an activation: the simplest way from a curve to points in time."""

from __future__ import annotations

import numpy as np

from solfeggio.errors import AnswerError, ConfigError
from solfeggio.grid import Grid


def pick_peaks(
    values: np.ndarray,
    grid: Grid,
    *,
    threshold: float,
    width: float = 0.0,
    average: float = 0.0,
    gap: float = 0.0,
    refine: bool = False,
) -> np.ndarray:
    """Find the times of local maxima that stand out.

    values: (n,) activation at the n frames of ``grid``. A frame is a peak when it is the largest within ``width``
    seconds on either side (one frame at least; of equals, the first) and reaches ``threshold``, after the mean over
    ``average`` seconds on either side is taken off (0: as it is). Of peaks less than ``gap`` seconds apart the highest
    stays. refine: place the peak at the top of the parabola through it and its two neighbours.
    Returns (m,) seconds, increasing. Raises AnswerError for values that are not (n,) numbers, ConfigError for
    negative lengths.

    Source: Boeck, Krebs, Schedl, "Evaluating the online capabilities of onset detection methods", ISMIR 2012.

    >>> pick_peaks(np.array([0, 1, 0, 0, 0.4, 0.9, 0.2]), Grid(10), threshold=0.5)
    array([0.1, 0.5])
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or np.isnan(values).any():
        raise AnswerError(f"activation of shape {values.shape}", "expected (n,) numbers without NaN")
    for name, seconds in (("width", width), ("average", average), ("gap", gap)):
        if not 0 <= seconds < np.inf:
            raise ConfigError(f"{name} {seconds} s", "expected 0 or more")
    if not len(values):
        return np.zeros(0)
    reach = max(1, grid.span(width))
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, reach, constant_values=-np.inf), reach)
    before, after = around[: len(values)].max(1), around[reach + 1 :].max(1)
    height = values - _mean(values, grid.span(average)) if average else values
    peaks = np.flatnonzero((values > before) & (values >= after) & (height >= threshold))
    peaks = _apart(peaks, height[peaks], float(gap * grid.rate))
    return grid.times(top(values, peaks) if refine else peaks)


def _mean(values: np.ndarray, reach: int) -> np.ndarray:
    total = np.concatenate([[0.0], np.cumsum(values)])
    index = np.arange(len(values))
    low, high = np.maximum(index - reach, 0), np.minimum(index + reach + 1, len(values))
    return (total[high] - total[low]) / (high - low)


def _apart(peaks: np.ndarray, height: np.ndarray, gap_frames: float) -> np.ndarray:
    """Keep the highest, drop what is closer than the gap, and so on; all undisputed peaks of a round at once."""
    kept = np.zeros(0, np.int64)
    rank = np.empty(len(peaks), np.int64)
    rank[np.lexsort((-peaks, height))] = np.arange(len(peaks))
    while len(peaks):
        low = np.searchsorted(peaks, peaks - gap_frames, "right")
        high = np.searchsorted(peaks, peaks + gap_frames, "left")
        low, high = np.minimum(low, np.arange(len(peaks))), np.maximum(high, np.arange(len(peaks)) + 1)
        best = np.maximum.reduceat(np.append(rank, -1), np.stack([low, high], 1).ravel())[::2]
        won = best == rank
        kept = np.union1d(kept, peaks[won])
        near = np.add.reduceat(np.append(won, False), np.stack([low, high], 1).ravel(), dtype=np.int64)[::2] > 0
        peaks, rank = peaks[~near], rank[~near]
    return kept


def top(values: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """Fractional frames of the tops of the parabolas through ``peaks`` (frames of values) and their neighbours."""
    inner = (peaks > 0) & (peaks < len(values) - 1)
    left, right = values[np.maximum(peaks - 1, 0)], values[np.minimum(peaks + 1, len(values) - 1)]
    bend = 2 * values[peaks] - left - right
    sharp = inner & (bend > 0) & np.isfinite(bend)
    return peaks + np.where(sharp, 0.5 * (right - left) / np.where(sharp, bend, 1), 0)
