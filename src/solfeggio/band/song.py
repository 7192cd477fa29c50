"""A song as the band writes it, and as it plays it.

Written songs count quarter notes from 0; ``perform`` turns them into seconds and is the only place that does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from solfeggio.answers import Curve, Events, Notes, Segments
from solfeggio.notation import Part, Spans

__all__ = ["SPANS", "Part", "Performance", "Played", "Song", "Spans"]


@dataclass(frozen=True, eq=False)
class Song:
    """Written music with its truth, all on the quarter-note clock.

    name: unique. style: style it was written in, a file of ``band/styles``. bpm: quarter notes a minute.
    length_quarters: end of the last bar. beats_quarters: (n,) where the beats fall. positions: (n,) place in the bar, 1
    is the downbeat. rubato: 0 strict to 1 very free. groove: mma groove it is played in, or "" (splits go by it).
    work: what it is a version of; "" is itself. tempi: (start, end, bpm) where a written score leaves ``bpm``.

    Spans, in order: chords (Harte), sections (functions: intro, verse, ...), keys ("C:maj"), metres ("6/8"), forms
    (letters of repetition: A, B, A), motifs (labelled occurrences, may overlap), effects of the mixing desk
    ("sidechain", "sweep up", "sweep down").
    """

    name: str
    style: str
    bpm: float
    parts: tuple[Part, ...]
    length_quarters: float
    beats_quarters: np.ndarray
    positions: np.ndarray
    chords: Spans = ()
    sections: Spans = ()
    rubato: float = 0.0
    keys: Spans = ()
    metres: Spans = ()
    forms: Spans = ()
    motifs: Spans = ()
    effects: Spans = ()
    groove: str = ""
    work: str = ""
    tempi: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, eq=False)
class Played:
    """One part as played, in seconds.

    name, program, drums, words: as in ``Part`` (words fit the notes one to one). f0: the exact fundamental of a player
    who bends notes (portamento, scoops, vibrato), one note at a time: Hz at every 10 ms from 0 to the end, tuning
    included, 0 where silent; from its start on a note has the curve, though a slurred one before it may still end.
    Who rings on after a note ends keeps its last value. None: each note has its own pitch. pedal: while the sustain
    pedal is down; ``notes`` end where their keys are let go.
    """

    name: str
    program: int
    drums: bool
    notes: Notes
    words: tuple[str, ...] = ()
    f0: Curve | None = None
    pedal: Segments | None = None


@dataclass(frozen=True, eq=False)
class Performance:
    """A song as played: every time in seconds, the truth moved with the notes.

    beats: labelled with bar positions. duration: seconds. spans: the song's spans by name (those of SPANS it has).
    cents: how far the band is tuned from A = 440 Hz, -50 to 50 (a semitone off is another key).
    """

    song: Song
    parts: tuple[Played, ...]
    beats: Events
    duration: float
    spans: dict[str, Segments] = field(default_factory=dict)
    cents: float = 0.0


SPANS = ("chords", "sections", "keys", "metres", "forms", "motifs", "effects")
