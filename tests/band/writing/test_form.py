from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from solfeggio.band.writing.chart import bar_quarters, chord_spans, form_spans, in_metre, middle_quarters
from solfeggio.band.writing.feel import feel_of
from solfeggio.band.writing.form import FLAVOURS, mode_of, write_chart
from solfeggio.band.writing.plans import FORMS, FUNCTIONS, plan_sections
from solfeggio.errors import ConfigError
from solfeggio.harte import read, scale
from solfeggio.notation import Metre

METRES = ["4/4", "3/4", "2/4", "2/2", "5/4", "7/8", "6/8", "12/8", "9/8"]


@pytest.mark.parametrize("metre", METRES)
@pytest.mark.parametrize("harmony", FLAVOURS)
def test_charts_cover_every_bar(metre, harmony):
    for seed, form in enumerate(FORMS):
        bars = 1 + 17 * seed
        chart = write_chart(np.random.default_rng(seed), Metre.parse(metre), bars, harmony, form)
        assert chart.bars == bars
        edge = 0
        for _, first, length in chart.sections:
            assert first == edge and length > 0
            edge += length
        assert edge == bars
        for bar in chart.chords:
            offsets = [offset for offset, _ in bar]
            assert offsets[0] == 0 and offsets == sorted(set(offsets)) and offsets[-1] < bar_quarters(chart.metre)
            assert all(read(label)[1] for _, label in bar)
        spans = chord_spans(chart, 2.0)
        assert spans[0][0] == 2.0 and spans[-1][1] == pytest.approx(2 + bars * bar_quarters(chart.metre))
        assert all(a[1] == pytest.approx(b[0]) and a[2] != b[2] for a, b in pairwise(spans))


def test_charts_are_deterministic_and_various():
    charts = [write_chart(np.random.default_rng(seed), Metre(4), 32) for seed in range(30)]
    assert charts[3] == write_chart(np.random.default_rng(3), Metre(4), 32)
    assert len({chart.chords for chart in charts}) > 25


def test_sections_come_back_with_their_chords():
    for seed in range(20):
        chart = write_chart(np.random.default_rng(seed), Metre(4), 48)
        if len(chart.keys) > 1:
            continue
        first: dict[str, tuple] = {}
        for bar, length, letter in chart.forms:
            chords = chart.chords[bar : bar + length]
            old = first.setdefault(letter, chords)
            shared = min(len(old), len(chords))
            same = [a == b for a, b in zip(old[:shared], chords[:shared], strict=True)]
            assert sum(same) >= shared - 4, "only cadences and pedals differ"


def test_most_roots_fit_the_key():
    inside = []
    for seed in range(60):
        chart = write_chart(np.random.default_rng(seed), Metre(4), 32, "pop")
        inside += [read(label)[0] in scale(chart.key) for bar in chart.chords for _, label in bar]
    assert np.mean(inside) > 0.9


def test_chords_change_mostly_on_downbeats():
    changes = []
    for seed in range(60):
        changes += [
            offset == 0 for bar in write_chart(np.random.default_rng(seed), Metre(4), 32).chords for offset, _ in bar
        ]
    assert 0.7 < np.mean(changes) < 1


@pytest.mark.parametrize(
    ("metre", "middle"), [("4/4", 2), ("3/4", 2), ("6/8", 1.5), ("12/8", 3), ("5/4", 3), ("7/8", 2)]
)
def test_second_chords_enter_on_an_accent(metre, middle):
    assert middle_quarters(Metre.parse(metre)) == middle


def test_wrong_names_are_refused():
    for options in ({"bars": 0}, {"bars": 4, "harmony": "popp"}, {"bars": 4, "form": "sonata"}):
        with pytest.raises(ConfigError):
            write_chart(np.random.default_rng(0), Metre(4), **options)


@pytest.mark.parametrize("metre", METRES)
def test_feel_groups_fill_the_bar(metre):
    for seed in range(5):
        feel = feel_of(np.random.default_rng(seed), Metre.parse(metre), 0.66)
        assert sum(feel.groups) == pytest.approx(feel.bar) == pytest.approx(feel.beats * feel.beat)
        assert feel.strength(0) == 4 and all(feel.strength(x) >= 3 for x in feel.accents)


def test_swing_moves_off_beats_only():
    feel = feel_of(np.random.default_rng(0), Metre(4), 2 / 3)
    straight = np.arange(-4, 8, 0.25)
    swung = feel.warp(straight)
    assert np.all(np.diff(swung) > 0)
    np.testing.assert_allclose(swung[straight % 1 == 0], straight[straight % 1 == 0])
    np.testing.assert_allclose(swung[straight % 1 == 0.5] % 1, 2 / 3)


def test_letters_name_material_and_functions_are_known():
    repeats = 0
    for seed in range(60):
        chart = write_chart(np.random.default_rng(seed), Metre(4), 40, "pop", list(FORMS)[seed % len(FORMS)])
        assert [span[:2] for span in chart.forms] == [(first, bars) for _, first, bars in chart.sections]
        letters = [letter for _, _, letter in chart.forms]
        assert list(dict.fromkeys(letters)) == [chr(65 + i) for i in range(len(set(letters)))]
        assert {name for name, _, _ in chart.sections} <= set(FUNCTIONS)
        repeats += len(set(letters)) < len(letters)
    assert repeats > 40


def test_thirty_two_bars_and_twelve_bars():
    plan = next(p for s in range(99) if (p := plan_sections(np.random.default_rng(s), 64, "aaba"))[0][0] == "verse")
    assert [(m, n) for _, m, _, n in plan[:4]] == [("verse", 8), ("verse", 8), ("bridge", 8), ("verse", 8)]
    blues = write_chart(np.random.default_rng(1), Metre(4), 48, "blues")
    assert [bars for _, _, bars in blues.sections].count(12) >= 3


def test_songs_that_change_key_say_where_and_their_chords_follow():
    fits = []
    for seed in range(300):
        chart = write_chart(np.random.default_rng(seed), Metre(4), 40, "pop")
        if len(chart.keys) > 1:
            assert chart.keys[0][2] == chart.key and sum(bars for _, bars, _ in chart.keys) == 40
            assert all(a[0] + a[1] == b[0] and a[2] != b[2] for a, b in pairwise(chart.keys))
            for first, bars, key in chart.keys:
                assert chart.key_at(first) == chart.key_at(first + bars - 1) == key
                roots = [read(label)[0] for bar in chart.chords[first : first + bars - 1] for _, label in bar]
                fits.append(np.mean([root in scale(key) for root in roots]) if roots else 1.0)
    assert len(fits) > 40 and np.mean(fits) > 0.88


def test_modes_are_told_by_their_chords():
    for numerals, mode in (
        (["I", "II", "I", "II"], "lyd"), (["i", "bII", "i", "bvii"], "phr"), (["I", "bVII", "IV", "I"], "mix"),
        (["i", "IV", "i", "bVII"], "dor"), (["i", "iv", "V7", "i"], "min"), (["I", "vi", "IV", "V7"], "maj"),
    ):  # fmt: skip
        assert mode_of(numerals) == mode


@pytest.mark.parametrize("metre", METRES)
def test_a_section_can_be_rewritten_in_another_metre(metre):
    chart = write_chart(np.random.default_rng(3), Metre(4), 32)
    for number, (name, _, bars) in enumerate(chart.sections):
        other = in_metre(chart, number, Metre.parse(metre))
        assert other.bars == bars and other.sections == ((name, 0, bars),)
        spans = chord_spans(other)
        assert spans[-1][1] == pytest.approx(bars * bar_quarters(other.metre))
        truth = form_spans(other)
        assert truth["metres"] == ((0.0, pytest.approx(spans[-1][1]), metre),)
        assert truth["forms"][0][2] == chart.forms[number][2]
