"""Log constant-Q spectra: where a tone falls, how a transposition moves, how far a frame hears."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from solfeggio.frontends.log_cq import LogConstantQ

FRONT = LogConstantQ(22050, 2048)


def tone(midi: float, seconds: float = 4.0) -> torch.Tensor:
    return 0.5 * torch.sin(2 * torch.pi * 440 * 2 ** ((midi - 69) / 12) * torch.arange(int(22050 * seconds)) / 22050)


@pytest.mark.parametrize("midi", [36, 57, 69, 84])
def test_a_semitone_is_three_bins_from_c1(midi):
    assert int(FRONT(tone(midi)[None])[0, 0, :, 20].argmax()) == 3 * (midi - 24)


def test_a_transposed_tone_moves_its_spectrum_by_three_bins():
    low, high = (FRONT(tone(midi)[None])[0, 0, :, 20] for midi in (60, 61))
    assert torch.allclose(low[90:150], high[93:153], atol=0.15)


def test_a_frame_hears_no_further_than_its_reach():
    x = torch.zeros(1, 22050 * 8)
    x[0, 22050 * 4] = 1.0
    heard = np.flatnonzero(FRONT(x)[0, 0].amax(0) > 1e-4)
    distance = np.abs(FRONT.grid.times(heard) - 4).max()
    assert FRONT.reach - 0.3 < distance <= FRONT.reach
