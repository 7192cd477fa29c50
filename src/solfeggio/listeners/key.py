"""Key: in which key a piece stands, where it goes on the way, and how high its A is.

A small network hears every pitch class with the same weights, so a transposed piece gets the transposed answer; it
tells tonic and mode ten times a second, and a search that expects keys to last finds where they change. The published
network of Korzeniowski and Widmer (EUSIPCO 2017) is a configuration. It answers major or minor: modes count by their
third.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from solfeggio.answers import Segments
from solfeggio.contracts import Listener, Spec
from solfeggio.decode.viterbi import viterbi
from solfeggio.errors import ConfigError, unknown
from solfeggio.frontends.chroma import estimate_tuning
from solfeggio.frontends.log_cq import LogConstantQ
from solfeggio.frontends.mel import log_filters
from solfeggio.frontends.spectra import LogSpectra
from solfeggio.grid import Grid
from solfeggio.harte import NAMES
from solfeggio.metrics.key import simple_key
from solfeggio.nets.conv import DilatedTrunk
from solfeggio.nets.intervals import FoldedStem, IntervalTrunk

LABELS = (*(f"{name}:{mode}" for mode in ("maj", "min") for name in NAMES), "N")
NO_KEY = len(LABELS) - 1
MIDDLE = slice(73, 217)  # third-tone bins from C3 to C7, where a pitch stands out from its surroundings
SCALE = 1000.0  # of the front-end
MOST = 8.0  # nats that one frame can say against a key, so that an intro without pitches does not outvote a song
SURE = 100.0  # logit of no key where nothing has a pitch


@dataclass(frozen=True)
class Config:
    """Every setting of the system; the defaults are the released one."""

    rate: int = 22050  # Hz
    hop: int = 2048  # samples: about eleven frames a second
    octaves: int = 7  # of the constant-Q transform, from C1 on, 36 bins each; 0: quarter tones of an FFT instead
    tuned: bool = True  # correct the tuning, as far as heard around each frame
    tuning_reach: float = 10.0  # seconds to each side that it is heard in
    window: int = 4096  # samples of the FFT, with octaves 0
    band: tuple[float, float] = (65.0, 2100.0)  # Hz of its quarter tones
    trunk: str = "intervals"  # intervals, dilated or convolution
    stem: tuple[int, int] = (8, 24)  # channels of semitones, and of pitch classes, with trunk intervals
    width: int = 24  # channels of the trunk (maps when convolution)
    depth: int = 6  # layers of the trunk
    units: int = 48  # that see all bins of a frame, with trunk dilated or convolution
    dropout: float = 0.1  # share
    average_frames: int = 4  # averaged before the network hears them
    clear: float = 0.09  # how much pitches must stand out, in nats, where there can be a key; 0: not asked
    lasts: float = 30.0  # seconds, how long a key lasts on average
    weight: float = 0.1  # factor on what a frame says, as its neighbours say the same


RELEASED = Config()
PLAIN = Config(trunk="dilated", width=48)
KORZENIOWSKI2017 = Config(
    hop=4410, octaves=0, tuned=False, trunk="convolution", width=8, depth=5, dropout=0.0, average_frames=1, clear=0.0,
)  # fmt: skip
TINY = Config(stem=(2, 4), width=4, depth=2, tuning_reach=1.0)
CONFIGS = {"released": RELEASED, "plain": PLAIN, "korzeniowski2017": KORZENIOWSKI2017, "tiny": TINY}


class Key(Listener):
    """Audio to ``Segments`` of keys, "C:maj" or "A:min"; where nothing has a pitch there is none. Values: how sure.

    Options of decode: lasts, weight. ``notation.global_key`` names the key of the whole piece.

    >>> import torch
    >>> key = Key(TINY).eval()
    >>> key(key.prepare(torch.zeros(1, 22050)))["key"].shape
    torch.Size([1, 11, 25])
    """

    def __init__(self, config: Config = RELEASED):
        super().__init__()
        self.config = config
        c = config
        if c.octaves:
            reach = c.tuning_reach if c.tuned else 0.0
            self.frontend: Any = LogConstantQ(c.rate, c.hop, c.octaves, tuning_reach=reach)
            heard = self.frontend.reach
        else:
            self.frontend = LogSpectra(c.rate, c.hop, (c.window,), [log_filters(c.rate, c.window, 24, *c.band)])
            heard = c.window / 2 / c.rate
        bins, frames = len(self.frontend.bins_hz), 0
        if c.trunk == "intervals":
            if not c.octaves:
                raise ConfigError("trunk 'intervals'", "an FFT has no semitones of equal bins", "set octaves")
            self.stem: nn.Module = nn.Sequential(FoldedStem(36, c.octaves, c.stem), nn.BatchNorm2d(c.stem[-1]))
            self.widen: nn.Module = nn.Conv2d(c.stem[-1], c.width, 1)
            self.trunk: Any = IntervalTrunk(c.width, c.depth, dropout=c.dropout)
            self.head: nn.Module = nn.Conv2d(c.width, 2, 1)
            self.none = nn.Conv1d(c.width, 1, 1)
            frames = self.trunk.reach
        elif c.trunk == "dilated":
            self.stem = nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(1, 2), nn.Conv1d(bins, c.units, 1), nn.ELU())
            self.widen, self.trunk = nn.Conv1d(c.units, c.width, 1), DilatedTrunk(c.width, c.depth, dropout=c.dropout)
            self.head = nn.Conv1d(c.width, len(LABELS), 1)
            frames = self.trunk.reach
        elif c.trunk == "convolution":
            self.trunk = square(bins, c.width, c.depth, c.units)
            self.head = nn.Conv1d(c.units, len(LABELS), 1)
        else:
            raise unknown("trunk", c.trunk, ("intervals", "dilated", "convolution"))
        grid = Grid.of_hop(c.rate, c.hop)
        self.quiet_frames = grid.span(2.0)  # to each side, in which pitches are looked for
        border = max((frames + 1) * c.average_frames, self.quiet_frames if c.clear else 0)
        self.spec = Spec(
            rate=c.rate,
            grid=grid,
            labels=LABELS,
            answer=Segments,
            window=None if c.trunk == "convolution" else 120.0,  # which means over the whole recording
            border=heard + float((border + 1) / grid.rate),
        )

    def prepare(self, samples: torch.Tensor) -> torch.Tensor:
        """Turn (batch, time) samples into log spectra (batch, 1, bin, frame), the same as those of chords."""
        return self.frontend(samples)

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return {"key": (batch, frame, label)}: logits of twelve major, twelve minor keys and of none.

        While it trains, every ``average_frames``-th frame is computed; otherwise each, by dilations so much wider.
        """
        c, frames = self.config, features.shape[-1]
        step = c.average_frames
        if c.trunk == "convolution":
            spoken = self.head(self.trunk(features).mean(2, keepdim=True)).expand(-1, -1, frames)
        else:
            x = nn.functional.pad(features, (step // 2, step - 1 - step // 2)) if step > 1 else features
            x = nn.functional.avg_pool2d(x, (1, step), (1, step if self.training else 1))
            x = self.trunk(self.widen(self.stem(x)), 1 if self.training else step)
            spoken = self.join(x) if c.trunk == "intervals" else self.head(x)
            if self.training:
                spoken = spoken.repeat_interleave(step, 2)
                spoken = nn.functional.pad(spoken, (0, max(0, frames - spoken.shape[2])), "replicate")[..., :frames]
        if c.clear:
            unclear = 1 - clearness(features, self.quiet_frames) / c.clear
            spoken = torch.cat([spoken[:, :-1], spoken[:, -1:] + SURE * unclear.clamp_min(0)[:, None]], 1)
        return {"key": spoken.transpose(1, 2)}

    def join(self, x: torch.Tensor) -> torch.Tensor:
        """Make keys of what each pitch class says of being the tonic and of its mode: (batch, 25, frame)."""
        tonic, mode = self.head(nn.functional.elu(x)).unbind(1)
        major, minor = tonic + nn.functional.logsigmoid(mode), tonic + nn.functional.logsigmoid(-mode)
        return torch.cat([major, minor, self.none(nn.functional.elu(x).mean(2))], 1)

    def targets(self, answer: Segments, frames: int) -> dict[str, torch.Tensor]:
        """Mark the key at each frame's middle: {"key": (frame, label)} of 0 and 1; no segment is "N", "X" is all 0."""
        rows = torch.zeros(frames, len(LABELS))
        at = self.spec.grid.times(frames)
        index = np.searchsorted(answer.starts, at, side="right") - 1
        known = index >= 0
        known[known] = at[known] < answer.ends[index[known]]
        labels = [simple_key(label) for label in answer.labels]
        for frame, (place, told) in enumerate(zip(index, known, strict=True)):
            label = labels[place] if told else "N"
            if label != "X":
                rows[frame, LABELS.index(label)] = 1.0
        return {"key": rows}

    def loss(
        self, logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Cross-entropy over the frames whose key is known."""
        truth = targets["key"]
        each = -(truth * logits["key"].float().log_softmax(-1)).sum()
        part = each / truth.sum().clamp_min(1)
        return part, {"key": part}

    def transpose(
        self, features: torch.Tensor, targets: dict[str, torch.Tensor], semitones: int
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Move features up by ``semitones``, silence coming in, and turn the targets along; needs constant-Q input."""
        if not self.config.octaves:
            raise ConfigError("transposition", "bins of an FFT cannot be moved", "train this network without it")
        bins = 3 * semitones
        moved = torch.zeros_like(features)
        moved[:, :, max(bins, 0) : features.shape[2] + min(bins, 0)] = features[
            :, :, max(-bins, 0) : features.shape[2] - max(bins, 0)
        ]
        keys = targets["key"]
        turned = keys[..., :NO_KEY].unflatten(-1, (2, 12)).roll(semitones, -1).flatten(-2)
        return moved, {"key": torch.cat([turned, keys[..., NO_KEY:]], -1)}

    def decode(self, logits: dict[str, Any], **options: Any) -> Segments:
        """Find the keys that explain the logits best; options (lasts, weight) override the Config."""
        settings = {name: getattr(self.config, name) for name in ("lasts", "weight")}
        for name in options:
            if name not in settings:
                raise unknown("option", name, settings)
        settings |= options
        if settings["lasts"] <= 0 or settings["weight"] <= 0:
            raise ConfigError(f"lasts {settings['lasts']}, weight {settings['weight']}", "both must be positive")
        keys = np.asarray(logits["key"], np.float64)
        if not len(keys):
            return Segments([], [])
        rate = float(self.spec.grid.rate)
        surely = np.maximum(keys - np.logaddexp.reduce(keys, 1, keepdims=True), -MOST)
        change = min(1 / (settings["lasts"] * rate), 0.5)
        moves = np.full((len(LABELS),) * 2, np.log(change / NO_KEY))
        np.fill_diagonal(moves, np.log1p(-change))
        path = viterbi(settings["weight"] * surely, moves)
        edges = np.flatnonzero(np.diff(path, prepend=-1, append=-1))
        runs = [(a, b) for a, b in pairwise(edges) if path[a] != NO_KEY]
        bounds = np.clip((np.array(runs, float).reshape(-1, 2) - 0.5) / rate, 0, None)
        if runs and runs[-1][1] == len(keys):
            bounds[-1, 1] = len(keys) / rate
        sure = [float(np.exp(surely[a:b, path[a]]).mean()) for a, b in runs]
        return Segments(bounds[:, 0], bounds[:, 1], [LABELS[path[a]] for a, _ in runs], sure)


Key.Config = Config


def square(bins: int, maps: int, depth: int, units: int) -> nn.Sequential:
    """Korzeniowski and Widmer's network: 5 by 5 convolutions, then the same dense layer for every frame."""
    layers: list[nn.Module] = []
    for i in range(depth):
        layers += [nn.Conv2d(1 if i == 0 else maps, maps, 5, padding=2), nn.ELU()]
    return nn.Sequential(*layers, nn.Flatten(1, 2), nn.Conv1d(maps * bins, units, 1), nn.ELU())


def clearness(features: torch.Tensor, reach_frames: int) -> torch.Tensor:
    """How much single pitches stand out of the mean spectrum around each frame, in nats, however loud the sound.

    features: (batch, 1, bin, frame) log spectra, three bins a semitone. Returns (batch, frame): mean distance of bins
    from the octave around them. Noise of any colour has up to 0.085, silence 0.02, the band's songs 0.1 to 0.8.
    """
    sound = torch.expm1(features[:, 0, MIDDLE].float()) / SCALE
    span: dict[str, Any] = {
        "kernel_size": 2 * reach_frames + 1,
        "stride": 1,
        "padding": reach_frames,
        "count_include_pad": False,
    }
    level = nn.functional.avg_pool1d(sound.mean(1, keepdim=True), **span)
    mean = nn.functional.avg_pool1d(torch.log1p(10 * sound / (level + 1e-4)), **span)
    around = nn.functional.avg_pool2d(mean[:, None], (37, 1), 1, (18, 0), count_include_pad=False)[:, 0]
    return (mean - around).abs().mean(1)


def reference_pitch(samples: np.ndarray, rate: int) -> float:
    """Estimate how high A4 is, in Hz: 427.5 to 452.9, half a semitone around 440; 440 for silence.

    samples: (time,) or (channel, time). rate: Hz.

    >>> round(reference_pitch(np.sin(2 * np.pi * 446 * np.arange(44100) / 22050), 22050))
    446
    """
    sound = torch.from_numpy(np.atleast_2d(np.asarray(samples, np.float32)).mean(0))
    return float(440 * 2 ** (estimate_tuning(sound, rate) / 1200))
