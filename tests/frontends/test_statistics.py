"""Statistics of stretches of sound: shape, loudness apart, noise and tones, silence; vectors learned from them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from solfeggio.errors import ConfigError
from solfeggio.frontends.statistics import BROAD, CLIPPED, MelStatistics, Whitened

RATE = 22050
FRONT = MelStatistics(RATE, RATE)


def tone(seconds: float, hz: float = 440.0) -> torch.Tensor:
    return 0.2 * torch.sin(2 * torch.pi * hz * torch.arange(round(seconds * RATE)) / RATE)[None]


def noise(seconds: float, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(1, round(seconds * RATE), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("seconds, frames", [(0, 0), (0.5, 0), (0.6, 1), (1, 1), (1.5, 1), (1.6, 2), (10, 10)])
def test_a_frame_is_a_second_and_the_rest_of_half_a_second_is_left_out(seconds, frames):
    found = FRONT(noise(seconds))
    assert found.shape == (1, 1, 256, frames) == (1, 1, FRONT.size, frames)
    assert torch.isfinite(found).all()


def test_louder_is_the_same_but_for_the_loudness():
    quiet, loud = FRONT(0.3 * noise(3)), FRONT(noise(3))
    assert torch.allclose(quiet[:, :, :-2], loud[:, :, :-2], atol=1e-2)
    assert (loud[:, :, -2] > quiet[:, :, -2]).all()


def test_noise_is_flat_and_a_tone_is_not():
    flat = slice(-2 - BROAD, -2)
    assert FRONT(noise(2))[0, 0, flat].mean() > -1.0
    assert FRONT(tone(2))[0, 0, flat].amin() < FRONT(noise(2))[0, 0, flat].amin() - 1.0


def test_a_beat_rises_and_a_tone_does_not():
    steps = noise(4) * (torch.arange(4 * RATE) % (RATE // 4) < RATE // 16)
    rise = slice(160, 240)
    assert FRONT(steps)[0, 0, rise, 1:3].mean() > 1.5 * FRONT(noise(4))[0, 0, rise, 1:3].mean()
    assert FRONT(tone(4))[0, 0, rise, 1:3].mean() < 0.05


@pytest.mark.parametrize("level", [0.0, 0.3])
def test_silence_does_not_sound_nor_does_a_constant(level):
    assert (FRONT(torch.full((1, 5 * RATE), level))[0, 0, -1] < 0.1).all()
    assert (FRONT(1e-3 * noise(5))[0, 0, -1] < 0.1).all()
    assert (FRONT(tone(5))[0, 0, -1] == 1).all()


def test_stretches_do_not_touch_beyond_their_border():
    x = noise(6)
    whole, part = FRONT(x), FRONT(x[:, 2 * RATE : 5 * RATE])
    assert FRONT.reach == 1
    assert torch.allclose(whole[..., 3:4], part[..., 1:2], atol=1e-3)


@pytest.mark.parametrize("hop", [0, 500])
def test_a_hop_that_does_not_fit_is_refused(hop):
    with pytest.raises(ConfigError, match="441"):
        MelStatistics(RATE, hop)


def test_vectors_are_white_and_bounded():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(4000, 3)) @ rng.normal(size=(3, 6)) * 5 + 2
    net = Whitened(6, 3)
    net.learn(rows)
    vectors = net(torch.from_numpy(rows.T).float()[None, None])[0].numpy()
    np.testing.assert_allclose(np.cov(vectors.T), np.eye(3), atol=0.02)
    np.testing.assert_allclose(vectors.mean(0), 0, atol=0.02)
    assert net(torch.full((1, 1, 6, 2), 1e6)).abs().max() <= CLIPPED
    again = Whitened(6, 3)
    again.load_state_dict(net.state_dict())
    assert torch.equal(again.basis, net.basis)


def test_vectors_of_too_little_are_refused():
    with pytest.raises(ConfigError, match="at least two"):
        Whitened(4, 2).learn(np.zeros((1, 4)))
    with pytest.raises(ConfigError, match="4"):
        Whitened(4, 5)
