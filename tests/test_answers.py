"""Answers: valid once made, equal by value, moved and cut in time by simple laws."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solfeggio.answers import Answer, Curve, Events, Notes, Segments, Stems, Tags
from solfeggio.errors import AnswerError

ONE_OF_EACH = [
    Events([0.5, 1.0, 1.0], list("121"), [0.1, 0.2, 0.3]),
    Events([0.5, 1.0]),
    Segments([0, 1], [1, 3], ["C:maj", "G:7"], [0.5, 1]),
    Curve([0, 1, 2], [120, 121, 122], "bpm"),
    Notes([0, 0], [1, 2], [60, 64.5], [100, 0], ["piano", "bass"]),
    Tags(["piano"], [0.9]),
    Stems(["drums", "bass"], np.arange(8).reshape(2, 2, 2), 8000, np.ones((2, 2))),
]
times = st.lists(st.integers(0, 2000), max_size=30).map(lambda n: np.sort(np.array(n, float)) / 16)


@pytest.mark.parametrize("answer", ONE_OF_EACH, ids=lambda a: type(a).__name__)
def test_equality_is_by_value_and_type(answer):
    again = answer.take(np.arange(len(answer)))
    assert answer == again
    assert (answer == object()) is False
    assert all((answer == other) == (answer is other) for other in ONE_OF_EACH)


def test_equality_tells_missing_values_from_given_ones():
    assert Events([1, 2]) != Events([1, 2], values=[1, 2])
    assert Events([1, 2], values=[1, 2]) != Events([1, 2])
    assert Events([]) != Events([], values=[])


def test_answers_cannot_be_changed_nor_change_with_their_source():
    source = np.array([1.0, 2.0])
    events = Events(source)
    source[0] = 9
    assert events.times[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        events.times[0] = 0
    with pytest.raises(AttributeError):
        events.times = source


@pytest.mark.parametrize(
    "make",
    [
        lambda: Events([2, 1]),
        lambda: Events([np.nan]),
        lambda: Events([np.inf]),
        lambda: Events([1, 2], ["1"]),
        lambda: Events([1, 2], values=[1]),
        lambda: Events([[1, 2]]),
        lambda: Events(["one"]),
        lambda: Events([1, None]),
        lambda: Events([[1], [2, 3]]),
        lambda: Segments([1], [0.5], ["a"]),
        lambda: Segments([0, 1], [1], ["a", "b"]),
        lambda: Segments([1, 0], [2, 2], ["a", "b"]),
        lambda: Curve([0, 1], [1]),
        lambda: Notes([0], [1], [60], [128]),
        lambda: Notes([0], [1], [60], [-1]),
        lambda: Notes([1], [0], [60], [64]),
        lambda: Tags(["a", "b"], [1]),
    ],
)
def test_contradictions_are_refused_in_one_line(make):
    with pytest.raises(AnswerError) as caught:
        make()
    assert len(str(caught.value).splitlines()) == 1


def test_labels_become_strings_and_scalars_become_one_event():
    assert Events([1, 2], [1, 2]).labels == ("1", "2")
    assert Events([1, 2], np.array(["1", "2"])).labels == ("1", "2")
    assert len(Events(0.5)) == 1
    assert Events.none().labels == ()
    assert len(Events.none()) == 0


def test_named_keeps_labels_values_and_order():
    beats = Events([0.5, 1, 1.5], list("121"), [0.1, 0.2, 0.3])
    assert beats.named("1") == Events([0.5, 1.5], ["1", "1"], [0.1, 0.3])
    assert beats.named("1", "2") == beats
    assert len(beats.named("7")) == 0
    assert len(Events([1, 2]).named("1")) == 0


def test_take_accepts_masks_indices_and_nothing():
    beats = Events([0.5, 1, 1.5], list("121"))
    assert beats.take(np.array([True, False, True])) == beats.take([0, 2])
    assert len(beats.take([])) == 0
    assert Curve([0, 1], [5, 6], "Hz").take([1]) == Curve([1], [6], "Hz")


@given(times, st.integers(-50, 50), st.integers(-50, 50))
def test_shifts_add_up(t, a, b):
    assert Events(t).shift(a).shift(b) == Events(t).shift(a + b)


@given(times, st.sampled_from([0.25, 0.5, 2.0, 4.0]), st.integers(0, 100))
def test_stretch_undoes_its_inverse_and_scales_shifts(t, factor, by):
    events = Events(t)
    assert events.stretch(factor).stretch(1 / factor) == events
    assert events.shift(by).stretch(factor) == events.stretch(factor).shift(by * factor)


@given(times, st.lists(st.integers(0, 125), min_size=2, max_size=6).map(sorted))
def test_cuts_side_by_side_hold_each_event_once(t, edges):
    parts = [Events(t).cut(a, b).shift(a).times for a, b in itertools.pairwise(edges)]
    inside = t[(t >= edges[0]) & (t < edges[-1])]
    assert np.array_equal(np.concatenate(parts), inside)


@given(times, st.integers(0, 40), st.data())
def test_cuts_of_segments_lose_and_add_no_time(t, length, data):
    segments = Segments(t, t + length / 16, ["a"] * len(t))
    a, b, c = sorted(data.draw(st.tuples(*[st.integers(0, 150)] * 3)))
    total = lambda s: float(np.sum(s.ends - s.starts))  # noqa: E731
    assert total(segments.cut(a, c)) == total(segments.cut(a, b)) + total(segments.cut(b, c))
    if length == 0:
        assert len(segments.cut(a, c)) == len(segments.cut(a, b)) + len(segments.cut(b, c))


def test_cut_trims_what_has_a_length_and_keeps_tags():
    cut = Notes([0, 1, 5], [2, 3, 6], [60, 62, 64], [1, 2, 3]).cut(1.5, 2.5)
    assert cut == Notes([0, 0], [0.5, 1], [60, 62], [1, 2])
    tags = Tags(["piano"], [0.9])
    assert tags.cut(1, 2) == tags.shift(3) == tags.stretch(2) == tags


STEMS = Stems.of({"a": [[1, 2, 3, 4]], "b": [[5, 6, 7, 8]]}, 2, residual=[[0, 0, 0, 1]])


def test_stems_and_residual_are_the_mix_whatever_is_taken_cut_or_moved():
    assert np.array_equal(STEMS.mix(), [[6, 8, 10, 13]])
    alone = STEMS.named("b")
    assert alone.labels == ("b",) and np.array_equal(alone.residual, [[1, 2, 3, 5]])
    assert np.array_equal(alone.mix(), STEMS.mix())
    assert np.array_equal(STEMS.cut(0.5, 1.5).mix(), STEMS.mix()[:, 1:3])
    assert STEMS.cut(-1, 9) == STEMS.shift(1).shift(-1) == STEMS
    assert STEMS.shift(1).duration == 3 and not STEMS.shift(1).samples[..., :2].any()
    assert STEMS.cut(1.5, 1).duration == 0 and len(STEMS.cut(5, 6)) == 2
    assert replace(STEMS, residual=None).named("a").residual is None


def test_stems_cannot_be_changed_and_share_what_cannot_change():
    source = np.zeros((1, 1, 4), np.float32)
    stems = Stems(["a"], source, 2)
    source[:] = 1
    assert not stems["a"].any() and not stems.samples.flags.writeable
    assert np.shares_memory(stems.cut(0, 1).samples, stems.samples)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Stems(["a"], np.zeros((2, 1, 4)), 2),
        lambda: Stems(["a", "a"], np.zeros((2, 1, 4)), 2),
        lambda: Stems(["a"], np.zeros((1, 4)), 2),
        lambda: Stems(["a"], np.full((1, 1, 4), np.nan), 2),
        lambda: Stems(["a"], np.zeros((1, 1, 4)), 0),
        lambda: Stems(["a"], np.zeros((1, 1, 4)), 2, np.zeros((1, 5))),
        lambda: Stems(["a"], "loud", 2),
        lambda: Stems.of({"a": np.zeros((1, 4)), "b": np.zeros((1, 5))}, 2),
        lambda: STEMS["vocals"],
        lambda: STEMS.stretch(2),
    ],
)
def test_wrong_stems_are_refused(make):
    with pytest.raises(AnswerError):
        make()


def test_every_answer_type_is_exercised_here():
    assert {type(a) for a in ONE_OF_EACH} == set(Answer.__subclasses__())
