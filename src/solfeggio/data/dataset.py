"""Track and Dataset: recordings with their truth, licence and groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio import audio
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
        """Keep the sound of each track on disk, in a folder of the dataset's name, from the first time it is heard.

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
    """Keep a track's sound as ID.flac (mono at ``rate`` Hz) in an existing folder, from the first time it is heard.

    Truth, groups and stems still come from the track itself, as they cost little or are seldom asked for.
    """
    return replace(track, audio=partial(_kept_audio, track, folder / f"{track.id}.flac", rate))


def _kept_audio(track: Track, path: Path, rate: int) -> tuple[np.ndarray, int]:
    if not path.is_file():
        samples, own = track.audio()
        audio.write(path, np.clip(audio.resample(audio.mono(samples), own, rate), -1, 1), rate, bits=16)
    return audio.read(path)
