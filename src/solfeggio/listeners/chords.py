"""Chords: which harmony sounds when, with its bass.

A small network that treats all twelve roots alike tells root, bass, quality and pitch classes ten times a second; a
search over whole chords finds the sequence that explains all four. Structured outputs after McFee and Bello (ISMIR
2017); published networks of Korzeniowski and Widmer (ISMIR 2016, MLSP 2016) are configurations. It names one chord at a
time: of two harmonies that overlap, or of a melody alone, it gives the likelier reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from solfeggio.answers import Events, Segments
from solfeggio.contracts import Listener, Spec
from solfeggio.decode.chords import (
    FINE,
    LANGUAGES,
    QUALITIES,
    decode_chords,
    is_bare,
    log_softmax,
    regroup,
    score_chords,
)
from solfeggio.errors import ConfigError, unknown
from solfeggio.frontends.log_cq import LogConstantQ
from solfeggio.frontends.mel import log_filters
from solfeggio.frontends.spectra import LogSpectra
from solfeggio.grid import Grid
from solfeggio.harte import VOCABULARIES, encode, pitch_classes, read, simplify, vocabulary
from solfeggio.nets.heads import ClassHeads, FrameHeads
from solfeggio.nets.intervals import IntervalTrunk, PitchStem
from solfeggio.nets.recurrent import RecurrentTrunk


@dataclass(frozen=True)
class Config:
    """Every setting of the system; the defaults are the released one."""

    rate: int = 22050  # Hz
    hop: int = 2048  # samples: about eleven frames a second
    octaves: int = 7  # of the constant-Q transform, from C1 on, 36 bins each; 0: quarter tones of an FFT instead
    gamma: float = 1.0  # Hz added to every bandwidth of it, so that the bass is not smeared over a second
    tuned: bool = True  # correct the tuning, as far as heard around each frame
    tuning_reach: float = 10.0  # seconds to each side that it is heard in
    window: int = 8192  # samples of the FFT, with octaves 0
    band: tuple[float, float] = (65.0, 2093.0)  # Hz of its quarter tones, up to C7: 105 bins
    trunk: str = "intervals"  # intervals, recurrent, dense or convolution
    stem: tuple[int, ...] = (8, 16, 16)  # channels of the convolutions along pitch, with trunk intervals
    width: int = 56  # channels of the trunk (cells per direction when recurrent, units when dense)
    depth: int = 6  # layers of the trunk
    context: int = 15  # frames that a dense network sees
    dropout: float = 0.15  # share
    output: str = "structured"  # structured: four heads; flat: one class a chord; chroma: classes read from a chroma
    classes: str = "large"  # vocabulary of a flat output
    vocabulary: str = "large"  # what is answered: majmin, sevenths or large, all with N
    language: str = "bigrams"  # how chords follow: none, duration or bigrams
    lasts: float = 2.0  # seconds, how long a chord lasts on average
    weight: float = 0.6  # factor on what a frame says, as its neighbours say the same
    tone_weight: float = 0.25  # factor on the pitch-class head when chords are scored


RELEASED = Config()
DEEP_CHROMA = Config(
    rate=44100, hop=4410, octaves=0, tuned=False, trunk="dense", width=512, depth=3, dropout=0.5, output="chroma",
    classes="majmin", vocabulary="majmin", language="duration",
)  # fmt: skip
CONV = Config(
    rate=44100, hop=4410, octaves=0, tuned=False, trunk="convolution", dropout=0.5, output="flat", classes="majmin",
    vocabulary="majmin", language="duration",
)  # fmt: skip
CRNN = Config(octaves=6, gamma=0.0, tuned=False, trunk="recurrent", width=256, depth=2)
TINY = Config(stem=(2, 4), width=4, depth=2, tuning_reach=1.0)
CONFIGS = {"released": RELEASED, "deep_chroma": DEEP_CHROMA, "conv": CONV, "crnn": CRNN, "tiny": TINY}


class Chords(Listener):
    """Audio to ``Segments`` of Harte labels ("G:7/3", "N" for none), values how sure each is.

    Options of decode: vocabulary, language, lasts, weight, and beats (Events), on which alone chords then change.

    >>> import torch
    >>> chords = Chords(TINY).eval()
    >>> {name: tuple(x.shape) for name, x in chords(chords.prepare(torch.zeros(1, 22050))).items()}["root"]
    (1, 11, 13)
    """

    changes: torch.Tensor

    def __init__(self, config: Config = RELEASED):
        super().__init__()
        self.config = config
        c = config
        if c.output not in ("structured", "flat", "chroma"):
            raise unknown("output", c.output, ("structured", "flat", "chroma"))
        if c.language not in LANGUAGES:
            raise unknown("language", c.language, LANGUAGES)
        if c.octaves:
            tuning_reach = c.tuning_reach if c.tuned else 0.0
            self.frontend: Any = LogConstantQ(c.rate, c.hop, c.octaves, gamma=c.gamma, tuning_reach=tuning_reach)
            longest = self.frontend.reach * c.rate
        else:
            filters = [log_filters(c.rate, c.window, 24, *c.band)]
            self.frontend = LogSpectra(c.rate, c.hop, (c.window,), filters, 1.0)
            longest = c.window / 2
        self.heads = self._sizes()
        self.trunk, reach = self._build(len(self.frontend.bins_hz))
        shapes = len(VOCABULARIES[FINE])
        self.register_buffer("changes", torch.zeros(shapes + 1, 12 * shapes + 1))  # of count_changes
        grid = Grid.of_hop(c.rate, c.hop)
        self.spec = Spec(
            rate=c.rate,
            grid=grid,
            labels=tuple(f"{head} {i}" for head, size in self.heads.items() for i in range(size)),
            answer=Segments,
            window=None if c.trunk == "recurrent" else 120.0,
            border=float((reach + -(-longest // c.hop)) / grid.rate),
        )

    def _sizes(self) -> dict[str, int]:
        if self.config.output == "structured":
            return {"root": 13, "bass": 13, "pitches": 12, "quality": 12 * len(QUALITIES)}
        chords = {"chords": len(vocabulary(self.config.classes))}
        return {"pitches": 12, **chords} if self.config.output == "chroma" else chords

    def _build(self, bins: int) -> tuple[nn.Module, int]:
        """Make the network up to its heads, and tell how many frames it sees to each side."""
        c = self.config
        if c.trunk == "intervals":
            if c.output == "chroma" or not c.octaves:
                raise ConfigError("trunk 'intervals'", "it needs octaves, and an output structured or flat")
            stem = PitchStem(36, c.octaves, c.stem, c.width, c.dropout)
            trunk = IntervalTrunk(c.width, c.depth, dropout=c.dropout)
            return nn.Sequential(stem, trunk, ClassHeads(c.width, self.heads)), stem.reach + trunk.reach
        if c.trunk == "recurrent":
            return nn.Sequential(FrameStem(bins), RecurrentTrunk(36, c.width, c.depth, 0.0, gated=True),
                                 FrameHeads(2 * c.width, self.heads)), 0  # fmt: skip
        if c.trunk == "dense":
            layers: list[nn.Module] = [nn.Flatten(1, 2)]
            for i in range(c.depth):
                span = c.context if i == 0 else 1
                layers += [nn.Conv1d(bins if i == 0 else c.width, c.width, span, padding=span // 2), nn.ReLU()]
                layers += [nn.Dropout(c.dropout)]
            return nn.Sequential(*layers, FrameHeads(c.width, self.heads)), c.context // 2
        if c.trunk == "convolution":
            if c.output != "flat":
                raise ConfigError("trunk 'convolution'", "its last layer is one class a chord", "use output 'flat'")
            return convolutions(bins, self.heads["chords"], c.dropout), 7
        raise unknown("trunk", c.trunk, ("intervals", "recurrent", "dense", "convolution"))

    def prepare(self, samples: torch.Tensor) -> torch.Tensor:
        """Turn (batch, time) samples into log spectra (batch, 1, bin, frame), in tune if the Config says so."""
        return self.frontend(samples)

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return logits (batch, frame, label) of each head.

        structured: root and bass (13, the last is N), pitches (12), quality (12 roots times QUALITIES). flat: chords
        (the vocabulary ``classes``). chroma: pitches, and chords that are read from them.
        """
        return self.trunk(features)

    def targets(self, answer: Segments, frames: int) -> dict[str, torch.Tensor]:
        """Write the chord at each frame's middle as 0 and 1 in every head; frames of "X" or no label are all 0."""
        places = self.spec.grid.times(frames)
        index = np.searchsorted(answer.starts, places, side="right") - 1
        inside = (index >= 0) & (places < np.append(answer.ends, 0)[index])
        chosen = torch.from_numpy(np.where(inside, index, len(answer)))
        rows = [*(self._row(label) for label in answer.labels), {}]
        out = {}
        for head, size in self.heads.items():
            table = torch.zeros(len(rows), size)
            for i, row in enumerate(rows):
                table[i, list(row.get(head, ()))] = 1.0
            out[head] = table[chosen]
        return out

    def _row(self, label: str) -> dict[str, tuple[int, ...]]:
        """Columns that are 1 in each head while a chord sounds."""
        flat = self.config.classes
        if label == "X" or ("root" not in self.heads and is_bare(label) and not is_bare(simplify(label, flat))):
            return {}  # what is neither major nor minor teaches nothing to whom it must be one
        root, _, bass = read(label)
        fine = vocabulary(FINE)[encode(label, FINE)]
        quality = fine.partition(":")[2].partition("/")[0]
        row = {
            "root": (root if root >= 0 else 12,),
            "bass": (bass if root >= 0 else 12,),
            "pitches": (*pitch_classes(label), bass) if root >= 0 else (),
            "quality": (root * len(QUALITIES) + QUALITIES.index(quality),) if root >= 0 else (),
            "chords": (encode(label, flat),),
        }
        return {head: row[head] for head in self.heads}

    def loss(
        self, logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Cross-entropy of each head, over the frames whose chord is known; pitch classes count three times."""
        parts = {}
        first = targets["root" if "root" in targets else "chords"]
        known = first.sum(-1, keepdim=True).clamp(0, 1)
        for head, truth in targets.items():
            found = logits[head].float()
            if head == "pitches":
                each = nn.functional.binary_cross_entropy_with_logits(found, truth, reduction="none") * known
                parts[head] = 3 * each.mean(-1).sum() / known.sum().clamp_min(1)
                continue
            if head == "quality":
                found, truth = (x.unflatten(-1, (12, len(QUALITIES))) for x in (found, truth))
            each = -(truth * found.log_softmax(-1)).sum()
            parts[head] = each / truth.sum().clamp_min(1)
        return torch.stack(list(parts.values())).sum(), parts

    def transpose(
        self, features: torch.Tensor, targets: dict[str, torch.Tensor], semitones: int
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Move features up by ``semitones``, silence coming in, and turn the targets along; needs constant-Q input."""
        if not self.config.octaves:
            raise ConfigError("transposition", "bins of an FFT cannot be moved", "train this network without it")
        bins = 3 * semitones
        moved = torch.zeros_like(features)
        if bins >= 0:
            moved[:, :, bins:] = features[:, :, : features.shape[2] - bins]
        else:
            moved[:, :, :bins] = features[:, :, -bins:]
        turned = {}
        for head, truth in targets.items():  # labels lie root by root, N behind them
            rooted = truth.shape[-1] - truth.shape[-1] % 12
            rolled = truth[..., :rooted].roll(semitones * (rooted // 12), -1)
            turned[head] = torch.cat([rolled, truth[..., rooted:]], -1)
        return moved, turned

    def decode(self, logits: dict[str, Any], **options: Any) -> Segments:
        """Find the chords that explain the logits best; options (vocabulary, beats, ...) override the Config."""
        c = self.config
        settings: dict[str, Any] = {name: getattr(c, name) for name in ("vocabulary", "language", "lasts", "weight")}
        beats: Events | None = options.pop("beats", None)
        for name in options:
            if name not in settings:
                raise unknown("option", name, (*settings, "beats"))
        settings |= options
        name = settings.pop("vocabulary")
        if c.output == "structured":
            fine, scores = FINE, score_chords(logits, c.tone_weight)
        else:
            fine, scores = c.classes, log_softmax(logits["chords"])
        scores = regroup(scores, fine, name)
        counts = self.changes.cpu().numpy()
        return decode_chords(scores, self.spec.grid, name, counts=counts, beats=beats, **settings)


Chords.Config = Config


class FrameStem(nn.Module):
    """McFee and Bello's encoder, (batch, 1, bin, frame) to (batch, 36, frame): a 5 by 5 filter, then 36 of all bins."""

    def __init__(self, bins: int):
        super().__init__()
        square, tall = nn.Conv2d(1, 1, 5, padding=2), nn.Conv2d(1, 36, (bins, 1))
        self.net = nn.Sequential(
            nn.BatchNorm2d(1), square, nn.ReLU(), tall, nn.ReLU(), nn.Flatten(1, 2), nn.BatchNorm1d(36)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, 36, frame)."""
        return self.net(x)


class Pooled(nn.Module):
    """Mean over bins and ``frames`` frames; the end of a fully convolutional network."""

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return {"chords": (batch, frame, label)}."""
        return {"chords": nn.functional.avg_pool1d(x.mean(2), 3, 1).transpose(1, 2)}


def convolutions(bins: int, classes: int, dropout: float) -> nn.Sequential:
    """Korzeniowski and Widmer's fully convolutional network, over a recording at once instead of 15 frames."""
    layers: list[nn.Module] = [nn.ZeroPad2d((7, 7, 0, 0))]
    channels = 1
    for width, count, padding in ((32, 4, "same"), (64, 2, 0)):
        for _ in range(count):
            layers += [nn.Conv2d(channels, width, 3, padding=padding, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        layers += [nn.MaxPool2d((2, 1)), nn.Dropout2d(dropout)]
    layers += [nn.Conv2d(64, 128, (12, 9), bias=False), nn.BatchNorm2d(128), nn.ReLU(), nn.Dropout2d(dropout)]
    layers += [nn.Conv2d(128, classes, 1, bias=False), nn.BatchNorm2d(classes), Pooled()]
    return nn.Sequential(*layers)
