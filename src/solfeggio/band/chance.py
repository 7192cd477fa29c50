"""Fast draws from a seeded generator, and the shelves that keep a side's material to itself."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")
SHELVES = 6


def pick(rng: np.random.Generator, items: Sequence[T]) -> T:
    """Draw one item, each as likely as the next.

    >>> pick(np.random.default_rng(0), "a")
    'a'
    """
    return items[int(rng.random() * len(items))]


def weigh(rng: np.random.Generator, table: dict[T, float]) -> T:
    """Draw one key of a table of weights."""
    point = rng.random() * sum(table.values())
    for item, weight in table.items():
        point -= weight
        if point < 0:
            return item
    return next(reversed(table))


def shelf(items: Sequence[T], side: str) -> Sequence[T]:
    """Keep the items of a side ("train", "valid", "test"): disjoint, by order of hash; lists under SHELVES are shared.

    >>> a, b = shelf(range(99), "train"), shelf(range(99), "test")
    >>> len(a) > len(b) and not set(a) & set(b)
    True
    """
    if len(items) < SHELVES:
        return items
    order = sorted(range(len(items)), key=lambda i: (zlib.crc32(repr(items[i]).encode()), i))
    homes = {place: {0: "test", 1: "valid"}.get(rank % SHELVES, "train") for rank, place in enumerate(order)}
    return [item for place, item in enumerate(items) if homes[place] == side]
