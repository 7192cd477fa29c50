"""The mirror law of structure, and what holds for scores of sections whatever they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solfeggio.answers import Segments
from solfeggio.decode.novelty import pick_boundaries, sections
from solfeggio.grid import Grid
from solfeggio.listeners.structure import FUNCTIONS, TINY, Structure
from solfeggio.metrics.segments import evaluate_sections

SYSTEM = Structure(TINY)


@st.composite
def songs(draw, shortest: float = 5.0) -> Segments:
    """Sections of ``shortest`` to 30 s with functions."""
    lengths = draw(st.lists(st.floats(shortest, 30), min_size=1, max_size=10))
    ends = np.cumsum(lengths)
    labels = draw(st.lists(st.sampled_from(FUNCTIONS), min_size=len(ends), max_size=len(ends)))
    return Segments(np.concatenate([[0], ends[:-1]]), ends, labels)


@given(songs())
@settings(max_examples=60, deadline=None)
def test_decode_reads_back_what_targets_wrote(truth):
    marks = SYSTEM.targets(truth, SYSTEM.spec.grid.count(truth.ends[-1]))["sections"].numpy()
    heard = SYSTEM.decode({"sections": marks * 12 - 6}, most=1000)  # however long the song, 5 s are allowed
    assert heard.labels == truth.labels
    np.testing.assert_allclose(heard.starts, truth.starts, atol=0.1001)  # a frame is 0.2 s
    assert heard.ends[-1] == pytest.approx(truth.ends[-1], abs=0.2)


@given(songs(0.5), songs(0.5))
@settings(max_examples=40, deadline=None)
def test_scores_lie_in_0_to_1_and_boundaries_turn_with_the_sides(truth, found):
    found = found.stretch(truth.ends[-1] / found.ends[-1])
    there, back = evaluate_sections(truth, found), evaluate_sections(found, truth)
    assert all(-1e-9 <= value <= 1 + 1e-9 for value in there.values())
    for window in ("3", "0.5", "3 trimmed"):
        assert there[f"P {window}"] == pytest.approx(back[f"R {window}"])
    assert there["label"] == pytest.approx(back["label"])
    assert list(evaluate_sections(truth, truth).values()) == pytest.approx([1.0] * len(there))


@given(st.integers(0, 2000), st.integers(0, 99), st.floats(0, 0.5))
@settings(max_examples=40, deadline=None)
def test_sections_cover_the_song_whatever_the_curve(frames, seed, threshold):
    grid = Grid(5)
    curve = np.random.default_rng(seed).random(frames)
    found = sections(pick_boundaries(curve, grid, threshold=threshold), frames / 5)
    assert len(found) <= 40
    if frames:
        assert found.starts[0] == 0 and found.ends[-1] == pytest.approx(frames / 5)
        assert np.array_equal(found.starts[1:], found.ends[:-1])
        assert len(found) == 1 or (found.ends - found.starts).min() >= 3.7
    else:
        assert not len(found)
