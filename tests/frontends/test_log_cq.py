"""Log constant-Q spectra: where a tone falls, how a transposition moves, tuning, how far a frame hears."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from solfeggio.frontends.log_cq import LogConstantQ

FRONT = LogConstantQ(22050, 2048)


def tone(midi: float, seconds: float = 4.0) -> torch.Tensor:
    return 0.5 * torch.sin(2 * torch.pi * 440 * 2 ** ((midi - 69) / 12) * torch.arange(int(22050 * seconds)) / 22050)


@pytest.mark.parametrize("midi", [36, 57, 69, 84])
def test_a_semitone_is_three_bins_of_which_the_middle_is_in_tune(midi):
    assert int(FRONT(tone(midi)[None])[0, 0, :, 20].argmax()) == 3 * (midi - 24) + 1


def test_a_transposed_tone_moves_its_spectrum_by_three_bins():
    low, high = (FRONT(tone(midi)[None])[0, 0, :, 20] for midi in (60, 61))
    assert torch.allclose(low[90:150], high[93:153], atol=0.15)


def test_a_tone_out_of_tune_is_put_in_tune_unless_that_is_off():
    plain = LogConstantQ(22050, 2048, tuning_reach=0)
    pure = plain(tone(60)[None])[0, 0, :, 20]
    away = plain(tone(60.3)[None])[0, 0, :, 20]
    back = FRONT(tone(60.3)[None])[0, 0, :, 20]
    assert (back - pure).abs().mean() < 0.25 * (away - pure).abs().mean()


@pytest.mark.parametrize("tuning_reach", [0.0, 1.0])
def test_a_frame_hears_no_further_than_its_reach(tuning_reach):
    front = LogConstantQ(22050, 2048, tuning_reach=tuning_reach)
    x = 0.01 * torch.randn(1, 22050 * 12, generator=torch.Generator().manual_seed(0))
    y = x.clone()
    y[0, 22050 * 6] += 1.0
    changed = np.flatnonzero((front(y) - front(x))[0, 0].abs().amax(0) > 1e-4)
    distance = np.abs(front.grid.times(changed) - 6).max()
    assert front.reach - 1.8 < distance <= front.reach
