"""Drum tabs: hits over bars as plain text, one row a drum, four columns a beat (16 a bar of 4/4).

``x`` is a hit on metal, ``o`` one on a skin, ``X`` and ``O`` accents, ``-`` nothing. A hit is written in the column
nearest to it, so what is played in triplets or off the grid moves by up to half a column.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from solfeggio.answers import Events
from solfeggio.formats.lines import PathLike, write_text
from solfeggio.hits import regroup
from solfeggio.notation import Metre, bars, tempo

ROWS = {
    "CRC": "CC",
    "RDC": "RD",
    "OHH": "HO",
    "CHH": "HH",
    "OT": "PC",
    "TT": "T ",
    "SD": "SD",
    "KD": "BD",
}  # from above
METAL = ("CRC", "RDC", "OHH", "CHH")
COLUMNS = 4  # a beat
ACCENT = 0.85  # velocity from which a hit is one
A_LINE = 4  # bars
KEY = "CC crash, RD ride, HO hi-hat open, HH hi-hat, PC percussion, T toms, SD snare, BD kick; capitals are accents"


def write_drum_tab(hits: Events, beats: Events, path: PathLike, title: str = "") -> None:
    """Write hits over bars as text, the title on one line; hits and beats as for ``drum_tab``."""
    write_text(path, drum_tab(hits, beats, title))


def drum_tab(hits: Events, beats: Events, title: str = "") -> str:
    """Give the text of ``write_drum_tab``.

    hits: labels that ``hits.regroup`` knows as fine, values their velocities 0..1. beats: with positions in the bar.
    Rows of drums that are never struck are left out. Raises AnswerError for main classes (HH, CY).

    >>> beats = Events([0, 0.5, 1, 1.5], ["1", "2", "1", "2"])
    >>> hits = Events([0, 0, 0.25, 0.5, 0.5, 1], "KD CHH CHH CHH SD KD".split(), [0.9, 0.5, 0.3, 0.5, 0.5, 0.5])
    >>> print(drum_tab(hits, beats).partition(chr(10) * 2)[2])
    HH |x-x-x---|--------|
    SD |----o---|--------|
    BD |O-------|o-------|
    <BLANKLINE>
    """
    cut = bars(beats)
    head = [" ".join(title.split())] if title.strip() else []
    if not len(cut):
        return "\n".join([*head, "no bars were found", ""])
    head += [f"{Metre.parse(cut.labels[0])}, {tempo(beats):.0f} bpm", KEY]
    firsts = [*np.searchsorted(beats.times, cut.starts).tolist(), len(beats)]
    grid = _grid(hits, beats)
    rows = [label for label in ROWS if (grid[label] != "-").any()]
    lines = [*head]
    for start in range(0, len(cut), A_LINE):
        edges = [COLUMNS * first for first in firsts[start : start + A_LINE + 1]]
        lines.append("")
        for label in rows:
            cells = ("".join(grid[label][a:b]) for a, b in pairwise(edges))
            lines.append(f"{ROWS[label]} |{'|'.join(cells)}|")
    return "\n".join([*lines, ""])


def _grid(hits: Events, beats: Events) -> dict[str, np.ndarray]:
    """Signs of each drum at ``COLUMNS`` columns a beat, from the first beat on."""
    columns = COLUMNS * len(beats)
    grid = {label: np.full(columns, "-") for label in ROWS}
    fine = regroup(hits, "fine")
    last = beats.times[-1] + (beats.times[-1] - beats.times[-2] if len(beats) > 1 else 0.5)
    places = np.interp(fine.times, np.append(beats.times, last), COLUMNS * np.arange(len(beats) + 1), -1e9, 1e9)
    before = (fine.times < beats.times[0]) & (fine.times > beats.times[0] - (last - beats.times[-1]) / COLUMNS / 2)
    places[before] = 0  # a little early is still on the first beat
    loud = np.full(len(fine), 0.5) if fine.values is None else fine.values
    for place, label, force in zip(np.rint(places), fine.labels, loud, strict=True):
        if 0 <= place < columns:
            sign = "x" if label in METAL else "o"
            held = grid[label][int(place)]
            grid[label][int(place)] = sign.upper() if force >= ACCENT or held.isupper() else sign
    return grid
