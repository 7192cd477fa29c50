"""How chords lie on a guitar: open shapes where they are usual, else the lowest barre shape that moves along the neck.

A shape is the fret of each string, low E first: 0 is open, -1 is not played. Extensions that no hand reaches are left
out, so a shape never sounds a note outside its chord, and its lowest note is the root.
"""

from __future__ import annotations

from functools import lru_cache

STRINGS = (40, 45, 50, 55, 59, 64)  # MIDI numbers of the open strings
Shape = tuple[int, ...]
OPEN = {  # pitch class of the root: quality: frets
    0: {"maj": "x32010", "7": "x32310", "maj7": "x32000", "maj(9)": "x32030", "sus2": "x30033", "sus4": "x33011",
        "maj6": "x32210"},
    2: {"maj": "xx0232", "min": "xx0231", "7": "xx0212", "maj7": "xx0222", "min7": "xx0211", "sus2": "xx0230",
        "sus4": "xx0233", "maj6": "xx0202", "min6": "xx0201", "sus4(b7)": "xx0213", "dim7": "xx0101"},
    5: {"maj7": "xx3210"},
    7: {"maj": "320003", "7": "320001", "maj7": "320002", "sus4": "330013", "maj6": "320000", "maj(9)": "320203"},
    11: {"7": "x21202"},
}  # fmt: skip
FORMS = {  # quality: frets over the root's, None where silent; the root on the low E string, then on the A string
    "maj": ("022100", "x02220"), "min": ("022000", "x02210"), "7": ("020100", "x02020"), "maj7": ("021100", "x02120"),
    "min7": ("020000", "x02010"), "sus4": ("022200", "x02230"), "sus2": ("", "x02200"), "5": ("022xxx", "x022xx"),
    "sus4(b7)": ("020200", "x02030"), "aug": ("0x211x", "x03221"), "dim": ("0120xx", "x0121x"),
    "hdim7": ("0x00ax", "x0101x"), "dim7": ("0xa0ax", "x01212"), "maj6": ("022120", "x02222"),
    "min6": ("022020", "x02212"), "minmaj7": ("021000", "x02110"), "9": ("020102", "x0a000"),
    "min9": ("020002", "x0b00x"), "maj9": ("021102", "x0a10x"), "maj(9)": ("022102", "x02420"),
    "min(9)": ("022002", "x02410"), "7(#9)": ("", "x0a01x"), "7(b9)": ("", "x0a0ax"), "aug(b7)": ("", "x0x021"),
    "maj6(9)": ("", "x0aa00"), "13": ("", "x0a002"), "11": ("", "x00000"), "min11": ("", "x00010"),
}  # fmt: skip
BELOW = {"a": -1, "b": -2}  # frets below the root's
SIMPLER = {"maj13": "maj7", "min13": "min7"}


@lru_cache(maxsize=512)
def shape(root: int, quality: str) -> Shape:
    """Give the frets of a chord on a pitch class, strings from low to high; raises KeyError for an unknown quality.

    >>> shape(0, "maj"), shape(10, "min7")
    ((-1, 3, 2, 0, 1, 0), (-1, 1, 3, 1, 2, 1))
    """
    quality = SIMPLER.get(quality, quality)
    if quality in OPEN.get(root, {}):
        return tuple(-1 if fret == "x" else int(fret) for fret in OPEN[root][quality])
    found = []
    for form, string in zip(FORMS[quality], (0, 1), strict=True):
        at = (root - STRINGS[string]) % 12
        at += 12 * any(mark in BELOW and at + BELOW[mark] < 0 for mark in form)
        if form:
            found.append(tuple(-1 if m == "x" else at + (BELOW[m] if m in BELOW else int(m)) for m in form))
    return min(found, key=max)


def shapes(quality: str) -> list[list[int]]:
    """Give the shapes of a quality on all twelve roots, C first."""
    return [list(shape(root, quality)) for root in range(12)]


def known(quality: str) -> bool:
    """Whether a quality has shapes.

    >>> known("min7"), known("lonely")
    (True, False)
    """
    return SIMPLER.get(quality, quality) in FORMS
