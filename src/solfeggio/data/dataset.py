"""Track and Dataset: recordings with their truth, licence and groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio import audio, formats
from solfeggio.answers import Answer
from solfeggio.errors import ConfigError

Sound = Callable[[], tuple[np.ndarray, int]]
Stems = Callable[[], tuple[dict[str, np.ndarray], int]]


@dataclass(frozen=True, eq=False)
class Track:
    """One recording with its truth.

    id: unique in its dataset. audio: function that returns (samples (channel, time), rate Hz); nothing is read before.
    answers: the truth by task, such as {"beats": Events}. groups: what splits go by, such as {"song": ..., "groove":
    ..., "bank": ...}. span: seconds of the recording that the truth covers, or None for all. stems: function that
    returns (samples of each player, rate Hz), or None where there are none.
    """

    id: str
    audio: Sound
    answers: Mapping[str, Answer] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    span: tuple[float, float] | None = None
    stems: Stems | None = None


@dataclass(frozen=True, eq=False)
class Dataset:
    """Tracks with the facts that a card must state.

    >>> Dataset("mine", (), licence="CC0-1.0").name
    'mine'
    """

    name: str
    tracks: tuple[Track, ...]
    licence: str
    citation: str = ""

    def __len__(self) -> int:
        return len(self.tracks)

    def __iter__(self) -> Iterator[Track]:
        return iter(self.tracks)

    def cached(self, folder: Path, rate: int = 22050) -> Dataset:
        """Keep each track on disk, in a folder of the dataset's name, from the first time it is heard or asked about.

        folder: must exist. rate: Hz, of the mono recording kept there. What was kept is never made again.
        """
        if not folder.is_dir():
            raise ConfigError(f"cache {folder}", "there is no such folder", "make it first")
        home = folder / self.name
        home.mkdir(exist_ok=True)
        return replace(self, tracks=tuple(cached(track, home, rate) for track in self.tracks))


class Late(Mapping):
    """A read-only mapping whose keys are known and whose values are made when one is first asked for."""

    def __init__(self, keys: tuple[str, ...], make: Callable[[], Mapping[str, Any]]):
        self._keys, self._make = keys, make

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return self._make()[key]

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def cached(track: Track, folder: Path, rate: int = 22050) -> Track:
    """Keep a track as ID.flac (mono at ``rate`` Hz) and ID.jams in an existing folder, made when first asked for.

    The truth that was kept says nothing of groups and stems: they come from the track itself.
    """
    sound, truth = folder / f"{track.id}.flac", folder / f"{track.id}.jams"
    answers = Late(tuple(track.answers), partial(_kept_answers, track, truth))
    return replace(track, audio=partial(_kept_audio, track, sound, rate), answers=answers)


def _kept_audio(track: Track, path: Path, rate: int) -> tuple[np.ndarray, int]:
    if not path.is_file():
        samples, own = track.audio()
        audio.write(path, np.clip(audio.resample(audio.mono(samples), own, rate), -1, 1), rate, bits=16)
    return audio.read(path)


def _kept_answers(track: Track, path: Path) -> Mapping[str, Answer]:
    if not path.is_file():
        formats.write_jams(dict(track.answers), path, title=track.id)
    return _read(path)


@lru_cache(maxsize=4)
def _read(path: Path) -> dict[str, Answer]:
    return formats.read_jams(path)
