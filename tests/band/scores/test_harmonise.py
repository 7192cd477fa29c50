from __future__ import annotations

import numpy as np
import pytest

from solfeggio.band.scores.harmonise import find_key, harmonise, label_chords, weigh_pitches
from solfeggio.band.song import Part
from solfeggio.harte import pitch_classes


def block(*chords: tuple[int, ...], length: float = 2.0) -> Part:
    rows = [[i * length, (i + 1) * length, p, 80] for i, chord in enumerate(chords) for p in chord]
    return Part("chords", 0, np.array(rows, float))


def test_weights_are_durations_by_segment():
    part = Part("a", 0, np.array([[0.5, 2.5, 64, 80.0]]))
    weights = weigh_pitches((part, Part("drums", 0, part.notes, drums=True)), np.array([0, 1, 2, 3.0]))
    assert weights[:, 4].tolist() == [0.5, 1, 0.5]
    assert weights.sum() == 2


def test_chords_in_parts_are_named_with_their_bass():
    part = block((48, 52, 55, 60), (52, 55, 60, 67), (43, 55, 59, 62, 65), (45, 57, 60, 64), (62, 65, 69, 72))
    spans = label_chords((part,), np.arange(0, 11, 1.0), "C:maj")
    assert [label for _, _, label in spans] == ["C:maj", "C:maj/3", "G:7", "A:min", "D:min7"]
    assert [start for start, _, _ in spans] == [0, 2, 4, 6, 8]


def test_one_line_is_no_chord_and_silence_is_none():
    part = Part("a", 0, np.array([[0.0, 4, 60, 80], [12, 16, 62, 80]]))
    spans = label_chords((part,), np.array([0.0, 4, 8, 12, 16]), "C:maj")
    assert [label for _, _, label in spans] == ["X", "N", "X"]


@pytest.mark.parametrize("shift", [0, 3, 7])
def test_keys_follow_transposition(shift: int):
    minor = np.roll([3, 0, 1, 2, 0, 1, 0, 2, 1, 0, 0, 1.0], shift)
    names = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
    assert find_key(minor, last=shift) == f"{names[shift]}:min"


def test_the_signature_leaves_few_keys_open():
    dorian = np.array([1, 0, 4, 0, 1, 2, 0, 1, 0, 3, 0, 1.0])  # around D, without signature
    assert find_key(dorian, fifths=0, last=2) == "D:min"
    assert find_key(dorian, fifths=0, mode="dorian", modal=True) == "D:dor"
    assert find_key(dorian, fifths=0, mode="major", modal=True) == "C:maj"


def test_a_tune_gets_chords_that_hold_its_notes_and_ends_at_home():
    tune = [67, 71, 74, 71, 72, 76, 74, 72, 74, 69, 66, 69, 67, 67, 67, 67]
    part = Part("melody", 0, np.array([[i, i + 1, p, 80.0] for i, p in enumerate(tune)]))
    labels = harmonise(part, np.arange(0, 17, 4.0), "G:maj")
    assert labels[0] == labels[-1] == "G:maj"
    assert pitch_classes(labels[2])[0] == 2  # D over d a f# a
