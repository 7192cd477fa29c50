"""Short-time Fourier transform: samples to magnitudes, or to complex spectra and back, on a grid."""

from __future__ import annotations

import torch

from solfeggio.errors import ConfigError
from solfeggio.grid import Grid


class Stft(torch.nn.Module):
    """Magnitude spectrogram whose frame ``i`` is centred on sample ``i * hop``; the signal is padded with zeros.

    rate: Hz. window: samples of the Hann window, also the FFT size. hop: samples between frames.
    Shape: (batch, time) samples to (batch, 1, window // 2 + 1, ceil(time / hop)) magnitudes, divided by the window's
    sum, so that a full-scale sine peaks at 0.5 whatever the window. ``grid`` and ``bins_hz`` describe the last two.

    >>> Stft(22050, 1024, 441)(torch.zeros(1, 882)).shape
    torch.Size([1, 1, 513, 2])
    """

    weight: torch.Tensor

    def __init__(self, rate: int, window: int, hop: int):
        super().__init__()
        self.rate, self.window, self.hop = rate, window, hop
        self.grid = Grid.of_hop(rate, hop)
        self.bins_hz = torch.arange(window // 2 + 1, dtype=torch.float64) * rate / window
        hann = torch.hann_window(window)
        self.register_buffer("weight", hann / hann.sum(), persistent=False)

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """Return magnitudes (batch, 1, bin, frame)."""
        frames = -(-samples.shape[-1] // self.hop)
        right = max(0, (frames - 1) * self.hop + self.window - self.window // 2 - samples.shape[-1])
        padded = torch.nn.functional.pad(samples, (self.window // 2, right))
        pieces = padded.unfold(-1, self.window, self.hop)[:, :frames]
        groups = [torch.fft.rfft(group * self.weight).abs() for group in pieces.split(256, dim=1)]  # what a cache holds
        return torch.cat(groups, dim=1).transpose(1, 2).unsqueeze(1)


class ComplexStft(torch.nn.Module):
    """Complex spectra that can be turned back into sound; frames and scale as those of ``Stft``.

    window: samples of the periodic Hann window, at least three hops. Shapes: (..., time) samples to
    (..., window // 2 + 1, ceil(time / hop)) spectra; ``inverse`` gives the very samples back (weighted overlap-add).

    >>> stft = ComplexStft(44100, 4096, 1024)
    >>> spectra = stft(torch.ones(2, 5000))
    >>> spectra.shape, torch.allclose(stft.inverse(spectra, 5000), torch.ones(2, 5000), atol=1e-5)
    (torch.Size([2, 2049, 5]), True)
    """

    hann: torch.Tensor

    def __init__(self, rate: int, window: int, hop: int):
        super().__init__()
        if window < 3 * hop:
            raise ConfigError(
                f"hop {hop}", f"a window of {window} samples does not overlap enough", "use a third of it"
            )
        self.rate, self.window, self.hop = rate, window, hop
        self.grid = Grid.of_hop(rate, hop)
        self.bins_hz = torch.arange(window // 2 + 1, dtype=torch.float64) * rate / window
        self.register_buffer("hann", torch.hann_window(window), persistent=False)

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """Return complex spectra (..., bin, frame)."""
        frames = -(-samples.shape[-1] // self.hop)
        padded = torch.nn.functional.pad(samples, (0, frames * self.hop - samples.shape[-1]))
        flat = padded.reshape(-1, frames * self.hop)
        window, hop = self.window, self.hop
        found = torch.stft(flat, window, hop, window=self.hann, pad_mode="constant", return_complex=True)
        scaled = found[..., :frames] / (self.window / 2)  # the sum of the window
        return scaled.reshape(*samples.shape[:-1], *scaled.shape[-2:])

    def inverse(self, spectra: torch.Tensor, length: int) -> torch.Tensor:
        """Return ``length`` samples (..., time) of complex spectra (..., bin, frame)."""
        flat = spectra.reshape(-1, *spectra.shape[-2:]) * (self.window / 2)
        sound = torch.istft(flat, self.window, self.hop, window=self.hann, center=True, length=length)
        return sound.reshape(*spectra.shape[:-2], length)
