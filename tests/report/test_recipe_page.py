"""The report of a recipe, and the charts in it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from solfeggio.answers import Events, Notes
from solfeggio.errors import ConfigError
from solfeggio.report.draw import bars, histograms, learning_curves, piano_roll, scatter, spectrogram
from solfeggio.report.recipe_page import recipe_page, table_cells
from solfeggio.report.sound import click
from solfeggio.studies.table import Estimate, Table

pytest.importorskip("matplotlib")
EVIL = "</script><img src=x onerror=alert(1)>"
TABLE = Table("Beats", ("system", "F", "n"), (("ours", Estimate(0.9, 0.8, 1.0, 3), 5), ("none", None, 5)), "by t")


def test_cells_put_the_interval_on_the_columns_scale() -> None:
    rows = (("a", Estimate(0.5, 0.0, 1.0, 3)), ("b", Estimate(0.25, 0.25, 0.5, 3)), ("c", None))
    cells = table_cells(Table("t", ("x", "y"), rows))["rows"]
    assert cells[0][1]["bar"] == {"left": 0, "width": 100, "mean": 50}
    assert cells[1][1]["bar"] == {"left": 25, "width": 25, "mean": 25}
    assert cells[2][1] == {"text": "–", "number": True, "bar": None}
    assert cells[0][0] == {"text": "a", "number": False, "bar": None}


def test_report_is_one_file_with_everything_in_it(tmp_path: Path) -> None:
    beats = Events(np.arange(0.5, 70, 0.5), [str(i % 3 + 1) for i in range(139)])
    recipe_page(
        tmp_path / "report.html",
        title=f"Beats {EVIL}",
        question=f"What?\n\nAnd why {EVIL}?",
        tables=[TABLE, Table(EVIL, (EVIL,), ((EVIL,),), EVIL)],
        curves={EVIL: [{"step": 1, "valid loss": 2.0}, {"step": 2, "valid loss": 1.0}], "other": []},
        examples=[
            (f"worst {EVIL}", click(beats, 70.0, 8000), 8000, {"heard": beats, "truth": beats.shift(0.1)}),
            ("silent", np.zeros((2, 8000)), 8000, {"heard": Events.none(), "truth": beats}),
            ("empty", np.zeros((1, 0)), 8000, {}),
        ],
        invalid=[f"Chance {EVIL}"],
        provenance={"licence": "Apache-2.0", "metrics": {"a": {"F": "0.9"}}, "seeds": [0, 1], "data": [EVIL]},
    )
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<img" not in page and not re.search(r"https?:", page)
    assert all(source.startswith("data:") for source in re.findall(r'\bsrc="([^"]*)"', page))
    assert page.count("data-player aria-label") == 2 and "The first minute of 1:10" in page
    for text in ("What could make this invalid", "0.900 [0.800, 1.000]", "0.900 ± 0.100", "Apache-2.0", "0, 1"):
        assert (text in page) == (text != "0.900 [0.800, 1.000]")
    assert re.search(r"<svg class=\"chart\"", page) and page.count("<script") == page.count("</script>")


def test_report_without_anything_optional(tmp_path: Path) -> None:
    recipe_page(tmp_path / "r.html", title="x", question="", tables=[])
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "invalid</h2>" not in page and "to hear" not in page


@pytest.mark.parametrize(
    "drawing",
    [
        learning_curves(
            {"$a_b$ <i>": [{"step": 1, "train F": 0.5, "valid F": 0.4}, {"step": 2, "valid F": float("nan")}]}
        ),
        bars(
            {"ours & theirs": Estimate(0.9, 0.8, 1.0, 3), "one": Estimate(0.5, float("nan"), float("nan"), 1), "c": 0.2}
        ),
        scatter({"a": ([1, 2], [3, 4]), "b": ([], [])}, "tempo", "F"),
    ],
    ids=["curves", "bars", "scatter"],
)
def test_charts_are_bare_svg_in_the_pages_colours(drawing: str) -> None:
    assert drawing.startswith("<svg") and 'role="img"' in drawing and 'aria-label="' in drawing
    assert "http" not in drawing and "<metadata" not in drawing and "font-family" not in drawing
    assert "var(--ink" in drawing and "#0a0a" not in drawing and "#0101" not in drawing and "<i>" not in drawing
    ids, used = (
        set(re.findall(r' id="([^"]+)"', drawing)),
        set(re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", drawing)),
    )
    assert {a or b for a, b in used} <= ids


def test_charts_of_nothing_say_so() -> None:
    for draw, args in ((learning_curves, ({},)), (bars, ({},)), (scatter, ({}, "x", "y"))):
        with pytest.raises(ConfigError, match="of nothing"):
            draw(*args)  # type: ignore[operator]


def test_pictures_of_songs() -> None:
    tables = {
        "tempo": {"band": {120.0: 1.0}, "real": {100.0: 0.5}},
        "mode": {"band": {"major": 1.0}, "real": {"minor": 1.0}},
    }
    drawn = histograms(tables, {"tempo": "bpm"})
    assert drawn.startswith("<svg") and all(word in drawn for word in ("tempo", "bpm", "major", "minor", "real"))
    notes = Notes([0, 1, 30], [1, 2, 31], [60, 62, 64], [90, 90, 90])
    roll = piano_roll({"melody": notes, "none": Notes([], [], [], [])}, Events([0, 1, 2], ["1", "2", "1"]), 0, 10)
    assert "melody" in roll and "MIDI pitch" in roll
    picture = spectrogram(np.random.default_rng(0).normal(0, 0.1, (2, 44100)).astype(np.float32), 22050, 0.5, 1.5)
    assert "image/png;base64" in picture and "1000 Hz" in picture
    assert "<svg" in spectrogram(np.zeros((1, 100), np.float32), 8000, 0, 1)
    with pytest.raises(ConfigError):
        histograms({}, {})
