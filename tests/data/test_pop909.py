"""POP909: songs straight from the zip, in seconds, with labels that we can read."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from solfeggio.data.pop909 import FIXED_20, SONGS, harte_label, pop909_dataset
from solfeggio.errors import ConfigError, DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A shared folder with a song of two bars."""
    import symusic

    score = symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, 120))
    for name, pitch in (("MELODY", 72), ("BRIDGE", 64), ("PIANO", 48)):
        track = symusic.Track(name, 0, False)
        track.notes.extend([symusic.Note(480 * i, 480, pitch + i, 90) for i in range(8)])
        score.tracks.append(track)
    (tmp_path / "symbolic").mkdir()
    with zipfile.ZipFile(tmp_path / "symbolic" / "pop909.zip", "w") as zipped:
        zipped.writestr("POP909/023/023.mid", score.dumps_midi())
        zipped.writestr("POP909/023/beat_midi.txt", "".join(f"{i / 2} 0.0 {float(i % 4 == 0)}\n" for i in range(8)))
        zipped.writestr("POP909/023/chord_midi.txt", "0.0\t2.0\tC:maj/3\n2.0\t3.0\tC:odd\n3.0\t4.0\tN\n")
        zipped.writestr("POP909/023/key_audio.txt", "0.0\t4.0\tC:maj\n")
    return tmp_path


def test_a_song_and_its_truth(folder: Path) -> None:
    (track,) = pop909_dataset("sketch", [23], folder)
    assert track.answers["chords"].labels == ("C:maj/3", "X", "N")
    assert track.answers["key"].labels == ("C:maj",)
    assert track.answers["beats"].labels == tuple("12341234")
    melody = track.answers["melody"]
    assert list(melody.pitches) == list(range(72, 80)) and np.allclose(melody.starts, np.arange(8) / 2)
    samples, rate = track.audio()
    assert rate == 22050 and samples.shape == (2, samples.shape[1]) and samples.shape[1] >= 4 * rate
    assert np.array_equal(samples, track.audio()[0])
    assert np.abs(samples[:, : 4 * rate]).max() > 0.05


def test_the_list_is_fixed_and_spread() -> None:
    assert len(set(FIXED_20)) == 20 and set(FIXED_20) <= set(SONGS) and max(np.diff(FIXED_20)) < 50


def test_labels() -> None:
    assert [harte_label(label) for label in ("N", "Gb:min7/b7", "C:maj(#11)", "")] == ["N", "Gb:min7/b7", "X", "X"]


def test_what_is_wrong_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="1 to 909"):
        pop909_dataset("B", [910], folder)
    with pytest.raises(ConfigError, match="family"):
        pop909_dataset("Z", [23], folder)
    with pytest.raises(DataError, match="pop909"):
        pop909_dataset("B", [23], tmp_path / "nowhere")
    with pytest.raises(DataError, match="024"):
        _ = pop909_dataset("sketch", [24], folder).tracks[0].answers["chords"]
    (folder / "symbolic" / "pop909.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match="cannot be read"):
        _ = pop909_dataset("sketch", [23], folder).tracks[0].answers["key"]
