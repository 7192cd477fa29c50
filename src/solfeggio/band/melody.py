"""The singer or soloist: motifs that come back varied, chord tones on strong beats, phrases that breathe."""

from __future__ import annotations

import numpy as np

from solfeggio.band.chance import pick, weigh
from solfeggio.band.drums import tidy
from solfeggio.band.feel import Feel
from solfeggio.band.form import Chart
from solfeggio.band.harmony import pitch_classes, scale
from solfeggio.band.song import Part

Motif = list[tuple[float, float, int]]  # offset, length in quarters, scale steps from the motif's first note


def write_motif(
    rng: np.random.Generator, feel: Feel, density: float, syncopation: float = 0.2, leaps: float = 0.25
) -> Motif:
    """Draw one bar of rhythm and contour; ``density`` 0 (one long note) to 1 (running eighths or sixteenths)."""
    fine = 0.5 if feel.compound or feel.beat == 0.5 else 0.25
    offsets: list[float] = []
    for i in range(round(feel.bar / fine)):
        offset = i * fine
        weight = feel.strength(offset)
        chance = {
            4: 0.8,
            3: 0.5 + 0.5 * density,
            2: 0.2 + 0.9 * density,
            1: density * 0.85,
            0: max(0, density - 0.45) * 0.7,
        }
        if rng.random() < chance[weight]:
            if weight in (2, 3) and rng.random() < syncopation and offset >= 0.5:
                offset -= 0.5
            if not offsets or offset > offsets[-1]:
                offsets.append(offset)
    offsets = offsets or [0.0]
    motif, step = [], 0
    direction = pick(rng, (-1, 1))
    for offset, following in zip(offsets, [*offsets[1:], feel.bar], strict=True):
        motif.append((offset, following - offset, step))
        if rng.random() < 0.35:
            direction = -direction
        step += direction * (pick(rng, (2, 3, 4)) if rng.random() < leaps else pick(rng, (0, 1, 1, 1)))
    return motif


def vary_motif(rng: np.random.Generator, motif: Motif) -> Motif:
    """Return the motif with its end, its rhythm or its contour changed."""
    way = pick(rng, ("end", "invert", "drop", "split", "same", "shift"))
    if way == "end":
        return [*motif[:-1], (*motif[-1][:2], motif[-1][2] + pick(rng, (-2, -1, 1, 2)))]
    if way == "invert":
        return [(a, b, -c) for a, b, c in motif]
    if way == "drop" and len(motif) > 2:
        gone = 1 + int(rng.random() * (len(motif) - 1))
        return motif[:gone] + motif[gone + 1 :]
    if way == "split":
        place = max(range(len(motif)), key=lambda i: motif[i][1])
        a, b, c = motif[place]
        if b >= 1:
            return [*motif[:place], (a, b / 2, c), (a + b / 2, b / 2, c + pick(rng, (-1, 0, 1))), *motif[place + 1 :]]
    if way == "shift":
        return [(a, b, c + 1) for a, b, c in motif]
    return motif


def write_melody(
    rng: np.random.Generator,
    chart: Chart,
    feel: Feel,
    energy: np.ndarray,
    program: int = 73,
    centre: int = 70,
    density: float = 0.45,
    syncopation: float = 0.2,
    rests: float = 0.25,
    name: str = "melody",
) -> Part:
    """Write a melody over a chart: one voice within an octave or so of MIDI ``centre``, from bar 0 on.

    density: 0 long notes to 1 running. syncopation: chance that a beat is anticipated. rests: how often a phrase
    breathes.
    """
    tones = scale(chart.key)
    ladder = [p for p in range(centre - 13, centre + 14) if p % 12 in tones]
    themes: dict[str, list[Motif | None]] = {}
    notes: list[tuple[float, float, float, float]] = []
    level = len(ladder) // 2
    for section, first, length in chart.sections:
        if section not in themes:
            dense = float(np.clip(density * (0.6 + 0.7 * rng.random()), 0.02, 1))
            first_motif, second = (write_motif(rng, feel, dense, syncopation) for _ in range(2))
            shape = weigh(rng, {"aabc": 3, "abac": 3, "aaab": 2, "abab": 2, "aab-": 2, "ab-a": 1, "a-a-": 1, "abcd": 1})
            bank = {
                "a": first_motif,
                "b": second,
                "c": vary_motif(rng, first_motif),
                "d": vary_motif(rng, second),
                "-": None,
            }
            themes[section] = [bank[letter] for letter in shape]
        theme = themes[section]
        for bar in range(first, first + length):
            phrase = bar - first
            motif = theme[phrase % 4]
            if motif is None:
                continue
            if phrase >= 4 and rng.random() < 0.3:
                motif = vary_motif(rng, motif)
            breathes = phrase % 4 == 3 and rng.random() < rests + 0.3
            arc = (0, 1, 2, 0)[phrase % 4]
            level = int(np.clip(level + pick(rng, (-1, 0, 0, 1)), len(ladder) // 2 - 3, len(ladder) // 2 + 2))
            for i, (offset, span, step) in enumerate(motif):
                if breathes and i and offset > feel.bar / 2:
                    break
                place = int(np.clip(level + arc + step, 0, len(ladder) - 1))
                pitch = ladder[place]
                label = next(label for x, label in reversed(chart.chords[bar]) if x <= offset + 1e-6)
                if (feel.strength(offset) >= 2 and rng.random() < 0.9) or i == len(motif) - 1 or span >= 1:
                    pitch = _to_chord(pitch, label)
                held = span * (0.55 if rng.random() < 0.15 else 0.95)
                if breathes and (i == len(motif) - 1 or motif[i + 1][0] > feel.bar / 2):
                    held = min(feel.bar - offset, held + 0.5) * 0.8
                loud = 66 + 34 * float(energy[bar]) + 4 * feel.strength(offset) + 8 * (rng.random() - 0.5)
                start = bar * feel.bar + offset
                notes.append((start, start + max(held, 0.1), pitch, loud))
            if breathes and rng.random() < 0.45:  # a pick-up into the next phrase
                count = pick(rng, (1, 2, 2, 3))
                gap = 0.5 if feel.beat != 1 or rng.random() < 0.8 else 0.25
                for i in range(count):
                    start = (bar + 1) * feel.bar - (count - i) * gap
                    pitch = ladder[int(np.clip(level - count + i, 0, len(ladder) - 1))]
                    notes.append((start, start + gap * 0.9, pitch, 62 + 34 * float(energy[bar])))
    return Part(name, program, one_voice(tidy(notes)))


def one_voice(notes: np.ndarray) -> np.ndarray:
    """Cut each note where the next begins; simultaneous notes keep the loudest. (n, 4) sorted by start."""
    if len(notes) < 2:
        return notes
    order = np.lexsort((-notes[:, 3], notes[:, 0]))
    notes = notes[order]
    keep = np.concatenate([[True], np.diff(notes[:, 0]) > 0.05])
    notes = notes[keep]
    notes[:-1, 1] = np.minimum(notes[:-1, 1], notes[1:, 0])
    return notes


def _to_chord(pitch: int, label: str) -> int:
    tones = pitch_classes(label)
    if not tones:
        return pitch
    near = [pitch + shift for shift in (0, -1, 1, -2, 2, -3, 3, -4, 4, -5, 5) if (pitch + shift) % 12 in tones]
    return near[0] if near else pitch
