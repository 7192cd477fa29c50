"""``.lab``: one segment a line, start, end and label, as chord and section annotations are shared.

Confidences are left out. A label is the rest of its line, so it may hold spaces; line breaks and tabs it cannot.
"""

from __future__ import annotations

import re

from solfeggio.answers import Answer, Segments
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


def write(answer: Segments, path: PathLike) -> None:
    """Write segments, a line each, separated by tabs."""
    labels = line_labels(answer, path, also=",")
    rows = zip(answer.starts, answer.ends, labels, strict=True)
    write_text(path, "".join(f"{digits(start)}\t{digits(end)}\t{label}".rstrip() + "\n" for start, end, label in rows))


def read(path: PathLike, kind: type[Answer] = Segments) -> Segments:
    """Read segments separated by tabs, spaces or commas, in any order; overlap and no length are allowed."""
    starts, ends, labels = [], [], []
    for line, text in lines(read_text(path)):
        start, *rest = re.split(r"\s*[,\t]\s*|\s+", text.strip(), maxsplit=2)
        if not rest:
            raise wrong(path, line, "it has one column", "a segment is start, end and label")
        first, last = interval(number(start, path, line), number(rest[0], path, line), path, line)
        starts.append(first)
        ends.append(last)
        labels.append(rest[1].strip() if len(rest) > 1 else "")
    return build(kind, path, starts=starts, ends=ends, labels=labels_or_none(labels))
