from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from solfeggio.band.compose import audible, compose, draw_bpm, thin
from solfeggio.band.perform import perform
from solfeggio.band.song import Part, Song
from solfeggio.band.writing.mma import LIBRARY, Groove, grooves, side
from solfeggio.errors import ConfigError

installed = pytest.mark.skipif(shutil.which("mma") is None or not LIBRARY.is_dir(), reason="mma is not installed")


def written() -> Song:
    beats = np.arange(64.0)
    notes = np.column_stack([beats, beats + 0.5, np.full(64, 40), np.full(64, 90)])
    parts = (Part("drums", 0, notes, True), Part("bass", 33, notes), Part("chords", 0, notes))
    sections = ((0.0, 16.0, "intro"), (16.0, 40.0, "A"), (40.0, 64.0, "B"))
    return Song("t", "t", 100, parts, 64.0, beats, (beats % 4 + 1).astype(int), sections=sections)


def test_an_unknown_kind_is_named_with_its_neighbour():
    with pytest.raises(ConfigError, match="did you mean 'rock'"):
        compose(0, style="rok")


def test_native_songs_are_the_same_for_the_same_seed_and_differ_between_seeds_and_sides():
    one, two = compose(3, style="rock"), compose(3, style="rock")
    assert one.name == two.name == "train-3-rock"
    assert all(np.array_equal(a.notes, b.notes) for a, b in zip(one.parts, two.parts, strict=True))
    assert compose(4, style="rock").bpm != one.bpm != compose(3, style="rock", side="test").bpm


def test_some_songs_lose_players_and_only_those_without_drums_play_rubato():
    songs = [thin(np.random.default_rng(seed), written()) for seed in range(300)]
    without = np.array([not any(part.drums for part in song.parts) for song in songs])
    assert 0.1 < without.mean() < 0.3
    assert all(song.rubato == 0 for song, bare in zip(songs, without, strict=True) if not bare)
    assert any(song.rubato > 0 for song in songs) and any(len(song.parts) == 1 for song in songs)
    assert any(not any(p.name == "bass" for p in song.parts) for song in songs)
    assert all(song.parts for song in songs)
    late = [s.parts[0].notes[0, 0] for s in songs if s.parts[0].drums]
    assert 0.05 < np.mean(np.array(late) >= 16) < 0.4, "sometimes the drums wait for the intro to end"


def test_a_song_that_hides_its_beat_is_not_audible():
    song = written()
    assert audible(song) and not audible(replace(song, parts=()))
    late = song.parts[2].notes + np.array([0.5, 0.5, 0, 0])
    assert not audible(replace(song, parts=(Part("chords", 0, late),)))


def test_tempi_span_the_range_of_a_groove_and_stay_within_music():
    rng = np.random.default_rng(0)
    slow, fast = Groove("a:a", "a", 4, 4, "slow", 46, 88), Groove("a:a", "a", 4, 4, "fast", 160, 240)
    for groove in (slow, fast):
        bpm = [draw_bpm(rng, groove) for _ in range(400)]
        assert min(bpm) >= 45 and max(bpm) <= 220
        assert np.mean((np.array(bpm) > groove.low) & (np.array(bpm) < groove.high)) > 0.7


@installed
@pytest.mark.system
@pytest.mark.parametrize("of", ["train", "valid", "test"])
def test_grooves_of_mma_are_composed_within_their_side(of):
    for seed in range(4):
        song = compose(seed, side=of, style="mma-latin")
        assert side(song.groove) == of
        performance = perform(np.random.default_rng(seed), song)
        assert 38 < performance.duration < 100
        assert audible(song)


@installed
@pytest.mark.system
def test_the_same_seed_composes_the_same_mma_song():
    one, two = compose(11, style="mma-latin"), compose(11, style="mma-latin")
    assert one.groove == two.groove and one.bpm == two.bpm
    assert all(np.array_equal(a.notes, b.notes) for a, b in zip(one.parts, two.parts, strict=True))


@installed
@pytest.mark.system
def test_onsets_of_many_songs_agree_with_their_beats():
    early = []
    for seed in range(12):
        performance = perform(np.random.default_rng(seed), compose(seed, style="mma-latin"))
        starts = np.concatenate([part.notes.starts for part in performance.parts])
        nearest = np.abs(starts[:, None] - performance.beats.times[None]).argmin(1)
        away = starts - performance.beats.times[nearest]
        early.append(np.median(away[np.abs(away) < 0.05]))
    assert abs(np.median(early)) < 0.004 and np.abs(early).max() < 0.025


@installed
@pytest.mark.system
def test_every_style_family_has_grooves():
    assert {"ballad", "rock", "metal", "jazz", "waltz", "latin"} <= {groove.family for groove in grooves()}
