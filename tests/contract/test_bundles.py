"""Every bundle that ships: small, complete, verified, silent on silence, and right about the demo song."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio import bundle, run
from solfeggio.band.desk.sketch import demo, sketch
from solfeggio.band.truth import truth
from solfeggio.contracts import Separator
from solfeggio.metrics.stems import si_sdr
from solfeggio.notation import Part, Score
from solfeggio.studies.scores import evaluate
from solfeggio.writing import options_of, write

EASY = {  # what the demo song must give at least: its truth, measure, value
    "beats": ("beats", "F", 0.9),
    "drums": ("drums", "F", 0.7),
    "chords": ("chords", "majmin", 0.8),
    "instruments": ("instruments", "F", 0.45),
    "key": ("key", "weighted", 0.9),
    "structure": ("sections", "F 3", 0.65),
}
NAMES = sorted(path.parent.name for path in bundle.HOME.glob("*/config.json"))
HEARING = [name for name in NAMES if bundle.describe(bundle.HOME / name)["system"] in run.systems()]
WRITING = [name for name in NAMES if name not in HEARING]
SEPARATING = [n for n in HEARING if issubclass(run.kind(bundle.describe(bundle.HOME / n)["system"]), Separator)]
HEARING = [name for name in HEARING if name not in SEPARATING]


def test_the_package_ships_beats():
    assert {"beats", "beats-causal"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_small_and_says_what_it_is(name):
    home = bundle.HOME / name
    config = bundle.describe(home)
    assert (home / "weights.safetensors").stat().st_size < 4_000_000
    assert all(config["facts"][fact] for fact in bundle.FACTS)
    assert (home / "card.md").read_text("utf-8") == bundle.card(config)


@pytest.mark.parametrize("name", HEARING)
@pytest.mark.parametrize("level", [0.0, 1e-4, 0.3])
def test_silence_and_hum_have_nothing_in_them(name, level):
    system = run.load(bundle.HOME / name)
    still = np.full((1, 20 * system.spec.rate), level, np.float32)
    if level == 1e-4:
        still = np.random.default_rng(0).normal(0, level, still.shape).astype(np.float32)
    assert set(run.hear(system, still, system.spec.rate).labels) <= {"N"}


@pytest.mark.parametrize("name", HEARING)
def test_the_demo_is_heard(name):
    samples, rate, performance = demo()
    task, measure, least = EASY[bundle.describe(bundle.HOME / name)["system"]]
    scores = evaluate(truth(performance)[task], run.hear(run.load(bundle.HOME / name), samples, rate), task)
    assert scores[measure] > least


@pytest.mark.parametrize("name", SEPARATING)
def test_the_demo_comes_apart(name):
    played = demo()[2]
    parts = sketch(played, np.random.default_rng(7), 44100)
    drums = {part.name for part in played.parts if part.drums}
    cut = slice(8 * 44100, 18 * 44100)
    true = sum(sound[:, cut] for part, sound in parts.items() if part in drums)
    rest = sum(sound[:, cut] for part, sound in parts.items() if part not in drums)
    rest *= np.sqrt(np.mean(true**2) / np.mean(rest**2))
    found = run.separate(name, true + rest, 44100, device="cpu")
    np.testing.assert_allclose(found.mix(), true + rest, atol=1e-5)
    assert si_sdr(true, found["drums"]) > 3  # of the mixture: 0
    assert not run.separate(name, np.zeros((2, 44100), np.float32), 44100, device="cpu").samples.any()


@pytest.mark.parametrize("name", WRITING)
def test_a_writer_writes(name):
    system = run.load(bundle.HOME / name)
    notes = np.array([[i / 2, i / 2 + 0.5, 60 + (7 * i) % 12, 80] for i in range(16)])
    chords = ((0.0, 4.0, "C:maj"), (4.0, 8.0, "G:7"))
    score = Score("Tune", 120.0, (Part("melody", 0, notes),), 8.0, chords=chords)
    options = {"bars": (2, 2)} if "bars" in options_of(system) else {}
    found = write(system, score, n=1, **options)
    assert sum(len(part.notes) for part in found[0].parts)
    np.testing.assert_array_equal(write(system, score, n=1, **options)[0].parts[0].notes, found[0].parts[0].notes)
