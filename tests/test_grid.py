"""Grid: frames, samples and seconds convert exactly, both ways."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solfeggio.errors import ConfigError
from solfeggio.grid import Grid

grids = st.builds(
    Grid.of_hop, st.sampled_from([8000, 11025, 22050, 44100, 48000]), st.integers(1, 4096), st.integers(-4096, 4096)
)


@given(grids, st.integers(0, 10_000_000))
def test_a_frames_time_is_in_that_frame(grid, frame):
    assert grid.frames(grid.times(np.array([frame])))[0] == frame


@given(grids, st.integers(0, 100_000))
def test_times_are_the_exact_fractions_rounded_once(grid, frame):
    exact = grid.offset + frame / grid.rate
    assert grid.times(np.array([frame]))[0] == pytest.approx(float(exact), rel=1e-15, abs=1e-15)


@given(grids, st.floats(-1000, 1000))
def test_the_nearest_frame_is_at_most_half_a_frame_away(grid, seconds):
    assert abs(float(grid.positions(seconds)) - int(grid.frames(seconds))) <= 0.5 + 1e-6


@given(grids, st.integers(0, 1000), st.integers(1, 8))
def test_shift_and_refine_keep_frames_where_they_are(grid, frame, factor):
    assert grid.shift(frame).times(1)[0] == pytest.approx(grid.times(frame + 1)[-1], abs=1e-9)
    assert grid.refine(factor).times(np.array([frame * factor]))[0] == pytest.approx(
        grid.times(frame + 1)[-1], abs=1e-9
    )


@given(grids, st.integers(0, 5000))
def test_count_is_the_frames_before_the_end(grid, frames):
    assert grid.count(float(grid.offset + frames / grid.rate)) == frames
    assert grid.count(float(grid.offset + (frames + Fraction(1, 2)) / grid.rate)) == frames + 1
    assert grid.span(float(frames / grid.rate)) == frames


def test_halves_go_up_and_times_accept_arrays():
    grid = Grid(50)
    assert grid.frames([0.01, 0.03, -0.01]).tolist() == [1, 2, 0]
    assert grid.times(np.array([0.5, 2])).tolist() == [0.01, 0.04]
    assert grid.count(-1) == 0
    assert Grid(50) == Grid.of_hop(22050, 441)
    assert Grid(50).hop(22050) == 441


@pytest.mark.parametrize("make", [lambda: Grid(0), lambda: Grid(-50), lambda: Grid.of_hop(22050, 0)])
def test_a_grid_moves_forward(make):
    with pytest.raises(ConfigError):
        make()
