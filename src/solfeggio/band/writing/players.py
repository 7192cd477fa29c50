"""The band's own players: a generator, a side and a style in, a written song out."""

from __future__ import annotations

from typing import Any

import numpy as np

from solfeggio.band.chance import pick, weigh
from solfeggio.band.song import Part, Song, Spans
from solfeggio.band.style import Style
from solfeggio.band.writing.bass import write_bass
from solfeggio.band.writing.chart import Chart, chord_spans, form_spans, in_metre
from solfeggio.band.writing.drums import count_in, write_drums
from solfeggio.band.writing.feel import Feel, feel_of
from solfeggio.band.writing.form import write_chart
from solfeggio.band.writing.melody import write_melody
from solfeggio.band.writing.openings import run_up, with_notes
from solfeggio.band.writing.push import push_chords, push_parts, pushed_bars
from solfeggio.band.writing.rhythm import write_chords
from solfeggio.band.writing.splice import odd_bar, replace_section
from solfeggio.notation import Metre

RANGES: dict[int, tuple[int, int]] = {  # program -> lowest and highest pitch where players are at home
    40: (55, 98), 41: (48, 86), 42: (36, 74), 43: (28, 60), 56: (54, 84), 57: (40, 72), 58: (28, 58), 60: (40, 76),
        65: (50, 81),
    66: (44, 76), 68: (58, 90), 71: (50, 90), 73: (60, 94), 110: (55, 98), 11: (53, 89), 22: (55, 90), 29: (38, 88),
        30: (38, 88),
}  # fmt: skip
LEVELS = {"intro": 0.45, "verse": 0.55, "prechorus": 0.7, "chorus": 0.9, "bridge": 0.6, "solo": 0.85, "outro": 0.5,
    "break": 0.25, "instrumental": 0.7}  # fmt: skip
OTHER_METRES: dict[str, dict[str, float]] = {  # metre -> metres a section may change to
    "4/4": {"3/4": 3, "6/8": 2, "7/8": 1, "5/4": 1, "12/8": 0.7, "2/4": 0.5}, "3/4": {"4/4": 4, "6/8": 2, "2/4": 1},
    "6/8": {"4/4": 2, "3/4": 2, "9/8": 1}, "12/8": {"4/4": 3, "6/8": 1, "9/8": 1}, "2/4": {"3/4": 2, "6/8": 2},
    "2/2": {"3/4": 2, "6/8": 1}, "5/4": {"4/4": 3, "3/4": 1}, "7/8": {"4/4": 2, "6/8": 1, "3/4": 1},
    "9/8": {"6/8": 2, "3/4": 1},
}  # fmt: skip
CHANGES = (0.045, 0.045)  # how many songs change metre for a section, and how many have an odd bar


def play(rng: np.random.Generator, side: str, spec: Style) -> Song:
    """Write one song in a style: chart, parts, dynamics, breaks, a pick-up or a cut start; its truth is exact.

    side: "train", "valid" or "test" draw stock patterns from disjoint shelves. Deterministic in ``rng``.

    >>> from solfeggio.band.style import load_style
    >>> song = play(np.random.default_rng(1), "train", load_style("waltz"))
    >>> sorted({int(p) for p in song.positions})
    [1, 2, 3]
    """
    low, high, odds = spec.swing
    swing = low + (high - low) * rng.random() if rng.random() < odds else 0.5
    feel = feel_of(rng, Metre.parse(weigh(rng, spec.metres)), swing, spec.pair)
    tempo = spec.tempo[0] * (spec.tempo[1] / spec.tempo[0]) ** rng.random()
    usual = feel_of(rng, Metre.parse(max(spec.metres, key=lambda name: spec.metres[name]))).beat
    if feel.beat != usual:  # the range is for the style's usual beat: shorter beats go faster, longer ones slower
        tempo = max(tempo * (usual / feel.beat) ** 0.8, min(tempo, 56.0))
    seconds = 43 + 43 * rng.random()
    length = seconds * tempo / 60 / feel.beats
    bars = max(8, round(length / 4) * 4 if length > 24 else round(length / 2) * 2)
    chart = write_chart(rng, feel.metre, bars, spec.harmony, spec.form, side)
    energy = _dynamics(rng, chart, spec)
    parts = _parts(rng, chart, feel, spec, energy, side, float(np.clip((112 / tempo) ** 0.5, 0.7, 1.4)))
    early: tuple[float, ...] = ()
    if feel.beat != 0.5 and any(part.drums for part in parts):
        early = tuple(bar * feel.bar for bar in pushed_bars(rng, chart.sections, spec.push))
        parts = push_parts(parts, early) if early else parts
    parts = _silences(rng, chart, feel, spec, parts)
    song = _finish(rng, chart, feel, spec, parts, tempo * feel.beat, early)
    draw = rng.random()
    if draw < CHANGES[0]:
        return _change_metre(rng, chart, feel, spec, energy, side, song)
    return odd_bar(rng, song) if draw < sum(CHANGES) else song


def _change_metre(
    rng: np.random.Generator, chart: Chart, feel: Feel, spec: Style, energy: np.ndarray, side: str, song: Song
) -> Song:
    """Play one section in another metre, its chords and the players the same, the quarter going on."""
    bar = feel.bar
    whole = [i for i, (a, b, _) in enumerate(song.sections) if abs(b - a - chart.sections[i][2] * bar) < 1e-6]
    if len(song.sections) < 2 or not whole or str(feel.metre) not in OTHER_METRES:
        return song
    number = pick(rng, whole)
    _, first, bars = chart.sections[number]
    metre = Metre.parse(weigh(rng, OTHER_METRES[str(feel.metre)]))
    other, level = in_metre(chart, number, metre), energy[first : first + bars]
    its = feel_of(rng, metre, feel.swing, feel.pair)
    parts = _parts(rng, other, its, spec, level, side)
    return replace_section(song, number, _write_down(other, its, spec, parts, song.bpm, 0, other.bars * its.bar, ()))


def _dynamics(rng: np.random.Generator, chart: Chart, spec: Style) -> np.ndarray:
    """Energy 0..1 for each bar: by section, the kind's loudness and some chance; now and then a long rise."""
    energy = np.zeros(chart.bars)
    contrast = 0.3 + 0.7 * rng.random()
    shift = {name: 0.15 * (rng.random() - 0.5) for name, _, _ in chart.sections}
    for name, first, length in chart.sections:
        level = 0.65 + contrast * (LEVELS.get(name, 0.7) - 0.65) + shift[name]
        energy[first : first + length] = level + (np.linspace(0, 0.2, length) if rng.random() < 0.2 else 0)
    return np.clip(energy + (spec.loud - 0.6), 0.1, 1.0)


def _parts(
    rng: np.random.Generator, chart: Chart, feel: Feel, spec: Style, energy: np.ndarray, side: str, pace: float = 1.0
) -> list[Part]:
    """Every player's part, from bar 0 on; ``pace`` multiplies how many notes leads play: slow songs have more."""
    parts: list[Part] = []
    kicks = None
    styles = pick(rng, spec.drums) if spec.drums else ()
    if styles:
        drums = write_drums(rng, chart, feel, energy, styles, side)
        kicks = drums[drums[:, 2] == 36, 0]
        parts.append(Part("drums", pick(rng, spec.kits), drums, drums=True))
    if rng.random() < spec.bass_odds:
        choices = tuple(style for style in spec.bass if style != "kick" or kicks is not None) or ("roots",)
        notes = write_bass(rng, chart, feel, energy, choices, kicks)
        parts.append(Part("bass", pick(rng, spec.bass_programs), notes))
    for i, layer in enumerate(spec.layers):
        if rng.random() < layer.odds:
            count = 1 if rng.random() < 0.6 else 2
            textures = tuple(pick(rng, layer.textures) for _ in range(count))
            near = layer.near + int(rng.integers(-4, 5))
            notes = write_chords(rng, chart, feel, energy, textures, near, layer.voices, layer.low)
            parts.append(Part(f"chords{i + 1}" if i else "chords", pick(rng, layer.programs), notes))
    for i, lead in enumerate(spec.leads):
        if rng.random() < lead.odds:
            program = pick(rng, lead.programs)
            centre = lead.centre + int(rng.integers(-5, 6))
            parts.append(
                write_melody(
                    rng, chart, feel, energy, program, centre, lead.density * (0.6 + 0.7 * rng.random()) * pace,
                    lead.syncopation, lead.rests, f"melody{i + 1}" if i else "melody", lead.sings, lead.consonance,
                )
            )  # fmt: skip
    if not parts:
        layer = spec.layers[0]
        notes = write_chords(rng, chart, feel, energy, layer.textures, layer.near, layer.voices, layer.low)
        parts.append(Part("chords", pick(rng, layer.programs), notes))
    return [part if part.drums else _in_range(part) for part in parts if len(part.notes)]


def _silences(rng: np.random.Generator, chart: Chart, feel: Feel, spec: Style, parts: list[Part]) -> list[Part]:
    """Let players rest: whole sections, drum breaks of a bar or two, stops where all wait after a downbeat."""
    quiet: dict[int, set[int]] = {i: set() for i in range(len(parts))}
    patient = {chart.letter_at(a) + name: [rng.random() for _ in parts] for name, a, _ in chart.sections}
    layers = rng.random() < 0.5  # what comes back comes back fuller
    seen: set[str] = set()
    for name, first, length in chart.sections:
        label = chart.letter_at(first) + name
        fresh = layers and label not in seen and sum(chart.letter_at(a) + n == label for n, a, _ in chart.sections) > 1
        seen.add(label)
        chance = {"intro": 0.4, "break": 0.5, "outro": 0.25, "bridge": 0.25}.get(name, 0.1)
        rest = [
            i
            for i, part in enumerate(parts)
            if patient[label][i] < chance + 0.25 * (fresh and part.name[:6] in ("chords", "melody"))
        ]
        rest += [i for i, part in enumerate(parts) if part.name.startswith("melody") and name == "intro"]
        if len(set(rest)) < len(parts):
            for i in rest:
                quiet[i].update(range(first, first + length))
    drummers = [i for i, part in enumerate(parts) if part.drums]
    if drummers and len(parts) > 2:
        for _ in range(2):
            if rng.random() < spec.breaks:
                bar = int(rng.integers(0, max(1, chart.bars - 2)))
                who = drummers if rng.random() < 0.6 else [*drummers, int(rng.integers(len(parts)))]
                for i in who if len(set(who)) < len(parts) else drummers:
                    quiet[i].update(range(bar, bar + pick(rng, (1, 2, 2, 4))))
        if rng.random() < spec.breaks * 0.25:  # drums alone
            start = pick(rng, [a + n for _, a, n in chart.sections[:-1]] or [0])
            alone = range(max(0, start - pick(rng, (1, 2, 4))), start)
            for i in set(quiet) - set(drummers):
                quiet[i].update(alone)
            for i in drummers:
                quiet[i].difference_update(alone)
    stops = {first + length - 1 for _, first, length in chart.sections if rng.random() < 0.05 * (spec.breaks > 0)}
    out = []
    for i, part in enumerate(parts):
        bars = np.floor(part.notes[:, 0] / feel.bar + 1e-6).astype(int)
        keep = ~np.isin(bars, list(quiet[i]))
        late = np.isin(bars, list(stops)) & (part.notes[:, 0] - bars * feel.bar > feel.beat * 0.9)
        if not part.name.startswith("melody"):
            keep &= ~late
        if keep.any():
            out.append(Part(part.name, part.program, part.notes[keep], part.drums))
    return out or parts


def _finish(
    rng: np.random.Generator,
    chart: Chart,
    feel: Feel,
    spec: Style,
    parts: list[Part],
    bpm: float,
    early: tuple[float, ...],
) -> Song:
    """Add a pick-up, a count-in or a cut start and an ending, swing the clock, and write the truth down."""
    lead = 0  # beats before the first full bar; negative when the song starts inside it
    last = feel.bar * (chart.bars - 1)
    beats_end = feel.bar * chart.bars
    if rng.random() < 0.45:  # the last bar is one held chord: nobody counts beyond its downbeat
        parts = [_held(part, last, beats_end) for part in parts]
        beats_end = last + feel.beat
    start = rng.random()
    if start < 0.2 and feel.beats > 1:
        lead = 1 + int(rng.random() * (feel.beats - 1))
        parts = run_up(rng, feel, parts, lead)
    elif start < 0.3 and any(part.drums for part in parts):
        lead = feel.beats
        clicks = count_in(rng, feel, -lead * feel.beat, lead)
        parts = [with_notes(part, clicks) if part.drums else part for part in parts]
    elif start < 0.4 and feel.beats > 1:
        lead = -1 - int(rng.random() * (feel.beats - 1))
    return _write_down(
        chart, feel, spec, parts, bpm, lead, beats_end, early, spec.rubato[0] + np.ptp(spec.rubato) * rng.random()
    )


def _write_down(
    chart: Chart,
    feel: Feel,
    spec: Style,
    parts: list[Part],
    bpm: float,
    lead: int,
    beats_end: float,
    early: tuple[float, ...],
    rubato: float = 0.0,
) -> Song:
    """Swing the clock, begin ``lead`` beats before the first bar (inside it when negative), and set the truth down."""
    shift = lead * feel.beat
    moved = []
    for part in parts:
        notes = part.notes.copy()
        length = notes[:, 1] - notes[:, 0]
        notes[:, 0] = feel.warp(notes[:, 0]) + shift
        notes[:, 1] = np.maximum(feel.warp(part.notes[:, 1]) + shift, notes[:, 0] + np.minimum(length, 0.05))
        notes = notes[notes[:, 0] > -0.3 if lead >= 0 else notes[:, 0] > -1e-6]
        notes[:, 0] = np.maximum(notes[:, 0], 0.0)
        if len(notes):
            moved.append(Part(part.name, part.program, notes[np.lexsort((notes[:, 2], notes[:, 0]))], part.drums))
    count = round(beats_end / feel.beat)
    beats = np.arange(min(-lead, 0) if lead > 0 else -lead, count)
    moments = [t - 0.5 for t in early]
    chords = push_chords(chord_spans(chart), early)
    edges = np.array([a for a, _, _ in chords] + [chords[-1][1]])
    edges = np.where(np.isin(edges, moments), feel.warp(edges), edges) + shift
    spans: list[tuple[float, float, str]] = [
        (max(float(a), 0.0), float(b), label)
        for a, b, (_, _, label) in zip(edges, edges[1:], chords, strict=False)
        if b > 1e-6
    ]
    if lead > 0:
        spans.insert(0, (0.0, shift, "N"))
    truth: dict[str, Any] = {name: _shifted(of, shift) for name, of in form_spans(chart).items()}
    return Song(
        spec.name,
        spec.name,
        float(bpm),
        tuple(moved),
        float(shift + chart.bars * feel.bar),
        beats * feel.beat + shift,
        beats % feel.beats + 1,
        chords=tuple(spans),
        rubato=float(rubato),
        **truth,
    )


def _shifted(spans: Spans, shift: float) -> Spans:
    """Move spans by ``shift`` quarters; the first begins at 0 whatever comes before it."""
    moved = [(a + shift, b + shift, label) for a, b, label in spans if b + shift > 1e-6]
    return ((0.0, *moved[0][1:]), *moved[1:])


def _held(part: Part, start: float, end: float) -> Part:
    """Hold what sounds on the last downbeat, drop what follows."""
    notes = part.notes[part.notes[:, 0] < start + 0.1].copy()
    final = notes[:, 0] > start - 0.1
    if not part.drums:
        notes[final, 1] = end
    return Part(part.name, part.program, notes if len(notes) else part.notes[:1], part.drums)


def _in_range(part: Part) -> Part:
    """Move notes by octaves to where the instrument is at home."""
    low, high = RANGES.get(part.program, (24, 103))
    notes = part.notes.copy()
    notes[:, 2] += 12 * np.ceil(np.maximum(low - notes[:, 2], 0) / 12)
    notes[:, 2] -= 12 * np.ceil(np.maximum(notes[:, 2] - high, 0) / 12)
    return Part(part.name, part.program, notes[np.lexsort((notes[:, 2], notes[:, 0]))], part.drums)
