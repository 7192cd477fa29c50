from __future__ import annotations

import numpy as np
import pytest

from solfeggio.answers import Events
from solfeggio.data.dataset import Dataset, Track
from solfeggio.errors import ConfigError


def test_a_kept_dataset_is_made_once(tmp_path):
    made = []

    def sound():
        made.append("sound")
        return np.random.default_rng(0).uniform(-0.5, 0.5, (2, 44100)).astype(np.float32), 44100

    beats = Events([0.25, 0.75], ["1", "2"])
    track = Track("a", sound, {"beats": beats}, {"song": "a"})
    kept = Dataset("d", (track,), "CC0-1.0").cached(tmp_path)
    assert not made and len(kept) == 1
    for _ in range(2):
        samples, rate = kept.tracks[0].audio()
        assert samples.shape == (1, 22050) and rate == 22050
        assert kept.tracks[0].answers["beats"] == beats and kept.tracks[0].groups["song"] == "a"
    assert made.count("sound") == 1
    assert sorted(path.name for path in (tmp_path / "d").iterdir()) == ["a.flac"]


def test_a_cache_needs_its_folder(tmp_path):
    with pytest.raises(ConfigError, match="no such folder"):
        Dataset("d", (), "CC0-1.0").cached(tmp_path / "x")
