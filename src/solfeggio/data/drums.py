"""Songs of the band with the drums in front, or alone: what a drum transcriber hears beside finished mixes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from solfeggio.data.band import CITATION, band_track, licence, performance
from solfeggio.data.dataset import Dataset, Track

DRUMMED = (  # styles in which somebody drums
    "rock", "pop", "hard-rock", "funk", "metal", "disco", "country", "punk", "soul", "reggae", "hip-hop", "thrash",
    "singer-songwriter", "blues-shuffle", "ska", "jazz-swing", "rock-shuffle", "progressive-rock", "bossa-nova",
    "house", "psychedelic-rock", "slow-blues", "gospel", "latin",
)  # fmt: skip
REST_DB = (-24.0, 0.0)  # how loud the others are beside what they were in the mix, where they are heard


def drum_dataset(
    name: str,
    count: int,
    side: str,
    seed: int,
    family: str = "A",
    *,
    styles: Sequence[str | None] = DRUMMED,
    alone: float = 0.5,
) -> Dataset:
    """Make ``count`` tracks from consecutive seeds, stems before mastering: drums, and the others softer than in a mix.

    styles: taken in turn. alone: share of the tracks in which nothing but drums is heard. The truth is that of
    the song's drums. Raises as ``band_track``.
    """
    tracks = []
    for i in range(count):
        number, style = seed * 1_000_000 + i, styles[i % len(styles)]
        song = band_track(number, side, family=family, style=style)
        rng = np.random.default_rng([number, 5])
        rest_db = -np.inf if rng.random() < alone else float(rng.uniform(*REST_DB))
        audio = partial(_drums_first, song, partial(performance, number, side, style), rest_db)
        tracks.append(replace(song, id=f"{song.id}-drums", audio=audio, stems=None))
    return Dataset(name, tuple(tracks), licence(family), CITATION)


def _drums_first(song: Track, played: partial, rest_db: float) -> tuple[np.ndarray, int]:
    """Mix a song's stems anew, the loudest sample at -1 dB."""
    stems, rate = song.stems() if song.stems is not None else ({}, 22050)
    struck = [part.drums for part in played().parts]
    mixed: np.ndarray = np.zeros((2, 1), np.float32)
    for drums, stem in zip(struck, stems.values(), strict=True):
        gain = 1.0 if drums else 10 ** (rest_db / 20)
        if gain:
            mixed = mixed + np.float32(gain) * stem
    return (mixed * (0.89 / max(float(np.abs(mixed).max()), 1e-6))).astype(np.float32), rate
