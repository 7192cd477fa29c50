"""Linear probes: how much of an answer can be read off features by a plane, frame by frame.

Features that nobody labelled anything for (layers of an autoencoder, a log-mel spectrogram) are judged by linear
support vector machines, one for each drum, after Wu and Lerch (ISMIR 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solfeggio.answers import Events
from solfeggio.decode.peaks import pick_peaks
from solfeggio.errors import DataError, MissingExtra
from solfeggio.grid import Grid
from solfeggio.metrics.events import DRUMS, evaluate_events

THRESHOLDS = np.linspace(-1, 2, 13)
NEAR_FRAMES = 1  # a frame is of a hit up to so many frames away
WIDTH, GAP = 0.03, 0.05  # seconds


def hit_frames(truth: Events, grid: Grid, frames: int, drums: Sequence[str] = DRUMS) -> np.ndarray:
    """Mark the frames next to each hit: (frame, drum) booleans.

    >>> hit_frames(Events([0.2], ["SD"]), Grid(10), 5)[:, 1]
    array([False,  True,  True,  True, False])
    """
    marks = np.zeros((frames, len(drums)), bool)
    for column, drum in enumerate(drums):
        for frame in grid.frames(truth.named(drum).times):
            marks[max(0, frame - NEAR_FRAMES) : max(0, frame + NEAR_FRAMES + 1), column] = True
    return marks


def sample(marks: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw up to ``count`` frames to learn from, half of them next to hits."""
    struck = marks.any(1)
    kept = [rng.permutation(np.flatnonzero(chosen))[: count // 2] for chosen in (struck, ~struck)]
    return np.sort(np.concatenate(kept))


@dataclass(frozen=True, eq=False)
class Probes:
    """One plane for each drum: ``decide`` is its distance, positive where the drum is struck.

    mean, scale: (feature,) by which features are brought to size. weights: (feature, drum). bias: (drum,). thresholds:
    (drum,) distances from which on a peak is a hit.
    """

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    thresholds: tuple[float, ...] = (0.0,) * len(DRUMS)

    def decide(self, features: np.ndarray) -> np.ndarray:
        """Return distances (frame, drum) of features (frame, feature)."""
        return ((features - self.mean) / self.scale) @ self.weights + self.bias

    def hits(self, distances: np.ndarray, grid: Grid) -> Events:
        """Pick the peaks of distances (frame, drum)."""
        found = [
            (time, drum)
            for drum, column, threshold in zip(DRUMS, distances.T, self.thresholds, strict=True)
            for time in pick_peaks(column, grid, threshold=threshold, width=WIDTH, gap=GAP)
        ]
        found.sort()
        return Events([time for time, _ in found], [drum for _, drum in found])


def fit_probes(features: np.ndarray, marks: np.ndarray, strength: float = 1e-3) -> Probes:
    """Learn the planes from features (frame, feature) and marks (frame, drum).

    strength: C of the support vector machines. A drum that is never or always struck is never heard. Raises
    MissingExtra without scikit-learn, DataError without frames.
    """
    try:
        from sklearn.svm import LinearSVC
    except ImportError:
        raise MissingExtra("linear probes", "scikit-learn is not installed", "pip install 'solfeggio[train]'") from None
    if not len(features):
        raise DataError("linear probes", "there is no frame to learn from", "give recordings with drums")
    mean, scale = features.mean(0), features.std(0)
    scale = np.where(scale > 1e-6, scale, 1.0)
    scaled = (features - mean) / scale
    weights, bias = np.zeros((features.shape[1], marks.shape[1])), np.full(marks.shape[1], -10.0)
    for column in np.flatnonzero(marks.any(0) & ~marks.all(0)):
        machine = LinearSVC(C=strength, dual=False, tol=1e-2, max_iter=300)
        machine.fit(scaled, marks[:, column])
        weights[:, column], bias[column] = machine.coef_[0], machine.intercept_[0]
    return Probes(mean, scale, weights, bias)


def settle(probes: Probes, heard: Sequence[tuple[np.ndarray, Events]], grid: Grid) -> Probes:
    """Choose each drum's threshold on recordings whose hits are known: (distances (frame, drum), truth) of each."""
    best = []
    for column, drum in enumerate(DRUMS):
        found = {}
        for threshold in THRESHOLDS:
            own = [Events(pick_peaks(x[:, column], grid, threshold=threshold, width=WIDTH, gap=GAP)) for x, _ in heard]
            scores = [
                evaluate_events(Events(truth.named(drum).times), times)["F"]
                for times, (_, truth) in zip(own, heard, strict=True)
            ]
            found[float(threshold)] = float(np.mean(scores))
        best.append(max(found, key=lambda threshold, found=found: found[threshold]))  # type: ignore[misc]
    return Probes(probes.mean, probes.scale, probes.weights, probes.bias, tuple(best))


def stacked(frames: np.ndarray, reach: int) -> np.ndarray:
    """Put ``reach`` frames from each side beside every frame: (frame, feature) to (frame, feature * (2 reach + 1)).

    >>> stacked(np.arange(3.0)[:, None], 1)
    array([[0., 0., 1.],
           [0., 1., 2.],
           [1., 2., 0.]])
    """
    padded = np.pad(frames, ((reach, reach), (0, 0)))
    return np.concatenate([padded[first : first + len(frames)] for first in range(2 * reach + 1)], axis=1)
