"""Robustness: how much an ear loses when the recording is disturbed in ways a listener would forgive."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from solfeggio.answers import Answer
from solfeggio.augment import CHANGES
from solfeggio.data.dataset import Track
from solfeggio.studies.scores import Score, evaluate, summary, weigh
from solfeggio.studies.table import Cell, Table


def robustness(
    title: str, tracks: Sequence[Track], hear: Callable[[np.ndarray, int], Answer], task: str, columns: Sequence[str]
) -> Table:
    """Hear every track under each of ``augment.CHANGES``; one row for each. Chords and keys move with the pitch."""
    loaded = [(track, *track.audio()) for track in tracks]
    rows: list[tuple[Cell, ...]] = []
    for name, change in CHANGES.items():
        scores = []
        for track, samples, rate in loaded:
            changed, truth = change(samples, rate, track.answers[task])
            values = evaluate(truth, hear(changed, rate), task)
            scores.append(Score(track.id, values, dict(track.groups), weigh(truth, task)))
        rows.append((name, *summary(scores, columns)))
    return Table(title, ("change", *columns), tuple(rows), f"{len(loaded)} tracks, mean with 95 % bootstrap interval")
