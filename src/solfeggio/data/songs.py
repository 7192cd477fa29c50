"""The songs of the band that recipes share: what is learned from, validated on and judged, by fixed names and seeds."""

from __future__ import annotations

from pathlib import Path

from solfeggio.data.band import band_dataset
from solfeggio.data.dataset import Dataset

POPULAR = (  # what recordings are mostly like; the last seven are played by few and without drums
    "rock", "rock", "hard-rock", "pop", "pop", "metal", "thrash", "punk", "ballad", "singer-songwriter",
    "singer-songwriter", "country", "country", "funk", "soul", "disco", "hip-hop", "trap", "reggae", "reggae", "ska",
    "blues-shuffle", "rock-shuffle", "psychedelic-rock", "progressive-rock", "slow-blues", "jazz-swing", "bossa-nova",
    "latin", "gospel", "doo-wop", "house", "trance", "lo-fi", "pop-piano", "waltz", "romantic-piano", "nocturne",
    "string-quartet", "string-orchestra", "solo-violin", "guitar-solo", "session-airs",
)  # fmt: skip
ENSEMBLES = POPULAR[:-7]  # of these, several play
TESTS = {"new songs and styles": "A", "and a new sound bank": "B", "and FM synthesis": "C"}  # families; A is trained on
SOUNDS = (  # what a card says of the band's sound
    "sound-bank family A: FluidR3_GM (MIT) and MuseScore_General (MIT)",
    "drum one-shots of Hydrogen kits (GPL-2 and Creative Commons), heard in training only, not shipped",
    "accompaniment of half the songs played by mma (GPL-2 program), of which nothing is shipped",
    "voices: espeak-ng (GPL-3 program), Sinsy (nitech_jp_song070_f001, CC-BY-3.0, Nagoya Institute of Technology)",
    "public-domain scores of music21's corpus (Bach, O'Neill, Ryan, Aird, quartets)",
)


def recipe_songs(smoke: bool = False) -> tuple[Dataset, Dataset, Dataset, dict[str, Dataset]]:
    """Songs of all kinds (720) and popular ones (430) to train on, 48 to validate and 40 of each family to test on.

    Styles, songs, singers and sound banks are split. smoke: two sketched songs of each, in seconds.

    >>> train, popular, valid, tests = recipe_songs()
    >>> len(train), len(popular), len(valid), list(tests)[1]
    (720, 430, 48, 'and a new sound bank')
    """
    if smoke:
        train, popular, valid, test = (
            band_dataset(f"smoke-{i}", 2, side, seed=i, family="sketch", styles=("pop", "waltz"))
            for i, side in enumerate(("train", "train", "valid", "test"))
        )
        return train, popular, valid, {"sketched songs": test}
    return (
        band_dataset("train", 720, "train", seed=0, voices=True),
        band_dataset("popular", 430, "train", seed=1, styles=POPULAR, voices=True),
        band_dataset("valid", 48, "valid", seed=0, voices=True),
        {
            name: band_dataset(f"test-{family}", 40, "test", seed=0, family=family, voices=True)
            for name, family in TESTS.items()
        },
    )


def with_sound_kept(dataset: Dataset, cache: Path) -> Dataset:
    """Keep a dataset's sound in the folder ``cache``/sound: rendered once for all features and systems."""
    folder = cache / "sound"
    folder.mkdir(parents=True, exist_ok=True)
    return dataset.cached(folder)
