"""Repetition: which sections are the same music again, by stripes in their cross-similarity."""

from __future__ import annotations

import numpy as np

from solfeggio.answers import Segments
from solfeggio.decode.novelty import unit
from solfeggio.errors import ConfigError
from solfeggio.grid import Grid

OVERLAP = 0.6  # share of the shorter of two sections that a stripe covers at least


def self_similarity(features: np.ndarray, smooth: int = 0) -> np.ndarray:
    """Cosine similarities of all pairs of frames, each bin's mean over the song taken off first.

    features: (bin, frame). smooth: frames averaged on either side of each. Returns (frame, frame) in -1..1, the
    picture of a song's form. Raises AnswerError for features that are no finite matrix.

    >>> self_similarity(np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])).round()
    array([[ 1., -1.,  1.],
           [-1.,  1., -1.],
           [ 1., -1.,  1.]])
    """
    vectors = unit(features)
    if smooth and vectors.shape[1]:
        kernel = np.ones(2 * smooth + 1) / (2 * smooth + 1)
        padded = np.pad(vectors, ((0, 0), (smooth, smooth)), mode="edge")
        vectors = np.stack([np.convolve(row, kernel, "valid") for row in padded])
        vectors /= np.maximum(np.linalg.norm(vectors, axis=0), 1e-9)
    return vectors.T @ vectors


def stripe(block: np.ndarray) -> float:
    """Find how alike two passages are: the mean of the best diagonal of their (n, m) cross-similarities.

    Only diagonals that cover ``OVERLAP`` of the shorter passage count, so passages may begin a little apart.
    """
    rows, columns = block.shape
    if not rows or not columns:
        return 0.0
    need = max(1, round(OVERLAP * min(rows, columns)))
    means = [block.diagonal(k).mean() for k in range(need - rows, columns - need + 1)]
    return float(max(means))


def alike(features: np.ndarray, grid: Grid, segments: Segments, smooth: float = 0.4) -> np.ndarray:
    """Compare all pairs of segments by their best stripe. Returns (n, n), symmetric, 1 on the diagonal.

    features: (bin, frame) of what tells passages apart, such as chroma, on ``grid``. smooth: seconds averaged on
    either side of a frame.
    """
    similarity = self_similarity(features, grid.span(smooth))
    edges = np.stack([grid.frames(segments.starts), grid.frames(segments.ends)], 1)
    edges = np.clip(edges, 0, len(similarity))
    found = np.eye(len(segments))
    for i in range(len(segments)):
        for j in range(i):
            (a, b), (c, d) = edges[i], edges[j]
            found[i, j] = found[j, i] = stripe(similarity[a:b, c:d]) if b > a and d > c else 0.0
    return found


def letters(features: np.ndarray, grid: Grid, segments: Segments, threshold: float = 0.5) -> Segments:
    """Name segments by repetition: A for the first music heard, B for the next, the same letter where it returns.

    features: (bin, frame) on ``grid``. threshold: similarity, -1..1, above which two groups of segments are the same
    music (average linkage). After Z comes AA. Keeps times and values. Raises ConfigError for a threshold out of range.

    >>> features = np.repeat(np.eye(3)[:, [0, 1, 0, 2]], 10, axis=1)
    >>> letters(features, Grid(1), Segments([0, 10, 20, 30], [10, 20, 30, 40], ["verse"] * 4)).labels
    ('A', 'B', 'A', 'C')
    """
    if not -1 <= threshold <= 1:
        raise ConfigError(f"threshold {threshold}", "a similarity lies in -1..1")
    groups = [[i] for i in range(len(segments))]
    pairs = alike(features, grid, segments)
    while len(groups) > 1:
        links = np.array([[pairs[np.ix_(a, b)].mean() if a is not b else -2.0 for b in groups] for a in groups])
        i, j = np.unravel_index(int(links.argmax()), links.shape)
        if links[i, j] < threshold:
            break
        groups[min(i, j)] += groups.pop(max(i, j))
    places = {member: place for place, group in enumerate(sorted(groups, key=min)) for member in group}
    names = [letter(places[i]) for i in range(len(segments))]
    return Segments(segments.starts, segments.ends, names, segments.values)


def letter(place: int) -> str:
    """Name the n-th material: A, B, ... Z, AA, AB, ...

    >>> letter(0), letter(25), letter(26)
    ('A', 'Z', 'AA')
    """
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name
