"""Chord charts as one types them: "Dm7 G7 | Cmaj7", the inverse of ``lead_sheet.chart``."""

from __future__ import annotations

import re

from solfeggio.errors import ConfigError
from solfeggio.harte import parse_symbol
from solfeggio.notation import Metre, Spans


def parse_chart(text: str, metre: str = "4/4") -> Spans:
    """Read chords over bars into (start, end, Harte label), in quarters; equal neighbours are joined.

    Bars stand between ``|``; chords share their bar equally, or each symbol is a beat where there are as many as beats;
    ``/`` goes on with the chord before it, a bar of ``%`` repeats the bar before, "3/4" before a bar changes the metre.
    Of several lines those with bars count, and a metre in the lines above them. metre: until the text says another.
    Raises ConfigError, which names the bar.

    >>> parse_chart("Dm7 G7 | Cmaj7")
    ((0.0, 2.0, 'D:min7'), (2.0, 4.0, 'G:7'), (4.0, 8.0, 'C:maj7'))
    >>> parse_chart("| C / / G7 | % |")
    ((0.0, 3.0, 'C:maj'), (3.0, 4.0, 'G:7'), (4.0, 7.0, 'C:maj'), (7.0, 8.0, 'G:7'))
    """
    lines = [line.strip() for line in text.splitlines() if line.strip() and not re.fullmatch(r"\[.*\]", line.strip())]
    first = next((i for i, line in enumerate(lines) if "|" in line), 0)
    for line in lines[:first]:
        if found := re.search(r"(?<![\w/])\d+/\d+(?![\w/])", line):
            metre = found[0]
    rows = [line for line in lines[first:] if "|" in line] or lines
    cells = [cell for row in rows for cell in re.sub(r"^\|+|\|[|\]]*$", "", row).split("|")]
    if not any(cell.strip() for cell in cells):
        raise ConfigError("the chart is empty", "it holds no chord", 'write for instance "Dm7 G7 | Cmaj7"')
    spans: list[tuple[float, float, str]] = []
    before: tuple[list[str], float] = ([], 0.0)
    size, at = Metre.parse(metre), 0.0
    for number, cell in enumerate(cells, 1):
        words = cell.split()
        if words and re.fullmatch(r"\d+/\d+", words[0]):
            size, words = Metre.parse(words[0]), words[1:]
        length = size.beats * 4 / size.unit
        last = spans[-1][2] if spans else ""
        bar = before if words == ["%"] else (_labels(words, number, last), length)
        if not bar[0] or bar[1] != length or (len(bar[0]) != size.beats and size.beats % len(bar[0])):
            raise ConfigError(
                f"bar {number} of the chart, '{cell.strip()}'",
                f"it must hold chords that share {size.beats} beats equally, or % after a bar of the same metre",
                'give each beat its symbol, "C / Am G7", or leave chords out',
            )
        step = length / len(bar[0])
        for i, label in enumerate(bar[0]):
            start, end = at + i * step, at + (i + 1) * step
            joined = bool(spans) and spans[-1][2] == label
            spans[len(spans) - joined :] = [(spans[-1][0] if joined else start, end, label)]
        at, before = at + length, bar
    return tuple(spans)


def _labels(words: list[str], number: int, last: str) -> list[str]:
    labels: list[str] = []
    for word in words:
        if word == "/":
            if not (labels or last):
                raise ConfigError(
                    f"bar {number} of the chart", "/ goes on with a chord, and there is none", "write one"
                )
            labels.append(labels[-1] if labels else last)
            continue
        try:
            labels.append(parse_symbol(word))
        except ConfigError as problem:
            raise ConfigError(f"bar {number} of the chart: {problem.what}", problem.why, problem.todo) from None
    return labels
