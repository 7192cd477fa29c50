from __future__ import annotations

import pickle

import numpy as np
import pytest

from solfeggio.band import demo
from solfeggio.band.desk import banks, kits
from solfeggio.data import band
from solfeggio.errors import ConfigError


@pytest.fixture
def played(monkeypatch):
    """The demo in place of the composer: these tests are about the dataset, and need no mma."""
    asked = []

    def performance(seed, side, style=None, version=0, voices=False):
        asked.append((seed, side))
        return demo.performance()

    monkeypatch.setattr(band, "performance", performance)
    return asked


def test_a_track_is_lazy_and_reproducible(played):
    track = band.band_track(5, "train", family="sketch")
    assert "beats" in track.answers and list(track.answers)[:1] == ["beats"] and "bank" in track.groups
    assert not played
    first, rate = track.audio()
    second, _ = band.band_track(5, "train", family="sketch").audio()
    other, _ = band.band_track(6, "train", family="sketch").audio()
    assert rate == 22050 and first.shape[0] == 2 and first.dtype == np.float32
    assert np.array_equal(first, second)
    assert first.shape != other.shape or not np.array_equal(first, other)
    assert track.answers["beats"].times[-1] < first.shape[1] / rate
    assert track.groups["bank"] == "sketch"
    with pytest.raises(KeyError):
        track.answers["nothing"]


def test_a_track_goes_to_another_process(played):
    track = pickle.loads(pickle.dumps(band.band_track(5, "train", family="sketch")))
    assert len(track.answers["beats"]) == len(demo.performance().beats)


def test_sides_do_not_hear_each_others_banks():
    with pytest.raises(ConfigError, match="family B on side 'train'"):
        band.band_track(0, "train", family="B")
    with pytest.raises(ConfigError, match="unknown side 'training'"):
        band.band_track(0, "training")
    with pytest.raises(ConfigError, match="unknown sound bank family 'Q'"):
        band.band_track(0, "test", family="Q")


def test_a_dataset_has_its_own_songs_and_states_its_licences():
    one, two = (band.band_dataset("d", 3, "train", seed, family="sketch") for seed in (1, 2))
    ids = [track.id for track in (*one, *two)]
    assert len(set(ids)) == 6 and len(one) == 3
    assert one.licence == "Apache-2.0" and "seed" in one.citation
    if banks.banks("B"):
        assert "GPL-2.0" in band.band_dataset("d", 1, "test", 1, "B").licence


@pytest.mark.system
@pytest.mark.skipif(not banks.banks("A") or not kits.kits("train"), reason="no sound banks: scripts/install-band.sh")
def test_fonts_play_every_beat_of_the_demo(played):
    pytest.importorskip("tinysoundfont")
    track = band.band_track(0, "train")
    samples, rate = track.audio()
    assert np.isfinite(samples).all() and 0.2 < np.abs(samples).max() <= 1
    again, _ = track.audio()
    assert np.array_equal(samples, again)
    hop = 220
    power = np.square(np.diff(samples.mean(0)))[: (samples.shape[1] - 1) // hop * hop].reshape(-1, hop).mean(1)
    rise = np.maximum(np.diff(np.log(power + 1e-8)), 0)
    beats = np.round(track.answers["beats"].times * rate / hop).astype(int)[:-1]
    lags = np.arange(-12, 13)
    curve = rise[beats[:, None] + lags].mean(0)
    assert abs(lags[np.argmax(curve)]) <= 2  # 20 ms: the attack is where the label says


def test_versions_are_of_one_work_and_are_other_songs():
    one, two, again = (band.band_track(4, "train", family="sketch", style="invention", version=k) for k in (0, 1, 1))
    assert one.id == "band-train-sketch-4-invention" and two.id == "band-train-sketch-4-invention-v1"
    assert one.groups["work"] == two.groups["work"] and one.groups["song"] != two.groups["song"]
    assert two.answers["beats"] == again.answers["beats"]
