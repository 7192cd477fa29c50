"""Chord symbols say the same as the labels they come from, in every key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solfeggio.errors import ConfigError
from solfeggio.harte import (
    NAMES,
    QUALITIES,
    SCALES,
    VOCABULARIES,
    encode,
    fifths,
    parse_pitch,
    pitch_classes,
    read,
    scale,
    simplify,
    spell,
    symbol,
    vocabulary,
)

KEYS = [f"{name}:{mode}" for name in NAMES for mode in SCALES]


@given(st.integers(0, 11), st.sampled_from([*KEYS, "", "C:nonsense"]))
def test_a_spelled_note_is_that_note(pitch: int, key: str) -> None:
    assert parse_pitch(spell(pitch, key)) == pitch


@pytest.mark.parametrize("key", KEYS)
def test_a_scale_is_spelled_with_seven_letters(key: str) -> None:
    assert len({spell(pitch, key)[0] for pitch in scale(key)}) == 7 or abs(fifths(key)) > 5


@pytest.mark.parametrize("quality", QUALITIES)
def test_no_two_qualities_share_a_symbol(quality: str) -> None:
    same = [other for other in QUALITIES if symbol(f"C:{other}") == symbol(f"C:{quality}")]
    assert same == [quality]


def test_transposed_symbols() -> None:
    assert [symbol("Bb:min7/b3", key, n) for key, n in (("Bb:min", 0), ("B:min", 1), ("C:min", 2))] == [
        "Bbm7/Db",
        "Bm7/D",
        "Cm7/Eb",
    ]
    assert symbol("C:maj", semitones=-13) == "B" and symbol("X", semitones=3) == "?"
    with pytest.raises(ConfigError):
        symbol("H:maj")


@pytest.mark.parametrize("name", VOCABULARIES)
def test_a_vocabulary_holds_each_chord_once_and_keeps_its_own(name: str) -> None:
    labels = vocabulary(name)
    assert len(set(labels)) == len(labels) == 12 * len(VOCABULARIES[name]) + 1 and "X" not in labels
    assert [encode(label, name) for label in labels] == list(range(len(labels)))
    assert all(simplify(label, name) == label for label in labels)


@pytest.mark.parametrize("name", VOCABULARIES)
@pytest.mark.parametrize("quality", QUALITIES)
def test_simpler_chords_keep_root_and_what_they_can(name: str, quality: str) -> None:
    for label in (f"C#:{quality}", f"Db:{quality}/5"):
        simple = simplify(label, name)
        assert read(simple)[0] == 1 and simplify(simple, name) == simple
        thirds = {3, 4} & set(read(label)[1])
        if len(thirds) == 1:
            assert thirds <= set(read(simple)[1])


def test_simplifying_by_steps_is_simplifying_at_once() -> None:
    for quality in QUALITIES:
        for name in ("sevenths", "majmin"):
            assert simplify(simplify(f"E:{quality}/5", "large"), name) == simplify(f"E:{quality}/5", name)
    assert [simplify("X", "majmin"), simplify("N", "majmin"), simplify("G", "majmin")] == ["X", "N", "G:maj"]
    assert encode("X", "large") == -1
    assert set(pitch_classes("G:7")) == {7, 11, 2, 5}
    with pytest.raises(ConfigError, match="sevenths"):
        vocabulary("seventh")
    with pytest.raises(ConfigError, match="majmin"):
        simplify("C:maj", "major")
