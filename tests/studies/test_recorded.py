"""What recordings are counted as: signals with a known answer."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.studies.realism import Profile, median
from solfeggio.studies.recorded import RECORDED, recorded_profile

RATE = 22050
TIME = np.arange(12 * RATE) / RATE


def _value(found: Profile, name: str) -> float:
    return float(median([found], name))


def test_loudness_of_the_standards_sine() -> None:
    # BS.1770: a 997 Hz sine at 0 dBFS in one channel is -3.01 LUFS, in both 0.00
    tone = np.sin(2 * np.pi * 997 * TIME) * 10 ** (-20 / 20)
    assert _value(recorded_profile(tone[None], RATE), "loudness") == pytest.approx(-23, abs=0.5)
    assert _value(recorded_profile(np.stack([tone, tone]), RATE), "loudness") == pytest.approx(-20, abs=0.5)
    low = np.sin(2 * np.pi * 30 * TIME) * 0.1
    assert _value(recorded_profile(low[None], RATE), "loudness") < -26


def test_crest_width_and_range() -> None:
    tone = np.sin(2 * np.pi * 440 * TIME) * 0.5
    found = recorded_profile(np.stack([tone, tone]), RATE)
    assert _value(found, "crest factor") == pytest.approx(3, abs=0.5) and _value(found, "stereo width") == -60
    assert _value(found, "loudness range") == 0
    sides = np.random.default_rng(0).normal(0, 0.1, (2, len(TIME)))
    assert _value(recorded_profile(sides, RATE), "stereo width") == pytest.approx(0, abs=1)
    swell = recorded_profile((tone * np.where(TIME < 6, 0.2, 1.0))[None], RATE)
    assert _value(swell, "loudness range") > 9 and "stereo width" not in swell


def test_spectrum() -> None:
    rng = np.random.default_rng(0)
    white = rng.normal(0, 0.1, len(TIME))
    assert _value(recorded_profile(white[None], RATE), "spectral tilt") == pytest.approx(0, abs=0.6)
    brown = np.cumsum(white)
    brown = (brown - np.convolve(brown, np.ones(4001) / 4001, "same")) * 0.05
    assert _value(recorded_profile(brown[None], RATE), "spectral tilt") == pytest.approx(-6, abs=1.1)
    bass = recorded_profile((0.3 * np.sin(2 * np.pi * 60 * TIME))[None], RATE)
    assert bass["bands"]["below 120 Hz"] > 0.95 and _value(bass, "spectral centroid") < 500


def test_onsets_are_counted() -> None:
    rng = np.random.default_rng(0)
    clicks = rng.normal(0, 0.0005, len(TIME))
    for start in np.arange(0.25, 12, 0.25):
        at = round(start * RATE)
        clicks[at : at + 1000] += rng.normal(0, 0.3, len(clicks[at : at + 1000])) * np.exp(
            -np.arange(len(clicks[at : at + 1000])) / 150
        )
    assert _value(recorded_profile(clicks[None], RATE), "onset density") == pytest.approx(4, abs=0.5)


def test_silence_and_scraps_say_nothing() -> None:
    assert recorded_profile(np.zeros((2, 5 * RATE)), RATE) == {}
    assert recorded_profile(np.zeros((1, 0)), RATE) == {}
    short = recorded_profile(np.random.default_rng(0).normal(0, 0.1, (1, RATE)), RATE)
    assert set(short) <= {"loudness"} and set(RECORDED) >= set(short)
