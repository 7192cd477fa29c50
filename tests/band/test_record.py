from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from solfeggio import codec
from solfeggio.answers import Curve, Events, Notes
from solfeggio.band import record
from solfeggio.band.compose import compose
from solfeggio.band.desk import banks, mix
from solfeggio.band.perform import perform
from solfeggio.band.song import Performance, Played, Song
from solfeggio.errors import ConfigError

RATE = 22050
FAMILIES = [
    pytest.param(
        family,
        marks=[
            pytest.mark.system,
            pytest.mark.skipif(not banks.banks(family), reason="no sound bank here: scripts/install-band.sh"),
        ],
    )
    for family in ("A", "B", "C")
]
ALL = pytest.mark.parametrize("family", ["sketch", *FAMILIES])
SAME = """
import numpy as np
from test_record import digest
print(digest({seed}, "{style}", "{family}"))
"""


def digest(seed: int, style: str, family: str) -> str:
    played = perform(np.random.default_rng([seed, 2]), compose(seed, side="train", style=style))
    made = record.record(played, np.random.default_rng([seed, 3]), family=family)
    return hashlib.sha256(made.samples.tobytes() + b"".join(s.tobytes() for s in made.stems.values())).hexdigest()


@ALL
def test_a_song_is_the_same_bytes_after_any_other(family):
    first, second = (7, "pop-piano", family), (8, "hip-hop", family)
    before = digest(*first)
    assert digest(*second) != before
    assert digest(*first) == before


@pytest.mark.parametrize("family", ["sketch", FAMILIES[1]])
def test_a_song_is_the_same_bytes_in_another_process(family):
    code = SAME.format(seed=8, style="hip-hop", family=family)
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parent
    )
    assert other.stdout.strip() == digest(8, "hip-hop", family)


@ALL
@pytest.mark.parametrize("seed", range(3))
def test_stems_sum_to_what_is_mastered(tiny, family, seed, monkeypatch):
    heard = []

    def listen(samples, rng, rate, production):
        heard.append(samples.copy())
        return samples

    monkeypatch.setattr(mix, "master", listen)
    made = record.record(tiny, np.random.default_rng(seed), family=family, rate=RATE)
    assert list(made.stems) == [part.name for part in tiny.parts]
    assert np.mean((sum(made.stems.values()) - heard[0]) ** 2) < 1e-6 * np.mean(heard[0] ** 2)
    groups = mix.grouped(made.stems, tiny)
    assert np.mean((sum(groups.values()) - heard[0]) ** 2) < 1e-6 * np.mean(heard[0] ** 2)


def _strikes() -> Performance:
    """Ten seconds of kick and electric piano, struck together at odd times, with silence between."""
    times = 0.3 + np.arange(12) * 0.75 + np.random.default_rng(0).uniform(0, 0.2, 12)
    drums = Played("drums", 0, True, Notes(times, times + 0.1, np.tile([36.0, 38.0], 6), np.full(12, 110.0)))
    keys = Played("chords", 4, False, Notes(times, times + 0.25, np.full(12, 64.0), np.full(12, 100.0)))
    song = Song("strikes", "pop", 120, (), 20, np.arange(20), np.arange(20) % 4 + 1)
    return Performance(song, (drums, keys), Events(times, ["1"] * 12), 10.0)


def _misses(samples: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Seconds from each label to where the energy of 1 ms rises most steeply, within 60 ms."""
    hop = 22
    flux = np.square(np.diff(samples.mean(0), prepend=0.0))
    level = np.log(flux[: len(flux) // hop * hop].reshape(-1, hop).mean(1) + 1e-7 * flux.max())
    rise = np.maximum(level[2:] - level[:-2], 0)
    misses = []
    for time in times:
        first = int((time - 0.06) * RATE / hop)
        misses.append(
            (first + int(np.argmax(rise[first : first + 120 * RATE // (1000 * hop)])) + 1.5) * hop / RATE - time
        )
    return np.array(misses)


@ALL
def test_attacks_fall_within_5_ms_of_the_labels_codecs_included(family):
    played = _strikes()
    times = played.beats.times
    for seed in range(6):
        samples = record.record(played, np.random.default_rng(seed), family=family, rate=RATE).samples
        assert np.median(np.abs(_misses(samples, times))) < 0.005, seed
        if seed == 0:
            for name in codec.names():
                back = codec.round_trip(samples, RATE, name, 0.4)
                assert np.median(np.abs(_misses(back, times))) < 0.005, name


@ALL
def test_f0_is_heard_within_10_cents_codecs_included(family):
    times = np.arange(0, 3, 0.01)
    hz = 300 * 2 ** (0.5 * times / 12) * 2 ** (-60 / 1200)  # rises half a semitone in a second, 60 cents below A = 440
    pitch = float(69 + 12 * np.log2(300 / 440))
    part = Played("melody", 71, False, Notes([0.1], [2.8], [round(pitch)], [100]), f0=Curve(times, hz, "Hz"))
    song = Song("f0", "solo-wind", 120, (), 6, np.arange(6), np.arange(6) % 4 + 1)
    played = Performance(song, (part,), Events([0.1], ["1"]), 3.0, cents=-60.0)
    samples = record.record(played, np.random.default_rng(1), family=family, rate=RATE).samples
    for name in (None, *codec.names()):
        heard = codec.round_trip(samples, RATE, name, 0.4) if name else samples
        misses = []
        for start in np.arange(0.5, 2.4, 0.2):
            piece = heard[:, round(start * RATE) : round((start + 0.2) * RATE)].mean(0)
            spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 1 << 18))
            bins = np.fft.rfftfreq(1 << 18, 1 / RATE)
            wanted = float(np.interp(start + 0.1, times, hz))
            near = np.abs(np.log2(bins[1:] / wanted)) < 1 / 16
            misses.append(1200 * np.log2(bins[1:][near][np.argmax(spectrum[1:][near])] / wanted))
        assert np.median(np.abs(misses)) < 10, (name, misses)


def test_a_recording_without_stems_sounds_the_same(tiny):
    whole = record.record(tiny, np.random.default_rng(3), family="sketch", rate=RATE)
    alone = record.record(tiny, np.random.default_rng(3), family="sketch", rate=RATE, keep_stems=False)
    assert not alone.stems and np.allclose(whole.samples, alone.samples, atol=2e-3)


def test_an_unknown_family_is_named(tiny):
    with pytest.raises(ConfigError, match="sound bank family 'Z'"):
        record.record(tiny, np.random.default_rng(0), family="Z")
