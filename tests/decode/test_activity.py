"""Activity: the median against numpy's on each frame, and stretches against the frames they came from."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solfeggio.decode.activity import smoothed, stretches
from solfeggio.errors import ConfigError
from solfeggio.grid import Grid
from solfeggio.metrics.tags import active_frames

GRID = Grid(Fraction(10))


@given(st.integers(0, 999), st.sampled_from([1, 3, 7, 11]), st.sampled_from([1, 2, 30, 5000]))
@settings(max_examples=25, deadline=None)
def test_median_of_every_frame(seed, frames, count):
    values = np.random.default_rng(seed).random((count, 2))
    made, half = smoothed(values, frames), frames // 2
    assert made.shape == values.shape
    for i in {0, count // 2, count - 1, min(4096, count - 1)}:
        around = values[np.clip(np.arange(i - half, i + half + 1), 0, count - 1)]
        assert made[i] == pytest.approx(np.median(around, 0))


def test_a_median_needs_a_middle():
    for frames in (0, 2, -3):
        with pytest.raises(ConfigError, match="odd"):
            smoothed(np.zeros((9, 1)), frames)


@given(st.integers(0, 999), st.integers(0, 60))
@settings(max_examples=40, deadline=None)
def test_stretches_are_the_frames_above_the_threshold(seed, count):
    values = np.random.default_rng(seed).random((count, 3))
    limits = np.array([0.2, 0.5, 0.9])
    found = stretches(values, GRID, ("a", "b", "c"), limits)
    assert np.array_equal(active_frames(found, ["a", "b", "c"], GRID.times(count)), values > limits)
    for label, start, end, value in zip(found.labels, found.starts, found.ends, found.values, strict=True):
        inside = (GRID.times(count) >= start) & (GRID.times(count) < end)
        assert value == pytest.approx(values[inside, "abc".index(label)].mean(), abs=1e-6)
