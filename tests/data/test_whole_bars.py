"""Tunes in ABC as scores of whole bars."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.data.whole_bars import tune_score, whole_bars
from solfeggio.errors import DataError

HEAD = "X:1\nT:The Tune\nM:C|\nL:1/4\nK:G\n"


def pitches(text):
    return tune_score(HEAD + text).parts[0].notes[:, 2].astype(int).tolist()


def test_a_pick_up_and_halves_around_a_repeat_sign():
    score = tune_score(HEAD + "D|GABc|d2B2|GABc|dBG:|\nd|gfed|c2B2|cBAG|D2G|]")
    assert score.title == "The Tune"
    assert score.metres == ((0.0, 32.0, "2/2"),)
    assert score.pickup_quarters == 1.0
    assert score.bar_lines().tolist() == [0, 1, 5, 9, 13, 17, 21, 25, 29, 32]
    assert score.keys[0][2] == "G:maj"


def test_of_endings_the_last_is_kept():
    plain = pitches("GABc|d4|GABc|e4|g4|]")
    assert pitches("GABc|d4|GABc|1 c4:|2 e4|g4|]") == plain
    assert pitches("GABc|d4|GABc|[1 c2B2:| [2 e4|g4|]") == plain


def test_double_stops_give_their_top_note_and_marks_none():
    plain = pitches("GABc|d4|e4|g4|]")
    assert pitches('GABc|!trill!d4|"3"ve4|{fg}g4|]') == plain
    assert pitches("GABc|[Dd]4|[e4A4]|[GBg]4|]") == plain
    assert pitches("GA Bc|d4\\\n|e4|g4|] % fine") == plain


def test_the_longest_stretch_of_whole_bars_is_kept():
    score = tune_score(HEAD + "D|GABc|d2B2|GAB|GABc|d2B2|GABc|dBGd|gfed|]")
    assert score.length_quarters == 20.0
    assert score.pickup_quarters == 0.0
    assert score.parts[0].notes[0, :3].tolist() == [0, 1, 67]


@pytest.mark.parametrize("text", ["GABc|d4|", "GAB|GAB|GAB|GAB|GAB|", "GABc|d4|[M:3/4]GAB|d3|G3|", ""])
def test_tunes_without_whole_bars_or_one_metre(text):
    with pytest.raises(DataError):
        tune_score(HEAD + text)


def test_voices_keys_and_chords_are_cut_together():
    top = np.array([[0, 2, 72, 80], [4, 20, 74, 80.0]])
    low = np.array([[0, 3, 48, 80], [3, 20, 50, 80.0]])
    edges = np.array([0, 3, 7, 11, 15, 19, 20])
    keys, chords = ((0.0, 20.0, "C:maj"),), ((0.0, 4.0, "C:maj"), (4.0, 20.0, "G:7"))
    score = whole_bars("a", "bach", (top, low), edges, "4/4", keys, chords)
    assert score.length_quarters == 17.0
    assert [part.notes[:, 0].tolist() for part in score.parts] == [[1.0], [0.0]]
    assert [part.name for part in score.parts] == ["melody", "alto"]
    assert score.chords == ((0.0, 1.0, "C:maj"), (1.0, 17.0, "G:7"))
    assert score.keys == ((0.0, 17.0, "C:maj"),)
