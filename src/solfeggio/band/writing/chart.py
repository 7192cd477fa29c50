"""What a band reads from: keys, metre, sections and their letters, and the chords of every bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from solfeggio.notation import Metre


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
