"""The feel of a song: where beats and accents fall inside a bar, and how far off-beats swing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solfeggio.band.chance import pick
from solfeggio.notation import Metre

GROUPS: dict[str, tuple[tuple[float, ...], ...]] = {  # metre -> ways to group its bar, in quarters
    "4/4": ((2.0, 2.0),),
    "2/2": ((2.0, 2.0),),
    "5/4": ((3.0, 2.0), (3.0, 2.0), (2.0, 3.0)),
    "5/8": ((1.5, 1.0), (1.0, 1.5)),
    "7/8": ((1.0, 1.0, 1.5), (1.0, 1.0, 1.5), (1.5, 1.0, 1.0), (1.0, 1.5, 1.0)),
    "7/4": ((4.0, 3.0), (2.0, 2.0, 3.0), (3.0, 4.0)),
}


@dataclass(frozen=True)
class Feel:
    """How a bar is felt.

    metre: as written. beat: quarters from beat to beat (1.5 in 6/8, 9/8, 12/8; 0.5 in 5/8 and 7/8; 2 in 2/2). groups:
    quarters of each accent group, filling the bar. swing: where the off-beat falls inside its pair, 0.5 straight, 0.67
    triplets. pair: quarters of that pair (1 swings eighths, 0.5 sixteenths).
    """

    metre: Metre
    beat: float
    groups: tuple[float, ...]
    swing: float = 0.5
    pair: float = 1.0

    @property
    def bar(self) -> float:
        """Quarters a bar."""
        return self.metre.beats * 4 / self.metre.unit

    @property
    def beats(self) -> int:
        """Beats a bar, as they are counted."""
        return round(self.bar / self.beat)

    @property
    def compound(self) -> bool:
        """Whether a beat divides into three."""
        return self.beat == 1.5

    @property
    def accents(self) -> tuple[float, ...]:
        """Offsets in quarters where accent groups start."""
        return tuple(float(x) for x in np.cumsum((0.0, *self.groups[:-1])))

    def strength(self, offset: float) -> int:
        """Metrical weight of an offset in quarters: 4 downbeat, 3 accent group, 2 beat, 1 eighth, 0 less."""
        offset = offset % self.bar
        if offset < 1e-6:
            return 4
        if any(abs(offset - x) < 1e-6 for x in self.accents):
            return 3
        if abs(offset / self.beat - round(offset / self.beat)) < 1e-6:
            return 2
        return int(abs(offset * 2 - round(offset * 2)) < 1e-6)

    def warp(self, quarters: np.ndarray) -> np.ndarray:
        """Swing straight times: off-beats move, beats stay, order is kept."""
        if self.swing == 0.5:
            return quarters
        whole = np.floor(quarters / self.pair + 1e-9)
        part = quarters / self.pair - whole
        late = self.swing + (part - 0.5) * (1 - self.swing) * 2
        return (whole + np.where(part < 0.5, part * self.swing * 2, late)) * self.pair


def feel_of(rng: np.random.Generator, metre: Metre, swing: float = 0.5, pair: float = 1.0) -> Feel:
    """Feel of a metre, its accent groups drawn where there is a choice.

    >>> feel = feel_of(np.random.default_rng(0), Metre(6, 8))
    >>> feel.beats, feel.beat, feel.groups
    (2, 1.5, (1.5, 1.5))
    """
    bar = metre.beats * 4 / metre.unit
    compound = metre.unit >= 8 and metre.beats % 3 == 0 and metre.beats > 3
    beat = 1.5 if compound else 4 / metre.unit
    groups = pick(rng, GROUPS.get(str(metre), ((beat,) * round(bar / beat),)))
    return Feel(metre, beat, groups, 0.5 if compound else swing, pair)
