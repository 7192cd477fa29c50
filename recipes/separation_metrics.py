"""A fair look at separation metrics: which sees what?

Question: a separator has 8 dB and another 7. Which of the harms that a listener hears does a metric notice, which does
it not, what does it say where a stem is silent, and who would win by another metric? The answer has no winner: there is
no best metric, and a table of separators by a single number says as much about the number as about them.

Method: songs of the band, whose stems are known, are cut to excerpts. Every stem is harmed in eight ways, from mild to
strong (gain, delay, polarity, phase, codec, bleed, random holes in the spectrum, missing onsets), and the mix is
separated by four simple separators: two oracles, a median filter and nothing at all. Fourteen metrics judge all of
it. Shown are where each puts each harm among all estimates of the same stem, whether more harm is worse, what it says
the more of a stem is silent, how far two metrics agree, how each ranks the separators with the bootstrap's interval
over songs, and what separated drums are worth to who looks for hits.

Cost: nothing is trained. Half a minute to a minute of one core for each song of three stems.

    python recipes/separation_metrics.py judge --smoke     two sketched songs, in seconds
    python recipes/separation_metrics.py judge             12 songs; resumes where it stopped
    python recipes/separation_metrics.py judge --system X  asks about a separator of your own, too: a name or folder
    python recipes/separation_metrics.py report            tables and picture, runs/separation_metrics/report.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import typer

from solfeggio import run
from solfeggio.answers import Events, Stems
from solfeggio.audio import resample
from solfeggio.band.desk.mix import grouped
from solfeggio.band.truth import truth
from solfeggio.data.band import RATE, performance, recording
from solfeggio.errors import ConfigError, DataError
from solfeggio.files import write_bytes
from solfeggio.hits import regroup
from solfeggio.recipe import Out, Smoke, commands, finish
from solfeggio.studies.harmed_stems import SEPARATORS, Separator, fitted, harm
from solfeggio.studies.separation_metrics import (
    ALONE,
    agreement,
    in_short,
    judged,
    judged_by_hits,
    judged_in_silence,
    placed,
    places,
    rankings,
    said,
    silence,
    steps,
    tasks,
)

SEED = 8_000_000  # of songs that no training draws
STYLES = ("rock", "pop", "funk", "disco", "soul", "hip-hop", "hard-rock", "jazz-swing", "reggae", "house", "country",
          "ballad")  # fmt: skip
SECONDS = 20.0
ANSWERS = ("judged", "silence", "hits", "transcribed")
TRANSCRIBER = "kicks, snares and hi-hats by the shipped transcriber"
INVALID = (
    "Songs are the band's: clean, in time, with little bleed between microphones. Real stems are messier.",
    "Harms are uniform over a song; separators err where it is hard. A metric may see one and not the other.",
    "How strong a mild or a strong harm is was chosen by hand, and places depend on what stands beside them.",
    "Nobody listened: that a metric sees a harm does not say that a person minds it.",
    "Three stems a song, summed from the players; more stems, or likelier ones, give other numbers.",
    "Excerpts of 20 s give few frames to a median, and the filters of BSSEval less to fit than a whole song.",
    "The tasks are two listeners for drum hits, one of which never learned; others may gain from other stems.",
    "The four separators are far apart. The closer two are, the more the choice of metric decides who wins.",
)


def excerpt(number: int, smoke: bool) -> tuple[Stems, Events]:
    """Drums, bass and other (vocals, where somebody sings) of a song's middle, and the true drum hits."""
    side, family = ("test", "sketch") if smoke else ("train", "A")
    seed, style = SEED + number, "rock" if smoke else STYLES[number % len(STYLES)]
    played, made = performance(seed, side, style), recording(seed, side, family, style)
    stems = {name: sound for name, sound in grouped(made.stems, played).items() if sound.any()}
    if smoke:  # the left channel, at a lower rate
        stems = {name: resample(sound[:1], RATE, RATE // 2) for name, sound in stems.items()}
    length = 3.0 if smoke else SECONDS
    start = max(played.duration / 2 - length / 2, 0.0)
    whole = Stems.of(stems, RATE // 2 if smoke else RATE)
    return whole.cut(start, start + length), truth(played)["drums"].cut(start, start + length)


def plugged(name: str) -> Separator:
    """A trained separator, by bundle name or folder."""
    system = run.load(name)
    if system.spec.answer is not Stems:
        raise ConfigError(f"{name} answers {system.spec.answer.__name__}", "it does not separate", "name another")
    return lambda song: fitted(run.hear(system, song.mix(), song.rate), song)


def transcriber() -> Callable[[np.ndarray, int], Events]:
    """The shipped drum transcriber: samples and rate to hits, by the drums that are counted."""
    system = run.load("drums")
    return lambda sound, rate: regroup(run.hear(system, sound, rate), "main")


def given(found: Stems, truth: Stems) -> Stems:
    """A separator that gives what was found before, as three studies ask for it."""
    return found


def judge_all(out: Path, smoke: bool, songs: int, systems: list[str]) -> None:
    """Judge every song, or what was not judged yet, or not by all of the separators."""
    separators = {**SEPARATORS, **{Path(name).name: plugged(name) for name in systems}}
    (out / "songs").mkdir(parents=True, exist_ok=True)
    transcribe = transcriber()
    for number in range(songs):
        path = out / "songs" / f"{number:03}.json"
        found = json.loads(path.read_text()) if path.exists() else {}
        missing = [
            key for key in ANSWERS if key not in found or (key != "silence" and not set(separators) <= set(found[key]))
        ]
        if not missing:
            continue
        print(f"== song {number + 1} of {songs}", flush=True)
        song, hits = excerpt(number, smoke)
        hits = regroup(hits, "main")
        apart = {name: partial(given, separate(song)) for name, separate in separators.items()}
        works: dict[str, Callable[[], Any]] = {
            "judged": lambda song=song, apart=apart, seed=number: judged(song, apart, seed),
            "silence": lambda song=song: judged_in_silence(song),
            "hits": lambda song=song, hits=hits, apart=apart: judged_by_hits(song, hits, apart),
            "transcribed": lambda song=song, hits=hits, apart=apart: judged_by_hits(song, hits, apart, transcribe),
        }
        write_bytes(path, json.dumps(found | {key: works[key]() for key in missing}).encode())


def report(out: Path, smoke: bool) -> None:
    """Set everything side by side; write report.html, report.md and places.svg."""
    from solfeggio.report.draw import heat

    found = [json.loads(path.read_text()) for path in sorted((out / "songs").glob("*.json"))]
    if not found:
        raise DataError(f"{out} holds no judged songs", "nothing to report", "judge first")
    asked, silent, hits, heard_hits = ([song[key] for song in found] for key in ANSWERS)
    names = [name for name in hits[0] if name != ALONE and all(name in song for song in asked)]
    tables = [
        in_short(asked, silent), rankings(asked, names), placed(asked), steps(asked), silence(silent), agreement(asked),
        tasks(hits), tasks(heard_hits, TRANSCRIBER), said(asked),
    ]  # fmt: skip
    picture = heat(places(asked), 0, 1, "share of the estimates that look better", "Where each metric puts each harm")
    song, true_hits = excerpt(0, smoke)
    rng = np.random.default_rng(0)
    heard = {"drums as they are": song["drums"]} | {
        f"drums, {name} {amount:g}": harm(song, name, amount, rng)["drums"]
        for name, amount in (("bleed", 30), ("musical noise", 0.3), ("missing onsets", 1.0))
    }
    heard |= {f"drums by {name}": separate(song)["drums"] for name, separate in SEPARATORS.items()}
    finish(
        out,
        __doc__,
        "A fair look at separation metrics",
        tables,
        invalid=INVALID,
        examples=[(name, sound, song.rate, {"hits": true_hits}) for name, sound in heard.items()],
        charts={"Where each metric puts each harm": picture},
        provenance={
            "songs": len(found),
            "first seed": SEED,
            "family": "sketch" if smoke else "A",
            "excerpt": f"{song.duration:g} s at {song.rate} Hz, stems {', '.join(song.labels)}",
        },
    )
    write_bytes(out / "places.svg", picture.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1).encode())


app = commands(__doc__)
OUT = Path("runs/separation_metrics")
SONGS = typer.Option(len(STYLES), "--songs", help="songs to judge")
SYSTEM = typer.Option([], "--system", help="a separator to judge beside the simple ones: bundle name or folder")


@app.command()
def judge(out: Out = OUT, smoke: Smoke = False, songs: int = SONGS, system: list[str] = SYSTEM) -> None:
    """Harm and separate songs and ask every metric; continues where it stopped."""
    judge_all(out, smoke, 2 if smoke else songs, system)


@app.command("report")
def report_command(out: Out = OUT, smoke: Smoke = False) -> None:
    """Set everything side by side and write the report."""
    report(out, smoke)


if __name__ == "__main__":
    app()
