"""What a person at the terminal sees while recordings are heard, on stderr: progress, warnings, errors, a summary."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import typer

from solfeggio import audio
from solfeggio.batch import Item, Outcome, apart, work
from solfeggio.errors import SolfeggioError

MOST_MEASURED = 200  # recordings whose lengths are looked up for the progress bar


class Listening:
    """Shows a run: a bar in seconds of audio on a terminal, plain lines elsewhere; ``quiet`` leaves only errors.

    doing: what is done to the items, in a word. total: seconds of audio in all of them (None: they are measured).
    """

    def __init__(
        self,
        items: Sequence[Item],
        quiet: bool = False,
        debug: bool = False,
        *,
        doing: str = "hearing",
        total: float | None = None,
    ):
        self.items, self.quiet, self.debug, self.doing, self.total = items, quiet, debug, doing, total
        self.began, self.seconds = time.monotonic(), 0.0
        self._bar: Any = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        if not self.debug:  # decoders and libraries talk to stderr on their own
            self._stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            self._stack.enter_context(audio.hushed())
        if not self.quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            total = _length(self.items) if self.total is None else self.total
            of = "" if total is None else "/{task.total:.0f}"
            columns = (BarColumn(), TextColumn("{task.completed:.0f}" + of + " s of audio"), TimeRemainingColumn())
            bar = Progress(
                TextColumn(self.doing),
                *columns,
                console=Console(stderr=True, highlight=False, markup=False),
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._bar = self._stack.enter_context(bar), bar.add_task(self.doing, total=total)
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.close()
        self._bar = None

    def advance(self, seconds: float) -> None:
        """Count seconds of audio just heard."""
        self.seconds += seconds
        if self._bar:
            self._bar[0].advance(self._bar[1], seconds)

    def show(self, outcome: Outcome) -> None:
        """Say what was odd or wrong about a recording, each in one line."""
        for note in () if self.quiet else outcome.notes:
            self._say(f"warning: {note}")
        if outcome.error:
            if self.debug and outcome.trace:
                self._say(outcome.trace.rstrip())
            self._say(f"error: {outcome.error}")

    def sum_up(self, skipped: int, outcomes: Sequence[Outcome]) -> None:
        """Say how much was heard, how fast, and what failed."""
        if self.quiet:
            return
        failed = [outcome.item.source for outcome in outcomes if outcome.error]
        spent = time.monotonic() - self.began
        count = len(outcomes) - len(failed)
        parts = [f"{count} recording{'' if count == 1 else 's'} done, {self.seconds:.0f} s of audio in {spent:.1f} s"]
        parts += [f"{skipped} skipped"] if skipped else []
        parts += [
            f"{len(failed)} failed: {', '.join(map(str, failed[:5]))}{', ...' if len(failed) > 5 else ''}"
        ] * bool(failed)
        self._say("; ".join(parts))

    def _say(self, line: str) -> None:
        if self._bar:
            self._bar[0].console.print(line, soft_wrap=True)
        else:
            print(line, file=sys.stderr)


def work_through(
    job: Callable[..., Any],
    items: Sequence[Any],
    out: Path | None,
    done: Sequence[str],
    jobs: int,
    quiet: bool,
    debug: bool,
    doing: str = "hearing",
) -> None:
    """Work through recordings with progress on stderr and results on stdout; ends with the exit code.

    done: ends of the files' names, behind the item's prefix, whose presence says that a recording is done already.
    """
    kept, outcomes = apart(items)
    todo = [i for i in kept if not (done and out and all((out / f"{i.prefix}{end}").is_file() for end in done))]
    with Listening(todo, quiet, debug, doing=doing) as screen:
        for outcome in outcomes:
            screen.show(outcome)
        for outcome in work(job, todo, jobs, screen.advance):
            outcomes.append(outcome)
            screen.show(outcome)
    for outcome in outcomes:
        if isinstance(outcome.result, str):
            sys.stdout.write(outcome.result)
        elif outcome.result and not quiet:
            print(outcome.result[0])
    if out is not None and (len(items) > 1 or not any(outcome.error for outcome in outcomes)):
        screen.sum_up(len(items) - len(todo) - sum(1 for o in outcomes if o.item not in todo), outcomes)
    if any(outcome.error for outcome in outcomes):
        raise typer.Exit(1 if any(outcome.bug for outcome in outcomes) else 2)


def _length(items: Sequence[Item]) -> float | None:
    """Seconds of audio in all recordings, or None when they are too many to look at."""
    if len(items) > MOST_MEASURED:
        return None
    total = 0.0
    for item in items:
        try:
            total += audio.info(item.source).seconds or 0.0
        except SolfeggioError:
            continue
    return total
