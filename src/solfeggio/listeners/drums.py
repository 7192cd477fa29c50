"""Drums: when which drum is struck, and how hard.

A small network marks hits of each drum a hundred times a second, with their velocities; peaks above a threshold of each
drum are the hits. Convolutional-recurrent networks after Vogl, Dorfer, Widmer and Knees (ISMIR 2017); STUDENT is the
dense network of Wu and Lerch (ISMIR 2017 and 2018), which hears one frame. A drum is told by how it sounds: brushes,
hands and machines far from a drum set may be called by the nearest name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import max_pool1d

from solfeggio.answers import Events
from solfeggio.contracts import Listener, Spec
from solfeggio.decode.peaks import pick_peaks
from solfeggio.errors import ConfigError, unknown
from solfeggio.frontends.mel import log_filters
from solfeggio.frontends.spectra import LogSpectra, difference_lag, rectified_difference
from solfeggio.frontends.stft import Stft
from solfeggio.grid import Grid
from solfeggio.hits import CLASSES, regroup
from solfeggio.losses.frames import shift_tolerant_bce
from solfeggio.nets.conv import DilatedTrunk, Stem
from solfeggio.nets.recurrent import RecurrentTrunk

RARE = -3.5  # first bias of the hits, 3 %: else learning begins by finding out that hits are rare, for a long time
FORGETS = 5.0  # seconds after which a recurrent trunk knows nothing any more: gates let go within a second or two


@dataclass(frozen=True)
class Config:
    """Every setting of the system; the defaults are the released one."""

    rate: int = 22050  # Hz
    hop: int = 220  # samples: a hundred frames a second
    window: int = 1024  # samples: 46 ms
    bands_per_octave: int = 12
    scale: float = 10_000.0  # magnification before the logarithm: hi-hats are 70 dB below a full sine
    low: float = 30.0  # Hz; bands reach up to half the rate, and are as many as the FFT tells apart
    net: str = "crnn"  # crnn, or dense: magnitudes of one frame straight into dense layers
    difference: bool = True  # add half-wave rectified differences of each band as a channel
    stem: tuple[int, ...] = (16, 32, 64)  # channels of the spectral convolutions; those of the dense layers
    pools: tuple[int, ...] = (3, 4)  # pooling over bins after each convolution but the last
    trunk: str = "recurrent"  # recurrent, dilated or none
    width: int = 64  # cells per direction, or channels of a dilated trunk
    depth: int = 2  # layers of the trunk
    dropout: float = 0.1  # share
    classes: str = "fine"  # fine: eight; main: six; three: kick, snare, hi-hat
    velocity: bool = True  # also tell how hard; else values are how sure a hit is
    error: str = "crossentropy"  # crossentropy, or squares: mean squared error, as teachers' soft targets need
    tolerance_frames: int = 1  # timing error that the cross-entropy forgives
    hit_weight: float = 4.0  # weight of hits against silence in it
    threshold: float = 0.4  # probability of a hit
    thresholds: tuple[float, ...] = ()  # the same for each class; empty: ``threshold`` for all
    average: float = 0.0  # seconds to each side whose mean is taken off before
    gap: float = 0.03  # seconds between hits of one drum


RELEASED = Config()
STUDENT = Config(
    rate=44100, hop=512, window=2048, net="dense", difference=False, stem=(1025, 512, 32), trunk="none", dropout=0.0,
    classes="three", velocity=False, error="squares", average=0.1, threshold=0.1,
)  # fmt: skip
TINY = Config(stem=(4, 8, 8), width=8, depth=1)
CONFIGS = {"released": RELEASED, "student": STUDENT, "tiny": TINY}


class Drums(Listener):
    """Audio to ``Events`` labelled with the drum (``hits.CLASSES``), values the velocity, 0..1.

    Options of decode: threshold, thresholds (one for each class), average, gap.

    >>> import torch
    >>> drums = Drums(TINY).eval()
    >>> drums(drums.prepare(torch.zeros(1, 22050)))["hits"].shape
    torch.Size([1, 101, 8])
    """

    def __init__(self, config: Config = RELEASED):
        super().__init__()
        self.config = config
        c = config
        if c.classes not in CLASSES:
            raise unknown("classes", c.classes, CLASSES)
        if c.error not in ("crossentropy", "squares"):
            raise unknown("error", c.error, ("crossentropy", "squares"))
        self.labels = CLASSES[c.classes]
        if c.thresholds and len(c.thresholds) != len(self.labels):
            raise ConfigError(f"{len(c.thresholds)} thresholds", f"there are {len(self.labels)} classes")
        if c.net == "crnn":
            filters = log_filters(c.rate, c.window, c.bands_per_octave, c.low, c.rate / 2)
            self.frontend: Any = LogSpectra(c.rate, c.hop, (c.window,), [filters], c.scale)
            self.lag = difference_lag(c.window, c.hop)
            self.stem: nn.Module = Stem(
                2 if c.difference else 1, len(self.frontend.bins_hz), c.stem, c.pools, c.dropout
            )
            reach, size = self.lag + self.stem.reach, c.stem[-1]  # type: ignore[operator]
        elif c.net == "dense":
            self.frontend = Stft(c.rate, c.window, c.hop)
            self.stem, reach, size = dense(c.window // 2 + 1, c.stem, c.dropout), 0, c.stem[-1]
        else:
            raise unknown("net", c.net, ("crnn", "dense"))
        if c.trunk == "recurrent":
            self.trunk: Any = RecurrentTrunk(size, c.width, c.depth, c.dropout, gated=True)
            reach, size = reach + round(FORGETS * c.rate / c.hop), self.trunk.out
        elif c.trunk == "dilated":
            self.trunk = nn.Sequential(nn.Conv1d(size, c.width, 1), DilatedTrunk(c.width, c.depth, dropout=c.dropout))
            reach, size = reach + self.trunk[1].reach, c.width
        elif c.trunk == "none":
            self.trunk = nn.Identity()
        else:
            raise unknown("trunk", c.trunk, ("recurrent", "dilated", "none"))
        self.hits = nn.Conv1d(size, len(self.labels), 1)
        nn.init.constant_(self.hits.bias, RARE)  # type: ignore[arg-type]
        self.velocity = nn.Conv1d(size, len(self.labels), 1) if c.velocity else None
        grid = Grid.of_hop(c.rate, c.hop)
        told = [f"{label} velocity" for label in self.labels] if c.velocity else []
        self.spec = Spec(
            rate=c.rate,
            grid=grid,
            labels=(*self.labels, *told),
            answer=Events,
            window=60.0,
            border=float((reach + -(-c.window // (2 * c.hop))) / grid.rate),
        )

    def prepare(self, samples: torch.Tensor) -> torch.Tensor:
        """Turn (batch, time) samples into log spectra (batch, 1, bin, frame); dense: plain magnitudes."""
        return self.frontend(samples) * (self.config.window / 2 if self.config.net == "dense" else 1.0)

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return logits (batch, frame, class): "hits", that a drum is struck, and "velocity", how hard it is then."""
        x = features
        if self.config.difference:
            x = torch.cat([x, rectified_difference(x, self.lag)], 1)
        x = self.trunk(self.stem(x))
        heads = {"hits": self.hits, "velocity": self.velocity}
        return {name: head(x).transpose(1, 2) for name, head in heads.items() if head is not None}

    def targets(self, answer: Events, frames: int) -> dict[str, torch.Tensor]:
        """Mark the frame nearest to each hit: "hits" 0 or 1, "velocity" 0..1 there, 0 where it is not known.

        answer: labels of any kind that ``hits.regroup`` knows.
        """
        hits = regroup(answer, self.config.classes)
        index = self.spec.grid.frames(hits.times)
        inside = np.flatnonzero((index >= 0) & (index < frames))
        columns = np.array([self.labels.index(label) for label in hits.labels], int)[inside]
        marks = torch.zeros(frames, len(self.labels))
        marks[index[inside], columns] = 1.0
        if self.velocity is None:
            return {"hits": marks}
        velocity = torch.zeros_like(marks)
        if hits.values is not None:
            velocity[index[inside], columns] = torch.from_numpy(hits.values[inside]).float()
        return {"hits": marks, "velocity": velocity}

    def loss(
        self, logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Error of the hits, whose targets may be soft (0..1), and squared error of the velocities that are known."""
        c, found, truth = self.config, logits["hits"].float(), targets["hits"]
        if c.error == "squares":
            return (own := (found.sigmoid() - truth).square().mean()), {"hits": own}
        parts = {"hits": shift_tolerant_bce(found, truth, c.tolerance_frames, c.hit_weight).mean()}
        if self.velocity is not None and "velocity" in targets:
            width = 2 * c.tolerance_frames + 1  # a hit may be heard a frame off, and is as loud there
            wide = max_pool1d(targets["velocity"].transpose(1, 2), width, 1, c.tolerance_frames).transpose(1, 2)
            error = (logits["velocity"].float().sigmoid() - wide).square() * (wide > 0)
            parts["velocity"] = error.sum() / (wide > 0).sum().clamp_min(1)
        return torch.stack(list(parts.values())).sum(), parts

    def decode(self, logits: dict[str, Any], **options: Any) -> Events:
        """Find the hits; options (threshold, thresholds, average, gap) override the Config."""
        c = self.config
        settings: dict[str, Any] = {name: getattr(c, name) for name in ("threshold", "thresholds", "average", "gap")}
        for name in options:
            if name not in settings:
                raise unknown("option", name, settings)
        if "threshold" in options:
            settings["thresholds"] = ()
        settings |= options
        thresholds = settings["thresholds"] or (settings["threshold"],) * len(self.labels)
        if len(thresholds) != len(self.labels):
            raise ConfigError(f"{len(thresholds)} thresholds", f"there are {len(self.labels)} classes")
        odds = 0.5 + 0.5 * np.tanh(np.asarray(logits["hits"], np.float64) / 2)
        loud = 0.5 + 0.5 * np.tanh(np.asarray(logits.get("velocity", logits["hits"]), np.float64) / 2)
        times, columns, values = [], [], []
        for i, threshold in enumerate(thresholds):
            own = pick_peaks(
                odds[:, i], self.spec.grid, threshold=threshold, average=settings["average"], gap=settings["gap"],
                refine=True,
            )  # fmt: skip
            times.append(own)
            columns.append(np.full(len(own), i))
            values.append(loud[self.spec.grid.frames(own), i])
        moments, which, force = (np.concatenate(x) for x in (times, columns, values))
        ends = len(odds) / float(self.spec.grid.rate) - c.window / (2 * c.rate)  # that sound breaks off is no hit
        order = np.lexsort((which, moments))
        order = order[moments[order] < ends]
        return Events(moments[order], [self.labels[i] for i in which[order]], force[order])


Drums.Config = Config


def dense(bins: int, widths: tuple[int, ...], dropout: float) -> nn.Sequential:
    """Dense layers on single frames, each with ReLU and batch norm; (batch, 1, bin, frame) to (batch, width, frame)."""
    layers: list[nn.Module] = [nn.Flatten(1, 2)]
    for width in widths:
        layers += [nn.Conv1d(bins, width, 1), nn.ReLU(), nn.BatchNorm1d(width), nn.Dropout(dropout)]
        bins = width
    return nn.Sequential(*layers)
