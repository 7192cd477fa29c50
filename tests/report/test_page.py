"""The song page: one file, nothing from outside, nothing that a title can break."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from solfeggio.answers import Answer, Curve, Events, Notes, Segments, Tags
from solfeggio.errors import AudioError, SolfeggioError
from solfeggio.report.page import song_page
from solfeggio.report.player import player_data
from solfeggio.report.sound import click

RATE = 22050
EVIL = "</script><img src=x onerror=alert(1)>\"'{{7*7}}\u2028"
BEATS = Events(0.25 + 0.5 * np.arange(15), [str(i % 4 + 1) for i in range(15)], np.linspace(0.5, 1, 15))
EVERYTHING: dict[str, Answer] = {
    "beats": BEATS,
    "chords": Segments([0.25, 2.25], [2.25, 4.25], ["A:min", "F:maj"]),
    "loudness": Curve([0, 4, 8], [-20, -12, -16], "dB"),
    "notes": Notes([0.25], [0.75], [60], [90]),
    "drums": Events([0.25, 0.5], ["kick", "hat"]),
    "mood": Tags(["calm", "bright"], [0.7, 0.4]),
}


def write(folder: Path, **changes: object) -> str:
    given: dict = {"title": "A song", "samples": click(BEATS, 8.0, RATE), "rate": RATE, "answers": {"beats": BEATS}}
    song_page(folder / "song.html", **(given | changes))
    return (folder / "song.html").read_text("utf-8")


def data_of(page: str) -> dict:
    found = re.search(r'<script type="application/json" class="song-data">(.*?)</script>', page, re.S)
    assert found
    return json.loads(found[1])


def test_page_is_one_file_that_asks_for_nothing(tmp_path: Path) -> None:
    page = write(tmp_path, answers=EVERYTHING, facts={"key": "A minor"})
    assert not re.search(r"https?:|//[a-z]+\.[a-z]", page)
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttpRequest|<link(?! rel=\"icon\" href=\"data:)", page)
    assert all(source.startswith("data:") for source in re.findall(r'\bsrc="([^"]*)"', page))
    assert "default-src 'none'" in html.unescape(page)
    assert [file.name for file in tmp_path.iterdir()] == ["song.html"]


def test_page_shows_tempo_metre_bars_and_length(tmp_path: Path) -> None:
    page = write(tmp_path, facts={"key": "A minor"})
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.split('<header class="title">')[1].split("</header>")[0]))
    assert " ".join(text.split()) == "A song tempo 120 bpm metre 4 4 bars 4 length 0:08 key A minor"
    assert 'aria-label="4/4"' in page


def test_every_answer_type_has_its_place(tmp_path: Path) -> None:
    page = write(tmp_path, answers=EVERYTHING)
    assert [lane["name"] for lane in data_of(page)["lanes"]] == ["tempo", "chords", "loudness", "notes", "drums"]
    assert page.count('<div class="lane">') == 5
    assert re.search(r"<h2>Mood</h2>.*calm.*70 %", page, re.S)


def test_bars_are_numbered_as_in_print() -> None:
    def numbers(first: int) -> list[int]:
        labels = [str((i + first - 1) % 4 + 1) for i in range(12)]
        made = player_data("x", {"beats": Events(np.arange(12) / 2, labels)}, np.zeros((1, 8000)), 8000)
        return made["data"]["bars"]["numbers"]

    assert numbers(1) == [1, 2, 3]
    assert numbers(4)[:3] == [0, 1, 2]  # a pick-up is not bar 1


def test_beats_without_labels_have_no_bars(tmp_path: Path) -> None:
    page = write(tmp_path, answers={"beats": Events([0.5, 1.0, 1.5])})
    assert data_of(page)["bars"]["numbers"] == [] and len(data_of(page)["beats"]["labels"]) == 3


def test_nothing_that_is_given_can_break_out(tmp_path: Path) -> None:
    answers = {
        EVIL: Segments([0, 1], [1, 2], [EVIL, "<b>"]),
        "beats": Events([0.5, 1, 1.5], ["1", "2", EVIL]),
        "<i>": Tags([EVIL], [0.5]),
    }
    facts = {EVIL: EVIL, "sure": {EVIL: EVIL}, "bundles": [{"name": EVIL, "licence": EVIL, "cannot": [EVIL]}]}
    page = write(tmp_path, title=EVIL, answers=answers, facts=facts, files=["a<b>\"'&.csv"])
    assert "<img" not in page and "{{7*7}}" in page
    assert page.count("<script") == page.count("</script>") == 2
    lane = next(lane for lane in data_of(page)["lanes"] if lane["kind"] == "segments")
    assert lane["labels"]["names"][0] == EVIL  # shown as it is, as text


@pytest.mark.parametrize("title", ["\udcff broken name", "a\x00b\x1b[31m", "", "曲 🎵 שיר"])
def test_any_title_can_be_written(tmp_path: Path, title: str) -> None:
    page = write(tmp_path, title=title)
    assert re.search(r"<h1>[^<\x00\x1b]+</h1>", page)


@pytest.mark.parametrize(
    ("samples", "answers", "sentence"),
    [
        (np.zeros((1, RATE)), {"beats": Events.none()}, "This recording is silent"),
        (np.zeros((1, 0)), {"beats": Events.none()}, "no sound in this recording"),
        (np.sin(np.arange(RATE))[None], {"beats": Events.none()}, "No beat was found"),
    ],
)
def test_empty_answers_get_a_sentence(tmp_path: Path, samples: np.ndarray, answers: dict, sentence: str) -> None:
    page = write(tmp_path, samples=samples, answers=answers)
    assert sentence in page and "bpm</small>" not in page
    assert 'class="empty"' not in write(tmp_path)


@pytest.mark.parametrize("answers", [{}, {"chords": Segments([], [])}, {"notes": Notes([], [], [], [])}])
def test_page_without_beats(tmp_path: Path, answers: dict) -> None:
    assert data_of(write(tmp_path, answers=answers))["beats"]["labels"] == []


def test_one_beat(tmp_path: Path) -> None:
    assert len(data_of(write(tmp_path, answers={"beats": Events([0.5], ["1"])}))["bars"]["numbers"]) == 1


def test_strange_sound_is_still_a_page(tmp_path: Path) -> None:
    for samples, rate in (
        (np.full((1, 4000), np.nan), 8000),
        (np.ones(5), 44100),
        (np.random.default_rng(0).uniform(-3, 3, (6, 19200)), 192000),
        (np.zeros((2, 3000)), 37000),
    ):
        made = data_of(write(tmp_path, samples=samples, rate=rate, answers={}))
        assert abs(made["duration"] - np.atleast_2d(samples).shape[1] / rate) < 1e-3


def test_how_hard_drums_are_struck_is_not_how_sure(tmp_path: Path) -> None:
    hits = Events([0.1, 0.2], ["KD", "SD"], [0.4, 0.6])
    assert "How sure" not in write(tmp_path, samples=np.ones((1, RATE)) / 9, answers={"drums": hits})


def test_how_sure_names_the_weak_spot(tmp_path: Path) -> None:
    values = np.full(64, 0.95)
    values[30:40] = 0.3
    beats = Events(np.arange(64) / 2, [str(i % 4 + 1) for i in range(64)], values)
    page = write(tmp_path, samples=np.ones((1, RATE * 33)) / 9, answers={"beats": beats}, facts={"sure": {"key": 0.5}})
    assert "Least sure about the beats from 0:15 to 0:1" in page and "50 %" in page


def test_provenance_and_files(tmp_path: Path) -> None:
    bundle = {"name": "beats", "version": "1.2", "licence": "Apache-2.0", "cannot": ["hear rubato"]}
    page = write(tmp_path, facts={"bundles": [bundle]}, files=[tmp_path / "my song #1.jams"])
    assert re.search(r"beats 1\.2.*Apache-2\.0.*hear rubato", page, re.S)
    assert 'href="my%20song%20%231.jams"' in page and str(tmp_path) not in page


def test_media_is_read_from_disk_and_small_plain_files_travel_as_they_are(tmp_path: Path) -> None:
    samples = click(BEATS, 8.0, RATE)
    soundfile.write(tmp_path / "a.wav", samples.T, RATE, subtype="PCM_16")
    soundfile.write(tmp_path / "a.flac", samples.T, RATE)
    for name, kind in (("a.wav", "audio/wav"), ("a.flac", "audio/mpeg")):
        page = write(tmp_path, samples=None, rate=None, media=tmp_path / name)
        assert f'src="data:{kind};base64,' in page
        assert data_of(page)["envelope"]["peak"] == pytest.approx(float(np.abs(samples).max()), abs=1e-4)
        assert data_of(page)["samples"] == samples.shape[1]


def test_three_minutes_stay_under_four_megabytes(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 180 * 16000)).astype(np.float32)
    beats = Events(np.arange(0, 179, 0.4), [str(i % 4 + 1) for i in range(448)])
    assert len(write(tmp_path, samples=noise, rate=16000, answers={"beats": beats})) < 4e6


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="neither samples"):
        song_page(tmp_path / "a.html", title="x", answers={})
    with pytest.raises(SolfeggioError, match="cannot be written"):
        write(tmp_path / "missing")
    with pytest.raises(AudioError):
        song_page(tmp_path / "a.html", title="x", answers={}, media=tmp_path / "none.mp3")
    assert not list(tmp_path.iterdir())
