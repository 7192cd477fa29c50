"""Written scores: bars and parts on paper, repeats written out, beats counted bar by bar.

A short bar that the next one completes (a pick-up, or the two halves around a repeat sign) is one bar with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from solfeggio.band.song import Part, Spans
from solfeggio.notation import Metre


@dataclass(frozen=True)
class Bar:
    """One written bar: from ``start`` to ``end`` in quarters.

    fifths: sharps of its signature, flats negative; None when there is none. mode: of the signature where the score
    tells, else "". opens, closes: repeat signs. endings: the times round it is played, () for always. key: "C:maj",
    once it has been found.
    """

    start: float
    end: float
    metre: str = "4/4"
    fifths: int | None = None
    mode: str = ""
    opens: bool = False
    closes: bool = False
    endings: tuple[int, ...] = ()
    key: str = ""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A score on paper. parts: notes in quarters from its start. tempi: (start, end, quarter notes a minute).

    chords: (start, end, Harte label) of its chord symbols.
    """

    title: str
    bars: tuple[Bar, ...]
    parts: tuple[Part, ...]
    tempi: tuple[tuple[float, float, float], ...] = ()
    chords: Spans = ()


def beat_quarters(metre: Metre) -> float:
    """Quarters from beat to beat: dotted notes in 6/8, 9/8 and 12/8, else the written unit.

    >>> beat_quarters(Metre(6, 8)), beat_quarters(Metre(2, 2)), beat_quarters(Metre(3, 8))
    (1.5, 2.0, 0.5)
    """
    compound = metre.unit >= 8 and metre.beats % 3 == 0 and metre.beats > 3
    return (12 if compound else 4) / metre.unit


def count_beats(bars: tuple[Bar, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Where the beats of bars in playing order fall (quarters), and their places in the bar.

    >>> count_beats((Bar(0, 1, "3/4"), Bar(1, 4, "3/4")))
    (array([0., 1., 2., 3.]), array([3, 1, 2, 3]))
    """
    beats: list[float] = []
    positions: list[int] = []
    phase, full = 0.0, 0.0  # where in a bar the last one ended, and how long that bar is
    for number, bar in enumerate(bars):
        metre = Metre.parse(bar.metre)
        size, beat, length = metre.beats * 4 / metre.unit, beat_quarters(metre), bar.end - bar.start
        if number == 0 and length < size - 1e-3:
            phase = size - length
        elif not (full == size and phase > 1e-3 and phase + length <= size + 1e-3):
            phase = 0.0
        first = math.ceil(phase / beat - 1e-3)
        for k in range(first, math.ceil((phase + length) / beat - 1e-3)):
            beats.append(bar.start + k * beat - phase)
            positions.append(k % round(size / beat) + 1)
        phase, full = (phase + length) % size, size
        phase = 0.0 if size - phase < 1e-3 else phase
    return np.round(np.array(beats), 9), np.array(positions, int)


def unroll(bars: tuple[Bar, ...], repeats: bool = True) -> tuple[list[int], list[int]]:
    """Order in which bars are played, and the number of the repeated stretch that each belongs to.

    Without ``repeats`` every stretch is played once, with its last ending.

    >>> unroll((Bar(0, 4, endings=()), Bar(4, 8, endings=(1,), closes=True), Bar(8, 12, endings=(2,)), Bar(12, 16)))
    ([0, 1, 0, 2, 3], [0, 0, 0, 0, 1])
    """
    order: list[int] = []
    stretch: list[int] = []
    i = begin = number = 0
    turn = 1
    while i < len(bars) and len(order) < 5000:
        bar = bars[i]
        if bar.opens and i != begin:
            begin, turn, number = i, 1, number + 1
        last = _last_turn(bars, i)
        turn = turn if repeats else last
        if not bar.endings or turn in bar.endings:
            order.append(i)
            stretch.append(number)
            if bar.closes and turn < last:
                turn, i = turn + 1, begin
                continue
            after = i + 1 < len(bars) and bars[i + 1].endings
            if (bar.closes and not after) or (bar.endings and not after):
                begin, turn, number = i + 1, 1, number + 1
        i += 1
    return order, stretch


def _last_turn(bars: tuple[Bar, ...], at: int) -> int:
    """How often the stretch around a bar is played."""
    times, i = 1, at
    while i < len(bars) and not (i > at and bars[i].opens):
        times = max(times, 2 if bars[i].closes else 1, *bars[i].endings, 1)
        after = i + 1 < len(bars) and bars[i + 1].endings
        if (bars[i].closes or bars[i].endings) and not after:
            break
        i += 1
    return times


def play_through(sheet: Sheet, order: list[int]) -> Sheet:
    """Write a score out in playing order: bars and notes copied, what is cut off by a jump ends there."""
    runs = [list(run) for run in np.split(order, np.flatnonzero(np.diff(order) != 1) + 1)]
    bars: list[Bar] = []
    moved: list[list[np.ndarray]] = [[] for _ in sheet.parts]
    tempi: list[tuple[float, float, float]] = []
    chords: list[tuple[float, float, str]] = []
    at = 0.0
    for run in runs:
        start, end = sheet.bars[run[0]].start, sheet.bars[run[-1]].end
        shift = at - start
        bars += [replace(sheet.bars[i], start=sheet.bars[i].start + shift, end=sheet.bars[i].end + shift) for i in run]
        for place, part in enumerate(sheet.parts):
            inside = part.notes[(part.notes[:, 0] > start - 1e-6) & (part.notes[:, 0] < end - 1e-6)].copy()
            inside[:, 1] = np.minimum(inside[:, 1], end)
            inside[:, :2] += shift
            moved[place].append(inside)
        tempi += [(max(a, start) + shift, min(b, end) + shift, v) for a, b, v in sheet.tempi if a < end and b > start]
        chords += [(max(a, start) + shift, min(b, end) + shift, n) for a, b, n in sheet.chords if a < end and b > start]
        at += end - start
    parts = tuple(replace(p, notes=np.concatenate(m)) for p, m in zip(sheet.parts, moved, strict=True))
    return Sheet(sheet.title, tuple(bars), tuple(p for p in parts if len(p.notes)), tuple(tempi), tuple(chords))


def spans_of(bars: tuple[Bar, ...], name: str) -> Spans:
    """Join neighbouring bars that agree in a field, "metre" or "key"; those without a value join those before them.

    >>> spans_of((Bar(0, 4), Bar(4, 8), Bar(8, 11, "3/4")), "metre")
    ((0, 8, '4/4'), (8, 11, '3/4'))
    """
    spans: list[tuple[float, float, str]] = []
    for bar in bars:
        label = getattr(bar, name)
        if spans and label in ("", spans[-1][2]):
            spans[-1] = (spans[-1][0], bar.end, spans[-1][2])
        elif label:
            spans.append((spans[-1][1] if spans else bars[0].start, bar.end, label))
    return tuple(spans)
