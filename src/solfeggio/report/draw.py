"""Charts as SVG by matplotlib: learning curves, bars with intervals, scatter. They follow the page's light and dark."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from solfeggio.errors import ConfigError, MissingExtra
from solfeggio.studies.table import Estimate

# Stand-ins that matplotlib draws with; the page's own colours take their place in the SVG, after the comma its own.
INK, SOFT = "#010101", "#020202"
COLOURS = tuple(f"#0a0a{i:02x}" for i in range(8))
LOOKS = {INK: "var(--ink, #15232b)", SOFT: "var(--line-strong, #9fb0af)"} | {
    colour: f"oklch(var(--strong-l, .6) .13 {hue})"
    for colour, hue in zip(COLOURS, (200, 35, 320, 145, 265, 85, 5, 110), strict=True)
}
MARKS = "osD^vPX*"  # so that nothing is told by its colour alone


def learning_curves(curves: Mapping[str, Iterable[Mapping[str, float]]], x: str = "step", title: str = "") -> str:
    """Draw every run's numbers against ``x``: rows are dicts, one panel for each number; returns SVG.

    "train loss" and "valid loss" share a panel, the training dotted; "seconds" is left out.

    >>> "<svg" in learning_curves({"a": [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.5}]})
    True
    """
    runs = {name: list(rows) for name, rows in curves.items()}
    keys = list(
        dict.fromkeys(key for rows in runs.values() for row in rows for key in row if key not in (x, "seconds"))
    )
    panels = list(dict.fromkeys(key.removeprefix("train ").removeprefix("valid ") for key in keys))
    if not panels:
        raise ConfigError("learning curves of nothing", "no run has a row with a number in it")
    columns = min(3, len(panels))
    figure, axes = _figure(columns, -(-len(panels) // columns))
    for i, (name, rows) in enumerate(runs.items()):
        for key in keys:
            axis = axes[panels.index(key.removeprefix("train ").removeprefix("valid "))]
            points = [(row.get(x, j), row[key]) for j, row in enumerate(rows) if key in row]
            if points:
                train = key.startswith("train ")
                axis.plot(
                    *zip(*points, strict=True),
                    color=COLOURS[i % 8],
                    linestyle=(0, (1.5, 1.5)) if train else "-",
                    linewidth=1.6,
                    marker=MARKS[i % 8],
                    markevery=[len(points) - 1],
                    markersize=5,
                    label=name + (", training" if train else ""),
                )
    for panel, axis in zip(panels, axes, strict=False):
        axis.set_title(panel)
        axis.set_xlabel(x)
    if len(axes[0].lines) > 1:
        axes[0].legend(frameon=False, fontsize=9)
    return _svg(figure, axes[len(panels) :], title or f"Learning curves: {', '.join(panels)}")


def bars(values: Mapping[str, Estimate | float], label: str = "", title: str = "") -> str:
    """Draw one bar for each name, with its 95 % interval where it has one; returns SVG.

    >>> "<svg" in bars({"ours": Estimate(0.9, 0.88, 0.92, 3), "constant 120": 0.3}, "F")
    True
    """
    if not values:
        raise ConfigError("a bar chart of nothing", "no values were given")
    figure, (axis,) = _figure(1, 1, width=7.2, height=0.42 * len(values) + 0.9)
    names = list(values)[::-1]
    for y, name in enumerate(names):
        value = values[name]
        mean = value.mean if isinstance(value, Estimate) else float(value)
        axis.barh(y, mean, height=0.62, color=COLOURS[0], alpha=0.75)
        if isinstance(value, Estimate) and np.isfinite(value.low):
            axis.plot([value.low, value.high], [y, y], color=INK, linewidth=1.6, solid_capstyle="butt")
    axis.set_yticks(range(len(names)), names)
    axis.set_xlabel(label)
    axis.grid(False, axis="y")
    return _svg(figure, (), title or f"{label}: {', '.join(values)}")


def scatter(groups: Mapping[str, tuple[Sequence[float], Sequence[float]]], x: str, y: str, title: str = "") -> str:
    """Draw points (x values, y values) of each named group, told apart by colour and shape; returns SVG.

    >>> "<svg" in scatter({"a": ([1, 2], [3, 4])}, "tempo (bpm)", "F")
    True
    """
    if not groups:
        raise ConfigError("a scatter plot of nothing", "no groups were given")
    figure, (axis,) = _figure(1, 1, width=6.4, height=4.0)
    for i, (name, (xs, ys)) in enumerate(groups.items()):
        axis.scatter(xs, ys, s=26, color=COLOURS[i % 8], marker=MARKS[i % 8], alpha=0.8, linewidths=0, label=name)
    axis.set_xlabel(x)
    axis.set_ylabel(y)
    if len(groups) > 1:
        axis.legend(frameon=False, fontsize=9)
    return _svg(figure, (), title or f"{y} against {x}: {', '.join(groups)}")


def _figure(columns: int, rows: int, width: float = 0.0, height: float = 0.0) -> tuple[Any, list[Any]]:
    try:
        from matplotlib.figure import Figure
    except ImportError as problem:
        raise MissingExtra(
            "charts need matplotlib", "it is not installed", "pip install 'solfeggio[train]'"
        ) from problem
    figure = Figure(figsize=(width or 3.6 * columns, height or 2.7 * rows), layout="constrained")
    axes = [axis for row in figure.subplots(rows, columns, squeeze=False) for axis in row]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.spines[["left", "bottom"]].set_color(SOFT)
        axis.tick_params(colors=INK, labelsize=9, color=SOFT)
        axis.grid(True, color=SOFT, linewidth=0.5, alpha=0.5)
        axis.set_axisbelow(True)
        axis.title.set_fontsize(11)
        for part in (axis.title, axis.xaxis.label, axis.yaxis.label):
            part.set_color(INK)
    return figure, axes


def _svg(figure: Any, unused: Iterable[Any], about: str) -> str:
    """Write the figure as inline SVG: no header, no metadata, no fonts of its own, a name for screen readers."""
    import matplotlib
    from markupsafe import escape

    for axis in unused:
        axis.set_visible(False)
    for axis in figure.axes:
        if axis.get_legend():
            for text in axis.get_legend().get_texts():
                text.set_color(INK)
    out = io.StringIO()
    salt = hashlib.sha256(about.encode("utf-8", "replace")).hexdigest()[:8]  # makes ids differ between charts
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt, "text.parse_math": False}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", text, flags=re.S)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"| id="[a-z]+[\w.]*_\d+"', "", text)
    text = re.sub(r"font-family: [^;\"]*;?", "", text)
    for colour, look in LOOKS.items():
        text = text.replace(colour, look)
    size = re.search(r'width="([\d.]+)pt" height="[\d.]+pt"', text)
    width = round(float(size[1]) * 4 / 3) if size else 600
    return re.sub(
        r'width="[\d.]+pt" height="[\d.]+pt"',
        lambda _: f'class="chart" style="width: {width}px" role="img" aria-label="{escape(about)}"',
        text,
        count=1,
    )
