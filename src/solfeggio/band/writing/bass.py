"""The bass player: cells of roots, fifths, octaves and approaches that follow the chart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from solfeggio.band.chance import pick
from solfeggio.band.writing.chart import Chart
from solfeggio.band.writing.drums import tidy
from solfeggio.band.writing.feel import Feel
from solfeggio.band.writing.harmony import local_scale
from solfeggio.errors import unknown
from solfeggio.harte import bass, parse_pitch, pitch_classes, read

LOW, HIGH = 28, 52
QUIET = ("intro", "outro", "break")  # sections with a line of their own
Cell = list[
    tuple[float, float, str]
]  # offset, length in quarters, tone: R 5 8 3 7 root fifth ..., m minor third, a approach, w walk, t tonic


def roots(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Long roots on the downbeat, sometimes again on the accents."""
    spots = [0.0] if rng.random() < 0.6 else list(feel.accents)
    return [(x, end - x, "R") for x, end in zip(spots, [*spots[1:], feel.bar], strict=True)]


def root_fifth(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Root on the downbeat, fifth on the other accents, perhaps an approach at the end."""
    spots = list(feel.accents)
    if len(spots) > 2 and rng.random() < 0.5:
        spots = [spots[0], spots[-1]] if rng.random() < 0.5 and feel.bar != 3 else [spots[0]]
    length = pick(rng, (0.45, 0.8, 0.95))
    cell = [(x, length * feel.beat, "R" if i % 2 == 0 else pick(rng, ("5", "5", "8"))) for i, x in enumerate(spots)]
    if rng.random() < 0.3:
        cell.append((feel.bar - feel.beat, feel.beat * length, "a"))
    return cell


def drive(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Even eighths (or sixteenths when busy) on the root."""
    step = 0.25 if energy > 0.8 and rng.random() < 0.2 and not feel.compound else 0.5
    gate = 0.6 + 0.4 * rng.random()
    holes = 0.0 if rng.random() < 0.6 else 0.25
    cell = [(0.0, step * gate, "R")]
    for i in range(1, round(feel.bar / step)):
        if rng.random() >= holes:
            cell.append((i * step, step * gate, pick(rng, "RRRRRRRR58")))
    if rng.random() < 0.35:
        cell[-1] = (*cell[-1][:2], "a")
    return cell


def walking(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """A note a beat, by steps and chord tones towards the next root; now and then a skipped eighth."""
    unit = feel.beat if feel.beat > 0.5 else 0.5
    cell = [(i * unit, unit * 0.95, "R" if i == 0 else "w") for i in range(round(feel.bar / unit))]
    cell[-1] = (*cell[-1][:2], "a")
    if rng.random() < 0.3:
        spot = int(rng.random() * len(cell)) * unit + unit * (2 / 3 if feel.compound else 0.5)
        cell.append((spot, 0.3, pick(rng, "R58")))
    return sorted(cell)


def two_feel(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Half notes, root and fifth, as a bassist plays behind a jazz theme or a waltz."""
    if feel.bar == 3:
        return [(0.0, 2.8, "R")] if rng.random() < 0.6 else [(0.0, 1.9, "R"), (2.0, 0.9, "5")]
    half = feel.accents[len(feel.accents) // 2]
    return [(0.0, half * 0.95, "R"), (half, (feel.bar - half) * 0.95, pick(rng, "5553a"))]


def funk(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Syncopated sixteenths: the one is strong, the rest is drawn and then kept."""
    steps = round(feel.bar * 4)
    density = 0.18 + 0.3 * energy * rng.random()
    cell = [(0.0, pick(rng, (0.2, 0.4, 0.7)), "R")] if rng.random() < 0.95 else []
    for i in range(2, steps):
        weight = 0.6 if i % 4 == 0 else 1.1 if i % 2 == 0 else 1.0
        if rng.random() < density * weight:
            cell.append((i * 0.25, pick(rng, (0.15, 0.22, 0.4)), pick(rng, "RRR8857")))
    return cell


def syncopated(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Eighth-note rock or pop line: one on the downbeat, pushes around the middle accent."""
    cell = [(0.0, pick(rng, (0.45, 0.9, 1.4)), "R")]
    for i in range(2, round(feel.bar * 2)):
        if rng.random() < (0.5 if i % 2 else 0.4) * (0.4 + 0.8 * energy):
            cell.append(
                (i * 0.5, pick(rng, (0.3, 0.45)), pick(rng, "RRRR5583a" if i * 0.5 >= feel.bar - 1 else "RRRR558"))
            )
    return cell


def reggae(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """A melodic riff whose bar is plain: the root on or just after the one, a run in its first half, then room."""
    step = 0.5 if rng.random() < 0.6 else 0.25
    first = pick(rng, (0.0, 0.0, 0.0, step))
    cell: Cell = [(first, pick(rng, (step, 2 * step, 1.4)), "R")]
    busy = feel.bar * pick(rng, (0.5, 0.6, 0.75))
    for i in range(2, round(feel.bar / step)):
        if rng.random() < (0.6 if step == 0.5 else 0.4) * (1.0 if i * step < busy else 0.15):
            cell.append((i * step, step * pick(rng, (0.8, 1.2)), pick(rng, "RR3558")))
    if rng.random() < 0.5:  # an upbeat into the one
        cell = [event for event in cell if event[0] < feel.bar - 0.6]
        cell += [(feel.bar - 0.5, 0.4, pick(rng, "5a"))]
    return cell


def riff(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """A rock riff on the minor pentatonic: the root speaks first, then off-beat answers, a bar that returns."""
    step = 0.5 if rng.random() < 0.6 or feel.compound else 0.25
    cell: Cell = [(0.0, pick(rng, (0.4, 0.9)), "R")]
    for i in range(1, round(feel.bar / step)):
        off = abs(i * step - round(i * step)) > 1e-6
        if rng.random() < (0.5 if off else 0.35):
            cell.append((i * step, step * pick(rng, (0.7, 0.95)), pick(rng, "RRm4578m")))
    return cell


def pedal(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """The tonic held or repeated under moving chords."""
    if rng.random() < 0.5:
        return [(0.0, feel.bar * 0.98, "t")]
    return [(i * 0.5, 0.4, "t") for i in range(round(feel.bar * 2))]


def octaves(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Disco: root below, octave above, in eighths or as sixteenth pairs."""
    if rng.random() < 0.7:
        return [(i * 0.5, 0.35, "R" if i % 2 == 0 else "8") for i in range(round(feel.bar * 2))]
    return [(i + x, 0.22, tone) for i in range(int(feel.bar)) for x, tone in ((0.0, "R"), (0.5, "8"), (0.75, "8"))]


def offbeat(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """House and trance: the root between the kicks, in eighths or rolling sixteenths."""
    spots = pick(rng, ((0.5,), (0.5,), (0.25, 0.5, 0.75), (0.5, 0.75)))
    return [(i + x, 0.22 if len(spots) > 1 else 0.4, "R") for i in range(int(feel.bar)) for x in spots]


def tumbao(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Latin: root, then the and of two and the fourth beat; bossa: dotted root and fifth."""
    if rng.random() < 0.4:
        return [(0.0, 0.9, "R"), (1.5, 1.3, "5"), (3.0, 0.9, "8")]
    if rng.random() < 0.6:
        return [(0.0, 1.4, "R"), (1.5, 0.45, "5"), (2.0, 1.4, "5"), (3.5, 0.45, "R")]
    return [(0.0, 1.4, "R"), (1.5, 1.4, "5"), (3.0, 0.9, "a")]


def boogie(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Blues: up and down the chord, a tone a beat or two eighths a beat."""
    tones = pick(rng, ("R356", "R35678", "R8R8", "R565", "R3567653"))
    unit = feel.beat
    if len(tones) > feel.beats or rng.random() < 0.4:
        unit = feel.beat / 2 if not feel.compound else 0.5
    return [(i * unit, unit * 0.85, tones[i % len(tones)]) for i in range(round(feel.bar / unit))]


def long_808(rng: np.random.Generator, feel: Feel, energy: float) -> Cell:
    """Hip-hop: long low notes on few places."""
    cell = [(0.0, pick(rng, (1.4, 2.0, 2.9)), "R")]
    for spot in (1.5, 1.75, 2.5, 2.75, 3.0, 3.5):
        if rng.random() < 0.25 and spot < feel.bar:
            cell.append((spot, pick(rng, (0.4, 0.9)), pick(rng, "RRR85")))
    return cell


STYLES: dict[str, Callable[[np.random.Generator, Feel, float], Cell]] = {
    style.__name__: style
    for style in (
        roots, root_fifth, drive, walking, two_feel, funk, syncopated, reggae, pedal, octaves, offbeat, tumbao, boogie,
        long_808, riff,
    )
}  # fmt: skip


def write_bass(
    rng: np.random.Generator,
    chart: Chart,
    feel: Feel,
    energy: np.ndarray,
    styles: tuple[str, ...] = ("syncopated",),
    kicks: np.ndarray | None = None,
) -> np.ndarray:
    """Write a bass line for a chart: (n, 4) notes, MIDI 28 to 52, from bar 0 on.

    styles: keys of STYLES, or "kick" to play roots with the bass drum at ``kicks`` (quarters); a section draws one.
    """
    for style in styles:
        if style != "kick" and style not in STYLES:
            raise unknown("bass style", style, [*STYLES, "kick"])
    cells: dict[str, tuple[list[Cell], str]] = {}
    notes: list[tuple[float, float, float, float]] = []
    previous = 36 + int(rng.integers(-3, 4))
    for name, first, length in chart.sections:
        name = chart.letter_at(first) + ("!" if name in QUIET else "")
        if name not in cells:
            style = pick(rng, styles)
            made = [STYLES[style](rng, feel, float(energy[first])) for _ in range(2)] if style != "kick" else []
            cells[name] = made, style
        made, style = cells[name]
        every = pick(rng, (1, 2, 4, 4, 99))
        for bar in range(first, first + length):
            start = bar * feel.bar
            if style == "kick":
                inside = (
                    kicks[(kicks >= start - 1e-6) & (kicks < start + feel.bar - 1e-6)] - start
                    if kicks is not None
                    else ()
                )
                ends = [*inside[1:], feel.bar] if len(inside) else []
                cell = [(float(a), min(0.9, float(b - a) * 0.9), "R") for a, b in zip(inside, ends, strict=True)]
            elif style == "walking":
                cell = walking(rng, feel, float(energy[bar]))
            else:
                cell = made[1] if bar % every == every - 1 else made[0]
            loud = 70 + 35 * float(energy[bar])
            tonic = parse_pitch(chart.key_at(bar).split(":")[0])
            previous = _play_bar(rng, chart, feel, bar, cell, tonic, previous, loud, notes)
    return tidy(notes)


def _play_bar(
    rng: np.random.Generator,
    chart: Chart,
    feel: Feel,
    bar: int,
    cell: Cell,
    tonic: int,
    previous: int,
    loud: float,
    notes: list[tuple[float, float, float, float]],
) -> int:
    """Turn one cell into notes over the bar's chords; a chord that enters away from any note gets its root."""
    chords = chart.chords[bar]
    after = chart.chords[bar + 1][0][1] if bar + 1 < chart.bars else chords[0][1]
    spots = {round(offset, 4) for offset, _, _ in cell}
    cell = sorted([*cell, *((x, 0.9, "R") for x, _ in chords[1:] if round(x, 4) not in spots)])
    for i, (offset, length, tone) in enumerate(cell):
        if offset >= feel.bar - 1e-6:
            continue
        label = next(name for x, name in reversed(chords) if x <= offset + 1e-6)
        if label == "N":
            continue
        changes = any(abs(x - offset) < 1e-6 for x, _ in chords)
        target = next((name for x, name in chords if x > offset + 1e-6), after)
        low = tonic if tone == "t" else bass(label)
        base = _near(low, previous)
        if tone in "8" and not changes:
            base += 12 if base + 12 <= HIGH else -12
        elif tone in "53674m" and not changes:
            base = _near((low + _interval(label, tone)) % 12, base + 3)
        elif tone == "a" and not changes and target != "N":
            base = _approach(rng, chart.key_at(bar), target, previous)
        elif tone == "w" and not changes:
            base = _walk(rng, chart.key_at(bar), label, target, previous, feel.strength(offset) >= 3)
        base = base if LOW <= base <= HIGH else _near(base % 12, 38)
        following = cell[i + 1][0] if i + 1 < len(cell) else feel.bar
        end = min(offset + length, max(following, offset + 0.1))
        accent = 6 if feel.strength(offset) >= 3 else 0
        notes.append((bar * feel.bar + offset, bar * feel.bar + end, base, loud + accent + 10 * (rng.random() - 0.5)))
        if tone in ("R", "w", "a", "t"):
            previous = base
    return previous


def _approach(rng: np.random.Generator, key: str, target: str, previous: int) -> int:
    """The note before the next root: a half step away, a scale step, or its fifth."""
    goal = _near(bass(target), previous)
    inside = [goal + step for step in (-2, -1, 1, 2) if (goal + step) % 12 in local_scale(key, target)]
    return pick(rng, (goal - 1, goal + 1, *inside, goal + (7 if goal < 40 else -5)))


def _walk(rng: np.random.Generator, key: str, label: str, target: str, previous: int, strong: bool) -> int:
    """One step of a walking line: chord tones where it counts, scale steps between, heading for the next root."""
    goal = _near(bass(target), previous) if target != "N" else previous
    allowed = pitch_classes(label) if strong or rng.random() < 0.4 else local_scale(key, label)
    reach = 5 if strong else 3
    choices = [p for p in range(previous - reach, previous + reach + 1)
               if p != previous and LOW <= p <= HIGH and p % 12 in allowed]  # fmt: skip
    if not choices:
        return previous
    onward = [p for p in choices if (p - previous) * (goal - previous) > 0]
    return pick(rng, onward if onward and rng.random() < 0.65 else choices)


def _near(pitch_class: int, centre: int) -> int:
    """The pitch of this class nearest to ``centre`` within the bass register, leaning towards the low middle."""
    return min(
        (p for p in range(LOW, HIGH + 1) if p % 12 == pitch_class), key=lambda p: abs(p - centre) + 0.4 * abs(p - 37)
    )


def _interval(label: str, tone: str) -> int:
    intervals = read(label)[1]
    minor = 3 in intervals
    if tone == "5":
        return 6 if 6 in intervals else 8 if 8 in intervals else 7
    third = 3 if minor else 4 if 4 in intervals else 5 if 5 in intervals else 12
    sixth = 8 if minor and 10 in intervals else 9
    return {"3": third, "6": sixth, "7": 11 if 11 in intervals else 10, "4": 5, "m": 3}[tone]
