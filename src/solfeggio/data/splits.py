"""Splits that share nothing: neither group, nor recording, nor tune; and the checks that say where one does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from solfeggio.band.song import Song
from solfeggio.data.dataset import Dataset, Track
from solfeggio.errors import ConfigError, DataError

BY = ("work", "groove", "bank")
TUNE_NOTES = 12


@dataclass(frozen=True)
class Leak:
    """Something that both sides of a split hold.

    kind: the group ("work", "groove", ...), "recording" or "tune". value: what is shared. train, test: ids of tracks.
    """

    kind: str
    value: str
    train: tuple[str, ...]
    test: tuple[str, ...]


def split(
    dataset: Dataset, by: Sequence[str] = BY, fractions: Sequence[float] = (0.8, 0.1, 0.1), seed: int = 0
) -> tuple[Dataset, ...]:
    """Cut a dataset so that tracks which share any value of any group in ``by`` stay together; nothing is left out.

    fractions: of the tracks, one for each part, summing to 1; parts come as near as whole families of tracks allow,
    drawn from ``seed``. A group that a track lacks ("" or absent) binds it to nothing. Raises ConfigError for fractions
    that are none, DataError when tracks hang together so much that a part would be empty.

    >>> tracks = [Track(str(i), lambda: (np.zeros((1, 1)), 1), groups={"work": "ab"[i % 2]}) for i in range(8)]
    >>> [len(part) for part in split(Dataset("d", tuple(tracks), ""), ["work"], (0.5, 0.5))]
    [4, 4]
    """
    shares = np.asarray(fractions, float)
    if len(shares) < 1 or (shares <= 0).any() or abs(shares.sum() - 1) > 1e-6:
        raise ConfigError(f"fractions {tuple(fractions)}", "they must be positive and sum to 1")
    families = _families(dataset.tracks, by)
    rng = np.random.default_rng(seed)
    order = sorted(rng.permutation(len(families)), key=lambda i: -len(families[i]))
    filled: list[list[int]] = [[] for _ in shares]
    for place in order:
        room = shares * len(dataset) - [len(part) for part in filled]
        filled[int(np.argmax(room / shares))] += families[place]
    if not all(filled):
        raise DataError(
            f"split of {dataset.name} into {len(shares)} parts",
            f"its {len(dataset)} tracks form {len(families)} families by {', '.join(by)}",
            "bind by fewer groups, or make fewer parts",
        )
    return tuple(
        replace(dataset, name=f"{dataset.name}-{number}", tracks=tuple(dataset.tracks[i] for i in sorted(part)))
        for number, part in enumerate(filled)
    )


def leaks(train: Iterable[Track], test: Iterable[Track], by: Sequence[str] = BY, audio: bool = False) -> list[Leak]:
    """List what two sides share: values of the groups in ``by``, and with ``audio`` recordings that are the same.

    Recordings are compared sample by sample at 16 bits, both read whole. An empty list is what one wants.
    """
    train, test = tuple(train), tuple(test)
    found = []
    for kind in by:
        sides = [_holders((track.id, track.groups.get(kind, "")) for track in side) for side in (train, test)]
        found += _shared(kind, *sides)
    if audio:
        sides = [_holders((track.id, recording_hash(track)) for track in side) for side in (train, test)]
        found += _shared("recording", *sides)
    return found


def shared_tunes(train: Iterable[Song], test: Iterable[Song]) -> list[Leak]:
    """List the turns of melody that songs of two sides share, in whatever key; songs stand by name."""
    sides = [_holders((song.name, tune) for song in songs for tune in tunes(song)) for songs in (train, test)]
    return _shared("tune", *sides)


def tunes(song: Song, notes: int = TUNE_NOTES) -> frozenset[str]:
    """Hash every run of ``notes`` melody notes by its intervals and its rhythm in twelfths of a quarter.

    The same in every key and from every starting time. Runs that any two songs may share by chance are left out: those
    of fewer than four pitches, and those that repeat themselves note by note or bar by bar.

    >>> from solfeggio.band.song import Part
    >>> line = np.array([[i / 2, i / 2 + 0.5, 60 + (i * i) % 11, 90] for i in range(12)])
    >>> def song(up): return Song("", "", 120, (Part("melody", 0, line + [3, 3, up, 0]),), 16, np.zeros(0), np.zeros(0))
    >>> tunes(song(0)) == tunes(song(5)) and len(tunes(song(0)))
    1
    """
    found = set()
    for part in song.parts:
        if part.drums or not part.name.startswith("melody"):
            continue
        rows = part.notes[np.argsort(part.notes[:, 0], kind="stable")]
        steps = np.diff(rows[:, 2]).round().astype(int)
        gaps = (np.diff(rows[:, 0]) * 12).round().astype(int)
        for start in range(len(rows) - notes + 1):
            run = slice(start, start + notes - 1)
            moves = list(zip(steps[run].tolist(), gaps[run].tolist(), strict=True))
            if len(set(rows[start : start + notes, 2])) < 4 or _repeats(moves):
                continue
            found.add(hashlib.blake2b(repr(moves).encode(), digest_size=8).hexdigest())
    return frozenset(found)


def recording_hash(track: Track) -> str:
    """Hash a recording's samples at 16 bits."""
    samples, rate = track.audio()
    whole = np.round(np.clip(samples, -1, 1) * 32767).astype("<i2")
    return hashlib.blake2b(np.ascontiguousarray(whole).tobytes(), digest_size=16, salt=str(rate).encode()).hexdigest()


def _repeats(moves: list[tuple[int, int]]) -> bool:
    """Whether the run is one short figure over and over."""
    return any(moves[size:] == moves[:-size] for size in range(1, len(moves) // 2 + 1))


def _families(tracks: Sequence[Track], by: Sequence[str]) -> list[list[int]]:
    """Join the indices of tracks that share a value, directly or by way of others; in order of their first track."""
    home = list(range(len(tracks)))

    def root(i: int) -> int:
        while home[i] != i:
            home[i] = home[home[i]]
            i = home[i]
        return i

    seen: dict[tuple[str, str], int] = {}
    for i, track in enumerate(tracks):
        for kind in by:
            value = track.groups.get(kind, "")
            if value:
                first = seen.setdefault((kind, value), i)
                low, high = sorted((root(first), root(i)))
                home[high] = low
    families: dict[int, list[int]] = {}
    for i in range(len(tracks)):
        families.setdefault(root(i), []).append(i)
    return list(families.values())


def _holders(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Who holds each value, of (who, value) pairs; "" is no value."""
    holders: dict[str, list[str]] = {}
    for who, value in pairs:
        if value:
            holders.setdefault(value, []).append(who)
    return holders


def _shared(kind: str, train: dict[str, list[str]], test: dict[str, list[str]]) -> list[Leak]:
    return [Leak(kind, value, tuple(train[value]), tuple(test[value])) for value in sorted(train.keys() & test.keys())]
