"""Melodies as integers: folk bars of 24 ticks, dMelodies' 16 eighths, and lines of pitch and duration over chords.

Each encoding holds one voice in 4/4 and says no to anything else; ``fit_score`` makes a score fit and says what it
changed. Velocities, tempo and keys are not held. Sources: Pati, Lerch, Hadjeres, "Learning to traverse latent spaces
for musical score inpainting" (ISMIR 2019); Pati, Gururani, Lerch, "dMelodies" (ISMIR 2020); Genchel, Pati, Lerch,
"Explicitly conditioned melody generation" (2019).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cache

import numpy as np

from solfeggio.errors import NotationError, unknown
from solfeggio.harte import NAMES, QUALITIES, read
from solfeggio.notation import Part, Score, Spans

TICKS = (0.0, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4)  # of each quarter
BAR_TICKS = 24
REST, HOLD = 0, 1
LOWEST, HIGHEST = 55, 84  # MIDI pitches of folk bars
FOLK_TOKENS = HIGHEST - LOWEST + 3  # rest, hold, then a token for each pitch: MIDI pitch - 53
DMELODIES_LOWEST, DMELODIES_TOKENS = 60, 51  # rest, then MIDI pitches 60 to 109
LINE_LOWEST, LINE_REST, LINE_BAR = 21, 88, 96  # pitch 0 is MIDI 21; ticks of a bar
NO_ROOT = 12
VALUES = {  # note values of a line, in 96ths of a whole note
    "32nd triplet": 2, "32nd": 3, "16th triplet": 4, "16th": 6, "eighth triplet": 8, "dotted 16th": 9, "eighth": 12,
    "quarter triplet": 16, "dotted eighth": 18, "quarter": 24, "half triplet": 32, "dotted quarter": 36,
    "double dotted quarter": 42, "half": 48, "dotted half": 72, "double dotted half": 84, "whole": 96,
    "dotted whole": 144, "double dotted whole": 168,
}  # fmt: skip
RANGES = {"bars": (LOWEST, HIGHEST), "line": (LINE_LOWEST, LINE_LOWEST + LINE_REST - 1)}
NEAR = 0.005  # quarters by which a time may miss the grid: coarse MIDI clocks round thirds
LENGTHS = np.array(list(VALUES.values()))
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
    starts, ends = (_ticks(notes[:, column], score.title) for column in (0, 1))
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
    return _score(title, bpm, np.column_stack([_quarters(starts), _quarters(ends), tokens[starts] + LOWEST - 2]),
                  4.0 * len(bars), keys, chords, program)  # fmt: skip


def encode_dmelodies(score: Score) -> np.ndarray:
    """Write two bars of eighths as (16,) integers: 0 rest, 1 to 50 MIDI pitch 60 to 109; raises as ``encode_bars``."""
    notes = melody(score, DMELODIES_LOWEST, DMELODIES_LOWEST + DMELODIES_TOKENS - 2)
    if round(score.length_quarters) != 8:
        raise NotationError(_what(score), f"it has {score.length_quarters / 4:g} bars, not 2", "give two bars")
    eighths = np.round(notes[:, 0] * 2).astype(int)
    if (np.abs(notes[:, :2] * 2 - np.column_stack([eighths, eighths + 1])) > NEAR).any():
        raise NotationError(_what(score), "a note is no eighth", "dMelodies holds eighth notes and rests")
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
        raise NotationError(_what(score), "a note is off the grid of 96 ticks a bar", "fit it to the grid")
    rows: list[tuple[int, int, int]] = []  # tick, pitch, place in VALUES
    at = 0
    for (start, end), pitch in zip([*times.tolist(), [round(score.length_quarters * 24)] * 2],
                                   [*notes[:, 2], -1.0], strict=True):  # fmt: skip
        if start - at == 1:
            raise NotationError(_what(score), "a rest is shorter than a 32nd triplet", "fit it to the grid")
        for length in _rests(start - at):
            rows.append((at, LINE_REST, int(np.searchsorted(LENGTHS, length))))
            at += length
        if pitch >= 0:
            if end - start not in LENGTHS:
                raise NotationError(_what(score), f"a note of {(end - start) / 24:g} quarters is no single note value",
                                    "fit it, which shortens such notes")  # fmt: skip
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


def melody(score: Score, lowest: int, highest: int) -> np.ndarray:
    """Give the notes (n, 4) of a score that is one voice in whole bars of 4/4 between two MIDI pitches.

    Raises NotationError for any other score.
    """
    parts = [part for part in score.parts if len(part.notes)]
    if not parts:
        raise NotationError(_what(score), "it holds no notes", "give a melody")
    if len(parts) > 1 or parts[0].drums:
        names = ", ".join(part.name or "nameless" for part in parts[:5])
        raise NotationError(
            _what(score), f"it has more than one melody's parts ({names})", "fit it: the top line stays"
        )
    _check_metre(score, ("4/4",))
    lines = score.bar_lines()
    short = np.flatnonzero(np.abs(np.diff(lines) - 4) > NEAR)
    if len(short):
        raise NotationError(_what(score), f"bar {short[0] + 1} is not whole", "fit it, which fills bars with rests")
    notes = parts[0].notes[np.argsort(parts[0].notes[:, 0], kind="stable")]
    if (notes[1:, 0] < notes[:-1, 1] - NEAR).any():
        at = notes[1:, 0][notes[1:, 0] < notes[:-1, 1] - NEAR][0]
        raise NotationError(_what(score), f"two notes sound at once in bar {int(at // 4) + 1}",
                            "fit it: the top line stays")  # fmt: skip
    if notes[0, 0] < -NEAR or notes[-1, 1] > score.length_quarters + NEAR:
        raise NotationError(_what(score), "a note lies outside its bars", "fit it")
    outside = notes[(notes[:, 2] < lowest) | (notes[:, 2] > highest), 2]
    if len(outside):
        raise NotationError(_what(score), f"pitch {outside[0]:g} is not in {lowest} to {highest}", "fit it")
    return notes


def fit_score(score: Score, encoding: str = "bars") -> tuple[Score, list[str]]:
    """Make a score fit an encoding, "bars" or "line": one voice on the grid, whole bars of 4/4; and say what changed.

    The part called "melody" stays, else the highest one, and of notes that sound together the top one; times move to
    the nearest of TICKS; a pick-up and short bars are filled with rests; pitches move by octaves; in a line notes are
    shortened to a note value. Keys and chords move along. Raises NotationError for other metres and for no notes.

    >>> notes = np.array([[0, 0.98, 36, 80], [1, 2.0, 40, 80]])
    >>> fitted, changes = fit_score(Score("a", 120, (Part("bass", 32, notes),), 4.0))
    >>> for change in changes:
    ...     print(change)
    1 note moved to the grid, by at most 0.02 quarters
    transposed by 2 octaves up
    """
    if encoding not in RANGES:
        raise unknown("encoding", encoding, RANGES)
    changes: list[str] = []
    part = _top_part(score, changes)
    _check_metre(score, ("4/4", "2/2"))
    if any(label == "2/2" for _, _, label in score.metres):
        changes.append("2/2 written as 4/4")
    score = _whole_bars(replace(score, parts=(part,)), changes)
    notes = _on_grid(_top_line(score.parts[0].notes, changes), score.length_quarters, changes)
    notes[:, 2] = _in_range(notes[:, 2], *RANGES[encoding], changes)
    if encoding == "line":
        notes = _note_values(notes, changes)
    return replace(score, parts=(replace(part, notes=notes, words=()),)), changes


def _top_part(score: Score, changes: list[str]) -> Part:
    parts = [part for part in score.parts if len(part.notes) and not part.drums]
    if not parts:
        raise NotationError(_what(score), "it holds no notes", "give a melody")
    named = [part for part in parts if part.name.lower() == "melody"]
    best = max(named or parts, key=lambda part: float(np.median(part.notes[:, 2])))
    left = sum(len(part.notes) > 0 for part in score.parts) - 1
    if left:
        changes.append(f"kept part '{best.name}', left out {left} other{'s' * (left > 1)}")
    return best


def _top_line(notes: np.ndarray, changes: list[str]) -> np.ndarray:
    """Keep the highest of notes that begin together or inside a higher one; a lower one ends where a higher begins."""
    kept: list[np.ndarray] = []
    cut = 0
    for row in notes[np.lexsort((-notes[:, 2], notes[:, 0]))]:
        if kept and row[0] < kept[-1][1] - NEAR:
            if row[2] <= kept[-1][2] or row[0] < kept[-1][0] + NEAR:
                cut += 1
                continue
            cut += kept[-1][1] - row[0] > 1 / 8  # legato overlaps by less
            kept[-1][1] = row[0]
        kept.append(row.copy())
    if cut:
        changes.append(f"{cut} note{'s' * (cut > 1)} under the top line left out or cut")
    return np.array(kept)


def _whole_bars(score: Score, changes: list[str]) -> Score:
    """Fill a pick-up (in front) and other short bars (at their end) with rests; everything moves along."""
    lines = score.bar_lines()
    short = 4 - np.diff(lines)
    ahead = np.zeros(len(short))
    if score.pickup_quarters and len(short):
        ahead[0] = short[0]
        changes.append(f"pick-up of {score.pickup_quarters:g} quarters filled up to a bar")
    others = int((np.abs(short - ahead) > NEAR).sum())
    if others:
        changes.append(f"{others} short bar{'s' * (others > 1)} filled with rests")

    def move(times: np.ndarray, inside: float) -> np.ndarray:
        bar = np.clip(np.searchsorted(lines, times + inside) - 1, 0, len(short) - 1)
        return 4.0 * bar + ahead[bar] + times - lines[bar]

    part = score.parts[0]
    notes = part.notes.copy()
    notes[:, 0], notes[:, 1] = move(notes[:, 0], NEAR), move(notes[:, 1], -NEAR)
    length = 4.0 * len(short)
    spans = [
        tuple((float(move(np.array([a]), NEAR)[0]), float(move(np.array([b]), -NEAR)[0]), label)
              for a, b, label in marks)
        for marks in (score.keys, score.chords)
    ]  # fmt: skip
    return Score(score.title, score.bpm, (replace(part, notes=notes),), length, keys=spans[0], chords=spans[1])


def _on_grid(notes: np.ndarray, length_quarters: float, changes: list[str]) -> np.ndarray:
    last = round(length_quarters / 4) * BAR_TICKS
    starts = np.clip(_nearest(notes[:, 0]), 0, last - 1)
    ends = np.clip(np.maximum(_nearest(notes[:, 1]), starts + 1), 1, last)
    keep = np.append(starts[1:] > starts[:-1], True)
    moved = np.abs(np.column_stack([_quarters(starts), _quarters(ends)]) - notes[:, :2]).max(1)
    count = int((moved[keep] > NEAR).sum())
    if count:
        most = moved[keep].max()
        changes.append(f"{count} note{'s' * (count > 1)} moved to the grid, by at most {most:.2g} quarters")
    if not keep.all():
        lost = int((~keep).sum())
        changes.append(f"{lost} note{'s' * (lost > 1)} shorter than the grid left out")
    starts, ends, fitted = starts[keep], ends[keep], notes[keep].copy()
    ends[:-1] = np.minimum(ends[:-1], starts[1:])
    fitted[:, 0], fitted[:, 1] = _quarters(starts), _quarters(ends)
    return fitted


def _in_range(pitches: np.ndarray, lowest: int, highest: int, changes: list[str]) -> np.ndarray:
    pitches = np.round(pitches)
    shifts = sorted(range(-10, 11), key=abs)
    fits = [int(((pitches + 12 * s >= lowest) & (pitches + 12 * s <= highest)).sum()) for s in shifts]
    best = shifts[int(np.argmax(fits))]
    if best:
        changes.append(f"transposed by {abs(best)} octave{'s' * (abs(best) > 1)} {'up' if best > 0 else 'down'}")
    moved = pitches + 12 * best
    up, down = np.ceil((lowest - moved) / 12).clip(0), np.ceil((moved - highest) / 12).clip(0)
    single = int(((up > 0) | (down > 0)).sum())
    if single:
        changes.append(f"{single} note{'s' * (single > 1)} moved by octaves into {lowest} to {highest}")
    return moved + 12 * (up - down)


def _note_values(notes: np.ndarray, changes: list[str]) -> np.ndarray:
    ticks = np.round((notes[:, 1] - notes[:, 0]) * 24).astype(int)
    lengths = LENGTHS[np.searchsorted(LENGTHS, ticks, side="right") - 1]
    short = int((lengths != ticks).sum())
    if short:
        changes.append(f"{short} note{'s' * (short > 1)} shortened to a note value")
    notes = notes.copy()
    notes[:, 1] = notes[:, 0] + lengths / 24
    return notes


def _nearest(quarters: np.ndarray) -> np.ndarray:
    """Nearest tick of each time: six a quarter."""
    whole = np.floor(quarters + NEAR).astype(int)
    distance = np.abs((quarters - whole)[:, None] - np.array([*TICKS, 1.0]))
    return 6 * whole + distance.argmin(1)


def _ticks(quarters: np.ndarray, title: str) -> np.ndarray:
    ticks = _nearest(quarters)
    off = np.flatnonzero(np.abs(_quarters(ticks) - quarters) > NEAR)
    if len(off):
        at = quarters[off[0]]
        raise NotationError(f"'{title}' does not fit this encoding",
                            f"a note begins or ends off the grid at quarter {at:.3f}, bar {int(at // 4) + 1}",
                            "fit it, which moves notes to the grid")  # fmt: skip
    return ticks


def _quarters(ticks: np.ndarray) -> np.ndarray:
    return ticks // 6 + np.array(TICKS)[ticks % 6]


def _rests(ticks: int) -> list[int]:
    """Cut a rest into note values, the longest first, so that no single tick is left."""
    lengths = []
    while ticks > 0:
        lengths.append(max(int(value) for value in LENGTHS if value <= ticks and ticks - value != 1))
        ticks -= lengths[-1]
    return lengths


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


def _check_metre(score: Score, allowed: tuple[str, ...]) -> None:
    other = next((label for _, _, label in score.metres if label not in allowed), None)
    if other:
        raise NotationError(_what(score), f"its metre is {other}", "only 4/4 can be written")


def _what(score: Score) -> str:
    return f"'{score.title}' does not fit this encoding"


def _score(title: str, bpm: float, rows: np.ndarray, length: float, keys: Spans = (), chords: Spans = (),
           program: int = 0) -> Score:  # fmt: skip
    notes = np.column_stack([rows, np.full(len(rows), VELOCITY)]).astype(float)
    return Score(title, bpm, (Part("melody", program, notes),), length, keys=keys, chords=chords)
