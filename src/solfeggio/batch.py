"""Many recordings: found in folders, worked on by one or several processes; what fails, fails alone."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from solfeggio.errors import ConfigError, MissingExtra, SolfeggioError

SOUNDS = frozenset(
    (".wav", ".flac", ".aiff", ".aif", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".wma", ".au", ".caf", ".w64")
)

Advance = Callable[[float], None]  # called with the seconds of audio just done


@dataclass(frozen=True)
class Item:
    """One recording to work on. prefix: where its results go, without a suffix, relative to the output folder."""

    source: Path
    prefix: Path


Job = Callable[[Item, Advance], Any]


@dataclass(frozen=True)
class Outcome:
    """What became of an item: the job's result, or the error in one line ("" when all went well).

    notes: warnings in one line each. bug: the error is not the user's. trace: Python's account of a bug.
    """

    item: Item
    result: Any = None
    notes: tuple[str, ...] = ()
    error: str = ""
    bug: bool = False
    trace: str = ""


def find(paths: Iterable[Path]) -> list[Item]:
    """List the recordings that files and folders name, each once; folders are walked for sound files, sorted.

    A file's results are named by its stem, a folder's by the path inside it. Our own click tracks (``.click.flac``) and
    hidden files are left out. Raises ConfigError for a folder without sound or one that may not be read.
    """
    items: dict[Path, Item] = {}
    for path in paths:
        if not path.is_dir():
            items.setdefault(_same(path), Item(path, Path(path.stem or path.name)))
            continue
        found = [p for p in _walk(path) if p.suffix.lower() in SOUNDS and not p.stem.endswith(".click")]
        if not found:
            raise ConfigError(
                f"{path} holds no sound files", f"none ends in {' '.join(sorted(SOUNDS))}", "name another folder"
            )
        for source in found:
            items.setdefault(_same(source), Item(source, source.relative_to(path).with_suffix("")))
    return list(items.values())


def _same(path: Path) -> Path:
    return path.absolute() if not path.exists() else path.resolve()


def _walk(folder: Path) -> list[Path]:
    def refuse(problem: OSError) -> None:
        raise ConfigError(f"{problem.filename} cannot be read", problem.strerror or str(problem), "check its rights")

    found = []
    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(parent) / name for name in sorted(names) if not name.startswith(".")]
    return found


def apart(items: Sequence[Item]) -> tuple[list[Item], list[Outcome]]:
    """Set aside, as failed, every item whose results would replace those of an earlier one."""
    taken: dict[str, Item] = {}
    kept, refused = [], []
    for item in items:
        first = taken.setdefault(str(item.prefix).casefold(), item)
        if first is item:
            kept.append(item)
        else:
            why = SolfeggioError(
                f"{item.source} is left out", f"its results would replace those of {first.source}", "rename it"
            )
            refused.append(Outcome(item, error=str(why)))
    return kept, refused


def output_folder(path: Path) -> Path:
    """Make the folder and try that it can be written to; raises ConfigError in one line."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except (OSError, ValueError) as problem:
        why = (getattr(problem, "strerror", None) or str(problem)).lower()
        if isinstance(problem, (FileExistsError, NotADirectoryError)):
            why = "a file is in the way"
        raise ConfigError(f"{path} cannot be written to", why, "choose another folder with -o") from None


def work(job: Job, items: Sequence[Item], jobs: int = 1, advance: Advance = lambda seconds: None) -> Iterator[Outcome]:
    """Do ``job(item, advance)`` for every item, in ``jobs`` processes, and give each outcome as it comes.

    job: a function that other processes can import. Each process gets its share of the processor's cores. An interrupt
    stops all of them; files being written then vanish.
    """
    if jobs == 1 or len(items) < 2:
        for item in items:
            yield _attempt(job, item, advance)
        return
    jobs = min(jobs, len(items))
    context = multiprocessing.get_context("spawn")
    heard, shown = context.Value("d", 0.0), 0.0
    threads = max(1, (os.cpu_count() or 1) // jobs)
    pool = ProcessPoolExecutor(jobs, context, _settle, (heard, threads))
    rest, waiting = iter(items), set[Future[Outcome]]()
    try:
        while True:
            waiting |= {pool.submit(_remote, job, item) for item in islice(rest, 4 * jobs - len(waiting))}
            if not waiting:
                break
            done, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
            advance(heard.value - shown)
            shown = heard.value
            for future in done:
                yield future.result()
    except BrokenProcessPool:
        raise SolfeggioError("a process died", "most likely it ran out of memory", "use fewer --jobs") from None
    except (KeyboardInterrupt, GeneratorExit):
        for child in multiprocessing.active_children():
            if child.pid:
                os.kill(child.pid, signal.SIGINT)
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def spread(job: Job, items: Sequence[Item], address: str, advance: Advance = lambda seconds: None) -> Iterator[Outcome]:
    """Do ``job(item, advance)`` for every item on the workers of a Dask cluster, and give each outcome as it comes.

    address: of its scheduler. Workers need this package and the same folders. Raises MissingExtra without
    dask.distributed and ConfigError when nobody answers.
    """
    try:
        from dask.distributed import Client, as_completed
    except ImportError:
        raise MissingExtra("--dask needs dask.distributed", "not installed", "pip install solfeggio[cluster]") from None
    try:
        client = Client(address, set_as_default=False)
    except (OSError, ValueError) as problem:
        raise ConfigError(f"no Dask scheduler at {address}", str(problem), "start one: dask scheduler") from None
    with client:
        for future in as_completed(client.map(partial(_counted, job), items, pure=False), loop=client.loop):
            outcome, seconds = future.result()
            advance(seconds)
            yield outcome


def _counted(job: Job, item: Item) -> tuple[Outcome, float]:
    done: list[float] = []
    return _attempt(job, item, done.append), sum(done)


_heard: Any = None  # seconds of audio done by all processes together


def _settle(heard: Any, threads: int) -> None:
    """Prepare a process of the pool; interrupts reach it only while it works on an item."""
    global _heard
    _heard = heard
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import torch

    torch.set_num_threads(threads)


def _remote(job: Job, item: Item) -> Outcome:
    def advance(seconds: float) -> None:
        with _heard.get_lock():
            _heard.value += seconds

    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return _attempt(job, item, advance)
    except KeyboardInterrupt:
        return Outcome(item, error=f"{item.source} was interrupted")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _attempt(job: Job, item: Item, advance: Advance) -> Outcome:
    log, notes = logging.getLogger("solfeggio"), _Notes(logging.WARNING)
    log.addHandler(notes)
    try:
        return Outcome(item, job(item, advance), tuple(notes.lines))
    except SolfeggioError as error:
        return Outcome(item, None, tuple(notes.lines), str(error))
    except MemoryError:
        return Outcome(item, None, tuple(notes.lines), f"{item.source} needs more memory than there is")
    except Exception as error:
        return Outcome(item, None, tuple(notes.lines), f"{item.source}: {bug(error)}", True, traceback.format_exc())
    finally:
        log.removeHandler(notes)


def bug(error: BaseException) -> str:
    """Say in one line that an error nobody planned for is ours.

    >>> bug(KeyError("a"))
    "this is a bug in solfeggio: KeyError: 'a' (please report it with what --debug shows)"
    """
    line = " ".join(f"{type(error).__name__}: {error}".split())
    return f"this is a bug in solfeggio: {line[:200]} (please report it with what --debug shows)"


class _Notes(logging.Handler):
    """Keeps the warnings that are logged while one item is worked on."""

    def __init__(self, level: int):
        super().__init__(level)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = " ".join(record.getMessage().split())
        if line not in self.lines:
            self.lines.append(line)
