"""Clips with weak labels: where they begin, what is in them, what nobody can say, what is told."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.answers import Segments
from solfeggio.band.instruments import NAMES
from solfeggio.data.clips import LABELS, UNKNOWN, label_clips, observe, places
from solfeggio.errors import ConfigError


def value(instruments: Segments, label: str, source: str = "band") -> float:
    return label_clips(instruments, [0.0], source=source)[0][0, LABELS.index(label)]


def test_labels_are_the_classes_of_openmic_in_their_order():
    assert len(LABELS) == 20 and list(LABELS) == sorted(LABELS)


def test_clips_do_not_overlap_and_fit():
    at = places(95.0, 10.0, 4, seed=3)
    assert len(at) == 4 and (np.diff(at) >= 10).all() and at[-1] + 10 <= 95
    assert np.array_equal(at, places(95.0, 10.0, 4, seed=3))
    assert len(places(95.0, 10.0, 99, seed=3)) == 9
    assert len(places(9.9, 10.0, 4, seed=0)) == 0


def test_present_absent_and_too_short_to_say():
    assert value(Segments([2], [4], ["flute"]), "flute") == 1
    assert value(Segments([12], [14], ["flute"]), "flute") == 0
    assert value(Segments([2], [2.4], ["flute"]), "flute") == UNKNOWN
    assert value(Segments([2], [4], ["flute"]), "piano") == 0
    assert value(Segments([1, 3], [1.6, 3.6], ["distorted guitar", "guitar"]), "guitar") == 1


def test_activity_is_the_share_of_each_frame():
    activity = label_clips(Segments([2.25], [4.5], ["cello"]), [0.0, 3.0])[1][:, :, LABELS.index("cello")]
    np.testing.assert_allclose(activity[0, :6], [0, 0, 0.75, 1, 0.5, 0])
    np.testing.assert_allclose(activity[1, :3], [1, 0.5, 0])


@pytest.mark.parametrize(
    "name, label, source",
    [
        ("strings", "violin", "band"),
        ("brass", "trumpet", "band"),
        ("percussion", "drums", "band"),
        ("synth bass", "synthesizer", "band"),
        ("plucked", "ukulele", "band"),
        ("drum set", "cymbals", "medleydb"),
        ("mandolin", "ukulele", "medleydb"),
    ],
)
def test_what_may_hold_it_makes_it_unknown(name, label, source):
    assert value(Segments([0], [10], [name]), label, source) == UNKNOWN
    activity = label_clips(Segments([0], [5], [name]), [0.0], source=source)[1][0, :, LABELS.index(label)]
    assert np.isnan(activity[:5]).all() and (activity[5:] == 0).all()


def test_what_is_surely_there_stays_though_others_may_hold_it():
    both = Segments([0, 0], [10, 10], ["strings", "violin"])
    assert value(both, "violin") == 1 and value(both, "cello") == UNKNOWN
    assert value(Segments([0], [10], ["synth bass"]), "bass") == 1
    assert value(Segments([0], [10], ["drum set"]), "drums", "medleydb") == 1


def test_every_name_of_the_band_can_be_labelled_and_most_classes_are_played():
    names = [*NAMES, "drums", "cymbals", "percussion"]
    values = np.concatenate([label_clips(Segments([0], [10], [name]), [0.0])[0] for name in names])
    never = {LABELS[i] for i in np.flatnonzero(~(values == 1).any(0))}
    assert never == {"mandolin", "ukulele"}
    with pytest.raises(ConfigError, match="kazoo"):
        label_clips(Segments([0], [1], ["kazoo"]), [0.0])


def test_told_labels_are_balanced_sparse_and_never_unknown():
    rng = np.random.default_rng(0)
    values = rng.choice([0.0, 1.0, UNKNOWN], p=[0.6, 0.3, 0.1], size=(4000, 3))
    told = observe(values, 0.1)
    assert told.sum(0).tolist() == [400, 400, 400]
    assert (values[told] == 1).sum() == (values[told] == 0).sum() == 600
    assert np.array_equal(told, observe(values, 0.1)) and not np.array_equal(told, observe(values, 0.1, seed=1))


def test_where_one_kind_is_rare_all_of_it_is_told():
    values = np.zeros((100, 2))
    values[:3, 0] = 1
    told = observe(values, 1.0)
    assert told[:3, 0].all() and told[:, 0].sum() == 6
    assert not told[:, 1].any()
