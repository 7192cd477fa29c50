"""Themes and figures over a draft: melodies that return, imitation, running lines, and accompaniments of every kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solfeggio.band.chance import pick, weigh
from solfeggio.band.classical.draft import Bar, Note, Slice, slices, touch
from solfeggio.band.writing.drums import tidy
from solfeggio.band.writing.melody import Motif, vary_motif, write_motif
from solfeggio.harte import bass, parse_pitch, pitch_classes, scale

FIGURES = (
    "hold", "beats", "repeat", "offbeat", "tremolo", "alberti", "broken", "rise", "sweep", "waltz", "stride",
    "nocturne", "murky", "rocking", "sustain",
)  # fmt: skip
ORDERS = ((0, 2, 1, 2, 3, 2, 1, 2), (0, 3, 2, 3, 1, 3, 2, 3), (0, 1, 2, 3, 4, 3, 2, 1), (0, 2, 3, 4, 3, 2))
BASSES = ("roots", "beats", "walk", "hold", "octaves", "plucked")


def ladder(key: str, label: str) -> tuple[int, ...]:
    """Seven semitone offsets over the tonic: the key's scale, bent to hold the chord's tones.

    >>> ladder("A:min", "E:maj")
    (0, 2, 3, 5, 7, 8, 11)
    """
    tonic = parse_pitch(key.partition(":")[0])
    steps = [(p - tonic) % 12 for p in scale(key)]
    tones = {(p - tonic) % 12 for p in pitch_classes(label)}
    for tone in sorted(tones - set(steps)):
        for i in sorted(range(7), key=lambda i: -i):
            if abs(steps[i] - tone) == 1 and steps[i] not in tones:
                steps[i] = tone
                break
    return tuple(steps)


def pitch_of(key: str, label: str, place: int, centre: int) -> int:
    """Pitch of scale place 0 (the tonic nearest below ``centre`` + 6), 1, 2, ... under a chord."""
    tonic = parse_pitch(key.partition(":")[0])
    base = centre - 6 + (tonic - centre + 6) % 12
    steps = ladder(key, label)
    return base + 12 * (place // 7) + steps[place % 7]


def snapped(bar: Bar, label: str, place: int, centre: int) -> int:
    """The scale place nearest to ``place`` whose pitch belongs to the chord."""
    tones = pitch_classes(label)
    for shift in (0, 1, -1, 2, -2, 3, -3):
        if pitch_of(bar.key, label, place + shift, centre) % 12 in tones:
            return place + shift
    return place


def figures_of(
    rng: np.random.Generator, themes: dict[tuple[str, str, int], list[Motif]], bar: Bar, density: float
) -> list[Motif]:
    """Rhythm and contour of the bars of a phrase; the same letter, metre and length of phrase, the same theme."""
    slot = (bar.letter, str(bar.feel.metre), bar.size)
    if slot not in themes:
        dense = float(np.clip(density * (0.6 + 0.7 * rng.random()), 0.02, 1.0))
        one, two = (write_motif(rng, bar.feel, dense, 0.03, 0.25) for _ in range(2))
        bank = {"a": one, "b": two, "c": vary_motif(rng, one), "d": vary_motif(rng, two)}
        shape = weigh(rng, {"aabc": 3, "abac": 3, "abcd": 2, "aacd": 2, "acbd": 1})
        themes[slot] = [bank[shape[i % 4]] for i in range(bar.size)]
    return themes[slot]


def sing(
    rng: np.random.Generator, bars: Sequence[Bar], themes: dict[tuple[str, str, int], list[Motif]], centre: int,
    density: float = 0.45, ornament: float = 0.0, delay: int = 0,
) -> list[Note]:  # fmt: skip
    """Write the melody of some bars around MIDI ``centre``: figures on scale places, chord tones on strong ones.

    ornament: chance that a long note is divided, as variations do. delay: bars by which an imitating voice comes late.
    """
    notes: list[Note] = []
    for bar in bars:
        motifs = figures_of(rng, themes, bar, density)
        if bar.place < delay:
            continue
        place = bar.place - delay
        start = (2, 4, 3, 4, 5, 4, 3, 2)[(place * 8 // max(bar.size, 4)) % 8]
        if bar.cadence and not delay:
            notes += _close(rng, bar, centre)
            continue
        motif = motifs[place % len(motifs)]
        for offset, length, step in motif:
            if offset < -1e-6 or offset >= bar.feel.bar - 1e-6:
                continue
            label = bar.chord_at(offset)
            where = int(np.clip(start + step, -3, 11))
            if bar.feel.strength(offset) >= 2 or length >= 1:
                where = snapped(bar, label, where, centre)
            loud = touch(rng, bar, offset, 1.08)
            if ornament and length >= 0.99 and rng.random() < ornament:
                count = pick(rng, (2, 4)) if not bar.feel.compound else 3
                turn = pick(rng, ((0, 1, 0, -1), (0, -1, -2, -1), (0, 2, 4, 2), (0, 1, 2, 1)))
                gap = length / count
                for i in range(count):
                    at = offset + i * gap
                    pitch = pitch_of(bar.key, bar.chord_at(min(at, bar.feel.bar - 0.01)), where + turn[i], centre)
                    notes.append((bar.start + at, bar.start + at + gap * 0.95, pitch, loud))
            else:
                pitch = pitch_of(bar.key, label, where, centre)
                notes.append((bar.start + offset, bar.start + offset + length * 0.95, pitch, loud))
    return notes


def _close(rng: np.random.Generator, bar: Bar, centre: int) -> list[Note]:
    """The melody of a cadence: it comes to rest on a chord tone, perhaps after an appoggiatura."""
    label, first = bar.chords[-1][1], bar.chords[-1][0]
    rest = snapped(bar, label, 0 if bar.cadence == "full" else pick(rng, (1, -1, 4)), centre)
    notes: list[Note] = []
    for i, (offset, chord) in enumerate(bar.chords[:-1]):
        pitch = pitch_of(bar.key, chord, snapped(bar, chord, rest + 2 - i, centre), centre)
        notes.append((bar.start + offset, bar.start + bar.chords[i + 1][0], pitch, touch(rng, bar, offset)))
    length = bar.feel.bar - first
    if length > bar.feel.beat and rng.random() < 0.3:
        pitch = pitch_of(bar.key, label, rest + 1, centre)
        notes.append((bar.start + first, bar.start + first + bar.feel.beat, pitch, touch(rng, bar, first)))
        first, length = first + bar.feel.beat, length - bar.feel.beat
    held = length if rng.random() < 0.4 else max(length - bar.feel.beat, bar.feel.beat * 0.9)
    notes.append((bar.start + first, bar.start + first + held, pitch_of(bar.key, label, rest, centre),
                  touch(rng, bar, first)))  # fmt: skip
    return notes


def below(bars: Sequence[Bar], tune: Sequence[Note], shortest: float = 0.4) -> list[Note]:
    """A second voice under the longer notes of a tune: the chord tone a third to a sixth below."""
    out = []
    for start, end, pitch, loud in tune:
        bar = next(bar for bar in reversed(bars) if bar.start <= start + 1e-6)
        tones = pitch_classes(bar.chord_at(start - bar.start))
        under = [p for p in range(int(pitch) - 9, int(pitch) - 2) if p % 12 in tones]
        if under and end - start > shortest:
            out.append((start, end, float(under[-1]), loud * 0.85))
    return out


def figure(
    rng: np.random.Generator, kind: str, part: Slice, shape: Sequence[int], low: int, step: float = 0.5
) -> list[Note]:
    """Play one chord in a figure of FIGURES. shape: pitches from low to high. low: its bass note. step: quarters."""
    bar, feel = part.bar, part.bar.feel
    span, offset = part.end - part.start, part.start - part.bar.start
    step = min(0.5 if feel.compound or feel.beat == 0.5 else step, span)
    tops = list(shape)
    out: list[tuple[float, float, Sequence[int], float]] = []
    count = max(1, round(span / step))
    beats = max(1, round(span / feel.beat))
    orders = {"alberti": (0, 2, 1, 2), "broken": (0, 1, 2, 1), "rise": (0, 1, 2, 3), "rocking": (0, 2),
              "sweep": (0, 1, 2, 3, 4, 5, 4, 3, 2, 1)}  # fmt: skip
    if kind == "hold":
        out = [(0.0, span, tops, 0.85)]
    elif kind == "sustain":
        out = [(0.0, span, [low, *tops], 0.85)]
    elif kind == "beats":
        out = [(i * feel.beat, feel.beat * 0.9, tops, 0.85) for i in range(beats)]
    elif kind in ("repeat", "tremolo"):
        step = 0.25 if kind == "tremolo" else step
        out = [(i * step, step * 0.9, tops, 0.8) for i in range(max(1, round(span / step)))]
    elif kind == "offbeat":
        half = feel.beat * (2 / 3 if feel.compound else 0.5)
        out = [(i * feel.beat + half, (feel.beat - half) * 0.8, tops, 0.8) for i in range(beats)]
    elif kind in orders:
        order, ring = orders[kind], [p + 12 * octave for octave in range(3) for p in tops]
        order = (0, 1, 2) if kind == "alberti" and (feel.compound or count % 3 == 0) else order
        out = [(i * step, step, [ring[order[i % len(order)] % len(ring)]], 0.8) for i in range(count)]
    elif kind in ("waltz", "stride"):
        unit = feel.beat if feel.beats > 2 and not feel.compound else feel.beat / (3 if feel.compound else 2)
        cycle = 2 if kind == "stride" and feel.beats != 3 and not feel.compound else 3 if feel.compound else feel.beats
        for i in range(max(1, round(span / unit))):
            number = round((offset + i * unit) / unit) % max(cycle, 2)
            fifth = next((p for p in (low - 5, low + 7) if p % 12 in pitch_classes(part.label)), low)
            deep = low if i == 0 or kind == "waltz" or rng.random() < 0.3 else fifth
            out.append((i * unit, unit * 0.8, [deep] if number == 0 or i == 0 else tops, 0.9 if number == 0 else 0.72))
    elif kind == "nocturne":
        wide = [low, *(p for p in tops), tops[0] + 12, *reversed(tops)]
        out = [(i * step, step * 1.5, [wide[i % len(wide)]], 0.85 if i == 0 else 0.68) for i in range(count)]
    elif kind == "murky":
        out = [(i * step, step * 0.9, [low + 12 * (i % 2)], 0.8) for i in range(count)]
    return [
        (part.start + x, min(part.start + x + length, part.end + (step if kind == "nocturne" else 0)), float(p),
         touch(rng, bar, offset + x, weight))
        for x, length, pitches, weight in out for p in pitches if x < span - 1e-6
    ]  # fmt: skip


def bass_line(rng: np.random.Generator, kind: str, row: Sequence[Slice], low: int) -> list[Note]:
    """Write a bass under some chords in a manner of BASSES; ``low`` is the lowest pitch but for octaves."""
    notes: list[Note] = []
    for i, part in enumerate(row):
        feel, span, offset = part.bar.feel, part.end - part.start, part.start - part.bar.start
        base = low + (bass(part.label) - low) % 12
        beats = max(1, round(span / feel.beat))
        if kind in ("roots", "hold") or (beats == 1 and kind != "octaves"):
            events = [(0.0, span * (0.98 if kind == "hold" else 0.85), base)]
        elif kind == "walk":
            goal = low + (bass(row[i + 1].label) - low) % 12 if i + 1 < len(row) else base
            tones = [low + (p - low) % 12 for p in pitch_classes(part.label)]
            events = [(0.0, feel.beat * 0.95, base)]
            for j in range(1, beats):
                near = goal - 2 if goal > base else goal + 2
                steps = [p for p in scale(part.bar.key) if j == beats - 1 and (near - p) % 12 in (0, 1, 11)]
                pitch = low + (steps[0] - low) % 12 if steps else pick(rng, tones)
                events.append((j * feel.beat, feel.beat * 0.95, pitch))
        elif kind == "octaves":
            events = [(j * 0.5, 0.45, base + 12 * (j % 2)) for j in range(max(1, round(span * 2)))]
        else:
            length = feel.beat * (0.4 if kind == "plucked" else 0.9)
            events = [(j * feel.beat, length, base) for j in range(beats)]
        notes += [
            (part.start + x, part.start + x + d, float(p), touch(rng, part.bar, offset + x)) for x, d, p in events
        ]
    return notes


def running(
    rng: np.random.Generator, row: Sequence[Slice], low: int, high: int, step: float, leap: float = 0.5
) -> list[Note]:
    """One player alone: a running line whose low notes on chord changes imply a second voice; it rests at cadences."""
    notes: list[Note] = []
    order = pick(
        rng, ((0, 2, 1, 2, 3, 2, 1, 2), (0, 3, 2, 3, 1, 3, 2, 3), (0, 1, 2, 3, 4, 3, 2, 1), (0, 2, 3, 4, 3, 2))
    )
    for part in row:
        bar, offset, span = part.bar, part.start - part.bar.start, part.end - part.start
        step_here = 0.5 if bar.feel.compound and step > 0.4 else step
        if bar.cadence and part.end > bar.end - 1e-6:
            base = low + (bass(part.label) - low) % 12
            top = [p for p in range(base + 4, high + 1) if p % 12 in pitch_classes(part.label)][:2]
            for pitch in (base, *top):
                notes.append((part.start, part.start + span * 0.95, pitch, touch(rng, bar, offset)))
            continue
        chord = [p for p in range(low, high + 1) if p % 12 in pitch_classes(part.label)]
        base = next((i for i, p in enumerate(chord) if p % 12 == bass(part.label)), 0)
        scalar = rng.random() > leap
        place = int(rng.integers(1, 6))
        direction = pick(rng, (-1, 1))
        for i in range(max(1, round(span / step_here))):
            x = i * step_here
            if x >= span - 1e-6:
                break
            if i == 0:
                pitch = chord[base]
            elif scalar:
                place += direction
                pitch = pitch_of(bar.key, part.label, place, (low + high) // 2)
                if not low <= pitch <= high:
                    direction = -direction
                    place += 2 * direction
                    pitch = pitch_of(bar.key, part.label, place, (low + high) // 2)
            else:
                pitch = chord[min(base + 1 + order[i % len(order)], len(chord) - 1)]
            length = step_here * (1.6 if i == 0 else 0.95)
            notes.append(
                (part.start + x, part.start + x + length, pitch, touch(rng, bar, offset + x, 1.1 if i == 0 else 0.95))
            )
    return notes


def row_of(bars: Sequence[Bar]) -> list[Slice]:
    """The chords of some bars."""
    return slices(tuple(bars))


def array(notes: Sequence[Note], low: int = 0, high: int = 127) -> np.ndarray:
    """Sort notes into (n, 4), each moved by octaves to where its instrument plays."""
    out = tidy(list(notes)) if notes else np.zeros((0, 4))
    out = out.copy()
    out[:, 2] += 12 * np.ceil(np.maximum(low - out[:, 2], 0) / 12)
    out[:, 2] -= 12 * np.ceil(np.maximum(out[:, 2] - high, 0) / 12)
    return tidy([tuple(row) for row in out.tolist()])
