"""Lines of melody and chords: what a line keeps, how sides and windows are split."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.band.song import Part, Song
from solfeggio.data import lines as module
from solfeggio.errors import ConfigError, DataError, NotationError
from solfeggio.notation import Score
from solfeggio.tokens import LINE_LOWEST, LINE_REST, VALUES, decode_line

EIGHTH = list(VALUES).index("eighth")
CHORDS = ((0.0, 8.0, "D:min7"), (8.0, 12.0, "G:7"), (12.0, 20.0, "C:maj7"))


def tune(first=4.0, count=24, shift=0, **more):
    starts = first + np.arange(count) * 0.5
    pitches = 62 + shift + np.arange(count) * 5 % 13
    notes = np.column_stack([starts, starts + 0.5, pitches, np.full(count, 80.0)])
    return Score("tune", 120, (Part("melody", 0, notes),), 20.0, chords=CHORDS, **more)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SOLFEGGIO_CACHE", str(tmp_path / "cache"))
    module._held.cache_clear()
    yield tmp_path / "cache"
    module._held.cache_clear()


def song(seed, notes=32, pitch=60):
    rng = np.random.default_rng(seed)
    starts = np.arange(notes) * 0.5
    rows = np.column_stack([starts, starts + 0.5, pitch + rng.integers(0, 12, notes), np.full(notes, 80)])
    beats = np.arange(notes // 2, dtype=float)
    parts = (Part("bass", 32, rows - [0, 0, 24, 0]), Part("melody", 0, rows))
    return Song(f"song-{seed}", "jazz", 120, parts, notes / 2, beats, np.arange(len(beats)) % 4 + 1, CHORDS)


def test_a_line_begins_with_the_bar_of_its_first_note():
    line, changes = module.line_of(tune())
    assert changes == []
    assert len(line) == 24
    assert line.positions[:3].tolist() == [0, 12, 24]
    assert (line.durations == EIGHTH).all()
    assert (line.pitches[:3] + LINE_LOWEST).tolist() == [62, 67, 72]
    assert line.roots[[0, 7, 8, 15, 16]].tolist() == [2, 2, 7, 7, 0]  # D, G, C
    assert line.next_roots[[0, 8, 16]].tolist() == [7, 0, 12]
    notes = decode_line(line).parts[0].notes
    assert np.allclose(notes[:, :3], tune().parts[0].notes[:, :3] - [4, 4, 0])


def test_a_late_first_note_is_a_rest_in_its_bar():
    line, _ = module.line_of(tune(first=5.0))
    assert line.pitches[0] == LINE_REST
    assert line.positions[:2].tolist() == [0, 24]


def test_what_a_line_cannot_hold():
    with pytest.raises(NotationError, match="3/4"):
        module.line_of(tune(metres=((0.0, 20.0, "3/4"),)))
    with pytest.raises(NotationError, match="fewer than 16"):
        module.line_of(tune(count=10))


@pytest.mark.parametrize("swing", [0.5, 0.57, 0.615, 0.66])
def test_swing_and_articulation_are_no_notation(swing):
    straight = np.array([0, 0.5, 0.75, 1, 1.5, 2, 2.25, 2.5, 3, 3.5, 4, 5, 5.5, 6.5])
    whole, part = np.floor(straight), straight % 1
    played = whole + np.where(part < 0.5, part * 2 * swing, swing + (part - 0.5) * 2 * (1 - swing))
    lasting = np.diff(played, append=7.5) * 0.9
    notes = np.column_stack([played, played + lasting, 60 + np.arange(14) % 5, np.full(14, 80)])
    found = module.written(
        Score("a", 120, (Part("melody", 0, notes + np.array([0.5, 0.5, 0, 0])),), 8.5, pickup_quarters=0.5)
    )
    assert np.allclose(found.parts[0].notes[:, 0] - 0.5, straight, atol=0.01)
    assert np.allclose(found.parts[0].notes[:-1, 1], found.parts[0].notes[1:, 0])


def test_each_beat_is_sixteenths_or_triplets():
    starts = np.array([0, 0.23, 0.52, 1, 1.31, 1.69, 2.02, 2.98])
    notes = np.column_stack([starts, starts + 0.2, np.full(8, 60), np.full(8, 80)])
    found = module.on_beats(Score("a", 120, (Part("melody", 0, notes),), 4.0)).parts[0].notes
    assert np.allclose(found[:, 0], [0, 0.25, 0.5, 1, 4 / 3, 5 / 3, 2, 3])
    assert (found[:, 1] > found[:, 0]).all()


def test_rests_stay_and_straight_triplets_do():
    starts = np.array([0, 1 / 3, 2 / 3, 1, 1.5, 2, 2.5, 3, 4, 4.5, 5])
    notes = np.column_stack([starts, starts + 0.3, np.full(11, 60), np.full(11, 80)])
    found = module.written(Score("a", 120, (Part("melody", 0, notes),), 8.0)).parts[0].notes
    assert np.allclose(found[:, 0], starts)
    assert found[7, 1] == 3.3  # before a rest of most of a beat


def test_the_melody_of_a_song_comes_with_its_chords_and_pick_up():
    given = song(1)
    score = module.song_score(given)
    assert [part.name for part in score.parts] == ["melody"]
    assert score.chords == CHORDS
    late = Song("late", "jazz", 120, given.parts, 15.0, given.beats_quarters, (np.arange(16) + 3) % 4 + 1)
    assert module.song_score(late).pickup_quarters == 1.0
    with pytest.raises(DataError, match="no melody"):
        module.song_score(Song("bass", "jazz", 120, given.parts[:1], 16.0, given.beats_quarters, late.positions))


def test_tunes_get_chords_of_their_key(cache, monkeypatch):
    notes = np.array([[0, 4, 67, 80], [4, 8, 66, 80], [8, 12, 64, 80], [12, 16, 67, 80.0]])
    score = Score("a", 120, (Part("melody", 0, notes),), 16.0, keys=((0.0, 16.0, "G:maj"),))
    chords = module.harmonised(score).chords
    assert chords[0][2] == chords[-1][2] == "G:maj"
    assert [a for a, _, _ in chords[1:]] == [b for _, b, _ in chords[:-1]]
    assert {label for _, _, label in chords} <= {"G:maj", "D:maj", "D:7", "C:maj", "E:min", "A:min", "B:min"}
    with pytest.raises(DataError, match="no key"):
        module.harmonised(tune())


def test_the_band_composes_until_there_are_enough(cache, monkeypatch):
    asked = []

    def compose(seed, *, side, style):
        asked.append((seed, side, style))
        return song(seed, notes=8 if seed % 2 else 32)

    monkeypatch.setattr(module, "compose", compose)
    found = module.lines("band-jazz", "valid", 3, seed=2)
    assert len(found) == 3
    assert [seed for seed, _, _ in asked] == [200_000, 200_001, 200_002, 200_003, 200_004]
    assert {side for _, side, _ in asked} == {"valid"}
    assert [style for _, _, style in asked[:3]] == list(module.STYLES["band-jazz"])
    counts = module.counts("band-jazz", "valid", 3, seed=2)
    assert counts["read"] == 5
    assert counts["lines"] == 3
    assert counts["left out: it has fewer than 16 notes and rests"] == 2
    module._held.cache_clear()
    asked.clear()
    again = module.lines("band-jazz", "valid", 3, seed=2)
    assert not asked  # from the cache
    assert all((a == b).all() for one, two in zip(found, again, strict=True) for a, b in zip(one, two, strict=True))


def test_a_published_set_is_split_by_tune(cache, monkeypatch):
    songs = [song(seed) for seed in range(40)] + [song(seed, pitch=63) for seed in range(40, 44)]
    twice = [song(seed) for seed in range(5)]
    monkeypatch.setattr(module, "symbolic", lambda name: iter(songs + twice))
    sides = {side: module.lines("nottingham", side) for side in module.SIDES}
    assert sum(map(len, sides.values())) == 44
    assert len(sides["train"]) > 25
    seen = [line.pitches.tobytes() for side in sides.values() for line in side]
    assert len(set(seen)) == 44
    assert len(module.lines("nottingham", "train", 3)) == 3
    module._held.cache_clear()
    for kept in cache.glob("*.npz"):
        kept.unlink()
    solos = {side: len(module.lines("wjazzd", side)) for side in module.SIDES}
    assert sorted(solos.values()) == [0, 0, 44]  # solos over the same chords stay together


def test_the_published_split_leaks_all_but_one_row():
    given = [module.line_of(tune(count=n, shift=n))[0] for n in (24, 30, 18)]
    train, valid = module.published_split(given, window=20, seed=1)
    assert len(train) + len(valid) == 5 + 12  # a rest fills the last bar of the second
    assert len(train) == round(0.85 * 17)
    assert len({tuple(pair) for pair in np.concatenate([train, valid]).tolist()}) == 17
    known = {tuple(pair) for pair in train.tolist()}
    assert all(any((i, at + step) in known for step in range(-3, 4)) for i, at in valid.tolist())
    window = module.cut(given[1], 3, 20)
    assert len(window) == 20
    assert (window.pitches == given[1].pitches[3:23]).all()
    assert module.published_split(given, window=64)[0].shape == (0, 2)


def test_names_and_numbers_that_do_not_exist(cache):
    for arguments, word in ((("jazz", "train"), "source"), (("tunes", "left"), "side"), (("tunes", "train", 0), "one")):
        with pytest.raises(ConfigError, match=word):
            module.lines(*arguments)
