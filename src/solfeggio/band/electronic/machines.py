"""Loops of electronic music: drum machines and cut-up breaks, sequenced basses, arpeggios, stabs and hooks.

A loop is drawn once and repeated as it is; a bar has 4 quarters and 16 steps. In lines "X" is an accent, "x" a hit, "o"
a soft one, "g" a ghost, "." a rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solfeggio.band.chance import pick, shelf, weigh
from solfeggio.band.writing.grooves import CLAP, CLOSED, COWBELL, KICK, OPEN, RIDE, RIM, SHAKER, SNARE, TAMBOURINE

LEVELS = {"X": 114, "x": 96, "o": 68, "g": 40}
REST = "................"
BACKBEAT = "....X.......X..."
FOUR = ("X...X...X...X...",)
EIGHTHS = ("x.x.x.x.x.x.x.x.", "x.o.x.o.x.o.x.o.", "o.x.o.x.o.x.o.x.")
SIXTEENTHS = ("xoxoxoxoxoxoxoxo", "xooxxooxxooxxoox", "xoxxxoxxxoxxxoxx", "ooxoooxoooxoooxo", "xxxxxxxxxxxxxxxx")

Hit = tuple[float, str, int, float]  # quarters, role (kick, snare, hats, perc), General MIDI key, velocity
Step = tuple[float, float, str, float, bool]  # quarters, length, tone, loudness 0..1, slides into the next


@dataclass(frozen=True)
class Machine:
    """A kind of electronic drumming and the music around it.

    kicks, snares, hats, opens: lines of a bar (hats closed, opens open). perc: (key, line). claps: keys for the snare.
    rolls: how likely hats roll. chop: how likely the two bars are cut up. plan: of ``arrangement.PLANS``. sidechain:
    how likely the kick ducks the others.
    """

    kicks: tuple[str, ...]
    snares: tuple[str, ...] = (BACKBEAT,)
    hats: tuple[str, ...] = EIGHTHS + SIXTEENTHS
    opens: tuple[str, ...] = (REST,)
    perc: tuple[tuple[int, str], ...] = ()
    claps: tuple[int, ...] = (SNARE,)
    rolls: float = 0.0
    chop: float = 0.0
    plan: str = "club"
    sidechain: float = 0.3


PULSES: dict[str, tuple[tuple[float, ...], ...]] = {  # kind of bass -> where in each quarter it plays
    "offbeat": ((0.5,),),
    "rolling": ((0.25, 0.5, 0.75), (0.5, 0.75), (0.25, 0.75)),
    "octaves": ((0.0, 0.5),),
    "pulse": ((0.0, 0.5), (0.0, 0.25, 0.5, 0.75)),
}
OFF = ("..X...X...X...X.", "..x...x...x...x.", "..X...X...X..xX.")
TWO_STEP = ("X.........x.....", "X.........X.....", "X..x......x.....", "X.....x...x.....", "X.........x..x..",
    "X......x..x.....",
            "x..X......X.....")  # fmt: skip
BREAKS = ("X.X.......XX....", "X.X.......X..x..", "X..x......X.....", "X.x....x..X..x..", "X.....x..xX.....",
    "X.X...X...x.....",
          "X..X..x...X.x...", "X.x.......xx..x.")  # fmt: skip
BREAK_SNARES = ("....X..g.g..X..g", "....X..g.g.gX...", "....X..x.x..X...", "....X.g..g..X.g.", "....X..g..x.X..x",
                "....X.......X.xx", "..g.X..g.g..X.gg")  # fmt: skip
TOPS = ((SHAKER, "oxoxoxoxoxoxoxox"), (SHAKER, "x.xox.xox.xox.xo"), (RIDE, "x...x...x...x..."), (RIM,
    "...x..x....x..x."),
        (45, "..x..x..x..x..x."), (43, "...x..x..x....x."), (COWBELL, "..x..x.x..x..x.."), (TAMBOURINE,
        "..x...x...x...x."),
        (63, "..x...xx..x.x..."), (64, "x.....x...x....."), (RIM, "x..x..x..x..x.x."), (75,
        "x..x..x...x.x..."))  # fmt: skip

MACHINES: dict[str, Machine] = {
    "house": Machine(FOUR, (BACKBEAT, "....X.......X..o", "....X..o....X...", "............X..."), (REST,
    *SIXTEENTHS), OFF,
                     TOPS, (CLAP, CLAP, SNARE), sidechain=0.7),
    "techno": Machine((*FOUR, "X...X...X...X..o"), (REST, BACKBEAT, "............X...", "...x......x....."),
                      (REST, *SIXTEENTHS), OFF, TOPS, (CLAP, RIM, SNARE), plan="flow", sidechain=0.6),
    "trance": Machine(FOUR, (BACKBEAT,), (REST, *SIXTEENTHS), OFF, TOPS[:4], (CLAP, SNARE), sidechain=0.85),
    "acid": Machine(FOUR, (BACKBEAT, "....X.......X.xx", "....X..x....X..."), (*EIGHTHS, *SIXTEENTHS), (*OFF, REST),
    TOPS[4:],
                    (CLAP, SNARE), plan="flow", sidechain=0.3),
    "breakbeat": Machine(BREAKS, BREAK_SNARES, (*EIGHTHS, *SIXTEENTHS), (REST, "..............x.",
    "......x........."), TOPS[:3],
                         chop=0.75),
    "drum-and-bass": Machine((*TWO_STEP, *BREAKS[:4]), ("....X.......X...", *BREAK_SNARES[:5]),
                             (*EIGHTHS, *SIXTEENTHS[:3]), (REST, "..............x."), TOPS[:3], chop=0.45),
    "dubstep": Machine(("X...............", "X.....x.........", "X..x............", "X.........x.....",
    "X.....x...x...x.",
                        "X............x.."),
                       ("........X.......", "........X......o", "........X.....g."),
                       ("x...x...x...x...", *EIGHTHS, "x.xxx.x.x.xxx.x."), (REST, "..............x."), TOPS[:4],
                       (SNARE, CLAP), rolls=0.15, sidechain=0.6),
    "trap": Machine(("X......x........", "X.....x...x.....", "X..x......x..x..", "X.........x.....", "X......x..x....x",
                     "X.x......x......", "X.......x.x....."),
                    (BACKBEAT,), ("xxxxxxxxxxxxxxxx", "x.x.x.x.x.x.x.x.", "xoxoxoxoxoxoxoxo"),
                    (REST, "..............x.", "......x........."), TOPS[3:6], (CLAP, SNARE), rolls=0.8),
    "garage": Machine(TWO_STEP, (BACKBEAT, "....X..g....X..g", "....X.......X.g."),
                      ("x.xox.xox.xox.xo", "..xo..xo..xo..xo", "x.xxx.xxx.xxx.xx", "xooxxooxxooxxoox"), OFF,
                      (*TOPS[:4], (RIM, "..x....x..x....x"), (RIM, ".x....x..x...x..")), (CLAP, SNARE, RIM),
                      sidechain=0.4),
    "synthwave": Machine(("X...X...X...X...", "X.......X.......", "X.....x.X.......", "X.......X.x.....",
    "X..x....X.x....."),
                         (BACKBEAT,), (*EIGHTHS, *SIXTEENTHS[:1]), (REST, *OFF[:1]), ((TAMBOURINE, "....x.......x..."),
                         (CLAP, BACKBEAT), (45, "..............xx")), (SNARE, 40), plan="tune", sidechain=0.3),
    "lo-fi": Machine(("X.......x.x.....", "X..x......x.....", "X.......xx......", "X......x..x.....",
    "X.....x.x..x....",
                      "X.........x..x..", "X..x....x......."),
                     (BACKBEAT, "....X..g....X...", "....X.......X..g"), (*EIGHTHS, "x.xox.x.x.xox.x."),
                     (REST, "..............x."), ((SHAKER, "..o...o...o...o."), (RIM, "...x......x.....")), (SNARE,
                     RIM),
                     plan="tune", sidechain=0.25),
    "chiptune": Machine(("X.......X.......", "X...X...X...X...", "X.....x.X.....x.", "X..x....X.......",
    "X.x.....X.x....."),
                        (BACKBEAT, "....X.......X.x."), (*EIGHTHS, *SIXTEENTHS[:2], "..x...x...x...x."), plan="tune",
                        sidechain=0.0),
    "ambient-techno": Machine((*FOUR, "X...x...X...x..."), (REST, "............o...", "....o.......o..."),
                              (REST, "..o...o...o...o.", "oooooooooooooooo"), ("..o...o...o...o.", REST), TOPS[2:6],
                              (RIM, CLAP), plan="flow", sidechain=0.5),
}  # fmt: skip


def draw_drums(rng: np.random.Generator, kind: str, side: str) -> list[Hit]:
    """Draw two bars of a drum machine: a bar, and its variation or its slices in another order."""
    machine = MACHINES[kind]
    snare = pick(rng, machine.claps)
    kick, hats, opens = (pick(rng, shelf(lines, side)) for lines in (machine.kicks, machine.hats, machine.opens))
    clap = pick(rng, shelf(machine.snares, side))
    perc = [row for row in machine.perc if rng.random() < 0.9 / max(3, len(machine.perc) / 1.6)]
    lines = [("kick", KICK, kick), ("snare", snare, clap), ("hats", CLOSED, hats), ("hats", OPEN, opens)]
    bar = [hit for role, key, line in lines for hit in _hits(role, key, line)]
    bar = [hit for hit in bar if not (hit[2] == CLOSED and opens[round(hit[0] * 4) % 16] != ".")]
    bar += [hit for key, line in perc for hit in _hits("perc", key, line)]
    other = list(bar)
    if rng.random() < 0.4:
        line = pick(rng, shelf(machine.kicks, side))
        other = [hit for hit in bar if hit[1] != "kick"] + _hits("kick", KICK, line)
    loop = sorted(bar + [(at + 4, role, key, velocity) for at, role, key, velocity in other])
    if rng.random() < machine.chop:
        loop = chop(rng, loop)
    if rng.random() < machine.rolls:
        loop = rolled(rng, loop)
    return loop


def chop(rng: np.random.Generator, loop: list[Hit]) -> list[Hit]:
    """Cut two bars into quarters and play them in another order: the first stays, backbeats mostly too.

    >>> chop(np.random.default_rng(0), [(0.0, "kick", 36, 100.0), (4.0, "kick", 36, 90.0)])[0]
    (0.0, 'kick', 36, 100.0)
    """
    out: list[Hit] = []
    for place in range(8):
        source = place
        if place and rng.random() < 0.4:
            source = int(rng.integers(8)) if rng.random() < 0.35 else (place + 2 * int(rng.integers(4))) % 8
        piece = [(hit[0] - source, hit) for hit in loop if source <= hit[0] < source + 1]
        if place and rng.random() < 0.1:  # stutter: its first half twice
            piece = [(at + x, hit) for x in (0.0, 0.5) for at, hit in piece if at < 0.5]
        out += [(place + at, role, key, velocity) for at, (_, role, key, velocity) in piece]
    return sorted(out)


def rolled(rng: np.random.Generator, loop: list[Hit]) -> list[Hit]:
    """Put rolls of 32nds or triplets into the closed hats."""
    out = loop
    for _ in range(int(rng.integers(1, 5))):
        start, length = float(rng.integers(1, 15)) / 2, pick(rng, (0.25, 0.5, 0.5, 1.0))
        gap = pick(rng, (0.125, 0.125, 1 / 6, 1 / 12, 0.0625 if length < 0.5 else 0.125))
        out = [hit for hit in out if not (hit[2] == CLOSED and start - 1e-6 <= hit[0] < start + length - 1e-6)]
        count, up = round(length / gap), rng.random() < 0.5
        out = out + [
            (start + i * gap, "hats", CLOSED, 58.0 + 36 * ((i if up else count - i) / count)) for i in range(count)
        ]
    return sorted(out)


def _hits(role: str, key: int, line: str) -> list[Hit]:
    return [(i / 4, role, key, float(LEVELS[mark])) for i, mark in enumerate(line) if mark != "."]


def draw_bass(rng: np.random.Generator, kind: str, kicks: list[float]) -> list[Step]:
    """Draw two bars of a bass: its tones are R root, 8 octave, L octave below, 5 fifth, 3 third, 7 seventh, 2 b2.

    kind: acid, rolling, offbeat, octaves, pulse, sub, reese, wobble, long, garage, riff. kicks: quarters where the bass
    drum plays, which "long" follows.
    """
    if kind == "acid":
        dense, slide = rng.uniform(0.55, 0.95), rng.uniform(0.15, 0.45)
        tones = weigh(rng, {"RRRR8L": 3.0, "RRR87": 2.0, "RR83575": 2.0, "RRL2": 1.0, "R8": 1.0})
        bar = [(0.0, 0.2, "R", 1.0, bool(rng.random() < slide))]
        for i in range(1, 16):
            if rng.random() < dense:
                loud = 1.0 if rng.random() < 0.25 else 0.78
                bar.append((i / 4, 0.17, pick(rng, tones), loud, bool(rng.random() < slide)))
        return _twice(bar)
    if kind == "wobble":
        steps: list[Step] = []
        for beat in range(8):
            parts = pick(rng, (1, 1, 2, 2, 3, 4))
            tone = "R" if beat % 4 == 0 else pick(rng, "RRRR8532")
            if beat and rng.random() < 0.15:
                continue
            steps += [(beat + i / parts, 0.9 / parts, tone, 1.0 if i == 0 else 0.85, False) for i in range(parts)]
        return steps
    if kind == "long":
        spots = [0.0, *(at for at in kicks if at > 0.2 and rng.random() < 0.8)]
        ends, most = [*spots[1:], 8.0], rng.uniform(0.8, 2.5)
        return [
            (a, min(b - a, most), pick(rng, "RRRRR85") if a % 4 else "R", 0.95, bool(rng.random() < 0.15))
            for a, b in zip(spots, ends, strict=True)
        ]
    if kind == "riff":
        spots = [0.0] + [i / 2 for i in range(1, 8) if rng.random() < 0.5] + [3.75] * (rng.random() < 0.4)
        one = [(at, pick(rng, (0.22, 0.4, 0.45)), pick(rng, "RRRR8573") if at else "R", 0.95, False) for at in spots]
        return _twice(one)
    if kind == "garage":
        one = [(0.0, 0.4, "R", 1.0, False)]
        one += [
            (i / 4, pick(rng, (0.2, 0.4)), pick(rng, "RR857"), 0.9, False) for i in range(2, 32) if rng.random() < 0.22
        ]
        return one
    if kind == "reese":
        lengths = pick(rng, ((8.0,), (4.0, 4.0), (3.0, 5.0), (1.5, 2.5, 1.5, 2.5), (6.0, 1.0, 1.0)))
        starts = np.cumsum((0.0, *lengths[:-1])).tolist()
        return [
            (a, n * 1.0, "R" if a % 4 == 0 else pick(rng, "R573"), 0.9, bool(rng.random() < 0.4))
            for a, n in zip(starts, lengths, strict=True)
        ]
    if kind == "sub":
        held = pick(rng, (((0.0, 8.0),), ((0.0, 3.9), (4.0, 3.9)), ((0.0, 1.9), (2.5, 1.2), (4.0, 3.5))))
        return [(at, length, "R", 0.95, False) for at, length in held]
    pulse = pick(rng, PULSES[kind])
    gate = pick(rng, (0.5, 0.8, 0.95)) * (0.25 if len(pulse) > 2 else 0.5)
    second = "8" if kind == "octaves" or rng.random() < 0.25 else "R"
    return [
        (beat + x, gate, second if i == len(pulse) - 1 and len(pulse) > 1 else "R", 1.0 if x == 0 else 0.9, False)
        for beat in range(8)
        for i, x in enumerate(pulse)
    ]


def _twice(bar: list[Step]) -> list[Step]:
    return bar + [(at + 4, length, tone, loud, slides) for at, length, tone, loud, slides in bar]


def draw_tones(rng: np.random.Generator, kind: str) -> list[Step]:
    """Draw a bar or two of a chord player: the tone is "C" for the chord, or the number of one of its tones.

    kind: pad, arp, fast (arpeggio of 32nds), pluck, stab, keys.
    """
    if kind == "pad":
        return [(0.0, 8.0, "C", 0.7, False)] if rng.random() < 0.7 else [(0.0, 4.0, "C", 0.7, False)]
    if kind in ("arp", "fast"):
        step = 0.125 if kind == "fast" else pick(rng, (0.25, 0.25, 0.25, 0.5))
        order = pick(rng, ("0123", "012345", "0213", "3210", "01232", "0312", "012", "02413", "0021", "0122", "01210"))
        if len(order) not in (4, 2, 8) and rng.random() < 0.6:  # begin again with every bar
            order = (order * 16)[: round(4 / step)]
        holes = 0.0 if rng.random() < 0.6 or kind == "fast" else 0.3
        gate = step * pick(rng, (0.5, 0.8, 0.95))
        return [
            (i * step, gate, order[i % len(order)], 1.0 if i * step % 1 == 0 else 0.85, False)
            for i in range(round(8 / step))
            if i * step % 4 == 0 or rng.random() >= holes
        ]
    if kind == "pluck":
        gaps = pick(
            rng, ((0.75, 0.75, 0.5), (0.75, 0.75, 0.75, 0.75, 1.0), (0.5, 0.75, 0.75), (1.0, 0.5, 0.5), (1.5, 0.5))
        )
        starts = np.cumsum((0.0, *gaps * 6))
        starts = starts[starts < 4]
        order = pick(rng, ("0", "C", "012", "0211", "210"))
        bar = [(float(a), 0.3, order[i % len(order)], 0.9, False) for i, a in enumerate(starts)]
        return _twice(bar)
    if kind == "stab":
        line = pick(rng, ("..x...x...x...x.", "x..x..x.........", "x.....x.........", "..x..x....x..x..",
            "x..x..x..x..x.x.",
                          "......x.......x.", "x..x......x.....", "...x..x...x.....", "x.......x..x...."))  # fmt: skip
        length = pick(rng, (0.2, 0.2, 0.4))
        bar = [(i / 4, length, "C", 0.95, False) for i, mark in enumerate(line) if mark == "x"]
        return _twice(bar)
    spots = [0.0] + [i / 2 for i in range(1, 16) if rng.random() < (0.5 if i % 2 == 0 else 0.2)]  # keys
    ends = [*spots[1:], 8.0]
    return [(a, min((b - a) * 0.95, 2.0), "C", 0.85 if a % 4 else 1.0, False) for a, b in zip(spots, ends, strict=True)]
