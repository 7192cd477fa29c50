"""Learning in all keys: features and truth move together, only while training."""

from __future__ import annotations

import torch

from solfeggio.lessons.transposed import Transposed


class Listener(torch.nn.Module):
    """Wants, as targets, its features' own bins."""

    def __init__(self):
        super().__init__()
        self.moves: list[int] = []

    def transpose(self, features, targets, semitones):
        self.moves.append(semitones)
        return features.roll(semitones, 2), {key: value.roll(semitones, -1) for key, value in targets.items()}

    def forward(self, features):
        return {"bins": features[:, 0].transpose(1, 2)}

    def loss(self, logits, targets):
        loss = (logits["bins"] - targets["bins"]).abs().sum()
        return loss, {"difference": loss}


def test_truth_follows_each_excerpt():
    torch.manual_seed(0)
    system, features = Listener(), torch.rand(6, 1, 12, 4)
    targets = {"bins": features[:, 0].transpose(1, 2)}
    assert Transposed()(system.train(), features, targets)[0] == 0
    assert len(set(system.moves)) > 1 and max(map(abs, system.moves)) <= 6
    assert Transposed(vary=lambda x: x + 1)(system, features, targets)[0] == features.numel()


def test_validation_is_left_alone():
    system, features = Listener().eval(), torch.rand(2, 1, 12, 4)
    Transposed(vary=lambda x: x + 1)(system, features, {"bins": features[:, 0].transpose(1, 2)})
    assert not system.moves
