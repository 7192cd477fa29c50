"""Scores as MusicXML 4.0: every part with its voices, chord symbols over the first, keys, metres, pick-up, tempo."""

from __future__ import annotations

import io
import zipfile
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from solfeggio.band.engraving import PLACES
from solfeggio.band.instruments import drum, instrument
from solfeggio.band.scores.staves import (
    QUARTER,
    VALUES,
    Measure,
    Piece,
    beat_ticks,
    lay_out,
    measures,
    signature,
    spelled,
)
from solfeggio.formats.lead_sheet import ADDED, KINDS, MODES
from solfeggio.harte import fifths, read, spell, symbol
from solfeggio.notation import Part, Score

OWN = {  # music21's words for chords, in MusicXML's
    "dominant-seventh": "dominant", "half-diminished-seventh": "half-diminished", "minor-major-seventh": "major-minor",
}  # fmt: skip
ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
DOCTYPE = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n'
)
CONTAINER = (
    f'{HEAD}<container><rootfiles><rootfile full-path="score.musicxml" '
    'media-type="application/vnd.recordare.musicxml+xml"/></rootfiles></container>'
)


def musicxml(score: Score) -> bytes:
    """Write a score as the bytes of a MusicXML file; raises NotationError for one without bars."""
    bars = measures(score)
    root = Element("score-partwise", version="4.0")
    SubElement(SubElement(root, "work"), "work-title").text = _plain(score.title) or "Untitled"
    encoding = SubElement(SubElement(root, "identification"), "encoding")
    SubElement(encoding, "software").text = "Solfeggio"
    listed = SubElement(root, "part-list")
    parts = score.parts or (Part("melody", 0, np.zeros((0, 4))),)
    for i, part in enumerate(parts):
        _list_part(listed, i + 1, part)
    for i, part in enumerate(parts):
        _part(SubElement(root, "part", id=f"P{i + 1}"), i, part, bars, score.bpm)
    indent(root)
    return (HEAD + DOCTYPE).encode() + tostring(root, encoding="utf-8")


def packed(score: Score) -> bytes:
    """Write a score as the bytes of a compressed MusicXML file (.mxl)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in (("META-INF/container.xml", CONTAINER.encode()), ("score.musicxml", musicxml(score))):
            file.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _plain(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _add(parent: Element, tag: str, content: object = None, /, **attributes: str) -> Element:
    child = SubElement(parent, tag, attributes)
    child.text = None if content is None else str(content)
    return child


def _list_part(listed: Element, number: int, part: Part) -> None:
    entry = _add(listed, "score-part", id=f"P{number}")
    _add(entry, "part-name", _plain(part.name) or f"Part {number}")
    keys = sorted({round(pitch) for pitch in part.notes[:, 2]}) if part.drums else [None]
    for key in keys:
        name = instrument(part.program) if key is None else drum(key)
        _add(_add(entry, "score-instrument", id=_player(number, key)), "instrument-name", name)
    for key in keys:
        player = _add(entry, "midi-instrument", id=_player(number, key))
        _add(player, "midi-channel", 10 if part.drums else (number - 1) % 9 + 1)
        _add(player, "midi-program", part.program % 128 + 1)
        if key is not None:
            _add(player, "midi-unpitched", key + 1)


def _player(number: int, key: int | None) -> str:
    return f"P{number}-I{1 if key is None else key + 1}"


def _part(parent: Element, number: int, part: Part, bars: list[Measure], bpm: float) -> None:
    before: Measure | None = None
    for bar, voices in zip(bars, lay_out(part, bars), strict=True):
        more = {"implicit": "yes"} if not bar.number else {}
        place = _add(parent, "measure", number=str(bar.number), **more)
        _attributes(place, bar, before, part)
        if before is None and number == 0:
            _tempo(place, bpm)
        sounding = signature("" if part.drums else bar.key)
        for voice, pieces in enumerate(voices):
            if voice:
                _add(_add(place, "backup"), "duration", bar.length)
            beams = _beams(pieces, bar)
            for piece, beam in zip(pieces, beams, strict=True):
                if number == 0 and voice == 0:
                    for tick, label in bar.chords:
                        if piece.start <= tick < piece.start + piece.length:
                            _harmony(place, label, bar.key, tick - piece.start)
                _note(place, piece, beam, voice + 1, bar, part, number + 1, sounding)
        before = bar


def _attributes(place: Element, bar: Measure, before: Measure | None, part: Part) -> None:
    key = bar.key if bar.key and not part.drums and (before is None or bar.key != before.key) else ""
    metre = before is None or bar.metre != before.metre
    if not (key or metre):
        return
    attributes = _add(place, "attributes")
    if before is None:
        _add(attributes, "divisions", QUARTER)
    if key:
        signed = _add(attributes, "key")
        _add(signed, "fifths", fifths(key))
        _add(signed, "mode", MODES.get(key.partition(":")[2], "major"))
    if metre:
        time = _add(attributes, "time")
        _add(time, "beats", bar.metre.beats)
        _add(time, "beat-type", bar.metre.unit)
    if before is None:
        clef = _add(attributes, "clef")
        low = len(part.notes) and float(np.median(part.notes[:, 2])) < 57
        _add(clef, "sign", "percussion" if part.drums else "F" if low else "G")
        if not part.drums:
            _add(clef, "line", 4 if low else 2)


def _tempo(place: Element, bpm: float) -> None:
    direction = _add(place, "direction", placement="above")
    mark = _add(_add(direction, "direction-type"), "metronome")
    _add(mark, "beat-unit", "quarter")
    _add(mark, "per-minute", f"{bpm:.6g}")
    _add(direction, "sound", tempo=f"{bpm:.6g}")


def _harmony(place: Element, label: str, key: str, offset: int) -> None:
    harmony = _add(place, "harmony")
    if label in ("N", "X"):
        root = _add(harmony, "root")
        _add(root, "root-step", "C", text="")
        _add(harmony, "kind", "none", text="N.C.")
    else:
        low, _, lowest = read(label)
        quality = label.partition("/")[0].partition(":")[2] or "maj"
        plain, added = ADDED.get(quality, (quality, ()))
        _pitch_name(_add(harmony, "root"), "root", spell(low, key))
        kind = KINDS[plain]
        _add(harmony, "kind", OWN.get(kind, kind), text=symbol(f"C:{plain}")[1:])
        if lowest != low:
            _pitch_name(_add(harmony, "bass"), "bass", spell(lowest, key))
        for value, alter in added:
            degree = _add(harmony, "degree")
            _add(degree, "degree-value", value)
            _add(degree, "degree-alter", alter)
            _add(degree, "degree-type", "add")
    if offset:
        _add(harmony, "offset", offset)


def _pitch_name(place: Element, which: str, name: str) -> None:
    _add(place, f"{which}-step", name[0])
    alter = name.count("#") - name.count("b")
    if alter:
        _add(place, f"{which}-alter", alter)


def _note(
    place: Element, piece: Piece, beam: str, voice: int, bar: Measure, part: Part, number: int, sounding: dict[str, int]
) -> None:
    kind, dots = VALUES[piece.length]
    whole = not piece.pitches and piece.length == bar.length
    for i, pitch in enumerate(piece.pitches or (None,)):
        note = _add(place, "note")
        accidental = ""
        if i:
            _add(note, "chord")
        if pitch is None:
            _add(note, "rest", **({"measure": "yes"} if whole else {}))
        elif part.drums:
            line = PLACES.get(drum(pitch), "E5")
            drawn = _add(note, "unpitched")
            _add(drawn, "display-step", line[0])
            _add(drawn, "display-octave", line[1:])
        else:
            accidental = _pitch(note, pitch, bar.key, piece.tied[0], sounding)
        _add(note, "duration", piece.length)
        ties = [] if pitch is None else [kind for kind, on in zip(("stop", "start"), piece.tied, strict=True) if on]
        for tie in ties:
            _add(note, "tie", type=tie)
        if part.drums and pitch is not None:
            _add(note, "instrument", id=_player(number, pitch))
        _add(note, "voice", voice)
        if not whole:
            _add(note, "type", kind)
            for _ in range(dots):
                _add(note, "dot")
        if accidental:
            _add(note, "accidental", accidental)
        if piece.triplet and not whole:
            change = _add(note, "time-modification")
            _add(change, "actual-notes", 3)
            _add(change, "normal-notes", 2)
        if beam and not i:
            _add(note, "beam", beam, number="1")
        marks = [("tied", tie) for tie in ties]
        if not i and not whole:
            marks += [("tuplet", mark) for mark, on in (("start", piece.opens), ("stop", piece.closes)) if on]
        if marks:
            notations = _add(note, "notations")
            for tag, mark in marks:
                _add(notations, tag, type=mark)


def _pitch(note: Element, pitch: int, key: str, tied: bool, sounding: dict[str, int]) -> str:
    """Write a pitch, and say which accidental its bar needs."""
    step, alter, octave = spelled(pitch, key)
    place = _add(note, "pitch")
    _add(place, "step", step)
    if alter:
        _add(place, "alter", alter)
    _add(place, "octave", octave)
    if tied:
        return ""
    needed = sounding.get(f"{step}{octave}", sounding.get(step, 0)) != alter
    sounding[f"{step}{octave}"] = alter
    return ACCIDENTALS[alter] if needed else ""


def _beams(pieces: list[Piece], bar: Measure) -> list[str]:
    """Join short notes of one beat: "begin", "continue", "end", or "" for each."""
    size = beat_ticks(bar.metre)
    shift = size - bar.length % size if not bar.number else 0  # a pick-up ends with a beat
    beats = [(piece.start + shift) // size if piece.pitches and _flagged(piece) else None for piece in pieces]
    names: list[str] = []
    for i, beat in enumerate(beats):
        left = beat is not None and i > 0 and beats[i - 1] == beat
        right = beat is not None and i + 1 < len(beats) and beats[i + 1] == beat
        names.append({(False, True): "begin", (True, True): "continue", (True, False): "end"}.get((left, right), ""))
    return names


def _flagged(piece: Piece) -> bool:
    return VALUES[piece.length][0] in ("eighth", "16th", "32nd", "64th")
