from __future__ import annotations

import numpy as np
import pytest

from solfeggio.answers import Notes, Stems
from solfeggio.band.instruments import NAMES
from solfeggio.band.song import Played
from solfeggio.data import stems as kept_stems
from solfeggio.data.dataset import Track
from solfeggio.data.stems import FOUR, GROUPS, RATE, Order, four, group_named, group_of, keep, prepare, real_stems
from solfeggio.errors import DataError

NOBODY = Notes([], [], [], [])


def order(seed: int = 3, **more) -> Order:
    return Order(seed, "train", "sketch", "pop", voices=False, seconds=3.0, **more)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return keep(order(), tmp_path_factory.mktemp("kept"))


def test_what_is_kept_can_be_read_anywhere(one):
    assert one.samples.dtype == np.int16
    assert one.samples.shape == (len(one.groups), 2, 3 * RATE)
    assert 1 < len(one.groups) == len(one.levels_db)
    assert list(one.groups) == [group for group in GROUPS if group in one.groups]
    whole = one.read(one.groups[0])
    np.testing.assert_array_equal(one.read(one.groups[0], 1000, 500), whole[:, 1000:1500])
    beyond = one.read(one.groups[0], 3 * RATE - 10, 20)
    assert not beyond[:, 10:].any()
    level = 10 * np.log10(np.mean(whole**2))
    assert abs(level - one.levels_db[0]) < 0.1
    stems = one.stems(0, 100)
    assert stems.labels == GROUPS
    assert not any(stems[group].any() for group in GROUPS if group not in one.groups)


def test_the_same_song_is_recorded_once(one, monkeypatch):
    monkeypatch.setattr(kept_stems, "record", None)
    assert keep(order(), one.path.parent) == one


def test_preparing_goes_on_where_it_stopped_and_leaves_out_what_fails(tmp_path, monkeypatch):
    said: list[str] = []
    first = prepare([order()], tmp_path / "set")
    before = first[0].path.with_suffix(".npy").stat().st_mtime_ns

    def broken(*args, **kwargs):
        raise RuntimeError("no sound")

    monkeypatch.setattr(kept_stems, "record", broken)
    with pytest.raises(DataError, match="1 of 2 songs fail"):
        prepare([order(), order(4)], tmp_path / "set", log=said.append)
    assert "no sound" in said[0]
    assert first[0].path.with_suffix(".npy").stat().st_mtime_ns == before
    assert not [path for path in (tmp_path / "set").iterdir() if path.suffix == ".tmp"]


def test_orders_have_names_of_their_own():
    names = {order().id, order(4).id, Order(3, "train").id, Order(3, "train", voices=False).id, Order(3, "test").id}
    assert len(names) == 5


@pytest.mark.parametrize("name", NAMES)
def test_every_instrument_of_the_band_has_a_group(name):
    for program in NAMES[name][0]:
        assert group_of(Played("chords", program, False, NOBODY)) in GROUPS


def test_groups_go_by_role_then_by_instrument():
    assert group_of(Played("melody", 73, False, Notes([0], [1], [60], [90]), ("la",))) == "vocals"
    assert group_of(Played("x", 0, True, NOBODY)) == "drums"
    assert group_of(Played("bass", 42, False, NOBODY)) == "strings"
    assert group_of(Played("bassoon", 70, False, NOBODY)) == "winds"
    assert group_of(Played("bass", 87, False, NOBODY)) == "bass"
    assert [group_named(n) for n in ("drum set", "bassoon", "double bass", "French horn", "theremin")] == [
        "drums", "winds", "bass", "winds", "rest",
    ]  # fmt: skip


def test_real_stems_are_grouped_and_sum_to_the_mix():
    rng = np.random.default_rng(0)
    tracks = {"S01 drum set": rng.normal(size=(2, 900)), "S02 clean electric guitar": rng.normal(size=(1, 900)),
              "S03 acoustic guitar": rng.normal(size=(1, 900))}  # fmt: skip
    track = Track("real", lambda: (np.zeros((1, 1)), RATE), stems=lambda: (tracks, RATE))
    stems = real_stems(track)
    np.testing.assert_allclose(stems.mix(), sum(tracks.values()) + np.zeros((2, 900)), atol=1e-5)
    np.testing.assert_allclose(stems["guitar"][0], stems["guitar"][1])
    added = four(stems)
    assert added.labels == FOUR
    np.testing.assert_allclose(added["other"], stems["guitar"])
    np.testing.assert_allclose(added.mix(), stems.mix(), atol=1e-5)
    with pytest.raises(DataError, match="no stems"):
        real_stems(Track("mix", lambda: (np.zeros((1, 1)), RATE)))


def test_four_add_up_to_eight():
    eight = Stems.of({g: np.full((2, 4), i + 1.0) for i, g in enumerate(GROUPS)}, RATE)
    assert [float(four(eight)[name][0, 0]) for name in FOUR] == [1.0, 2.0, 3.0, 30.0]
