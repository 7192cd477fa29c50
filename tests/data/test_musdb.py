"""Folders in the layout of MUSDB: read as they are written, and refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from solfeggio import audio
from solfeggio.data.musdb import musdb_dataset
from solfeggio.errors import DataError


def song(folder: Path, names: str = "vocals drums bass other", seed: int = 0, mixture: bool = True) -> dict:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    stems = {name: rng.normal(0, 0.1, (2, 900)).astype(np.float32) for name in names.split()}
    if mixture:
        stems["mixture"] = np.sum(list(stems.values()), 0)
    for name, samples in stems.items():
        audio.write(folder / f"{name}.wav", samples, 44100)
    return stems


def test_both_splits_one_split_and_no_split(tmp_path):
    truth = song(tmp_path / "db" / "test" / "A - b")
    song(tmp_path / "db" / "train" / "C - d", mixture=False)
    both, test = musdb_dataset(tmp_path / "db"), musdb_dataset(tmp_path / "db", "test")
    assert [track.id for track in both] == ["train/C - d", "test/A - b"]
    [track] = test
    assert track.groups == {"song": "A - b", "split": "test"}
    stems, rate = track.stems()
    assert rate == 44100 and set(stems) == {"vocals", "drums", "bass", "other"}
    np.testing.assert_array_equal(stems["bass"], truth["bass"])
    np.testing.assert_array_equal(track.audio()[0], truth["mixture"])
    summed, rate = both.tracks[0].audio()
    np.testing.assert_allclose(summed, np.sum(list(both.tracks[0].stems()[0].values()), 0))
    [plain] = musdb_dataset(tmp_path / "db" / "test")
    assert plain.id == "A - b" and "split" not in plain.groups


def test_what_is_missing_is_named(tmp_path):
    song(tmp_path / "db" / "a")
    song(tmp_path / "db" / "b", "vocals drums")
    with pytest.raises(DataError, match="b has no bass, other"):
        musdb_dataset(tmp_path / "db")
    assert len(musdb_dataset(tmp_path / "db", stems=("vocals",))) == 2
    with pytest.raises(DataError, match="split 'test'"):
        musdb_dataset(tmp_path / "db", "test")
    with pytest.raises(DataError, match="no such folder"):
        musdb_dataset(tmp_path / "no")
    (tmp_path / "empty" / "x").mkdir(parents=True)
    with pytest.raises(DataError, match="holds stems"):
        musdb_dataset(tmp_path / "empty")


def test_compressed_stem_files_are_refused(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "x.stem.mp4").write_bytes(b"...")
    with pytest.raises(DataError, match="decode them"):
        musdb_dataset(tmp_path)


def test_stems_that_do_not_fit_are_refused(tmp_path):
    song(tmp_path / "a")
    audio.write(tmp_path / "a" / "bass.wav", np.ones((1, 900)), 44100)
    [track] = musdb_dataset(tmp_path)
    with pytest.raises(DataError, match="do not fit"):
        track.stems()
