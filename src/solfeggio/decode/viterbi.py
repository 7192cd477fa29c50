"""Viterbi: the most probable path through hidden states, in log probabilities."""

from __future__ import annotations

import numpy as np

from solfeggio.errors import AnswerError


def viterbi(observations: np.ndarray, transitions: np.ndarray, initial: np.ndarray | None = None) -> np.ndarray:
    """Find the path that maximises the sum of its log probabilities; among equals, that of lower states at the end.

    observations: (n, states) log likelihood of each step's evidence in each state. transitions: (states, states) log
    probability from row to column. initial: (states,) log probability of the first state; None: all the same. -inf
    forbids, as long as some path stays possible. None of them needs to be normalised. Returns (n,) states.
    Cost: n times states squared. Raises AnswerError for arrays that do not fit or hold NaN. Source: Viterbi (1967).

    >>> rise = np.log([[0.9, 0.1], [0.1, 0.9]])
    >>> viterbi(np.log([[0.9, 0.1], [0.4, 0.6], [0.9, 0.1]]), rise)
    array([0, 0, 0])
    """
    observations = np.asarray(observations, np.float64)
    if observations.ndim != 2 or np.shape(transitions) != (observations.shape[1],) * 2:
        raise AnswerError(
            f"observations {observations.shape} and transitions {np.shape(transitions)}",
            "expected (n, states) and (states, states)",
        )
    count, states = observations.shape
    start = np.zeros(states) if initial is None else np.asarray(initial, np.float64)
    if start.shape != (states,):
        raise AnswerError(f"initial {start.shape}", f"expected ({states},)")
    into = np.ascontiguousarray(np.asarray(transitions, np.float64).T)
    if any(np.isnan(array).any() for array in (observations, into, start)):
        raise AnswerError("log probabilities hold NaN", "the network or its input is broken")
    path = np.zeros(count, np.int64)
    if not count:
        return path
    back = np.zeros((count, states), np.uint16 if states <= 65536 else np.int64)
    score, every = start + observations[0], np.arange(states)
    chain = np.empty_like(into)
    for step in range(1, count):
        np.add(into, score, out=chain)
        best = chain.argmax(1)
        back[step] = best
        score = chain[every, best] + observations[step]
    path[-1] = int(score.argmax())
    for step in range(count - 1, 0, -1):
        path[step - 1] = back[step, path[step]]
    return path
