"""Changes: sound and answer move together, and each change does what its name says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from solfeggio import augment
from solfeggio.answers import Events, Segments

RATE = 22050


def clicks(seconds: float = 5.0, channels: int = 1) -> tuple[np.ndarray, Events]:
    """Short noise bursts every half second, and when they begin."""
    times = np.arange(0.35, seconds - 0.5, 0.5)
    burst = np.random.default_rng(0).normal(size=440) * np.exp(-np.arange(440) / 90) * 0.2
    samples = np.zeros((channels, round(seconds * RATE)), np.float32)
    for start in np.round(times * RATE).astype(int):
        samples[:, start : start + 440] += burst.astype(np.float32)
    return samples, Events(times, ["1"] * len(times))


def late_ms(samples: np.ndarray, events: Events) -> np.ndarray:
    """How much later than each event the sound begins, in milliseconds."""
    begins = []
    for time in events.times:
        low = max(0, round((time - 0.06) * RATE))
        part = np.abs(samples[0, low : round((time + 0.06) * RATE)])
        begins.append((low + np.flatnonzero(part > 0.35 * part.max())[0]) / RATE - time)
    return np.array(begins) * 1000


def tone(hz: float, seconds: float = 3.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)[None]


def frequency(samples: np.ndarray) -> float:
    middle = samples[0, RATE // 2 : RATE // 2 + RATE] * np.hanning(RATE)
    return float(np.abs(np.fft.rfft(middle)).argmax())


@pytest.mark.parametrize(
    ("change", "within_ms"),
    [
        (lambda s, a: augment.speed(s, RATE, a, 1.2), 0.5),
        (lambda s, a: augment.speed(s, RATE, a, 0.8), 0.5),
        (lambda s, a: augment.tempo(s, RATE, a, 1.15), 4),
        (lambda s, a: augment.tempo(s, RATE, a, 0.85), 4),
        (lambda s, a: augment.pitch(s, RATE, a, 3), 4),
        (lambda s, a: augment.pitch(s, RATE, a, -3), 4),
        (lambda s, a: augment.codec(s, RATE, a, "ogg"), 1),
        (lambda s, a: augment.codec(s, RATE, a, "mp3"), 1),
        (lambda s, a: augment.gain(s, RATE, a, -20), 0.5),
        (lambda s, a: augment.noise(s, RATE, a, 30), 1),
    ],
)
def test_attacks_stay_under_their_events(change, within_ms):
    samples, truth = clicks()
    assert np.abs(late_ms(samples, truth)).max() < 0.3
    changed, moved = change(samples, truth)
    late = late_ms(changed, moved)
    assert np.abs(late).max() < within_ms
    assert abs(late.mean()) < min(1, within_ms)
    assert moved.labels == truth.labels


@pytest.mark.parametrize("factor", [0.85, 1.15, 1.5])
def test_tempo_keeps_pitch_and_speed_does_not(factor):
    samples, truth = tone(440), Events([1.0])
    slower, moved = augment.tempo(samples, RATE, truth, factor)
    assert frequency(slower) == pytest.approx(440, abs=2)
    assert slower.shape[1] == pytest.approx(samples.shape[1] / factor, abs=2)
    assert moved.times[0] == pytest.approx(1 / factor)
    tape, moved = augment.speed(samples, RATE, truth, factor)
    assert frequency(tape) == pytest.approx(440 * factor, abs=2)
    assert tape.shape[1] == pytest.approx(samples.shape[1] / factor, abs=2)
    assert moved.times[0] == pytest.approx(1 / factor)


@pytest.mark.parametrize("semitones", [-3, 1, 3])
def test_pitch_moves_pitch_and_nothing_else(semitones):
    samples, truth = tone(440), Events([1.0])
    moved, answer = augment.pitch(samples, RATE, truth, semitones)
    assert frequency(moved) == pytest.approx(440 * 2 ** (semitones / 12), abs=2)
    assert moved.shape == samples.shape
    assert answer == truth
    middle = slice(RATE // 2, -RATE // 2)
    assert np.std(moved[0, middle]) == pytest.approx(np.std(samples[0, middle]), rel=0.1)


def test_stretching_by_one_changes_nothing_audible():
    samples, _ = clicks()
    same = augment.stretch(samples[0], 1.0)
    np.testing.assert_allclose(same[RATE // 2 : -RATE // 2], samples[0, RATE // 2 : -RATE // 2], atol=1e-3)


def test_gain_is_gain_until_it_clips():
    samples, truth = clicks()
    softer, same = augment.gain(samples, RATE, truth, -20)
    np.testing.assert_allclose(softer, samples / 10, rtol=1e-5)
    assert same is truth
    assert np.abs(augment.gain(samples, RATE, truth, 60)[0]).max() == 1


@pytest.mark.parametrize("snr_db", [0, 10])
def test_noise_has_the_level_asked_for_and_is_pink(snr_db):
    samples = tone(440)
    noisy, _ = augment.noise(samples, RATE, Events([]), snr_db)
    added = (noisy - samples)[0]
    ratio = 10 * np.log10(np.mean(samples**2) / np.mean(added**2))
    assert ratio == pytest.approx(snr_db, abs=0.1)
    power = np.abs(np.fft.rfft(added)) ** 2
    octave = lambda hz: power[int(hz * 3) : int(hz * 6)].sum()  # noqa: E731  bins are a third of a hertz
    assert octave(2000) == pytest.approx(octave(500), rel=0.5)
    assert np.array_equal(noisy, augment.noise(samples, RATE, Events([]), snr_db)[0])
    assert not augment.noise(np.zeros((1, 1000), np.float32), RATE, Events([]), snr_db)[0].any()


@pytest.mark.parametrize("name", augment.CHANGES)
@pytest.mark.parametrize("channels", [1, 2])
def test_every_change_keeps_channels_type_and_sense(name, channels):
    samples, truth = clicks(2.0, channels)
    before = samples.copy()
    changed, moved = augment.CHANGES[name](samples, RATE, truth)
    assert changed.dtype == np.float32
    assert changed.shape[0] == channels
    assert np.isfinite(changed).all()
    assert np.array_equal(samples, before)
    stretched = moved.times[-1] / truth.times[-1]
    assert changed.shape[1] == pytest.approx(samples.shape[1] * stretched, abs=2)


def varied(spectra: torch.Tensor, seed: int = 0, **only) -> torch.Tensor:
    torch.manual_seed(seed)
    none = {"transpose_bins": 0, "gain_db": 0.0, "equaliser_db": 0.0, "mask": 0.0}
    return augment.vary_spectra(spectra, **(none | only))


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_variation_keeps_shape_and_stays_finite(seed):
    torch.manual_seed(seed)
    spectra = torch.rand(3, 2, 40, 7) * 8
    out = augment.vary_spectra(spectra)
    assert out.shape == spectra.shape
    assert torch.isfinite(out).all()
    assert (out >= 0).all()
    assert not augment.vary_spectra(torch.zeros(3, 2, 40, 7)).any()


def test_variation_by_nothing_changes_nothing():
    spectra = torch.rand(3, 2, 40, 7) * 8
    assert torch.allclose(varied(spectra), spectra, atol=1e-5)


def test_gain_acts_as_gain_on_magnitudes_one_for_each_item():
    spectra = torch.rand(4, 2, 40, 7) * 7 + 0.5
    ratio = torch.expm1(varied(spectra, gain_db=12.0)) / torch.expm1(spectra)
    each = ratio[:, 0, 0, 0]
    assert torch.allclose(ratio, each[:, None, None, None].expand_as(ratio), rtol=1e-3)
    assert len(each.unique()) == 4
    assert (20 * torch.log10(each)).abs().max() <= 12.01


def test_transposing_moves_rows_together_in_all_channels_and_leaves_silence_behind():
    spectra = torch.rand(8, 2, 40, 7) + 1
    out = varied(spectra, transpose_bins=5)
    moved = set()
    for before, after in zip(spectra, out, strict=True):
        fits = [s for s in range(-5, 6) if torch.allclose(after[:, 5 + s : 35 + s], before[:, 5:35], atol=1e-5)]
        assert len(fits) == 1
        shift = fits[0]
        moved.add(shift)
        empty = after[:, :shift] if shift > 0 else after[:, 40 + shift :]
        assert not empty.any()
    assert len(moved) > 2


def test_equaliser_is_smooth_and_the_same_at_all_times_and_mask_cuts_an_edge():
    spectra = torch.full((4, 2, 40, 7), 3.0)
    curve = varied(spectra, equaliser_db=8.0)
    assert torch.equal(curve, curve[..., :1].expand_as(curve))
    assert (curve.diff(dim=2).abs() < 1.5).all()
    cut = varied(torch.full((64, 1, 40, 3), 3.0), mask=1.0)[:, 0, :, 0] == 0
    assert cut.any()
    assert not cut.all(1).any()
    assert (cut.int().diff(dim=1).abs().sum(1) <= 1).all()


def test_chords_and_keys_move_with_the_pitch_and_sections_do_not():
    truth = Segments([0, 1, 2], [1, 2, 3], ["A:min7/b3", "N", "B"])
    assert augment.pitch(tone(220), RATE, truth, 3)[1].labels == ("C:min7/b3", "N", "B")
    assert augment.pitch(tone(220), RATE, truth, -2)[1].labels == ("G:min7/b3", "N", "B")
    assert augment.tempo(tone(220), RATE, truth, 1.1)[1].labels == truth.labels


def test_cover_spectra_adds_noise_and_takes_bins():
    torch.manual_seed(0)
    loud = torch.full((64, 1, 73, 20), 5.0)
    covered = augment.cover_spectra(loud)
    taken = (covered < 4.0).all(-1).any(-1).float().mean()
    assert 0.25 < taken < 0.75 and covered.shape == loud.shape
    assert (covered >= loud - 1e-3).float().mean() > 0.9
    silent = augment.cover_spectra(torch.zeros(64, 1, 73, 20))
    assert silent.min() > 0 and silent.mean() < 1.0
