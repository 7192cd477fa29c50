"""BLEU against cases worked out by hand."""

from __future__ import annotations

import math

import pytest

from solfeggio.errors import ConfigError
from solfeggio.metrics.bleu import bleu


def test_the_same_is_one_and_nothing_shared_is_zero() -> None:
    assert bleu([[1, 2, 3, 4, 5]], [[1, 2, 3, 4, 5]]) == pytest.approx((1, 1, 1, 1))
    assert bleu([[1, 2]], [[3, 4]]) == (0, 0, 0, 0)


def test_repeats_count_as_often_as_they_are_real() -> None:
    """The classic: "the" seven times against a sentence with two."""
    real = ["the", "cat", "is", "on", "the", "mat"]
    assert bleu([["the"] * 7], [real], 1)[0] == pytest.approx(2 / 7)


def test_short_ones_are_punished_and_long_ones_by_precision() -> None:
    assert bleu([[1, 2, 3]], [[1, 2, 3, 4, 5, 6]], 2) == pytest.approx((math.exp(-1), math.exp(-1)))
    assert bleu([[1, 2, 3, 4, 5, 6]], [[1, 2, 3]], 2) == pytest.approx((1 / 2, math.sqrt(1 / 2 * 2 / 5)))


def test_counts_are_added_over_the_corpus() -> None:
    found = bleu([[1, 2], [5, 6, 7, 8]], [[1, 2], [5, 6, 9, 8]], 2)
    assert found == pytest.approx((5 / 6, math.sqrt(5 / 6 * 2 / 4)))


def test_each_needs_its_own() -> None:
    for written, real in (([], []), ([[1]], [])):
        with pytest.raises(ConfigError):
            bleu(written, real)
