"""Sampling: from what a writer thinks of each token to the token it writes, (..., classes) at a time.

The order is fixed: what is forbidden goes, then temperature, then the ``top_k`` likeliest, then the smallest set of
likeliest tokens that holds ``top_p`` (Holtzman et al., "The curious case of neural text degeneration", ICLR 2020).
Chance comes from outside as uniform numbers, so the same numbers write the same again.
"""

from __future__ import annotations

import numpy as np

from solfeggio.errors import ConfigError


def choose(
    logits: np.ndarray,
    uniform: np.ndarray | float,
    *,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    allowed: np.ndarray | None = None,
) -> np.ndarray:
    """Write a token for each row of logits: (..., classes) and uniform (...) in [0, 1) to (...) indices.

    temperature: 0 takes the likeliest. top_k: 0 keeps all. allowed: true for the tokens that may be written,
    broadcast to the logits. Raises ConfigError for settings out of range or where nothing is allowed.

    >>> logits = np.log([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]])
    >>> choose(logits, np.array([0.4, 0.9])), choose(logits, np.array([0.4, 0.9]), top_k=2)
    (array([0, 2]), array([0, 1]))
    """
    shares = weigh(logits if allowed is None else forbid(logits, allowed), temperature)
    if top_k:
        shares = keep_top(shares, top_k)
    if top_p < 1:
        shares = keep_nucleus(shares, top_p)
    return draw(shares, uniform)


def forbid(logits: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Make what is not allowed impossible; raises ConfigError where that would leave nothing."""
    allowed = np.broadcast_to(np.asarray(allowed, bool), np.shape(logits))
    if not allowed.any(-1).all():
        raise ConfigError("no token is allowed", "the constraints exclude each other", "loosen one of them")
    return np.where(allowed, logits, -np.inf)


def weigh(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Turn logits into shares that sum to one; low temperatures sharpen, high ones flatten, 0 takes the likeliest.

    >>> weigh(np.array([1.0, 3.0, 3.0]), 0)
    array([0., 1., 0.])
    """
    if not 0 <= temperature < np.inf:
        raise ConfigError(f"temperature {temperature}", "it must be 0 or more", "1 is as learned, 0 the likeliest")
    given = np.asarray(logits, float)
    if temperature == 0:
        return (np.arange(given.shape[-1]) == given.argmax(-1)[..., None]).astype(float)
    raised = np.exp((given - given.max(-1, keepdims=True)) / temperature)
    return raised / raised.sum(-1, keepdims=True)


def keep_top(shares: np.ndarray, count: int) -> np.ndarray:
    """Keep the ``count`` likeliest; of equals the first. They sum to one again.

    >>> keep_top(np.array([0.25, 0.5, 0.25]), 2).round(3)
    array([0.333, 0.667, 0.   ])
    """
    if count < 1:
        raise ConfigError(f"top_k {count}", "at least one token must be left", "0 in a writer's options keeps all")
    ranks = (-shares).argsort(-1, kind="stable").argsort(-1, kind="stable")
    return _normal(np.where(ranks < count, shares, 0.0))


def keep_nucleus(shares: np.ndarray, mass: float) -> np.ndarray:
    """Keep the fewest likeliest that together hold ``mass``; of equals the first. They sum to one again.

    >>> keep_nucleus(np.array([0.2, 0.5, 0.3]), 0.6)
    array([0.   , 0.625, 0.375])
    """
    if not 0 < mass <= 1:
        raise ConfigError(f"top_p {mass}", "it is a share above 0, at most 1", "0.9 is usual")
    order = (-shares).argsort(-1, kind="stable")
    ranked = np.take_along_axis(shares, order, -1)
    before = ranked.cumsum(-1) - ranked  # what the likelier ones hold already
    kept = np.take_along_axis(before < mass - 1e-12, order.argsort(-1, kind="stable"), -1)
    return _normal(np.where(kept, shares, 0.0))


def draw(shares: np.ndarray, uniform: np.ndarray | float) -> np.ndarray:
    """Pick by the inverse of the distribution: the first token at which the sum of shares exceeds ``uniform``.

    >>> draw(np.array([[0.5, 0.0, 0.5], [0.5, 0.0, 0.5]]), np.array([0.49, 0.5]))
    array([0, 2])
    """
    sums = shares.cumsum(-1)
    place = np.asarray(uniform)[..., None] * sums[..., -1:]
    last = shares.shape[-1] - 1 - (shares > 0)[..., ::-1].argmax(-1)  # rounding never leads beyond what is possible
    return np.minimum((sums <= place).sum(-1), last)


def _normal(shares: np.ndarray) -> np.ndarray:
    return shares / shares.sum(-1, keepdims=True)
