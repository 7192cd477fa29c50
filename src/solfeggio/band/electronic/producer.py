"""Composer of electronic music: loops that enter, leave and build up over a plan of builds, drops and breaks."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from solfeggio.band.chance import pick, shelf, weigh
from solfeggio.band.electronic.arrangement import BAR, Section, draw_effects, plan
from solfeggio.band.electronic.machines import MACHINES, Hit, Step, draw_bass, draw_drums, draw_tones
from solfeggio.band.playing.swing import bend
from solfeggio.band.song import Part, Song, Spans
from solfeggio.band.style import Style
from solfeggio.band.writing.drums import tidy
from solfeggio.band.writing.feel import Feel
from solfeggio.band.writing.grooves import CRASH, KICK, SNARE, TOMS
from solfeggio.band.writing.harmony import spell, voicing
from solfeggio.band.writing.melody import one_voice, vary_motif, write_motif
from solfeggio.errors import unknown
from solfeggio.harte import NAMES, bass, read, scale
from solfeggio.notation import Metre

FEEL = Feel(Metre(4, 4), 1.0, (2.0, 2.0))
PROGRESSIONS: dict[str, tuple[str, ...]] = {  # a chord for each bar, or two, or half a bar
    "modal": ("i", "i", "i bVII", "i i bVI bVI", "i i i bVII", "i iv", "i7 IV7", "i bII", "i i bIII bVII", "i v",
    "i bVI",
              "i7", "isus4 i", "i5", "i5 bVI5"),
    "pop": ("i bVI bIII bVII", "i bVII bVI bVII", "vi IV I V", "I V vi IV", "bVI bVII i i", "i iv bVI bVII",
    "i bVI iv v",
            "I vi IV V", "IV V vi I", "i bIII bVII iv", "bVI bIII bVII i", "i bVII iv bVI", "I iii IV V", "vi V IV V"),
    "jazz": ("ii9 V7 Imaj7 vi7", "i9 iv9", "Imaj7 iii7 vi7 ii7", "IVmaj7 iii7 ii7 Imaj7", "i7 bVImaj7 iv7 V7", "ii7 V7",
             "Imaj9 IVmaj9", "i9 bVII iv7 bVImaj7", "vi7 ii7 V7 Imaj7", "IVmaj7 V7 iii7 vi7", "bVImaj7 v7 iv7 i7",
             "i7 bIIImaj7 iv7 V7"),
}  # fmt: skip


def compose_electronic(rng: np.random.Generator, side: str, style: Style) -> Song:
    """Write one song of loops in a style whose ``drums`` name machines of ``machines.MACHINES``.

    bass: of ``machines.draw_bass``; textures: of ``machines.draw_tones``; harmony: of PROGRESSIONS ("modal", "pop",
    "jazz"). Deterministic in ``rng``; sides draw lines and progressions from disjoint shelves.

    >>> from solfeggio.band.style import load_style
    >>> song = compose_electronic(np.random.default_rng(0), "train", load_style("trance"))
    >>> sorted({int(p) for p in song.positions}), "drums" in [part.name for part in song.parts]
    ([1, 2, 3, 4], True)
    """
    kind = pick(rng, pick(rng, style.drums))
    if kind not in MACHINES:
        raise unknown(f"drums in style {style.name}", kind, MACHINES)
    if style.harmony not in PROGRESSIONS:
        raise unknown(f"harmony in style {style.name}", style.harmony, PROGRESSIONS)
    bpm = style.tempo[0] * (style.tempo[1] / style.tempo[0]) ** rng.random()
    tonal = _roles(rng, style)
    sections = plan(rng, MACHINES[kind].plan, rng.uniform(44, 84) * bpm / 240, tuple(tonal))
    total = BAR * (sections[-1].first + sections[-1].bars)
    key, chords = _harmony(rng, sections, style, side)
    drums, fills = _drums(rng, sections, kind, side)
    parts = [Part("drums", pick(rng, style.kits), drums, drums=True)]
    kicks = [at for at, role, *_ in draw_drums(rng, kind, side) if role == "kick"]
    for role, (name, program, kinds) in tonal.items():
        notes = _write(rng, sections, chords, style, role, name, kinds, kicks, key)
        notes = notes[~np.isin(np.floor(notes[:, 0] + 1e-6), list(fills))] if role != "lead" else notes
        if len(notes):
            parts.append(Part(name, program, notes))
    low, high, odds = style.swing
    swing = (style.pair, low + (high - low) * rng.random() if rng.random() < odds else 0.5)
    parts = [Part(p.name, p.program, _swung(p.notes, swing), p.drums) for p in parts]
    beats = np.arange(total)
    song = Song(
        style.name,
        style.name,
        float(bpm),
        tuple(parts),
        total,
        beats,
        (beats % 4 + 1).astype(int),
        chords=_joined(chords),
        sections=tuple((BAR * s.first, BAR * (s.first + s.bars), s.name) for s in sections),
        keys=((0.0, total, key),),
        metres=((0.0, total, "4/4"),),
        forms=tuple((BAR * s.first, BAR * (s.first + s.bars), s.letter) for s in sections),
        effects=draw_effects(rng, sections, MACHINES[kind].sidechain),
    )
    return cut_start(song, int(rng.integers(1, 8))) if rng.random() < 0.12 else song


def cut_start(song: Song, beats: int) -> Song:
    """Begin ``beats`` quarters later, as a recording that joins a song on its way."""

    def moved(spans: Spans) -> Spans:
        return tuple((max(0.0, a - beats), b - beats, label) for a, b, label in spans if b > beats + 1e-6)

    parts = []
    for part in song.parts:
        notes = part.notes[part.notes[:, 0] > beats - 1e-6] - (beats, beats, 0, 0)
        notes[:, 0] = np.maximum(notes[:, 0], 0.0)
        if len(notes):
            parts.append(Part(part.name, part.program, notes, part.drums))
    return replace(
        song, parts=tuple(parts), length_quarters=song.length_quarters - beats,
        beats_quarters=song.beats_quarters[:-beats], positions=song.positions[beats:], chords=moved(song.chords),
        sections=moved(song.sections), keys=moved(song.keys), metres=moved(song.metres), forms=moved(song.forms),
        effects=moved(song.effects),
    )  # fmt: skip


def _roles(rng: np.random.Generator, style: Style) -> dict[str, tuple[str, int, tuple[str, ...]]]:
    """Draw who plays beside the drums: role -> (part name, program, kinds of loops)."""
    roles: dict[str, tuple[str, int, tuple[str, ...]]] = {}
    if rng.random() < style.bass_odds:
        roles["bass"] = "bass", pick(rng, style.bass_programs), style.bass
    for layer in style.layers:
        if rng.random() < layer.odds:
            kind = pick(rng, layer.textures)
            role = kind if kind not in roles else f"{kind}2"
            number = sum(name.startswith("chords") for name, *_ in roles.values())
            roles[role] = f"chords{number + 1}" if number else "chords", pick(rng, layer.programs), (kind,)
    for lead in style.leads[:1]:
        if rng.random() < lead.odds:
            roles["lead"] = "melody", pick(rng, lead.programs), ()
    if set(roles) <= {"bass", "lead"} and style.layers:
        layer = style.layers[0]
        roles["pad"] = "chords", pick(rng, layer.programs), ("pad",)
    return roles


def _harmony(
    rng: np.random.Generator, sections: tuple[Section, ...], style: Style, side: str
) -> tuple[str, list[tuple[float, float, str]]]:
    """Draw the key and the chord loop of the song, now and then another for breaks or choruses; chords in quarters."""
    tonic = int(rng.integers(12))
    first = pick(rng, shelf(PROGRESSIONS[style.harmony], side)).split()
    minor = first[0][0] == "i" or not any(word.startswith("I") and not word.startswith("IV") for word in first)
    minor = minor and not (first[0].startswith(("vi", "ii")) and any(word[0] == "I" for word in first))
    alike = [line.split() for line in shelf(PROGRESSIONS[style.harmony], side)]
    alike = [line for line in alike if (line[0][0] == "i") == (first[0][0] == "i")]
    other = pick(rng, alike) if rng.random() < 0.3 else first
    length = weigh(rng, {4.0: 6.0, 8.0: 2.5 if len(first) < 5 else 0.0, 2.0: 0.8 if len(first) > 3 else 0.0})
    chords: list[tuple[float, float, str]] = []
    for section in sections:
        loop = other if section.letter in ("B", "C") else first
        for i in range(round(section.bars * BAR / length + 0.499)):
            start = BAR * section.first + i * length
            end = min(start + length, BAR * (section.first + section.bars))
            chords.append((start, end, spell(loop[i % len(loop)], tonic)))
    return f"{NAMES[tonic]}:{'min' if minor else 'maj'}", chords


def _drums(
    rng: np.random.Generator, sections: tuple[Section, ...], kind: str, side: str
) -> tuple[np.ndarray, set[int]]:
    """Play the drum loops through the plan, with fills, rolls and crashes; also the quarters where everybody stops."""
    loops = {letter: draw_drums(rng, kind, side) for letter in ("A", "C")}
    if rng.random() < 0.5:
        loops["C"] = loops["A"]
    crash, fill = rng.random(), rng.uniform(0.2, 0.8)
    notes: list[tuple[float, float, float, float]] = []
    stops: set[int] = set()
    for i, section in enumerate(sections):
        start, end = BAR * section.first, BAR * (section.first + section.bars)
        loop: list[Hit] = loops.get(section.letter, loops["A"])
        following = sections[i + 1].name if i + 1 < len(sections) else ""
        limit = end
        if following in ("drop", "chorus") and rng.random() < (0.5 if section.name == "build" else 0.15):
            limit = end - pick(rng, (1, 1, 2, 4))
            stops.update(range(round(limit), round(end)))
        elif following and rng.random() < fill and "snare" in section.blocks[-1]:
            limit = end - pick(rng, (1.0, 1.0, 2.0))
            notes += _fill(rng, limit, end)
        soft = {"intro": 0.9, "break": 0.75, "build": 0.88, "verse": 0.93}.get(section.name, 1.0)
        for bar in range(0, section.bars, 2):
            for at, role, key, velocity in loop:
                time = start + bar * BAR + at
                if time < limit - 1e-6 and section.plays(role, bar + int(at // BAR)):
                    notes.append((time, time + 0.2, key, velocity * soft))
        if section.name == "build":
            notes += _rise(rng, start, limit)
        if section.plays("kick", 0) and rng.random() < (0.95 if section.name in ("drop", "chorus") else 0.6) * (
            crash > 0.1
        ):
            notes.append((start, start + 1.0, CRASH, 108.0 if section.name == "drop" else 90.0))
    return tidy(notes), stops


def _rise(rng: np.random.Generator, start: float, end: float) -> list[tuple[float, float, float, float]]:
    """A snare roll that gets denser and louder up to the drop."""
    out = []
    key = pick(rng, (SNARE, SNARE, 39, 40))
    edges = np.round(start + (end - start) * np.array([0.0, 0.5, 0.75, pick(rng, (0.9, 0.9, 1.0)), 1.0]))
    first = 1 if rng.random() < 0.3 else 0
    for step, a, b in zip((1.0, 0.5, 0.25, 0.125)[first:], edges[first:], edges[first + 1 :], strict=False):
        for time in np.arange(a, b - 1e-6, step).tolist():
            out.append((time, time + 0.1, float(key), 55 + 55 * (time - start) / max(end - start, 1.0)))
    return out


def _fill(rng: np.random.Generator, start: float, end: float) -> list[tuple[float, float, float, float]]:
    """Fill up to a section's end: a snare run, toms, or kicks that stutter."""
    kind, step = pick(rng, ("snare", "toms", "kick", "rest")), pick(rng, (0.25, 0.25, 0.5))
    out = []
    for i, time in enumerate(np.arange(start, end - 1e-6, step).tolist()):
        if kind == "rest" and i:
            break
        if i and rng.random() < 0.2:
            continue
        place = (time - start) / (end - start)
        key = {"snare": SNARE, "toms": TOMS[min(5, int(6 * place))], "kick": KICK, "rest": SNARE}[kind]
        out.append((time, time + 0.2, float(key), 75.0 + 35 * place))
    return out


def _write(
    rng: np.random.Generator,
    sections: tuple[Section, ...],
    chords: list[tuple[float, float, str]],
    style: Style,
    role: str,
    name: str,
    kinds: tuple[str, ...],
    kicks: list[float],
    key: str,
) -> np.ndarray:
    """Play the loops of one tonal role over the chords, wherever the plan has it."""
    layer = next((layer for layer in style.layers if kinds and kinds[0] in layer.textures), None)
    near = (layer.near if layer else 62) + int(rng.integers(-4, 5))
    voices = layer.voices if layer else 4
    kind = pick(rng, kinds) if kinds else ""
    draw = (lambda: draw_bass(rng, kind, kicks)) if role == "bass" else (lambda: draw_tones(rng, kind))
    main: list[Step] = draw() if role != "lead" else []
    loops = {"A": main, "C": draw() if role != "lead" and rng.random() < 0.4 else main}
    hook = _hook(rng, key, style) if role == "lead" else {}
    starts = np.array([a for a, _, _ in chords])
    notes: list[tuple[float, float, float, float]] = []
    previous: tuple[int, ...] = ()
    loud = rng.uniform(72, 96) * (0.85 if role.startswith("pad") else 1.0)
    for section in sections:
        begin, end = BAR * section.first, BAR * (section.first + section.bars)
        if role == "lead":
            loop = hook["C" if section.letter in ("B", "C") else "A"]
        else:
            loop = loops.get(section.letter, main)
        size = 16.0 if role == "lead" else 8.0
        for at in np.arange(begin, end - 1e-6, size).tolist():
            events = _with_changes(loop, at, chords) if role.startswith(("pad", "keys", "bass")) else loop
            for i, (offset, length, tone, weight, slides) in enumerate(events):
                time = at + offset
                if time >= end - 1e-6 or not section.plays(role, int((time - begin) // BAR)):
                    continue
                _, last, label = chords[int(np.searchsorted(starts, time + 1e-6, "right")) - 1]
                stop = min(time + length, end if role in ("bass", "lead") else last)
                if slides and i + 1 < len(events):
                    stop = at + events[i + 1][0] + 0.05
                velocity = loud * weight
                if role == "bass":
                    pitches: tuple[int, ...] = (_bass(label, tone),)
                elif role == "lead":
                    pitches = (_fitted(int(tone), label) if weight > 0.9 else int(tone),)
                else:
                    previous = voicing(label, near, voices, previous)
                    pitches = previous if tone == "C" else (_tone(previous, tone, section, time, begin),)
                notes += [(time, max(stop, time + 0.06), p, velocity) for p in pitches]
    array = tidy(notes)
    if role in ("bass", "lead") and len(array):
        return _line(array)
    return array


def _line(notes: np.ndarray) -> np.ndarray:
    """One voice whose slides keep their overlap."""
    over = notes[:-1, 1] - notes[1:, 0]
    slid = (over > 0.04) & (over < 0.06)
    line = one_voice(notes)
    if len(line) == len(notes):
        line[:-1][slid, 1] += 0.05
    return line


def _with_changes(loop: list[Step], at: float, chords: list[tuple[float, float, str]]) -> list[Step]:
    """Strike held chords again where the harmony changes."""
    out = []
    for offset, length, tone, weight, slides in loop:
        inside = [a - at for a, _, _ in chords if at + offset + 1e-6 < a < at + offset + length - 1e-6]
        edges = [offset, *inside, offset + length]
        out += [(a, b - a, tone, weight, slides) for a, b in pairwise(edges)]
    return out


def _bass(label: str, tone: str) -> int:
    low = 28 + (bass(label) - 28) % 12
    low += 12 if low < 31 else 0
    intervals = read(label)[1]
    steps = {"R": 0, "8": 12, "L": -12 if low > 38 else 0, "5": 6 if 6 in intervals else 7, "2": 1,
             "3": 3 if 3 in intervals else 4 if 4 in intervals else 7, "7": 11 if 11 in intervals else 10}  # fmt: skip
    return low + steps[tone]


def _tone(shape: tuple[int, ...], tone: str, section: Section, time: float, begin: float) -> int:
    place = int(tone)
    up = 0
    if section.name == "build":  # climb an octave or so towards the drop
        up = int(2 * (time - begin) / (BAR * section.bars)) * 12
    return min(shape[place % len(shape)] + 12 * (place // len(shape)) + up, 100)


def _hook(rng: np.random.Generator, key: str, style: Style) -> dict[str, list[Step]]:
    """Draw the hooks of the song, four bars each, in the key: the tone of a step is its pitch."""
    lead = style.leads[0]
    tones = scale(key)
    ladder = [p for p in range(lead.centre - 10, lead.centre + 13) if p % 12 in tones]
    hooks = {}
    for letter in "AC":
        first = write_motif(rng, FEEL, lead.density, lead.syncopation)
        second = (
            vary_motif(rng, first) if rng.random() < 0.6 else write_motif(rng, FEEL, lead.density, lead.syncopation)
        )
        bars = pick(rng, ((first, second, first, second), (first, first, first, second), (first, second, first, [])))
        level = len(ladder) // 2 + int(rng.integers(-2, 3))
        steps: list[Step] = []
        for number, bar in enumerate(bars):
            for offset, length, step in bar:
                pitch = ladder[int(np.clip(level + step, 0, len(ladder) - 1))]
                strong = length >= 1 or FEEL.strength(offset) >= 3
                steps.append((number * BAR + offset, length * 0.92, str(pitch), 0.98 if strong else 0.88, False))
        hooks[letter] = steps
    return hooks


def _fitted(pitch: int, label: str) -> int:
    low, intervals, _ = read(label)
    tones = {(low + step) % 12 for step in intervals}
    return next(pitch + shift for shift in (0, -1, 1, -2, 2, -3, 3, -4, 4, -5, 5, 6) if (pitch + shift) % 12 in tones)


def _swung(notes: np.ndarray, swing: tuple[float, float]) -> np.ndarray:
    if swing[1] == 0.5 or not len(notes):
        return notes
    moved = notes.copy()
    moved[:, 0], moved[:, 1] = bend(notes[:, 0], *swing), bend(notes[:, 1], *swing)
    return moved


def _joined(chords: list[tuple[float, float, str]]) -> Spans:
    out: list[tuple[float, float, str]] = []
    for start, end, label in chords:
        if out and out[-1][2] == label:
            out[-1] = (out[-1][0], end, label)
        else:
            out.append((start, end, label))
    return tuple(out)
