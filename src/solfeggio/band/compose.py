"""Compose a song from a seed: the style's composer writes it, in mma's grooves or for the band's own players."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from solfeggio.band.chance import pick, weigh
from solfeggio.band.classical.chamber import compose_chamber
from solfeggio.band.classical.scenes import compose_scene
from solfeggio.band.electronic.producer import compose_electronic
from solfeggio.band.playing.swing import swings
from solfeggio.band.scores.arrange import SUFFIXES, compose_score, score_song
from solfeggio.band.singing.words import put_words
from solfeggio.band.song import Part, Song
from solfeggio.band.style import Style, load_style, style_names
from solfeggio.band.writing.accompany import accompany
from solfeggio.band.writing.chart import Chart, in_metre
from solfeggio.band.writing.feel import feel_of
from solfeggio.band.writing.form import write_chart
from solfeggio.band.writing.melody import write_melody
from solfeggio.band.writing.mma import Groove, grooves, side, tactus
from solfeggio.band.writing.openings import begin, breaks
from solfeggio.band.writing.players import CHANGES, OTHER_METRES, play
from solfeggio.band.writing.push import push_song
from solfeggio.band.writing.splice import odd_bar, replace_section
from solfeggio.band.writing.unheard import without_chords
from solfeggio.errors import DataError
from solfeggio.notation import Metre

HARMONIES: dict[str, dict[str, float]] = {  # family of groove -> harmony of its charts; others play any
    "metal": {"metal": 2, "rock": 1},
    "jazz": {"jazz": 6, "pop": 0.5, "blues": 1},
    "fast": {"jazz": 2, "pop": 1},
    "blues": {"blues": 2, "rock": 1, "riff": 0.5},
    "rock": {"rock": 2, "pop": 2, "riff": 0.5},
    "reggae": {"reggae": 2, "pop": 0.5},
    "funk": {"modal": 2, "riff": 1, "pop": 1},
    "march": {"folk": 1, "classical": 2},
    "country": {"folk": 1, "pop": 1},
    "folk dance": {"folk": 4, "pop": 0.5},
    "latin": {"latin": 2, "pop": 1},
    "fast latin": {"latin": 2, "pop": 1},
    "dance": {"pop": 2, "modal": 1},
}
GROOVE_FORMS: dict[str, dict[str, float]] = {  # family of groove -> forms of its charts
    "dance": {"loop": 1}, "drum and bass": {"loop": 1}, "ambient": {"loop": 2, "through": 1},
    "jazz": {"jazz": 3, "tune": 1}, "fast": {"jazz": 2, "tune": 1}, "waltz": {"tune": 2, "song": 1},
    "march": {"tune": 2, "ternary": 1}, "folk dance": {"tune": 3, "song": 1},
}  # fmt: skip
METRES = {(4, 4): 6.5, (3, 4): 1.2, (6, 8): 0.6, (2, 4): 0.2, (5, 4): 0.1}
LEADS = (0, 4, 11, 21, 22, 24, 25, 26, 27, 29, 30, 40, 41, 42, 52, 53, 56, 57, 59, 60, 64, 65, 66, 68, 71, 73, 75, 81)
PUSHING = ("rock", "pop", "soul", "funk", "latin", "fast latin", "metal", "country", "blues", "shuffle")
JAZZY = ("jazz", "fast", "blues")
CALM = ("ballad", "slow", "ambient", "waltz", "jazz")


def compose(seed: int, *, side: str = "train", style: str | Path | None = None) -> Song:
    """Compose song number ``seed`` of a side ("train", "valid", "test"): the same seed, the same song.

    style: a name of ``style.style_names`` or the path of a style file; None draws one by weight. The path of a score
    (MIDI, MusicXML, ABC) plays that, whatever the seed. Songs last 40 to 90 seconds. Grooves, patterns and tunes of one
    side are never heard on another. Raises ConfigError for an unknown style, MissingExtra without mma or, where the
    style plays real scores, music21.
    """
    if style is not None and Path(style).suffix.lower() in SUFFIXES:
        return score_song(style)
    rng = _generator(seed, side, "song")
    chosen = load_style(weigh(rng, _odds(side)) if style is None else style)
    for _ in range(20):
        song = WRITERS[chosen.composer](rng, side, chosen)
        if audible(song):
            song = put_words(_generator(seed, side, "words"), without_chords(song), chosen, side)
            return replace(song, name=f"{side}-{seed}-{chosen.name}", style=chosen.name)
    raise DataError(f"no song of style '{chosen.name}' for side '{side}'", "20 drafts hid their beat", "choose another")


@cache
def _odds(of: str) -> dict[str, float]:
    """Weights of the styles that a side can play: small families of grooves are not on every side."""
    styles = [load_style(name) for name in style_names()]
    here = {groove.family for groove in grooves() if side(groove.name) == of}
    return {s.name: s.weight for s in styles if s.composer != "mma" or here & set(s.families or here)}


def compose_mma(rng: np.random.Generator, side: str, style: Style) -> Song:
    """Compose in a groove of mma: chart, accompaniment, perhaps a melody, and who plays when."""
    shelf = _shelf(side, style.families)
    groove = pick(rng, pick(rng, shelf[weigh(rng, {metre: METRES.get(metre, 0.2) for metre in shelf})]))
    bpm = draw_bpm(rng, groove)
    chart = _write_chart(rng, groove, bpm, side)
    song = accompany(rng, groove, chart, bpm)
    if all(part.drums for part in song.parts) and rng.random() < 0.88:
        song = _add_partner(rng, song, groove, chart, bpm, side)
    if not any(p.name.startswith(("melody", "arpeggio")) for p in song.parts) and rng.random() < 0.5:
        song = _add_melody(rng, song, chart, groove.family in JAZZY)
    if groove.family in PUSHING:
        song = push_song(rng, song, chart.sections, 0.1)
    draw = rng.random()
    if draw < CHANGES[0]:
        song = _change_metre(rng, song, groove, chart, bpm, side)
    elif draw < sum(CHANGES):
        song = odd_bar(rng, song)
    song = thin(rng, song, calm=groove.family in CALM)
    return begin(rng, breaks(rng, song)) if audible(song) else song


def draw_bpm(rng: np.random.Generator, groove: Groove) -> float:
    """Draw felt beats a minute: log-normal over the groove's usual range, now and then beyond, 45 to 220."""
    centre, spread = np.log(groove.low * groove.high) / 2, np.log(groove.high / groove.low) / 3.2
    return float(np.clip(np.exp(rng.normal(centre, max(spread, 0.12))), 45, 220))


def thin(rng: np.random.Generator, song: Song, calm: bool = False) -> Song:
    """Send players home: a quarter of songs has no drums, some no bass, some one player alone, perhaps rubato."""
    parts, rubato = song.parts, 0.0
    draw = rng.random()
    drums = [part for part in parts if part.drums]
    tonal = [part for part in parts if not part.drums]
    if tonal and draw < (0.32 if calm else 0.22):
        parts = tuple(tonal)
        if rng.random() < 0.45:
            two = rng.permutation(len(tonal))[:2]
            parts = (_as_solo(rng, max((tonal[i] for i in two), key=lambda part: len(part.notes))),)
        elif rng.random() < 0.25:
            parts = tuple(p for p in tonal if p.name != "bass") or parts
        if rng.random() < (0.6 if calm else 0.35):
            rubato = float(rng.uniform(0.15, 0.9))
    elif drums and tonal and draw > 0.94:
        parts = (*drums, *(p for p in tonal if p.name == "bass"))
    elif drums and len(tonal) > 1 and draw > 0.88:
        parts = tuple(p for p in parts if p.name != "bass")
    if any(part.drums for part in parts) and len(parts) > 1 and len(song.sections) > 2:
        if rng.random() < 0.25:
            parts = _rest(parts, song.sections[0][:2], lambda part: part.drums)
        elif rng.random() < 0.15:
            parts = _rest(parts, song.sections[0][:2], lambda part: not part.drums)
        if rng.random() < 0.15:
            middle = song.sections[int(rng.integers(1, len(song.sections)))]
            parts = _rest(parts, middle[:2], lambda part: part.drums)
    return replace(song, parts=tuple(p for p in parts if len(p.notes)), rubato=rubato)


def audible(song: Song) -> bool:
    """Tell whether the beat can be heard: something begins on half of the beats and of the downbeats, nearly."""
    if not song.parts or not len(song.beats_quarters):
        return False
    starts = np.sort(np.concatenate([part.notes[:, 0] for part in song.parts]))
    after = np.minimum(np.searchsorted(starts, song.beats_quarters - 0.08), len(starts) - 1)
    struck = np.abs(starts[after] - song.beats_quarters) < 0.08
    return bool(min(struck.mean(), struck[song.positions == 1].mean()) > 0.45)


def _generator(seed: int, *purpose: str) -> np.random.Generator:
    digest = hashlib.blake2b("/".join(purpose).encode(), digest_size=8).digest()
    return np.random.default_rng([seed, int.from_bytes(digest, "big")])


@cache
def _shelf(of: str, families: tuple[str, ...] = ()) -> dict[tuple[int, int], tuple[tuple[Groove, ...], ...]]:
    """Files of grooves of a side by metre, of all or some families; raises DataError when there are none."""
    files: dict[tuple[int, int], dict[str, list[Groove]]] = {}
    for groove in grooves():
        if side(groove.name) == of and (not families or groove.family in families):
            files.setdefault((groove.beats, groove.unit), {}).setdefault(groove.file, []).append(groove)
    if not files:
        raise DataError(
            f"no groove of {', '.join(families)} on side '{of}'", "mma has too few of them", "other families"
        )
    return {metre: tuple(tuple(g) for g in table.values()) for metre, table in files.items()}


def _write_chart(rng: np.random.Generator, groove: Groove, bpm: float, of: str) -> Chart:
    seconds = rng.uniform(42, 86)
    bars = int(np.clip(round(seconds * bpm / 60 / tactus(groove.metre)[0] / 2) * 2, 6, 120))
    harmony = weigh(rng, HARMONIES.get(groove.family, {"any": 2, "pop": 1}))
    form = weigh(rng, GROOVE_FORMS.get(groove.family, {"song": 3, "tune": 1}))
    return write_chart(rng, groove.metre, bars, harmony, form, of)


def _change_metre(rng: np.random.Generator, song: Song, groove: Groove, chart: Chart, bpm: float, of: str) -> Song:
    """Play one section in a groove of another metre, its chords and the players the same, the quarter going on."""
    shelf = _shelf(of)
    others = {m: w for m, w in OTHER_METRES.get(str(groove.metre), {}).items() if _pair(m) in shelf}
    if not others or len(chart.sections) < 2:
        return song
    metre = Metre.parse(weigh(rng, others))
    files = shelf[metre.beats, metre.unit]
    kin = [g for file in files for g in file if g.family == groove.family] or list(pick(rng, files))
    number = int(rng.integers(len(chart.sections)))
    section = in_metre(chart, number, metre)
    other = accompany(rng, pick(rng, kin), section, bpm)
    if any(part.name == "melody-top" for part in song.parts):
        other = _add_melody(rng, other, section, groove.family in JAZZY)
    return replace_section(song, number, other)


def _pair(metre: str) -> tuple[int, int]:
    beats, unit = metre.split("/")
    return int(beats), int(unit)


def _add_partner(rng: np.random.Generator, song: Song, groove: Groove, chart: Chart, bpm: float, of: str) -> Song:
    """Give a drum-machine groove the tonal players of another style, of its own family where there is one."""
    others = [g for file in _shelf(of).get((groove.beats, groove.unit), ()) for g in file if g.file != groove.file]
    others = [g for g in others if not g.file.startswith("zoom/")]
    if not others:
        return song
    kin = [g for g in others if g.family == groove.family] or others
    partner = accompany(rng, pick(rng, kin), chart, bpm)
    return replace(song, parts=song.parts + tuple(p for p in partner.parts if not p.drums))


def _add_melody(rng: np.random.Generator, song: Song, chart: Chart, jazz: bool) -> Song:
    """Put a tune on top; it swings where the groove does; over jazz it runs in eighths and leans on the chords."""
    feel = feel_of(rng, chart.metre, 0.66 if swings(song) else 0.5)
    level = {name: rng.uniform(0.3, 0.9) for name, _, _ in chart.sections}
    energy = np.concatenate([np.full(bars, level[name]) for name, _, bars in chart.sections])
    program, centre = pick(rng, LEADS), int(rng.integers(66, 76))
    density, consonance = rng.uniform(0.45, 0.95) if jazz else rng.uniform(0.2, 0.75), 0.05 if jazz else 0.35
    push = 0.4 if jazz else 0.2
    part = write_melody(
        rng, chart, feel, energy, program, centre, density, push, name="melody-top", consonance=consonance
    )
    notes = part.notes.copy()
    notes[:, 0], notes[:, 1] = feel.warp(notes[:, 0]), feel.warp(notes[:, 1])
    return replace(song, parts=(*song.parts, replace(part, notes=notes)))


def _as_solo(rng: np.random.Generator, part: Part) -> Part:
    """Let one player carry the song, often on another chord instrument."""
    programs = (0, 0, 0, 1, 4, 6, 11, 19, 24, 25, 26, 46, 48, part.program, part.program)
    return replace(part, program=int(pick(rng, programs)))


def _rest(parts: tuple[Part, ...], span: tuple[float, float], who: Callable[[Part], bool]) -> tuple[Part, ...]:
    """Silence some players from ``span[0]`` to ``span[1]`` quarters."""
    start, end = span[0] - 0.05, span[1] - 0.05
    return tuple(
        replace(p, notes=p.notes[(p.notes[:, 0] < start) | (p.notes[:, 0] >= end)]) if who(p) else p for p in parts
    )


WRITERS: dict[str, Callable[[np.random.Generator, str, Style], Song]] = {
    "players": play,
    "mma": compose_mma,
    "loops": compose_electronic,
    "chamber": compose_chamber,
    "scene": compose_scene,
    "score": compose_score,
}
