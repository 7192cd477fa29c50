"""Judging labels of clips: against scikit-learn, masked labels, what is not defined, and when."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.errors import AnswerError
from solfeggio.metrics.clips import FEWEST, evaluate_clips, found_and_missed, localise


def example(clips: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2, (clips, 3)).astype(float), rng.random((clips, 3)) < 0.6, rng.random((clips, 3))


@pytest.mark.oracle
def test_numbers_are_those_of_scikit_learn():
    from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score, roc_auc_score

    truth, told, sure = example()
    found = evaluate_clips(truth, told, sure)
    for label in range(3):
        rows = told[:, label]
        y, said = truth[rows, label], sure[rows, label] >= 0.5
        assert found["macro F1"][label] == pytest.approx(f1_score(y, said, average="macro"))
        assert found["weighted F1"][label] == pytest.approx(f1_score(y, said, average="weighted"))
        assert found["precision"][label] == pytest.approx(precision_score(y, said))
        assert found["recall"][label] == pytest.approx(recall_score(y, said))
    activity, scores = truth.reshape(6, 10, 3), np.round(sure.reshape(6, 10, 3), 1)  # rounded: with ties
    when = localise(activity, np.ones((6, 3)), scores)
    for label in range(3):
        pairs = [(activity[i, :, label], scores[i, :, label]) for i in range(6)]
        assert when["ROC-AUC"][label] == pytest.approx(np.mean([roc_auc_score(a, s) for a, s in pairs]))
        assert when["AP"][label] == pytest.approx(np.mean([average_precision_score(a, s) for a, s in pairs]))


def test_what_was_not_told_does_not_count():
    truth, told, sure = example()
    other = np.where(told, sure, 1 - sure)
    for name, value in evaluate_clips(truth, told, sure).items():
        np.testing.assert_array_equal(value, evaluate_clips(truth, told, other)[name])


def test_perfect_wrong_and_blind_answers():
    truth = np.tile([[1.0], [0.0]], (FEWEST, 1))
    told = np.ones(truth.shape, bool)
    assert evaluate_clips(truth, told, truth)["macro F1"][0] == 1
    assert evaluate_clips(truth, told, 1 - truth)["macro F1"][0] == 0
    always = evaluate_clips(truth, told, np.ones(truth.shape))
    assert always["macro F1"][0] == pytest.approx(1 / 3) and always["recall"][0] == 1


def test_labels_with_too_few_clips_are_not_judged():
    truth = np.zeros((50, 1))
    truth[: FEWEST - 1] = 1
    assert all(np.isnan(value).all() for value in evaluate_clips(truth, truth == truth, truth).values())


def test_when_counts_clips_with_gaps_that_are_known():
    activity = np.zeros((4, 10, 1))
    activity[0, :4] = 1
    activity[1] = 1  # throughout
    activity[2, :4] = 1
    activity[3, :4], activity[3, 9] = 1, np.nan
    present = np.array([[1], [1], [0], [1]])  # the third was not told to hold it
    found = localise(activity, present, activity)
    assert found["clips"][0] == 1 and found["ROC-AUC"][0] == 1 and found["AP"][0] == 1
    backwards = localise(activity, present, -activity)
    assert backwards["ROC-AUC"][0] == 0
    flat = localise(activity, present, np.full(activity.shape, 0.1))
    assert flat["ROC-AUC"][0] == 0.5 and flat["AP"][0] == pytest.approx(0.4)
    assert np.isnan(localise(activity[1:2], present[1:2], activity[1:2])["ROC-AUC"]).all()


def test_scores_are_compared_within_a_clip_only():
    activity = np.zeros((2, 4, 1))
    activity[:, :2] = 1
    scores = activity + np.array([0.0, 100.0])[:, None, None]
    assert localise(activity, np.ones((2, 1)), scores)["ROC-AUC"][0] == 1


def test_recordings_are_counted_together_and_unknown_does_not_count():
    truth = np.array([[1, 1, 0, 0.5], [0, 1, 0, 0]])
    named = np.array([[True, False, True, True], [False, True, False, False]])
    found = found_and_missed(truth, named)
    assert found == pytest.approx({"precision": 2 / 3, "recall": 2 / 3, "F": 2 / 3})
    assert found_and_missed(truth * 0, named & False)["F"] == 0


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(AnswerError):
        evaluate_clips(np.zeros((2, 3)), np.zeros((2, 3), bool), np.zeros((2, 4)))
    with pytest.raises(AnswerError):
        localise(np.zeros((2, 10, 3)), np.zeros((2, 2)), np.zeros((2, 10, 3)))
