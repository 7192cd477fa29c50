"""Classical music note by note: chorales, keyboard pieces, inventions, music for one, for few and for many.

A style's ``families`` say which kinds of piece it draws from KINDS, its ``form`` is one of ``periods.FORMS``, its leads
carry melodies, its layers accompany in figures of ``themes.FIGURES``, its bass in manners of ``themes.BASSES``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from solfeggio.band.chance import pick
from solfeggio.band.classical.counterpoint import VOICES, decorate, lead
from solfeggio.band.classical.draft import Bar, Draft, Note, finish, phrases, slices, touch
from solfeggio.band.classical.ensemble import ensemble
from solfeggio.band.classical.periods import plan
from solfeggio.band.classical.themes import array, below, figure, pitch_of, row_of, running, sing, snapped
from solfeggio.band.song import Part, Song
from solfeggio.band.style import Style
from solfeggio.band.writing.harmony import voicing
from solfeggio.band.writing.melody import Motif, one_voice
from solfeggio.band.writing.players import RANGES
from solfeggio.errors import unknown
from solfeggio.harte import bass, read, root

LATIN = ("Ky ri e e le i son", "Glo ri a in ex cel sis De o", "Sanc tus Do mi nus De us Sa ba oth", "Al le lu ia",
         "Ag nus De i qui tol lis pec ca ta mun di", "Do na no bis pa cem", "A men", "Lau da te Do mi num")  # fmt: skip
RAGS = ((0, 0.25, 0.75, 1.0, 1.25, 1.75), (0, 0.25, 0.75, 1.0, 1.5), (0.25, 0.75, 1.0, 1.5), (0, 0.5, 0.75, 1.25, 1.5),
        (0, 0.25, 0.5, 0.75, 1.25, 1.5), (0, 0.5, 1.0, 1.25, 1.75), (0, 0.75, 1.0, 1.5))  # fmt: skip
CHOIRS = (52, 53, 54)
BLOWN = range(56, 80)  # programs that play one note at a time


def compose_chamber(rng: np.random.Generator, side: str, spec: Style) -> Song:
    """Write one classical piece in a style; side: "train", "valid" or "test". Raises ConfigError for an unknown kind.

    >>> from solfeggio.band.style import load_style
    >>> song = compose_chamber(np.random.default_rng(0), "train", load_style("chorale-choir"))
    >>> [part.name for part in song.parts]
    ['soprano', 'alto', 'tenor', 'bass']
    """
    kind = pick(rng, spec.families or tuple(KINDS))
    if kind not in KINDS:
        raise unknown(f"kind of chamber music in {spec.name}", kind, KINDS)
    draft, bpm = plan(rng, side, spec)
    draft, parts = KINDS[kind](rng, spec, draft, bpm, side)
    return finish(rng, draft, parts, spec, bpm)


def chorale(
    rng: np.random.Generator, spec: Style, draft: Draft, bpm: float, side: str
) -> tuple[Draft, list[Part]]:  # fmt: skip
    """Four voices in the same rhythm, a chord to a beat or so, with passing notes; sung, blown, bowed or played."""
    draft = denser(rng, draft)
    if rng.random() < 0.35:  # fermatas
        hold = float(rng.uniform(1.25, 2.0))
        draft = tuple(replace(bar, hold=hold) if bar.cadence and bar.start > 0 else bar for bar in draft)
    row = slices(draft)
    led = lead(rng, [(part.label, part.bar.key) for part in row])
    halves = decorate(rng, led, row, 0.2 + 0.4 * rng.random(), 0.2 * rng.random())
    together = [pick(rng, layer.programs) for layer in spec.layers] * (4 if len(spec.layers) == 1 else 1)
    programs = (together * 4)[:4]
    sung, ties = programs[0] in CHOIRS, rng.random() < 0.3
    parts = []
    for voice, name in enumerate(VOICES):
        notes: list[Note] = []
        fresh: list[bool] = []
        for i, part in enumerate(row):
            middle = (part.start + part.end) / 2
            close = part.bar.cadence and part.end > part.bar.end - 1e-6
            loud = touch(rng, part.bar, part.start - part.bar.start)
            for half, (start, end) in enumerate(((part.start, middle), (middle, part.end))):
                pitch = float(halves[2 * i + half, voice])
                same = bool(notes) and notes[-1][2] == pitch and abs(notes[-1][1] - start) < 1e-6
                hangs = half == 0 and same and halves[2 * i + 1, voice] != pitch
                if same and (half or hangs or (ties and start > part.bar.start + 1e-6)):
                    notes[-1] = (notes[-1][0], end, *notes[-1][2:])
                else:
                    notes.append((start, end, pitch, loud))
                    fresh.append(half == 0)
            if close:
                notes[-1] = (notes[-1][0], notes[-1][1] - 0.12 * (part.end - part.start), *notes[-1][2:])
        words = _words(rng, fresh) if sung else ()
        title = name if sung else "melody" if voice == 0 else name
        parts.append(Part(title, programs[voice], np.array(notes), words=words))
    return draft, parts


def denser(rng: np.random.Generator, draft: Draft) -> Draft:
    """Let the harmony move about once a beat: a chord that lasts is followed by its own inversion."""
    odds = 0.35 + 0.6 * rng.random()
    out = []
    for bar in draft:
        beat = bar.feel.beat
        ends = [x for x, _ in bar.chords[1:]] + [bar.feel.bar]
        chords: list[tuple[float, str]] = []
        for (start, label), end in zip(bar.chords, ends, strict=True):
            chords.append((start, label))
            last = bar.cadence and end > bar.feel.bar - 1e-6
            count = round((end - start) / beat)
            if last or count < 2:
                continue
            third = "/b3" if 3 in read(label)[1] else "/3"
            body = label.partition("/")[0]
            turned = body if "/" in label else body + third
            for i in range(1, count):
                other = turned if i % 2 and 7 in read(label)[1] and rng.random() < odds else label
                chords.append((start + i * beat, other))
        out.append(replace(bar, chords=tuple(chords)))
    return tuple(out)


def _words(rng: np.random.Generator, fresh: list[bool]) -> tuple[str, ...]:
    """A syllable for every note that begins a chord; passing notes go on with the last."""
    text: list[str] = []
    out = []
    for new in fresh:
        if new and not text:
            text = pick(rng, LATIN).split()
        out.append(text.pop(0) if new else "")
    return tuple(out)


def keyboard(
    rng: np.random.Generator, spec: Style, draft: Draft, bpm: float, side: str
) -> tuple[Draft, list[Part]]:  # fmt: skip
    """Right hand and left hand: a theme over figures that change with the section; the pedal follows the harmony."""
    top, hand = spec.leads[0], spec.layers[0]
    program, centre = pick(rng, hand.programs), top.centre + int(rng.integers(-4, 5))
    ragged = "ragtime" in spec.name or (rng.random() < 0.9 and hand.textures == ("stride",))
    density = top.density * (0.6 + 0.7 * rng.random())
    themes: dict[tuple[str, str, int], list[Motif]] = {}
    drawn: dict[tuple[int, str], tuple[str, float, bool]] = {}
    right: list[Note] = []
    left: list[Note] = []
    pedal: list[tuple[float, float]] = []
    pedals = program < 4 and rng.random() < 0.85
    near: tuple[int, ...] = ()
    for bars in phrases(draft):
        first = bars[0]
        slot = (first.section if first.name == "variation" else -1, first.letter)
        if slot not in drawn:
            fine = 0.25 if bpm < 92 and rng.random() < 0.5 else 0.5
            drawn[slot] = pick(rng, hand.textures), fine, rng.random() < 0.2
        kind, step, doubled = drawn[slot]
        if ragged:
            _rag(rng, themes, first)
        varied = 0.7 * rng.random() if first.name == "variation" else 0.0
        tune = sing(rng, bars, themes, centre, density, varied)
        right += tune
        if doubled or (ragged and first.loud > 0.55):
            octaves = ragged and rng.random() < 0.5
            right += [(a, b, p + 12, v) for a, b, p, v in tune] if octaves else below(bars, tune)
        for part in row_of(bars):
            near = voicing(part.label, hand.near, hand.voices, near) or near
            low = hand.low + (bass(part.label) - hand.low) % 12
            closing = part.bar.cadence and part.end > part.bar.end - 1e-6 and part.end - part.start > part.bar.feel.beat
            left += figure(rng, "sustain" if closing and rng.random() < 0.6 else kind, part, near, low, step)
            if pedals and kind in ("nocturne", "waltz", "broken", "rise", "sweep", "hold", "sustain"):
                pedal.append((part.start + 0.03, part.end - 0.03))
    down = tuple(pedal)
    parts = [Part("melody", program, array(right, 52, 103), pedal=down)]
    return draft, [*parts, Part("chords", program, array(left, 24, 84), pedal=down)]


def _rag(rng: np.random.Generator, themes: dict[tuple[str, str, int], list[Motif]], bar: Bar) -> None:
    """Fill a theme with the short-long-short of ragtime."""
    slot = (bar.letter, str(bar.feel.metre), bar.size)
    if slot in themes:
        return
    bank = []
    for _ in range(3):
        halves = [pick(rng, RAGS) for _ in range(max(1, round(bar.feel.bar / 2)))]
        times = [x + 2 * i for i, half in enumerate(halves) for x in half if x + 2 * i < bar.feel.bar]
        ends = [*times[1:], bar.feel.bar]
        steps = np.cumsum([0, *(pick(rng, (-2, -1, 1, 2, 2, -3)) for _ in times[1:])])
        bank.append([(x, end - x, int(s)) for x, end, s in zip(times, ends, steps, strict=True)])
    themes[slot] = [bank[(0, 1, 0, 2)[i % 4]] for i in range(bar.size)]


def invention(
    rng: np.random.Generator, spec: Style, draft: Draft, bpm: float, side: str
) -> tuple[Draft, list[Part]]:  # fmt: skip
    """Two or three voices that hand a subject on to each other, against a counter-subject, over episodes."""
    program = pick(rng, spec.layers[0].programs)
    three = rng.random() < 0.4
    centres = (76, 64, 48) if three else (74, 52)
    lines: list[list[Note]] = [[] for _ in centres]
    subject: Motif | None = None
    for number, bars in enumerate(phrases(draft)):
        if subject is None:
            subject, counter = _subject(rng, bars[0], 0.25 if bpm < 96 and rng.random() < 0.7 else 0.5)
        for bar in bars:
            leader = (bar.place + number) % len(centres)
            for voice, centre in enumerate(centres):
                if number == 0 and bar.place < voice:
                    continue  # voices enter one by one
                motif = subject if voice == leader else counter
                if bar.cadence:
                    motif = [(x, 1.0, 0) for x, _ in bar.chords]
                for offset, length, step in motif:
                    label = bar.chord_at(offset)
                    place = 1 + bar.place % 3 + step
                    if bar.feel.strength(offset) >= 2 or voice != leader:
                        place = snapped(bar, label, place, centre)
                    pitch = pitch_of(bar.key, label, place, centre)
                    if voice == len(centres) - 1 and (bar.cadence or voice != leader) and bar.feel.strength(offset) > 2:
                        pitch = centre - 6 + (bass(label) - centre + 6) % 12
                    end = min(offset + length * (0.6 if voice != leader and rng.random() < 0.3 else 0.95), bar.feel.bar)
                    if bar.cadence:
                        end = next((x for x, _ in bar.chords if x > offset + 1e-6), bar.feel.bar) - 0.05
                    lines[voice].append((bar.start + offset, bar.start + end, float(pitch), touch(rng, bar, offset)))
    names = ("melody", "chords", "bass") if three else ("melody", "bass")
    return draft, [Part(n, program, array(line, 28, 96)) for n, line in zip(names, lines, strict=True)]


def _subject(rng: np.random.Generator, bar: Bar, step: float) -> tuple[Motif, Motif]:
    """A subject of one bar in running notes, and a calmer counter-subject."""
    count, place, way = round(bar.feel.bar / step), 0, pick(rng, (-1, 1))
    subject: Motif = []
    for i in range(count):
        if i == 0 and rng.random() < 0.4:
            continue  # after a rest
        subject.append((i * step, step, place))
        way = -way if rng.random() < 0.3 else way
        place = int(np.clip(place + way * pick(rng, (1, 1, 1, 2)), -3, 5))
    slow = 0.5 if step < 0.5 or bar.feel.compound else bar.feel.beat
    steps = [pick(rng, (0, 1, 2, -1, -2)) for _ in range(round(bar.feel.bar / slow))]
    return subject, [(i * slow, slow, s) for i, s in enumerate(steps)]


def solo(
    rng: np.random.Generator, spec: Style, draft: Draft, bpm: float, side: str
) -> tuple[Draft, list[Part]]:  # fmt: skip
    """One player alone: running lines that imply several voices, a study in one figure, melody and bass in one hand."""
    hand = spec.leads[0]
    program = pick(rng, hand.programs)
    low, high = RANGES.get(program, (40, 84))
    low, high = max(low, hand.centre - 18), min(high, hand.centre + 16)
    chords, blown = bool(spec.layers), program in BLOWN
    step = 0.5 if bpm > 132 else pick(rng, (0.25, 0.25, 0.5)) if bpm > 76 else 0.25
    themes: dict[tuple[str, str, int], list[Motif]] = {}
    manner: dict[str, tuple[str, str]] = {}
    tune: list[Note] = []
    under: list[Note] = []
    near: tuple[int, ...] = ()
    for bars in phrases(draft):
        first = bars[0]
        if first.letter not in manner:
            choices = ("picked", "picked", "song") if chords else ("running", "running", "study", "song")
            figures = ("hold", "sustain") if chords else ("",)
            manner[first.letter] = pick(rng, choices), pick(rng, figures)
            if chords and manner[first.letter][0] == "picked":
                manner[first.letter] = "picked", pick(rng, spec.layers[0].textures)
        way, kind = manner[first.letter]
        if way in ("running", "study"):
            tune += running(rng, row_of(bars), low, high, step, 0.45 if way == "running" else 1.0)
            continue
        if way == "song":
            tune += sing(rng, bars, themes, hand.centre, hand.density)
        for part in row_of(bars):
            if chords:
                layer = spec.layers[0]
                near = voicing(part.label, layer.near, layer.voices, near) or near
                deep = layer.low + (bass(part.label) - layer.low) % 12
                under += [(part.start, part.end, float(deep), touch(rng, part.bar, part.start - part.bar.start))]
                under += figure(rng, kind, part, near, deep, step)
            elif not blown and rng.random() < 0.25:  # a double stop
                tone = low + (root(part.label) - low) % 12
                under.append((part.start, min(part.end, part.start + 1), float(tone), touch(rng, part.bar, 0.0, 0.8)))
    both = (("melody", tune), ("chords", under))
    parts = [Part(name, program, array(notes, low, high)) for name, notes in both if notes]
    return draft, [replace(part, notes=one_voice(part.notes)) for part in parts] if blown else parts


KINDS: dict[str, Callable[[np.random.Generator, Style, Draft, float, str], tuple[Draft, list[Part]]]] = {
    "chorale": chorale,
    "keyboard": keyboard,
    "invention": invention,
    "solo": solo,
    "ensemble": ensemble,
}
