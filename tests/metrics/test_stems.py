"""Stem measures: perfect, silent, scaled, permuted, and what each is blind to."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from scipy.signal import lfilter

from solfeggio.answers import Events, Stems
from solfeggio.errors import AnswerError
from solfeggio.metrics.events import evaluate_events
from solfeggio.metrics.stems import (
    MEASURES,
    error_below_mix,
    evaluate_stems,
    framewise,
    leakage,
    log_mel_distance,
    log_spectral_distance,
    magnitude_correlation,
    magnitudes,
    onsets,
    si_sdr,
    snr,
    task_gain,
)

RATE = 8000
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def plucked(times: list[float], seed: int, channels: int = 2, seconds: int = 3) -> np.ndarray:
    """Decaying noise at each time, each channel its own."""
    sound = np.zeros((channels, seconds * RATE))
    rng = np.random.default_rng(seed)
    for time in times:
        start = round(time * RATE)
        tail = sound[:, start : start + RATE // 2]
        tail += 0.3 * rng.normal(size=tail.shape) * np.exp(-np.arange(tail.shape[1]) / 800)
    return lfilter([1], [1, -0.5], sound)


DRUMS, BASS = plucked([0.3, 1.1, 1.9], 1), plucked([0.0, 0.7, 1.4, 2.1], 2)
STEMS = Stems.of({"drums": DRUMS, "bass": BASS}, RATE)


def of(drums: np.ndarray) -> Stems:
    return Stems.of({"drums": drums, "bass": BASS}, RATE)


def test_the_truth_is_perfect_by_every_measure():
    scores = evaluate_stems(STEMS, STEMS)
    best = {"dB": 100.0, "": 1.0}
    for name, about in MEASURES.items():
        perfect = {"error below mix": 60.0}.get(name, best[about.unit] if about.higher else 0.0)
        if name not in ("ISR", "SIR", "SAR", "leakage"):
            assert scores[name] == pytest.approx(perfect, abs=1e-6), name
    assert min(scores["ISR"], scores["SIR"], scores["SAR"]) > 60 and scores["leakage"] < -50
    assert all(type(value) is float for value in scores.values())


@pytest.mark.parametrize("channels", [1, 2])
def test_known_noise_has_its_known_ratio(channels):
    sound = RNG.normal(size=(channels, RATE))
    noise = RNG.normal(size=(channels, RATE))
    noise -= (noise * sound).sum() / (sound**2).sum() * sound
    noise *= 0.1 * np.sqrt((sound**2).sum() / (noise**2).sum())
    assert snr(sound, sound + noise) == pytest.approx(20) == si_sdr(sound, sound + noise)
    assert si_sdr(sound, -3 * (sound + noise)) == pytest.approx(20)
    assert snr(sound, -sound) == pytest.approx(20 * math.log10(1 / 2))


def test_each_is_blind_to_what_it_promises():
    perfect, at = evaluate_stems(STEMS, STEMS), lambda drums: evaluate_stems(STEMS, of(drums))
    softer, turned = at(0.25 * DRUMS), at(-DRUMS)
    for name in ("SI-SDR drums", "SI-SDR median drums", "correlation drums"):
        assert softer[name] == pytest.approx(perfect[name], abs=1e-6), name
    for name in ("SNR drums", "SDR drums", "spectral SNR drums", "log mel drums", "error below mix drums"):
        assert abs(softer[name] - perfect[name]) > 1, name
    for name in ("SI-SDR drums", "spectral SNR drums", "log spectrum drums", "log mel drums", "onset F drums"):
        assert turned[name] == pytest.approx(perfect[name], abs=1e-6), name
    assert turned["SNR drums"] < -5 and turned["SDR drums"] < -5 and turned["ISR drums"] < -5


def test_bleed_and_noise_cost():
    scores = [evaluate_stems(STEMS, of(DRUMS + share * BASS)) for share in (0.03, 0.1, 0.3)]
    for name, about in MEASURES.items():
        if name not in ("ISR", "SAR", "onset F"):
            falls = np.diff([s[f"{name} drums"] for s in scores])
            assert (falls < 0 if about.higher else falls > 0).all(), name


def test_order_does_not_count_and_span_does():
    heard = Stems.of({"bass": BASS + 0.1 * DRUMS, "more": BASS, "drums": DRUMS - 0.1 * BASS}, RATE)
    turned = heard.take(np.array([2, 0]))
    scores = evaluate_stems(STEMS, heard)
    assert scores == evaluate_stems(STEMS, turned)
    assert scores["SI-SDR"] == pytest.approx((scores["SI-SDR drums"] + scores["SI-SDR bass"]) / 2)
    swapped = evaluate_stems(STEMS.take(np.array([1, 0])), turned)
    assert all(swapped[name] == pytest.approx(scores[name], abs=1e-6, nan_ok=True) for name in scores)
    wrong_end = DRUMS.copy()
    wrong_end[:, 2 * RATE :] = 0
    assert evaluate_stems(STEMS, of(wrong_end), span=(0, 2))["SNR drums"] == 100


def test_a_silent_stem_is_judged_where_that_can_be_defined():
    silent = Stems.of({"drums": 0 * DRUMS, "bass": BASS}, RATE)
    bled = Stems.of({"drums": 0.1 * BASS, "bass": BASS}, RATE)
    clean, dirty = evaluate_stems(silent, silent), evaluate_stems(silent, bled)
    undefined = {"SDR", "ISR", "SIR", "SAR", "SNR", "SI-SDR", "SI-SDR median", "spectral SNR", "correlation"}
    for name in MEASURES:
        for scores in (clean, dirty):
            assert math.isnan(scores[f"{name} drums"]) == (name in undefined), name
    assert clean["SDR bass"] == dirty["SDR"] == 100  # the silent stem takes nothing from the other
    assert (clean["error below mix drums"], clean["leakage drums"], clean["onset F drums"]) == (60, -100, 1)
    assert dirty["error below mix drums"] == pytest.approx(20, abs=0.1)
    assert dirty["leakage drums"] == pytest.approx(-20) and dirty["onset F drums"] == 0
    nothing = Stems.of({"drums": 0 * DRUMS}, RATE)
    scores = evaluate_stems(nothing, nothing)
    assert math.isnan(scores["error below mix"]) and math.isnan(scores["leakage"]) and scores["log mel"] == 0


def test_an_estimate_of_nothing_has_a_number():
    scores = evaluate_stems(STEMS, of(0 * DRUMS))
    assert scores["SI-SDR drums"] == -100 and scores["SNR drums"] == pytest.approx(0, abs=1e-6)
    assert scores["correlation drums"] == 0 and scores["onset F drums"] == 0


def test_the_residual_belongs_to_the_mix():
    silent = 0 * DRUMS
    alone = Stems.of({"drums": silent}, RATE, residual=BASS)
    assert evaluate_stems(alone, Stems.of({"drums": BASS}, RATE))["leakage"] == 0


def test_frames_and_pauses():
    heard = DRUMS.copy()
    heard[:, :RATE] *= 0.5
    frames = framewise(snr, DRUMS, heard, RATE)
    assert frames[0] == pytest.approx(20 * math.log10(2)) and frames[1:].tolist() == [100, 100]
    assert np.isnan(framewise(snr, np.pad(DRUMS, ((0, 0), (0, RATE))), np.pad(heard, ((0, 0), (0, RATE))), RATE)[-1])
    paused = DRUMS * (np.arange(DRUMS.shape[1]) < RATE)
    mix = paused + BASS
    assert leakage(paused, paused + 0.01 * BASS, mix, RATE) == pytest.approx(-40, abs=1)
    assert math.isnan(leakage(np.ones((1, RATE)), np.ones((1, RATE)), np.ones((1, RATE)), RATE))
    assert error_below_mix(paused, 2000 * mix, mix, RATE) == -60


def test_spectra():
    time = np.arange(RATE) / RATE
    sine = np.sin(2 * np.pi * 1000 * time)[None]
    spectra = magnitudes(sine, RATE)
    assert spectra[0, 5:-5].max(1) == pytest.approx(1, abs=0.01)
    assert log_spectral_distance(spectra, np.maximum(spectra, 1e-4) * 2) == pytest.approx(6.02, abs=0.01)
    assert log_mel_distance(0 * spectra, 0 * spectra, RATE) == 0
    assert 0 < log_mel_distance(spectra, 0 * spectra, RATE) < 80
    assert magnitude_correlation(spectra, 1 - spectra) == pytest.approx(-1)


def test_onsets_are_where_the_plucks_are():
    for sound, times in ((DRUMS, [0.3, 1.1, 1.9]), (BASS, [0.0, 0.7, 1.4, 2.1])):
        assert evaluate_events(Events(times), onsets(sound, RATE), 0.03)["F"] == 1
    assert len(onsets(0 * DRUMS, RATE)) == 0
    assert len(onsets(0.001 * DRUMS, RATE)) == 3 and len(onsets(1e-6 * DRUMS, RATE, like=DRUMS)) == 0


def test_task_gain_is_what_the_stem_adds():
    truth, mix, stem = Events([1, 2, 3]), Events([1, 1.5, 2]), Events([1, 2, 3])
    gain = task_gain(evaluate_events, truth, mix, stem)
    assert gain["R"] == pytest.approx(1 / 3) and task_gain(evaluate_events, truth, mix, mix)["F"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        Stems.of({"drums": DRUMS}, RATE),
        STEMS.cut(0, 1),
        Stems(STEMS.labels, STEMS.samples, RATE // 2),
        Stems(STEMS.labels, STEMS.samples[:, :1], RATE),
    ],
)
def test_what_cannot_be_compared_is_refused(wrong):
    with pytest.raises(AnswerError):
        evaluate_stems(STEMS, wrong)


def test_nothing_is_not_a_truth():
    with pytest.raises(AnswerError):
        evaluate_stems(STEMS.cut(0, 0), STEMS.cut(0, 0))
