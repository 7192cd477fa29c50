from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from solfeggio.answers import Curve, Notes
from solfeggio.band.record import record
from solfeggio.band.singing import espeak_voice, voices, words
from solfeggio.band.singing.syllables import spoken
from solfeggio.band.song import Performance, Played
from solfeggio.errors import MissingExtra

RATE = 22050
SUNG = pytest.mark.skipif(not voices.installed(), reason="no voices here: scripts/install-band.sh")
CENTS = 30.0


def _part(words=("ta", "sa", "pa", "to"), pitch=57, count=8, f0=True) -> Played:
    """Notes of half a second, 0.1 s apart, with vibrato of 40 cents."""
    starts = 0.3 + 0.6 * np.arange(count)
    pitches = pitch + np.arange(count) * 5 % 7
    notes = Notes(starts, starts + 0.5, pitches, np.full(count, 90))
    times = np.arange(0, starts[-1] + 1.5, 0.01)
    which = np.maximum(np.searchsorted(starts, times + 1e-9, "right") - 1, 0)
    inside = (times >= starts[which]) & (times < notes.ends[which])
    bend = CENTS + 40 * np.sin(2 * np.pi * 5 * times)
    hz = np.where(inside, 440 * 2 ** ((pitches[which] - 69 + bend / 100) / 12), 0.0)
    text = tuple((list(words) * count)[:count])
    return Played("melody", 53, False, notes, text, Curve(times, hz, "Hz") if f0 else None)


def _singer(name: str) -> voices.Singer:
    return next(singer for singer in voices.singers("train") if singer.name == name)


def _sing(part: Played, name: str = "espeak+f1", seed: int = 0, **how) -> np.ndarray:
    return voices.sing(part, _singer(name), np.random.default_rng(seed), RATE, round(5.5 * RATE), **how)


def _heard(samples: np.ndarray, hz: np.ndarray) -> np.ndarray:
    """Cents between ``hz``, one for every 10 ms, and the nearest peak of autocorrelation of 60 ms around it."""
    out = []
    for i in np.flatnonzero(hz > 0):
        middle = round(i * 0.01 * RATE)
        frame = samples[max(middle - 660, 0) : middle + 660].astype(float)
        if len(frame) < 1320:
            continue
        frame = frame * np.hanning(len(frame))
        spectrum = np.abs(np.fft.rfft(frame, 2**14)) ** 2
        window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(len(frame)), 2**14)) ** 2)
        power = np.fft.irfft(spectrum) / np.maximum(window, 1e-3 * window[0])
        lag = RATE / hz[i]
        near = np.arange(int(lag * 0.85), int(lag * 1.18) + 2)
        best = near[int(np.argmax(power[near]))]
        a, b, c = power[best - 1 : best + 2]
        out.append(1200 * np.log2(RATE / (best + 0.5 * (a - c) / (a - 2 * b + c)) / hz[i]))
    return np.array(out)


def test_no_singer_of_a_test_is_heard_in_training():
    train, test = voices.singers("train"), voices.singers("test")
    assert not {(s.engine, s.variant) for s in train if s.engine == "espeak"} & {(s.engine, s.variant) for s in test}
    for a in (s for s in train if s.engine == "sinsy"):
        for b in (s for s in test if s.engine == "sinsy"):
            assert a.formants[1] < b.formants[0] or b.formants[1] < a.formants[0]
    assert voices.singers("valid") == train
    assert {s.kind for s in test} == {s.kind for s in train} == {"man", "woman", "child"}


def test_low_parts_are_for_men_and_high_ones_are_not():
    rng = np.random.default_rng(0)
    assert {voices.cast(rng, _part(pitch=45), "train").kind for _ in range(20)} == {"man"}
    assert "man" not in {voices.cast(rng, _part(pitch=72), "train").kind for _ in range(20)}


def test_without_voices_the_error_says_what_to_install(monkeypatch, tiny):
    monkeypatch.setattr(voices, "_lacking", lambda: "espeak-ng")
    with pytest.raises(MissingExtra, match=r"espeak-ng is not installed.*install-band"):
        record(tiny, np.random.default_rng(0), family="sketch", voices=True)
    assert not voices.installed()


@SUNG
@pytest.mark.system
@pytest.mark.parametrize("f0", [True, False])
def test_the_voice_is_at_the_pitch_of_the_truth(f0):
    part = _part(("la", "no", "mi", "ah"), f0=f0)
    truth = _part().f0.values
    if not f0:  # each note has its own pitch, and the tuning of the band
        which = np.maximum(np.searchsorted(part.notes.starts, np.arange(len(truth)) * 0.01 + 1e-9, "right") - 1, 0)
        truth = np.where(truth > 0, 440 * 2 ** ((part.notes.pitches[which] - 69 + CENTS / 100) / 12), 0.0)
    held = np.zeros(len(truth), bool)
    for start in part.notes.starts:
        held[round((start + 0.1) * 100) : round((start + 0.38) * 100)] = True
    off = _heard(_sing(part, cents=CENTS), np.where(held, truth, 0.0))
    assert len(off) > 200 and abs(np.median(off)) < 3
    assert np.median(np.abs(off)) < 10


@SUNG
@pytest.mark.system
def test_vowels_begin_on_their_notes():
    part = _part()
    power = np.square(_sing(part)).reshape(-1, 55)[: int(5.4 * RATE / 55)].mean(1)
    late = []
    for start in part.notes.starts:
        first = round(start * RATE / 55)
        level = np.median(power[first + 60 : first + 140])
        late.append((np.argmax(power[first - 40 : first + 60] > 0.25 * level) - 40) * 55 / RATE)
    assert abs(np.median(late)) < 0.02


@SUNG
@pytest.mark.system
def test_silence_where_nobody_sings_and_consonants_before_the_note():
    part, samples = _part(("sa",)), _sing(_part(("sa",)))
    last = round((part.notes.ends[-1] + 0.15) * RATE)
    assert not samples[last:].any() and np.abs(samples).max() == pytest.approx(0.3, abs=1e-3)
    before = round(part.notes.starts[0] * RATE)
    assert np.abs(samples[before - 1500 : before]).max() > 1e-3


@SUNG
@pytest.mark.system
def test_a_song_is_sung_the_same_in_every_process_and_others_are_not_touched(tiny):
    parts = (*tiny.parts[:3], _part(count=5))
    song = Performance(tiny.song, parts, tiny.beats, tiny.duration)
    first = record(song, np.random.default_rng(1), family="sketch", voices=True)
    played = record(song, np.random.default_rng(1), family="sketch")
    assert first.sounds["voices"].startswith("espeak") and "voices" not in played.sounds
    assert not np.array_equal(first.stems["melody"], played.stems["melody"])
    code = (
        f"import sys, hashlib; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_voices as t;"
        "print(hashlib.sha256(t._sing(t._part()).tobytes()).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert other == hashlib.sha256(_sing(_part()).tobytes()).hexdigest()


@SUNG
@pytest.mark.system
@pytest.mark.parametrize("tongue", words.VOCABULARY)
def test_every_syllable_of_every_language_has_a_vowel(tongue):
    texts = tuple(sorted({syllable for word in words.vocabulary(tongue) for syllable in word}))
    for text, (pcm, phonemes) in zip(texts, espeak_voice.speak(tongue, texts), strict=True):
        assert len(pcm) > 4000 and any(name and name[0] in espeak_voice.VOWELS for _, name in phonemes), text
    units = spoken(tongue, texts)
    for text, (start, vowel, hold, release, end) in units.cuts.items():
        assert start <= vowel < hold < release < end, text
    assert np.mean([units.voiced[cut[1] : cut[3]].mean() for cut in units.cuts.values()]) > 0.9


@SUNG
@pytest.mark.system
def test_sinsy_sings_kana():
    part = _part(("さ", "く", "ら", ""), pitch=62)
    samples = _sing(part, "sinsy-woman-train")
    assert np.isfinite(samples).all() and samples.any()
    held = np.zeros(len(part.f0.values))
    for start in part.notes.starts[::2]:
        held[round((start + 0.1) * 100) : round((start + 0.38) * 100)] = 1
    assert np.median(np.abs(_heard(samples, part.f0.values * held))) < 10
