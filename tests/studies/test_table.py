"""Tables: intervals against known values, and three renderings that agree."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from solfeggio.errors import ConfigError
from solfeggio.studies.table import Estimate, Table, over_seeds, over_tracks, show


def test_student_interval_of_a_textbook_sample() -> None:
    # n = 3, mean 2, s = 1: half width 4.3027 / sqrt(3)
    found = over_seeds([1.0, 2.0, 3.0])
    assert found.mean == 2 and found.n == 3
    assert np.isclose(found.high - found.mean, 4.302652729911275 / np.sqrt(3))
    assert np.isclose(found.mean - found.low, found.high - found.mean)


def test_student_interval_covers_the_truth_95_times_in_100() -> None:
    rng = np.random.default_rng(0)
    hits = [e.low <= 0 <= e.high for e in (over_seeds(rng.standard_normal(4)) for _ in range(3000))]
    assert 0.94 < np.mean(hits) < 0.96


def test_bootstrap_agrees_with_the_normal_theory_of_many_tracks() -> None:
    values = np.random.default_rng(1).normal(0.8, 0.1, 400)
    found = over_tracks(values)
    half = 1.96 * values.std() / 20
    assert abs(found.low - (values.mean() - half)) < 0.002 and abs(found.high - (values.mean() + half)) < 0.002
    assert over_tracks(values) == found  # repeatable


def test_one_value_has_no_interval() -> None:
    for estimate in (over_seeds([0.5]), over_tracks([0.5])):
        assert np.isnan(estimate.low) and str(estimate) == "0.500"


@pytest.mark.parametrize("values", [[], [1.0, float("nan")]])
def test_missing_runs_are_not_averaged_away(values: list[float]) -> None:
    for mean in (over_seeds, over_tracks):
        with pytest.raises(ConfigError, match="finite"):
            mean(values)


def test_intervals_are_written_even_or_uneven() -> None:
    assert str(Estimate(0.5, 0.4, 0.6, 3)) == "0.500 ± 0.100"
    assert str(Estimate(0.9, 0.7, 0.95, 3)) == "0.900 [0.700, 0.950]"


def test_cells() -> None:
    assert [show(cell) for cell in (float("nan"), False, 1234567, 0.5, 250.04, -12345.6, np.float32(0.25), "x")] == [
        "–", "no", "1,234,567", "0.500", "250.0", "-12,346", "0.250", "x",
    ]  # fmt: skip


TABLE = Table("T", ("name", "F", "n"), (("a|b", Estimate(0.5, 0.4, 0.6, 3), 10), ("c", None, 2)), "note")


def test_text_lines_up() -> None:
    lines = TABLE.text().split("\n")
    assert lines[0] == "T" and lines[-1] == "note"
    assert len({len(line) for line in lines[1:-1]}) == 1 and lines[3].endswith("10")


def test_markdown_escapes_and_aligns() -> None:
    lines = TABLE.markdown().split("\n")
    assert "| --- | ---: | ---: |" in lines and "| a\\|b | 0.500 ± 0.100 | 10 |" in lines


def test_csv_keeps_full_precision() -> None:
    rows = list(csv.DictReader(io.StringIO(TABLE.csv())))
    assert rows[0] == {"name": "a|b", "F": "0.5", "F low": "0.4", "F high": "0.6", "F n": "3", "n": "10"}
    assert rows[1]["F"] == "" and rows[1]["n"] == "2"


def test_columns_and_mistakes() -> None:
    assert TABLE.column("n") == (10, 2)
    with pytest.raises(ConfigError, match="no column 'x'"):
        TABLE.column("x")
    with pytest.raises(ConfigError, match="1 cells for 2 columns"):
        Table("T", ("a", "b"), ((1,),))


def test_an_empty_table_is_a_table() -> None:
    empty = Table("none", ("a",), ())
    assert "none" in empty.text() and empty.csv() == "a\n" and empty.numeric == (False,)
