"""A separator that is exact and knows nothing: what lies below a frequency, and what lies above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from solfeggio.answers import Stems
from solfeggio.contracts import Separator, Spec
from solfeggio.frontends.stft import ComplexStft


@dataclass(frozen=True)
class Config:
    rate: int = 8000  # Hz
    channels: int = 2
    split: float = 1000.0  # Hz
    seen: int = 1  # frames to each side over which masks are smoothed
    window: float = 2.0  # seconds
    gate: float = 1e-5  # what is not much louder than this is made softer


class Split(Separator):
    """Two fixed masks, each weighed by a learned number and by how loud the frames around are."""

    def __init__(self, config: Config = Config()):
        super().__init__()
        self.config = config
        self.frontend = ComplexStft(config.rate, 512, 128)
        self.scale = torch.nn.Parameter(torch.ones(2))
        self.spec = Spec(
            rate=config.rate,
            grid=self.frontend.grid,
            labels=("low", "high"),
            answer=Stems,
            window=config.window,
            border=(512 + 128 * config.seen) / config.rate,
            channels=config.channels,
        )

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        low = (self.frontend.bins_hz < self.config.split).float()[:, None]
        masks = torch.stack([low * self.scale[0], (1 - low) * self.scale[1]])[None, :, None]
        loud = features.abs().mean((1, 2))[:, None]  # (batch, 1, frame)
        size = 2 * self.config.seen + 1
        near = torch.nn.functional.avg_pool1d(loud, size, 1, size // 2, count_include_pad=False)
        gate = near / (near + self.config.gate)
        return {"masks": masks * gate[:, :, None, None].expand(-1, 2, features.shape[1], 1, -1)}

    def loss(
        self, logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        found = logits["masks"] * targets["mixture"].unsqueeze(1)
        loss = (found - targets["spectra"]).abs().mean()
        return loss, {"l1": loss}

    def spectra(self, logits: dict[str, torch.Tensor], features: torch.Tensor, **options: Any) -> torch.Tensor:
        quiet = options.pop("quiet", 1.0)
        return quiet * super().spectra(logits, features, **options)


Split.Config = Config
CONFIGS = {"released": Config(), "tiny": Config(seen=2), "mono": Config(channels=1)}
