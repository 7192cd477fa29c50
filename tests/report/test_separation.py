"""Recordings taken apart as files: names, exact sums, all or nothing, and a page that plays."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from solfeggio import audio, run
from solfeggio.data.musdb import musdb_dataset
from solfeggio.errors import AudioError, ConfigError
from solfeggio.listeners.stems import TINY, StemSeparator
from solfeggio.report import separation
from solfeggio.report.separation import outputs, write_stems

FACTS = {"data": ["made up"], "licence": "CC0-1.0", "metrics": {"none": {"dB": 0.5}}, "seeds": [0], "limits": ["all"]}

RATE = 11025


@pytest.fixture
def song(tmp_path):
    mix = np.random.default_rng(0).normal(0, 0.1, (2, 5 * RATE)).astype(np.float32)
    audio.write(tmp_path / "my_song.wav", mix, RATE)
    return tmp_path / "my_song.wav"


def sounds(folder) -> dict[str, np.ndarray]:
    return {path.stem: audio.read(path)[0] for path in folder.iterdir() if path.suffix != ".html"}


def test_all_stems_and_the_mixture(song, split_home, tmp_path):
    files = write_stems(song, tmp_path / "out", split_home, device="cpu")
    folder = tmp_path / "out" / "my_song"
    assert files == [folder / name for name in ("stems.html", "low.wav", "high.wav", "mixture.wav")]
    found, mix = sounds(folder), audio.read(song)[0]
    np.testing.assert_allclose(found["mixture"], mix, atol=1e-7)
    assert np.abs(found["low"]).max() > 0.05
    [track] = musdb_dataset(tmp_path / "out", stems=("low", "high"))
    np.testing.assert_array_equal(track.stems()[0]["low"], found["low"])
    text = (folder / "stems.html").read_text("utf-8")
    data = json.loads(re.search(r'class="song-data">(.*?)</script>', text)[1])
    assert data["rate"] == RATE and data["samples"] == mix.shape[1]
    assert [stem["name"] for stem in data["stems"]] == ["low", "high", "residual"]
    assert "<h1>my song</h1>" in text and 'href="low.wav"' in text


@pytest.mark.parametrize(
    "chosen,names",
    [
        ({"stems": ("high", "residual")}, {"high", "residual"}),
        ({"two": "low"}, {"low", "rest"}),
        ({"minus": ("low",)}, {"minus-low"}),
        ({"stems": ("mixture",)}, {"mixture"}),
    ],
)
def test_what_is_asked_for_and_no_more(song, split_home, tmp_path, chosen, names):
    write_stems(song, tmp_path, split_home, device="cpu", **chosen)
    everything = write_stems(song, tmp_path, split_home, device="cpu", name="all", stems=("low", "high", "residual"))
    found, all_of_it, mix = sounds(tmp_path / "my_song"), sounds(tmp_path / "all"), audio.read(song)[0]
    assert set(found) == names and len(everything) == 4
    np.testing.assert_allclose(np.sum(list(all_of_it.values()), 0), mix, atol=1e-6)
    for name in names & set(all_of_it):
        np.testing.assert_array_equal(found[name], all_of_it[name])
    for name in names & {"rest", "minus-low"}:
        np.testing.assert_allclose(found[name] + all_of_it["low"], mix, atol=1e-6)


@pytest.mark.parametrize("kind", ["flac", "mp3"])
def test_other_formats_and_mono(split_home, tmp_path, kind):
    audio.write(tmp_path / "a.wav", 0.3 * np.sin(np.arange(30_000) / 9)[None], 7000)
    files = write_stems(tmp_path / "a.wav", tmp_path, split_home, kind=kind, page=False, device="cpu")
    assert [file.name for file in files] == [f"{name}.{kind}" for name in ("low", "high", "mixture")]
    about = audio.info(files[0])
    assert about.channels == 1 and about.seconds == pytest.approx(30_000 / 7000, abs=0.1)
    assert about.rate == (8000 if kind == "mp3" else 7000)  # mp3 has no 7000 Hz


def test_long_recordings_have_no_page(song, split_home, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(separation, "PAGE_SECONDS", 4.0)
    files = write_stems(song, tmp_path, split_home, device="cpu")
    assert len(files) == 3 and "no page" in caplog.text


def test_nothing_is_left_of_what_fails(song, split_home, tmp_path, monkeypatch):
    def breaks(*_, **__):
        yield np.zeros((2, 2, 100), np.float32), np.zeros((2, 100), np.float32)
        raise AudioError("it breaks off")

    monkeypatch.setattr(separation.separating, "parts", breaks)
    with pytest.raises(AudioError, match="breaks off"):
        write_stems(song, tmp_path / "out", split_home, device="cpu")
    assert not (tmp_path / "out" / "my_song").exists()


def test_wrong_requests_are_named():
    labels = ("vocals", "drums")
    with pytest.raises(ConfigError, match="did you mean 'vocals'"):
        outputs(labels, stems=("vocal",))
    with pytest.raises(ConfigError, match="mixture"):
        outputs(labels, minus=("mixture",))
    with pytest.raises(ConfigError, match="use one"):
        outputs(labels, two="vocals", minus=("drums",))
    with pytest.raises(ConfigError, match="format 'aac'"):
        separation.stem_files("a", labels, "aac")


def test_finer_stems_are_there_when_asked_for(song, tmp_path):
    run.save(StemSeparator(TINY).eval(), tmp_path / "bundle", FACTS)
    write_stems(song, tmp_path, tmp_path / "bundle", device="cpu", stems=("piano", "drums"), page=False)
    write_stems(song, tmp_path, tmp_path / "bundle", device="cpu", name="four", page=False)
    piano, four = sounds(tmp_path / "my_song"), sounds(tmp_path / "four")
    assert set(piano) == {"piano", "drums"} and set(four) == {"vocals", "drums", "bass", "other", "mixture"}
    np.testing.assert_allclose(piano["drums"], four["drums"], atol=1e-6)
    with pytest.raises(ConfigError, match="did you mean 'piano'"):
        write_stems(song, tmp_path, tmp_path / "bundle", stems=("pianos",))
