"""Clips with weak labels: ten seconds of a recording, and for a few instruments whether they are somewhere in it.

As OpenMIC-2018 (Humphrey, Durand and McFee, ISMIR 2018) gives them: twenty classes, most answers missing, about as many
clips with an instrument as without among those that are there. Made here from a truth that says when, so that what the
labels keep back is known all the same, for judging.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from solfeggio.answers import Segments
from solfeggio.data.taxonomy import OPENMIC, instrument_classes

LABELS = tuple(OPENMIC)
UNSURE = {  # our classes and names that sound like these, or may hold them: where they play, nobody can say
    "strings": ("violin", "cello"), "brass": ("trumpet", "trombone", "saxophone"), "horn": ("trombone",),
    "plucked": ("banjo", "mandolin", "ukulele"), "harmonica": ("accordion",), "percussion": ("drums",),
    "synth bass": ("synthesizer",), "drum set": ("cymbals",),
}  # fmt: skip
PRESENT = 1.0  # seconds that an instrument must play in a clip to be in it; the label of one that plays less is unknown
UNKNOWN = 0.5  # value of a label that has no answer, as in OpenMIC
_OF = {  # our class: the one class of OpenMIC that covers it
    kind: next(label for label in LABELS if kind in OPENMIC[label])
    for kind in {kind for kinds in OPENMIC.values() for kind in kinds}
    if sum(kind in kinds for kinds in OPENMIC.values()) == 1
}


def places(duration: float, seconds: float, most: int, seed: int) -> np.ndarray:
    """Draw where clips begin: at most ``most`` that do not overlap, in order; none where the recording is shorter.

    >>> places(25.0, 10.0, 2, seed=0)
    array([ 0., 10.])
    """
    order = np.random.default_rng(seed).permutation(int(duration // seconds))
    return np.sort(order[:most]) * float(seconds)


def label_clips(
    instruments: Segments, starts: Iterable[float], seconds: float = 10.0, frames: int = 10, source: str = "band"
) -> tuple[np.ndarray, np.ndarray]:
    """Label clips by a truth of who plays when.

    instruments: Segments that may overlap, with the names of a ``source`` of ``instrument_classes``. starts: of the
    clips, in seconds. Returns values (clip, label): 1 present, 0 absent, ``UNKNOWN`` where it plays too little or what
    plays may hold it; and activity (clip, frame, label): share of each frame in which it plays, NaN where unsure.
    Raises ConfigError for a name that the source does not have.

    >>> values, activity = label_clips(Segments([2.0], [6.0], ["piano"]), [0.0])
    >>> values[0, LABELS.index("piano")] == 1, activity[0, 1:4, LABELS.index("piano")]
    (np.True_, array([0., 1., 1.]))
    """
    at = np.asarray(list(starts), float)
    step = seconds / frames
    edges = at[:, None] + step * np.arange(frames)
    activity, unsure = (np.zeros((len(at), frames, len(LABELS))) for _ in range(2))
    for first, last, name in zip(instruments.starts, instruments.ends, instruments.labels, strict=True):
        share = (np.minimum(last, edges + step) - np.maximum(first, edges)).clip(0) / step
        kinds = instrument_classes(name, source)
        meant = {_OF[kind] for kind in kinds if kind in _OF}
        maybe = {label for word in (name, *kinds) for label in UNSURE.get(word, ())} | (
            meant if len(meant) > 1 else set()
        )
        for rows, labels in ((activity, meant - maybe), (unsure, maybe)):
            for label in labels:
                rows[:, :, LABELS.index(label)] += share
    activity = activity.clip(0, 1)
    played = activity.sum(1) * step
    values = np.full(played.shape, UNKNOWN)
    values[(played <= 0) & ~(unsure > 0).any(1)] = 0.0
    values[played >= PRESENT - 1e-6] = 1.0
    return values, np.where((unsure > 0) & (activity < 1), np.nan, activity)


def observe(values: np.ndarray, share: float, seed: int = 0) -> np.ndarray:
    """Choose which labels of clips are told: of each class that share of the clips, half of them with it.

    values: (clip, label) of ``label_clips``. share: 0 to 1; where one kind is too rare, all of it and as many of the
    other. Returns a mask (clip, label); what is unknown is never told.

    >>> observe(np.array([[1.0], [0.0], [0.0], [0.0], [0.5]]), 1.0).sum()
    np.int64(2)
    """
    rng = np.random.default_rng(seed)
    told = np.zeros(values.shape, bool)
    for column in range(values.shape[1]):
        kinds = [np.flatnonzero(values[:, column] == kind) for kind in (1.0, 0.0)]
        count = min(len(kinds[0]), len(kinds[1]), max(1, round(share * len(values) / 2)))
        for kind in kinds:
            told[rng.permutation(kind)[:count], column] = True
    return told
