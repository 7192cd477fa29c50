"""Styles: what the band plays, one small file each in ``band/styles``; anyone can write their own.

A style file is TOML: ``about`` and ``tempo`` are needed, everything else has a default. Programs are General MIDI
0..127. Tempo is in counted beats a minute: dotted quarters in 6/8 and 12/8, eighths in 7/8, halves in 2/2.
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from solfeggio.errors import ConfigError, unknown

FOLDER = Path(__file__).parent / "styles"
VOICE = (53, 54, 52, 85, 65, 73, 22)  # programs that stand in for a singer
COMPOSERS = ("players", "mma", "score", "chamber", "scene", "loops")


@dataclass(frozen=True)
class Layer:
    """A chord player: what it may play, on which programs, and how likely it is in the song.

    textures: names in ``textures.TEXTURES``. near: MIDI centre of its chords. voices: notes of a chord. low: lowest
    bass note.
    """

    textures: tuple[str, ...]
    programs: tuple[int, ...]
    odds: float = 1.0
    near: int = 58
    voices: int = 4
    low: int = 40


@dataclass(frozen=True)
class Lead:
    """A melody player; density, syncopation, rests and consonance as in ``melody.write_melody``.

    sings: it has words, and a voice where one is installed.
    """

    programs: tuple[int, ...] = VOICE
    odds: float = 0.8
    centre: int = 70
    density: float = 0.45
    syncopation: float = 0.2
    rests: float = 0.25
    consonance: float = 0.35
    sings: bool = False


@dataclass(frozen=True)
class Style:
    """One style of music.

    about: one line for people. tempo: lowest and highest counted beats a minute. composer: who writes it, one of
    COMPOSERS. families: mma groove families it plays, or kinds of ``chamber.KINDS`` (none means all). source: of the
    pieces of a "score" style, of ``repertoire.SOURCES``; each lead is then a set of players, top to bottom, its odds a
    weight. harmony: of ``form.FLAVOURS``. form: of ``plans.FORMS``. drums: sets of drum patterns, the first of a set is
    the song's. kits: drum kit programs. bass: patterns, with programs and how likely. swing: lowest, highest, and how
    likely. pair: quarters that swing divides. rubato: lowest and highest. breaks: how likely drums stop somewhere.
    loud: usual energy, 0..1. push: how likely a section anticipates downbeats by an eighth. weight: how often it is
    drawn when nobody asks for a style.
    """

    name: str
    about: str
    tempo: tuple[float, float]
    composer: str = "players"
    families: tuple[str, ...] = ()
    source: str = ""
    metres: dict[str, float] = field(default_factory=lambda: {"4/4": 1.0})
    harmony: str = "pop"
    form: str = "song"
    drums: tuple[tuple[str, ...], ...] = ()
    kits: tuple[int, ...] = (0, 8, 16)
    bass: tuple[str, ...] = ("syncopated",)
    bass_programs: tuple[int, ...] = (33, 34)
    bass_odds: float = 0.95
    layers: tuple[Layer, ...] = ()
    leads: tuple[Lead, ...] = ()
    swing: tuple[float, float, float] = (0.5, 0.5, 0.0)
    pair: float = 1.0
    rubato: tuple[float, float] = (0.0, 0.0)
    breaks: float = 0.3
    loud: float = 0.6
    push: float = 0.1
    weight: float = 1.0


@cache
def style_names() -> tuple[str, ...]:
    """List the styles that come with the band, sorted.

    >>> "bossa-nova" in style_names()
    True
    """
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load_style(name: str | Path) -> Style:
    """Read a style by name, or a style file of your own by its path; raises ConfigError that says what is wrong in it.

    >>> load_style("waltz").metres
    {'3/4': 1.0}
    """
    path = Path(name)
    if path.suffix != ".toml":
        if str(name) not in style_names():
            raise unknown("style", str(name), style_names())
        path = FOLDER / f"{name}.toml"
    return _load(path)


@cache
def _load(path: Path) -> Style:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as problem:
        raise ConfigError(f"style {path}", problem.strerror or str(problem), "give the path of a .toml file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(f"style {path}", f"it is not TOML: {problem}") from None
    table["layers"] = tuple(_make(Layer, row, path) for row in table.get("layers", ()))
    table["leads"] = tuple(_make(Lead, row, path) for row in table.get("leads", ()))
    style = _make(Style, {"name": path.stem} | table, path)
    if style.composer not in COMPOSERS:
        raise unknown(f"composer in {path.name}", style.composer, COMPOSERS)
    if len(style.tempo) != 2 or not 20 <= style.tempo[0] <= style.tempo[1] <= 400:
        raise ConfigError(f"tempo {style.tempo} in {path.name}", "expected lowest and highest, 20 to 400")
    return style


def _make(kind: Any, table: dict[str, Any], path: Path) -> Any:
    """Build a dataclass from a table, lists becoming tuples; a wrong name or type is the user's mistake."""
    fields = {f.name: f for f in dataclasses.fields(kind)}
    for key, value in table.items():
        if key not in fields:
            raise unknown(f"setting in {path.name}", key, fields)
        default = fields[key].default
        if default is not dataclasses.MISSING and not _fits(value, default):
            raise ConfigError(f"{key} = {value!r} in {path.name}", f"expected something like {default!r}")
    try:
        return kind(**{key: _frozen(value) for key, value in table.items()})
    except TypeError as problem:
        raise ConfigError(f"style {path.name}", str(problem).partition("__init__() ")[2] or str(problem)) from None


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, tuple):
        return isinstance(value, (list, tuple))
    if isinstance(default, (bool, str)):
        return isinstance(value, type(default))
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, (list, tuple)) else value
