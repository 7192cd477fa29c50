"""Every recipe runs end to end on sketched songs: trains, resumes, scores, writes its report and loadable bundles."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from solfeggio import bundle, run

HOME = Path(__file__).parents[2] / "recipes"
LEARNLESS = ("band", "separation_metrics")  # train nothing
RECIPES = [path for path in sorted(HOME.glob("*.py")) if path.stem not in LEARNLESS]


def _run(recipe: Path, verb: str, out: Path, *options: str) -> str:
    command = [sys.executable, str(recipe), verb, "--smoke", "-o", str(out), *options]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_smoke(recipe: Path, tmp_path: Path) -> None:
    options = ("--cache", str(tmp_path / "cache"), "--jobs", "1")
    assert "==" in _run(recipe, "train", tmp_path, *options)
    assert "==" not in _run(recipe, "train", tmp_path, *options)  # all done: nothing is trained again
    told = _run(recipe, "report", tmp_path, *options)
    assert "never learned" in told
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "never learned" in page and "http://" not in page.replace("http://www.w3.org", "")
    made = sorted((tmp_path / "bundles").iterdir())
    assert made
    for folder in made:
        system = run.load(folder)
        assert bundle.describe(folder)["system"] == type(system).__module__.rpartition(".")[2]
        assert "What it cannot do" in (folder / "card.md").read_text("utf-8")


def test_band_is_counted_and_compared(tmp_path: Path) -> None:
    recipe = HOME / "band.py"
    assert "==" in _run(recipe, "count", tmp_path)
    assert "==" not in _run(recipe, "count", tmp_path)  # all counted: nothing is composed again
    told = _run(recipe, "report", tmp_path)
    assert "knows nothing" in told and "chord quality" in told
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.count('class="chart"') > 8 and "What could make this invalid" in page
    assert "| statistic |" in (tmp_path / "report.md").read_text("utf-8")


def test_separation_metrics_are_asked_and_compared(tmp_path: Path) -> None:
    recipe = HOME / "separation_metrics.py"
    assert "==" in _run(recipe, "judge", tmp_path)
    assert "==" not in _run(recipe, "judge", tmp_path)  # all judged: no metric is asked again
    told = _run(recipe, "report", tmp_path)
    assert "different orders" in told and "mix as it is" in told
    page = (tmp_path / "report.html").read_text("utf-8")
    assert 'class="chart"' in page and "What could make this invalid" in page and "there is no best" in page
    assert "| metric |" in (tmp_path / "report.md").read_text("utf-8")
