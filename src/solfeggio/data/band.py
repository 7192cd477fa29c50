"""Songs that the band makes: composed, performed, rendered and mixed from a seed, nothing stored, every truth exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio.band.desk import banks
from solfeggio.band.record import FAMILIES, Recording, draw_bank, record
from solfeggio.band.singing.voices import require
from solfeggio.band.song import Performance
from solfeggio.band.truth import TASKS, truth
from solfeggio.data.dataset import Dataset, Late, Track
from solfeggio.errors import ConfigError, unknown

RATE = 22050
SIDES = ("train", "valid", "test")
GROUPS = ("song", "style", "groove", "work", "bank")
SUNG = " and CC-BY-3.0 (Sinsy's voice nitech_jp_song070_f001, Nagoya Institute of Technology)"
CITATION = "Made by solfeggio's band from a seed; reproducible with the named sound banks and mma."


def band_track(
    seed: int, side: str, *, family: str = "A", style: str | None = None, version: int = 0, voices: bool = False
) -> Track:
    """Make the track of a seed; nothing is composed before its audio, answers or style are asked for.

    side: "train", "valid" or "test": which grooves, patterns and songs may be played. family: of sound banks, or
    "sketch" (plain numpy); B, C and their drum kits are only ever heard on side "test". style: as ``compose`` takes it.
    version: 0 is the song of the seed, 1, 2, ... are other versions of the same work, as ``versions.version`` makes.
    voices: parts with words are sung (the band's other sounds may differ too); otherwise instruments play them and
    nobody sings. The audio is (2, n) at 22050 Hz; the stems, one for each part,
    sum to it before mastering. groups: song, style, groove, work, bank. Raises ConfigError for an unknown side or
    family, or a family that the side must not hear; MissingExtra for voices where none are installed.
    """
    if voices:
        require()
    if side not in SIDES:
        raise unknown("side", side, SIDES)
    if family not in FAMILIES:
        raise unknown("sound bank family", family, FAMILIES)
    if family != "sketch" and banks.side_of(family) != "train" and side != "test":
        raise ConfigError(f"family {family} on side '{side}'", "it is kept for testing", "use family A, or side 'test'")
    return Track(
        id="-".join(["band", side, family, str(seed), *([Path(style).stem] if style else [])])
        + (f"-v{version}" if version else "")
        + ("-sung" if voices else ""),
        audio=partial(_audio, seed, side, family, style, version, voices),
        answers=Late(TASKS, partial(_answers, seed, side, style, version, voices)),
        groups=Late(GROUPS, partial(_groups, seed, side, family, style, version, voices)),
        stems=partial(_stems, seed, side, family, style, version, voices),
    )


def band_dataset(
    name: str,
    count: int,
    side: str,
    seed: int,
    family: str = "A",
    *,
    styles: Sequence[str | None] = (None,),
    voices: bool = False,
) -> Dataset:
    """Make ``count`` tracks from consecutive seeds; the licence is that of the sounds.

    styles: of music, taken in turn; None lets the seed choose. voices: whether parts with words are sung.
    Different ``seed`` give different songs as long as no dataset is larger than a million. Raises as ``band_track``.
    """
    tracks = tuple(
        band_track(seed * 1_000_000 + i, side, family=family, style=styles[i % len(styles)], voices=voices)
        for i in range(count)
    )
    return Dataset(name, tracks, licence(family) + (SUNG if voices else ""), CITATION)


def licence(family: str) -> str:
    """State the licences of what a family's sounds are made from.

    >>> licence("sketch")
    'Apache-2.0'
    """
    found = sorted({bank.licence for bank in banks.banks(family)}) if family != "sketch" else []
    return " and ".join(["Apache-2.0", *found])


def drums_of(seed: int, family: str = "A") -> str:
    """Name the bank that plays the drums of a track, or "kits" where one-shots do; nothing is composed for it."""
    bank, sets = draw_bank(_generator(seed, 3, 0), family)
    return "kits" if sets else bank.name


@lru_cache(maxsize=4)
def performance(seed: int, side: str, style: str | None = None, version: int = 0, voices: bool = False) -> Performance:
    """Compose and perform the song of a seed, or a version of it; words that nobody sings are not in it."""
    from solfeggio.band import compose, perform, versions

    song = compose.compose(seed, side=side, style=style)
    if version:
        song = versions.version(_generator(seed, 4, version), song)
    played = perform.perform(_generator(seed, 2, version), song)
    if voices:
        return played
    return replace(played, parts=tuple(replace(part, words=()) for part in played.parts))


@lru_cache(maxsize=1)
def recording(
    seed: int,
    side: str,
    family: str,
    style: str | None = None,
    rate: int = RATE,
    version: int = 0,
    voices: bool = False,
) -> Recording:
    """Record the song of a seed, or a version of it, stems and all, at ``rate`` Hz."""
    played = performance(seed, side, style, version, voices)
    return record(played, _generator(seed, 3, version), family=family, rate=rate, voices=voices)


def _generator(seed: int, purpose: int, version: int) -> np.random.Generator:
    return np.random.default_rng([seed, purpose, version] if version else [seed, purpose])


@lru_cache(maxsize=4)  # a track is asked for its answers one by one
def _answers(seed: int, side: str, style: str | None, version: int, voices: bool) -> dict[str, Any]:
    return truth(performance(seed, side, style, version, voices))


def _groups(seed: int, side: str, family: str, style: str | None, version: int, voices: bool) -> dict[str, str]:
    song = performance(seed, side, style, version, voices).song
    work = song.work or song.name
    return {"song": song.name, "style": song.style, "groove": song.groove, "work": work, "bank": family}


def _audio(seed: int, side: str, family: str, style: str | None, version: int, voices: bool) -> tuple[np.ndarray, int]:
    return recording(seed, side, family, style, version=version, voices=voices).samples, RATE


def _stems(
    seed: int, side: str, family: str, style: str | None, version: int, voices: bool
) -> tuple[dict[str, np.ndarray], int]:
    return recording(seed, side, family, style, version=version, voices=voices).stems, RATE
