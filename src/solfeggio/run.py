"""How any listener runs: loading, devices, windows, borders, stitching, streams. Written once, for all."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from solfeggio import bundle, listeners
from solfeggio.answers import Answer
from solfeggio.audio import blocks, mono, resample
from solfeggio.contracts import Listener
from solfeggio.errors import BundleError, ConfigError, unknown

BLOCK = 10.0  # seconds read from disk at once


def systems() -> list[str]:
    """List the listeners: the folder listing is the registry.

    >>> "beats" in systems()
    True
    """
    return sorted(module.name for module in pkgutil.iter_modules(listeners.__path__))


def build(system: str, config: Any = None) -> Listener:
    """Make an untrained listener by name; ``config`` is its Config, a dict of its fields, or None for the defaults."""
    if system not in systems():
        raise unknown("system", system, systems())
    module = importlib.import_module(f"solfeggio.listeners.{system}")
    kind = next(
        v
        for v in vars(module).values()
        if isinstance(v, type) and v.__module__ == module.__name__ and issubclass(v, Listener)
    )
    if isinstance(config, dict):
        known = {f.name for f in dataclasses.fields(kind.Config)}
        for name in config:
            if name not in known:
                raise unknown(f"setting of {system}", name, known)
        config = kind.Config(**{k: tuple(v) if isinstance(v, list) else v for k, v in config.items()})
    return kind(config if config is not None else kind.Config())


def load(name: str | Path = "beats", device: str = "cpu") -> Listener:
    """Load a trained system by bundle name or folder, verified by hash and golden check, ready to hear.

    Raises ConfigError for an unknown name and BundleError for a bundle that is damaged or computes something else.

    >>> load("beats").spec.labels
    ('beat', 'downbeat')
    """
    stored = bundle.load(name)
    system = build(stored.config["system"], stored.config["config"])
    try:
        system.load_state_dict({key: torch.from_numpy(array) for key, array in stored.arrays.items()})
    except RuntimeError as error:
        raise BundleError(
            f"{stored.name}: weights do not fit the system", str(error).splitlines()[-1].strip()
        ) from None
    system.eval()
    wanted, got = stored.config["golden"]["logits"], golden(system)["logits"]
    for key, values in wanted.items():
        same = key in got and np.shape(values) == np.shape(got[key])
        if not same or not np.allclose(values, got[key], atol=1e-2, rtol=1e-2):
            raise BundleError(
                f"{stored.name} fails its golden check", f"logits '{key}' differ from those it was saved with"
            )
    return system.to(pick_device(device))


def save(system: Listener, path: Path, facts: dict[str, Any]) -> None:
    """Write a trained system as a bundle; refuses when facts are missing."""
    arrays = {key: value.detach().cpu().numpy() for key, value in system.state_dict().items()}
    name = type(system).__module__.rpartition(".")[2]
    config = dataclasses.asdict(system.config)
    bundle.save(path, system=name, config=config, arrays=arrays, golden=golden(system), facts=facts)


def golden(system: Listener, seed: int = 0) -> dict[str, Any]:
    """Hear one second of noise made from a seed: the logits that identify a trained system."""
    rng = np.random.default_rng(seed)
    samples = torch.from_numpy(rng.normal(0, 0.1, system.spec.rate).astype(np.float32))[None]
    training = system.training
    system.eval()
    with torch.inference_mode():
        logits = system.cpu()(system.prepare(samples))
    system.train(training)
    return {"seed": seed, "logits": {k: np.round(v[0].double().numpy(), 4).tolist() for k, v in logits.items()}}


def pick_device(name: str = "auto") -> torch.device:
    """Choose the device: cpu, cuda, cuda:1, mps, or auto for the best; raises ConfigError when it is not there."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    kind = name.partition(":")[0]
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if kind not in there:
        raise unknown("device", name, there)
    if not there[kind]:
        raise ConfigError(
            f"device '{name}'", "this machine or this PyTorch does not have it", "use --device auto or cpu"
        )
    return torch.device(name)


def hear(system: Listener, audio: Any, rate: int | None = None, **options: Any) -> Any:
    """Hear a recording: a file's path, or an array (channel, time) or (time,) of samples at ``rate`` Hz.

    Files are read, resampled and computed in windows, so memory does not grow with their length. options go to the
    system's decode: ``tempo=(60, 90)``. Returns the system's answer. Raises AudioError for what cannot be heard.

    >>> import numpy as np
    >>> len(hear(load("beats"), np.zeros((1, 22050), np.float32), 22050))
    0
    """
    return system.decode(logits(system, pieces(audio, system.spec.rate, rate)), **options)


def pieces(audio: Any, rate: int, own_rate: int | None = None) -> Iterator[np.ndarray]:
    """Give the mono samples (time,) of a file or array at ``rate`` Hz, piece by piece."""
    if isinstance(audio, (str, Path)):
        yield from (block.reshape(-1) for block in blocks(Path(audio), rate, BLOCK))
        return
    if own_rate is None:
        raise ConfigError("samples without a rate", "an array does not say how fast it was sampled", "give rate=44100")
    samples = np.atleast_2d(np.asarray(audio, np.float32))
    if not np.isfinite(samples).all():
        raise ConfigError(
            "samples hold NaN or infinity", "every sample must be a finite number", "clean the array first"
        )
    yield resample(mono(samples), own_rate, rate).reshape(-1)


def logits(system: Listener, samples: Iterable[np.ndarray]) -> dict[str, np.ndarray]:
    """Compute a system's logits (frame, label) over any length of samples, window by window.

    Each window carries the spec's border on both sides, so the result does not depend on where windows fall.
    """
    hop = int(system.spec.grid.hop(system.spec.rate))
    border = -(-round(system.spec.border * system.spec.rate) // hop)
    step = system.spec.grid.span(system.spec.window) if system.spec.window else None
    device = next(system.parameters()).device
    done: dict[str, list[np.ndarray]] = {}
    held, first, start = np.zeros(0, np.float32), 0, 0  # held[0] is sample first * hop; frames before start are done

    def compute(end: int | None) -> None:
        with torch.inference_mode():
            batch = torch.from_numpy(held if end is None else held[: (end + border - first) * hop])[None].to(device)
            for key, value in system(system.prepare(batch)).items():
                part = value[0, start - first : None if end is None else end - first]
                done.setdefault(key, []).append(part.float().cpu().numpy())

    for block in samples:
        held = np.concatenate([held, block])
        while step is not None and len(held) >= (start + step + border - first) * hop + hop:
            compute(start + step)
            start += step
            keep = max(start - border, 0)
            held, first = held[(keep - first) * hop :], keep
    if len(held) > (start - first) * hop:
        compute(None)
    if not done:  # no samples at all: the shape of an answer about nothing
        return {key: value[:0] for key, value in logits(system, [np.zeros(hop, np.float32)]).items()}
    return {key: np.concatenate(parts) for key, parts in done.items()}


def analyze(audio: Any, rate: int | None = None, device: str = "auto", **options: Any) -> dict[str, Answer]:
    """Hear all that shipped systems can hear in a recording: {"beats": Events, "metre": Segments, "tempo": Curve}.

    audio, rate and errors as for ``hear``; options (tempo, metres) go to the beats.
    """
    from solfeggio.notation import metres, tempo_curve

    beats = hear(load("beats", device), audio, rate, **options)
    return {"beats": beats, "metre": metres(beats), "tempo": tempo_curve(beats)}
