"""Features of melodies counted by hand, and two sets against a loop over every pair."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from solfeggio.errors import ConfigError, NotationError
from solfeggio.metrics.melodies import FEATURES, LENGTHS, SCALARS, compare, densities, extract, main_part
from solfeggio.notation import Part, Score

CLASS = {name: i for i, name in enumerate(LENGTHS)}
# Bar 1: C4 quarter, rest of a quarter, E4 half; bar 2: E4 whole that is held into bar 3; then G4 8th, C5 dotted quarter
TUNE = np.array([[0, 1, 60, 90], [2, 4, 64, 90], [4, 9, 64, 90], [9, 9.5, 67, 90], [9.5, 11, 72, 90]])


def score(notes: np.ndarray, length: float, metre: str = "4/4", pickup: float = 0, name: str = "melody") -> Score:
    part = Part(name, 0, notes)
    return Score("t", 120, (part,), length, ((0.0, length, metre),), pickup_quarters=pickup)


def one(piece: Score | np.ndarray, **options) -> dict[str, np.ndarray]:
    return {name: value[0] for name, value in extract([piece], **options).items()}


def test_features_counted_by_hand():
    found = one(TUNE, bars=4)
    assert [found[name] for name in SCALARS] == [4, 5, 12, (4 + 0 + 3 + 5) / 4, 9.5 / 4]
    np.testing.assert_array_equal(found["pitch_count_per_bar"], [2, 1, 2, 0])
    np.testing.assert_array_equal(found["note_count_per_bar"], [2, 1, 2, 0])
    np.testing.assert_allclose(found["pitch_class_histogram"][[0, 4, 7]], [0.25, 0.7, 0.05])
    np.testing.assert_allclose(found["pitch_class_histogram_per_bar"][0, [0, 4]], [1 / 3, 2 / 3])
    np.testing.assert_allclose(found["pitch_class_histogram_per_bar"][2, [0, 4, 7]], [0.5, 1 / 3, 1 / 6])
    assert not found["pitch_class_histogram_per_bar"][3].any()
    steps = found["pitch_class_transitions"]
    assert steps.sum() == 4 and steps[0, 4] == steps[4, 4] == steps[4, 7] == steps[7, 0] == 1


def test_lengths_and_rests_counted_by_hand():
    found = one(TUNE)
    kinds = [CLASS[name] for name in ("quarter", "half", "whole", "8th", "dotted quarter")]
    np.testing.assert_allclose(found["note_length_histogram"][kinds], 0.2)
    rest = 12 + CLASS["quarter"]
    np.testing.assert_allclose(found["note_length_histogram_with_rests"][[*kinds, rest]], 1 / 6)
    assert found["note_length_transitions"].sum() == 4
    assert found["note_length_transitions"][CLASS["quarter"], CLASS["half"]] == 1
    both = found["note_length_transitions_with_rests"]
    assert both.sum() == 5 and both[CLASS["quarter"], rest] == 1 and both[rest, CLASS["half"]] == 1


@pytest.mark.parametrize(
    ("length", "name"), [*((v, k) for k, v in LENGTHS.items()), (0.28, "16th"), (0.3, "8th triplet"), (20, "whole")]
)
def test_every_length_has_its_class(length: float, name: str):
    assert one(np.array([[0, length, 60]]))["note_length_histogram"][CLASS[name]] == 1


def test_a_gap_that_is_no_length_is_no_rest():
    pieces = [np.array([[0, 1, 60], [1 + gap, 9, 60]]) for gap in (0, 0.1, 0.125, 0.13, 5)]
    found = extract(pieces)["note_length_histogram_with_rests"]
    assert [bool(row[12:].any()) for row in found] == [False, False, False, True, False]


def test_bars_of_seven_eighths_and_a_pick_up():
    notes = np.array([[i, i + 1, 60 + i, 80] for i in range(7)], float)  # quarters: 3.5 a bar
    found = one(score(notes, 7, "7/8"), bars=2)
    np.testing.assert_array_equal(found["note_count_per_bar"], [4, 3])
    np.testing.assert_allclose(found["pitch_class_histogram_per_bar"][0, 3], 0.5 / 3.5)
    np.testing.assert_allclose(found["pitch_class_histogram_per_bar"][1, 3], 0.5 / 3.5)
    assert found["note_length_histogram"][CLASS["quarter"]] == 1
    waltz = one(score(notes, 7, "3/4", pickup=1), bars=3)
    np.testing.assert_array_equal(waltz["note_count_per_bar"], [3, 3, 0])
    assert waltz["note_count"] == 7


def test_many_pieces_are_measured_as_one():
    rng = np.random.default_rng(3)
    pieces = [_random(rng, n) for n in (12, 0, 1, 30, 2)]
    together = extract(pieces)
    for i, piece in enumerate(pieces):
        for name, value in one(piece).items():
            np.testing.assert_allclose(together[name][i], value, err_msg=name, atol=1e-12)


def test_a_piece_without_notes_is_zero_everywhere():
    silent = Score("t", 100, (Part("drums", 0, TUNE, drums=True),), 8.0)
    for piece in (silent, np.zeros((0, 4)), Score("t", 100, (), 0.0)):
        assert not any(np.any(value) for value in one(piece).values())
    assert extract([], ["pitch_class_transitions"])["pitch_class_transitions"].shape == (0, 12, 12)


def test_the_melody_is_the_main_part():
    parts = [Part("drums", 0, TUNE, drums=True), Part("bass", 33, TUNE), Part("melody", 0, TUNE)]
    assert main_part(Score("t", 100, tuple(parts), 12.0)).name == "melody"
    assert main_part(Score("t", 100, tuple(parts[:2]), 12.0)).name == "bass"
    assert main_part(Score("t", 100, tuple(parts[:1]), 12.0)) is None


def test_normalising():
    counts, rows, shares = (one(TUNE, normalise=way)["pitch_class_transitions"] for way in ("none", "row", "all"))
    assert counts[4].sum() == 2 and rows[4].sum() == 1 and shares.sum() == pytest.approx(1)


def test_bad_input_is_refused():
    for notes in ([[0, 1]], [[0, 1, np.nan]], [[2, 1, 60]], [[0, 1, 128]]):
        with pytest.raises(NotationError, match="piece 2"):
            extract([TUNE, np.array(notes, float)])
    with pytest.raises(ConfigError, match="did you mean 'pitch_range'"):
        extract([TUNE], ["pitch_rang"])
    with pytest.raises(ConfigError):
        extract([TUNE], bars=0)
    with pytest.raises(ConfigError):
        extract([TUNE], normalise="rows")
    with pytest.raises(ConfigError, match="0 and 1 pieces"):
        compare([], [TUNE])


def _random(rng: np.random.Generator, n: int) -> np.ndarray:
    length = rng.choice([0.25, 0.5, 1, 1.5, 2, 1 / 3], n)
    start = np.cumsum(length) - length + rng.choice([0, 0.5], n).cumsum()
    return np.stack([start, start + length, rng.integers(55, 85, n)], 1)


def _by_loop(a: list[np.ndarray], b: list[np.ndarray]) -> dict[str, float]:
    """Every pair on its own, leaving one out in turn, as the published tool goes."""
    intra = [[np.linalg.norm(x - y) for j, y in enumerate(s) if i != j] for s in (a, b) for i, x in enumerate(s)]
    intra_a, intra_b = np.concatenate(intra[: len(a)]), np.concatenate(intra[len(a) :])
    inter = np.array([np.linalg.norm(x - y) for x in a for y in b])
    row = {"intra a": intra_a.mean(), "intra b std": intra_b.std(), "inter": inter.mean()}
    for name, within in (("a", intra_a), ("b", intra_b)):
        p, q = stats.gaussian_kde(within), stats.gaussian_kde(inter)
        grids = [np.linspace(x.min(), x.max(), 1000) for x in (within, inter)]
        row[f"KLD published {name}"] = stats.entropy(p(grids[0]), q(grids[1]))
        common = np.linspace(min(within.min(), inter.min()), max(within.max(), inter.max()), 1000)
        row[f"overlap published {name}"] = np.trapezoid(np.minimum(p(common), q(common)), common)
    return row


def test_sets_compare_as_by_a_loop_over_every_pair():
    rng = np.random.default_rng(5)
    a, b = ([_random(rng, int(n)) for n in rng.integers(low, 40, 9)] for low in (8, 15))
    found = compare(a, b, bars=3)
    assert set(found) == set(FEATURES)
    each_a, each_b = ([one(x, bars=3) for x in pieces] for pieces in (a, b))
    for name, row in found.items():
        slow = _by_loop([x[name] for x in each_a], [x[name] for x in each_b])
        for key, value in slow.items():
            assert row[key] == pytest.approx(value, rel=1e-6, abs=1e-12), (name, key)
        assert math.isnan(row["mean a"]) == (name not in SCALARS)


def test_like_sets_overlap_more_than_unlike_ones():
    rng = np.random.default_rng(6)
    ours, like, some = ([_random(rng, 20) for _ in range(15)] for _ in range(3))
    flat = [piece * np.array([1, 1, 0]) for piece in some]
    names = ["pitch_range", "pitch_count"]
    alike, unlike = compare(ours, like, names), compare(ours, flat, names)
    for name in names:
        assert alike[name]["overlap a"] > 0.7 > 0.2 > unlike[name]["overlap a"]
        assert alike[name]["KLD a"] < unlike[name]["KLD a"]


def test_one_piece_and_sets_that_do_not_vary_are_defined():
    single = compare([TUNE], [TUNE, TUNE, TUNE])
    for row in single.values():
        assert math.isnan(row["intra a"]) and math.isnan(row["overlap a"])
        assert (row["intra b"], row["inter"], row["KLD b"], row["overlap b"]) == (0, 0, 0, 1)
    silent = compare([np.zeros((0, 3))] * 2, [TUNE] * 2, ["note_count"])["note_count"]
    assert (silent["inter"], silent["overlap a"], silent["KLD a"]) == (5, 0, math.inf)


def test_drawing_pieces_is_repeatable():
    rng = np.random.default_rng(7)
    many = [_random(rng, 12) for _ in range(30)]
    first, again, other = (compare(many, many[:5], ["note_count", "pitch_range"], most=10, seed=s) for s in (1, 1, 2))
    assert str(first) == str(again)
    assert str(first) != str(other)


def test_densities_are_curves_of_the_distances_that_are_there():
    rng = np.random.default_rng(8)
    some = [_random(rng, 12) for _ in range(10)]
    drawn = densities(some, some[:1], ["mean_interval", "note_count"])
    assert list(drawn["mean_interval"]) == ["intra a", "inter"]
    x, y = drawn["mean_interval"]["intra a"]
    assert np.trapezoid(y, x) == pytest.approx(1, abs=0.01)
    x, y = drawn["note_count"]["inter"]  # all pieces have as many notes
    assert x.tolist() == [0, 0] and y.tolist() == [0, 1]
    with pytest.raises(ConfigError):
        densities([], some)
