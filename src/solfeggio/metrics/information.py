"""How much a dimension of a code tells of a factor: mutual information by two estimators, and what predictors find."""

from __future__ import annotations

import numpy as np

from solfeggio.errors import ConfigError, MissingExtra, unknown

BINS = 20  # of equal width between a dimension's ends
NEIGHBOURS = 3
CLASSES = 64  # whole numbers that a discrete factor takes at most
FEWEST = 20  # pieces
ESTIMATORS = {
    "histogram": f"mutual information in nats, plug-in on histograms of {BINS} bins",
    "neighbours": f"mutual information in nats by {NEIGHBOURS} nearest neighbours (Kraskov 2004, Ross 2014)",
}
HAIR = 1e-8  # deviations by which equal values are parted
SVM_COST = 0.01
SVM_STEPS = 60  # of Newton's method, most
LASSO = 0.01  # penalty, of standardised dimensions


def information(codes: np.ndarray, factors: np.ndarray, estimator: str = "histogram") -> np.ndarray:
    """Mutual information of each dimension and each factor: (d, k) nats, never negative.

    >>> code = np.arange(100.0)[:, None]
    >>> float(information(code, np.arange(100)[:, None] // 50).round(3)[0, 0])  # log 2
    0.693
    """
    codes, factors = checked(codes, factors)
    if estimator not in ESTIMATORS:
        raise unknown("estimator", estimator, ESTIMATORS)
    if estimator == "histogram":
        cells = np.stack([_cells(code) for code in codes.T], 1)
        columns = [
            _shared(cells, classes_of(factor) if is_discrete(factor) else _cells(factor)) for factor in factors.T
        ]
        return np.stack(columns, 1)
    rng = np.random.default_rng(0)
    continuous = np.stack([_untied(code, rng) for code in codes.T], 1)
    found = np.zeros((codes.shape[1], factors.shape[1]))
    for k, factor in enumerate(factors.T):
        discrete = is_discrete(factor)
        other = classes_of(factor) if discrete else _untied(factor, rng)
        for d in np.flatnonzero(np.ptp(codes, 0) > 0):
            if np.ptp(factor) > 0:
                found[d, k] = (_ross if discrete else _kraskov)(continuous[:, d], other)
    return found


def entropies(factors: np.ndarray, estimator: str = "histogram") -> np.ndarray:
    """Entropy of each factor, (k,) nats: of its classes or bins; with "neighbours", of a continuous factor, what the
    estimator finds that it knows about itself."""
    found = []
    for factor in np.asarray(factors, float).T:
        if estimator == "neighbours" and not is_discrete(factor):
            found.append(information(factor[:, None], factor[:, None], estimator)[0, 0])
            continue
        share = np.unique(classes_of(factor) if is_discrete(factor) else _cells(factor), return_counts=True)[1]
        share = share / share.sum()
        found.append(float(-(share * np.log(share)).sum()))
    return np.array(found)


def is_discrete(factor: np.ndarray) -> bool:
    """Whether a factor counts as classes: whole numbers, at most ``CLASSES`` of them."""
    return bool((factor == np.round(factor)).all()) and len(np.unique(factor)) <= CLASSES


def checked(codes: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both as (n, d) and (n, k) floats; raises ConfigError where they do not match, are few or not finite."""
    codes, factors = np.asarray(codes, float), np.asarray(factors, float)
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors) or not codes.size or not factors.size:
        raise ConfigError(f"codes {codes.shape} and factors {factors.shape}", "expected (n, d) and (n, k)")
    if len(codes) < FEWEST or not np.isfinite(codes).all() or not np.isfinite(factors).all():
        raise ConfigError(f"{len(codes)} codes", f"at least {FEWEST} are needed, all of them finite")
    return codes, factors


def classes_of(factor: np.ndarray) -> np.ndarray:
    """Number the values of a factor from 0 on, in their order."""
    return np.unique(factor, return_inverse=True)[1]


def _cells(values: np.ndarray) -> np.ndarray:
    """The histogram bin of each value."""
    low, span = values.min(), np.ptp(values)
    if not span > 0:
        return np.zeros(len(values), int)
    return np.minimum((values - low) / span * BINS, BINS - 1).astype(int)


def _shared(cells: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Mutual information of each column of bins and the classes."""
    count, width = int(classes.max()) + 1, cells.shape[1]
    flat = (np.arange(width) * BINS + cells) * count + classes[:, None]
    joint = np.bincount(flat.ravel(), minlength=width * BINS * count).reshape(width, BINS, count) / len(classes)
    apart = joint.sum(2, keepdims=True) * joint.sum(1, keepdims=True)
    terms = np.where(joint > 0, joint * np.log(np.where(joint > 0, joint, 1) / np.where(apart > 0, apart, 1)), 0)
    return np.maximum(terms.sum((1, 2)), 0)


def _untied(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Scale to unit deviation and part equal values by a hair."""
    spread = values.std()
    return (values / spread if spread > 0 else values * 0) + HAIR * rng.normal(size=len(values))


def _inside(radius: np.ndarray) -> np.ndarray:
    """Shorten a radius so that rounding does not count the neighbour on its edge."""
    return np.maximum(radius * (1 - 1e-9) - 2e-15, 0)


def _within(ordered: np.ndarray, values: np.ndarray, radius: np.ndarray) -> np.ndarray:
    return np.searchsorted(ordered, values + radius, "right") - np.searchsorted(ordered, values - radius, "left")


def _kraskov(a: np.ndarray, b: np.ndarray) -> float:
    """Information of two continuous variables."""
    from scipy.spatial import cKDTree
    from scipy.special import digamma

    points = np.stack([a, b], 1)
    radius = _inside(cKDTree(points).query(points, [NEIGHBOURS + 1], p=np.inf)[0][:, 0])
    counts = [digamma(np.maximum(_within(np.sort(v), v, radius), 1)).mean() for v in (a, b)]
    return max(0.0, float(digamma(len(a)) + digamma(NEIGHBOURS) - sum(counts)))


def _ross(a: np.ndarray, classes: np.ndarray) -> float:
    """Information of a continuous variable and classes; classes with one piece are left out."""
    from scipy.special import digamma

    radius, sizes, near = np.full(len(a), np.nan), np.zeros(len(a)), np.zeros(len(a))
    for label in range(int(classes.max()) + 1):
        rows = np.flatnonzero(classes == label)
        if len(rows) < 2:
            continue
        k = min(NEIGHBOURS, len(rows) - 1)
        rows = rows[np.argsort(a[rows])]
        padded = np.concatenate([np.full(k, -np.inf), a[rows], np.full(k, np.inf)])
        own = padded[k : k + len(rows)]
        reach = [
            np.maximum(own - padded[k - j : k - j + len(rows)], padded[2 * k - j : 2 * k - j + len(rows)] - own)
            for j in range(k + 1)
        ]
        radius[rows], sizes[rows], near[rows] = _inside(np.min(reach, 0)), len(rows), k
    kept = np.flatnonzero(np.isfinite(radius))
    if not len(kept):
        return 0.0
    around = np.maximum(_within(np.sort(a[kept]), a[kept], radius[kept]), 1)
    terms = digamma(near[kept]) - digamma(sizes[kept]) - digamma(around)
    return max(0.0, float(digamma(len(kept)) + terms.mean()))


def squared_correlation(columns: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Squared correlation of each column with the factor."""
    a, b = columns - columns.mean(0), factor - factor.mean()
    power = (a**2).sum(0) * (b**2).sum()
    return np.clip(np.divide((a.T @ b) ** 2, power, out=np.zeros(len(power)), where=power > 1e-18), 0, 1)


def machine_accuracy(code: np.ndarray, classes: np.ndarray, test: np.ndarray, truth: np.ndarray) -> float:
    """Test accuracy of a linear support vector machine on one dimension: (n,) codes to whole-numbered classes from 0.

    Squared hinge, one class against the rest, balanced, with a penalised bias: what scikit-learn's LinearSVC with C
    0.01 minimises, solved exactly from cumulative sums over the sorted codes.
    """
    if not np.ptp(code) > 0:
        return float((truth == np.bincount(classes).argmax()).mean())
    labels, counts = np.unique(classes, return_counts=True)
    order = np.argsort(code)
    x, powers = code[order], np.stack([np.ones(len(code)), code[order], code[order] ** 2])
    positive = classes[order] == labels[:, None]
    if len(labels) == 2:
        positive, counts = positive[1:], counts[1:]
    balance = len(code) / (len(labels) * counts)
    other = len(code) / (2 * (len(code) - counts)) if len(labels) == 2 else np.ones(len(counts))
    mass = np.stack(
        [powers * positive[:, None] * balance[:, None, None], powers * ~positive[:, None] * other[:, None, None]]
    )
    sums = np.concatenate(
        [np.zeros((*mass.shape[:-1], 1)), SVM_COST * mass.cumsum(-1)], -1
    )  # (side, class, power, n+1)
    found = _newton(x, sums)
    scores = found[:, :1] * test + found[:, 1:]
    guess = labels[scores.argmax(0)] if len(labels) > 2 else labels[(scores[0] > 0).astype(int)]
    return float((guess == truth).mean())


def _newton(x: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Weights and biases (class, 2) that minimise the squared hinge, by Newton's method with the best of six steps."""
    found = np.zeros((sums.shape[1], 2))
    for _ in range(SVM_STEPS):
        hinge, slope, bend = _hinge(x, sums, found)
        step = np.linalg.solve(bend, slope[..., None])[..., 0]
        tried = [found - size * step for size in (1.0, 0.5, 0.25, 0.1, 0.02, 0.0)]
        costs = np.stack([_hinge(x, sums, one)[0] for one in tried[:-1]] + [hinge])
        chosen = np.stack(tried)[costs.argmin(0), np.arange(len(found))]
        if np.abs(chosen - found).max() < 1e-9:
            break
        found = chosen
    return found


def _hinge(x: np.ndarray, sums: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Objective (class,), gradient (class, 2) and Hessian (class, 2, 2); margins cut the sorted codes at one place."""
    w, b = found.T
    cost, slope, bend = (found**2).sum(1) / 2, found.copy(), np.tile(np.eye(2), (len(w), 1, 1))
    rows = np.arange(len(w))
    for side, sign in zip(sums, (1.0, -1.0), strict=True):  # inside the margin where sign * (w x + b) < 1
        flat = np.abs(w) < 1e-300
        cut = np.searchsorted(x, np.where(flat, 0, (sign - b) / np.where(flat, 1, w)))
        whole, below = side[..., -1], side[rows, :, cut]
        inside = np.where((sign * w > 0)[:, None], below, whole - below)
        inside = np.where(flat[:, None], whole * (sign * b < 1)[:, None], inside)
        one, first, second = inside.T
        cost += w**2 * second + 2 * w * b * first + b**2 * one - 2 * sign * (w * first + b * one) + one
        slope += 2 * np.stack([w * second + b * first - sign * first, w * first + b * one - sign * one], 1)
        bend += 2 * np.stack([np.stack([second, first], 1), np.stack([first, one], 1)], 1)
    return cost, slope, bend


def importance(
    codes: np.ndarray, factor: np.ndarray, train: np.ndarray, estimator: str, trees: int
) -> tuple[np.ndarray, float]:
    """How much each standardised dimension matters for a factor (d,), and how well all tell it on what is not train.

    0 where they do no better than the most frequent class or the mean, 1 where they tell it exactly.
    """
    try:
        from sklearn import ensemble, linear_model
    except ImportError:
        raise MissingExtra(
            "DCI needs scikit-learn", "it is an optional dependency", "pip install 'solfeggio[train]'"
        ) from None
    discrete = is_discrete(factor)
    classes, test = classes_of(factor), ~train
    forest = {"n_estimators": trees, "max_depth": 12, "min_samples_leaf": 3, "random_state": 0, "max_features": 0.5}
    if estimator == "forest" and discrete:
        model = ensemble.RandomForestClassifier(**forest).fit(codes[train], classes[train])
        return model.feature_importances_, _above(classes, model.predict(codes[test]), train)
    if estimator == "forest":
        model = ensemble.RandomForestRegressor(**forest).fit(codes[train], factor[train])
        weights, guess = model.feature_importances_, model.predict(codes[test])
    else:
        aims = np.eye(classes.max() + 1)[classes] if discrete else (factor / factor.std())[:, None]
        fitted = [linear_model.Lasso(LASSO * max(aim.std(), 1e-6)).fit(codes[train], aim[train]) for aim in aims.T]
        weights = np.mean([np.abs(one.coef_) for one in fitted], 0)
        told = np.stack([one.predict(codes[test]) for one in fitted], 1)
        if discrete:
            return weights, _above(classes, told.argmax(1), train)
        guess = told[:, 0] * factor.std()
    rest = ((factor[test] - factor[train].mean()) ** 2).mean()
    return weights, float(np.clip(1 - ((guess - factor[test]) ** 2).mean() / rest, 0, 1)) if rest > 0 else 0.0


def _above(classes: np.ndarray, guess: np.ndarray, train: np.ndarray) -> float:
    truth = classes[~train]
    chance = (truth == np.bincount(classes[train]).argmax()).mean()
    return float(np.clip(((guess == truth).mean() - chance) / (1 - chance), 0, 1)) if chance < 1 else 0.0
