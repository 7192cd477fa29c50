"""Convolutions: shapes, the reach they declare, and blindness to the future when causal."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from solfeggio.nets.conv import DilatedTrunk, Stem, pad_time

FRAMES, AT = 400, 200


def touched(net: nn.Module, *shape: int) -> tuple[int, int]:
    """Frames before and after a changed one whose output changes: the furthest each way."""
    net.eval()
    x = torch.randn(1, *shape, FRAMES, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = x.clone()
    y[..., AT] += 10
    with torch.inference_mode():
        net = net.double()
        changed = torch.nonzero((net(x) != net(y)).any(1)[0]).flatten()
    return AT - int(changed.min()), int(changed.max()) - AT


def smooth(net: nn.Module) -> nn.Module:
    """Take out the pooling's and the activations' dead zones: every weight 1, so every path carries the change."""
    for name, parameter in net.named_parameters():
        nn.init.constant_(parameter, 0.1 if "bias" not in name else 0.0)
    return net


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("depth", [1, 3, 5])
@pytest.mark.parametrize("kernel", [3, 5])
def test_dilated_trunk_reaches_exactly_as_far_as_it_says(causal, depth, kernel):
    net = DilatedTrunk(4, depth, kernel, causal=causal)
    assert touched(net, 4) == ((0, net.reach) if causal else (net.reach, net.reach))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("widths", [(4,), (4, 6), (4, 6, 8)])
def test_stem_reaches_exactly_as_far_as_it_says(causal, widths):
    net = smooth(Stem(2, 24, widths, (2, 3)[: len(widths) - 1], causal=causal))
    assert touched(net, 2, 24) == ((0, net.reach) if causal else (net.reach, net.reach))


def test_shapes():
    assert Stem(3, 96, (4, 8, 16), (3, 4))(torch.zeros(2, 3, 96, 7)).shape == (2, 16, 7)
    assert Stem(3, 97, (4, 8, 16), (3, 4))(torch.zeros(2, 3, 97, 7)).shape == (2, 16, 7)
    assert DilatedTrunk(8, 3)(torch.zeros(2, 8, 5)).shape == (2, 8, 5)
    assert DilatedTrunk(8, 3)(torch.zeros(2, 8, 1)).shape == (2, 8, 1)


@pytest.mark.parametrize(
    "make", [lambda c: DilatedTrunk(8, 4, causal=c), lambda c: Stem(2, 24, (4, 8), (3,), causal=c)]
)
def test_causal_has_the_same_weights(make):
    shapes = [{name: tuple(v.shape) for name, v in make(c).state_dict().items()} for c in (False, True)]
    assert shapes[0] == shapes[1]


def test_parameter_counts():
    width, depth, kernel = 8, 3, 5
    conv, norm, mix = width * width * kernel + width, 2 * width, width * width + width
    assert sum(p.numel() for p in DilatedTrunk(width, depth, kernel).parameters()) == depth * (conv + norm + mix)
    assert sum(p.numel() for p in Stem(2, 24, (4, 8), (3,)).parameters()) == 4 + (2 * 4 * 9 + 8) + (4 * 8 * 8 + 8)


def test_padding_is_all_past_when_causal_and_even_otherwise():
    x = torch.ones(1, 3)
    assert pad_time(x, 2, True).tolist() == [[0, 0, 1, 1, 1]]
    assert pad_time(x, 2, False).tolist() == [[0, 1, 1, 1, 0]]


def test_a_stem_that_is_not_placed_hears_the_same_wherever_it_is():
    torch.manual_seed(0)
    low = torch.zeros(1, 1, 48, 8)
    low[:, :, 16:20] = 1.0
    for placed in (True, False):
        stem = Stem(1, 48, (4, 8), (4,), placed=placed).eval()
        assert torch.allclose(stem(low), stem(low.roll(8, 2)), atol=1e-6) is not placed
