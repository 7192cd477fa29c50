"""The accompaniment styles the band plays: the grooves of Debian's ``mma``, with metre, tempo and split side.

Source: Bob van der Poel's Musical MIDI Accompaniment (GPL); its library is read where it is installed, never copied.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from solfeggio.errors import MissingExtra, unknown
from solfeggio.notation import Metre

LIBRARY = Path("/usr/share/mma/lib")

# Pulses, silence and drum-machine snippets that are no style of their own.
_NOT_A_STYLE = re.compile(r"/(metronome.*|none|count|intro|ending)$", re.IGNORECASE)
# Measured: nothing falls on their beats, or their downbeat is the weakest place of the bar.
_MISFITS = frozenset(("zoom/latin:LATN04", "zoom/jazz:JAZZ07", "stdlib/jazz-54:Jazz54", "stdlib/jazz-54:Jazz54Sus"))
_INTRO = re.compile(r"intro", re.IGNORECASE)
_FILL = re.compile(r"fill|[a-z0-9]F[A-D]$|break", re.IGNORECASE)

# Family and its usual tempo in beats a minute, first keyword found in file or groove name wins.
_FAMILIES: tuple[tuple[str, str, float, float], ...] = (
    ("ballad|serenade|bald|lullaby|spiritual|hymn|tear", "ballad", 50, 90),
    ("slow", "slow", 46, 88),
    ("vien", "waltz", 140, 200),
    ("fastbigband|fastjazz|fastswing|bebop|fastblues|quickstep|dixie|gypsy", "fast", 160, 240),
    ("fast|jive|charleston|western", "fast", 140, 215),
    ("metal|mtl|thr|punk|hrk", "metal", 105, 215),
    ("jazz|swing|bigband|combo|evans|bouncy", "jazz", 80, 210),
    ("waltz|34", "waltz", 80, 190),
    ("techno|house|trance|rave|dance|disco|digital|electric|boneym", "dance", 108, 150),
    ("dnb", "drum and bass", 150, 182),
    ("hip-?hop|trip|rnb|r\\+b|r&b|rb|soul|mellow", "soul", 62, 116),
    ("ambient|desert|arpeggio", "ambient", 55, 120),
    ("reggae|dub", "reggae", 62, 100),
    ("ska|polka|zydeco|blueg|hillcountry|twist|twi", "folk dance", 100, 190),
    ("march|foxtrot|foxt|softshoe|strut", "march", 90, 140),
    ("samba|salsa|merengue|mambo|batuc", "fast latin", 88, 200),
    ("bossa|rhumba|beguine|bolero|chacha|latin|cuban|calypso|son|tango|afro|quando", "latin", 85, 150),
    ("blues|boggie|boogie|ragtime", "blues", 62, 160),
    ("funk|fusion|fus16|16beat", "funk", 76, 124),
    ("shuffle", "shuffle", 90, 160),
    ("country|cntry|folk|bluef|guitar", "country", 74, 170),
    ("rock|beat|pop|motown", "rock", 78, 170),
)


@dataclass(frozen=True)
class Groove:
    """One groove of the library and what it needs to be played.

    name: unique, "folder/file:Groove". file: "folder/file", the style it belongs to. beats, unit: the written metre
    (a 6/8 groove has 6 and 8). family: broad kind of music. low, high: usual tempo, felt beats a minute. intros,
    endings (with their bars), fills: names of grooves made for these places; variants: others of the file, same metre.
    """

    name: str
    file: str
    beats: int
    unit: int
    family: str
    low: float
    high: float
    intros: tuple[str, ...] = ()
    endings: tuple[tuple[str, int], ...] = ()
    fills: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()

    @property
    def metre(self) -> Metre:
        """The written metre."""
        return Metre(self.beats, self.unit)


def tactus(metre: Metre) -> tuple[int, float]:
    """Felt beats a bar and the quarters in each: dotted quarters for 6/8, 9/8 and 12/8, else the written unit.

    >>> tactus(Metre(6, 8)), tactus(Metre(7, 8)), tactus(Metre(3, 4))
    ((2, 1.5), (7, 0.5), (3, 1.0))
    """
    if metre.unit == 8 and metre.beats in (6, 9, 12):
        return metre.beats // 3, 1.5
    return metre.beats, 4 / metre.unit


def side(name: str) -> str:
    """Tell where a groove, or any style by name, belongs: "train" (80 %), "valid" (8 %) or "test" (12 %).

    What stands before the colon decides, so all grooves of one style file share a side.

    >>> side("stdlib/swing:Swing") == side("stdlib/swing:SwingEnd")
    True
    """
    style = name.partition(":")[0].lower()
    place = int.from_bytes(hashlib.blake2b(style.encode(), digest_size=4).digest(), "big") % 100
    return "train" if place < 80 else "valid" if place < 88 else "test"


@cache
def grooves(library: Path = LIBRARY) -> tuple[Groove, ...]:
    """List the main grooves of the installed library, sorted by name; raises MissingExtra when there is none."""
    if not library.is_dir():
        raise MissingExtra("the mma groove library", f"{library} is not there", "run scripts/install-band.sh")
    found: list[Groove] = []
    for path in sorted(library.glob("*/*.mma")):
        file = f"{path.parent.name}/{path.stem}"
        if not _NOT_A_STYLE.search("/" + file):
            found += _read_style(file, path.read_text(encoding="utf-8", errors="replace"))
    return tuple(groove for groove in found if groove.name not in _MISFITS)


def groove_named(name: str) -> Groove:
    """Find one groove; raises ConfigError with the nearest name when it does not exist."""
    table = {groove.name: groove for groove in grooves()}
    if name not in table:
        raise unknown("groove", name, table)
    return table[name]


def _read_style(file: str, text: str) -> list[Groove]:
    """Read which grooves a style file defines, in which metre and length."""
    time, bars = 4.0, 1
    defined: dict[str, tuple[str, int, float]] = {}
    for line in re.sub(r"\\\s*\n", " ", text).splitlines():
        words = line.split("//")[0].split()
        if len(words) < 2:
            continue
        word = words[0].lower()
        if word == "time" and len(words) == 2:
            time = float(words[1].split("/")[0]) if words[1][0].isdigit() else 4.0
        elif word == "seqsize" and words[1].isdigit():
            bars = int(words[1])
        elif word == "groove":  # a groove brings its own length back
            bars, time = defined.get(words[1].lower(), (words[1], bars, time))[1:]
        elif word == "defgroove":
            defined[words[1].lower()] = (words[1], bars, time)
    return [groove for group in _by_metre(defined.values()) for groove in _describe(file, group)]


def _by_metre(defined: Iterable[tuple[str, int, float]]) -> list[list[tuple[str, int, float]]]:
    defined = list(defined)
    times = sorted({time for _, _, time in defined})
    return [[item for item in defined if item[2] == time] for time in times]


def _describe(file: str, group: list[tuple[str, int, float]]) -> list[Groove]:
    stem = file.partition("/")[2]
    intros = tuple(n for n, _, _ in group if _INTRO.search(n))
    endings = tuple((n, b) for n, b, _ in group if _is_ending(n, stem))
    fills = tuple(n for n, _, _ in group if _FILL.search(n))
    other = {*intros, *fills, *(n for n, _ in endings)}
    mains = [item for item in group if item[0] not in other]
    names = tuple(n for n, _, _ in mains)
    result = []
    for name, _, time in mains:
        beats, unit = (6, 8) if time == 6 else (int(time), 4)
        family, low, high = _tempo_of(f"{stem} {name}".lower(), unit)
        kin = (intros, endings, fills, tuple(n for n in names if n != name))
        result.append(Groove(f"{file}:{name}", file, beats, unit, family, low, high, *kin))
    return result


def _is_ending(name: str, stem: str) -> bool:
    return bool(re.search(r"end(ing)?[A-Z0-9]*$", name, re.IGNORECASE)) or (
        name.lower().startswith(stem.lower()) and name[len(stem) :] == "E"
    )


def _tempo_of(words: str, unit: int) -> tuple[str, float, float]:
    for pattern, family, low, high in _FAMILIES:
        if re.search(pattern, words):
            return (family, low * 0.8, high * 0.75) if unit == 8 else (family, low, high)
    return "pop", 70, 160
