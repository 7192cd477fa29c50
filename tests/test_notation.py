"""Metre, bars and tempo from beats: hand-made cases, pick-ups, changes, nothing at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solfeggio.answers import Events, Segments
from solfeggio.errors import ConfigError
from solfeggio.notation import Metre, bars, downbeats, global_key, metres, tempo, tempo_curve


def count(positions: str, period: float = 0.5) -> Events:
    return Events(np.arange(len(positions)) * period, list(positions))


@pytest.mark.parametrize(
    ("positions", "labels"),
    [
        ("123123", ("3/4", "3/4")),
        ("12341234", ("4/4", "4/4")),
        ("41234123412", ("4/4",) * 4),  # pick-up and unfinished last bar
        ("234123412", ("4/4",) * 3),
        ("3123", ("3/4", "3/4")),
        ("12341231231", ("4/4", "3/4", "3/4", "3/4")),  # change
        ("1231234", ("3/4", "4/4")),  # the last bar is longer: it stands for itself
        ("123412", ("4/4", "4/4")),
        ("123456123456", ("6/8", "6/8")),
        ("1234512345", ("5/4", "5/4")),
        ("1", ("1/4",)),
        ("123", ("3/4",)),
        ("1111", ("1/4",) * 4),
        ("234", ()),  # no downbeat, no bar
        ("", ()),
    ],
)
def test_bars_are_labelled_with_their_metre(positions, labels):
    assert bars(count(positions)).labels == labels


def test_bars_follow_each_other_from_first_beat_to_one_beat_after_the_last():
    cut = bars(count("41234123"))
    assert np.array_equal(cut.starts, [0, 0.5, 2.5])
    assert np.array_equal(cut.ends, [0.5, 2.5, 4.0])


def test_the_last_bar_ends_one_last_beat_later_when_the_music_slows():
    assert bars(Events([0, 0.5, 1.0, 2.0], list("1212"))).ends[-1] == 3.0


def test_no_labels_no_bars_but_a_tempo():
    beats = Events(np.arange(8) * 0.5)
    assert len(bars(beats)) == len(metres(beats)) == len(downbeats(beats)) == 0
    assert tempo(beats) == 120


def test_a_long_stretch_without_downbeats_is_no_error():
    beats = Events(np.arange(100) * 0.5, ["1"] + ["2"] * 99)
    assert len(bars(beats)) == 1


@given(st.lists(st.sampled_from([2, 3, 4, 5, 6, 7]), min_size=1, max_size=12), st.integers(0, 1))
def test_bars_hold_every_beat_once_and_metres_join_them(sizes, pickup):
    labels = [str(sizes[0])] * pickup + [str(i + 1) for size in sizes for i in range(size)]
    beats = Events(np.arange(len(labels)) * 0.5, labels)
    cut, joined = bars(beats), metres(beats)
    assert len(cut) == len(sizes) + pickup
    assert np.array_equal(cut.ends[:-1], cut.starts[1:])
    assert [int(label.split("/")[0]) for label in cut.labels[pickup:-1]] == sizes[:-1]
    assert joined.starts[0] == cut.starts[0]
    assert joined.ends[-1] == cut.ends[-1]
    assert np.array_equal(joined.ends[:-1], joined.starts[1:])
    assert all(a != b for a, b in zip(joined.labels, joined.labels[1:], strict=False))


def test_metre_change_makes_two_segments():
    joined = metres(count("123412341231231234"[:14]))
    assert joined.labels == ("4/4", "3/4")
    assert np.array_equal(joined.starts, [0, 4])
    assert np.array_equal(joined.ends, [4, 7])


@given(st.floats(20, 300), st.integers(2, 60))
def test_steady_beats_have_one_tempo(bpm, n):
    beats = Events(np.arange(n) * 60 / bpm)
    assert tempo(beats) == pytest.approx(bpm)
    assert np.allclose(tempo_curve(beats).values, bpm)
    assert np.array_equal(tempo_curve(beats).times, beats.times)


def test_tempo_curve_follows_a_change_and_ends_are_defined():
    beats = Events(np.concatenate([np.arange(10) * 0.5, 5 + np.arange(10) * 1.0]))
    curve = tempo_curve(beats)
    assert curve.unit == "bpm"
    assert curve.values[0] == 120
    assert curve.values[-1] == 60
    assert (np.diff(curve.values) <= 1e-9).all()
    for few in (Events([]), Events([1.0])):
        assert len(tempo_curve(few)) == 0
        assert tempo(few) == 0
    assert np.isfinite(tempo_curve(Events([1, 1, 1])).values).all()


@given(st.integers(1, 32), st.sampled_from([1, 2, 4, 8, 16, 32]))
def test_metre_reads_what_it_writes(beats, unit):
    assert Metre.parse(str(Metre(beats, unit))) == Metre(beats, unit)


@pytest.mark.parametrize("text", ["", "3", "3/", "/4", "3/5", "0/4", "33/4", "a/b", "-3/4", "3/4/4", "²/4", "3.5/4"])
def test_what_is_no_metre_is_refused(text):
    with pytest.raises(ConfigError):
        Metre.parse(text)


def test_usual_metres():
    assert [str(Metre.of_beats(n)) for n in (2, 3, 4, 5, 6, 7, 12)] == [
        "2/4",
        "3/4",
        "4/4",
        "5/4",
        "6/8",
        "7/8",
        "12/8",
    ]


def test_the_key_that_lasts_longest_is_the_pieces_and_confidence_counts():
    keys = Segments([0, 10, 40], [10, 40, 60], ["C:maj", "N", "G:maj"])
    assert global_key(keys) == "G:maj"
    assert global_key(Segments(keys.starts, keys.ends, keys.labels, [0.9, 1.0, 0.4])) == "C:maj"
    assert global_key(Segments([], [])) == global_key(keys.cut(20, 30)) == "N"
