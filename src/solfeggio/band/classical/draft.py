"""A piece on the drawing board: bars that know their chords, key, phrase and loudness, and the song that comes of them.

A draft is a tuple of bars; writers of parts need nothing else, and every span of the song follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solfeggio.band.chance import pick
from solfeggio.band.song import Part, Song, Spans
from solfeggio.band.style import Style
from solfeggio.band.writing.chart import Chart
from solfeggio.band.writing.feel import Feel
from solfeggio.harte import scale

Note = tuple[float, float, float, float]  # start, end in quarters, pitch, velocity


@dataclass(frozen=True)
class Bar:
    """One written bar.

    start: quarters. chords: (offset in quarters, Harte), the first at 0. key: "C:maj". section: count from 0; name,
    letter: its function and form. phrase: count from 0. place, size: which bar of its phrase, of how many. cadence:
    "half" or "full" in the last bar of a phrase, else "". loud: 0..1. pace: tempo beside that of the song.
    hold: how much longer its last beat is (a fermata).
    """

    start: float
    feel: Feel
    chords: tuple[tuple[float, str], ...]
    key: str
    section: int
    name: str
    letter: str
    phrase: int
    place: int
    size: int
    cadence: str
    loud: float
    pace: float = 1.0
    hold: float = 1.0

    @property
    def end(self) -> float:
        """Quarters at the bar line."""
        return self.start + self.feel.bar

    def chord_at(self, offset: float) -> str:
        """The chord that sounds ``offset`` quarters into the bar."""
        return next(label for x, label in reversed(self.chords) if x <= offset + 1e-6)


Draft = tuple[Bar, ...]


@dataclass(frozen=True)
class Slice:
    """One chord of one bar: start and end in quarters, its label, and where it stands."""

    start: float
    end: float
    label: str
    bar: Bar


def slices(draft: Draft) -> list[Slice]:
    """Cut a draft at every chord and bar line."""
    out = []
    for bar in draft:
        ends = [x for x, _ in bar.chords[1:]] + [bar.feel.bar]
        out += [
            Slice(bar.start + x, bar.start + end, label, bar) for (x, label), end in zip(bar.chords, ends, strict=True)
        ]
    return out


def spans_of(draft: Draft, what: str) -> Spans:
    """Spans of a draft: "chords", "keys", "metres" with equal neighbours joined; "sections", "forms" one for each."""
    if what == "chords":
        rows = [(s.start, s.end, s.label, 0) for s in slices(draft)]
    else:
        label = {"keys": lambda b: b.key, "metres": lambda b: str(b.feel.metre), "sections": lambda b: b.name,
                 "forms": lambda b: b.letter}[what]  # fmt: skip
        rows = [(b.start, b.end, label(b), b.section if what in ("sections", "forms") else 0) for b in draft]
    out: list[tuple[float, float, str, int]] = []
    for row in rows:
        if out and out[-1][2:] == row[2:]:
            out[-1] = (out[-1][0], *row[1:])
        else:
            out.append(row)
    return tuple((a, b, label) for a, b, label, _ in out)


def finish(
    rng: np.random.Generator, draft: Draft, parts: list[Part], spec: Style, bpm: float, motifs: Spans = ()
) -> Song:
    """Write the truth of a draft down; perhaps its end is held, or an upbeat comes first. Parts are on its clock."""
    last, end = draft[-1], draft[-1].end
    beats = [(bar.start + i * bar.feel.beat, i + 1) for bar in draft for i in range(bar.feel.beats)]
    if rng.random() < 0.5:  # nobody counts beyond the downbeat of a held last bar
        held = [_held(part, last.start, end) for part in parts]
        if any(len(part.notes) and part.notes[-1, 0] > last.start - 0.1 for part in held):
            parts, beats = held, [b for b in beats if b[0] < last.start + 1e-6]
    parts = [part for part in parts if len(part.notes)]
    times, positions = np.array([b[0] for b in beats]), np.array([b[1] for b in beats])
    rubato = spec.rubato[0] + (spec.rubato[1] - spec.rubato[0]) * rng.random()
    song = Song(
        spec.name, spec.name, bpm, tuple(parts), float(end), times, positions, spans_of(draft, "chords"),
        spans_of(draft, "sections"), float(rubato), keys=spans_of(draft, "keys"), metres=spans_of(draft, "metres"),
        forms=spans_of(draft, "forms"), motifs=motifs, tempi=_tempi(draft, bpm),
    )  # fmt: skip
    return _upbeat(rng, song, draft[0]) if rng.random() < 0.25 else song


def _tempi(draft: Draft, bpm: float) -> tuple[tuple[float, float, float], ...]:
    """Where a draft has a pace of its own: (start, end, quarters a minute)."""
    out: list[tuple[float, float, float]] = []
    for bar in draft:
        edge = bar.end - bar.feel.beat if bar.hold != 1 else bar.end
        for start, end, pace in ((bar.start, edge, bar.pace), (edge, bar.end, bar.pace / bar.hold)):
            if pace != 1 and out and out[-1][1:] == (start, bpm * pace):
                out[-1] = (out[-1][0], end, out[-1][2])
            elif pace != 1 and end > start:
                out.append((start, end, bpm * pace))
    return tuple(out)


def _upbeat(rng: np.random.Generator, song: Song, bar: Bar) -> Song:
    """Let one player run into the first bar from a beat before it."""
    who = next((i for i, part in enumerate(song.parts) if part.name.startswith("melody") and len(part.notes)), -1)
    if who < 0 or bar.feel.beats < 2 or song.parts[who].notes[0, 0] > bar.feel.beat:
        return song
    beat, first = bar.feel.beat, song.parts[who].notes[0]
    count, way = pick(rng, (1, 1, 2, 3 if bar.feel.compound else 2)), pick(rng, (-1, 1))
    tones = [p for p in range(int(first[2]) - 12, int(first[2]) + 13) if p % 12 in scale(bar.key) and p != first[2]]
    near = sorted(tones, key=lambda p: (abs(p - first[2]), p))
    run = sorted([p for p in near if (p - first[2]) * way > 0][:count], key=lambda p: -way * p)
    gap = beat / len(run)
    rows = [(-beat + i * gap, -beat + (i + 0.95) * gap, p, first[3] * 0.9) for i, p in enumerate(run)]
    parts = list(song.parts)
    parts[who] = replace(parts[who], notes=np.concatenate([np.array(rows), parts[who].notes]))
    early = [
        tuple((a + beat * (a > 0), b + beat, label) for a, b, label in spans)
        for spans in (song.sections, song.keys, song.metres, song.forms)
    ]
    return replace(
        song, parts=tuple(shifted(part, beat) for part in parts), length_quarters=song.length_quarters + beat,
        beats_quarters=np.concatenate([[0.0], song.beats_quarters + beat]),
        positions=np.concatenate([[bar.feel.beats], song.positions]),
        chords=((0.0, beat, "N"), *((a + beat, b + beat, label) for a, b, label in song.chords)),
        motifs=tuple((a + beat, b + beat, label) for a, b, label in song.motifs),
        tempi=tuple((a + beat * (a > 0), b + beat, tempo) for a, b, tempo in song.tempi),
        sections=early[0], keys=early[1], metres=early[2], forms=early[3],
    )  # fmt: skip


def shifted(part: Part, quarters: float) -> Part:
    """Move a part later."""
    pedal = tuple((a + quarters, b + quarters) for a, b in part.pedal)
    return replace(part, notes=part.notes + np.array([quarters, quarters, 0, 0]), pedal=pedal)


def chart_of(draft: Draft) -> Chart:
    """The chart of a draft in one metre, for players who read charts."""
    sections: list[tuple[str, int, int]] = []
    for i, bar in enumerate(draft):
        if i and bar.section == draft[i - 1].section:
            sections[-1] = (*sections[-1][:2], sections[-1][2] + 1)
        else:
            sections.append((bar.letter, i, 1))
    return Chart(draft[0].key, draft[0].feel.metre, tuple(sections), tuple(bar.chords for bar in draft))


def phrases(draft: Draft) -> list[Draft]:
    """Cut a draft into its phrases."""
    out: list[list[Bar]] = []
    for bar in draft:
        if out and out[-1][-1].phrase == bar.phrase:
            out[-1].append(bar)
        else:
            out.append([bar])
    return [tuple(bars) for bars in out]


def _held(part: Part, start: float, end: float) -> Part:
    keep = part.notes[:, 0] < start + 0.1
    notes = part.notes[keep].copy()
    if not part.drums:
        notes[notes[:, 0] > start - 0.1, 1] = end
    words = tuple(w for w, k in zip(part.words, keep, strict=True) if k) if part.words else ()
    return replace(part, notes=notes, words=words)


def touch(rng: np.random.Generator, bar: Bar, offset: float, weight: float = 1.0) -> float:
    """Velocity of a note: the bar's loudness, the place in the bar, some chance."""
    accent = 3 * min(bar.feel.strength(offset), 3)
    return float(np.clip((40 + 58 * bar.loud + accent) * weight + 8 * (rng.random() - 0.5), 8, 124))
