"""Viterbi's law: no path is better than the one it finds, as trying them all shows."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solfeggio.decode.viterbi import viterbi
from solfeggio.errors import AnswerError


def total(path: np.ndarray, observations: np.ndarray, transitions: np.ndarray, initial: np.ndarray) -> float:
    steps = range(len(path))
    return float(
        initial[path[0]]
        + sum(observations[i, path[i]] for i in steps)
        + sum(transitions[path[i - 1], path[i]] for i in steps if i)
    )


@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 10_000), st.sampled_from([0.0, 0.3]))
@settings(max_examples=80, deadline=None)
def test_no_path_is_better(count: int, states: int, seed: int, forbidden: float):
    rng = np.random.default_rng(seed)
    observations, transitions, initial = (rng.normal(size=n) for n in ((count, states), (states, states), (states,)))
    transitions[rng.random((states, states)) < forbidden] = -np.inf
    np.fill_diagonal(transitions, -1.0)  # some path is always possible
    path = viterbi(observations, transitions, initial)
    paths = [np.array(p) for p in product(range(states), repeat=count)]
    best = max(total(p, observations, transitions, initial) for p in paths)
    assert total(path, observations, transitions, initial) == pytest.approx(best)


def test_edges_are_defined_and_misfits_refused():
    even = np.zeros((3, 3))
    assert viterbi(np.zeros((0, 3)), even).shape == (0,)
    assert viterbi(np.array([[0.0, 2.0, 1.0]]), even).tolist() == [1]
    assert viterbi(np.array([[0.0, 2.0, 1.0]]), even, np.array([5.0, 0, 0])).tolist() == [0]
    for wrong in ((np.zeros((4, 2)), even), (np.zeros(4), even), (np.full((4, 3), np.nan), even)):
        with pytest.raises(AnswerError):
            viterbi(*wrong)
    with pytest.raises(AnswerError, match="initial"):
        viterbi(np.zeros((4, 3)), even, np.zeros(2))
