"""The lattice of the bar-pointer model: the best chains of beats through time, over all tempi, bars and metres at once.

A state at frame t is (period, position): a beat with this position in its bar falls at t and the beat that starts
here lasts ``period`` frames. Frames between beats need no states, and because no beat is shorter than the shortest
period, that many frames depend only on what lies before them and are computed in one go. Scores are whole numbers
(1/256 nat) whose low byte carries the way back, so one maximum finds both, nothing drifts, and cutting the input into
other pieces changes nothing.

Source: Krebs, Boeck, Widmer, "An efficient state-space model for joint tempo and meter tracking", ISMIR 2015; there
the states are frames, here they are beats.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

NAT = 1 << 16  # one nat in score units: 8 bits of fraction above 8 bits of pointer
POINTER = 255
REACH = 15  # steps in the list of periods that one beat may move: what five bits of pointer can tell
FLOOR = -(1 << 30)  # 16,384 nats under the best path: out of the race


class Beat(NamedTuple):
    """A state of the lattice: the frame of a beat, the index of its period, the index of its position."""

    frame: int
    period: int
    position: int


def packed(nats: np.ndarray) -> np.ndarray:
    """Round scores to whole units with an empty pointer byte."""
    return np.round(np.asarray(nats, np.float64) * 256).astype(np.int32) << 8


class Lattice:
    """Forward recursion and way back over beats.

    periods: (n,) whole frames a beat may last, increasing. bars: beats a bar of each metre; positions lie side by side.
    tempo_change: nats for a change of period by a factor e; tempo_step: largest |log| change from beat to beat.
    prior: (n,) nats that each beat of that period gains. metre_change: nats of a new metre at a bar line, None: never.
    bar_prior: nats that each bar of each metre gains, none by default.
    Every path starts with a beat before frame 0 that is not observed, and ends with one that may still sound.
    """

    def __init__(
        self,
        periods: np.ndarray,
        bars: tuple[int, ...],
        *,
        tempo_change: float,
        tempo_step: float,
        prior: np.ndarray,
        metre_change: float | None,
        bar_prior: tuple[float, ...] | None = None,
    ):
        self.periods = np.asarray(periods, np.int64)
        self.sizes = np.array(bars)
        self.first = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])
        self.last = np.cumsum(self.sizes) - 1
        positions = int(self.sizes.sum())
        self.before = np.arange(positions) - 1
        self.before[self.first] = self.last
        self.row = np.ones(positions, np.int64)  # which observation a position reads: 0 downbeat, 1 other beat
        self.row[self.first] = 0
        self.gain = np.zeros((positions, 1), np.int32)
        if bar_prior is not None:
            self.gain[self.first, 0] = packed(np.array(bar_prior))
        self.shortest, self.longest = int(self.periods[0]), int(self.periods[-1])
        self.change = None if metre_change is None or len(bars) == 1 else int(packed(np.array(metre_change)))
        self.metre_code = (np.arange(len(bars), dtype=np.int32) << 5)[None, :, None]
        self._steps = self._tempo_steps(tempo_change, tempo_step, np.asarray(prior, float))

        self.end = 0  # frames seen
        self._base = 0  # what renormalising took off, in units
        self._head = self.longest  # where frame ``end`` goes in the buffer
        self._score = np.empty((len(self.periods), positions, 2 * self.longest), np.int32)
        self._score[:, :, : self.longest] = packed(prior)[:, None, None]
        self._windows = np.lib.stride_tricks.sliding_window_view(self._score, self.shortest, axis=2)
        self._scratch = [np.empty(len(self.periods) * positions * self.shortest, np.int32) for _ in range(2)]
        self._index = np.arange(len(self.periods))[:, None]
        self._sounding = np.arange(self.longest) >= self.longest - self.periods[:, None]
        self._starts: list[int] = []
        self._pointers: list[np.ndarray] = []

    def _tempo_steps(self, weight: float, limit: float, prior: np.ndarray) -> list[tuple[slice, slice, np.ndarray]]:
        """List (source, target, score) for each distance in the list of periods, no distance first."""
        logs, count = np.log(self.periods), len(self.periods)
        steps = []
        for distance in sorted(range(-REACH, REACH + 1), key=lambda k: (abs(k), k)):
            target = np.arange(max(0, -distance), min(count, count - distance))
            near = np.flatnonzero(np.abs(logs[target] - logs[target + distance]) <= limit + 1e-12)
            if len(near):  # towards long periods neighbours get closer in log, so what is allowed is one slice
                low, high = int(target[near[0]]), int(target[near[-1]]) + 1
                to, source = slice(low, high), slice(low + distance, high + distance)
                code = distance + REACH if distance else 2 * REACH + 1  # at equal score the steady tempo wins
                score = packed(prior[to] - weight * np.abs(logs[to] - logs[source])) | np.int32(code)
                steps.append((source, to, score[:, None]))
        return steps

    def advance(self, observed: np.ndarray) -> None:
        """Take in (2, frames) nats: what a downbeat and another beat would gain at each frame."""
        rows = packed(observed)[self.row] + self.gain
        start = 0
        while start < rows.shape[1]:
            size = min(self.shortest, rows.shape[1] - start, 2 * self.longest - self._head)
            self._block(rows[:, start : start + size])
            start += size
            if self._head == 2 * self.longest:
                self._turn()

    def _block(self, observed: np.ndarray) -> None:
        size, head = observed.shape[1], self._head
        windows = self._windows
        if size < self.shortest:
            windows = np.lib.stride_tricks.sliding_window_view(self._score, size, axis=2)
        arrive = windows[self._index, self.before, head - self.periods[:, None]]  # (period, position, frame)
        if self.change is not None:
            ends = arrive[:, self.first] | self.metre_code
            arrive[:, self.first] = np.maximum(ends, ends.max(1, keepdims=True) - self.change)
        flat = arrive.reshape(len(self.periods), -1)
        best, moved = (s[: flat.size].reshape(flat.shape) for s in self._scratch)
        for source, target, score in self._steps:
            if target.stop - target.start == len(self.periods) and source == target:
                np.add(flat, score, out=best)
                continue
            candidate = moved[: len(score)]
            np.add(flat[source], score, out=candidate)
            np.maximum(best[target], candidate, out=best[target])
        self._starts.append(self.end)
        self._pointers.append(best.astype(np.uint8).reshape(arrive.shape))
        np.bitwise_and(best, ~POINTER, out=best)
        np.add(best.reshape(arrive.shape), observed, out=self._score[:, :, head : head + size])
        self._head += size
        self.end += size

    def _turn(self) -> None:
        """Move the live frames to the front of the buffer and take their maximum off: at fixed frames only."""
        live = self._score[:, :, self.longest :]
        top = int(live.max())
        np.maximum(live - np.int32(top), FLOOR, out=self._score[:, :, : self.longest])
        self._base += top
        self._head = self.longest

    def best(self) -> tuple[float, Beat]:
        """Return the score in nats of the best path so far and its last beat, the one that sounds at ``end``."""
        live = self._score[:, :, self._head - self.longest : self._head]
        masked = np.where(self._sounding[:, None], live, np.iinfo(np.int32).min)
        period, position, offset = np.unravel_index(int(masked.argmax()), masked.shape)
        beat = Beat(self.end - self.longest + int(offset), int(period), int(position))
        return (int(masked.max()) + self._base) / NAT, beat

    def path(self, beat: Beat, since: int = 0) -> Iterator[Beat]:
        """Walk back from ``beat`` over its chain, as far as frame ``since``; beats before frame 0 are not given."""
        while beat.frame >= max(since, 0):
            yield beat
            block = bisect_right(self._starts, beat.frame) - 1
            code = int(self._pointers[block][beat.period, beat.position, beat.frame - self._starts[block]])
            step, metre = code & 31, code >> 5
            period = beat.period + (0 if step == 2 * REACH + 1 else step - REACH)
            position = int(self.before[beat.position])
            if self.change is not None and self.row[beat.position] == 0:
                position = int(self.last[metre])
            beat = Beat(beat.frame - int(self.periods[period]), period, position)

    def forget(self, before: int) -> None:
        """Drop the way back to frames before ``before``."""
        keep = max(bisect_right(self._starts, before) - 1, 0)
        del self._starts[:keep], self._pointers[:keep]

    def label(self, position: int) -> str:
        """Name a position as beats do: "1" is the downbeat."""
        return str(position - int(self.first[self.first <= position][-1]) + 1)
