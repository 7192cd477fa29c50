"""Instruments: what denser mixes, context and place in the spectrum buy, and how far it carries to real voices.

Question: trained only on music that the band plays, how well is heard which instruments play when, in songs, styles and
sounds that training never met? What do excerpts laid over each other, hearing rare instruments more often, seconds of
context and knowing where in the spectrum something sounds each add to a small network, which published kind of network
(fully connected, convolutional, recurrent, each hearing one second) comes closest, and does it hear real people sing?

Method: variants share features, data, loss, steps and seeds; songs, styles and sound banks are split. Classes are those
of OpenMIC-2018 and MedleyDB in one taxonomy. Labels are ranked and classified in stretches of 1, 5 and 10 s and by
track, each pooled by its maximum (Gururani, Summers and Lerch 2018). Classes without any true or any false stretch have
no ROC curve and are left out. Sung words of three real songs are told from gaps between lines.

Cost, of one core: features four minutes once the sound is there; then the study a minute and a half to three minutes
a training (24 of them), the released system an hour.

    python recipes/instruments.py train --smoke    all trainings, in seconds, on sketched songs
    python recipes/instruments.py train            render, train the released system and the study; resumes
    python recipes/instruments.py evaluate         score the released system beside the trivial baseline
    python recipes/instruments.py report           score everything, write runs/instruments/report.html and the bundle
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from safetensors.torch import load_file, save_file

from solfeggio import run
from solfeggio.answers import Answer, Segments
from solfeggio.augment import vary_spectra
from solfeggio.data.dataset import Dataset
from solfeggio.data.shared import real_dataset
from solfeggio.data.songs import SOUNDS, recipe_songs, with_sound_kept
from solfeggio.data.taxonomy import LABELS, in_our_classes
from solfeggio.decode.activity import stretches
from solfeggio.errors import DataError
from solfeggio.grid import Grid
from solfeggio.lessons.overlaid import Overlaid
from solfeggio.listeners.instruments import CNN, CRNN, FC, RELEASED, TINY, Config, Instruments
from solfeggio.metrics.tags import SCALES, active_frames, confusion, evaluate_tags, f_measure, pool, roc_auc
from solfeggio.recipe import CACHE, Bundles, Cache, Jobs, Only, Out, Shared, Smoke, commands, finish
from solfeggio.studies.robustness import robustness
from solfeggio.studies.scores import HEADLINE, extremes, score_tracks
from solfeggio.studies.table import Cell, Estimate, Table, over_seeds, show
from solfeggio.train import Budget, Fit, Item, fit, in_stages, prepare, read_fit

COLUMNS = ("LRAP", "ROC-AUC", "F macro", "F micro")
SEEDS = (0, 1, 2)
STUDY = Budget(steps=300, batch=16, excerpt=12.0, stretch=1.0, check=100, threads=1)
LONG = Budget(steps=3000, batch=16, excerpt=16.0, stretch=1.0, check=250, threads=1)
ON = dataclasses.replace(LONG, rate=1e-3)  # goes on from there
SMOKE = Budget(steps=4, batch=2, excerpt=4.0, stretch=1.0, check=2, threads=1)
THRESHOLDS = tuple(np.round(np.arange(0.1, 0.81, 0.05), 2).tolist())
STUDY_SONGS = 20  # of each test set, on which the study's systems are scored
OFTEN, MOST_OFTEN = 0.12, 4  # share of the songs in which a class should play; how often a song is taken at most
DRAWS = 100  # of songs, with replacement, for intervals
GAP = 1.0  # seconds between lines from which on nobody sings
NOT_APART = ("cymbals",)  # what MedleyDB's drum set holds and does not name
WRONG_AT_LEAST = 20  # wrongly found seconds from which on a class has a column in the confusion picture
LIMITS = (
    "It tells kinds of instruments, not players, and says nothing of how many there are.",
    "The band owns no mandolin and no ukulele: what is plucked and rare is one class.",
    "Similar instruments of one family (viola and violin, tuba and horn, oboe and bassoon) are one class.",
    "What is doubled by something louder, or masked in a dense mix, is missed.",
    "It never heard a real recording or a real singer while learning.",
)
INVALID = (
    "Training and test songs come from one composer program; unseen styles, songs and sound banks are still its own.",
    "A few sampled instruments stand for each class, so the number of songs says little about the number of sounds.",
    "Activity counts from note to note: a ringing cymbal's end, or a rest under half a second, is a convention.",
    "Ranking at coarse time scales is flattered by songs that have the same players throughout.",
    "The real songs are ten. Gaps between sung lines last 50 s in all three songs together and 4 s in one, whose "
    "ROC-AUC hangs on three breaths; the borders of words are exact to a tenth of a second or two at best.",
    "The sizes of FC, CNN and CRNN are not the published ones, and they read our features at our rate.",
    "The study's budget is short, so what learns slowly may overtake with more steps.",
    "Energy is codecarbon's estimate from processor time, not a measurement.",
)


@dataclass(frozen=True)
class Variant:
    """What the study trains: a system, the share of excerpts laid over others, whether songs are balanced."""

    config: Config = RELEASED
    share: float = 0.5
    balanced: bool = True


VARIANTS: dict[str, Variant] = {
    "as released": Variant(),
    "without denser mixes": Variant(share=0.0),
    "rare instruments as they come": Variant(balanced=False),
    "without context": Variant(Config(depth=1)),
    "without place in the spectrum": Variant(Config(placed=False)),
    "FC": Variant(FC),
    "CNN": Variant(CNN),
    "CRNN": Variant(CRNN),
}


def lesson(share: float) -> Overlaid:
    """Vary excerpts as other players, rooms and engineers would, then lay them over each other."""
    scale = Config().scale
    vary = partial(vary_spectra, scale=scale, transpose_bins=1, gain_db=12.0, equaliser_db=10.0, mask=0.2)
    return Overlaid(scale, vary, share)


def ready(system: Instruments, dataset: Dataset, cache: Path, jobs: int) -> list[Item]:
    """Compute the features of a dataset, whose sound is rendered once and kept in ``cache``."""
    return prepare(system, with_sound_kept(dataset, cache), cache, jobs)


def real(system: Instruments, name: str, shared: Path | None, cache: Path) -> list[Item]:
    """Real recordings, "mdb" or "jamendo"; none where they are not at hand."""
    try:
        dataset = real_dataset(name, shared)
    except DataError as problem:
        print(f"without real songs: {problem}")
        return []
    return prepare(system, dataset, cache)


def train_all(out: Path, cache: Path, smoke: bool, jobs: int, only: str = "", most: int = 0) -> None:
    """Render, train the released system, then every variant of the study with every seed."""
    for name, system, items, budget, variant, seed in jobs_of(out, cache, smoke, jobs, only, most):
        folder = out / name
        size = sum(p.numel() for p in system.parameters())
        print(f"== {name}: {size:,} parameters, {len({item.id for item in items[0]})} songs", flush=True)
        done = fit(
            system, *items, lesson(variant.share), budget, seed, folder, log=lambda line: print(line, flush=True)
        )
        save_file(system.state_dict(), folder / "weights.safetensors")
        (folder / "decoder.json").write_text(json.dumps(best_thresholds(system, items[1])))
        (folder / "done.json").write_text(json.dumps(dataclasses.asdict(done)))


def jobs_of(out: Path, cache: Path, smoke: bool, jobs: int, only: str, most: int) -> Iterator[Any]:
    """List the trainings in order: (folder, system, (train, valid) items, budget, variant, seed)."""
    train, popular, valid, _ = recipe_songs(smoke)
    if most:
        train, popular = (dataclasses.replace(d, tracks=d.tracks[: most // 2]) for d in (train, popular))
    plan = [("released/first", Variant(), 0, LONG), ("released", Variant(), 1, ON)]
    plan += [(f"study/{name}/{seed}", v, seed, STUDY) for seed in seeds(smoke) for name, v in VARIANTS.items()]
    prepared: tuple[list[Item], list[Item]] | None = None
    for name, variant, seed, budget in plan:
        if (out / name / "done.json").exists() or not name.startswith(only):
            continue
        torch.manual_seed(seed)
        system = Instruments(smaller(variant.config, smoke))
        if name == "released":
            system.load_state_dict(load_file(out / "released/first/weights.safetensors"))
        if prepared is None:  # all variants read the same features
            learned = ready(system, train, cache, jobs) + ready(system, popular, cache, jobs)
            prepared = learned, ready(system, valid, cache, jobs)
        songs = balanced(prepared[0]) if variant.balanced else prepared[0]
        yield name, system, (songs, prepared[1]), SMOKE if smoke else budget, variant, seed


def balanced(items: Sequence[Item]) -> list[Item]:
    """Take songs with a rare instrument several times: as if each class played in a share ``OFTEN`` of the songs."""
    held = [set(played(item).labels) for item in items]
    songs = {label: sum(label in own for own in held) for label in LABELS}
    times = [max((OFTEN * len(items) / songs[label] for label in own), default=1.0) for own in held]
    return [
        item for item, often in zip(items, times, strict=True) for _ in range(min(max(round(often), 1), MOST_OFTEN))
    ]


def seeds(smoke: bool) -> tuple[int, ...]:
    """Seeds of the study."""
    return SEEDS[:1] if smoke else SEEDS


def smaller(config: Config, smoke: bool) -> Config:
    """Shrink a variant for a smoke run."""
    if not smoke:
        return config
    return dataclasses.replace(config, stem=TINY.stem, pools=TINY.pools, width=TINY.width, depth=1)


def load_variant(folder: Path, config: Config, smoke: bool) -> Instruments:
    """Read a trained variant of this run, with the thresholds that were settled on."""
    settled = json.loads((folder / "decoder.json").read_text())
    system = Instruments(dataclasses.replace(smaller(config, smoke), **settled))
    system.load_state_dict(load_file(folder / "weights.safetensors"))
    return system.eval()


@dataclass(frozen=True, eq=False)
class Heard:
    """A recording: which classes play (frame, label), how likely the system finds it, and its groups."""

    id: str
    truth: np.ndarray
    scores: np.ndarray
    groups: dict[str, str]


def activity(system: Instruments, item: Item) -> np.ndarray:
    """Probabilities (frame, label) of a prepared recording, in pieces so that long ones need little memory."""
    system.eval()
    border, step = system.spec.grid.span(system.spec.border) + 1, 1200
    parts = []
    frames = item.features.shape[-1]
    for start in range(0, frames, step):
        low = max(start - border, 0)
        piece = torch.from_numpy(item.features[..., low : start + step + border].astype(np.float32))[None]
        with torch.inference_mode():
            logits = system(piece)
        part = slice(start - low, min(start + step, frames) - low)
        parts.append({key: value[0, part].float().numpy() for key, value in logits.items()})
    return system.activity({key: np.concatenate([part[key] for part in parts]) for key in parts[0]})


def hear_items(system: Instruments, items: Sequence[Item], truth: Callable[[Item], Segments]) -> list[Heard]:
    """Hear prepared recordings and write their truth on the same frames."""
    heard = []
    for item in items:
        scores = activity(system, item)
        marks = active_frames(truth(item), LABELS, system.spec.grid.times(len(scores)))
        heard.append(Heard(item.id, marks, scores, item.groups))
    return heard


def played(item: Item) -> Segments:
    """What plays in a song of the band, in our classes."""
    return ours(item.answers["instruments"], "band")


def ours(activity: Answer, source: str) -> Segments:
    """Name the activity of a corpus by our classes."""
    return in_our_classes(activity, source) if isinstance(activity, Segments) else Segments([], [])


def limits_of(system: Instruments) -> np.ndarray:
    """Thresholds of all classes."""
    return np.array([system.config.threshold] * (len(LABELS) - 1) + [system.config.singing_threshold])


def best_thresholds(system: Instruments, items: Sequence[Item]) -> dict[str, float]:
    """Choose on validation songs above which probability instruments, and voices, play: where F is highest."""
    heard = hear_items(system, items, played)
    truth, scores = (np.concatenate([getattr(song, name) for song in heard]) for name in ("truth", "scores"))
    parts = {"threshold": slice(0, -1), "singing_threshold": slice(-1, None)}
    return {
        name: max(THRESHOLDS, key=lambda limit: f_measure(truth[:, part], scores[:, part] > limit)[2])
        for name, part in parts.items()
    }


def judge(
    songs: Sequence[Heard], limits: np.ndarray, seconds: float | None, columns: Sequence[int] | None = None
) -> dict[str, float]:
    """Pool recordings at a time scale and compare; columns: which labels take part."""
    kept = list(range(len(LABELS)) if columns is None else columns)
    truth, scores = (
        np.concatenate([pool(getattr(song, name)[:, kept], 10.0, seconds) for song in songs])
        for name in ("truth", "scores")
    )
    return evaluate_tags(truth, scores, limits[kept], [LABELS[i] for i in kept])


def estimates(
    songs: Sequence[Heard], limits: np.ndarray, seconds: float | None, columns: Sequence[int] | None = None
) -> tuple[Cell, ...]:
    """COLUMNS over all recordings together, with the bootstrap's interval over recordings."""
    rng = np.random.default_rng(0)
    whole = judge(songs, limits, seconds, columns)
    draws = [
        judge([songs[i] for i in rng.integers(0, len(songs), len(songs))], limits, seconds, columns)
        for _ in range(DRAWS if len(songs) > 2 else 0)
    ]
    cells: list[Cell] = []
    for name in COLUMNS:
        values = [row[name] for row in draws if np.isfinite(row[name])]
        low, high = np.quantile(values, [0.025, 0.975]) if values else (np.nan, np.nan)
        cells.append(Estimate(whole[name], float(low), float(high), len(songs)) if np.isfinite(whole[name]) else None)
    return (*cells, int(whole["classes"]))


def never_learned(songs: Sequence[Heard], shares: np.ndarray) -> list[Heard]:
    """The trivial answer: each class is as likely as it is frequent in training, whatever is heard."""
    return [dataclasses.replace(song, scores=np.tile(shares, (len(song.truth), 1))) for song in songs]


def frequencies(dataset: Dataset) -> np.ndarray:
    """Share of the time that each class plays in the songs of a dataset, every eighth of them."""
    active, total = np.zeros(len(LABELS)), 0.0
    for track in dataset.tracks[::8]:
        truth = ours(track.answers["instruments"], "band")
        total += float(truth.ends.max()) if len(truth) else 0.0
        for start, end, label in zip(truth.starts, truth.ends, truth.labels, strict=True):
            active[LABELS.index(label)] += end - start
    return active / max(total, 1e-9)


POOLED = "recordings pooled, 95 % bootstrap interval over recordings; classes: those that ROC-AUC is a mean of"


def scales_table(title: str, songs: Sequence[Heard], limits: np.ndarray, shares: np.ndarray) -> Table:
    """The system at four time scales beside the trivial answer."""
    rows: list[tuple[Cell, ...]] = []
    for name, own, limit in (
        ("released", songs, limits),
        ("never learned: class frequencies", never_learned(songs, shares), np.full(len(LABELS), 0.5)),
    ):
        rows += [(name, scale, *estimates(own, limit, seconds)) for scale, seconds in SCALES.items()]
    return Table(title, ("system", "pooled over", *COLUMNS, "classes"), tuple(rows), POOLED)


def class_table(tests: dict[str, list[Heard]], limits: np.ndarray) -> Table:
    """ROC-AUC of each class at 1 s in each test set."""
    areas = {name: judge(songs, limits, 1.0) for name, songs in tests.items()}
    rows: list[tuple[Cell, ...]] = []
    everything = [song for songs in tests.values() for song in songs]
    for i, label in enumerate(LABELS):
        found = [areas[name].get(f"AUC {label}") for name in tests]
        with_it = sum(bool(song.truth[:, i].any()) for song in everything)
        rows.append((label, with_it, *found, judge(everything, limits, 1.0, [i]).get(f"F {label}")))
    note = "a dash: the class never plays there, or always"
    return Table("Each class, ROC-AUC at 1 s", ("class", "songs with it", *tests, "F, all"), tuple(rows), note)


def confusion_picture(songs: Sequence[Heard], limits: np.ndarray) -> str:
    """Draw which class is missed (row) where another is wrongly found (column), at 1 s; SVG."""
    from solfeggio.report.draw import heat

    truth, scores = (
        np.concatenate([pool(getattr(song, name), 10.0, 1.0) for song in songs]) for name in ("truth", "scores")
    )
    found = scores > limits
    shares = confusion(truth, found)
    wrong, missed = (found & ~truth).sum(0), (truth & ~found).sum(0)
    columns = [i for i in np.argsort(-wrong) if wrong[i] >= WRONG_AT_LEAST][:16] or [int(wrong.argmax())]
    rows = [i for i in np.argsort(-missed) if missed[i] >= WRONG_AT_LEAST][:16] or [int(missed.argmax())]
    field = {
        LABELS[i]: {LABELS[j]: None if np.isnan(shares[i, j]) else float(shares[i, j]) for j in columns} for i in rows
    }
    return heat(field, 0.0, 0.6, "share missed where the column is wrongly found")


def words_and_gaps(words: Segments, lines: Segments, frames: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frames inside sung words, of gaps of at least a second between lines, and of those before and after all lines."""
    times = np.arange(frames) / 10
    inside = active_frames(Segments(words.starts, words.ends, ["word"] * len(words)), ["word"], times)[:, 0]
    ends = np.maximum.accumulate(lines.ends)
    gap = np.zeros(frames, bool)
    for before, after in zip(ends[:-1], lines.starts[1:], strict=True):
        if after - before >= GAP:
            gap |= (times >= before) & (times < after)
    return inside, gap, (times < lines.starts[0]) | (times >= ends[-1])


def longest(wrong: np.ndarray) -> str:
    """Where the longest stretch of frames lies, in words."""
    found = stretches(wrong[:, None].astype(float), Grid(Fraction(10)), ("wrong",))
    if not len(found):
        return "none"
    which = int(np.argmax(found.ends - found.starts))
    return f"{found.starts[which]:.1f} to {found.ends[which]:.1f} s"


def voice_rows(system: Instruments, songs: Sequence[Item]) -> list[tuple[Cell, ...]]:
    """Tell sung words from gaps in each real song: ROC-AUC, what is found and missed, what is wrong for longest."""
    rows: list[tuple[Cell, ...]] = []
    for item in songs:
        words, lines = item.answers["lyrics"], item.answers["lines"]
        if not (isinstance(words, Segments) and isinstance(lines, Segments)):
            continue
        voice = activity(system, item)[:, -1]
        inside, gap, around = words_and_gaps(words, lines, len(voice))
        found = voice > system.config.singing_threshold
        areas = []
        for silent in (gap, gap | around):
            asked = inside | silent
            areas.append(float(roc_auc(inside[asked][:, None], voice[asked][:, None])[0]))
        shares = (float(found[inside].mean()), float(found[gap].mean()) if gap.any() else None)
        wrong = (longest(found & gap), longest(~found & inside))
        rows.append((item.id.removeprefix("jamendo-"), *areas, *shares, f"{gap.sum() / 10:.0f} s", *wrong))
    return rows


def voice_table(system: Instruments, songs: Sequence[Item]) -> Table:
    """Voice activity of the real songs and its mean."""
    rows = voice_rows(system, songs)
    means = [float(np.mean([row[i] for row in rows])) for i in (1, 2)]  # type: ignore[misc]
    columns = (
        "song", "ROC-AUC", "with intro and end", "words found", "gaps called sung", "gaps", "longest gap called sung",
        "longest words missed",
    )  # fmt: skip
    note = (
        "frames inside sung words against those of gaps of at least a second between lines, and against what comes "
        "before the first line and after the last, too; never learned: 0.5"
    )
    return Table("Real voices", columns, (*rows, ("mean", *means, *[None] * 5)), note)


def mdb_table(system: Instruments, items: Sequence[Item], shares: np.ndarray) -> Table:
    """Activity in the real multitrack songs, over the classes that their annotators tell apart."""
    heard = hear_items(system, items, lambda item: ours(item.answers["activity"], "medleydb"))
    kept = [i for i, label in enumerate(LABELS) if label not in NOT_APART]
    limits = limits_of(system)
    areas = judge(heard, limits, 1.0, kept)
    rows: list[tuple[Cell, ...]] = [
        (name, scale, *estimates(songs, limit, seconds, kept))
        for name, songs, limit in (
            ("released", heard, limits),
            ("never learned: class frequencies", never_learned(heard, shares), np.full(len(LABELS), 0.5)),
        )
        for scale, seconds in SCALES.items()
    ]
    told = ", ".join(f"{name.removeprefix('AUC ')} {value:.2f}" for name, value in areas.items() if "AUC " in name)
    note = f"{POOLED}; without cymbals, which a drum set holds and nobody named. ROC-AUC at 1 s: {told}"
    return Table("Real multitrack songs", ("system", "pooled over", *COLUMNS, "classes"), tuple(rows), note)


def seconds_per_minute(system: Instruments) -> float:
    """CPU seconds of one core for a minute of audio: features, network and decoding."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 60 * system.spec.rate)).astype(np.float32)
    run.hear(system, noise, system.spec.rate)
    began = time.process_time()
    run.hear(system, noise, system.spec.rate)
    spent = time.process_time() - began
    torch.set_num_threads(threads)
    return spent


def score_study(out: Path, cache: Path, smoke: bool, jobs: int, shared: Path | None) -> list[Table]:
    """Table of the study: variants over seeds, at 1 s, mean of the test sets; nothing where it was not trained."""
    tests = recipe_songs(smoke)[-1]
    done = {
        name: [seed for seed in seeds(smoke) if (out / "study" / name / str(seed) / "done.json").exists()]
        for name in VARIANTS
    }
    if not any(done.values()):
        return []
    reader = Instruments(TINY)
    few = {
        name: ready(reader, dataclasses.replace(test, tracks=test.tracks[:STUDY_SONGS]), cache, jobs)
        for name, test in tests.items()
    }
    voices = [] if smoke else real(reader, "jamendo", shared, cache)
    columns = (*COLUMNS, "AUC singing")
    rows: list[tuple[Cell, ...]] = []
    for name, found in done.items():
        values: dict[str, list[float]] = {column: [] for column in (*columns, "real voices")}
        fits = []
        for seed in found:
            folder = out / "study" / name / str(seed)
            system = load_variant(folder, VARIANTS[name].config, smoke)
            made = [judge(hear_items(system, items, played), limits_of(system), 1.0) for items in few.values()]
            for column in columns:
                own = [row[column] for row in made if np.isfinite(row.get(column, np.nan))]
                values[column] += [float(np.mean(own))] if own else []
            if voices:
                values["real voices"].append(float(np.mean([row[1] for row in voice_rows(system, voices)])))  # type: ignore[misc]
            fits.append(read_fit(folder))
        if found:
            cells = [over_seeds(numbers) if numbers else None for numbers in values.values()]
            energy = round(1000 * float(np.mean([fit.energy_kwh for fit in fits])), 2)
            size = sum(p.numel() for p in system.parameters())
            rows.append((name, len(found), *cells, size, energy, round(seconds_per_minute(system), 2)))
    more = ("real voices", "parameters", "training Wh", "CPU s per minute")
    note = (
        f"mean over seeds with Student's 95 % interval, of the mean over {len(few)} test sets at 1 s; real voices: "
        "mean ROC-AUC of sung words against gaps between lines in three songs"
    )
    return [Table("What buys what? Same steps and seeds", ("variant", "seeds", *columns, *more), tuple(rows), note)]


def score_released(
    out: Path, cache: Path, smoke: bool, jobs: int, shared: Path | None
) -> tuple[Instruments, dict[str, list[Heard]], list[Table]]:
    """Score the released system on every test set and on real songs, beside the answer that never learned."""
    system = load_variant(out / "released", Config(), smoke)
    train, *_, tests = recipe_songs(smoke)
    shares, limits = frequencies(train), limits_of(system)
    heard = {name: hear_items(system, ready(system, test, cache, jobs), played) for name, test in tests.items()}
    tables = [
        scales_table(f"Released, {name}: beside what never learned", songs, limits, shares)
        for name, songs in heard.items()
    ]
    if not smoke:
        if songs := real(system, "jamendo", shared, cache):
            tables.append(voice_table(system, songs))
        if songs := real(system, "mdb", shared, cache):
            tables.append(mdb_table(system, songs, shares))
    return system, heard, tables


def report(out: Path, cache: Path, smoke: bool, jobs: int, bundles: Path, shared: Path | None) -> None:
    """Score everything, write report.html, report.md and the bundle."""
    from solfeggio.report.draw import bars

    train, popular, _, tests = recipe_songs(smoke)
    tables = score_study(out, cache, smoke, jobs, shared)
    system, heard, own = score_released(out, cache, smoke, jobs, shared)
    limits, stages = limits_of(system), [read_fit(out / name) for name in ("released/first", "released")]
    done = in_stages(stages)
    tables += own
    facts = card_facts(heard, limits, done, len(train) + len(popular))
    run.save(system, bundles / "instruments", facts)
    tables.append(class_table(heard, limits))

    def hear(samples: np.ndarray, rate: int) -> Segments:
        return run.hear(system, samples, rate)

    kept = [
        dataclasses.replace(track, answers={**track.answers, "instruments": ours(track.answers["instruments"], "band")})
        for test in tests.values()
        for track in with_sound_kept(test, cache).tracks[: 1 if smoke else 4]
    ]
    columns = HEADLINE["instruments"]
    tables.append(robustness("What disturbances cost", kept, hear, "instruments", columns))
    scored = score_tracks(kept, lambda t: hear(*t.audio()), lambda t: t.answers["instruments"], "instruments")  # type: ignore[attr-defined]
    of = {track.id: track for track in kept}
    worst, best = extremes(scored, "F", 2)
    examples = []
    for verdict, chosen in (("worst", worst), ("best", best)):
        for score in chosen:
            track = of[score.id]
            samples, rate = track.audio()
            found = hear(samples, rate)
            answers = {"instruments": found, "truth": track.answers["instruments"], "beats": track.answers["beats"]}
            examples.append((f"{verdict}: {score.id}, F {score.values['F']:.2f}", samples, rate, answers))
    everything = [song for songs in heard.values() for song in songs]
    areas = {
        name.removeprefix("AUC "): value
        for name, value in sorted(judge(everything, limits, 1.0).items(), key=lambda pair: -pair[1])
        if name.startswith("AUC ")
    }
    charts = {"Taken for each other": confusion_picture(everything, limits)}
    if areas:
        charts["Each class, all test sets"] = bars(areas, "ROC-AUC at 1 s")
    finish(
        out,
        __doc__,
        "Instruments",
        tables,
        curves={"released, first": stages[0].curve, "released": done.curve},
        examples=examples,
        invalid=INVALID,
        provenance=facts,
        charts=charts,
    )


def card_facts(heard: dict[str, list[Heard]], limits: np.ndarray, done: Fit, songs: int) -> dict[str, Any]:
    """State what the bundle's card must say."""
    return {
        "what": "Which instruments play when in music recordings, singing voices among them: 31 classes.",
        "data": [
            f"{songs} songs composed, performed and recorded by the band (recipes/instruments.py)",
            *SOUNDS,
        ],
        "licence": "Apache-2.0",
        "metrics": {
            f"{test}, 1 s": dict(zip(COLUMNS, map(show, estimates(own, limits, 1.0)), strict=False))
            for test, own in heard.items()
        },
        "limits": list(LIMITS),
        "recipe": "recipes/instruments.py",
        **done.facts(),
    }


app = commands(__doc__)
OUT = Path("runs/instruments")
MOST = typer.Option(0, help="songs to learn from, at most; 0: all")


@app.command()
def train(
    out: Out = OUT, cache: Cache = CACHE, smoke: Smoke = False, jobs: Jobs = 2, only: Only = "", most: int = MOST
) -> None:
    """Render songs, train the released system and the study; continues where it stopped."""
    train_all(out, cache, smoke, jobs, only, most)


@app.command()
def evaluate(out: Out = OUT, cache: Cache = CACHE, smoke: Smoke = False, jobs: Jobs = 2, shared: Shared = None) -> None:
    """Score the released system beside the trivial baseline."""
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
