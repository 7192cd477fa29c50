"""Chord symbols say the same as the labels they come from, in every key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solfeggio.errors import ConfigError
from solfeggio.harte import NAMES, QUALITIES, SCALES, fifths, parse_pitch, scale, spell, symbol

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
