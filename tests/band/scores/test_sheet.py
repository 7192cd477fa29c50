from __future__ import annotations

from itertools import pairwise

import numpy as np

from solfeggio.band.scores.repertoire import dump_sheet, load_sheet
from solfeggio.band.scores.sheet import Bar, Sheet, count_beats, play_through, unroll
from solfeggio.band.song import Part


def bars(*lengths: float, metre: str = "4/4", **marks: dict) -> tuple[Bar, ...]:
    edges = np.concatenate([[0.0], np.cumsum(lengths)])
    more = {int(name[1:]): mark for name, mark in marks.items()}
    return tuple(Bar(float(a), float(b), metre, **more.get(i, {})) for i, (a, b) in enumerate(pairwise(edges)))


def test_a_bar_cut_by_a_repeat_sign_is_one_bar():
    beats, positions = count_beats(bars(1, 4, 3, 1, 4, 3))
    assert positions.tolist() == [4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3]
    assert beats.tolist() == list(range(16))


def test_a_bar_that_is_too_short_ends_early():
    _, positions = count_beats(bars(4, 2, 4))
    assert positions.tolist() == [1, 2, 3, 4, 1, 2, 1, 2, 3, 4]


def test_compound_metres_are_counted_in_dotted_beats():
    beats, positions = count_beats(bars(0.5, 3, 2.5, metre="6/8"))
    assert beats.tolist() == [0.5, 2.0, 3.5, 5.0]
    assert positions.tolist() == [1, 2, 1, 2]


def test_endings_take_turns():
    sheet = bars(4, 4, 4, 4, 4, b0={"opens": True}, b1={"endings": (1,), "closes": True}, b2={"endings": (2,)},
                 b3={"opens": True}, b4={"closes": True})  # fmt: skip
    assert unroll(sheet) == ([0, 1, 0, 2, 3, 4, 3, 4], [0, 0, 0, 0, 1, 1, 1, 1])
    assert unroll(sheet, repeats=False)[0] == [0, 2, 3, 4]


def test_playing_through_copies_notes_and_cuts_at_jumps():
    notes = np.array([[0.0, 4, 60, 80], [4, 9, 62, 80], [8, 12, 64, 80]])
    sheet = Sheet("t", bars(4, 4, 4), (Part("part1", 0, notes),), ((0.0, 12.0, 90.0),))
    played = play_through(sheet, [0, 1, 0, 1, 2])
    assert played.parts[0].notes[:, 0].tolist() == [0, 4, 8, 12, 16]
    assert played.parts[0].notes[1, 1] == 8  # held over a jump: it ends there
    assert played.parts[0].notes[3, 1] == 17
    assert played.bars[-1].end == 20
    assert played.tempi == ((0.0, 8.0, 90.0), (8.0, 20.0, 90.0))


def test_a_sheet_survives_the_cache():
    sheet = Sheet("t", bars(1 / 3, 4, b1={"endings": (1, 2), "fifths": -3}), (Part("a", 7, np.ones((1, 4))),),
                  ((0.0, 1 / 3, 61.7),))  # fmt: skip
    back = load_sheet(dump_sheet(sheet))
    assert back.bars == sheet.bars
    assert back.tempi == sheet.tempi
    assert back.parts[0].program == 7
    assert np.array_equal(back.parts[0].notes, sheet.parts[0].notes)
