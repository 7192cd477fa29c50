"""The report of a recipe: question, tables, curves, best and worst tracks, what could make it invalid."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio.answers import Answer, Events
from solfeggio.audio import mono
from solfeggio.files import write_bytes
from solfeggio.report.draw import learning_curves
from solfeggio.report.page import render
from solfeggio.report.player import clock, player_data
from solfeggio.studies.table import Estimate, Table, show

EXAMPLE_SECONDS = 60.0
EXAMPLE_KBPS = 64


def recipe_page(
    path: str | os.PathLike[str],
    *,
    title: str,
    question: str,
    tables: Sequence[Table],
    curves: Mapping[str, Iterable[Mapping[str, float]]] | None = None,
    examples: Iterable[tuple[str, np.ndarray, int, Mapping[str, Answer]]] = (),
    invalid: Sequence[str] = (),
    provenance: Mapping[str, Any] | None = None,
    charts: Mapping[str, str] | None = None,
) -> None:
    """Write one self-contained HTML report, and its tables as Markdown beside it.

    question: what was asked; empty lines part paragraphs. tables: each with its protocol as note. curves: run name to
    rows such as {"step": 100, "valid loss": 0.2}. examples: (title, samples (channel, time), rate in Hz, answers); the
    first minute of each is embedded, and the first answer that holds Events draws its grid. invalid: sentences.
    provenance: facts, nested ones too. charts: caption to an SVG of ``report.draw``. Raises SolfeggioError when
    the page cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     recipe_page(f"{folder}/r.html", title="Beats", question="Why?", tables=[Table("A", ("x",), ((1,),))])
    """
    drawn = dict(charts or {})
    rows = {name: list(points) for name, points in (curves or {}).items()}
    if any(rows.values()):
        drawn = {"How it learned": learning_curves(rows), **drawn}
    context = {
        "title": title,
        "question": [" ".join(part.split()) for part in question.split("\n\n") if part.strip()],
        "tables": [table_cells(table) for table in tables],
        "charts": drawn,
        "songs": [_example(*example) for example in examples],
        "invalid": [str(line) for line in invalid],
        "provenance": [(name, _listed(value)) for name, value in (provenance or {}).items() if value not in (None, "")],
    }
    write_bytes(path, render("report.html.jinja", context))
    write_bytes(Path(path).with_suffix(".md"), "\n".join(table.markdown() for table in tables).encode())


def table_cells(table: Table) -> dict[str, Any]:
    """Turn a table into what the template sets: texts, alignment, intervals as small bars, the best of each column.

    >>> table_cells(Table("Beats", ("system", "F"), (("ours", 0.95),)))["rows"][0][1]["text"]
    '0.950'
    """
    spans = [_span([row[i] for row in table.rows]) for i in range(len(table.columns))]
    rows = []
    for row in table.rows:
        cells = []
        for i, cell in enumerate(row):
            bar = None
            if isinstance(cell, Estimate) and (span := spans[i]) and np.isfinite(cell.low):
                low, high = span
                places = [100 * (value - low) / (high - low) for value in (cell.low, cell.high, cell.mean)]
                bar = {"left": places[0], "width": max(places[1] - places[0], 0.5), "mean": places[2]}
            cells.append({"text": show(cell), "number": table.numeric[i], "bar": bar})
        rows.append(cells)
    return {
        "title": table.title,
        "note": table.note,
        "columns": [{"name": n, "number": b} for n, b in zip(table.columns, table.numeric, strict=True)],
        "rows": rows,
    }


def _span(cells: Sequence[Any]) -> tuple[float, float] | None:
    """Lowest and highest end of a column's intervals, which share one scale."""
    ends = [end for c in cells if isinstance(c, Estimate) for end in (c.low, c.high, c.mean) if np.isfinite(end)]
    return (min(ends), max(ends)) if len(ends) > 1 and max(ends) > min(ends) else None


def _example(title: str, samples: np.ndarray, rate: int, answers: Mapping[str, Answer]) -> dict[str, Any]:
    samples = mono(samples)
    whole = samples.shape[1] / rate
    kept = samples[:, : round(EXAMPLE_SECONDS * rate)]
    shown = {name: answer.cut(0, EXAMPLE_SECONDS) for name, answer in answers.items()}
    grid = next((answer for answer in shown.values() if isinstance(answer, Events)), Events.none())
    packed = player_data(title, {"beats": grid, **shown}, kept, rate, kbps=EXAMPLE_KBPS, tempo=False)
    return packed | {"cut": f"The first minute of {clock(whole)}." if whole > EXAMPLE_SECONDS + 0.5 else ""}


def _listed(value: Any) -> Any:
    """Turn nested facts into texts: dicts to (name, value) pairs, sequences to lists."""
    if isinstance(value, Mapping):
        return {"pairs": [(str(name), _listed(inner)) for name, inner in value.items()]}
    if isinstance(value, (list, tuple)):
        if any(isinstance(inner, (Mapping, list, tuple)) or len(str(inner)) > 20 for inner in value):
            return {"lines": [_listed(inner) for inner in value]}
        return {"text": ", ".join(map(str, value))}
    return {"text": show(value) if isinstance(value, (int, float, Estimate)) else str(value)}
