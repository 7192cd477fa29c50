"""Sound banks by family: General MIDI fonts whose samples are related share a letter, and a letter never changes side.

A split by file name leaks, because fonts borrow each other's samples (FluidR3 and MuseScore_General share a third or
more); so family A trains, B and C test. The fonts are system packages: ``scripts/install-band.sh`` installs them.
"""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from solfeggio.errors import MissingExtra, unknown

# file name (without suffix): family, licence
_KNOWN = {
    "FluidR3_GM": ("A", "MIT"),
    "MuseScore_General_Lite": ("A", "MIT"),
    "TimGM6mb": ("B", "GPL-2.0"),
    "OPL-3_FM_128M": ("C", "CC-BY-SA-4.0"),
}
SIDES = {"train": ("A",), "test": ("B", "C")}


@dataclass(frozen=True)
class Bank:
    """A General MIDI sound font: its name, the family of its samples ("A", "B", "C"), where it lies, its licence."""

    name: str
    family: str
    path: Path
    licence: str

    @property
    def side(self) -> str:
        """Return "train" or "test"."""
        return side_of(self.family)


def side_of(family: str) -> str:
    """Return the side a family is on; raises ConfigError for an unknown family.

    >>> side_of("A"), side_of("C")
    ('train', 'test')
    """
    for side, families in SIDES.items():
        if family in families:
            return side
    raise unknown("sound bank family", family, [f for families in SIDES.values() for f in families])


def folders() -> list[Path]:
    """Folders that are searched for fonts: those in $SOLFEGGIO_BANKS (separated as in $PATH), then the system's."""
    own = [Path(p) for p in os.environ.get("SOLFEGGIO_BANKS", "").split(os.pathsep) if p]
    data = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    roots = [Path(p) for p in data.split(os.pathsep) if p] + [Path.home() / ".local/share"]
    return own + [root / folder for root in roots for folder in ("sounds/sf2", "sounds/sf3", "soundfonts")]


def banks(family: str | None = None) -> tuple[Bank, ...]:
    """Find the known fonts on this machine, in a fixed order, all or those of one family; may be empty.

    Raises ConfigError for an unknown family.
    """
    if family is not None:
        side_of(family)
    found = []
    for name, (letter, licence) in _KNOWN.items():
        paths = (folder / f"{name}{suffix}" for folder in folders() for suffix in (".sf2", ".sf3"))
        path = next((p for p in paths if p.is_file()), None)
        if path is not None and family in (None, letter):
            found.append(Bank(name, letter, path, licence))
    return tuple(found)


def require(family: str) -> tuple[Bank, ...]:
    """Find the fonts of a family; raises MissingExtra, which says how to get them, when there are none."""
    found = banks(family)
    if not found:
        names = ", ".join(name for name, (letter, _) in _KNOWN.items() if letter == family)
        raise MissingExtra(
            f"no sound bank of family {family}",
            f"{names} is in none of the font folders",
            "run scripts/install-band.sh, or set SOLFEGGIO_BANKS to the folder that holds it",
        )
    return found


@dataclass(frozen=True, eq=False)
class Sound:
    """What was measured of a program, for each key (128,): seconds from note-on to the attack; cents it is sharp."""

    late: np.ndarray
    cents: np.ndarray


def measured(bank: str, program: int, drums: bool = False) -> Sound | None:
    """Look up a program in sounds.csv, which ``scripts/measure_banks.py`` writes; None when it was not measured.

    Players of slow instruments (strings, flutes, pads) start early, so that the tone stands on the beat: a
    third of the time their attack takes to rise counts as lateness, and nobody starts more than 60 ms early.
    """
    if drums:  # a font plays its first kit for one that it lacks
        return _sounds().get((bank, f"drums {program}")) or _sounds().get((bank, "drums 0"))
    return _sounds().get((bank, str(program)))


@cache
def _sounds() -> dict[tuple[str, str], Sound]:
    sounds = {}
    for line in (Path(__file__).parent / "sounds.csv").read_text("utf-8").splitlines()[1:]:
        bank, program, late, rise, row = line.split(",")
        runs = [item.partition("*") for item in row.split()]
        values = np.repeat([float(value) for value, _, _ in runs], [int(count or 1) for _, _, count in runs])
        if program.startswith("drums"):
            found = np.zeros(128)
            found[35 : 35 + len(values)] = values / 1000
            sounds[bank, program] = Sound(found, np.zeros(128))
            continue
        nearest = np.clip(np.arange(128) - 24, 0, len(values) - 1)
        cents = np.where(np.abs(values) < 4, 0.0, values)
        seconds = (min(float(late), 30.0) + min(float(rise) / 3, 30.0)) / 1000
        sounds[bank, program] = Sound(np.full(128, seconds), cents[nearest])
    return sounds


def sample_hashes(bank: Bank) -> set[str]:
    """Hash every sample body of a font, decoded and without the silence around it; bodies under 50 ms are left out.

    Two fonts whose sets meet share recordings. Takes seconds.
    """
    data = np.memmap(bank.path, np.uint8, "r")
    chunks = _chunks(data)
    body, headers = chunks[b"smpl"], chunks[b"shdr"]
    hashes = set()
    for at in range(0, len(headers) - 46, 46):  # the last is a terminator
        start, end = headers[at + 20 : at + 28].view("<u4").tolist()
        packed = int(headers[at + 44 : at + 46].view("<u2")[0]) & 16  # SF3: an Ogg file, its place in bytes
        if packed:
            import soundfile

            samples = soundfile.read(io.BytesIO(body[start:end].tobytes()), dtype="int16")[0]
        else:
            samples = body[2 * start : 2 * end].view("<i2")
        if name := hash_of(samples):
            hashes.add(name)
    return hashes


def hash_of(samples: np.ndarray) -> str:
    """Hash int16 samples (n,) or (n, channel) without the silence around them; "" when hardly any is left.

    >>> quiet = np.zeros(4000, np.int16)
    >>> hash_of(quiet), len(hash_of(quiet + np.int16(1)))
    ('', 32)
    """
    heard = np.flatnonzero(np.abs(samples).reshape(len(samples), -1).max(1)) if len(samples) else np.zeros(0, int)
    if not len(heard) or heard[-1] - heard[0] < 2000:
        return ""
    body = np.ascontiguousarray(samples[heard[0] : heard[-1] + 1])
    return hashlib.blake2b(body.tobytes(), digest_size=16).hexdigest()


def _chunks(data: np.ndarray) -> dict[bytes, np.ndarray]:
    """Find the chunks of a RIFF file of lists of chunks, as SoundFonts are."""
    chunks, at = {}, 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4].tobytes(), int(data[at + 4 : at + 8].view("<u4")[0])
        if name in (b"LIST", b"RIFF"):
            at += 12
            continue
        chunks[name] = data[at + 8 : at + 8 + size]
        at += 8 + size
        at += size % 2 and at < len(data) and data[at] == 0  # some writers of SF3 forget the byte that makes it even
    return chunks
