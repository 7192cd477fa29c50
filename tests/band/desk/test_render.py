from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from solfeggio.answers import Curve, Notes, Segments
from solfeggio.band.desk import banks, kits, render

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


def _hz(sound: np.ndarray, near: float) -> float:
    """The pitch of a tone, by its first three partials within 80 cents of where they should be."""
    mono = sound[np.argmax(np.square(sound).sum(1))]
    size = 1 << 18
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), size))
    cents = np.arange(-80, 81)
    total = sum(
        np.interp(partial * near * 2 ** (cents / 1200), np.arange(len(spectrum)) * RATE / size, spectrum) ** 2
        for partial in (1, 2, 3)
    )
    return float(near * 2 ** (cents[int(np.argmax(total))] / 1200))


@BANKS
@pytest.mark.parametrize("program", [4, 16, 33, 40, 56, 65, 71, 73])
def test_programs_are_in_tune_and_follow_the_band(bank, program):
    low = 40 if program == 33 else 60
    misses = []
    for pitch in (low, low + 5, low + 10, low + 14):
        wanted = 440 * 2 ** ((pitch - 69 - 0.4) / 12)
        sound = render.play(bank, Notes([0.0], [1.2], [pitch], [100]), program, False, RATE, RATE, cents=-40)
        misses.append(abs(1200 * np.log2(_hz(sound[:, RATE // 4 :], wanted) / wanted)))
    assert np.median(misses) < 5 and max(misses) < 15, misses


@BANKS
@pytest.mark.parametrize("program", [19, 33, 42, 53, 64, 73, 81])
def test_a_bent_note_is_heard_where_f0_says(bank, program):
    times = np.arange(0, 3.2, 0.01)
    pitch = (45 if program in (33, 42) else 62) + np.where(times < 1.4, 0.0, 4.0)
    glide = np.where(times < 1.4, 0.6, -2.0 * np.exp(-(times - 1.4) / 0.15))
    f0 = Curve(times, 440 * 2 ** ((pitch + glide - 69) / 12), "Hz")
    notes = Notes([0.1, 1.4], [1.3, 2.9], [pitch[0], pitch[-1]], [100, 100])
    sound = render.play(bank, notes, program, False, RATE, 3 * RATE, 0.0, f0)
    misses = []
    for start, width in ((0.4, 0.5), (0.7, 0.5), (1.6, 0.15), (1.7, 0.15), (1.8, 0.2), (2.2, 0.5)):
        at = np.arange(start, start + width, 0.01)
        wanted = float(2 ** np.mean(np.log2(np.interp(at, times, f0.values))))
        piece = sound[:, round(start * RATE) : round((start + width) * RATE)]
        misses.append(abs(1200 * np.log2(_hz(piece, wanted) / wanted)))
    assert np.median(misses) < 10, misses


def test_a_pedal_holds_what_was_let_go():
    notes = Notes([0.0, 0.5, 2.0], [0.3, 1.4, 2.2], [60, 64, 67], [90, 90, 90])
    held = render.pedalled(notes, Segments([0.2, 1.3], [1.0, 1.8], ["", ""]))
    assert held.ends.tolist() == [1.0, 1.8, 2.2]
    assert render.pedalled(notes, None) is notes
    bank = banks.banks()[0]
    dry, wet = (render.play(bank, n, 4, False, RATE, 2 * RATE) for n in (notes, held))
    assert np.abs(wet[:, round(0.7 * RATE) : RATE // 1]).max() > np.abs(dry[:, round(0.7 * RATE) : RATE]).max()


@BANKS
def test_dense_chords_keep_all_their_notes(bank):
    """One pass over two players sounds as the two stems (-50 dB: envelopes move in blocks between events)."""
    rng = np.random.default_rng(0)
    starts = np.repeat(np.arange(0.1, 3, 0.1), 8)
    pitches = np.concatenate([rng.choice(np.arange(40, 90), 8, replace=False) for _ in range(len(starts) // 8)])
    high = pitches >= 64
    notes = Notes(starts, starts + 1.5, pitches.astype(float), np.full(len(starts), 90))
    whole, upper, lower = (
        render.play(bank, notes.take(keep), 25, False, RATE, 5 * RATE) for keep in (high | True, high, ~high)
    )
    assert np.mean((whole - upper - lower) ** 2) < 1e-5 * np.mean(whole**2)


@pytest.mark.parametrize("bank", banks.banks("A"), ids=lambda bank: bank.name)
def test_hats_of_an_orchestras_kit_are_no_timpani(bank):
    for key in (42, 46, 49, 51):
        samples = render.play(bank, Notes([0.1], [0.6], [key], [110]), 48, True, 22050, 22050).mean(0)
        power = np.abs(np.fft.rfft(samples))
        assert (power * np.fft.rfftfreq(22050, 1 / 22050)).sum() / power.sum() > 3000  # Hz; timpani lie near 1000
