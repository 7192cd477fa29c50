"""Losses of separators: how far masked or resynthesised stems are from the true ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

TINY = 1e-12  # power, -120 dB of full scale
SILENT = 0.3  # of the mixture's power, added to a stem's own by which its error is divided: silent stems count too


class Powers(NamedTuple):
    """What the error of any real mask on a mixture x against stems s depends on, all real.

    mixture: |x|^2 (batch, channel, bin, frame). cross: Re(x* s) and own: |s|^2, (batch, stem, channel, bin, frame).
    Sums of them over neighbouring bins are those of a mask that is the same in these bins.
    """

    mixture: torch.Tensor
    cross: torch.Tensor
    own: torch.Tensor


def powers(spectra: torch.Tensor, mixture: torch.Tensor) -> Powers:
    """Compute them of complex spectra (batch, stem, channel, bin, frame) and mixture (batch, channel, bin, frame)."""
    x = mixture.unsqueeze(1)
    cross = x.real * spectra.real + x.imag * spectra.imag
    return Powers(mixture.real.square() + mixture.imag.square(), cross, spectra.real.square() + spectra.imag.square())


def relative_error(masks: torch.Tensor, given: Powers) -> torch.Tensor:
    """Mean over recordings and stems of the power of masked mixture minus stem by the stem's own: 0 is perfect.

    A silent mask costs at most 1 for a stem that sounds, and nothing for one that does not. Where a network cannot tell
    whose a sound is, half of it for each of two costs least: lengths in place of powers would give all to one of them.
    """
    axes = (-3, -2, -1)
    off = masks.square() * given.mixture.unsqueeze(1) - 2 * masks * given.cross + given.own
    own, mixture = given.own.sum(axes), given.mixture.sum(axes).unsqueeze(1)
    least = TINY * masks[0, 0].numel()
    return (off.clamp_min(0).sum(axes) / (own + SILENT * mixture).clamp_min(least)).mean()


def compressed_error(masks: torch.Tensor, given: Powers, exponent: float = 0.3) -> torch.Tensor:
    """Mean difference of magnitudes raised to ``exponent``, by the mixture's: soft sounds count nearly as loud ones."""
    mixture, own = ((power + TINY).pow(exponent / 2) for power in (given.mixture, given.own))
    found = (masks.square() * given.mixture.unsqueeze(1) + TINY).pow(exponent / 2)
    return (found - own).abs().mean() / mixture.mean()


def multi_resolution(
    estimate: torch.Tensor, reference: torch.Tensor, windows: Sequence[int] = (512, 2048, 8192)
) -> torch.Tensor:
    """Differences of magnitude spectra of sound at several resolutions: spectral convergence plus log distance.

    estimate, reference: (..., time). Silent references count by the log distance alone, which has a floor at -60 dB.
    Mean over the windows, each with a hop of a quarter.

    Source: Yamamoto, Song, Kim, "Parallel WaveGAN", ICASSP 2020.

    >>> sound = torch.randn(2, 20000)
    >>> float(multi_resolution(sound, sound)), float(multi_resolution(0.5 * sound, sound)) > 0.5
    (0.0, True)
    """
    total = estimate.new_zeros(())
    for window in windows:
        hann = torch.hann_window(window, device=estimate.device)
        found, true = (
            torch.stft(x.flatten(0, -2), window, window // 4, window=hann, return_complex=True).abs() / (window / 2)
            for x in (estimate, reference)
        )
        length = true.square().sum((-2, -1))
        sounds = length > TINY
        off = torch.linalg.vector_norm((found - true)[sounds], dim=(-2, -1)) / length[sounds].sqrt()
        logs = ((found + 1e-3) / (true + 1e-3)).log().abs().mean()
        total = total + (off.sum() / max(len(sounds), 1) + logs) / len(windows)
    return total
