from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from solfeggio.band.chance import shelf
from solfeggio.band.style import load_style, style_names
from solfeggio.band.writing.bass import HIGH, LOW, STYLES, write_bass
from solfeggio.band.writing.drums import draw_bar, write_drums
from solfeggio.band.writing.feel import feel_of
from solfeggio.band.writing.form import write_chart
from solfeggio.band.writing.grooves import GM_PERCUSSION, GROOVES, KICK
from solfeggio.band.writing.melody import write_melody
from solfeggio.band.writing.mma import tactus
from solfeggio.band.writing.plans import FUNCTIONS
from solfeggio.band.writing.players import play
from solfeggio.band.writing.rhythm import write_chords
from solfeggio.band.writing.textures import TEXTURES
from solfeggio.errors import ConfigError
from solfeggio.harte import bass, pitch_classes
from solfeggio.notation import Metre

PLAYED = [name for name in style_names() if load_style(name).composer == "players"]
PLAIN = replace(GROOVES["rock"], busy=0.0)
METRES = ("4/4", "3/4", "2/4", "2/2", "5/4", "7/8", "6/8", "12/8")


def chart_of(metre: str, seed: int = 0, harmony: str = "pop"):
    rng = np.random.default_rng(seed)
    chart = write_chart(rng, Metre.parse(metre), 16, harmony)
    return rng, chart, feel_of(rng, chart.metre), np.full(16, 0.7)


def sound(notes: np.ndarray, low: int, high: int) -> None:
    assert notes.ndim == 2 and notes.shape[1] == 4 and np.isfinite(notes).all()
    assert np.all(np.diff(notes[:, 0]) >= 0) and np.all(notes[:, 1] > notes[:, 0])
    assert notes[:, 2].min() >= low and notes[:, 2].max() <= high
    assert notes[:, 3].min() >= 1 and notes[:, 3].max() <= 127
    np.testing.assert_array_equal(notes[:, 2], np.round(notes[:, 2]))


def beats_follow_metres(song) -> None:
    """Beats are as far apart as their metre says, and each bar counts from one to as many beats as it has."""
    for start, end, name in song.metres:
        metre = Metre.parse(name)
        beats, beat = tactus(metre)
        inside = (song.beats_quarters > start - 1e-6) & (song.beats_quarters < end - 1e-6)
        places, times = song.positions[inside], song.beats_quarters[inside]
        if metre.unit == 8 and metre.beats % 3 == 0:  # an odd bar may be 3/8 or 15/8
            beats, beat = metre.beats // 3, 1.5
        assert np.allclose(np.diff(times), beat), (name, song.name)
        assert places.max() <= beats and np.all(np.diff(places) % beats == 1 % beats), (name, places)


@pytest.mark.parametrize("style", PLAYED)
def test_every_style_composes_a_sound_song(style):
    for seed in range(20):
        song = play(np.random.default_rng(seed), ("train", "valid", "test")[seed % 3], load_style(style))
        assert song.parts and song.style == style and 0 <= song.rubato <= 1
        for part in song.parts:
            sound(part.notes, *((GM_PERCUSSION[0], GM_PERCUSSION[-1]) if part.drums else (21, 108)))
            assert 0 <= part.program <= 127
            assert part.notes[0, 0] >= 0 and part.notes[-1, 0] < song.length_quarters
        gaps = np.diff(song.beats_quarters)
        assert song.beats_quarters[0] == pytest.approx(0) and gaps.min() > 0.4
        assert song.beats_quarters[-1] < song.length_quarters
        assert 40 < song.bpm / np.median(gaps) < 340
        beats_follow_metres(song)
        for spans in (song.chords, song.sections, song.forms, song.keys, song.metres):
            assert spans[0][0] == pytest.approx(0, abs=1e-9) and spans[-1][1] == pytest.approx(song.length_quarters)
            assert all(a[1] == pytest.approx(b[0]) and b[1] > b[0] for a, b in pairwise(spans))
        assert {name for _, _, name in song.sections} <= set(FUNCTIONS)


def test_same_seed_same_song():
    a, b = (play(np.random.default_rng(5), "train", load_style("funk")) for _ in range(2))
    assert a.name == b.name and a.chords == b.chords and len(a.parts) == len(b.parts)
    for one, other in zip(a.parts, b.parts, strict=True):
        np.testing.assert_array_equal(one.notes, other.notes)
    assert a.bpm != play(np.random.default_rng(6), "train", load_style("funk")).bpm


def test_songs_start_in_several_ways():
    starts = [int(play(np.random.default_rng(seed), "train", load_style("pop")).positions[0]) for seed in range(60)]
    assert {1, 2, 3, 4} <= set(starts) and starts.count(1) > 25


@pytest.mark.parametrize("style", ["rock", "country", "waltz", "jazz-swing", "metal", "march"])
def test_onsets_gather_on_beats_and_low_notes_on_downbeats(style):
    on, every, low_down, low_other = 0.0, 0.0, [], []
    for seed in range(20):
        song = play(np.random.default_rng(seed), "train", load_style(style))
        if len(song.metres) > 1:
            continue
        beat = np.diff(song.beats_quarters)[0]
        notes = np.concatenate([part.notes for part in song.parts])
        phase = notes[:, 0] / beat
        hit = np.abs(phase - np.round(phase)) * beat < 0.05
        on, every = on + notes[hit, 3].sum(), every + notes[:, 3].sum()
        lows = [p.notes for p in song.parts if p.name == "bass"] + [
            p.notes[p.notes[:, 2] == 36] for p in song.parts if p.drums
        ]
        placed = np.concatenate([n[:, 0] for n in lows]) / beat if lows else np.zeros(0)
        where = np.round(placed[np.abs(placed - np.round(placed)) * beat < 0.05]).astype(int)
        count = np.bincount(where, minlength=len(song.positions))[: len(song.positions)]
        low_down.append(count[song.positions == 1].mean())
        low_other.append(count[song.positions != 1].mean())
    assert on / every > 0.42
    assert np.mean(low_down) > 1.1 * np.mean(low_other)


@pytest.mark.parametrize("metre", METRES)
@pytest.mark.parametrize("groove", GROOVES)
def test_grooves_play_every_metre(metre, groove):
    rng, chart, feel, energy = chart_of(metre)
    notes = write_drums(rng, chart, feel, energy, (groove,))
    sound(notes, GM_PERCUSSION[0], GM_PERCUSSION[-1])
    assert notes[-1, 0] < 16 * feel.bar
    assert len(set(np.floor(notes[:, 0] / feel.bar + 1e-6).astype(int))) >= 12


@pytest.mark.parametrize("metre", METRES)
@pytest.mark.parametrize("style", STYLES)
def test_bass_styles_stay_low_and_inside(metre, style):
    rng, chart, feel, energy = chart_of(metre)
    notes = write_bass(rng, chart, feel, energy, (style,))
    sound(notes, LOW - 2, HIGH + 12)
    assert notes[-1, 0] < 16 * feel.bar


def test_bass_plays_roots_where_chords_change():
    right = []
    for seed in range(20):
        rng, chart, feel, energy = chart_of("4/4", seed)
        notes = write_bass(rng, chart, feel, energy, ("root_fifth", "drive", "walking"))
        for number, bar in enumerate(chart.chords):
            here = notes[np.abs(notes[:, 0] - number * 4) < 1e-6]
            right += [pitch % 12 == bass(bar[0][1]) for pitch in here[:, 2]]
    assert np.mean(right) > 0.97


@pytest.mark.parametrize("metre", METRES)
@pytest.mark.parametrize("texture", TEXTURES)
def test_textures_play_every_metre(metre, texture):
    rng, chart, feel, energy = chart_of(metre)
    notes = write_chords(rng, chart, feel, energy, (texture,))
    sound(notes, 24, 96)
    assert notes[0, 0] >= 0 and notes[-1, 0] < 16 * feel.bar


def test_textures_play_the_chart():
    for texture in ("strum", "pad", "arpeggio", "skank", "block", "alberti", "tremolo"):
        rng, chart, feel, energy = chart_of("4/4", 3)
        for start, _, pitch, _ in write_chords(rng, chart, feel, energy, (texture,)):
            bar = int(start / 4 + 1e-6)
            label = next(label for x, label in reversed(chart.chords[bar]) if x <= start - bar * 4 + 1e-6)
            assert int(pitch) % 12 in pitch_classes(label), (texture, start, label, pitch)


def test_melodies_are_one_voice_that_breathes():
    for seed in range(20):
        rng, chart, feel, energy = chart_of(METRES[seed % len(METRES)], seed)
        notes = write_melody(rng, chart, feel, energy, 73, 70).notes
        sound(notes, 52, 88)
        assert np.all(notes[1:, 0] >= notes[:-1, 1] - 1e-9)
        assert (notes[1:, 0] - notes[:-1, 1]).max() > 0.2


def test_melodies_stand_on_chord_tones():
    strong = []
    for seed in range(20):
        rng, chart, feel, energy = chart_of("4/4", seed)
        for start, _, pitch, _ in write_melody(rng, chart, feel, energy, 73, 70).notes:
            if start % 4 == 0:
                strong.append(int(pitch) % 12 in pitch_classes(chart.chords[int(start / 4)][0][1]))
    assert np.mean(strong) > 0.8


def test_sides_hold_out_grooves():
    shelves = [set(shelf(GROOVES["rock"].kicks, side)) for side in ("train", "valid", "test")]
    assert all(shelves) and len(set.union(*shelves)) == sum(map(len, shelves))
    drawn = []
    for side in ("train", "test"):
        bars = [
            draw_bar(np.random.default_rng(s), feel_of(np.random.default_rng(0), Metre(4)), PLAIN, 0.7, side)
            for s in range(60)
        ]
        drawn.append({tuple(hit[0] for hit in bar if hit[1] == KICK) for bar in bars})
    assert drawn[0] and drawn[1] and not drawn[0] & drawn[1]


def test_unknown_names_are_refused():
    rng, chart, feel, energy = chart_of("4/4")
    with pytest.raises(ConfigError, match="rock"):
        load_style("rokc")
    for write, option in ((write_drums, "styles"), (write_bass, "styles"), (write_chords, "textures")):
        with pytest.raises(ConfigError):
            write(rng, chart, feel, energy, **{option: ("nothing",)})


def test_singers_stay_in_their_range_and_breathe():
    for seed in range(20):
        for centre, low, high in ((66, 57, 76), (55, 45, 64)):
            rng, chart, feel, energy = chart_of("4/4", seed)
            notes = write_melody(rng, chart, feel, energy, 53, centre, sings=True).notes
            sound(notes, low, high)
            assert (np.abs(np.diff(notes[:, 2])) > 12).mean() == 0
            starts, ends = notes[1:, 0], notes[:-1, 1]
            breaths = starts[starts - ends > 0.25]
            assert len(breaths) and np.diff([0.0, *breaths, ends[-1]]).max() <= 36


def test_a_tune_comes_back_with_its_section():
    same = []
    for seed in range(40):
        rng, chart, feel, energy = chart_of("4/4", seed)
        notes = write_melody(rng, chart, feel, energy, 73, 70).notes
        spans = [(first, bars) for first, bars, letter in chart.forms if letter == chart.forms[0][2]]
        if len(spans) > 1 and len(chart.keys) == 1:
            (a, n), (b, m) = spans[:2]
            one, two = (
                {round(float(x) - at * 4, 3) for x in notes[:, 0] if at * 4 <= x < (at + min(n, m)) * 4}
                for at in (a, b)
            )
            same.append(len(one & two) / max(1, len(one | two)))
    assert len(same) > 5 and 0.55 < np.mean(same) < 1


def test_walking_basses_walk_to_the_next_root_through_the_chord():
    steps, strong = [], []
    for seed in range(20):
        rng, chart, feel, energy = chart_of("4/4", seed, "jazz")
        notes = write_bass(rng, chart, feel, energy, ("walking",))
        steps += np.abs(np.diff(notes[:, 2])).tolist()
        for start, _, pitch, _ in notes:
            if start % 4 == 2:
                label = next(label for x, label in reversed(chart.chords[int(start // 4)]) if x <= 2)
                strong.append(int(pitch) % 12 in {*pitch_classes(label), bass(label)})
    assert np.mean(np.array(steps) <= 5) > 0.8 and np.mean(strong) > 0.75
