"""Schemata of classical music: ways through a phrase in Roman numerals, near keys, orders of sections."""

from __future__ import annotations


def _lines(*texts: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(bar.strip() for bar in text.split("|")) for text in texts)


# ways through a phrase, bars between "|", up to three chords each; "open" leads into "half" or "full"
PATHS: dict[str, dict[str, tuple[tuple[str, ...], ...]]] = {
    "maj": {
        "open": _lines(
            "I | V7:3", "I | IV I", "I V7:3 | I I:3", "I | ii:3 V7", "I | I:3", "I vi | ii:3 V", "I V7:5 | I:3 IV",
            "I | V7", "I IV | I:3 I", "I V:3 | vi iii", "I viio:3 | I:3 I", "I | vi", "I | I7 IV", "I iii | IV I:3",
            "I ii7:b7 | V7:3 I", "I V7 | vi I:3", "I V7/vi | vi I:3", "I | ii7",
        ),
        "half": _lines(
            "ii:3 | V", "IV | V", "I:3 ii:3 | V", "vi V7/V | V", "IV #ivo7 | V", "ii:3 | I:5 V", "I IV | V",
            "vi ii:3 | V", "IV:3 IV | V", "I V7/V | V", "IV iv | V", "I:3 IV | I:5 V",
        ),
        "full": _lines(
            "ii:3 V7 | I", "IV V7 | I", "IV I:5 V7 | I", "ii:3 I:5 V7 | I", "I:5 V7 | I", "vi ii:3 V7 | I",
            "V7/ii ii V7 | I", "I:3 ii:3 V7 | I", "IV V7 | I I", "ii7:3 V | I", "IV viio | I", "V7/V V7 | I",
            "iv I:5 V7 | I", "I:3 IV V7 | I",
        ),
        "sequence": _lines(
            "I IV | viio iii | vi ii | V I", "I V | vi iii | IV I | ii:3 V", "I V7/vi | vi V7/V | V V7/IV | IV V7",
            "V7/ii | ii | V7 | I", "V7/vi | V7/ii | V7/V | V7", "I:3 IV | V:3 I | vi ii:3 | V V7",
            "I V:3 | vi iii:3 | IV I:3 | ii V", "vi V7/ii | ii V7 | I IV | ii:3 V",
        ),
    },
    "min": {
        "open": _lines(
            "i | V7:3", "i | iv i", "i V7:3 | i i:3", "i | iiø:3 V7", "i | i:3", "i bVI | iv V", "i V7:5 | i:3 iv",
            "i | V7", "i iv | i:3 i", "i v:3 | bVI i:5", "i viio:3 | i:3 i", "i | bVI", "i | bVII bIII",
            "i V7 | bVI i:3",
            "i iiø:b7 | V7:3 i", "i V7/iv | iv i", "i bVII | bVI V", "i | iv",
        ),
        "half": _lines(
            "iiø:3 | V", "iv | V", "i:3 iv | V", "bVI V7/V | V", "iv #ivo7 | V", "iiø:3 | i:5 V", "i iv | V",
            "bVI iv | V", "iv:3 | V", "i V7/V | V", "bII:3 | V", "i:3 iv | i:5 V",
        ),
        "full": _lines(
            "iiø:3 V7 | i", "iv V7 | i", "iv i:5 V7 | i", "iiø:3 i:5 V7 | i", "i:5 V7 | i", "bVI iiø:3 V7 | i",
            "V7/iv iv V7 | i", "i:3 iv V7 | i", "iv V7 | i i", "iv V | I", "bII:3 V7 | i", "V7/V V7 | i",
            "bVI i:5 V7 | i", "i:3 iiø:3 V7 | i",
        ),
        "sequence": _lines(
            "i iv | bVII bIII | bVI iiø | V i", "i V | bVI bIII | iv i | iiø:3 V", "V7/iv | iv | bVII7 | bIII",
            "i v:3 | bVI i:5 | iv i:3 | iiø V", "i bVII:3 | bIII bVI | iv iiø:3 | V V7",
            "i V7/iv | iv V7/bIII | bIII bVI | iv V7",
            "i | V7/V | V7 | i", "bIII bVI | iv bVII | bIII bVI | iiø V7",
        ),
    },
}  # fmt: skip
RELATED = {  # where a key goes: semitones and mode
    "maj": {"0": (0, "maj"), "5": (7, "maj"), "4": (5, "maj"), "6": (9, "min"), "2": (2, "min"), "p": (0, "min")},
    "min": {"0": (0, "min"), "5": (3, "maj"), "4": (5, "min"), "6": (8, "maj"), "2": (7, "min"), "p": (0, "maj")},
}
FORMS: dict[str, tuple[str, ...]] = {  # function.letter.key, or key>key where the section modulates
    "binary": (
        "theme.A.0>5 theme.A.0>5 theme.B.5>0 theme.B.5>0", "theme.A.0>5 theme.B.5>0",
        "theme.A.0 theme.A.0 theme.B.4>0 theme.B.4>0",
    ),
    "ternary": (
        "theme.A.0 theme.B.6 theme.A.0", "theme.A.0 theme.A.0 theme.B.4 theme.A.0 coda.C.0",
        "theme.A.0>5 theme.B.5>0 theme.A.0", "intro.D.0 theme.A.0 theme.B.p theme.A.0 coda.C.0",
    ),
    "minuet": (
        "minuet.A.0>5 minuet.A.0>5 minuet.B.5>0 minuet.B.5>0 trio.C.4 trio.C.4 trio.D.4 minuet.A.0>5 minuet.B.5>0",
        "minuet.A.0 minuet.B.5>0 trio.C.4 trio.D.4 minuet.A.0 minuet.B.5>0",
        "minuet.A.0 minuet.A.0 trio.C.6 trio.C.6 minuet.A.0",
    ),
    "variations": (
        "theme.A.0 variation.A.0 variation.A.0 variation.A.p variation.A.0",
        "theme.A.0 theme.B.5>0 variation.A.0 variation.B.5>0 variation.A.0 variation.B.5>0",
        "theme.A.0 variation.A.0 variation.A.0",
    ),
    "rondo": (
        "theme.A.0 episode.B.5 theme.A.0 episode.C.6 theme.A.0 coda.D.0",
        "theme.A.0 episode.B.5 theme.A.0 episode.C.4 theme.A.0",
    ),
    "sonata": (
        "theme.A.0 transition.B.0>5 theme.C.5 development.D.6 theme.A.0 theme.C.0 coda.E.0",
        "intro.F.0 theme.A.0 theme.C.5 development.D.2>0 theme.A.0 theme.C.0",
    ),
    "strophic": ("verse.A.0 verse.A.0 verse.A.0", "verse.A.0 verse.A.0", "verse.A.0 verse.B.0>5 verse.A.0",
                 "verse.A.0>5 verse.B.5>0 verse.C.6>0 verse.A.0"),
    "through": ("theme.A.0 theme.B.0>5 development.C.6 theme.D.4>0",
                "theme.A.0 development.B.5>6 theme.C.6>0 coda.D.0"),
    "rag": ("theme.A.0 theme.A.0 theme.B.0 theme.B.0 theme.A.0 trio.C.4 trio.C.4",
            "intro.D.0 theme.A.0 theme.B.5 theme.A.0 trio.C.4",
            "theme.A.0 theme.A.0 trio.B.4 trio.B.4"),
}  # fmt: skip
FORMS["classical"] = tuple(
    line for name in ("binary", "ternary", "variations", "rondo", "sonata", "through") for line in FORMS[name]
)
