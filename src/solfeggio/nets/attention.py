"""Attention trunk: a small transformer encoder with rotary positions, so length may differ from training."""

from __future__ import annotations

import torch
from torch import nn


def rotate(x: torch.Tensor) -> torch.Tensor:
    """Turn pairs of features by an angle that grows with the frame (rotary position embedding, Su and others 2021).

    Shape: (batch, head, frame, feature) in and out; feature is even.
    """
    frames, features = x.shape[-2:]
    rate = 10000 ** (-torch.arange(0, features, 2, device=x.device, dtype=x.dtype) / features)
    angle = torch.arange(frames, device=x.device, dtype=x.dtype)[:, None] * rate
    even, odd = x[..., ::2], x[..., 1::2]
    turned = (even * angle.cos() - odd * angle.sin(), even * angle.sin() + odd * angle.cos())
    return torch.stack(turned, -1).flatten(-2)


class Block(nn.Module):
    """Pre-norm self-attention and feed-forward, each with a residual."""

    def __init__(self, width: int, heads: int, dropout: float, causal: bool):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.before_attention, self.before_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project, self.merge = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.feed = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape: (batch, frame, width) in and out."""
        q, k, v = self.project(self.before_attention(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        seen = nn.functional.scaled_dot_product_attention(rotate(q), rotate(k), v, is_causal=self.causal)
        x = x + self.dropout(self.merge(seen.transpose(1, 2).flatten(2)))
        return x + self.dropout(self.feed(self.before_feed(x)))


class AttentionTrunk(nn.Module):
    """Transformer encoder over frames. Shape: (batch, width, frame) in and out."""

    def __init__(self, width: int, depth: int, heads: int = 4, dropout: float = 0.1, causal: bool = False):
        super().__init__()
        self.blocks = nn.Sequential(*[Block(width, heads, dropout, causal) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, width, frame)."""
        return self.norm(self.blocks(x.transpose(1, 2))).transpose(1, 2)
