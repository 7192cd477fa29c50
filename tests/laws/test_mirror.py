"""The mirror law: what targets writes, decode reads back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from solfeggio.answers import Events
from solfeggio.listeners.beats import TINY, Beats
from solfeggio.notation import bars, tempo

SYSTEM = Beats(TINY)


def sure(answer: Events, seconds: float) -> dict[str, np.ndarray]:
    """Logits of a network that knows the truth."""
    targets = SYSTEM.targets(answer, SYSTEM.spec.grid.count(seconds))
    return {key: (value * 12 - 6).numpy() for key, value in targets.items()}


@st.composite
def music(draw) -> Events:
    """Steady or drifting beats with a pick-up, in one metre."""
    metre, bpm = draw(st.sampled_from([2, 3, 4])), draw(st.floats(50, 200))
    count, pickup = draw(st.integers(16, 60)), draw(st.integers(0, 3))
    drift = np.random.default_rng(draw(st.integers(0, 999))).normal(0, draw(st.sampled_from([0, 0.005, 0.01])), count)
    periods = 60 / bpm * np.exp(np.clip(np.cumsum(drift), -0.2, 0.2))
    times = draw(st.floats(0.05, 0.5)) + np.concatenate([[0], np.cumsum(periods[1:])])
    return Events(times, [str((i - pickup) % metre + 1) for i in range(count)])


@given(music(), st.floats(0.1, 0.5))  # more silence than that speaks against a fast pulse of sixteen beats
@settings(max_examples=40, deadline=None)
def test_bars_read_back_what_targets_wrote(truth, rest):
    # marks that are sure need neither caution nor a preference for four beats a bar
    heard = SYSTEM.decode(sure(truth, truth.times[-1] + rest), weight=1.0, pair=0.0)
    assert heard.labels == truth.labels
    assert np.abs(heard.times - truth.times).max() <= 0.0151  # a frame is 20 ms: the nearest is half of it away
    assert heard.values is not None and (heard.values > 0.5).all()
    assert tempo(heard) == pytest.approx(tempo(truth), rel=0.08)


@given(music(), st.floats(0.1, 3))
@settings(max_examples=20, deadline=None)
def test_peaks_read_back_what_targets_wrote(truth, rest):
    heard = SYSTEM.decode(sure(truth, truth.times[-1] + rest), decoder="peaks")
    assert np.abs(heard.times - truth.times).max() <= 0.0101
    assert set(bars(heard).labels[1:]) <= set(bars(truth).labels)


@given(music(), st.sampled_from(["bars", "peaks"]))
@settings(max_examples=20, deadline=None)
def test_writing_what_was_read_changes_nothing(truth, decoder):
    end = truth.times[-1] + 0.4
    frames = SYSTEM.spec.grid.count(end)
    heard = SYSTEM.decode(sure(truth, end), decoder=decoder)
    again = SYSTEM.targets(heard, frames)["beats"]
    assert torch.equal(again[:, 0], SYSTEM.targets(truth, frames)["beats"][:, 0])


@given(st.floats(0, 20))
@settings(max_examples=10, deadline=None)
def test_nothing_written_nothing_read(seconds):
    assert len(SYSTEM.decode(sure(Events.none(), seconds))) == 0
