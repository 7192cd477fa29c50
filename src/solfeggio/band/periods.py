"""Classical form: periods, sequences, modulations and cadences, bar by bar, and the song that comes of them.

A sheet is a tuple of bars; each knows its chords, its key, its phrase and how loud it is, so that writers of parts need
nothing else, and every span of the song follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solfeggio.band.chance import pick, shelf, weigh
from solfeggio.band.feel import Feel, feel_of
from solfeggio.band.form import Chart
from solfeggio.band.harmony import NAMES, scale, spell
from solfeggio.band.schemata import FORMS, PATHS, RELATED
from solfeggio.band.song import Part, Song, Spans
from solfeggio.band.style import Style
from solfeggio.errors import unknown
from solfeggio.notation import Metre

Note = tuple[float, float, float, float]  # start, end in quarters, pitch, velocity


@dataclass(frozen=True)
class Bar:
    """One written bar.

    start: quarters. chords: (offset in quarters, Harte), the first at 0. key: "C:maj". section: count from 0; name,
    letter: its function and form. phrase: count from 0. place, size: which bar of its phrase, of how many. cadence:
    "half" or "full" in the last bar of a phrase, else "". loud: 0..1.
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

    @property
    def end(self) -> float:
        """Quarters at the bar line."""
        return self.start + self.feel.bar

    def chord_at(self, offset: float) -> str:
        """The chord that sounds ``offset`` quarters into the bar."""
        return next(label for x, label in reversed(self.chords) if x <= offset + 1e-6)


Sheet = tuple[Bar, ...]


@dataclass(frozen=True)
class Slice:
    """One chord of one bar: start and end in quarters, its label, and where it stands."""

    start: float
    end: float
    label: str
    bar: Bar


def slices(sheet: Sheet) -> list[Slice]:
    """Cut a sheet at every chord and bar line."""
    out = []
    for bar in sheet:
        ends = [x for x, _ in bar.chords[1:]] + [bar.feel.bar]
        out += [
            Slice(bar.start + x, bar.start + end, label, bar) for (x, label), end in zip(bar.chords, ends, strict=True)
        ]
    return out


def spots(feel: Feel, count: int) -> tuple[float, ...]:
    """Offsets in quarters where the chords of a bar enter.

    >>> spots(feel_of(np.random.default_rng(0), Metre(4)), 3)
    (0.0, 1.0, 2.0)
    """
    half = feel.beat * (2 / 3 if feel.compound else 0.5)
    tables = {
        1: (0.0,),
        2: (0.0, feel.beat * max(1, -(-feel.beats // 2))),
        3: (0.0, feel.beat, feel.beat * 2) if feel.beats > 2 else (0.0, feel.beat, feel.beat + half),
        4: tuple(feel.bar * i / 4 for i in range(4)),
    }
    return tables[count]


def plan(rng: np.random.Generator, side: str, spec: Style, form: str | None = None) -> tuple[Sheet, float]:
    """Plan a piece of 40 to 90 seconds: returns its sheet and its tempo in quarters a minute.

    form: a key of FORMS, the style's own when None. side: phrases come from its own shelf.
    """
    form = form or spec.form
    if form not in FORMS:
        raise unknown("form", form, FORMS)
    feel = feel_of(rng, Metre.parse(weigh(rng, spec.metres)))
    tempo = spec.tempo[0] * (spec.tempo[1] / spec.tempo[0]) ** rng.random()
    wanted = (45 + 35 * rng.random()) * tempo / 60 / feel.beats
    fits = [(line, unit) for line in FORMS[form] for unit in (4, 8, 16)]
    close = [f for f in fits if 0.85 < _bars(*f) / wanted < 1.2]
    line, unit = pick(rng, close) if close else min(fits, key=lambda f: abs(np.log(_bars(*f) / wanted)))
    home, mode = int(rng.integers(12)), weigh(rng, {"maj": 0.62, "min": 0.38})
    level = {name: 0.35 + 0.5 * rng.random() for name in dict.fromkeys(token.split(".")[1] for token in line.split())}
    bars: list[Bar] = []
    written: dict[tuple[str, str, str], list[tuple[tuple[str, ...], bool, str]]] = {}
    phrase = 0
    for number, token in enumerate(line.split()):
        name, letter, keys = token.split(".")
        first, _, last = keys.partition(">")
        there, here = RELATED[mode][last or first], RELATED[mode][first]
        length = max(4, unit // 2) if name in ("intro", "coda", "transition") else unit
        slot = (letter, here[1], there[1])
        if slot not in written:
            written[slot] = _section(rng, name, length, here[1], there[1], bool(last), side)
        phrases = written[slot]
        rise = weigh(rng, {0.0: 5, 0.25: 2, -0.15: 1}) + (0.2 if name in ("transition", "development") else 0.0)
        total, done = sum(len(texts) for texts, _, _ in phrases), 0
        for texts, moved, cadence in phrases:
            for place, text in enumerate(texts):
                turn = moved or (bool(last) and phrases[-1][0] is texts and place * 2 >= len(texts))
                tonic, kind = ((there if turn else here)[0] + home) % 12, (there if turn else here)[1]
                numerals = text.split()
                chords = tuple(zip(spots(feel, len(numerals)), (spell(n, tonic) for n in numerals), strict=True))
                loud = level[letter] + rise * done / total + 0.1 * np.sin(np.pi * (place + 0.5) / len(texts))
                start = bars[-1].end if bars else 0.0
                bars.append(
                    Bar(
                        start, feel, chords, f"{NAMES[tonic]}:{kind}", number, name, letter, phrase, place, len(texts),
                        cadence if place == len(texts) - 1 else "", float(np.clip(loud, 0.1, 1.0)),
                    )
                )  # fmt: skip
                done += 1
            phrase += 1
    return tuple(bars), float(tempo * feel.beat)


def _bars(line: str, unit: int) -> int:
    short = max(4, unit // 2)
    return sum(short if t.startswith(("intro", "coda", "transition")) else unit for t in line.split())


def _section(
    rng: np.random.Generator, name: str, length: int, here: str, there: str, moves: bool, side: str
) -> list[tuple[tuple[str, ...], bool, str]]:
    """Phrases of one section: (numerals of each bar, whether all is in the new key, cadence)."""
    slow = length >= 8 and length % 8 == 0 and rng.random() < 0.3  # each bar of the path lasts two
    count = length // (8 if slow else 4)
    opening = pick(rng, shelf(PATHS[here]["open"], side))
    out: list[tuple[tuple[str, ...], bool, str]] = []
    for i in range(count):
        last = i == count - 1
        moved = moves and i > 0 and last and rng.random() < 0.6
        mode = there if moved else here
        if name in ("development", "transition", "episode") and i == 0 and count > 1 and rng.random() < 0.8:
            bars, cadence = pick(rng, shelf(PATHS[mode]["sequence"], side)), ""
        else:
            again = i % 2 and rng.random() < 0.7 and mode == here
            start = opening if i == 0 or again else pick(rng, shelf(PATHS[mode]["open"], side))
            cadence = "full" if last or (i % 2 and rng.random() < 0.7) else "half"
            goal = there if last else mode
            bars = (*start, *pick(rng, shelf(PATHS[goal][cadence], side)))
        out.append((_slower(bars) if slow else bars, moved, cadence))
    return out


def _slower(bars: tuple[str, ...]) -> tuple[str, ...]:
    out: list[str] = []
    for text in bars:
        numerals = text.split()
        first = max(1, len(numerals) // 2)
        out += [" ".join(numerals[:first]), " ".join(numerals[first:] or numerals)]
    return tuple(out)


def spans_of(sheet: Sheet, what: str) -> Spans:
    """Spans of a sheet: "chords", "keys", "metres" with equal neighbours joined; "sections", "forms" one for each."""
    if what == "chords":
        rows = [(s.start, s.end, s.label, 0) for s in slices(sheet)]
    else:
        label = {"keys": lambda b: b.key, "metres": lambda b: str(b.feel.metre), "sections": lambda b: b.name,
                 "forms": lambda b: b.letter}[what]  # fmt: skip
        rows = [(b.start, b.end, label(b), b.section if what in ("sections", "forms") else 0) for b in sheet]
    out: list[tuple[float, float, str, int]] = []
    for row in rows:
        if out and out[-1][2:] == row[2:]:
            out[-1] = (out[-1][0], *row[1:])
        else:
            out.append(row)
    return tuple((a, b, label) for a, b, label, _ in out)


def finish(
    rng: np.random.Generator, sheet: Sheet, parts: list[Part], spec: Style, bpm: float, motifs: Spans = ()
) -> Song:
    """Write the truth of a sheet down; perhaps its end is held, or an upbeat comes first. Parts are on its clock."""
    last, end = sheet[-1], sheet[-1].end
    beats = [(bar.start + i * bar.feel.beat, i + 1) for bar in sheet for i in range(bar.feel.beats)]
    if rng.random() < 0.5:  # nobody counts beyond the downbeat of a held last bar
        held = [_held(part, last.start, end) for part in parts]
        if any(len(part.notes) and part.notes[-1, 0] > last.start - 0.1 for part in held):
            parts, beats = held, [b for b in beats if b[0] < last.start + 1e-6]
    parts = [part for part in parts if len(part.notes)]
    times, positions = np.array([b[0] for b in beats]), np.array([b[1] for b in beats])
    rubato = spec.rubato[0] + (spec.rubato[1] - spec.rubato[0]) * rng.random()
    song = Song(
        spec.name, spec.name, bpm, tuple(parts), float(end), times, positions, spans_of(sheet, "chords"),
        spans_of(sheet, "sections"), float(rubato), keys=spans_of(sheet, "keys"), metres=spans_of(sheet, "metres"),
        forms=spans_of(sheet, "forms"), motifs=motifs,
    )  # fmt: skip
    return _upbeat(rng, song, sheet[0]) if rng.random() < 0.25 else song


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
        sections=early[0], keys=early[1], metres=early[2], forms=early[3],
    )  # fmt: skip


def shifted(part: Part, quarters: float) -> Part:
    """Move a part later."""
    pedal = tuple((a + quarters, b + quarters) for a, b in part.pedal)
    return replace(part, notes=part.notes + np.array([quarters, quarters, 0, 0]), pedal=pedal)


def chart_of(sheet: Sheet) -> Chart:
    """The chart of a sheet in one metre, for players who read charts."""
    sections: list[tuple[str, int, int]] = []
    for i, bar in enumerate(sheet):
        if i and bar.section == sheet[i - 1].section:
            sections[-1] = (*sections[-1][:2], sections[-1][2] + 1)
        else:
            sections.append((bar.letter, i, 1))
    return Chart(sheet[0].key, sheet[0].feel.metre, tuple(sections), tuple(bar.chords for bar in sheet))


def phrases(sheet: Sheet) -> list[Sheet]:
    """Cut a sheet into its phrases."""
    out: list[list[Bar]] = []
    for bar in sheet:
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
