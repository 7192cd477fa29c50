"""Learning in all keys: excerpts are moved up or down, and the truth turns along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Transposed:
    """Learn from excerpts in other keys; for listeners that can ``transpose`` (features, targets, semitones).

    semitones: furthest move, down and up; each excerpt draws its own. vary: what else may change, as in
    ``Supervised``. Draws from torch's global generator, and only while the system trains.
    """

    semitones: int = 6
    vary: Callable[[torch.Tensor], torch.Tensor] | None = None

    def __call__(
        self, system: Any, features: torch.Tensor, targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the loss of one batch and its named parts."""
        if system.training:
            moves = torch.randint(-self.semitones, self.semitones + 1, (len(features),)).tolist()
            moved = [
                system.transpose(features[i : i + 1], {key: truth[i : i + 1] for key, truth in targets.items()}, move)
                for i, move in enumerate(moves)
            ]
            features = torch.cat([x for x, _ in moved])
            targets = {key: torch.cat([truth[key] for _, truth in moved]) for key in targets}
            if self.vary is not None:
                features = self.vary(features)
        return system.loss(system(features), targets)
