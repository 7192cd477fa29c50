from __future__ import annotations

import numpy as np
import pytest

from solfeggio.answers import Curve, Events, Segments, Stems
from solfeggio.data.dataset import Track
from solfeggio.errors import ConfigError
from solfeggio.studies.robustness import robustness
from solfeggio.studies.scores import Score, across_seeds, by_group, compare, evaluate, extremes, score_tracks
from solfeggio.studies.table import Estimate

BEATS = Events(np.arange(6, 20, 0.5), list("1234") * 7)


def _score(name: str, value: float, bank: str = "A") -> Score:
    return Score(name, {"F": value}, {"bank": bank})


def test_evaluate_is_perfect_on_the_truth_and_zero_on_silence():
    assert evaluate(BEATS, BEATS)["F"] == evaluate(BEATS, BEATS)["downbeat F"] == 1
    assert evaluate(BEATS, Events.none())["F"] == 0
    assert evaluate(BEATS, BEATS.shift(0.03), "events")["F"] == 1
    assert evaluate(BEATS, BEATS.shift(0.06), "events")["F"] == 0


def test_evaluate_refuses_what_it_cannot_judge():
    with pytest.raises(ConfigError, match="did you mean 'beats'"):
        evaluate(BEATS, BEATS, "beat")
    with pytest.raises(ConfigError, match="Curve"):
        evaluate(BEATS, Curve([0.0], [1.0]))


def test_tables_hold_means_by_system_and_group():
    scores = [_score("a", 0.5), _score("b", 1.0), _score("c", 0.0, "B")]
    row = compare("t", {"ours": scores}, ("F",)).rows[0]
    assert row[0] == "ours" and isinstance(row[1], Estimate) and row[1].mean == pytest.approx(0.5)
    groups = by_group("t", scores, "bank", ("F",)).rows
    assert [(r[0], r[1], r[2].mean) for r in groups] == [("A", 2, 0.75), ("B", 1, 0.0)]


def test_seeds_are_averaged_over_tracks_first():
    runs = [[_score("a", 0.8), _score("b", 1.0)], [_score("a", 0.6), _score("b", 0.8)]]
    table = across_seeds("t", {"net": runs}, ("F",), {"net": {"parameters": 10}})
    assert table.columns == ("variant", "seeds", "F", "parameters")
    assert table.rows[0][2].mean == pytest.approx(0.8) and table.rows[0][2].n == 2


def test_extremes_are_worst_and_best():
    worst, best = extremes([_score("a", 0.2), _score("b", 0.9), _score("c", 0.5)], "F", 1)
    assert worst[0].id == "a" and best[0].id == "b"


def test_tracks_are_scored_over_their_span_only():
    track = Track("x", lambda: (np.zeros((1, 1)), 1), {"beats": BEATS}, {"bank": "A"}, (6.0, 9.9))
    wrong_after = Events(np.concatenate([BEATS.times[:8], BEATS.times[8:] + 0.2]), BEATS.labels)
    scored = score_tracks([track], lambda t: wrong_after, lambda t: t.answers["beats"], "beats")[0]
    assert scored.values["F"] == 1 and scored.groups == {"bank": "A"}


def test_robustness_moves_the_truth_with_the_sound():
    rate, clicks = 8000, np.arange(0.5, 19.5, 0.5)
    sound = np.zeros((1, 20 * rate), np.float32)
    for click in clicks:
        sound[0, round(click * rate) : round(click * rate) + 80] = 0.5 * np.hanning(80)
    track = Track(
        "clicks", lambda: (sound, rate), {"beats": Events(clicks, [str(i % 4 + 1) for i in range(len(clicks))])}
    )

    def hear(samples: np.ndarray, rate: int) -> Events:
        envelope = np.abs(samples).mean(0)
        above = np.flatnonzero(envelope > 0.5 * envelope.max())
        first = above[np.concatenate([[True], np.diff(above) > rate // 10])]
        return Events(first / rate)

    table = robustness("t", [track], hear, "beats", ("F",))
    found = {row[0]: row[1].mean for row in table.rows}
    for change in ("as it is", "20 dB softer", "12 dB louder, clipped", "15 % faster", "15 % slower", "3 semitones up"):
        assert found[change] > 0.95, change


def test_keys_move_with_the_pitch_of_the_sound():
    rate = 8000
    track = Track("hum", lambda: (0.1 * np.ones((1, rate), np.float32), rate), {"key": Segments([0], [1], ["A:maj"])})
    table = robustness("t", [track], lambda samples, rate: Segments([0], [1], ["C:maj"]), "key", ("exact",))
    assert {row[0] for row in table.rows if row[1].mean == 1} == {"3 semitones up"}


def test_tracks_count_by_their_weights_where_they_have_any():
    heavy, light = Score("a", {"F": 1.0, "P": 1.0}, {}, {"F": 30.0}), Score("b", {"F": 0.0, "P": 0.0}, {}, {"F": 10.0})
    table = compare("T", {"ours": [heavy, light]}, ("F", "P"))
    assert [cell.mean for cell in table.rows[0][1:]] == [0.75, 0.5] and "weighed" in table.note
    over = across_seeds("T", {"ours": [[heavy, light]]}, ("F", "P"), {})
    assert [cell.mean for cell in over.rows[0][2:]] == [0.75, 0.5]
    assert "weighed" not in compare("T", {"ours": [_score("a", 1.0)]}, ("F",)).note


def test_chords_are_weighed_by_the_seconds_that_are_compared():
    power, triads = Segments([0], [9], ["C:5"]), Segments([0], [3], ["C:maj"])
    tracks = [Track("power", lambda: (np.zeros((1, 1)), 1)), Track("triads", lambda: (np.zeros((1, 1)), 1))]
    truths = {"power": power, "triads": triads}
    scores = score_tracks(tracks, lambda t: triads, lambda t: truths[t.id], "chords")
    assert [score.weights["majmin"] for score in scores] == [0, 3] and [score.weights["root"] for score in scores] == [
        9,
        3,
    ]


def test_tracks_without_a_number_are_left_out_and_that_is_said():
    silent = Score("silent", {"SDR": float("nan")})
    table = compare("T", {"ours": [Score("a", {"SDR": 4.0}), silent]}, ("SDR",))
    assert table.rows[0][1].mean == 4 and table.rows[0][1].n == 1 and "for which it is defined" in table.note
    with pytest.raises(ConfigError):
        compare("T", {"ours": [silent]}, ("SDR",))


def test_stems_are_judged_by_their_own_measures():
    sound = np.random.default_rng(0).normal(size=(2, 8000))
    stems = Stems.of({"drums": sound, "bass": sound[::-1]}, 8000)
    assert evaluate(stems, stems, "stems", span=(0, 0.5))["SI-SDR bass"] == 100
