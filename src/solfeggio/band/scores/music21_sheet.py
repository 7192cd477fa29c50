"""MusicXML and ABC as sheets, read by music21.

Ties are joined, grace notes are left out; bars and repeat signs are those of the first staff; chord
symbols are Harte labels: "N" for N.C., "X" for chords that have none.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio.band.scores.sheet import Bar, Sheet, play_through
from solfeggio.band.song import Part, Spans
from solfeggio.errors import DataError, FormatError, MissingExtra
from solfeggio.harte import NAMES, QUALITIES, over

DRUMS = {  # line or space of a drum: its General MIDI key, as ``engraving.PLACES`` writes them
    "F4": 36, "C5": 38, "G5": 42, "D4": 44, "A4": 43, "D5": 47, "E5": 50, "A5": 49, "B5": 55, "F5": 51,
}  # fmt: skip


def read_sheet(path: Path) -> Sheet:
    """Read a MusicXML (.xml, .musicxml, .mxl) or ABC file, of several tunes the first.

    Raises FormatError when music21 cannot read it, DataError when it holds no notes, MissingExtra without music21.
    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise FormatError(f"{path} cannot be read", problem.strerror or str(problem), "check the name") from None
    if path.suffix.lower() == ".abc":
        stretches = _stretches(_known_chords(data.decode("utf-8", "replace").replace("\r\n", "\n")))
        tied = [bool(re.search(r"-[\s|:\]]*$", stretch)) for stretch in stretches]
        return _joined([read_abc(stretch, str(path)) for stretch in stretches], tied)
    score = _parse(str(path), "", "musicxml", str(path))
    return _sheet(score, getattr(score.metadata, "title", None) or path.stem, str(path))


def _stretches(text: str) -> list[str]:
    """Cut a tune with one voice where its key or metre changes, which music21 leaves out, and head each stretch."""
    head, mark, body = re.split(r"^(K:.*\n?)", text, maxsplit=1, flags=re.MULTILINE) if "K:" in text else (text, "", "")
    body = re.split(r"\n\s*\n", body)[0]  # the first tune of several
    cut = re.split(r"^([KM]:.*)$|\[([KM]:[^\]\n]*)\]", body, flags=re.MULTILINE)
    if len(cut) == 1 or re.search(r"^V:|\[V:", body, re.MULTILINE):
        return [text]
    fields = {"K": mark.strip(), "M": next(iter(re.findall(r"^M:.*$", head, re.MULTILINE)), "M:4/4")}
    if not re.search(r"^L:", head, re.MULTILINE):
        top, _, bottom = fields["M"][2:].strip().partition("/")
        short = top.isdecimal() and bottom.isdecimal() and int(top) / int(bottom) < 0.75
        head += "L:1/16\n" if short else "L:1/8\n"
    head = re.sub(r"^M:.*\n", "", head, flags=re.MULTILINE)
    made: list[str] = []
    before = ""
    for line, inline, music in zip(["", *cut[1::3]], ["", *cut[2::3]], cut[::3], strict=True):
        field = line or inline or ""
        if re.match(r"M:|K:\s*[A-G]", field):
            fields[field[0]] = field
        before += music.strip() + "\n"
        if re.search(r"[A-Ga-g]", re.sub(r'"[^"]*"|^\w:.*', "", before, flags=re.MULTILINE)):
            made.append(f"{head}{fields['M']}\n{fields['K']}\n{before}")
            before = ""
    return [*made[:-1], made[-1] + before] if made else [text]


def _joined(sheets: list[Sheet], tied: list[bool]) -> Sheet:
    """Put sheets of one part each after one another. tied: whether the last note of each goes on in the next."""
    whole = sheets[0]
    for sheet, held in zip(sheets[1:], tied, strict=False):
        at, end = whole.bars[-1].end, whole.bars[-1].end + sheet.bars[-1].end
        first, more = whole.parts[0].notes.copy(), sheet.parts[0].notes + np.array([at, at, 0, 0])
        if held and first[-1, 2] == more[0, 2] and abs(first[-1, 1] - at) + abs(more[0, 0] - at) < 1e-6:
            first[-1, 1], more = more[0, 1], more[1:]
        chords, changes = list(whole.chords), [(a + at, b + at, label) for a, b, label in sheet.chords]
        if chords:  # a chord goes on until the next
            chords[-1] = (chords[-1][0], changes[0][0] if changes else end, chords[-1][2])
        bars = tuple(replace(bar, start=bar.start + at, end=bar.end + at) for bar in sheet.bars)
        parts = (replace(whole.parts[0], notes=np.concatenate([first, more])),)
        whole = replace(whole, bars=whole.bars + bars, parts=parts, chords=(*chords, *changes))
    return whole


def _known_chords(text: str) -> str:
    """Write the chord symbols of ABC as music21 knows them."""

    def figure(found: re.Match[str]) -> str:
        name = re.sub(r"[()]", "", found[0])
        for usual, known in (("mmaj7", "mM7"), ("maj9", "M9"), ("maj13", "M13"), ("6/9", "69"), ("69", "6add9")):
            name = name.replace(usual, known)
        return name

    return re.sub(r'"[A-G][^"\n]*"', figure, text)


def read_abc(text: str, name: str) -> Sheet:
    """Read one tune in ABC notation; raises as ``read_sheet``."""
    score = _parse("", text, "abc", name)
    title = next((line[2:].strip() for line in text.splitlines() if line.startswith("T:")), name)
    sheet = _sheet(score, title, name)
    fields = re.findall(r"(?:^|\[)M:\s*([^\]\s]+)", text, re.MULTILINE)
    named = {{"C": "4/4", "C|": "2/2"}.get(field, field) for field in fields}
    return _without_strays(sheet, named)


def _without_strays(sheet: Sheet, named: set[str]) -> Sheet:
    """Drop the empty bars that music21 makes of some endings, in metres that the tune does not name."""
    if not {bar.metre for bar in sheet.bars} - named or not named & {bar.metre for bar in sheet.bars}:
        return sheet
    starts = np.concatenate([part.notes[:, 0] for part in sheet.parts])
    order: list[int] = []
    bars: list[Bar] = []
    for number, bar in enumerate(sheet.bars):
        bars.append(bar if bar.metre in named or not bars else replace(bar, metre=bars[-1].metre))
        if bar.metre in named or ((starts > bar.start - 1e-6) & (starts < bar.end - 1e-6)).any():
            order.append(number)
    return play_through(replace(sheet, bars=tuple(bars)), order)


def _parse(path: str, text: str, form: str, name: str) -> Any:
    try:
        from music21 import converter
    except ImportError:
        raise MissingExtra(f"reading {name}", "it needs music21", "pip install solfeggio[scores]") from None
    reader = converter.Converter()
    try:
        if path:
            reader.parseFileNoPickle(path, format=form, storePickle=False)
        else:
            reader.parseData(text, format=form)
        return reader.stream
    except Exception as problem:  # music21 raises anything on a damaged file
        raise FormatError(f"{name} cannot be read", f"{type(problem).__name__}: {problem}", "get it again") from None


def _sheet(score: Any, title: str, name: str) -> Sheet:
    scores = list(getattr(score, "scores", None) or ())
    score = scores[0] if scores else score
    staves = list(getattr(score, "parts", None) or ()) or [score]
    bars = _bars(staves[0])
    parts = tuple(part for i, staff in enumerate(staves) if len((part := _part(staff, i)).notes))
    if not parts or not bars:
        raise DataError(f"{name}", "it holds no notes", "give a score with music in it")
    end = bars[-1].end
    parts = tuple(replace(p, notes=p.notes[p.notes[:, 0] < end - 1e-6]) for p in parts)
    return Sheet(title, bars, parts, _tempi(score, end), _chords(score, end))


def _bars(staff: Any) -> tuple[Bar, ...]:
    """Bars of a staff with their signatures, repeat signs and endings."""
    from music21 import bar as lines
    from music21 import key, stream

    if not staff.getElementsByClass(stream.Measure):
        staff = staff.makeMeasures()
    measures = list(staff.getElementsByClass(stream.Measure))
    endings: dict[int, tuple[int, ...]] = {}
    for bracket in staff.recurse().getElementsByClass("RepeatBracket"):
        for measure in bracket.getSpannedElements():
            endings[id(measure)] = tuple(int(n) for n in bracket.numberRange)
    starts = [float(m.offset) for m in measures]
    ends = [*starts[1:], starts[-1] + float(measures[-1].duration.quarterLength)] if measures else []
    metre, fifths, mode = "4/4", None, ""
    bars: list[Bar] = []
    for measure, start, end in zip(measures, starts, ends, strict=True):
        if measure.timeSignature is not None:
            metre = f"{measure.timeSignature.numerator}/{measure.timeSignature.denominator}"
        if measure.keySignature is not None:
            fifths = int(measure.keySignature.sharps)
            mode = measure.keySignature.mode if isinstance(measure.keySignature, key.Key) else ""
        left, right = measure.leftBarline, measure.rightBarline
        opens = isinstance(left, lines.Repeat) and left.direction == "start"
        closes = isinstance(right, lines.Repeat) and right.direction == "end"
        if end > start + 1e-6:
            bars.append(Bar(start, end, metre, fifths, mode, opens, closes, endings.get(id(measure), ())))
    return tuple(bars)


def _part(staff: Any, number: int) -> Part:
    """Notes of a staff, ties joined; grace notes are left out, chord symbols are no notes."""
    from music21 import dynamics, harmony, note

    flat = staff.flatten()
    marks = [(float(d.offset), 127 * float(d.volumeScalar)) for d in flat.getElementsByClass(dynamics.Dynamic)]
    rows: list[list[float]] = []
    held: dict[float, list[float]] = {}
    beaten = 0
    for item in flat.notes:
        length = float(item.duration.quarterLength)
        if length <= 0 or isinstance(item, harmony.ChordSymbol):
            continue
        start = float(item.offset)
        loud = next((v for at, v in reversed(marks) if at <= start + 1e-6), 80.0)
        for one in item.notes if hasattr(item, "notes") else (item,):
            if isinstance(one, note.Note):
                pitch = float(round(one.pitch.ps))
            else:
                key = getattr(getattr(one, "storedInstrument", None), "percMapPitch", None)
                drawn = DRUMS.get(f"{one.displayStep}{one.displayOctave}", 38) if hasattr(one, "displayStep") else 38
                pitch, beaten = float(drawn if key is None else key), beaten + 1
            before = held.get(pitch)
            tied = one.tie is not None and one.tie.type in ("stop", "continue")
            if tied and before is not None and abs(before[1] - start) < 1e-3:
                before[1] = start + length
                continue
            held[pitch] = [start, start + length, pitch, loud]
            rows.append(held[pitch])
    notes = np.array(sorted(rows)).reshape(-1, 4)
    notes = notes[(notes[:, 2] >= 0) & (notes[:, 2] <= 127)]
    instrument = staff.getInstrument(returnDefault=True)
    program = instrument.midiProgram
    drums = beaten > len(rows) / 2 or instrument.midiChannel == 9
    return Part(
        "drums" if drums else staff.partName or f"part{number + 1}", 0 if drums else int(program or 0), notes, drums
    )


def _chords(score: Any, end: float) -> Spans:
    """Chord symbols as spans, each until the next."""
    from music21 import harmony

    marks: dict[float, str] = {}
    for symbol in score.flatten().getElementsByClass(harmony.ChordSymbol):
        if float(symbol.offset) < end - 1e-6:
            marks[float(symbol.offset)] = _label(symbol, isinstance(symbol, harmony.NoChord))
    starts = sorted(marks)
    spans: list[tuple[float, float, str]] = []
    for start, stop in zip(starts, [*starts[1:], end], strict=False):
        if spans and spans[-1][2] == marks[start]:
            spans[-1] = (spans[-1][0], stop, marks[start])
        else:
            spans.append((start, stop, marks[start]))
    return tuple(spans)


def _label(symbol: Any, silent: bool) -> str:
    """Name a chord symbol by its pitch classes over the root, with or without those of its bass."""
    if silent:
        return "N"
    try:
        low, lowest = int(symbol.root().pitchClass), int(symbol.bass().pitchClass)
        steps = {(int(pitch.pitchClass) - low) % 12 for pitch in symbol.pitches}
    except Exception:  # music21 raises anything on a chord that it cannot spell
        return "X"
    for found in (steps, steps - {(lowest - low) % 12}):
        quality = next((name for name, known in QUALITIES.items() if set(known) == found), "")
        if quality:
            return over(f"{NAMES[low]}:{quality}", lowest)
    return "X"


def _tempi(score: Any, end: float) -> tuple[tuple[float, float, float], ...]:
    """Metronome marks as spans; before the first one nothing is known."""
    from music21 import tempo

    marks: dict[float, float] = {}
    for mark in score.flatten().getElementsByClass(tempo.MetronomeMark):
        bpm = mark.getQuarterBPM()
        if bpm and 10 <= bpm <= 800 and float(mark.offset) < end:
            marks[float(mark.offset)] = float(bpm)
    starts = sorted(marks)
    return tuple((a, b, marks[a]) for a, b in zip(starts, [*starts[1:], end], strict=False))
