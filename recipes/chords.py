"""Chords: what musical knowledge buys, which published network comes closest, and how far the winner carries.

Question: trained only on music that the band plays, what do structured outputs, training in all keys, correcting the
tuning, a language of chords and knowing the beats each add, how much fewer songs do they make do with, and does the
answer hold for sounds, styles and recordings that training never met?

Method: variants share data, loss, steps and seeds; songs, styles and sound banks are split. "no knowledge" learns one
class a chord from untuned spectra in the keys it is given; it and "all knowledge" also learn from 10 % and 30 % of the
songs. Reference: CRNN (McFee and Bello 2017), DEEP_CHROMA and CONV (Korzeniowski and Widmer 2016), which keep their own
inputs. The language of chords is counted from the charts of the training songs.

Cost: features about half an hour of one core once; then the study about two minutes a training (30 of them; published
networks are trained once), the released system about twenty-five.

    python recipes/chords.py train --smoke    all trainings, in seconds, on sketched songs
    python recipes/chords.py train            render, train the study and the released system; resumes where it stopped
    python recipes/chords.py evaluate         score the released system beside the trivial baselines
    python recipes/chords.py report           score everything, write runs/chords/report.html and the bundle
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from solfeggio import bundle, run
from solfeggio.answers import Events, Segments
from solfeggio.augment import vary_spectra
from solfeggio.data.dataset import Dataset, Track
from solfeggio.data.songs import SOUNDS, recipe_songs, with_sound_kept
from solfeggio.decode.chords import count_changes
from solfeggio.frontends.chroma import fold
from solfeggio.lessons.supervised import Supervised
from solfeggio.lessons.transposed import Transposed
from solfeggio.listeners.chords import CONV, CRNN, DEEP_CHROMA, TINY, Chords, Config
from solfeggio.recipe import CACHE, Bundles, Cache, Jobs, Only, Out, Shared, Smoke, commands, finish, means
from solfeggio.studies.baselines import constant_chord, template_chords
from solfeggio.studies.robustness import robustness
from solfeggio.studies.scores import HEADLINE, Score, across_seeds, by_group, compare, extremes, score_tracks
from solfeggio.studies.table import Table
from solfeggio.train import Budget, Fit, Item, fit, prepare, read_fit

COLUMNS = HEADLINE["chords"]
SEEDS = (0, 1, 2)
STUDY = Budget(steps=300, batch=8, excerpt=20.0, check=100, threads=1)
HEAVY = dataclasses.replace(STUDY, excerpt=5.0)  # a step of CONV costs as much as four of the others
RELEASED = Budget(steps=1650, batch=8, excerpt=30.0, check=150, threads=1)
SMOKE = Budget(steps=6, batch=2, excerpt=6.0, check=3, threads=1)
VARY = partial(vary_spectra, transpose_bins=0, equaliser_db=12.0, mask=0.2)
SMALL_WIDTH = 32  # channels of the trunk in the study: what knowledge buys is asked of small networks
STUDIED = Config(width=SMALL_WIDTH)
SETTLED_ON = 12  # validation songs on which a decoder's weight is chosen
WEIGHTS = (0.1, 0.2, 0.35, 0.6, 1.0)
STUDY_SONGS = 10  # of each test set, on which the study's 36 systems are scored
PUBLISHED_SONGS = 300  # of the training songs; the inputs of DEEP_CHROMA and CONV are computed for them alone


@dataclass(frozen=True)
class Variant:
    """What the study trains: a system, whether in all keys, on which share of the songs, how long, how often."""

    config: Config = STUDIED
    transposed: bool = True
    share: float = 1.0
    budget: Budget = STUDY
    seeds: int = len(SEEDS)


PLAIN = Config(width=SMALL_WIDTH, output="flat", tuned=False, language="duration")
VARIANTS: dict[str, Variant] = {
    "all knowledge": Variant(),
    "flat output": Variant(Config(width=SMALL_WIDTH, output="flat")),
    "not transposed": Variant(transposed=False),
    "tuning as it is": Variant(Config(width=SMALL_WIDTH, tuned=False)),
    "no knowledge": Variant(PLAIN, transposed=False),
    "all knowledge, 30 % of the songs": Variant(share=0.3),
    "all knowledge, 10 % of the songs": Variant(share=0.1),
    "no knowledge, 30 % of the songs": Variant(PLAIN, transposed=False, share=0.3),
    "no knowledge, 10 % of the songs": Variant(PLAIN, transposed=False, share=0.1),
    "CRNN": Variant(CRNN, seeds=1),
    "DEEP_CHROMA": Variant(DEEP_CHROMA, transposed=False, seeds=1),
    "CONV": Variant(CONV, transposed=False, budget=HEAVY, seeds=1),
}
LIMITS = (
    "One chord at a time: of two harmonies that overlap, or of a melody alone, it gives the likelier reading.",
    "Colours (ninths, elevenths, thirteenths) are called by the seventh chord below them.",
    "Music tuned about a quarter tone off may be written a semitone too high or too low.",
    "It never heard a real recording or a real singer while learning.",
)
INVALID = (
    "Training and test songs come from one composer program; unseen styles, songs and sound banks are still its own.",
    "The charts say what players were given; a passing note or a missing third makes what sounds another chord.",
    "Annotators of real music disagree in a tenth of the time or more; these labels are exact by construction.",
    "The language of chords is learned from the charts of the same composer, which flatters it.",
    "The study's budget is short, so what learns slowly may overtake with more steps; CONV sees shorter excerpts.",
    "DEEP_CHROMA and CONV learn from fewer songs than the others, in the keys that these are in.",
    "Energy is codecarbon's estimate from processor time, not a measurement.",
)


def written(shared: Path | None) -> dict[str, Dataset]:
    """Songs that the band did not write: POP909 on an unseen bank, where a folder of shared data sets is given."""
    if shared is None:
        return {}
    from solfeggio.data.pop909 import pop909_dataset

    return {"POP909, 20 songs": pop909_dataset(folder=shared)}


def ready(system: Chords, dataset: Dataset, cache: Path, jobs: int) -> list[Item]:
    """Compute the features of a dataset."""
    return prepare(system, with_sound_kept(dataset, cache), cache, jobs)


def hear_items(system: Chords, items: Iterable[Item]) -> dict[str, dict[str, np.ndarray]]:
    """Logits of prepared recordings by their ids."""
    system.eval()
    heard = {}
    for item in items:
        with torch.inference_mode():
            logits = system(torch.from_numpy(item.features.astype(np.float32))[None])
        heard[item.id] = {key: value[0].numpy() for key, value in logits.items()}
    return heard


def score_items(
    system: Chords,
    items: Sequence[Item],
    heard: dict[str, dict[str, np.ndarray]] | None = None,
    beats: dict[str, Events] | None = None,
    **options: Any,
) -> list[Score]:
    """Judge a system on prepared recordings; heard: their logits if known. beats: by id, on which chords change."""
    heard = hear_items(system, items) if heard is None else heard

    def answer(item: Item) -> Segments:
        given = {} if beats is None else {"beats": beats[item.id]}
        return system.decode(heard[item.id], **options, **given)

    return score_tracks(items, answer, lambda item: item.answers["chords"], "chords")


def best_weight(system: Chords, items: Sequence[Item]) -> float:
    """Choose on validation songs how far the decoder trusts single frames: how sure they are depends on training."""
    heard = hear_items(system, items)

    def mean(weight: float) -> float:
        scores = score_items(system, items, heard, weight=weight)
        return float(np.mean([score.values[name] for score in scores for name in ("majmin", "sevenths")]))

    return max(WEIGHTS, key=mean)


def seconds_per_minute(system: Chords) -> float:
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
        size = sum(p.numel() for p in system.parameters())
        print(f"== {name}: {size:,} parameters, {len(items[0])} songs", flush=True)
        songs = [item.answers["chords"] for item in items[0]]
        system.changes.copy_(torch.from_numpy(count_changes(songs)))
        done = fit(system, *items, lesson, budget, seed, folder, log=lambda line: print(line, flush=True))
        save_file(system.state_dict(), folder / "weights.safetensors")
        weight = best_weight(system, items[1][:SETTLED_ON])
        (folder / "decoder.json").write_text(json.dumps({"weight": weight}))
        (folder / "done.json").write_text(json.dumps(dataclasses.asdict(done)))


def jobs_of(out: Path, cache: Path, smoke: bool, jobs: int, only: str) -> Iterator[Any]:
    """List the trainings in order: (folder, system, (train, valid) items, budget, lesson, seed)."""
    train, popular, valid, _ = recipe_songs(smoke)
    plan = [("released", Variant(Config(), budget=RELEASED), 0)]
    study = [
        (f"study/{name}/{seed}", variant, seed)
        for seed in seeds(smoke)
        for name, variant in VARIANTS.items()
        if seed < variant.seeds
    ]
    plan += sorted(study, key=lambda job: _input(job[1].config) != _input(Config()))  # other features come last
    prepared: dict[tuple[Any, ...], list[Item]] = {}

    def items(system: Chords, dataset: Dataset) -> list[Item]:
        key = (dataset.name, len(dataset), _input(system.config))
        if key not in prepared:
            if len(prepared) > 3:  # one kind of features at a time fits into memory
                prepared.clear()
            prepared[key] = ready(system, dataset, cache, jobs)
        return prepared[key]

    for name, variant, seed in plan:
        if (out / name / "done.json").exists() or not name.startswith(only):
            continue
        torch.manual_seed(seed)
        system = Chords(smaller(variant.config, smoke))
        few = dataclasses.replace(train, tracks=train.tracks[:PUBLISHED_SONGS])
        songs = items(system, train if variant.config.octaves else few)
        if name == "released":
            songs = songs + items(system, popular)
        songs = songs[: max(1, round(variant.share * len(songs)))]
        lesson = Transposed(vary=VARY) if variant.transposed else Supervised(VARY)
        learned = (songs, items(system, valid))
        yield name, system, learned, SMOKE if smoke else variant.budget, lesson, seed


def _input(config: Config) -> tuple[Any, ...]:
    """What decides a configuration's features."""
    return config.rate, config.octaves, config.gamma, config.tuned


def seeds(smoke: bool) -> tuple[int, ...]:
    """Seeds of the study."""
    return SEEDS[:1] if smoke else SEEDS


def load_variant(folder: Path, config: Config, smoke: bool) -> Chords:
    """Read a trained variant of this run, with the decoder's weight that was settled on."""
    settled = json.loads((folder / "decoder.json").read_text())
    system = Chords(dataclasses.replace(smaller(config, smoke), **settled))
    system.load_state_dict(load_file(folder / "weights.safetensors"))
    return system.eval()


def smaller(config: Config, smoke: bool) -> Config:
    """Shrink a variant for a smoke run; CONV has only one size."""
    if not smoke:
        return config
    return dataclasses.replace(config, stem=TINY.stem, width=TINY.width, depth=TINY.depth)


def score_study(out: Path, cache: Path, smoke: bool, jobs: int) -> tuple[Table, Table]:
    """Tables of the study: variants over seeds, and ways to read the same networks."""
    tests = recipe_songs(smoke)[-1]
    few = [dataclasses.replace(test, tracks=test.tracks[:STUDY_SONGS]) for test in tests.values()]
    heard_beats = beats_of([track for test in few for track in with_sound_kept(test, cache)])
    networks: dict[str, list[list[Score]]] = {}
    readings: dict[str, list[list[Score]]] = {}
    extra: dict[str, dict[str, Any]] = {}
    for name, variant in VARIANTS.items():
        fits = []
        untrained = Chords(smaller(variant.config, smoke))
        items = [item for test in few for item in ready(untrained, test, cache, jobs)]
        for seed in seeds(smoke)[: variant.seeds]:
            folder = out / "study" / name / str(seed)
            system = load_variant(folder, variant.config, smoke)
            heard = hear_items(system, items)
            own = score_items(system, items, heard)
            networks.setdefault(name, []).append(own)
            fits.append(read_fit(folder))
            if name == next(iter(VARIANTS)):
                true_beats = {item.id: item.answers["beats"] for item in items}
                readings.setdefault("each frame for itself", []).append(
                    score_items(system, items, heard, language="none")
                )
                readings.setdefault("chords last", []).append(score_items(system, items, heard, language="duration"))
                readings.setdefault("and follow each other", []).append(own)
                readings.setdefault("and change on true beats", []).append(
                    score_items(system, items, heard, true_beats)
                )
                if heard_beats:
                    readings.setdefault("and change on beats heard", []).append(
                        score_items(system, items, heard, heard_beats)
                    )
        extra[name] = {
            "songs": len(recipe_songs(smoke)[0]) if smoke else songs_of(variant),
            "parameters": sum(p.numel() for p in system.parameters()),
            "training Wh": round(1000 * float(np.mean([done.energy_kwh for done in fits])), 2),
            "CPU s per minute": round(seconds_per_minute(system), 2),
        }
    return (
        across_seeds("What does knowledge buy? Same steps and seeds", networks, COLUMNS, extra),
        across_seeds("How to read it? The networks with all knowledge", readings, COLUMNS, {}),
    )


def songs_of(variant: Variant) -> int:
    """Songs that a variant of the full study learns from."""
    return round(variant.share * (720 if variant.config.octaves else PUBLISHED_SONGS))


def beats_of(tracks: Iterable[Track]) -> dict[str, Events]:
    """Beats that the shipped system hears in each track; nothing where it is not shipped."""
    home = bundle.HOME / "beats"
    if not (home / "config.json").is_file():
        return {}
    system = run.shipped(home, "cpu")
    return {track.id: run.hear(system, *track.audio()) for track in tracks}


def score_released(
    out: Path, cache: Path, smoke: bool, jobs: int, shared: Path | None = None
) -> tuple[Chords, dict[str, list[Score]], list[Table]]:
    """Score the released system on every test set, beside answers that never learned."""
    system = load_variant(out / "released", Config(), smoke)
    scores, tables = {}, []
    train, *_, tests = recipe_songs(smoke)
    common = most_common([train.tracks[i].answers["chords"] for i in range(0, len(train), max(1, len(train) // 40))])
    for test, dataset in {**tests, **written(shared)}.items():
        items = ready(system, dataset, cache, jobs)
        scores[test] = score_items(system, items)
        sevenths = score_items(system, items, vocabulary="sevenths")
        rows = {"released": scores[test], "released, vocabulary sevenths": sevenths, **baselines(items, system, common)}
        tables.append(compare(f"Released, {test}: beside answers that never learned", rows, COLUMNS))
    return system, scores, tables


def most_common(songs: Iterable[Segments]) -> str:
    """Chord that sounds longest in songs."""
    total: Counter[str] = Counter()
    for song in songs:
        for label, seconds in zip(song.labels, song.ends - song.starts, strict=True):
            total[label] += seconds
    return max((label for label in total if label not in ("N", "X")), key=lambda label: total[label], default="C:maj")


def baselines(items: list[Item], system: Chords, common: str) -> dict[str, list[Score]]:
    """What one gets without learning: one chord throughout, and templates laid over a chroma."""
    grid = system.spec.grid

    def same(item: Item) -> Segments:
        return constant_chord(float(item.features.shape[-1] / grid.rate), common)

    def templates(item: Item) -> Segments:
        chroma = fold(torch.from_numpy(item.features.astype(np.float32))[None], 36, -1 / 3)
        return template_chords(chroma[0, 0].numpy(), grid)

    return {
        "templates on chroma": score_tracks(items, templates, lambda item: item.answers["chords"], "chords"),
        f"most common chord, {common}": score_tracks(items, same, lambda item: item.answers["chords"], "chords"),
    }


def report(out: Path, cache: Path, smoke: bool, jobs: int, bundles: Path, shared: Path | None) -> None:
    """Score everything, write report.html, report.md and the bundle."""
    train, popular, _, tests = recipe_songs(smoke)
    tables = list(score_study(out, cache, smoke, jobs))
    system, scores, own = score_released(out, cache, smoke, jobs, shared)
    done = read_fit(out / "released")
    tables += own
    facts = card_facts(scores, done, len(train) + len(popular))
    run.save(system, bundles / "chords", facts)
    everything = [score for name in tests for score in scores[name]]
    tables.append(by_group("By sound bank", everything, "bank", COLUMNS))
    tables.append(by_group("By style", everything, "style", COLUMNS))
    kept = {name: with_sound_kept(dataset, cache) for name, dataset in tests.items()}
    disturbed = [track for dataset in kept.values() for track in dataset.tracks[: 1 if smoke else 4]]

    def hear(samples: np.ndarray, rate: int) -> Segments:
        return run.hear(system, samples, rate)

    tables.append(robustness("What disturbances cost", disturbed, hear, "chords", COLUMNS))
    telling = [score for score in everything if score.weights["majmin"] > 0.5 * score.weights["root"]]
    worst, best = extremes(telling, "majmin")
    tracks = {track.id: track for dataset in kept.values() for track in dataset}
    examples = []
    for verdict, chosen in (("worst", worst), ("best", best)):
        for score in chosen:
            samples, rate = tracks[score.id].audio()
            truth = tracks[score.id].answers
            answers = {"heard": hear(samples, rate), "truth": truth["chords"], "beats": truth["beats"]}
            title = (
                f"{verdict}: {score.id}, majmin {score.values['majmin']:.2f}, sevenths {score.values['sevenths']:.2f}"
            )
            examples.append((title, samples, rate, answers))
    finish(
        out,
        __doc__,
        "Chords",
        tables,
        curves={"released": done.curve},
        examples=examples,
        invalid=INVALID,
        provenance=facts,
    )


def card_facts(scores: dict[str, list[Score]], done: Fit, songs: int) -> dict[str, Any]:
    """State what the bundle's card must say."""
    return {
        "what": "Chords of music recordings: root, quality up to sevenths, bass.",
        "data": [
            f"{songs} songs composed, performed and recorded by the band (recipes/chords.py)",
            *SOUNDS,
        ],
        "licence": "Apache-2.0",
        "metrics": means(scores, COLUMNS),
        "limits": list(LIMITS),
        "recipe": "recipes/chords.py",
        **done.facts(),
    }


app = commands(__doc__)
OUT = Path("runs/chords")


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
