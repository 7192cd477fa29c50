"""How a song begins and pauses: pick-ups, count-ins, starts inside a bar, drum breaks and stops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from solfeggio.band.chance import pick
from solfeggio.band.song import Part, Song
from solfeggio.band.writing.drums import count_in, tidy
from solfeggio.band.writing.feel import Feel
from solfeggio.band.writing.splice import splice
from solfeggio.notation import Metre


def begin(rng: np.random.Generator, song: Song) -> Song:
    """Let some songs begin with a pick-up of one player or a count-in, or where their first bar is half over."""
    beats = int(song.positions.max())
    draw = rng.random()
    if beats < 2 or len(song.beats_quarters) < 4 * beats or draw > 0.26:
        return song
    beat = float(song.beats_quarters[1] - song.beats_quarters[0])
    if draw < 0.08:
        return splice([(song, beat * int(rng.integers(1, beats)), song.length_quarters)])
    drums = [part for part in song.parts if part.drums]
    if draw < 0.13 and drums:
        bar = Feel(Metre.parse(song.metres[0][2]), beat, (beat * beats,))
        clicks = replace(drums[0], notes=count_in(rng, bar, 0.0, beats), words=(), pedal=())
        return _before(song, clicks, 0.0, beat * beats)
    who = next((p for p in song.parts if p.name.startswith("melody")), None) or pick(rng, song.parts)
    lead = int(rng.integers(1, beats)) * beat
    downs = song.beats_quarters[song.positions == 1]
    for down in downs[1:]:
        inside = (who.notes[:, 0] > down - lead - 0.06) & (who.notes[:, 0] < down - 0.06)
        if inside.sum() >= max(1, lead / beat / 2):
            return _before(song, who, float(down) - lead, float(down))
    return song


def _before(song: Song, part: Part, start: float, end: float) -> Song:
    """Put what one player has from ``start`` to ``end`` before the song; nobody plays a chord there."""
    length = max(song.length_quarters, end)
    own: dict[str, Any] = {name: ((0.0, length, getattr(song, name)[0][2]),) for name in ("keys", "metres")
                           if getattr(song, name)}  # fmt: skip
    beat = float(song.beats_quarters[1] - song.beats_quarters[0])
    at = np.arange(round((end - start) / beat)) * beat + start
    count = int(song.positions.max())
    places = (np.arange(len(at)) - len(at)) % count + 1
    others = tuple(replace(p, notes=p.notes[:0], words=(), pedal=()) for p in song.parts if p.name != part.name)
    alone = replace(song, parts=(part, *others), beats_quarters=at, positions=places, length_quarters=length,
                    chords=((0.0, length, "N"),), sections=(), forms=(), motifs=(), effects=(), tempi=(),
                    **own)  # fmt: skip
    both = splice([(alone, start, end), (song, 0.0, song.length_quarters)])
    longer: dict[str, Any] = {name: ((0.0, *getattr(both, name)[0][1:]), *getattr(both, name)[1:])
                              for name in ("sections", "forms") if getattr(both, name)}  # fmt: skip
    return replace(both, **longer)


def breaks(rng: np.random.Generator, song: Song) -> Song:
    """Now and then leave the drums alone before a section, or let everybody stop after a downbeat."""
    drums = [part for part in song.parts if part.drums]
    if not drums or len(song.parts) < 2 or len(song.sections) < 2 or rng.random() > 0.2:
        return song
    edge = pick(rng, song.sections[1:])[0]
    downs = song.beats_quarters[song.positions == 1]
    earlier = downs[downs < edge - 0.1]
    if len(earlier) < 3:
        return song
    stop = rng.random() < 0.4
    bars = 1 if stop else pick(rng, (1, 1, 2, 4))
    start = float(earlier[-min(bars, len(earlier))])
    beats = song.beats_quarters[song.beats_quarters > start + 0.1]
    begin_rest = float(beats[0]) - 0.1 if stop and len(beats) else start - 0.06
    parts = []
    for part in song.parts:
        if part.drums and not stop:
            parts.append(part)
            continue
        at = part.notes[:, 0]
        gone = (at >= begin_rest) & (at < edge - 0.06)
        if part.name.startswith("melody") and stop:
            gone &= False
        notes = part.notes[~gone].copy()
        over = (notes[:, 0] < begin_rest) & (notes[:, 1] > begin_rest)
        notes[over, 1] = np.maximum(begin_rest, notes[over, 0] + 0.1)
        words = tuple(w for w, g in zip(part.words, gone, strict=True) if not g) if part.words else ()
        if len(notes):
            parts.append(replace(part, notes=notes, words=words))
    return replace(song, parts=tuple(parts)) if any(not p.drums for p in parts) else song


def run_up(rng: np.random.Generator, feel: Feel, parts: list[Part], lead: int) -> list[Part]:
    """Write ``lead`` beats before bar 0: the melody (or the first player) runs on, the drummer may fill."""
    singers = [i for i, part in enumerate(parts) if part.name.startswith("melody")]
    who = pick(rng, singers) if singers else len(parts) - 1
    out = list(parts)
    if parts[who].drums or (rng.random() < 0.3 and parts[0].drums):
        who = 0
        step = pick(rng, (0.25, 0.5)) if not feel.compound else 0.5
        times = np.arange(-lead * feel.beat, -1e-6, step).tolist()
        hits: list[tuple[float, float, float, float]] = [
            (t, t + 0.2, pick(rng, (38, 38, 45, 48)), 70.0 + 25 * rng.random()) for t in times if rng.random() < 0.7
        ]
        hits.append((-lead * feel.beat, -lead * feel.beat + 0.2, 38, 90))
        out[0] = with_notes(parts[0], tidy(hits))
        return out
    first = parts[who].notes[0]
    step = 0.5 if feel.beat != 1 or rng.random() < 0.5 else 1.0
    times = np.arange(-lead * feel.beat, -1e-6, step).tolist()
    steps = (np.arange(len(times)) - len(times)) * pick(rng, (-2, 2, 1, -1, 0))
    notes = [(float(t), float(t) + step * 0.9, first[2] + s, first[3] * 0.9) for t, s in zip(times, steps, strict=True)]
    out[who] = with_notes(parts[who], tidy(notes))
    return out


def with_notes(part: Part, notes: np.ndarray) -> Part:
    """Add (n, 4) notes to a part."""
    both = np.concatenate([notes, part.notes])
    return Part(part.name, part.program, both[np.lexsort((both[:, 2], both[:, 0]))], part.drums)
