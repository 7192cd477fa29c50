"""Log spectra and rectified differences: shapes, physics, and a numpy version written by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from solfeggio.frontends.mel import log_filters, pitch_filters
from solfeggio.frontends.spectra import LogSpectra, difference_lag, rectified_difference

WINDOWS = (1024, 4096)


def stacked() -> LogSpectra:
    return LogSpectra(22050, 441, WINDOWS, [pitch_filters(22050, w, 12, 55.0, 72) for w in WINDOWS])


def joined() -> LogSpectra:
    return LogSpectra(22050, 441, WINDOWS, [log_filters(22050, w, 6, 30, 9000) for w in WINDOWS])


def test_equal_bands_become_channels_others_follow_each_other():
    x = torch.zeros(2, 1000)
    assert stacked()(x).shape == (2, 2, 72, 3)
    sizes = [len(log_filters(22050, w, 6, 30, 9000)[1]) for w in WINDOWS]
    assert joined()(x).shape == (2, 1, sum(sizes), 3)
    assert (stacked().channels, joined().channels) == (2, 1)
    assert [len(f.bins_hz) for f in (stacked(), joined())] == [72, sum(sizes)]


def test_a_tone_peaks_in_its_band_for_every_window():
    front = stacked()
    x = torch.sin(2 * torch.pi * 440 * torch.arange(22050) / 22050)[None]
    peak = front(x)[0, :, :, 25].argmax(1)
    assert [float(front.bins_hz[i]) for i in peak] == pytest.approx([440, 440])


def test_an_impulse_rises_in_its_frame_or_up_to_half_a_window_before():
    x = torch.zeros(1, 22050)
    x[0, 20 * 441] = 1
    spectra = stacked()(x)[0].sum(1)
    assert spectra.argmax(1).tolist() == [20, 20]
    assert not spectra[0, :18].any()  # half of 1024 samples is 1.2 frames
    assert not spectra[1, :15].any()  # half of 4096 is 4.6


def test_gain_is_gain_on_magnitudes_under_the_logarithm():
    front = stacked()
    x = torch.randn(1, 4000, generator=torch.Generator().manual_seed(0)) * 0.1
    assert torch.allclose(torch.expm1(front(2 * x)), 2 * torch.expm1(front(x)), rtol=1e-3, atol=1e-3)
    assert not front(torch.zeros(1, 4000)).any()
    assert (front(x) >= 0).all()


spectra = hnp.arrays(
    np.float32,
    st.tuples(*[st.integers(1, 2)] * 2, st.integers(1, 5), st.integers(1, 12)),
    elements=st.floats(0, 8, width=32),
)


@given(spectra, st.data())
def test_difference_equals_the_loop_by_hand(x, data):
    lags = data.draw(st.lists(st.integers(1, 4), min_size=x.shape[2], max_size=x.shape[2]))
    want = np.zeros_like(x)
    for b in range(x.shape[2]):
        for t in range(x.shape[3]):
            before = x[:, :, b, t - lags[b]] if t >= lags[b] else 0
            want[:, :, b, t] = np.maximum(x[:, :, b, t] - before, 0)
    np.testing.assert_array_equal(rectified_difference(torch.from_numpy(x), lags).numpy(), want)
    same = [lags[0]] * x.shape[2]
    tensor = torch.from_numpy(x)
    assert torch.equal(rectified_difference(tensor, lags[0]), rectified_difference(tensor, same))


@pytest.mark.parametrize(("window", "lag"), [(1024, 1), (2048, 1), (4096, 2), (8192, 5)])
def test_lag_of_the_published_windows_at_100_frames(window, lag):
    assert difference_lag(window, 441) == lag


@given(st.integers(64, 8192), st.integers(32, 1024), st.floats(0.05, 0.95))
def test_lag_is_the_distance_from_the_middle_to_the_first_sample_above_the_ratio(window, hop, ratio):
    hann = np.hanning(window)
    first = int(np.argmax(hann > ratio))
    assert abs(difference_lag(window, hop, ratio) - max(1, (window / 2 - first) / hop)) <= 0.5 + 1e-9
