"""``solfeggio write`` on the command line, with tiny untrained writers and plain stand-ins for what draws and plays."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from solfeggio import bundle, cli, run, writing
from solfeggio.band.scores import files
from solfeggio.errors import MissingExtra
from solfeggio.notation import Part, Score
from solfeggio.report import variants

FACTS = {"data": ["made up"], "licence": "CC0-1.0", "metrics": {"none": {"nll": 1}}, "seeds": [0], "limits": ["all"]}
INPAINT = ("write", "inpaint", "tune.mid", "--bars", "3-4", "-n", "2", "-o", "out")


def solfeggio(*args: str | Path) -> int:
    return cli.main([str(arg) for arg in args])


def tune(bars: int = 6) -> Score:
    rows = [(i / 2, i / 2 + 0.5, 62 + (5 * i) % 14, 80) for i in range(8 * bars)]
    return Score("Tune", 120.0, (Part("melody", 73, np.array(rows, float)),), 4.0 * bars)


@pytest.fixture(scope="module")
def writers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of bundles: every writer, tiny and untrained."""
    import importlib

    home = tmp_path_factory.mktemp("bundles")
    for name in run.writing_systems():
        torch.manual_seed(0)
        config = importlib.import_module(f"solfeggio.writers.{name}").CONFIGS["tiny"]
        run.save(run.build(name, config), home / name, FACTS)
    return home


@pytest.fixture(autouse=True)
def place(writers, tmp_path, monkeypatch) -> Path:
    """A folder with a tune in it, where nothing takes long: sounds are short and pictures plain."""
    monkeypatch.setattr(bundle, "HOME", writers)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(files, "play", lambda score, *args, **more: (np.zeros((1, 2400), np.float32), 24000))
    monkeypatch.setattr(variants, "played", lambda score, seed: (np.zeros((1, 2400), np.float32), 24000))
    monkeypatch.setattr(files, "engrave", lambda score, width=0: f"<svg>{len(score.parts[0].notes)}</svg>")
    files.write_score(tune(), tmp_path / "tune.mid")
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_bars_are_filled_and_everything_is_written(place, capsys):
    assert solfeggio(*INPAINT, "--format", "page,midi,musicxml,abc,svg,audio") == 0
    ends = [".abc", ".flac", ".mid", ".musicxml", ".svg"]
    wanted = ["tune-inpaint.html", *(f"tune-inpaint-{i}{end}" for i in (1, 2) for end in ends)]
    assert names(place / "out") == sorted(wanted)
    assert capsys.readouterr().out == "out/tune-inpaint.html\n"
    page = (place / "out" / "tune-inpaint.html").read_text()
    assert "written here: bars 3 to 4" in page
    assert re.findall(r'-name">([^<]+)</h2>', page) == ["As given", "Variant 1", "Variant 2"]
    assert page.count('download="tune-inpaint-1.mid"') == 1
    given, first = (files.read_score(place / path).parts[0].notes for path in ("tune.mid", "out/tune-inpaint-1.mid"))
    for low, high in ((0, 7.4), (16, 24)):
        kept = [rows[(rows[:, 0] >= low) & (rows[:, 0] < high)][:, :3] for rows in (given, first)]
        np.testing.assert_allclose(*kept, atol=0.01)


def test_the_same_seed_writes_the_same_bytes(place):
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert solfeggio(*INPAINT[:-1], name, "--seed", seed, "-q") == 0
    written = [{path.name: path.read_bytes() for path in (place / name).glob("*.mid")} for name in "abc"]
    assert written[0] == written[1] != written[2]


def test_nothing_is_overwritten_unless_asked(place, capsys):
    assert solfeggio(*INPAINT, "--format", "midi") == 0
    before = (place / "out" / "tune-inpaint-2.mid").read_bytes()
    (place / "out" / "tune-inpaint-1.mid").unlink()
    assert solfeggio(*INPAINT, "--format", "midi", "--seed", "5") == 2
    assert "tune-inpaint-2.mid is there already" in capsys.readouterr().err
    assert names(place / "out") == ["tune-inpaint-2.mid"]
    assert (place / "out" / "tune-inpaint-2.mid").read_bytes() == before
    assert solfeggio(*INPAINT, "--format", "midi", "--seed", "5", "--overwrite") == 0


def test_what_fails_late_leaves_nothing(place, monkeypatch, capsys):
    def broken(score, *args, **more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "play", broken)
    assert solfeggio(*INPAINT, "--format", "midi,audio") == 2
    assert names(place / "out") == []


def test_a_drawing_that_cannot_be_made_is_a_note_or_an_error(place, monkeypatch, capsys):
    def missing(score, width=0):
        raise MissingExtra("engraving needs verovio", "not installed", "pip install 'solfeggio[scores]'")

    monkeypatch.setattr(files, "engrave", missing)
    assert solfeggio(*INPAINT) == 0
    assert "note: no .svg files: engraving needs verovio" in capsys.readouterr().err
    assert not list((place / "out").glob("*.svg")) and "piano roll" in (place / "out/tune-inpaint.html").read_text()
    assert solfeggio(*INPAINT, "--format", "svg", "--overwrite") == 2
    assert "pip install" in capsys.readouterr().err


@pytest.mark.skipif("measure_vae" not in run.writing_systems(), reason="there is no such writer")
def test_knobs_become_sliders(place, capsys):
    vary = ("write", "vary", "tune.mid", "-o", "out", "--knob")
    assert solfeggio(*vary, "density=+2", "--knob", "contour=-3") == 0
    assert names(place / "out") == [f"tune-vary{end}" for end in ("-1.mid", "-1.musicxml", "-1.svg", ".html")]
    page = (place / "out" / "tune-vary.html").read_text()
    assert page.count("data-place=") == 25
    assert re.findall(r'data-steps="([^"]+)"', page) == ["-2|-1|0|+1|+2", "-3|-1.5|0|+1.5|+3"]
    assert re.findall(r'data-place="([\d,]+)">', page) == ["4,0"]
    assert solfeggio(*vary, "densty=1", "--overwrite") == 2
    assert "did you mean 'density'" in capsys.readouterr().err
    for bad in ("density", "density=x", "density=nan"):
        assert solfeggio(*vary, bad, "--overwrite") == 2
        assert f"--knob {bad}" in capsys.readouterr().err


def write(name: str, score: Score) -> str:
    files.write_score(score, Path(name))
    return name


def seven_eight() -> Score:
    return dataclasses.replace(tune(7), metres=((0.0, 28.0, "7/8"),))


def two_voices() -> Score:
    low = Part("bass", 32, tune().parts[0].notes - np.array([0, 0, 12, 0]))
    return dataclasses.replace(tune(), parts=(*tune().parts, low))


@pytest.mark.parametrize(
    ("make", "more", "says"),
    [
        (lambda: write("a.mid", two_voices()), (), "more than one"),
        (lambda: write("a.mid", seven_eight()), ("--fit",), "7/8"),
        (lambda: write("a.mid", dataclasses.replace(tune(), parts=())), (), "no notes"),
        (lambda: Path("a.musicxml").write_text("<score-partwise><part") and "a.musicxml", (), "a.musicxml"),
        (lambda: Path("a.mid").write_bytes(b"MThd") and "a.mid", (), "a.mid"),
        (lambda: "none.mid", (), "none.mid"),
        (lambda: write("a.xyz.mid", tune()), ("--bars", "5-9"), "bars 1 to 6"),
        (lambda: write("a.mid", tune()), ("--bars", "1-6"), "whole score"),
        (lambda: write("a.mid", tune()), ("--bars", "four"), "--bars 5-8"),
        (lambda: write("a.mid", tune()), ("--format", "pdf"), "unknown format 'pdf'"),
        (lambda: write("a.mid", tune()), ("--writer", "inpant"), "did you mean 'inpaint'"),
        (lambda: write("a.mid", tune()), ("-o", "a.mid"), "a file is in the way"),
        (lambda: write("a.mid", tune()), ("-o", "/proc/none"), "cannot be written to"),
        (lambda: write("a.mid", tune()), ("--temperature", "-1"), "temperature"),
        (lambda: write("a.mid", tune()), ("-n", "0"), "-n"),
        (lambda: write("a.mid", tune()), ("--device", "tpu"), "tpu"),
    ],
)
def test_what_is_wrong_is_one_line(make, more, says, place, capsys):
    options = ("--bars", "2-3", "-o", "out") if "--bars" not in more else ("-o", "out")
    score = make()
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    assert solfeggio("write", "inpaint", score, *options, *more) == 2
    err = capsys.readouterr().err.strip()
    assert err.startswith("error: ") and says in err and "\n" not in err
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


def test_a_polyphonic_score_can_be_made_to_fit(place, capsys):
    write("two.mid", two_voices())
    assert solfeggio("write", "inpaint", "two.mid", "--bars", "2-3", "-n", "1", "-o", "out", "--fit") == 0
    err = capsys.readouterr().err
    assert "note: kept part" in err
    assert "kept part" in (place / "out" / "two-inpaint.html").read_text()


def test_a_long_score_is_written_whole_and_shown_in_part(place):
    write("long.mid", tune(500))
    assert solfeggio("write", "inpaint", "long.mid", "--bars", "251-253", "-n", "1", "-o", "out", "-q") == 0
    assert files.read_score(place / "out" / "long-inpaint-1.mid").length_quarters == pytest.approx(2000)
    page = (place / "out" / "long-inpaint.html").read_text()
    assert "bars 247 to 278" in page and "written here: bars" in page


def test_help_shows_examples(capsys):
    for words in (("write", "--help"), *(("write", verb, "--help") for verb in ("inpaint", "melody", "vary"))):
        assert solfeggio(*words) == 0
        assert "solfeggio write" in capsys.readouterr().out
    assert set(writing.VERBS) <= {"vary"}
