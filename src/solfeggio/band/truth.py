"""The truth of a performance: every task's answer, exact.

What cannot be heard is not in it. A chord is "N" while no pitched player has sounded for ``QUIET`` seconds; a note
lasts as long as the pedal holds it; words count where somebody sings them. What always has a value (chords, keys,
metres, sections, forms) covers the whole performance without gaps, the silence before the first note included.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from solfeggio.answers import Answer, Curve, Events, Notes, Segments
from solfeggio.band.instruments import MAIN, VOICES, drum, instrument
from solfeggio.band.song import Performance, Played
from solfeggio.notation import metres, tempo_curve

TASKS = (
    "beats", "tempo", "metre", "key", "chords", "sections", "form", "notes", "melody", "bass", "drums", "drums-fine",
    "instruments", "singing", "lyrics", "motifs",
)  # fmt: skip
STEP = 0.01  # seconds between the values of an f0 curve
REST = 0.5  # seconds a player may pause and still be active
DRUM_REST = 3.0  # the same for each kind of drum, which is struck only
QUIET = 3.0  # seconds without any pitched note after which there is no chord, if the song still has one there
FLAM = 0.04  # seconds: strokes of one drum that are closer are one hit
RING = {"KD": 0.2, "SD": 0.25, "HH": 0.2, "TT": 0.4, "CY": 1.5, "OT": 0.25}  # seconds a hit is heard
DRUM_SET = {"KD": "drums", "SD": "drums", "TT": "drums", "HH": "cymbals", "CY": "cymbals", "OT": "percussion"}
NOTHING = Segments([], [])


def truth(performance: Performance) -> dict[str, Answer]:
    """Give the answer of every task of TASKS; times are seconds from 0 to ``performance.duration``.

    beats: Events, labels are positions in the bar, 1 the downbeat. tempo: Curve, bpm of each beat, up to the next.
    metre, key ("C:maj"), chords (Harte), sections (functions), form (letters): Segments that cover the performance.
    notes: Notes of all pitched parts, labelled with the part. melody: Curve, Hz every 10 ms, 0 where nobody leads; the
    first of several leads until it rests for long. bass: Curve likewise. drums: Events, KD SD HH TT CY OT with values
    0..1; drums-fine: the classes of ``instruments.DRUMS``. instruments: Segments that overlap, names of
    ``instruments.NAMES``, "drums" and "cymbals". singing: Segments. lyrics: Segments, one a syllable of the leading
    singer. motifs: Segments.
    """
    pitched = [part for part in performance.parts if not part.drums and len(part.notes)]
    sounding = [(part, _pedalled(part)) for part in pitched]
    hits = _hits(performance)
    sung = [(part, notes) for part, notes in sounding if sings(part)]
    leads = sorted((p for p in sounding if _leads(p[0])), key=lambda p: not sings(p[0]))
    spans, end = performance.spans, performance.duration
    return {
        "beats": performance.beats,
        "tempo": tempo_curve(performance.beats, smooth_beats=1),
        "metre": cover(spans["metres"] if "metres" in spans else metres(performance.beats), end),
        "key": cover(spans.get("keys", NOTHING), end),
        "chords": _chords(spans.get("chords", NOTHING), [notes for _, notes in sounding], end),
        "sections": cover(spans.get("sections", NOTHING), end),
        "form": cover(spans.get("forms", NOTHING), end),
        "notes": _notes(sounding),
        "melody": _f0(leads, performance),
        "bass": _f0([p for p in sounding if p[0].name.startswith("bass")], performance),
        "drums": Events(hits.times, tuple(MAIN[label] for label in hits.labels), hits.values),
        "drums-fine": hits,
        "instruments": _instruments(sounding, hits, end),
        "singing": active(((n.starts, n.ends) for _, n in sung), "singing", end),
        "lyrics": _lyrics(sorted((part for part in pitched if part.words), key=lambda part: not _leads(part))[:1]),
        "motifs": _sorted(spans.get("motifs", NOTHING)),
    }


def sings(part: Played) -> bool:
    """Tell whether a part is sung: it has words, or a voice's program.

    >>> sings(Played("melody", 53, False, Notes([], [], [], [])))
    True
    """
    return bool(part.words) or (not part.drums and part.program in VOICES)


def cover(spans: Segments, duration: float) -> Segments:
    """Stretch segments so that they touch and reach from 0 to ``duration``; those of no length go.

    >>> cover(Segments([1, 4], [3, 5], ["A", "B"]), 6.0)
    Segments(starts=array([0., 4.]), ends=array([4., 6.]), labels=('A', 'B'), values=None)
    """
    spans = spans.take(np.minimum(spans.ends, duration) - np.maximum(spans.starts, 0.0) > 1e-6)
    if not len(spans):
        return NOTHING
    starts = np.concatenate([[0.0], spans.starts[1:]])
    return Segments(starts, np.append(starts[1:], duration), spans.labels)


def active(spans: Iterable[tuple[np.ndarray, np.ndarray]], label: str, duration: float, rest: float = REST) -> Segments:
    """Join (starts, ends) of notes to stretches of activity: pauses shorter than ``rest`` seconds are bridged."""
    pairs = list(spans)
    if not sum(len(starts) for starts, _ in pairs):
        return NOTHING
    starts, ends = (np.concatenate([pair[i] for pair in pairs]) for i in (0, 1))
    order = np.argsort(starts, kind="stable")
    starts, ends = np.maximum(starts[order], 0.0), np.maximum.accumulate(ends[order])
    first = np.concatenate([[True], starts[1:] - ends[:-1] >= rest])
    last = np.append(first[1:], True)
    return Segments(starts[first], np.minimum(ends[last], duration), (label,) * int(first.sum()))


def _leads(part: Played) -> bool:
    return part.name.startswith(("melody", "lead", "solo", "soprano"))


def _sorted(spans: Segments) -> Segments:
    return spans.take(np.argsort(spans.starts, kind="stable"))


def _pedalled(part: Played) -> Notes:
    """Notes as they sound: the pedal holds them until it rises or the same key is struck again."""
    notes = part.notes
    if part.pedal is None or not len(part.pedal):
        return notes
    which = np.searchsorted(part.pedal.starts, notes.ends, side="right") - 1
    up = np.where(which >= 0, part.pedal.ends[np.maximum(which, 0)], 0.0)
    ends = np.maximum(notes.ends, up)
    for pitch in np.unique(notes.pitches):
        same = np.flatnonzero(notes.pitches == pitch)
        again = np.append(notes.starts[same][1:], np.inf)
        ends[same] = np.maximum(np.minimum(ends[same], again), notes.ends[same])
    return Notes(notes.starts, ends, notes.pitches, notes.velocities)


def _notes(sounding: Sequence[tuple[Played, Notes]]) -> Notes:
    if not sounding:
        return Notes([], [], [], [])
    starts, ends, pitches, velocities = (
        np.concatenate([getattr(notes, name) for _, notes in sounding])
        for name in ("starts", "ends", "pitches", "velocities")
    )
    labels = [part.name for part, notes in sounding for _ in range(len(notes))]
    order = np.lexsort((pitches, starts))
    kept = [labels[i] for i in order]
    return Notes(starts[order], ends[order], pitches[order], velocities[order], kept)


def _chords(chords: Segments, notes: Sequence[Notes], duration: float) -> Segments:
    """Chords over the whole performance, "N" where nothing pitched sounds for long; equal neighbours are joined."""
    heard = active(((n.starts, n.ends) for n in notes), "", duration, QUIET)
    pieces: list[tuple[float, float, str]] = []
    for first, last in zip(heard.starts, heard.ends, strict=True):
        inside = _sorted(chords).cut(first, last).shift(first)
        pieces += zip(inside.starts, inside.ends, inside.labels, strict=True)
    out: list[tuple[float, float, str]] = []
    now = 0.0
    for start, end, label in [*pieces, (duration, duration, "N")]:
        if start > now + 1e-6:
            out.append((now, start, "N"))
        if end > max(start, now) + 1e-6:
            out.append((max(start, now), end, label))
        now = max(now, end)
    starts = [i for i, piece in enumerate(out) if not i or piece[2] != out[i - 1][2]]
    ends = [*(out[i][0] for i in starts[1:]), duration]
    return Segments([out[i][0] for i in starts], ends[: len(starts)], [out[i][2] for i in starts])


def _f0(players: Sequence[tuple[Played, Notes]], performance: Performance) -> Curve:
    """f0 of the first player, of the next while that one rests, and so on."""
    times = np.round(np.arange(int(performance.duration / STEP) + 1) * STEP, 6)
    values, taken = np.zeros(len(times)), np.zeros(len(times), bool)
    for part, notes in players:
        own = _bent(part.f0, times) if part.f0 is not None else _straight(notes, times, performance.cents)
        values = np.where(taken, values, own)
        busy = active([(notes.starts, notes.ends)], "", performance.duration)
        for start, end in zip(busy.starts, busy.ends, strict=True):
            taken[(times >= start) & (times < end)] = True
    return Curve(times, np.round(values, 3), "Hz")


def _bent(curve: Curve, times: np.ndarray) -> np.ndarray:
    """Values of a curve of the same step on our clock, 0 beyond its end."""
    if not len(curve):
        return np.zeros(len(times))
    index = np.round((times - curve.times[0]) / STEP).astype(int)
    inside = (index >= 0) & (index < len(curve))
    return np.where(inside, curve.values[np.clip(index, 0, len(curve) - 1)], 0.0)


def _straight(notes: Notes, times: np.ndarray, cents: float) -> np.ndarray:
    """f0 of notes that keep their pitch: the newest sounds, the highest of those that begin together (50 ms)."""
    values = np.zeros(len(times))
    chord = np.cumsum(np.concatenate([[0], np.diff(notes.starts) > 0.05]))[: len(notes)]
    for i in np.lexsort((notes.pitches, chord)):
        first, last = np.searchsorted(times, (notes.starts[i], notes.ends[i]))
        values[first:last] = 440.0 * 2.0 ** ((notes.pitches[i] - 69 + cents / 100) / 12)
    return values


def _hits(performance: Performance) -> Events:
    """Collect every drum hit with its finest class and its velocity, 0..1; a flam is its main stroke alone."""
    parts = [part for part in performance.parts if part.drums and len(part.notes)]
    if not parts:
        return Events([], (), [])
    times, velocities = (np.concatenate([getattr(p.notes, n) for p in parts]) for n in ("starts", "velocities"))
    labels = [drum(pitch) for part in parts for pitch in part.notes.pitches]
    loudest = np.lexsort((times, -velocities))
    kept: list[int] = []
    struck: dict[str, list[float]] = {}
    for i in loudest.tolist():
        near = struck.setdefault(labels[i], [])
        if all(abs(times[i] - other) >= FLAM for other in near):
            near.append(times[i])
            kept.append(i)
    kept.sort(key=lambda i: (times[i], labels[i]))
    return Events(times[kept], tuple(labels[i] for i in kept), velocities[kept] / 127)


def _instruments(sounding: Sequence[tuple[Played, Notes]], hits: Events, duration: float) -> Segments:
    """When each instrument is active; a drum set is "drums", "cymbals" and "percussion"."""
    spans: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for part, notes in sounding:
        name = "voice" if sings(part) else instrument(part.program)
        spans.setdefault(name, []).append((notes.starts, notes.ends))
    struck: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    mains = np.array([MAIN[label] for label in hits.labels], dtype="<U2")
    for kind, name in DRUM_SET.items():
        times = hits.times[mains == kind]
        struck.setdefault(name, []).append((times, times + RING[kind]))
    found = [active(pairs, name, duration) for name, pairs in spans.items()]
    return _together(found + [active(pairs, name, duration, DRUM_REST) for name, pairs in struck.items()])


def _lyrics(parts: Sequence[Played]) -> Segments:
    """Syllables from their first note to the end of their last."""
    rows: list[tuple[float, float, str]] = []
    for part in parts:
        first = [i for i, word in enumerate(part.words) if word]
        last = [*(i - 1 for i in first[1:]), len(part.words) - 1]
        rows += [(part.notes.starts[a], part.notes.ends[b], part.words[a]) for a, b in zip(first, last, strict=False)]
    rows.sort()
    return Segments([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])


def _together(found: Sequence[Segments]) -> Segments:
    rows = sorted(row for spans in found for row in zip(spans.starts, spans.ends, spans.labels, strict=True))
    return Segments([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])
