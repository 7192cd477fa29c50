"""The taxonomy of instruments: every name of the band, of OpenMIC and of MedleyDB has its place."""

from __future__ import annotations

import pytest

from solfeggio.answers import Segments
from solfeggio.band.instruments import NAMES
from solfeggio.data.taxonomy import CLASSES, LABELS, NONE, OPENMIC, SINGING, in_our_classes, instrument_classes
from solfeggio.errors import ConfigError

OPENMIC_2018 = {
    "accordion", "banjo", "bass", "cello", "clarinet", "cymbals", "drums", "flute", "guitar", "mallet_percussion",
    "mandolin", "organ", "piano", "saxophone", "synthesizer", "trombone", "trumpet", "ukulele", "violin", "voice",
}  # fmt: skip


def test_every_name_of_the_band_is_one_class_or_none():
    for name in (*NAMES, "drums", "cymbals", "percussion", "singing"):
        assert len(instrument_classes(name)) <= 1
    assert [name for name in NAMES if not instrument_classes(name)] == ["effects"]
    assert instrument_classes("voice") == (SINGING,) == instrument_classes("voice", "openmic")


def test_what_the_band_calls_openmic_is_what_openmic_covers():
    for name, (_, openmic) in NAMES.items():
        if openmic and (openmic, name) != ("drums", "percussion"):  # OpenMIC has no hand drums
            assert set(instrument_classes(name)) <= set(OPENMIC[openmic]), name


def test_openmic_has_its_twenty_classes_and_all_are_ours():
    assert set(OPENMIC) == OPENMIC_2018
    assert {kind for kinds in OPENMIC.values() for kind in kinds} <= set(LABELS)


def test_no_name_means_two_things():
    names = [name for kind, names in CLASSES.items() for name in (kind, *names)] + list(NONE)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("source, name", [("band", "violine"), ("band", "drum set"), ("openmic", "harp"), ("mdb", "a")])
def test_unknown_names_and_sources_are_refused(source, name):
    with pytest.raises(ConfigError, match="unknown"):
        instrument_classes(name, source)


def test_names_of_one_class_are_joined_and_coarse_ones_left_out():
    activity = Segments([0, 1, 2, 5], [3, 9, 4, 6], ["male singer", "double bass", "vocalists", "female singer"])
    ours = in_our_classes(activity, "medleydb")
    assert ours.labels == ("singing", "double bass", "singing")
    assert ours.starts.tolist() == [0, 1, 5] and ours.ends.tolist() == [4, 9, 6]
    assert len(in_our_classes(Segments([0], [1], ["guitar"]), "openmic")) == 0
    with pytest.raises(ConfigError, match="kazoo"):
        in_our_classes(Segments([0], [1], ["kazoo"]))
