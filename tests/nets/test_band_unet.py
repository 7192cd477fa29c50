from __future__ import annotations

import pytest
import torch

from solfeggio.errors import ConfigError
from solfeggio.nets.band_unet import BandUNet


def net(**changes) -> BandUNet:
    torch.manual_seed(0)
    settings = {"inputs": 2, "bins": 24, "outputs": 3, "channels": (8, 12, 16), "strides": (2, 3), "width": 16}
    return BandUNet(**(settings | {"dilations": (1, 2)} | changes)).eval()


def test_it_sees_as_far_as_it_says_and_no_further():
    system, x = net(), torch.randn(1, 2, 24, 61)
    changed = x.clone()
    changed[..., 30] += 5.0
    with torch.no_grad():
        moved = (system(changed) - system(x)).abs().amax((0, 1, 2)) > 0
    seen = moved.nonzero().flatten()
    assert int(seen[0]) == 30 - system.reach and int(seen[-1]) == 30 + system.reach


def test_bands_are_told_apart():
    system = net()
    assert not torch.allclose(system.place, system.place + 1)
    with torch.no_grad():
        system.place.normal_()
        out = system(torch.zeros(1, 2, 24, 20))
    assert float(out.std(2).mean()) > 1e-3


def test_bins_that_do_not_divide_are_refused():
    with pytest.raises(ConfigError, match="25 bins"):
        net(bins=25)
    with pytest.raises(ConfigError, match="strides"):
        net(strides=(2,))
