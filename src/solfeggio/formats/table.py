"""CSV: one row an item under a header row; holds every answer whole.

    Events    time[,label][,value]
    Segments  start,end[,label][,value]
    Curve     time,value (unit)
    Notes     start,end,pitch,velocity[,label]
    Tags      label,value

Numbers are written in full, labels are quoted where needed (RFC 4180), lines end with a line feed. The reader takes
commas, tabs and semicolons, columns in any order, further columns, rows in any order, and comments (#) above the
header.
"""

from __future__ import annotations

import re

from solfeggio.answers import Answer, Curve, Events, Notes, Segments, Tags
from solfeggio.formats.lines import (
    BREAKS,
    PathLike,
    build,
    cells,
    digits,
    interval,
    number,
    quoted,
    read_text,
    write_text,
    wrong,
)

COLUMNS: dict[type[Answer], dict[str, str]] = {  # column: field, in the order of writing
    Events: {"time": "times", "label": "labels", "value": "values"},
    Segments: {"start": "starts", "end": "ends", "label": "labels", "value": "values"},
    Curve: {"time": "times", "value": "values"},
    Notes: {"start": "starts", "end": "ends", "pitch": "pitches", "velocity": "velocities", "label": "labels"},
    Tags: {"label": "labels", "value": "values"},
}
OPTIONAL: dict[type[Answer], tuple[str, ...]] = {
    Events: ("label", "value"),
    Segments: ("label", "value"),
    Notes: ("label",),
}


def write(answer: Answer, path: PathLike) -> None:
    """Write any answer as a table."""
    used = {}
    for column, field in COLUMNS[type(answer)].items():
        value = getattr(answer, field)
        if value is None or (field == "labels" and column in OPTIONAL.get(type(answer), ()) and not value):
            continue
        used[column] = [quoted(v) for v in value] if field == "labels" else [digits(v) for v in value]
    names = list(used)
    if isinstance(answer, Curve) and answer.unit:
        names[1] = quoted(f"value ({answer.unit})")
    rows = [",".join(row) for row in zip(*used.values(), strict=True)]
    write_text(path, "\n".join([",".join(names), *rows]) + "\n")


def read(path: PathLike, kind: type[Answer]) -> Answer:
    """Read a table as an answer of the given kind; raises FormatError with the line that is wrong."""
    text = read_text(path)
    skipped = 0
    while (ended := BREAKS.search(text)) and (not text[: ended.start()].strip() or text.lstrip().startswith("#")):
        text = text[ended.end() :]
        skipped += 1
    start = re.match(r'\s*"?[^",;\t\r\n]*"?\s*([,;\t])', text)
    table = cells(path, text, start[1] if start else ",", skipped + 1)
    line, header = next(table, (skipped + 1, []))
    names = [cell.strip() for cell in header]
    unit = ""
    if kind is Curve:
        for i, cell in enumerate(header):
            named = re.fullmatch(r"\s*value\s*(?:\((.*)\)\s*)?", cell, re.DOTALL | re.IGNORECASE)
            if named:
                names[i], unit = "value", named[1] or ""
    names = [name.lower() for name in names]
    wanted = COLUMNS[kind]
    missing = [name for name in wanted if name not in names and name not in OPTIONAL.get(kind, ())]
    if missing:
        expected = ",".join(name for name in wanted if name not in OPTIONAL.get(kind, ()))
        why = f"the header lacks {' and '.join(missing)}"
        raise wrong(path, line, why, f"{kind.__name__} need the header {expected}, or say which format the file has")
    places = {name: names.index(name) for name in wanted if name in names}
    columns: dict[str, list] = {wanted[name]: [] for name in places}
    for line, row in table:
        if len(row) <= max(places.values()):
            raise wrong(path, line, f"{len(row)} cells, the header has {len(names)}", "quote labels that hold commas")
        for name, place in places.items():
            columns[wanted[name]].append(row[place] if name == "label" else number(row[place], path, line))
        if "ends" in columns:
            interval(columns["starts"][-1], columns["ends"][-1], path, line)
    return build(kind, path, **columns, unit=unit) if kind is Curve else build(kind, path, **columns)
