from __future__ import annotations

import struct
from pathlib import Path

import pytest

from solfeggio.band.scores import wads
from solfeggio.errors import FormatError, MissingExtra


def write_wad(path: Path, lumps: dict[bytes, bytes]) -> None:
    body = b"".join(lumps.values())
    directory, at = b"", 12
    for name, lump in lumps.items():
        directory += struct.pack("<II8s", at, len(lump), name)
        at += len(lump)
    path.write_bytes(struct.pack("<4sII", b"IWAD", len(lumps), 12 + len(body)) + body + directory)


def test_songs_are_found_by_name_each_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    home = tmp_path / "games" / "doom"
    home.mkdir(parents=True)
    write_wad(home / "freedoom1.wad", {b"MAP01": b"data", b"D_E1M1": b"MThd one", b"D_E1M2": b"MThd two"})
    write_wad(home / "freedoom2.wad", {b"D_RUNNIN": b"MThd one"})
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    wads.game_songs.cache_clear()
    assert wads.game_songs() == {"freedoom1/D_E1M1": b"MThd one", "freedoom1/D_E1M2": b"MThd two"}
    monkeypatch.setenv("XDG_DATA_DIRS", str(home))
    wads.game_songs.cache_clear()
    with pytest.raises(MissingExtra, match="freedoom"):
        wads.game_songs()
    wads.game_songs.cache_clear()


@pytest.mark.parametrize("data", [b"", b"ZWAD" + bytes(8), b"IWAD" + struct.pack("<II", 3, 4000)])
def test_a_damaged_wad_is_refused(tmp_path: Path, data: bytes):
    (tmp_path / "a.wad").write_bytes(data)
    with pytest.raises(FormatError, match=r"a\.wad"):
        wads.midi_lumps(tmp_path / "a.wad")
