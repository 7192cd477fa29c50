from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from solfeggio.answers import Notes
from solfeggio.band import banks, kits, render

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not banks.banks(), reason="no sound bank here: scripts/install-band.sh"),
]
RATE = 22050
BANKS = pytest.mark.parametrize("bank", banks.banks(), ids=lambda bank: bank.name)


@pytest.fixture(autouse=True)
def _engine():
    pytest.importorskip("tinysoundfont")


def _onset(samples: np.ndarray, level: float) -> float:
    loud = np.abs(samples).max(0)
    return float(np.argmax(loud > level * loud.max())) / RATE


@BANKS
def test_a_struck_note_starts_within_5_ms(bank):
    for program, pitch in ((4, 60), (12, 72), (6, 60)):
        sound = render.play(bank, Notes([0.3], [0.8], [pitch], [100]), program, False, RATE, RATE * 2)
        assert abs(_onset(sound, 0.05) - 0.3) < 0.005, (program, pitch)
    for pitch in (36, 38, 42):
        sound = render.play(bank, Notes([0.3], [0.4], [pitch], [110]), 0, True, RATE, RATE)
        assert abs(_onset(sound, 0.05) - 0.3) < 0.005, pitch


@BANKS
def test_stems_are_the_same_twice_and_carry_nothing_over(bank, tiny):
    first = render.render(tiny, bank, np.random.default_rng(2), rate=RATE)
    render.play(bank, Notes([0.0], [9.0], [50], [127]), 48, False, RATE, RATE // 10)  # leaves a note hanging
    second = render.render(tiny, bank, np.random.default_rng(2), rate=RATE)
    assert list(first) == [part.name for part in tiny.parts]
    for name in first:
        assert first[name].shape == (2, round(5.5 * RATE)) and first[name].dtype == np.float32
        assert np.array_equal(first[name], second[name]), name
        assert np.abs(first[name][:, : round(0.19 * RATE)]).max() < 1e-4, f"{name} sounds before its first note"


@BANKS
def test_the_higher_note_is_higher_and_cents_tune(bank):
    def hz(pitch: int, cents: float = 0.0) -> float:
        sound = render.play(bank, Notes([0.0], [2.0], [pitch], [100]), 16, False, RATE, 2 * RATE, cents)[0]
        spectrum = np.abs(np.fft.rfft(sound[2000:] * np.hanning(len(sound) - 2000), 1 << 18))
        bins = np.fft.rfftfreq(1 << 18, 1 / RATE)
        near = np.abs(np.log2(bins[1:] / (440 * 2 ** ((pitch - 69) / 12)))) < 1 / 12
        return float(bins[1:][near][np.argmax(spectrum[1:][near])])

    assert hz(69) == pytest.approx(440, rel=0.006)
    assert 1200 * np.log2(hz(69, 30) / hz(69)) == pytest.approx(30, abs=6)


def test_a_repeated_key_sounds_twice():
    bank = banks.banks()[0]
    sound = render.play(bank, Notes([0.1, 0.5], [1.5, 0.9], [60, 60], [100, 100]), 6, False, RATE, RATE * 2)
    level = np.sqrt(np.square(sound).mean(0).reshape(-1, 441).mean(1))  # 20 ms
    assert level[26:30].max() > 1.2 * level[20:24].max()  # the second stroke, at 0.5 s
    assert level[60:].max() < 0.1 * level.max()  # its end at 0.9 s ends both


@pytest.mark.parametrize("pitch", [48, 60, 72])
def test_no_piano_velocity_vanishes(pitch):
    for bank in banks.banks():
        peaks = [
            np.abs(render.play(bank, Notes([0.0], [0.5], [pitch], [v]), 0, False, RATE, RATE)).max()
            for v in (40, 70, 100, 127)
        ]
        assert all(b > a for a, b in pairwise(peaks)), (bank.name, peaks)


def test_a_kit_plays_the_drums_and_the_bank_what_it_lacks(tiny):
    sets = kits.kits()
    if not sets:
        pytest.skip("no drum kit here: scripts/install-band.sh")
    own = render.render(tiny, banks.banks()[0], np.random.default_rng(2), rate=RATE)["drums"]
    for kit in sets:
        drums = render.render(tiny, banks.banks()[0], np.random.default_rng(2), kit=kit, rate=RATE)["drums"]
        assert not np.array_equal(drums, own)
        assert abs(_onset(drums, 0.05) - 0.25) < 0.005, kit.name
        for beat in tiny.beats.times:
            hit = np.abs(drums[:, round(beat * RATE) : round((beat + 0.05) * RATE)]).max()
            assert hit > 0.05 * np.abs(drums).max(), (kit.name, beat)
