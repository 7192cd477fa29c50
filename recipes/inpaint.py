"""Inpainting: who fills missing bars of a folk tune best, and what do copying, knowing the key and both contexts buy?

Question: given what is before and after a gap of 2 to 6 bars, how likely are the true bars to InpaintNet, to
Anticipation-RNN and to a transformer over beats that may copy other bars, and do bars that they write keep to the key
and come back as tunes do?

Method: tunes of O'Neill's, Ryan's and Aird's collections in 4/4, split by tune; windows of 16 bars, random gaps, the
same data, batches, steps and seeds for all; but walks, which learn slowly, get as many steps as Anticipation-RNN gets
CPU time. Doubting walks (ours) mix what the bar VAE says with what usually follows a token, by a share of their own.
The likelihood is proper: each token of the gap from left to right, given all tokens before it and the bars after the
gap, never more: InpaintNet hears the true earlier bars of the gap, and its bar VAE, trained first on the same bars and
then frozen, the true earlier ticks of the bar. "Free NLL" is the surprise of a system that hears its own likeliest
tokens instead, as the papers measured. Accuracy and notes are those of what is written freely, the likeliest token
each time; key, repetition and mgeval those of what is drawn. Trivial answers get the likelihood of a guess mixed with
the frequencies of each tick, by the share that is best on validation tunes.

Cost: the study 30 trainings of one to three CPU minutes of one core, its bar VAE four, the released system seven.

    python recipes/inpaint.py train --smoke    all trainings, in seconds, on sketched tunes
    python recipes/inpaint.py train            train the released system and the study; resumes where it stopped
    python recipes/inpaint.py evaluate         score the released system beside the trivial answers
    python recipes/inpaint.py report           score everything, write runs/inpaint/report.html and the bundle
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from safetensors.torch import load_file, save_file

from solfeggio import bundle, run
from solfeggio.contracts import Writer
from solfeggio.data.tunes import folk_windows
from solfeggio.errors import DataError
from solfeggio.metrics import melodies
from solfeggio.metrics.repetition import in_key, repeats, repetition_error
from solfeggio.nets.latent_walk import BarVAE
from solfeggio.recipe import CACHE, Bundles, Cache, Jobs, Only, Out, Smoke, commands, finish, means
from solfeggio.studies.scores import Score, across_seeds, compare, summary
from solfeggio.studies.table import Cell, Table, over_seeds, over_tracks
from solfeggio.tokens import BAR_TICKS, FOLK_TOKENS, HOLD, decode_bars
from solfeggio.train import Budget, Fit, learn, read_fit
from solfeggio.writers import measure_vae
from solfeggio.writers.inpaint import CONFIGS, Config, Inpaint
from solfeggio.writers.measure_vae import MeasureVAE

COLUMNS = ("NLL", "free NLL", "accuracy", "notes F", "in key", "repeats", "repetition error")
DIFFERENCES = COLUMNS[:4]
OURS, ANTICIPATION = "ours", "Anticipation-RNN"
INPAINTNET, DOUBTING = "InpaintNet", "InpaintNet, doubting"
VARIANTS: dict[str, Config] = {
    OURS: CONFIGS["study"],
    "ours without key": CONFIGS["no_key"],
    "ours without copies": CONFIGS["no_copies"],
    INPAINTNET: CONFIGS["inpaintnet"],
    DOUBTING: CONFIGS["doubting"],
    f"{DOUBTING}, past only": CONFIGS["past_only"],
    f"{DOUBTING}, future only": CONFIGS["future_only"],
    f"{DOUBTING}, bars all at once": CONFIGS["no_feedback"],
    ANTICIPATION: CONFIGS["anticipation"],
    "Anticipation-RNN, regularised": CONFIGS["anticipation_reg"],
}
SEEDS = (0, 1, 2)
STUDY = Budget(steps=800, batch=16, check=200, threads=1, precision="32-true")
WALK = dataclasses.replace(STUDY, steps=1500, check=300)  # about the CPU time that Anticipation-RNN needs for 800
RELEASED = Budget(steps=4000, batch=16, check=500, threads=1, precision="32-true")
SMOKE = Budget(steps=4, batch=4, check=2, threads=1, precision="32-true")
VAE_BUDGET = Budget(steps=2600, batch=128, rate=4e-3, check=650, threads=1, precision="32-true")
BAR_VAE = measure_vae.Config("recurrent", (), gamma=0.0, latent=64, embedding=10, width=96, depth=1, forced=1.0)
OWN, OWN_FOLDER = "own", "vae"
GAP_SEED = 7
TUNES_A_BATCH = 16  # test tunes that share a gap
SHARES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # of the frequencies in a trivial answer
LIMITS = (
    "One voice in 4/4 from G3 to C6, on a grid of sixteenths and eighth triplets; no dynamics, no ornaments.",
    "It learned from Irish, Scottish and American dance tunes and airs, and writes like them.",
    "It looks at 16 bars; what is further away it does not know. Of gaps over 6 bars it hears one side at a time.",
    "What it copies it copies literally: no sequences, no transposed repeats.",
)
INVALID = (
    "Tunes of three collections borrow from each other; who shares four bars is left out, shorter loans are not.",
    "Test windows are the first 16 bars of a tune; later parts may differ.",
    "Networks are far smaller and trained far shorter than published; what learns slowly may overtake with more steps.",
    "The bar VAE is recurrent as published, but a twentieth of its size and trained for minutes.",
    "Our transformer was made with repeats of folk tunes in mind; music that never repeats would profit less.",
    "The scale of a tune is found by counting, from the real bars too; tunes that change mode have no single one.",
    "Energy is codecarbon's estimate from processor time, not a measurement.",
)
Batch = dict[str, torch.Tensor]
Guess = Callable[[torch.Tensor, int, int], torch.Tensor]


@dataclass(frozen=True)
class Windows:
    """Windows of 16 bars, (n, 16, 24): to train on, one of each validation tune, one of each test tune."""

    train: torch.Tensor
    valid: torch.Tensor
    test: torch.Tensor


def corpora(smoke: bool) -> Windows:
    """Read the windows; a smoke run sketches tunes."""
    if smoke:
        return Windows(*(sketched(count, seed) for seed, count in enumerate((24, 6, 6))))
    sides = folk_windows("train", hop=1), folk_windows("valid", hop=10_000), folk_windows("test", hop=10_000)
    return Windows(*(torch.from_numpy(side.astype(np.int64)) for side in sides))


def sketched(count: int, seed: int) -> torch.Tensor:
    """Make tunes of the form AABA in random walks of eighths."""
    rng = np.random.default_rng(seed)
    scale = np.array([7, 9, 11, 12, 14, 16, 18, 19, 21])
    bars = np.full((count, 2, 4, BAR_TICKS), HOLD)
    bars[..., ::3] = scale[np.clip(rng.integers(-1, 2, (count, 2, 4, 8)).cumsum(-1) + 4, 0, 8)]
    return torch.from_numpy(bars[:, [0, 0, 1, 0]].reshape(count, 16, BAR_TICKS))


class Gaps(torch.utils.data.IterableDataset):
    """Endless batches: windows, sometimes shorter or in another key, with one random gap for all."""

    def __init__(self, windows: torch.Tensor, config: Config, batch: int, seed: int):
        self.windows, self.config, self.batch, self.seed = windows, config, batch, seed

    def __iter__(self) -> Iterator[Batch]:
        rng = np.random.default_rng(self.seed)
        while True:
            bars = self.windows[rng.integers(0, len(self.windows), self.batch)]
            length = int(rng.integers(self.config.shortest, self.config.longest + 1))
            size = self.config.window if rng.random() < 0.7 else int(rng.integers(length + 2, self.config.window + 1))
            start = int(rng.integers(0, bars.shape[1] - size + 1))
            first = int(rng.integers(0, size - length + 1))
            bars = bars[:, start : start + size]
            if rng.random() < 0.5:
                bars = transposed(bars, rng)
            yield {"bars": bars, "gap": torch.tensor([[first, first + length]] * self.batch)}


def transposed(bars: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Move each melody by up to a fifth, as far as the range allows."""
    flat = bars.flatten(1)
    notes = flat > HOLD
    low = torch.where(notes, flat, FOLK_TOKENS - 1).min(1).values
    high = torch.where(notes, flat, HOLD + 1).max(1).values
    steps = torch.from_numpy(rng.integers(-5, 7, len(bars)))
    steps = steps.clamp(HOLD + 1 - low, FOLK_TOKENS - 1 - high)
    return torch.where(notes, flat + steps[:, None], flat).view_as(bars)


def gapped(windows: torch.Tensor) -> list[Batch]:
    """Give fixed gaps to windows: lengths 2 to 6 in turn, at a place drawn once, with bars on both sides."""
    rng = np.random.default_rng(GAP_SEED)
    batches = []
    for number, bars in enumerate(windows.split(TUNES_A_BATCH)):
        length = 2 + number % 5
        first = int(rng.integers(1, bars.shape[1] - length))
        batches.append({"bars": bars, "gap": torch.tensor([[first, first + length]] * len(bars))})
    return batches


def bar_vae(smoke: bool) -> MeasureVAE:
    """Build the bar VAE of the walks: the published form, its decoder given the ticks before each, but small."""
    return MeasureVAE(dataclasses.replace(BAR_VAE, latent=8, width=8) if smoke else BAR_VAE)


def frozen(vae: str, out: Path, smoke: bool) -> tuple[dict[str, Any], BarVAE]:
    """Read the bar VAE of this run or of a bundle: its settings as those of ``Config``, and its networks."""
    if vae == OWN:
        config, path = dataclasses.asdict(bar_vae(smoke).config), out / OWN_FOLDER / "weights.safetensors"
        if not path.is_file():
            raise DataError("the bar VAE is not trained", f"there is no {path}", "train --only vae first")
        weights = load_file(path)
    else:
        stored = bundle.load(vae)
        config = stored.config["config"]
        weights = {key: torch.from_numpy(array) for key, array in stored.arrays.items()}
    own = {f"vae_{name}": config[name] for name in ("net", "latent", "embedding", "width", "depth")}
    networks = BarVAE(*own.values())
    networks.load_state_dict({key: weights[key] for key in networks.state_dict()})  # knobs are not needed here
    return own, networks


def made(config: Config, vae: str, out: Path, smoke: bool) -> Inpaint:
    """Build a writer; a walk gets the frozen VAE."""
    if smoke:
        config = dataclasses.replace(config, width=8, depth=1, heads=2)
    if config.net != "latent":
        return Inpaint(config)
    own, networks = frozen(vae, out, smoke)
    writer = Inpaint(dataclasses.replace(config, **own))
    writer.net.vae.load_state_dict(networks.state_dict())
    return writer


def plan(smoke: bool) -> dict[str, tuple[Config, Budget, int]]:
    """List the trainings: folder to configuration, budget and seed."""
    jobs = {"released": (dataclasses.replace(Config(), shortest=1), SMOKE if smoke else RELEASED, 0)}
    for seed in seeds(smoke):
        for name, config in VARIANTS.items():
            budget = SMOKE if smoke else WALK if config.net == "latent" else STUDY
            jobs[f"study/{name}/{seed}"] = config, budget, seed
    return jobs


def seeds(smoke: bool) -> tuple[int, ...]:
    """Seeds of the study."""
    return SEEDS[:1] if smoke else SEEDS


def train_all(out: Path, smoke: bool, vae: str, only: str) -> None:
    """Train what is not yet trained; the bar VAE comes before the walks."""
    windows = corpora(smoke)
    if vae == OWN and OWN_FOLDER.startswith(only) and not (out / OWN_FOLDER / "done.json").exists():
        train_vae(out / OWN_FOLDER, windows, smoke)
    checked: Any = torch.utils.data.DataLoader(gapped(windows.valid), batch_size=None)  # type: ignore[arg-type]
    for name, (config, budget, seed) in plan(smoke).items():
        folder = out / name
        if (folder / "done.json").exists() or not name.startswith(only):
            continue
        torch.manual_seed(seed)
        writer = made(config, vae, out, smoke)

        def batches(done: int, config: Config = config, budget: Budget = budget, seed: int = seed) -> Any:
            gaps = Gaps(windows.train, config, budget.batch, 1000 * seed + done)
            return torch.utils.data.DataLoader(gaps, batch_size=None)

        print(f"== {name}: {parameters(writer):,} parameters, {len(windows.train):,} windows", flush=True)
        train_one(folder, writer, batches, checked, budget, seed)


def train_vae(folder: Path, windows: Windows, smoke: bool) -> None:
    """Train the bar VAE of the walks on the bars of the training windows."""
    torch.manual_seed(0)
    system = bar_vae(smoke)
    bars, valid = (side.flatten(0, 1).unique(dim=0) for side in (windows.train, windows.valid))

    def batches(done: int) -> Iterator[Batch]:
        rng = np.random.default_rng(done)
        while True:
            chosen = bars[rng.integers(0, len(bars), VAE_BUDGET.batch)]
            yield {"bars": transposed(chosen[:, None], rng)[:, 0]}

    print(f"== {folder.name}: {parameters(system):,} parameters, {len(bars):,} bars", flush=True)
    checked: Any = torch.utils.data.DataLoader([{"bars": valid}], batch_size=None)  # type: ignore[arg-type]
    budget = SMOKE if smoke else VAE_BUDGET
    train_one(folder, system, batches, checked, budget, 0, lambda: system.measure(bars))


def train_one(
    folder: Path,
    system: Writer,
    batches: Callable[[int], Any],
    checked: Any,
    budget: Budget,
    seed: int,
    finish: Callable[[], None] = lambda: None,
) -> None:
    """Train a writer, keep its weights and what the training was."""
    began = time.process_time()

    def log(line: str) -> None:
        print(line, flush=True)

    done = learn(system, batches, checked, lambda own, batch: own.loss(batch), budget, seed, folder, log)
    finish()
    save_file(system.state_dict(), folder / "weights.safetensors")
    (folder / "cpu.json").write_text(json.dumps({"CPU minutes": (time.process_time() - began) / 60}))
    (folder / "done.json").write_text(json.dumps(dataclasses.asdict(done)))


def parameters(writer: Writer) -> int:
    """Count what was learned here, without a frozen VAE."""
    return sum(p.numel() for p in writer.parameters() if p.requires_grad)


def load_trained(out: Path, name: str, config: Config, smoke: bool, vae: str) -> Inpaint:
    """Read a trained writer of this run."""
    writer = made(config, vae, out, smoke)
    writer.load_state_dict(load_file(out / name / "weights.safetensors"))
    return writer.eval()


def judge(
    batch: Batch, nll: torch.Tensor, free: torch.Tensor, likeliest: torch.Tensor, drawn: torch.Tensor, number: int
) -> tuple[list[Score], list[np.ndarray]]:
    """Score what was written into a batch of windows; also the notes of the gaps, for mgeval. nll, free: nats."""
    first, stop = (int(bar) for bar in batch["gap"][0])
    scores, notes = [], []
    for i, real in enumerate(batch["bars"].numpy()):
        best, own = likeliest[i].numpy(), drawn[i].numpy()
        key = in_key(own, real, first, stop)
        values = {
            "NLL": float(nll[i]),
            "free NLL": float(free[i]),
            "accuracy": float((best[first:stop] == real[first:stop]).mean()),
            "notes F": note_f(best[first:stop], real[first:stop]),
            "in key": 0.0 if np.isnan(key) else key,
            "repeats": repeats(own, first, stop),
            "repetition error": repetition_error(own, real, first, stop),
        }
        weights = {"in key": 0.0} if np.isnan(key) else {}
        scores.append(Score(f"{number}-{i}", values, {"bars": str(stop - first)}, weights))
        notes.append(decode_bars(own[first:stop]).parts[0].notes[:, :3])
    return scores, notes


def note_f(written: np.ndarray, real: np.ndarray) -> float:
    """F-measure of notes that begin at the right tick on the right pitch; 1 where both have none."""
    ours, theirs = written > HOLD, real > HOLD
    hits = int((ours & (written == real)).sum())
    total = int(ours.sum() + theirs.sum())
    return 2 * hits / total if total else 1.0


@torch.inference_mode()
def score_writer(
    writer: Inpaint, batches: Sequence[Batch], seed: int = 0, **options: Any
) -> tuple[list[Score], list[np.ndarray]]:
    """Score a trained writer on gapped windows, writing freely."""
    options = {"in_key": writer.config.in_key, "one_grid": writer.config.one_grid} | options
    rng = torch.Generator().manual_seed(seed)
    scores: list[Score] = []
    notes: list[np.ndarray] = []
    for number, batch in enumerate(batches):
        first, stop = (int(bar) for bar in batch["gap"][0])
        truth = batch["bars"][:, first:stop].flatten(1)
        nll = -writer(batch)["logits"].gather(-1, truth[..., None])[..., 0].mean(1)
        likeliest = writer.write(batch["bars"], first, stop, rng, temperature=0, **options)
        drawn = writer.write(batch["bars"], first, stop, rng, **options)
        own, found = judge(batch, nll, free_nll(writer, batch["bars"], first, stop), likeliest, drawn, number)
        scores, notes = scores + own, notes + found
    return scores, notes


def free_nll(writer: Inpaint, bars: torch.Tensor, first: int, stop: int) -> torch.Tensor:
    """Surprise at each gap, nats a token, of a writer that hears its own likeliest tokens instead of the true ones."""
    truth, found = bars[:, first:stop].flatten(1), []

    def choose(chances: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        found.append(-chances.gather(-1, truth[:, len(found), None])[:, 0])
        return chances.argmax(-1)

    writer.net.write(bars, first, stop, choose)
    return torch.stack(found, 1).mean(1)


def nearest(bars: torch.Tensor, first: int, stop: int) -> torch.Tensor:
    """Copy the nearest bar that is known, of two as near the earlier one."""
    return bars[:, [first - 1 if bar - first < stop - bar else stop for bar in range(first, stop)]]


def phrase(bars: torch.Tensor, first: int, stop: int) -> torch.Tensor:
    """Copy the bar eight, or else four bars away, if it is known, else the nearest one."""
    picked = []
    for bar in range(first, stop):
        known = [bar + by for by in (-8, 8, -4, 4) if 0 <= bar + by < first or stop <= bar + by < bars.shape[1]]
        picked.append(known[0] if known else (first - 1 if bar - first < stop - bar else stop))
    return bars[:, picked]


def interpolation(vae: BarVAE) -> Guess:
    """Walk straight from the code of the bar before the gap to that of the bar after it."""

    def guess(bars: torch.Tensor, first: int, stop: int) -> torch.Tensor:
        share = torch.linspace(0, 1, stop - first + 2)[1:-1, None]
        before, after = (vae.codes(bars[:, bar])[:, None] for bar in (first - 1, stop))
        return vae.likeliest(before * (1 - share) + after * share)

    return guess


@torch.inference_mode()
def trivial(windows: Windows, vae: BarVAE) -> dict[str, tuple[list[Score], list[np.ndarray]]]:
    """Score answers that never learned to fill gaps, each with the smoothing that is best on validation tunes."""
    counts = torch.ones(BAR_TICKS, FOLK_TOKENS)
    flat = windows.train.reshape(-1, BAR_TICKS)
    counts.scatter_add_(1, flat.T, torch.ones(flat.T.shape))
    frequencies = counts / counts.sum(1, keepdim=True)
    guesses = {
        "copy the nearest bar": nearest,
        "copy eight or four bars away": phrase,
        "interpolate codes": interpolation(vae),
    }

    def nll(bars: torch.Tensor, first: int, stop: int, guess: torch.Tensor, share: float) -> torch.Tensor:
        truth = bars[:, first:stop]
        chance = frequencies[torch.arange(BAR_TICKS), truth]
        return -(share * chance + (1 - share) * (guess == truth)).log().flatten(1).mean(1)

    def gap(batch: Batch) -> tuple[torch.Tensor, int, int]:
        return batch["bars"], int(batch["gap"][0, 0]), int(batch["gap"][0, 1])

    found = {}
    for name, guess in guesses.items():
        tried = [(gap(batch), guess(*gap(batch))) for batch in gapped(windows.valid)]
        share = min(SHARES, key=lambda s: float(torch.cat([nll(*place, own, s) for place, own in tried]).mean()))
        scores: list[Score] = []
        notes: list[np.ndarray] = []
        for number, batch in enumerate(gapped(windows.test)):
            bars, first, stop = gap(batch)
            own = guess(bars, first, stop)
            written = torch.cat([bars[:, :first], own, bars[:, stop:]], 1)
            surprise = nll(bars, first, stop, own, share)
            more, heard = judge(batch, surprise, surprise, written, written, number)
            scores, notes = scores + more, notes + heard
        found[f"{name} (never learned)"] = scores, notes
    return found


def overlap(written: Sequence[np.ndarray], real: Sequence[np.ndarray]) -> float:
    """Mean over mgeval's features of the overlap of distances inside what was written with those to real bars."""
    rows = melodies.compare(written, real, bars=2).values()
    return float(np.nanmean([row["overlap a"] for row in rows]))


def real_bars(windows: Windows) -> tuple[list[Score], list[np.ndarray]]:
    """Score the real bars as if they had been written."""
    scores: list[Score] = []
    notes: list[np.ndarray] = []
    for number, batch in enumerate(gapped(windows.test)):
        sure = torch.zeros(len(batch["bars"]))
        own, heard = judge(batch, sure, sure, batch["bars"], batch["bars"], number)
        scores, notes = scores + own, notes + heard
    return scores, notes


def mean_of(runs: Sequence[Sequence[Score]]) -> list[Score]:
    """Average the scores of each tune over seeds."""
    return [
        Score(own[0].id, {c: float(np.mean([s.values[c] for s in own])) for c in COLUMNS}, own[0].groups)
        for own in zip(*runs, strict=True)
    ]


def with_real(table: Table, scores: Sequence[Score]) -> Table:
    """Add a row of the real bars, for what can be said of them."""
    own: tuple[Cell, ...] = ("the real bars", *[None] * 4, *summary(scores, COLUMNS[4:]))
    return dataclasses.replace(table, rows=(*table.rows, own))


def differences(systems: Mapping[str, Sequence[Score]]) -> Table:
    """Compare pairs tune by tune."""
    copies = [name for name in systems if "never learned" in name]
    pairs = [(OURS, INPAINTNET), (OURS, DOUBTING), (OURS, "Anticipation-RNN, regularised"), (OURS, ANTICIPATION)]
    pairs += [(INPAINTNET, ANTICIPATION), (DOUBTING, ANTICIPATION), (DOUBTING, INPAINTNET)]
    pairs += [(OURS, "ours without key"), (OURS, "ours without copies")]
    pairs += [(DOUBTING, name) for name in VARIANTS if name.startswith(f"{DOUBTING},")]
    pairs += [(name, copy) for name in (OURS, INPAINTNET, DOUBTING, ANTICIPATION) for copy in copies]
    rows: list[tuple[Cell, ...]] = []
    for one, other in pairs:
        if one not in systems or other not in systems:
            continue
        both = list(zip(systems[one], systems[other], strict=True))
        gains = [over_tracks([a.values[c] - b.values[c] for a, b in both]) for c in DIFFERENCES]
        rows.append((f"{one} minus {other}", *gains))
    note = "mean over tunes of the difference (NLL: negative is better), mean of the seeds, 95 % bootstrap interval"
    return Table("Who beats whom? Pairs, tune by tune", ("pair", *DIFFERENCES), tuple(rows), note)


def scored(
    folder: Path, writer: Inpaint, batches: Sequence[Batch], seed: int, real: Sequence[np.ndarray]
) -> tuple[list[Score], float]:
    """Score a trained writer once, with the overlap of mgeval; kept beside its weights."""
    kept = folder / "scores.json"
    if not kept.exists() or kept.stat().st_mtime < (folder / "done.json").stat().st_mtime:
        scores, notes = score_writer(writer, batches, seed)
        rows = [[s.id, s.values, s.groups, s.weights] for s in scores]
        kept.write_text(json.dumps({"scores": rows, "overlap": overlap(notes, real)}))
    found = json.loads(kept.read_text())
    return [Score(*row) for row in found["scores"]], found["overlap"]


def score_study(out: Path, smoke: bool, vae: str, windows: Windows) -> list[Table]:
    """Tables of what is trained of the study: over seeds, over tunes beside trivial answers, and pairs."""
    batches, (truth, real) = gapped(windows.test), real_bars(windows)
    runs: dict[str, list[list[Score]]] = {}
    extra: dict[str, dict[str, Any]] = {}
    for name, config in VARIANTS.items():
        overlaps, minutes, energy = [], [], []
        trained = [seed for seed in seeds(smoke) if (out / f"study/{name}/{seed}/done.json").exists()]
        for seed in trained:
            folder = out / "study" / name / str(seed)
            writer = load_trained(out, f"study/{name}/{seed}", config, smoke, vae)
            scores, likeness = scored(folder, writer, batches, seed, real)
            runs.setdefault(name, []).append(scores)
            overlaps.append(likeness)
            minutes.append(json.loads((folder / "cpu.json").read_text())["CPU minutes"])
            energy.append(1000 * read_fit(folder).energy_kwh)
        if not trained:
            continue
        extra[name] = {
            "mgeval overlap": over_seeds(overlaps),
            "parameters": parameters(writer),
            "CPU minutes": float(np.mean(minutes)),
            "training Wh": float(np.mean(energy)),
        }
    simple = trivial(windows, frozen(vae, out, smoke)[1])
    systems = {name: mean_of(own) for name, own in runs.items()} | {name: own for name, (own, _) in simple.items()}
    found = {name: own["mgeval overlap"].mean for name, own in extra.items()}
    found |= {name: overlap(notes, real) for name, (_, notes) in simple.items()}
    tunes = with_real(compare("Beside answers that never learned: the same unseen tunes", systems, COLUMNS), truth)
    like = Table(
        "How like real bars? mgeval", ("system", "overlap"), tuple(found.items()),
        f"mean over features of the overlap of distances, {len(real)} gaps of each; 1 is best",
    )  # fmt: skip
    return [across_seeds("Same data, steps and seeds", runs, COLUMNS, extra), tunes, differences(systems), like]


def score_released(out: Path, smoke: bool, vae: str, windows: Windows) -> tuple[Inpaint, list[Score], Table]:
    """Score the released system as it writes, and with its switches off, beside trivial answers."""
    writer = load_trained(out, "released", plan(smoke)["released"][0], smoke, vae)
    batches = gapped(windows.test)
    rows = {
        "released": score_writer(writer, batches)[0],
        "released, free of the key": score_writer(writer, batches, in_key=False)[0],
        "released, free of key and grid": score_writer(writer, batches, in_key=False, one_grid=False)[0],
    }
    rows |= {name: scores for name, (scores, _) in trivial(windows, frozen(vae, out, smoke)[1]).items()}
    table = compare("Released, beside answers that never learned", rows, COLUMNS)
    return writer, rows["released"], with_real(table, real_bars(windows)[0])


def card_facts(scores: Sequence[Score], done: Fit, windows: int) -> dict[str, Any]:
    """State what the bundle's card must say."""
    return {
        "what": "Fills missing bars of a melody in 4/4, given the bars around them.",
        "data": [
            f"{windows:,} windows of 16 bars of public-domain tunes (recipes/inpaint.py), from music21's corpus",
            "O'Neill's Music of Ireland (1903), Ryan's Mammoth Collection (1883), Aird's Airs (1778 to 1801)",
        ],
        "licence": "Apache-2.0",
        "metrics": means({"unseen tunes": scores}, COLUMNS),
        "limits": list(LIMITS),
        "recipe": "recipes/inpaint.py",
        **done.facts(),
    }


app = commands(__doc__)
OUT = Path("runs/inpaint")
VAE = typer.Option(OWN, help="bar VAE of the walks: own, trained first, or a bundle's name or folder: measure_vae")


@app.command()
def train(
    out: Out = OUT, smoke: Smoke = False, vae: str = VAE, only: Only = "", cache: Cache = CACHE, jobs: Jobs = 1
) -> None:
    """Train the released system and the study; continues where it stopped."""
    train_all(out, smoke, vae, only)


@app.command()
def evaluate(out: Out = OUT, smoke: Smoke = False, vae: str = VAE, cache: Cache = CACHE, jobs: Jobs = 1) -> None:
    """Score the released system beside the trivial answers."""
    print(score_released(out, smoke, vae, corpora(smoke))[2].text())


@app.command()
def report(
    out: Out = OUT, smoke: Smoke = False, vae: str = VAE, bundles: Bundles = None, cache: Cache = CACHE, jobs: Jobs = 1
) -> None:
    """Score everything, write the report and the bundle."""
    windows = corpora(smoke)
    writer, scores, released = score_released(out, smoke, vae, windows)
    tables = [*score_study(out, smoke, vae, windows), released]
    done = read_fit(out / "released")
    facts = card_facts(scores, done, len(windows.train))
    run.save(writer, (bundles or out / "bundles") / "inpaint", facts)
    finish(
        out,
        __doc__,
        "Inpainting",
        tables,
        curves={"released": done.curve}
        | {
            name: read_fit(folder).curve
            for name in VARIANTS
            if (folder := out / f"study/{name}/0").joinpath("done.json").exists()
        },
        invalid=INVALID,
        provenance=facts,
    )


if __name__ == "__main__":
    app()
