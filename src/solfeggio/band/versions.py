"""Versions: another performance of the same work, in another key, tempo, form or colour, its truth as exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solfeggio.band.chance import pick, weigh
from solfeggio.band.compose import audible
from solfeggio.band.playing.swing import bend, swings
from solfeggio.band.song import Part, Song, Spans
from solfeggio.band.writing.splice import splice
from solfeggio.band.writing.unheard import without_chords
from solfeggio.harte import NAMES, parse_pitch

LEADS = (0, 4, 11, 22, 24, 26, 40, 42, 56, 60, 65, 66, 68, 71, 73, 75, 81)
FIXED = (47, *range(52, 55), *range(96, 104), *range(112, 128))  # timpani, choirs and noises stay what they are


def version(rng: np.random.Generator, song: Song) -> Song:
    """Return a version of a written song: the same ``work``, a new name, and at least another key or tempo.

    It may be transposed, faster or slower, shorter or longer by a section, played by other instruments or by fewer
    players, swung or free. Deterministic in ``rng``.

    >>> from solfeggio.band.compose import compose
    >>> song = compose(0, style="string-quartet")
    >>> version(np.random.default_rng(0), song).work == song.name
    True
    """
    out = transpose(song, int(rng.integers(-5, 7)))
    out = retime(out, float(np.exp(rng.uniform(-0.25, 0.25))))
    if rng.random() < 0.4:
        out = _reform(rng, out)
    if rng.random() < 0.6:
        out = replace(out, parts=tuple(_recast(rng, part) for part in out.parts))
    if rng.random() < 0.4:
        fewer = _fewer(rng, out)
        out = fewer if audible(fewer) else out
    if rng.random() < 0.2:
        out = _swung(rng, out)
    if not any(part.drums for part in out.parts) and rng.random() < 0.4:
        out = replace(out, rubato=float(rng.uniform(0.1, 0.9)))
    name = f"{song.name}-version-{int(rng.integers(10**6))}"
    return replace(without_chords(out), name=name, work=song.work or song.name)


def transpose(song: Song, semitones: int) -> Song:
    """Move a song by semitones: notes, chords and keys; drums stay. Parts that leave the piano move by octaves.

    >>> respell("G:min7/b3", 2)
    'A:min7/b3'
    """
    parts = []
    for part in song.parts:
        if not part.drums and len(part.notes):
            notes = part.notes.copy()
            notes[:, 2] += semitones
            notes[:, 2] += 12 * np.ceil(max(21 - notes[:, 2].min(), 0) / 12)
            notes[:, 2] -= 12 * np.ceil(max(notes[:, 2].max() - 108, 0) / 12)
            part = replace(part, notes=notes)
        parts.append(part)
    chords, keys = (tuple((a, b, respell(label, semitones)) for a, b, label in s) for s in (song.chords, song.keys))
    return replace(song, parts=tuple(parts), chords=chords, keys=keys)


def respell(label: str, semitones: int) -> str:
    """Move a chord or key label by semitones; "N" and "X" stay."""
    name, colon, rest = label.partition(":")
    name, slash, over = name.partition("/")
    if not semitones % 12 or name in ("N", "X", ""):
        return label
    return NAMES[(parse_pitch(name) + semitones) % 12] + slash + over + colon + rest


def retime(song: Song, factor: float) -> Song:
    """Play ``factor`` times as fast, within 45 to 220 counted beats a minute where it was before."""
    gaps = np.diff(song.beats_quarters)
    beat = float(np.median(gaps)) if len(gaps) else 1.0
    counted = song.bpm / beat
    bpm = float(np.clip(counted * factor, min(45.0, counted), max(220.0, counted))) * beat
    tempi = tuple((a, b, tempo * bpm / song.bpm) for a, b, tempo in song.tempi)
    return replace(song, bpm=bpm, tempi=tempi)


def _reform(rng: np.random.Generator, song: Song) -> Song:
    """Leave a section out, or play it twice; never through a motif."""
    whole = [
        (a, b) for a, b, _ in song.sections[1:-1]
        if not any(x < edge - 1e-6 < y - 2e-6 for x, y, _ in song.motifs for edge in (a, b))
    ]  # fmt: skip
    if not whole:
        return song
    start, end = pick(rng, whole)
    shorter = song.length_quarters - (end - start) > 0.6 * song.length_quarters and rng.random() < 0.6
    if shorter:
        return splice([(song, 0.0, start), (song, end, song.length_quarters)])
    return splice([(song, 0.0, end), (song, start, song.length_quarters)])


def _recast(rng: np.random.Generator, part: Part) -> Part:
    """Give a part to another instrument: of its own family, or any that can lead."""
    if part.drums or part.words or part.program in FIXED:
        return part
    family = [p for p in range(part.program // 8 * 8, part.program // 8 * 8 + 8) if p not in FIXED]
    lead = part.name.startswith("melody") and rng.random() < 0.5
    return replace(part, program=int(pick(rng, LEADS if lead else family)))


def _fewer(rng: np.random.Generator, song: Song) -> Song:
    """Send one or two players home whom the harmony can do without; motifs keep their players."""
    parts = list(song.parts)
    for _ in range(pick(rng, (1, 1, 2))):
        melodies = [p for p in parts if p.name.startswith("melody")]
        chords = [p for p in parts if p.name.startswith("chords")]
        free = [p for p in parts if p.drums] if chords else []
        free += [p for p in parts if p.name == "bass"] if chords else []
        free += chords if len(chords) > 1 else []
        free += melodies if chords and not song.motifs else []
        if not free or len(parts) < 2:
            break
        parts.remove(pick(rng, free))
    return replace(song, parts=tuple(parts))


def _swung(rng: np.random.Generator, song: Song) -> Song:
    """Let straight eighths swing, where quarters are the beat and sixteenths are rare."""
    gaps = np.diff(song.beats_quarters)
    starts = np.concatenate([part.notes[:, 0] for part in song.parts]) % 0.5
    fine = np.mean((starts > 0.1) & (starts < 0.4)) > 0.08
    if (
        not len(gaps)
        or abs(np.median(gaps) - 1) > 1e-6
        or abs(song.beats_quarters[0] % 1) > 1e-6
        or fine
        or swings(song)
    ):
        return song
    middle = weigh(rng, {0.58: 1, 0.62: 1, 2 / 3: 2})

    def late(spans: Spans) -> Spans:
        return tuple((*bend(np.array([a, b]), 1.0, middle).tolist(), label) for a, b, label in spans)  # type: ignore[misc]

    parts = []
    for part in song.parts:
        notes = part.notes.copy()
        notes[:, :2] = bend(notes[:, :2], 1.0, middle)
        pedal = tuple((float(a), float(b)) for a, b in bend(np.array(part.pedal).reshape(-1, 2), 1.0, middle))
        parts.append(replace(part, notes=notes, pedal=pedal))
    return replace(song, parts=tuple(parts), motifs=late(song.motifs), chords=late(song.chords))
