"""Separators beside their peers and beside the clock: CPU seconds in one run on one thread.

    OMP_NUM_THREADS=1 python benchmarks/separation.py [--seconds 20]

Open-Unmix's network with random weights, ours and the package openunmix's (``pip install --no-deps openunmix``; its
torchaudio is not needed), with ours copied into it: outputs must be equal, in mono and in stereo. The multichannel
Wiener filter beside norbert's and openunmix's, on the same guesses; the largest difference relative to the loudest bin.
Then every separator of the house in its configurations, untrained, on the same stereo noise: how many times faster than
real time, whole, with reading, windows and resynthesis. Peers that are not installed are left out, and it says so.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import time
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import typer

from solfeggio import run
from solfeggio.contracts import Separator
from solfeggio.decode.wiener import wiener
from solfeggio.nets.unmix import Unmix
from solfeggio.studies.table import Table

RATE, BINS, HEARD = 44100, 2049, 1487
NAMES = {  # ours to openunmix's
    "first": "fc1", "first_norm": "bn1", "lstm": "lstm", "second": "fc2", "second_norm": "bn2", "third": "fc3",
    "third_norm": "bn3", "input.shift": "input_mean", "input.scale": "input_scale", "output_shift": "output_mean",
    "output_scale": "output_scale",
}  # fmt: skip


def best(work: Callable[[], Any], times: int = 3) -> float:
    """CPU seconds of the fastest of a few runs."""
    spent = []
    for _ in range(times):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent)


def peer(name: str) -> Any:
    """Import a module of a peer, or None; openunmix asks for torchaudio, of which we need nothing."""
    if importlib.util.find_spec(name.partition(".")[0]) is None:
        return None
    if "torchaudio" not in sys.modules and importlib.util.find_spec("torchaudio") is None:
        sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    return importlib.import_module(name)


def copied(ours: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Our weights under openunmix's names."""
    out = {}
    for key, value in ours.items():
        whole, _, last = key.rpartition(".")
        out[NAMES[key] if key in NAMES else f"{NAMES[whole]}.{last}"] = value
    return out


def networks(frames: int) -> Table:
    """Open-Unmix's network, ours and its own."""
    rows: list[tuple[Any, ...]] = []
    model = peer("openunmix.model")
    for channels, name in ((1, "mono"), (2, "stereo")):
        torch.manual_seed(0)
        ours = Unmix(BINS, HEARD, channels, 512).eval()
        for tensor in ours.state_dict().values():
            if tensor.is_floating_point():
                tensor += 0.01 * torch.rand(tensor.shape)  # nothing is left at 0 or 1
        level = torch.rand(1, channels, BINS, frames)
        with torch.inference_mode():
            row: list[Any] = [name, best(lambda: ours(level) * level)]  # noqa: B023
            if model is None:
                rows.append((*row, None, None, None))
                continue
            theirs = model.OpenUnmix(BINS, channels, max_bin=HEARD).eval()
            theirs.load_state_dict(copied(ours.state_dict()))
            difference = (ours(level) * level - theirs(level)).abs().max() / theirs(level).abs().max()
            row += [best(lambda: theirs(level.clone())), float(difference)]  # noqa: B023
        rows.append((*row[:3], row[2] / row[1], f"{row[3]:.1e}"))
    note = "" if model else "openunmix is not installed: left out"
    return Table("Open-Unmix's network", ("", "ours, s", "openunmix, s", "ratio", "difference"), tuple(rows), note)


def filters(frames: int) -> Table:
    """The Wiener filter, ours and others'."""
    rng = np.random.default_rng(0)
    shape = (2, BINS, frames)
    mixture = (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)
    guess = rng.uniform(0, 1, (4, *shape)).astype(np.float32)
    turned, guesses = mixture.transpose(2, 1, 0), guess.transpose(3, 2, 1, 0)
    ours = wiener(mixture, guess, 1)
    rows: list[tuple[Any, ...]] = [("ours", best(lambda: wiener(mixture, guess, 1), 2), 1.0, None)]
    norbert, filtering = peer("norbert"), peer("openunmix.filtering")
    if norbert:
        wide = turned.astype(np.complex128)

        def work() -> np.ndarray:
            return norbert.wiener(guesses, wide, 1, use_softmask=False)

        off = np.abs(work().transpose(3, 2, 1, 0) - ours).max() / np.abs(ours).max()
        rows.append(("norbert", best(work, 1), best(work, 1) / rows[0][1], f"{off:.1e}"))
    if filtering:
        x = torch.view_as_real(torch.from_numpy(np.ascontiguousarray(turned)).to(torch.complex128))
        v = torch.from_numpy(np.ascontiguousarray(guesses)).double()

        def other() -> np.ndarray:
            return torch.view_as_complex(filtering.wiener(v, x, 1).transpose(-1, -2).contiguous()).numpy()

        off = np.abs(other().transpose(3, 2, 1, 0) - ours).max() / np.abs(ours).max()
        rows.append(("openunmix", best(other, 1), best(other, 1) / rows[0][1], f"{off:.1e}"))
    missing = [name for name, module in (("norbert", norbert), ("openunmix", filtering)) if not module]
    note = f"{', '.join(missing)} not installed: left out" if missing else ""
    return Table("Wiener filter, 4 stems, 1 iteration", ("", "s", "ours is faster by", "difference"), tuple(rows), note)


def separators(seconds: float) -> Table:
    """Every separator of the house in every configuration but tiny ones, on stereo noise."""
    noise = np.random.default_rng(0).normal(0, 0.1, (2, round(seconds * RATE))).astype(np.float32)
    rows = []
    for name in run.systems():
        if not issubclass(run.kind(name), Separator):
            continue
        module = importlib.import_module(f"solfeggio.listeners.{name}")
        for label, config in module.CONFIGS.items():
            if label.startswith("tiny"):
                continue
            torch.manual_seed(0)
            system = run.build(name, config)
            size = sum(p.numel() for p in system.parameters())
            spent = best(lambda: run.separate(system, noise, RATE), 1)  # noqa: B023
            rows.append((f"{name} {label}", len(system.spec.labels), size, seconds / spent))
            print(f"{name} {label}: {seconds / spent:.1f} times real time", flush=True)
    return Table("Separators", ("system", "stems", "parameters", "times real time"), tuple(rows))


def main(seconds: float = 20.0) -> None:
    torch.set_num_threads(1)
    frames = round(seconds * RATE / 1024)
    for table in (networks(frames), filters(frames), separators(seconds)):
        print(table.text(), "\n", flush=True)


if __name__ == "__main__":
    typer.run(main)
