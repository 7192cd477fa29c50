"""Instruments from weak labels: what a recording holds, learned from clips that say only "somewhere in it".

A frozen front-end tells 128 numbers a second; a small network scores each second and weighs it by attention, for each
instrument apart, so that one label for ten seconds teaches it which seconds matter. Gururani, Sharma and Lerch, "An
attention mechanism for musical instrument recognition" (ISMIR 2019), with its baselines as configurations. Their frozen
vectors are VGGish's; here they are whitened statistics of a mel spectrogram, as no trained vectors may be shipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from solfeggio.answers import Curve, Tags
from solfeggio.contracts import Listener, Spec
from solfeggio.data.clips import LABELS
from solfeggio.errors import ConfigError, unknown
from solfeggio.frontends.statistics import MelStatistics, Whitened
from solfeggio.grid import Grid
from solfeggio.nets.pooling import attention_pool, attention_weights, max_pool, mean_pool

SOUNDING = 0.1  # share of a vector's spectra that must sound, or there is nothing in it
STILL = -30.0  # logit of every instrument where nothing sounds
FEWEST = 1e-7  # that a probability keeps from 0 and 1 in the loss


@dataclass(frozen=True)
class Config:
    """Every setting of the system; the defaults are the released one."""

    rate: int = 22050  # Hz
    hop: int = 22050  # samples of a vector: one a second
    clip: int = 10  # vectors that a label speaks of
    bands: int = 80  # mel bands of the front-end
    vectors: int = 128  # numbers in a vector
    net: str = "frames"  # frames: each vector alone; flat: all of a clip at once; recurrent
    pooling: str = "attention"  # of frames: attention, mean or max
    normalised: bool = True  # batch norm and dropout between the layers of frames, and no bias
    depth: int = 3  # layers
    units: int = 512  # of the hidden layers of a flat network, the last one has as many as a vector
    dropout: float = 0.6  # share
    threshold: float = 0.5  # how sure an instrument must be to be named
    step: int = 5  # vectors from one clip of a recording to the next


ATTENTION = Config()
MEAN = Config(pooling="mean")  # the same network without attention: what attention alone buys
MAX = Config(pooling="max")
FRAME_MLP = Config(pooling="mean", normalised=False)
FLAT_MLP = Config(net="flat", pooling="mean", dropout=0.3)  # with 0.6 it learns nothing
RECURRENT = Config(net="recurrent", pooling="mean")
TINY = Config(hop=2205, bands=20, vectors=8, units=16, dropout=0.0)
CONFIGS = {
    "released": ATTENTION, "mean": MEAN, "max": MAX, "frame-mlp": FRAME_MLP, "flat-mlp": FLAT_MLP,
    "recurrent": RECURRENT, "tiny": TINY,
}  # fmt: skip


class InstrumentsMil(Listener):
    """Audio to ``Tags``: the instruments of the whole recording that were heard in any clip of it, and how surely.

    Options of decode: threshold (0: all that it was taught), step. ``when`` tells in which seconds an instrument was
    heard. The classes are those of OpenMIC-2018; what no example taught is never named.

    >>> system = InstrumentsMil(TINY).eval()
    >>> system(system.prepare(torch.zeros(1, 22050)))["tags"].shape
    torch.Size([1, 10, 20])
    """

    taught: torch.Tensor

    def __init__(self, config: Config = ATTENTION):
        super().__init__()
        self.config = config
        c = config
        if c.net not in ("frames", "flat", "recurrent"):
            raise unknown("net", c.net, ("frames", "flat", "recurrent"))
        if c.pooling not in ("attention", "mean", "max"):
            raise unknown("pooling", c.pooling, ("attention", "mean", "max"))
        if c.net != "frames" and c.pooling != "mean":
            raise ConfigError(f"pooling '{c.pooling}' of net '{c.net}'", "it answers for a clip at once", "use 'mean'")
        _check_step(c.step, c.clip)
        self.frontend = MelStatistics(c.rate, c.hop, c.bands)
        self.vectors = Whitened(self.frontend.size, c.vectors)
        self.register_buffer("taught", torch.ones(len(LABELS)))
        self.net = self._build()
        self.apply(start)
        names = LABELS if c.pooling != "attention" else (*LABELS, *(f"{label} attention" for label in LABELS))
        self.spec = Spec(
            rate=c.rate,
            grid=Grid(Fraction(c.rate, c.hop), Fraction(c.hop, 2 * c.rate)),
            labels=names,
            answer=Tags,
            window=300.0 if c.net == "frames" else None,
            border=self.frontend.reach * c.hop / c.rate,
        )

    def _build(self) -> nn.Module:
        c = self.config
        if c.net == "frames":
            return FrameNet(c.vectors, c.depth, c.dropout, c.normalised, c.pooling == "attention")
        if c.net == "recurrent":
            return LastStep(c.vectors, c.depth)
        sizes = [c.clip * c.vectors, *[c.units] * (c.depth - 1), c.vectors]
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(c.dropout)]
        return nn.Sequential(nn.Flatten(), *layers, nn.Linear(c.vectors, len(LABELS)))

    def prepare(self, samples: torch.Tensor) -> torch.Tensor:
        """Turn (batch, time) samples into statistics (batch, 1, number, frame), a frame for each ``hop`` samples."""
        return self.frontend(samples)

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return logits (batch, frame, label): "tags" of each second, and "attention" where the Config has it.

        Networks that answer for a clip at once cut the recording into clips and say the same in all seconds of one.
        """
        logits = self.read(self.vectors(features))
        still = (features[:, 0, -1] < SOUNDING)[..., None]
        return logits | {"tags": logits["tags"].masked_fill(still, STILL)}

    def read(self, vectors: torch.Tensor) -> dict[str, torch.Tensor]:
        """Turn frozen vectors (batch, frame, vector) into the logits of ``forward``, silence apart."""
        if self.config.net == "frames":
            return self.net(vectors)
        frames, size = vectors.shape[1], self.config.clip
        if not frames:
            return {"tags": vectors.new_zeros((len(vectors), 0, len(LABELS)))}
        count = -(-frames // size)
        kept = torch.arange(count * size, device=vectors.device)
        kept[(count - 1) * size :] = (
            torch.arange(frames - size, frames, device=vectors.device) % frames
        )  # the last ones
        clips = vectors[:, kept].unflatten(1, (count, size)).flatten(0, 1)
        return {"tags": self.net(clips).unflatten(0, (-1, count)).repeat_interleave(size, 1)[:, :frames]}

    def pool(self, logits: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Turn logits (..., frame, label) of clips into how sure each label is in each, (..., label), 0 to 1."""
        scores = logits["tags"].float().sigmoid()
        if self.config.pooling == "attention":
            return attention_pool(scores, logits["attention"].float())
        return max_pool(scores) if self.config.pooling == "max" else mean_pool(scores)

    def targets(self, answer: Tags, frames: int) -> dict[str, torch.Tensor]:
        """Write tags as 0 and 1 in every frame, and which are "known": a value of 0.5 says that nobody knows.

        What is not listed is absent.
        """
        values = np.zeros(len(LABELS), np.float32)
        for label, value in zip(answer.labels, answer.values, strict=True):
            if label not in LABELS:
                raise unknown("instrument", label, LABELS)
            values[LABELS.index(label)] = value
        rows = {"tags": values > 0.5, "known": values != 0.5}
        return {key: torch.from_numpy(row).float().expand(frames, -1).clone() for key, row in rows.items()}

    def loss(
        self, logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Binary cross-entropy of the pooled clip, all frames given being one clip, over the labels that are known.

        A label is in the clip when it is in a frame. Without "known" in the targets, all are.
        """
        truth = targets["tags"].amax(-2)
        known = targets["known"].amax(-2) if "known" in targets else torch.ones_like(truth)
        sure = self.pool(logits).clamp(FEWEST, 1 - FEWEST)
        each = truth * sure.log() + (1 - truth) * (1 - sure).log()
        part = -(each * known).sum() / known.sum().clamp_min(1)
        return part, {"tags": part}

    def decode(self, logits: dict[str, Any], **options: Any) -> Tags:
        """Name the instruments of a recording by its surest clip; options (threshold, step) override the Config."""
        settings = {name: getattr(self.config, name) for name in ("threshold", "step")}
        for name in options:
            if name not in settings:
                raise unknown("option", name, settings)
        settings |= options
        _check_step(settings["step"], self.config.clip)
        parts = {key: torch.as_tensor(np.asarray(value, np.float32)) for key, value in logits.items()}
        frames = len(parts["tags"])
        if not frames:
            return Tags([], [])
        last = max(0, frames - self.config.clip)
        starts = sorted({*range(0, last, int(settings["step"])), last})
        clips = [self.pool({k: v[at : at + self.config.clip] for k, v in parts.items()}) for at in starts]
        surest = torch.stack(clips).amax(0).numpy()
        named = np.flatnonzero((surest >= settings["threshold"]) & (self.taught.cpu().numpy() > 0))
        return Tags([LABELS[i] for i in named], surest[named])

    def when(self, logits: dict[str, Any], label: str) -> Curve:
        """Tell how surely an instrument was heard in each second: its score, times attention where there is one."""
        if label not in LABELS:
            raise unknown("instrument", label, LABELS)
        column = LABELS.index(label)
        parts = [1 / (1 + np.exp(-np.asarray(value, float)[:, column])) for value in logits.values()]
        return Curve(self.spec.grid.times(len(parts[0])), np.prod(parts, axis=0), "")

    def weights(self, logits: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Give the attention of clips (..., frame, label), which sums to 1 over the frames; even without attention."""
        if "attention" in logits:
            return attention_weights(logits["attention"].float())
        return torch.full_like(logits["tags"], 1 / logits["tags"].shape[-2])


InstrumentsMil.Config = Config


def _check_step(step: int, clip: int) -> None:
    if not 0 < step <= clip:
        raise ConfigError(f"step {step}", f"clips of {clip} vectors must move by 1 to {clip}")


def start(module: nn.Module) -> None:
    """Give a layer its first weights: uniform, as wide as its inputs are few (He and others, 2015); no bias."""
    if isinstance(module, nn.Linear):
        nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class FrameNet(nn.Module):
    """The same layers for every vector, which is added to what they make; then scores and, if asked, attention."""

    def __init__(self, width: int, depth: int, dropout: float, normalised: bool, attention: bool):
        super().__init__()
        layers: list[nn.Module] = [Norm(width)] if normalised else []
        for _ in range(depth):
            layers += [nn.Linear(width, width, bias=not normalised)]
            layers += [Norm(width), nn.ReLU(), nn.Dropout(dropout)] if normalised else [nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers)
        self.heads = nn.ModuleDict({"tags": nn.Linear(width, len(LABELS))})
        if attention:
            self.heads["attention"] = nn.Linear(width, len(LABELS))

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Turn (batch, frame, width) into logits (batch, frame, label)."""
        made = x + self.layers(x)
        return {name: head(made) for name, head in self.heads.items()}


class Norm(nn.BatchNorm1d):
    """Batch norm of the last axis."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape: (..., width) in and out."""
        return super().forward(x.flatten(0, -2)).view_as(x) if x.numel() else x


class LastStep(nn.Module):
    """Bidirectional GRU over the vectors of a clip; its last step names the instruments."""

    def __init__(self, width: int, depth: int):
        super().__init__()
        self.gru = nn.GRU(width, width // 2, depth, batch_first=True, bidirectional=True)
        self.head = nn.Linear(width, len(LABELS))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Turn clips (clip, frame, width) into logits (clip, label)."""
        return self.head(self.gru(x)[0][:, -1])
