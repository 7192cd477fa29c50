from __future__ import annotations

import base64
import re

import numpy as np
import pytest

from solfeggio.errors import ConfigError
from solfeggio.notation import Part, Score
from solfeggio.report.score_page import Knob, Shown, score_page

EVIL = "</script><img src=x onerror=alert(1)>"


def tune(title: str = "Tune", pickup: float = 0.0) -> Score:
    notes = np.array([[pickup + i, pickup + i + 1, 60 + i, 80] for i in range(8)], float)
    return Score(title, 120.0, (Part("melody", 0, notes),), 8.0 + pickup, pickup_quarters=pickup)


def page(tmp_path, **given) -> str:
    score_page(tmp_path / "a.html", **given)
    return (tmp_path / "a.html").read_text("utf-8")


def test_every_variant_is_drawn_played_and_given_away(tmp_path):
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 44100)).astype(np.float32)
    shown = [
        Shown("As given", tune(), given=True),
        Shown("Variant 1", tune(), "<svg/>", noise, 44100, {"tune-1.mid": b"MThd", "tune-1.musicxml": b"<a/>"}),
    ]
    text = page(tmp_path, title="Tune", scores=shown, marked=(4.0, 8.0), changes=["2 notes moved"])
    given, variant = re.findall(r"<article.*?</article>", text, re.DOTALL)
    assert given.count('<rect class="tone') == variant.count('<rect class="tone') == 8
    assert variant.count("tone new") == 4 and "tone new" not in given
    assert "<audio" in variant and "data:audio/mpeg;base64," in variant and "<audio" not in given
    assert 'aria-label="Play Variant 1"' in variant
    assert (
        'src="data:image/svg+xml;base64,' in variant and 'alt="Variant 1: engraved music, 8 notes in 2 bars"' in variant
    )
    assert 'href="data:audio/midi;base64,TVRoZA==" download="tune-1.mid">MIDI' in variant
    assert "written here: bar 2" in text and "2 notes moved" in text
    assert "http://" not in text.replace("http://www.w3.org", "") and "https://" not in text


def test_bars_are_counted_as_printed_music_does(tmp_path):
    text = page(tmp_path, title="Tune", scores=[Shown("Variant 1", tune(pickup=1.0))], marked=(1.0, 9.0))
    assert "written here: bars 1 to 2" in text
    assert re.findall(r'<span style="left: ([\d.]+)%">(\d+)', text) == [("11.111", "1"), ("55.556", "2")]


def test_what_people_name_is_only_text(tmp_path):
    shown = [Shown(EVIL, tune(EVIL), f"<svg>{EVIL}</svg>", files={f"{EVIL}.mid": b""}, note=EVIL)]
    text = page(tmp_path, title=EVIL, scores=shown, changes=[EVIL], knobs=[], facts={EVIL: EVIL})
    assert "<img src=x" not in text
    assert text.count("<script>") == 1


def test_each_setting_of_the_knobs_has_its_score(tmp_path):
    knobs = [Knob("density", ("-1", "0", "+1"), 1), Knob("contour", ("low", "high"), 1)]
    grid = {(i, j): Shown(f"density {i}, contour {j}", tune()) for i in range(3) for j in range(2)}
    text = page(tmp_path, title="Tune", scores=[], knobs=knobs, grid=grid)
    places = re.findall(r'data-place="([\d,]+)"( hidden)?', text)
    assert {place for place, _ in places} == {f"{i},{j}" for i in range(3) for j in range(2)}
    assert [place for place, hidden in places if not hidden] == ["1,1"]
    sliders = re.findall(r'<input id="knob\d" type="range" min="0" max="(\d)" step="1" value="(\d)"', text)
    assert sliders == [("2", "1"), ("1", "1")]
    del grid[2, 1]
    with pytest.raises(ConfigError, match=r"\(2, 1\)"):
        page(tmp_path, title="Tune", scores=[], knobs=knobs, grid=grid)


def test_an_empty_score_has_a_page(tmp_path):
    empty = Score("Empty", 120.0, (), 0.0)
    assert "0 notes in 0 bars" in page(tmp_path, title="", scores=[Shown("Variant 1", empty)])


def test_engraved_notes_of_marked_bars_are_coloured(tmp_path):
    bars = "".join(f'<g id="bar{i}" class="measure"/>' for i in range(2))
    one, given, other = (
        page(tmp_path, title="Tune", scores=[Shown("a", tune(), f"<svg>{drawn}</svg>", given=kept)], marked=(4.0, 8.0))
        for drawn, kept in ((bars, False), (bars, True), (bars + bars, False))
    )
    drawings = [
        base64.b64decode(re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', text)[1]).decode()
        for text in (one, given, other)
    ]
    assert "<style>#bar1 .layer {" in drawings[0] and "bar0 .layer" not in drawings[0]
    assert not any("<style>" in drawing for drawing in drawings[1:])
