"""``solfeggio separate``: recordings taken apart on the command line; a folder of stems and a page for each."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer


def separate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER...", help="Sound files, or folders of them.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")],
    system: Annotated[str, typer.Option(metavar="NAME", help="The separator: a bundle's name or folder.")] = "stems",
    stems: Annotated[
        str | None,
        typer.Option(
            metavar="S,S",
            help="Only these; or piano, guitar, strings, winds, rest, residual, mixture [default: four, mixture].",
        ),
    ] = None,
    two_stems: Annotated[str | None, typer.Option(metavar="S", help="This stem, and the rest of the mix.")] = None,
    minus: Annotated[str | None, typer.Option(metavar="S,S", help="The mix without these.")] = None,
    format: Annotated[str, typer.Option("--format", "-f", help="wav, flac or mp3.")] = "wav",
    page: Annotated[bool, typer.Option(help="Write a page that plays the stems.")] = True,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")] = "auto",
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes that work at the same time.")] = 1,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave out recordings whose results are there.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show Python's account of an error.")] = False,
) -> None:
    """Take recordings apart: OUT/SONG/vocals.wav, drums.wav, ..., and stems.html, where each can be muted and mixed."""
    from solfeggio.batch import find, output_folder
    from solfeggio.report.separation import able, outputs, stem_files
    from solfeggio.run import separator
    from solfeggio.terminal import work_through

    chosen: dict[str, Any] = {"stems": _names(stems), "two": (two_stems or "").strip(), "minus": _names(minus)}
    kind = format.strip().lower()
    stem_files("", (), kind)  # complains about an unknown format
    items = find(files)
    written = outputs(able(separator(system, device), **chosen).spec.labels, **chosen)
    output_folder(out)
    job = partial(_separate_one, out=out, system=system, kind=kind, page=page, device=device, chosen=chosen)
    done = [f"/{file.name}" for file in stem_files("", list(written), kind)] if skip_existing else []
    work_through(job, items, out, done, jobs, quiet, debug, doing="separating")


def _separate_one(
    item: Any, advance: Any, *, out: Path, system: str, kind: str, page: bool, device: str, chosen: dict[str, Any]
) -> list[Path]:
    from solfeggio.report.separation import write_stems

    return write_stems(
        item.source, out, system, kind=kind, page=page, name=item.prefix, device=device, progress=advance, **chosen
    )


def _names(text: str | None) -> tuple[str, ...]:
    """Split a list of stems."""
    return tuple(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))
