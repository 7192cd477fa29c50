"""The study of separation metrics on songs small enough for a test: what is seen, what is not, who is ranked how."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.answers import Events, Stems
from solfeggio.metrics.stems import MEASURES
from solfeggio.studies.harmed_stems import HARMS, SEPARATORS
from solfeggio.studies.separation_metrics import (
    agreement,
    in_short,
    judged,
    judged_by_hits,
    judged_in_silence,
    placed,
    places,
    rankings,
    said,
    silence,
    steps,
    tasks,
)
from solfeggio.studies.table import Estimate

RATE = 8000
TIME = np.arange(2 * RATE) / RATE


def song(seed: int) -> Stems:
    rng = np.random.default_rng(seed)
    clicks = rng.normal(size=(1, TIME.size)) * np.exp(-(TIME % 0.5) * 40)
    tone = sum(np.sin(2 * np.pi * 110 * k * TIME + rng.random()) / k for k in range(1, 6))
    return Stems.of({"drums": 0.3 * clicks, "bass": 0.2 * tone[None]}, RATE)


@pytest.fixture(scope="module")
def songs():
    return [judged(song(seed)) for seed in range(2)]


def cell(table, row, column):
    return next(r for r in table.rows if r[0] == row)[table.columns.index(column)]


def test_every_estimate_has_a_row_and_every_metric_a_column(songs):
    table = said(songs)
    assert table.columns[1:] == tuple(MEASURES)
    assert len(table.rows) == 1 + sum(len(amounts) for _, amounts in HARMS.values()) + len(SEPARATORS)
    assert cell(table, "as it is", "SI-SDR") == 100 and cell(table, "bleed 20 dB above -40", "SI-SDR") < 25


def test_metrics_see_what_they_should_and_nothing_else(songs):
    put, moved = placed(songs), steps(songs)
    for measure in ("SI-SDR", "SI-SDR median", "correlation"):
        assert cell(put, measure, "gain") == 0 == cell(moved, measure, "gain")
    for measure in ("spectral SNR", "log mel", "correlation", "onset F"):
        assert cell(put, measure, "polarity") == 0
    assert cell(put, "SNR", "polarity") > 0.8
    assert all(cell(moved, measure, "bleed") == 1 for measure in ("SNR", "SI-SDR", "spectral SNR", "log mel"))
    assert cell(moved, "SNR", "gain") == 1
    everything = [value for row in places(songs).values() for value in row.values() if value is not None]
    assert min(everything) >= 0 and max(everything) <= 1
    perfect = places(songs)["as it is"]
    assert all(perfect[name] == 0 for name in MEASURES if name not in ("ISR", "SIR", "SAR", "leakage"))


def test_agreement_is_symmetric_and_whole_with_oneself(songs):
    table = agreement(songs)
    for one in MEASURES:
        for other in MEASURES:
            value = cell(table, one, other)
            assert value == (pytest.approx(cell(table, other, one)) if value is not None else None)
            assert value is None or -1 <= value <= 1
    assert cell(table, "SNR", "SNR") == pytest.approx(1)
    assert cell(table, "SNR", "correlation") < 1


def test_rankings_hold_every_separator_and_differ(songs):
    table = rankings(songs)
    orders = dict(zip(table.column("metric"), table.column("best to worst"), strict=True))
    assert set(orders["SI-SDR"].split(", ")) == {"1", "2", "3", "4"} and orders["SI-SDR"].endswith("4")
    assert len(set(orders.values())) > 1
    assert isinstance(cell(table, "SI-SDR", "1: ideal ratio mask"), Estimate)


def test_silence_tells_stable_metrics_from_others():
    table = silence([judged_in_silence(song(0))])
    assert cell(table, "SI-SDR", "silent 0.9") < cell(table, "SI-SDR", "silent 0") - 3
    assert cell(table, "SI-SDR", "silent 1") is None
    assert cell(table, "error below mix", "silent 1") == pytest.approx(30, abs=1)
    assert cell(table, "leakage", "silent 1") == pytest.approx(-30, abs=0.1)
    assert cell(table, "leakage", "silent 1, nothing heard") == -100


def test_in_short_names_what_is_not_seen(songs):
    table = in_short(songs, [judged_in_silence(song(0))])
    assert "gain" in cell(table, "SI-SDR", "does not see") and "polarity" in cell(table, "log mel", "does not see")
    assert cell(table, "leakage", "defined in silence") and not cell(table, "SDR", "defined in silence")


def test_drum_hits_are_found_better_in_drums():
    truth = song(0)
    table = tasks([judged_by_hits(truth, Events(np.arange(4) * 0.5, ["KD"] * 4))])
    assert cell(table, "mix as it is", "F").mean == 0
    assert table.column("drums of")[0] == "as it is"


def test_a_transcriber_is_judged_by_the_names_of_drums_too():
    truth = song(0)
    hits = Events(np.arange(4) * 0.5, ["KD", "SD"] * 2)

    def confused_by_company(sound: np.ndarray, rate: int) -> Events:
        alone = np.allclose(sound, truth["drums"])
        return hits if alone else Events(hits.times, ["SD", "KD"] * 2)

    found = judged_by_hits(truth, hits, hear=confused_by_company)
    table = tasks([found], "a transcriber")
    assert cell(table, "as it is", "F").mean == 1 and cell(table, "mix as it is", "F").mean == 0
    assert "F KD" in found["as it is"]["drums"] and "a transcriber" in table.note


def test_other_separators_take_their_place():
    def half(truth: Stems) -> Stems:
        return Stems(truth.labels, np.stack([truth.mix() / 2] * len(truth)), truth.rate)

    found = judged(song(1).cut(0, 1), {"half": half})
    assert "half" in found and "ideal ratio mask" not in found
    assert rankings([found], ["half"]).columns[1] == "1: half"
