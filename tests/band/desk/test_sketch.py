from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solfeggio.answers import Curve, Notes, Segments
from solfeggio.band import demo
from solfeggio.band.desk import sketch
from solfeggio.band.song import Played
from solfeggio.notation import metres, tempo

RATE = 22050


def _rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_stems_are_stereo_float32_and_equally_long(tiny):
    stems = sketch.sketch(tiny, _rng(), RATE)
    assert list(stems) == ["drums", "bass", "guitar", "melody"]
    for stem in stems.values():
        assert stem.shape == (2, round(5.5 * RATE)) and stem.dtype == np.float32
        assert np.isfinite(stem).all() and 0.01 < np.abs(stem).max() < 2


def test_same_rng_same_samples(tiny):
    first, second = sketch.sketch(tiny, _rng(), RATE), sketch.sketch(tiny, _rng(), RATE)
    assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("program", [0, 12, 24, 30, 33, 80])
@pytest.mark.parametrize("pitch", [40, 57, 76])
def test_a_note_has_its_pitch_and_its_time(program, pitch):
    sound = sketch._play(Notes([0.5], [1.0], [pitch], [100]), sketch.voice(program), 0, RATE, RATE * 2)
    start = np.argmax(np.abs(sound) > 0.05 * np.abs(sound).max()) / RATE
    assert abs(start - 0.5) < 0.005
    piece = sound[RATE // 2 + 400 : RATE // 2 + 400 + 8192]
    same = np.correlate(piece, piece, "full")[len(piece) - 1 :]
    hz = 440 * 2 ** ((pitch - 69) / 12)
    low, high = int(RATE / hz / 1.4), int(RATE / hz * 1.4)
    assert abs(RATE / (low + np.argmax(same[low:high])) / hz - 1) < 0.05


def test_drums_can_be_told_apart_and_strike_at_once():
    def centre(pitch: int) -> float:
        hit = sketch._hit(pitch, RATE)
        power = np.abs(np.fft.rfft(hit)) ** 2
        assert np.argmax(np.abs(hit) > 0.2 * np.abs(hit).max()) < 0.005 * RATE
        return float((power * np.fft.rfftfreq(len(hit), 1 / RATE)).sum() / power.sum())

    kick, tom, snare, hat = (centre(pitch) for pitch in (36, 45, 38, 42))
    assert kick < tom < snare < hat
    assert len(sketch._hit(42, RATE)) < len(sketch._hit(46, RATE)) < len(sketch._hit(49, RATE))


def test_parts_of_one_name_keep_their_stems(tiny):
    from dataclasses import replace

    twice = replace(tiny, parts=(tiny.parts[1], tiny.parts[1]))
    assert list(sketch.sketch(twice, _rng(), RATE)) == ["bass", "bass 2"]


def test_the_demo_changes_metre_and_tempo():
    played = demo.performance()
    assert metres(played.beats).labels == ("4/4", "3/4", "4/4")
    assert tempo(played.beats) == pytest.approx(112)
    bridge = np.diff(played.beats.times)[42:50]
    assert np.allclose(60 / bridge, 104)
    assert played.spans["chords"].labels[:3] == ("C:maj", "G:maj", "C:maj")
    assert played.spans["sections"].ends[-1] == pytest.approx(played.duration)


def test_every_demo_section_is_filled():
    for _, beats, bars, tune in demo._FORM[1:-1]:
        assert sum(quarters for quarters, _ in tune) == beats * len(bars)


def test_the_demo_sounds_on_its_beats():
    samples, rate, played = sketch.demo(RATE)
    assert rate == RATE and samples.shape[0] == 2 and 0.5 < np.abs(samples).max() <= 1
    hop = 128
    power = np.log1p(1e4 * np.square(samples.mean(0)[: samples.shape[1] // hop * hop].reshape(-1, hop)).mean(1))
    rise = np.maximum(np.diff(power), 0)
    beats = np.round(played.beats.times * rate / hop).astype(int)
    off = beats[:-1] + np.diff(beats) // 3
    assert max(np.mean([rise[b - 2 : b + 2].max() for b in beats[:-1]]), 0) > 3 * np.mean(
        [rise[b - 2 : b + 2].max() for b in off]
    )


def test_a_bent_note_is_heard_where_f0_says_and_a_pedal_holds(tiny):
    times = np.arange(0, 4, 0.01)
    hz = np.where(times < 2, 440.0, 440 * 2 ** (0.5 / 12))
    part = Played("lead", 80, False, Notes([0.0], [3.8], [69], [100]), f0=Curve(times, hz, "Hz"))
    sound = sketch.sketch(replace(tiny, parts=(part,)), _rng(), RATE)["lead"][0]
    for start, wanted in ((0.5, 440.0), (2.5, 440 * 2 ** (0.5 / 12))):
        piece = sound[round(start * RATE) : round((start + 1) * RATE)]
        spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 1 << 18))
        spectrum[round(600 / RATE * (1 << 18)) :] = 0
        assert abs(1200 * np.log2(np.argmax(spectrum) * RATE / (1 << 18) / wanted)) < 3
    keys = Played("keys", 0, False, Notes([0.0], [0.2], [60], [100]), pedal=Segments([0.1], [1.5], [""]))
    dry = sketch.sketch(replace(tiny, parts=(replace(keys, pedal=None),)), _rng(), RATE)["keys"]
    wet = sketch.sketch(replace(tiny, parts=(keys,)), _rng(), RATE)["keys"]
    later = slice(RATE, round(1.4 * RATE))
    assert not dry[:, later].any() and np.abs(wet[:, later]).max() > 0.01
