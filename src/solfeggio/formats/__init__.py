"""Doors to label files: every answer can be written and read back, the suffix of the path says how.

>>> import tempfile
>>> from solfeggio.answers import Events
>>> beats = Events([0.5, 1.0, 1.5], ["1", "2", "1"])
>>> with tempfile.TemporaryDirectory() as folder:
...     write(beats, f"{folder}/song.beats")
...     read(f"{folder}/song.beats", Events) == beats
True
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from solfeggio.answers import Answer, Curve, Events, Notes, Segments, Stems, Tags
from solfeggio.errors import FormatError, unknown
from solfeggio.formats import audacity, beats, jams_file, lab, midi, sonic_visualiser, stems, table
from solfeggio.formats.drum_tab import drum_tab, write_drum_tab
from solfeggio.formats.jams_file import read_jams, write_jams
from solfeggio.formats.lead_sheet import chord_notes, write_chart, write_musicxml
from solfeggio.formats.midi import Midi, drum_hits, drum_notes, read_midi, write_midi

__all__ = [
    "FORMATS",
    "Format",
    "Midi",
    "chord_notes",
    "drum_hits",
    "drum_notes",
    "drum_tab",
    "format_of",
    "read",
    "read_jams",
    "read_midi",
    "write",
    "write_chart",
    "write_drum_tab",
    "write_jams",
    "write_midi",
    "write_musicxml",
]

A = TypeVar("A", bound=Answer)


@dataclass(frozen=True)
class Format:
    """One file format. suffixes: of the files it writes, the first preferred. keeps: answer to what of it comes back.

    about: one line for the documentation. write: (answer, path). read: (path, kind). Only JAMS has room for a title and
    a duration.
    """

    name: str
    suffixes: tuple[str, ...]
    keeps: dict[type[Answer], str]
    about: str
    write: Callable[..., None]
    read: Callable[..., Any]


FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format(
            "csv",
            (".csv",),
            dict.fromkeys((Events, Segments, Curve, Notes, Tags), "everything"),
            "a table with a header row, for spreadsheets and pandas",
            table.write,
            table.read,
        ),
        Format(
            "lab",
            (".lab",),
            {Segments: "times, labels without line breaks"},
            "start, end and label a line, as chord and section annotations are shared",
            lab.write,
            lab.read,
        ),
        Format(
            "beats",
            (".beats",),
            {Events: "times, labels without line breaks"},
            "time and position in the bar a line, as beat annotations are shared",
            beats.write,
            beats.read,
        ),
        Format(
            "audacity",
            (".txt",),
            dict.fromkeys((Events, Segments), "times, labels without line breaks"),
            "an Audacity label track: points and regions",
            audacity.write,
            audacity.read,
        ),
        Format(
            "sonic-visualiser",
            (".sv.csv",),
            {
                Events: "times, labels without line breaks",
                Segments: "times to a nanosecond, labels without line breaks",
                Curve: "times, values",
                Notes: "times to a nanosecond, pitches, velocities to a billionth, labels without line breaks",
            },
            "a Sonic Visualiser layer: time instants, values, regions or notes",
            sonic_visualiser.write,
            sonic_visualiser.read,
        ),
        Format(
            "jams",
            (".jams",),
            dict.fromkeys((Events, Segments, Curve, Notes, Tags), "everything, ends to a nanosecond"),
            "JSON with several answers in one file, the field's interchange",
            jams_file.write,
            jams_file.read,
        ),
        Format(
            "midi",
            (".mid", ".midi"),
            {
                Events: "times to a tick; beats: positions counted from the downbeats; drum hits: drum, velocity",
                Notes: "times to a tick, pitches to a semitone, velocities to a whole number, labels",
            },
            "a click track on the detected tempo map and bars; notes and drum hits at the times they were played",
            midi.write,
            midi.read,
        ),
        Format(
            "stems",
            (".stems",),
            {Stems: "everything, in the order of the stems' names"},
            "a folder of sound files, one for each stem",
            stems.write,
            stems.read,
        ),
    )
}


def format_of(path: str | os.PathLike[str]) -> Format:
    """Find the format that a path's suffix names; raises FormatError for an unknown one.

    >>> format_of("song.sv.csv").name
    'sonic-visualiser'
    """
    name = Path(path).name.lower()
    found = [(len(s), form.name) for form in FORMATS.values() for s in form.suffixes if name.endswith(s)]
    if not found:
        known = ", ".join(suffix for form in FORMATS.values() for suffix in form.suffixes)
        raise FormatError(f"{os.fspath(path)}", "its suffix names no format", f"use one of {known}, or name the format")
    return FORMATS[max(found)[1]]


def write(
    answer: Answer,
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    duration: float | None = None,
    title: str = "",
) -> None:
    """Write one answer, whole or not at all, in the format that ``format`` or the suffix names.

    duration, title: of the recording, for JAMS. Raises FormatError when the format cannot hold the answer (a line of
    text no label with a line break in it) or the path cannot be written to; nothing is left behind then.
    """
    form = _format(path, format)
    if type(answer) not in form.keeps:
        raise FormatError(f"{os.fspath(path)} cannot be written", *_refusal(form, type(answer)))
    more = {"duration": duration, "title": title} if form.name == "jams" else {}
    form.write(answer, path, **more)


def read(path: str | os.PathLike[str], kind: type[A], *, format: str | None = None) -> A:
    """Read a file as an answer of the given kind, in the format that ``format`` or the suffix names.

    Comments (#), blank lines, byte order marks, Windows line ends, any order of lines, tabs, spaces or commas are fine.
    Raises FormatError with the file and the line that is wrong.
    """
    form = _format(path, format)
    if kind not in form.keeps:
        raise FormatError(f"{os.fspath(path)} cannot be read as {kind.__name__}", *_refusal(form, kind))
    return form.read(path, kind)


def _format(path: str | os.PathLike[str], name: str | None) -> Format:
    if name is None:
        return format_of(path)
    if name not in FORMATS:
        raise unknown("format", name, FORMATS)
    return FORMATS[name]


def _refusal(form: Format, kind: type[Answer]) -> tuple[str, str]:
    able = ", ".join(other.suffixes[0] for other in FORMATS.values() if kind in other.keeps) or "nothing yet"
    held = " and ".join(one.__name__ for one in form.keeps)
    return f"{form.name} holds {held}, not {kind.__name__}", f"formats for {kind.__name__}: {able}"
