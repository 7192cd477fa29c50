"""POP909: popular songs arranged for piano by professionals, played with sounds that no training heard.

Wang et al., "POP909: a pop-song dataset for music arrangement generation" (ISMIR 2020), MIT. Melody, bridge and piano
are played as they were recorded in MIDI; chords, key and beats are the set's own labels, found by algorithms and read
over by people, so nothing is perfect on them. For evaluation, never for training. Bach's chorales, which music21 holds,
would be no such test: the band trains on them.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from solfeggio import harte
from solfeggio.answers import Events, Notes, Segments
from solfeggio.band.record import FAMILIES, record
from solfeggio.band.song import Performance, Played, Song
from solfeggio.band.truth import cover
from solfeggio.data.band import licence
from solfeggio.data.dataset import Dataset, Late, Track
from solfeggio.data.shared import shared_folder
from solfeggio.data.symbolic import bytes_of, text_of
from solfeggio.errors import ConfigError, DataError, unknown

CITATION = "Wang et al., POP909 (ISMIR 2020)"
FIXED_20 = (23, 69, 115, 161, 207, 253, 299, 345, 391, 437, 483, 529, 575, 621, 667, 713, 759, 805, 851, 897)
SONGS = range(1, 910)
TASKS = ("beats", "chords", "key", "melody")
RATE = 22050
TAIL = 1.5  # seconds after the last note
LEADS = (0, 4, 11, 40, 65, 71, 73)  # General MIDI programs that play the melody
COUNTERS = (4, 24, 25, 48, 68)
Read = tuple[Performance, Segments, Segments, Notes]  # and chords, keys, melody


def pop909_dataset(family: str = "B", songs: Sequence[int] = FIXED_20, folder: Path | None = None) -> Dataset:
    """Make tracks of POP909 songs: "chords" (Harte), "key", "beats" and "melody" (notes) in seconds.

    family: of sound banks. songs: numbers of 1 to 909; the default are those that reports are made of. folder: the
    shared folder; None finds it. Sound is made when asked for, so keep it (``Dataset.cached``). A label that says
    nothing we know becomes "X". Raises ConfigError for an unknown family or song, DataError when the set is absent.
    """
    if family not in FAMILIES:
        raise unknown("sound bank family", family, FAMILIES)
    wrong = [number for number in songs if number not in SONGS]
    if wrong or not songs:
        raise ConfigError(f"POP909 songs {list(wrong)}", "they are numbered 1 to 909", "choose some of them")
    path = (folder or shared_folder()) / "symbolic" / "pop909.zip"
    if not path.is_file():
        raise DataError("set pop909", f"there is no {path}", "set $SOLFEGGIO_DATA to the folder with symbolic/")
    tracks = tuple(_track(path, number, family) for number in songs)
    return Dataset(f"pop909-{family}", tracks, f"MIT and {licence(family)}", CITATION)


def harte_label(label: str) -> str:
    """Keep a chord label that ``harte.read`` knows, "X" for any other.

    >>> harte_label("Gb:sus4(b7)/5"), harte_label("C:maj(#11)")
    ('Gb:sus4(b7)/5', 'X')
    """
    try:
        harte.read(label)
    except ConfigError:
        return "X"
    return label


def _track(path: Path, number: int, family: str) -> Track:
    return Track(
        id=f"pop909-{number:03d}-{family}",
        audio=partial(_audio, path, number, family),
        answers=Late(TASKS, partial(_answers, path, number)),
        groups={"song": f"pop909-{number:03d}", "style": "pop", "bank": family},
    )


def _answers(path: Path, number: int) -> dict[str, Events | Segments | Notes]:
    performance, chords, keys, melody = _read(path, number)
    return {"beats": performance.beats, "chords": chords, "key": keys, "melody": melody}


def _audio(path: Path, number: int, family: str) -> tuple[np.ndarray, int]:
    recorded = record(_read(path, number)[0], np.random.default_rng([number, 909]), family=family, rate=RATE)
    return recorded.samples, RATE


@lru_cache(maxsize=4)  # a track is asked for its answers one by one
def _read(path: Path, number: int) -> Read:
    """Read one song from the zip, in the seconds of its MIDI file."""
    home = f"POP909/{number:03d}/"
    try:
        with zipfile.ZipFile(path) as zipped:
            midi = bytes_of(zipped, f"{home}{number:03d}.mid")
            beats = [line.split() for line in text_of(zipped, home + "beat_midi.txt").splitlines() if line.strip()]
            chords, keys = (_segments(text_of(zipped, home + name)) for name in ("chord_midi.txt", "key_audio.txt"))
    except (zipfile.BadZipFile, OSError) as problem:
        raise DataError(f"{path} cannot be read", str(problem), "fetch it again") from None
    times, downs = np.array([float(row[0]) for row in beats]), np.array([float(row[2]) > 0.5 for row in beats])
    index = np.arange(len(times))
    since = index - np.maximum.accumulate(np.where(downs, index, 0))
    chords = Segments(chords.starts, chords.ends, [harte_label(label) for label in chords.labels])
    parts = _parts(midi, number)
    melody = next((part.notes for part in parts if part.name == "melody"), Notes([], [], [], []))
    duration = max(float(part.notes.ends.max()) for part in parts) + TAIL
    bpm = float(60 / np.median(np.diff(times)))
    song = Song(f"pop909-{number:03d}", "pop", bpm, (), float(len(times)), index.astype(float), since + 1)
    keys = cover(keys, duration)
    found = Performance(song, parts, Events(times, [str(n + 1) for n in since]), duration)
    return found, chords, keys, melody


def _segments(text: str) -> Segments:
    rows = [line.split() for line in text.splitlines() if len(line.split()) == 3]
    starts, ends = ([float(row[column]) for row in rows] for column in (0, 1))
    return Segments(starts, ends, [row[2] for row in rows])


def _parts(midi: bytes, number: int) -> tuple[Played, ...]:
    """Read the players, each with a sound of its own: a lead, another, and the piano."""
    from symusic import Score

    rng = np.random.default_rng([number, 1])
    programs = {"melody": int(rng.choice(LEADS)), "counter": int(rng.choice(COUNTERS)), "piano": 0}
    names = {"MELODY": "melody", "BRIDGE": "counter"}
    try:
        score = Score.from_midi(midi).to("second")  # type: ignore[attr-defined]
    except RuntimeError as problem:
        raise DataError(f"POP909 song {number}", str(problem), "fetch the set again") from None
    parts = []
    for track in score.tracks:
        name = names.get(track.name.upper(), "piano")
        rows = sorted((n.start, n.start + n.duration, float(n.pitch), float(n.velocity)) for n in track.notes)
        if rows:
            parts.append(Played(name, programs[name], False, Notes(*np.array(rows).T)))
    if not parts:
        raise DataError(f"POP909 song {number}", "it holds no notes", "fetch the set again")
    return tuple(parts)
