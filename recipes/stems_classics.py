"""Classic separators: what five small networks and a factorisation make of the same stems, steps and seeds.

Question: Open-Unmix, the deep recurrent joint mask of Huang, IASS, the timbre network of Chandna and nonnegative
factorisation come from different years, data and budgets. Given the same little of each, which takes a band apart best,
what does stereo buy, what does the Wiener filter, what does IASS's gate do where a stem is silent and where it is not,
and how far does a factorisation get that knows the drum hits, or the whole score?

Method: four stems (vocals, drums, bass, other) of the band's songs, mixed anew for every step; networks are small
configurations of the published ones, trained with the losses of their papers. Tests are songs, styles and sound banks
that training never met, and sums of the raw tracks of real recordings where a folder of them is given. Numbers are
improvements over the mix in SI-SDR, and leakage: what is left of the mix where the stem is silent, which SI-SDR cannot
see. Beside them stand the mix itself and the ideal ratio mask, which never learned anything.

Cost: stems a quarter of an hour of one core, once, shared with recipes/stems.py; about 4 to 8 minutes a training, one
for the dictionary of the factorisation; half an hour to test.

    python recipes/stems_classics.py train --smoke    all trainings, in seconds, on sketched songs
    python recipes/stems_classics.py train            record stems, train; resumes where it stopped
    python recipes/stems_classics.py evaluate         separate and score every test, once
    python recipes/stems_classics.py report           runs/stems_classics/report.html and the bundles
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from solfeggio import run
from solfeggio.answers import Events, Notes, Stems
from solfeggio.band import excerpt
from solfeggio.band.truth import truth
from solfeggio.contracts import Separator
from solfeggio.data.band import performance
from solfeggio.data.shared import real_dataset
from solfeggio.data.songs import ENSEMBLES, SOUNDS, TESTS
from solfeggio.data.stems import FOUR, GROUPS, OTHER, RATE, Kept, Order, four, group_of, real_stems
from solfeggio.data.stems import prepare as keep_all
from solfeggio.errors import DataError
from solfeggio.files import write_bytes
from solfeggio.lessons.mixing import Mixer, Mixes, checked
from solfeggio.listeners import stems_iass, stems_nmf, stems_umx
from solfeggio.metrics.stems import framewise, leakage, si_sdr
from solfeggio.recipe import CACHE, Bundles, Cache, Jobs, Only, Out, Shared, Smoke, commands, finish, means
from solfeggio.studies.harmed_stems import ratio_mask
from solfeggio.studies.scores import Score, compare, over_tracks
from solfeggio.studies.table import Table
from solfeggio.train import Budget, Fit, learn

SEEDS = (0,)
STUDY = Budget(steps=200, batch=4, excerpt=3.0, rate=2e-3, decay=1e-5, check=50, threads=1, precision="32-true")
SMOKE = Budget(steps=4, batch=2, excerpt=1.0, check=2, threads=1, precision="32-true")
SETTLING = 24  # mixes from which means and deviations of bins are taken
DICTIONARY = 40  # excerpts of a stem from which its templates are learned
TEST_SONGS = 8  # of each family
SONGS = {"popular": 240, "any": 110, "valid": 24, "test": TEST_SONGS}
FIRST = {"popular": 30_000_000, "any": 31_000_000, "valid": 32_000_000, "test": 33_000_000}
REAL = "real recordings"
VARIANTS: dict[str, tuple[str, Any]] = {  # what is trained: system, configuration
    "umx": ("stems_umx", stems_umx.SMALL),
    "umx-mono": ("stems_umx", stems_umx.MONO),
    "huang": ("stems_umx", stems_umx.HUANG_SMALL),
    "iass": ("stems_iass", stems_iass.SMALL),
    "chandna": ("stems_iass", stems_iass.CHANDNA_SMALL),
    "nmf": ("stems_nmf", stems_nmf.RELEASED),
}
TITLES = {"umx": "Open-Unmix", "umx-mono": "Open-Unmix, mono", "huang": "joint mask", "iass": "IASS, gated",
          "chandna": "timbre network", "nmf": "factorisation"}  # fmt: skip
OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {  # other ways to use what was trained: variant, options of decode
    "Open-Unmix, no Wiener filter": ("umx", {"iterations": 0}),
    "Open-Unmix, 2 iterations": ("umx", {"iterations": 2}),
    "IASS, no gate": ("iass", {"gate": False}),
}
ALONE_DB = 30.0  # SI-SDR of the mix from which on a stem plays alone
UNLEARNED = "mix as it is (never learned)"
ORACLE = "ideal ratio mask (never learned, knows the truth)"
SMALLER = {  # of a smoke run
    "stems_umx": {"rate": 8000, "window": 256, "hop": 64, "cutoff": 3000.0, "width": 8, "depth": 2},
    "stems_iass": {"rate": 8000, "window": 256, "hop": 64, "cutoff": 3000.0, "widths": (2, 3, 4), "filters": 4,
                   "dense": 8},
    "stems_nmf": {"rate": 8000, "window": 256, "hop": 64, "ranks": (3, 3, 3, 3), "extra": 2, "iterations": 8},
}  # fmt: skip
LIMITS = (
    "A small configuration trained for minutes, to be compared with its neighbours: not the published system.",
    "Voices are those of a few synthesised singers; real ones are harder.",
    "It never heard a real recording while learning.",
)
INVALID = (
    "A few minutes of training are far from what these papers used; who learns slowly may overtake with more.",
    "The small configurations differ in size and in cost per step: equal steps are not equal work.",
    "Songs of tests come from the same composer program as those of training; the real recordings are seven excerpts.",
    "One seed each unless more were trained: differences below a decibel may be chance.",
    "The band's notes and hits are exact. What a factorisation hears in a score that is off by 50 ms is not shown.",
    "Mono systems hear each channel alone, so they do twice the work on stereo.",
    "Energy is codecarbon's estimate from processor time, not a measurement.",
)


def orders(smoke: bool) -> dict[str, list[Order]]:
    """Say what is recorded: the excerpts of recipes/stems.py, fewer for tests."""
    if smoke:
        sides = {"smoke-train": "train", "smoke-valid": "valid", "smoke-test-sketch": "test"}
        return {
            name: [Order(10 * i + k, side, "sketch", style, voices=False, seconds=4.0)
                   for k, style in enumerate(("pop", "rock"))]
            for i, (name, side) in enumerate(sides.items())
        }  # fmt: skip
    train = [Order(FIRST["popular"] + i, "train", style=ENSEMBLES[i % len(ENSEMBLES)]) for i in range(SONGS["popular"])]
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
        f"test-{family}": [Order(FIRST["test"] + i, "test", family, seconds=20.0) for i in range(SONGS["test"])]
        for family in TESTS.values()
    }
    return {"train": train + [Order(FIRST["any"] + i, "train") for i in range(SONGS["any"])], "valid": valid, **tests}


def kept(kind: str, cache: Path, smoke: bool, jobs: int) -> list[Kept]:
    """Record a set of songs, or open what is there."""
    name = f"smoke-{kind}" if smoke else kind
    return keep_all(orders(smoke)[name], cache / "stems" / name, jobs, lambda line: print(line, flush=True))


def built(variant: str, smoke: bool, seed: int = 0) -> Separator:
    """Make an untrained system."""
    name, config = VARIANTS[variant]
    torch.manual_seed(seed)
    return run.build(name, dataclasses.replace(config, **SMALLER[name]) if smoke else config)


def folded(stems: torch.Tensor, system: Separator) -> torch.Tensor:
    """Add (batch, group, 2, time) up to the system's stems, in its channels and at its rate."""
    rows = [[GROUPS.index(group) for group in (OTHER if label == "other" else (label,))] for label in FOUR]
    found = torch.stack([stems[:, own].sum(1) for own in rows], 1)
    if system.spec.channels == 1:
        found = found.mean(2, keepdim=True)
    if system.spec.rate != RATE:  # a smoke run's
        found = torch.nn.functional.interpolate(found.flatten(1, 2), scale_factor=system.spec.rate / RATE)
        found = found.unflatten(1, (len(FOUR), -1))
    return found


def step(system: Any, stems: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Undo the sum of stems: the loss of one batch and its named parts."""
    with torch.no_grad():
        spectra = system.prepare(folded(stems, system))
    mixture = spectra.sum(1)
    return system.loss(system(mixture), {"spectra": spectra, "mixture": mixture})


def settle(system: Any, songs: Sequence[Kept], seconds: float, seed: int) -> None:
    """Give networks the means and deviations of what they will hear."""
    mixes = iter(Mixes(songs, Mixer(), seconds, seed))
    with torch.no_grad():
        heard = [system.level(system.prepare(folded(next(mixes)[None], system).sum(1))) for _ in range(SETTLING)]
    bins = torch.cat([level.transpose(1, 2).flatten(2)[0] for level in heard], 1)
    system.standardise(bins.mean(1), bins.std(1))


def train_all(out: Path, cache: Path, smoke: bool, jobs: int, only: str = "") -> None:
    """Record the stems and train every variant with every seed."""
    for variant in VARIANTS:
        for seed in SEEDS:
            folder = out / variant / str(seed)
            if (folder / "done.json").exists() or not f"{variant}/{seed}".startswith(only):
                continue
            system = built(variant, smoke, seed)
            train, valid = (kept(kind, cache, smoke, jobs) for kind in ("train", "valid"))
            size = sum(p.numel() for p in system.parameters())
            print(f"== {variant}/{seed}: {size:,} parameters, {len(train)} songs", flush=True)
            folder.mkdir(parents=True, exist_ok=True)
            work = learn_dictionary if variant == "nmf" else learn_network
            done = work(system, train, valid, SMOKE if smoke else STUDY, seed, folder)
            save_file(system.state_dict(), folder / "weights.safetensors")
            write_bytes(folder / "done.json", json.dumps(dataclasses.asdict(done)).encode())


def learn_network(
    system: Separator, train: Sequence[Kept], valid: Sequence[Kept], budget: Budget, seed: int, folder: Path
) -> Fit:
    """Train on mixes made anew; continues where it stopped."""
    torch.set_num_threads(1)
    if not (folder / "last.ckpt").exists():
        settle(system, train, budget.excerpt, seed)

    def batches(done: int) -> Any:
        return torch.utils.data.DataLoader(Mixes(train, Mixer(), budget.excerpt, seed + 1000 * done), budget.batch)

    tests = checked(valid, budget.excerpt, budget.batch)
    return learn(system, batches, tests, step, budget, seed, folder, lambda line: print(line, flush=True))


def learn_dictionary(
    system: Any, train: Sequence[Kept], valid: Sequence[Kept], budget: Budget, seed: int, folder: Path
) -> Fit:
    """Learn the templates of each stem from random excerpts of it."""
    began, rng = time.monotonic(), np.random.default_rng(seed)
    for label in system.spec.labels:
        groups = OTHER if label == "other" else (label,)
        able = [(song, group) for song in train for group in groups if group in song.groups]
        sounds = []
        for i in rng.permutation(len(able))[:DICTIONARY]:
            song, group = able[i]
            first = int(rng.integers(max(1, song.length - RATE)))
            sound = torch.from_numpy(song.read(group, first, round(budget.excerpt * RATE)))
            if system.spec.rate != RATE:
                sound = torch.nn.functional.interpolate(sound[None], scale_factor=system.spec.rate / RATE)[0]
            sounds.append(sound.numpy())
        if sounds:  # in sketched songs nobody sings
            system.learn(label, sounds, seed=seed)
    return Fit([], time.monotonic() - began, 0.0, seed)


def trained(out: Path, variant: str, smoke: bool, seed: int = 0) -> Separator:
    """Read what was trained."""
    system = built(variant, smoke)
    system.load_state_dict(load_file(out / variant / str(seed) / "weights.safetensors"))
    return system.eval()


def given(song: Kept, order: Order) -> dict[str, Any]:
    """True drum hits and notes of a kept excerpt of the band; notes are labelled with their stem."""
    played = performance(order.seed, order.side, order.style, voices=order.voices)
    stretch = excerpt.cut(played, song.about["start"], song.about["start"] + order.seconds)
    told = truth(stretch)
    stem = {part.name: "other" if (group := group_of(part)) in OTHER else group for part in stretch.parts}
    notes: Notes = told["notes"]  # type: ignore[assignment]
    labelled = dataclasses.replace(notes, labels=tuple(stem.get(name, "other") for name in notes.labels))
    return {"drums": told["drums"], "notes": labelled}


Test = tuple[str, Callable[[], Stems], Callable[[], dict[str, Any]]]  # name, true stems, hits and notes


def tests(name: str, cache: Path, smoke: bool, jobs: int, shared: Path | None) -> list[Test]:
    """List the excerpts of a test."""
    if name == REAL:
        found = [(track.id, track) for track in real_dataset("mdb", shared)]
        return [
            (key, lambda track=track: four(real_stems(track)), lambda track=track: {"drums": track.answers["drums"]})
            for key, track in found
        ]
    kind = "test-sketch" if smoke else f"test-{TESTS[name]}"
    ordered = {order.id: order for order in orders(smoke)[f"smoke-{kind}" if smoke else kind]}
    return [
        (key, lambda song=song: four(song.stems()), partial(given, song, ordered[key]))
        for song in kept(kind, cache, smoke, jobs)
        for key in (song.path.stem,)
    ]


def names_of_tests(smoke: bool, shared: Path | None) -> list[str]:
    """Names of the tests of this run."""
    return ["sketched songs"] if smoke else [*TESTS, *([REAL] if shared else [])]


def separators(out: Path, smoke: bool, told: dict[str, Any]) -> Iterator[tuple[str, Callable[[Stems], Stems]]]:
    """All that separates a song, by the name of its row; told: the song's hits and notes."""
    yield UNLEARNED, lambda song: Stems(song.labels, np.stack([song.mix()] * len(song)), song.rate)
    yield ORACLE, ratio_mask
    ways = {TITLES[variant]: (variant, {}) for variant in VARIANTS} | OPTIONS
    ways["factorisation, true hits"] = ("nmf", {"drums": told["drums"]})
    if "notes" in told:
        ways["factorisation, true score"] = ("nmf", told)
    for title, (variant, options) in ways.items():
        for seed in SEEDS:
            if (out / variant / str(seed) / "done.json").exists():
                system = trained(out, variant, smoke, seed)
                yield title, lambda song, s=system, o=options: run.separate(s, song.mix(), song.rate, **o)


def judged(true: Stems, found: Stems) -> dict[str, float | None]:
    """Improvement of SI-SDR over the mix in dB, of all and of the seconds that sound, and leakage, by stem.

    None where it is not defined: the stem is silent, or never is, or plays alone, so that nothing can be improved.
    """
    mix, values = true.mix(), {}
    for label in true.labels:
        before = si_sdr(true[label], mix)
        values[label] = si_sdr(true[label], found[label]) - before if before < ALONE_DB else float("nan")
        frames = [framewise(si_sdr, true[label], sound, true.rate) for sound in (found[label], mix)]
        better = (frames[0] - frames[1])[np.isfinite(frames[0]) & (frames[1] < ALONE_DB)]
        values[f"{label} sounding"] = float(np.median(better)) if len(better) else float("nan")
        values[f"{label} leak"] = leakage(true[label], found[label], mix, true.rate)
    return {name: round(value, 4) if np.isfinite(value) else None for name, value in values.items()}


def evaluate_all(out: Path, cache: Path, smoke: bool, jobs: int, shared: Path | None) -> None:
    """Separate and judge every test excerpt by every way; what is judged is not judged again."""
    torch.set_num_threads(1)
    for name in names_of_tests(smoke, shared):
        for key, stems, told in tests(name, cache, smoke, jobs, shared):
            path = out / "judged" / name.replace(" ", "-") / f"{key}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            found = json.loads(path.read_text()) if path.exists() else {}
            song: Stems | None = None
            fresh: dict[str, list[Any]] = {}
            for title, separate in separators(out, smoke, told()):
                if title in found:
                    continue
                song = song or (stems().cut(0, 2) if smoke else stems())
                began = time.process_time()
                answer = separate(song)
                spent = time.process_time() - began
                fresh.setdefault(title, []).append({**judged(song, answer), "seconds": spent / song.duration})
            if fresh:
                print(f"{name}: {key}", flush=True)
                write_bytes(path, json.dumps(found | fresh).encode())


def read_scores(out: Path, name: str) -> dict[str, list[Score]]:
    """What was judged: way to a Score for each song, mean over seeds; NaN where nothing is defined."""
    scores: dict[str, list[Score]] = {}
    for path in sorted((out / "judged" / name.replace(" ", "-")).glob("*.json")):
        for title, runs in json.loads(path.read_text()).items():
            values = {
                column: float(np.mean([run_[column] for run_ in runs])) if runs[0][column] is not None else np.nan
                for column in runs[0]
            }
            for kind in ("", " sounding", " leak"):
                own = [values[label + kind] for label in FOUR]
                values["mean" + kind] = float(np.nanmean(own)) if np.isfinite(own).any() else np.nan
            scores.setdefault(title, []).append(Score(path.stem, values))
    if not scores:
        raise DataError(f"{out} holds no scores of {name}", "nothing was separated", "run evaluate first")
    return scores


def told(title: str, scores: dict[str, list[Score]], kind: str, note: str) -> Table:
    """One row for each way, columns by stem; stems for which nothing is defined are left out."""
    columns = (*FOUR, "mean")
    chosen = {
        name: [Score(song.id, {label: song.values[label + kind] for label in columns}) for song in songs]
        for name, songs in scores.items()
    }
    every = [score for songs in chosen.values() for score in songs]
    defined = [label for label in columns if np.isfinite([score.values[label] for score in every]).any()]
    return compare(title, chosen, defined, note)


def costs(out: Path, smoke: bool, scores: dict[str, list[Score]]) -> Table:
    """Parameters, training and speed."""
    rows = []
    for variant, title in TITLES.items():
        folders = [folder for seed in SEEDS if (folder := out / variant / str(seed) / "done.json").exists()]
        if not folders:
            continue
        fits = [json.loads(path.read_text()) for path in folders]
        system = built(variant, smoke)
        size = sum(p.numel() for p in system.parameters()) or sum(b.numel() for b in system.buffers())
        speed = [1 / score.values["seconds"] for score in scores.get(title, [])]
        rows.append((
            title, len(fits), size, float(np.mean([fit["seconds"] for fit in fits])) / 60,
            1000 * float(np.mean([fit["energy_kwh"] for fit in fits])), over_tracks(speed) if speed else None,
        ))  # fmt: skip
    columns = ("system", "seeds", "numbers learned", "training minutes", "training Wh", "times real time, one core")
    return Table("What it costs", columns, tuple(rows), "minutes are of the clock; speed is of CPU time, in stereo")


def report(out: Path, cache: Path, smoke: bool, jobs: int, bundles: Path, shared: Path | None) -> None:
    """Set what was judged side by side; write report.html, report.md and the bundles."""
    evaluate_all(out, cache, smoke, jobs, shared)
    tables, metrics = [], {}
    for name in names_of_tests(smoke, shared):
        scores = read_scores(out, name)
        metrics[name] = scores
        usual = f"{len(next(iter(scores.values())))} songs, mean with 95 % bootstrap interval; dB"
        tables += [
            told(
                f"Improvement of SI-SDR, {name}", scores, "", f"{usual}; songs in which the stem sounds, and not alone"
            ),
            told(f"The same, median of the seconds that sound, {name}", scores, " sounding", usual),
            told(f"Leakage where the stem is silent, {name}", scores, " leak", f"{usual}, lower is better"),
        ]
    first = next(iter(metrics))
    tables.append(costs(out, smoke, metrics[first]))
    _, stems, hits = tests(first, cache, smoke, jobs, shared)[0]
    song = stems().cut(0, 2) if smoke else stems()
    answers = {"hits": Events(hits()["drums"].cut(0, song.duration).times)}
    examples = [("the mix", song.mix(), song.rate, answers)]
    facts: dict[str, Any] = {}
    for variant, title in TITLES.items():
        if not (out / variant / "0" / "done.json").exists():
            continue
        system = trained(out, variant, smoke)
        found = run.separate(system, song.mix(), song.rate)
        examples += [(f"{label}, {title}", found[label], song.rate, answers) for label in ("drums", "bass")]
        facts = card_facts(out, variant, metrics)
        run.save(system, bundles / f"{VARIANTS[variant][0]}-{variant}", facts)
    finish(
        out,
        __doc__,
        "Classic separators",
        tables,
        curves={v: fit["curve"] for v in VARIANTS if (fit := read_fit(out, v))["curve"]},
        examples=examples,
        invalid=INVALID,
        provenance=facts,
    )


def read_fit(out: Path, variant: str) -> dict[str, Any]:
    """Read what a training was, of the first seed."""
    path = out / variant / "0" / "done.json"
    return json.loads(path.read_text()) if path.exists() else {"curve": [], "seconds": 0.0, "energy_kwh": 0.0}


def card_facts(out: Path, variant: str, metrics: dict[str, dict[str, list[Score]]]) -> dict[str, Any]:
    """State what a bundle's card must say."""
    done, title = read_fit(out, variant), TITLES[variant]
    gains = means({test: scores[title] for test, scores in metrics.items()}, ("mean",))
    numbers = {test: {"SI-SDR improvement": values["mean"]} for test, values in gains.items()}
    return {
        "what": f"Vocals, drums, bass and other of a mix: {title}, a small configuration for comparison.",
        "data": [
            "stems of songs composed, performed and recorded by the band (recipes/stems_classics.py)",
            *SOUNDS,
        ],
        "licence": "Apache-2.0",
        "metrics": numbers,
        "seeds": list(SEEDS),
        "limits": list(LIMITS),
        "recipe": "recipes/stems_classics.py",
        "training time": f"{done['seconds'] / 60:.0f} minutes of one core",
        "training energy": f"{1000 * done['energy_kwh']:.1f} Wh, estimated by codecarbon",
    }


app = commands(__doc__)
OUT = Path("runs/stems_classics")


@app.command()
def train(out: Out = OUT, cache: Cache = CACHE, smoke: Smoke = False, jobs: Jobs = 2, only: Only = "") -> None:
    """Record stems and train all variants; continues where it stopped."""
    train_all(out, cache, smoke, jobs, only)


@app.command()
def evaluate(out: Out = OUT, cache: Cache = CACHE, smoke: Smoke = False, jobs: Jobs = 2, shared: Shared = None) -> None:
    """Separate and score every test, and what is trained on it; continues where it stopped."""
    evaluate_all(out, cache, smoke, jobs, shared)


@app.command("report")
def report_command(
    out: Out = OUT, cache: Cache = CACHE, smoke: Smoke = False, jobs: Jobs = 2, bundles: Bundles = None,
    shared: Shared = None,
) -> None:  # fmt: skip
    """Score everything, write the report and the bundles."""
    report(out, cache, smoke, jobs, bundles or out / "bundles", shared)


if __name__ == "__main__":
    app()
