"""Losses on latent codes: how far they may stray, how independent they are, and which dimension means what.

All take tensors: codes (batch, dimension) drawn from the posterior, its ``mean`` and ``logvar`` of the same shape, and
attributes (batch, attribute) that anybody computed anyhow. Dimension r belongs to attribute r.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy


def kl(mean: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    """Kullback-Leibler divergence from N(mean, exp(logvar)) to N(0, 1) in nats, summed over dimensions: (batch,).

    >>> kl(torch.ones(1, 2), torch.zeros(1, 2))
    tensor([1.])
    """
    return 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum(-1)


def above_capacity(divergence: torch.Tensor, beta: float, capacity: float = 0.0) -> torch.Tensor:
    """Beta-VAE with free nats: relu(beta KL - capacity), a scalar. divergence: of ``kl``. After Higgins et al. 2017.

    >>> above_capacity(torch.tensor([30.0, 50.0]), beta=2.0, capacity=50.0)
    tensor(30.)
    """
    return torch.relu(beta * divergence.mean() - capacity)


def near_capacity(divergence: torch.Tensor, beta: float, capacity: float) -> torch.Tensor:
    """Hold the divergence at a capacity: beta |KL - capacity|, a scalar. After Burgess et al. 2018.

    >>> near_capacity(torch.tensor([20.0, 22.0]), beta=0.5, capacity=25.0)
    tensor(2.)
    """
    return beta * (divergence.mean() - capacity).abs()


def raised(step: int, top: float, steps: int, wait: int = 0) -> float:
    """Raise a weight or a capacity from 0 to ``top`` as exp(rate i) - 1 over ``steps``, after ``wait`` steps of 0.

    >>> raised(0, 4.0, 100), raised(50, 4.0, 100) < 2.0, raised(200, 4.0, 100)
    (0.0, True, 4.0)
    """
    share = min(max((step - wait) / max(steps, 1), 0.0), 1.0)
    return top if share == 1.0 else math.expm1(math.log1p(top) * share)


def total_correlation(critic: torch.nn.Module, codes: torch.Tensor) -> torch.Tensor:
    """Estimate how dependent the code dimensions are: mean of the critic's "joint" minus "shuffled" logits, a scalar.

    critic: module from codes to (batch, 2) logits, first "joint", then "shuffled". Its weights count as constants here,
    so that the gradient reaches the codes alone: the critic learns from ``critic_loss``, and one optimiser can take
    both in one step. After FactorVAE, Kim and Mnih 2018.
    """
    constants = {name: value.detach() for name, value in critic.state_dict().items()}
    logits = torch.func.functional_call(critic, constants, (codes,))
    return (logits[:, 0] - logits[:, 1]).mean()


def critic_loss(
    critic: torch.nn.Module, joint: torch.Tensor, other: torch.Tensor, rng: torch.Generator | None = None
) -> torch.Tensor:
    """Cross-entropy of a critic that tells joint codes from ``other`` ones whose dimensions were shuffled over items.

    joint, other: the two halves of a batch. Both are detached: only the critic learns. Scalar, log 2 for a blind one.
    """
    mixed = shuffled(other.detach(), rng)
    logits = critic(torch.cat([joint.detach(), mixed]))
    labels = torch.cat([torch.zeros(len(joint)), torch.ones(len(mixed))]).long().to(logits.device)
    first, second = cross_entropy(logits, labels, reduction="none").split([len(joint), len(mixed)])
    return 0.5 * (first.mean() + second.mean())


def shuffled(codes: torch.Tensor, rng: torch.Generator | None = None) -> torch.Tensor:
    """Permute each dimension over the items by itself: the same marginals, no dependence."""
    order = torch.rand(codes.shape, generator=rng).argsort(0).to(codes.device)
    return codes.gather(0, order)


def attribute_order(codes: torch.Tensor, attributes: torch.Tensor, delta: float = 1.0) -> torch.Tensor:
    """AR-VAE: let each code dimension order the items as its attribute does; one term a dimension: (attribute,).

    Mean over all pairs of |tanh(delta (z_i - z_j)) - sign(a_i - a_j)|, between 0 and 2. Equal attributes (and an item
    with itself) want equal codes. codes: (batch, at least attribute). After Pati and Lerch 2020.

    >>> attribute_order(torch.tensor([[0.0], [9.0]]), torch.tensor([[1.0], [2.0]]), delta=10.0)
    tensor([0.])
    """
    own = codes[:, : attributes.shape[1]]
    nearer = torch.tanh(delta * (own[:, None] - own[None]))
    wanted = torch.sign(attributes[:, None] - attributes[None]).to(nearer.dtype)
    return (nearer - wanted).abs().mean((0, 1))


def attribute_match(codes: torch.Tensor, attributes: torch.Tensor) -> torch.Tensor:
    """S2-VAE: binary cross-entropy between the sigmoid of a code dimension and its attribute: (attribute,).

    attributes: scaled to 0..1, as by ``scaled``. After Locatello et al. 2020.
    """
    own = codes[:, : attributes.shape[1]]
    return binary_cross_entropy_with_logits(own, attributes.to(own.dtype), reduction="none").mean(0)


def scaled(attributes: torch.Tensor, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    """Scale attributes from low..high (each (attribute,)) to 0..1; what never varies becomes 0.

    >>> scaled(torch.tensor([[3.0, 5.0]]), torch.tensor([1.0, 5.0]), torch.tensor([5.0, 5.0]))
    tensor([[0.5000, 0.0000]])
    """
    span = torch.where(high > low, high - low, 1.0)
    return ((attributes - low) / span).clamp(0, 1)


def attribute_classes(logits: Sequence[torch.Tensor], classes: torch.Tensor) -> torch.Tensor:
    """I-VAE: cross-entropy of linear classifiers that read the first code dimensions: (attribute,).

    logits: of each attribute, (batch, its classes), as by ``nets.vae.CodeReaders``. classes: (batch, attribute).
    After Adel, Ghahramani and Weller 2018.
    """
    return torch.stack([cross_entropy(own, classes[:, r].long()) for r, own in enumerate(logits)])
