from __future__ import annotations

import numpy as np
import pytest

from solfeggio.data.vienna import read_match, vienna_dataset
from solfeggio.errors import ConfigError, DataError, FormatError

MATCH = """info(matchFileVersion,1.0.0).
info(midiClockUnits,500).
info(midiClockRate,500000).
scoreprop(timeSignature,6/8,1:1,0,0.0000).
snote(n1,[C,n],5,1:0,0,1/8,-1.0000,0.0000,[v1])-note(n0,72,100,200,60,0,0).
snote(n2,[E,n],5,1:1,0,1/4,0.0000,2.0000,[v1])-note(n1,76,600,900,70,0,0).
snote(n3,[C,n],4,1:1,0,1/4,0.0000,2.0000,[v2])-note(n2,60,640,900,70,0,0).
snote(n9,[D,n],5,1:1,0,0,2.0000,2.0000,[grace])-note(n8,74,1500,1510,70,0,0).
insertion-note(n3,61,700,720,20,0,0).
snote(n4,[G,n],4,1:2,0,1/4,3.0000,5.0000,[v1])-note(n4,67,2120,2600,80,0,0).
snote(n5,[G,n],4,2:1,0,1/4,6.0000,7.0000,[v1])-deletion.
snote(n6,[A,n],4,2:1,0,1/4,6.0000,7.0000,[v1])-note(n6,69,3620,4000,90,0,0).
"""


def test_beats_fall_where_their_notes_were_struck():
    notes, beats = read_match(MATCH)
    assert len(notes) == 7 and notes.starts[0] == pytest.approx(0.5) and notes.pitches[0] == 72
    # a thousand ticks a second, the first note at tick 100; the chord of two notes counts by its median, 620
    np.testing.assert_allclose(beats.times, [1.02, 2.52, 4.02])
    assert beats.labels == ("1", "2", "1")


def test_what_is_no_match_file_is_refused(tmp_path):
    for text in ("", "info(midiClockUnits,500).", "\n".join(MATCH.splitlines()[:4])):
        with pytest.raises(FormatError):
            read_match(text, "p01.match")
    with pytest.raises(ConfigError, match="1 to 22"):
        vienna_dataset(pianists=(23,), folder=tmp_path)
    with pytest.raises(DataError):
        vienna_dataset(folder=tmp_path / "nowhere")
