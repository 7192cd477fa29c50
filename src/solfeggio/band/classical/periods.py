"""Classical form: periods, sequences, modulations and cadences, bar by bar."""

from __future__ import annotations

import numpy as np

from solfeggio.band.chance import pick, shelf, weigh
from solfeggio.band.classical.draft import Bar, Draft
from solfeggio.band.classical.schemata import FORMS, PATHS, RELATED
from solfeggio.band.style import Style
from solfeggio.band.writing.feel import Feel, feel_of
from solfeggio.band.writing.harmony import spell
from solfeggio.errors import unknown
from solfeggio.harte import NAMES
from solfeggio.notation import Metre


def spots(feel: Feel, count: int) -> tuple[float, ...]:
    """Offsets in quarters where the chords of a bar enter.

    >>> spots(feel_of(np.random.default_rng(0), Metre(4)), 3)
    (0.0, 1.0, 2.0)
    """
    half = feel.beat * (2 / 3 if feel.compound else 0.5)
    tables = {
        1: (0.0,),
        2: (0.0, feel.beat * max(1, -(-feel.beats // 2))),
        3: (0.0, feel.beat, feel.beat * 2) if feel.beats > 2 else (0.0, feel.beat, feel.beat + half),
        4: tuple(feel.bar * i / 4 for i in range(4)),
    }
    return tables[count]


def plan(rng: np.random.Generator, side: str, spec: Style, form: str | None = None) -> tuple[Draft, float]:
    """Plan a piece of 40 to 90 seconds: returns its draft and its tempo in quarters a minute.

    form: a key of FORMS, the style's own when None. side: phrases come from its own shelf.
    """
    form = form or spec.form
    if form not in FORMS:
        raise unknown("form", form, FORMS)
    feel = feel_of(rng, Metre.parse(weigh(rng, spec.metres)))
    tempo = spec.tempo[0] * (spec.tempo[1] / spec.tempo[0]) ** rng.random()
    wanted = (45 + 35 * rng.random()) * tempo / 60 / feel.beats
    fits = [(line, unit) for line in FORMS[form] for unit in (4, 8, 16)]
    close = [f for f in fits if 0.85 < _bars(*f) / wanted < 1.2]
    line, unit = pick(rng, close) if close else min(fits, key=lambda f: abs(np.log(_bars(*f) / wanted)))
    home, mode = int(rng.integers(12)), weigh(rng, {"maj": 0.62, "min": 0.38})
    level = {name: 0.35 + 0.5 * rng.random() for name in dict.fromkeys(token.split(".")[1] for token in line.split())}
    bars: list[Bar] = []
    written: dict[tuple[str, str, str], list[tuple[tuple[str, ...], bool, str]]] = {}
    phrase = 0
    for number, token in enumerate(line.split()):
        name, letter, keys = token.split(".")
        first, _, last = keys.partition(">")
        there, here = RELATED[mode][last or first], RELATED[mode][first]
        length = max(4, unit // 2) if name in ("intro", "coda", "transition") else unit
        slot = (letter, here[1], there[1])
        if slot not in written:
            written[slot] = _section(rng, name, length, here[1], there[1], bool(last), side)
        phrases = written[slot]
        own, pace = _character(rng, name, feel)
        rise = weigh(rng, {0.0: 5, 0.25: 2, -0.15: 1}) + (0.2 if name in ("transition", "development") else 0.0)
        total, done = sum(len(texts) for texts, _, _ in phrases), 0
        for texts, moved, cadence in phrases:
            for place, text in enumerate(texts):
                turn = moved or (bool(last) and phrases[-1][0] is texts and place * 2 >= len(texts))
                tonic, kind = ((there if turn else here)[0] + home) % 12, (there if turn else here)[1]
                numerals = text.split()
                chords = tuple(zip(spots(own, len(numerals)), (spell(n, tonic) for n in numerals), strict=True))
                loud = level[letter] + rise * done / total + 0.1 * np.sin(np.pi * (place + 0.5) / len(texts))
                start = bars[-1].end if bars else 0.0
                bars.append(
                    Bar(
                        start, own, chords, f"{NAMES[tonic]}:{kind}", number, name, letter, phrase, place, len(texts),
                        cadence if place == len(texts) - 1 else "", float(np.clip(loud, 0.1, 1.0)), pace,
                    )
                )  # fmt: skip
                done += 1
            phrase += 1
    return tuple(bars), float(tempo * feel.beat)


def _character(rng: np.random.Generator, name: str, feel: Feel) -> tuple[Feel, float]:
    """Metre and pace of a section: variations may change both, slow introductions and hurried endings the pace."""
    if name in ("variation", "trio", "episode") and feel.beat == 1 and feel.beats < 5 and rng.random() < 0.25:
        other = {2: (3, 3), 3: (2, 4), 4: (3, 3)}[feel.beats]
        return feel_of(rng, Metre(pick(rng, other))), 1.0
    paces = {"intro": (0.65, 0.85), "variation": (0.7, 1.3), "trio": (0.85, 0.95), "coda": (1.1, 1.25),
             "development": (1.0, 1.15), "episode": (0.85, 1.2)}  # fmt: skip
    if name in paces and rng.random() < 0.4:
        return feel, float(rng.uniform(*paces[name]))
    return feel, 1.0


def _bars(line: str, unit: int) -> int:
    short = max(4, unit // 2)
    return sum(short if t.startswith(("intro", "coda", "transition")) else unit for t in line.split())


def _section(
    rng: np.random.Generator, name: str, length: int, here: str, there: str, moves: bool, side: str
) -> list[tuple[tuple[str, ...], bool, str]]:
    """Phrases of one section: (numerals of each bar, whether all is in the new key, cadence)."""
    slow = length >= 8 and length % 8 == 0 and rng.random() < 0.3  # each bar of the path lasts two
    count = length // (8 if slow else 4)
    opening = pick(rng, shelf(PATHS[here]["open"], side))
    out: list[tuple[tuple[str, ...], bool, str]] = []
    for i in range(count):
        last = i == count - 1
        moved = moves and i > 0 and last and rng.random() < 0.6
        mode = there if moved else here
        if name in ("development", "transition", "episode") and i == 0 and count > 1 and rng.random() < 0.8:
            bars, cadence = pick(rng, shelf(PATHS[mode]["sequence"], side)), ""
        else:
            again = i % 2 and rng.random() < 0.7 and mode == here
            start = opening if i == 0 or again else pick(rng, shelf(PATHS[mode]["open"], side))
            cadence = "full" if last or (i % 2 and rng.random() < 0.7) else "half"
            goal = there if last else mode
            bars = (*start, *pick(rng, shelf(PATHS[goal][cadence], side)))
        out.append((_slower(bars) if slow else bars, moved, cadence))
    return out


def _slower(bars: tuple[str, ...]) -> tuple[str, ...]:
    out: list[str] = []
    for text in bars:
        numerals = text.split()
        first = max(1, len(numerals) // 2)
        out += [" ".join(numerals[:first]), " ".join(numerals[first:] or numerals)]
    return tuple(out)
