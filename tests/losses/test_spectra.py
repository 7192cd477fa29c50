from __future__ import annotations

import pytest
import torch

from solfeggio.losses.spectra import (
    SILENT,
    Powers,
    compressed_error,
    multi_resolution,
    powers,
    relative_error,
)


@pytest.fixture
def spectra() -> torch.Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.complex(*(torch.randn(2, 3, 2, 5, 7, generator=rng) for _ in range(2)))


def test_the_error_is_that_of_the_masked_mixture(spectra):
    mixture = spectra.sum(1)
    masks = torch.rand(spectra.shape, generator=torch.Generator().manual_seed(1))
    axes = (2, 3, 4)
    off = (masks * mixture.unsqueeze(1) - spectra).abs().square().sum(axes)
    level = spectra.abs().square().sum(axes) + SILENT * mixture.abs().square().sum((1, 2, 3)).unsqueeze(1)
    torch.testing.assert_close(relative_error(masks, powers(spectra, mixture)), (off / level).mean())


def test_sums_over_bins_are_the_error_of_a_mask_that_is_the_same_in_them(spectra):
    mixture, mask = spectra.sum(1), torch.rand(2, 3, 2, 1, 7, generator=torch.Generator().manual_seed(1))
    given = powers(spectra, mixture)
    banded = Powers(*(x.sum(-2, keepdim=True) for x in given))
    torch.testing.assert_close(relative_error(mask.expand(spectra.shape), given), relative_error(mask, banded))


def test_a_network_that_cannot_tell_shares_out():
    sound = torch.complex(*torch.randn(2, 1, 1, 2, 400, 7, generator=torch.Generator().manual_seed(2)))
    own = torch.rand(1, 1, 2, 400, 7, generator=torch.Generator().manual_seed(3)) < 0.5
    two = torch.cat([sound * own, sound * ~own], 1)  # each bin is one's or the other's
    given = powers(two, two.sum(1))
    errors = {share: float(relative_error(torch.full(two.shape, share), given)) for share in (0.0, 0.5, 1.0)}
    assert errors[0.5] < 0.7 * min(errors[0.0], errors[1.0])


def test_relative_error_has_known_values():
    spectra = torch.zeros(1, 2, 1, 4, 4, dtype=torch.complex64)
    spectra[:, 0] = 2.0
    given = powers(spectra, spectra.sum(1))
    perfect = torch.zeros(spectra.shape)
    perfect[:, 0] = 1.0
    assert float(relative_error(perfect, given)) < 1e-4
    assert float(compressed_error(perfect, given)) < 1e-2
    nothing = float(relative_error(torch.zeros(spectra.shape), given))
    assert nothing == pytest.approx(0.5 / (1 + SILENT), rel=1e-3)  # 1 / (1 + SILENT) for the one that sounds
    everything = float(relative_error(torch.ones(spectra.shape), given))
    assert everything == pytest.approx(0.5 / SILENT, rel=1e-3)  # a leak into the silent one costs most
    louder = powers(100 * spectra, 100 * spectra.sum(1))
    assert float(relative_error(torch.ones(spectra.shape), louder)) == pytest.approx(everything, rel=1e-3)


def test_losses_have_finite_gradients_in_silence():
    masks = torch.full((1, 2, 1, 3, 3), 0.5, requires_grad=True)
    nothing = torch.zeros(1, 2, 1, 3, 3, dtype=torch.complex64)
    given = powers(nothing, nothing.sum(1))
    (relative_error(masks, given) + compressed_error(masks, given)).backward()
    assert torch.isfinite(masks.grad).all()


def test_a_silent_recording_does_not_drown_the_others(spectra):
    masks = torch.rand(spectra.shape, generator=torch.Generator().manual_seed(1))
    alone = relative_error(masks, powers(spectra, spectra.sum(1)))
    hushed = torch.cat([spectra, torch.zeros_like(spectra[:1])])
    together = relative_error(torch.cat([masks, masks[:1]]), powers(hushed, hushed.sum(1)))
    assert float(together) <= float(2 * alone + 1) / 3 + 1e-5


def test_several_resolutions_see_level_and_blur():
    rng = torch.Generator().manual_seed(0)
    sound = torch.randn(1, 2, 20000, generator=rng)
    assert float(multi_resolution(sound, sound)) == 0
    near, far = (float(multi_resolution(a * sound, sound)) for a in (0.9, 0.5))
    assert 0 < near < far
    click = torch.zeros(1, 1, 20000)
    click[..., 9000] = 1
    assert float(multi_resolution(click.roll(4000, -1), click)) > 0.01
    silent = torch.zeros(1, 1, 20000)
    assert float(multi_resolution(silent, silent)) == 0
    found = (0.1 * sound).requires_grad_()
    multi_resolution(found, torch.zeros_like(sound)).backward()
    assert torch.isfinite(found.grad).all() and found.grad.abs().sum() > 0
