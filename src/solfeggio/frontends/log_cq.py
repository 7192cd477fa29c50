"""Log constant-Q spectra in tune: the input that chords and key share, so that it is computed and stored once."""

from __future__ import annotations

import torch

from solfeggio.frontends.chroma import drifting_tuning, retune
from solfeggio.frontends.constant_q import ConstantQ

PER_OCTAVE = 36  # bins: three for each semitone, the middle one in tune
LOW_HZ = 440 * 2 ** (-45 / 12 - 1 / PER_OCTAVE)  # a third of a semitone below C1
HEARD = slice(63, 210)  # bins, A2 to A6, where tuning is told best


class LogConstantQ(torch.nn.Module):
    """Constant-Q magnitudes from C1 on, three bins a semitone, tuning corrected, as ``log(1 + scale * magnitude)``.

    rate: Hz. hop: samples. octaves: up from C1. gamma: Hz added to every bandwidth, so that the bass is not smeared
    over a second. tuning_reach: seconds to each side of a frame in which its tuning is heard; 0: left as it is. scale:
    magnification before the logarithm, as in ``LogSpectra``. ``reach``: seconds beyond a frame's middle that it hears.
    Shape: (batch, time) to (batch, 1, 36 * octaves, frame).

    >>> LogConstantQ(22050, 2048)(torch.zeros(1, 22050)).shape
    torch.Size([1, 1, 252, 11])
    """

    def __init__(
        self,
        rate: int,
        hop: int,
        octaves: int = 7,
        *,
        gamma: float = 1.0,
        tuning_reach: float = 10.0,
        scale: float = 1000.0,
    ):
        super().__init__()
        self.front = ConstantQ(rate, hop, LOW_HZ, PER_OCTAVE * octaves, PER_OCTAVE, gamma=gamma)
        self.grid, self.bins_hz, self.scale = self.front.grid, self.front.bins_hz, scale
        self.tuning_frames = self.grid.span(tuning_reach)
        smear = 64 * 2**9  # samples that halving the rate lets in for the lowest octave
        self.reach = (float(self.front.lengths.max()) / 2 + smear + self.tuning_frames * hop) / rate

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """Return log magnitudes (batch, 1, bin, frame)."""
        spectra = self.front(samples)
        if self.tuning_frames:
            first = HEARD.start * 12 / PER_OCTAVE - 12 / PER_OCTAVE  # pitch class of the first bin that is heard
            cents = drifting_tuning(spectra[:, 0, HEARD], PER_OCTAVE, first, self.tuning_frames)
            spectra = retune(spectra, PER_OCTAVE, cents)
        return torch.log1p(self.scale * spectra)
