from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from solfeggio.band.electronic.arrangement import PLANS
from solfeggio.band.electronic.machines import MACHINES, chop, draw_bass, draw_drums, draw_tones, rolled
from solfeggio.band.electronic.producer import PROGRESSIONS, compose_electronic, cut_start
from solfeggio.band.playing.tempo import sequenced
from solfeggio.band.song import Song
from solfeggio.band.style import load_style, style_names
from solfeggio.errors import ConfigError
from solfeggio.harte import bass, pitch_classes

STYLES = tuple(name for name in style_names() if load_style(name).composer == "loops")


@cache
def song(style: str, seed: int = 0, side: str = "train") -> Song:
    return compose_electronic(np.random.default_rng(seed), side, load_style(style))


def label_at(one: Song, quarters: float) -> str:
    return next(label for start, end, label in one.chords if start - 1e-6 <= quarters < end - 1e-6)


def test_every_machine_has_a_style_and_every_style_its_vocabulary():
    drums = {kind for name in STYLES for row in load_style(name).drums for kind in row}
    assert drums == set(MACHINES)
    assert {MACHINES[kind].plan for kind in MACHINES} == set(PLANS)
    assert {load_style(name).harmony for name in STYLES} == set(PROGRESSIONS)
    assert len(STYLES) == 13


@pytest.mark.parametrize("style", STYLES)
def test_songs_of_loops_have_a_beat_that_is_heard_and_truth_that_fits(style):
    for seed in range(3):
        one = song(style, seed)
        starts = np.concatenate([part.notes[:, 0] for part in one.parts])
        struck = (np.abs(one.beats_quarters[:, None] - starts[None]) < 0.08).any(1)
        assert struck.mean() > 0.6 and struck[one.positions == 1].mean() > 0.75
        assert np.array_equal(np.diff(one.positions) % 4, np.ones(len(one.positions) - 1))
        for spans in (one.chords, one.sections, one.forms, one.keys, one.metres):
            assert spans[0][0] == 0 and spans[-1][1] == one.length_quarters
            assert all(a[1] == b[0] for a, b in itertools.pairwise(spans))
        assert sequenced(one) or style in ("lo-fi", "breakbeat", "jungle", "synthwave")
        assert 35 < one.length_quarters * 60 / one.bpm < 110
        for part in one.parts:
            assert (part.notes[:, 1] > part.notes[:, 0]).all() and part.notes[:, 0].min() >= 0
            assert part.notes[:, 3].min() >= 1 and part.notes[:, 3].max() <= 127
            assert (np.diff(part.notes[:, 0]) >= 0).all()


@pytest.mark.parametrize("style", ["trance", "synthwave", "chiptune", "deep-house"])
def test_chord_players_play_the_chords_and_the_bass_their_roots(style):
    one = song(style, 4)
    for part in one.parts:
        if part.name.startswith("chords"):
            inside = [n[2] % 12 in pitch_classes(label_at(one, n[0] + 0.13)) for n in part.notes]
            assert np.mean(inside) > 0.97
        elif part.name == "bass":
            assert np.mean([n[2] % 12 == bass(label_at(one, n[0] + 0.13)) for n in part.notes]) > 0.5


def test_a_long_bass_moves_with_the_chords():
    one = next(s for s in (song("ambient-techno", i) for i in range(20)) if len(s.chords) > 8 and len(s.parts) > 2)
    low = next(part for part in one.parts if part.name == "bass")
    assert all(n[1] <= next(e for s, e, _ in one.chords if s <= n[0] + 0.13 < e) + 0.3 for n in low.notes)


def test_drops_are_fuller_than_breaks_and_builds_roll_up_to_them():
    fuller, rolls, ducked = [], 0, 0
    for seed in range(12):
        one = song("trance", seed)
        drums = next(part.notes for part in one.parts if part.drums)

        def kicks(name: str, one: Song = one, drums: np.ndarray = drums) -> list[float]:
            spans = [(a, b) for a, b, label in one.sections if label == name and a > 0]
            return [((drums[:, 2] == 36) & (drums[:, 0] >= a) & (drums[:, 0] < b)).sum() / (b - a) for a, b in spans]

        fuller.append(np.mean(kicks("drop") or [1]) - np.mean(kicks("break") or [0]))
        for a, b, name in one.sections:
            if name == "build":
                snares = drums[np.isin(drums[:, 2], (38, 39, 40)) & (drums[:, 0] >= a) & (drums[:, 0] < b), 0]
                rolls += (snares > (a + b) / 2).sum() > (snares < (a + b) / 2).sum()
        ducked += any(label == "sidechain" for *_, label in one.effects)
        assert {label for *_, label in one.effects} <= {"sidechain", "sweep up", "sweep down"}
    assert np.mean(fuller) > 0.5 and rolls >= 6 and ducked >= 5


def test_loops_repeat():
    for kind in MACHINES:
        loop = draw_drums(np.random.default_rng(5), kind, "train")
        assert loop and all(0 <= hit[0] < 8 for hit in loop)
    for kind in {kind for name in STYLES for kind in load_style(name).bass}:
        steps = draw_bass(np.random.default_rng(1), kind, [0.0, 2.5, 4.0])
        assert steps[0][0] < 1 and all(0 <= step[0] < 8 for step in steps)
    assert all(0 <= step[0] < 8 for kind in ("arp", "fast", "pluck", "stab", "keys", "pad")
               for step in draw_tones(np.random.default_rng(2), kind))  # fmt: skip


def test_breaks_are_cut_and_hats_roll():
    loop = draw_drums(np.random.default_rng(3), "drum-and-bass", "train")
    cut = [chop(np.random.default_rng(seed), loop) for seed in range(10)]
    first = [[hit for hit in one if hit[0] < 1] for one in cut]
    assert all(one == [hit for hit in loop if hit[0] < 1] for one in first)
    assert any(one != loop for one in cut)
    hats = [(i / 4, "hats", 42, 90.0) for i in range(32)]
    gaps = np.diff([hit[0] for hit in rolled(np.random.default_rng(0), hats)])
    assert gaps.min() < 0.2


def test_acid_slides_overlap_the_next_note():
    for seed in range(8):
        line = next(part.notes for part in song("acid", seed).parts if part.name == "bass")
        over = line[:-1, 1] - line[1:, 0]
        assert 0.03 < (over > 0.04).mean() < 0.7 and over.max() < 0.06


def test_sides_share_no_progression_and_seeds_repeat():
    assert (
        song("garage", 7).chords == compose_electronic(np.random.default_rng(7), "train", load_style("garage")).chords
    )
    one, two = song("trance", 1), compose_electronic(np.random.default_rng(1), "train", load_style("trance"))
    assert all(np.array_equal(a.notes, b.notes) for a, b in zip(one.parts, two.parts, strict=True))


def test_a_cut_start_keeps_the_count():
    whole = next(s for s in (song("trance", i) for i in range(20)) if s.positions[0] == 1)
    late = cut_start(whole, 3)
    assert late.positions[0] == 4 and len(late.beats_quarters) == len(whole.beats_quarters) - 3
    assert late.sections[0][:2] == (0.0, whole.sections[0][1] - 3)
    assert late.length_quarters == late.beats_quarters[-1] + 1


def test_a_style_with_unknown_words_says_so():
    with pytest.raises(ConfigError, match="polka"):
        compose_electronic(np.random.default_rng(0), "train", replace(load_style("trance"), drums=(("polka",),)))
    with pytest.raises(ConfigError, match="grunge"):
        compose_electronic(np.random.default_rng(0), "train", replace(load_style("trance"), harmony="grunge"))
