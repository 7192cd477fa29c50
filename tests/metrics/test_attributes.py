"""Attributes of bars written by hand: what each number is, and what is no folk bar."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.errors import ConfigError, NotationError
from solfeggio.metrics.attributes import ATTRIBUTES, PUBLISHED, attributes


def bar(onsets: dict[int, int], rests: tuple[int, ...] = ()) -> np.ndarray:
    """Write a bar from {tick: MIDI pitch}; other ticks hold, those before the first note and ``rests`` are rests."""
    tokens = np.ones(24, int)
    tokens[: min(onsets, default=24)] = 0
    tokens[list(rests)] = 0
    for tick, pitch in onsets.items():
        tokens[tick] = pitch - 53
    return tokens


QUARTERS = bar({0: 60, 6: 62, 12: 64, 18: 67})
WHOLE = bar({0: 72})
SYNCOPATED = bar({0: 60, 3: 60, 9: 65})  # eighth, then a quarter over beat 2, then a note over beats 3 and 4
TRIPLETS = bar({0: 67, 2: 65, 4: 64})
FULL = np.full(24, 31)
HELD = np.ones(24, int)
EMPTY = np.zeros(24, int)
SUM = 0.2 + 0.67 + 0.25 + 0.67 + 4 * (1 + 2 + 0.5 + 2 + 1)
BY_HAND = {
    "rhythmic_complexity": [1.79 / SUM, 0.2 / SUM, 1.2 / SUM, 4.2 / SUM, 1, 0, 0],
    "pitch_range": [7 / 26, 0, 5 / 26, 3 / 26, 0, 0, 0],
    "note_density": [4 / 24, 1 / 24, 3 / 24, 3 / 24, 1, 0, 0],
    "contour": [7 / 26, 0, 5 / 26, -3 / 26, 0, 0, 0],
    # SYNCOPATED: -3 to beat 2 (-2) is 1, -3 to beat 3 (-1) is 2. TRIPLETS: the last, -3, is held over beat 3: 2.
    "syncopation": [0, 0, 3, 2, 0, 0, 0],
    "mean_interval": [7 / 3 / 26, 0, 5 / 2 / 26, 3 / 2 / 26, 0, 0, 0],
    "repetition": [0, 0, 1 / 2, 0, 1, 0, 0],
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes_of_bars_written_by_hand(name: str):
    bars = np.stack([QUARTERS, WHOLE, SYNCOPATED, TRIPLETS, FULL, HELD, EMPTY])
    np.testing.assert_allclose(ATTRIBUTES[name](bars), BY_HAND[name], atol=1e-12)


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_many_bars_are_measured_as_one(name: str):
    bars = np.random.default_rng(0).choice([0, 1, *range(2, 32)], (60, 24), p=[0.1, 0.6] + [0.01] * 30)
    each = [float(ATTRIBUTES[name](row)) for row in bars]
    np.testing.assert_allclose(ATTRIBUTES[name](bars), each)
    np.testing.assert_allclose(ATTRIBUTES[name](bars.reshape(3, 20, 24).astype(np.uint8)).ravel(), each)


def test_a_rest_after_an_offbeat_note_is_a_syncopation_and_an_onset_there_is_none():
    assert ATTRIBUTES["syncopation"](bar({0: 60, 3: 60}, rests=tuple(range(6, 24)))) == 2
    assert ATTRIBUTES["syncopation"](bar({0: 60, 3: 60, 6: 60, 12: 60, 18: 60})) == 0
    assert ATTRIBUTES["syncopation"](bar({0: 60, 6: 62})) == 1  # over the half


def test_bars_whose_weights_sum_to_the_same_are_as_complex():
    same = [bar({0: 60, 1: 62, 5: 64, 7: 62}), bar({0: 60, 2: 62, 23: 60}), bar({0: 60, 3: 60, 9: 60, 20: 60})]
    assert len(set(ATTRIBUTES["rhythmic_complexity"](np.stack(same)).tolist())) == 1


def test_contour_is_the_sum_of_the_intervals():
    rng = np.random.default_rng(1)
    for _ in range(20):
        pitches = rng.integers(55, 85, 8)
        row = bar({3 * i: int(p) for i, p in enumerate(pitches)})
        assert ATTRIBUTES["contour"](row) == pytest.approx(np.diff(pitches).sum() / 26)
        assert ATTRIBUTES["mean_interval"](row) == pytest.approx(np.abs(np.diff(pitches)).mean() / 26)


def test_attributes_stand_in_the_order_of_their_names():
    bars = np.stack([QUARTERS, WHOLE])
    both = attributes(bars, ["contour", "note_density"])
    assert both.shape == (2, 2)
    np.testing.assert_array_equal(both[:, 1], ATTRIBUTES["note_density"](bars))
    assert attributes(bars).shape == (2, len(PUBLISHED))
    assert attributes(np.zeros((0, 24), int)).shape == (0, 4)
    assert attributes(bars, []).shape == (2, 0)


def test_what_is_no_folk_bar_is_refused():
    with pytest.raises(NotationError, match="24 whole numbers"):
        attributes(np.zeros((4, 16), int))
    with pytest.raises(NotationError, match="24 whole numbers"):
        attributes(np.zeros((4, 24)))
    with pytest.raises(NotationError, match="from 0 to 32"):
        attributes(np.array([[0] * 23 + [32]]))
    with pytest.raises(ConfigError, match="did you mean 'contour'"):
        attributes(QUARTERS, ["contuor"])
