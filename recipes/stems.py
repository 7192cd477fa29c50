"""Stems: what a small separator learns from random mixes of the band, and what musical knowledge buys it.

python recipes/stems.py prepare           record the stems, once, some 9 GB and a quarter of an hour of one core
"""

from __future__ import annotations

from pathlib import Path

import typer

from solfeggio.data.stems import Kept, Order
from solfeggio.data.stems import prepare as keep_all

POPULAR = (  # what recordings are mostly like
    "rock", "rock", "hard-rock", "pop", "pop", "metal", "thrash", "punk", "ballad", "singer-songwriter",
    "singer-songwriter", "country", "country", "funk", "soul", "disco", "hip-hop", "trap", "reggae", "reggae", "ska",
    "blues-shuffle", "rock-shuffle", "psychedelic-rock", "progressive-rock", "slow-blues", "jazz-swing", "bossa-nova",
    "latin", "gospel", "doo-wop", "house", "trance", "lo-fi", "pop-piano", "waltz",
)  # fmt: skip
SONGS = {"popular": 240, "any": 110, "valid": 24, "test": 20}
FIRST = {"popular": 30_000_000, "any": 31_000_000, "valid": 32_000_000, "test": 33_000_000}
TEST_SECONDS = 20.0
TESTS = {"new songs and styles": "A", "and a new sound bank": "B", "and FM synthesis": "C"}


def orders(smoke: bool) -> dict[str, list[Order]]:
    """Say what is recorded: train, valid, and a set for each family of sound banks that tests hear."""
    if smoke:
        sketched = {
            name: [
                Order(10 * i + k, side, "sketch", style, voices=False, seconds=4.0)
                for k, style in enumerate(("pop", "rock"))
            ]
            for i, (name, side) in enumerate((("train", "train"), ("valid", "valid"), ("test-sketch", "test")))
        }
        return {f"smoke-{name}": songs for name, songs in sketched.items()}
    train = [Order(FIRST["popular"] + i, "train", style=POPULAR[i % len(POPULAR)]) for i in range(SONGS["popular"])] + [
        Order(FIRST["any"] + i, "train") for i in range(SONGS["any"])
    ]
    valid = [
        Order(FIRST["valid"] + i, "valid", style=POPULAR[3 * i % len(POPULAR)] if i % 2 else None, seconds=12.0)
        for i in range(SONGS["valid"])
    ]
    tests = {
        f"test-{family}": [Order(FIRST["test"] + i, "test", family, seconds=TEST_SECONDS) for i in range(SONGS["test"])]
        for family in TESTS.values()
    }
    return {"train": train, "valid": valid, **tests}


def kept(name: str, cache: Path, smoke: bool, jobs: int) -> list[Kept]:
    """Record a set of songs, or open what is there."""
    return keep_all(orders(smoke)[name], cache / "stems" / name, jobs, lambda line: print(line, flush=True))


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)
CACHE = typer.Option(Path("runs/cache"), help="folder of sound, shared by runs")
SMALL = typer.Option(False, "--smoke", help="seconds, on sketched songs; proves the path, not the numbers")
JOBS = typer.Option(2, help="processes that record")


@app.callback()
def main() -> None:
    """Stems: separate vocals, drums, bass and others."""


@app.command()
def prepare(cache: Path = CACHE, smoke: bool = SMALL, jobs: int = JOBS) -> None:
    """Record the stems of all songs; goes on where it stopped."""
    for name in orders(smoke):
        print(f"{name}: {len(kept(name, cache, smoke, jobs))} songs", flush=True)


if __name__ == "__main__":
    app()
