"""Separation of whole recordings: any length, rate and number of channels; stems and residual are the mix."""

from __future__ import annotations

import dataclasses
import tracemalloc

import numpy as np
import pytest

import solfeggio
from solfeggio import audio, run, separating
from solfeggio.answers import Stems
from solfeggio.errors import AudioError, ConfigError, SolfeggioError

pytestmark = pytest.mark.usefixtures("toys")
RATE = 8000


def song(seconds: float = 5.0, rate: int = RATE, channels: int = 2, seed: int = 0) -> np.ndarray:
    """Noise that comes and goes, other noise in each channel."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(seed).normal(0, 0.2, (channels, len(time)))
    return (noise * np.sin(2 * np.pi * 0.7 * time) ** 2).astype(np.float32)


def close(stems: Stems, mix: np.ndarray) -> None:
    assert stems.samples.shape[1:] == mix.shape == stems.residual.shape
    np.testing.assert_allclose(stems.mix(), mix, atol=2e-7)


@pytest.mark.parametrize("seconds", [0.0, 1 / RATE, 0.01, 0.999, 2.0, 7.77])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_stems_and_residual_are_the_mix_at_any_length(seconds, channels):
    mix = song(seconds, channels=channels)
    stems = run.separate(run.build("split"), mix, RATE)
    assert stems.labels == ("low", "high") and stems.rate == RATE
    close(stems, mix)


@pytest.mark.parametrize("rate", [8000, 11025, 44100, 6000])
@pytest.mark.parametrize("channels", [1, 2])
def test_stems_are_as_fast_and_as_long_as_the_recording(rate, channels):
    mix = song(3.3333, rate, channels)
    stems = run.separate(run.build("split"), mix, rate)
    assert stems.rate == rate
    close(stems, mix)
    power = np.abs(np.fft.rfft(stems["low"][0])) ** 2
    hz = np.fft.rfftfreq(mix.shape[1], 1 / rate)
    assert power[hz > 1100].sum() < 0.02 * power.sum()
    if rate > 9000:  # what the system cannot hear is nobody's
        above = np.abs(np.fft.rfft(stems.residual[0])) ** 2
        assert above[hz > 3600].sum() > 0.95 * above.sum()


@pytest.mark.parametrize("window,seen", [(0.5, 1), (1.0, 3), (2.0, 0), (0.1, 2)])
def test_windows_leave_no_trace(window, seen):
    mix = song(6.1)
    whole = run.build("split", {"window": 60.0, "seen": seen, "gate": 1e-2})
    want = separating.apart(whole, mix)
    for sizes in ([len(mix[0])], [777] * 100, [9000, 1, 30000, 20000]):
        edges = np.clip(np.cumsum([0, *sizes]), 0, mix.shape[1])
        pieces = [mix[:, a:b] for a, b in zip(edges, [*edges[1:], mix.shape[1]], strict=True)]
        system = run.build("split", {"window": window, "seen": seen, "gate": 1e-2})
        got = np.concatenate(list(separating.windows(system, pieces)), -1)
        np.testing.assert_allclose(got, want, atol=2e-6)


def test_a_border_that_is_too_short_would_be_noticed_and_is_faded():
    time = np.arange(6 * RATE) / RATE
    mix = (np.sin(2 * np.pi * 100 * time) * 0.3 ** np.sin(5 * time))[None].repeat(2, 0).astype(np.float32)
    system = run.build("split", {"window": 1.0, "seen": 60, "gate": 1e-2})
    want = separating.apart(system, mix)
    system.spec = dataclasses.replace(system.spec, border=0.2)
    wrong = np.concatenate(list(separating.windows(system, [mix])), -1) - want
    assert np.abs(wrong).max() > 1e-2
    assert np.abs(np.diff(wrong)).max() < 0.15 * np.abs(wrong).max()  # no step; the tone itself takes 0.08


def test_silence_stays_silent_and_is_not_computed(monkeypatch):
    system = run.build("split")
    monkeypatch.setattr(type(system), "forward", lambda *_: pytest.fail("silence was computed"))
    stems = run.separate(system, np.zeros((2, 30_000), np.float32), RATE)
    assert not stems.samples.any() and not stems.residual.any()


def test_a_mono_recording_is_both_channels_alike():
    system = run.build("split")
    mix = song(2.0, channels=1)
    mono, stereo = run.separate(system, mix, RATE), run.separate(system, np.repeat(mix, 2, 0), RATE)
    np.testing.assert_allclose(mono.samples, stereo.samples[:, :1], atol=1e-6)
    one = run.build("split", {"channels": 1})
    two = run.separate(one, song(2.0), RATE)
    np.testing.assert_allclose(two.samples[:, 1:], run.separate(one, song(2.0)[1:], RATE).samples, atol=1e-6)


def test_files_are_separated_as_arrays_are(tmp_path):
    mix = song(25.0, 11025)
    audio.write(tmp_path / "a.wav", mix, 11025)
    seconds = []
    stems = run.separate(run.build("split"), tmp_path / "a.wav", progress=seconds.append)
    again = solfeggio.separate(run.build("split"), mix, 11025)
    close(stems, mix)
    np.testing.assert_array_equal(stems.samples, again.samples)
    assert sum(seconds) == pytest.approx(25.0) and len(seconds) == 3


def test_memory_does_not_grow_with_length(tmp_path):
    system = run.build("split")

    def peak(seconds):
        audio.write(tmp_path / "a.wav", song(seconds), RATE)
        tracemalloc.start()
        count = sum(stems.shape[-1] for stems, _ in separating.parts(system, tmp_path / "a.wav"))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count == round(seconds * RATE)
        return used

    assert peak(120.0) < 1.3 * peak(40.0)


def test_hear_separates_too(split_home):
    mix = song(1.0)
    assert run.hear(run.load(split_home), mix, RATE) == run.separate(split_home, mix, RATE, device="cpu")


def test_options_reach_the_system_and_unknown_ones_are_named():
    system, mix = run.build("split"), song(1.0)
    half, all_of_it = run.separate(system, mix, RATE, quiet=0.5), run.separate(system, mix, RATE)
    np.testing.assert_allclose(half.samples, 0.5 * all_of_it.samples, atol=1e-6)
    with pytest.raises(ConfigError, match="quite"):
        run.separate(system, mix, RATE, quite=0.5)


def test_what_cannot_be_separated_is_said_in_one_line(tmp_path, beats_home):
    system = run.build("split")
    spoilt = song(1.0)
    spoilt[1, 77] = np.nan
    with pytest.raises(ConfigError, match="NaN"):
        run.separate(system, spoilt, RATE)
    with pytest.raises(ConfigError, match="rate"):
        run.separate(system, song(1.0))
    with pytest.raises(ConfigError, match="transpose"):
        run.separate(system, song(1.0).T, RATE)
    with pytest.raises(AudioError, match=r"no\.wav"):
        run.separate(system, tmp_path / "no.wav")
    with pytest.raises(SolfeggioError, match="stemz"):
        run.separate("stemz", song(1.0), RATE)
    with pytest.raises(ConfigError, match="does not separate"):
        run.separate("beats", song(1.0), RATE, device="cpu")
    with pytest.raises(ConfigError, match="cannot stream"):
        run.stream(system, RATE)
