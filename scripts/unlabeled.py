"""Fetch hours of real, unlabelled recordings from Debian packages, for local experiments; nothing of them is shipped.

    python scripts/unlabeled.py FOLDER                     all packages of the table, 1.6 GB to fetch, about 10 hours
    python scripts/unlabeled.py FOLDER singularity-music   these only
    python scripts/unlabeled.py --list

Needs Debian or Ubuntu (apt-get, dpkg-deb), no root. Each package's music goes to FOLDER/PACKAGE beside its copyright
file, which says what may be done with each piece; a package that is there already is skipped, so it can be run again.
`solfeggio.data.shared.unlabeled_dataset(FOLDER)` reads them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import typer

from solfeggio import audio
from solfeggio.errors import MissingExtra, SolfeggioError

PACKAGES: dict[str, tuple[int, str, str]] = {  # name: (MB to fetch, licence of the music, character)
    "asterisk-moh-opsound-wav": (14, "CC-BY-SA-3.0", "guitar, piano, electronic; 8 kHz"),
    "singularity-music": (52, "Creative Commons, by piece", "electronic, synthesisers"),
    "flare-game": (123, "CC-BY-SA-3.0 or later", "orchestral, strings"),
    "hedgewars-data": (146, "GPL-2", "rock, guitar, surf, varied"),
    "wesnoth-1.16-music": (153, "GPL-2 or later", "orchestral, strings, brass"),
    "unknown-horizons": (248, "GPL-2 or later, CC-BY-SA", "orchestral, among it Grieg"),
    "naev-data": (350, "CC-BY, CC-BY-SA, public domain, GPL, by piece", "electronic, ambient"),
    "widelands-data": (381, "GPL-2 or later", "folk and classical, piano, guitar"),
}
SUFFIXES = (".ogg", ".opus", ".flac", ".mp3", ".wav")
SHORTEST_SECONDS = 25.0
NOISES = (
    "wind",
    "rain",
    "river",
    "water",
    "waves",
    "storm",
    "crowd",
    "speech",
    "voice",
)  # words in names that are no music


def fetch(package: str, folder: Path) -> list[Path]:
    """Download and unpack one package, keep its music; returns the recordings. Raises SolfeggioError when it fails."""
    home = folder / package
    if (home / "copyright").is_file():
        return recordings(home)
    with tempfile.TemporaryDirectory(prefix=f".{package}-", dir=folder) as scratch:
        run(["apt-get", "download", "-q", package], Path(scratch))
        archive = next(Path(scratch).glob("*.deb"))
        run(["dpkg-deb", "-x", str(archive), "tree"], Path(scratch))
        tree = Path(scratch) / "tree"
        made = Path(scratch) / "music"
        made.mkdir()
        for path in sorted(tree.rglob("*")):
            if path.is_file() and not path.is_symlink() and is_music(path):
                shutil.move(path, made / "-".join(path.relative_to(tree).parts[-2:]))
        terms = sorted(tree.glob("usr/share/doc/*/copyright"))
        if not terms:
            raise SolfeggioError(f"package {package}", "it holds no copyright file", "leave it out")
        (made / "copyright").write_text("\n\n".join(path.read_text("utf-8", "replace") for path in terms), "utf-8")
        shutil.rmtree(home, ignore_errors=True)
        made.rename(home)
    return recordings(home)


def run(command: list[str], folder: Path) -> None:
    """Run a tool; raises MissingExtra when it is absent, SolfeggioError with its last line when it fails."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise MissingExtra(f"'{command[0]}' is needed", "it is not installed", "use Debian or Ubuntu") from None
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise SolfeggioError(" ".join(command), reason, "run 'apt-get update', check the network")


def is_music(path: Path) -> bool:
    """Tell whether a file is a recording of at least 25 s whose name is not that of a noise."""
    if path.suffix.lower() not in SUFFIXES or NOISES & set(re.split(r"[^a-z]+", path.stem.lower())):
        return False
    try:
        return (audio.info(path).seconds or 0.0) >= SHORTEST_SECONDS
    except SolfeggioError:
        return False


def recordings(home: Path) -> list[Path]:
    """The recordings of a package that was fetched."""
    return [path for path in sorted(home.iterdir()) if path.suffix.lower() in SUFFIXES]


FOLDER = typer.Argument(None, help="folder to fetch into; it is made")
CHOSEN = typer.Argument(None, help="packages; all of the table by default")
LIST = typer.Option(False, "--list", help="show the table and stop")


def main(folder: Path = FOLDER, packages: list[str] = CHOSEN, table: bool = LIST) -> None:
    """Fetch real recordings from Debian packages."""
    if table or folder is None:
        for name, (megabytes, licence, about) in PACKAGES.items():
            print(f"{name:26} {megabytes:5} MB  {licence:46} {about}")
        raise typer.Exit(0 if table else 2)
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for package in packages or PACKAGES:
        licence = PACKAGES.get(package, (0, "see its copyright file", ""))[1]
        try:
            found = fetch(package, folder)
        except SolfeggioError as problem:
            print(f"{package}: {problem}", file=sys.stderr)
            failed += 1
            continue
        hours = sum(audio.info(path).seconds or 0.0 for path in found) / 3600
        print(f"{package:26} {len(found):4} recordings {hours:6.2f} h  {licence}", flush=True)
    raise typer.Exit(1 if failed else 0)


if __name__ == "__main__":
    typer.run(main)
