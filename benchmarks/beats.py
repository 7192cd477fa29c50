"""Beats beside its peers, in one run on real songs: F, downbeat F, seconds of one core, memory.

    python benchmarks/beats.py [--data ../shared/data] [--python PYTHON_WITH_PEERS]

Each system runs as a process of its own on each song, held to one thread, so start-up counts and nothing is shared.
Peers that cannot be imported are left out and named. Songs: `mdb/*/mix_of_raw.flac` with `beats.txt`, `beats/*.flac`
with `.beats`; scored over the annotated span, less mir_eval's first five seconds. The folder may also come from
$SOLFEGGIO_DATA.
Trivial baselines stand beside the systems. Speed is the ratio to ours on the same songs in the same run.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import typer

from solfeggio import audio, formats
from solfeggio.answers import Events
from solfeggio.data.shared import beat_files
from solfeggio.errors import DataError
from solfeggio.studies.baselines import constant_beats
from solfeggio.studies.scores import HEADLINE, Score, compare, evaluate
from solfeggio.studies.table import Table

COLUMNS = HEADLINE["beats"]
OURS = "solfeggio"
SYSTEMS = {  # each prints a list of [time, position or null]
    OURS: """
from solfeggio import load, hear
beats = hear(load("beats"), path)
found = [[float(t), int(p)] for t, p in zip(beats.times, beats.labels)]""",
    "librosa": """
import librosa
y, sr = librosa.load(path)
found = [[float(t), None] for t in librosa.beat.beat_track(y=y, sr=sr, units="time")[1]]""",
    "madmom": """
from madmom.features.downbeats import DBNDownBeatTrackingProcessor, RNNDownBeatProcessor
found = DBNDownBeatTrackingProcessor(beats_per_bar=[3, 4], fps=100)(RNNDownBeatProcessor()(path)).tolist()""",
    "essentia": """
import essentia.standard as es
found = [[float(t), None] for t in es.RhythmExtractor2013(method="multifeature")(es.MonoLoader(filename=path)())[1]]""",
    "BeatNet": """
from BeatNet.BeatNet import BeatNet
beats = BeatNet(1, mode="offline", inference_model="DBN", plot=[], thread=False).process(path)
found = [[float(t), int(p)] for t, p in beats]""",
}
PROGRAM = "import json, sys\npath = sys.argv[1]\n{}\nprint('FOUND' + json.dumps(found))"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def measure(code: str, sound: Path, python: str) -> tuple[Events, float]:
    """Run one system on one song in its own process; returns its beats and the CPU seconds of the whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [python, "-W", "ignore", "-c", PROGRAM.format(code), str(sound)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **ONE_THREAD}, timeout=900)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    rows = json.loads(done.stdout.rpartition("FOUND")[2])
    labels = [str(int(position)) for _, position in rows if position is not None]
    return Events([time for time, _ in rows], labels), sum(after[:2]) - sum(before[:2])


DATA = typer.Option(None, help="folder with mdb/ and beats/; $SOLFEGGIO_DATA or ../shared/data by default")
PYTHON = typer.Option(sys.executable, help="interpreter that has the peers")


def main(data: Path | None = DATA, python: str = PYTHON) -> None:
    try:
        found = beat_files(data)
    except DataError as error:
        raise SystemExit(str(error)) from None
    truths = {name: formats.read(labels, Events) for name, (_, labels) in found.items()}
    minutes = sum(audio.info(sound).seconds or 0.0 for sound, _ in found.values()) / 60
    scores: dict[str, list[Score]] = {}
    spent: dict[str, float] = {}
    for system, code in SYSTEMS.items():
        own = sys.executable if system == OURS else python
        try:
            answers = {name: measure(code, sound, own) for name, (sound, _) in found.items()}
        except (RuntimeError, subprocess.TimeoutExpired, OSError) as error:
            print(f"left out {system}: {error}", file=sys.stderr)
            continue
        scores[system] = [score(name, truths[name], beats) for name, (beats, _) in answers.items()]
        spent[system] = sum(seconds for _, seconds in answers.values())
    metronome = {name: constant_beats(audio.info(sound).seconds or 0.0) for name, (sound, _) in found.items()}
    scores["constant 120"] = [score(name, truths[name], beats) for name, beats in metronome.items()]
    each = [(s.id, *(s.values[c] for c in COLUMNS)) for s in scores[OURS]]
    print(Table("Ours, song by song", ("song", *COLUMNS), tuple(each)).text(), "\n")
    print(compare(f"{len(found)} real songs", scores, COLUMNS).text(), "\n")
    rows = [(name, s / minutes, s / spent[OURS]) for name, s in spent.items()]
    note = "whole processes on short songs, so start-up weighs; one thread"
    print(Table("CPU seconds", ("system", "per minute of audio", "times ours"), tuple(rows), note).text())


def score(name: str, truth: Events, beats: Events) -> Score:
    """Judge one song over the span that its labels cover."""
    margin = float(np.median(np.diff(truth.times))) / 2
    span = (float(truth.times[0]) - margin, float(truth.times[-1]) + margin)
    return Score(name, evaluate(truth, beats, "beats", span))


if __name__ == "__main__":
    typer.run(main)
