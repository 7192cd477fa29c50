"""Songs with the drums in front: what is heard is drums, the truth is theirs."""

from __future__ import annotations

import numpy as np

from solfeggio.data.band import band_track
from solfeggio.data.drums import drum_dataset


def test_drums_alone_are_the_drum_stem():
    dataset = drum_dataset("d", 2, "train", seed=5, family="sketch", styles=("pop",), alone=1.0)
    track, song = dataset.tracks[0], band_track(5_000_000, "train", family="sketch", style="pop")
    samples, rate = track.audio()
    stems, _ = song.stems()
    drums = stems["drums"]
    assert rate == 22050 and np.abs(samples).max() < 0.9
    assert np.allclose(samples, drums * (0.89 / np.abs(drums).max()), atol=1e-5)
    assert track.answers["drums-fine"] == song.answers["drums-fine"] and track.id == f"{song.id}-drums"
    assert len({track.id for track in dataset}) == 2


def test_others_are_softer_than_in_the_mix():
    dataset = drum_dataset("d", 1, "train", seed=5, family="sketch", styles=("pop",), alone=0.0)
    samples, _ = dataset.tracks[0].audio()
    stems, _ = band_track(5_000_000, "train", family="sketch", style="pop").stems()
    names = list(stems)
    loud = np.linalg.lstsq(np.stack([s[0] for s in stems.values()], 1), samples[0], rcond=None)[0]
    others = [abs(loud[i]) for i, name in enumerate(names) if name != "drums"]
    assert 0 < max(others) < loud[names.index("drums")]
