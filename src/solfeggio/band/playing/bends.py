"""The pitch of players who bend notes: slides, scoops, falls, vibrato and drift, as one exact curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solfeggio.answers import Curve, Notes
from solfeggio.band.playing.touch import one_voice
from solfeggio.band.song import Part

STEP = 0.01  # seconds from one value of f0 to the next
VOICES = (52, 53, 54, 85, 91)


@dataclass(frozen=True)
class Bender:
    """How a kind of player bends. Ranges are (lowest, highest).

    odds: how likely one does it at all. glide: seconds a slide between slurred notes takes. before: share of it that
    lies before the new note. slides: share of slurs that slide. scoops, falls: share of notes that are reached from
    below, or let go. vibrato: share of long notes. depth: cents. drift: cents, also the error of each note.
    """

    odds: float
    glide: tuple[float, float] = (0.03, 0.1)
    before: float = 0.4
    slides: float = 1.0
    scoops: float = 0.0
    falls: float = 0.0
    vibrato: float = 0.8
    depth: tuple[float, float] = (10, 40)
    drift: float = 3.0


SINGER = Bender(0.9, (0.05, 0.14), 0.5, 1.0, 0.3, 0.06, 0.85, (15, 60), 6.0)
FIDDLE = Bender(0.75, (0.02, 0.1), 0.4, 0.5, 0.08, 0.0, 0.85, (10, 45), 4.0)
WIND = Bender(0.5, (0.01, 0.04), 0.4, 1.0, 0.08, 0.02, 0.5, (10, 30), 3.0)
SAX = Bender(0.65, (0.015, 0.06), 0.4, 0.8, 0.25, 0.1, 0.7, (15, 50), 4.0)
BRASS = Bender(0.5, (0.01, 0.05), 0.4, 0.7, 0.12, 0.08, 0.4, (10, 35), 4.0)
TROMBONE = Bender(0.6, (0.03, 0.12), 0.5, 0.9, 0.15, 0.08, 0.5, (10, 40), 5.0)
SYNTH = Bender(0.6, (0.02, 0.12), 0.0, 1.0, 0.05, 0.03, 0.6, (10, 40), 0.0)
GUITAR = Bender(0.4, (0.04, 0.12), 0.2, 0.3, 0.15, 0.02, 0.4, (10, 40), 1.0)
BASS = Bender(0.15, (0.03, 0.09), 0.4, 0.25, 0.05, 0.03, 0.0)
FRETLESS = Bender(0.7, (0.04, 0.12), 0.5, 0.8, 0.2, 0.03, 0.5, (10, 30), 3.0)
ACID = Bender(0.7, (0.04, 0.1), 0.0, 1.0, 0.0, 0.0, 0.0, drift=0.0)


def bender(part: Part) -> Bender | None:
    """Choose who bends a part: singers, solo strings, winds, synth leads and basses; None for all others."""
    program, tune = part.program, part.name.startswith(("melody", "lead", "solo"))
    if part.drums:
        return None
    if part.words or program in VOICES:
        return SINGER
    if program in (38, 39, 80, 81, 82, 84, 87) and part.name.startswith("bass"):
        return ACID
    if 32 <= program < 40:
        return FRETLESS if program == 35 else BASS
    kinds = {40: FIDDLE, 41: FIDDLE, 42: FIDDLE, 43: FIDDLE, 110: FIDDLE, 57: TROMBONE, 22: SAX, 78: SAX}
    if program in kinds:
        return kinds[program]
    families = {7: BRASS, 8: WIND, 9: WIND, 10: SYNTH}
    if 64 <= program < 68:
        return SAX
    if program // 8 in families and program not in (61, 62, 63):
        return families[program // 8]
    return GUITAR if tune and 24 <= program < 32 else None


def bend(
    rng: np.random.Generator, part: Part, notes: Notes, duration: float, cents: float = 0.0, seconds: float = STEP
) -> Curve | None:
    """Draw the f0 of a part whose player bends notes, every 10 ms up to ``duration``; None when nobody does.

    notes: the part as played, one at a time (chords are None). cents: tuning of the band, which the curve includes.
    """
    kind = bender(part)
    if kind is None or not one_voice(part.notes) or rng.random() > (1.0 if part.words else kind.odds):
        return None
    times = np.arange(int(np.ceil(duration / seconds))) * seconds
    which = np.searchsorted(notes.starts, times, "right") - 1
    sounds = which >= 0
    which = np.maximum(which, 0)
    sounds &= times < notes.ends[which]
    shift = _slides(rng, kind, notes, times, which) + _vibrato(rng, kind, notes, times, which)
    shift += _drift(rng, kind, len(notes), times, which)
    hz = 440 * 2 ** ((notes.pitches[which] + shift - 69 + cents / 100) / 12)
    return Curve(times, np.where(sounds, hz, 0.0), "Hz")


def _slides(rng: np.random.Generator, kind: Bender, notes: Notes, times: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Semitones off: slides from slurred note to note, scoops into notes that begin anew, falls out of their ends."""
    n = len(notes)
    starts, ends, pitches = notes.starts, notes.ends, notes.pitches
    leap = np.diff(pitches, prepend=pitches[:1])
    slurred = np.append(False, starts[1:] - ends[:-1] < 0.02) & (np.abs(leap) <= 12)
    slurred &= rng.random(n) < kind.slides
    room = np.minimum(np.append(0.3, np.diff(starts)), np.append(np.diff(starts), 0.3))
    glide = np.minimum(rng.uniform(*kind.glide) * rng.uniform(0.7, 1.3, n) * (1 + 0.05 * np.abs(leap)), 0.6 * room)
    glide = np.where(slurred, np.maximum(glide, 1e-3), 1e-3)
    leap = np.where(slurred, leap, 0.0)
    early = kind.before * glide
    done = _ramp((times - starts[which] + early[which]) / glide[which])
    shift = -leap[which] * (1 - done)
    after = np.minimum(which + 1, n - 1)
    begun = _ramp((times - starts[after] + early[after]) / glide[after])
    shift += np.where(after > which, leap[after] * begun, 0.0)
    length = ends - starts
    scooped = ~slurred & (rng.random(n) < kind.scoops) & (length > 0.15)
    scoop = np.where(scooped, rng.uniform(0.5, 2.5, n), 0.0)
    last = rng.uniform(0.05, 0.13, n)
    shift -= scoop[which] * (1 - _ramp((times - starts[which]) / last[which]))
    gap = np.append(starts[1:] - ends[:-1], 1.0)
    falling = (rng.random(n) < kind.falls) & (gap > 0.1) & (length > 0.3)
    fall = np.where(falling, rng.uniform(0.5, 3.0, n), 0.0)
    return shift - fall[which] * _ramp((times - ends[which] + 0.12) / 0.12)


def _vibrato(rng: np.random.Generator, kind: Bender, notes: Notes, times: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Semitones of vibrato: it starts late in a note, grows, and differs a little each time."""
    n = len(notes)
    inside = times - notes.starts[which]
    delay = rng.uniform(0.1, 0.35) * rng.uniform(0.7, 1.4, n)
    rate = rng.uniform(4.6, 6.4) * rng.uniform(0.96, 1.04, n)
    lasting = (notes.ends - notes.starts > delay + 0.15) & (rng.random(n) < kind.vibrato)
    deep = np.where(lasting, rng.uniform(*kind.depth) * rng.uniform(0.7, 1.3, n), 0.0)
    grown = _ramp((inside - delay[which]) / rng.uniform(0.1, 0.4))
    wave = np.sin(2 * np.pi * rate[which] * (inside - delay[which]))
    return np.clip(deep, 0, 60)[which] / 100 * grown * wave


def _drift(rng: np.random.Generator, kind: Bender, count: int, times: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Semitones off: each note's own error, and a slow wander."""
    knots = np.arange(int(times[-1] / 0.15) + 3) * 0.15 if len(times) else np.zeros(1)
    wander = np.interp(times, knots, rng.normal(0, kind.drift, len(knots)))
    error = np.clip(rng.normal(0, kind.drift, count), -2 * kind.drift, 2 * kind.drift)
    return (error[which] + wander) / 100


def _ramp(x: np.ndarray) -> np.ndarray:
    """From 0 to 1 along half a cosine as ``x`` goes from 0 to 1."""
    return (1 - np.cos(np.pi * np.clip(x, 0, 1))) / 2
