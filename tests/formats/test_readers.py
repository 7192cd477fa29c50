"""Label files as others write them, and files that are wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest

from solfeggio.answers import Answer, Curve, Events, Notes, Segments, Tags
from solfeggio.errors import ConfigError, FormatError
from solfeggio.formats import FORMATS, format_of, read, read_jams, write, write_jams

GOOD = [
    ("a.beats", "0.5 1\n1.0 2\n", Events([0.5, 1], ["1", "2"])),
    ("a.beats", "\ufeff# by hand\r\n\r\n1.0,\t2 \r\n  0.5   1.000\r\n", Events([0.5, 1], ["1", "2"])),
    ("a.beats", "0.5\n1\n", Events([0.5, 1])),
    ("a.beats", "time,position\n1,1\n", Events([1], ["1"])),
    ("a.txt", "0.010\t1\n0.520\t2\n", Events([0.01, 0.52], ["1", "2"])),
    ("a.txt", "0.5\t0.5\t\n1.0\t1.0\tdown beat\n", Events([0.5, 1], ["", "down beat"])),
    ("a.txt", "0.5\t0.5\t\n1.0\t1.0\t\n", Events([0.5, 1])),
    ("a.txt", "0.5\t1.5\tverse\n\\\t100\t200\n1\t1\t\n", Segments([0.5, 1], [1.5, 1], ["verse", ""])),
    ("a.lab", "0 1 N\n1.0\t2.5\tA:min7/b3\n2.5,3,X\n", Segments([0, 1, 2.5], [1, 2.5, 3], ["N", "A:min7/b3", "X"])),
    ("a.lab", "2 2 end\n0 3 slow part\n1 2 over it\n", Segments([0, 1, 2], [3, 2, 2], ["slow part", "over it", "end"])),
    ("a.lab", "start_time,end_time,label\n0.0,1.0,drum set\n", Segments([0], [1], ["drum set"])),
    ("a.lab", "0 1\n1 2\n", Segments([0, 1], [1, 2])),
    ("a.csv", "# made by hand\n\nTime;Label;note\n1;1;x\n0.5;2;y\n", Events([0.5, 1], ["2", "1"])),
    ("a.csv", "label\tend\tstart\nC\t2\t1\n", Segments([1], [2], ["C"])),
    ("a.csv", "time, value (Hz)\n0, 440\n", Curve([0], [440], "Hz")),
    ("a.csv", 'label,value\n"rock, pop",1e-1\n', Tags(["rock, pop"], [0.1])),
    ("a.sv.csv", "0.5,1\n1.5,2\n", Events([0.5, 1.5], ["1", "2"])),
    ("a.sv.csv", "TIME,VALUE,LABEL\n0.5,100.25,\n", Curve([0.5], [100.25])),
    ("a.sv.csv", '0.5,3,1.5,"verse, one"\n', Segments([0.5], [2], ["verse, one"])),
    ("a.sv.csv", "0.5,1.5,verse\n", Segments([0.5], [2], ["verse"])),
    ("a.sv.csv", "0.5,60,0.5,0.5,New Point\n", Notes([0.5], [1], [60], [63.5], ["New Point"])),
]


@pytest.mark.parametrize(("name", "text", "wanted"), GOOD)
def test_files_as_others_write_them(tmp_path, name, text, wanted):
    (tmp_path / name).write_bytes(text.encode())
    assert read(tmp_path / name, type(wanted)) == wanted
    (tmp_path / name).write_bytes(text.lstrip("\ufeff").encode("utf-16"))
    assert read(tmp_path / name, type(wanted)) == wanted


BAD = [
    ("a.beats", "0.5 1\nabc 2\n", Events, "line 2", "'abc' is not a number"),
    ("a.beats", "0.5 1\nnan 2\n", Events, "line 2", "not a number"),
    ("a.lab", "# x\n0 1 C\n\n3 2 G\n", Segments, "line 4", "ends at 2, before it starts at 3"),
    ("a.lab", "0\n", Segments, "line 1", "one column"),
    ("a.txt", "0\n", Segments, "line 1", "one column"),
    ("a.csv", "time\n1\ninf\n", Events, "line 3", "not a number"),
    ("a.csv", "# c\ntime,label\n1\n", Events, "line 3", "1 cells"),
    ("a.csv", "time,label\n1,C, D\nx,y\n", Events, "line 3", "'x' is not a number"),
    ("a.csv", "0.5,1\n", Events, "line 1", "the header lacks time"),
    ("a.csv", "", Notes, "the header lacks start and end and pitch and velocity"),
    ("a.csv", 'time,label\n1,"never closed\n', Events, "line 2", "quotes"),
    ("a.csv", "start,end,pitch,velocity\n0,1,60,200\n", Notes, "velocity lies outside"),
    ("a.sv.csv", "0.5,60,-1,0.5\n", Notes, "line 1", "negative"),
    ("a.sv.csv", "0.5\n", Notes, "line 1", "at least 4"),
    ("a.jams", "{", Events, "not JAMS"),
    ("a.jams", "[1, 2]", Events, "not JAMS"),
    ("a.jams", '{"annotations": []}', Events, "cannot be read as Events", "nothing we know"),
    ("a.mid", "no music", Events, "not MIDI"),
]


@pytest.mark.parametrize(("name", "text", "kind", *["word"]), [(n, t, k, w) for n, t, k, *w in BAD])
def test_wrong_files_name_the_line(tmp_path, name, text, kind, word):
    (tmp_path / name).write_text(text)
    with pytest.raises(FormatError) as caught:
        read(tmp_path / name, kind)
    assert str(tmp_path / name) in str(caught.value) and "\n" not in str(caught.value)
    for part in word:
        assert part in str(caught.value)


@pytest.mark.parametrize("name", list(FORMATS))
def test_missing_files_and_noise_are_refused(tmp_path, name):
    path = tmp_path / f"a{FORMATS[name].suffixes[0]}"
    for kind in FORMATS[name].keeps:
        with pytest.raises(FormatError, match="cannot be read"):
            read(path, kind)
        with pytest.raises(FormatError):
            read(tmp_path, kind, format=name)
    for seed in range(5):
        path.write_bytes(np.random.default_rng(seed).bytes(3000))
        for kind in FORMATS[name].keeps:
            with pytest.raises(FormatError):
                read(path, kind)


def test_names_of_formats(tmp_path):
    assert format_of("A.B/song.SV.CSV").name == "sonic-visualiser"
    assert format_of("song.MID").name == "midi"
    with pytest.raises(FormatError, match="names no format"):
        format_of("song.xyz")
    with pytest.raises(ConfigError, match="did you mean 'jams'"):
        read(tmp_path / "a", Events, format="jam")
    with pytest.raises(FormatError, match=r"lab holds Segments, not Events.*\.csv"):
        write(Events.none(), tmp_path / "a.lab")
    with pytest.raises(FormatError, match="not Tags"):
        read(tmp_path / "a.mid", Tags)
    write(Events([1.0]), tmp_path / "a.annotation", format="beats")
    assert (tmp_path / "a.annotation").read_text() == "1.0\n"


@pytest.mark.parametrize("label", ["two\nlines", "a\ttab", " blank", "\ud800"])
def test_labels_that_a_line_cannot_hold_are_refused_and_nothing_is_left(tmp_path, label):
    one = Segments([0], [1], [label])
    for suffix in (".lab", ".txt"):
        with pytest.raises(FormatError):
            write(one, tmp_path / f"a{suffix}")
    with pytest.raises(FormatError):
        write(Events([0], [label]), tmp_path / "a.beats")
    assert not list(tmp_path.iterdir())


def test_unwritable_places(tmp_path):
    for name, form in FORMATS.items():
        answer: Answer = Segments([], []) if Segments in form.keeps else Events.none()
        for path in (tmp_path / "no" / "a", tmp_path):
            with pytest.raises(FormatError, match="cannot be written"):
                write(answer, path, format=name)


def test_numbers_are_plain_and_whole(tmp_path):
    write(Events([1e-7, 0.1, 1 / 3, 123456.789]), tmp_path / "a.beats")
    assert (tmp_path / "a.beats").read_text().split() == ["0.0000001", "0.1", "0.3333333333333333", "123456.789"]


def test_jams_uses_the_namespaces_of_the_field(tmp_path):
    answers = {
        "beats": Events([0, 1], ["1", "2"], [0.5, 1]),
        "onsets": Events([0, 1]),
        "hits": Events([0], ["kick"]),
        "chords": Segments([0, 1], [1, 2], ["C:maj", "N"]),
        "keys": Segments([0], [1], ["C:major"]),
        "sections": Segments([0], [1], ["verse"]),
        "f0": Curve([0, 1], [0, 440], "Hz"),
        "tempo": Curve([0], [120], "bpm"),
        "loudness": Curve([0], [-20], "dB"),
        "notes": Notes([0], [1], [60.5], [100]),
        "tags": Tags(["piano"], [0.5]),
    }
    write_jams(answers, tmp_path / "a.jams", duration=3, title="Song")
    held = json.loads((tmp_path / "a.jams").read_text())
    assert held["file_metadata"]["title"] == "Song" and held["file_metadata"]["duration"] == 3
    assert [a["namespace"] for a in held["annotations"]] == [
        *("beat", "onset", "onset", "chord", "key_mode", "segment_open"),
        *("pitch_contour", "tempo", "vector", "note_midi", "tag_open"),
    ]
    assert read_jams(tmp_path / "a.jams") == answers
    odd = {"chords": Segments([0], [1], ["not a chord"])}
    write_jams(odd, tmp_path / "b.jams")
    assert read_jams(tmp_path / "b.jams") == odd
    assert json.loads((tmp_path / "b.jams").read_text())["annotations"][0]["namespace"] == "segment_open"
    with pytest.raises(FormatError, match="before 0 s"):
        write_jams({"beats": Events([-1.0])}, tmp_path / "c.jams")


def test_jams_of_others(tmp_path):
    def annotation(namespace, *rows):
        keys = ("time", "duration", "value", "confidence")
        data = [dict(zip(keys, row, strict=True)) for row in rows]
        return {"namespace": namespace, "data": data, "annotation_metadata": {}, "sandbox": {}}

    place = {"position": 2, "measure": 1, "num_beats": 4, "beat_units": 4}
    held = [
        annotation("beat", (0.5, 0, 1.0, None), (0.2, 0, 4, None)),
        annotation("beat_position", (0.5, 0, place, 1)),
        annotation("chord", (0, 1, "C", 1.0)),
        annotation("chord", (0, 1, "G", None)),
        annotation("lyrics", (0, 1, "la", None)),
        annotation("multi_segment", (0, 1, {"label": "A", "level": 0}, None)),
        annotation("pitch_contour", (0, 0, {"index": 0, "frequency": 440, "voiced": False}, None)),
        annotation("note_midi", (0, 1, 60, None)),
    ]
    (tmp_path / "a.jams").write_text(json.dumps({"annotations": held, "file_metadata": {"duration": 2}}))
    assert read_jams(tmp_path / "a.jams") == {
        "beat": Events([0.2, 0.5], ["4", "1"]),
        "beat_position": Events([0.5], ["2"], [1]),
        "chord": Segments([0], [1], ["C"], [1]),
        "chord 2": Segments([0], [1], ["G"]),
        "multi_segment": Segments([0], [1], ["A"]),
        "pitch_contour": Curve([0], [0], "Hz"),
        "note_midi": Notes([0], [1], [60], [100]),
    }
    assert read(tmp_path / "a.jams", Segments).labels == ("C",)
    held[0]["data"][0]["time"] = None
    (tmp_path / "a.jams").write_text(json.dumps({"annotations": held}))
    with pytest.raises(FormatError):
        read_jams(tmp_path / "a.jams")
