"""Pooling: many frames become one, by their mean, by the strongest, or by attention.

Shape of what is pooled: (..., frame, label), to (..., label).
"""

from __future__ import annotations

import torch

LEAST = 1e-7  # that attention is divided by, where a whole clip gets next to none


def mean_pool(scores: torch.Tensor) -> torch.Tensor:
    """Mean over frames: each says the same.

    >>> mean_pool(torch.tensor([[0.0], [1.0]]))
    tensor([0.5000])
    """
    return scores.mean(-2)


def max_pool(scores: torch.Tensor) -> torch.Tensor:
    """Strongest frame of each label: one is enough.

    >>> max_pool(torch.tensor([[0.0, 3.0], [1.0, 2.0]]))
    tensor([1., 3.])
    """
    return scores.amax(-2)


def attention_weights(logits: torch.Tensor) -> torch.Tensor:
    """Weights of the frames, for each label apart: sigmoids, divided by their sum over the frames.

    logits: (..., frame, label). Returns weights of the same shape, 0 to 1, which sum to 1 over the frames. Source:
    Gururani, Sharma and Lerch, "An attention mechanism for musical instrument recognition" (ISMIR 2019).

    >>> attention_weights(torch.zeros(4, 1)).flatten()
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    attention = logits.sigmoid()
    return attention / attention.sum(-2, keepdim=True).clamp_min(LEAST)


def attention_pool(scores: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """Mean of scores in 0..1, weighed by ``attention_weights(logits)``, both (..., frame, label); stays in 0..1."""
    return (attention_weights(logits) * scores).sum(-2).clamp(0.0, 1.0)
