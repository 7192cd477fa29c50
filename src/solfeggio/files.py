"""Writing files: whole or not at all. The only place that creates or replaces a file on disk."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from solfeggio.errors import SolfeggioError


@contextmanager
def replacing(path: str | os.PathLike[str], error: type[SolfeggioError] = SolfeggioError) -> Iterator[Path]:
    """Give a temporary path to write to; it takes the place of ``path`` when the block ends, and goes when it fails.

    The temporary file lies in the same folder, which must exist. Raises ``error`` in one line when the folder is
    missing or protected, the disk is full, or ``path`` is a folder or a device.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(Path(folder) / "a.txt") as temporary:
    ...         _ = temporary.write_text("done")
    ...     (Path(folder) / "a.txt").read_text()
    'done'
    """
    target = Path(path)
    what = f"{target} cannot be written"
    try:
        if "\0" in str(target):
            raise error(what, "its name holds a zero byte", "choose another name")
        if target.is_dir():
            raise error(what, "it is a folder", "name a file in it")
        if os.path.lexists(target) and not target.is_file():
            raise error(what, "it is not a regular file", "choose another name")
        if not target.parent.is_dir():
            raise error(what, f"there is no folder {target.parent}", "make it first")
        temporary = target.parent / f".solfeggio-{secrets.token_hex(6)}.tmp"
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as problem:
        raise error(what, _reason(problem), "choose a folder that you may write to") from problem
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as problem:
        raise error(what, _reason(problem), "check the disk and the rights of the folder") from problem
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike[str], data: bytes, error: type[SolfeggioError] = SolfeggioError) -> None:
    """Write ``data`` to ``path``, whole or not at all; raises ``error`` as ``replacing`` does."""
    with replacing(path, error) as temporary:
        temporary.write_bytes(data)


def write_together(contents: Mapping[Path, bytes], error: type[SolfeggioError] = SolfeggioError) -> None:
    """Write several files, all or none: they take their places when the last one is whole; raises as ``replacing``."""
    with ExitStack() as stack:
        for path, data in contents.items():
            stack.enter_context(replacing(path, error)).write_bytes(data)


def _reason(problem: OSError) -> str:
    text = problem.strerror or str(problem)
    return text[:1].lower() + text[1:]
