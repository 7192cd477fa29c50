"""Tunes with players around them: alone, in unison, or over chords found by rule, in the textures of a style."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solfeggio.band.chance import pick
from solfeggio.band.scores.harmonise import harmonise
from solfeggio.band.song import Part, Song, Spans
from solfeggio.band.style import Style
from solfeggio.band.writing.bass import write_bass
from solfeggio.band.writing.chart import Chart, chord_spans
from solfeggio.band.writing.drums import write_drums
from solfeggio.band.writing.feel import Feel, feel_of
from solfeggio.band.writing.players import RANGES
from solfeggio.band.writing.rhythm import write_chords
from solfeggio.notation import Metre


def arrange_tune(rng: np.random.Generator, side: str, style: Style, song: Song) -> Song:
    """Give a tune, the only part of ``song``, its players: leads in unison, and by their odds chords, bass and drums.

    A tune without accompaniment has chords "X": many would fit.
    """
    low, high, odds = style.swing
    swing = low + (high - low) * rng.random() if rng.random() < odds else 0.5
    feel = feel_of(rng, Metre.parse(song.metres[0][2]), swing, style.pair)
    start = float(song.beats_quarters[song.positions == 1][0])
    leads = _leads(rng, style, song.parts[0])
    others: list[Part] = []
    if len(song.metres) == 1:
        chart = _chart(rng, song, feel, start)
        others = _accompany(rng, side, style, chart, feel)
        others = [_placed(part, start, song.length_quarters) for part in others]
        others = [part for part in others if len(part.notes)]
    chords: Spans = ((0.0, song.length_quarters, "X"),)
    if any(not part.drums for part in others):
        spans = [(a, min(b, song.length_quarters), label) for a, b, label in chord_spans(chart, start)]
        chords = tuple(span for span in spans if span[1] > span[0] + 1e-6)
        chords = ((0.0, start, "N"), *chords) if start > 0 else chords
    parts = tuple(_swung(part, feel, start) for part in (*leads, *others))
    return replace(song, parts=parts, chords=chords)


def _chart(rng: np.random.Generator, song: Song, feel: Feel, start: float) -> Chart:
    """Chords for every bar from the first downbeat on, one or two a bar; sections are the tune's strains."""
    bars = max(1, int(np.ceil((song.length_quarters - start) / feel.bar - 1e-3)))
    halves = 2 if feel.beats % 2 == 0 and rng.random() < 0.6 else 1
    edges = start + np.arange(bars * halves + 1) * feel.bar / halves
    labels = harmonise(song.parts[0], edges, song.keys[0][2])
    chords = []
    for bar in range(bars):
        row = labels[bar * halves : (bar + 1) * halves]
        spots = [(0.0, row[0])] + [(feel.bar / 2, label) for label in row[1:] if label != row[0]]
        chords.append(tuple(spots))
    firsts = [max(0, round((a - start) / feel.bar)) for a, _, _ in song.forms] or [0]
    names = [label for _, _, label in song.forms] or ["A"]
    sections = [(name, a, b - a) for name, a, b in zip(names, firsts, [*firsts[1:], bars], strict=True) if b > a]
    return Chart(song.keys[0][2], feel.metre, tuple(sections), tuple(chords))


def _accompany(rng: np.random.Generator, side: str, style: Style, chart: Chart, feel: Feel) -> list[Part]:
    level = {name: float(rng.uniform(0.4, 0.85)) for name in sorted({name for name, _, _ in chart.sections})}
    energy = np.concatenate([np.full(bars, level[name]) for name, _, bars in chart.sections])
    parts: list[Part] = []
    for i, layer in enumerate(style.layers):
        if rng.random() < layer.odds:
            notes = write_chords(rng, chart, feel, energy, layer.textures, layer.near, layer.voices, layer.low)
            parts.append(Part(f"chords{i + 1}" if i else "chords", pick(rng, layer.programs), notes))
    if parts and rng.random() < style.bass_odds:
        notes = write_bass(rng, chart, feel, energy, style.bass, None)
        parts.append(Part("bass", pick(rng, style.bass_programs), notes))
    beats = pick(rng, style.drums) if style.drums else ()
    if beats:
        parts.append(
            Part("drums", pick(rng, style.kits), write_drums(rng, chart, feel, energy, beats, side), drums=True)
        )
    return parts


def _leads(rng: np.random.Generator, style: Style, tune: Part) -> list[Part]:
    """Who plays the tune: the first lead always, others by their odds; they leave out notes and differ in force."""
    parts: list[Part] = []
    for i, lead in enumerate(style.leads):
        if i and rng.random() >= lead.odds:
            continue
        program = pick(rng, lead.programs)
        notes = tune.notes.copy()
        if i:
            short = notes[:, 1] - notes[:, 0] < 0.3
            notes = notes[~(short & (rng.random(len(notes)) < rng.uniform(0, 0.25)))]
        low, high = RANGES.get(program, (48, 96))
        centre = float(np.median(notes[:, 2])) if len(notes) else 70.0
        moves = [o for o in (-24, -12, 0, 12, 24) if low <= centre + o - 5 and centre + o + 7 <= high] or [0]
        notes[:, 2] += min(moves, key=lambda octave: (abs(centre + octave - lead.centre), octave))
        on = np.abs(notes[:, 0] - np.round(notes[:, 0])) < 0.02
        notes[:, 3] = np.clip(rng.uniform(70, 98) + 8 * on + rng.normal(0, 3, len(notes)), 30, 120)
        parts.append(Part(f"melody{len(parts) + 1}" if parts else "melody", program, notes))
    return parts


def _placed(part: Part, start: float, end: float) -> Part:
    """Move a part written from bar 0 to where the first bar is; nothing sounds after the end."""
    notes = part.notes.copy()
    notes[:, :2] += start
    notes = notes[(notes[:, 0] >= 0) & (notes[:, 0] < end - 1e-6)]
    notes[:, 1] = np.minimum(notes[:, 1], end)
    return replace(part, notes=notes)


def _swung(part: Part, feel: Feel, start: float) -> Part:
    notes = part.notes.copy()
    notes[:, 0] = np.maximum(feel.warp(notes[:, 0] - start) + start, 0.0)
    notes[:, 1] = np.maximum(feel.warp(part.notes[:, 1] - start) + start, notes[:, 0] + 0.05)
    return replace(part, notes=notes[np.lexsort((notes[:, 2], notes[:, 0]))])
