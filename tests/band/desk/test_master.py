from __future__ import annotations

import numpy as np
import pytest

from solfeggio.band.desk import master as desk

RATE = 22050


def _clicks() -> np.ndarray:
    """Four seconds: a soft tone, and a click every half second."""
    time = np.arange(4 * RATE) / RATE
    tone = 0.05 * np.sin(2 * np.pi * 220 * time)
    tone[:: RATE // 2] += 0.8
    return np.stack([tone, 0.9 * tone]).astype(np.float32)


@pytest.mark.parametrize("production", desk.PRODUCTIONS)
@pytest.mark.parametrize("seed", range(4))
def test_no_production_moves_a_click(production, seed):
    out = desk.master(_clicks(), np.random.default_rng(seed), RATE, production)
    assert out.shape == (2, 4 * RATE) and out.dtype == np.float32 and np.isfinite(out).all()
    assert -16 < 20 * np.log10(np.abs(out).max()) <= 0.01
    sharp = np.abs(np.diff(out.mean(0)))
    match = [np.mean([sharp[max(k * RATE // 2 + lag, 0)] for k in range(1, 8)]) for lag in range(-200, 200)]
    assert abs(int(np.argmax(match)) - 200) <= 0.002 * RATE


def test_loud_masters_are_denser_than_plain_ones():
    def crest(production: str) -> float:
        values = []
        for seed in range(6):
            out = desk.master(_clicks(), np.random.default_rng(seed), RATE, production)
            values.append(np.abs(out).max() / np.sqrt(np.mean(out**2)))
        return float(np.median(values))

    assert crest("loud") < 0.8 * crest("plain")


@pytest.mark.parametrize("kind", desk.NOISES)
def test_noise_has_a_level_of_one(kind):
    noise = desk.noise(np.random.default_rng(0), RATE, RATE, kind)
    assert noise.shape == (2, RATE) and np.sqrt(np.mean(noise**2)) == pytest.approx(1, rel=1e-3)


def test_productions_suit_the_music():
    rng = np.random.default_rng(0)
    drawn = {genre: [desk.draw(rng, genre) for _ in range(300)] for genre in ("dance", "classical")}
    assert drawn["dance"].count("loud") > 4 * drawn["classical"].count("loud")


def test_loudness_forgets_the_rests():
    tone = np.sin(np.arange(RATE * 2) / 10).astype(np.float32)[None].repeat(2, 0)
    padded = np.concatenate([tone, np.zeros_like(tone), np.zeros_like(tone)], 1)
    assert desk.loudness(padded, RATE) == pytest.approx(desk.loudness(tone, RATE), rel=0.2)
