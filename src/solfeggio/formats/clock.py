"""The clock of a MIDI file: ticks against seconds, so that every detected beat falls on a beat of its bar."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from solfeggio.answers import Events
from solfeggio.notation import Metre, bars

TICKS = 960  # a quarter note
SLOWEST = (1 << 24) - 1  # microseconds a quarter: the slowest tempo that MIDI can hold, 16.8 s
LONGEST = 16.0  # seconds a quarter that we write
DEFAULT = 500_000  # microseconds a quarter: the tempo of a MIDI file that names none
EARLY = 0.0005  # seconds: a first beat before this is put on tick 0


@dataclass(frozen=True, eq=False)
class Clock:
    """Ticks against seconds.

    ticks: (n,) where the tempo changes, the first 0. tempos: (n,) microseconds a quarter from there on.
    signatures: (tick, metre) in order. beats: (m,) ticks of the beats that the clock was made from.
    """

    ticks: np.ndarray
    tempos: np.ndarray
    signatures: tuple[tuple[int, Metre], ...] = ()
    beats: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    per_quarter: int = TICKS

    def seconds(self, ticks: np.ndarray) -> np.ndarray:
        """Seconds of each tick."""
        at = np.searchsorted(self.ticks, ticks, side="right") - 1
        lengths = np.diff(self.ticks) * self.tempos[:-1]
        starts = np.concatenate([[0.0], np.cumsum(lengths)])
        return (starts[at] + (np.asarray(ticks) - self.ticks[at]) * self.tempos[at]) / self.per_quarter / 1e6

    def tick(self, seconds: np.ndarray) -> np.ndarray:
        """Nearest tick of each time."""
        starts = self.seconds(self.ticks)
        at = np.maximum(np.searchsorted(starts, seconds, side="right") - 1, 0)
        passed = (np.asarray(seconds) - starts[at]) * 1e6 * self.per_quarter / self.tempos[at]
        return np.rint(self.ticks[at] + passed).astype(np.int64)

    @classmethod
    def of_beats(cls, beats: Events) -> Clock:
        """Make the clock that follows the beats; without beats it is 120 quarters a minute."""
        if not len(beats):
            return cls(np.zeros(1, np.int64), np.full(1, DEFAULT))
        whole = "1" in beats.labels
        metres = [Metre.parse(label) for label in bars(beats).labels] if whole else [Metre(1)]
        down = np.flatnonzero(np.array(beats.labels) == "1") if whole else np.zeros(1, int)
        edges = np.unique(np.concatenate([[0], down]))  # first beat of each bar, as ``bars`` cuts them
        for bar, size in enumerate(np.diff(np.append(edges, len(beats)))):
            if size > metres[bar].beats:  # longer than any metre
                metres[bar] = Metre(1)
        bar_of = np.searchsorted(edges, np.arange(len(beats)), side="right") - 1
        steps = np.array([TICKS * 4 // metres[bar].unit for bar in bar_of])  # ticks of each beat
        gaps = np.diff(beats.times)
        pace = float(np.median(gaps / steps[:-1])) if len(gaps) else 0.5 / TICKS  # seconds a tick
        pace = float(np.clip(pace, 0.02 / TICKS, 10 / TICKS))
        pickup = 0
        if whole and beats.labels[0] != "1":
            pickup = int(edges[1])
        lead, opening = _lead(float(beats.times[0]), pace * int(steps[0]), metres[0], pickup)
        for i, gap in enumerate(gaps):  # a pause too long for one beat gets whole bars in between
            size = (metres[bar_of[i]] if bar_of[i] else opening[-1][1]).beats
            excess = gap / (LONGEST * steps[i] / TICKS) - 1
            steps[i] *= 1 + size * max(0, int(np.ceil(excess / size)))
        ticks = lead + np.concatenate([[0], np.cumsum(steps[:-1])])
        signatures: list[tuple[int, Metre]] = []
        for tick, metre in [*opening, *zip(ticks[edges[1:]].tolist(), metres[1:], strict=True)]:
            if whole and (not signatures or signatures[-1][1] != metre):
                signatures.append((tick, metre))
        points, times = (ticks, beats.times) if lead == 0 else (np.append(0, ticks), np.append(0, beats.times))
        return cls(points, _tempos(points, times, pace), tuple(signatures), ticks)


def _lead(start: float, period: float, metre: Metre, pickup: int) -> tuple[int, list[tuple[int, Metre]]]:
    """Ticks before the first beat at ``start`` seconds, and the time signatures up to the first whole bar.

    pickup: beats before the first downbeat. Whole bars are put before the first beat and a pick-up is filled up to one,
    as many as come nearest to the tempo. Where that would more than double it, the file starts with a short bar.
    """
    step = TICKS * 4 // metre.unit
    missing = metre.beats - pickup if pickup else 0
    count = missing + metre.beats * max(round((start / period - missing) / metre.beats), 0 if missing else 1)
    while start / count > LONGEST * step / TICKS:
        count += metre.beats
    if start / count >= period / 2:
        return count * step, [(0, metre)]
    first = Metre(pickup, metre.unit) if pickup else metre
    if start < EARLY:
        return 0, [(0, first)]
    count = round(start / period)
    if count and pickup:
        return count * step, [(0, Metre(count + pickup, metre.unit))]
    if count:
        return count * step, [(0, Metre(count, metre.unit)), (count * step, first)]
    quarters = start / period * step / TICKS
    unit = 16 if round(quarters * 4) else 32
    lead = max(1, round(quarters * unit / 4)) * TICKS * 4 // unit
    return lead, [(0, Metre(lead * unit // TICKS // 4, unit)), (lead, first)]


def _tempos(ticks: np.ndarray, times: np.ndarray, pace: float) -> np.ndarray:
    """Microseconds a quarter from each tick on; their rounding does not add up, and ``pace`` holds at the end."""
    tempos = np.full(len(ticks), round(pace * TICKS * 1e6))
    reached = 0.0
    for i, quarters in enumerate(np.diff(ticks) / TICKS):
        tempos[i] = np.clip(round((times[i + 1] - reached) * 1e6 / quarters), 1, SLOWEST)
        reached += tempos[i] * quarters / 1e6
    return tempos
