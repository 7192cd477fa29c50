"""Clicks land on the sample, the accent stands out, and what is packed comes back in time."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from solfeggio.answers import Events
from solfeggio.errors import AudioError
from solfeggio.report.sound import bitrate, click, data_uri, mp3, with_click


def first_sound(samples: np.ndarray) -> int:
    return int(np.flatnonzero(np.abs(samples) > 1e-6)[0])


def test_click_starts_on_the_beat() -> None:
    track = click(Events([0.5]), 1.0, 22050)
    assert track.shape == (1, 22050) and track.dtype == np.float32
    assert first_sound(track[0]) - 11025 in (0, 1)  # the first sample of a sine is 0
    assert np.abs(track[0, 11025 + round(0.06 * 22050) :]).max() == 0


def test_downbeat_is_louder_and_higher() -> None:
    track = click(Events([0.1, 0.5], ["1", "2"]), 1.0, 44100)[0]
    accent, plain = track[4410 : 4410 + 2600], track[22050 : 22050 + 2600]
    assert np.abs(accent).max() > 1.4 * np.abs(plain).max()
    pitch = [np.abs(np.fft.rfft(part)).argmax() for part in (accent, plain)]
    assert pitch[0] > 1.4 * pitch[1]


def test_beats_outside_the_song_are_left_out() -> None:
    assert click(Events([5.0]), 1.0, 8000).max() == 0
    assert click(Events([0.999]), 1.0, 8000).shape == (1, 8000)
    assert click(Events.none(), 0.0, 8000).shape == (1, 0)


@pytest.mark.parametrize("level", [0.001, 1.0])
def test_mix_never_clips_and_follows_the_songs_level(level: float) -> None:
    song = level * np.sin(np.arange(16000) / 5, dtype=np.float32)[None].repeat(2, 0)
    mixed = with_click(song, 16000, Events([0.0, 0.5], ["1", "2"]))
    assert mixed.shape == song.shape and np.abs(mixed).max() <= 1
    assert np.abs(mixed - song).max() > 0.3 * level


def test_silent_and_broken_songs_still_get_clicks() -> None:
    mixed = with_click(np.full((1, 8000), np.nan, np.float32), 8000, Events([0.5]))
    assert np.isfinite(mixed).all() and np.abs(mixed[0, 4000:]).max() > 0.2


@pytest.mark.parametrize(("rate", "kbps"), [(44100, 112), (48000, 64), (22050, 64)])
def test_mp3_keeps_length_and_time(rate: int, kbps: int) -> None:
    song = click(Events([0.25]), 2.0, rate)
    packed = mp3((song[:, i : i + 5000] for i in range(0, song.shape[1], 5000)), rate, 1, kbps)
    back, _ = soundfile.read(io.BytesIO(packed), dtype="float32")
    assert len(back) == song.shape[1]
    assert np.argmax(np.correlate(back, song[0, : rate // 2], "valid")) == 0
    assert 0.85 * kbps < len(packed) * 8 / 2000 < 1.3 * kbps


def test_mp3_says_what_it_cannot_pack() -> None:
    with pytest.raises(AudioError, match="96000"):
        mp3([np.zeros((1, 10))], 96000, 1)
    with pytest.raises(AudioError, match="6 channels"):
        mp3([np.zeros((6, 10))], 44100, 6)
    with pytest.raises(AudioError, match="rate"):
        click(Events.none(), 1.0, 0)


def test_three_minutes_fit_into_four_megabytes() -> None:
    assert bitrate(180) * 1000 / 8 * 180 * 4 / 3 < 3.6e6
    assert bitrate(3600) * 1000 / 8 * 3600 * 4 / 3 < 40e6


def test_data_address() -> None:
    assert data_uri(b"abc", "audio/mpeg") == "data:audio/mpeg;base64,YWJj"
