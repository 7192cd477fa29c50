"""Corpora: named collections of songs that the band makes, one small file each in ``data/corpora``.

Song ``i`` of a corpus depends on the corpus and on ``i`` alone, never on how many are asked for: ten hours begin with
the same songs as one.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from solfeggio.band.desk import banks
from solfeggio.band.scores.arrange import SUFFIXES
from solfeggio.band.singing import voices
from solfeggio.band.style import load_style
from solfeggio.band.writing import mma
from solfeggio.data.band import CITATION, SIDES, SUNG, licence
from solfeggio.data.dataset import Dataset
from solfeggio.data.takes import Take, check
from solfeggio.errors import ConfigError, MissingExtra, unknown
from solfeggio.files import write_bytes

FOLDER = Path(__file__).parent / "corpora"
COLUMNS = ("id", "style", "key", "metre", "bpm", "seconds", "seed", "side", "family", "groove", "work", "cents")
MEAN_SECONDS = 72.0  # of a song, from which a number of hours becomes a number of songs


@dataclass(frozen=True)
class Corpus:
    """A collection of songs.

    about: one line for people. hours: its usual size. styles: taken in turn, names or paths of style files; none means
    all, drawn by weight. side: "train", "valid" or "test". family: of sound banks, or "sketch". seed: songs of two
    corpora with different seeds differ. voices: singers sing their words, where singers are installed.
    versions: of each work, one after the other: as first played, then changed as ``versions.version`` does.
    """

    name: str
    about: str
    hours: float = 1.0
    styles: tuple[str, ...] = ()
    side: str = "train"
    family: str = "A"
    seed: int = 0
    voices: bool = False
    versions: int = 1

    def take(self, number: int) -> Take:
        """Name song ``number``, from 0; nothing is made."""
        work, version = divmod(number, self.versions)
        style = self.styles[work % len(self.styles)] if self.styles else None
        seed = self.seed * 1_000_000 + work
        return Take(f"{self.name}-{number:05d}", seed, self.side, self.family, style, self.voices, version)

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
    Take(id='smoke-00001', seed=900000001, side='train', family='sketch', style='waltz', voices=False, version=0)
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
    return Dataset(found.name, tracks, _licence(found), CITATION)


def ready(take: Take) -> None:
    """Check that what a take needs is installed; raises MissingExtra that names the remedy."""
    if take.family != "sketch":
        try:
            banks.require(take.family)
        except MissingExtra as error:
            todo = f"{error.todo}; the plain synthesiser needs none: --family sketch, corpus smoke"
            raise MissingExtra(error.what, error.why, todo) from None
    if take.voices:
        voices.require()
    if take.style is not None and Path(take.style).suffix.lower() in SUFFIXES:
        return
    composer = load_style(take.style).composer if take.style is not None else ""
    if composer in ("", "mma"):
        mma.grooves()
    if composer in ("", "score") and find_spec("music21") is None:
        raise MissingExtra(
            "styles that play real scores need music21", "not installed", "pip install solfeggio[scores]"
        )


def begin(corpus: Corpus, folder: Path, *, rate: int, stems: str) -> Path:
    """Start to write a corpus into a folder, or go on; raises ConfigError when another one, or another way, lies there.

    rate: Hz. stems: as for ``takes.write_take``. Returns the folder.
    """
    check(rate, stems)
    wanted = _manifest(corpus) | {"rate": rate, "stems": stems}
    path = folder / "manifest.json"
    if path.is_file():
        try:
            held = json.loads(path.read_text("utf-8"))
        except ValueError:
            held = {}
        odd = [key for key, value in wanted.items() if held.get(key) != value]
        if odd:
            what = f"{folder} holds the corpus made otherwise"
            raise ConfigError(what, f"what differs: {', '.join(odd)}", "choose another folder with -o")
    else:
        write_bytes(path, _json(wanted))
    return folder


def finish(corpus: Corpus, folder: Path) -> Path:
    """Write index.csv, one line a song, and manifest.json, a SHA-256 for every file; returns the index."""
    songs = []
    for path in sorted(folder.glob(f"{corpus.name}-*/song.json")):
        songs.append(json.loads(path.read_text("utf-8")))
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*COLUMNS, "sounds"])
    for song in songs:
        rows.writerow([*(song[column] for column in COLUMNS), " ".join(sorted(set(song["sounds"].values())))])
    write_bytes(folder / "index.csv", text.getvalue().encode())
    path = folder / "manifest.json"
    files = {f"{song['id']}/{name}": digest for song in songs for name, digest in song["files"].items()}
    sizes = {"songs": len(songs), "seconds": round(sum(song["seconds"] for song in songs), 3)}
    write_bytes(path, _json(json.loads(path.read_text("utf-8")) | sizes | {"files": files}))
    return folder / "index.csv"


def _licence(corpus: Corpus) -> str:
    return licence(corpus.family) + (SUNG if corpus.voices else "")


def _manifest(corpus: Corpus) -> dict[str, Any]:
    own = {"citation": CITATION, "licence": _licence(corpus), "solfeggio": version("solfeggio")}
    return json.loads(json.dumps({**dataclasses.asdict(corpus), **own}))


def _json(table: dict[str, Any]) -> bytes:
    return (json.dumps(table, indent=1, ensure_ascii=False) + "\n").encode()


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
    if made.versions < 1:
        raise ConfigError(f"versions = {made.versions} in {path.name}", "every work has at least one")
    replace(made.take(0), voices=False).track()
    made.count()
    return made
