from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from solfeggio.decode.masks import soft_masks
from solfeggio.decode.nmf import nmf
from solfeggio.errors import AnswerError, ConfigError
from solfeggio.nets.nonnegative import (
    CONSTRAINTS,
    COSTS,
    NonnegativeAutoencoder,
    fit_nonnegative,
    reconstruction_cost,
)

RATES = {"kl": {"projected": 0.1, "exponentiated": 0.05}, "euclidean": {"projected": 0.5, "exponentiated": 1.0}}


@pytest.fixture
def music() -> tuple[torch.Tensor, torch.Tensor]:
    """Templates and what they play."""
    rng = np.random.default_rng(0)
    w = rng.random((20, 3)) ** 3
    w /= w.sum(0)
    return torch.from_numpy(w), torch.from_numpy(w @ rng.random((3, 25)) ** 2 * 5 + 0.01)


@pytest.mark.parametrize("cost", COSTS)
def test_one_multiplicative_step_is_that_of_nmf(music, cost):
    w, v = music
    model = NonnegativeAutoencoder(20, 3, 25, templates=w, fixed=True)
    start = model.encoder.detach().clone()
    costs = fit_nonnegative(model, v, cost=cost, steps=4)
    found = nmf(v, templates=w, activations=start, fixed=3, cost=cost, iterations=4, every=1, accelerate=False)
    assert model.encode(v).detach().numpy() == pytest.approx(found.activations.numpy())
    assert costs == pytest.approx(found.costs)


@pytest.mark.parametrize("cost", ["kl", "euclidean"])
@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_on_a_fixed_dictionary_all_three_end_where_nmf_ends(music, cost, constraint):
    w, v = music
    best = nmf(v, templates=w, fixed=3, cost=cost, iterations=2000, tolerance=1e-10)
    model = NonnegativeAutoencoder(20, 3, 25, templates=w, fixed=True)
    rate = RATES[cost].get(constraint, 1.0)
    costs = fit_nonnegative(model, v, cost=cost, constraint=constraint, steps=1000, rate=rate)
    assert costs[-1] == pytest.approx(best.costs[-1], rel=1e-2, abs=1e-4)
    assert model.encode(v).detach().numpy() == pytest.approx(best.activations.numpy(), abs=0.1)
    assert torch.equal(model.templates, w)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_an_encoder_and_templates_learn_and_stay_nonnegative(music, cost, constraint):
    v = music[1]
    model = NonnegativeAutoencoder(20, 3).double()
    costs = fit_nonnegative(
        model, v, cost=cost, constraint=constraint, steps=200, rate=1e-5 if constraint == "projected" else 1e-3
    )
    assert costs[-1] < 0.95 * costs[0]
    assert bool((model.encoder >= 0).all()) and bool((model.templates >= 0).all())
    assert costs[-1] == pytest.approx(float(reconstruction_cost(v, model(v).detach(), cost)))
    if constraint == "multiplicative":
        assert all(b <= a * (1 + 1e-12) for a, b in pairwise(costs))
    free = nmf(v, templates=model.templates, fixed=3, cost=cost, iterations=1000, tolerance=1e-9)
    assert free.costs[-1] <= costs[-1] + 1e-9  # no encoder does better than the best activations


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("frames", [None, 25])
def test_what_the_score_forbids_is_silent(music, constraint, frames):
    v = music[1]
    allowed = torch.ones(3, 25, dtype=torch.float64)
    allowed[0, :10] = 0
    bins = torch.ones(20, 3, dtype=torch.float64)
    bins[5:, 1] = 0
    model = NonnegativeAutoencoder(20, 3, frames, template_mask=bins, activation_mask=allowed).double()
    fit_nonnegative(model, v, constraint=constraint, steps=5, rate=1e-3)
    assert not model.encode(v)[0, :10].any() and model.encode(v)[1:].any()
    assert not model.dictionary()[5:, 1].any()


def test_masks_sum_to_one_and_are_those_of_nmf(music):
    w, v = music
    model = NonnegativeAutoencoder(20, 3, 25, templates=w)
    found = model.masks(v, [[0], [1, 2]], alpha=2.0)
    h = model.encode(v).detach()
    assert found.sum(0).numpy() == pytest.approx(1)
    assert torch.allclose(found, soft_masks(torch.stack([w[:, :1] @ h[:1], w[:, 1:] @ h[1:]]), 2.0))


def test_large_projected_steps_kill_units_and_it_can_be_seen(music):
    v = music[1]
    safe, rash = (NonnegativeAutoencoder(20, 3).double() for _ in range(2))
    fit_nonnegative(safe, v, constraint="projected", steps=3, rate=1e-4)
    fit_nonnegative(rash, v, constraint="projected", steps=3, rate=10.0)
    assert not safe.dead(v).any() and rash.dead(v).all()


def test_silence_and_misfits(music):
    w, v = music
    model = NonnegativeAutoencoder(20, 3).double()
    assert fit_nonnegative(model, torch.zeros_like(v), steps=3)[-1] == pytest.approx(0, abs=1e-6)
    assert bool(torch.isfinite(model.templates).all())
    for settings in ({"templates": w.T}, {"template_mask": -torch.ones(20, 3)}):
        with pytest.raises(ConfigError):
            NonnegativeAutoencoder(20, 3, **settings)
    with pytest.raises(ConfigError):
        NonnegativeAutoencoder(20, 0)
    with pytest.raises(AnswerError):
        model(v[:5])
    with pytest.raises(AnswerError):
        NonnegativeAutoencoder(20, 3, 7).double()(v)
    for settings in ({"cost": "mse"}, {"constraint": "clamped"}, {"rate": 0.0}):
        with pytest.raises(ConfigError):
            fit_nonnegative(model, v, **settings)
