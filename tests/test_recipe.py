from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from solfeggio.recipe import CACHE, Cache, Out, Smoke, asked, commands, finish, means
from solfeggio.studies.scores import Score
from solfeggio.studies.table import Table

DOC = """Beats: who knows?

Question: who
knows?

Method: ask.

    python recipes/beats.py train
"""


def test_the_question_is_what_stands_between_title_and_commands():
    assert asked(DOC) == "Question: who\nknows?\n\nMethod: ask."
    assert asked(None) == asked("A title alone.") == ""


def test_means_have_intervals_and_forget_what_is_not_defined():
    scores = [Score("a", {"F": 0.5, "P": float("nan")}), Score("b", {"F": 1.0, "P": 0.25})]
    found = means({"new songs": scores}, ("F", "P"))
    assert list(found) == ["new songs"] and list(found["new songs"]) == ["F", "P"]
    assert found["new songs"]["F"].startswith("0.750") and found["new songs"]["P"].startswith("0.250")


def test_a_report_is_a_page_tables_and_what_is_printed(tmp_path, capsys):
    finish(tmp_path, DOC, "Beats", [Table("Scores", ("system", "F"), (("ours", 0.5),))], invalid=("Nobody listened.",))
    printed = capsys.readouterr().out
    assert "Scores" in printed and printed.endswith(f"report: {tmp_path / 'report.html'}\n")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "Question: who knows?" in page and "Nobody listened." in page and "recipes/beats.py" not in page
    assert "| ours | 0.5" in (tmp_path / "report.md").read_text("utf-8")


def test_options_are_the_same_in_every_recipe(tmp_path):
    app, got = commands(DOC), []

    @app.command()
    def train(out: Out = Path("runs/beats"), cache: Cache = CACHE, smoke: Smoke = False) -> None:
        got.append((out, cache, smoke))

    @app.command()
    def report(out: Out = Path("runs/beats")) -> None:
        got.append(out)

    runner = CliRunner()
    assert runner.invoke(app, ["train"]).exit_code == 0
    assert runner.invoke(app, ["train", "--smoke", "-o", str(tmp_path), "--cache", "c"]).exit_code == 0
    assert got == [(Path("runs/beats"), Path("runs/cache"), False), (tmp_path, Path("c"), True)]
    assert "Question" in runner.invoke(app, ["--help"]).stdout
