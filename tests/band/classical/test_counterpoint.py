from __future__ import annotations

import numpy as np
import pytest

from solfeggio.band.classical.counterpoint import CHOIR, decorate, lead, parallels
from solfeggio.band.classical.draft import slices
from solfeggio.band.classical.periods import plan
from solfeggio.band.style import load_style
from solfeggio.harte import bass, pitch_classes


def written(seed: int):
    rng = np.random.default_rng(seed)
    draft, _ = plan(rng, "train", load_style("chorale-choir"), "classical")
    row = slices(draft)
    return rng, row, lead(rng, [(part.label, part.bar.key) for part in row])


@pytest.mark.parametrize("seed", range(12))
def test_voices_stay_in_range_and_order_over_the_chord(seed):
    _, row, led = written(seed)
    assert led.shape == (len(row), 4) and (np.diff(led, axis=1) <= 0).all()
    for voice, (low, high) in enumerate(CHOIR):
        assert led[:, voice].min() >= low and led[:, voice].max() <= high
    for part, pitches in zip(row, led, strict=True):
        assert {int(p) % 12 for p in pitches} <= set(pitch_classes(part.label))
        assert pitches[3] % 12 == bass(part.label)


@pytest.mark.parametrize("seed", range(12))
def test_no_parallels_before_or_after_decoration_and_voices_move_little(seed):
    rng, row, led = written(seed)
    halves = decorate(rng, led, row, 0.6, 0.3)
    assert parallels(led) == parallels(halves) == 0
    assert halves.shape == (2 * len(led), 4) and (halves[::2] != led).any() | (halves[1::2] != led).any()
    assert np.abs(np.diff(led[:, :3], axis=0)).mean() < 3.5


def test_parallels_are_found():
    fifths = np.array([[67, 60], [69, 62], [71, 64]])
    assert parallels(fifths) == 2
    assert parallels(np.array([[72, 60], [74, 62]])) == 1
    assert parallels(np.array([[67, 60], [67, 60], [69, 60]])) == 0, "who stays makes no parallels"


def test_leading_notes_rise_in_the_soprano():
    chords = [("C:maj", "C:maj"), ("G:7", "C:maj"), ("C:maj", "C:maj")] * 8
    fell = rose = 0
    for seed in range(10):
        led = lead(np.random.default_rng(seed), chords)[:, 0]
        after = led[1:][led[:-1] % 12 == 11] - led[:-1][led[:-1] % 12 == 11]
        rose, fell = rose + int((after == 1).sum()), fell + int((after != 1).sum())
    assert rose > 5 * max(fell, 1)
