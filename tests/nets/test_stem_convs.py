"""Convolutional mask networks: sizes as published, what they see, how patches overlap."""

from __future__ import annotations

import pytest
import torch

from solfeggio.nets.stem_convs import ActivityUNet, TimbreTime, _overlapped


def count(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def conv(before: int, after: int, kernel: int) -> int:
    return before * after * kernel + after


def block(before: int, width: int) -> int:
    return conv(before, width, 9) + conv(width, width, 9) + 4 * width + conv(before, width, 1)


def test_iass_has_its_sizes_and_parameters():
    network = ActivityUNet(2049, 1487, (16, 32, 48))
    encoder = block(1, 16) + block(16, 32) + block(32, 48) + sum(conv(w, w, 3) for w in (16, 32, 48))
    skips = sum(conv(w, w, 9) for w in (16, 32, 48))
    decoder = sum(conv(w, w, 3) for w in (16, 32, 48)) + block(96, 32) + block(64, 16) + block(32, 16)
    head = conv(48, 32, 3) + conv(32, 16, 3) + conv(16, 16, 3) + 2 * (32 + 16 + 16) + conv(16, 1, 2)
    ends = conv(16, 1, 1) + 1487 * 2049 + 2049 + 2 * 2049 + 2 * 1487
    assert count(network) == encoder + skips + decoder + head + ends
    seen = []
    for stage in (*network.downs, *network.head):
        stage.register_forward_hook(lambda _m, _i, out: seen.append(tuple(out.shape[1:3])))
    mask, activity = network.eval()(torch.rand(1, 1, 2049, 4))
    assert seen[:3] == [(16, 495), (32, 165), (48, 55)]
    assert [s for s in seen[3:] if s in ((32, 18), (16, 6), (16, 2), (1, 1))][-1] == (1, 1)
    assert mask.shape == (1, 1, 2049, 4) and activity.shape == (1, 4)


@pytest.mark.parametrize("heard", [30, 60, 744])
def test_a_unet_keeps_every_frame_and_sees_thirteen_to_each_side(heard):
    torch.manual_seed(0)
    network = ActivityUNet(heard + 9, heard, (2, 3, 4)).eval()
    level = torch.rand(1, 1, heard + 9, 41)
    changed = level.clone()
    changed[..., 20] += 100
    for before, after in zip(network(level), network(changed), strict=True):
        moved = (before - after).abs().flatten(0, -2).amax(0) > 1e-6
        assert moved.shape == (41,) and moved[20]
        assert not moved[: 20 - 13].any() and not moved[20 + 14 :].any()


def test_channels_are_heard_for_themselves():
    torch.manual_seed(0)
    level = torch.rand(1, 2, 70, 9)
    for network in (ActivityUNet(70, 60, (2, 3, 4)).eval(), TimbreTime(70, 2, 4, 8, 5, 6)):
        both, left = network(level), network(level[:, :1])
        masks = (both[0], left[0]) if isinstance(both, tuple) else (both, left)
        assert torch.allclose(masks[0].select(-3, 0), masks[1].select(-3, 0), atol=1e-5)


def test_chandnas_network_has_its_parameters():
    bins, filters, width, span, patch, stems = 513, 50, 128, 15, 30, 4
    inner = filters * (patch - span + 1)
    convs = conv(bins, filters, 1) + conv(filters, filters, span)  # the way back has the same weights
    want = convs + (inner + 1) * width + (width + 1) * stems * inner + 2 * bins
    assert count(TimbreTime(bins, stems)) == want == 579_604


@pytest.mark.parametrize("frames", [1, 9, 10, 11, 14, 15, 16, 40])
def test_timbre_masks_share_the_mix_out_at_any_length(frames):
    torch.manual_seed(0)
    masks = TimbreTime(9, 3, 4, 8, 5, 10, 5)(torch.rand(2, 1, 9, frames))
    assert masks.shape == (2, 3, 1, 9, frames)
    assert torch.allclose(masks.sum(1), torch.ones(2, 1, 9, frames), atol=1e-6)


def test_patches_that_overlap_are_averaged():
    patches = torch.tensor([[[[1.0, 1.0, 1.0]], [[4.0, 4.0, 4.0]]]])
    assert torch.equal(_overlapped(patches, 2), torch.tensor([[[1.0, 1.0, 2.5, 4.0, 4.0]]]))
