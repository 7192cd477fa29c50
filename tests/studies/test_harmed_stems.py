"""Harms do what their unit says, and separators give stems of the mix."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.answers import Stems
from solfeggio.errors import ConfigError
from solfeggio.metrics.stems import onsets, si_sdr, snr
from solfeggio.studies.harmed_stems import HARMS, SEPARATORS, fitted, harm

RATE = 8000
TIME = np.arange(2 * RATE) / RATE
CLICKS = np.random.default_rng(1).normal(size=TIME.size) * np.exp(-(TIME % 0.5) * 60)
DRUMS = 0.3 * np.stack([CLICKS, 0.8 * CLICKS])
BASS = 0.3 * np.stack([np.sin(2 * np.pi * 110 * TIME)] * 2)
OTHER = 0.2 * np.stack([np.sin(2 * np.pi * 880 * TIME), np.sin(2 * np.pi * 660 * TIME)])
STEMS = Stems.of({"drums": DRUMS, "bass": BASS, "other": OTHER}, RATE)


def harmed(name: str, amount: float) -> Stems:
    return harm(STEMS, name, amount, np.random.default_rng(0))


@pytest.mark.parametrize("name", HARMS)
def test_every_harm_keeps_shapes_and_changes_the_sound(name):
    for amount in HARMS[name][1]:
        done = harmed(name, amount)
        assert done.labels == STEMS.labels and done.samples.shape == STEMS.samples.shape
        assert snr(STEMS["drums"], done["drums"]) < 60


def test_harms_are_what_their_units_say():
    drums, bass = STEMS["drums"], STEMS["bass"]
    assert np.allclose(harmed("gain", 6)["drums"], drums * 10 ** (-6 / 20))
    assert np.array_equal(harmed("delay", 10)["drums"][:, 80:], drums[:, :-80])
    assert np.array_equal(harmed("polarity", 1)["drums"], -drums)
    assert np.allclose(harmed("bleed", 20)["drums"], drums + 0.1 * (STEMS.mix() - drums), atol=1e-6)
    turned = harmed("phase", 90)["bass"]
    assert abs((turned * bass).sum()) < 0.01 * (bass**2).sum() and (turned**2).sum() == pytest.approx((bass**2).sum())
    assert len(onsets(drums, RATE)) == 4
    missing = harmed("missing onsets", 1)["drums"]
    assert (missing**2).sum() < 0.1 * (drums**2).sum()
    assert np.allclose(harmed("musical noise", 0)["drums"], drums, atol=1e-5)


def test_a_sound_without_onsets_has_none_to_miss():
    quiet = Stems.of({"drums": 0 * DRUMS, "bass": BASS}, RATE)
    found = harm(quiet, "missing onsets", 1.0, np.random.default_rng(0))
    assert not found["drums"].any()


def test_unknown_harms_are_named():
    with pytest.raises(ConfigError, match="delay"):
        harm(STEMS, "delai", 1, np.random.default_rng(0))


@pytest.mark.parametrize("name", SEPARATORS)
def test_separators_give_all_stems_of_the_mix(name):
    found = SEPARATORS[name](STEMS)
    assert found.labels == STEMS.labels and found.samples.shape == STEMS.samples.shape
    gains = [si_sdr(STEMS[x], found[x]) - si_sdr(STEMS[x], STEMS.mix()) for x in STEMS.labels]
    if name == "mix as it is":
        assert np.allclose(gains, 0, atol=1e-6)
    else:
        assert min(gains) > 3
        assert np.allclose(found.mix(), STEMS.mix(), atol=1e-3)


def test_oracles_leave_the_residual_out_and_labels_are_free():
    rest = Stems.of({"piano": OTHER}, RATE, residual=DRUMS + BASS)
    assert si_sdr(OTHER, SEPARATORS["ideal ratio mask"](rest)["piano"]) > 8
    assert SEPARATORS["median filter"](rest).labels == ("piano",)


def test_answers_of_another_rate_length_and_channels_are_made_alike():
    mono = Stems.of({"bass": BASS[:1, ::2]}, RATE // 2).cut(0, 1.9)
    made = fitted(mono, STEMS)
    assert made.samples.shape[1:] == STEMS.samples.shape[1:] and made.rate == RATE
    assert snr(STEMS["bass"][:, 800:-1600], made["bass"][:, 800:-1600]) > 40
