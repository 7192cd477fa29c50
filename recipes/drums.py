"""Drums: what a drum transcriber must know and how much it must hear, and how far the winner carries.

Question: trained only on music that the band plays, what do memory over time, band-wise differences, fine classes,
several sound banks, songs with the drums in front and more songs each add, and does the answer hold for sounds, styles
and recordings that training never met?

Method: variants share data, loss, steps and seeds; each differs from the first in one thing; songs, styles and sound
banks are split. Thresholds are set on validation songs. Hits are pooled over all recordings of a test set, within 50
and 20 ms.

Cost, of one core: 120 songs with the drums in front five minutes once rendered, features of all songs five; then the
released system an hour, the study two to three minutes a training (27 of them).

    python recipes/drums.py train --smoke    all trainings, in seconds, on sketched songs
    python recipes/drums.py train            render, train the released system and the study; resumes where it stopped
    python recipes/drums.py evaluate         score the released system beside the trivial baselines
    python recipes/drums.py report           score everything, write runs/drums/report.html and the bundle
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from solfeggio import bundle, run
from solfeggio.answers import Events
from solfeggio.augment import cover_spectra, vary_spectra
from solfeggio.data.band import drums_of
from solfeggio.data.dataset import Dataset, Track
from solfeggio.data.drums import drum_dataset
from solfeggio.data.shared import real_dataset
from solfeggio.data.songs import SOUNDS, recipe_songs, with_sound_kept
from solfeggio.hits import CLASSES, regroup
from solfeggio.lessons.supervised import Supervised
from solfeggio.listeners.drums import TINY, Config, Drums
from solfeggio.metrics.events import evaluate_drums, evaluate_velocities, hit_counts
from solfeggio.recipe import CACHE, Bundles, Cache, Jobs, Only, Out, Shared, Smoke, commands, finish, means
from solfeggio.studies.baselines import centroid_drums, rock_drums
from solfeggio.studies.robustness import robustness
from solfeggio.studies.scores import HEADLINE, Score, across_seeds, by_group, compare, extremes
from solfeggio.studies.table import Table
from solfeggio.train import Budget, Fit, Item, fit, prepare, read_fit

MAIN = CLASSES["main"]
COLUMNS = ("F", "F 20 ms", "P", "R", *(f"F {drum}" for drum in MAIN))
POOLED = "hits of all recordings pooled; F, P and R count KD, SD and HH; 95 % bootstrap interval over recordings"
SEEDS = (0, 1, 2)
STUDY = Budget(steps=150, batch=8, excerpt=8.0, stretch=1.1, check=75, threads=1)
RELEASED = Budget(steps=1500, batch=16, excerpt=8.0, stretch=1.1, check=150, threads=1)
SMOKE = Budget(steps=6, batch=2, excerpt=4.0, check=3, threads=1)
THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8)
SETTLED_ON = 24  # validation songs on which thresholds are set
STUDY_SONGS = 10  # of each test set, on which the study's systems are scored
FRONT = 120  # songs with the drums in front
LIMITS = (
    "A drum is told by how it sounds: brushes, hands and machines may be called by the nearest name of a drum set.",
    "Side-stick, clap, tambourine, shaker and everything else that is struck are one class.",
    "Very soft strokes under loud music are missed; how hard a hit is, is relative to the recording.",
    "It never heard a real recording while learning.",
)
INVALID = (
    "Training and test songs come from one composer program; unseen styles, songs and sound banks are still its own.",
    "The seven real songs are few, short and all rock, country, reggae or metal.",
    "Labels of real songs are exact to 10 ms at best, so their F within 20 ms judges the labels too.",
    "Thresholds were set on the band's finished mixes alone.",
    "The study's budget is short, so what learns slowly may overtake with more steps.",
    "Energy is codecarbon's estimate from processor time, not a measurement.",
)


WHOLE = Config()
SCALE = WHOLE.scale


@dataclass(frozen=True)
class Variant:
    """What the study trains: a system, on how many of which songs. front: songs with the drums in front, too."""

    config: Config = WHOLE
    songs: int | None = None
    bank: str | None = None
    front: bool = True


VARIANTS: dict[str, Variant] = {
    "as released": Variant(),
    "without recurrent layers": Variant(Config(trunk="none")),
    "dilated convolutions instead": Variant(Config(trunk="dilated", depth=5)),
    "without differences": Variant(Config(difference=False)),
    "six classes instead of eight": Variant(Config(classes="main")),
    "without drums in front": Variant(front=False),
    "300 songs": Variant(songs=300, front=False),
    "100 songs": Variant(songs=100, front=False),
    "100 songs, drums of one bank": Variant(songs=100, bank="FluidR3_GM", front=False),
}


def vary(spectra: torch.Tensor) -> torch.Tensor:
    """Vary spectra as other drums, rooms and engineers would."""
    varied = vary_spectra(spectra, SCALE, transpose_bins=1, gain_db=12.0, equaliser_db=10.0, mask=0.1)
    return cover_spectra(varied, SCALE)


LESSON = Supervised(vary)


def drummed_songs(smoke: bool) -> tuple[Dataset, Dataset, Dataset, Dataset, dict[str, Dataset]]:
    """Songs of all kinds, popular ones and ones with the drums in front to train on, to validate and to test on."""
    train, popular, valid, tests = recipe_songs(smoke)
    if smoke:
        front = drum_dataset("smoke-drums", 2, "train", seed=5, family="sketch", styles=("pop",))
    else:
        front = drum_dataset("drums-front", FRONT, "train", seed=6)
        tests["drums alone, new sound bank"] = drum_dataset("test-B-drums", 20, "test", seed=7, family="B", alone=1.0)
    return train, popular, front, valid, tests


def real_tracks(shared: Path | None) -> dict[str, list[Track]]:
    """Real songs, whole and their drum track alone, where a folder of shared data sets is given."""
    if shared is None:
        return {}
    mixes = real_dataset("mdb", shared).tracks
    alone = [dataclasses.replace(track, id=f"{track.id}-drums", audio=partial(drum_track, track)) for track in mixes]
    return {"MDB, whole songs": list(mixes), "MDB, drum tracks": alone}


def drum_track(track: Track) -> tuple[np.ndarray, int]:
    """Sum what of a multitrack recording is drums."""
    stems, rate = track.stems() if track.stems else ({}, 44100)
    return np.sum([stem.mean(0, keepdims=True) for name, stem in stems.items() if "drum" in name], axis=0), rate


def ready(system: Drums, dataset: Dataset, cache: Path, jobs: int) -> list[Item]:
    """Compute the features of a dataset."""
    return prepare(system, with_sound_kept(dataset, cache), cache, jobs)


def struck(items: Sequence[Item]) -> list[Item]:
    """Keep the songs in which anything is struck, and every fourth of the others."""
    silent = [item for item in items if not len(item.answers["drums-fine"])]
    return [item for item in items if len(item.answers["drums-fine"])] + silent[::4]


def hear_items(system: Drums, items: Iterable[Item]) -> dict[str, dict[str, np.ndarray]]:
    """Logits of prepared recordings by their ids."""
    system.eval()
    heard = {}
    for item in items:
        with torch.inference_mode():
            logits = system(torch.from_numpy(item.features.astype(np.float32))[None])
        heard[item.id] = {key: value[0].numpy() for key, value in logits.items()}
    return heard


def judge(truth: Events, found: Events, own: Any) -> Score:
    """Judge hits, fine or main, in main classes; own: the Track or Item, whose hits weigh the score when pooled."""
    reference, estimate = regroup(truth, "main"), regroup(found, "main")
    rest = tuple(f"F {drum}" for drum in MAIN)
    every = evaluate_drums(reference, estimate, MAIN)
    values = evaluate_drums(reference, estimate) | {name: every[name] for name in rest}
    weights = hit_counts(reference, estimate, MAIN) | hit_counts(reference, estimate)
    values |= evaluate_velocities(reference, estimate)
    weights["velocity r"] = weights["R"]
    for name in (name for name, value in values.items() if np.isnan(value)):
        values[name], weights[name] = 1.0, 0.0  # nothing to compare: it does not count
    return Score(own.id, values, dict(own.groups), weights)


def judge_items(items: Iterable[Item], answer: Callable[[Item], Events]) -> list[Score]:
    """Judge ``answer(item)`` on prepared recordings of the band."""
    return [judge(item.answers["drums-fine"], answer(item), item) for item in items]


def judge_tracks(tracks: Iterable[Track], answer: Callable[[np.ndarray, int], Events]) -> list[Score]:
    """Judge ``answer(samples, rate)`` on real recordings."""
    return [judge(track.answers["drums"], answer(*track.audio()), track) for track in tracks]


def best_thresholds(system: Drums, items: Sequence[Item]) -> tuple[float, ...]:
    """Choose each drum's threshold on validation songs: how high its peaks are depends on the training."""
    heard, labels = hear_items(system, items), system.labels
    totals = np.zeros((len(labels), len(THRESHOLDS)))
    for j, threshold in enumerate(THRESHOLDS):
        right, all_hits = np.zeros(len(labels)), np.zeros(len(labels))
        for item in items:
            truth = regroup(item.answers["drums-fine"], system.config.classes)
            found = system.decode(heard[item.id], threshold=threshold)
            scores, counts = evaluate_drums(truth, found, labels), hit_counts(truth, found, labels)
            for i, label in enumerate(labels):
                right[i] += np.nan_to_num(scores[f"F {label}"]) * counts[f"F {label}"]
                all_hits[i] += counts[f"F {label}"]
        totals[:, j] = right / np.maximum(all_hits, 1)
    return tuple(THRESHOLDS[i] for i in totals.argmax(1))


def seconds_per_minute(system: Drums) -> float:
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
    for name, system, items, budget, seed in jobs_of(out, cache, smoke, jobs, only):
        folder = out / name
        size = sum(p.numel() for p in system.parameters())
        print(f"== {name}: {size:,} parameters, {len({item.id for item in items[0]})} songs", flush=True)
        done = fit(
            system, *items, LESSON, budget, seed, folder, task="drums-fine", log=lambda line: print(line, flush=True)
        )
        save_file(system.state_dict(), folder / "weights.safetensors")
        thresholds = best_thresholds(system, items[1][:SETTLED_ON])
        (folder / "decoder.json").write_text(json.dumps({"thresholds": thresholds}))
        (folder / "done.json").write_text(json.dumps(dataclasses.asdict(done)))


def jobs_of(out: Path, cache: Path, smoke: bool, jobs: int, only: str) -> Iterator[Any]:
    """List the trainings in order: (folder, system, (train, valid) items, budget, seed)."""
    train, popular, front, valid, _ = drummed_songs(smoke)
    plan = [("released", Variant(), RELEASED, 0)]
    plan += [
        (f"study/{name}/{seed}", variant, STUDY, seed) for seed in seeds(smoke) for name, variant in VARIANTS.items()
    ]
    prepared: dict[str, list[Item]] = {}

    def items(system: Drums, dataset: Dataset) -> list[Item]:  # all variants share their features
        if dataset.name not in prepared:
            prepared[dataset.name] = ready(system, dataset, cache, jobs)
        return prepared[dataset.name]

    for name, variant, budget, seed in plan:
        if (out / name / "done.json").exists() or not name.startswith(only):
            continue
        torch.manual_seed(seed)
        system = Drums(smaller(variant.config, smoke))
        broad = items(system, train)
        if variant.bank and not smoke:
            numbers = {track.id: i for i, track in enumerate(train.tracks)}  # seeds count up from 0
            broad = [item for item in broad if drums_of(numbers[item.id]) == variant.bank]
        songs = struck(broad)
        if variant.songs:
            songs = songs[: variant.songs]
        else:
            songs = songs + 2 * struck(items(system, popular))
        if variant.front:
            songs = songs + 2 * items(system, front)
        yield name, system, (songs, items(system, valid)), SMOKE if smoke else budget, seed


def seeds(smoke: bool) -> tuple[int, ...]:
    """Seeds of the study."""
    return SEEDS[:1] if smoke else SEEDS


def smaller(config: Config, smoke: bool) -> Config:
    """Shrink a variant for a smoke run."""
    if not smoke:
        return config
    return dataclasses.replace(config, stem=TINY.stem, width=TINY.width, depth=TINY.depth)


def load_variant(folder: Path, config: Config, smoke: bool) -> Drums:
    """Read a trained variant of this run, with the thresholds that were settled on."""
    settled = json.loads((folder / "decoder.json").read_text())
    system = Drums(dataclasses.replace(smaller(config, smoke), thresholds=tuple(settled["thresholds"])))
    system.load_state_dict(load_file(folder / "weights.safetensors"))
    return system.eval()


def studied(out: Path, smoke: bool) -> bool:
    """Tell whether every variant of the study is trained; a report can be written without it."""
    folders = (out / "study" / name / str(seed) for name in VARIANTS for seed in seeds(smoke))
    return all((folder / "done.json").exists() for folder in folders)


def score_study(out: Path, cache: Path, smoke: bool, jobs: int, shared: Path | None) -> list[Table]:
    """Tables of the study: variants over seeds, on the band's songs and on real ones."""
    tests = {
        name: dataclasses.replace(d, tracks=d.tracks[:STUDY_SONGS]) for name, d in drummed_songs(smoke)[-1].items()
    }
    real, extra = real_tracks(shared), {}
    runs: dict[str, dict[str, list[list[Score]]]] = {"the band's songs": {}, **{name: {} for name in real}}
    for name, variant in VARIANTS.items():
        fits = []
        for seed in seeds(smoke):
            folder = out / "study" / name / str(seed)
            system = load_variant(folder, variant.config, smoke)
            items = [item for test in tests.values() for item in ready(system, test, cache, jobs)]
            heard = hear_items(system, items)
            own = judge_items(items, lambda item, s=system, h=heard: s.decode(h[item.id]))  # type: ignore[misc]
            runs["the band's songs"].setdefault(name, []).append(own)
            for place, tracks in real.items():
                runs[place].setdefault(name, []).append(judge_tracks(tracks, partial(run.hear, system)))
            fits.append(read_fit(folder))
        extra[name] = {
            "parameters": sum(p.numel() for p in system.parameters()),
            "training Wh": round(1000 * float(np.mean([done.energy_kwh for done in fits])), 2),
            "CPU s per minute": round(seconds_per_minute(system), 2),
        }
    return [
        across_seeds(f"What does each add? Same steps and seeds, {place}", scores, COLUMNS, extra)
        for place, scores in runs.items()
    ]


def beats_of(tracks: Iterable[Track]) -> dict[str, Events]:
    """Beats that the shipped system hears in each track; nothing where it is not shipped."""
    home = bundle.HOME / "beats"
    if not (home / "config.json").is_file():
        return {}
    system = run.shipped(home, "cpu")
    return {track.id: run.hear(system, *track.audio()) for track in tracks}


def baselines(items: Sequence[Item], system: Drums, beats: dict[str, Events]) -> dict[str, list[Score]]:
    """What one gets without learning: a rock pattern on the beats, and onsets called by how high they sound."""
    grid, hz = system.spec.grid, system.frontend.bins_hz.numpy()
    rows = {"rock pattern on true beats": judge_items(items, lambda item: rock_drums(item.answers["beats"]))}  # type: ignore[arg-type]
    if beats:
        rows["rock pattern on beats heard"] = judge_items(items, lambda item: rock_drums(beats[item.id]))
    rows["onsets by spectral centroid"] = judge_items(
        items, lambda item: centroid_drums(item.features[0].astype(np.float32), grid, hz)
    )
    return rows


def real_baselines(tracks: Sequence[Track], system: Drums, whole: Sequence[Track]) -> dict[str, list[Score]]:
    """Do so on real recordings; whole: the songs in which beats are heard."""
    heard = list(beats_of(whole).values())

    def centroid(samples: np.ndarray, rate: int) -> Events:
        pieces = np.concatenate(list(run.pieces(samples, system.spec.rate, rate)))
        with torch.inference_mode():
            spectra = system.prepare(torch.from_numpy(pieces)[None])[0, 0].numpy()
        return centroid_drums(spectra, system.spec.grid, system.frontend.bins_hz.numpy())

    rows = {
        "rock pattern on true beats": [
            judge(track.answers["drums"], rock_drums(track.answers["beats"]), track)  # type: ignore[arg-type]
            for track in tracks
        ]
    }
    if heard:
        rows["rock pattern on beats heard"] = [
            judge(track.answers["drums"], rock_drums(beats), track)  # type: ignore[arg-type]
            for track, beats in zip(tracks, heard, strict=True)
        ]
    return rows | {"onsets by spectral centroid": judge_tracks(tracks, centroid)}


def score_released(
    out: Path, cache: Path, smoke: bool, jobs: int, shared: Path | None = None
) -> tuple[Drums, dict[str, list[Score]], list[Table]]:
    """Score the released system on every test set, beside answers that never learned."""
    system = load_variant(out / "released", Config(), smoke)
    scores, tables = {}, []
    for test, dataset in drummed_songs(smoke)[-1].items():
        items = ready(system, dataset, cache, jobs)
        heard = hear_items(system, items)
        scores[test] = judge_items(items, lambda item, h=heard: system.decode(h[item.id]))  # type: ignore[misc]
        rows = {"released": scores[test], **baselines(items, system, beats_of(with_sound_kept(dataset, cache)))}
        title = f"Released, {test}: beside answers that never learned"
        tables.append(compare(title, rows, COLUMNS, POOLED))
    real = real_tracks(shared)
    for place, tracks in real.items():
        scores[place] = judge_tracks(tracks, partial(run.hear, system))
        rows = {"released": scores[place], **real_baselines(tracks, system, next(iter(real.values())))}
        tables.append(compare(f"Released, {place}: beside answers that never learned", rows, COLUMNS, POOLED))
        tables.append(by_group(f"Released, {place}: song by song", scores[place], "song", COLUMNS, POOLED))
    return system, scores, tables


def report(out: Path, cache: Path, smoke: bool, jobs: int, bundles: Path, shared: Path | None) -> None:
    """Score everything, write report.html, report.md and the bundle."""
    train, popular, front, _, tests = drummed_songs(smoke)
    tables = score_study(out, cache, smoke, jobs, shared) if studied(out, smoke) else []
    system, scores, own = score_released(out, cache, smoke, jobs, shared)
    done = read_fit(out / "released")
    tables += own
    facts = card_facts(scores, done, len(train) + len(popular) + len(front))
    run.save(system, bundles / "drums", facts)
    everything = [score for name in tests for score in scores[name]]
    tables.append(by_group("By sound bank", everything, "bank", (*COLUMNS, "velocity r"), POOLED))
    tables.append(by_group("By style", everything, "style", COLUMNS, POOLED))
    kept = {name: with_sound_kept(dataset, cache) for name, dataset in tests.items()}
    tracks = {track.id: track for dataset in kept.values() for track in dataset}
    telling = [score for score in everything if score.weights["R"] > 20] or everything
    disturbed = [tracks[score.id] for score in telling[:: max(1, len(telling) // (1 if smoke else 12))]]

    def hear(samples: np.ndarray, rate: int) -> Events:
        return regroup(run.hear(system, samples, rate), "main")

    headline = HEADLINE["drums"]
    disturbed = disturbed[: 1 if smoke else 12]
    tables.append(robustness("What disturbances cost, a mean over songs", disturbed, hear, "drums", headline[:2]))
    worst, best = extremes(telling, "F")
    examples = []
    for verdict, chosen in (("worst", worst), ("best", best)):
        for score in chosen:
            samples, rate = tracks[score.id].audio()
            truth = tracks[score.id].answers
            answers = {
                "heard": run.hear(system, samples, rate),
                "truth": regroup(truth["drums-fine"], "fine"),  # type: ignore[arg-type]
                "beats": truth["beats"],
            }
            examples.append((f"{verdict}: {score.id}, F {score.values['F']:.2f}", samples, rate, answers))
    finish(
        out,
        __doc__,
        "Drums",
        tables,
        curves={"released": done.curve},
        examples=examples,
        invalid=INVALID,
        provenance=facts,
    )


def card_facts(scores: dict[str, list[Score]], done: Fit, songs: int) -> dict[str, Any]:
    """State what the bundle's card must say."""
    return {
        "what": "Drums of music recordings: kick, snare, hi-hat closed and open, toms, ride, crash, other; velocities.",
        "data": [
            f"{songs} songs composed, performed and recorded by the band (recipes/drums.py)",
            *SOUNDS,
        ],
        "licence": "Apache-2.0",
        "metrics": means(scores, COLUMNS),
        "limits": list(LIMITS),
        "recipe": "recipes/drums.py",
        **done.facts(),
    }


app = commands(__doc__)
OUT = Path("runs/drums")


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


@app.command()
def evaluate(out: Out = OUT, cache: Cache = CACHE, smoke: Smoke = False, jobs: Jobs = 2, shared: Shared = None) -> None:
    """Score the released system beside the trivial baselines."""
    for table in score_released(out, cache, smoke, jobs, shared)[2]:
        print(table.text(), "\n")


@app.command("report")
def report_command(
    out: Out = OUT,
    cache: Cache = CACHE,
    smoke: Smoke = False,
    jobs: Jobs = 2,
    bundles: Bundles = None,
    shared: Shared = None,
) -> None:
    """Score everything, write the report and the bundle."""
    report(out, cache, smoke, jobs, bundles or out / "bundles", shared)


if __name__ == "__main__":
    app()
