"""Comparing two sets of melodies, beside a plain loop over every pair, in one run: seconds, their ratio, equality.

    python benchmarks/melodies.py [--pieces 500] [--band] [--features pitch_range,...] [--seed 0]

Half of the pieces is one set, half the other: tunes of chance from a seed, or with --band melodies that the band
composed. The loop is the way of the published tool (Yang and Lerch 2020): the features of each piece note by note,
the distance of each pair by ``numpy.linalg.norm`` with one piece left out in turn, kernel densities by scipy's
``gaussian_kde`` on the same grids. It is written here from the description. Seconds are CPU time of one thread.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import typer
from scipy import stats

from solfeggio.errors import ConfigError, unknown
from solfeggio.metrics.melodies import FEATURES, LENGTHS, compare
from solfeggio.studies.table import Table

BARS = 8
COLUMNS = (
    "intra a",
    "intra b",
    "inter",
    "inter std",
    *(f"{k} published {s}" for k in ("KLD", "overlap") for s in "ab"),
)


def chance(count: int, seed: int) -> list[np.ndarray]:
    """Draw tunes of 20 to 120 notes: rows of start, end, pitch in quarters, with rests."""
    rng = np.random.default_rng(seed)
    tunes = []
    for n in rng.integers(20, 120, count):
        length = rng.choice([0.25, 0.5, 1, 1.5, 2], n, p=[0.1, 0.4, 0.3, 0.1, 0.1])
        start = np.cumsum(length) - length + np.cumsum(rng.choice([0, 0.5], n, p=[0.9, 0.1]))
        pitch = np.clip(67 + np.cumsum(rng.integers(-4, 5, n)), 48, 96)
        tunes.append(np.stack([start, start + length, pitch], 1))
    return tunes


def composed(count: int, seed: int) -> list[np.ndarray]:
    """Let the band compose: the melody of each song that has one, its notes alone."""
    from solfeggio.band.compose import compose

    tunes: list[np.ndarray] = []
    while len(tunes) < count:
        parts = {part.name: part.notes for part in compose(seed).parts}
        tunes += [parts["melody"]] if len(parts.get("melody", ())) else []
        seed += 1
    return tunes


def measure(name: str, notes: np.ndarray) -> np.ndarray:
    """Measure one feature of one piece note by note."""
    bars = [[row for row in notes if 4 * i <= row[0] < 4 * i + 4] for i in range(BARS)]
    pitches = [int(row[2]) for row in notes]
    if name == "pitch_count":
        return np.array(float(len(set(pitches))))
    if name == "pitch_count_per_bar":
        return np.array([float(len({row[2] for row in bar})) for bar in bars])
    if name == "note_count":
        return np.array(float(len(notes)))
    if name == "note_count_per_bar":
        return np.array([float(len(bar)) for bar in bars])
    if name == "pitch_class_histogram":
        return histogram(notes, 0, np.inf)
    if name == "pitch_class_histogram_per_bar":
        return np.array([histogram(notes, 4 * i, 4 * i + 4) for i in range(BARS)])
    if name == "pitch_class_transitions":
        return transitions([pitch % 12 for pitch in pitches], 12)
    if name == "pitch_range":
        return np.array(float(max(pitches) - min(pitches)))
    if name == "mean_interval":
        return np.array(np.mean(np.abs(np.diff(pitches))))
    if name == "mean_inter_onset":
        return np.array(np.mean(np.diff([row[0] for row in notes])))
    rests = name.endswith("with_rests")
    kinds = lengths(notes, rests)
    if name.startswith("note_length_transitions"):
        return transitions(kinds, 24 if rests else 12)
    return np.bincount(kinds, minlength=24 if rests else 12) / len(kinds)


def histogram(notes: np.ndarray, low: float, high: float) -> np.ndarray:
    found = np.zeros(12)
    for start, end, pitch in notes[:, :3]:
        found[int(pitch) % 12] += max(min(end, high) - max(start, low), 0)
    return found / found.sum() if found.sum() else found


def transitions(kinds: Sequence[int], size: int) -> np.ndarray:
    found = np.zeros((size, size))
    for before, after in pairwise(kinds):
        found[before, after] += 1
    return found


def lengths(notes: np.ndarray, rests: bool) -> list[int]:
    table, kinds, silent = np.array([*LENGTHS.values()]), [], np.inf
    for start, end in notes[:, :2]:
        off = np.abs(table - (start - silent)).round(6)
        kinds += [int(off.argmin()) + 12] if rests and off.min() < 1 / 8 else []
        kinds.append(int(np.abs(table - (end - start)).round(6).argmin()))
        silent = end if silent == np.inf else max(silent, end)
    return kinds


def by_loop(name: str, left: list[np.ndarray], right: list[np.ndarray]) -> dict[str, float]:
    """Compare one feature of two sets pair by pair."""
    a, b = ([measure(name, notes) for notes in pieces] for pieces in (left, right))
    intra_a = np.array([np.linalg.norm(x - y) for i, x in enumerate(a) for j, y in enumerate(a) if i != j])
    intra_b = np.array([np.linalg.norm(x - y) for i, x in enumerate(b) for j, y in enumerate(b) if i != j])
    inter = np.array([np.linalg.norm(x - y) for x in a for y in b])
    row = {"intra a": intra_a.mean(), "intra b": intra_b.mean(), "inter": inter.mean(), "inter std": inter.std()}
    for key, intra in (("a", intra_a), ("b", intra_b)):
        p, q = stats.gaussian_kde(intra), stats.gaussian_kde(inter)
        own = [np.linspace(x.min(), x.max(), 1000) for x in (intra, inter)]
        row[f"KLD published {key}"] = stats.entropy(p(own[0]), q(own[1]))
        both = np.linspace(min(intra.min(), inter.min()), max(intra.max(), inter.max()), 1000)
        row[f"overlap published {key}"] = np.trapezoid(np.minimum(p(both), q(both)), both)
    return {key: float(value) for key, value in row.items()}


PIECES = typer.Option(500, help="pieces of both sets together")
BAND = typer.Option(False, "--band", help="melodies that the band composed, not tunes of chance")
NAMES = typer.Option("", help="features, between commas; all by default")
SEED = typer.Option(0, help="first seed")


def main(pieces: int = PIECES, band: bool = BAND, features: str = NAMES, seed: int = SEED):
    names = features.split(",") if features else list(FEATURES)
    if pieces < 4:
        raise SystemExit(str(ConfigError(f"{pieces} pieces", "each set needs two")))
    if wrong := [name for name in names if name not in FEATURES]:
        raise SystemExit(str(unknown("feature", wrong[0], FEATURES)))
    tunes = (composed if band else chance)(pieces, seed)
    left, right = tunes[: pieces // 2], tunes[pieces // 2 :]
    compare(left[:3], right[:3], ["pitch_range"], bars=BARS)  # imports do not count
    rows, total = [], [0.0, 0.0]
    for name in names:
        times, found = [], []
        for way in (lambda n: compare(left, right, [n], bars=BARS, most=pieces)[n], lambda n: by_loop(n, left, right)):
            begin = time.process_time()
            found.append(way(name))
            times.append(time.process_time() - begin)
        ours, loop = found
        apart = max(abs(ours[key] - loop[key]) / max(abs(loop[key]), 1e-9) for key in COLUMNS)
        rows.append((name, *times, times[1] / times[0], f"{apart:.0e}", "equal" if apart < 1e-6 else "NOT EQUAL"))
        total = [total[i] + times[i] for i in range(2)]
    rows.append(("all", *total, total[1] / total[0], "", ""))
    columns = ("feature", "ours (s)", "loop (s)", "times faster", "apart", "")
    note = f"{len(left)} and {len(right)} pieces; apart: greatest relative difference of {len(COLUMNS)} numbers"
    print(Table("Two sets of melodies compared", columns, tuple(rows), note).text())
    if any(row[-1] == "NOT EQUAL" for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    typer.run(main)
