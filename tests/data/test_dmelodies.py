"""dMelodies: the rules, and what holds for every one of its melodies."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.data import dmelodies
from solfeggio.errors import DataError


def test_every_melody_exists_once_and_gives_its_factors_back():
    seen, pitches = [], set()
    for start in range(0, dmelodies.COUNT, 1 << 17):
        indices = np.arange(start, min(start + (1 << 17), dmelodies.COUNT))
        melodies = dmelodies.tokens(indices)
        found = dmelodies.factors_of(melodies)
        assert np.array_equal(found, dmelodies.factors(indices))
        assert np.array_equal(dmelodies.index_of(found), indices)
        packed = np.ascontiguousarray(melodies.astype(np.uint8)).view(np.uint64).reshape(-1, 2)
        seen.append(packed)
        pitches |= set(np.unique(melodies).tolist())
    every = np.concatenate(seen)
    every = every[np.lexsort((every[:, 1], every[:, 0]))]
    assert len(every) == dmelodies.COUNT == 1_354_752
    assert (every[1:] != every[:-1]).any(axis=1).all()  # no two melodies share their notes
    assert pitches == set(range(dmelodies.VOCABULARY))


def test_a_melody_written_by_hand():
    # D, octave 5, minor; rhythms 00 (first six eighths) and 27 (last six); up, down, down, up
    index = dmelodies.index_of(np.array([2, 1, 1, 0, 27, 0, 1, 1, 0]))
    expected = [74, 77, 81, 86, 82, 79, -1, -1, -1, -1, 88, 85, 81, 74, 77, 81]
    assert dmelodies.pitch_of(dmelodies.tokens(index)).tolist() == expected


def test_order_is_the_nested_product_with_the_last_factor_fastest():
    assert dmelodies.factors(1).tolist() == [0] * 8 + [1]
    assert dmelodies.factors(16).tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0]
    assert dmelodies.factors(dmelodies.COUNT // 12).tolist() == [1] + [0] * 8
    assert dmelodies.RHYTHMS[1].astype(int).tolist() == [1, 1, 1, 1, 1, 0, 1, 0]


def test_shapes_follow_the_indices():
    assert dmelodies.tokens(5).shape == (16,)
    assert dmelodies.tokens(np.zeros((2, 3), int)).shape == (2, 3, 16)
    assert dmelodies.factors_of(dmelodies.tokens(np.zeros((2, 3), int))).shape == (2, 3, 9)


def test_split_covers_everything_once_and_follows_the_seed():
    sides = dmelodies.split(3)
    assert np.array_equal(np.sort(np.concatenate(sides)), np.arange(dmelodies.COUNT))
    assert [round(len(side) / dmelodies.COUNT, 4) for side in sides] == [0.7, 0.2, 0.1]
    assert np.array_equal(sides[0], dmelodies.split(3)[0])
    assert not np.array_equal(sides[0], dmelodies.split(4)[0])


@pytest.mark.parametrize("index", [-1, dmelodies.COUNT, 0.5])
def test_indices_that_do_not_exist(index):
    with pytest.raises(DataError, match="dMelodies"):
        dmelodies.tokens(np.array([index]))


def test_factors_that_do_not_exist():
    with pytest.raises(DataError, match="28"):
        dmelodies.index_of(np.array([0, 0, 0, 28, 0, 0, 0, 0, 0]))
    with pytest.raises(DataError, match="shape"):
        dmelodies.index_of(np.zeros(8, int))


def test_notes_that_are_not_of_dmelodies():
    melody = dmelodies.tokens(1000)
    for position, token in ((0, 0), (0, melody[0] + 1), (15, 60)):
        wrong = melody.copy()
        wrong[position] = token
        with pytest.raises(DataError, match="not in dMelodies"):
            dmelodies.factors_of(wrong)
    with pytest.raises(DataError, match="not in dMelodies"):
        dmelodies.factors_of(np.where(melody > 0, melody + 47, 0))  # too high
    with pytest.raises(DataError, match="shape"):
        dmelodies.factors_of(np.zeros(15, int))
