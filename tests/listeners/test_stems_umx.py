"""Open-Unmix and the joint-mask network as separators."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from solfeggio import run
from solfeggio.answers import Stems
from solfeggio.errors import ConfigError
from solfeggio.listeners.stems_umx import CONFIGS, HUANG, MONO, TINY, UMX, StemsUmx

JOINT = dataclasses.replace(TINY, network="joint", depth=3)


def song(config, seconds: float = 1.0, seed: int = 0) -> Stems:
    rng = np.random.default_rng(seed)
    shape = (config.channels, round(seconds * config.rate))
    return Stems.of({label: 0.1 * rng.normal(size=shape) for label in (*config.stems, "noise")}, config.rate)


def batch(system: StemsUmx, seed: int = 0) -> dict[str, torch.Tensor]:
    frames = system.spec.grid.count(1.0)
    return {key: value[None] for key, value in system.targets(song(system.config, seed=seed), frames).items()}


def test_the_published_one_hears_what_it_should():
    system = StemsUmx(UMX)
    assert sum(p.numel() for p in system.parameters()) == 4 * 8_893_348
    assert len(system.networks[0].input.shift) == 1487
    assert system.frontend.bins_hz[1486] <= 16000 < system.frontend.bins_hz[1487]
    assert system.spec.channels == 2 and system.spec.rate == 44100 and system.frontend.hop == 1024


@pytest.mark.parametrize("name", ["umx_mono", "mono", "huang", "huang_small"])
def test_mono_ones_are_mono(name):
    system = StemsUmx(CONFIGS[name])
    assert system.spec.channels == 1
    masks = system.eval()(system.prepare(torch.zeros(1, 1, 4096)))["masks"]
    assert masks.shape[1:3] == (len(system.spec.labels), 1)


def test_true_masks_cost_nothing_and_others_more():
    system = StemsUmx(TINY)
    targets = batch(system)
    masks = targets["spectra"].abs() / targets["mixture"].unsqueeze(1).abs()
    loss, parts = system.loss({"masks": masks}, targets)
    assert float(loss) < 1e-6 and set(parts) == {"vocals", "drums"}
    assert system.loss({"masks": masks * 0.5}, targets)[0] > 1e-3


def test_a_joint_network_is_rewarded_for_being_unlike_the_other_stems():
    plain, discriminating = (StemsUmx(dataclasses.replace(JOINT, gamma=gamma)) for gamma in (0.0, 0.5))
    targets = batch(plain)
    masks = targets["spectra"].abs() / targets["mixture"].unsqueeze(1).abs()
    own, other = (
        [float(s.loss({"masks": m}, targets)[0]) for s in (plain, discriminating)] for m in (masks, masks.flip(1))
    )
    assert own[1] < own[0] - 1e-3  # right: unlike the other one, which gamma rewards
    assert np.isclose(other[1], other[0])  # swapped: like the other one


def test_accompaniment_is_all_that_is_not_sung():
    system = StemsUmx(dataclasses.replace(TINY, stems=("vocals", "accompaniment")))
    truth = song(TINY)
    found = system.targets(truth, 125)
    assert torch.allclose(found["spectra"].sum(0), found["mixture"], atol=1e-6)
    named = system.targets(Stems.of({"accompaniment": truth["drums"], "vocals": truth["vocals"]}, 8000), 125)
    drums = system.targets(Stems.of({"accompaniment": truth["drums"]}, 8000), 125)
    assert torch.allclose(named["spectra"][1], drums["spectra"][1])


def test_standardising_reaches_every_network():
    for config in (TINY, JOINT):
        system = StemsUmx(config)
        bins = len(system.frontend.bins_hz)
        system.standardise(torch.full((bins,), 2.0), torch.full((bins,), 4.0))
        for network in system.networks:
            assert torch.all(network.input.shift == -2) and torch.all(network.input.scale == 0.25)


def test_the_wiener_filter_needs_space_to_help_and_can_be_left_out():
    torch.manual_seed(0)
    system = StemsUmx(dataclasses.replace(TINY, iterations=1)).eval()
    rng, pan = np.random.default_rng(0), np.array([[1.0, 0.2], [0.2, 1.0]])
    mono = 0.1 * rng.normal(size=(2, 8000))
    truth = Stems.of({name: pan[i][:, None] * mono[i] for i, name in enumerate(("vocals", "drums"))}, 8000)
    targets = {key: value[None] for key, value in system.targets(truth, 125).items()}
    guess = targets["spectra"].abs() / targets["mixture"].unsqueeze(1).abs()
    logits = {"masks": (guess * torch.rand_like(guess).add(0.5)).clamp(0, 2)}
    plain = system.spectra(logits, targets["mixture"], iterations=0)
    shared = system.spectra(logits, targets["mixture"])
    errors = [float((found - targets["spectra"]).abs().mean()) for found in (plain, shared)]
    assert errors[1] < 0.8 * errors[0]
    assert torch.equal(plain, logits["masks"] * targets["mixture"].unsqueeze(1))
    with pytest.raises(ConfigError, match="iteration "):
        system.spectra(logits, targets["mixture"], **{"iteration ": 1})


def test_masks_of_one_stem_give_it_all():
    system = StemsUmx(dataclasses.replace(TINY, iterations=2)).eval()
    features = batch(system)["mixture"]
    masks = torch.zeros(1, 2, *features.shape[1:])
    masks[:, 0] = 1
    found = system.spectra({"masks": masks}, features)
    assert torch.allclose(found[:, 0], features, atol=1e-4) and found[:, 1].abs().max() < 1e-4


@pytest.mark.parametrize("config", [TINY, JOINT])
def test_it_learns_what_is_high_and_what_is_low(config):
    torch.manual_seed(0)
    system = StemsUmx(dataclasses.replace(config, dropout=0.0, width=16)).train()
    at = np.arange(8000) / 8000
    sounds = {"vocals": np.sin(2 * np.pi * 2000 * at), "drums": np.sin(2 * np.pi * 200 * at)}
    truth = Stems.of({name: np.stack([x, x]) * 0.3 for name, x in sounds.items()}, 8000)
    targets = {key: value[None] for key, value in system.targets(truth, 25).items()}
    level = system.level(targets["mixture"]).transpose(1, 2).flatten(2)[0]
    system.standardise(level.mean(1), level.std(1))
    optimizer = torch.optim.Adam(system.parameters(), 0.02)
    losses = []
    for _ in range(25):
        loss, _ = system.loss(system(targets["mixture"]), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.2 * losses[0]


def test_stereo_in_stereo_out():
    torch.manual_seed(0)
    stems = run.separate(StemsUmx(dataclasses.replace(TINY, iterations=1)), song(TINY).mix(), TINY.rate)
    assert stems.labels == TINY.stems and stems.samples.shape == (2, 2, 8000)
    assert np.allclose(stems.mix(), song(TINY).mix(), atol=1e-5)


def test_unknown_networks_are_named():
    with pytest.raises(ConfigError, match="gru"):
        StemsUmx(dataclasses.replace(TINY, network="gru"))


def test_published_huang_is_what_the_paper_says():
    assert (HUANG.depth, HUANG.width, HUANG.gamma, HUANG.recurrent) == (3, 1000, 0.05, 2)
    assert MONO.channels == 1
