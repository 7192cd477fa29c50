from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from solfeggio import audio
from solfeggio.answers import Notes
from solfeggio.band import demo
from solfeggio.band.desk.mix import GROUPS
from solfeggio.band.truth import TASKS
from solfeggio.data import band
from solfeggio.data.folder import folder_dataset
from solfeggio.data.takes import Take, checksum, kept, whole, write_take
from solfeggio.errors import ConfigError, SolfeggioError
from solfeggio.formats import read_jams, read_midi

TAKE = Take("one", 5, family="sketch", style="pop")


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Eight bars of the demo in place of the composer: these tests are about files."""
    played = demo.performance()
    end = float(played.beats.times[32])
    parts = tuple(replace(part, notes=part.notes.cut(0, end)) for part in played.parts)
    spans = {name: found.cut(0, end) for name, found in played.spans.items()}
    song = replace(played.song, style="pop")
    cut = replace(played, song=song, parts=parts, beats=played.beats.cut(0, end), duration=end, spans=spans)
    monkeypatch.setattr(band, "performance", lambda *args: cut)
    band.recording.cache_clear()
    yield
    band.recording.cache_clear()


def test_a_take_is_written_whole_and_the_same_again(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    facts = write_take(TAKE, tmp_path / "a", stems="4")
    again = write_take(TAKE, tmp_path / "b", stems="4")
    assert facts == again
    folder = tmp_path / "a" / "one"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == {"mix.flac", *(f"stems/{name}.flac" for name in GROUPS), "song.jams", "song.json", "song.mid"}
    assert sorted((tmp_path / "a").iterdir()) == [folder]  # nothing temporary stays
    assert kept(folder) and not kept(tmp_path)
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / "b" / "one" / name).read_bytes()
        assert name == "song.json" or facts["files"][name] == checksum(folder / name)
    written = json.loads((folder / "song.json").read_text())
    assert written == facts and written["style"] == "pop" and written["rate"] == 22050
    answers = read_jams(folder / "song.jams")
    assert set(answers) == set(TASKS)
    [track] = folder_dataset(tmp_path / "a")
    assert set(track.answers) == set(TASKS) and set(track.stems()[0]) == set(GROUPS)
    mix, rate = audio.read(folder / "mix.flac")
    assert rate == 22050 and mix.shape[1] / rate == pytest.approx(facts["seconds"], abs=1e-5)
    notes = read_midi(folder / "song.mid").notes
    truth = answers["notes"]
    assert isinstance(truth, Notes)
    pitched = notes.take(np.array([label != "drums" for label in notes.labels]))
    assert len(pitched) == len(truth) and np.allclose(pitched.starts, truth.starts, atol=2e-3)


def test_stems_sum_to_the_stems_of_the_track(tmp_path):
    write_take(TAKE, tmp_path, stems="parts")
    parts, rate = TAKE.track().stems()
    files = {path.stem: audio.read(path)[0] for path in (tmp_path / "one" / "stems").iterdir()}
    assert set(files) == set(parts) and rate == 22050
    for name, samples in parts.items():
        assert np.abs(files[name] - np.clip(samples, -1, 1)).max() < 1e-4


def test_other_rates_and_no_stems(tmp_path):
    facts = write_take(TAKE, tmp_path, rate=16000, stems="none")
    assert set(facts["files"]) == {"mix.flac", "song.jams", "song.mid"}
    assert audio.info(tmp_path / "one" / "mix.flac").rate == 16000
    with pytest.raises(ConfigError, match="choice of stems"):
        write_take(TAKE, tmp_path, stems="5")
    with pytest.raises(ConfigError, match="100 Hz"):
        write_take(TAKE, tmp_path, rate=100)


def test_a_folder_that_fails_leaves_nothing(tmp_path):
    def fail(place):
        (place / "half").write_text("x")
        raise SolfeggioError("no")

    with pytest.raises(SolfeggioError, match="no"):
        whole(tmp_path / "a", fail)
    assert not list(tmp_path.iterdir())


def test_a_half_made_folder_is_replaced(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "old").write_text("x")
    whole(tmp_path / "a", lambda place: {"x": (place / "new").write_text("y")})
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["new", "song.json"]
