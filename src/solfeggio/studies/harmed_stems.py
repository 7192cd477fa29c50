"""Stems harmed in known ways, and four simple separators: what the study of separation metrics asks about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.ndimage import median_filter
from scipy.signal import istft, stft

from solfeggio.answers import Stems
from solfeggio.audio import resample
from solfeggio.codec import round_trip
from solfeggio.errors import unknown
from solfeggio.metrics.stems import onsets

Separator = Callable[[Stems], Stems]  # takes the truth, of which all but oracles use only ``mix()`` and the labels

HARMS: dict[str, tuple[str, tuple[float, ...]]] = {  # what is done: unit, how much, mild to strong
    "gain": ("dB less", (1, 3, 6, 12)),
    "delay": ("ms", (0.1, 1, 10, 50)),
    "polarity": ("times -1", (1,)),
    "phase": ("degrees", (15, 45, 90)),
    "codec": ("ogg, 1 is worst", (0.4, 0.7, 1.0)),
    "bleed": ("dB above -40", (0, 10, 20, 30)),
    "musical noise": ("of bins missing", (0.02, 0.1, 0.3)),
    "missing onsets": ("of onsets", (0.1, 0.3, 1.0)),
}


def harm(stems: Stems, name: str, amount: float, rng: np.random.Generator) -> Stems:
    """Do one of HARMS to every stem, ``amount`` in its unit; the others of the song are what bleeds in.

    Raises ConfigError for an unknown name.
    """
    if name not in HARMS:
        raise unknown("harm", name, HARMS)
    mix, rate = stems.mix(), stems.rate

    def harmed(sound: np.ndarray) -> np.ndarray:
        match name:
            case "gain":
                return sound * 10 ** (-amount / 20)
            case "delay":
                late = round(amount * rate / 1000)
                return np.pad(sound, ((0, 0), (late, 0)))[:, : sound.shape[1]]
            case "polarity":
                return -sound
            case "phase":
                return np.fft.irfft(np.fft.rfft(sound) * np.exp(1j * np.radians(amount)), sound.shape[1])
            case "codec":
                return round_trip(sound, rate, "ogg", 1 - amount)
            case "bleed":
                return sound + (mix - sound) * 10 ** ((amount - 40) / 20)
            case "musical noise":
                return _holes(sound, rate, amount, rng)
        return _without_onsets(sound, rate, amount, rng)

    return replace(stems, samples=np.stack([harmed(stems[label]) for label in stems.labels]), residual=None)


def _holes(sound: np.ndarray, rate: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Leave out random patches of four bins and four frames, the same in all channels."""
    spectra = _stft(sound, rate)
    bins, frames = spectra.shape[1:]
    kept = rng.random((-(-bins // 4), -(-frames // 4))) >= share
    return _istft(spectra * np.repeat(np.repeat(kept, 4, 0), 4, 1)[:bins, :frames], rate, sound.shape[1])


def _without_onsets(sound: np.ndarray, rate: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Cut the 100 ms around some onsets, with edges of 5 ms."""
    times = onsets(sound, rate).times
    gain = np.ones(sound.shape[1])
    for time in times[rng.permutation(len(times))[: round(share * len(times))]]:
        start = max(round((time - 0.01) * rate), 0)
        gain[start : start + round(0.1 * rate)] = 0
    edge = max(round(0.005 * rate), 1)
    return sound * np.convolve(gain, np.ones(edge) / edge, "same")


def mix_as_it_is(truth: Stems) -> Stems:
    """Give the mix for every stem: what costs nothing."""
    mix = truth.mix()
    return Stems(truth.labels, np.broadcast_to(mix, (len(truth), *mix.shape)), truth.rate)


def ratio_mask(truth: Stems) -> Stems:
    """Ideal ratio mask: of every bin of the mix, the share of its magnitude that the true stem has (an oracle)."""
    parts = _magnitudes(truth)
    return _masked(truth, parts[: len(truth)] / np.maximum(parts.sum(0), 1e-9))


def binary_mask(truth: Stems) -> Stems:
    """Ideal binary mask: every bin of the mix goes to the loudest true stem (an oracle)."""
    parts = _magnitudes(truth)
    return _masked(truth, parts[: len(truth)] >= np.maximum(parts.max(0), 1e-9))


def median_filters(truth: Stems) -> Stems:
    """Median filtering: what is steady in frequency goes to "drums", what is steady in time to the others.

    Of that, "bass" gets what lies below 250 Hz, the rest share the rest; knows nothing of the truth but its labels.

    Source: Fitzgerald, "Harmonic/percussive separation using median filtering", DAFx 2010.
    """
    level = np.abs(_stft(truth.mix(), truth.rate))
    steady, struck = median_filter(level, (1, 1, 17)) ** 2, median_filter(level, (1, 17, 1)) ** 2
    harmonic = steady / np.maximum(steady + struck, 1e-12)
    low = (np.linspace(0, truth.rate / 2, level.shape[1]) < 250)[:, None]
    named = {"drums": 1 - harmonic} if "drums" in truth.labels else {}
    pitched = harmonic if named else np.ones_like(harmonic)
    if "bass" in truth.labels:
        named["bass"] = pitched * low
        pitched = pitched * ~low
    rest = max(len(truth) - len(named), 1)
    return _masked(truth, np.stack([named.get(label, pitched / rest) for label in truth.labels]))


SEPARATORS: dict[str, Separator] = {
    "ideal ratio mask": ratio_mask,
    "ideal binary mask": binary_mask,
    "median filter": median_filters,
    "mix as it is": mix_as_it_is,
}


def fitted(stems: Stems, like: Stems) -> Stems:
    """Give stems the rate, length and channels of others: resampled, padded or cut, one channel taken for all."""
    channels, length = like.samples.shape[1:]
    sounds = np.zeros((len(stems), channels, length), np.float32)
    for to, sound in zip(sounds, stems.samples, strict=True):
        sound = resample(sound, stems.rate, like.rate)[:, :length]
        to[:, : sound.shape[1]] = sound if len(sound) == channels else sound.mean(0)
    return Stems(stems.labels, sounds, like.rate)


def _masked(truth: Stems, masks: np.ndarray) -> Stems:
    """Apply masks (stem, channel, bin, frame) to the mix."""
    mix = truth.mix()
    spectra = _stft(mix, truth.rate)
    sounds = np.stack([_istft(spectra * mask, truth.rate, mix.shape[1]) for mask in masks])
    return Stems(truth.labels, sounds, truth.rate)


def _magnitudes(truth: Stems) -> np.ndarray:
    sounds = [*truth.samples, *([] if truth.residual is None else [truth.residual])]
    return np.stack([np.abs(_stft(sound, truth.rate)) for sound in sounds])


def _stft(sound: np.ndarray, rate: int) -> np.ndarray:
    size = _size(rate)
    return stft(sound, nperseg=size, noverlap=size * 3 // 4)[2]


def _istft(spectra: np.ndarray, rate: int, length: int) -> np.ndarray:
    size = _size(rate)
    sound = istft(spectra, nperseg=size, noverlap=size * 3 // 4)[1]
    return np.pad(sound, ((0, 0), (0, max(length - sound.shape[1], 0))))[:, :length]


def _size(rate: int) -> int:
    return 2 ** max(round(np.log2(0.046 * rate)), 3)
