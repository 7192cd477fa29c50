"""How well chords were found; the comparisons of two chords are mir_eval's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solfeggio.answers import Segments

MEASURES = {  # name in our tables: function of mir_eval.chord
    "root": "root", "majmin": "majmin", "mirex": "mirex", "thirds": "thirds", "triads": "triads",
    "sevenths": "sevenths", "tetrads": "tetrads", "majmin inversions": "majmin_inv",
    "sevenths inversions": "sevenths_inv", "tetrads inversions": "tetrads_inv",
}  # fmt: skip


def evaluate_chords(
    reference: Segments, estimate: Segments, *, span: tuple[float, float] | None = None
) -> dict[str, float]:
    """Compare chords with the truth, by the measures of the field; all in 0..1, 1 is perfect.

    Keys: root, majmin, mirex (three pitch classes in common), thirds, triads, sevenths, tetrads, and with
    " inversions" those that also ask for the bass: shares of the time that a measure compares. segmentation: the lower
    of over (1: nothing is cut up) and under (1: no change is missed). span: (start, end) seconds that the truth covers;
    by default from its first start to its last end. What an estimate leaves open is "N"; what the reference leaves
    open, and "X", is not scored. A measure that finds nothing in the reference to compare (only suspended chords under
    majmin) is 1. Without any reference it is 1 for an estimate without chords and 0 for another.

    Source: Harte 2010; Pauwels and Peeters 2013; mir_eval.chord.

    >>> truth = Segments([0, 2], [2, 4], ["C:maj", "G:7"])
    >>> scores = evaluate_chords(truth, Segments([0, 2], [2, 4], ["C:maj/3", "G:maj"]))
    >>> scores["majmin"], scores["sevenths"], scores["majmin inversions"]
    (1.0, 0.5, 0.5)
    """
    from mir_eval import chord, util

    start, end = span if span is not None else _extent(reference)
    if end <= start or not len(reference):
        empty = all(label == "N" for label in estimate.labels)
        return dict.fromkeys((*MEASURES, "segmentation", "over", "under"), float(empty))
    true = _filled(reference, start, end, "X")
    found = _filled(estimate, start, end, "N")
    spans, labels, guesses = util.merge_labeled_intervals(*true, *found)
    seconds = util.intervals_to_durations(spans)
    scores = {}
    for name, measure in MEASURES.items():
        same = getattr(chord, measure)(labels, guesses)
        asked = same >= 0
        scores[name] = float((same * seconds)[asked].sum() / seconds[asked].sum()) if asked.any() else 1.0
    whole = [chord.merge_chord_intervals(*side) for side in (true, found)]
    scores["over"], scores["under"] = float(chord.overseg(*whole)), float(chord.underseg(*whole))
    return scores | {"segmentation": min(scores["over"], scores["under"])}


def asked_seconds(reference: Segments, *, span: tuple[float, float] | None = None) -> dict[str, float]:
    """Seconds of the reference that each of MEASURES compares, by which means over recordings are weighed.

    So the mean over recordings is the share of all time compared, as in MIREX: a song in power chords hardly counts
    under majmin, which does not ask for them. Arguments as for ``evaluate_chords``.

    >>> seconds = asked_seconds(Segments([0, 2], [2, 5], ["C:maj", "G:5"]))
    >>> seconds["root"], seconds["majmin"]
    (5.0, 2.0)
    """
    from mir_eval import chord, util

    start, end = span if span is not None else _extent(reference)
    if end <= start:
        return dict.fromkeys(MEASURES, 0.0)
    spans, labels = _filled(reference, start, end, "X")
    seconds = util.intervals_to_durations(spans)
    return {
        name: float(seconds[getattr(chord, measure)(labels, labels) >= 0].sum()) for name, measure in MEASURES.items()
    }


def _extent(segments: Segments) -> tuple[float, float]:
    return (float(segments.starts[0]), float(segments.ends.max())) if len(segments) else (0.0, 0.0)


def _filled(segments: Segments, start: float, end: float, open_label: str) -> tuple[np.ndarray, Sequence[str]]:
    """Intervals (n, 2) that touch from ``start`` to ``end``, with their labels; gaps are called ``open_label``."""
    edges, labels, now = [start], [], start
    for first, last, label in zip(segments.starts, segments.ends, segments.labels, strict=True):
        first, last = max(first, now), min(last, end)
        if last <= first:
            continue
        if first > now:
            edges.append(first)
            labels.append(open_label)
        edges.append(last)
        labels.append(label)
        now = last
    if now < end:
        edges.append(end)
        labels.append(open_label)
    return np.stack([edges[:-1], edges[1:]], 1), labels
