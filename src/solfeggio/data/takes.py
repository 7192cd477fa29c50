"""Takes: one recording of one song by the band, named so that every machine can make it again, and written to disk.

A song's folder holds mix.flac, a folder of stems, song.jams (the truth of every task), song.mid (as performed) and
song.json (what it is, and a SHA-256 of every other file). A folder is there whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio import audio, formats
from solfeggio.answers import Answer, Notes
from solfeggio.band.desk.mix import grouped
from solfeggio.band.instruments import instrument
from solfeggio.band.record import Recording
from solfeggio.band.song import Performance
from solfeggio.band.truth import sings, truth
from solfeggio.data import band
from solfeggio.data.dataset import Track
from solfeggio.errors import ConfigError, SolfeggioError, unknown
from solfeggio.notation import tempo

STEMS = ("4", "parts", "none")


@dataclass(frozen=True)
class Take:
    """Which song, and who plays it: everything that a recording depends on but its rate.

    id: unique among those it is kept with. the rest: as in ``band.band_track``.
    """

    id: str
    seed: int
    side: str = "train"
    family: str = "A"
    style: str | None = None
    voices: bool = False
    version: int = 0

    def track(self) -> Track:
        """Make its track; nothing is composed yet. Raises as ``band.band_track``."""
        made = band.band_track(
            self.seed, self.side, family=self.family, style=self.style, version=self.version, voices=self.voices
        )
        return replace(made, id=self.id)

    def performance(self) -> Performance:
        """Compose and perform it."""
        return band.performance(self.seed, self.side, self.style, self.version, self.voices)

    def recording(self, rate: int = band.RATE) -> Recording:
        """Record it at ``rate`` Hz."""
        return band.recording(self.seed, self.side, self.family, self.style, rate, self.version, self.voices)


def write_take(take: Take, folder: Path, *, rate: int = band.RATE, stems: str = "4") -> dict[str, Any]:
    """Write a take into the new folder FOLDER/ID, whole or not at all; returns what song.json holds.

    stems: "4" writes drums, bass, vocals and other, "parts" every part, "none" nothing. They sum to the mix as it was
    before mastering. rate: Hz. The same take gives the same bytes.
    """
    return whole(folder / take.id, lambda place: fill(place, take, rate=rate, stems=stems))


def fill(place: Path, take: Take, *, rate: int, stems: str) -> dict[str, Any]:
    """Write the files of a take into an existing folder; returns what the take is."""
    check(rate, stems)
    played, recorded = take.performance(), take.recording(rate)
    answers = truth(played)
    audio.write(place / "mix.flac", recorded.samples, rate, bits=16)
    for name, samples in _chosen(recorded, played, stems).items():
        path = place / "stems" / f"{name}.flac"
        path.parent.mkdir(exist_ok=True)
        audio.write(path, samples, rate, bits=16)
    facts = describe(take, played, recorded, answers)
    formats.write_jams(answers, place / "song.jams", facts["seconds"], facts["title"], about=facts)
    write_performed(place / "song.mid", played, answers)
    return facts


def check(rate: int, stems: str) -> None:
    """Raise ConfigError for a rate or a choice of stems that ``write_take`` does not know."""
    if stems not in STEMS:
        raise unknown("choice of stems", stems, STEMS)
    if not 8000 <= rate <= 192_000:
        raise ConfigError(f"{rate} Hz", "expected 8000 to 192000", "22050 and 44100 are usual")


def kept(folder: Path) -> bool:
    """Tell whether a song's folder is there, whole."""
    return (folder / "song.json").is_file()


def whole(target: Path, fill: Callable[[Path], Mapping[str, Any]]) -> dict[str, Any]:
    """Make a folder by ``fill(temporary folder) -> facts``, add song.json with facts and checksums, then name it.

    An unfinished folder of that name is replaced; nothing stays behind when ``fill`` fails.
    """
    place = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        facts = dict(fill(place))
        files = sorted(path for path in place.rglob("*") if path.is_file())
        facts["files"] = {path.relative_to(place).as_posix(): checksum(path) for path in files}
        (place / "song.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", "utf-8")
        place.chmod(0o777 & ~_umask())
        if target.is_dir():
            shutil.rmtree(target)
        os.replace(place, target)
    except OSError as problem:
        raise SolfeggioError(
            f"{target} cannot be written", problem.strerror or str(problem), "check the disk"
        ) from None
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return facts


def describe(take: Take, played: Performance, recorded: Recording, answers: Mapping[str, Answer]) -> dict[str, Any]:
    """Say what a take is, in values that JSON holds."""
    song = played.song
    spans: dict[str, Any] = {name: getattr(answers[name], "labels", ()) for name in ("key", "metre")}
    return {
        **asdict(take),
        "title": song.name,
        "style": song.style,
        "work": song.work or song.name,
        "groove": song.groove,
        "key": spans["key"][0] if spans["key"] else "",
        "metre": spans["metre"][0] if spans["metre"] else "",
        "bpm": round(tempo(played.beats), 2),
        "seconds": round(recorded.samples.shape[1] / recorded.rate, 6),
        "cents": round(played.cents, 3),
        "rate": recorded.rate,
        "sounds": dict(recorded.sounds),
        "parts": [
            {"name": p.name, "program": p.program, "instrument": _player(p), "drums": p.drums} for p in played.parts
        ],
        "solfeggio": version("solfeggio"),
    }


def write_performed(path: Path, played: Performance, answers: Mapping[str, Answer]) -> None:
    """Write the notes as they were played on a tempo map that follows the beats, chords and sections as markers."""
    rows = [(part.notes, "drums" if part.drums else part.name) for part in played.parts]
    columns = [
        np.concatenate([getattr(notes, name) for notes, _ in rows] or [np.zeros(0)])
        for name in ("starts", "ends", "pitches", "velocities")
    ]
    labels = [label for notes, label in rows for _ in range(len(notes))]
    order = np.lexsort((columns[2], columns[0]))
    starts, ends, pitches, velocities = (column[order] for column in columns)
    notes = Notes(starts, ends, np.clip(pitches, 0, 127), velocities, [labels[i] for i in order])
    programs = {part.name: part.program for part in played.parts if not part.drums}
    chords: Any = answers["chords"]
    sections: Any = answers["sections"]
    formats.write_midi(path, played.beats, notes, chords, sections, programs=programs, click=False)


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _player(part: Any) -> str:
    return "drums" if part.drums else "voice" if sings(part) else instrument(part.program)


def _chosen(recorded: Recording, played: Performance, stems: str) -> dict[str, np.ndarray]:
    if stems == "none":
        return {}
    if stems == "parts":
        return {name.replace("/", "-"): samples for name, samples in recorded.stems.items()}
    return grouped(recorded.stems, played)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
