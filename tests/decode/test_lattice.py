"""The search itself: long runs do not drift, the past can be dropped."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.decode.lattice import Lattice


def lattice(**options):
    periods = np.arange(8, 17)
    settings = {"tempo_change": 20.0, "tempo_step": 0.3, "prior": np.zeros(len(periods)), "metre_change": None}
    return Lattice(periods, (3, 4), **{**settings, **options})


def clicks(frames: int, period: int, bar: int) -> np.ndarray:
    observed = np.full((2, frames), -5.0)
    observed[1, ::period] = 5
    observed[0, :: period * bar] = 5
    observed[1, :: period * bar] = -5
    return observed


def test_a_long_run_does_not_drift_or_overflow():
    search = lattice()
    for _ in range(30):
        search.advance(10 * clicks(30 * 12 * 3, 12, 3))
        search.forget(search.end - 100)
    score, beat = search.best()
    assert score == 50 * search.end / 12  # 135,000 nats, exact: beyond what 32 bits hold at this resolution
    assert beat == (search.end - 12, 4, 2)
    assert len(search._pointers) < 100


def test_forgetting_leaves_the_near_past():
    search = lattice()
    search.advance(clicks(960, 12, 4))
    beat = search.best()[1]
    whole = [b for b in search.path(beat) if b.frame >= 480]
    search.forget(480)
    assert list(search.path(beat, 480)) == whole
    assert len(whole) == 40


@pytest.mark.parametrize("position", range(7))
def test_labels_count_each_bar_from_one(position):
    assert lattice().label(position) == "1231234"[position]
