"""The picture of a song's form: small, a true PNG, and clear about what returns."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest

from solfeggio import audio
from solfeggio.answers import Segments
from solfeggio.report.similarity import SIDE, harmony, picture, png, pooled

RATE = 22050


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two harmonies, A B A, 45 cents sharp."""
    path = tmp_path_factory.mktemp("similar") / "song.flac"
    time = np.arange(8 * RATE) / RATE
    tones = {name: sum(np.sin(2 * np.pi * 440 * 2 ** ((p - 69 + 0.2) / 12) * time) for p in chord)
             for name, chord in {"A": (57, 60, 64), "B": (53, 59, 62)}.items()}  # fmt: skip
    audio.write(path, 0.2 * np.concatenate([tones[name] for name in "ABA"]).astype(np.float32)[None], RATE)
    return path


def test_harmony_and_tuning(song: Path) -> None:
    chroma, tuning = harmony(song)
    assert chroma.shape[0] == 12 and chroma.shape[1] <= SIDE
    assert tuning == "A = 445 Hz"
    assert set(np.argsort(chroma[:, 10])[-3:]) == {9, 0, 4}


def test_silence_has_no_tuning_and_no_picture(tmp_path: Path) -> None:
    audio.write(tmp_path / "silence.wav", np.zeros((1, 4 * RATE), np.float32), RATE)
    chroma, tuning = harmony(tmp_path / "silence.wav")
    assert tuning == "" and picture(chroma) == ""


def test_picture_shows_what_returns(song: Path) -> None:
    pil = pytest.importorskip("PIL.Image")
    chroma, _ = harmony(song)
    drawn = picture(chroma, Segments([0, 8, 16], [8, 16, 24], ["<a>", "b", "a"]), 24.0)
    assert "&lt;a&gt;" in drawn and "<a>" not in drawn
    packed = re.search(r"base64,([^\"]+)", drawn)
    assert packed
    dark = np.asarray(pil.open(io.BytesIO(base64.b64decode(packed[1]))))
    third = len(dark) // 3
    a_a, a_b = dark[2 * third + 5 : -5, 5 : third - 5], dark[third + 5 : 2 * third - 5, 5 : third - 5]
    assert a_a.mean() > a_b.mean() + 5


def test_even_noise_is_less_than_60_kb() -> None:
    features = np.random.default_rng(0).random((12, 5000))
    assert len(picture(pooled(features))) < 60_000


@pytest.mark.parametrize("columns", [1, 2, 7])
def test_png_keeps_every_level(columns: int) -> None:
    pil = pytest.importorskip("PIL.Image")
    given = (np.arange(16 * columns) % 16).reshape(16, columns).astype(np.uint8)
    data = base64.b64decode(png(given).partition(",")[2])
    assert np.array_equal(np.asarray(pil.open(io.BytesIO(data))), given)
