"""MIDI (``.mid``): notes at the times they were played, on a grid that follows the detected beats.

Each beat is one beat of its time signature (a quarter, or an eighth in 6/8, 7/8, 9/8 and 12/8), with a tempo event of
its own, so a sequencer shows bars and beats where they were heard. The first bar is filled up before a pick-up; where
there is no time for that the file starts with a shorter bar. A click on channel 10 marks the beats, higher on the
downbeat.

Resolution: 960 ticks a quarter. Times come back to the nearest tick, pitches to the semitone, velocities to whole
numbers from 1; a note lasts at least a tick. Bar positions are counted anew from the downbeats. Chords and sections
become markers.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from solfeggio.answers import Answer, Events, Notes, Segments
from solfeggio.errors import FormatError
from solfeggio.files import write_bytes
from solfeggio.formats.clock import DEFAULT, TICKS, Clock
from solfeggio.formats.lines import PathLike
from solfeggio.hits import KEYS, are_hits, of_key

CLICK = "Click"
DOWNBEAT, BEAT = 76, 77  # General MIDI: high and low wood block
DRUMS = ("drums", "percussion")  # labels of notes that go to channel 10
STROKE = 0.05  # seconds a written drum hit lasts


@dataclass(frozen=True, eq=False)
class Midi:
    """What a MIDI file holds. notes: labelled with the names of their tracks. beats: the clicks, else as written."""

    notes: Notes
    beats: Events


def write_midi(
    path: PathLike,
    beats: Events | None = None,
    notes: Notes | None = None,
    chords: Segments | None = None,
    sections: Segments | None = None,
    *,
    drums: Events | None = None,
    programs: Mapping[str, int] | None = None,
    click: bool = True,
) -> None:
    """Write a MIDI file whose tempo map and bars follow ``beats``.

    notes: one track for each label; drums and percussion go to channel 10. drums: hits, as ``drum_notes`` takes them.
    programs: General MIDI program of each label. click: add the click track, from which ``read_midi`` gets the beats
    back. Raises FormatError for negative times, pitches outside 0..127, and more than MIDI can count (some 70 hours).
    """
    import symusic

    what = f"{os.fspath(path)} cannot be written"
    given = {"beats": beats, "notes": notes, "chords": chords, "sections": sections, "drums": drums}
    for name, answer in given.items():
        if answer is not None and len(answer) and getattr(answer, answer.times_of[0])[0] < 0:
            raise FormatError(what, f"{name} start before 0 s", "shift or cut them first")
    clock = Clock.of_beats(beats if beats is not None else Events.none())
    score: Any = symusic.Score(TICKS)
    score.tempos.extend([symusic.Tempo(int(t), mspq=int(m)) for t, m in zip(clock.ticks, clock.tempos, strict=True)])
    score.time_signatures.extend([symusic.TimeSignature(tick, m.beats, m.unit) for tick, m in clock.signatures])
    for segments in (sections, chords):
        if segments is not None and segments.labels:
            ticks = _ticks(clock, segments.starts, what)
            score.markers.extend([symusic.TextMeta(t, label) for t, label in zip(ticks, segments.labels, strict=True)])
    if click and beats is not None and len(beats):
        track: Any = symusic.Track(CLICK, 0, True)
        labels = beats.labels or [""] * len(beats)
        for tick, label in zip(clock.beats.tolist(), labels, strict=True):
            pitch, velocity = (DOWNBEAT, 127) if label == "1" else (BEAT, 90)
            track.notes.append(symusic.Note(tick, TICKS // 8, pitch, velocity))
        score.tracks.append(track)
    parts = _parts(notes, clock, what) | (_parts(drum_notes(drums), clock, what) if drums is not None else {})
    for (name, _), rows in parts.items():
        track = symusic.Track(name, (programs or {}).get(name, 0), name.lower() in DRUMS)
        track.notes.extend([symusic.Note(*row) for row in rows])
        score.tracks.append(track)
    try:
        data = score.dumps_midi()
    except (RuntimeError, ValueError) as problem:
        raise FormatError(what, str(problem)) from problem
    write_bytes(path, data, FormatError)


def _ticks(clock: Clock, seconds: np.ndarray, what: str) -> list[int]:
    ticks = clock.tick(seconds)
    if len(ticks) and ticks.max() > 1 << 28:
        raise FormatError(what, f"MIDI cannot count to {seconds.max():.0f} s", "write it in parts")
    return ticks.tolist()


def _parts(notes: Notes | None, clock: Clock, what: str) -> dict[tuple[str, int], list[tuple[int, int, int, int]]]:
    """Sort notes into tracks by label; a note that sounds while its pitch still does goes to a further track."""
    parts: dict[tuple[str, int], list[tuple[int, int, int, int]]] = defaultdict(list)
    if notes is None or not len(notes):
        return parts
    pitches = np.rint(notes.pitches).astype(int)
    if pitches.min() < 0 or pitches.max() > 127:
        raise FormatError(what, "a pitch lies outside 0..127", "MIDI has 128 pitches")
    starts, ends = _ticks(clock, notes.starts, what), _ticks(clock, notes.ends, what)
    velocities = np.clip(np.rint(notes.velocities), 1, 127).astype(int).tolist()
    free: dict[tuple[str, int, int], int] = {}  # label, layer, pitch: tick from which it is free
    for i, label in enumerate(notes.labels or [""] * len(notes)):
        start, pitch, layer = starts[i], int(pitches[i]), 0
        while free.get((label, layer, pitch), 0) > start:
            layer += 1
        length = max(1, ends[i] - start)
        free[label, layer, pitch] = start + length
        parts[label, layer].append((start, length, pitch, velocities[i]))
    return parts


def read_midi(path: PathLike) -> Midi:
    """Read the notes and beats of any MIDI file; raises FormatError when it is none.

    Beats come from a click track of ours, else from the tempo map and the time signatures, if any are written.
    """
    import symusic

    what = f"{os.fspath(path)} cannot be read"
    try:
        with open(path, "rb") as file:
            score: Any = symusic.Score.from_midi(file.read())
        tracks = [(t.name, t.is_drum, t.notes.numpy()) for t in score.tracks]
    except OSError as problem:
        raise FormatError(what, problem.strerror or str(problem), "check the name") from problem
    except (RuntimeError, ValueError) as problem:
        raise FormatError(what, f"it is not MIDI: {problem}", "get it again") from problem
    changes = {0: DEFAULT} | {tempo.time: tempo.mspq for tempo in sorted(score.tempos, key=lambda tempo: tempo.time)}
    signatures = tuple(
        (s.time, s.numerator, s.denominator) for s in sorted(score.time_signatures, key=lambda s: s.time)
    )
    clock = Clock(np.array(list(changes)), np.array(list(changes.values())), per_quarter=score.ticks_per_quarter)
    return Midi(_notes(tracks, clock), _beats(tracks, clock, signatures))


def _is_click(name: str, drum: bool, rows: dict[str, np.ndarray]) -> bool:
    return drum and name == CLICK and bool(np.isin(rows["pitch"], (DOWNBEAT, BEAT)).all())


def _notes(tracks: list, clock: Clock) -> Notes:
    kept = [(name, rows) for name, drum, rows in tracks if not _is_click(name, drum, rows)]
    if not kept:
        return Notes(*np.zeros((4, 0)))
    starts, lengths, pitches, velocities = (
        np.concatenate([rows[key] for _, rows in kept]).astype(np.int64)
        for key in ("time", "duration", "pitch", "velocity")
    )
    labels = [name for name, rows in kept for _ in rows["time"]]
    order = np.lexsort((pitches, starts))
    return Notes(
        clock.seconds(starts[order]),
        clock.seconds((starts + lengths)[order]),
        pitches[order],
        velocities[order],
        tuple(labels[i] for i in order) if any(labels) else (),
    )


def _beats(tracks: list, clock: Clock, signatures: tuple[tuple[int, int, int], ...]) -> Events:
    clicks = [rows for name, drum, rows in tracks if _is_click(name, drum, rows)]
    if clicks:
        ticks, down = clicks[0]["time"], clicks[0]["pitch"] == DOWNBEAT
        return Events(clock.seconds(ticks), _positions(ticks, down, signatures))
    if not signatures:
        return Events.none()
    end = max((int((rows["time"] + rows["duration"]).max()) for _, _, rows in tracks if len(rows["time"])), default=0)
    if signatures[0][0] > 0:
        signatures = ((0, 4, 4), *signatures)
    ticks, labels = [], []
    for (start, beats, unit), until in zip(signatures, [*(s[0] for s in signatures[1:]), end], strict=True):
        steps = np.arange(start, min(until, end), clock.per_quarter * 4 / unit)
        ticks.append(steps)
        labels += [str(i % beats + 1) for i in range(len(steps))]
    return Events(clock.seconds(np.concatenate(ticks)), tuple(labels))


def _positions(ticks: np.ndarray, down: np.ndarray, signatures: tuple[tuple[int, int, int], ...]) -> tuple[str, ...]:
    """Count the beats of each bar; those before the first downbeat are counted back from it."""
    firsts = np.flatnonzero(down)
    if not len(firsts):
        return ()
    metre = [beats for tick, beats, _ in signatures if tick <= ticks[firsts[0]]] or [4]
    index = np.arange(len(ticks))
    last = np.maximum.accumulate(np.where(down, index, -1))
    back = metre[-1] - firsts[0] + 1
    return tuple(str(i - at + 1 if at >= 0 else back + i) for i, at in zip(index, last, strict=True))


def drum_notes(hits: Events) -> Notes:
    """Write drum hits as notes of General MIDI's drum keys, labelled "drums": what ``write_midi`` puts on channel 10.

    hits: labels of ``hits.FINE`` or main classes; values: velocities 0..1, which become 1..127 (100 where there are
    none). Raises FormatError for other labels.

    >>> drum_notes(Events([0.5], ["KD"], [1.0])).pitches
    array([36.])
    """
    if len(hits) and not are_hits(hits.labels):
        raise FormatError("events cannot be played on drums", "their labels name no drums", "name them KD, SD, CHH...")
    force = np.full(len(hits), 100.0) if hits.values is None else np.clip(np.rint(hits.values * 127), 1, 127)
    pitches = [KEYS[label] for label in hits.labels]
    return Notes(hits.times, hits.times + STROKE, pitches, force, (DRUMS[0],) * len(hits))


def drum_hits(notes: Notes) -> Events:
    """Read drum hits, in fine classes, from the notes labelled as drums: the inverse of ``drum_notes``."""
    own = notes.take(np.array([label.lower() in DRUMS for label in notes.labels], bool))
    return Events(own.starts, [of_key(int(pitch)) for pitch in own.pitches], own.velocities / 127)


def write(answer: Answer, path: PathLike) -> None:
    """Write beats, drum hits, or notes."""
    if isinstance(answer, Notes):
        write_midi(path, notes=answer)
    elif isinstance(answer, Events) and are_hits(answer.labels):
        write_midi(path, drums=answer)
    else:
        write_midi(path, beats=answer)  # type: ignore[arg-type]


def read(path: PathLike, kind: type[Answer]) -> Answer:
    """Read the beats, the drum hits where there are no beats, or the notes."""
    held = read_midi(path)
    if kind is not Events:
        return held.notes
    hits = drum_hits(held.notes)
    return hits if len(hits) and not len(held.beats) else held.beats
