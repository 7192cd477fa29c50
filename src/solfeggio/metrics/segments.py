"""How well sections were found and named; the numbers are mir_eval's."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from solfeggio.answers import Segments
from solfeggio.errors import AnswerError

WINDOWS = {"0.5": 0.5, "3": 3.0}  # seconds either side that a boundary may be off
FRAME = 0.1  # seconds: labels are compared this often
LONGEST = 30_000.0  # seconds; mir_eval takes later times for a mistake


def evaluate_sections(
    reference: Segments, estimate: Segments, *, span: tuple[float, float] | None = None
) -> dict[str, float]:
    """Compare sections with the truth, by the measures of the field; all in 0..1, 1 is perfect.

    span: (start, end) seconds that the truth covers; what lies outside is not scored. Without it the estimate is cut
    or filled up to the reference. Keys: F 3, P 3, R 3, F 0.5, P 0.5, R 0.5 of boundaries within 3 and 0.5 s; the same
    with " trimmed", without the start and the end, which are never wrong; pairwise F, P, R; V (V-measure of labels),
    and its parts, over (completeness: low when labels are split) and under (homogeneity: low when labels are mixed);
    for these, labels need not have the same names. label: share of the time that has the very same name. Nothing on
    either side: all 1; something on one side only: all 0; without inner boundaries on either side the trimmed ones are
    1. A side with a single label can neither be split (estimate: over is 1) nor mixed (reference: under is 1), where
    mir_eval says 0. Segments without labels count as all the same.
    Raises AnswerError for times beyond 30,000 s.

    Source: mir_eval.segment; Turnbull and others 2007 (boundaries), Levy and Sandler 2008 (pairwise), Rosenberg and
    Hirschberg 2007 (V-measure).

    >>> truth = Segments([0, 10, 20], [10, 20, 30], ["A", "B", "A"])
    >>> scores = evaluate_sections(truth, Segments([0, 11, 20], [11, 20, 30], ["x", "y", "x"]))
    >>> scores["F 3"], scores["F 0.5"], scores["F 0.5 trimmed"]
    (1.0, 0.75, 0.5)
    """
    from mir_eval import segment

    true, found = _within(reference, span), _within(estimate, span)
    if not len(true) or not len(found):
        return dict.fromkeys(_names(), float(len(true) == len(found)))
    (a, a_labels), (b, b_labels) = _spans(true), _fill(found, true)
    scores: dict[str, float] = {}
    for name, window in WINDOWS.items():
        for suffix, trim in (("", False), (" trimmed", True)):
            precision, recall, both = _quiet(segment.detection, a, b, window=window, trim=trim)
            if trim and len(a) == 1 and len(b) == 1:
                precision = recall = both = 1.0
            scores |= {f"F {name}{suffix}": both, f"P {name}{suffix}": precision, f"R {name}{suffix}": recall}
    precision, recall, both = _quiet(segment.pairwise, a, a_labels, b, b_labels, frame_size=FRAME)
    scores |= {"pairwise F": both, "pairwise P": precision, "pairwise R": recall}
    over, under, _ = _quiet(segment.vmeasure, a, a_labels, b, b_labels, frame_size=FRAME)
    over = 1.0 if len(set(b_labels)) == 1 else over
    under = 1.0 if len(set(a_labels)) == 1 else under
    measure = 2 * over * under / max(over + under, 1e-9)
    scores |= {"V": measure, "over": over, "under": under, "label": _same(a, a_labels, b, b_labels)}
    return {name: float(np.nan_to_num(score)) for name, score in scores.items()}


def _names() -> list[str]:
    edges = [f"{kind} {name}{trim}" for name in WINDOWS for trim in ("", " trimmed") for kind in "FPR"]
    return [*edges, "pairwise F", "pairwise P", "pairwise R", "V", "over", "under", "label"]


def _within(segments: Segments, span: tuple[float, float] | None) -> Segments:
    if len(segments) and not -LONGEST <= segments.starts[0] <= segments.ends.max() <= LONGEST:
        raise AnswerError(
            f"a section up to {segments.ends.max():g} s", f"scores are defined up to {LONGEST:g} s", "cut it first"
        )
    if span is not None:
        segments = segments.cut(*span)
    return segments.take(segments.ends - segments.starts > 1e-6)


def _spans(segments: Segments) -> tuple[np.ndarray, list[str]]:
    """Intervals from 0 on that touch, and their labels: mir_eval takes no others."""
    starts = np.concatenate([[0.0], segments.starts[1:] - segments.starts[0]])
    ends = np.append(starts[1:], max(segments.ends[-1] - segments.starts[0], starts[-1] + 1e-6))
    kept = ends - starts > 1e-9
    labels = segments.labels or ("",) * len(segments)
    return np.stack([starts, ends], 1)[kept], [label for label, own in zip(labels, kept, strict=True) if own]


def _fill(segments: Segments, true: Segments) -> tuple[np.ndarray, list[str]]:
    """Intervals cut or stretched to begin and end with the truth."""
    start, end = float(true.starts[0]), float(true.ends[-1])
    inside = segments.cut(start, end)
    inside = inside.take(inside.ends - inside.starts > 1e-6)
    if not len(inside):
        return np.array([[0.0, end - start]]), ["outside"]
    edges = np.concatenate([[0.0], inside.starts[1:], [end - start]])
    labels = list(inside.labels or ("",) * len(inside))
    kept = np.diff(edges) > 1e-9
    return np.stack([edges[:-1], edges[1:]], 1)[kept], [own for own, keep in zip(labels, kept, strict=True) if keep]


def _same(a: np.ndarray, a_labels: list[str], b: np.ndarray, b_labels: list[str]) -> float:
    """Share of the time in which both have the same name."""
    edges = np.unique(np.concatenate([a.ravel(), b.ravel()]))
    middles = (edges[:-1] + edges[1:]) / 2
    mine = np.array(a_labels)[np.searchsorted(a[:, 0], middles, "right") - 1]
    other = np.array(b_labels)[np.searchsorted(b[:, 0], middles, "right") - 1]
    return float((np.diff(edges) * (mine == other)).sum() / (edges[-1] - edges[0]))


def _quiet(measure: Callable[..., Any], *given: Any, **options: Any) -> Any:
    """Call mir_eval without its warnings about few boundaries: what it returns then is documented."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return measure(*given, **options)
