from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from solfeggio.band.chance import shelf
from solfeggio.band.classical.chamber import KINDS, compose_chamber
from solfeggio.band.classical.counterpoint import CHOIR, VOICES, parallels
from solfeggio.band.classical.draft import slices, spans_of
from solfeggio.band.classical.periods import plan, spots
from solfeggio.band.classical.schemata import FORMS, PATHS
from solfeggio.band.classical.themes import BASSES, FIGURES
from solfeggio.band.compose import audible, compose
from solfeggio.band.song import Song
from solfeggio.band.style import load_style, style_names
from solfeggio.errors import ConfigError
from solfeggio.harte import pitch_classes, read
from solfeggio.notation import Metre

STYLES = [name for name in style_names() if load_style(name).composer == "chamber"]
METRES = {"4/4": 1, "3/4": 1, "2/4": 1, "6/8": 1, "3/8": 1, "2/2": 1, "12/8": 1}


def agreement(song: Song) -> float:
    """Share of sounding time whose pitch belongs to the chord of its moment."""
    starts, right, every = np.array([a for a, _, _ in song.chords]), 0.0, 0.0
    for part in song.parts:
        for a, b, pitch, _ in part.notes if not part.drums else ():
            tones = pitch_classes(song.chords[max(np.searchsorted(starts, a + 1e-6) - 1, 0)][2])
            if tones:
                right, every = right + (b - a) * (int(pitch) % 12 in tones), every + b - a
    return right / every


def sound(song: Song) -> None:
    """What holds for every written song."""
    assert song.parts and len({part.name for part in song.parts}) == len(song.parts)
    for part in song.parts:
        notes = part.notes
        assert notes.shape[1] == 4 and np.isfinite(notes).all() and (np.diff(notes[:, 0]) >= 0).all()
        assert (notes[:, 1] > notes[:, 0]).all() and notes[0, 0] >= 0 and notes[-1, 0] < song.length_quarters
        assert notes[:, 2].min() >= 21 and notes[:, 2].max() <= 108
        assert notes[:, 3].min() >= 1 and notes[:, 3].max() <= 127
        assert not part.words or len(part.words) == len(notes)
        assert all(0 <= a < b <= song.length_quarters for a, b in part.pedal)
        assert all(a[1] <= b[0] for a, b in pairwise(part.pedal))
    for spans in (song.chords, song.sections, song.keys, song.metres, song.forms):
        assert spans[0][0] == 0 and spans[-1][1] == pytest.approx(song.length_quarters)
        assert all(a[1] == pytest.approx(b[0]) and a[0] < a[1] for a, b in pairwise(spans))
    for start, end, _ in song.tempi:
        assert 0 <= start < end <= song.length_quarters


@pytest.mark.parametrize("name", STYLES)
def test_every_style_writes_sound_songs_that_agree_with_their_chords(name):
    heard = []
    for seed in range(5):
        song = compose(seed, side=("train", "valid", "test")[seed % 3], style=name)
        sound(song)
        assert audible(song) and 35 < song.length_quarters * 60 / song.bpm < 125
        heard.append(agreement(song))
    assert np.mean(heard) > 0.8 and min(heard) > 0.65


def test_choirs_sing_in_range_without_parallels():
    spec, moved = load_style("chorale-choir"), 0
    for seed in range(10):
        song = compose_chamber(np.random.default_rng(seed), "train", spec)
        assert tuple(part.name for part in song.parts) == VOICES
        moments = np.unique(np.concatenate([part.notes[:, 0] for part in song.parts]))
        rows = np.full((len(moments), 4), np.nan)
        for voice, part in enumerate(song.parts):
            low, high = CHOIR[voice]
            assert part.notes[:, 2].min() >= low and part.notes[:, 2].max() <= high and any(part.words)
            at = np.searchsorted(part.notes[:, 0], moments + 1e-6) - 1
            rows[:, voice] = part.notes[np.maximum(at, 0), 2]
        assert parallels(rows) == 0
        moved += len(moments)
    assert moved > 200


def test_same_seed_same_song():
    for name in ("symphony", "nocturne", "solo-cello"):
        a, b = compose(5, style=name), compose(5, style=name)
        assert a.chords == b.chords and a.keys == b.keys and a.bpm == b.bpm
        for one, other in zip(a.parts, b.parts, strict=True):
            np.testing.assert_array_equal(one.notes, other.notes)


def test_pedals_follow_the_harmony():
    found = 0
    for seed in range(12):
        song = compose_chamber(np.random.default_rng(seed), "train", load_style("nocturne"))
        changes = {round(a, 3) for a, _, _ in song.chords}
        for part in song.parts:
            found += len(part.pedal)
            for a, b in part.pedal:
                assert not any(a < change < b for change in changes)
    assert found > 50


def test_songs_modulate_change_metre_and_pace():
    songs = [compose_chamber(np.random.default_rng(s), "train", load_style("string-quartet")) for s in range(24)]
    assert np.mean([len({label for _, _, label in song.keys}) > 1 for song in songs]) > 0.5
    assert any(len(song.metres) > 1 for song in songs) and any(song.tempi for song in songs)
    assert any(song.chords[0][2] == "N" for song in songs), "some begin with an upbeat"
    for song in songs:
        downs = song.beats_quarters[song.positions == 1]
        for start, end, label in song.metres:
            bar = Metre.parse(label).beats * 4 / Metre.parse(label).unit
            inside = downs[(downs >= start) & (downs < end - 1e-6)]
            assert np.allclose(np.diff(inside), bar), "bars are as long as the metre says"


@pytest.mark.parametrize("form", FORMS)
def test_forms_return_in_their_own_harmony(form):
    spec = replace(load_style("string-quartet"), metres=METRES)
    for seed in range(10):
        draft, bpm = plan(np.random.default_rng(seed), "train", spec, form)
        assert bpm > 0 and all(part.end > part.start for part in slices(draft))
        assert draft[-1].cadence == "full"
        tonic = read(spans_of(draft, "chords")[-1][2])[0]
        assert tonic == read(draft[-1].key.partition(":")[0] + ":maj")[0], "a piece ends on its tonic"
        first = {}
        for section in sorted({bar.section for bar in draft}):
            bars = [bar for bar in draft if bar.section == section]
            shape = [len(bar.chords) for bar in bars]
            slot = (bars[0].letter, bars[0].key, bars[-1].key)
            assert first.setdefault(slot, shape) == shape


def test_sides_write_different_phrases():
    for lines in (lines for table in PATHS.values() for lines in table.values()):
        shelves = [set(shelf(lines, side)) for side in ("train", "valid", "test")]
        assert all(shelves) and len(set.union(*shelves)) == len(set(lines)) == sum(map(len, shelves))
    spec = replace(load_style("alberti-piano"), metres={"4/4": 1.0})
    drafts = [plan(np.random.default_rng(1), side, spec, "strophic")[0] for side in ("train", "test")]
    assert [bar.chords for bar in drafts[0]] != [bar.chords for bar in drafts[1]]


def test_chords_enter_inside_their_bar():
    from solfeggio.band.writing.feel import feel_of

    for metre in METRES:
        feel = feel_of(np.random.default_rng(0), Metre.parse(metre))
        for count in (1, 2, 3):
            offsets = spots(feel, count)
            assert len(offsets) == count and offsets[0] == 0 and offsets[-1] < feel.bar
            assert all(a < b for a, b in pairwise(offsets))
    assert all(
        len(bar.split()) <= 3 for table in PATHS.values() for lines in table.values() for p in lines for bar in p
    )


def test_style_files_name_what_exists():
    for name in STYLES:
        spec = load_style(name)
        assert set(spec.families) <= set(KINDS) and spec.form in FORMS
        if spec.families == ("ensemble",):
            assert set(spec.bass) <= set(BASSES)
        assert {t for layer in spec.layers for t in layer.textures} <= {*FIGURES, "timpani"}
    with pytest.raises(ConfigError, match="kind of chamber music"):
        compose_chamber(np.random.default_rng(0), "train", replace(load_style("minuet"), families=("jazz",)))
    with pytest.raises(ConfigError, match="unknown form"):
        compose_chamber(np.random.default_rng(0), "train", replace(load_style("minuet"), form="song"))


def test_fermatas_hold_the_last_beat_of_a_phrase():
    songs = [compose_chamber(np.random.default_rng(seed), "train", load_style("chorale-consort")) for seed in range(20)]
    held = [song for song in songs if song.tempi]
    assert 2 <= len(held) < 15
    for song in held:
        slow = [(a, b) for a, b, tempo in song.tempi if tempo < song.bpm / 1.2]
        downs = song.beats_quarters[song.positions == 1]
        beat = float(np.min(np.diff(song.beats_quarters)))
        ends = [np.min(np.abs([*(downs - b), song.length_quarters - b])) for _, b in slow]
        assert np.allclose(ends, 0) and all(b - a == pytest.approx(beat) for a, b in slow)
