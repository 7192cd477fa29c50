"""How well single dimensions of a code stand for known factors, and whether turning one turns what it should.

Codes are (n, d), factors (n, k): n pieces, d dimensions, k factors. A factor is discrete where it takes few whole
numbers, else continuous. A factor that is the same in all pieces has nothing to be found: its value is 0 and it does
not count in means. Dimensions may come in any order and with any sign; a constant one knows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from solfeggio.errors import ConfigError, unknown
from solfeggio.metrics.information import (
    ESTIMATORS,
    checked,
    classes_of,
    entropies,
    importance,
    information,
    is_discrete,
    machine_accuracy,
    squared_correlation,
)

TRAIN_SHARE = 0.6  # of the pieces, where a predictor is fitted; the rest judges it


@dataclass(frozen=True)
class Found:
    """One measure of a code.

    mean: over the factors that vary, unless the function says otherwise. factors: the value of each. dimensions: the
    dimension that stands for each factor, -1 for none. estimator: how it was computed.
    """

    mean: float
    factors: tuple[float, ...]
    dimensions: tuple[int, ...] = ()
    estimator: str = ""


def mig(codes: np.ndarray, factors: np.ndarray, estimator: str = "histogram") -> Found:
    """Mutual information gap (Chen 2018): how much more the best dimension knows than the next, per entropy; 0..1.

    estimator: "histogram" for discrete factors, "neighbours" for continuous ones; their values do not compare.

    >>> factors = np.indices((5, 5, 4)).reshape(3, -1).T
    >>> mig(factors, factors).factors
    (1.0, 1.0, 1.0)
    """
    codes, factors = checked(codes, factors)
    known = information(codes, factors, estimator)
    best, next_best = _top_two(known)
    most = entropies(factors, estimator)
    gaps = np.divide(best - next_best, most, out=np.zeros(len(best)), where=most > 0)
    return _found(np.clip(gaps, 0, 1), factors, known, f"gap over entropy; {ESTIMATORS[estimator]}")


def modularity(
    codes: np.ndarray, factors: np.ndarray, estimator: str = "histogram", as_published: bool = False
) -> Found:
    """How nearly each dimension knows one factor only (Ridgeway and Mozer 2018); 0..1.

    A factor's value is the mean over the dimensions that know it best; ``mean`` is over dimensions. Information within
    twice the most that shuffled pieces give counts as none and a dimension without any does not count: else a code of
    noise gets what the bias of the estimator gives it, high where factors differ in classes. as_published: without
    this guard, and dimensions that know nothing count 0.
    """
    codes, factors = checked(codes, factors)
    known = information(codes, factors, estimator)
    if not as_published:
        shuffled = np.random.default_rng(0).permutation(len(factors))
        known = np.where(known > 2 * information(codes, factors[shuffled], estimator).max(0), known, 0.0)
    most, squares = known.max(1), (known**2).sum(1)
    others = max(int((np.ptp(factors, 0) > 0).sum()) - 1, 1)
    values = np.array([1 - (s / m**2 - 1) / others if m > 0 else 0.0 for s, m in zip(squares, most, strict=True)])
    owner = np.where(most > 0, known.argmax(1), -1)
    each = [float(values[owner == k].mean()) if (owner == k).any() else 0.0 for k in range(factors.shape[1])]
    counted = values if as_published else values[most > 0]
    how = f"{ESTIMATORS[estimator]}{', as published' if as_published else ', above chance'}"
    return Found(float(counted.mean()) if len(counted) else 0.0, tuple(each), _best(known), how)


def sap(codes: np.ndarray, factors: np.ndarray) -> Found:
    """Separated attribute predictability (Kumar 2018): gap of the two dimensions that predict a factor best; 0..1.

    Discrete factors: test accuracy of a linear support vector machine on one dimension (squared hinge, C 0.01,
    balanced, 60/40). Continuous ones: squared correlation.
    """
    codes, factors = checked(codes, factors)
    if codes.shape[1] == 1:  # its runner-up knows nothing
        codes = np.concatenate([codes, np.zeros_like(codes)], 1)
    train = np.random.default_rng(0).permutation(len(codes)) < TRAIN_SHARE * len(codes)
    told = np.zeros((codes.shape[1], factors.shape[1]))
    for k, factor in enumerate(factors.T):
        if not is_discrete(factor):
            told[:, k] = squared_correlation(codes, factor)
        elif np.ptp(factor[train]) > 0:
            told[:, k] = [
                machine_accuracy(code[train], classes_of(factor)[train], code[~train], classes_of(factor)[~train])
                for code in codes.T
            ]
    best, next_best = _top_two(told)
    kinds = {"linear SVM, C 0.01, balanced, 60/40" if is_discrete(f) else "squared correlation" for f in factors.T}
    told *= np.ptp(codes, 0)[:, None] > 0
    return _found(best - next_best, factors, told, "gap of " + " and ".join(sorted(kinds)))


def dci(codes: np.ndarray, factors: np.ndarray, estimator: str = "forest", trees: int = 10) -> dict[str, Found]:
    """Disentanglement, completeness and informativeness (Eastwood and Williams 2018), by these names; 0..1.

    How much a dimension matters for a factor is told by random forests ("forest": ``trees`` of depth 12, classes or
    regression) or by the weights of linear models with an L1 penalty ("lasso"), fitted on 60 % of the pieces.
    Disentanglement: 1 - entropy of a dimension's importance over factors; completeness: 1 - entropy of a factor's
    importance over dimensions. Informativeness: on the other 40 %, accuracy or squared error, scaled so that the most
    frequent class or the mean, which know nothing, have 0. Raises MissingExtra without scikit-learn.
    """
    if estimator not in ("forest", "lasso"):
        raise unknown("estimator", estimator, ("forest", "lasso"))
    codes, factors = checked(codes, factors)
    train = np.random.default_rng(0).permutation(len(codes)) < TRAIN_SHARE * len(codes)
    spread = codes.std(0)
    scaled = np.divide(codes - codes.mean(0), spread, out=np.zeros_like(codes), where=spread > 0)
    weights = np.zeros((codes.shape[1], factors.shape[1]))
    skill = np.zeros(factors.shape[1])
    for k, factor in enumerate(factors.T):
        if np.ptp(factor[train]) > 0:
            weights[:, k], skill[k] = importance(scaled, factor, train, estimator, trees)
    over_factors, over_dimensions = _concentration(weights.T), _concentration(weights)
    total = weights.sum(0)
    mixed = np.divide(over_factors @ weights, total, out=np.zeros(len(total)), where=total > 0)
    mean = float(over_factors @ weights.sum(1) / total.sum()) if total.sum() > 0 else 0.0
    how = f"{'random forests' if estimator == 'forest' else 'linear models, L1'}, 60/40"
    return {
        "disentanglement": Found(mean, tuple(map(float, mixed)), _best(weights), how),
        "completeness": _found(over_dimensions * (total > 0), factors, weights, how),
        "informativeness": _found(skill, factors, weights, how),
    }


def interpretability(codes: np.ndarray, factors: np.ndarray, estimator: str = "neighbours") -> Found:
    """How nearly a factor is a line of the dimension that knows most about it (Adel 2018, Pati 2020): R squared, 0..1.

    >>> from solfeggio.metrics.latents import interpretability
    >>> factor = np.linspace(0, 1, 50)[:, None]
    >>> round(interpretability(3 - 2 * factor, factor).mean, 6)
    1.0
    """
    codes, factors = checked(codes, factors)
    known = information(codes, factors, estimator)
    fits = np.array([squared_correlation(codes[:, [d]], f)[0] for d, f in zip(known.argmax(0), factors.T, strict=True)])
    return _found(fits, factors, known, f"linear regression on the best dimension by {ESTIMATORS[estimator]}")


def correlation(codes: np.ndarray, factors: np.ndarray) -> Found:
    """Rank correlation (Spearman) of each factor with the dimension that follows it best, either way: 0..1."""
    from scipy.stats import rankdata

    codes, factors = checked(codes, factors)
    ranks = rankdata(codes, axis=0)
    told = np.stack([np.sqrt(squared_correlation(ranks, rankdata(factor))) for factor in factors.T], 1)
    return _found(told.max(0), factors, told, "Spearman, largest absolute value")


@dataclass(frozen=True, eq=False)
class Control:
    """What turning knobs does to decoded pieces; see ``control_score``.

    mean, factors: the score. changes: (k, k), row: knob, column: attribute, share of sweeps that change it. follows:
    per knob, mean rank correlation of knob and attribute along a sweep, -1..1. protocol: how it was measured.
    """

    mean: float
    factors: tuple[float, ...]
    changes: np.ndarray
    follows: tuple[float, ...]
    protocol: str = field(default="")


def control_score(
    decode: Callable[[np.ndarray], Any],
    attributes_of: Callable[[Any], np.ndarray],
    codes: np.ndarray,
    dimensions: Sequence[int],
    levels: int = 7,
    tolerance: float | np.ndarray = 0.0,
) -> Control:
    """Turn one knob, decode, measure all: does the intended attribute change and do the others stay?

    decode: codes (m, d) to pieces. attributes_of: pieces to (m, k) values. codes: (n, d) to start from. dimensions: the
    knob of each of the k attributes, -1 for none. levels: places of a knob, the evenly spaced quantiles 0.05 to 0.95 of
    its values in ``codes``. tolerance: differences up to this one are none, for all or for each attribute.

    A sweep is one start code with one knob at every level and all other dimensions kept. An attribute changes in a
    sweep when its largest value there exceeds its smallest by more than the tolerance. A sweep's score is 0 when the
    intended attribute does not change, else the share of the other attributes that do not (1 where there are no
    others). A knob's score is the mean over sweeps; ``mean`` is over attributes. Knobs that move nothing or everything
    score 0, as does -1. Raises ConfigError for knobs and attributes that do not match.

    >>> codes = np.random.default_rng(0).normal(size=(20, 2))
    >>> control_score(lambda z: z, lambda z: z > 0, codes, [0, 1]).factors
    (1.0, 1.0)
    """
    codes = np.atleast_2d(np.asarray(codes, float))
    places = np.linspace(0.05, 0.95, levels)
    count, width = len(dimensions), codes.shape[1]
    if not count or not len(codes) or levels < 2 or not all(-1 <= d < width for d in dimensions):
        raise ConfigError(
            f"knobs {list(dimensions)} at {levels} levels of codes {codes.shape}",
            "each knob is a dimension of the codes, or -1; two levels or more",
        )
    changes, factors, follows = np.zeros((count, count)), np.zeros(count), np.zeros(count)
    for k, dimension in enumerate(dimensions):
        if dimension < 0:
            continue
        turned = np.repeat(codes[:, None], levels, 1)
        turned[:, :, dimension] = np.quantile(codes[:, dimension], places)
        values = np.asarray(attributes_of(decode(turned.reshape(-1, width))), float)
        if values.shape != (len(codes) * levels, count):
            raise ConfigError(f"attributes {values.shape}", f"expected {(len(codes) * levels, count)}, one a knob")
        values = values.reshape(len(codes), levels, count)
        moved = np.ptp(values, axis=1) > tolerance
        others = np.delete(moved, k, 1)
        kept = 1 - others.mean(1) if count > 1 else np.ones(len(codes))
        changes[k], factors[k] = moved.mean(0), (moved[:, k] * kept).mean()
        follows[k] = _rank_follow(values[:, :, k])
    how = f"{len(codes)} sweeps a knob, {levels} levels between the quantiles 0.05 and 0.95"
    return Control(float(factors.mean()), tuple(map(float, factors)), changes, tuple(map(float, follows)), how)


def _found(values: np.ndarray, factors: np.ndarray, told: np.ndarray, estimator: str) -> Found:
    varies = np.ptp(factors, 0) > 0
    values = np.where(varies, values, 0.0)
    mean = float(values[varies].mean()) if varies.any() else 0.0
    return Found(mean, tuple(map(float, values)), _best(told * varies), estimator)


def _best(told: np.ndarray) -> tuple[int, ...]:
    return tuple(int(column.argmax()) if column.max() > 0 else -1 for column in told.T)


def _top_two(told: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ranked = np.sort(np.concatenate([told, np.zeros((1, told.shape[1]))]), 0)
    return ranked[-1], ranked[-2]


def _concentration(weights: np.ndarray) -> np.ndarray:
    """1 - entropy of each column's shares, over the logarithm of its length; 0 where all is 0."""
    if len(weights) < 2:
        return np.ones(weights.shape[1])
    total = weights.sum(0)
    share = np.divide(weights, total, out=np.full(weights.shape, 1 / len(weights)), where=total > 0)
    return 1 + (share * np.log(np.where(share > 0, share, 1))).sum(0) / np.log(len(weights))


def _rank_follow(values: np.ndarray) -> float:
    """Mean rank correlation of (sweeps, levels) values with the level; 0 for a sweep that does not change."""
    from scipy.stats import rankdata

    ranks = rankdata(values, axis=1)
    ranks = ranks - ranks.mean(1, keepdims=True)
    level = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2
    power = np.sqrt((ranks**2).sum(1) * (level**2).sum())
    return float(np.divide(ranks @ level, power, out=np.zeros(len(power)), where=power > 0).mean())
