"""Multitrack recordings in the layout of MUSDB18-HQ: a folder for each song, a sound file for each stem.

    train/SONG/mixture.wav vocals.wav drums.wav bass.wav other.wav        and the same in test/, or without either

So writes ``solfeggio separate``, so that its results can be read, listened to and scored like the set itself. The
compressed MUSDB18 (SONG.stem.mp4) holds five streams in one file and has to be unpacked first.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from solfeggio import audio
from solfeggio.data.dataset import Dataset, Track
from solfeggio.errors import DataError

CITATION = "Rafii et al., MUSDB18-HQ (2019), doi 10.5281/zenodo.3338373"
STEMS = ("vocals", "drums", "bass", "other")
SPLITS = ("train", "test")
SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif", ".opus")


def musdb_dataset(
    folder: str | os.PathLike[str],
    split: str | None = None,
    *,
    stems: Sequence[str] = STEMS,
    licence: str = "for study only, see the set",
    citation: str = CITATION,
) -> Dataset:
    """Load a folder of multitrack recordings; sound is read when asked for.

    split: "train" or "test", the folder inside; None: both, or the songs of ``folder`` itself. stems: what every song
    must have. A song's recording is its mixture, or the sum of its stems where there is none; its groups are "song" and
    "split". Raises DataError that names the songs that lack a stem, and for compressed stem files (.stem.mp4).
    """
    home = Path(folder)
    if not home.is_dir():
        raise DataError(f"folder {home}", "there is no such folder", "check the path")
    places = {name: home / name for name in ((split,) if split else SPLITS) if (home / name).is_dir()}
    if split and not places:
        raise DataError(
            f"split '{split}' of {home}", "there is no such folder", f"its parts are {' and '.join(SPLITS)}"
        )
    packed = sorted(path.name for place in (home, *places.values()) for path in place.glob("*.stem.mp4"))
    if packed:
        todo = "decode them to a folder of .wav files each (stempeg or musdb do), or get MUSDB18-HQ"
        raise DataError(f"{packed[0]} and {len(packed) - 1} more in {home}", "stem files hold all in one", todo)
    tracks, problems = [], []
    for part, place in (places or {"": home}).items():
        for song in sorted(path for path in place.iterdir() if path.is_dir() and not path.name.startswith(".")):
            files = _files(song)
            lacking = [name for name in stems if name not in files]
            if 0 < len(lacking) < len(stems):
                problems.append(f"{song.name} has no {', '.join(lacking)}")
            elif not lacking:
                tracks.append(_track(song, files, part))
    if problems:
        more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise DataError(
            f"{len(problems)} songs in {home} lack stems", "; ".join(problems[:5]) + more, "name fewer stems"
        )
    if not tracks:
        raise DataError(f"songs in {home}", "no folder in it holds stems", f"a song is {', '.join(stems)}.wav")
    return Dataset(home.resolve().name, tuple(tracks), licence, citation)


def _track(song: Path, files: dict[str, Path], part: str) -> Track:
    players = {name: file for name, file in files.items() if name not in ("mixture", "residual")}
    sound = partial(audio.read, files["mixture"]) if "mixture" in files else partial(_sum, players)
    groups = {"song": song.name, **({"split": part} if part else {})}
    return Track(f"{part}/{song.name}" if part else song.name, sound, {}, groups, stems=partial(_read, players))


def _files(song: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(song.iterdir()) if path.suffix.lower() in SUFFIXES}


def _read(files: dict[str, Path]) -> tuple[dict[str, np.ndarray], int]:
    """Read stems; raises DataError when rates or lengths differ."""
    read = {name: audio.read(file) for name, file in files.items()}
    if len({(sound.shape, rate) for sound, rate in read.values()}) > 1:
        said = ", ".join(f"{name} {sound.shape} at {rate} Hz" for name, (sound, rate) in read.items())
        raise DataError(f"stems in {next(iter(files.values())).parent}", f"they do not fit together: {said}")
    return {name: sound for name, (sound, _) in read.items()}, next(rate for _, rate in read.values())


def _sum(files: dict[str, Path]) -> tuple[np.ndarray, int]:
    stems, rate = _read(files)
    return np.sum(list(stems.values()), 0), rate
