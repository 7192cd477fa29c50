"""BSSEval against museval where it is installed, and on stems whose answer is known."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.signal import lfilter

from solfeggio.errors import AnswerError, ConfigError
from solfeggio.metrics.bsseval import BSSEval, bsseval, ratio_db

RATE = 4000
RNG = np.random.default_rng(0)
STEMS = lfilter([1], [1, -0.9], RNG.normal(size=(3, 2, 3 * RATE)))


@pytest.mark.oracle
def test_numbers_are_those_of_museval():
    museval = pytest.importorskip("museval.metrics")
    stems = STEMS.copy()
    stems[0, :, RATE : 2 * RATE] = 0  # which takes the frame from all
    heard = stems + 0.2 * np.roll(stems, 1, 0) + 0.05 * RNG.normal(size=stems.shape)
    heard[0] = lfilter([0.8, 0.2, 0.1], [1], heard[0])
    found = bsseval(stems, heard, RATE, hop=0.5, taps=32)
    theirs = museval.bss_eval(*(x.transpose(0, 2, 1) for x in (stems, heard)), RATE, RATE // 2, filters_len=32)
    for name, row in zip(("SDR", "ISR", "SIR", "SAR"), theirs, strict=False):
        np.testing.assert_allclose(found[name], row, atol=1e-6)


@pytest.mark.oracle
def test_one_frame_is_mir_evals_judgement_of_images():
    separation = pytest.importorskip("mir_eval.separation")
    stems = STEMS[:2, :1, :RATE]
    heard = stems + 0.2 * STEMS[1:, :1, :RATE] + 0.1 * RNG.normal(size=stems.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is leaving mir_eval
        rows = separation.bss_eval_images(*(x.transpose(0, 2, 1) for x in (stems, heard)), compute_permutation=False)
    for name, row in zip(("SDR", "ISR", "SIR", "SAR"), rows, strict=False):
        np.testing.assert_allclose(bsseval(stems, heard, RATE)[name][:, 0], row, atol=1e-5)


def test_bleed_filtering_and_noise_are_told_apart():
    others = np.roll(STEMS, 1, 0)
    noise = RNG.normal(size=STEMS.shape) * STEMS.std()
    bled = bsseval(STEMS, STEMS + 0.1 * others, RATE, taps=32)
    filtered = bsseval(STEMS, lfilter([0.8, 0.2], [1], STEMS), RATE, taps=32)
    noisy = bsseval(STEMS, STEMS + 0.1 * noise, RATE, taps=32)
    assert np.allclose(bled["SIR"], 20, atol=1.5) and (bled["SAR"] > 50).all()
    assert (filtered["SIR"] > 50).all() and (filtered["SAR"] > 40).all() and (filtered["ISR"] < 25).all()
    assert np.allclose(noisy["SAR"], 20, atol=1.5) and (noisy["SIR"] > 30).all()


def test_equal_channels_and_short_sounds_are_judged():
    mono = np.repeat(STEMS[:, :1], 2, 1)
    found = bsseval(mono, 0.9 * mono + 0.1 * np.roll(mono, 1, 0), RATE, taps=32)
    alone = bsseval(mono[:, :1], 0.9 * mono[:, :1] + 0.1 * np.roll(mono[:, :1], 1, 0), RATE, taps=32)
    assert all(np.allclose(found[name], alone[name], atol=0.01) for name in ("SDR", "SIR", "ISR"))
    assert bsseval(STEMS[..., :500], STEMS[..., :500], RATE, taps=8)["SDR"].tolist() == [[100.0]] * 3


def test_the_order_of_stems_and_their_common_level_do_not_count():
    heard = STEMS + 0.3 * np.roll(STEMS, 1, 0)
    found, turned = bsseval(STEMS, heard, RATE, taps=16), bsseval(STEMS[::-1], heard[::-1], RATE, taps=16)
    softer = bsseval(1e-3 * STEMS, 1e-3 * heard, RATE, taps=16)
    for name, row in found.items():
        np.testing.assert_allclose(turned[name][::-1], row, atol=1e-6)
        np.testing.assert_allclose(softer[name], row, atol=1e-6)


def test_one_judge_judges_many_alike():
    judge = BSSEval(STEMS, RATE, taps=16)
    first = judge(STEMS * 0.5)
    judge(STEMS * 0.1)
    assert all(np.array_equal(judge(STEMS * 0.5)[name], row) for name, row in first.items())


def test_silence_is_not_defined_and_wrong_shapes_are_refused():
    silent = STEMS.copy()
    silent[1] = 0
    assert all(np.isnan(row).all() for row in bsseval(silent, STEMS, RATE, taps=8).values())
    assert np.isnan(ratio_db(0.0, 0.0)) and ratio_db(1.0, 0.0) == 100
    with pytest.raises(AnswerError):
        bsseval(STEMS, STEMS[:2], RATE)
    with pytest.raises(AnswerError):
        bsseval(STEMS[0], STEMS[0], RATE)
    with pytest.raises(ConfigError):
        bsseval(STEMS, STEMS, RATE, window=0)
