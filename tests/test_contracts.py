"""A separator by the contract's own steps, on masks that split at a frequency."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from solfeggio import run
from solfeggio.answers import Stems
from solfeggio.contracts import fit_channels
from solfeggio.errors import ConfigError

pytestmark = pytest.mark.usefixtures("toys")


def tone(hz: float, rate: int = 8000, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate).astype(np.float32) * 0.3


def pan(sound: np.ndarray, left: float) -> np.ndarray:
    return np.stack([left * sound, (1 - left) * sound])


def test_each_step_alone_and_decode_by_all():
    system = run.build("split")
    mix = pan(tone(220), 0.8) + pan(tone(2000), 0.3)
    features = system.prepare(torch.from_numpy(mix)[None])
    assert features.dtype == torch.complex64 and features.shape == (1, 2, 257, 63)
    logits = system(features)
    assert logits["masks"].shape == (1, 2, 2, 257, 63)
    spectra = system.spectra(logits, features)
    assert spectra.shape == (1, 2, 2, 257, 63)
    assert system.resynthesise(spectra, 8000).shape == (1, 2, 2, 8000)
    with torch.no_grad():
        stems = system.decode(system(features), features=features, length=8000)
    assert stems.labels == ("low", "high") and stems.samples.shape == (2, 2, 8000) and stems.rate == 8000
    np.testing.assert_allclose(stems["low"][:, 500:-500], pan(tone(220), 0.8)[:, 500:-500], atol=4e-3)
    np.testing.assert_allclose(stems["high"][:, 500:-500], pan(tone(2000), 0.3)[:, 500:-500], atol=4e-3)
    np.testing.assert_allclose(stems.mix(), mix, atol=1e-6)


def test_targets_are_spectra_of_the_true_stems_and_of_all_that_sounds():
    system = run.build("split")
    low, high, other = pan(tone(220), 0.8), pan(tone(2000), 0.3), pan(tone(1000), 0.5)
    targets = system.targets(Stems.of({"high": high, "low": low, "other": other}, 8000), 63)
    assert targets["spectra"].shape == (2, 2, 257, 63)
    found = system.resynthesise(targets["spectra"], 8000).numpy()
    np.testing.assert_allclose(found, [low, high], atol=1e-4)
    mixture = system.resynthesise(targets["mixture"], 8000).numpy()
    np.testing.assert_allclose(mixture, low + high + other, atol=1e-4)


def test_targets_fit_rate_channels_and_frames():
    system = run.build("split", {"channels": 1})
    targets = system.targets(Stems.of({"low": pan(tone(220, 16000), 0.8)}, 16000, pan(tone(990, 16000), 0.5)), 100)
    assert targets["spectra"].shape == (2, 1, 257, 100)
    assert targets["spectra"][1].abs().max() == 0  # nothing of that name plays
    assert targets["spectra"][..., 70:].abs().max() == 0  # after the end
    found = system.resynthesise(targets["spectra"], 8000)[0, 0].numpy()
    np.testing.assert_allclose(found[500:-500], 0.5 * tone(220)[500:-500], atol=1e-3)
    empty = system.targets(Stems.of({"low": np.zeros((1, 0))}, 8000), 3)
    assert empty["mixture"].shape == (1, 257, 3) and empty["mixture"].abs().max() == 0


def test_a_loss_reaches_the_masks():
    system = run.build("split")
    truth = Stems.of({"low": pan(tone(220), 0.8), "high": pan(tone(2000), 0.3)}, 8000)
    targets = {key: value[None] for key, value in system.targets(truth, 63).items()}
    loss, _ = system.loss(system(targets["mixture"]), targets)
    loss.backward()
    assert system.scale.grad.abs().min() > 0


def test_masks_alone_are_no_stems_and_unknown_options_are_named():
    system = run.build("split")
    features = system.prepare(torch.zeros(1, 2, 1000))
    with pytest.raises(ConfigError, match="features"):
        system.decode(system(features))
    with pytest.raises(ConfigError, match="treshold"):
        system.decode(system(features), features=features, treshold=1)


def test_a_separator_has_a_short_golden_answer():
    golden = run.golden(run.build("split"))
    values = golden["logits"]["masks"]
    assert 100 < len(values) < 2000
    assert min(values) == 0 and max(values) > 0.9


@pytest.mark.parametrize("given,channels,shape", [(1, 1, (1, 5)), (2, 1, (1, 5)), (1, 2, (2, 5)), (6, 2, (2, 5))])
def test_channels_fit(given, channels, shape):
    assert fit_channels(np.ones((given, 5)), channels).shape == shape
    assert fit_channels(np.ones((given, 5)), channels).sum() == 5 * channels
