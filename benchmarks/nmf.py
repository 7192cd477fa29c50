"""NMF beside scikit-learn's on one spectrogram of 30 s: CPU seconds to the same cost, in one run on one thread.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 python benchmarks/nmf.py [--sound FILE] [--rank 4 ...]

The spectrogram has 1,025 bins and 2,600 frames (44.1 kHz, window 2,048, hop 512); without FILE it is that of chords and
drums made here. Both begin at the same templates and activations, drawn from seeds, in the same type. scikit-learn runs
until its own tolerance stops it, after 200 iterations at most; the cost it has then is our target, and we run until a
look (every 5 iterations) finds it reached to 1 in 10,000, its own tolerance; 400 iterations at most. Times are process
CPU seconds without initialisation and medians over the seeds; "reached" counts the seeds that got there, since other
ways down may end in other valleys, and the ratio is that of the medians over those. "plain" is how many
times faster our textbook multiplicative updates without momentum are, to the same target (for "cd" they are another
method, and often end above it).
"""

from __future__ import annotations

import os
import time
import warnings
from pathlib import Path

import numpy as np
import typer

from solfeggio import audio
from solfeggio.decode.nmf import nmf
from solfeggio.studies.table import Table

BINS, FRAMES, HOP, RATE = 1025, 2600, 512, 44100
SOLVERS = (("mu", "kl"), ("mu", "euclidean"), ("cd", "euclidean"))
PEER = {"kl": "kullback-leibler", "euclidean": "frobenius"}
STEP, MOST = 5, 400


def music(seed: int = 0) -> np.ndarray:
    """Make 31 seconds of chords of decaying partials, a kick, a snare and a hi-hat, two beats a second."""
    rng, t = np.random.default_rng(seed), np.arange(RATE) / RATE
    x = np.zeros(RATE * 33)
    kick, noise = np.sin(2 * np.pi * 60 * t) * np.exp(-t * 20), rng.normal(size=RATE)
    for beat in range(62):
        now = x[beat * RATE // 2 :][:RATE]
        for pitch in rng.choice([48, 52, 55, 57, 60, 62, 64, 67, 69, 72], 3, replace=False):
            f0 = 440 * 2 ** ((pitch - 69) / 12)
            now += 0.1 * sum(np.sin(2 * np.pi * f0 * n * t) * np.exp(-t * (2 + n)) / n for n in range(1, 12))
        now += 0.3 * (noise * np.exp(-t * 25) if beat % 2 else kick) + 0.05 * noise * np.exp(-t * 80)
    return x


def spectrum(x: np.ndarray) -> np.ndarray:
    """Return the first (1,025, 2,600) magnitudes; short sounds are repeated."""
    x = np.resize(x, (FRAMES - 1) * HOP + 2 * (BINS - 1))
    pieces = np.lib.stride_tricks.sliding_window_view(x, 2 * (BINS - 1))[::HOP]
    return np.abs(np.fft.rfft(pieces * np.hanning(2 * (BINS - 1)) / (BINS - 1))).T.copy()


def distance(v: np.ndarray, r: np.ndarray, cost: str) -> float:
    """Measure a factorisation, the same way for both, in float64."""
    v, r = np.asarray(v, np.float64), np.maximum(r, 1e-15)
    if cost == "kl":
        return float((v * np.log(np.maximum(v, 1e-15) / r) - v + r).sum())
    return float(0.5 * ((v - r) ** 2).sum())


def begin(v: np.ndarray, rank: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw templates and activations whose product has the mean of ``v``."""
    rng, level = np.random.default_rng(seed), np.sqrt(v.mean() / rank)
    w, h = rng.uniform(0.5, 1.5, (len(v), rank)), rng.uniform(0.5, 1.5, (rank, v.shape[1]))
    return (level * w).astype(v.dtype), (level * h).astype(v.dtype)


def peer(v: np.ndarray, w: np.ndarray, h: np.ndarray, solver: str, cost: str) -> tuple[float, int, float]:
    """Run scikit-learn; returns CPU seconds, iterations, cost."""
    from sklearn.decomposition import NMF

    model = NMF(len(h), init="custom", solver=solver, beta_loss=PEER[cost], max_iter=200)
    w, h = w.copy(), h.copy()
    before = time.process_time()
    w = model.fit_transform(v, W=w, H=h)
    seconds = time.process_time() - before
    return seconds, model.n_iter_, distance(v, np.float64(w) @ model.components_, cost)


def ours(v: np.ndarray, w: np.ndarray, h: np.ndarray, cost: str, target: float, fast: bool) -> float:
    """Run until the target; returns CPU seconds, nan if it is not reached."""
    equal = target * (1 + 1e-4)
    until = target * (1 + 5e-5)  # so that the rounding of our own count cannot help us
    before = time.process_time()
    found = nmf(
        v,
        cost=cost,
        templates=w,
        activations=h,
        iterations=MOST,
        every=STEP,
        tolerance=0.0,
        until=until,
        accelerate=fast,
    )
    seconds = time.process_time() - before
    reached = distance(v, np.float64(found.templates) @ found.activations, cost) <= equal
    return seconds if reached else float("nan")


def middle(values: np.ndarray) -> float:
    """Return the median of what is not nan."""
    return float(np.median(values[~np.isnan(values)])) if not np.isnan(values).all() else float("nan")


SOUND = typer.Option(None, help="a recording of your own instead of the made one")
RANK = typer.Option([4, 16, 64], help="number of templates")
PRECISION = typer.Option(["float64", "float32"], help="type of numbers, for both")
SEEDS = typer.Option(3, help="random starts")
PLAIN = typer.Option(True, help="time our plain multiplicative updates too")


def main(
    sound: Path | None = SOUND,
    rank: list[int] = RANK,
    precision: list[str] = PRECISION,
    seeds: int = SEEDS,
    plain: bool = PLAIN,
) -> None:
    if os.environ.get("OMP_NUM_THREADS") != "1":
        raise SystemExit("run with OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1, or ratios mean little")
    warnings.simplefilter("ignore")
    v = spectrum(audio.read(sound, RATE, mono=True)[0] if sound else music())
    rows = []
    for kind in precision:
        data = v.astype(kind)
        for count in rank:
            for solver, cost in SOLVERS:
                runs = []
                for seed in range(seeds):
                    w, h = begin(data, count, seed)
                    seconds, iterations, target = peer(data, w, h, solver, cost)
                    fast = ours(data, w, h, cost, target, True)
                    slow = ours(data, w, h, cost, target, False) if plain else float("nan")
                    runs.append((iterations, seconds, fast, slow))
                    print(kind, count, solver, cost, *runs[-1], target, flush=True)
                iterations, seconds, fast, slow = (middle(column) for column in np.array(runs, float).T)
                reached = int((~np.isnan(np.array(runs)[:, 2])).sum())
                name, ratio = f"{solver} {cost}", seconds / fast
                rows.append((kind, count, name, int(iterations), seconds, fast, ratio, reached, seconds / slow))
    columns = ("type", "rank", "scikit-learn", "iterations", "seconds", "ours", "times faster", "reached", "plain")
    print(Table("NMF: CPU seconds to scikit-learn's cost", columns, tuple(rows), "one thread").text())


if __name__ == "__main__":
    typer.run(main)
