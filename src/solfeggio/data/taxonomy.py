"""One taxonomy of instruments, and what the band, OpenMIC-2018 and MedleyDB call them.

OpenMIC-2018 has 20 classes (Humphrey, Durand, McFee, ISMIR 2018), MedleyDB 117 names (Bittner et al., ISMIR
2014). Where one of them is coarser than ours its name stands for several of our classes, where it is finer several of
its names stand for one.
"""

from __future__ import annotations

from collections.abc import Iterable

from solfeggio.answers import Segments
from solfeggio.band.instruments import NAMES
from solfeggio.errors import unknown

CLASSES: dict[str, tuple[str, ...]] = {  # our class: names of the band and of MedleyDB that mean it, beside its own
    "drums": ("drum set", "drum machine", "kick drum", "bass drum", "snare drum", "toms"),
    "cymbals": ("cymbal", "high hat", "gong"),
    "percussion": (
        "timpani", "auxiliary percussion", "bongo", "conga", "tabla", "darbuka", "doumbek", "gu", "tambourine",
        "triangle", "sleigh bells", "cowbell", "cabasa", "guiro", "castanet", "claps", "rattle", "shaker", "maracas",
        "whistle",
    ),
    "mallets": ("glockenspiel", "vibraphone", "xylophone", "marimba", "chimes"),
    "bass": ("electric bass",),
    "double bass": (),
    "synth bass": (),
    "acoustic guitar": ("guitar",),
    "electric guitar": ("clean electric guitar", "lap steel guitar", "slide guitar"),
    "distorted guitar": ("distorted electric guitar",),
    "banjo": (),
    "plucked": (
        "harpsichord", "dulcimer", "mandolin", "ukulele", "oud", "sitar", "guzheng", "zhongruan", "liuqin", "yangqin",
    ),
    "harp": (),
    "piano": ("tack piano",),
    "electric piano": ("clavinet",),
    "organ": ("pipe organ", "electronic organ", "harmonium"),
    "accordion": ("concertina", "bandoneon"),
    "harmonica": ("melodica",),
    "synthesizer": ("theremin",),
    "violin": ("viola", "erhu", "violin section", "viola section"),
    "cello": ("cello section",),
    "strings": ("string section",),
    "trumpet": ("cornet", "trumpet section"),
    "trombone": ("trombone section",),
    "horn": ("french horn", "french horn section", "tuba", "euphonium"),
    "brass": ("brass section", "horn section"),
    "saxophone": ("soprano saxophone", "alto saxophone", "tenor saxophone", "baritone saxophone"),
    "clarinet": ("bass clarinet", "clarinet section"),
    "double reed": ("oboe", "english horn", "bassoon", "bagpipe"),
    "flute": ("piccolo", "flute section", "recorder", "panpipes", "dizi", "bamboo flute", "pipe"),
    "singing": ("voice", "male singer", "female singer", "vocalists", "male rapper", "female rapper"),
}  # fmt: skip
NONE = (  # names that are no instrument of ours
    "effects", "fx/processed sound", "sampler", "scratches", "beatboxing", "male speaker", "female speaker", "crowd",
    "Main System", "Unlabeled",
)  # fmt: skip
OPENMIC: dict[str, tuple[str, ...]] = {  # OpenMIC's class: those of ours that it covers
    "accordion": ("accordion",), "banjo": ("banjo",), "bass": ("bass", "double bass", "synth bass"),
    "cello": ("cello",), "clarinet": ("clarinet",), "cymbals": ("cymbals",), "drums": ("drums",), "flute": ("flute",),
    "guitar": ("acoustic guitar", "electric guitar", "distorted guitar"), "mallet_percussion": ("mallets",),
    "mandolin": ("plucked",), "organ": ("organ",), "piano": ("piano", "electric piano"),
    "saxophone": ("saxophone",), "synthesizer": ("synthesizer",), "trombone": ("trombone",), "trumpet": ("trumpet",),
    "ukulele": ("plucked",), "violin": ("violin",), "voice": ("singing",),
}  # fmt: skip
LABELS = tuple(CLASSES)
SINGING = LABELS[-1]
_CLASS_OF: dict[str, tuple[str, ...]]
_CLASS_OF = {name: (kind,) for kind, names in CLASSES.items() for name in (kind, *names)} | dict.fromkeys(NONE, ())
_BAND = {*LABELS, *NAMES}
_SOURCES: dict[str, dict[str, tuple[str, ...]]] = {
    "band": {name: kinds for name, kinds in _CLASS_OF.items() if name in _BAND},
    "medleydb": _CLASS_OF,
    "openmic": OPENMIC,
}


def instrument_classes(name: str, source: str = "band") -> tuple[str, ...]:
    """Our classes that a dataset's name of an instrument stands for: one, several where it is coarser, or none.

    source: "band" (names of ``band.instruments.NAMES``, of drum sets, and ours), "medleydb" or "openmic".
    Raises ConfigError for a name that the source does not have, or another source.

    >>> instrument_classes("voice"), instrument_classes("french horn", "medleydb"), instrument_classes("effects")
    (('singing',), ('horn',), ())
    >>> instrument_classes("guitar", "openmic")
    ('acoustic guitar', 'electric guitar', 'distorted guitar')
    """
    if source not in _SOURCES:
        raise unknown("source of instrument names", source, _SOURCES)
    names = _SOURCES[source]
    if name not in names:
        raise unknown(f"instrument of {source}", name, names)
    return names[name]


def are_instruments(labels: Iterable[str]) -> bool:
    """Tell whether labels, at least one, are all names of instruments: ours, the band's or MedleyDB's.

    >>> are_instruments(["voice", "drum set"]), are_instruments(["verse", "bass"]), are_instruments([])
    (True, False, False)
    """
    names = set(labels)
    return bool(names) and names <= (_CLASS_OF.keys() | NAMES.keys())


def in_our_classes(activity: Segments, source: str = "band") -> Segments:
    """Name stretches of activity by our classes; several names of one class, such as two singers, become one.

    Names that cover several of our classes, and those of none, are left out. Raises ConfigError as
    ``instrument_classes`` does.

    >>> in_our_classes(Segments([0, 1, 2], [3, 2, 4], ["male singer", "crowd", "vocalists"]), "medleydb")
    Segments(starts=array([0.]), ends=array([4.]), labels=('singing',), values=None)
    """
    kinds = {label: instrument_classes(label, source) for label in set(activity.labels)}
    spans: dict[str, list[list[float]]] = {}
    for start, end, label in zip(activity.starts, activity.ends, activity.labels, strict=True):
        if len(kinds[label]) != 1:
            continue
        own = spans.setdefault(kinds[label][0], [])
        if own and start <= own[-1][1]:
            own[-1][1] = max(own[-1][1], float(end))
        else:
            own.append([float(start), float(end)])
    rows = sorted((start, LABELS.index(label), end) for label, own in spans.items() for start, end in own)
    return Segments([r[0] for r in rows], [r[2] for r in rows], [LABELS[r[1]] for r in rows])
