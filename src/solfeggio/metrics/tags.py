"""How well labels that may hold together are found: ranking, areas under curves, F, at several time scales.

truth: (item, label) booleans. scores: (item, label) numbers, larger is likelier. Items are stretches of time, or
recordings. What is not defined is NaN and left out of means: a class that is never or always true has no ROC curve.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solfeggio.answers import Segments
from solfeggio.errors import AnswerError

SCALES: dict[str, float | None] = {"1 s": 1.0, "5 s": 5.0, "10 s": 10.0, "track": None}  # seconds pooled by maximum
FRAME = 0.1  # seconds: activity is compared this often


def pool(values: np.ndarray, rate: float, seconds: float | None) -> np.ndarray:
    """Maximum of each label (frame, label) over stretches of ``seconds`` (None: over all), the last one may be short.

    rate: frames a second. Gururani, Summers and Lerch (ISMIR 2018) compare at 1, 5, 10 s and by track.

    >>> pool(np.array([[0.1], [0.7], [0.2]]), 1.0, 2.0).ravel()
    array([0.7, 0.2])
    """
    values = np.asarray(values)
    if not len(values):
        return values
    step = len(values) if seconds is None else max(1, round(seconds * rate))
    return np.maximum.reduceat(values, np.arange(0, len(values), step), axis=0)


def lrap(truth: np.ndarray, scores: np.ndarray) -> float:
    """Label ranking average precision: how many of the labels ranked at or above each true one are true, too.

    Mean over items; items without any true label are left out (scikit-learn counts them as 1), NaN when none is left.
    Labels of equal score share the lower rank. Source: Schapire and Singer 2000; scikit-learn.

    >>> float(lrap(np.array([[1, 0, 0], [0, 0, 1]], bool), np.array([[0.75, 0.5, 1], [1, 0.2, 0.1]])))
    0.41666666666666663
    """
    truth, scores = _pair(truth, scores)
    asked = truth.any(1)
    total = 0.0
    for start in range(0, len(truth), 4096):
        true, score = truth[start : start + 4096], scores[start : start + 4096]
        above = score[:, None, :] >= score[:, :, None]  # (item, label, labels ranked at or above it)
        share = (above & true[:, None, :]).sum(-1) / np.maximum(above.sum(-1), 1)
        total += float(((share * true).sum(1) / np.maximum(true.sum(1), 1)).sum())
    return total / int(asked.sum()) if asked.any() else float("nan")


def roc_auc(truth: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Area under the ROC curve of each label: how often a true item scores above a false one, ties half; (label,).

    NaN where all items are true, or none.

    >>> roc_auc(np.array([[1, 0], [0, 0], [1, 0]], bool), np.array([[0.9, 0.1], [0.5, 0.2], [0.4, 0.3]]))
    array([0.5, nan])
    """
    from scipy.stats import rankdata

    truth, scores = _pair(truth, scores)
    trues = truth.sum(0)
    pairs = trues * (len(truth) - trues)
    ranks = rankdata(scores, axis=0) if len(scores) else scores
    above = (ranks * truth).sum(0) - trues * (trues + 1) / 2
    return np.where(pairs > 0, above / np.maximum(pairs, 1), np.nan)


def f_measure(truth: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, float, float]:
    """F of each label (NaN where it is neither true nor found), their mean (macro), and F of all together (micro).

    truth, found: (item, label) booleans. Micro is 1 when nothing is true and nothing found; macro is NaN then.
    """
    truth, found = _pair(truth, found)
    found = found.astype(bool)
    hits, sizes = (truth & found).sum(0), truth.sum(0) + found.sum(0)
    each = np.where(sizes > 0, 2 * hits / np.maximum(sizes, 1), np.nan)
    micro = float(2 * hits.sum() / sizes.sum()) if sizes.sum() else 1.0
    return each, _mean(each), micro


def confusion(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    """How often the row's label is missed where the column's is wrongly found: (label, label) shares.

    Labels that hold together have no confusion matrix; a label that is often missed where another is wrongly found is
    taken for it. NaN in columns that are never wrongly found. Source: Gururani, Summers, Lerch, ISMIR 2018.

    >>> confusion(np.array([[1, 0], [1, 0], [1, 1]], bool), np.array([[0, 1], [1, 1], [1, 1]], bool))
    array([[nan, 0.5],
           [nan, 0. ]])
    """
    truth, found = _pair(truth, found)
    found = found.astype(bool)
    missed, wrong = (truth & ~found).astype(float), (found & ~truth).astype(float)
    counts = wrong.sum(0)
    return np.where(counts > 0, missed.T @ wrong / np.maximum(counts, 1), np.nan)


def evaluate_tags(
    truth: np.ndarray, scores: np.ndarray, threshold: np.ndarray | float = 0.5, labels: Sequence[str] = ()
) -> dict[str, float]:
    """Compare scores with the truth: LRAP, ROC-AUC (macro), F macro, F micro, and how many classes AUC rests on.

    threshold: above which a label is found, one for all or one for each. labels: their names; then "AUC piano" and
    "F piano" follow for each class that has them, undefined ones are left out.
    """
    truth, scores = _pair(truth, scores)
    areas, (each, macro, micro) = roc_auc(truth, scores), f_measure(truth, scores > threshold)
    made = {
        "LRAP": lrap(truth, scores),
        "ROC-AUC": _mean(areas),
        "F macro": macro,
        "F micro": micro,
        "classes": float(np.isfinite(areas).sum()),
    }
    for name, values in (("AUC", areas), ("F", each)):
        made |= {f"{name} {label}": float(v) for label, v in zip(labels, values, strict=False) if np.isfinite(v)}
    return made


def active_frames(activity: Segments, labels: Sequence[str], times: np.ndarray) -> np.ndarray:
    """Tell which labels are active at each time: (time, label) booleans; other labels are passed over.

    >>> active_frames(Segments([0, 1], [2, 3], ["a", "b"]), ["a", "b"], np.array([0.0, 1.5])).tolist()
    [[True, False], [True, True]]
    """
    out = np.zeros((len(times), len(labels)), bool)
    for start, end, label in zip(activity.starts, activity.ends, activity.labels, strict=True):
        if label in labels:
            first, last = np.searchsorted(times, (start, end))
            out[first:last, labels.index(label)] = True
    return out


def evaluate_activity(
    reference: Segments, estimate: Segments, *, span: tuple[float, float] | None = None
) -> dict[str, float]:
    """Compare stretches of activity that may overlap, ten times a second: F, P, R of all labels together, F macro.

    "F piano" and so on follow for each label of either side. span: the seconds that are compared; by default up to the
    last end of either side. Nothing on either side: all 1; something on one side only: all 0.

    >>> truth = Segments([0, 0], [4, 2], ["drums", "bass"])
    >>> scores = evaluate_activity(truth, Segments([0, 2], [4, 4], ["drums", "bass"]))
    >>> round(scores["F"], 3), scores["F drums"], scores["F bass"]
    (0.667, 1.0, 0.0)
    """
    last = max([*reference.ends, *estimate.ends, 0.0])
    start, end = span if span is not None else (0.0, last)
    labels = sorted({*reference.labels, *estimate.labels})
    times = np.arange(start + FRAME / 2, end, FRAME)
    truth, found = (active_frames(answer, labels, times) for answer in (reference, estimate))
    each, macro, micro = f_measure(truth, found)
    hits, trues, founds = int((truth & found).sum()), int(truth.sum()), int(found.sum())
    if not trues and not founds:
        return {"F": 1.0, "P": 1.0, "R": 1.0, "F macro": 1.0}
    scores = {"F": micro, "P": hits / max(founds, 1), "R": hits / max(trues, 1), "F macro": macro}
    return scores | {f"F {label}": float(v) for label, v in zip(labels, each, strict=True) if np.isfinite(v)}


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _pair(truth: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    truth, scores = np.asarray(truth).astype(bool), np.asarray(scores)
    if truth.ndim != 2 or truth.shape != scores.shape:
        raise AnswerError(f"truth {truth.shape} and scores {scores.shape}", "expected the same (item, label) for both")
    return truth, scores
