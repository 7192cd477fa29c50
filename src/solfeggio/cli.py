"""The command line: it reads options, calls the verbs and says in one line what went wrong.

Results go to stdout or into the output folder, everything else to stderr. Exit codes: 0 done; 2 wrong input (in a
batch: a recording failed, the others are done); 1 a bug of ours; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from solfeggio import cli_band, cli_separate, cli_write

app = typer.Typer(
    name="solfeggio",
    help="Ear training for machines: hear beats, chords, key and form of recordings, and see what was heard.",
    epilog="Start with: solfeggio analyze song.mp3 -o out",
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(cli_band.app)
app.add_typer(cli_write.app)
app.command()(cli_separate.separate)

Sounds = Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER...", help="Sound files, or folders of them.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes that work at the same time.")]
Skip = Annotated[bool, typer.Option("--skip-existing", help="Leave out recordings whose results are there.")]
Tempo = Annotated[str | None, typer.Option(metavar="LOW:HIGH", help="Possible beats a minute, such as 60:180.")]
Metres = Annotated[str | None, typer.Option(metavar="M,M", help="Possible bars, such as 3/4,4/4,7/8.")]
Vocabulary = Annotated[str | None, typer.Option(metavar="NAME", help="Chords told apart: majmin, sevenths or large.")]
Format = Annotated[str | None, typer.Option("--format", "-f", metavar="F,F", help="page,jams,csv,beats,midi,click,...")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show Python's account of an error.")]
Recipe = Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name (a file in recipes/) or its path.")]
PASS = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Ear training for machines: hear beats, chords, key and form of recordings, and see what was heard."""
    if version:
        from solfeggio import __version__

        print(f"solfeggio {__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def analyze(
    files: Sounds,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")],
    format: Format = None,
    device: Device = "auto",
    jobs: Jobs = 1,
    skip_existing: Skip = False,
    tempo: Tempo = None,
    metres: Metres = None,
    vocabulary: Vocabulary = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Hear everything in recordings: for each a page that plays, labels, MIDI and a click track in the folder OUT."""
    from solfeggio.batch import find, output_folder
    from solfeggio.report.analysis import analysis_files, usual
    from solfeggio.run import check_options, heard
    from solfeggio.terminal import work_through

    kinds = _names(format) or usual()
    made = analysis_files("", kinds)  # complains about unknown formats
    options = _options(tempo, metres, vocabulary)
    check_options(heard(), options)
    items = find(files)
    output_folder(out)
    for task in heard():
        _load(task, device)
    job = partial(_analyze_one, out=out, kinds=kinds, device=device, options=options)
    done = [str(file) for listed in made.values() for file in listed]
    work_through(job, items, out, done if skip_existing else (), jobs, quiet, debug)


@app.command()
def hear(
    task: Annotated[str, typer.Argument(metavar="TASK", help="A trained system's name or folder.")],
    files: Sounds,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the answers [default: stdout].")] = None,
    format: Format = "csv",
    device: Device = "auto",
    jobs: Jobs = 1,
    skip_existing: Skip = False,
    tempo: Tempo = None,
    metres: Metres = None,
    vocabulary: Vocabulary = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Hear one thing in recordings: the answer of one trained system, as CSV on stdout or as files in OUT."""
    from solfeggio.batch import find, output_folder
    from solfeggio.errors import ConfigError
    from solfeggio.report.analysis import answer_files
    from solfeggio.run import check_options
    from solfeggio.terminal import work_through

    kinds = _names(format) or ("csv",)
    made = answer_files("", "answer", kinds)
    options = _options(tempo, metres, vocabulary)
    items = find(files)
    if out is None:
        if len(items) != 1 or len(kinds) != 1:
            what = f"{len(items)} recordings in {len(kinds)} formats on stdout"
            raise ConfigError(what, "one answer fits there", "give a folder with -o")
        check_options([_load(task, device)], options)
        job: Callable[..., Any] = partial(_print_one, task=task, kind=kinds[0], device=device, options=options)
        work_through(job, items, None, (), 1, quiet, debug)
        return
    output_folder(out)
    name = _load(task, device)
    check_options([name], options)
    made = answer_files("", name, kinds)
    job = partial(_hear_one, out=out, task=task, kinds=kinds, device=device, options=options)
    work_through(job, items, out, [str(file) for file in made] if skip_existing else (), jobs, quiet, debug)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("out"),
    debug: Debug = False,
) -> None:
    """Play the built-in song, hear it and write its page: what `make listen` does."""
    from solfeggio import audio
    from solfeggio.band.desk.sketch import demo as play
    from solfeggio.batch import output_folder

    song = output_folder(out) / "demo.flac"
    samples, rate, _ = play()
    audio.write(song, samples, rate)
    analyze([song], out)


@app.command()
def models(
    markdown: Annotated[bool, typer.Option("--markdown", help="As a Markdown table.")] = False,
    debug: Debug = False,
) -> None:
    """List the trained systems: what they hear or write, size, licence, numbers."""
    from solfeggio.report.models import models_table

    table = models_table()
    print(table.markdown() if markdown else table.text())


@app.command(context_settings=PASS)
def train(context: typer.Context, recipe: Recipe) -> None:
    """Train a system by its recipe; further options go to the recipe (try --smoke, --help)."""
    _recipe(recipe, "train", context.args)


@app.command(context_settings=PASS)
def evaluate(context: typer.Context, recipe: Recipe) -> None:
    """Score what a recipe trained; further options go to the recipe."""
    _recipe(recipe, "evaluate", context.args)


@app.command(context_settings=PASS)
def report(context: typer.Context, recipe: Recipe) -> None:
    """Write the report and the bundle of what a recipe trained; further options go to the recipe."""
    _recipe(recipe, "report", context.args)


@app.command()
def env(debug: Debug = False) -> None:
    """Show versions, devices, extras, system tools and sound banks: add it to every question and report."""
    from solfeggio.report.environment import environment

    for name, value in environment().items():
        print(f"{name:<14} {value}")


def _recipe(name: str, verb: str, args: Sequence[str]) -> None:
    """Run ``python recipes/NAME.py VERB ARGS`` in this process."""
    import runpy

    from solfeggio.errors import ConfigError, unknown

    path = Path(name)
    if path.suffix != ".py":
        path = Path("recipes") / f"{name}.py"
        if not path.parent.is_dir():
            todo = "go to a copy of the repository, or give the path of a .py file"
            raise ConfigError(f"unknown recipe '{name}'", "this folder has no recipes/ in it", todo)
    if not path.is_file():
        raise unknown("recipe", name, [p.stem for p in path.parent.glob("*.py")])
    args = [arg for arg in args if arg != "--debug"]
    sys.argv = [str(path), verb, *args]
    sys.path.insert(0, str(path.parent.resolve()))
    runpy.run_path(str(path), run_name="__main__")


def _load(system: str, device: str) -> str:
    """Load a system before any work, so that a wrong name is one error and not one for each recording; its task."""
    from solfeggio import bundle, run
    from solfeggio.contracts import Separator
    from solfeggio.errors import ConfigError

    found = run.shipped(bundle.folder(system), device)
    if isinstance(found, Separator):
        todo = f"solfeggio separate --system {system}"
        raise ConfigError(f"{system} is not heard", "its answer is sound: it takes recordings apart", todo)
    return type(found).__module__.rpartition(".")[2]


def _analyze_one(item: Any, advance: Any, *, out: Path, kinds: Sequence[str], device: str, options: Any) -> list[Path]:
    from solfeggio.report.analysis import write_analysis

    return write_analysis(item.source, out, kinds=kinds, name=item.prefix, device=device, progress=advance, **options)


def _hear_one(
    item: Any, advance: Any, *, out: Path, task: str, kinds: Sequence[str], device: str, options: Any
) -> list[Path]:
    from solfeggio.report.analysis import write_answer

    return write_answer(
        item.source, out, task, kinds=kinds, name=item.prefix, device=device, progress=advance, **options
    )


def _print_one(item: Any, advance: Any, *, task: str, kind: str, device: str, options: Any) -> str:
    from solfeggio.report.analysis import answer_text

    return answer_text(item.source, task, kind, device=device, progress=advance, **options)


def _options(tempo: str | None, metres: str | None, vocabulary: str | None) -> dict[str, Any]:
    """Turn --tempo, --metres and --vocabulary into options of the decoders."""
    from solfeggio.errors import ConfigError, unknown
    from solfeggio.harte import VOCABULARIES
    from solfeggio.notation import Metre

    options: dict[str, Any] = {}
    if tempo is not None:
        try:
            low, high = (float(part) for part in tempo.split(":"))
        except ValueError:
            why = "expected LOW:HIGH in beats a minute"
            raise ConfigError(f"--tempo {tempo}", why, "write --tempo 60:180") from None
        options["tempo"] = (low, high)
    if metres is not None:
        options["metres"] = tuple(str(Metre.parse(text.strip())) for text in metres.split(","))
    if vocabulary is not None:
        if vocabulary not in VOCABULARIES:
            raise unknown("vocabulary", vocabulary, VOCABULARIES)
        options["vocabulary"] = vocabulary
    return options


def _names(text: str | None) -> tuple[str, ...]:
    """Split a list of format names."""
    return tuple(dict.fromkeys(name.strip().lower() for name in (text or "").split(",") if name.strip()))


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; no error leaves it but as one line on stderr."""
    from solfeggio.errors import SolfeggioError

    args = list(sys.argv[1:] if args is None else args)
    debug = "--debug" in args
    try:
        code = typer.main.get_command(app).main(args, prog_name="solfeggio", standalone_mode=False)
        sys.stdout.flush()
        code = code if isinstance(code, int) else 0
        return _fail("interrupted", 130, debug) if code == 130 else code
    except SolfeggioError as error:
        return _fail(str(error), 2, debug)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted", 130, debug)
    except SystemExit as stop:  # a recipe ended itself
        return stop.code if isinstance(stop.code, int) else _fail(str(stop.code), 1, debug) if stop.code else 0
    except BrokenPipeError:  # the reader of stdout has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as problem:
        return _fail(f"{problem.filename or 'stdout'} cannot be used: {problem.strerror or problem}", 2, debug)
    except Exception as error:
        if hasattr(error, "format_message"):  # a wrong option or argument
            return _fail(f"{error.format_message()} (see solfeggio --help)", getattr(error, "exit_code", 2), debug)
        from solfeggio.batch import bug

        return _fail(bug(error), 1, debug)


def _fail(line: str, code: int, debug: bool) -> int:
    if debug:
        import traceback

        traceback.print_exc()
    print("error: " + " ".join(line.split()), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
