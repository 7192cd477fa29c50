"""Key and chords of written music by rule: what a score in parts sounds, and what would go with a tune.

Key profiles: Krumhansl, "Cognitive Foundations of Musical Pitch" (1990).
"""

from __future__ import annotations

import itertools

import numpy as np

from solfeggio.band.song import Part, Spans
from solfeggio.harte import NAMES, QUALITIES, SCALES, parse_pitch

MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
MODES = {"major": "maj", "ionian": "maj", "minor": "min", "aeolian": "min", "dorian": "dor", "mixolydian": "mix"}
SOUNDED = ("maj", "min", "7", "min7", "maj7", "dim", "hdim7", "dim7", "sus4", "aug", "5")
EXTRA = {"7": 0.05, "min7": 0.11, "maj7": 0.2, "dim": 0.05, "hdim7": 0.08, "dim7": 0.08, "sus4": 0.2, "aug": 0.18,
         "5": 0.08}  # fmt: skip
OVER = {3: "b3", 4: "3", 6: "b5", 7: "5", 10: "b7", 11: "7"}
DIATONIC: dict[str, dict[tuple[int, str], float]] = {  # mode -> chords of a tune's accompaniment, and how welcome
    "maj": {(0, "maj"): 0.12, (7, "maj"): 0.08, (5, "maj"): 0.07, (9, "min"): 0.0, (2, "min"): 0.0, (7, "7"): 0.03,
            (4, "min"): -0.1},
    "min": {(0, "min"): 0.12, (7, "maj"): 0.02, (7, "min"): 0.02, (5, "min"): 0.05, (10, "maj"): 0.06, (8, "maj"): 0.0,
            (3, "maj"): 0.03},
    "dor": {(0, "min"): 0.12, (10, "maj"): 0.1, (5, "maj"): 0.02, (3, "maj"): 0.0, (7, "min"): 0.02},
    "mix": {(0, "maj"): 0.12, (10, "maj"): 0.1, (5, "maj"): 0.04, (7, "min"): 0.0, (2, "min"): -0.02},
}  # fmt: skip


def weigh_pitches(parts: tuple[Part, ...], edges: np.ndarray) -> np.ndarray:
    """How long each pitch class sounds between neighbouring edges: (segments, 12) quarters; drums are not heard."""
    weights = np.zeros((len(edges) - 1, 12))
    for part in parts:
        if part.drums:
            continue
        first = np.maximum(np.searchsorted(edges, part.notes[:, 0] + 1e-6, side="right") - 1, 0)
        for (start, end, pitch, _), at in zip(part.notes, first, strict=True):
            while at < len(weights) and edges[at] < end - 1e-6:
                weights[at, int(pitch) % 12] += min(end, edges[at + 1]) - max(start, edges[at])
                at += 1
    return np.maximum(weights, 0.0)


def find_key(
    weights: np.ndarray, fifths: int | None = None, mode: str = "", last: int | None = None, modal: bool = False
) -> str:
    """Name the key of (12,) pitch class weights, "D:dor": of the signature's keys the one that fits the profiles.

    fifths: sharps of the signature, flats negative; None leaves all keys open. mode: as the score names it, "" where it
    does not. last: pitch class on which the music ends. modal: a score of tunes, whose modes are meant; elsewhere
    "major" often only stands for the signature, and modal signatures are old spellings of minor and major.

    >>> find_key(np.array([2, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1.0]), fifths=0, last=0)
    'C:maj'
    """
    tonic = 0 if fifths is None else 7 * fifths % 12
    if fifths is not None and mode in MODES and (modal or mode != "major"):
        short = MODES[mode]
        return f"{NAMES[(tonic + {'maj': 0, 'min': 9, 'dor': 2, 'mix': 7}[short]) % 12]}:{short}"
    open_keys = {(t, m): 0.0 for t in range(12) for m in ("maj", "min")}
    known = {(tonic, "maj"): 0.08, ((tonic + 9) % 12, "min"): 0.0, ((tonic + 2) % 12, "dor"): -0.1}
    known[(tonic + 7) % 12, "mix"] = -0.15 if modal else -0.25
    scores = {}
    for (t, short), bonus in (open_keys if fifths is None else known).items():
        profile = np.roll(MAJOR if short in ("maj", "mix") else MINOR, t)
        fit = float(np.corrcoef(profile, weights)[0, 1]) if weights.std() > 0 else 0.0
        scores[t, short] = fit + bonus + (0.2 if last == t else 0.0)
    best = max(scores, key=lambda key: scores[key])
    short = best[1] if modal else {"dor": "min", "mix": "maj"}.get(best[1], best[1])
    return f"{NAMES[best[0]]}:{short}"


def label_chords(parts: tuple[Part, ...], edges: np.ndarray, key: str) -> Spans:
    """Label what sounds between neighbouring edges (beats, in quarters) with Harte chords, equal neighbours joined.

    "X" where no chord explains three fifths of what sounds or a single pitch does, "N" where a bar or more is silent.
    """
    weights = weigh_pitches(parts, edges)
    low = _lowest(parts, edges)
    heard = weights.sum(1)
    share = weights / np.maximum(heard, 1e-9)[:, None]
    inside = np.zeros(12)
    inside[[(parse_pitch(key.partition(":")[0]) + step) % 12 for step in SCALES[key.partition(":")[2]]]] = 1
    names = [(root, quality) for quality in SOUNDED for root in range(12)]
    masks = np.zeros((len(names), 12))
    fixed = np.zeros(len(names))
    for i, (root, quality) in enumerate(names):
        masks[i, [(root + step) % 12 for step in QUALITIES[quality]]] = 1
        fixed[i] = -EXTRA.get(quality, 0.0) + 0.03 * (masks[i] * inside).sum() / masks[i].sum()
    roots = np.array([root for root, _ in names])
    covered = share @ masks.T
    absent = (share[:, None, :] < 0.02) * masks[None]
    fit = 2.2 * covered - 1.2 - 0.13 * absent.sum(2) + 0.2 * share[:, roots] + 0.12 * (low[:, None] == roots) + fixed
    fit[heard < 1e-6] = 0.0
    path = _smoothest(fit, 0.12)
    spans: list[tuple[float, float, str]] = []
    for i, state in enumerate(path):
        root, quality = names[state]
        label = f"{NAMES[root]}:{quality}"
        over = (low[i] - root) % 12
        if low[i] >= 0 and over in QUALITIES[quality] and over in OVER:
            label += f"/{OVER[over]}"
        if heard[i] < 1e-6:
            label = "N" if edges[i + 1] - edges[i] > 3 or not spans else spans[-1][2]
        elif covered[i, state] < 0.6 or (share[i] > 0.02).sum() < 2:
            label = "X"
        _join(spans, (float(edges[i]), float(edges[i + 1]), label))
    return tuple(spans)


def harmonise(tune: Part, edges: np.ndarray, key: str) -> list[str]:
    """Choose a diatonic chord for each stretch of a tune: chord tones, a way home, and few changes; the last is home.

    >>> tune = Part("melody", 0, np.array([[0, 2, 60, 80], [2, 4, 67, 80], [4, 8, 62, 80], [8, 12, 60, 80.0]]))
    >>> harmonise(tune, np.array([0, 4, 8, 12.0]), "C:maj")
    ['C:maj', 'G:maj', 'C:maj']
    """
    name, _, mode = key.partition(":")
    tonic = parse_pitch(name)
    table = DIATONIC.get(mode, DIATONIC["maj"])
    weights = weigh_pitches((tune,), edges)
    share = weights / np.maximum(weights.sum(1), 1e-9)[:, None]
    strong = np.zeros_like(share)  # what begins a stretch counts double
    for i, edge in enumerate(edges[:-1]):
        at = tune.notes[np.abs(tune.notes[:, 0] - edge) < 1e-3]
        if len(at):
            strong[i, int(at[-1, 2]) % 12] = 0.5
    names = [((tonic + step) % 12, quality) for step, quality in table]
    masks = np.zeros((len(names), 12))
    for i, (root, quality) in enumerate(names):
        masks[i, [(root + step) % 12 for step in QUALITIES[quality]]] = 1
    fit = (share + strong) @ masks.T + np.array(list(table.values()))
    fit[-1] += 2.0 * np.array([step == 0 for step, _ in table])
    fit[0] += 0.3 * np.array([step == 0 for step, _ in table])
    moves = np.full((len(names), len(names)), -0.1)
    for i, (step, _) in enumerate(table):
        moves[i, i] = 0.0
        for j, (to, _) in enumerate(table):
            moves[i, j] += 0.1 * ((step, to) in ((7, 0), (10, 0), (5, 0), (2, 7), (5, 7), (9, 5), (0, 7)))
            moves[i, j] -= 0.2 * ((step, to) in ((7, 5), (7, 2), (7, 4)))
    return [f"{NAMES[names[s][0]]}:{names[s][1]}" for s in _smoothest(fit, 0.0, moves)]


def _lowest(parts: tuple[Part, ...], edges: np.ndarray) -> np.ndarray:
    """Pitch class of the lowest note that sounds as a segment begins, or begins soon after; -1 where none does."""
    notes = np.concatenate([part.notes for part in parts if not part.drums] or [np.zeros((0, 4))])
    low = np.full(len(edges) - 1, -1)
    for i, (start, end) in enumerate(itertools.pairwise(edges)):
        sounding = notes[(notes[:, 0] < start + 0.3 * (end - start)) & (notes[:, 1] > start + 0.1 * (end - start))]
        if len(sounding):
            low[i] = int(sounding[:, 2].min()) % 12
    return low


def _smoothest(fit: np.ndarray, change: float, moves: np.ndarray | None = None) -> list[int]:
    """Best path through (segments, states): fit minus ``change`` for each move, plus (from, to) ``moves``."""
    moves = -change * (1 - np.eye(fit.shape[1])) if moves is None else moves
    best, back = fit[0], np.zeros(fit.shape, int)
    for i in range(1, len(fit)):
        through = best[:, None] + moves
        back[i] = through.argmax(0)
        best = through.max(0) + fit[i]
    path = [int(best.argmax())]
    for i in range(len(fit) - 1, 0, -1):
        path.append(int(back[i, path[-1]]))
    return path[::-1]


def _join(spans: list[tuple[float, float, str]], new: tuple[float, float, str]) -> None:
    if spans and spans[-1][2] == new[2]:
        spans[-1] = (spans[-1][0], new[1], new[2])
    else:
        spans.append(new)
