"""The chord listener: published sizes, targets, loss, transposition, options."""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pytest
import torch

from solfeggio import run
from solfeggio.answers import Events, Segments
from solfeggio.decode.chords import QUALITIES
from solfeggio.errors import ConfigError
from solfeggio.listeners import chords
from solfeggio.listeners.chords import CONFIGS, CONV, CRNN, DEEP_CHROMA, TINY, Chords, Config

TRUTH = Segments([0, 1, 2, 3], [1, 2, 3, 4], ["C:maj/3", "F#:min9", "X", "N"])


def count(system: torch.nn.Module) -> int:
    return sum(p.numel() for p in system.parameters())


def sure(system: Chords, answer: Segments, seconds: float) -> dict[str, np.ndarray]:
    targets = system.targets(answer, system.spec.grid.count(seconds))
    return {key: (value * 16 - 8).numpy() for key, value in targets.items()}


def test_deep_chroma_is_the_published_network():
    system = Chords(DEEP_CHROMA)
    assert len(system.frontend.bins_hz) == 105 and float(system.spec.grid.rate) == 10
    extractor = (105 * 15 + 1) * 512 + 2 * 513 * 512 + 513 * 12
    assert count(system) == extractor + 13 * 25
    assert system.spec.window is not None


def test_conv_is_the_published_network():
    system = Chords(CONV)
    weights = 9 * (32 + 3 * 32 * 32 + 32 * 64 + 64 * 64) + 64 * 12 * 9 * 128 + 128 * 25
    scales = 2 * (4 * 32 + 2 * 64 + 128 + 25)
    assert count(system) == weights + scales
    x = torch.rand(1, 1, 105, 15)
    assert system.eval()(x)["chords"].shape == (1, 15, 25)


def test_crnn_has_the_published_encoder_and_a_gru_of_two_layers():
    system = Chords(CRNN)
    assert system.spec.window is None and len(system.frontend.bins_hz) == 216
    shapes = {key: tuple(value.shape) for key, value in system.named_parameters()}
    assert (1, 1, 5, 5) in shapes.values() and (36, 1, 216, 1) in shapes.values()
    assert (3 * 256, 36) in shapes.values() and (3 * 256, 512) in shapes.values()


def test_the_released_one_is_small():
    assert count(Chords()) < 400_000


def test_targets_write_each_head_and_leave_unknown_frames_empty():
    system = Chords(TINY)
    frames = system.spec.grid.count(5)
    targets = system.targets(TRUTH, frames)
    at = [int(system.spec.grid.frames(t)) for t in (0.5, 1.5, 2.5, 3.5, 4.5)]
    named = {key: [torch.nonzero(value[i]).flatten().tolist() for i in at] for key, value in targets.items()}
    assert named["root"] == [[0], [6], [], [12], []]
    assert named["bass"] == [[4], [6], [], [12], []]
    assert named["pitches"] == [[0, 4, 7], [1, 4, 6, 8, 9], [], [], []]  # the ninth sounds, though min9 is called min7
    minor = 6 * len(QUALITIES) + QUALITIES.index("min7")
    assert named["quality"] == [[QUALITIES.index("maj")], [minor], [], [], []]
    assert not system.targets(Segments([], []), 9)["root"].any()
    flat = Chords(dataclasses.replace(TINY, output="flat")).targets(TRUTH, frames)
    assert set(flat) == {"chords"} and flat["chords"].sum() == targets["root"].sum()


@pytest.mark.parametrize("changes", [{}, {"output": "flat"}])
def test_unknown_frames_teach_nothing_and_the_truth_costs_least(changes):
    system = Chords(dataclasses.replace(TINY, **changes))
    targets = {key: value[None] for key, value in system.targets(TRUTH, 54).items()}
    logits = {key: 16 * value - 8 for key, value in targets.items()}
    perfect = system.loss(logits, targets)[0]
    other = {key: value.clone() for key, value in logits.items()}
    for value in other.values():
        value[:, 24:30] = torch.randn_like(value[:, 24:30])  # in the middle of X
    assert torch.equal(system.loss(other, targets)[0], perfect) and perfect < 0.1
    for key in logits:
        wrong = {**logits, key: -logits[key]}
        assert system.loss(wrong, targets)[1][key] > perfect + 1
    empty = {key: torch.zeros_like(value) for key, value in targets.items()}
    assert system.loss(logits, empty)[0] == 0


def test_transposing_moves_bins_and_labels_alike():
    system = Chords(TINY)
    tone = torch.sin(2 * torch.pi * torch.tensor([[220.0], [220.0 * 2 ** (3 / 12)]]) * torch.arange(44100) / 22050)
    low, high = system.prepare(tone)[:1], system.prepare(tone)[1:]
    targets = {key: value[None] for key, value in system.targets(TRUTH, 54).items()}
    moved, turned = system.transpose(low, targets, 3)
    inner = (slice(None), slice(None), slice(60, 200), slice(6, 16))
    assert (moved - high)[inner].abs().mean() < 0.05 and torch.equal(moved[inner].argmax(2), high[inner].argmax(2))
    back, again = system.transpose(moved, turned, -3)
    assert torch.equal(back[:, :, :243], low[:, :, :243]) and all(torch.equal(again[k], targets[k]) for k in again)
    with pytest.raises(ConfigError, match="FFT"):
        Chords(DEEP_CHROMA).transpose(low, targets, 1)


def test_tuning_is_corrected_unless_told_otherwise():
    time = torch.arange(3 * 22050) / 22050
    chord = [220.0, 277.2, 329.6]
    plain, sharp = (
        sum(torch.sin(2 * torch.pi * hz * f * time) for hz in chord)[None] / 6 for f in (1, 2 ** (0.35 / 12))
    )
    system, other = Chords(TINY), Chords(dataclasses.replace(TINY, tuned=False))
    gap = [float((s.prepare(plain) - s.prepare(sharp))[..., 8:24].abs().mean()) for s in (system, other)]
    assert gap[0] < 0.3 * gap[1]


def test_options_override_the_config_and_unknown_ones_are_refused():
    system = Chords(TINY)
    truth = Segments([0, 2], [2, 4], ["G:7/b7", "A:min7"])
    logits = sure(system, truth, 4)
    assert system.decode(logits).labels == ("G:7/b7", "A:min7")
    assert system.decode(logits, vocabulary="sevenths").labels == ("G:7", "A:min7")
    assert system.decode(logits, vocabulary="majmin", language="none").labels == ("G:maj", "A:min")
    held = system.decode(logits, beats=Events([0.0, 1.7, 3.0]))
    assert held.starts[1] == 1.7
    for wrong in ({"vocabulry": "majmin"}, {"vocabulary": "major"}, {"language": True}):
        with pytest.raises(ConfigError):
            system.decode(logits, **wrong)
    with pytest.raises(ConfigError, match="majmin"):
        Chords(DEEP_CHROMA).decode(sure(Chords(DEEP_CHROMA), truth, 4), vocabulary="sevenths")


def test_what_followed_in_training_travels_with_the_weights():
    system = Chords(TINY)
    system.changes[0, 0] = 7
    assert "changes" in system.state_dict() and Chords(TINY).state_dict()["changes"].sum() == 0
    again = Chords(TINY)
    again.load_state_dict(system.state_dict())
    assert again.changes[0, 0] == 7


def test_settings_that_are_none_are_refused():
    for wrong in (
        {"trunk": "interval"},
        {"output": "flatt"},
        {"language": "trigrams"},
        {"octaves": 0},
        {"output": "chroma"},
        {"trunk": "convolution"},
    ):
        with pytest.raises(ConfigError):
            Chords(dataclasses.replace(TINY, **wrong))
    with pytest.raises(ConfigError, match="widht"):
        run.build("chords", {"widht": 3})


def test_every_setting_says_what_it_is():
    lines = inspect.getsource(chords.Config).splitlines()
    fields = [line for line in lines if ": " in line and "=" in line and not line.lstrip().startswith('"""')]
    assert len(fields) == len(dataclasses.fields(Config))
    assert not [line for line in fields if "#" not in line]
    assert set(CONFIGS) == {"released", "deep_chroma", "conv", "crnn", "tiny"}
