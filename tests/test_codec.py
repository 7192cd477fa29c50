from __future__ import annotations

import numpy as np
import pytest

from solfeggio import codec
from solfeggio.errors import ConfigError


def _music(rate: int, seconds: float = 3.0) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    rng = np.random.default_rng(0)
    tone = np.sin(2 * np.pi * 220 * time) * np.exp(-6 * (time % 0.5)) * 0.3
    knock = rng.standard_normal(len(time)) * np.exp(-60 * (time % 0.25)) * 0.2
    return np.stack([tone + knock, tone - 0.5 * knock]).astype(np.float32)


@pytest.mark.parametrize("name", codec.names())
@pytest.mark.parametrize("rate", [8000, 22050, 44100, 96000])
def test_what_comes_back_is_not_late(name, rate):
    sent = _music(rate)
    back = codec.round_trip(sent, rate, name, 0.7)
    assert back.shape == sent.shape and back.dtype == np.float32
    size = 1 << 18
    match = np.fft.irfft(np.fft.rfft(back[0], size) * np.conj(np.fft.rfft(sent[0], size)), size)
    lag = int(np.argmax(match))
    assert min(lag, size - lag) <= 1
    assert np.corrcoef(back[0], sent[0])[0, 1] > 0.9


def test_a_delay_of_the_codec_is_taken_out(monkeypatch):
    honest = codec._coded

    def late(samples, rate, name, quality):
        return np.concatenate([np.zeros((2, 700), np.float32), honest(samples, rate, name, quality)], 1)

    sent = _music(22050)
    straight = codec.round_trip(sent, 22050, "ogg", 0.7)
    codec._delay.cache_clear()
    monkeypatch.setattr(codec, "_coded", late)
    try:
        assert np.allclose(codec.round_trip(sent, 22050, "ogg", 0.7), straight, atol=1e-6)
    finally:
        codec._delay.cache_clear()


@pytest.mark.parametrize("name", codec.names())
@pytest.mark.parametrize("quality", [0.0, 0.3, 1.0])
def test_no_quality_moves_the_music(name, quality):
    sent = _music(22050)
    back = codec.round_trip(sent, 22050, name, quality)
    size = 1 << 17
    match = np.fft.irfft(np.fft.rfft(back[0], size) * np.conj(np.fft.rfft(sent[0], size)), size)
    lag = int(np.argmax(match))
    assert min(lag, size - lag) <= 22  # 1 ms


@pytest.mark.parametrize("name", codec.names())
def test_next_to_nothing_survives(name):
    for n in (0, 1, 300):
        assert codec.round_trip(np.zeros((1, n), np.float32), 22050, name).shape == (1, n)


def test_long_ogg_survives():
    assert codec.round_trip(_music(22050, 120), 22050, "ogg", 0.2).shape == (2, 120 * 22050)


def test_quality_matters():
    sent = _music(22050)
    poor, good = (np.mean((codec.round_trip(sent, 22050, "ogg", q) - sent) ** 2) for q in (0.0, 1.0))
    assert good < poor


def test_an_unknown_codec_is_named():
    with pytest.raises(ConfigError, match="unknown codec 'mp4'"):
        codec.round_trip(np.zeros((2, 100), np.float32), 22050, "mp4")
