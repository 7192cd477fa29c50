"""Sound on disk: what is written is read, whole or in blocks; whatever is wrong is said in one line."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import soundfile
import soxr

from solfeggio import audio
from solfeggio.errors import AudioError, ConfigError


def noise(channels: int, samples: int, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal((channels, samples))).astype(np.float32)


def lag(a: np.ndarray, b: np.ndarray) -> int:
    """Samples by which ``b`` is later than ``a``, from their correlation."""
    size = 1 << (len(a) + len(b)).bit_length()
    product = np.fft.irfft(np.fft.rfft(b, size) * np.conj(np.fft.rfft(a, size)), size)
    at = int(product.argmax())
    return at - size if at > size // 2 else at


def says(caught: pytest.ExceptionInfo[Exception], *words: str) -> None:
    line = str(caught.value)
    assert "\n" not in line
    for word in words:
        assert word in line


@pytest.mark.parametrize(
    ("channels", "rate", "samples"), [(1, 44100, 1), (2, 8000, 9001), (6, 192000, 4001), (1, 44101, 20000)]
)
@pytest.mark.parametrize("suffix", [".wav", ".aiff", ".flac"])
def test_lossless_files_come_back(tmp_path, suffix, channels, rate, samples):
    sound = noise(channels, samples)
    audio.write(tmp_path / f"a{suffix}", sound, rate)
    got, got_rate = audio.read(tmp_path / f"a{suffix}")
    assert got.dtype == np.float32 and got_rate == rate and got.shape == sound.shape
    np.testing.assert_allclose(got, sound, atol=0 if suffix != ".flac" else 2**-23)
    what = audio.info(tmp_path / f"a{suffix}")
    assert (what.rate, what.channels, what.seconds) == (rate, channels, samples / rate)


@pytest.mark.parametrize("suffix", [".ogg", ".opus", ".mp3"])
def test_lossy_files_keep_length_and_time(tmp_path, suffix):
    rate = 48000
    pitches = np.random.default_rng(0).uniform(200, 4000, (2, 40, 1))  # where codecs keep everything
    sound = np.sin(2 * np.pi * pitches * np.arange(3 * rate) / rate).sum(axis=1).astype(np.float32) / 40
    audio.write(tmp_path / f"a{suffix}", sound, rate)
    got, got_rate = audio.read(tmp_path / f"a{suffix}")
    assert got_rate == rate and got.shape == sound.shape
    assert lag(sound[0], got[0]) == 0
    assert np.std(got - sound) < 0.25 * sound.std()


def test_opus_takes_the_next_rate_that_it_has(tmp_path):
    audio.write(tmp_path / "a.opus", noise(1, 44100), 44100)
    got, rate = audio.read(tmp_path / "a.opus")
    assert rate == 48000 and got.shape == (1, 48000)


@pytest.mark.parametrize("rate", [None, 22050, 16000, 48000])
@pytest.mark.parametrize("seconds", [0.01, 0.33, 100.0])
def test_blocks_joined_equal_the_whole(tmp_path, rate, seconds):
    sound = noise(2, 70001)
    audio.write(tmp_path / "a.wav", sound, 44100)
    for mono in (True, False):
        whole, own = audio.read(tmp_path / "a.wav", rate, mono)
        parts = list(audio.blocks(tmp_path / "a.wav", rate, seconds, mono))
        np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)
        assert {part.shape[1] for part in parts[:-1]} <= {round(seconds * own)}
        mixed = sound.mean(axis=0, keepdims=True) if mono else sound
        oracle = soxr.resample(mixed.T, 44100, rate or 44100, quality="HQ").T
        np.testing.assert_allclose(whole, oracle, atol=1e-6)


def test_blocks_need_no_more_memory_for_longer_files(tmp_path):
    def peak(name: str) -> int:
        tracemalloc.start()
        for _ in audio.blocks(tmp_path / name, 8000, seconds=2.0):
            pass
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    audio.write(tmp_path / "short.wav", noise(1, 16000 * 10), 16000)
    audio.write(tmp_path / "long.wav", noise(1, 16000 * 100), 16000)
    peak("short.wav")
    assert peak("long.wav") < 1.2 * peak("short.wav")


def test_resample_moves_nothing_in_time():
    time = np.arange(44100) / 44100
    sine = np.sin(2 * np.pi * 440 * time, dtype=np.float32)[None]
    got = audio.resample(sine, 44100, 22050)
    assert got.shape == (1, 22050)
    np.testing.assert_allclose(got[0, 500:-500], sine[0, ::2][500:-500], atol=1e-3)


def test_files_that_are_no_sound_say_so(tmp_path):
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.mp3").write_text("this is no music\n" * 1000)
    (tmp_path / "noise.mp3").write_bytes(np.random.default_rng(1).bytes(100_000))
    (tmp_path / "text.wav").write_text("this is no music\n" * 1000)
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 44100)
    for name, *words in [
        ("missing.wav", "no such file"),
        (".", "folder"),
        ("empty.wav", "empty"),
        ("text.mp3", "not mp3"),
        ("noise.mp3", "not mp3"),
        ("text.wav", "text.wav", "ffmpeg"),
        ("none.wav", "no sound"),
    ]:
        for verb in (audio.read, audio.info, lambda path: list(audio.blocks(path, 8000))):
            with pytest.raises(AudioError) as caught:
                verb(tmp_path / name)
            says(caught, "cannot be read", *words)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 1e30])
def test_numbers_that_are_no_sound_are_refused_with_their_time(tmp_path, wrong):
    sound = noise(2, 44100)
    sound[1, 22050] = wrong
    soundfile.write(tmp_path / "a.wav", sound.T, 44100, subtype="FLOAT")
    with pytest.raises(AudioError) as caught:
        audio.read(tmp_path / "a.wav", 22050, mono=True)
    says(caught, "NaN or infinity at 0.50 s")


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".wav", ".ogg"])
def test_a_file_that_breaks_off_is_used_up_to_there(tmp_path, caplog, suffix):
    audio.write(tmp_path / f"a{suffix}", noise(1, 44100 * 4), 44100)
    data = (tmp_path / f"a{suffix}").read_bytes()
    (tmp_path / f"b{suffix}").write_bytes(data[: len(data) // 2])
    whole, _ = audio.read(tmp_path / f"a{suffix}")
    assert not caplog.records
    with caplog.at_level(logging.WARNING):
        got, _ = audio.read(tmp_path / f"b{suffix}")
    assert 44100 < got.shape[1] < 44100 * 3
    np.testing.assert_allclose(got[:, :40000], whole[:, :40000], atol=1e-6)
    if suffix in (".mp3", ".flac"):  # the others do not say how long they should be
        assert "breaks off" in caplog.text


def test_a_wav_that_lies_about_its_length_is_read_to_its_end(tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(1, 44100).T, 44100, subtype="PCM_16")
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "a.wav").write_bytes(data)
    assert audio.read(tmp_path / "a.wav")[0].shape == (1, 44100)


def test_without_ffmpeg_other_formats_name_it(tmp_path, monkeypatch):
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(1000))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AudioError) as caught:
        audio.read(tmp_path / "a.m4a")
    says(caught, "ffmpeg is not installed", "install ffmpeg")


@pytest.fixture
def ffmpeg():
    program = shutil.which("ffmpeg")
    if not program:
        pytest.skip("ffmpeg is not installed")
    return lambda *words: subprocess.run([program, "-v", "error", "-y", *map(str, words)], check=True)


@pytest.mark.system
@pytest.mark.parametrize("suffix", [".m4a", ".wma", ".mkv"])
def test_ffmpeg_reads_the_rest(tmp_path, ffmpeg, suffix):
    sound = np.cumsum(noise(2, 88200), axis=1) * 0.02
    audio.write(tmp_path / "a.wav", sound - sound.mean(axis=1, keepdims=True), 44100)
    name = tmp_path / f"-odd: %d 'name'{suffix}"
    ffmpeg("-i", tmp_path / "a.wav", f"file:{name}")
    got, rate = audio.read(name)
    assert rate == 44100 and got.shape[0] == 2 and abs(got.shape[1] - 88200) < 3000
    assert abs(lag(sound[0], got[0])) <= (2048 if suffix == ".wma" else 2)
    what = audio.info(name)
    assert what.channels == 2 and what.seconds == pytest.approx(2, abs=0.1)
    joined = np.concatenate(list(audio.blocks(name, 22050, 0.3, mono=False)), axis=1)
    np.testing.assert_array_equal(joined, audio.read(name, 22050)[0])
    next(audio.blocks(name, 22050, 0.1)).sum()  # left after the first block: the process must not linger


@pytest.mark.system
def test_a_playlist_named_as_music_opens_no_other_file(tmp_path, ffmpeg):
    audio.write(tmp_path / "secret.wav", noise(1, 44100), 44100)
    (tmp_path / "a.m4a").write_text("ffconcat version 1.0\nfile secret.wav\n")
    (tmp_path / "b.m4a").write_text("#EXTM3U\n#EXTINF:1,\nsecret.wav\n")
    for name in ("a.m4a", "b.m4a"):
        with pytest.raises(AudioError):
            audio.read(tmp_path / name)


@pytest.mark.system
def test_a_film_without_sound_says_so(tmp_path, ffmpeg):
    ffmpeg("-f", "lavfi", "-i", "color=d=1:s=16x16", tmp_path / "a.mkv")
    with pytest.raises(AudioError) as caught:
        audio.read(tmp_path / "a.mkv")
    says(caught, "no sound track")


@pytest.mark.system
def test_both_decoders_agree_on_mp3_to_the_sample(tmp_path, ffmpeg):
    audio.write(tmp_path / "a.wav", noise(1, 44100), 44100)
    for name, tag in (("tagged.mp3", "1"), ("untagged.mp3", "0")):
        ffmpeg("-i", tmp_path / "a.wav", "-write_xing", tag, tmp_path / name)
        ffmpeg("-i", tmp_path / name, "-c:a", "pcm_f32le", tmp_path / "by_ffmpeg.wav")
        ours, theirs = audio.read(tmp_path / name)[0], audio.read(tmp_path / "by_ffmpeg.wav")[0]
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert audio.read(tmp_path / "tagged.mp3")[0].shape == (1, 44100)


def test_writing_is_whole_or_not_at_all(tmp_path):
    audio.write(tmp_path / "a.wav", noise(1, 100), 44100)
    before = (tmp_path / "a.wav").read_bytes()
    for path, samples, rate, words in [
        (tmp_path / "a.wav", [np.nan], 44100, "NaN"),
        (tmp_path / "a.wav", [], 44100, "no samples"),
        (tmp_path / "a.wav", np.zeros(5), -3, "cannot be written"),
        (tmp_path / "a.mp3", np.zeros((3, 5)), 44100, "3 channels"),
        (tmp_path / "a.xyz", np.zeros(5), 44100, ".xyz"),
        (tmp_path / "no" / "a.wav", np.zeros(5), 44100, "no folder"),
        (tmp_path / "d.wav", np.zeros(5), 44100, "folder"),
    ]:
        (tmp_path / "d.wav").mkdir(exist_ok=True)
        with pytest.raises(AudioError) as caught:
            audio.write(path, np.array(samples), rate)
        says(caught, words)
    assert (tmp_path / "a.wav").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.wav", "d.wav"]


def test_clipping_is_said(tmp_path, caplog):
    audio.write(tmp_path / "a.flac", np.array([0.0, 2.0, -2.0]), 44100)
    assert "clipped" in caplog.text
    np.testing.assert_allclose(audio.read(tmp_path / "a.flac")[0], [[0, 1, -1]], atol=1e-6)


def test_settings_out_of_range(tmp_path):
    audio.write(tmp_path / "a.wav", np.zeros(5), 44100)
    for call in (
        lambda: audio.read(tmp_path / "a.wav", rate=0),
        lambda: list(audio.blocks(tmp_path / "a.wav", seconds=0)),
        lambda: audio.resample(np.zeros(5), 0, 1),
    ):
        with pytest.raises(ConfigError):
            call()


def test_hushed_silences_decoders_and_no_one_else():
    program = (
        "import sys, os\nfrom solfeggio import audio\n"
        "with audio.hushed():\n    os.write(2, b'noise')\n    print('word', file=sys.stderr)\n"
        "os.write(2, b'after')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=dict(os.environ))
    assert done.stderr == "word\nafter"
