"""``solfeggio band``: the band on the command line; songs for people, corpora for machines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="band",
    help="Music made here: songs with every truth known, one to listen to or hundreds of hours to learn from.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")]
Rate = Annotated[int, typer.Option(help="Samples per second.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show Python's account of an error.")]


@app.command()
def styles(
    markdown: Annotated[bool, typer.Option("--markdown", help="As a Markdown table.")] = False, debug: Debug = False
) -> None:
    """List the styles that the band plays."""
    from solfeggio.band.style import load_style, style_names

    rows = [(name, load_style(name).about) for name in style_names()]
    _table(("style", "what it is"), rows, markdown)


@app.command()
def corpora(
    markdown: Annotated[bool, typer.Option("--markdown", help="As a Markdown table.")] = False, debug: Debug = False
) -> None:
    """List the corpora that come with the toolkit."""
    from solfeggio.data.corpora import corpus_names, load_corpus

    found = [load_corpus(name) for name in corpus_names()]
    _table(
        ("corpus", "hours", "side", "sounds", "what it is"),
        [(c.name, f"{c.hours:g}", c.side, c.family + (", sung" if c.voices else ""), c.about) for c in found],
        markdown,
    )


@app.command()
def play(
    style: Annotated[
        str,
        typer.Argument(metavar="STYLE", help="A style's name, your own style file, or a MIDI, MusicXML or ABC file."),
    ],
    out: Out,
    seed: Annotated[int, typer.Option(min=0, help="Which song: the same seed, the same song.")] = 7,
    family: Annotated[str, typer.Option(help="Sounds: A, B or C (sound banks), or sketch (needs none).")] = "A",
    voices: Annotated[bool, typer.Option("--voices", help="Sing the words, where singers are installed.")] = False,
    rate: Rate = 44100,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Play one song: a folder with the mix, a stem of every part, score, MIDI, truth and a page that plays them."""
    from solfeggio.batch import output_folder
    from solfeggio.data.corpora import ready
    from solfeggio.data.takes import Take
    from solfeggio.report.band_page import write_song

    side = "test" if family in ("B", "C") else "train"
    take = Take(f"{Path(style).stem}-{seed}", seed, side, family, style, voices)
    ready(take)
    page = write_song(take, output_folder(out), rate=rate)
    if not quiet:
        print(page)


@app.command()
def corpus(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A corpus's name, or a corpus file of your own (.toml).")],
    out: Out,
    hours: Annotated[float | None, typer.Option(help="About so much music [default: the corpus's own size].")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes that work at the same time.")] = 1,
    rate: Rate = 22050,
    stems: Annotated[str, typer.Option(help="4 (drums, bass, vocals, other), parts, or none.")] = "4",
    dask: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Spread over a Dask cluster.")] = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Make a corpus: a folder for each song with mix, stems, truth and MIDI. Run again, it goes on where it stopped."""
    from solfeggio.batch import Item, output_folder, spread, work
    from solfeggio.data.corpora import MEAN_SECONDS, begin, finish, load_corpus, ready
    from solfeggio.data.takes import kept
    from solfeggio.terminal import Listening

    found = load_corpus(name)
    takes = [found.take(i) for i in range(found.count(hours))]
    for take in {take.style: take for take in takes}.values():
        ready(take)
    folder = begin(found, output_folder(out / found.name), rate=rate, stems=stems)
    items = [Item(Path(take.id), Path(take.id)) for take in takes if not kept(folder / take.id)]
    job = partial(_make, corpus=found, folder=folder.resolve(), rate=rate, stems=stems)
    outcomes = []
    with Listening(items, quiet, debug, doing="playing", total=len(items) * MEAN_SECONDS) as screen:
        many = work(job, items, jobs, screen.advance) if dask is None else spread(job, items, dask, screen.advance)
        for outcome in many:
            outcomes.append(outcome)
            screen.show(outcome)
    index = finish(found, folder)
    if not quiet:
        print(index)
    screen.sum_up(len(takes) - len(items), outcomes)
    if any(outcome.error for outcome in outcomes):
        raise typer.Exit(1 if any(outcome.bug for outcome in outcomes) else 2)


def _make(item: Any, advance: Any, *, corpus: Any, folder: Path, rate: int, stems: str) -> None:
    from solfeggio.data.takes import write_take
    from solfeggio.errors import SolfeggioError

    take = corpus.take(int(item.source.name.rpartition("-")[2]))
    try:
        facts = write_take(take, folder, rate=rate, stems=stems)
    except SolfeggioError as error:
        raise type(error)(f"{take.id}: {error.what}", error.why, error.todo) from error
    advance(facts["seconds"])


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], markdown: bool) -> None:
    if markdown:
        for row in (head, ("---",) * len(head), *rows):
            print(f"| {' | '.join(row)} |")
        return
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
