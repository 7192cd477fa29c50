"""The chart of a song: keys, metre, sections and their letters, and the chords of every bar.

Sections carry functions (FUNCTIONS) in every kind of form; letters of repetition stand beside them: A for the first
material heard, B for the next, the same letter wherever it returns, varied or not. A tune without words is
"instrumental" throughout (a jazz theme is "verse" and "bridge", its choruses "solo"), so its letters say more than its
functions; a solo over the chords of the verse has the verse's letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from solfeggio.band.chance import pick, shelf, weigh
from solfeggio.band.colour import cadence, colour, modulation
from solfeggio.band.harmony import NAMES, SCALES, over, pitch_classes, progression, spell
from solfeggio.band.loops import STANDARDS
from solfeggio.errors import ConfigError, unknown
from solfeggio.notation import Metre

FUNCTIONS = ("intro", "verse", "prechorus", "chorus", "bridge", "solo", "instrumental", "break", "outro")
FLAVOURS: dict[str, dict[str, float]] = {  # style of harmony -> flavours of its progressions
    "pop": {"maj": 6, "min": 4, "mixolydian": 0.4, "dorian": 0.4, "lydian": 0.2},
    "rock": {"rock": 4, "maj": 3, "min": 2, "mixolydian": 1, "dorian": 0.6, "riff": 1},
    "riff": {"riff": 5, "rock": 2, "mixolydian": 1, "vamp": 0.5},
    "metal": {"metal": 6, "rock": 1, "min": 1, "phrygian": 1, "harmonic": 0.5},
    "blues": {"blues": 1},
    "jazz": {"jazz": 6, "vamp": 0.7},
    "folk": {"folk": 4, "maj": 3, "mixolydian": 0.4, "dorian": 0.3},
    "classical": {"classical": 4, "maj": 1, "min": 1, "harmonic": 1},
    "modal": {"modal": 2, "vamp": 1, "dorian": 1, "mixolydian": 0.7, "phrygian": 0.6, "lydian": 0.4, "min": 1},
    "latin": {"latin": 3, "jazz": 1, "harmonic": 0.5},
    "reggae": {"reggae": 4, "min": 0.5},
    "any": {"maj": 4, "min": 3, "rock": 1, "folk": 1, "jazz": 1, "modal": 0.5, "latin": 0.5, "lydian": 0.3,
            "harmonic": 0.3, "phrygian": 0.2},
}  # fmt: skip
# Plans: functions in order, "function=material" where they differ; a leading "(" or trailing ")" may be left out.
PLANS: dict[str, tuple[str, ...]] = {
    "verse-chorus": (
        "(intro verse chorus verse chorus bridge chorus outro)",
        "(intro verse verse chorus verse chorus solo=verse chorus outro)",
        "(intro verse prechorus chorus verse prechorus chorus bridge chorus)",
        "(intro chorus verse chorus verse solo=chorus verse chorus outro)",
        "(intro verse chorus break verse chorus solo=bridge chorus outro)",
        "(intro verse prechorus chorus instrumental=intro verse prechorus chorus solo=verse chorus)",
        "(intro verse chorus instrumental=chorus verse chorus bridge break chorus)",
    ),
    "strophic": ("(intro verse verse instrumental=verse verse verse outro)", "(intro verse verse verse verse outro)"),
    "aaba": ("(intro verse verse bridge verse solo=verse solo=verse bridge verse outro)",),
    "binary": (
        "instrumental=A instrumental=A instrumental=B instrumental=B",
        "(intro instrumental=A instrumental=A instrumental=B instrumental=B instrumental=C instrumental=C)",
        "instrumental=A instrumental=B",
    ),
    "ternary": ("instrumental=A instrumental=B instrumental=A", "(intro instrumental=A instrumental=A instrumental=B "
                "instrumental=A outro)"),
    "rondo": ("instrumental=A instrumental=B instrumental=A instrumental=C instrumental=A",),
    "through": (
        "instrumental=A instrumental=B instrumental=C instrumental=D instrumental=E instrumental=F",
        "(intro verse=A verse=B bridge=C verse=D instrumental=E outro)",
    ),
    "loop": (
        "intro verse chorus verse break chorus outro",
        "verse chorus verse chorus verse chorus",
        "intro verse verse chorus break verse chorus outro)",
        "(intro instrumental=A instrumental=A instrumental=B break instrumental=A instrumental=B outro",
        "instrumental=A instrumental=A instrumental=A instrumental=A",
    ),
    "blues": ("(intro verse verse solo=verse solo=verse verse outro)", "instrumental=A solo=A solo=A instrumental=A"),
}  # fmt: skip
FORMS: dict[str, dict[str, float]] = {  # style of form -> its plans
    "song": {"verse-chorus": 7, "strophic": 1, "aaba": 1, "through": 0.4},
    "tune": {"binary": 4, "ternary": 1, "aaba": 2, "rondo": 1, "through": 0.3},
    "jazz": {"aaba": 5, "strophic": 1, "binary": 0.5},
    "loop": {"loop": 1},
    "classical": {"ternary": 2, "binary": 2, "rondo": 2, "through": 1, "strophic": 0.5},
    **{plan: {plan: 1.0} for plan in PLANS if plan != "loop"},
}
RHYTHMS: dict[str, dict[str, float]] = {  # flavour -> how many chords a bar
    "blues": {"one": 1}, "riff": {"one": 1}, "reggae": {"one": 6, "half": 2, "two": 0.5},
    "rock": {"one": 6, "half": 1.2, "two": 2, "mixed": 2}, "metal": {"one": 6, "half": 3, "mixed": 1},
    "vamp": {"one": 2, "half": 1}, "classical": {"one": 5, "two": 3, "four": 1, "mixed": 2},
    "jazz": {"one": 5, "two": 4, "half": 0.7, "mixed": 2},
    "": {"one": 4, "two": 4.5, "half": 0.4, "mixed": 2.5, "four": 0.2},
    "folk": {"one": 4, "two": 4, "half": 0.5, "mixed": 2},
}  # fmt: skip
LONGEST = {"intro": 8, "outro": 8, "prechorus": 4, "break": 8}


@dataclass(frozen=True)
class Chart:
    """What a band reads from: the truth of a song's harmony and form.

    key: of the beginning, Harte, "C:maj", "A:min", "D:dor", "G:mix", "E:phr", "F:lyd". sections: (function, first bar,
    bars), in order, covering every bar. chords: for each bar its (offset in quarters, Harte label), the first always
    at offset 0. keys: (first bar, bars, key), covering every bar; () is ``key`` throughout. forms: (first bar, bars,
    letter), one for each section; () takes the sections' names.
    """

    key: str
    metre: Metre
    sections: tuple[tuple[str, int, int], ...]
    chords: tuple[tuple[tuple[float, str], ...], ...]
    keys: tuple[tuple[int, int, str], ...] = ()
    forms: tuple[tuple[int, int, str], ...] = ()

    @property
    def bars(self) -> int:
        """Bars from first to last."""
        return len(self.chords)

    def key_at(self, bar: int) -> str:
        """The key of a bar."""
        return next((key for first, bars, key in reversed(self.keys) if first <= bar < first + bars), self.key)

    def letter_at(self, bar: int) -> str:
        """The letter of the section a bar lies in; its name where there are no letters."""
        spans = self.forms or tuple((first, bars, name) for name, first, bars in self.sections)
        return next((letter for first, bars, letter in spans if first <= bar < first + bars), "A")


def bar_quarters(metre: Metre) -> float:
    """Length of a bar in quarter notes.

    >>> bar_quarters(Metre(7, 8))
    3.5
    """
    return metre.beats * 4 / metre.unit


def middle_quarters(metre: Metre) -> float:
    """Where a second chord enters a bar: its half, or the nearest beat group (3+2, 4+3)."""
    length = bar_quarters(metre)
    if metre.unit >= 8 and metre.beats % 3 == 0:
        return 1.5 * max(1, metre.beats // 6)
    return -(-metre.beats // 2) * 4 / metre.unit if metre.beats > 1 else length / 2


def spots_of(metre: Metre, chords: int) -> tuple[float, ...]:
    """Offsets in quarters at which up to four chords enter a bar."""
    middle = middle_quarters(metre)
    if chords < 3:
        return (0.0, middle)[:chords]
    compound = metre.unit >= 8 and metre.beats % 3 == 0
    beat = 1.5 if compound else 4 / metre.unit
    beats = round(bar_quarters(metre) / beat)
    every = [i * beat for i in range(beats)]
    return tuple(every[:chords]) if beats >= chords else (0.0, middle)[: max(1, min(beats, 2))]


def chord_spans(chart: Chart, start_quarters: float = 0.0) -> tuple[tuple[float, float, str], ...]:
    """Chords as (start, end, label) in quarters, equal neighbours joined; bar 0 begins at ``start_quarters``."""
    length = bar_quarters(chart.metre)
    spans: list[tuple[float, float, str]] = []
    for number, bar in enumerate(chart.chords):
        edges = [offset for offset, _ in bar] + [length]
        for (offset, label), end in zip(bar, edges[1:], strict=True):
            start, stop = start_quarters + number * length + offset, start_quarters + number * length + end
            if spans and spans[-1][2] == label:
                spans[-1] = (spans[-1][0], stop, label)
            else:
                spans.append((start, stop, label))
    return tuple(spans)


def form_spans(chart: Chart) -> dict[str, Any]:
    """A song's sections, forms, keys and metres in quarters, bar 0 at 0, each covering the whole chart."""
    bar = bar_quarters(chart.metre)
    keys = chart.keys or ((0, chart.bars, chart.key),)
    forms = chart.forms or tuple((first, bars, name) for name, first, bars in chart.sections)
    return {
        "sections": tuple((first * bar, (first + bars) * bar, name) for name, first, bars in chart.sections),
        "forms": tuple((first * bar, (first + bars) * bar, letter) for first, bars, letter in forms),
        "keys": tuple((first * bar, (first + bars) * bar, key) for first, bars, key in keys),
        "metres": ((0.0, chart.bars * bar, str(chart.metre)),),
    }


def in_metre(chart: Chart, section: int, metre: Metre) -> Chart:
    """Rewrite one section of a chart in another metre: the same chords bar by bar, those that still find room."""
    name, first, bars = chart.sections[section]
    middle, length, chords = middle_quarters(chart.metre), bar_quarters(metre), []
    for bar in chart.chords[first : first + bars]:
        spots = spots_of(metre, 2)
        late = [label for offset, label in bar if offset >= middle - 1e-6]
        chords.append(((0.0, bar[0][1]), (spots[1], late[0])) if late and spots[1] < length else ((0.0, bar[0][1]),))
    letter = chart.letter_at(first)
    key = chart.key_at(first)
    return Chart(key, metre, ((name, 0, bars),), tuple(chords), ((0, bars, key),), ((0, bars, letter),))


def plan_sections(rng: np.random.Generator, bars: int, form: str = "song") -> tuple[tuple[str, str, int, int], ...]:
    """Lay sections out over ``bars`` bars: (function, material, first bar, bars), mostly 4, 8 or 12 long.

    Long plans are cut, often at their beginning: a song may start where it has long been going on.
    """
    kind = weigh(rng, FORMS[form])
    tokens = pick(rng, PLANS[kind]).split()
    first_open, last_open = tokens[0].startswith("("), tokens[-1].endswith(")")
    pairs = [(t.partition("=")[0], t.partition("=")[2] or t) for t in (token.strip("()") for token in tokens)]
    unit = pick(
        rng, (4, 8, 8, 8, 8, 8, 16 if bars > 40 else 8, 12 if bars > 40 else 8, 6 if kind == "verse-chorus" else 8)
    )
    if bars < 30 and kind in ("verse-chorus", "strophic", "loop") and rng.random() < 0.25:
        unit = 4
    unit = {"aaba": 8 if bars >= 24 else 4, "blues": 12}.get(kind, unit)
    if kind in ("rondo", "ternary", "binary", "through"):
        unit = next((u for u in (8, 4) if u * (len(pairs) if kind in ("rondo", "ternary") else 4) <= bars), 4)
    lengths = {material: unit for _, material in pairs}
    for name in lengths:
        if name in LONGEST:
            lengths[name] = 4 if name == "prechorus" else pick(rng, (2, 4, 4, LONGEST[name]))
    if kind == "verse-chorus" and rng.random() < 0.2:
        lengths["verse"] = unit * 2
    head = [pairs.pop(0)] if pairs[0][0] == "intro" else []
    tail = [pairs.pop()] if pairs[-1][0] == "outro" else []
    if kind in ("verse-chorus", "loop") and rng.random() < 0.4:
        turn = int(rng.random() * len(pairs))
        pairs, head = [*pairs[turn:], *pairs[:turn]], []
    head = head if not first_open or rng.random() < 0.6 else []
    tail = tail if not last_open or rng.random() < 0.5 else []
    room = bars - sum(lengths[m] for _, m in tail)
    plan: list[tuple[str, str, int, int]] = []
    at, queue = 0, [*head, *pairs]
    while at < room:
        function, material = queue.pop(0)
        queue = queue or list(pairs)
        length = min(lengths[material], room - at)
        if plan and length < 0.6 * lengths[material] and length < 5:  # too short to be itself: a tag
            if tail:
                break
            function, material = "outro", "outro"
        plan.append((function, material, at, length))
        at += length
    if at < bars:
        plan.append(("outro", "outro", at, bars - at))
    return tuple(plan)


def write_chart(
    rng: np.random.Generator,
    metre: Metre,
    bars: int,
    harmony: str = "any",
    form: str = "song",
    side: str = "train",
) -> Chart:
    """Write a chart of exactly ``bars`` bars: keys, sections that come back, one progression for each material.

    harmony: a key of FLAVOURS. form: a key of FORMS. side: "train", "valid" or "test" draw from disjoint stock loops.
    """
    if bars < 1:
        raise ConfigError(f"a chart of {bars} bars", "it needs at least one")
    if harmony not in FLAVOURS:
        raise unknown("harmony", harmony, FLAVOURS)
    if form not in FORMS:
        raise unknown("form", form, FORMS)
    tonic = int(rng.integers(12))
    flavour = weigh(rng, FLAVOURS[harmony])
    plan = plan_sections(rng, bars, "blues" if flavour == "blues" else form)
    written = _write_materials(rng, plan, flavour, side)
    main = [numeral for m in dict.fromkeys(m for _, m, _, _ in plan) for bar in written[m] for numeral in bar]
    mode = mode_of(main, flavour)
    moves = modulation(rng, plan, mode, flavour)
    for material, (_, other, _) in moves.items():
        if other:
            written[material] = _write_section(rng, other, side)
    bars_of: list[tuple[tuple[str, ...], int]] = []
    keys: list[tuple[int, int, str]] = []
    for place, (_, material, first, length) in enumerate(plan):
        shift, other, since = moves.get(material, (0, "", 0))
        lift, _, from_place = moves.get("", (0, "", 0))
        here = (tonic + (shift if place >= since else 0) + (lift if place >= from_place else 0)) % 12
        section = written[material]
        numerals = [section[i % len(section)] for i in range(length)]
        local = mode_of([n for bar in section for n in bar], other) if other else mode
        numerals = cadence(rng, numerals, local, other or flavour, place + 1 == len(plan))
        bars_of += [(bar, here) for bar in numerals]
        key = f"{NAMES[here]}:{local}"
        if keys and keys[-1][2] == key:
            keys[-1] = (keys[-1][0], keys[-1][1] + length, key)
        else:
            if keys and rng.random() < 0.6 and len(bars_of) > length + 1:  # the new key's dominant leads into it
                bars_of[-length - 1] = (("V7",), here)
            keys.append((first, length, key))
    chords = []
    for bar, here in bars_of:
        spots = spots_of(metre, len(bar))
        chords.append(tuple((spot, spell(n, here)) for spot, n in zip(spots, bar, strict=False)))
    chords = _pedals(rng, plan, chords, tonic, flavour)
    letters = {m: _letter(i) for i, m in enumerate(dict.fromkeys(m for _, m, _, _ in plan))}
    return Chart(
        keys[0][2],
        metre,
        tuple((function, first, length) for function, _, first, length in plan),
        tuple(_merged(bar) for bar in chords),
        tuple(keys),
        tuple((first, length, letters[material]) for _, material, first, length in plan),
    )


def mode_of(numerals: list[str], flavour: str = "maj") -> str:
    """The mode that fits numerals best: one of SCALES; major and minor (with its raised seventh) win ties.

    >>> mode_of(["i", "IV", "i"]), mode_of(["I", "IV", "V7"]), mode_of(["i", "iv", "V7"])
    ('dor', 'maj', 'min')
    """
    homes = [n for n in numerals if n.lstrip("b#").upper().startswith("I") and _degree(n) == 0]
    minor = sum(n[0] == "i" for n in homes) > len(homes) / 2 if homes else any(n.startswith("bV") for n in numerals)
    if flavour in ("blues", "jazz", "classical", "latin", "harmonic"):
        return "min" if minor else "maj"
    fits = {}
    for mode in ("min", "dor", "phr") if minor else ("maj", "mix", "lyd"):
        tones = set(SCALES[mode]) | ({11} if mode == "min" else set())
        inside = [len(set(pitch_classes(spell(n, 0))) & tones) / len(pitch_classes(spell(n, 0))) for n in numerals]
        fits[mode] = float(np.mean(inside)) + 0.03 * (mode in ("maj", "min"))
    return max(fits, key=lambda mode: fits[mode])


def _degree(numeral: str) -> int:
    return -1 if "/" in numeral else int(pitch_classes(spell(numeral.partition(":")[0], 0))[0])


def _letter(number: int) -> str:
    return chr(ord("A") + number % 26)


def _merged(bar: tuple[tuple[float, str], ...]) -> tuple[tuple[float, str], ...]:
    """Leave out a chord that repeats the one before it in the bar."""
    return tuple(spot for i, spot in enumerate(bar) if not i or bar[i - 1][1] != spot[1])


def _write_materials(
    rng: np.random.Generator, plan: tuple[tuple[str, str, int, int], ...], flavour: str, side: str
) -> dict[str, list[tuple[str, ...]]]:
    """Bars of numerals for each material; some songs say everything over one progression."""
    written: dict[str, list[tuple[str, ...]]] = {}
    names = list(dict.fromkeys(material for _, material, _, _ in plan))
    if flavour == "jazz" and {"verse", "bridge"} <= set(names) and rng.random() < 0.7:
        a, b = pick(rng, shelf(STANDARDS, side))
        written = {"verse": [tuple(bar.split(",")) for bar in a], "bridge": [tuple(bar.split(",")) for bar in b]}
    one = rng.random() < (0.3 if flavour not in ("jazz", "classical", "folk", "blues") else 0.05)
    for name in names:
        if name in written:
            continue
        model = next((m for m in ("verse", "chorus", "A") if m in written), "")
        borrowed = name in LONGEST and name != "prechorus" and rng.random() < 0.5
        if model and (one or borrowed or flavour == "blues"):
            written[name] = list(written[model])
        else:
            written[name] = _write_section(rng, flavour, side)
    return written


def _write_section(rng: np.random.Generator, flavour: str, side: str) -> list[tuple[str, ...]]:
    """Bars of numerals for one section: a progression at some harmonic rhythm, perhaps with a turned-round ending."""
    loop = progression(rng, flavour, pick(rng, (2, 4, 4, 4, 8)), side)
    if any("," in chord for chord in loop):
        return [tuple(colour(rng, bar.split(","), flavour)) for bar in loop]
    loop = tuple(colour(rng, list(loop), flavour))
    rhythm = weigh(rng, RHYTHMS.get(flavour, RHYTHMS[""]))
    bars: list[tuple[str, ...]]
    if rhythm == "half" and len(loop) <= 4:
        bars = [(chord,) for chord in loop for _ in range(2)]
    elif rhythm == "two" and len(loop) >= 4:
        bars = [tuple(loop[i : i + 2]) for i in range(0, len(loop), 2)]
    elif rhythm == "four" and len(loop) >= 4:
        bars = [tuple(loop[i : i + 4]) for i in range(0, len(loop), 4)]
        bars = bars if len(bars) > 1 else [*bars, (loop[0],)]
    elif rhythm == "mixed" and len(loop) >= 4:
        bars = [(chord,) for chord in loop[:-2]] + [tuple(loop[-2:])]
        bars += [(loop[-1],)] if len(bars) % 2 else []
    else:
        bars = [(chord,) for chord in loop]
    if flavour not in ("blues", "metal", "modal", "vamp", "riff") and len(bars) <= 4 and rng.random() < 0.35:
        other = [chord for chord in progression(rng, flavour, 4, side) if "," not in chord] or [loop[-1]]
        bars = bars + bars[: len(bars) - 1] + [(other[-1],)] if rng.random() < 0.5 else bars + [(c,) for c in other[:4]]
    return bars


def _pedals(
    rng: np.random.Generator,
    plan: tuple[tuple[str, str, int, int], ...],
    chords: list[tuple[tuple[float, str], ...]],
    tonic: int,
    flavour: str,
) -> list[tuple[tuple[float, str], ...]]:
    """Hold one bass, tonic or dominant, under a section or its last bars in a few songs."""
    if rng.random() > {"metal": 0.03, "blues": 0.0, "classical": 0.12, "modal": 0.12}.get(flavour, 0.07):
        return chords
    _, material, _, _ = pick(rng, plan)
    low = (tonic + pick(rng, (0, 0, 7))) % 12
    for _, other, first, length in plan:
        if other == material:
            begin = first if length <= 4 else first + length - 4
            for bar in range(begin, first + length):
                chords[bar] = tuple((spot, over(label, low)) for spot, label in chords[bar])
    return chords
