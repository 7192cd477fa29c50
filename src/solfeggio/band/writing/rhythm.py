"""The chord players: each section draws a texture, and every bar plays it on its chords."""

from __future__ import annotations

import numpy as np

from solfeggio.band.chance import pick
from solfeggio.band.writing.chart import Chart
from solfeggio.band.writing.drums import tidy
from solfeggio.band.writing.feel import Feel
from solfeggio.band.writing.harmony import voicing
from solfeggio.band.writing.textures import FREE, TEXTURES, Cell
from solfeggio.errors import unknown
from solfeggio.harte import bass, read, root


def write_chords(
    rng: np.random.Generator,
    chart: Chart,
    feel: Feel,
    energy: np.ndarray,
    textures: tuple[str, ...] = ("strum",),
    near: int = 58,
    voices: int = 4,
    low: int = 40,
) -> np.ndarray:
    """Write a chord part: (n, 4) notes from bar 0 on; a section draws one of ``textures``.

    near: MIDI centre of the voicings. low: lowest bass note it may play.
    """
    for texture in textures:
        if texture not in TEXTURES:
            raise unknown("texture", texture, TEXTURES)
    notes: list[tuple[float, float, float, float]] = []
    drawn: dict[str, tuple[str, Cell, Cell, int]] = {}
    previous: tuple[int, ...] = ()
    for function, first, length in chart.sections:
        name = chart.letter_at(first) + (function if function in ("intro", "outro", "break") else "")
        if name not in drawn:
            texture = pick(rng, textures)
            made = [TEXTURES[texture](rng, feel, float(energy[first])) for _ in range(2)]
            drawn[name] = texture, made[0], made[1], pick(rng, (2, 4, 4, 8, 99, 99))
        texture, main, other, every = drawn[name]
        for bar in range(first, first + length):
            cell = other if bar % every == every - 1 else main
            if texture in FREE and rng.random() < 0.6:
                cell = TEXTURES[texture](rng, feel, float(energy[bar]))
            chords = chart.chords[bar]
            voiced = []
            for _, label in chords:
                shape = voicing(label, near, voices, previous)
                previous = shape or previous
                voiced.append(shape)
            loud = 56 + 44 * float(energy[bar])
            events = with_changes(cell, chords)
            for offset, span, action, weight in events:
                place = max(i for i, (x, _) in enumerate(chords) if x <= offset + 1e-6)
                if not voiced[place] or offset >= feel.bar - 1e-6:
                    continue
                limit = chords[place + 1][0] if place + 1 < len(chords) else feel.bar
                start = bar * feel.bar + offset
                end = min(bar * feel.bar + offset + span, bar * feel.bar + max(limit, offset + 0.1))
                _act(
                    rng,
                    action,
                    chords[place][1],
                    voiced[place],
                    start,
                    max(end, start + 0.05),
                    loud * weight,
                    low,
                    notes,
                )
    return tidy(notes)


def with_changes(cell: Cell, chords: tuple[tuple[float, str], ...]) -> Cell:
    """Give a chord that enters inside a long event an event of its own."""
    extra = []
    for change, _ in chords[1:]:
        if any(abs(event[0] - change) < 1e-6 for event in cell):
            continue
        held = [event for event in cell if event[0] < change < event[0] + event[1] - 1e-6]
        extra += [(change, offset + span - change, action, weight) for offset, span, action, weight in held]
    return [*cell, *extra] if extra else cell


def _act(
    rng: np.random.Generator,
    action: str,
    label: str,
    shape: tuple[int, ...],
    start: float,
    end: float,
    loud: float,
    low: int,
    notes: list[tuple[float, float, float, float]],
) -> None:
    """Add the notes of one event; strums are spread by a few hundredths of a quarter."""
    jitter = 8 * (rng.random() - 0.5)
    if action in "DU":
        strings = shape if action == "D" else shape[::-1][:3]
        notes.extend((start + i * 0.018, end, p, loud * (1 - 0.04 * i) + jitter) for i, p in enumerate(strings))
    elif action in "CH":
        notes.extend(
            (start, end, p, loud + jitter + 3 * (rng.random() - 0.5)) for p in (shape if action == "C" else shape[1:])
        )
    elif action[0] in "PM":
        base = low + (root(label) - low) % 12 + int(action[1:] or 0)
        stop = end if action[0] == "P" else min(end, start + 0.22)
        above = next(step for step in (7, 6, 8) if step in read(label)[1])
        notes.append((start, stop, base, loud + jitter))
        if action[0] == "P" or rng.random() < 0.5:
            notes.append((start, stop, base + above, loud * 0.95 + jitter))
        if action[0] == "P":
            notes.append((start, stop, base + 12, loud * 0.9 + jitter))
    elif action[0] == "S":  # one low note of a riff
        base = low + (root(label) - low) % 12 + int(action[1:])
        notes.append((start, end, base, loud + jitter))
    elif action in "BFO":
        base = low + (bass(label) - low) % 12
        if action == "F":
            fifth = (root(label) + next(step for step in (7, 6, 8) if step in read(label)[1])) % 12
            base = low - 3 + (fifth - low + 3) % 12
        notes.append((start, end, base + 12 * (action == "O"), loud + jitter))
    else:
        tone = int(action)
        notes.append((start, end, shape[tone % len(shape)] + 12 * (tone // len(shape)), loud + jitter))
