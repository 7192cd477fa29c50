"""Lag matrices against brute force, and Ullrich's network against windows cut one by one."""

from __future__ import annotations

import torch

from solfeggio.nets.similarity import ContextNet, LagStem, centred, lag_matrix


def test_lag_matrix_equals_brute_force():
    torch.manual_seed(0)
    x = torch.randn(2, 3, 20)
    lags = [1, 4, 19, 30]
    found = lag_matrix(x, lags)
    assert found.shape == (2, 2, 4, 20)
    for row, lag in enumerate(lags):
        for t in range(20):
            past = (x[:, :, t] * x[:, :, t - lag]).sum(1) if t >= lag else torch.zeros(2)
            future = (x[:, :, t] * x[:, :, t + lag]).sum(1) if t + lag < 20 else torch.zeros(2)
            assert torch.allclose(found[:, 0, row, t], past, atol=1e-5)
            assert torch.allclose(found[:, 1, row, t], future, atol=1e-5)


def test_a_repeat_is_a_stripe_from_where_it_begins():
    torch.manual_seed(0)
    once = torch.rand(1, 12, 50)
    x = centred(torch.cat([once, once, torch.rand(1, 12, 50)], -1), 40, 1)
    past = lag_matrix(x, [50, 37])[0, 0]
    assert past[0, 55:95].mean() > 0.9
    assert past[0, 105:].mean() < 0.5
    assert past[1, 55:95].mean() < 0.5


def test_centred_is_local_forgets_what_is_always_there_and_leaves_silence():
    torch.manual_seed(0)
    x = torch.rand(1, 6, 100)
    x[..., 70:] = 0
    z = centred(x, 10, 2)
    assert torch.allclose(z[..., 2:67].norm(dim=1), torch.ones(1, 65), atol=1e-3)
    assert not z[..., 73:].any()
    assert torch.allclose(z, centred(x + (x.amax(1, keepdim=True) > 0) * 5, 10, 2), atol=1e-3)
    moved = x.clone()
    moved[..., 30] += 1
    changed = torch.nonzero((centred(moved, 10, 2) != z).any(1)[0]).flatten()
    assert changed.min() >= 30 - 12 and changed.max() <= 30 + 12


def test_lag_stem_gives_one_vector_a_frame():
    stem = LagStem(4, 20, 3, 5).eval()
    assert stem(torch.rand(2, 4, 20, 33)).shape == (2, stem.out, 33)
    assert stem.out == 15


def test_context_net_equals_windows_heard_one_by_one():
    torch.manual_seed(0)
    net = ContextNet([(1, 80), (2, 40)], 50, dense=7).eval()
    with torch.no_grad():  # silence outside is what normalisation makes 0
        whole = [torch.randn(1, 1, 80, 120), torch.randn(1, 2, 40, 120)]
        every = net(whole)
        assert every.shape == (1, 7, 120)
        for t in (60, 61, 70):
            window = [x[..., t - 25 : t + 25] for x in whole]
            # pooling with a stride of three, as the paper has it
            first = [conv(norm(x)).tanh() for x, norm, conv in zip(window, net.norms, net.firsts, strict=True)]
            pooled = torch.cat([torch.nn.functional.max_pool2d(x, (6, 3)) for x in first], 2)
            second = torch.nn.functional.conv2d(pooled, net.second.weight, net.second.bias).tanh()
            dense = torch.nn.functional.conv2d(
                second[..., : net.dense.kernel_size[1]], net.dense.weight, net.dense.bias
            )
            assert torch.allclose(torch.sigmoid(dense)[0, :, 0, 0], every[0, :, t], atol=1e-5)


def test_context_net_has_the_published_size():
    net = ContextNet([(1, 80)], 115)
    assert [tuple(conv.weight.shape) for conv in (net.firsts[0], net.second)] == [(16, 1, 6, 8), (32, 16, 3, 6)]
    assert net.dense.weight.shape == (128, 32, 10, 31)
