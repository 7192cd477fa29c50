"""How any system runs: loading, devices, windows, borders, stitching, streams. Written once, for all."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from solfeggio import bundle, listeners, separating, writers
from solfeggio.answers import Answer, Curve, Events, Segments, Stems
from solfeggio.audio import blocks, info, mono, resample, sound_of
from solfeggio.contracts import Listener, Separator, Writer
from solfeggio.errors import BundleError, ConfigError, unknown

BLOCK = 10.0  # seconds read from disk at once
HELD = 1800.0  # seconds up to which a recording is kept in memory for all systems, 160 MB
ANSWERS: dict[str, dict[str, type[Answer]]] = {  # shipped system: what ``analyze`` answers with it
    "beats": {"beats": Events, "metre": Segments, "tempo": Curve},
    "chords": {"chords": Segments},
    "key": {"key": Segments},
    "structure": {"sections": Segments, "form": Segments},
    "drums": {"drums": Events},
    "instruments": {"instruments": Segments, "singing": Segments},
}
OPTIONS = {"beats": ("tempo", "metres"), "chords": ("vocabulary",)}  # of ``analyze``; the others have none
GIVEN = {"chords": ("beats",), "structure": ("beats",)}  # what helps a system when it was heard before


def systems() -> list[str]:
    """List the listeners: the folder listing is the registry.

    >>> "beats" in systems()
    True
    """
    return sorted(module.name for module in pkgutil.iter_modules(listeners.__path__))


def writing_systems() -> list[str]:
    """List the writers: the folder listing is the registry."""
    return sorted(module.name for module in pkgutil.iter_modules(writers.__path__))


def build(system: str, config: Any = None) -> Any:
    """Make an untrained listener or writer by name.

    config: its Config, a dict of its fields, or None for the defaults. Raises ConfigError for unknown names.
    """
    found = kind(system)
    if isinstance(config, dict):
        known = {f.name for f in dataclasses.fields(found.Config)}
        for name in config:
            if name not in known:
                raise unknown(f"setting of {system}", name, known)
        config = found.Config(**{k: tuple(v) if isinstance(v, list) else v for k, v in config.items()})
    return found(config if config is not None else found.Config())


def kind(system: str) -> Any:
    """Find the class of a system by name, without making it; raises ConfigError for unknown names."""
    floor = "listeners" if system in systems() else "writers"
    if floor == "writers" and system not in writing_systems():
        raise unknown("system", system, [*systems(), *writing_systems()])
    module = importlib.import_module(f"solfeggio.{floor}.{system}")
    return next(
        v
        for v in vars(module).values()
        if isinstance(v, type) and v.__module__ == module.__name__ and issubclass(v, (Listener, Writer))
    )


def load(name: str | Path = "beats", device: str = "cpu") -> Any:
    """Load a trained system by bundle name or folder, verified by hash and golden check, ready to hear or to write.

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


def save(system: Listener | Writer, path: Path, facts: dict[str, Any]) -> None:
    """Write a trained system as a bundle; refuses when facts are missing."""
    arrays = {key: value.detach().cpu().numpy() for key, value in system.state_dict().items()}
    name = type(system).__module__.rpartition(".")[2]
    config = dataclasses.asdict(system.config)
    bundle.save(path, system=name, config=config, arrays=arrays, golden=golden(system), facts=facts)


def golden(system: Listener | Writer, seed: int = 0) -> dict[str, Any]:
    """Logits that identify a trained system: of one second of noise made from a seed, or of a writer's example."""
    training = system.training
    system.cpu().eval()
    with torch.inference_mode():
        if isinstance(system, Writer):
            logits = system(system.example())
        else:
            rng = np.random.default_rng(seed)
            masked = isinstance(system, Separator)
            shape = (system.spec.channels, system.spec.rate) if masked else (system.spec.rate,)
            samples = torch.from_numpy(rng.normal(0, 0.1, shape).astype(np.float32))[None]
            logits = system(system.prepare(samples))
            if masked:  # masks hold a number for each bin: a few hundred of them identify the system
                logits = {k: v.reshape(1, -1)[:, :: max(1, v.numel() // 500)] for k, v in logits.items()}
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


def hear(
    system: Listener,
    audio: Any,
    rate: int | None = None,
    *,
    progress: Callable[[float], None] | None = None,
    **options: Any,
) -> Any:
    """Hear a recording: a file's path, or an array (channel, time) or (time,) of samples at ``rate`` Hz.

    Files are read, resampled and computed in windows, so memory does not grow with their length. progress is called
    with the seconds just read. options go to the system's decode: ``tempo=(60, 90)``. Returns the system's answer.
    Raises AudioError for what cannot be heard.

    >>> import numpy as np
    >>> len(hear(load("beats"), np.zeros((1, 22050), np.float32), 22050))
    0
    """
    if isinstance(system, Separator):
        return separate(system, audio, rate, progress=progress, **options)

    def watched() -> Iterator[np.ndarray]:
        for piece in pieces(audio, system.spec.rate, rate):
            yield piece
            if progress:
                progress(len(piece) / system.spec.rate)

    return system.decode(logits(system, watched()), **options)


def separate(
    system: Separator | str | Path,
    audio: Any,
    rate: int | None = None,
    *,
    device: str = "auto",
    progress: Callable[[float], None] | None = None,
    **options: Any,
) -> Stems:
    """Take a recording apart: its stems and the residual, which add up to it; as long and as fast as it is.

    system: a separator, or a bundle's name or folder, loaded once for the device. audio, rate, progress: as for
    ``hear``; a mono recording gives mono stems. options go to the system's ``spectra``. All stems are held in memory:
    for an hour take ``separating.parts``, or the command line. Raises AudioError for what cannot be heard and
    ConfigError for a system that does not separate.
    """
    loaded = separator(system, device)
    found = list(separating.parts(loaded, audio, rate, progress=progress, **options))
    labels = loaded.spec.labels
    if not found:
        nothing = np.zeros((len(np.atleast_2d(audio)), 0), np.float32)
        return Stems(labels, np.zeros((len(labels), *nothing.shape)), int(rate or 0), nothing)
    sounds, residuals = (np.concatenate(each, -1) for each in zip(*found, strict=True))
    sounds.flags.writeable = residuals.flags.writeable = False  # so that they are not copied
    return Stems(labels, sounds, rate or info(audio).rate, residuals)


def separator(system: Separator | str | Path, device: str = "auto") -> Separator:
    """Load a separator once for many recordings; raises ConfigError for a system that does not separate."""
    loaded = system if isinstance(system, Separator) else shipped(bundle.folder(system), device)
    if not isinstance(loaded, Separator):
        raise ConfigError(f"{system} does not separate", "its answers are not stems", f"hear: solfeggio hear {system}")
    return loaded


def pieces(audio: Any, rate: int, own_rate: int | None = None) -> Iterator[np.ndarray]:
    """Give the mono samples (time,) of a file or array at ``rate`` Hz, piece by piece."""
    if isinstance(audio, (str, Path)):
        yield from (block.reshape(-1) for block in blocks(Path(audio), rate, BLOCK))
        return
    if own_rate is None:
        raise ConfigError("samples without a rate", "an array does not say how fast it was sampled", "give rate=44100")
    heard = resample(mono(sound_of(audio)), own_rate, rate).reshape(-1)
    step = int(BLOCK * rate)
    yield from (heard[start : start + step] for start in range(0, len(heard), step))


def logits(system: Listener, samples: Iterable[np.ndarray]) -> dict[str, np.ndarray]:
    """Compute a system's logits (frame, label) over any length of samples, window by window.

    Each window carries the spec's border on both sides, so the result does not depend on where windows fall. A system
    that was training is put into evaluation mode.
    """
    system.eval()
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

    for block in samples if step is not None else [np.concatenate([held, *samples])]:
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


class Stream:
    """Hear live sound: give samples as they come and get what became certain. Made by ``stream``."""

    def __init__(self, system: Listener, rate: int, every: float, **options: Any):
        import soxr

        spec = system.spec
        self.system, self.tracker = system.eval(), system.tracker(**options)
        self.hop = int(spec.grid.hop(spec.rate))
        self.border = -(-round(spec.border * spec.rate) // self.hop)
        self.wait = round((spec.border if spec.lookahead is None else spec.lookahead) * spec.rate)  # samples
        self.every = max(1, spec.grid.span(every))  # frames computed at once
        self.converter = None if rate == spec.rate else soxr.ResampleStream(rate, spec.rate, 1, dtype="float32")
        self.nothing = logits(system, [])
        self.held, self.first, self.start = np.zeros(0, np.float32), 0, 0  # as in ``logits``

    def step(self, samples: np.ndarray, last: bool = False) -> Any:
        """Take the next samples, (time,) or (channel, time), any number; returns the answer's next part."""
        block = mono(np.atleast_2d(np.asarray(samples, np.float32))).reshape(-1)
        if self.converter is not None:
            block = self.converter.resample_chunk(block, last=last)
        self.held = np.concatenate([self.held, block])
        settled = -(-len(self.held) // self.hop) if last else max(0, len(self.held) - self.wait) // self.hop
        ready = self.first + settled
        if ready - self.start < (1 if last else self.every):
            return self.tracker.step(self.nothing)
        with torch.inference_mode():
            batch = torch.from_numpy(self.held)[None].to(next(self.system.parameters()).device)
            found = self.system(self.system.prepare(batch))
        part = {k: v[0, self.start - self.first : ready - self.first].float().cpu().numpy() for k, v in found.items()}
        self.start, keep = ready, max(ready - self.border, 0)
        self.held, self.first = self.held[(keep - self.first) * self.hop :], keep
        return self.tracker.step(part)

    def flush(self) -> list[Any]:
        """End the music; returns the last two parts of the answer."""
        return [self.step(np.zeros(0, np.float32), last=True), self.tracker.flush()]


def stream(system: Listener, rate: int, every: float = 0.2, **options: Any) -> Stream:
    """Hear live sound at ``rate`` Hz: ``step(samples)`` gives what became certain, ``flush()`` the rest.

    A beat comes at most spec.lookahead + ``every`` + ``lag`` seconds after it falls (causal bundle, defaults: 1.4 s).
    every: seconds computed at once. options: ``lag`` and those of the system's decode. Raises ConfigError for systems
    that need the whole recording.

    >>> import numpy as np
    >>> live = stream(build("beats", {"causal": True, "stem": (4, 8, 8), "width": 8}), 44100)
    >>> len(live.step(np.zeros(4410, np.float32)))
    0
    """
    return Stream(system, rate, every, **options)


@functools.lru_cache(maxsize=8)
def shipped(folder: Path, device: str) -> Listener:
    """Load a bundle once for many recordings; what is given is shared, so it must not be trained further."""
    return load(folder, device)


def analyze(
    audio: Any,
    rate: int | None = None,
    device: str = "auto",
    *,
    progress: Callable[[float], None] | None = None,
    **options: Any,
) -> dict[str, Answer]:
    """Hear all that shipped systems can hear in a recording, by the names of ``ANSWERS``: beats, metre, chords...

    A system whose bundle is missing is left out. audio, rate, progress and errors as for ``hear``; each option goes to
    the system that knows it (``OPTIONS``): tempo, metres, vocabulary.
    """
    from solfeggio.notation import metres, tempo_curve

    tasks = heard()
    check_options(tasks, options)
    source = _held(audio, rate)
    answers: dict[str, Answer] = {}

    def part(seconds: float) -> None:
        if progress:
            progress(seconds / len(tasks))

    for task in tasks:
        system = shipped(bundle.folder(task), device)
        own = {name: value for name, value in options.items() if name in OPTIONS.get(task, ())}
        samples, own_rate = source(system.spec.rate)
        found = hear(system, samples, own_rate, progress=part, **_given(task, answers), **own)
        answers["sections" if task == "structure" else task] = found
        if task == "beats":
            answers |= {"metre": metres(found), "tempo": tempo_curve(found)}
        elif task == "structure":
            long = isinstance(samples, (str, Path))  # then letters would need it all at once
            letters = Segments([], []) if long else system.letters(samples, found)  # type: ignore[operator]
            answers["form"] = letters
        elif task == "instruments":
            answers["singing"] = system.singing(found)  # type: ignore[operator]
    return answers


def heard() -> list[str]:
    """List the systems that ``analyze`` runs: beats, and those of ``ANSWERS`` whose bundle is there.

    >>> heard()[0]
    'beats'
    """
    there = bundle.names()
    return [task for task in ANSWERS if task in there or task == "beats"]


def check_options(tasks: Iterable[str], options: Iterable[str]) -> None:
    """Raise ConfigError for an option that none of these systems knows; systems that are not shipped know any.

    >>> check_options(["beats"], ["tempo"])
    """
    known = [name for task in tasks for name in OPTIONS.get(task, () if task in ANSWERS else options)]
    for name in options:
        if name not in known:
            raise unknown("option", name, known)


def _given(task: str, answers: dict[str, Answer]) -> dict[str, Answer]:
    """What was heard before and helps a task, where anything was heard."""
    return {name: answers[name] for name in GIVEN.get(task, ()) if len(answers.get(name, ()))}  # type: ignore[arg-type]


def _held(audio: Any, rate: int | None) -> Callable[[int], tuple[Any, int | None]]:
    """Give a recording to several systems: read and resampled once where it is short, read by each where it is long."""
    held: dict[int, np.ndarray] = {}
    long = isinstance(audio, (str, Path)) and (info(audio).seconds or np.inf) > HELD

    def source(at: int) -> tuple[Any, int | None]:
        if long:
            return audio, None
        if at not in held:
            held[at] = np.concatenate([np.zeros(0, np.float32), *pieces(audio, at, rate)])
        return held[at], at

    return source
