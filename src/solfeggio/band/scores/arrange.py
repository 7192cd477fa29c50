"""Real scores as songs: pieces of the repertoire arranged for players, and any score of the user's own.

The truth is the score's: bars, beats and pick-ups as written, keys by signature and pitch profile, forms by repeat
signs. Chords are found by rule from what sounds together, "X" where that is unclear or one voice is alone.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from solfeggio.band.chance import pick, weigh
from solfeggio.band.scores.harmonise import find_key, label_chords, weigh_pitches
from solfeggio.band.scores.midi_sheet import read_midi_sheet
from solfeggio.band.scores.music21_sheet import read_sheet
from solfeggio.band.scores.repertoire import pieces, read_piece
from solfeggio.band.scores.sheet import Bar, Sheet, beat_quarters, count_beats, play_through, spans_of, unroll
from solfeggio.band.scores.tunes import arrange_tune
from solfeggio.band.song import Part, Song, Spans
from solfeggio.band.style import Style
from solfeggio.errors import DataError, FormatError, unknown
from solfeggio.harte import NAMES, parse_pitch
from solfeggio.notation import Metre

SUFFIXES = {".mid": "MIDI", ".midi": "MIDI", ".xml": "MusicXML", ".musicxml": "MusicXML", ".mxl": "MusicXML",
            ".abc": "ABC"}  # fmt: skip
LONGEST = 600.0  # seconds of a user's score that are played; it is cut at the next bar line
BPM = {"MIDI": 120.0, "MusicXML": 100.0, "ABC": 110.0}  # where a score says nothing
QUICK = {"4/4": 1.6, "3/4": 1.3, "3/8": 2.2, "6/4": 1.8, "3/2": 1.2}  # counts of a dance in short beats come faster
VOICES = ("melody", "voice2", "voice3", "bass")


def score_song(path: str | Path) -> Song:
    """Make a song of a MIDI, MusicXML or ABC file, repeats taken, at the tempi it asks for.

    What comes after ten minutes is left out. Raises ConfigError for other files, FormatError for a damaged one,
    DataError for one without notes, MissingExtra when music21 is needed and not installed.
    """
    path = Path(path)
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise unknown("kind of score", path.suffix, SUFFIXES)
    sheet = read_midi_sheet(path) if kind == "MIDI" else read_sheet(path)
    order, stretch = unroll(sheet.bars)
    order, stretch = (order, stretch) if kind != "MIDI" else (list(range(len(sheet.bars))), [0] * len(sheet.bars))
    bpm = _bpm(sheet) or BPM[kind]
    lengths = np.cumsum([sheet.bars[i].end - sheet.bars[i].start for i in order]) * 60 / bpm
    keep = int(np.searchsorted(lengths, LONGEST)) + 1
    if keep < len(order) or kind != "MIDI":
        sheet = play_through(sheet, order[:keep])
    tempi = tuple((a, b, v) for a, b, v in sheet.tempi if abs(v / bpm - 1) > 1e-3)
    if not sheet.parts:
        raise DataError(f"{path}", "it holds no notes", "give a score with music in it")
    sheet = find_keys(replace(sheet, parts=_named(sheet.parts)), modal=kind == "ABC")
    song = write_song(sheet, bpm, order[:keep], stretch[:keep])
    return replace(song, name=path.stem, style=path.stem, work=path.stem, tempi=tempi)


def compose_score(rng: np.random.Generator, side: str, style: Style) -> Song:
    """Draw a piece of a side from the style's source and arrange it: players, tempo, key, repeats, 40 to 90 seconds.

    Raises MissingExtra without music21.
    """
    shelf: dict[str, list[str]] = {}
    for piece in pieces(style.source):
        if piece.side == side and (not piece.metre or piece.metre in style.metres):
            shelf.setdefault(piece.metre, []).append(piece.name)
    for _ in range(50):
        name = pick(rng, shelf[weigh(rng, {metre: style.metres.get(metre, 1.0) for metre in sorted(shelf)})])
        try:
            sheet = read_piece(name)
        except (FormatError, DataError):
            continue
        song = _arrange(rng, side, style, sheet)
        if song is not None:
            return replace(song, work=name)
    raise DataError(f"no piece of '{style.source}' for side '{side}'", "50 were drawn and none fits", "another style")


def write_song(sheet: Sheet, bpm: float, order: list[int], stretch: list[int]) -> Song:
    """Write down a song with the truth of a sheet in playing order; ``bpm`` counts quarters.

    order: number of each bar on paper. stretch: number of the repeated stretch it belongs to.
    """
    beats, positions = count_beats(sheet.bars)
    end = sheet.bars[-1].end
    keys = spans_of(sheet.bars, "key")
    edges = np.unique(np.concatenate([_edges(sheet.bars, beats), [0.0, end]]))
    chords = label_chords(sheet.parts, edges, keys[0][2]) if keys else ()
    forms = _forms(sheet.bars, order, stretch)
    sections = tuple((a, b, "instrumental") for a, b, _ in forms or ((0.0, end, ""),))
    return Song("score", "score", bpm, sheet.parts, end, beats, positions, chords, sections, keys=keys, forms=forms,
                metres=spans_of(sheet.bars, "metre"))  # fmt: skip


def _arrange(rng: np.random.Generator, side: str, style: Style, sheet: Sheet) -> Song | None:
    """Choose tempo, repeats, excerpt, key and players; None when the piece is not fit to be played."""
    metre = sheet.bars[0].metre
    counted = float(style.tempo[0] * (style.tempo[1] / style.tempo[0]) ** rng.random())
    if style.source == "tunes" or metre == "3/8":
        counted = min(counted * QUICK.get(metre, 1.0), 220.0)
    fastest = 4.5 if any(lead.sings for lead in style.leads) else 8.0
    bpm = _playable(sheet, counted * beat_quarters(Metre.parse(metre)), fastest)
    if style.source == "freedoom":
        bpm = float(np.clip(_bpm(sheet) * rng.uniform(0.88, 1.12), 50, 220))
        sheet = replace(sheet, parts=_named(sheet.parts))
    sheet = find_keys(sheet, modal=style.source == "tunes")
    order, stretch = unroll(sheet.bars, repeats=bool(rng.random() < 0.7))
    order, stretch = _excerpt(rng, sheet.bars, order, stretch, bpm)
    played = play_through(sheet, order)
    if not _complete(played.bars) or not played.parts:
        return None
    shift = 0 if rng.random() < 0.3 else int(rng.integers(-5, 6))
    played = replace(played, parts=tuple(_transposed(part, shift) for part in played.parts))
    played = replace(played, bars=tuple(_in_key(bar, shift) for bar in played.bars))
    rubato = float(style.rubato[0] + (style.rubato[1] - style.rubato[0]) * rng.random())
    if style.source == "tunes":
        song = write_song(replace(played, parts=played.parts[:1]), bpm, order, stretch)
        return replace(arrange_tune(rng, side, style, song), rubato=rubato)
    if style.source == "freedoom":
        return write_song(played, bpm, order, stretch)
    voices = _voices(played.parts)
    if len(voices) != 4:
        return None
    sets = {lead.programs: lead.odds for lead in style.leads}
    programs = weigh(rng, sets)
    parts = tuple(
        replace(_accented(rng, part), name=name, program=programs[min(i, len(programs) - 1)])
        for i, (part, name) in enumerate(zip(voices, VOICES, strict=True))
    )
    return replace(write_song(replace(played, parts=parts), bpm, order, stretch), rubato=rubato)


def _excerpt(
    rng: np.random.Generator, bars: tuple[Bar, ...], order: list[int], stretch: list[int], bpm: float
) -> tuple[list[int], list[int]]:
    """Play short pieces again until they last 40 seconds; of long ones keep 40 to 88 seconds, from a bar on."""
    seconds = np.array([(bars[i].end - bars[i].start) * 60 / bpm for i in order])
    if seconds.sum() < 40:
        again = slice(int(_short(bars[order[0]]) and not _short(bars[order[-1]])), None)
        times = int(np.ceil(40 / seconds.sum())) - 1
        return order + order[again] * times, stretch + stretch[again] * times
    if seconds.sum() <= 90:
        return order, stretch
    length = rng.uniform(42, 88)
    latest = max(0, int(np.searchsorted(np.cumsum(seconds), seconds.sum() - length)))
    first = 0 if rng.random() < 0.4 else int(rng.integers(latest + 1))
    if first and _short(bars[order[first - 1]]) and order[first] == order[first - 1] + 1:
        first -= 1  # a pick-up goes with its bar
    last = first + max(1, int(np.searchsorted(np.cumsum(seconds[first:]), length)))
    return order[first:last], stretch[first:last]


def _playable(sheet: Sheet, bpm: float, fastest: float) -> float:
    """Keep the busiest part between 1.5 and ``fastest`` notes a second."""
    busiest = max(len(np.unique(part.notes[:, 0])) for part in sheet.parts) / sheet.bars[-1].end
    return float(np.clip(bpm, 90 / busiest, 60 * fastest / busiest))


def _short(bar: Bar) -> bool:
    metre = Metre.parse(bar.metre)
    return bar.end - bar.start < metre.beats * 4 / metre.unit - 1e-3


def _complete(bars: tuple[Bar, ...]) -> bool:
    """Whether every bar but the first and the last has all its beats."""
    _, positions = count_beats(bars)
    counts = {round(Metre.parse(b.metre).beats * 4 / Metre.parse(b.metre).unit / beat_quarters(Metre.parse(b.metre)))
              for b in bars}  # fmt: skip
    downs = np.flatnonzero(positions == 1)
    follow = np.diff(positions) == 1
    follow[downs[downs > 0] - 1] = [positions[i - 1] in counts for i in downs[downs > 0]]
    return bool(len(downs) > 3 and follow.all())


def _transposed(part: Part, shift: int) -> Part:
    if part.drums or not shift:
        return part
    notes = part.notes.copy()
    notes[:, 2] = np.clip(notes[:, 2] + shift, 0, 127)
    return replace(part, notes=notes)


def _in_key(bar: Bar, shift: int) -> Bar:
    """Move a key by semitones."""
    name, _, mode = bar.key.partition(":")
    return replace(bar, key=f"{NAMES[(parse_pitch(name) + shift) % 12]}:{mode}") if name else bar


def _voices(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Four voices from top to bottom: the last four when there are more; () when they are not in order."""
    voices = tuple(part for part in parts if not part.drums)[-4:]
    centres = [float(np.median(part.notes[:, 2])) for part in voices]
    return voices if len(voices) == 4 and centres == sorted(centres, reverse=True) else ()


def _accented(rng: np.random.Generator, part: Part) -> Part:
    """Lean on the beats a little; a written dynamic stays what it is."""
    notes = part.notes.copy()
    lean = rng.uniform(2, 9)
    on = np.abs(notes[:, 0] - np.round(notes[:, 0])) < 0.02
    notes[:, 3] = np.clip(notes[:, 3] * rng.uniform(0.9, 1.1) + lean * on, 20, 120)
    return replace(part, notes=notes)


def find_keys(sheet: Sheet, modal: bool = False) -> Sheet:
    """Find the key of each stretch of one signature, from all its notes; ``modal`` as in ``harmonise.find_key``."""
    edges = [0] + [i for i in range(1, len(sheet.bars)) if sheet.bars[i].fifths != sheet.bars[i - 1].fifths]
    notes = np.concatenate([part.notes for part in sheet.parts if not part.drums] or [np.zeros((0, 4))])
    bars: list[Bar] = []
    for first, after in zip(edges, [*edges[1:], len(sheet.bars)], strict=True):
        start, end = sheet.bars[first].start, sheet.bars[after - 1].end
        weights = weigh_pitches(sheet.parts, np.array([start, end]))[0]
        final = notes[(notes[:, 0] >= start - 1e-6) & (notes[:, 0] < end)][:, [0, 2]]
        last = int(final[final[:, 0] == final[:, 0].max(), 1].min()) % 12 if len(final) else None
        key = find_key(weights, sheet.bars[first].fifths, sheet.bars[first].mode, last, modal) if len(final) else ""
        bars += [replace(bar, key=key) for bar in sheet.bars[first:after]]
    return replace(sheet, bars=tuple(bars))


def _edges(bars: tuple[Bar, ...], beats: np.ndarray) -> np.ndarray:
    """Beats, and the halves of those longer than a dotted quarter; where chords may change."""
    steps = np.diff(np.append(beats, bars[-1].end))
    return np.sort(np.concatenate([beats, (beats + steps / 2)[(steps > 1.6) & (steps < 4)]]))


def _forms(bars: tuple[Bar, ...], order: list[int], stretch: list[int]) -> Spans:
    """Letters of the repeated stretches: a new span whenever one begins, again or not; () when there is only one."""
    firsts = [0] + [i for i in range(1, len(bars)) if stretch[i] != stretch[i - 1] or order[i] <= order[i - 1]]
    if len(firsts) > 1 and firsts[1] == 1 and _short(bars[0]):
        firsts = [0, *firsts[2:]]  # a pick-up in front of the first stretch belongs to it
        stretch = [stretch[1], *stretch[1:]]
    if len(firsts) == 1:
        return ()
    letters: dict[int, str] = {}
    spans: list[tuple[float, float, str]] = []
    for first, after in zip(firsts, [*firsts[1:], len(bars)], strict=True):
        letter = letters.setdefault(stretch[first], chr(ord("A") + min(len(letters), 25)))
        spans.append((bars[first].start, bars[after - 1].end, letter))
    return tuple(spans)


def _bpm(sheet: Sheet) -> float:
    """Mean quarters a minute of a score as marked; 0 where nothing is."""
    minutes = sum((b - a) / v for a, b, v in sheet.tempi)
    return sum(b - a for a, b, _ in sheet.tempi) / minutes if minutes > 0 else 0.0


def _named(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Name the parts of a score by what they do: drums, bass, melody, chords, riff."""
    names: list[str] = []
    roles = [_role(part) for part in parts]
    lines = [i for i, role in enumerate(roles) if role == "riff" and parts[i].program < 96 and parts[i].program != 47]
    if "melody" not in roles and lines:  # the highest single line leads
        roles[max(lines, key=lambda i: float(np.median(parts[i].notes[:, 2])))] = "melody"
    for role in roles:
        again = sum(name.rstrip("0123456789") == role for name in names)
        names.append(role if not again else f"{role}{again + 1}")
    return tuple(replace(part, name=name) for part, name in zip(parts, names, strict=True))


def _role(part: Part) -> str:
    if part.drums:
        return "drums"
    name = part.name.lower()
    if 32 <= part.program < 40 or "bass" in name:
        return "bass"
    if any(word in name for word in ("melody", "vocal", "lead", "voice", "sopran", "solo")):
        return "melody"
    together = len(np.unique(np.round(part.notes[:, 0], 2))) < 0.8 * len(part.notes)
    return "chords" if together else "riff"
