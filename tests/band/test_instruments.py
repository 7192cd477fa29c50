from __future__ import annotations

from solfeggio.band import instruments


def test_every_program_and_no_other_has_one_name():
    named = [program for programs, _ in instruments.NAMES.values() for program in programs]
    assert sorted(named) == list(range(128))


def test_every_drum_key_has_one_class():
    keys = [key for keys, _, _ in instruments.DRUMS.values() for key in keys]
    assert len(keys) == len(set(keys)) and set(range(35, 60)) <= set(keys)
    assert set(instruments.MAIN.values()) == {"KD", "SD", "HH", "TT", "CY", "OT"}


def test_classes_are_those_of_the_datasets():
    openmic = {name for name in instruments.OPENMIC.values() if name}
    assert openmic <= {
        "accordion", "banjo", "bass", "cello", "clarinet", "cymbals", "drums", "flute", "guitar", "mallet_percussion",
        "mandolin", "organ", "piano", "saxophone", "synthesizer", "trombone", "trumpet", "ukulele", "violin", "voice",
    }  # fmt: skip
