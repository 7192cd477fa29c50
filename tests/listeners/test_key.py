"""The key listener: published sizes, transposition, what has no pitch, targets and decoder."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from solfeggio import run
from solfeggio.answers import Segments
from solfeggio.errors import ConfigError
from solfeggio.listeners.chords import Chords
from solfeggio.listeners.key import (
    CONFIGS,
    KORZENIOWSKI2017,
    LABELS,
    PLAIN,
    TINY,
    Config,
    Key,
    clearness,
    reference_pitch,
)
from solfeggio.train import feature_key

RATE = 22050


def tones(*midi: float, seconds: float = 6.0) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    hz = 440 * 2 ** ((np.array(midi) - 69) / 12)
    return sum(0.1 * np.sin(2 * np.pi * f * time) for f in hz).astype(np.float32)


def drums(seconds: float = 12.0) -> np.ndarray:
    rng, x = np.random.default_rng(0), np.zeros(int(seconds * RATE))
    for start in range(0, len(x) - 8000, RATE // 4):
        decay = np.exp(-np.arange(8000) / (300 if start % (RATE // 2) else 1500))
        x[start : start + 8000] += 0.3 * rng.normal(size=8000) * decay
    return x.astype(np.float32)


def test_korzeniowski2017_is_the_published_network():
    system = Key(KORZENIOWSKI2017)
    bins = len(system.frontend.bins_hz)
    assert abs(bins - 105) <= 1
    convolutions = 8 * 25 + 8 + 4 * (8 * 8 * 25 + 8)
    assert sum(p.numel() for p in system.parameters()) == convolutions + bins * 8 * 48 + 48 + 48 * 25 + 25
    assert float(system.spec.grid.rate) == 5
    assert system.spec.window is None


def test_features_are_those_of_chords():
    assert feature_key(Key()) == feature_key(Chords())
    assert feature_key(Key(PLAIN)) == feature_key(Key())


@pytest.mark.parametrize("semitones", [-5, 1, 7])
def test_transposed_sound_has_transposed_logits(semitones):
    torch.manual_seed(0)
    system = Key(TINY).eval()
    x = torch.zeros(1, 1, 252, 40)
    x[:, :, 60:150] = 4 * torch.rand(1, 1, 90, 40) ** 8
    moved, _ = system.transpose(x, system_targets(system), semitones)
    before, after = system(x)["key"], system(moved)["key"]
    turned = before[..., :24].unflatten(-1, (2, 12)).roll(semitones, -1).flatten(-2)
    assert torch.allclose(after[..., :24], turned, atol=1e-4)
    assert torch.allclose(after[..., 24], before[..., 24], atol=1e-4)
    assert not torch.allclose(after, before, atol=1e-2)


def test_a_plain_network_does_not_promise_that():
    torch.manual_seed(0)
    system = Key(dataclasses.replace(PLAIN, units=4, width=4, depth=2)).eval()
    x = torch.zeros(1, 1, 252, 40)
    x[:, :, 60:150] = 4 * torch.rand(1, 1, 90, 40) ** 8
    moved, _ = system.transpose(x, system_targets(system), 5)
    turned = system(x)["key"][..., :24].unflatten(-1, (2, 12)).roll(5, -1).flatten(-2)
    assert not torch.allclose(system(moved)["key"][..., :24], turned, atol=1e-3)


def system_targets(system: Key) -> dict[str, torch.Tensor]:
    return {"key": system.targets(Segments([0], [9], ["C:maj"]), 40)["key"][None]}


def test_transposing_turns_the_targets_and_brings_silence_in():
    system = Key(TINY)
    truth = Segments([0, 1, 2], [1, 2, 3], ["B:maj", "A:min", "N"])
    targets = {"key": system.targets(truth, 32)["key"][None]}
    moved, turned = system.transpose(torch.ones(1, 1, 252, 32), targets, 2)
    wanted = system.targets(Segments(truth.starts, truth.ends, ["Db:maj", "B:min", "N"]), 32)["key"]
    assert torch.equal(turned["key"][0], wanted)
    assert not moved[:, :, :6].any() and moved[:, :, 6:].all()
    assert not system.transpose(torch.ones(1, 1, 252, 32), targets, -1)[0][:, :, -3:].any()
    with pytest.raises(ConfigError, match="FFT"):
        Key(KORZENIOWSKI2017).transpose(torch.ones(1, 1, 106, 32), targets, 1)


@pytest.mark.parametrize("level", [0.0, 1e-4, 0.01, 0.3])
def test_silence_and_noise_have_no_key_before_anything_is_learned(level):
    noise = np.random.default_rng(0).normal(0, 1, 12 * RATE).astype(np.float32) * np.float32(level)
    assert len(run.hear(Key(TINY).eval(), noise, RATE)) == 0


def test_drums_have_no_key_and_tones_are_clear_however_soft():
    system = Key(TINY).eval()
    assert len(run.hear(system, drums(), RATE)) == 0
    chord = tones(48, 60, 64, 67)
    for level in (1.0, 0.02):
        features = system.prepare(torch.from_numpy(chord * np.float32(level))[None])
        assert clearness(features, system.quiet_frames).min() > 1.5 * Config().clear


def test_the_border_covers_what_a_frame_sees():
    torch.manual_seed(0)
    system = Key(TINY).eval().double()
    rng = np.random.default_rng(0)
    x = torch.from_numpy(0.01 * rng.normal(size=RATE * 16) + np.tile(tones(57, 60, 64, seconds=16), 1))[None]
    y = x.clone()
    y[0, RATE * 8] += 1
    with torch.inference_mode():
        changed = (system(system.prepare(x))["key"] - system(system.prepare(y))["key"]).abs().amax(-1)[0] > 1e-9
    away = np.abs(system.spec.grid.times(np.flatnonzero(changed)) - 8).max()
    assert away <= system.spec.border <= away + 3


def test_while_it_trains_frames_are_computed_in_groups():
    torch.manual_seed(0)
    system = Key(dataclasses.replace(TINY, dropout=0.0, clear=0.0))
    x = 3 * torch.rand(2, 1, 252, 41)
    told = system.train()(x)["key"]
    assert told.shape == (2, 41, 25)
    assert torch.equal(told[:, 0], told[:, 3]) and not torch.equal(told[:, 3], told[:, 4])


def test_targets_count_modes_by_their_third_and_leave_the_unknown_out():
    keys = Segments([0, 1, 2, 3], [1, 2, 3, 4], ["D:dor", "G:mix", "X", "C#:maj"])
    rows = Key(TINY).targets(keys, 60)["key"]
    found = [LABELS[int(row.argmax())] if row.any() else "X" for row in rows[[2, 14, 26, 38, 55]]]
    assert found == ["D:min", "G:maj", "X", "Db:maj", "N"]
    assert rows.sum(1).max() == 1
    assert (Key(TINY).targets(Segments([], []), 5)["key"][:, -1] == 1).all()


def test_unknown_frames_cost_nothing():
    system = Key(TINY)
    logits = {"key": torch.randn(1, 30, 25)}
    truth = system.targets(Segments([0, 1.2], [1.2, 9], ["C:maj", "X"]), 30)["key"][None]
    whole, _ = system.loss(logits, {"key": truth})
    known = int(truth.sum())
    part, _ = system.loss({"key": logits["key"][:, :known]}, {"key": truth[:, :known]})
    assert torch.allclose(whole, part)
    assert float(system.loss(logits, {"key": torch.zeros(1, 30, 25)})[0]) == 0


def test_decode_is_the_inverse_of_targets():
    system = Key(TINY)
    truth = Segments([0, 20, 40], [20, 40, 60], ["C:maj", "A:min", "F#:maj"])
    logits = 12 * system.targets(truth, system.spec.grid.count(60))["key"].numpy() - 6
    found = system.decode({"key": logits})
    assert found.labels == truth.labels
    assert np.abs(found.starts - truth.starts).max() < 0.1 and np.abs(found.ends - truth.ends).max() < 0.1
    assert found.values.min() > 0.99


def test_keys_last_and_options_say_how_long():
    system = Key(TINY)
    truth = Segments([0, 20, 21], [20, 21, 40], ["C:maj", "G:maj", "C:maj"])
    logits = {"key": 4 * system.targets(truth, system.spec.grid.count(40))["key"].numpy()}
    assert system.decode(logits).labels == ("C:maj",)
    assert system.decode(logits, lasts=1.0, weight=2.0).labels == ("C:maj", "G:maj", "C:maj")
    with pytest.raises(ConfigError, match="lasts"):
        system.decode(logits, last=1.0)
    with pytest.raises(ConfigError, match="positive"):
        system.decode(logits, lasts=0)
    assert len(system.decode({"key": np.zeros((0, 25))})) == 0


@pytest.mark.parametrize("hz", [432, 440, 446])
def test_the_reference_pitch_is_found(hz):
    x = tones(*(m + 12 * np.log2(hz / 440) for m in (57, 60, 64, 69)))
    assert abs(reference_pitch(np.stack([x, x]), RATE) - hz) < 0.7
    assert reference_pitch(np.zeros(RATE, np.float32), RATE) == 440


def test_unknown_trunks_are_refused_and_every_setting_is_explained():
    with pytest.raises(ConfigError, match="dilated"):
        Key(dataclasses.replace(TINY, trunk="diluted"))
    with pytest.raises(ConfigError, match="octaves"):
        Key(dataclasses.replace(TINY, octaves=0))
    assert set(CONFIGS) >= {"released", "plain", "korzeniowski2017", "tiny"}
