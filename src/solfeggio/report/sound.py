"""Sound for pages: the click track, and songs packed small enough to live inside an HTML file."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable

import numpy as np

from solfeggio.answers import Events
from solfeggio.errors import AudioError

CLICK_SECONDS = 0.06
ACCENT_HZ, PLAIN_HZ = 1760.0, 1174.66  # a''' and d''': a fifth apart, above most basses and voices
MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


def _tick(hz: float, rate: int) -> np.ndarray:
    time = np.arange(round(CLICK_SECONDS * rate)) / rate
    tone = np.sin(2 * np.pi * hz * time) + 0.35 * np.sin(2 * np.pi * 2.76 * hz * time) * np.exp(-time * 220)
    return tone * np.exp(-time * 75) * np.minimum(1, time * 2000) / 1.2


def click(beats: Events, duration: float, rate: int, level_db: float = -6.0) -> np.ndarray:
    """Make a click track, higher and louder on beats labelled "1".

    beats: Events; without labels every click is alike. duration: seconds. rate: Hz. level_db: peak of the accent below
    full scale. Returns (1, time) float32; a click starts on the sample nearest to its beat.

    >>> click(Events([0.0, 0.5], ["1", "2"]), 1.0, 22050).shape
    (1, 22050)
    """
    if rate <= 0 or duration < 0:
        raise AudioError(
            f"click track of {duration} s at {rate} Hz", "the rate must be positive and the length not negative"
        )
    samples = np.zeros(round(duration * rate), np.float64)
    gain = 10 ** (level_db / 20)
    accent, plain = gain * _tick(ACCENT_HZ, rate), 0.6 * gain * _tick(PLAIN_HZ, rate)
    labels = beats.labels or ("",) * len(beats)
    for time, label in zip(beats.times, labels, strict=True):
        start = round(float(time) * rate)
        tick = accent if label == "1" else plain
        if 0 <= start < len(samples):
            end = min(start + len(tick), len(samples))
            samples[start:end] += tick[: end - start]
    return np.clip(samples, -1, 1).astype(np.float32)[None]


def with_click(samples: np.ndarray, rate: int, beats: Events, level_db: float = -6.0) -> np.ndarray:
    """Mix a click over a song: the samples of a click-track file.

    samples: (channel, time). level_db: click against the song's own peak, so quiet songs get quiet clicks.
    Returns (channel, time) float32, scaled down only when the sum would clip.

    >>> with_click(np.zeros((2, 22050), np.float32), 22050, Events([0.5])).shape
    (2, 22050)
    """
    samples = np.atleast_2d(np.nan_to_num(np.asarray(samples, np.float32)))
    peak = float(np.abs(samples).max(initial=0.0)) or 1.0
    mixed = samples + peak * click(beats, samples.shape[1] / rate, rate, level_db)[:, : samples.shape[1]]
    return (mixed / max(1.0, float(np.abs(mixed).max(initial=0.0)))).astype(np.float32)


def bitrate(duration: float) -> int:
    """Kilobits a second that keep a page near 3.5 MB for three minutes and under 40 MB for an hour."""
    return 112 if duration <= 200 else 80 if duration <= 900 else 64


def mp3(blocks: Iterable[np.ndarray], rate: int, channels: int, kbps: int = 112) -> bytes:
    """Pack samples as a constant-rate MP3: the one format that every browser plays and seeks exactly.

    blocks: arrays (channel, time), one or two channels. rate: one of ``MP3_RATES``, Hz. Raises AudioError otherwise.
    """
    import soundfile

    if rate not in MP3_RATES or channels not in (1, 2):
        raise AudioError(f"MP3 of {channels} channels at {rate} Hz", f"one or two channels at {MP3_RATES} Hz")
    low, high = (32, 320) if rate >= 32000 else (8, 160)
    level = (high - min(max(kbps, low), high)) / (high - low)
    packed = io.BytesIO()
    with soundfile.SoundFile(
        packed,
        "w",
        rate,
        channels,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT",
        compression_level=min(level, 0.99),
    ) as file:
        for block in blocks:
            file.write(np.clip(np.nan_to_num(block), -1, 1).T)
    return packed.getvalue()


def data_uri(content: bytes, kind: str) -> str:
    """Write bytes as a ``data:`` address, such as ``data_uri(b"..", "audio/mpeg")``."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
