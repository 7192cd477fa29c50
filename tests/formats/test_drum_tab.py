"""Drum tabs show what is struck where, and drum hits come back from MIDI."""

from __future__ import annotations

import numpy as np
import pytest
import symusic

from solfeggio import formats
from solfeggio.answers import Events
from solfeggio.errors import AnswerError, FormatError
from solfeggio.formats import drum_hits, drum_tab, read_midi, write_drum_tab, write_midi
from solfeggio.hits import FINE

BEATS = Events(0.3 + 0.5 * np.arange(8), list("1234" * 2))
ROCK = [(i * 0.25, "CHH", 0.5) for i in range(16)] + [(i, "KD", 0.95) for i in range(4)]
ROCK = sorted([*ROCK, *((i + 0.5, "SD", 0.6) for i in range(4)), (0.0, "CRC", 0.9)])
HITS = Events([0.3 + t for t, _, _ in ROCK], [x for _, x, _ in ROCK], [v for _, _, v in ROCK])


def rows(text: str) -> dict[str, str]:
    return {line[:2].strip(): line[3:] for line in text.splitlines() if line[2:4] == " |"}


def test_a_bar_has_sixteen_columns_and_a_row_for_each_drum():
    text = drum_tab(HITS, BEATS, "Song\nof two bars")
    assert text.startswith("Song of two bars\n4/4, 120 bpm\n")
    assert rows(text) == {
        "CC": "|X---------------|----------------|",
        "HH": "|x-x-x-x-x-x-x-x-|x-x-x-x-x-x-x-x-|",
        "SD": "|----o-------o---|----o-------o---|",
        "BD": "|O-------O-------|O-------O-------|",
    }


def test_hits_go_to_the_nearest_column_as_tempo_drifts():
    times = np.cumsum([0.3, 0.5, 0.52, 0.55, 0.6, 0.66, 0.7, 0.7])
    beats = Events(times, list("1234" * 2))
    hits = Events([0.29, times[3] + 0.31, times[6] + 0.02], ["KD", "SD", "KD"], [0.5] * 3)
    assert rows(drum_tab(hits, beats)) == {
        "SD": "|--------------o-|----------------|",
        "BD": "|o---------------|--------o-------|",
    }


def test_other_metres_and_many_bars():
    beats = Events(np.arange(18) * 0.5, list("123" * 6))
    text = drum_tab(Events([0.0, 8.5], ["KD", "KD"]), beats)
    lines = [line for line in text.splitlines() if line.startswith("BD")]
    assert [len(line) for line in lines] == [4 + 4 * 13, 4 + 2 * 13]
    assert lines[1].endswith("|--------o---|") and text.startswith("3/4")


def test_nothing_to_write():
    assert "no bars" in drum_tab(HITS, Events.none())
    assert rows(drum_tab(Events.none(), BEATS)) == {}
    with pytest.raises(AnswerError, match="HH"):
        drum_tab(Events([0.3], ["HH"]), BEATS)


def test_a_tab_is_written_whole(tmp_path):
    write_drum_tab(HITS, BEATS, tmp_path / "a.drums.txt", "Song")
    assert (tmp_path / "a.drums.txt").read_text("utf-8") == drum_tab(HITS, BEATS, "Song")


def test_hits_come_back_from_midi(tmp_path):
    rng = np.random.default_rng(0)
    hits = Events(np.sort(rng.uniform(0, 20, 60)), [list(FINE)[i] for i in rng.integers(0, 8, 60)], rng.random(60))
    formats.write(hits, tmp_path / "a.mid")
    track = next(t for t in symusic.Score(str(tmp_path / "a.mid")).tracks if t.name == "drums")
    assert track.is_drum
    back = formats.read(tmp_path / "a.mid", Events)
    assert back.labels == hits.labels
    assert np.abs(back.times - hits.times).max() < 0.001
    assert back.values is not None and np.abs(back.values - hits.values).max() <= 1 / 127


def test_hits_stand_beside_beats(tmp_path):
    write_midi(tmp_path / "a.mid", BEATS, drums=HITS)
    held = read_midi(tmp_path / "a.mid")
    assert held.beats.labels == BEATS.labels
    back = drum_hits(held.notes)
    assert sorted(zip(back.times.round(3), back.labels, strict=True)) == sorted(
        zip(HITS.times.round(3), HITS.labels, strict=True)
    )
    with pytest.raises(FormatError, match="drums"):
        write_midi(tmp_path / "b.mid", drums=BEATS)
    formats.write(BEATS, tmp_path / "c.mid")
    assert formats.read(tmp_path / "c.mid", Events).labels == BEATS.labels
