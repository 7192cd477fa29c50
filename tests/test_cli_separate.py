"""``solfeggio separate``: folders of stems, nothing but paths on stdout, wrong input in one line with exit code 2."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio import audio, bundle
from solfeggio.cli import main


@pytest.fixture
def songs(tmp_path):
    home = tmp_path / "songs"
    (home / "live").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in ("a.wav", "live/b.flac"):
        audio.write(home / name, rng.normal(0, 0.1, (2, 16000)), 8000)
    return home


def test_a_folder_of_songs(songs, split_home, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["separate", str(songs), "-o", str(out), "--system", str(split_home), "--device", "cpu"]) == 0
    said = capsys.readouterr()
    assert said.out.split() == [str(out / "a" / "stems.html"), str(out / "live" / "b" / "stems.html")]
    assert "2 recordings done" in said.err
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert names == {f"{song}/{file}" for song in ("a", "live/b")
                     for file in ("low.wav", "high.wav", "mixture.wav", "stems.html")}  # fmt: skip
    again = ["separate", str(songs), "-o", str(out), "--system", str(split_home), "--skip-existing"]
    (out / "a" / "low.wav").unlink()
    assert main([*again, "--no-page"]) == 0
    said = capsys.readouterr()
    assert said.out.split() == [str(out / "a" / "low.wav")] and "1 skipped" in said.err


def test_options(songs, split_home, tmp_path, capsys):
    base = ["separate", str(songs / "a.wav"), "--system", str(split_home), "--no-page", "-q", "--device", "cpu"]
    assert main([*base, "-o", str(tmp_path / "1"), "--two-stems", "low", "--format", "flac"]) == 0
    assert sorted(path.name for path in (tmp_path / "1" / "a").iterdir()) == ["low.flac", "rest.flac"]
    assert main([*base, "-o", str(tmp_path / "2"), "--minus", "high", "--format", "mp3"]) == 0
    assert [path.name for path in (tmp_path / "2" / "a").iterdir()] == ["minus-high.mp3"]
    assert main([*base, "-o", str(tmp_path / "3"), "--stems", "high, residual"]) == 0
    assert sorted(path.name for path in (tmp_path / "3" / "a").iterdir()) == ["high.wav", "residual.wav"]
    assert capsys.readouterr() == ("", "")


def test_wrong_input_is_one_line_and_writes_nothing(songs, split_home, beats_home, tmp_path, capsys):
    song, out = str(songs / "a.wav"), str(tmp_path / "out")
    good = ["--system", str(split_home)]
    (songs / "broken.wav").write_bytes(b"RIFF....")
    for args, word in (
        ([song, "-o", out, *good, "--stems", "lo"], "did you mean 'low'"),
        ([song, "-o", out, *good, "--two-stems", "lo"], "stem 'lo'"),
        ([song, "-o", out, *good, "--minus", "bass"], "stem 'bass'"),
        ([song, "-o", out, *good, "--stems", "low", "--minus", "low"], "use one of them"),
        ([song, "-o", out, *good, "--format", "aac"], "format 'aac'"),
        ([song, "-o", out, "--system", "beats"], "does not separate"),
        ([song, "-o", out, "--system", "stemz"], "bundle 'stemz'"),
        ([str(songs / "broken.wav"), "-o", out, *good], "broken.wav"),
        ([str(songs / "none.wav"), "-o", out, *good], "none.wav"),
    ):
        assert main(["separate", *args]) == 2, args
        said = capsys.readouterr()
        assert said.out == "" and said.err.count("\n") == 1 and word in said.err, said.err
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
    if "stems" not in bundle.names():
        assert main(["separate", song, "-o", out]) == 2
        assert "bundle 'stems'" in capsys.readouterr().err


def test_hear_points_to_separate(songs, split_home, capsys):
    assert main(["hear", str(split_home), str(songs / "a.wav")]) == 2
    assert "solfeggio separate" in capsys.readouterr().err
