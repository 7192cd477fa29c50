"""What nobody plays is no chord: where every pitched player rests for a bar, the truth says "N"."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solfeggio.band.song import Song
from solfeggio.band.writing.splice import relabel

NEAR = 0.15  # quarters within which a rest is taken to begin or end on a half beat


def without_chords(song: Song) -> Song:
    """Write "N" over drum breaks, drum solos and long stops; a song of drums alone has no chords and no key.

    A rest counts from the beat after its last note when it lasts nearly a bar.
    """
    notes = [part.notes[:, :2] for part in song.parts if not part.drums]
    if not notes or not song.chords:
        return replace(song, chords=((0.0, song.length_quarters, "N"),), keys=()) if not notes else song
    held = [np.array(part.pedal) for part in song.parts if part.pedal]
    every = np.concatenate([*notes, *held])
    every = every[np.argsort(every[:, 0], kind="stable")]
    until = np.concatenate([[0.0], np.maximum.accumulate(every[:, 1])])
    after = np.concatenate([every[:, 0], [song.length_quarters]])
    downs = song.beats_quarters[song.positions == 1]
    bar = float(np.median(np.diff(downs))) if len(downs) > 1 else 4.0
    chords = song.chords
    for start, end in zip(until, after, strict=True):
        if end - start < 0.9 * bar:
            continue
        start = _snap(float(np.ceil((start - NEAR) * 2) / 2), song) if start > 0 else 0.0
        end = _snap(float(end), song)
        if end > start + 0.5 * bar:
            chords = relabel(chords, start, end, "N")
    joined: list[tuple[float, float, str]] = []
    for a, b, label in chords:
        if joined and joined[-1][2] == label:
            joined[-1] = (joined[-1][0], b, label)
        else:
            joined.append((a, b, label))
    return replace(song, chords=tuple(joined))


def _snap(moment: float, song: Song) -> float:
    """The beat or half beat a moment means."""
    beats = np.concatenate([song.beats_quarters, song.beats_quarters + 0.5, [song.length_quarters]])
    near = float(beats[np.abs(beats - moment).argmin()])
    return near if abs(near - moment) < NEAR else moment
