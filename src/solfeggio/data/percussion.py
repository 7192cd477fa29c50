"""Percussion alone, made from a seed with plain numpy: rhythm and ringing, but no key and no chord.

It teaches listeners of harmony to keep silent. Membranes, metals and woods ring at the ratios of such bodies (Fletcher
and Rossing, The Physics of Musical Instruments), at any height; a pattern of sixteenths repeats with small changes.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from solfeggio.answers import Segments
from solfeggio.data.dataset import Dataset, Track

RATE = 22050  # Hz
SECONDS = 40.0  # of each track
MEMBRANE = np.array([1, 1.59, 2.14, 2.30, 2.65, 2.92])  # modes of a round one over the lowest
KINDS = ("membrane", "membrane", "metal", "wood", "noise")


def percussion_dataset(count: int, seed: int = 0) -> Dataset:
    """Make ``count`` tracks of percussion; their answers are "key", without segments, and "chords", one long "N".

    >>> percussion_dataset(2).tracks[1].answers["chords"].labels
    ('N',)
    """
    nothing = {"key": Segments([], []), "chords": Segments([0.0], [SECONDS], ["N"])}
    tracks = [
        Track(f"percussion-{seed}-{i}", partial(percussion, seed, i), nothing, {"style": "percussion alone"})
        for i in range(count)
    ]
    return Dataset("percussion", tuple(tracks), "Apache-2.0", "Made by solfeggio from a seed, with numpy alone.")


def percussion(seed: int, number: int) -> tuple[np.ndarray, int]:
    """Play two to seven instruments in a pattern of sixteenths; returns samples (1, time) and their rate in Hz."""
    rng = np.random.default_rng([seed, number])
    out, end = np.zeros(int(SECONDS * RATE) + 2 * RATE), int(SECONDS * RATE)
    step = 15 / rng.uniform(70, 170)  # seconds
    for _ in range(rng.integers(2, 8)):
        sound, level = strike(rng), 10 ** rng.uniform(-1.2, 0)
        pattern = (rng.random(16) < rng.uniform(0.1, 0.6)) * rng.uniform(0.3, 1, 16)
        for count in range(int(SECONDS / step)):
            accent = rng.random() if rng.random() < 0.05 else pattern[count % 16]
            start = int(count * step * RATE)
            if accent > 0:
                out[start : start + len(sound)] += level * accent * sound
    out = out[:end] * 10 ** rng.uniform(-1, 0) / max(np.abs(out).max(), 1e-9)
    return out[None].astype(np.float32), RATE


def strike(rng: np.random.Generator) -> np.ndarray:
    """Strike an instrument drawn at random once: (2 * RATE,) samples of height 1."""
    kind, at = KINDS[rng.integers(len(KINDS))], np.arange(2 * RATE) / RATE
    partials, decay, clatter = np.zeros(0), 0.02 * 15 ** rng.random(), 1.0
    if kind == "membrane":
        partials, decay = 60 * 8 ** rng.random() * MEMBRANE, 0.05 * 12 ** rng.random()
    elif kind == "metal":
        partials, decay = 300 * 20 ** rng.random(rng.integers(4, 14)), 0.05 * 30 ** rng.random()
    elif kind == "wood":
        partials, decay = 350 * 8 ** rng.random(rng.integers(1, 3)), 0.015 * 8 ** rng.random()
    glide = rng.uniform(0, 0.3) if kind == "membrane" else 0.0
    phase = 2 * np.pi * np.cumsum(1 + glide * np.exp(-at / 0.03)) / RATE
    sound = np.zeros(len(at))
    for hz in partials[partials < RATE / 2.2]:
        fading = np.exp(-at / decay * (hz / partials.min()) ** 0.3)
        sound += rng.random() * np.sin(hz * phase + rng.uniform(0, 2 * np.pi)) * fading
    if kind != "noise":
        clatter = rng.uniform(0, 0.5)
    spectrum = np.fft.rfft(rng.normal(size=len(at)))
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(at), 1 / RATE), 1) / (200 * 40 ** rng.random()))
    noise = np.fft.irfft(spectrum * np.exp(-0.5 * (octaves / rng.uniform(0.5, 2)) ** 2), len(at))
    sound += clatter * noise / (noise.std() + 1e-9) * np.exp(-at / (decay if kind == "noise" else 0.02))
    return sound / np.abs(sound).max()
