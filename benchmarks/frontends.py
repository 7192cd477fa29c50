"""Constant-Q front-ends beside librosa and nnAudio, in one run: seconds, ratios, and how far the numbers lie apart.

    python benchmarks/frontends.py [--seconds 30] [--json frontends.json]

Every library gets the same sound, one thread, and the best of three runs (CPU seconds; on a GPU, those that pass) after
a first that does not count. What can be built once (kernels, layers) is built before the clock starts, where a library
lets one; librosa's functions build their filters in each call. Differences are taken where no frame reaches the edges,
which libraries pad differently, after scaling ours by the square root of each filter's length, librosa's convention.
TOLERANCE says what counts as equal: the norm of the difference over the norm of theirs. Peers that are not installed
are left out and named. With CUDA, libraries that can use it run there too.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer

from solfeggio.frontends.chroma import Chroma
from solfeggio.frontends.constant_q import ConstantQ
from solfeggio.studies.table import Table

RATE, HOP, C1 = 22050, 512, 32.703
HARMONICS = (0.5, 1, 2, 3, 4, 5)
OURS = "solfeggio"
TOLERANCE = {"CQT": 0.03, "CQT, 36 an octave": 0.03, "VQT": 0.05, "HCQT": 0.05, "chroma": 0.05}
Front = Callable[[torch.Tensor], Any]


@dataclass(frozen=True)
class Case:
    """One transform. make: by library, a function (device) that builds what turns (1, time) samples into magnitudes."""

    name: str
    make: dict[str, Callable[[str], Front]]
    on_gpu: tuple[str, ...] = (OURS, "nnAudio")


def ours(device: str, low: float, bins: int, per_octave: int, **options: Any) -> Front:
    front = ConstantQ(RATE, HOP, low, bins, per_octave, **options).to(device)
    roots = front.lengths.sqrt().float().to(device)[:, :, None]
    return lambda samples: (front(samples)[0] * roots).flatten(0, 1)


def librosa_vqt(device: str, lows: list[float], bins: int, per_octave: int, gamma: float | None) -> Front:
    import librosa

    def run(samples: torch.Tensor) -> np.ndarray:
        x = samples[0].numpy()
        given = {"sr": RATE, "hop_length": HOP, "n_bins": bins, "bins_per_octave": per_octave, "tuning": 0.0}
        found = [np.abs(librosa.vqt(x, fmin=low, gamma=gamma, **given)) for low in lows]
        frames = min(one.shape[1] for one in found)  # a frame more or less at the end, by how low the lowest bin is
        return np.concatenate([one[:, :frames] for one in found])

    return run


def nnaudio_cqt(device: str, lows: list[float], bins: int, per_octave: int, kind: str = "CQT2010v2") -> Front:
    from nnAudio.features import cqt

    given = {"sr": RATE, "hop_length": HOP, "n_bins": bins, "bins_per_octave": per_octave, "verbose": False}
    layers = [getattr(cqt, kind)(fmin=low, **given).to(device) for low in lows]
    return lambda samples: torch.cat([layer(samples)[0] for layer in layers])


def librosa_chroma(device: str) -> Front:
    import librosa

    roots = np.sqrt(ConstantQ(RATE, HOP, C1, 252, 36).lengths.numpy().T)
    cqt = librosa_vqt(device, [C1], 252, 36, 0.0)
    return lambda samples: librosa.feature.chroma_cqt(C=cqt(samples) / roots, sr=RATE, hop_length=HOP)


def our_chroma(device: str) -> Front:
    front = Chroma(RATE, HOP, scale=0.0).to(device)
    return lambda samples: front(samples)[0, 0]


def cqt_case(name: str, per_octave: int) -> Case:
    bins = 7 * per_octave
    return Case(
        name,
        {
            OURS: partial(ours, low=C1, bins=bins, per_octave=per_octave),
            "librosa": partial(librosa_vqt, lows=[C1], bins=bins, per_octave=per_octave, gamma=0.0),
            "nnAudio": partial(nnaudio_cqt, lows=[C1], bins=bins, per_octave=per_octave, kind="CQT1992v2"),
            "nnAudio, octave by octave": partial(nnaudio_cqt, lows=[C1], bins=bins, per_octave=per_octave),
        },
        (OURS, "nnAudio", "nnAudio, octave by octave"),
    )


LOWS = [2 * C1 * harmonic for harmonic in HARMONICS]
CASES = (
    cqt_case("CQT", 12),
    cqt_case("CQT, 36 an octave", 36),
    Case(
        "VQT",
        {
            OURS: partial(ours, low=C1, bins=168, per_octave=24, gamma=None),
            "librosa": partial(librosa_vqt, lows=[C1], bins=168, per_octave=24, gamma=None),
        },
    ),
    Case(
        "HCQT",
        {
            OURS: partial(ours, low=2 * C1, bins=48, per_octave=12, harmonics=HARMONICS),
            "librosa": partial(librosa_vqt, lows=LOWS, bins=48, per_octave=12, gamma=0.0),
            "nnAudio": partial(nnaudio_cqt, lows=LOWS, bins=48, per_octave=12, kind="CQT1992v2"),
        },
    ),
    Case("chroma", {OURS: our_chroma, "librosa": librosa_chroma}),
)


def music(seconds: float) -> torch.Tensor:
    """Chords of decaying harmonics, a glide and a little noise, from a seed: (1, time)."""
    rng, count = np.random.default_rng(0), int(seconds * RATE)
    at, x = np.arange(count) / RATE, np.zeros(count)
    for start in np.arange(0, seconds, 0.5):
        since = np.maximum(at - start, 0)
        shape = np.where(at >= start, np.exp(-3 * since) * np.minimum(since / 0.01, 1), 0)
        for midi in rng.choice(np.arange(36, 84), 4, replace=False):
            hz = 440 * 2 ** ((midi - 69) / 12)
            x += shape * sum(np.sin(2 * np.pi * hz * h * since) / h for h in range(1, 6) if hz * h < RATE / 2)
    x += np.sin(2 * np.pi * 300 * at * (1 + 0.01 * at)) + 0.01 * rng.normal(size=count)
    return torch.from_numpy((0.5 * x / np.abs(x).max()).astype(np.float32))[None]


def measure(front: Front, samples: torch.Tensor, runs: int = 3) -> tuple[np.ndarray, float]:
    """Run once to warm up, then ``runs`` times; returns magnitudes (bin, frame) and the best seconds."""
    best = np.inf
    clock = time.perf_counter if samples.is_cuda else time.process_time  # others on this machine do not count
    with torch.inference_mode():
        found = front(samples)
        for _ in range(runs):
            began = clock()
            found = front(samples)
            if samples.is_cuda:
                torch.cuda.synchronize()
            best = min(best, clock() - began)
    return np.asarray(found.cpu() if isinstance(found, torch.Tensor) else found, np.float64), best


def compare(case: Case, samples: torch.Tensor, device: str) -> list[tuple[Any, ...]]:
    """Rows of one transform on one device, ours first."""
    rows: list[tuple[Any, ...]] = []
    minutes = samples.shape[-1] / RATE / 60
    sound, reference, own = samples.to(device), np.zeros(0), 1.0
    for library, make in case.make.items():
        if device != "cpu" and library not in case.on_gpu:
            continue
        try:
            found, seconds = measure(make(device), sound)
        except ImportError as error:
            print(f"left out {library}: {error}", file=sys.stderr)
            continue
        if library == OURS:
            reference, own = found, seconds
            rows.append((case.name, device, library, seconds / minutes, 1.0, None, None, None))
            continue
        frames = slice(50, min(found.shape[1], reference.shape[1]) - 50)  # about a second from each edge
        apart, theirs = reference[:, frames] - found[:, frames], found[:, frames]
        norm = float(np.linalg.norm(apart) / np.linalg.norm(theirs))
        largest = float(np.abs(apart).max() / np.abs(theirs).max())
        rows.append(
            (case.name, device, library, seconds / minutes, seconds / own, norm, largest, norm <= TOLERANCE[case.name])
        )
    return rows


SECONDS = typer.Option(30.0, help="length of the sound, at least 5")
JSON = typer.Option(None, "--json", help="file that gets the rows")


def main(seconds: float = SECONDS, out: Path | None = JSON) -> None:
    torch.set_num_threads(1)
    samples = music(max(seconds, 5.0))
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    rows = [row for device in devices for case in CASES for row in compare(case, samples, device)]
    columns = ("transform", "device", "library", "s per minute", "times ours", "difference", "largest", "equal")
    note = "difference: norm over norm; largest: over the largest magnitude; equal: difference within " + ", ".join(
        f"{value:g} ({name})" for name, value in TOLERANCE.items()
    )
    print(Table("Front-ends, one thread, same sound", columns, tuple(rows), note).text())
    if out is not None:
        out.write_text(json.dumps([dict(zip(columns, row, strict=True)) for row in rows], indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    typer.run(main)
