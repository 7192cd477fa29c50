"""The built-in song, written by hand: pop in C, 4/4 at 112 beats a minute, with a slower bridge in 3/4."""

from __future__ import annotations

from typing import Any

import numpy as np

from solfeggio.answers import Events, Notes, Segments
from solfeggio.band.song import Part, Performance, Played, Song

_BPM, _BRIDGE_BPM = 112.0, 104.0
_CHORDS = {"C:maj": (60, 64, 67), "G:maj": (59, 62, 67), "A:min": (57, 60, 64), "F:maj": (57, 60, 65),
           "E:min": (59, 64, 67), "D:min": (57, 62, 65)}  # fmt: skip
_ROOTS = {"C:maj": 36, "G:maj": 43, "A:min": 45, "F:maj": 41, "E:min": 40, "D:min": 38}
# section, beats a bar, chord of each bar, melody (quarters, pitch; 0 rests)
_VERSE = ((1, 76), (0.5, 79), (0.5, 76), (1, 74), (1, 72), (1.5, 74), (0.5, 71), (1, 74), (1, 0),
          (1, 72), (0.5, 76), (0.5, 72), (1, 71), (1, 69), (1.5, 72), (0.5, 69), (1, 72), (1, 74))  # fmt: skip
_CHORUS = ((0.5, 81), (0.5, 81), (0.5, 79), (1, 77), (0.5, 72), (1, 77), (1, 79), (0.5, 77), (1, 74), (0.5, 71),
           (1, 74), (0.5, 76), (0.5, 76), (0.5, 74), (1, 71), (0.5, 67), (1, 71), (1.5, 72), (0.5, 71), (1, 69),
           (1, 72))  # fmt: skip
_BRIDGE = ((2, 77), (1, 76), (2, 79), (1, 76), (1, 81), (1, 79), (1, 77), (2, 79), (1, 71))
_FORM = (
    ("intro", 4, ("C:maj", "G:maj"), ()),
    ("verse", 4, ("C:maj", "G:maj", "A:min", "F:maj"), _VERSE),
    ("chorus", 4, ("F:maj", "G:maj", "E:min", "A:min"), _CHORUS),
    ("bridge", 3, ("D:min", "E:min", "F:maj", "G:maj"), _BRIDGE),
    ("chorus", 4, ("F:maj", "G:maj", "E:min", "A:min"), _CHORUS),
    ("outro", 1, ("C:maj",), ((1, 72),)),
)
# loudness of each part, and how much of it the room gets
DESK = {
    "drums": (0.11, 0.12),
    "bass": (0.1, 0.02),
    "piano": (0.05, 0.25),
    "strings": (0.03, 0.4),
    "melody": (0.075, 0.3),
}

_Rows = list[tuple[float, float, float, float]]


def song() -> Song:
    """Write the song on the quarter-note clock."""
    rows: dict[str, _Rows] = {name: [] for name in DESK}
    chords: list[tuple[float, float, str]] = []
    sections: list[tuple[float, float, str]] = []
    positions: list[int] = []
    now = 0.0
    for section, beats, bars, tune in _FORM:
        begin = now
        for i, chord in enumerate(bars):
            last = section == "outro"
            length = 4.0 if last else float(beats)
            _accompany(rows, now, length, chord, section, fill=i == len(bars) - 1 and section in ("verse", "bridge"))
            chords.append((now, now + length, chord))
            positions += range(1, (1 if last else beats) + 1)
            now += length
        when = begin
        for quarters, pitch in tune:
            if pitch:
                length = 4.0 if section == "outro" else quarters
                rows["melody"].append((when, when + 0.92 * length, pitch, 100 if when % 1 == 0 else 88))
            when += quarters
        sections.append((begin, now, section))
    programs = {"drums": 0, "bass": 33, "piano": 0, "strings": 48, "melody": 73}
    parts = tuple(Part(name, programs[name], np.array(sorted(rows[name])), name == "drums") for name in DESK)
    beats_quarters = np.arange(len(positions), dtype=float)
    return Song(
        "demo", "pop", _BPM, parts, now, beats_quarters, np.array(positions), tuple(chords), tuple(sections),
        keys=((0.0, now, "C:maj"),),
    )  # fmt: skip


def performance() -> Performance:
    """Play the song: tempo steps at the bridge, and every note a few milliseconds from the beat."""
    written = song()
    edges = np.array([start for start, _, _ in written.sections] + [written.length_quarters])
    bpm = np.array([_BRIDGE_BPM if name == "bridge" else _BPM for _, _, name in written.sections])
    clock = np.concatenate([[0], np.cumsum(np.diff(edges) * 60 / bpm)]) + 0.5

    def seconds(quarters) -> np.ndarray:
        return np.interp(quarters, edges, clock)

    rng = np.random.default_rng(112)
    parts = []
    for part in written.parts:
        late = rng.normal(0, 0.002 if part.drums else 0.005, len(part.notes)).clip(-0.01, 0.01)
        starts, ends = seconds(part.notes[:, 0]) + late, seconds(part.notes[:, 1])
        order = np.argsort(starts, kind="stable")
        velocities = (part.notes[:, 3] + rng.normal(0, 4, len(part.notes))).clip(1, 127)
        columns: list[Any] = [starts, np.maximum(ends, starts + 0.03), part.notes[:, 2], velocities]
        parts.append(Played(part.name, part.program, part.drums, Notes(*[column[order] for column in columns])))
    spans = {
        name: Segments(seconds([a for a, _, _ in found]), seconds([b for _, b, _ in found]), [n for _, _, n in found])
        for name, found in (("chords", written.chords), ("sections", written.sections), ("keys", written.keys))
    }
    beats = Events(seconds(written.beats_quarters), tuple(str(n) for n in written.positions))
    return Performance(written, tuple(parts), beats, float(clock[-1]), spans)


def _accompany(rows: dict[str, _Rows], start: float, length: float, chord: str, section: str, fill: bool) -> None:
    """Write one bar of drums, bass, piano and strings."""
    root, tones = _ROOTS[chord], _CHORDS[chord]
    waltz, chorus = length == 3, section == "chorus"
    if section == "outro":
        rows["drums"] += [(start, start + 0.1, 49, 100), (start, start + 0.1, 36, 105)]
        rows["bass"].append((start, start + length, root, 100))
        rows["piano"] += [(start, start + length, tone, 80) for tone in (root + 12, *tones)]
        rows["strings"] += [(start, start + length, tone + 12, 70) for tone in tones]
        return
    kicks, snares = ((0,), (1, 2)) if waltz else ((0, 1.5, 2) if chorus else (0, 2), (1, 3))
    hits = [(at, 36, 110) for at in kicks] + [(at, 38, 70 if waltz else 105) for at in snares]
    hits += [(at / 2, 42, 85 if at % 2 == 0 else 60) for at in range(round(2 * length))]
    if chorus and start % 8 < 4:
        hits.append((0, 49, 95))
    if fill:
        hits = [hit for hit in hits if hit[0] < length - 1]
        hits += [(length - 1 + i / 4, pitch, 85 + 5 * i) for i, pitch in enumerate((48, 48, 45, 41))]
    rows["drums"] += [(start + at, start + at + 0.1, pitch, velocity) for at, pitch, velocity in hits]
    steps = (0, 1, 2) if waltz else (0, 1.5, 2, 3, 3.5) if chorus else (0, 1.5, 2, 3)
    ends = (*steps[1:], length)
    notes = (root, root + 7, root + 7) if waltz else (root, root, root + 7, root, root + 12)
    rows["bass"] += [(start + a, start + b - 0.05, n, 100) for a, b, n in zip(steps, ends, notes, strict=False)]
    if waltz:
        rows["piano"] += [(start, start + 3, root + 12, 80)] + [
            (start + b, start + b + 0.8, t, 65) for b in (1, 2) for t in tones
        ]
    else:
        arpeggio = (tones[0], tones[1], tones[2], tones[1]) * 2
        rows["piano"] += [
            (start + i / 2, start + i / 2 + 1, tone, 85 if i % 4 == 0 else 68) for i, tone in enumerate(arpeggio)
        ]
    if section != "verse":
        rows["strings"] += [(start, start + length, tone + 12, 70) for tone in tones]
