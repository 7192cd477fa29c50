"""Stems: what a small separator learns from random mixes of the band, and what musical knowledge buys it.

Question: how well does a network that fits on a floppy disk three times over take apart music that it never heard, when
all it learned from are songs of the band; what do mixing players who never met, hearing at the harmonics, and stereo
each add; and does it hold for other sounds and for real recordings?

Method: an excerpt of each song is recorded once, in stems. Training mixes are made anew each time, of one song or of
any stems of any songs, at random levels, tones, speeds and places. The error of the masked mixture, phases included, is
summed over bands. Tests are songs, styles and sound banks that training never heard, and sums of real raw tracks;
numbers are dB of SI-SDR gained over the mixture itself, for the stems that sound, are not alone, and are at most 40 dB
down.

Cost: recording about a quarter of an hour of one core; released about 80 minutes; the study about three minutes a
training, eighteen of them.

    python recipes/stems.py prepare           record the stems, once, some 8 GB
    python recipes/stems.py train --smoke     all trainings, in seconds, on sketched songs
    python recipes/stems.py train             record, train the released system and the study; resumes where it stopped
    python recipes/stems.py evaluate          score the released system beside the mixture itself and ideal masks
    python recipes/stems.py report            score everything, write runs/stems/report.html and the bundle
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from safetensors.torch import load_file, save_file

from solfeggio import run
from solfeggio.answers import Stems
from solfeggio.contracts import Separator
from solfeggio.data.band import SUNG, licence
from solfeggio.data.songs import ENSEMBLES, SOUNDS, TESTS
from solfeggio.data.stems import FOUR, OTHER, RATE, Kept, Order, four, real_recordings
from solfeggio.data.stems import prepare as keep_all
from solfeggio.frontends.stft import ComplexStft
from solfeggio.lessons.mixing import Mixer, Mixes, Mixing, checked
from solfeggio.listeners.stems import TINY, Config, StemSeparator
from solfeggio.metrics.stems import leakage, si_sdr
from solfeggio.recipe import CACHE, Bundles, Cache, Jobs, Only, Out, Shared, Smoke, commands, finish
from solfeggio.studies.scores import HEADLINE, Score, across_seeds, by_group, compare, evaluate, extremes, summary
from solfeggio.studies.table import Table
from solfeggio.train import Budget, Fit, learn, read_fit

SEEDS = (0, 1)
RELEASED = Budget(steps=6000, batch=4, excerpt=4.0, rate=1.5e-3, check=300, threads=1)
STUDY = Budget(steps=300, batch=4, excerpt=4.0, rate=2e-3, check=100, threads=1)
SMOKE = Budget(steps=4, batch=2, excerpt=1.5, check=2, threads=1)
MIXER, LESSON = Mixer(), Mixing()
STUDIED = Config(channels=(16, 24, 32, 48), width=96)
JUDGED_SONGS = 1  # of each test set, by every measure of ``metrics.stems``
STUDY_SONGS = 6  # of each test set
ALONE_DB = 15.0  # SI-SDR of the mixture above which a stem is as good as alone
LOST_DB = -40.0  # and below which nobody would hear it
LEAK = "leak where silent"
COLUMNS = (*FOUR, "mean", LEAK)
FINER = (*OTHER, "mean of these")


@dataclass(frozen=True)
class Variant:
    """What the study trains: a system, how it is taught."""

    config: Config = STUDIED
    mixer: Mixer = MIXER
    lesson: Mixing = LESSON


VARIANTS = {
    "all knowledge": Variant(),
    "harmonics not shown": Variant(dataclasses.replace(STUDIED, harmonics=())),
    "and bands spaced as we hear": Variant(dataclasses.replace(STUDIED, harmonics=(), axis="mel")),
    "mono ears": Variant(dataclasses.replace(STUDIED, stereo=False)),
    "only coherent mixes": Variant(mixer=Mixer(coherent=1.0)),
    "only random mixes": Variant(mixer=Mixer(coherent=0.0)),
    "never faster or slower": Variant(mixer=Mixer(repitch=0.0)),
    "half as wide": Variant(dataclasses.replace(STUDIED, channels=(8, 12, 16, 24), width=48)),
    "and several resolutions": Variant(lesson=Mixing(multi_resolution=0.3)),
}
SONGS = {"popular": 240, "any": 110, "valid": 24, "test": 20}
FIRST = {"popular": 30_000_000, "any": 31_000_000, "valid": 32_000_000, "test": 33_000_000}
TEST_SECONDS = 20.0


def orders(smoke: bool) -> dict[str, list[Order]]:
    """Say what is recorded: train, valid, and a set for each family of sound banks that tests hear."""
    if smoke:
        sketched = {
            name: [
                Order(10 * i + k, side, "sketch", style, voices=False, seconds=4.0)
                for k, style in enumerate(("pop", "rock"))
            ]
            for i, (name, side) in enumerate((("train", "train"), ("valid", "valid"), ("test-sketch", "test")))
        }
        return {f"smoke-{name}": songs for name, songs in sketched.items()}
    train = [
        Order(FIRST["popular"] + i, "train", style=ENSEMBLES[i % len(ENSEMBLES)]) for i in range(SONGS["popular"])
    ] + [Order(FIRST["any"] + i, "train") for i in range(SONGS["any"])]
    valid = [
        Order(
            FIRST["valid"] + i,
            "valid",
            style=ENSEMBLES[3 * i % len(ENSEMBLES)] if i % 2 else None,
            seconds=12.0,
        )
        for i in range(SONGS["valid"])
    ]
    tests = {
        f"test-{family}": [Order(FIRST["test"] + i, "test", family, seconds=TEST_SECONDS) for i in range(SONGS["test"])]
        for family in TESTS.values()
    }
    return {"train": train, "valid": valid, **tests}


def kept(name: str, cache: Path, smoke: bool, jobs: int) -> list[Kept]:
    """Record a set of songs, or open what is there."""
    return keep_all(orders(smoke)[name], cache / "stems" / name, jobs, say)


LIMITS = (
    "What it cannot tell apart it shares out by level: duets, choirs against strings, two guitars stay together.",
    "Groups go by instrument, so a bass line on a cello is strings, and a drum machine's toms are drums.",
    "Effects that a mix got as a whole (compression, saturation) stay on every stem.",
    "It never heard a real recording or a real singer while learning.",
)
INVALID = (
    "Training and test songs come from one composer program and one mixing desk; sounds and styles are split.",
    "Voices are synthesised, and those of the tests by the same engines as those of the training.",
    "Test mixtures are plain sums of stems; records are compressed and limited after that.",
    "SI-SDR gained depends on how soft a stem is: a soft one gains more. The leak tells of silence.",
    "The real recordings are seven, and sums of raw tracks, not mixes.",
    "The study's trainings are short; what learns slowly may overtake with more steps.",
    "Energy is codecarbon's estimate from processor time, not a measurement.",
)


def train_all(out: Path, cache: Path, smoke: bool, jobs: int, only: str = "") -> None:
    """Record, train the released system, then every variant of the study with every seed."""
    for name, variant, budget, seed in plan(out, smoke, only):
        train_set, valid = (kept(f"{'smoke-' * smoke}{each}", cache, smoke, jobs) for each in ("train", "valid"))
        folder = out / name
        torch.manual_seed(seed)
        system = StemSeparator(smaller(variant.config, smoke))
        size = sum(p.numel() for p in system.parameters())
        print(f"== {name}: {size:,} parameters, {len(train_set)} songs", flush=True)
        batches = batches_of(train_set, variant.mixer, budget, seed)
        known = checked(valid, budget.excerpt, budget.batch)
        done = learn(system, batches, known, variant.lesson, budget, seed, folder, say)
        save_file(system.state_dict(), folder / "weights.safetensors")
        (folder / "done.json").write_text(json.dumps(dataclasses.asdict(done)))


def batches_of(songs: Sequence[Kept], mixer: Mixer, budget: Budget, seed: int) -> Callable[[int], Iterable[Any]]:
    """Make endless training batches, others after each check."""

    def batches(done: int) -> Iterable[Any]:
        return torch.utils.data.DataLoader(Mixes(songs, mixer, budget.excerpt, 1000 * seed + done), budget.batch)

    return batches


def plan(out: Path, smoke: bool, only: str) -> Iterator[tuple[str, Variant, Budget, int]]:
    """List the trainings that are not done: (folder, variant, budget, seed)."""
    jobs = [("released", Variant(Config()), RELEASED, 0)]
    jobs += [(f"study/{name}/{seed}", v, STUDY, seed) for seed in seeds(smoke) for name, v in VARIANTS.items()]
    for name, variant, budget, seed in jobs:
        if name.startswith(only) and not (out / name / "done.json").exists():
            yield name, variant, SMOKE if smoke else budget, seed


def seeds(smoke: bool) -> tuple[int, ...]:
    """Seeds of the study."""
    return SEEDS[:1] if smoke else SEEDS


def smaller(config: Config, smoke: bool) -> Config:
    """Shrink a variant for a smoke run."""
    if not smoke:
        return config
    kept_knowledge = {"axis": config.axis, "stereo": config.stereo}
    return dataclasses.replace(TINY, rate=RATE, harmonics=config.harmonics and TINY.harmonics, **kept_knowledge)


def load_variant(folder: Path, config: Config, smoke: bool) -> StemSeparator:
    """Read a trained variant of this run."""
    system = StemSeparator(smaller(config, smoke))
    system.load_state_dict(load_file(folder / "weights.safetensors"))
    return system.eval()


def score_stems(truth: Stems, estimate: Stems, columns: Sequence[str] = FOUR) -> dict[str, float]:
    """SI-SDR gained over the mixture in dB for each stem, NaN where that says nothing; and the mean leak of all."""
    mix = truth.mix()
    values, leaks = {}, []
    for name in columns:
        before = si_sdr(truth[name], mix) if np.abs(truth[name]).max(initial=0) > 1e-4 else float("nan")
        telling = LOST_DB < before < ALONE_DB
        values[name] = si_sdr(truth[name], estimate[name]) - before if telling else float("nan")
        leaks.append(leakage(truth[name], estimate[name], mix, truth.rate))
    return values | {"mean": mean(values.values()), LEAK: mean(leaks)}


def mean(values: Iterable[float]) -> float:
    """Mean of those that are numbers; NaN of none."""
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


Separate = Callable[[Stems], Stems]  # the truth, of which all but oracles hear only the mix, to eight or four stems


def by_system(system: Separator, **options: Any) -> Separate:
    """Separate with a trained system; one that can answer eight stems does."""
    able = system.answering("eight") if isinstance(system, StemSeparator) else system
    return lambda truth: run.separate(able, truth.mix(), truth.rate, **options)


def mixture(truth: Stems) -> Stems:
    """Give the mixture for every stem: what one has without a separator."""
    return Stems.of({label: truth.mix() for label in truth.labels}, truth.rate)


def ideal(truth: Stems) -> Stems:
    """Share every bin out by the true magnitudes: about the best that masks on such spectra can do."""
    frontend = ComplexStft(truth.rate, Config().window, Config().hop)
    sounds = torch.from_numpy(truth.samples.copy())
    spectra = frontend(sounds)
    masks = spectra.abs() / spectra.abs().sum(0).clamp_min(1e-9)
    found = frontend.inverse(masks * frontend(sounds.sum(0)), sounds.shape[-1])
    return Stems(truth.labels, found.numpy(), truth.rate)


def score_songs(songs: Mapping[str, Callable[[], Stems]], separate: Separate, finer: bool = False) -> list[Score]:
    """Score a separator on songs by name; finer: on what other is made of, against the whole mixture."""
    scores = []
    for name, read in songs.items():
        truth = read()
        if finer:
            values = score_stems(truth, separate(truth), OTHER)
            values["mean of these"] = values.pop("mean")
        else:
            estimate = separate(truth := four(truth))
            values = score_stems(truth, estimate if "other" in estimate.labels else four(estimate))
        scores.append(Score(name, values, {"song": name}))
    return scores


def test_songs(cache: Path, smoke: bool, jobs: int, shared: Path | None) -> dict[str, dict[str, Callable[[], Stems]]]:
    """Songs to test on by set and name, each read when asked for."""
    if smoke:
        found = {"sketched songs": kept("smoke-test-sketch", cache, smoke, jobs)}
    else:
        found = {name: kept(f"test-{family}", cache, smoke, jobs) for name, family in TESTS.items()}
    sets = {name: {song.path.stem: song.stems for song in songs} for name, songs in found.items()}
    return sets | ({"real recordings, sums of raw tracks": real_recordings(shared)} if shared else {})


def few(songs: Mapping[str, Callable[[], Stems]], count: int) -> dict[str, Callable[[], Stems]]:
    """Take the first ones."""
    return dict(list(songs.items())[:count])


def defined(scores: Iterable[Sequence[Score]], columns: Sequence[str]) -> tuple[str, ...]:
    """Columns for which any song says something."""
    every = [score for own in scores for score in own]
    return tuple(c for c in columns if any(np.isfinite(score.values[c]) for score in every))


def trained(out: Path, variant: str) -> list[Path]:
    """Folders of the trainings of a variant that are done, a seed each; a report can be written without the others."""
    return sorted(path.parent for path in (out / "study" / variant).glob("*/done.json"))


def score_study(out: Path, sets: Mapping[str, Mapping[str, Callable[[], Stems]]], smoke: bool) -> Table:
    """Table of the study: variants over seeds, on some songs of every set."""
    songs = {name: read for own in sets.values() for name, read in few(own, 1 if smoke else STUDY_SONGS).items()}
    runs: dict[str, list[list[Score]]] = {}
    extra: dict[str, dict[str, Any]] = {}
    for name, variant in VARIANTS.items():
        fits = []
        for folder in trained(out, name):
            system = load_variant(folder, variant.config, smoke)
            runs.setdefault(name, []).append(score_songs(songs, by_system(system)))
            fits.append(read_fit(folder))
        if not fits:
            continue
        extra[name] = {
            "parameters": sum(p.numel() for p in system.parameters()),
            "training Wh": round(1000 * float(np.mean([done.energy_kwh for done in fits])), 2),
        }
    columns = defined((own for each in runs.values() for own in each), COLUMNS)
    return across_seeds("What does knowledge buy? Same steps and seeds", runs, columns, extra)


def score_released(
    system: StemSeparator, sets: Mapping[str, Mapping[str, Callable[[], Stems]]], beside: Sequence[Path]
) -> tuple[dict[str, list[Score]], list[Table]]:
    """Score the released system on every set, beside the mixture, ideal masks and other trained separators."""
    scores, tables = {}, []
    others = {path.name: by_system(run.separator(path, "cpu")) for path in beside}
    for test, songs in sets.items():
        systems: dict[str, Separate] = {"released": by_system(system)}
        systems |= others
        systems |= {"mixture as it is": mixture, "ideal ratio masks": ideal}
        rows = {name: score_songs(songs, separate) for name, separate in systems.items()}
        scores[test] = rows["released"]
        note = "dB gained over the mixture, mean over songs with 95 % bootstrap interval; the leak is dB of the mixture"
        tables.append(
            compare(
                f"Four stems, {test}: beside answers that never learned", rows, defined(rows.values(), COLUMNS), note
            )
        )
        finer = {name: score_songs(songs, systems[name], True) for name in ("released", "ideal ratio masks")}
        if columns := defined(finer.values(), FINER):
            tables.append(compare(f"What other is made of, {test}", finer, columns, note))
    return scores, tables


def judge(system: StemSeparator, sets: Mapping[str, Mapping[str, Callable[[], Stems]]], smoke: bool) -> Table:
    """Ask every measure about a few songs of each set."""
    columns = HEADLINE["stems"]
    rows = {}
    separate = by_system(system)
    for test, songs in sets.items():
        own = []
        for name, read in few(songs, 1 if smoke else JUDGED_SONGS).items():
            truth = read()
            own.append(Score(name, evaluate(four(truth), four(separate(truth)), "stems")))
        rows[f"{test}: {len(own)} songs"] = own
    return compare("By every measure", rows, defined(rows.values(), columns))


def seconds_per_minute(system: Separator) -> float:
    """CPU seconds of one core to separate a minute of stereo."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 60 * RATE)).astype(np.float32)
    began = time.process_time()
    run.separate(system, noise, RATE)
    spent = time.process_time() - began
    torch.set_num_threads(threads)
    return spent


def report(
    out: Path, cache: Path, smoke: bool, jobs: int, bundles: Path, shared: Path | None, beside: Sequence[Path]
) -> None:
    """Score everything, write report.html, report.md and the bundle."""
    sets = test_songs(cache, smoke, jobs, shared)
    system = load_variant(out / "released", Config(), smoke)
    scores, tables = score_released(system, sets, beside)
    study = [score_study(out, sets, smoke)] if any(trained(out, name) for name in VARIANTS) else []
    tables = [*study, *tables, judge(system, sets, smoke)]
    done = read_fit(out / "released")
    facts = card_facts(scores, done, len(orders(smoke)[f"{'smoke-' * smoke}train"]), seconds_per_minute(system))
    run.save(system, bundles / "stems", facts)
    everything = [Score(s.id, s.values, {"set": test}) for test, own in scores.items() for s in own]
    tables.append(by_group("By set", everything, "set", defined([everything], COLUMNS)))
    finish(
        out,
        __doc__,
        "Stems",
        tables,
        curves={"released": done.curve},
        examples=examples(system, everything, sets),
        invalid=INVALID,
        provenance=facts,
    )


def examples(
    system: StemSeparator, scores: Sequence[Score], sets: Mapping[str, Mapping[str, Callable[[], Stems]]]
) -> Iterator[tuple[str, np.ndarray, int, dict[str, Any]]]:
    """The songs that came apart worst and best: the mixture, then its stems one after the other."""
    worst, best = extremes([score for score in scores if np.isfinite(score.values["mean"])], "mean", 1)
    songs = {name: read for own in sets.values() for name, read in own.items()}
    for verdict, score in (("worst", worst[0]), ("best", best[0])):
        truth = songs[score.id]().cut(0, 8)
        found = four(by_system(system)(truth))
        sound = np.concatenate([truth.mix(), *(found[name] for name in FOUR)], 1)
        yield f"{verdict}: {score.id}, mixture, {', '.join(FOUR)}", sound, RATE, {}


def card_facts(scores: dict[str, list[Score]], done: Fit, songs: int, cost: float) -> dict[str, Any]:
    """State what the bundle's card must say."""
    return {
        "what": "Stems of music recordings: vocals, drums, bass, and other, or piano, guitar, strings, winds, rest.",
        "data": [
            f"excerpts of {songs} songs composed, performed and recorded by the band, in stems (recipes/stems.py)",
            *SOUNDS,
        ],
        "licence": "Apache-2.0",
        "sounds": licence("A") + SUNG,
        "metrics": {
            test: {c: str(cell) for c, cell in zip(known, summary(own, known), strict=True)}
            for test, own in scores.items()
            if (known := defined([own], COLUMNS))
        },
        "limits": list(LIMITS),
        "recipe": "recipes/stems.py",
        "speed": f"{cost:.1f} CPU seconds a minute of stereo, on one core",
        **done.facts(),
    }


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)


app = commands(__doc__)
OUT = Path("runs/stems")
BESIDE = typer.Option([], help="bundle or folder of another separator to score beside; may be given again")


@app.command()
def prepare(cache: Cache = CACHE, smoke: Smoke = False, jobs: Jobs = 2) -> None:
    """Record the stems of all songs; goes on where it stopped."""
    for name in orders(smoke):
        say(f"{name}: {len(kept(name, cache, smoke, jobs))} songs")


@app.command()
def train(out: Out = OUT, cache: Cache = CACHE, smoke: Smoke = False, jobs: Jobs = 2, only: Only = "") -> None:
    """Record songs, train the released system and the study; continues where it stopped."""
    train_all(out, cache, smoke, jobs, only)


@app.command("evaluate")
def evaluate_command(
    out: Out = OUT,
    cache: Cache = CACHE,
    smoke: Smoke = False,
    jobs: Jobs = 2,
    shared: Shared = None,
    beside: list[Path] = BESIDE,
) -> None:
    """Score the released system beside the mixture itself, ideal masks and other separators."""
    system = load_variant(out / "released", Config(), smoke)
    for table in score_released(system, test_songs(cache, smoke, jobs, shared), beside)[1]:
        print(table.text(), "\n")


@app.command("report")
def report_command(
    out: Out = OUT,
    cache: Cache = CACHE,
    smoke: Smoke = False,
    jobs: Jobs = 2,
    bundles: Bundles = None,
    shared: Shared = None,
    beside: list[Path] = BESIDE,
) -> None:
    """Score everything, write the report and the bundle."""
    report(out, cache, smoke, jobs, bundles or out / "bundles", shared, beside)


if __name__ == "__main__":
    app()
