"""Syllables as a singer needs them: spectral envelopes every 5 ms, cut into consonants, vowel and end.

WORLD's envelope (Morise 2015, "CheapTrick") of each spoken syllable, analysed once for each voice and list.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio.band.singing import espeak_voice

RATE = 22050
HOP = 110  # samples from frame to frame
BINS = 257  # 0 to 11025 Hz
_FFT = 1024


@dataclass(frozen=True, eq=False)
class Syllables:
    """What a voice can sing. envelopes: (n, BINS) log amplitudes of all frames, float32. voiced: (n,).

    cuts: syllable -> frames (start, vowel, steady from, steady to, end).
    """

    envelopes: np.ndarray
    voiced: np.ndarray
    cuts: dict[str, tuple[int, int, int, int, int]]


def native(package: str, module: str) -> Any:
    """Load the compiled part of a package past an ``__init__`` that asks for pkg_resources; None if not installed."""
    spec = importlib.util.find_spec(package)
    for folder in spec.submodule_search_locations or () if spec else ():
        for suffix in importlib.machinery.EXTENSION_SUFFIXES:
            path = Path(folder) / f"{module}{suffix}"
            if path.is_file() and (found := importlib.util.spec_from_file_location(f"{package}.{module}", path)):
                loaded = importlib.util.module_from_spec(found)
                found.loader.exec_module(loaded)  # type: ignore[union-attr]
                return loaded
    return None


@lru_cache(maxsize=16)
def spoken(voice: str, texts: tuple[str, ...]) -> Syllables:
    """Analyse syllables spoken by an espeak-ng voice."""
    pieces, cuts = [], []
    for pcm, phonemes in espeak_voice.speak(voice, texts):
        samples = np.frombuffer(pcm, np.int16).astype(float) / 32768
        sounds = [(at, name) for at, name in phonemes if name.strip("_:!")]  # the others are pauses
        ends = [at for at, name in phonemes if not name.strip("_:!") and sounds and at > sounds[-1][0]]
        end = ends[0] if ends else len(samples)
        edges = [*(at for at, _ in sounds), end] if sounds else [0, end]
        nuclei = [i for i, (_, name) in enumerate(sounds) if name and name[0] in espeak_voice.VOWELS]
        nucleus = nuclei[0] if nuclei else int(np.argmax(np.diff(edges)))
        first, last = edges[nucleus], edges[nucleus + 1]
        name = sounds[nucleus][1] if sounds else ""
        moving = len(name.strip(":")) > 1 and name[1] in espeak_voice.VOWELS
        hold = (0.25, 0.45) if moving else (0.3, 0.7)
        marks = (edges[0], first, first + hold[0] * (last - first), first + hold[1] * (last - first), end)
        pieces.append(samples[: round(end + 0.03 * RATE)])
        cuts.append(tuple(mark / RATE for mark in marks))
    return analyse(texts, pieces, cuts)


def analyse(texts: tuple[str, ...], pieces: list[np.ndarray], cuts: list[tuple[float, ...]]) -> Syllables:
    """Turn recorded syllables, (n,) each at RATE, with their cuts in seconds, into envelopes."""
    world = native("pyworld", "pyworld")
    silence = np.zeros(round(0.06 * RATE))
    joined, offsets, now = [silence], [], len(silence)
    for piece in pieces:
        offsets.append(now)
        joined += [piece, silence]
        now += len(piece) + len(silence)
    samples = np.ascontiguousarray(np.concatenate(joined))
    samples = samples + 1e-5 * np.random.default_rng(0).standard_normal(len(samples))
    f0, times = world.dio(samples, RATE, f0_floor=70.0, f0_ceil=600.0, speed=2, frame_period=1000 * HOP / RATE)
    usual = float(np.median(f0[f0 > 0])) if (f0 > 0).any() else 120.0
    f0 = np.where((f0 > 0.6 * usual) & (f0 < 1.6 * usual), f0, 0.0)
    power = world.cheaptrick(samples, np.where(f0 > 0, f0, usual), times, RATE, fft_size=_FFT)
    envelopes = (0.5 * np.log(np.maximum(power[:, ::2], 1e-12))).astype(np.float32)
    loudness = power[:, 12:140].sum(1)  # 250 to 3000 Hz: a vowel begins where it has half of its power
    found = {}
    for text, offset, marks in zip(texts, offsets, cuts, strict=True):
        frames = [round((offset / RATE + mark) * RATE / HOP) for mark in marks]
        full = np.median(loudness[frames[2] : frames[3] + 1])
        frames[1] += int(np.argmax(np.append(loudness[frames[1] : frames[1] + 20] > 0.5 * full, True)))
        for i in range(1, 5):
            frames[i] = min(max(frames[i], frames[i - 1] + (i > 1)), len(envelopes) - 1)
        found[text] = (frames[0], frames[1], frames[2], frames[3], frames[4])
    loud = [envelopes[a:b].mean() for _, _, a, b, _ in found.values()]
    return Syllables(envelopes - np.float32(np.mean(loud)), f0 > 0, found)
