from __future__ import annotations

import numpy as np
import pytest

from solfeggio.answers import Events
from solfeggio.grid import Grid
from solfeggio.notation import tempo
from solfeggio.studies.baselines import autocorrelation_beats, constant_beats
from solfeggio.studies.scores import evaluate


def test_a_metronome_counts_bars():
    beats = constant_beats(10, 90, 3)
    assert tempo(beats) == pytest.approx(90) and beats.labels[:4] == ("1", "2", "3", "1")
    assert len(constant_beats(0)) == 0


@pytest.mark.parametrize("bpm", [80, 100, 120, 150])
def test_onsets_that_repeat_are_found(bpm: float):
    grid = Grid(50)
    truth = np.arange(0.4, 30, 60 / bpm)
    spectra = np.full((4, 1500), 0.1)
    spectra[:, grid.frames(truth)] = 1.0
    spectra[:, grid.frames(truth[::4])] = 2.0
    found = autocorrelation_beats(spectra, grid)
    labels = [str(i % 4 + 1) for i in range(len(truth))]
    scores = evaluate(Events(truth, labels), found)
    assert scores["F"] > 0.95 and scores["downbeat F"] > 0.9


def test_silence_has_no_beats():
    assert len(autocorrelation_beats(np.zeros((4, 500)), Grid(50))) == 0
    assert len(autocorrelation_beats(np.zeros((4, 0)), Grid(50))) == 0
