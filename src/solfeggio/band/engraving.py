"""Written songs as files: MIDI on the quarter-note clock, and MusicXML that a notation program opens.

In MusicXML every part is one voice: what begins together is a chord, and lasts until the next begins. Each quarter is
divided in four or in three, whichever fits, so swung notes become triplets. A pick-up stands at the end of a full bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio.band.instruments import drum, instrument
from solfeggio.band.song import Part, Song, Spans
from solfeggio.errors import FormatError, MissingExtra
from solfeggio.files import replacing, write_bytes
from solfeggio.formats.lead_sheet import KINDS, MODES
from solfeggio.notation import Metre

TICKS = 480  # of MIDI, in a quarter
PLACES = {  # drum: line or space it is written on
    "kick": "F4", "snare": "C5", "side-stick": "C5", "clap": "C5", "closed-hat": "G5", "open-hat": "G5",
    "pedal-hat": "D4", "low-tom": "A4", "mid-tom": "D5", "high-tom": "E5", "crash": "A5", "china": "A5",
    "splash": "B5", "ride": "F5", "ride-bell": "F5",
}  # fmt: skip
Group = tuple[Fraction, Fraction, tuple[int, ...]]  # start and end in quarters, pitches


def write_midi_score(song: Song, path: Path) -> None:
    """Write a song as MIDI in its written rhythm, at one tempo: bars, keys, and a track for each part."""
    import symusic

    score: Any = symusic.Score(TICKS)
    pad, metres = layout(song)
    score.tempos.append(symusic.Tempo(0, qpm=song.bpm))
    for start, _, label in metres:
        metre = Metre.parse(label)
        score.time_signatures.append(symusic.TimeSignature(round(start * TICKS), metre.beats, metre.unit))
    for start, _, label in song.sections:
        score.markers.append(symusic.TextMeta(round((start + pad) * TICKS), label))
    for part in song.parts:
        track: Any = symusic.Track(part.name, part.program, part.drums)
        for start, end, pitch, velocity in part.notes.tolist():
            first, last = (round((x + pad) * 24) * TICKS // 24 for x in (start, end))
            track.notes.append(symusic.Note(first, max(last - first, TICKS // 24), round(pitch), round(velocity)))
        score.tracks.append(track)
    write_bytes(path, score.dumps_midi(), FormatError)


def write_musicxml(song: Song, path: Path) -> None:
    """Write a song as MusicXML with chord symbols, section names and words; raises MissingExtra without music21."""
    try:
        from music21 import clef, key, metadata, meter, stream, tempo
        from music21.exceptions21 import Music21Exception
    except ImportError:
        raise MissingExtra("MusicXML needs music21", "not installed", "pip install 'solfeggio[scores]'") from None
    pad, metres = layout(song)
    score: Any = stream.Score()
    score.insert(0, metadata.Metadata(title=f"{song.style}, {song.name}", composer="solfeggio's band"))
    for i, part in enumerate(song.parts):
        staff: Any = stream.Part(id=part.name)
        staff.partName = part.name
        staff.insert(0, _instrument(part))
        if part.drums:
            staff.insert(0, clef.PercussionClef())
        for start, _, label in metres:
            staff.insert(_exact(start), meter.TimeSignature(label))
        for start, _, label in song.keys if not part.drums else ():
            tonic, _, mode = label.partition(":")
            where = _exact(start + pad) if start > 0 else 0
            staff.insert(where, key.Key(tonic.replace("b", "-"), MODES.get(mode, "major")))
        if i == 0:
            staff.insert(0, tempo.MetronomeMark(number=round(song.bpm)))
            _annotate(staff, song, pad)
        for item in _written(part, pad):
            staff.insert(*item)
        score.insert(0, staff)
    try:
        with replacing(path, FormatError) as temporary:
            written = score.write("musicxml", str(temporary) + ".musicxml")
            Path(written).replace(temporary)
    except Music21Exception as problem:
        raise FormatError(f"{path} cannot be written", str(problem), "its MIDI file holds the same notes") from None


def layout(song: Song) -> tuple[float, Spans]:
    """Give the quarters that fill up the first bar, and its metres once they are there: (start, end, "3/4").

    >>> layout(Song("a", "a", 120, (), 5, np.arange(5), np.array([4, 1, 2, 3, 4])))
    (3.0, ((0.0, 8.0, '4/4'),))
    """
    downs = song.beats_quarters[song.positions == 1]
    gap = float(np.median(np.diff(song.beats_quarters))) if len(song.beats_quarters) > 1 else 1.0
    bar = float(np.diff(downs)[0]) if len(downs) > 1 else gap * int(song.positions.max(initial=1))
    first = song.metres[0][2] if song.metres else f"{round(bar)}/4" if bar % 1 == 0 else f"{round(2 * bar)}/8"
    metre = Metre.parse(first)
    pad = round(-float(downs[0]) % (metre.beats * 4 / metre.unit), 6) if len(downs) else 0.0
    metres = song.metres or ((0.0, song.length_quarters, first),)
    return pad, tuple((a + pad if i else 0.0, b + pad, label) for i, (a, b, label) in enumerate(metres))


def quantise(notes: np.ndarray, pad: float = 0.0) -> list[Group]:
    """Write notes (n, 4) as chords that follow each other, on fourths or thirds of each quarter.

    >>> quantise(np.array([[0.0, 0.6, 60, 90], [0.66, 1.1, 62, 90]]))
    [(Fraction(0, 1), Fraction(2, 3), (60,)), (Fraction(2, 3), Fraction(1, 1), (62,))]
    """
    starts, ends = notes[:, 0] + pad, notes[:, 1] + pad
    by_quarter: dict[int, list[float]] = {}
    for start in starts:
        by_quarter.setdefault(int(np.floor(start + 0.1)), []).append(start)
    parts = {q: _division(times) for q, times in by_quarter.items()}

    def snap(time: float) -> Fraction:
        division = parts.get(int(np.floor(time + 0.1)), 4)
        return Fraction(round(time * division), division)

    chords: dict[Fraction, list[tuple[int, float]]] = {}
    for start, end, pitch in zip(starts, ends, notes[:, 2], strict=True):
        chords.setdefault(max(snap(start), Fraction(0)), []).append((round(pitch), end))
    moments = sorted(chords)
    groups: list[Group] = []
    for start, following in zip(moments, [*moments[1:], Fraction(10**6)], strict=True):
        end = min(following, max(snap(max(end for _, end in chords[start])), start + Fraction(1, 4)))
        groups.append((start, end, tuple(sorted({pitch for pitch, _ in chords[start]}))))
    return groups


def _division(times: Sequence[float]) -> int:
    off = {n: float(np.abs(np.array(times) * n - np.round(np.array(times) * n)).sum()) / n for n in (4, 3)}
    return 3 if off[3] < off[4] - 0.02 else 4


def _pieces(start: Fraction, end: Fraction) -> list[tuple[Fraction, Fraction]]:
    """Cut a length at the quarters it leaves and enters, so that every piece has a note value."""
    edges = [start]
    if start.denominator != 1 and end > -(-start // 1):
        edges.append(Fraction(-(-start // 1)))
    if end.denominator != 1 and end // 1 > edges[-1]:
        edges.append(Fraction(end // 1))
    edges.append(end)
    return list(pairwise(edges))


def _written(part: Part, pad: float) -> list[tuple[Fraction, Any]]:
    from music21 import chord, note, tie

    items: list[tuple[Fraction, Any]] = []
    words = dict(zip((round(float(t), 3) for t in part.notes[:, 0]), part.words, strict=False))
    by_start = {Fraction(round((t + pad) * 12), 12): word for t, word in words.items()}
    for start, end, pitches in quantise(part.notes, pad):
        pieces = _pieces(start, end)
        for i, (a, b) in enumerate(pieces):
            if part.drums:
                one: Any = note.Unpitched(displayName=PLACES.get(drum(pitches[-1]), "E5"))
            else:
                one = note.Note(pitches[0]) if len(pitches) == 1 else chord.Chord(list(pitches))
            one.quarterLength = b - a
            if len(pieces) > 1 and not part.drums:
                one.tie = tie.Tie("start" if i == 0 else "stop" if i == len(pieces) - 1 else "continue")
            if i == 0 and by_start.get(Fraction(round(a * 12), 12)):
                one.addLyric(by_start[Fraction(round(a * 12), 12)].strip("-"))
            items.append((a, one))
            if part.drums:
                break
    return items


def _annotate(staff: Any, song: Song, pad: float) -> None:
    """Put chord symbols and section names over the first staff."""
    from music21 import expressions, harmony

    for start, _, label in song.sections:
        staff.insert(_exact(start + pad), expressions.RehearsalMark(label))
    for start, _, label in song.chords:
        body, _, _ = label.partition("/")
        root, _, quality = body.partition(":")
        if label in ("N", "X"):
            symbol: Any = harmony.NoChord()
        elif (quality or "maj") in KINDS:
            symbol = harmony.ChordSymbol(root=root.replace("b", "-"), kind=KINDS[quality or "maj"])
        else:
            symbol = expressions.TextExpression(label)
        staff.insert(_exact(start + pad), symbol)


def _instrument(part: Part) -> Any:
    from music21 import instrument as instruments

    if part.drums:
        player: Any = instruments.UnpitchedPercussion()
    else:
        player = instruments.Instrument()
        player.midiProgram = part.program
    player.instrumentName = "drums" if part.drums else instrument(part.program)
    player.partName = part.name
    return player


def _exact(quarters: float) -> Fraction:
    return Fraction(round(quarters * 12), 12)
