"""A synthesiser in plain numpy: no fonts, no files, so tests, smoke runs and the demo sound the same anywhere.

Pitched notes read two wavetables (a body, and a brightness that fades faster); drums are swept sines and hiss.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from solfeggio.answers import Curve, Notes
from solfeggio.band import demo as written
from solfeggio.band.desk import filters
from solfeggio.band.desk.render import pedalled, unique
from solfeggio.band.song import Performance

_TABLE = 8192
_TAIL = 1.5  # seconds left to ring after the last note


@dataclass(frozen=True)
class Voice:
    """A kind of instrument: harmonics fall by ``slope``; times in seconds.

    decay: to -60 dB of a plucked note, 0 holds it. bright: decay of the upper harmonics. odd: level of even harmonics.
    vibrato: depth in semitones.
    """

    slope: float
    attack: float
    decay: float
    release: float
    bright: float = 0.3
    odd: float = 1.0
    vibrato: float = 0.0


PIANO = Voice(1.5, 0.003, 4.0, 0.12, 0.4)
MALLET = Voice(2.5, 0.002, 1.2, 0.3, 0.08, 0.2)
ORGAN = Voice(1.2, 0.012, 0, 0.05, 0, 0.7)
GUITAR = Voice(1.1, 0.002, 2.5, 0.08, 0.25)
DISTORTED = Voice(0.7, 0.004, 0, 0.06, 0)
BASS = Voice(1.4, 0.004, 3.0, 0.06, 0.2)
STRINGS = Voice(1.1, 0.08, 0, 0.25, 0, 1.0, 0.06)
WIND = Voice(1.6, 0.03, 0, 0.08, 0, 0.5, 0.12)
LEAD = Voice(0.9, 0.008, 0, 0.08, 0, 1.0, 0.08)
PAD = Voice(1.6, 0.25, 0, 0.5, 0, 0.8)
# General MIDI families of eight programs
_FAMILIES = (
    PIANO,
    MALLET,
    ORGAN,
    GUITAR,
    BASS,
    STRINGS,
    STRINGS,
    WIND,
    WIND,
    WIND,
    LEAD,
    PAD,
    PAD,
    GUITAR,
    MALLET,
    PAD,
)


def voice(program: int) -> Voice:
    """Choose the voice of a General MIDI program.

    >>> voice(33) is BASS
    True
    """
    return DISTORTED if program in (29, 30) else _FAMILIES[int(program) % 128 // 8]


def sketch(performance: Performance, rng: np.random.Generator, rate: int) -> dict[str, np.ndarray]:
    """Play each part; returns part name -> (2, n) float32, all equally long, the same for the same ``rng``."""
    samples = round((performance.duration + _TAIL) * rate)
    cents = round(performance.cents)
    stems: dict[str, np.ndarray] = {}
    for part in performance.parts:
        kind, notes = voice(part.program), pedalled(part.notes, part.pedal)
        pan = 0.0 if part.drums or kind is BASS else float(rng.uniform(-0.5, 0.5))
        if part.drums:
            mono = _play_drums(notes, rate, samples)
        elif part.f0 is not None:
            mono = _sing(notes, kind, part.f0, cents, rate, samples)
        else:
            mono = _play(notes, kind, cents, rate, samples)
        angle = (pan + 1) * np.pi / 4
        stems[unique(part.name, stems)] = np.stack([np.cos(angle) * mono, np.sin(angle) * mono]).astype(np.float32)
    return stems


def demo(rate: int = 44100) -> tuple[np.ndarray, int, Performance]:
    """Play the built-in song: (samples (2, n) float32, rate Hz, what was played); 41 s, a bridge in 3/4.

    >>> samples, rate, played = demo(22050)
    >>> samples.shape[0], rate, len(played.beats)
    (2, 22050, 69)
    """
    played, rng = written.performance(), np.random.default_rng(7)
    response = filters.room(np.random.default_rng(1), rate)
    out = np.zeros((2, 0), np.float32)
    for name, stem in sketch(played, rng, rate).items():
        level, send = written.DESK[name]
        stem = stem * np.float32(level / np.sqrt(np.mean(stem**2)))
        wet = filters.convolve(stem.mean(0) * np.float32(send), response)
        out = stem + wet if not out.size else out + stem + wet
    out = np.tanh(out * np.float32(1.4 / np.abs(out).max()))
    return (out * np.float32(0.85 / np.abs(out).max())).astype(np.float32), rate, played


def _play(notes: Notes, kind: Voice, cents: int, rate: int, samples: int) -> np.ndarray:
    out = np.zeros(samples, np.float32)
    for start, end, pitch, velocity in zip(notes.starts, notes.ends, notes.pitches, notes.velocities, strict=True):
        begin = round(start * rate)
        sound = _note(kind, round(float(pitch) + cents / 100, 2), max(round(end - start, 2), 0.03), rate)
        length = min(len(sound), samples - begin)
        if length > 0 and begin >= 0:
            out[begin : begin + length] += sound[:length] * np.float32(0.2 * (velocity / 127) ** 1.5)
    return np.tanh(out * 3) / 3 if kind is DISTORTED else out


@lru_cache(maxsize=512)
def _note(kind: Voice, pitch: float, seconds: float, rate: int) -> np.ndarray:
    """One note at full level, mono; its release comes after ``seconds``."""
    n = round((seconds + kind.release) * rate)
    time = np.arange(n, dtype=np.float32) / np.float32(rate)
    hz = 440 * 2 ** ((pitch - 69) / 12)
    phase = np.arange(n) * (hz / rate)
    if kind.vibrato:
        deep = hz * (2 ** (kind.vibrato / 12) - 1) / (2 * np.pi * 5.5)
        phase = phase + deep * (1 - np.cos(2 * np.pi * 5.5 * time)) * np.minimum(time / 0.4, 1)
    return _tone(kind, phase, hz, seconds, rate)


def _sing(notes: Notes, kind: Voice, f0: Curve, cents: int, rate: int, samples: int) -> np.ndarray:
    """Play notes whose pitch moves along ``f0`` (Hz; where it is 0, the pitch of the note)."""
    out = np.zeros(samples, np.float32)
    voiced = f0.values > 0
    for start, end, pitch, velocity in zip(notes.starts, notes.ends, notes.pitches, notes.velocities, strict=True):
        begin, seconds = round(start * rate), max(end - start, 0.03)
        n = min(round((seconds + kind.release) * rate), samples - begin)
        if n <= 0:
            continue
        hz = 440 * 2 ** ((pitch + cents / 100 - 69) / 12)
        inside = voiced & (f0.times >= start - 0.011) & (f0.times <= end + 0.011)
        path = np.full(n, hz)
        if inside.any():
            path = np.interp(begin / rate + np.arange(n) / rate, f0.times[inside], f0.values[inside])
        sound = _tone(kind, np.cumsum(path) / rate, float(path.max()), seconds, rate)
        out[begin : begin + n] += sound * np.float32(0.2 * (velocity / 127) ** 1.5)
    return np.tanh(out * 3) / 3 if kind is DISTORTED else out


def _tone(kind: Voice, phase: np.ndarray, hz: float, seconds: float, rate: int) -> np.ndarray:
    """Sound a voice along ``phase`` (n,), in periods; hz: the highest it gets. The release comes after ``seconds``."""
    time = np.arange(len(phase), dtype=np.float32) / np.float32(rate)
    index = (phase * _TABLE).astype(np.int64) & (_TABLE - 1)
    body, bright = _tables(kind, min(int(0.45 * rate / hz), 40))
    wave = body[index]
    if kind.bright:
        wave = wave + bright[index] * np.exp(np.float32(-6.9 / kind.bright) * time)
    else:
        wave = wave + np.float32(0.7) * bright[index]
    if kind.decay:  # low strings ring longer
        wave = wave * np.exp(np.float32(-6.9 / (kind.decay * (261.63 / hz) ** 0.5)) * time)
    gate = np.clip(time / np.float32(kind.attack), 0, 1) * np.clip((seconds + kind.release - time) / kind.release, 0, 1)
    return (wave * gate).astype(np.float32)


@lru_cache(maxsize=512)
def _tables(kind: Voice, harmonics: int) -> tuple[np.ndarray, np.ndarray]:
    """One period of the first four harmonics, and of the rest."""
    angle = 2 * np.pi * np.arange(_TABLE) / _TABLE
    number = np.arange(1, max(harmonics, 1) + 1)
    level = number.astype(float) ** -kind.slope * np.where(number % 2 == 0, kind.odd, 1.0)
    waves = level[:, None] * np.sin(number[:, None] * angle)
    return waves[:4].sum(0).astype(np.float32), waves[4:].sum(0).astype(np.float32)


def _play_drums(notes: Notes, rate: int, samples: int) -> np.ndarray:
    out = np.zeros(samples, np.float32)
    for start, pitch, velocity in zip(notes.starts, notes.pitches, notes.velocities, strict=True):
        begin, hit = round(start * rate), _hit(int(pitch), rate)
        length = min(len(hit), samples - begin)
        if length > 0 and begin >= 0:
            out[begin : begin + length] += hit[:length] * np.float32((velocity / 127) ** 1.5)
    return out


@lru_cache(maxsize=256)
def _hit(pitch: int, rate: int) -> np.ndarray:
    """One stroke of a General MIDI drum at full level, mono."""
    rng = np.random.default_rng(pitch)

    def swept(high: float, low: float, sweep: float, decay: float) -> np.ndarray:
        time = np.arange(round(decay * rate)) / rate
        phase = low * time + (high - low) * sweep * (1 - np.exp(-time / sweep))
        return np.sin(2 * np.pi * phase) * np.exp(-6.9 * time / decay)

    def noise(decay: float, high_pass: int) -> np.ndarray:
        count = round(decay * rate)
        hiss = rng.standard_normal(count + high_pass)
        for _ in range(high_pass):
            hiss = np.diff(hiss) * 0.6
        return hiss * np.exp(-6.9 * np.arange(count) / rate / decay)

    def together(*sounds: np.ndarray) -> np.ndarray:
        total = np.zeros(max(map(len, sounds)))
        for sound in sounds:
            total[: len(sound)] += sound
        return total

    if pitch in (35, 36):
        hit = together(swept(190, 48, 0.03, 0.4), 0.25 * noise(0.01, 1))
    elif pitch in (38, 40):
        hit = together(0.5 * swept(260, 180, 0.02, 0.18), 0.35 * noise(0.22, 1))
    elif pitch in (37, 39, 75, 76, 77):
        hit = together(0.3 * swept(1700, 1600, 0.01, 0.05), 0.3 * noise(0.09 if pitch == 39 else 0.02, 1))
    elif pitch in (41, 43, 45, 47, 48, 50, 60, 61, 62, 63, 64, 65, 66):
        low = 70 * 2 ** ((pitch - 41) / 9)
        hit = together(0.8 * swept(1.6 * low, low, 0.05, 0.4), 0.1 * noise(0.05, 1))
    elif pitch in (42, 44, 54, 69, 70, 82):
        hit = 0.22 * noise(0.07, 3)
    elif pitch == 46:
        hit = 0.22 * noise(0.5, 3)
    elif pitch in (49, 52, 55, 57):
        hit = 0.3 * noise(1.6, 2)
    elif pitch in (51, 53, 59, 56, 67, 68, 80, 81):
        bell = 560 if pitch == 56 else 3100
        hit = together(
            0.12 * noise(0.7, 3), 0.08 * swept(bell, bell, 1, 0.4), 0.06 * swept(1.48 * bell, 1.48 * bell, 1, 0.4)
        )
    else:
        hit = 0.2 * noise(0.1, 2)
    return hit.astype(np.float32)
