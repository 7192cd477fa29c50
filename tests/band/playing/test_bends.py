from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solfeggio.answers import Notes
from solfeggio.band.perform import draw_cents, perform
from solfeggio.band.playing import bends
from solfeggio.band.playing.touch import flams, one_voice, pedal, roll
from solfeggio.band.song import Part, Song

PITCHES = (60, 64, 67, 65, 72, 60, 59, 62)


def line(program: int = 53, name: str = "melody", bars: int = 8, words: tuple[str, ...] = ()) -> Song:
    """Write two slurred half notes a bar, a rest of half a quarter after every second one."""
    starts = np.arange(0, 4.0 * bars, 2)
    ends = starts + np.where(np.arange(len(starts)) % 2, 1.5, 2.0)
    notes = np.column_stack([starts, ends, np.resize(PITCHES, len(starts)), np.full(len(starts), 80)])
    beats = np.arange(4.0 * bars)
    part = Part(name, program, notes, words=words)
    return Song("t", "t", 90, (part,), 4.0 * bars, beats, (beats % 4 + 1).astype(int))


def midi(hz: np.ndarray) -> np.ndarray:
    return 69 + 12 * np.log2(np.maximum(hz, 1e-9) / 440)


@pytest.mark.parametrize("program", [53, 40, 65, 73, 80, 35, 57])
def test_f0_is_near_the_notes_in_their_middle_and_silent_between_them(program):
    bent = 0
    name = "bass" if program == 35 else "melody"
    for seed in range(12):
        performance = perform(np.random.default_rng(seed), line(program, name))
        part = performance.parts[0]
        if part.f0 is None:
            continue
        bent += 1
        times, hz = part.f0.times, part.f0.values
        assert np.allclose(np.diff(times), 0.01) and times[0] == 0 and times[-1] >= performance.duration - 0.011
        which = np.searchsorted(part.notes.starts, times, "right") - 1
        sounding = (which >= 0) & (times < part.notes.ends[np.maximum(which, 0)])
        assert ((hz > 0) == sounding).all()
        away = midi(hz[sounding]) - part.notes.pitches[which[sounding]] - performance.cents / 100
        assert abs(np.median(away)) < 0.1, "in tune with the band"
        assert np.abs(away).max() < 13
        for i in range(len(part.notes)):
            middle = (part.notes.starts[i] + part.notes.ends[i]) / 2
            near = sounding & (np.abs(times - middle) < 0.08)
            centre = np.median(midi(hz[near])) - part.notes.pitches[i] - performance.cents / 100
            assert abs(centre) < 0.75, "a note is reached by its middle"
    assert bent >= 3


def test_vibrato_has_the_rate_and_depth_of_players():
    rates, depths = [], []
    for seed in range(40):
        part = line(53).parts[0]
        rng = np.random.default_rng(seed)
        curve = bends.bend(rng, part, Notes([0.5], [4.5], [69], [90]), 5.0)
        held = midi(curve.values[250:430]) if curve is not None else np.zeros(1)
        wave = held - np.convolve(held, np.ones(19) / 19, "same")
        wave = wave[15:-15]
        if len(wave) and np.abs(wave).max() > 0.12:
            spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 4096))
            rates.append(np.argmax(spectrum) * 100 / 4096)
            depths.append(np.abs(wave).max())
    assert len(rates) > 15
    assert np.all((np.array(rates) > 4.0) & (np.array(rates) < 7.0))
    assert max(depths) < 0.85


def test_slurred_notes_slide_and_others_do_not_touch():
    notes = Notes([0.0, 1.0, 2.5], [1.0, 2.0, 3.0], [60, 67, 60], [80, 80, 80])
    part = Part("bass", 38, np.array([(0, 2, 60, 80), (2, 4, 67, 80), (5, 6, 60, 80)], float))
    curves = [bends.bend(np.random.default_rng(seed), part, notes, 4.0, cents=30) for seed in range(12)]
    curve = next(c for c in curves if c is not None)
    pitch = midi(curve.values) - 0.3
    assert pitch[98] == pytest.approx(60) and 60 < pitch[102] < 67 and pitch[120] == pytest.approx(67)
    assert np.all(curve.values[200:250] == 0) and pitch[251] == pytest.approx(60)


def test_chords_drums_and_pianos_never_bend():
    chord = replace(line(53).parts[0], notes=np.array([(0, 2, p, 80) for p in (60, 64, 67)], float))
    assert not one_voice(chord.notes)
    notes = Notes([0, 0, 0], [1, 1, 1], [60, 64, 67], [80, 80, 80])
    for seed in range(10):
        assert bends.bend(np.random.default_rng(seed), chord, notes, 2.0) is None
        assert perform(np.random.default_rng(seed), line(0)).parts[0].f0 is None


def test_words_stay_with_their_notes():
    words = tuple(f"la{i}" for i in range(16))
    for seed in range(10):
        part = perform(np.random.default_rng(seed), line(53, words=words)).parts[0]
        assert part.words == words and part.f0 is not None
        assert list(part.notes.pitches) == list(np.resize(PITCHES, 16))
        assert (part.notes.ends[:-1] <= part.notes.starts[1:] + 1e-9).all(), "nobody sings two notes at once"


def test_tunings_are_mostly_standard_and_never_another_key():
    cents = np.array([draw_cents(np.random.default_rng(seed)) for seed in range(2000)])
    assert np.abs(cents).max() <= 50 and np.mean(np.abs(cents) < 12) > 0.6
    assert np.mean(np.abs(cents + 39.8) < 4) > 0.01, "430 Hz"


def test_pedals_are_down_where_written_and_change_with_the_chords_of_slow_pianos():
    song = line(0, "chords")
    song = replace(song, bpm=70, rubato=0.5, chords=((0.0, 16.0, "C:maj"), (16.0, 32.0, "G:maj")))
    written = replace(song, parts=(replace(song.parts[0], pedal=((0.0, 3.5), (4.0, 8.0))),))
    played = perform(np.random.default_rng(1), written)
    assert played.parts[0].pedal is not None and len(played.parts[0].pedal) == 2
    assert played.parts[0].pedal.starts[1] == pytest.approx(played.beats.times[4])
    drawn = [perform(np.random.default_rng(seed), song).parts[0].pedal for seed in range(20)]
    found = [feet for feet in drawn if feet is not None]
    assert len(found) > 8
    assert all((feet.ends[:-1] < feet.starts[1:]).all() for feet in found), "the foot comes up between chords"
    assert all(perform(np.random.default_rng(seed), line(40)).parts[0].pedal is None for seed in range(10))
    fast = replace(song, bpm=180, rubato=0.0)
    assert sum(perform(np.random.default_rng(s), fast).parts[0].pedal is not None for s in range(20)) < 6


def test_chords_are_rolled_from_low_to_high_as_a_rule_and_around_their_beat():
    which, pitch = np.repeat(np.arange(30), 4), np.tile([64.0, 52, 71, 60], 30)
    late = roll(np.random.default_rng(0), which, pitch, slow=False).reshape(30, 4)
    assert np.abs(late.mean(1)).max() < 1e-9 and np.abs(late).max() <= 0.025
    assert np.mean(late[:, 1] < late[:, 2]) > 0.6


def test_flams_come_shortly_before_loud_snares():
    hits = np.array([(i * 0.5, i * 0.5 + 0.1, 38, 110 if i % 2 else 60) for i in range(400)])
    grace = flams(np.random.default_rng(0), hits)
    assert 2 < len(grace) < 40
    gap = hits[np.searchsorted(hits[:, 0], grace[:, 0]), 0] - grace[:, 0]
    assert gap.min() >= 0.014 and gap.max() <= 0.025 and grace[:, 3].max() < 70


def test_the_pedal_of_no_notes_is_none():
    assert pedal(np.random.default_rng(0), line(73).parts[0], line(73), None) is None  # type: ignore[arg-type]
