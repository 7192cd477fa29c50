"""Scores as files, pictures and sound: MIDI, MusicXML and ABC in and out, SVG by verovio, played by the band."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio.band.scores.abc_text import abc
from solfeggio.band.scores.arrange import BPM, SUFFIXES, find_keys
from solfeggio.band.scores.midi_sheet import read_midi_sheet
from solfeggio.band.scores.music21_sheet import read_sheet
from solfeggio.band.scores.musicxml import musicxml, packed
from solfeggio.band.scores.sheet import Bar, Sheet, count_beats, play_through, spans_of, unroll
from solfeggio.band.scores.staves import chord_changes
from solfeggio.band.song import Song
from solfeggio.errors import DataError, FormatError, MissingExtra, NotationError, unknown
from solfeggio.files import write_bytes
from solfeggio.harte import NAMES, bass, fifths, pitch_classes
from solfeggio.notation import Metre, Part, Score, Spans

TICKS = 480  # of MIDI, in a quarter
TONICS = {"major": 0, "ionian": 0, "minor": 9, "aeolian": 9, "dorian": 2, "phrygian": 4, "lydian": 5, "mixolydian": 7}
SHORT = {"major": "maj", "ionian": "maj", "minor": "min", "aeolian": "min", "dorian": "dor", "phrygian": "phr",
         "lydian": "lyd", "mixolydian": "mix"}  # fmt: skip


def read_score(path: str | Path) -> Score:
    """Read a MIDI (.mid, .midi), MusicXML (.xml, .musicxml, .mxl) or ABC (.abc) file, repeats written out.

    Its tempo is the mean of those it asks for. Raises ConfigError for another suffix, FormatError for a file that is
    damaged or not there, DataError for one without notes, MissingExtra where music21 is needed and not installed.
    """
    path = Path(path)
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise unknown("kind of score", path.suffix, SUFFIXES)
    sheet = read_midi_sheet(path, whole=True) if kind == "MIDI" else read_sheet(path)
    if kind == "MIDI":
        sheet = replace(sheet, title=path.stem, bars=_midi_bars(sheet.bars))
    elif any(bar.opens or bar.closes or bar.endings for bar in sheet.bars):
        sheet = play_through(sheet, unroll(sheet.bars)[0])
    if not sheet.parts:
        raise DataError(f"{path}", "it holds no notes", "give a score with music in it")
    return _score(sheet, BPM[kind])


def write_score(score: Score, path: str | Path) -> None:
    """Write a score as MIDI, MusicXML or ABC, by the suffix of ``path``; whole or not at all.

    ABC holds one melody. Raises ConfigError for another suffix, NotationError for what the format cannot hold,
    FormatError when the path cannot be written to.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise unknown("kind of score", suffix, SUFFIXES)
    if suffix == ".mxl":
        data = packed(score)
    else:
        write: dict[str, Callable[[Score], bytes]] = {
            "MIDI": _midi, "MusicXML": musicxml, "ABC": lambda score: abc(score).encode(),
        }  # fmt: skip
        data = write[SUFFIXES[suffix]](score)
    write_bytes(path, data, FormatError)


def engrave(score: Score, width: int = 1000) -> str:
    """Draw a score as one SVG, ``width`` pixels wide and as high as it needs; raises MissingExtra without verovio."""
    try:
        import verovio
    except ImportError:
        raise MissingExtra("drawing notes", "it needs verovio", "pip install 'solfeggio[scores]'") from None
    verovio.enableLog(verovio.LOG_OFF)
    kit = verovio.toolkit()
    kit.setOptions({"pageWidth": max(width, 200) * 2, "scale": 50, "pageHeight": 60000, "adjustPageHeight": True,
                    "header": "none", "footer": "none", "breaks": "auto", "xmlIdSeed": 1})  # fmt: skip
    if not kit.loadData(musicxml(score).decode()):
        raise NotationError(f"'{score.title}' cannot be drawn", "verovio does not read it", "write it as MIDI")
    pages = [kit.renderToSVG(i + 1) for i in range(kit.getPageCount())]
    return pages[0] if len(pages) == 1 else _stacked(pages)


def play(score: Score, seed: int = 0, family: str = "A", rate: int = 44100) -> tuple[np.ndarray, int]:
    """Let the band play a score: samples (2, n) float32 and their rate; the same for the same seed.

    A melody with chords is accompanied on them. family: of sound banks, see ``record``; without them the plain
    synthesiser plays. Raises NotationError when there is nothing to play.
    """
    from solfeggio.band.perform import perform
    from solfeggio.band.record import record

    song = to_song(score)
    performance = perform(np.random.default_rng([seed, 0]), song)
    try:
        recording = record(performance, np.random.default_rng([seed, 1]), family=family, rate=rate, keep_stems=False)
    except MissingExtra:
        rng = np.random.default_rng([seed, 1])
        recording = record(performance, rng, family="sketch", rate=rate, keep_stems=False)
    return recording.samples, recording.rate


def to_song(score: Score) -> Song:
    """Give the band a score to play: bars counted in beats, a melody with chords accompanied."""
    parts = tuple(part for part in score.parts if len(part.notes))
    if not parts:
        raise NotationError(f"'{score.title}' cannot be played", "it holds no notes", "give a melody")
    comp = _comp(score)
    if len(parts) == 1 and not parts[0].drums and len(comp.notes):
        parts = (replace(parts[0], name="melody"), comp)
    lines = score.bar_lines()
    names = [next(label for start, _, label in reversed(score.metres) if start < line + 1e-6) for line in lines[1:]]
    if score.pickup_quarters and len(names) > 1:
        names[0] = names[1]
    bars = tuple(Bar(a, b, name) for a, b, name in zip(lines[:-1].tolist(), lines[1:].tolist(), names, strict=True))
    beats, positions = count_beats(bars)
    end = float(score.length_quarters)
    sections = ((0.0, end, "instrumental"),)
    return Song(score.title, "score", score.bpm, parts, end, beats, positions, score.chords, sections,
                keys=score.keys, metres=score.metres)  # fmt: skip


def _comp(score: Score) -> Part:
    """Block chords around C4 over their bass, struck where they change and on every bar line."""
    lines = score.bar_lines()
    rows: list[tuple[float, float, float, float]] = []
    for start, end, label in score.chords:
        edges = [start, *lines[(lines > start + 1e-6) & (lines < end - 1e-6)].tolist(), end]
        for first, last in pairwise(edges) if label not in ("N", "X") else ():
            tones = [40 + (bass(label) - 4) % 12, *(55 + (tone - 7) % 12 for tone in pitch_classes(label))]
            rows += [(first, last - 0.05, float(tone), 55.0) for tone in dict.fromkeys(tones) if last - first > 0.1]
    return Part("chords", 0, np.array(sorted(rows)).reshape(-1, 4))


def _midi_bars(bars: tuple[Bar, ...]) -> tuple[Bar, ...]:
    """Take a first bar in a shorter metre of its own as a pick-up."""
    if len(bars) > 1 and bars[0].metre != bars[1].metre and _size(bars[0]) < _size(bars[1]):
        return (replace(bars[0], metre=bars[1].metre), *bars[1:])
    return bars


def _score(sheet: Sheet, bpm: float) -> Score:
    sheet = _with_keys(sheet)
    metres, pickup = _metres(sheet.bars)
    minutes = sum((b - a) / v for a, b, v in sheet.tempi)
    marked = sum(b - a for a, b, _ in sheet.tempi) / minutes if minutes > 0 else bpm
    parts = tuple(
        replace(part, name=part.name or (f"part{i + 1}" if len(sheet.parts) > 1 else "melody"))
        for i, part in enumerate(sheet.parts)
    )
    if len(parts) == 1 and parts[0].name == "part1":
        parts = (replace(parts[0], name="melody"),)
    end = sheet.bars[-1].end
    parts = tuple(replace(part, notes=np.minimum(part.notes, [np.inf, end, np.inf, np.inf])) for part in parts)
    return Score(sheet.title, round(marked, 3), parts, end, metres, spans_of(sheet.bars, "key"), sheet.chords, pickup)


def _with_keys(sheet: Sheet) -> Sheet:
    """Name the keys that are written; where only the signature is, the one of its keys that the notes fit."""
    guessed = find_keys(sheet, modal=True)
    bars = []
    for bar, guess in zip(sheet.bars, guessed.bars, strict=True):
        key = "" if bar.fifths is None else guess.key
        if bar.fifths is not None and bar.mode in TONICS:
            key = f"{NAMES[(7 * bar.fifths + TONICS[bar.mode]) % 12]}:{SHORT[bar.mode]}"
        bars.append(replace(bar, key=key))
    return replace(sheet, bars=tuple(bars))


def _metres(bars: tuple[Bar, ...]) -> tuple[Spans, float]:
    """Spans of metres and the pick-up; a span ends after a bar that is not whole. Halves of a bar are joined."""
    whole: list[Bar] = []
    for bar in bars:
        last = whole[-1] if len(whole) > 1 else None
        if last and last.metre == bar.metre and last.end - last.start + bar.end - bar.start <= _size(bar) + 1e-3:
            whole[-1] = replace(last, end=bar.end)
        else:
            whole.append(bar)
    first = whole[0].end - whole[0].start
    pickup = first if len(whole) > 1 and first < _size(whole[0]) - 1e-3 else 0.0
    spans: list[tuple[float, float, str]] = []
    joined = False
    for i, bar in enumerate(whole):
        if joined and spans[-1][2] == bar.metre:
            spans[-1] = (spans[-1][0], bar.end, bar.metre)
        else:
            spans.append((bar.start, bar.end, bar.metre))
        joined = (i == 0 and pickup > 0) or abs(bar.end - bar.start - _size(bar)) < 1e-3
    return tuple(spans), pickup


def _size(bar: Bar) -> float:
    metre = Metre.parse(bar.metre)
    return metre.beats * 4 / metre.unit


def _midi(score: Score) -> bytes:
    """Write MIDI: a pick-up is a first bar with a signature of its own, chords are markers."""
    import symusic

    made: Any = symusic.Score(TICKS)
    made.tempos.append(symusic.Tempo(0, qpm=score.bpm))
    metres = [(start, Metre.parse(label)) for start, _, label in score.metres]
    if score.pickup_quarters:
        unit = next((u for u in (4, 8, 16, 32) if (score.pickup_quarters * u / 4) % 1 == 0), 0)
        if not unit:
            why = f"its pick-up of {score.pickup_quarters:g} quarters has no time signature"
            raise NotationError(f"'{score.title}' cannot be written as MIDI", why, "write MusicXML")
        metres = [(0.0, Metre(round(score.pickup_quarters * unit / 4), unit)),
                  (score.pickup_quarters, metres[0][1]), *metres[1:]]  # fmt: skip
    for start, metre in metres:
        made.time_signatures.append(symusic.TimeSignature(_tick(start), metre.beats, metre.unit))
    for start, _, label in score.keys:
        made.key_signatures.append(symusic.KeySignature(_tick(start), fifths(label), int(label.endswith(":min"))))
    for tick, label in chord_changes(score):
        made.markers.append(symusic.TextMeta(tick * TICKS // 24, label))
    for part in score.parts:
        track: Any = symusic.Track(part.name, part.program, part.drums)
        for begins, ends, pitch, velocity in part.notes.tolist():
            first = _tick(begins)
            length, loud = max(_tick(ends) - first, 1), min(max(round(velocity), 1), 127)
            track.notes.append(symusic.Note(first, length, round(pitch), loud))
        for pressed, let in part.pedal:
            track.controls.append(symusic.ControlChange(_tick(pressed), 64, 127))
            track.controls.append(symusic.ControlChange(_tick(let), 64, 0))
        made.tracks.append(track)
    return bytes(made.dumps_midi())


def _tick(quarters: float) -> int:
    return round(quarters * TICKS)


def _stacked(pages: list[str]) -> str:
    """Put pages under each other in one drawing."""
    bodies, top, wide = [], 0.0, 0.0
    for page in pages:
        body = page[page.index("<svg") :]
        size = {name: float(found) for name, found in re.findall(r'\b(width|height)="([\d.]+)px"', body[:500])}
        bodies.append(body.replace("<svg", f'<svg y="{top:g}"', 1))
        top, wide = top + size["height"], max(wide, size["width"])
    inside = "\n".join(bodies)
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:g}px" height="{top:g}px">{inside}</svg>'
