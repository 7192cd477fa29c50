"""MIDI files as sheets: notes on the quarter clock, bars by time signature, the tempo map as it is written.

Markers that are Harte labels with a colon, "C:maj", "N" and "X" are chords, as ``files`` writes them.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio.band.scores.sheet import Bar, Sheet
from solfeggio.band.song import Part, Spans
from solfeggio.errors import ConfigError, DataError, FormatError
from solfeggio.harte import read
from solfeggio.notation import Metre

HELD = 64  # the controller of the sustain pedal
LONGEST = 40_000.0  # quarters; what comes later is a damaged file
RINGS = 256.0  # quarters that a score goes on after its last note begins, at most


def read_midi_sheet(path: Path, whole: bool = False) -> Sheet:
    """Read a MIDI file; without a time signature its bars have four quarters.

    whole: the last bar is that in which the last note ends, not that in which it begins. Raises FormatError when it is
    no MIDI file, DataError when it holds no notes.
    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise FormatError(f"{path} cannot be read", problem.strerror or str(problem), "check the name") from None
    return parse_midi_sheet(data, path.name, whole)


def parse_midi_sheet(data: bytes, name: str, whole: bool = False) -> Sheet:
    """Read the bytes of a MIDI file; raises as ``read_midi_sheet``."""
    import symusic

    try:
        score: Any = symusic.Score.from_midi(data)
        per_quarter = float(score.ticks_per_quarter)
        parts = tuple(part for part in (_part(track, per_quarter) for track in score.tracks) if len(part.notes))
    except (RuntimeError, ValueError) as problem:
        raise FormatError(f"{name} cannot be read", f"it is not MIDI: {problem}", "get it again") from None
    if not parts or per_quarter <= 0:
        raise DataError(name, "it holds no notes", "give a file with music in it")
    end = max(float(part.notes[:, 0].max()) for part in parts)
    if end > LONGEST:
        raise DataError(name, f"its last note comes after {end:.0f} quarters", "give a shorter file")
    if whole:
        end = min(max(float(part.notes[:, 1].max()) for part in parts) - 1e-3, end + RINGS)
    changes: dict[float, tuple[int, int]] = {0.0: (4, 4)}
    for s in sorted(score.time_signatures, key=lambda s: s.time):
        if 1 <= s.numerator <= 32 and s.denominator in (1, 2, 4, 8, 16, 32):
            changes[s.time / per_quarter] = (int(s.numerator), int(s.denominator))
    signs = sorted((s.time / per_quarter, int(s.key), int(s.tonality)) for s in score.key_signatures)
    marks = {0.0: 120.0}
    for mark in sorted(score.tempos, key=lambda mark: mark.time):
        if 5 <= mark.qpm <= 1000:
            marks[mark.time / per_quarter] = float(mark.qpm)
    bars = _bars(changes, [sign for sign in signs if -7 <= sign[1] <= 7], end)
    stop = bars[-1].end
    edges = [*(at for at in sorted(marks) if at < stop), stop]
    tempi = tuple((a, b, marks[a]) for a, b in pairwise(edges))
    return Sheet(name, bars, parts, tempi, _chords(score, per_quarter, stop))


def _chords(score: Any, per_quarter: float, end: float) -> Spans:
    marks = {mark.time / per_quarter: mark.text for mark in score.markers if _is_chord(mark.text)}
    starts = [start for start in sorted(marks) if start < end]
    return tuple((a, b, marks[a]) for a, b in zip(starts, [*starts[1:], end], strict=False))


def _is_chord(text: str) -> bool:
    try:
        return text in ("N", "X") or (":" in text and bool(read(text)))
    except ConfigError:
        return False


def _bars(changes: dict[float, tuple[int, int]], signs: list[tuple[float, int, int]], end: float) -> tuple[Bar, ...]:
    """Cut the time up to the last note into bars; a change of metre starts a new one."""
    starts = sorted(changes)
    bars: list[Bar] = []
    for start, until in zip(starts, [*starts[1:], np.inf], strict=True):
        metre = Metre(*changes[start])
        length = metre.beats * 4 / metre.unit
        at = start
        while at < until - 1e-6 and at <= end + 1e-6:
            sign = [s for s in signs if s[0] <= at + 1e-6]
            fifths, mode = (sign[-1][1], "minor" if sign[-1][2] else "major") if sign else (None, "")
            bars.append(Bar(at, min(at + length, until), str(metre), fifths, mode))
            at += length
    return tuple(bars)


def _part(track: Any, per_quarter: float) -> Part:
    rows = track.notes.numpy()
    start = rows["time"] / per_quarter
    end = start + np.maximum(rows["duration"], 1) / per_quarter
    notes = np.column_stack([start, end, rows["pitch"], rows["velocity"]]).astype(float)
    notes = notes[(notes[:, 3] > 0) & (notes[:, 0] >= 0)]
    notes = notes[np.lexsort((notes[:, 2], notes[:, 0]))]
    pedal = [(c.time / per_quarter, c.value >= HELD) for c in track.controls if c.number == HELD]
    spans: list[tuple[float, float]] = []
    down: float | None = None
    for at, held in sorted(pedal):
        if held and down is None:
            down = at
        elif not held and down is not None:
            spans.append((down, at))
            down = None
    if down is not None and len(notes):
        spans.append((down, float(notes[:, 1].max())))
    return Part(track.name or "", int(track.program), notes, bool(track.is_drum), pedal=tuple(spans))
