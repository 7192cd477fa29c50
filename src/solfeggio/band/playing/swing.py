"""Swing: off-beats that come late, drawn for straight songs and left alone where the song swings already."""

from __future__ import annotations

import numpy as np

from solfeggio.band.song import Song

Swing = tuple[float, float]  # quarters of a pair, and where its middle falls: 0.5 straight, 0.67 triplets


def draw_swing(rng: np.random.Generator, song: Song) -> Swing:
    """Choose a swing: straight music sometimes swings its eighths or sixteenths."""
    straight = (1.0, 0.5)
    if len(song.beats_quarters) < 2 or abs(np.median(np.diff(song.beats_quarters)) - 1) > 1e-6 or rng.random() > 0.12:
        return straight
    off = song.beats_quarters % 1  # a metre change may leave the beats of what follows between the quarters
    if swings(song) or bool(np.any((off > 1e-6) & (off < 1 - 1e-6))):
        return straight
    phase = _onset_phases(song)
    sixteenths = np.mean((np.abs(phase - 0.25) < 0.03) | (np.abs(phase - 0.75) < 0.03)) > 0.08
    pair = 0.5 if sixteenths or song.bpm < 80 else 1.0
    return pair, float(rng.uniform(0.54, 0.67))


def swings(song: Song) -> bool:
    """Tell whether quarters are divided in three: a song that already swings, or has triplets."""
    phase = _onset_phases(song)
    return bool(np.mean((np.abs(phase - 0.65) < 0.05) | (np.abs(phase - 0.34) < 0.03)) > 0.03)


def bend(quarters: np.ndarray, pair: float, middle: float) -> np.ndarray:
    """Swing: move the middle of every ``pair`` of quarters to ``middle`` (0.5 straight, 0.67 triplets).

    >>> bend(np.array([0.0, 0.5, 1.0, 1.5]), 1.0, 0.6)
    array([0. , 0.6, 1. , 1.6])
    """
    whole = np.floor(quarters / pair + 1e-9)
    x = quarters / pair - whole
    late = np.where(x < 0.5, x * middle / 0.5, middle + (x - 0.5) * (1 - middle) / 0.5)
    return (whole + late) * pair


def _onset_phases(song: Song) -> np.ndarray:
    """Where in its quarter each note begins, 0 to 1."""
    return np.concatenate([part.notes[:, 0] for part in song.parts] or [np.zeros(1)]) % 1.0
