"""Chord scores, vocabularies, the language of chords, beats."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.answers import Events, Segments
from solfeggio.decode.chords import QUALITIES, changes, count_changes, decode_chords, is_bare, regroup, score_chords
from solfeggio.errors import ConfigError
from solfeggio.grid import Grid
from solfeggio.harte import VOCABULARIES, encode, vocabulary

GRID = Grid(10)
LARGE = vocabulary("large")


def heads(**sure: int) -> dict[str, np.ndarray]:
    """Logits of one frame that know nothing but the columns named."""
    out = {"root": np.zeros((1, 13)), "bass": np.zeros((1, 13)), "pitches": np.zeros((1, 12))}
    out["quality"] = np.zeros((1, 12 * len(QUALITIES)))
    for head, column in sure.items():
        out[head][0, column] = 8
    return out


def test_every_head_moves_the_choice():
    minor = 7 * len(QUALITIES) + QUALITIES.index("min")
    best = [LARGE[int(score_chords(heads(**sure)).argmax())] for sure in ({"root": 7, "bass": 7, "quality": minor},)]
    assert best == ["G:min"]
    assert LARGE[int(score_chords(heads(root=7, bass=10, quality=minor)).argmax())] == "G:min/b3"
    assert LARGE[int(score_chords(heads(root=12, bass=12)).argmax())] == "N"
    tones = heads(root=0, bass=0)
    tones["pitches"][0] = [9, -9, -9, -9, 9, -9, -9, 9, -9, -9, -9, 9]
    assert LARGE[int(score_chords(tones).argmax())] == "C:maj7"


def test_a_coarse_chord_is_as_likely_as_its_likeliest_member():
    scores = np.full((2, len(LARGE)), -9.0)
    scores[0, LARGE.index("G:7/b7")], scores[0, LARGE.index("G:maj")], scores[1, -1] = -1, -2, -3
    for name, label in (("sevenths", "G:7"), ("majmin", "G:maj")):
        coarse = regroup(scores, "large", name)
        assert coarse[0].argmax() == encode(label, name) and coarse[0].max() == -1
        assert coarse[1].argmax() == len(vocabulary(name)) - 1
    assert regroup(scores, "large", "large") is scores
    with pytest.raises(ConfigError, match="knows 'majmin' only"):
        regroup(np.zeros((1, 25)), "majmin", "large")


def test_chords_without_a_third_speak_for_the_likelier_side():
    scores = np.full((2, len(LARGE)), -20.0)
    scores[:, LARGE.index("D:5")] = 0
    scores[0, LARGE.index("D:min")] = scores[1, LARGE.index("D:maj7")] = -6
    assert [vocabulary("sevenths")[i] for i in regroup(scores, "large", "sevenths")[:1].argmax(1)] == ["D:min"]
    assert [vocabulary("majmin")[i] for i in regroup(scores, "large", "majmin").argmax(1)] == ["D:min", "D:maj"]
    assert regroup(scores, "large", "majmin").max() == pytest.approx(0, abs=1e-3)
    assert is_bare("D:sus4/5") and not is_bare("D:7(#9)") and not is_bare("N")


def test_counted_changes_are_probabilities_that_hold_in_every_key():
    songs = [Segments([0, 1, 2, 3], [1, 2, 3, 4], ["C:maj", "G:7", "C:maj", "X"])] * 10
    counts = count_changes([*songs, Segments([0, 1], [1, 2], ["N", "E:min"])])
    assert counts.sum() == 21
    for name in VOCABULARIES:
        table = changes(counts, name)
        labels = vocabulary(name)
        assert np.allclose(np.exp(table).sum(1), 1) and np.isneginf(np.diag(table)).all()
        shapes = len(VOCABULARIES[name])
        turned = np.roll(table[:-1, :-1], (shapes, shapes), (0, 1))
        assert np.allclose(np.exp(turned), np.exp(table[:-1, :-1]))
        seventh = "A:7" if "A:7" in labels else "A:maj"
        assert table[labels.index("D:maj"), labels.index(seventh)] == table[labels.index("D:maj")].max()
        assert np.isfinite(table[-1, :-1]).all()


def test_what_follows_decides_where_the_ear_does_not():
    counts = count_changes([Segments([0, 1, 2], [1, 2, 3], ["C:maj", "G:maj", "C:maj"])] * 50)
    scores = np.full((30, 25), -30.0)
    for frames, labels in (
        (slice(0, 10), ("C:maj",)),
        (slice(10, 20), ("F#:maj", "G:maj")),
        (slice(20, 30), ("C:maj",)),
    ):
        for label in labels:
            scores[frames, encode(label, "majmin")] = 0
    assert decode_chords(scores, GRID, "majmin", counts=counts).labels == ("C:maj", "G:maj", "C:maj")


def test_short_doubts_are_smoothed_unless_each_frame_speaks_for_itself():
    scores = np.full((40, 25), -4.0)
    scores[:, 0] = 0
    scores[20, [0, 4]] = -2, 0
    assert decode_chords(scores, GRID, "majmin", language="duration").labels == ("C:maj",)
    assert len(decode_chords(scores, GRID, "majmin", language="none")) == 3


def test_given_beats_chords_change_on_them_only():
    scores = np.full((60, 25), -4.0)
    scores[:27, 0] = scores[27:, 6] = 0
    beats = Events(np.arange(0.45, 6, 0.5))
    free = decode_chords(scores, GRID, "majmin")
    held = decode_chords(scores, GRID, "majmin", beats=beats)
    assert free.starts[1] == pytest.approx(2.65) and free.labels == held.labels == ("C:maj", "Eb:maj")
    assert held.starts[1] in beats.times and abs(held.starts[1] - 2.65) < 0.3
    assert decode_chords(scores, GRID, "majmin", beats=Events.none()).labels == ("Eb:maj",)


def test_segments_touch_from_the_start_to_the_end_and_settings_are_checked():
    rng = np.random.default_rng(0)
    found = decode_chords(rng.normal(0, 9, (200, 25)), GRID, "majmin", language="none")
    assert found.starts[0] == 0 and np.array_equal(found.ends[:-1], found.starts[1:])
    assert found.ends[-1] == pytest.approx(19.95) and (np.asarray(found.values) <= 1).all()
    with pytest.raises(ConfigError, match="bigrams"):
        decode_chords(np.zeros((5, 25)), GRID, "majmin", language="bigram")
    with pytest.raises(ConfigError, match="positive"):
        decode_chords(np.zeros((5, 25)), GRID, "majmin", lasts=0)
