"""Any dataset that mirdata knows and you have on disk, as one of ours; nothing is downloaded.

    BeatData    beats: Events, labels where positions count the bar
    ChordData, KeyData, SectionData, LyricData    chords, key ("C:maj"), sections, lyrics: Segments
    F0Data, TempoData    melody (Hz, 0 where unvoiced), tempo (bpm): Curve
    NoteData    notes: Notes
    EventData   events: Events where all are points, else Segments

Of several annotations of one kind the first by name has the task's name, the others keep their own (a second annotator
is "chords 2"). Source: Bittner et al., "mirdata: software for reproducible usage of datasets" (ISMIR 2019).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from solfeggio import audio
from solfeggio.answers import Answer, Curve, Events, Notes, Segments
from solfeggio.data.dataset import Dataset, Track
from solfeggio.errors import AnswerError, DataError, MissingExtra, unknown

MODES = {"major": "maj", "minor": "min", "dorian": "dor", "phrygian": "phr", "lydian": "lyd", "mixolydian": "mix"}
GROUPS = ("artist", "album", "title", "genre", "player_id", "singer_id", "composer", "work", "split")


def mirdata_dataset(
    source: Any, data_home: str | os.PathLike[str] | None = None, *, version: str = "default", skip: Iterable[str] = ()
) -> Dataset:
    """Load a dataset by its name in mirdata, or one that mirdata has made, ``mirdata.initialize(...)``.

    data_home: folder it lies in; None is mirdata's own. skip: ids of tracks to leave out. Annotations are read now,
    sound when asked for. groups: song, and what mirdata says of artist, album and the like. Raises MissingExtra without
    mirdata, ConfigError for an unknown name, DataError when index or annotations are not on disk or not valid.
    """
    try:
        import mirdata
    except ImportError:
        raise MissingExtra("datasets of mirdata", "it is not installed", "pip install solfeggio[mirdata]") from None
    if isinstance(source, str):
        if source not in mirdata.list_datasets():
            raise unknown("dataset of mirdata", source, mirdata.list_datasets())
        try:
            source = mirdata.initialize(source, data_home=data_home and os.fspath(data_home), version=version)
        except ValueError as problem:
            raise DataError(f"version '{version}' of {source}", str(problem)) from None
    try:
        ids = list(source.track_ids)
    except FileNotFoundError:
        todo = f"mirdata.initialize('{source.name}').download(['index'])"
        raise DataError(f"dataset {source.name}", "its index is not on this machine", todo) from None
    left_out = set(skip)
    strange = sorted(left_out - set(ids))
    if strange:
        raise DataError("skip", f"{source.name} has no track {', '.join(strange[:5])}", f"ids are like {ids[0]}")
    tracks, problems = [], []
    for id in ids:
        if id not in left_out:
            try:
                tracks.append(_track(source.track(id)))
            except (OSError, AnswerError, DataError, ValueError, TypeError, LookupError) as problem:
                problems.append(f"{id}: {problem}")
    if problems:
        more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        what = f"{len(problems)} of {len(ids)} tracks of {source.name} cannot be used"
        raise DataError(what, "; ".join(problems[:5]) + more, "mirdata's validate() tells more; or skip them")
    return Dataset(source.name, tuple(tracks), " ".join((source._license_info or "not stated").split()), source.bibtex)


def answer_of(data: Any) -> Answer | None:
    """Turn an annotation of mirdata into an answer; None for kinds that have none. Raises DataError for odd units."""
    make = MAKERS.get(type(data).__name__)
    return make(data) if make else None


def _track(track: Any) -> Track:
    groups = {"song": str(track.track_id)}
    for name in GROUPS:
        try:
            value = getattr(track, name, None)
        except (OSError, KeyError):  # what it is about lies in a file that is not there
            continue
        if isinstance(value, str) and value:
            groups[name] = value
    path = next((p for name, p in sorted(vars(track).items()) if name.startswith("audio") and isinstance(p, str)), None)
    sound = partial(audio.read, path) if path else partial(_no_sound, str(track.track_id))
    return Track(str(track.track_id), sound, _answers(track), groups)


def _answers(track: Any) -> dict[str, Answer]:
    """Read every annotation of a track, those of a task's own name first."""
    found: dict[str, Answer] = {}
    names = [n for n in dir(type(track)) if not n.startswith("_") and n not in ("audio", "to_jams")]
    names = [n for n in names if not callable(getattr(type(track), n))]
    for name in sorted(names, key=lambda name: (name not in TASKS.values(), name)):
        value = getattr(track, name)
        several = getattr(value, "annotations", None)
        for number, data in enumerate(several if isinstance(several, list) else [value], 1):
            answer = answer_of(data)
            if answer is None:
                continue
            task = TASKS[type(data).__name__]
            found[task if task not in found else f"{task} {number}" if number > 1 else name] = answer
    return found


def _no_sound(id: str) -> tuple[np.ndarray, int]:
    raise DataError(f"sound of {id}", "mirdata has no path to it", "its annotations can be used alone")


def _seconds(values: Any, unit: str) -> np.ndarray:
    if unit not in ("s", "ms"):
        raise DataError(f"times in {unit}", "expected seconds or milliseconds")
    return np.asarray(values, float) / (1000 if unit == "ms" else 1)


def _beats(data: Any) -> Events:
    times = _seconds(data.times, data.time_unit)
    if data.positions is None or data.position_unit != "bar_index":
        return Events(times)
    return Events(times, [str(int(p)) if p > 0 else "" for p in data.positions])


def _segments(data: Any, labels: Any) -> Segments:
    spans = _seconds(data.intervals, getattr(data, "interval_unit", "s")).reshape(-1, 2)
    order = np.argsort(spans[:, 0], kind="stable")
    named = [str(labels[i]) for i in order] if labels is not None else ()
    return Segments(spans[order, 0], spans[order, 1], named)


def _key(label: str) -> str:
    """Spell a key as ours are.

    >>> _key("G#:minor"), _key("A"), _key("D:dorian")
    ('G#:min', 'A:maj', 'D:dor')
    """
    tonic, _, mode = label.partition(":")
    return label if tonic in ("", "N", "X") else f"{tonic}:{MODES.get(mode or 'major', mode)}"


def _midi(pitches: Any, unit: str) -> np.ndarray:
    if unit == "midi":
        return np.asarray(pitches, float)
    if unit == "hz":
        return 69 + 12 * np.log2(np.asarray(pitches, float) / 440)
    raise DataError(f"pitches in {unit}", "expected Hz or MIDI numbers")


def _notes(data: Any) -> Notes:
    spans = _seconds(data.intervals, data.interval_unit).reshape(-1, 2)
    pitches = _midi(data.pitches, data.pitch_unit)
    loud = np.full(len(spans), 80.0)
    if data.confidence is not None and data.confidence_unit == "velocity":
        loud = np.asarray(data.confidence, float)
    order = np.lexsort((pitches, spans[:, 0]))
    return Notes(spans[order, 0], spans[order, 1], pitches[order], loud[order])


def _f0(data: Any) -> Curve:
    values = np.asarray(data.frequencies, float) if data.frequency_unit == "hz" else None
    if values is None:
        values = 440 * 2 ** ((_midi(data.frequencies, data.frequency_unit) - 69) / 12)
    return Curve(_seconds(data.times, data.time_unit), np.where(np.asarray(data.voicing) > 0, values, 0.0), "Hz")


def _tempo(data: Any) -> Curve:
    spans = _segments(data, None)
    order = np.argsort(np.asarray(data.intervals, float).reshape(-1, 2)[:, 0], kind="stable")
    return Curve(spans.starts, np.asarray(data.tempos, float)[order], "bpm")


def _events(data: Any) -> Answer:
    spans = _segments(data, data.events)
    return Events(spans.starts, spans.labels) if np.array_equal(spans.starts, spans.ends) else spans


TASKS = {
    "BeatData": "beats", "ChordData": "chords", "KeyData": "key", "SectionData": "sections", "LyricData": "lyrics",
    "F0Data": "melody", "TempoData": "tempo", "NoteData": "notes", "EventData": "events",
}  # fmt: skip
MAKERS: dict[str, Callable[[Any], Answer]] = {
    "BeatData": _beats,
    "ChordData": lambda data: _segments(data, data.labels),
    "KeyData": lambda data: _segments(data, [_key(key) for key in data.keys]),
    "SectionData": lambda data: _segments(data, data.labels),
    "LyricData": lambda data: _segments(data, data.lyrics),
    "F0Data": _f0,
    "TempoData": _tempo,
    "NoteData": _notes,
    "EventData": _events,
}
