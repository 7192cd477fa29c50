"""Those who sing: voices made from espeak-ng's and Sinsy's, each with a body, a manner and a side of its own.

Nobody here is a recorded singer. What tests hear (variants, formants, languages) is not heard in training.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from solfeggio.answers import Curve, Notes
from solfeggio.band.chance import pick, weigh
from solfeggio.band.singing import espeak_voice, sinsy_voice, vocoder
from solfeggio.band.singing.syllables import BINS, HOP, RATE, Syllables, spoken
from solfeggio.band.singing.words import language
from solfeggio.band.song import Performance, Played
from solfeggio.errors import MissingExtra

VARIANTS = {  # side -> kind -> variants of espeak-ng
    "train": {"man": ("", "+m1", "+m3", "+m5", "+m7", "+klatt"), "woman": ("+f1", "+f3", "+f5", "+linda")},
    "test": {"man": ("+m2", "+m4", "+m8", "+klatt2"), "woman": ("+f2", "+f4", "+steph")},
}
FORMANTS = {"man": (0.9, 1.06), "woman": (0.95, 1.1), "child": (1.12, 1.25)}  # scaling of the variant's own
SINSY_FORMANTS = {  # the one woman of Sinsy is many singers by scaling
    "train": {"man": (0.8, 0.86), "woman": (0.98, 1.06), "child": (1.14, 1.22)},
    "test": {"man": (0.87, 0.92), "woman": (0.93, 0.97), "child": (1.08, 1.13)},
}
MANNERS = {  # breath (share of noise), tilt (dB an octave), ring at 3 kHz (dB), jitter
    "plain": (0.03, 0.0, 3.0, 0.0015),
    "breathy": (0.3, -2.0, 0.0, 0.002),
    "belted": (0.01, 2.0, 6.0, 0.002),
    "trained": (0.01, -0.5, 9.0, 0.001),
    "rough": (0.15, 1.5, 3.0, 0.004),
}
_HZ = np.arange(BINS, dtype=np.float32) * (RATE / 2 / (BINS - 1))
_DB = np.float32(np.log(10) / 20)
_OCTAVES = np.log2(np.maximum(_HZ, 400) / 400).astype(np.float32)
_RING = np.exp(-0.5 * ((_HZ - 3000) / 450) ** 2).astype(np.float32)


@dataclass(frozen=True)
class Singer:
    """Who sings. engine: "espeak" or "sinsy". kind: "man", "woman" or "child". variant: of espeak-ng.

    formants: lowest and highest scaling of the vocal tract, drawn for each song. manner: of MANNERS.
    """

    name: str
    engine: str
    kind: str
    variant: str
    formants: tuple[float, float]
    manner: str = "plain"


def installed() -> bool:
    """Tell whether all who sing are here."""
    return not _lacking()


def require() -> None:
    """Raise MissingExtra, which says how to get them, when there are no voices."""
    if lacking := _lacking():
        raise MissingExtra("no voices to sing with", f"{lacking} is not installed", "run scripts/install-band.sh")


@cache
def _lacking() -> str:
    """What is missing: all of it is needed, so that a corpus sounds the same everywhere."""
    if not espeak_voice.installed():
        return "espeak-ng"
    return next((name for name in ("pyworld", "pysinsy") if importlib.util.find_spec(name) is None), "")


def singers(side: str) -> tuple[Singer, ...]:
    """List who sings on a side: "train" (and "valid"), or "test"; the same on every machine.

    >>> {s.name for s in singers("train")} & {s.name for s in singers("test")}
    set()
    """
    side = "test" if side == "test" else "train"
    out = []
    for kind, variants in VARIANTS[side].items():
        out += [Singer(f"espeak{v or '+m0'}", "espeak", kind, v, FORMANTS[kind]) for v in variants]
    out += [Singer(f"espeak{v}-child", "espeak", "child", v, FORMANTS["child"]) for v in VARIANTS[side]["woman"][:2]]
    out += [
        Singer(f"sinsy-{kind}-{side}", "sinsy", kind, "", formants) for kind, formants in SINSY_FORMANTS[side].items()
    ]
    return tuple(out)


def sing_parts(
    performance: Performance, rng: np.random.Generator, side: str, rate: int, samples: int
) -> tuple[dict[int, np.ndarray], list[str]]:
    """Sing every part that has words; returns (index of the part -> (2, samples) float32, who sang).

    Parts in harmony are sung by a choir, several to a part; a lead may be doubled. Raises MissingExtra without voices.
    """
    require()
    sung = [i for i, part in enumerate(performance.parts) if part.words and len(part.notes)]
    leads = [i for i in sung if performance.parts[i].name != "harmony"]
    choir = len(leads) > 2
    crowd = not choir and rng.random() < 0.06
    double = rng.random() < 0.2
    manner = pick(rng, ("plain", "trained")) if choir else pick(rng, (*MANNERS, "plain", "plain"))
    stems, names, last = {}, [], None
    for i in sung:
        part = performance.parts[i]
        singer = replace(last, manner=manner) if part.name == "harmony" and last else cast(rng, part, side, manner)
        last = singer
        count = 2 if choir else 5 if crowd else 2 if double else 1
        stem = np.zeros((2, samples), np.float32)
        for k in range(count):
            alone = sing(part, singer, rng, rate, samples, cents=performance.cents, apart=0.0 if k == 0 else 1.0)
            angle = (rng.uniform(-0.7, 0.7) * (count > 1) * (k > 0 or count > 2) + 1) * np.pi / 4
            stem += np.array([[np.cos(angle)], [np.sin(angle)]], np.float32) * alone
        stems[i] = stem
        names.append(singer.name)
    return stems, names


def cast(rng: np.random.Generator, part: Played, side: str, manner: str = "plain") -> Singer:
    """Choose a singer whose range the part is in; Japanese is mostly Sinsy's, where it is installed."""
    middle = float(np.median(part.notes.pitches))
    man, woman, child = ([55, 61, 69], [1, 0.5, 0]), ([53, 61], [0, 0.5]), ([60, 68], [0, 0.12])
    shares = {"man": man, "woman": woman, "child": child}  # by MIDI pitch
    kind = weigh(rng, {kind: float(np.interp(middle, *share)) for kind, share in shares.items()})
    engine = "espeak"
    if language(part.words) == "ja" and rng.random() < 0.8:
        engine = "sinsy"
    able = [s for s in singers(side) if s.kind == kind and s.engine == engine]
    return replace(pick(rng, able), manner=manner)


def sing(
    played: Played,
    singer: Singer,
    rng: np.random.Generator,
    rate: int,
    samples: int,
    *,
    cents: float = 0.0,
    apart: float = 0.0,
) -> np.ndarray:
    """Sing a part dry; returns (samples,) float32, the same for the same ``rng``.

    Vowels begin where notes do, at the part's own f0 (its notes' pitches, ``cents`` off, where it has none). apart: how
    far this singer strays from that in time and pitch, 0 exact to 1 as people in a choir do.
    """
    units = _units(singer, played.words, bool(np.median(played.notes.pitches) > 66))
    rng_frames = -(-round(samples * RATE / rate) // HOP) + 1
    notes = played.notes.shift(0.0)
    shift = float(np.clip(rng.normal(0, 0.012), -0.03, 0.03)) * apart
    track, gain_db, voiced = _track(rng, notes, played.words, units, rng_frames, shift, apart)
    f0 = _f0(played, cents, rng_frames * HOP)
    if apart:
        knots = np.arange(0, rng_frames * HOP + RATE, RATE // 2)
        wander = rng.normal(0, 5, len(knots)) + rng.normal(0, 5)
        f0 = f0 * 2 ** (np.interp(np.arange(rng_frames * HOP), knots, apart * wander) / 1200)
    breath, tilt, ring, jitter = MANNERS[singer.manner]
    active = np.flatnonzero(gain_db > -80)
    out = np.zeros(rng_frames * HOP, np.float32)
    body = _body(rng, units.envelopes, float(rng.uniform(*singer.formants)))
    body += (tilt + float(rng.normal(0, 1))) * _DB * _OCTAVES + float(rng.uniform(0.3, 1)) * ring * _DB * _RING
    airy = 0.001 + 0.5 * np.clip((_HZ - 1500) / 8000, 0, 1) + breath * np.clip((_HZ - 700) / 4000, 0.003, 1)
    airy = np.clip(airy, 0, 0.95).astype(np.float32)
    for a, b in _stretches(active):
        low = np.floor(track[a:b]).astype(int)
        share = (track[a:b] - low).astype(np.float32)[:, None]
        frames = body[low] * (1 - share) + body[np.minimum(low + 1, len(body) - 1)] * share
        frames[1:-1] = 0.25 * frames[:-2] + 0.5 * frames[1:-1] + 0.25 * frames[2:]
        frames += _alive(rng, b - a) + (gain_db[a:b, None] * _DB) * (1 + 0.12 * _OCTAVES)
        piece = vocoder.synthesise(
            frames, HOP, RATE, f0[a * HOP : b * HOP], voiced[a:b].astype(np.float32), airy, rng, jitter=jitter
        )
        out[a * HOP : b * HOP] = piece
    if rate != RATE:
        import soxr

        out = soxr.resample(out, RATE, rate)
    out = np.pad(out, (0, max(0, samples - len(out))))[:samples]
    return out * np.float32(0.3 / (float(np.abs(out).max()) or 1.0))


def _units(singer: Singer, words: tuple[str, ...], high: bool) -> Syllables:
    if singer.engine == "sinsy":
        return sinsy_voice.sung(high)
    return spoken(language(words) + singer.variant, tuple(sorted({word for word in words if word})))


def _track(
    rng: np.random.Generator,
    notes: Notes,
    words: tuple[str, ...],
    units: Syllables,
    count: int,
    shift: float,
    apart: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where in the syllables each output frame reads, its gain in dB (-100 is silence), and how voiced it is."""
    track, gain_db, voiced = np.zeros(count), np.full(count, -100.0), np.zeros(count)
    starts = (notes.starts + shift) * RATE / HOP
    ends = np.maximum((notes.ends + shift) * RATE / HOP, starts + 4)
    heads = [i for i, word in enumerate(words) if word]
    fallback = next(iter(units.cuts))
    level_db = (notes.velocities - 96) * 0.11
    breaths = float(rng.choice([0.0, 0.5, 0.9]))
    before = 0.0  # frame at which the last syllable ends
    for k, head in enumerate(heads):
        after = heads[k + 1] if k + 1 < len(heads) else len(words)
        begin, vowel, hold, release, stop = units.cuts.get(words[head], units.cuts[fallback])
        start = starts[head] + apart * float(np.clip(rng.normal(0, 1.5), -4, 4))
        end = ends[after - 1]
        legato = after < len(words) and starts[after] - end < 8
        if legato:
            following = units.cuts.get(words[after], units.cuts[fallback])
            onset = min(following[1] - following[0], 0.45 * (starts[after] - starts[after - 1]))
            end = max(starts[after] - onset, start + 3)
        onset = min(vowel - begin, max(start - max(before, starts[head - 1] if head else 0.0), 0.0) * 0.9 + 1)
        if head == 0 or start - before > 20:
            onset = vowel - begin
            if rng.random() < breaths and start - onset - before > 60:
                _inhale(rng, track, gain_db, int(start - onset), hold)
        attack = min(hold - vowel, 0.35 * (end - start))
        tail = min(stop - release, 0.45 * (end - start))
        fade = 0 if legato else int(rng.integers(6, 20))
        a, b = max(int(np.ceil(start - onset)), 0), min(int(end + fade), count)
        if b <= a:
            continue
        at = np.arange(a, b)
        knots = [start - onset, start, start + attack, max(end - tail, start + attack + 0.1), end + fade + 0.2]
        track[a:b] = np.interp(at, knots, [begin, vowel, hold, release, stop])
        swell = 1.5 * np.sin(np.pi * np.clip((at - start) / max(end - start, 60), 0, 1))
        if not legato:
            swell = swell - 30 * np.clip((at - end + 2) / (fade + 2), 0, 1) ** 2
        which = np.clip(np.searchsorted(starts[head:after], at, "right") - 1 + head, head, after - 1)
        gain_db[a:b] = level_db[which] + swell + float(rng.normal(0, 0.7))
        voiced[a:b] = units.voiced[np.round(track[a:b]).astype(int)]
        voiced[(np.arange(count) >= start) & (np.arange(count) < max(end - tail, start + attack))] = 1.0
        before = end
    return track, gain_db, voiced


def _inhale(rng: np.random.Generator, track: np.ndarray, gain_db: np.ndarray, end: int, frame: int) -> None:
    """Breathe in before a phrase: the vowel to come, whispered softly."""
    length = int(rng.integers(35, 75))
    a, b = max(end - length - 10, 0), max(end - 10, 0)
    if b - a < 20:
        return
    track[a:b] = frame
    gain_db[a:b] = rng.uniform(-38, -26) - 14 * (1 - np.sin(np.linspace(0.1, np.pi - 0.4, b - a)))


def _f0(played: Played, cents: float, count: int) -> np.ndarray:
    """Hz at every sample; where nobody sings, that of the nearest note."""
    times = np.arange(count) / RATE
    curve = played.f0
    if curve is None:
        notes = played.notes
        grid = np.arange(int(np.ceil(count / RATE / 0.01)) + 1) * 0.01
        which = np.maximum(np.searchsorted(notes.starts, grid + 1e-9, "right") - 1, 0)
        inside = (grid >= notes.starts[which]) & (grid < notes.ends[which])
        hz = 440 * 2 ** ((notes.pitches[which] - 69 + cents / 100) / 12)
        curve = Curve(grid, np.where(inside, hz, 0.0), "Hz")
    sounds = np.flatnonzero(curve.values > 0)
    if not len(sounds):
        return np.full(count, 200.0)
    frame = np.arange(len(curve.values))
    later = sounds[np.minimum(np.searchsorted(sounds, frame), len(sounds) - 1)]
    earlier = sounds[np.maximum(np.searchsorted(sounds, frame, "right") - 1, 0)]
    near = np.where((frame - earlier < 6) & (earlier <= frame), earlier, later)
    return np.interp(times, curve.times, curve.values[near])


def _body(rng: np.random.Generator, envelopes: np.ndarray, formant: float) -> np.ndarray:
    """Give envelopes another throat: formants scaled, the first two a little on their own."""
    low, high = formant * float(np.exp(rng.normal(0, 0.03))), formant * float(np.exp(rng.normal(0, 0.02)))
    source = np.interp(_HZ, [0, 900 * low, 2500 * high, 11025 * max(high, 1)], [0, 900, 2500, 11025]) / _HZ[1]
    source = np.minimum(source, BINS - 1.001)
    first = source.astype(int)
    share = (source - first).astype(np.float32)
    return envelopes[:, first] * (1 - share) + envelopes[:, first + 1] * share


def _alive(rng: np.random.Generator, count: int) -> np.ndarray:
    """Slow changes of timbre, (count, BINS) log amplitudes: nobody holds a vowel quite still."""
    knots = np.arange(0, count + 60, 30)
    slow: Any = [np.interp(np.arange(count), knots, rng.normal(0, 1.0, len(knots))) for _ in range(4)]
    shapes = np.cos(np.pi * np.arange(1, 5)[:, None] * np.sqrt(_HZ / _HZ[-1])[None])
    return (np.array(slow).T @ shapes * _DB).astype(np.float32)


def _stretches(frames: np.ndarray) -> list[tuple[int, int]]:
    """Runs of consecutive frames."""
    if not len(frames):
        return []
    edges = np.flatnonzero(np.diff(frames) > 1)
    first = np.concatenate([[frames[0]], frames[edges + 1]])
    last = np.concatenate([frames[edges], [frames[-1]]]) + 1
    return list(zip(first.tolist(), last.tolist(), strict=True))
