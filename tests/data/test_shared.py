"""Real recordings: labels read, spans, stems; a folder that is absent is told with its remedy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from solfeggio import audio
from solfeggio.answers import Segments
from solfeggio.data.shared import beat_files, real_dataset, shared_folder, unlabeled_dataset
from solfeggio.errors import ConfigError, DataError, FormatError

TONE = np.sin(np.arange(8000) / 5).astype(np.float32)[None] * 0.3


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    song = tmp_path / "mdb" / "Song"
    (song / "raw").mkdir(parents=True)
    audio.write(song / "mix_of_raw.flac", TONE, 8000)
    for name in ("RAW_01_01", "RAW_01_02", "RAW_02_01"):
        audio.write(song / "raw" / f"{name}.flac", TONE, 8000)
    (song / "beats.txt").write_text("1.0\t1\n1.5\t2\n2.0\t1\n")
    (song / "drums_class.txt").write_text("0.5 \t KD \n0.25 \t SD \n")
    (song / "melody1.csv").write_text("0.0,0.0\n0.01,440.0\n")
    (song / "sources.lab").write_text("start_time,end_time,instrument_label\n0.0,1.0,drum set\n0.5,0.9,male singer\n")
    (song / "metadata.yaml").write_text(
        "stems:\n  S01:\n    instrument: drum set\n    raw:\n      R01:\n        instrument: kick\n"
        "  S02:\n    instrument: male singer\n"
    )
    (tmp_path / "jamendo").mkdir()
    audio.write(tmp_path / "jamendo" / "b.wav", TONE, 8000)
    (tmp_path / "jamendo" / "b.wav").rename(tmp_path / "jamendo" / "b.mp3")
    (tmp_path / "jamendo" / "b.words.csv").write_text("word_start,word_end,line_end\n1.0,1.5,nan\n1.5,2.0,2.0\n")
    (tmp_path / "jamendo" / "b.txt").write_text("bonne\nhumeur\n")
    (tmp_path / "jamendo" / "b.lines.csv").write_text("start_time,end_time,lyrics_line\n1.0,2.0,bonne humeur\n")
    (tmp_path / "beats").mkdir()
    audio.write(tmp_path / "beats" / "easy.flac", TONE, 8000)
    (tmp_path / "beats" / "easy.beats").write_text("0.2 1\n0.6 2\n1.0 1\n")
    return tmp_path


def test_mdb_has_every_truth_and_its_stems(shared: Path) -> None:
    (track,) = real_dataset("mdb", shared)
    assert track.answers["beats"].labels == ("1", "2", "1") and track.span == (0.75, 2.25)
    assert track.answers["drums"].labels == ("SD", "KD")
    assert track.answers["melody"].values.tolist() == [0, 440] and len(track.answers["activity"]) == 2
    assert track.stems is not None
    stems, rate = track.stems()
    assert list(stems) == ["S01 drum set", "S01 drum set 2", "S02 male singer"] and rate == 8000
    assert track.audio()[0].shape == (1, 8000)


def test_lyrics_and_beats(shared: Path) -> None:
    (song,) = real_dataset("jamendo", shared)
    assert song.answers["lyrics"].labels == ("bonne", "humeur") and song.answers["lyrics"].ends.tolist() == [1.5, 2.0]
    assert song.answers["lines"] == Segments([1.0], [2.0])
    (easy,) = real_dataset("beats", shared)
    assert easy.span == pytest.approx((0.0, 1.2))
    assert list(beat_files(shared)) == ["Song", "easy"]


def test_environment_names_the_folder(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLFEGGIO_DATA", str(shared))
    assert shared_folder() == shared and len(real_dataset("beats")) == 1


def test_what_is_absent_or_wrong_is_told(shared: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="SOLFEGGIO_DATA"):
        shared_folder(tmp_path / "nowhere")
    empty = tmp_path / "empty"
    empty.mkdir()
    for load in (lambda: real_dataset("mdb", empty), lambda: beat_files(empty), lambda: unlabeled_dataset(empty)):
        with pytest.raises(DataError):
            load()
    with pytest.raises(ConfigError, match="mdb"):
        real_dataset("mbd", shared)
    (shared / "mdb" / "Song" / "drums_class.txt").write_text("nonsense\n")
    with pytest.raises(FormatError, match="time and drum"):
        real_dataset("mdb", shared)


def test_unlabelled_recordings_carry_their_package(tmp_path: Path) -> None:
    (tmp_path / "game-music").mkdir()
    audio.write(tmp_path / "game-music" / "a.ogg", TONE, 8000)
    (tmp_path / "game-music" / "copyright").write_text("free")
    (track,) = unlabeled_dataset(tmp_path)
    assert track.groups == {"folder": "game-music"} and not track.answers and track.audio()[1] == 8000
