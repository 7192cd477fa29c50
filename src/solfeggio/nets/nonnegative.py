"""Nonnegative autoencoders: NMF as a network without biases, trained in one of three ways that keep it nonnegative.

The updates are written by gradients split in two parts that are never negative, so they hold for any such network.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from solfeggio.errors import AnswerError, ConfigError, unknown

COSTS = ("kl", "euclidean", "is")
CONSTRAINTS = ("projected", "multiplicative", "exponentiated")
FLOOR = 1e-12  # of magnitudes: a constant part of the model, so that nothing is divided by 0


class NonnegativeAutoencoder(nn.Module):
    """Explain a spectrogram as ``templates @ relu(encoder @ v)``, or with activations that are free.

    bins, rank: sizes. frames: of free activations, which belong to one recording; None: an encoder (rank, bin), which
    hears any. templates: (bin, rank) to start from, random of sum 1 if None; fixed: they stay. template_mask: (bin,
    rank) and activation_mask: (rank, frame) of 0 and 1 multiply templates and activations, the latter behind the relu,
    since what the encoder hears says nothing of the score. Weights are drawn from ``seed`` and never negative.
    Shape: (bin, frame) magnitudes to (bin, frame). Raises ConfigError for templates or masks that do not fit.

    Source: Smaragdis and Venkataramani, "A neural network alternative to non-negative audio models", ICASSP 2017; score
    information as masks after Ewert and Sandler, "Structured dropout for weak label and multi-instance learning and its
    application to score-informed source separation", ICASSP 2017.

    >>> NonnegativeAutoencoder(5, 2)(torch.ones(5, 3)).shape
    torch.Size([5, 3])
    """

    template_mask: torch.Tensor | None
    activation_mask: torch.Tensor | None

    def __init__(
        self,
        bins: int,
        rank: int,
        frames: int | None = None,
        *,
        templates: torch.Tensor | None = None,
        fixed: bool = False,
        template_mask: torch.Tensor | None = None,
        activation_mask: torch.Tensor | None = None,
        seed: int = 0,
    ):
        super().__init__()
        rng = torch.Generator().manual_seed(seed)
        if bins < 1 or rank < 1:
            raise ConfigError(f"{bins} bins, rank {rank}", "expected at least 1 of each")
        for name, x, shape in (("templates", templates, (bins, rank)), ("template mask", template_mask, (bins, rank))):
            if x is not None and (tuple(x.shape) != shape or bool((x < 0).any())):
                raise ConfigError(f"{name} of shape {tuple(x.shape)}", f"expected {shape}, none negative")
        start = torch.rand(bins, rank, generator=rng) + 0.5 if templates is None else templates
        self.templates = nn.Parameter(start / start.sum(0) if templates is None else start.clone(), not fixed)
        width = bins if frames is None else frames
        self.encoder = nn.Parameter((torch.rand(rank, width, generator=rng) + 0.5).to(start) / rank)
        self.free = frames is not None
        self.register_buffer("template_mask", template_mask)
        self.register_buffer("activation_mask", activation_mask)

    def encode(self, v: torch.Tensor) -> torch.Tensor:
        """Return (rank, frame) activations of (bin, frame) magnitudes. Raises AnswerError when sizes do not fit."""
        if v.ndim != 2 or len(v) != len(self.templates) or (self.free and v.shape[1] != self.encoder.shape[1]):
            raise AnswerError(
                f"magnitudes of shape {tuple(v.shape)}",
                f"expected {len(self.templates)} bins" + (f", {self.encoder.shape[1]} frames" if self.free else ""),
            )
        found = self.encoder if self.free else torch.relu(self.encoder @ v)  # relu passes nothing back at 0
        return found if self.activation_mask is None else found * self.activation_mask

    def dictionary(self) -> torch.Tensor:
        """Return the (bin, rank) templates behind their mask."""
        return self.templates if self.template_mask is None else self.templates * self.template_mask

    def forward(self, v: torch.Tensor) -> torch.Tensor:
        """Return the (bin, frame) model of ``v``."""
        return self.dictionary() @ self.encode(v)

    @torch.no_grad()
    def masks(self, v: torch.Tensor, groups: Sequence[Sequence[int]], alpha: float = 1.0) -> torch.Tensor:
        """Return (group, bin, frame) soft masks of groups of templates, which sum to 1.

        alpha: 1 shares by magnitude, 2 by power. Where all groups are silent each has the same share.
        """
        h, w = self.encode(v), self.dictionary()
        models = torch.stack([w[:, list(group)] @ h[list(group)] for group in groups])
        loudest = models.amax(0)
        powers = torch.where(loudest > 0, models / torch.where(loudest > 0, loudest, 1), 1) ** alpha
        return powers / powers.sum(0)

    @torch.no_grad()
    def dead(self, v: torch.Tensor) -> torch.Tensor:
        """Tell which of the (rank,) units are silent on all of ``v``: no gradient wakes them again."""
        return self.encode(v).amax(1) <= 0


def reconstruction_cost(v: torch.Tensor, r: torch.Tensor, cost: str = "kl") -> torch.Tensor:
    """Sum over all entries how far the model ``r`` is from ``v``: "kl", "euclidean" (half the square) or "is".

    >>> round(float(reconstruction_cost(torch.tensor([2.0]), torch.tensor([1.0]))), 4)  # 2 log 2 - 1
    0.3863
    """
    if cost not in COSTS:
        raise unknown("cost", cost, COSTS)
    if cost == "euclidean":
        return 0.5 * ((v - r) ** 2).sum()
    r = r + FLOOR
    if cost == "kl":
        return (torch.xlogy(v, v / r) - v + r).sum()
    ratio = v.clamp_min(FLOOR) / r
    return (ratio - ratio.log() - 1).sum()


def fit_nonnegative(
    model: NonnegativeAutoencoder,
    v: torch.Tensor,
    *,
    cost: str = "kl",
    constraint: str = "multiplicative",
    steps: int = 100,
    rate: float = 1e-2,
) -> list[float]:
    """Train on one spectrogram by whole-batch steps, encoder and templates in turn; returns the cost before and after.

    v: (bin, frame) magnitudes. constraint, with ``g = up - down`` the gradient, both parts nonnegative, and weight x:

        projected       relu(x - rate * g): a plain step, and what falls below 0 is 0; large rates kill units
        multiplicative  x - (x / up) * g = x * down / up: a plain step whose rate each weight sets itself, so that
                        nothing can fall below 0 ("is": to the power 1/2); the cost never rises; ``rate`` plays no part
        exponentiated   x * exp(-rate * g), Kivinen and Warmuth 1997: nothing can fall below 0; large rates overflow,
                        so the exponent is held within -1..1

    rate: of "projected" and "exponentiated", for ``v`` as it is. With free activations and fixed templates a
    multiplicative step is that of NMF. Raises ConfigError for unknown names and a rate that is not positive.
    """
    for kind, name, known in (("cost", cost, COSTS), ("constraint", constraint, CONSTRAINTS)):
        if name not in known:
            raise unknown(kind, name, known)
    if not rate > 0:
        raise ConfigError(f"rate {rate}", "expected more than 0")
    weights = [x for x in (model.encoder, model.templates) if x.requires_grad]
    costs = [float(reconstruction_cost(v, model(v).detach(), cost))]
    for _ in range(steps):
        for weight in weights:
            up, down = _split(model, v, weight, cost)
            with torch.no_grad():
                if constraint == "projected":
                    weight.copy_(torch.relu(weight - rate * (up - down)))
                elif constraint == "exponentiated":
                    weight.mul_((-rate * (up - down)).clamp(-1, 1).exp())
                else:
                    ratio = torch.where(up > 1e-30, down / up.clamp_min(1e-30), 1)
                    weight.mul_(ratio**0.5 if cost == "is" else ratio)
        costs.append(float(reconstruction_cost(v, model(v).detach(), cost)))
    return costs


def _split(
    model: NonnegativeAutoencoder, v: torch.Tensor, weight: torch.Tensor, cost: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the gradient's two parts: all in the model is nonnegative, only the cost's own slope has two signs."""
    r = model(v)
    known = r.detach() + (0 if cost == "euclidean" else FLOOR)
    if cost == "euclidean":
        outer = known, v
    elif cost == "kl":
        outer = torch.ones_like(known), v / known
    else:
        outer = 1 / known, v.clamp_min(FLOOR) / known**2
    up = torch.autograd.grad(r, weight, outer[0], retain_graph=True)[0]
    return up, torch.autograd.grad(r, weight, outer[1])[0]
