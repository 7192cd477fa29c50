"""The drum listener: sizes, targets and decoder as mirrors, soft targets, and that it learns a bar."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from solfeggio import run
from solfeggio.answers import Events
from solfeggio.errors import ConfigError
from solfeggio.hits import CLASSES
from solfeggio.listeners.drums import RELEASED, STUDENT, TINY, Config, Drums
from solfeggio.metrics.events import evaluate_events, evaluate_velocities

RATE = 22050
SYSTEM = Drums(TINY).eval()


def strike(drum: str, rng: np.random.Generator) -> np.ndarray:
    """One of three drums that no one would confuse."""
    at = np.arange(int(0.15 * RATE)) / RATE
    if drum == "KD":
        return np.sin(2 * np.pi * (60 * at + 2 * (1 - np.exp(-at * 40)))) * np.exp(-at * 25)
    noise = rng.normal(0, 0.3, len(at))
    if drum == "CHH":
        return np.diff(noise, prepend=0) * np.exp(-at * 80)
    return (noise + 0.4 * np.sin(2 * np.pi * 190 * at)) * np.exp(-at * 30)


def bar(seed: int = 0) -> tuple[np.ndarray, Events]:
    """Two bars of rock with accents: samples and their truth."""
    rng, eighth = np.random.default_rng(seed), 0.25
    hits = [(i * eighth + 0.1, "CHH", 0.4 + 0.4 * (i % 2 == 0)) for i in range(16)]
    hits += [(i * eighth + 0.1, "KD" if i % 4 == 0 else "SD", 0.9) for i in range(0, 16, 2)]
    hits.sort()
    x = np.zeros(int(4.6 * RATE))
    for time, drum, force in hits:
        sound, start = strike(drum, rng), round(time * RATE)
        x[start : start + len(sound)] += 0.3 * force * sound
    return x.astype(np.float32), Events([h[0] for h in hits], [h[1] for h in hits], [h[2] for h in hits])


def sure(truth: Events, seconds: float, system: Drums = SYSTEM) -> dict[str, np.ndarray]:
    """Logits of a network that knows the truth."""
    targets = system.targets(truth, system.spec.grid.count(seconds))
    told = {"hits": targets["hits"].numpy() * 12 - 6}
    if "velocity" in targets:
        loud = targets["velocity"].numpy().clip(1e-6, 1 - 1e-6)
        told["velocity"] = np.log(loud / (1 - loud))
    return told


@st.composite
def drumming(draw) -> Events:
    labels = CLASSES["fine"]
    steps = draw(st.lists(st.integers(0, 120), min_size=0, max_size=40, unique=True))
    times = np.array(sorted(steps)) * 0.05 + draw(st.floats(0, 0.02))
    names = [labels[draw(st.integers(0, 7))] for _ in times]
    return Events(times, names, [draw(st.floats(0.05, 1)) for _ in times])


@given(drumming())
@settings(max_examples=40, deadline=None)
def test_peaks_read_back_what_targets_wrote(truth):
    heard = SYSTEM.decode(sure(truth, 7.0))
    assert heard.labels == truth.labels
    assert np.abs(heard.times - truth.times).max(initial=0) <= 0.0051
    assert heard.values is not None and np.abs(heard.values - truth.values).max(initial=0) < 0.01
    again = SYSTEM.targets(heard, 700)
    assert torch.equal(again["hits"], SYSTEM.targets(truth, 700)["hits"])


def test_the_sizes_are_those_that_were_promised():
    assert sum(p.numel() for p in Drums().parameters()) < 900_000
    student = Drums(STUDENT)
    assert len(student.frontend.bins_hz) == 1025
    assert student.labels == ("KD", "SD", "HH")
    dense = sum(p.numel() for name, p in student.named_parameters() if p.ndim == 3)
    assert dense == 1025 * 1025 + 1025 * 512 + 512 * 32 + 32 * 3
    assert float(student.spec.grid.rate) == 44100 / 512
    with torch.inference_mode():  # one frame alone is judged as it is among others
        x = 50 * torch.rand(1, 1, 1025, 9)
        assert torch.allclose(student.eval()(x)["hits"][:, 4:5], student(x[..., 4:5])["hits"], atol=1e-5)


def test_plain_magnitudes_are_those_of_an_fft():
    x = np.sin(2 * np.pi * 440 * np.arange(44100) / 44100).astype(np.float32)
    found = Drums(STUDENT).prepare(torch.from_numpy(x)[None])[0, 0, :, 40].numpy()
    frame = x[40 * 512 - 1024 : 40 * 512 + 1024] * np.hanning(2049)[:-1]
    assert np.allclose(found, np.abs(np.fft.rfft(frame)), atol=0.02)


def test_soft_targets_are_met_where_they_are():
    """The lowest loss is where the odds are the teacher's, with squares and, without weights, with cross-entropy."""
    soft = torch.rand(1, 50, 3)
    for changes in ({}, {"error": "crossentropy", "hit_weight": 1.0, "tolerance_frames": 0}):
        system = Drums(dataclasses.replace(STUDENT, stem=(8,), **changes))
        best = {"hits": torch.logit(soft).requires_grad_()}
        loss, _ = system.loss(best, {"hits": soft})
        loss.backward()
        assert best["hits"].grad.abs().max() < 1e-6
        assert loss < system.loss({"hits": best["hits"] + 0.5}, {"hits": soft})[0]


def test_velocities_that_are_not_known_teach_nothing():
    truth = Events([0.5], ["KD"])
    targets = {key: value[None] for key, value in SYSTEM.targets(truth, 100).items()}
    _, parts = SYSTEM.loss({key: torch.zeros(1, 100, 8) for key in ("hits", "velocity")}, targets)
    assert parts["velocity"] == 0 and parts["hits"] > 0


def test_thresholds_of_each_drum():
    marks = np.full((100, 8), -6.0)
    marks[20, 0] = marks[50, 1] = 0.5
    logits = {"hits": marks, "velocity": np.zeros((100, 8))}
    assert SYSTEM.decode(logits).labels == ("KD", "SD")
    assert SYSTEM.decode(logits, thresholds=(0.7, *[0.3] * 7)).labels == ("SD",)
    assert len(SYSTEM.decode(logits, threshold=0.7)) == 0
    shy = Drums(dataclasses.replace(TINY, thresholds=(0.7,) * 8))
    assert len(shy.decode(logits)) == 0 and len(shy.decode(logits, threshold=0.5)) == 2
    with pytest.raises(ConfigError, match="2 thresholds"):
        SYSTEM.decode(logits, thresholds=(0.5, 0.5))
    with pytest.raises(ConfigError, match="thresh"):
        SYSTEM.decode(logits, thershold=0.5)


@pytest.mark.parametrize("changes", [{"net": "deep"}, {"trunk": "x"}, {"classes": "x"}, {"error": "x"}])
def test_unknown_settings_are_named(changes):
    with pytest.raises(ConfigError, match=next(iter(changes))):
        Drums(Config(**changes))


@pytest.mark.parametrize("trunk", ["recurrent", "dilated", "none"])
def test_it_learns_two_bars_in_a_few_steps(trunk):
    torch.manual_seed(0)
    x, truth = bar()
    system = Drums(dataclasses.replace(RELEASED, stem=(8, 16, 24), width=24, depth=1, trunk=trunk, dropout=0.0)).train()
    features = system.prepare(torch.from_numpy(x)[None])
    targets = {key: value[None] for key, value in system.targets(truth, features.shape[-1]).items()}
    optimizer = torch.optim.Adam(system.parameters(), 1e-2)
    for _ in range(60):
        loss, _ = system.loss(system(features), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    heard = run.hear(system, x, RATE)
    assert evaluate_events(truth, heard, 0.02)["F"] > 0.95
    assert evaluate_velocities(truth, heard)["velocity r"] > 0.7
