"""Going down a cost that never rises: momentum with a safety net, and the divergences of nonnegative factors.

All arithmetic here runs on numpy arrays and on torch tensors, on any device, and imports no torch: the functions come
from the module that the array itself comes from.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from solfeggio.errors import unknown

Array = Any  # a numpy array or a torch tensor; whatever comes in goes out
Pair = tuple[Array, Array]

COSTS = ("kl", "euclidean", "is")
FLOOR = 1e-12  # of data whose mean is 1: a constant part of every model, so that nothing is divided by 0
MOST_MOMENTUM = 0.9  # on recordings more overshoots, and the way back costs more than it gains
CACHE_BYTES = 2**18  # of a block of frames, which then stays in a core's second cache


def namespace(array: Array) -> ModuleType:
    """Return the module of the array's functions, numpy or torch, whichever made it.

    >>> import numpy as np
    >>> namespace(np.zeros(1)).__name__
    'numpy'
    """
    return sys.modules[type(array).__module__.partition(".")[0]]


def like(values: Array, model: Array) -> Array:
    """Copy ``values`` into an array of the kind, type and device of ``model``."""
    if hasattr(model, "new_tensor"):
        values = values.detach() if hasattr(values, "detach") else namespace(model).as_tensor(values)
        return values.to(model, copy=True)
    return namespace(model).array(values, dtype=model.dtype)


def blocks(v: Array) -> Iterator[slice]:
    """Cut the first axis into pieces that a cache holds; on an accelerator it stays in one piece."""
    size = len(v)
    if str(getattr(v, "device", "cpu")) == "cpu" and len(v):
        size = max(1, CACHE_BYTES // max(1, v[0].nbytes))
    return (slice(i, min(i + size, len(v))) for i in range(0, len(v), max(1, size)))


def check_cost(cost: str) -> None:
    """Raise ConfigError for a cost that is not one of ``COSTS``."""
    if cost not in COSTS:
        raise unknown("cost", cost, COSTS)


def divergence(v: Array, w: Array, h: Array, cost: str) -> float:
    """Measure how far ``h @ w`` is from ``v``: sums over all entries.

    v: (frame, bin). w: (rank, bin). h: (frame, rank). "kl": ``v log(v / r) - v + r``; "euclidean": half the squared
    difference; "is" (Itakura-Saito): ``v / r - log(v / r) - 1``. Where ``r`` would be 0, it is ``FLOOR``.
    """
    xp, total = namespace(v), 0.0
    for part in blocks(v):
        data, r = v[part], h[part] @ w
        if cost == "euclidean":
            r -= data
            r *= r
            total += 0.5 * float(r.sum())
            continue
        r += FLOOR
        if cost == "kl":
            total += float(r.sum()) - float(data.sum())
            xp.divide(data, r, out=r)
            r += 1e-37  # 0 log 0 is 0
            xp.log(r, out=r)
            r *= data
            total += float(r.sum())
        else:
            xp.divide(data, r, out=r)
            total += float(r.sum()) - float(xp.log(r).sum()) - r.shape[0] * r.shape[1]
    return total


def split_gradient(v: Array, w: Array, h: Array, cost: str, over: str) -> Pair:
    """Split the cost's gradient into two parts that are never negative: ``(what pulls up, what pulls down)``.

    v: (frame, bin). w: (rank, bin). h: (frame, rank). over: "activations" (both parts are like ``h``) or "templates"
    (like ``w``). One product ``h @ w`` and one division serve both parts; ``v`` is passed block by block.
    """
    xp = namespace(v)
    up = xp.zeros_like(h if over == "activations" else w)
    down = xp.zeros_like(up)
    for part in blocks(v):
        data, rows = v[part], h[part]
        r = rows @ w
        if cost == "euclidean":
            pulls = [(up, data), (down, r)]
        elif cost == "kl":
            r += FLOOR
            pulls = [(up, xp.divide(data, r, out=r))]
        else:
            r += FLOOR
            xp.reciprocal(r, out=r)
            ratio = data * r
            ratio *= r
            pulls = [(up, ratio), (down, r)]
        for target, weight in pulls:
            if over == "activations":
                target[part] = weight @ w.T
            else:
                target += rows.T @ weight
    if cost == "kl":
        down += w.sum(1) if over == "activations" else h.sum(0)[:, None]
    return up, down


def multiply(x: Array, up: Array, down: Array, cost: str) -> Array:
    """Return ``x`` after the multiplicative update: ``x * (up / down) ** gamma``; where nothing pulls, ``x`` stays.

    gamma is 1 for "kl" and "euclidean" and 1/2 for "is": the exponents for which the cost is known never to rise,
    Fevotte and Idier, "Algorithms for nonnegative matrix factorization with the beta-divergence", Neural Computation
    23(9), 2011, theorem 1 with gamma(beta) = 1 / (2 - beta) below beta = 1.
    """
    xp = namespace(x)
    pulled = down > 1e-30
    ratio = xp.where(pulled, up / xp.where(pulled, down, 1), 1).clip(0.0, 1e6)  # part of the way down is down too
    return x * (xp.sqrt(ratio) if cost == "is" else ratio)


def extrapolate(now: Array, before: Array, momentum: float) -> Array:
    """Go further the way that led from ``before`` to ``now``, by factors, so that zeros stay and signs cannot turn."""
    if now is before:  # held
        return now
    ratio = now / namespace(now).where(before > 0, before, 1)
    return now * ratio.clip(0.2, 5.0) ** momentum


def descend(
    step: Callable[[Pair], Pair],
    cost: Callable[[Pair], float],
    factors: Pair,
    *,
    iterations: int,
    every: int,
    tolerance: float,
    until: float,
    accelerate: bool,
) -> tuple[Pair, list[float]]:
    """Repeat ``step``, which never raises the cost, and look at the cost ``every`` so many steps.

    accelerate: each step starts from where momentum n / (n + 3), at most ``MOST_MOMENTUM``, carries the factors, as
    Nesterov's; if a look finds the cost risen, the factors go back to the last look, and the steps up to the next one
    are plain. So the costs of the looks, which are returned (the first before any step), never rise; without momentum
    they fall step by step.
    Stops when a look finds the cost fallen by less than the ``tolerance``-th part of it, or at ``until``.

    The idea of momentum with a return for multiplicative updates: Hien, Leplat and Gillis, "Block majorization
    minimization with extrapolation and application to beta-NMF", 2024; here it acts on logarithms.
    """
    costs = [cost(factors)]
    safe, before = factors, factors
    age = plain = done = 0
    while done < iterations and costs[-1] > until:
        for _ in range(min(every, iterations - done)):
            start = factors
            if accelerate and not plain and age:
                share = min(MOST_MOMENTUM, age / (age + 3))
                start = extrapolate(factors[0], before[0], share), extrapolate(factors[1], before[1], share)
            before, factors = factors, step(start)
            done, age = done + 1, age + 1
        found = cost(factors)
        if not found <= costs[-1]:
            factors = before = safe
            age = 0
            if plain or not accelerate:  # what is left is rounding
                break
            plain = 1
            continue
        costs.append(found)
        safe = factors
        if plain:
            before, age = factors, 0
        elif costs[-2] - found <= tolerance * costs[-2]:
            break
        plain = 0
    return safe, costs
