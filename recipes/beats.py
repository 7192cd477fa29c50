"""Beats and downbeats: which small network, which decoder, which input, and how far the winner carries.

Question: trained only on music that the band plays, which of a recurrent, a dilated convolutional and an attention
network follows the beat best, what do the bar-pointer model and the difference channels add, and does the answer hold
for sounds, styles and recordings that training never met?

Method: all networks share front-end, data, loss, steps and seeds; songs, styles and sound banks are split; the winner
is trained longer, then further with more popular songs, and shipped. Reference: Boeck and Schedl 2011 (configuration
BOECK2011).

Cost: rendering and features about twenty minutes of two cores once (more for BOECK2011); then, of one core, the study
53 minutes, the released system 54 and the causal one 13, so that two at a time (--only) take an hour.

    python recipes/beats.py train --smoke    all trainings, in seconds, on sketched songs
    python recipes/beats.py train            render, train the study and the released systems; resumes where it stopped
    python recipes/beats.py evaluate         score the released systems beside the trivial baselines
    python recipes/beats.py report           score everything, write runs/beats/report.html and the bundles
"""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from solfeggio import run
from solfeggio.answers import Events
from solfeggio.augment import vary_spectra
from solfeggio.data.dataset import Dataset
from solfeggio.data.shared import real_dataset
from solfeggio.data.songs import SOUNDS, recipe_songs, with_sound_kept
from solfeggio.data.vienna import vienna_dataset
from solfeggio.errors import SolfeggioError
from solfeggio.lessons.supervised import Supervised
from solfeggio.listeners.beats import BOECK2011, CAUSAL, TINY, Beats, Config
from solfeggio.recipe import CACHE, Bundles, Cache, Jobs, Only, Out, Smoke, commands, finish, means
from solfeggio.studies.baselines import autocorrelation_beats, constant_beats
from solfeggio.studies.robustness import robustness
from solfeggio.studies.scores import HEADLINE, Score, across_seeds, by_group, compare, extremes, score_tracks, summary
from solfeggio.studies.table import Table
from solfeggio.train import Budget, Fit, Item, fit, in_stages, prepare, read_fit

COLUMNS = HEADLINE["beats"]
VARIANTS: dict[str, Config] = {  # what the study compares; each differs from the first in one thing
    "dilated convolution": Config(),
    "recurrent (BLSTM)": Config(trunk="recurrent", width=48, depth=2),
    "attention": Config(trunk="attention", width=64, depth=4),
    "without differences": Config(difference=False),
    "BOECK2011": BOECK2011,
}
SEEDS = (0, 1, 2)
STUDY = Budget(steps=400, batch=8, excerpt=12.0, check=100, threads=1)
BROAD = Budget(steps=2400, batch=8, excerpt=30.0, check=150, threads=1)  # on songs of all kinds
RELEASED = dataclasses.replace(BROAD, steps=1200, rate=1e-3)  # goes on with popular songs added
LIVE = dataclasses.replace(BROAD, steps=900)
BOECK_SONGS = 300  # of the training songs; his features at 100 frames a second need a rendering of their own
RELEASES = {"released": Config(), "causal": CAUSAL}
STUDY_SONGS = 20  # of each test set, on which the study's 15 systems are scored
SMOKE = Budget(steps=6, batch=2, excerpt=5.0, check=3, threads=1)
LESSON = Supervised(vary_spectra)
PLAIN = Supervised()  # Boeck's bands are not aligned to pitches, so spectra are not transposed
LIMITS = (
    "Recitative, speech and free improvisation have no steady beat; it may report one all the same.",
    "Compound metres (6/8, 12/8) are counted in dotted beats, so 6/8 looks like 2/4.",
    "Very fast music may be counted at half tempo and very slow music at double tempo, as people do.",
    "It never heard a real recording or a living singer while learning: voices are synthetic.",
)
INVALID = (
    "Training and test songs come from one composer program; unseen styles, songs and sound banks are still its own.",
    "mma grooves were written by a few people; real drummers and singers vary more.",
    "Labels are exact by construction, so the numbers say nothing of music where listeners disagree about the beat.",
    "The decoder's preferences were set on the validation songs with an eye on nine real ones.",
    "The study's budget is short; a variant that learns slowly may overtake with more steps.",
    "Energy is codecarbon's estimate from processor time, not a measurement.",
)


def ready(system: Beats, dataset: Dataset, cache: Path, jobs: int) -> list[Item]:
    """Compute the features of a dataset; its sound is kept in ``cache`` too, so that other features cost little."""
    return prepare(system, with_sound_kept(dataset, cache), cache, jobs)


def score_items(system: Beats, items: list[Item], **options: Any) -> list[Score]:
    """Judge a system on prepared recordings."""
    system.eval()

    def answer(item: Item) -> Events:
        with torch.inference_mode():
            logits = system(torch.from_numpy(item.features.astype(np.float32))[None])
        return system.decode({key: value[0].numpy() for key, value in logits.items()}, **options)

    return score_tracks(items, answer, lambda item: item.answers["beats"], "beats")


def best_threshold(system: Beats, items: list[Item]) -> float:
    """Choose the peak decoder's threshold on validation songs: how high marks are depends on the training."""

    def mean(threshold: float) -> float:
        scores = score_items(system, items, decoder="peaks", threshold=threshold)
        return float(np.mean([score.values["F"] for score in scores]))

    return max((0.02, 0.04, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5), key=mean)


def seconds_per_minute(system: Beats) -> float:
    """CPU seconds of one core for a minute of audio: features, network and decoding."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, (1, 60 * system.spec.rate)).astype(np.float32)
    run.hear(system, noise, system.spec.rate)
    began = time.process_time()
    run.hear(system, noise, system.spec.rate)
    spent = time.process_time() - began
    torch.set_num_threads(threads)
    return spent


def train_all(out: Path, cache: Path, smoke: bool, jobs: int, only: str = "") -> None:
    """Render, train every variant of the study with every seed, then the released and the causal system."""
    for name, system, items, budget, lesson, seed in jobs_of(out, cache, smoke, jobs, only):
        folder = out / name
        print(
            f"== {name}: {sum(p.numel() for p in system.parameters()):,} parameters, {len(items[0])} songs", flush=True
        )
        done = fit(system, *items, lesson, budget, seed, folder, log=lambda line: print(line, flush=True))
        save_file(system.state_dict(), folder / "weights.safetensors")
        (folder / "done.json").write_text(json.dumps(dataclasses.asdict(done)))


def jobs_of(out: Path, cache: Path, smoke: bool, jobs: int, only: str) -> Any:
    """List the trainings in order: (folder, system, (train, valid) items, budget, lesson, seed)."""
    train, popular, valid, _ = recipe_songs(smoke)
    plan = [("broad", Config(), BROAD, 0), ("released", Config(), RELEASED, 0), ("causal", CAUSAL, LIVE, 0)]
    study = [
        (f"study/{name}/{seed}", config, STUDY, seed) for seed in seeds(smoke) for name, config in VARIANTS.items()
    ]
    plan += sorted(study, key=lambda run: not run[1].bins)  # Boeck's features, another rendering, come last
    prepared: dict[str, list[Item]] = {}

    def items(system: Beats, dataset: Dataset) -> list[Item]:
        key = f"{dataset.name} {len(dataset)} {system.config.bins}"
        if key not in prepared:
            prepared[key] = ready(system, dataset, cache, jobs)
        return prepared[key]

    for name, config, budget, seed in plan:
        if (out / name / "done.json").exists() or not name.startswith(only):
            continue
        torch.manual_seed(seed)
        boeck = not config.bins
        system = load_variant(out / "broad", config, smoke) if name == "released" else Beats(smaller(config, smoke))
        songs = items(system, dataclasses.replace(train, tracks=train.tracks[:BOECK_SONGS]) if boeck else train)
        if name in RELEASES:
            songs = songs + items(system, popular)
        learned = (songs, items(system, valid))
        yield name, system, learned, SMOKE if smoke else budget, PLAIN if boeck else LESSON, seed


def seeds(smoke: bool) -> tuple[int, ...]:
    """Seeds of the study."""
    return SEEDS[:1] if smoke else SEEDS


def load_variant(folder: Path, config: Config, smoke: bool) -> Beats:
    """Read a trained variant of this run."""
    system = Beats(smaller(config, smoke))
    system.load_state_dict(load_file(folder / "weights.safetensors"))
    return system.eval()


def smaller(config: Config, smoke: bool) -> Config:
    """Shrink a variant for a smoke run; Boeck's is small already."""
    if not smoke or config is BOECK2011:
        return config
    return dataclasses.replace(config, stem=TINY.stem, width=TINY.width, depth=min(config.depth, TINY.depth))


def studied(out: Path, smoke: bool) -> bool:
    """Tell whether every variant of the study is trained; a report can be written without it."""
    folders = (out / "study" / name / str(seed) for name in VARIANTS for seed in seeds(smoke))
    return all((folder / "done.json").exists() for folder in folders)


def score_study(out: Path, cache: Path, smoke: bool, jobs: int) -> tuple[Table, Table]:
    """Tables of the study: networks over seeds, and decoders on the same networks."""
    *_, valid, tests = recipe_songs(smoke)
    networks: dict[str, list[list[Score]]] = {}
    decoders: dict[str, list[list[Score]]] = {"bar-pointer model": [], "peaks": []}
    extra: dict[str, dict[str, Any]] = {}
    for name, config in VARIANTS.items():
        fits = []
        few = [dataclasses.replace(test, tracks=test.tracks[:STUDY_SONGS]) for test in tests.values()]
        untrained = Beats(smaller(config, smoke))
        items = [item for test in few for item in ready(untrained, test, cache, jobs)]
        for seed in seeds(smoke):
            folder = out / "study" / name / str(seed)
            system = load_variant(folder, config, smoke)
            first = name == next(iter(VARIANTS))
            peaks: dict[str, Any] = {"decoder": "peaks"}
            if first or config.decoder == "peaks":
                peaks["threshold"] = best_threshold(system, ready(system, valid, cache, jobs)[:STUDY_SONGS])
            own = score_items(system, items, **(peaks if config.decoder == "peaks" else {}))
            networks.setdefault(name, []).append(own)
            if first:
                decoders["bar-pointer model"].append(own)
                decoders["peaks"].append(score_items(system, items, **peaks))
            fits.append(read_fit(folder))
        extra[name] = {
            "parameters": sum(p.numel() for p in system.parameters()),
            "training Wh": round(1000 * float(np.mean([done.energy_kwh for done in fits])), 2),
            "CPU s per minute": round(seconds_per_minute(system), 2),
        }
    return (
        across_seeds("Which network? Same data, steps and seeds", networks, COLUMNS, extra),
        across_seeds("Which decoder? The dilated network, two ways to read it", decoders, COLUMNS, {}),
    )


def score_released(
    out: Path, cache: Path, smoke: bool, jobs: int, name: str
) -> tuple[Beats, dict[str, list[Score]], list[Table]]:
    """Score the released or the causal system on every test set, beside answers that never learned."""
    system = load_variant(out / name, RELEASES[name], smoke)
    scores, tables = {}, []
    for test, dataset in recipe_songs(smoke)[-1].items():
        items = ready(system, dataset, cache, jobs)
        scores[test] = score_items(system, items)
        rows = {name: scores[test], **baselines(items, system)}
        tables.append(compare(f"{name.capitalize()}, {test}: beside answers that never learned", rows, COLUMNS))
    return system, scores, tables


def real_tables(name: str, system: Beats) -> list[Table]:
    """Score on what people played, where the shared data is there: real recordings, and pianists' own timing."""
    try:
        excerpts = [track for of in ("mdb", "beats") for track in real_dataset(of)]
        played = {"real recordings": excerpts, "Vienna 4x22, four pianists each": list(vienna_dataset("B"))}
    except SolfeggioError as missing:
        print(f"left out: {missing}")
        return []
    tables = []
    for title, tracks in played.items():
        scores = score_tracks(
            tracks, lambda track: run.hear(system, *track.audio()), lambda track: track.answers["beats"], "beats"
        )
        rows: list[Any] = [(s.id, *(round(s.values[column], 3) for column in COLUMNS)) for s in scores]
        rows.append(("mean", *summary(scores, COLUMNS)))
        tables.append(Table(f"{name.capitalize()}, {title}", ("track", *COLUMNS), tuple(rows)))
    return tables


def report(out: Path, cache: Path, smoke: bool, jobs: int, bundles: Path) -> None:
    """Score everything, write report.html, report.md and the bundles."""
    train, popular, _, tests = recipe_songs(smoke)
    tables = list(score_study(out, cache, smoke, jobs)) if studied(out, smoke) else []
    curves, facts = {}, {}
    for name, folder in (("causal", "beats-causal"), ("released", "beats")):
        system, scores, own = score_released(out, cache, smoke, jobs, name)
        stages = [read_fit(out / stage) for stage in (("broad", "released") if name == "released" else (name,))]
        tables, curves[name] = tables + own + ([] if smoke else real_tables(name, system)), stages[-1].curve
        facts[name] = card_facts(name, scores, stages, len(train) + len(popular))
        run.save(system, bundles / folder, facts[name])
    everything = [score for own in scores.values() for score in own]
    tables.append(by_group("By sound bank", everything, "bank", COLUMNS))
    tables.append(by_group("By style", everything, "style", COLUMNS))
    disturbed = [track for dataset in tests.values() for track in dataset.tracks[: 1 if smoke else 4]]

    def hear(samples: np.ndarray, rate: int) -> Events:
        return run.hear(system, samples, rate)

    tables.append(robustness("What disturbances cost", disturbed, hear, "beats", COLUMNS))
    worst, best = extremes(everything, "F")
    tracks = {track.id: track for dataset in tests.values() for track in dataset}
    examples = []
    for verdict, chosen in (("worst", worst), ("best", best)):
        for score in chosen:
            samples, rate = tracks[score.id].audio()
            answers = {"heard": hear(samples, rate), "truth": tracks[score.id].answers["beats"]}
            title = f"{verdict}: {score.id}, F {score.values['F']:.2f}, downbeat F {score.values['downbeat F']:.2f}"
            examples.append((title, samples, rate, answers))
    finish(
        out,
        __doc__,
        "Beats and downbeats",
        tables,
        curves=curves,
        examples=examples,
        invalid=INVALID,
        provenance=facts["released"],
    )


def baselines(items: list[Item], system: Beats) -> dict[str, list[Score]]:
    """What one gets without learning: a metronome, and onsets with autocorrelation."""
    grid = system.spec.grid

    def metronome(item: Item) -> Events:
        return constant_beats(float(item.features.shape[-1] / grid.rate))

    def onsets(item: Item) -> Events:
        return autocorrelation_beats(item.features[0].astype(np.float32), grid)

    return {
        "onset autocorrelation": score_tracks(items, onsets, lambda item: item.answers["beats"], "beats"),
        "constant 120": score_tracks(items, metronome, lambda item: item.answers["beats"], "beats"),
    }


def card_facts(name: str, scores: dict[str, list[Score]], stages: list[Fit], songs: int) -> dict[str, Any]:
    """State what the bundle's card must say."""
    return {
        "what": "Beats, downbeats, bar positions, metre and tempo of music recordings."
        + (" Sees only the past, for streams." if name == "causal" else ""),
        "data": [
            f"{songs} songs composed, performed and recorded by the band (recipes/beats.py)",
            *SOUNDS,
        ],
        "licence": "Apache-2.0",
        "metrics": means(scores, COLUMNS),
        "limits": list(LIMITS),
        "recipe": "recipes/beats.py",
        **in_stages(stages).facts(),
    }


app = commands(__doc__)
OUT = Path("runs/beats")


@app.command()
def train(
    out: Out = OUT,
    cache: Cache = CACHE,
    smoke: Smoke = False,
    jobs: Jobs = 2,
    only: Only = "",
) -> None:
    """Render songs, train the study and the released systems; continues where it stopped."""
    train_all(out, cache, smoke, jobs, only)


@app.command()
def evaluate(out: Out = OUT, cache: Cache = CACHE, smoke: Smoke = False, jobs: Jobs = 2) -> None:
    """Score the released systems beside the trivial baselines."""
    for name in RELEASES:
        for table in score_released(out, cache, smoke, jobs, name)[2]:
            print(table.text(), "\n")
        system = load_variant(out / name, RELEASES[name], smoke)
        for table in [] if smoke else real_tables(name, system):
            print(table.text(), "\n")


@app.command("report")
def report_command(
    out: Out = OUT, cache: Cache = CACHE, smoke: Smoke = False, jobs: Jobs = 2, bundles: Bundles = None
) -> None:
    """Score everything, write the report and the bundles."""
    report(out, cache, smoke, jobs, bundles or out / "bundles")


if __name__ == "__main__":
    app()
