"""Voices of MusicXML chorales as plain notes: what bars are counted from.

music21 reads all of MusicXML and takes fifty times as long; this reads pitches, lengths, ties and bars, as written.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from solfeggio.errors import DataError

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def read_voices(path: Path, voices: int = 4) -> tuple[tuple[np.ndarray, ...], np.ndarray, str]:
    """Read the last ``voices`` parts of a .mxl file: notes (n, 4) of each from the top, bar lines in quarters, metre.

    Bar lines begin at the first downbeat: what is before it is a pick-up. Raises DataError when the file is damaged,
    changes metre, or holds fewer parts than asked for or parts that are not in order.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            name = next(n for n in packed.namelist() if not n.endswith("/") and not n.startswith("META-INF"))
            root = ElementTree.fromstring(packed.read(name))
        parts = [_read_part(part) for part in root.findall("part")]
    except (OSError, StopIteration, zipfile.BadZipFile, ElementTree.ParseError, ValueError, KeyError) as problem:
        raise DataError(f"{path.name} cannot be read", f"{type(problem).__name__}: {problem}", "get it again") from None
    parts = [part for part in parts if len(part[0])][-voices:]
    centres = [float(np.median(notes[:, 2])) for notes, _, _ in parts]
    if len(parts) < voices or centres != sorted(centres, reverse=True):
        raise DataError(path.name, f"it has no {voices} voices in order")
    metres = set().union(*(metres for _, _, metres in parts))
    if len(metres) != 1:
        raise DataError(path.name, "it has no metre, or several")
    edges = max((edges for _, edges, _ in parts), key=len)
    beats, _, unit = (metre := metres.pop()).partition("/")
    pickup = edges[1] - edges[0] < int(beats) * 4 / int(unit) - 1e-3
    return tuple(notes for notes, _, _ in parts), edges[1:] if pickup else edges, metre


def _read_part(part: ElementTree.Element) -> tuple[np.ndarray, np.ndarray, set[str]]:
    """Notes of a part, its bar lines and its metres."""
    rows: list[list[float]] = []
    edges, metres = [0.0], set()
    divisions = 1.0
    for measure in part.findall("measure"):
        at = end = before = edges[-1]
        for item in measure:
            length = float(item.findtext("duration") or 0) / divisions
            if item.tag == "attributes":
                divisions = float(item.findtext("divisions") or divisions)
                if (sign := item.find("time")) is not None:
                    metres.add(f"{sign.findtext('beats')}/{sign.findtext('beat-type')}")
            elif item.tag in ("backup", "forward"):
                at += length if item.tag == "forward" else -length
            elif item.tag == "note" and item.find("grace") is None:
                start = before if item.find("chord") is not None else at
                if (pitch := item.find("pitch")) is not None:
                    height = 12.0 * (int(pitch.findtext("octave") or 4) + 1) + STEPS[pitch.findtext("step") or ""]
                    height += float(pitch.findtext("alter") or 0)
                    tied = any(tie.get("type") == "stop" for tie in item.findall("tie"))
                    held = [row for row in rows[-4:] if row[2] == height and abs(row[1] - start) < 1e-6]
                    if tied and held:
                        held[-1][1] = start + length
                    else:
                        rows.append([start, start + length, height, 80.0])
                before, at = start, max(at, start + length)
            end = max(end, at)
        if end > edges[-1] + 1e-6:
            edges.append(end)
    return np.array(sorted(rows), float).reshape(-1, 4), np.array(edges), metres
