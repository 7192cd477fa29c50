"""Drums by NMF: designed hits are heard beside sustained tones, and templates come from strokes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from solfeggio import run
from solfeggio.answers import Events
from solfeggio.data.strokes import kit_strokes, strokes
from solfeggio.errors import ConfigError
from solfeggio.listeners.drums_nmf import DRUMS, RELEASED, TINY, Config, DrumsNMF, stand_out
from solfeggio.metrics.events import evaluate_drums

RATE = TINY.rate
TRUTH = Events(
    [0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0],
    ["KD", "HH", "SD", "HH", "KD", "HH", "SD", "HH", "KD", "KD", "SD"],
)


def mix(truth: Events, tones: float = 0.15, seconds: float = 4.0) -> np.ndarray:
    """The synthesiser's own strokes at the true times over a held chord."""
    out = np.zeros(int(seconds * RATE), np.float32)
    sounds = {drum: strokes(drum, RATE)[0][int(1.55 * RATE) :] for drum in DRUMS}  # the loudest stroke
    for time, label in zip(truth.times, truth.labels, strict=True):
        start = int(time * RATE)
        sound = sounds[label][: len(out) - start]
        out[start : start + len(sound)] += sound
    at = np.arange(len(out)) / RATE
    return out + tones * np.abs(out).max() * sum(np.sin(2 * np.pi * hz * at) for hz in (220, 277, 330, 880)).astype(
        "f4"
    )


@pytest.fixture(scope="module")
def taught() -> DrumsNMF:
    system = DrumsNMF(TINY).eval()
    for drum in DRUMS:
        system.learn(drum, kit_strokes(drum, RATE))
    return system


def test_designed_hits_are_heard_beside_sustained_tones(taught):
    heard = run.hear(taught, mix(TRUTH), RATE)
    assert evaluate_drums(TRUTH, heard)["F"] > 0.8
    assert heard.values is not None and heard.values.max() == 1


def test_it_needs_its_templates(taught):
    wrong = DrumsNMF(TINY).eval()
    with torch.no_grad():
        wrong.templates.copy_(taught.templates[:, [1, 2, 0]])
    assert evaluate_drums(TRUTH, run.hear(wrong, mix(TRUTH), RATE))["mean F"] < 0.6


@pytest.mark.parametrize("adapt", ["am1", "am2"])
def test_templates_may_follow_the_recording(taught, adapt):
    system = DrumsNMF(Config(extra=4, iterations=10, adapt=adapt, rounds=2)).eval()
    system.templates.copy_(taught.templates)
    assert evaluate_drums(TRUTH, run.hear(system, mix(TRUTH), RATE))["mean F"] > 0.7


def test_a_long_recording_is_factorised_stretch_by_stretch(taught):
    once = mix(TRUTH)
    heard = run.hear(taught, np.concatenate([once, once, once]), RATE)
    truth = Events(np.concatenate([TRUTH.times + 4 * i for i in range(3)]), TRUTH.labels * 3)
    assert evaluate_drums(truth, heard)["F"] > 0.85


def test_settling_sets_the_level_and_finds_the_delay(taught):
    system = DrumsNMF(TINY).eval()
    system.load_state_dict(taught.state_dict())
    heard = [(run.logits(system, [mix(TRUTH)]), TRUTH)]
    settled = system.settle(heard)
    assert np.allclose(run.logits(system, [mix(TRUTH)])["hits"].max(0), 1, atol=1e-3)
    logits = run.logits(system, [mix(TRUTH)])
    assert evaluate_drums(TRUTH, system.decode(logits, **settled))["F 20 ms"] > 0.8
    assert set(settled) == {"share", "late"} and len(settled["share"]) == 3


def test_several_templates_of_a_drum_add_up():
    system = DrumsNMF(Config(each=2, extra=4, iterations=10)).eval()
    kits = [[np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)] for hz in (1000, 3000, 5000)]
    for drum in DRUMS:
        system.learn(drum, kits)
    assert torch.allclose(system.templates.sum(0), torch.ones(6), atol=1e-4)
    first, second = system.templates[:, 0], system.templates[:, 1]
    peak = [round(hz * TINY.window / RATE) for hz in (1000, 3000, 5000)]
    assert first[peak[0]] > 0.15 and first[peak[2]] > 0.15 and second[peak[1]] > 0.3 and second[peak[0]] < 0.01


def test_silence_holds_no_hits_and_what_is_wrong_is_named(taught):
    assert len(run.hear(taught, np.zeros(3 * RATE, np.float32), RATE)) == 0
    logits = run.logits(taught, [mix(TRUTH)])
    with pytest.raises(ConfigError, match="threshold"):
        taught.decode(logits, threshold=0.5)
    with pytest.raises(ConfigError, match="am3"):
        DrumsNMF(Config(adapt="am3"))
    with pytest.raises(ConfigError, match="shares"):
        DrumsNMF(Config(share=(0.1,)))
    with pytest.raises(ConfigError, match="no kit"):
        taught.learn("KD", [])


def test_a_peak_must_rise_above_the_median_around():
    activation = np.full(200, 0.5)
    activation[[50, 120]] = 1.0, 0.55
    settings = {"median": 0.1, "quietest": 0.02, "gap": 0.05}
    grid = DrumsNMF(RELEASED).spec.grid
    times, heights = stand_out(activation, grid, 0.2, **settings)
    assert np.allclose(times, grid.times(np.array([50]))) and heights.tolist() == [1.0]
    assert len(stand_out(activation, grid, 0.04, **settings)[0]) == 2
    assert len(stand_out(np.zeros(0), grid, 0.1, **settings)[0]) == 0


def test_targets_are_read_back(taught):
    frames = taught.spec.grid.count(4.0)
    logits = {"hits": taught.targets(TRUTH, frames)["hits"].numpy()}
    assert evaluate_drums(TRUTH, taught.decode(logits))["F 20 ms"] == 1
