"""Structure: where sections begin, what each is for (intro, verse, chorus, ...), and which of them return.

A small network reads spectra and self-similarity five times a second; boundaries are peaks of its curve, names its mean
opinion between them. Networks after Ullrich, Schlueter and Grill (ISMIR 2014) and Grill and Schlueter (ISMIR 2015);
functions beside boundaries after Wang and others (ICASSP 2022). What a section is for is a matter of style and taste:
listeners agree less on it than on where it begins. Music without sections gets one section.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax, pad

from solfeggio.answers import Events, Segments
from solfeggio.contracts import Listener, Spec
from solfeggio.decode import novelty, repetition
from solfeggio.errors import AnswerError, ConfigError, unknown
from solfeggio.frontends.chroma import fold
from solfeggio.frontends.mel import mel_filters, pitch_filters
from solfeggio.frontends.spectra import LogSpectra
from solfeggio.grid import Grid
from solfeggio.nets.attention import AttentionTrunk
from solfeggio.nets.conv import DilatedTrunk, Stem
from solfeggio.nets.similarity import ContextNet, LagStem, centred, lag_matrix
from solfeggio.notation import downbeats

FUNCTIONS = ("intro", "verse", "prechorus", "chorus", "bridge", "solo", "instrumental", "break", "outro")
OTHER_NAMES = {  # how Harmonix, SALAMI and the band spell functions that this system does not tell apart
    "pre-chorus": "prechorus", "refrain": "chorus", "postchorus": "chorus", "post-chorus": "chorus", "hook": "chorus",
    "altchorus": "chorus", "quietchorus": "chorus", "preverse": "verse", "pre-verse": "verse", "postverse": "verse",
    "head": "verse", "miniverse": "verse", "inst": "instrumental", "gtr": "instrumental", "mainriff": "instrumental",
    "interlude": "instrumental", "transition": "instrumental", "theme": "instrumental", "main_theme": "instrumental",
    "secondary_theme": "instrumental", "variation": "instrumental", "development": "instrumental",
    "exposition": "instrumental", "recap": "instrumental", "groove": "instrumental", "introduction": "intro",
    "opening": "intro", "fadein": "intro", "count-in": "intro", "breakdown": "break", "build": "break",
    "stutter": "break", "guitarsolo": "solo", "coda": "outro", "fade-out": "outro", "out": "outro", "tag": "outro",
}  # fmt: skip
NEAR = 24.0  # seconds on either side whose mean is taken off before moments are compared
QUIET = 0.02  # log magnitude below which there is silence: a tone at -88 dB, or noise at -70
SMOOTH = 0.6  # seconds on either side that a moment lasts when it is compared


def function_of(label: str) -> str | None:
    """Give the function that a section's name in Harmonix, SALAMI or the band means, or None: it names no function.

    >>> function_of("Verse 2"), function_of("pre-chorus"), function_of("silence")
    ('verse', 'prechorus', None)
    """
    name = re.sub(r"[\s\d'_]+$", "", label.strip().lower())
    name = OTHER_NAMES.get(name, name)
    return name if name in FUNCTIONS else None


@dataclass(frozen=True)
class Config:
    """Every setting of the system; the defaults are the released one."""

    rate: int = 22050  # Hz
    hop: int = 882  # samples between spectra
    pool: int = 5  # spectra in a frame of the network: 0.2 s
    windows: tuple[int, ...] = (2048, 8192)  # samples of each resolution; the first for timbre, the last for harmony
    bands: str = "pitch"  # pitch: semitones from C1 on; mel: 80 Hz to 16 kHz
    bins: int = 96  # bands
    pooling: str = "both"  # what stays of the spectra in a frame: mean of all windows and maximum of the first, or max
    lags: tuple[float, ...] = (48.0,)  # seconds back and forth of each lag matrix; empty: no self-similarity
    lag_count: int = 120  # rows of each lag matrix
    stem: tuple[int, ...] = (12, 24, 48)  # channels of the spectral convolutions
    pools: tuple[int, ...] = (3, 4)  # pooling over bins after each convolution but the last
    lag_width: int = 8  # filters over the lag matrices
    lag_groups: int = 8  # ranges of lags that are kept apart
    trunk: str = "dilated"  # dilated, attention, or context: Ullrich's network
    width: int = 64  # channels of the trunk, units of the dense layer when context
    depth: int = 7  # layers of the trunk
    context: int = 115  # frames that Ullrich's network sees around each
    dropout: float = 0.15  # share
    functions: bool = True  # also name the sections
    smear: float = 0.4  # seconds: standard deviation of the bell that marks a boundary
    boundary_weight: float = 2.0  # weight of boundaries against the rest in the loss
    function_weight: float = 0.3  # weight of the functions in the loss
    threshold: float = 0.2  # how far a boundary's probability rises above its surroundings
    average: float = 9.0  # seconds on either side that are the surroundings
    shortest: float = 4.0  # seconds of a section, at least
    snap: float = 0.5  # seconds that a boundary moves, at most, to a downbeat that is given
    same: float = 0.5  # similarity above which two sections get the same letter


RELEASED = Config()
ULLRICH2014 = Config(
    rate=44100, hop=1024, pool=6, windows=(2048,), bands="mel", bins=80, pooling="max", lags=(), trunk="context",
    width=128, depth=1, dropout=0.5, functions=False, smear=0.75, boundary_weight=1.0,
)  # fmt: skip
ULLRICH2014_FINE = Config(  # 8 s of context instead of 16, for boundaries within 0.5 s
    rate=44100, hop=1024, pool=3, windows=(2048,), bands="mel", bins=80, pooling="max", lags=(), trunk="context",
    width=128, depth=1, dropout=0.5, functions=False, smear=0.25, boundary_weight=1.0,
)  # fmt: skip
GRILL2015 = Config(
    rate=44100, hop=1024, pool=6, windows=(2048,), bands="mel", bins=80, pooling="max", lags=(14.0, 88.0),
    lag_count=100, trunk="context", width=128, depth=1, dropout=0.5, functions=False, smear=0.75, boundary_weight=1.0,
)  # fmt: skip
TINY = Config(stem=(4, 8, 8), width=8, depth=2, lags=(2.0,), lag_count=8, lag_width=2, lag_groups=2, dropout=0.0)
CONFIGS = {
    "released": RELEASED, "ullrich2014": ULLRICH2014, "ullrich2014-fine": ULLRICH2014_FINE, "grill2015": GRILL2015,
    "tiny": TINY,
}  # fmt: skip


class Structure(Listener):
    """Audio to ``Segments`` that touch, from 0 to the end of the music, labelled with one of ``FUNCTIONS``.

    A configuration without functions calls every section "section". ``letters`` adds which of them return.

    >>> structure = Structure(TINY).eval()
    >>> structure(structure.prepare(torch.zeros(1, 22050)))["sections"].shape
    torch.Size([1, 5, 11])
    """

    def __init__(self, config: Config = RELEASED):
        super().__init__()
        self.config = config
        c = config
        if c.bands not in ("pitch", "mel"):
            raise unknown("bands", c.bands, ("pitch", "mel"))
        if c.pooling not in ("both", "max"):
            raise unknown("pooling", c.pooling, ("both", "max"))
        if c.bands == "pitch":
            filters = [pitch_filters(c.rate, window, 12, 32.703, c.bins) for window in c.windows]
        else:
            filters = [mel_filters(c.rate, window, c.bins, 80.0, min(16000.0, c.rate / 2)) for window in c.windows]
        self.frontend = LogSpectra(c.rate, c.hop, c.windows, filters)
        channels = len(c.windows) + (c.pooling == "both")
        grid = Grid.of_hop(c.rate, c.hop * c.pool)
        self.lag_rows = [
            [max(1, round(float(furthest * grid.rate) * (row + 1) / c.lag_count)) for row in range(c.lag_count)]
            for furthest in c.lags
        ]
        self.near_frames, self.smooth_frames = grid.span(NEAR), grid.span(SMOOTH)
        reach = max((rows[-1] for rows in self.lag_rows), default=0)
        reach += (self.near_frames + self.smooth_frames) if c.lags else 0
        similar = 4 if c.bands == "pitch" else 2  # channels of a lag matrix: two ways of being alike, back and forth
        if c.trunk == "context":
            inputs = [(channels, c.bins), *[(similar, c.lag_count) for _ in c.lags]]
            self.trunk: Any = ContextNet(inputs, c.context, c.width, c.dropout)
            reach += self.trunk.reach
        elif c.trunk in ("dilated", "attention"):
            self.stem = Stem(channels, c.bins, c.stem, c.pools, c.dropout)
            stems = [LagStem(similar, c.lag_count, c.lag_width, c.lag_groups) for _ in c.lags]
            self.lag_stems = nn.ModuleList(stems)
            self.widen = nn.Conv1d(c.stem[-1] + sum(stem.out for stem in stems), c.width, 1)
            kind = DilatedTrunk if c.trunk == "dilated" else AttentionTrunk
            self.trunk = kind(c.width, c.depth, dropout=c.dropout)
            reach += max([self.stem.reach, *[stem.reach for stem in stems]]) + getattr(self.trunk, "reach", 0)
        else:
            raise unknown("trunk", c.trunk, ("dilated", "attention", "context"))
        labels = ("boundary", *FUNCTIONS, "silence") if c.functions else ("boundary",)
        self.head = nn.Conv1d(c.width, 1 + len(FUNCTIONS) if c.functions else 1, 1)
        border = reach + 1 + -(-max(c.windows) // (2 * c.hop * c.pool))
        self.spec = Spec(
            rate=c.rate,
            grid=grid,
            labels=labels,
            answer=Segments,
            window=None if c.trunk == "attention" else 600.0,
            border=float(border / grid.rate),
        )

    def prepare(self, samples: torch.Tensor) -> torch.Tensor:
        """Turn (batch, time) samples into pooled log spectra (batch, channel, bin, frame)."""
        size = self.config.pool
        fine = self.frontend(samples)
        frames = self.spec.grid.count(samples.shape[-1] / self.config.rate)
        left = size // 2
        fine = pad(fine, (left, max(0, frames * size - left - fine.shape[-1])))[..., : frames * size]
        pieces = fine.unflatten(-1, (frames, size))
        if self.config.pooling == "max":
            return pieces.amax(-1)
        return torch.cat([pieces.mean(-1), pieces[:, :1].amax(-1)], 1)

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return {"sections": (batch, frame, label)} logits of "a section begins here", of its function and silence.

        The last is not learned: it is 30 where nothing sounds and -30 elsewhere.
        """
        matrices = self.similarities(features)
        if self.config.trunk == "context":
            x = self.trunk([features, *matrices])
        else:
            read = [stem(matrix) for stem, matrix in zip(self.lag_stems, matrices, strict=True)]
            x = self.trunk(self.widen(torch.cat([self.stem(features), *read], 1)))
        marks = self.head(x)
        if self.config.functions:
            still = torch.where(features.amax((1, 2)) < QUIET, 30.0, -30.0)
            marks = torch.cat([marks, still[:, None].to(marks)], 1)
        return {"sections": marks.transpose(1, 2)}

    def similarities(self, features: torch.Tensor) -> list[torch.Tensor]:
        """Compare each frame with others by timbre, and by harmony if bands are semitones: (batch, 4, lag, frame)."""
        if not self.lag_rows:
            return []
        with torch.no_grad():
            vectors = [self.timbre(features), *([self.harmony(features)] if self.config.bands == "pitch" else [])]
            units = [centred(vector, self.near_frames, self.smooth_frames) for vector in vectors]
            return [torch.cat([lag_matrix(vector, rows) for vector in units], 1) for rows in self.lag_rows]

    def timbre(self, features: torch.Tensor) -> torch.Tensor:
        """Broad bands of the first window: (batch, 16, frame)."""
        batch, _, bins, frames = features.shape
        return features[:, 0, : bins // 16 * 16].reshape(batch, 16, -1, frames).mean(2)

    def harmony(self, features: torch.Tensor) -> torch.Tensor:
        """Pitch classes of the last window, C first, from C2 to B6: (batch, 12, frame)."""
        return fold(features[:, len(self.config.windows) - 1, None, 12:72], 12)[:, 0]

    def targets(self, answer: Segments, frames: int) -> dict[str, torch.Tensor]:
        """Mark boundaries by bells and sections by function: {"sections": (frame, label)} in 0..1.

        The start of the first section and the end of the last are no boundaries. Where no section is, the boundary is
        -1, and where no function is known all of them are 0: the loss leaves both out.
        """
        marks = torch.zeros(frames, len(self.spec.labels))
        grid = self.spec.grid
        edges = np.clip(np.stack([grid.frames(answer.starts), grid.frames(answer.ends)], 1), 0, frames)
        inside = torch.zeros(frames, dtype=torch.bool)
        for (first, last), label in zip(edges, answer.labels, strict=True):
            inside[first:last] = True
            if self.config.functions and (function := function_of(label)):
                marks[first:last, 1 + FUNCTIONS.index(function)] = 1.0
        away = torch.arange(frames)[:, None] - torch.from_numpy(edges[1:, 0])[None]
        bells = torch.exp(-0.5 * (away / float(self.config.smear * grid.rate)) ** 2)
        if bells.numel():
            marks[:, 0] = bells.amax(1)
        marks[~inside, 0] = -1.0
        return {"sections": marks}

    def loss(
        self, logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Cross-entropy; parts "boundary" and "function", each a mean over the frames that are labelled."""
        x, y = logits["sections"].float(), targets["sections"]
        known = (y[..., 0] >= 0).float()
        mark = y[..., 0].clamp_min(0)
        weight = known * (1 + (self.config.boundary_weight - 1) * mark)
        wrong = binary_cross_entropy_with_logits(x[..., 0], mark, weight, reduction="sum")
        parts = {"boundary": wrong / known.sum().clamp_min(1)}
        if not self.config.functions:
            return parts["boundary"], parts
        named = y[..., 1:-1]
        wrong = -(log_softmax(x[..., 1:-1], -1) * named).sum()
        parts["function"] = wrong / named.sum().clamp_min(1)
        return parts["boundary"] + self.config.function_weight * parts["function"], parts

    def decode(self, logits: dict[str, Any], beats: Events | None = None, **options: Any) -> Segments:
        """Pick boundaries, give each section the function that is likeliest between them, its probability as value.

        Where mostly nothing sounds is no section.
        beats: where they are given with bars, boundaries move to downbeats. options: threshold, average, shortest, most
        (``decode.novelty.pick_boundaries``) and snap override the Config.
        """
        marks = np.asarray(logits["sections"], np.float64)
        c, grid = self.config, self.spec.grid
        settings: dict[str, Any] = {"threshold": c.threshold, "average": c.average, "shortest": c.shortest, **options}
        reach = settings.pop("snap", c.snap)
        for name in settings:
            if name not in (known := ("threshold", "average", "shortest", "most")):
                raise unknown("option", name, (*known, "snap", "beats"))
        times = novelty.pick_boundaries(1 / (1 + np.exp(-np.clip(marks[:, 0], -50, 50))), grid, **settings)
        if beats is not None:
            times = novelty.snap(times, downbeats(beats).times, reach)
        found = novelty.sections(times, len(marks) / float(grid.rate))
        if not c.functions or not len(found):
            return found
        names = self.spec.labels[1:]
        chance = marks[:, 1:] - np.logaddexp.reduce(marks[:, 1:], axis=1, keepdims=True)
        edges = np.stack([grid.frames(found.starts), grid.frames(found.ends)], 1)
        means = np.stack([chance[a : max(a + 1, b)].mean(0) for a, b in edges])
        values = np.exp(means.max(1) - np.logaddexp.reduce(means, axis=1))
        named = Segments(found.starts, found.ends, [names[i] for i in means.argmax(1)], values)
        return named.take(np.array([label != "silence" for label in named.labels], bool))

    def letters(self, samples: np.ndarray, segments: Segments, threshold: float | None = None) -> Segments:
        """Name sections by repetition, "A" for the first music heard: the same letter wherever its harmony returns.

        samples: (time,) mono at ``spec.rate``. segments: as ``decode`` gives them. Raises AnswerError for other shapes,
        ConfigError for a configuration without semitones.
        """
        if np.ndim(samples) != 1:
            raise AnswerError(f"samples of shape {np.shape(samples)}", "expected (time,)", "mix to mono first")
        if self.config.bands != "pitch":
            raise ConfigError(f"letters from {self.config.bands} bands", "they need semitones", "use the released one")
        with torch.inference_mode():
            device = next(self.parameters()).device
            features = self.prepare(torch.from_numpy(np.asarray(samples, np.float32))[None].to(device))
            harmony = self.harmony(features)[0].cpu().numpy()
        return repetition.letters(
            harmony, self.spec.grid, segments, self.config.same if threshold is None else threshold
        )


Structure.Config = Config
