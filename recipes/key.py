"""Key: what hearing all keys alike buys, how few songs it makes do with, and how far the winner carries.

Question: trained only on music that the band plays, is a network that treats the twelve tonics alike by construction
better than a plain one, or than a plain one that learns in all keys; how much fewer songs does it need; what does
correcting the tuning add; and does the answer hold for sounds, styles and songs that training never met?

Method: variants share data, loss, steps and seeds; songs, styles and sound banks are split; the networks learn from 10,
30 and 100 % of the songs. Reference: Korzeniowski and Widmer 2017 (KORZENIOWSKI2017), which keeps its own input. Modes
(dorian, mixolydian, ...) count as major or minor by their third, in learning and in scoring. The decoder's two numbers
are chosen on the validation songs for each network. Percussion alone, synthesised, teaches all of them to keep silent.

Cost: features are those of chords, half an hour of one core once; then the study two minutes a training (33 of them),
the released system about fifteen.

    python recipes/key.py train --smoke    all trainings, in seconds, on sketched songs
    python recipes/key.py train            render, train the released system and the study; resumes where it stopped
    python recipes/key.py evaluate         score the released system beside the trivial baselines
    python recipes/key.py report           score everything, write runs/key/report.html and the bundle
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

from solfeggio import run
from solfeggio.answers import Segments
from solfeggio.audio import mono
from solfeggio.augment import speed, vary_spectra
from solfeggio.data.dataset import Dataset, Track
from solfeggio.data.percussion import percussion_dataset
from solfeggio.data.songs import SOUNDS, recipe_songs, with_sound_kept
from solfeggio.frontends.chroma import estimate_tuning, fold
from solfeggio.lessons.supervised import Supervised
from solfeggio.lessons.transposed import Transposed
from solfeggio.listeners.key import CONFIGS, KORZENIOWSKI2017, PLAIN, TINY, Config, Key
from solfeggio.metrics.key import key_score, simple_key, tuning_error
from solfeggio.notation import global_key
from solfeggio.recipe import CACHE, Bundles, Cache, Jobs, Only, Out, Shared, Smoke, commands, finish, means
from solfeggio.studies.baselines import PROFILES, constant_chord, template_key
from solfeggio.studies.robustness import robustness
from solfeggio.studies.scores import HEADLINE, Score, across_seeds, by_group, compare, extremes, score_tracks
from solfeggio.studies.table import Table, over_tracks
from solfeggio.train import Budget, Fit, Item, fit, prepare, read_fit

COLUMNS = HEADLINE["key"]
SEEDS = (0, 1, 2)
STUDY = Budget(steps=200, batch=12, excerpt=30.0, check=100, threads=1)
RELEASED = Budget(steps=2400, batch=8, excerpt=64.0, check=150, threads=1)  # excerpts as long as what the net hears
SMOKE = Budget(steps=6, batch=2, excerpt=6.0, check=3, threads=1)
VARY = partial(vary_spectra, transpose_bins=0, equaliser_db=6.0, mask=0.1)
SETTLED_ON = 48  # validation songs on which a decoder's numbers are chosen
WEIGHTS = (0.01, 0.03, 0.1, 0.3)
LASTS = (30.0, 100.0)  # seconds; songs are one to five minutes long
PERCUSSION = 60  # tracks without a key, added to what every variant learns from
STUDY_SONGS = 20  # of each test set, on which the study's systems are scored
PUBLISHED_SONGS = 300  # of the training songs; the input of KORZENIOWSKI2017 is computed for them alone
CENTS = (0, 10, 25, 40, -15, -35)  # by which recordings are put out of tune


@dataclass(frozen=True)
class Variant:
    """What the study trains: a system, whether in all keys, on which share of the songs, how long."""

    config: Config = CONFIGS["released"]
    transposed: bool = False
    share: float = 1.0
    budget: Budget = STUDY


KINDS = {
    "equivariant": Variant(),
    "plain": Variant(PLAIN),
    "plain, in all keys": Variant(PLAIN, transposed=True),
}
VARIANTS: dict[str, Variant] = {
    **KINDS,
    **{
        f"{name}, {share:.0%} of the songs".replace("%", " %"): dataclasses.replace(variant, share=share)
        for share in (0.3, 0.1)
        for name, variant in KINDS.items()
    },
    "tuning as it is": Variant(Config(tuned=False)),
    "KORZENIOWSKI2017": Variant(KORZENIOWSKI2017),
}
LIMITS = (
    "Major or minor only: dorian, mixolydian and other modes are called by their third.",
    "Music between keys, without one, or in two at once gets the likeliest reading.",
    "Percussion that rings at steady pitches may be given a key.",
    "Music tuned about a quarter tone off may be named a semitone too high or too low.",
    "It never heard a real recording or a living singer while learning: voices are synthetic.",
)
INVALID = (
    "Training and test songs come from one composer program; unseen styles, songs and sound banks are still its own.",
    "A song's key is what the composer program meant, exact by construction; listeners of real music disagree.",
    "Where drums or a bare bass open a song, the truth already names the key that is yet to be heard.",
    "The study's budget is short; a variant that learns slowly may overtake with more steps.",
    "KORZENIOWSKI2017 learns from fewer songs, at a short budget and in the keys that these are in.",
    "Tuning errors are measured on sound that was resampled, as a tape would change it, not on instruments.",
    "Energy is codecarbon's estimate from processor time, not a measurement.",
)


def written(shared: Path | None) -> dict[str, Dataset]:
    """Songs that the band did not write: POP909 on an unseen bank, where a folder of shared data sets is given."""
    if shared is None:
        return {}
    from solfeggio.data.pop909 import pop909_dataset

    return {"POP909, 20 songs": pop909_dataset(folder=shared)}


def ready(system: Key, dataset: Dataset, cache: Path, jobs: int) -> list[Item]:
    """Compute the features of a dataset."""
    return prepare(system, with_sound_kept(dataset, cache), cache, jobs)


def hear_items(system: Key, items: Iterable[Item]) -> dict[str, dict[str, np.ndarray]]:
    """Logits of prepared recordings by their ids."""
    system.eval()
    heard = {}
    for item in items:
        with torch.inference_mode():
            logits = system(torch.from_numpy(item.features.astype(np.float32))[None])
        heard[item.id] = {key: value[0].numpy() for key, value in logits.items()}
    return heard


def score_items(
    system: Key, items: Sequence[Item], heard: dict[str, dict[str, np.ndarray]] | None = None, **options: Any
) -> list[Score]:
    """Judge a system on prepared recordings; heard: their logits if known."""
    known = hear_items(system, items) if heard is None else heard

    def answer(item: Item) -> Segments:
        return system.decode(known[item.id], **options)

    return score_tracks(items, answer, lambda item: item.answers["key"], "key")


def best_decoder(system: Key, items: Sequence[Item]) -> dict[str, float]:
    """Choose on validation songs how far single frames are trusted and how long keys last.

    Of those within one standard error of the best, the one that changes least (Breiman's rule).
    """
    heard = hear_items(system, items)
    grid = [{"weight": weight, "lasts": lasts} for weight in WEIGHTS for lasts in reversed(LASTS)]
    table = []
    for settings in grid:
        scores = score_items(system, items, heard, **settings)
        table.append([(score.values["weighted"] + score.values["local weighted"]) / 2 for score in scores])
    means = np.mean(table, 1)
    best = int(means.argmax())
    close = means >= means[best] - np.std(table[best]) / np.sqrt(len(items))
    return grid[int(np.flatnonzero(close)[0])]


def seconds_per_minute(system: Key) -> float:
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
        done = fit(system, *items, lesson, budget, seed, folder, log=lambda line: print(line, flush=True))
        save_file(system.state_dict(), folder / "weights.safetensors")
        (folder / "decoder.json").write_text(json.dumps(best_decoder(system, items[1][:SETTLED_ON])))
        (folder / "done.json").write_text(json.dumps(dataclasses.asdict(done)))


def jobs_of(out: Path, cache: Path, smoke: bool, jobs: int, only: str) -> Iterator[Any]:
    """List the trainings in order: (folder, system, (train, valid) items, budget, lesson, seed)."""
    train, popular, valid, _ = recipe_songs(smoke)
    plan = [("released", Variant(budget=RELEASED), 0)]
    study = [(f"study/{name}/{seed}", variant, seed) for seed in seeds(smoke) for name, variant in VARIANTS.items()]
    plan += sorted(study, key=lambda job: _input(job[1].config) != _input(Config()))  # other features come last
    prepared: dict[tuple[Any, ...], list[Item]] = {}

    def items(system: Key, dataset: Dataset) -> list[Item]:
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
        system = Key(smaller(variant.config, smoke))
        few = dataclasses.replace(train, tracks=train.tracks[:PUBLISHED_SONGS])
        songs = items(system, train if variant.config.octaves else few)
        if name == "released":
            songs = songs + items(system, popular)
        songs = songs[: max(1, round(variant.share * len(songs)))]
        songs = songs + items(system, percussion_dataset(1 if smoke else PERCUSSION))
        lesson = Transposed(vary=VARY) if variant.transposed else Supervised(VARY)
        learned = (songs, items(system, valid))
        yield name, system, learned, SMOKE if smoke else variant.budget, lesson, seed


def _input(config: Config) -> tuple[Any, ...]:
    """What decides a configuration's features."""
    return config.rate, config.hop, config.octaves, config.tuned


def seeds(smoke: bool) -> tuple[int, ...]:
    """Seeds of the study."""
    return SEEDS[:1] if smoke else SEEDS


def load_variant(folder: Path, config: Config, smoke: bool) -> Key:
    """Read a trained variant of this run, with the decoder that was settled on."""
    settled = json.loads((folder / "decoder.json").read_text())
    system = Key(dataclasses.replace(smaller(config, smoke), **settled))
    system.load_state_dict(load_file(folder / "weights.safetensors"))
    return system.eval()


def smaller(config: Config, smoke: bool) -> Config:
    """Shrink a variant for a smoke run."""
    if not smoke:
        return config
    return dataclasses.replace(config, stem=TINY.stem, width=TINY.width, depth=TINY.depth, units=8)


def score_study(out: Path, cache: Path, smoke: bool, jobs: int) -> Table:
    """Table of the study: variants over seeds."""
    tests = recipe_songs(smoke)[-1]
    few = [dataclasses.replace(test, tracks=test.tracks[:STUDY_SONGS]) for test in tests.values()]
    networks: dict[str, list[list[Score]]] = {}
    extra: dict[str, dict[str, Any]] = {}
    prepared: dict[tuple[Any, ...], list[Item]] = {}
    for name, variant in VARIANTS.items():
        fits, kind = [], _input(variant.config)
        untrained = Key(smaller(variant.config, smoke))
        if kind not in prepared:
            prepared[kind] = [item for test in few for item in ready(untrained, test, cache, jobs)]
        for seed in seeds(smoke):
            folder = out / "study" / name / str(seed)
            system = load_variant(folder, variant.config, smoke)
            networks.setdefault(name, []).append(score_items(system, prepared[kind]))
            fits.append(read_fit(folder))
        extra[name] = {
            "songs": len(recipe_songs(smoke)[0]) if smoke else songs_of(variant),
            "parameters": sum(p.numel() for p in system.parameters()),
            "training Wh": round(1000 * float(np.mean([done.energy_kwh for done in fits])), 2),
            "CPU s per minute": round(seconds_per_minute(system), 2),
        }
    return across_seeds("What does hearing all keys alike buy? Same steps and seeds", networks, COLUMNS, extra)


def songs_of(variant: Variant) -> int:
    """Songs that a variant of the full study learns from."""
    return round(variant.share * (720 if variant.config.octaves else PUBLISHED_SONGS))


def score_released(
    out: Path, cache: Path, smoke: bool, jobs: int, shared: Path | None = None
) -> tuple[Key, dict[str, list[Score]], list[Table]]:
    """Score the released system on every test set, beside answers that never learned."""
    system = load_variant(out / "released", Config(), smoke)
    scores, tables = {}, []
    tests = recipe_songs(smoke)[-1]
    for test, dataset in {**tests, **written(shared)}.items():
        items = ready(system, dataset, cache, jobs)
        scores[test] = score_items(system, items)
        rows = {"released": scores[test], **baselines(items, system)}
        tables.append(compare(f"Released, {test}: beside answers that never learned", rows, COLUMNS))
    return system, scores, tables


def baselines(items: list[Item], system: Key) -> dict[str, list[Score]]:
    """What one gets without learning: always C major, and profiles laid over the mean chroma."""
    grid = system.spec.grid

    def same(item: Item) -> Segments:
        return constant_chord(float(item.features.shape[-1] / grid.rate), "C:maj")

    def templates(item: Item, profile: str) -> Segments:
        chroma = fold(torch.from_numpy(item.features.astype(np.float32))[None], 36, -1 / 3)
        return template_key(chroma[0, 0].numpy(), grid, profile)

    rows = {f"{profile} profiles": partial(templates, profile=profile) for profile in PROFILES}
    answers = {**rows, "always C major": same}
    return {
        name: score_tracks(items, answer, lambda item: item.answers["key"], "key") for name, answer in answers.items()
    }


def mistakes(system: Key, items: Sequence[Item]) -> Table:
    """What the key of the whole piece is taken for, by MIREX's kinds."""
    kinds = {1.0: "right", 0.5: "a fifth above", 0.3: "relative", 0.2: "parallel", 0.0: "other"}
    heard = hear_items(system, items)
    counts: dict[str, Counter[str]] = {"maj": Counter(), "min": Counter(), "none": Counter()}
    for item in items:
        truth, found = global_key(item.answers["key"]), global_key(system.decode(heard[item.id]))
        mode = simple_key(truth).partition(":")[2] or "none"
        fifth_below = ":" in truth and key_score(found, truth) == 0.5
        counts[mode]["a fifth below" if fifth_below else kinds[key_score(truth, found)]] += 1
    columns = ("right", "a fifth above", "a fifth below", "relative", "parallel", "other")
    rows = [(mode, *(row[column] for column in columns)) for mode, row in counts.items() if row]
    return Table("What the key is taken for, in songs", ("truth", *columns), tuple(rows))


def tuning(tracks: Sequence[Track]) -> Table:
    """How many cents off the tuning of known changes is heard, beside assuming that A is always 440 Hz."""
    errors: dict[int, list[tuple[float, float]]] = {cents: [] for cents in CENTS}
    for track in tracks:
        samples, rate = track.audio()
        sound = mono(samples)[..., : 60 * rate]
        before = estimate_tuning(torch.from_numpy(sound), rate)
        for cents in CENTS:
            changed, _ = speed(sound, rate, Segments([], []), 2 ** (cents / 1200))
            found = estimate_tuning(torch.from_numpy(changed), rate)
            errors[cents].append((tuning_error(before + cents, found), tuning_error(before + cents, 0)))
    rows = [(cents, *(over_tracks(column) for column in zip(*pairs, strict=True))) for cents, pairs in errors.items()]
    note = f"{len(tracks)} tracks, resampled; mean with 95 % bootstrap interval"
    return Table("Tuning: cents off", ("played cents too high", "heard", "assuming 440 Hz"), tuple(rows), note)


def report(out: Path, cache: Path, smoke: bool, jobs: int, bundles: Path, shared: Path | None) -> None:
    """Score everything, write report.html, report.md and the bundle."""
    train, popular, _, tests = recipe_songs(smoke)
    tables = [score_study(out, cache, smoke, jobs)]
    system, scores, own = score_released(out, cache, smoke, jobs, shared)
    done = read_fit(out / "released")
    tables += own
    facts = card_facts(scores, done, len(train) + len(popular))
    run.save(system, bundles / "key", facts)
    everything = [score for name in tests for score in scores[name]]
    tables.append(by_group("By sound bank", everything, "bank", COLUMNS))
    tables.append(by_group("By style", everything, "style", COLUMNS))
    kept = {name: with_sound_kept(dataset, cache) for name, dataset in tests.items()}
    disturbed = [track for dataset in kept.values() for track in dataset.tracks[: 1 if smoke else 4]]

    def hear(samples: np.ndarray, rate: int) -> Segments:
        return run.hear(system, samples, rate)

    tables.append(robustness("What disturbances cost", disturbed, hear, "key", COLUMNS))
    items = [item for dataset in tests.values() for item in ready(system, dataset, cache, jobs)]
    tables += [mistakes(system, items), tuning(disturbed)]
    worst, best = extremes(everything, "local weighted")
    tracks = {track.id: track for dataset in kept.values() for track in dataset}
    examples = []
    for verdict, chosen in (("worst", worst), ("best", best)):
        for score in chosen:
            samples, rate = tracks[score.id].audio()
            truth = tracks[score.id].answers
            answers = {"heard": hear(samples, rate), "truth": truth["key"], "beats": truth["beats"]}
            values = score.values
            title = f"{verdict}: {score.id}, weighted {values['weighted']:.2f}, local {values['local weighted']:.2f}"
            examples.append((title, samples, rate, answers))
    finish(
        out,
        __doc__,
        "Key",
        tables,
        curves={"released": done.curve},
        examples=examples,
        invalid=INVALID,
        provenance=facts,
    )


def card_facts(scores: dict[str, list[Score]], done: Fit, songs: int) -> dict[str, Any]:
    """State what the bundle's card must say."""
    return {
        "what": "Keys of music recordings: tonic and major or minor, where they change.",
        "data": [
            f"{songs} songs composed, performed and recorded by the band (recipes/key.py)",
            f"{PERCUSSION} tracks of percussion synthesised with numpy",
            *SOUNDS,
        ],
        "licence": "Apache-2.0",
        "metrics": means(scores, COLUMNS),
        "limits": list(LIMITS),
        "recipe": "recipes/key.py",
        **done.facts(),
    }


app = commands(__doc__)
OUT = Path("runs/key")


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
