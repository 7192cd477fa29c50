"""Repetition: letters of music whose form is known."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.answers import Segments
from solfeggio.decode.repetition import alike, letter, letters, self_similarity, stripe
from solfeggio.errors import ConfigError
from solfeggio.grid import Grid

GRID = Grid(5)
RNG = np.random.default_rng(0)


def song(form: str, shift: float = 0.0, noise: float = 0.1) -> tuple[np.ndarray, Segments]:
    """Chroma of sections of 10 s, each letter with five chords of its own, and the sections (moved by ``shift``)."""
    rng = np.random.default_rng(1)
    chords = {name: rng.permutation(12)[:5] for name in sorted(set(form))}
    frames = [np.repeat(np.eye(12)[:, chords[name]], 10, axis=1) for name in form]
    whole = np.concatenate(frames, axis=1)
    starts = np.arange(len(form)) * 10.0 + shift * (np.arange(len(form)) > 0)
    ends = np.append(starts[1:], len(form) * 10.0)
    return whole + noise * rng.random(whole.shape), Segments(starts, ends, ["verse"] * len(form), np.ones(len(form)))


@pytest.mark.parametrize("form", ["ABAB", "AABA", "ABACA", "AAAA", "A", "ABCDE"])
@pytest.mark.parametrize("shift", [0.0, 0.8])
def test_letters_read_the_form(form, shift):
    features, segments = song(form, shift)
    found = letters(features, GRID, segments)
    assert "".join(found.labels) == form
    assert np.array_equal(found.starts, segments.starts)
    assert found.values is not None


def test_letters_come_in_order_of_hearing_and_threshold_decides():
    features, segments = song("BABC")
    assert letters(features, GRID, segments).labels == ("A", "B", "A", "C")
    assert set(letters(features, GRID, segments, threshold=-1.0).labels) == {"A"}
    assert letters(features, GRID, segments, threshold=1.0).labels == ("A", "B", "C", "D")
    with pytest.raises(ConfigError, match="threshold"):
        letters(features, GRID, segments, threshold=2.0)


def test_silence_and_nothing_have_letters():
    segments = Segments([0, 5], [5, 10], ["verse", "verse"])
    assert letters(np.zeros((12, 50)), GRID, segments).labels == ("A", "B")
    assert not len(letters(np.zeros((12, 0)), GRID, Segments([], [])))
    assert len(letters(np.ones((12, 5)), GRID, segments)) == 2  # sections beyond the features


def test_similarity_is_symmetric_and_bounded():
    features, segments = song("ABA")
    picture = self_similarity(features, smooth=2)
    assert picture.shape == (150, 150)
    np.testing.assert_allclose(picture, picture.T)
    assert np.abs(picture).max() <= 1 + 1e-9
    pairs = alike(features, GRID, segments)
    np.testing.assert_allclose(pairs, pairs.T)
    assert pairs[0, 2] > 0.9 > pairs[0, 1]


def test_a_stripe_may_begin_later():
    block = np.zeros((20, 20))
    block[np.arange(15), np.arange(15) + 5] = 1
    assert stripe(block) == pytest.approx(1.0)
    assert stripe(np.zeros((0, 5))) == 0.0
    assert stripe(np.ones((1, 1))) == 1.0


def test_letters_go_on_after_z():
    names = [letter(i) for i in range(60)]
    assert names[24:28] == ["Y", "Z", "AA", "AB"]
    assert len(set(names)) == 60
