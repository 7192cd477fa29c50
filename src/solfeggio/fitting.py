"""Making a score fit an encoding: one voice of 4/4 on a grid of six ticks a quarter, and saying what changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solfeggio.errors import NotationError, unknown
from solfeggio.notation import Part, Score

TICKS = (0.0, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4)  # of each quarter
BAR_TICKS = 24
NEAR = 0.005  # quarters by which a time may miss the grid: coarse MIDI clocks round thirds
LEGATO = 1 / 8  # quarters by which notes of one voice may overlap
RANGES = {"bars": (55, 84), "line": (21, 108)}  # MIDI pitches of folk bars and of lines, both included
VALUES = {  # note values of a line, in 96ths of a whole note
    "32nd triplet": 2, "32nd": 3, "16th triplet": 4, "16th": 6, "eighth triplet": 8, "dotted 16th": 9, "eighth": 12,
    "quarter triplet": 16, "dotted eighth": 18, "quarter": 24, "half triplet": 32, "dotted quarter": 36,
    "double dotted quarter": 42, "half": 48, "dotted half": 72, "double dotted half": 84, "whole": 96,
    "dotted whole": 144, "double dotted whole": 168,
}  # fmt: skip
LENGTHS = np.array(list(VALUES.values()))


def melody(score: Score, lowest: int, highest: int) -> np.ndarray:
    """Give the notes (n, 4) of a score that is one voice in whole bars of 4/4 between two MIDI pitches.

    Raises NotationError for any other score.
    """
    parts = [part for part in score.parts if len(part.notes)]
    if not parts:
        raise NotationError(misfit(score), "it holds no notes", "give a melody")
    if len(parts) > 1 or parts[0].drums:
        names = ", ".join(part.name or "nameless" for part in parts[:5])
        raise NotationError(
            misfit(score), f"it has more than one melody's parts ({names})", "fit it: the top line stays"
        )
    _check_metre(score, ("4/4",))
    lines = score.bar_lines()
    short = np.flatnonzero(np.abs(np.diff(lines) - 4) > NEAR)
    if len(short):
        raise NotationError(misfit(score), f"bar {short[0] + 1} is not whole", "fit it, which fills bars with rests")
    notes = parts[0].notes[np.argsort(parts[0].notes[:, 0], kind="stable")]
    if (notes[1:, 0] < notes[:-1, 1] - NEAR).any():
        at = notes[1:, 0][notes[1:, 0] < notes[:-1, 1] - NEAR][0]
        raise NotationError(misfit(score), f"two notes sound at once in bar {int(at // 4) + 1}",
                            "fit it: the top line stays")  # fmt: skip
    if notes[0, 0] < -NEAR or notes[-1, 1] > score.length_quarters + NEAR:
        raise NotationError(misfit(score), "a note lies outside its bars", "fit it")
    outside = notes[(notes[:, 2] < lowest) | (notes[:, 2] > highest), 2]
    if len(outside):
        raise NotationError(misfit(score), f"pitch {outside[0]:g} is not in {lowest} to {highest}", "fit it")
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
    notes = _top_line(score.parts[0].notes, changes)
    if encoding == "bars" or not _on_96ths(notes, score.length_quarters):
        notes = _on_grid(notes, score.length_quarters, changes)
    else:
        notes[:, :2] = np.round(notes[:, :2] * 24) / 24
    notes[:, 2] = _in_range(notes[:, 2], *RANGES[encoding], changes)
    if encoding == "line":
        notes = _note_values(notes, changes)
    return replace(score, parts=(replace(part, notes=notes, words=()),)), changes


def _top_part(score: Score, changes: list[str]) -> Part:
    parts = [part for part in score.parts if len(part.notes) and not part.drums]
    if not parts:
        raise NotationError(misfit(score), "it holds no notes", "give a melody")
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
        overlap = float(kept[-1][1] - row[0]) if kept else 0.0
        if overlap > NEAR:
            together = row[0] < kept[-1][0] + NEAR
            legato = overlap <= LEGATO and not together
            cut += not legato
            if together or (row[2] <= kept[-1][2] and not legato):
                continue
            kept[-1][1] = row[0]
        kept.append(row.copy())
    if cut:
        changes.append(f"{cut} note{'s' * (cut > 1)} under the top line left out or cut")
    return np.array(kept)


def _whole_bars(score: Score, changes: list[str]) -> Score:
    """Fill a pick-up (in front) and other short bars (at their end) with rests; everything moves along."""
    lines = score.bar_lines()
    if len(lines) < 2:
        raise NotationError(misfit(score), "it has no bars", "give its length")
    notes = _inside(score, changes)
    short = 4 - np.diff(lines)
    ahead = np.zeros(len(short))
    if score.pickup_quarters:
        ahead[0] = short[0]
        changes.append(f"pick-up of {score.pickup_quarters:g} quarters filled up to a bar")
    others = int((np.abs(short - ahead) > NEAR).sum())
    if others:
        changes.append(f"{others} short bar{'s' * (others > 1)} filled with rests")

    def move(times: np.ndarray, inside: float) -> np.ndarray:
        bar = np.clip(np.searchsorted(lines, times + inside) - 1, 0, len(short) - 1)
        return 4.0 * bar + ahead[bar] + times - lines[bar]

    notes[:, 0], notes[:, 1] = move(notes[:, 0], NEAR), move(notes[:, 1], -NEAR)
    length = 4.0 * len(short)
    spans = [
        tuple((float(move(np.array([a]), NEAR)[0]), float(move(np.array([b]), -NEAR)[0]), label)
              for a, b, label in marks)
        for marks in (score.keys, score.chords)
    ]  # fmt: skip
    return Score(
        score.title, score.bpm, (replace(score.parts[0], notes=notes),), length, keys=spans[0], chords=spans[1]
    )


def _inside(score: Score, changes: list[str]) -> np.ndarray:
    """Give the notes that sound inside the score's bars; raises NotationError when there are none, or no numbers."""
    notes = score.parts[0].notes
    if not np.isfinite(notes).all():
        raise NotationError(misfit(score), "a note's time or pitch is no number", "write the score again")
    inside = (notes[:, 0] < score.length_quarters - NEAR) & ((notes[:, 1] > NEAR) | (notes[:, 0] > -NEAR))
    lost = int((~inside).sum())
    if lost == len(notes):
        raise NotationError(misfit(score), "it holds no notes inside its bars", "give a melody")
    if lost:
        changes.append(f"{lost} note{'s' * (lost > 1)} outside the bars left out")
    return notes[inside]


def _on_grid(notes: np.ndarray, length_quarters: float, changes: list[str]) -> np.ndarray:
    last = round(length_quarters / 4) * BAR_TICKS
    starts = np.clip(_nearest(notes[:, 0]), 0, last - 1)
    ends = np.clip(np.maximum(_nearest(notes[:, 1]), starts + 1), 1, last)
    keep = np.append(starts[1:] > starts[:-1], True)
    moved = np.abs(np.column_stack([to_quarters(starts), to_quarters(ends)]) - notes[:, :2]).max(1)
    count = int((moved[keep] > NEAR).sum())
    if count:
        most = moved[keep].max()
        changes.append(f"{count} note{'s' * (count > 1)} moved to the grid, by at most {most:.2g} quarters")
    if not keep.all():
        lost = int((~keep).sum())
        changes.append(f"{lost} note{'s' * (lost > 1)} shorter than the grid left out")
    starts, ends, fitted = starts[keep], ends[keep], notes[keep].copy()
    ends[:-1] = np.minimum(ends[:-1], starts[1:])
    fitted[:, 0], fitted[:, 1] = to_quarters(starts), to_quarters(ends)
    return fitted


def _on_96ths(notes: np.ndarray, length_quarters: float) -> bool:
    """Whether times lie on a line's grid, and lengths and gaps are 0 or two of its ticks at least."""
    times = np.append(notes[:, :2].ravel(), length_quarters) * 24
    steps = np.diff(np.round(times), prepend=0)
    near = (np.abs(times - np.round(times)) <= 24 * NEAR).all()
    return bool(near and (steps >= 0).all() and (steps != 1).all() and (steps[1::2] > 1).all())


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
    lengths = np.array([pieces(count)[0] for count in ticks.tolist()])
    short = int((lengths != ticks).sum())
    if short:
        changes.append(f"{short} note{'s' * (short > 1)} shortened to a note value")
    notes = notes.copy()
    notes[:, 1] = notes[:, 0] + lengths / 24
    return notes


def pieces(ticks: int) -> list[int]:
    """Cut a length into note values, the longest first, so that no single tick is left.

    >>> pieces(60), pieces(25)
    ([48, 12], [18, 4, 3])
    """
    lengths: list[int] = []
    while ticks > 0:
        lengths.append(max(int(value) for value in LENGTHS if value <= ticks and ticks - value != 1))
        ticks -= lengths[-1]
    return lengths


def _nearest(quarters: np.ndarray) -> np.ndarray:
    """Nearest tick of each time: six a quarter."""
    whole = np.floor(quarters + NEAR).astype(int)
    distance = np.abs((quarters - whole)[..., None] - np.array([*TICKS, 1.0]))
    return 6 * whole + distance.argmin(-1)


def to_ticks(notes: np.ndarray, title: str) -> tuple[np.ndarray, np.ndarray]:
    """Give the ticks, six a quarter, on which notes (n, 4) begin and end; raises NotationError off the grid."""
    quarters = notes[:, :2]
    ticks = _nearest(quarters)
    off = (np.abs(to_quarters(ticks) - quarters) > NEAR).any(1) | (ticks[:, 0] >= ticks[:, 1])
    if off.any():
        at = float(quarters[off][0, 0])
        where = f"a note at quarter {at:.3f}, bar {int(at // 4) + 1}, begins or ends off the grid"
        raise NotationError(f"'{title}' does not fit this encoding", where, "fit it, which moves notes to the grid")
    return ticks[:, 0], ticks[:, 1]


def to_quarters(ticks: np.ndarray) -> np.ndarray:
    """Where ticks fall, in quarters."""
    return ticks // 6 + np.array(TICKS)[ticks % 6]


def _check_metre(score: Score, allowed: tuple[str, ...]) -> None:
    other = next((label for _, _, label in score.metres if label not in allowed), None)
    if other:
        raise NotationError(misfit(score), f"its metre is {other}", "only 4/4 can be written")


def misfit(score: Score) -> str:
    """Begin an error about a score."""
    return f"'{score.title}' does not fit this encoding"
