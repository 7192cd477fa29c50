"""Losses on frame-wise logits."""

from __future__ import annotations

import torch
from torch.nn.functional import max_pool1d, softplus


def shift_tolerant_bce(
    logits: torch.Tensor, targets: torch.Tensor, tolerance_frames: int, positive_weight: float = 1.0
) -> torch.Tensor:
    """Binary cross-entropy that forgives small timing errors of sparse events.

    An event is found if any frame within ``tolerance_frames`` of it says so; frames that near to an event are not
    punished; all others must be silent. logits, targets: (batch, frame, label), targets 0 or 1. ``positive_weight``
    multiplies the events' part. Returns (label,) means over all frames. With tolerance 0 it is plain weighted
    cross-entropy. After Foscarin, Schlueter and Widmer 2024.
    """
    width = 2 * tolerance_frames + 1
    x, y = logits.transpose(1, 2), targets.transpose(1, 2)
    best = max_pool1d(x, width, stride=1, padding=tolerance_frames)
    near = max_pool1d(y, width, stride=1, padding=tolerance_frames)
    parts = positive_weight * softplus(-best) * y + softplus(x) * (1 - near)
    return parts.mean(dim=(0, 2))
