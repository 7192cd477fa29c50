"""How a listener learns: features cached once, excerpts drawn, a thin layer over Lightning. It knows no task."""

from __future__ import annotations

import dataclasses
import glob
import hashlib
import json
import logging
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from solfeggio import answers as answer_types
from solfeggio.answers import Answer
from solfeggio.audio import mono, resample
from solfeggio.contracts import Listener
from solfeggio.data.dataset import Dataset, Track
from solfeggio.errors import DataError, MissingExtra
from solfeggio.files import replacing, write_bytes
from solfeggio.run import build

Lesson = Callable[[Listener, torch.Tensor, dict[str, torch.Tensor]], tuple[torch.Tensor, dict[str, torch.Tensor]]]


@dataclass(frozen=True)
class Budget:
    """How long and how fast to learn."""

    steps: int = 4000  # batches, rounded up to whole checks
    batch: int = 16  # excerpts
    excerpt: float = 24.0  # seconds
    rate: float = 2e-3  # highest learning rate of AdamW; one warm-up, then a cosine down to nothing
    decay: float = 1e-2  # weight decay
    stretch: float = 1.25  # excerpts are played up to this many times faster or slower, half of the time
    check: int = 250  # steps between validations
    threads: int = 0  # 0: as many as there are cores
    precision: str = "bf16-mixed"  # Lightning's word for the arithmetic; weights stay in 32 bits


@dataclass(frozen=True, eq=False)
class Item:
    """One prepared recording: features (channel, bin, frame) in half precision and its truth."""

    id: str
    features: np.ndarray
    answers: dict[str, Answer]
    groups: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fit:
    """What a training was: losses by step (rows of the curve), seconds and kilowatt-hours (estimated by codecarbon)."""

    curve: list[dict[str, float]]
    seconds: float
    energy_kwh: float
    seed: int

    def facts(self) -> dict[str, Any]:
        """State what a bundle's card says of a training."""
        return {
            "seeds": [self.seed],
            "training time": f"{self.seconds / 60:.0f} minutes of one core",
            "training energy": f"{1000 * self.energy_kwh:.1f} Wh, estimated by codecarbon",
        }


def in_stages(stages: Sequence[Fit]) -> Fit:
    """Add up trainings that went on from each other: the last one's curve and seed, everybody's time and energy."""
    seconds, energy = sum(fit.seconds for fit in stages), sum(fit.energy_kwh for fit in stages)
    return dataclasses.replace(stages[-1], seconds=seconds, energy_kwh=energy)


def read_fit(folder: Path) -> Fit:
    """Read what a training was, from the done.json that recipes write beside its weights."""
    return Fit(**json.loads((folder / "done.json").read_text()))


def feature_key(system: Listener) -> str:
    """Name what ``prepare`` computes: systems with the same features get the same name and share a cache."""
    noise = np.random.default_rng(0).normal(0, 0.1, system.spec.rate).astype(np.float32)
    with torch.inference_mode():
        features = system.cpu().prepare(torch.from_numpy(noise)[None]).numpy()
    return hashlib.sha256(np.round(features, 2).tobytes() + repr(features.shape).encode()).hexdigest()[:12]


def _prepare_track(system: str, config: dict[str, Any], track: Track, path: Path) -> str | None:
    """Compute and store the features of one track; returns what went wrong, or None.

    The truth is that of other features of the track in this cache, where there are any: composing it costs more.
    """
    torch.set_num_threads(1)
    listener = build(system, config)
    try:
        samples, rate = track.audio()
        signal = resample(mono(samples), rate, listener.spec.rate).reshape(1, -1)
        with torch.inference_mode():
            features = listener.prepare(torch.from_numpy(np.ascontiguousarray(signal)))[0].half().numpy()
        answers, groups = _truth(track, path)
    except Exception as error:  # one bad song must not end a corpus; the caller reports and counts it
        return f"{track.id}: {type(error).__name__}: {error}"
    arrays: dict[str, np.ndarray] = {"features": features, "groups": np.array(json.dumps(groups))}
    for task, answer in answers.items():
        arrays[f"{task}:type"] = np.array(type(answer).__name__)
        for f in dataclasses.fields(answer):  # type: ignore[arg-type]
            if (value := getattr(answer, f.name)) is not None:
                arrays[f"{task}.{f.name}"] = np.asarray(value)
    with replacing(path, DataError) as part, part.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    return None


def _truth(track: Track, path: Path) -> tuple[dict[str, Answer], dict[str, str]]:
    """Answers and groups of a track, from beside ``path`` in the cache if they are kept there."""
    for other in sorted(path.parent.parent.glob(f"*/{glob.escape(path.name)}")):
        with np.load(other, allow_pickle=False) as stored:
            answers, groups = _stored_truth(stored)
        if set(track.answers) <= set(answers):
            return answers, groups
    return dict(track.answers), dict(track.groups)


def _stored_truth(stored: Any) -> tuple[dict[str, Answer], dict[str, str]]:
    answers = {}
    for task in (key.removesuffix(":type") for key in stored.files if key.endswith(":type")):
        kind = getattr(answer_types, str(stored[f"{task}:type"]))
        values = {f.name: stored[f"{task}.{f.name}"] for f in dataclasses.fields(kind) if f"{task}.{f.name}" in stored}
        answers[task] = kind(**{k: v.tolist() if v.dtype.kind == "U" else v for k, v in values.items()})
    return answers, json.loads(str(stored["groups"]))


def read_item(path: Path) -> Item:
    """Read one cached recording."""
    with np.load(path, allow_pickle=False) as stored:
        return Item(path.stem, stored["features"], *_stored_truth(stored))


def prepare(
    system: Listener, dataset: Dataset, cache: Path, jobs: int = 1, log: Callable[[str], None] = print
) -> list[Item]:
    """Compute the features of every track once, in ``jobs`` processes, and read them back; resumable at any point.

    Raises DataError when more than one track in ten fails.
    """
    folder = cache / dataset.name / feature_key(system)
    folder.mkdir(parents=True, exist_ok=True)
    name, config = type(system).__module__.rpartition(".")[2], dataclasses.asdict(system.config)
    missing = [track for track in dataset if not (folder / f"{track.id}.npz").exists()]
    if missing:
        with ProcessPoolExecutor(jobs) if jobs > 1 else _Here() as pool:
            tasks = [pool.submit(_prepare_track, name, config, t, folder / f"{t.id}.npz") for t in missing]
            problems = []
            for count, task in enumerate(tasks, 1):
                if problem := task.result():
                    problems.append(problem)
                    log(f"left out {problem}")
                if count % 50 == 0:
                    log(f"{dataset.name}: {count} of {len(missing)} prepared")
        if len(problems) > len(dataset) / 10:
            raise DataError(f"{dataset.name}: {len(problems)} of {len(dataset)} tracks fail", problems[0])
    return [read_item(path) for track in dataset if (path := folder / f"{track.id}.npz").exists()]


class _Here:
    """A pool of one that works in this process."""

    def __enter__(self) -> _Here:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def submit(self, work: Callable[..., Any], *args: Any) -> Any:
        done = work(*args)
        return type("Done", (), {"result": lambda self: done})()


class Excerpts(torch.utils.data.IterableDataset):
    """Endless random excerpts of prepared recordings, some played faster or slower, with their targets."""

    def __init__(self, system: Listener, task: str, items: Sequence[Item], budget: Budget, seed: int):
        self.system, self.task, self.items, self.budget = system, task, items, budget
        self.seed = seed

    def __iter__(self) -> Iterable[tuple[torch.Tensor, dict[str, torch.Tensor]]]:  # type: ignore[override]
        rng = np.random.default_rng(self.seed)
        weights = np.array([item.features.shape[-1] for item in self.items], float)
        weights /= weights.sum()
        while True:
            item = self.items[rng.choice(len(self.items), p=weights)]
            faster = self.budget.stretch ** rng.uniform(-1, 1) if rng.random() < 0.5 else 1.0
            frames = self.system.spec.grid.span(self.budget.excerpt)
            first = int(rng.integers(0, max(1, item.features.shape[-1] - int(frames * faster))))
            yield excerpt(self.system, self.task, item, first, frames, faster)


def excerpt(
    system: Listener, task: str, item: Item, first: int, frames: int, faster: float = 1.0
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Cut ``frames`` frames from frame ``first`` on, played ``faster``; what lies beyond the end is silence."""
    grid = system.spec.grid
    need = int(np.ceil(frames * faster)) + 1
    piece = item.features[..., first : first + need].astype(np.float32)
    piece = np.pad(piece, ((0, 0), (0, 0), (0, need - piece.shape[-1])))
    if faster == 1.0:
        piece = piece[..., :frames]
    else:
        place = np.arange(frames) * faster
        low = place.astype(int)
        share = (place - low).astype(np.float32)
        piece = piece[..., low] * (1 - share) + piece[..., np.minimum(low + 1, need - 1)] * share
    start = float(first / grid.rate)
    truth = item.answers[task].cut(start, start + float(need / grid.rate)).stretch(1 / faster)
    return torch.from_numpy(np.ascontiguousarray(piece)), system.targets(truth, frames)


def fit(
    system: Listener,
    train: Sequence[Item],
    valid: Sequence[Item],
    lesson: Lesson,
    budget: Budget,
    seed: int,
    folder: Path,
    task: str | None = None,
    log: Callable[[str], None] = print,
) -> Fit:
    """Train a listener in place and return the curve; continues from ``folder`` when a run was cut off there.

    train, valid: prepared recordings. lesson: turns a batch into a loss. task: which of the items' answers is the truth
    (the listener's own name by default). Raises MissingExtra without Lightning and DataError without recordings.
    """
    if not train or not valid:
        raise DataError("nothing to learn from", f"{len(train)} recordings to train on, {len(valid)} to validate on")
    name = task or type(system).__module__.rpartition(".")[2]
    frames = system.spec.grid.span(budget.excerpt)
    fixed: Any = [excerpt(system, name, item, 0, frames) for item in valid]

    def batches(done: int) -> Iterable[Any]:
        return torch.utils.data.DataLoader(Excerpts(system, name, train, budget, seed + done), budget.batch)

    checked = torch.utils.data.DataLoader(fixed, budget.batch)
    return learn(system, batches, checked, lambda s, batch: lesson(s, *batch), budget, seed, folder, log)


def learn(
    system: torch.nn.Module,
    batches: Callable[[int], Iterable[Any]],
    checked: Iterable[Any],
    step: Callable[[Any, Any], tuple[torch.Tensor, dict[str, torch.Tensor]]],
    budget: Budget,
    seed: int,
    folder: Path,
    log: Callable[[str], None] = print,
) -> Fit:
    """Train any network in place: what listeners and writers share. Continues from ``folder`` as ``fit`` does.

    batches: given how many checks are done already, endless training batches. checked: batches to validate on. step:
    (system, batch) to the loss and its named parts. budget: excerpt and stretch do not matter here.
    """
    try:
        import lightning
        from codecarbon import OfflineEmissionsTracker
        from lightning.pytorch.callbacks import ModelCheckpoint
    except ImportError as error:
        raise MissingExtra(
            f"training needs {error.name}", "it is an optional dependency", "pip install 'solfeggio[train]'"
        ) from None
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("lightning.pytorch", "codecarbon"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    if budget.threads:
        torch.set_num_threads(budget.threads)
    check = min(budget.check, budget.steps)
    steps = -(-budget.steps // check) * check
    curve_path, began = folder / "curve.json", time.monotonic()
    past: dict[str, Any] = (
        json.loads(curve_path.read_text()) if curve_path.exists() else {"curve": [], "seconds": 0.0, "energy_kwh": 0.0}
    )
    curve: list[dict[str, float]] = past["curve"]

    class Student(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.system = system
            self.sums: dict[str, float] = {}
            self.count = 0

        def training_step(self, batch: Any, index: int) -> torch.Tensor:
            loss, parts = step(self.system, batch)
            for key, value in parts.items():
                self.sums[key] = self.sums.get(key, 0.0) + float(value.detach())
            self.count += 1
            return loss

        def validation_step(self, batch: Any, index: int) -> None:
            _, parts = step(self.system, batch)
            for key, value in parts.items():
                self.log(f"valid {key}", value, on_epoch=True, on_step=False)

        def on_validation_epoch_end(self) -> None:
            if self.trainer.sanity_checking:
                return
            row: dict[str, float] = {"step": self.global_step}
            row |= {f"train {key}": value / max(self.count, 1) for key, value in self.sums.items()}
            row |= {k: float(v) for k, v in self.trainer.callback_metrics.items() if k.startswith("valid ")}
            self.sums, self.count = {}, 0
            curve.append(row)
            write_bytes(curve_path, json.dumps(spent()).encode())
            log(" ".join(f"{k} {v:.4g}" for k, v in row.items()))

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.AdamW(self.parameters(), budget.rate, weight_decay=budget.decay)
            schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, budget.rate, steps, pct_start=0.1)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def spent() -> dict[str, Any]:
        used = tracker._total_energy.kWh if tracker else 0.0
        return {
            "curve": curve,
            "seconds": past["seconds"] + time.monotonic() - began,
            "energy_kwh": past["energy_kwh"] + used,
        }

    torch.manual_seed(seed)
    tracker = OfflineEmissionsTracker(
        country_iso_code="FRA", save_to_file=False, log_level="critical", measure_power_secs=30
    )
    tracker.start()
    student = Student()
    last = folder / "last.ckpt"
    trainer = lightning.Trainer(
        max_steps=steps,
        val_check_interval=check,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        gradient_clip_val=1.0,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
        callbacks=[
            ModelCheckpoint(
                folder, save_last=True, save_top_k=0, every_n_train_steps=check, enable_version_counter=False
            )
        ],
        accelerator="auto",
        precision=budget.precision,  # type: ignore[arg-type]
    )
    try:
        trainer.fit(student, batches(len(curve)), checked, ckpt_path=last if last.exists() else None)
    finally:
        tracker.stop()
    system.cpu().eval()
    done = spent()
    write_bytes(curve_path, json.dumps(done).encode())
    return Fit(done["curve"], done["seconds"], done["energy_kwh"], seed)
