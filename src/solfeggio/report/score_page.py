"""The score page: written variants side by side in one HTML file, each to see, to hear and to take away; no network."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import numpy as np

from solfeggio.errors import ConfigError
from solfeggio.files import write_bytes
from solfeggio.notation import Score
from solfeggio.report.page import render
from solfeggio.report.player import clock
from solfeggio.report.sound import data_uri, mp3

RATE, KBPS = 24000, 48  # of the sound inside a page
MANY_KBPS = 24  # of the sound of each setting of knobs: there may be 25
KINDS = {
    ".mid": "audio/midi", ".musicxml": "application/vnd.recordare.musicxml+xml", ".abc": "text/vnd.abc",
    ".svg": "image/svg+xml", ".flac": "audio/flac",
}  # fmt: skip
NAMES = {".mid": "MIDI", ".musicxml": "MusicXML", ".abc": "ABC", ".svg": "SVG", ".flac": "FLAC"}
TINT = "#c4381b"  # of notes written anew, in engraved music
Span = tuple[float, float]  # start and end, in quarters


@dataclass(frozen=True, eq=False)
class Shown:
    """One score on the page.

    name: its heading. score: what is drawn as a piano roll. drawing: SVG of the engraved music, "" for none. samples:
    (channel, time) of it being played at ``rate`` Hz, None for no sound. files: file name to content, for download.
    note: a line under the heading. given: nothing in it was written anew.
    """

    name: str
    score: Score
    drawing: str = ""
    samples: np.ndarray | None = None
    rate: int = RATE
    files: Mapping[str, bytes] = field(default_factory=dict)
    note: str = ""
    given: bool = False


@dataclass(frozen=True)
class Knob:
    """One slider: its name, the values of its steps as they are said, and the place at which it stands at first."""

    name: str
    steps: tuple[str, ...]
    at: int = 0


def score_page(
    path_out: str | os.PathLike[str],
    *,
    title: str,
    scores: Sequence[Shown],
    marked: Span | None = None,
    changes: Sequence[str] = (),
    knobs: Sequence[Knob] = (),
    grid: Mapping[tuple[int, ...], Shown] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write one self-contained HTML page on which scores stand side by side.

    scores: in order, the first may be what was given. marked: quarters that were written anew, drawn as filled.
    changes: what was done to the given score, a sentence each. knobs: one or two sliders; grid: what each
    setting gives, by the places of its sliders, (0, 0) to (last, last). facts: name to value, shown under the title.
    Raises ConfigError when the grid lacks a setting, and SolfeggioError when the page cannot be written.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from solfeggio.notation import Part
    >>> tune = Score("Tune", 120, (Part("melody", 73, np.array([[0, 1, 60, 90], [1, 4, 64, 90]])),), 4)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     score_page(f"{folder}/a.html", title="Tune", scores=[Shown("Variant 1", tune)])
    ...     "Variant 1" in Path(f"{folder}/a.html").read_text("utf-8")
    True
    """
    knobs, grid = tuple(knobs), dict(grid or {})
    sizes = [len(knob.steps) for knob in knobs]
    places = [tuple(map(int, place)) for place in np.ndindex(*sizes)] if knobs else []
    missing = [place for place in places if place not in grid]
    if missing or len(knobs) > 2:
        raise ConfigError(f"a page of {len(knobs)} knobs", f"settings without a score: {missing or 'none'}", "give all")
    drawn = [*scores, *(grid[place] for place in places)]
    pitches = _range([shown.score for shown in drawn])
    first = tuple(knob.at for knob in knobs)
    context = {
        "title": title.strip() or "Untitled",
        "cards": [_card(shown, f"s{i}", pitches, marked) for i, shown in enumerate(scores)],
        "knobs": [{"name": knob.name, "steps": knob.steps, "at": knob.at} for knob in knobs],
        "grid": [
            _card(grid[place], f"g{'-'.join(map(str, place))}", pitches, marked, MANY_KBPS)
            | {"place": ",".join(map(str, place)), "chosen": place == first}
            for place in places
        ],
        "changes": list(changes),
        "marked": _bars(scores[0].score, marked) if marked and scores else "",
        "facts": list((facts or {}).items()),
    }
    styles = ("page.css", "player.css", "scores.css")
    write_bytes(path_out, render("scores.html.jinja", context, ("scores.js",), styles))


def _card(shown: Shown, uid: str, pitches: tuple[int, int], marked: Span | None, kbps: int = KBPS) -> dict[str, Any]:
    """Everything that the template says of one score."""
    seconds = 0.0 if shown.samples is None else shown.samples.shape[1] / shown.rate
    notes = sum(len(part.notes) for part in shown.score.parts)
    drawing = _tinted(shown.drawing, shown.score, None if shown.given else marked).encode("utf-8")
    return {
        "name": shown.name,
        "uid": uid,
        "note": shown.note,
        "notes": notes,
        "alt": f"{shown.name}: engraved music, {_many(notes, 'note')} in {_many(_count(shown.score), 'bar')}",
        "drawing": data_uri(drawing, "image/svg+xml") if drawing else "",
        "roll": _roll(shown.score, pitches, marked, shown.given),
        "audio": _sound(shown, kbps),
        "seconds": round(seconds, 3),
        "length": clock(seconds),
        "span": round(shown.score.length_quarters * 60 / shown.score.bpm, 3),
        "files": [
            {
                "file": name,
                "name": NAMES.get(PurePath(name).suffix, name),
                "href": data_uri(content, KINDS.get(PurePath(name).suffix, "application/octet-stream")),
            }
            for name, content in shown.files.items()
        ],
    }


def _many(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"


def _sound(shown: Shown, kbps: int) -> str:
    """Pack the sound in mono, small; its rate is brought to one that MP3 knows."""
    if shown.samples is None or not shown.samples.size:
        return ""
    from solfeggio.audio import resample

    mono = np.asarray(shown.samples, np.float32).mean(0, keepdims=True)
    packed = mp3([resample(mono, shown.rate, RATE)], RATE, 1, kbps)
    return data_uri(packed, "audio/mpeg")


def _tinted(drawing: str, score: Score, marked: Span | None) -> str:
    """Colour the notes of the marked bars in engraved music, where the drawing has one group a bar, as verovio's."""
    bars = re.findall(r'<g id="([\w-]+)" class="measure"', drawing)
    lines = score.bar_lines()
    if marked is None or len(bars) != len(lines) - 1:
        return drawing
    inside = (lines[:-1] > marked[0] - 1e-6) & (lines[:-1] < marked[1] - 1e-6)
    names = ", ".join(f"#{bar} .layer" for bar, new in zip(bars, inside, strict=True) if new)
    head = drawing.index(">", drawing.index("<svg")) + 1
    return f"{drawing[:head]}<style>{names} {{ color: {TINT}; fill: {TINT} }}</style>{drawing[head:]}"


def _range(scores: Sequence[Score]) -> tuple[int, int]:
    """Lowest and highest pitch of all scores, so that their rolls can be compared."""
    found = [part.notes[:, 2] for score in scores for part in score.parts if len(part.notes) and not part.drums]
    if not found:
        return 60, 72
    low, high = int(min(p.min() for p in found)), int(max(p.max() for p in found))
    spare = max(0, 12 - (high - low)) // 2
    return low - spare, high + spare


def _count(score: Score) -> int:
    return len(score.bar_lines()) - 1 - bool(score.pickup_quarters)


def _bars(score: Score, marked: Span) -> str:
    """Name the bars of a span as printed music counts them."""
    lines = score.bar_lines()
    first = int(np.searchsorted(lines, marked[0] + 1e-6)) - bool(score.pickup_quarters)
    last = int(np.searchsorted(lines, marked[1] - 1e-6)) - bool(score.pickup_quarters)
    return f"bar {first}" if first == last else f"bars {first} to {last}"


def _roll(score: Score, pitches: tuple[int, int], marked: Span | None, given: bool) -> dict[str, Any]:
    """Draw the notes on a plane of 1000 by one unit a pitch, which the page stretches; bar numbers in per cent."""
    low, high = pitches
    length = max(score.length_quarters, 1e-6)
    lines = score.bar_lines()
    across = 1000 / length
    first = 0 if score.pickup_quarters else 1
    sparse = next(step for step in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512) if len(lines) / step <= 24 or step == 512)
    notes: list[dict[str, Any]] = []
    unpitched: list[dict[str, Any]] = []
    for i, part in enumerate(score.parts):
        for start, end, pitch, _ in np.asarray(part.notes, float).reshape(-1, 4).tolist():
            box = {
                "x": round(start * across, 2),
                "w": round(max((end - start) * across - 1.2, 1.2), 2),
                "y": round(high - pitch, 2),
                "new": marked is not None and not given and marked[0] - 1e-6 <= start < marked[1] - 1e-6,
                "part": i % 8,
            }
            (unpitched if part.drums else notes).append(box)
    return {
        "notes": notes,
        "height": high - low + 1,
        "black": [high - pitch for pitch in range(low, high + 1) if pitch % 12 in (1, 3, 6, 8, 10)],
        "lines": [round(float(line) * across, 2) for line in lines],
        "numbers": [
            {"left": round(100 * float(line) / length, 3), "text": first + i}
            for i, line in enumerate(lines[:-1])
            if first + i and (first + i - 1) % sparse == 0
        ],
        "given": given,
        "marked": marked and {"x": round(marked[0] * across, 2), "w": round((marked[1] - marked[0]) * across, 2)},
        "wide": 26 * (len(lines) - 1),
        "about": f"piano roll, {_many(len(notes) + len(unpitched), 'note')} in {_many(_count(score), 'bar')}",
    }
