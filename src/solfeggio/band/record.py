"""Record a performance: its players are rendered to stems and mixed, all drawn from one generator."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from solfeggio.band import banks, kits
from solfeggio.band.mix import mix
from solfeggio.band.song import Performance
from solfeggio.errors import unknown

FAMILIES = ("A", "B", "C", "sketch")


@dataclass(frozen=True, eq=False)
class Recording:
    """What was recorded. samples: (2, n) float32, the finished mix. rate: Hz.

    stems: part name -> (2, n) as they went into the mix, before mastering. sounds: what played: bank, kit.
    """

    samples: np.ndarray
    rate: int
    stems: dict[str, np.ndarray] = field(default_factory=dict)
    sounds: dict[str, str] = field(default_factory=dict)


def record(
    performance: Performance, rng: np.random.Generator, *, family: str = "A", rate: int = 22050, keep_stems: bool = True
) -> Recording:
    """Record with the sounds of a family; the same for the same ``rng``, whether stems are kept or not.

    family: of sound banks, "A" to train on, "B" and "C" to test on, "sketch" for the plain numpy synthesiser. Raises
    ConfigError for an unknown family, MissingExtra without its sound banks.
    """
    if family not in FAMILIES:
        raise unknown("sound bank family", family, FAMILIES)
    if family == "sketch":
        from solfeggio.band.sketch import sketch

        stems, sounds = sketch(performance, rng, rate), {"bank": "sketch"}
    else:
        from solfeggio.band.render import render

        found, sets = banks.require(family), kits.kits(banks.side_of(family))
        bank = found[int(rng.integers(len(found)))]
        kit = sets[int(rng.integers(len(sets)))] if sets and rng.random() < 0.5 else None
        stems = render(performance, bank, rng, kit=kit, rate=rate)
        sounds = {"bank": bank.name, "kit": kit.name if kit else bank.name}
    samples, stems = mix(stems, rng, rate, performance=performance, keep_stems=keep_stems)
    return Recording(samples, rate, stems, sounds)
