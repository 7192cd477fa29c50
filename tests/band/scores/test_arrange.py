from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from solfeggio.band.compose import audible, compose
from solfeggio.band.perform import perform
from solfeggio.band.scores import repertoire
from solfeggio.band.scores.arrange import compose_score, score_song
from solfeggio.band.song import Song
from solfeggio.band.style import load_style
from solfeggio.band.truth import truth
from solfeggio.errors import ConfigError, DataError, FormatError, MissingExtra

NOTES = [(i * 480, 400, 60 + i % 5, 80) for i in range(40)]
TUNE = "X:1\nT:Test\nM:3/4\nL:1/4\nK:G\nD|:GBd|edB|cBA|G2D:|\n|:Bcd|e2d|cAF|G2 D:|\n"
needs_music21 = pytest.mark.skipif(importlib.util.find_spec("music21") is None, reason="music21 is not installed")


def write_midi(path: Path, notes=NOTES, drums: bool = False, metres=(), tempi=(), program: int = 0) -> Path:
    import symusic

    score = symusic.Score(480)
    score.tempos.extend([symusic.Tempo(at, qpm=bpm) for at, bpm in tempi])
    score.time_signatures.extend([symusic.TimeSignature(*metre) for metre in metres])
    track = symusic.Track("", program, drums)
    track.notes.extend([symusic.Note(*note) for note in notes])
    score.tracks.append(track)
    path.write_bytes(score.dumps_midi())
    return path


def test_midi_keeps_its_bars_and_its_tempi(tmp_path: Path):
    path = write_midi(tmp_path / "a.mid", metres=[(0, 3, 4), (480 * 9, 4, 4)], tempi=[(0, 120), (480 * 9, 60)])
    song = compose(5, style=path)
    assert song.metres == ((0.0, 9.0, "3/4"), (9.0, 41.0, "4/4"))
    assert song.positions[:10].tolist() == [1, 2, 3, 1, 2, 3, 1, 2, 3, 1]
    song = Song(**{**song.__dict__, "sections": ()})
    beats = perform(np.random.default_rng(1), song).beats.times
    early, late = np.median(np.diff(beats[:9])), np.median(np.diff(beats[12:40]))
    assert early == pytest.approx(0.5, rel=0.1)
    assert late == pytest.approx(1.0, rel=0.1)


def test_midi_without_a_metre_or_of_drums_alone(tmp_path: Path):
    song = score_song(write_midi(tmp_path / "d.mid", drums=True))
    assert (song.metres, song.keys, song.chords) == (((0.0, 40.0, "4/4"),), (), ())
    assert [part.name for part in song.parts] == ["drums"]
    truth(perform(np.random.default_rng(0), song))


def test_long_scores_are_cut_at_a_bar_line(tmp_path: Path):
    song = score_song(write_midi(tmp_path / "l.mid", notes=[(i * 480, 400, 60, 80) for i in range(4000)]))
    assert 590 < song.length_quarters * 60 / song.bpm < 605
    assert song.length_quarters % 4 == 0


@pytest.mark.parametrize("data", [b"", b"not music", b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\1\0"])
def test_damaged_midi_is_refused(tmp_path: Path, data: bytes):
    (tmp_path / "a.mid").write_bytes(data)
    with pytest.raises((FormatError, DataError), match=r"a\.mid"):
        score_song(tmp_path / "a.mid")


def test_no_notes_no_song(tmp_path: Path):
    with pytest.raises(DataError, match="no notes"):
        score_song(write_midi(tmp_path / "a.mid", notes=[]))
    with pytest.raises(ConfigError, match="kind of score"):
        score_song(tmp_path / "a.pdf")
    with pytest.raises(FormatError, match="No such file"):
        score_song(tmp_path / "b.mid")


@needs_music21
def test_a_tune_in_abc_is_played_with_its_repeats(tmp_path: Path):
    (tmp_path / "t.abc").write_text(TUNE)
    song = score_song(tmp_path / "t.abc")
    assert [letter for _, _, letter in song.forms] == ["A", "A", "B", "B"]
    assert song.keys[0][2] == "G:maj"
    assert song.positions[:5].tolist() == [3, 1, 2, 3, 1]
    downs = song.beats_quarters[song.positions == 1]
    assert np.diff(downs).tolist() == [3.0] * 15


@needs_music21
@pytest.mark.parametrize("name, text", [("a.abc", ""), ("a.xml", "<a>"), ("a.xml", "<html/>"), ("a.mxl", "PK\3\4x")])
def test_damaged_scores_are_refused(tmp_path: Path, name: str, text: str):
    (tmp_path / name).write_text(text)
    with pytest.raises((FormatError, DataError), match=name):
        score_song(tmp_path / name)


@needs_music21
@pytest.mark.parametrize("name", ["bach-chorales", "session-reels", "session-jigs", "session-airs", "sung-airs"])
def test_the_repertoire_gives_songs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv("SOLFEGGIO_CACHE", str(tmp_path))
    style = load_style(name)
    for seed, side in enumerate(("train", "valid", "test")):
        song = compose_score(np.random.default_rng(seed), side, style)
        again = compose_score(np.random.default_rng(seed), side, style)  # now from the cache
        assert all(np.array_equal(a.notes, b.notes) for a, b in zip(song.parts, again.parts, strict=True))
        assert (song.chords, song.keys, song.bpm) == (again.chords, again.keys, again.bpm)
        assert audible(song)
        assert 35 < song.length_quarters * 60 / song.bpm < 100
        assert song.chords[0][0] == 0
        assert song.chords[-1][1] == pytest.approx(song.length_quarters)
        inside = np.diff(song.positions)
        assert ((inside == 1) | (song.positions[1:] == 1)).all()
    assert list(tmp_path.glob("score-*.npz"))


@needs_music21
def test_one_tune_is_on_one_side():
    tunes = repertoire.pieces("tunes")
    assert {piece.side for piece in tunes} == {"train", "valid", "test"}
    one = "X:1\nT:Rakes -- Reel\nM:2/4\nK:G\nGBGB|c2BA|GBGB|AFED|GBGB|d2cB|cAFA|G2G2|"
    other = 'X:9\nT:Mallow\nM:2/4\nK:D\n"D"DFDF|{a}G2FE|DFDF|ECB,A,|DFDF|A2GF|GECE|D2D2|'  # a fourth lower
    assert repertoire._tune_marks(one) & repertoire._tune_marks(other)


def test_without_music21_the_error_names_the_remedy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    repertoire.folder.cache_clear()
    repertoire.pieces.cache_clear()
    with pytest.raises(MissingExtra, match=r"pip install solfeggio\[scores\]"):
        compose_score(np.random.default_rng(0), "train", load_style("session-reels"))
    repertoire.folder.cache_clear()
    repertoire.pieces.cache_clear()
