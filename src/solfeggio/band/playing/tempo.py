"""The tempo map of a performance: clicks, human drift, phrase rubato, ritardandi, fermatas and changes of tempo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solfeggio.band.song import Song

STEP = 0.25  # quarters between the knots of a tempo map
ELECTRIC = (24, 25)  # drum kits of the electronic and the 808 set


@dataclass(frozen=True)
class TempoMap:
    """When each moment of the score sounds. quarters, seconds: (n,) knots, both rising; straight lines between."""

    quarters: np.ndarray
    seconds: np.ndarray

    def at(self, quarters: np.ndarray) -> np.ndarray:
        """Seconds of score times; beyond the last knot the last tempo goes on."""
        quarters = np.asarray(quarters, float)
        slope = (self.seconds[-1] - self.seconds[-2]) / (self.quarters[-1] - self.quarters[-2])
        late = np.maximum(quarters - self.quarters[-1], 0.0) * slope
        return np.interp(quarters, self.quarters, self.seconds) + late


def sequenced(song: Song) -> bool:
    """Tell whether machines play it: an electronic drum kit, or effects that follow the clock."""
    return bool(song.effects) or any(part.drums and part.program in ELECTRIC for part in song.parts)


def bar_quarters(song: Song) -> float:
    """Quarters in the song's usual bar."""
    first = song.beats_quarters[song.positions == 1]
    return float(np.median(np.diff(first))) if len(first) > 1 else 4.0


def draw_tempo_map(rng: np.random.Generator, song: Song, start: float = 0.0) -> TempoMap:
    """Draw how the tempo moves: by a click, drifting as bands do, stepping at a section, or rubato if the song asks.

    With ``song.rubato`` near 1 phrases hurry and linger by up to 40 %. start: seconds at which quarter 0 falls.
    """
    quarters = np.arange(0.0, song.length_quarters + STEP, STEP)
    middle = quarters[:-1] + STEP / 2
    slow = np.zeros(len(middle))  # log of how much slower than song.bpm
    free = song.rubato > 0
    human = free or rng.random() > (0.9 if sequenced(song) else 0.3)
    if free:
        phrases = _phrases(rng, song, middle) + _wander(rng, middle, 0.09 * song.rubato, 1.0)
        slow += np.clip(phrases, np.log(0.71), np.log(1.67))
    if human:
        slow += _wander(rng, middle, float(rng.uniform(0.005, 0.035)), float(rng.uniform(6, 30)))
        slow += rng.normal(0, 0.03) * (middle / song.length_quarters - 0.5)
        slow += _live(rng, song, middle)
        if rng.random() < 0.4:
            slow += _wander(rng, middle, 0.012, 1.0)
    slow += _changes(rng, song, middle)
    if rng.random() < (0.12 if not human else 0.25) + 0.4 * free:
        slow += _ritard(rng, middle, song.length_quarters, bar_quarters(song) * rng.choice([1, 2]), 0.1, 0.5)
    slow = np.clip(slow, -0.5, 0.65)
    if free or (human and rng.random() < 0.1):
        slow += _fermatas(rng, song, middle)
    for first, last, bpm in song.tempi:  # as the score says
        slow[(middle >= first) & (middle < last)] += np.log(song.bpm / bpm)
    seconds = np.concatenate([[0.0], np.cumsum(np.exp(slow) * STEP * 60 / song.bpm)])
    return TempoMap(quarters, seconds + start)


def _wander(rng: np.random.Generator, at: np.ndarray, spread: float, memory: float) -> np.ndarray:
    """Random walk that comes home: standard deviation ``spread``, correlated over ``memory`` quarters."""
    knots = np.arange(-4, at[-1] / memory + 5) * memory
    return np.interp(at, knots, rng.normal(0, spread, len(knots)))


def _phrases(rng: np.random.Generator, song: Song, at: np.ndarray) -> np.ndarray:
    """Arch of each phrase: hurry to its middle, linger at its end, lean on its first note, as solo players do."""
    slow = np.zeros(len(at))
    bar = bar_quarters(song)
    depth = song.rubato * rng.uniform(0.35, 0.85)
    for start, end, _ in song.sections or ((0.0, song.length_quarters, ""),):
        size = bar * rng.choice([2, 4, 4, 8])
        for first in np.arange(start, end, size):
            inside = (at >= first) & (at < min(first + size, end))
            x = (at[inside] - first) / size
            slow[inside] += depth * rng.uniform(0.4, 1.3) * ((2 * x - rng.uniform(0.7, 1.1)) ** 2 - 0.35)
            if rng.random() < 0.3:
                slow[inside] += song.rubato * rng.uniform(0.05, 0.2) * (x * size < bar / 4)
        if rng.random() < 0.4:
            slow += _ritard(rng, at, end, bar, song.rubato * 0.1, song.rubato * 0.5)
    return slow


def _live(rng: np.random.Generator, song: Song, at: np.ndarray) -> np.ndarray:
    """Excitement of a band without a click: choruses and solos go faster, fills before a new section rush."""
    slow = np.zeros(len(at))
    lift = rng.uniform(0, 0.03) if rng.random() < 0.6 else 0.0
    rush = rng.uniform(0, 0.05) if rng.random() < 0.5 else 0.0
    bar = bar_quarters(song)
    for start, end, name in song.sections:
        if name.startswith(("chorus", "solo", "B", "drop")):
            slow[(at >= start) & (at < end)] -= lift
        slow[(at >= end - bar / 2) & (at < end)] -= rush
    return slow


def _changes(rng: np.random.Generator, song: Song, at: np.ndarray) -> np.ndarray:
    """Rarely a new tempo at a section, an accelerando (or its opposite) over one, or over the whole song."""
    slow = np.zeros(len(at))
    draw = rng.random()
    if draw > 0.09 or len(song.sections) < 3:
        return slow
    start, end, _ = song.sections[int(rng.integers(1, len(song.sections)))]
    if draw < 0.05:
        slow[at > start] += np.log(rng.uniform(0.78, 1.28))
    elif draw < 0.075:
        goal = np.log(rng.uniform(0.75, 1.15))
        slow += goal * np.clip((at - start) / (end - start), 0, 1)
        if rng.random() < 0.5:
            slow[at >= end] = 0.0
    else:
        slow += np.log(rng.uniform(0.7, 0.9)) * (at / song.length_quarters - 0.5)
    return slow


def _ritard(
    rng: np.random.Generator, at: np.ndarray, end: float, length: float, shallow: float, deep: float
) -> np.ndarray:
    x = np.clip((at - end + length) / length, 0, 1) * (at < end)
    return rng.uniform(shallow, deep) * x ** rng.uniform(1, 2)


def _fermatas(rng: np.random.Generator, song: Song, at: np.ndarray) -> np.ndarray:
    """Now and then hold the last beat of a section, or take a breath after it."""
    slow = np.zeros(len(at))
    for _, end, _ in song.sections:
        before = song.beats_quarters[song.beats_quarters < end - 1e-6]
        if not len(before):
            continue
        if rng.random() < 0.04 + 0.14 * song.rubato:
            slow[(at >= before[-1]) & (at < end)] += np.log(rng.uniform(1.3, 2.2))
        elif rng.random() < 0.2 * song.rubato:
            slow[(at >= end - STEP) & (at < end)] += np.log(rng.uniform(1.2, 1.8))
    return slow
