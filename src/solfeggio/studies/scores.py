"""Scores: answers against the truth, track by track, and the tables made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from solfeggio.answers import Answer, Events, Segments, Stems
from solfeggio.data.taxonomy import are_instruments, in_our_classes
from solfeggio.errors import ConfigError, unknown
from solfeggio.hits import regroup
from solfeggio.metrics.chords import asked_seconds, evaluate_chords
from solfeggio.metrics.events import evaluate_beats, evaluate_drums, evaluate_events
from solfeggio.metrics.key import evaluate_key
from solfeggio.metrics.segments import evaluate_sections
from solfeggio.metrics.stems import evaluate_stems
from solfeggio.metrics.tags import evaluate_activity
from solfeggio.studies.table import Cell, Estimate, Table, over_seeds, over_tracks

HEADLINE = {  # the columns that a task's tables show
    "beats": ("F", "downbeat F", "CMLt", "AMLt"),
    "chords": ("root", "majmin", "sevenths", "tetrads", "sevenths inversions", "mirex", "segmentation"),
    "drums": ("F", "mean F", "F KD", "F SD", "F HH", "F 20 ms", "mean F 20 ms"),
    "instruments": ("F", "P", "R", "F macro"),
    "key": ("weighted", "exact", "local weighted", "local exact"),
    "sections": ("F 3", "F 0.5", "F 3 trimmed", "F 0.5 trimmed", "pairwise F", "V", "label"),
    "stems": ("SDR", "SI-SDR", "spectral SNR", "log mel", "error below mix", "leakage", "onset F"),
}


def _drums(reference: Events, estimate: Events, span: tuple[float, float] | None = None) -> dict[str, float]:
    """Compare hits by the main classes, whichever they were told in."""
    return evaluate_drums(regroup(reference), regroup(estimate), span=span)


def _activity(reference: Segments, estimate: Segments, span: tuple[float, float] | None = None) -> dict[str, float]:
    """Compare activity by our classes, if all labels are names of instruments."""
    known = are_instruments([*reference.labels, *estimate.labels])
    pair = (in_our_classes(x, "medleydb") if known else x for x in (reference, estimate))
    return evaluate_activity(*pair, span=span)


JUDGES: dict[str, tuple[type[Answer], Callable[..., dict[str, float]]]] = {  # task: kind of answer, metrics
    "beats": (Events, evaluate_beats),
    "chords": (Segments, evaluate_chords),
    "drums": (Events, _drums),
    "events": (Events, evaluate_events),
    "instruments": (Segments, _activity),
    "key": (Segments, evaluate_key),
    "sections": (Segments, evaluate_sections),
    "stems": (Stems, evaluate_stems),
}
WEIGHERS: dict[str, Callable[..., dict[str, float]]] = {"chords": asked_seconds}  # how much a track counts, by metric


@dataclass(frozen=True)
class Score:
    """One track's numbers.

    id, groups: of the track. values: metric name to number. weights: how much the track counts in means of a metric,
    such as the seconds that it compares; 1 where nothing is said.
    """

    id: str
    values: dict[str, float]
    groups: dict[str, str] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)


def evaluate(
    reference: Answer, estimate: Answer, task: str = "beats", span: tuple[float, float] | None = None
) -> dict[str, float]:
    """Judge one answer with the field's metrics (mir_eval); the flat dict's names are those of the tables.

    task: a key of ``JUDGES``; "events" are onsets and hits within 50 ms. span: the seconds that the truth covers.
    Raises ConfigError for an unknown task or a wrong kind of answer.

    >>> beats = Events([6.0, 6.5, 7.0, 7.5], list("1234"))
    >>> evaluate(beats, beats)["F"]
    1.0
    """
    if task not in JUDGES:
        raise unknown("task", task, JUDGES)
    kind, judge = JUDGES[task]
    if not isinstance(reference, kind) or not isinstance(estimate, kind):
        given = f"{task} of {type(reference).__name__} and {type(estimate).__name__}"
        raise ConfigError(given, f"both must be {kind.__name__}")
    return judge(reference, estimate, span=span)


def weigh(reference: Answer, task: str, span: tuple[float, float] | None = None) -> dict[str, float]:
    """How much a track with this truth counts in the mean of each metric; metrics that are not in it count 1."""
    return WEIGHERS[task](reference, span=span) if task in WEIGHERS else {}


def summary(scores: Sequence[Score], columns: Sequence[str]) -> tuple[Estimate, ...]:
    """Mean of each column over the tracks for which it is defined, weighed, with the bootstrap's 95 % interval."""
    told = {c: [score for score in scores if not np.isnan(score.values[c])] or scores for c in columns}
    return tuple(
        over_tracks([score.values[c] for score in told[c]], [score.weights.get(c, 1.0) for score in told[c]])
        for c in columns
    )


def compare(title: str, systems: Mapping[str, Sequence[Score]], columns: Sequence[str], note: str = "") -> Table:
    """One row for each system over the same tracks."""
    rows: list[tuple[Cell, ...]] = [(name, *summary(scores, columns)) for name, scores in systems.items()]
    weighed = any(score.weights for scores in systems.values() for score in scores)
    gaps = any(np.isnan(score.values[c]) for scores in systems.values() for score in scores for c in columns)
    where = (" for which it is defined" if gaps else "") + (", weighed by the seconds compared," if weighed else "")
    usual = f"mean over tracks{where} with 95 % bootstrap interval"
    return Table(title, ("system", *columns), tuple(rows), note or usual)


def by_group(title: str, scores: Sequence[Score], group: str, columns: Sequence[str], note: str = "") -> Table:
    """One row for each value of a group: sound-bank family, style, version."""
    names = sorted({score.groups.get(group, "") for score in scores})
    rows: list[tuple[Cell, ...]] = []
    for name in names:
        own = [score for score in scores if score.groups.get(group, "") == name]
        rows.append((name, len(own), *summary(own, columns)))
    return Table(title, (group, "tracks", *columns), tuple(rows), note)


def across_seeds(
    title: str,
    variants: Mapping[str, Sequence[Sequence[Score]]],
    columns: Sequence[str],
    extra: Mapping[str, Mapping[str, Cell]],
) -> Table:
    """One row for each variant, trained with several seeds: mean over seeds of means over tracks, Student's interval.

    extra: more columns by variant, such as parameters or energy.
    """
    more = tuple(dict.fromkeys(name for cells in extra.values() for name in cells))
    rows = []
    for name, runs in variants.items():
        tracks = [summary(run, columns) for run in runs]
        means = [over_seeds([cells[i].mean for cells in tracks]) for i in range(len(columns))]
        rows.append((name, len(runs), *means, *(extra.get(name, {}).get(column) for column in more)))
    return Table(
        title, ("variant", "seeds", *columns, *more), tuple(rows), "mean over seeds with Student's 95 % interval"
    )


def extremes(scores: Iterable[Score], column: str, count: int = 3) -> tuple[list[Score], list[Score]]:
    """Pick the ``count`` worst and the ``count`` best tracks by one column."""
    ranked = sorted(scores, key=lambda score: score.values[column])
    return ranked[:count], ranked[::-1][:count]


def score_tracks(
    tracks: Iterable[object], answer: Callable[[object], Answer], truth: Callable[[object], Answer], task: str
) -> list[Score]:
    """Judge ``answer(track)`` against ``truth(track)`` for each track (a Track or a prepared Item)."""
    return [
        Score(
            getattr(track, "id", ""),
            evaluate(truth(track), answer(track), task, getattr(track, "span", None)),
            dict(getattr(track, "groups", {})),
            weigh(truth(track), task, getattr(track, "span", None)),
        )
        for track in tracks
    ]
