"""How loud each note is played: levels of sections, swells, crescendi, accents of the metre, hats that breathe."""

from __future__ import annotations

import numpy as np

from solfeggio.band.playing.tempo import bar_quarters
from solfeggio.band.song import Part, Song

HATS = (42, 44, 46, 51, 53, 54, 69, 70, 82)
LEVELS = {"intro": 0.9, "verse": 0.93, "prechorus": 0.98, "chorus": 1.06, "bridge": 0.95, "solo": 1.05, "outro": 0.92,
          "break": 0.85, "breakdown": 0.85, "build": 1.0, "drop": 1.08}  # fmt: skip


def levels(rng: np.random.Generator, song: Song) -> np.ndarray:
    """Draw the song's loudness: (n, 2) knots of quarters and factor, for all players.

    A section is as loud each time it comes; some end in a crescendo or a diminuendo, few songs grow from end to end.
    """
    drawn: dict[str, float] = {}
    knots: list[tuple[float, float]] = [(0.0, 1.0)]
    contrast = rng.uniform(0.3, 1.4)
    for start, end, name in song.sections:
        usual = 1 + contrast * (LEVELS.get(name.rstrip("0123456789"), 1.0) - 1)
        level = drawn.setdefault(name, usual * rng.uniform(0.93, 1.07))
        turn = rng.random()
        goal = level * (rng.uniform(1.05, 1.3) if turn < 0.12 else rng.uniform(0.7, 0.92) if turn < 0.18 else 1.0)
        knots += [(start, level), (max(start, end - 2 * bar_quarters(song)), level), (end - 1e-3, goal)]
    table = np.array(knots)
    if rng.random() < 0.06:
        table[:, 1] *= np.linspace(0.7, 1.1, len(table)) ** rng.choice([1.0, -1.0])
    return table


def loudness(rng: np.random.Generator, part: Part, song: Song, level: np.ndarray) -> np.ndarray:
    """Velocities (n,) of a part's notes, 8 to 127: its own, shaped by the song's ``levels`` and by its player."""
    start, _, pitch, velocity = part.notes.T
    bar = bar_quarters(song)
    swell = 1 + rng.uniform(0.02, 0.1) * np.sin(2 * np.pi * (start / (rng.choice([2, 4, 8]) * bar) + rng.random()))
    contrast = rng.uniform(0.7, 1.2)
    shaped = velocity.mean() + (velocity - velocity.mean()) * contrast
    shaped = shaped * np.interp(start, level[:, 0], level[:, 1]) * swell
    at = np.searchsorted(song.beats_quarters, start + 0.03) - 1
    inside = np.clip(at, 0, len(song.beats_quarters) - 1)
    on_beat = (at >= 0) & (np.abs(start - song.beats_quarters[inside]) < 0.03)
    down = on_beat & (song.positions[inside] == 1)
    shaped = shaped + rng.uniform(0, 5) * on_beat + rng.uniform(0, 6) * down
    if part.drums:
        hats = np.isin(pitch, HATS)
        shaped = shaped + hats * rng.uniform(-12, 4) * ~on_beat + hats * rng.normal(0, 4, len(start))
    return np.round(np.clip(shaped + rng.normal(0, rng.uniform(1, 5), len(start)), 8, 127))
