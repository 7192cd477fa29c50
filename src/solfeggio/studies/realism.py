"""Is it music? How far two bodies of songs lie apart, in any statistic that can be counted song by song.

A profile is what one song says of each statistic: a histogram {value: weight} that sums to 1. Bodies are compared by
the mean of their songs' histograms, so a long song counts as much as a short one: Jensen-Shannon distance (base 2, 0
same to 1 disjoint) for names, Wasserstein distance for numbers, in the statistic's own unit. Intervals are bootstrapped
over songs. ``written`` and ``recorded`` make the profiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from solfeggio.errors import DataError, SolfeggioError
from solfeggio.studies.table import Estimate

Profile = dict[str, dict[str | float, float]]


@dataclass(frozen=True)
class Statistic:
    """One thing to count. unit: "" for names, which have no order. step: width of a bin. low, high: clipped to."""

    about: str
    unit: str = ""
    step: float = 0.0
    low: float = 0.0
    high: float = 0.0


def count(pairs: Iterable[tuple[str | float, float]], statistic: Statistic) -> dict[str | float, float]:
    """Make the histogram of (value, weight) pairs, numbers in the statistic's bins; {} when nothing has weight.

    >>> count([(0.9, 1.0), (1.2, 1.0), (7.0, 2.0)], Statistic("length", "s", 1, 0, 5))
    {1.0: 0.5, 5.0: 0.5}
    """
    table: dict[str | float, float] = {}
    for value, weight in pairs:
        if weight > 0:
            key = value if isinstance(value, str) else _bin(value, statistic)
            table[key] = table.get(key, 0.0) + weight
    total = sum(table.values())
    return {key: round(table[key] / total, 6) for key in sorted(table, key=_order)}


def distances(
    one: Sequence[Profile], other: Sequence[Profile], names: Iterable[str], seed: int = 0, draws: int = 500
) -> dict[str, Estimate]:
    """Say how far two bodies of songs lie apart in each statistic that both can tell, with 95 % intervals over songs.

    The centre is the distance of the whole bodies; resampling adds the noise that the interval shows.
    """
    rng = np.random.default_rng(seed)
    found = {}
    for name in names:
        rows, values = _rows(name, one, other)
        if not all(map(len, rows)):
            continue
        whole = distance(rows[0].mean(0), rows[1].mean(0), values)
        means = [_resampled(rng, matrix, draws) for matrix in rows]
        drawn = [distance(a, b, values) for a, b in zip(*means, strict=True)]
        low, high = np.quantile(drawn, [0.025, 0.975])
        found[name] = Estimate(whole, min(float(low), whole), max(float(high), whole), len(rows[0]))
    return found


def floor(body: Sequence[Profile], names: Iterable[str], seed: int = 0, splits: int = 20) -> dict[str, float]:
    """Mean distance between random halves of one body: what two samples of the same music differ by."""
    rng = np.random.default_rng(seed)
    found = {}
    for name in names:
        (rows, _), values = _rows(name, body, ())
        if len(rows) < 4:
            continue
        halves = []
        for _ in range(splits):
            order = rng.permutation(len(rows))
            half = len(rows) // 2
            halves.append(distance(rows[order[:half]].mean(0), rows[order[half:]].mean(0), values))
        found[name] = float(np.mean(halves))
    return found


def ceiling(body: Sequence[Profile], names: Iterable[str]) -> dict[str, float]:
    """Distance to songs that know nothing: every name alike, every number the body's median."""
    found = {}
    for name in names:
        (rows, _), values = _rows(name, body, ())
        if not len(rows):
            continue
        mean = rows.mean(0)
        trivial = np.full(len(mean), 1 / len(mean))
        if values is not None:
            trivial = np.eye(len(mean))[int(np.searchsorted(np.cumsum(mean), 0.5))]
        found[name] = distance(mean, trivial, values)
    return found


def distance(p: np.ndarray, q: np.ndarray, values: np.ndarray | None = None) -> float:
    """Jensen-Shannon distance of histograms (0..1), or, with ``values`` (n,) of the bins, their Wasserstein distance.

    >>> distance(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    1.0
    >>> distance(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([100.0, 120.0]))
    20.0
    """
    if values is not None:
        return float(np.sum(np.abs(np.cumsum(p - q))[:-1] * np.diff(values)))
    middle = (p + q) / 2

    def gain(x: np.ndarray) -> float:
        on = x > 0
        return float(np.sum(x[on] * np.log2(x[on] / middle[on])))

    return float(np.sqrt(max((gain(p) + gain(q)) / 2, 0.0)))


def histogram(
    body: Sequence[Profile], name: str, keys: Sequence[str | float] | None = None
) -> dict[str | float, float]:
    """Mean histogram of a body of songs; {} when none of them can tell."""
    told = [song[name] for song in body if name in song]
    every = sorted({key for table in told for key in table}, key=_order) if keys is None else keys
    return {key: float(np.mean([table.get(key, 0.0) for table in told])) for key in every} if told else {}


def median(body: Sequence[Profile], name: str) -> float | str:
    """Median of a number's mean histogram, the commonest of names; raises DataError when no song can tell."""
    table = histogram(body, name)
    if not table:
        raise DataError(f"statistic {name}", "none of the songs has it")
    if any(isinstance(key, str) for key in table):
        return max(table, key=lambda key: table[key])
    keys = list(table)
    return keys[int(np.searchsorted(np.cumsum([table[key] for key in keys]), 0.5 * sum(table.values())))]


def read_profiles(table: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, Profile]:
    """Turn profiles read from JSON, whose keys are texts, back: keys that are numbers become numbers.

    >>> read_profiles({"song": {"tempo": {"120.0": 1.0}, "mode": {"major": 1.0}}})
    {'song': {'tempo': {120.0: 1.0}, 'mode': {'major': 1.0}}}
    """
    return {
        song: {name: {_key(key): weight for key, weight in values.items()} for name, values in found.items()}
        for song, found in table.items()
    }


def _key(text: str) -> str | float:
    return float(text) if "." in text and text.lstrip("-").replace(".", "", 1).isdecimal() else text


def _bin(value: float, statistic: Statistic) -> float:
    clipped = min(max(float(value), statistic.low), statistic.high)
    return round(float(round((clipped - statistic.low) / statistic.step) * statistic.step + statistic.low), 6)


def _order(key: str | float) -> tuple[int, float, str]:
    return (1, 0.0, key) if isinstance(key, str) else (0, float(key), "")


def _rows(
    name: str, one: Sequence[Profile], other: Sequence[Profile]
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray | None]:
    """Histograms of two bodies on the same bins, a row a song, and the bins' values where they are numbers."""
    bodies = [[song[name] for song in body if name in song] for body in (one, other)]
    keys = sorted({key for body in bodies for table in body for key in table}, key=_order)
    if any(isinstance(key, str) for key in keys) and not all(isinstance(key, str) for key in keys):
        raise SolfeggioError(f"statistic {name}", "it holds names and numbers", "count it again")
    place = {key: i for i, key in enumerate(keys)}
    matrices = []
    for body in bodies:
        matrix = np.zeros((len(body), len(keys)))
        for row, table in enumerate(body):
            for key, weight in table.items():
                matrix[row, place[key]] = weight
        matrices.append(matrix)
    values = None if keys and isinstance(keys[0], str) else np.array(keys, float)
    return (matrices[0], matrices[1]), values


def _resampled(rng: np.random.Generator, matrix: np.ndarray, draws: int) -> np.ndarray:
    """Means of bootstrap samples of rows (draws, bins)."""
    count = len(matrix)
    weights = rng.multinomial(count, np.full(count, 1 / count), draws) / count
    return weights @ matrix
