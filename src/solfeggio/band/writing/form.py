"""Writing a chart: a key, a plan of sections, a progression for each material, cadences and changes of key."""

from __future__ import annotations

import numpy as np

from solfeggio.band.chance import pick, shelf, weigh
from solfeggio.band.writing.chart import Chart, spots_of
from solfeggio.band.writing.colour import cadence, colour, modulation
from solfeggio.band.writing.harmony import progression, spell
from solfeggio.band.writing.loops import STANDARDS
from solfeggio.band.writing.plans import FORMS, LONGEST, plan_sections
from solfeggio.errors import ConfigError, unknown
from solfeggio.harte import NAMES, SCALES, over, pitch_classes
from solfeggio.notation import Metre

FLAVOURS: dict[str, dict[str, float]] = {  # style of harmony -> flavours of its progressions
    "pop": {"maj": 6, "min": 4, "mixolydian": 0.4, "dorian": 0.4, "lydian": 0.2},
    "rock": {"rock": 4, "maj": 3, "min": 2, "mixolydian": 1, "dorian": 0.6, "riff": 1},
    "riff": {"riff": 5, "rock": 2, "mixolydian": 1, "vamp": 0.5},
    "metal": {"metal": 6, "rock": 1, "min": 1, "phrygian": 1, "harmonic": 0.5},
    "blues": {"blues": 1},
    "jazz": {"jazz": 6, "vamp": 0.7},
    "folk": {"folk": 4, "maj": 3, "mixolydian": 0.4, "dorian": 0.3},
    "classical": {"classical": 4, "maj": 1, "min": 1, "harmonic": 1},
    "modal": {"modal": 2, "vamp": 1, "dorian": 1, "mixolydian": 0.7, "phrygian": 0.6, "lydian": 0.4, "min": 1},
    "latin": {"latin": 3, "jazz": 1, "harmonic": 0.5},
    "reggae": {"reggae": 4, "min": 0.5},
    "any": {"maj": 4, "min": 3, "rock": 1, "folk": 1, "jazz": 1, "modal": 0.5, "latin": 0.5, "lydian": 0.3,
            "harmonic": 0.3, "phrygian": 0.2},
}  # fmt: skip
RHYTHMS: dict[str, dict[str, float]] = {  # flavour -> how many chords a bar
    "blues": {"one": 1}, "riff": {"one": 1}, "reggae": {"one": 6, "half": 2, "two": 0.5},
    "rock": {"one": 6, "half": 1.2, "two": 2, "mixed": 2}, "metal": {"one": 6, "half": 3, "mixed": 1},
    "vamp": {"one": 2, "half": 1}, "classical": {"one": 5, "two": 3, "four": 1, "mixed": 2},
    "jazz": {"one": 5, "two": 4, "half": 0.7, "mixed": 2},
    "": {"one": 4, "two": 4.5, "half": 0.4, "mixed": 2.5, "four": 0.2},
    "folk": {"one": 4, "two": 4, "half": 0.5, "mixed": 2},
}  # fmt: skip


def write_chart(
    rng: np.random.Generator,
    metre: Metre,
    bars: int,
    harmony: str = "any",
    form: str = "song",
    side: str = "train",
) -> Chart:
    """Write a chart of exactly ``bars`` bars: keys, sections that come back, one progression for each material.

    harmony: a key of FLAVOURS. form: a key of FORMS. side: "train", "valid" or "test" draw from disjoint stock loops.
    """
    if bars < 1:
        raise ConfigError(f"a chart of {bars} bars", "it needs at least one")
    if harmony not in FLAVOURS:
        raise unknown("harmony", harmony, FLAVOURS)
    if form not in FORMS:
        raise unknown("form", form, FORMS)
    tonic = int(rng.integers(12))
    flavour = weigh(rng, FLAVOURS[harmony])
    plan = plan_sections(rng, bars, "blues" if flavour == "blues" else form)
    written = _write_materials(rng, plan, flavour, side)
    main = [numeral for m in dict.fromkeys(m for _, m, _, _ in plan) for bar in written[m] for numeral in bar]
    mode = mode_of(main, flavour)
    moves = modulation(rng, plan, mode, flavour)
    for material, (_, other, _) in moves.items():
        if other:
            written[material] = _write_section(rng, other, side)
    bars_of: list[tuple[tuple[str, ...], int]] = []
    keys: list[tuple[int, int, str]] = []
    for place, (_, material, first, length) in enumerate(plan):
        shift, other, since = moves.get(material, (0, "", 0))
        lift, _, from_place = moves.get("", (0, "", 0))
        here = (tonic + (shift if place >= since else 0) + (lift if place >= from_place else 0)) % 12
        section = written[material]
        numerals = [section[i % len(section)] for i in range(length)]
        local = mode_of([n for bar in section for n in bar], other) if other else mode
        numerals = cadence(rng, numerals, local, other or flavour, place + 1 == len(plan))
        bars_of += [(bar, here) for bar in numerals]
        key = f"{NAMES[here]}:{local}"
        if keys and keys[-1][2] == key:
            keys[-1] = (keys[-1][0], keys[-1][1] + length, key)
        else:
            if keys and rng.random() < 0.6 and len(bars_of) > length + 1:  # the new key's dominant leads into it
                bars_of[-length - 1] = (("V7",), here)
            keys.append((first, length, key))
    chords = []
    for bar, here in bars_of:
        spots = spots_of(metre, len(bar))
        chords.append(tuple((spot, spell(n, here)) for spot, n in zip(spots, bar, strict=False)))
    chords = _pedals(rng, plan, chords, tonic, flavour)
    letters = {m: _letter(i) for i, m in enumerate(dict.fromkeys(m for _, m, _, _ in plan))}
    return Chart(
        keys[0][2],
        metre,
        tuple((function, first, length) for function, _, first, length in plan),
        tuple(_merged(bar) for bar in chords),
        tuple(keys),
        tuple((first, length, letters[material]) for _, material, first, length in plan),
    )


def mode_of(numerals: list[str], flavour: str = "maj") -> str:
    """The mode that fits numerals best: one of SCALES; major and minor (with its raised seventh) win ties.

    >>> mode_of(["i", "IV", "i"]), mode_of(["I", "IV", "V7"]), mode_of(["i", "iv", "V7"])
    ('dor', 'maj', 'min')
    """
    homes = [n for n in numerals if n.lstrip("b#").upper().startswith("I") and _degree(n) == 0]
    minor = sum(n[0] == "i" for n in homes) > len(homes) / 2 if homes else any(n.startswith("bV") for n in numerals)
    if flavour in ("blues", "jazz", "classical", "latin", "harmonic"):
        return "min" if minor else "maj"
    fits = {}
    for mode in ("min", "dor", "phr") if minor else ("maj", "mix", "lyd"):
        tones = set(SCALES[mode]) | ({11} if mode == "min" else set())
        inside = [len(set(pitch_classes(spell(n, 0))) & tones) / len(pitch_classes(spell(n, 0))) for n in numerals]
        fits[mode] = float(np.mean(inside)) + 0.03 * (mode in ("maj", "min"))
    return max(fits, key=lambda mode: fits[mode])


def _degree(numeral: str) -> int:
    return -1 if "/" in numeral else int(pitch_classes(spell(numeral.partition(":")[0], 0))[0])


def _letter(number: int) -> str:
    return chr(ord("A") + number % 26)


def _merged(bar: tuple[tuple[float, str], ...]) -> tuple[tuple[float, str], ...]:
    """Leave out a chord that repeats the one before it in the bar."""
    return tuple(spot for i, spot in enumerate(bar) if not i or bar[i - 1][1] != spot[1])


def _write_materials(
    rng: np.random.Generator, plan: tuple[tuple[str, str, int, int], ...], flavour: str, side: str
) -> dict[str, list[tuple[str, ...]]]:
    """Bars of numerals for each material; some songs say everything over one progression."""
    written: dict[str, list[tuple[str, ...]]] = {}
    names = list(dict.fromkeys(material for _, material, _, _ in plan))
    if flavour == "jazz" and {"verse", "bridge"} <= set(names) and rng.random() < 0.7:
        a, b = pick(rng, shelf(STANDARDS, side))
        written = {"verse": [tuple(bar.split(",")) for bar in a], "bridge": [tuple(bar.split(",")) for bar in b]}
    one = rng.random() < (0.3 if flavour not in ("jazz", "classical", "folk", "blues") else 0.05)
    for name in names:
        if name in written:
            continue
        model = next((m for m in ("verse", "chorus", "A") if m in written), "")
        borrowed = name in LONGEST and name != "prechorus" and rng.random() < 0.5
        if model and (one or borrowed or flavour == "blues"):
            written[name] = list(written[model])
        else:
            written[name] = _write_section(rng, flavour, side)
    return written


def _write_section(rng: np.random.Generator, flavour: str, side: str) -> list[tuple[str, ...]]:
    """Bars of numerals for one section: a progression at some harmonic rhythm, perhaps with a turned-round ending."""
    loop = progression(rng, flavour, pick(rng, (2, 4, 4, 4, 8)), side)
    if any("," in chord for chord in loop):
        return [tuple(colour(rng, bar.split(","), flavour)) for bar in loop]
    loop = tuple(colour(rng, list(loop), flavour))
    rhythm = weigh(rng, RHYTHMS.get(flavour, RHYTHMS[""]))
    bars: list[tuple[str, ...]]
    if rhythm == "half" and len(loop) <= 4:
        bars = [(chord,) for chord in loop for _ in range(2)]
    elif rhythm == "two" and len(loop) >= 4:
        bars = [tuple(loop[i : i + 2]) for i in range(0, len(loop), 2)]
    elif rhythm == "four" and len(loop) >= 4:
        bars = [tuple(loop[i : i + 4]) for i in range(0, len(loop), 4)]
        bars = bars if len(bars) > 1 else [*bars, (loop[0],)]
    elif rhythm == "mixed" and len(loop) >= 4:
        bars = [(chord,) for chord in loop[:-2]] + [tuple(loop[-2:])]
        bars += [(loop[-1],)] if len(bars) % 2 else []
    else:
        bars = [(chord,) for chord in loop]
    if flavour not in ("blues", "metal", "modal", "vamp", "riff") and len(bars) <= 4 and rng.random() < 0.35:
        other = [chord for chord in progression(rng, flavour, 4, side) if "," not in chord] or [loop[-1]]
        bars = bars + bars[: len(bars) - 1] + [(other[-1],)] if rng.random() < 0.5 else bars + [(c,) for c in other[:4]]
    return bars


def _pedals(
    rng: np.random.Generator,
    plan: tuple[tuple[str, str, int, int], ...],
    chords: list[tuple[tuple[float, str], ...]],
    tonic: int,
    flavour: str,
) -> list[tuple[tuple[float, str], ...]]:
    """Hold one bass, tonic or dominant, under a section or its last bars in a few songs."""
    if rng.random() > {"metal": 0.03, "blues": 0.0, "classical": 0.12, "modal": 0.12}.get(flavour, 0.07):
        return chords
    _, material, _, _ = pick(rng, plan)
    low = (tonic + pick(rng, (0, 0, 7))) % 12
    for _, other, first, length in plan:
        if other == material:
            begin = first if length <= 4 else first + length - 4
            for bar in range(begin, first + length):
                chords[bar] = tuple((spot, over(label, low)) for spot, label in chords[bar])
    return chords
