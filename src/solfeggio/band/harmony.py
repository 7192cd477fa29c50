"""Functional harmony by rule: Roman numerals to Harte labels, progressions, and voicings that move little.

Numerals count from the major scale whatever the mode ("bVI" in minor); upper case is major, lower case minor, then a
quality ("7", "maj7", "o", "ø", "+", "sus4", "5", ...), then "/vi" for a secondary function and ":3" for an inversion.
Labels follow Harte et al., "Symbolic representation of musical chords" (ISMIR 2005).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from solfeggio.band.chance import pick, shelf, weigh
from solfeggio.errors import ConfigError, unknown

NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
QUALITIES: dict[str, tuple[int, ...]] = {
    "maj": (0, 4, 7), "min": (0, 3, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "min7": (0, 3, 7, 10),
    "dim": (0, 3, 6), "hdim7": (0, 3, 6, 10), "dim7": (0, 3, 6, 9), "aug": (0, 4, 8), "sus4": (0, 5, 7),
    "sus2": (0, 2, 7), "5": (0, 7), "maj6": (0, 4, 7, 9), "min6": (0, 3, 7, 9), "9": (0, 4, 7, 10, 2),
    "maj9": (0, 4, 7, 11, 2), "min9": (0, 3, 7, 10, 2),
}  # fmt: skip
SUFFIXES = {"": "", "o": "dim", "o7": "dim7", "ø": "hdim7", "+": "aug", "6": "maj6", "m6": "min6"}
DEGREES = {"1": 0, "b2": 1, "2": 2, "b3": 3, "3": 4, "4": 5, "b5": 6, "5": 7, "b6": 8, "6": 9, "b7": 10, "7": 11}
ROMANS = {"VII": 11, "III": 4, "VI": 9, "IV": 5, "II": 2, "V": 7, "I": 0}
SCALES = {
    "maj": (0, 2, 4, 5, 7, 9, 11),
    "min": (0, 2, 3, 5, 7, 8, 10),
    "dor": (0, 2, 3, 5, 7, 9, 10),
    "mix": (0, 2, 4, 5, 7, 9, 10),
    "phr": (0, 1, 3, 5, 7, 8, 10),
}

LOOPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "maj": tuple(
        tuple(line.split())
        for line in (
            "I V vi IV", "I vi IV V", "vi IV I V", "I IV V IV", "I IV I V", "I iii IV V", "I V IV V", "IV I V vi",
            "I ii IV V", "I V:3 vi IV", "I I:3 IV V", "I iii vi IV", "I IV vi V", "I IV ii V", "vi ii V I",
            "I V vi iii IV I IV V", "I V ii IV", "IV V iii vi", "I Imaj7 I7 IV", "I V7/vi vi IV", "I V7/ii ii V",
            "I IV iv I", "I bVII IV I", "I V7/IV IV iv", "I vi ii V7", "IV V I I", "I Isus4 IV V", "ii IV I V",
            "I I IV V", "vi V IV V", "I bVI bVII I", "IV iv I V7/ii ii V7 I I", "I V/V V I", "IV I:3 ii V",
        )
    ),
    "min": tuple(
        tuple(line.split())
        for line in (
            "i bVI bIII bVII", "i bVII bVI V", "i iv V i", "i bVII bVI bVII", "i iv bVII bIII", "i bVI iv V7",
            "i v bVI bVII", "i bIII bVII iv", "i bVI bVII i", "i iiø V7 i", "bVI bVII i i", "i iv i V", "i V7 i V7",
            "i iv bVI V", "iv i V7 i", "i bVII iv i", "i V7/iv iv V7", "i bVII bIII bVI iv i V7 i", "i v iv i",
            "bVI bIII bVII i", "i i:3 iv V", "i bIII iv bVI", "i bII V7 i", "bVI iv i V",
        )
    ),
    "rock": tuple(
        tuple(line.split())
        for line in (
            "I5 bVII5 IV5 I5", "I5 IV5 V5 IV5", "i5 bVI5 bVII5 i5", "i5 bIII5 IV5 i5", "I5 bIII5 IV5 bVII5",
            "i5 bVII5 bVI5 V5", "I IV I V", "I5 I5 IV5 V5", "i5 i5 bIII5 bVII5", "I bVII IV IV", "i5 iv5 bVI5 V5",
            "vi5 IV5 I5 V5", "I5 V5 vi5 IV5", "I bIII IV I", "i5 bVI5 bIII5 bVII5",
        )
    ),
    "metal": tuple(
        tuple(line.split())
        for line in (
            "i5 i5 bVI5 bVII5", "i5 bII5 i5 bVII5", "i5 i5 i5 bII5", "i5 bIII5 bII5 i5", "i5 bVI5 iv5 bVII5",
            "i5 i5 bIII5 bVI5", "i5 bV5 i5 bVI5", "i5 bVII5 bVI5 bVII5", "i5 bVI5 V5 bII5", "i5 iv5 bVI5 V5",
            "i5 i5 bVI5 V5", "i5 bVI5 bVII5 bIII5",
        )
    ),
    "blues": tuple(
        tuple(line.split())
        for line in (
            "I7 I7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 V7", "I7 IV7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 I7",
            "I7 IV7 I7 I7 IV7 IV7 I7 V7/ii ii7 V7 I7 V7", "i7 i7 i7 i7 iv7 iv7 i7 i7 bVI7 V7 i7 V7",
            "I7 I7 I7 I7 IV7 IV7 I7 I7 V7 V7 I7 I7", "I I I7 I7 IV7 IV7 I I V7 V7 I V7",
            "I7 IV7 I7 I7 IV7 #ivo7 I7:5 V7/ii ii7 V7 I7 V7",
        )
    ),
    "jazz": tuple(
        tuple(line.split())
        for line in (
            "Imaj7 vi7 ii7 V7", "ii7 V7 Imaj7 Imaj7", "iii7 V7/ii ii7 V7", "Imaj7 V7/ii ii7 V7", "ii7 V7 Imaj7 vi7",
            "Imaj7 IVmaj7 iii7 vi7 ii7 V7 Imaj7 V7", "iiø V7 i6 i6", "i7 iv7 bVII7 bIIImaj7 bVImaj7 iiø V7 i7",
            "Imaj7 #io7 ii7 V7", "I6 bIII7 ii7 V7", "V7/vi V7/vi V7/ii V7/ii V7/V V7/V V7 V7", "IVmaj7 iv7 Imaj7 vi7",
            "Imaj7 Imaj7 ii7 V7 iii7 vi7 ii7 V7", "i7 i7 iv7 iv7 iiø V7 i7 V7", "Imaj7 bVII7 Imaj7 V7/ii",
            "ii9 V9 Imaj9 Imaj9", "IVmaj7 iii7 ii7 Imaj7",
        )
    ),
    "folk": tuple(
        tuple(line.split())
        for line in (
            "I I V I", "I IV V I", "I V I V I V V I", "I I IV I I V V I", "I bVII I bVII", "i bVII i i", "i i bVII i",
            "I vi IV V", "I IV I V I IV V I", "I ii V I", "i bVII bVI bVII", "I I V V V V I I", "I V7 I V7",
            "I I:3 IV V7", "i iv V7 i", "vi IV V I",
        )
    ),
    "classical": tuple(
        tuple(line.split())
        for line in (
            "I V7 I V7", "I IV I:5 V7", "I ii:3 V7 I", "I V:3 I V7 IV:3 I:5 V7 I", "I vi ii:3 V",
            "i V7 i iv i:5 V7 i i", "I V7:3 I IV ii:3 I:5 V7 I", "i iiø:3 V7 i", "I V7/V V I",
             "I I7:b7 IV:3 iv:3 I:5 V7 I I", "i bVI iiø V7",
            "i iv bVII bIII bVI iiø V7 i", "I V vi iii IV I IV V", "I viio7/V V I", "I V7/ii ii V7 iii vi ii:3 V7",
            "i V:3 i7:b7 IV:3 bVI V7 i V",
        )
    ),
    "modal": tuple(
        tuple(line.split())
        for line in (
            "i IV i IV", "i7 IV7 i7 IV7", "I bVII I bVII", "i bVII IV i", "i ii i ii", "I v I v", "i7 i7 IV7 i7",
            "I7 I7 bVII IV", "i bII i bII", "i9 IV9 i9 IV9", "I7 I7 I7 IV7", "i i i i", "I7 I7 I7 I7", "i7 v7 i7 v7",
        )
    ),
    "latin": tuple(
        tuple(line.split())
        for line in (
            "Imaj7 Imaj7 II7 II7 ii7 V7 Imaj7 Imaj7", "i V7 V7 i", "I IV V IV", "i iv V7 V7", "ii7 V7 Imaj7 V7/ii",
            "i bVII bVI V7", "Imaj7 vi7 ii7 V7", "i6 i6 iiø V7", "Imaj7 io7 ii7 V7", "i iv bVII bIII",
            "I I V7 V7 V7 V7 I I",
            "i7 bVImaj7 iiø V7",
        )
    ),
}  # fmt: skip
STEPS: dict[str, dict[str, dict[str, float]]] = {
    "maj": {
        "I": {"IV": 3, "V": 2, "vi": 3, "ii": 2, "iii": 1, "V7/ii": 0.5, "V7/IV": 0.4, "I:3": 1, "bVII": 0.3},
        "I:3": {"IV": 3, "ii": 1},
        "ii": {"V": 4, "V7": 2, "IV": 1, "I:5": 0.5, "V7/V": 0.4},
        "iii": {"vi": 3, "IV": 3},
        "IV": {"V": 4, "I": 3, "ii": 1, "iv": 0.5, "I:5": 0.5, "vi": 1},
        "iv": {"I": 3, "V": 1},
        "V": {"I": 5, "vi": 2, "IV": 1, "V:3": 0.2},
        "V:3": {"I": 2, "vi": 2},
        "V7": {"I": 5, "vi": 1},
        "vi": {"IV": 4, "ii": 3, "V": 1, "iii": 0.5, "V7/V": 0.5},
        "bVII": {"IV": 3, "I": 2},
        "I:5": {"V7": 4, "V": 2},
        "V7/ii": {"ii": 1},
        "V7/IV": {"IV": 1},
        "V7/V": {"V": 2, "V7": 1},
    },
    "min": {
        "i": {"iv": 3, "bVI": 3, "bVII": 3, "V": 2, "v": 1, "bIII": 1, "iiø": 1, "V7/iv": 0.4},
        "iv": {"V": 3, "i": 2, "bVII": 2, "V7": 1},
        "v": {"bVI": 2, "iv": 2, "i": 1},
        "V": {"i": 5, "bVI": 1},
        "V7": {"i": 5, "bVI": 1},
        "bVI": {"bVII": 3, "bIII": 2, "iv": 2, "V": 2, "iiø": 1},
        "bVII": {"i": 3, "bIII": 2, "bVI": 1},
        "bIII": {"bVII": 2, "bVI": 2, "iv": 2},
        "iiø": {"V7": 4, "V": 2},
        "V7/iv": {"iv": 1},
    },
}


def parse_pitch(name: str) -> int:
    """Pitch class 0..11 of a note name such as "F#" or "Bb"; raises ConfigError when it is none."""
    if not name or name[0] not in LETTERS or name[1:].strip("#b"):
        raise ConfigError(f"note name '{name}'", "expected A to G with sharps or flats", "write C, F# or Bb")
    return (LETTERS[name[0]] + name.count("#") - name[1:].count("b")) % 12


@lru_cache(maxsize=4096)
def read(label: str) -> tuple[int, tuple[int, ...], int]:
    """Read a Harte label into root, intervals over the root, and bass pitch class; "N" is (-1, (), -1).

    >>> read("G:maj/3")
    (7, (0, 4, 7), 11)
    """
    if label == "N":
        return -1, (), -1
    body, _, over = label.partition("/")
    name, _, quality = body.partition(":")
    if (quality or "maj") not in QUALITIES or (over and over not in DEGREES):
        raise ConfigError(f"chord '{label}'", "unknown quality or bass", f"qualities: {', '.join(QUALITIES)}")
    low = parse_pitch(name)
    return low, QUALITIES[quality or "maj"], (low + DEGREES.get(over, 0)) % 12


def root(label: str) -> int:
    """Pitch class of the root; -1 for "N"."""
    return read(label)[0]


def bass(label: str) -> int:
    """Pitch class of the lowest note; -1 for "N"."""
    return read(label)[2]


def pitch_classes(label: str) -> tuple[int, ...]:
    """Pitch classes of a chord, root first.

    >>> pitch_classes("A:min7")
    (9, 0, 4, 7)
    """
    low, intervals, _ = read(label)
    return tuple((low + step) % 12 for step in intervals)


def scale(key: str) -> tuple[int, ...]:
    """Pitch classes of a key such as "C:maj", "A:min", "D:dor", "G:mix", tonic first."""
    name, _, mode = key.partition(":")
    if mode not in SCALES:
        raise (
            ConfigError.unknown("mode", mode, SCALES) if hasattr(ConfigError, "unknown") else ConfigError(f"key {key}")
        )
    return tuple((parse_pitch(name) + step) % 12 for step in SCALES[mode])


@lru_cache(maxsize=4096)
def spell(numeral: str, tonic: int) -> str:
    """Turn a numeral into a Harte label over a tonic pitch class.

    >>> spell("V7/ii", 0), spell("bVI", 9), spell("I:3", 7)
    ('A:7', 'F:maj', 'G:maj/3')
    """
    body, _, over = numeral.partition(":")
    body, _, target = body.partition("/")
    if target:
        tonic = root(spell(target, tonic))
    flat = body.startswith("b")
    shift = {"b": -1, "#": 1}.get(body[0], 0)
    body = body[abs(shift) :] if shift else body
    roman = next((name for name in ROMANS if body.upper().startswith(name)), "")
    if not roman:
        raise ConfigError(f"numeral '{numeral}'", "expected I to VII", "write bVII or V7/ii")
    minor, suffix = body[0].islower(), body[len(roman) :]
    quality = SUFFIXES.get(suffix, suffix) or ("min" if minor else "maj")
    if minor and quality in ("7", "9", "maj6"):
        quality = {"7": "min7", "9": "min9", "maj6": "min6"}[quality]
    low = (tonic + ROMANS[roman] + shift) % 12
    names = NAMES if not (flat and low == 6) else (*NAMES[:6], "Gb", *NAMES[7:])
    if over == "3" and 3 in QUALITIES[quality]:
        over = "b3"
    return f"{names[low]}:{quality}" + (f"/{over}" if over else "")


def walk(rng: np.random.Generator, mode: str, count: int) -> tuple[str, ...]:
    """Walk ``count`` numerals from tonic to a cadence by functional steps; mode is "maj" or "min"."""
    steps = STEPS[mode]
    home = "I" if mode == "maj" else "i"
    path = [home if rng.random() < 0.7 else pick(rng, list(steps))]
    while len(path) < count:
        path.append(weigh(rng, steps[path[-1]]))
    if count >= 4 and rng.random() < 0.6:
        path[-1] = pick(rng, ("V", "V7", home, "V", "IV" if mode == "maj" else "bVII"))
    return tuple(path)


def progression(rng: np.random.Generator, flavour: str, count: int = 4, side: str = "train") -> tuple[str, ...]:
    """Write a progression: a stock loop of this flavour; in "maj" and "min" also a walk of ``count`` chords."""
    if flavour not in LOOPS:
        raise unknown("flavour", flavour, LOOPS)
    if flavour in STEPS and rng.random() < 0.35:
        return walk(rng, flavour, count)
    return pick(rng, shelf(LOOPS[flavour], side))


@lru_cache(maxsize=65536)
def voicing(label: str, near: int = 60, voices: int = 3, previous: tuple[int, ...] = ()) -> tuple[int, ...]:
    """Place a chord's tones in close position around pitch ``near``, moving little from ``previous``; () for "N".

    >>> voicing("F:maj", previous=voicing("C:maj"))
    (57, 60, 65)
    """
    tones = list(pitch_classes(label))
    if not tones:
        return ()
    if voices < len(tones):
        tones = [
            tone for i, tone in enumerate(tones) if len(tones) - voices <= 0 or i not in (0, 2)[: len(tones) - voices]
        ]
        tones = tones[:voices]
    choices = []
    for base in range(near - 14, near + 6):
        if base % 12 not in tones:
            continue
        stack, pitch = [base], base
        while len(stack) < voices:
            pitch += 1
            if pitch % 12 in tones:
                stack.append(pitch)
        centre = sum(stack) / voices
        cost = abs(centre - near) * (0.5 if previous else 1.0)
        if previous:
            cost += sum(min(abs(a - b) for b in previous) for a in stack) / voices
        choices.append((cost, tuple(stack)))
    return min(choices)[1]
