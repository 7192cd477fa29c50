"""The written music the band can play: pieces of music21's corpus, split so that one tune is only ever on one side.

Of the corpus are used, each long out of copyright, in encodings given to it for use and free of further conditions:

bach       four-part chorales, J. S. Bach (MusicXML; those in Humdrum, whose encoding is under copyright, are left out)
tunes      O'Neill's Music of Ireland (1903), Ryan's Mammoth Collection (1883), Aird's Airs (1778 to 1801)
quartets   string quartets of Haydn, Mozart and Beethoven, movement by movement

"freedoom" are the songs of that game, from its own package (``wads``).

Not used: Essen (for non-commercial use only, its status unclear), Palestrina and Josquin (encodings under copyright),
Trecento and Ciconia (CC-BY-SA), lead sheets (songs under copyright).

Two pieces are one tune when their titles agree, or the first notes of their bars do, whatever the key. Pieces that were
read are kept in ``$SOLFEGGIO_CACHE`` (or the user's cache folder) as plain arrays.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import unicodedata
import zipfile
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from solfeggio.band.scores.music21_sheet import read_abc, read_sheet
from solfeggio.band.scores.sheet import Bar, Sheet
from solfeggio.band.scores.wads import game_songs, read_game_song
from solfeggio.band.song import Part
from solfeggio.band.writing.mma import side
from solfeggio.errors import FormatError, MissingExtra, unknown
from solfeggio.files import write_bytes

SOURCES: dict[str, tuple[str, ...]] = {  # source -> files in the corpus
    "bach": ("bach/*.mxl",),
    "tunes": ("oneills1850/*.abc", "ryansMammoth/*.abc", "airdsAirs/*.abc"),
    "freedoom": (),
    "quartets": ("haydn/*/*.mxl", "mozart/k80/*.mxl", "mozart/k15*/*.mxl", "mozart/k458/*.mxl", "beethoven/*/*.mxl"),
}
METRES = {"C": "4/4", "C|": "2/2"}
PLAIN = {"jig", "reel", "hornpipe", "air", "march", "minuet", "quickstep", "untitled", "polka", "waltz", "strathspey"}
VERSION = 2  # of what the cache holds


@dataclass(frozen=True)
class Piece:
    """One piece: its name "ryansMammoth/AcaciaReel", written metre ("" where it is not known yet), and its side."""

    name: str
    metre: str
    side: str


@cache
def folder() -> Path:
    """Find music21's corpus; raises MissingExtra when it is not installed."""
    found = importlib.util.find_spec("music21")
    if found is None or not found.submodule_search_locations:
        raise MissingExtra("music of real scores", "it needs music21", "pip install solfeggio[scores]")
    return Path(found.submodule_search_locations[0]) / "corpus"


@cache
def pieces(source: str) -> tuple[Piece, ...]:
    """List the pieces of a source, a key of SOURCES, sorted by name."""
    if source not in SOURCES:
        raise unknown("source of scores", source, SOURCES)
    if source == "freedoom":
        return tuple(Piece(name, "", side(name)) for name in sorted(game_songs()))
    metres: dict[str, str] = {}
    marks: dict[str, set[str]] = {}
    for pattern in SOURCES[source]:
        for path in sorted(folder().glob(pattern)):
            stem = path.relative_to(folder()).with_suffix("").as_posix()
            if source == "tunes":
                for name, text in _tunes(path, stem):
                    metre = re.search(r"^M:\s*(\S+)", text, re.MULTILINE)
                    metres[name] = METRES.get(metre[1], metre[1]) if metre else ""
                    marks[name] = _tune_marks(text)
            else:
                metres[stem] = ""
                marks[stem] = {path.parent.name} if source == "quartets" else {stem} | _chorale_marks(path)
    return tuple(Piece(name, metres[name], side(tune)) for name, tune in sorted(_same(marks).items()))


def read_piece(name: str) -> Sheet:
    """Read a piece by its name; raises as ``sheet.read_sheet``."""
    if name.startswith("freedoom"):
        return read_game_song(name)
    kept = cache_folder() / f"score-{VERSION}-{re.sub('[^A-Za-z0-9]+', '-', name)}.npz"
    if kept.is_file():
        try:
            return load_sheet(kept.read_bytes())
        except (ValueError, KeyError, OSError, zipfile.BadZipFile):
            pass  # half written or of another age: read the score again
    stem, _, number = name.partition("#")
    if number or stem.partition("/")[0] in ("ryansMammoth", "oneills1850", "airdsAirs"):
        sheet = read_abc(tune_text(name), name)
    else:
        sheet = read_sheet(folder() / f"{stem}.mxl")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(kept, dump_sheet(sheet), FormatError)
    except (OSError, FormatError):
        pass  # a cache that cannot be written only costs time
    return sheet


def tune_text(name: str) -> str:
    """Give the ABC of one of the tunes, by its name."""
    stem = name.partition("#")[0]
    return dict(_tunes(folder() / f"{stem}.abc", stem))[name]


def cache_folder() -> Path:
    """Where pieces that were read are kept: $SOLFEGGIO_CACHE, else the user's cache folder."""
    own = os.environ.get("SOLFEGGIO_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "solfeggio"


def dump_sheet(sheet: Sheet) -> bytes:
    """Pack a sheet as .npz: one JSON text and one array for each part."""
    about = {
        "title": sheet.title,
        "bars": [asdict(bar) for bar in sheet.bars],
        "parts": [(part.name, part.program, part.drums) for part in sheet.parts],
        "tempi": sheet.tempi,
    }
    packed = io.BytesIO()
    arrays = {f"notes{i}": part.notes for i, part in enumerate(sheet.parts)}
    np.savez_compressed(packed, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays)  # type: ignore[arg-type]
    return packed.getvalue()


def load_sheet(data: bytes) -> Sheet:
    """Unpack what ``dump_sheet`` packed."""
    with np.load(io.BytesIO(data), allow_pickle=False) as held:
        about = json.loads(held["about"].tobytes())
        parts = tuple(Part(n, p, held[f"notes{i}"], d) for i, (n, p, d) in enumerate(about["parts"]))
    bars = tuple(Bar(**{**bar, "endings": tuple(bar["endings"])}) for bar in about["bars"])
    return Sheet(about["title"], bars, parts, tuple((a, b, v) for a, b, v in about["tempi"]))


@lru_cache(maxsize=4)
def _tunes(path: Path, stem: str) -> tuple[tuple[str, str], ...]:
    """Names and texts of the tunes of an ABC file; settings under one number get letters."""
    text = path.read_text("utf-8", errors="replace")
    tunes: dict[str, str] = {}
    for tune in re.split(r"^(?=X:)", text, flags=re.MULTILINE)[1:]:
        number = re.match(r"X:\s*(\w*)", tune)[1]  # type: ignore[index]
        name = f"{stem}#{number}"
        while name in tunes:
            name += "+"
        tunes[name] = tune
    return tuple(tunes.items())


def _tune_marks(text: str) -> set[str]:
    """What tells a tune: its titles, and the first notes of its first bars, counted in scale steps from the first."""
    marks = set()
    for title in re.findall(r"^T:\s*(.*)", text, re.MULTILINE):
        plain = unicodedata.normalize("NFKD", title.lower().partition("--")[0]).encode("ascii", "ignore").decode()
        words = [w for w in re.findall(r"[a-z]+", plain.replace("'", "")) if w not in ("the", "a", "an", "or", "s")]
        if len("".join(words)) > 6 and not set(words) <= PLAIN:
            marks.add("title " + "".join(words))
    body = re.sub(r"^(?:[A-Za-z]:|%).*$", "", text, flags=re.MULTILINE)
    body = re.sub(r'"[^"]*"|\{[^}]*\}|![^!]*!|\[[A-Za-z]:[^\]]*\]|%.*', "", body)
    firsts = []
    for bar in re.split(r"\||:", body):
        notes = re.findall(r"[A-Ga-g][,']*", bar)
        if len(notes) > 1:
            firsts.append(_step(notes[0]))
    return marks | _steps(firsts)


def _step(note: str) -> int:
    """Scale steps above C."""
    return "CDEFGAB".index(note[0].upper()) + 7 * (note[0].islower() + note.count("'") - note.count(","))


def _steps(firsts: list[int]) -> set[str]:
    """Marks of the first notes of bars 1 to 8, and 2 to 9 where what comes first may be a pick-up."""
    marks = set()
    for start in (0, 1):
        shape = firsts[start : start + 8]
        if len(shape) == 8 and len(set(shape)) > 2:
            marks.add("steps " + " ".join(str(step - shape[0]) for step in shape))
    return marks


def _chorale_marks(path: Path) -> set[str]:
    """First notes of the bars of the last four parts' top voice, as in a tune: hymn tunes return in many chorales."""
    with zipfile.ZipFile(path) as packed:
        name = next(n for n in packed.namelist() if not n.endswith("/") and not n.startswith("META-INF"))
        text = packed.read(name).decode("utf-8", "replace")
    voices = re.findall(r"<part id.*?</part>", text, re.DOTALL)
    firsts = []
    for bar in re.findall(r"<measure.*?</measure>", voices[max(0, len(voices) - 4)] if voices else "", re.DOTALL):
        note = re.search(r"<step>(\w)</step>.*?<octave>(\d)</octave>", bar, re.DOTALL)
        if note:
            firsts.append("CDEFGAB".index(note[1]) + 7 * int(note[2]))
    return {"opening " + " ".join(str(s - firsts[k]) for s in firsts[k : k + 5]) for k in (0, 1) if len(firsts) > k + 5}


def _same(marks: dict[str, set[str]]) -> dict[str, str]:
    """Name of each piece's tune: the first piece of all that share a mark, directly or through others."""
    home = {name: name for name in marks}

    def find(name: str) -> str:
        while home[name] != name:
            home[name] = name = home[home[name]]
        return name

    first: dict[str, str] = {}
    for name in sorted(marks):
        for mark in sorted(marks[name]):
            a, b = find(name), find(first.setdefault(mark, name))
            home[max(a, b)] = min(a, b)
    return {name: find(name) for name in marks}
