"""The plain lesson: loss of the listener, variation only while it trains."""

from __future__ import annotations

import torch

from solfeggio.lessons.supervised import Supervised
from solfeggio.listeners.beats import TINY, Beats


def test_variation_acts_in_training_only_and_the_loss_is_the_listeners():
    seen = []

    def vary(features: torch.Tensor) -> torch.Tensor:
        seen.append(features)
        return features * 0

    torch.manual_seed(0)
    system = Beats(TINY).eval()
    features, targets = torch.rand(2, 2, 96, 50), {"beats": torch.zeros(2, 50, 2)}
    loss, parts = Supervised(vary)(system, features, targets)
    assert not seen
    assert torch.equal(loss, system.loss(system(features), targets)[0])
    assert set(parts) == {"beat", "downbeat"}
    Supervised(vary)(system.train(), features, targets)
    assert seen[0] is features
    assert Supervised()(system, features, targets)[0].requires_grad
