"""Log constant-Q spectra: the input that chords and key share, so that their features are computed and stored once."""

from __future__ import annotations

import torch

from solfeggio.frontends.constant_q import ConstantQ

C1_HZ = 440 * 2 ** (-45 / 12)


class LogConstantQ(torch.nn.Module):
    """Constant-Q magnitudes as ``log(1 + scale * magnitude)``; three bins a semitone, the first on C1 by default.

    rate: Hz. hop: samples. octaves: from ``low_hz`` on. per_octave: bins. scale: magnification before the logarithm, as
    in ``LogSpectra``. ``reach``: seconds of sound beyond a frame's middle that it hears.
    Shape: (batch, time) to (batch, 1, octaves * per_octave, frame).

    >>> LogConstantQ(22050, 2048)(torch.zeros(1, 22050)).shape
    torch.Size([1, 1, 252, 11])
    """

    def __init__(
        self,
        rate: int,
        hop: int,
        low_hz: float = C1_HZ,
        octaves: int = 7,
        per_octave: int = 36,
        *,
        scale: float = 1000.0,
    ):
        super().__init__()
        self.front = ConstantQ(rate, hop, low_hz, octaves * per_octave, per_octave)
        self.grid, self.bins_hz, self.scale = self.front.grid, self.front.bins_hz, scale
        self.reach = float(self.front.lengths.max()) / 2 / rate + 0.2  # and what halving the rate smears

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """Return log magnitudes (batch, 1, bin, frame)."""
        return torch.log1p(self.scale * self.front(samples))
