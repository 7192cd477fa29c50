"""Music of the game Freedoom (BSD-like licence), where it is installed: MIDI songs in the lumps of its WAD files.

A WAD is "IWAD" or "PWAD", the number of lumps, and where their directory lies; the directory gives each lump's place,
size and name. Songs whose notes keep off the grid of sixteenths were not written to it and are left out: their beats
are nobody's.
"""

from __future__ import annotations

import os
import struct
from functools import cache
from pathlib import Path

import numpy as np

from solfeggio.band.scores.midi_sheet import parse_midi_sheet
from solfeggio.band.scores.sheet import Sheet
from solfeggio.errors import DataError, FormatError, MissingExtra

ON_GRID = 0.85  # share of notes that begin on a sixteenth


def midi_lumps(path: Path) -> dict[str, bytes]:
    """Read the MIDI songs of a WAD file by the names of their lumps; raises FormatError when it is damaged."""
    data = path.read_bytes()
    try:
        magic, count, at = struct.unpack_from("<4sII", data)
        if magic not in (b"IWAD", b"PWAD"):
            raise FormatError(f"{path} cannot be read", "it is no WAD file", "install freedoom again")
        entries = [struct.unpack_from("<II8s", data, at + 16 * i) for i in range(min(count, len(data)))]
    except struct.error:
        raise FormatError(f"{path} cannot be read", "its directory is cut off", "install freedoom again") from None
    songs = {name.rstrip(b"\0").decode("ascii", "replace"): data[at : at + size] for at, size, name in entries}
    return {name: lump for name, lump in sorted(songs.items()) if lump[:4] == b"MThd"}


@cache
def game_songs() -> dict[str, bytes]:
    """MIDI files by name, "freedoom2/D_RUNNIN", each body once; raises MissingExtra where Freedoom is not installed."""
    homes = (os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(os.pathsep)
    files = sorted(path for home in homes for path in Path(home, "games", "doom").glob("freedoom*.wad"))
    if not files:
        raise MissingExtra("music of Freedoom", "it is not installed", "apt install freedoom")
    songs = {f"{path.stem}/{name}": lump for path in files for name, lump in midi_lumps(path).items()}
    first = {lump: name for name, lump in reversed(songs.items())}
    return {name: lump for name, lump in songs.items() if first[lump] == name}


def read_game_song(name: str) -> Sheet:
    """Read a song of the game; raises DataError when it does not keep to its grid."""
    sheet = parse_midi_sheet(game_songs()[name], name)
    phase = np.concatenate([part.notes[:, 0] for part in sheet.parts]) * 4 % 1
    if np.mean(np.minimum(phase, 1 - phase) < 0.1) < ON_GRID:
        raise DataError(name, "its notes do not keep to its beats", "choose another")
    return sheet
