"""Splits: whole families, every track once; leaks are found where they are; the band's sides share none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solfeggio.band.chance import SHELVES, shelf
from solfeggio.band.song import Part, Song
from solfeggio.band.writing.harmony import LOOPS
from solfeggio.data.dataset import Dataset, Track
from solfeggio.data.splits import leaks, shared_tunes, split, tunes
from solfeggio.errors import ConfigError, DataError


def _track(name: str, seed: int = 0, **groups: str) -> Track:
    def sound() -> tuple[np.ndarray, int]:
        return np.random.default_rng(seed).uniform(-1, 1, (1, 50)).astype(np.float32), 8000

    return Track(name, sound, groups=groups)


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("uvwxyz")), min_size=6, max_size=40),
    st.integers(0, 9),
)
def test_parts_share_nothing_and_lose_nothing(values: list[tuple[str, str]], seed: int) -> None:
    tracks = tuple(_track(str(i), work=work, groove=groove) for i, (work, groove) in enumerate(values))
    try:
        one, other = split(Dataset("d", tracks, "CC0"), ("work", "groove"), (0.6, 0.4), seed)
    except DataError:
        return  # all hang together
    assert sorted(track.id for part in (one, other) for track in part) == sorted(track.id for track in tracks)
    assert not leaks(one, other, ("work", "groove")) and one.name == "d-0" and other.licence == "CC0"


def test_tracks_without_a_group_are_free() -> None:
    tracks = tuple(_track(str(i), groove="") for i in range(10))
    assert [len(part) for part in split(Dataset("d", tracks, ""), ("groove", "work"), (0.8, 0.1, 0.1))] == [8, 1, 1]


def test_split_depends_on_its_seed_alone() -> None:
    data = Dataset("d", tuple(_track(str(i), work=str(i // 2)) for i in range(20)), "")
    names = [[t.id for t in split(data, ("work",), (0.5, 0.5), seed)[0]] for seed in (0, 0, 1)]
    assert names[0] == names[1] != names[2]


def test_what_cannot_be_split_is_told() -> None:
    data = Dataset("d", tuple(_track(str(i), bank="A") for i in range(4)), "")
    with pytest.raises(DataError, match="1 families"):
        split(data, ("bank",), (0.5, 0.5))
    with pytest.raises(ConfigError, match="sum to 1"):
        split(data, (), (0.5, 0.4))


def test_leaks_name_groups_and_recordings() -> None:
    train = [_track("a", 1, work="x", bank="A"), _track("b", 2, work="y", bank="A")]
    test = [_track("c", 2, work="x", bank="B"), _track("d", 3, work="z", bank="B")]
    found = {(leak.kind, leak.train, leak.test) for leak in leaks(train, test, audio=True)}
    assert found == {("work", ("a",), ("c",)), ("recording", ("b",), ("c",))}


def _song(pitches: list[int], gaps: list[float], up: int = 0, later: float = 0.0) -> Song:
    starts = later + np.concatenate([[0], np.cumsum(gaps)])
    notes = np.array([[a, a + 0.25, p + up, 90] for a, p in zip(starts, pitches, strict=True)], float)
    return Song("song", "", 120.0, (Part("melody", 0, notes),), 99.0, np.zeros(0), np.zeros(0, int))


LINE = [60, 62, 64, 65, 67, 65, 64, 60, 59, 62, 65, 64, 62, 60]


def test_tunes_are_known_in_every_key_and_place_but_not_in_another_rhythm() -> None:
    even = [0.5] * 13
    found = tunes(_song(LINE, even))
    assert len(found) == 3 and found == tunes(_song(LINE, even, up=-4, later=8))
    assert not found & tunes(_song(LINE, [0.5, 1.0] * 6 + [0.5]))
    assert not found & tunes(_song(LINE[::-1], even))
    assert len(shared_tunes([_song(LINE, even)], [_song(LINE, even, up=3)])) == 3


def test_figures_that_anyone_may_play_are_no_tunes() -> None:
    assert not tunes(_song([60, 62, 64, 65] * 4, [0.5] * 15))
    assert not tunes(_song([60, 62, 60, 64, 62, 60, 64, 60, 62, 64, 60, 60], [0.5] * 11))


def test_sides_take_their_progressions_from_shelves_of_their_own() -> None:
    for loops in LOOPS.values():
        sides = [set(shelf(loops, side)) for side in ("train", "valid", "test")]
        assert len(loops) < SHELVES or not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])


@pytest.mark.system
def test_the_bands_sides_share_no_tune_groove_or_work() -> None:
    from solfeggio.band.compose import compose
    from solfeggio.band.writing.mma import LIBRARY

    if not LIBRARY.is_dir():
        pytest.skip("mma is not installed: apt-get install mma")
    sides = [[compose(seed, side=side) for seed in range(60)] for side in ("train", "test")]
    assert sum(len(tunes(song)) for song in sides[0]) > 1000
    assert not shared_tunes(*sides)
    for fact in ("groove", "work", "name"):
        values = [{getattr(song, fact) for song in side} - {""} for side in sides]
        assert not values[0] & values[1]
    copied = dataclasses.replace(sides[0][0], name="copy")
    assert shared_tunes(sides[0], [*sides[1], copied]) or not tunes(copied)
