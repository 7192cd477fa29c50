from __future__ import annotations

import numpy as np
import pytest

from solfeggio.answers import Events, Segments
from solfeggio.errors import ConfigError
from solfeggio.grid import Grid
from solfeggio.harte import NAMES, SCALES
from solfeggio.notation import tempo
from solfeggio.studies.baselines import (
    autocorrelation_beats,
    bar_sections,
    centroid_drums,
    constant_beats,
    constant_chord,
    even_sections,
    foote_sections,
    rock_drums,
    template_chords,
    template_key,
)
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


def test_templates_find_clear_triads_and_nothing_in_silence():
    chroma = np.full((12, 60), 0.1)
    for first, tones in ((0, (7, 11, 2)), (20, (9, 0, 4))):
        chroma[np.array(tones)[:, None], np.arange(first, first + 20)] = 1.0
    chroma[:, 40:] = 0
    found = template_chords(chroma, Grid(10))
    assert found.labels == ("G:maj", "A:min", "N")
    truth = Segments([0, 2, 4], [2, 4, 6], ["G:maj", "A:min", "N"])
    assert evaluate(truth, found, "chords")["majmin"] > 0.95
    assert len(template_chords(np.zeros((12, 0)), Grid(10))) == 0


def test_one_chord_throughout():
    one = constant_chord(4.0, "G:maj")
    assert one.labels == ("G:maj",) and one.ends[-1] == 4
    assert len(constant_chord(0.0)) == 0


def test_even_sections_never_listen():
    assert even_sections(40.0).ends.tolist() == [12, 24, 40]
    assert len(even_sections(3.0)) == 1 and len(even_sections(0.0)) == 0
    beats = constant_beats(64, 120)
    assert bar_sections(beats, 64.0).starts.tolist() == [0, 16, 32, 48]
    assert len(bar_sections(Events.none(), 10.0)) == 1


def test_novelty_finds_where_the_sound_changes():
    spectra = np.repeat(np.eye(3)[:, [0, 1, 2]], 60, axis=1)
    np.testing.assert_allclose(foote_sections(spectra, Grid(5)).starts, [0, 12, 24], atol=0.2)
    assert len(foote_sections(np.zeros((3, 60)), Grid(5))) == 1


@pytest.mark.parametrize("profile", ["krumhansl", "temperley"])
@pytest.mark.parametrize("mode", ["maj", "min"])
@pytest.mark.parametrize("tonic", [0, 5, 10])
def test_a_scale_that_leans_on_its_triad_has_its_key(profile, mode, tonic):
    chroma = np.zeros((12, 100))
    chroma[np.add(SCALES[mode], tonic) % 12] = 1.0
    chroma[np.add([0, 3 if mode == "min" else 4, 7], tonic) % 12] += 1.0
    found = template_key(chroma, Grid(10), profile)
    assert found.labels == (f"{NAMES[tonic]}:{mode}",) and found.ends[0] == 10


def test_silence_has_no_key_and_profiles_have_names():
    assert len(template_key(np.zeros((12, 50)), Grid(10))) == len(template_key(np.zeros((12, 0)), Grid(10))) == 0
    with pytest.raises(ConfigError, match="krumhansl"):
        template_key(np.ones((12, 5)), Grid(10), "krumhansel")


def test_a_rock_pattern_follows_the_beats():
    drums = rock_drums(constant_beats(4.0, 120))
    assert drums.named("KD").times.tolist() == [0, 1, 2, 3]
    assert drums.named("SD").times.tolist() == [0.5, 1.5, 2.5, 3.5]
    assert np.allclose(np.diff(drums.named("CHH").times), 0.25)
    assert len(rock_drums(Events.none())) == 0


def test_onsets_are_called_by_how_high_they_sound():
    grid, hz = Grid(100), 40 * 2 ** (np.arange(96) / 12)
    spectra = np.zeros((96, 300))
    for frame, low, high in ((50, 0, 20), (120, 50, 66), (200, 84, 96)):
        spectra[low:high, frame : frame + 8] = 3.0
    drums = centroid_drums(spectra, grid, hz)
    assert drums.labels == ("KD", "SD", "CHH")
    assert np.allclose(drums.times, [0.5, 1.2, 2.0], atol=0.011)
    assert len(centroid_drums(np.zeros((96, 300)), grid, hz)) == 0
