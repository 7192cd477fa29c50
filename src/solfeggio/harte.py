"""Chord and key labels: what "G:7/3" and "A:min" sound like, in pitch classes.

Labels follow Harte et al., "Symbolic representation of musical chords" (ISMIR 2005), as mir_eval reads them; keys are a
tonic and a mode, "C:maj", "A:min", "D:dor". Pitch class 0 is C.
"""

from __future__ import annotations

import re
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
SYMBOLS = {  # quality: what musicians write after the root
    "maj": "", "min": "m", "7": "7", "maj7": "maj7", "min7": "m7", "dim": "dim", "hdim7": "m7b5", "dim7": "dim7",
    "aug": "aug", "sus4": "sus4", "sus2": "sus2", "5": "5", "maj6": "6", "min6": "m6", "9": "9", "maj9": "maj9",
    "min9": "m9", "minmaj7": "m(maj7)", "sus4(b7)": "7sus4", "maj(9)": "add9", "min(9)": "m(add9)", "maj6(9)": "6(9)",
    "aug(b7)": "aug7", "min11": "m11", "min13": "m13",
}  # fmt: skip
SPOKEN = (  # other ways to write what follows the root, without brackets: pattern, the way of SYMBOLS
    (r"^(?:minor|min|mi|-)", "m"), (r"[Δ^]$", "maj7"), (r"[Δ^]", "maj"), (r"(?:Maj|Ma|ma|M)(?=\d|$)", "maj"),
    (r"^maj$", ""), (r"^6/9$", "69"), (r"^(?:ø|h)7?$", "m7b5"), (r"^(?:°|º|o)", "dim"), (r"^m7-5$", "m7b5"),
    (r"^\+$", "aug"), (r"sus$", "sus4"), (r"^sus47$", "7sus4"), (r"add2$", "add9"), (r"^(?:7?alt|alt7)$", "7#9"),
    (r"^(?:\+7|7\+5?|7#5)$", "aug7"), (r"^7-9$", "7b9"), (r"^7\+9$", "7#9"),
)  # fmt: skip
PLAIN = str.maketrans("♯♭−–", "#b--")
VOCABULARIES: dict[str, tuple[str, ...]] = {  # shapes: a quality, over which bass
    "majmin": ("maj", "min"),
    "sevenths": ("maj", "min", "7", "maj7", "min7"),
    "large": (
        "maj", "min", "7", "maj7", "min7", "dim", "dim7", "hdim7", "aug", "sus4", "sus2", "sus4(b7)", "maj6", "min6",
        "minmaj7", "5", "maj/3", "maj/5", "min/b3", "min/5", "7/3", "7/5", "7/b7", "maj7/3", "maj7/5", "maj7/7",
        "min7/b3", "min7/5", "min7/b7",
    ),
}  # fmt: skip
NEAREST = {  # where a vocabulary lacks a quality: what it is called instead, until it is there
    "9": "7", "11": "7", "13": "7", "7(b9)": "7", "7(#9)": "7", "maj9": "maj7", "maj13": "maj7", "min9": "min7",
    "min11": "min7", "min13": "min7", "maj(9)": "maj", "min(9)": "min", "maj6(9)": "maj6", "aug(b7)": "7",
    "sus4(b7)": "7", "7": "maj", "maj7": "maj", "maj6": "maj", "aug": "maj", "sus4": "maj", "sus2": "maj", "5": "maj",
    "min7": "min", "min6": "min", "minmaj7": "min", "hdim7": "min7", "dim7": "min", "dim": "min",
}  # fmt: skip
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


def transposed(label: str, semitones: int) -> str:
    """Move a chord or a key up by ``semitones``; "N" and "X" stay.

    >>> transposed("A:min7/b3", 3), transposed("Bb:maj", -3), transposed("N", 1)
    ('C:min7/b3', 'G:maj', 'N')
    """
    if label in ("N", "X"):
        return label
    end = min((place for place in (label.find(":"), label.find("/")) if place > 0), default=len(label))
    return NAMES[(parse_pitch(label[:end]) + semitones) % 12] + label[end:]


def fifths(key: str) -> int:
    """Sharps of a key's signature, flats when negative: -5 to 6, in minor -6 to 5; 0 for an unknown key.

    >>> fifths("E:min"), fifths("Eb:maj"), fifths("D:dor"), fifths("C#:maj")
    (1, -3, 0, -5)
    """
    name, _, mode = key.partition(":")
    if mode not in SCALES:
        return 0
    major = parse_pitch(name) - {"min": 9, "dor": 2, "mix": 7, "phr": 4, "lyd": 5}.get(mode, 0)
    least = -6 if mode == "min" else -5  # Eb minor, but F# major
    return (7 * major - least) % 12 + least


def spell(pitch_class: int, key: str = "") -> str:
    """Name a pitch class as a key writes it: b2 b6 b3 b7 and #4 in major; b5 b2 and the raised 3, 6, 7 in minor.

    >>> spell(8, "E:maj"), spell(8, "Eb:maj"), spell(8, "A:min"), spell(10, "A:min")
    ('G#', 'Ab', 'G#', 'Bb')
    """
    low = fifths(key) - (3 if key.endswith(":min") else 5)
    place = (7 * pitch_class - low) % 12 + low
    place -= 12 * (place > 10) - 12 * (place < -7)
    sharps, letter = divmod(place + 1, 7)
    return "FCGDAEB"[letter] + ("#" * sharps if sharps > 0 else "b" * -sharps)


def symbol(label: str, key: str = "", semitones: int = 0) -> str:
    """Write a chord as jazz and pop musicians do, spelled for a key, any number of semitones higher.

    "N" becomes "N.C.", "X" "?". key: in which it is shown, after the transposition. Raises ConfigError as ``read``.

    >>> [symbol(label, "G:min") for label in ("G:min7/b3", "A:hdim7", "D:7(b9)", "F#:dim7", "C:sus4(b7)", "N")]
    ['Gm7/Bb', 'Am7b5', 'D7b9', 'F#dim7', 'C7sus4', 'N.C.']
    >>> symbol("A:maj", "F:maj", -4)
    'F'
    """
    if label in ("N", "X"):
        return "N.C." if label == "N" else "?"
    low, _, lowest = read(label)
    quality = label.partition("/")[0].partition(":")[2] or "maj"
    plain, _, added = quality.partition("(")
    mark = SYMBOLS.get(quality, SYMBOLS.get(plain, plain) + added.strip(")"))
    under = "/" + spell((lowest + semitones) % 12, key) if lowest != low else ""
    return spell((low + semitones) % 12, key) + mark + under


def parse_symbol(text: str) -> str:
    """Read a chord as jazz and pop musicians write it: the inverse of ``symbol``; Harte labels are read as well.

    Usual other spellings are understood: "C-7", "CM7", "Cø", "C°7", "C+", "Csus", "C6/9". Raises ConfigError.

    >>> [parse_symbol(text) for text in ("Gm7/Bb", "F#ø", "D7b9", "C-", "BbΔ", "Asus", "N.C.")]
    ['G:min7/b3', 'F#:hdim7', 'D:7(b9)', 'C:min', 'Bb:maj7', 'A:sus4', 'N']
    """
    if text in ("N", "X", "N.C.", "NC", "?"):
        return "X" if text in ("X", "?") else "N"
    if ":" in text:
        read(text)
        return text
    plain = text.translate(PLAIN)
    upper, _, lowest = plain.rpartition("/")
    under = bool(re.fullmatch("[A-G][#b]*", lowest)) and bool(upper)
    found = re.match("([A-G][#b]*)(.*)", upper if under else plain)
    quality = _quality(found[2]) if found else ""
    if not found or not quality:
        raise ConfigError(f"chord symbol '{text}'", "it is not known", "write C, Dm7, G7/B, Bbmaj7, F#m7b5 or Csus4")
    low = parse_pitch(found[1])
    label = f"{NAMES[low]}:{quality}"
    return over(label, parse_pitch(lowest)) if under else label


@lru_cache(maxsize=4096)
def _quality(written: str) -> str:
    """Find the quality that is written so after the root; "" for none."""
    plain = re.sub("[(),]", "", written)
    for pattern, usual in SPOKEN:
        plain = re.sub(pattern, usual, plain)
    marks = (re.sub("[()]", "", symbol(f"C:{quality}")[1:]) for quality in QUALITIES)
    return dict(zip(marks, QUALITIES, strict=True)).get(plain, "")


def chord_scale(label: str, key: str) -> tuple[int, ...]:
    """Pitch classes that go with a chord in a key: the key's scale, each letter of which the chord may alter.

    A chord tone takes the place of the key's note on the same letter: G sharp that of G under E7 in C. "N" and "X"
    leave the key's scale.

    >>> chord_scale("E:7", "C:maj"), chord_scale("F:min", "C:maj")
    ((0, 2, 4, 5, 8, 9, 11), (0, 2, 4, 5, 7, 8, 11))
    """
    low, intervals, _ = read(label)
    own, tones = scale(key), pitch_classes(label)
    if set(tones) <= set(own):
        return tuple(sorted(own))
    first = "CDEFGAB".index(spell(low, key)[0])
    altered = {"CDEFGAB"[(first + _letters_up(step, intervals)) % 7] for step in intervals}
    return tuple(sorted({tone for tone in own if spell(tone, key)[0] not in altered} | set(tones)))


def _letters_up(step: int, intervals: tuple[int, ...]) -> int:
    """How many letters above the root a chord tone is written."""
    if step == 8 and 7 not in intervals:
        return 4  # a raised fifth
    if step == 9 and 6 in intervals:
        return 6  # a diminished seventh
    return 1 if step == 3 and 4 in intervals else (0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6, 6)[step]


@lru_cache(maxsize=16)
def vocabulary(name: str) -> tuple[str, ...]:
    """List the chords of a vocabulary, "majmin", "sevenths" or "large": the shapes over C, over Db, ..., then "N".

    >>> vocabulary("majmin")[:3], vocabulary("majmin")[-1], len(vocabulary("large"))
    (('C:maj', 'C:min', 'Db:maj'), 'N', 349)
    """
    if name not in VOCABULARIES:
        raise unknown("vocabulary", name, VOCABULARIES)
    return (*(f"{low}:{shape}" for low in NAMES for shape in VOCABULARIES[name]), "N")


@lru_cache(maxsize=16384)
def simplify(label: str, name: str) -> str:
    """Call a chord by the nearest one of a vocabulary: colours go first, then sevenths; other basses go. X stays X.

    >>> [simplify("C#:min9/b3", name) for name in VOCABULARIES]
    ['Db:min', 'Db:min7', 'Db:min7/b3']
    """
    low = read(label)[0]
    shapes = VOCABULARIES[name] if name in VOCABULARIES else vocabulary(name)
    if low < 0:
        return label
    shape, _, degree = label.partition(":")[2].partition("/")
    if ":" not in label:
        shape, degree = "maj", label.partition("/")[2]
    while shape not in shapes:
        shape = NEAREST[shape]
    inverted = f"{shape}/{degree}"
    return f"{NAMES[low]}:{inverted if inverted in shapes else shape}"


@lru_cache(maxsize=16384)
def encode(label: str, name: str) -> int:
    """Place of a chord in ``vocabulary(name)`` once simplified; -1 for "X".

    >>> encode("D:9", "sevenths"), encode("X", "sevenths")
    (12, -1)
    """
    return -1 if label == "X" else _places(name)[simplify(label, name)]


@lru_cache(maxsize=16)
def _places(name: str) -> dict[str, int]:
    return {label: place for place, label in enumerate(vocabulary(name))}
