"""One family of errors. Each message says what was given, what was expected and what to do.

SolfeggioError                 all that this package raises on purpose; the command line makes it one line, exit code 2
├── AudioError                 a sound file that cannot be read, decoded or written
├── FormatError                a label, MIDI or JAMS file that does not hold what its name promises
├── AnswerError                an answer whose arrays contradict each other (unsorted, negative, wrong shape)
├── NotationError              written music that an encoding or a writer cannot hold (polyphony, another metre, range)
├── ConfigError                a setting, name or option that is unknown or out of range
├── BundleError                a trained system on disk that is missing, changed or incomplete
├── DataError                  a dataset that is missing, leaks between splits or contradicts its labels
└── MissingExtra               an optional dependency or system package that is not installed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SolfeggioError(Exception):
    """What went wrong, why, and what to do: three parts, one line.

    >>> print(SolfeggioError("a.mp3 cannot be read", "it is empty", "check the file"))
    a.mp3 cannot be read: it is empty (check the file)
    """

    def __init__(self, what: str, why: str = "", todo: str = ""):
        self.what, self.why, self.todo = what, why, todo
        line = what + (f": {why}" if why else "") + (f" ({todo})" if todo else "")
        super().__init__(" ".join(line.split()))


class AudioError(SolfeggioError):
    """A sound file that cannot be read, decoded or written."""


class FormatError(SolfeggioError):
    """A label, MIDI or JAMS file that does not hold what its name promises."""


class AnswerError(SolfeggioError):
    """An answer whose arrays contradict each other."""


class NotationError(SolfeggioError):
    """Written music that an encoding or a writer cannot hold."""


class ConfigError(SolfeggioError):
    """A setting, name or option that is unknown or out of range."""


class BundleError(SolfeggioError):
    """A trained system on disk that is missing, changed or incomplete."""


class DataError(SolfeggioError):
    """A dataset that is missing, leaks between splits or contradicts its labels."""


class MissingExtra(SolfeggioError):
    """An optional dependency or system package that is not installed."""


def unknown(kind: str, given: str, known: Iterable[str]) -> ConfigError:
    """Build the error for a name that is not in a table, with the nearest one that is.

    >>> print(unknown("system", "beets", ["beats", "chords"]))
    unknown system 'beets': known are beats, chords (did you mean 'beats'?)
    """
    names = sorted(known)
    near = difflib.get_close_matches(given, names, 1)
    todo = f"did you mean '{near[0]}'?" if near else "choose one of them"
    return ConfigError(f"unknown {kind} '{given}'", f"known are {', '.join(names) or 'none'}", todo)
