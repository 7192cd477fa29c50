"""Corpora: named collections of songs that the band makes, one small file each in ``data/corpora``.

Song ``i`` of a corpus depends on the corpus and on ``i`` alone, never on how many are asked for: ten hours begin with
the same songs as one.
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from solfeggio.band.style import load_style
from solfeggio.data.band import CITATION, SIDES, licence
from solfeggio.data.dataset import Dataset
from solfeggio.data.takes import Take
from solfeggio.errors import ConfigError, unknown

FOLDER = Path(__file__).parent / "corpora"
MEAN_SECONDS = 72.0  # of a song, from which a number of hours becomes a number of songs


@dataclass(frozen=True)
class Corpus:
    """A collection of songs.

    about: one line for people. hours: its usual size. styles: taken in turn, names or paths of style files; none means
    all, drawn by weight. side: "train", "valid" or "test". family: of sound banks, or "sketch". seed: songs of two
    corpora with different seeds differ. voices: singers sing their words, where singers are installed.
    """

    name: str
    about: str
    hours: float = 1.0
    styles: tuple[str, ...] = ()
    side: str = "train"
    family: str = "A"
    seed: int = 0
    voices: bool = False

    def take(self, number: int) -> Take:
        """Name song ``number``, from 0; nothing is made."""
        style = self.styles[number % len(self.styles)] if self.styles else None
        seed = self.seed * 1_000_000 + number
        return Take(f"{self.name}-{number:05d}", seed, self.side, self.family, style, self.voices)

    def count(self, hours: float | None = None) -> int:
        """Give the number of songs that last about so long."""
        hours = self.hours if hours is None else hours
        if not 0 < hours <= 10_000:
            raise ConfigError(f"{hours} hours", "expected more than 0 and at most 10000")
        return max(1, math.ceil(hours * 3600 / MEAN_SECONDS))


@cache
def corpus_names() -> tuple[str, ...]:
    """List the corpora that come with the toolkit, sorted.

    >>> "smoke" in corpus_names()
    True
    """
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load_corpus(name: str | Path) -> Corpus:
    """Read a corpus by name, or a corpus file of your own by its path; raises ConfigError that says what is wrong.

    >>> load_corpus("smoke").take(1)
    Take(id='smoke-00001', seed=900000001, side='train', family='sketch', style='waltz', voices=False)
    """
    path = Path(name)
    if path.suffix != ".toml":
        if str(name) not in corpus_names():
            raise unknown("corpus", str(name), corpus_names())
        path = FOLDER / f"{name}.toml"
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as problem:
        raise ConfigError(f"corpus {path}", problem.strerror or str(problem), "give the path of a .toml file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(f"corpus {path}", f"it is not TOML: {problem}") from None
    return _checked(table, path)


def corpus(name: str | Path, hours: float | None = None, *, count: int | None = None) -> Dataset:
    """Make the dataset of a corpus; no song is composed before somebody asks for it.

    hours: about so much music, by default the corpus's usual size; or count: so many songs. Raises as ``load_corpus``.

    >>> [track.id for track in corpus("pop-1", count=2)]
    ['pop-1-00000', 'pop-1-00001']
    """
    found = load_corpus(name)
    tracks = tuple(found.take(i).track() for i in range(found.count(hours) if count is None else count))
    return Dataset(found.name, tracks, licence(found.family), CITATION)


def _checked(table: dict[str, Any], path: Path) -> Corpus:
    fields = {f.name: f for f in dataclasses.fields(Corpus)}
    for key, value in table.items():
        if key not in fields:
            raise unknown(f"setting in {path.name}", key, fields)
        wanted = {"float": (int, float), "tuple[str, ...]": (list,), "int": (int,), "bool": (bool,)}
        if not isinstance(value, wanted.get(str(fields[key].type), (str,))):
            raise ConfigError(f"{key} = {value!r} in {path.name}", f"expected {fields[key].type}")
    if "about" not in table:
        raise ConfigError(f"corpus {path.name}", "it has no 'about'", "say in one line what it is")
    styles = [str(s) if not str(s).endswith(".toml") else str(path.parent / s) for s in table.pop("styles", ())]
    made = Corpus(**{"name": path.stem} | table, styles=tuple(styles))
    if made.side not in SIDES:
        raise unknown(f"side in {path.name}", made.side, SIDES)
    for style in made.styles:
        load_style(style)
    made.take(0).track()
    made.count()
    return made
