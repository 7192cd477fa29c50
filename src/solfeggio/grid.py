"""Grid: the only object that converts between frames, samples and seconds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from solfeggio.errors import ConfigError


@dataclass(frozen=True)
class Grid:
    """Regular frames in time: frame ``i`` is centred at ``offset + i / rate`` seconds, exactly.

    rate: frames per second, a Fraction (22050 / 441 = 50). offset: seconds of frame 0, a Fraction.
    Raises ConfigError when the rate is not positive.

    >>> grid = Grid.of_hop(22050, 441)
    >>> grid.times(3)
    array([0.  , 0.02, 0.04])
    >>> int(grid.frames(0.031))
    2
    """

    rate: Fraction
    offset: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", Fraction(self.rate))
        object.__setattr__(self, "offset", Fraction(self.offset))
        if self.rate <= 0:
            raise ConfigError(f"grid rate {self.rate}", "frames per second must be positive")

    @classmethod
    def of_hop(cls, rate: int, hop: int, offset_samples: int = 0) -> Grid:
        """Make the grid of an analysis that moves ``hop`` samples a frame at ``rate`` Hz."""
        if hop <= 0:
            raise ConfigError(f"hop {hop}", "a frame must move by at least one sample")
        return cls(Fraction(rate, hop), Fraction(offset_samples, rate))

    def times(self, frames: int | np.ndarray) -> np.ndarray:
        """Seconds of the first ``frames`` frames (int), or of the given frame indices (array, may be fractional)."""
        index = np.arange(frames) if isinstance(frames, (int, np.integer)) else np.asarray(frames)
        return float(self.offset) + index * self.rate.denominator / self.rate.numerator

    def positions(self, seconds: np.ndarray | float) -> np.ndarray:
        """Fractional frame index of each time."""
        return (np.asarray(seconds, float) - float(self.offset)) * self.rate.numerator / self.rate.denominator

    def frames(self, seconds: np.ndarray | float) -> np.ndarray:
        """Nearest frame index of each time (halves go up); may lie outside the signal."""
        return np.floor(self.positions(seconds) + 0.5).astype(np.int64)

    def count(self, seconds: float) -> int:
        """Frames whose centre lies in ``[offset, seconds)``, at least 0."""
        return max(0, int(np.ceil(self.positions(seconds) - 1e-9)))

    def span(self, seconds: float) -> int:
        """Frames that last ``seconds``, rounded: a duration, so the offset plays no part."""
        return round(seconds * self.rate)

    def hop(self, rate: int) -> Fraction:
        """Samples from one frame to the next at ``rate`` Hz; whole when the grid fits the rate."""
        return Fraction(rate) / self.rate

    def refine(self, factor: int) -> Grid:
        """Make the grid with ``factor`` times as many frames, frame 0 in the same place."""
        return Grid(self.rate * factor, self.offset)

    def shift(self, frames: int) -> Grid:
        """Make the grid whose frame 0 is this grid's frame ``frames``."""
        return Grid(self.rate, self.offset + frames / self.rate)
