"""What recipes share: the options of their commands, the facts of a card, and the end of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from solfeggio.studies.scores import Score, summary
from solfeggio.studies.table import Table

CACHE = Path("runs/cache")

Out = Annotated[Path, typer.Option("--out", "-o", help="folder of this run")]
Cache = Annotated[Path, typer.Option(help="folder of what is prepared once (sound, features, stems), shared by runs")]
Smoke = Annotated[bool, typer.Option("--smoke", help="seconds, on sketched songs; proves the path, not the numbers")]
Jobs = Annotated[int, typer.Option(help="processes that prepare, where there is something to prepare")]
Only = Annotated[str, typer.Option(help="do only what begins so, as folders of the run are called: released, study")]
Bundles = Annotated[Path | None, typer.Option(help="folder that gets the bundles; OUT/bundles by default")]
Shared = Annotated[Path | None, typer.Option(help="folder of shared data sets; adds real recordings to the tests")]


def commands(doc: str | None) -> typer.Typer:
    """Make the command line of a recipe, whose help is the recipe's own first lines."""
    return typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=doc)


def asked(doc: str | None) -> str:
    r"""Take question, method and cost from a recipe's first lines: what stands between the title and the commands.

    >>> asked("Beats: why?\n\nQuestion: who?\n\nCost: little.\n\n    python recipes/beats.py train\n")
    'Question: who?\n\nCost: little.'
    """
    paragraphs = (doc or "").split("\n\n")[1:]
    return "\n\n".join(part for part in paragraphs if not part.startswith("    "))


def means(scores: Mapping[str, Sequence[Score]], columns: Sequence[str]) -> dict[str, dict[str, str]]:
    """Means with intervals of each test set, as a card tells them."""
    return {
        test: {column: str(cell) for column, cell in zip(columns, summary(list(own), columns), strict=True)}
        for test, own in scores.items()
    }


def finish(out: Path, doc: str | None, title: str, tables: Sequence[Table], **page: Any) -> None:
    """Write report.html and report.md into ``out`` and print the tables; page: what else ``recipe_page`` takes."""
    from solfeggio.report.recipe_page import recipe_page

    recipe_page(out / "report.html", title=title, question=asked(doc), tables=tables, **page)
    print("\n\n".join(table.text() for table in tables))
    print(f"report: {out / 'report.html'}")
