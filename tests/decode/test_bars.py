"""The bar-pointer decoder on activations whose beats are known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from solfeggio.answers import Events
from solfeggio.decode.barmodel import BarModel
from solfeggio.decode.bars import BarTracker, decode_bars
from solfeggio.errors import AnswerError, ConfigError
from solfeggio.grid import Grid
from solfeggio.metrics.events import evaluate_beats
from solfeggio.notation import tempo

GRID = Grid(50)


def truth(bpm: float, bar: int = 4, seconds: float = 40.0, start: float = 0.37) -> Events:
    times = np.arange(start, seconds, 60 / bpm)
    return Events(times, [str(i % bar + 1) for i in range(len(times))])


def logits(
    beats: Events, seconds: float = 40.0, height: float = 4.0, grid: Grid = GRID
) -> tuple[np.ndarray, np.ndarray]:
    """Bumps three frames wide, 5 below even odds elsewhere."""

    def bumps(times: np.ndarray) -> np.ndarray:
        if not len(times):
            return np.full(grid.count(seconds), -5.0)
        distance = np.abs(grid.times(grid.count(seconds))[:, None] - times).min(1)
        return -5 + (height + 5) * np.exp(-0.5 * (distance / 0.02) ** 2)

    return bumps(beats.times), bumps(beats.named("1").times)


def check(beats: Events, found: Events, tolerance: float = 0.005) -> None:
    assert found.labels == beats.labels
    np.testing.assert_allclose(found.times, beats.times, atol=tolerance)


@pytest.mark.parametrize("bpm", [32, 40, 90, 117, 200])
@pytest.mark.parametrize("bar", [3, 4])
def test_steady_clicks_come_back_to_the_millisecond_with_bar_and_confidence(bpm, bar):
    beats = truth(bpm, bar)
    best = decode_bars(*logits(beats), GRID)[0]
    check(beats, best.beats)
    assert np.isfinite(best.score) and (best.beats.values > 0.5).all() and (best.beats.values <= 1).all()


@pytest.mark.parametrize(("metre", "bar"), [("5/4", 5), ("7/8", 7), ("6/8", 6)])
def test_other_metres_are_found_when_offered(metre, bar):
    beats = truth(140, bar)
    check(beats, decode_bars(*logits(beats), GRID, metres=("3/4", "4/4", metre))[0].beats)
    assert set(decode_bars(*logits(beats), GRID)[0].beats.labels) <= set("1234")


@pytest.mark.parametrize("rate", [100, 43, 31.25])
def test_any_grid_will_do(rate):
    grid, beats = Grid(rate, 0.05), truth(117, start=1.0)
    check(beats, decode_bars(*logits(beats, grid=grid), grid)[0].beats, tolerance=0.012)


def test_a_tempo_that_drifts_and_one_that_jumps():
    periods = 0.5 * np.exp(0.25 * np.sin(np.arange(80) / 9))
    times = 0.4 + np.cumsum(periods)
    drift = Events(times[times < 40], [str(i % 4 + 1) for i in range((times < 40).sum())])
    check(drift, decode_bars(*logits(drift), GRID)[0].beats, 0.01)
    times = np.concatenate([np.arange(0.4, 20, 0.6), np.arange(20.2, 40, 0.48)])
    jump = Events(times, [str(i % 4 + 1) for i in range(len(times))])
    scores = evaluate_beats(jump, decode_bars(*logits(jump), GRID)[0].beats, skip=0)
    assert scores["F"] > 0.93


def test_a_short_bar_and_a_new_metre_are_followed_only_where_allowed():
    labels = list("1234") * 6 + list("12") + list("1234") * 6
    short = Events(0.4 + 0.5 * np.arange(len(labels)), labels)
    check(short, decode_bars(*logits(short), GRID)[0].beats)
    one = decode_bars(*logits(short), GRID, metres=("2/4", "4/4"), metre_change=None, pair=0.0)[0].beats
    assert one.labels == ("1", "2") * 25
    labels = list("123") * 10 + list("1234") * 10
    new = Events(0.4 + 0.5 * np.arange(len(labels)), labels)
    check(new, decode_bars(*logits(new), GRID)[0].beats)


def test_half_of_the_beats_missing():
    rng = np.random.default_rng(3)
    beats = truth(117)
    heard = beats.take(rng.random(len(beats)) < 0.5)
    found = decode_bars(*logits(heard), GRID, bonus=2.0)[0].beats
    scores = evaluate_beats(beats, found, span=(heard.times[0], heard.times[-1]), skip=0)
    assert scores["F"] > 0.97 and scores["downbeat F"] > 0.97


def test_noise_moves_beats_little():
    rng = np.random.default_rng(4)
    beats = truth(101, 3)
    noisy = [x + 1.5 * rng.normal(size=len(x)) for x in logits(beats, height=1)]
    scores = evaluate_beats(beats, decode_bars(*noisy, GRID)[0].beats, skip=0)
    assert scores["F"] > 0.97 and scores["downbeat F"] > 0.97


def test_a_pickup_and_an_open_end_are_counted_right():
    beats = truth(120, 4).take(np.arange(2, 60))
    check(beats, decode_bars(*logits(beats), GRID)[0].beats)


def test_silence_gives_nothing_and_a_pause_gives_no_beats():
    still = np.full(2000, -6.0)
    assert decode_bars(still, still, GRID)[0].beats == Events.none()
    assert decode_bars(still[:0], still[:0], GRID)[0].beats == Events.none()
    beats = truth(120, 4, seconds=90)
    music = beats.take((beats.times < 20) | (beats.times > 60))
    found = decode_bars(*logits(music, seconds=120), GRID)[0].beats
    np.testing.assert_allclose(found.times, music.times, atol=0.005)
    assert len(decode_bars(*logits(music, seconds=120), GRID, silence=0.0, bonus=2.0)[0].beats) > len(music) + 50
    short = beats.take((beats.times < 20) | (beats.times > 25))
    assert len(decode_bars(*logits(short, seconds=90), GRID)[0].beats) == len(beats)


def test_one_frame_and_extreme_logits():
    assert len(decode_bars([50.0], [50.0], GRID)[0].beats) <= 1
    beats = truth(120)
    beat, down = logits(beats)
    sure = decode_bars(np.where(beat > 0, np.inf, -np.inf), np.where(down > 0, np.inf, -np.inf), GRID)[0].beats
    check(beats, sure, 0.02)


def test_hypotheses_differ_in_metre_or_octave_and_come_best_first():
    given = logits(truth(100, 4))
    readings = decode_bars(*given, GRID, hypotheses=4)
    assert readings[0] == decode_bars(*given, GRID)[0]
    assert [r.score for r in readings] == sorted((r.score for r in readings), reverse=True)
    names = {(round(np.log2(tempo(r.beats) / 100)), max(r.beats.labels)) for r in readings}
    assert len(readings) == len(names) == 4
    assert len(decode_bars(*given, GRID, hypotheses=99, metres=("4/4",), tempo=(90, 110))) == 1


def test_a_narrow_tempo_range_is_kept():
    found = decode_bars(*logits(truth(100)), GRID, tempo=(40, 60))[0].beats
    assert 45 < tempo(found) < 55


def test_settling_early_equals_the_whole():
    rng = np.random.default_rng(5)
    times = np.cumsum(0.5 * np.exp(0.2 * np.sin(np.arange(800) / 20)))
    beats = Events(times[times < 300], [str(i % 3 + 1) for i in range((times < 300).sum())])
    noisy = [x + rng.normal(size=len(x)) for x in logits(beats, seconds=300, height=1)]
    whole = decode_bars(*noisy, GRID, lag=1e6)[0]
    assert decode_bars(*noisy, GRID, lag=30)[0] == whole
    assert evaluate_beats(beats, whole.beats)["F"] > 0.97


def feed(tracker: BarTracker, given: tuple[np.ndarray, np.ndarray], cuts: list[int]) -> list[tuple[float, Events]]:
    """Feed in pieces; pair what came with the time of the last frame that had been given."""
    edges = [0, *cuts, len(given[0])]
    came = [
        (float(GRID.times(np.array(b - 1))), tracker.step(given[0][a:b], given[1][a:b])) for a, b in pairwise(edges)
    ]
    return [*came, (np.inf, tracker.flush())]


def joined(came: list[tuple[float, Events]]) -> list[tuple[float, str, float]]:
    return [row for _, e in came if len(e) for row in zip(e.times, e.labels, e.values, strict=True)]


@pytest.mark.parametrize("lag", [0.2, 0.5, 2.0])
def test_the_tracker_keeps_its_promise_on_latency_and_finds_the_beats(lag):
    beats = truth(117, 4, seconds=20)
    came = feed(BarTracker(GRID, lag=lag), logits(beats, seconds=20), list(range(1, 1000)))
    for now, events in came[:-1]:
        assert (now - events.times <= lag + 1e-9).all()
    found = Events(*(list(column) for column in zip(*joined(came), strict=True)))
    scores = evaluate_beats(beats, found)
    assert scores["F"] > 0.98 and scores["downbeat F"] > 0.98


def test_the_tracker_does_not_mind_how_its_input_is_cut():
    rng = np.random.default_rng(6)
    given = tuple(x + rng.normal(size=len(x)) for x in logits(truth(140, 3), 20, height=2))
    whole = joined(feed(BarTracker(GRID, lag=0.7), given, []))
    assert joined(feed(BarTracker(GRID, lag=0.7), given, list(range(1, 1000)))) == whole
    assert joined(feed(BarTracker(GRID, lag=0.7), given, [1, 2, 100, 100, 777])) == whole


def test_a_patient_tracker_is_the_decoder():
    given = logits(truth(140, 3), height=1)
    tracker = BarTracker(GRID, lag=100)
    assert len(tracker.step(*given)) == 0
    assert tracker.flush() == decode_bars(*given, GRID)[0].beats


def test_the_tracker_is_silent_in_silence_and_its_memory_is_bounded():
    tracker = BarTracker(GRID, lag=1.0)
    beats = truth(120, 4, seconds=60)
    music = beats.take((beats.times < 10) | (beats.times > 50))
    given, found = logits(music, seconds=60), []
    sizes = []
    for start in range(0, 3000, 20):
        found += list(tracker.step(*(x[start : start + 20] for x in given)).times)
        sizes.append(sum(p.nbytes for p in tracker._run.lattice._pointers))
    late = np.array(found)[(np.array(found) > 10) & (np.array(found) < 50)]
    assert len(late) <= 12 and (late < 16.1).all()  # it cannot know before the pause has lasted
    assert max(sizes) < 400_000 and tracker._run.logits.shape[1] < 100


@pytest.mark.parametrize(
    "options",
    [
        {"tempo": (0, 100)},
        {"tempo": (100, 50)},
        {"tempo": (100, 5000)},
        {"metres": ()},
        {"metres": ("four",)},
        {"weight": -1},
        {"clip": float("nan")},
        {"silence": 1.0},
        {"bonus": 1e9},
        {"metre_change": -1},
        {"tempoo": (30, 240)},
    ],
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ConfigError):
        decode_bars(np.zeros(100), np.zeros(100), GRID, **options)


def test_wrong_logits_and_too_small_lags_are_refused():
    with pytest.raises(AnswerError, match="shapes"):
        decode_bars(np.zeros(100), np.zeros(99), GRID)
    with pytest.raises(AnswerError, match="NaN"):
        decode_bars(np.full(100, np.nan), np.zeros(100), GRID)
    for lag in (0.05, -1.0):
        with pytest.raises(ConfigError, match="lag"):
            BarTracker(GRID, lag=lag)
    with pytest.raises(ConfigError, match="lag"):
        decode_bars(np.zeros(100), np.zeros(100), GRID, lag=float("inf"))
    with pytest.raises(ConfigError, match="hypotheses"):
        decode_bars(np.zeros(100), np.zeros(100), GRID, hypotheses=0)


def test_observations_are_log_odds():
    model = BarModel(clip=50, bar_clip=50, bonus=0, weight=1)
    beat, down = np.log(0.8 / 0.2), np.log(0.3 / 0.7)
    first, other = model.observe(np.array([beat]), np.array([down]))[:, 0]
    assert first - other == pytest.approx(np.log(0.3 / 0.5))  # a downbeat against another beat
    assert max(first, other) == pytest.approx(np.log(0.8 / 0.2))  # the likelier of them against none
    assert np.isfinite(model.observe(np.array([-50.0, 50, -50, 50]), np.array([-50.0, 50, 50, -50]))).all()


def test_players_who_take_time_are_followed_and_steady_ones_are_not_believed_to():
    change = np.random.default_rng(3).normal(0, 0.15, 60)
    times = 0.5 + np.cumsum(60 / 90 * np.exp(change - change.mean()))
    beats = Events(times, [str(i % 3 + 1) for i in range(60)])
    marks = logits(beats, float(times[-1]) + 0.3)
    free, steady = (decode_bars(*marks, GRID, rubato=rubato)[0] for rubato in (0.8, None))
    assert evaluate_beats(beats, free.beats)["F"] > 0.9 > 0.7 > evaluate_beats(beats, steady.beats)["F"]
    assert free.score > steady.score
    clear = logits(truth(90))
    assert decode_bars(*clear, GRID)[0] == decode_bars(*clear, GRID, rubato=None)[0]
