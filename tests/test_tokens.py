"""Encodings of melodies: hand-made tunes, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solfeggio.errors import ConfigError, NotationError
from solfeggio.notation import Part, Score
from solfeggio.tokens import (
    FOLK_TOKENS,
    VALUES,
    Line,
    decode_bars,
    decode_dmelodies,
    decode_line,
    encode_bars,
    encode_dmelodies,
    encode_line,
    fit_score,
)

QUARTERS = [[0.0, 1, 60, 80], [1, 2, 62, 80], [2, 3, 64, 80], [3, 4, 65, 80]]


def tune(rows: list[list[float]], length: float = 4.0, name: str = "melody", **about: object) -> Score:
    return Score("tune", 120, (Part(name, 0, np.array(rows, float)),), length, **about)  # type: ignore[arg-type]


def test_tokens_by_hand() -> None:
    bars = encode_bars(tune([[0, 1 / 3, 55, 80], [1 / 3, 0.75, 84, 80], [2, 5, 60, 80]], 8.0))
    assert bars.shape == (2, 24) and FOLK_TOKENS == 32
    assert bars[0].tolist() == [2, 1, 31, 1, 1] + [0] * 7 + [7] + [1] * 11
    assert bars[1].tolist() == [1] * 6 + [0] * 18


def test_a_repeated_note_is_struck_again() -> None:
    notes = [[0, 1, 60, 80], [1, 2, 60, 80]]
    assert encode_bars(tune(notes))[0, :12].tolist() == [7, 1, 1, 1, 1, 1] * 2


def test_coarse_midi_clocks_are_on_the_grid() -> None:
    assert encode_bars(tune([[0, 33 / 100, 60, 80], [33 / 100, 67 / 100, 62, 80]]))[0, :5].tolist() == [7, 1, 9, 1, 0]


def test_a_hold_after_nothing_is_a_rest() -> None:
    bars = np.ones((1, 24), int)
    bars[0, 4:7] = 7, 0, 1
    assert decode_bars(bars).parts[0].notes[:, :3].tolist() == [[2 / 3, 0.75, 60]]
    assert len(decode_bars(np.zeros((2, 24), int)).parts[0].notes) == 0


def test_what_is_given_stays() -> None:
    chords = ((0.0, 4.0, "C:maj"),)
    score = decode_bars(encode_bars(tune(QUARTERS)), title="a", bpm=90, keys=chords, chords=chords, program=73)
    assert (score.title, score.bpm, score.keys, score.chords, score.parts[0].program) == ("a", 90, chords, chords, 73)
    assert score.metres == ((0.0, 4.0, "4/4"),)


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        (Score("empty", 120, (), 4.0), "no notes"),
        (Score("silent", 120, (Part("a", 0, np.zeros((0, 4))),), 4.0), "no notes"),
        (tune([[0, 1, 60, 80], [0, 1, 64, 80]]), "at once in bar 1"),
        (replace(tune(QUARTERS), parts=tune(QUARTERS).parts * 2), "more than one"),
        (Score("drums", 120, (Part("drums", 0, np.array(QUARTERS), True),), 4.0), "more than"),
        (tune(QUARTERS, 7.0, metres=((0.0, 7.0, "7/8"),)), "7/8"),
        (tune(QUARTERS, 6.0, metres=((0.0, 3.0, "3/4"), (3.0, 6.0, "3/4"))), "3/4"),
        (tune(QUARTERS, 5.0, pickup_quarters=1.0), "does not fit"),
        (tune(QUARTERS, 7.0), "bar 2 is not whole"),
        (tune([[0.1, 1, 60, 80]]), "off the grid"),
        (tune([[0, 0.9, 60, 80]]), "off the grid"),
        (tune([[1, 1.001, 60, 80]]), "off the grid"),
        (tune([[0, 1, 54, 80]]), "54 is not in 55 to 84"),
        (tune([[0, 1, 85, 80]]), "85 is not in"),
        (tune([[3, 5, 60, 80]]), "outside"),
    ],
)
def test_refused(score: Score, reason: str) -> None:
    with pytest.raises(NotationError, match="does not fit this encoding") as caught:
        encode_bars(score)
    assert reason in str(caught.value) or reason in caught.value.why
    assert caught.value.todo


@pytest.mark.parametrize("metre", ["7/8", "3/4", "6/8"])
def test_other_metres_do_not_fit_either(metre: str) -> None:
    with pytest.raises(NotationError, match=metre):
        fit_score(tune(QUARTERS, 10.5, metres=((0.0, 10.5, metre),)))
    with pytest.raises(NotationError, match="no notes"):
        fit_score(Score("empty", 120, (), 4.0))
    with pytest.raises(ConfigError, match="encoding"):
        fit_score(tune(QUARTERS), "verse")


def test_bad_tokens() -> None:
    for bars in (np.full((1, 24), 32), np.full((1, 24), -1), np.zeros((1, 24)), np.zeros((1, 23), int),
                 np.zeros(24, int), np.zeros((0, 24), int)):  # fmt: skip
        with pytest.raises(NotationError):
            decode_bars(bars)
    for tokens in (np.full(16, 51), np.zeros(15, int), np.zeros((1, 16), int)):
        with pytest.raises(NotationError):
            decode_dmelodies(tokens)


def test_fit_says_what_it_changed() -> None:
    melody = Part("lead", 0, np.array([[0, 1.02, 90, 80], [0, 1, 86, 80], [1, 5, 100, 80], [5, 5.05, 98, 80.0]]))
    bass = Part("bass", 33, np.array([[0, 4, 36, 80.0]]))
    score = Score("a", 120, (melody, bass), 6.0, chords=((1.0, 6.0, "C:maj"),), pickup_quarters=1.0)
    fitted, changes = fit_score(score)
    assert fitted.parts[0].notes[:, :3].tolist() == [[3, 4, 66], [4, 8, 76], [8, 8.25, 74]]
    assert changes[0] == "kept part 'lead', left out 1 other"
    assert "pick-up of 1 quarters filled up to a bar" in changes
    assert "1 note under the top line left out or cut" in changes
    assert any(change.startswith("transposed by") and change.endswith("down") for change in changes)
    assert fitted.chords == ((4.0, 9.0, "C:maj"),) and fitted.pickup_quarters == 0 and fitted.length_quarters == 12
    assert encode_bars(score, fit=True).shape == (3, 24)


def test_fit_leaves_out_notes_outside_the_bars() -> None:
    rows = [[-2, -1, 60, 80], *QUARTERS, [5, 6, 70, 80]]
    fitted, changes = fit_score(tune(rows))
    assert fitted.parts[0].notes.tolist() == QUARTERS
    assert changes == ["2 notes outside the bars left out"]
    with pytest.raises(NotationError, match="no notes inside"):
        fit_score(tune([[5, 6, 70, 80]]))
    with pytest.raises(NotationError, match="no number"):
        fit_score(tune([[0, np.nan, 60, 80]]))


def test_fit_leaves_alone_what_fits() -> None:
    score = tune(QUARTERS)
    fitted, changes = fit_score(score)
    assert changes == [] and np.array_equal(fitted.parts[0].notes, score.parts[0].notes)


def test_cut_time_is_four_quarters() -> None:
    fitted, changes = fit_score(tune(QUARTERS, metres=((0.0, 4.0, "2/2"),)))
    assert changes == ["2/2 written as 4/4"] and fitted.metres == ((0.0, 4.0, "4/4"),)


def test_a_part_called_melody_is_the_melody() -> None:
    parts = (Part("flute", 73, np.array([[0, 1, 80, 80.0]])), Part("Melody", 0, np.array([[0, 1, 60, 80.0]])))
    assert fit_score(Score("a", 120, parts, 4.0))[0].parts[0].notes[0, 2] == 60


def test_a_wide_tune_folds_single_notes() -> None:
    fitted, changes = fit_score(tune([[0, 1, 60, 80], [1, 2, 62, 80], [2, 3, 100, 80]]))
    assert fitted.parts[0].notes[:, 2].tolist() == [60, 62, 76]
    assert changes == ["1 note moved by octaves into 55 to 84"]


def test_legato_is_no_polyphony() -> None:
    fitted, changes = fit_score(tune([[0, 1.1, 64, 80], [1, 2.1, 62, 80], [2, 3, 60, 80]]))
    assert fitted.parts[0].notes[:, :3].tolist() == [[0, 1, 64], [1, 2, 62], [2, 3, 60]] and changes == []


def test_dmelodies_by_hand() -> None:
    tokens = encode_dmelodies(tune([[0, 0.5, 60, 80], [7.5, 8, 109, 80]], 8.0))
    assert tokens.tolist() == [1] + [0] * 14 + [50]
    with pytest.raises(NotationError, match="eighth"):
        encode_dmelodies(tune([[0, 1, 60, 80]], 8.0))
    with pytest.raises(NotationError, match="1 bars"):
        encode_dmelodies(tune([[0, 0.5, 60, 80]]))


def test_line_by_hand() -> None:
    chords = ((0.0, 2.0, "D:min7"), (2.0, 4.0, "G:7/3"))
    line = encode_line(tune([[0, 1.5, 62, 80], [2, 2 + 1 / 3, 65, 80], [3, 4, 59, 80]], chords=chords))
    names = list(VALUES)
    assert line.pitches.tolist() == [41, 88, 44, 88, 38]
    assert [names[i] for i in line.durations] == ["dotted quarter", "eighth", "eighth triplet", "quarter triplet",
                                                  "quarter"]  # fmt: skip
    assert line.positions.tolist() == [0, 36, 48, 56, 72]
    assert line.roots.tolist() == [2, 2, 7, 7, 7] and line.next_roots.tolist() == [7, 7, 12, 12, 12]
    assert np.flatnonzero(line.chords[0]).tolist() == [0, 2, 5, 9]
    assert line.next_chords[0].tolist() == line.chords[2].tolist() and not line.next_chords[2].any()
    back = decode_line(line)
    assert back.chords == ((0.0, 2.0, "D:min7"), (2.0, 4.0, "G:7"))  # the bass is lost


def test_line_without_chords_and_wrong_lengths() -> None:
    line = encode_line(tune(QUARTERS))
    assert line.roots.tolist() == [12] * 4 and not line.chords.any() and decode_line(line).chords == ()
    with pytest.raises(NotationError, match="single note value"):
        encode_line(tune([[0, 2.5, 60, 80]]))
    with pytest.raises(NotationError, match="32nd triplet"):
        encode_line(tune([[1, 2, 60, 80], [2 + 1 / 24, 3, 60, 80]]))
    fitted, changes = fit_score(tune([[0, 2.5, 60, 80]]), "line")
    assert changes == ["1 note shortened to a note value"] and fitted.parts[0].notes[0, 1] == 2


def test_a_line_of_wrong_shape() -> None:
    good = encode_line(tune(QUARTERS))
    for change in ({"pitches": np.full(4, 89)}, {"durations": np.full(4, 19)}, {"chords": np.zeros((4, 11), int)},
                   {"positions": np.zeros(3, int)}):  # fmt: skip
        with pytest.raises(NotationError):
            replace(good, **change)
    assert isinstance(good, Line) and len(good) == 4


def test_there_are_nineteen_note_values_in_order() -> None:
    assert len(VALUES) == 19 and list(VALUES.values()) == sorted(VALUES.values())
