from __future__ import annotations

import json
from dataclasses import replace

import pytest

from solfeggio.band import demo
from solfeggio.data import band
from solfeggio.data.takes import Take
from solfeggio.report.band_page import write_song


@pytest.fixture
def short(monkeypatch):
    """Four bars of the demo in place of the composer."""
    played = demo.performance()
    end = float(played.beats.times[16])
    parts = tuple(replace(part, notes=part.notes.cut(0, end)) for part in played.parts)
    spans = {name: found.cut(0, end) for name, found in played.spans.items()}
    cut = replace(played, parts=parts, beats=played.beats.cut(0, end), duration=end, spans=spans)
    monkeypatch.setattr(band, "performance", lambda *args: cut)
    band.recording.cache_clear()
    yield
    band.recording.cache_clear()


def test_a_song_for_people_has_everything(short, tmp_path):
    page = write_song(Take("pop-7", 7, family="sketch", style="pop"), tmp_path, rate=22050)
    assert page == tmp_path / "pop-7" / "song.html"
    names = {path.relative_to(page.parent).as_posix() for path in page.parent.rglob("*") if path.is_file()}
    parts = [part.name for part in demo.song().parts]
    wanted = {"mix.flac", "song.jams", "song.json", "song.mid", "score.mid", "song.html"}
    assert wanted | {f"stems/{name}.flac" for name in parts} <= names
    facts = json.loads((page.parent / "song.json").read_text())
    assert set(facts["files"]) == names - {"song.json"}
    text = page.read_text("utf-8")
    for words in ("Pop, seed 7", "melody, flute", ">drums<", 'href="score.mid"', '"chords"', '"instruments"'):
        assert words in text
    assert text.count("data-stem ") == len(parts)
    assert "How sure" not in text  # nothing here is a guess
