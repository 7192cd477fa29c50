"""IASS: separation, activity, the gate and going without it; and the network of timbres and time."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from scipy.signal import medfilt

from solfeggio import run
from solfeggio.answers import Stems
from solfeggio.errors import ConfigError
from solfeggio.listeners.stems_iass import CHANDNA, CONFIGS, IASS, TINY, StemsIass, gates

TIMBRE = CONFIGS["tiny_timbre"]


def tone(hz: float, first: float, last: float) -> np.ndarray:
    at = np.arange(8000) / 8000
    sound = 0.3 * np.sin(2 * np.pi * hz * at) * ((at >= first) & (at < last))
    return np.stack([sound, 0.5 * sound])


def song() -> Stems:
    return Stems.of({"vocals": tone(1500, 0.0, 0.5), "drums": tone(200, 0.0, 1.0)}, 8000)


def batch(system: StemsIass) -> dict[str, torch.Tensor]:
    return {key: value[None] for key, value in system.targets(song(), 125).items()}


def test_the_published_one_is_as_published():
    system = StemsIass(IASS)
    assert len(system.networks[0].input.shift) == 1487
    assert (IASS.widths, IASS.threshold, IASS.median, IASS.gate) == ((16, 32, 48), 0.5, 21, True)
    assert system.spec.channels == 1 and len(system.networks) == 4
    assert (CHANDNA.window, CHANDNA.filters, CHANDNA.dense, CHANDNA.span, CHANDNA.patch) == (1024, 50, 128, 15, 30)


def test_activity_is_where_a_stem_sounds():
    system = StemsIass(TINY)
    active = system.targets(song(), 125)["activity"]
    assert active.shape == (125, 2)
    assert active[:60, 0].all() and not active[66:, 0].any() and active[:, 1].all()
    loud = torch.full((1, 2, 129, 1), 0.0).to(torch.complex64)
    loud[:, :, 10] = 0.5  # a full-scale sine's middle bin
    for decibels, want in ((-47, 1.0), (-53, 0.0)):
        assert float(system.active(loud * 10 ** (decibels / 20))) == want


@pytest.mark.parametrize("size", [1, 5, 21])
def test_gates_are_the_median_of_what_is_active(size):
    activity = torch.rand(1, 60, 2, generator=torch.Generator().manual_seed(0))
    found = gates(activity, 0.5, size)[0].numpy()
    for stem in range(2):
        np.testing.assert_array_equal(found[:, stem], medfilt((activity[0, :, stem] >= 0.5).float().numpy(), size))


def test_the_gate_silences_what_is_not_active_and_can_be_left_open():
    system = StemsIass(TINY)
    features = batch(system)["mixture"]
    masks = torch.ones(1, 2, *features.shape[1:])
    activity = torch.full((1, 125, 2), 9.0)
    activity[:, 70:, 0] = -9.0
    activity[:, 20, 1] = -9.0  # shorter than the median
    logits = {"masks": masks, "activity": activity}
    gated, open_ = (system.spectra(logits, features, gate=gate) for gate in (True, False))
    assert not gated[:, 0, ..., 70:].any() and torch.equal(gated[:, 0, ..., :70], features[..., :70])
    assert torch.equal(gated[:, 1], features) and torch.equal(open_, features.unsqueeze(1).expand_as(open_))
    assert torch.equal(system.spectra(logits, features, threshold=1e-9), open_)
    with pytest.raises(ConfigError, match="gates"):
        system.spectra(logits, features, gates=False)


def test_the_gate_is_an_option_of_separate():
    torch.manual_seed(0)
    system = StemsIass(TINY).eval()
    with torch.no_grad():
        for network in system.networks:
            network.head[-1].bias -= 50  # nothing is ever active
    mix = song().mix()
    assert not run.separate(system, mix, 8000).samples.any()
    assert run.separate(system, mix, 8000, gate=False).samples.any()


def test_losses_are_of_magnitudes_and_of_activity():
    system = StemsIass(TINY)
    targets = batch(system)
    masks = torch.where(targets["mixture"].unsqueeze(1).abs() > 0, targets["spectra"].abs(), 0)
    masks = masks / targets["mixture"].unsqueeze(1).abs().clamp_min(1e-12)
    sure = (2 * targets["activity"] - 1) * 20
    loss, parts = system.loss({"masks": masks, "activity": sure}, targets)
    assert float(loss) < 1e-4 and set(parts) == {"vocals", "drums", "activity"}
    assert float(system.loss({"masks": masks, "activity": -sure}, targets)[1]["activity"]) > 20
    without = {key: value for key, value in targets.items() if key != "activity"}
    assert torch.equal(system.loss({"masks": masks, "activity": sure}, without)[0], loss)


def test_timbre_networks_tell_no_activity_and_are_not_gated():
    torch.manual_seed(0)
    system = StemsIass(TIMBRE)
    targets = batch(system)
    logits = system(targets["mixture"])
    assert set(logits) == {"masks"}
    assert torch.allclose(logits["masks"].sum(1), torch.ones(1, 2, 129, 125), atol=1e-5)
    assert torch.equal(system.spectra(logits, targets["mixture"]), logits["masks"] * targets["mixture"].unsqueeze(1))
    loss, parts = system.loss(logits, targets)
    loss.backward()
    assert set(parts) == {"vocals", "drums"}
    assert all(p.grad is not None for p in system.parameters())


@pytest.mark.parametrize("config", [TINY, TIMBRE])
def test_it_learns_which_stem_plays_when(config):
    torch.manual_seed(0)
    system = StemsIass(config).train()
    targets = {key: value[None] for key, value in system.targets(song().cut(0.3, 0.7), 50).items()}
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
    assert losses[-1] < (0.4 if config is TINY else 0.7) * losses[0]


def test_unknown_networks_are_named():
    with pytest.raises(ConfigError, match="transformer"):
        StemsIass(dataclasses.replace(TINY, network="transformer"))
