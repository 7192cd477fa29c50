"""Play a performance with sampled instruments: one exact, dry stereo stem for each part."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from solfeggio.answers import Curve, Notes, Segments
from solfeggio.band.desk import kits
from solfeggio.band.desk.banks import Bank, measured
from solfeggio.band.song import Performance
from solfeggio.errors import MissingExtra

_TAIL = 1.5  # seconds left to ring after the last note
_GAIN_DB = -9.0
_VOICES = 512  # fewer cut the oldest notes of dense chords, and the stems no longer sum to the mix
_CHANNELS = 16
_STEP, _FINE = 0.005, 0.02  # seconds and semitones between two bends of a note that moves

# the acoustic pianos of MuseScore_General need velocity modulators that tinysoundfont lacks: some of their notes vanish
_STAND_INS = {("MuseScore_General_Lite", program): 2 for program in (0, 1, 3)}

# family A's orchestra kit (48) has timpani where others have hats and cymbals, and those elsewhere
_ORCHESTRA_KIT = {42: 27, 44: 28, 46: 29, 49: 57, 51: 59, 52: 57, 53: 59, 55: 57}


def render(
    performance: Performance, bank: Bank, rng: np.random.Generator, *, kit: kits.Kit | None = None, rate: int = 44100
) -> dict[str, np.ndarray]:
    """Play each part by itself; returns part name -> (2, n) float32, all equally long, the same for the same ``rng``.

    kit: plays the drums instead of the bank's own (what it lacks is left to the bank). rate: Hz. Raises
    MissingExtra without tinysoundfont.
    """
    samples = round((performance.duration + _TAIL) * rate)
    cents = performance.cents
    stems: dict[str, np.ndarray] = {}
    for part in performance.parts:
        notes = pedalled(part.notes, part.pedal)
        if part.drums and kit is not None:
            stem, played = kits.play(kit, notes, rng, rate, samples)
            if not played.all():
                rest = play(bank, notes.take(~played), part.program, True, rate, samples)
                peak = float(np.abs(rest).max())  # banks differ by 20 dB in level: fit this one to the kit
                stem += rest * np.float32(0.6 * (float(np.abs(stem).max()) or 1.0) / peak if peak else 1.0)
        else:
            stem = play(bank, notes, part.program, part.drums, rate, samples, cents, part.f0)
        stems[unique(part.name, stems)] = stem
    return stems


def unique(name: str, taken: dict[str, Any]) -> str:
    """Name a stem; a part whose name is taken gets a number.

    >>> unique("guitar", {"guitar": 0})
    'guitar 2'
    """
    key, copy = name, 2
    while key in taken:
        key, copy = f"{name} {copy}", copy + 1
    return key


def pedalled(notes: Notes, pedal: Segments | None) -> Notes:
    """Let notes that end while the sustain pedal is down ring until it is lifted."""
    if pedal is None or not len(pedal.starts) or not len(notes):
        return notes
    at = np.searchsorted(pedal.starts, notes.ends, side="right") - 1
    held = (at >= 0) & (notes.ends < pedal.ends[np.maximum(at, 0)])
    ends = np.where(held, pedal.ends[np.maximum(at, 0)], notes.ends)
    return Notes(notes.starts, ends, notes.pitches, notes.velocities, notes.labels)


def play(
    bank: Bank,
    notes: Notes,
    program: int,
    drums: bool,
    rate: int,
    samples: int,
    cents: float = 0.0,
    f0: Curve | None = None,
    *,
    as_is: bool = False,
) -> np.ndarray:
    """Play notes with one program of a bank, note by note on the sample clock; returns (2, samples) float32.

    A note that is struck again while it sounds is released first. cents: tuning of the whole part. f0: Hz, of a part
    that plays one note at a time; bends every note to it (0: the pitch as it was). Samples that start late or
    are out of tune are put right by what ``scripts/measure_banks.py`` measured. as_is: they are not.
    """
    synth = _synth(bank, rate)
    synth.sounds_off()
    synth.generate_simple(rate // 5)  # lets what a former part left ring out
    if not drums:
        program = _STAND_INS.get((bank.name, int(program)), int(program))
    keys = np.clip(np.round(notes.pitches), 0, 127).astype(int)
    if drums and (bank.family, int(program)) == ("A", 48):
        keys = np.array([_ORCHESTRA_KIT.get(key, key) for key in keys.tolist()], int)
    sound = None if as_is else measured(bank.name, int(program), drums)
    late = sound.late[keys] if sound is not None else np.zeros(len(keys))
    off = 2 * np.round(sound.cents[keys] / 2) if sound is not None and not drums else np.zeros(len(keys))
    channels = _channels(off, f0 is not None, drums)
    for channel in np.unique(channels).tolist():
        synth.program_change(channel, int(program), drums)
        synth.set_tuning(channel, 0.0 if drums else cents / 100)
    events = _events(notes.starts - late, notes.ends, keys, notes.velocities, channels, rate, drums)
    if not drums:
        events += _tunings(notes, keys, channels, off, cents, f0, late, rate)
        events.sort()
    out = np.zeros((samples, 2), np.float32)
    view, now = memoryview(out.data.cast("B")), 0
    for when, kind, channel, key, value in events:
        if when >= samples:
            break
        if when > now:
            synth.generate_simple(when - now, view[now * 8 : when * 8])
            now = when
        if kind == _ON:
            synth.noteon(channel, key, int(value))
        elif kind == _OFF:
            synth.noteoff(channel, key)
        else:
            synth.set_tuning(channel, value)
    if now < samples:
        synth.generate_simple(samples - now, view[now * 8 :])
    return np.ascontiguousarray(out.T)


_OFF, _TUNE, _ON = 0, 1, 2  # the order at one sample


def _channels(off: np.ndarray, moves: bool, drums: bool) -> np.ndarray:
    """Choose a channel for each note: one for all drums; one for each correction of pitch; notes that move take turns,
    so that the end of one is not bent with the next.
    """
    if drums:
        return np.full(len(off), 9)
    if moves:
        return np.arange(len(off)) % 4
    return np.unique(off, return_inverse=True)[1] % _CHANNELS


def _tunings(
    notes: Notes,
    keys: np.ndarray,
    channels: np.ndarray,
    off: np.ndarray,
    cents: float,
    f0: Curve | None,
    late: np.ndarray,
    rate: int,
) -> list[tuple[int, int, int, int, float]]:
    """List the events that tune: each channel once, or every few milliseconds along ``f0``."""
    if f0 is None:
        first = {channel: off[channels == channel][0] for channel in np.unique(channels).tolist()}
        return [(0, _TUNE, channel, 0, (cents - float(value)) / 100) for channel, value in first.items()]
    voiced = f0.values > 0
    if not voiced.any():
        return []
    when = f0.times[voiced]
    semitones = 69 + 12 * np.log2(f0.values[voiced] / 440)
    events = []
    for i in range(len(keys)):
        times = np.arange(notes.starts[i], max(notes.ends[i], notes.starts[i] + _STEP), _STEP)
        bend = np.interp(times + _STEP / 2, when, semitones) - keys[i]
        near = np.searchsorted(when, times)
        gap = np.minimum(
            np.abs(when[np.minimum(near, len(when) - 1)] - times), np.abs(when[np.maximum(near - 1, 0)] - times)
        )
        bend = np.where(gap > 0.02, notes.pitches[i] - keys[i] + cents / 100, bend) - off[i] / 100
        changed = np.r_[True, np.diff(np.round(bend / _FINE)) != 0]
        at = np.round(times * rate).astype(int)
        at[0] = max(round((times[0] - late[i]) * rate), 0)
        channel = int(channels[i])
        events += [
            (w, _TUNE, channel, 0, b)
            for w, b in zip(at[changed].tolist(), bend[changed].tolist(), strict=True)
            if w >= 0
        ]
    return events


def _events(
    starts: np.ndarray,
    ends: np.ndarray,
    keys: np.ndarray,
    velocities: np.ndarray,
    channels: np.ndarray,
    rate: int,
    drums: bool,
) -> list[tuple[int, int, int, int, float]]:
    """List (sample, kind, channel, key, velocity) in playing order: at one sample, offs before ons."""
    begin = np.maximum(np.round(starts * rate).astype(int), 0)
    end = np.maximum(np.round(ends * rate).astype(int), begin + round(0.02 * rate))
    if not drums:  # end a note where its key is struck again: one off would otherwise stop both
        order = np.lexsort((begin, keys, channels))
        again = np.flatnonzero((np.diff(keys[order]) == 0) & (np.diff(channels[order]) == 0))
        end[order[again]] = np.minimum(end[order[again]], begin[order[again + 1]])
    loud = np.clip(np.round(velocities), 1, 127)
    kinds = np.repeat([_ON, _OFF], len(keys))
    columns = (np.r_[begin, end], kinds, np.r_[channels, channels], np.r_[keys, keys], np.r_[loud, loud])
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


@lru_cache(maxsize=4)
def _synth(bank: Bank, rate: int) -> Any:
    """Open a bank once for this process: loading costs more than a song."""
    try:
        import tinysoundfont
    except ImportError as error:
        raise MissingExtra(
            "the font engine needs tinysoundfont", "it is not installed", "pip install --no-deps tinysoundfont"
        ) from error
    synth = tinysoundfont.Synth(gain=_GAIN_DB, samplerate=rate)
    synth.sfload(str(bank.path), max_voices=_VOICES)
    return synth
