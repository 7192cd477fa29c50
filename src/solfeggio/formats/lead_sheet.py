"""Lead sheets: chords over bars, as text that reads like a chart and as MusicXML that a notation program opens.

Chords are written on the beats nearest to where they begin. The text has four bars a line: ``|`` between bars, ``%``
for a bar that repeats the one before, ``/`` for a beat on which the chord goes on, the section in brackets. In MusicXML
the melody stands under the chords where there is one, else a slash on every beat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np

from solfeggio.answers import Answer, Events, Notes, Segments
from solfeggio.errors import FormatError, MissingExtra
from solfeggio.files import replacing
from solfeggio.formats.lines import PathLike, write_text
from solfeggio.harte import bass, fifths, pitch_classes, read, root, spell, symbol
from solfeggio.notation import Metre, bars, tempo

KINDS = {  # Harte quality: MusicXML's word
    "maj": "major", "min": "minor", "7": "dominant-seventh", "maj7": "major-seventh", "min7": "minor-seventh",
    "dim": "diminished", "aug": "augmented", "hdim7": "half-diminished-seventh", "dim7": "diminished-seventh",
    "maj6": "major-sixth", "min6": "minor-sixth", "sus4": "suspended-fourth", "sus2": "suspended-second", "5": "power",
    "9": "dominant-ninth", "maj9": "major-ninth", "min9": "minor-ninth", "11": "dominant-11th", "13": "dominant-13th",
    "minmaj7": "minor-major-seventh", "aug(b7)": "augmented-seventh", "min11": "minor-11th", "maj13": "major-13th",
    "min13": "minor-13th",
}  # fmt: skip
ADDED = {  # quality: the kind it builds on, and degrees added to it with their alterations
    "sus4(b7)": ("sus4", ((7, -1),)), "maj(9)": ("maj", ((9, 0),)), "min(9)": ("min", ((9, 0),)),
    "maj6(9)": ("maj6", ((9, 0),)), "7(b9)": ("7", ((9, -1),)), "7(#9)": ("7", ((9, 1),)),
}  # fmt: skip
MODES = {"maj": "major", "min": "minor", "dor": "dorian", "mix": "mixolydian", "phr": "phrygian", "lyd": "lydian"}
A_LINE = 4  # bars
CHORD_TRACK = "Chords"


@dataclass(frozen=True)
class Bar:
    """One bar of a lead sheet.

    first, beats: index of its first beat and how many it has. metre: as written. chords: (beat from 0, Harte label),
    the first on beat 0. section: name of the section that begins here, or "". key: in force, or "".
    """

    first: int
    beats: int
    metre: Metre
    chords: tuple[tuple[int, str], ...]
    section: str = ""
    key: str = ""


def lead_sheet(answers: Mapping[str, Answer]) -> list[Bar]:
    """Lay chords out over bars.

    answers: "beats" with positions and "chords"; "key", "sections" and "form" where known. Without bars there is
    nothing to lay out, and the sheet is empty. Raises FormatError when beats or chords are missing.

    >>> beats = Events([0, 1, 2, 3], list("1212"))
    >>> lead_sheet({"beats": beats, "chords": Segments([0, 0.9], [0.9, 4], ["C:maj", "G:7"])})[0].chords
    ((0, 'C:maj'), (1, 'G:7'))
    """
    beats, chords = answers.get("beats"), answers.get("chords")
    if not isinstance(beats, Events) or not isinstance(chords, Segments):
        raise FormatError("a lead sheet cannot be written", "it needs beats and chords", "hear both first")
    cut = bars(beats)
    if not len(cut):
        return []
    firsts = np.searchsorted(beats.times, cut.starts)
    sounding = _on_beats(beats, chords)
    keys, names = _at(answers.get("key"), cut.starts + 0.1), _section_names(answers, beats)
    sheet: list[Bar] = []
    for i, (first, end) in enumerate(zip(firsts.tolist(), [*firsts[1:].tolist(), len(beats)], strict=True)):
        inside = sounding[first:end]
        changes = tuple((b, label) for b, label in enumerate(inside) if b == 0 or label != inside[b - 1])
        metre = Metre.parse(cut.labels[i])
        section = next((names[b] for b in range(first, end) if b in names), "")
        sheet.append(Bar(first, end - first, metre, changes, section, keys[i]))
    return sheet


def chord_notes(beats: Events, chords: Segments, velocity: float = 72) -> Notes:
    """Play chords as blocks on the beats: the bass around C3, the chord around C4, struck anew where it changes.

    Returns notes labelled "Chords", as ``write_midi`` takes them. "N" and "X" are rests.
    """
    rows: list[tuple[float, float, float]] = []
    edges = beats.times
    for start, end, label in zip(chords.starts, chords.ends, chords.labels, strict=True):
        first, last = (_near(edges, t) for t in (start, end))
        if label in ("N", "X") or last <= first:
            continue
        rows.append((first, last, 36 + (bass(label) - 4) % 12 + 4))
        rows += [(first, last, 55 + (tone - 7) % 12) for tone in dict.fromkeys(pitch_classes(label))]
    starts, ends, pitches = np.array(rows, float).reshape(-1, 3).T
    return Notes(starts, ends, pitches, np.full(len(rows), velocity), (CHORD_TRACK,) * len(rows))


def write_chart(answers: Mapping[str, Answer], path: PathLike, title: str = "") -> None:
    """Write chords over bars as text; answers as for ``lead_sheet``, titles and names on one line each."""
    write_text(path, chart(answers, title))


def chart(answers: Mapping[str, Answer], title: str = "") -> str:
    """Give the text of ``write_chart``.

    >>> beats = Events([0, 1, 2, 3, 4, 5], list("121212"))
    >>> chords = Segments([0, 2, 3], [2, 3, 6], ["A:min", "D:min7", "E:7"])
    >>> print(chart({"beats": beats, "chords": chords, "sections": Segments([0], [6], ["verse"])}))
    2/4, 60 bpm
    <BLANKLINE>
    [verse]
    | Am     | Dm7 E7 | E7     |
    <BLANKLINE>
    """
    sheet, beats = lead_sheet(answers), cast(Events, answers["beats"])
    facts = [_one_line(key_name(sheet[0].key))] if sheet and sheet[0].key else []
    facts += [str(sheet[0].metre), f"{tempo(beats):.0f} bpm"] if sheet else ["no bars were found"]
    lines = [*([_one_line(title)] if title else []), ", ".join(facts), ""]
    cells = [_cell(bar, sheet[i - 1] if i else None) for i, bar in enumerate(sheet)]
    width = max(map(len, cells), default=0)
    row: list[str] = []
    for i, (bar, cell) in enumerate(zip(sheet, cells, strict=True)):
        if row and (bar.section or len(row) == A_LINE):
            lines.append(f"| {' | '.join(row)} |")
            row = []
        if bar.section:
            lines += [*([""] if i else []), f"[{_one_line(bar.section)}]"]
        row.append(cell.ljust(width))
    return "\n".join([*lines, *([f"| {' | '.join(row)} |"] if row else []), ""])


def key_name(label: str) -> str:
    """Name a key in words.

    >>> key_name("Bb:min"), key_name("Gb:maj")
    ('Bb minor', 'F# major')
    """
    tonic, _, mode = label.partition(":")
    return f"{spell(read(tonic)[0], label)} {MODES[mode]}" if mode in MODES else label


def write_musicxml(answers: Mapping[str, Answer], path: PathLike, title: str = "") -> None:
    """Write a lead sheet as MusicXML: bars, metres, keys, sections, chord symbols, and "melody" Notes where given.

    answers as for ``lead_sheet``. Raises MissingExtra without music21 and FormatError when the path is not writable.
    """
    try:
        from music21 import metadata, stream
        from music21.exceptions21 import Music21Exception
    except ImportError:
        raise MissingExtra("MusicXML needs music21", "not installed", "pip install 'solfeggio[scores]'") from None
    sheet, beats, melody = lead_sheet(answers), answers["beats"], answers.get("melody")
    tune = _written(beats, melody, sheet) if isinstance(melody, Notes) and isinstance(beats, Events) else None
    score: Any = stream.Score()
    score.insert(0, metadata.Metadata(title=_one_line(title) or "Lead sheet", composer=""))
    staff: Any = stream.Part(id="lead")
    for i, bar in enumerate(sheet):
        staff.append(_measure(i, bar, sheet[i - 1] if i else None, tune, float(tempo(beats))))  # type: ignore[arg-type]
    if not sheet:
        staff.append(stream.Measure(number=1))
    score.insert(0, staff)
    try:
        with replacing(path, FormatError) as temporary:
            written = score.write("musicxml", str(temporary) + ".musicxml")
            Path(written).replace(temporary)
    except Music21Exception as problem:
        raise FormatError(f"{path} cannot be written", str(problem), "the chart holds the same chords") from None


def _near(edges: np.ndarray, time: float) -> float:
    """Move a time to the nearest beat, unless it lies outside of them."""
    if not len(edges) or time > edges[-1]:
        return float(time)
    return float(edges[int(np.abs(edges - time).argmin())])


def _on_beats(beats: Events, chords: Segments) -> list[str]:
    """Give the chord of every beat: the last that begins nearer to it, or before it, than to any later beat."""
    times = beats.times
    gap = float(np.median(np.diff(times))) if len(times) > 1 else 0.5
    until = np.append((times[:-1] + times[1:]) / 2, times[-1:] + gap / 2)
    which = np.searchsorted(chords.starts, until, side="left") - 1
    half = gap / 4  # a chord that ends this soon after its beat is not worth it
    ended = np.where(which >= 0, chords.ends[np.maximum(which, 0)] <= times + half, True) if len(chords) else which < 0
    return ["N" if gone else chords.labels[i] for i, gone in zip(which, ended, strict=True)]


def _at(answer: Answer | None, times: np.ndarray) -> list[str]:
    if not isinstance(answer, Segments) or not len(answer):
        return [""] * len(times)
    which = np.clip(np.searchsorted(answer.starts, times, side="right") - 1, 0, len(answer) - 1)
    return [answer.labels[i] for i in which]


def _section_names(answers: Mapping[str, Answer], beats: Events) -> dict[int, str]:
    """Name what begins at each beat: the letter, then the function."""
    sections, form = answers.get("sections"), answers.get("form")
    names: dict[int, str] = {}
    for answer in (form, sections):
        for start, label in zip(answer.starts, answer.labels, strict=True) if isinstance(answer, Segments) else ():
            beat = int(np.abs(beats.times - start).argmin())
            names[beat] = f"{names[beat]} {label}" if beat in names and names[beat] != label else label
    return names


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cell(bar: Bar, before: Bar | None) -> str:
    whole = len(bar.chords) == 1
    if whole and before and bar.chords == before.chords and bar.beats == before.beats and not bar.section:
        return "%"
    names = {beat: symbol(label, bar.key) for beat, label in bar.chords}
    shown = names[0] if whole else " ".join(names.get(beat, "/") for beat in range(bar.beats))
    metre = f"{bar.metre} " if before and bar.metre != before.metre else ""
    return metre + shown


def _measure(i: int, bar: Bar, before: Bar | None, tune: Sequence[tuple[int, Any, Any]] | None, bpm: float) -> Any:
    """Make one measure: what is written over it, and its notes or slashes."""
    from music21 import duration, expressions, key, meter, note, stream
    from music21 import tempo as tempi

    measure: Any = stream.Measure(number=i + 1)
    step = Fraction(4, bar.metre.unit)
    if before is None or bar.metre != before.metre:
        measure.insert(0, meter.TimeSignature(str(bar.metre)))
    if bar.key and (before is None or bar.key != before.key):
        tonic, _, mode = bar.key.partition(":")
        name = spell(root(tonic), bar.key).replace("b", "-")
        named = key.Key(name, MODES[mode]) if mode in MODES else key.KeySignature(fifths(bar.key))
        measure.insert(0, named)
    if before is None:
        counted = duration.Duration(float(step))
        measure.insert(0, tempi.MetronomeMark(number=round(bpm), referent=counted))
    if bar.section:
        measure.insert(0, expressions.RehearsalMark(bar.section))
    lead = (bar.metre.beats - bar.beats) * step if before is None and bar.beats < bar.metre.beats else Fraction(0)
    if lead:
        measure.insert(0, note.Rest(quarterLength=lead))  # a pick-up stands at the end of its bar
    for beat, label in bar.chords:
        measure.insert(lead + beat * step, _symbol(label, bar.key))
    if tune is None:
        for beat in range(bar.beats):
            slash: Any = note.Note("B4", quarterLength=step)
            slash.notehead, slash.stemDirection = "slash", "noStem"
            measure.insert(lead + beat * step, slash)
    else:
        for at, start, one in tune:
            if at == i:
                measure.insert(lead + start, one)
    return measure


def _symbol(label: str, key: str) -> Any:
    from music21 import harmony

    if label in ("N", "X"):
        return harmony.NoChord()
    low, _, lowest = read(label)
    quality = label.partition("/")[0].partition(":")[2] or "maj"
    plain, added = ADDED.get(quality, (quality, ()))
    name = spell(low, key).replace("b", "-")
    under: dict[str, Any] = {"bass": spell(lowest, key).replace("b", "-")} if lowest != low else {}
    made: Any = harmony.ChordSymbol(root=name, kind=KINDS[plain], **under)
    for degree, alteration in added:
        made.addChordStepModification(harmony.ChordStepModification("add", degree, alteration))
    return made


def _written(beats: Events, melody: Notes, sheet: Sequence[Bar]) -> list[tuple[int, Fraction, Any]]:
    """Write a tune on quarters of the beats, one note at a time, cut at the bar lines: (bar, quarters in it, note)."""
    from music21 import note, tie

    places = np.interp(melody.starts, beats.times, np.arange(len(beats)))
    ends = np.interp(melody.ends, beats.times, np.arange(len(beats)))
    starts = np.round(places * 4).astype(int)
    ends = np.maximum(np.round(ends * 4).astype(int), starts + 1)
    made: list[tuple[int, Fraction, Any]] = []
    for i, (start, pitch) in enumerate(zip(starts.tolist(), np.rint(melody.pitches).astype(int).tolist(), strict=True)):
        following = starts[i + 1 :][starts[i + 1 :] > start]
        end = min(int(ends[i]), int(following[0])) if len(following) else int(ends[i])
        if i and starts[i - 1] == start:
            continue  # one voice: what begins together is its first note
        pieces = [
            (at, max(start, 4 * bar.first), min(end, 4 * (bar.first + bar.beats)))
            for at, bar in enumerate(sheet)
            if start < 4 * (bar.first + bar.beats) and end > 4 * bar.first
        ]
        for j, (at, first, last) in enumerate(pieces):
            step = Fraction(4, sheet[at].metre.unit) / 4
            one: Any = note.Note(pitch, quarterLength=(last - first) * step)
            if len(pieces) > 1:
                one.tie = tie.Tie("start" if j == 0 else "stop" if j == len(pieces) - 1 else "continue")
            made.append((at, (first - 4 * sheet[at].first) * step, one))
    return made
