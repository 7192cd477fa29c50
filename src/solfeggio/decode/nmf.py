"""Nonnegative matrix factorisation: a spectrogram as a few templates, each switched on and off by its activation.

numpy arrays and torch tensors both work, in float32 and float64, on the device they are on.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from solfeggio.decode.descent import Array, Pair, blocks, check_cost, descend, divergence, like, multiply, namespace
from solfeggio.decode.descent import split_gradient as split
from solfeggio.errors import AnswerError, ConfigError, unknown

ADAPT = ("none", "am1", "am2")
QUIETEST = 1e-8  # of the mean: what Itakura-Saito, which knows no zero, takes silence for


class Factors(NamedTuple):
    """What a factorisation found: ``v ~ templates @ activations``.

    templates: (bin, rank), or (bin, rank, frames) if convolutive; those that were free sum to 1. activations: (rank,
    frame). costs: at the start and at each look; they never rise.
    """

    templates: Array
    activations: Array
    costs: list[float]


def nmf(
    v: Array,
    rank: int | None = None,
    *,
    cost: str = "kl",
    iterations: int = 200,
    templates: Array | None = None,
    activations: Array | None = None,
    fixed: int = 0,
    fixed_activations: int = 0,
    tolerance: float = 1e-4,
    every: int = 10,
    until: float = 0.0,
    accelerate: bool = True,
    seed: int = 0,
) -> Factors:
    """Factorise a spectrogram; the cost never rises.

    v: (bin, frame), never negative. rank: templates in all; by default as many as are given. cost: "kl", "euclidean" or
    "is", see ``descent.divergence``. templates: (bin, n) and activations: (n, frame), n up to the rank, to start from;
    the others are drawn from ``seed``. Where a start is 0 it stays 0, which is how masks are given. fixed: how many of
    the first templates stay as they are (a dictionary: all of them); fixed_activations: the same of activations.
    tolerance, every: stop when ``every`` iterations lower the cost by less than this part of it. until: stop at this
    cost. accelerate: momentum,
    and for "euclidean" two sweeps of exact coordinate steps (Cichocki and Phan 2009) per product with ``v`` (Gillis
    and Glineur 2012); False: the plain multiplicative updates of Lee and Seung 2001 and Fevotte and Idier 2011,

        kl         h * (w' (v / r)) / (w' 1)
        euclidean  h * (w' v) / (w' w h)
        is         h * ((w' (v / r^2)) / (w' (1 / r))) ** 0.5

    with ``r = w h``, activations first, and the like for templates. Silence gives activations of 0 and cost 0; a
    template of zeros stays unused. For "is", what is below 1e-8 of the mean of ``v`` counts as that much.
    Raises AnswerError for ``v`` that is no such matrix, ConfigError for a start that does not fit.

    >>> v = np.outer([1.0, 3.0], [0.0, 4.0, 8.0])
    >>> found = nmf(v, 1)
    >>> np.round(found.templates[:, 0], 3), np.round(found.activations[0], 3)
    (array([0.25, 0.75]), array([ 0., 16., 32.]))
    """
    check_cost(cost)
    v = spectrogram(v)
    w, h, scale = start(v, rank, templates, activations, seed, (fixed, fixed_activations))
    if scale == 0:
        return Factors(normalised(w, h, fixed)[0].T, namespace(v).zeros_like(h).T, [0.0])
    data = frames_first(v, scale, cost)
    held = (fixed, fixed_activations)
    euclidean = _Euclidean(data, held, accelerate)

    def step(factors: Pair) -> Pair:
        return euclidean.step(factors) if cost == "euclidean" else _multiplicative(data, *factors, cost, held)

    def measure(factors: Pair) -> float:
        return euclidean.measure(factors) if cost == "euclidean" else divergence(data, *factors, cost)

    stop: dict[str, Any] = {
        "iterations": iterations,
        "every": every,
        "tolerance": tolerance,
        "until": until / cost_scale(scale, cost),
    }
    (w, h), costs = descend(step, measure, (w, h / scale), accelerate=accelerate, **stop)
    if not fixed_activations:
        w, h = normalised(w, h, fixed)
    return Factors(w.T, (h * scale).T, [value * cost_scale(scale, cost) for value in costs])


def partially_fixed(
    v: Array,
    templates: Array,
    extra: int,
    cost: str = "kl",
    iterations: int = 100,
    adapt: str = "none",
    *,
    rounds: int = 5,
    correlated: float = 0.5,
    seed: int = 0,
) -> tuple[Array, Array]:
    """Explain a spectrogram by known templates and ``extra`` free ones for all the rest.

    v: (bin, frame). templates: (bin, n), of drums for example; they are brought to sum 1. iterations: of each round.
    adapt: "none"; "am1": after each round k each known template moves by 1/2^k towards the mean of the free ones,
    weighted by the cosine, whose activations have a cosine of more than ``correlated`` with its own; "am2": the known
    activations are held while all templates and the free activations learn, then the known templates are held again; a
    0 in them stays. Both end, after ``rounds`` at most, when nothing moves; each round starts from the last. Returns
    (bin, n + extra) templates that sum to 1 and (n + extra, frame) activations, known first.

    Source: Wu and Lerch, "Drum transcription using partially fixed non-negative matrix factorization with template
    adaptation", ISMIR 2015, where the two are adaptation methods 1 and 2.

    >>> v = np.outer([1.0, 0.0, 0.0], [1.0, 0.0, 1.0]) + np.outer([0.0, 1.0, 2.0], [1.0, 1.0, 0.0])
    >>> found = partially_fixed(v, np.array([[1.0], [0.0], [0.0]]), 1)
    >>> np.abs(found[1][0] - [1, 0, 1]).max() < 0.01
    np.True_
    """
    if adapt not in ADAPT:
        raise unknown("adaptation", adapt, ADAPT)
    v = spectrogram(v)
    known = np.shape(templates)[1] if np.ndim(templates) == 2 else -1
    if known < 0 or extra < 0:
        raise ConfigError(f"{extra} free templates beside {np.shape(templates)}", "expected 0 or more, (bin, n)")
    settings: dict[str, Any] = {"cost": cost, "iterations": iterations, "seed": seed}
    found = nmf(v, known + extra, templates=_unit(templates, v), fixed=known, **settings)
    for number in range(1, rounds + 1 if adapt != "none" and known else 1):
        w, h, costs = found
        if adapt == "am1":
            alike = _cosine(h[:known], h[known:])
            alike = alike * (alike > correlated)
            count = (alike > 0).sum(1)
            if not bool(count.any()):
                break
            moved = (w[:, known:] @ alike.T) / count.clip(1)
            share = 0.5**number * (count > 0)
            w[:, :known] = _unit((1 - share) * w[:, :known] + share * moved, v)
        else:
            loose = nmf(v, templates=w, activations=h, fixed_activations=known, **settings)
            w, h = (x.T for x in normalised(loose.templates.T, loose.activations.T, 0))
        found = nmf(v, templates=w, activations=h, fixed=known, **settings)
        if abs(costs[-1] - found.costs[-1]) <= 1e-3 * costs[-1]:
            break
    return found.templates, found.activations


def spectrogram(v: Array) -> Array:
    """Check (bin, frame) numbers that are never negative; whole numbers and lists become float64.

    Raises AnswerError for anything else.
    """
    v = v.detach() if hasattr(v, "detach") else np.asarray(v)
    if str(v.dtype).rpartition(".")[2] not in ("float32", "float64"):
        v = v.double() if hasattr(v, "double") else v.astype(np.float64)
    if v.ndim != 2 or (0 not in v.shape and not (float(v.min()) >= 0 and float(v.max()) < float("inf"))):
        raise AnswerError(
            f"a spectrogram of shape {tuple(v.shape)}",
            "expected (bin, frame) finite numbers, none negative",
            "pass magnitudes",
        )
    return v


def start(
    v: Array, rank: int | None, templates: Array | None, activations: Array | None, seed: int, held: tuple[int, int]
) -> tuple[Array, Array, float]:
    """Return (rank, bin) templates and (frame, rank) activations to start from, and the mean of ``v``."""
    given = [0 if x is None else np.shape(x)[axis] for x, axis in ((templates, 1), (activations, 0))]
    rank = max(given) if rank is None else rank
    bins, frames = v.shape
    for name, x, shape in (
        ("templates", templates, (bins, given[0])),
        ("activations", activations, (given[1], frames)),
    ):
        if x is not None and (tuple(x.shape) != shape or bool((x < 0).any())):
            raise ConfigError(f"{name} of shape {tuple(x.shape)}", f"expected {shape}, none negative")
    if rank < max(given) or (templates is None and activations is None and rank < 1):
        raise ConfigError(f"rank {rank}", f"expected at least 1 and the {max(given)} that are given")
    if not all(0 <= n <= have for n, have in zip(held, given, strict=True)):
        raise ConfigError(f"{held} templates and activations fixed", f"{given} are given", "give what is to be fixed")
    scale = float(v.mean()) if bins and frames else 0.0
    rng = np.random.default_rng(seed)
    w = like(rng.uniform(0.5, 1.5, (rank, bins)) / max(1, bins), v)
    h = like(rng.uniform(0.5, 1.5, (frames, rank)) * (scale * bins / max(1, rank)), v)
    if templates is not None:
        w[: given[0]] = like(templates, v).T
        total = w.sum(1)
        h = h / namespace(v).where(total > 0, total, 1)
    if activations is not None:
        h[:, : given[1]] = like(activations, v).T
    return w, h, scale


def frames_first(v: Array, scale: float, cost: str) -> Array:
    """Return ``v / scale`` as (frame, bin) that lie one after the other where blocks pass; for "is" without zeros."""
    if cost == "euclidean":  # only matrix products read it, and they read either way
        return v.T / scale
    turned = v.T.contiguous() if hasattr(v, "contiguous") else np.ascontiguousarray(v.T)
    data = turned / scale
    return data.clip(QUIETEST) if cost == "is" else data


def cost_scale(scale: float, cost: str) -> float:
    """Return what a cost of ``v / scale`` must be multiplied by to be that of ``v``."""
    return {"kl": scale, "euclidean": scale**2, "is": 1.0}[cost]


def normalised(w: Array, h: Array, held: int) -> Pair:
    """Bring all but the first ``held`` rows of ``w`` to sum 1, and ``h`` with them; rows of zeros stay."""
    total = w.sum(1)
    total[:held] = 1
    total = namespace(w).where(total > 0, total, 1)
    return w / total[:, None], h * total


def _multiplicative(v: Array, w: Array, h: Array, cost: str, held: tuple[int, int]) -> Pair:
    if held[1] < len(w):
        new = multiply(h, *split(v, w, h, cost, "activations"), cost)
        new[:, : held[1]] = h[:, : held[1]]
        h = new
    if held[0] < len(w):
        new = multiply(w, *split(v, w, h, cost, "templates"), cost)
        new[: held[0]] = w[: held[0]]
        w = new
    return w, h


class _Euclidean:
    """Steps by Gram matrices: ``v`` is multiplied once for each side that moves, and never for the cost."""

    def __init__(self, v: Array, held: tuple[int, int], exact: bool):
        self.v, self.held, self.solve = v, held, _coordinates if exact else _lee_seung
        self.energy = sum(float((part * part).sum()) for part in (v.T[cut] for cut in blocks(v.T)))
        self.pulled: Pair | None = None  # of templates that are all fixed: v w', w w'
        self.last: tuple[Array, ...] = ()  # templates, activations, and what v and the model share

    def step(self, factors: Pair) -> Pair:
        w, h = factors
        rank = len(w)
        if self.held[1] < rank:
            product, gram = self.pulled or (self.v @ w.T, w @ w.T)
            if self.held[0] == rank:
                self.pulled = product, gram
            h = self.solve(h.T, product.T, gram, self.held[1]).T
            self.last = w, h, product * h
        if self.held[0] < rank:
            product = h.T @ self.v
            w = self.solve(w, product, h.T @ h, self.held[0])
            self.last = w, h, product * w
        return w, h

    def measure(self, factors: Pair) -> float:
        w, h = factors
        if not self.last or self.last[0] is not w or self.last[1] is not h:
            return divergence(self.v, w, h, "euclidean")
        double = namespace(w).float64
        shared = float(self.last[2].sum(dtype=double))
        own = float(((h.T @ h) * (w @ w.T)).sum(dtype=double))
        found = 0.5 * (self.energy - 2 * shared + own)
        # where little is left of large numbers, count what is left itself
        return found if found > 0.01 * self.energy else divergence(self.v, w, h, "euclidean")


def _lee_seung(x: Array, product: Array, gram: Array, held: int) -> Array:
    new = multiply(x, product, gram @ x, "euclidean")
    new[:held] = x[:held]
    return new


def _coordinates(x: Array, product: Array, gram: Array, held: int) -> Array:
    """Minimise over one row after the other, twice; rows stay just above 0 where they were, and 0 where they were."""
    xp = namespace(x)
    x, alive = x + 0, (x > 0) * 1e-16
    diagonal = xp.diagonal(gram)
    diagonal = xp.where(diagonal > 0, diagonal, 1)[:, None]
    product, gram = product / diagonal, gram / diagonal
    for _ in range(2):
        for k in range(held, len(x)):
            row = x[k] + product[k] - gram[k] @ x
            x[k] = xp.where(row > alive[k], row, alive[k]) * (alive[k] > 0)
    return x


def _unit(templates: Array, v: Array) -> Array:
    w = like(templates, v)
    total = w.sum(0)
    return w / namespace(v).where(total > 0, total, 1)


def _cosine(a: Array, b: Array) -> Array:
    lengths = ((a * a).sum(1)[:, None] * (b * b).sum(1)[None]) ** 0.5
    return (a @ b.T) / namespace(a).where(lengths > 0, lengths, 1)
