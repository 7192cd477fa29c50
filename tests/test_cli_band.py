"""``solfeggio band`` on the command line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from solfeggio import batch, cli
from solfeggio.band.compose import compose
from solfeggio.band.desk import banks
from solfeggio.band.style import style_names
from solfeggio.band.writing.mma import LIBRARY
from solfeggio.batch import Item
from solfeggio.data import takes
from solfeggio.data.corpora import corpus_names, load_corpus
from solfeggio.errors import ConfigError, DataError, MissingExtra

ROOT = Path(__file__).parents[1]
DOCS = (ROOT / "docs" / "band.md").read_text("utf-8")


def solfeggio(*args: str | Path) -> int:
    return cli.main([str(arg) for arg in args])


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A corpus file of four short songs."""
    path = tmp_path / "mine.toml"
    path.write_text('about = "a"\nstyles = ["solo-line"]\nfamily = "sketch"\nseed = 77\n')
    return path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Songs that are a line of text, quickly written; song 2 is broken."""
    made: list[str] = []

    def fill(place: Path, take: takes.Take, *, rate: int, stems: str) -> dict:
        made.append(take.id)
        if take.id.endswith("2"):
            raise DataError("20 drafts hid their beat")
        (place / "mix.flac").write_text(f"{take.seed} {rate} {stems}")
        names = ("id", "style", "seed", "side", "family")
        own = {name: getattr(take, name) for name in names}
        rest = {"key": "", "metre": "4/4", "bpm": 100.0, "seconds": 60.0, "groove": "", "work": "", "cents": 0.0}
        return own | rest | {"sounds": {"bank": "sketch"}}

    monkeypatch.setattr(takes, "fill", fill)
    return made


def test_lists(capsys: pytest.CaptureFixture[str]):
    assert solfeggio("band", "styles") == 0
    out = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in out] == list(style_names()) and len(out) >= 30
    assert solfeggio("band", "corpora", "--markdown") == 0
    table = capsys.readouterr().out
    assert len(table.splitlines()) == len(corpus_names()) + 2
    for row in table.splitlines():
        assert row.replace(" ", "") in DOCS.replace(" ", ""), f"docs/band.md lacks {row}"


def test_the_files_that_the_documentation_shows_are_right(tmp_path: Path):
    style, mine = re.findall(r"^```toml\n(.*?)^```", DOCS, re.DOTALL | re.MULTILINE)
    (tmp_path / "shanty.toml").write_text(style)
    (tmp_path / "mine.toml").write_text(mine)
    assert load_corpus(tmp_path / "mine.toml").count() == 100
    song = compose(7, style=tmp_path / "shanty.toml")
    assert song.style == "shanty" and any(part.program in (21, 23) for part in song.parts)


@pytest.mark.system
@pytest.mark.skipif(not LIBRARY.is_dir() or not find_spec("music21"), reason="styles need mma and music21")
def test_the_page_of_styles_is_up_to_date():
    script = [sys.executable, "scripts/styles_page.py", "--check"]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_corpus_goes_on_where_it_stopped_and_reports_what_failed(mine, quick, tmp_path, capsys):
    run = ("band", "corpus", mine, "--hours", "0.06", "-o", tmp_path / "out")
    assert solfeggio(*run) == 2
    out, err = capsys.readouterr()
    folder = tmp_path / "out" / "mine"
    assert out.strip() == str(folder / "index.csv")
    assert "error: mine-00002: 20 drafts hid their beat" in err and "2 recordings done, 120 s of audio" in err
    assert sorted(path.name for path in folder.iterdir()) == ["index.csv", "manifest.json", "mine-00000", "mine-00001"]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["songs"] == 2 and set(manifest["files"]) == {"mine-00000/mix.flac", "mine-00001/mix.flac"}
    quick.clear()
    assert solfeggio(*run) == 2 and quick == ["mine-00002"]
    assert solfeggio(*run, "--rate", "44100") == 2
    assert "made otherwise" in capsys.readouterr().err
    (folder / "mine-00001" / "song.json").unlink()  # as if it had been stopped there
    assert solfeggio("band", "corpus", mine, "--hours", "0.02", "-o", tmp_path / "out", "-q") == 0
    assert capsys.readouterr().err == ""


def test_the_same_command_gives_the_same_bytes(mine, quick, tmp_path):
    for name in ("a", "b"):
        solfeggio("band", "corpus", mine, "--hours", "0.03", "-o", tmp_path / name, "-q")
    first = {path.relative_to(tmp_path / "a"): path for path in (tmp_path / "a").rglob("*") if path.is_file()}
    assert len(first) == 6
    for name, path in first.items():
        assert path.read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_wrong_options_are_one_error(tmp_path, capsys, monkeypatch):
    for args, part in (
        (("corpus", "smoke", "-o", tmp_path / "x", "--stems", "7"), "unknown choice of stems '7'"),
        (("corpus", "smok", "-o", tmp_path / "x"), "did you mean 'smoke'"),
        (("corpus", "smoke", "-o", tmp_path / "x", "--hours", "0"), "0.0 hours"),
        (("play", "popp", "-o", tmp_path / "x"), "did you mean 'pop'"),
        (("play", "pop", "-o", tmp_path / "x", "--family", "Z"), "Z"),
    ):
        assert solfeggio("band", *args) == 2
        err = capsys.readouterr().err.strip()
        assert err.startswith("error: ") and part in err and "\n" not in err
    monkeypatch.setattr(banks, "folders", lambda: [])
    assert solfeggio("band", "play", "pop", "-o", tmp_path / "x") == 2
    err = capsys.readouterr().err
    assert "scripts/install-band.sh" in err and "--family sketch" in err


def test_a_cluster_does_what_one_process_does(tmp_path):
    distributed = pytest.importorskip("distributed", reason="dask.distributed: pip install solfeggio[cluster]")
    items = [Item(Path(f"s-{i}"), Path(f"s-{i}")) for i in range(5)]
    seconds: list[float] = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, silence_logs=50
    ) as cluster:
        found = list(batch.spread(_length, items, cluster.scheduler_address, seconds.append))
    assert sorted(outcome.result for outcome in found if not outcome.error) == [0, 1, 3, 4]
    assert [outcome.error for outcome in found if outcome.error] == ["two"] and np.sum(seconds) == 8


def test_a_cluster_that_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "dask.distributed", None)
    with pytest.raises(MissingExtra, match=r"solfeggio\[cluster\]"):
        list(batch.spread(_length, [], "tcp://127.0.0.1:1"))


def _length(item: Item, advance) -> int:
    number = int(item.source.name.partition("-")[2])
    if number == 2:
        raise ConfigError("two")
    advance(number)
    return number
