"""Strokes of a drum alone: each at its time, soft to loud."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.band.desk.kits import kits
from solfeggio.data.strokes import FIRST, SPACING, kit_strokes, strokes


@pytest.mark.parametrize(("drum", "ways"), [("KD", 1), ("SD", 1), ("HH", 3)])
def test_strokes_fall_at_their_times(drum, ways):
    found = strokes(drum, 8000)
    assert len(found) == ways
    for sound in found:
        starts = ((FIRST + SPACING * np.arange(4)) * 8000).astype(int)
        loud = [float(np.abs(sound[start : start + 800]).max()) for start in starts]
        assert loud == sorted(loud) and loud[0] > 0
        assert not np.abs(sound[: starts[0] - 80]).max() > 0


def test_without_kits_the_synthesiser_plays():
    assert np.array_equal(kit_strokes("SD", 8000)[0][0], strokes("SD", 8000)[0])


@pytest.mark.system
@pytest.mark.skipif(not kits("train"), reason="no drum kits installed")
def test_a_kit_gives_what_it_has_and_no_stand_in():
    kit = kits("train")[0]
    assert all(len(strokes(drum, 8000, kit)) >= 1 for drum in ("KD", "SD", "HH"))
    hands = [kit for kit in kits("train") if "closed" not in kit.sounds and "shaker" not in kit.sounds]
    assert all(not strokes("HH", 8000, kit) for kit in hands)
