"""A song as the band writes it: parts of notes on a quarter-note clock, with its beats, chords and form.

Written songs count quarter notes from 0; ``perform`` turns them into seconds and is the only place that does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from solfeggio.answers import Events, Notes, Segments


@dataclass(frozen=True, eq=False)
class Part:
    """One player: notes on the quarter-note clock.

    name: "drums", "bass", "chords", "melody", ... program: General MIDI program 0..127 (kit number for drums).
    notes: (n, 4) columns start (quarters), end (quarters), MIDI pitch, velocity 1..127, sorted by start.
    """

    name: str
    program: int
    notes: np.ndarray
    drums: bool = False


@dataclass(frozen=True, eq=False)
class Song:
    """Written music with its truth, all on the quarter-note clock.

    name: unique. style: style or groove it was written in (splits go by it). bpm: quarter notes a minute.
    length_quarters: end of the last bar. beats_quarters: (n,) where the beats fall. positions: (n,) place in the bar, 1
    is the downbeat. chords, sections: (start, end, label) in quarters. rubato: 0 strict to 1 very free.
    """

    name: str
    style: str
    bpm: float
    parts: tuple[Part, ...]
    length_quarters: float
    beats_quarters: np.ndarray
    positions: np.ndarray
    chords: tuple[tuple[float, float, str], ...] = ()
    sections: tuple[tuple[float, float, str], ...] = ()
    rubato: float = 0.0


@dataclass(frozen=True, eq=False)
class Performance:
    """A song as played: every time in seconds, the truth moved with the notes.

    parts: (name, program, drums, Notes) for each player. answers: "beats" Events labelled with bar positions, "chords"
    and "sections" Segments. duration: seconds.
    """

    song: Song
    parts: tuple[tuple[str, int, bool, Notes], ...]
    beats: Events
    duration: float
    chords: Segments = field(default_factory=lambda: Segments([], []))
    sections: Segments = field(default_factory=lambda: Segments([], []))
