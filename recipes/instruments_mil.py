"""Instruments from weak labels: does attention help to learn from labels that do not say when, and does it find out?

Question: given clips of ten seconds in which a tenth of the labels is told, and none with its time, does weighing the
seconds by attention name more instruments than their mean does, over ten seeds? And, which the original could not ask:
are the seconds that attention chooses those in which the instrument plays?

Method: AttentionMIC (Gururani, Sharma and Lerch, ISMIR 2019) and its baselines at their published sizes, on frozen
vectors of one second. Published are VGGish's, which may not be shipped; here they are 128 whitened statistics of a mel
spectrogram, learned from the training clips without labels. Clips come from songs of the band; which labels are told is
drawn as in OpenMIC, about as many clips with an instrument as without. Published: Adam at 5e-4 (flat network
1e-4), weight decay 1e-5, batches of 128, 250 epochs (100 for baselines), 15 seeds; here 10 seeds and, without
--published, 60 epochs. The epoch is chosen by macro F1 on validation songs, never by a test.

Cost: clips about a quarter of an hour of one core once the sound is there; then a minute or two a training.

    python recipes/instruments_mil.py train --smoke    all trainings, in seconds, on sketched songs
    python recipes/instruments_mil.py train            cut clips, train the study; resumes where it stopped
    python recipes/instruments_mil.py evaluate         score all that was trained, beside answers that never learned
    python recipes/instruments_mil.py report           the same, and write report.html, report.md and the bundle
"""

from __future__ import annotations

import copy
import dataclasses
import json
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from safetensors.torch import load_file, save_file

from solfeggio import run
from solfeggio.answers import Segments, Tags
from solfeggio.audio import mono, resample
from solfeggio.data.clips import LABELS, label_clips, observe, places
from solfeggio.data.dataset import Dataset, Track
from solfeggio.data.songs import SOUNDS, recipe_songs, with_sound_kept
from solfeggio.listeners.instruments_mil import (
    ATTENTION,
    FLAT_MLP,
    FRAME_MLP,
    MAX,
    MEAN,
    RECURRENT,
    Config,
    InstrumentsMil,
)
from solfeggio.metrics.clips import evaluate_clips, found_and_missed, localise
from solfeggio.recipe import CACHE, Bundles, Cache, Jobs, Only, Out, Shared, Smoke, commands, finish
from solfeggio.studies.table import Cell, Estimate, Table, over_seeds, over_tracks
from solfeggio.train import Fit, feature_key, read_fit

COLUMNS = ("macro F1", "weighted F1", "precision", "recall")
SEEDS = tuple(range(10))
SHARE = 0.1  # of the training clips, that a label is told in
CLIPS = 8  # at most, of one song
EPOCHS, SMOKE_EPOCHS = 60, 2
BATCH = 128
TREES, DEEPEST = 100, 8
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)  # of which one is settled on by the validation songs
LOUDNESS = -2  # row of the statistics
BUNDLE = "instruments_mil"


@dataclass(frozen=True)
class Variant:
    """What the study trains. config: a network; None: a random forest. share: of the clips, that a label is told in."""

    config: Config | None
    epochs: int = 100  # published
    rate: float = 5e-4
    share: float = SHARE


VARIANTS = {
    "attention": Variant(ATTENTION, 250),
    "mean pooling": Variant(MEAN, 250),
    "max pooling": Variant(MAX, 250),
    "FRAME_MLP": Variant(FRAME_MLP),
    "FLAT_MLP": Variant(FLAT_MLP, rate=1e-4),
    "RECURRENT": Variant(RECURRENT),
    "random forest": Variant(None),
    "attention, every label told": Variant(ATTENTION, 250, share=1.0),
}
LIMITS = (
    "Mandolin and ukulele are never named: the band has neither. Of sections of strings or brass nothing is said.",
    "It knows sampled and synthesised instruments, in the mixes of one composer program; it never heard a real one.",
    "A recording gets the surest of its clips, so the longer it is the more is named that is not there.",
    "When an instrument plays was never taught: `when` is what attention makes of it, a second at a time.",
)
INVALID = (
    "Labels are what players were given to play, however softly they are mixed; people would label what they hear.",
    "Here the told labels are drawn at random; people were asked about clips that a machine thought likely.",
    "The vectors are not the published ones, so the numbers cannot be compared with those published on OpenMIC.",
    "Instruments of the band play in company: drums foretell bass. What is named need not have been heard itself.",
    "Most instruments play through a whole clip, so few clips tell whether the right seconds were found.",
    "Training and test songs come from one composer program; unseen styles, songs and sound banks are still its own.",
    "Energy is codecarbon's estimate from processor time, not a measurement.",
)


@dataclass(frozen=True, eq=False)
class Clips:
    """Clips. features: (clip, 1, number, frame). values, activity: of ``label_clips``. songs: (clip,) ids."""

    features: np.ndarray
    values: np.ndarray
    activity: np.ndarray
    songs: np.ndarray

    def __len__(self) -> int:
        return len(self.values)


def recorded(shared: Path | None) -> dict[str, Dataset]:
    """Recordings of people, where a folder of shared data sets is given: seven excerpts of MedleyDB."""
    if shared is None:
        return {}
    from solfeggio.data.shared import real_dataset

    return {"MedleyDB, 7 excerpts": real_dataset("mdb", shared)}


def cut(track: Track, path: Path) -> None:
    """Compute and store the clips of one song."""
    torch.set_num_threads(1)
    system = InstrumentsMil()
    c = system.config
    samples, rate = track.audio()
    sound = resample(mono(samples), rate, c.rate).reshape(-1)
    seconds = c.clip * c.hop / c.rate
    starts = places(len(sound) / c.rate, seconds, CLIPS, zlib.crc32(track.id.encode()))
    task, source = ("instruments", "band") if "instruments" in track.answers else ("activity", "medleydb")
    truth = track.answers[task]
    values, activity = label_clips(truth, starts, seconds, c.clip, source)  # type: ignore[arg-type]
    pieces = [sound[round(at * c.rate) :][: c.clip * c.hop] for at in starts]
    with torch.inference_mode():
        made = [system.prepare(torch.from_numpy(np.ascontiguousarray(piece))[None])[0] for piece in pieces]
    features = torch.stack(made).half().numpy() if made else np.zeros((0, 1, system.frontend.size, c.clip), np.float16)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, features=features, values=values.astype(np.float16), activity=activity.astype(np.float16))
    part.rename(path)


def clips_of(datasets: Sequence[Dataset], cache: Path, jobs: int) -> Clips:
    """Cut the clips of datasets, or read those that were cut before."""
    key = feature_key(InstrumentsMil())
    rows, songs = [], []
    for dataset in datasets:
        folder = cache / "clips" / dataset.name / key
        folder.mkdir(parents=True, exist_ok=True)
        kept = with_sound_kept(dataset, cache) if dataset.name != "mdb" else dataset
        missing = [track for track in kept if not (folder / f"{track.id}.npz").exists()]
        paths = [folder / f"{track.id}.npz" for track in missing]
        if missing and jobs > 1:
            with ProcessPoolExecutor(jobs) as pool:
                list(pool.map(cut, missing, paths))
        else:
            for track, path in zip(missing, paths, strict=True):
                cut(track, path)
        for track in dataset:
            with np.load(folder / f"{track.id}.npz", allow_pickle=False) as stored:
                rows.append([stored[name] for name in ("features", "values", "activity")])
            songs += [track.id] * len(rows[-1][0])
    features, values, activity = (np.concatenate(column) for column in zip(*rows, strict=True))
    return Clips(features, values.astype(np.float32), activity.astype(np.float32), np.array(songs))


def whitened(config: Config, clips: Clips) -> InstrumentsMil:
    """Make a network whose vectors are learned from clips, and that knows which labels these can teach."""
    system = InstrumentsMil(config)
    system.vectors.learn(clips.features[:, 0].transpose(0, 2, 1).reshape(-1, clips.features.shape[2]))
    system.taught.copy_(torch.from_numpy(observe(clips.values, 1.0).any(0)))
    return system


def vectors_of(system: InstrumentsMil, clips: Clips) -> torch.Tensor:
    """Frozen vectors (clip, frame, vector), a thousand clips at a time."""
    with torch.inference_mode():
        parts = [system.vectors(torch.from_numpy(clips.features[i : i + 1000])) for i in range(0, len(clips), 1000)]
    return torch.cat(parts).clone()


def answers_of(system: InstrumentsMil, vectors: torch.Tensor) -> dict[str, np.ndarray]:
    """What a network says of clips: sure (clip, label), tags and, if it has it, attention (clip, frame, label)."""
    system.eval()
    with torch.inference_mode():
        logits = [system.read(part) for part in vectors.split(512)]
        joined = {name: torch.cat([part[name] for part in logits]) for name in logits[0]}
        said = {"sure": system.pool(joined), "tags": joined["tags"].sigmoid()}
        if "attention" in joined:
            said["attention"] = system.weights(joined)
    return {name: value.numpy() for name, value in said.items()}


def mean_of(values: np.ndarray) -> float:
    """Mean over the labels that were judged; 0 where none was."""
    return float(np.nanmean(values)) if np.isfinite(values).any() else 0.0


def learn(
    system: InstrumentsMil, train: Clips, valid: Clips, variant: Variant, epochs: int, seed: int
) -> list[dict[str, float]]:
    """Train a network in place and keep its best epoch by macro F1 on the validation clips; returns the curve."""
    vectors, checked = vectors_of(system, train), vectors_of(system, valid)
    truth = torch.from_numpy((train.values > 0.5).astype(np.float32))
    told = torch.from_numpy(observe(train.values, variant.share).astype(np.float32))
    asked = observe(valid.values, 1.0)
    used = torch.nonzero(told.any(1))[:, 0]
    optimizer = torch.optim.Adam(system.parameters(), variant.rate, weight_decay=1e-5)
    generator = torch.Generator().manual_seed(seed)
    curve: list[dict[str, float]] = []
    best, kept = -1.0, system.state_dict()
    for epoch in range(1, epochs + 1):
        system.train()
        losses = []
        for rows in used[torch.randperm(len(used), generator=generator)].split(BATCH):
            targets = {"tags": truth[rows][:, None], "known": told[rows][:, None]}
            loss, _ = system.loss(system.read(vectors[rows]), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
        sure = answers_of(system, checked)["sure"]
        f1 = mean_of(evaluate_clips(valid.values, asked, sure)["macro F1"])
        curve.append({"step": epoch, "train loss": float(np.mean(losses)), "valid macro F1": f1})
        if f1 > best:
            best, kept = f1, copy.deepcopy(system.state_dict())
    system.load_state_dict(kept)
    system.eval()
    return curve


def grow(vectors: np.ndarray, values: np.ndarray, told: np.ndarray, tests: Mapping[str, np.ndarray], seed: int) -> Any:
    """Train a random forest for each label on the mean vector of clips; returns how sure it is of test clips."""
    from sklearn.ensemble import RandomForestClassifier

    sure = {name: np.zeros((len(rows), len(LABELS)), np.float32) for name, rows in tests.items()}
    for label in np.flatnonzero(told.any(0)):
        rows = told[:, label]
        forest = RandomForestClassifier(TREES, max_depth=DEEPEST, random_state=seed, n_jobs=1)
        forest.fit(vectors[rows].mean(1), values[rows, label] > 0.5)
        for name, given in tests.items():
            sure[name][:, label] = forest.predict_proba(given.mean(1))[:, 1]
    return sure


def plan(out: Path, smoke: bool, only: str) -> Iterator[tuple[str, Variant, int]]:
    """List the trainings that are not done yet: (name, variant, seed), the bundle's first."""
    for seed in seeds(smoke):
        for name, variant in VARIANTS.items():
            job = f"{name}/{seed}"
            if job.startswith(only) and not (out / job / "done.json").exists():
                yield job, variant, seed


def seeds(smoke: bool) -> tuple[int, ...]:
    """Seeds of the study."""
    return SEEDS[:1] if smoke else SEEDS


def train_all(out: Path, cache: Path, smoke: bool, jobs: int, only: str, published: bool) -> None:
    """Cut the clips, then train every variant with every seed."""
    from codecarbon import OfflineEmissionsTracker

    waiting = list(plan(out, smoke, only))
    if not waiting:
        return
    torch.set_num_threads(1)
    *songs, validation, tests = recipe_songs(smoke)
    train, valid = clips_of(songs, cache, jobs), clips_of([validation], cache, jobs)
    heard = {name: clips_of([dataset], cache, jobs) for name, dataset in tests.items()}
    frozen = whitened(ATTENTION, train).state_dict()
    for job, variant, seed in waiting:
        folder = out / job
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(seed)
        tracker = OfflineEmissionsTracker(country_iso_code="FRA", save_to_file=False, log_level="critical")
        began = time.process_time()
        tracker.start()
        told = observe(train.values, variant.share)
        system = InstrumentsMil(variant.config or ATTENTION)
        system.load_state_dict({k: v for k, v in frozen.items() if not k.startswith("net.")}, strict=False)
        size = sum(p.numel() for p in system.parameters()) if variant.config else None
        print(f"== {job}: {size or 'no'} parameters, {told.any(1).sum()} clips, {told.sum()} labels", flush=True)
        curve: list[dict[str, float]] = []
        if variant.config is None:
            given = {name: vectors_of(system, clips).numpy() for name, clips in heard.items()}
            sure = grow(vectors_of(system, train).numpy(), train.values, told, given, seed)
            np.savez(folder / "sure.npz", **sure)
        else:
            epochs = SMOKE_EPOCHS if smoke else variant.epochs if published else EPOCHS
            curve = learn(system, train, valid, variant, epochs, seed)
            save_file(system.state_dict(), folder / "weights.safetensors")
            print(f"{job}: best macro F1 of validation {max(row['valid macro F1'] for row in curve):.3f}", flush=True)
        tracker.stop()
        done = Fit(curve, time.process_time() - began, tracker._total_energy.kWh, seed)
        (folder / "done.json").write_text(json.dumps(dataclasses.asdict(done)))


def load_variant(folder: Path, config: Config) -> InstrumentsMil:
    """Read a network of this run."""
    system = InstrumentsMil(config)
    system.load_state_dict(load_file(folder / "weights.safetensors"))
    return system.eval()


@dataclass(frozen=True, eq=False)
class Run:
    """What one training says of every test set, by its name, with the cost of the training."""

    said: dict[str, dict[str, np.ndarray]]
    fit: Fit
    parameters: int | None


def runs_of(out: Path, tests: Mapping[str, Clips]) -> dict[str, list[Run]]:
    """Ask all that was trained about the test clips."""
    found: dict[str, list[Run]] = {}
    given: dict[str, torch.Tensor] = {}
    for name, variant in VARIANTS.items():
        for folder in sorted((out / name).glob("*/done.json"), key=lambda path: int(path.parent.name)):
            if variant.config is None:
                with np.load(folder.parent / "sure.npz", allow_pickle=False) as stored:
                    said = {test: {"sure": stored[test]} for test in stored.files}
                size = None
            else:
                system = load_variant(folder.parent, variant.config)
                given = given or {test: vectors_of(system, clips) for test, clips in tests.items()}
                said = {test: answers_of(system, vectors) for test, vectors in given.items()}
                size = sum(p.numel() for p in system.parameters())
            found.setdefault(name, []).append(Run(said, read_fit(folder.parent), size))
    return found


def together(tests: Mapping[str, Clips], parts: Mapping[str, np.ndarray]) -> np.ndarray:
    """Put what was said of the band's test sets behind each other."""
    return np.concatenate([parts[name] for name in tests])


def scores_of(clips: Clips, sure: np.ndarray) -> dict[str, float]:
    """Means over labels of ``evaluate_clips``; every label is told, as often present as absent."""
    found = evaluate_clips(clips.values, observe(clips.values, 1.0), sure)
    return {name: mean_of(value) for name, value in found.items()}


def blind(clips: Clips) -> dict[str, np.ndarray]:
    """Answers that never learned. Returns how sure they are, (clip, label), by name."""
    shape = clips.values.shape
    return {
        "everything is in it": np.ones(shape),
        "a coin": np.random.default_rng(0).integers(0, 2, shape).astype(float),
    }


def named_table(all_clips: Clips, tests: Mapping[str, Clips], runs: Mapping[str, list[Run]]) -> Table:
    """Compare all that was trained on all test clips."""
    rows: list[tuple[Cell, ...]] = []
    for name, own in runs.items():
        scores = [scores_of(all_clips, _sure(tests, one)) for one in own]
        rows.append(
            (
                name,
                len(own),
                *(over_seeds([score[column] for score in scores]) for column in COLUMNS),
                own[0].parameters,
                round(float(np.mean([one.fit.seconds for one in own])) / 60, 1),
                round(1000 * float(np.mean([one.fit.energy_kwh for one in own])), 2),
            )
        )
    for name, sure in blind(all_clips).items():
        score = scores_of(all_clips, sure)
        rows.append((name, None, *(score[column] for column in COLUMNS), None, None, None))
    judged = evaluate_clips(all_clips.values, observe(all_clips.values, 1.0), np.ones(all_clips.values.shape))
    count = int(np.isfinite(judged["macro F1"]).sum())
    note = f"{len(all_clips)} clips of all test sets, {count} instruments that enough of them hold; mean over"
    note += " instruments, each over as many clips with as without it; mean over seeds with Student's 95 % interval"
    columns = ("system", "seeds", *COLUMNS, "parameters", "CPU minutes", "training Wh")
    return Table("What is in the clips? Beside answers that never learned", columns, tuple(rows), note)


def _sure(tests: Mapping[str, Clips], one: Run) -> np.ndarray:
    return together(tests, {test: said["sure"] for test, said in one.said.items()})


def sets_table(tests: Mapping[str, Clips], runs: Mapping[str, list[Run]]) -> Table:
    """Macro F1 by test set."""
    rows: list[tuple[Cell, ...]] = []
    for name, own in runs.items():
        cells = [
            over_seeds([scores_of(clips, one.said[t]["sure"])["macro F1"] for one in own]) for t, clips in tests.items()
        ]
        rows.append((name, *cells))
    return Table(
        "Macro F1 by test set", ("system", *tests), tuple(rows), "mean over seeds with Student's 95 % interval"
    )


def ways_to_point(one: Run, test: str) -> dict[str, np.ndarray]:
    """Scores (clip, frame, label) by which one training can say when."""
    said = one.said[test]
    if "attention" in said:
        return {"attention": said["attention"], "attention times score": said["attention"] * said["tags"],
                "score": said["tags"]}  # fmt: skip
    return {"score": said["tags"]}


def pointing(all_clips: Clips, tests: Mapping[str, Clips], runs: Mapping[str, list[Run]]) -> dict[str, list[Any]]:
    """Judge when: {"attention: score": [result of ``localise`` by seed, ...]}, chance and loudness last."""
    present = all_clips.values == 1
    found: dict[str, list[Any]] = {}
    for name, own in runs.items():
        config = VARIANTS[name].config
        if config is None or config.net != "frames":
            continue  # they say the same of all seconds
        for one in own:
            ways = {test: ways_to_point(one, test) for test in tests}
            for way in ways[next(iter(tests))]:
                scores = together(tests, {test: ways[test][way] for test in tests})
                found.setdefault(f"{name}: {way}", []).append(localise(all_clips.activity, present, scores))
    shape = all_clips.activity.shape
    loud = np.broadcast_to(all_clips.features[:, 0, LOUDNESS, :, None], shape)
    found["how loud a second is"] = [localise(all_clips.activity, present, loud)]
    drawn = np.random.default_rng(0).random((20, *shape))
    found["chance"] = [localise(all_clips.activity, present, rows) for rows in drawn]
    return found


def pointing_table(found: Mapping[str, list[Any]]) -> Table:
    """Tabulate ``pointing``."""
    rows = tuple(
        (name, *(over_seeds([mean_of(result[column]) for result in own]) for column in ("ROC-AUC", "AP")))
        for name, own in found.items()
    )
    clips = found["chance"][0]["clips"]
    note = (
        f"{clips.sum()} cases, of {(clips > 0).sum()} instruments, in which one plays in some seconds of a clip and not"
    )
    note += " in others; within each clip, mean over clips, then over instruments; 0.5 is chance for ROC-AUC"
    return Table("When? Seconds that score high beside seconds in which it plays", ("by", "ROC-AUC", "AP"), rows, note)


def paired_table(
    all_clips: Clips, tests: Mapping[str, Clips], runs: Mapping[str, list[Run]], found: Mapping[str, list[Any]]
) -> Table:
    """Attention minus another, seed by seed."""
    rows: list[tuple[Cell, ...]] = []
    first = runs["attention"]
    for name in ("mean pooling", "FRAME_MLP", "max pooling"):
        pairs = list(zip(first, runs.get(name, ()), strict=False))
        if not pairs:
            continue
        scores = [[scores_of(all_clips, _sure(tests, one)) for one in pair] for pair in pairs]
        cells = [over_seeds([a[column] - b[column] for a, b in scores]) for column in COLUMNS[:2]]
        mine, other = found["attention: attention times score"], found[f"{name}: score"]
        when = [mean_of(a["ROC-AUC"]) - mean_of(b["ROC-AUC"]) for a, b in zip(mine, other, strict=False)]
        cells.append(over_seeds(when))
        rows.append((f"attention minus {name}", len(pairs), *cells, verdict(cells[0])))
    note = "differences of the same seeds, mean with Student's 95 % interval; when: attention times score against score"
    columns = ("difference", "seeds", "macro F1", "weighted F1", "ROC-AUC of when", "macro F1 says")
    return Table("Does attention help?", columns, tuple(rows), note)


def verdict(difference: Estimate) -> str:
    """Say plainly what a paired difference shows.

    >>> verdict(Estimate(0.02, 0.01, 0.03, 10))
    'attention is better'
    """
    if not np.isfinite(difference.low):
        return "one seed says nothing"
    if difference.low > 0:
        return "attention is better"
    return "attention is worse" if difference.high < 0 else "no difference that these seeds show"


def instruments_table(all_clips: Clips, tests: Mapping[str, Clips], runs: Mapping[str, list[Run]], found: Any) -> Table:
    """One row for each instrument."""
    told = observe(all_clips.values, 1.0)
    names = [name for name in ("attention", "mean pooling", "random forest") if name in runs]
    by = {
        name: [evaluate_clips(all_clips.values, told, _sure(tests, one))["macro F1"] for one in runs[name]]
        for name in names
    }
    when = found["attention: attention times score"]
    rows: list[tuple[Cell, ...]] = []
    for i, label in enumerate(LABELS):
        cells = [over_seeds([one[i] for one in by[name]]) if np.isfinite(by[name][0][i]) else None for name in names]
        clips = int(when[0]["clips"][i])
        rows.append((label, int(told[:, i].sum()), *cells, clips, float(np.mean([one["ROC-AUC"][i] for one in when]))))
    columns = ("instrument", "clips", *(f"macro F1, {name}" for name in names), "clips with gaps", "ROC-AUC of when")
    note = "mean over seeds with Student's 95 % interval; a dash: too few clips; when: attention times score"
    return Table("By instrument", columns, tuple(rows), note)


def by_song(clips: Clips, sure: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Truth (song, label: 1, 0 or unknown) and how sure its surest clip is, of every song."""
    songs = [clips.songs == song for song in dict.fromkeys(clips.songs)]
    values = [clips.values[rows] for rows in songs]
    truth = [np.where((v == 1).any(0), 1.0, np.where((v == 0).all(0), 0.0, 0.5)) for v in values]
    return np.array(truth), np.array([sure[rows].max(0) for rows in songs])


def songs_table(
    system: InstrumentsMil, commonest: np.ndarray, sets: Mapping[str, Clips]
) -> tuple[Table, dict[str, dict[str, float]]]:
    """Whole recordings: what the bundle names beside naming the instruments that are commonest in training."""
    taught = system.taught.numpy() > 0
    rows: list[tuple[Cell, ...]] = []
    found = {}
    for name, clips in sets.items():
        truth, sure = by_song(clips, answers_of(system, vectors_of(system, clips))["sure"])
        truth = np.where(taught, truth, 0.5)
        guess = np.broadcast_to(commonest, truth.shape)
        found[name] = found_and_missed(truth, (sure >= system.config.threshold) & taught)
        for label, scores in (("bundle", found[name]), ("the commonest", found_and_missed(truth, guess))):
            rows.append((name, len(truth), label, *scores.values()))
    columns = ("recordings", "number", "system", "precision", "recall", "F")
    known = ", ".join(np.array(LABELS)[commonest]) or "none"
    note = f"all recordings and taught instruments together, from at most {CLIPS} clips each; the commonest: {known}"
    return Table("What is in a recording?", columns, tuple(rows), note), found


def settle(system: InstrumentsMil, valid: Clips) -> InstrumentsMil:
    """Choose on validation songs how sure an instrument must be to be named in a recording."""
    truth, sure = by_song(valid, answers_of(system, vectors_of(system, valid))["sure"])
    taught = system.taught.numpy() > 0
    best = max(THRESHOLDS, key=lambda t: found_and_missed(np.where(taught, truth, 0.5), (sure >= t) & taught)["F"])
    settled = InstrumentsMil(dataclasses.replace(system.config, threshold=best))
    settled.load_state_dict(system.state_dict())
    return settled.eval()


def frequent(train: Clips) -> np.ndarray:
    """Labels that are in more than half of the training songs."""
    truth, _ = by_song(train, train.values)
    known = np.maximum((truth != 0.5).sum(0), 1)
    return (truth == 1).sum(0) / known > 0.5


def drawn_attention(all_clips: Clips, tests: Mapping[str, Clips], one: Run, most: int = 4) -> dict[str, str]:
    """Pictures of clips in which instruments come and go: when they play, and where attention looks."""
    from solfeggio.report.draw import heat

    attention = together(tests, {test: one.said[test]["attention"] for test in tests})
    plays = all_clips.activity >= 0.5
    gaps = (all_clips.values == 1) & plays.any(1) & ~plays.all(1) & ~np.isnan(all_clips.activity).any(1)
    pictures: dict[str, str] = {}
    for clip in np.argsort(-gaps.sum(1), kind="stable")[:most]:
        rows: dict[str, dict[str, float | None]] = {}
        for label in np.flatnonzero(gaps[clip])[:5]:
            shares, weights = all_clips.activity[clip, :, label], attention[clip, :, label]
            rows[f"{LABELS[label]} plays"] = {f"{i} s": float(v) for i, v in enumerate(shares)}
            rows[f"{LABELS[label]} attention"] = {f"{i} s": float(v) for i, v in enumerate(weights / weights.max())}
        if rows:
            caption = f"Attention of {all_clips.songs[clip]}, clip {clip}: the highest second is 1"
            pictures[caption] = heat(rows, 0.0, 1.0, "share, attention")
    return pictures


def score(
    out: Path, cache: Path, smoke: bool, jobs: int, shared: Path | None
) -> tuple[InstrumentsMil, list[Table], dict[str, Any], dict[str, str]]:
    """Everything that is reported: the bundle's system, tables, facts of its card, pictures."""
    *songs, validation, datasets = recipe_songs(smoke)
    tests = {name: clips_of([dataset], cache, jobs) for name, dataset in datasets.items()}
    real = {name: clips_of([dataset], cache, jobs) for name, dataset in recorded(shared).items()}
    fields = [f.name for f in dataclasses.fields(Clips)]
    all_clips = Clips(*(np.concatenate([getattr(clips, f) for clips in tests.values()]) for f in fields))
    runs = runs_of(out, tests)
    found = pointing(all_clips, tests, runs)
    system = settle(load_variant(out / "attention" / "0", ATTENTION), clips_of([validation], cache, jobs))
    recordings, by_set = songs_table(system, frequent(clips_of(songs, cache, jobs)), {**tests, **real})
    tables = [
        named_table(all_clips, tests, runs),
        paired_table(all_clips, tests, runs, found),
        pointing_table(found),
        sets_table(tests, runs),
        instruments_table(all_clips, tests, runs, found),
        recordings,
    ]
    first = runs["attention"][0]
    metrics = {}
    for name, clips in tests.items():
        told = observe(clips.values, 1.0)
        own = evaluate_clips(clips.values, told, first.said[name]["sure"])
        metrics[name] = {c: str(over_tracks(own[c][np.isfinite(own[c])])) for c in COLUMNS if np.isfinite(own[c]).any()}
    for name, values in by_set.items():
        metrics.setdefault(name, {}).update({f"recording {k}": f"{v:.3f}" for k, v in values.items()})
    facts = card_facts(metrics, first.fit, sum(map(len, songs)))
    return system, tables, facts, drawn_attention(all_clips, tests, first)


def card_facts(metrics: dict[str, Any], done: Fit, songs: int) -> dict[str, Any]:
    """State what the bundle's card must say."""
    return {
        "what": "Instruments of music recordings, learned from clips with few labels and no times (attention).",
        "data": [
            f"{songs} songs composed, performed and recorded by the band (recipes/instruments_mil.py)",
            *SOUNDS,
        ],
        "licence": "Apache-2.0",
        "metrics": metrics,
        "limits": list(LIMITS),
        "recipe": "recipes/instruments_mil.py",
        **done.facts(),
    }


def example(system: InstrumentsMil, track: Track, verdict: str) -> tuple[str, np.ndarray, int, dict[str, Any]]:
    """A recording with its truth, what was named, and when the three surest were heard."""
    samples, rate = track.audio()
    logits = run.logits(system, run.pieces(samples, system.spec.rate, rate))
    tags: Tags = system.decode(logits)
    truth = track.answers["instruments"]
    answers: dict[str, Any] = {"tags": tags}
    for i in np.argsort(-tags.values, kind="stable")[:3]:
        answers[f"{tags.labels[i]} heard"] = system.when(logits, tags.labels[i])
    if isinstance(truth, Segments):
        answers["truth"] = truth
    return f"{verdict}: {track.id}", samples, rate, answers


def report(out: Path, cache: Path, smoke: bool, jobs: int, bundles: Path, shared: Path | None) -> None:
    """Score everything, write report.html, report.md and the bundle."""
    system, tables, facts, pictures = score(out, cache, smoke, jobs, shared)
    run.save(system, bundles / BUNDLE, facts)
    chosen: list[Any] = []
    for name, dataset in recipe_songs(smoke)[-1].items():
        kept = with_sound_kept(dataset, cache)
        chosen.append(example(system, kept.tracks[0], name))
    curves = {name: read_fit(out / name / "0").curve for name in VARIANTS if (out / name / "0" / "done.json").exists()}
    finish(
        out,
        __doc__,
        "Instruments from weak labels",
        tables,
        curves={name: rows for name, rows in curves.items() if rows},
        examples=chosen,
        invalid=INVALID,
        provenance=facts,
        charts=pictures,
    )


app = commands(__doc__)
OUT = Path("runs/instruments_mil")
PUBLISHED = typer.Option(False, help="as many epochs as published: 250, and 100 for the baselines")


@app.command()
def train(
    out: Out = OUT, cache: Cache = CACHE, smoke: Smoke = False, jobs: Jobs = 2, only: Only = "",
    published: bool = PUBLISHED,
) -> None:  # fmt: skip
    """Cut the clips and train the study; continues where it stopped."""
    train_all(out, cache, smoke, jobs, only, published)


@app.command()
def evaluate(out: Out = OUT, cache: Cache = CACHE, smoke: Smoke = False, jobs: Jobs = 2, shared: Shared = None) -> None:
    """Score all that was trained beside answers that never learned."""
    for table in score(out, cache, smoke, jobs, shared)[1]:
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
