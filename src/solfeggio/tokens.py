"""Melodies as integers: folk bars of 24 ticks, dMelodies' 16 eighths, and lines of pitch and duration over chords.

Each encoding holds one voice in 4/4 and says no to anything else; ``fit_score`` makes a score fit and says what it
changed. Velocities, tempo and keys are not held. Sources: Pati, Lerch, Hadjeres, "Learning to traverse latent spaces
for musical score inpainting" (ISMIR 2019); Pati, Gururani, Lerch, "dMelodies" (ISMIR 2020); Genchel, Pati, Lerch,
"Explicitly conditioned melody generation" (2019).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from solfeggio.errors import NotationError
from solfeggio.fitting import (
    BAR_TICKS,
    LENGTHS,
    NEAR,
    RANGES,
    TICKS,
    VALUES,
    fit_score,
    melody,
    misfit,
    pieces,
    to_quarters,
    to_ticks,
)
from solfeggio.harte import NAMES, QUALITIES, read
from solfeggio.notation import Part, Score, Spans

__all__ = [
    "BAR_TICKS",
    "TICKS",
    "VALUES",
    "Line",
    "decode_bars",
    "decode_dmelodies",
    "decode_line",
    "encode_bars",
    "encode_dmelodies",
    "encode_line",
    "fit_score",
]

REST, HOLD = 0, 1
LOWEST, HIGHEST = RANGES["bars"]
FOLK_TOKENS = HIGHEST - LOWEST + 3  # rest, hold, then a token for each pitch: MIDI pitch - 53
DMELODIES_LOWEST, DMELODIES_TOKENS = 60, 51  # rest, then MIDI pitches 60 to 109
LINE_LOWEST, LINE_REST, LINE_BAR = RANGES["line"][0], 88, 96  # pitch 0 is MIDI 21; ticks of a bar
NO_ROOT = 12
VELOCITY = 80.0


def encode_bars(score: Score, fit: bool = False) -> np.ndarray:
    """Write a melody as folk bars: (bars, 24) integers, 0 rest, 1 hold, 2 to 31 the onset of MIDI pitch 55 to 84.

    A bar that begins inside a note begins with hold. fit: first do what ``fit_score`` does. Raises NotationError for
    several voices, metres other than 4/4, bars that are not whole, times off the grid, other pitches, no notes.

    >>> notes = np.array([[0, 1.5, 60, 80], [1.5, 2, 62, 80], [3, 5, 64, 80.0]])
    >>> encode_bars(Score("a", 120, (Part("melody", 0, notes),), 8.0))[:, :20]
    array([[ 7,  1,  1,  1,  1,  1,  1,  1,  1,  9,  1,  1,  0,  0,  0,  0,
             0,  0, 11,  1],
           [ 1,  1,  1,  1,  1,  1,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
             0,  0,  0,  0]])
    """
    score = fit_score(score)[0] if fit else score
    notes = melody(score, LOWEST, HIGHEST)
    starts, ends = to_ticks(notes, score.title)
    tokens = np.zeros(BAR_TICKS * round(score.length_quarters / 4), np.int64)
    for start, end, pitch in zip(starts, ends, notes[:, 2], strict=True):
        tokens[start + 1 : end] = HOLD
        tokens[start] = round(pitch) - LOWEST + 2
    return tokens.reshape(-1, BAR_TICKS)


def decode_bars(
    bars: np.ndarray, title: str = "melody", bpm: float = 120.0, keys: Spans = (), chords: Spans = (), program: int = 0
) -> Score:
    """Write folk bars (bars, 24) as a score: the inverse of ``encode_bars``.

    Tokens are legal when no hold stands at the very start or right after a rest; such a hold is read as a rest, so any
    integers 0 to 31 decode. Raises NotationError for other tokens or another shape.

    >>> bars = np.zeros((1, 24), int)
    >>> bars[0, 6:9] = 12, 1, 1
    >>> decode_bars(bars).parts[0].notes
    array([[ 1. ,  1.5, 65. , 80. ]])
    """
    bars = np.asarray(bars)
    if bars.ndim != 2 or bars.shape[1] != BAR_TICKS or not len(bars):
        raise NotationError(f"bars of shape {bars.shape}", "expected (bars, 24) tokens", "one row a bar")
    tokens = bars.ravel()
    _check_tokens(tokens, FOLK_TOKENS)
    starts = np.flatnonzero(tokens > HOLD)
    stops = np.append(np.flatnonzero(tokens != HOLD), len(tokens))
    ends = stops[np.searchsorted(stops, starts, side="right")]
    return _score(title, bpm, np.column_stack([to_quarters(starts), to_quarters(ends), tokens[starts] + LOWEST - 2]),
                  4.0 * len(bars), keys, chords, program)  # fmt: skip


def encode_dmelodies(score: Score) -> np.ndarray:
    """Write two bars of eighths as (16,) integers: 0 rest, 1 to 50 MIDI pitch 60 to 109; raises as ``encode_bars``."""
    notes = melody(score, DMELODIES_LOWEST, DMELODIES_LOWEST + DMELODIES_TOKENS - 2)
    if round(score.length_quarters) != 8:
        raise NotationError(misfit(score), f"it has {score.length_quarters / 4:g} bars, not 2", "give two bars")
    eighths = np.round(notes[:, 0] * 2).astype(int)
    if (np.abs(notes[:, :2] * 2 - np.column_stack([eighths, eighths + 1])) > NEAR).any():
        raise NotationError(misfit(score), "a note is no eighth", "dMelodies holds eighth notes and rests")
    tokens = np.zeros(16, np.int64)
    tokens[eighths] = np.round(notes[:, 2]).astype(int) - DMELODIES_LOWEST + 1
    return tokens


def decode_dmelodies(tokens: np.ndarray, title: str = "dMelodies", bpm: float = 120.0) -> Score:
    """Write (16,) dMelodies tokens as a score of two bars: each onset is an eighth note.

    >>> decode_dmelodies(np.array([1, 0, 8] + [0] * 13)).parts[0].notes[:, :3]
    array([[ 0. ,  0.5, 60. ],
           [ 1. ,  1.5, 67. ]])
    """
    tokens = np.asarray(tokens)
    if tokens.shape != (16,):
        raise NotationError(f"tokens of shape {tokens.shape}", "expected 16", "give the tokens of two bars")
    _check_tokens(tokens, DMELODIES_TOKENS)
    starts = np.flatnonzero(tokens)
    notes = np.column_stack([starts / 2, (starts + 1) / 2, tokens[starts] + DMELODIES_LOWEST - 1])
    return _score(title, bpm, notes, 8.0)


@dataclass(frozen=True, eq=False)
class Line:
    """A melody over chords, one row for each note or rest; a long rest is several.

    pitches: (n,) 0 to 87 for MIDI 21 to 108, 88 a rest. durations: (n,) places in VALUES, 0 to 18. positions: (n,)
    where in the bar it begins, 0 to 95 ticks. roots: (n,) of the chord it begins over, 0 to 11, 12 where there is none.
    chords: (n, 12) the chord's pitch classes, 0 or 1, C first. next_roots, next_chords: the same of the chord after it.
    """

    pitches: np.ndarray
    durations: np.ndarray
    positions: np.ndarray
    roots: np.ndarray
    chords: np.ndarray
    next_roots: np.ndarray
    next_chords: np.ndarray

    def __post_init__(self) -> None:
        tops = (LINE_REST, len(VALUES) - 1, LINE_BAR - 1, NO_ROOT, 1, NO_ROOT, 1)
        for (name, top), rows in zip(((f.name, t) for f, t in zip(fields(self), tops, strict=True)), self, strict=True):
            shape = (len(self.pitches), 12) if name.endswith("chords") else (len(self.pitches),)
            if rows.shape != shape or (rows.size and not 0 <= rows.min() <= rows.max() <= top):
                raise NotationError(f"{name} of a line", f"expected {shape} integers 0 to {top}", "as Line says")

    def __iter__(self):  # type: ignore[no-untyped-def]
        return (getattr(self, field.name) for field in fields(self))

    def __len__(self) -> int:
        return len(self.pitches)


def encode_line(score: Score, fit: bool = False) -> Line:
    """Write a melody with its chords as a ``Line``; a chord that begins inside a note counts from the next one on.

    fit: first do what ``fit_score(score, "line")`` does. Raises NotationError as ``encode_bars``, and for notes whose
    length is none of VALUES.
    """
    score = fit_score(score, "line")[0] if fit else score
    notes = melody(score, *RANGES["line"])
    times = np.round(notes[:, :2] * 24).astype(int)
    if (np.abs(notes[:, :2] * 24 - times) > 24 * NEAR).any():
        raise NotationError(misfit(score), "a note is off the grid of 96 ticks a bar", "fit it to the grid")
    rows: list[tuple[int, int, int]] = []  # tick, pitch, place in VALUES
    at = 0
    close = [round(score.length_quarters * 24)] * 2
    for (start, end), pitch in zip([*times.tolist(), close], [*notes[:, 2], -1.0], strict=True):
        if start - at == 1:
            raise NotationError(misfit(score), "a rest is shorter than a 32nd triplet", "fit it to the grid")
        for length in pieces(start - at):
            rows.append((at, LINE_REST, int(np.searchsorted(LENGTHS, length))))
            at += length
        if pitch >= 0:
            if end - start not in LENGTHS:
                odd = f"a note of {(end - start) / 24:g} quarters is no single note value"
                raise NotationError(misfit(score), odd, "fit it, which shortens such notes")
            rows.append((start, round(pitch) - LINE_LOWEST, int(np.searchsorted(LENGTHS, end - start))))
            at = end
    ticks, pitches, durations = np.array(rows).T
    edges = np.array([start for start, _, _ in score.chords])
    over = np.searchsorted(edges, ticks / 24 + NEAR, side="right") - 1
    chords = [_chord(label) for _, _, label in score.chords] + [_chord("N")]
    ends = np.array([end for _, end, _ in score.chords] + [np.inf])
    now = np.where((over >= 0) & (ticks / 24 < ends[over] - NEAR), over, len(score.chords))
    then = np.where(over + 1 < len(score.chords), over + 1, len(score.chords))
    roots, sets = np.array([root for root, _ in chords]), np.array([members for _, members in chords])
    return Line(pitches, durations, ticks % LINE_BAR, roots[now], sets[now], roots[then], sets[then])


def decode_line(line: Line, title: str = "melody", bpm: float = 120.0, keys: Spans = (), program: int = 0) -> Score:
    """Write a ``Line`` as a score, its last bar filled up: the inverse of ``encode_line``; basses of chords are lost.

    A chord whose pitch classes have no name is "X". Positions are those that the durations give.
    """
    ends = np.cumsum(LENGTHS[line.durations])
    starts = ends - LENGTHS[line.durations]
    length = 4.0 * int(np.ceil(ends[-1] / LINE_BAR)) if len(line) else 0.0
    if not length:
        raise NotationError("a line", "it holds no notes", "give at least one row")
    names = [_label(int(root), tuple(members.tolist())) for root, members in zip(line.roots, line.chords, strict=True)]
    changes = [i for i in range(len(line)) if i == 0 or names[i] != names[i - 1]]
    edges = [*(float(starts[i]) / 24 for i in changes), length]
    chords = tuple((a, b, names[i]) for i, a, b in zip(changes, edges, edges[1:], strict=False) if names[i] != "N")
    heard = line.pitches < LINE_REST
    notes = np.column_stack([starts / 24, ends / 24, line.pitches + LINE_LOWEST])[heard]
    return _score(title, bpm, notes, length, keys, chords, program)


@cache
def _chord(label: str) -> tuple[int, tuple[int, ...]]:
    root, steps, _ = read(label)
    members = {(root + step) % 12 for step in steps}
    return (root if root >= 0 else NO_ROOT), tuple(int(pitch in members) for pitch in range(12))


@cache
def _label(root: int, members: tuple[int, ...]) -> str:
    if root == NO_ROOT:
        return "N"
    return next((f"{NAMES[root]}:{q}" for q in QUALITIES if _chord(f"{NAMES[root]}:{q}")[1] == members), "X")


def _check_tokens(tokens: np.ndarray, count: int) -> None:
    if tokens.dtype.kind not in "iu" or tokens.min() < 0 or tokens.max() >= count:
        raise NotationError("tokens", f"expected integers 0 to {count - 1}", "as the encoder writes them")


def _score(title: str, bpm: float, rows: np.ndarray, length: float, keys: Spans = (), chords: Spans = (),
           program: int = 0) -> Score:  # fmt: skip
    notes = np.column_stack([rows, np.full(len(rows), VELOCITY)]).astype(float)
    return Score(title, bpm, (Part("melody", program, notes),), length, keys=keys, chords=chords)
