from __future__ import annotations

import numpy as np
import pytest

from solfeggio.band.writing.colour import RICHER, cadence, colour, modulation
from solfeggio.band.writing.harmony import local_scale, spell, voicing
from solfeggio.band.writing.loops import LOOPS, STANDARDS
from solfeggio.harte import QUALITIES, over, pitch_classes, read


def numerals():
    loops = [*(loop for loops in LOOPS.values() for loop in loops), *(tune for pair in STANDARDS for tune in pair)]
    yield from {numeral for loop in loops for bar in loop for numeral in bar.split(",")}
    yield from {numeral for table in RICHER.values() for numeral in table}


def test_every_chord_the_band_can_write_is_legal_harte_with_these_tones():
    chord = pytest.importorskip("mir_eval.chord")
    for numeral in sorted(numerals()):
        for tonic in (0, 5, 11):
            label = spell(numeral, tonic)
            root, bits, low = chord.encode(label, reduce_extended_chords=True)
            tones = {(int(root) + i) % 12 for i in np.flatnonzero(bits)}
            assert set(pitch_classes(label)) <= tones and (root + low) % 12 == read(label)[2]
    for quality in QUALITIES:
        _, bits, _ = chord.encode(f"C:{quality}", reduce_extended_chords=True)
        assert set(np.flatnonzero(bits)) == set(QUALITIES[quality]), quality


def test_small_voicings_keep_what_makes_the_chord():
    for quality, intervals in QUALITIES.items():
        for voices in (3, 4, 5):
            tones = {p % 12 for p in voicing(f"C:{quality}", 60, voices)}
            assert tones <= set(intervals)
            assert tones & {3, 4, 5, 2, 7}, quality
            if {10, 11} & set(intervals):
                assert tones & {10, 11}, quality


def test_any_bass_can_stand_under_any_chord():
    for low in range(12):
        label = over("F:maj7", low)
        assert read(label)[2] == low and read(label)[0] == 5
    assert over("N", 3) == "N"


def test_scales_bend_to_the_chord():
    assert set(pitch_classes("D:7")) <= set(local_scale("C:maj", "D:7")) and 5 not in local_scale("C:maj", "D:7")
    assert local_scale("C:maj", "C:maj") == (0, 2, 4, 5, 7, 9, 11)


def test_richer_chords_replace_a_chord_everywhere_alike():
    for seed in range(50):
        out = colour(np.random.default_rng(seed), ["ii7", "V7", "Imaj7", "V7"], "jazz")
        assert len(out) == 4 and out[1] == out[3]
    assert any(colour(np.random.default_rng(s), ["V7"], "jazz") != ["V7"] for s in range(50))


def test_last_sections_come_home():
    bars = [("IV",), ("V",), ("vi",), ("V",)]
    ends = [cadence(np.random.default_rng(s), bars, "maj", "maj", True) for s in range(60)]
    assert all(len(end) == 4 for end in ends)
    assert np.mean([end[-1] == ("I",) for end in ends]) > 0.6
    assert {"V7", "IV", "iv"} <= {end[-2][0] for end in ends}


def test_one_song_in_eight_changes_key():
    plan = [
        ("verse", "verse", 0, 8),
        ("chorus", "chorus", 8, 8),
        ("bridge", "bridge", 16, 8),
        ("chorus", "chorus", 24, 8),
    ]
    moves = [modulation(np.random.default_rng(s), plan, "maj", "maj") for s in range(800)]
    assert 0.08 < np.mean([bool(m) for m in moves]) < 0.2
    lifts = [m[""] for m in moves if "" in m]
    assert lifts and all(0 < shift <= 3 and since == 3 for shift, _, since in lifts)
