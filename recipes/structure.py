"""Structure: where sections begin and what they are for, and what knowing about repetition is worth.

Question: trained only on music that the band plays, how well does a small network find sections and name their
functions in songs, styles and sounds it never met? What do self-similarity, downbeats and attention add, and how many
songs does it take?

Method: all variants share data, loss, steps and seeds; each differs from the first in one thing. Songs, styles and
sound banks are split; thresholds are chosen on validation songs. References: the networks of Ullrich, Schlueter and
Grill (2014) and of Grill and Schlueter (2015). Where SALAMI is at hand, the agreement of its two annotators is the
ceiling that real music sets.

Cost: features 0.2 s a song once the sound is there; then, of one core, the study forty minutes, the references half an
hour and the released system twelve minutes.

    python recipes/structure.py train --smoke    all trainings, in seconds, on sketched songs
    python recipes/structure.py train            render, train the study and the released system; resumes
    python recipes/structure.py evaluate         score the released system beside the trivial baselines
    python recipes/structure.py report           score everything, write runs/structure/report.html and the bundle
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from solfeggio import bundle, run
from solfeggio.answers import Events, Segments
from solfeggio.augment import vary_spectra
from solfeggio.data.dataset import Dataset
from solfeggio.data.songs import SOUNDS, recipe_songs, with_sound_kept
from solfeggio.data.symbolic import salami_pairs
from solfeggio.decode import repetition
from solfeggio.errors import DataError
from solfeggio.lessons.supervised import Supervised
from solfeggio.listeners.structure import (
    GRILL2015,
    TINY,
    ULLRICH2014,
    ULLRICH2014_FINE,
    Config,
    Structure,
    function_of,
)
from solfeggio.recipe import CACHE, Bundles, Cache, Jobs, Only, Out, Smoke, commands, finish, means
from solfeggio.studies.baselines import bar_sections, even_sections, foote_sections
from solfeggio.studies.robustness import robustness
from solfeggio.studies.scores import HEADLINE, Score, across_seeds, by_group, compare, evaluate, extremes, score_tracks
from solfeggio.studies.table import Table
from solfeggio.train import Budget, Fit, Item, fit, prepare, read_fit

COLUMNS = HEADLINE["sections"]
FORM = ("pairwise F", "V", "over", "under")  # how letters are judged
VARIANTS: dict[str, tuple[Config, float]] = {  # what the study compares: configuration, share of the songs
    "convolution, self-similarity": (Config(), 1.0),
    "without self-similarity": (Config(lags=()), 1.0),
    "attention instead of convolution": (Config(trunk="attention", depth=4), 1.0),
    "30 % of the songs": (Config(), 0.3),
    "30 %, without self-similarity": (Config(lags=()), 0.3),
    "10 % of the songs": (Config(), 0.1),
    "10 %, without self-similarity": (Config(lags=()), 0.1),
}
PUBLISHED: dict[str, Config] = {
    "ULLRICH2014, 16 s": ULLRICH2014,
    "ULLRICH2014, 8 s": ULLRICH2014_FINE,
    "GRILL2015": GRILL2015,
}
SEEDS = (0, 1, 2)
STUDY = Budget(steps=250, batch=8, excerpt=64.0, check=100, threads=1)
REFERENCE = Budget(steps=250, batch=4, excerpt=40.0, check=100, threads=1)
RELEASED = Budget(steps=2000, batch=8, excerpt=64.0, check=200, threads=1)  # songs last 40 to 100 s
SMOKE = Budget(steps=4, batch=2, excerpt=12.0, check=2, threads=1)
REFERENCE_SONGS = 300  # of the training songs; 44.1 kHz features need a preparation of their own
STUDY_SONGS = 20  # of each test set, on which the study's systems are scored
THRESHOLDS = (0.02, 0.05, 0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6)
SAME = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
LESSON = Supervised(vary_spectra)
PLAIN = Supervised()  # mel bands are not transposed
LIMITS = (
    "It learned from songs of 40 to 100 seconds; real songs are three times as long and their sections longer.",
    "What a section is for is a matter of style: people agree less on functions than on boundaries.",
    "Music that is written through, and tunes without words, are mostly called instrumental.",
    "No section is shorter than 4 s, nor than a fortieth of the song.",
    "It never heard a real recording or a real singer while learning.",
)
INVALID = (
    "Training and test songs come from one composer program, whose sections begin on downbeats and mostly last 4, 8 or "
    "12 bars; a network may learn its habits instead of listening. The bars of the true beats stand beside it.",
    "Songs are short, so the silence at both ends, which no true boundary is near, is within the network's view.",
    "The start and the end of a song count as found boundaries where measures are not trimmed.",
    "Thresholds were chosen on validation songs of the same composer.",
    "The study's budget is short; a variant that learns slowly may overtake with more steps.",
    "Published networks see fewer songs at a shorter excerpt here, and one network instead of a bag of five.",
    "Energy is codecarbon's estimate from processor time, not a measurement.",
)


def first(dataset: Dataset, count: int) -> Dataset:
    """Keep the first tracks of a dataset."""
    return dataclasses.replace(dataset, tracks=dataset.tracks[:count])


def ready(system: Structure, dataset: Dataset, cache: Path, jobs: int) -> list[Item]:
    """Compute the features of a dataset; its sound is kept in ``cache`` too, so that other features cost little."""
    return prepare(system, with_sound_kept(dataset, cache), cache, jobs)


def truth_of(item: Item) -> Segments:
    """The true sections, named by the functions that the system knows."""
    answer = item.answers["sections"]
    return dataclasses.replace(answer, labels=tuple(function_of(label) or label for label in answer.labels))


def answer_of(system: Structure, item: Item, **options: Any) -> Segments:
    """Hear a prepared recording."""
    with torch.inference_mode():
        logits = system(torch.from_numpy(item.features.astype(np.float32))[None])
    return system.decode({key: value[0].numpy() for key, value in logits.items()}, **options)


def score_items(
    system: Structure, items: list[Item], beats: Callable[[Item], Events] | None = None, **options: Any
) -> list[Score]:
    """Judge a system on prepared recordings, boundaries snapped to the downbeats of ``beats``."""
    system.eval()

    def answer(item: Item) -> Segments:
        return answer_of(system, item, **({"beats": beats(item)} if beats else {}), **options)

    return score_tracks(items, answer, truth_of, "sections")


def best_threshold(system: Structure, items: list[Item]) -> float:
    """Choose how far boundaries must stand out on validation songs, by F at 3 s and 0.5 s, with ends and without."""
    edges = ("F 3", "F 0.5", "F 3 trimmed", "F 0.5 trimmed")

    def mean(threshold: float) -> float:
        scores = score_items(system, items, threshold=threshold)
        return float(np.mean([score.values[edge] for score in scores for edge in edges]))

    return max(THRESHOLDS, key=mean)


def letters_of(system: Structure, item: Item, segments: Segments, same: float) -> Segments:
    """Name sections by repetition from prepared features."""
    features = torch.from_numpy(item.features.astype(np.float32))[None]
    return repetition.letters(system.harmony(features)[0].numpy(), system.spec.grid, segments, same)


def best_same(system: Structure, items: list[Item]) -> float:
    """Choose how alike sections with the same letter are, on the true sections of validation songs."""

    def mean(same: float) -> float:
        pairs = [(item.answers["form"], letters_of(system, item, item.answers["form"], same)) for item in items]
        scores = [evaluate(true, found, "sections") for true, found in pairs]
        return float(np.mean([score["V"] + score["pairwise F"] for score in scores]))

    return max(SAME, key=mean)


def seconds_per_minute(system: Structure) -> float:
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
    """Render, train the released system, then every variant of the study with every seed."""
    for name, system, items, budget, lesson, seed in jobs_of(out, cache, smoke, jobs, only):
        folder = out / name
        print(
            f"== {name}: {sum(p.numel() for p in system.parameters()):,} parameters, {len(items[0])} songs", flush=True
        )
        done = fit(
            system, *items, lesson, budget, seed, folder, task="sections", log=lambda line: print(line, flush=True)
        )
        save_file(system.state_dict(), folder / "weights.safetensors")
        (folder / "done.json").write_text(json.dumps(dataclasses.asdict(done)))


def jobs_of(out: Path, cache: Path, smoke: bool, jobs: int, only: str) -> Any:
    """List the trainings in order: (folder, system, (train, valid) items, budget, lesson, seed)."""
    train, popular, valid, _ = recipe_songs(smoke)
    plan: list[tuple[str, Config, float, Budget, int]] = [("released", Config(), 1.0, RELEASED, 0)]
    for seed in seeds(smoke):
        plan += [(f"study/{n}/{seed}", config, share, STUDY, seed) for n, (config, share) in VARIANTS.items()]
        plan += [(f"published/{name}/{seed}", config, 1.0, REFERENCE, seed) for name, config in PUBLISHED.items()]
    plan.sort(key=lambda planned: planned[0].startswith("published"))  # other features: they come last
    prepared: dict[tuple[Any, ...], list[Item]] = {}

    def items(system: Structure, dataset: Dataset) -> list[Item]:
        c = system.config
        key = (dataset.name, len(dataset), c.rate, c.pool)
        if key not in prepared:
            prepared[key] = ready(system, dataset, cache, jobs)
        return prepared[key]

    for name, config, share, budget, seed in plan:
        if (out / name / "done.json").exists() or not name.startswith(only):
            continue
        torch.manual_seed(seed)
        system = Structure(smaller(config, smoke))
        published = name.startswith("published")
        songs = items(system, first(train, REFERENCE_SONGS) if published else train)
        songs = songs[: max(1, round(share * len(songs)))]
        if name == "released":
            songs = songs + items(system, popular)
        learned = (songs, items(system, valid))
        yield name, system, learned, SMOKE if smoke else budget, PLAIN if published else LESSON, seed


def seeds(smoke: bool) -> tuple[int, ...]:
    """Seeds of the study."""
    return SEEDS[:1] if smoke else SEEDS


def smaller(config: Config, smoke: bool) -> Config:
    """Shrink a variant for a smoke run."""
    if not smoke:
        return config
    if config.trunk == "context":
        return dataclasses.replace(config, rate=22050, width=8, lag_count=20 if config.lags else config.lag_count)
    shrunk = {field: getattr(TINY, field) for field in ("stem", "width", "depth", "lag_width", "lag_groups")}
    return dataclasses.replace(config, **shrunk, lags=TINY.lags if config.lags else (), lag_count=TINY.lag_count)


def load_variant(folder: Path, config: Config, smoke: bool) -> Structure:
    """Read a trained variant of this run."""
    system = Structure(smaller(config, smoke))
    system.load_state_dict(load_file(folder / "weights.safetensors"))
    return system.eval()


def tuned(system: Structure, items: list[Item]) -> Structure:
    """Set the thresholds by validation songs."""
    same = best_same(system, items) if system.config.bands == "pitch" else system.config.same
    system.config = dataclasses.replace(system.config, threshold=best_threshold(system, items), same=same)
    return system


def score_study(out: Path, cache: Path, smoke: bool, jobs: int) -> list[Table]:
    """Tables of the study: networks, knowledge and songs; published networks; both over seeds."""
    *_, valid, tests = recipe_songs(smoke)
    few = [first(test, STUDY_SONGS) for test in tests.values()]
    tables = []
    groups = {"study": {name: config for name, (config, _) in VARIANTS.items()}, "published": PUBLISHED}
    titles = {"study": "What is knowledge worth? Same steps and seeds", "published": "Published networks, 300 songs"}
    for group, variants in groups.items():
        if not any((out / group).glob("*/*/done.json")):
            continue  # trained with --only: what was not trained has no table
        scores: dict[str, list[list[Score]]] = {}
        extra: dict[str, dict[str, Any]] = {}
        for name, config in variants.items():
            fits = []
            untrained = Structure(smaller(config, smoke))
            checked = ready(untrained, first(valid, STUDY_SONGS), cache, jobs)
            items = [item for test in few for item in ready(untrained, test, cache, jobs)]
            for seed in seeds(smoke):
                folder = out / group / name / str(seed)
                system = load_variant(folder, config, smoke)
                threshold = best_threshold(system, checked)
                scores.setdefault(name, []).append(score_items(system, items, threshold=threshold))
                fits.append(read_fit(folder))
            extra[name] = {
                "parameters": sum(p.numel() for p in untrained.parameters()),
                "training Wh": round(1000 * float(np.mean([done.energy_kwh for done in fits])), 2),
                "CPU s per minute": round(seconds_per_minute(untrained), 2),
            }
        tables.append(across_seeds(titles[group], scores, COLUMNS, extra))
    return tables


def score_released(
    out: Path, cache: Path, smoke: bool, jobs: int
) -> tuple[Structure, dict[str, list[Score]], list[Table]]:
    """Score the released system on every test set, beside answers that never learned; downbeats and letters too."""
    *_, valid, tests = recipe_songs(smoke)
    system = load_variant(out / "released", Config(), smoke)
    tuned(system, ready(system, valid, cache, jobs))
    scores, tables, everything = {}, [], []
    for test, dataset in tests.items():
        items = ready(system, dataset, cache, jobs)
        scores[test] = score_items(system, items)
        rows = {"released": scores[test], **baselines(items, system)}
        tables.append(compare(f"Released, {test}: beside answers that never learned", rows, COLUMNS))
        everything += items
    rows = {
        "as heard": [score for own in scores.values() for score in own],
        "boundaries move to true downbeats": score_items(system, everything, lambda item: item.answers["beats"]),
    }
    if "beats" in bundle.names():
        heard = heard_beats(tests, cache)
        rows["boundaries move to heard downbeats"] = score_items(system, everything, lambda item: heard[item.id])
    tables.append(compare("What downbeats are worth", rows, COLUMNS))
    tables.append(score_letters(system, everything))
    return system, scores, tables


def heard_beats(tests: dict[str, Dataset], cache: Path) -> dict[str, Events]:
    """Hear the beats of all test songs with the shipped system."""
    beats = run.load("beats")
    tracks = [track for dataset in tests.values() for track in with_sound_kept(dataset, cache)]
    return {track.id: run.hear(beats, *track.audio()) for track in tracks}


def score_letters(system: Structure, items: list[Item]) -> Table:
    """How well repetition is named: letters against the material that the band wrote."""

    def form(item: Item) -> Segments:
        return item.answers["form"]

    same = system.config.same
    rows = {
        "letters of the true sections": lambda item: letters_of(system, item, form(item), same),
        "letters of the heard sections": lambda item: letters_of(system, item, answer_of(system, item), same),
        "functions of the heard sections": lambda item: answer_of(system, item),
        "one letter for all": lambda item: dataclasses.replace(form(item), labels=("A",) * len(form(item))),
    }
    scored = {name: score_tracks(items, answer, form, "sections") for name, answer in rows.items()}  # type: ignore[arg-type]
    return compare("Which sections return?", scored, FORM)


def baselines(items: list[Item], system: Structure) -> dict[str, list[Score]]:
    """What one gets without learning: even sections, eight bars each of the true beats, Foote's novelty."""
    grid = system.spec.grid

    def length(item: Item) -> float:
        return float(item.features.shape[-1] / grid.rate)

    rows: dict[str, Callable[[Item], Segments]] = {
        "Foote's novelty": lambda item: foote_sections(item.features[0].astype(np.float32), grid),
        "every 8 bars of the true beats": lambda item: bar_sections(item.answers["beats"], length(item)),
        "every 12 s": lambda item: even_sections(length(item)),
        "one section": lambda item: even_sections(length(item), 1e6),
    }
    return {name: score_tracks(items, answer, truth_of, "sections") for name, answer in rows.items()}  # type: ignore[arg-type]


def annotators() -> list[Table]:
    """What people agree on: SALAMI's two annotators, and how long real sections are; empty without the shared data."""
    try:
        pairs = list(salami_pairs())
    except DataError:
        return []
    scores = [Score(name, evaluate(one, other, "sections")) for name, one, other in pairs]
    ceiling = compare("Two people, one recording: SALAMI, functions", {f"{len(pairs)} recordings": scores}, COLUMNS)
    return [ceiling, statistics("SALAMI, first annotator", [one for _, one, _ in pairs])]


def statistics(title: str, songs: list[Segments]) -> Table:
    """How long sections are, how many a song has, and which functions there are."""
    lengths = np.concatenate([song.ends - song.starts for song in songs])
    names = [function_of(label) or "other" for song in songs for label in song.labels]
    rows: list[tuple[Any, ...]] = [
        ("sections in a song, median", float(np.median([len(song) for song in songs]))),
        *((f"seconds of a section, quantile {q}", float(np.quantile(lengths, q))) for q in (0.05, 0.25, 0.5, 0.75)),
        *((f"share of sections: {name}", names.count(name) / len(names)) for name in sorted(set(names))),
    ]
    return Table(f"Sections in {title}", ("statistic", "value"), tuple(rows), f"{len(songs)} songs")


def report(out: Path, cache: Path, smoke: bool, jobs: int, bundles: Path) -> None:
    """Score everything, write report.html, report.md and the bundle."""
    train, popular, _, tests = recipe_songs(smoke)
    system, scores, own = score_released(out, cache, smoke, jobs)
    tables = [*own, *score_study(out, cache, smoke, jobs), *([] if smoke else annotators())]
    songs = [track.answers["sections"] for dataset in tests.values() for track in first(dataset, STUDY_SONGS)]
    tables.append(statistics("the band's test songs", songs))
    done = read_fit(out / "released")
    facts = card_facts(scores, done, len(train) + len(popular))
    run.save(system, bundles / "structure", facts)
    everything = [score for mine in scores.values() for score in mine]
    tables.append(by_group("By sound bank", everything, "bank", COLUMNS))
    tables.append(by_group("By style", everything, "style", COLUMNS))
    disturbed = [track for test in tests.values() for track in first(with_sound_kept(test, cache), 1 if smoke else 4)]

    def hear(samples: np.ndarray, rate: int) -> Segments:
        return run.hear(system, samples, rate)

    tables.append(robustness("What disturbances cost", disturbed, hear, "sections", COLUMNS))
    worst, best = extremes(everything, "F 3")
    tracks = {track.id: track for dataset in tests.values() for track in with_sound_kept(dataset, cache)}
    examples = []
    for verdict, chosen in (("worst", worst), ("best", best)):
        for score in chosen:
            samples, rate = tracks[score.id].audio()
            true = tracks[score.id].answers
            answers = {"heard": hear(samples, rate), "truth": true["sections"], "beats": true["beats"]}
            title = f"{verdict}: {score.id}, F at 3 s {score.values['F 3']:.2f}, at 0.5 s {score.values['F 0.5']:.2f}"
            examples.append((title, samples, rate, answers))
    finish(
        out,
        __doc__,
        "Structure",
        tables,
        curves={"released": done.curve},
        examples=examples,
        invalid=INVALID,
        provenance=facts,
    )


def card_facts(scores: dict[str, list[Score]], done: Fit, songs: int) -> dict[str, Any]:
    """State what the bundle's card must say."""
    return {
        "what": "Sections of music recordings: boundaries, functions (intro, verse, ...), letters of repetition.",
        "data": [
            f"{songs} songs composed, performed and recorded by the band (recipes/structure.py)",
            *SOUNDS,
        ],
        "licence": "Apache-2.0",
        "metrics": means(scores, COLUMNS),
        "limits": list(LIMITS),
        "recipe": "recipes/structure.py",
        **done.facts(),
    }


app = commands(__doc__)
OUT = Path("runs/structure")


@app.command()
def train(
    out: Out = OUT,
    cache: Cache = CACHE,
    smoke: Smoke = False,
    jobs: Jobs = 2,
    only: Only = "",
) -> None:
    """Render songs, train the released system and the study; continues where it stopped."""
    train_all(out, cache, smoke, jobs, only)


@app.command("evaluate")
def evaluate_command(out: Out = OUT, cache: Cache = CACHE, smoke: Smoke = False, jobs: Jobs = 2) -> None:
    """Score the released system beside the trivial baselines."""
    for table in score_released(out, cache, smoke, jobs)[2]:
        print(table.text(), "\n")


@app.command("report")
def report_command(
    out: Out = OUT, cache: Cache = CACHE, smoke: Smoke = False, jobs: Jobs = 2, bundles: Bundles = None
) -> None:
    """Score everything, write the report and the bundle."""
    report(out, cache, smoke, jobs, bundles or out / "bundles")


if __name__ == "__main__":
    app()
