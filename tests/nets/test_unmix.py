"""Recurrent mask networks: sizes as published, masks that are masks."""

from __future__ import annotations

import pytest
import torch

from solfeggio.nets.unmix import JointMask, Standardised, Unmix


def count(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("channels,published", [(2, 8_893_348), (1, 7_078_818)])
def test_open_unmix_has_its_parameters(channels, published):
    heard, bins, width, cells = 1487, 2049, 512, 256
    linear = channels * heard * width + 2 * width * width + width * channels * bins
    norms = 2 * width + 2 * width + 2 * channels * bins
    lstm = 3 * 2 * (4 * cells * (width + cells) + 2 * 4 * cells)
    ends = 2 * heard + 2 * bins
    assert count(Unmix(bins, heard, channels, width)) == linear + norms + lstm + ends == published


def test_huangs_network_has_its_parameters():
    bins, width, stems, context = 513, 1000, 2, 3
    layers = (context * bins + 1) * width + (width + 1) * width + (width * width + width) + (width + 1) * width
    assert count(JointMask(bins, bins, 1, stems, width)) == layers + (width + 1) * stems * bins + 2 * bins


def test_masks_are_at_least_zero_and_standardised_input_does_not_care_for_level():
    torch.manual_seed(0)
    network = Unmix(17, 12, 2, 8).eval()
    level = torch.rand(3, 2, 17, 20)
    heard = level.permute(2, 0, 1, 3).flatten(1)
    network.input.standardise(heard.mean(1), heard.std(1))
    mask = network(level)
    assert mask.shape == level.shape and mask.min() >= 0
    network.input.standardise(100 * heard.mean(1), 100 * heard.std(1))
    assert torch.allclose(network(100 * level), mask, atol=1e-4)


def test_standardising_brings_bins_to_mean_0_and_deviation_1():
    level = torch.rand(4, 1, 6, 500) * torch.arange(1, 7)[:, None]
    bins = level.permute(2, 0, 1, 3).flatten(1)
    stage = Standardised(5)
    stage.standardise(bins.mean(1), bins.std(1))
    found = stage(level).permute(2, 0, 1, 3).flatten(1)
    assert found.shape[0] == 5
    assert torch.allclose(found.mean(1), torch.zeros(5), atol=1e-4)
    assert torch.allclose(found.std(1), torch.ones(5), atol=1e-4)
    stage.standardise(torch.zeros(6), torch.zeros(6))
    assert torch.isfinite(stage.scale).all()


def test_joint_masks_share_the_mix_out():
    torch.manual_seed(0)
    for recurrent in (0, 2):
        masks = JointMask(9, 7, 2, 3, 8, recurrent=recurrent)(torch.rand(2, 2, 9, 11))
        assert masks.shape == (2, 3, 2, 9, 11) and masks.min() > 0
        assert torch.allclose(masks.sum(1), torch.ones(2, 2, 9, 11), atol=1e-6)


def test_a_joint_network_hears_its_context_and_remembers_the_past_only():
    torch.manual_seed(0)
    network, level = JointMask(9, 9, 1, 2, 16, context=3, recurrent=2), torch.rand(1, 1, 9, 12)
    changed = level.clone()
    changed[..., 6] += 1
    moved = (network(level) - network(changed)).abs().amax((0, 1, 2, 3)) > 0
    assert not moved[:5].any() and moved[5] and moved[8]
