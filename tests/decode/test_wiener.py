"""The multichannel Wiener filter against its formulas, against what must hold, and against norbert where it is."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from solfeggio.decode.wiener import wiener
from solfeggio.errors import AnswerError, ConfigError


def spectra(*shape: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def by_hand(mixture: np.ndarray, guess: np.ndarray, iterations: int) -> np.ndarray:
    """The same filter, bin by bin and frame by frame, as the formulas say."""
    stems, channels, bins, frames = guess.shape
    y = guess * np.exp(1j * np.angle(mixture))
    for f in range(bins):
        noise = 1e-5 * np.mean(np.abs(mixture[:, f]) ** 2)
        for _ in range(iterations):
            v = [[np.mean(np.abs(y[j, :, f, t]) ** 2) for t in range(frames)] for j in range(stems)]
            r = []
            for j in range(stems):
                total = np.zeros((channels, channels), complex)
                for t in range(frames):
                    total += np.outer(y[j, :, f, t], y[j, :, f, t].conj())
                r.append(total / sum(v[j]))
            for t in range(frames):
                own = [v[j][t] * r[j] + noise / stems * np.eye(channels) for j in range(stems)]
                inverse = np.linalg.inv(sum(own))
                for j in range(stems):
                    y[j, :, f, t] = own[j] @ inverse @ mixture[:, f, t]
    return y


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("iterations", [1, 3])
def test_it_is_the_filter_that_the_formulas_say(channels, iterations):
    mixture, guess = spectra(channels, 4, 6), np.abs(spectra(3, channels, 4, 6, seed=1))
    np.testing.assert_allclose(wiener(mixture, guess, iterations), by_hand(mixture, guess, iterations), rtol=1e-7)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("iterations", [0, 1, 4])
def test_stems_sum_to_the_mixture(channels, iterations):
    mixture, guess = spectra(channels, 9, 20).astype(np.complex64), np.abs(spectra(4, channels, 9, 20, seed=1))
    guess[:, :, 3] = 0
    guess[:3, :, 5] = 0
    found = wiener(mixture, guess.astype(np.float32), iterations)
    assert found.dtype == np.complex64
    np.testing.assert_allclose(found.sum(0), mixture, atol=2e-6)


@pytest.mark.parametrize("iterations", [1, 5])
def test_true_spectra_of_two_panned_stems_stay_what_they_are(iterations):
    """Two directions, two channels: the filter of true powers and covariances takes them apart exactly."""
    mono, pan = spectra(2, 1, 6, 30), np.array([[0.9, 0.4], [0.3, 0.8]])[:, :, None, None]
    true = mono * pan
    found = wiener(true.sum(0), true, iterations)
    assert np.abs(found - true).max() < 1e-2 * np.abs(true).max()


def test_true_magnitudes_of_stems_that_never_meet_stay_what_they_are():
    true = spectra(3, 2, 8, 12)
    true *= (np.arange(8 * 12).reshape(8, 12) % 3 == np.arange(3)[:, None, None])[:, None]
    np.testing.assert_allclose(wiener(true.sum(0), np.abs(true), 2), true, atol=1e-3)


def test_space_helps_more_than_magnitudes_alone():
    mono, pan = spectra(2, 1, 6, 60), np.array([[1.0, 0.1], [0.1, 1.0]])[:, :, None, None]
    true = mono * pan
    rng = np.random.default_rng(3)
    guess = np.abs(true) * rng.uniform(0.5, 1.5, true.shape)
    errors = [np.abs(wiener(true.sum(0), guess, n) - true).mean() for n in (0, 1)]
    assert errors[1] < 0.8 * errors[0]


def test_what_nothing_explains_goes_to_the_rest():
    mixture = spectra(2, 4, 10)
    found = wiener(mixture, np.zeros((1, 2, 4, 10)), 2, residual=True)
    assert found.shape == (1, 2, 4, 10)
    assert np.abs(found).max() < 1e-4
    whole = wiener(mixture, np.abs(mixture)[None], 2, residual=True)
    np.testing.assert_allclose(whole[0], mixture, rtol=1e-4)


def test_silence_stays_silent_and_no_frames_are_no_frames():
    assert not wiener(np.zeros((2, 3, 4), complex), np.ones((2, 2, 3, 4)), 2).any()
    assert wiener(np.zeros((2, 3, 0), complex), np.ones((2, 2, 3, 0)), 2).shape == (2, 2, 3, 0)


@pytest.mark.parametrize("channels", [1, 2])
def test_arrays_and_tensors_give_the_same(channels):
    mixture, guess = spectra(channels, 4, 6), np.abs(spectra(3, channels, 4, 6, seed=1))
    for iterations in (0, 2):
        found = wiener(torch.from_numpy(mixture), torch.from_numpy(guess), iterations)
        np.testing.assert_allclose(found.numpy(), wiener(mixture, guess, iterations), rtol=1e-9)


def test_it_is_faster_than_a_loop():
    mixture, guess = spectra(2, 12, 40), np.abs(spectra(4, 2, 12, 40, seed=1))
    times = []
    for filtered in (wiener, by_hand):
        began = time.process_time()
        filtered(mixture, guess, 1)
        times.append(time.process_time() - began)
    assert times[0] < times[1]


def test_what_does_not_fit_is_refused():
    with pytest.raises(AnswerError, match="expected"):
        wiener(np.zeros((2, 3, 4), complex), np.ones((2, 3, 4)))
    with pytest.raises(ConfigError, match="iterations"):
        wiener(np.zeros((1, 3, 4), complex), np.ones((2, 1, 3, 4)), -1)


@pytest.mark.oracle
@pytest.mark.parametrize("iterations", [1, 2])
def test_norbert_says_the_same(iterations):
    norbert = pytest.importorskip("norbert")
    mixture, guess = spectra(2, 5, 40), np.abs(spectra(3, 2, 5, 40, seed=1))
    want = norbert.wiener(guess.transpose(3, 2, 1, 0), mixture.transpose(2, 1, 0), iterations, use_softmask=False)
    np.testing.assert_allclose(wiener(mixture, guess, iterations), want.transpose(3, 2, 1, 0), atol=2e-3)
