from __future__ import annotations

import numpy as np
import pytest

from solfeggio.band.desk import effects

RATE = 22050


def _hiss(seconds: float = 2.0) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((2, round(seconds * RATE))).astype(np.float32)


def _level(samples: np.ndarray, start: float, end: float) -> float:
    return float(np.sqrt(np.mean(np.square(samples[..., round(start * RATE) : round(end * RATE)]))))


def test_a_ramp_meets_its_values():
    assert np.allclose(effects.ramp([0, 4, 0], 4, 7), [0, 1, 2, 3, 4, 3, 2])


def test_a_compressor_evens_out_and_spares_sparse_music():
    loud_then_soft = _hiss() * np.repeat([1.0, 0.1], RATE)[None].astype("f")
    out = effects.compress(loud_then_soft, RATE, percentile=20, ratio=8, attack=0.003, release=0.05)
    assert _level(out, 0.3, 1) / _level(out, 1.3, 2) < 5 < _level(loud_then_soft, 0.3, 1) / _level(out, 1.3, 2)
    hit = _hiss() * np.exp(-np.arange(2 * RATE) / (0.05 * RATE)).astype("f")
    squeezed = effects.compress(hit, RATE, percentile=30, ratio=12, attack=0.003, release=0.2)
    assert _level(squeezed, 0, 0.1) > 0.15 * _level(hit, 0, 0.1)


def test_a_duck_falls_at_once_and_comes_back():
    gain = effects.duck(RATE, RATE, np.array([0.2, 0.6]), 0.8, 0.3)
    assert gain[round(0.19 * RATE)] == 1 and gain[round(0.55 * RATE)] == 1
    assert gain[round(0.206 * RATE)] < 0.3 and gain.min() == pytest.approx(0.2, abs=0.02)


def test_a_gate_is_open_after_hits_only():
    gain = effects.gate(RATE, RATE, np.array([0.5]), 0.2)
    assert gain[: RATE // 2].max() == 0 and gain[round(0.6 * RATE)] == 1 and gain[round(0.71 * RATE) :].max() == 0


@pytest.mark.parametrize("high_pass", [False, True])
def test_a_sweep_moves_its_corner(high_pass):
    out = effects.sweep(_hiss(4), RATE, 200, 8000, high_pass=high_pass)
    spectra = [np.abs(np.fft.rfft(out[0, i * RATE : i * RATE + 8192])) for i in (0, 3)]
    bands = [(s[400:800].mean(), s[2000:2600].mean()) for s in spectra]  # around 1.6 kHz and 6 kHz
    low_rises, high_rises = (bands[1][i] / bands[0][i] for i in (0, 1))
    assert (low_rises < 0.2) if high_pass else (high_rises > 10)
    assert np.isfinite(out).all()


def test_a_second_voice_and_echoes_come_late():
    click = np.zeros((2, RATE), np.float32)
    click[:, 1000] = 1
    voice = effects.second(click, RATE, 0.7, 0.015, 0.15, 0.0)
    assert 0.010 < (np.argmax(np.abs(voice)) - 1000) / RATE < 0.020
    echoes = effects.echo(click, RATE, 0.25, 0.5, True)
    assert np.flatnonzero(np.abs(echoes).max(0) > 0.05).tolist() == [1000 + round(i * 0.25 * RATE) for i in (1, 2, 3)]


def test_panning_keeps_the_sum_and_a_phaser_the_level():
    gain = effects.tremolo(RATE, RATE, 3.0, 0.5, 0.0, pan=True)
    assert np.allclose(gain.sum(0), gain.sum(0)[0], atol=1e-4) and np.ptp(gain[0]) == pytest.approx(0.5, abs=0.01)
    out = effects.phaser(_hiss(), RATE, 0.5, 0.0)
    assert 0.5 < _level(out, 0, 2) < 1.5
