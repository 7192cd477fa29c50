"""What all label files share: lines in, numbers out, and errors that name the file and the line."""

from __future__ import annotations

import codecs
import csv
import io
import math
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from solfeggio.answers import Answer
from solfeggio.errors import AnswerError, FormatError
from solfeggio.files import write_bytes

PathLike = str | os.PathLike[str]
HEADER = re.compile(r"\s*\"?(time|start|onset|begin|frame)", re.IGNORECASE)
BREAKS = re.compile(r"\r\n|\r|\n")


def wrong(path: PathLike, line: int, why: str, todo: str = "") -> FormatError:
    """Build the error for one line of a file."""
    return FormatError(f"{os.fspath(path)}, line {line}", why, todo)


def read_text(path: PathLike) -> str:
    """Read a text file as UTF-8, or as UTF-16 when it starts with that mark; the mark is removed."""
    what = f"{os.fspath(path)} cannot be read"
    try:
        with open(path, "rb") as file:
            data = file.read()
    except (OSError, ValueError) as problem:
        raise FormatError(what, getattr(problem, "strerror", "") or str(problem), "check the name") from problem
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
        raise wrong(path, line, "it is not UTF-8 text", "save it as UTF-8") from problem


def write_text(path: PathLike, text: str) -> None:
    """Write UTF-8 text with plain line ends, whole or not at all."""
    try:
        data = text.encode()
    except UnicodeEncodeError as problem:
        raise FormatError(
            f"{os.fspath(path)} cannot be written", f"{text[problem.start]!r} is no character"
        ) from problem
    write_bytes(path, data, FormatError)


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Number the lines from 1; leave out blank ones, comments (#) and a header that names the columns."""
    first = True
    for number, line in enumerate(BREAKS.split(text), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            if not (first and HEADER.match(line)):
                yield number, line
            first = False


def cells(path: PathLike, text: str, delimiter: str, first_line: int = 1) -> Iterator[tuple[int, list[str]]]:
    """Split cells, which may be quoted and then hold line breaks; (line number, cells) of each row."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as problem:
            raise wrong(path, first_line + reader.line_num - 1, str(problem), "check the quotes") from problem
        if row is None:
            return
        if any(cell.strip() for cell in row):
            yield first_line + reader.line_num - 1, row


def quoted(cell: str) -> str:
    """Quote a cell where a reader would otherwise split, strip or skip it."""
    plain = cell and cell == cell.strip() and not re.search(r'[",;\t\r\n]', cell) and cell[0] not in "#'"
    return cell if plain else '"' + cell.replace('"', '""') + '"'


def number(text: str, path: PathLike, line: int) -> float:
    """Read one finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise wrong(path, line, f"'{text.strip()[:40]}' is not a number", "times are seconds, with a point")
    return value


def digits(value: float) -> str:
    """Write a number in full, without exponent, so that reading gives the same number back.

    >>> digits(0.1), digits(2.0), digits(1e-7)
    ('0.1', '2.0', '0.0000001')
    """
    return np.format_float_positional(value, trim="0")


def line_labels(answer: Any, path: PathLike, also: str = "") -> Sequence[str]:
    """Labels of an answer, "" for none, that a line of text can hold; raises FormatError for one that it cannot.

    also: characters that must not stand at the start.
    """
    for label in answer.labels:
        if label != label.strip() or re.search(r"[\t\r\n]", label) or label.startswith(tuple(also)):
            raise FormatError(
                f"{os.fspath(path)} cannot be written", f"a line cannot hold the label {label!r}", "use .csv or .jams"
            )
    return answer.labels or [""] * len(answer)


def interval(start: float, end: float, path: PathLike, line: int) -> tuple[float, float]:
    """Check that a stretch does not end before it starts."""
    if end < start:
        raise wrong(path, line, f"it ends at {end:g}, before it starts at {start:g}")
    return start, end


def build(kind: type[Answer], path: PathLike, **columns: Any) -> Any:
    """Make an answer from columns in any order of time; labels that are all empty mean none."""
    columns = {name: column for name, column in columns.items() if column is not None}
    first = columns.get("times", columns.get("starts"))
    if first is not None:
        order = np.argsort(np.asarray(first, float), kind="stable")
        for name, column in columns.items():
            if name != "unit" and len(column):
                columns[name] = [column[i] for i in order]
    try:
        return kind(**columns)
    except AnswerError as problem:
        raise FormatError(f"{os.fspath(path)} cannot be read", str(problem)) from problem


def labels_or_none(labels: Sequence[str]) -> Sequence[str]:
    """No labels at all where every one is empty: a line of text cannot tell the two apart."""
    return labels if any(labels) else ()
