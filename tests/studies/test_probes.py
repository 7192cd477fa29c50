"""Linear probes: frames near hits are marked, drawn evenly, and told apart where a plane can."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.answers import Events
from solfeggio.errors import DataError
from solfeggio.grid import Grid
from solfeggio.metrics.events import evaluate_drums
from solfeggio.studies.probes import fit_probes, hit_frames, sample, settle, stacked

GRID = Grid(100)
TRUTH = Events(np.arange(1, 37) * 0.25, ["KD", "HH", "SD"] * 12)
FRAMES = 1000


def features(noise: float, seed: int = 0) -> np.ndarray:
    """Directions of a feature space that light up with the drums, in noise."""
    rng = np.random.default_rng(seed)
    return hit_frames(TRUTH, GRID, FRAMES) @ rng.normal(0, 1, (3, 12)) + noise * rng.normal(0, 1, (FRAMES, 12)) + 5


def learned(noise: float):
    x, marks = features(noise), hit_frames(TRUTH, GRID, FRAMES)
    chosen = sample(marks, 200, np.random.default_rng(0))
    probes = fit_probes(x[chosen], marks[chosen], 1.0)
    return settle(probes, [(probes.decide(x), TRUTH)], GRID), x


def test_hits_are_read_where_a_plane_can_tell_them():
    probes, x = learned(0.1)
    assert evaluate_drums(TRUTH, probes.hits(probes.decide(x), GRID))["mean F"] > 0.95


def test_features_that_know_nothing_tell_nothing():
    marks = hit_frames(TRUTH, GRID, FRAMES)
    noise = np.random.default_rng(1).normal(0, 1, (FRAMES, 12))
    probes = fit_probes(noise[:500], marks[:500], 1.0)
    probes = settle(probes, [(probes.decide(noise[:500]), TRUTH.cut(0, 5))], GRID)
    assert evaluate_drums(TRUTH, probes.hits(probes.decide(noise), GRID))["mean F"] < 0.5


def test_frames_are_drawn_half_from_hits_and_never_twice():
    marks = hit_frames(TRUTH, GRID, FRAMES)
    chosen = sample(marks, 100, np.random.default_rng(0))
    assert len(set(chosen)) == 100 and marks[chosen].any(1).sum() == 50


def test_a_drum_that_is_never_struck_is_never_heard():
    marks = hit_frames(TRUTH.named("KD", "SD"), GRID, FRAMES)
    probes = fit_probes(features(0.1), marks, 1.0)
    assert "HH" not in probes.hits(probes.decide(features(0.1)), GRID).labels
    with pytest.raises(DataError):
        fit_probes(np.zeros((0, 3)), np.zeros((0, 3), bool))


def test_stacking_puts_neighbours_beside_each_other():
    x = np.random.default_rng(0).normal(size=(9, 4))
    wide = stacked(x, 2)
    assert wide.shape == (9, 20)
    assert np.array_equal(wide[4], x[2:7].ravel()) and not wide[0, :8].any()
