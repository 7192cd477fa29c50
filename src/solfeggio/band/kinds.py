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
GUITARS, CLEAN, HEAVY = (24, 25), (26, 27, 28), (29, 30)
KEYS, ORGANS, STRINGS, CHOIRS = (0, 1, 2, 4, 5), (16, 17, 18), (48, 49, 50), (52, 53, 54)
PADS, SYNTH_LEADS, BRASS, ELECTRIC_BASS = (88, 89, 90, 91, 94, 95, 50), (80, 81, 82, 84, 87), (61, 62, 56), (33, 34, 35)
SYNTH_BASS, REEDS, WINDS, SOLO_STRINGS = (38, 39, 87, 81), (64, 65, 66, 67), (68, 71, 73, 74), (40, 41, 42, 110)
SING = Lead(VOICE, 0.75, 67, 0.45, 0.3)

TABLE: dict[str, Kind] = {
    "rock": Kind(
        (78, 160),
        (
            Layer(("power_eighths", "strum", "riff"), (27, 29, 30), 1.0, 57, 4, 40),
            Layer(("strum", "arpeggio", "power_eighths"), (25, 27, 29), 0.6, 60, 4, 40),
            Layer(("block", "pad", "ballad"), (0, 1, 16, 18, 48), 0.3),
        ),
        harmony="rock", grooves=(("rock",), ("rock", "half"), ("rock", "pop"), ("rock", "half", "double")),
        bass=("drive", "syncopated", "kick", "drive"), leads=(SING, Lead((29, 30, 27), 0.35, 72, 0.6)),
    ),
    "hard rock": Kind(
        (88, 150),
        (
            Layer(("riff", "power_eighths"), HEAVY, 1.0, 55, 4, 40),
            Layer(("riff", "power_eighths", "strum"), HEAVY, 0.6, 57, 4, 40),
        ),
        harmony="rock", grooves=(("rock",), ("rock", "half"), ("punk", "rock"), ("metal", "rock")), kits=(0, 8, 16,
         16),
        bass=("drive", "kick", "syncopated"), leads=(SING, Lead(HEAVY, 0.5, 74, 0.75)), loud=0.8,
    ),
    "metal": Kind(
        (82, 172),
        (Layer(("riff", "riff", "power_eighths"), (30, 29), 1.0, 52, 3, 38), Layer(("riff", "tremolo"), (30,), 0.7,
         52, 3, 38)),
        {"4/4": 8, "3/4": 0.6, "6/8": 0.6, "7/8": 0.3}, "metal",
        grooves=(("metal",), ("metal", "half"), ("metal", "half", "rock"), ("metal", "rock")), kits=(16, 8, 0),
        bass=("kick", "drive", "drive"), bass_programs=(34, 33), leads=(Lead((30, 85, 54), 0.55, 70, 0.55),),
         loud=0.9, breaks=0.4,
    ),
    "thrash": Kind(
        (90, 132),
        (Layer(("riff",), (30, 29), 1.0, 52, 3, 38), Layer(("riff", "power_eighths", "tremolo"), (30,), 0.7, 52, 3,
         38)),
        harmony="metal", grooves=(("double", "metal"), ("metal", "double", "blast"), ("double", "half"), ("metal",
         "blast", "half")),
        kits=(16, 8, 0), bass=("drive", "kick"), bass_programs=(34, 33), leads=(Lead((30, 54), 0.4, 70, 0.6),),
         loud=0.95,
    ),
    "punk": Kind(
        (140, 205),
        (Layer(("power_eighths", "riff"), HEAVY, 1.0, 55, 3, 40), Layer(("power_eighths", "strum"), (29, 30, 27),
         0.5, 57, 4, 40)),
        harmony="rock", grooves=(("punk",), ("punk", "half"), ("rock", "punk")), bass=("drive",), bass_programs=(34,),
        leads=(SING,), loud=0.9,
    ),
    "pop": Kind(
        (76, 136),
        (
            Layer(("block", "ballad", "arpeggio", "stabs"), (0, 1, 2, 4, 5, 80), 0.8, 62, 4, 40),
            Layer(("strum", "funk_chop", "arpeggio"), (25, 27, 28), 0.6, 60, 4, 40),
            Layer(("pad", "synth_arp", "tremolo"), (*STRINGS, *PADS), 0.5, 64),
        ),
        {"4/4": 10, "6/8": 0.7, "12/8": 0.3},
        grooves=(("pop",), ("pop", "half"), ("rock", "pop"), ("disco", "pop"), ("hiphop", "pop"), ("house", "pop")),
        kits=(0, 8, 24, 25), bass=("syncopated", "drive", "kick", "roots", "octaves"), bass_programs=(33, 34, 38, 39),
        leads=(SING, Lead(SYNTH_LEADS, 0.25, 76, 0.5)), swing=(0.54, 0.62, 0.1), pair=0.5,
    ),
    "ballad": Kind(
        (56, 90),
        (
            Layer(("ballad", "arpeggio", "block"), (0, 1, 4, 5), 0.9, 60),
            Layer(("strum", "arpeggio", "picking"), (24, 25, 27), 0.6, 58),
            Layer(("pad",), (*STRINGS, *PADS), 0.6, 64),
        ),
        {"4/4": 8, "12/8": 1.5, "6/8": 1, "3/4": 0.8}, grooves=(("ballad",), ("ballad", "half"), ("pop", "ballad")),
        bass=("roots", "syncopated", "root_fifth", "kick"), leads=(SING,), rubato=(0.0, 0.15), loud=0.45,
    ),
    "singer-songwriter": Kind(
        (66, 140), (Layer(("strum", "strum", "bass_strum", "picking"), GUITARS, 1.0, 57, 5, 40),
                    Layer(("ballad", "pad", "arpeggio"), (0, 2, 48, 21), 0.2, 62)),
        {"4/4": 8, "3/4": 1.5, "6/8": 1}, "folk", grooves=(("brushes",), ("ballad",), ("hand",), ()), kits=(0, 40),
        bass=("roots", "root_fifth"), bass_programs=(32, 33), bass_odds=0.35, leads=(SING,), swing=(0.53, 0.66, 0.15),
        rubato=(0.05, 0.25), loud=0.5,
    ),
    "country": Kind(
        (84, 132),
        (
            Layer(("bass_strum", "strum"), GUITARS, 1.0, 57, 4, 40),
            Layer(("backbeat_chop", "arpeggio", "funk_chop"), (27, 105, 25), 0.6, 62, 3),
            Layer(("stride", "block", "pad"), (0, 3, 16), 0.35),
        ),
        {"4/4": 8, "3/4": 1.2, "2/4": 0.5}, "folk", grooves=(("country",), ("train",), ("train", "country"),
         ("shuffle", "country")),
        kits=(0, 40, 8), bass=("root_fifth", "root_fifth", "walking", "two_feel"), bass_programs=(32, 33),
        leads=(SING, Lead((110, 40, 22, 105, 27), 0.6, 72, 0.6)), swing=(0.55, 0.66, 0.25),
    ),
    "funk": Kind(
        (84, 124),
        (
            Layer(("funk_chop",), (27, 28), 0.95, 62, 4),
            Layer(("stabs", "comp", "funk_chop"), (4, 7, 16, 5), 0.7, 60),
            Layer(("stabs",), BRASS, 0.5, 66, 3),
        ),
        harmony="modal", form="loop", grooves=(("funk",), ("funk", "rock"), ("funk", "disco")), bass=("funk",
         "funk", "kick"),
        bass_programs=(33, 36, 37, 38), leads=(Lead((65, 56, 54, 81), 0.6, 70, 0.5, 0.45),), swing=(0.52, 0.6, 0.3),
         pair=0.5, breaks=0.45,
    ),
    "soul": Kind(
        (66, 122),
        (
            Layer(("block", "ballad", "comp"), (0, 4, 16, 5), 0.9, 60),
            Layer(("backbeat_chop", "arpeggio", "funk_chop"), (27, 26), 0.8, 62, 3),
            Layer(("stabs", "pad"), (*BRASS, 48), 0.5, 66, 3),
        ),
        {"4/4": 8, "12/8": 1.5, "6/8": 0.6}, "any", grooves=(("pop",), ("rock", "pop"), ("funk", "pop"), ("ballad",)),
        bass=("syncopated", "funk", "kick"), leads=(SING,), swing=(0.52, 0.64, 0.25), pair=0.5,
    ),
    "disco": Kind(
        (104, 130),
        (
            Layer(("funk_chop", "backbeat_chop"), (27, 28), 0.8, 62),
            Layer(("block", "stabs", "synth_arp"), (0, 4, 81, 80), 0.7, 62),
            Layer(("pad", "stabs", "tremolo"), (48, 49, 61), 0.7, 66),
        ),
        harmony="any", form="loop", grooves=(("disco",), ("disco", "pop")), kits=(0, 8, 24), bass=("octaves",
         "funk", "syncopated"),
        bass_programs=(33, 36, 38, 39), leads=(SING,), breaks=0.5,
    ),
    "house": Kind(
        (116, 130),
        (
            Layer(("stabs", "comp", "block", "charleston"), (0, 4, 16, 81, 90), 0.9, 62, 4, 40),
            Layer(("pad", "synth_arp"), (*PADS, 80, 81), 0.7, 64),
        ),
        harmony="any", form="loop", grooves=(("house",), ("house", "disco"), ("disco", "house")), kits=(24, 25),
        bass=("offbeat", "octaves", "funk", "kick"), bass_programs=SYNTH_BASS, leads=(Lead((54, 80, 81), 0.4, 72,
         0.4, 0.3),),
        swing=(0.53, 0.6, 0.25), pair=0.5, breaks=0.8, loud=0.7,
    ),
    "techno": Kind(
        (120, 144),
        (Layer(("synth_arp", "stabs"), (80, 81, 87, 90, 38), 0.9, 55, 3), Layer(("pad", "synth_arp"), (*PADS, 80),
         0.6, 60)),
        harmony="modal", form="loop", grooves=(("techno",), ("techno", "house")), kits=(24, 25), bass=("offbeat",
         "drive", "pedal", "funk"),
        bass_programs=SYNTH_BASS, leads=(Lead(SYNTH_LEADS, 0.2, 70, 0.5),), breaks=0.8, loud=0.75,
    ),
    "hip-hop": Kind(
        (74, 106),
        (Layer(("arpeggio", "pad", "comp", "stabs", "ballad"), (0, 4, 5, 11, 26, 48), 0.95, 60),
         Layer(("pad", "stabs"), (48, 61, 89), 0.4, 64)),
        harmony="any", form="loop", grooves=(("hiphop",), ("hiphop", "funk")), kits=(25, 24, 0), bass=("long_808",
         "syncopated", "kick"),
        bass_programs=(38, 39, 33, 32), leads=(Lead((11, 73, 80, 65), 0.4, 72, 0.3),), swing=(0.52, 0.64, 0.5),
         pair=0.5, breaks=0.5,
    ),
    "trap": Kind(
        (62, 82),
        (Layer(("arpeggio", "pad", "synth_arp"), (0, 11, 14, 80, 89, 46), 0.95, 64, 3), Layer(("pad",), PADS, 0.5,
         60)),
        harmony="any", form="loop", grooves=(("trap",),), kits=(25, 24), bass=("long_808", "kick"),
         bass_programs=(38, 39),
        leads=(Lead((14, 80, 79), 0.35, 74, 0.35),), breaks=0.6,
    ),
    "drum and bass": Kind(
        (164, 178), (Layer(("pad", "stabs"), (*PADS, 4), 0.9, 62), Layer(("synth_arp", "arpeggio"), (80, 81, 4, 11),
         0.5, 66)),
        harmony="any", form="loop", grooves=(("dnb",), ("dnb", "half"), ("dnb", "funk")), kits=(24, 25, 0),
        bass=("long_808", "funk", "roots", "reggae"), bass_programs=SYNTH_BASS, leads=(Lead((54, 81), 0.3, 72,
         0.3),), breaks=0.6, loud=0.8,
    ),
    "reggae": Kind(
        (62, 96),
        (
            Layer(("skank",), (27, 28, 26), 1.0, 64, 3),
            Layer(("bubble", "pad", "skank"), (16, 17, 18, 19), 0.8, 60, 4),
            Layer(("skank", "comp"), (0, 4), 0.5, 60, 3),
        ),
        harmony="pop", grooves=(("onedrop",), ("onedrop", "rockers"), ("rockers",), ("steppers",), ("steppers",
         "onedrop")),
        bass=("reggae",), bass_programs=(33, 32), leads=(SING, Lead((57, 61, 22), 0.4, 67, 0.35)), swing=(0.53,
         0.66, 0.5), pair=0.5,
    ),
    "ska": Kind(
        (108, 168), (Layer(("skank",), (27, 28), 1.0, 64, 3), Layer(("skank", "stabs", "bubble"), (16, 61, 0), 0.6,
         62, 3)),
        harmony="pop", grooves=(("ska",), ("ska", "rock"), ("ska", "punk")), bass=("walking", "syncopated", "drive"),
        leads=(SING, Lead((56, 57, 66, 61), 0.7, 67, 0.5, 0.3)), swing=(0.53, 0.64, 0.25), loud=0.7,
    ),
    "blues shuffle": Kind(
        (84, 148),
        (
            Layer(("power_eighths", "strum", "comp"), (27, 29, 26), 0.95, 57, 3, 40),
            Layer(("stride", "comp", "block"), (0, 3, 16, 17), 0.6, 60),
        ),
        harmony="blues", grooves=(("shuffle",), ("shuffle", "swing")), bass=("boogie", "walking", "boogie"),
         bass_programs=(32, 33, 34),
        leads=(Lead((29, 27, 22, 66, 65), 0.85, 70, 0.5, 0.35, 0.4),), swing=(0.6, 0.68, 1.0),
    ),
    "slow blues": Kind(
        (46, 76), (Layer(("comp", "arpeggio", "block"), (0, 16, 17, 27), 1.0, 60), Layer(("comp", "block"), (26, 27,
         61), 0.5, 60)),
        {"12/8": 1}, "blues", grooves=(("rock",), ("ballad",)), bass=("boogie", "walking", "roots"),
         bass_programs=(32, 33),
        leads=(Lead((29, 27, 65, 22), 0.9, 70, 0.5, 0.3, 0.4),), loud=0.5, rubato=(0.0, 0.1),
    ),
    "jazz swing": Kind(
        (100, 236), (Layer(("comp", "charleston", "comp"), (0, 0, 1, 26), 0.95, 60, 4), Layer(("quarters", "comp"),
         (26, 11), 0.4, 58, 4)),
        {"4/4": 8, "3/4": 1}, "jazz", "tune", (("swing",), ("swing", "brushes"), ("brushes", "swing")), (32, 40, 0),
        ("walking", "walking", "two_feel"), (32,), leads=(Lead((65, 66, 56, 59, 73, 11, 26), 0.9, 68, 0.6, 0.4,
         0.4),),
        swing=(0.58, 0.67, 1.0), breaks=0.25,
    ),
    "jazz ballad": Kind(
        (50, 84), (Layer(("ballad", "comp", "block"), (0, 1, 26, 4), 1.0, 60, 4), Layer(("pad",), (48, 49, 11), 0.3,
         64)),
        {"4/4": 6, "3/4": 1}, "jazz", "tune", (("brushes",), ("brushes", "swing")), (40, 32), ("two_feel",
         "walking", "roots"), (32,),
        leads=(Lead((65, 66, 56, 73), 0.9, 67, 0.45, 0.35, 0.3),), swing=(0.55, 0.67, 0.8), rubato=(0.05, 0.3),
         loud=0.4,
    ),
    "bossa nova": Kind(
        (110, 168), (Layer(("clave_comp",), (24, 25), 1.0, 58, 4), Layer(("comp", "pad", "ballad"), (0, 4, 48, 11),
         0.5, 62)),
        harmony="latin", form="tune", grooves=(("bossa",), ("bossa",), ("bossa", "brushes"), ()), kits=(0, 40, 32),
         bass=("tumbao", "root_fifth"),
        bass_programs=(32, 33), leads=(Lead((73, 65, 54, 66, 11), 0.85, 69, 0.4, 0.5),), loud=0.45,
    ),
    "samba": Kind(
        (84, 124), (Layer(("clave_comp", "funk_chop"), (24, 25), 1.0, 62, 4), Layer(("stabs", "comp"), (0, 61, 56),
         0.5, 64)),
        {"4/4": 5, "2/4": 2}, "latin", "tune", (("samba",),), (0, 8), ("root_fifth", "tumbao", "syncopated"), (32,
         33),
        leads=(Lead((73, 54, 56, 57, 21), 0.85, 70, 0.6, 0.45),), loud=0.7,
    ),
    "latin": Kind(
        (88, 208), (Layer(("clave_comp", "stabs", "arpeggio"), (0, 0, 24), 1.0, 66, 4), Layer(("stabs", "pad"), (61,
         56, 48), 0.6, 64, 3)),
        harmony="latin", form="loop", grooves=(("latin",), ("latin",), ("latin", "disco")), kits=(0, 8),
         bass=("tumbao", "tumbao", "syncopated"),
        bass_programs=(32, 33), leads=(Lead((56, 57, 54, 73), 0.8, 68, 0.55, 0.45),), loud=0.7,
    ),
    "tango": Kind(
        (56, 132), (Layer(("block", "quarters", "charleston"), (0, 21, 21), 1.0, 58), Layer(("pad", "tremolo",
         "quarters"), (48, 40, 21), 0.7, 62)),
        {"4/4": 4, "2/4": 2}, "classical", "tune", bass=("roots", "root_fifth", "walking"), bass_programs=(32, 43),
        leads=(Lead((40, 21, 23, 73), 1.0, 72, 0.6, 0.25),), rubato=(0.05, 0.35), loud=0.55,
    ),
    "waltz": Kind(
        (82, 196), (Layer(("stride", "bass_strum", "block"), (0, 48, 21, 24, 46), 1.0, 60, 3), Layer(("pad",
         "arpeggio"), (48, 49, 46, 60), 0.6, 64)),
        {"3/4": 1}, "classical", "tune", (("brushes",), ("ballad",), (), ("march",)), (0, 40, 48), ("two_feel",
         "root_fifth", "roots"), (32, 43),
        0.7, (Lead((40, 48, 73, 71, 21, 56), 0.95, 73, 0.45, 0.05),), rubato=(0.0, 0.4), loud=0.5,
    ),
    "jig": Kind(
        (88, 136), (Layer(("bass_strum", "strum", "quarters", "arpeggio"), (24, 25, 21, 105), 0.85, 58, 3),
         Layer(("pad",), (109, 21, 20), 0.2, 55, 2)),
        {"6/8": 6, "9/8": 1}, "folk", "tune", ((), (), ("march",), ("rock",)), (0, 48), ("root_fifth", "roots"),
         (32, 33), 0.35,
        (Lead((110, 40, 73, 75, 74, 21, 22), 1.0, 74, 0.95, 0.0, 0.1), Lead((21, 105, 46), 0.3, 74, 0.8, 0.0, 0.1)),
         rubato=(0.0, 0.08), breaks=0.1,
    ),
    "reel": Kind(
        (84, 120), (Layer(("strum", "bass_strum", "quarters"), (24, 25, 21, 105), 0.85, 58, 3),),
        {"2/2": 3, "4/4": 2}, "folk", "tune", ((), (), ("march",), ("rock",)), (0, 48), ("root_fifth", "roots",
         "walking"), (32, 33), 0.35,
        (Lead((110, 40, 73, 75, 105, 21, 22), 1.0, 74, 0.85, 0.05, 0.1),), swing=(0.52, 0.64, 0.3), rubato=(0.0,
         0.08), breaks=0.1,
    ),
    "polka": Kind(
        (96, 138), (Layer(("stride", "skank", "bass_strum"), (21, 0, 24), 1.0, 60, 3), Layer(("skank", "stabs"),
         (61, 57, 68), 0.4, 62, 3)),
        {"2/4": 4, "4/4": 1}, "folk", "tune", (("polka",), ("polka",), ()), (0, 8), ("root_fifth",), (58, 32, 33),
         0.9,
        (Lead((71, 21, 56, 40, 110), 1.0, 74, 0.65, 0.05),), loud=0.65,
    ),
    "romantic piano": Kind(
        (48, 132), (Layer(("broken_left", "arpeggio", "block", "chorale"), (0, 0, 1), 1.0, 54, 4, 33),),
        {"4/4": 4, "3/4": 4, "6/8": 2, "2/4": 1, "12/8": 0.7, "9/8": 0.4}, "classical", "tune", bass_odds=0.0,
        leads=(Lead((0,), 1.0, 74, 0.5, 0.1, 0.2),), rubato=(0.3, 1.0), breaks=0.0, loud=0.45,
    ),
    "classical piano": Kind(
        (66, 152), (Layer(("alberti", "alberti", "block", "stride", "arpeggio"), (0, 0, 6, 1), 1.0, 54, 3, 36),),
        {"4/4": 4, "3/4": 3, "2/4": 3, "6/8": 2}, "classical", "tune", bass_odds=0.0,
        leads=(Lead((0, 6), 1.0, 75, 0.65, 0.03, 0.25),), rubato=(0.05, 0.35), breaks=0.0, loud=0.5,
    ),
    "pop piano": Kind(
        (60, 140), (Layer(("block", "ballad", "arpeggio", "low_pulse", "broken_left"), (0, 1, 2, 4), 1.0, 57, 4,
         36),),
        {"4/4": 6, "3/4": 1, "6/8": 1}, "pop", "song", bass_odds=0.0, leads=(Lead((0, 1), 0.8, 74, 0.45, 0.3),),
        rubato=(0.05, 0.5), breaks=0.0, loud=0.5,
    ),
    "string quartet": Kind(
        (56, 150), (Layer(("block", "tremolo", "pad", "chorale", "low_pulse", "alberti"), (48, 40, 41, 49), 1.0, 62,
         2, 48),
                    Layer(("arpeggio", "quarters", "pad", "backbeat_chop", "tremolo"), (41, 40, 45), 0.8, 60, 2, 48)),
        {"4/4": 4, "3/4": 4, "2/4": 2, "6/8": 2}, "classical", "tune", bass=("roots", "walking", "drive",
         "root_fifth"), bass_programs=(42, 42, 43),
        leads=(Lead((40,), 1.0, 76, 0.55, 0.05, 0.15),), rubato=(0.1, 0.7), breaks=0.0, loud=0.5,
    ),
    "orchestra": Kind(
        (60, 160),
        (
            Layer(("tremolo", "pad", "block", "low_pulse"), (48, 48, 49, 44), 1.0, 62, 4, 36),
            Layer(("pad", "stabs", "chorale"), (60, 61, 57), 0.7, 58, 3, 40),
            Layer(("arpeggio", "stabs", "backbeat_chop"), (46, 73, 71, 68, 45), 0.6, 70, 3),
        ),
        {"4/4": 5, "3/4": 3, "2/4": 1, "6/8": 1.5}, "classical", "tune", ((), (), ("march",)), (48,), ("roots",
         "root_fifth", "drive", "walking"),
        (43, 42, 48), leads=(Lead((40, 48, 73, 68, 56, 60, 71), 1.0, 74, 0.5, 0.05), Lead((60, 42, 57), 0.3, 62,
         0.3, 0.05)),
        rubato=(0.05, 0.5), breaks=0.0, loud=0.6,
    ),
    "chorale": Kind(
        (50, 104), (Layer(("chorale", "chorale", "quarters", "pad"), (52, 53, 19, 16, 48, 52), 1.0, 60, 4, 40),),
        {"4/4": 5, "3/4": 3, "6/8": 0.5}, "classical", "tune", bass=("roots", "walking"), bass_programs=(52, 53, 19,
         43), bass_odds=0.5,
        leads=(Lead((52, 53, 19, 68), 0.7, 70, 0.25, 0.0, 0.3),), rubato=(0.1, 0.6), breaks=0.0, loud=0.5,
    ),
    "march": Kind(
        (92, 136), (Layer(("skank", "stride", "quarters"), (61, 60, 57, 48), 1.0, 62, 3), Layer(("stabs", "pad"),
         (56, 68, 71, 48), 0.5, 66, 3)),
        {"4/4": 3, "2/4": 3, "6/8": 2, "2/2": 1}, "classical", "tune", (("march",),), (48, 0), ("root_fifth",
         "root_fifth", "walking"), (58, 43, 57),
        leads=(Lead((56, 72, 71, 61, 73), 1.0, 72, 0.55, 0.03),), loud=0.75, breaks=0.15,
    ),
    "odd metre": Kind(
        (88, 176),
        (
            Layer(("riff", "arpeggio", "strum", "power_eighths"), (27, 29, 30, 25), 0.9, 57, 4, 40),
            Layer(("block", "arpeggio", "synth_arp", "low_pulse", "pad"), (0, 4, 16, 80, 48), 0.7, 62),
        ),
        {"5/4": 4, "7/4": 1, "5/8": 0.3}, "modal", "song", (("rock",), ("pop",), ("funk",), ("swing",)), (0, 8, 16,
         32),
        ("syncopated", "root_fifth", "kick", "drive", "funk"), (32, 33, 34, 38), leads=(Lead((54, 65, 73, 29, 81),
         0.75, 70, 0.5),),
        swing=(0.55, 0.66, 0.15), loud=0.65,
    ),
    "seven eight": Kind(
        (176, 330),
        (
            Layer(("strum", "arpeggio", "power_eighths", "riff"), (24, 25, 27, 29, 30), 0.9, 57, 4, 40),
            Layer(("block", "arpeggio", "low_pulse", "pad"), (0, 21, 16, 48), 0.6, 62),
        ),
        {"7/8": 1}, "modal", "song", (("rock",), ("pop",), ("latin",), ()), (0, 8, 16), ("root_fifth", "syncopated",
         "drive", "kick"), (32, 33, 34),
        leads=(Lead((110, 71, 73, 21, 29, 81), 0.85, 70, 0.65),), loud=0.65,
    ),
    "guitar solo": Kind(
        (60, 138), (Layer(("picking", "picking", "arpeggio", "bass_strum"), (24, 25), 1.0, 58, 4, 40),),
        {"4/4": 5, "3/4": 2, "6/8": 1.5}, "folk", "tune", bass_odds=0.0, leads=(Lead((24, 25), 0.6, 70, 0.35, 0.1,
         0.3),),
        rubato=(0.1, 0.6), breaks=0.0, loud=0.45,
    ),
    "ambient": Kind(
        (56, 112), (Layer(("pad", "chorale"), PADS, 1.0, 60, 4), Layer(("arpeggio", "synth_arp", "ballad"), (0, 4,
         11, 46, 88, 98), 0.6, 68, 3),
                    Layer(("pad",), (48, 52, 49), 0.4, 64)),
        {"4/4": 6, "3/4": 1, "6/8": 1}, "any", "loop", ((), (), ("ballad",)), (0, 24), ("roots", "pedal"), (38, 35,
         43), 0.5,
        (Lead((0, 11, 73, 80, 98), 0.6, 72, 0.15, 0.1, 0.4),), rubato=(0.0, 0.3), loud=0.35,
    ),
    "solo line": Kind(
        (58, 150), (Layer(("pad", "picking"), (24, 46, 48), 0.1, 58, 3),),
        {"4/4": 4, "3/4": 2, "6/8": 2, "2/4": 1}, "folk", "tune", bass_odds=0.0,
        leads=(Lead((40, 42, 73, 68, 71, 65, 56, 110, 53, 75, 105, 0), 1.0, 70, 0.65, 0.08, 0.15),), rubato=(0.0,
         0.5), breaks=0.0, push=0.0,
    ),
    "percussion": Kind(
        (76, 136), (Layer(("synth_arp", "stabs"), (12, 13, 108, 114), 0.2, 64, 3),),
        {"4/4": 5, "6/8": 1, "3/4": 0.5, "12/8": 0.5}, "modal", "loop",
        (("latin", "samba"), ("hand",), ("funk", "hiphop"), ("samba",), ("hand", "latin"), ("rock", "half"),
         ("hiphop", "funk"), ("march",)),
        (0, 8, 25), bass_odds=0.0, leads=(Lead((12, 108), 0.1, 70, 0.5),), swing=(0.52, 0.6, 0.2), pair=0.5,
         breaks=0.0,
    ),
    "film": Kind(
        (66, 150), (Layer(("low_pulse", "tremolo"), (48, 44, 45), 1.0, 60, 3, 36), Layer(("pad", "stabs"), (61, 60,
         52, 48), 0.8, 62),
                    Layer(("arpeggio",), (46, 0, 12), 0.4, 70, 3)),
        {"4/4": 5, "3/4": 2, "6/8": 2, "5/4": 0.5}, "any", "loop", ((), ("march",), ("half",), ("techno",)), (48,
         16), ("roots", "drive", "pedal"),
        (43, 42, 38), 0.8, (Lead((60, 48, 40, 52, 68), 0.7, 70, 0.25, 0.05),), rubato=(0.0, 0.3), loud=0.65,
    ),
    "gospel": Kind(
        (56, 132), (Layer(("ballad", "block", "comp"), (0, 16, 17, 18), 1.0, 60, 4), Layer(("pad", "stabs",
         "chorale"), (52, 53, 16), 0.8, 64)),
        {"4/4": 4, "12/8": 2, "6/8": 1.5, "3/4": 1}, "any", grooves=(("pop",), ("shuffle",), ("funk",),
         ("ballad",)), bass=("syncopated", "walking", "kick"),
        leads=(SING,), swing=(0.55, 0.66, 0.3), rubato=(0.0, 0.15),
    ),
}  # fmt: skip
