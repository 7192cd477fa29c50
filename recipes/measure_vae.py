"""MeasureVAE: do four numbers of a bar's code come to mean what we want, at no cost to the bar?

Question: with the AR-VAE term, does each of four musical attributes (rhythmic complexity, pitch range, note density,
contour) lie on a dimension of its own, where in a beta-VAE it lies anywhere? Does the bar still come back exactly, also
from tunes that training never saw? And what does a bar do when such a dimension, or a knob of the writer, is turned?

Method: bars of folk tunes and of Bach's chorales (music21's corpus, public domain), split by tune and by melody; each
counts once. AR-VAE and beta-VAE share network, bars, steps and seeds and differ in one weight. Measures of codes are on
posterior means of all test bars; bars come back freely, from the mean; "unseen" are the bars of test tunes that are in
no training tune. "control" turns single dimensions, and "turned" the writer's knobs by one deviation of the attribute:
how much of it is there in what is written. MIG and interpretability use nearest neighbours, as published. Rows "as
published" have the paper's GRUs, dropout 0.5 and bars in their own keys. The others move each bar by up to five
semitones whenever it is drawn.

Cost: about one and a half minutes of one core a training of the study, 40 of them; as published about seven each, 4 of
them; the released system about five.

    python recipes/measure_vae.py train --smoke                  all trainings, in seconds, on made-up bars
    python recipes/measure_vae.py train --only study/folk        train what begins so; resumes where it stopped
    python recipes/measure_vae.py train --size as_published      GRUs, 30 epochs at the paper's learning rate, ten seeds
    python recipes/measure_vae.py evaluate                       measure all that is trained and print the tables
    python recipes/measure_vae.py report                         the same, with report.html and the bundle
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from safetensors.torch import load_file, save_file

from solfeggio import run
from solfeggio.data import tunes
from solfeggio.errors import unknown
from solfeggio.metrics.attributes import PUBLISHED, attributes
from solfeggio.metrics.latents import control_score, correlation, dci, interpretability, mig, modularity, sap
from solfeggio.recipe import CACHE, Bundles, Cache, Jobs, Only, Out, Smoke, commands, finish
from solfeggio.studies.table import Cell, Table, over_seeds
from solfeggio.tokens import FOLK_TOKENS, HOLD
from solfeggio.train import Budget, Fit, learn, read_fit
from solfeggio.writers.measure_vae import AR_VAE, TINY, Config, MeasureVAE

TRANSPOSED = 5  # semitones by which a bar is moved at most, within the range of the encoding
SWEEPS = 150  # bars of which single dimensions are turned
TURNED = 80  # bars on which the writer's knobs are turned
CODES = ("interpretability", "MIG", "SAP", "modularity", "correlation", "disentanglement")
COLUMNS = (*CODES, "control", "turned", "reconstruction", "unseen", "whole bars")
STEPS = (-2.0, -1.0, 1.0, 2.0)  # of a knob, in deviations
SHORT = Budget(steps=1800, batch=256, rate=4e-3, check=300, threads=1, precision="32-true")
GRU = Budget(steps=760, batch=256, rate=2e-3, check=190, threads=1, precision="32-true")
FULL = Budget(steps=1530, batch=256, rate=1e-4, decay=0.0, check=51, precision="32-true")  # 30 epochs of the folk bars
RELEASED = Budget(steps=5000, batch=256, rate=4e-3, check=500, threads=1, precision="32-true")
TRIAL = Budget(steps=4, batch=32, check=2, threads=1, precision="32-true")
LIMITS = (
    "Bars of 4/4 with one voice from G3 to C6 on a grid of quarters cut in four and in three; nothing else.",
    "Each bar is varied by itself: equal bars stay equal, but nobody plans a phrase, a key or a cadence.",
    "Attributes hang together in real bars (dense ones are complex): turning one knob far turns others a little.",
)
INVALID = (
    "Bars of unseen tunes share most short patterns with training; the column 'unseen' leaves those out.",
    "Rhythmic complexity and density correlate in these bars, so no code can reach a gap (MIG, SAP) of 1: see the row "
    "'the attributes themselves'.",
    "Rows as published differ from the paper in bars (Ryan's, Aird's, O'Neill's instead of session tunes), epochs (15 "
    "instead of 30), learning rate (one cycle up to 0.002 instead of 0.0001) and seeds (two instead of ten).",
    "MIG by nearest neighbours does not compare with MIG on histograms, as in the recipe of dMelodies.",
    "Energy is codecarbon's estimate from processor time, not a measurement.",
)


@dataclass(frozen=True)
class Variant:
    """What is trained: a system, on which bars, moved to other keys or not, how long, with which seeds."""

    config: Config
    budget: Budget
    sources: tuple[str, ...] = ("folk",)
    transposed: bool = True
    seeds: tuple[int, ...] = tuple(range(10))


def pair(name: str, config: Config, budget: Budget, **options: Any) -> dict[str, Variant]:
    """The same system with and without the attributes' term."""
    beta = dataclasses.replace(config, gamma=0.0)
    rows = (("AR-VAE", config), ("beta-VAE", beta))
    return {f"{name}/{row}": Variant(own, budget, **options) for row, own in rows}


SIZES: dict[str, dict[str, Variant]] = {
    "short": {
        "released": Variant(Config(), RELEASED, ("folk", "chorales"), seeds=(0,)),
        **pair("study/folk", Config(), SHORT),
        **pair("study/chorales", Config(), SHORT, sources=("chorales",)),
        **pair("as published/folk", AR_VAE, GRU, transposed=False, seeds=(0, 1)),
    },
    "as_published": {
        **pair("as published/folk", AR_VAE, FULL, transposed=False),
        **pair("as published/chorales", AR_VAE, FULL, sources=("chorales",), transposed=False),
    },
    "smoke": {
        "released": Variant(TINY, TRIAL, ("made up",), seeds=(0,)),
        **pair("study/made up", TINY, TRIAL, sources=("made up",), seeds=(0, 1)),
        **pair(
            "as published/made up", dataclasses.replace(TINY, net="recurrent", dropout=0.5), TRIAL,
            sources=("made up",), transposed=False, seeds=(0,),
        ),
    },
}  # fmt: skip


def bars_of(sources: tuple[str, ...], side: str, unseen: bool = False) -> np.ndarray:
    """Bars (n, 24) of a side of one or more sources, each once."""
    read = {"folk": tunes.folk_bars, "chorales": tunes.chorale_bars, "made up": made_up}
    return np.unique(np.concatenate([read[source](side, unseen) for source in sources]), axis=0).astype(np.int64)


def made_up(side: str, unseen: bool = False) -> np.ndarray:
    """Random bars for a smoke run: steps up and down on eighths, quarters and halves."""
    rng = np.random.default_rng(["train", "valid", "test"].index(side) + 3 * unseen)
    rows = np.full((160, 24), HOLD, np.int8)
    for row in rows:
        at, pitch = 0, int(rng.integers(8, 24))
        while at < 24:
            row[at] = pitch = int(np.clip(pitch + rng.integers(-3, 4), 2, FOLK_TOKENS - 1))
            at += int(rng.choice([3, 6, 12]))
    return rows


class Bars(torch.utils.data.IterableDataset):
    """Endless random batches of bars, moved to other keys or not."""

    def __init__(self, bars: np.ndarray, transposed: bool, batch: int, seed: int):
        self.bars = torch.from_numpy(bars)
        self.batch, self.seed, self.transposed = batch, seed, transposed
        onset = self.bars > HOLD
        self.lowest = torch.where(onset, self.bars, FOLK_TOKENS).min(1).values
        self.highest = torch.where(onset, self.bars, HOLD).max(1).values

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        rng = torch.Generator().manual_seed(self.seed)
        while True:
            rows = torch.randint(len(self.bars), (self.batch,), generator=rng)
            bars = self.bars[rows]
            if self.transposed:
                by = torch.randint(-TRANSPOSED, TRANSPOSED + 1, (self.batch,), generator=rng)
                by = by.clamp(HOLD + 1 - self.lowest[rows], FOLK_TOKENS - 1 - self.highest[rows])
                bars = torch.where(bars > HOLD, bars + by[:, None], bars)
            yield {"bars": bars}


def trainings(size: str) -> Iterator[tuple[str, str, int, Variant]]:
    """List the trainings: folder, row, seed, variant; the released one, then seed by seed."""
    variants = SIZES[size]
    for seed in range(max(len(variant.seeds) for variant in variants.values())):
        for row, variant in variants.items():
            if seed < len(variant.seeds):
                name = row if row == "released" else f"{row}/{variant.seeds[seed]}"
                yield name, row, variant.seeds[seed], variant


def train_all(out: Path, size: str, only: str = "") -> None:
    """Train what is not trained yet."""
    for name, _, seed, variant in trainings(size):
        folder = out / name
        if (folder / "done.json").exists() or not name.startswith(only):
            continue
        torch.manual_seed(seed)
        system, budget = MeasureVAE(variant.config), variant.budget
        train = bars_of(variant.sources, "train")
        print(f"== {name}: {sum(p.numel() for p in system.parameters()):,} parameters, {len(train):,} bars", flush=True)

        def batches(done: int, train: np.ndarray = train, variant: Variant = variant, seed: int = seed) -> Any:
            stream = Bars(train, variant.transposed, variant.budget.batch, 1000 * seed + done)
            return torch.utils.data.DataLoader(stream, batch_size=None)

        valid = torch.from_numpy(bars_of(variant.sources, "valid"))
        parts = [{"bars": part} for part in valid[: 4 * budget.batch].split(budget.batch)]
        checked = torch.utils.data.DataLoader(parts, batch_size=None)  # type: ignore[arg-type]
        done = learn(
            system, batches, checked, lambda own, batch: own.loss(batch), budget, seed, folder,
            log=lambda line: print(line, flush=True),
        )  # fmt: skip
        system.measure(torch.from_numpy(train))
        save_file(system.state_dict(), folder / "weights.safetensors")
        (folder / "done.json").write_text(json.dumps(dataclasses.asdict(done)))


def load_trained(folder: Path, config: Config) -> MeasureVAE:
    """Read a trained system of this run."""
    system = MeasureVAE(config)
    system.load_state_dict(load_file(folder / "weights.safetensors"))
    return system.eval()


def code_measures(codes: np.ndarray, values: np.ndarray) -> dict[str, Any]:
    """Measures of codes alone: means by name, and each attribute's under "each"."""
    found = {
        "interpretability": interpretability(codes, values), "MIG": mig(codes, values, "neighbours"),
        "SAP": sap(codes, values), "modularity": modularity(codes, values, "neighbours"),
        "correlation": correlation(codes, values),
        "disentanglement": dci(codes[:2000], values[:2000])["disentanglement"],
    }  # fmt: skip
    each = {name: found[name].factors for name in ("interpretability", "MIG", "SAP")}
    return {**{name: one.mean for name, one in found.items()}, "each": each}


@torch.no_grad()
def measure(system: MeasureVAE, bars: np.ndarray, unseen: np.ndarray) -> dict[str, Any]:
    """Judge a system: its codes, whether its knobs do what they say, and how bars come back."""
    system.eval()
    names = system.config.attributes
    codes = torch.cat([system.codes(part)[0] for part in torch.from_numpy(bars).split(512)])
    values = attributes(bars, names)

    def decode(moved: np.ndarray) -> np.ndarray:
        given = torch.from_numpy(moved.astype(np.float32)).split(512)
        return torch.cat([system.logits(part).argmax(-1) for part in given]).numpy()

    written = decode(codes.numpy())
    start = codes[torch.from_numpy(np.random.default_rng(0).permutation(len(codes))[:SWEEPS])].numpy()
    control = control_score(
        decode, lambda rows: attributes(rows, names), start, list(range(len(names))), tolerance=0.5 * values.std(0)
    )
    whole = bars[bars[:, 0] != HOLD]
    tune = torch.from_numpy(whole[np.random.default_rng(1).permutation(len(whole))[:TURNED]])
    turned = np.zeros((len(names), len(STEPS), len(names)))
    for k, name in enumerate(names):
        for i, by in enumerate(STEPS):
            varied = system.sample({"bars": tune}, torch.Generator().manual_seed(0), knobs={name: by}, in_key=False)[
                "bars"
            ]
            turned[k, i] = ((system.values(varied) - system.values(tune)) / system.spread).mean(0).numpy()
    fresh = decode(np.concatenate([system.codes(p)[0].numpy() for p in torch.from_numpy(unseen).split(512)]))
    return {
        **code_measures(codes.numpy(), values),
        "control": control.mean,
        "turned": float(np.mean([turned[k, i, k] / by for k in range(len(names)) for i, by in enumerate(STEPS)])),
        "table": turned.tolist(),
        "reconstruction": float((written == bars).mean()),
        "unseen": float((fresh == unseen).mean()),
        "whole bars": float((fresh == unseen).all(1).mean()),
    }


def measured(out: Path, size: str) -> dict[str, list[tuple[dict[str, Any], Fit, int]]]:
    """Measure every training once: row to (numbers, fit, parameters) of its seeds."""
    rows: dict[str, list[Any]] = {}
    for name, row, _, variant in trainings(size):
        folder = out / name
        if not (folder / "done.json").exists():
            continue
        system, kept = load_trained(folder, variant.config), folder / "measured.json"
        if not kept.exists():
            test, unseen = bars_of(variant.sources, "test"), bars_of(variant.sources, "test", True)
            kept.write_text(json.dumps(measure(system, test, unseen)))
        done = read_fit(folder)
        size_of = sum(p.numel() for p in system.parameters())
        rows.setdefault(row, []).append((json.loads(kept.read_text()), done, size_of))
    return rows


def baselines(sources: tuple[str, ...], latent: int) -> dict[str, dict[str, Any]]:
    """What one gets without learning, and what a code has that is the attributes themselves."""
    train, test, unseen = bars_of(sources, "train"), bars_of(sources, "test"), bars_of(sources, "test", True)
    values, rng = attributes(test, PUBLISHED), np.random.default_rng(0)
    common = int(np.bincount(train.ravel()).argmax())
    near = nearest(train, unseen)
    noise = rng.normal(size=(len(test), latent))
    ideal = noise.copy()
    ideal[:, : values.shape[1]] = values
    return {
        "never learned: the most common token everywhere, random codes": {
            **code_measures(noise, values), "reconstruction": float((test == common).mean()),
            "unseen": float((unseen == common).mean()), "whole bars": 0.0,
        },
        "never learned: the nearest training bar": {"unseen": float((near == unseen).mean()), "whole bars": 0.0},
        "the attributes themselves and noise, the most that a code can have": code_measures(ideal, values),
    }  # fmt: skip


def nearest(train: np.ndarray, bars: np.ndarray) -> np.ndarray:
    """The training bar that differs from each bar in the fewest tokens."""
    rows = train.astype(np.int8)
    found = [(rows == part[None].astype(np.int8)).sum(1).argmax() for part in bars]
    return train[found]


def tables(out: Path, size: str) -> list[Table]:
    """All tables of what is trained so far."""
    rows, variants, made = measured(out, size), SIZES[size], []
    told = (
        "mean over seeds with Student's 95 % interval; control: a dimension moves its attribute and no other; turned: "
        "share of what is asked of the writer's knobs that is there; reconstruction: share of tokens of test bars, "
        "unseen: of those in no training tune, whole bars: share of those without an error"
    )
    for sources in dict.fromkeys(variant.sources for variant in variants.values()):
        own = {row: runs for row, runs in rows.items() if variants[row].sources == sources}
        if not own:
            continue
        cells: list[tuple[Cell, ...]] = []
        for row, runs in own.items():
            values = [over_seeds([numbers[c] for numbers, _, _ in runs]) for c in COLUMNS]
            energy = float(np.mean([1000 * done.energy_kwh for _, done, _ in runs]))
            cells.append((row, len(runs), *values, runs[0][2], round(energy, 2)))
        for name, trivial in baselines(sources, variants[next(iter(own))].config.latent).items():
            cells.append((name, None, *(trivial.get(c) for c in COLUMNS), None, None))
        title = f"Bars of {' and '.join(sources)}: codes that mean something, bars that come back"
        made.append(Table(title, ("system", "seeds", *COLUMNS, "parameters", "training Wh"), tuple(cells), told))
    for name in ("interpretability", "MIG", "SAP"):
        each = tuple(
            (row, *(over_seeds([n["each"][name][k] for n, _, _ in runs]) for k in range(len(PUBLISHED))))
            for row, runs in rows.items()
        )
        made.append(Table(f"{name} of each attribute", ("system", *PUBLISHED), each, "mean over seeds"))
    if "released" in rows:
        turned = np.array(rows["released"][0][0]["table"])
        cells = [
            (f"{PUBLISHED[k]} {by:+g}", *map(float, turned[k, i]))
            for k in range(len(turned))
            for i, by in enumerate(STEPS)
        ]
        told = (
            "mean change of each attribute of test bars, in its standard deviations, when one knob is turned by so many"
        )
        made.append(Table("Released: what turning a knob changes", ("knob", *PUBLISHED), tuple(cells), told))
    return made


def report(out: Path, size: str, bundles: Path) -> None:
    """Measure everything, write report.html, report.md and the bundle."""
    from solfeggio.report.draw import bars as chart

    made, rows = tables(out, size), measured(out, size)
    charts = {
        name: chart({row: over_seeds([n[name] for n, _, _ in runs]) for row, runs in rows.items()}, name, name)
        for name in ("interpretability", "MIG", "unseen")
        if rows
    }
    facts: dict[str, Any] = {"recipe": "recipes/measure_vae.py"}
    curves = {}
    if "released" in rows:
        numbers, done, _ = rows["released"][0]
        facts |= card_facts(numbers, done)
        run.save(load_trained(out / "released", SIZES[size]["released"].config), bundles / "measure_vae", facts)
        curves = {"released": done.curve}
    finish(out, __doc__, "MeasureVAE", made, curves=curves, invalid=INVALID, provenance=facts, charts=charts)


def card_facts(numbers: dict[str, Any], done: Fit) -> dict[str, Any]:
    """State what the bundle's card must say."""
    return {
        "what": "Bars of melodies varied by knobs: rhythmic complexity, pitch range, note density, contour.",
        "data": [
            "bars of tunes of Ryan's Mammoth Collection, Aird's Airs and O'Neill's Music of Ireland, public domain, in "
            "music21's corpus",
            "bars of the voices of J. S. Bach's chorales, public domain, in music21's corpus",
        ],
        "licence": "Apache-2.0",
        "metrics": {"bars of unseen tunes and chorales": {name: f"{numbers[name]:.3f}" for name in COLUMNS}},
        "limits": list(LIMITS),
        "recipe": "recipes/measure_vae.py",
        **done.facts(),
    }


def sized(name: str, smoke: bool) -> str:
    """The study by its name."""
    if name not in SIZES:
        raise unknown("size", name, SIZES)
    return "smoke" if smoke else name


app = commands(__doc__)
OUT = Path("runs/measure_vae")
SIZE = typer.Option("short", help="short, as_published")


@app.command()
def train(
    out: Out = OUT, cache: Cache = CACHE, smoke: Smoke = False, size: str = SIZE, jobs: Jobs = 1, only: Only = ""
) -> None:
    """Train the released system and the study; continues where it stopped."""
    train_all(out, sized(size, smoke), only)


@app.command()
def evaluate(out: Out = OUT, cache: Cache = CACHE, smoke: Smoke = False, size: str = SIZE, jobs: Jobs = 1) -> None:
    """Measure what is trained so far and print the tables."""
    for table in tables(out, sized(size, smoke)):
        print(table.text(), "\n")


@app.command("report")
def report_command(
    out: Out = OUT,
    cache: Cache = CACHE,
    smoke: Smoke = False,
    size: str = SIZE,
    jobs: Jobs = 1,
    bundles: Bundles = None,
) -> None:
    """Measure everything, write the report and the bundle."""
    report(out, sized(size, smoke), bundles or out / "bundles")


if __name__ == "__main__":
    app()
