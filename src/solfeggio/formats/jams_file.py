"""JAMS (``.jams``): several answers in one file, each in the namespace that the field uses for it.

    Events    beat where the labels are positions in the bar, else onset
    Segments  chord or key_mode where the name and the labels are, else segment_open
    Curve     pitch_contour for Hz, tempo for bpm, else vector
    Notes     note_midi; velocities and labels go to the sandbox
    Tags      tag_open

Every answer is held whole; ends come back to a nanosecond, because the file holds durations. Times are never negative.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from typing import Any

import numpy as np

from solfeggio.answers import Answer, Curve, Events, Notes, Segments, Tags
from solfeggio.errors import AnswerError, FormatError
from solfeggio.formats.beats import position
from solfeggio.formats.lines import PathLike, read_text, write_text

NAMED = {"chords": "chord", "chord": "chord", "keys": "key_mode", "key": "key_mode"}  # answer's name: namespace to try

MODES = {"maj": "major", "min": "minor", "dor": "dorian", "phr": "phrygian", "lyd": "lydian", "mix": "mixolydian"}


def write_jams(
    answers: Mapping[str, Answer],
    path: PathLike,
    duration: float | None = None,
    title: str = "",
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write named answers into one JAMS file.

    answers: name to answer, such as {"beats": Events, "chords": Segments}. duration: seconds of the recording (None: up
    to the last time in the answers). about: facts of the recording, for the file's sandbox. Raises FormatError for
    negative times and kinds that JAMS has no place for.
    """
    import jams

    what = f"{os.fspath(path)} cannot be written"
    lasts = [float(getattr(a, a.times_of[-1]).max()) for a in answers.values() if a.times_of and len(a)]
    length = max([0.0, *lasts]) if duration is None else float(duration)
    data: list[list[dict[str, Any]]] = []
    jam = jams.JAMS(file_metadata=jams.FileMetadata(title=title, duration=length), sandbox=dict(about or {}))
    for name, answer in answers.items():
        if type(answer) not in WRITERS:
            raise FormatError(what, f"JAMS has no place for {type(answer).__name__}")
        if answer.times_of and len(answer) and getattr(answer, answer.times_of[0])[0] < 0:
            raise FormatError(what, f"{name} start before 0 s, which JAMS does not allow", "shift or cut them first")
        namespace, rows, sandbox = WRITERS[type(answer)](answer, name, length)
        sandbox = {"name": name, "answer": type(answer).__name__, **sandbox}
        jam.annotations.append(jams.Annotation(namespace, sandbox=sandbox, time=0.0, duration=length))
        data.append(rows)
    written = jam.__json__
    for annotation, rows in zip(written["annotations"], data, strict=True):
        annotation["data"] = rows  # as they are: jams would copy each row several times
    write_text(path, json.dumps(written, separators=(",", ":")) + "\n")


def read_jams(path: PathLike) -> dict[str, Answer]:
    """Read all answers of a JAMS file by name: ours by the name they were written with, others by their namespace.

    Namespaces that are no answer of ours are left out; a name that comes again gets a number, as "chord 2".
    """
    import jams

    what = f"{os.fspath(path)} cannot be read"
    try:
        jam = jams.load(StringIO(read_text(path)), validate=False)
        found = [(a.namespace, list(a.data), dict(a.sandbox.__json__)) for a in jam.annotations]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, jams.JamsError) as problem:
        raise FormatError(what, f"it is not JAMS: {problem}") from problem
    answers: dict[str, Answer] = {}
    for namespace, rows, sandbox in found:
        reader = next((make for pattern, make in READERS.items() if re.fullmatch(pattern, namespace)), None)
        if reader is None:
            continue
        try:
            answer = reader(rows, sandbox)
        except (AnswerError, ValueError, TypeError, KeyError, AttributeError, IndexError) as problem:
            raise FormatError(what, f"its {namespace} annotation is not valid: {problem}") from problem
        name = str(sandbox.get("name") or namespace)
        count = sum(known == name or known.startswith(f"{name} ") for known in answers)
        answers[f"{name} {count + 1}" if name in answers else name] = answer
    return answers


def write(answer: Answer, path: PathLike, duration: float | None = None, title: str = "") -> None:
    """Write one answer, named as its kind."""
    write_jams({type(answer).__name__.lower(): answer}, path, duration, title)


def read(path: PathLike, kind: type[Answer]) -> Answer:
    """Read the first answer of a kind; raises FormatError when there is none."""
    answers = read_jams(path)
    for answer in answers.values():
        if type(answer) is kind:
            return answer
    held = ", ".join(f"{name} ({type(answer).__name__})" for name, answer in answers.items()) or "nothing we know"
    raise FormatError(f"{os.fspath(path)} cannot be read as {kind.__name__}", f"it holds {held}")


def _row(time: float, duration: float, value: Any, confidence: float | None = None) -> dict[str, Any]:
    return {"time": float(time), "duration": float(duration), "value": value, "confidence": confidence}


def _confidences(answer: Events | Segments) -> list[float | None]:
    return [None] * len(answer) if answer.values is None else answer.values.tolist()


def _write_events(answer: Events, name: str, length: float):
    sandbox = {"labelled": bool(answer.labels), "valued": answer.values is not None}
    labels = answer.labels or [None] * len(answer)
    whole = all(label is None or re.fullmatch(r"0|[1-9][0-9]{0,8}", label) for label in labels)
    values = [None if label is None else int(label) for label in labels] if whole else labels
    namespace = "beat" if whole and (answer.labels or "beat" in name.lower()) else "onset"
    rows = [_row(t, 0, v, c) for t, v, c in zip(answer.times, values, _confidences(answer), strict=True)]
    return namespace, rows, sandbox


def _write_segments(answer: Segments, name: str, length: float):
    sandbox: dict[str, Any] = {"labelled": bool(answer.labels), "valued": answer.values is not None}
    labels = list(answer.labels or [""] * len(answer))
    if NAMED.get(name.lower()) == "key_mode" and all(label.partition(":")[2] in MODES for label in labels):
        labels = [tonic + ":" + MODES[mode] for tonic, _, mode in (label.partition(":") for label in labels)]
        sandbox["modes"] = "short"
    columns = (answer.starts, answer.ends, labels, _confidences(answer))
    rows = [_row(start, end - start, label, c) for start, end, label, c in zip(*columns, strict=True)]
    return _namespace(name, labels), rows, sandbox


def _namespace(name: str, labels: Sequence[str]) -> str:
    from jams import schema

    wanted = NAMED.get(name.lower())
    if wanted and labels:
        pattern = schema.namespace(wanted)["properties"]["value"]["pattern"]
        if all(re.fullmatch(pattern, label) for label in set(labels)):
            return wanted
    return "segment_open"


def _write_curve(answer: Curve, name: str, length: float):
    pairs = list(zip(answer.times, answer.values.tolist(), strict=True))
    if answer.unit == "Hz" and (answer.values >= 0).all():
        rows = [_row(t, 0, {"index": 0, "frequency": v, "voiced": v > 0}) for t, v in pairs]
        return "pitch_contour", rows, {"unit": answer.unit}
    if answer.unit == "bpm" and (answer.values >= 0).all():
        return "tempo", [_row(t, 0, v, 1.0) for t, v in pairs], {"unit": answer.unit}
    return "vector", [_row(t, 0, [v]) for t, v in pairs], {"unit": answer.unit}


def _write_notes(answer: Notes, name: str, length: float):
    columns = (answer.starts, answer.ends, answer.pitches.tolist())
    rows = [_row(start, end - start, pitch) for start, end, pitch in zip(*columns, strict=True)]
    return "note_midi", rows, {"velocities": answer.velocities.tolist(), "labels": list(answer.labels)}


def _write_tags(answer: Tags, name: str, length: float):
    rows = [_row(0, length, label, value) for label, value in zip(answer.labels, answer.values.tolist(), strict=True)]
    return "tag_open", rows, {}


def _column(rows: list, take: Callable[[Any], Any]) -> np.ndarray:
    return np.array([take(row) for row in rows], float)


def _times(rows: list) -> np.ndarray:
    return _column(rows, lambda row: row.time)


def _ends(rows: list) -> np.ndarray:
    return _column(rows, lambda row: row.time + row.duration)


def _values(rows: list, sandbox: dict) -> np.ndarray | None:
    known = all(isinstance(row.confidence, (int, float)) for row in rows)
    return _column(rows, lambda row: row.confidence) if known and sandbox.get("valued", bool(rows)) else None


def _labels(texts: list[str], sandbox: dict) -> tuple[str, ...]:
    return tuple(texts) if sandbox.get("labelled", any(texts)) else ()


def _read_events(rows: list, sandbox: dict) -> Events:
    values = [row.value.get("position", "") if isinstance(row.value, dict) else row.value for row in rows]
    texts = [v if isinstance(v, str) else "" if v is None else position(str(v)) for v in values]
    return Events(_times(rows), _labels(texts, sandbox), _values(rows, sandbox))


def _read_segments(rows: list, sandbox: dict) -> Segments:
    values = [row.value.get("label", "") if isinstance(row.value, dict) else row.value for row in rows]
    texts = [str(v) for v in values]
    if sandbox.get("modes") == "short":
        short = {long: mode for mode, long in MODES.items()}
        texts = [tonic + ":" + short.get(mode, mode) for tonic, _, mode in (text.partition(":") for text in texts)]
    return Segments(_times(rows), _ends(rows), _labels(texts, sandbox), _values(rows, sandbox))


def _read_contour(rows: list, sandbox: dict) -> Curve:
    voiced = _column(rows, lambda row: row.value.get("voiced", True))
    return Curve(_times(rows), voiced * _column(rows, lambda row: row.value["frequency"]), "Hz")


def _read_tempo(rows: list, sandbox: dict) -> Curve:
    return Curve(_times(rows), _column(rows, lambda row: row.value), "bpm")


def _read_vector(rows: list, sandbox: dict) -> Curve:
    return Curve(_times(rows), _column(rows, lambda row: row.value[0]), str(sandbox.get("unit", "")))


def _read_notes(rows: list, sandbox: dict) -> Notes:
    velocities = np.array(sandbox.get("velocities", [100.0] * len(rows)), float)
    labels = tuple(sandbox.get("labels", ()))
    return Notes(_times(rows), _ends(rows), _column(rows, lambda row: row.value), velocities, labels)


def _read_tags(rows: list, sandbox: dict) -> Tags:
    sure = _column(rows, lambda row: 1.0 if row.confidence is None else row.confidence)
    return Tags(tuple(str(row.value) for row in rows), sure)


WRITERS: dict[type[Answer], Callable[..., Any]] = {
    Events: _write_events,
    Segments: _write_segments,
    Curve: _write_curve,
    Notes: _write_notes,
    Tags: _write_tags,
}
READERS: dict[str, Callable[[list, dict], Answer]] = {  # namespace: answer
    "beat|beat_position|onset": _read_events,
    "chord|chord_harte|key_mode|segment_.*|multi_segment": _read_segments,
    "pitch_contour": _read_contour,
    "tempo": _read_tempo,
    "vector": _read_vector,
    "note_midi": _read_notes,
    "tag_.*": _read_tags,
}
