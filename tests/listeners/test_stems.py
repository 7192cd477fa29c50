from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from solfeggio import run
from solfeggio.answers import Stems
from solfeggio.data.stems import FOUR, GROUPS
from solfeggio.errors import ConfigError
from solfeggio.listeners.stems import CONFIGS, PLAIN, RELEASED, TINY, StemSeparator, band_axis


@pytest.fixture(scope="module")
def system() -> StemSeparator:
    torch.manual_seed(0)
    return StemSeparator(TINY).eval()


def noise(seconds: float = 1.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, (2, round(8000 * seconds))).astype(np.float32)


def test_it_is_small_enough_to_be_shipped():
    released = StemSeparator(RELEASED)
    assert sum(array.numel() for array in released.state_dict().values()) < 950_000
    assert released.spec.border < 3


def test_masks_sum_to_one_so_that_nothing_is_left_over(system):
    with torch.no_grad():
        masks = system(system.prepare(torch.from_numpy(noise())[None]))["masks"]
    torch.testing.assert_close(masks.sum(1), torch.ones_like(masks[:, 0]))
    stems = run.separate(system, noise(), 8000)
    assert np.abs(stems.residual).max() < 1e-5


def test_four_stems_are_eight_added_up(system):
    eight = run.separate(system.answering("eight"), noise(), 8000)
    found = run.separate(system, noise(), 8000)
    assert eight.labels == GROUPS and found.labels == FOUR == system.spec.labels
    np.testing.assert_allclose(found["bass"], eight["bass"], atol=1e-6)
    others = sum(eight[label] for label in GROUPS[3:])
    np.testing.assert_allclose(found["other"], others, atol=1e-5)


def test_answers_that_there_are_not_are_refused(system):
    with pytest.raises(ConfigError, match="five"):
        system.answering("five")
    for wrong in ({"answer": "six"}, {"axis": "bark"}, {"axis": "mel"}):
        with pytest.raises(ConfigError):
            StemSeparator(dataclasses.replace(TINY, **wrong))
    with pytest.raises(ConfigError, match="loud"):
        run.separate(system, noise(), 8000, loud=True)


@pytest.mark.parametrize("name", CONFIGS)
def test_bins_take_from_two_bands_and_bands_give_all_they_have(name):
    filters, low, share = band_axis(CONFIGS[name])
    np.testing.assert_allclose(filters.sum(1), 1)
    assert low.min() == 0 and (np.diff(low) >= 0).all() and low.max() == CONFIGS[name].bands - 1
    assert share.min() >= 0 and share.max() < 1
    built = StemSeparator(CONFIGS[name])
    torch.testing.assert_close(built.takes.sum(1), torch.ones(len(low)))
    values = torch.rand(3, len(low))
    torch.testing.assert_close(built.banded(values), values @ built.takes)
    torch.testing.assert_close(built.banded(values).sum(-1), values.sum(-1))
    flat = built.spread(torch.full((1, CONFIGS[name].bands, 4), 0.3))
    torch.testing.assert_close(flat, torch.full((1, len(low), 4), 0.3))


def test_a_harmonic_is_heard_at_its_fundamental():
    system = StemSeparator(dataclasses.replace(TINY, per_octave=6, bands=32, harmonics=(2.0, 0.5), stereo=False))
    hz = 800.0
    tone = np.sin(2 * np.pi * hz * np.arange(8000) / 8000)[None, None].repeat(2, 1).astype(np.float32)
    level, above, below = system.hear(system.prepare(torch.from_numpy(tone)))[0, :, :, 60]
    assert int(level.argmax()) == 18  # three octaves above 100 Hz
    assert int(above.argmax()) == 12 and int(below.argmax()) == 24


def test_stereo_ears_tell_left_from_right_and_wide_from_narrow(system):
    sound = noise()[:1]
    left, middle, wide = (
        system.hear(system.prepare(torch.from_numpy(x.astype(np.float32))[None]))[0, -2:, 8, 60]
        for x in (np.concatenate([sound, 0 * sound]), np.repeat(sound, 2, 0), np.concatenate([sound, -sound]))
    )
    assert float(left[0]) == pytest.approx(1, abs=1e-3) and float(middle[0]) == pytest.approx(0, abs=1e-3)
    assert float(middle[1]) == pytest.approx(0, abs=1e-3) and float(wide[1]) == pytest.approx(1, abs=1e-2)


def test_targets_add_finer_groups_to_other(system):
    stems = Stems.of({"drums": noise(seed=1), "piano": noise(seed=2), "rest": noise(seed=3)}, 8000)
    found = system.targets(stems, 125)
    other = system.prepare(torch.from_numpy(stems["piano"] + stems["rest"]))
    torch.testing.assert_close(found["spectra"][FOUR.index("other")], other, atol=1e-5, rtol=1e-3)
    assert not found["spectra"][FOUR.index("vocals")].abs().any()
    torch.testing.assert_close(found["spectra"].sum(0), found["mixture"], atol=1e-5, rtol=1e-3)


def test_a_wiener_filter_may_follow(system):
    plain, filtered = (run.separate(system, noise(), 8000, iterations=n) for n in (0, 1))
    assert np.abs(plain.samples - filtered.samples).max() > 1e-4
    np.testing.assert_allclose(filtered.mix(), noise(), atol=1e-4)


def test_true_masks_have_no_loss(system):
    spectra = torch.zeros(1, 4, 2, 129, 20, dtype=torch.complex64)
    spectra[:, 1, :, 40:] = 1.0 + 1.0j
    spectra[:, 2, :, :40] = 2.0j
    targets = {"spectra": spectra, "mixture": spectra.sum(1)}
    right = (spectra.abs() > 0).float()
    assert float(system.loss({"masks": right}, targets)[0]) < 0.01
    assert float(system.loss({"masks": torch.full(right.shape, 0.25)}, targets)[0]) > 0.3


def test_the_plain_one_is_as_large(system):
    sizes = [sum(p.numel() for p in StemSeparator(config).parameters()) for config in (RELEASED, PLAIN)]
    assert abs(sizes[0] - sizes[1]) < 2000
