"""Every shape sounds its chord and nothing else, and a hand can reach it."""

from __future__ import annotations

import pytest

from solfeggio.harte import NAMES, QUALITIES, pitch_classes
from solfeggio.report.guitar import STRINGS, known, shape


@pytest.mark.parametrize("quality", QUALITIES)
def test_shapes_sound_their_chords(quality: str) -> None:
    assert known(quality)
    for root, name in enumerate(NAMES):
        frets = shape(root, quality)
        tones = [string + fret for string, fret in zip(STRINGS, frets, strict=True) if fret >= 0]
        chord = pitch_classes(f"{name}:{quality}")
        heard = {tone % 12 for tone in tones}
        assert min(tones) % 12 == root and heard <= set(chord), (name, frets)
        assert quality in ("11", "maj6") or set(chord[1:2]) <= heard  # the third, or what stands for it
        assert len(chord) < 4 or quality in ("maj13", "min13", "11", "maj6") or chord[3] in heard, (name, frets)
        pressed = [fret for fret in frets if fret > 0]
        assert max(pressed, default=0) - min(pressed, default=0) <= 4 and max(frets) <= 15
