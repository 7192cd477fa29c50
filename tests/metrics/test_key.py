"""Key metrics: MIREX's table, modes by their third, time shares, no key, and tuning on its circle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solfeggio.answers import Segments
from solfeggio.harte import NAMES
from solfeggio.metrics.key import evaluate_key, key_score, simple_key, tuning_error

KEYS = [f"{name}:{mode}" for mode in ("maj", "min") for name in NAMES]
NOTHING = Segments([], [])


@pytest.mark.parametrize(
    ("truth", "found", "score"),
    [
        ("C:maj", "C:maj", 1.0), ("C:maj", "G:maj", 0.5), ("C:maj", "F:maj", 0.0), ("A:min", "E:min", 0.5),
        ("C:maj", "A:min", 0.3), ("A:min", "C:maj", 0.3), ("C:maj", "C:min", 0.2), ("C:min", "C:maj", 0.2),
        ("C:maj", "D:maj", 0.0), ("C#:maj", "Db:maj", 1.0), ("D:dor", "D:min", 1.0), ("G:mix", "G:maj", 1.0),
        ("E:phr", "E:min", 1.0), ("F:lyd", "F:maj", 1.0), ("N", "N", 1.0), ("C:maj", "N", 0.0), ("N", "C:maj", 0.0),
    ],
)  # fmt: skip
def test_scores_of_mirex(truth, found, score):
    assert key_score(truth, found) == score


def test_keys_are_reduced_by_their_third_and_spelled_alike():
    assert [simple_key(k) for k in ("C", "C#:maj", "B:dor", "X", "N")] == ["C:maj", "Db:maj", "B:min", "X", "N"]


@given(st.lists(st.tuples(st.floats(0.1, 50), st.sampled_from([*KEYS, "N"])), min_size=1, max_size=6))
def test_the_truth_is_perfect_and_no_score_leaves_its_range(parts):
    edges = np.cumsum([0.0, *(length for length, _ in parts)])
    keys = Segments(edges[:-1], edges[1:], [label for _, label in parts])
    assert evaluate_key(keys, keys) == pytest.approx(
        dict.fromkeys(("weighted", "exact", "local weighted", "local exact"), 1)
    )
    other = evaluate_key(keys, Segments([0], [edges[-1]], ["C:maj"]))
    assert all(-1e-9 <= value <= 1 + 1e-9 for value in other.values())


def test_local_scores_are_shares_of_time():
    truth = Segments([0, 10, 30], [10, 30, 40], ["C:maj", "G:maj", "X"])
    scores = evaluate_key(truth, Segments([0], [40], ["G:maj"]))
    assert scores == pytest.approx({"weighted": 1, "exact": 1, "local weighted": 25 / 30, "local exact": 20 / 30})
    assert evaluate_key(truth, Segments([10], [30], ["G:maj"]))["local exact"] == pytest.approx(20 / 30)
    assert evaluate_key(truth, NOTHING, span=(0, 40)) == dict.fromkeys(scores, 0.0)
    assert evaluate_key(truth, Segments([0], [40], ["C:maj"]), span=(0, 10))["local exact"] == 1


def test_music_without_a_key_wants_no_answer():
    names = ("weighted", "exact", "local weighted", "local exact")
    assert evaluate_key(NOTHING, NOTHING) == dict.fromkeys(names, 1.0)
    assert evaluate_key(NOTHING, Segments([0], [5], ["C:maj"])) == dict.fromkeys(names, 0.0)
    assert evaluate_key(Segments([0], [5], ["N"]), NOTHING) == dict.fromkeys(names, 1.0)


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_tuning_lives_on_a_circle(one, other):
    assert 0 <= tuning_error(one, other) <= 50
    assert tuning_error(one, other) == pytest.approx(tuning_error(other, one))
    assert tuning_error(one + 100, one) == pytest.approx(0, abs=1e-6)
