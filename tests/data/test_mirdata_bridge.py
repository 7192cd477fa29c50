from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from solfeggio import audio
from solfeggio.answers import Curve, Events, Notes, Segments
from solfeggio.data.mirdata_bridge import answer_of, mirdata_dataset
from solfeggio.errors import ConfigError, DataError, MissingExtra

LINES = {
    "beat": "0.5 1\n1.0 2\n1.5 3\n2.0 4\n",
    "chords": "0.0 1.0 N\n1.0 2.0 E:min7/b3\n",
    "keys": "0.0\t2.0\tKey\tE:minor\n",
    "sections": "0.0\t1.0\t\tverse\n1.0\t2.0\t\trefrain\n",
}
SPANS = np.array([[1.0, 2.0], [0.0, 1.0]])


@pytest.fixture
def annotations():
    return pytest.importorskip("mirdata.annotations", reason="mirdata is not installed")


def beatles(home: Path, monkeypatch: pytest.MonkeyPatch, **lines: str):
    """A set of one song in the Beatles set's own format, with an index of its own."""
    module = pytest.importorskip("mirdata.datasets.beatles", reason="mirdata is not installed")
    paths = {"audio": ["song.wav", None]}
    audio.write(home / "song.wav", np.zeros((1, 800)), 8000)
    for name, text in (LINES | lines).items():
        (home / f"{name}.txt").write_text(text)
        paths[name] = [f"{name}.txt", None]
    (home / "index.json").write_text(json.dumps({"version": "1", "tracks": {"0111": paths}}))
    dataset = module.Dataset(data_home=str(home), version="test")
    dataset.index_path = str(home / "index.json")
    return dataset


def test_a_set_of_mirdata_becomes_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    data = mirdata_dataset(beatles(tmp_path, monkeypatch))
    [track] = data
    assert (data.name, track.id, track.groups["song"]) == ("beatles", "0111", "0111")
    assert "licen" in data.licence
    assert track.answers["beats"] == Events([0.5, 1, 1.5, 2], list("1234"))
    assert track.answers["chords"] == Segments([0, 1], [1, 2], ["N", "E:min7/b3"])
    assert track.answers["key"] == Segments([0], [2], ["E:min"])
    assert track.answers["sections"].labels == ("verse", "refrain")
    samples, rate = track.audio()
    assert (samples.shape, rate) == ((1, 800), 8000)


def test_wrong_tracks_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    dataset = beatles(tmp_path, monkeypatch, chords="0.0 1.0 N\n1.0 0.5 C\n")
    with pytest.raises(DataError, match="1 of 1 tracks of beatles cannot be used: 0111"):
        mirdata_dataset(dataset)
    assert not len(mirdata_dataset(dataset, skip=["0111"]))
    with pytest.raises(DataError, match="no track 9"):
        mirdata_dataset(dataset, skip=["9"])


def test_names_and_indexes(tmp_path: Path):
    pytest.importorskip("mirdata", reason="mirdata is not installed")
    with pytest.raises(ConfigError, match="did you mean 'beatles'"):
        mirdata_dataset("beetles")
    with pytest.raises(DataError, match="index"):
        mirdata_dataset("beatles", tmp_path, version="test")


def test_without_mirdata_the_error_names_the_remedy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "mirdata", None)
    with pytest.raises(MissingExtra, match=r"pip install solfeggio\[mirdata\]"):
        mirdata_dataset("beatles")


def test_kinds_and_units(annotations):
    beats = annotations.BeatData(np.array([500.0, 1000]), "ms", np.array([0, 1]), "bar_index")
    assert answer_of(beats) == Events([0.5, 1.0], ["", "1"])
    counted = annotations.BeatData(np.array([0.5, 1.0]), "s", np.array([1, 2]), "global_index")
    assert answer_of(counted) == Events([0.5, 1.0])
    notes = annotations.NoteData(SPANS, "s", np.array([440.0, 220]), "hz", np.array([100.0, 50]), "velocity")
    assert answer_of(notes) == Notes([0, 1], [1, 2], [57, 69], [50, 100])
    f0 = annotations.F0Data(np.array([0.0, 0.1]), "s", np.array([440.0, 220]), "hz", np.array([1.0, 0]), "binary")
    assert answer_of(f0) == Curve([0, 0.1], [440, 0], "Hz")
    tempo = annotations.TempoData(SPANS, "s", np.array([120.0, 90]), "bpm")
    assert answer_of(tempo) == Curve([0, 1], [90, 120], "bpm")
    assert answer_of(annotations.EventData(SPANS, "s", ["b", "a"], "open")) == Segments([0, 1], [1, 2], ["a", "b"])
    points = annotations.EventData(np.array([[1.0, 1.0]]), "s", ["x"], "open")
    assert answer_of(points) == Events([1.0], ["x"])
    assert answer_of(annotations.LyricData(SPANS, "s", ["la", "oh"], "words")).labels == ("oh", "la")
    assert answer_of(None) is answer_of("text") is None


def test_several_annotators(annotations):
    from solfeggio.data import mirdata_bridge

    one = annotations.SectionData(SPANS[:1], "s", ["A"], "open")
    two = annotations.SectionData(SPANS[1:], "s", ["B"], "open")
    both = annotations.MultiAnnotator(["x", "y"], [one, two], annotations.SectionData)

    class Fake:
        structure = property(lambda self: both)
        sections = property(lambda self: None)

    answers = mirdata_bridge._answers(Fake())
    assert {name: answer.labels for name, answer in answers.items()} == {"sections": ("A",), "sections 2": ("B",)}


def test_units_that_are_no_time():
    with pytest.raises(DataError, match="ticks"):
        answer_of(type("BeatData", (SimpleNamespace,), {})(times=[1.0], time_unit="ticks", positions=None))
