"""Judging labels of clips: is an instrument in them, and in which frames, by what was told of each label alone.

All arrays are (clip, label) or (clip, frame, label); a number that is not defined is NaN.
"""

from __future__ import annotations

import numpy as np

from solfeggio.errors import AnswerError

FEWEST = 5  # clips with and clips without that a label must have to be judged


def evaluate_clips(
    truth: np.ndarray, told: np.ndarray, sure: np.ndarray, threshold: float = 0.5
) -> dict[str, np.ndarray]:
    """Judge each label over the clips in which it was told, as Gururani, Sharma and Lerch (ISMIR 2019) do.

    truth: (clip, label) 0 or 1. told: (clip, label), which of them count. sure: (clip, label) 0 to 1. Returns arrays
    (label,): "macro F1", the mean of the F1 of "present" and of "absent"; "weighted F1", the same weighed by how many
    clips each has; "precision" and "recall" of "present". NaN for labels with fewer than ``FEWEST`` clips of a kind.

    >>> one = np.array([[1.0]] * 5 + [[0.0]] * 5)
    >>> evaluate_clips(one, one == one, one)["macro F1"]
    array([1.])
    """
    if not truth.shape == told.shape == sure.shape or truth.ndim != 2:
        raise AnswerError(f"truth {truth.shape}, told {told.shape}, sure {sure.shape}", "expected (clip, label) thrice")
    said = (sure >= threshold) & told
    present, absent = (truth > 0.5) & told, (truth <= 0.5) & told
    hits, right_no = (said & present).sum(0), (~said & absent).sum(0)
    f_yes = _ratio(2 * hits, said.sum(0) + present.sum(0))
    f_no = _ratio(2 * right_no, (~said & told).sum(0) + absent.sum(0))
    counts = present.sum(0), absent.sum(0)
    values = {
        "macro F1": (f_yes + f_no) / 2,
        "weighted F1": _ratio(f_yes * counts[0] + f_no * counts[1], counts[0] + counts[1]),
        "precision": _ratio(hits, said.sum(0)),
        "recall": _ratio(hits, counts[0]),
    }
    judged = np.minimum(*counts) >= FEWEST
    return {name: np.where(judged, value, np.nan) for name, value in values.items()}


def localise(activity: np.ndarray, present: np.ndarray, scores: np.ndarray) -> dict[str, np.ndarray]:
    """Judge whether the frames that score high within a clip are those in which the instrument plays.

    activity: (clip, frame, label) share of each frame in which it plays, NaN where unknown. present: (clip, label),
    clips that hold it. scores: (clip, frame, label), compared within a clip only. A clip counts where it plays in some
    frames (in half of one or more) and not in others. Returns arrays (label,): means over clips of "ROC-AUC" and "AP"
    (average precision; ties are one step), and "clips" that counted.

    >>> plays = np.array([0.0, 0.0, 1.0, 1.0])[None, :, None]
    >>> localise(plays, np.array([[True]]), plays * 0.3)["ROC-AUC"]
    array([1.])
    """
    if activity.shape != scores.shape or activity.shape[::2] != present.shape:
        raise AnswerError(f"activity {activity.shape}, scores {scores.shape}", f"and present {present.shape} must fit")
    out = {name: np.full(present.shape[1], np.nan) for name in ("ROC-AUC", "AP")}
    counted = np.zeros(present.shape[1], int)
    for label in range(present.shape[1]):
        rows = activity[:, :, label]
        plays = rows >= 0.5
        mixed = (present[:, label] > 0) & ~np.isnan(rows).any(1) & plays.any(1) & ~plays.all(1)
        counted[label] = mixed.sum()
        if not counted[label]:
            continue
        own, values = plays[mixed], scores[mixed, :, label]
        higher = values[:, :, None] > values[:, None, :]
        wins = higher + 0.5 * (values[:, :, None] == values[:, None, :])
        pairs = own[:, :, None] & ~own[:, None, :]
        out["ROC-AUC"][label] = ((wins * pairs).sum((1, 2)) / pairs.sum((1, 2))).mean()
        above = values[:, None, :] >= values[:, :, None]  # frames that a threshold at this one would keep
        precision = (above & own[:, None, :]).sum(2) / above.sum(2)
        out["AP"][label] = ((precision * own).sum(1) / own.sum(1)).mean()
    return out | {"clips": counted}


def found_and_missed(truth: np.ndarray, named: np.ndarray) -> dict[str, float]:
    """Precision, recall and F of the labels that were named, all recordings and labels together.

    truth: (recording, label) 1 present, 0 absent, anything else does not count. named: (recording, label).

    >>> found_and_missed(np.array([[1.0, 0.0, 0.5]]), np.array([[True, True, True]]))["precision"]
    0.5
    """
    hits = float((named & (truth == 1)).sum())
    said, there = float((named & ((truth == 1) | (truth == 0))).sum()), float((truth == 1).sum())
    parts = {"precision": hits / said if said else 0.0, "recall": hits / there if there else 0.0}
    return parts | {"F": 2 * hits / (said + there) if said + there else 0.0}


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.divide(top, bottom, out=np.zeros(np.shape(top), float), where=bottom > 0)
