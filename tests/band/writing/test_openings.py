from __future__ import annotations

from itertools import pairwise

import numpy as np

from solfeggio.band.song import Part, Song
from solfeggio.band.writing.openings import begin, breaks
from solfeggio.band.writing.unheard import without_chords


def band() -> Song:
    at = np.arange(64.0)
    notes = np.column_stack([at, at + 0.9, np.full(64, 60), np.full(64, 90)])
    parts = (Part("drums", 0, notes, True), Part("chords", 0, notes), Part("melody", 73, notes))
    return Song(
        "t", "t", 100, parts, 64.0, at, (at % 4 + 1).astype(int),
        chords=((0.0, 64.0, "C:maj"),), sections=((0.0, 32.0, "verse"), (32.0, 64.0, "chorus")),
        forms=((0.0, 32.0, "A"), (32.0, 64.0, "B")), keys=((0.0, 64.0, "C:maj"),), metres=((0.0, 64.0, "4/4"),),
    )  # fmt: skip


def test_songs_begin_in_several_ways_and_their_truth_covers_them():
    firsts, silent = [], 0
    for seed in range(120):
        song = begin(np.random.default_rng(seed), band())
        firsts.append(int(song.positions[0]))
        assert song.beats_quarters[0] == 0 and np.all(np.diff(song.positions) % 4 == 1)
        for spans in (song.chords, song.sections, song.forms, song.keys, song.metres):
            assert spans[0][0] == 0 and spans[-1][1] == song.length_quarters
            assert all(a[1] == b[0] for a, b in pairwise(spans))
        assert [name for _, _, name in song.sections] == ["verse", "chorus"]
        silent += song.chords[0][2] == "N"
    assert {1, 2, 3, 4} == set(firsts) and 0.6 < firsts.count(1) / 120 < 0.95 and silent > 8


def test_breaks_leave_drums_or_a_stop_before_a_section():
    changed = [s for seed in range(100) if len((s := breaks(np.random.default_rng(seed), band())).parts[1].notes) < 64]
    assert 8 < len(changed) < 35
    for song in changed:
        gaps = np.diff(song.parts[1].notes[:, 0])
        assert gaps.max() > 2.5 and 32.0 in song.parts[1].notes[:, 0]


def test_where_only_drums_play_there_is_no_chord():
    song = band()
    kept = song.parts[1].notes[(song.parts[1].notes[:, 0] < 24) | (song.parts[1].notes[:, 0] >= 32)]
    bare = without_chords(Song(**{**vars(song), "parts": (song.parts[0], Part("chords", 0, kept))}))
    assert bare.chords == ((0.0, 24.0, "C:maj"), (24.0, 32.0, "N"), (32.0, 64.0, "C:maj"))
    alone = without_chords(Song(**{**vars(song), "parts": song.parts[:1]}))
    assert alone.chords == ((0.0, 64.0, "N"),) and alone.keys == ()
    assert without_chords(song).chords == song.chords
