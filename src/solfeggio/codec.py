"""A lossy codec there and back in memory, its delay measured once and taken out, so that labels stay exact."""

from __future__ import annotations

import io
from functools import cache

import numpy as np

from solfeggio.errors import unknown

# name: container, subtype, the rates it has (none: any)
_CODECS: dict[str, tuple[str, str, tuple[int, ...]]] = {
    "mp3": ("MP3", "MPEG_LAYER_III", (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)),
    "ogg": ("OGG", "VORBIS", ()),
    "opus": ("OGG", "OPUS", (24000, 48000)),
}


def names() -> tuple[str, ...]:
    """Names of the codecs."""
    return tuple(_CODECS)


def round_trip(samples: np.ndarray, rate: int, codec: str, quality: float = 0.5) -> np.ndarray:
    """Encode and decode (channel, n); returns the same shape, aligned to the input within a sample, float32.

    quality: 0 worst to 1 best. Raises ConfigError for an unknown codec.
    """
    if codec not in _CODECS:
        raise unknown("codec", codec, _CODECS)
    if not samples.shape[1]:
        return np.zeros(samples.shape, np.float32)
    decoded = _coded(samples, rate, codec, quality)
    delay, n = _delay(codec, rate), samples.shape[1]
    out = np.zeros(samples.shape, np.float32)
    kept = decoded[:, max(delay, 0) : max(delay, 0) + n]
    out[:, max(-delay, 0) : max(-delay, 0) + kept.shape[1]] = kept[:, : n - max(-delay, 0)]
    return out


def _coded(samples: np.ndarray, rate: int, codec: str, quality: float) -> np.ndarray:
    import soundfile
    import soxr

    container, subtype, rates = _CODECS[codec]
    coded_rate = next((own for own in rates if own >= rate), rates[-1]) if rates else rate
    data = np.clip(samples.T, -1, 1)
    if coded_rate != rate:
        data = soxr.resample(data, rate, coded_rate, "MQ")
    file = io.BytesIO()
    level = float(np.clip(1 - quality, 0, 0.99))
    with soundfile.SoundFile(
        file, "w", coded_rate, samples.shape[0], subtype=subtype, format=container, compression_level=level
    ) as sink:
        for start in range(0, len(data), 8192):  # one long Vorbis write crashes libsndfile 1.2.2
            sink.write(data[start : start + 8192])
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32", always_2d=True)
    if coded_rate != rate:
        decoded = soxr.resample(decoded, coded_rate, rate, "MQ")
    return decoded.T


@cache
def _delay(codec: str, rate: int) -> int:
    """Samples by which a codec is late: the best lag between noise bursts and what comes back."""
    rng = np.random.default_rng(0)
    noise = np.convolve(rng.standard_normal(2 * rate), np.ones(8) / 8, "same") * 0.2
    noise *= np.repeat(rng.random(200), -(-len(noise) // 200))[: len(noise)] > 0.5
    sent = np.broadcast_to(noise.astype(np.float32), (2, len(noise)))
    back = _coded(sent, rate, codec, 0.7)[0]
    size = 1 << int(np.ceil(np.log2(len(noise) + len(back))))
    match = np.fft.irfft(np.fft.rfft(back, size) * np.conj(np.fft.rfft(noise, size)), size)
    best = int(np.argmax(match))
    return best - size if best > size // 2 else best
