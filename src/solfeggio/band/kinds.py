"""What kinds of music the band knows: for each its tempo, metres, harmony, grooves and instruments.

Programs are General MIDI 0..127. Tempo is in counted beats a minute: dotted quarters in 6/8 and 12/8,
 eighths in 7/8, halves in 2/2.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Layer:
    """A chord player: what it may play, on which programs, and how likely it is in the song."""

    textures: tuple[str, ...]
    programs: tuple[int, ...]
    odds: float = 1.0
    near: int = 58
    voices: int = 4
    low: int = 40


@dataclass(frozen=True)
class Lead:
    """A melody player; density, syncopation and rests as in ``melody.write_melody``."""

    programs: tuple[int, ...]
    odds: float = 0.8
    centre: int = 70
    density: float = 0.45
    syncopation: float = 0.2
    rests: float = 0.25


@dataclass(frozen=True)
class Kind:
    """One kind of music, as ``players.play`` reads it.

    tempo: lowest and highest counted beats a minute. swing: lowest, highest,
     and how likely. pair: quarters that swing divides.
    grooves: sets of drum styles,
     the first of a set is the song's. breaks: how likely drums stop somewhere. loud: usual
    energy, 0..1. push: how likely a section anticipates downbeats by an eighth.
    """

    tempo: tuple[float, float]
    layers: tuple[Layer, ...]
    metres: dict[str, float] = field(default_factory=lambda: {"4/4": 1.0})
    harmony: str = "pop"
    form: str = "song"
    grooves: tuple[tuple[str, ...], ...] = ()
    kits: tuple[int, ...] = (0, 8, 16)
    bass: tuple[str, ...] = ("syncopated",)
    bass_programs: tuple[int, ...] = (33, 34)
    bass_odds: float = 0.95
    leads: tuple[Lead, ...] = ()
    swing: tuple[float, float, float] = (0.5, 0.5, 0.0)
    pair: float = 1.0
    rubato: tuple[float, float] = (0.0, 0.0)
    breaks: float = 0.3
    loud: float = 0.6
    push: float = 0.1


VOICE = (53, 54, 52, 85, 65, 73, 22)
GUITARS, HEAVY = (24, 25), (29, 30)
STRINGS, BRASS = (48, 49, 50), (61, 62, 56)
PADS, SYNTH_LEADS, SYNTH_BASS = (88, 89, 90, 91, 94, 95, 50), (80, 81, 82, 84, 87), (38, 39, 87, 81)
SING = Lead(VOICE, 0.75, 67, 0.45, 0.3)
