"""Beats: where the pulse falls, where bars begin, which metre, how fast.

A small network marks beats and downbeats fifty times a second; a bar-pointer model finds the bars that explain them
best. Networks after Boeck and Schedl (DAFx 2011), Davies and Boeck (EUSIPCO 2019), Foscarin, Schlueter and Widmer
(ISMIR 2024); decoder after Krebs, Boeck and Widmer (ISMIR 2015). It hears pulse-based music; free recitative and speech
have no beats, and it may still report some. Compound metres (6/8, 12/8) are counted in dotted beats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from solfeggio.answers import Events
from solfeggio.contracts import Listener, Spec
from solfeggio.decode.bars import BarTracker, decode_bars, join
from solfeggio.decode.peaks import pick_peaks, top
from solfeggio.errors import ConfigError, unknown
from solfeggio.frontends.mel import log_filters, pitch_filters
from solfeggio.frontends.spectra import LogSpectra, difference_lag, rectified_difference
from solfeggio.grid import Grid
from solfeggio.losses.frames import shift_tolerant_bce
from solfeggio.nets.attention import AttentionTrunk
from solfeggio.nets.conv import DilatedTrunk, Stem
from solfeggio.nets.recurrent import RecurrentTrunk

SPREAD = 2  # frames around a mark that belong to it


@dataclass(frozen=True)
class Config:
    """Every setting of the system; the defaults are the released one."""

    rate: int = 22050  # Hz
    hop: int = 441  # samples: 50 frames a second
    windows: tuple[int, ...] = (1024, 4096)  # samples of each resolution: 46 ms for attacks, 186 ms for harmony
    bands_per_octave: int = 12
    low: float = 32.703  # Hz, C1
    bins: int = 96  # pitch-aligned bands shared by all windows; 0: Boeck's up to 17 kHz, as many as the FFT tells apart
    difference: bool = True  # add half-wave rectified differences as channels
    stem: tuple[int, ...] = (16, 32, 64)  # channels of the spectral convolutions; empty: bins go straight to the trunk
    pools: tuple[int, ...] = (3, 4)  # pooling over bins after each convolution but the last
    trunk: str = "dilated"  # dilated, recurrent or attention
    width: int = 64  # channels of the trunk (cells per direction when recurrent)
    depth: int = 8  # layers of the trunk
    dropout: float = 0.1  # share
    causal: bool = False  # see only the past
    downbeats: bool = True  # also mark downbeats
    tolerance_frames: int = 2  # timing error that the loss forgives
    beat_weight: float = 4.0  # weight of beats against silence in the loss
    downbeat_weight: float = 8.0  # the same for downbeats
    decoder: str = "bars"  # bars or peaks
    metres: tuple[str, ...] = ("2/4", "3/4", "4/4")  # what bars are tried
    tempo: tuple[float, float] = (30.0, 240.0)  # beats a minute that are tried
    threshold: float = 0.3  # probability of a peak, with decoder peaks


RELEASED = Config()
BOECK2011 = Config(
    rate=44100, windows=(1024, 2048, 4096), bands_per_octave=6, low=30.0, bins=0, stem=(), trunk="recurrent", width=25,
    depth=3, dropout=0.0, downbeats=False, tolerance_frames=0, beat_weight=1.0, decoder="peaks",
)  # fmt: skip
CAUSAL = Config(causal=True)
TINY = Config(stem=(4, 8, 8), width=8, depth=3)
CONFIGS = {"released": RELEASED, "causal": CAUSAL, "boeck2011": BOECK2011, "tiny": TINY}


class Beats(Listener):
    """Audio to ``Events`` labelled with their position in the bar ("1" is the downbeat).

    >>> import torch
    >>> beats = Beats(TINY).eval()
    >>> beats(beats.prepare(torch.zeros(1, 22050)))["beats"].shape
    torch.Size([1, 50, 2])
    """

    def __init__(self, config: Config = RELEASED):
        super().__init__()
        self.config = config
        c = config
        if c.bins:
            filters = [pitch_filters(c.rate, w, c.bands_per_octave, c.low, c.bins) for w in c.windows]
        else:
            filters = [log_filters(c.rate, w, c.bands_per_octave, c.low, 17000.0) for w in c.windows]
        self.frontend = LogSpectra(c.rate, c.hop, c.windows, filters)
        lags = [difference_lag(w, c.hop) for w in c.windows]
        self.lags = [lag for lag, (_, hz) in zip(lags, filters, strict=True) for _ in hz]
        bins = len(self.frontend.bins_hz)
        channels = self.frontend.channels * (2 if c.difference else 1)
        self.stem = Stem(channels, bins, c.stem, c.pools, c.dropout, c.causal) if c.stem else None
        size = c.stem[-1] if c.stem else channels * bins
        # border: what a frame sees beyond itself, on the wider side
        reach = max(lags) + (self.stem.reach if self.stem else 0)
        window: float | None = 60.0
        if c.trunk == "dilated":
            self.widen: nn.Module = nn.Conv1d(size, c.width, 1)
            self.trunk: Any = DilatedTrunk(c.width, c.depth, dropout=c.dropout, causal=c.causal)
            reach, out = reach + self.trunk.reach, c.width
        elif c.trunk == "recurrent":
            self.widen = nn.Identity()
            self.trunk = RecurrentTrunk(size, c.width, c.depth, c.dropout, c.causal)
            window, out = None, self.trunk.out  # a recurrent net remembers without bound
        elif c.trunk == "attention":
            self.widen = nn.Conv1d(size, c.width, 1)
            self.trunk = AttentionTrunk(c.width, c.depth, dropout=c.dropout, causal=c.causal)
            window, reach, out = 30.0, reach + 250, c.width  # attends within a window and five seconds around it
        else:
            raise unknown("trunk", c.trunk, ("dilated", "recurrent", "attention"))
        self.head = nn.Conv1d(out, 2 if c.downbeats else 1, 1)
        grid = Grid.of_hop(c.rate, c.hop)
        border = reach + -(-max(c.windows) // (2 * c.hop))
        self.spec = Spec(
            rate=c.rate,
            grid=grid,
            labels=("beat", "downbeat")[: 2 if c.downbeats else 1],
            answer=Events,
            window=window,
            border=float(border / grid.rate),
            lookahead=max(c.windows) / 2 / c.rate if c.causal else None,
        )

    def prepare(self, samples: torch.Tensor) -> torch.Tensor:
        """Turn (batch, time) samples into log spectra (batch, channel, bin, frame)."""
        return self.frontend(samples)

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return {"beats": (batch, frame, label)} logits of "a beat is here" and "a downbeat is here"."""
        x = features
        if self.config.difference:
            if self.frontend.stacked:
                rises = [rectified_difference(x[:, i : i + 1], self.lags[i * x.shape[2]]) for i in range(x.shape[1])]
                x = torch.cat([x, *rises], 1)
            else:
                x = torch.cat([x, rectified_difference(x, self.lags)], 1)
        x = self.stem(x) if self.stem is not None else x.flatten(1, 2)
        return {"beats": self.head(self.trunk(self.widen(x))).transpose(1, 2)}

    def targets(self, answer: Events, frames: int) -> dict[str, torch.Tensor]:
        """Mark the frame nearest to each beat and downbeat: {"beats": (frame, label)} of 0 and 1."""
        marks = torch.zeros(frames, len(self.spec.labels))
        for column, events in enumerate((answer, answer.named("1"))[: marks.shape[1]]):
            index = self.spec.grid.frames(events.times)
            marks[index[(index >= 0) & (index < frames)], column] = 1.0
        return {"beats": marks}

    def loss(
        self, logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Shift-tolerant cross-entropy; parts "beat" and "downbeat"."""
        weights = (self.config.beat_weight, self.config.downbeat_weight)
        parts = {
            label: shift_tolerant_bce(
                logits["beats"][..., i : i + 1],
                targets["beats"][..., i : i + 1],
                self.config.tolerance_frames,
                weights[i],
            )[0]
            for i, label in enumerate(self.spec.labels)
        }
        return torch.stack(list(parts.values())).sum(), parts

    def decode(self, logits: dict[str, Any], **options: Any) -> Events:
        """Find the bars that explain the logits best; options (tempo, metres, decoder, ...) override the Config."""
        marks = np.asarray(logits["beats"], np.float64)
        settings: dict[str, Any] = {"tempo": self.config.tempo, "metres": self.config.metres, **options}
        decoder = settings.pop("decoder", self.config.decoder)
        if decoder not in ("bars", "peaks"):
            raise unknown("decoder", decoder, ("bars", "peaks"))
        if decoder == "bars":
            if not self.config.downbeats:
                raise ConfigError("decoder 'bars'", "this network marks no downbeats", "use decoder 'peaks'")
            if not len(marks):
                return Events.none()
            padded = np.pad(marks, ((SPREAD, SPREAD), (0, 0)), constant_values=-50.0)
            ready = gather(padded)
            best = decode_bars(ready[:, 0], ready[:, 1], self.spec.grid, **settings)[0].beats
            return snap(best, marks[:, 0], self.spec.grid) if len(best) > 2 else Events.none()  # two are no pulse
        probability = 1 / (1 + np.exp(-marks))
        gap = 60 / settings["tempo"][1]
        grid, threshold = self.spec.grid, settings.get("threshold", self.config.threshold)
        times = pick_peaks(probability[:, 0], grid, threshold=threshold, gap=gap, width=0.1)
        if not self.config.downbeats or not len(times):
            return Events(times)
        downs = pick_peaks(probability[:, 1], grid, threshold=threshold, gap=gap, width=0.1)
        return Events(times, count_bars(times, downs))

    def tracker(self, lag: float = 1.0, **options: Any) -> BeatStream:
        """Follow beats while the music runs, each at most ``lag`` seconds after its logits; options as for decode."""
        return BeatStream(
            BarTracker(self.spec.grid, lag=lag, **{"tempo": self.config.tempo, "metres": self.config.metres, **options})
        )


Beats.Config = Config


class BeatStream:
    """A ``BarTracker`` that takes the logits of ``Beats``, two frames late."""

    def __init__(self, bars: BarTracker):
        self.bars = bars
        self.held = np.full((SPREAD, 2), -50.0)

    def step(self, logits: dict[str, Any]) -> Events:
        """Take the next frames' logits and return the beats that became certain."""
        self.held = np.concatenate([self.held, np.asarray(logits["beats"], np.float64)])
        ready = max(0, len(self.held) - 2 * SPREAD)
        marks = gather(self.held) if ready else np.zeros((0, 2))
        self.held = self.held[ready:]
        return self.bars.step(marks[:, 0], marks[:, 1])

    def flush(self) -> Events:
        """Return the beats still open at the end."""
        return join([self.step({"beats": np.full((SPREAD, 2), -50.0)}), self.bars.flush()])


def gather(marks: np.ndarray) -> np.ndarray:
    """Make beat and downbeat logits (n, 2) forgive small timing errors as the loss does: (n - 2 * SPREAD, 2).

    Beats count within a frame of their peak, so that a steady tempo need not hit every peak exactly. The two marks of
    one downbeat may peak at different frames, so its share of the beat is judged from the highest marks around.
    """
    windows = np.lib.stride_tricks.sliding_window_view(marks, 2 * SPREAD + 1, axis=0)
    beat = windows[:, 0, 1:-1].max(-1)
    around = -np.logaddexp(0, -windows.max(-1))  # log probabilities of the highest marks
    down = -np.logaddexp(0, -beat) + np.minimum(around[:, 1] - around[:, 0], 0)
    down = np.minimum(down, -1e-9)
    return np.stack([beat, down - np.log(-np.expm1(down))], axis=1)


def snap(beats: Events, marks: np.ndarray, grid: Grid) -> Events:
    """Move each beat to the highest of the marks (n,) within two frames, a parabola through it and its neighbours."""
    if not len(beats):
        return beats
    near = grid.frames(beats.times)[:, None] + np.arange(-SPREAD, SPREAD + 1)
    near = np.clip(near, 0, len(marks) - 1)
    best = near[np.arange(len(near)), marks[near].argmax(1)]
    times = np.clip(grid.times(best + np.clip(top(marks, best) - best, -0.5, 0.5)), 0, None)
    return Events(np.maximum.accumulate(times), beats.labels, beats.values)


def count_bars(times: np.ndarray, downs: np.ndarray, reach: float = 0.07) -> list[str]:
    """Number beats from each downbeat within ``reach`` seconds of one, a pick-up towards the first; else none."""
    near = np.abs(times[:, None] - downs[None]).min(1, initial=np.inf) <= reach
    firsts = np.flatnonzero(near)
    if not len(firsts):
        return []  # nobody heard where bars begin
    bar = round(float(np.median(np.diff(firsts)))) if len(firsts) > 1 else 4
    pickup = [str((i - firsts[0]) % bar + 1) for i in range(firsts[0])]
    last = np.maximum.accumulate(np.where(near, np.arange(len(times)), 0))
    return pickup + [str(i - last[i] + 1) for i in range(firsts[0], len(times))]
