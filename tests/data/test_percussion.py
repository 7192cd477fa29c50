"""Percussion alone: repeatable, in rhythm, without a truth of harmony."""

from __future__ import annotations

import numpy as np

from solfeggio.data.percussion import RATE, SECONDS, percussion_dataset, strike


def test_tracks_are_made_from_their_seed_and_say_that_nothing_is_in_a_key():
    dataset = percussion_dataset(3, seed=1)
    assert [track.id for track in dataset] == ["percussion-1-0", "percussion-1-1", "percussion-1-2"]
    one, two = dataset.tracks[0].audio(), percussion_dataset(1, seed=1).tracks[0].audio()
    assert np.array_equal(one[0], two[0]) and one[1] == RATE
    assert one[0].shape == (1, int(SECONDS * RATE)) and one[0].dtype == np.float32
    assert not np.array_equal(one[0], dataset.tracks[1].audio()[0])
    assert 0.05 < np.abs(one[0]).max() <= 1
    assert len(dataset.tracks[0].answers["key"]) == 0


def test_a_strike_dies_away():
    for seed in range(20):
        sound = strike(np.random.default_rng(seed))
        assert np.isfinite(sound).all() and np.abs(sound).max() == 1
        assert np.square(sound[RATE:]).sum() < 0.5 * np.square(sound[:RATE]).sum()
