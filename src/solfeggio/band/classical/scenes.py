"""Leitmotif scenes: motifs that return transposed, re-orchestrated, stretched and re-harmonised, between free music.

Every return is marked in ``Song.motifs``, from its first note to the end of its last; the label says which motif it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solfeggio.band.chance import pick, shelf, weigh
from solfeggio.band.classical.counterpoint import lead
from solfeggio.band.classical.draft import Bar, Draft, Note, finish, touch
from solfeggio.band.classical.periods import spots
from solfeggio.band.classical.themes import array, bass_line, figure, row_of, sing
from solfeggio.band.song import Part, Song, Spans
from solfeggio.band.style import Style
from solfeggio.band.writing.feel import Feel, feel_of
from solfeggio.band.writing.harmony import spell, voicing
from solfeggio.band.writing.melody import write_motif
from solfeggio.band.writing.players import RANGES
from solfeggio.harte import NAMES, SCALES, pitch_classes
from solfeggio.notation import Metre

FREE: dict[str, tuple[tuple[str, ...], ...]] = {  # chords of passages without motifs, bar by bar
    "maj": tuple(
        tuple(line.split("|"))
        for line in (
            "I|bVI|I|bVI", "I|bVII|IV|I", "I|bIII|IV|I", "I|iv|I|iv", "I|II|IV|I", "vi|IV|I|V", "I IV|V I", "I|V/V|V|I",
            "I bVI|bVII I", "IV|iv|I|I", "I:3|IV|V|vi", "bVI|bVII|I|I", "I|iii|IV|V", "I|Isus4|I|V",
        )
    ),
    "min": tuple(
        tuple(line.split("|"))
        for line in (
            "i|bVI|i|bVI", "i|bVI|bIII|bVII", "i|iv|i|V", "i|bII|i|bII", "i|IV|i|IV", "i|bv|i|V", "i|#ivo7|V|i",
            "i bVII|bVI V", "iv|i:5|V|i", "i|bvi|i|V", "i|io7|V:3|i", "bVI|iv|V|V", "i|i:3|iv|V", "i|bVI7|V|i",
        )
    ),
}  # fmt: skip
UNDER = {  # chords that may be put under a motif
    "maj": ("I", "IV", "V", "vi", "ii", "iii", "bVI", "bVII", "iv", "I:3", "V7"),
    "min": ("i", "iv", "V", "bVI", "bIII", "bVII", "v", "bII", "i:3", "IV"),
}
ORDERS = ("AB", "ABA", "ABCA", "ABAC", "AABA", "ABC", "ABACA")


@dataclass(frozen=True)
class Leitmotif:
    """A motif: mode "maj" or "min", its bars, and notes (start, length in quarters, semitones over the tonic)."""

    mode: str
    bars: int
    notes: tuple[tuple[float, float, int], ...]


def compose_scene(rng: np.random.Generator, side: str, spec: Style) -> Song:
    """Write one scene for the players of a style; side: "train", "valid" or "test".

    >>> from solfeggio.band.style import load_style
    >>> song = compose_scene(np.random.default_rng(0), "train", load_style("leitmotif"))
    >>> song.motifs[0][2]
    'M1'
    """
    feel = feel_of(rng, Metre.parse(weigh(rng, spec.metres)))
    tempo = spec.tempo[0] * (spec.tempo[1] / spec.tempo[0]) ** rng.random()
    length = (45 + 33 * rng.random()) * tempo / 60 / feel.beats
    motifs = write_leitmotifs(rng, feel, int(rng.integers(2, 6)))
    leads = [(who, pick(rng, who.programs)) for who in spec.leads if rng.random() < who.odds]
    layers = [(who, pick(rng, who.programs)) for who in spec.layers if rng.random() < who.odds]
    if not leads or not layers:
        leads, layers = [(spec.leads[0], spec.leads[0].programs[0])], [(spec.layers[0], spec.layers[0].programs[0])]
    deep = pick(rng, spec.bass_programs)
    lines: list[list[Note]] = [[] for _ in range(len(leads) + len(layers) + 1)]
    draft: list[Bar] = []
    spans: list[tuple[float, float, str]] = []
    order = pick(rng, ORDERS)
    home = int(rng.integers(12))
    keys = {letter: (home + pick(rng, (0, 2, 3, 5, 7, 8, 9)) * (letter != "A")) % 12 for letter in "ABC"}
    mood = {letter: (weigh(rng, {"maj": 1, "min": 1.3}), rng.random(), _cast(rng, motifs)) for letter in "ABC"}
    for number, letter in enumerate(order):
        mode, level, cast = mood[letter]
        name = "development" if letter == "C" else "theme"
        while len(draft) < length * (number + 1) / len(order) - 1:
            loud = float(np.clip(0.25 + 0.5 * level + 0.2 * rng.normal(), 0.1, 1.0))
            marked = bool(draft) and rng.random() < 0.62
            tonic = (keys[letter] + (pick(rng, (0, 2, 5, 7, 10)) if rng.random() < 0.3 else 0)) % 12
            if marked:
                which = pick(rng, cast)
                bars, stretch = _under(rng, motifs[which], feel, tonic)
                mode_here = motifs[which].mode
            else:
                path = pick(rng, shelf(FREE[mode], side))
                bars = [tuple(text.split()) for text in path[: pick(rng, (1, 2, 2, 4))]]
                tonic, mode_here = keys[letter], mode
            start = draft[-1].end if draft else 0.0
            key = f"{NAMES[tonic]}:{mode_here}"
            passage = [
                Bar(
                    start + i * feel.bar, feel,
                    tuple(zip(spots(feel, len(bar)), (spell(n, tonic) for n in bar), strict=True)),
                    key, number, name, letter, len(spans) + len(draft), i, len(bars), "", loud,
                ) for i, bar in enumerate(bars)
            ]  # fmt: skip
            draft += passage
            if marked:
                end = _state(rng, motifs[which], stretch, passage, tonic, leads, lines)
                spans.append((start, end, str(which)))
            elif rng.random() < 0.4:
                chief = int(rng.integers(len(leads)))
                lines[chief] += sing(rng, passage, {}, leads[chief][0].centre, leads[chief][0].density)
            _accompany(rng, passage, layers, deep, spec, lines, len(leads))
    draft += _ending(rng, draft[-1], home, mood["A"][0], layers, deep, spec, lines, len(leads))
    parts = []
    for i, line in enumerate(lines[:-1]):
        program = leads[i][1] if i < len(leads) else layers[i - len(leads)][1]
        name = ("melody" if i < len(leads) else "chords") + (f"{i + 1}" if i else "")
        if line:
            parts.append(Part(name, program, array(line, *RANGES.get(program, (36, 96)))))
    parts.append(Part("bass", deep, array(lines[-1], *RANGES.get(deep, (24, 60)))))
    return finish(rng, tuple(draft), parts, spec, float(tempo * feel.beat), _numbered(spans))


def write_leitmotifs(rng: np.random.Generator, feel: Feel, count: int) -> list[Leitmotif]:
    """Draw motifs of 1 to 3 bars, each unlike the others in rhythm and in contour."""
    out: list[Leitmotif] = []
    seen: set[tuple[float, ...]] = set()
    shapes: set[tuple[int, ...]] = set()
    while len(out) < count:
        mode, bars = pick(rng, ("maj", "min")), pick(rng, (1, 2, 2, 3))
        density = 0.15 + 0.7 * rng.random()
        notes: list[tuple[float, float, int]] = []
        place = pick(rng, (0, 2, 4))
        for bar in range(bars):
            written = write_motif(rng, feel, density, 0.05, 0.4)
            for offset, length, step in written:
                if offset >= 0:
                    where = place + step
                    semitones = 12 * (where // 7) + SCALES[mode][where % 7]
                    notes.append((bar * feel.bar + offset, length, semitones))
            place += pick(rng, (-2, -1, 1, 2))
        pitches = [p for _, _, p in notes]
        rhythm = tuple(a for a, _, _ in notes)
        shape = tuple(np.diff(pitches).astype(int).tolist())
        fine = 4 <= len(notes) <= 14 and rhythm[0] < 1e-6 and 3 <= max(pitches) - min(pitches) <= 15
        if fine and len(set(pitches)) > 2 and rhythm not in seen and shape not in shapes:
            seen.add(rhythm)
            shapes.add(shape)
            out.append(Leitmotif(mode, bars, tuple(notes)))
    return out


def _cast(rng: np.random.Generator, motifs: list[Leitmotif]) -> tuple[int, ...]:
    """Which motifs belong to a section: one or two of them, some more often."""
    chosen = rng.permutation(len(motifs))[: pick(rng, (1, 2, 2, 3))]
    return tuple(int(i) for i in (*chosen, chosen[0]))


def _under(
    rng: np.random.Generator, motif: Leitmotif, feel: Feel, tonic: int
) -> tuple[list[tuple[str, ...]], float]:  # fmt: skip
    """Draw how far a motif is stretched, and chords under each of its bars that hold most of its notes."""
    stretch = weigh(rng, {1.0: 6.0, 2.0: 1.8, 0.5: 1.5 if motif.bars == 2 else 0.0})
    bars: list[tuple[str, ...]] = []
    for bar in range(max(1, round(motif.bars * stretch))):
        start, end = bar * feel.bar / stretch, (bar + 1) * feel.bar / stretch
        inside = [(max(a, start), min(a + b, end), p) for a, b, p in motif.notes if a < end - 1e-6 and a + b > start]
        worth = {}
        for numeral in UNDER[motif.mode]:
            tones = pitch_classes(spell(numeral, 0))
            worth[numeral] = sum(
                (b - a) * (1.6 if i == 0 else 1) for i, (a, b, p) in enumerate(inside) if p % 12 in tones
            )
        best = max(worth.values())
        bars.append((pick(rng, [n for n in worth if worth[n] >= best * 0.8]),))
    return bars, stretch


def _state(
    rng: np.random.Generator, motif: Leitmotif, stretch: float, bars: Sequence[Bar], tonic: int, leads: list,
    lines: list[list[Note]],
) -> float:  # fmt: skip
    """Let a player, or two in octaves, state a motif; returns where its last note ends."""
    start, gate = bars[0].start, pick(rng, (0.95, 0.95, 1.0, 0.6))
    players = [int(i) for i in rng.permutation(len(leads))[: 1 + (bars[0].loud > 0.65)]]
    end = start
    for player in players:
        who, program = leads[player]
        low, high = RANGES.get(program, (36, 96))
        pitches = [p for _, _, p in motif.notes]
        fits = [b for b in range(tonic, 128, 12) if b + min(pitches) >= low and b + max(pitches) <= high]
        base = min(fits or [60 + tonic], key=lambda b: abs(b + float(np.mean(pitches)) - who.centre))
        for offset, length, semitones in motif.notes:
            at, span = start + offset * stretch, length * stretch
            loud = touch(rng, bars[0], offset, 1.1)
            lines[player].append((at, at + span * gate, float(base + semitones), loud))
            end = max(end, at + span * gate)
    return end


def _accompany(
    rng: np.random.Generator, bars: Sequence[Bar], layers: list, deep: int, spec: Style, lines: list[list[Note]],
    first: int,
) -> None:  # fmt: skip
    """Colour a passage: some of the layers, each in a figure, and usually a bass."""
    row = row_of(bars)
    led = lead(rng, [(part.label, part.bar.key) for part in row])
    loud = bars[0].loud
    active = [i for i in range(len(layers)) if rng.random() < 0.35 + 0.6 * loud] or [0]
    for i in active:
        layer, _ = layers[i]
        kind, step = pick(rng, layer.textures), pick(rng, (0.5, 0.5, 0.25))
        near: tuple[int, ...] = ()
        for part, voices in zip(row, led, strict=True):
            near = voicing(part.label, layer.near, layer.voices, near)
            base = layer.low + (int(voices[3]) - layer.low) % 12
            lines[first + i] += figure(rng, kind, part, near, base, step)
    if rng.random() < 0.9 or len(active) < 2:
        lines[-1] += bass_line(rng, pick(rng, spec.bass), row, max(RANGES.get(deep, (33, 60))[0], 33))


def _ending(
    rng: np.random.Generator, last: Bar, home: int, mode: str, layers: list, deep: int, spec: Style,
    lines: list[list[Note]], first: int,
) -> Draft:  # fmt: skip
    """Two bars that close without a motif."""
    close = ("IV", "I") if mode == "maj" else (pick(rng, ("iv", "V", "bVI")), "i")
    bars = tuple(
        Bar(
            last.end + i * last.feel.bar, last.feel, ((0.0, spell(numeral, home)),), f"{NAMES[home]}:{mode}",
            last.section + 1, "coda", "D", last.phrase + 9, i, 2, "", max(0.2, last.loud - 0.2),
        ) for i, numeral in enumerate(close)
    )  # fmt: skip
    _accompany(rng, bars, layers, deep, spec, lines, first)
    return bars


def _numbered(spans: list[tuple[float, float, str]]) -> Spans:
    """Name motifs M1, M2, ... in the order in which they are first heard."""
    names: dict[str, str] = {}
    return tuple((a, b, names.setdefault(which, f"M{len(names) + 1}")) for a, b, which in spans)
