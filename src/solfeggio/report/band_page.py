"""A song of the band as a folder for people: mix, a stem of every part, score, MIDI, truth, and a page that plays."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio.answers import Answer, Curve
from solfeggio.band.engraving import MODES, write_midi_score, write_musicxml
from solfeggio.band.truth import truth
from solfeggio.data.takes import Take, fill, whole
from solfeggio.errors import MissingExtra
from solfeggio.report.page import song_page

LANES = ("beats", "tempo", "sections", "form", "key", "chords", "melody", "lyrics", "motifs", "bass", "drums", "notes",
         "instruments")  # fmt: skip


def write_song(take: Take, out: Path, *, rate: int = 44100) -> Path:
    """Write a take into the folder OUT/ID, whole or not at all; returns its page, song.html.

    rate: Hz. score.musicxml is there where music21 is installed, score.mid always. Raises as ``takes.write_take``.
    """

    def everything(place: Path) -> dict[str, Any]:
        facts = fill(place, take, rate=rate, stems="parts")
        song = take.performance().song
        write_midi_score(song, place / "score.mid")
        with suppress(MissingExtra):  # the MIDI score says the same
            write_musicxml(song, place / "score.musicxml")
        _page(place, take, facts, rate)
        return facts

    whole(out / take.id, everything)
    return out / take.id / "song.html"


def _page(place: Path, take: Take, facts: dict[str, Any], rate: int) -> None:
    answers, recorded = truth(take.performance()), take.recording(rate)
    answers["drums"] = replace(answers["drums"], values=None)  # type: ignore[type-var]  # loudness, not doubt
    tonic, _, mode = facts["key"].partition(":")
    shown = {name: answers[name] for name in LANES if len(answers[name]) and np.any(_numbers(answers[name]))}
    names = [", ".join(_once((part["name"], part["instrument"]))) for part in facts["parts"]]
    song_page(
        place / "song.html",
        title=f"{facts['style'].replace('-', ' ').capitalize()}, seed {take.seed}",
        answers=shown,
        samples=recorded.samples,
        rate=rate,
        facts={"key": f"{tonic} {MODES.get(mode, mode)}".strip(), "sounds": facts["sounds"]["bank"].replace("_", " ")},
        files=[path for path in sorted(place.iterdir()) if path.is_file()],
        stems=dict(zip(names, recorded.stems.values(), strict=True)),
    )


def _numbers(answer: Answer) -> np.ndarray:
    """The numbers of a curve; whatever else is there is worth a lane."""
    return answer.values if isinstance(answer, Curve) else np.ones(1)


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
