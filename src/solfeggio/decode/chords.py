"""Chords from log probabilities: every chord of a vocabulary is scored, then the likeliest sequence is searched.

Chords agree with themselves by construction: root, bass, quality and pitch classes are always those of one label.
The language of chords is how long they last, and how one follows another relative to its root, whatever the key.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise

import numpy as np

from solfeggio.answers import Events, Segments
from solfeggio.decode.viterbi import viterbi
from solfeggio.errors import ConfigError, unknown
from solfeggio.grid import Grid
from solfeggio.harte import NAMES, VOCABULARIES, encode, read, vocabulary

FINE = "large"  # the vocabulary that structured outputs are read in
QUALITIES = tuple(dict.fromkeys(shape.partition("/")[0] for shape in VOCABULARIES[FINE]))  # of the quality head
LANGUAGES = ("none", "duration", "bigrams")
CANDIDATES = 5  # the likeliest chords of each frame; those that never are among them are not searched
SMOOTH = 20.0  # changes of chord that are imagined beside those counted, spread by how common chords are


@lru_cache(maxsize=1)
def _members() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Root, bass, place in the quality head, and pitch classes (0 or 1) of each chord of the large vocabulary."""
    labels = vocabulary(FINE)
    roots, basses, qualities = (np.zeros(len(labels), int) for _ in range(3))
    tones = np.zeros((len(labels), 12))
    for i, label in enumerate(labels):
        root, intervals, bass = read(label)
        if root < 0:
            roots[i] = basses[i] = 12
            qualities[i] = -1
            continue
        roots[i], basses[i] = root, bass
        qualities[i] = root * len(QUALITIES) + QUALITIES.index(label.partition(":")[2].partition("/")[0])
        tones[i, [(root + step) % 12 for step in intervals]] = 1
        tones[i, bass] = 1
    return roots, basses, qualities, tones


def score_chords(logits: Mapping[str, np.ndarray], tone_weight: float = 0.25) -> np.ndarray:
    """Log likelihood (frame, chord) of each chord of the large vocabulary, from the logits of four heads.

    root, bass: (frame, 13), the last is "N". pitches: (frame, 12) of "this pitch class sounds". quality: (frame, 12 *
    qualities), for each root which of QUALITIES. The sum of the four, pitch classes weighted by ``tone_weight``.
    """
    roots, basses, qualities, tones = _members()
    root, bass = (log_softmax(logits[name]) for name in ("root", "bass"))
    quality = np.asarray(logits["quality"], np.float64)
    quality = log_softmax(quality.reshape(-1, 12, len(QUALITIES))).reshape(quality.shape)
    quality = np.concatenate([quality, np.zeros((len(quality), 1))], 1)  # N has no quality: place -1
    pitches = np.asarray(logits["pitches"], np.float64)
    sounds, rests = -np.logaddexp(0, -pitches), -np.logaddexp(0, pitches)
    heard = sounds @ tones.T + rests @ (1 - tones).T
    return root[:, roots] + bass[:, basses] + quality[:, qualities] + tone_weight * heard


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log probabilities over the last axis."""
    x = np.asarray(logits, np.float64)
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def regroup(scores: np.ndarray, fine: str, coarse: str) -> np.ndarray:
    """Scores (frame, chord) in a coarser vocabulary: a chord is as likely as the likeliest that simplifies to it.

    What has no third (suspended and power chords) speaks for major and minor as far as these are likely themselves.
    Raises ConfigError when the coarse vocabulary tells apart what the fine one does not.
    """
    if fine == coarse:
        return scores
    place, labels, coarser = _coarser(fine, coarse), vocabulary(fine), vocabulary(coarse)
    out = np.full((len(scores), len(coarser)), -np.inf)
    bare = [i for i, label in enumerate(labels) if is_bare(label) and coarser[place[i]].endswith(":maj")]
    for column in sorted({*range(len(labels))} - {*bare}):
        np.maximum(out[:, place[column]], scores[:, column], out=out[:, place[column]])
    for root in range(12):
        sides = [encode(f"{NAMES[root]}:{side}", coarse) for side in ("maj", "min")]
        if own := [i for i in bare if read(labels[i])[0] == root]:
            shares = log_softmax(out[:, sides])
            out[:, sides] = np.maximum(out[:, sides], shares + scores[:, own].max(1, keepdims=True))
    return out


def is_bare(label: str) -> bool:
    """Tell whether a chord has no third, so that it is neither major nor minor."""
    intervals = read(label)[1]
    return bool(intervals) and 3 not in intervals and 4 not in intervals


@lru_cache(maxsize=16)
def _coarser(fine: str, coarse: str) -> np.ndarray:
    place = np.array([encode(label, coarse) for label in vocabulary(fine)])
    if len(np.unique(place)) < len(vocabulary(coarse)):
        raise ConfigError(f"vocabulary '{coarse}'", f"this network knows '{fine}' only", f"use vocabulary '{fine}'")
    return place


def count_changes(songs: Iterable[Segments]) -> np.ndarray:
    """Count how chords follow each other: (shapes + 1, 12 * shapes + 1), from a shape or N to a chord or N.

    The chord that follows is counted as if the one before stood on C; after N, on whatever root.
    """
    shapes = len(VOCABULARIES[FINE])
    table = np.zeros((shapes + 1, 12 * shapes + 1))
    for song in songs:
        places = [encode(label, FINE) for label in song.labels]
        for old, new in pairwise(places):
            if old < 0 or new < 0 or old == new:
                continue
            root, shape = (0, shapes) if old == 12 * shapes else divmod(old, shapes)
            table[shape, new if new == 12 * shapes else (new - root * shapes) % (12 * shapes)] += 1
    return table


def changes(counts: np.ndarray, name: str) -> np.ndarray:
    """Log probability (chord, chord) of which other chord comes next in a vocabulary; counts: of ``count_changes``."""
    shapes = len(VOCABULARIES[FINE])
    size = 12 * shapes
    full = np.zeros((size + 1, size + 1))
    for root in range(12):  # every key alike
        full[root * shapes : (root + 1) * shapes, :size] = np.roll(counts[:-1, :-1], root * shapes, axis=1)
        full[root * shapes : (root + 1) * shapes, size] = counts[:-1, -1]
    full[size, :size] = np.tile(counts[-1, :-1].reshape(12, shapes).sum(0) / 12, 12)
    place = _coarser(FINE, name) if name != FINE else np.arange(size + 1)
    joined = np.zeros((len(vocabulary(name)),) * 2)
    np.add.at(joined, (place[:, None], place[None]), full)
    np.fill_diagonal(joined, 0)
    common = joined.sum(0) + 1.0
    prior = np.tile(common / common.sum(), (len(joined), 1))
    np.fill_diagonal(prior, 0)
    prior /= prior.sum(1, keepdims=True)
    likely = (joined + SMOOTH * prior) / (joined.sum(1, keepdims=True) + SMOOTH)
    with np.errstate(divide="ignore"):
        return np.log(likely)


def decode_chords(
    scores: np.ndarray,
    grid: Grid,
    name: str,
    *,
    language: str = "bigrams",
    counts: np.ndarray | None = None,
    lasts: float = 2.0,
    weight: float = 0.3,
    beats: Events | None = None,
) -> Segments:
    """Find the likeliest chords; equal neighbours are one segment, values are how sure each is, 0..1.

    scores: (n, chord) log likelihoods on ``grid`` over ``vocabulary(name)``. language: "none", each frame for itself;
    "duration", chords last; "bigrams", and follow each other as ``counts`` of ``count_changes`` say. lasts: seconds
    of a chord, on average. weight: factor on the scores, as neighbouring frames tell the same. beats: where alone
    chords change.
    Raises ConfigError for settings out of range.

    >>> scores = np.full((40, 25), -3.0)
    >>> scores[:20, 0] = scores[20:, 15] = 0
    >>> decode_chords(scores, Grid(10), "majmin").labels
    ('C:maj', 'G:min')
    """
    if language not in LANGUAGES:
        raise unknown("language", str(language), LANGUAGES)
    if not 0 < lasts <= 1e6 or not 0 < weight <= 100:
        raise ConfigError(f"lasts {lasts} s, weight {weight}", "expected positive numbers")
    if not len(scores):
        return Segments([], [])
    edges = np.arange(len(scores) + 1)
    bounds = np.clip(grid.times(edges - 0.5), 0, None)  # seconds
    if beats is not None:
        after = np.ceil(grid.positions(beats.times) - 1e-9).astype(int)  # the first frame on or after each beat
        first, own = np.unique(after, return_index=True)
        inside = (first > 0) & (first < len(scores))
        bounds = np.concatenate([bounds[:1], beats.times[own[inside]], bounds[-1:]])
        edges = np.concatenate([[0], first[inside], [len(scores)]])
    evidence = weight * np.add.reduceat(scores, edges[:-1], axis=0)
    kept = np.unique(np.argpartition(evidence, -CANDIDATES, axis=1)[:, -CANDIDATES:])
    labels = [vocabulary(name)[i] for i in kept]
    evidence, scores = evidence[:, kept], scores[:, kept]
    if language == "none":
        path = evidence.argmax(1)
    else:
        step = float(np.median(np.diff(edges)) / grid.rate)
        if language == "bigrams" and counts is not None:
            following = changes(counts, name)[np.ix_(kept, kept)]
        else:
            following = np.full((len(labels), len(labels)), -math.log(len(vocabulary(name)) - 1))
        moving = following + math.log(-math.expm1(-step / lasts))
        np.fill_diagonal(moving, -step / lasts)
        path = viterbi(evidence, moving)
    sure = np.exp(log_softmax(weight * scores))
    turns = np.append(np.flatnonzero(np.append(True, path[1:] != path[:-1])), len(path))
    spans = list(pairwise(turns))
    values = [sure[edges[a] : edges[b], path[a]].mean() for a, b in spans]
    return Segments(bounds[turns[:-1]], bounds[turns[1:]], [labels[path[a]] for a, _ in spans], values)


def template_scores(chroma: np.ndarray, name: str = "majmin") -> np.ndarray:
    """Score chords by how much of the energy their pitch classes hold: (12, n) chroma to (n, chord) correlations.

    N gets a low constant. Source: Fujishima, "Realtime chord recognition of musical sound" (ICMC 1999).
    """
    templates = np.zeros((12, len(NAMES) * len(VOCABULARIES[name])))
    for i, label in enumerate(vocabulary(name)[:-1]):
        root, intervals, _ = read(label)
        templates[[(root + step) % 12 for step in intervals], i] = 1
    templates /= np.linalg.norm(templates, axis=0)
    norm = np.linalg.norm(chroma, axis=0)
    fit = (chroma / np.maximum(norm, 1e-9)).T @ templates
    return np.concatenate([fit, np.full((len(fit), 1), 0.3)], 1)
