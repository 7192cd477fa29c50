"""Stems by U-Nets that also tell when their stem plays, and then let nothing else through.

IASS after Hung and Lerch (ISMIR 2020): one residual U-Net for each stem, trained to separate and to tell the activity
of each frame, which gates the sound. The network of timbres and time of Chandna and others (LVA/ICA 2017), whose masks
share the mix out without a gate, is a configuration.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from solfeggio.answers import Stems
from solfeggio.contracts import Separator, Spec
from solfeggio.errors import unknown
from solfeggio.frontends.stft import ComplexStft
from solfeggio.nets.stem_convs import ActivityUNet, TimbreTime


@dataclass(frozen=True)
class Config:
    """Every setting of the system; the defaults are the small one that our study trains."""

    stems: tuple[str, ...] = ("vocals", "drums", "bass", "other")
    rate: int = 44100  # Hz
    window: int = 4096  # samples of the Hann window
    hop: int = 1024  # samples
    channels: int = 1  # each channel is separated for itself
    cutoff: float = 8000.0  # Hz above which a U-Net hears nothing; its masks reach on
    network: str = "unet"  # unet: IASS, one for each stem; timbre: one for all, masks sum to 1, no activity
    widths: tuple[int, ...] = (4, 8, 12)  # channels of the U-Net's blocks
    gate: bool = True  # silence the frames in which the stem is not active
    threshold: float = 0.5  # probability from which a frame is active
    median: int = 21  # frames, an odd number, over which activity is smoothed
    quiet: float = -50.0  # dB of full scale below which a true stem does not count as active
    activity_weight: float = 1.0  # factor on the loss of activity
    filters: int = 50  # timbres, and as many ways they go on
    dense: int = 128  # units of the bottleneck
    span: int = 15  # frames of the time convolution
    patch: int = 30  # frames seen at once by a timbre network
    step: int = 5  # frames from one patch to the next


SMALL = Config()
IASS = Config(widths=(16, 32, 48), cutoff=16000.0)
CHANDNA = Config(window=1024, hop=256, network="timbre")
CHANDNA_SMALL = Config(network="timbre", step=15)
TINY = Config(
    stems=("vocals", "drums"), rate=8000, window=256, hop=64, channels=2, cutoff=3000.0, widths=(2, 3, 4), median=5,
    filters=4, dense=8, span=5, patch=10,
)  # fmt: skip
CONFIGS = {
    "released": SMALL, "iass": IASS, "chandna": CHANDNA, "chandna_small": CHANDNA_SMALL, "tiny": TINY,
    "tiny_timbre": replace(TINY, network="timbre"),
}  # fmt: skip
NETWORKS = ("unet", "timbre")
APART = 1e-3  # how much a timbre network's stems are kept unlike each other


class StemsIass(Separator):
    """Audio to ``Stems``. Options of decode: ``gate`` and ``threshold``.

    >>> system = StemsIass(TINY).eval()
    >>> {name: tuple(x.shape) for name, x in system(system.prepare(torch.zeros(1, 2, 8000))).items()}
    {'masks': (1, 2, 2, 129, 125), 'activity': (1, 125, 2)}
    """

    def __init__(self, config: Config = SMALL):
        super().__init__()
        self.config = c = config
        self.frontend = ComplexStft(c.rate, c.window, c.hop)
        bins = len(self.frontend.bins_hz)
        heard = int((self.frontend.bins_hz <= c.cutoff).sum())
        if c.network not in NETWORKS:
            raise unknown("network", c.network, NETWORKS)
        if c.network == "unet":
            self.networks = nn.ModuleList([ActivityUNet(bins, heard, c.widths) for _ in c.stems])
            reach = 4 * len(c.widths) + 1 + c.median // 2
        else:
            timbre = TimbreTime(bins, len(c.stems), c.filters, c.dense, c.span, c.patch, c.step)
            self.networks, reach = nn.ModuleList([timbre]), c.patch
        self.spec = Spec(
            rate=c.rate, grid=self.frontend.grid, labels=c.stems, answer=Stems, window=10.0,
            border=float((reach + -(-c.window // c.hop)) / self.frontend.grid.rate), channels=c.channels,
        )  # fmt: skip

    def level(self, features: torch.Tensor) -> torch.Tensor:
        """Magnitudes of spectra on the scale that networks and loss work with: sums over a window, as published."""
        return features.abs() * (self.config.window / 2)

    def standardise(self, mean: torch.Tensor, deviation: torch.Tensor) -> None:
        """Set the (bin,) mean and deviation of ``level`` over training mixes, before training."""
        for network in self.networks:
            network.input.standardise(mean, deviation)  # type: ignore[operator, union-attr]

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return "masks" (batch, stem, channel, bin, frame) and, of U-Nets, "activity", logits (batch, frame, stem)."""
        level = self.level(features)
        if self.config.network == "timbre":
            return {"masks": self.networks[0](level)}
        masks, activity = zip(*(network(level) for network in self.networks), strict=True)
        return {"masks": torch.stack(masks, 1), "activity": torch.stack(activity, -1)}

    def targets(self, answer: Stems, frames: int) -> dict[str, torch.Tensor]:
        """As every separator's, and "activity" (frame, stem): 1 where a stem is louder than ``quiet``."""
        found = super().targets(answer, frames)
        found["activity"] = self.active(found["spectra"])
        return found

    def active(self, spectra: torch.Tensor) -> torch.Tensor:
        """Tell where stems (..., stem, channel, bin, frame) are louder than ``quiet``: (..., frame, stem), 0 and 1."""
        power = spectra.abs().square().sum(-2).mean(-2) / 0.375  # of a full-scale sine: 1
        return (power > 10 ** (self.config.quiet / 10)).float().transpose(-1, -2)

    def loss(
        self, logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Mean squared error of magnitudes by stem, and cross-entropy of activity where it is told."""
        found = logits["masks"] * self.level(targets["mixture"]).unsqueeze(1)
        true = self.level(targets["spectra"])
        parts = {label: (found[:, i] - true[:, i]).square().mean() for i, label in enumerate(self.spec.labels)}
        if "activity" in logits:
            truth = targets["activity"] if "activity" in targets else self.active(targets["spectra"])
            told = nn.functional.binary_cross_entropy_with_logits(logits["activity"], truth)
            parts["activity"] = self.config.activity_weight * len(self.spec.labels) * told
            return torch.stack(list(parts.values())).sum(), parts
        unlike = [(found[:, :-by] - found[:, by:]).square().mean() for by in range(1, len(self.spec.labels))]
        loss = torch.stack(list(parts.values())).sum()
        return loss - APART * torch.stack(unlike).sum() if unlike else loss, parts

    def spectra(self, logits: dict[str, torch.Tensor], features: torch.Tensor, **options: Any) -> torch.Tensor:
        """Apply the masks, and the gate where activity is told and it is not switched off."""
        gate = options.pop("gate", self.config.gate)
        threshold = options.pop("threshold", self.config.threshold)
        found = super().spectra(logits, features, **options)
        if not gate or "activity" not in logits:
            return found
        open_ = gates(logits["activity"].sigmoid(), threshold, self.config.median)
        return found * open_.transpose(1, 2)[:, :, None, None]


def gates(activity: torch.Tensor, threshold: float, median: int) -> torch.Tensor:
    """Turn (batch, frame, stem) probabilities into gates of 0 and 1: the median of ``median`` frames of what is active.

    >>> gates(torch.tensor([[[0.9], [0.2], [0.8], [0.1], [0.1]]]), 0.5, 3).flatten()
    tensor([0., 1., 0., 0., 0.])
    """
    active = (activity >= threshold).float().transpose(1, 2)
    share = nn.functional.avg_pool1d(active, median, 1, median // 2)  # silence around, as median filters have it
    return (share > 0.5).float().transpose(1, 2)


StemsIass.Config = Config
