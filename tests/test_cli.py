"""The command line: what it writes, and one clear line for everything that can be wrong."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

from solfeggio import cli
from solfeggio.answers import Events, Segments
from solfeggio.formats import read, read_jams

pytestmark = pytest.mark.usefixtures("beats_home")
RATE = 22050


@pytest.fixture(scope="module")
def clicks() -> np.ndarray:
    """Eight seconds at 120 beats a minute."""
    rng = np.random.default_rng(0)
    samples = 0.001 * rng.normal(size=8 * RATE)
    decay = np.exp(-np.arange(2000) / 300)
    for beat in range(16):
        samples[beat * RATE // 2 :][:2000] += decay * rng.normal(size=2000) * (0.5 if beat % 4 == 0 else 0.3)
    return samples.clip(-1, 1).astype(np.float32)


@pytest.fixture
def song(tmp_path: Path, clicks: np.ndarray) -> Path:
    path = tmp_path / "song.wav"
    soundfile.write(path, clicks, RATE)
    return path


def solfeggio(*args: str | Path) -> int:
    return cli.main([str(arg) for arg in args])


def one_error(capsys: pytest.CaptureFixture[str]) -> str:
    """The only line on stderr, which must be an error; nothing on stdout."""
    out, err = capsys.readouterr()
    lines = err.strip().splitlines()
    assert out == ""
    assert len(lines) == 1, err
    assert lines[0].startswith("error: ")
    return lines[0]


def bad_recordings(folder: Path, clicks: np.ndarray) -> dict[str, Path]:
    """Recordings that cannot be heard, by what is wrong with them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.mp3").write_text("To be or not to be, that is the question.\n" * 50)
    soundfile.write(folder / "nan.wav", np.full(RATE, np.nan, np.float32), RATE, subtype="FLOAT")
    soundfile.write(folder / "none.wav", clicks[:0], RATE)
    return {
        "empty": folder / "empty.wav",
        "text": folder / "text.mp3",
        "NaN": folder / "nan.wav",
        "no samples": folder / "none.wav",
        "missing": folder / "missing.wav",
        "folder of nothing": folder / "nothing",
        "header only": folder / "header.mp3",
    }


@pytest.mark.parametrize("verb", ["analyze", "hear"])
@pytest.mark.parametrize("what", ["empty", "text", "NaN", "no samples", "missing", "folder of nothing", "header only"])
def test_a_recording_that_cannot_be_heard_is_one_line_and_code_2(verb, what, tmp_path, clicks, capsys):
    path = bad_recordings(tmp_path / "in", clicks)[what]
    if what == "folder of nothing":
        path.mkdir()
    if what == "header only":
        soundfile.write(path, clicks, RATE)
        path.write_bytes(path.read_bytes()[:60])
    args = ("analyze", path) if verb == "analyze" else ("hear", "beats", path)
    assert solfeggio(*args, "-o", tmp_path / "out") == 2
    assert str(path) in one_error(capsys)
    assert not [p for p in (tmp_path / "out").rglob("*") if p.is_file()]


@pytest.mark.parametrize(
    ("rate", "channels", "samples"),
    [(8000, 1, 4.0), (192000, 1, 1.0), (44100, 6, 1.0), (22050, 1, 1 / 22050), (22050, 1, 0.05)],
    ids=["8 kHz", "192 kHz", "6 channels", "1 sample", "50 ms"],
)
def test_odd_sounds_are_heard(rate, channels, samples, tmp_path, capsys):
    noise = np.random.default_rng(0).normal(0, 0.1, (max(1, round(samples * rate)), channels))
    soundfile.write(tmp_path / "odd.wav", noise, rate)
    assert solfeggio("analyze", tmp_path / "odd.wav", "-o", tmp_path / "out", "-q") == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", "")
    assert (tmp_path / "out" / "odd.html").stat().st_size > 1000
    read(tmp_path / "out" / "odd.beats", Events)


def test_silence_gives_an_empty_answer(tmp_path, capsys):
    soundfile.write(tmp_path / "silence.wav", np.zeros(10 * RATE), RATE)
    assert solfeggio("analyze", tmp_path / "silence.wav", "-o", tmp_path / "out", "-q") == 0
    assert len(read(tmp_path / "out" / "silence.beats", Events)) == 0
    assert "silent" in (tmp_path / "out" / "silence.html").read_text("utf-8")


def test_a_truncated_mp3_is_used_up_to_where_it_breaks(tmp_path, clicks, capsys):
    path = tmp_path / "cut.mp3"
    soundfile.write(path, np.tile(clicks, 4), RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert solfeggio("hear", "beats", path) == 0
    out, err = capsys.readouterr()
    assert out.startswith("time")
    assert all(line.startswith("warning: ") for line in err.splitlines())
    assert "Traceback" not in err


def test_the_whole_program_is_silent_but_for_its_line(tmp_path, tiny_home):
    """Decoders that print on their own are hushed, which only a process of its own can show."""
    (tmp_path / "text.mp3").write_text("To be or not to be, that is the question.\n" * 50)
    command = [sys.executable, "-m", "solfeggio.cli", "hear", str(tiny_home / "beats"), str(tmp_path / "text.mp3")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("error: ")


def test_hear_prints_csv(song, capsys):
    assert solfeggio("hear", "beats", song) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].split(",")[0] == "time"
    assert err == ""


def test_analyze_writes_every_format_that_reads_back(song, tmp_path, capsys):
    out = tmp_path / "deep" / "out"
    assert solfeggio("analyze", song, "-o", out) == 0
    printed, said = capsys.readouterr()
    assert printed.splitlines() == [str(out / "song.html")]
    assert "1 recording done, 8 s of audio" in said
    beats = read(out / "song.beats", Events)
    assert read(out / "song.beats.csv", Events).times == pytest.approx(beats.times)
    assert set(read_jams(out / "song.jams")) >= {"beats", "metre", "tempo"}
    read(out / "song.metre.csv", Segments)
    names = {path.name for path in out.iterdir()}
    made = ["html", "beats", "jams", "mid", "click.mp3", "beats.csv", "metre.csv", "tempo.csv"]
    assert names >= {f"song.{end}" for end in made}
    assert soundfile.info(out / "song.click.mp3").duration == pytest.approx(8, abs=0.2)
    assert "<html" in (out / "song.html").read_text("utf-8")


def test_only_the_formats_that_are_asked_for(song, tmp_path):
    assert solfeggio("hear", "beats", song, "-o", tmp_path / "out", "--format", "jams,audacity,csv", "-q") == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"song.beats.jams", "song.beats.txt", "song.beats.csv"}


def test_a_batch_goes_on_after_a_bad_recording_and_says_so(song, tmp_path, clicks, capsys):
    folder = tmp_path / "songs"
    (folder / "disc 1").mkdir(parents=True)
    shutil.copy(song, folder / "a.wav")
    shutil.copy(song, folder / "disc 1" / "a.wav")
    (folder / "b.mp3").write_text("no sound")
    (folder / "notes.txt").write_text("not looked at")
    (folder / ".hidden.wav").write_text("not looked at")
    assert solfeggio("analyze", folder, "-o", tmp_path / "out", "-f", "beats") == 2
    out, err = capsys.readouterr()
    assert out.splitlines() == [str(tmp_path / "out" / "a.beats"), str(tmp_path / "out" / "disc 1" / "a.beats")]
    lines = err.splitlines()
    assert [line for line in lines if line.startswith("error: ") and "b.mp3" in line]
    assert "2 recordings done" in lines[-1]
    assert "1 failed" in lines[-1]
    assert "b.mp3" in lines[-1]
    assert "notes.txt" not in err


def test_results_never_replace_those_of_another_recording(song, tmp_path, clicks, capsys):
    soundfile.write(tmp_path / "song.flac", clicks, RATE)
    assert solfeggio("hear", "beats", song, tmp_path / "song.flac", song, "-o", tmp_path / "out") == 2
    err = capsys.readouterr().err
    assert "song.flac is left out" in err
    assert "1 recording done" in err


def test_skip_existing_skips_what_is_whole(song, tmp_path, capsys):
    out = tmp_path / "out"
    args = ("analyze", song, "-o", out, "-f", "beats,jams", "--skip-existing")
    assert solfeggio(*args) == 0
    before = (out / "song.beats").stat().st_mtime_ns
    assert solfeggio(*args) == 0
    assert "1 skipped" in capsys.readouterr().err
    assert (out / "song.beats").stat().st_mtime_ns == before
    (out / "song.jams").unlink()
    assert solfeggio(*args) == 0
    assert (out / "song.jams").exists()


def test_several_processes_give_what_one_gives(tmp_path, clicks, tiny_home, capsys):
    folder = tmp_path / "songs"
    folder.mkdir()
    for i in range(3):
        soundfile.write(folder / f"{i}.wav", clicks[: (i + 2) * RATE], RATE)
    (folder / "bad.wav").write_bytes(b"")
    for jobs in (1, 2):
        assert solfeggio("hear", tiny_home / "beats", folder, "-o", tmp_path / f"{jobs}", "--jobs", jobs) == 2
        assert "3 recordings done, 9 s of audio" in capsys.readouterr().err
    for i in range(3):
        name = f"{i}.beats.csv"
        assert (tmp_path / "1" / name).read_text() == (tmp_path / "2" / name).read_text()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["hear", "beets", "x.wav"], "did you mean 'beats'"),
        (["hear", "beats", "x.wav", "--device", "gpu"], "gpu"),
        (["hear", "beats", "x.wav", "--tempo", "fast"], "--tempo 60:180"),
        (["hear", "beats", "x.wav", "--metres", "waltz"], "3/4"),
        (["hear", "beats", "x.wav", "--format", "cvs"], "did you mean 'csv'"),
        (["hear", "beats", "x.wav", "y.wav"], "-o"),
        (["hear", "beats", "x.wav", "--jobs", "0"], "jobs"),
        (["analyze", "x.wav"], "--out"),
        (["analyse", "x.wav", "-o", "out"], "analyze"),
        (["train", "no-such-recipe"], "no-such-recipe"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_options_are_one_line_and_code_2(args, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert solfeggio(*args) == 2
    assert says in one_error(capsys)
    assert list(tmp_path.iterdir()) == []


def test_decoder_options_reach_the_decoder(song, capsys):
    assert solfeggio("hear", "beats", song, "--tempo", "100:140", "--metres", "3/4") == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    labels = {row.split(",")[1] for row in rows}
    assert labels <= {"1", "2", "3"}


def test_unwritable_output_is_one_line(song, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert solfeggio("analyze", song, "-o", tmp_path / "file") == 2
    assert "file cannot be written to" in one_error(capsys)
    assert solfeggio("analyze", song, "-o", tmp_path / "file" / "out") == 2
    assert "out cannot be written to" in one_error(capsys)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_protected_folder_is_one_line(song, tmp_path, capsys):
    (tmp_path / "out").mkdir(mode=0o555)
    assert solfeggio("analyze", song, "-o", tmp_path / "out") == 2
    one_error(capsys)


def test_a_file_that_cannot_be_replaced_leaves_nothing_behind(song, tmp_path, capsys):
    (tmp_path / "out" / "song.beats").mkdir(parents=True)
    assert solfeggio("analyze", song, "-o", tmp_path / "out", "-f", "beats") == 2
    assert "song.beats" in one_error(capsys)
    assert not list((tmp_path / "out").glob(".*"))


def test_a_bug_is_one_line_and_code_1(song, monkeypatch, capsys):
    def broken(*args, **kwargs):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("solfeggio.run.hear", broken)
    assert solfeggio("hear", "beats", song) == 1
    line = one_error(capsys)
    assert "bug" in line
    assert "ZeroDivisionError" in line
    assert solfeggio("hear", "beats", song, "--debug") == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_is_code_130(song, monkeypatch, capsys):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("solfeggio.run.hear", interrupted)
    assert solfeggio("hear", "beats", song) == 130
    assert "interrupted" in one_error(capsys)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_an_interrupt_stops_all_processes_and_leaves_no_half_files(tmp_path, clicks, tiny_home):
    folder = tmp_path / "songs"
    folder.mkdir()
    for i in range(40):
        soundfile.write(folder / f"{i:02d}.wav", np.tile(clicks, 60), RATE)
    command = [sys.executable, "-m", "solfeggio.cli", "hear", str(tiny_home / "beats"), str(folder), "--jobs", "2"]
    heeded = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # what runs in the background ignores it
    with subprocess.Popen(
        [*command, "-o", str(tmp_path / "out")], stderr=subprocess.PIPE, text=True, preexec_fn=heeded
    ) as process:
        for _ in range(600):
            if list((tmp_path / "out").glob("*.csv")):
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        err = process.communicate()[1]
    assert process.returncode == 130
    assert "Traceback" not in err
    assert not list((tmp_path / "out").glob(".*"))


def test_models_lists_the_bundles(capsys):
    assert solfeggio("models") == 0
    assert "beats" in capsys.readouterr().out
    assert solfeggio("models", "--markdown") == 0
    assert "| beats |" in capsys.readouterr().out


def test_env_and_version(capsys):
    assert solfeggio("env") == 0
    assert {"solfeggio", "torch", "devices", "ffmpeg"} <= {
        line.split()[0] for line in capsys.readouterr().out.splitlines()
    }
    assert solfeggio("--version") == 0
    assert capsys.readouterr().out.startswith("solfeggio ")


def test_help_is_there_for_every_verb(capsys):
    assert solfeggio() == 0
    assert "analyze" in capsys.readouterr().out
    for verb in ("analyze", "hear", "demo", "models", "env"):
        assert solfeggio(verb, "--help") == 0
        assert verb in capsys.readouterr().out


def test_a_recipe_runs_with_its_own_options(tmp_path, monkeypatch, capsys):
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "one.py").write_text(
        "import sys\nprint(sys.argv[1:])\nsys.exit(3 if 'fail' in sys.argv else 0)\n"
    )
    (tmp_path / "two.py").write_text(
        "from solfeggio.errors import DataError\nraise DataError('no songs', 'none', 'get some')\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["solfeggio"])
    assert solfeggio("train", "one", "--smoke", "--out", "x") == 0
    assert capsys.readouterr().out.strip() == "['train', '--smoke', '--out', 'x']"
    assert solfeggio("evaluate", "one", "fail") == 3
    capsys.readouterr()
    assert solfeggio("report", "two.py") == 2
    assert "no songs: none (get some)" in one_error(capsys)
