from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solfeggio.band.perform import perform
from solfeggio.band.playing.swing import bend
from solfeggio.band.playing.tempo import draw_tempo_map, sequenced
from solfeggio.band.song import Part, Song


def written(bars: int = 24, bpm: float = 120, rubato: float = 0.0) -> Song:
    """Write kick on every beat, hat on every half, a three-note chord on every downbeat."""
    beats = np.arange(4.0 * bars)
    kick = np.column_stack([beats, beats + 0.1, np.full(len(beats), 36), np.full(len(beats), 100)])
    hat = np.column_stack([beats + 0.5, beats + 0.6, np.full(len(beats), 42), np.full(len(beats), 70)])
    drums = np.concatenate([kick, hat])
    chords = np.array([(b, b + 3.5, pitch, 80) for b in beats[::4] for pitch in (60, 64, 67)])
    parts = (
        Part("drums", 0, drums[np.argsort(drums[:, 0], kind="stable")], drums=True),
        Part("chords", 48, chords),
    )
    half = 2.0 * bars
    return Song(
        "test", "test", bpm, parts, 4.0 * bars, beats, (beats % 4 + 1).astype(int),
        chords=((0.0, half, "C:maj"), (half, 2 * half, "G:maj")), sections=((0.0, half, "A"), (half, 2 * half, "B")),
        rubato=rubato,
    )  # fmt: skip


@pytest.mark.parametrize("rubato", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(12))
def test_kicks_stay_with_the_beats_whatever_the_tempo_does(seed, rubato):
    performance = perform(np.random.default_rng(seed), written(rubato=rubato))
    drums = performance.parts[0].notes
    kicks = drums.starts[drums.pitches == 36]
    away = kicks - performance.beats.times[: len(kicks)]
    assert len(kicks) == len(performance.beats)
    assert np.abs(away).max() < 0.032 and abs(away.mean()) < 0.012
    assert performance.beats.labels[:5] == ("1", "2", "3", "4", "1")
    assert performance.duration > drums.starts.max()
    second = performance.spans["chords"].starts[1]
    assert np.abs(performance.beats.times - second).min() < 1e-9, "chords move with the beats"
    assert np.array_equal(performance.spans["chords"].starts, performance.spans["sections"].starts)


def test_tempi_are_steady_drifting_or_free():
    def unevenness(rubato):
        spread = []
        for seed in range(40):
            gaps = np.diff(perform(np.random.default_rng(seed), written(rubato=rubato)).beats.times[:-8])
            spread.append(gaps.std() / gaps.mean())
        return np.array(spread)

    strict, free = unevenness(0.0), unevenness(0.9)
    assert np.mean(strict < 1e-6) > 0.15, "some songs run by a click"
    assert np.mean(strict > 0.005) > 0.3, "some drift"
    assert np.median(strict) < 0.04 and np.median(free) > 0.06
    assert free.max() < 0.6


@given(st.integers(0, 2**32), st.floats(45, 220), st.floats(0, 1))
def test_time_always_moves_forward_near_the_written_tempo(seed, bpm, rubato):
    tempo = draw_tempo_map(np.random.default_rng(seed), written(12, bpm, rubato), start=0.3)
    gaps = np.diff(tempo.at(np.arange(60.0))) * bpm / 60
    assert tempo.at(0.0) == pytest.approx(0.3)
    assert gaps.min() > 0.5 and gaps.max() < 4.5


def test_swing_bends_off_beats_and_leaves_beats():
    assert bend(np.array([0.0, 0.25, 0.5, 1.0]), 0.5, 0.6).tolist() == pytest.approx([0.0, 0.3, 0.5, 1.0])
    ratios = set()
    for seed in range(60):
        performance = perform(np.random.default_rng(seed), written())
        drums = performance.parts[0].notes
        hats, beats = drums.starts[drums.pitches == 42], performance.beats.times
        ratios.add(round(float(np.median((hats[:60] - beats[:60]) / np.diff(beats)[:60])), 2))
    assert min(ratios) < 0.53 and 0.54 < max(ratios) < 0.7


def test_silence_before_and_after_the_music_holds_no_beats():
    song = written()
    quiet = tuple(replace(p, notes=p.notes[(p.notes[:, 0] >= 8) & (p.notes[:, 0] < 80)]) for p in song.parts if p.drums)
    beats = perform(np.random.default_rng(3), replace(song, parts=quiet)).beats
    assert len(beats) in (72, 73) and beats.labels[0] == "1"


def test_the_freer_the_rubato_the_wider_the_tempo():
    def spread(rubato: float) -> float:
        gaps = (np.diff(perform(np.random.default_rng(s), written(rubato=rubato)).beats.times) for s in range(30))
        return float(np.median([np.log(gap).std() for gap in gaps]))

    steady, half, free = spread(0.0), spread(0.5), spread(1.0)
    assert steady < 0.03 < 0.07 < half < 0.14 < free < 0.28


def test_machines_keep_time_and_bands_hurry_in_their_choruses():
    song = written(32)
    machine = replace(song, parts=(replace(song.parts[0], program=25), song.parts[1]))
    sections = ((0.0, 32.0, "verse"), (32.0, 64.0, "chorus"), (64.0, 96.0, "verse"), (96.0, 128.0, "chorus"))
    machine, band = replace(machine, sections=sections), replace(song, sections=sections)
    assert sequenced(machine) and not sequenced(band)

    def gaps(one: Song, seed: int) -> np.ndarray:
        return np.diff(perform(np.random.default_rng(seed), one).beats.times)

    steady = [np.ptp(gaps(machine, seed)[:90]) < 1e-6 for seed in range(40)]
    loose = [np.ptp(gaps(band, seed)[:90]) < 1e-6 for seed in range(40)]
    assert np.mean(steady) > 0.7 and 0.1 < np.mean(loose) < 0.5
    lift = [np.median(g[:31]) / np.median(g[32:63]) + np.median(g[64:95]) / np.median(g[96:126])
            for g in (gaps(band, seed) for seed in range(60))]  # fmt: skip
    assert np.mean(lift) / 2 > 1.003


@pytest.mark.parametrize("seed", range(20))
def test_players_stray_by_milliseconds_only(seed):
    song = written()
    performance = perform(np.random.default_rng(seed), song)
    for part in performance.parts:
        if part.drums:
            continue
        firsts = part.notes.starts[::3]
        away = firsts - performance.beats.times[::4][: len(firsts)]
        assert np.abs(away).max() < 0.03 and abs(np.median(away)) < 0.016


def test_choruses_are_louder_than_verses_and_dynamics_stay_in_range():
    sections = ((0.0, 48.0, "verse"), (48.0, 96.0, "chorus"))
    louder = []
    for seed in range(60):
        part = perform(np.random.default_rng(seed), replace(written(), sections=sections)).parts[1]
        half = len(part.notes) // 2
        louder.append(part.notes.velocities[half:].mean() - part.notes.velocities[:half].mean())
        assert part.notes.velocities.min() >= 8 and part.notes.velocities.max() <= 127
    assert 2 < np.mean(louder) < 20 and min(louder) < max(louder) - 5


def test_the_same_seed_plays_the_same_and_a_song_without_notes_is_silent():
    one, two = (perform(np.random.default_rng(9), written()) for _ in range(2))
    assert one.beats == two.beats and one.parts[1].notes == two.parts[1].notes
    empty = perform(np.random.default_rng(0), replace(written(), parts=()))
    assert len(empty.beats) == 0 and empty.parts == ()
