from __future__ import annotations

import numpy as np
import pytest

from solfeggio.band.desk import filters

RATE = 22050


@pytest.mark.parametrize("taps", [1, 2, 512, 5000, 40000])
@pytest.mark.parametrize("length", [1, 3000, 30000])
def test_block_convolution_equals_the_definition(taps, length):
    rng = np.random.default_rng(taps + length)
    samples, response = rng.standard_normal((2, length)).astype("f"), rng.standard_normal((2, taps)).astype("f")
    wanted = np.stack([np.convolve(s, r)[:length] for s, r in zip(samples, response, strict=True)])
    assert np.allclose(filters.convolve(samples, response), wanted, atol=1e-4 * np.abs(wanted).max())


def test_equaliser_has_the_gain_it_was_given_and_no_pre_echo():
    hz, gain_db = np.array([20, 200, 1000, 5000, 11000]), np.array([-6.0, -6, 0, 6, 6])
    taps = filters.minimum_phase(hz, gain_db, RATE)
    response = np.abs(np.fft.rfft(taps, 8192))
    at = np.round(hz[1:4] / RATE * 8192).astype(int)
    assert np.allclose(20 * np.log10(response[at]), gain_db[1:4], atol=0.5)
    assert np.argmax(np.abs(taps)) < 4


def test_two_equal_channels_are_filtered_once_and_stay_equal():
    rng = np.random.default_rng(0)
    mono, taps = rng.standard_normal((1, 9000)).astype("f"), rng.standard_normal(512).astype("f")
    both = filters.convolve(np.repeat(mono, 2, 0), taps)
    assert both.shape == (2, 9000) and np.array_equal(both, np.repeat(filters.convolve(mono, taps), 2, 0))


@pytest.mark.parametrize("kind", filters.ROOMS)
@pytest.mark.parametrize("seed", range(3))
def test_a_room_starts_after_the_direct_sound_and_dies_away(kind, seed):
    response = filters.room(np.random.default_rng(seed), RATE, kind)
    assert np.allclose((response**2).sum(1), 1, atol=1e-3)
    first = min(round(filters.ROOMS[kind][1][0] * RATE), 40)
    assert not response[:, : max(first, 1)].any()
    third = response.shape[1] // 3
    assert (response[:, -third:] ** 2).sum() < 0.3 * (response[:, :third] ** 2).sum()
