"""Is it music? The band's songs beside real ones, in numbers.

Question: how far is what the band writes and records from the music that people make, in tempo, form, harmony, melody
and sound; which styles of it are furthest; and is it nearer than it was before it was tuned?

Method: N songs are composed, and some recorded; each is counted, and so is each song of the matching real set.
Distances between the mean histograms (Wasserstein for numbers, Jensen-Shannon for names) stand between two trivial
numbers: the distance of two random halves of the real set, which is as near as anything gets, and that of songs that
know nothing (a constant, or every name alike). Intervals are 95 %, bootstrapped over the band's and the real songs.

Cost: five minutes of one core for 300 songs written and 40 recorded, one for the real sets; both are kept.

    python recipes/band.py count --smoke     a few sketched songs, in seconds, beside others of the band's
    python recipes/band.py count             compose, record and count; resumes where it stopped
    python recipes/band.py report            compare, write runs/band/report.html and report.md

The real sets are read from $SOLFEGGIO_DATA or ../shared/data; nothing of them is kept but histograms, under --out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import typer

from solfeggio.audio import resample
from solfeggio.band.compose import compose
from solfeggio.band.style import style_names
from solfeggio.data.band import RATE, performance, recording
from solfeggio.data.shared import real_dataset
from solfeggio.data.symbolic import symbolic
from solfeggio.files import write_bytes
from solfeggio.recipe import Out, Smoke, commands, finish
from solfeggio.studies import realism
from solfeggio.studies.realism import Profile
from solfeggio.studies.recorded import RECORDED, recorded_profile
from solfeggio.studies.table import Estimate, Table
from solfeggio.studies.written import WRITTEN, written_profile

SONGS, EACH, RECORDINGS, PICTURES = 300, 8, 40, 10  # drawn by weight; of each matched style; recorded; shown
SEED = 7_000_000  # of songs that no training draws
SETS = ("harmonix", "salami", "pop909", "nottingham", "wjazzd", "jsb")
RECORDED_SETS = ("mdb", "jamendo", "beats")
POPULAR = (
    "acid", "ambient-techno", "ballad", "blues-shuffle", "breakbeat", "chiptune", "country", "deep-house", "disco",
    "doo-wop", "drill", "drum-and-bass", "dubstep", "funk", "garage", "gospel", "hard-rock", "hip-hop", "house",
    "jungle", "lo-fi", "metal", "minimal-techno", "mma-ballad", "mma-blues", "mma-country", "mma-dance",
    "mma-reggae", "mma-rock", "mma-soul", "pop", "pop-piano", "progressive-rock", "psychedelic-rock", "punk",
    "reggae", "rock", "rock-shuffle", "singer-songwriter", "ska", "slow-blues", "soul", "synthwave", "techno",
    "thrash", "trance", "trap",
)  # fmt: skip
FOLK = ("jig", "march", "mma-march", "mma-waltz", "polka", "reel", "waltz")  # composed ones, no real tunes
JAZZ = ("jazz-ballad", "jazz-swing", "mma-jazz", "modal-jazz")
CHORALES = ("chorale", "chorale-choir", "chorale-consort")
HARMONY = ("chord quality", "chord inversion", "root motion", "chord length", "chord degree", "mode")
MELODY = ("syncopation", "onset in beat", "off-beat share", "interval", "range", "density", "melody presence",
          "note length", "tone over root", "chord tones on beats")  # fmt: skip
DANCE = tuple(name for name in (*HARMONY, *MELODY) if name not in ("chord inversion", "melody presence"))
VARIED = ("sections", "duration", "tempo", "mode", "melody presence")  # which no single style could show
COMPARISONS: tuple[tuple[str, tuple[str, ...], str, tuple[str, ...]], ...] = (  # title, styles (all), set, statistics
    ("Popular styles beside Harmonix (912 songs)", POPULAR, "harmonix",
     ("tempo", "metre", "sections", "section length", "section bars", "section functions", "duration")),
    ("All styles beside SALAMI (1,348 pieces)", (), "salami",
     ("sections", "section length", "section functions", "duration")),
    ("Popular styles beside POP909 (909 songs)", POPULAR, "pop909", (*HARMONY, *MELODY)),
    ("Folk styles beside Nottingham (1,034 tunes)", FOLK, "nottingham", ("metre", *DANCE)),
    ("Jazz styles beside WJazzD (305 solos)", JAZZ, "wjazzd",
     ("chord quality", "root motion", "chord length", "off-beat share", "interval", "range", "density", "note length",
      "tone over root", "chord tones on beats")),
    ("Chorales beside Bach's (382)", CHORALES, "jsb",
     ("chord quality", "root motion", "chord length", "onset in beat", "move", "range", "tone over root",
      "chord tones on beats")),
)  # fmt: skip
INVALID = (
    "The band's songs are excerpts of 40 to 90 seconds, real songs are whole: number of sections and duration differ "
    "by design, and are shown so that nobody forgets.",
    "Real sets have their own bias: Harmonix is dance and game charts, POP909 is Chinese pop arranged for piano, the "
    "Nottingham tunes are read without repeats, WJazzD is transcribed with its swing and rubato.",
    "Chorale chords are named by template from four voices at each beat; passing notes may be taken for chords.",
    "The file of Bach's chorales does not tell repeated notes from held ones, so their lengths are not compared.",
    "Marginal histograms say nothing of order: a song could match all of them and still wander.",
    "Styles were tuned with these numbers in view, so the column 'now' is fitted, not held out.",
    "Reels and marches felt in halves are counted in quarters, as the Nottingham tunes are written.",
    "The twelve real recordings are few, from three sources; seven are unmastered sums of tracks.",
    "Nobody listened: pictures and numbers stand in for ears.",
)


def kept(path: Path, keys: Iterable[str], make: Callable[[str], Profile | None]) -> dict[str, Profile]:
    """Make the profile of every key, or take it from the file that an earlier run kept."""
    found = realism.read_profiles(json.loads(path.read_text())) if path.exists() else {}
    for number, key in enumerate(keys):
        if key not in found:
            if number % 50 == 0:
                print(f"== {path.stem}: {key}", flush=True)
            if (made := make(key)) is not None:
                found[key] = made
        if number % 50 == 49:
            save(path, found)
    save(path, found)
    return found


def save(path: Path, found: dict[str, Profile]) -> None:
    write_bytes(path, json.dumps(found).encode())


def count_band(out: Path, smoke: bool, songs: int, recordings: int) -> None:
    """Compose and count songs, some more ("seed:style") of the matched styles; record and count some of the songs.

    "style" stands beside the statistics.
    """
    out.mkdir(parents=True, exist_ok=True)
    side, family = ("test", "sketch") if smoke else ("train", "A")

    def written(key: str) -> Profile:
        seed, _, style = key.partition(":")
        song = compose(int(seed), side=side, style=style or None)
        return written_profile(song) | {"style": {song.style: 1.0}}

    known = () if smoke else [style for style in (*FOLK, *JAZZ, *CHORALES) if style in style_names()]
    keys = [str(SEED + i) for i in range(songs)]
    keys += [f"{SEED + 5000 + i}:{style}" for style in known for i in range(EACH if songs else 0)]
    kept(out / "written.json", keys, written)

    def recorded(key: str) -> Profile:
        return recorded_profile(recording(int(key), side, family, None).samples, RATE)

    kept(out / "recorded.json", [str(SEED + i) for i in range(recordings)], recorded)


def count_real(out: Path, data: Path | None, smoke: bool) -> None:
    """Count the real sets, or for a smoke run a few other songs of the band in their place."""
    for name in SETS:
        path = out / f"real-{name}.json"
        if path.exists():
            continue
        if smoke:
            songs: Any = (compose(SEED + 50 + i, side="valid") for i in range(3))
        else:
            songs = symbolic(name, data)
        print(f"== {name}", flush=True)
        save(path, {song.name: written_profile(song) for song in songs})
    path = out / "real-recorded.json"
    if not path.exists():
        print("== recordings", flush=True)
        found = {}
        for name in () if smoke else RECORDED_SETS:
            for track in real_dataset(name, data):
                found[track.id] = recorded_profile(at_rate(*track.audio()), RATE)
        if smoke:
            found = {"other": recorded_profile(recording(SEED + 60, "valid", "sketch", None).samples, RATE)}
        save(path, found)


def at_rate(samples: np.ndarray, rate: int) -> np.ndarray:
    return resample(samples, rate, RATE)


def load(path: Path) -> dict[str, Profile]:
    return realism.read_profiles(json.loads(path.read_text())) if path.exists() else {}


def chosen(folder: Path, wanted: tuple[str, ...]) -> list[Profile]:
    """Written profiles of the songs in these styles, or of all that were drawn by weight."""
    songs = load(folder / "written.json").items()
    return [
        song for key, song in songs if (any(style in wanted for style in song["style"]) if wanted else ":" not in key)
    ]


def popular(folder: Path, smoke: bool) -> list[Profile]:
    """Recorded profiles of the songs in popular styles, which is what the real recordings are."""
    written = load(folder / "written.json")
    songs = load(folder / "recorded.json").items()
    return [song for key, song in songs if smoke or any(style in POPULAR for style in written[key]["style"])]


def compare(
    title: str, band: list[Profile], before: list[Profile], real: list[Profile], names: Iterable[str], units: Any
) -> Table:
    """Set the distances of one comparison beside its trivial ends, a row a statistic."""
    names = list(names)
    now, then = realism.distances(band, real, names), realism.distances(before, real, names)
    low, high = realism.floor(real, names), realism.ceiling(real, names)
    rows = []
    for name in names:
        if name not in now:
            continue
        ends = (low.get(name), high.get(name))
        here, there = realism.median(band, name), realism.median(real, name)
        rows.append(
            (name, units[name].unit or "JS", ends[0], then.get(name), now[name], ends[1], str(here), str(there))
        )
    note = f"{len(band)} songs of the band now, {len(before)} before; {len(real)} real. JS: Jensen-Shannon, 0 to 1."
    columns = ("statistic", "unit", "halves of reality", "band before", "band now", "knows nothing",
               "typical of the band", "typical of reality")  # fmt: skip
    return Table(title, columns, tuple(rows), note)


def summary(tables: list[Table]) -> Table:
    """Count how many statistics came nearer, and how many are nearer than songs that know nothing."""
    rows = []
    for table in tables:
        before, now = table.column("band before"), table.column("band now")
        nothing = table.column("knows nothing")
        pairs = [(b.mean, n.mean) for b, n in zip(before, now, strict=True) if isinstance(b, Estimate) and b.mean > 0]  # type: ignore[union-attr]
        ratio = float(np.exp(np.mean([np.log(max(n, 1e-6) / b) for b, n in pairs]))) if pairs else None
        beaten = sum(n.mean < high for n, high in zip(now, nothing, strict=True) if high)  # type: ignore[union-attr, operator]
        nearer = f"{sum(n < b for b, n in pairs)} of {len(pairs)}" if pairs else None
        rows.append((table.title.partition(" (")[0], ratio, nearer, f"{beaten} of {len(now)}"))
    columns = ("comparison", "distance now / before", "nearer than before", "nearer than knowing nothing")
    return Table("In short", columns, tuple(rows), "ratio: geometric mean over statistics; below 1 is nearer")


def by_style(folder: Path, real: dict[str, list[Profile]]) -> Table:
    """Say which styles lie furthest from their real set, in the mean distance over that of knowing nothing."""
    rows = []
    for _, wanted, name, told in COMPARISONS:
        names = [n for n in told if n not in VARIED]
        high = realism.ceiling(real[name], names)
        for style in wanted:
            songs = chosen(folder, (style,))
            if len(songs) < 3:
                continue
            found = realism.distances(songs, real[name], names, draws=20)
            shares = {n: found[n].mean / high[n] for n in found if high.get(n, 0) > 0}
            if shares:
                worst = max(shares, key=lambda n: shares[n])
                rows.append((style, name, len(songs), float(np.median(list(shares.values()))), worst))
    rows.sort(key=lambda row: -row[3])
    columns = ("style", "beside", "songs", "median distance / knowing nothing", "furthest in")
    return Table("By style, furthest first", columns, tuple(rows), "few songs a style, so distances are too large")


def pictures(smoke: bool) -> tuple[dict[str, str], list[tuple[str, np.ndarray, int, Any]]]:
    """Piano rolls and spectrograms of songs, and the songs to hear."""
    from solfeggio.band.truth import truth
    from solfeggio.report.draw import piano_roll, spectrogram

    charts: dict[str, str] = {}
    examples = []
    side, family = ("test", "sketch") if smoke else ("train", "A")
    for seed in range(SEED, SEED + (2 if smoke else PICTURES)):
        played = performance(seed, side, None)
        made = recording(seed, side, family, None)
        name = f"{played.song.style} ({seed})"
        start = float(min(8.0, played.duration / 4))
        end = float(min(start + 20.0, played.duration))
        tonal = {part.name: part.notes for part in played.parts if not part.drums}
        charts[f"{name}: notes"] = piano_roll(tonal, played.beats, start, end, f"Notes of {name}")
        charts[f"{name}: sound"] = spectrogram(made.samples, RATE, start, end, f"Spectrogram of {name}")
        answers = {k: v for k, v in truth(played).items() if k in ("beats", "chords", "sections")}
        examples.append((name, made.samples, RATE, answers))
    return charts, examples


def report(out: Path, before: Path | None, smoke: bool) -> None:
    """Compare, and write report.html and report.md."""
    from solfeggio.report.draw import histograms

    old = before or out / "before"
    real = {name: list(load(out / f"real-{name}.json").values()) for name in SETS}
    tables, charts = [], {}
    for title, wanted, name, names in COMPARISONS:
        band, earlier = chosen(out, () if smoke else wanted), chosen(old, () if smoke else wanted)
        tables.append(compare(title, band, earlier, real[name], names, WRITTEN))
        charts[title] = draw(histograms, title, band, earlier, real[name], names, WRITTEN)
    heard = [popular(folder, smoke) for folder in (out, old)]
    recordings = list(load(out / "real-recorded.json").values())
    title = f"Sound of popular styles beside {len(recordings)} real recordings"
    tables.append(compare(title, heard[0], heard[1], recordings, RECORDED, RECORDED))
    charts[title] = draw(histograms, title, heard[0], heard[1], recordings, RECORDED, RECORDED)
    tables = [summary(tables), *tables, by_style(out, real)]
    drawn, examples = pictures(smoke)
    finish(
        out,
        __doc__,
        "Is it music?",
        tables,
        examples=examples,
        invalid=INVALID,
        charts=charts | drawn,
        provenance={
            "songs": len(chosen(out, ())),
            "recordings": len(heard[0]),
            "first seed": SEED,
            "styles drawn": tally(chosen(out, ())),
        },
    )


def draw(histograms: Any, title: str, now: list, before: list, real: list, names: Iterable[str], units: Any) -> str:
    bodies = {"real": real, "band now": now} | ({"band before": before} if before else {})
    panels = {
        name: {body: table for body, songs in bodies.items() if (table := realism.histogram(songs, name))}
        for name in names
    }
    return histograms(
        {name: tables for name, tables in panels.items() if tables},
        {name: units[name].unit for name in panels if units[name].unit},
        title,
    )


def tally(songs: list[Profile]) -> dict[str, int]:
    """Songs of each style."""
    styles = sorted(str(style) for song in songs for style in song["style"])
    return {style: styles.count(style) for style in styles}


app = commands(__doc__)
OUT = Path("runs/band")
DATA = typer.Option(None, help="folder of the real sets; $SOLFEGGIO_DATA or ../shared/data by default")
BEFORE = typer.Option(None, help="folder of an earlier count, to compare with; OUT/before by default")
SONG_COUNT = typer.Option(SONGS, "--songs", help="songs to write")
RECORDING_COUNT = typer.Option(RECORDINGS, "--recordings", help="songs to record")


@app.command()
def count(
    out: Out = OUT,
    data: Path | None = DATA,
    smoke: Smoke = False,
    songs: int = SONG_COUNT,
    recordings: int = RECORDING_COUNT,
) -> None:
    """Compose, record and count songs, then the real sets; continues where it stopped."""
    count_band(out, smoke, 6 if smoke else songs, 2 if smoke else recordings)
    count_real(out, data, smoke)


@app.command("report")
def report_command(out: Out = OUT, before: Path | None = BEFORE, smoke: Smoke = False) -> None:
    """Compare with the real sets and write the report."""
    report(out, before, smoke)


if __name__ == "__main__":
    app()
