"""Pieces of variational autoencoders of short token sequences: groups (beats, bars) of ticks.

Encoders turn tokens (batch, groups * ticks) into features (batch, out), decoders turn codes (batch, latent) into logits
(batch, groups * ticks, classes).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn


class Posterior(nn.Module):
    """Gaussian posterior head: features (batch, inputs) to mean and logvar, each (batch, latent).

    hidden: sizes of SELU layers before each of the two outputs.
    """

    def __init__(self, inputs: int, latent: int, hidden: Sequence[int] = ()):
        super().__init__()
        self.mean, self.logvar = (_head(inputs, hidden, latent) for _ in range(2))

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and logvar; the logvar stays between -12 and 6, where its exponential is harmless."""
        return self.mean(features), self.logvar(features).clamp(-12, 6)


def _head(inputs: int, hidden: Sequence[int], outputs: int) -> nn.Sequential:
    sizes = [inputs, *hidden]
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(sizes):
        layers += [nn.Linear(before, after), nn.SELU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], outputs))


def drawn(mean: torch.Tensor, logvar: torch.Tensor, rng: torch.Generator | None = None) -> torch.Tensor:
    """Draw codes from the posterior so that gradients reach mean and logvar (reparameterisation, Kingma 2014)."""
    noise = torch.randn(mean.shape, generator=rng, device=None if rng is None else rng.device).to(mean)
    return mean + (logvar / 2).exp() * noise


class RecurrentEncoder(nn.Module):
    """Embedding and bidirectional GRU; features are the last states of all layers, both ways: 2 * depth * width."""

    def __init__(self, classes: int, embedding: int, width: int, depth: int, dropout: float):
        super().__init__()
        self.embedding = nn.Embedding(classes, embedding)
        self.gru = nn.GRU(
            embedding, width, depth, batch_first=True, bidirectional=True, dropout=dropout if depth > 1 else 0.0
        )
        self.out = 2 * depth * width

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return features (batch, out)."""
        last = self.gru(self.embedding(tokens))[1]
        return last.transpose(0, 1).flatten(1)


class HierarchicalDecoder(nn.Module):
    """Two recurrent levels: a GRU over groups sets the state of a GRU over the ticks of each group.

    forced: share of training passes that hear the true token before each tick, others hear their own. alone: groups do
    not hear the last token of the group before, so that all are decoded at once and only ``ticks`` steps follow each
    other. After MeasureVAE: Pati, Lerch and Hadjeres 2019.
    """

    def __init__(
        self,
        latent: int,
        classes: int,
        groups: int,
        ticks: int,
        embedding: int,
        width: int,
        depth: int,
        dropout: float,
        forced: float = 0.5,
        alone: bool = False,
    ):
        super().__init__()
        self.groups, self.ticks, self.depth, self.classes = groups, ticks, depth, classes
        self.forced, self.alone = forced, alone
        between = dropout if depth > 1 else 0.0
        self.opening = nn.Linear(latent, depth * width)
        self.group_input = nn.Parameter(torch.zeros(1, 1, embedding))
        self.group_gru = nn.GRU(embedding, width, depth, batch_first=True, dropout=between)
        self.tick_opening = nn.Linear(width, depth * width)
        self.embedding = nn.Embedding(classes + 1, embedding)  # the last one: nothing was before
        self.tick_gru = nn.GRU(embedding + width, width, depth, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(width, classes)

    def forward(self, codes: torch.Tensor, tokens: torch.Tensor | None = None) -> torch.Tensor:
        """Return logits (batch, groups * ticks, classes).

        tokens: the truth (batch, groups * ticks), heard only in training and there in a ``forced`` share of passes.
        """
        n = len(codes)
        opened = torch.tanh(self.opening(codes)).view(n, self.depth, -1).transpose(0, 1).contiguous()
        plan = self.group_gru(self.group_input.expand(n, self.groups, -1), opened)[0]  # (batch, group, width)
        if tokens is not None and self.training and torch.rand(()) < self.forced:
            return self._run(plan, self._before(tokens)).reshape(n, -1, self.classes)
        start = codes.new_full((n, 1), self.classes, dtype=torch.long)
        if self.alone:
            return self._follow(plan.flatten(0, 1)[:, None], start.repeat(self.groups, 1))[0].view(n, -1, self.classes)
        logits = []
        for group in range(self.groups):
            part, start = self._follow(plan[:, group : group + 1], start)
            logits.append(part)
        return torch.cat(logits, 1)

    def _before(self, tokens: torch.Tensor) -> torch.Tensor:
        """Token before each tick, (batch, group, tick)."""
        before = nn.functional.pad(tokens[:, :-1], (1, 0), value=self.classes).view(
            len(tokens), self.groups, self.ticks
        )
        if self.alone:
            before = torch.cat([torch.full_like(before[..., :1], self.classes), before[..., 1:]], -1)
        return before

    def _state(self, plan: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.tick_opening(plan)).view(len(plan), self.depth, -1).transpose(0, 1).contiguous()

    def _run(self, plan: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        """Decode all groups at once, from known tokens: (batch * group, tick, classes)."""
        flat, heard = plan.flatten(0, 1), self.embedding(before.flatten(0, 1))
        heard = torch.cat([heard, flat[:, None].expand(-1, self.ticks, -1)], -1)
        return self.output(self.dropout(self.tick_gru(heard, self._state(flat))[0]))

    def _follow(self, plan: torch.Tensor, token: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Decode the ticks of one group, each from the likeliest one before: logits and the last token (n, 1)."""
        state, logits = self._state(plan[:, 0]), []
        for _ in range(self.ticks):
            out, state = self.tick_gru(torch.cat([self.embedding(token), plan], -1), state)
            logits.append(self.output(self.dropout(out)))
            token = logits[-1].argmax(-1)
        return torch.cat(logits, 1), token


class Residual(nn.Module):
    """Normalised feed-forward layer beside what goes past it: (..., width) in and out."""

    def __init__(self, width: int, dropout: float):
        super().__init__()
        self.body = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, width)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (..., width)."""
        return x + self.body(x)


class GroupedEncoder(nn.Module):
    """Feed-forward: one network reads the ticks of every group, another joins the groups; ``out`` is 2 width."""

    def __init__(self, classes: int, groups: int, ticks: int, embedding: int, width: int, depth: int, dropout: float):
        super().__init__()
        self.shape, self.out = (groups, ticks * embedding), 2 * width
        self.embedding = nn.Embedding(classes, embedding)
        self.group = nn.Sequential(
            nn.Linear(ticks * embedding, width), *[Residual(width, dropout) for _ in range(depth)]
        )
        self.whole = nn.Sequential(
            nn.Linear(groups * width, self.out), *[Residual(self.out, dropout) for _ in range(depth)]
        )

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return features (batch, out)."""
        return self.whole(self.group(self.embedding(tokens).view(len(tokens), *self.shape)).flatten(1))


class GroupedDecoder(nn.Module):
    """The mirror of ``GroupedEncoder``: all ticks at once."""

    def __init__(self, latent: int, classes: int, groups: int, ticks: int, width: int, depth: int, dropout: float):
        super().__init__()
        self.groups, self.classes = groups, classes
        self.whole = nn.Sequential(
            nn.Linear(latent, 2 * width), *[Residual(2 * width, dropout) for _ in range(depth)],
            nn.Linear(2 * width, groups * width),
        )  # fmt: skip
        self.group = nn.Sequential(
            *[Residual(width, dropout) for _ in range(depth)], nn.LayerNorm(width), nn.Linear(width, ticks * classes)
        )

    def forward(self, codes: torch.Tensor, tokens: torch.Tensor | None = None) -> torch.Tensor:
        """Return logits (batch, groups * ticks, classes); ``tokens`` are not needed."""
        return self.group(self.whole(codes).view(len(codes), self.groups, -1)).view(len(codes), -1, self.classes)


class Critic(nn.Module):
    """FactorVAE's discriminator: codes (batch, latent) to logits (batch, 2), "joint" and "shuffled"."""

    def __init__(self, latent: int, width: int = 64, depth: int = 3):
        super().__init__()
        layers: list[nn.Module] = []
        for i in range(depth):
            layers += [nn.Linear(width if i else latent, width), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Linear(width, 2))

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Return logits (batch, 2)."""
        return self.layers(codes)


class CodeReaders(nn.Module):
    """I-VAE's linear classifiers: attribute r is read from its own ``width`` code dimensions, r * width and on.

    classes: of each attribute. width: 1, 2 or 3 in the paper; ``latent`` for all of them means the whole code.
    """

    def __init__(self, latent: int, classes: Sequence[int], width: int = 1):
        super().__init__()
        self.width = 0 if width >= latent else width
        self.readers = nn.ModuleList([nn.Linear(self.width or latent, count) for count in classes])

    def forward(self, codes: torch.Tensor) -> list[torch.Tensor]:
        """Return the logits of each attribute, (batch, its classes)."""
        own = [
            codes[:, r * self.width : (r + 1) * self.width] if self.width else codes for r in range(len(self.readers))
        ]
        return [reader(part) for reader, part in zip(self.readers, own, strict=True)]
