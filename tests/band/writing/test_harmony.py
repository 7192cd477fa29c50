from __future__ import annotations

import numpy as np
import pytest

from solfeggio.band.writing.harmony import LOOPS, progression, spell, voicing, walk
from solfeggio.errors import ConfigError
from solfeggio.harte import bass, pitch_classes, read, root, scale


def test_labels_say_root_tones_and_bass():
    assert (root("Bb:min7"), pitch_classes("Bb:min7"), bass("Bb:min7")) == (10, (10, 1, 5, 8), 10)
    assert bass("G:maj/3") == 11
    assert bass("A:min/b3") == 0
    assert (root("N"), pitch_classes("N"), bass("N"), voicing("N")) == (-1, (), -1, ())


@pytest.mark.parametrize("label", ["H:maj", "C:weird", "C:maj/9x"])
def test_unknown_chords_are_refused(label):
    with pytest.raises(ConfigError):
        read(label)


@pytest.mark.parametrize(
    ("numeral", "tonic", "label"),
    [
        ("I", 0, "C:maj"), ("vi", 0, "A:min"), ("V7", 9, "E:7"), ("bVII", 2, "C:maj"), ("V7/vi", 0, "E:7"),
        ("iiø", 0, "D:hdim7"),
        ("viio7/V", 0, "F#:dim7"), ("i5", 4, "E:5"), ("IV:3", 7, "C:maj/3"), ("i:3", 9, "A:min/b3"), 
        ("ii7", 0, "D:min7"),
        ("IVmaj7", 5, "Bb:maj7"), ("#ivo7", 0, "F#:dim7"),
    ],
)  # fmt: skip
def test_numerals_spell_chords(numeral, tonic, label):
    assert spell(numeral, tonic) == label


def test_every_stock_loop_spells_in_every_key():
    for loops in LOOPS.values():
        for loop in loops:
            for numeral in (one for bar in loop for one in bar.split(",")):
                assert len({root(spell(numeral, tonic)) for tonic in range(12)}) == 12


def test_diatonic_walks_mostly_fit_their_key():
    rng = np.random.default_rng(0)
    for mode in ("maj", "min"):
        inside = [
            set(pitch_classes(spell(numeral, 0))) <= set(scale(f"C:{mode}"))
            for _ in range(50)
            for numeral in walk(rng, mode, 8)
        ]
        assert np.mean(inside) > 0.75


def test_voicings_hold_the_chord_and_move_little():
    rng = np.random.default_rng(1)
    leaps, previous = [], voicing("C:maj", 60, 3)
    for _ in range(300):
        label = spell(progression(rng, "maj")[0], int(rng.integers(12)))
        chord = voicing(label, 60, 3, previous)
        assert {pitch % 12 for pitch in chord} <= set(pitch_classes(label))
        assert all(44 <= pitch <= 78 for pitch in chord) and list(chord) == sorted(chord)
        leaps.append(np.abs(np.subtract(chord, previous)).mean())
        previous = chord
    assert np.mean(leaps) < 4


def test_sides_draw_disjoint_loops():
    drawn = {
        side: {progression(np.random.default_rng(s), "rock", 4, side) for s in range(200)} for side in ("train", "test")
    }
    assert drawn["train"] and drawn["test"] and not drawn["train"] & drawn["test"]
