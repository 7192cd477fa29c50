"""Drums from recordings that nobody labelled: do they help, how much, for which drum, and on which test set?

Question: a drum network can learn from what a teacher that needs no labels hears in unlabeled songs, or features can be
learned from them and read by linear classifiers. Is the student as good as its teachers, does it get better with more
songs or longer training, which drum gains, do learned features beat a plain spectrogram and features that are random,
and does a network that learned from labels gain when it goes on with its own judgement of real recordings?

Method: teachers are partially fixed NMF with templates of two disjoint groups of kits, sticks and machines. Students
are the dense network of one frame (Wu and Lerch 2017 and 2018) on soft outputs of both teachers in turn, scaled to
0..1 by what they were on the songs to learn from; rows share steps and seeds. Labels of the unlabeled songs are not
used, but in the row that learns from labels. Students and teachers are read alike, by peaks above the median that
reach a share of the highest, set on labelled validation songs. Features: layers of convolutional autoencoders (plain,
denoising, never trained) and the log-mel spectrogram of as many frames, linear support vector machines on three sets,
tested on the fourth. Adaptation: the released drum network goes on with its own sharpened outputs on real recordings
as truth, its input varied; of MDB each song is heard by a network that went on with the others, so that none is
tested that was learned from, and no such weight is shipped. A control goes on with the band's songs. Sound is at
22.05 kHz, as the band's songs are kept, with half the published window and hop, so frames and bins last and lie as
published; nothing above 11 kHz is heard. F within 50 ms, mean over tracks of the mean over drums.

Cost, of one core: teachers five minutes, the students of a seed (8) one to three minutes each, features (10) three to
five each, adaptation nine a seed.

    python recipes/drums_unlabeled.py train --smoke    everything, in seconds, on sketched songs
    python recipes/drums_unlabeled.py train            teach, learn, adapt and score; resumes where it stopped
    python recipes/drums_unlabeled.py report           write runs/drums_unlabeled/report.html and the student's bundle
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from safetensors.torch import load_file, save_file

from solfeggio import bundle, run
from solfeggio.answers import Events
from solfeggio.audio import mono, resample
from solfeggio.augment import vary_spectra
from solfeggio.band.desk.kits import kits
from solfeggio.data.band import band_dataset
from solfeggio.data.dataset import Dataset, Track
from solfeggio.data.shared import real_dataset, unlabeled_dataset
from solfeggio.data.songs import SOUNDS, recipe_songs, with_sound_kept
from solfeggio.data.strokes import kit_strokes
from solfeggio.frontends.mel import mel_filters
from solfeggio.frontends.spectra import LogSpectra
from solfeggio.hits import regroup
from solfeggio.lessons.teacher import Heard, HeardExcerpts, Scaling, Teacher
from solfeggio.listeners import drums_nmf
from solfeggio.listeners.drums import STUDENT, TINY, Drums
from solfeggio.listeners.drums_nmf import DrumsNMF
from solfeggio.metrics.events import DRUMS, evaluate_drums
from solfeggio.nets.patches import PatchAutoencoder
from solfeggio.recipe import CACHE, Bundles, Cache, Jobs, Only, Out, Shared, Smoke, commands, finish, means
from solfeggio.studies.probes import Probes, fit_probes, hit_frames, sample, settle, stacked
from solfeggio.studies.scores import HEADLINE, Score, across_seeds, summary
from solfeggio.studies.table import Table, over_seeds
from solfeggio.train import Budget, Item, fit, learn

COLUMNS = HEADLINE["drums"]
RATE = 22050  # Hz
SEEDS = (0, 1, 2)
FROM, SECONDS = 10.0, 30.0  # of a song that is tested
TAUGHT = 20.0  # seconds of a song that is learned from
SETTLED_ON, TESTED, CHECKED = 16, 10, 4  # songs: of validation, of each test set, to validate on
STUDIED = dataclasses.replace(STUDENT, rate=RATE, hop=256, window=1024, stem=(513, 512, 32))
STUDENTS = Budget(steps=1000, batch=10, rate=1e-3, decay=0.0, check=250, threads=1)  # ten times 64 frames
EXCERPT_FRAMES = 64
AUTOENCODERS = Budget(steps=240, batch=12, rate=2e-3, check=120, threads=1)
ADAPTED = Budget(steps=60, batch=8, excerpt=6.0, rate=2e-4, stretch=1.1, check=30, threads=1, precision="32-true")
SMOKE = Budget(steps=4, batch=2, excerpt=2.0, check=2, threads=1)
SHARPNESS = 2.0
THRESHOLDS = (0.005, 0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4)
MELS, PATCH = 128, 128  # bins and frames of a patch
CHANNELS = (32, 16, 8, 4)
DRAWN = 1000  # frames of a set that a probe learns from
MASKED = 0.5  # standard deviation of the noise that a denoising autoencoder must take away; inputs have 1
GROUPS = ("sticks", "machine")  # of kits, one teacher each
BAND = {"band, sounds A": "A", "band, sounds B": "B", "band, sounds C": "C"}
MIX, ALONE = "MDB, whole songs", "MDB, drum tracks"
LIMITS = (
    "Kick, snare and hi-hat only, each frame for itself: it mistakes bass notes for kicks and noise for hi-hats.",
    "It learned from teachers that err, and hears hits one to two hundredths of a second late, as they do.",
    "It hears nothing above 11 kHz.",
    "`recipes/drums.py` makes the drum transcriber; this one shows what can be learned without labels.",
)
INVALID = (
    "Unlabeled songs are the band's, unless recordings are given: they are cleaner and more alike than records are.",
    "Thresholds of every row were set on labelled songs of the band; a method without any labels would be worse.",
    "The seven real songs are few and short: intervals over seeds say nothing about other songs.",
    "A drum that a track lacks is left out of its mean, where published scripts count 0; numbers are not comparable.",
    "Students of more songs get the same steps, so they see each song less often; longer rows say what more steps do.",
    "Adaptation by leave-one-out learns from six short songs at a time, and the released network is judged as it is.",
    "Linear probes are settled on the songs they learned from.",
)


@dataclass(frozen=True)
class Taught:
    """A student of the study: from how many songs, of which teachers, for how many times the steps.

    teachers: groups of kits; empty: the labels. recordings: from those that were given.
    """

    songs: int
    teachers: tuple[str, ...] = GROUPS
    longer: int = 1
    recordings: bool = False


RECORDED = "given recordings"
TAUGHT_BY: dict[str, Taught] = {
    "25 songs": Taught(25),
    "100 songs": Taught(100),
    "400 songs": Taught(400),
    "25 songs, four times the steps": Taught(25, longer=4),
    "400 songs, four times the steps": Taught(400, longer=4),
    "100 songs, teacher sticks": Taught(100, ("sticks",)),
    "100 songs, teacher machines": Taught(100, ("machine",)),
    "labels of 100 songs": Taught(100, ()),
    RECORDED: Taught(400, recordings=True),
}
FEATURES = ("log-mel", "random conv", "conv AE", "denoising AE")


@dataclass(frozen=True, eq=False)
class Song:
    """A piece of a recording to test on: samples (time,) at RATE, and its hits, fine or main."""

    id: str
    place: str
    samples: np.ndarray
    hits: Events
    work: str = ""


@dataclass(frozen=True)
class Run:
    """Where a run lies and what it was given; reads each corpus once."""

    out: Path
    cache: Path
    smoke: bool
    shared: Path | None = None
    recordings: Path | None = None
    drums: Path | None = None

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the study."""
        return SEEDS[:1] if self.smoke else SEEDS

    def dataset(self, side: str) -> Dataset:
        """Songs to learn from ("train"), to validate on ("valid"), or a test set by the letter of its sounds."""
        if self.smoke:
            number = {"train": 1, "valid": 2}.get(side, 3)
            made = band_dataset(
                f"smoke-{number}",
                2,
                side if number < 3 else "test",
                seed=number,
                family="sketch",
                styles=("pop", "rock"),
            )
        else:
            _, popular, valid, tests = recipe_songs()
            made = {"train": popular, "valid": valid, **dict(zip("ABC", tests.values(), strict=True))}[side]
        return with_sound_kept(made, self.cache)

    @cached_property
    def valid(self) -> list[Song]:
        """Songs to settle thresholds on."""
        return drummed(self.dataset("valid"), "valid", SETTLED_ON)

    @cached_property
    def tests(self) -> dict[str, list[Song]]:
        """Test sets by name."""
        places = {"sketched songs": "test"} if self.smoke else BAND
        return {name: drummed(self.dataset(side), name, TESTED) for name, side in places.items()} | self.real

    @cached_property
    def real(self) -> dict[str, list[Song]]:
        """Real songs, whole and their drum track alone, where a folder of shared data sets is given."""
        if self.smoke:
            return {MIX: [dataclasses.replace(one, place=MIX) for one in drummed(self.dataset("test"), MIX, 2)]}
        if self.shared is None:
            return {}
        mixes = real_dataset("mdb", self.shared).tracks
        alone = [dataclasses.replace(t, id=f"{t.id}-drums", audio=partial(drum_track, t)) for t in mixes]
        return {place: [song(t, place, True) for t in tracks] for place, tracks in ((MIX, mixes), (ALONE, alone))}

    @cached_property
    def unlabeled(self) -> list[Track]:
        """The band's songs to learn from; nobody looks at their labels, but for the row that says so."""
        return list(self.dataset("train"))

    @cached_property
    def given(self) -> list[Track]:
        """Recordings that were given to learn from."""
        return list(unlabeled_dataset(self.recordings)) if self.recordings else []


def song(track: Track, place: str, whole: bool = False) -> Song:
    """Read 30 seconds of a track, or all of it."""
    samples, own = track.audio()
    heard, hits = resample(mono(samples), own, RATE).reshape(-1), track.answers["drums"]
    if not whole:
        heard, hits = heard[int(FROM * RATE) :][: int(SECONDS * RATE)], hits.cut(FROM, FROM + SECONDS)
    return Song(track.id, place, heard, hits, str(track.groups.get("work", track.id)))  # type: ignore[arg-type]


def drummed(dataset: Dataset, place: str, count: int) -> list[Song]:
    """Read the first ``count`` songs of a dataset in which the drums are struck."""
    found: list[Song] = []
    for track in dataset:
        if len(found) < count and len(track.answers["drums"].cut(FROM, FROM + SECONDS).named(*DRUMS)):  # type: ignore[attr-defined]
            found.append(song(track, place))
    return found


def drum_track(track: Track) -> tuple[np.ndarray, int]:
    """Sum what of a multitrack recording is drums."""
    stems, rate = track.stems() if track.stems else ({}, 44100)
    return np.sum([stem.mean(0, keepdims=True) for name, stem in stems.items() if "drum" in name], axis=0), rate


def excerpt(track: Track) -> np.ndarray:
    """Samples (time,) at RATE of the piece of a track that is learned from."""
    samples, own = track.audio()
    start = int(FROM * own) if samples.shape[-1] > (FROM + TAUGHT) * own else 0
    return resample(mono(samples[:, start : start + int(TAUGHT * own)]), own, RATE).reshape(-1)


def train_all(job: Run, only: str) -> None:
    """Teach, learn and adapt, everything with every seed, and score it."""
    teachers = {group: teacher(job, group) for group in GROUPS}
    for name, work in works(job, teachers):
        if name.startswith(only) and not (job.out / name / "scores.json").exists():
            print(f"== {name}", flush=True)
            (job.out / name).mkdir(parents=True, exist_ok=True)
            keep_scores(job.out / name, work(job.out / name))


def works(job: Run, teachers: Mapping[str, DrumsNMF]) -> Iterator[tuple[str, Callable[[Path], list[Score]]]]:
    """List what is to be done, in order: its folder, and a function that does and scores it there."""
    for group, system in teachers.items():
        yield f"teachers/{group}", lambda folder, system=system: judge_all(job, partial(heard_by, system))
    yield "teachers/hills", lambda folder: judge_all(job, partial(heard_by, settled_teacher(job, hills(job))))
    for seed in job.seeds:
        for name, how in TAUGHT_BY.items():
            if not how.recordings or job.given:
                yield f"students/{name}/{seed}", partial(study, job, teachers, how, seed)
    for kind in FEATURES:
        for seed in job.seeds if kind != "log-mel" else (0,):
            yield f"features/{kind}/{seed}", partial(probe, job, kind, seed)
    released = drum_system(job)
    if released is None:
        print("nothing is adapted: no bundle of drums was found; train recipes/drums.py and give --drums", flush=True)
        return
    if MIX in job.real:
        yield "adapted/as released/0", lambda folder: judge_all(job, partial(heard_by, released))
        for seed in job.seeds:
            yield f"adapted/real songs/{seed}", partial(adapt_in_turn, job, released, seed)
            yield f"adapted/songs of the band/{seed}", partial(adapt_once, job, released, job.unlabeled[:6], seed)
            if job.given:
                yield f"adapted/{RECORDED}/{seed}", partial(adapt_once, job, released, job.given, seed)


def heard_by(system: Any, one: Song) -> Events:
    """What a system hears in a song, as main classes."""
    return regroup(run.hear(system, one.samples, RATE), "main")


def judge(one: Song, found: Events) -> Score:
    """Judge hits in a song."""
    return Score(one.id, evaluate_drums(regroup(one.hits, "main"), found), {"place": one.place, "work": one.work})


def judge_all(job: Run, answer: Callable[[Song], Events], places: Sequence[str] = ()) -> list[Score]:
    """Judge answers on all test sets, or on those named."""
    return [
        judge(one, answer(one)) for place, songs in job.tests.items() if not places or place in places for one in songs
    ]


def keep_scores(folder: Path, scores: Sequence[Score], name: str = "scores.json") -> None:
    """Write scores beside what they are of."""
    (folder / name).write_text(json.dumps([dataclasses.asdict(score) for score in scores]))


def read_scores(job: Run, name: str, file: str = "scores.json") -> list[Score]:
    """Read scores; none where that was not done."""
    path = job.out / name / file
    return [Score(**row) for row in json.loads(path.read_text())] if path.exists() else []


def hills(job: Run) -> DrumsNMF:
    """The teacher's system without templates of kits: where drums sound in general."""
    tiny = {"extra": drums_nmf.TINY.extra, "iterations": drums_nmf.TINY.iterations} if job.smoke else {}
    return DrumsNMF(drums_nmf.Config(**tiny)).eval()  # type: ignore[arg-type]


def settled_teacher(
    job: Run, system: DrumsNMF, hear: Callable[[np.ndarray], dict[str, np.ndarray]] | None = None
) -> DrumsNMF:
    """Set a teacher's level, thresholds and delay on validation songs; hear: activations in place of its own."""
    hear = hear or (lambda samples: run.logits(system, [samples]))
    settled = system.settle([(hear(one.samples), one.hits) for one in job.valid])
    again = DrumsNMF(dataclasses.replace(system.config, **settled)).eval()
    again.load_state_dict(system.state_dict())
    return again


def teacher(job: Run, group: str) -> DrumsNMF:
    """Make a teacher from a group of kits, or read it."""
    folder, system = job.out / "teachers" / group, hills(job)
    if not (folder / "settled.json").exists():
        print(f"== teacher {group}", flush=True)
        own = (
            () if job.smoke else tuple(kit for kit in kits("train") if (kit.kind == "machine") == (group == "machine"))
        )
        for drum in DRUMS:
            system.learn(drum, kit_strokes(drum, RATE, own))
        system = settled_teacher(job, system)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(system.state_dict(), folder / "weights.safetensors")
        (folder / "settled.json").write_text(json.dumps({"share": system.config.share, "late": system.config.late}))
        return system
    settled = json.loads((folder / "settled.json").read_text())
    settled["share"] = tuple(settled["share"])
    system = DrumsNMF(dataclasses.replace(system.config, **settled)).eval()
    system.load_state_dict(load_file(folder / "weights.safetensors"))
    return system


def output(job: Run, system: DrumsNMF, track: Track, samples: np.ndarray) -> np.ndarray:
    """What a teacher hears in a piece: (frame, drum) half precision, kept in the cache."""
    key = hashlib.sha256(system.templates.numpy().tobytes() + repr(system.config).encode()).hexdigest()[:12]
    path = job.cache / "drums_unlabeled" / key / f"{track.id.replace('/', '_')}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, run.logits(system, [samples])["hits"].astype(np.float16))
    return np.load(path)


def lectures(job: Run, student: Drums, teachers: Sequence[DrumsNMF], tracks: Sequence[Track]) -> list[Heard]:
    """Features of a student and outputs of its teachers for pieces of songs; without teachers, their labels."""
    found = []
    for track in tracks:
        samples = excerpt(track)
        if len(samples) < RATE:
            continue
        with torch.inference_mode():
            features = student.prepare(torch.from_numpy(samples)[None])[0].half().numpy()
        if teachers:
            outputs = np.stack([output(job, system, track, samples) for system in teachers])
        else:
            hits = regroup(track.answers["drums"].cut(FROM, FROM + TAUGHT), "three")  # type: ignore[arg-type]
            outputs = hit_frames(hits, student.spec.grid, features.shape[-1])[None].astype(np.float16)
        found.append(Heard(features, outputs))
    return found


def student_of(job: Run, **settled: Any) -> Drums:
    """Make a student."""
    small = {"stem": TINY.stem} if job.smoke else {}
    return Drums(dataclasses.replace(STUDIED, **small, **settled))


def study(job: Run, teachers: Mapping[str, DrumsNMF], how: Taught, seed: int, folder: Path) -> list[Score]:
    """Teach a student, settle it, keep it and score it."""
    torch.manual_seed(seed)
    student = student_of(job)
    own = [teachers[group] for group in how.teachers]
    tracks = (job.given if how.recordings else job.unlabeled)[: how.songs]
    songs = lectures(job, student, own, tracks)
    checked = lectures(job, student, own, list(job.dataset("valid"))[:CHECKED])
    scalings = [Scaling.over([one.outputs[i] for one in songs]) for i in range(len(own))]
    (folder / "scaling.json").write_text(json.dumps([dataclasses.asdict(scaling) for scaling in scalings]))
    lesson = Teacher(scalings=tuple(scalings))
    budget = SMOKE if job.smoke else dataclasses.replace(STUDENTS, steps=how.longer * STUDENTS.steps)
    frames = 16 if job.smoke else EXCERPT_FRAMES

    def batches(done: int) -> Any:
        return torch.utils.data.DataLoader(HeardExcerpts(songs, frames, seed + done), budget.batch)

    fixed = HeardExcerpts(checked, frames, 0)
    pieces = [
        fixed.cut(one, first) for one in checked for first in range(0, one.features.shape[-1] - frames, 4 * frames)
    ]
    loader = torch.utils.data.DataLoader(pieces, budget.batch, drop_last=len(pieces) > budget.batch)  # type: ignore[arg-type]
    learn(student, batches, loader, lambda s, batch: lesson(s, *batch), budget, seed, folder, log=quiet)
    picker = settled_teacher(job, hills(job), lambda samples: soft(student, samples))
    thresholds = best_thresholds(student, job.valid)
    (folder / "settled.json").write_text(json.dumps({"thresholds": thresholds}))
    save_file(student.state_dict(), folder / "weights.safetensors")
    if seed == 0:  # as the bundle answers, which picks peaks by itself
        keep_scores(folder, judge_all(job, partial(heard_by, read_student(job, folder))), "own.json")
    return judge_all(job, lambda one: picked(picker, soft(student, one.samples)))


def soft(student: Drums, samples: np.ndarray) -> dict[str, np.ndarray]:
    """Activations of a student, 0..1, where a teacher's would be."""
    return {"hits": 0.5 + 0.5 * np.tanh(run.logits(student, [samples])["hits"] / 2)}


def picked(picker: DrumsNMF, activations: dict[str, np.ndarray]) -> Events:
    """Hits of a student, picked from its activations as those of its teachers are."""
    return picker.decode({"hits": activations["hits"] / picker.level.detach().numpy()})


def quiet(line: str) -> None:
    """Print progress of a training."""
    print(line, flush=True)


def best_thresholds(student: Drums, songs: Sequence[Song]) -> tuple[float, ...]:
    """Choose the thresholds of a student's own decoder on validation songs."""
    heard = [(run.logits(student, [one.samples]), regroup(one.hits, "three")) for one in songs]
    tried = {
        threshold: [evaluate_drums(truth, student.decode(logits, threshold=threshold)) for logits, truth in heard]
        for threshold in THRESHOLDS
    }

    def mean(drum: str, threshold: float) -> float:
        return float(np.nanmean([scores[f"F {drum}"] for scores in tried[threshold]] + [0.0]))

    return tuple(max(THRESHOLDS, key=partial(mean, drum)) for drum in DRUMS)


def read_student(job: Run, folder: Path) -> Drums:
    """Read a student of this run."""
    settled = json.loads((folder / "settled.json").read_text())
    student = student_of(job, thresholds=tuple(settled["thresholds"]))
    student.load_state_dict(load_file(folder / "weights.safetensors"))
    return student.eval()


def patches_of(spectra: Sequence[np.ndarray], count: int, rng: np.random.Generator) -> torch.Tensor:
    """Draw ``count`` patches (count, 1, bin, PATCH) of spectra (bin, frame)."""
    found = []
    for _ in range(count):
        one = spectra[int(rng.integers(len(spectra)))]
        first = int(rng.integers(one.shape[1] - PATCH))
        found.append(one[None, :, first : first + PATCH])
    return torch.from_numpy(np.stack(found).astype(np.float32))


@dataclass(frozen=True, eq=False)
class Reader:
    """Turns samples into features of frames (frame, feature): a spectrogram's, or an encoder's layers'."""

    frontend: LogSpectra
    mean: float
    spread: float
    encoder: PatchAutoencoder | None

    def spectrum(self, samples: np.ndarray) -> np.ndarray:
        """Log-mel magnitudes (bin, frame)."""
        with torch.inference_mode():
            return self.frontend(torch.from_numpy(samples)[None])[0, 0].numpy()

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Read a recording."""
        spectrum = (self.spectrum(samples) - self.mean) / self.spread
        if self.encoder is None:
            return stacked(spectrum.T, len(CHANNELS)).astype(np.float32)  # as many frames as the convolutions see
        with torch.inference_mode():
            layers = self.encoder.activations(torch.from_numpy(spectrum)[None, None])
        return torch.cat([layer[0].flatten(0, 1) for layer in layers]).T.numpy()


def probe(job: Run, kind: str, seed: int, folder: Path) -> list[Score]:
    """Learn features without labels, read them by planes that learned on all sets but one, and score these on it."""
    frontend = LogSpectra(RATE, 256, (2048,), [mel_filters(RATE, 2048, MELS, 20.0, RATE / 2)])
    reader = Reader(frontend, 0.0, 1.0, None)
    spectra = [reader.spectrum(excerpt(track)).astype(np.float16) for track in job.unlabeled[:100]]
    level = np.concatenate([one[:, ::50].ravel() for one in spectra]).astype(float)
    encoder = None if kind == "log-mel" else autoencoder(job, kind, seed, folder, spectra, level.mean(), level.std())
    reader = Reader(frontend, float(level.mean()), float(level.std()), encoder)
    rng, grid = np.random.default_rng(seed), frontend.grid
    drawn: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for place, songs in job.tests.items():
        for one in songs if place != ALONE else ():
            features = reader(one.samples)
            marks = hit_frames(regroup(one.hits, "main"), grid, len(features))
            chosen = sample(marks, -(-DRAWN // len(songs)), rng)
            drawn.setdefault(place, []).append((features[chosen], marks[chosen]))
    planes: dict[str, Probes] = {}
    for place in drawn:
        rows = [row for other, own in drawn.items() if other != place or len(drawn) == 1 for row in own]
        planes[place] = fit_probes(np.concatenate([x for x, _ in rows]), np.concatenate([y for _, y in rows]))
    distances: dict[tuple[str, str], np.ndarray] = {}  # plane learned without a set, song
    for songs in job.tests.values():
        for one in songs:
            features = reader(one.samples)
            distances |= {(place, f"{one.place} {one.id}"): plane.decide(features) for place, plane in planes.items()}
    scores = []
    for place, plane in planes.items():
        learned = [one for other in drawn if other != place or len(drawn) == 1 for one in job.tests[other]]
        heard = [(distances[place, f"{one.place} {one.id}"], regroup(one.hits, "main")) for one in learned]
        plane = settle(plane, heard, grid)
        tested = [*job.tests[place], *(job.tests.get(ALONE, []) if place == MIX else [])]
        scores += [judge(one, plane.hits(distances[place, f"{one.place} {one.id}"], grid)) for one in tested]
    return scores


def autoencoder(
    job: Run, kind: str, seed: int, folder: Path, spectra: Sequence[np.ndarray], mean: float, spread: float
) -> PatchAutoencoder:
    """Train an autoencoder on patches of unlabeled songs; a random one only learns its batch norms' statistics."""
    torch.manual_seed(seed)
    net = PatchAutoencoder(MELS, (4, 4, 2, 2) if job.smoke else CHANNELS)
    budget, rng = SMOKE if job.smoke else AUTOENCODERS, np.random.default_rng(seed)

    def scaled(rng: np.random.Generator) -> torch.Tensor:
        return (patches_of(spectra, budget.batch, rng) - mean) / spread

    if kind == "random conv":
        net.train()
        with torch.inference_mode():
            for _ in range(1 if job.smoke else 10):
                net(scaled(rng))
        return net.eval()

    def batches(done: int) -> Iterator[torch.Tensor]:
        own = np.random.default_rng([seed, done])
        while True:
            yield scaled(own)

    def step(system: torch.nn.Module, patches: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        noisy = patches + MASKED * torch.randn_like(patches) if kind == "denoising AE" and system.training else patches
        error = (system(noisy) - patches).square().mean()
        return error, {"error": error}

    checked = torch.utils.data.DataLoader(list(scaled(np.random.default_rng(99))), budget.batch)  # type: ignore[arg-type]
    learn(net, batches, checked, step, budget, seed, folder, log=quiet)
    return net


def drum_system(job: Run) -> Drums | None:
    """The released drum network: of the folder that was given, or the one that is shipped."""
    if job.smoke:
        torch.manual_seed(0)
        return Drums(TINY).eval()
    home = job.drums or bundle.HOME / "drums"
    return run.load(home) if (home / "config.json").is_file() else None


def adapt(job: Run, released: Drums, samples: Sequence[np.ndarray], seed: int, folder: Path) -> Drums:
    """Let a copy of the released network go on with its own sharpened judgement of recordings; returns the copy."""
    torch.manual_seed(seed)
    student = copy.deepcopy(released)
    items = []
    for i, one in enumerate(samples):
        with torch.inference_mode():
            features = released.prepare(torch.from_numpy(one)[None])[0].half().numpy()
        items.append(Item(str(i), features, {"drums": Events.none()}))
    vary = partial(vary_spectra, transpose_bins=1, gain_db=12.0, equaliser_db=10.0, mask=0.1)
    lesson = Teacher((copy.deepcopy(released).eval(),), sharpness=SHARPNESS, vary=vary)
    budget = SMOKE if job.smoke else ADAPTED
    fit(student, items, items[:CHECKED], lesson, budget, seed, folder, task="drums", log=quiet)
    return student.eval()


def adapt_once(job: Run, released: Drums, tracks: Sequence[Track], seed: int, folder: Path) -> list[Score]:
    """Adapt to recordings that are not tested, and score on all."""
    student = adapt(job, released, [excerpt(track) for track in tracks[:400]], seed, folder)
    return judge_all(job, partial(heard_by, student))


def adapt_in_turn(job: Run, released: Drums, seed: int, folder: Path) -> list[Score]:
    """Adapt to all real songs but one, and score on that one; and on the first songs of the band, one network each."""
    scores: list[Score] = []
    works = sorted({one.work for one in job.real[MIX]})
    for number, work in enumerate(works):
        heard = [one.samples for one in job.real[MIX] if one.work != work or len(works) == 1]
        student = adapt(job, released, heard, seed, folder / str(number))
        for place, songs in job.tests.items():
            own = [one for one in songs if one.work == work] if place in job.real else songs[number :: len(works)]
            scores += [judge(one, heard_by(student, one)) for one in own]
    return scores


def runs_of(job: Run, what: str) -> dict[str, list[list[Score]]]:
    """Scores of everything under a folder of the run: name to one list a seed."""
    names = {"students": TAUGHT_BY, "features": FEATURES}.get(
        what, ("as released", "real songs", "songs of the band", RECORDED)
    )
    found = {name: [read_scores(job, f"{what}/{name}/{seed}") for seed in job.seeds] for name in names}
    return {name: [run for run in runs if run] for name, runs in found.items() if any(runs)}


def overview(title: str, runs: Mapping[str, Sequence[Sequence[Score]]], places: Sequence[str]) -> Table:
    """Mean F of every row on every test set: mean over seeds with Student's interval."""
    rows = []
    for name, own in runs.items():
        cells: list[Any] = []
        for place in places:
            here = [[score for score in one if score.groups["place"] == place] for one in own]
            told = [summary(scores, ("mean F",))[0].mean for scores in here if scores]
            cells.append(over_seeds(told) if told else None)
        rows.append((name, len(own), *cells))
    note = "mean over tracks of the mean F over the three drums, 50 ms; mean over seeds with Student's 95 % interval"
    return Table(title, ("system", "seeds", *places), tuple(rows), note)


def report(job: Run, bundles: Path) -> None:
    """Write report.html, report.md and the bundle of the student of 400 songs."""
    taught = {
        "hills instead of templates, never learned": [read_scores(job, "teachers/hills")],
        **{f"teacher {group}": [read_scores(job, f"teachers/{group}")] for group in GROUPS},
        **{f"student, {name}": runs for name, runs in runs_of(job, "students").items()},
    }
    read, adapted = runs_of(job, "features"), runs_of(job, "adapted")
    places = list(dict.fromkeys(score.groups["place"] for score in taught[f"teacher {GROUPS[0]}"][0]))
    tables = [overview("Teachers and students", taught, places)]
    tables.append(overview("Features read by planes that learned on the other sets", read, places))
    if adapted:
        tables.append(overview("The released network goes on without labels", adapted, places))
    for place in places:
        own = {
            name: [[score for score in one if score.groups["place"] == place] for one in runs]
            for name, runs in {**taught, **{f"features, {k}": v for k, v in read.items()},
                               **{f"adapted, {k}": v for k, v in adapted.items()}}.items()
        }  # fmt: skip
        told = {name: [one for one in runs if one] for name, runs in own.items()}
        tables.append(across_seeds(f"By drum: {place}", {k: v for k, v in told.items() if v}, COLUMNS, {}))
    best = "400 songs"
    folder = job.out / "students" / best / "0"
    facts = card_facts(read_scores(job, f"students/{best}/0", "own.json"))
    run.save(read_student(job, folder), bundles / "drums-student", facts)
    curves = {name: curve_of(job.out / "students" / name / "0") for name in TAUGHT_BY}
    finish(
        job.out,
        __doc__,
        "Drums from unlabeled recordings",
        tables,
        curves={name: curve for name, curve in curves.items() if curve},
        invalid=INVALID,
        provenance=facts,
    )


def curve_of(folder: Path) -> list[dict[str, float]]:
    """Read the losses of a training."""
    path = folder / "curve.json"
    return json.loads(path.read_text())["curve"] if path.exists() else []


def card_facts(scores: Sequence[Score]) -> dict[str, Any]:
    """State what the bundle's card must say."""
    places = dict.fromkeys(score.groups["place"] for score in scores)
    own = {place: [score for score in scores if score.groups["place"] == place] for place in places}
    return {
        "what": "Kick, snare and hi-hat by a dense network of one frame, learned from two NMF teachers, not labels.",
        "data": [
            "20 seconds each of 400 songs composed, performed and recorded by the band, labels unused",
            SOUNDS[0],
            "templates of the teachers: strokes of Hydrogen kits (GPL-2 and Creative Commons), which are not shipped",
            *SOUNDS[2:],
        ],
        "licence": "Apache-2.0",
        "metrics": means(own, COLUMNS),
        "seeds": [0],
        "limits": [*LIMITS, "Its thresholds are absolute; in the report students are read as their teachers are."],
        "recipe": "recipes/drums_unlabeled.py",
    }


app = commands(__doc__)
OUT = Path("runs/drums_unlabeled")
RECORDINGS = typer.Option(None, help="folder of recordings to learn from, of any kind, without labels")
RELEASED = typer.Option(None, "--drums", help="bundle of recipes/drums.py to adapt; the one that is shipped by default")


@app.command()
def train(
    out: Out = OUT,
    cache: Cache = CACHE,
    smoke: Smoke = False,
    jobs: Jobs = 1,
    only: Only = "",
    shared: Shared = None,
    recordings: Path = RECORDINGS,
    drums: Path = RELEASED,
) -> None:
    """Teach, learn, adapt and score; continues where it stopped."""
    train_all(Run(out, cache, smoke, shared, recordings, drums), only)


@app.command("report")
def report_command(
    out: Out = OUT, cache: Cache = CACHE, smoke: Smoke = False, jobs: Jobs = 1, bundles: Bundles = None
) -> None:
    """Write the report and the bundle from what was scored."""
    report(Run(out, cache, smoke), bundles or out / "bundles")


if __name__ == "__main__":
    app()
