from __future__ import annotations

import numpy as np

from solfeggio.answers import Curve, Events, Notes, Segments
from solfeggio.band.excerpt import cut, fullest
from solfeggio.band.song import Performance, Played, Song


def performance(*parts: Played, duration: float = 10.0) -> Performance:
    beats = np.arange(0.0, duration)
    song = Song("mine", "pop", 60, (), duration, beats, beats % 4 + 1)
    spans = {"chords": Segments([0, 5], [5, 10], ["C:maj", "G:maj"])}
    return Performance(song, parts, Events(beats), duration, spans)


def part(name: str, starts, words=(), **more) -> Played:
    starts = np.asarray(starts, float)
    return Played(name, 0, False, Notes(starts, starts + 1, starts * 0 + 60, starts * 0 + 90), words, **more)


def test_what_is_cut_counts_from_the_cut_and_nobody_silent_stays():
    f0, pedal = Curve(np.arange(0, 10, 0.01), np.full(1000, 200.0), "Hz"), Segments([0, 6], [4, 9])
    played = performance(part("a", [0, 2.5, 5, 8], f0=f0, pedal=pedal), part("b", [0]))
    made = cut(played, 3, 7)
    assert [p.name for p in made.parts] == ["a"]
    np.testing.assert_allclose(made.parts[0].notes.starts, [0, 2])  # the first was held into the cut
    np.testing.assert_allclose(made.parts[0].notes.ends, [0.5, 3])
    np.testing.assert_allclose(made.parts[0].pedal.starts, [0, 3])
    assert len(made.parts[0].f0) == 400
    assert made.duration == 4
    np.testing.assert_allclose(made.beats.times, [0, 1, 2, 3])
    assert made.spans["chords"].labels == ("C:maj", "G:maj")
    assert cut(played, 8, 30).duration == 2


def test_words_stay_with_their_notes_and_half_a_syllable_goes():
    sung = performance(part("melody", [0, 1, 2, 3, 4], words=("la", "", "li", "", "lo")))
    kept = cut(sung, 1, 10).parts[0]
    assert kept.words == ("li", "", "lo")
    np.testing.assert_allclose(kept.notes.starts, [1, 2, 3])
    assert not cut(sung, 3.5, 3.9).parts  # nothing but the end of a melisma


def test_the_fullest_stretch_is_where_most_groups_play():
    played = performance(part("a", range(10)), part("b", [6, 7, 8]), part("b2", [6, 7, 8]), part("c", [6, 7, 8]))
    rng = np.random.default_rng(0)
    assert fullest(played, 3, rng) == 6
    assert fullest(played, 20, rng) == 0
    beginnings = {fullest(performance(part("a", range(10))), 3, rng) for _ in range(50)}
    assert len(beginnings) > 3  # all are alike: any will do
