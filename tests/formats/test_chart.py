"""Charts read as they are typed, and as ``lead_sheet.chart`` writes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solfeggio.answers import Events, Segments
from solfeggio.errors import ConfigError
from solfeggio.formats.chart import parse_chart
from solfeggio.formats.lead_sheet import chart
from solfeggio.harte import NAMES, QUALITIES


def test_chords_share_their_bar() -> None:
    assert parse_chart("C") == ((0.0, 4.0, "C:maj"),)
    assert parse_chart("C Am Dm G7")[-1] == (3.0, 4.0, "G:7")
    assert parse_chart("C | G |") == ((0.0, 4.0, "C:maj"), (4.0, 8.0, "G:maj"))
    assert parse_chart("C | C | % | F") == ((0.0, 12.0, "C:maj"), (12.0, 16.0, "F:maj"))
    assert parse_chart("C | / / G7 /")[1:] == ((6.0, 8.0, "G:7"),)
    assert parse_chart("D A7 | G", "2/4") == ((0.0, 1.0, "D:maj"), (1.0, 2.0, "A:7"), (2.0, 4.0, "G:maj"))
    assert parse_chart("|| Em7 ||\n[coda]\n| A7 |]") == ((0.0, 4.0, "E:min7"), (4.0, 8.0, "A:7"))
    assert parse_chart("Tune\nC major, 3/4, 90 bpm\n\n| C/E | 4/4 N.C. |") == ((0.0, 3.0, "C:maj/3"), (3.0, 7.0, "N"))


@given(st.lists(st.tuples(st.integers(0, 11), st.sampled_from(list(QUALITIES))), min_size=1, max_size=24), st.data())
@settings(max_examples=40, deadline=None)
def test_a_written_chart_reads_back(chords: list[tuple[int, str]], data: st.DataObject) -> None:
    beats = Events(np.arange(32.0), [str(i % 4 + 1) for i in range(32)])
    places = sorted(data.draw(st.sets(st.integers(1, 31), min_size=len(chords) - 1, max_size=len(chords) - 1)))
    edges = [0.0, *map(float, places), 32.0]
    labels = [f"{NAMES[low]}:{quality}" for low, quality in chords]
    written = chart({"beats": beats, "chords": Segments(edges[:-1], edges[1:], labels)}, "A tune")
    read = parse_chart(written)
    sounding = {q: label for start, end, label in read for q in range(int(start), int(end))}
    wanted = {q: label for a, b, label in zip(edges, edges[1:], labels, strict=False) for q in range(int(a), int(b))}
    assert sounding == wanted


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"), ("| |", "empty"), ("Dm7 G7 | Hm", "bar 2"), ("C Am G", "bar 1"), ("% | C", "bar 1"),
        ("/ C", "bar 1"), ("C | | G", "bar 2"), ("C | 3/4 %", "bar 2"), ("C C C C C", "bar 1"), ("|: C :|", "bar 1"),
    ],
)  # fmt: skip
def test_what_is_no_chart_is_refused(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parse_chart(text)
