"""What a written song is like in numbers: tempo, form, harmony, melody. Of the band and of real sets alike.

Syncopation follows Longuet-Higgins and Lee, "The rhythmic interpretation of monophonic music" (1984).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from solfeggio.band.song import Part, Song
from solfeggio.harte import parse_pitch
from solfeggio.studies.realism import Profile, Statistic, count

WRITTEN: dict[str, Statistic] = {
    "tempo": Statistic("felt beats a minute", "bpm", 4, 40, 240),
    "metre": Statistic("beats in a bar"),
    "sections": Statistic("sections in a song", "sections", 1, 0, 24),
    "section length": Statistic("length of a section", "s", 2, 0, 90),
    "section bars": Statistic("bars of a section", "bars", 1, 0, 40),
    "section functions": Statistic("what sections are, by time"),
    "duration": Statistic("length of a song", "s", 10, 0, 480),
    "chord quality": Statistic("qualities of chords, by time"),
    "chord inversion": Statistic("whether the bass has the root, by time"),
    "root motion": Statistic("steps up from one root to the next, modulo the octave"),
    "chord length": Statistic("beats that a chord lasts", "beats", 0.5, 0, 16),
    "chord degree": Statistic("root over the tonic, by time"),
    "mode": Statistic("mode of the key, by time"),
    "syncopation": Statistic("mean Longuet-Higgins and Lee syncopation of a melody note", "levels", 0.05, 0, 3),
    "onset in beat": Statistic("where in the beat melody notes begin"),
    "off-beat share": Statistic(
        "share of melody notes that begin nearer the middle of a beat than a beat", "share", 0.05, 0, 1
    ),
    "interval": Statistic("semitones from one melody note to the next", "semitones", 1, -16, 16),
    "move": Statistic("semitones from one melody note to the next other one", "semitones", 1, -16, 16),
    "range": Statistic("semitones between nearly highest and nearly lowest melody note", "semitones", 1, 0, 36),
    "density": Statistic("melody notes a beat, where it plays", "notes", 0.1, 0, 5),
    "melody presence": Statistic("share of bars with a melody note", "share", 0.05, 0, 1),
    "note length": Statistic("length of melody notes", "beats", 0.125, 0, 6),
    "tone over root": Statistic("melody pitch over the chord's root"),
    "chord tones on beats": Statistic("share of melody notes on a beat that belong to the chord", "share", 0.05, 0, 1),
}
FUNCTIONS = {  # first match of a label's beginning -> function
    "intro": "intro", "verse": "verse", "pre-chorus": "prechorus", "prechorus": "prechorus", "pre-verse": "verse",
    "postchorus": "chorus", "post-chorus": "chorus", "chorus": "chorus", "refrain": "chorus", "bridge": "bridge",
    "solo": "solo", "inst": "instrumental", "interlude": "instrumental", "theme": "theme", "head": "theme",
    "main_theme": "theme", "secondary_theme": "theme", "outro": "outro", "coda": "outro", "fade-out": "outro",
    "fadeout": "outro",
    "ending": "outro", "break": "break", "transition": "break", "build": "break", "drop": "chorus",
}  # fmt: skip
FAMILIES = {  # Harte qualities, shortened to what sets agree on
    "": "maj", "maj": "maj", "min": "min", "7": "7", "9": "7", "11": "7", "13": "7", "maj7": "maj7", "maj9": "maj7",
    "min7": "min7", "min9": "min7", "min11": "min7", "dim": "dim", "dim7": "dim", "hdim7": "hdim", "aug": "aug",
    "maj6": "6", "min6": "6", "6": "6", "sus4": "sus", "sus2": "sus", "sus4(b7)": "sus", "5": "5", "1": "5",
    "minmaj7": "minmaj7",
}  # fmt: skip


def written_profile(song: Song) -> Profile:
    """Count a written song by WRITTEN; statistics that it cannot tell (no chords, no beats) are absent."""
    found: Profile = {}
    counted = _Counted(song)
    for name, pairs in (*_of_beats(counted), *_of_sections(counted), *_of_chords(counted), *_of_melody(counted)):
        if table := count(pairs, WRITTEN[name]):
            found[name] = table
    return found


def melody_of(song: Song) -> Part | None:
    """The busiest lead of a song, or None."""
    leads = [part for part in song.parts if part.name.startswith("melody") and len(part.notes) > 7]
    return max(leads, key=lambda part: len(part.notes), default=None)


def quality_of(label: str) -> str:
    """Shorten a chord's quality to what sets agree on: "G:min9/b3" is "min7", "N" is "none".

    >>> quality_of("G:min9/b3"), quality_of("N"), quality_of("A")
    ('min7', 'none', 'maj')
    """
    name, _, rest = label.partition(":")
    if name in ("N", "X", ""):
        return "none"
    body = rest.partition("/")[0]
    return FAMILIES.get(body, FAMILIES.get(body.partition("(")[0], "other"))


class _Counted:
    """A song on its own beat clock, so that a note at 3.5 lies halfway between its fourth and fifth beat."""

    def __init__(self, song: Song):
        self.song = song
        self.beats = np.asarray(song.beats_quarters, float)
        self.positions = np.asarray(song.positions, int)
        if len(self.beats) > 1 and np.median(np.diff(self.beats)) > 1.9:  # felt in halves, counted in quarters
            halves = self.beats + np.append(np.diff(self.beats), self.beats[-1] - self.beats[-2]) / 2
            self.beats = np.stack([self.beats, halves], 1).ravel()
            self.positions = np.stack([2 * self.positions - 1, 2 * self.positions], 1).ravel()
        self.downs = np.flatnonzero(self.positions == 1)

    def at(self, quarters: np.ndarray | float) -> np.ndarray:
        """Beats of quarters."""
        beats = self.beats
        if len(beats) < 2:
            return np.asarray(quarters, float)
        step = np.median(np.diff(beats))
        outer = np.concatenate([[beats[0] - 64 * step], beats, [beats[-1] + 64 * step]])
        return np.interp(quarters, outer, np.concatenate([[-64], np.arange(len(beats)), [len(beats) + 63]]))

    def chords(self) -> list[tuple[float, float, str]]:
        """Chords in beats, equal neighbours joined."""
        joined: list[tuple[float, float, str]] = []
        for start, end, label in self.song.chords:
            first, last = float(self.at(start)), float(self.at(end))
            if joined and joined[-1][2] == label:
                joined[-1] = (joined[-1][0], last, label)
            else:
                joined.append((first, last, label))
        return joined


Found = Iterable[tuple[str, Sequence[tuple[str | float, float]]]]


def _of_beats(counted: _Counted) -> Found:
    song = counted.song
    yield "duration", [(song.length_quarters * 60 / song.bpm, 1.0)]
    beats = np.asarray(song.beats_quarters, float)
    if len(beats) > 1:
        yield "tempo", [(song.bpm / float(np.median(np.diff(beats))), 1.0)]
    if len(counted.downs) > 1:
        sizes = np.diff(counted.downs)
        yield "metre", [(str(min(int(size), 9)), 1.0) for size in sizes]


def _of_sections(counted: _Counted) -> Found:
    song = counted.song
    if not song.sections:
        return
    lengths = [(end - start) * 60 / song.bpm for start, end, _ in song.sections]
    yield "sections", [(float(len(lengths)), 1.0)]
    yield "section length", [(length, 1.0) for length in lengths]
    yield (
        "section functions",
        [(function_of(label), length) for (_, _, label), length in zip(song.sections, lengths, strict=True)],
    )
    if len(counted.downs) > 1:
        per_bar = float(np.median(np.diff(counted.downs)))
        spans = [(counted.at(start), counted.at(end)) for start, end, _ in song.sections]
        yield "section bars", [(round(float(end - start) / per_bar), 1.0) for start, end in spans]


def function_of(label: str) -> str:
    """Name what a section is: "Verse 2" and "verse" are the same; "other" when it is none of the usual ones.

    >>> function_of("Pre-Chorus"), function_of("verse2"), function_of("A")
    ('prechorus', 'verse', 'other')
    """
    text = label.strip().lower()
    return next((function for start, function in FUNCTIONS.items() if text.startswith(start)), "other")


def _of_chords(counted: _Counted) -> Found:
    chords = counted.chords()
    if all(quality_of(label) == "none" for _, _, label in chords):
        return  # a tune without chords says nothing of harmony
    yield "chord quality", [(quality_of(label), end - start) for start, end, label in chords]
    real = [(start, end, label, _root(label)) for start, end, label in chords if quality_of(label) != "none"]
    yield "chord inversion", [("inverted" if "/" in label else "root", end - start) for start, end, label, _ in real]
    yield "chord length", [(end - start, 1.0) for start, end, *_ in real]
    follow = [(a, b) for a, b in pairwise(real) if abs(b[0] - a[1]) < 0.1 and a[3] != b[3]]
    yield "root motion", [(_twelfth(b[3] - a[3]), 1.0) for a, b in follow]
    keys = [(float(counted.at(start)), float(counted.at(end)), label) for start, end, label in counted.song.keys]
    if keys:
        yield "mode", [(_mode(label), end - start) for start, end, label in keys]
        degrees = []
        for start, end, _, root in real:
            here = next((label for first, last, label in keys if first <= start + 1e-6 < last), "")
            if here:
                degrees.append((_twelfth(root - _root(here)), end - start))
        yield "chord degree", degrees


def _mode(key: str) -> str:
    """Minor-like or major-like: annotators of the real sets know only these."""
    return "minor" if key.partition(":")[2][:3] in ("min", "dor", "phr", "aeo", "loc", "har", "mel") else "major"


def _root(label: str) -> int:
    return parse_pitch(label.partition(":")[0].partition("/")[0])


def _twelfth(steps: int) -> str:
    return f"{steps % 12:02d}"


def _of_melody(counted: _Counted) -> Found:
    part = melody_of(counted.song)
    if part is None or len(counted.beats) < 8:
        return
    notes = part.notes[np.argsort(part.notes[:, 0], kind="stable")]
    notes = notes[np.append(np.diff(notes[:, 0]) > 1e-3, True)]  # one voice: of a chord the highest
    starts, ends, pitches = counted.at(notes[:, 0]), counted.at(notes[:, 1]), notes[:, 2]
    ticks = np.round(starts * 12).astype(int)
    gaps = np.diff(starts)
    near = gaps < 4
    yield "interval", [(float(step), 1.0) for step in np.diff(pitches)[near]]
    yield "move", [(float(step), 1.0) for step in np.diff(pitches)[near] if step]
    low, high = np.quantile(pitches, [0.05, 0.95])
    yield "range", [(float(high - low), 1.0)]
    yield "note length", [(float(length), 1.0) for length in ends - starts]
    places = {0: "on", 6: "half", 4: "third", 8: "third", 3: "quarter", 9: "quarter"}
    yield "onset in beat", [(places.get(int(tick) % 12, "other"), 1.0) for tick in ticks]
    yield "off-beat share", [(float(np.mean(np.abs((ticks + 6) % 12 - 6) >= 3)), 1.0)]
    beats = np.unique(np.floor(starts + 1e-6))
    yield "density", [(len(starts) / len(beats), 1.0)]
    per_bar = float(np.median(np.diff(counted.downs))) if len(counted.downs) > 1 else 4.0
    bars = max(round(len(counted.beats) / per_bar), 1)
    first = float(counted.downs[0]) if len(counted.downs) else 0.0
    held = {int(np.floor((start + 1e-6 - first) / per_bar)) for start in starts}
    yield "melody presence", [(min(len(held) / bars, 1.0), 1.0)]
    yield "syncopation", [(syncopation(ticks, counted.positions), 1.0)]
    over: list[tuple[str, float]] = []
    fits: list[float] = []
    edges = counted.chords()
    begins = np.array([start for start, _, _ in edges])
    for start, tick, pitch in zip(starts, ticks, pitches, strict=True):
        place = int(np.searchsorted(begins, start + 1e-3)) - 1
        if place < 0 or quality_of(edges[place][2]) in ("none", "other") or start > edges[place][1]:
            continue
        over.append((_twelfth(int(pitch) - _root(edges[place][2])), 1.0))
        if (tick + 1) % 12 < 3:
            fits.append(float((int(pitch) - _root(edges[place][2])) % 12 in TONES[quality_of(edges[place][2])]))
    yield "tone over root", over
    if len(fits) > 3:
        yield "chord tones on beats", [(float(np.mean(fits)), 1.0)]


TONES: dict[str, set[int]] = {
    "maj": {0, 4, 7}, "min": {0, 3, 7}, "7": {0, 4, 7, 10}, "maj7": {0, 4, 7, 11}, "min7": {0, 3, 7, 10},
    "dim": {0, 3, 6, 9}, "hdim": {0, 3, 6, 10}, "aug": {0, 4, 8}, "6": {0, 3, 4, 7, 9}, "sus": {0, 2, 5, 7, 10},
    "5": {0, 7}, "minmaj7": {0, 3, 7, 11},
}  # fmt: skip


def syncopation(ticks: np.ndarray, positions: np.ndarray) -> float:
    """Mean syncopation of notes: how much stronger the strongest place is that a note begins before and lasts over.

    ticks: (n,) onsets in twelfths of a beat, rising. positions: of the song's beats in their bars. A note on its own
    place, with nothing stronger before the next note, counts 0; levels are bar, beat, half or third, quarter, finer.

    >>> syncopation(np.array([0, 12, 24, 36]), np.array([1, 2, 3, 4]))
    0.0
    >>> syncopation(np.array([6, 18, 30]), np.array([1, 2, 3, 4, 1])) > 0
    True
    """
    total = 0.0
    for here, following in pairwise(ticks):
        own = _level(int(here), positions)
        later = range(int(here) + 1, min(int(following), int(here) + 13))
        total += max((level - own for tick in later if (level := _level(tick, positions)) > own), default=0)
    return total / max(len(ticks) - 1, 1)


def _level(tick: int, positions: np.ndarray) -> int:
    """Strength of a place, 0 the strongest."""
    beat, rest = divmod(tick, 12)
    if rest:
        return {6: -2, 4: -2, 8: -2, 3: -3, 9: -3}.get(rest, -4)
    return 0 if 0 <= beat < len(positions) and positions[beat] == 1 else -1
