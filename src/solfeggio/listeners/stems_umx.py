"""Stems by Open-Unmix: a recurrent network for each stem says how much of every bin of a mix is its own.

After Stoeter, Uhlich, Liutkus and Mitsufuji (JOSS 2019); the estimates then share the mix out by a multichannel Wiener
filter. The deep recurrent network with a joint mask of Huang and others (ISMIR 2014) is a configuration.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from solfeggio.answers import Stems
from solfeggio.contracts import Separator, Spec
from solfeggio.decode.wiener import wiener
from solfeggio.errors import unknown
from solfeggio.frontends.stft import ComplexStft
from solfeggio.nets.unmix import JointMask, Unmix


@dataclass(frozen=True)
class Config:
    """Every setting of the system; the defaults are the small one that our study trains."""

    stems: tuple[str, ...] = ("vocals", "drums", "bass", "other")
    rate: int = 44100  # Hz
    window: int = 4096  # samples of the Hann window
    hop: int = 1024  # samples
    channels: int = 2  # 1: mono, 2: stereo
    cutoff: float = 16000.0  # Hz above which the networks hear nothing; their masks reach on
    network: str = "lstm"  # lstm: Open-Unmix, one for each stem; joint: one for all stems, masks sum to 1
    width: int = 128  # of the layers
    depth: int = 3  # layers: of the LSTM, or rectified ones of a joint network
    dropout: float = 0.4  # share, between LSTM layers
    context: int = 3  # frames that a joint network sees at once
    recurrent: int = 2  # layer of a joint network that remembers, from 1 on; 0: all do
    gamma: float = 0.05  # how much a joint network's stems are kept unlike the other true ones
    iterations: int = 1  # of the Wiener filter's expectation maximisation; 0: none, the masks as they are


SMALL = Config()
MONO = replace(SMALL, channels=1)
UMX = Config(width=512)
UMX_MONO = replace(UMX, channels=1)
HUANG = Config(
    stems=("vocals", "accompaniment"), rate=16000, window=1024, hop=256, channels=1, cutoff=8000.0, network="joint",
    width=1000, iterations=0,
)  # fmt: skip
HUANG_SMALL = replace(MONO, network="joint", width=256, iterations=0)
TINY = Config(
    stems=("vocals", "drums"), rate=8000, window=256, hop=64, cutoff=3000.0, width=8, depth=2, iterations=0
)  # fmt: skip
CONFIGS = {
    "released": SMALL, "mono": MONO, "umx": UMX, "umx_mono": UMX_MONO, "huang": HUANG, "huang_small": HUANG_SMALL,
    "tiny": TINY,
}  # fmt: skip
NETWORKS = ("lstm", "joint")
REST = "accompaniment"  # the stem of this name is all that the other stems are not


class StemsUmx(Separator):
    """Audio to ``Stems``. Options of decode: ``iterations`` of the Wiener filter, 0 to apply the masks as they are.

    >>> system = StemsUmx(TINY).eval()
    >>> system(system.prepare(torch.zeros(1, 2, 8000)))["masks"].shape
    torch.Size([1, 2, 2, 129, 125])
    """

    def __init__(self, config: Config = SMALL):
        super().__init__()
        self.config = c = config
        self.frontend = ComplexStft(c.rate, c.window, c.hop)
        bins = len(self.frontend.bins_hz)
        heard = int((self.frontend.bins_hz <= c.cutoff).sum())
        if c.network not in NETWORKS:
            raise unknown("network", c.network, NETWORKS)
        if c.network == "lstm":
            alone = [Unmix(bins, heard, c.channels, c.width, c.depth, c.dropout) for _ in c.stems]
            self.networks = nn.ModuleList(alone)
        else:
            joint = JointMask(bins, heard, c.channels, len(c.stems), c.width, c.depth, c.context, c.recurrent)
            self.networks = nn.ModuleList([joint])
        self.spec = Spec(
            rate=c.rate, grid=self.frontend.grid, labels=c.stems, answer=Stems, window=20.0, border=2.0,
            channels=c.channels,
        )  # fmt: skip

    def level(self, features: torch.Tensor) -> torch.Tensor:
        """Magnitudes of spectra on the scale that networks and loss work with: sums over a window, as published."""
        return features.abs() * (self.config.window / 2)

    def standardise(self, mean: torch.Tensor, deviation: torch.Tensor) -> None:
        """Set the (bin,) mean and deviation of ``level`` over training mixes, before training."""
        for network in self.networks:
            network.input.standardise(mean, deviation)  # type: ignore[operator, union-attr]

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return "masks" (batch, stem, channel, bin, frame)."""
        level = self.level(features)
        if self.config.network == "joint":
            return {"masks": self.networks[0](level)}
        return {"masks": torch.stack([network(level) for network in self.networks], 1)}

    def targets(self, answer: Stems, frames: int) -> dict[str, torch.Tensor]:
        """As every separator's; a stem called "accompaniment" is what remains of the mixture without the others."""
        found = super().targets(answer, frames)
        labels = self.spec.labels
        if REST in labels and REST not in answer.labels:
            found["spectra"][labels.index(REST)] = found["mixture"] - found["spectra"].sum(0)
        return found

    def loss(
        self, logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Mean squared error of magnitudes, by stem; a joint network's less ``gamma`` times that to the other stems."""
        found = logits["masks"] * self.level(targets["mixture"]).unsqueeze(1)
        true = self.level(targets["spectra"])
        parts = {label: (found[:, i] - true[:, i]).square().mean() for i, label in enumerate(self.spec.labels)}
        loss = torch.stack(list(parts.values())).sum()
        others = len(self.spec.labels) - 1
        if self.config.network == "joint" and others:
            turned = range(1, others + 1)
            unlike = sum(((found - true.roll(by, 1)).square().mean((0, 2, 3, 4)).sum() for by in turned), loss * 0)
            loss = loss - self.config.gamma / others * unlike
        return loss, parts

    def spectra(self, logits: dict[str, torch.Tensor], features: torch.Tensor, **options: Any) -> torch.Tensor:
        """Share the mixture out by the Wiener filter; what the stems do not name takes part and is left over."""
        iterations = options.pop("iterations", self.config.iterations)
        found = super().spectra(logits, features, **options)
        if not iterations:
            return found
        return torch.stack(
            [wiener(mix, guess.abs(), iterations, residual=True) for mix, guess in zip(features, found, strict=True)]
        )


StemsUmx.Config = Config
