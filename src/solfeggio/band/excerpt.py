"""A stretch of a performance, so that thirty seconds can be recorded without the song around them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from solfeggio.band.song import Performance, Played

STEP = 1.0  # seconds between the beginnings that are compared
NEAR = 0.9  # share of the fullest stretch's fullness that makes another as good


def cut(performance: Performance, start: float, end: float) -> Performance:
    """Keep what is played in ``[start, end)`` seconds and count time from ``start``; who does not play is left out.

    A note that began before ``start`` begins there, so what comes before the interesting part should be cut along. A
    syllable whose first note is lost is lost.

    >>> from solfeggio.answers import Events, Notes
    >>> from solfeggio.band.song import Song
    >>> song = Song("mine", "pop", 60, (), 4, np.arange(4), np.arange(4))
    >>> part = Played("lead", 0, False, Notes([0, 2], [1, 3], [60, 62], [90, 90]))
    >>> cut(Performance(song, (part,), Events([0, 1, 2, 3]), 4.0), 1.5, 4).parts[0].notes.starts
    array([0.5])
    """
    parts = (_cut_part(part, start, end) for part in performance.parts)
    return replace(
        performance,
        parts=tuple(part for part in parts if len(part.notes)),
        beats=performance.beats.cut(start, end),
        duration=min(end, performance.duration) - start,
        spans={name: span.cut(start, end) for name, span in performance.spans.items()},
    )


def _cut_part(part: Played, start: float, end: float) -> Played:
    notes = part.notes
    inside = (notes.starts < end) & ((notes.ends > start) | (notes.starts >= start))
    if part.words:
        inside &= np.cumsum(inside & np.array([bool(word) for word in part.words])) > 0
    return replace(
        part,
        notes=notes.take(inside).cut(start, end),
        words=tuple(word for word, kept in zip(part.words, inside, strict=True) if kept) if part.words else (),
        f0=part.f0.cut(start, end) if part.f0 is not None else None,
        pedal=part.pedal.cut(start, end) if part.pedal is not None else None,
    )


def fullest(
    performance: Performance,
    seconds: float,
    rng: np.random.Generator,
    group: Callable[[Played], str] = lambda part: part.name,
) -> float:
    """Find where a stretch of ``seconds`` begins in which many play for long: one of the fullest, drawn by ``rng``.

    group: players of one group count once, by how long any of them plays. 0 for a song no longer than that.
    """
    room = performance.duration - seconds
    if room <= 0:
        return 0.0
    beginnings = np.arange(0.0, room + 1e-9, STEP)
    times = np.arange(0.0, performance.duration, 0.1)
    playing: dict[str, np.ndarray] = {}
    for part in performance.parts:
        edges = np.zeros(len(times) + 1)
        first = np.searchsorted(times, part.notes.starts)
        np.add.at(edges, first, 1)
        np.add.at(edges, np.maximum(np.searchsorted(times, part.notes.ends), np.minimum(first + 3, len(times))), -1)
        sounds = np.cumsum(edges)[:-1] > 0
        playing[group(part)] = playing.get(group(part), False) | sounds
    length = round(seconds / 0.1)
    total = sum((np.concatenate([[0], np.cumsum(sounds)]) for sounds in playing.values()), np.zeros(len(times) + 1))
    first = np.round(beginnings / 0.1).astype(int)
    fullness = total[np.minimum(first + length, len(times))] - total[first]
    return float(rng.choice(beginnings[fullness >= NEAR * fullness.max()]))
