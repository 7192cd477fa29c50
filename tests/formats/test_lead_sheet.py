"""Lead sheets: chords stand in the right bar, on the right beat, and read back as what they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from solfeggio.answers import Answer, Events, Notes, Segments
from solfeggio.errors import FormatError
from solfeggio.formats import chord_notes, read_midi, write_chart, write_midi, write_musicxml
from solfeggio.formats.lead_sheet import ADDED, KINDS, chart, lead_sheet
from solfeggio.harte import QUALITIES, pitch_classes

BEATS = Events(0.5 * np.arange(18), ["3", "4", *(str(i % 4 + 1) for i in range(16))])  # a pick-up of two beats
CHORDS = Segments(
    [0, 1.02, 3.0, 3.98, 4.48, 5], [1.02, 3.0, 3.98, 4.48, 5, 9], ["N", "C:maj", "C:maj", "A:min7/b3", "D:7", "G:sus4"]
)
KEY = Segments([0, 5], [5, 9], ["C:maj", "G:maj"])
SONG: dict[str, Answer] = {
    "beats": BEATS,
    "chords": CHORDS,
    "key": KEY,
    "sections": Segments([0, 5], [5, 9], ["verse", "chorus"]),
    "form": Segments([0, 5], [5, 9], ["A", "B"]),
}


def test_bars_hold_their_chords() -> None:
    bars = lead_sheet(SONG)
    assert [bar.beats for bar in bars] == [2, 4, 4, 4, 4]
    assert [bar.chords for bar in bars] == [
        ((0, "N"),),
        ((0, "C:maj"),),
        ((0, "C:maj"), (2, "A:min7/b3"), (3, "D:7")),
        ((0, "G:sus4"),),
        ((0, "G:sus4"),),
    ]
    assert [bar.section for bar in bars] == ["A verse", "", "", "B chorus", ""]
    assert [bar.key for bar in bars] == ["C:maj"] * 3 + ["G:maj"] * 2


def test_chart(tmp_path: Path) -> None:
    write_chart(SONG, tmp_path / "song.txt", "Two\nlines")
    text = (tmp_path / "song.txt").read_text("utf-8")
    assert text.splitlines()[:2] == ["Two lines", "C major, 4/4, 120 bpm"]
    rows = [line for line in text.splitlines() if line.startswith("|")]
    cells = [cell.strip() for row in rows for cell in row.strip("| ").split("|")]
    assert cells == ["N.C.", "C", "C / Am7/C D7", "Gsus4", "%"]
    assert "[A verse]" in text and "[B chorus]" in text


def test_a_chart_has_four_bars_a_line_and_says_where_the_metre_changes() -> None:
    beats = Events(np.arange(27) * 0.5, list("123412341234123412341231212"))
    rows = chart({"beats": beats, "chords": Segments([0], [14], ["C:maj"])}).splitlines()
    assert [row.count("|") - 1 for row in rows if row.startswith("|")] == [4, 4]
    assert "3/4 C" in rows[-1] and "2/4 C" in rows[-1]


def test_without_bars_the_sheet_is_empty() -> None:
    nothing = {"beats": Events.none(), "chords": Segments([], []), "sections": Segments([0], [4], ["silence"])}
    assert lead_sheet(nothing) == [] and "no bars" in chart(nothing)
    with pytest.raises(FormatError, match="beats and chords"):
        lead_sheet({"beats": BEATS})


def test_block_chords_come_back_from_midi(tmp_path: Path) -> None:
    notes = chord_notes(BEATS, CHORDS)
    write_midi(tmp_path / "song.mid", BEATS, notes, CHORDS)
    held = read_midi(tmp_path / "song.mid")
    assert np.abs(held.beats.times - BEATS.times).max() < 2e-3
    for start, end, label in zip(CHORDS.starts, CHORDS.ends, CHORDS.labels, strict=True):
        now = (held.notes.starts < (start + end) / 2) & (held.notes.ends > (start + end) / 2)
        assert {int(p) % 12 for p in held.notes.pitches[now]} == (set() if label == "N" else set(pitch_classes(label)))
    low = held.notes.pitches[np.isclose(held.notes.starts, 4.0, atol=2e-3)].min()
    assert low % 12 == 0  # A minor over C
    assert np.isin(np.round(held.notes.starts, 2), np.round(BEATS.times, 2)).all()


def parsed(path: Path) -> list:
    music21 = pytest.importorskip("music21", reason="music21 is not installed")
    return list(music21.converter.parse(path).parts[0].getElementsByClass("Measure"))


def test_musicxml_reads_back(tmp_path: Path) -> None:
    pytest.importorskip("music21", reason="music21 is not installed")
    write_musicxml(SONG, tmp_path / "song.musicxml", "A song")
    measures = parsed(tmp_path / "song.musicxml")
    assert [m.duration.quarterLength for m in measures] == [4.0] * 5
    found = [
        (m.number, c.offset, frozenset(p.pitchClass for p in c.pitches))
        for m in measures
        for c in m.getElementsByClass("ChordSymbol")
        if c.chordKind != "none"
    ]
    expected = [(2, 0, "C:maj"), (3, 0, "C:maj"), (3, 2, "A:min7"), (3, 3, "D:7"), (4, 0, "G:sus4"), (5, 0, "G:sus4")]
    assert found == [(bar, beat, frozenset(pitch_classes(label))) for bar, beat, label in expected]
    bass = next(c for c in measures[2].getElementsByClass("ChordSymbol") if c.offset == 2).bass()
    assert bass.pitchClass == 0
    assert [k.sharps for m in measures for k in m.getElementsByClass("KeySignature")] == [0, 1]
    assert [mark.content for m in measures for mark in m.getElementsByClass("RehearsalMark")] == ["A verse", "B chorus"]
    assert [file.name for file in tmp_path.iterdir()] == ["song.musicxml"]


def test_musicxml_holds_the_melody(tmp_path: Path) -> None:
    pytest.importorskip("music21", reason="music21 is not installed")
    melody = Notes([0.5, 1.0, 1.25, 4.76], [1.0, 1.2, 1.9, 5.5], [60, 62, 64.2, 67], [80, 80, 80, 80])
    write_musicxml(SONG | {"melody": melody}, tmp_path / "song.musicxml")
    measures = parsed(tmp_path / "song.musicxml")
    assert [m.duration.quarterLength for m in measures] == [4.0] * 5
    notes = [(m.number, n) for m in measures for n in m.notes if "Note" in n.classes]
    begun = [(bar, n.offset, n.pitch.midi) for bar, n in notes if n.tie is None or n.tie.type == "start"]
    assert begun == [(1, 3, 60), (2, 0, 62), (2, 0.5, 64), (3, 3.5, 67)]
    assert sum(n.quarterLength for _, n in notes) == 1 + 0.5 + 1.25 + 1.5


def test_every_quality_has_its_musicxml(tmp_path: Path) -> None:
    pytest.importorskip("music21", reason="music21 is not installed")
    assert set(KINDS) | set(ADDED) == set(QUALITIES)
    edges = np.arange(len(QUALITIES) + 1) * 1.0
    beats = Events(edges, [str(i % 4 + 1) for i in range(len(edges))])
    labels = [f"Eb:{quality}" for quality in QUALITIES]
    write_musicxml({"beats": beats, "chords": Segments(edges[:-1], edges[1:], labels)}, tmp_path / "song.musicxml")
    symbols = [c for m in parsed(tmp_path / "song.musicxml") for c in m.getElementsByClass("ChordSymbol")]
    for label, found in zip(labels, [c for c in symbols if c.chordKind != "none"], strict=True):
        classes, expected = {p.pitchClass for p in found.pitches}, set(pitch_classes(label))
        assert classes == expected or ("13" in label and classes == expected - {8}), (
            label
        )  # some leave the eleventh out
