"""Laws of the event scores and of peak picking."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from solfeggio.answers import Events
from solfeggio.decode.peaks import pick_peaks
from solfeggio.grid import Grid
from solfeggio.metrics.events import evaluate_beats, evaluate_events

# 128ths of a second are exact in binary, so that moving the music moves nothing across the edge of a window by rounding
times = st.lists(st.integers(0, 3840), max_size=25, unique=True).map(lambda x: np.sort(x) / 128)
labelled = times.flatmap(
    lambda t: st.lists(st.sampled_from("123"), min_size=len(t), max_size=len(t)).map(lambda x: Events(t, x))
)


@settings(max_examples=60, deadline=None)
@given(labelled, labelled)
def test_scores_lie_between_0_and_1_and_do_not_depend_on_when_the_music_starts(reference, estimate):
    for scores in (evaluate_beats(reference, estimate), evaluate_events(reference, estimate)):
        assert all(0 <= value <= 1 + 1e-12 for value in scores.values())
    here = evaluate_beats(reference, estimate, skip=0)
    later = evaluate_beats(reference.shift(64), estimate.shift(64), skip=0)
    assert here["F"] == later["F"]


@settings(max_examples=60, deadline=None)
@given(labelled)
def test_the_truth_scores_1(events):
    assert set(evaluate_events(events, events).values()) == {1.0}
    scores = evaluate_beats(events, events, skip=0)
    perfect = {"F", "Cemgil", "downbeat F", "tempo accuracy 1", "tempo accuracy 2"}
    assert all(scores[name] > 1 - 1e-12 for name in perfect)


@settings(max_examples=60, deadline=None)
@given(labelled, labelled)
def test_turning_the_sides_turns_precision_and_recall(reference, estimate):
    if len(reference) and len(estimate):
        one, other = evaluate_events(reference, estimate), evaluate_events(estimate, reference)
        assert (one["P"], one["R"], one["F"]) == (other["R"], other["P"], other["F"])


@settings(max_examples=80, deadline=None)
@given(
    arrays(np.int64, st.integers(0, 120), elements=st.integers(0, 6)),
    st.integers(0, 6),
    st.sampled_from([0.0, 0.2, 0.5]),
    st.sampled_from([0.0, 0.3, 1.0]),
)
def test_peaks_are_the_greedy_choice_of_local_maxima(values, threshold, width, gap):
    values, reach = values / 2.0, max(1, round(width * 10))
    wanted = [
        i
        for i, v in enumerate(values)
        if v >= threshold
        and v == values[max(0, i - reach) : i + reach + 1].max()
        and v not in values[max(0, i - reach) : i]
    ]
    kept: list[int] = []
    for i in sorted(wanted, key=lambda i: (-values[i], i)):
        if all(abs(i - k) >= round(gap * 10) for k in kept):
            kept.append(i)
    found = pick_peaks(values, Grid(10), threshold=threshold, width=width, gap=gap)
    np.testing.assert_allclose(found * 10, sorted(kept))
