"""How players touch their instruments: note lengths, strummed and rolled chords, flams, the sustain pedal."""

from __future__ import annotations

import numpy as np

from solfeggio.answers import Segments
from solfeggio.band.playing.tempo import TempoMap, bar_quarters
from solfeggio.band.song import Part, Song

PLUCKED = {*range(8), *range(24, 32), 46, 104, 105, 106, 107}  # General MIDI programs that roll their chords
SUSTAINED = {*range(16, 24), *range(40, 46), *range(48, 54), *range(56, 104), 109, 110, 111}
PIANOS = (0, 1, 2, 3, 4, 5)
SNARES = (38, 40)


def one_voice(notes: np.ndarray) -> bool:
    """Tell whether (n, 4) notes are a single line: one starts at a time, and overlaps are no longer than a slur."""
    if len(notes) < 2:
        return bool(len(notes))
    step = np.diff(notes[:, 0])
    over = notes[:-1, 1] - notes[1:, 0]
    return bool(step.min() > 0.04 and np.all(over < np.minimum(0.2, 0.6 * (notes[1:, 1] - notes[1:, 0]) + 1e-6)))


def lengthen(rng: np.random.Generator, part: Part, song: Song, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Ends (n,) in seconds of notes that begin at ``starts``, as written for ``ends``: staccato, tenuto, slurred.

    A line is sung or slurred into its next note, as a rule by 10 to 50 ms; slurs that are written stay.
    """
    lengths = np.maximum(ends - starts, 0.02)
    if part.drums:
        return starts + np.maximum(lengths * rng.uniform(0.95, 1.05, len(starts)), 0.12)
    usual = rng.uniform(0.86, 1.02)
    share = np.full(len(starts), usual)
    for start, end, _ in song.sections:
        if rng.random() < 0.06:
            inside = (part.notes[:, 0] >= start) & (part.notes[:, 0] < end)
            share[inside] = rng.uniform(0.35, 0.6)
    lengths = lengths * share * rng.uniform(0.95, 1.05, len(starts))
    if not one_voice(part.notes):
        return starts + np.maximum(lengths, 0.04)
    following = np.append(starts[1:], np.inf)
    slurred = np.append(ends[:-1] > starts[1:] + 0.005, False) | np.append(
        part.notes[:-1, 1] > part.notes[1:, 0] + 0.02, False
    )
    if part.program in SUSTAINED and rng.random() < 0.6:
        joined = (following - ends < 0.06) & (share == usual) & (rng.random(len(starts)) < 0.85)
        slurred |= joined & np.append(np.diff(part.notes[:, 2]) != 0, False)
    free = np.minimum(starts + np.maximum(lengths, 0.04), following)
    if part.words:
        return np.where(slurred, following, free)
    overlap = rng.uniform(0.01, 0.05, len(starts))
    step = np.append(np.diff(starts), 1.0)
    after = np.append(step[1:], 1.0)
    return np.where(slurred, following + np.minimum(overlap, 0.4 * after), free)


def roll(rng: np.random.Generator, which: np.ndarray, pitch: np.ndarray, slow: bool) -> np.ndarray:
    """Seconds by which each note of a chord comes late (or early): strummed from the low string, now and then back.

    which: (n,) number of the chord that a note belongs to. slow: as a harp does.
    """
    gap = rng.uniform(0.008, 0.016) if slow else rng.uniform(0.001, 0.009)
    order = np.lexsort((pitch, which))
    group = which[order]
    first = np.searchsorted(group, group)
    size = np.bincount(which)[group]
    rank = np.empty(len(which))
    rank[order] = (np.arange(len(group)) - first) - (size - 1) / 2
    back = rng.random(which.max() + 1) < 0.15
    return np.clip(rank * gap * np.where(back[which], -1, 1), -0.025, 0.025)


def flams(rng: np.random.Generator, notes: np.ndarray) -> np.ndarray:
    """Grace hits before loud snares: (m, 4) start, end (seconds), pitch and velocity, to be added to played ``notes``.

    notes: (n, 4) of the same columns.
    """
    odds = rng.uniform(0.02, 0.1)
    snares = notes[np.isin(notes[:, 2], SNARES) & (notes[:, 3] > 88)]
    if len(snares):
        alone = np.diff(snares[:, 0], prepend=-1.0) > 0.15
        snares = snares[alone & (rng.random(len(snares)) < odds)]
    grace = snares.copy()
    grace[:, 0] -= rng.uniform(0.014, 0.025, len(grace))
    grace[:, 1] = grace[:, 0] + 0.1
    grace[:, 3] = np.round(grace[:, 3] * rng.uniform(0.3, 0.6, len(grace)))
    return grace[grace[:, 0] > 0]


def pedal(rng: np.random.Generator, part: Part, song: Song, tempo: TempoMap) -> Segments | None:
    """When the sustain pedal is down: as written, or changed with the chords where a slow piano needs it; else None.

    As pianists do, the foot comes up on the new chord and down again shortly after.
    """
    if part.drums or part.program not in PIANOS or part.name == "bass":
        spans = np.array(part.pedal, float).reshape(-1, 2)
    elif part.pedal:
        spans = np.array(part.pedal, float)
    else:
        drums = any(p.drums for p in song.parts)
        calm = song.rubato > 0 or (song.bpm < 96 and not drums) or song.style.endswith("ballad")
        if rng.random() > (0.75 if calm else 0.3 if song.bpm < 96 else 0.06):
            return None
        first = song.beats_quarters[song.positions == 1]
        changes = [a for a, _, _ in song.chords] + first[:: int(rng.choice([1, 1, 2]))].tolist()
        edges = np.unique(np.round([*changes, song.length_quarters], 3))
        edges = edges[np.append(True, np.diff(edges) > 0.4)]
        lag = min(0.25, 0.06 * bar_quarters(song)) * rng.uniform(0.4, 1.0)
        spans = np.column_stack([edges[:-1] + lag, edges[1:]])
        struck = np.searchsorted(part.notes[:, 0], edges)
        spans = spans[np.diff(struck) > 0]
    if not len(spans):
        return None
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    starts, ends = tempo.at(spans[:, 0]), tempo.at(spans[:, 1])
    return Segments(starts, np.maximum(ends, starts), ("pedal",) * len(spans))
