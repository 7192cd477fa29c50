"""Written music of others, as songs: beats, sections, chords, keys and melodies of published sets, straight from zips.

Each set yields ``band.song.Song``, so what is asked of the band's songs can be asked of these; what a set does not know
stays empty. The zips lie in ``symbolic/`` of the shared folder (``data.shared``); for evaluation, never for training.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import re
import zipfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio.answers import Segments
from solfeggio.band.song import Part, Song, Spans
from solfeggio.data.shared import shared_folder
from solfeggio.errors import DataError, unknown

LARGEST_BYTES = 32_000_000  # no member of these sets comes near it
JAZZ_QUALITIES = ("7", "7", "min7", "maj7", "hdim7", "dim7", "aug", "minmaj7")
MODES = {"": "maj", "m": "min"}
log = logging.getLogger(__name__)


def symbolic(name: str, folder: Path | None = None) -> Iterator[Song]:
    """Read the songs of a set, one at a time: a key of SETS.

    harmonix: beats, positions, sections of popular songs. salami: sections of all kinds, in seconds (bpm 60). pop909:
    melody, beats, chords, key of popular songs. nottingham: tune, chords, key, bars of folk tunes. wjazzd: jazz solos
    over chords. jsb: chorales in four parts. folder: the shared folder; None finds it. Members that do not hold what
    they should are left out and logged. Raises ConfigError for an unknown set, DataError when it is absent or no zip.
    """
    if name not in SETS:
        raise unknown("symbolic set", name, SETS)
    file, read = SETS[name]
    path = (folder or shared_folder()) / "symbolic" / file
    if not path.is_file():
        raise DataError(f"set {name}", f"there is no {path}", "set $SOLFEGGIO_DATA to the folder with symbolic/")
    try:
        with zipfile.ZipFile(path) as zipped:
            yield from read(zipped)
    except (zipfile.BadZipFile, OSError) as problem:
        raise DataError(f"{path} cannot be read", str(problem), "fetch it again") from None


def text_of(zipped: zipfile.ZipFile, member: str) -> str:
    """Read one text member; raises DataError when it is absent, damaged or far too large."""
    return bytes_of(zipped, member).decode("utf-8", "replace")


def bytes_of(zipped: zipfile.ZipFile, member: str) -> bytes:
    """Read one member; raises DataError when it is absent, damaged or far too large."""
    try:
        if zipped.getinfo(member).file_size > LARGEST_BYTES:
            raise DataError(f"{member} in {zipped.filename}", f"it unpacks to more than {LARGEST_BYTES} bytes")
        return zipped.read(member)
    except (KeyError, zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as problem:
        raise DataError(f"{member} in {zipped.filename}", str(problem), "fetch the set again") from None


def _each(zipped: zipfile.ZipFile, pattern: str, read: Callable[[re.Match[str]], Song | None]) -> Iterator[Song]:
    """Read every member whose name matches, in order; a bad one is left out and logged."""
    for member in sorted(zipped.namelist()):
        if match := re.fullmatch(pattern, member):
            try:
                song = read(match)
            except (DataError, ValueError, IndexError, KeyError, TypeError) as problem:
                log.warning("left out %s: %s", member, problem)
                continue
            if song is not None:
                yield song


def _harmonix(zipped: zipfile.ZipFile) -> Iterator[Song]:
    facts = {row["File"]: row for row in csv.DictReader(io.StringIO(text_of(zipped, "dataset/metadata.csv")))}

    def read(match: re.Match[str]) -> Song:
        rows = [line.split() for line in text_of(zipped, match[0]).splitlines() if line.strip()]
        times, positions = np.array([float(row[0]) for row in rows]), np.array([int(row[1]) for row in rows])
        metre = facts[match[1]]["Time Signature"].replace("|", "/")
        if metre == "6/8":  # labelled in eighths, felt in dotted quarters
            felt = np.isin(positions, (1, 4))
            times, positions = times[felt], np.where(positions[felt] == 1, 1, 2)
        parts = [line.split(None, 1) for line in text_of(zipped, f"dataset/segments/{match[1]}.txt").splitlines()]
        marks = [(float(row[0]), row[1].strip().lower()) for row in parts if len(row) == 2]
        quarters = _beats_at(times, np.array([time for time, _ in marks]))
        spans = zip(quarters[:-1], quarters[1:], (label for _, label in marks), strict=False)
        bpm = 60 / float(np.median(np.diff(times)))
        return Song(
            name=match[1], style=facts[match[1]]["Genre"], bpm=bpm, parts=(), length_quarters=float(quarters[-1]),
            beats_quarters=np.arange(len(times), dtype=float), positions=positions,
            sections=tuple((float(a), float(b), label) for a, b, label in spans if label not in ("silence", "end")),
            metres=((0.0, float(len(times)), metre),),
        )  # fmt: skip

    return _each(zipped, r"dataset/beats_and_downbeats/(\w+)\.txt", read)


def _beats_at(times: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Count in beats, also before the first and after the last."""
    before, after = times[1] - times[0], times[-1] - times[-2]
    inside = np.interp(seconds, times, np.arange(len(times)))
    inside = np.where(seconds < times[0], (seconds - times[0]) / before, inside)
    return np.where(seconds > times[-1], len(times) - 1 + (seconds - times[-1]) / after, inside)


def _salami(zipped: zipfile.ZipFile) -> Iterator[Song]:
    facts = {row["SONG_ID"]: row for row in csv.DictReader(io.StringIO(text_of(zipped, "metadata/metadata.csv")))}

    def read(match: re.Match[str]) -> Song | None:
        rows = [line.split("\t", 1) for line in text_of(zipped, match[0]).splitlines()]
        marks = [(float(row[0]), row[1].strip().lower()) for row in rows if len(row) == 2]
        if len(marks) < 3:
            return None
        spans = tuple((a, b, label) for (a, label), (b, _) in pairwise(marks) if b > a)
        return Song(
            name=f"salami-{match[1]}", style=facts[match[1]]["CLASS"], bpm=60.0, parts=(), length_quarters=marks[-1][0],
            beats_quarters=np.zeros(0), positions=np.zeros(0, int),
            sections=tuple(span for span in spans if span[2] not in ("silence", "end")),
        )  # fmt: skip

    return _each(zipped, r"annotations/(\d+)/parsed/textfile1_functions\.txt", read)


def salami_pairs(folder: Path | None = None) -> Iterator[tuple[str, Segments, Segments]]:
    """Read what two people heard in the same recordings of SALAMI: (song, sections by one, by the other), seconds.

    Labels are functions as they wrote them, lower case; silence at the ends is left out. Recordings that only one
    person labelled, and labels that go back in time, are left out. folder and errors as for ``symbolic``.
    """
    path = (folder or shared_folder()) / "symbolic" / "salami.zip"
    if not path.is_file():
        raise DataError("set salami", f"there is no {path}", "set $SOLFEGGIO_DATA to the folder with symbolic/")
    try:
        with zipfile.ZipFile(path) as zipped:
            there = set(zipped.namelist())
            for first in sorted(there):
                match = re.fullmatch(r"annotations/(\d+)/parsed/textfile1_functions\.txt", first)
                second = first.replace("textfile1", "textfile2")
                if not match or second not in there:
                    continue
                pair = [_functions(text_of(zipped, member)) for member in (first, second)]
                if all(len(sections) for sections in pair):
                    yield f"salami-{match[1]}", pair[0], pair[1]
    except (zipfile.BadZipFile, OSError) as problem:
        raise DataError(f"{path} cannot be read", str(problem), "fetch it again") from None


def _functions(text: str) -> Segments:
    """Read time, label a line; each section lasts up to the next line."""
    marks: list[tuple[float, str]] = []
    for line in text.splitlines():
        time, _, label = line.partition("\t")
        try:
            marks.append((float(time), label.strip().lower()))
        except ValueError:
            continue
    spans = [(a, b, label) for (a, label), (b, _) in pairwise(marks) if b > a and label not in ("silence", "end")]
    if any(b[0] < a[0] for a, b in pairwise(spans)):
        return Segments([], [])
    return Segments([a for a, _, _ in spans], [b for _, b, _ in spans], [label for _, _, label in spans])


def _pop909(zipped: zipfile.ZipFile) -> Iterator[Song]:
    from symusic import Score

    reader: Any = Score

    def read(match: re.Match[str]) -> Song:
        home = f"POP909/{match[1]}/"
        rows = [line.split() for line in text_of(zipped, home + "beat_midi.txt").splitlines() if line.strip()]
        times, downs = np.array([float(row[0]) for row in rows]), np.array([float(row[2]) > 0.5 for row in rows])
        try:
            score = reader.from_midi(bytes_of(zipped, match[0])).to("second")
        except RuntimeError as problem:
            raise DataError(match[0], str(problem)) from None
        parts = []
        for track in score.tracks:
            name = {"MELODY": "melody", "BRIDGE": "counter", "PIANO": "chords"}.get(track.name.upper(), "chords")
            found = [(n.start, n.start + n.duration, n.pitch, n.velocity) for n in track.notes]
            notes = np.array(sorted(found), float).reshape(-1, 4)
            notes[:, 0], notes[:, 1] = _beats_at(times, notes[:, 0]), _beats_at(times, notes[:, 1])
            parts.append(Part(name, 0, notes))
        chords = _lines(text_of(zipped, home + "chord_midi.txt"), times)
        keys = _lines(text_of(zipped, home + "key_audio.txt"), times)
        since = np.arange(len(times)) - np.maximum.accumulate(np.where(downs, np.arange(len(times)), 0))
        bpm = 60 / float(np.median(np.diff(times)))
        end = float(len(times))
        beats = np.arange(len(times), dtype=float)
        return Song(f"pop909-{match[1]}", "pop", bpm, tuple(parts), end, beats, since + 1, chords, keys=keys)

    return _each(zipped, r"POP909/(\d+)/\1\.mid", read)


def _lines(text: str, times: np.ndarray) -> Spans:
    """Read start, end, label a line."""
    rows = [line.split() for line in text.splitlines() if len(line.split()) == 3]
    edges = _beats_at(times, np.array([[float(row[0]), float(row[1])] for row in rows]).reshape(-1, 2))
    return tuple((float(a), float(b), row[2]) for (a, b), row in zip(edges, rows, strict=True))


def _nottingham(zipped: zipfile.ZipFile) -> Iterator[Song]:
    from solfeggio.data.abc import read_tune

    for member in sorted(zipped.namelist()):
        if member.startswith("ABC_cleaned/") and member.endswith(".abc"):
            for tune in re.split(r"\n\s*\n", text_of(zipped, member)):
                if "K:" not in tune:
                    continue
                try:
                    yield read_tune(tune, f"nottingham-{Path(member).stem}")
                except DataError as problem:
                    log.warning("left out a tune of %s: %s", member, problem)


def _wjazzd(zipped: zipfile.ZipFile) -> Iterator[Song]:
    from solfeggio.harte import NAMES

    content = json.loads(text_of(zipped, "wjazzd_305_solos.json"))
    bar = content["ticks_per_beat"] * content["beats_per_bar"]
    for solo in content["solos"]:
        notes, first, last = [], 0, -1
        chords: list[tuple[float, str]] = []
        for pitch, length, onset, root, kind in solo["events"]:
            if onset <= last:
                first += bar
            last, start = onset, first + onset
            if pitch is not None:
                notes.append((start / 12, (start + length) / 12, pitch, 90))
            label = f"{NAMES[root % 12]}:{JAZZ_QUALITIES[kind]}"
            if not chords or chords[-1][1] != label:
                chords.append((float(start // 12), label))
        end = float(first + bar) / 12
        edges = [start for start, _ in chords] + [end]
        spans = tuple((start, stop, label) for (start, label), stop in zip(chords, edges[1:], strict=True))
        beats = np.arange(int(end), dtype=float)
        part = Part("melody", 66, np.array(notes, float).reshape(-1, 4))
        yield Song(f"wjazzd-{solo['melid']}", "jazz", 120.0, (part,), end, beats, np.arange(int(end)) % 4 + 1, spans)


def _jsb(zipped: zipfile.ZipFile) -> Iterator[Song]:
    content = json.loads(text_of(zipped, "Jsb16thSeparated.json"))
    for split in ("train", "valid", "test"):
        for number, steps in enumerate(content[split]):
            grid = np.array(steps, float)
            parts = []
            for voice, name in enumerate(("melody", "alto", "tenor", "bass")):
                line = grid[:, voice]
                starts = np.flatnonzero(np.diff(line, prepend=-2) != 0)
                ends = np.append(starts[1:], len(line))
                sounding = line[starts] > 0
                rows = [starts / 4, ends / 4, line[starts], np.full(len(starts), 80.0)]
                parts.append(Part(name, 52, np.stack(rows, 1)[sounding]))
            beats = np.arange(len(grid) // 4, dtype=float)
            spans = _chords_of(grid[::4])
            end = len(grid) / 4
            yield Song(
                f"jsb-{split}-{number}", "chorale", 90.0, tuple(parts), end, beats, np.arange(len(beats)) * 0, spans
            )


def _chords_of(rows: np.ndarray) -> Spans:
    """Name the chord of every beat by the template that it fills best; equal neighbours are joined."""
    from solfeggio.harte import NAMES, QUALITIES

    kinds = ("maj", "min", "7", "dim", "min7", "maj7", "hdim7", "dim7", "aug", "sus4")
    spans: list[tuple[float, float, str]] = []
    for beat, row in enumerate(rows):
        low = int(min((p for p in row if p > 0), default=0))
        tones = {int(p) % 12 for p in row if p > 0}
        label, best = "N", 0.0
        for kind in kinds:
            for root in sorted(tones):
                chord = {(root + step) % 12 for step in QUALITIES[kind]}
                fit = (
                    len(chord & tones) - 0.9 * len(chord - tones) - 1.1 * len(tones - chord) + 0.1 * (low % 12 == root)
                )
                if fit > best:
                    label, best = f"{NAMES[root]}:{kind}", fit
        if spans and spans[-1][2] == label:
            spans[-1] = (spans[-1][0], beat + 1.0, label)
        else:
            spans.append((float(beat), beat + 1.0, label))
    return tuple(spans)


SETS: dict[str, tuple[str, Callable[[zipfile.ZipFile], Iterator[Song]]]] = {
    "harmonix": ("harmonix.zip", _harmonix),
    "salami": ("salami.zip", _salami),
    "pop909": ("pop909.zip", _pop909),
    "nottingham": ("nottingham.zip", _nottingham),
    "wjazzd": ("wjazzd-bebopnet.zip", _wjazzd),
    "jsb": ("jsb-chorales.zip", _jsb),
}
