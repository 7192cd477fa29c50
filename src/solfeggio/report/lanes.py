"""Lanes: each answer as plain data that the page draws as SVG, one shape for each answer type.

A lane is a dict that JSON can hold: "kind", "name", "about" (one sentence, read aloud by screen readers) and packed
arrays. Times travel as whole tenths of a millisecond, so a lane of an hour is as exact as one of a minute.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from solfeggio import harte, hits
from solfeggio.answers import Answer, Curve, Events, Notes, Segments, Stems, Tags
from solfeggio.data.taxonomy import are_instruments
from solfeggio.errors import AnswerError, ConfigError
from solfeggio.report import guitar

TICKS_PER_SECOND = 10_000
MAX_COLUMNS = 200_000  # envelope columns in one page: 200 a second for 16 minutes, 50 for an hour
MARKS = (("m7b5", "ø7"), ("dim", "°"), ("aug", "+"), ("b", "♭"), ("#", "♯"))  # as print has them
MODES = {"maj": "major", "min": "minor", "dor": "dorian", "mix": "mixolydian", "phr": "phrygian", "lyd": "lydian"}
DRUM_ROWS = ("CRC", "CY", "RDC", "OHH", "CHH", "HH", "OT", "TT", "SD", "KD")  # from above
DARK = ("min", "hdim", "dim", "dor", "phr")  # qualities and modes with a minor third are drawn darker


def times(seconds: np.ndarray) -> str:
    """Pack seconds as base64 of little-endian unsigned 32-bit tenths of a millisecond; times before 0 become 0."""
    ticks = np.clip(np.round(np.asarray(seconds, float) * TICKS_PER_SECOND), 0, 2**32 - 1)
    return base64.b64encode(ticks.astype("<u4").tobytes()).decode("ascii")


def numbers(values: np.ndarray) -> str:
    """Pack numbers as base64 of little-endian 32-bit floats."""
    return base64.b64encode(np.asarray(values).astype("<f4").tobytes()).decode("ascii")


class Envelope:
    """Lowest, highest and mean-square sample of each column, built block by block so that length costs no memory.

    rate: Hz. duration: seconds expected, which chooses the columns a second (400 at most, fewer for long files).

    >>> envelope = Envelope(8000, 1.0)
    >>> envelope.add(np.ones((1, 8000), np.float32))
    >>> envelope.lane()["columns"]
    400
    """

    def __init__(self, rate: int, duration: float):
        self.rate = rate
        self.per_second = next((n for n in (400, 200, 100, 50, 20) if n * duration <= MAX_COLUMNS and n <= rate), 10)
        self.samples = 0
        self._columns = 0
        self._rest = np.zeros((3, 0))  # lowest, highest, power of the samples that wait for their column to fill
        self._parts: list[np.ndarray] = []

    def add(self, block: np.ndarray) -> None:
        """Take the next block, (channel, time)."""
        block = np.nan_to_num(np.atleast_2d(block))
        rows = np.stack([block.min(0), block.max(0), (block.astype(np.float64) ** 2).mean(0)])
        first = self.samples - self._rest.shape[1]
        self._rest = np.concatenate([self._rest, rows], 1)
        self.samples += block.shape[1]
        full = self.samples * self.per_second // self.rate
        if full > self._columns:
            edges = -(-np.arange(self._columns, full + 1) * self.rate // self.per_second) - first
            whole, self._rest = self._rest[:, : edges[-1]], self._rest[:, edges[-1] :]
            self._parts.append(_reduce(whole, edges[:-1]))
            self._columns = full

    def lane(self) -> dict[str, Any]:
        """Finish: packed 8-bit columns, scaled so that the loudest sample fills the lane."""
        if self._rest.shape[1]:
            self._parts.append(_reduce(self._rest, np.array([0])))
            self._rest = self._rest[:, :0]
        columns = np.concatenate(self._parts, 1) if self._parts else np.zeros((3, 0))
        peak = float(np.abs(columns).max(initial=0.0))
        scaled = np.round(columns / (peak or 1.0) * 127).astype(np.int8)
        return {
            "per_second": self.per_second,
            "columns": columns.shape[1],
            "peak": round(peak, 5),
            "packed": base64.b64encode(scaled.tobytes()).decode("ascii"),
        }


def _reduce(rows: np.ndarray, starts: np.ndarray) -> np.ndarray:
    low, high = np.minimum.reduceat(rows[0], starts), np.maximum.reduceat(rows[1], starts)
    sizes = np.diff(np.append(starts, rows.shape[1]))
    return np.stack([low, high, np.sqrt(np.add.reduceat(rows[2], starts) / sizes)])


def lane(name: str, answer: Answer, key: str = "") -> dict[str, Any]:
    """Turn any answer into the data of its lane; key: in which chords are spelled.

    >>> lane("sections", Segments([0, 8], [8, 20], ["verse", "chorus"]))["about"]
    'sections: 2 segments, verse, chorus'
    """
    for kind, make in _LANES:
        if isinstance(answer, kind):
            made = {"name": name, **make(name, answer)}
            return _harmonic(made, answer, key) if isinstance(answer, Segments) else made
    raise AnswerError(
        f"{type(answer).__name__} '{name}' has no lane", "lanes exist for Events, Segments, Curve, Notes, Tags, Stems"
    )


def lanes(answers: Mapping[str, Answer], key: str = "") -> list[dict[str, Any]]:
    """Turn answers into lanes; sections and form become one where they have the same borders, coloured by letter."""
    sections, form = answers.get("sections"), answers.get("form")
    if not (isinstance(sections, Segments) and isinstance(form, Segments) and len(form) and form.labels):
        return [lane(name, answer, key) for name, answer in answers.items() if name != "form" or len(answer)]
    if len(sections) != len(form) or not np.allclose(sections.starts, form.starts, atol=1e-3):
        return [lane(name, answer, key) for name, answer in answers.items()]
    names = sections.labels or ("",) * len(form)
    joined = [f"{name} {letter}".strip() for name, letter in zip(names, form.labels, strict=True)]
    made = lane("sections", Segments(sections.starts, sections.ends, joined, sections.values), key)
    letters = list(dict.fromkeys(form.labels))
    of = {label: letters.index(letter) for label, letter in zip(joined, form.labels, strict=True)}
    made["labels"]["groups"] = [of[label] for label in dict.fromkeys(joined)]
    return [
        made if name == "sections" else lane(name, answer, key) for name, answer in answers.items() if name != "form"
    ]


def _harmonic(made: dict[str, Any], answer: Segments, key: str) -> dict[str, Any]:
    """Add to a lane of chords or keys what transposes them; a lane with any other label stays as it is."""
    unique, name = list(dict.fromkeys(answer.labels)), made["name"].lower()
    if name in ("form", "sections") and unique:
        made["labels"]["tints"] = [None] * len(unique)
    elif name in ("key", "keys") and unique and all(_is_key(label) or label in ("N", "X") for label in unique):
        made["kind"] = "keys"
        parsed = [None if label in ("N", "X") else [tint(label), label.partition(":")[2]] for label in unique]
        made["keys"], made["labels"]["names"] = parsed, [key_name(label) for label in unique]
        made["about"] = _about(made["name"], len(answer), "segment", map(key_name, answer.labels))
    elif name in ("chord", "chords") and unique and all(_is_chord(label) for label in unique):
        made["kind"] = "chords"
        made["chords"] = [_chord(label) for label in unique]
        made["labels"]["names"] = [pretty(label, key) for label in unique]
        marks = {chord[1]: _quality(label) for label, chord in zip(unique, made["chords"], strict=True) if chord}
        made["shapes"] = {mark: guitar.shapes(quality) for mark, quality in marks.items() if guitar.known(quality)}
    return made


def _is_key(label: str) -> bool:
    return tint(label) is not None and label.partition(":")[2] in MODES


def _is_chord(label: str) -> bool:
    try:
        harte.read(label)
    except ConfigError:
        return False
    return True


def _quality(label: str) -> str:
    return label.partition("/")[0].partition(":")[2] or "maj"


def _chord(label: str) -> list[Any] | None:
    """Root, what is written after it, and bass where it is another note."""
    low, _, bass = harte.read(label)
    if low < 0:
        return None
    return [low, pretty(f"C:{_quality(label)}")[1:], None if bass == low else bass]


def key_name(label: str) -> str:
    """Name a key in words.

    >>> key_name("Gb:maj"), key_name("A:min")
    ('F♯ major', 'A minor')
    """
    if not _is_key(label):
        return "–" if label in ("N", "X") else label
    return f"{_printed(harte.spell(tint(label) or 0, label))} {MODES[label.partition(':')[2]]}"


def _several(labels: Iterable[str], most: int = 6) -> str:
    names = list(dict.fromkeys(label for label in labels if label))
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _about(name: str, count: int, what: str, labels: Iterable[str] = ()) -> str:
    listed = _several(labels)
    return f"{name}: {count or 'no'} {what}{'' if count == 1 else 's'}" + (f", {listed}" if listed else "")


def _labels(labels: tuple[str, ...], order: list[str] | None = None) -> dict[str, Any]:
    """Name each label once and refer to it by number, with what to write and how to colour it; order: of the names."""
    names = order or list(dict.fromkeys(labels))
    where = {label: i for i, label in enumerate(names)}
    return {
        "names": [pretty(label) for label in names],
        "tints": [tint(label) for label in names],
        "dark": [label.partition(":")[2].startswith(DARK) for label in names],
        "of": [where[label] for label in labels],
    }


def pretty(label: str, key: str = "") -> str:
    """Write a chord label as musicians do, spelled for a key; other labels stay as they are.

    >>> [pretty(label) for label in ("C:maj", "F#:min7", "Bb:7/3", "A:7(b9)", "N", "chorus", "A")]
    ['C', 'F♯m7', 'B♭7/D', 'A7♭9', '–', 'chorus', 'A']
    """
    if label in ("N", "X"):
        return "–"
    root, colon, rest = label.partition(":")
    if tint(label) is None or not colon:
        return label
    return _printed(harte.symbol(label, key)) if _is_chord(label) else f"{_printed(root)} {rest}"


def _printed(text: str) -> str:
    for plain, printed in MARKS:
        text = text.replace(plain, printed)
    return text


def tint(label: str) -> int | None:
    """Pitch class 0..11 of a chord or key label's root, which colours it; None for any other label.

    >>> tint("Eb:min"), tint("verse"), tint("A")
    (3, None, 9)
    """
    root, colon, _ = label.partition(":")
    if len(root) > 3 or (not colon and len(label) > 3):
        return None
    try:
        return harte.parse_pitch(root)
    except ConfigError:
        return None


def _events(name: str, answer: Events) -> dict[str, Any]:
    beats = bool(answer.labels) and all(label.isdigit() for label in answer.labels)
    several = not beats and 1 < len(set(answer.labels)) <= 8
    struck = hits.are_hits(answer.labels)
    names = [label for label in DRUM_ROWS if label in answer.labels] if struck else None
    made: dict[str, Any] = {
        "legend": several,
        "kind": "beats" if beats or (name == "beats" and not any(answer.labels)) else "events",
        "times": times(answer.times),
        "about": _about(name, len(answer), "beat" if beats else "event", () if beats else answer.labels),
        **({"labels": _labels(answer.labels, names)} if answer.labels else {}),
    }
    if answer.values is not None:
        made["values"] = numbers(answer.values)
    if struck:  # in words, high ones above, each as tall as it is loud
        made["labels"]["names"] = [hits.WORDS[label] for label in names or ()]
        made["tall"] = answer.values is not None
        made["about"] = _about(name, len(answer), "hit", made["labels"]["names"])
    return made


def _rows(starts: np.ndarray, ends: np.ndarray) -> list[int]:
    """First free row for each segment, so that overlapping ones do not hide each other."""
    free: list[float] = []
    rows = []
    for start, end in zip(starts, ends, strict=True):
        row = next((i for i, until in enumerate(free) if until <= start + 1e-6), len(free))
        free[row:] = [end] if row == len(free) else [end, *free[row + 1 :]]
        rows.append(row)
    return rows


def _activity(name: str, answer: Segments) -> dict[str, Any]:
    """A row for each instrument, the one that plays longest above; how sure it is, is how strong it is drawn."""
    played: dict[str, float] = {}
    for label, seconds in zip(answer.labels, answer.ends - answer.starts, strict=True):
        played[label] = played.get(label, 0.0) + float(seconds)
    order = sorted(played, key=lambda label: -played[label])
    labels = _labels(answer.labels, order)
    return {
        "kind": "activity",
        "legend": False,
        "starts": times(answer.starts),
        "ends": times(answer.ends),
        "labels": labels,
        "about": _about(name, len(order), "instrument", order),
        **({"values": numbers(answer.values)} if answer.values is not None else {}),
    }


def _segments(name: str, answer: Segments) -> dict[str, Any]:
    if are_instruments(answer.labels):
        return _activity(name, answer)
    rows = _rows(answer.starts, answer.ends)
    return {
        "kind": "segments",
        "legend": False,
        "starts": times(answer.starts),
        "ends": times(answer.ends),
        "rows": rows if any(rows) else [],
        "about": _about(name, len(answer), "segment", map(pretty, answer.labels)),
        **({"labels": _labels(answer.labels)} if answer.labels else {}),
        **({"values": numbers(answer.values)} if answer.values is not None else {}),
    }


def _curve(name: str, answer: Curve) -> dict[str, Any]:
    shown = answer.values[answer.values > 0] if answer.unit == "Hz" else answer.values
    low, high = (float(shown.min()), float(shown.max())) if len(shown) else (0.0, 0.0)
    unit = f" {answer.unit}" if answer.unit else ""
    return {
        "kind": "curve",
        "legend": False,
        "times": times(answer.times),
        "values": numbers(answer.values),
        "unit": answer.unit,
        "range": [low, high],
        "about": f"{name}: {low:.4g} to {high:.4g}{unit}" if len(shown) else f"{name}: no values",
    }


def _notes(name: str, answer: Notes) -> dict[str, Any]:
    return {
        "kind": "notes",
        "legend": 1 < len(set(answer.labels)) <= 8,
        "starts": times(answer.starts),
        "ends": times(answer.ends),
        "pitches": numbers(answer.pitches),
        "velocities": numbers(answer.velocities),
        "range": [float(answer.pitches.min()), float(answer.pitches.max())] if len(answer) else [60.0, 60.0],
        "about": _about(name, len(answer), "note", answer.labels),
        **({"labels": _labels(answer.labels)} if answer.labels else {}),
    }


def _tags(name: str, answer: Tags) -> dict[str, Any]:
    order = np.argsort(-answer.values, kind="stable")[:24]
    return {
        "kind": "tags",
        "tags": [[pretty(answer.labels[i]), round(float(answer.values[i]), 3)] for i in order],
        "about": _about(name, len(answer), "tag", [answer.labels[i] for i in order]),
    }


def _stems(name: str, answer: Stems) -> dict[str, Any]:
    """A waveform for each stem, all on one scale."""
    waves = []
    for sound in answer.samples:
        envelope = Envelope(answer.rate, answer.duration * len(answer))  # they share the columns of a page
        envelope.add(sound)
        waves.append(envelope.lane())
    return {
        "kind": "stems",
        "legend": False,
        "names": [pretty(label) for label in answer.labels],
        "waves": waves,
        "about": _about(name, len(answer), "stem", answer.labels),
    }


_LANES: tuple[tuple[type[Answer], Any], ...] = (
    (Events, _events),
    (Segments, _segments),
    (Curve, _curve),
    (Notes, _notes),
    (Tags, _tags),
    (Stems, _stems),
)
