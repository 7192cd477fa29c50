"""Single strokes of drum kits, one by one in silence: what templates of drums are learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from solfeggio.answers import Events, Notes
from solfeggio.band import demo
from solfeggio.band.desk import kits
from solfeggio.band.desk.sketch import sketch
from solfeggio.band.song import Played

SOUNDS = {  # drum: General MIDI keys, and the sounds of a kit that are this drum and no stand-in
    "KD": ((36,), ("kick",)),
    "SD": ((38,), ("snare",)),
    "HH": ((42, 46, 44), ("closed", "open", "pedal")),
}
SPACING, FIRST = 0.5, 0.05  # seconds from one stroke to the next, and of silence before the first
VELOCITIES = (60, 80, 100, 120)


def strokes(drum: str, rate: int, kit: kits.Kit | None = None) -> list[np.ndarray]:
    """Play a drum alone with a kit: (time,) float32 at ``rate`` for each of its ways to sound; none if it has none.

    drum: "KD", "SD" or "HH", which is struck closed, open and with the pedal. Each gets four strokes, soft to loud,
    half a second apart. kit: one of ``kits.kits()``; None: the synthesiser's own drums, which need no files.

    >>> [len(sound) for sound in strokes("KD", 8000)]
    [16400]
    """
    keys, own = SOUNDS[drum]
    starts = FIRST + SPACING * np.arange(len(VELOCITIES))
    samples = round((FIRST + SPACING * len(VELOCITIES)) * rate)
    found = []
    for key in keys:
        notes = Notes(starts, starts + 0.1, np.full(len(starts), key), VELOCITIES)
        if kit is None:
            found.append(_sketched(notes, rate, samples))
        elif kit.sound(key) in own:
            found.append(kits.play(kit, notes, np.random.default_rng(0), rate, samples)[0].mean(0))
    return found


def kit_strokes(drum: str, rate: int, of: Sequence[kits.Kit] = ()) -> list[list[np.ndarray]]:
    """Play a drum with each kit that has it; without kits, with the synthesiser's."""
    return [found for kit in (of or (None,)) if (found := strokes(drum, rate, kit))]


def _sketched(notes: Notes, rate: int, samples: int) -> np.ndarray:
    alone = (Played("drums", 0, True, notes),)
    played = replace(demo.performance(), parts=alone, beats=Events.none(), duration=samples / rate)
    return sketch(played, np.random.default_rng(0), rate)["drums"].mean(0)[:samples]
