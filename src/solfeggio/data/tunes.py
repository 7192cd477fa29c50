"""Public-domain tunes and chorales as melodies and as folk bars, each tune on one side only.

The tunes of O'Neill's (1903), Ryan's (1883) and Aird's (1778 to 1801) and Bach's chorales, of music21's corpus, on the
sides that ``band.scores.repertoire`` gives them, so that the band plays no tune to train on that tests. A tune of valid
or test that shares four bars with one to train on, in whatever key, is left out. What was read is kept in
``repertoire.cache_folder``, one file a source; reading it takes about half a minute, without music21's own readers.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from solfeggio.band.scores.repertoire import cache_folder, folder, pieces, tune_text
from solfeggio.data.whole_bars import BPM, PROGRAMS, VOICES, chorale_score, tune_score
from solfeggio.errors import ConfigError, DataError, SolfeggioError, unknown
from solfeggio.files import write_bytes
from solfeggio.notation import Part, Score
from solfeggio.tokens import BAR_TICKS, HIGHEST, HOLD, LOWEST, encode_bars, fit_score

VERSION = 2  # of what the cache holds
SIDES = ("train", "valid", "test")
SHARED_BARS = 4  # successive bars that make two tunes one
GRID = np.isin(np.arange(13), (0, 3, 4, 6, 8, 9, 12))  # twelfths of a quarter that are ticks


def tunes(side: str, metres: tuple[str, ...] = ()) -> list[Score]:
    """Give the tunes of a side, "train", "valid" or "test": one part "melody", repeats read once, no two the same.

    metres: keep only tunes in these, as ("4/4", "2/2"); () keeps all. Every bar of a tune is whole but a pick-up and
    the last. Raises ConfigError for another side, MissingExtra without music21's corpus.
    """
    return [score for score in _scores("tunes", side) if not metres or score.metres[0][2] in metres]


def folk_bars(side: str, unseen: bool = False, doubled: bool = False) -> np.ndarray:
    """Give the different bars of the tunes of a side in 4/4 and 2/2: (n, 24) int8 folk bars, each once.

    Pick-ups, bars without an onset and bars that the encoding cannot hold exactly are left out. unseen: also leave out,
    of valid and test, those that occur in any tune to train on (about one in eight does). doubled: add the tunes in
    2/4, in notes of twice the length: many reels are written so.
    """
    return _bars("tunes", side, unseen, doubled)


def chorale_bars(side: str, unseen: bool = False) -> np.ndarray:
    """Give the different bars of the four voices of the chorales of a side in 4/4, as ``folk_bars``.

    Low voices are moved up by octaves as a whole, so that most of their notes are in range.
    """
    return _bars("bach", side, unseen, False)


def folk_windows(side: str, bars: int = 16, hop: int = 4, doubled: bool = False) -> np.ndarray:
    """Give stretches of successive bars of the tunes of a side in 4/4 and 2/2: (n, bars, 24) int8.

    hop: bars from one stretch to the next in the same tune. doubled: as in ``folk_bars``. Each stretch once; pick-ups
    and bars that the encoding cannot hold exactly are never inside. Raises ConfigError for numbers below 1.
    """
    if bars < 1 or hop < 1:
        raise ConfigError(f"stretches of {bars} bars, {hop} apart", "both must be 1 or more")
    held, chosen = _held("tunes"), _sides("tunes", side) & _metred("tunes", doubled)
    found: list[np.ndarray] = []
    for tune in np.flatnonzero(chosen):
        here = np.flatnonzero(held["tune"] == tune)
        good = np.cumsum(np.append(0, held["exact"][here] & (held["voice"][here] == 0)))
        starts = np.arange(0, len(here) - bars + 1, hop)
        found += [held["bars"][here[s] : here[s] + bars] for s in starts if good[s + bars] - good[s] == bars]
    stacked = np.array(found, np.int8).reshape(-1, bars * BAR_TICKS)
    _, first = np.unique(stacked, axis=0, return_index=True)
    return stacked[np.sort(first)].reshape(-1, bars, BAR_TICKS)


def counts(source: str = "tunes") -> dict[str, int]:
    """Say what was read of a source, "tunes" or "bach", and what was left out, by reason."""
    return dict(_about(source)["counts"])


def melody_shape(score: Score) -> str:
    """Digest what stays of a melody in every key: intervals and lengths, from its first note on.

    >>> notes = np.array([[0, 1, 60, 80], [1, 2, 64, 80.0]])
    >>> up = notes + [0, 0, 5, 0]
    >>> same = [Score("a", 120, (Part("melody", 0, n),), 4.0) for n in (notes, up)]
    >>> melody_shape(same[0]) == melody_shape(same[1])
    True
    """
    notes = _doubled(score).parts[0].notes
    onsets = np.round((notes[:, 0] - notes[0, 0]) * 48)
    rows = np.column_stack([np.diff(notes[:, 2], prepend=notes[0, 2]), onsets]).astype(np.int32)
    return hashlib.blake2b(rows.tobytes(), digest_size=12).hexdigest()


def shared_runs(score: Score) -> set[str]:
    """Digest every run of SHARED_BARS bars in any key: intervals and places in the run; poor runs are left out."""
    score = _doubled(score)
    lines, notes = score.bar_lines(), score.parts[0].notes
    bars = np.searchsorted(lines, notes[:, 0] + 1e-6, side="right") - 1
    runs = set()
    for first in range(1 if score.pickup_quarters else 0, len(lines) - SHARED_BARS):
        inside = notes[(bars >= first) & (bars < first + SHARED_BARS)]
        if len(inside) >= 3 * SHARED_BARS and len(np.unique(inside[:, 2])) > 3:
            rows = np.column_stack([inside[:, 2] - inside[0, 2], np.round((inside[:, 0] - lines[first]) * 48)])
            runs.add(hashlib.blake2b(rows.astype(np.int32).tobytes(), digest_size=12).hexdigest())
    return runs


def _read(source: str) -> Iterator[tuple[Score | None, str, str]]:
    """Read every piece of a source, those to train on first: score, side, and why it was left out if it was."""
    for piece in sorted(pieces(source), key=lambda piece: SIDES.index(piece.side)):
        try:
            if source == "tunes":
                score = tune_score(tune_text(piece.name), piece.name)
            else:
                score = chorale_score(folder() / f"{piece.name}.mxl")
        except DataError as problem:
            yield None, piece.side, problem.why
        else:
            yield score, piece.side, ""


def _build(source: str) -> bytes:
    """Read a source, drop what is there twice, encode bars, pack everything as .npz."""
    began, said = time.monotonic(), time.monotonic()
    total = len(pieces(source))
    scores: list[Score] = []
    sides: list[str] = []
    left: Counter[str] = Counter()
    shapes: set[str] = set()
    trained: set[str] = set()
    for number, (score, side, why) in enumerate(_read(source)):
        if time.monotonic() - said > 2:
            said = time.monotonic()
            print(f"reading {source}: {number} of {total}, {said - began:.0f} s", file=sys.stderr)
        if score is None:
            left["unreadable or too few whole bars" if "metre" not in why else "no metre, or several"] += 1
            continue
        shape, runs = melody_shape(score), shared_runs(score)
        if shape in shapes:
            left["the same melody as another"] += 1
        elif side != "train" and runs & trained:
            left[f"of {side}, shares {SHARED_BARS} bars with one to train on"] += 1
        else:
            shapes.add(shape)
            trained |= runs if side == "train" else set()
            scores.append(score)
            sides.append(side)
    bars: list[np.ndarray] = []
    rows: list[tuple[int, int, int, bool]] = []
    for tune, score in enumerate(scores):
        if score.metres[0][2] in ("4/4", "2/2", "2/4"):
            for voice in range(len(score.parts)):
                coded, exact = _encode(_doubled(replace(score, parts=(score.parts[voice],))))
                bars.append(coded)
                rows += [(tune, voice, bar, bool(good)) for bar, good in enumerate(exact)]
    about = {
        "scores": [
            (
                s.title,
                side,
                s.length_quarters,
                s.metres[0][2],
                s.keys,
                s.pickup_quarters,
                [len(p.notes) for p in s.parts],
            )
            for s, side in zip(scores, sides, strict=True)
        ],
        "counts": {"read": total, "kept": len(scores), **left, **{side: sides.count(side) for side in SIDES}},
    }
    columns = np.array(rows, int).reshape(-1, 4)
    packed = io.BytesIO()
    np.savez_compressed(
        packed, about=np.frombuffer(json.dumps(about).encode(), np.uint8),
        notes=np.concatenate([part.notes for s in scores for part in s.parts]).astype(np.float32),
        bars=np.concatenate(bars).astype(np.int8), tune=columns[:, 0].astype(np.int32),
        voice=columns[:, 1].astype(np.int8), exact=columns[:, 3].astype(bool),
    )  # fmt: skip
    return packed.getvalue()


def _doubled(score: Score) -> Score:
    """Write 2/4 in notes of twice the length, as 4/4: dances are written either way."""
    if score.metres[0][2] != "2/4":
        return score
    parts = tuple(replace(part, notes=part.notes * [2, 2, 1, 1]) for part in score.parts)
    length = 2 * score.length_quarters
    keys = tuple((2 * a, 2 * b, key) for a, b, key in score.keys)
    return Score(score.title, score.bpm, parts, length, ((0.0, length, "4/4"),), keys, (), 2 * score.pickup_quarters)


def _encode(score: Score) -> tuple[np.ndarray, np.ndarray]:
    """Folk bars of one voice without its pick-up, moved by octaves as a whole, and which of them hold it exactly."""
    part = score.parts[0]
    octaves = np.array([0, 12, -12, 24])
    moved = part.notes[:, 2] + octaves[:, None]
    notes = part.notes.copy()
    notes[:, 2] += octaves[((moved >= LOWEST) & (moved <= HIGHEST)).sum(axis=1).argmax()]
    bars = encode_bars(fit_score(replace(score, parts=(replace(part, notes=notes),)))[0])
    twelfths = notes[:, :2] * 12
    near = np.round(twelfths)
    wrong = ((np.abs(twelfths - near) > 0.05) | ~GRID[near.astype(int) % 12]).any(axis=1)
    wrong |= (notes[:, 2] < LOWEST) | (notes[:, 2] > HIGHEST)
    exact = np.ones(len(bars), bool)
    lines = score.bar_lines()
    for row in notes[wrong, :2]:
        first, last = np.searchsorted(lines, [row[0] + 1e-6, row[1] - 1e-6], side="right") - 1
        exact[max(first, 0) : last + 1] = False
    skip = 1 if score.pickup_quarters else 0
    return bars[skip:], exact[skip:]


@cache
def _held(source: str) -> dict[str, np.ndarray]:
    """The arrays of a source, read from the cache or built now."""
    kept = cache_folder() / f"{source}-{VERSION}.npz"
    data = b""
    try:
        data = kept.read_bytes()
        return _unpack(data)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        data = _build(source)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(kept, data, DataError)
    except (OSError, SolfeggioError):
        pass  # a cache that cannot be written only costs time
    return _unpack(data)


def _unpack(data: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(data), allow_pickle=False) as held:
        return {name: held[name] for name in ("about", "notes", "bars", "tune", "voice", "exact")}


@cache
def _about(source: str) -> dict[str, Any]:
    return json.loads(_held(source)["about"].tobytes())


def _sides(source: str, side: str) -> np.ndarray:
    """Which pieces are of a side; raises ConfigError for a side that is none."""
    if side not in SIDES:
        raise unknown("side", side, SIDES)
    return np.array([row[1] == side for row in _about(source)["scores"]])


def _scores(source: str, side: str) -> Iterator[Score]:
    """The scores of a side, as they were read."""
    chosen = _sides(source, side)
    notes, at = _held(source)["notes"].astype(float), 0
    for number, (title, _, length, metre, keys, pickup, sizes) in enumerate(_about(source)["scores"]):
        parts = []
        for name, size in zip(VOICES, sizes, strict=False):
            parts.append(Part(name, PROGRAMS[source], notes[at : at + size]))
            at += size
        if chosen[number]:
            spans = tuple((a, b, k) for a, b, k in keys)
            yield Score(title, BPM[source], tuple(parts), length, ((0.0, length, metre),), spans, (), pickup)


def _metred(source: str, doubled: bool) -> np.ndarray:
    """Which pieces are in 4/4 or 2/2; ``doubled``: or in 2/4."""
    return np.array(
        [row[3] in (("4/4", "2/2", "2/4") if doubled else ("4/4", "2/2")) for row in _about(source)["scores"]]
    )


def _bars(source: str, side: str, unseen: bool, doubled: bool) -> np.ndarray:
    held = _held(source)
    good = held["exact"] & (held["bars"] > HOLD).any(axis=1)
    chosen = _sides(source, side) & _metred(source, doubled)
    found = np.unique(held["bars"][good & chosen[held["tune"]]], axis=0)
    if unseen and side != "train":
        seen = {bar.tobytes() for bar in held["bars"][_sides(source, "train")[held["tune"]]]}
        found = found[[bar.tobytes() not in seen for bar in found]]
    return found
