"""Chord scores against mir_eval, and where mir_eval leaves them open."""

from __future__ import annotations

import warnings

import mir_eval
import numpy as np
import pytest

from solfeggio.answers import Segments
from solfeggio.harte import NAMES, QUALITIES
from solfeggio.metrics.chords import MEASURES, asked_seconds, evaluate_chords

NOTHING = Segments([], [])
TRUTH = Segments([0, 2, 4, 6], [2, 4, 6, 8], ["C:maj", "A:min7", "F:maj/3", "N"])


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def draw(rng: np.random.Generator, count: int, end: float) -> Segments:
    edges = np.sort(rng.uniform(0, end, count - 1))
    edges = np.concatenate([[0], edges, [end]])
    labels = [f"{rng.choice(NAMES)}:{rng.choice(list(QUALITIES))}{rng.choice(['', '/5', '/3'])}" for _ in range(count)]
    labels = [label if rng.random() < 0.9 else "N" for label in labels]
    return Segments(edges[:-1], edges[1:], labels)


@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(4))
def test_scores_are_those_of_mir_eval(seed):
    rng = np.random.default_rng(seed)
    truth = draw(rng, 40, 60.0)
    labels = [label if rng.random() < 0.7 else "G:7" for label in truth.labels]
    estimate = Segments(truth.starts, truth.ends, labels).shift(0.2).cut(0.2, 60.0).shift(0.2)
    intervals = [np.stack([s.starts, s.ends], 1) for s in (truth, estimate)]
    expected = mir_eval.chord.evaluate(intervals[0], list(truth.labels), intervals[1], list(estimate.labels))
    scores = evaluate_chords(truth, estimate)
    for ours, theirs in {**MEASURES, "segmentation": "seg", "over": "overseg", "under": "underseg"}.items():
        assert scores[ours] == pytest.approx(expected[theirs], abs=1e-12), ours
    assert all(type(value) is float for value in scores.values())


@pytest.mark.parametrize("quality", QUALITIES)
def test_the_truth_is_perfect_in_every_quality(quality):
    truth = Segments([0, 1, 2], [1, 2, 3], [f"D:{quality}", f"F#:{quality}/5", "N"])
    assert set(evaluate_chords(truth, truth).values()) == {1.0}


def test_each_measure_asks_for_what_it_says():
    found = Segments([0, 2, 4, 6], [2, 4, 6, 8], ["C:7", "A:min", "F:maj", "N"])
    scores = evaluate_chords(TRUTH, found)
    assert scores["root"] == scores["majmin"] == scores["mirex"] == scores["segmentation"] == 1
    assert scores["sevenths"] == 0.5 and scores["majmin inversions"] == 0.75 and scores["sevenths inversions"] == 0.25


def test_gaps_in_the_estimate_are_no_chord_and_in_the_reference_unknown():
    assert evaluate_chords(TRUTH, TRUTH.take([0, 1, 2]))["root"] == 1
    assert evaluate_chords(TRUTH, TRUTH.take([1, 2, 3]))["root"] == 0.75
    assert evaluate_chords(TRUTH.take([0, 2]), Segments([0], [8], ["C:maj"]))["root"] == 0.5
    assert evaluate_chords(Segments([0, 2], [2, 4], ["X", "C:maj"]), Segments([0], [4], ["C:maj"]))["root"] == 1


def test_only_the_span_counts():
    wrong = Segments([0, 2], [2, 8], ["D:maj", "A:min7"])
    assert evaluate_chords(TRUTH, wrong, span=(2, 4))["sevenths"] == 1
    assert evaluate_chords(TRUTH, wrong, span=(0, 4))["sevenths"] == 0.5


def test_nothing_on_one_side_or_both_is_defined():
    assert set(evaluate_chords(NOTHING, NOTHING).values()) == {1.0}
    assert set(evaluate_chords(NOTHING, Segments([0], [2], ["N"])).values()) == {1.0}
    assert set(evaluate_chords(NOTHING, TRUTH).values()) == {0.0}
    assert evaluate_chords(TRUTH, NOTHING)["root"] == 0.25  # its silence is right
    suspended = Segments([0], [2], ["C:sus4"])
    assert evaluate_chords(suspended, TRUTH)["majmin"] == 1  # asks for nothing here
    assert evaluate_chords(suspended, TRUTH)["tetrads"] == 0


def test_recordings_are_weighed_by_what_is_asked_of_them():
    truth = Segments([0, 2, 4, 7], [2, 4, 7, 8], ["C:5", "X", "A:min7", "N"])
    seconds = asked_seconds(truth)
    assert (seconds["root"], seconds["majmin"], seconds["sevenths"]) == (6.0, 4.0, 4.0)
    assert asked_seconds(truth, span=(0, 2))["majmin"] == 0
    assert set(asked_seconds(NOTHING).values()) == {0.0} and set(seconds) == set(MEASURES)
