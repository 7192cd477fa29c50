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
    chord_scale,
    encode,
    fifths,
    over,
    parse_pitch,
    parse_symbol,
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


@pytest.mark.parametrize("quality", QUALITIES)
def test_a_symbol_reads_back_as_its_label(quality: str) -> None:
    for name in NAMES:
        label = f"{name}:{quality}"
        for key in ("", "Eb:maj", "F#:min", "A:dor"):
            assert parse_symbol(symbol(label, key)) == label
        for low in range(12):
            assert read(parse_symbol(symbol(over(label, low)))) == read(over(label, low))
    assert [parse_symbol(symbol(label)) for label in ("N", "X")] == ["N", "X"]


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("C", "C:maj"), ("CM", "C:maj"), ("C#m", "Db:min"), ("A-", "A:min"), ("Bbmin7", "Bb:min7"), ("D-7", "D:min7"),
        ("CMaj7", "C:maj7"), ("Cma7", "C:maj7"), ("CΔ", "C:maj7"), ("CΔ7", "C:maj7"), ("E^7", "E:maj7"),
        ("F#ø", "F#:hdim7"), ("F♯ø7", "F#:hdim7"), ("Bm7(b5)", "B:hdim7"), ("B-7b5", "B:hdim7"), ("C°", "C:dim"),
        ("CM7", "C:maj7"), ("C6/9", "C:maj6(9)"), ("C69", "C:maj6(9)"),
        ("Co7", "C:dim7"), ("C+", "C:aug"), ("C7#5", "C:aug(b7)"), ("C+7", "C:aug(b7)"), ("Gsus", "G:sus4"),
        ("G7sus", "G:sus4(b7)"), ("Am(maj7)", "A:minmaj7"), ("AmM7", "A:minmaj7"), ("A-Δ", "A:minmaj7"),
        ("Cadd9", "C:maj(9)"), ("Cmadd9", "C:min(9)"), ("G7alt", "G:7(#9)"),
        ("G7(b9)", "G:7(b9)"), ("Dm7/G", "D:min7/4"), ("C/E", "C:maj/3"), ("C6/9/E", "C:maj6(9)/3"), ("NC", "N"),
        ("D:min7/b3", "D:min7/b3"), ("CM9", "C:maj9"), ("B♭m9", "Bb:min9"), ("E13", "E:13"), ("Em11", "E:min11"),
    ],
)  # fmt: skip
def test_symbols_as_people_write_them(written: str, label: str) -> None:
    assert parse_symbol(written) == label


@pytest.mark.parametrize("written", ["", "H7", "c", "Cfoo", "C/", "/E", "C/x", "7", "Cmm", "C:foo", "C7/9/"])
def test_what_is_no_symbol_is_refused(written: str) -> None:
    with pytest.raises(ConfigError):
        parse_symbol(written)


@given(st.sampled_from(KEYS), st.integers(0, 11), st.sampled_from(list(QUALITIES)))
def test_a_chord_scale_holds_the_chord_and_alters_only_its_letters(key: str, low: int, quality: str) -> None:
    label = f"{NAMES[low]}:{quality}"
    tones = set(pitch_classes(label))
    fits = set(chord_scale(label, key))
    assert tones <= fits and fits <= tones | set(scale(key))
    if tones <= set(scale(key)):
        assert fits == set(scale(key))
    assert chord_scale("N", key) == tuple(sorted(scale(key)))
