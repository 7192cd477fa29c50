"""What the README and the documentation show, works: Python runs, commands exist, links lead somewhere."""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from solfeggio import bundle, cli

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TRAINED = (bundle.HOME / "beats" / "config.json").is_file()


def blocks(language: str) -> list:
    """Fenced blocks in one language, as test cases named by page."""
    found = []
    for page in PAGES:
        made = re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
        found += [pytest.param(text, id=f"{page.stem}-{i}") for i, text in enumerate(made)]
    return found


def commands() -> list:
    """Lines of console blocks that start with a dollar, without their comments."""
    cases = []
    for case in blocks("console"):
        for line in case.values[0].splitlines():
            if line.startswith("$ "):
                cases.append(pytest.param(shlex.split(line[2:], comments=True), id=line[2:].split("#")[0].strip()))
    return cases


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sounds and the tune that examples speak of."""
    import numpy as np

    from solfeggio import audio
    from solfeggio.band.desk.sketch import demo
    from solfeggio.band.scores.files import write_score
    from solfeggio.notation import Part, Score

    folder = tmp_path_factory.mktemp("readme")
    samples, rate, _ = demo()
    (folder / "out").mkdir()
    audio.write(folder / "out" / "demo.flac", samples, rate)
    audio.write(folder / "song.mp3", samples[:, : 12 * rate], rate)
    (folder / "songs").mkdir()
    shutil.copy(folder / "song.mp3", folder / "songs")
    notes = np.array([[i, i + 1, (60, 64, 67, 65)[i % 4], 90] for i in range(40)])
    for name in ("tune.musicxml", "tune.abc"):
        write_score(Score("Tune", 120, (Part("melody", 73, notes),), 40), folder / name)
    return folder


class Lenient(doctest.OutputChecker):
    """Accepts what an untrained stand-in answers; errors are still errors."""

    def check_output(self, want: str, got: str, flags: int) -> bool:
        return True


@pytest.mark.parametrize("text", [case for case in blocks("python") if ">>>" in case.values[0]])
def test_python_examples(text, demo, beats_home, monkeypatch):
    """Where a trained system hears and only its stand-in is there, results are not compared."""
    monkeypatch.chdir(demo)
    test = doctest.DocTestParser().get_doctest(text, {}, "example", None, 0)
    hears = re.search(r"\b(analyze|hear|write_analysis)\(", text)
    checker = Lenient() if hears and not TRAINED else None
    said: list[str] = []
    runner = doctest.DocTestRunner(checker, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert not runner.run(test, out=said.append).failed, "".join(said)


@pytest.mark.parametrize("words", commands())
def test_console_examples(words, demo, beats_home, monkeypatch, capsys):
    monkeypatch.chdir(demo)
    if words[0] == "make":
        targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert words[1] in targets
    elif words[0] in ("sh", "python"):
        assert (ROOT / words[1]).is_file()
    elif words[0] == "pip":
        assert words[1] == "install"
    elif words[0] == "solfeggio" and words[1] in ("train", "evaluate", "report"):
        assert (ROOT / "recipes" / f"{words[2]}.py").is_file()
    else:
        assert words[0] == "solfeggio", f"what is {words[0]}?"
        if "--jobs" in words:  # other processes would not see the stand-in
            words = [word for word in words if word not in ("--jobs", "2")]
        assert cli.main(words[1:]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8")):
        if "://" not in target and not target.endswith(".png"):
            assert (page.parent / target).exists(), f"{target} in {page.name}"


def test_the_table_of_systems_is_up_to_date():
    done = subprocess.run(
        [sys.executable, "scripts/readme_table.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
