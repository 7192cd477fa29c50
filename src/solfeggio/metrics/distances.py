"""Two sets of things by their distances: within each set, between the sets, and how far the two kinds agree.

A generated set is like a real one when its pieces are as far from real pieces as real pieces are from each other, and
as far from each other, too. Distances are smoothed by Gaussian kernels of Scott's width, as scipy's ``gaussian_kde``.
Source: Yang and Lerch 2020, "On the evaluation of generative models in music".
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from solfeggio.errors import ConfigError

POINTS = 1000  # of each grid, as published
MARGIN = 4.0  # widths of the kernel that the common grid goes beyond the data
FLOOR = 1e-12  # share of the mass at one point of the grid below which the corrected divergence does not look
ORDER, BOXES = 16, 4  # terms of the series, boxes a width: 1e-12 of the sum, 1e-6 where it is nearly nothing


class Distances(NamedTuple):
    """Euclidean distances: intra_a and intra_b of each unordered pair in a set, inter of each pair across, all 1-D."""

    intra_a: np.ndarray
    intra_b: np.ndarray
    inter: np.ndarray


def distances(a: np.ndarray, b: np.ndarray) -> Distances:
    """Measure all pairs of two sets of features: (n, ...) and (m, ...) arrays of one shape a thing.

    Every distance inside a set stands once, where leaving one out in turn meets it twice. Raises ConfigError when the
    shapes differ.

    >>> [d.tolist() for d in distances(np.array([0.0, 3.0]), np.array([1.0]))]
    [[3.0], [], [1.0, 2.0]]
    """
    from scipy.spatial.distance import cdist, pdist

    if a.shape[1:] != b.shape[1:]:
        raise ConfigError(f"sets of shapes {a.shape} and {b.shape}", "all things need features of one shape")
    left, right = (np.asarray(x, float).reshape(len(x), math.prod(x.shape[1:])) for x in (a, b))
    used = left.any(0) | right.any(0)  # what is nowhere adds nothing
    left, right = left[:, used], right[:, used]
    if not used.any():
        within_a, within_b = (np.zeros(len(x) * (len(x) - 1) // 2) for x in (left, right))
        return Distances(within_a, within_b, np.zeros(len(left) * len(right)))
    return Distances(pdist(left), pdist(right), cdist(left, right).ravel())


class Density:
    """Kernel density of distances: the sum that scipy's ``gaussian_kde`` adds up term by term, by series in boxes.

    samples: (n,), n > 0. times: how often each stands (2 for the unordered pairs of a set that leaves one out in turn);
    it counts in the width, as published. width: of the kernel; None is Scott's, 0 where all samples are equal or there
    is one only, and such a density cannot be evaluated.

    Source: Greengard and Strain 1991, "The fast Gauss transform" (here Taylor's series of each box).
    """

    def __init__(self, samples: np.ndarray, times: int = 1, width: float | None = None):
        n = len(samples) * times
        self.low, self.high = float(samples.min()), float(samples.max())
        if width is None:
            spread = math.sqrt(float(samples.var()) * n / max(n - 1, 1))
            equal = self.high - self.low <= 1e-9 * max(abs(self.high), 1e-9)
            width = 0.0 if equal else spread * n ** (-1 / 5)
        self.width, self._samples = width, samples
        self._boxes: tuple[np.ndarray, np.ndarray] | None = None

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Evaluate the density at (p,) points: (p,), exact to 1e-6 of each value and to 1e-12 of the largest."""
        centres, weights = self._boxes = self._boxes or self._fill()
        result = np.empty(len(x))
        step = max(1, 100_000 // len(centres))
        for i in range(0, len(x), step):
            u = (x[i : i + step, None] - centres) / self.width
            total = np.broadcast_to(weights[-1], u.shape).copy()
            for weight in weights[-2::-1]:
                total *= u
                total += weight
            result[i : i + step] = (total * np.exp(-0.5 * u * u)).sum(1)
        return np.maximum(result, 0) / (len(self._samples) * self.width * math.sqrt(2 * math.pi))

    def _fill(self) -> tuple[np.ndarray, np.ndarray]:
        """Sum the powers of the samples about the centre of their box: (boxes,), (ORDER, boxes)."""
        size = self.width / BOXES
        place = np.floor((self._samples - self.low) / size).astype(np.int64)
        if place.max() > 20 * len(place):  # a few samples far apart
            boxes, place = np.unique(place, return_inverse=True)
        else:
            boxes = np.flatnonzero(np.bincount(place))
            index = np.zeros(boxes[-1] + 1, np.int64)
            index[boxes] = np.arange(len(boxes))
            place = index[place]
        centres = self.low + (boxes + 0.5) * size
        v = (self._samples - centres[place]) / self.width
        term = np.exp(-0.5 * v * v)
        weights = np.empty((ORDER, len(boxes)))
        for k in range(ORDER):
            weights[k] = np.bincount(place, term, len(boxes))
            term *= v / (k + 1)
        return centres, weights


def agreement(intra: np.ndarray, inter: np.ndarray, times: int = 2) -> dict[str, float]:
    """Compare the distances inside a set with those to another set; ``times`` as in ``Density``, for ``intra``.

    KLD: divergence of intra from inter in nats, on one grid that holds both; 0 is best. A density is not seen below
    1e-12 of its mass, so sets apart give a large number, not infinity. "KLD published": each density on a grid of its
    own range, which is no divergence but what the published tool prints; infinite where a density vanishes. overlap:
    area under both curves, 0..1, 1 is best. "overlap published": from the least to the greatest distance only, so that
    equal sets stay below 1.

    Where a curve cannot be drawn: no distance on a side, all are NaN. All distances of one side equal: it takes the
    width of the other; of both sides: KLD 0 and overlap 1 when they are the same, else infinity and 0. The published
    numbers are NaN then, for the published tool fails.

    >>> round(agreement(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]), times=1)["overlap"], 6)
    1.0
    >>> agreement(np.zeros(3), np.zeros(6))["KLD"]
    0.0
    """
    names = ("KLD", "KLD published", "overlap", "overlap published")
    if not len(intra) or not len(inter):
        return dict.fromkeys(names, math.nan)
    a, b = Density(intra, times), Density(inter)
    if not a.width and not b.width:
        same = abs(a.low - b.low) <= 1e-9 * max(abs(a.low), abs(b.low), 1e-9)
        return dict(zip(names, (0.0 if same else math.inf, math.nan, float(same), math.nan), strict=True))
    whole = a.width > 0 and b.width > 0
    a, b = Density(intra, times, a.width or b.width), Density(inter, 1, b.width or a.width)
    low, high = min(a.low, b.low), max(a.high, b.high)
    margin = MARGIN * max(a.width, b.width)
    inner, outer = np.linspace(low, high, POINTS), np.linspace(low - margin, high + margin, POINTS)
    (a_own, a_inner, a_outer), (b_own, b_inner, b_outer) = (
        np.split(d(np.concatenate([np.linspace(d.low, d.high, POINTS), inner, outer])), 3) for d in (a, b)
    )
    a_mass, b_mass = (np.maximum(y / y.sum(), FLOOR) for y in (a_outer, b_outer))
    published = (_divergence(a_own, b_own), float(np.trapezoid(np.minimum(a_inner, b_inner), inner)))
    return {
        "KLD": float(max((a_mass * np.log(a_mass / b_mass)).sum(), 0.0)),
        "KLD published": published[0] if whole else math.nan,
        "overlap": float(min(np.minimum(a_outer / a_outer.sum(), b_outer / b_outer.sum()).sum(), 1.0)),
        "overlap published": published[1] if whole else math.nan,
    }


def curves(found: Distances, times: int = 2) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Densities to draw: "intra a", "intra b", "inter" -> (x, y), on one grid; what has no distance is left out.

    Distances that are all equal are a line from 0 to 1 where they are. times: as in ``Density``, inside the sets.

    >>> list(curves(distances(np.array([0.0, 1.0, 5.0]), np.array([2.0]))))
    ['intra a', 'inter']
    """
    drawn = {
        name: Density(values, 1 if name == "inter" else times)
        for name, values in zip(("intra a", "intra b", "inter"), found, strict=True)
        if len(values)
    }
    if not drawn:
        return {}
    margin = MARGIN * max(d.width for d in drawn.values())
    low, high = min(d.low for d in drawn.values()) - margin, max(d.high for d in drawn.values()) + margin
    x = np.linspace(low, high, POINTS // 4)
    spike = np.array([0.0, 1.0])
    return {name: (x, d(x)) if d.width else (np.full(2, d.low), spike) for name, d in drawn.items()}


def _divergence(a: np.ndarray, b: np.ndarray) -> float:
    from scipy.special import rel_entr

    return float(rel_entr(a / a.sum(), b / b.sum()).sum())
