"""Audacity labels (``.txt``): start, end and label separated by tabs; a point is a region without length.

Values and confidences are left out. A label may hold spaces; line breaks and tabs it cannot.
"""

from __future__ import annotations

import re

from solfeggio.answers import Answer, Events, Segments
from solfeggio.formats.beats import position
from solfeggio.formats.lines import (
    PathLike,
    build,
    digits,
    interval,
    labels_or_none,
    line_labels,
    lines,
    number,
    read_text,
    write_text,
    wrong,
)


def write(answer: Events | Segments, path: PathLike) -> None:
    """Write events as points, segments as regions."""
    starts, ends = (answer.times, answer.times) if isinstance(answer, Events) else (answer.starts, answer.ends)
    rows = zip(starts, ends, line_labels(answer, path), strict=True)
    write_text(path, "".join(f"{digits(start)}\t{digits(end)}\t{label}\n" for start, end, label in rows))


def read(path: PathLike, kind: type[Answer]) -> Answer:
    """Read points as events (of a region its start), or regions as segments.

    Events may also come as two columns, time and label, as beat annotations named ``.txt`` do.
    """
    starts, ends, labels = [], [], []
    for line, text in lines(read_text(path)):
        if text.lstrip().startswith("\\"):  # the frequency range of the label above
            continue
        tabbed = "\t" in text.strip(" ")
        row = text.split("\t", 2) if tabbed else re.split(r"\s*,\s*|\s+", text.strip(), maxsplit=2)
        row = [cell.strip() for cell in row]
        start = number(row[0], path, line)
        if kind is Events and len(row) < 3:
            row = [row[0], row[0], *(position(cell) for cell in row[1:])]
        if len(row) < 2:
            raise wrong(path, line, "it has one column", "a region is start, end and label")
        first, last = interval(start, number(row[1], path, line), path, line)
        starts.append(first)
        ends.append(last)
        labels.append(row[2] if len(row) > 2 else "")
    names = labels_or_none(labels)
    if kind is Events:
        return build(kind, path, times=starts, labels=names)
    return build(kind, path, starts=starts, ends=ends, labels=names)
