"""Measures of labels that hold together: equal to scikit-learn's where both are defined, and their laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from solfeggio.answers import Segments
from solfeggio.errors import AnswerError
from solfeggio.metrics.tags import (
    SCALES,
    active_frames,
    confusion,
    evaluate_activity,
    evaluate_tags,
    f_measure,
    lrap,
    pool,
    roc_auc,
)
from solfeggio.studies.scores import evaluate


@st.composite
def judged(draw) -> tuple[np.ndarray, np.ndarray]:
    """Truth and scores with ties, empty rows and classes that are never or always true."""
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    items, labels = draw(st.integers(1, 40)), draw(st.integers(2, 7))
    truth = rng.random((items, labels)) < rng.choice([0.0, 0.1, 0.5, 1.0], labels)
    return truth, np.round(rng.random((items, labels)), draw(st.sampled_from([1, 6])))


@pytest.mark.oracle
@given(judged())
@settings(max_examples=60, deadline=None)
def test_equal_to_scikit_learn_where_both_are_defined(case):
    truth, scores = case
    asked = truth.any(1)
    if asked.any():
        assert lrap(truth, scores) == pytest.approx(
            oracle.label_ranking_average_precision_score(truth[asked], scores[asked])
        )
    else:
        assert np.isnan(lrap(truth, scores))
    for label, area in enumerate(roc_auc(truth, scores)):
        if len(set(truth[:, label])) == 2:
            assert area == pytest.approx(oracle.roc_auc_score(truth[:, label], scores[:, label]))
        else:
            assert np.isnan(area)
    found = scores > 0.5
    each, macro, micro = f_measure(truth, found)
    known = (truth | found).any(0)
    assert np.array_equal(np.isfinite(each), known)
    if known.any():
        per_class = [oracle.f1_score(truth[:, i], found[:, i], zero_division=0) for i in np.flatnonzero(known)]
        assert each[known] == pytest.approx(per_class) and macro == pytest.approx(np.mean(per_class))
        assert micro == pytest.approx(oracle.f1_score(truth.ravel(), found.ravel(), zero_division=0))
    else:
        assert micro == 1 and np.isnan(macro)


@given(judged(), st.floats(0.1, 5))
@settings(max_examples=40, deadline=None)
def test_only_the_order_of_scores_counts(case, power):
    truth, scores = case
    for measure in (lrap, roc_auc):
        np.testing.assert_allclose(measure(truth, scores), measure(truth, scores**power + 3), equal_nan=True)
    np.testing.assert_allclose(roc_auc(truth, scores), 1 - roc_auc(truth, -scores), equal_nan=True)
    perfect = evaluate_tags(truth, truth.astype(float))
    assert all(np.isnan(v) or v == 1 for name, v in perfect.items() if name != "classes")


@given(judged())
@settings(max_examples=40, deadline=None)
def test_confusion_counts_what_was_missed_where_another_was_wrong(case):
    truth, scores = case
    found = scores > 0.5
    shares = confusion(truth, found)
    for column in range(truth.shape[1]):
        wrong = found[:, column] & ~truth[:, column]
        for row in range(truth.shape[1]):
            if not wrong.any():
                assert np.isnan(shares[row, column])
            else:
                assert shares[row, column] == pytest.approx((truth & ~found)[wrong, row].mean())
    assert np.nan_to_num(np.diag(shares)).max() == 0  # what is wrongly found is not missed


def test_pooling_takes_the_maximum_and_keeps_the_short_rest():
    values = np.arange(25.0)[:, None]
    assert pool(values, 10.0, 1.0).ravel().tolist() == [9, 19, 24]
    assert pool(values, 10.0, None).ravel().tolist() == [24]
    assert pool(values[:0], 10.0, 1.0).shape == (0, 1)
    sizes = [len(pool(np.zeros((605, 3)), 10.0, seconds)) for seconds in SCALES.values()]
    assert sizes == [61, 13, 7, 1]


def test_what_is_undefined_is_left_out_and_counted():
    truth = np.array([[1, 0, 1], [1, 0, 0]], bool)
    scores = np.array([[0.9, 0.2, 0.8], [0.7, 0.1, 0.3]])
    made = evaluate_tags(truth, scores, labels=("drums", "bass", "singing"))
    assert made["classes"] == 1 and made["ROC-AUC"] == made["AUC singing"] == 1
    assert "AUC drums" not in made and "F bass" not in made and made["F drums"] == 1
    assert evaluate_tags(truth, scores, np.array([0.8, 0.5, 0.5]))["F micro"] == pytest.approx(4 / 5)


def test_shapes_that_differ_are_refused():
    with pytest.raises(AnswerError, match="expected the same"):
        lrap(np.zeros((3, 2)), np.zeros((2, 3)))


def test_activity_is_compared_by_time_and_label():
    truth = Segments([0, 2, 5], [10, 4, 9], ["drums", "bass", "bass"])
    assert set(evaluate_activity(truth, truth).values()) == {1.0}
    half = evaluate_activity(truth, Segments([0], [5], ["drums"]))
    assert half["P"] == 1 and half["R"] == pytest.approx(5 / 16, abs=0.01) and half["F bass"] == 0
    assert evaluate_activity(truth, truth.shift(20), span=(0, 10))["R"] == 0
    nothing = Segments([], [])
    assert set(evaluate_activity(nothing, nothing).values()) == {1.0}
    assert evaluate_activity(truth, nothing)["F"] == evaluate_activity(nothing, truth)["F"] == 0
    assert evaluate(truth, truth, "instruments")["F"] == 1


def test_frames_of_labels_that_are_not_asked_are_passed_over():
    frames = active_frames(Segments([0, 0], [1, 2], ["kazoo", "drums"]), ["bass", "drums"], np.array([0.5, 2.5]))
    assert frames.tolist() == [[False, True], [False, False]]
