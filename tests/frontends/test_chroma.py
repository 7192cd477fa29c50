from __future__ import annotations

import numpy as np
import pytest
import torch

from solfeggio.errors import ConfigError
from solfeggio.frontends.chroma import Chroma, drifting_tuning, estimate_tuning, fold, retune, tuning
from solfeggio.frontends.constant_q import ConstantQ

RATE = 22050


def chord(pitches: list[int], cents: float = 0.0, seconds: float = 3.0) -> torch.Tensor:
    time = torch.arange(round(seconds * RATE), dtype=torch.float64) / RATE
    hz = [440 * 2 ** ((p - 69 + cents / 100) / 12) for p in pitches]
    return sum(torch.sin(2 * torch.pi * f * k * time) / k for f in hz for k in (1, 2, 3)).float()[None] * 0.1  # type: ignore[union-attr]


@pytest.mark.parametrize("root", range(12))
def test_a_triad_is_its_three_pitch_classes(root):
    chroma = Chroma(RATE, 2048)(chord([48 + root, 52 + root, 55 + root]))[0, 0, :, 10]
    assert set(chroma.topk(3).indices.tolist()) == {root, (root + 4) % 12, (root + 7) % 12}
    assert float(chroma.max()) == pytest.approx(1, abs=1e-2)


@pytest.mark.parametrize("cents", [-45, -31, 0, 7, 20, 44])
def test_tuning_is_heard_and_corrected(cents):
    samples = chord([45, 57, 61, 64], cents)
    assert estimate_tuning(samples, RATE) == pytest.approx(cents, abs=3)
    away = Chroma(RATE, 2048, tuning_cents=cents, scale=0)(samples)[0, 0, :, 10]
    plain = Chroma(RATE, 2048, scale=0)(chord([45, 57, 61, 64]))[0, 0, :, 10]
    torch.testing.assert_close(away, plain, atol=0.03, rtol=0)


def test_tuning_that_drifts_is_followed_and_bins_read_there():
    front = ConstantQ(RATE, 2048, 110.0, 4 * 36, 36)
    low, high = (front(chord([57, 61, 64], cents, 12.0)) for cents in (-30, 20))
    half = low.shape[-1] // 2
    spectra = torch.cat([low[..., :half], high[..., half:]], -1)
    cents = drifting_tuning(spectra[:, 0], 36, 9, reach_frames=20)
    assert cents.shape == (1, spectra.shape[-1])
    assert cents[0, 10:30].mean() == pytest.approx(-30, abs=3) and cents[0, -30:-10].mean() == pytest.approx(20, abs=3)
    assert (cents[0].diff()[half - 15 : half + 15] >= -1e-3).all()  # from one to the other without a leap back
    plain = front(chord([57, 61, 64], 0, 12.0))
    inner = slice(30, half - 30)
    torch.testing.assert_close(retune(spectra, 36, cents)[..., inner], plain[..., inner], atol=0.02, rtol=0)
    assert not drifting_tuning(torch.zeros(1, 60, 9), 36).any()


def test_silence_has_no_tuning_and_no_pitch_class():
    assert estimate_tuning(torch.zeros(1, RATE), RATE) == 0
    assert not Chroma(RATE, 2048)(torch.zeros(1, RATE)).max() > 1e-2


def test_folding_keeps_energy_and_refuses_other_divisions():
    spectra = torch.rand(1, 1, 36 * 3, 4)
    assert fold(spectra, 36).sum() == pytest.approx(float(spectra.sum()), rel=1e-5)
    assert fold(torch.rand(1, 1, 24 * 2, 3), 24).shape == (1, 1, 12, 3)
    with pytest.raises(ConfigError, match="multiples of 12"):
        fold(spectra, 10)
    with pytest.raises(ConfigError, match="36 or more"):
        tuning(np.ones((24, 3)), 24)


@pytest.mark.oracle
def test_tuning_agrees_with_librosa():
    librosa = pytest.importorskip("librosa")
    samples = chord([50, 57, 62, 66], 17)
    theirs = 100 * librosa.estimate_tuning(y=samples[0].numpy(), sr=RATE)
    assert estimate_tuning(samples, RATE) == pytest.approx(theirs, abs=4)
