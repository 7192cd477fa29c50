"""Table: rows of numbers with their intervals, as text, Markdown and CSV (report/ adds HTML)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from solfeggio.errors import ConfigError


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval over ``n`` values; the interval is NaN where one value cannot give one.

    >>> print(Estimate(0.914, 0.902, 0.926, 3))
    0.914 ± 0.012
    """

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        if not np.isfinite(self.low) or not np.isfinite(self.high):
            return f"{self.mean:.3f}"
        up, down = self.high - self.mean, self.mean - self.low
        if abs(up - down) <= 0.0011:
            return f"{self.mean:.3f} ± {max(up, down):.3f}"
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def over_seeds(values: Iterable[float]) -> Estimate:
    """Mean and 95 % interval of a few independent runs, by Student's t with n - 1 degrees of freedom.

    >>> over_seeds([0.90, 0.92, 0.94]).n
    3
    """
    from scipy.special import stdtrit

    data = _finite(values)
    mean = float(data.mean())
    if len(data) < 2:
        return Estimate(mean, float("nan"), float("nan"), len(data))
    half = float(stdtrit(len(data) - 1, 0.975) * data.std(ddof=1) / np.sqrt(len(data)))
    return Estimate(mean, mean - half, mean + half, len(data))


def over_tracks(
    values: Iterable[float], weights: Iterable[float] | None = None, seed: int = 0, draws: int = 4000
) -> Estimate:
    """Mean and 95 % interval of many tracks by the percentile bootstrap (Efron), repeatable from ``seed``.

    weights: how much each track counts; None, or nothing but zeros: all the same.

    >>> over_tracks([1.0, 1.0, 1.0]).high
    1.0
    >>> over_tracks([1.0, 0.0], [3.0, 1.0]).mean
    0.75
    """
    data = _finite(values)
    weight = np.ones(len(data)) if weights is None else _finite(weights)
    weight = weight if weight.any() else np.ones(len(data))
    mean = float((data * weight).sum() / weight.sum())
    if len(data) < 2:
        return Estimate(mean, float("nan"), float("nan"), len(data))
    rng = np.random.default_rng(seed)
    size = max(1, 2_000_000 // len(data))  # rows drawn at once, so a long list needs no more memory than a short one
    drawn = (rng.integers(0, len(data), (min(size, draws - i), len(data))) for i in range(0, draws, size))
    sums = [((data * weight)[rows].sum(1), weight[rows].sum(1)) for rows in drawn]
    upper, lower = (np.concatenate(part) for part in zip(*sums, strict=True))
    low, high = np.quantile(upper[lower > 0] / lower[lower > 0], [0.025, 0.975])
    return Estimate(mean, float(low), float(high), len(data))


def _finite(values: Iterable[float]) -> np.ndarray:
    data = np.asarray(list(values), float)
    if not len(data) or not np.isfinite(data).all():
        raise ConfigError(
            f"mean of {len(data)} values", "every value must be a finite number", "leave failed runs out, and say so"
        )
    return data


Cell = str | int | float | bool | None | Estimate


def show(cell: Cell) -> str:
    """Write one cell: floats with three digits after the point, large numbers with thousands, None as a dash.

    >>> [show(v) for v in (0.91234, 139000, None, True, 12345.678)]
    ['0.912', '139,000', '–', 'yes', '12,346']
    """
    if cell is None or (isinstance(cell, (float, np.floating)) and np.isnan(cell)):
        return "–"
    if isinstance(cell, (bool, np.bool_)):
        return "yes" if cell else "no"
    if isinstance(cell, (int, np.integer)):
        return f"{int(cell):,}"
    if isinstance(cell, (float, np.floating)):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.1f}" if abs(cell) >= 100 else f"{cell:.3f}"
    return str(cell)


@dataclass(frozen=True, eq=False)
class Table:
    """Rows under named columns; cells are text, numbers or Estimates.

    title: what the table shows. columns: names, the first names the row. rows: one tuple a row. note: protocol and n.
    Raises ConfigError when a row does not fit the columns.

    >>> print(Table("Beats", ("system", "F"), (("ours", 0.95), ("constant 120", 0.31))).text())
    Beats
    system            F
    ------------  -----
    ours          0.950
    constant 120  0.310
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(str(name) for name in self.columns))
        object.__setattr__(self, "rows", tuple(tuple(row) for row in self.rows))
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ConfigError(
                    f"row {row!r} of table '{self.title}'", f"{len(row)} cells for {len(self.columns)} columns"
                )

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Whether each column holds numbers, so is set flush right."""
        return tuple(
            bool(self.rows) and all(not isinstance(row[i], (str, bool)) for row in self.rows)
            for i in range(len(self.columns))
        )

    def column(self, name: str) -> tuple[Cell, ...]:
        """Cells under one column name."""
        if name not in self.columns:
            raise ConfigError(f"no column '{name}' in table '{self.title}'", f"columns are {', '.join(self.columns)}")
        return tuple(row[self.columns.index(name)] for row in self.rows)

    def text(self) -> str:
        """Write the table for a terminal."""
        cells = [self.columns, *(tuple(show(cell) for cell in row) for row in self.rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.columns))]
        lines = ["  ".join(self._set(row, widths)).rstrip() for row in cells]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join([*([self.title] if self.title else []), *lines, *([self.note] if self.note else [])])

    def markdown(self) -> str:
        """Write the table for a README or a card."""
        safe = [[text.replace("|", "\\|").replace("\n", " ") for text in row] for row in self._shown()]
        rule = ["---:" if number else "---" for number in self.numeric]
        lines = ["| " + " | ".join(row) + " |" for row in [list(self.columns), rule, *safe]]
        head = [f"**{self.title}**", ""] if self.title else []
        return "\n".join([*head, *lines, *(["", self.note] if self.note else [])]) + "\n"

    def csv(self) -> str:
        """Write the table for a spreadsheet: full precision, an Estimate as four columns."""
        wide = [any(isinstance(row[i], Estimate) for row in self.rows) for i in range(len(self.columns))]
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(
            [n for name, e in zip(self.columns, wide, strict=True) for n in (_four(name) if e else (name,))]
        )
        for row in self.rows:
            flat: list[object] = []
            for cell, estimate in zip(row, wide, strict=True):
                value = "" if cell is None else cell
                if isinstance(cell, Estimate):
                    flat += [cell.mean, cell.low, cell.high, cell.n]
                else:
                    flat += [value, "", "", ""] if estimate else [value]
            writer.writerow(flat)
        return out.getvalue()

    def _shown(self) -> list[list[str]]:
        return [[show(cell) for cell in row] for row in self.rows]

    def _set(self, row: Sequence[str], widths: Sequence[int]) -> list[str]:
        return [
            text.rjust(width) if number else text.ljust(width)
            for text, width, number in zip(row, widths, self.numeric, strict=True)
        ]


def _four(name: str) -> tuple[str, str, str, str]:
    return name, f"{name} low", f"{name} high", f"{name} n"
