"""Play a written song: the only place where quarters become seconds.

The beats of a performance are the beats of its tempo map; players then stray from them by milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solfeggio.answers import Events, Notes, Segments
from solfeggio.band.song import SPANS, Part, Performance, Played, Song

STEP = 0.25  # quarters between the knots of a tempo map
PLUCKED = {*range(8), *range(24, 32), 46, 104, 105, 106, 107}  # General MIDI programs that roll their chords
TAIL = 1.5  # seconds kept after the last note


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


def perform(rng: np.random.Generator, song: Song) -> Performance:
    """Play ``song``: choose its tempo map, swing, touch and dynamics; the truth moves with the notes.

    Beats are kept from the first to the last sounding note: nobody hears a beat in the silence before or after.
    """
    tempo = draw_tempo_map(rng, song, start=float(rng.uniform(0.05, 0.8)))
    swing = _draw_swing(rng, song)
    looseness = float(rng.choice([0.15, 0.6, 1.0, 1.5], p=[0.25, 0.3, 0.3, 0.15]))
    loudness = _loudness(rng, song)
    played = [
        Played(part.name, part.program, part.drums, _play(rng, part, song, tempo, swing, looseness, loudness))
        for part in song.parts
        if len(part.notes)
    ]
    first = min((part.notes.starts.min() for part in played), default=0.0)
    last = max((_fade(part.notes, part.drums) for part in played), default=0.0)
    times = tempo.at(song.beats_quarters)
    heard = (times > first - 0.07) & (times < last)
    duration = max((part.notes.ends.max() for part in played), default=0.0) + TAIL
    cents = float(np.clip(rng.normal(0, 8), -25, 25)) if rng.random() < 0.9 else float(rng.uniform(-50, 50))
    return Performance(
        song=song,
        parts=tuple(played),
        beats=Events(times[heard], tuple(str(int(p)) for p in song.positions[heard])),
        duration=float(duration),
        spans={name: _move(getattr(song, name), tempo, duration) for name in SPANS if getattr(song, name)},
        cents=cents,
    )


def draw_tempo_map(rng: np.random.Generator, song: Song, start: float = 0.0) -> TempoMap:
    """Draw how the tempo moves: steady, drifting, stepping at a section, or rubato when the song asks for it.

    start: seconds at which quarter 0 falls.
    """
    quarters = np.arange(0.0, song.length_quarters + STEP, STEP)
    slow = np.zeros(len(quarters) - 1)  # log of how much slower than song.bpm
    middle = quarters[:-1] + STEP / 2
    live = rng.random()
    if song.rubato > 0:
        slow += _phrases(rng, song, middle) + _wander(rng, middle, 0.05 * song.rubato, 2.0)
    if live > 0.35 or song.rubato > 0:
        slow += _wander(rng, middle, float(rng.uniform(0.005, 0.04)), float(rng.uniform(6, 30)))
        slow += rng.normal(0, 0.03) * (middle / song.length_quarters - 0.5)
    if live > 0.7:
        slow += _wander(rng, middle, 0.012, 1.0)
    if rng.random() < 0.05 and len(song.sections) > 2:
        edge = song.sections[int(rng.integers(1, len(song.sections)))][0]
        slow[middle > edge] += np.log(rng.uniform(0.8, 1.25))
    if rng.random() < 0.15 + 0.5 * (song.rubato > 0):
        slow += _ritard(rng, middle, song.length_quarters, _bar(song) * rng.choice([1, 2]), rng.uniform(0.1, 0.5))
    slow = np.clip(slow, -0.45, 0.65)
    if song.rubato > 0:
        slow += _fermatas(rng, song, middle)
    seconds = np.concatenate([[0.0], np.cumsum(np.exp(slow) * STEP * 60 / song.bpm)])
    return TempoMap(quarters, seconds + start)


def _bar(song: Song) -> float:
    """Quarters in the song's usual bar."""
    first = song.beats_quarters[song.positions == 1]
    return float(np.median(np.diff(first))) if len(first) > 1 else 4.0


def _wander(rng: np.random.Generator, at: np.ndarray, spread: float, memory: float) -> np.ndarray:
    """Random walk that comes home: standard deviation ``spread``, correlated over ``memory`` quarters."""
    knots = np.arange(-4, at[-1] / memory + 5) * memory
    values = rng.normal(0, spread, len(knots))
    return np.interp(at, knots, values)


def _phrases(rng: np.random.Generator, song: Song, at: np.ndarray) -> np.ndarray:
    """Arch of each phrase: hurry to its middle, hold back at its end, as solo players do."""
    slow = np.zeros(len(at))
    bar = _bar(song)
    for start, end, _ in song.sections or ((0.0, song.length_quarters, ""),):
        size = bar * rng.choice([2, 4, 4, 8])
        depth = song.rubato * rng.uniform(0.1, 0.3)
        for first in np.arange(start, end, size):
            inside = (at >= first) & (at < min(first + size, end))
            arch = (2 * (at[inside] - first) / size - 0.9) ** 2 - 0.35
            slow[inside] += depth * rng.uniform(0.5, 1.2) * arch
        if rng.random() < 0.4:
            slow += _ritard(rng, at, end, bar, song.rubato * rng.uniform(0.1, 0.5))
    return slow


def _ritard(rng: np.random.Generator, at: np.ndarray, end: float, length: float, depth: float) -> np.ndarray:
    x = np.clip((at - end + length) / length, 0, 1) * (at < end)
    return depth * x ** rng.uniform(1, 2)


def _fermatas(rng: np.random.Generator, song: Song, at: np.ndarray) -> np.ndarray:
    """Rarely hold the last beat of a section."""
    slow = np.zeros(len(at))
    for _, end, _ in song.sections:
        before = song.beats_quarters[song.beats_quarters < end - 1e-6]
        if len(before) and rng.random() < 0.12 * song.rubato:
            slow[(at >= before[-1]) & (at < end)] += np.log(rng.uniform(1.3, 2.2))
    return slow


def _draw_swing(rng: np.random.Generator, song: Song) -> tuple[float, float]:
    """Choose (quarters of a pair, where its middle falls): straight music sometimes swings its 8ths or 16ths."""
    straight = (1.0, 0.5)
    if len(song.beats_quarters) < 2 or abs(np.median(np.diff(song.beats_quarters)) - 1) > 1e-6 or rng.random() > 0.12:
        return straight
    if swings(song):
        return straight
    phase = _onset_phases(song)
    sixteenths = np.mean((np.abs(phase - 0.25) < 0.03) | (np.abs(phase - 0.75) < 0.03)) > 0.08
    pair = 0.5 if sixteenths or song.bpm < 80 else 1.0
    return pair, float(rng.uniform(0.54, 0.67))


def swings(song: Song) -> bool:
    """Tell whether quarters are divided in three: a song that already swings, or has triplets."""
    phase = _onset_phases(song)
    return bool(np.mean((np.abs(phase - 0.65) < 0.05) | (np.abs(phase - 0.34) < 0.03)) > 0.03)


def _onset_phases(song: Song) -> np.ndarray:
    """Where in its quarter each note begins, 0 to 1."""
    return np.concatenate([part.notes[:, 0] for part in song.parts] or [np.zeros(1)]) % 1.0


def bend(quarters: np.ndarray, pair: float, middle: float) -> np.ndarray:
    """Swing: move the middle of every ``pair`` of quarters to ``middle`` (0.5 straight, 0.67 triplets).

    >>> bend(np.array([0.0, 0.5, 1.0, 1.5]), 1.0, 0.6)
    array([0. , 0.6, 1. , 1.6])
    """
    whole = np.floor(quarters / pair + 1e-9)
    x = quarters / pair - whole
    late = np.where(x < 0.5, x * middle / 0.5, middle + (x - 0.5) * (1 - middle) / 0.5)
    return (whole + late) * pair


def _loudness(rng: np.random.Generator, song: Song) -> list[tuple[float, float, float]]:
    """Factor on velocity for each section; the same name is as loud each time."""
    level: dict[str, float] = {}
    return [(a, b, level.setdefault(name, float(rng.uniform(0.82, 1.1)))) for a, b, name in song.sections]


def _play(
    rng: np.random.Generator,
    part: Part,
    song: Song,
    tempo: TempoMap,
    swing: tuple[float, float],
    looseness: float,
    loudness: list[tuple[float, float, float]],
) -> Notes:
    """Turn one part into seconds: swing, offset and jitter of its player, rolled chords, dynamics, note lengths."""
    start, end, pitch, velocity = part.notes.T
    lengths = np.maximum(tempo.at(bend(end, *swing)) - tempo.at(bend(start, *swing)), 0.02)
    times = tempo.at(bend(start, *swing))
    spread = (0.003 if part.drums else 0.006) * looseness
    lead = part.name.startswith(("melody", "lead", "solo"))
    offset = rng.normal(0.006 * lead, 0.002 if part.drums else 0.005 + 0.004 * lead) * looseness
    moments, which = np.unique(np.round(start / 0.04), return_inverse=True)  # notes of one chord move together
    shift = offset + rng.normal(0, spread, len(moments))[which] + rng.normal(0, 0.3 * spread, len(start))
    times = times + np.clip(shift, -0.03, 0.03)
    if part.program in PLUCKED and not part.drums and rng.random() < 0.5:
        times += _roll(rng, which, pitch, slow=part.program == 46)
    level = np.ones(len(start))
    for first, last, factor in loudness:
        level[(start >= first - 1e-6) & (start < last - 1e-6)] = factor
    swell = 1 + 0.06 * np.sin(2 * np.pi * (start / (8 * _bar(song)) + rng.random()))
    contrast = rng.uniform(0.7, 1.2)
    shaped = (velocity.mean() + (velocity - velocity.mean()) * contrast) * level * swell
    shaped = np.clip(shaped + rng.normal(0, 4, len(start)), 8, 127)
    lengths = lengths * (1.0 if part.drums else rng.uniform(0.85, 1.08)) * rng.uniform(0.95, 1.05, len(start))
    times = np.maximum(times, 0.0)
    order = np.argsort(times, kind="stable")
    ends = times + np.maximum(lengths, 0.12 if part.drums else 0.04)
    return Notes(times[order], ends[order], pitch[order], np.round(shaped[order]))


def _roll(rng: np.random.Generator, which: np.ndarray, pitch: np.ndarray, slow: bool) -> np.ndarray:
    """Seconds by which each note of a chord comes late (or early): strummed from the low string, now and then back."""
    gap = rng.uniform(0.012, 0.03) if slow else rng.uniform(0.001, 0.012)
    order = np.lexsort((pitch, which))
    group = which[order]
    first = np.searchsorted(group, group)
    size = np.bincount(which)[group]
    rank = np.empty(len(which))
    rank[order] = (np.arange(len(group)) - first) - (size - 1) / 2
    back = rng.random(which.max() + 1) < 0.15
    return np.clip(rank * gap * np.where(back[which], -1, 1), -0.06, 0.06)


def _fade(notes: Notes, drums: bool) -> float:
    """When a part can no longer be heard: drums soon after their last hit."""
    return float(notes.starts.max() + 0.3 if drums else min(notes.ends.max(), notes.starts.max() + 2.0))


def _move(spans: tuple[tuple[float, float, str], ...], tempo: TempoMap, duration: float) -> Segments:
    starts = np.minimum(tempo.at(np.array([s for s, _, _ in spans])), duration)
    ends = np.minimum(tempo.at(np.array([e for _, e, _ in spans])), duration)
    return Segments(starts, ends, tuple(label for _, _, label in spans))
