from __future__ import annotations

import numpy as np

from solfeggio.band.singing import vocoder

RATE, HOP, FRAMES = 22050, 110, 400
SLOPE = np.repeat(-np.linspace(0, 6, 257, dtype=np.float32)[None], FRAMES, 0)


def _sing(hz: float, voiced: float = 1.0, airy: float = 0.0, seed: int = 0, **manner) -> np.ndarray:
    return vocoder.synthesise(
        SLOPE, HOP, RATE, np.full(FRAMES * HOP, hz), np.full(FRAMES, voiced, np.float32),
        np.full(257, airy, np.float32), np.random.default_rng(seed), **manner,
    )  # fmt: skip


def _peak_hz(samples: np.ndarray, low: float, high: float) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 2**20))
    hz = np.arange(len(spectrum)) * RATE / 2**20
    inside = (hz > low) & (hz < high)
    return float(hz[inside][np.argmax(spectrum[inside])])


def test_pulses_have_the_exact_pitch():
    for hz in (82.41, 220.0, 329.63, 701.3):
        samples = _sing(hz, jitter=0.0, shimmer=0.0)
        for harmonic in (1, 2, 3):
            found = _peak_hz(samples, (harmonic - 0.4) * hz, (harmonic + 0.4) * hz)
            assert abs(1200 * np.log2(found / (harmonic * hz))) < 1


def test_loudness_does_not_depend_on_pitch_or_breath():
    levels = [np.sqrt(np.mean(_sing(hz, airy=airy)[2000:] ** 2)) for hz in (90.0, 400.0) for airy in (0.0, 0.5)]
    levels.append(np.sqrt(np.mean(_sing(200.0, voiced=0.0)[2000:] ** 2)))
    assert max(levels) / min(levels) < 1.4


def test_a_response_of_minimum_phase_has_the_amplitudes_asked_for_and_comes_early():
    response = vocoder.minimum_phase(SLOPE[:1])
    assert np.allclose(np.log(np.abs(response)), SLOPE[:1], atol=1e-3)
    sound = np.fft.irfft(response[0])
    assert np.square(sound[:64]).sum() > 0.99 * np.square(sound).sum()


def test_the_same_generator_gives_the_same_samples():
    assert np.array_equal(_sing(150.0, airy=0.2), _sing(150.0, airy=0.2))
    assert not np.array_equal(_sing(150.0, airy=0.2), _sing(150.0, airy=0.2, seed=1))
