"""Novelty and boundaries: signals with a known answer."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.decode.novelty import foote_novelty, pick_boundaries, sections, snap
from solfeggio.errors import AnswerError, ConfigError
from solfeggio.grid import Grid

GRID = Grid(5)


def blocks(order: str, seconds: float = 12.0) -> np.ndarray:
    """(bin, frame) noise around one vector a letter."""
    rng = np.random.default_rng(0)
    sounds = {name: rng.random(12) for name in sorted(set(order))}
    frames = [np.repeat(sounds[name][:, None], GRID.span(seconds), axis=1) for name in order]
    whole = np.concatenate(frames, axis=1)
    return whole + 0.05 * rng.random(whole.shape)


def test_novelty_peaks_where_the_sound_changes():
    curve = foote_novelty(blocks("ABAC"), GRID)
    found = pick_boundaries(curve, GRID, threshold=0.05)
    np.testing.assert_allclose(found, [12, 24, 36], atol=0.2)
    assert curve.max() <= 1


def test_novelty_equals_the_checkerboard_on_the_whole_matrix():
    features = np.random.default_rng(1).random((6, 40))
    reach = 5
    vectors = features - features.mean(1, keepdims=True)
    vectors /= np.linalg.norm(vectors, axis=0)
    padded = np.pad(vectors, ((0, 0), (reach, reach)), mode="edge")
    offsets = np.arange(-reach, reach) + 0.5
    taper = np.exp(-0.5 * (2 * offsets / reach) ** 2)
    kernel = np.outer(np.sign(offsets) * taper, np.sign(offsets) * taper) / taper.sum() ** 2
    whole = padded.T @ padded
    want = [(kernel * whole[t : t + 2 * reach, t : t + 2 * reach]).sum() for t in range(40)]
    np.testing.assert_allclose(foote_novelty(features, GRID, width=1.0), want, atol=1e-9)


@pytest.mark.parametrize("features", [np.zeros((12, 300)), np.ones((12, 300)), np.zeros((12, 0)), np.ones((12, 1))])
def test_sameness_and_silence_have_no_boundaries(features):
    curve = foote_novelty(features, GRID)
    assert curve.shape == (features.shape[1],)
    assert not len(pick_boundaries(curve, GRID, threshold=0.02))


def test_bad_features_and_settings_are_refused():
    with pytest.raises(AnswerError):
        foote_novelty(np.ones(5), GRID)
    with pytest.raises(AnswerError):
        foote_novelty(np.full((2, 5), np.nan), GRID)
    with pytest.raises(ConfigError, match="width"):
        foote_novelty(np.ones((2, 5)), GRID, width=0)
    with pytest.raises(ConfigError, match="most"):
        pick_boundaries(np.ones(5), GRID, threshold=0.1, most=0)


def test_sections_are_never_short_and_long_songs_have_longer_ones():
    rng = np.random.default_rng(0)
    for seconds in (3, 7.9, 40, 1200):
        curve = rng.random(GRID.span(seconds))
        times = pick_boundaries(curve, GRID, threshold=0.0)
        lengths = np.diff([0, *times, seconds])
        least = max(4.0, seconds / 40)
        assert (lengths >= least - 0.21).all() or not len(times)
        assert len(times) < 40
    assert not len(pick_boundaries(rng.random(GRID.span(7.9)), GRID, threshold=0.0))


def test_a_boundary_stands_out_from_its_surroundings():
    curve = 0.9 * np.exp(-0.5 * ((np.arange(300) - 230) / 50) ** 2)  # a hill as wide as a section
    curve[100] += 0.3
    found = pick_boundaries(curve, GRID, threshold=0.2, average=4.0)
    np.testing.assert_allclose(found, [20.0], atol=0.11)


def test_snapping_moves_near_ones_only_and_joins_twins():
    downs = np.arange(0, 20, 2.0)
    np.testing.assert_allclose(snap(np.array([3.5, 4.4, 9.9, 30.0]), downs), [4.0, 10.0, 30.0])
    np.testing.assert_allclose(snap(np.array([3.5]), downs, reach=0.2), [3.5])
    assert snap(np.array([3.5]), np.zeros(0)).tolist() == [3.5]
    assert not len(snap(np.zeros(0), downs))


def test_sections_touch_and_cover():
    found = sections(np.array([-1.0, 4.0, 9.0, 12.0]), 10.0)
    assert found.starts.tolist() == [0, 4, 9]
    assert found.ends.tolist() == [4, 9, 10]
    assert not len(sections(np.array([1.0]), 0.0))
