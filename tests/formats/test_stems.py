"""Stems as folders of sound files: exact, whole or not at all, and refused in one line."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio import audio
from solfeggio.answers import Stems
from solfeggio.errors import FormatError
from solfeggio.formats import stems as door


def some(residual: bool = True) -> Stems:
    rng = np.random.default_rng(0)
    left = rng.normal(0, 0.1, (2, 500)).astype(np.float32) if residual else None
    return Stems.of({"bass": rng.normal(0, 2, (2, 500)), "vocals": np.zeros((2, 500))}, 11025, left)


@pytest.mark.parametrize("residual", [True, False])
def test_wav_is_exact(tmp_path, residual):
    door.write(some(residual), tmp_path / "a.stems")
    names = {path.name for path in (tmp_path / "a.stems").iterdir()}
    assert names == {"bass.wav", "vocals.wav"} | ({"residual.wav"} if residual else set())
    assert door.read(tmp_path / "a.stems") == some(residual)


def test_stems_come_in_the_order_of_their_names(tmp_path):
    door.write(Stems.of({name: np.ones((1, 5)) for name in ("b", "a b", "a")}, 8000), tmp_path / "s")
    assert door.read(tmp_path / "s").labels == ("a", "a b", "b")


def test_musdb_folders_are_read(tmp_path):
    stems = some()
    door.write(stems, tmp_path, ".flac")
    (tmp_path / "residual.flac").rename(tmp_path / "old.txt")
    loud = stems.samples.clip(-1, 1).sum(0)
    audio.write(tmp_path / "mixture.wav", loud + stems.residual, 11025)
    found = door.read(tmp_path)
    assert found.labels == ("bass", "vocals")
    np.testing.assert_allclose(found.residual, stems.residual, atol=1e-6)


def test_nothing_is_left_of_what_cannot_be_written(tmp_path):
    for label in ("a/b", "", "residual", "mixture", ".hidden", "CON:"):
        with pytest.raises(FormatError, match="name of a stem"):
            door.write(Stems.of({"x": np.ones((1, 5)), label: np.ones((1, 5))}, 8000), tmp_path / "s")
    with pytest.raises(FormatError, match="no samples"):
        door.write(Stems.of({"x": np.ones((1, 0))}, 8000), tmp_path / "s")
    with pytest.raises(FormatError, match="holds 2"):
        door.write(Stems.of({"x": np.ones((3, 9))}, 8000), tmp_path / "s", ".mp3")
    with pytest.raises(FormatError, match="cannot be written"):
        door.write(some(), tmp_path / "no" / "s")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FormatError, match="cannot be written"):
        door.write(some(), tmp_path / "file")
    (tmp_path / "kept").mkdir()
    with pytest.raises(FormatError):
        door.write(Stems.of({"x": np.ones((1, 0))}, 8000), tmp_path / "kept")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "kept"]
    assert not list((tmp_path / "kept").iterdir())


def test_folders_that_hold_no_stems_are_refused(tmp_path):
    with pytest.raises(FormatError, match="no such folder"):
        door.read(tmp_path / "no")
    with pytest.raises(FormatError, match="no sound files"):
        door.read(tmp_path)
    audio.write(tmp_path / "a.wav", np.ones((1, 50)), 8000)
    (tmp_path / "b.wav").write_bytes(b"noise")
    with pytest.raises(FormatError, match=r"b\.wav"):
        door.read(tmp_path)
    audio.write(tmp_path / "b.wav", np.ones((2, 50)), 8000)
    with pytest.raises(FormatError, match="2 x 50"):
        door.read(tmp_path)
    audio.write(tmp_path / "a.flac", np.ones((1, 50)), 8000)
    with pytest.raises(FormatError, match="two of a"):
        door.read(tmp_path)
