"""Written variants as files for people: MIDI, MusicXML, ABC, SVG, sound, and the page that shows them side by side."""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio.answers import Events, Notes
from solfeggio.band.song import Performance, Played
from solfeggio.errors import ConfigError, MissingExtra, NotationError, unknown
from solfeggio.files import write_together
from solfeggio.notation import Score
from solfeggio.report.score_page import Knob, Shown, Span, score_page
from solfeggio.writing import excerpt

FORMATS = {"midi": ".mid", "musicxml": ".musicxml", "abc": ".abc", "svg": ".svg", "audio": ".flac", "page": ".html"}
USUAL = ("page", "midi", "musicxml", "svg")
TAKEN = ("midi", "musicxml")  # offered for download on the page
PAGE_BARS, AROUND_BARS = 32, 4  # longer scores are shown around what was written
PAGE_RATE, PAGE_WIDTH = 24000, 620  # Hz of the sound and pixels of the drawings on the page
BREATH, TAIL, PEAK = 0.02, 1.5, 0.7  # seconds between notes, and after the last one; of full scale
MOST_DRAWN = 150_000  # characters of a drawing that stands on the page for each setting of knobs
LOG = logging.getLogger("solfeggio")


@dataclass(frozen=True, eq=False)
class Turning:
    """Knobs on a page: what they are and the score that each setting gives, by the places of the sliders."""

    knobs: tuple[Knob, ...]
    grid: Mapping[tuple[int, ...], Score]


def kinds_of(names: Sequence[str]) -> tuple[str, ...]:
    """Check the names of formats; raises ConfigError for one that is unknown."""
    for name in names:
        if name not in FORMATS:
            raise unknown("format", name, FORMATS)
    return tuple(dict.fromkeys(names))


def paths(out: Path, stem: str, kinds: Sequence[str], n: int, overwrite: bool = False) -> list[Path]:
    """List the files that ``write_variants`` makes, the page first; raises ConfigError when one of them is there."""
    made = [out / f"{stem}.html"] if "page" in kinds else []
    made += [out / f"{stem}-{i + 1}{FORMATS[kind]}" for i in range(n) for kind in kinds if kind != "page"]
    there = next((path for path in made if path.exists()), None)
    if there and not overwrite:
        raise ConfigError(f"{there} is there already", "nothing was written", "use another folder, or --overwrite")
    return made


def write_variants(
    out: Path,
    stem: str,
    scores: Sequence[Score],
    *,
    kinds: Sequence[str] | None = None,
    given: Score | None = None,
    marked: Span | None = None,
    changes: Sequence[str] = (),
    turning: Turning | None = None,
    facts: Mapping[str, Any] | None = None,
    seed: int = 0,
    overwrite: bool = False,
) -> list[Path]:
    """Write variants into the folder OUT, all files or none: STEM-1.mid, ..., and the page STEM.html; returns them.

    kinds: of ``FORMATS``; None for the usual ones, as far as what they need is installed. given: the score that the
    variants began with, shown beside them. The rest as for ``score_page``. seed: of the band that plays them.
    Raises ConfigError when a file is there, MissingExtra for a kind that was asked for and cannot be made.
    """
    asked = kinds is not None
    kinds = kinds_of(kinds if kinds is not None else USUAL)
    paths(out, stem, kinds, len(scores), overwrite)
    contents: dict[Path, bytes] = {}
    made: list[dict[str, bytes]] = []
    missing: set[str] = set()
    with tempfile.TemporaryDirectory() as place:
        for i, score in enumerate(scores):
            wanted = [kind for kind in (*kinds, *(TAKEN if "page" in kinds else ())) if kind != "page"]
            files = {}
            for kind in dict.fromkeys(wanted):
                try:
                    files[kind] = _content(score, kind, Path(place), seed)
                except MissingExtra as problem:
                    if asked and kind in kinds:
                        raise
                    missing.add(f"no {FORMATS[kind]} files: {problem.what}")
            made.append(files)
            contents |= {out / f"{stem}-{i + 1}{FORMATS[kind]}": data for kind, data in files.items() if kind in kinds}
        for line in sorted(missing):
            LOG.warning(line)
        if "page" in kinds:
            page = Path(place) / "page.html"
            _page(page, stem, scores, made, given, marked, changes, turning, facts or {}, seed)
            contents = {out / f"{stem}.html": page.read_bytes()} | contents
    write_together(contents)
    return list(contents)


def _content(score: Score, kind: str, place: Path, seed: int) -> bytes:
    """Make one file's bytes."""
    from solfeggio.band.scores.files import engrave, play, write_score

    if kind == "svg":
        return engrave(score).encode("utf-8")
    if kind == "audio":
        import soundfile

        samples, rate = play(score, seed)
        packed = io.BytesIO()
        soundfile.write(packed, samples.T, rate, format="FLAC")
        return packed.getvalue()
    path = place / f"score{FORMATS[kind]}"
    write_score(score, path)
    return path.read_bytes()


def _page(
    path: Path,
    stem: str,
    scores: Sequence[Score],
    made: Sequence[Mapping[str, bytes]],
    given: Score | None,
    marked: Span | None,
    changes: Sequence[str],
    turning: Turning | None,
    facts: Mapping[str, Any],
    seed: int,
) -> None:
    """Show what was written, long scores in part; the sound is the band's."""
    show, marked, note = _window(given or scores[0], marked)
    card: Callable[..., Shown] = lambda name, score, **more: _shown(name, show(score), seed, **more)  # noqa: E731
    shown = [] if given is None else [card("As given", given, given=True, note=note)]
    for i, (score, files) in enumerate(zip(scores, made, strict=True)):
        names = {f"{stem}-{i + 1}{FORMATS[kind]}": files[kind] for kind in TAKEN if kind in files}
        shown.append(card(f"Variant {i + 1}", score, files=names, note=note))
    knobs, grid = turning.knobs if turning else (), {}
    with tempfile.TemporaryDirectory() as folder:
        for spot, score in turning.grid.items() if turning else ():
            said = ", ".join(f"{knob.name} {knob.steps[at]}" for knob, at in zip(knobs, spot, strict=True))
            name = f"{stem}-{'-'.join(str(at) for at in spot)}.mid"
            midi = _content(score, "midi", Path(folder), seed)
            found = card(said.capitalize(), score, files={name: midi}, note=note)
            grid[spot] = found if len(found.drawing) <= MOST_DRAWN else replace(found, drawing="")
    title = (given or scores[0]).title
    score_page(path, title=title, scores=shown, marked=marked, changes=changes, knobs=knobs, grid=grid, facts=facts)


def played(score: Score, seed: int) -> tuple[np.ndarray, int]:
    """Play a score to the page: as ``band.scores.files.play`` but in strict time, so that pictures can follow it.

    Returns (channel, time) samples from the score's first quarter on, and their rate in Hz.
    """
    from solfeggio.band.desk import banks
    from solfeggio.band.desk.render import render
    from solfeggio.band.desk.sketch import sketch
    from solfeggio.band.scores.files import to_song

    song, beat = to_song(score), 60 / score.bpm
    parts = []
    for part in song.parts:
        rows = part.notes[np.argsort(part.notes[:, 0], kind="stable")]
        starts, ends = rows[:, 0] * beat, rows[:, 1] * beat
        notes = Notes(starts, np.maximum(ends - BREATH, starts + BREATH), rows[:, 2], rows[:, 3])
        parts.append(Played(part.name, part.program, part.drums, notes))
    beats = Events(song.beats_quarters * beat, [str(place) for place in song.positions])
    performance = Performance(song, tuple(parts), beats, score.length_quarters * beat + TAIL)
    rng = np.random.default_rng(seed)
    try:
        stems = render(performance, banks.require("A")[0], rng, rate=PAGE_RATE)
    except MissingExtra:
        stems = sketch(performance, rng, PAGE_RATE)
    mixed = np.asarray(np.sum([np.atleast_2d(stem) for stem in stems.values()], axis=0, dtype=np.float32))
    loudest = max(float(np.abs(mixed).max(initial=0.0)), 1e-6)
    return np.asarray(mixed * np.float32(PEAK / loudest)), PAGE_RATE


def _shown(name: str, score: Score, seed: int, **more: Any) -> Shown:
    from solfeggio.band.scores.files import engrave

    drawing, samples, rate = "", None, PAGE_RATE
    with suppress(MissingExtra, NotationError):
        drawing = engrave(score, PAGE_WIDTH)
    if any(len(part.notes) for part in score.parts):
        samples, rate = played(score, seed)
    return Shown(name, score, drawing, samples, rate, **more)


def _window(score: Score, marked: Span | None) -> tuple[Callable[[Score], Score], Span | None, str]:
    """How to cut scores for the page: whole ones up to PAGE_BARS, else the bars around what was written."""
    lines = score.bar_lines()
    if len(lines) - 1 <= PAGE_BARS:
        return lambda whole: whole, marked, ""
    first, last = (0, 0) if marked is None else (int(np.searchsorted(lines, x + 1e-6)) - 1 for x in marked)
    first = max(first - AROUND_BARS, 0)
    last = min(max(last + AROUND_BARS, first + PAGE_BARS), len(lines) - 1)
    if last - first > 4 * PAGE_BARS:
        last = first + 4 * PAGE_BARS
    start, end = float(lines[first]), float(lines[last])
    inside = None if marked is None else (marked[0] - start, min(marked[1], end) - start)
    shift = 0 if score.pickup_quarters else 1
    note = f"Shown and played here: bars {first + shift} to {last + shift - 1}. The files hold all."
    return (
        lambda whole: excerpt(whole, start, min(end, whole.length_quarters)),
        inside,
        note,
    )
