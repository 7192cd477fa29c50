"""Laws of scores: playing in order forgets no bar, and beats never skip."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from solfeggio.band.scores.sheet import Bar, count_beats, unroll

signs = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.sampled_from(["2/4", "3/4", "6/8"])), min_size=1, max_size=20
)


def written(marks: list[tuple[bool, bool, str]]) -> tuple[Bar, ...]:
    bars, at = [], 0.0
    for opens, closes, metre in marks:
        length = {"2/4": 2.0, "3/4": 3.0, "6/8": 3.0}[metre]
        bars.append(Bar(at, at + length, metre, opens=opens, closes=closes))
        at += length
    return tuple(bars)


@given(signs)
def test_every_bar_is_played_and_none_more_than_twice(marks: list[tuple[bool, bool, str]]):
    bars = written(marks)
    order, stretch = unroll(bars)
    assert set(order) == set(range(len(bars)))
    assert np.bincount(order).max() <= 2
    assert (np.diff(stretch) >= 0).all()
    assert unroll(bars, repeats=False)[0] == list(range(len(bars)))


@given(signs)
def test_full_bars_count_from_one(marks: list[tuple[bool, bool, str]]):
    bars = written(marks)
    beats, positions = count_beats(bars)
    sizes = [{"2/4": 2, "3/4": 3, "6/8": 2}[bar.metre] for bar in bars]
    assert positions.tolist() == [i + 1 for size in sizes for i in range(size)]
    assert np.allclose(beats[positions == 1], [bar.start for bar in bars])
