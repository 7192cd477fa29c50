"""Record a performance: its players are rendered to stems and mixed, all drawn from one generator."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from solfeggio.band.desk import banks, kits
from solfeggio.band.desk.mix import genre_of, mix
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
    performance: Performance,
    rng: np.random.Generator,
    *,
    family: str = "A",
    rate: int = 22050,
    keep_stems: bool = True,
    voices: bool = False,
) -> Recording:
    """Record with the sounds of a family; the same for the same ``rng``, whether stems are kept or not.

    family: of sound banks, "A" to train on, "B" and "C" to test on, "sketch" for the plain numpy synthesiser. voices:
    parts with words are sung instead of played by their program. Raises ConfigError for an unknown family, MissingExtra
    without its sound banks or without voices.
    """
    if family not in FAMILIES:
        raise unknown("sound bank family", family, FAMILIES)
    if family == "sketch":
        from solfeggio.band.desk.sketch import sketch

        stems, sounds = sketch(performance, rng, rate), {"bank": "sketch"}
    else:
        from solfeggio.band.desk.render import render

        bank, sets = draw_bank(rng, family)
        kit = _kit(rng, sets, genre_of(performance)) if sets else None
        stems = render(performance, bank, rng, kit=kit, rate=rate)
        sounds = {"bank": bank.name, "kit": kit.name if kit else bank.name}
    if voices:
        from solfeggio.band.singing.voices import sing_parts

        side = "train" if family == "sketch" else banks.side_of(family)
        names, length = list(stems), next((stem.shape[1] for stem in stems.values()), 0)
        own = np.random.default_rng(int(rng.integers(2**62)))
        sung, who = sing_parts(performance, own, side, rate, length)
        stems |= {names[i]: stem for i, stem in sung.items()}
        sounds |= {"voices": ", ".join(who)} if who else {}
    samples, stems = mix(stems, rng, rate, performance=performance, keep_stems=keep_stems)
    return Recording(samples, rate, stems, sounds)


def draw_bank(rng: np.random.Generator, family: str) -> tuple[banks.Bank, tuple[kits.Kit, ...]]:
    """Draw what plays: a bank of the family, and the kits of which one plays the drums, none where the bank does."""
    found, sets = banks.require(family), kits.kits(banks.side_of(family))
    bank = found[int(rng.integers(len(found)))]
    return bank, sets if sets and rng.random() < 0.5 else ()


def _kit(rng: np.random.Generator, sets: tuple[kits.Kit, ...], genre: str) -> kits.Kit:
    """Draw a kit: machines mostly for dancing, hands mostly for folk and jazz, sticks for all."""
    machines, hands = (2.0, 0.3) if genre == "dance" else (0.4, 0.4) if genre in ("pop", "rock") else (0.05, 1.0)
    odds = np.array([{"machine": machines, "hands": hands}.get(kit.kind, 1.0) for kit in sets])
    return sets[int(rng.choice(len(sets), p=odds / odds.sum()))]
