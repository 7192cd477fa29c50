"""Scores laid out for paper: bars, voices, and notes cut into values that can be written, on 24ths of a quarter.

What falls between the 24ths is written on the nearest one. A length that is no single note value becomes tied ones,
cut at the beats where they can be; lengths that are no multiple of three 24ths are triplets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from solfeggio.errors import NotationError
from solfeggio.harte import LETTERS, fifths, spell
from solfeggio.notation import Metre, Part, Score

QUARTER = 24  # ticks
VALUES = {  # ticks: note type of MusicXML, dots
    144: ("whole", 1), 96: ("whole", 0), 72: ("half", 1), 48: ("half", 0), 36: ("quarter", 1), 24: ("quarter", 0),
    18: ("eighth", 1), 12: ("eighth", 0), 9: ("16th", 1), 6: ("16th", 0), 3: ("32nd", 0),
    64: ("whole", 0), 32: ("half", 0), 16: ("quarter", 0), 8: ("eighth", 0), 4: ("16th", 0), 2: ("32nd", 0),
    1: ("64th", 0),
}  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """One written note, chord or rest (no pitches). start: ticks from its bar line. length: ticks, a key of VALUES.

    opens, closes: it is the first, the last of its triplet. tied: to the piece before it, to the one after it.
    """

    start: int
    length: int
    pitches: tuple[int, ...] = ()
    tied: tuple[bool, bool] = (False, False)
    opens: bool = False
    closes: bool = False

    @property
    def triplet(self) -> bool:
        """Whether three of it take the time of two."""
        return self.length % 3 != 0


@dataclass(frozen=True)
class Measure:
    """One bar. number: 0 for a pick-up. start, length: ticks. chords: (tick in the bar, Harte label). key: or ""."""

    number: int
    start: int
    length: int
    metre: Metre
    key: str = ""
    chords: tuple[tuple[int, str], ...] = ()


def measures(score: Score) -> list[Measure]:
    """Cut a score into bars; raises NotationError when it has none."""
    lines = np.round(score.bar_lines() * QUARTER).astype(int)
    if len(lines) < 2:
        raise NotationError(f"'{score.title}' cannot be written", "it has no bars", "give its length in quarters")
    marks = chord_changes(score)
    ticks = np.array([tick for tick, _ in marks])
    made: list[Measure] = []
    for i, (start, end) in enumerate(zip(lines[:-1].tolist(), lines[1:].tolist(), strict=True)):
        middle = (start + end) / 2 / QUARTER
        metre = next(m for a, b, m in reversed(score.metres) if a <= middle)
        key = next((k for a, b, k in reversed(score.keys) if a * QUARTER <= start + 0.5), "")
        first, last = np.searchsorted(ticks, (start, end)) if marks else (0, 0)
        chords = tuple((tick - start, label) for tick, label in marks[first:last])
        made.append(Measure(i + (not score.pickup_quarters), start, end - start, Metre.parse(metre), key, chords))
    return made


def chord_changes(score: Score) -> list[tuple[int, str]]:
    """List where chords begin (ticks), with "N" where one ends and no other begins."""
    marks: list[tuple[int, str]] = []
    until = 0
    for start, end, label in score.chords:
        first, last = round(start * QUARTER), round(end * QUARTER)
        if marks and first > until:
            marks.append((until, "N"))
        if last > first:
            marks.append((first, label))
            until = last
    if marks and until < round(score.length_quarters * QUARTER):
        marks.append((until, "N"))
    return marks


def lay_out(part: Part, bars: list[Measure], at_chords: bool = False) -> list[list[list[Piece]]]:
    """Write a part bar by bar: for each bar its voices, the first always there, each filled up with rests.

    Notes that begin and end together are a chord; what overlaps otherwise goes to a further voice. at_chords: also cut
    notes where a chord begins.
    """
    spans = _voices(part, bars[-1].start + bars[-1].length)
    out: list[list[list[Piece]]] = [[] for _ in bars]
    lines = np.array([bar.start for bar in bars])
    for number, voice in enumerate(spans or [[]]):
        shares: list[list[tuple[int, int, tuple[int, ...], bool, bool]]] = [[] for _ in bars]
        for start, end, pitches in voice:
            i = int(np.searchsorted(lines, start, side="right")) - 1
            while i < len(bars) and bars[i].start < end:
                a, b = max(start, bars[i].start), min(end, bars[i].start + bars[i].length)
                shares[i].append((a - bars[i].start, b - bars[i].start, pitches, a > start, b < end))
                i += 1
        for bar, share, place in zip(bars, shares, out, strict=True):
            if share or not number:
                place.append(_fill(share, bar, at_chords))
    return out


def spelled(pitch: int, key: str) -> tuple[str, int, int]:
    """Letter, alteration and octave of a MIDI pitch, as a key spells it.

    >>> spelled(61, "D:maj"), spelled(59, "Gb:maj")
    (('C', 1, 4), ('B', 0, 3))
    """
    name = spell(pitch % 12, key)
    alter = name.count("#") - name.count("b")
    return name[0], alter, (pitch - alter - LETTERS[name[0]]) // 12 - 1


def signature(key: str) -> dict[str, int]:
    """Alterations of the letters in a key's signature.

    >>> signature("G:maj"), signature("")
    ({'F': 1}, {})
    """
    sharps = fifths(key)
    return dict.fromkeys(("FCGDAEB" if sharps > 0 else "BEADGCF")[: abs(sharps)], 1 if sharps > 0 else -1)


def beat_ticks(metre: Metre) -> int:
    """Ticks of a beat: a dotted quarter in 6/8, else the written unit, in quick metres a quarter."""
    return 36 if metre.unit == 8 and metre.beats % 3 == 0 else max(96 // metre.unit, QUARTER)


def _voices(part: Part, end: int) -> list[list[tuple[int, int, tuple[int, ...]]]]:
    together: dict[tuple[int, int], set[int]] = {}
    for first, last, pitch, _ in part.notes.tolist():
        start = min(max(round(first * QUARTER), 0), end - 1)
        stop = min(max(round(last * QUARTER), start + 1), end)
        together.setdefault((start, stop), set()).add(round(pitch))
    voices: list[list[tuple[int, int, tuple[int, ...]]]] = []
    for (start, stop), pitches in sorted(together.items(), key=lambda item: (item[0][0], -max(item[1]))):
        free = next((voice for voice in voices if voice[-1][1] <= start), None)
        if free is None:
            voices.append(free := [])
        free.append((start, stop, tuple(sorted(pitches))))
    return voices


def _fill(share: list[tuple[int, int, tuple[int, ...], bool, bool]], bar: Measure, at_chords: bool) -> list[Piece]:
    """Fill a bar with notes and rests, and mark its triplets."""
    cuts = [tick for tick, _ in bar.chords] if at_chords else []
    made: list[Piece] = []
    at = 0
    for start, end, pitches, before, after in [*share, (bar.length, bar.length, (), False, False)]:
        made += _pieces(at, start, (), cuts)
        run = _pieces(start, end, pitches, cuts)
        tied = [(i > 0 or before, i < len(run) - 1 or after) for i in range(len(run))]
        made += [replace(piece, tied=ties) for piece, ties in zip(run, tied, strict=True)]
        at = end
    return _triplets(made)


def _pieces(start: int, end: int, pitches: tuple[int, ...], cuts: list[int]) -> list[Piece]:
    edges = [start, *(cut for cut in cuts if start < cut < end), end]
    made: list[Piece] = []
    for first, last in pairwise(edges):
        at = first
        while at < last:
            length = _value(at, last)
            made.append(Piece(at, length, pitches))
            at += length
    return made


def _value(at: int, end: int) -> int:
    """Choose the first note value of what lasts from ``at`` to ``end``: all of it, up to the next quarter, the longest.

    >>> _value(0, 36), _value(18, 48), _value(0, 60), _value(6, 11)
    (36, 6, 48, 3)
    """
    if end - at in VALUES:
        return end - at
    edge = -(-at // QUARTER) * QUARTER
    if at < edge < end:
        return _value(at, edge)
    fits = [value for value in VALUES if value <= end - at and end - at - value != 1]
    plain = [value for value in fits if value % 3 == 0]
    return max(plain or fits)


def _triplets(pieces: list[Piece]) -> list[Piece]:
    """Mark where triplets open and close: when they add up to a plain length, or a plain note follows."""
    made: list[Piece] = []
    total = 0
    for i, piece in enumerate(pieces):
        if piece.triplet:
            opens = total == 0
            total += piece.length
            last = i + 1 == len(pieces) or not pieces[i + 1].triplet
            closes = total % 3 == 0 or last
            total = 0 if closes else total
            piece = replace(piece, opens=opens, closes=closes)
        made.append(piece)
    return made
