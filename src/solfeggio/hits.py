"""The words of drumming: what hits are called, in classes fine and coarse, and their keys in General MIDI.

Fine classes: KD kick, SD snare, CHH and OHH hi-hat closed and open, TT toms, RDC ride, CRC crash, OT what else there
is. Main ones: KD SD HH TT CY OT, as in MDB Drums (Southall et al., ISMIR 2017), whose codes these are. "three": KD SD
HH, which published numbers count.
"""

from __future__ import annotations

from bisect import bisect

import numpy as np

from solfeggio.answers import Events
from solfeggio.errors import AnswerError, unknown

FINE: dict[str, tuple[str, str, tuple[int, ...]]] = {  # class: in words, main class, General MIDI keys, the first ours
    "KD": ("kick", "KD", (36, 35)),
    "SD": ("snare", "SD", (38, 40)),
    "CHH": ("closed hi-hat", "HH", (42, 44)),
    "OHH": ("open hi-hat", "HH", (46,)),
    "TT": ("toms", "TT", (45, 41, 43, 47, 48, 50)),
    "RDC": ("ride", "CY", (51, 53, 59)),
    "CRC": ("crash", "CY", (49, 52, 55, 57)),
    "OT": ("other", "OT", (37,)),  # and every key that is in none of the others
}
CLASSES: dict[str, tuple[str, ...]] = {
    "fine": tuple(FINE),
    "main": ("KD", "SD", "HH", "TT", "CY", "OT"),
    "three": ("KD", "SD", "HH"),
}
NAMES = {  # what else hits are called: subclasses of MDB Drums, and the band's
    "SDB": "SD", "SDD": "SD", "SDF": "SD", "SDG": "SD", "SDNS": "SD", "PHH": "CHH", "HIT": "TT", "MHT": "TT",
    "HFT": "TT", "LFT": "TT", "RDB": "RDC", "CHC": "CRC", "SPC": "CRC", "SST": "OT", "TMB": "OT", "kick": "KD",
    "snare": "SD", "closed-hat": "CHH", "pedal-hat": "CHH", "open-hat": "OHH", "high-tom": "TT", "mid-tom": "TT",
    "low-tom": "TT", "ride": "RDC", "ride-bell": "RDC", "crash": "CRC", "china": "CRC", "splash": "CRC",
}  # fmt: skip
WORDS = {label: word for label, (word, _, _) in FINE.items()} | {"HH": "hi-hat", "CY": "cymbals"}
KEYS = {label: keys[0] for label, (_, _, keys) in FINE.items()} | {"HH": 42, "CY": 49}
NEAR = 0.03  # seconds: hits of one class that are closer are one
_OF_KEY = {key: label for label, (_, _, keys) in FINE.items() for key in keys}


def are_hits(labels: tuple[str, ...]) -> bool:
    """Tell whether labels are those of drum hits, fine or main.

    >>> are_hits(("KD", "CHH")), are_hits(("1", "2")), are_hits(())
    (True, False, False)
    """
    return bool(labels) and all(label in WORDS for label in labels)


def of_key(key: int) -> str:
    """Name the fine class of a General MIDI drum key.

    >>> of_key(36), of_key(44), of_key(3)
    ('KD', 'CHH', 'OT')
    """
    return _OF_KEY.get(int(key), "OT")


def regroup(hits: Events, classes: str = "main") -> Events:
    """Put hits into other classes: "fine", "main" or "three".

    hits: labels may be fine or main classes, subclasses of MDB Drums, or ``band.instruments.DRUMS``; a name that is
    none of these is "OT". Hits that the classes have no place for are left out; of several of one class within 30 ms
    the loudest stays. Raises AnswerError where main classes should become fine, ConfigError for unknown classes.

    >>> regroup(Events([0, 0.01, 1], ["CHH", "OHH", "ride-bell"]), "main").labels
    ('HH', 'CY')
    """
    if classes not in CLASSES:
        raise unknown("classes", classes, CLASSES)
    if len(hits) and not hits.labels:
        raise AnswerError("drum hits without labels", "nothing says what was struck", "give one label for each")
    labels = [_name(label, classes) for label in hits.labels]
    loudness = np.ones(len(hits)) if hits.values is None else hits.values
    kept: list[int] = []
    for name in CLASSES[classes]:
        own = np.flatnonzero([label == name for label in labels])
        kept += _apart(own, hits.times, loudness)
    places = CLASSES[classes]
    kept.sort(key=lambda i: (hits.times[i], places.index(labels[i])))
    values = None if hits.values is None else hits.values[kept]
    return Events(hits.times[kept], [labels[i] for i in kept], values)


def _name(label: str, classes: str) -> str:
    own = label if label in WORDS else NAMES.get(label, "OT")
    if classes == "fine":
        if own not in FINE:
            raise AnswerError(f"a hit called {own}", "its fine class is not known", "give CHH, OHH, RDC or CRC")
        return own
    return FINE[own][1] if own in FINE else own


def _apart(own: np.ndarray, times: np.ndarray, loudness: np.ndarray) -> list[int]:
    """Keep the loudest of hits that are too close to each other."""
    kept: list[float] = []
    chosen = []
    for i in own[np.argsort(-loudness[own], kind="stable")].tolist():
        place = bisect(kept, times[i])
        if all(abs(times[i] - near) >= NEAR for near in kept[max(place - 1, 0) : place + 1]):
            kept.insert(place, times[i])
            chosen.append(i)
    return chosen
