"""Track and Dataset: recordings with their truth, licence and groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from solfeggio.answers import Answer


@dataclass(frozen=True, eq=False)
class Track:
    """One recording with its truth.

    id: unique in its dataset. audio: function that returns (samples (channel, time), rate Hz); nothing is read before.
    answers: the truth by task, such as {"beats": Events}. groups: what splits go by, such as {"song": ..., "groove":
    ..., "bank": ...}. span: seconds of the recording that the truth covers, or None for all.
    """

    id: str
    audio: Callable[[], tuple[np.ndarray, int]]
    answers: dict[str, Answer] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    span: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Dataset:
    """Tracks with the facts that a card must state.

    >>> Dataset("mine", (), licence="CC0-1.0").name
    'mine'
    """

    name: str
    tracks: tuple[Track, ...]
    licence: str
    citation: str = ""

    def __len__(self) -> int:
        return len(self.tracks)

    def __iter__(self) -> Iterator[Track]:
        return iter(self.tracks)
