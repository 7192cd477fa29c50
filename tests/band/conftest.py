from __future__ import annotations

import numpy as np
import pytest

from solfeggio.answers import Events, Notes
from solfeggio.band.song import Performance, Played, Song


@pytest.fixture(scope="session")
def tiny() -> Performance:
    """Four seconds of drums, bass, guitar and melody, a beat every half second from 0.25 s on."""
    beats = np.arange(0.25, 4, 0.5)

    def each(pitch: int) -> Notes:
        return Notes(beats, beats + 0.3, np.full(8, pitch), np.full(8, 100))

    drums = Notes(np.repeat(beats, 2), np.repeat(beats, 2) + 0.1, [36, 42, 38, 42] * 4, [100] * 16)
    parts = (
        Played("drums", 0, True, drums),
        Played("bass", 33, False, each(40)),
        Played("guitar", 30, False, each(64)),
        Played("melody", 73, False, each(72)),
    )
    song = Song("tiny", "test", 120, (), 8, np.arange(8), np.arange(8) % 4 + 1)
    return Performance(song, parts, Events(beats, [str(i % 4 + 1) for i in range(8)]), 4.0)
