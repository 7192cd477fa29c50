"""The chart of a song: key, metre, sections, and the chords of every bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solfeggio.band.chance import pick, weigh
from solfeggio.band.harmony import NAMES, progression, spell
from solfeggio.errors import ConfigError, unknown
from solfeggio.notation import Metre

FLAVOURS: dict[str, dict[str, float]] = {  # style of harmony -> flavours of its progressions
    "pop": {"maj": 6, "min": 4},
    "rock": {"rock": 5, "maj": 3, "min": 2, "modal": 1},
    "metal": {"metal": 6, "rock": 1, "min": 1},
    "blues": {"blues": 1},
    "jazz": {"jazz": 1},
    "folk": {"folk": 4, "maj": 1},
    "classical": {"classical": 4, "maj": 1, "min": 1},
    "modal": {"modal": 3, "min": 1},
    "latin": {"latin": 3, "jazz": 1},
    "any": {"maj": 4, "min": 3, "rock": 1, "folk": 1, "jazz": 1, "modal": 0.5, "latin": 0.5},
}
PLANS: dict[str, tuple[str, ...]] = {  # style of form -> section names in order; a leading "(" may be left out
    "song": (
        "(intro verse chorus verse chorus bridge chorus outro",
        "(intro verse verse chorus verse chorus chorus outro",
        "(intro verse prechorus chorus verse prechorus chorus bridge chorus",
        "(intro chorus verse chorus verse chorus solo chorus outro",
        "verse chorus verse chorus solo verse chorus outro",
    ),
    "tune": ("A A B B A A B B", "A A B A A A B A", "A B A B A B", "(intro A A B B C C A A", "A A B B C C D D"),
    "loop": ("intro A B A break B A outro", "A B A B A B", "intro A A B break A B outro", "A A A A A"),
}


@dataclass(frozen=True)
class Chart:
    """What a band reads from: the truth of a song's harmony and form.

    key: Harte, "C:maj", "A:min", "D:dor", "G:mix". sections: (name, first bar, bars), in order, covering every bar.
    chords: for each bar its (offset in quarters, Harte label), the first always at offset 0.
    """

    key: str
    metre: Metre
    sections: tuple[tuple[str, int, int], ...]
    chords: tuple[tuple[tuple[float, str], ...], ...]

    @property
    def bars(self) -> int:
        """Bars from first to last."""
        return len(self.chords)


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


def plan_sections(rng: np.random.Generator, bars: int, form: str = "song") -> tuple[tuple[str, int, int], ...]:
    """Lay sections out over ``bars`` bars: mostly 4, 8 or 12 long, the same name the same length."""
    names = pick(rng, PLANS[form]).split()
    if names[0].startswith("("):
        names = [names[0][1:], *names[1:]] if rng.random() < 0.6 else names[1:]
    unit = pick(rng, (4, 8, 8, 8, 8, 12 if bars > 40 else 8, 6 if form == "song" else 8))
    lengths = dict.fromkeys(names, unit)
    for name in ("intro", "outro", "prechorus", "break"):
        lengths[name] = pick(rng, (2, 4, 4, 8)) if name != "prechorus" else 4
    sections: list[tuple[str, int, int]] = []
    first, i = 0, 0
    while first < bars:
        name = names[i] if i < len(names) else names[i % len(names)].replace("intro", "verse")
        length = min(lengths.get(name, unit), bars - first)
        sections.append((name, first, length))
        first, i = first + length, i + 1
    return tuple(sections)


def write_chart(
    rng: np.random.Generator,
    metre: Metre,
    bars: int,
    harmony: str = "any",
    form: str = "song",
    side: str = "train",
) -> Chart:
    """Write a chart of exactly ``bars`` bars: a key, sections that come back, one progression for each section name.

    harmony: a key of FLAVOURS. form: a key of PLANS. side: "train", "valid" or "test" draw from disjoint stock loops.
    """
    if bars < 1:
        raise ConfigError(f"a chart of {bars} bars", "it needs at least one")
    if harmony not in FLAVOURS:
        raise unknown("harmony", harmony, FLAVOURS)
    if form not in PLANS:
        raise unknown("form", form, PLANS)
    tonic = int(rng.integers(12))
    sections = plan_sections(rng, bars, form)
    if harmony == "blues":
        sections = tuple((f"chorus{i + 1}", b, min(12, bars - b)) for i, b in enumerate(range(0, bars, 12)))
    flavour = weigh(rng, FLAVOURS[harmony])
    written: dict[str, list[tuple[str, ...]]] = {}
    numerals: list[tuple[str, ...]] = []
    for name, _, length in sections:
        name = "chorus" if harmony == "blues" else name
        if name not in written:
            written[name] = _write_section(rng, flavour, side)
        section = written[name]
        numerals += [section[i % len(section)] for i in range(length)]
    lowered = [n for bar in numerals for n in bar]
    minor = sum(n[0] == "i" and not n.startswith(("ii", "iv")) for n in lowered)
    major = sum(n[0] == "I" and not n.startswith(("II", "IV")) for n in lowered)
    mode = "min" if minor > major or (not major and any(n.startswith(("bVI", "iv")) for n in lowered)) else "maj"
    if mode == "min" and sum(n.startswith("IV") for n in lowered) > 1:
        mode = "dor"
    elif mode == "maj" and sum(n.startswith(("bVII", "v")) and not n.startswith("vi") for n in lowered) > 1:
        mode = "mix"
    middle = middle_quarters(metre)
    chords = []
    for bar in numerals:
        spots = (0.0, middle) if len(bar) > 1 else (0.0,)
        chords.append(tuple((spot, spell(numeral, tonic)) for spot, numeral in zip(spots, bar, strict=False)))
    return Chart(f"{NAMES[tonic]}:{mode}", metre, sections, tuple(chords))


def _write_section(rng: np.random.Generator, flavour: str, side: str) -> list[tuple[str, ...]]:
    """Bars of numerals for one section: a progression at some harmonic rhythm, perhaps with a turned-round ending."""
    loop = progression(rng, flavour, pick(rng, (2, 4, 4, 4, 8)), side)
    rhythm = "one" if flavour == "blues" else weigh(rng, {"one": 6, "two": 1.5, "half": 1.5, "mixed": 1.2})
    bars: list[tuple[str, ...]]
    if rhythm == "half" and len(loop) <= 4:
        bars = [(chord,) for chord in loop for _ in range(2)]
    elif rhythm == "two" and len(loop) >= 4:
        bars = [tuple(loop[i : i + 2]) for i in range(0, len(loop), 2)]
    elif rhythm == "mixed" and len(loop) >= 4:
        bars = [(chord,) for chord in loop[:-2]] + [tuple(loop[-2:])]
        bars += [(loop[-1],)] if len(bars) % 2 else []
    else:
        bars = [(chord,) for chord in loop]
    if flavour not in ("blues", "metal", "modal") and len(bars) <= 4 and rng.random() < 0.35:
        other = progression(rng, flavour, 4, side)
        bars = bars + bars[: len(bars) - 1] + [(other[-1],)] if rng.random() < 0.5 else bars + [(c,) for c in other[:4]]
    return bars
