"""Beat and event scores against mir_eval, and where mir_eval leaves them open."""

from __future__ import annotations

import warnings

import mir_eval
import numpy as np
import pytest

from solfeggio.answers import Events
from solfeggio.errors import AnswerError
from solfeggio.metrics.events import evaluate_beats, evaluate_drums, evaluate_events

BEATS = Events(np.arange(0.2, 40, 0.5), list("1234") * 20)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_mir_eval(seed):
    rng = np.random.default_rng(seed)
    times = np.sort(BEATS.times + rng.normal(0, 0.04, len(BEATS)))
    estimate = Events(times, BEATS.labels).take(rng.random(len(times)) < 0.9)
    expected = mir_eval.beat.evaluate(BEATS.times, estimate.times)
    scores = evaluate_beats(BEATS, estimate)
    names = {
        "F": "F-measure",
        "Cemgil": "Cemgil",
        "Goto": "Goto",
        "CMLc": "Correct Metric Level Continuous",
        "CMLt": "Correct Metric Level Total",
        "AMLc": "Any Metric Level Continuous",
        "AMLt": "Any Metric Level Total",
        "information gain": "Information gain",
    }
    for ours, theirs in names.items():
        assert scores[ours] == pytest.approx(expected[theirs], abs=1e-12), ours
    down = [mir_eval.beat.trim_beats(e.named("1").times) for e in (BEATS, estimate)]
    assert scores["downbeat F"] == mir_eval.beat.f_measure(*down)
    assert all(type(value) is float for value in scores.values())


def test_the_truth_is_perfect():
    assert set(evaluate_beats(BEATS, BEATS).values()) == {1.0}


def test_a_shift_beyond_the_window_scores_nothing_and_one_within_little_less():
    assert evaluate_beats(BEATS, BEATS.shift(0.1))["F"] == 0
    near = evaluate_beats(BEATS, BEATS.shift(0.03))
    assert near["F"] == 1 and near["Cemgil"] == pytest.approx(np.exp(-0.5 * 0.75**2), abs=1e-6)


def test_octaves_and_wrong_downbeats_are_told_apart():
    double = Events(np.arange(0.2, 39.6, 0.25))
    scores = evaluate_beats(BEATS, double)
    assert scores["CMLt"] == 0 and scores["AMLt"] > 0.99 and scores["downbeat F"] == 0
    assert scores["tempo accuracy 1"] == 0 and scores["tempo accuracy 2"] == 1
    turned = Events(BEATS.times, list("3412") * 20)
    assert evaluate_beats(BEATS, turned)["F"] == 1 and evaluate_beats(BEATS, turned)["downbeat F"] == 0
    assert "downbeat F" not in evaluate_beats(Events(BEATS.times), BEATS)
    assert evaluate_beats(BEATS, BEATS.stretch(1.05))["tempo accuracy 2"] == 0
    assert evaluate_beats(BEATS, BEATS.stretch(1.03))["tempo accuracy 1"] == 1


def test_only_the_span_counts_and_the_first_seconds_only_when_asked():
    part = BEATS.take((BEATS.times > 10) & (BEATS.times < 20))
    assert evaluate_beats(part, BEATS)["F"] < 0.7
    assert evaluate_beats(part, BEATS, span=(10, 20))["F"] == 1
    late = BEATS.take(BEATS.times > 5)
    assert evaluate_beats(BEATS, late)["F"] == 1
    assert evaluate_beats(BEATS, late, skip=0)["F"] < 1


def test_nothing_on_one_side_or_both_is_defined():
    none = Events.none()
    assert set(evaluate_beats(none, none).values()) == {1.0}
    assert set(evaluate_beats(BEATS, none).values()) == {0.0}
    assert set(evaluate_beats(none, BEATS).values()) == {0.0}
    assert evaluate_beats(BEATS.take(BEATS.times < 4), none)["F"] == 1  # all trimmed
    one = evaluate_beats(Events([10.0], ["1"]), Events([10.0], ["1"]))
    assert one["F"] == one["downbeat F"] == 1 and one["CMLc"] == 0 and np.isfinite(list(one.values())).all()


def test_two_beats_at_one_time_and_very_long_files_do_not_leak_warnings():
    twice = Events(np.repeat(np.arange(6.0, 20), 2))
    scores = evaluate_beats(twice, twice)
    assert np.isfinite(list(scores.values())).all() and scores["F"] == 1
    with pytest.raises(AnswerError, match="30000"):
        evaluate_beats(BEATS, BEATS.shift(40_000))


def test_events_count_once_within_the_window():
    truth = Events([1.0, 2.0, 3.0, 4.0])
    found = Events([1.04, 1.05, 2.06, 3.0])
    scores = evaluate_events(truth, found)
    assert scores == {"F": 0.5, "P": 0.5, "R": 0.5}
    assert evaluate_events(truth, found, 0.1)["R"] == 0.75
    assert evaluate_events(truth, found, span=(2.5, 3.5))["F"] == 1
    assert evaluate_events(truth, Events(found.times, list("abcd"))) == scores


def test_labelled_events_match_only_their_own_kind():
    truth = Events([1.0, 1.0, 2.0], ["kick", "snare", "kick"])
    found = Events([1.0, 2.0, 2.0], ["kick", "snare", "hat"])
    scores = evaluate_events(truth, found)
    assert scores["P"] == scores["R"] == scores["F"] == pytest.approx(1 / 3)
    assert scores["F kick"] == pytest.approx(2 / 3) and scores["F snare"] == scores["F hat"] == 0
    with pytest.raises(AnswerError, match="labels"):
        evaluate_events(truth, Events([1.0]))


def test_no_events_on_one_side_or_both():
    none, some = Events.none(), Events([1.0], ["kick"])
    assert evaluate_events(none, none) == {"F": 1.0, "P": 1.0, "R": 1.0}
    assert evaluate_events(some, none) == {"F": 0.0, "P": 0.0, "R": 0.0, "F kick": 0.0}
    assert evaluate_events(none, some) == {"F": 0.0, "P": 0.0, "R": 0.0, "F kick": 0.0}


def test_drums_are_counted_pooled_and_by_kind():
    truth = Events([0.0, 0.5, 1.0, 1.5, 1.5], ["KD", "SD", "KD", "SD", "CY"])
    heard = Events([0.03, 0.5, 1.0, 1.2, 1.5], ["KD", "SD", "KD", "TT", "HH"])
    scores = evaluate_drums(truth, heard)
    assert scores["F"] == pytest.approx(2 * 3 / (4 + 4))  # cymbals and toms do not count
    assert (scores["F KD"], scores["F SD"], scores["F HH"]) == (1.0, pytest.approx(2 / 3), 0.0)
    assert scores["mean F"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert scores["F KD 20 ms"] == 0.5
    assert evaluate_drums(truth, truth)["mean F 20 ms"] == 1.0
    assert np.isnan(evaluate_drums(truth, truth)["F HH"])
    assert evaluate_drums(Events.none(), Events.none())["F"] == 1.0
    assert evaluate_drums(truth, Events.none())["F"] == 0.0
    assert evaluate_drums(truth, heard, span=(0.4, 0.6))["F"] == 1.0
