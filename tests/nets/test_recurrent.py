"""LSTM trunk: shapes, sizes, direction."""

from __future__ import annotations

import pytest
import torch

from solfeggio.nets.recurrent import RecurrentTrunk


@pytest.mark.parametrize("causal", [False, True])
def test_shape_and_direction(causal):
    net = RecurrentTrunk(6, 5, 2, causal=causal).eval()
    x = torch.randn(2, 6, 30, generator=torch.Generator().manual_seed(0))
    y = x.clone()
    y[..., 20:] = 0
    with torch.inference_mode():
        a, b = net(x), net(y)
    assert a.shape == (2, net.out, 30)
    assert net.out == (5 if causal else 10)
    assert torch.equal(a[..., :20], b[..., :20]) is causal


def test_parameter_count_is_that_of_the_paper():
    net = RecurrentTrunk(100, 25, 3)
    layer = lambda inputs: 2 * 4 * 25 * (inputs + 25 + 2)  # noqa: E731  two directions, four gates, two biases
    assert sum(p.numel() for p in net.parameters()) == layer(100) + 2 * layer(50)


def test_gated_cells_have_three_gates_instead_of_four():
    ours, gated = (sum(p.numel() for p in RecurrentTrunk(6, 5, 2, gated=g).parameters()) for g in (False, True))
    assert gated == ours * 3 // 4
