"""Functional harmony by rule: Roman numerals to Harte labels, progressions, and voicings that move little.

Numerals count from the major scale whatever the mode ("bVI" in minor); upper case is major, lower case minor, then a
quality ("7", "maj7", "o", "ø", "+", "sus4", "5", ...), then "/vi" for a secondary function and ":3" for an inversion.
Labels follow Harte et al., "Symbolic representation of musical chords" (ISMIR 2005).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from solfeggio.band.chance import pick, shelf, weigh
from solfeggio.band.writing.loops import LOOPS, STEPS
from solfeggio.errors import ConfigError, unknown
from solfeggio.harte import NAMES, QUALITIES, pitch_classes, read, root, scale

SUFFIXES = {"": "", "o": "dim", "o7": "dim7", "ø": "hdim7", "+": "aug", "+7": "aug(b7)", "6": "maj6", "69": "maj6(9)",
            "sus": "sus4(b7)", "add9": "maj(9)", "7b9": "7(b9)", "7#9": "7(#9)", "mM7": "minmaj7"}  # fmt: skip
MINORS = {"7": "min7", "9": "min9", "11": "min11", "13": "min13", "maj6": "min6", "maj(9)": "min(9)"}
# Which tones a small voicing keeps: thirds and suspensions, sevenths and sixths, colours, root, the fifth last.
KEEP = {4: 0, 3: 0, 11: 1, 10: 1, 9: 1.5, 0: 1.2, 8: 2, 6: 2, 1: 1.6, 2: 2.5, 5: 3, 7: 4}
ROMANS = {"VII": 11, "III": 4, "VI": 9, "IV": 5, "II": 2, "V": 7, "I": 0}


@lru_cache(maxsize=4096)
def local_scale(key: str, label: str) -> tuple[int, ...]:
    """Pitch classes to play over a chord of a key: its scale, with the chord's own tones instead of their neighbours.

    >>> 8 in local_scale("A:min", "E:7"), 7 in local_scale("A:min", "E:7")
    (True, False)
    """
    tones, plain = pitch_classes(label), scale(key)
    strange = [tone for tone in tones if tone not in plain]
    kept = [p for p in plain if p in tones or not any((p - tone) % 12 in (1, 11) for tone in strange)]
    return tuple(sorted({*kept, *strange}))


@lru_cache(maxsize=4096)
def spell(numeral: str, tonic: int) -> str:
    """Turn a numeral into a Harte label over a tonic pitch class.

    >>> spell("V7/ii", 0), spell("bVI", 9), spell("I:3", 7)
    ('A:7', 'F:maj', 'G:maj/3')
    """
    body, _, low_degree = numeral.partition(":")
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
    if minor:
        quality = MINORS.get(quality, quality)
    low = (tonic + ROMANS[roman] + shift) % 12
    names = NAMES if not (flat and low == 6) else (*NAMES[:6], "Gb", *NAMES[7:])
    if low_degree == "3" and 3 in QUALITIES[quality]:
        low_degree = "b3"
    return f"{names[low]}:{quality}" + (f"/{low_degree}" if low_degree else "")


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
    intervals = read(label)[1]
    if 4 in intervals and 5 in intervals and len(intervals) > 6:  # nobody plays the eleventh of a thirteenth chord
        tones = [tone for tone, step in zip(tones, intervals, strict=True) if step != 5]
        intervals = tuple(step for step in intervals if step != 5)
    if voices < len(tones):
        order = sorted(range(len(tones)), key=lambda i: KEEP[intervals[i]] - (i == len(tones) - 1 and i > 3) * 1.35)
        tones = [tones[i] for i in sorted(order[:voices])]
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
