"""Sonic Visualiser layers as CSV (``.sv.csv``), without a header, as its import dialogue reads them.

    Events    time[,label]                            a time instants layer
    Curve     time,value                              a time values layer
    Segments  time,value,duration,label               a regions layer; the value places it in height and is 0
    Notes     time,pitch,duration,level[,label]       a note layer; the level is velocity / 127

Confidences and units are left out. Ends come back to a nanosecond, because the file holds durations.
"""

from __future__ import annotations

import os
import re

from solfeggio.answers import Answer, Curve, Events, Notes, Segments
from solfeggio.errors import FormatError
from solfeggio.formats.lines import (
    HEADER,
    PathLike,
    build,
    cells,
    digits,
    labels_or_none,
    number,
    quoted,
    read_text,
    write_text,
    wrong,
)


def write(answer: Answer, path: PathLike) -> None:
    """Write a layer: instants, values, regions or notes, as the answer asks for."""
    if isinstance(answer, Curve):
        columns = [answer.times, answer.values]
    elif isinstance(answer, Events):
        columns = [answer.times]
    elif isinstance(answer, Segments):
        columns = [answer.starts, 0 * answer.starts, answer.ends - answer.starts]
    elif isinstance(answer, Notes):
        columns = [answer.starts, answer.pitches, answer.ends - answer.starts, answer.velocities / 127]
    rows = [",".join(digits(value) for value in row) for row in zip(*columns, strict=True)]
    labels = getattr(answer, "labels", ())
    for label in labels:
        if re.search(r"[\r\n]", label):
            why = f"a layer cannot hold the label {label!r}"
            raise FormatError(f"{os.fspath(path)} cannot be written", why, "use .csv or .jams")
    if labels:
        rows = [f"{row},{quoted(label)}" for row, label in zip(rows, labels, strict=True)]
    write_text(path, "".join(row + "\n" for row in rows))


def read(path: PathLike, kind: type[Answer]) -> Answer:
    """Read a layer as an answer; a header row is skipped, and regions may lack the value (time,duration,label)."""
    text = read_text(path)
    rows: list[tuple[int, list[str]]] = []
    for line, row in cells(path, text, "\t" if "\t" in text and "," not in text else ","):
        if row[0].lstrip().startswith("#") or (not rows and HEADER.match(row[0])):
            continue
        rows.append((line, row))
    width = max((len(row) for _, row in rows), default=0)
    short = kind is Segments and width == 3 and not all(_is_number(row[-1]) for _, row in rows)
    numbers = {Events: 1, Curve: 2, Segments: 2 if short else 3, Notes: 4}[kind]
    columns: list[list[float]] = [[] for _ in range(numbers)]
    labels = []
    for line, row in rows:
        if len(row) < numbers:
            raise wrong(path, line, f"{len(row)} cells", f"a layer of {kind.__name__} has at least {numbers}")
        for column, cell in zip(columns, row, strict=False):
            column.append(number(cell, path, line))
        labels.append(row[-1] if len(row) > numbers else "")
        if kind in (Segments, Notes) and columns[1 if short else 2][-1] < 0:
            raise wrong(path, line, "a duration is negative")
    names = labels_or_none(labels)
    if kind is Curve:
        return build(kind, path, times=columns[0], values=columns[1])
    if kind is Events:
        return build(kind, path, times=columns[0], labels=names)
    lengths = columns[1 if short else 2]
    ends = [start + length for start, length in zip(columns[0], lengths, strict=True)]
    if kind is Segments:
        return build(kind, path, starts=columns[0], ends=ends, labels=names)
    velocities = [round(level * 127, 9) for level in columns[3]]
    return build(kind, path, starts=columns[0], ends=ends, pitches=columns[1], velocities=velocities, labels=names)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
