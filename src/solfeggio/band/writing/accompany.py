"""Play a chart in a groove: write it for ``mma``, run it, read its notes back on the quarter-note clock."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio.band.chance import pick
from solfeggio.band.song import Part, Song
from solfeggio.band.writing.chart import Chart, bar_quarters, chord_spans, form_spans
from solfeggio.band.writing.mma import LIBRARY, Groove, tactus
from solfeggio.errors import DataError, MissingExtra
from solfeggio.harte import NAMES, bass, parse_pitch

QUALITIES = {  # Harte -> mma
    "maj": "", "min": "m", "7": "7", "maj7": "M7", "min7": "m7", "dim": "dim3", "hdim7": "m7b5", "dim7": "dim7",
    "aug": "aug", "sus4": "sus4", "sus2": "sus2", "5": "5", "maj6": "6", "min6": "m6", "9": "9", "maj9": "M9",
    "min9": "m9", "minmaj7": "mM7", "11": "11", "min11": "m11", "13": "13", "maj13": "M13", "min13": "m13",
    "sus4(b7)": "7sus", "7(b9)": "7b9", "7(#9)": "7#9", "aug(b7)": "aug7", "maj(9)": "add9", "min(9)": "m(sus9)",
    "maj6(9)": "6(add9)",
    "": "",
}  # fmt: skip
ROLES = {  # mma track type -> part
    "bass": "bass", "walk": "bass", "chord": "chords", "arpeggio": "arpeggio", "scale": "arpeggio",
    "plectrum": "guitar", "melody": "melody", "solo": "melody", "aria": "melody", "drum": "drums",
}  # fmt: skip
TIMEOUT = 30.0  # seconds; a song takes 0.1


def mma_chord(label: str) -> str:
    """Spell a Harte label for mma.

    >>> mma_chord("A:min7"), mma_chord("C:maj/3"), mma_chord("N")
    ('Am7', 'C/E', 'z')
    """
    if label in ("N", "X"):
        return "z"
    chord, slash, _ = label.partition("/")
    root, _, quality = chord.partition(":")
    plain = quality if quality in QUALITIES else quality.partition("(")[0]
    known = QUALITIES.get(plain, "m" if plain.startswith("min") else "")
    return root + known + ("/" + NAMES[bass(label)] if slash and bass(label) != parse_pitch(root) else "")


def accompany(rng: np.random.Generator, groove: Groove, chart: Chart, bpm: float) -> Song:
    """Play ``chart`` in ``groove``, its variants, fills, intro and ending; ``bpm`` is felt beats a minute.

    The beats are exact: mma's bars start at tick 0 and its tempo, rounded to a whole number, is never used.
    Raises MissingExtra when mma is not installed, DataError when it cannot play the chart.
    """
    written, felt = groove.metre, tactus(groove.metre)
    if chart.metre != written:
        raise DataError(f"a chart in {chart.metre}", f"the groove {groove.name} is in {written}", "write it in that")
    source = _write(rng, groove, chart)
    length = chart.bars * bar_quarters(written)
    beats = np.arange(chart.bars * felt[0])
    return Song(
        name=groove.name,
        style=groove.file,
        groove=groove.name,
        bpm=float(bpm * felt[1]),
        parts=_read(_run(source), groove, length),
        length_quarters=length,
        beats_quarters=beats * felt[1],
        positions=beats % felt[0] + 1,
        chords=chord_spans(chart),
        **form_spans(chart),
    )


def _write(rng: np.random.Generator, groove: Groove, chart: Chart) -> str:
    """Lay the song out in mma's language: a groove for each section, one line of chords for each bar."""
    names = _plan_grooves(rng, groove, chart)
    factor = groove.unit / 4  # mma beats in a quarter: its 6/8 counts eighths
    lines = [f"RndSeed {int(rng.integers(1, 10**6))}", "Tempo 120"]
    for number, bar in enumerate(chart.chords):
        if number in names:
            lines.append(f"Groove {groove.file}:{names[number]}")
        spots = {1 + offset * factor: mma_chord(label) for offset, label in bar}
        lines.append(f"{number + 1} " + " ".join(f"{chord}@{spot:g}" for spot, chord in spots.items()))
    return "\n".join(lines) + "\n"


def _plan_grooves(rng: np.random.Generator, groove: Groove, chart: Chart) -> dict[int, str]:
    """Choose which groove starts at which bar: one variant for each section name, fills before the next section."""
    own = groove.name.partition(":")[2]
    kin = [v for v in groove.variants if v.lower().startswith(own.lower()[:5])] or list(groove.variants)
    fills = [f for f in groove.fills if f.lower().startswith(own.lower()[:5])]
    plan: dict[int, str] = {}
    chosen: dict[str, str] = {}
    for name, first, bars in chart.sections:
        if name not in chosen:
            chosen[name] = pick(rng, kin) if kin and chosen and rng.random() < 0.6 else own
        plan[first] = chosen[name]
        if name == "intro" and groove.intros and rng.random() < 0.7:
            plan[first] = pick(rng, groove.intros)
        if fills and bars > 2 and rng.random() < 0.5:
            plan[first + bars - 1] = pick(rng, fills)
    endings = [(e, n) for e, n in groove.endings if n < chart.bars - 2]
    if endings and rng.random() < 0.6:
        ending, size = pick(rng, endings)
        plan = {bar: name for bar, name in plan.items() if bar < chart.bars - size}
        plan[chart.bars - size] = ending
    return plan


def _run(source: str) -> bytes:
    """Run mma in a folder of its own; return the MIDI file."""
    program = shutil.which("mma")
    if program is None or not LIBRARY.is_dir():
        raise MissingExtra("the accompaniment program mma", "it is not installed", "run scripts/install-band.sh")
    with tempfile.TemporaryDirectory() as folder:
        chart, midi = Path(folder, "song.mma"), Path(folder, "song.mid")
        chart.write_text(source, encoding="ascii")
        environment = {"HOME": folder, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        command = [program, "-w", "-f", str(midi), str(chart)]
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired:
            raise DataError("mma did not finish", f"it was given {TIMEOUT:g} s", "leave this groove out") from None
        if done.returncode or not midi.is_file():
            lines = [line for line in (done.stdout + done.stderr).splitlines() if "PLUGIN" not in line]
            raise DataError("mma refused the song", " ".join(lines), "leave this groove out")
        return midi.read_bytes()


def _read(midi: bytes, groove: Groove, length: float) -> tuple[Part, ...]:
    """Turn mma's tracks into parts, times in quarters of the written metre."""
    from symusic import Score

    score: Any = Score.from_midi(midi)
    scale = 4 / groove.unit / score.ticks_per_quarter
    parts: list[Part] = []
    used: dict[str, int] = {}
    for track in score.tracks:
        notes = track.notes.numpy()
        start = notes["time"] * scale
        end = np.minimum(start + np.maximum(notes["duration"], 1) * scale, length + 1.0)
        table = np.column_stack([start, end, notes["pitch"], notes["velocity"]]).astype(float)
        table = table[(table[:, 0] >= 0) & (table[:, 0] < length - 1e-6) & (table[:, 3] > 0)]
        if not len(table):
            continue
        table = table[np.lexsort((table[:, 2], table[:, 0]))]
        _, single = np.unique(np.round(table[:, [0, 2]] * (24, 1)), axis=0, return_index=True)  # mma doubles some notes
        table = table[np.sort(single)]
        role = _role(track.name, track.program, track.is_drum, table)
        used[role] = used.get(role, 0) + 1
        name = role if used[role] == 1 else f"{role}-{used[role]}"
        parts.append(Part(name, int(track.program), table, bool(track.is_drum)))
    return tuple(parts)


def _role(name: str, program: int, drums: bool, notes: np.ndarray) -> str:
    """Name the part a track plays: by mma's track type, but low notes are the bass's alone."""
    if drums:
        return "drums"
    role = ROLES.get(name.partition("-")[0].lower(), "")
    low = np.median(notes[:, 2]) < 50
    if 32 <= program < 40 or (role == "bass" and low):
        return "bass"
    if role in ("", "bass"):
        together = len(np.unique(np.round(notes[:, 0], 2))) < 0.7 * len(notes)
        return "bass" if low else "chords" if together else "riff"
    return role
