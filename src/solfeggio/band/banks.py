"""Sound banks by family: General MIDI fonts whose samples are related share a letter, and a letter never changes side.

A split by file name leaks, because fonts borrow each other's samples (FluidR3 and MuseScore_General share a third or
more); so family A trains, B and C test. The fonts are system packages: ``scripts/install-band.sh`` installs them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

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
