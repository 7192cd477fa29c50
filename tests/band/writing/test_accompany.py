from __future__ import annotations

import shutil

import numpy as np
import pytest

from solfeggio.band.writing import accompany as module
from solfeggio.band.writing.accompany import accompany, mma_chord
from solfeggio.band.writing.chart import Chart
from solfeggio.band.writing.form import write_chart
from solfeggio.band.writing.mma import LIBRARY, Groove, groove_named, tactus
from solfeggio.errors import DataError, MissingExtra
from solfeggio.harte import QUALITIES, bass, pitch_classes
from solfeggio.notation import Metre

installed = pytest.mark.skipif(shutil.which("mma") is None or not LIBRARY.is_dir(), reason="mma is not installed")
PLAIN = Groove("own/boat:Boat", "own/boat", 4, 4, "rock", 90, 140)
FOUR = Chart("C:maj", Metre(4), (("A", 0, 4),), (((0.0, "C:maj"),),) * 4)


@pytest.mark.parametrize(
    ("harte", "mma"),
    [("C:maj", "C"), ("Bb:hdim7", "Bbm7b5"), ("G:7/b7", "G7/F"), ("F#:min/1", "F#m"), ("N", "z"), ("D:5", "D5")],
)
def test_mma_chord(harte, mma):
    assert mma_chord(harte) == mma


def test_without_mma_the_error_says_what_to_run(monkeypatch):
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    with pytest.raises(MissingExtra, match="install-band"):
        accompany(np.random.default_rng(0), PLAIN, FOUR, 100)


def test_a_chart_in_another_metre_is_refused():
    with pytest.raises(DataError, match="3/4"):
        accompany(np.random.default_rng(0), PLAIN, Chart("C:maj", Metre(3), (), ()), 100)


@installed
@pytest.mark.system
def test_an_unknown_groove_is_reported_in_one_line():
    with pytest.raises(DataError, match="own/boat") as caught:
        accompany(np.random.default_rng(0), PLAIN, FOUR, 100)
    assert "\n" not in str(caught.value)


@installed
@pytest.mark.system
@pytest.mark.parametrize(
    "name",
    [
        "casio/rock1:Rock1",
        "stdlib/vienesewaltz:VieneseWaltz",
        "stdlib/68swing:68Swing",
        "stdlib/68march:68March",
        "stdlib/jazz-54:Jazz54Walk",
        "zoom/rock:ROCK13",
    ],
)
def test_notes_fall_on_the_beats_and_bar_one_is_position_one(name):
    groove = groove_named(name)
    chart = write_chart(np.random.default_rng(1), groove.metre, 16)
    song = accompany(np.random.default_rng(2), groove, chart, 100)
    beats, quarters = tactus(groove.metre)
    assert song.positions[:beats].tolist() == list(range(1, beats + 1)) and song.positions[beats] == 1
    assert np.allclose(np.diff(song.beats_quarters), quarters)
    assert song.length_quarters == pytest.approx(16 * beats * quarters) and song.bpm == 100 * quarters
    starts = np.concatenate([part.notes[:, 0] for part in song.parts])
    assert starts.min() < 0.05 and song.length_quarters - starts.max() < 2 * beats * quarters
    struck = [np.abs(starts - beat).min() < 0.06 for beat in song.beats_quarters[: 12 * beats]]
    assert np.mean(struck) > 0.7
    third = 1 if quarters == 1 else 3  # eighths of 6/8 are thirds of its beat
    off = np.abs(starts / quarters * third - np.round(starts / quarters * third)) / third
    assert np.mean(off < 0.05) > 0.4
    changes = [start for start, _, _ in song.chords]
    assert all(min(abs(change / quarters - round(change / quarters)), 1) < 0.01 for change in changes)


@installed
@pytest.mark.system
def test_the_same_seed_plays_the_same_song():
    groove = groove_named("stdlib/swing:Swing")
    chart = write_chart(np.random.default_rng(1), groove.metre, 8)
    one, two = (accompany(np.random.default_rng(5), groove, chart, 120) for _ in range(2))
    assert [p.name for p in one.parts] == [p.name for p in two.parts]
    assert all(np.array_equal(a.notes, b.notes) for a, b in zip(one.parts, two.parts, strict=True))


@installed
@pytest.mark.system
@pytest.mark.parametrize("quality", sorted(QUALITIES))
def test_mma_knows_every_chord_the_band_writes(quality):
    chart = Chart("C:maj", Metre(4), (("A", 0, 2),), (((0.0, f"Eb:{quality}"), (2.0, f"C:{quality}")), ((0.0, "N"),)))
    assert accompany(np.random.default_rng(0), groove_named("stdlib/swing:Swing"), chart, 120).parts


@installed
@pytest.mark.system
@pytest.mark.parametrize("quality", sorted(set(QUALITIES) - {"13", "maj13", "min13", "11"}))
def test_mma_sounds_these_tones_and_no_others(quality):
    for low in ("", "/2"):
        label = f"D:{quality}{low}"
        chart = Chart("D:maj", Metre(4), (("verse", 0, 2),), (((0.0, label),),) * 2)
        song = accompany(np.random.default_rng(0), groove_named("stdlib/swing:Swing"), chart, 120)
        chords = [part for part in song.parts if part.name.startswith("chords")]
        sounded = {int(p) % 12 for part in chords for p in part.notes[:, 2]}
        assert sounded <= {*pitch_classes(label), bass(label)}, label
