"""Real recordings that people labelled, for evaluation: folders of the shared data, as datasets.

The folder is $SOLFEGGIO_DATA, or ``../shared/data`` beside the working folder. Its licences forbid commercial use, so
nothing is copied from it and no shipped weight learns from it.
"""

from __future__ import annotations

import csv
import os
from functools import partial
from pathlib import Path

import numpy as np

from solfeggio import audio, formats
from solfeggio.answers import Answer, Curve, Events, Segments
from solfeggio.data.dataset import Dataset, Track
from solfeggio.errors import DataError, FormatError, unknown

MDB = "Southall et al., MDB Drums (ISMIR 2017); Bittner et al., MedleyDB (ISMIR 2014)"
JAMENDO = "Stoller, Durand and Ewert, End-to-end lyrics alignment (ICASSP 2019)"


def shared_folder(folder: str | os.PathLike[str] | None = None) -> Path:
    """Find the folder of shared data; raises DataError when there is none."""
    path = Path(folder or os.environ.get("SOLFEGGIO_DATA") or "../shared/data")
    if not path.is_dir():
        raise DataError("real recordings", f"there is no folder {path}", "set $SOLFEGGIO_DATA to the shared data")
    return path


def real_dataset(name: str, folder: str | os.PathLike[str] | None = None) -> Dataset:
    """Load real recordings with their truth: "mdb", "jamendo" or "beats"; audio is read when asked for.

    mdb: excerpts with beats, drums (KD SD HH TT CY OT), melody (Hz), activity of instruments, and stems ("S01 drum
    set"). jamendo: songs with words (start and end of each) and lyric lines. beats: excerpts with beats. The span of a
    track is what its beats cover. Raises ConfigError for an unknown name, DataError when it is absent, FormatError for
    labels that are none.
    """
    if name not in LOADERS:
        raise unknown("set of real recordings", name, LOADERS)
    make, licence, citation = LOADERS[name]
    home = shared_folder(folder) / name
    tracks = tuple(make(home)) if home.is_dir() else ()
    if not tracks:
        raise DataError(f"set {name}", f"there is no recording in {home}", "set $SOLFEGGIO_DATA to the shared data")
    return Dataset(name, tracks, licence, citation)


def beat_files(folder: str | os.PathLike[str] | None = None) -> dict[str, tuple[Path, Path]]:
    """Find the real recordings with beat labels: name to (sound, labels); raises DataError when there is none."""
    home = shared_folder(folder)
    found = {p.parent.name: (p, p.parent / "beats.txt") for p in sorted(home.glob("mdb/*/mix_of_raw.flac"))}
    found |= {p.stem: (p, p.with_suffix(".beats")) for p in sorted(home.glob("beats/*.flac"))}
    if not found:
        raise DataError(
            f"recordings in {home}", "there is none with beat labels", "set $SOLFEGGIO_DATA to the shared data"
        )
    return found


def unlabeled_dataset(folder: str | os.PathLike[str], licence: str = "see the packages") -> Dataset:
    """Load every recording below a folder, without truth: what ``scripts/unlabeled.py`` fetched, or anyone's own.

    groups: folder, the name of the folder it lies in (its package). Raises DataError when there is none.
    """
    home = Path(folder)
    paths = [
        path for path in sorted(home.rglob("*")) if path.suffix.lower() in (".ogg", ".opus", ".flac", ".mp3", ".wav")
    ]
    if not paths:
        raise DataError(f"recordings in {home}", "there is none", "fetch some with scripts/unlabeled.py")
    tracks = tuple(
        Track(
            str(path.relative_to(home)), partial(audio.read, path), groups={"folder": path.relative_to(home).parts[0]}
        )
        for path in paths
    )
    return Dataset(home.name, tracks, licence)


def _mdb(home: Path) -> list[Track]:
    tracks = []
    for folder in sorted(path.parent for path in home.glob("*/mix_of_raw.flac")):
        answers: dict[str, Answer] = {}
        if (folder / "beats.txt").is_file():
            answers["beats"] = formats.read(folder / "beats.txt", Events)
        if (folder / "drums_class.txt").is_file():
            answers["drums"] = _drums(folder / "drums_class.txt")
        if (folder / "melody1.csv").is_file():
            rows = _numbers(folder / "melody1.csv", 2)
            answers["melody"] = Curve(rows[:, 0], rows[:, 1], "Hz")
        if (folder / "sources.lab").is_file():
            answers["activity"] = _activity(folder / "sources.lab")
        mix = folder / "mix.flac"
        sound = mix if mix.is_file() else folder / "mix_of_raw.flac"
        groups = {"song": folder.name, "work": folder.name}
        stems = partial(_stems, folder)
        tracks.append(Track(f"mdb-{folder.name}", partial(audio.read, sound), answers, groups, _span(answers), stems))
    return tracks


def _stems(folder: Path) -> tuple[dict[str, np.ndarray], int]:
    """Read the isolated tracks; an instrument with several has numbered ones ("S01 drum set 2")."""
    names = _instruments(folder / "metadata.yaml")
    found, rate = {}, 44100
    for path in sorted((folder / "raw").glob("RAW_*_*.flac")):
        _, stem, take = path.stem.split("_")
        name = f"S{stem} {names.get(f'S{stem}', 'unknown')}"
        found[name if take == "01" else f"{name} {int(take)}"], rate = audio.read(path)
    return found, rate


def _jamendo(home: Path) -> list[Track]:
    tracks = []
    for sound in sorted(home.glob("*.mp3")):
        answers: dict[str, Answer] = {}
        words = sound.with_name(f"{sound.stem}.words.csv")
        text = sound.with_suffix(".txt")
        if words.is_file():
            rows = _numbers(words, 2, header=True)
            said = text.read_text("utf-8", "replace").split() if text.is_file() else []
            answers["lyrics"] = Segments(rows[:, 0], rows[:, 1], said if len(said) == len(rows) else [""] * len(rows))
        lines = sound.with_name(f"{sound.stem}.lines.csv")
        if lines.is_file():
            rows = _numbers(lines, 2, header=True)
            answers["lines"] = Segments(rows[:, 0], rows[:, 1])
        groups = {"song": sound.stem, "work": sound.stem}
        tracks.append(Track(f"jamendo-{sound.stem}", partial(audio.read, sound), answers, groups))
    return tracks


def _beats(home: Path) -> list[Track]:
    tracks = []
    for sound in sorted(home.glob("*.flac")):
        answers: dict[str, Answer] = {"beats": formats.read(sound.with_suffix(".beats"), Events)}
        groups = {"song": sound.stem, "work": sound.stem}
        tracks.append(Track(f"beats-{sound.stem}", partial(audio.read, sound), answers, groups, _span(answers)))
    return tracks


def _span(answers: dict[str, Answer]) -> tuple[float, float] | None:
    """Seconds that beat labels cover, half a beat beyond either end."""
    beats = answers.get("beats")
    if not isinstance(beats, Events) or len(beats) < 2:
        return None
    margin = float(np.median(np.diff(beats.times))) / 2
    return max(float(beats.times[0]) - margin, 0.0), float(beats.times[-1]) + margin


def _drums(path: Path) -> Events:
    rows = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip()]
    try:
        hits = sorted((float(row[0]), row[1]) for row in rows)
    except (ValueError, IndexError):
        raise FormatError(f"{path}", "a line is not time and drum") from None
    return Events([time for time, _ in hits], [drum for _, drum in hits])


def _activity(path: Path) -> Segments:
    rows = [line.strip().split(",", 2) for line in path.read_text("utf-8").splitlines()[1:] if line.strip()]
    try:
        spans = sorted((float(row[0]), float(row[1]), row[2]) for row in rows)
    except (ValueError, IndexError):
        raise FormatError(f"{path}", "a line is not start, end and instrument") from None
    return Segments([a for a, _, _ in spans], [b for _, b, _ in spans], [label for _, _, label in spans])


def _numbers(path: Path, columns: int, header: bool = False) -> np.ndarray:
    with open(path, newline="", encoding="utf-8") as opened:
        rows = list(csv.reader(opened))[1 if header else 0 :]
    try:
        return np.array([[float(cell) for cell in row[:columns]] for row in rows if row]).reshape(-1, columns)
    except ValueError:
        raise FormatError(f"{path}", f"a line does not begin with {columns} numbers") from None


def _instruments(path: Path) -> dict[str, str]:
    """Read stem names and instruments of MedleyDB's metadata, line by line."""
    found: dict[str, str] = {}
    stem = ""
    for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
        if line.startswith("  S") and line.rstrip().endswith(":"):
            stem = line.strip()[:-1]
        elif line.startswith("    instrument:") and stem:
            found.setdefault(stem, line.partition(":")[2].strip())
    return found


LOADERS = {
    "mdb": (_mdb, "CC-BY-NC-SA-4.0", MDB),
    "jamendo": (_jamendo, "CC-BY-SA and CC-BY-NC-SA, by song", JAMENDO),
    "beats": (_beats, "CC-BY-NC-SA-4.0", ""),
}
