from __future__ import annotations

import numpy as np
import pytest
import torch

from solfeggio.decode.descent import COSTS
from solfeggio.decode.nmf import nmf
from solfeggio.decode.nmfd import nmfd, reconstruct
from solfeggio.errors import AnswerError, ConfigError


def drums(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two drums that ring for four frames, struck at times of their own."""
    rng = np.random.default_rng(seed)
    w = rng.random((20, 2, 4)) ** 4 * np.exp(-np.arange(4))
    w /= w.sum((0, 2))[None, :, None]
    h = np.zeros((2, 60))
    h[0, ::12], h[1, 6::12] = rng.random(5) + 0.5, rng.random(5) + 0.5
    return w, h, reconstruct(w, h)


@pytest.mark.parametrize("cost", COSTS)
def test_one_frame_is_nmf(cost):
    v = drums()[2] + 0.01
    rng = np.random.default_rng(0)
    w, h = rng.random((20, 3)), rng.random((3, 60))
    one = nmf(v, templates=w, activations=h, cost=cost, iterations=5, accelerate=False)
    same = nmfd(v, templates=w[:, :, None], activations=h, cost=cost, iterations=5, accelerate=False)
    assert same.templates[:, :, 0] == pytest.approx(one.templates)
    assert same.activations == pytest.approx(one.activations)
    assert same.costs == pytest.approx(one.costs)


def test_known_drums_tell_when_they_are_struck():
    w, h, v = drums()
    found = nmfd(v, templates=w, fixed=2, iterations=500, tolerance=1e-8)
    assert found.activations == pytest.approx(h, abs=0.02)
    assert np.array_equal(found.templates, w)


def test_allowed_only_at_onsets_the_whole_sound_is_learnt():
    w, h, v = drums()
    found = nmfd(v, 2, 4, activations=(h > 0).astype(float), iterations=500, tolerance=1e-9)
    assert found.templates == pytest.approx(w, abs=0.01)
    assert found.templates.sum((0, 2)) == pytest.approx(1)
    assert not found.activations[h == 0].any()


@pytest.mark.parametrize("cost", COSTS)
def test_tensors_give_what_arrays_give(cost):
    v = drums()[2] + 0.01
    array, tensor = nmfd(v, 2, 3, cost=cost, iterations=6), nmfd(torch.from_numpy(v), 2, 3, cost=cost, iterations=6)
    assert tensor.templates.numpy() == pytest.approx(array.templates)
    assert tensor.activations.numpy() == pytest.approx(array.activations)


def test_edges_are_defined_and_misfits_refused():
    silent = nmfd(np.zeros((3, 5)), 2, 2)
    assert silent.costs == [0.0] and not silent.activations.any()
    assert nmfd(np.ones((3, 1)), 1, 4, iterations=50).costs[-1] < 1e-3  # longer than the sound
    assert nmfd(np.zeros((3, 0)), 1, 4).activations.shape == (1, 0)
    for settings in (
        {"rank": 1},
        {"rank": 0, "length": 2},
        {"templates": np.ones((2, 1, 2))},
        {"rank": 1, "length": 0},
    ):
        with pytest.raises(ConfigError):
            nmfd(np.ones((3, 5)), **settings)
    with pytest.raises(AnswerError):
        nmfd(-np.ones((3, 5)), 1, 2)
