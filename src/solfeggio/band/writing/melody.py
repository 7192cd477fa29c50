"""The singer or soloist: motifs that come back varied, chord tones on strong beats, phrases that arch and breathe."""

from __future__ import annotations

import numpy as np

from solfeggio.band.chance import pick, weigh
from solfeggio.band.song import Part
from solfeggio.band.writing.chart import Chart
from solfeggio.band.writing.drums import tidy
from solfeggio.band.writing.feel import Feel
from solfeggio.band.writing.harmony import local_scale
from solfeggio.harte import pitch_classes

Motif = list[tuple[float, float, int]]  # offset, length in quarters, scale steps from the motif's first note
ARCS = {"arch": (0, 2, 3, 1), "fall": (4, 2, 1, 0), "rise": (0, 1, 2, 4), "wave": (1, 3, 0, 2), "plain": (0, 0, 1, 0)}
SHAPES = {"aabc": 3.0, "abac": 3.0, "aaab": 2.0, "abab": 2.0, "aab-": 2.0, "ab-a": 1.0, "a-a-": 1.0, "abcd": 1.0}
RESTS = (("intro", "break", "outro"), ("intro", "break", "outro", "solo", "instrumental"))  # where leads, singers rest
SUNG = ((57, 76), (45, 64))  # A3 to E5, and an octave lower


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
            2: 0.3 + 0.75 * density,
            1: 0.08 + density * 0.9,
            0: max(0, density - 0.35) * 0.75,
        }
        if rng.random() < chance[weight]:
            if weight in (2, 3) and rng.random() < syncopation and offset >= 0.5:
                offset -= 0.5
            if not offsets or offset > offsets[-1]:
                offsets.append(offset)
    if syncopation <= 0.05:  # a note between beats leads on to the next one
        led = {(int(x / feel.beat + 1e-6) + 1) * feel.beat for x in offsets if x % feel.beat > 1e-6}
        offsets = sorted({*offsets, *(x for x in led if x < feel.bar)})
    offsets = offsets or [0.0]
    motif, step = [], 0
    direction = pick(rng, (-1, 1))
    for offset, following in zip(offsets, [*offsets[1:], feel.bar], strict=True):
        motif.append((offset, following - offset, step))
        if rng.random() < 0.35 or abs(step) > 4:
            direction = -direction if abs(step) <= 4 else -int(np.sign(step))
        step += direction * (pick(rng, (2, 2, 3, 4)) if rng.random() < leaps else pick(rng, (0, 1, 1, 1)))
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
    sings: bool = False,
    consonance: float = 0.35,
) -> Part:
    """Write a melody over a chart: one voice within an octave or so of MIDI ``centre``, from bar 0 on.

    density: 0 long notes to 1 running. syncopation: chance that a beat is anticipated. rests: how often a phrase
    breathes. consonance: chance that a note on a beat must belong to the chord, 0.3 jazz to 0.9 hymns. sings: stay
    within a voice (A3 to E5, or an octave lower), leap little, breathe every four bars. Material that returns brings
    its tune back, a little varied; four bars ask, the next four answer and come home.
    """
    low, high = (centre - 13, centre + 13) if not sings else SUNG[0] if centre >= 60 else SUNG[1]
    middle = (low + high) // 2 if sings else centre
    widest = 7 if sings else 12
    themes: dict[str, list[Motif | None]] = {}
    arcs: dict[str, tuple[int, ...]] = {}
    notes: list[tuple[float, float, float, float]] = []
    last: int | None = None
    worded = any(function in ("verse", "chorus") for function, _, _ in chart.sections)
    for function, first, length in chart.sections:
        letter = chart.letter_at(first) + (" solo" if function == "solo" else "")
        returns = letter in themes
        if not returns:
            dense = float(np.clip(density * (0.6 + 0.7 * rng.random()) + 0.2 * (function == "solo"), 0.02, 1))
            themes[letter] = _theme(rng, feel, dense, syncopation, 0.12 if sings else 0.25)
            arcs[letter] = ARCS[weigh(rng, {"arch": 4, "fall": 2, "rise": 1, "wave": 2, "plain": 2})]
        theme, arc = themes[letter], arcs[letter]
        if worded and function in RESTS[sings] and rng.random() < 0.65:
            continue
        for bar in range(first, first + length):
            phrase = bar - first
            motif = theme[phrase % 8]
            if motif is None:
                continue
            if rng.random() < (0.5 if function == "solo" else 0.25 if returns or phrase >= 8 else 0.0):
                motif = vary_motif(rng, motif)
            ends = phrase % 4 == 3 or phrase == length - 1
            breathes = ends and (sings or rng.random() < rests + 0.3)
            home = ends and (phrase % 8 == 7 or phrase == length - 1)
            loud = 66 + 34 * float(energy[bar])
            start = middle + 2 * arc[phrase % 4] - 3
            line = [event for i, event in enumerate(motif) if not (breathes and i and event[0] > feel.bar * 0.6)]
            for i, (offset, span, step) in enumerate(line):
                closing = i == len(line) - 1
                strong = feel.strength(offset) >= 2 or span >= 1 or closing
                must = consonance + 0.5 * closing + 0.25 * (feel.strength(offset) == 4) + 0.2 * (span >= 2)
                label = next(label for x, label in reversed(chart.chords[bar]) if x <= offset + 1e-6)
                tonic = pitch_classes(chart.key_at(bar).split(":")[0])[0] if home and closing else -1
                key = chart.key_at(bar)
                pitch = _choose(rng, key, label, start, step, strong, last, (low, high), widest, tonic, must)
                held = span * (0.55 if rng.random() < 0.15 else 0.95)
                if breathes and closing:
                    held = min(feel.bar - offset - 0.3, max(held, 0.5) + 0.5)
                at = bar * feel.bar + offset
                accent = 4 * feel.strength(offset) + 8 * (rng.random() - 0.5)
                notes.append((at, at + max(held, 0.1), pitch, loud + accent))
                last = pitch
            if ends and not sings and rng.random() < 0.3:
                notes += _pick_up(rng, chart, feel, bar, last, (low, high), loud - 4)
    return Part(name, program, one_voice(tidy(notes)))


def _theme(
    rng: np.random.Generator, feel: Feel, density: float, syncopation: float, leaps: float
) -> list[Motif | None]:
    """Eight bars: four that ask, four that answer with the same beginning."""
    first, second = (write_motif(rng, feel, density, syncopation, leaps) for _ in range(2))
    bank: dict[str, Motif | None] = {
        "a": first, "b": second, "c": vary_motif(rng, first), "d": vary_motif(rng, second), "-": None,
    }  # fmt: skip
    shape = weigh(rng, SHAPES)
    answer = shape[:2] + pick(rng, (shape[2:], "cd", "bd", "dc")) if rng.random() < 0.8 else weigh(rng, SHAPES)
    return [bank[letter] for letter in shape + answer]


def _choose(
    rng: np.random.Generator,
    key: str,
    label: str,
    start: int,
    step: int,
    strong: bool,
    last: int | None,
    limits: tuple[int, int],
    widest: int,
    tonic: int,
    must: float,
) -> int:
    """Choose a pitch: ``step`` scale steps from ``start``; a chord tone where it counts, other tones by step.

    must: how likely a strong note has to be a chord tone. Notes are repeated where the line stands still, seldom else.
    """
    tones = pitch_classes(label)
    scale = local_scale(key, label)
    ladder = [p for p in range(limits[0], limits[1] + 1) if p % 12 in scale]
    root = min(range(len(ladder)), key=lambda i: abs(ladder[i] - start))
    wanted = ladder[int(np.clip(root + step, 0, len(ladder) - 1))]
    stable = [p for p in ladder if p % 12 in tones] or ladder
    if tonic in tones and tonic >= 0:
        stable = [p for p in ladder if p % 12 == tonic] or stable
        strong = True
    near = [p for p in ladder if last is None or abs(p - last) <= widest]
    if strong and (rng.random() < must or last is None or abs(wanted - last) > 4):
        near = [p for p in stable if last is None or abs(p - last) <= max(widest, 8)] or stable
    elif last is not None and abs(wanted - last) > 2 and wanted not in stable:  # nobody leaps to a passing tone
        near = [p for p in ladder if abs(p - last) <= 2 or (p in stable and abs(p - last) <= widest)]
    still = (2.5 if must < 0.4 else 1.5) if wanted != last else 0.0
    return min(near or ladder, key=lambda p: (abs(p - wanted) + still * (p == last), p))


def _pick_up(
    rng: np.random.Generator,
    chart: Chart,
    feel: Feel,
    bar: int,
    last: int | None,
    limits: tuple[int, int],
    loud: float,
) -> list[tuple[float, float, float, float]]:
    """A few scale steps up or down that lead into the next phrase."""
    count = pick(rng, (1, 2, 2, 3))
    gap = 0.5 if feel.beat != 1 or rng.random() < 0.8 else 0.25
    scale = local_scale(chart.key_at(bar), chart.chords[bar][-1][1])
    ladder = [p for p in range(limits[0], limits[1] + 1) if p % 12 in scale]
    place = min(range(len(ladder)), key=lambda i: abs(ladder[i] - (last or ladder[len(ladder) // 2])))
    way = pick(rng, (1, -1))
    out = []
    for i in range(count):
        start = (bar + 1) * feel.bar - (count - i) * gap
        pitch = ladder[int(np.clip(place + way * (i + 1), 0, len(ladder) - 1))]
        out.append((start, start + gap * 0.9, float(pitch), loud))
    return out


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
