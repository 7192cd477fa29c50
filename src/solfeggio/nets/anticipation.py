"""Anticipation-RNN: one LSTM reads constraints from the end to the start, another writes, told what is to come.

Source: Hadjeres and Nielsen, "Anticipation-RNN: enforcing unary constraints in sequence generation" (2018), as a
baseline of Pati, Lerch, Hadjeres, "Learning to traverse latent spaces for musical score inpainting" (2019).
"""

from __future__ import annotations

import torch
from torch import nn

from solfeggio.nets.copying import TOKENS, Choose

FREE, START = TOKENS, TOKENS  # a place without constraint; what is before the first token


class AnticipationNet(nn.Module):
    """Two stacks of LSTMs over the ticks of a window; each tick knows its constraint, its place in the bar, the past.

    width: cells of both stacks. depth: layers of each. small: size of the embeddings.
    """

    def __init__(self, width: int, depth: int, dropout: float, small: int = 20, bar_ticks: int = 24):
        super().__init__()
        self.bar_ticks = bar_ticks
        self.note, self.constraint = nn.Embedding(TOKENS + 1, small), nn.Embedding(TOKENS + 1, small)
        self.tick = nn.Embedding(bar_ticks, small)
        inner = dropout if depth > 1 else 0.0
        self.ahead = nn.LSTM(2 * small, width, depth, batch_first=True, dropout=inner)
        self.writer = nn.LSTM(2 * small + width, width, depth, batch_first=True, dropout=inner)
        self.out = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, TOKENS))

    def forward(self, bars: torch.Tensor, first: int, stop: int) -> torch.Tensor:
        """Log-probability of every next token of the gap, given what is before it and the bars after the gap.

        Shape: (batch, bar, 24) in, (batch, (stop - first) * 24, token) out.
        """
        bound = torch.ones(bars.flatten(1).shape, dtype=torch.bool, device=bars.device)
        bound[:, first * self.bar_ticks : stop * self.bar_ticks] = False
        states, _ = self.states(bars, bound, stop * self.bar_ticks)
        return self.out(states[:, first * self.bar_ticks :]).log_softmax(-1)

    def states(self, bars: torch.Tensor, bound: torch.Tensor, end: int) -> tuple[torch.Tensor, torch.Tensor]:
        """States of both stacks before ``end``, (batch, tick, width) each. bound: which tokens are constraints."""
        flat = bars.flatten(1)
        ahead = self._ahead(flat, bound)
        before = nn.functional.pad(flat, (1, 0), value=START)[:, :end]
        return self.writer(torch.cat([self.note(before), self._tick(flat)[:, :end], ahead[:, :end]], -1))[0], ahead

    def write(self, bars: torch.Tensor, first: int, stop: int, choose: Choose) -> torch.Tensor:
        """Fill the gap from left to right with tokens that ``choose`` picks."""
        bars = bars.clone()
        flat = bars.view(len(bars), -1)
        low, high = first * self.bar_ticks, stop * self.bar_ticks
        bound = torch.ones(flat.shape, dtype=torch.bool, device=bars.device)
        bound[:, low:high] = False
        told = torch.cat([self._tick(flat), self._ahead(flat, bound)], -1)
        before = nn.functional.pad(flat, (1, 0), value=START)[:, : low + 1]
        seen, state = self.writer(torch.cat([self.note(before), told[:, : low + 1]], -1))
        for at in range(low, high):
            flat[:, at] = choose(self.out(seen[:, -1]).log_softmax(-1), flat[:, :at])
            if at + 1 < high:
                following = torch.cat([self.note(flat[:, at : at + 1]), told[:, at + 1 : at + 2]], -1)
                seen, state = self.writer(following, state)
        return bars

    def _tick(self, flat: torch.Tensor) -> torch.Tensor:
        place = torch.arange(flat.shape[1], device=flat.device) % self.bar_ticks
        return self.tick(place).expand(len(flat), -1, -1)

    def _ahead(self, flat: torch.Tensor, bound: torch.Tensor) -> torch.Tensor:
        told = torch.cat([self.constraint(torch.where(bound, flat, FREE)), self._tick(flat)], -1)
        return self.ahead(told.flip(1))[0].flip(1)
