"""What every listener promises, checked on each file of the listing with its tiny configuration."""

from __future__ import annotations

import dataclasses
import importlib
import json

import numpy as np
import pytest
import torch

from solfeggio import bundle, run
from solfeggio.answers import Answer
from solfeggio.contracts import Listener, Separator
from solfeggio.errors import BundleError, ConfigError, SolfeggioError

SYSTEMS = [name for name in run.systems() if not issubclass(run.kind(name), Separator)]  # theirs: test_separators.py
FACTS = {"data": ["made up"], "licence": "CC0-1.0", "metrics": {"none": {"F": 0.5}}, "seeds": [0], "limits": ["all"]}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def configs(name: str) -> dict:
    return importlib.import_module(f"solfeggio.listeners.{name}").CONFIGS


def tiny(name: str, **changes) -> Listener:
    torch.manual_seed(0)
    return run.build(name, dataclasses.replace(configs(name)["tiny"], **changes)).eval()


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, samples).astype(np.float32)


def edit(folder, change) -> None:
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


@pytest.fixture(params=SYSTEMS)
def name(request) -> str:
    return request.param


@pytest.fixture
def saved(name, tmp_path):
    system = tiny(name)
    run.save(system, tmp_path / "mine", FACTS)
    return system, tmp_path / "mine"


def test_configs_are_frozen_and_the_defaults_are_the_released_one(name):
    found = configs(name)
    assert {"released", "tiny"} <= set(found)
    kind = type(run.build(name))
    assert found["released"] == kind.Config()
    for config in found.values():
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(config, dataclasses.fields(config)[0].name, 0)


def test_a_file_holds_one_final_listener(name):
    module = importlib.import_module(f"solfeggio.listeners.{name}")
    own = [v for v in vars(module).values() if isinstance(v, type) and v.__module__ == module.__name__]
    listeners = [kind for kind in own if issubclass(kind, Listener)]
    assert len(listeners) == 1
    assert listeners[0].__bases__ == (Listener,)
    assert not listeners[0].__subclasses__()


def test_every_config_builds_and_states_its_spec(name):
    for config in configs(name).values():
        spec = run.build(name, config).spec
        assert issubclass(spec.answer, Answer)
        assert spec.border >= 0
        assert spec.grid.hop(spec.rate).denominator == 1
        assert len(spec.labels)


def test_features_logits_and_targets_share_their_frames(name):
    system = tiny(name)
    for length in (1, 440, 441, 442, 22050):
        features = system.prepare(torch.from_numpy(noise(length))[None])
        logits = system(features)
        assert features.ndim == 4
        assert features.shape[-1] == system.spec.grid.count(length / system.spec.rate)
        for value in logits.values():
            assert value.shape[:2] == (1, features.shape[-1])
            assert torch.isfinite(value).all()
        assert sum(value.shape[2] for value in logits.values()) == len(system.spec.labels)


def test_prepare_is_deterministic_and_does_not_mix_a_batch(name):
    system = tiny(name)
    batch = torch.from_numpy(np.stack([noise(5000, seed) for seed in range(3)]))
    assert torch.equal(system.prepare(batch), system.prepare(batch))
    assert torch.allclose(system.prepare(batch)[1], system.prepare(batch[1:2])[0], atol=1e-5)


def test_gradients_reach_every_parameter(name):
    system = tiny(name).train()
    features = system.prepare(torch.from_numpy(np.stack([noise(22050, seed) for seed in (0, 1)])))
    logits = system(features)
    targets = {key: (torch.rand(value.shape) < 0.1).float() for key, value in logits.items()}
    loss, parts = system.loss(logits, targets)
    assert loss.ndim == 0
    assert set(parts) and all(torch.isfinite(part) for part in parts.values())
    loss.backward()
    still = [key for key, p in system.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not still


@pytest.mark.parametrize("length", [0, 1, 440, 441, 22049, 22050, 50_001])
def test_any_length_can_be_heard(name, length):
    system = tiny(name)
    answer = run.hear(system, noise(length), system.spec.rate)
    assert isinstance(answer, system.spec.answer)


def test_a_bundle_gives_the_same_logits_back(saved):
    system, folder = saved
    again = run.load(folder)
    x = [noise(30_000)]
    before, after = run.logits(system, x), run.logits(again, x)
    assert all(np.array_equal(before[key], after[key]) for key in before)
    assert again.config == system.config
    assert not again.training
    assert (folder / "card.md").read_text() == bundle.card(bundle.describe(folder))


def test_a_changed_weights_file_is_refused(saved):
    _, folder = saved
    data = bytearray((folder / "weights.safetensors").read_bytes())
    data[-1] ^= 64
    (folder / "weights.safetensors").write_bytes(bytes(data))
    with pytest.raises(BundleError, match="sha256"):
        run.load(folder)


def test_the_golden_check_notices_other_weights_under_a_right_hash(name, saved, tmp_path):
    _, folder = saved
    other = tiny(name)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter += 0.1
    run.save(other, tmp_path / "other", FACTS)
    (folder / "weights.safetensors").write_bytes((tmp_path / "other/weights.safetensors").read_bytes())
    sha = json.loads((tmp_path / "other/config.json").read_text())["sha256"]
    edit(folder, lambda config: config.update(sha256=sha))
    with pytest.raises(BundleError, match="golden"):
        run.load(folder)
    edit(folder, lambda config: config["golden"].update(logits={"beats": [[0.0]]}))
    with pytest.raises(BundleError, match="golden"):
        run.load(folder)


@pytest.mark.parametrize("fact", bundle.FACTS)
def test_a_bundle_without_its_facts_is_not_saved(name, tmp_path, fact):
    with pytest.raises(BundleError, match=fact):
        run.save(tiny(name), tmp_path / "mine", {key: value for key, value in FACTS.items() if key != fact})
    assert not (tmp_path / "mine").exists()


def test_unknown_settings_and_systems_are_refused_by_name(saved):
    _, folder = saved
    edit(folder, lambda config: config["config"].update(widht=3))
    with pytest.raises(ConfigError, match="widht"):
        run.load(folder)
    edit(folder, lambda config: config.update(system="beets"))
    with pytest.raises(SolfeggioError, match="beets"):
        run.load(folder)


def test_chunked_equals_unchunked(name):
    whole = tiny(name)
    if whole.spec.window is None:
        pytest.skip("hears the whole recording at once")
    x = noise(22050 * 9 + 123)
    whole.spec = dataclasses.replace(whole.spec, window=None)
    want = run.logits(whole, [x])
    rng = np.random.default_rng(1)
    for window, sizes in (
        (0.5, [len(x)]),
        (1.0, [441] * 500),
        (0.3, rng.integers(0, 20_000, 200)),
        (2.0, [7, 100_000]),
    ):
        chunked = tiny(name)
        chunked.spec = dataclasses.replace(chunked.spec, window=window)
        edges = np.clip(np.cumsum([0, *sizes]), 0, len(x))
        blocks = [x[a:b] for a, b in zip(edges, [*edges[1:], len(x)], strict=True)]
        got = run.logits(chunked, blocks)
        for key in want:
            np.testing.assert_allclose(got[key], want[key], atol=1e-4)


def test_a_border_that_is_too_short_would_be_noticed(name):
    system = tiny(name)
    if system.spec.window is None:
        pytest.skip("hears the whole recording at once")
    x = noise(22050 * 4)
    want = run.logits(system, [x])
    system.spec = dataclasses.replace(system.spec, window=0.5, border=0.0)
    got = run.logits(system, [x])
    assert any(np.abs(got[key] - want[key]).max() > 1e-3 for key in want)


def test_system_leaves_the_callers_samples_alone(name):
    system, x = tiny(name), noise(5000)
    x.flags.writeable = False
    run.hear(system, x, system.spec.rate)
