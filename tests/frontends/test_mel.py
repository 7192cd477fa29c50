"""Filters: mel equal to librosa's, Boeck's bands, pitch bands that move one row a semitone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solfeggio.errors import ConfigError
from solfeggio.frontends.mel import hz_to_mel, log_filters, mel_filters, mel_to_hz, pitch_filters


def spectrum(hz: float, rate: int, window: int) -> np.ndarray:
    x = np.sin(2 * np.pi * hz * np.arange(window) / rate) * np.hanning(window + 1)[:-1]
    return np.abs(np.fft.rfft(x)) / (window / 2)


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("rate", "window", "bins", "low", "high"), [(22050, 1024, 64, 30, 11025), (44100, 2048, 80, 0, 16000)]
)
def test_mel_equals_librosa(rate, window, bins, low, high):
    librosa = pytest.importorskip("librosa")
    ours, centres = mel_filters(rate, window, bins, low, high)
    theirs = librosa.filters.mel(sr=rate, n_fft=window, n_mels=bins, fmin=low, fmax=high, htk=False, norm="slaney")
    np.testing.assert_allclose(ours, theirs, atol=1e-7)
    np.testing.assert_allclose(centres, librosa.mel_frequencies(bins + 2, fmin=low, fmax=high)[1:-1], rtol=1e-9)


@pytest.mark.oracle
def test_mel_scale_equals_librosa():
    librosa = pytest.importorskip("librosa")
    hz = np.linspace(0, 20000, 500)
    np.testing.assert_allclose(hz_to_mel(hz), librosa.hz_to_mel(hz), rtol=1e-9)


@given(st.floats(0, 30000))
def test_mel_scale_inverts(hz):
    assert float(mel_to_hz(hz_to_mel(hz))) == pytest.approx(hz, rel=1e-9, abs=1e-9)


@given(
    st.sampled_from([22050, 44100]),
    st.sampled_from([1024, 2048, 4096]),
    st.sampled_from([3, 6, 12]),
    st.floats(25, 100),
)
def test_log_filters_sum_to_one_rise_and_fall_and_have_distinct_centres(rate, window, per_octave, low):
    matrix, hz = log_filters(rate, window, per_octave, low, rate * 0.4)
    assert matrix.shape == (len(hz), window // 2 + 1)
    np.testing.assert_allclose(matrix.sum(1), 1)
    assert (matrix >= 0).all()
    assert (np.diff(hz) > 0).all()
    np.testing.assert_array_equal(matrix.argmax(1) * rate / window, hz)
    high = hz[hz > 20 * rate / window]  # where the FFT is fine enough the centres lie on 440 * 2^(k / n)
    steps = per_octave * np.log2(high / 440)
    assert (np.abs(steps - np.round(steps)) < per_octave * np.log2(1 + 0.5 / 20)).all()


def test_boecks_bands_have_the_published_sizes_or_nearly():
    sizes = [len(log_filters(44100, window, 6, 30, 17000)[1]) for window in (1024, 2048, 4096)]
    assert sizes == sorted(sizes)
    assert sum(sizes) == 136  # the parameter count of BOECK2011 follows from it


def test_log_filters_refuse_what_the_fft_cannot_tell_apart():
    with pytest.raises(ConfigError):
        log_filters(44100, 64, 3, 30, 200)


@pytest.mark.parametrize("window", [1024, 4096])
@pytest.mark.parametrize("per_octave", [12, 24])
def test_pitch_filters_sum_to_one_around_their_centres(window, per_octave):
    matrix, hz = pitch_filters(22050, window, per_octave, 32.703, 8 * per_octave)
    np.testing.assert_allclose(matrix.sum(1), 1)
    np.testing.assert_allclose(hz[1:] / hz[:-1], 2 ** (1 / per_octave))
    fft_hz = np.arange(window // 2 + 1) * 22050 / window
    reach = np.maximum(hz * (2 ** (1 / per_octave) - 1), 22050 / window)
    assert (np.abs(matrix @ fft_hz - hz) <= reach / 2).all()
    assert not matrix[np.abs(fft_hz - hz[:, None]) > reach[:, None] + 1e-9].any()


@pytest.mark.parametrize(("window", "from_hz"), [(1024, 800), (4096, 200)])
def test_a_semitone_moves_the_peak_by_one_band(window, from_hz):
    matrix, hz = pitch_filters(22050, window, 12, 32.703, 96)
    for band in np.flatnonzero(hz > from_hz)[1:-1]:
        assert int((matrix @ spectrum(hz[band], 22050, window)).argmax()) == band


@pytest.mark.parametrize("window", [1024, 2048, 4096])
def test_440_hz_peaks_in_the_band_nearest_to_it(window):
    banks = (pitch_filters(22050, window, 12, 55.0, 72), mel_filters(22050, window, 40, 30, 8000))
    for matrix, hz in (*banks, log_filters(22050, window, 6, 30, 9000)):
        band = int((matrix @ spectrum(440.0, 22050, window)).argmax())
        assert abs(band - int(np.abs(hz - 440).argmin())) <= (1 if window == 1024 else 0)


def test_bands_above_half_the_rate_are_refused():
    with pytest.raises(ConfigError):
        pitch_filters(22050, 1024, 12, 32.703, 120)
