"""Melodies over chords, for ``writers.melody``: the band's own, public-domain tunes, and sets for experiments.

band-jazz, band-folk   melodies and chords that the band composes, in its jazz or its folk styles; any number, by seed
tunes                  ``data.tunes`` in 4/4 and 2/2, with chords found by rule (``band.scores.harmonise``)
wjazzd, nottingham     jazz solos and folk tunes with chords of others (``data.symbolic``); for experiments only

Lines are split by tune, never by window. Published results (Genchel, Pati, Lerch, 2019) were made with a split by
window, which ``published_split`` repeats, so that what it leaks can be measured.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import cache

import numpy as np

from solfeggio.band.compose import compose
from solfeggio.band.scores.harmonise import harmonise
from solfeggio.band.scores.repertoire import cache_folder
from solfeggio.band.song import Song
from solfeggio.data.symbolic import symbolic
from solfeggio.data.tunes import SIDES, melody_shape, shared_runs, tunes
from solfeggio.data.whole_bars import whole_bars
from solfeggio.errors import ConfigError, DataError, NotationError, SolfeggioError, unknown
from solfeggio.files import write_bytes
from solfeggio.notation import Part, Score, Spans
from solfeggio.tokens import Line, encode_line, fit_score

VERSION = 2  # of what the cache holds
STYLES = {"band-jazz": ("jazz-swing", "modal-jazz", "jazz-ballad"), "band-folk": ("reel", "march")}
SONGS = {"train": 600, "valid": 80, "test": 80}  # of the band, where no count is asked for
SOURCES = (*STYLES, "tunes", "wjazzd", "nottingham")
FEWEST = 16  # rows that a line must have
SWINGS = np.arange(0.5, 0.72, 0.0025)  # where in a beat its second eighth may fall
HALF_BAR = 2.0  # quarters from one chord found by rule to the next


def lines(source: str, side: str, count: int | None = None, seed: int = 0) -> list[Line]:
    """Give melodies over chords of a source and side ("train", "valid", "test"), each tune on one side only.

    count: how many at most; None for all there are, or SONGS of the band's. seed: of what the band composes. What is
    played (the band, wjazzd) is ``written`` first; then times are moved to the grid and notes shortened to a note
    value, and ``counts`` says how often. What was made is kept in ``repertoire.cache_folder``. Raises ConfigError for
    unknown names, DataError where the set of an experiment is absent, MissingExtra without music21's corpus.
    """
    if source not in SOURCES:
        raise unknown("source of lines", source, SOURCES)
    if side not in SIDES:
        raise unknown("side", side, SIDES)
    if count is not None and count < 1:
        raise ConfigError(f"{count} lines", "ask for one or more")
    number = (count or SONGS[side]) if source in STYLES else 0
    return list(_held(source, side, number, seed)[0][:count])


def counts(source: str, side: str, count: int | None = None, seed: int = 0) -> dict[str, int]:
    """Say what ``lines`` with the same arguments read, left out and changed, by reason."""
    lines(source, side, count, seed)
    return dict(_held(source, side, (count or SONGS[side]) if source in STYLES else 0, seed)[1])


def published_split(
    given: list[Line], window: int = 64, share: float = 0.85, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Split windows as published: all that overlap by all but one row, shuffled; (n, 2) line number and first row.

    Nearly every window to validate on shares all but one row with one to train on: for measuring that leak, and for
    nothing else. Lines shorter than a window give none. Cut them out by ``cut``.
    """
    rows = [(i, first) for i, line in enumerate(given) for first in range(len(line) - window + 1)]
    order = np.random.default_rng(seed).permutation(len(rows))
    pairs = np.array(rows, int).reshape(-1, 2)[order]
    edge = round(share * len(pairs))
    return pairs[:edge], pairs[edge:]


def cut(line: Line, first: int, rows: int) -> Line:
    """Give ``rows`` rows of a line from row ``first`` on."""
    return Line(*(column[first : first + rows] for column in line))


def line_of(score: Score) -> tuple[Line, list[str]]:
    """Fit a score (4/4 or 2/2) to a line, from the bar of its first note to that of its last; and say what changed.

    Raises NotationError for other metres and for fewer than FEWEST rows.
    """
    score, changes = fit_score(score, "line")
    notes = score.parts[0].notes
    begin, end = 4.0 * np.floor(notes[0, 0] / 4), 4.0 * np.ceil(notes[-1, 1] / 4 - 1e-6)
    part = replace(score.parts[0], notes=notes - [begin, begin, 0, 0])
    chords = tuple((max(a, begin) - begin, min(b, end) - begin, k) for a, b, k in score.chords if a < end and b > begin)
    line = encode_line(Score(score.title, score.bpm, (part,), end - begin, chords=chords))
    if len(line) < FEWEST:
        raise NotationError(f"'{score.title}'", f"it has fewer than {FEWEST} notes and rests")
    return line, changes


def song_score(song: Song) -> Score:
    """Take the first part called melody out of a song, with its chords; raises DataError when there is none."""
    part = next((part for part in song.parts if part.name.startswith("melody") and len(part.notes)), None)
    if part is None:
        raise DataError(f"song {song.name}", "it has no melody")
    downs = song.beats_quarters[song.positions == 1]
    pickup = float(downs[0]) if len(downs) and 0.01 < downs[0] < 3.99 else 0.0
    part = Part("melody", part.program, part.notes)
    return Score(song.name, song.bpm, (part,), song.length_quarters, song.metres, song.keys, song.chords, pickup)


def written(score: Score) -> Score:
    """Write a played melody as one notes it: straight where it swings, and without the short gaps of articulation.

    Swing is found where it sets most notes on eighths and sixteenths; it is taken out of pairs of eighths. A note lasts
    until the next begins where they are a sixteenth or less apart, or a seventh of the way to it.

    >>> notes = np.array([[0, 0.6, 60, 80], [0.62, 0.9, 62, 80], [1, 1.3, 64, 80], [1.62, 1.9, 65, 80.0]])
    >>> written(Score("a", 120, (Part("melody", 0, notes),), 4.0)).parts[0].notes[:, 0]
    array([0. , 0.5, 1. , 1.5])
    """
    part = score.parts[0]
    notes = part.notes[np.argsort(part.notes[:, 0], kind="stable")].copy()
    times = notes[:, :2] - score.pickup_quarters
    straight = [_straight(times[:, 0] % 1, swing) for swing in SWINGS]
    onto = [_near(at * 4).sum() + 0.5 * _near(at * 3).sum() for at in straight]
    swing = SWINGS[int(np.argmax(onto))]
    notes[:, :2] = np.floor(times) + _straight(times % 1, swing) + score.pickup_quarters
    until = np.diff(notes[:, 0])
    gaps = notes[1:, 0] - notes[:-1, 1]
    notes[:-1, 1] += np.where((gaps > 0) & (gaps <= np.maximum(0.26, until / 7)), gaps, 0.0)
    return replace(score, parts=(replace(part, notes=notes),))


def on_beats(score: Score) -> Score:
    """Move onsets to sixteenths or to triplets, beat by beat, whichever is nearer to those of the beat.

    >>> notes = np.array([[0, 0.4, 60, 80], [5 / 12, 1, 62, 80], [1, 1.4, 64, 80], [19 / 12, 2, 65, 80.0]])
    >>> on_beats(Score("a", 120, (Part("melody", 0, notes),), 4.0)).parts[0].notes[:, 0]
    array([0. , 0.5, 1. , 1.5])
    """
    part = score.parts[0]
    starts = part.notes[:, 0] - score.pickup_quarters
    beats = np.floor(starts + 1 / 24).astype(int)
    grids = [np.round(starts * 4) / 4, np.round(starts * 3) / 3]
    place = np.unique(beats, return_inverse=True)[1]
    errors = [np.bincount(place, np.abs(grid - starts)) for grid in grids]
    moved = np.where((errors[0] <= errors[1] + 1e-6)[place], *grids) + score.pickup_quarters
    notes = part.notes.copy()
    notes[:, 0], notes[:, 1] = moved, np.maximum(notes[:, 1], moved + 1 / 12)
    return replace(score, parts=(replace(part, notes=notes),))


def _near(places: np.ndarray) -> np.ndarray:
    """1 on a whole number, 0 a twentieth off and beyond."""
    return np.maximum(1 - 20 * np.abs(places - np.round(places)), 0)


def _straight(beats: np.ndarray, swing: float) -> np.ndarray:
    """Move places in a beat, 0 to 1, so that ``swing`` becomes its middle."""
    return np.where(beats < swing, beats * 0.5 / swing, 1 - (1 - beats) * 0.5 / (1 - swing))


def harmonised(score: Score) -> Score:
    """Give a tune chords by rule, at most one each half bar from the first downbeat on.

    >>> notes = np.array([[0, 2, 60, 80], [2, 4, 64, 80], [4, 6, 67, 80], [6, 8, 60, 80.0]])
    >>> score = Score("a", 120, (Part("melody", 0, notes),), 8.0, keys=((0.0, 8.0, "C:maj"),))
    >>> harmonised(score).chords
    ((0.0, 8.0, 'C:maj'),)
    """
    if not score.keys:
        raise DataError(f"'{score.title}'", "it has no key", "chords are found in a key")
    edges = np.append(np.arange(score.pickup_quarters, score.length_quarters - 1e-3, HALF_BAR), score.length_quarters)
    labels = harmonise(score.parts[0], edges, score.keys[0][2])
    firsts = [i for i in range(len(labels)) if i == 0 or labels[i] != labels[i - 1]]
    stops = [*firsts[1:], len(labels)]
    chords = tuple((float(edges[a]), float(edges[b]), labels[a]) for a, b in zip(firsts, stops, strict=True))
    return replace(score, chords=chords)


def _band(source: str, side: str, number: int, seed: int) -> Iterator[Score | SolfeggioError]:
    """Compose songs in turn in the styles of a source until there were three times as many as are asked for."""
    styles = STYLES[source]
    for i in range(3 * number):
        try:
            yield written(song_score(compose(seed * 100_000 + i, side=side, style=styles[i % len(styles)])))
        except DataError as problem:
            yield problem


def _tunes(source: str, side: str, number: int, seed: int) -> Iterator[Score | SolfeggioError]:
    for score in tunes(side, ("4/4", "2/2")):
        yield harmonised(score)


def _set(source: str, side: str, number: int, seed: int) -> Iterator[Score | SolfeggioError]:
    """Songs of a published set: no melody twice, none of valid or test that shares bars with one to train on."""
    found: list[tuple[str, Score | SolfeggioError]] = []
    for song in symbolic(source):
        where = _side(song.chords if source == "wjazzd" else (), song.name)
        try:
            played = _set_score(song)
            found.append((where, written(on_beats(played)) if source == "wjazzd" else played))
        except (DataError, NotationError) as problem:
            found.append((where, problem))
    shapes: set[str] = set()
    trained: set[str] = set()
    for where, score in sorted(found, key=lambda pair: SIDES.index(pair[0])):
        if isinstance(score, Score):
            shape, runs = melody_shape(score), shared_runs(score)
            if shape in shapes or (where != "train" and runs & trained):
                score = DataError(f"'{score.title}'", "it shares bars with one to train on, or is there twice")
            else:
                shapes.add(shape)
                trained |= runs if where == "train" else set()
        if where == side:
            yield score


def _set_score(song: Song) -> Score:
    metre = song.metres[0][2] if song.metres else "4/4"
    if metre not in ("4/4", "2/2"):
        raise NotationError(f"'{song.name}'", "its metre is not 4/4 or 2/2")
    edges = np.append(song.beats_quarters[song.positions == 1], song.length_quarters)
    return whole_bars(song.name, "tunes", (song.parts[0].notes,), edges, metre, song.keys, song.chords)


def _side(chords: Spans, name: str) -> str:
    """80 / 10 / 10 % by a digest of the first chords where there are some (solos over one tune), else of the name."""
    mark = " ".join(label for _, _, label in chords[:8]) or name
    place = int.from_bytes(hashlib.blake2b(mark.encode(), digest_size=4).digest(), "big") % 10
    return "train" if place < 8 else SIDES[place - 7]


def _read(source: str, side: str, number: int, seed: int) -> bytes:
    """Fit what a source gives until ``number`` lines are there (0: all), and pack them as .npz."""
    reader: Callable[..., Iterator[Score | SolfeggioError]]
    reader = _band if source in STYLES else _tunes if source == "tunes" else _set
    told: Counter[str] = Counter(read=0, lines=0)
    kept: list[Line] = []
    for score in reader(source, side, number, seed):
        told["read"] += 1
        if isinstance(score, SolfeggioError):
            told[f"left out: {score.why}"] += 1
            continue
        try:
            line, changes = line_of(score)
        except NotationError as problem:
            told[f"left out: {problem.why}"] += 1
            continue
        kept.append(line)
        told["lines"] += 1
        told["rows"] += len(line)
        for change in changes:
            many, _, what = change.partition(" ")
            if many.isdecimal():  # "3 notes moved to the grid, by at most 0.1 quarters"
                what = what.partition(",")[0].partition(" into ")[0]
                told[re.sub(r"^(note|bar)\b", r"\1s", what)] += int(many)
        if number and len(kept) == number:
            break
    columns = {field.name: [getattr(line, field.name) for line in kept] for field in fields(Line)}
    packed = io.BytesIO()
    np.savez_compressed(
        packed,
        counts=np.frombuffer(json.dumps(told).encode(), np.uint8),
        sizes=np.array([len(line) for line in kept], np.int32),
        **{name: np.concatenate(parts).astype(np.int8) for name, parts in columns.items() if parts},  # type: ignore[arg-type]
    )
    return packed.getvalue()


@cache
def _held(source: str, side: str, number: int, seed: int) -> tuple[tuple[Line, ...], dict[str, int]]:
    """The lines of a source, read from the cache or made now, and the counts."""
    name = f"lines-{VERSION}-{source}-{side}" + (f"-{number}-{seed}" if source in STYLES else "")
    kept = cache_folder() / f"{name}.npz"
    try:
        return _unpack(kept.read_bytes())
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        data = _read(source, side, number, seed)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(kept, data, DataError)
    except (OSError, SolfeggioError):
        pass  # a cache that cannot be written only costs time
    return _unpack(data)


def _unpack(data: bytes) -> tuple[tuple[Line, ...], dict[str, int]]:
    with np.load(io.BytesIO(data), allow_pickle=False) as held:
        told, sizes = json.loads(held["counts"].tobytes()), held["sizes"]
        if not len(sizes):
            return (), told
        edges = np.cumsum(sizes)[:-1]
        columns = [np.split(held[field.name].astype(np.int64), edges) for field in fields(Line)]
    return tuple(Line(*rows) for rows in zip(*columns, strict=True)), told
