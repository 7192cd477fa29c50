"""ABC tunes: pitches in their key, lengths, chords, bars and beats."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.data.abc import chord_label, read_tune
from solfeggio.errors import DataError


def _tune(body: str, key: str = "D", metre: str = "4/4", unit: str = "1/4") -> str:
    return f"X:7\nT:A tune\nM:{metre}\nL:{unit}\nK:{key}\n{body}"


def test_signature_accidentals_and_octaves() -> None:
    song = read_tune(_tune("F f F, f' | =F F ^G | F"), "x")
    assert song.parts[0].notes[:, 2].tolist() == [66, 78, 54, 90, 65, 65, 68, 66]
    assert song.name == "x-7" and song.keys == ((0.0, 8.0, "D:maj"),)


def test_lengths_broken_rhythm_triplets_rests_and_ties() -> None:
    song = read_tune(_tune("A2 B/2 c/ z|A>B c<d|(3ABc d2|A-A2 B|"))
    spans = song.parts[0].notes[:, :2]
    assert np.allclose(spans[:3], [[0, 2], [2, 2.5], [2.5, 3]])
    assert np.allclose(spans[3:7], [[4, 5.5], [5.5, 6], [6, 6.5], [6.5, 8]])
    assert np.allclose(spans[7:11, 1] - spans[7:11, 0], [2 / 3, 2 / 3, 2 / 3, 2])
    assert np.allclose(spans[11], [12, 15]) and len(spans) == 13


def test_beats_know_pick_ups_and_compound_time() -> None:
    plain = read_tune(_tune("A|B c d e|f g a b|"))
    assert plain.beats_quarters.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert plain.positions.tolist() == [4, 1, 2, 3, 4, 1, 2, 3, 4]
    jig = read_tune(_tune("A|ABc def|A3 B2|", metre="6/8", unit="1/8"))
    assert jig.beats_quarters.tolist() == [0.5, 2.0, 3.5, 5.0] and jig.positions.tolist() == [1, 2, 1, 2]


def test_chords_and_fields_within_the_tune() -> None:
    song = read_tune(_tune('"D"A2 "A7/e"B2|"D"A4|\nK:G\n"G"F4|'))
    assert song.chords == ((0.0, 2.0, "D:maj"), (2.0, 4.0, "A:7"), (4.0, 8.0, "D:maj"), (8.0, 12.0, "G:maj"))
    assert [label for _, _, label in song.keys] == ["D:maj", "G:maj"]
    assert song.parts[0].notes[-1, 2] == 66


@pytest.mark.parametrize(
    ("symbol", "label"), [("Bb", "Bb:maj"), ("G#m7", "Ab:min7"), ("Ad", "A:dim"), (" ", ""), ("solo", "")]
)
def test_chord_symbols(symbol: str, label: str) -> None:
    assert chord_label(symbol) == label


@pytest.mark.parametrize("text", ["T:no key\nABC", _tune("|||"), _tune("ABC", key="H"), "K:"])
def test_what_is_no_tune_is_refused(text: str) -> None:
    with pytest.raises(DataError):
        read_tune(text)


def test_notes_are_music21s() -> None:
    music21 = pytest.importorskip("music21")
    body = "D|G>A B<c|(3def g2|^f/2=f/2e d2-|d4|]"
    ours = read_tune(_tune(body, "Gm")).parts[0].notes
    theirs = music21.converter.parseData(_tune(body, "Gm"), format="abc").flatten().stripTies().notes
    assert ours[:, 2].tolist() == [note.pitch.midi for note in theirs]
    assert np.allclose(ours[:, 1] - ours[:, 0], [float(note.quarterLength) for note in theirs])
