"""The trained systems as a table, made from their bundles' own config.json."""

from __future__ import annotations

import re
from typing import Any

from solfeggio import bundle
from solfeggio.studies.table import Table


def models_table() -> Table:
    """List every shipped bundle: what it hears or writes, parameters, megabytes, licence, numbers on its first test."""
    rows = []
    for name in bundle.names():
        config = bundle.describe(name)
        facts = config["facts"]
        size = sum(path.stat().st_size for path in bundle.folder(name).iterdir()) / 1e6
        what = str(facts.get("what", f"A trained {config['system']} system.")).split(". ")[0].rstrip(".")
        rows.append(
            (name, what, int(config["parameters"]), f"{size:.1f}", str(facts["licence"]), _numbers(facts["metrics"]))
        )
    columns = ("system", "hears or writes", "parameters", "MB", "licence", "numbers")
    return Table("", columns, tuple(rows), "" if rows else "none is installed: train one by its recipe")


def _numbers(metrics: dict[str, Any], most: int = 3) -> str:
    """Write the first numbers of the first test set, by name."""
    for test, scores in metrics.items():
        shown = [f"{key} {re.sub(' .*', '', str(value))}" for key, value in list(scores.items())[:most]]
        return f"{', '.join(shown)} ({test})"
    return ""
