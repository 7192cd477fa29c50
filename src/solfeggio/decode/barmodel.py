"""What is expected of beats, bars and metre before listening: the options of the bar-pointer decoder."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from solfeggio.decode.lattice import Lattice
from solfeggio.errors import ConfigError, unknown
from solfeggio.grid import Grid
from solfeggio.notation import Metre

FREE = (5.0, 0.5)  # tempo_change and tempo_step of free time
SPACING = 0.015  # relative distance of neighbouring periods, or one frame of the refined grid where that is more


@dataclass(frozen=True)
class BarModel:
    """What music is expected to do; every field is an option of ``decode_bars`` and ``BarTracker``.

    Raises ConfigError when a value is out of range. Log-odds are natural logarithms (nats).
    """

    tempo: tuple[float, float] = (30.0, 240.0)  # slowest and fastest beat, bpm
    metres: tuple[str, ...] = ("2/4", "3/4", "4/4")  # metres to choose from, at most 8: beats a bar are what counts
    tempo_change: float = 80.0  # nats for a change of the beat's length by a factor e; 1 % costs a hundredth
    tempo_step: float = 0.1  # largest change of log beat length from one beat to the next
    tempo_prior: float = 1.0  # nats a beat loses one octave away from 115 bpm, four times that two away; 0: none
    metre_change: float | None = 12.0  # nats for another metre from one bar to the next; None: one metre throughout
    pair: float = 1.0  # nats that a bar of two beats loses: what sounds like one is mostly half a bar of four
    other: float = 0.5  # nats that any other bar than one of four beats loses: four is by far the commonest
    weight: float = 0.6  # factor on the log-odds of the network
    clip: float = 5.0  # largest |log-odds| of a beat believed
    bar_clip: float = 4.0  # largest doubt believed, in nats, that a beat is the first of its bar, or that it is not
    bonus: float = 0.0  # nats each beat gains: raise it when unclear passages come out too slow, lower it when too fast
    silence: float = 0.25  # beat probability below which nothing happens; 0: never silent
    rubato: float | None = 0.8  # nats a beat that free time must gain over steady time; None: never free, as live
    pause: float = 6.0  # seconds of silence in a row that get no beats; before and after the recording all is silent

    def __post_init__(self) -> None:
        object.__setattr__(self, "tempo", (float(self.tempo[0]), float(self.tempo[1])))
        object.__setattr__(self, "metres", tuple(self.metres))
        if not 0 < self.tempo[0] <= self.tempo[1] < math.inf:
            raise ConfigError(f"tempo {self.tempo}", "expected slowest and fastest beats per minute, as (30, 240)")
        if not 1 <= len(self.bars) <= 8 or max(self.bars) > 16:
            raise ConfigError(
                f"metres {self.metres}", "expected 1 to 8 metres of at most 16 beats", 'as ("3/4", "4/4")'
            )
        top = {
            "tempo_change": 1e4,
            "tempo_step": 3.0,
            "tempo_prior": 100.0,
            "weight": 100.0,
            "clip": 50.0,
            "pair": 100.0,
            "other": 100.0,
            "bar_clip": 50.0,
            "pause": 1e6,
        }
        for name, high in top.items():
            if not 0 <= getattr(self, name) <= high:
                raise ConfigError(f"{name} {getattr(self, name)}", f"expected 0 to {high:g}")
        if self.metre_change is not None and not 0 <= self.metre_change <= 1e4:
            raise ConfigError(f"metre_change {self.metre_change}", "expected 0 to 10000, or None for one metre")
        if self.rubato is not None and not 0 <= self.rubato <= 100:
            raise ConfigError(f"rubato {self.rubato}", "expected 0 to 100, or None for steady time only")
        if not -50 <= self.bonus <= 50:
            raise ConfigError(f"bonus {self.bonus}", "expected -50 to 50")
        if not 0 <= self.silence < 1:
            raise ConfigError(f"silence {self.silence}", "expected a probability of 0 or more, below 1")

    @classmethod
    def of(cls, options: dict[str, Any]) -> BarModel:
        """Make the model from keyword options; raises ConfigError for a name that is none."""
        known = {f.name for f in fields(cls)}
        for name in options:
            if name not in known:
                raise unknown("option", name, known)
        return cls(**options)

    @property
    def free(self) -> BarModel:
        """The same expectations of a player who takes time: beats may differ by half and changes cost little."""
        change, step = FREE
        return replace(self, tempo_change=min(change, self.tempo_change), tempo_step=max(step, self.tempo_step))

    @property
    def bars(self) -> tuple[int, ...]:
        """Beats a bar of each metre, each number once."""
        return tuple(dict.fromkeys(Metre.parse(metre).beats for metre in self.metres))

    def periods(self, grid: Grid) -> np.ndarray:
        """Whole frames a beat may last, on one scale for all tempo ranges, so that a narrower range is a subset."""
        low, high = (round(60 / bpm * float(grid.rate)) for bpm in reversed(self.tempo))
        if low < 4:
            raise ConfigError(
                f"tempo {self.tempo}", f"a beat lasts {low} frames of 1/{grid.rate} s", "lower the fastest"
            )
        scale = np.arange(math.floor(math.log(low) / SPACING), math.ceil(math.log(high) / SPACING) + 1)
        lengths = np.unique(np.round(np.exp(scale * SPACING)).astype(np.int64))
        kept = lengths[(lengths >= low) & (lengths <= high)]
        return kept if len(kept) else np.array([low])

    def lattice(self, grid: Grid) -> Lattice:
        """Build the search over the frames of ``grid``."""
        periods = self.periods(grid)
        octaves = np.log2(60 * float(grid.rate) / periods / 115)
        return Lattice(
            periods,
            self.bars,
            tempo_change=self.tempo_change,
            tempo_step=self.tempo_step,
            prior=-self.tempo_prior * octaves**2,
            metre_change=self.metre_change,
            bar_prior=tuple(-{2: self.pair, 4: 0.0}.get(beats, self.other) for beats in self.bars),
        )

    def observe(self, beat: np.ndarray, downbeat: np.ndarray) -> np.ndarray:
        """Turn logits (n,) into (2, n) nats: log-odds of a downbeat, and of another beat, against no beat."""
        beat = np.maximum(beat, downbeat)  # a downbeat is a beat
        sure = np.clip(beat, -self.clip, self.clip)
        first = np.minimum(np.logaddexp(0, -beat) - np.logaddexp(0, -downbeat), 0)  # log P(downbeat | beat)
        later = np.log(np.maximum(-np.expm1(first), 1e-9))
        doubt = np.clip(first - later, -self.bar_clip, self.bar_clip)  # the likelier place in the bar costs nothing
        return (sure + np.minimum(np.stack([doubt, -doubt]), 0)) * self.weight + self.bonus
