"""Peaks: what counts as one, which of two stays, and where between frames it lies."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.decode.peaks import pick_peaks
from solfeggio.errors import AnswerError, ConfigError
from solfeggio.grid import Grid

GRID = Grid(100, 0.5)


def bumps(times, heights, frames=1000, width=0.02):
    distance = GRID.times(frames)[:, None] - np.asarray(times)
    return (np.asarray(heights) * np.exp(-0.5 * (distance / width) ** 2)).max(1)


def test_peaks_above_the_threshold_in_seconds_of_the_grid():
    found = pick_peaks(bumps([1.0, 2.0, 3.0], [0.9, 0.3, 0.6]), GRID, threshold=0.5)
    np.testing.assert_allclose(found, [1.0, 3.0])


def test_a_peak_is_the_largest_within_the_width():
    values = bumps([1.0, 1.15, 2.0], [0.9, 0.6, 0.7])
    np.testing.assert_allclose(pick_peaks(values, GRID, threshold=0.5, width=0.2), [1.0, 2.0])
    np.testing.assert_allclose(pick_peaks(values, GRID, threshold=0.5, width=0.1), [1.0, 1.15, 2.0])


def test_the_highest_of_close_peaks_stays_and_frees_the_one_beyond_it():
    values = bumps([1.0, 1.2, 1.4, 1.6], [0.6, 0.7, 0.8, 0.9])
    np.testing.assert_allclose(pick_peaks(values, GRID, threshold=0.5, gap=0.25), [1.2, 1.6])
    np.testing.assert_allclose(pick_peaks(values, GRID, threshold=0.5, gap=0.2), [1.0, 1.2, 1.4, 1.6])


def test_the_moving_average_takes_a_slow_rise_off():
    slope = np.linspace(0, 2, 1000)
    values = slope + bumps([2.0, 6.0], [0.5, 0.5])
    np.testing.assert_allclose(pick_peaks(values, GRID, threshold=0.3, average=0.5), [2.0, 6.0], atol=0.011)
    without = pick_peaks(values, GRID, threshold=1.5)  # only height counts, so the end of the slope does
    np.testing.assert_allclose(without, [6.0, 10.49], atol=0.011)


def test_refining_finds_the_top_between_frames():
    log = -((GRID.times(1000) - 3.0037) ** 2) * 100
    assert pick_peaks(log, GRID, threshold=-1, refine=True) == pytest.approx([3.0037], abs=1e-9)
    assert pick_peaks(log, GRID, threshold=-1) == pytest.approx([3.0])


def test_a_plateau_and_the_edges_are_peaks_once():
    assert pick_peaks(np.array([0, 1, 1, 1, 0.0]), Grid(1), threshold=0.5).tolist() == [1.0]
    assert pick_peaks(np.array([1, 0, 0, 2.0]), Grid(1), threshold=0.5, refine=True).tolist() == [0.0, 3.0]
    assert pick_peaks(np.array([1.0]), Grid(1), threshold=0.5, width=9.0, average=9.0).tolist() == []
    assert pick_peaks(np.array([1.0]), Grid(1), threshold=0.5, width=9.0).tolist() == [0.0]
    assert pick_peaks(np.zeros(0), GRID, threshold=0.5).shape == (0,)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(AnswerError):
        pick_peaks(np.zeros((2, 3)), GRID, threshold=0.5)
    with pytest.raises(AnswerError):
        pick_peaks(np.array([0, np.nan]), GRID, threshold=0.5)
    with pytest.raises(ConfigError, match="gap"):
        pick_peaks(np.zeros(3), GRID, threshold=0.5, gap=-1)
