from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solfeggio.band.singing import words
from solfeggio.band.song import Part, Song
from solfeggio.band.style import Lead, load_style

SINGING = replace(load_style("waltz"), leads=(Lead(sings=True),))


def _song(program: int = 53) -> Song:
    """Verse, chorus, verse, chorus of eight quarters each, one note a quarter, the melody the same in both."""
    starts = np.arange(32.0)
    pitches = 64 + np.tile([0, 2, 4, 5, 7, 5, 4, 2], 4)
    notes = np.column_stack([starts, starts + 0.95, pitches, np.full(32, 90)])
    sections = tuple((8.0 * i, 8.0 * i + 8, name) for i, name in enumerate(("verse", "chorus") * 2))
    chords = tuple((4.0 * i, 4.0 * i + 4, "C:maj") for i in range(8))
    drums = Part("drums", 0, notes.copy(), drums=True)
    return Song("s", "s", 120, (drums, Part("melody", program, notes)), 32, starts, starts % 4 + 1, chords, sections)


def _lead(song: Song) -> Part:
    return next(part for part in song.parts if part.name == "melody")


def test_leads_that_sing_get_a_word_for_each_note_and_nobody_else_does():
    for seed in range(20):
        song = words.put_words(np.random.default_rng(seed), _song(), SINGING, "train")
        lead = _lead(song)
        assert len(lead.words) == len(lead.notes) and lead.words[0]
        assert not song.parts[0].words
    silent = replace(SINGING, leads=(Lead(sings=False),))
    assert not any(part.words for part in words.put_words(np.random.default_rng(0), _song(), silent, "train").parts)


def test_a_refrain_has_the_same_words_and_a_verse_new_ones():
    same, new = 0, 0
    for seed in range(20):
        text = _lead(words.put_words(np.random.default_rng(seed), _song(), SINGING, "train")).words
        same += text[8:16] == text[24:32]
        new += text[0:8] != text[16:24]
    assert same == 20 and new >= 18


def test_a_syllable_goes_on_only_over_slurred_notes():
    rng = np.random.default_rng(0)
    starts = np.arange(0, 40, 2.0)
    detached = np.column_stack([starts, starts + 1, np.arange(20) % 7 + 60, np.full(20, 90)])
    for tongue in words.VOCABULARY:
        assert all(words.write_words(rng, detached, (), tongue))


def test_the_same_generator_writes_the_same_words():
    first, second = (words.put_words(np.random.default_rng(3), _song(), SINGING, "test") for _ in range(2))
    assert [part.words for part in first.parts] == [part.words for part in second.parts]


def test_men_sing_an_octave_lower_but_flutes_stay():
    drawn = [words.put_words(np.random.default_rng(seed), _song(), SINGING, "train") for seed in range(30)]
    moved = {round(float((_lead(song).notes[:, 2] - _song().parts[1].notes[:, 2]).max())) for song in drawn}
    assert moved == {0, -12}
    flutes = [words.put_words(np.random.default_rng(seed), _song(73), SINGING, "train") for seed in range(30)]
    assert all(_lead(song).notes[0, 2] == 64 for song in flutes)


def test_the_second_voice_sings_thirds_of_the_chord_in_the_refrain():
    duets = [words.put_words(np.random.default_rng(seed), _song(), SINGING, "train") for seed in range(30)]
    seconds = [(part, song) for song in duets for part in song.parts if part.name == "harmony"]
    assert 3 <= len(seconds) <= 20
    for second, song in seconds:
        lead = _lead(song)
        inside = (lead.notes[:, 0] >= 8) & (lead.notes[:, 0] < 16) | (lead.notes[:, 0] >= 24)
        assert np.array_equal(second.notes[:, 0], lead.notes[inside, 0])
        assert set((second.notes[:, 2] - lead.notes[inside, 2]).astype(int)) <= {3, 4, 5}
        assert len(second.words) == len(second.notes)


@pytest.mark.parametrize("tongue", words.VOCABULARY)
def test_every_language_is_known_by_its_words(tongue):
    known = tuple(syllable for word in words.vocabulary(tongue) for syllable in word)
    assert words.language(known) == tongue
    assert words.language(("Ky", "ri", "e", "Chris", "te")) == "la"


def test_some_languages_are_kept_for_tests():
    assert {"pt", "sv", "id"} <= set(words.ODDS["test"]) - set(words.ODDS["train"])
