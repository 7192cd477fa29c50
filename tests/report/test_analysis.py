"""All shipped systems at once: what is there is heard and written, what is not is left out or said to be missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from solfeggio import audio, bundle, cli, run
from solfeggio.answers import Events, Segments
from solfeggio.errors import ConfigError
from solfeggio.formats import drum_hits, read, read_jams, read_midi
from solfeggio.report.analysis import analysis_files, heard, usual, write_analysis, write_answer

RATE = 22050


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, tiny_home: Path) -> Path:
    """Tiny, untrained bundles of everything that is heard."""
    import importlib
    import json
    import shutil

    import torch

    home = tmp_path_factory.mktemp("all") / "bundles"
    shutil.copytree(tiny_home, home)
    facts = json.loads((home / "beats" / "config.json").read_text("utf-8"))["facts"]
    for task in ("chords", "key", "structure"):
        torch.manual_seed(1)
        tiny = importlib.import_module(f"solfeggio.listeners.{task}").TINY
        run.save(run.build(task, tiny).eval(), home / task, facts)
    return home


@pytest.fixture
def every(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "HOME", home)


@pytest.fixture
def beats_only(tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "HOME", tiny_home)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    time = np.arange(12 * RATE) / RATE
    notes = sum(np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time) for pitch in (48, 60, 64, 67))
    samples = 0.1 * notes + 0.05 * rng.normal(size=len(time)) * (np.arange(len(time)) % (RATE // 2) < 2000)
    audio.write(tmp_path / "a_song.wav", samples[None].astype(np.float32), RATE)
    return tmp_path / "a_song.wav"


@pytest.mark.usefixtures("every")
def test_everything_is_heard_and_written(song: Path, tmp_path: Path) -> None:
    assert list(heard()) == ["beats", "metre", "tempo", "chords", "key", "sections", "form"]
    spent: list[float] = []
    files = write_analysis(song, tmp_path / "out", progress=spent.append)
    assert sum(spent) == pytest.approx(12, abs=0.1)
    assert [str(file.relative_to(tmp_path / "out")) for file in files[1:]] == [
        str(file) for kind, listed in analysis_files("a_song", usual()).items() if kind != "page" for file in listed
    ]
    answers = read_jams(tmp_path / "out" / "a_song.jams")
    assert set(answers) == set(heard())
    assert read(tmp_path / "out" / "a_song.chords.lab", Segments).labels == answers["chords"].labels
    text = (tmp_path / "out" / "a_song.chart.txt").read_text("utf-8")
    assert text.startswith("a song\n")
    midi = read_midi(tmp_path / "out" / "a_song.mid")
    assert np.abs(midi.beats.times - answers["beats"].times).max(initial=0) < 2e-3
    page = files[0].read_text("utf-8")
    assert page.count("<strong>") >= 4 and "A = 440 Hz" in page and "Self-similarity" in page


@pytest.mark.usefixtures("every")
def test_a_vocabulary_goes_to_the_chords(song: Path, tmp_path: Path) -> None:
    few = run.analyze(song, vocabulary="majmin")["chords"]
    kinds = {label.partition(":")[2] for label in few.labels} - {""}
    assert kinds <= {"maj", "min"}
    (file,) = write_answer(song, tmp_path, "chords", kinds=["lab"], vocabulary="majmin")
    assert file.name == "a_song.chords.lab"
    assert read(file, Segments).labels == few.labels
    with pytest.raises(ConfigError, match="unknown option 'loud'"):
        run.analyze(song, loud=True)


@pytest.mark.usefixtures("every")
def test_silence_has_no_harmony(tmp_path: Path) -> None:
    audio.write(tmp_path / "silence.wav", np.zeros((1, 5 * RATE), np.float32), RATE)
    files = write_analysis(tmp_path / "silence.wav", tmp_path / "out")
    assert all(file.is_file() for file in files)
    assert "no bars" in (tmp_path / "out" / "silence.chart.txt").read_text("utf-8")
    assert "Self-similarity" not in files[0].read_text("utf-8")


@pytest.mark.usefixtures("every")
def test_a_lead_sheet_on_request(song: Path, tmp_path: Path) -> None:
    pytest.importorskip("music21", reason="music21 is not installed")
    (file,) = write_analysis(song, tmp_path / "out", kinds=["musicxml"])
    assert file.name == "a_song.musicxml"
    text = file.read_text("utf-8")
    assert "<score-partwise" in text and ">a song<" in text


@pytest.mark.usefixtures("every")
@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["analyze", "--vocabulary", "majmax"], "did you mean 'majmin'"),
        (["hear", "beats", "--vocabulary", "majmin"], "unknown option 'vocabulary'"),
        (["hear", "key", "--tempo", "60:90"], "unknown option 'tempo'"),
        (["hear", "sections"], "unknown bundle 'sections'"),
    ],
)
def test_a_wrong_option_is_one_line(args: list[str], says: str, song: Path, tmp_path: Path, capsys) -> None:
    assert cli.main([*args, str(song), "-o", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err.strip()
    assert says in said and "\n" not in said


@pytest.mark.usefixtures("beats_only")
def test_without_bundles_only_beats_are_heard(song: Path, tmp_path: Path) -> None:
    assert set(run.analyze(song)) == {"beats", "metre", "tempo"}
    assert "ireal" not in usual()
    with pytest.raises(ConfigError, match="needs chords"):
        write_analysis(song, tmp_path / "out", kinds=["ireal"])
    assert isinstance(run.analyze(np.zeros((2, RATE), np.float32), RATE)["beats"], Events)


@pytest.mark.usefixtures("every")
def test_drums_become_a_tab_and_a_track(home: Path, song: Path, tmp_path: Path, monkeypatch) -> None:
    import importlib
    import json
    import shutil

    shutil.copytree(home, tmp_path / "home")
    facts = json.loads((home / "beats" / "config.json").read_text("utf-8"))["facts"]
    tiny = importlib.import_module("solfeggio.listeners.drums").TINY
    run.save(run.build("drums", tiny).eval(), tmp_path / "home" / "drums", facts)
    monkeypatch.setattr(bundle, "HOME", tmp_path / "home")
    assert "tab" in usual()
    files = {file.name for file in write_analysis(song, tmp_path / "out")}
    assert {"a_song.drums.txt", "a_song.drums.csv", "a_song.beats"} <= files and "a_song.drums.beats" not in files
    text = (tmp_path / "out" / "a_song.drums.txt").read_text("utf-8")
    assert text.startswith("a song\n") and ("|" in text or "no bars" in text)
    hits = read_jams(tmp_path / "out" / "a_song.jams")["drums"]
    assert len(drum_hits(read_midi(tmp_path / "out" / "a_song.mid").notes)) == len(hits)
