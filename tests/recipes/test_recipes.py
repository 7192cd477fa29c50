"""Every recipe runs end to end on sketched songs: trains, resumes, scores, writes its report and loadable bundles."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from solfeggio import bundle, run

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.py"))


def _run(recipe: Path, verb: str, out: Path) -> str:
    command = [
        sys.executable,
        str(recipe),
        verb,
        "--smoke",
        "-o",
        str(out),
        "--cache",
        str(out / "cache"),
        "--jobs",
        "1",
    ]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_smoke(recipe: Path, tmp_path: Path) -> None:
    assert "==" in _run(recipe, "train", tmp_path)
    assert "==" not in _run(recipe, "train", tmp_path)  # all done: nothing is trained again
    told = _run(recipe, "report", tmp_path)
    assert "never learned" in told
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "constant 120" in page and "http://" not in page.replace("http://www.w3.org", "")
    made = sorted((tmp_path / "bundles").iterdir())
    assert made
    for folder in made:
        system = run.load(folder)
        assert bundle.describe(folder)["system"] == type(system).__module__.rpartition(".")[2]
        assert "What it cannot do" in (folder / "card.md").read_text("utf-8")
