"""Pieces of VAEs: shapes, what may hear what, and that nothing leaks in evaluation."""

from __future__ import annotations

import pytest
import torch

from solfeggio.nets.vae import (
    CodeReaders,
    Critic,
    GroupedDecoder,
    GroupedEncoder,
    HierarchicalDecoder,
    Posterior,
    RecurrentEncoder,
    drawn,
)

SIZES = {"embedding": 3, "width": 8, "depth": 2, "dropout": 0.0}


def tokens(n: int = 4) -> torch.Tensor:
    return torch.randint(0, 7, (n, 12), generator=torch.Generator().manual_seed(0))


def decoder(**change: object) -> HierarchicalDecoder:
    torch.manual_seed(0)
    return HierarchicalDecoder(5, 7, 3, 4, **{**SIZES, **change})  # type: ignore[arg-type]


def test_drawn_codes_have_the_posterior_s_mean_and_deviation() -> None:
    mean, logvar = torch.full((20000, 2), 3.0), torch.log(torch.tensor([4.0, 0.25])).expand(20000, 2)
    codes = drawn(mean, logvar, torch.Generator().manual_seed(0))
    assert codes.mean(0).tolist() == pytest.approx([3, 3], abs=0.06)
    assert codes.std(0).tolist() == pytest.approx([2, 0.5], rel=0.03)


def test_gradients_pass_through_the_draw() -> None:
    mean, logvar = torch.zeros(3, 2, requires_grad=True), torch.zeros(3, 2, requires_grad=True)
    drawn(mean, logvar).sum().backward()
    assert mean.grad is not None and mean.grad.eq(1).all()
    assert logvar.grad is not None and logvar.grad.ne(0).all()


def test_posterior_has_the_hidden_layers_asked_for() -> None:
    head = Posterior(128, 32, (64,))
    mean, logvar = head(torch.full((2, 128), 1e6))
    assert mean.shape == logvar.shape == (2, 32)
    assert logvar.abs().max() <= 12
    assert sum(p.numel() for p in head.parameters()) == 2 * (128 * 64 + 64 + 64 * 32 + 32)


@pytest.mark.parametrize("encoder", [RecurrentEncoder(7, **SIZES), GroupedEncoder(7, 3, 4, **SIZES)])
def test_encoders_read_every_tick(encoder: torch.nn.Module) -> None:
    given = tokens(1)
    features = encoder(given)
    assert features.shape == (1, encoder.out)
    for tick in range(12):
        other = given.clone()
        other[0, tick] = (other[0, tick] + 1) % 7
        assert (encoder(other) - features).abs().max() > 1e-6


def test_decoders_give_logits_of_every_tick() -> None:
    codes = torch.randn(4, 5)
    for net in (decoder(), decoder(alone=True), GroupedDecoder(5, 7, 3, 4, 8, 1, 0.0)):
        net.eval()
        assert net(codes).shape == (4, 12, 7)
        assert net(codes, tokens()).equal(net(codes))  # the truth is not heard in evaluation


def test_a_forced_pass_hears_the_ticks_before_and_none_after() -> None:
    net, codes, given = decoder(forced=1.0).train(), torch.randn(1, 5), tokens(1)
    found = net(codes, given)
    other = given.clone()
    other[0, 5] = (other[0, 5] + 1) % 7
    changed = (net(codes, other) - found).abs().amax(-1)[0] > 1e-7
    assert changed.tolist() == [False] * 6 + [True] * 2 + [False] * 4  # to the end of its group


def test_a_group_hears_the_last_token_of_the_one_before_unless_alone() -> None:
    codes, given = torch.randn(1, 5), tokens(1)
    other = given.clone()
    other[0, 3] = (other[0, 3] + 1) % 7
    for alone in (False, True):
        net = decoder(forced=1.0, alone=alone).train()
        changed = (net(codes, given) - net(codes, other)).abs().amax(-1)[0] > 1e-7
        assert changed[:4].any().item() is False
        assert changed[4].item() is not alone


@pytest.mark.parametrize("alone", [False, True])
def test_free_running_is_forcing_by_its_own_tokens(alone: bool) -> None:
    codes = torch.randn(3, 5)
    net = decoder(forced=1.0, alone=alone)
    free = net.eval()(codes)
    torch.testing.assert_close(net.train()(codes, free.argmax(-1)), free)


def test_critic_and_readers_have_the_published_sizes() -> None:
    critic = Critic(32)
    assert critic(torch.randn(6, 32)).shape == (6, 2)
    assert sum(p.numel() for p in critic.parameters()) == 32 * 64 + 64 + 2 * (64 * 64 + 64) + 64 * 2 + 2


def test_each_reader_reads_its_own_dimensions() -> None:
    codes = torch.randn(2, 9, requires_grad=True)
    logits = CodeReaders(9, (12, 3, 28), width=2)(codes)
    assert [part.shape[1] for part in logits] == [12, 3, 28]
    logits[1].sum().backward()
    assert codes.grad is not None
    assert codes.grad[0].ne(0).tolist() == [False, False, True, True] + [False] * 5
    assert [reader.in_features for reader in CodeReaders(9, (2, 2), width=9).readers] == [9, 9]  # type: ignore[union-attr]
