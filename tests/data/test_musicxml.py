"""Voices of a MusicXML file written by hand."""

from __future__ import annotations

import zipfile

import pytest

from solfeggio.data.musicxml import read_voices
from solfeggio.errors import DataError


def note(step, octave, duration, *more):
    return (
        f"<note><pitch><step>{step}</step>{''.join(m for m in more if 'alter' in m)}<octave>{octave}</octave></pitch>"
        f"<duration>{duration}</duration>{''.join(m for m in more if 'alter' not in m)}</note>"
    )


def write(path, *parts, beats=4):
    head = (
        f"<attributes><divisions>2</divisions><time><beats>{beats}</beats><beat-type>4</beat-type></time></attributes>"
    )
    body = ""
    for part in parts:
        bars = [f"<measure>{head if i == 0 else ''}{bar}</measure>" for i, bar in enumerate(part)]
        body += f"<part id='P'>{''.join(bars)}</part>"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("META-INF/container.xml", "<container/>")
        packed.writestr("a.xml", f"<score-partwise>{body}</score-partwise>")
    return path


def test_pitches_ties_rests_and_bar_lines(tmp_path):
    start, stop = "<tie type='start'/>", "<tie type='stop'/>"
    top = [
        note("C", 5, 2),
        note("F", 4, 3, "<alter>1</alter>") + "<note><rest/><duration>1</duration></note>" + note("G", 4, 4, start),
        note("G", 4, 2, stop) + note("A", 4, 6),
    ]
    low = [note("C", 3, 2), note("D", 3, 8), note("B", 2, 8, "<alter>-1</alter>")]
    voices, edges, metre = read_voices(write(tmp_path / "a.mxl", top, low), voices=2)
    assert metre == "4/4"
    assert edges.tolist() == [1.0, 5.0, 9.0]  # a quarter is a pick-up
    assert voices[0][:, :3].tolist() == [[0, 1, 72], [1, 2.5, 66], [3, 6, 67], [6, 9, 69]]
    assert voices[1][:, 2].tolist() == [48, 50, 46]


def test_backup_and_chords_sound_together_and_grace_notes_do_not(tmp_path):
    grace = "<note><grace/><pitch><step>D</step><octave>5</octave></pitch></note>"
    chord = note("E", 5, 8).replace("<note>", "<note><chord/>")
    bar = grace + note("C", 5, 8) + chord + "<backup><duration>8</duration></backup>" + note("G", 4, 8)
    voices, edges, _ = read_voices(write(tmp_path / "a.mxl", [bar]), voices=1)
    assert voices[0][:, [0, 2]].tolist() == [[0, 67], [0, 72], [0, 76]]
    assert edges.tolist() == [0, 4]


@pytest.mark.parametrize("case", ["damaged", "few", "order", "metres", "absent"])
def test_what_is_no_chorale(tmp_path, case):
    path = tmp_path / "a.mxl"
    high, low = [note("C", 5, 8)], [note("C", 3, 8)]
    if case == "damaged":
        path.write_bytes(b"PK not a zip")
    elif case == "few":
        write(path, high)
    elif case == "order":
        write(path, low, high)
    elif case == "metres":
        other = "<attributes><time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
        write(path, [*high, other + note("C", 5, 6)], low)
    with pytest.raises(DataError, match=r"a\.mxl"):
        read_voices(path, voices=2)
