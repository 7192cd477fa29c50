"""Songs that the band makes: composed, performed, rendered and mixed from a seed, nothing stored, every truth exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from solfeggio.band import banks
from solfeggio.band.record import FAMILIES, Recording, record
from solfeggio.band.song import Performance
from solfeggio.band.truth import TASKS, truth
from solfeggio.data.dataset import Dataset, Late, Track
from solfeggio.errors import ConfigError, unknown

RATE = 22050
SIDES = ("train", "valid", "test")
GROUPS = ("song", "style", "groove", "work", "bank")
CITATION = "Made by solfeggio's band from a seed; reproducible with the named sound banks and mma."


def band_track(seed: int, side: str, *, family: str = "A", style: str | None = None) -> Track:
    """Make the track of a seed; nothing is composed before its audio, answers or style are asked for.

    side: "train", "valid" or "test": which grooves, patterns and songs may be played. family: of sound banks, or
    "sketch" (plain numpy); B, C and their drum kits are only ever heard on side "test". style: as ``compose`` takes it.
    The audio is (2, n) at 22050 Hz; the stems, one for each part,
    sum to it before mastering. groups: song, style, groove, work, bank. Raises ConfigError for an unknown side or
    family, or a family that the side must not hear.
    """
    if side not in SIDES:
        raise unknown("side", side, SIDES)
    if family not in FAMILIES:
        raise unknown("sound bank family", family, FAMILIES)
    if family != "sketch" and banks.side_of(family) != "train" and side != "test":
        raise ConfigError(f"family {family} on side '{side}'", "it is kept for testing", "use family A, or side 'test'")
    return Track(
        id=f"band-{side}-{family}-{seed}",
        audio=partial(_audio, seed, side, family, style),
        answers=Late(TASKS, partial(_answers, seed, side, style)),
        groups=Late(GROUPS, partial(_groups, seed, side, family, style)),
        stems=partial(_stems, seed, side, family, style),
    )


def band_dataset(
    name: str, count: int, side: str, seed: int, family: str = "A", *, styles: Sequence[str | None] = (None,)
) -> Dataset:
    """Make ``count`` tracks from consecutive seeds; the licence is that of the sounds.

    styles: of music, taken in turn; None lets the seed choose.
    Different ``seed`` give different songs as long as no dataset is larger than a million. Raises as ``band_track``.
    """
    tracks = tuple(
        band_track(seed * 1_000_000 + i, side, family=family, style=styles[i % len(styles)]) for i in range(count)
    )
    return Dataset(name, tracks, licence(family), CITATION)


def licence(family: str) -> str:
    """State the licences of what a family's sounds are made from.

    >>> licence("sketch")
    'Apache-2.0'
    """
    found = sorted({bank.licence for bank in banks.banks(family)}) if family != "sketch" else []
    return " and ".join(["Apache-2.0", *found])


@lru_cache(maxsize=4)
def performance(seed: int, side: str, style: str | None = None) -> Performance:
    """Compose and perform the song of a seed; words that nobody sings are not in it."""
    from solfeggio.band import compose, perform

    played = perform.perform(np.random.default_rng([seed, 2]), compose.compose(seed, side=side, style=style))
    return replace(played, parts=tuple(replace(part, words=()) for part in played.parts))


@lru_cache(maxsize=1)
def recording(seed: int, side: str, family: str, style: str | None = None, rate: int = RATE) -> Recording:
    """Record the song of a seed, stems and all, at ``rate`` Hz."""
    return record(performance(seed, side, style), np.random.default_rng([seed, 3]), family=family, rate=rate)


def _answers(seed: int, side: str, style: str | None) -> dict[str, Any]:
    return truth(performance(seed, side, style))


def _groups(seed: int, side: str, family: str, style: str | None) -> dict[str, str]:
    song = performance(seed, side, style).song
    work = song.work or song.name
    return {"song": song.name, "style": song.style, "groove": song.groove, "work": work, "bank": family}


def _audio(seed: int, side: str, family: str, style: str | None) -> tuple[np.ndarray, int]:
    return recording(seed, side, family, style).samples, RATE


def _stems(seed: int, side: str, family: str, style: str | None) -> tuple[dict[str, np.ndarray], int]:
    return recording(seed, side, family, style).stems, RATE
