"""dMelodies: do codes of melodies come apart by themselves, and does a knob that stands for one factor turn only that?

Question: of beta-VAE, annealed-capacity VAE and FactorVAE, recurrent and convolutional, does any give the nine factors
of two-bar melodies dimensions of their own? What do labels add (AR-VAE, I-VAE, S2-VAE), and does the decoder follow:
turn one knob, decode, measure all nine? If not, does it help to turn knobs in training ("taught", ours)?

Method: all 1,354,752 melodies, shuffled by the seed and cut 70/20/10; every system has the same steps, batches and
seeds. Measures are those of the first 10,000 test melodies, on mean codes; a table of its own repeats them as published
on drawn codes. What is decoded is read as the nearest melody of the set. "as_published" holds the full grid, networks
and budget of the papers, for those who have the days.

Cost: about two and a half minutes of one core a training, 60 of them; then about a third of a minute each to measure.

    python recipes/dmelodies.py train --smoke               all trainings, in seconds
    python recipes/dmelodies.py train --only unsupervised   train what begins so; resumes where it stopped
    python recipes/dmelodies.py train --size as_published   the settings of the papers
    python recipes/dmelodies.py report                      measure all, write runs/dmelodies/report.html and a bundle
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from safetensors.torch import load_file, save_file

from solfeggio import run
from solfeggio.data import dmelodies
from solfeggio.data.near_dmelodies import nearest_factors
from solfeggio.errors import unknown
from solfeggio.metrics.latents import Found, control_score, correlation, dci, mig, modularity, sap
from solfeggio.nets.vae import drawn
from solfeggio.recipe import CACHE, Bundles, Cache, Jobs, Only, Out, Smoke, commands, finish
from solfeggio.studies.table import Cell, Estimate, Table, over_seeds
from solfeggio.train import Budget, Fit, learn, read_fit
from solfeggio.writers.dmelodies_vae import AS_PUBLISHED, CNN, CNN_AS_PUBLISHED, RNN, TINY, Config, DMelodiesVAE

SEEDS = (0, 1, 2)
RELEASED = "supervised/AR-VAE, taught/recurrent/0"
MEASURED = ("reconstruction", "exact melodies", "MIG", "modularity", "SAP", "disentanglement", "rank", "control")
PUBLISHED = ("reconstruction", "MIG", "modularity", "SAP")
EACH = ("MIG", "modularity", "SAP", "control")  # shown factor by factor


@dataclass(frozen=True)
class Size:
    """How large a study is: networks, budgets, settings, melodies to check and to measure on."""

    nets: Mapping[str, Config]
    budgets: Mapping[str, Budget]
    unsupervised: Mapping[str, Mapping[str, Any]]
    supervised: Mapping[str, Mapping[str, Any]]
    tests: int = 10_000
    sweeps: int = 200  # a knob
    seeds: tuple[int, ...] = SEEDS


def grid(betas: tuple[float, ...], capacities: tuple[float, ...], gammas: tuple[float, ...]) -> dict[str, Any]:
    """Settings of the unsupervised objectives by name."""
    return {
        **{f"beta-VAE {beta:g}": {"objective": "beta", "beta": beta} for beta in betas},
        **{f"annealed {c:g}": {"objective": "annealed", "beta": 1.0, "capacity": c} for c in capacities},
        **{f"FactorVAE {g:g}": {"objective": "factor", "beta": 0.2, "gamma": g} for g in gammas},
    }


def steered(weights: tuple[float, ...]) -> dict[str, Any]:
    """Settings of the supervised terms by name."""
    kinds = {"AR-VAE": {"supervised": "order"}, "S2-VAE": {"supervised": "match"}} | {
        f"I-VAE of {n} dimensions": {"supervised": "classes", "reads": n} for n in (1, 2, 3)
    }
    return {f"{name}, weight {w:g}": {**kind, "weight": w} for name, kind in kinds.items() for w in weights}


TAUGHT = {"AR-VAE, taught": {"supervised": "order", "taught": 1.0}}  # ours: knobs are turned in training
SHORT = {
    "recurrent": Budget(steps=2500, batch=64, rate=8e-3, check=250, threads=1, precision="32-true"),
    "convolutional": Budget(steps=4000, batch=256, rate=4e-3, check=500, threads=1, precision="32-true"),
}
FULL = Budget(steps=185_300, batch=512, rate=1e-4, decay=0.0, check=1853, precision="32-true")  # 100 epochs
TRIAL = Budget(steps=4, batch=8, check=2, threads=1, precision="32-true")
SIZES = {
    "short": Size(
        {"recurrent": RNN, "convolutional": CNN}, SHORT, grid((0.2, 4.0), (25.0,), (10.0,)), steered((1.0,)) | TAUGHT
    ),
    "as_published": Size(
        {"recurrent": AS_PUBLISHED, "convolutional": CNN_AS_PUBLISHED},
        {"recurrent": FULL, "convolutional": FULL},
        grid((0.2, 1.0, 4.0), (25.0, 50.0, 75.0), (1.0, 10.0, 50.0)),
        steered((0.1, 1.0, 10.0)),
        tests=102_912,
    ),
    "smoke": Size(
        {
            "recurrent": dataclasses.replace(TINY, supervised="none", taught=0.0, latent=27),
            "convolutional": dataclasses.replace(TINY, net="convolutional", supervised="none", taught=0.0, latent=27),
        },
        {"recurrent": TRIAL, "convolutional": TRIAL},
        grid((0.2,), (25.0,), (10.0,)),
        {name: own for name, own in steered((1.0,)).items() if "of 1" in name} | TAUGHT,
        tests=200,
        sweeps=4,
        seeds=(0,),
    ),
}
LIMITS = (
    "Two bars of eighth notes on I IV V I in major, minor or a blues scale: nothing else.",
    "A knob moves a melody along what it learned; in between two values it may write what is in neither.",
)
INVALID = (
    "As published, every value of every factor is met in training: new melodies, not new values.",
    "Trainings are about a hundredth of the published ones; what learns slowly may overtake.",
    "KL is summed over dimensions and cross-entropy is a mean over tokens, so beta does not compare with other papers.",
    "Decoded melodies outside the set are read as their nearest neighbour in it; the share of exact ones is told.",
    "Nominal factors (rhythm, scale) are ordered by their number for AR-VAE and S2-VAE; another order may do better.",
    "One weight for each term in the short study; the published grids have three.",
    "Energy is codecarbon's estimate from processor time, not a measurement.",
)


class Melodies(torch.utils.data.IterableDataset):
    """Endless random batches of melodies and their factors."""

    def __init__(self, indices: np.ndarray, batch: int, seed: int):
        self.indices, self.batch, self.seed = indices, batch, seed

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        rng = np.random.default_rng(self.seed)
        while True:
            yield batch_of(rng.choice(self.indices, self.batch))


def batch_of(indices: np.ndarray) -> dict[str, torch.Tensor]:
    """Melodies and their factors."""
    return {
        "melody": torch.from_numpy(dmelodies.tokens(indices)),
        "factors": torch.from_numpy(dmelodies.factors(indices)),
    }


def trainings(size: Size) -> Iterator[tuple[str, str, str, int, Config]]:
    """List the study: folder, row of the tables, network, seed, settings; seed by seed."""
    for seed, (kind, settings), net in itertools.product(
        size.seeds, (("unsupervised", size.unsupervised), ("supervised", size.supervised)), size.nets
    ):
        for name, own in settings.items():
            steps = size.budgets[net].steps
            config = dataclasses.replace(size.nets[net], **own)
            if not size.nets[net].wait:  # the published part of the training in which weights rise
                config = dataclasses.replace(config, wait=steps // 10, rise=steps // 2)
            yield f"{kind}/{name}/{net}/{seed}", f"{name}, {net}", net, seed, config


def train_all(out: Path, size: Size, only: str = "") -> None:
    """Train what is not trained yet."""
    for name, _, net, seed, config in trainings(size):
        folder = out / name
        if (folder / "done.json").exists() or not name.startswith(only):
            continue
        torch.manual_seed(seed)
        system, budget = DMelodiesVAE(config), size.budgets[net]
        print(f"== {name}: {sum(p.numel() for p in system.parameters()):,} parameters", flush=True)
        train, valid, _ = dmelodies.split(seed)

        def batches(done: int, train: np.ndarray = train, budget: Budget = budget, seed: int = seed) -> Any:
            stream = Melodies(train, budget.batch, 1000 * seed + done)
            return torch.utils.data.DataLoader(stream, batch_size=None)

        fixed: Any = [batch_of(part) for part in np.split(valid[: 4 * budget.batch], 4)]
        checked = torch.utils.data.DataLoader(fixed, batch_size=None)
        done = learn(
            system, batches, checked, lambda own, batch: own.loss(batch), budget, seed, folder,
            log=lambda line: print(line, flush=True),
        )  # fmt: skip
        known = batch_of(train[: size.tests])
        system.measure(known["melody"], known["factors"])
        save_file(system.state_dict(), folder / "weights.safetensors")
        (folder / "done.json").write_text(json.dumps(dataclasses.asdict(done)))


def load_trained(folder: Path, config: Config) -> DMelodiesVAE:
    """Read a trained system of this run."""
    system = DMelodiesVAE(config)
    system.load_state_dict(load_file(folder / "weights.safetensors"))
    return system.eval()


@torch.no_grad()
def measure(system: DMelodiesVAE, indices: np.ndarray, sweeps: int) -> dict[str, Any]:
    """Judge a system on test melodies: numbers by name, on drawn codes under "published", per factor under "each"."""
    system.eval()
    melodies, factors = torch.from_numpy(dmelodies.tokens(indices)), dmelodies.factors(indices)
    parts = [system.codes(part) for part in melodies.split(1024)]
    mean, logvar = (torch.cat(part) for part in zip(*parts, strict=True))
    noisy = drawn(mean, logvar, torch.Generator().manual_seed(0))

    def decode(codes: np.ndarray) -> np.ndarray:
        given = torch.from_numpy(codes.astype(np.float32)).split(4096)
        return torch.cat([system.melodies(part) for part in given]).numpy()

    written = decode(mean.numpy())
    found: dict[str, Found] = code_measures(mean.numpy(), factors)
    control = control_score(decode, nearest_factors, mean.numpy()[:sweeps], system.knobs.tolist())
    rough = {
        "MIG": mig(noisy.numpy(), factors), "SAP": sap(noisy.numpy(), factors),
        "modularity": modularity(noisy.numpy(), factors, as_published=True),
    }  # fmt: skip
    return {
        "reconstruction": float((written == melodies.numpy()).mean()),
        "exact melodies": float((written == melodies.numpy()).all(1).mean()),
        **{name: one.mean for name, one in found.items()},
        "control": control.mean,
        "published": {
            "reconstruction": float((decode(noisy.numpy()) == melodies.numpy()).mean()),
            **{name: one.mean for name, one in rough.items()},
        },
        "each": {**{name: found[name].factors for name in ("MIG", "modularity", "SAP")}, "control": control.factors},
        "changes": control.changes.tolist(),
    }


def code_measures(codes: np.ndarray, factors: np.ndarray) -> dict[str, Found]:
    """Measures of codes alone."""
    return {
        "MIG": mig(codes, factors), "modularity": modularity(codes, factors), "SAP": sap(codes, factors),
        "disentanglement": dci(codes[:5000], factors[:5000])["disentanglement"], "rank": correlation(codes, factors),
    }  # fmt: skip


def measured(out: Path, size: Size) -> dict[str, list[tuple[dict[str, Any], Fit, int]]]:
    """Measure every training once: row of the tables to (numbers, fit, parameters) of its seeds."""
    rows: dict[str, list[Any]] = {}
    for name, row, _, seed, config in trainings(size):
        folder = out / name
        if not (folder / "done.json").exists():
            continue
        kept = folder / "measured.json"
        system = load_trained(folder, config)
        if not kept.exists():
            kept.write_text(json.dumps(measure(system, dmelodies.split(seed)[2][: size.tests], size.sweeps)))
        done = read_fit(folder)
        parameters = sum(p.numel() for p in system.parameters())
        rows.setdefault(row, []).append((json.loads(kept.read_text()), done, parameters))
    return rows


def baselines(size: Size) -> dict[str, dict[str, Any]]:
    """What one gets without learning, and what a code has that is the factors themselves."""
    _, _, test = dmelodies.split(0)
    indices = test[: size.tests]
    factors, melodies = dmelodies.factors(indices), dmelodies.tokens(indices)
    rng = np.random.default_rng(0)
    config = next(iter(size.nets.values()))
    torch.manual_seed(0)
    system = DMelodiesVAE(config)
    known = batch_of(indices)
    system.measure(known["melody"], known["factors"])
    common = np.array([np.bincount(place).argmax() for place in dmelodies.tokens(test[-5000:]).T])
    ideal = np.concatenate([factors, rng.normal(size=(len(factors), config.latent - 9))], 1)

    def own(codes: np.ndarray) -> np.ndarray:
        values = np.clip(np.round(codes[:, :9]), 0, np.array(dmelodies.SIZES) - 1).astype(int)
        return dmelodies.tokens(dmelodies.index_of(values))

    told = {name: one.mean for name, one in code_measures(ideal, factors).items()}
    control = control_score(own, nearest_factors, ideal[: size.sweeps], list(range(9))).mean
    noise = {n: one.mean for n, one in code_measures(rng.normal(size=ideal.shape), factors).items()}
    return {
        "never learned: a network as it begins": measure(system, indices, size.sweeps),
        "never learned: likeliest token of each place, random code": {
            "reconstruction": float((melodies == common).mean()), "exact melodies": 0.0, "control": 0.0, **noise,
        },
        "the factors themselves and noise": {"reconstruction": 1.0, "exact melodies": 1.0, "control": control, **told},
    }  # fmt: skip


def tables(out: Path, size: Size) -> list[Table]:
    """All tables of what is trained so far."""
    rows, trivial = measured(out, size), baselines(size)
    told = "mean over seeds with Student's 95 % interval; codes are posterior means"
    made = []
    for title, names in (
        ("Unsupervised: do codes come apart by themselves?", size.unsupervised),
        ("Supervised: what do labels add?", size.supervised),
    ):
        cells: list[tuple[Cell, ...]] = []
        for row, runs in rows.items():
            if row.rpartition(",")[0] in names:
                energy = float(np.mean([1000 * done.energy_kwh for _, done, _ in runs]))
                values = [over_seeds([numbers[c] for numbers, _, _ in runs]) for c in MEASURED]
                cells.append((row, len(runs), *values, runs[0][2], energy))
        cells += [(name, None, *(own[c] for c in MEASURED), None, None) for name, own in trivial.items()]
        made.append(Table(title, ("system", "seeds", *MEASURED, "parameters", "training Wh"), tuple(cells), told))
    for measure_name in EACH:
        each = [(row, *factor_means(runs, measure_name)) for row, runs in rows.items()]
        made.append(Table(f"{measure_name} of each factor", ("system", *dmelodies.NAMES), tuple(each), told))
    drawn_rows = [
        (row, *(over_seeds([numbers["published"][c] for numbers, _, _ in runs]) for c in PUBLISHED))
        for row, runs in rows.items()
    ]
    told = "as published: on codes drawn from the posterior; modularity without a guard against chance"
    made.append(Table("The same on drawn codes", ("system", *PUBLISHED), tuple(drawn_rows), told))
    return made


def factor_means(runs: list[tuple[dict[str, Any], Fit, int]], name: str) -> list[Estimate]:
    """Mean over seeds of a measure of each factor."""
    return [over_seeds([numbers["each"][name][k] for numbers, _, _ in runs]) for k in range(len(dmelodies.NAMES))]


def report(out: Path, size: Size, bundles: Path) -> None:
    """Measure everything, write report.html, report.md and the bundle of the writer with nine knobs."""
    from solfeggio.report.draw import bars

    made = tables(out, size)
    rows = measured(out, size)
    charts = {
        name: bars({row: over_seeds([n[name] for n, _, _ in runs]) for row, runs in rows.items()}, name, name)
        for name in ("MIG", "control")
    }
    facts: dict[str, Any] = {"recipe": "recipes/dmelodies.py"}
    curves = {}
    for name, row, _, _, config in trainings(size):
        if name == RELEASED and row in rows:
            numbers, done, _ = rows[row][0]
            facts |= card_facts(numbers, done)
            run.save(load_trained(out / name, config), bundles / "dmelodies_vae", facts)
            curves = {name: done.curve}
    finish(out, __doc__, "dMelodies", made, curves=curves, invalid=INVALID, provenance=facts, charts=charts)


def card_facts(numbers: dict[str, Any], done: Fit) -> dict[str, Any]:
    """State what the bundle's card must say."""
    return {
        "what": "Two-bar melodies with nine knobs: tonic, octave, scale, two rhythms, four arpeggio directions.",
        "data": ["dMelodies, made from its published rules by this package"],
        "licence": "Apache-2.0",
        "metrics": {"10,000 unseen melodies": {name: f"{numbers[name]:.3f}" for name in MEASURED}},
        "limits": list(LIMITS),
        "recipe": "recipes/dmelodies.py",
        **done.facts(),
    }


def sized(name: str, smoke: bool) -> Size:
    """The study by its name."""
    if name not in SIZES:
        raise unknown("size", name, SIZES)
    return SIZES["smoke" if smoke else name]


app = commands(__doc__)
OUT = Path("runs/dmelodies")
SIZE = typer.Option("short", help="short, as_published")


@app.command()
def train(
    out: Out = OUT, cache: Cache = CACHE, smoke: Smoke = False, size: str = SIZE, jobs: Jobs = 1, only: Only = ""
) -> None:
    """Train the study; continues where it stopped."""
    train_all(out, sized(size, smoke), only)


@app.command()
def evaluate(out: Out = OUT, smoke: Smoke = False, size: str = SIZE) -> None:
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
