"""Textures of chord players: strums, riffs, arpeggios, skanks, pianos, pads, strings and choirs.

A texture draws a cell: events (offset in quarters, length, action, loudness 0..1) over one bar of any metre.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from solfeggio.band.chance import pick
from solfeggio.band.writing.feel import Feel

# Actions: "D" down strum, "U" up strum, "C" block chord, "H" the same without its lowest note, "B" bass note, "F" bass
# fifth, "O" bass octave, "P" power chord, "M" muted power chord ("P3": three semitones up), "S3" a
# single low note three semitones over the root, a digit one voice.
Cell = list[tuple[float, float, str, float]]
Texture = Callable[[np.random.Generator, Feel, float], Cell]


def strum(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Acoustic guitar: the hand goes down on beats and up between, and misses some strokes."""
    step = 0.5 if feel.compound or feel.beat == 0.5 or rng.random() < 0.65 else 0.25
    density = 0.45 + 0.5 * rng.random() * (0.5 + energy)
    cell: Cell = [(0.0, step, "D", 1.0)]
    if rng.random() < 0.25:
        cell = [(0.0, 1.0, "B", 1.0)]
    for i in range(1, round(feel.bar / step)):
        offset = i * step
        strength = feel.strength(offset)
        if rng.random() < density * (1.15 if strength >= 2 else 0.75):
            back = 1.1 if strength >= 2 and round(offset / feel.beat) % 2 else 0.85
            cell.append((offset, step, "D" if i % 2 == 0 or (feel.compound and strength >= 2) else "U", back))
    return ring(cell, feel)


def bass_strum(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Country and folk: bass note on accents, strum on the beats between (boom-chick, oom-pah-pah)."""
    cell: Cell = []
    for i in range(feel.beats):
        offset = i * feel.beat
        low = i == 0 or (feel.beats % 2 == 0 and i % 2 == 0) or (feel.beats > 4 and offset in feel.accents)
        if feel.beats == 2 and feel.beat > 1:
            low, half = True, feel.beat * (2 / 3 if feel.compound else 0.5)
            cell.append((offset + half, 0.45, "D", 0.8))
        cell.append((offset, feel.beat * 0.9, ("B" if i % 4 == 0 else "F") if low else "D", 1.0 if low else 0.8))
        if not low and feel.beat == 1 and rng.random() < 0.4:
            cell.append((offset + 0.5, 0.4, "U", 0.65))
    return sorted(cell)


def riff(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Power chords over palm-muted chugs: eighths, sixteenths, gallops, or held."""
    kind = pick(rng, ("eighths", "eighths", "sixteenths", "gallop", "reverse", "held", "broken", "broken"))
    moves = pick(rng, (0.0, 0.0, 0.1, 0.3))
    cell: Cell = []
    if kind == "held":
        spots = [0.0, *(x for x in feel.accents[1:] if rng.random() < 0.6)]
        return ring([(x, 1.0, "P", 1.0) for x in spots], feel)
    for beat in range(max(1, round(feel.bar / 1.0))):
        grid = {"eighths": (0, 0.5), "sixteenths": (0, 0.25, 0.5, 0.75), "gallop": (0, 0.5, 0.75), "reverse": (0,
            0.25, 0.5),
                "broken": tuple(x for x in (0, 0.25, 0.5, 0.75) if rng.random() < 0.55)}[kind]  # fmt: skip
        for x in grid:
            if beat + x < feel.bar - 1e-6:
                loud = (beat == 0 and x == 0) or rng.random() < (0.12 if x else 0.25)
                shift = str(pick(rng, (3, 5, 7, 10, 1))) if rng.random() < moves and (beat or x) else ""
                length = 0.25 if len(grid) > 2 else 0.45
                cell.append((beat + x, length, ("P" if loud else "M") + shift, 1.0 if loud else 0.8))
    if not cell or (cell[0][0] > 0 and rng.random() < 0.8):
        cell.insert(0, (0.0, 0.45, "P", 1.0))
    return cell


def lick(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """A riff of single low notes, the minor pentatonic, syncopated around a strong one; chords answer at its end."""
    step = 0.5 if feel.compound or rng.random() < 0.5 else 0.25
    until = feel.bar * pick(rng, (0.5, 0.75, 1.0, 1.0))
    scale = pick(rng, ((0, 3, 5, 7, 10, 12), (0, 3, 5, 6, 7, 10), (0, 4, 7, 9, 10, 12), (0, 5, 7, 10, 12, 12)))
    cell: Cell = [(0.0, pick(rng, (0.4, 0.5, 0.9)), pick(rng, ("S0", "S0", "P", "C")), 1.0)]
    place = 0
    for i in range(1, round(until / step)):
        offset = i * step
        if rng.random() < (0.6 if feel.strength(offset) < 2 else 0.45):
            place = int(np.clip(place + pick(rng, (-2, -1, -1, 0, 1, 1, 2)), 0, 5))
            cell.append((offset, step * 0.9, f"S{scale[place]}", 0.9))
    if until < feel.bar:
        cell += [(x * 0.5, 0.45, "P", 0.95) for x in range(round(until * 2), round(feel.bar * 2)) if rng.random() < 0.5]
    return cell


def power_eighths(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Punk and rock: driven power chords in eighths with accents, or stabs with holes."""
    if rng.random() < 0.6:
        accents = pick(rng, ((0,), (0, 3, 6), (0, 4), (0, 3), (1, 3, 5, 7)))
        return [(i * 0.5, 0.5, "P", 1.0 if i % 8 in accents else 0.82) for i in range(round(feel.bar * 2))]
    cell: Cell = [(0.0, 0.5, "P", 1.0)]
    cell += [(i * 0.5, 0.5, "P", 0.95) for i in range(1, round(feel.bar * 2)) if rng.random() < 0.4]
    return ring(cell, feel) if rng.random() < 0.6 else cell


def arpeggio(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Broken chords: one tone after the other, in an order that the section keeps."""
    step = 0.5 if feel.compound or feel.beat == 0.5 else pick(rng, (0.5, 0.5, 0.25, 1 / 3))
    order = pick(rng, ("0123", "0121", "0213", "0232", "3210", "012321", "0231", "021", "012"))
    count = round(feel.bar / step)
    cell: Cell = [(0.0, feel.bar, "B", 1.0)] if rng.random() < 0.6 else []
    for i in range(len(cell), count):
        cell.append((i * step, min(step * pick(rng, (1, 2, 3)), feel.bar - i * step), order[i % len(order)], 0.85))
    return cell


def picking(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Finger-picking: the thumb alternates bass notes on beats, fingers fill between."""
    cell: Cell = []
    for i in range(feel.beats):
        offset = i * feel.beat
        cell.append((offset, feel.beat, "B" if i % 2 == 0 else pick(rng, "F0O"), 0.95))
        parts = (0.5, 1.0) if feel.compound else (0.5,) if feel.beat <= 1 else (0.5, 1.0, 1.5)
        for x in parts:
            if x < feel.beat and rng.random() < 0.8:
                cell.append((offset + x, 0.7, pick(rng, "1232"), 0.8))
        if rng.random() < 0.25:
            cell.append((offset, 0.7, "3", 0.85))
    return cell


def alberti(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Alberti bass: low, high, middle, high in eighths or sixteenths; low, middle, high in compound metres."""
    step = 0.5 if feel.compound or rng.random() < 0.7 else 0.25
    order = pick(rng, ("012", "021")) if feel.compound or (feel.bar == 3 and rng.random() < 0.4) else "0212"
    return [
        (i * step, step, order[i % len(order)], 1.0 if i * step in feel.accents else 0.8)
        for i in range(round(feel.bar / step))
    ]


def skank(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Off-beat chops on every "and", single or doubled."""
    double = rng.random() < 0.2
    cell: Cell = [(i + 0.5, 0.22, "C", 1.0) for i in range(int(feel.bar))]
    return sorted([*cell, *((x + 0.25, 0.15, "C", 0.7) for x, *_ in cell)]) if double else cell


def bubble(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Reggae organ: left hand between, right hand on the off-beats."""
    cell: Cell = []
    for i in range(int(feel.bar)):
        cell += [(i + 0.25, 0.2, "0", 0.7), (i + 0.5, 0.25, "H", 1.0), (i + 0.75, 0.2, "0", 0.75)]
    return cell


def backbeat_chop(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Short chords on the back beats: soul guitar, mandolin, western swing."""
    return [(i * feel.beat, 0.25, "C", 1.0) for i in range(1, feel.beats, 2 if feel.beats % 2 == 0 else 1)]


def funk_chop(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Sixteenth-note guitar: a few chords among muted scratches."""
    density = 0.15 + 0.25 * rng.random()
    cell: Cell = []
    for i in range(round(feel.bar * 4)):
        if rng.random() < density * (1.3 if i % 4 == 0 else 1.0):
            cell.append((i * 0.25, pick(rng, (0.12, 0.2, 0.4)), "H", 1.0))
        elif rng.random() < 0.35:
            cell.append((i * 0.25, 0.06, "H", 0.45))
    return cell or [(0.0, 0.2, "H", 1.0)]


def block(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Piano chords on every beat, or in driven eighths, over a held bass."""
    step = feel.beat if rng.random() < 0.65 else 0.5
    gate = 0.6 + 0.35 * rng.random()
    cell: Cell = [(0.0, feel.bar * 0.95, "B", 1.0)] if rng.random() < 0.7 else []
    cell += [(i * step, step * gate, "C", 1.0 if i == 0 else 0.85) for i in range(round(feel.bar / step))]
    return cell


def ballad(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Piano ballad: bass and chord on the downbeat, then chords on some beats and pushes."""
    cell: Cell = [(0.0, feel.bar * 0.95, "B", 1.0), (0.0, feel.beat, "C", 0.85)]
    for i in range(1, round(feel.bar * 2)):
        offset = i * 0.5
        if rng.random() < (0.75 if feel.strength(offset) >= 2 else 0.2):
            cell.append((offset, 0.8, pick(rng, ("C", "C", "H", "2")), 0.75))
    return cell


def stride(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Ragtime and polka: low bass on strong beats, chord on weak ones; in three, oom-pah-pah."""
    cell: Cell = []
    for i in range(feel.beats):
        strong = i == 0 or (feel.beats % 2 == 0 and i % 2 == 0)
        if feel.beats == 2 and feel.beat <= 1.0:
            cell += [(i * feel.beat, 0.4, "BF"[i], 1.0), (i * feel.beat + 0.5, 0.35, "C", 0.8)]
        else:
            cell.append(
                (i * feel.beat, feel.beat * 0.6, ("B" if i == 0 else "F") if strong else "C", 1.0 if strong else 0.8)
            )
    return cell


def comp(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Jazz comping: a few short or held chords, many of them before the beat."""
    spots = [x * 0.5 for x in range(round(feel.bar * 2)) if rng.random() < (0.16 if x % 2 == 0 else 0.28)]
    return [(x, pick(rng, (0.25, 0.4, 1.2)), "C", 0.9) for x in spots or [0.0]]


def charleston(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """The downbeat and the "and" after the second beat, with variants."""
    return ring([(0.0, 0.9, "C", 1.0), (min(1.5, feel.bar - 0.5), 0.5, "C", 0.9)], feel)


def quarters(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Four to the bar: swing guitar."""
    return [(i * feel.beat, feel.beat * 0.6, "C", 1.0 if i % 2 else 0.85) for i in range(feel.beats)]


def clave_comp(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Bossa, montuno and samba rhythms: syncopated chords, the thumb on the bass."""
    spots = pick(rng, ((0, 1, 1.5, 2.5, 3), (0, 1.5, 2.5, 3.5), (0, 0.75, 1.5, 2.5, 3), (0.5, 1.5, 2, 3, 3.5), (0,
        1, 2.5, 3.5),
                       (0, 0.75, 1.5, 2, 2.75, 3.5)))  # fmt: skip
    cell: Cell = [(x, 0.35, pick(rng, "CH"), 0.9) for x in spots if x < feel.bar]
    return sorted(
        cell + ([(x, 0.9, "BF"[i % 2], 0.9) for i, x in enumerate(feel.accents)] if rng.random() < 0.5 else [])
    )


def pad(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """One held chord a bar."""
    return [(0.0, feel.bar, "C", 0.8)]


def chorale(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Four parts moving together on beats, the last of a phrase held."""
    cell: Cell = [(0.0, feel.beat, "C", 1.0), (0.0, feel.beat, "B", 1.0)]
    for i in range(1, feel.beats):
        if rng.random() < 0.6:
            cell += [(i * feel.beat, feel.beat, "C", 0.9), (i * feel.beat, feel.beat, "B", 0.9)]
    return ring(cell, feel)


def tremolo(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Repeated strings: eighths, sixteenths or triplets on the chord."""
    step = 0.5 if feel.compound else pick(rng, (0.25, 0.5, 0.5, 1 / 3))
    return [
        (i * step, step * 0.8, "C", 1.0 if i * step in feel.accents else 0.72) for i in range(round(feel.bar / step))
    ]


def synth_arp(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Sequencer: sixteenths or eighths over a fixed tone order that need not fit the bar."""
    step = pick(rng, (0.25, 0.25, 0.5))
    order = pick(rng, ("0123", "012", "0321", "01230", "0213", "03132"))
    skip = 0.0 if rng.random() < 0.6 else 0.3
    return [
        (i * step, step * 0.7, order[i % len(order)], 0.9)
        for i in range(round(feel.bar / step))
        if i == 0 or rng.random() >= skip
    ]


def stabs(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Brass or synth hits on a few drawn places."""
    spots = [i * 0.5 for i in range(round(feel.bar * 2)) if rng.random() < 0.22] or [pick(rng, (0.0, 1.5, 0.5))]
    return [(x, pick(rng, (0.2, 0.3, 0.8)), "C", 1.0) for x in spots if x < feel.bar]


def low_pulse(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """An ostinato on bass and octave: film strings, left-hand piano."""
    step = 0.5
    tones = pick(rng, ("BBBB", "BOBO", "BFOF", "BFBO", "BF1F"))
    return [
        (i * step, step * 0.9, tones[i % 4], 1.0 if i * step in feel.accents else 0.8)
        for i in range(round(feel.bar / step))
    ]


def broken_left(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Romantic left hand: low bass, then wide broken chord tones that ring."""
    step = 0.5 if feel.compound or rng.random() < 0.6 else 1 / 3
    order = pick(rng, ("F0121", "F1210", "0F121", "F01", "F0123210"))
    cell: Cell = [(0.0, feel.bar, "B", 1.0)]
    for i in range(1, round(feel.bar / step)):
        cell.append((i * step, min(1.5, feel.bar - i * step), order[(i - 1) % len(order)], 0.72))
    return cell


TEXTURES: dict[str, Texture] = {
    texture.__name__: texture
    for texture in (
        strum, bass_strum, riff, lick, power_eighths, arpeggio, picking, alberti, skank, bubble, backbeat_chop,
        funk_chop, block, ballad,
        stride, comp, charleston, quarters, clave_comp, pad, chorale, tremolo, synth_arp, stabs, low_pulse, broken_left,
    )
}  # fmt: skip
FREE = ("comp", "clave_comp", "ballad", "picking", "chorale")  # drawn anew for most bars


def ring(cell: Cell, feel: Feel) -> Cell:
    """Let every event last until the next different moment."""
    moments = sorted({event[0] for event in cell} | {feel.bar})
    return [(a, moments[moments.index(a) + 1] - a, c, d) for a, _, c, d in cell]
