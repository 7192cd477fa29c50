"""Repetition and key of written bars, on bars whose answer is plain."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.metrics.repetition import in_key, repeats, repetition_error, resemblance, scale_of

C, D, E, F, FS, G, A, B = (pitch - 53 for pitch in (60, 62, 64, 65, 66, 67, 69, 71))


def bar(*tokens: int) -> np.ndarray:
    full = np.ones(24, int)
    full[:: 24 // len(tokens)] = tokens
    return full


def test_a_bar_that_comes_back_is_a_repeat():
    tune = np.stack([bar(C, E, G, E), bar(D, F, A, F), bar(C, E, G, E), bar(G, B, D, B)])
    assert repeats(tune, 2, 3) == 1
    assert repeats(tune, 2, 4) == 0.5
    assert repeats(tune, 3, 4) == 0


def test_the_real_bars_have_no_repetition_error_and_others_some():
    tune = np.stack([bar(C, E, G, E), bar(D, F, A, F), bar(C, E, G, E), bar(D, F, A, F)])
    other = tune.copy()
    other[2] = other[1]
    assert repetition_error(tune, tune, 2, 4) == 0
    assert 0 < repetition_error(other, tune, 2, 4) <= 1


def test_resemblance_counts_equal_tokens():
    tune = np.stack([bar(C, E, G, E), bar(C, E, G, B)])
    share = resemblance(tune, 1, 2)
    assert share[0, 0] == pytest.approx(23 / 24) and np.isnan(share[0, 1])


def test_the_scale_holds_most_of_the_time():
    g_major = np.stack([bar(G, A, B, C), bar(D, E, FS, G)])
    assert np.flatnonzero(scale_of(g_major)).tolist() == [0, 2, 4, 6, 7, 9, 11]
    wrong = g_major.copy()
    wrong[1] = bar(D, E, F, F)
    assert in_key(wrong, g_major, 1, 2) == 0.5
    assert in_key(g_major, g_major, 0, 2) == 1


def test_a_gap_of_rests_has_no_key():
    silent = np.stack([bar(C, E, G, E), np.zeros(24, int)])
    assert np.isnan(in_key(silent, silent, 1, 2))
