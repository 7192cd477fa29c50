"""Stems: a recording taken apart into vocals, drums, bass and other, or into eight groups of instruments.

A small U-Net over quarter-tone bands says for each band, channel and moment how the mixture is shared out; the shares
of all stems sum to one, and bins between two bands take from both. It hears each band's level, where in the stereo
picture it is, and what sounds at its harmonics: on a logarithmic axis they are a fixed distance away.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from solfeggio.answers import Stems
from solfeggio.contracts import Separator, Spec
from solfeggio.data.stems import FOUR, GROUPS, OTHER
from solfeggio.decode.wiener import wiener
from solfeggio.errors import ConfigError, unknown
from solfeggio.frontends.mel import hz_to_mel, mel_to_hz, pitch_filters
from solfeggio.frontends.stft import ComplexStft
from solfeggio.losses.spectra import Powers, compressed_error, powers, relative_error
from solfeggio.nets.band_unet import BandUNet

ANSWERS = {"four": FOUR, "eight": GROUPS}
FLOOR = 1e-9  # power, -90 dB
BLOCK = 36  # bands summed at once


@dataclass(frozen=True)
class Config:
    """Every setting of the system; the defaults are the released one."""

    answer: str = "four"  # four: vocals, drums, bass, other; eight: other split up. The weights are the same
    rate: int = 44100  # Hz
    window: int = 4096  # samples of the Hann window
    hop: int = 1024  # samples
    axis: str = "log"  # log: bands a fixed interval apart; mel: as many bands spaced as we hear
    per_octave: int = 24  # bands, with axis log
    lowest: float = 32.7  # Hz of the first band, C1
    bands: int = 216  # nine octaves at 24
    harmonics: tuple[float, ...] = (1 / 3, 0.5, 2.0, 3.0, 4.0)  # heard beside each band, with axis log
    stereo: bool = True  # hear balance and width of each band
    channels: tuple[int, ...] = (24, 32, 48, 64)  # of each level of the U-Net
    strides: tuple[int, ...] = (3, 3, 2)  # bands that become one, from level to level
    width: int = 176  # channels of its bottom
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 1, 2, 4)  # frames, of the bottom's blocks
    dropout: float = 0.05  # share
    compressed: float = 0.2  # weight of the loss on compressed magnitudes
    iterations: int = 0  # of a Wiener filter after the masks


RELEASED = Config()
PLAIN = Config(axis="mel", harmonics=())
TINY = Config(
    rate=8000, window=256, hop=64, per_octave=3, lowest=100.0, bands=16, harmonics=(0.5, 2.0), channels=(4, 6),
    strides=(4,), width=8, dilations=(1, 2), dropout=0.0,
)  # fmt: skip
CONFIGS = {"released": RELEASED, "plain": PLAIN, "tiny": TINY}


class StemSeparator(Separator):
    """Audio to ``Stems``. Option of decode: ``iterations`` of the Wiener filter, 0 for the masks alone.

    >>> system = StemSeparator(TINY).eval()
    >>> system(system.prepare(torch.zeros(1, 2, 8000)))["masks"].shape
    torch.Size([1, 4, 2, 129, 125])
    >>> system.answering("eight").spec.labels[-1]
    'rest'
    """

    filters: torch.Tensor
    low: torch.Tensor
    share: torch.Tensor
    takes: torch.Tensor

    def __init__(self, config: Config = RELEASED):
        super().__init__()
        self.config = c = config
        if c.answer not in ANSWERS:
            raise unknown("answer", c.answer, ANSWERS)
        if c.axis not in ("log", "mel"):
            raise unknown("axis", c.axis, ("log", "mel"))
        if c.harmonics and c.axis != "log":
            raise ConfigError("harmonics on an axis 'mel'", "they are not a fixed distance away", "use harmonics=()")
        self.frontend = ComplexStft(c.rate, c.window, c.hop)
        filters, low, share = band_axis(c)
        self.register_buffer("filters", torch.from_numpy(filters).float(), persistent=False)
        self.register_buffer("low", torch.from_numpy(low), persistent=False)
        self.register_buffer("share", torch.from_numpy(share).float()[:, None], persistent=False)
        takes = torch.zeros(len(low), c.bands + 1)
        takes[torch.arange(len(low)), self.low + 1] = self.share[:, 0]
        takes[torch.arange(len(low)), self.low] = 1 - self.share[:, 0]
        self.register_buffer("takes", takes[:, :-1].contiguous(), persistent=False)
        inputs = 1 + 2 * c.stereo + len(c.harmonics)
        self.network = BandUNet(
            inputs, c.bands, 2 * len(GROUPS), c.channels, c.strides, c.width, c.dilations, c.dropout
        )
        reach = self.network.reach * c.hop + c.window
        self.spec = Spec(
            rate=c.rate, grid=self.frontend.grid, labels=ANSWERS[c.answer], answer=Stems, window=20.0,
            border=reach / c.rate, channels=2,
        )  # fmt: skip

    def answering(self, answer: str) -> StemSeparator:
        """Make the same system, with the same weights, that answers "four" or "eight" stems."""
        if answer not in ANSWERS:
            raise unknown("answer", answer, ANSWERS)
        other = copy.copy(self)
        other.config = replace(self.config, answer=answer)
        other.spec = replace(self.spec, labels=ANSWERS[answer])
        return other

    def hear(self, features: torch.Tensor) -> torch.Tensor:
        """What the network hears of complex spectra: (batch, input, band, frame).

        Level in dB, scaled; that at the harmonics; balance from right -1 to left 1; width from mono 0 to 1.
        """
        power = features.real.square() + features.imag.square()
        left, right = power.unbind(1)
        total = self.filters @ (left + right)
        level = (10 * torch.log10(total + FLOOR) + 60) / 25
        heard = [level, *(self._at(level, ratio) for ratio in self.config.harmonics)]
        if self.config.stereo:
            a, b = features.unbind(1)
            side = (a - b).real.square() + (a - b).imag.square()
            quiet = total + FLOOR
            heard += [(self.filters @ (left - right)) / quiet, (self.filters @ side) / (2 * quiet)]
        return torch.stack(heard, 1)

    def _at(self, level: torch.Tensor, ratio: float) -> torch.Tensor:
        """Move bands so that each shows what sounds at ``ratio`` times its frequency; beyond the axis is silence."""
        step = round(self.config.per_octave * float(np.log2(ratio)))
        moved = torch.full_like(level, (10 * np.log10(FLOOR) + 60) / 25)
        if step > 0:
            moved[:, : level.shape[1] - step] = level[:, step:]
        else:
            moved[:, -step:] = level[:, : level.shape[1] + step]
        return moved

    def shares(self, features: torch.Tensor) -> torch.Tensor:
        """How each band is shared out among the eight groups: (batch, group, channel, band, frame), sums of one."""
        found = self.network(self.hear(features))
        return found.unflatten(1, (len(GROUPS), 2)).float().softmax(1)

    def banded(self, values: torch.Tensor) -> torch.Tensor:
        """Sum (..., bin) values into bands (..., band) as ``spread`` hands the bands' masks out to bins."""
        out = []
        for first in range(0, self.config.bands, BLOCK):  # a band takes from few bins: most of the matrix is zero
            block = self.takes[:, first : first + BLOCK]
            near = block.any(1).nonzero().flatten()
            low, high = (int(near[0]), int(near[-1]) + 1) if len(near) else (0, 1)
            out.append(values[..., low:high] @ block[low:high])
        return torch.cat(out, -1)

    def spread(self, shares: torch.Tensor) -> torch.Tensor:
        """Interpolate (..., band, frame) to (..., bin, frame)."""
        above = (self.low + 1).clamp_max(self.config.bands - 1)
        return shares.index_select(-2, self.low) * (1 - self.share) + shares.index_select(-2, above) * self.share

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return "masks" (batch, stem, channel, bin, frame), whose sum over stems is one."""
        shares = self.shares(features)
        return {"masks": self.spread(joined(shares) if self.config.answer == "four" else shares)}

    def targets(self, answer: Stems, frames: int) -> dict[str, torch.Tensor]:
        """As every separator's; finer groups make up "other" where the answer does not name it."""
        if "other" in self.spec.labels and "other" not in answer.labels and set(OTHER) & set(answer.labels):
            finer = [label for label in OTHER if label in answer.labels]
            summed = np.sum([answer[label] for label in finer], 0)
            named = {label: answer[label] for label in answer.labels if label not in finer}
            answer = Stems.of(named | {"other": summed}, answer.rate, answer.residual)
        return super().targets(answer, frames)

    def loss(
        self, logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Relative error of masked spectra, phases included, and that of compressed magnitudes.

        Masks of eight groups are judged as four stems, too: what is neither voice, drum nor bass is to be told even
        where piano and guitar cannot be told apart.

        In place of "spectra" and "mixture", targets may hold their ``losses.spectra.Powers`` (mixture, cross, own), in
        bins or in bands.
        """
        given = targets["powers"] if "powers" in targets else powers(targets["spectra"], targets["mixture"])
        loss = relative_error(logits["masks"], given)  # type: ignore[arg-type]
        parts = {"error": loss}
        if logits["masks"].shape[1] == len(GROUPS):
            parts["four"] = relative_error(joined(logits["masks"]), joined_powers(given))  # type: ignore[arg-type]
            loss = loss + parts["four"]
        if self.config.compressed:
            parts["levels"] = compressed_error(logits["masks"], given)  # type: ignore[arg-type]
            loss = loss + self.config.compressed * parts["levels"]
        return loss, parts

    def spectra(self, logits: dict[str, torch.Tensor], features: torch.Tensor, **options: Any) -> torch.Tensor:
        """Apply the masks, then a Wiener filter for so many ``iterations``."""
        iterations = options.pop("iterations", self.config.iterations)
        found = super().spectra(logits, features, **options)
        if not iterations:
            return found
        return torch.stack([wiener(x, y, iterations) for x, y in zip(features, found, strict=True)])


StemSeparator.Config = Config


def joined(groups: torch.Tensor) -> torch.Tensor:
    """Sum (batch, group, ...) of the eight groups into the four stems."""
    rest = groups[:, [GROUPS.index(group) for group in OTHER]].sum(1, keepdim=True)
    return torch.cat([groups[:, [GROUPS.index(group) for group in FOUR[:3]]], rest], 1)


def joined_powers(given: Powers) -> Powers:
    """Powers of the four stems from those of the eight groups, as if groups were strangers to each other."""
    cross = joined(given.cross)
    least = cross.square() / given.mixture.unsqueeze(1).clamp_min(1e-20)  # by Cauchy and Schwarz
    return Powers(given.mixture, cross, torch.maximum(joined(given.own), least))


def band_axis(config: Config) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make the axis: (band, bin) filters of unit sum, and for each bin the band below it and its share of the next."""
    c = config
    if c.axis == "log":
        filters, centres = pitch_filters(c.rate, c.window, c.per_octave, c.lowest, c.bands)
    else:
        centres = mel_to_hz(np.linspace(hz_to_mel(c.lowest), hz_to_mel(0.47 * c.rate), c.bands))
        filters = around(centres, c.rate / c.window, c.window // 2 + 1)
    place = np.interp(np.arange(c.window // 2 + 1) * c.rate / c.window, centres, np.arange(c.bands))
    low = np.minimum(place.astype(np.int64), c.bands - 1)
    return filters, low, place - low


def around(centres: np.ndarray, step: float, bins: int) -> np.ndarray:
    """Triangles that reach the neighbours' centres, or one bin of ``step`` Hz where that is more; unit sum."""
    gaps = np.diff(centres)
    left, right = np.maximum(np.r_[gaps[0], gaps], step), np.maximum(np.r_[gaps, gaps[-1]], step)
    offset = np.arange(bins) * step - centres[:, None]
    matrix = np.maximum(0, 1 - np.where(offset < 0, -offset / left[:, None], offset / right[:, None]))
    return matrix / matrix.sum(1, keepdims=True)
