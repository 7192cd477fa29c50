"""Tunes in ABC and chorales in MusicXML as scores in which every bar is whole but a pick-up and the last."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np

from solfeggio.data.abc import read_tune
from solfeggio.data.musicxml import read_voices
from solfeggio.errors import DataError
from solfeggio.notation import Metre, Part, Score, Spans

SHORTEST = 4  # whole bars that a tune must have
BPM = {"tunes": 120.0, "bach": 90.0}
PROGRAMS = {"tunes": 40, "bach": 52}  # violin, choir
VOICES = ("melody", "alto", "tenor", "bass")


def tune_score(text: str, name: str = "tune") -> Score:
    """Read one ABC tune as a score of whole bars: repeats once, with their last ending; of double stops the top note.

    Bars that two halves around a repeat sign make are one. Where other bars are not whole the longest stretch of whole
    ones is kept. Raises DataError when it changes metre or has too few whole bars.

    >>> score = tune_score("X:1\\nT:Up\\nM:C\\nL:1/4\\nK:D\\nA|:DEFG|ABcd|dcBA|1 GFE2:|2 GFD:|")
    >>> score.title, score.pickup_quarters, score.length_quarters, score.keys[0][2]
    ('Up', 1.0, 16.0, 'D:maj')
    """
    signs = {m.replace("C|", "2/2").replace("C", "4/4") for m in re.findall(r"(?:^|\[)M:\s*([^\]\s%]+)", text, re.M)}
    if len(signs) != 1 or not re.fullmatch(r"\d+/\d+", sign := signs.pop()):
        raise DataError(f"tune {name}", "it has no metre, or several", "only tunes in one metre are read")
    song = read_tune(_plain(text), name)
    title = re.search(r"^T:\s*(.*)", text, re.M)
    downs = song.beats_quarters[song.positions == 1]
    edges = np.append(downs, song.length_quarters)
    notes = song.parts[0].notes
    return whole_bars(title[1].strip() if title else name, "tunes", (notes,), edges, sign, song.keys)


def chorale_score(path: Path) -> Score:
    """Read a chorale (.mxl) as a score of whole bars in four voices; raises DataError as ``tune_score``."""
    voices, edges, metre = read_voices(path)
    return whole_bars(path.stem, "bach", voices, edges, metre)


def whole_bars(
    title: str, source: str, voices: tuple[np.ndarray, ...], edges: np.ndarray, metre: str, keys: Spans = (),
    chords: Spans = (),
) -> Score:  # fmt: skip
    """Make a score of the longest stretch of whole bars; what is before the first of ``edges`` (quarters) is a pick-up.

    A short bar that the next one completes is one with it; the last may be short. Raises DataError below SHORTEST bars.
    """
    sign = Metre.parse(metre)
    full = sign.beats * 4 / sign.unit
    lines = [float(edges[0])]
    for a, b in pairwise(edges):
        before = lines[-1] - lines[-2] if len(lines) > 1 else full
        if before < full - 1e-3 and abs(before + b - a - full) < 1e-3:
            lines[-1] = float(b)
        else:
            lines.append(float(b))
    whole = np.abs(np.diff(lines) - full) < 1e-3
    whole[-1] |= lines[-1] - lines[-2] < full
    stops = [-1, *np.flatnonzero(~whole).tolist(), len(whole)]
    length, first = max((b - a - 1, -a - 1) for a, b in pairwise(stops))
    first = -first
    if length < SHORTEST:
        raise DataError(f"'{title}'", f"it has only {length} whole bars in a row", f"{SHORTEST} are needed")
    begin, end = lines[first], lines[first + length]
    pickup = begin if first == 0 and begin < full - 1e-3 else 0.0
    begin -= pickup
    parts = []
    for name, rows in zip(VOICES, voices, strict=False):
        inside = rows[(rows[:, 0] > begin - 1e-6) & (rows[:, 0] < end - 1e-6)].copy()
        inside[:, :2] = np.minimum(inside[:, :2], end) - begin
        parts.append(Part(name, PROGRAMS[source], inside))
    if not all(len(part.notes) for part in parts):
        raise DataError(f"'{title}'", "a voice has no notes there")
    size = end - begin
    moved = [
        tuple(
            (max(a, begin) - begin, min(b, end) - begin, k) for a, b, k in spans if a < end - 1e-6 and b > begin + 1e-6
        )
        for spans in (keys, chords)
    ]
    return Score(title, BPM[source], tuple(parts), size, ((0.0, size, metre),), moved[0], moved[1], pickup)


def _plain(text: str) -> str:
    """Leave of a tune what ``data.abc`` reads: no decorations, no first endings, of double stops the top note."""
    lines = []
    for line in text.splitlines():
        line = line.partition("%")[0].rstrip().rstrip("\\")
        if not re.match(r"[A-Za-z]:(?![|:])", line):
            line = re.sub(r'"[^"]*"|![^!]*!|\+[a-z]+\+|\{[^}]*\}', "", line)
            line = re.sub(r"\[([^\]|:\d\s][^\]|:]*)\](\d*/*\d*)", _top_note, line)
            line = f" {line}"  # "A:|" is no field
        lines.append(line)
    text = "\n".join(lines)
    return re.sub(r"(?:\[|\|\s*\[?)1(?![\d/])[^\]]*?:\|+\s*\[?2(?:nd)?", "|", text, flags=re.S)


def _top_note(stop: re.Match[str]) -> str:
    notes = re.findall(r"(?:\^\^|\^|__|_|=)?[A-Ga-g][,']*(?:\d*/*\d*)", stop[1])
    if not notes:
        return ""
    heights = [
        "CDEFGAB".index(re.sub(r"[^A-Ga-g]", "", n)[0].upper())
        + 7 * (any(c.islower() for c in n) + n.count("'") - n.count(","))
        for n in notes
    ]
    top = notes[int(np.argmax(heights))]
    return re.sub(r"\d*/*\d*$", "", top) + stop[2] if stop[2] else top
