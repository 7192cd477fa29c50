"""Scores as ABC notation (standard 2.1): one melody, chords in quotes, four bars a line."""

from __future__ import annotations

from fractions import Fraction

from solfeggio.band.scores.staves import Measure, Piece, beat_ticks, lay_out, measures, signature, spelled
from solfeggio.errors import NotationError
from solfeggio.harte import parse_pitch, spell, symbol
from solfeggio.notation import Score

EIGHTH = 12  # ticks; the unit of length
A_LINE = 4  # bars
MODES = {"maj": "", "min": "m", "dor": "dor", "mix": "mix", "phr": "phr", "lyd": "lyd"}
SIGNS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}


def abc(score: Score) -> str:
    """Write a melody as ABC; raises NotationError for several parts or voices, for drums, and without bars."""
    bars = measures(score)
    parts = [part for part in score.parts if len(part.notes)]
    if len(parts) != 1 or parts[0].drums:
        raise NotationError(
            f"'{score.title}' cannot be written as ABC", f"it has {len(parts)} parts", "write MusicXML or MIDI"
        )
    voices = lay_out(parts[0], bars, at_chords=True)
    if any(len(voice) > 1 or any(len(piece.pitches) > 1 for piece in voice[0]) for voice in voices):
        raise NotationError(
            f"'{score.title}' cannot be written as ABC", "notes sound together", "write MusicXML or MIDI"
        )
    head = [
        "X:1",
        f"T:{' '.join(score.title.split())}",
        f"M:{bars[0].metre}",
        "L:1/8",
        f"Q:1/4={score.bpm:.6g}",
        f"K:{_key(bars[0].key)}",
    ]
    cells = [_bar(bar, bars[i - 1] if i else bar, voices[i][0]) for i, bar in enumerate(bars)]
    rows = [cells[i : i + A_LINE] for i in range(0, len(cells), A_LINE)]
    lines = [" | ".join(row) + " |" for row in rows]
    return "\n".join([*head, *lines[:-1], lines[-1] + "]", ""])


def _key(label: str) -> str:
    tonic, _, mode = label.partition(":")
    return spell(parse_pitch(tonic), label) + MODES.get(mode, "") if tonic else "C"


def _bar(bar: Measure, before: Measure, pieces: list[Piece]) -> str:
    text = f"[M:{bar.metre}]" if bar.metre != before.metre else ""
    text += f"[K:{_key(bar.key)}]" if bar.key and bar.key != before.key else ""
    signs, sounding = signature(bar.key), dict[str, int]()
    chords, size = dict(bar.chords), beat_ticks(bar.metre)
    for i, piece in enumerate(pieces):
        if piece.opens:
            count = next(n for n, one in enumerate(pieces[i:], 1) if one.closes)
            text += "(3" if count == 3 else f"(3:2:{count}"
        if piece.start in chords:
            label = chords[piece.start]
            text += f'"{"N.C." if label == "X" else symbol(label, bar.key)}"'
        if piece.pitches:
            step, alter, octave = spelled(piece.pitches[0], bar.key)
            if alter != signs.get(step, 0) or alter != sounding.get(f"{step}{octave}", alter):
                text += SIGNS[alter]
            sounding[f"{step}{octave}"] = alter
            text += step if octave <= 4 else step.lower()
            text += "," * (4 - octave) if octave <= 4 else "'" * (octave - 5)
        else:
            text += "z"
        text += _length(Fraction(piece.length, EIGHTH) * (Fraction(3, 2) if piece.triplet else 1))
        text += "-" if piece.pitches and piece.tied[1] else ""
        end = piece.start + piece.length
        text += " " if end % size == 0 and i + 1 < len(pieces) and not (piece.triplet and not piece.closes) else ""
    return text


def _length(eighths: Fraction) -> str:
    """Write a length in eighths: nothing for one, "/2" for a half.

    >>> [_length(Fraction(n, 4)) for n in (1, 2, 4, 6, 8)]
    ['/4', '/2', '', '3/2', '2']
    """
    top = "" if eighths.numerator == 1 else str(eighths.numerator)
    return top + ("" if eighths.denominator == 1 else f"/{eighths.denominator}")
