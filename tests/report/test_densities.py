"""Densities of distances are drawn as one SVG, also where a set does not vary."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.errors import ConfigError
from solfeggio.report.draw import densities


def test_every_panel_is_drawn_and_sets_are_named():
    x = np.linspace(0, 4, 50)
    curves = {"intra a": (x, np.exp(-x)), "inter": (np.full(2, 3.0), np.array([0.0, 1.0]))}
    drawn = densities({"pitch_range": curves, "note_count": {}}, {"intra a": "within the generated"})
    assert drawn.count("<svg") == 1 and "pitch range" in drawn and "note count" in drawn
    assert "within the generated" in drawn and "inter" in drawn and "nan" not in drawn.lower()


def test_nothing_to_draw_is_refused():
    with pytest.raises(ConfigError):
        densities({})
