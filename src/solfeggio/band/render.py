"""Play a performance with sampled instruments: one exact, dry stereo stem for each part."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from solfeggio.answers import Notes
from solfeggio.band import kits
from solfeggio.band.banks import Bank
from solfeggio.band.song import Performance
from solfeggio.errors import MissingExtra

_TAIL = 1.5  # seconds left to ring after the last note
_GAIN_DB = -9.0
_VOICES = 512  # fewer cut the oldest notes of dense chords, and the stems no longer sum to the mix

# the acoustic pianos of MuseScore_General need velocity modulators that tinysoundfont lacks: some of their notes vanish
_STAND_INS = {("MuseScore_General_Lite", program): 2 for program in (0, 1, 3)}

# seconds of silence at the start of every sample of a bank
_LATE = {"OPL-3_FM_128M": 0.0065}


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
        name, program, drums, notes = part.name, part.program, part.drums, part.notes
        if drums and kit is not None:
            stem, played = kits.play(kit, notes, rng, rate, samples)
            if not played.all():
                rest = play(bank, notes.take(~played), program, True, rate, samples)
                peak = float(np.abs(rest).max())  # banks differ by 20 dB in level: fit this one to the kit
                stem += rest * (0.6 * (float(np.abs(stem).max()) or 1.0) / peak if peak else 1.0)
        else:
            stem = play(bank, notes, program, drums, rate, samples, cents)
        key, copy = name, 2
        while key in stems:
            key, copy = f"{name} {copy}", copy + 1
        stems[key] = stem
    return stems


def play(
    bank: Bank, notes: Notes, program: int, drums: bool, rate: int, samples: int, cents: float = 0.0
) -> np.ndarray:
    """Play notes with one program of a bank, note by note on the sample clock; returns (2, samples) float32.

    A note that is struck again while it sounds is released first. cents: tuning of the whole part.
    """
    synth, channel = _synth(bank, rate), 9 if drums else 0
    synth.sounds_off()
    synth.generate_simple(rate // 5)  # lets what a former part left ring out
    if not drums:
        program = _STAND_INS.get((bank.name, int(program)), program)
    synth.program_change(channel, int(program), drums)
    synth.set_tuning(channel, cents / 100)
    out = np.zeros((samples, 2), np.float32)
    view, now = memoryview(out.data.cast("B")), 0
    for when, on, pitch, velocity in _events(notes.shift(-_LATE.get(bank.name, 0.0)), rate, drums):
        if when >= samples:
            break
        if when > now:
            synth.generate_simple(when - now, view[now * 8 : when * 8])
            now = when
        if on:
            synth.noteon(channel, pitch, velocity)
        else:
            synth.noteoff(channel, pitch)
    if now < samples:
        synth.generate_simple(samples - now, view[now * 8 :])
    return np.ascontiguousarray(out.T)


def _events(notes: Notes, rate: int, drums: bool) -> list[tuple[int, int, int, int]]:
    """List (sample, on, pitch, velocity) in playing order: at one sample, offs before ons."""
    starts = np.maximum(np.round(notes.starts * rate).astype(int), 0)
    ends = np.maximum(np.round(notes.ends * rate).astype(int), starts + round(0.02 * rate))
    pitches = np.clip(np.round(notes.pitches), 0, 127).astype(int)
    velocities = np.clip(np.round(notes.velocities), 1, 127).astype(int)
    if not drums:  # end a note where its key is struck again: one off would otherwise stop both
        order = np.lexsort((starts, pitches))
        again = np.flatnonzero(np.diff(pitches[order]) == 0)
        ends[order[again]] = np.minimum(ends[order[again]], starts[order[again + 1]])
    ons = zip(starts.tolist(), [1] * len(starts), pitches.tolist(), velocities.tolist(), strict=True)
    offs = zip(ends.tolist(), [0] * len(ends), pitches.tolist(), [0] * len(ends), strict=True)
    return sorted([*ons, *offs])


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
