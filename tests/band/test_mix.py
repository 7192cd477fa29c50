from __future__ import annotations

import numpy as np
import pytest

from solfeggio.band import filters, mix
from solfeggio.band.sketch import sketch

RATE = 22050


@pytest.fixture(scope="module")
def stems(tiny):
    return sketch(tiny, np.random.default_rng(0), RATE)


def _decibels(difference: np.ndarray, reference: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(difference**2) / np.mean(reference**2) + 1e-20))


def test_dry_stems_sum_to_the_mix(stems):
    total, parts = mix.mix(stems, np.random.default_rng(1), RATE, dry=True)
    assert list(parts) == list(stems)
    assert _decibels(total - sum(parts.values()), total) < -100


@pytest.mark.parametrize("seed", range(4))
def test_wet_stems_sum_to_what_is_mastered(stems, seed, monkeypatch):
    monkeypatch.setattr(mix, "master", lambda samples, rng, rate, production: samples)
    total, parts = mix.mix(stems, np.random.default_rng(seed), RATE)
    assert _decibels(total - sum(parts.values()), total) < -60
    alone, none = mix.mix(stems, np.random.default_rng(seed), RATE, keep_stems=False)
    assert not none and _decibels(total - alone, total) < -60


def test_same_rng_same_mix_and_another_rng_another(stems):
    first, second, other = (mix.mix(stems, np.random.default_rng(seed), RATE)[0] for seed in (3, 3, 4))
    assert np.array_equal(first, second) and not np.array_equal(first, other)


@pytest.mark.parametrize("seed", range(12))
def test_peak_is_between_minus_12_and_0_dbfs(stems, seed):
    total, _ = mix.mix(stems, np.random.default_rng(seed), RATE)
    assert total.dtype == np.float32 and total.shape == stems["drums"].shape and np.isfinite(total).all()
    assert -16 < 20 * np.log10(np.abs(total).max()) <= 0.01  # a codec may take some off


@pytest.mark.parametrize("seed", range(12))
def test_a_mix_does_not_move_in_time(stems, seed):
    total, _ = mix.mix(stems, np.random.default_rng(seed), RATE)
    clean = sum(stems.values())

    def rises(samples: np.ndarray) -> np.ndarray:
        hop = 32
        power = np.square(np.diff(samples[:, : RATE * 4].mean(0)))[: RATE * 4 // hop * hop - hop].reshape(-1, hop)
        rise = np.maximum(np.diff(np.log(power.mean(1) + 1e-7)), 0)
        return rise - rise.mean()

    match = np.correlate(rises(total), rises(clean), "full")
    lag = (int(np.argmax(match)) - len(rises(clean)) + 1) * 32 / RATE
    assert abs(lag) < 0.005


def test_silence_and_no_stems_stay_silent_and_finite():
    silent = {"drums": np.zeros((2, 2000), np.float32), "bass": np.zeros((2, 2000), np.float32)}
    for seed in range(6):
        assert np.isfinite(mix.mix(silent, np.random.default_rng(seed), RATE)[0]).all()
    assert mix.mix({}, np.random.default_rng(0), RATE)[0].shape == (2, 0)


def test_loudness_forgets_the_rests():
    tone = np.sin(np.arange(RATE * 2) / 10).astype(np.float32)[None].repeat(2, 0)
    padded = np.concatenate([tone, np.zeros_like(tone), np.zeros_like(tone)], 1)
    assert mix.loudness(padded, RATE) == pytest.approx(mix.loudness(tone, RATE), rel=0.2)


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


@pytest.mark.parametrize("seed", range(6))
def test_a_room_starts_after_the_direct_sound_and_dies_away(seed):
    response = filters.room(np.random.default_rng(seed), RATE)
    assert np.allclose((response**2).sum(1), 1, atol=1e-3)
    assert not response[:, : round(0.002 * RATE)].any()
    third = response.shape[1] // 3
    assert (response[:, -third:] ** 2).sum() < 0.25 * (response[:, :third] ** 2).sum()
