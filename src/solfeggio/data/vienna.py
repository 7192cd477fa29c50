"""Vienna 4x22: real pianists whose every note is aligned to the score, played by the band's piano.

Goebl, "The Vienna 4x22 Piano Corpus" (1999): four excerpts, 22 pianists each, as match files in ``vienna4x22.zip`` of
the shared data. The timing is the pianists', so it asks what made-up rubato cannot: does a beat tracker follow people?
"""

from __future__ import annotations

import os
import re
import zipfile
from functools import partial

import numpy as np

from solfeggio.answers import Events, Notes
from solfeggio.data.dataset import Dataset, Track
from solfeggio.data.shared import shared_folder
from solfeggio.errors import ConfigError, FormatError

RATE = 22050
_LEAD_IN = 0.5  # seconds before the first note
_NOTE = re.compile(r"^(?:snote\((?P<score>.*)\)|insertion)-note\(n?\w+,(\d+),(\d+),(\d+),(\d+)", re.MULTILINE)
_PLACE = re.compile(r",(-?\d+\.\d+),-?\d+\.\d+,\[[^\]]*\]$")


def vienna_dataset(
    family: str = "B", pianists: tuple[int, ...] = (1, 7, 13, 19), folder: str | os.PathLike[str] | None = None
) -> Dataset:
    """Load performances of the four excerpts by some pianists (1 to 22), with beats; audio is (2, n) at 22050 Hz.

    family: of the sound bank whose piano plays. groups: work, bank. Beats are the metre's counted ones: dotted quarters
    in 6/8. Raises DataError without the shared data, MissingExtra without the sound bank.
    """
    if not pianists or not set(pianists) <= set(range(1, 23)):
        raise ConfigError(f"pianists {pianists}", "expected some of 1 to 22")
    path = shared_folder(folder) / "symbolic" / "vienna4x22.zip"
    wanted = re.compile(rf"([^/]+)_p({'|'.join(f'{p:02d}' for p in pianists)})\.match")
    tracks = []
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if found := wanted.fullmatch(name.rpartition("/")[2]):
                notes, beats = read_match(archive.read(name).decode("latin-1"), name)
                tracks.append(_track(found[1], int(found[2]), notes, beats, family))
    return Dataset("vienna", tuple(tracks), "none stated; for evaluation only", "Goebl, Vienna 4x22 (1999)")


def read_match(text: str, name: str = "match file") -> tuple[Notes, Events]:
    """Read a match file: the notes as played, and the beats, put where the notes of each score time were struck.

    The first note falls at half a second. Beats between notes are interpolated. Raises FormatError when it is none.
    """
    try:
        ticks, tempo = (int(re.search(rf"{key},(\d+)", text)[1]) for key in ("midiClockUnits", "midiClockRate"))  # type: ignore[index]
        over, under = (int(n) for n in re.search(r"timeSignature,\[?(\d+)/(\d+)", text).groups())  # type: ignore[union-attr]
    except TypeError:
        raise FormatError(f"{name} cannot be read", "it lacks its clock or its time signature") from None
    beat = 3.0 if under == 8 and over % 3 == 0 else 1.0  # in units of the time signature, which match files count in
    rows, struck = [], []
    for found in _NOTE.finditer(text):
        pitch, on, off, velocity = (int(n) for n in found.groups()[1:])
        rows.append((on, max(off, on + 1), pitch, velocity))
        place = _PLACE.search(found["score"] or "")
        if place and "grace" not in found["score"]:
            struck.append((float(place[1]), on))
    if len(struck) < 2:
        raise FormatError(f"{name} cannot be read", "it aligns no notes")
    second = ticks * 1e6 / tempo
    table = np.array(sorted(rows), float)
    shift = _LEAD_IN - table[0, 0] / second
    notes = Notes(table[:, 0] / second + shift, table[:, 1] / second + shift, table[:, 2], table[:, 3])
    score, clock = _clock(np.array(struck))
    places = np.arange(np.ceil(score[0] / beat - 1e-6), score[-1] / beat + 1e-6)
    times = np.interp(places * beat, score, clock / second + shift)
    labels = [str(int(p) % round(over / beat) + 1) for p in places]
    return notes, Events(times, labels)


def _clock(struck: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Score times, each with the median moment at which its notes were struck, going forwards only."""
    score = np.unique(np.round(struck[:, 0], 3))
    clock = np.array([np.median(struck[np.abs(struck[:, 0] - s) < 2e-3, 1]) for s in score])
    ahead = np.concatenate([[True], clock[1:] > np.maximum.accumulate(clock)[:-1]])
    return score[ahead], clock[ahead]


def _track(work: str, pianist: int, notes: Notes, beats: Events, family: str) -> Track:
    return Track(
        id=f"{work}-p{pianist:02d}",
        audio=partial(_play, notes, family),
        answers={"beats": beats, "notes": notes},
        groups={"work": work, "bank": family},
        span=(float(beats.times[0]) - 0.2, float(beats.times[-1]) + 0.2),
    )


def _play(notes: Notes, family: str) -> tuple[np.ndarray, int]:
    from solfeggio.band.desk import banks, render

    samples = round((float(notes.ends.max()) + 1.5) * RATE)
    sound = render.play(banks.require(family)[0], notes, 0, False, RATE, samples)
    return sound * np.float32(0.7 / (np.abs(sound).max() or 1.0)), RATE
