"""How well beats, onsets and drum hits were found; the numbers are mir_eval's."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from solfeggio.answers import Events
from solfeggio.errors import AnswerError
from solfeggio.notation import downbeats, tempo

BEAT_WINDOW = 0.07  # seconds either side that a beat may be off
TEMPO_WINDOW = 0.04  # relative error that a tempo may have
DRUM_WINDOWS = {"": 0.05, " 20 ms": 0.02}  # seconds either side that a hit may be off, by what is added to the name
DRUMS = ("KD", "SD", "HH")  # the kinds that published numbers count
LONGEST = 30_000.0  # seconds; mir_eval takes later times for a mistake


def evaluate_beats(
    reference: Events, estimate: Events, *, span: tuple[float, float] | None = None, skip: float = 5.0
) -> dict[str, float]:
    """Compare beats with the truth, by the measures of the field; all in 0..1, 1 is perfect.

    span: (start, end) seconds that the truth covers; what lies outside is not scored. skip: seconds from the start of
    the recording (not of the span) that are not scored either; 5 is the convention of mir_eval and published numbers.
    Keys: F (window 70 ms), Cemgil, Goto, CMLc, CMLt, AMLc, AMLt, information gain; downbeat F, when the reference has
    labels; tempo accuracy 1 (median beat length within 4 %) and 2 (or within 4 % of a half, third, double, triple).
    Without any beat on either side all are 1, with beats on one side only all are 0; continuity and information gain
    are 0 when either side has a single beat, and where coinciding beats leave them undefined. Raises AnswerError for
    times beyond 30,000 s.

    Source: Davies, Degara, Plumbley, "Evaluation methods for musical audio beat tracking algorithms", 2009; mir_eval.

    >>> beats = Events(np.arange(0, 30, 0.5), list("1234") * 15)
    >>> scores = evaluate_beats(beats, beats.shift(0.03))
    >>> scores["F"], scores["downbeat F"], round(scores["Cemgil"], 3)
    (1.0, 1.0, 0.755)
    """
    from mir_eval import beat

    cut_reference, cut_estimate = (_within(beats, span, skip) for beats in (reference, estimate))
    true, found = cut_reference.times, cut_estimate.times
    scores = {"F": _quiet(beat.f_measure, true, found, BEAT_WINDOW)}
    scores["Cemgil"] = float(_quiet(beat.cemgil, true, found)[0])
    scores["Goto"] = _quiet(beat.goto, true, found)
    scores.update(zip(("CMLc", "CMLt", "AMLc", "AMLt"), _quiet(beat.continuity, true, found), strict=True))
    scores["information gain"] = _quiet(beat.information_gain, true, found)
    scores["tempo accuracy 1"] = _tempo_accuracy(tempo(cut_reference), tempo(cut_estimate), (1,))
    scores["tempo accuracy 2"] = _tempo_accuracy(tempo(cut_reference), tempo(cut_estimate), (1, 2, 3, 1 / 2, 1 / 3))
    if not len(true) and not len(found):
        scores = dict.fromkeys(scores, 1.0)
    if not len(reference):
        scores["downbeat F"] = float(not len(found))
    elif reference.labels:
        true, found = downbeats(cut_reference).times, downbeats(cut_estimate).times
        empty = not len(true) and not len(found)
        scores["downbeat F"] = 1.0 if empty else _quiet(beat.f_measure, true, found, BEAT_WINDOW)
    return {name: float(np.nan_to_num(score)) for name, score in scores.items()}


def evaluate_events(
    reference: Events, estimate: Events, window: float = 0.05, *, span: tuple[float, float] | None = None
) -> dict[str, float]:
    """Compare onsets or drum hits with the truth: precision P, recall R and their harmonic mean F.

    An event is found when an estimate with the same label lies within ``window`` seconds; each counts once. When the
    reference has labels, "F snare" and so on follow for each label of either side, and F, P, R count them together; if
    it has none, those of the estimate are ignored. span: as in ``evaluate_beats``. Nothing on either side: all 1;
    something on one side only: all 0. Raises AnswerError when only the reference has labels, and beyond 30,000 s.

    >>> evaluate_events(Events([0.0, 1.0]), Events([0.04, 1.0, 2.0]))["P"]
    0.6666666666666666
    """
    reference, estimate = _within(reference, span, 0.0), _within(estimate, span, 0.0)
    labels = sorted({*reference.labels, *estimate.labels}) if reference.labels or not len(reference) else []
    if reference.labels and len(estimate) and not estimate.labels:
        raise AnswerError("the estimate has no labels", "the reference has", "drop those to compare times only")
    pairs = [(reference.named(x), estimate.named(x)) for x in labels] or [(reference, estimate)]
    counts = np.array([(_hits(a, b, window), len(a), len(b)) for a, b in pairs])
    scores = _precision_recall(*counts.sum(0))
    scores.update({f"F {x}": _precision_recall(*row)["F"] for x, row in zip(labels, counts, strict=False)})
    return scores


def evaluate_drums(
    reference: Events,
    estimate: Events,
    drums: Sequence[str] = DRUMS,
    *,
    span: tuple[float, float] | None = None,
) -> dict[str, float]:
    """Compare drum hits with the truth, counting these kinds of drum only; the labels KD, SD, HH and so on tell them.

    Keys: F, P and R of all hits pooled, "F KD" and so on of each drum, "mean F" over the drums, all within 50 ms; the
    same with " 20 ms" behind the name within 20 ms. NaN for a drum that neither side has, which the mean leaves out
    (published scripts count it as 0); the rest as in ``evaluate_events``.

    >>> scores = evaluate_drums(Events([0.0, 1.0], ["KD", "SD"]), Events([0.03, 1.0], ["KD", "SD"]))
    >>> scores["F"], scores["F KD 20 ms"], scores["mean F 20 ms"], scores["F HH"]
    (1.0, 0.0, 0.5, nan)
    """
    reference, estimate = reference.named(*drums), estimate.named(*drums)
    found: dict[str, float] = {}
    for suffix, window in DRUM_WINDOWS.items():
        scores = evaluate_events(reference, estimate, window, span=span)
        own = {f"F {drum}": scores.get(f"F {drum}", float("nan")) for drum in drums}
        told = [score for score in own.values() if not np.isnan(score)]
        mean = float(np.mean(told)) if told else 1.0
        pooled = {name: scores[name] for name in ("F", "P", "R")}
        found |= {f"{name}{suffix}": float(value) for name, value in {**pooled, "mean F": mean, **own}.items()}
    return found


def hit_counts(reference: Events, estimate: Events, drums: Sequence[str] = DRUMS) -> dict[str, float]:
    """Count the hits that each number of ``evaluate_drums`` speaks of: means over recordings weighed so pool all hits.

    F counts the hits of both sides, P those of the estimate, R those of the reference; so it is of each drum.

    >>> hit_counts(Events([0.0, 1.0], ["KD", "SD"]), Events([0.0], ["KD"]))["F KD"]
    2.0
    """
    sides = [events.named(*drums) for events in (reference, estimate)]
    true, found = (float(len(side)) for side in sides)
    counts = {"F": true + found, "P": found, "R": true}
    counts |= {f"F {drum}": float(sum(len(side.named(drum)) for side in sides)) for drum in drums}
    return {f"{name}{suffix}": count for suffix in DRUM_WINDOWS for name, count in counts.items()}


def evaluate_velocities(reference: Events, estimate: Events, window: float = 0.05) -> dict[str, float]:
    """Compare how hard the hits are that were found: correlation "velocity r" and mean difference "velocity error".

    Both sides need values 0..1. Hits are paired by label and time as in ``evaluate_events``; with fewer than two pairs,
    or one loudness only, the correlation is NaN, and so is the difference without a pair.
    """
    from mir_eval import util

    pairs = []
    for label in {*reference.labels} & {*estimate.labels}:
        true, found = reference.named(label), estimate.named(label)
        if true.values is not None and found.values is not None:
            matched = util.match_events(true.times, found.times, window)
            pairs += [(true.values[i], found.values[j]) for i, j in matched]
    a, b = np.array(pairs, float).reshape(-1, 2).T
    told = len(a) > 1 and a.std() > 1e-9 and b.std() > 1e-9
    return {
        "velocity r": float(np.corrcoef(a, b)[0, 1]) if told else float("nan"),
        "velocity error": float(np.abs(a - b).mean()) if len(a) else float("nan"),
    }


def _within(events: Events, span: tuple[float, float] | None, skip: float) -> Events:
    times = events.times
    if len(times) and not -LONGEST <= times[0] <= times[-1] <= LONGEST:
        raise AnswerError(
            f"an event at {times[-1]:g} s", f"scores are defined up to {LONGEST:g} s", "cut the answer first"
        )
    start, end = span if span is not None else (-np.inf, np.inf)
    if skip > 0:
        start = max(start, skip)
    return events.take((times >= start) & (times <= end))


def _quiet(measure: Callable[..., Any], *given: Any) -> Any:
    """Call mir_eval without its warnings about few beats: what it returns then is documented."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return measure(*given)


def _tempo_accuracy(true: float, found: float, factors: tuple[float, ...]) -> float:
    if not true or not found:
        return float(true == found)
    return float(any(abs(found - true * k) <= TEMPO_WINDOW * true * k for k in factors))


def _hits(reference: Events, estimate: Events, window: float) -> int:
    from mir_eval import util

    if not len(reference) or not len(estimate):
        return 0
    return len(util.match_events(reference.times, estimate.times, window))


def _precision_recall(hits: int, true: int, found: int) -> dict[str, float]:
    if not true and not found:
        return {"F": 1.0, "P": 1.0, "R": 1.0}
    precision, recall = hits / max(found, 1), hits / max(true, 1)
    return {"F": 2 * hits / (true + found), "P": float(precision), "R": float(recall)}
