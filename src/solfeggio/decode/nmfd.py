"""Convolutive NMF (NMF deconvolution): templates that last several frames, as a drum's sound does."""

from __future__ import annotations

from typing import Any

import numpy as np

from solfeggio.decode.descent import Array, Pair, check_cost, descend, divergence, like, multiply, namespace
from solfeggio.decode.descent import split_gradient as split
from solfeggio.decode.nmf import Factors, cost_scale, frames_first, spectrogram
from solfeggio.errors import ConfigError


def nmfd(
    v: Array,
    rank: int | None = None,
    length: int | None = None,
    *,
    cost: str = "kl",
    iterations: int = 100,
    templates: Array | None = None,
    activations: Array | None = None,
    fixed: int = 0,
    tolerance: float = 1e-4,
    every: int = 10,
    until: float = 0.0,
    accelerate: bool = True,
    seed: int = 0,
) -> Factors:
    """Factorise a spectrogram into templates of ``length`` frames that each activation starts anew; cost never rises.

    v: (bin, frame). templates: (bin, n, length) to start from, n up to the rank; activations: (n, frame); the others
    are drawn from ``seed``; zeros stay. fixed: how many of the first templates stay as they are. Else as in ``nmf``.
    Returns templates (bin, rank, length), each that was free of sum 1, and activations (rank, frame), whose frame is
    the first of the template's. Both updates minimise a bound of the whole cost: the activations' gathers what all
    frames of a template say, as one, where the usual mean of one update per frame may raise the cost.
    Raises AnswerError and ConfigError as ``nmf`` does.

    Source: Smaragdis, "Non-negative matrix factor deconvolution", ICA 2004; updates for all costs as Fevotte and Idier
    2011, the convolution written as one product with the activations of the last ``length`` frames side by side.

    >>> v = np.array([[2.0, 1.0, 0.0, 4.0, 2.0]])
    >>> found = nmfd(v, 1, 2, iterations=1000, tolerance=0)
    >>> np.abs(reconstruct(found.templates, found.activations) - v).max() < 0.01
    np.True_
    """
    check_cost(cost)
    v = spectrogram(v)
    w, h, scale = _start(v, rank, length, templates, activations, fixed, seed)
    size, count = w.shape[:2]

    def step(factors: Pair) -> Pair:
        return _step(data, *factors, cost, fixed)

    def measure(factors: Pair) -> float:
        w, h = factors
        return divergence(data, _flat(w), beside(h, size), cost)

    costs = [0.0]
    if scale == 0:
        h = namespace(v).zeros_like(h)
    else:
        data = frames_first(v, scale, cost)
        h = h / scale
        stop: dict[str, Any] = {"iterations": iterations, "every": every, "tolerance": tolerance}
        level = cost_scale(scale, cost)
        (w, h), costs = descend(step, measure, (w, h), until=until / level, accelerate=accelerate, **stop)
        h, costs = h * scale, [value * level for value in costs]
    total = w.sum(2).sum(0)
    total = namespace(v).where(total > 0, total, 1)
    total[:fixed] = 1
    if count:
        w, h = w / total[None, :, None], h * total
    return Factors(w.swapaxes(0, 2), h.T, costs)


def reconstruct(templates: Array, activations: Array) -> Array:
    """Return the (bin, frame) model of (bin, rank, length) templates and (rank, frame) activations.

    >>> reconstruct(np.array([[[1.0, 0.5]]]), np.array([[1.0, 0.0, 2.0]]))
    array([[1. , 0.5, 2. ]])
    """
    w = templates.swapaxes(0, 2)
    return (beside(activations.T, len(w)) @ _flat(w)).T


def beside(h: Array, length: int) -> Array:
    """Put (frame, rank) activations of a frame and the ``length - 1`` before side by side: (frame, length * rank)."""
    frames, rank = h.shape
    wide = namespace(h).concatenate([h] * length, 1)
    wide *= 0
    for lag in range(min(length, frames)):
        wide[lag:, lag * rank : (lag + 1) * rank] = h[: frames - lag]
    return wide


def _back(wide: Array, length: int) -> Array:
    """Sum what ``beside`` put side by side: its transpose."""
    frames, rank = wide.shape[0], wide.shape[1] // length
    total = wide[:, :rank] + 0
    for lag in range(1, min(length, frames)):
        total[: frames - lag] += wide[lag:, lag * rank : (lag + 1) * rank]
    return total


def _flat(w: Array) -> Array:
    return w.reshape(w.shape[0] * w.shape[1], w.shape[2])


def _step(v: Array, w: Array, h: Array, cost: str, fixed: int) -> Pair:
    size, rank = w.shape[:2]
    up, down = split(v, _flat(w), beside(h, size), cost, "activations")
    h = multiply(h, _back(up, size), _back(down, size), cost)
    if fixed < rank:
        flat = _flat(w)
        new = multiply(flat, *split(v, flat, beside(h, size), cost, "templates"), cost).reshape(w.shape)
        new[:, :fixed] = w[:, :fixed]
        w = new
    return w, h


def _start(
    v: Array,
    rank: int | None,
    length: int | None,
    templates: Array | None,
    activations: Array | None,
    fixed: int,
    seed: int,
) -> tuple[Array, Array, float]:
    """Return (length, rank, bin) templates and (frame, rank) activations to start from, and the mean of ``v``."""
    bins, frames = v.shape
    given = 0 if templates is None else templates.shape[1]
    played = 0 if activations is None else activations.shape[0]
    rank = max(given, played) if rank is None else rank
    length = length or (0 if templates is None else templates.shape[-1])
    for name, x, shape in (
        ("templates", templates, (bins, given, length)),
        ("activations", activations, (played, frames)),
    ):
        if x is not None and (tuple(x.shape) != shape or bool((x < 0).any())):
            raise ConfigError(f"{name} of shape {tuple(x.shape)}", f"expected {shape}, none negative")
    if rank < max(given, played, 1) or length < 1 or not 0 <= fixed <= given:
        raise ConfigError(
            f"rank {rank}, length {length}, {fixed} fixed",
            f"expected at least 1, {given} templates and {played} activations are given",
        )
    scale = float(v.mean()) if bins and frames else 0.0
    rng = np.random.default_rng(seed)
    w = like(rng.uniform(0.5, 1.5, (length, rank, bins)) / max(1, bins * length), v)
    h = like(rng.uniform(0.5, 1.5, (frames, rank)) * (scale * bins / rank), v)
    if templates is not None:
        w[:, :given] = like(templates, v).swapaxes(0, 2)
        total = w.sum(2).sum(0)
        h = h / namespace(v).where(total > 0, total, 1)
    if activations is not None:
        h[:, :played] = like(activations, v).T
    return w, h, scale
