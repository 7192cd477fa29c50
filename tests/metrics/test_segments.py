"""Scores of sections: known answers, empty ones, spans, and labels."""

from __future__ import annotations

import numpy as np
import pytest
from mir_eval import segment

from solfeggio.answers import Segments
from solfeggio.errors import AnswerError
from solfeggio.metrics.segments import evaluate_sections

TRUTH = Segments([0, 10, 20, 30], [10, 20, 30, 40], ["verse", "chorus", "verse", "chorus"])
NONE = Segments([], [])


def test_perfect_is_one_and_names_do_not_matter_but_for_label():
    same = evaluate_sections(TRUTH, TRUTH)
    assert all(value == 1.0 for value in same.values())
    other = evaluate_sections(TRUTH, Segments(TRUTH.starts, TRUTH.ends, ["A", "B", "A", "B"]))
    assert other.pop("label") == 0.0
    assert all(value == 1.0 for value in other.values())


def test_windows_and_trimming_count_as_they_say():
    off = Segments([0, 12, 20.4, 35], [12, 20.4, 35, 40], TRUTH.labels)
    scores = evaluate_sections(TRUTH, off)
    assert scores["F 3"] == pytest.approx(4 / 5)
    assert scores["F 0.5"] == pytest.approx(3 / 5)
    assert scores["F 3 trimmed"] == pytest.approx(2 / 3)
    assert scores["P 0.5 trimmed"] == pytest.approx(1 / 3)


def test_labels_are_compared_in_time():
    scores = evaluate_sections(TRUTH, Segments([0], [40], ["verse"]))
    assert scores["label"] == pytest.approx(0.5)
    assert scores["pairwise R"] == pytest.approx(1.0)
    assert scores["pairwise P"] < 0.6
    assert scores["over"] == pytest.approx(1.0)
    assert scores["under"] == scores["V"] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.oracle
def test_scores_are_those_of_mir_eval():
    found = Segments([0, 9, 21, 33], [9, 21, 33, 40], ["a", "b", "b", "a"])
    sides = [(np.stack([s.starts, s.ends], 1), list(s.labels)) for s in (TRUTH, found)]
    scores = evaluate_sections(TRUTH, found)
    flat = [*sides[0], *sides[1]]
    assert [scores[f"{k} 0.5"] for k in "PRF"] == pytest.approx(segment.detection(flat[0], flat[2], 0.5))
    assert [scores[f"pairwise {k}"] for k in "PRF"] == pytest.approx(segment.pairwise(*flat))
    assert [scores[k] for k in ("over", "under", "V")] == pytest.approx(segment.vmeasure(*flat))


def test_nothing_on_either_side_is_defined():
    assert set(evaluate_sections(NONE, NONE).values()) == {1.0}
    for scores in (evaluate_sections(TRUTH, NONE), evaluate_sections(NONE, TRUTH)):
        assert set(scores.values()) == {0.0}
    whole = Segments([0], [40], ["verse"])
    assert set(evaluate_sections(whole, whole).values()) == {1.0}
    assert evaluate_sections(TRUTH, whole)["F 3 trimmed"] == 0.0
    assert set(evaluate_sections(TRUTH, NONE)) == set(evaluate_sections(TRUTH, whole))


def test_unlabelled_segments_are_all_the_same():
    bare = Segments(TRUTH.starts, TRUTH.ends)
    scores = evaluate_sections(bare, bare)
    assert scores["F 0.5"] == scores["pairwise F"] == scores["label"] == 1.0


def test_the_estimate_is_cut_and_filled_to_the_reference():
    longer = Segments([-2, 10, 20, 30, 45], [10, 20, 30, 45, 50], [*TRUTH.labels, "outro"])
    assert set(evaluate_sections(TRUTH, longer).values()) == {1.0}
    shorter = Segments([1, 10, 20, 30], [10, 20, 30, 38], TRUTH.labels)
    assert set(evaluate_sections(TRUTH, shorter).values()) == {1.0}
    elsewhere = Segments([100], [110], ["verse"])
    assert evaluate_sections(TRUTH, elsewhere)["label"] == 0.0


def test_only_the_span_is_scored():
    wrong = Segments([0, 5, 20, 30], [5, 20, 30, 40], TRUTH.labels)
    assert evaluate_sections(TRUTH, wrong)["F 3"] < 1
    assert set(evaluate_sections(TRUTH, wrong, span=(20, 40)).values()) == {1.0}


def test_times_beyond_reason_are_refused():
    with pytest.raises(AnswerError, match="40000"):
        evaluate_sections(TRUTH, Segments([0], [40_000], ["verse"]))


def test_everything_lies_between_nothing_and_all():
    rng = np.random.default_rng(0)
    for _ in range(10):
        edges = np.concatenate([[0], np.sort(rng.uniform(0, 40, 5)), [40]])
        found = Segments(edges[:-1], edges[1:], rng.choice(["a", "b"], 6))
        assert all(-1e-9 <= value <= 1 + 1e-9 for value in evaluate_sections(TRUTH, found).values())
