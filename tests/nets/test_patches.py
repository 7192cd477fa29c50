"""The autoencoder of patches: shapes, how far it sees, and that it learns to repeat."""

from __future__ import annotations

import pytest
import torch

from solfeggio.errors import ConfigError
from solfeggio.nets.patches import PatchAutoencoder


def test_layers_have_the_published_shapes():
    net = PatchAutoencoder().eval()
    shapes = [tuple(x.shape[1:]) for x in net.activations(torch.zeros(1, 1, 128, 128))]
    assert shapes == [(32, 64, 128), (16, 32, 128), (8, 16, 128), (4, 8, 128)]
    assert net(torch.zeros(2, 1, 128, 128)).shape == (2, 1, 128, 128)
    with pytest.raises(ConfigError, match="bins"):
        PatchAutoencoder(100)


def test_a_frame_is_told_by_those_near_it_alone():
    torch.manual_seed(0)
    net = PatchAutoencoder(32, (4, 2)).eval()
    x = torch.rand(1, 1, 32, 40)
    y = x.clone()
    y[..., 20] += 1
    changed = (net.activations(x)[-1] != net.activations(y)[-1]).any(1).any(1)[0]
    assert changed[18:23].any() and not changed[:18].any() and not changed[23:].any()


def test_it_learns_to_repeat():
    torch.manual_seed(0)
    net = PatchAutoencoder(16, (8, 4))
    patches = torch.rand(4, 1, 16, 1).expand(4, 1, 16, 12)  # steady sounds
    optimizer, losses = torch.optim.Adam(net.parameters(), 1e-2), []
    for _ in range(60):
        optimizer.zero_grad()
        loss = (net(patches) - patches).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.3 * losses[0]
