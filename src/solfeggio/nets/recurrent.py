"""Recurrent trunk: LSTM or GRU layers over frames."""

from __future__ import annotations

import torch
from torch import nn


class RecurrentTrunk(nn.Module):
    """Stacked LSTM, (batch, channels, frame) to (batch, out, frame); ``out`` is ``width``, doubled if bidirectional.

    channels: in. width: cells per direction. depth: layers. causal: forward direction only. gated: GRU cells instead.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        depth: int,
        dropout: float = 0.1,
        causal: bool = False,
        gated: bool = False,
    ):
        super().__init__()
        self.lstm = (nn.GRU if gated else nn.LSTM)(
            channels, width, depth, batch_first=True, bidirectional=not causal, dropout=dropout if depth > 1 else 0.0
        )
        self.out = width if causal else 2 * width

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, out, frame)."""
        return self.lstm(x.transpose(1, 2))[0].transpose(1, 2)
