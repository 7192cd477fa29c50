from __future__ import annotations

import numpy as np
import pytest
import torch

from solfeggio.decode.descent import COSTS, divergence
from solfeggio.decode.nmf import nmf, partially_fixed
from solfeggio.errors import AnswerError, ConfigError


def mixture(bins: int = 30, rank: int = 3, frames: int = 40, seed: int = 0, dtype=np.float64):
    """Templates, activations and their product, where each template has bins and frames of its own."""
    rng = np.random.default_rng(seed)
    w, h = rng.random((bins, rank)) ** 4, rng.random((rank, frames)) ** 4
    for k in range(rank):
        w[k], h[:, k] = np.eye(rank)[k], np.eye(rank)[k]
    w /= w.sum(0)
    return w.astype(dtype), h.astype(dtype), (w @ h).astype(dtype)


@pytest.mark.parametrize("cost", ["kl", "euclidean"])
@pytest.mark.parametrize("accelerate", [False, True])
def test_parts_that_can_be_told_apart_are_found(cost, accelerate):
    w, h, v = mixture()
    found = nmf(v, 3, cost=cost, iterations=2000, tolerance=1e-9, accelerate=accelerate)
    alike = (w / np.linalg.norm(w, axis=0)).T @ (found.templates / np.linalg.norm(found.templates, axis=0))
    assert (alike.max(1) > 0.98).all()
    assert np.abs(found.templates @ found.activations - v).max() < 0.02 * v.max()
    assert found.templates.sum(0) == pytest.approx(1)
    assert found.activations[alike.argmax(1)] == pytest.approx(h, abs=0.1 * h.max())


@pytest.mark.parametrize("cost", COSTS)
def test_the_plain_updates_are_those_of_the_papers(cost):
    w, h, v = mixture(seed=1)
    v = v + 0.01
    rng = np.random.default_rng(0)
    w0, h0 = rng.random(w.shape) + 0.1, rng.random(h.shape) + 0.1
    beta, gamma = {"kl": (1, 1), "euclidean": (2, 1), "is": (0, 0.5)}[cost]
    w, h = w0, h0
    for _ in range(3):
        r = w @ h
        h = h * ((w.T @ (v * r ** (beta - 2))) / (w.T @ r ** (beta - 1))) ** gamma
        r = w @ h
        w = w * (((v * r ** (beta - 2)) @ h.T) / (r ** (beta - 1) @ h.T)) ** gamma
    found = nmf(v, templates=w0, activations=h0, cost=cost, iterations=3, accelerate=False)
    assert found.templates == pytest.approx(w / w.sum(0), rel=1e-6)
    assert found.activations == pytest.approx(h * w.sum(0)[:, None], rel=1e-6)


@pytest.mark.parametrize("cost", COSTS)
def test_the_cost_is_that_of_the_factors(cost):
    _, _, v = mixture(seed=2)
    v = 7 * v + 0.05
    found = nmf(v, 2, cost=cost, iterations=7)
    r = found.templates @ found.activations
    whole = {
        "kl": (v * np.log(v / r) - v + r).sum(),
        "euclidean": 0.5 * ((v - r) ** 2).sum(),
        "is": (v / r - np.log(v / r) - 1).sum(),
    }
    assert found.costs[-1] == pytest.approx(whole[cost])
    assert divergence(v.T, found.templates.T, found.activations.T, cost) == pytest.approx(whole[cost])


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_tensors_give_what_arrays_give(cost, kind):
    _, _, v = mixture(seed=3)
    v = (v + 0.01).astype(str(kind).removeprefix("torch."))
    array = nmf(v, 3, cost=cost, iterations=8)
    tensor = nmf(torch.from_numpy(v), 3, cost=cost, iterations=8)
    assert array.templates.dtype == v.dtype and tensor.templates.dtype == tensor.activations.dtype == kind
    close = 2e-3 if kind == torch.float32 else 1e-7
    assert tensor.templates.numpy() == pytest.approx(array.templates, rel=close, abs=close)
    assert tensor.activations.numpy() == pytest.approx(array.activations, rel=close, abs=close)
    assert tensor.costs == pytest.approx(array.costs, rel=1e-2 if kind == torch.float32 else 1e-6)


def test_momentum_goes_further_in_as_many_iterations():
    _, _, v = mixture(60, 6, 80, seed=4)
    v += 0.02 * np.random.default_rng(0).random(v.shape)
    w = np.random.default_rng(1).random((60, 6))  # a dictionary: one minimum only
    for cost in COSTS:
        plain = nmf(v, templates=w, fixed=6, cost=cost, iterations=40, tolerance=0, accelerate=False)
        fast = nmf(v, templates=w, fixed=6, cost=cost, iterations=40, tolerance=0)
        assert fast.costs[-1] < plain.costs[-1]
    assert nmf(v, 6, iterations=60, until=plain.costs[0] * 2).costs[-1] <= plain.costs[0] * 2


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("accelerate", [False, True])
def test_what_is_fixed_stays_and_zeros_stay_zeros(cost, accelerate):
    w, h, v = mixture(seed=5)
    start = np.random.default_rng(1).random(h.shape) * (h > 0.01)
    settings = {"cost": cost, "iterations": 20, "accelerate": accelerate}
    found = nmf(v, 5, templates=3 * w, activations=start, fixed=2, **settings)
    assert np.array_equal(found.templates[:, :2], 3 * w[:, :2])
    assert not found.activations[:3][start == 0].any()
    held = nmf(v, templates=w, activations=h, fixed=3, fixed_activations=1, **settings)
    assert np.array_equal(held.templates, w) and held.activations[0] == pytest.approx(h[0])
    assert not np.array_equal(held.activations[1:], h[1:])


def test_seeds_repeat_and_differ_and_inputs_are_left_alone():
    w, h, v = mixture()
    kept = [x.copy() for x in (w, h, v)]
    one, same, other = (nmf(v, 3, iterations=5, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.templates, same.templates) and not np.array_equal(one.templates, other.templates)
    nmf(v, templates=w, activations=h, iterations=5)
    partially_fixed(v, w, 2, iterations=5, adapt="am1")
    assert all(np.array_equal(x, y) for x, y in zip((w, h, v), kept, strict=True))


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("make", [np.asarray, torch.as_tensor])
def test_silence_single_frames_and_dead_rows_are_defined(cost, make):
    silent = nmf(make(np.zeros((4, 3))), 2, cost=cost)
    assert not silent.activations.any() and silent.costs == [0.0] and bool((silent.templates.sum(0) - 1 < 1e-9).all())
    none = nmf(make(np.zeros((4, 0))), 2, cost=cost)
    assert tuple(none.templates.shape) == (4, 2) and tuple(none.activations.shape) == (2, 0)
    frame = nmf(make(np.array([[1.0], [3.0]])), 1, cost=cost, iterations=500, tolerance=0)
    assert np.asarray(frame.templates @ frame.activations) == pytest.approx(np.array([[1.0], [3.0]]), rel=1e-3)
    v = np.zeros((4, 6))
    v[1, 2:5] = [1, 2, 1]
    holes = nmf(make(v), 2, cost=cost, iterations=200)
    assert np.isfinite(holes.costs).all()
    assert np.asarray(holes.templates @ holes.activations) == pytest.approx(v, abs=0.05)
    dead = nmf(make(v + 1), templates=make(np.array([[0.0, 1.0]] * 4)), cost=cost, fixed=1, iterations=30)
    assert not dead.templates[:, 0].any() and np.isfinite(np.asarray(dead.activations)).all()


def test_misfits_are_refused():
    v = np.ones((3, 4))
    for bad in (-v, v * np.nan, np.ones(3), v * np.inf):
        with pytest.raises(AnswerError):
            nmf(bad, 1)
    with pytest.raises(ConfigError, match="euclidean"):
        nmf(v, 1, cost="euclid")
    for settings in (
        {"rank": 0},
        {},
        {"rank": 1, "templates": np.ones((3, 2))},
        {"rank": 2, "templates": np.ones((4, 2))},
        {"rank": 1, "activations": -np.ones((1, 4))},
        {"rank": 2, "fixed": 1},
    ):
        with pytest.raises(ConfigError):
            nmf(v, **settings)
    with pytest.raises(ConfigError, match="am1"):
        partially_fixed(v, np.ones((3, 1)), 1, adapt="am3")
    with pytest.raises(ConfigError):
        partially_fixed(v, np.ones((3, 1)), -1)
    assert nmf([[1, 2], [2, 4]], 1).templates[:, 0] == pytest.approx([1 / 3, 2 / 3], rel=1e-3)


@pytest.mark.parametrize("cost", ["kl", "euclidean"])
def test_known_drums_are_found_beneath_the_rest(cost):
    w, h, v = mixture(40, 5, 120, seed=6)
    found = partially_fixed(v, 10 * w[:, :2], 3, cost, 400)
    assert np.array_equal(found[0][:, :2], w[:, :2]) or found[0][:, :2] == pytest.approx(w[:, :2])
    assert found[0].shape == (40, 5) and found[1].shape == (5, 120)
    for k in range(2):
        assert np.corrcoef(found[1][k], h[k])[0, 1] > 0.95
    alone = partially_fixed(v, w[:, :2], 0, cost)
    assert alone[1].shape == (2, 120)


@pytest.mark.parametrize(("adapt", "extra"), [("am1", 3), ("am2", 2)])
@pytest.mark.parametrize("seed", range(2))
def test_adapted_templates_come_closer_to_the_drum_that_plays(adapt, extra, seed):
    """A drum beneath two chords: am1 fills in what the known template lacks, am2 takes off what it has too much."""
    rng = np.random.default_rng(seed)
    w, h = rng.random((40, 3)) ** 4, rng.random((3, 120)) ** 0.5
    w /= w.sum(0)
    h *= np.stack([np.zeros(120), np.arange(120) % 40 < 25, np.arange(120) % 56 > 20])
    for t in range(5, 117, 12):
        h[0, t : t + 3] = [2, 0.8, 0.3]
    lacks = w[:, :1] * (np.arange(40) % 3 > 0)[:, None]
    wrong = lacks if adapt == "am1" else w[:, :1] + 0.05 * rng.random((40, 1)) ** 4
    target = w[:, 0] / np.linalg.norm(w[:, 0])

    def closeness(adapt: str) -> float:
        templates, activations = partially_fixed(w @ h, wrong, extra, "kl", 200, adapt)
        assert np.corrcoef(activations[0], h[0])[0, 1] > 0.95
        return float(templates[:, 0] @ target / np.linalg.norm(templates[:, 0]))

    assert closeness("none") < 0.97 and closeness(adapt) > 0.99
    templates, activations = partially_fixed(torch.from_numpy(w @ h), torch.from_numpy(wrong), 2, "kl", 20, adapt)
    assert templates.sum(0).numpy() == pytest.approx(1) and tuple(activations.shape) == (3, 120)


@pytest.mark.oracle
@pytest.mark.parametrize(("cost", "theirs"), [("kl", "kullback-leibler"), ("euclidean", "frobenius")])
def test_plain_updates_follow_scikit_learn(cost, theirs):
    from sklearn.decomposition import non_negative_factorization

    _, _, v = mixture(seed=8)
    v = v + 0.01
    rng = np.random.default_rng(0)
    w0, h0 = rng.random((30, 3)) + 0.1, rng.random((3, 40)) + 0.1
    ours = nmf(v, templates=w0, activations=h0, cost=cost, iterations=100, tolerance=0, accelerate=False)
    w, h, _ = non_negative_factorization(
        v, w0.copy(), h0.copy(), n_components=3, init="custom", solver="mu", beta_loss=theirs, tol=0, max_iter=100
    )  # it updates templates first, so only the end is the same
    r = w @ h
    cost_of = {"kl": (v * np.log(v / r) - v + r).sum(), "euclidean": 0.5 * ((v - r) ** 2).sum()}
    fast = nmf(v, templates=w0, activations=h0, cost=cost, iterations=100, tolerance=0)
    assert ours.costs[-1] == pytest.approx(cost_of[cost], rel=0.2)
    assert fast.costs[-1] < cost_of[cost]
    fixed = nmf(v, templates=w0, cost=cost, fixed=3, iterations=3000, tolerance=1e-9)
    h, _, _ = non_negative_factorization(
        v.T, H=w0.T.copy(), n_components=3, update_H=False, solver="mu", beta_loss=theirs, tol=1e-9, max_iter=3000
    )
    assert fixed.activations == pytest.approx(h.T, rel=0.02, abs=0.02 * h.max())  # convex: one minimum
