"""Instruments: which of them play when, singing voices among them.

A small network reads a mel spectrogram ten times a second, with several seconds around each moment; a median settles
what flickers. Networks that judge each second for itself, fully connected, convolutional and recurrent, are those kinds
that Gururani, Summers and Lerch compared ("Instrument activity detection in polyphonic music using deep neural
networks", ISMIR 2018); their sizes are ours. It tells kinds of instruments apart, not players.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, pad

from solfeggio.answers import Segments
from solfeggio.contracts import Listener, Spec
from solfeggio.data.taxonomy import LABELS, SINGING, instrument_classes
from solfeggio.decode.activity import smoothed, stretches
from solfeggio.errors import unknown
from solfeggio.frontends.mel import mel_filters
from solfeggio.frontends.spectra import LogSpectra
from solfeggio.grid import Grid
from solfeggio.nets.conv import DilatedTrunk, Stem

LOW = 30.0  # Hz, where the lowest band begins; the highest ends at half the rate
QUIET = 0.02  # log magnitude below which there is silence, some -90 dB
NOTHING = -8.0  # logit of every instrument in silence
RARE = -2.0  # logit of every instrument before anything is learned: most do not play
SECOND = 10  # frames that the published networks hear at once, spectra included


@dataclass(frozen=True)
class Config:
    """Every setting of the system; the defaults are the released one."""

    rate: int = 22050  # Hz
    hop: int = 735  # samples between spectra
    fine: int = 3  # spectra in a frame of the network: a tenth of a second
    window: int = 2048  # samples of each spectrum
    bins: int = 96  # mel bands
    scale: float = 1e5  # of magnitudes before the logarithm, so that faint partials count
    trunk: str = "dilated"  # dilated, dense, convolution or recurrent; the last three hear one second
    stem: tuple[int, ...] = (24, 32, 48, 128)  # channels of the spectral convolutions, not used when dense
    pools: tuple[int, ...] = (2, 2, 2)  # pooling over bins after each of them but the last
    placed: bool = True  # whether the network knows where in the spectrum it hears something
    width: int = 128  # channels of the trunk (units when dense, cells a direction when recurrent)
    depth: int = 5  # layers of the trunk: five dilated ones hear 3.5 s to either side
    dropout: float = 0.15  # share
    singing_weight: float = 0.2  # weight of the singing voice in the loss against all other classes together
    threshold: float = 0.5  # probability above which an instrument plays
    singing_threshold: float = 0.5  # the same for voices
    smooth: float = 1.1  # seconds of the median


RELEASED = Config()
FC = Config(trunk="dense", width=256, depth=2, dropout=0.5)
CNN = Config(trunk="convolution", stem=(32, 32, 64, 64, 128), pools=(2, 2, 2, 2), depth=1, dropout=0.25)
CRNN = Config(trunk="recurrent", stem=(32, 64, 128), pools=(4, 2), width=64, depth=1, dropout=0.25)
TINY = Config(stem=(4, 4, 8), pools=(4, 4), width=8, depth=2, dropout=0.0, smooth=0.3)
CONFIGS = {"released": RELEASED, "fc": FC, "cnn": CNN, "crnn": CRNN, "tiny": TINY}


class Instruments(Listener):
    """Audio to ``Segments`` that overlap, labelled with the classes of ``data.taxonomy``, values mean probabilities.

    Options of decode: threshold, singing_threshold, smooth. ``singing`` gives the voices of an answer alone.

    >>> instruments = Instruments(TINY).eval()
    >>> {name: tuple(x.shape) for name, x in instruments(instruments.prepare(torch.zeros(1, 22050))).items()}
    {'instruments': (1, 10, 30), 'singing': (1, 10, 1)}
    """

    def __init__(self, config: Config = RELEASED):
        super().__init__()
        self.config = config
        c = config
        filters = [mel_filters(c.rate, c.window, c.bins, LOW, c.rate / 2)]
        self.frontend = LogSpectra(c.rate, c.hop, (c.window,), filters, c.scale)
        self.level = nn.BatchNorm2d(c.bins)
        self.trunk, reach = self._build()
        self.dropout = nn.Dropout(c.dropout)
        self.head = nn.Conv1d(_width(c), len(LABELS), 1)
        nn.init.constant_(self.head.bias, RARE)  # type: ignore[arg-type]
        grid = Grid.of_hop(c.rate, c.hop * c.fine)
        border = reach + 1 + -(-c.window // (2 * c.hop * c.fine))
        self.spec = Spec(
            rate=c.rate,
            grid=grid,
            labels=LABELS,
            answer=Segments,
            window=120.0,
            border=float(border / grid.rate),
        )

    def _build(self) -> tuple[nn.Module, int]:
        """Make the network up to its head, and tell how many frames it hears to each side."""
        c = self.config
        if c.trunk == "dense":
            layers: list[nn.Module] = [nn.Flatten(1, 2), nn.ConstantPad1d((SECOND // 2, SECOND - SECOND // 2 - 1), 0.0)]
            for i in range(c.depth):
                size, span = (c.fine * c.bins, SECOND) if i == 0 else (c.width, 1)
                layers += [nn.Conv1d(size, c.width, span), nn.BatchNorm1d(c.width), nn.ELU(), nn.Dropout(c.dropout)]
            return nn.Sequential(*layers[:-1]), SECOND // 2
        stem = Stem(c.fine, c.bins, c.stem, c.pools, c.dropout, placed=c.placed)
        if c.trunk == "convolution":
            return stem, stem.reach
        if c.trunk == "recurrent":
            span = SECOND - 2 * stem.reach
            return nn.Sequential(stem, SpanGru(c.stem[-1], c.width, c.depth, span)), stem.reach + span // 2
        if c.trunk != "dilated":
            raise unknown("trunk", c.trunk, ("dilated", "dense", "convolution", "recurrent"))
        trunk = DilatedTrunk(c.width, c.depth, kernel=3, dropout=c.dropout)
        widen = nn.Conv1d(c.stem[-1], c.width, 1)
        return nn.Sequential(stem, widen, trunk, nn.ELU()), stem.reach + trunk.reach

    def prepare(self, samples: torch.Tensor) -> torch.Tensor:
        """Turn (batch, time) samples into log mel spectra (batch, spectrum, bin, frame), some spectra to a frame."""
        fine = self.frontend(samples)[:, 0]
        size = self.config.fine
        frames = self.spec.grid.count(samples.shape[-1] / self.config.rate)
        left = size // 2
        fine = pad(fine, (left, max(0, frames * size - left - fine.shape[-1])))[..., : frames * size]
        return fine.unflatten(-1, (frames, size)).permute(0, 3, 1, 2)

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return logits (batch, frame, label): "instruments", all classes but the last, and "singing", the last.

        In evaluation nothing plays where nothing sounds.
        """
        x = self.level(features.transpose(1, 2)).transpose(1, 2)
        logits = self.head(self.dropout(self.trunk(x)))
        if not self.training:
            still = features.amax((1, 2)) < QUIET
            logits = torch.where(still[:, None], torch.full_like(logits, NOTHING), logits)
        logits = logits.transpose(1, 2)
        return {"instruments": logits[..., :-1], "singing": logits[..., -1:]}

    def targets(self, answer: Segments, frames: int) -> dict[str, torch.Tensor]:
        """Write 1 while an instrument plays, else 0; labels are those of the band or ours.

        Raises ConfigError for a label that is no instrument's name.
        """
        marks = torch.zeros(frames, len(LABELS))
        firsts, lasts = (self.spec.grid.positions(times) for times in (answer.starts, answer.ends))
        edges = np.ceil(np.clip(np.stack([firsts, lasts], 1) - 1e-9, 0, frames)).astype(int)
        for (first, last), label in zip(edges, answer.labels, strict=True):
            for kind in instrument_classes(label):
                marks[first:last, LABELS.index(kind)] = 1.0
        return {"instruments": marks[:, :-1], "singing": marks[:, -1:]}

    def loss(
        self, logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Binary cross-entropy; parts "instruments", the mean over classes, and "singing"."""
        parts = {name: binary_cross_entropy_with_logits(logits[name].float(), truth) for name, truth in targets.items()}
        return parts["instruments"] + self.config.singing_weight * parts["singing"], parts

    def activity(self, logits: dict[str, Any], smooth: float | None = None) -> np.ndarray:
        """Probabilities (frame, label) of all classes, settled by a median over ``smooth`` seconds (0: as they are)."""
        joined = np.concatenate([np.asarray(logits[name], np.float64) for name in ("instruments", "singing")], 1)
        spread = self.spec.grid.span(self.config.smooth if smooth is None else smooth)
        return smoothed(1 / (1 + np.exp(-np.clip(joined, -50, 50))), spread // 2 * 2 + 1)

    def decode(self, logits: dict[str, Any], **options: Any) -> Segments:
        """Find where each instrument plays; options threshold, singing_threshold and smooth override the Config."""
        names = ("threshold", "singing_threshold", "smooth")
        for name in options:
            if name not in names:
                raise unknown("option", name, names)
        settings = {name: options.get(name, getattr(self.config, name)) for name in names}
        thresholds = np.full(len(LABELS), float(settings["threshold"]))
        thresholds[-1] = settings["singing_threshold"]
        return stretches(self.activity(logits, settings["smooth"]), self.spec.grid, LABELS, thresholds)

    def singing(self, found: Segments) -> Segments:
        """Keep the singing voices of an answer."""
        return found.take(np.array([label == SINGING for label in found.labels], bool))


Instruments.Config = Config


def _width(c: Config) -> int:
    """Channels that the head reads."""
    return {"convolution": c.stem[-1], "recurrent": 2 * c.width}.get(c.trunk, c.width)


class SpanGru(nn.Module):
    """A bidirectional GRU over the ``span`` frames around each frame, for itself, and the mean of what it gives.

    channels: in. width: cells a direction. Shape: (batch, channel, frame) to (batch, 2 * width, frame).
    """

    def __init__(self, channels: int, width: int, depth: int, span: int):
        super().__init__()
        self.span = span
        self.gru = nn.GRU(channels, width, depth, batch_first=True, bidirectional=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, 2 * width, frame)."""
        pieces = pad(x, (self.span // 2, self.span - self.span // 2 - 1)).unfold(-1, self.span, 1)
        batch, _, frames, _ = pieces.shape
        heard, _ = self.gru(pieces.permute(0, 2, 3, 1).flatten(0, 1))
        return heard.mean(1).unflatten(0, (batch, frames)).transpose(1, 2)
