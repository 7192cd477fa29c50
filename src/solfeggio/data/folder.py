"""Your own recordings with their labels: a folder of sound files and what lies beside them, found by name.

    song.wav                the recording "song"; its labels are the files that begin with "song."
    song.beats              beats: time and position a line
    song.chords.lab         the word before the suffix says what it is: a task of KINDS, or another word for one
    song.lab, song.txt      without a word: chords where the labels are Harte's, sections where not, beats where they
                            are points
    song.jams               several answers; song.mid: notes, and beats where it has them

A recording called "mix" or "audio" is named after its folder; its labels may also be called "song.SUFFIX", after the
folder, or "TASK.SUFFIX", and "stems" beside it holds its players. So are written the songs of ``solfeggio band
corpus``. What several files say is taken from the most particular one: a file of one answer, then JAMS, then MIDI; two
files of one answer contradict each other.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from solfeggio import audio, formats
from solfeggio.answers import Answer, Curve, Events, Notes, Segments, Tags
from solfeggio.data.dataset import Dataset, Track
from solfeggio.errors import DataError, SolfeggioError
from solfeggio.formats.lines import lines, number, read_text

SOUNDS = (".wav", ".flac", ".aiff", ".aif", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".wma", ".au", ".caf")
KINDS: dict[str, type[Answer]] = {  # task: kind of its answer
    "beats": Events, "onsets": Events, "drums": Events, "drums-fine": Events, "events": Events,
    "chords": Segments, "key": Segments, "sections": Segments, "form": Segments, "metre": Segments,
    "lyrics": Segments, "instruments": Segments, "singing": Segments, "motifs": Segments,
    "melody": Curve, "bass": Curve, "tempo": Curve, "notes": Notes, "tags": Tags,
}  # fmt: skip
WORDS = {  # other words for tasks, JAMS namespaces among them
    "beat": "beats", "downbeats": "beats", "chord": "chords", "chord_harte": "chords", "keys": "key",
    "key_mode": "key", "section": "sections", "segments": "sections", "segment_open": "sections", "form": "form",
    "structure": "sections", "functions": "sections", "meter": "metre", "f0": "melody", "pitch": "melody",
    "pitch_contour": "melody", "note_midi": "notes", "note_hz": "notes", "onset": "onsets", "drum": "drums",
    "tag_open": "tags", "words": "lyrics", "vocals": "singing", "tempi": "tempo",
}  # fmt: skip
WHOLE = ("mix", "audio", "mixture")  # recordings that are named after their folder
CHORD = re.compile(r"([A-G][#b]*(:[^\s/]+)?|[A-G][#b]*:?)(/[#b]*\d+)?|N|X")
LABELS = (".beats", ".lab", ".txt", ".csv", ".tsv", ".jams", ".mid", ".midi", ".f0")


def folder_dataset(
    folder: str | os.PathLike[str],
    *,
    licence: str = "not stated",
    citation: str = "",
    labels: str | os.PathLike[str] | None = None,
    groups: str | os.PathLike[str] | None = None,
    skip: Iterable[str] = (),
    need: Sequence[str] = (),
    name: str = "",
) -> Dataset:
    """Load every recording below a folder with its labels; sound is read when asked for, labels now.

    labels: folder with the same paths that holds the labels; None: they lie beside the sound. groups: CSV whose column
    "id" names the track and whose other columns are what splits go by; without it each track is a group, "song".
    skip: ids to leave out. need: tasks that every track must have. The id of a track is its path below ``folder``
    without suffix. Raises DataError that lists every file that is wrong, with the reason.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home:
    ...     audio.write(Path(home, "a.wav"), np.zeros((1, 8000)), 8000)
    ...     _ = Path(home, "a.beats").write_text("0.5 1")
    ...     [track] = folder_dataset(home)
    >>> track.id, track.answers["beats"].labels
    ('a', ('1',))
    """
    home, beside = Path(folder), Path(labels or folder)
    for place in (home, beside):
        if not place.is_dir():
            raise DataError(f"folder {place}", "there is no such folder", "check the path")
    sounds = _sounds(home)
    left_out = set(skip)
    _all_known(left_out, sounds, "skip", home)
    belongs = _groups(Path(groups), sounds) if groups else {id: {"song": id} for id in sounds}
    tracks, problems = [], []
    for id, path in sounds.items():
        if id in left_out:
            continue
        try:
            answers = read_labels(beside / path.relative_to(home))
            lacking = [task for task in need if task not in answers]
            if lacking:
                problems.append(f"{path} has no {' and no '.join(lacking)}")
            stems = partial(_stems, path.parent / "stems") if _whole(path) and _players(path.parent) else None
            tracks.append(Track(id, partial(audio.read, path), answers, belongs[id], stems=stems))
        except SolfeggioError as problem:
            problems.append(str(problem))
    if problems:
        more = f"; and {len(problems) - 10} more" if len(problems) > 10 else ""
        raise DataError(f"{len(problems)} of the recordings in {home} cannot be used", "; ".join(problems[:10]) + more,
                        "mend the files, or name the tracks in skip")  # fmt: skip
    if not tracks:
        raise DataError(f"recordings in {home}", "there is none", f"known are {', '.join(SOUNDS)}")
    return Dataset(name or home.resolve().name, tuple(tracks), licence, citation)


def read_labels(sound: Path) -> dict[str, Answer]:
    """Read every label file that belongs to a recording, which need not be there itself: task to answer.

    Raises FormatError for a damaged file, DataError when two files answer the same question or a name says nothing.
    """
    several: dict[str, Answer] = {}
    single: dict[str, Answer] = {}
    source: dict[str, Path] = {}
    for path in sorted(_beside(sound), key=lambda path: (path.suffix.lower() != ".jams", path.name)):
        if path.suffix.lower() == ".jams":
            several |= {task: answer for name, answer in formats.read_jams(path).items() if (task := _task(name))}
        elif path.suffix.lower() in (".mid", ".midi"):
            held = formats.read_midi(path)
            several = {"notes": held.notes} | ({"beats": held.beats} if len(held.beats) else {}) | several
        else:
            task, answer = _read(path, _word(sound, path))
            if task in single:
                raise DataError(f"{source[task]} and {path}", f"both hold {task}", "keep one of them")
            single[task], source[task] = answer, path
    return several | single


def _sounds(home: Path) -> dict[str, Path]:
    """Recordings by id, sorted; two sounds of one name are an error."""
    found: dict[str, Path] = {}
    for path in sorted(path for path in home.rglob("*") if path.suffix.lower() in SOUNDS):
        inner = path.relative_to(home)
        if path.name.startswith(".") or "stems" in inner.parts[:-1]:
            continue
        id = inner.parent.as_posix() if _whole(path) and len(inner.parts) > 1 else inner.with_suffix("").as_posix()
        if id in found:
            raise DataError(f"{found[id]} and {path}", f"both are the recording '{id}'", "keep one of them")
        found[id] = path
    return found


def _whole(path: Path) -> bool:
    return path.stem.lower() in WHOLE


def _beside(sound: Path) -> list[Path]:
    """Label files in the recording's folder that belong to it, and to no other recording with a longer name."""
    if not sound.parent.is_dir():
        return []
    files = sorted(path for path in sound.parent.iterdir() if path.is_file())
    longer = [p.stem for p in files if p.suffix.lower() in SOUNDS and p.stem.startswith(f"{sound.stem}.")]
    found = [path for path in files if path.suffix.lower() in LABELS]
    found = [path for path in found if not any(path.name.startswith(f"{stem}.") for stem in longer)]
    if _whole(sound):
        names = (sound.stem, sound.parent.name, "song")
        return [p for p in found if p.name.startswith(tuple(f"{n}." for n in names)) or _task(p.name.partition(".")[0])]
    return [path for path in found if path.name.startswith(f"{sound.stem}.")]


def _word(sound: Path, path: Path) -> str:
    """The word that says what a label file holds: what stands between a recording's name and the suffix."""
    words = path.name.lower().split(".")[:-1]
    own = len(sound.stem.split(".")) if path.name.startswith(f"{sound.stem}.") else 0 if _task(words[0]) else 1
    return next((word for word in reversed(words[own:]) if _task(word)), ".".join(words[own:]))


def _task(word: str) -> str:
    """The task that a word stands for; "" when it stands for none. "chords 2" is no task of ours: only the first is."""
    task = WORDS.get(word, word)
    return task if task in KINDS else ""


def _read(path: Path, word: str) -> tuple[str, Answer]:
    suffix = path.suffix.lower()
    if suffix == ".beats":
        return "beats", formats.read(path, Events)
    if suffix == ".f0":
        return "melody", _curve(path, "Hz")
    task = _task(word)
    if word and not task:
        raise DataError(f"{path}", f"'{word}' is no task", f"name it after one of {', '.join(KINDS)}")
    if not task:
        return _guess(path)
    kind = KINDS[task]
    if suffix in (".csv", ".tsv"):
        if kind is Curve and not _headed(path):
            return task, _curve(path, "bpm" if task == "tempo" else "Hz")
        return task, formats.read(path, kind, format="csv")
    if kind is Events:
        return task, formats.read(path, Events, format="audacity" if _columns(path) > 2 else "beats")
    if kind is Curve:
        return task, _curve(path, "bpm" if task == "tempo" else "Hz")
    return task, formats.read(path, kind, format="audacity" if suffix == ".txt" else "lab")


def _guess(path: Path) -> tuple[str, Answer]:
    """Tell from a file itself whether it holds beats, chords or sections; raises DataError when it cannot be told."""
    if path.suffix.lower() in (".csv", ".tsv"):
        raise DataError(f"{path}", "its name does not say what it holds", f"name it {path.stem}.TASK{path.suffix}")
    if _columns(path) < 3:
        return "beats", formats.read(path, Events, format="beats")
    spans = formats.read(path, Segments, format="audacity" if path.suffix.lower() == ".txt" else "lab")
    if len(spans) and np.array_equal(spans.starts, spans.ends):
        return "beats", Events(spans.starts, spans.labels)
    chords = bool(spans.labels) and all(CHORD.fullmatch(label) for label in spans.labels)
    letters = chords and all(":" not in label and label not in "NX" for label in spans.labels)  # form letters A, B, C
    return ("sections" if letters or not chords else "chords"), spans


def _columns(path: Path) -> int:
    """How many columns a file of lines has: those of its first line."""
    first = next((text for _, text in lines(read_text(path))), "")
    return len(re.split(r"\t|\s*,\s*|\s+", first.strip()))


def _headed(path: Path) -> bool:
    text = read_text(path).lstrip()
    return bool(text) and not re.match(r"[-+.\d]", text)


def _curve(path: Path, unit: str) -> Curve:
    """Read time and value a line, without header; NaN and negative values are "nothing" for f0."""
    rows = []
    for line, text in lines(read_text(path)):
        cells = re.split(r"\s*[,;\t]\s*|\s+", text.strip())
        if len(cells) < 2:
            raise DataError(f"{path}, line {line}", "it has one column", "a curve is time and value")
        value = "0" if cells[1].lower() == "nan" else cells[1]
        rows.append((number(cells[0], path, line), max(number(value, path, line), 0.0)))
    rows.sort()
    times, values = np.array(rows).reshape(-1, 2).T
    return Curve(times, values, unit)


def _players(folder: Path) -> list[Path]:
    home = folder / "stems"
    return sorted(path for path in home.iterdir() if path.suffix.lower() in SOUNDS) if home.is_dir() else []


def _stems(folder: Path) -> tuple[dict[str, np.ndarray], int]:
    """Read the players of a recording; raises DataError when their rates differ."""
    read = {path.stem: audio.read(path) for path in _players(folder.parent)}
    rates = {rate for _, rate in read.values()}
    if len(rates) != 1:
        raise DataError(f"stems in {folder}", f"their rates differ: {sorted(rates)} Hz", "give them one rate")
    return {name: samples for name, (samples, _) in read.items()}, rates.pop()


def _groups(path: Path, sounds: dict[str, Path]) -> dict[str, dict[str, str]]:
    """Read what splits go by; every track has a row and every row a track."""
    rows = list(csv.DictReader(read_text(path).splitlines()))
    if not rows or "id" not in rows[0]:
        raise DataError(f"groups {path}", "it has no column 'id'", "its first line names the columns, one is id")
    table = {row["id"]: {k: v or "" for k, v in row.items() if k not in ("id", None)} for row in rows}
    _all_known(table, sounds, f"groups {path}", path.parent)
    absent = [id for id in sounds if id not in table]
    if absent:
        raise DataError(f"groups {path}", f"{len(absent)} tracks have no row: {', '.join(absent[:5])}", "add them")
    return table


def _all_known(ids: Iterable[str], sounds: dict[str, Path], what: str, home: Path) -> None:
    strange = sorted(id for id in ids if id not in sounds)
    if strange:
        raise DataError(what, f"no recording in {home} is called {', '.join(strange[:5])}",
                        f"ids are like {next(iter(sounds), 'song')}")  # fmt: skip
