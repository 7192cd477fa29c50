"""NMF's law: the cost never rises, whatever the spectrogram, the start, the zeros and what is fixed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from solfeggio.decode.descent import COSTS
from solfeggio.decode.masks import separate_parts, soft_masks
from solfeggio.decode.nmf import nmf
from solfeggio.decode.nmfd import nmfd, reconstruct

sizes = st.integers(1, 6)
seeds = st.integers(0, 10_000)
holes = st.sampled_from([0.0, 0.4])


def spectrogram(bins: int, frames: int, seed: int, empty: float, loud: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return loud * rng.random((bins, frames)) ** 3 * (rng.random((bins, frames)) >= empty)


def falls(costs: list[float], size: float) -> bool:
    return all(b <= a + 1e-12 * (abs(a) + size) for a, b in pairwise(costs))


@given(sizes, sizes, sizes, seeds, holes, st.sampled_from(COSTS), st.booleans(), st.sampled_from([1e-3, 1.0, 1e4]))
@settings(max_examples=150, deadline=None)
def test_the_cost_never_rises(bins, frames, rank, seed, empty, cost, accelerate, loud):
    v = spectrogram(bins, frames, seed, empty, loud)
    rng = np.random.default_rng(seed + 1)
    fixed = int(rng.integers(0, rank + 1))
    given = {"templates": rng.random((bins, rank)) * (rng.random((bins, rank)) >= empty)}
    given["activations"] = rng.random((rank, frames)) * (rng.random((rank, frames)) >= empty)
    found = nmf(v, fixed=fixed, cost=cost, accelerate=accelerate, every=1, iterations=25, tolerance=-1, **given)
    assert falls(found.costs, float(v.sum()) if cost == "kl" else float((v**2).sum()) if cost == "euclidean" else 1)
    assert np.isfinite(found.activations).all() and (found.activations >= 0).all() and (found.templates >= 0).all()


@given(sizes, sizes, sizes, seeds, st.sampled_from(COSTS))
@settings(max_examples=80, deadline=None)
def test_no_plain_step_raises_the_cost_by_itself(bins, frames, rank, seed, cost):
    """Each step from scratch, so that no return to an earlier one can hide a rise."""
    v = spectrogram(bins, frames, seed, 0.0, 1.0) + 0.01
    rng = np.random.default_rng(seed + 1)
    w, h = rng.random((bins, rank)) + 0.01, rng.random((rank, frames)) + 0.01
    before = None
    for _ in range(6):
        found = nmf(v, templates=w, activations=h, cost=cost, accelerate=False, iterations=1)
        w, h = found.templates, found.activations
        r = w @ h
        now = {"kl": (v * np.log(v / r) - v + r).sum(), "euclidean": ((v - r) ** 2).sum()}.get(cost)
        now = (v / r - np.log(v / r) - 1).sum() if now is None else now
        assert before is None or now <= before + 1e-9
        before = now


@given(sizes, sizes, st.integers(1, 3), st.integers(1, 4), seeds, holes, st.sampled_from(COSTS), st.booleans())
@settings(max_examples=80, deadline=None)
def test_the_convolutive_cost_never_rises(bins, frames, rank, length, seed, empty, cost, accelerate):
    v = spectrogram(bins, frames, seed, empty, 1.0)
    found = nmfd(v, rank, length, cost=cost, accelerate=accelerate, every=1, iterations=20, tolerance=-1, seed=seed)
    assert falls(found.costs, float(v.sum()) + 1)
    model = reconstruct(found.templates, found.activations)
    slow = np.zeros((bins, frames))
    for lag in range(min(length, frames)):
        slow[:, lag:] += found.templates[:, :, lag] @ found.activations[:, : frames - lag]
    assert model == pytest.approx(slow)


@given(st.integers(1, 4), sizes, sizes, seeds, st.sampled_from([0.5, 1.0, 2.0, 30.0]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_soft_masks_sum_to_one_and_parts_to_the_mixture(parts, bins, frames, seed, alpha, tensor):
    rng = np.random.default_rng(seed)
    models = rng.random((parts, bins, frames)) * 10.0 ** rng.integers(-30, 30) * (rng.random((bins, frames)) > 0.3)
    masks = np.asarray(soft_masks(torch.from_numpy(models) if tensor else models, alpha))
    assert masks.sum(0) == pytest.approx(1) and (masks >= 0).all()
    v = rng.normal(size=(bins, frames)) + 1j * rng.normal(size=(bins, frames))
    w, h = rng.random((bins, parts)), rng.random((parts, frames))
    groups = [[k] for k in range(int(rng.integers(1, parts + 1)))]
    assert separate_parts(v, w, h, groups, alpha).sum(0) == pytest.approx(v)
