from __future__ import annotations

import numpy as np
import pytest
import torch

from solfeggio.errors import ConfigError
from solfeggio.frontends.constant_q import ConstantQ

RATE = 22050


def tone(hz: float, seconds: float = 2.0, rate: int = RATE) -> torch.Tensor:
    return torch.sin(2 * torch.pi * hz * torch.arange(round(seconds * rate), dtype=torch.float64) / rate).float()[None]


@pytest.mark.parametrize("hop", [512, 441, 2048])
@pytest.mark.parametrize("hz", [65.406, 261.63, 1046.5, 3951.07])
def test_a_tone_peaks_in_its_bin_at_half_its_amplitude(hop, hz):
    front = ConstantQ(RATE, hop, 32.703, 96, 12)
    spectra = front(tone(hz))[0, 0]
    middle = spectra[:, spectra.shape[1] // 2]
    assert int(middle.argmax()) == int(np.abs(np.log(front.bins_hz.numpy() / hz)).argmin())
    assert float(middle.max()) == pytest.approx(0.5, abs=0.01)
    assert spectra.shape[1] == -(-2 * RATE // hop) == front.grid.count(2.0)


def test_frames_are_centred_on_their_samples():
    click = torch.zeros(1, RATE)
    click[0, 8 * 512] = 1
    spectra = ConstantQ(RATE, 512, 110, 60, 12)(click)[0, 0]
    assert (spectra.argmax(1) == 8).all()


def test_harmonics_are_the_transform_from_a_multiple_of_the_lowest_bin():
    noise = torch.randn(2, RATE, generator=torch.Generator().manual_seed(0))
    stacked = ConstantQ(RATE, 512, 65.4, 60, 12, harmonics=(0.5, 1, 3))(noise)
    assert stacked.shape[:3] == (2, 3, 60)
    for channel, harmonic in enumerate((0.5, 1, 3)):
        alone = ConstantQ(RATE, 512, 65.4 * harmonic, 60, 12)(noise)
        torch.testing.assert_close(stacked[:, channel], alone[:, 0], rtol=2e-3, atol=2e-5)
    high = ConstantQ(RATE, 512, 440, 48, 12, harmonics=(1, 5))(noise)
    assert (high[0, 1, -1] <= 1e-9).all() and (high[0, 1, 0] > 0).any()


def test_tuning_moves_every_bin():
    sharp = ConstantQ(RATE, 512, 55, 48, 12, tuning_cents=40)
    hz = float(sharp.bins_hz[24])
    assert hz == pytest.approx(220 * 2 ** (0.4 / 12))
    assert float(sharp(tone(hz))[0, 0, 24, 30]) == pytest.approx(0.5, abs=0.01)


def test_gradients_reach_the_samples_even_from_silence():
    samples = torch.cat([torch.zeros(1, 4096), tone(440, 0.3)], 1).requires_grad_()
    ConstantQ(RATE, 512, 110, 48, 12)(samples).sum().backward()
    assert torch.isfinite(samples.grad).all() and samples.grad.abs().sum() > 0


def test_what_cannot_be_is_refused():
    for low, bins in ((0.0, 12), (440.0, 80), (440.0, 0)):
        with pytest.raises(ConfigError):
            ConstantQ(RATE, 512, low, bins, 12)
    assert ConstantQ(RATE, 512, 110, 12, 12)(torch.zeros(1, 10)).shape == (1, 1, 12, 1)


@pytest.mark.oracle
@pytest.mark.parametrize(("per_octave", "gamma", "tolerance"), [(12, 0.0, 0.02), (36, 0.0, 0.02), (24, None, 0.05)])
def test_equal_to_librosa(per_octave, gamma, tolerance):
    librosa = pytest.importorskip("librosa")
    time = np.arange(4 * RATE) / RATE
    rng = np.random.default_rng(0)
    samples = sum(np.sin(2 * np.pi * hz * time * (1 + 0.02 * time)) for hz in (70, 311, 900, 2500)) / 8
    samples = (samples + 0.01 * rng.standard_normal(len(time))).astype(np.float32)
    low = float(librosa.note_to_hz("C1"))
    front = ConstantQ(RATE, 512, low, 7 * per_octave, per_octave, gamma=gamma)
    ours = front(torch.from_numpy(samples)[None])[0, 0].numpy() * np.sqrt(front.lengths[0].numpy())[:, None]
    theirs = np.abs(
        librosa.vqt(
            samples, sr=RATE, fmin=low, n_bins=7 * per_octave, bins_per_octave=per_octave, gamma=gamma, tuning=0
        )
    )
    frames = slice(20, 150)  # the edges are padded differently
    assert np.linalg.norm(ours[:, frames] - theirs[:, frames]) < tolerance * np.linalg.norm(theirs[:, frames])


@pytest.mark.oracle
def test_equal_to_nnaudio():
    features = pytest.importorskip("nnAudio.features.cqt")
    samples = tone(311.13, 4.0) + 0.5 * tone(1244.5, 4.0)
    front = ConstantQ(RATE, 512, 32.703, 84, 12)
    ours = front(samples)[0, 0].numpy() * np.sqrt(front.lengths[0].numpy())[:, None]
    theirs = features.CQT1992v2(sr=RATE, hop_length=512, fmin=32.703, n_bins=84, verbose=False)(samples)[0].numpy()
    frames = slice(20, 150)
    assert np.linalg.norm(ours[:, frames] - theirs[:, frames]) < 0.03 * np.linalg.norm(theirs[:, frames])
