"""Beats, bars and metre from activations: a bar-pointer model over beats, offline and causal by one mechanism.

Source: Whiteley, Cemgil, Godsill, "Bayesian modelling of temporal structure in musical audio", ISMIR 2006, with the
tempo transitions of Krebs, Boeck, Widmer, ISMIR 2015. Chains of beats are searched instead of frames (lattice.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from solfeggio.answers import Events
from solfeggio.decode.barmodel import BarModel
from solfeggio.errors import AnswerError, ConfigError
from solfeggio.grid import Grid
from solfeggio.notation import Metre, metres, tempo

CLEAR = 0.0  # nats a beat above which steady time explains the music, and free time need not be tried
RESOLUTION = 100  # frames per second that the activations are interpolated to, at least


@dataclass(frozen=True)
class Hypothesis:
    """One reading of a recording: its beats, and its log-odds in nats against no beat at all.

    beats: labels count the bar, values are the network's beat probability at each beat. score: bonuses and
    priors are in it, so compare it only with other hypotheses for the same activations and options.
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

    beat_logits, downbeat_logits: (n,) logits of "a beat, downbeat or not" and "a downbeat" for n frames of ``grid``.
    hypotheses: how many readings at most, distinct in metre or by an octave in tempo. lag: seconds after which the past
    is settled, which bounds memory (about 0.1 MB a second); shorter recordings are decoded as a whole. Music that
    steady time explains badly is decoded once more in free time (``BarModel.rubato``).
    options: the fields of ``barmodel.BarModel``. Silence gives no beats. Raises ConfigError for options out of range,
    AnswerError for logits of other shapes or with NaN.

    >>> logits = np.full(300, -5.0)
    >>> logits[10::25] = 5.0
    >>> down = np.full(300, -5.0)
    >>> down[10::75] = 5.0
    >>> best = decode_bars(logits, down, Grid(50))[0]
    >>> best.beats.labels[:4], best.beats.times[:4]
    (('1', '2', '3', '1'), array([0.2, 0.7, 1.2, 1.7]))
    """
    if hypotheses < 1 or not 1 <= lag < 1e9:
        raise ConfigError(f"hypotheses {hypotheses}, lag {lag} s", "expected 1 or more of both")
    model = BarModel.of(options)
    best = _decode(model, beat_logits, downbeat_logits, grid, lag)
    count = len(best.beats)
    if model.rubato is not None and best.score < count * CLEAR:
        free = _decode(model.free, beat_logits, downbeat_logits, grid, lag)
        if free.score - count * model.rubato > best.score:
            best = replace(free, score=free.score - count * model.rubato)
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
    beats = join(parts)
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
        frames = math.floor(min(max(lag, 0.0), 1e9) * grid.rate)
        hop = max(1, min(frames // 4, grid.span(0.1)))
        if frames < hop + 5:
            raise ConfigError(
                f"lag {lag} s", f"that is {frames} frames", f"at least {float((hop + 5) / grid.rate):.2g} s"
            )
        self._run = _Run(BarModel.of(options), grid, frames, hop)

    def step(self, beat_logits: np.ndarray, downbeat_logits: np.ndarray) -> Events:
        """Take in the next frames, any number, and return the beats that became certain."""
        return join(self._run.feed(beat_logits, downbeat_logits))

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
        labels = tuple(self.lattice.label(b.position) for b in chain)
        beats = self._beats(np.array([b.frame for b in chain]), labels, final)
        self.settled = until
        self.lattice.forget(until + 1)
        drop = max(0, until // self.factor - 4 - self.start)
        self.start += drop
        self.logits, self.still = self.logits[:, drop:], self.still[drop:]
        return beats

    def _beats(self, frames: np.ndarray, labels: tuple[str, ...], final: bool) -> Events:
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
        top = (
            (np.maximum(beat[left], beat[right]) <= beat[peak] + 1e-6) & (bend > 1e-6) & (left < peak) & (peak < right)
        )
        moved = (self.start + peak) + 0.5 * (beat[right] - beat[left]) / np.where(top, bend, 1)
        times = self.grid.times(np.where(top, moved, frames / self.factor))
        sounding = ~self._silent(near, final).all(1)
        confidence = 1 / (1 + np.exp(-beat[peak]))
        return Events(times, labels, confidence).take(np.flatnonzero(sounding))

    def _silent(self, frames: np.ndarray, final: bool) -> np.ndarray:
        """Tell which frames lie in a pause, as far as the frames already here show."""
        size = len(self.still)
        sound = np.append(np.flatnonzero(self.still == 0), size)
        end = sound[np.searchsorted(sound, frames)]  # the next frame that is not silent
        seen = end if final else np.minimum(end, frames + self.look)
        length = self.still[frames] + seen - 1 - frames
        quiet = (length >= self.pause) | (final & (end == size))
        return quiet & (self.still[frames] > 0)


def join(parts: list[Events]) -> Events:
    """Put the parts of a stream's answer together again."""
    parts = [part for part in parts if len(part)]
    if not parts:
        return Events.none()
    return Events(
        np.concatenate([part.times for part in parts]),
        tuple(label for part in parts for label in part.labels),
        np.concatenate([part.values for part in parts]),  # type: ignore[arg-type]
    )
