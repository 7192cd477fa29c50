"""Voice leading: four voices through a row of chords without parallel fifths or octaves, then passing notes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np

from solfeggio.band.classical.draft import Slice
from solfeggio.harte import parse_pitch, read, scale

VOICES = ("soprano", "alto", "tenor", "bass")
CHOIR = ((60, 80), (55, 73), (48, 68), (40, 61))  # lowest and highest pitch of each voice
PAIRS = tuple(combinations(range(4), 2))
_FORBIDDEN = 1000.0


def lead(
    rng: np.random.Generator, chords: Sequence[tuple[str, str]], ranges: tuple[tuple[int, int], ...] = CHOIR
) -> np.ndarray:
    """Lead four voices through ``chords`` of (Harte label, key): returns (n, 4) MIDI pitches, soprano first.

    The best path under the rules of part writing: complete chords, no doubled leading note, no parallel fifths or
    octaves, small steps, sevenths that fall, leading notes that rise; ``rng`` breaks ties and bends the soprano.
    """
    choices = [_choices(label, ranges) for label, _ in chords]
    aim = sum(ranges[0]) / 2 + 4 * np.sin(2 * np.pi * (np.arange(len(chords)) / (7 + 7 * rng.random()) + rng.random()))
    cost, back = np.zeros(0), []
    for i, (label, key) in enumerate(chords):
        here = choices[i]
        own = _own_cost(here, label, key) + 2.5 * rng.random(len(here)) + 0.35 * np.abs(here[:, 0] - aim[i])
        if i == 0:
            cost = own
            continue
        total = cost[:, None] + _moves(choices[i - 1], here, chords[i - 1], chords[i])
        best = total.argmin(0)
        back.append(best)
        cost = total[best, np.arange(len(here))] + own
    place = int(cost.argmin())
    path = [place]
    for best in reversed(back):
        path.append(int(best[path[-1]]))
    return np.array([choices[i][p] for i, p in enumerate(reversed(path))])


@lru_cache(maxsize=4096)
def _choices(label: str, ranges: tuple[tuple[int, int], ...]) -> np.ndarray:
    """All placings of a chord: bass as written, root and third present, voices in order and not too far apart."""
    low, steps, lowest = read(label)
    tones = {(low + step) % 12 for step in steps}
    needed = {(low + step) % 12 for step in steps if step not in (0, 7) or len(steps) == 2 or step == 0}
    needed = needed if len(needed) <= 4 else {(low + step) % 12 for step in steps[:2] + steps[3:4]}
    s, a, t, b = (
        [p for p in range(first, last + 1) if p % 12 in ({lowest} if voice == 3 else tones)]
        for voice, (first, last) in enumerate(ranges)
    )
    grid = np.array(np.meshgrid(s, a, t, b, indexing="ij")).reshape(4, -1).T
    gaps = grid[:, :-1] - grid[:, 1:]
    fine = (gaps >= 0).all(1) & (gaps[:, 0] <= 12) & (gaps[:, 1] <= 12) & (gaps[:, 2] <= 24)
    for tone in needed:
        fine &= (grid % 12 == tone).any(1)
    return grid[fine] if fine.any() else grid[(gaps >= 0).all(1)]


def _own_cost(grid: np.ndarray, label: str, key: str) -> np.ndarray:
    low, steps, _ = read(label)
    count = {step: (grid % 12 == (low + step) % 12).sum(1) for step in steps}
    leading = (parse_pitch(key.partition(":")[0]) - 1) % 12
    cost = 8.0 * np.maximum((grid % 12 == leading).sum(1) - 1, 0)
    cost = cost + 1.2 * np.maximum(count.get(4, count.get(3, 0)) - 1, 0) + 6.0 * np.maximum(count.get(10, 0) - 1, 0)
    cost = cost + (3.0 * (count[7] == 0) if 7 in count else 0.0)
    return cost + 2.0 * (np.diff(grid, axis=1) == 0).sum(1)


def _moves(old: np.ndarray, new: np.ndarray, before: tuple[str, str], after: tuple[str, str]) -> np.ndarray:
    """Cost of going from every placing of one chord to every placing of the next."""
    step = new[None] - old[:, None]  # (old, new, voice)
    size = np.abs(step)
    cost = size[..., 0] * 0.9 + size[..., 1] * 1.1 + size[..., 2] * 1.1 + size[..., 3] * 0.3
    cost = cost + 4.0 * (size[..., :3] > 5).sum(2) + 12.0 * (size > 9).sum(2) + 0.8 * (size[..., 0] == 0)
    for i, j in PAIRS:
        was, now = (old[:, i] - old[:, j]) % 12, (new[:, i] - new[:, j]) % 12
        same = (was[:, None] == now[None]) & np.isin(now, (0, 7))[None]
        cost = cost + _FORBIDDEN * (same & (step[..., i] != 0) & (step[..., j] != 0))
    open_ = np.isin((new[:, 0] - new[:, 3]) % 12, (0, 7))[None] & (size[..., 0] > 2)
    cost = cost + 4.0 * (open_ & (step[..., 0] * step[..., 3] > 0))
    for i in range(3):
        cost = cost + 3.0 * ((new[None, :, i] < old[:, None, i + 1]) | (new[None, :, i + 1] > old[:, None, i]))
    leading = (parse_pitch(before[1].partition(":")[0]) - 1) % 12
    if (leading + 1) % 12 == read(after[0])[0]:
        cost = cost + 6.0 * ((old[:, None, 0] % 12 == leading) & (step[..., 0] != 1))
    low, steps, _ = read(before[0])
    if 10 in steps and before[0] != after[0]:
        for voice in range(4):
            cost = cost + 5.0 * ((old[:, None, voice] - low) % 12 == 10) * ~np.isin(step[..., voice], (0, -1, -2))
    return cost


def parallels(voices: np.ndarray) -> int:
    """Count parallel unisons, fifths and octaves between neighbouring rows of (n, voices) pitches; NaN rests.

    >>> parallels(np.array([[67, 60], [69, 62]])), parallels(np.array([[67, 60], [67, 60]]))
    (1, 0)
    """
    found = 0
    for i, j in combinations(range(voices.shape[1]), 2):
        gap = (voices[:, i] - voices[:, j]) % 12
        moved = (np.diff(voices[:, i]) != 0) & (np.diff(voices[:, j]) != 0)
        found += int(np.sum(moved & (gap[:-1] == gap[1:]) & np.isin(gap[1:], (0, 7))))
    return found


def decorate(
    rng: np.random.Generator, led: np.ndarray, row: Sequence[Slice], busy: float = 0.35, suspend: float = 0.12
) -> np.ndarray:
    """Split every chord in two halves and add passing notes and suspensions: (2n, 4), still without parallels.

    busy: chance of a passing note where a voice moves by a third. suspend: chance that a falling second comes late.
    """
    out = np.repeat(led, 2, axis=0)
    for i in range(len(led) - 1):
        if row[i].bar.phrase != row[i + 1].bar.phrase:
            continue
        tones = scale(row[i].bar.key)
        for voice in rng.permutation(4):
            old, new = led[i, voice], led[i + 1, voice]
            if abs(new - old) in (3, 4) and rng.random() < busy:
                between = [p for p in range(min(old, new) + 1, max(old, new)) if p % 12 in tones]
                if between:
                    _try(out, 2 * i + 1, int(voice), between[0])
            elif new - old in (-1, -2) and voice != 3 and rng.random() < suspend:
                _try(out, 2 * i + 2, int(voice), int(old))
    return out


def _try(out: np.ndarray, place: int, voice: int, pitch: int) -> None:
    """Put a note in unless it crosses a neighbour, doubles it or makes parallels."""
    was = out[place, voice]
    out[place, voice] = pitch
    around = out[max(place - 1, 0) : place + 2]
    if (np.diff(out[place]) >= 0).any() or parallels(around):
        out[place, voice] = was
