from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from solfeggio import audio, formats
from solfeggio.answers import Curve, Events, Notes, Segments
from solfeggio.data.folder import folder_dataset, read_labels
from solfeggio.errors import DataError


def sound(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    audio.write(path, np.zeros((1, 800)), 8000)
    return path


def test_labels_lie_beside_the_sound(tmp_path: Path):
    sound(tmp_path / "a" / "one.wav")
    for name, text in {
        "one.beats": "0.5 1\n1.0 2\n",
        "one.chords.lab": "0 2 C:maj\n2 4 A:min/b3\n",
        "one.structure.txt": "0\t2\tverse\n2\t4\tchorus\n",
        "one.f0": "0 nan\n0.01 440\n",
        "one.tempo.csv": "time,value (bpm)\n0,120\n",
        "two.lab": "nothing of ours",
    }.items():
        (tmp_path / "a" / name).write_text(text)
    [track] = folder_dataset(tmp_path, licence="CC0-1.0")
    assert track.id == "a/one"
    assert track.answers["beats"] == Events([0.5, 1.0], ["1", "2"])
    assert track.answers["chords"] == Segments([0, 2], [2, 4], ["C:maj", "A:min/b3"])
    assert track.answers["sections"].labels == ("verse", "chorus")
    assert track.answers["melody"] == Curve([0, 0.01], [0, 440], "Hz")
    assert track.answers["tempo"] == Curve([0], [120], "bpm")
    assert track.audio()[1] == 8000
    assert track.groups == {"song": "a/one"}


@pytest.mark.parametrize(
    "name, text, task, kind",
    [
        ("s.lab", "0 1 N\n1 2 Bb:min7\n", "chords", Segments),
        ("s.lab", "0 1 A\n1 2 B\n", "sections", Segments),
        ("s.lab", "0 1 intro\n1 2 verse\n", "sections", Segments),
        ("s.txt", "0.1\t0.1\t1\n0.6\t0.6\t2\n", "beats", Events),
        ("s.txt", "0.1 1\n0.6 2\n", "beats", Events),
        ("s.onsets.txt", "0.1\n0.6\n", "onsets", Events),
        ("s.notes.csv", "start,end,pitch,velocity\n0,1,60,80\n", "notes", Notes),
        ("s.melody.csv", "0.0,220\n0.1,0\n", "melody", Curve),
    ],
)
def test_what_a_file_holds(tmp_path: Path, name: str, text: str, task: str, kind: type):
    (tmp_path / name).write_text(text)
    answers = read_labels(tmp_path / "s.wav")
    assert list(answers) == [task]
    assert type(answers[task]) is kind


def test_a_corpus_song_is_named_after_its_folder(tmp_path: Path):
    home = tmp_path / "pop-7"
    sound(home / "mix.flac")
    for player in ("bass", "melody"):
        sound(home / "stems" / f"{player}.flac")
    notes = Notes([0.0], [1.0], [60], [90])
    formats.write_jams({"beats": Events([0.5, 1], ["1", "2"]), "notes": notes}, home / "song.jams", 2.0)
    formats.write_midi(home / "song.mid", notes=Notes([0.0, 1], [1.0, 2], [60, 62], [90, 90]))
    (home / "readme.txt").write_text("Hello.")
    [track] = folder_dataset(tmp_path)
    assert track.id == "pop-7"
    assert len(track.answers["notes"]) == 1  # JAMS before MIDI
    assert track.stems is not None
    assert list(track.stems()[0]) == ["bass", "melody"]


def test_names_that_begin_alike(tmp_path: Path):
    sound(tmp_path / "s.wav")
    sound(tmp_path / "s.live.wav")
    (tmp_path / "s.live.beats").write_text("1 1\n")
    plain, live = sorted(folder_dataset(tmp_path), key=lambda track: len(track.id))
    assert not plain.answers
    assert len(live.answers["beats"]) == 1


def test_labels_of_another_folder_and_groups(tmp_path: Path):
    sound(tmp_path / "audio" / "x" / "s.wav")
    (tmp_path / "labels" / "x").mkdir(parents=True)
    (tmp_path / "labels" / "x" / "s.beats").write_text("1 1\n")
    (tmp_path / "groups.csv").write_text("id,artist\nx/s,Me\n")
    [track] = folder_dataset(tmp_path / "audio", labels=tmp_path / "labels", groups=tmp_path / "groups.csv")
    assert len(track.answers["beats"]) == 1
    assert track.groups == {"artist": "Me"}
    (tmp_path / "groups.csv").write_text("id,artist\nx/t,Me\n")
    with pytest.raises(DataError, match="x/t"):
        folder_dataset(tmp_path / "audio", groups=tmp_path / "groups.csv")


def test_every_wrong_file_is_named(tmp_path: Path):
    for name in ("a", "b", "c", "d"):
        sound(tmp_path / f"{name}.wav")
    (tmp_path / "a.beats").write_text("zero one\n")
    (tmp_path / "b.foo.lab").write_text("0 1 x\n")
    (tmp_path / "c.lab").write_text("0 1 A:maj\n")
    (tmp_path / "c.chords.lab").write_text("0 1 A:maj\n")
    with pytest.raises(
        DataError, match=r"(?s)3 of the recordings.*a\.beats, line 1.*'foo' is no task.*both hold chords"
    ):
        folder_dataset(tmp_path)
    assert [track.id for track in folder_dataset(tmp_path, skip=["a", "b", "c"])] == ["d"]
    with pytest.raises(DataError, match=r"no recording in .* is called z"):
        folder_dataset(tmp_path, skip=["z"])
    with pytest.raises(DataError, match=r"d\.wav has no beats"):
        folder_dataset(tmp_path, skip=["a", "b", "c"], need=["beats"])


def test_nothing_to_load(tmp_path: Path):
    with pytest.raises(DataError, match="there is none"):
        folder_dataset(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        folder_dataset(tmp_path / "x")
    sound(tmp_path / "s.wav")
    sound(tmp_path / "s.flac")
    with pytest.raises(DataError, match="both are the recording 's'"):
        folder_dataset(tmp_path)
