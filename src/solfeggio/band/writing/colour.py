"""What makes plain progressions speak: richer chords, substitutes, borrowed chords, cadences, and changes of key."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solfeggio.band.chance import pick, weigh

TASTE: dict[str, float] = {  # flavour -> how likely a chord is made richer
    "maj": 0.12, "min": 0.12, "jazz": 0.35, "latin": 0.25, "modal": 0.15, "vamp": 0.05, "dorian": 0.15,
    "mixolydian": 0.12, "lydian": 0.2, "rock": 0.05, "folk": 0.04, "reggae": 0.08, "classical": 0.03, "blues": 0.12,
    "harmonic": 0.08,
}  # fmt: skip
RICHER: dict[str, dict[str, float]] = {  # numeral, or its degree's kind -> what it may become
    "I": {"Imaj7": 3, "Iadd9": 2, "I6": 1, "Isus4": 1, "Isus2": 1, "Imaj9": 1, "I:3": 2, "I69": 0.5},
    "IV": {"IVmaj7": 3, "IVadd9": 2, "IV6": 1, "IVsus2": 1, "IVmaj9": 0.7, "IV:5": 0.7, "IV:2": 0.5},
    "V": {"V7": 4, "Vsus4": 2, "Vsus": 2, "V9": 1, "V11": 0.5, "V:3": 1.5, "V13": 0.4, "V7:b7": 0.4},
    "ii": {"ii7": 4, "ii9": 1, "ii11": 0.6, "ii:3": 1}, "vi": {"vi7": 4, "vi9": 1, "vi11": 0.5, "viadd9": 1},
    "iii": {"iii7": 3, "V7/vi": 1}, "i": {"i7": 3, "i9": 1, "iadd9": 1, "i11": 0.4, "i6": 0.5, "i:3": 1.5, "imM7": 0.3},
    "iv": {"iv7": 3, "iv6": 1, "iv9": 1, "iv:3": 1}, "bVI": {"bVImaj7": 3, "bVIadd9": 1, "bVImaj9": 0.5},
    "bVII": {"bVII7": 2, "bVIIadd9": 1, "bVIIsus2": 1, "bVII6": 0.5},
    "bIII": {"bIIImaj7": 3, "bIIIadd9": 1, "bIII+": 0.3},
    "Imaj7": {"Imaj9": 3, "I6": 1, "I69": 1, "Imaj13": 0.6, "Imaj7:3": 0.4},
    "IVmaj7": {"IVmaj9": 2, "IVmaj13": 0.4, "IV69": 0.5},
    "V7": {"V9": 2, "V13": 2, "V7b9": 1, "V7#9": 0.6, "Vsus": 1, "bII7": 1.2, "bII9": 0.4, "V+7": 0.4},
    "ii7": {"ii9": 3, "ii11": 1, "II7": 0.6, "ii13": 0.3}, "vi7": {"vi9": 2, "VI7b9": 0.7, "vi11": 0.5},
    "i7": {"i9": 3, "i11": 1, "i6": 0.7, "imM7": 0.4, "i13": 0.2}, "i6": {"imM7": 1, "i9": 1},
    "I7": {"I9": 3, "I13": 1.5, "I7#9": 0.4}, "IV7": {"IV9": 3, "IV13": 1}, "iv7": {"iv9": 2, "bVII9": 0.5},
}  # fmt: skip


def colour(rng: np.random.Generator, numerals: Sequence[str], flavour: str) -> list[str]:
    """Make some chords of a progression richer, or replace them (tritone substitutes, secondary dominants)."""
    taste = TASTE.get(flavour, 0.0) * (0.0 if rng.random() < 0.3 else 2.0 * rng.random())
    chosen: dict[str, str] = {}
    for numeral in dict.fromkeys(numerals):
        if rng.random() < taste and numeral in RICHER:
            chosen[numeral] = weigh(rng, RICHER[numeral])
    return [chosen.get(numeral, numeral) for numeral in numerals]


def cadence(
    rng: np.random.Generator, bars: list[tuple[str, ...]], mode: str, flavour: str, final: bool
) -> list[tuple[str, ...]]:
    """End a section with a cadence, now and then: at home when it is the last, open or deceptive when more follows."""
    plain = flavour in ("maj", "min", "folk", "classical", "harmonic", "latin")
    home = "I" if mode in ("maj", "mix", "lyd") else "i"
    four = "IV" if home == "I" else "iv"
    if len(bars) < 4 or flavour in ("blues", "vamp", "riff", "metal"):
        return bars
    if final and rng.random() < (0.75 if plain else 0.4):
        if not plain:
            return [*bars[:-1], (home,)]
        way = weigh(rng, {"authentic": 5, "plagal": 1, "borrowed": 1 if home == "I" else 0})
        before = {"authentic": "V7", "plagal": four, "borrowed": "iv"}[way]
        return [*bars[:-2], (before,), (home,)]
    if not plain or rng.random() > 0.3:
        return bars
    way = weigh(rng, {"half": 3, "authentic": 3, "deceptive": 1, "turn": 1})
    if way == "half":
        return [*bars[:-1], pick(rng, (("V",), ("V",), ("Vsus4", "V"), ("V7",)))]
    if way == "authentic":
        return [*bars[:-2], ("V7",), (home,)]
    if way == "deceptive":
        return [*bars[:-2], ("V",), ("vi" if home == "I" else "bVI",)]
    return [*bars[:-1], ("ii7", "V7") if home == "I" else ("iiø", "V7")]


def modulation(
    rng: np.random.Generator, plan: Sequence[tuple[str, str, int, int]], mode: str, flavour: str
) -> dict[str, tuple[int, str, int]]:
    """Plan changes of key: {material: (semitones, flavour of its new mode or "", from which section on)}.

    The material "" stands for everything: the last chorus goes up a half or whole step and what follows stays there.
    """
    moves: dict[str, tuple[int, str, int]] = {}
    if len(plan) < 3 or flavour == "blues" or rng.random() > {"classical": 0.25}.get(flavour, 0.135):
        return moves
    contrasts = [m for f, m, _, _ in plan if (f == "bridge" or m in ("B", "C", "bridge")) and m != plan[0][1]]
    if contrasts and rng.random() < 0.6:
        major = mode in ("maj", "mix", "lyd")
        plain = flavour if flavour in ("classical", "folk", "jazz", "rock") else ""
        ways: dict[tuple[int, str], float] = (
            {(7, plain): 3, (5, plain): 2, (9, "min"): 3, (0, "min"): 1, (2, "dorian"): 0.5, (0, "mixolydian"): 0.7,
             (0, "lydian"): 0.3}
            if major
            else {(3, "maj"): 4, (7, "min"): 1, (5, plain or "min"): 1, (0, "maj"): 1, (0, "phrygian"): 0.5,
                  (0, "dorian"): 0.7, (0, "harmonic"): 0.5}
        )  # fmt: skip
        shift, other = weigh(rng, ways)
        moves[pick(rng, contrasts)] = (shift, other, 0)
        return moves
    last = len(plan) - 1
    repeats = [i for i in range(2, len(plan)) if any(plan[i][1] == m for _, m, _, _ in plan[:i])]
    choruses = [i for i in repeats if plan[i][0] == "chorus"]
    place = (choruses or repeats or [last])[-1]
    moves[""] = (pick(rng, (1, 1, 2, 2, 2, 3)), "", place)
    return moves
