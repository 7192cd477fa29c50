"""What every writer promises, checked on each file of the listing with its tiny configuration."""

from __future__ import annotations

import dataclasses
import importlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from solfeggio import bundle, run, writing
from solfeggio.contracts import Writer
from solfeggio.errors import BundleError, ConfigError, NotationError
from solfeggio.notation import Part, Score
from solfeggio.tokens import decode_dmelodies

ROOT = Path(__file__).parents[2]
SYSTEMS = run.writing_systems()
FACTS = {"data": ["made up"], "licence": "CC0-1.0", "metrics": {"none": {"nll": 0.5}}, "seeds": [0], "limits": ["all"]}
ASKED = {  # options with which each writer is asked to sample
    "inpaint": {"bars": (2, 3)},
    "dmelodies_vae": {"wander": 4.0},
    "melody": {"style": "folk", "temperature": 1.5},
    "measure_vae": {"knobs": {"density": 2.0}, "wander": 1.0},
}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=SYSTEMS)
def name(request) -> str:
    return request.param


def configs(name: str) -> dict:
    return importlib.import_module(f"solfeggio.writers.{name}").CONFIGS


def tiny(name: str) -> Writer:
    torch.manual_seed(0)
    return run.build(name, configs(name)["tiny"]).eval()


def tune() -> Score:
    """Six bars over chords, of eighths, quarters, a rest and a triplet."""
    rows = []
    for bar in range(6):
        at = 4.0 * bar
        rows += [(at, at + 0.5, 62 + bar), (at + 0.5, at + 1, 66), (at + 1, at + 2, 69)]
        rows += [(at + 2 + i / 3, at + 2 + (i + 1) / 3, 67 - i) for i in range(3)]
    notes = np.array([(start, end, pitch, 80) for start, end, pitch in rows], float)
    chords = tuple((4.0 * i, 4.0 * i + 4, ("D:maj", "A:7")[i % 2]) for i in range(6))
    return Score("Tune", 110.0, (Part("melody", 73, notes),), 24.0, keys=((0.0, 24.0, "D:maj"),), chords=chords)


def fitting(name: str) -> Score:
    """A score that the writer can hold: the tune, or two bars of eighths for dMelodies."""
    try:
        tiny(name).encode(tune())
    except NotationError:
        return decode_dmelodies(np.array([1, 5, 8, 0, 6, 0, 10, 13, 8, 12, 0, 15, 0, 1, 5, 8]))
    return tune()


def notes(score: Score) -> np.ndarray:
    return np.concatenate([part.notes[:, :3] for part in score.parts])


def batched(tokens: dict) -> dict:
    return {key: value[None] for key, value in tokens.items()}


def same(one: dict, other: dict) -> bool:
    return set(one) == set(other) and all(torch.equal(one[key], other[key]) for key in one)


def test_configs_are_frozen_and_the_defaults_are_the_released_one(name):
    found = configs(name)
    assert {"released", "tiny"} <= set(found)
    kind = type(tiny(name))
    assert found["released"] == kind.Config()
    for config in found.values():
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(config, dataclasses.fields(config)[0].name, 0)


def test_a_file_holds_one_final_writer(name):
    module = importlib.import_module(f"solfeggio.writers.{name}")
    own = [v for v in vars(module).values() if isinstance(v, type) and v.__module__ == module.__name__]
    found = [kind for kind in own if issubclass(kind, Writer)]
    assert len(found) == 1
    assert found[0].__bases__ == (Writer,)


def test_the_released_one_is_small(name):
    system = run.build(name)
    assert 4 * sum(p.numel() for p in system.parameters()) < 4_000_000


def test_what_fits_comes_back(name):
    system, score = tiny(name), fitting(name)
    tokens = system.encode(score)
    assert tokens and all(isinstance(value, torch.Tensor) for value in tokens.values())
    again = system.decode(tokens)
    np.testing.assert_allclose(notes(again), notes(score), atol=1e-6)
    assert again.length_quarters == score.length_quarters
    assert same(system.encode(again), tokens)


@pytest.mark.parametrize(
    "change",
    [
        {"metres": ((0.0, 24.0, "7/8"),)},
        {"parts": ()},
        {"parts": (Part("a", 0, np.array([[0, 4, 60, 80.0], [1, 2, 64, 80]])),)},
    ],
    ids=["another metre", "nothing", "two voices"],
)
def test_what_does_not_fit_is_refused(name, change):
    with pytest.raises(NotationError):
        tiny(name).encode(dataclasses.replace(fitting(name), **change))


def test_forward_is_deterministic_and_does_not_mix_a_batch(name):
    system = tiny(name)
    batch = system.example()
    once, twice = system(batch), system(batch)
    assert once and set(once) == set(twice)
    double = {key: torch.cat([value, value]) for key, value in batch.items()}
    both = system(double)
    for key, value in once.items():
        assert torch.isfinite(value).any()
        assert torch.equal(value, twice[key])
        assert torch.allclose(both[key][: len(value)], value, atol=1e-4)


def test_the_example_stays_the_same(name):
    one, other = tiny(name).example(), tiny(name).example()
    assert same(one, other)
    assert len({len(value) for value in one.values()}) == 1


def test_gradients_reach_every_parameter(name):
    """In training, over batches enough for what is drawn at random."""
    system = tiny(name).train()
    example = system.example()
    batch = {key: torch.cat([value, value.flip(0)]) for key, value in example.items()}
    reached: set[str] = set()
    for _ in range(8):
        system.zero_grad()
        loss, parts = system.loss(batch)
        assert loss.ndim == 0
        assert parts and all(torch.isfinite(part) for part in parts.values())
        if loss.requires_grad:
            loss.backward()
        reached |= {key for key, p in system.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    still = [key for key, p in system.named_parameters() if p.requires_grad and key not in reached]
    assert not still


def test_the_same_seed_writes_the_same(name):
    system = tiny(name)
    asked = ASKED.get(name, {})
    context = system.encode(fitting(name))
    before = {key: value.clone() for key, value in context.items()}
    one, other = (system.sample(context, torch.Generator().manual_seed(3), **asked) for _ in range(2))
    assert same(one, other)
    assert same(context, before)
    seeds = [system.sample(context, torch.Generator().manual_seed(seed), **asked) for seed in range(6)]
    assert not all(same(one, other) for other in seeds)
    assert notes(system.decode(one)).shape[1] == 3


def test_sampling_does_not_touch_the_global_generator(name):
    system = tiny(name)
    state = torch.random.get_rng_state()
    system.sample(system.encode(fitting(name)), torch.Generator().manual_seed(0), **ASKED.get(name, {}))
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_bundle_writes_the_same(name, tmp_path):
    system = tiny(name)
    run.save(system, tmp_path / "mine", FACTS)
    again = run.load(tmp_path / "mine")
    assert again.config == system.config and not again.training
    assert same(again(system.example()), system(system.example()))
    assert (tmp_path / "mine" / "card.md").read_text() == bundle.card(bundle.describe(tmp_path / "mine"))


def test_the_golden_check_notices_other_weights_under_a_right_hash(name, tmp_path):
    system, other = tiny(name), tiny(name)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    run.save(system, tmp_path / "mine", FACTS)
    run.save(other, tmp_path / "other", FACTS)
    (tmp_path / "mine/weights.safetensors").write_bytes((tmp_path / "other/weights.safetensors").read_bytes())
    config = json.loads((tmp_path / "mine/config.json").read_text())
    config["sha256"] = json.loads((tmp_path / "other/config.json").read_text())["sha256"]
    (tmp_path / "mine/config.json").write_text(json.dumps(config))
    with pytest.raises(BundleError, match="golden"):
        run.load(tmp_path / "mine")


@pytest.mark.parametrize("fact", bundle.FACTS)
def test_a_bundle_without_its_facts_is_not_saved(name, tmp_path, fact):
    with pytest.raises(BundleError, match=fact):
        run.save(tiny(name), tmp_path / "mine", {key: value for key, value in FACTS.items() if key != fact})


def test_it_names_its_options_and_refuses_others(name):
    """``write`` lets through the options that sample names."""
    system = tiny(name)
    assert set(ASKED.get(name, {})) <= set(writing.options_of(system))
    with pytest.raises(ConfigError, match="tempreature"):
        writing.write(system, fitting(name), tempreature=1.0)


def test_it_has_its_recipe_test_and_page(name):
    recipe = {"dmelodies_vae": "dmelodies"}.get(name, name)
    for path in (f"recipes/{recipe}.py", f"tests/writers/test_{name}.py", f"docs/systems/{name}.md"):
        assert (ROOT / path).is_file(), f"{path} is missing"
