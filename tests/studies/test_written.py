"""What written songs are counted as: known songs give known numbers."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.band.song import Part, Song
from solfeggio.studies.realism import median
from solfeggio.studies.written import WRITTEN, function_of, quality_of, syncopation, written_profile


def _song(starts: list[float], pitches: list[int] | None = None, **facts: object) -> Song:
    pitches = pitches or [60 + 2 * (i % 5) for i in range(len(starts))]
    notes = np.array([[a, a + 0.5, p, 90] for a, p in zip(starts, pitches, strict=True)], float)
    plain: dict = {
        "name": "x", "style": "", "bpm": 120.0, "parts": (Part("melody", 0, notes),), "length_quarters": 32.0,
        "beats_quarters": np.arange(32.0), "positions": np.arange(32) % 4 + 1,
    }  # fmt: skip
    return Song(**(plain | facts))


def test_a_plain_tune() -> None:
    found = written_profile(_song([float(i) for i in range(16)]))
    assert found["tempo"] == {120.0: 1.0} and found["metre"] == {"4": 1.0} and found["duration"] == {20.0: 1.0}
    assert found["syncopation"] == {0.0: 1.0} and found["onset in beat"] == {"on": 1.0}
    assert found["density"] == {1.0: 1.0} and found["melody presence"] == {0.5: 1.0}
    assert found["interval"] == pytest.approx({-8.0: 0.2, 2.0: 0.8}) and found["move"] == found["interval"]
    assert found["range"] == {8.0: 1.0} and found["note length"] == {0.5: 1.0}
    assert not {"sections", "chord quality", "mode"} & set(found) and set(found) <= set(WRITTEN)


def test_off_beats_are_syncopated_and_pick_ups_are_not() -> None:
    off = written_profile(_song([i + 0.5 for i in range(16)]))
    assert off["off-beat share"] == {1.0: 1.0} and median([off], "syncopation") == pytest.approx(1.2)
    both = sorted([float(i) for i in range(16)] + [i + 0.5 for i in range(16)])
    assert written_profile(_song(both))["syncopation"] == {0.0: 1.0}
    assert syncopation(np.array([42, 60]), np.array([1, 2, 3, 4, 1, 2])) == 2  # from the last off-beat over the bar


def test_harmony_in_beats() -> None:
    spans = ((0.0, 4.0, "C:maj"), (4.0, 6.0, "C:maj"), (6.0, 8.0, "G:7/3"), (8.0, 16.0, "A:min9"), (16.0, 32.0, "N"))
    song = _song([float(i) for i in range(16)], chords=spans, keys=((0.0, 32.0, "C:maj"),))
    found = written_profile(song)
    assert found["chord length"] == pytest.approx({2.0: 1 / 3, 6.0: 1 / 3, 8.0: 1 / 3}, abs=1e-5)
    assert found["chord quality"] == {"7": 0.0625, "maj": 0.1875, "min7": 0.25, "none": 0.5}
    assert found["root motion"] == {"02": 0.5, "07": 0.5} and found["mode"] == {"major": 1.0}
    assert found["chord degree"] == pytest.approx({"00": 0.375, "07": 0.125, "09": 0.5})
    assert found["chord inversion"] == pytest.approx({"inverted": 0.125, "root": 0.875})
    silent = written_profile(_song([0.0], chords=((0.0, 32.0, "N"),)))
    assert "chord quality" not in silent and "interval" not in silent


def test_form_in_seconds_and_bars() -> None:
    spans = ((0.0, 8.0, "Intro"), (8.0, 32.0, "Verse 1"))
    found = written_profile(_song([0.0], sections=spans))
    assert found["sections"] == {2.0: 1.0} and found["section functions"] == {"intro": 0.25, "verse": 0.75}
    assert found["section length"] == {4.0: 0.5, 12.0: 0.5} and found["section bars"] == {2.0: 0.5, 6.0: 0.5}


def test_compound_beats_are_the_felt_ones() -> None:
    jig = _song([0.0], beats_quarters=np.arange(20) * 1.5, positions=np.arange(20) % 2 + 1, bpm=150.0)
    assert written_profile(jig)["tempo"] == {100.0: 1.0} and written_profile(jig)["metre"] == {"2": 1.0}


@pytest.mark.parametrize(
    ("label", "family"),
    [("C:maj6(9)", "6"), ("D:13", "7"), ("E:sus4(b7)", "sus"), ("F:hdim7/b3", "hdim"), ("X", "none"), ("Bb:5", "5")],
)
def test_qualities_fall_into_families(label: str, family: str) -> None:
    assert quality_of(label) == family


@pytest.mark.parametrize(
    ("label", "function"), [("Main_Theme", "theme"), ("fadein", "other"), ("altchorus", "other"), ("Coda", "outro")]
)
def test_functions_are_named_by_how_labels_begin(label: str, function: str) -> None:
    assert function_of(label) == function
