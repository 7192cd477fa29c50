"""Pooling: weights sum to one, equal attention is the mean, sharp attention is one frame, scores stay in 0..1."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from solfeggio.nets.pooling import attention_pool, attention_weights, max_pool, mean_pool


@st.composite
def scores(draw) -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(draw(st.integers(0, 9999)))
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 12), st.integers(1, 4)))
    return torch.rand(shape, generator=rng), 3 * torch.randn(shape, generator=rng)


@given(scores())
@settings(max_examples=50, deadline=None)
def test_laws(pair):
    values, logits = pair
    weights = attention_weights(logits)
    assert torch.allclose(weights.sum(-2), torch.ones(values.shape[0], values.shape[2]), atol=1e-4)
    assert (weights >= 0).all()
    pooled = attention_pool(values, logits)
    low, high = values.amin(-2), max_pool(values)
    for found in (pooled, mean_pool(values)):
        assert (found >= low - 1e-3).all() and (found <= high + 1e-5).all()
    order = torch.randperm(values.shape[1])
    for kind in (mean_pool, max_pool):
        assert torch.allclose(kind(values[:, order]), kind(values))
    assert torch.allclose(attention_pool(values[:, order], logits[:, order]), pooled, atol=1e-5)


def test_equal_attention_is_the_mean_and_sharp_attention_is_one_frame():
    values = torch.rand(2, 10, 3)
    assert torch.allclose(attention_pool(values, torch.full_like(values, 0.7)), mean_pool(values))
    logits = torch.full_like(values, -40.0)
    logits[:, 4] = 0.0
    assert torch.allclose(attention_pool(values, logits), values[:, 4], atol=1e-4)


def test_labels_have_attention_of_their_own():
    logits = torch.zeros(4, 2)
    logits[0, 0], logits[3, 1] = 9.0, 9.0
    weights = attention_weights(logits)
    assert weights[:, 0].argmax() == 0 and weights[:, 1].argmax() == 3


def test_next_to_no_attention_gives_numbers_and_gradients():
    values, logits = torch.rand(5, 2), torch.full((5, 2), -200.0, requires_grad=True)
    pooled = attention_pool(values, logits)
    assert torch.isfinite(pooled).all() and (pooled <= 1).all()
    pooled.sum().backward()
    assert torch.isfinite(logits.grad).all()
    assert attention_weights(torch.zeros(0, 2)).shape == (0, 2)
    assert float(mean_pool(torch.ones(3, 1))) == pytest.approx(1)
