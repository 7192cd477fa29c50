"""The instrument listener: what the published kinds hear, targets, the mirror law, smoothing, options."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from solfeggio import run
from solfeggio.answers import Segments
from solfeggio.data.taxonomy import LABELS
from solfeggio.errors import ConfigError
from solfeggio.listeners.instruments import CNN, CONFIGS, CRNN, FC, TINY, Instruments

SYSTEM = Instruments(TINY)
RATE = float(SYSTEM.spec.grid.rate)


def sure(answer: Segments, seconds: float) -> dict[str, np.ndarray]:
    """Logits of a network that knows the truth."""
    targets = SYSTEM.targets(answer, SYSTEM.spec.grid.count(seconds))
    return {key: (value * 12 - 6).numpy() for key, value in targets.items()}


@st.composite
def playing(draw) -> Segments:
    """Stretches of several classes; within a class they are apart, and none is shorter than the median's half."""
    rows = []
    for label in draw(st.lists(st.sampled_from(LABELS), min_size=1, max_size=5, unique=True)):
        now = 0.0
        for _ in range(draw(st.integers(1, 3))):
            now += draw(st.floats(0.8, 4))
            rows.append((now, now := now + draw(st.floats(0.8, 6)), label))
    rows.sort()
    return Segments(*zip(*rows, strict=True))


@given(playing(), st.sampled_from([0.0, 0.5, 1.1]))
@settings(max_examples=40, deadline=None)
def test_decode_reads_back_what_targets_wrote(truth, smooth):
    found = SYSTEM.decode(sure(truth, truth.ends.max() + 1), smooth=smooth)
    key = lambda answer: sorted(zip(answer.labels, answer.starts, answer.ends, strict=True))  # noqa: E731
    for (label, start, end), (other, first, last) in zip(key(truth), key(found), strict=True):
        assert label == other
        assert abs(start - first) <= 0.5 / RATE + 1e-6 and abs(end - last) <= 0.5 / RATE + 1e-6
    assert (found.values > 0.9).all()
    frames = SYSTEM.spec.grid.count(truth.ends.max() + 1)
    written, again = SYSTEM.targets(truth, frames), SYSTEM.targets(found, frames)
    assert all(torch.equal(written[key], again[key]) for key in written)


def test_what_flickers_is_settled():
    truth = Segments([0.0, 1.0, 2.2], [0.9, 2.0, 4.0], ["drums"] * 3)  # gaps of a frame or two
    logits = sure(truth, 4.0)
    logits["singing"][20:23] = 6.0
    raw, settled = SYSTEM.decode(logits, smooth=0.0), SYSTEM.decode(logits, smooth=1.1)
    assert len(raw) == 4 and len(SYSTEM.singing(raw)) == 1
    assert settled.labels == ("drums",) and settled.ends[0] - settled.starts[0] > 3.8


def test_targets_take_the_names_of_the_band_and_refuse_others():
    truth = Segments([0, 0, 1, 2], [3, 3, 2, 3], ["voice", "effects", "viola", "guitar"])
    targets = SYSTEM.targets(truth, 30)
    assert targets["singing"].sum() == 30
    named = {LABELS[i]: int(n) for i, n in enumerate(targets["instruments"].sum(0)) if n}
    assert named == {"violin": 10, "acoustic guitar": 10}
    with pytest.raises(ConfigError, match="kazoo"):
        SYSTEM.targets(Segments([0], [1], ["kazoo"]), 10)


def test_voices_are_an_answer_of_their_own_with_their_own_threshold():
    truth = Segments([0, 1], [4, 3], ["drums", "singing"])
    logits = {key: value / 6 for key, value in sure(truth, 4).items()}  # likely, 0.73
    found = SYSTEM.decode(logits)
    assert SYSTEM.singing(found).labels == ("singing",) and len(found) == 2
    assert len(SYSTEM.singing(SYSTEM.decode(logits, singing_threshold=0.8))) == 0
    assert SYSTEM.decode(logits, threshold=0.8).labels == ("singing",)
    assert SYSTEM.spec.labels[-1] == "singing"


@pytest.mark.parametrize("config", [FC, CNN, CRNN], ids=["fc", "cnn", "crnn"])
def test_published_kinds_hear_one_second(config):
    system = Instruments(config).eval()
    assert sum(p.numel() for p in system.parameters()) < 900_000
    torch.manual_seed(0)
    x = torch.rand(1, 3, 96, 60)
    y = x.clone()
    y[..., 30] += 5
    with torch.inference_mode():
        changed = (system(x)["instruments"] != system(y)["instruments"]).any(-1)[0]
    heard = torch.nonzero(changed).flatten()
    assert 8 <= heard[-1] - heard[0] + 1 <= 10


def test_the_released_one_is_small_and_hears_several_seconds():
    system = run.build("instruments")
    assert sum(p.numel() for p in system.parameters()) < 900_000
    assert 3 < system.spec.border < 5 and float(system.spec.grid.rate) == 10


def test_silence_holds_no_instrument_however_it_was_trained():
    system = Instruments(TINY)
    with torch.no_grad():
        system.head.bias += 9
    assert len(run.hear(system, np.zeros(22050, np.float32), 22050)) == 0
    assert len(run.hear(system, 0.1 * np.random.default_rng(0).normal(size=22050), 22050)) >= len(LABELS)


def test_without_place_it_cannot_tell_low_from_high():
    torch.manual_seed(0)
    system = Instruments(dataclasses.replace(TINY, placed=False)).eval()
    x = torch.zeros(1, 3, 96, 40) + 0.5
    low, high = x.clone(), x.clone()
    low[:, :, 32:48] += 3
    high[:, :, 48:64] += 3
    system.level = torch.nn.Identity()
    placed = Instruments(TINY).eval()
    with torch.inference_mode():
        gap = [float((s(low)["instruments"] - s(high)["instruments"]).abs().max()) for s in (system, placed)]
    assert gap[0] < 1e-5 < gap[1]


def test_frames_hold_the_spectra_around_their_middle():
    click = torch.zeros(1, 22050)
    click[0, 2205 * 4] = 1.0
    features = SYSTEM.prepare(click)
    assert features.shape == (1, 3, 96, 10)
    assert int(features[0, 1].sum(0).argmax()) == 4 and features[0, 1, :, 4].sum() > features[0, 0, :, 4].sum()


def test_settings_and_options_that_are_none_are_refused():
    assert set(CONFIGS) == {"released", "fc", "cnn", "crnn", "tiny"}
    with pytest.raises(ConfigError, match="dilatd"):
        Instruments(dataclasses.replace(TINY, trunk="dilatd"))
    with pytest.raises(ConfigError, match="threshhold"):
        SYSTEM.decode(sure(Segments([], []), 1.0), threshhold=0.4)
