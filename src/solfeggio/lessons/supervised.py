"""The plain lesson: hear, compare with the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from solfeggio.contracts import Listener


@dataclass(frozen=True)
class Supervised:
    """Learn from labelled excerpts. vary: changes a batch of features in ways that leave the truth true, or None."""

    vary: Callable[[torch.Tensor], torch.Tensor] | None = None

    def __call__(
        self, system: Listener, features: torch.Tensor, targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the loss of one batch and its named parts; variation happens only while the system trains."""
        if system.training and self.vary is not None:
            features = self.vary(features)
        return system.loss(system(features), targets)
