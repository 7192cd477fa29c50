from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from solfeggio.band.song import Part, Song
from solfeggio.band.writing.splice import match_players, odd_bar, relabel, replace_section, splice


def song_of(bars: int = 8, beats: int = 4, name: str = "t") -> Song:
    """A kick on each downbeat and a syllable on each beat, chords and sections of two bars."""
    length = float(bars * beats)
    at = np.arange(length)
    sung = np.column_stack([at, at + 1.0, np.full(len(at), 60), np.full(len(at), 80)])
    kick = sung[::beats] * (1, 1, 0, 1) + (0, 0, 36, 0)
    halves = [(float(a), float(a + 2 * beats)) for a in range(0, int(length), 2 * beats)]
    parts = (Part("drums", 0, kick, True), Part("melody", 53, sung, words=tuple(f"la{i}" for i in range(len(at)))))
    return Song(
        name, "t", 120, parts, length, at, (np.arange(len(at)) % beats + 1),
        chords=tuple((a, b, "CFGA"[i % 4] + ":maj") for i, (a, b) in enumerate(halves)),
        sections=tuple((a, b, ("verse", "chorus")[i % 2]) for i, (a, b) in enumerate(halves)),
        forms=tuple((a, b, "AB"[i % 2]) for i, (a, b) in enumerate(halves)),
        keys=((0.0, length, "C:maj"),), metres=((0.0, length, f"{beats}/4"),),
    )  # fmt: skip


def whole(song: Song) -> None:
    for name in ("chords", "sections", "forms", "keys", "metres"):
        spans = getattr(song, name)
        assert spans[0][0] == 0 and spans[-1][1] == pytest.approx(song.length_quarters)
        assert all(a[1] == pytest.approx(b[0]) for a, b in pairwise(spans))
    drums = song.parts[0].notes[:, 0]
    np.testing.assert_allclose(drums, song.beats_quarters[song.positions == 1])


def test_cutting_moves_notes_words_beats_and_spans_together():
    song = song_of()
    cut = splice([(song, 0, 8), (song, 12, 32)])
    whole(cut)
    assert cut.length_quarters == 28 and len(cut.beats_quarters) == 28
    assert cut.parts[1].words[7:9] == ("la7", "la12")
    assert cut.chords == ((0, 8, "C:maj"), (8, 12, "F:maj"), (12, 20, "G:maj"), (20, 28, "A:maj"))
    assert cut.keys == ((0, 28, "C:maj"),)


def test_what_a_cut_divides_is_whole_again():
    song = song_of()
    same = splice([(song, 0, 10), (song, 10, 32)])
    assert same.sections == song.sections and same.chords == song.chords
    np.testing.assert_array_equal(same.parts[1].notes, song.parts[1].notes)


def test_a_section_in_another_metre_is_played_by_the_same_players():
    song, waltz = song_of(), song_of(4, 3, "w")
    new = replace_section(song, 1, waltz)
    assert new.length_quarters == 8 + 12 + 16
    assert new.metres == ((0, 8, "4/4"), (8, 20, "3/4"), (20, 36, "4/4"))
    np.testing.assert_array_equal(new.positions[8:14], [1, 2, 3, 1, 2, 3])
    whole(new)


def test_players_keep_their_instruments():
    song = song_of()
    other = Song("o", "t", 120, (Part("riff", 81, song.parts[1].notes), Part("melody", 73, song.parts[1].notes)), 32,
                 song.beats_quarters, song.positions)  # fmt: skip
    parts = {part.name: part.program for part in match_players(song, other).parts}
    assert parts == {"melody": 53}, "the riff has no player here"


@pytest.mark.parametrize("beats", [2, 3, 4, 5])
def test_odd_bars_count_from_one_to_their_own_end(beats):
    lengths = set()
    for seed in range(40):
        song = odd_bar(np.random.default_rng(seed), song_of(8, beats))
        downs = np.flatnonzero(song.positions == 1)
        for first, after in pairwise([*downs, len(song.positions)]):
            np.testing.assert_array_equal(song.positions[first:after], np.arange(1, after - first + 1))
            span = next(label for a, b, label in song.metres if a <= song.beats_quarters[first] < b)
            assert span == f"{after - first}/4"
        assert song.metres[-1][1] == song.length_quarters == len(song.positions)
        lengths.add(song.length_quarters)
    assert lengths and 8 * beats not in lengths


def test_relabel_writes_over_what_was_there():
    spans = ((0.0, 4.0, "a"), (4.0, 8.0, "b"))
    assert relabel(spans, 2.0, 6.0, "x") == ((0.0, 2.0, "a"), (2.0, 6.0, "x"), (6.0, 8.0, "b"))
    assert relabel(spans, 0.0, 8.0, "x") == ((0.0, 8.0, "x"),)
