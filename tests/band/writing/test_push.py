from __future__ import annotations

import numpy as np

from solfeggio.band.song import Part, Song
from solfeggio.band.writing.push import push_chords, push_parts, push_song, pushed_bars


def four(pitch: int, program: int = 0, name: str = "chords", drums: bool = False) -> Part:
    at = np.arange(0, 16, 0.5)
    return Part(name, program, np.column_stack([at, at + 0.5, np.full(32, pitch), np.full(32, 90)]), drums)


def test_downbeats_come_an_eighth_early_and_leave_no_gap_filled():
    (part,) = push_parts([four(60)], [8.0])
    assert 7.5 in part.notes[:, 0] and 8.0 not in part.notes[:, 0] and len(part.notes) == 31


def test_hats_and_melodies_go_on():
    hat, tune = push_parts([four(42, name="drums", drums=True), four(72, name="melody")], [8.0])
    assert len(hat.notes) == len(tune.notes) == 32


def test_chords_change_where_the_band_does():
    at = np.arange(16.0)
    places = (at % 4 + 1).astype(int)
    chords = ((0.0, 4.0, "C:maj"), (4.0, 8.0, "F:maj"), (8.0, 12.0, "G:maj"), (12.0, 16.0, "C:maj"))
    song = Song("t", "t", 100, (four(36, name="drums", drums=True), four(60)), 16.0, at, places, chords=chords)
    pushed = push_song(np.random.default_rng(0), song, (("verse", 0, 4),), 1.0)
    moved = [a for a, _, _ in pushed.chords if a % 1]
    assert moved and all(a % 4 == 3.5 for a in moved)
    starts = pushed.parts[1].notes[:, 0]
    assert all(np.abs(starts - a).min() < 1e-9 and np.abs(starts - a - 0.5).min() > 0.1 for a in moved)
    assert push_chords(chords, []) == chords


def test_first_bars_of_sections_are_never_pushed():
    for seed in range(20):
        bars = pushed_bars(np.random.default_rng(seed), (("verse", 0, 4), ("chorus", 4, 8)), 1.0)
        assert bars and 0 not in bars and 4 not in bars and max(bars) < 12
