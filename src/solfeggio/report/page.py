"""The song page: one HTML file with sound, waveform, beats, bars and every other answer; needs no network."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

import solfeggio
from solfeggio.answers import Answer, Events, Segments
from solfeggio.files import write_bytes
from solfeggio.notation import global_key, metres, tempo, tempo_curve
from solfeggio.report.lanes import key_name, pretty
from solfeggio.report.player import clock, player_data

SILENT_PEAK = 1e-4  # 80 dB below full scale
SCRIPTS = ("clock.js", "sound.js", "lanes.js", "chords.js", "stems.js", "player.js", "controls.js")
STYLES = ("page.css", "player.css", "chords.css", "report.css")
ICON = (
    "<svg xmlns='{}' viewBox='0 0 32 32'><path d='M2 10h28M2 16h28M2 22h28' stroke='%23999'/>"
    "<ellipse cx='16' cy='17' rx='7' ry='5' fill='%23cf3f21' transform='rotate(-20 16 17)'/></svg>"
)


def song_page(
    path_out: str | os.PathLike[str],
    *,
    title: str,
    answers: Mapping[str, Answer],
    samples: np.ndarray | None = None,
    rate: int | None = None,
    media: str | os.PathLike[str] | None = None,
    facts: Mapping[str, Any] | None = None,
    files: Iterable[str | os.PathLike[str]] = (),
    stems: Mapping[str, np.ndarray] | None = None,
    pictures: Mapping[str, str] | None = None,
) -> None:
    """Write one self-contained HTML page of a song.

    samples: (channel, time) with ``rate`` in Hz; or media: a sound file, read in constant memory, so an hour is fine.
    answers: by name; "beats" Events (labels = place in the bar) draw the grid and drive the click, any other Events,
    Segments, Curve or Notes becomes a lane, Tags a list. files: written next to the page, offered as downloads.
    stems: the players by name, (channel, time) each, as long and as fast as ``samples``, to be silenced one by one.
    pictures: by caption, SVG of our own making, shown when asked for. "key" and "chords" also tell the headline.
    facts: name to value, shown under the title, but for two names: "bundles" is a list of dicts with name, version,
    licence, "cannot" (sentences) and anything else; "sure" maps names to a confidence in 0..1 or to a sentence.
    Raises AudioError when the media cannot be read and SolfeggioError when the page cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     noise = np.random.default_rng(0).uniform(-1, 1, (1, 8000))
    ...     song_page(f"{folder}/a.html", title="Noise", samples=noise, rate=8000, answers={"beats": Events.none()})
    ...     "No beat was found" in Path(f"{folder}/a.html").read_text("utf-8")
    True
    """
    facts = dict(facts or {})
    packed = player_data(_printable(title), answers, samples, rate, media, stems=stems)
    bundles, sure = facts.pop("bundles", ()), facts.pop("sure", {})
    beats = answers.get("beats")
    beats = beats if isinstance(beats, Events) else Events.none()
    context = {
        "title": _printable(title),
        "song": packed,
        "tags": packed["tags"],
        "headline": _headline(beats, packed["length"], _harmony(answers) | facts),
        "pictures": {caption: drawing for caption, drawing in (pictures or {}).items() if drawing},
        "empty": _empty(packed, "beats" in answers and not len(beats)),
        "files": [{"name": Path(file).name, "href": quote(Path(file).name)} for file in files],
        "sure": _sure(answers, sure),
        "bundles": [_bundle(bundle) for bundle in bundles],
    }
    write_bytes(path_out, render("song.html.jinja", context))


def render(
    template: str,
    context: Mapping[str, Any],
    scripts: tuple[str, ...] = SCRIPTS,
    styles: tuple[str, ...] = STYLES,
) -> bytes:
    """Fill a template of ``report/parts``, with everything escaped but our own code, and encode it.

    The page's policy lets only the page's own script run, which holds even if something slipped through the escaping.
    """
    import jinja2
    from markupsafe import Markup

    folder = jinja2.FunctionLoader(_part)
    space = jinja2.Environment(loader=folder, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    script = "".join(_part(name) for name in scripts)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    context = dict(context)
    for packed in [context.get("song"), *context.get("songs", ())]:
        if packed:
            packed["json"] = Markup(packed["json"])  # as_json made it safe
    for name in ("charts", "pictures"):
        if context.get(name):
            context[name] = {caption: Markup(drawing) for caption, drawing in context[name].items()}
    own = {
        "css": Markup("\n".join(_part(name) for name in styles)),
        "js": Markup(script),
        "icon": "data:image/svg+xml," + quote(ICON.format("http://www.w3.org/2000/svg"), safe="%"),
        "version": solfeggio.__version__,
        "policy": "default-src 'none'; style-src 'unsafe-inline'; media-src data: blob:; img-src data:; "
        f"script-src 'sha256-{digest}'; base-uri 'none'",
    }
    return space.get_template(template).render(**own, **context).encode("utf-8", "replace")


@cache
def _part(name: str) -> str:
    return resources.files("solfeggio.report").joinpath("parts", name).read_text("utf-8")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in str(text)).strip() or "Untitled"


def _headline(beats: Events, length: str, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    if len(beats) > 1:
        low, high = np.percentile(tempo_curve(beats, 8).values, [10, 90])
        steady = high - low < 0.06 * tempo(beats)
        value = f"{tempo(beats):.0f}" if steady else f"{low:.0f}–{high:.0f}"
        lines.append(_fact("tempo", value, "bpm"))
    found = metres(beats) if "1" in beats.labels else Segments([], [])
    if len(found):
        kinds = sorted(set(found.labels), key=lambda m: -_share(found, m))
        unit = f"also {', '.join(kinds[1:4])}" if len(kinds) > 1 else ""
        lines.append(_fact("metre", kinds[0], unit) | {"metre": kinds[0].split("/")})
        lines.append(_fact("bars", str(beats.labels.count("1"))))
    lines.append(_fact("length", length))
    return lines + [_fact(_printable(name), _printable(v)) for name, v in facts.items() if v not in (None, "")]


def _harmony(answers: Mapping[str, Answer], most: int = 4) -> dict[str, str]:
    """Name the key of most of the song and its most used chords."""
    facts: dict[str, str] = {}
    keys, chords = answers.get("key"), answers.get("chords")
    key = global_key(keys) if isinstance(keys, Segments) else "N"
    if key != "N":
        facts["key"] = key_name(key)
    if isinstance(chords, Segments):
        lasts: dict[str, float] = {}
        for start, end, label in zip(chords.starts, chords.ends, chords.labels, strict=False):
            name = pretty(label.partition("/")[0], "" if key == "N" else key)
            lasts[name] = lasts.get(name, 0.0) + float(end - start) * (name != "–")
        used = sorted((name for name, time in lasts.items() if time > 0), key=lambda name: -lasts[name])
        facts["chords"] = " ".join(used[:most])
    return facts


def _fact(name: str, value: str, unit: str = "") -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "metre": None}


def _share(found: Segments, label: str) -> float:
    return sum(e - s for s, e, m in zip(found.starts, found.ends, found.labels, strict=True) if m == label)


def _empty(packed: Mapping[str, Any], no_beats: bool) -> str:
    if not packed["data"]["duration"]:
        return "There is no sound in this recording: it has no length."
    if packed["peak"] < SILENT_PEAK:
        return "This recording is silent, so there is nothing to find in it: no beats, no bars, no tempo."
    if no_beats:
        return (
            "No beat was found. Speech, drones and music that flows freely have none to find; "
            "if you can tap your foot to this one, we missed it."
        )
    return ""


def _sure(answers: Mapping[str, Answer], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for name, answer in answers.items():
        values = None if name == "drums" else getattr(answer, "values", None)  # those of drums say how hard
        if not isinstance(answer, (Events, Segments)) or values is None or not len(values) or values.max() > 1:
            continue
        lines.append({"name": name, "value": float(values.mean()), "text": _weakest(name, answer, values)})
    for name, value in given.items():
        number = isinstance(value, (int, float, np.number)) and 0 <= value <= 1
        lines.append(
            {"name": name, "value": float(value) if number else None, "text": "" if number else f"{name}: {value}"}
        )
    return lines


def _weakest(name: str, answer: Events | Segments, values: np.ndarray, width: int = 8) -> str:
    """Say where the answer is least sure, when one place stands out."""
    if len(values) < 3 * width:
        return ""
    means = np.convolve(values, np.ones(width) / width, "valid")
    at = int(means.argmin())
    if means[at] > values.mean() - 0.12:
        return f"Much the same throughout the {name}."
    times = answer.times if isinstance(answer, Events) else answer.starts
    return f"Least sure about the {name} from {clock(times[at])} to {clock(times[at + width - 1])}."


def _bundle(bundle: Mapping[str, Any]) -> dict[str, Any]:
    named = ("name", "version", "cannot")
    return {
        "name": bundle.get("name", "a system without a name"),
        "version": bundle.get("version", ""),
        "cannot": [str(line) for line in bundle.get("cannot", ())],
        "rest": [(n, v) for n, v in bundle.items() if n not in named and v not in (None, "")],
    }
