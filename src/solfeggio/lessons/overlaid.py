"""The lesson of denser mixes: excerpts are laid over each other, and over noise; what either holds is heard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from solfeggio.contracts import Listener

SOFT, LOUD = -6.6, -4.6  # exponents of 10: magnitudes of a band of the noise laid over music, -80 to -40 dB of white
ALONE = -3.6  # of noise that stands alone, up to -20 dB


@dataclass(frozen=True)
class Overlaid:
    """Learn from labelled excerpts of which a ``share`` has another of the batch laid over it.

    Features are ``log(1 + scale * magnitude)`` of bands; powers add, targets are joined (either is active).
    level_db: how much louder or softer the other one is, at most. noise: share that gets a steady noise of random
    colour. empty: share replaced by noise alone, in which nothing is active. vary: changes a batch of features before.
    """

    scale: float
    vary: Callable[[torch.Tensor], torch.Tensor] | None = None
    share: float = 0.5
    level_db: float = 8.0
    noise: float = 0.3
    empty: float = 0.02

    def __call__(
        self, system: Listener, features: torch.Tensor, targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the loss of one batch and its named parts; excerpts are mixed only while the system trains."""
        if system.training:
            features = self.vary(features) if self.vary is not None else features
            features, targets = self.mix(features, targets)
        return system.loss(system(features), targets)

    def mix(
        self, features: torch.Tensor, targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Lay excerpts (batch, channel, bin, frame) and noise over each other; draws from torch's global generator."""
        count, device = len(features), features.device
        power = (torch.expm1(features) / self.scale) ** 2

        def drawn(share: float) -> torch.Tensor:
            return torch.rand(count, device=device) < share

        def each(x: torch.Tensor) -> torch.Tensor:
            return x[:, None, None, None].to(power)

        mixed, noisy, empty = drawn(self.share), drawn(self.noise), drawn(self.empty)
        gain = 10 ** ((2 * torch.rand(count, device=device) - 1) * self.level_db / 10)
        total = power + each(mixed * gain) * power.roll(1, 0)
        exponent = SOFT + (LOUD - SOFT) * torch.rand(count, device=device)
        alone = SOFT + (ALONE - SOFT) * torch.rand(count, device=device)
        total = total * each(~empty)
        heard = each((noisy | empty) * 10 ** (2 * torch.where(empty, alone, exponent)))
        total = total + heard * _noise(power)
        joined = {
            key: torch.where(mixed[:, None, None], torch.maximum(truth, truth.roll(1, 0)), truth)
            * (~empty)[:, None, None].to(truth)
            for key, truth in targets.items()
        }
        return torch.log1p(self.scale * total.sqrt()), joined


def _noise(like: torch.Tensor) -> torch.Tensor:
    """Power of noise whose bands fall by up to 30 dB from the lowest to the highest."""
    fall = 3 * torch.rand(len(like), device=like.device)[:, None] * torch.linspace(0, 1, like.shape[2]).to(like)
    return 10 ** -fall[:, None, :, None] * torch.empty_like(like).exponential_()
