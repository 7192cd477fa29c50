"""What every separator promises, checked on each one of the listing, and on a toy, with its tiny configuration."""

from __future__ import annotations

import dataclasses
import importlib
import json

import numpy as np
import pytest
import torch

from solfeggio import run, separating
from solfeggio.answers import Stems
from solfeggio.contracts import Separator
from solfeggio.errors import BundleError

SEPARATORS = ["split", *(name for name in run.systems() if issubclass(run.kind(name), Separator))]
FACTS = {"data": ["made up"], "licence": "CC0-1.0", "metrics": {"none": {"dB": 0.5}}, "seeds": [0], "limits": ["all"]}
pytestmark = pytest.mark.usefixtures("toys")


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=SEPARATORS)
def name(request) -> str:
    return request.param


def configs(name: str) -> dict:
    return importlib.import_module(f"solfeggio.listeners.{name}").CONFIGS


def tiny(name: str, seed: int = 0) -> Separator:
    torch.manual_seed(seed)
    return run.build(name, configs(name)["tiny"]).eval()


def noise(seconds: float, rate: int, channels: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, (channels, round(seconds * rate))).astype(np.float32)


def test_configs_are_frozen_and_the_defaults_are_the_released_one(name):
    found = configs(name)
    assert {"released", "tiny"} <= set(found)
    assert found["released"] == run.kind(name).Config()
    for config in found.values():
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(config, dataclasses.fields(config)[0].name, 0)


def test_a_file_holds_one_final_separator(name):
    module = importlib.import_module(f"solfeggio.listeners.{name}")
    own = [v for v in vars(module).values() if isinstance(v, type) and v.__module__ == module.__name__]
    found = [kind for kind in own if issubclass(kind, Separator)]
    assert len(found) == 1 and found[0].__bases__ == (Separator,) and not found[0].__subclasses__()


def test_every_config_builds_and_states_its_spec(name):
    for config in configs(name).values():
        system = run.build(name, config)
        spec = system.spec
        assert spec.answer is Stems and spec.channels in (1, 2)
        assert len(spec.labels) == len(set(spec.labels)) > 0 and "residual" not in spec.labels
        assert spec.grid.hop(spec.rate) == system.frontend.hop
        if spec.window is not None:
            assert spec.window > 0 and spec.border >= system.frontend.window / spec.rate


@pytest.mark.parametrize("length", [1, 999, 9000])
def test_shapes_are_those_of_the_contract(name, length):
    system = tiny(name)
    spec = system.spec
    x = torch.from_numpy(noise(2.0, spec.rate, 2 * spec.channels)[:, :length]).reshape(2, spec.channels, length)
    with torch.no_grad():
        features = system.prepare(x)
        logits = system(features)
        bins, frames = features.shape[2:]
        assert features.dtype == torch.complex64 and features.shape[:2] == (2, spec.channels)
        assert frames == spec.grid.count(length / spec.rate)
        masks = logits["masks"]
        assert masks.shape == (2, len(spec.labels), spec.channels, bins, frames)
        assert masks.isfinite().all() and masks.min() >= 0
        if "activity" in logits:
            assert logits["activity"].shape == (2, frames, len(spec.labels))
        spectra = system.spectra(logits, features)
        assert spectra.shape == masks.shape and spectra.is_complex() and torch.isfinite(spectra.abs()).all()
        assert system.resynthesise(spectra, length).shape == (2, len(spec.labels), spec.channels, length)


def test_prepare_is_deterministic_does_not_mix_a_batch_and_can_be_undone(name):
    system = tiny(name)
    x = torch.from_numpy(np.stack([noise(0.5, system.spec.rate, system.spec.channels, seed) for seed in range(3)]))
    features = system.prepare(x)
    assert torch.equal(features, system.prepare(x))
    assert torch.allclose(features[1], system.prepare(x[1:2])[0], atol=1e-5)
    assert torch.allclose(system.resynthesise(features, x.shape[-1]), x, atol=1e-4)


def test_gradients_of_the_loss_reach_every_parameter(name):
    system = tiny(name).train()
    spec = system.spec
    truths = [
        Stems.of({label: noise(1.0, spec.rate, spec.channels, 7 * seed + i) for i, label in enumerate(spec.labels)},
                 spec.rate)
        for seed in (1, 2)
    ]  # fmt: skip
    frames = spec.grid.count(1.0)
    targets = [system.targets(truth, frames) for truth in truths]
    batch = {key: torch.stack([each[key] for each in targets]) for key in targets[0]}
    assert batch["spectra"].shape[1] == len(spec.labels)
    loss, parts = system.loss(system(batch["mixture"]), batch)
    assert loss.ndim == 0 and parts and all(torch.isfinite(part) for part in parts.values())
    if not list(system.parameters()):
        return
    loss.backward()
    still = [key for key, p in system.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not still


@pytest.mark.parametrize("channels", [1, 2])
def test_stems_and_residual_are_the_mix(name, channels):
    system = tiny(name)
    mix = noise(1.0, system.spec.rate, channels)
    mix.flags.writeable = False
    stems = run.separate(system, mix, system.spec.rate)
    assert stems.labels == system.spec.labels and stems.samples.shape[1:] == mix.shape
    np.testing.assert_allclose(stems.mix(), mix, atol=1e-5)
    again = run.separate(system, mix, system.spec.rate)
    np.testing.assert_allclose(stems.samples, again.samples, atol=1e-6)


@pytest.mark.parametrize("length", [0, 1, 440, 5000])
def test_any_length_can_be_separated(name, length):
    system = tiny(name)
    stems = run.separate(system, noise(1.0, system.spec.rate)[:, :length], system.spec.rate)
    assert stems.samples.shape == (len(system.spec.labels), 2, length)


def test_silence_stays_silent(name):
    system = tiny(name)
    x = torch.zeros(1, system.spec.channels, 6000)
    with torch.no_grad():
        features = system.prepare(x)
        spectra = system.spectra(system(features), features)
    assert not spectra.abs().any()


def test_chunked_equals_unchunked(name):
    system = tiny(name)
    if system.spec.window is None:
        pytest.skip("hears the whole recording at once")
    mix = noise(max(4.0, 2 * system.spec.border + 2.0), system.spec.rate)
    want = separating.apart(system, mix)
    endless = any(isinstance(module, torch.nn.RNNBase) for module in system.modules())  # beyond any border
    for window in (0.5, 1.0):
        system.spec = dataclasses.replace(system.spec, window=window)
        got = np.concatenate(list(separating.windows(system, [mix])), -1)
        np.testing.assert_allclose(got, want, atol=2e-3 if endless else 1e-4)


def test_a_bundle_gives_the_same_stems_back_and_notices_other_weights(name, tmp_path):
    system = tiny(name)
    run.save(system, tmp_path / "mine", FACTS)
    assert (tmp_path / "mine" / "config.json").stat().st_size < 100_000
    again = run.load(tmp_path / "mine")
    mix = noise(1.0, system.spec.rate)
    before, after = (run.separate(each, mix, system.spec.rate) for each in (system, again))
    assert before == after and again.config == system.config
    if not list(system.parameters()):
        return
    with torch.no_grad():
        for parameter in system.parameters():
            parameter += 0.3
    run.save(system, tmp_path / "other", FACTS)
    mine, other = (json.loads((tmp_path / each / "config.json").read_text()) for each in ("mine", "other"))
    (tmp_path / "other" / "config.json").write_text(json.dumps(other | {"golden": mine["golden"]}))
    with pytest.raises(BundleError, match="golden"):
        run.load(tmp_path / "other")
