"""Charts as SVG by matplotlib: curves, bars, scatter, histograms, pictures of songs, in the page's light and dark."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from solfeggio.answers import Events, Notes
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
        drawn = np.abs(np.concatenate([line.get_ydata() for line in axis.lines]))
        if drawn.max() > 1000 * max(float(np.median(drawn)), 1e-9):  # one wild value would flatten all others
            axis.set_yscale("log")
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


def histograms(
    panels: Mapping[str, Mapping[str, Mapping[str | float, float]]], units: Mapping[str, str], title: str = ""
) -> str:
    """Draw a small panel for each statistic: {panel: {body: {value: share}}}, bodies told apart by colour; returns SVG.

    units: of panels whose values are numbers, drawn as steps; others are names, drawn as bars beside each other.

    >>> "<svg" in histograms({"tempo": {"band": {120.0: 1.0}, "real": {100.0: 0.5, 120.0: 0.5}}}, {"tempo": "bpm"})
    True
    """
    if not panels:
        raise ConfigError("histograms of nothing", "no panel was given")
    columns = min(3, len(panels))
    figure, axes = _figure(columns, -(-len(panels) // columns), width=3.4 * columns)
    for axis, (panel, bodies) in zip(axes, panels.items(), strict=False):
        axis.set_title(panel)
        axis.set_yticklabels([])
        keys = list(dict.fromkeys(key for table in bodies.values() for key in table))
        if panel in units:
            for i, (body, table) in enumerate(bodies.items()):
                values = np.array(sorted(table), float)
                shares = [table[value] for value in values]
                axis.step(values, shares, where="mid", color=COLOURS[i % 8], linewidth=1.5, label=body)
                axis.fill_between(values, shares, step="mid", color=COLOURS[i % 8], alpha=0.15)
            axis.set_xlabel(units[panel])
        else:
            names = sorted(keys, key=lambda key: -max(table.get(key, 0) for table in bodies.values()))[:10]
            wide = 0.8 / len(bodies)
            for i, (body, table) in enumerate(bodies.items()):
                places = np.arange(len(names)) + (i - (len(bodies) - 1) / 2) * wide
                axis.bar(places, [table.get(name, 0) for name in names], wide, color=COLOURS[i % 8], label=body)
            axis.set_xticks(range(len(names)), [str(name) for name in names], rotation=60, fontsize=7)
            axis.grid(False, axis="x")
    axes[0].legend(frameon=False, fontsize=8)
    return _svg(figure, axes[len(panels) :], title or f"Histograms: {', '.join(panels)}")


def densities(
    panels: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray]]],
    names: Mapping[str, str] | None = None,
    title: str = "",
) -> str:
    """Draw a small panel of smooth curves for each feature: {feature: {set: (x, y)}}, as of distances; returns SVG.

    names: what the legend calls the sets. A line of two points that stands upright is a set of equal values; beside
    other curves it is drawn as high as they are.

    >>> x = np.linspace(0, 1)
    >>> "<svg" in densities({"pitch range": {"intra a": (x, x), "inter": (x, 1 - x)}}, {"intra a": "within generated"})
    True
    """
    if not panels:
        raise ConfigError("densities of nothing", "no panel was given")
    columns = min(3, len(panels))
    figure, axes = _figure(columns, -(-len(panels) // columns), width=3.4 * columns, height=2.1 * -(-len(panels) // 3))
    sets = list(dict.fromkeys(name for curves in panels.values() for name in curves))
    for axis, (panel, curves) in zip(axes, panels.items(), strict=False):
        axis.set_title(panel.replace("_", " "))
        axis.set_yticklabels([])
        top = max((float(y.max()) for x, y in curves.values() if len(x) > 2), default=1.0)
        for name, (x, y) in curves.items():
            i, scale = sets.index(name), top if len(x) == 2 else 1.0
            style = ("-", (0, (4, 1.5)), (0, (1, 1)))[i % 3]
            axis.plot(x, y * scale, color=COLOURS[i % 8], linewidth=1.5, linestyle=style)
            axis.fill_between(x, y * scale, color=COLOURS[i % 8], alpha=0.1)
    for i, name in enumerate(sets):
        style = ("-", (0, (4, 1.5)), (0, (1, 1)))[i % 3]
        axes[0].plot([], [], color=COLOURS[i % 8], linewidth=1.5, linestyle=style, label=(names or {}).get(name, name))
    axes[0].legend(frameon=False, fontsize=8)
    return _svg(figure, axes[len(panels) :], title or f"Densities: {', '.join(panels)}")


def piano_roll(parts: Mapping[str, Notes], beats: Events, start: float, end: float, title: str = "") -> str:
    """Draw the notes of each part between two times in seconds, beats as lines, downbeats stronger; returns SVG.

    >>> "<svg" in piano_roll({"melody": Notes([0], [1], [60], [90])}, Events([0, 1], ["1", "2"]), 0, 2)
    True
    """
    figure, (axis,) = _figure(1, 1, width=9.6, height=2.9)
    for i, (name, whole) in enumerate(parts.items()):
        notes = whole.cut(start, end)
        spans, colour = np.maximum(notes.ends - notes.starts, 0.04), COLOURS[i % 8]
        axis.barh(notes.pitches, spans, left=notes.starts + start, height=0.85, color=colour, alpha=0.8, label=name)
    shown = beats.cut(start, end)
    for time, label in zip(shown.times, shown.labels or [""] * len(shown), strict=True):
        axis.axvline(time + start, color=INK if label == "1" else SOFT, linewidth=0.7 if label == "1" else 0.4)
    axis.set_xlim(start, end)
    axis.set_xlabel("seconds")
    axis.set_ylabel("MIDI pitch")
    axis.grid(False)
    if parts:
        axis.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return _svg(figure, (), title or "Piano roll")


def spectrogram(samples: np.ndarray, rate: int, start: float, end: float, title: str = "") -> str:
    """Draw (channel, time) samples between two times as a picture of 80 log-spaced bands, 70 dB deep; returns SVG.

    >>> "<svg" in spectrogram(np.ones((1, 8000), np.float32), 8000, 0, 1)
    True
    """
    figure, (axis,) = _figure(1, 1, width=9.6, height=2.6)
    piece = np.asarray(samples, float).mean(0)[round(start * rate) : round(end * rate)]
    size, hop = 2048, max(len(piece) // 600, 1)
    piece = np.pad(piece, (0, max(size - len(piece), 0)))
    frames = np.arange(0, len(piece) - size + 1, hop)
    power = np.abs(np.fft.rfft(piece[frames[:, None] + np.arange(size)] * np.hanning(size))) ** 2
    edges = np.unique(np.round(np.geomspace(40, rate / 2, 81) * size / rate).astype(int))
    bands = np.add.reduceat(power, edges[:-1], axis=1) / np.diff(edges)
    level = 10 * np.log10(bands + 1e-12)
    limits = (start, end, 0, len(edges) - 1)
    axis.imshow(level.T, origin="lower", aspect="auto", extent=limits, vmin=level.max() - 70, cmap="magma")
    hertz = [h for h in (100, 300, 1000, 3000, 10000) if h < rate / 2]
    axis.set_yticks([int(np.searchsorted(edges, h * size / rate)) for h in hertz], [f"{h} Hz" for h in hertz])
    axis.set_xlabel("seconds")
    axis.grid(False)
    return _svg(figure, (), title or "Spectrogram")


def heat(
    rows: Mapping[str, Mapping[str, float | None]], low: float, high: float, label: str = "", title: str = ""
) -> str:
    """Draw a number for each row and column as a field of colour with the number in it: {row: {column: value}}.

    low, high: ends of the colours. None: an empty field. label: what the numbers are. Returns SVG.

    >>> "<svg" in heat({"gain": {"SDR": 0.4, "SI-SDR": 0.0}}, 0, 1, "share of better ones")
    True
    """
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    if not columns:
        raise ConfigError("a heat map of nothing", "no row has a number in it")
    found = [[row.get(column) for column in columns] for row in rows.values()]
    values = np.array([[np.nan if value is None else value for value in row] for row in found], float)
    figure, (axis,) = _figure(1, 1, width=1.9 + 0.52 * len(columns), height=1.3 + 0.26 * len(rows))
    picture = axis.imshow(values, vmin=low, vmax=high, cmap="magma", aspect="auto", interpolation="nearest")
    for y, x in np.argwhere(np.isfinite(values)):
        bright = (values[y, x] - low) / (high - low) > 0.6
        text = f"{values[y, x]:.2f}"
        axis.text(x, y, text, ha="center", va="center", fontsize=7, color="#111111" if bright else "#f5f5f5")
    axis.set_xticks(range(len(columns)), columns, rotation=50, ha="right")
    axis.set_yticks(range(len(rows)), list(rows))
    axis.grid(False)
    bar = figure.colorbar(picture, ax=axis, fraction=0.03, pad=0.02)
    bar.set_label(label, color=INK)
    bar.ax.tick_params(colors=INK, labelsize=8)
    bar.outline.set_visible(False)
    return _svg(figure, (), title or f"{label}: {', '.join(rows)}")


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
