"""Readers of published symbolic sets, on small zips of the same shape; bad members are left out, bad zips are told."""

from __future__ import annotations

import json
import logging
import zipfile
from pathlib import Path

import numpy as np
import pytest

from solfeggio.data.symbolic import SETS, salami_pairs, symbolic
from solfeggio.errors import ConfigError, DataError


def _zip(home: Path, name: str, members: dict[str, str | bytes]) -> Path:
    (home / "symbolic").mkdir(exist_ok=True)
    with zipfile.ZipFile(home / "symbolic" / name, "w") as zipped:
        for member, content in members.items():
            zipped.writestr(member, content)
    return home


def test_harmonix_counts_sections_in_beats(tmp_path: Path) -> None:
    beats = "".join(f"{i * 0.5}\t{i % 4 + 1}\t{i // 4 + 1}\n" for i in range(17))
    eighths = "".join(f"{i * 0.25}\t{i % 6 + 1}\t{i // 6 + 1}\n" for i in range(25))
    head = "File,Title,Time Signature,Genre\n"
    _zip(
        tmp_path,
        "harmonix.zip",
        {
            "dataset/metadata.csv": head + "0001_a,A,4|4,Pop\n0002_b,B,6|8,Rock\n0003_c,C,4|4,Pop\n",
            "dataset/beats_and_downbeats/0001_a.txt": beats,
            "dataset/segments/0001_a.txt": "0.0 silence\n0.0 intro\n4.0 verse\n8.0 end\n",
            "dataset/beats_and_downbeats/0002_b.txt": eighths,
            "dataset/segments/0002_b.txt": "0.0 verse\n6.0 end\n",
            "dataset/beats_and_downbeats/0003_c.txt": "no numbers",
        },
    )
    songs = list(symbolic("harmonix", tmp_path))
    assert [song.name for song in songs] == ["0001_a", "0002_b"]
    assert songs[0].bpm == 120 and songs[0].sections == ((0.0, 8.0, "intro"), (8.0, 16.0, "verse"))
    assert songs[1].bpm == pytest.approx(80) and songs[1].positions.tolist()[:4] == [1, 2, 1, 2]


def test_salami_stays_in_seconds(tmp_path: Path) -> None:
    _zip(
        tmp_path,
        "salami.zip",
        {
            "metadata/metadata.csv": "SONG_ID,CLASS\n10,popular\n",
            "annotations/10/parsed/textfile1_functions.txt": "0.0\tSilence\n1.0\tVerse\n21.5\tSolo\n40.0\tEnd\n",
        },
    )
    (song,) = symbolic("salami", tmp_path)
    assert song.style == "popular" and song.sections == ((1.0, 21.5, "verse"), (21.5, 40.0, "solo"))


def test_pop909_lies_on_its_beats(tmp_path: Path) -> None:
    symusic = pytest.importorskip("symusic")
    score = symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, 100))
    track = symusic.Track("MELODY")
    for i in range(8):
        track.notes.append(symusic.Note(i * 240, 240, 60 + i, 90))
    score.tracks.append(track)
    beats = "".join(f"{i * 0.6} {1.0 if i % 2 == 0 else 0.0} {1.0 if i % 4 == 0 else 0.0}\n" for i in range(8))
    _zip(
        tmp_path,
        "pop909.zip",
        {
            "POP909/001/001.mid": score.dumps_midi(),
            "POP909/001/beat_midi.txt": beats,
            "POP909/001/chord_midi.txt": "0.0 2.4 C:maj\n2.4 4.2 A:min7\n",
            "POP909/001/key_audio.txt": "0.0 4.2 C:maj\n",
            "POP909/002/002.mid": b"nothing",
            "POP909/002/beat_midi.txt": beats,
        },
    )
    (song,) = symbolic("pop909", tmp_path)
    assert np.allclose(song.parts[0].notes[:, 0], np.arange(8) / 2, atol=0.01)
    assert [(round(a, 3), round(b, 3), label) for a, b, label in song.chords] == [(0, 4, "C:maj"), (4, 7, "A:min7")]
    assert song.positions.tolist() == [1, 2, 3, 4, 1, 2, 3, 4] and song.bpm == pytest.approx(100)


def test_nottingham_reads_every_tune(tmp_path: Path) -> None:
    tune = "X:{}\nM:3/4\nL:1/4\nK:G\nGAB|{}|"
    text = "\n\n\n".join([tune.format(1, "cde"), "X:2\nM:3/4\nK:G\n|||", tune.format(3, "dBG")])
    songs = list(symbolic("nottingham", _zip(tmp_path, "nottingham.zip", {"ABC_cleaned/waltzes.abc": text})))
    assert [song.name for song in songs] == ["nottingham-waltzes-1", "nottingham-waltzes-3"]


def test_jazz_solos_count_bars_from_onsets_that_fall_back(tmp_path: Path) -> None:
    events = [[None, 12, 0, 0, 3], [60, 6, 12, 0, 3], [62, 6, 40, 7, 0], [64, 12, 6, 7, 0]]
    content = {"ticks_per_beat": 12, "beats_per_bar": 4, "solos": [{"melid": 5, "events": events}]}
    (song,) = symbolic("wjazzd", _zip(tmp_path, "wjazzd-bebopnet.zip", {"wjazzd_305_solos.json": json.dumps(content)}))
    assert song.parts[0].notes[:, 0].tolist() == [1.0, 40 / 12, 4.5]
    assert song.chords == ((0.0, 3.0, "C:maj7"), (3.0, 8.0, "G:7")) and song.length_quarters == 8


def test_chorales_have_four_parts_and_named_chords(tmp_path: Path) -> None:
    rows = [[72, 67, 64, 48]] * 8 + [[71, 67, 62, 43]] * 4 + [[72, 67, 64, -1]] * 4
    content = {"train": [rows], "valid": [], "test": []}
    (song,) = symbolic("jsb", _zip(tmp_path, "jsb-chorales.zip", {"Jsb16thSeparated.json": json.dumps(content)}))
    assert [part.name for part in song.parts] == ["melody", "alto", "tenor", "bass"]
    assert song.parts[0].notes[:, :3].tolist() == [[0, 2, 72], [2, 3, 71], [3, 4, 72]]
    assert song.chords == ((0.0, 2.0, "C:maj"), (2.0, 3.0, "G:maj"), (3.0, 4.0, "C:maj"))
    assert song.parts[3].notes[:, :3].tolist() == [[0, 2, 48], [2, 3, 43]]


def test_absent_damaged_and_unknown_sets_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no"):
        list(symbolic("salami", tmp_path))
    (tmp_path / "symbolic").mkdir()
    for name, (file, _) in SETS.items():
        (tmp_path / "symbolic" / file).write_bytes(b"no zip at all")
        with pytest.raises(DataError, match="cannot be read"):
            list(symbolic(name, tmp_path))
    with pytest.raises(ConfigError, match="unknown symbolic set"):
        list(symbolic("lakh", tmp_path))


def test_members_that_unpack_to_too_much_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    functions = "0.0\tSilence\n1.0\tVerse\n40.0\tEnd\n"
    members = {
        "metadata/metadata.csv": "SONG_ID,CLASS\n1,a\n2,b\n",
        "annotations/1/parsed/textfile1_functions.txt": functions + " " * 5000,
        "annotations/2/parsed/textfile1_functions.txt": functions,
    }
    monkeypatch.setattr("solfeggio.data.symbolic.LARGEST_BYTES", 1000)
    with caplog.at_level(logging.WARNING):
        songs = list(symbolic("salami", _zip(tmp_path, "salami.zip", members)))
    assert [song.name for song in songs] == ["salami-2"] and "unpacks to more" in caplog.text


def test_salami_pairs_are_what_two_people_heard(tmp_path: Path) -> None:
    text = "0.0\tSilence\n0.5\tIntro\n10.0\tVerse\n10.0\tVerse\n30.5\tno_function\n40.0\tEnd\n"
    home = "annotations/{}/parsed/textfile{}_functions.txt"
    members: dict[str, str | bytes] = {
        home.format(2, 1): text,
        home.format(2, 2): text.replace("30.5", "29.5"),
        home.format(3, 1): text,  # nobody else listened
        home.format(4, 1): text,
        home.format(4, 2): "no numbers\n",
        home.format(5, 1): text,
        home.format(5, 2): "0.0\tIntro\n20.0\tVerse\n10.0\tChorus\n30.0\tEnd\n40.0\tEnd\n",
    }
    _zip(tmp_path, "salami.zip", members)
    pairs = list(salami_pairs(tmp_path))
    assert [name for name, _, _ in pairs][:1] == ["salami-2"]
    one, other = pairs[0][1:]
    assert one.labels == ("intro", "verse", "no_function") and one.ends.tolist() == [10, 30.5, 40]
    assert other.starts.tolist() == [0.5, 10, 29.5]
    assert all(name != "salami-4" for name, _, _ in pairs)
    with pytest.raises(DataError, match="salami"):
        next(salami_pairs(tmp_path / "symbolic"))
