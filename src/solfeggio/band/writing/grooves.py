"""Drum grooves: what each limb may play, as lines of one bar.

A line divides its bar evenly: "X" accent, "x" hit, "o" soft, "g" ghost, "?" half the time,
 "." rest. Pitches are General
MIDI percussion keys.
"""

from __future__ import annotations

from dataclasses import dataclass

KICK, RIM, SNARE, CLAP, CLOSED, PEDAL, OPEN = 36, 37, 38, 39, 42, 44, 46
CRASH, CRASH2, RIDE, BELL, CHINA, SPLASH = 49, 57, 51, 53, 52, 55
TAMBOURINE, COWBELL, BONGO, BONGO_LOW, CONGA_MUTE, CONGA, CONGA_LOW = 54, 56, 60, 61, 62, 63, 64
TIMBALE, AGOGO, AGOGO_LOW, CABASA, SHAKER, CLAVES, TRIANGLE = 65, 67, 68, 69, 70, 75, 81
TOMS = (50, 48, 47, 45, 43, 41)
GM_PERCUSSION = range(35, 82)


@dataclass(frozen=True)
class Groove:
    """What a style's limbs may play; a section draws one line for each.

    top_keys: cymbals by rising energy. extras: (key, line, probability) of added percussion. busy: how many kicks and
    ghosts may be sprinkled in. fills: how likely a fill ends a section. snare: its key.
    """

    kicks: tuple[str, ...]
    snares: tuple[str, ...] = ("....X.......X...",)
    tops: tuple[str, ...] = ("x.o.x.o.x.o.x.o.", "x.x.x.x.x.x.x.x.", "x...x...x...x...")
    top_keys: tuple[int, ...] = (CLOSED, CLOSED, OPEN, RIDE, CRASH)
    snare: tuple[int, ...] = (SNARE,)
    extras: tuple[tuple[int, str, float], ...] = ()
    busy: float = 0.3
    fills: float = 0.7


BACK = ("....X.......X...",)
GHOSTED = (
    "....X..g.g..X..g",
    "....X..g.g.gX...",
    "....X.......X.g.",
    "....X.g..g..X..g",
    "..g.X..g.g..X.g.",
    "....X..x.x..X..x",
)
SIXTEENTHS = (
    "xoooxoooxoooxooo",
    "xoxoxoxoxoxoxoxo",
    "xxxxxxxxxxxxxxxx",
    "xox.xox.xox.xox.",
    "x.xxx.xxx.xxx.xx",
    "Xoxoxoxoxo?oxo?o",
)
EIGHTHS = ("x.o.x.o.x.o.x.o.", "x.x.x.x.x.x.x.x.", "X.o.X.o.X.o.X.o.", "o.x.o.x.o.x.o.x.", "x.x.x.o.x.x.x.o?")
QUARTERS = ("x...x...x...x...", "X...x...X...x...")
FOUR = ("X...X...X...X...",)
ROCK_KICKS = (
    "X.......X.......", "X.....x.X.......", "X.......X.x.....", "X..x....X.x.....", "X.x.....X.x.....",
    "X.....x.x.x.....", "X.......x..x....", "X..x..x.X.......", "X.x...x.X.....x.", "X.........x.....",
    "X.....xxX.......", "X...x.x.X...x...", "X.....x...x.....", "X.......X.....x.", "x.x...x.x.x.....",
    "X..x......x..x..", "X.....x.X.x...x.", "X.x.......x.....", "X.x...x...x.....", "X.......x.x...x.",
)  # fmt: skip
FUNK_KICKS = (
    "X..x..x...x..x..", "X.x....x..x.....", "X.....x..xx..x..", "X..x...x..x..x..", "X.x...x....x.x..",
    "X......x.xx.....", "X..x......x..x.x", "X.x.......x..x..", "X..x..x..x......", "X......x..x..x.?",
)  # fmt: skip
SIMPLE_KICKS = ("X.......X.......", "X.......X.x.....", "X.....x.X.......", "X.........x.....", "X.......x.....x.")

GROOVES: dict[str, Groove] = {
    "rock": Groove(ROCK_KICKS, tops=EIGHTHS + QUARTERS),
    "half": Groove(
        ("X.......?.......", "X.x........x....", "X.....x.......x.", "X..x..x...x.....", "X.........x..x..",
         "X............xx."),
        ("........X.......",),
        EIGHTHS + QUARTERS,
        busy=0.4,
    ),
    "double": Groove(
        ("X...X...X...X...", "X..xX...X..xX...", "X...X.x.X...X.x.", "X.x.x.x.x.x.x.x."),
        ("..X...X...X...X.",),
        ("x.x.x.x.x.x.x.x.", "X...X...X...X...", "x.x.x.x.x.x.x.x."),
        busy=0.05,
    ),
    "blast": Groove(
        ("x.x.x.x.x.x.x.x.", "xxxxxxxxxxxxxxxx", "x.x.x.x.x.x.x.x."),
        (".x.x.x.x.x.x.x.x", "x.x.x.x.x.x.x.x.", "x.x.x.x.x.x.x.x."),
        ("x.x.x.x.x.x.x.x.", "x...x...x...x..."),
        (CLOSED, RIDE, CRASH, CHINA),
        busy=0.0,
    ),
    "metal": Groove(
        ("xxxxxxxxxxxxxxxx", "X.xxX.xxX.xxX.xx", "X.x.x.x.x.x.x.x.", "X.xxx.xxX.xxx.xx", "X..xx..xX..xx..x",
         "X.xx..x.X.xx..x.",
         "X...xx..X...xx..", "xxxx....xxxx....", "X.....xxX.x...xx", "X.xxX...X.xxX...", "X.xx.xx.X.x.xx.x"),
        ("....X.......X...", "....X.......X...", "....X.......X...", "........X......."),
        ("X...X...X...X...", "x.x.x.x.x.x.x.x.", "x.o.x.o.x.o.x.o.", "X...X...X...X..."),
        (CLOSED, OPEN, RIDE, CRASH, CHINA),
        busy=0.1,
    ),
    "punk": Groove(
        ("X.......X.x.....", "X.....x.X.x...x.", "X.x.....X.x.....", "X.......X.......", "X..x..x.X..x..x."),
        tops=("x.x.x.x.x.x.x.x.", "X.o.X.o.X.o.X.o.", "X...X...X...X..."),
        top_keys=(CLOSED, OPEN, RIDE, CRASH),
    ),
    "pop": Groove(
        ROCK_KICKS, BACK, EIGHTHS + SIXTEENTHS[:3], (CLOSED, CLOSED, CLOSED, OPEN, RIDE), (SNARE, SNARE, CLAP, 40),
        ((TAMBOURINE, "....x.......x...", 0.15), (SHAKER, "oooooooooooooooo", 0.15), (TAMBOURINE,
         "x.x.x.x.x.x.x.x.", 0.1)),
    ),
    "ballad": Groove(
        SIMPLE_KICKS, ("....X.......X...", "........X.......", "....x.......x..."), EIGHTHS + QUARTERS,
        (CLOSED, CLOSED, RIDE, RIDE), (SNARE, RIM, RIM), busy=0.1,
    ),
    "country": Groove(
        ("X.......X.......", "X...x...X...x...", "X.......X.....x.", "X.....x.X......."),
        ("....X.......X...", "ggXgggXgggXgggXg", "goXogoXogoXogoXo", "ggggXgggggggXggg", "g.g.X.ggg.g.X.gg"),
        ("x.x.x.x.x.x.x.x.", "x...x...x...x...", "..x...x...x...x."), (CLOSED, CLOSED, PEDAL, RIDE), (SNARE, SNARE,
         RIM), busy=0.1,
    ),
    "train": Groove(
        ("X...X...X...X...", "X.......X......."), ("goXogoXogoXogoXo", "ggXgggXgggXgggXg", "gggoXgggggggXggg"),
        ("..o...o...o...o.", "................"), (PEDAL, CLOSED), busy=0.05,
    ),
    "funk": Groove(FUNK_KICKS, GHOSTED, SIXTEENTHS + EIGHTHS, (CLOSED, CLOSED, CLOSED, OPEN, RIDE), busy=0.5,
        extras=((COWBELL, "x...x...x...x...", 0.08), (TAMBOURINE, "..x...x...x...x.", 0.1), (CONGA,
         "..x.o.xx..x.o.xx", 0.1))),
    "disco": Groove(
        FOUR, BACK, ("..X...X...X...X.", "xxXxxxXxxxXxxxXx", "x.X.x.X.x.X.x.X."), (OPEN, OPEN, CLOSED), (SNARE, CLAP),
        ((TAMBOURINE, "..x...x...x...x.", 0.2), (CONGA, "..o.x.oo..o.x.oo", 0.2), (CLAP, "....x.......x...", 0.3)),
         0.05,
    ),
    "house": Groove(
        FOUR, ("....X.......X...", "................", "....x.......x..x", "....x..o.o..x..."),
        ("..X...X...X...X.", "..X...X...X...X.", "xoXoxoXoxoXoxoXo"), (OPEN, OPEN, CLOSED), (CLAP, SNARE, CLAP),
        ((SHAKER, "oxoxoxoxoxoxoxox", 0.2), (RIDE, "..x...x...x...x.", 0.1), (43, "...x..x..x....x.", 0.15), (RIM,
         "...x..x....x..x.", 0.15)),
        0.02, 0.5,
    ),
    "techno": Groove(
        FOUR, ("................", "....x.......x...", "...x..x...x.....", "................"),
        ("..x...x...x...x.", "xxxxxxxxxxxxxxxx", "..xo..xo..xo..xo"), (CLOSED, OPEN, RIDE), (CLAP, RIM),
        ((43, "..x..x..x..x..x.", 0.2), (RIM, "x..x..x..x..x.x.", 0.2), (41, "..xx..xx..xx..xx", 0.15)), 0.02, 0.3,
    ),
    "hiphop": Groove(
        ("X.......x.x.....", "X..x......x.....", "X.x.......xx....", "X......x..x.....", "X.....x.x..x....",
         "X..x..x...x.....",
         "X.........x..x..", "X.......xx......", "X..x....x.x....."),
        ("....X.......X...", "....X.......X...", "....X..g....X...", "....X.......X..g"),
        EIGHTHS + SIXTEENTHS, (CLOSED,), (SNARE, CLAP, 40), busy=0.15, fills=0.25,
    ),
    "trap": Groove(
        ("X......x........", "X.....x...x.....", "X..x......x..x..", "X.........x.....", "X......x..x....x"),
        ("....X.......X...",), ("x.x.x.x.x.x.x.x.", "xxxxxxxxxxxxxxxx", "x.xxx.x.x.x.xxxx", "x.x.xxxxx.x.x.xx"),
         (CLOSED,), (CLAP, SNARE),
        busy=0.15, fills=0.2,
    ),
    "dnb": Groove(
        ("X.........x.....", "X.x.......x.....", "X.........x..x..", "X..x......x.....", "X.x.......xx...."),
        ("....X.......X...", "....X..g.g..X...", "....X..x.x..X..x", "....X..g....X.gg"),
        EIGHTHS + SIXTEENTHS[:3], (CLOSED, RIDE, OPEN), busy=0.15, fills=0.4,
    ),
    "onedrop": Groove(
        ("....X.......X...", "....X.......X...", "....X..o....X..."), ("....X.......X...", "....x.......x..o"),
        (*EIGHTHS, "xox.xox.xox.xox.", "x.x.x.xxx.x.x.x."), (CLOSED,), (RIM, RIM, SNARE), ((CONGA,
         "..o...ox..o...ox", 0.1),), 0.05,
    ),
    "steppers": Groove(FOUR, ("....X.......X...", "........X......."), EIGHTHS, (CLOSED,), (RIM, SNARE), busy=0.05),
    "rockers": Groove(("X...x...X...x...", "X.......X.......", "X.....x.X....."), ("....X.......X...",), EIGHTHS,
     (CLOSED,),
        (RIM, SNARE), busy=0.1),
    "ska": Groove(
        ("X...X...X...X...", "X.......X.......", "....X.......X...", "X.......X.x....."), BACK,
        ("..x...x...x...x.", "x.x.x.x.x.x.x.x.", "o.X.o.X.o.X.o.X."), (CLOSED, OPEN, RIDE), busy=0.1,
    ),
    "shuffle": Groove(
        ("X.......X.......", "X.....x.X.......", "X...x...X...x...", "X.....x.x.....x.", "X.......X.....x."),
        ("....X.......X...", "..g.X.g...g.X.g.", "....X.....g.X..."),
        ("x.x.x.x.x.x.x.x.", "x...x.x.x...x.x.", "X.o.X.o.X.o.X.o.", "x...x...x...x..."), (CLOSED, RIDE, RIDE),
         busy=0.15,
    ),
    "swing": Groove(
        ("o...o...o...o...", "................", "?.....?.....?...", "o.......o.......", "......?........?"),
        ("......?...?.....", "..............?.", "..?.......?.....", "....o.......o...", "......g.....g...",
         "..g...?...g....."),
        ("x...x.x.x...x.x.", "x...X.x.x...X.x.", "x...x...x...x.x.", "x.x.x.x.x.x.x.x.", "x...x.o.x.?.x.o."),
        (RIDE, RIDE, RIDE, CLOSED), (SNARE, SNARE, RIM), ((PEDAL, "....x.......x...", 0.85),), 0.1, 0.6,
    ),
    "brushes": Groove(
        ("o.......o.......", "o...............", "................"),
        ("o.o.x.o.o.o.x.o.", "o...x...o...x...", "o...x.o.o...x.o.", "ooooxoooooooxooo"), ("................",
         "o...o.o.o...o.o."),
        (RIDE, CLOSED), extras=((PEDAL, "....x.......x...", 0.6),), busy=0.05, fills=0.3,
    ),
    "bossa": Groove(
        ("x.....x.x.....x.", "x.....x.x.....x.", "x..xx..xx..xx..x"),
        ("x..x..x...x..x..", "x..x..x....x..x.", "..x..x....x..x..", "x.....x...x....."),
        ("x.x.x.x.x.x.x.x.", "oxooxooxoxooxoox", "xoooxoooxoooxooo"), (CLOSED, RIDE, PEDAL), (RIM,), ((SHAKER,
         "oxooxoxooxooxoxo", 0.2),), 0.05, 0.3,
    ),
    "samba": Groove(
        ("x..xX..xx..xX..x", "o...X...o...X...", "x..xX..xx..xX..x"),
        ("xogxgoxgxogxgoxg", "x.xx.x.xx.xx.x.x", "gxgxxgxggxgxxgxg", "X..x..x...x..x.."),
        ("xoxxxoxxxoxxxoxx", "xxxxxxxxxxxxxxxx"), (CLOSED, SHAKER), (SNARE, RIM),
        ((AGOGO, "x.x..x..x.x..x..", 0.3), (41, "o...X...o...X...", 0.5), (TAMBOURINE, "xoxxxoxxxoxxxoxx", 0.4)),
         0.05, 0.5,
    ),
    "latin": Groove(
        ("X..x..x.X..x..x.", "......x.......x.", "X.....x.X.....x.", "X..x....X..x....", "....x.......x..."),
        ("................", "..x.......x.....", "x..x..x...x.x...", "....x.......x..."),
        ("x.x.xx.xx.x.xx.x", "x.x.x.x.x.x.x.x.", "x...x.x.x...x.x.", "x.xx.x.xx.xx.x.x"), (COWBELL, CLOSED, TIMBALE,
         RIDE), (RIM, TIMBALE),
        ((CONGA, "..x...xx..x...xx", 0.7), (CLAVES, "x..x..x...x.x...", 0.4), (BONGO, "x.o.x.o.x.o.x.oo", 0.3),
         (CABASA, "x.xxx.xxx.xxx.xx", 0.3),
         (CONGA_MUTE, "x.o.....x.o.....", 0.5)),
        0.05, 0.5,
    ),
    "hand": Groove(
        ("................", "o.......o.......", "x.......x.......", "x.....x.x......."), ("................",
         "....o.......o..."),
        ("oxoxoxoxoxoxoxox", "xoxoxoxoxoxoxoxo", "x.x.x.x.x.x.x.x.", "xooxooxoxooxooxo"), (SHAKER, CABASA,
         TAMBOURINE), (CLAP, RIM),
        ((CONGA, "x..x..xxx..x..xx", 0.5), (CONGA_LOW, "X.....x.X.....x.", 0.7), (BONGO, "x.o.x.o.x.o.x.oo", 0.5),
         (BONGO_LOW, "X..x..x.X..x..x.", 0.5),
         (COWBELL, "x...x.x.x...x.x.", 0.2), (CLAVES, "x..x..x...x.x...", 0.3), (TRIANGLE, "o.x.o.x.o.x.o.x.", 0.2)),
        0.0, 0.4,
    ),
    "march": Groove(
        ("X...o...X...o...", "X.......X.......", "X.......o.......", "X...x...X...x..."),
        ("x...x...x...x.xx", "x..xx.x.x..xx.x.", "xggxxggxxggxxggx", "..x...x...x...x.", "x.xxx.x.x.xxx.x."),
        ("................", "....x.......x...", "X.......X......."), (CRASH, CLOSED), busy=0.02, fills=0.4,
    ),
    "polka": Groove(
        ("X.......X.......", "X...X...X...X..."), ("....x.......x...", "..x...x...x...x.", "....X.......X..."),
        ("................", "..x...x...x...x.", "....x.......x..."), (CLOSED, PEDAL), busy=0.02, fills=0.3,
    ),
}  # fmt: skip
