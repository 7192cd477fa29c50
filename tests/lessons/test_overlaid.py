"""The lesson of denser mixes: powers add, labels join, noise is no instrument, validation stays as it is."""

from __future__ import annotations

import torch

from solfeggio.lessons.overlaid import Overlaid
from solfeggio.listeners.instruments import TINY, Instruments

SCALE = TINY.scale


def batch(count: int = 4) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    magnitude = 0.01 * torch.rand(count, 3, 96, 20, generator=torch.Generator().manual_seed(0))
    marks = torch.eye(count)[:, None].expand(count, 20, count)
    return torch.log1p(SCALE * magnitude), {"instruments": marks}


def magnitude(features: torch.Tensor) -> torch.Tensor:
    return torch.expm1(features) / SCALE


def test_powers_of_two_excerpts_add_and_both_are_heard():
    features, targets = batch()
    mixed, joined = Overlaid(SCALE, share=1.0, level_db=0.0, noise=0.0, empty=0.0).mix(features, targets)
    want = (magnitude(features) ** 2 + magnitude(features.roll(1, 0)) ** 2).sqrt()
    assert torch.allclose(magnitude(mixed), want, rtol=1e-3, atol=1e-7)
    assert (joined["instruments"].sum(-1) == 2).all() and (joined["instruments"] >= targets["instruments"]).all()


def test_without_a_share_nothing_changes():
    features, targets = batch()
    same, truth = Overlaid(SCALE, share=0.0, noise=0.0, empty=0.0).mix(features, targets)
    assert torch.allclose(same, features, atol=1e-4) and torch.equal(truth["instruments"], targets["instruments"])


def test_the_other_one_is_louder_or_softer_by_what_was_said():
    features, targets = batch(200)
    torch.manual_seed(0)
    mixed, _ = Overlaid(SCALE, share=1.0, level_db=6.0, noise=0.0, empty=0.0).mix(features, targets)
    own, other = magnitude(features) ** 2, magnitude(features.roll(1, 0)) ** 2
    gain = 10 * torch.log10(((magnitude(mixed) ** 2 - own) / other.clamp_min(1e-12)).flatten(1).median(1).values)
    assert gain.min() > -6.2 and gain.max() < 6.2 and gain.std() > 2


def test_noise_adds_and_alone_it_is_nothing():
    features, targets = batch()
    torch.manual_seed(0)
    noisy, truth = Overlaid(SCALE, share=0.0, noise=1.0, empty=0.0).mix(features, targets)
    assert (noisy >= features - 1e-4).all() and not torch.equal(noisy, features)
    assert torch.equal(truth["instruments"], targets["instruments"])
    alone, nothing = Overlaid(SCALE, share=1.0, noise=0.0, empty=1.0).mix(features, targets)
    assert not nothing["instruments"].any() and alone.std() > 0
    assert (
        magnitude(alone).mean((1, 3))[:, 0] >= magnitude(alone).mean((1, 3))[:, -1]
    ).all()  # never brighter than white


def test_only_while_it_trains():
    torch.manual_seed(0)
    system = Instruments(TINY)
    features, _ = batch()
    targets = {"instruments": torch.zeros(4, 20, 30), "singing": torch.ones(4, 20, 1)}
    lesson = Overlaid(SCALE, vary=lambda x: 0 * x)
    assert torch.equal(lesson(system.eval(), features, targets)[0], system.loss(system(features), targets)[0])
    assert not torch.equal(lesson(system.train(), features, targets)[0], system.loss(system(features), targets)[0])
