"""Laws of the bar-pointer model: it is the exhaustive search, and cutting the input changes nothing."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from solfeggio.decode.barmodel import BarModel
from solfeggio.decode.bars import BarTracker, decode_bars
from solfeggio.decode.lattice import Lattice
from solfeggio.grid import Grid

PERIODS = [4, 5, 6, 7]


def exhaustive(observed, bars, prior, tempo_change, tempo_step, metre_change, bar_prior):
    """List (score, beats as (frame, period, metre, position)) of every chain of beats there is."""
    frames, found = observed.shape[1], []

    def follow(score, beats, frame, period, metre, position):
        # a beat at ``frame`` has just been placed; the next one falls a period later
        next_frame, chain = frame + period, [*beats, (frame, period, metre, position)]
        if next_frame >= frames:
            found.append((score, [b for b in chain if b[0] >= 0]))
            return
        ends = position == bars[metre] - 1
        turns = (
            [(metre, 0.0)]
            if not ends or metre_change is None
            else [(m, 0.0 if m == metre else -metre_change) for m in range(len(bars))]
        )
        for (next_metre, cost), (next_period, gain) in product(turns, zip(PERIODS, prior, strict=True)):
            move = abs(np.log(next_period / period))
            if move <= tempo_step:
                next_position = 0 if ends else position + 1
                seen = observed[0 if next_position == 0 else 1, next_frame]
                seen += bar_prior[next_metre] if next_position == 0 else 0.0
                total = score + seen + gain + cost - tempo_change * move
                follow(total, chain, next_frame, next_period, next_metre, next_position)

    for period, gain in zip(PERIODS, prior, strict=True):
        for frame in range(-period, 0):
            for metre, beats in enumerate(bars):
                for position in range(beats):
                    follow(gain, [], frame, period, metre, position)
    return sorted(found, key=lambda pair: -pair[0])


nats = st.integers(-300, 300).map(lambda x: x / 64)


@settings(max_examples=40, deadline=None)
@given(
    observed=st.integers(1, 17).flatmap(lambda n: arrays(np.float64, (2, n), elements=nats)),
    bars=st.sampled_from([(2,), (2, 3), (1, 3)]),
    prior=arrays(np.float64, 4, elements=nats),
    tempo_change=st.sampled_from([0.0, 3.0, 30.0]),
    tempo_step=st.sampled_from([0.2, 3.0]),
    metre_change=st.sampled_from([None, 0.5, 4.0]),
    bar_prior=st.tuples(nats, nats),
)
def test_the_lattice_is_the_exhaustive_search(observed, bars, prior, tempo_change, tempo_step, metre_change, bar_prior):
    search = Lattice(
        np.array(PERIODS),
        bars,
        tempo_change=tempo_change,
        tempo_step=tempo_step,
        prior=prior,
        metre_change=metre_change,
        bar_prior=bar_prior[: len(bars)],
    )
    search.advance(observed)
    score, last = search.best()
    ranked = exhaustive(observed, bars, prior, tempo_change, tempo_step, metre_change, bar_prior)
    assert score == pytest.approx(ranked[0][0], abs=0.02)
    path = [(b.frame, PERIODS[b.period], search.label(b.position)) for b in search.path(last)][::-1]
    close = [[(f, d, str(p + 1)) for f, d, _, p in beats] for total, beats in ranked if total > ranked[0][0] - 0.04]
    assert path in close


@settings(max_examples=8, deadline=None)
@given(arrays(np.float64, (2, 15), elements=nats))
def test_the_decoder_gives_the_score_of_the_exhaustive_search(logits):
    grid = Grid(100)
    options = {"tempo": (6000 / 7, 1500), "metres": ("2/4", "3/4"), "tempo_step": 3.0, "silence": 0.0}
    model = BarModel(**options)
    assert list(model.periods(grid)) == PERIODS
    best = decode_bars(*logits, grid, **options)[0]
    prior = -model.tempo_prior * np.log2(6000 / np.array(PERIODS) / 115) ** 2
    observed = model.observe(*logits)
    bar_prior = (-model.pair, -model.other)
    ranked = exhaustive(observed, (2, 3), prior, model.tempo_change, 3.0, model.metre_change, bar_prior)
    assume(len(best.beats))
    assert best.score == pytest.approx(ranked[0][0], abs=0.02)
    same = [beats for total, beats in ranked if total > ranked[0][0] - 0.04]
    assert best.beats.labels in [tuple(str(p + 1) for _, _, _, p in beats) for beats in same]
    assert (
        min(np.abs(best.beats.times * 100 - [b[0] for b in x]).max() for x in same if len(x) == len(best.beats)) <= 1.5
    )


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 1000),
    frames=st.integers(0, 400),
    cuts=st.lists(st.integers(0, 400), max_size=6),
    lag=st.sampled_from([0.3, 1.0, 3.0]),
)
def test_cutting_changes_nothing_and_beats_go_forward(seed, frames, cuts, lag):
    rng = np.random.default_rng(seed)
    given_logits = rng.normal(-2, 2, (2, frames))

    def run(edges):
        tracker, rows = BarTracker(Grid(50), lag=lag, metres=("2/4", "3/4"), tempo=(60, 240)), []
        for a, b in pairwise(edges):
            part = tracker.step(*given_logits[:, a:b])
            if len(part):
                rows += list(zip(part.times, part.labels, part.values, strict=True))
        part = tracker.flush()
        return rows + (list(zip(part.times, part.labels, part.values, strict=True)) if len(part) else [])

    whole = run([0, frames])
    assert run([0, *sorted(min(c, frames) for c in cuts), frames]) == whole
    times = np.array([row[0] for row in whole])
    assert (np.diff(times) > 0.05).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), frames=st.integers(0, 600))
def test_any_activation_gives_a_valid_answer(seed, frames):
    rng = np.random.default_rng(seed)
    best = decode_bars(*rng.normal(-3, 3, (2, frames)), Grid(50), tempo=(30, 200))[0]
    assert (np.diff(best.beats.times) >= 60 / 200 - 0.08).all()
    assert len(best.beats) == 0 or (best.beats.times[0] >= -0.02 and best.beats.times[-1] <= (frames + 1) / 50)
    assert len(best.beats) == 0 or ((best.beats.values >= 0) & (best.beats.values <= 1)).all()
