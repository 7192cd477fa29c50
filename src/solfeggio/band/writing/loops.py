"""Stock progressions in Roman numerals, by flavour, and how chords follow each other; spelled as in ``harmony``.

Chords that share a bar are joined by a comma.
"""

from __future__ import annotations

LOOPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "maj": tuple(
        tuple(line.split())
        for line in (
            "I V vi IV", "I vi IV V", "vi IV I V", "I IV V IV", "I IV I V", "I iii IV V", "I V IV V", "IV I V vi",
            "I ii IV V", "I V:3 vi IV", "I I:3 IV V", "I iii vi IV", "I IV vi V", "I IV ii V", "vi ii V I",
            "I V vi iii IV I IV V", "I V ii IV", "IV V iii vi", "I Imaj7 I7 IV", "I V7/vi vi IV", "I V7/ii ii V",
            "I IV iv I", "I bVII IV I", "I V7/IV IV iv", "I vi ii V7", "IV V I I", "I Isus4 IV V", "ii IV I V",
            "I I IV V", "vi V IV V", "I bVI bVII I", "IV iv I V7/ii ii V7 I I", "I V/V V I", "IV I:3 ii V",
            "IV V I vi", "ii V iii vi", "I vi ii V", "vi IV V I", "IV iii ii V", "IV V vi vi",
            "I V:3 vi I:5 IV I:3 ii V", "IV V iii vi ii V I I", "vi IV ii V", "IV V iii7 vi7", "I Vsus4 vi IVsus2",
            "I ii vi IV", "vi ii IV V", "IVmaj7 V vi Isus4",
        )
    ),
    "min": tuple(
        tuple(line.split())
        for line in (
            "i bVI bIII bVII", "i bVII bVI V", "i iv V i", "i bVII bVI bVII", "i iv bVII bIII", "i bVI iv V7",
            "i v bVI bVII", "i bIII bVII iv", "i bVI bVII i", "i iiø V7 i", "bVI bVII i i", "i iv i V", "i V7 i V7",
            "i iv bVI V", "iv i V7 i", "i bVII iv i", "i V7/iv iv V7", "i bVII bIII bVI iv i V7 i", "i v iv i",
            "bVI bIII bVII i", "i i:3 iv V", "i bIII iv bVI", "i bII V7 i", "bVI iv i V",
            "iv bVII bIII bVI", "bVI bVII v i", "bVI bVII i bIII", "iv v bVI bVII", "bVI bVII v7 i7", "i bVI iv bVII",
            "i bIII bVI bVIIsus4", "iv bVI bVII i",
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
            "ii9 V13 Imaj9 VI7b9", "iiø V7b9 i6 imM7", "ii7,V7 Imaj7 ii7,V7 Imaj7", "Imaj7,vi7 ii7,V7 iii7,VI7 ii7,V7",
            "iiø,V7b9 i6 iiø,V7#9 i6", "Imaj9 bVImaj7 bIImaj7 V13", "ii11 V13 Imaj13 Imaj13",
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
    "dorian": tuple(
        tuple(line.split())
        for line in (
            "i IV i IV", "i7 IV7 i7 IV7", "i ii i ii", "i bIII IV i", "i9 IV9 i9 IV9", "i i IV IV", "i bVII IV i",
            "i7 i7 i7 i7 ii7 ii7 i7 i7", "i7 ii7 bIIImaj7 ii7", "i v IV i", "i7 IV13 i7 IV9",
        )
    ),
    "mixolydian": tuple(
        tuple(line.split())
        for line in (
            "I bVII I bVII", "I bVII IV I", "I v I v", "I7 I7 bVII IV", "I bVII IV IV", "I IV bVII I", "I v bVII IV",
            "I7 bVII I7 IV", "I I bVII bVII", "Isus4 I bVII IV", "I I:5 bVII IV",
        )
    ),
    "phrygian": tuple(
        tuple(line.split())
        for line in (
            "i bII i bII", "i bII bIII bII", "i i bII i", "i bvii bII i", "i bVI bII i", "iv bIII bII i", 
            "i bII:5 i bII",
            "i bII i bvii",
        )
    ),
    "lydian": tuple(
        tuple(line.split())
        for line in (
            "I II I II", "Imaj7 II Imaj7 II", "I I II II", "I II vii I", "Imaj9 II:b7 Imaj9 II", "I V II I",
            "Imaj7 II iii7 II", "I II I:5 II",
        )
    ),
    "harmonic": tuple(
        tuple(line.split())
        for line in (
            "i V7 i V7", "i iv V7 i", "i bVI V7 i", "i iiø V7 i", "i V7:3 i:3 V7", "i viio7 i V7", "i bII:3 V7 i",
            "i iv i:5 V7", "i imM7 i7 iv", "i V7b9 i iv", "i bVI iiø V7b9", "i i V7 V7 iv V7 i i",
        )
    ),
    "reggae": tuple(
        tuple(line.split())
        for line in (
            "I I V vi", "I IV I IV", "I ii I ii", "i bVII i bVII", "i i iv iv", "I V IV V", "I vi ii V", "i iv i v",
            "I V vi IV", "i7 i7 iv7 iv7", "I IV V IV", "vi vi ii ii", "I iii IV V", "i bVI bVII i", "I bVII IV IV",
        )
    ),
    "riff": tuple(
        tuple(line.split())
        for line in (
            "I7#9 I7#9 IV5 V5", "i5 i5 i5 bIII5,IV5", "I7 I7 I7 bVII5,IV5", "i5 i5 bVII5 i5", "bVI,bIII bVII,IV I I",
            "i5,bIII5 IV5 i5,bIII5 IV5", "I5 I5 IV5 bIII5", "i5 bVII5,i5 i5 bIII5,i5", "I7 IV7 I7 V7,IV7",
            "i7 i7 i7 i7 iv7 iv7 i7 i7", "i5 i5 i5 bVII5,bVI5", "i bVII bVI V7#9", "bVI bIII,bVII IV I",
            "I7#9 bIII IV I7#9",
        )
    ),
    "vamp": tuple(
        tuple(line.split())
        for line in (
            "i7 i7 i7 i7", "I7 I7 I7 I7", "i11 i11 i11 i11", "i7 i7 ii7 i7", "I9 I9 I9 IV9", "i9 IV13 i9 IV13",
            "i7 i7 i7 i7 bii7 bii7 i7 i7", "Isus Isus bVIIsus Isus", "imM7 i6 imM7 i6", "I9 I9 I9 I9 IV9 IV9 I9 I9",
            "Imaj7 Imaj7 bVIImaj7 bVIImaj7",
        )
    ),
}  # fmt: skip
STANDARDS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = tuple(  # (A, B) of 32-bar tunes in AABA
    (tuple(a.split()), tuple(b.split()))
    for a, b in (
        ("I6,vi7 ii7,V7 iii7,V7/ii ii7,V7 I7,I7:3 IV6,#ivo7 I6:5,V7 I6", "V7/vi V7/vi V7/ii V7/ii V7/V V7/V V7 V7"),
        (
            "Imaj7,V7/ii ii7,V7 Imaj7,V7/ii ii7,V7 v7,I7 IVmaj7,iv7 iii7,V7/ii ii7,V7",
            "V9/vi V9/vi V9/ii V9/ii V9/V V9/V V7 V7b9",
        ),
        ("Imaj7 Imaj7 ii7 V7 iii7 vi7 ii7,V7 Imaj7", "v7 I7b9 IVmaj7 IVmaj7 vi7 V7/V ii7 V7"),
        ("i6 iiø,V7b9 i6 i7,V7/iv iv7 bVII9 bIIImaj7 iiø,V7b9", "iv7 bVII7 bIIImaj7 bVImaj7 iiø iiø V7b9 V7b9"),
        ("i7 i7 i7 i7 i7 i7 i7 i7", "bii7 bii7 bii7 bii7 bii7 bii7 bii7 bii7"),
        ("Imaj9 V7/V ii9 V13 Imaj9 V7/V ii9 V13", "IVmaj7 IVmaj7 iii7 vi9 II13 II13 ii11 V7b9"),
        ("Imaj7 iiiø,V7b9/ii ii7 V13 iii7 bIIIo7 ii7,V7 I6", "v9 I13 IVmaj9 iv9,bVII13 Imaj7 vi7 II9 ii7,V7#9"),
        ("I I7 IV iv I vi ii7 V7", "IV #ivo7 I:5 V7/ii V7/V V7/V V7 V7"),
    )
)
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
