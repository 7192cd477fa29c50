"""Beats, bars and metre from activations: a bar-pointer model over beats, offline and causal by one mechanism.

Source: Whiteley, Cemgil, Godsill, "Bayesian modelling of temporal structure in musical audio", ISMIR 2006, with the
tempo transitions of Krebs, Boeck, Widmer, ISMIR 2015. Chains of whole beats are searched instead of frames (lattice.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from solfeggio.answers import Events
from solfeggio.decode.lattice import Lattice
from solfeggio.errors import AnswerError, ConfigError, unknown
from solfeggio.grid import Grid
from solfeggio.notation import Metre, metres, tempo

SPACING = 0.015  # relative distance of neighbouring periods, or one frame of the refined grid where that is more
RESOLUTION = 100  # frames per second that the activations are interpolated to, at least


@dataclass(frozen=True)
class BarModel:
    """What music is expected to do; every field is an option of ``decode_bars`` and ``BarTracker``.

    Raises ConfigError when a value is out of range. Log-odds are natural logarithms (nats).
    """

    tempo: tuple[float, float] = (30.0, 240.0)  # slowest and fastest beat, bpm
    metres: tuple[str, ...] = ("2/4", "3/4", "4/4")  # metres to choose from, at most 8: beats a bar are what counts
    tempo_change: float = 60.0  # nats for a change of the beat's length by a factor e; 1 % costs a hundredth
    tempo_step: float = 0.1  # largest change of log beat length from one beat to the next
    tempo_prior: float = 0.1  # nats each beat loses at sqrt(2) octaves from 115 bpm, growing with the square; 0: none
    metre_change: float | None = 20.0  # nats for another metre from one bar to the next; None: one metre throughout
    weight: float = 1.0  # factor on the log-odds of the network
    clip: float = 5.0  # largest |log-odds| believed
    bonus: float = 1.0  # nats each beat gains: raise it when unclear passages come out too slow
    silence: float = 0.05  # beat probability below which nothing happens; 0: never silent
    pause: float = 6.0  # seconds of silence in a row that get no beats; before and after the recording all is silent

    def __post_init__(self) -> None:
        object.__setattr__(self, "tempo", (float(self.tempo[0]), float(self.tempo[1])))
        object.__setattr__(self, "metres", tuple(self.metres))
        if not 0 < self.tempo[0] <= self.tempo[1] < math.inf:
            raise ConfigError(f"tempo {self.tempo}", "expected slowest and fastest beats per minute, as (30, 240)")
        if not 1 <= len(self.bars) <= 8 or max(self.bars) > 16:
            raise ConfigError(
                f"metres {self.metres}", "expected 1 to 8 metres of at most 16 beats", 'as ("3/4", "4/4")'
            )
        top = {
            "tempo_change": 1e4,
            "tempo_step": 3.0,
            "tempo_prior": 100.0,
            "weight": 100.0,
            "clip": 50.0,
            "pause": 1e6,
        }
        for name, high in top.items():
            if not 0 <= getattr(self, name) <= high:
                raise ConfigError(f"{name} {getattr(self, name)}", f"expected 0 to {high:g}")
        if self.metre_change is not None and not 0 <= self.metre_change <= 1e4:
            raise ConfigError(f"metre_change {self.metre_change}", "expected 0 to 10000, or None for one metre")
        if not -50 <= self.bonus <= 50:
            raise ConfigError(f"bonus {self.bonus}", "expected -50 to 50")
        if not 0 <= self.silence < 1:
            raise ConfigError(f"silence {self.silence}", "expected a probability of 0 or more, below 1")

    @classmethod
    def of(cls, options: dict[str, Any]) -> BarModel:
        """Make the model from keyword options; raises ConfigError for a name that is none."""
        known = {f.name for f in fields(cls)}
        for name in options:
            if name not in known:
                raise unknown("option", name, known)
        return cls(**options)

    @property
    def bars(self) -> tuple[int, ...]:
        """Beats a bar of each metre, each number once."""
        return tuple(dict.fromkeys(Metre.parse(metre).beats for metre in self.metres))

    def periods(self, grid: Grid) -> np.ndarray:
        """Whole frames a beat may last, on one scale for all tempo ranges, so that a narrower range is a subset."""
        low, high = (round(60 / bpm * float(grid.rate)) for bpm in reversed(self.tempo))
        if low < 4:
            raise ConfigError(
                f"tempo {self.tempo}", f"a beat lasts {low} frames of 1/{grid.rate} s", "lower the fastest"
            )
        scale = np.arange(math.floor(math.log(low) / SPACING), math.ceil(math.log(high) / SPACING) + 1)
        lengths = np.unique(np.round(np.exp(scale * SPACING)).astype(np.int64))
        kept = lengths[(lengths >= low) & (lengths <= high)]
        return kept if len(kept) else np.array([low])

    def lattice(self, grid: Grid) -> Lattice:
        """Build the search over the frames of ``grid``."""
        periods = self.periods(grid)
        octaves = np.log2(60 * float(grid.rate) / periods / 115)
        return Lattice(
            periods,
            self.bars,
            tempo_change=self.tempo_change,
            tempo_step=self.tempo_step,
            prior=-0.5 * self.tempo_prior * octaves**2,
            metre_change=self.metre_change,
        )

    def observe(self, beat: np.ndarray, downbeat: np.ndarray) -> np.ndarray:
        """Turn logits (n,) into (2, n) nats: log-odds of a downbeat, and of another beat, against no beat."""
        beat = np.maximum(beat, downbeat)  # a downbeat is a beat
        none, any_beat, down = (-np.logaddexp(0, x) for x in (beat, -beat, -downbeat))
        other = any_beat + np.log(np.maximum(-np.expm1(np.minimum(down - any_beat, 0)), 1e-4))
        return np.clip(np.stack([down, other]) - none, -self.clip, self.clip) * self.weight + self.bonus


@dataclass(frozen=True)
class Hypothesis:
    """One reading of a recording: its beats, and the nats by which it beats "no beat anywhere".

    beats: labels count the bar, values are the network's beat probability at each beat. score: compare it only with
    the scores of other hypotheses for the same activations and options.
    """

    beats: Events
    score: float


def decode_bars(
    beat_logits: np.ndarray,
    downbeat_logits: np.ndarray,
    grid: Grid,
    *,
    hypotheses: int = 1,
    lag: float = 300.0,
    **options: Any,
) -> list[Hypothesis]:
    """Find the most probable beats, bars and metre; the best hypothesis first.

    beat_logits, downbeat_logits: (n,) logits of "a beat, downbeat or not" and "a downbeat" for the n frames of ``grid``.
    hypotheses: how many readings at most, distinct in metre or by an octave in tempo. lag: seconds after which the past
    is settled, which bounds memory (about 0.1 MB a second); shorter recordings are decoded as a whole.
    options: the fields of ``BarModel``. Silence gives no beats. Raises ConfigError for options, AnswerError for logits.

    >>> logits = np.full(300, -5.0)
    >>> logits[10::25] = 5.0
    >>> down = np.full(300, -5.0)
    >>> down[10::75] = 5.0
    >>> best = decode_bars(logits, down, Grid(50))[0]
    >>> best.beats.labels[:4], best.beats.times[:4]
    (('1', '2', '3', '1'), array([0.2, 0.7, 1.2, 1.7]))
    """
    model = BarModel.of(options)
    best = _decode(model, beat_logits, downbeat_logits, grid, lag)
    if hypotheses < 2 or len(best.beats) < 2:
        return [best]
    bpm, parts = tempo(best.beats), metres(best.beats)
    prevailing = Metre.parse(parts.labels[int((parts.ends - parts.starts).argmax())]).beats
    others = []
    for beats_a_bar in model.bars:
        for octave in (-1, 0, 1):
            low = max(model.tempo[0], bpm * 2.0**octave / math.sqrt(2))
            high = min(model.tempo[1], bpm * 2.0**octave * math.sqrt(2))
            if low < high and (octave or beats_a_bar != prevailing):
                narrow = replace(model, tempo=(low, high), metres=(str(Metre.of_beats(beats_a_bar)),))
                others.append(_decode(narrow, beat_logits, downbeat_logits, grid, lag))
    return [best, *sorted(others, key=lambda h: -h.score)[: hypotheses - 1]]


def _decode(model: BarModel, beat: np.ndarray, downbeat: np.ndarray, grid: Grid, lag: float) -> Hypothesis:
    run = _Run(model, grid, grid.span(lag + 60), grid.span(60))
    parts = [*run.feed(beat, downbeat), run.settle(final=True)]
    beats = _join(parts)
    return Hypothesis(beats, run.lattice.best()[0] if len(beats) else 0.0)


class BarTracker:
    """Beats while the music runs: ``step`` gives each beat at most ``lag`` seconds after it falls.

    The recursion is that of ``decode_bars``; only what is settled is settled earlier. How the input is cut into steps
    changes nothing but when beats come. lag: seconds, at least 0.2 or so; more is more accurate. options: ``BarModel``.

    >>> tracker = BarTracker(Grid(50), lag=1.0)
    >>> logits = np.where(np.arange(500) % 25 == 0, 5.0, -5.0)
    >>> len(tracker.step(logits, logits - 3)), len(tracker.flush())
    (19, 1)
    """

    def __init__(self, grid: Grid, *, lag: float = 2.0, **options: Any):
        frames = math.floor(lag * grid.rate)
        hop = max(1, min(frames // 4, grid.span(0.1)))
        if frames < hop + 5:
            raise ConfigError(
                f"lag {lag} s", f"that is {frames} frames", f"at least {float((hop + 5) / grid.rate):.2g} s"
            )
        self._run = _Run(BarModel.of(options), grid, frames, hop)

    def step(self, beat_logits: np.ndarray, downbeat_logits: np.ndarray) -> Events:
        """Take in the next frames, any number, and return the beats that became certain."""
        return _join(self._run.feed(beat_logits, downbeat_logits))

    def flush(self) -> Events:
        """Return the beats still open at the end of the music; after that the tracker is done."""
        return self._run.settle(final=True)


class _Run:
    """One pass over a recording. Every ``hop`` frames, what will be ``lag`` frames old at the next turn is settled."""

    def __init__(self, model: BarModel, grid: Grid, lag: int, hop: int):
        self.model, self.grid, self.hop = model, grid, hop
        self.look = lag - hop - 2  # frames of future that a beat gets; two more because refining may move it
        self.factor = max(1, round(RESOLUTION / grid.rate))
        self.lattice = model.lattice(grid.refine(self.factor))
        self.pause = max(1, grid.span(model.pause))
        self.floor = math.log(model.silence / (1 - model.silence)) if model.silence else -math.inf
        self.start = 0  # frame of the first logit still kept
        self.logits = np.zeros((2, 0))
        self.still = np.zeros(0, np.int64)  # how many frames, up to each one kept, have been silent in a row
        self.settled = -1  # refined frame up to which beats are given
        self.last: tuple[int, float] | None = None  # refined frame of the last beat given, and half its length

    @property
    def frames(self) -> int:
        return self.start + self.logits.shape[1]

    def feed(self, beat: np.ndarray, downbeat: np.ndarray) -> list[Events]:
        beat, downbeat = np.asarray(beat, np.float64), np.asarray(downbeat, np.float64)
        if beat.ndim != 1 or beat.shape != downbeat.shape:
            raise AnswerError(f"logits of shapes {beat.shape} and {downbeat.shape}", "expected (n,) and (n,)")
        if np.isnan(beat).any() or np.isnan(downbeat).any():
            raise AnswerError("logits hold NaN", "the network or its input is broken")
        logits = np.clip(np.stack([beat, downbeat]), -50, 50)
        given = []
        while logits.shape[1]:
            size = self.hop - self.frames % self.hop
            self._advance(logits[:, :size])
            logits = logits[:, size:]
            if self.frames % self.hop == 0:
                given.append(self.settle())
        return given

    def _advance(self, logits: np.ndarray) -> None:
        count = logits.shape[1]
        known = np.concatenate([self.logits[:, -1:], logits], axis=1)  # interpolate from the frame before
        old = known.shape[1] - count
        at = np.arange(1 - self.factor if old else 0, (count - 1) * self.factor + 1) / self.factor + old
        fine = np.stack([np.interp(at, np.arange(known.shape[1]), row) for row in known])
        sound = logits.max(0) >= self.floor
        index = np.arange(count)
        since = np.maximum.accumulate(np.where(sound, index, -1))
        before = int(self.still[-1]) if len(self.still) else self.pause  # what precedes the recording is silent
        still = np.where(since < 0, np.minimum(index + 1 + before, 2 * self.pause), index - since)
        observed = self.model.observe(*fine)
        pausing = (still >= self.pause)[np.ceil(at - old).astype(int)]
        observed[:, pausing] = 0  # in a pause nothing pulls the tempo
        self.lattice.advance(observed)
        self.logits = np.concatenate([self.logits, logits], axis=1)
        self.still = np.concatenate([self.still, still])

    def settle(self, final: bool = False) -> Events:
        until = self.lattice.end - 1 if final else self.lattice.end - 1 - self.look * self.factor
        if until <= self.settled:
            return Events.none()
        chain = [b for b in self.lattice.path(self.lattice.best()[1], self.settled + 1) if b.frame <= until][::-1]
        if chain and self.last and chain[0].frame - self.last[0] < self.last[1]:
            chain = chain[1:]  # the best path is another one by now: no two beats at once
        if chain:
            self.last = chain[-1].frame, float(self.lattice.periods[chain[-1].period]) / 2
        beats = self._beats(np.array([b.frame for b in chain]), [self.lattice.label(b.position) for b in chain], final)
        self.settled = until
        self.lattice.forget(until + 1)
        drop = max(0, until // self.factor - 4 - self.start)
        self.start += drop
        self.logits, self.still = self.logits[:, drop:], self.still[drop:]
        return beats

    def _beats(self, frames: np.ndarray, labels: list[str], final: bool) -> Events:
        if not len(frames):
            return Events.none()
        position = frames / self.factor - self.start
        beat = self.logits.max(0)
        low = np.maximum(np.ceil(position - 1).astype(int), 0)
        near = np.minimum(low[:, None] + np.arange(3), len(beat) - 1)
        distance = np.abs(near - position[:, None])
        peak = near[np.arange(len(near)), np.where(distance <= 1, beat[near] - 1e-9 * distance, -np.inf).argmax(1)]
        left, right = np.maximum(peak - 1, 0), np.minimum(peak + 1, len(beat) - 1)
        bend = 2 * beat[peak] - beat[left] - beat[right]
        top = (beat[left] <= beat[peak]) & (beat[right] <= beat[peak]) & (bend > 0) & (left < peak) & (peak < right)
        moved = peak + 0.5 * (beat[right] - beat[left]) / np.where(bend > 0, bend, 1)
        times = self.grid.times(self.start + np.where(top, moved, position))
        sounding = ~self._silent(near, final).all(1)
        confidence = 1 / (1 + np.exp(-beat[peak]))
        return Events(times, labels, confidence).take(sounding)

    def _silent(self, frames: np.ndarray, final: bool) -> np.ndarray:
        """Tell which frames lie in a pause, as far as the frames already here show."""
        size = len(self.still)
        sound = np.append(np.flatnonzero(self.still == 0), size)
        end = sound[np.searchsorted(sound, frames)]  # the next frame that is not silent
        seen = end if final else np.minimum(end, frames + self.look)
        length = self.still[frames] + seen - 1 - frames
        quiet = (length >= self.pause) | (final & (end == size))
        return quiet & (self.still[frames] > 0)


def _join(parts: list[Events]) -> Events:
    parts = [part for part in parts if len(part)]
    if not parts:
        return Events.none()
    return Events(
        np.concatenate([part.times for part in parts]),
        [label for part in parts for label in part.labels],
        np.concatenate([part.values for part in parts]),  # type: ignore[arg-type]
    )
