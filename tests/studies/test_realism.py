"""Distances between bodies of songs: zero to oneself, known values, floors below ceilings, names kept from numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solfeggio.errors import DataError, SolfeggioError
from solfeggio.studies.realism import (
    Profile,
    Statistic,
    ceiling,
    count,
    distance,
    distances,
    floor,
    histogram,
    median,
    read_profiles,
)


def _body(centre: float, n: int = 40, seed: int = 0) -> list[Profile]:
    tempo = Statistic("tempo", "bpm", 4, 40, 240)
    rng = np.random.default_rng(seed)
    return [
        {
            "tempo": count([(float(value), 1.0)], tempo),
            "mode": count([("major", 1.0)] if rng.random() < 0.7 else [("minor", 1.0)], Statistic("mode")),
        }
        for value in rng.normal(centre, 10, n)
    ]


weights = st.lists(st.floats(0.01, 1), min_size=5, max_size=5).map(lambda row: np.array(row) / sum(row))


@given(weights, weights)
def test_distances_are_symmetric_and_bounded(p: np.ndarray, q: np.ndarray) -> None:
    values = np.array([0.0, 1.0, 3.0, 4.0, 10.0])
    assert distance(p, p) == 0 and distance(p, p, values) == 0
    assert distance(p, q) == pytest.approx(distance(q, p)) and 0 <= distance(p, q) <= 1
    assert distance(p, q, values) == pytest.approx(distance(q, p, values)) and 0 <= distance(p, q, values) <= 10


def test_wasserstein_is_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(1)
    p, q, values = rng.dirichlet(np.ones(9)), rng.dirichlet(np.ones(9)), np.sort(rng.uniform(0, 100, 9))
    assert distance(p, q, values) == pytest.approx(stats.wasserstein_distance(values, values, p, q))


def test_a_shifted_body_lies_its_shift_away_and_halves_lie_near() -> None:
    real, far = _body(120), _body(150, seed=1)
    found = distances(far, real, ["tempo", "mode", "absent"])
    assert set(found) == {"tempo", "mode"}
    assert found["tempo"].mean == pytest.approx(30, abs=6)
    assert found["tempo"].low <= found["tempo"].mean <= found["tempo"].high and found["tempo"].n == 40
    low, high = floor(real, ["tempo", "mode"]), ceiling(real, ["tempo", "mode"])
    assert low["tempo"] < high["tempo"] < found["tempo"].mean and low["mode"] < high["mode"]
    assert distances(real, real, ["tempo"])["tempo"].mean == 0


def test_long_songs_count_as_much_as_short_ones() -> None:
    tempo = Statistic("tempo", "bpm", 1, 0, 300)
    body = [{"tempo": count([(100.0, 1.0)] * 99, tempo)}, {"tempo": count([(200.0, 1.0)], tempo)}]
    assert histogram(body, "tempo") == {100.0: 0.5, 200.0: 0.5} and median(body, "tempo") == 100.0


def test_profiles_survive_json() -> None:
    body = dict(zip("abc", _body(120, 3), strict=True))
    assert read_profiles(json.loads(json.dumps(body))) == body
    negative = {"a": {"interval": count([(-2.0, 1.0)], Statistic("", "semitones", 1, -12, 12)), "metre": {"4": 1.0}}}
    assert read_profiles(json.loads(json.dumps(negative))) == negative


def test_what_nobody_can_tell_is_told() -> None:
    with pytest.raises(DataError, match="none of the songs"):
        median([{}], "tempo")
    with pytest.raises(SolfeggioError, match="names and numbers"):
        distances([{"x": {"a": 1.0}}], [{"x": {1.0: 1.0}}], ["x"])
