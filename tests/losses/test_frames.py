"""Frame loss: plain cross-entropy at tolerance 0, kind to small shifts, strict to everything else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import binary_cross_entropy_with_logits

from solfeggio.losses.frames import shift_tolerant_bce


def example(seed: int, frames: int = 40, labels: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(rng.normal(0, 3, (2, frames, labels)))
    return logits, torch.from_numpy((rng.random((2, frames, labels)) < 0.1).astype(float))


def events(frames: int, *at: int) -> torch.Tensor:
    marks = torch.zeros(1, frames, 1)
    marks[0, list(at)] = 1
    return marks


@pytest.mark.oracle
@given(st.integers(0, 10_000), st.floats(0.1, 20))
@settings(max_examples=30, deadline=None)
def test_tolerance_zero_is_weighted_cross_entropy(seed, weight):
    x, y = example(seed)
    want = binary_cross_entropy_with_logits(x, y, pos_weight=torch.tensor(weight), reduction="none").mean((0, 1))
    assert torch.allclose(shift_tolerant_bce(x, y, 0, weight), want)


@pytest.mark.parametrize("tolerance", [1, 2, 3])
def test_an_event_within_tolerance_costs_nothing_and_beyond_costs_much(tolerance):
    truth = events(50, 20)
    for shift in range(-5, 6):
        guess = events(50, 20 + shift) * 60 - 30
        cost = float(shift_tolerant_bce(guess, truth, tolerance, 2.0))
        assert cost < 1e-9 if abs(shift) <= tolerance else cost > 1


@given(st.integers(0, 10_000), st.integers(0, 4))
@settings(max_examples=40, deadline=None)
def test_more_tolerance_never_costs_more(seed, tolerance):
    x, y = example(seed)
    loose, strict = shift_tolerant_bce(x, y, tolerance + 1, 3.0), shift_tolerant_bce(x, y, tolerance, 3.0)
    assert (loose <= strict + 1e-12).all()
    assert (loose >= 0).all()


@given(st.integers(0, 10_000), st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_reversing_time_changes_nothing_and_labels_are_apart(seed, tolerance):
    x, y = example(seed)
    loss = shift_tolerant_bce(x, y, tolerance)
    assert torch.allclose(loss, shift_tolerant_bce(x.flip(1), y.flip(1), tolerance))
    assert torch.allclose(loss[1:], shift_tolerant_bce(x[..., 1:], y[..., 1:], tolerance))


def test_gradients_are_finite_at_extremes_and_pull_the_right_way():
    x = torch.tensor([-1e4, 1e4, 0.0, 1e4, -1e4]).reshape(1, 5, 1).requires_grad_()
    shift_tolerant_bce(x, events(5, 2), 1, 4.0).sum().backward()
    assert torch.isfinite(x.grad).all()
    x = torch.zeros(1, 9, 1, requires_grad=True)
    shift_tolerant_bce(x, events(9, 4), 0).sum().backward()
    assert float(x.grad[0, 4, 0]) < 0
    assert (x.grad[0, :4] > 0).all()


def test_silence_learned_as_silence():
    assert float(shift_tolerant_bce(torch.full((1, 30, 1), -30.0), torch.zeros(1, 30, 1), 2)) < 1e-9
