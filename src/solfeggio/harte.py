"""Chord and key labels: what "G:7/3" and "A:min" sound like, in pitch classes.

Labels follow Harte et al., "Symbolic representation of musical chords" (ISMIR 2005), as mir_eval reads them; keys are a
tonic and a mode, "C:maj", "A:min", "D:dor". Pitch class 0 is C.
"""

from __future__ import annotations

from functools import lru_cache

from solfeggio.errors import ConfigError, unknown

NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
QUALITIES: dict[str, tuple[int, ...]] = {
    "maj": (0, 4, 7), "min": (0, 3, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "min7": (0, 3, 7, 10),
    "dim": (0, 3, 6), "hdim7": (0, 3, 6, 10), "dim7": (0, 3, 6, 9), "aug": (0, 4, 8), "sus4": (0, 5, 7),
    "sus2": (0, 2, 7), "5": (0, 7), "maj6": (0, 4, 7, 9), "min6": (0, 3, 7, 9), "9": (0, 4, 7, 10, 2),
    "maj9": (0, 4, 7, 11, 2), "min9": (0, 3, 7, 10, 2), "minmaj7": (0, 3, 7, 11), "sus4(b7)": (0, 5, 7, 10),
    "maj(9)": (0, 4, 7, 2), "min(9)": (0, 3, 7, 2), "maj6(9)": (0, 4, 7, 9, 2), "7(b9)": (0, 4, 7, 10, 1),
    "7(#9)": (0, 4, 7, 10, 3), "aug(b7)": (0, 4, 8, 10), "11": (0, 4, 7, 10, 2, 5), "min11": (0, 3, 7, 10, 2, 5),
    "13": (0, 4, 7, 10, 2, 5, 9), "maj13": (0, 4, 7, 11, 2, 5, 9), "min13": (0, 3, 7, 10, 2, 5, 9),
}  # fmt: skip
DEGREES = {"1": 0, "b2": 1, "2": 2, "b3": 3, "3": 4, "4": 5, "#4": 6, "b5": 6, "5": 7, "b6": 8, "6": 9, "b7": 10,
           "7": 11}  # fmt: skip
OVER = ("", "b2", "2", "b3", "3", "4", "b5", "5", "b6", "6", "b7", "7")  # degrees by semitones over the root
SCALES = {
    "maj": (0, 2, 4, 5, 7, 9, 11),
    "min": (0, 2, 3, 5, 7, 8, 10),
    "dor": (0, 2, 3, 5, 7, 9, 10),
    "mix": (0, 2, 4, 5, 7, 9, 10),
    "phr": (0, 1, 3, 5, 7, 8, 10),
    "lyd": (0, 2, 4, 6, 7, 9, 11),
}


def parse_pitch(name: str) -> int:
    """Pitch class 0..11 of a note name such as "F#" or "Bb"; raises ConfigError when it is none."""
    if not name or name[0] not in LETTERS or name[1:].strip("#b"):
        raise ConfigError(f"note name '{name}'", "expected A to G with sharps or flats", "write C, F# or Bb")
    return (LETTERS[name[0]] + name.count("#") - name[1:].count("b")) % 12


@lru_cache(maxsize=4096)
def read(label: str) -> tuple[int, tuple[int, ...], int]:
    """Read a Harte label into root, intervals over the root, and bass pitch class; "N" and "X" are (-1, (), -1).

    >>> read("G:maj/3")
    (7, (0, 4, 7), 11)
    """
    if label in ("N", "X"):
        return -1, (), -1
    body, _, degree = label.partition("/")
    name, _, quality = body.partition(":")
    if (quality or "maj") not in QUALITIES or (degree and degree not in DEGREES):
        raise ConfigError(f"chord '{label}'", "unknown quality or bass", f"qualities: {', '.join(QUALITIES)}")
    low = parse_pitch(name)
    return low, QUALITIES[quality or "maj"], (low + DEGREES.get(degree, 0)) % 12


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
        raise unknown("mode", mode, SCALES)
    return tuple((parse_pitch(name) + step) % 12 for step in SCALES[mode])


def over(label: str, low: int) -> str:
    """Put a chord over another bass, a pitch class: an inversion, a slash chord or a pedal point.

    >>> over("F:maj", 0), over("G:7", 0), over("C:maj/3", 0)
    ('F:maj/5', 'G:7/4', 'C:maj')
    """
    if label in ("N", "X"):
        return label
    degree = OVER[(low - root(label)) % 12]
    intervals = read(label)[1]
    if degree == "b5" and 6 not in intervals and 8 not in intervals:
        degree = "#4"
    return label.partition("/")[0] + ("/" + degree if degree else "")
