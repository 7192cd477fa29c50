"""Losses on latent codes: known values, zeros where a code is perfect, and whom the gradient reaches."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from solfeggio.losses.latent import (
    above_capacity,
    attribute_classes,
    attribute_match,
    attribute_order,
    critic_loss,
    kl,
    near_capacity,
    raised,
    scaled,
    shuffled,
    total_correlation,
)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_kl_is_that_of_torch_distributions() -> None:
    mean, logvar = torch.randn(5, 3, generator=rng()), torch.randn(5, 3, generator=rng(1))
    own = torch.distributions.Normal(mean, (logvar / 2).exp())
    wanted = torch.distributions.kl_divergence(own, torch.distributions.Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(kl(mean, logvar), wanted)
    assert kl(torch.zeros(2, 4), torch.zeros(2, 4)).eq(0).all()


def test_capacity_is_free_below_and_held_at() -> None:
    low, high = torch.tensor([10.0, 20.0]), torch.tensor([60.0, 80.0])
    assert above_capacity(low, 1.0, 50.0) == 0
    assert above_capacity(high, 1.0, 50.0) == 20
    assert above_capacity(high, 0.2) == pytest.approx(14)
    assert near_capacity(low, 2.0, 25.0) == 20
    assert near_capacity(high, 2.0, 70.0) == 0


def test_near_capacity_pulls_up_from_below_and_down_from_above() -> None:
    for value, sign in ((10.0, -1.0), (60.0, 1.0)):
        divergence = torch.tensor([value], requires_grad=True)
        near_capacity(divergence, 0.5, 25.0).backward()
        assert divergence.grad == sign * 0.5


def test_raised_waits_then_rises_to_the_top() -> None:
    path = [raised(step, 4.0, 100, wait=10) for step in range(0, 130, 5)]
    assert path[:3] == [0.0, 0.0, 0.0]
    assert path[-1] == 4.0 == raised(110, 4.0, 100, wait=10)
    assert all(a <= b for a, b in itertools.pairwise(path))
    assert raised(60, 4.0, 100, wait=10) == pytest.approx(math.sqrt(5) - 1)


def critic_of(dimensions: int) -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(dimensions, 32), torch.nn.LeakyReLU(0.2), torch.nn.Linear(32, 2))


def test_one_step_teaches_the_critic_and_the_codes_each_its_own() -> None:
    critic, codes = critic_of(2), torch.randn(16, 2, generator=rng(), requires_grad=True)
    total_correlation(critic, codes).backward()
    assert codes.grad is not None
    assert codes.grad.abs().sum() > 0
    assert all(p.grad is None for p in critic.parameters())
    codes.grad = None
    critic_loss(critic, codes[:8], codes[8:]).backward()
    assert codes.grad is None
    assert all(p.grad is not None for p in critic.parameters())


def test_a_trained_critic_tells_dependent_codes_from_independent_ones() -> None:
    critic, random = critic_of(2), rng()
    optimiser = torch.optim.Adam(critic.parameters(), 1e-2)

    def dependent(n: int) -> torch.Tensor:
        first = torch.randn(n, 1, generator=random)
        return torch.cat([first, first + 0.2 * torch.randn(n, 1, generator=random)], 1)

    assert critic_loss(critic, torch.zeros(4, 2), torch.zeros(4, 2)) >= math.log(2)
    for _ in range(150):
        optimiser.zero_grad()
        critic_loss(critic, dependent(128), dependent(128), random).backward()
        optimiser.step()
    truth = -0.5 * math.log(1 - 1 / 1.04)  # of two Gaussians with this correlation
    assert total_correlation(critic, dependent(2000)).item() == pytest.approx(truth, abs=0.6)
    assert total_correlation(critic, shuffled(dependent(2000))).item() < 0


def test_shuffled_keeps_each_dimension_and_breaks_the_pairs() -> None:
    codes = torch.arange(200.0).reshape(100, 2)
    mixed = shuffled(codes, rng())
    assert mixed.sort(0).values.equal(codes)
    assert not (mixed[:, 1] - mixed[:, 0]).eq(1).all()


def test_order_is_nothing_for_an_ordered_code_and_most_for_its_reverse() -> None:
    values = torch.tensor([[3.0], [1.0], [2.0]])
    assert attribute_order(100 * values, values, 10.0).item() == pytest.approx(0, abs=1e-6)
    assert attribute_order(-100 * values, values, 10.0).item() == pytest.approx(2 * 6 / 9)
    assert attribute_order(torch.zeros(3, 1), values).item() == pytest.approx(6 / 9)


def test_order_wants_equal_codes_for_equal_attributes() -> None:
    same = torch.ones(2, 1)
    assert attribute_order(torch.tensor([[0.4], [0.4]]), same).item() == 0
    assert attribute_order(torch.tensor([[0.0], [9.0]]), same, 10.0).item() == pytest.approx(0.5)


def test_order_is_any_function_of_the_attribute_that_rises() -> None:
    codes, values = torch.randn(9, 3, generator=rng()), torch.rand(9, 2, generator=rng(1))
    torch.testing.assert_close(attribute_order(codes, values), attribute_order(codes, values.exp() * 7 - 2))
    shuffled_items = torch.randperm(9, generator=rng())
    torch.testing.assert_close(
        attribute_order(codes, values), attribute_order(codes[shuffled_items], values[shuffled_items])
    )


def test_order_moves_each_regularised_code_its_way_and_leaves_the_others() -> None:
    codes = torch.zeros(2, 3, requires_grad=True)
    attribute_order(codes, torch.tensor([[1.0, 5.0], [2.0, 4.0]])).sum().backward()
    assert codes.grad is not None
    assert codes.grad[:, 0].sign().tolist() == [1, -1]  # descent lowers the first item's code, which is the lesser
    assert codes.grad[:, 1].sign().tolist() == [-1, 1]
    assert codes.grad[:, 2].tolist() == [0, 0]


def test_match_is_least_where_the_sigmoid_is_the_attribute() -> None:
    wanted = torch.tensor([[0.2, 0.9], [0.5, 0.1]])
    codes = torch.cat([torch.logit(wanted), torch.randn(2, 3)], 1).requires_grad_()
    found = attribute_match(codes, wanted)
    entropy = -(wanted * wanted.log() + (1 - wanted) * (1 - wanted).log()).mean(0)
    torch.testing.assert_close(found, entropy)
    found.sum().backward()
    assert codes.grad is not None
    assert codes.grad.abs().max() < 1e-6


def test_scaled_runs_from_0_to_1() -> None:
    values = torch.tensor([[1.0, 4.0], [3.0, 4.0], [9.0, 4.0]])
    low, high = torch.tensor([1.0, 4.0]), torch.tensor([5.0, 4.0])
    assert scaled(values, low, high).tolist() == [[0, 0], [0.5, 0], [1, 0]]


def test_classes_cost_what_the_classifiers_miss() -> None:
    sure = [torch.tensor([[50.0, 0.0], [0.0, 50.0]]), torch.zeros(2, 4)]
    found = attribute_classes(sure, torch.tensor([[0, 3], [1, 2]]))
    assert found[0].item() == pytest.approx(0, abs=1e-6)
    assert found[1].item() == pytest.approx(math.log(4))
