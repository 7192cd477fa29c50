"""Attention trunk: rotary positions are relative, causal blocks are blind to the future, length is free."""

from __future__ import annotations

import pytest
import torch

from solfeggio.nets.attention import AttentionTrunk, rotate

draw = torch.Generator().manual_seed(0)


def test_rotation_keeps_length_and_makes_products_depend_on_distance_only():
    q, k = torch.randn(8, generator=draw, dtype=torch.float64), torch.randn(8, generator=draw, dtype=torch.float64)
    rows_q, rows_k = rotate(q.expand(1, 1, 50, 8)), rotate(k.expand(1, 1, 50, 8))
    assert torch.allclose(rows_q.norm(dim=-1), q.norm().expand(1, 1, 50))
    products = (rows_q @ rows_k.transpose(-1, -2))[0, 0]
    for distance in (-7, 0, 3):
        diagonal = products.diagonal(distance)
        assert torch.allclose(diagonal, diagonal[0].expand_as(diagonal))
    assert not torch.allclose(products[0, 0], products[0, 5])
    assert torch.equal(rows_q[0, 0, 0], q)


@pytest.mark.parametrize("causal", [False, True])
def test_shape_and_direction(causal):
    net = AttentionTrunk(8, 2, causal=causal).eval()
    x = torch.randn(2, 8, 30, generator=draw)
    y = x.clone()
    y[..., 20:] *= -1
    with torch.inference_mode():
        a, b = net(x), net(y)
        assert net(x[..., :1]).shape == (2, 8, 1)
    assert a.shape == x.shape
    assert torch.allclose(a[..., :20], b[..., :20], atol=1e-6) is causal


def test_without_positions_order_would_not_matter_with_them_it_does():
    net = AttentionTrunk(8, 1).eval()
    x = torch.randn(1, 8, 12, generator=draw)
    with torch.inference_mode():
        assert not torch.allclose(net(x.flip(2)), net(x).flip(2), atol=1e-5)
