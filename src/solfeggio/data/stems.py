"""Stems in groups, kept on disk: what separators learn from and are tested on.

An excerpt of each of the band's songs is recorded once, at 44.1 kHz in stereo, and kept as ID.npy (group, 2, n), 16-bit
integers, beside ID.json. Real multitrack recordings are grouped by what their instruments are called.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio.answers import Stems
from solfeggio.audio import resample
from solfeggio.band import excerpt
from solfeggio.band.desk.mix import strip_of
from solfeggio.band.instruments import instrument
from solfeggio.band.record import record
from solfeggio.band.singing.voices import require
from solfeggio.band.song import Played
from solfeggio.data.band import performance
from solfeggio.data.dataset import Track
from solfeggio.data.shared import real_dataset
from solfeggio.errors import DataError
from solfeggio.files import replacing, write_bytes

RATE = 44100
GROUPS = ("vocals", "drums", "bass", "piano", "guitar", "strings", "winds", "rest")
OTHER = ("piano", "guitar", "strings", "winds", "rest")  # what MUSDB calls other
FOUR = ("vocals", "drums", "bass", "other")
LEAD_IN = 2.5  # seconds recorded before an excerpt and thrown away, so that what rang on rings on
SECONDS = 30.0
_GROUPS: dict[str, tuple[str, ...]] = {  # instruments, as ``band.instruments`` calls them, of each group
    "bass": ("bass", "double bass", "synth bass"),
    "piano": ("piano", "electric piano", "harpsichord", "clavinet"),
    "guitar": ("guitar", "electric guitar", "distorted guitar", "banjo", "plucked"),
    "strings": ("violin", "viola", "cello", "strings"),
    "winds": (
        "trumpet", "trombone", "tuba", "horn", "brass", "saxophone", "oboe", "bassoon", "clarinet", "flute", "pipe",
        "bagpipe",
    ),
}  # fmt: skip
_GROUP_OF = {name: group for group, names in _GROUPS.items() for name in names}
_WORDS = (  # in what people call an instrument: the first that is found decides
    ("vocals", ("singer", "vocal", "voice", "choir", "rapper", "speaker", "beatbox")),
    ("drums", ("drum", "cymbal", "percussion", "tambourine", "shaker", "conga", "bongo", "cowbell", "clap")),
    ("guitar", ("guitar", "banjo", "mandolin", "ukulele", "sitar", "oud")),
    ("strings", ("violin", "viola", "cello", "string", "fiddle", "erhu")),
    ("winds", ("bassoon", "trumpet", "trombone", "tuba", "horn", "brass", "sax", "oboe", "clarinet", "flute",
               "piccolo", "whistle", "bagpipe", "dizi")),
    ("bass", ("bass",)),
    ("piano", ("piano", "harpsichord", "clavinet", "rhodes")),
)  # fmt: skip


def group_of(part: Played) -> str:
    """Name the group of a part: by its role for singers and drums, by its instrument for the others.

    A part named "bass" is the bass if bass instruments, synthesizers, guitars or a tuba play it; a bassoon's or a
    cello's is not.

    >>> from solfeggio.answers import Notes
    >>> nothing = Notes([], [], [], [])
    >>> group_of(Played("bass", 38, False, nothing)), group_of(Played("bass", 70, False, nothing))
    ('bass', 'winds')
    """
    role = strip_of(part.name, part).role
    if role in ("vocals", "drums"):
        return role
    if role == "percussion":
        return "drums"
    name = instrument(part.program)
    if role == "bass" and name in ("synthesizer", "tuba", "guitar", "electric guitar", "distorted guitar"):
        return "bass"
    return _GROUP_OF.get(name, "rest")


def group_named(name: str) -> str:
    """Name the group of an instrument by what people call it; "rest" where nothing fits.

    >>> group_named("clean electric guitar"), group_named("male singer"), group_named("electric bass")
    ('guitar', 'vocals', 'bass')
    """
    return next((group for group, words in _WORDS if any(word in name.lower() for word in words)), "rest")


def four(stems: Stems) -> Stems:
    """Add up stems in groups to vocals, drums, bass and other."""
    apart: dict[str, np.ndarray] = {name: np.zeros(stems.samples.shape[1:], np.float32) for name in FOUR}
    for label in stems.labels:
        apart["other" if label in OTHER else label] += stems[label]
    return Stems.of(apart, stems.rate, stems.residual)


@dataclass(frozen=True)
class Order:
    """An excerpt of a song to be recorded: as ``band_track`` names songs; seconds: of the excerpt."""

    seed: int
    side: str
    family: str = "A"
    style: str | None = None
    voices: bool = True
    seconds: float = SECONDS

    @property
    def id(self) -> str:
        """A name that no other order has."""
        sung = "-sung" if self.voices else ""
        style = "-" + Path(self.style).stem if self.style else ""
        return f"stems-{self.side}-{self.family}-{self.seed}{style}{sung}-{self.seconds:g}"


@dataclass(frozen=True)
class Kept:
    """An excerpt on disk. groups: those that sound, in the order of GROUPS. scale: what an integer of 1 stands for.

    levels_db: loudness of each group, root mean square. about: the order, style, sounds, start in the song in seconds.
    """

    path: Path
    groups: tuple[str, ...]
    scale: float
    levels_db: tuple[float, ...]
    about: Mapping[str, Any]

    @cached_property
    def samples(self) -> np.ndarray:
        """The integers on disk, (group, 2, n), mapped and not read."""
        return np.load(self.path.with_suffix(".npy"), mmap_mode="r")

    @property
    def length(self) -> int:
        """Samples at RATE."""
        return self.samples.shape[2]

    def read(self, group: str, first: int = 0, count: int | None = None) -> np.ndarray:
        """Read (2, count) float32 samples of a group from sample ``first`` on; a group that is silent gives zeros.

        What lies beyond the end is zero.
        """
        count = self.length - first if count is None else count
        out = np.zeros((2, count), np.float32)
        if group in self.groups:
            found = self.samples[self.groups.index(group), :, first : first + count]
            out[:, : found.shape[1]] = found * np.float32(self.scale)
        return out

    def stems(self, first: int = 0, count: int | None = None) -> Stems:
        """Read all groups, silent ones too."""
        return Stems.of({group: self.read(group, first, count) for group in GROUPS}, RATE)


def keep(order: Order, folder: Path) -> Kept:
    """Record an excerpt and keep it in an existing folder, or open what is kept there already.

    Raises MissingExtra without sound banks or voices, DataError when the folder cannot be written to.
    """
    path = folder / f"{order.id}.json"
    if path.is_file():
        return open_kept(path)
    if order.voices:
        require()
    played = performance(order.seed, order.side, order.style, voices=order.voices)
    rng = np.random.default_rng([order.seed, 5])
    start = excerpt.fullest(played, order.seconds, rng, group_of)
    begin = max(start - LEAD_IN, 0.0)
    stretch = excerpt.cut(played, begin, start + order.seconds)
    made = record(stretch, rng, family=order.family, rate=RATE, voices=order.voices)
    skip = round((start - begin) * RATE)
    groups: dict[str, np.ndarray] = {}
    for part, stem in zip(stretch.parts, made.stems.values(), strict=True):
        piece = stem[:, skip : skip + round(order.seconds * RATE)]
        name = group_of(part)
        groups[name] = groups[name] + piece if name in groups else piece
    found = {name: groups[name] for name in GROUPS if name in groups and np.abs(groups[name]).max() > 1e-4}
    if not found:
        raise DataError(f"{order.id} is silent", "nobody plays in its excerpt", "leave it out")
    peak = max(float(np.abs(stem).max()) for stem in found.values())
    with replacing(path.with_suffix(".npy"), DataError) as part_path, part_path.open("wb") as file:
        np.save(file, np.stack([np.round(stem * (32767 / peak)).astype(np.int16) for stem in found.values()]))
    facts = {
        "groups": list(found),
        "scale": peak / 32767,
        "levels_db": [round(float(10 * np.log10(np.mean(stem**2) + 1e-12)), 2) for stem in found.values()],
        "about": asdict(order)
        | {"song": played.song.name, "style": played.song.style, "start": start, "sounds": made.sounds},
    }
    write_bytes(path, json.dumps(facts).encode(), DataError)
    return open_kept(path)


def open_kept(path: Path) -> Kept:
    """Open a kept excerpt by its JSON file."""
    facts = json.loads(path.read_text("utf-8"))
    return Kept(path, tuple(facts["groups"]), facts["scale"], tuple(facts["levels_db"]), facts["about"])


def prepare(orders: Sequence[Order], folder: Path, jobs: int = 1, log: Callable[[str], None] = print) -> list[Kept]:
    """Keep every excerpt, recorded in ``jobs`` processes; resumable at any point. Returns what is kept, in order.

    A song that fails is left out and logged. Raises DataError when more than one in ten fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [order for order in orders if not (folder / f"{order.id}.json").is_file()]
    problems: list[str] = []

    def note(order: Order, work: Callable[[], Any]) -> None:
        try:
            work()
        except Exception as error:  # one bad song must not end a corpus; the caller reports and counts it
            problems.append(f"{order.id}: {type(error).__name__}: {error}")
            log(f"left out {problems[-1]}")

    for count, (order, work) in enumerate(_worked(missing, folder, jobs), 1):
        note(order, work)
        if count % 25 == 0:
            log(f"{folder.name}: {count} of {len(missing)} recorded")
    if len(problems) > len(orders) / 10:
        raise DataError(f"{len(problems)} of {len(orders)} songs fail", problems[0])
    return [open_kept(path) for order in orders if (path := folder / f"{order.id}.json").is_file()]


def _worked(orders: Sequence[Order], folder: Path, jobs: int) -> Iterable[tuple[Order, Callable[[], Any]]]:
    if jobs == 1:
        yield from ((order, partial(keep, order, folder)) for order in orders)
        return
    with ProcessPoolExecutor(jobs) as pool:
        tasks = {pool.submit(keep, order, folder): order for order in orders}
        yield from ((tasks[task], task.result) for task in as_completed(tasks))


def real_stems(track: Track) -> Stems:
    """Group the stems of a real multitrack recording ("S01 drum set"), at RATE and in stereo; their sum is the mix.

    Raises DataError for a track without stems.
    """
    if track.stems is None:
        raise DataError(f"{track.id} has no stems", "only the mix is there", "use a multitrack recording")
    found, rate = track.stems()
    length = max(stem.shape[1] for stem in found.values())
    groups = {group: np.zeros((2, length), np.float32) for group in GROUPS}
    for name, stem in found.items():
        groups[group_named(name)][:, : stem.shape[1]] += stem  # mono goes to both sides
    return Stems.of({group: resample(stem, rate, RATE) for group, stem in groups.items()}, RATE)


def real_recordings(folder: str | Path | None = None) -> dict[str, Callable[[], Stems]]:
    """Find the real multitrack recordings: name to a function that reads their stems in groups; for evaluation only.

    Raises DataError when there is none.
    """
    return {track.id: partial(real_stems, track) for track in real_dataset("mdb", folder)}
