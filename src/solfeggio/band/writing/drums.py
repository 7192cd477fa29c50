"""The drummer: grooves by style and metre, varied from section to section, with fills and crashes."""

from __future__ import annotations

import numpy as np

from solfeggio.band.chance import pick, shelf
from solfeggio.band.writing.chart import Chart
from solfeggio.band.writing.feel import Feel
from solfeggio.band.writing.grooves import (
    CHINA,
    CLOSED,
    CRASH,
    CRASH2,
    GROOVES,
    KICK,
    OPEN,
    PEDAL,
    RIDE,
    RIM,
    SNARE,
    TOMS,
    Groove,
)
from solfeggio.errors import unknown

LEVELS = {"X": (112, 1.0), "x": (93, 0.985), "o": (66, 0.94), "g": (38, 0.65), "?": (80, 0.5)}
Hit = tuple[float, int, int, float]  # offset in quarters, key, velocity, probability


def write_drums(
    rng: np.random.Generator,
    chart: Chart,
    feel: Feel,
    energy: np.ndarray,
    styles: tuple[str, ...] = ("rock",),
    side: str = "train",
) -> np.ndarray:
    """Write drums for a chart: (n, 4) notes from bar 0 on.

    energy: (bars,) 0..1, how hard and busily. styles: keys of GROOVES; the first is the song's, others visit sections.
    """
    for style in styles:
        if style not in GROOVES:
            raise unknown("groove", style, GROOVES)
    notes: list[tuple[float, float, float, float]] = []
    patterns: dict[str, tuple[list[Hit], list[Hit], int]] = {}
    crashes = 0.35 + rng.random() * 0.65 if styles[0] not in ("swing", "brushes", "bossa", "onedrop") else 0.15
    filler = GROOVES[styles[0]].fills * (0.3 + 0.9 * rng.random())
    for name, first, length in chart.sections:
        returns = name in patterns
        if not returns:
            style = styles[0] if len(styles) == 1 or rng.random() < 0.6 else pick(rng, styles[1:])
            main = draw_bar(rng, feel, GROOVES[style], float(energy[first]), side)
            other = vary(rng, main, feel, GROOVES[style].busy + 0.1)
            patterns[name] = main, other, pick(rng, (1, 2, 2, 4, 4, 8))
        main, other, cycle = patterns[name]
        if returns and rng.random() < 0.3:
            main = vary(rng, main, feel, 0.3)
        for bar in range(first, first + length):
            hits = other if bar % cycle == cycle - 1 else main
            last = bar == first + length - 1
            level = float(energy[bar])
            fill_from = feel.bar
            if (last and rng.random() < filler) or ((bar - first) % 4 == 3 and rng.random() < filler * 0.25):
                fill_from = _fill_start(rng, feel, last)
            start = bar * feel.bar
            for offset, key, velocity, odds in hits:
                if offset < fill_from - 1e-6 and (odds > 0.999 or rng.random() < odds):
                    loud = velocity * (0.55 + 0.5 * level) + 12 * (rng.random() - 0.5)
                    notes.append((start + offset, start + offset + 0.2, key, loud))
            if fill_from < feel.bar:
                notes += _fill(rng, feel, start, fill_from, level)
            if bar == first and rng.random() < crashes * (0.3 + 0.7 * level):
                key = pick(rng, (CRASH, CRASH, CRASH2, CHINA if styles[0] == "metal" else CRASH))
                notes.append((start, start + 1.0, key, 70 + 45 * level))
    return tidy(notes)


def tidy(notes: list[tuple[float, float, float, float]]) -> np.ndarray:
    """Sort notes by start and pitch, drop doubles, keep velocities in 1..127: (n, 4)."""
    if not notes:
        return np.zeros((0, 4))
    array = np.array(notes, float)
    array[:, 3] = np.clip(np.round(array[:, 3]), 1, 127)
    array = array[np.lexsort((-array[:, 3], array[:, 2], array[:, 0]))]
    keep = np.ones(len(array), bool)
    keep[1:] = (np.diff(array[:, 0]) > 1e-6) | (np.diff(array[:, 2]) != 0)
    return array[keep]


def draw_bar(rng: np.random.Generator, feel: Feel, groove: Groove, energy: float, side: str = "train") -> list[Hit]:
    """Draw one bar of a groove: 4/4 and 2/2 from its lines, 2/4 from their halves, other metres from accent groups."""
    ladder = groove.top_keys
    top_key = ladder[min(len(ladder) - 1, int((energy * 0.8 + 0.3 * rng.random()) * len(ladder)))]
    snare = pick(rng, groove.snare)
    if feel.bar in (2.0, 4.0) and not feel.compound:
        lines = [(KICK, pick(rng, shelf(groove.kicks, side)), 1.0), (snare, pick(rng, shelf(groove.snares, side)), 1.0)]
        lines.append((top_key, pick(rng, shelf(groove.tops, side)), 1.0))
        lines += [(key, line, 1.0) for key, line, odds in groove.extras if rng.random() < odds]
        if energy < 0.35 and rng.random() < 0.5:
            lines.pop(int(rng.random() * 2))
        span = 4.0 if feel.beat <= 1.0 else 8.0  # in 2/2 a half note is what a quarter is elsewhere
        hits = [hit for key, line, _ in lines for hit in _hits(key, line, span) if hit[0] < feel.bar - 1e-6]
    else:
        hits = _grouped_bar(rng, feel, groove, snare, top_key)
    if rng.random() < groove.busy:
        hits = vary(rng, hits, feel, groove.busy)
    if top_key == CLOSED and rng.random() < 0.35 * energy:  # an open hat before a strong place
        offset = pick(rng, (feel.bar - 0.5, feel.bar / 2 - 0.5))
        hits = [hit for hit in hits if not (hit[1] == CLOSED and abs(hit[0] - offset) < 1e-6)]
        hits.append((offset, OPEN, 92, 0.85))
    if top_key in (RIDE, CRASH) and rng.random() < 0.3:
        hits += [(i * feel.beat, PEDAL, 60, 0.9) for i in range(1, feel.beats, 2)]
    return sorted(hits)


def vary(rng: np.random.Generator, hits: list[Hit], feel: Feel, amount: float) -> list[Hit]:
    """Change a bar a little: add kicks or ghosts on weak places, make some hits optional; the downbeat stays."""
    out = []
    for hit in hits:
        weak = hit[1] == KICK and hit[0] > 0 and hit[0] != feel.bar / 2
        out.append((hit[0], hit[1], hit[2], 0.6) if weak and rng.random() < amount * 0.5 else hit)
    taken = {(hit[0], hit[1]) for hit in hits}
    steps = int(feel.bar / 0.25)
    for _ in range(int(1 + 3 * amount * rng.random())):
        step = int(rng.random() * steps) * 0.25
        if rng.random() < 0.5 * amount:
            step = round(step * 2) / 2
        key, velocity = (KICK, 88) if rng.random() < 0.6 else (SNARE, 36)
        if (step, key) not in taken and (step, SNARE) not in taken and step < feel.bar:
            out.append((step, key, velocity, 0.4 + 0.6 * rng.random()))
            taken.add((step, key))
    return out


def count_in(rng: np.random.Generator, feel: Feel, start_quarters: float, beats: int) -> np.ndarray:
    """Stick or hi-hat clicks on ``beats`` beats from ``start_quarters``."""
    key = pick(rng, (RIM, CLOSED, PEDAL, RIM))
    times = [start_quarters + i * feel.beat for i in range(beats)]
    return tidy([(time, time + 0.2, key, 75 + 20 * rng.random()) for time in times])


def _hits(key: int, line: str, length: float) -> list[Hit]:
    step = length / len(line)
    return [(i * step, key, *LEVELS[mark]) for i, mark in enumerate(line) if mark != "."]


def _grouped_bar(rng: np.random.Generator, feel: Feel, groove: Groove, snare: int, top_key: int) -> list[Hit]:
    """A bar of any metre: kick on the first group, snares answering on later ones, a cymbal on beats or divisions."""
    accents = feel.accents
    hits: list[Hit] = [(0.0, KICK, 110, 0.98)]
    backbeat = pick(rng, ("odd", "odd", "last", "all", "middle"))
    if len(accents) == 4 and rng.random() < 0.9:  # 12/8: two and four, or once in the bar
        backbeat = pick(rng, ("odd", "odd", "odd", "half"))
    for i, offset in enumerate(accents[1:], 1):
        struck = {"odd": i % 2 == 1 or len(accents) == 3, "last": i == len(accents) - 1, "all": True, "middle": i == 1,
                  "half": i == 2}  # fmt: skip
        if struck[backbeat] or len(accents) == 2:
            hits.append((offset, snare, 104 if i % 2 else 92, 0.97))
        else:
            hits.append((offset, KICK, 94, 0.9))
    if len(accents) == 2 and not feel.compound:  # 5/4: more inside the long groups
        hits += [(x, snare, 96, 0.8) for x in (1.0, feel.bar - 1.0) if rng.random() < 0.4 and x not in accents]
    division = 0.5 if feel.compound or feel.beat == 0.5 else pick(rng, (0.5, 0.5, 1.0, 0.25 if feel.beat == 1 else 0.5))
    marks = pick(rng, ("strong", "flat", "beat"))
    for i in range(round(feel.bar / division)):
        offset = i * division
        weight = feel.strength(offset)
        velocity = {"strong": 62 + 9 * weight, "flat": 84, "beat": 96 if weight >= 2 else 64}[marks]
        if marks != "beat" or weight >= 2 or division >= 0.5:
            hits.append((offset, top_key, velocity, 0.97))
    for _ in range(int(3 * rng.random() * (0.5 + groove.busy))):
        offset = int(rng.random() * feel.bar * 2) * 0.5
        if all(abs(offset - hit[0]) > 1e-6 or hit[1] not in (KICK, snare) for hit in hits):
            hits.append((offset, KICK, 86, 0.5 + 0.5 * rng.random()))
    if groove.top_keys[0] == RIDE and rng.random() < 0.7:
        hits += [(x, PEDAL, 64, 0.9) for x in accents[1:]]
    return hits


def _fill_start(rng: np.random.Generator, feel: Feel, section_end: bool) -> float:
    beats = pick(rng, (1, 1, 2, 2, feel.beats)) if section_end else 1
    return max(0.0, feel.bar - beats * feel.beat)


def _fill(rng: np.random.Generator, feel: Feel, start: float, offset: float, energy: float) -> list[tuple]:
    """Snare and toms from ``offset`` to the bar's end: even divisions with gaps, going down the kit."""
    straight = feel.compound or feel.beat == 0.5
    step = pick(rng, (0.5, 0.25) if straight else (0.25, 0.25, 0.25, 0.5, 1 / 3, 1 / 6, 0.125)) * max(1, feel.beat // 2)
    density = 0.5 + 0.5 * rng.random()
    plan = pick(rng, ("toms", "snare", "mixed", "crescendo"))
    count = round((feel.bar - offset) / step)
    notes = []
    for i in range(count):
        if rng.random() > density and i:
            continue
        place = i / max(count, 1)
        key = SNARE
        if plan == "toms":
            key = TOMS[min(5, int(place * 6))]
        elif plan == "mixed":
            key = pick(rng, (SNARE, SNARE, KICK, *TOMS))
        velocity = (55 + 55 * place) if plan == "crescendo" else 78 + 24 * rng.random()
        at = start + offset + i * step
        notes.append((at, at + 0.2, key, velocity * (0.6 + 0.4 * energy)))
        if plan != "crescendo" and rng.random() < 0.2:
            notes.append((at, at + 0.2, KICK, 90 * (0.6 + 0.4 * energy)))
    return notes
