"""Melody: what do a chord, the next chord, the place in the bar and the other stream tell about the next note?

Question: by how much does each of four conditions lower the surprise of a network at tunes that it never heard, in folk
and in jazz; do the thirteen published combinations rank as published; and how much of the published likelihoods is
memory, because windows of one tune stood on both sides of the split?

Method: thirteen combinations, two kinds of music, three seeds, all of one size, split by tune, with the same steps.
Folk is Nottingham and jazz the Weimar Jazz Database where a folder of shared data sets is given, else public-domain
tunes with chords found by rule and the band's own jazz. Unseen tunes are those of the sides "valid" and "test": nothing
was chosen by either. Likelihoods are of all notes and rests of a tune, from its first on, duration first and pitch
given duration where the streams know of each other; means over tunes. What a condition brings is tested by Wilcoxon's
signed ranks over tunes, each tune's mean over seeds and over all pairs of combinations that differ in that condition
alone, corrected by Holm. Writing is free, at temperature 1, over the chords of the first 16 bars of unseen tunes.

Cost: 78 trainings and 12 of the leak of about one CPU minute of one core each, the released one about twelve minutes.

    python recipes/melody.py train --smoke    all trainings, in seconds, on a few tunes of the band
    python recipes/melody.py train            train the released writer and the study; resumes where it stopped
    python recipes/melody.py evaluate         score the released writer beside the trivial baselines
    python recipes/melody.py report           score what is trained, write runs/melody/report.html and the bundle
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from safetensors.torch import load_file, save_file

from solfeggio import run
from solfeggio.contracts import Batch
from solfeggio.data.lines import cut, lines, published_split
from solfeggio.fitting import LENGTHS
from solfeggio.harte import chord_scale, pitch_classes
from solfeggio.metrics import melodies
from solfeggio.metrics.bleu import bleu
from solfeggio.notation import Score as WrittenScore
from solfeggio.recipe import CACHE, Bundles, Cache, Jobs, Only, Out, Smoke, commands, finish
from solfeggio.studies.scores import Score, across_seeds, compare, summary
from solfeggio.studies.table import Cell, Table, over_seeds, over_tracks
from solfeggio.tokens import LINE_BAR, LINE_LOWEST, LINE_REST, NO_ROOT, Line, decode_line
from solfeggio.train import Budget, Fit, learn, read_fit
from solfeggio.writers.melody import (
    AS_PUBLISHED,
    CONDITIONS,
    DURATIONS,
    FULL,
    NOTHING,
    PITCHES,
    PUBLISHED,
    ROWS,
    TINY,
    Config,
    Melody,
    chart_of,
    conditions,
    key_of,
)

STYLES = ("folk", "jazz")
SEEDS = (0, 1, 2)
WIDTH, DEPTH = (128, 128), 1  # cells and layers in the study; the published 256 in two layers are CONFIGS of the writer
STUDY = Budget(steps=600, batch=64, check=150, rate=3e-3, threads=1)
RELEASED = Budget(steps=4000, batch=64, check=250, rate=3e-3, threads=1)
SMOKE = Budget(steps=4, batch=4, check=2, threads=1)
LEAKING = {"as published": AS_PUBLISHED, "ours, all conditions": FULL["all"]}
LEAK_NOTES = 6000  # of the tunes whose windows are split as published: few, so that each is met as often as then
BAND = {"train": 600, "valid": 80, "test": 80}  # songs
SHARES = {"band-jazz": 0.4, "tunes": 0.45, "band-folk": 0.15}  # of the released writer's batches
HEARD = 48  # unseen tunes over whose chords is written
BARS = 16  # of them
MEMORY = 5.0  # notes that a bigram borrows from the unigram
COLUMNS = ("NLL", "pitch NLL", "duration NLL")
WRITTEN = ("pitch BLEU-1", "pitch BLEU-2", "pitch BLEU-3", "pitch BLEU-4", "duration BLEU-4", "mgeval overlap",
           "chord notes", "scale notes")  # fmt: skip
LIMITS = (
    "One voice in 4/4, of notes and rests with 19 note values, from G3 to C6; no dynamics, no ornaments.",
    "It plans a note at a time: phrases that answer each other, and repeats, happen by chance.",
    "Its jazz is that of the band, a composer program; its folk is Irish, Scottish and American dance music.",
    "The chords that it learned folk tunes with were found by rule.",
    "Basses of chords (the C of G7/C) are not heard.",
)
INVALID = (
    "Chords of public-domain tunes were found from the tunes by rule, so they tell about notes that are still to come.",
    "Chords of jazz solos are those of the tune; soloists need not have kept to them.",
    "Solos of one player or over one tune are alike; they are on one side, but players are on both.",
    "Networks are half as wide and deep as published and trained shorter; what learns slowly may overtake later.",
    "The leak is measured on few tunes, each met as often as in the published training; a network of few tunes also "
    "knows new ones worse, which the study's own numbers show apart.",
    "The test is over tunes; three seeds say little about how much trainings vary.",
    "A pitch knows its own duration where the streams know of each other, not the other way round: in another order "
    "of the two that condition might bring each of them something else.",
    "BLEU asks for the very same notes; good melodies over the same chords share few of them.",
    "Energy is codecarbon's estimate from processor time, not a measurement.",
)


@dataclasses.dataclass(frozen=True)
class Job:
    """A training: a configuration, sources with their shares of the batches, budget, seed, whether windows leak."""

    config: Config
    shares: Mapping[str, float]
    budget: Budget
    seed: int
    transposed: bool = False
    leaks: bool = False


@cache
def tunes(source: str, side: str, smoke: bool) -> list[Line]:
    """Lines of a source that have chords; "unseen" are those of valid and test."""
    if side == "unseen":
        return tunes(source, "valid", smoke) + tunes(source, "test", smoke)
    if smoke:
        found = lines(source, side, 4)
    else:
        found = lines(source, side, BAND[side] if source.startswith("band") else None)
    return [line for line in found if (line.roots < NO_ROOT).any()]


def style_of(source: str) -> str:
    """Style that the released writer learns a source as."""
    return "jazz" if source in ("band-jazz", "wjazzd") else "folk"


def sources(out: Path, smoke: bool, shared: Path | None) -> dict[str, str]:
    """Say which source stands for each style in this run; it is settled when the run begins."""
    if shared:
        os.environ["SOLFEGGIO_DATA"] = str(shared)
    settled = out / "sources.json"
    if not settled.exists():
        chosen = {"folk": "nottingham", "jazz": "wjazzd"} if shared else {"folk": "tunes", "jazz": "band-jazz"}
        if smoke:
            chosen = {"folk": "band-folk", "jazz": "band-jazz"}
        out.mkdir(parents=True, exist_ok=True)
        settled.write_text(json.dumps(chosen))
    return json.loads(settled.read_text())


class Windows(torch.utils.data.IterableDataset):
    """Endless batches of windows of lines, some in other keys where asked for.

    pools: for each source its share, its style and rows of all its lines behind each other, each line after its start
    row and before a window of rows that only fill.
    """

    def __init__(self, system: Melody, job: Job, pools: Sequence[tuple[float, str | None, Sequence[Line]]], seed: int):
        self.job, self.seed, self.window = job, seed, system.config.window
        self.range = system.config.range
        self.shares = np.array([share for share, _, _ in pools]) / sum(share for share, _, _ in pools)
        self.pools = []
        for _, style, found in pools:
            tokens = [system.tokens(line, style) for line in found]
            empty = {name: torch.zeros((self.window, *tokens[0][name].shape[1:]), dtype=torch.int64) for name in ROWS}
            empty["pitch"] = torch.full((self.window,), NOTHING)
            rows = {name: torch.cat([part for one in tokens for part in (one[name], empty[name])]) for name in ROWS}
            sizes = np.array([len(line) for line in found])
            firsts = np.cumsum(sizes + 1 + self.window) - sizes - 1 - self.window
            self.pools.append((rows, firsts, sizes, int(tokens[0]["style"])))

    def __iter__(self) -> Iterator[Batch]:
        rng = np.random.default_rng(self.seed)
        while True:
            counts = rng.multinomial(self.job.budget.batch, self.shares)
            parts = [self.draw(pool, int(n), rng) for pool, n in zip(self.pools, counts, strict=True) if n]
            yield {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def draw(self, pool: tuple[Batch, np.ndarray, np.ndarray, int], n: int, rng: np.random.Generator) -> Batch:
        """Cut n windows; every note is met about as often, beginnings of tunes a little more."""
        rows, firsts, sizes, style = pool
        chosen = rng.choice(len(sizes), n, p=sizes / sizes.sum())
        half = self.window // 2
        within = rng.integers(-half, np.maximum(sizes[chosen] - half, 1 - half))
        within = np.clip(within, 0, np.maximum(sizes[chosen] - self.window, 0))
        batch = window_rows(rows, firsts[chosen] + within, self.window)
        if self.job.transposed:
            transpose(batch, self.range, rng)
        return batch | {"style": torch.full((n,), style)}


class Leaking(torch.utils.data.IterableDataset):
    """Endless batches of windows that are split as published: neighbours of each stand on the other side."""

    def __init__(self, system: Melody, found: Sequence[Line], pairs: np.ndarray, batch: int, seed: int):
        self.system, self.found, self.pairs, self.batch, self.seed = system, found, pairs, batch, seed

    def __iter__(self) -> Iterator[Batch]:
        rng = np.random.default_rng(self.seed)
        while True:
            yield windows_of(self.system, self.found, self.pairs[rng.integers(0, len(self.pairs), self.batch)])


def window_rows(rows: Batch, firsts: np.ndarray, window: int) -> Batch:
    """Cut ``window`` rows and the one before them at each place."""
    index = torch.from_numpy(firsts[:, None] + np.arange(window + 1))
    return {name: values[index] for name, values in rows.items()}


def windows_of(system: Melody, found: Sequence[Line], pairs: np.ndarray) -> Batch:
    """Cut windows (line, first row); each begins a line of its own, as the published ones did."""
    size = system.config.window
    return stacked([system.tokens(cut(found[i], first, size)) for i, first in pairs.tolist()])


def transpose(batch: Batch, reach: tuple[int, int], rng: np.random.Generator) -> None:
    """Move each item, its chords too, by up to a tritone, as far as the range allows."""
    pitch = batch["pitch"]
    heard = (pitch >= 0) & (pitch < LINE_REST)
    low = torch.where(heard, pitch, LINE_REST - 1).amin(1) + LINE_LOWEST
    high = torch.where(heard, pitch, 0).amax(1) + LINE_LOWEST
    steps = torch.from_numpy(rng.integers(-6, 6, len(pitch)))
    fits = (low + steps >= reach[0]) & (high + steps <= reach[1]) & heard.any(1)
    steps = torch.where(fits, steps, 0)[:, None]
    batch["pitch"] = torch.where(heard, pitch + steps, pitch)
    turned = (torch.arange(12) - steps) % 12
    for name in ("root", "next_root"):
        batch[name] = torch.where(batch[name] < NO_ROOT, (batch[name] + steps) % 12, batch[name])
    for name in ("chord", "next_chord"):
        batch[name] = batch[name].gather(2, turned[:, None].expand_as(batch[name]))


def stacked(items: Sequence[Batch]) -> Batch:
    """Stack tokens of lines of any length, filled up."""
    longest = max(len(item["pitch"]) for item in items)
    batch = {}
    for name in ROWS:
        fill = NOTHING if name == "pitch" else 0
        parts = [torch.nn.functional.pad(
            item[name], (*(0, 0) * (item[name].ndim - 1), 0, longest - len(item[name])), value=fill
        ) for item in items]  # fmt: skip
        batch[name] = torch.stack(parts)
    return batch | {"style": torch.stack([item["style"] for item in items])}


def surprise(system: Melody, items: Sequence[Batch]) -> np.ndarray:
    """Mean nats of a row of each line: (lines, 2), pitch and duration; lines of like length go together."""
    found = np.zeros((len(items), 2))
    order = np.argsort([len(item["pitch"]) for item in items])
    for places in np.array_split(order, -(-len(order) // 32)):
        batch = stacked([items[i] for i in places])
        with torch.inference_mode():
            logits = system(batch)
        real = (batch["pitch"][:, 1:] != NOTHING).float()
        for column, name in enumerate(("pitch", "duration")):
            loss = torch.nn.functional.cross_entropy(
                logits[name].transpose(1, 2), batch[name][:, 1:].clamp_min(0), reduction="none"
            )
            found[places, column] = ((loss * real).sum(1) / real.sum(1)).numpy()
    return found


def as_scores(nats: np.ndarray) -> list[Score]:
    """Name the surprise of each tune."""
    return [
        Score(str(i), {"NLL": float(p + d), "pitch NLL": float(p), "duration NLL": float(d)})
        for i, (p, d) in enumerate(nats)
    ]


def counting(train: Sequence[Line], unseen: Sequence[Line], order: int) -> np.ndarray:
    """Surprise of counted frequencies, (lines, 2): of a token alone (order 1), or after the one before it (2)."""
    found = np.zeros((len(unseen), 2))
    for column, (name, classes) in enumerate((("pitches", PITCHES), ("durations", DURATIONS))):
        after = np.zeros((classes + 1, classes))
        for line in train:
            tokens = getattr(line, name)
            np.add.at(after, (np.append(classes, tokens[:-1]), tokens), 1)
        alone = (after.sum(0) + 1) / (after.sum() + classes)
        share = (after + MEMORY * alone) / (after.sum(1, keepdims=True) + MEMORY)
        for i, line in enumerate(unseen):
            tokens = getattr(line, name)
            chances = alone[tokens] if order == 1 else share[np.append(classes, tokens[:-1]), tokens]
            found[i, column] = -np.log(chances).mean()
    return found


def opening(line: Line) -> Line:
    """Cut a line to its first bars."""
    return cut(line, 0, max(1, int((np.cumsum(LENGTHS[line.durations]) <= BARS * LINE_BAR).sum())))


def write_over(system: Melody, real: Sequence[Line], seed: int, **options: Any) -> list[Batch]:
    """Write over the chords of lines, each as long as its line."""
    style = options.pop("style", None)
    asked = [system.ask({}, decode_line(line).chords, style) for line in real]
    return system.sample_many(asked, torch.Generator().manual_seed(seed), **options)


def heard_lines(source: str, smoke: bool) -> list[Line]:
    """Openings of unseen tunes, over whose chords is written."""
    openings = [opening(line) for line in tunes(source, "unseen", smoke)]
    return [line for line in openings if (line.roots < NO_ROOT).any() and (line.pitches < LINE_REST).any()][:HEARD]


def judge(written: Sequence[Batch], real: Sequence[Line]) -> dict[str, float]:
    """Numbers of what was written beside the real openings, which have the same chords."""
    rows = [(line.pitches.tolist(), line.durations.tolist()) for line in real]
    mine = [(one["pitch"][1:].tolist(), one["duration"][1:].tolist()) for one in written]
    pitches, durations = (bleu([w[i] for w in mine], [r[i] for r in rows]) for i in (0, 1))
    system = Melody(TINY)
    scores = [system.decode(one) for one in written]
    compared = melodies.compare(scores, [decode_line(line) for line in real]).values()
    overlap = np.nanmean([row[f"overlap {side}"] for row in compared for side in "ab"])
    fits = np.mean([fitting(score) for score in scores], 0)
    return dict(zip(WRITTEN, map(float, (*pitches, durations[-1], overlap, *fits)), strict=True))


def fitting(score: WrittenScore) -> tuple[float, float]:
    """Shares of the notes that are of the chord they begin over, and of the scale that goes with it."""
    spans = [span for span in score.chords if span[2] not in ("N", "X")]
    if not spans:
        return 0.0, 0.0
    key = key_of(chart_of(tuple(spans)))
    inside: list[tuple[bool, bool]] = []
    for start, _, pitch, _ in score.parts[0].notes:
        label = next((label for a, b, label in spans if a - 1e-6 <= start < b - 1e-6), None)
        if label:
            inside.append((int(pitch) % 12 in pitch_classes(label), int(pitch) % 12 in chord_scale(label, key)))
    chord, scale = np.mean(inside, 0).tolist() if inside else (0.0, 0.0)
    return chord, scale


def plan(out: Path, smoke: bool, shared: Path | None) -> dict[str, Job]:
    """List the trainings by folder, in order."""
    chosen = sources(out, smoke, shared)
    shares = {name: share for name, share in SHARES.items() if not smoke or name != "tunes"}
    jobs = {"released": Job(released(smoke), shares, SMOKE if smoke else RELEASED, 0, transposed=True)}
    names = ("none", "chord", "all") if smoke else PUBLISHED
    for seed in SEEDS[: 1 if smoke else None]:
        for style, source in chosen.items():
            budget = SMOKE if smoke else STUDY
            for name in names:
                jobs[f"study/{style}/{name}/{seed}"] = Job(small(FULL[name], smoke), {source: 1.0}, budget, seed)
            for name, config in LEAKING.items():
                job = Job(small(config, smoke), {source: 1.0}, budget, seed, leaks=True)
                jobs[f"leak/{style}/{name}/{seed}"] = job
    return jobs


def released(smoke: bool) -> Config:
    """The released writer's settings."""
    return dataclasses.replace(TINY, styles=Config().styles) if smoke else Config()


def small(config: Config, smoke: bool) -> Config:
    """Make a named configuration small enough for the study."""
    if smoke:
        return dataclasses.replace(config, width=TINY.width, window=TINY.window)
    return dataclasses.replace(config, width=WIDTH, depth=DEPTH)


def leaked(source: str, config: Config, seed: int, smoke: bool) -> tuple[list[Line], np.ndarray, np.ndarray]:
    """Few tunes to train on, and their windows split as published."""
    kept, notes = [], 0
    for line in tunes(source, "train", smoke):
        if notes < LEAK_NOTES and len(line) > config.window:
            kept.append(line)
            notes += len(line)
    return kept, *published_split(kept, config.window, seed=seed)


def train_all(out: Path, smoke: bool, shared: Path | None, only: str) -> None:
    """Train the released writer, then every combination with every seed."""
    for name, job in plan(out, smoke, shared).items():
        folder = out / name
        if (folder / "done.json").exists() or not name.startswith(only):
            continue
        torch.manual_seed(job.seed)
        system = Melody(job.config)
        style = {source: style_of(source) if job.config.styles else None for source in job.shares}
        first = next(iter(job.shares))
        if job.leaks:
            found, pairs, _ = leaked(first, job.config, job.seed, smoke)

            def batches(done: int) -> Any:
                return loader(Leaking(system, found, pairs, job.budget.batch, job.seed + done))  # noqa: B023
        else:
            pools = [(share, style[source], tunes(source, "train", smoke)) for source, share in job.shares.items()]

            def batches(done: int) -> Any:
                return loader(Windows(system, job, pools, job.seed + done))  # noqa: B023

        rows = [(source, line) for source in job.shares for line in tunes(source, "valid", smoke)[:60]]
        shown = [system.tokens(cut(line, 0, system.config.window), style[source]) for source, line in rows]
        checked = [stacked(shown[i : i + 64]) for i in range(0, len(shown), 64)]
        size = sum(p.numel() for p in system.parameters())
        print(f"== {name}: {size:,} parameters", flush=True)
        done = learn(
            system, batches, loader(checked), lambda s, batch: s.loss(batch), job.budget, job.seed, folder, say
        )
        save_file(system.state_dict(), folder / "weights.safetensors")
        (folder / "done.json").write_text(json.dumps(dataclasses.asdict(done)))


def loader(batches: Any) -> Any:
    """Give ready batches one by one."""
    return torch.utils.data.DataLoader(batches, batch_size=None)


def say(line: str) -> None:
    print(line, flush=True)


def read_system(folder: Path, config: Config) -> Melody:
    """Read what was trained in a folder."""
    system = Melody(config)
    system.load_state_dict(load_file(folder / "weights.safetensors"))
    return system.eval()


def scored(folder: Path, score: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Score a training once and keep the numbers beside it."""
    kept = folder / "scores.json"
    if not kept.exists() or kept.stat().st_mtime < (folder / "done.json").stat().st_mtime:
        kept.write_text(json.dumps(score()))
    return json.loads(kept.read_text())


def score_study(out: Path, smoke: bool, shared: Path | None) -> list[Table]:
    """Tables of the study: combinations, what each condition brings, what they write."""
    jobs, tables, nats = plan(out, smoke, shared), [], {}
    for style, source in sources(out, smoke, shared).items():
        unseen, heard = tunes(source, "unseen", smoke), heard_lines(source, smoke)
        likely: dict[str, list[list[Score]]] = {}
        written: dict[str, list[dict[str, float]]] = {}
        extra: dict[str, dict[str, Cell]] = {}
        for place, job in jobs.items():
            if not place.startswith(f"study/{style}/") or not (out / place / "done.json").exists():
                continue

            def score(folder: Path = out / place, job: Job = job) -> dict[str, Any]:
                system = read_system(folder, job.config)
                nats = surprise(system, [system.tokens(line) for line in unseen])  # noqa: B023
                made = write_over(system, heard, job.seed, scale="off", top_p=1.0)  # noqa: B023
                return {"nats": nats.tolist(), "written": judge(made, heard)}  # noqa: B023

            name, found = place.split("/")[2], scored(out / place, score)
            nats.setdefault((style, name), []).append(found["nats"])
            likely.setdefault(name, []).append(as_scores(np.array(found["nats"])))
            written.setdefault(name, []).append(found["written"])
            size = sum(p.numel() for p in Melody(job.config).parameters())
            spent = [read_fit(out / place).energy_kwh, *extra.get(name, {}).get("each", ())]  # type: ignore[misc]
            extra[name] = {"parameters": size, "each": spent}  # type: ignore[dict-item]
        extra = {
            name: {"parameters": facts["parameters"], "training Wh": round(1000 * float(np.mean(facts["each"])), 2)}  # type: ignore[arg-type]
            for name, facts in extra.items()
        }
        for order, kind in ((1, "unigram"), (2, "bigram")):
            likely[f"{kind}, counted"] = [as_scores(counting(tunes(source, "train", smoke), unseen, order))]
        about = f"{style} ({source}), {len(unseen)} unseen tunes"
        tables.append(across_seeds(f"What is it told? Nats a note or rest, {about}", likely, COLUMNS, extra))
        rows: list[tuple[Cell, ...]] = [
            (name, *(over_seeds([one[column] for one in runs]) for column in WRITTEN)) for name, runs in written.items()
        ]
        rows.append(("another real tune", *another(heard).values()))
        note = f"temperature 1, {BARS} bars over the chords of {len(heard)} unseen tunes; mean over seeds"
        tables.append(Table(f"What they write: {about}", ("variant", *WRITTEN), tuple(rows), note))
    return [significance(nats, smoke), *tables, score_leak(out, smoke, shared)]


def another(heard: Sequence[Line]) -> dict[str, float]:
    """Judge real openings in the place of their neighbours: melodies of flesh and blood over the wrong chords."""
    system = Melody(TINY)
    moved = [*heard[1:], heard[0]]
    written = []
    for line, chords in zip(moved, heard, strict=True):
        tokens = system.tokens(line)
        written.append(tokens | {"chart": torch.from_numpy(chart_of(decode_line(chords).chords))})
    return judge(written, heard)


def significance(nats: Mapping[tuple[str, str], Sequence[Any]], smoke: bool) -> Table:
    """Test what each condition brings, over tunes."""
    from scipy.stats import wilcoxon

    cells: list[tuple[str, str, str, int, np.ndarray, float]] = []
    means = {place: np.mean(runs, 0) for place, runs in nats.items()}
    for style in dict.fromkeys(style for style, _ in nats):
        for condition in CONDITIONS:
            pairs = [
                (low, high)
                for low in (name for kind, name in means if kind == style)
                for high in (name for kind, name in means if kind == style)
                if {*conditions(low), condition} == set(conditions(high)) and condition not in conditions(low)
            ]
            if not pairs:
                continue
            gain = np.mean([means[style, low] - means[style, high] for low, high in pairs], 0)
            for column, stream in enumerate(("pitch", "duration")):
                p = float(wilcoxon(gain[:, column]).pvalue) if gain[:, column].any() else 1.0
                cells.append((style, condition, stream, len(pairs), gain[:, column], p))
    corrected = holm([cell[-1] for cell in cells])
    rows: list[tuple[Cell, ...]] = [
        (f"{style}: {condition}", stream, count, over_tracks(gain), float((gain > 0).mean()), f"{p:.1g}")
        for (style, condition, stream, count, gain, _), p in zip(cells, corrected, strict=True)
    ]
    return Table(
        "What does each condition bring? Nats saved a note",
        ("condition", "stream", "pairs", "nats saved", "tunes that gain", "p, Holm"),
        tuple(rows),
        "mean over unseen tunes with 95 % bootstrap interval; Wilcoxon's signed ranks over tunes",
    )


def holm(values: Sequence[float]) -> list[float]:
    """Correct p-values for being many (Holm 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(values)
    factors = len(values) - np.arange(len(values))
    raised = np.maximum.accumulate(np.minimum(np.array(values, float)[order] * factors, 1.0))
    found = np.empty(len(values))
    found[order] = raised
    return found.tolist()


def score_leak(out: Path, smoke: bool, shared: Path | None) -> Table:
    """Show what a split by windows measures, beside tunes that were never heard; one training each."""
    chosen, found = sources(out, smoke, shared), {}
    for place, job in plan(out, smoke, shared).items():
        if not job.leaks or not (out / place / "done.json").exists():
            continue
        _, style, name, _ = place.split("/")
        source = chosen[style]

        def score(folder: Path = out / place, job: Job = job, source: str = source) -> dict[str, Any]:
            system = read_system(folder, job.config)
            kept, _, pairs = leaked(source, job.config, job.seed, smoke)
            pairs = pairs[:512]
            new = [line for line in tunes(source, "unseen", smoke) if len(line) > job.config.window]
            size = job.config.window
            fresh = np.array([(i, at) for i, line in enumerate(new) for at in range(0, len(line) - size + 1, size)])
            numbers = {}
            for kind, lot, places in (("neighbours", kept, pairs), ("unseen", new, fresh[:512])):
                batch = windows_of(system, lot, places)
                for mode in ("training", "evaluation"):
                    system.train(mode == "training")
                    with torch.no_grad():
                        numbers[f"{kind} {mode}"] = {k: float(v) for k, v in system.loss(batch)[1].items()}
                system.load_state_dict(load_file(folder / "weights.safetensors"))
            return numbers

        found.setdefault((style, name), []).append(scored(out / place, score))
    rows: list[tuple[Cell, ...]] = []
    for (style, name), runs in found.items():
        for stream in ("pitch", "duration"):
            columns = ("neighbours training", "neighbours evaluation", "unseen evaluation")
            means = [over_seeds([run[column][stream] for run in runs]) for column in columns]
            gaps = over_seeds([run[columns[2]][stream] - run[columns[1]][stream] for run in runs])
            rows.append((f"{style}: {name}", stream, *means, gaps))
    return Table(
        "How much of the published likelihood is memory? Nats a note, the same networks",
        ("variant", "stream", "overlapping windows, dropout and batch statistics on", "overlapping windows",
         "windows of unseen tunes", "leak"),
        tuple(rows),
        f"windows of 64 rows of about {LEAK_NOTES:,} rows of tunes, split 85/15 after shuffling, as published; "
        "Student's 95 % interval over seeds",
    )  # fmt: skip


def score_released(out: Path, smoke: bool, shared: Path | None) -> tuple[Melody, dict[str, list[Score]], list[Table]]:
    """Score the released writer beside what never learned: likelihood on unseen tunes, and what it writes."""
    chosen = sources(out, smoke, shared)
    job = plan(out, smoke, shared)["released"]
    system = read_system(out / "released", job.config)
    scores, tables = {}, []
    for source in dict.fromkeys([*job.shares, *chosen.values()]):
        style, unseen = style_of(source), tunes(source, "unseen", smoke)
        known = [line for name in job.shares if style_of(name) == style for line in tunes(name, "train", smoke)]
        own = as_scores(surprise(system, [system.tokens(line, style) for line in unseen]))
        other = next(name for name in job.config.styles if name != style)
        likely = {
            "released": own,
            f"released, told that it is {other}": as_scores(
                surprise(system, [system.tokens(line, other) for line in unseen])
            ),
            "bigram, counted on its training tunes": as_scores(counting(known, unseen, 2)),
            "unigram": as_scores(counting(known, unseen, 1)),
        }
        scores[source] = own
        where = "" if source in job.shares else ", a collection that it never heard"
        title = f"Released, nats a note on {len(unseen)} unseen tunes of {source}{where}: beside what never learned"
        tables.append(compare(title, likely, COLUMNS))
    for source in [name for name in job.shares if name != "band-folk" or smoke]:
        heard, rows = heard_lines(source, smoke), []
        for label, options in SAMPLED.items():
            made = judge(write_over(system, heard, 0, style=style_of(source), **options), heard)
            rows.append((label, *made.values()))
        rows.append(("another real tune", *another(heard).values()))
        rows.append(("the real tunes", *judge(real_tokens(heard), heard).values()))
        note = f"one melody over the chords of each of {len(heard)} unseen tunes, {BARS} bars"
        tables.append(Table(f"What the released one writes over {source}", ("how", *WRITTEN), tuple(rows), note))
    return system, scores, tables


SAMPLED: dict[str, dict[str, Any]] = {
    "as it learned (temperature 1)": {"scale": "off", "top_p": 1.0},
    "top-p 0.9": {"scale": "off"},
    "top-p 0.9, scale preferred (default)": {"scale": "bias"},
    "top-p 0.9, scale kept": {"scale": "mask"},
    "temperature 0.7, scale preferred": {"scale": "bias", "temperature": 0.7},
}


def real_tokens(heard: Sequence[Line]) -> list[Batch]:
    """Tokens of real openings, with their chords."""
    system = Melody(TINY)
    return [system.tokens(line) | {"chart": torch.from_numpy(chart_of(decode_line(line).chords))} for line in heard]


def report(out: Path, smoke: bool, bundles: Path, shared: Path | None) -> None:
    """Score what is trained, write report.html, report.md and the bundle."""
    system, scores, own = score_released(out, smoke, shared)
    tables = [*score_study(out, smoke, shared), *own]
    done = read_fit(out / "released")
    jobs = plan(out, smoke, shared)
    facts = card_facts({name: scores[name] for name in jobs["released"].shares}, done, smoke)
    run.save(system, bundles / "melody", facts)
    curves = {"released": done.curve}
    curves |= {name: read_fit(out / name).curve for name in jobs if name.endswith("/all/0") and (out / name).exists()}
    finish(out, __doc__, "Melody", tables, curves=curves, invalid=INVALID, provenance=facts)


def card_facts(scores: Mapping[str, list[Score]], done: Fit, smoke: bool) -> dict[str, Any]:
    """State what the bundle's card must say."""
    count = {source: len(tunes(source, "train", smoke)) for source in scores}
    told = {
        "band-jazz": "jazz songs composed by the band",
        "band-folk": "reels and marches composed by the band",
        "tunes": "tunes of O'Neill's (1903), Ryan's (1883) and Aird's (1778 to 1801) collections, public domain, in "
        "the encodings of music21's corpus; chords found by rule",
    }
    return {
        "what": "Melodies over chords, in a jazz and a folk style: pitch and duration, note by note.",
        "data": [f"{count[source]} {told[source]} (data/lines.py)" for source in scores],
        "licence": "Apache-2.0",
        "metrics": {
            f"unseen tunes of {source}, nats": dict(zip(COLUMNS, map(str, summary(own, COLUMNS)), strict=True))
            for source, own in scores.items()
        },
        "limits": list(LIMITS),
        "recipe": "recipes/melody.py",
        **done.facts(),
    }


app = commands(__doc__)
OUT = Path("runs/melody")
SHARED = typer.Option(
    None, envvar="SOLFEGGIO_DATA", help="folder of shared data sets: Nottingham, Weimar Jazz Database"
)


@app.command()
def train(
    out: Out = OUT,
    smoke: Smoke = False,
    only: Only = "",
    shared: Path = SHARED,
    cache: Cache = CACHE,
    jobs: Jobs = 1,
) -> None:
    """Train the released writer and the study; continues where it stopped."""
    train_all(out, smoke, shared, only)


@app.command()
def evaluate(out: Out = OUT, smoke: Smoke = False, shared: Path = SHARED, cache: Cache = CACHE, jobs: Jobs = 1) -> None:
    """Score the released writer beside the trivial baselines."""
    for table in score_released(out, smoke, shared)[2]:
        print(table.text(), "\n")


@app.command("report")
def report_command(
    out: Out = OUT,
    smoke: Smoke = False,
    bundles: Bundles = None,
    shared: Path = SHARED,
    cache: Cache = CACHE,
    jobs: Jobs = 1,
) -> None:
    """Score everything, write the report and the bundle."""
    report(out, smoke, bundles or out / "bundles", shared)


if __name__ == "__main__":
    app()
