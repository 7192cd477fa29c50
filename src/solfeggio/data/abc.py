"""ABC tunes with chord symbols, as songs; folk music is collected in it (abcnotation.com, standard 2.1).

Repeats are read once, ornaments are left out, inline fields change metre and key. A beat is a dotted note in 6/8, 9/8,
12/8 and 6/4. music21 reads all of ABC and takes thirty times as long; this reads what collections of a thousand tunes
are counted by: notes, chords, keys and bars.
"""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np

from solfeggio.band.song import Part, Song
from solfeggio.errors import ConfigError, DataError
from solfeggio.harte import LETTERS, NAMES, parse_pitch

QUALITIES = {"": "maj", "m": "min", "7": "7", "m7": "min7", "maj7": "maj7", "d": "dim", "dim": "dim", "6": "maj6",
             "m6": "min6", "+": "aug", "aug": "aug", "7b9": "7", "9": "9", "sus4": "sus4", "m7b5": "hdim7"}  # fmt: skip
STEPS = {"maj": 0, "": 0, "ion": 0, "mix": -1, "dor": -2, "m": -3, "min": -3, "aeo": -3, "phr": -4, "lyd": 1, "loc": -5}
TOKENS = re.compile(
    r"""(?P<chord>"[^"]*")|(?P<grace>\{[^}]*\})|(?P<field>\[[A-Za-z]:[^\]]*\])|(?P<ending>\[\d|\|\d)
    |(?P<bar>:*\|+[\]:\[]*|::)|(?P<tuplet>\(\d)
    |(?P<note>(?P<accidental>\^\^|\^|__|_|=)?(?P<letter>[A-Ga-gzx])(?P<octave>[,']*)(?P<length>\d*/*\d*))
    |(?P<broken>[<>]+)|(?P<tie>-)""",
    re.VERBOSE,
)


def read_tune(text: str, name: str = "tune") -> Song:
    """Read one tune; raises DataError when it has no key, no note or a field that is none.

    >>> song = read_tune('X:1\\nM:3/4\\nL:1/4\\nK:G\\n"G"G A B|"D7"A2 F|"G"G3|')
    >>> song.parts[0].notes[:, 2].astype(int).tolist(), [label for _, _, label in song.chords]
    ([67, 69, 71, 69, 66, 67], ['G:maj', 'D:7', 'G:maj'])
    """
    head = {line[0]: line[2:].split("%")[0].strip() for line in text.splitlines() if re.match(r"[A-Z]:", line)}
    if "K" not in head:
        raise DataError(f"tune {name}", "it has no key", "an ABC tune has a field K:")
    title = f"{name}-{head.get('X', '0')}"
    try:
        return _play(text, title)
    except (ValueError, ZeroDivisionError, KeyError, IndexError, ConfigError) as problem:
        raise DataError(f"tune {title}", f"it is not ABC: {problem}") from None


def _play(text: str, title: str) -> Song:
    metre, unit, key = (4, 4), None, "C:maj"
    signs: dict[str, int] = {}
    now, bar_start, scale = Fraction(0), Fraction(0), Fraction(1)
    bars: list[tuple[Fraction, Fraction, tuple[int, int]]] = []
    notes: list[list] = []
    chords: list[tuple[Fraction, str]] = []
    keys: list[tuple[Fraction, str]] = []
    broken, left, tied = Fraction(1), 0, False
    bar_signs: dict[str, int] = {}
    for line in text.splitlines():
        line = line.split("%")[0]
        fields = [(line[0], line[2:].strip())] if re.match(r"[A-Za-z]:", line) else []
        for token in TOKENS.finditer(line) if not fields else ():
            if token["field"]:
                fields.append((token["field"][1], token["field"][3:-1].strip()))
            elif token["chord"]:
                if label := chord_label(token["chord"][1:-1]):
                    chords.append((now, label))
            elif token["bar"] or token["ending"]:
                if now > bar_start:
                    bars.append((bar_start, now, metre))
                bar_start, bar_signs = now, {}
            elif token["tuplet"]:
                left = int(token["tuplet"][1])
                scale = Fraction({2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(left, 2), left)
            elif token["broken"] and notes:
                share = Fraction(1, 2 ** len(token["broken"]))
                before, broken = (2 - share, share) if token["broken"][0] == ">" else (share, 2 - share)
                now += (notes[-1][1] - notes[-1][0]) * (before - 1)
                notes[-1][1] = now
            elif token["tie"]:
                tied = True
            elif token["note"]:
                length = (unit or _unit(metre)) * 4 * _length(token["length"]) * scale * broken
                broken, left = Fraction(1), max(left - 1, 0)
                scale = scale if left else Fraction(1)
                letter = token["letter"].upper()
                if letter not in "ZX":
                    octave = 72 if token["letter"].islower() else 60
                    octave += 12 * (token["octave"].count("'") - token["octave"].count(","))
                    if token["accidental"]:
                        sign = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}[token["accidental"]]
                        bar_signs[token["letter"] + token["octave"]] = sign
                    sign = bar_signs.get(token["letter"] + token["octave"], signs.get(letter, 0))
                    pitch = octave + LETTERS[letter] + sign
                    if tied and notes and notes[-1][2] == pitch:
                        notes[-1][1] = now + length
                    else:
                        notes.append([now, now + length, pitch])
                tied = False
                now += length
        for field, value in fields:
            if field == "M" and (found := re.match(r"(\d+)/(\d+)", value.replace("C|", "2/2").replace("C", "4/4"))):
                metre = (int(found[1]), int(found[2]))
            elif field == "L":
                unit = Fraction(value)
            elif field == "K" and value not in ("", "none", "HP", "Hp"):
                if not (found := re.match(r"([A-G][#b]?)\s*(\w{0,3})", value)):
                    raise ValueError(f"key '{value}'")
                key, signs = _key(found[1], found[2].lower())
                keys.append((now, key))
    if now > bar_start:
        bars.append((bar_start, now, metre))
    if not notes:
        raise DataError(f"tune {title}", "it has no note")
    beats, positions = _beats(bars)
    end = float(now)
    array = np.array([[float(a), float(b), pitch, 90.0] for a, b, pitch in notes])
    named = f"{metre[0]}/{metre[1]}"
    return Song(
        title, "folk", 120.0, (Part("melody", 40, array),), end, beats, positions, _spans(chords, end),
        keys=_spans(keys, end), metres=((0.0, end, named),),
    )  # fmt: skip


def chord_label(text: str) -> str:
    """Turn a chord symbol such as "F#m7" or "D/f+" into a Harte label without its bass; "" when it is none.

    >>> chord_label("F#m"), chord_label("D7/f+"), chord_label("fine")
    ('F#:min', 'D:7', '')
    """
    match = re.fullmatch(r"\(?([A-G][#b]?)([a-z0-9+]*)(/.*)?\)?", text.strip())
    if not match or match[2] not in QUALITIES:
        return ""
    return f"{NAMES[parse_pitch(match[1])]}:{QUALITIES[match[2]]}"


def _unit(metre: tuple[int, int]) -> Fraction:
    return Fraction(1, 8) if Fraction(*metre) >= Fraction(3, 4) else Fraction(1, 16)


def _length(text: str) -> Fraction:
    top, slash, bottom = text.partition("/")
    below = bottom.lstrip("/")
    halves = Fraction(1, 2 ** (1 + bottom.count("/"))) if slash and not below else Fraction(1)
    return Fraction(int(top or 1), int(below) if below else 1) * halves


def _key(tonic: str, mode: str) -> tuple[str, dict[str, int]]:
    """Name a key and list its signature: letter to sharp or flat."""
    fifths = {"C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5, "F": -1}[tonic[0]] + 7 * tonic.count("#")
    fifths += STEPS[mode] - 7 * tonic.count("b")
    order = "FCGDAEB" if fifths > 0 else "BEADGCF"
    kind = {0: "maj", -3: "min", -1: "mix", -2: "dor", -4: "phr", 1: "lyd", -5: "loc"}[STEPS[mode]]
    signature = {letter: int(np.sign(fifths)) for letter in order[: min(abs(fifths), 7)]}
    return f"{NAMES[parse_pitch(tonic)]}:{kind}", signature


def _beats(bars: list[tuple[Fraction, Fraction, tuple[int, int]]]) -> tuple[np.ndarray, np.ndarray]:
    beats: list[float] = []
    positions: list[int] = []
    for number, (start, end, (count, unit)) in enumerate(bars):
        beat = Fraction(4, unit) * (3 if count % 3 == 0 and count > 3 else 1)
        full = count * Fraction(4, unit)
        shift = full - (end - start) if number == 0 and end - start < full else Fraction(0)  # a pick-up
        where = -(-shift // beat) * beat
        while where - shift < end - start and where < full:
            beats.append(float(start + where - shift))
            positions.append(int(where / beat) + 1)
            where += beat
    return np.array(beats), np.array(positions, int)


def _spans(marks: list[tuple[Fraction, str]], end: float) -> tuple[tuple[float, float, str], ...]:
    edges = [float(mark) for mark, _ in marks] + [end]
    found: list[tuple[float, float, str]] = []
    for (_, label), start, stop in zip(marks, edges, edges[1:], strict=False):
        if found and found[-1][2] == label:
            found[-1] = (found[-1][0], stop, label)
        elif stop > start:
            found.append((start, stop, label))
    return tuple(found)
