"""How alike two sets of melodies are: features of each piece, distances within and between the sets (mgeval).

Times are quarters. A piece is a ``Score``, of which the main part counts, or notes alone: (n, 3 or more) rows of start,
end, MIDI pitch, in 4/4 from 0. Definitions follow the published tool except where it holds for 4/4 at one tempo only:
a quarter is a quarter in any metre, bars come from the score's bar lines, intervals of time are quarters and not
seconds, histograms of pitch classes are by length alone and not by velocity.
Source: Yang and Lerch 2020, "On the evaluation of generative models in music".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solfeggio.errors import ConfigError, NotationError, unknown
from solfeggio.metrics.distances import agreement, curves, distances
from solfeggio.notation import Part, Score

LENGTHS = {  # classes of note lengths, in quarters
    "whole": 4, "half": 2, "quarter": 1, "8th": 1 / 2, "16th": 1 / 4, "dotted half": 3, "dotted quarter": 3 / 2,
    "dotted 8th": 3 / 4, "dotted 16th": 3 / 8, "half triplet": 4 / 3, "quarter triplet": 2 / 3, "8th triplet": 1 / 3,
}  # fmt: skip
REST_TOLERANCE = 1 / 8  # quarters that a rest may be off its class; others are no rest, as published
FEATURES = {  # name -> what it is; "per bar": (bars, ...) of the first bars, empty ones 0
    "pitch_count": "different pitches",
    "pitch_count_per_bar": "different pitches that begin in each bar",
    "note_count": "notes",
    "note_count_per_bar": "notes that begin in each bar",
    "pitch_class_histogram": "(12,) share of the sounding time of each pitch class",
    "pitch_class_histogram_per_bar": "(bars, 12) the same in each bar",
    "pitch_class_transitions": "(12, 12) how often a note of one class is followed by one of another",
    "pitch_range": "highest minus lowest pitch, semitones",
    "mean_interval": "mean size of the step from note to note, semitones",
    "mean_inter_onset": "mean time from onset to onset, quarters",
    "note_length_histogram": "(12,) share of the notes in each class of LENGTHS",
    "note_length_histogram_with_rests": "(24,) the same of notes and of rests between notes",
    "note_length_transitions": "(12, 12) how often a length is followed by another",
    "note_length_transitions_with_rests": "(24, 24) the same of notes and rests",
}
SCALARS = ("pitch_count", "note_count", "pitch_range", "mean_interval", "mean_inter_onset")
Piece = Score | np.ndarray


def main_part(score: Score) -> Part | None:
    """Choose the part that counts: "melody", or else the first with notes that is not percussion; None without one."""
    parts = [part for part in score.parts if not part.drums and len(part.notes)]
    return next((part for part in parts if part.name.lower() == "melody"), parts[0] if parts else None)


def extract(
    pieces: Sequence[Piece], features: Sequence[str] = tuple(FEATURES), *, bars: int = 8, normalise: str = "none"
) -> dict[str, np.ndarray]:
    """Measure the features of each piece: name -> (pieces, ...) floats, shapes as in ``FEATURES``.

    bars: how many of the first whole bars "per bar" features hold; what a piece lacks is 0, a pick-up counts only in
    the others. normalise: transitions as counts ("none", as published), shares of each row ("row") or of all ("all").
    A piece without notes has 0 everywhere; so has the mean of steps where there are fewer than two notes.
    Raises ConfigError for an unknown feature or setting, NotationError for notes that are none.

    >>> scale = np.array([[0, 1, 60], [1, 2, 62], [2, 4, 64]])
    >>> found = extract([scale])
    >>> found["pitch_range"], found["mean_inter_onset"], found["pitch_class_histogram"][0, [0, 2, 4]]
    (array([4.]), array([1.]), array([0.25, 0.25, 0.5 ]))
    """
    for name in features:
        if name not in FEATURES:
            raise unknown("feature", name, FEATURES)
    if bars < 1:
        raise ConfigError(f"{bars} bars", "features of bars need at least one")
    if normalise not in ("none", "row", "all"):
        raise unknown("normalising", normalise, ("none", "row", "all"))
    notes = _flatten(pieces, bars)
    return {name: _measure(name, notes, normalise) for name in features}


def compare(
    set_a: Sequence[Piece],
    set_b: Sequence[Piece],
    features: Sequence[str] = tuple(FEATURES),
    *,
    bars: int = 8,
    normalise: str = "none",
    most: int = 1000,
    seed: int = 0,
) -> dict[str, dict[str, float]]:
    """Compare two sets of melodies, for instance a generated (a) and a real one (b): a row of numbers a feature.

    most: pieces of each set that count, drawn by ``seed`` without putting back when there are more. bars, normalise:
    as in ``extract``. Columns: "mean a", "std a" (and b) of features that are one number, NaN for others; "intra a",
    "intra b", "inter": mean distances inside the sets and between them, with " std"; and for a and b each, what
    ``agreement`` says of the distances inside the set and those between the sets ("KLD a", "KLD published a", "overlap
    a", ...), which also says what comes of features that do not vary. With one piece, what is inside its set is NaN.
    Raises ConfigError for an empty set.

    >>> rng = np.random.default_rng(0)
    >>> tunes = [np.stack([np.arange(16), np.arange(1, 17), rng.integers(60, 72, 16)], 1) for _ in range(20)]
    >>> row = compare(tunes[:10], tunes[10:], ["pitch_range"])["pitch_range"]
    >>> 0 < row["overlap a"] <= 1
    True
    """
    a, b = (extract(x, features, bars=bars, normalise=normalise) for x in _draw(set_a, set_b, most, seed))
    return {name: relate(a[name], b[name]) for name in features}


def densities(
    set_a: Sequence[Piece],
    set_b: Sequence[Piece],
    features: Sequence[str] = tuple(FEATURES),
    *,
    bars: int = 8,
    normalise: str = "none",
    most: int = 1000,
    seed: int = 0,
) -> dict[str, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Smooth the distances that ``compare`` compares, for drawing: feature -> {"intra a", "intra b", "inter": (x, y)}.

    Settings and errors as in ``compare``; ``report.draw.densities`` draws the result.
    """
    a, b = (extract(x, features, bars=bars, normalise=normalise) for x in _draw(set_a, set_b, most, seed))
    return {name: curves(distances(a[name], b[name])) for name in features}


def relate(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """Compare one feature of two sets, (n, ...) and (m, ...): the row of numbers that ``compare`` describes."""
    row: dict[str, float] = {}
    for name, values in (("a", a), ("b", b)):
        scalar = values.ndim == 1
        row[f"mean {name}"] = float(values.mean()) if scalar else math.nan
        row[f"std {name}"] = float(values.std()) if scalar else math.nan
    found = distances(a, b)
    for name, values in zip(("intra a", "intra b", "inter"), found, strict=True):
        row[name] = float(values.mean()) if len(values) else math.nan
        row[f"{name} std"] = float(values.std()) if len(values) else math.nan
    for name, intra in (("a", found.intra_a), ("b", found.intra_b)):
        row |= {f"{key} {name}": value for key, value in agreement(intra, found.inter).items()}
    return row


@dataclass(frozen=True)
class _Notes:
    """Notes of all pieces behind each other; lines: (pieces, bars + 1) quarters where the first bars begin and end."""

    count: int
    piece: np.ndarray
    start: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    lines: np.ndarray

    @property
    def bars(self) -> int:
        return self.lines.shape[1] - 1

    def follows(self) -> np.ndarray:
        """Whether each note but the first of all belongs to the piece of the note before: (n - 1,)."""
        return self.piece[1:] == self.piece[:-1]


def _flatten(pieces: Sequence[Piece], bars: int) -> _Notes:
    rows, lines = [], np.zeros((len(pieces), bars + 1))
    for i, piece in enumerate(pieces):
        if isinstance(piece, Score):
            part, edges = main_part(piece), piece.bar_lines()
            notes = np.zeros((0, 3)) if part is None else np.asarray(part.notes, float)
            edges = edges[1:] if piece.pickup_quarters and len(edges) > 2 else edges
        else:
            notes = np.asarray(piece, float)
            notes = notes if notes.size else np.zeros((0, 3))
            edges = 4.0 * np.arange(bars + 1)
        good = notes.ndim == 2 and notes.shape[1] >= 3 and np.isfinite(notes).all()
        if not good or (notes[:, 1] < notes[:, 0]).any() or (notes[:, 2] < 0).any() or (notes[:, 2] > 127).any():
            raise NotationError(f"notes of piece {i + 1}", "rows are start, end (not before it) and MIDI pitch 0..127")
        rows.append(notes[np.lexsort((notes[:, 2], notes[:, 0])), :3])
        lines[i] = np.append(edges, np.full(bars + 1, edges[-1]))[: bars + 1]
    table = np.concatenate(rows) if rows else np.zeros((0, 3))
    piece_of = np.repeat(np.arange(len(pieces)), [len(row) for row in rows])
    return _Notes(len(pieces), piece_of, table[:, 0], table[:, 1], np.rint(table[:, 2]).astype(int), lines)


def _measure(name: str, notes: _Notes, normalise: str) -> np.ndarray:
    n, piece = notes.count, notes.piece
    each = np.bincount(piece, minlength=n)
    follows = notes.follows()
    steps = np.bincount(piece[1:][follows], minlength=n)
    if name == "note_count":
        return each.astype(float)
    if name == "pitch_count":
        return _used(notes, piece, n)
    if name in ("note_count_per_bar", "pitch_count_per_bar"):
        bar = _bar(notes)
        inside, place = bar >= 0, piece * notes.bars + bar
        if name == "note_count_per_bar":
            return np.bincount(place[inside], minlength=n * notes.bars).reshape(n, -1).astype(float)
        return _used(notes, place, n * notes.bars, inside).reshape(n, notes.bars)
    if name == "pitch_class_histogram":
        return _shares(piece * 12 + notes.pitch % 12, (n, 12), notes.end - notes.start)
    if name == "pitch_class_histogram_per_bar":
        result = np.zeros((n, notes.bars, 12))
        for i in range(notes.bars):
            sounds = np.minimum(notes.end, notes.lines[piece, i + 1]) - np.maximum(notes.start, notes.lines[piece, i])
            result[:, i] = _shares(piece * 12 + notes.pitch % 12, (n, 12), np.maximum(sounds, 0))
        return result
    if name == "pitch_class_transitions":
        return _transitions(piece, notes.pitch % 12, n, 12, normalise)
    if name == "pitch_range":
        high, low = np.zeros(n), np.full(n, 128.0)
        np.maximum.at(high, piece, notes.pitch)
        np.minimum.at(low, piece, notes.pitch)
        return np.where(each > 0, high - low, 0)
    if name in ("mean_interval", "mean_inter_onset"):
        step = np.abs(np.diff(notes.pitch)) if name == "mean_interval" else np.diff(notes.start)
        return np.bincount(piece[1:][follows], step[follows], n) / np.maximum(steps, 1)
    owner, kind = _lengths(notes, rests=name.endswith("with_rests"))
    size = 24 if name.endswith("with_rests") else 12
    if name.startswith("note_length_histogram"):
        return _shares(owner * size + kind, (n, size))
    return _transitions(owner, kind, n, size, normalise)


def _bar(notes: _Notes) -> np.ndarray:
    """Number the bar in which each note begins, from 0; -1 outside the bars that are looked at."""
    bar = np.full(len(notes.piece), -1)
    start = notes.start + 1e-6
    for i in range(notes.bars):
        bar[(start >= notes.lines[notes.piece, i]) & (start < notes.lines[notes.piece, i + 1])] = i
    return bar


def _used(notes: _Notes, place: np.ndarray, places: int, inside: np.ndarray | slice = slice(None)) -> np.ndarray:
    heard = np.zeros((places, 128), bool)
    heard[place[inside], notes.pitch[inside]] = True
    return heard.sum(1).astype(float)


def _shares(place: np.ndarray, shape: tuple[int, int], weight: np.ndarray | None = None) -> np.ndarray:
    total = np.bincount(place, weight, math.prod(shape)).reshape(shape).astype(float)
    return total / np.where(total.sum(1, keepdims=True) > 0, total.sum(1, keepdims=True), 1)


def _transitions(owner: np.ndarray, kind: np.ndarray, n: int, size: int, normalise: str) -> np.ndarray:
    follows = owner[1:] == owner[:-1]
    place = (owner[1:] * size + kind[:-1]) * size + kind[1:]
    counts = np.bincount(place[follows], minlength=n * size * size).reshape(n, size, size).astype(float)
    if normalise == "none":
        return counts
    total = counts.sum(-1 if normalise == "row" else (-2, -1), keepdims=True)
    return counts / np.maximum(total, 1)


def _lengths(notes: _Notes, rests: bool) -> tuple[np.ndarray, np.ndarray]:
    """Class of each note and, where asked, of each rest between notes (12 more), in time's order: (piece, class)."""
    kind, _ = _classes(notes.end - notes.start)
    if not rests or not len(kind):
        return notes.piece, kind
    span = notes.end.max() + 1 - min(notes.start.min(), 0)  # keeps pieces apart in one running maximum
    silent = np.maximum.accumulate(notes.end + notes.piece * span)[:-1] - notes.piece[:-1] * span
    rest, off = _classes(notes.start[1:] - silent)
    is_rest = notes.follows() & (off < REST_TOLERANCE)
    at = np.concatenate([2.0 * np.arange(len(kind)), 2.0 * np.flatnonzero(is_rest) + 1])
    order = np.argsort(at)
    owner = np.concatenate([notes.piece, notes.piece[1:][is_rest]])[order]
    return owner, np.concatenate([kind, rest[is_rest] + 12])[order]


def _classes(quarters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest class of ``LENGTHS``, the first of two as near, and how far off it is, in quarters."""
    off = np.abs(np.array([*LENGTHS.values()]) - quarters[:, None]).round(6)
    kind = off.argmin(1) if len(off) else np.zeros(0, int)
    return kind, np.take_along_axis(off, kind[:, None], 1)[:, 0]


def _draw(set_a: Sequence[Piece], set_b: Sequence[Piece], most: int, seed: int) -> list[list[Piece]]:
    if not len(set_a) or not len(set_b):
        raise ConfigError(f"sets of {len(set_a)} and {len(set_b)} pieces", "each needs a piece at least")
    if most < 1:
        raise ConfigError(f"at most {most} pieces", "a set needs a piece at least")
    rng = np.random.default_rng(seed)
    sets = [
        range(len(s)) if len(s) <= most else np.sort(rng.choice(len(s), most, replace=False)) for s in (set_a, set_b)
    ]
    return [[s[i] for i in chosen] for s, chosen in zip((set_a, set_b), sets, strict=True)]
