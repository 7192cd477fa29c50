"""STFT: equal to librosa's, frames centred where the grid says, amplitude read off the peak."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from solfeggio.errors import ConfigError
from solfeggio.frontends.stft import ComplexStft, Stft

WINDOWS = [512, 1024, 2048, 4096]


@pytest.mark.oracle
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.filterwarnings("ignore:n_fft")
@pytest.mark.parametrize("length", [1, 441, 5000, 22050])
def test_equals_librosa(window, length):
    librosa = pytest.importorskip("librosa")
    x = np.random.default_rng(length).normal(0, 0.3, length).astype(np.float32)
    ours = Stft(22050, window, 441)(torch.from_numpy(x)[None])[0, 0].numpy()
    theirs = np.abs(librosa.stft(x, n_fft=window, hop_length=441, center=True, pad_mode="constant"))
    weight = librosa.filters.get_window("hann", window).sum()
    np.testing.assert_allclose(ours, theirs[:, : ours.shape[1]] / weight, atol=1e-6)


@given(st.integers(1, 5000), st.sampled_from(WINDOWS), st.sampled_from([100, 220, 441, 512]))
@settings(max_examples=40, deadline=None)
def test_one_frame_for_each_hop_begun(length, window, hop):
    stft = Stft(22050, window, hop)
    out = stft(torch.zeros(2, length))
    assert out.shape == (2, 1, window // 2 + 1, -(-length // hop))
    assert out.shape[-1] == stft.grid.count(length / 22050)
    assert len(stft.bins_hz) == out.shape[2]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("frame", [0, 1, 7, 24])
def test_an_impulse_is_loudest_in_the_frame_centred_on_it(window, frame):
    x = torch.zeros(1, 22050)
    x[0, frame * 441] = 1
    loud = Stft(22050, window, 441)(x)[0, 0].sum(0)
    assert int(loud.argmax()) == frame
    inside = [loud[frame + d] for d in (-2, -1, 1, 2) if frame + d >= 0]
    if frame >= 2:
        assert torch.allclose(inside[1], inside[2], rtol=1e-4)  # centred: the same on both sides
        assert torch.allclose(inside[0], inside[3], rtol=1e-4)


@pytest.mark.parametrize("window", WINDOWS)
def test_a_full_scale_sine_peaks_at_half_in_its_bin_whatever_the_window(window):
    stft = Stft(22050, window, 441)
    hz = 22050 / window * (window // 16)
    x = torch.sin(2 * torch.pi * hz * torch.arange(22050, dtype=torch.float64) / 22050).float()[None]
    spectrum = stft(x)[0, 0, :, 25]
    assert float(spectrum.max()) == pytest.approx(0.5, abs=1e-3)
    assert float(stft.bins_hz[spectrum.argmax()]) == pytest.approx(hz)


def test_gain_scales_and_silence_is_zero():
    stft = Stft(22050, 1024, 441)
    x = torch.randn(1, 5000, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(stft(3 * x), 3 * stft(x), rtol=1e-4)
    assert not stft(torch.zeros(1, 5000)).any()


def test_items_of_a_batch_do_not_mix_and_nothing_is_stored_in_weights():
    stft = Stft(22050, 1024, 441)
    x = torch.randn(3, 3000, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(stft(x)[1:2], stft(x[1:2]), atol=1e-7)
    assert not stft.state_dict()


@given(st.integers(1, 9000), st.sampled_from([512, 1024, 2048]), st.sampled_from([0.25, 1 / 3, 0.2]))
@settings(max_examples=40, deadline=None)
def test_complex_spectra_are_those_of_the_magnitudes_and_give_the_sound_back(length, window, share):
    hop = int(window * share)
    x = torch.from_numpy(np.random.default_rng(length).normal(0, 0.3, (2, length)).astype(np.float32))
    stft = ComplexStft(22050, window, hop)
    spectra = stft(x)
    assert torch.allclose(spectra.abs(), Stft(22050, window, hop)(x)[:, 0], atol=1e-5)
    assert torch.allclose(stft.inverse(spectra, length), x, atol=1e-4)
    assert spectra.shape[-1] == stft.grid.count(length / 22050)


def test_a_window_that_does_not_overlap_is_refused():
    with pytest.raises(ConfigError, match="overlap"):
        ComplexStft(44100, 1024, 512)
