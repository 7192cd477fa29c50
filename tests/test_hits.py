"""The words of drumming: every name has a class, keys come back, close hits are one."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio import hits
from solfeggio.answers import Events
from solfeggio.band.instruments import DRUMS
from solfeggio.errors import AnswerError, ConfigError


@pytest.mark.parametrize("name", list(DRUMS))
def test_the_bands_drums_go_to_the_main_class_that_the_band_says(name):
    keys, main, code = DRUMS[name]
    assert hits.regroup(Events([0.0], [name])).labels == (main,)
    if code and code != "SST":
        assert hits.regroup(Events([0.0], [code])).labels == (main,)
    if main != "OT":
        assert {hits.regroup(Events([0.0], [hits.of_key(key)])).labels for key in keys} == {(main,)}


def test_keys_of_fine_classes_come_back():
    for label in hits.FINE:
        assert hits.of_key(hits.KEYS[label]) == label


def test_classes_nest():
    some = Events(np.arange(8.0), list(hits.FINE), np.linspace(0.1, 1, 8))
    assert hits.regroup(some, "fine") == some
    assert hits.regroup(some).labels == ("KD", "SD", "HH", "HH", "TT", "CY", "CY", "OT")
    assert hits.regroup(hits.regroup(some), "three") == hits.regroup(some, "three")
    assert hits.regroup(some, "three").labels == ("KD", "SD", "HH", "HH")


def test_of_close_hits_the_loudest_stays():
    some = Events([0.0, 0.02, 0.04, 1.0], ["CHH", "OHH", "CHH", "KD"], [0.5, 0.9, 0.4, 0.1])
    told = hits.regroup(some)
    assert told.times.tolist() == [0.02, 1.0] and told.labels == ("HH", "KD")
    apart = hits.regroup(some, "fine")
    assert len(apart) == 4  # closed and open hats are two drums there
    many = Events(np.arange(0, 1, 0.01), ["SD"] * 100)
    assert np.diff(hits.regroup(many).times).min() >= hits.NEAR - 1e-9


def test_what_cannot_be_known_is_refused():
    with pytest.raises(AnswerError, match="HH"):
        hits.regroup(Events([0.0], ["HH"]), "fine")
    with pytest.raises(AnswerError, match="labels"):
        hits.regroup(Events([0.0]))
    with pytest.raises(ConfigError, match="mian"):
        hits.regroup(Events([0.0], ["KD"]), "mian")
    assert len(hits.regroup(Events.none(), "fine")) == 0
