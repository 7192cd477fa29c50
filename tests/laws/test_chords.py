"""The mirror law of chords: what targets writes, decode reads back; other keys change nothing but names."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from solfeggio.answers import Segments
from solfeggio.decode.chords import is_bare
from solfeggio.harte import QUALITIES, encode, root, simplify, vocabulary
from solfeggio.listeners.chords import DEEP_CHROMA, TINY, Chords

SYSTEM = Chords(TINY)
FLAT = Chords(DEEP_CHROMA)
ROOTS = ("C", "Db", "D#", "E", "Gb", "G", "A#", "B")


def sure(system: Chords, answer: Segments, seconds: float) -> dict[str, np.ndarray]:
    """Logits of a network that knows the truth."""
    targets = system.targets(answer, system.spec.grid.count(seconds))
    return {key: (value * 16 - 8).numpy() for key, value in targets.items()}


@st.composite
def songs(draw, labels=None) -> Segments:
    """Chords that last half a second or longer, neighbours different."""
    labels = labels or [*(f"{r}:{q}{b}" for r in ROOTS for q in QUALITIES for b in ("", "/5")), "N"]
    chosen = draw(st.lists(st.sampled_from(labels), min_size=1, max_size=12))
    simple = [simplify(label, "large") for label in chosen]
    kept = [label for i, label in enumerate(chosen) if not i or simple[i] != simple[i - 1]]
    ends = np.cumsum([draw(st.floats(0.5, 3)) for _ in kept])
    return Segments(np.append(0, ends[:-1]), ends, kept)


@given(songs(vocabulary("large")), st.sampled_from(["none", "duration", "bigrams"]))
@settings(max_examples=40, deadline=None)
def test_decode_reads_back_what_targets_wrote(truth: Segments, language: str):
    heard = SYSTEM.decode(sure(SYSTEM, truth, float(truth.ends[-1])), language=language, weight=1.0)
    assert heard.labels == truth.labels
    frame = 1 / float(SYSTEM.spec.grid.rate)
    assert np.abs(heard.starts - truth.starts).max() <= frame / 2 + 1e-9
    assert np.abs(heard.ends - truth.ends).max() <= frame
    assert heard.values is not None and (heard.values > 0.5).all()


@given(songs(), st.sampled_from(["majmin", "sevenths"]))
@settings(max_examples=30, deadline=None)
def test_any_chord_is_read_back_in_a_small_vocabulary(truth: Segments, name: str):
    heard = SYSTEM.decode(sure(SYSTEM, truth, float(truth.ends[-1])), vocabulary=name, weight=1.0)
    middles = (truth.starts + truth.ends) / 2
    found = [heard.labels[int(np.searchsorted(heard.starts, time, side="right")) - 1] for time in middles]
    for label, answer in zip(truth.labels, found, strict=True):
        if is_bare(label):
            assert root(answer) == root(label)  # without a third it is major or minor as what is around it
        else:
            assert answer == simplify(label, name)


THIRDS = [f"{r}:{q}" for r in ROOTS for q in QUALITIES if {3, 4} & set(QUALITIES[q])]


@given(songs([*THIRDS, "N"]))
@settings(max_examples=20, deadline=None)
def test_flat_outputs_obey_the_law_too(truth: Segments):
    heard = FLAT.decode(sure(FLAT, truth, float(truth.ends[-1])), weight=1.0)
    middles = (truth.starts + truth.ends) / 2
    found = [heard.labels[int(np.searchsorted(heard.starts, time, side="right")) - 1] for time in middles]
    assert found == [simplify(label, "majmin") for label in truth.labels]


@given(songs(), st.integers(-6, 6))
@settings(max_examples=30, deadline=None)
def test_targets_turn_with_the_key(truth: Segments, semitones: int):
    frames = SYSTEM.spec.grid.count(float(truth.ends[-1]))
    shapes = len(vocabulary("large")) // 12

    def moved(label: str) -> str:
        place = encode(label, "large")
        return "N" if label == "N" else vocabulary("large")[(place + semitones * shapes) % (12 * shapes)]

    large = Segments(truth.starts, truth.ends, [simplify(label, "large") for label in truth.labels])
    plain = {key: value[None] for key, value in SYSTEM.targets(large, frames).items()}
    _, turned = SYSTEM.transpose(torch.zeros(1, 1, 252, frames), plain, semitones)
    again = SYSTEM.targets(Segments(truth.starts, truth.ends, [moved(label) for label in large.labels]), frames)
    for key, value in again.items():
        assert torch.equal(turned[key][0], value), key


def test_unknown_chords_are_never_answered_and_nothing_is_nothing():
    truth = Segments([0, 2], [2, 4], ["C:maj", "X"])
    assert not any(value[25:].any() for value in SYSTEM.targets(truth, 43).values())
    assert "X" not in SYSTEM.decode(sure(SYSTEM, truth, 4.0)).labels
    assert len(SYSTEM.decode(sure(SYSTEM, truth, 0.0))) == 0
