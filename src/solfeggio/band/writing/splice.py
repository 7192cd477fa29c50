"""Cut and join written songs on the quarter clock: a shortened or lengthened bar, a section in another metre.

Everything moves together: notes, words, pedals, beats and every span, so the truth stays exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from solfeggio.band.chance import pick, weigh
from solfeggio.band.song import SPANS, Part, Song, Spans

EARLY = 0.06  # quarters by which a player may come before the moment a note is written for
Piece = tuple[Song, float, float]  # a song and where it is cut out, in quarters


def splice(pieces: Sequence[Piece]) -> Song:
    """Join pieces of songs played by the same players; the first song gives names, tempo and programs.

    Notes belong to the piece they begin in and end with it, unless the next piece goes on where it ends. Parts are
    matched by name; what the first song has no player for is left out.
    """
    first = pieces[0][0]
    offsets = np.concatenate([[0.0], np.cumsum([end - start for _, start, end in pieces])])
    goes_on = [a[0] is b[0] and abs(a[2] - b[1]) < 1e-9 for a, b in pairwise(pieces)] + [False]
    parts = []
    for part in first.parts:
        found = [(next((p for p in song.parts if p.name == part.name), None), song) for song, _, _ in pieces]
        rows, words, pedal = [], [], []
        for i, (one, _) in enumerate(found):
            _, start, end = pieces[i]
            if one is None:
                continue
            begin = one.notes[:, 0]
            kept = (begin >= start - EARLY * (i > 0)) & (begin < end - EARLY * (i < len(pieces) - 1))
            notes = one.notes[kept].copy()
            if not goes_on[i] and i < len(pieces) - 1:
                notes[:, 1] = np.minimum(notes[:, 1], np.maximum(end, notes[:, 0] + 0.05))
            notes[:, :2] += offsets[i] - start
            rows.append(notes)
            words += [w for w, k in zip(one.words, kept, strict=True) if k] if one.words else [""] * len(notes)
            pedal += [(max(a, start) - start + offsets[i], min(b, end) - start + offsets[i])
                      for a, b in one.pedal if min(b, end) > max(a, start)]  # fmt: skip
        notes = np.concatenate(rows) if rows else np.zeros((0, 4))
        order = np.lexsort((notes[:, 2], notes[:, 0]))
        sung = tuple(words[i] for i in order) if any(words) else ()
        parts.append(replace(part, notes=notes[order], words=sung, pedal=tuple(sorted(pedal))))
    beats, positions = [], []
    for i, (song, start, end) in enumerate(pieces):
        kept = (song.beats_quarters >= start - 1e-6) & (song.beats_quarters < end - 1e-6)
        beats.append(song.beats_quarters[kept] - start + offsets[i])
        positions.append(song.positions[kept])
    spans: dict[str, Any] = {name: _spans(name, pieces, offsets) for name in (*SPANS, "tempi")}
    return replace(
        first,
        parts=tuple(p for p in parts if len(p.notes)),
        length_quarters=float(offsets[-1]),
        beats_quarters=np.concatenate(beats),
        positions=np.concatenate(positions),
        **spans,
    )


def _spans(name: str, pieces: Sequence[Piece], offsets: np.ndarray) -> Spans:
    """Spans of one kind over all pieces; what a cut divided is whole again, equal chords, keys and metres are one."""
    out: list[tuple[float, float, str]] = []
    last: tuple[int, int] | None = None
    for i, (song, start, end) in enumerate(pieces):
        for number, (a, b, label) in enumerate(getattr(song, name)):
            low, high = max(a, start), min(b, end)
            if high <= low + 1e-9:
                continue
            span = (float(low - start + offsets[i]), float(high - start + offsets[i]), label)
            same = last == (id(song), number) or (name in ("chords", "keys", "metres") and out and out[-1][2] == label)
            if out and same and abs(out[-1][1] - span[0]) < 1e-6:
                out[-1] = (out[-1][0], span[1], label)
            else:
                out.append(span)
            last = (id(song), number)
    return tuple(out)


def relabel(spans: Spans, start: float, end: float, label: str) -> Spans:
    """Write another label over ``start`` to ``end``.

    >>> relabel(((0.0, 8.0, "4/4"),), 2.0, 4.0, "2/4")
    ((0.0, 2.0, '4/4'), (2.0, 4.0, '2/4'), (4.0, 8.0, '4/4'))
    """
    before = [(a, min(b, start), old) for a, b, old in spans if a < start - 1e-9]
    after = [(max(a, end), b, old) for a, b, old in spans if b > end + 1e-9]
    return (*before, (start, end, label), *after)


def match_players(song: Song, other: Song) -> Song:
    """Let the players of ``song`` play ``other``: its parts get their names and programs, by name, then by order."""
    left = {part.name: part for part in song.parts}
    named: list[Part] = []
    rest: list[Part] = []
    for part in other.parts:
        player = left.pop(part.name, None)
        if player is None:
            rest.append(part)
        else:
            named.append(replace(part, program=player.program))
    for part in rest:
        player = next((p for p in left.values() if p.drums == part.drums and p.name[:6] != "melody"), None)
        if player is not None:
            del left[player.name]
            named.append(replace(part, name=player.name, program=player.program))
    return replace(other, parts=tuple(named))


def replace_section(song: Song, number: int, other: Song) -> Song:
    """Put ``other`` in the place of section ``number``, played by the players of ``song``."""
    start, end, _ = song.sections[number]
    other = match_players(song, other)
    pieces = [(song, 0.0, start), (other, 0.0, other.length_quarters), (song, end, song.length_quarters)]
    return splice([piece for piece in pieces if piece[2] > piece[1] + 1e-9])


def odd_bar(rng: np.random.Generator, song: Song) -> Song:
    """Shorten or lengthen one bar, or the bar before each return of a section, as bands do: 2/4 in 4/4, 5/4 in 4/4."""
    downs = [int(i) for i in np.flatnonzero(song.positions == 1)]
    edges = {round(float(start), 6) for start, _, _ in song.sections[1:]}
    bars = [(a, b) for a, b in pairwise(downs) if a >= downs[0] + 4 and b - a > 1]
    before = [(a, b) for a, b in bars if round(float(song.beats_quarters[b]), 6) in edges]
    usual = int(np.max(song.positions)) if len(song.positions) else 0
    bars = [bar for bar in (before if before and rng.random() < 0.7 else bars) if bar[1] - bar[0] == usual]
    if not bars or usual < 2:
        return song
    change = weigh(rng, {-(usual // 2): 3, 1 if usual < 6 else -1: 1.5, -1: 1.0 if usual > 2 else 0.0, usual // 2: 1.5})
    chosen = pick(rng, bars)
    if chosen in before and rng.random() < 0.4:  # each time this section comes, the same bar
        name = _name_at(song, song.beats_quarters[chosen[1]])
        many = [b for b in before if _name_at(song, song.beats_quarters[b[1]]) == name]
    else:
        many = [chosen]
    for bar in reversed(many):
        song = _stretch(
            song, *bar, change, keep_end=bool(change < 0 and change == -(usual // 2) and rng.random() < 0.3)
        )
    return song


def _name_at(song: Song, moment: float) -> str:
    return next((name for a, b, name in song.sections if a - 1e-6 <= moment < b - 1e-6), "")


def _stretch(song: Song, first: int, after: int, change: int, keep_end: bool) -> Song:
    """Change the number of beats of the bar from beat ``first`` to beat ``after``: cut its end, or repeat its last."""
    at = song.beats_quarters
    start, end = float(at[first]), float(at[after])
    beat = (end - start) / (after - first)
    edge = (start, start - change * beat) if keep_end else (end + change * beat, end)
    cut = min(edge[0], edge[1]), max(edge[0], edge[1])
    if change < 0:
        pieces = [(song, 0.0, cut[0]), (song, cut[1], song.length_quarters)]
    else:
        pieces = [(song, 0.0, end), (song, end - change * beat, song.length_quarters)]
    out = splice(pieces)
    count = after - first + change
    positions = out.positions.copy()
    positions[first : first + count] = np.arange(1, count + 1)
    whole = _metre(count, beat)
    metres = relabel(out.metres, start, float(start + count * beat), whole) if out.metres else ()
    return replace(out, positions=positions, metres=metres)


def _metre(beats: int, beat: float) -> str:
    """The written metre of so many counted beats of ``beat`` quarters."""
    return f"{beats * 3}/8" if beat == 1.5 else f"{beats}/{round(4 / beat)}"
