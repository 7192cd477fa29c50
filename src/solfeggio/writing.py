"""The verb of writers: ``write`` loads a trained writer, makes the score fit, checks options and asks for variants."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio import bundle, run
from solfeggio.contracts import Writer
from solfeggio.errors import BundleError, ConfigError, NotationError, unknown
from solfeggio.notation import Part, Score, Spans
from solfeggio.tokens import fit_score

VERBS = {"vary": "measure_vae"}  # what people say: the system that does it
ENCODINGS = {"melody": "line"}  # of ``tokens.fit_score``; folk bars otherwise
TRIES = 4  # draws for each variant that is asked for, so that variants differ
MOST_BARS = 2000
MOVED = np.array([1, 1, 0, 0])  # columns of notes that are times
LOG = logging.getLogger("solfeggio")


def write(
    system: str | Path | Writer,
    score: Score | None = None,
    *,
    n: int = 4,
    seed: int = 0,
    fit: bool = False,
    device: str = "cpu",
    **options: Any,
) -> list[Score]:
    """Write n variants with a trained writer.

    system: a writer's name ("inpaint", "melody", "measure_vae" or "vary"), a bundle's folder, or a loaded writer.
    score: what to begin with; "melody" needs none. n: how many variants; they differ where the writer finds different
    ones. seed: the same seed writes the same again; the first of eight variants are those of four. fit: make the score
    fit first (one voice, the grid, the range); what was changed is logged, ``suited`` returns it. options: those of the
    system: bars=(5, 8), the first and last bar to fill, counted as printed music does; chords, style;
    knobs={"density": 2.0}, wander; temperature, top_p.
    Raises ConfigError for unknown options and values out of range, NotationError for scores that do not fit.

    >>> [score.title for score in write("inpaint", tune, bars=(5, 8), n=2)]  # doctest: +SKIP
    ['The Rambler', 'The Rambler']
    """
    name, loaded = writer(system, device)
    known = options_of(loaded)
    for option in options:
        if option not in known:
            raise unknown(f"option of {name}", option, known)
    if not 1 <= n <= 100:
        raise ConfigError(f"{n} variants", "expected 1 to 100", "choose fewer")
    if score is None:
        if "chords" not in known:
            raise ConfigError(f"{name} needs a score", "none was given", "read one with solfeggio.read_score")
        return _variants(loaded, {}, n, seed, options, None, None)
    score, changes = suited(name, score, fit)
    for line in changes:
        LOG.warning(line)
    given = score
    score, ahead = _padded(score)
    if "bars" in options:
        first, last = check_bars(options["bars"], given)
        shift = 1 if ahead else 0
        options["bars"] = (first + shift, last + shift)
    return _variants(loaded, loaded.encode(score), n, seed, options, score, given)


def writer(system: str | Path | Writer, device: str = "cpu") -> tuple[str, Writer]:
    """Load a writer once for many calls: its system's name, and it; raises ConfigError for listeners and unknowns."""
    if isinstance(system, Writer):
        return type(system).__module__.rpartition(".")[2], system.eval()
    name = VERBS.get(str(system), str(system))
    there = bundle.names()
    if name in run.writing_systems() and name not in there and not Path(name, "config.json").is_file():
        raise BundleError(
            f"no trained '{name}' is there", "its bundle is not installed", f"train it: solfeggio train {name}"
        )
    if name not in there and not ("/" in name or Path(name).exists()):
        others = [other for other in there if bundle.describe(other)["system"] in run.writing_systems()]
        raise unknown("writer", str(system), [*VERBS, *run.writing_systems(), *others])
    loaded = _loaded(bundle.folder(name), device)
    if not isinstance(loaded, Writer):
        raise ConfigError(f"'{name}' is a listener", "it hears and does not write", "use hear, or name a writer")
    return type(loaded).__module__.rpartition(".")[2], loaded


@functools.lru_cache(maxsize=8)
def _loaded(folder: Path, device: str) -> Any:
    return run.load(folder, device)


def options_of(loaded: Writer) -> tuple[str, ...]:
    """List the options of ``write`` that a writer knows: those that its ``sample`` names."""
    known = inspect.signature(type(loaded).sample).parameters.values()
    return tuple(option.name for option in known if option.kind is option.KEYWORD_ONLY and option.name != "n")


def check_bars(bars: Any, score: Score) -> tuple[int, int]:
    """First and last bar of a span, as printed music counts them: bar 1 is the first whole one, a pick-up is 0.

    >>> check_bars((5, 8), Score("a", 120, (), 64.0))
    (5, 8)
    """
    try:
        first, last = (int(bar) for bar in bars)
    except (TypeError, ValueError):
        raise ConfigError(f"bars {bars!r}", "expected the first and the last bar", "give bars=(5, 8)") from None
    lowest = 0 if score.pickup_quarters else 1
    count = len(score.bar_lines()) - 2 + lowest
    if not lowest <= first <= last <= count:
        raise ConfigError(f"bars {first}-{last}", f"the score has bars {lowest} to {count}", "choose bars inside it")
    if (first, last) == (lowest, count):
        raise ConfigError(f"bars {first}-{last}", "that is the whole score", "leave at least one bar to go by")
    return first, last


def span(bars: tuple[int, int], score: Score) -> tuple[float, float]:
    """Quarters from the first of these bars to the end of the last.

    >>> span((2, 2), Score("a", 120, (), 13.0, pickup_quarters=1.0))
    (5.0, 9.0)
    """
    first, last = check_bars(bars, score)
    lines, shift = score.bar_lines(), 0 if score.pickup_quarters else 1
    return float(lines[first - shift]), float(lines[last - shift + 1])


def suited(system: str, score: Score, fit: bool = False) -> tuple[Score, list[str]]:
    """Give the score that a writer can hold, and what had to be changed, a line each; without ``fit``, nothing is.

    Pick-ups and short last bars are fine as they are. Raises NotationError for scores that are empty or too long and,
    with ``fit``, for what cannot be made to fit.
    """
    count = len(score.bar_lines()) - 1
    if not any(len(part.notes) for part in score.parts):
        raise NotationError(f"'{score.title}' is empty", "it holds no notes", "give a melody")
    if count > MOST_BARS:
        raise NotationError(f"'{score.title}' has {count} bars", f"writers take up to {MOST_BARS}", "cut it")
    if not fit:
        return score, []
    padded, ahead = _padded(score)
    fitted, changes = fit_score(padded, ENCODINGS.get(VERBS.get(system, system), "bars"))
    return (_unpadded(fitted, score) if ahead or padded is not score else fitted), changes


def excerpt(score: Score, start: float, end: float) -> Score:
    """Cut a score to the quarters from ``start`` to ``end``; notes that begin in there stay, shortened if they must.

    >>> tune = Score("Tune", 120, (), 8.0, chords=((0.0, 6.0, "C:maj"), (6.0, 8.0, "G:7")))
    >>> excerpt(tune, 4.0, 8.0).chords
    ((0.0, 2.0, 'C:maj'), (2.0, 4.0, 'G:7'))
    """
    parts = []
    for part in score.parts:
        notes = np.asarray(part.notes, float).reshape(-1, 4)
        inside = (notes[:, 0] >= start - 1e-6) & (notes[:, 0] < end - 1e-6)
        notes = notes[inside] - [start, start, 0, 0]
        notes[:, 1] = np.minimum(notes[:, 1], end - start)
        words = tuple(word for word, kept in zip(part.words, inside, strict=False) if kept)
        pedal = tuple((a, b) for a, b, _ in _cut([(a, b, "") for a, b in part.pedal], start, end))
        parts.append(replace(part, notes=notes, words=words, pedal=pedal))
    return replace(
        score,
        parts=tuple(parts),
        length_quarters=end - start,
        metres=_cut(score.metres, start, end),
        keys=_cut(score.keys, start, end),
        chords=_cut(score.chords, start, end),
        pickup_quarters=score.pickup_quarters if start == 0 else 0.0,
    )


def _cut(spans: Sequence[tuple[float, float, str]], start: float, end: float) -> Spans:
    kept = ((max(a, start) - start, min(b, end) - start, label) for a, b, label in spans)
    return tuple(found for found in kept if found[1] - found[0] > 1e-6)


def _padded(score: Score) -> tuple[Score, float]:
    """Fill a pick-up and a short last bar of 4/4 with rests, since writers hold whole bars; quarters put in front."""
    sizes = np.diff(score.bar_lines())
    if any(label != "4/4" for _, _, label in score.metres) or not len(sizes):
        return score, 0.0
    ahead = 4.0 - score.pickup_quarters if score.pickup_quarters else 0.0
    behind = 4.0 - float(sizes[-1]) if len(sizes) > 1 or not ahead else 0.0
    if ahead + behind < 1e-6:
        return score, 0.0
    length = score.length_quarters + ahead + behind
    parts = tuple(replace(part, notes=np.asarray(part.notes, float) + ahead * MOVED) for part in score.parts)
    keys, chords = (tuple((a + ahead, b + ahead, label) for a, b, label in s) for s in (score.keys, score.chords))
    return (
        Score(score.title, score.bpm, parts, length, ((0.0, length, "4/4"),), keys, chords),
        ahead,
    )


def _unpadded(score: Score, given: Score) -> Score:
    """Undo ``_padded``: pick-up and last bar have the lengths that they were given with; what is longer stays."""
    padded, ahead = _padded(given)
    if abs(score.length_quarters - padded.length_quarters) > 1e-6:
        return replace(excerpt(score, ahead, score.length_quarters), pickup_quarters=given.pickup_quarters)
    cut = excerpt(score, ahead, ahead + given.length_quarters)
    return replace(cut, metres=given.metres, pickup_quarters=given.pickup_quarters)


def _variants(
    loaded: Writer,
    context: Any,
    n: int,
    seed: int,
    options: dict[str, Any],
    score: Score | None,
    given: Score | None,
) -> list[Score]:
    """Draw until n scores differ from each other and from the given one, or until the writer has nothing new."""
    import torch

    kept: list[Score] = []
    again: list[Score] = []
    place = next(loaded.parameters()).device
    beside = {"score": score, "bars": options.get("bars")}
    beside = {key: value for key, value in beside.items() if key in inspect.signature(loaded.decode).parameters}
    for draw in range(TRIES * n):
        state = np.random.SeedSequence([seed, draw]).generate_state(1)[0]
        rng = torch.Generator(place).manual_seed(int(state))
        with torch.inference_mode():
            written = loaded.decode(loaded.sample(context, rng, **options), **beside)
        found = written if given is None else _like(_unpadded(written, given), given)
        if any(_same(found, other) for other in kept) or (given is not None and _same(found, given)):
            again.append(found)
        else:
            kept.append(found)
        if len(kept) == n:
            break
    return [*kept, *again][:n]


def _like(written: Score, given: Score) -> Score:
    """Name and play a variant as the given score; its keys and chords stay, where the variant is as long."""
    first = next((part for part in given.parts if len(part.notes)), Part("melody", 0, np.zeros((0, 4))))
    parts = tuple(replace(part, name=first.name, program=first.program) for part in written.parts[:1])
    kept = written.parts if len(written.parts) != 1 else parts
    long = abs(written.length_quarters - given.length_quarters) > 1e-6
    keys, chords = (written.keys, written.chords) if long else (given.keys, given.chords)
    return replace(written, title=given.title, bpm=given.bpm, parts=kept, keys=keys, chords=chords)


def _same(one: Score, other: Score) -> bool:
    return len(one.parts) == len(other.parts) and all(
        a.notes.shape == b.notes.shape and np.allclose(a.notes[:, :3], b.notes[:, :3])
        for a, b in zip(one.parts, other.parts, strict=True)
    )
