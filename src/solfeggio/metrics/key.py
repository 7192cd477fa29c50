"""How well keys and tuning were found; the scores between two keys are mir_eval's, which are MIREX's."""

from __future__ import annotations

import numpy as np

from solfeggio.answers import Segments
from solfeggio.harte import NAMES, SCALES, parse_pitch
from solfeggio.notation import global_key

MINOR_THIRD = 3  # semitones over the tonic: a mode that has it counts as minor


def simple_key(key: str) -> str:
    """Reduce a key to major or minor by its third, spelled as this package spells; "N" and "X" stay.

    >>> simple_key("D:dor"), simple_key("D#:mix")
    ('D:min', 'Eb:maj')
    """
    if key in ("N", "X"):
        return key
    name, _, mode = key.partition(":")
    third = MINOR_THIRD in SCALES.get(mode or "maj", ())
    return f"{NAMES[parse_pitch(name)]}:{'min' if third else 'maj'}"


def key_score(reference: str, estimate: str) -> float:
    """Compare two keys as MIREX does: 1 same, 0.5 a fifth above the truth, 0.3 relative, 0.2 parallel, else 0.

    Modes count as major or minor by their third. "N" (no key) equals only itself.

    >>> key_score("C:maj", "G:maj"), key_score("C:maj", "F:maj"), key_score("A:min", "C:maj"), key_score("N", "N")
    (0.5, 0.0, 0.3, 1.0)
    """
    from mir_eval.key import weighted_score

    return float(weighted_score(_spoken(reference), _spoken(estimate)))


def evaluate_key(
    reference: Segments, estimate: Segments, *, span: tuple[float, float] | None = None
) -> dict[str, float]:
    """Compare keys with the truth; all in 0..1, 1 is perfect.

    Where a side has no segment, or one called "N", it says that there is no key; "X" in the reference is not scored.
    span: (start, end) seconds that the truth covers; by default from the first start to the last end of either.
    Keys: weighted (MIREX score of the longest keys), exact (they are the same), local weighted (score in each place,
    mean over time), local exact. Nothing on either side: all 1.

    >>> truth = Segments([0, 60], [60, 80], ["C:maj", "G:maj"])
    >>> evaluate_key(truth, Segments([0], [80], ["C:maj"]))["local exact"]
    0.75
    """
    one, other = global_key(reference), global_key(estimate)
    scores = {"weighted": key_score(one, other), "exact": float(key_score(one, other) == 1)}
    edges = np.unique(np.concatenate([reference.starts, reference.ends, estimate.starts, estimate.ends, span or ()]))
    if span is not None:
        edges = edges[(edges >= span[0]) & (edges <= span[1])]
    elif not len(edges):
        edges = np.array([0.0, 1.0])
    lengths, middles = np.diff(edges), (edges[:-1] + edges[1:]) / 2
    pairs = [(label_at(reference, time), label_at(estimate, time)) for time in middles]
    known = np.array([a != "X" for a, _ in pairs])
    total = lengths[known].sum() if len(pairs) else 0.0
    found = np.array([key_score(a, b) for (a, b), told in zip(pairs, known, strict=True) if told])
    scores["local weighted"] = float(found @ lengths[known] / total) if total > 0 else 1.0
    scores["local exact"] = float((found == 1) @ lengths[known] / total) if total > 0 else 1.0
    return scores


def tuning_error(reference_cents: float, estimate_cents: float) -> float:
    """Cents between two tunings on the circle of one semitone, 0 to 50: 49 and -49 are 2 apart.

    >>> tuning_error(49, -49)
    2.0
    """
    return float(abs((estimate_cents - reference_cents + 50) % 100 - 50))


def label_at(keys: Segments, time: float) -> str:
    """Name the key at a time, "N" where there is none; of overlapping segments the latest."""
    inside = np.flatnonzero((keys.starts <= time) & (keys.ends > time))
    return keys.labels[inside[-1]] if len(inside) else "N"


def _spoken(key: str) -> str:
    """Write a key as mir_eval reads it."""
    simple = simple_key(key)
    name, _, mode = simple.partition(":")
    return "X" if simple in ("N", "X") else f"{name} {'minor' if mode == 'min' else 'major'}"
