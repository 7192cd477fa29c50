"""``solfeggio write``: writers on the command line; a score goes in, variants and a page that plays them come out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="write",
    help="Write music: fill bars, write melodies over chords, turn knobs. MIDI, MusicXML, ABC go in and come out.",
    epilog="Examples:  solfeggio write inpaint tune.musicxml --bars 5-8 -o out    "
    'solfeggio write melody --chords "Dm7 G7 | Cmaj7" --style jazz -o out    '
    "solfeggio write vary tune.abc --knob density=+2 -o out",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Tune = Annotated[Path, typer.Argument(metavar="SCORE", help="A melody in 4/4: MIDI, MusicXML or ABC.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")]
Count = Annotated[int, typer.Option("--variants", "-n", min=1, max=100, help="How many variants.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed writes the same again.")]
Temperature = Annotated[
    float | None, typer.Option(help="0: the likeliest notes, 1: as learned, more: bolder [default: the writer's own].")
]
TopP = Annotated[float | None, typer.Option("--top-p", help="Draw only from the likeliest notes, up to this share.")]
Fit = Annotated[bool, typer.Option("--fit", help="Make the score fit (one voice, grid, range), and say what changed.")]
Format = Annotated[
    str | None,
    typer.Option("--format", "-f", metavar="F,F", help="page,midi,musicxml,svg,abc,audio [default: the first four]."),
]
Using = Annotated[str | None, typer.Option("--writer", metavar="NAME", help="Another bundle: its name or folder.")]
Over = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show Python's account of an error.")]
STEPS = 5  # of a knob on the page


@app.command(epilog="solfeggio write inpaint tune.musicxml --bars 5-8 -n 4 -o out")
def inpaint(
    tune: Tune,
    out: Out,
    bars: Annotated[str, typer.Option(metavar="A-B", help="Bars to write anew, as printed music counts them.")],
    n: Count = 4,
    seed: Seed = 0,
    temperature: Temperature = None,
    top_p: TopP = None,
    fit: Fit = False,
    format: Format = None,
    writer: Using = None,
    overwrite: Over = False,
    device: Device = "cpu",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Fill bars of a melody, given what is before and after them."""
    from solfeggio.writing import check_bars, span

    system = writer or "inpaint"
    job = _begin("inpaint", system, tune, out, format, n, fit, overwrite, device, quiet)
    chosen = check_bars(_bars(bars), job["given"])
    job["facts"] = {"written": f"bars {bars.replace('-', ' to ')}", "writer": system, "seed": seed}
    options = _options(temperature=temperature, top_p=top_p, bars=chosen)
    _finish(job, system, n, seed, device, options, marked=span(chosen, job["given"]))


@app.command(epilog='solfeggio write melody --chords "Dm7 G7 | Cmaj7" --style jazz -n 4 -o out')
def melody(
    out: Out,
    chords: Annotated[str, typer.Option(metavar="CHART", help='Chords, bars apart by |, such as "Dm7 G7 | Cmaj7".')],
    style: Annotated[str, typer.Option(help="What it learned from: jazz or folk.")] = "jazz",
    key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Such as A:min [default: found in the chords].")
    ] = None,
    choruses: Annotated[int, typer.Option(min=1, max=100, help="How often the chords are played.")] = 1,
    scale: Annotated[
        str, typer.Option(help="Notes of chord and key: bias (preferred), mask (no others), off.")
    ] = "bias",
    n: Count = 4,
    seed: Seed = 0,
    temperature: Temperature = None,
    top_p: TopP = None,
    format: Format = None,
    writer: Using = None,
    overwrite: Over = False,
    device: Device = "cpu",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write melodies over chords."""
    system = writer or "melody"
    job = _begin("melody", system, None, out, format, n, False, overwrite, device, quiet)
    job["facts"] = {"chords": chords, "style": style, "seed": seed}
    options = _options(temperature=temperature, top_p=top_p, chords=chords, style=style, key=key, scale=scale)
    options["choruses"] = choruses
    _finish(job, system, n, seed, device, options)


@app.command(epilog="solfeggio write vary tune.abc --knob density=+2 --knob contour=-1 -n 2 -o out")
def vary(
    tune: Tune,
    out: Out,
    knob: Annotated[
        list[str], typer.Option("--knob", metavar="NAME=STEPS", help="Turn a knob up or down; can be given again.")
    ],
    bars: Annotated[str | None, typer.Option(metavar="A-B", help="Only these bars [default: all].")] = None,
    wander: Annotated[
        float | None, typer.Option(min=0, help="How far variants stray by chance [default: 0, with -n 0.5].")
    ] = None,
    n: Count = 1,
    seed: Seed = 0,
    fit: Fit = False,
    format: Format = None,
    writer: Using = None,
    overwrite: Over = False,
    device: Device = "cpu",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Turn musical knobs of a melody: density, range, contour, rhythmic complexity; the page has them as sliders."""
    from solfeggio.writing import check_bars, span

    knobs = _knobs(knob)
    system = writer or "vary"
    job = _begin("vary", system, tune, out, format, n, fit, overwrite, device, quiet)
    job["facts"] = {"knobs": ", ".join(f"{name} {value:+g}" for name, value in knobs.items()), "seed": seed}
    chosen = None if bars is None else check_bars(_bars(bars), job["given"])
    wander = wander if wander is not None else 0.5 if n > 1 else None
    options = _options(knobs=knobs, bars=chosen, wander=wander)
    marked = None if chosen is None else span(chosen, job["given"])
    _finish(job, system, n, seed, device, options, marked=marked, turn=True)


def _begin(
    verb: str,
    system: str,
    tune: Path | None,
    out: Path,
    format: str | None,
    n: int,
    fit: bool,
    overwrite: bool,
    device: str,
    quiet: bool,
) -> dict[str, Any]:
    """Check all that can be wrong before anything is written: formats, folder, files that are there, writer, score."""
    from solfeggio.batch import output_folder
    from solfeggio.report.variants import USUAL, kinds_of, paths
    from solfeggio.writing import suited
    from solfeggio.writing import writer as load

    names = [name.strip().lower() for name in (format or "").split(",") if name.strip()]
    kinds = kinds_of(names) if names else None
    stem = verb if tune is None else f"{tune.stem}-{verb}"
    name, _ = load(system, device)
    given: Any = None
    changes: list[str] = []
    if tune is not None:
        from solfeggio.band.scores.files import read_score

        given, changes = suited(name, read_score(tune), fit)
    output_folder(out)
    paths(out, stem, kinds or USUAL, n, overwrite)
    return {
        "out": out, "stem": stem, "kinds": kinds, "given": given, "changes": changes, "facts": {},
        "overwrite": overwrite, "quiet": quiet,
    }  # fmt: skip


def _finish(
    job: dict[str, Any],
    system: str,
    n: int,
    seed: int,
    device: str,
    options: dict[str, Any],
    marked: tuple[float, float] | None = None,
    turn: bool = False,
) -> None:
    """Write, and say on stdout where the first file is; notes go to stderr."""
    import logging
    import sys

    from solfeggio.report.variants import USUAL, write_variants
    from solfeggio.writing import write

    quiet = job.pop("quiet")
    notes = logging.StreamHandler(sys.stderr)
    notes.setFormatter(logging.Formatter("note: %(message)s"))
    log = logging.getLogger("solfeggio")
    if not quiet:
        log.addHandler(notes)
    try:
        for line in job["changes"]:
            log.warning(line)
        scores = write(system, job["given"], n=n, seed=seed, device=device, **options)
        turning = None
        if turn and "page" in (job["kinds"] or USUAL):
            turning = _turning(system, job["given"], seed, device, options)
        files = write_variants(
            job.pop("out"), job.pop("stem"), scores, marked=marked, turning=turning, seed=seed, **job
        )
    finally:
        log.removeHandler(notes)
    if not quiet:
        print(files[0])


def _turning(system: str, given: Any, seed: int, device: str, options: dict[str, Any]) -> Any:
    """Write what the first two knobs give at five steps each; other knobs stay where they were put."""
    from itertools import product

    from solfeggio.report.score_page import Knob
    from solfeggio.report.variants import Turning
    from solfeggio.writing import write

    turned = list(options["knobs"].items())[:2]
    steps = {name: _steps(value) for name, value in turned}
    knobs = []
    for name, value in turned:
        said = tuple(f"{step:+g}" if step else "0" for step in steps[name])
        nearest = min(range(STEPS), key=lambda at: abs(steps[name][at] - value))
        knobs.append(Knob(name, said, nearest))
    grid = {}
    for place in product(range(STEPS), repeat=len(turned)):
        setting = {name: steps[name][at] for (name, _), at in zip(turned, place, strict=True)}
        mine = options | {"knobs": options["knobs"] | setting, "wander": 0.0}
        grid[place] = write(system, given, n=1, seed=seed, device=device, **mine)[0]
    return Turning(tuple(knobs), grid)


def _steps(value: float) -> list[float]:
    """Five steps around 0 that reach the value: -2 to 2 for values up to 2."""
    reach = max(2.0, abs(value))
    return [reach * (2 * i / (STEPS - 1) - 1) for i in range(STEPS)]


def _options(**given: Any) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _bars(text: str) -> tuple[int, int]:
    from solfeggio.errors import ConfigError

    first, _, last = text.partition("-")
    if not (first.strip().isdecimal() and (last or first).strip().isdecimal()):
        raise ConfigError(f"--bars {text}", "expected the first and the last bar", "write --bars 5-8")
    return int(first), int(last or first)


def _knobs(texts: list[str]) -> dict[str, float]:
    from math import isfinite

    from solfeggio.errors import ConfigError

    knobs = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            knobs[name.strip()] = float(value)
        except ValueError:
            raise ConfigError(f"--knob {text}", "expected a name and steps", "write --knob density=+2") from None
        if not isfinite(knobs[name.strip()]):
            raise ConfigError(f"--knob {text}", "steps must be a number", "write --knob density=+2")
    return knobs
