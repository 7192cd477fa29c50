from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from solfeggio.band.engraving import layout, quantise, write_midi_score, write_musicxml
from solfeggio.band.song import Part, Song
from solfeggio.formats import read_midi


@pytest.fixture
def song() -> Song:
    """Two bars of 3/4 after a pick-up of one beat: a tune with words, a chord, a drum."""
    tune = np.array([[0, 1, 67, 80], [1, 2.5, 72, 90], [2.66, 4, 74, 90], [4, 7, 72, 90]], float)
    chords = np.array([[1, 4, 60, 70], [1, 4, 64, 70], [4, 7, 55, 70]], float)
    beats = np.arange(7.0)
    parts = (
        Part("melody", 73, tune, words=("a-", "way", "", "home")),
        Part("chords", 0, chords),
        Part("drums", 0, np.array([[1, 1.2, 36, 90], [2, 2.2, 38, 90]], float), drums=True),
    )
    return Song(
        "s", "waltz", 120, parts, 7.0, beats, (beats + 2).astype(int) % 3 + 1,
        chords=((0.0, 1.0, "N"), (1.0, 4.0, "C:maj"), (4.0, 7.0, "G:7(b9)")),
        sections=((0.0, 7.0, "A"),), keys=((0.0, 7.0, "C:maj"),), metres=((0.0, 7.0, "3/4"),),
    )  # fmt: skip


def test_a_pick_up_is_filled_up_to_a_bar(song: Song):
    assert layout(song) == (2.0, ((0.0, 9.0, "3/4"),))


def test_notes_fall_on_fourths_or_thirds_and_never_overlap():
    rng = np.random.default_rng(0)
    starts = np.sort(np.concatenate([rng.integers(0, 64, 40) / 4, rng.integers(64, 96, 20) / 3]))
    groups = quantise(np.column_stack([starts, starts + rng.uniform(0.05, 3, 60), rng.integers(40, 80, 60), starts]))
    for (start, end, pitches), (after, _, _) in itertools.pairwise(groups):
        assert start < end <= after and 12 % start.denominator == 0 and pitches == tuple(sorted(set(pitches)))
    assert quantise(np.array([[0.0, 1.0, 60, 9], [0.67, 1.0, 62, 9]]))[1][0] == Fraction(2, 3)


def test_midi_holds_what_is_written(song: Song, tmp_path: Path):
    write_midi_score(song, tmp_path / "a.mid")
    read = read_midi(tmp_path / "a.mid")
    tune = read.notes.take(np.array([label == "melody" for label in read.notes.labels]))
    assert np.allclose(tune.starts, (song.parts[0].notes[:, 0] + 2) * 0.5, atol=0.011)
    assert tune.pitches.tolist() == [67, 72, 74, 72]
    assert read.beats.labels[:4] == ("1", "2", "3", "1")


def test_a_notation_program_reads_it(song: Song, tmp_path: Path):
    music21 = pytest.importorskip("music21")
    write_musicxml(song, tmp_path / "a.musicxml")
    score = music21.converter.parse(tmp_path / "a.musicxml")
    tune, chords, drums = score.parts
    assert [len(part.getElementsByClass("Measure")) for part in (tune, chords)] == [3, 3]
    assert tune.recurse().getElementsByClass("TimeSignature")[0].ratioString == "3/4"
    found = [(float(n.getOffsetInHierarchy(tune)), n.pitch.midi) for n in tune.recurse().notes if hasattr(n, "pitch")]
    assert found[:2] == [(2.0, 67), (3.0, 72)]
    assert [n.lyric for n in tune.recurse().notes if n.lyric] == ["a", "way", "home"]
    symbols = [s.figure for s in tune.recurse().getElementsByClass("ChordSymbol")]
    assert symbols and symbols[-1] == "C"
    assert any(n.isChord and len(n.pitches) == 2 for n in chords.recurse().notes)
    assert len(list(drums.recurse().notes)) == 2
    assert list(tmp_path.iterdir()) == [tmp_path / "a.musicxml"]
