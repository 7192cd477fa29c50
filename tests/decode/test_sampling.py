"""Sampling against cases worked out by hand, and its laws on random distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solfeggio.decode.sampling import choose, draw, forbid, keep_nucleus, keep_top, weigh
from solfeggio.errors import ConfigError

SHARES = np.array([0.1, 0.4, 0.2, 0.3])


def test_temperature() -> None:
    assert np.allclose(weigh(np.log(SHARES)), SHARES)
    assert np.allclose(weigh(np.log(SHARES), 0.5), SHARES**2 / 0.3)  # 0.01 + 0.16 + 0.04 + 0.09
    assert np.allclose(weigh(np.log([0.25, 0.75]), 2), np.sqrt([0.25, 0.75]) / (0.5 + np.sqrt(0.75)))
    assert weigh(np.array([[0.0, 2.0, 2.0], [5.0, 1.0, 5.0]]), 0).tolist() == [[0, 1, 0], [1, 0, 0]]
    assert np.allclose(weigh(np.array([1e4, 1e4, -np.inf])), [0.5, 0.5, 0])


def test_the_likeliest_are_kept() -> None:
    assert np.allclose(keep_top(SHARES, 1), [0, 1, 0, 0])
    assert np.allclose(keep_top(SHARES, 2), [0, 4 / 7, 0, 3 / 7])
    assert np.allclose(keep_top(np.full(4, 0.25), 2), [0.5, 0.5, 0, 0])
    assert np.allclose(keep_top(SHARES, 9), SHARES)


def test_the_nucleus_is_the_smallest_set_that_holds_enough() -> None:
    assert np.allclose(keep_nucleus(SHARES, 0.3), [0, 1, 0, 0])
    assert np.allclose(keep_nucleus(SHARES, 0.4), [0, 1, 0, 0])  # the first alone holds it
    assert np.allclose(keep_nucleus(SHARES, 0.41), [0, 4 / 7, 0, 3 / 7])
    assert np.allclose(keep_nucleus(SHARES, 0.7), [0, 4 / 7, 0, 3 / 7])
    assert np.allclose(keep_nucleus(SHARES, 0.71), [0, 4 / 9, 2 / 9, 3 / 9])
    assert np.allclose(keep_nucleus(SHARES, 1.0), SHARES)
    rows = keep_nucleus(np.array([SHARES, SHARES[::-1]]), 0.5)
    assert np.allclose(rows[1], rows[0][::-1])


def test_drawing_inverts_the_distribution() -> None:
    places = np.array([0.0, 0.0999, 0.1001, 0.4999, 0.5001, 0.6999, 0.7001, 0.9999])
    assert draw(np.tile(SHARES, (8, 1)), places).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert draw(np.array([0.0, 1.0, 0.0]), 0.0) == 1
    assert draw(np.array([0.0, 1.0, 0.0]), np.nextafter(1, 0)) == 1
    assert draw(np.array([0.3, 0.7, 0.0]), 1.0) == 1


def test_masks_come_first() -> None:
    logits = np.log(SHARES)
    allowed = np.array([True, False, True, False])
    assert np.isneginf(forbid(logits, allowed)[[1, 3]]).all()
    assert choose(logits, 0.3, allowed=allowed) == 0  # of 1/3 and 2/3
    assert choose(logits, 0.4, allowed=allowed) == 2
    assert choose(logits, 0.0, allowed=allowed, top_k=1) == 2
    assert choose(logits, 0.0, allowed=allowed, temperature=0) == 2
    assert choose(np.tile(logits, (2, 1)), np.zeros(2), allowed=np.eye(4, dtype=bool)[[3, 0]]).tolist() == [3, 0]


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 5), st.integers(0, 12), st.floats(0.05, 1))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_allowed_and_among_the_likeliest(seed: int, heat: float, top: int, mass: float) -> None:
    rng = np.random.default_rng(seed)
    logits, allowed = rng.normal(0, 3, (5, 12)), rng.random((5, 12)) < 0.5
    allowed[:, rng.integers(12)] = True
    drawn = choose(logits, rng.random(5), temperature=heat, top_k=top, top_p=mass, allowed=allowed)
    assert allowed[np.arange(5), drawn].all()
    ranked = (-forbid(logits, allowed)).argsort(-1)
    if top:
        assert all(drawn[i] in ranked[i, :top] for i in range(5))


def test_frequencies_are_the_shares() -> None:
    drawn = choose(np.log(SHARES), (np.arange(1000) + 0.5) / 1000)
    assert np.bincount(drawn).tolist() == [100, 400, 200, 300]


@pytest.mark.parametrize(
    "options", [{"temperature": -1}, {"temperature": np.nan}, {"top_k": -1}, {"top_p": 0}, {"allowed": np.zeros(4)}]
)
def test_what_makes_no_sense_is_refused(options: dict) -> None:
    with pytest.raises(ConfigError):
        choose(np.log(SHARES), 0.5, **options)
