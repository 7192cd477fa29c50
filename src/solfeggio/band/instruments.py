"""What instruments are called: General MIDI programs and drum keys, by name, with the classes that datasets use.

OpenMIC: the 20 classes of OpenMIC-2018 (Humphrey et al., ISMIR 2018). Drum classes: those of MDB Drums (Southall et
al., 2017), six main ones and its own codes for finer ones, "" where it has none.
"""

from __future__ import annotations

NAMES: dict[str, tuple[tuple[int, ...], str]] = {  # name: General MIDI programs 0..127, OpenMIC class
    "piano": ((0, 1, 2, 3), "piano"),
    "electric piano": ((4, 5), "piano"),
    "harpsichord": ((6,), ""),
    "clavinet": ((7,), ""),
    "mallets": ((8, 9, 10, 11, 12, 13, 14, 108, 114), "mallet_percussion"),
    "dulcimer": ((15,), ""),
    "organ": ((16, 17, 18, 19, 20), "organ"),
    "accordion": ((21, 23), "accordion"),
    "harmonica": ((22,), ""),
    "guitar": ((24, 25), "guitar"),
    "electric guitar": ((26, 27, 28, 31), "guitar"),
    "distorted guitar": ((29, 30), "guitar"),
    "bass": ((33, 34, 35, 36, 37), "bass"),
    "double bass": ((32, 43), "bass"),
    "synth bass": ((38, 39), "bass"),
    "violin": ((40, 110), "violin"),
    "viola": ((41,), ""),
    "cello": ((42,), "cello"),
    "strings": ((44, 45, 48, 49, 50, 51), ""),
    "harp": ((46,), ""),
    "timpani": ((47,), ""),
    "voice": ((52, 53, 54), "voice"),
    "trumpet": ((56, 59), "trumpet"),
    "trombone": ((57,), "trombone"),
    "tuba": ((58,), ""),
    "horn": ((60,), ""),
    "brass": ((61, 62, 63), ""),
    "saxophone": ((64, 65, 66, 67), "saxophone"),
    "oboe": ((68, 69, 111), ""),
    "bassoon": ((70,), ""),
    "clarinet": ((71,), "clarinet"),
    "flute": ((72, 73), "flute"),
    "pipe": ((74, 75, 76, 77, 78, 79), ""),
    "synthesizer": ((*range(80, 104),), "synthesizer"),
    "plucked": ((104, 106, 107), ""),
    "banjo": ((105,), "banjo"),
    "bagpipe": ((109,), ""),
    "percussion": ((112, 113, 115, 116, 117, 118, 119), "drums"),
    "effects": ((55, *range(120, 128)), ""),
}
OPENMIC = {name: openmic for name, (_, openmic) in NAMES.items()} | {"drums": "drums", "cymbals": "cymbals"}
VOICES = NAMES["voice"][0]
_OF_PROGRAM = {program: name for name, (programs, _) in NAMES.items() for program in programs}

DRUMS: dict[str, tuple[tuple[int, ...], str, str]] = {  # fine class: General MIDI drum keys, main class, MDB code
    "kick": ((35, 36), "KD", "KD"),
    "snare": ((38, 40), "SD", "SD"),
    "side-stick": ((37,), "OT", "SST"),
    "clap": ((39,), "OT", ""),
    "closed-hat": ((42,), "HH", "CHH"),
    "pedal-hat": ((44,), "HH", "PHH"),
    "open-hat": ((46,), "HH", "OHH"),
    "high-tom": ((48, 50), "TT", "HIT"),
    "mid-tom": ((45, 47), "TT", "MHT"),
    "low-tom": ((41, 43), "TT", "LFT"),
    "crash": ((49, 57), "CY", "CRC"),
    "china": ((52,), "CY", "CHC"),
    "splash": ((55,), "CY", "SPC"),
    "ride": ((51, 59), "CY", "RDC"),
    "ride-bell": ((53,), "CY", "RDB"),
    "tambourine": ((54,), "OT", "TMB"),
    "cowbell": ((56,), "OT", ""),
    "bongo": ((60, 61), "OT", ""),
    "conga": ((62, 63, 64), "OT", ""),
    "timbale": ((65, 66), "OT", ""),
    "agogo": ((67, 68), "OT", ""),
    "shaker": ((69, 70, 82), "OT", ""),
    "guiro": ((73, 74), "OT", ""),
    "claves": ((75, 31), "OT", ""),
    "woodblock": ((76, 77), "OT", ""),
    "cuica": ((78, 79), "OT", ""),
    "triangle": ((80, 81), "OT", ""),
    "bells": ((83, 84), "OT", ""),
    "surdo": ((86, 87), "OT", ""),
    "castanets": ((85,), "OT", ""),
    "vibraslap": ((58,), "OT", ""),
    "whistle": ((71, 72), "OT", ""),
    "other": ((), "OT", ""),
}
MAIN = {fine: main for fine, (_, main, _) in DRUMS.items()}
_OF_KEY = {key: fine for fine, (keys, _, _) in DRUMS.items() for key in keys}


def instrument(program: int) -> str:
    """Name the instrument of a General MIDI program.

    >>> instrument(0), instrument(30), instrument(33)
    ('piano', 'distorted guitar', 'bass')
    """
    return _OF_PROGRAM[int(program) % 128]


def drum(key: int) -> str:
    """Name the finest class of a General MIDI drum key.

    >>> drum(36), drum(51), drum(3)
    ('kick', 'ride', 'other')
    """
    return _OF_KEY.get(int(key), "other")
