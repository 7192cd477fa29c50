"""The rules of the house that no other tool holds: names, sizes, imports, and what belongs to every system."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import solfeggio

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "solfeggio"
FILES = sorted(SOURCE.rglob("*.py"))
LISTENERS = sorted(path.stem for path in (SOURCE / "listeners").glob("*.py") if path.stem != "__init__")
BANNED = {"utils", "util", "helpers", "helper", "common", "misc", "base", "core"}
MOST_LINES = 400
RECIPES = dict.fromkeys(("stems_umx", "stems_iass", "stems_nmf"), "stems_classics")  # one recipe for several systems


def loaded_by(code: str) -> set[str]:
    """Modules in memory after a fresh Python ran ``code``."""
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )


def test_importing_solfeggio_loads_nothing_heavy():
    loaded = loaded_by("import solfeggio")
    assert not loaded & {"torch", "matplotlib", "numpy", "scipy", "jams", "symusic", "mir_eval", "soundfile", "typer"}


def test_the_command_line_starts_without_numbers():
    loaded = loaded_by("import solfeggio.cli")
    assert not loaded & {"torch", "matplotlib", "numpy", "scipy", "soundfile"}


@pytest.mark.parametrize("module", ["answers", "grid", "notation", "audio", "formats", "metrics.events", "decode.bars"])
def test_numpy_floors_load_no_torch(module):
    assert not loaded_by(f"import solfeggio.{module}") & {"torch", "matplotlib", "jams", "symusic"}


@pytest.mark.parametrize("verb", solfeggio.__all__)
def test_every_public_verb_is_there(verb):
    assert callable(getattr(solfeggio, verb))
    assert verb in dir(solfeggio)


def test_a_verb_that_is_not_there_is_named():
    with pytest.raises(AttributeError, match="listen"):
        solfeggio.listen  # noqa: B018


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_have_honest_names_and_are_short(path):
    assert path.stem not in BANNED
    assert len(path.read_text("utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_are_honest_inside(path):
    """Absolute imports, errors instead of assert, no pickle, no network, nothing left to do."""
    text = path.read_text("utf-8")
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)
    for node in ast.walk(ast.parse(text)):
        assert not isinstance(node, ast.Assert), f"line {node.lineno}: raise an error of errors.py"
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: import from solfeggio..."
            names = [node.module or ""]
        roots = {name.partition(".")[0] for name in names}
        assert not roots & {"pickle", "requests", "urllib3", "socket", "torchaudio", "madmom"}, f"line {node.lineno}"


def test_no_public_function_shares_a_name_with_a_module():
    modules = {path.stem for path in FILES if path.parent == SOURCE}
    assert not modules & set(solfeggio.__all__)


def test_the_repository_names_no_private_place():
    text = "\n".join(
        path.read_text("utf-8")
        for pattern in ("src/**/*.py", "recipes/*.py", "benchmarks/*.py", "docs/**/*.md", "*.md", "Makefile", ".ci/*")
        for path in ROOT.glob(pattern)
    )
    assert not re.search(r"(?<![\w.])/(home|Users)/\w+", text)


@pytest.mark.parametrize("name", LISTENERS)
def test_every_listener_has_its_recipe_test_and_page(name):
    for path in (f"recipes/{RECIPES.get(name, name)}.py", f"tests/listeners/test_{name}.py", f"docs/systems/{name}.md"):
        assert (ROOT / path).is_file(), f"{path} is missing"


@pytest.mark.parametrize("path", sorted((ROOT / "src" / "solfeggio" / "bundles").glob("*/config.json")), ids=str)
def test_every_bundle_is_small_and_has_its_card(path):
    size = sum(file.stat().st_size for file in path.parent.iterdir())
    assert size < 4_000_000
    assert (path.parent / "card.md").is_file()
