"""Encodings of melodies: what goes in comes out, both ways round."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from solfeggio.notation import Part, Score
from solfeggio.tokens import (
    DMELODIES_TOKENS,
    FOLK_TOKENS,
    HOLD,
    REST,
    decode_bars,
    decode_dmelodies,
    decode_line,
    encode_bars,
    encode_dmelodies,
    encode_line,
    fit_score,
)

ROOTS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


@st.composite
def legal_bars(draw: st.DrawFn) -> np.ndarray:
    """Bars with at least one onset, where no hold begins the piece or follows a rest."""
    count = draw(st.integers(1, 6))
    tokens = draw(arrays(np.int64, 24 * count, elements=st.integers(0, FOLK_TOKENS - 1)))
    holds = draw(arrays(bool, 24 * count))
    tokens[holds] = HOLD
    tokens[draw(st.integers(0, 24 * count - 1))] = draw(st.integers(2, FOLK_TOKENS - 1))
    for i, token in enumerate(tokens):
        if token == HOLD and (i == 0 or tokens[i - 1] == REST):
            tokens[i] = REST
    return tokens.reshape(-1, 24)


@st.composite
def tunes(draw: st.DrawFn) -> Score:
    """Any notes that begin inside the bars, in any number of parts, with a pick-up, chords and a key."""
    length = draw(st.integers(1, 24)) / 2
    parts = []
    for number in range(draw(st.integers(1, 3))):
        rows = draw(
            st.lists(
                st.tuples(st.floats(0, length - 0.01), st.floats(0.01, 6), st.integers(0, 127), st.integers(1, 127)),
                min_size=1,
                max_size=20,
            )
        )
        rows = sorted((start, start + long, pitch, velocity) for start, long, pitch, velocity in rows)
        parts.append(Part(f"part{number}", 0, np.array(rows, float)))
    edges = sorted({0.0, length, *draw(st.lists(st.floats(0, length), max_size=4))})
    names = [draw(st.sampled_from(ROOTS)) + draw(st.sampled_from((":maj", ":min7", ":7"))) for _ in edges[1:]]
    chords = tuple((a, b, name) for a, b, name in zip(edges, edges[1:], names, strict=False) if b > a)
    pickup = draw(st.sampled_from((0.0, 0.5, 1.0))) if length > 1 else 0.0
    return Score(
        "any", 100, tuple(parts), length, keys=((0.0, length, "C:maj"),), chords=chords, pickup_quarters=pickup
    )


@given(legal_bars())
@settings(max_examples=60, deadline=None)
def test_legal_bars_come_back(bars: np.ndarray) -> None:
    score = decode_bars(bars)
    assert (encode_bars(score) == bars).all()
    again = decode_bars(encode_bars(score))
    assert np.array_equal(again.parts[0].notes, score.parts[0].notes)
    assert again.length_quarters == score.length_quarters == 4 * len(bars)


@given(arrays(np.int64, (4, 24), elements=st.integers(0, FOLK_TOKENS - 1)))
@settings(max_examples=60, deadline=None)
def test_any_tokens_decode_to_one_voice(bars: np.ndarray) -> None:
    notes = decode_bars(bars).parts[0].notes
    assert len(notes) == (bars > HOLD).sum()
    assert (notes[:, 1] > notes[:, 0]).all() and (notes[1:, 0] >= notes[:-1, 1]).all()


@given(arrays(np.int64, 16, elements=st.integers(0, DMELODIES_TOKENS - 1)).filter(lambda t: t.any()))
@settings(max_examples=60, deadline=None)
def test_dmelodies_come_back(tokens: np.ndarray) -> None:
    assert (encode_dmelodies(decode_dmelodies(tokens)) == tokens).all()


@given(tunes())
@settings(max_examples=60, deadline=None)
def test_fitted_scores_encode_exactly(score: Score) -> None:
    for encoding, encode, decode in (("bars", encode_bars, decode_bars), ("line", encode_line, decode_line)):
        fitted, changes = fit_score(score, encoding)
        assert all(isinstance(change, str) and "\n" not in change for change in changes)
        assert fit_score(fitted, encoding)[1] == []  # what fits is left alone
        back = decode(encode(fitted))  # type: ignore[operator]
        assert np.allclose(back.parts[0].notes[:, :3], fitted.parts[0].notes[:, :3], atol=1e-9)
        assert back.length_quarters == fitted.length_quarters
        assert np.all(np.diff(np.array([span[:2] for span in fitted.chords]).ravel()) >= -1e-9)


@given(tunes())
@settings(max_examples=40, deadline=None)
def test_lines_come_back(score: Score) -> None:
    line = encode_line(score, fit=True)
    again = encode_line(decode_line(line))
    for name in ("pitches", "durations", "positions", "roots", "chords"):
        assert np.array_equal(getattr(again, name), getattr(line, name)), name
