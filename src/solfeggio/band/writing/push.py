"""Anticipated changes: the band plays certain downbeats early, all together, and the chord changes with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from solfeggio.band.chance import pick
from solfeggio.band.playing.swing import swings
from solfeggio.band.song import Part, Song, Spans

CYMBALS = (42, 44, 46, 51, 53, 54, 69, 70)  # keys that go on counting


def push_parts(parts: Sequence[Part], moments: Sequence[float], early: float = 0.5) -> list[Part]:
    """Move what is played at ``moments`` (quarters) by ``early`` quarters; melodies and the counting cymbals stay.

    What would fall between the new moment and the old one is left out, what still sounds then ends.
    """
    at, out = np.array(moments), []
    for part in parts:
        notes = part.notes
        if not part.name.startswith("melody") and len(notes):
            stays = np.isin(notes[:, 2], CYMBALS) & part.drums
            away = notes[:, 0][:, None] - at[None]
            moved = (np.abs(away).min(1) < 0.1) & ~stays
            between = ((away >= -early - 0.001) & (away < -0.1)).any(1) & ~stays & ~moved
            notes = notes.copy()
            notes[moved, 0] -= early
            after = np.searchsorted(at - early, notes[:, 0] + 1e-6)
            limit = np.append(at - early, np.inf)[after]
            if not part.drums:
                notes[:, 1] = np.where(notes[:, 1] > limit, np.maximum(limit, notes[:, 0] + 0.05), notes[:, 1])
            notes = notes[~between]
            notes = notes[np.lexsort((-notes[:, 3], notes[:, 2], notes[:, 0]))]
            again = (np.diff(notes[:, 0]) < 1e-6) & (np.diff(notes[:, 2]) == 0)
            notes = notes[np.concatenate([[True], ~again])] if len(notes) else notes
        if len(notes):
            out.append(replace(part, notes=notes))
    return out


def push_chords(spans: Spans, moments: Sequence[float], early: float = 0.5) -> Spans:
    """Let chords that enter at ``moments`` enter ``early`` quarters before.

    >>> push_chords(((0.0, 4.0, "C:maj"), (4.0, 8.0, "G:maj")), [4.0])
    ((0.0, 3.5, 'C:maj'), (3.5, 8.0, 'G:maj'))
    """
    starts = [a - early if any(abs(a - t) < 1e-6 for t in moments) else a for a, _, _ in spans]
    edges = [*starts, spans[-1][1]] if spans else []
    pairs = zip(edges, edges[1:], spans, strict=False)
    return tuple((a, b, label) for a, b, (_, _, label) in pairs if b > a + 1e-6)


def pushed_bars(rng: np.random.Generator, sections: Sequence[tuple[str, int, int]], likely: float) -> tuple[int, ...]:
    """Choose bars whose downbeat comes early: in some sections every one, every second or every fourth."""
    every = {name: pick(rng, (1, 2, 2, 2, 4, 4)) if rng.random() < likely else 0 for name, _, _ in sections}
    return tuple(
        bar
        for name, first, length in sections
        if every[name]
        for bar in range(first + 1, first + length)
        if (bar - first) % every[name] == 0
    )


def push_song(rng: np.random.Generator, song: Song, sections: Sequence[tuple[str, int, int]], likely: float) -> Song:
    """Anticipate downbeats of a written song, by an eighth as it is swung. sections: (name, first bar, bars)."""
    bars = pushed_bars(rng, sections, likely)
    downs = song.beats_quarters[song.positions == 1]
    moments = [float(downs[bar]) for bar in bars if bar < len(downs)]
    if not moments or not any(part.drums for part in song.parts) or np.median(np.diff(song.beats_quarters)) < 0.6:
        return song
    early = 1 / 3 if swings(song) else 0.5
    parts = push_parts(song.parts, moments, early)
    return replace(song, parts=tuple(parts), chords=push_chords(song.chords, moments, early))
