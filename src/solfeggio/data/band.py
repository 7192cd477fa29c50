"""Songs that the band makes: composed, performed, rendered and mixed from a seed, nothing stored, every truth exact."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from solfeggio.band import banks, kits
from solfeggio.band.song import Performance
from solfeggio.data.dataset import Dataset, Track
from solfeggio.errors import ConfigError, unknown

RATE = 22050
SIDES = ("train", "valid", "test")
_CITATION = "Made by solfeggio's band from a seed; reproducible with the named sound banks and mma."


class Late(Mapping):
    """A read-only mapping whose keys are known and whose values are made when one is first asked for."""

    def __init__(self, keys: tuple[str, ...], make: Callable[[], dict[str, Any]]):
        self._keys, self._make = keys, make

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return self._make()[key]

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def band_track(
    seed: int, side: str, *, engine: str = "font", bank: str | None = None, kind: str | None = None
) -> Track:
    """Make the track of a seed; nothing is composed before its audio, answers or style are asked for.

    side: "train", "valid" or "test": which grooves, styles and songs may be played. engine: "font" (sampled
    instruments, needs the system's sound banks) or "sketch" (plain numpy). bank: family "A", "B" or "C", or None for
    "A"; B, C and their drum kits are only ever heard on side "test". kind: of music, as ``compose`` takes it. The audio
    is (2, n) at 22050 Hz. groups: song, style, kind, bank. answers: beats, chords, sections. Raises ConfigError for an
    unknown side or engine, or a family that the side must not hear.
    """
    if side not in SIDES:
        raise unknown("side", side, SIDES)
    if engine not in ("font", "sketch"):
        raise unknown("engine", engine, ("font", "sketch"))
    family = "sketch" if engine == "sketch" else bank or "A"
    if family != "sketch" and banks.side_of(family) != "train" and side != "test":
        raise ConfigError(f"family {family} on side '{side}'", "it is kept for testing", "use family A, or side 'test'")
    return Track(
        id=f"band-{side}-{family}-{seed}",
        audio=partial(_audio, seed, side, family, kind),
        answers=Late(("beats", "chords", "sections"), partial(_answers, seed, side, kind)),  # type: ignore[arg-type]
        groups=Late(("song", "style", "kind", "bank"), partial(_groups, seed, side, family, kind)),  # type: ignore[arg-type]
    )


def band_dataset(
    name: str,
    count: int,
    side: str,
    seed: int,
    family: str | None = None,
    *,
    engine: str = "font",
    kinds: Sequence[str | None] = (None,),
) -> Dataset:
    """Make ``count`` tracks from consecutive seeds; the licence is that of the sounds.

    kinds: of music, taken in turn; None lets the seed choose.
    Different ``seed`` give different songs as long as no dataset is larger than a million. Raises as ``band_track``.
    """
    tracks = tuple(
        band_track(seed * 1_000_000 + i, side, engine=engine, bank=family, kind=kinds[i % len(kinds)])
        for i in range(count)
    )
    found = sorted({bank.licence for bank in banks.banks(family or "A")}) if engine == "font" else []
    return Dataset(name, tracks, licence=" and ".join(["Apache-2.0", *found]), citation=_CITATION)


@lru_cache(maxsize=4)
def performance(seed: int, side: str, kind: str | None = None) -> Performance:
    """Compose and perform the song of a seed."""
    from solfeggio.band import compose, perform

    return perform.perform(np.random.default_rng([seed, 2]), compose.compose(seed, side=side, kind=kind))


def _answers(seed: int, side: str, kind: str | None) -> dict[str, Any]:
    played = performance(seed, side, kind)
    return {"beats": played.beats, "chords": played.chords, "sections": played.sections}


def _groups(seed: int, side: str, family: str, kind: str | None) -> dict[str, str]:
    song = performance(seed, side, kind).song
    return {"song": song.name, "style": song.style, "kind": song.name.split("-", 2)[-1], "bank": family}


def _audio(seed: int, side: str, family: str, kind: str | None) -> tuple[np.ndarray, int]:
    from solfeggio.band.mix import mix

    played, rng = performance(seed, side, kind), np.random.default_rng([seed, 3])
    if family == "sketch":
        from solfeggio.band.sketch import sketch

        stems = sketch(played, rng, RATE)
    else:
        from solfeggio.band.render import render

        found, sets = banks.require(family), kits.kits("train" if family == "A" else "test")
        bank = found[int(rng.integers(len(found)))]
        kit = sets[int(rng.integers(len(sets)))] if sets and rng.random() < 0.5 else None
        stems = render(played, bank, rng, kit=kit, rate=RATE)
    programs = dict(zip(stems, (part[1] for part in played.parts), strict=True))
    return mix(stems, rng, RATE, programs=programs, keep_stems=False)[0], RATE
