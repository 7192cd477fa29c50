"""``.beats``: one event a line, time and position in the bar ("1" the downbeat), as beat annotations are shared.

Values are left out. A position written as a fraction (1.0, 1.000) is read as the whole number that it is.
"""

from __future__ import annotations

import os
import re

from solfeggio.answers import Answer, Events
from solfeggio.errors import FormatError
from solfeggio.formats.lines import (
    PathLike,
    build,
    digits,
    labels_or_none,
    line_labels,
    lines,
    number,
    read_text,
    write_text,
)


def write(answer: Events, path: PathLike) -> None:
    """Write events, a line each: time, tab, label."""
    for label in answer.labels:
        if position(label) != label:
            why = f"the label {label!r} would be read as {position(label)!r}"
            raise FormatError(f"{os.fspath(path)} cannot be written", why, "use .csv or .jams")
    rows = zip(answer.times, line_labels(answer, path, also=","), strict=True)
    write_text(path, "".join(f"{digits(time)}\t{label}".rstrip() + "\n" for time, label in rows))


def read(path: PathLike, kind: type[Answer] = Events) -> Events:
    """Read events: a time, then a label if there is one, separated by tabs, spaces or commas, in any order."""
    times, labels = [], []
    for line, text in lines(read_text(path)):
        time, *rest = re.split(r"\s*[,\t]\s*|\s+", text.strip(), maxsplit=1)
        times.append(number(time, path, line))
        labels.append(position(rest[0].strip()) if rest else "")
    return build(kind, path, times=times, labels=labels_or_none(labels))


def position(label: str) -> str:
    """Write "2.0" as "2"; other labels stay."""
    whole = re.fullmatch(r"([0-9]+)\.0*", label)
    return whole[1] if whole else label
