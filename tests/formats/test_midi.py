"""MIDI files as a sequencer sees them."""

from __future__ import annotations

import numpy as np
import pytest
import symusic

from solfeggio.answers import Events, Notes, Segments
from solfeggio.errors import FormatError
from solfeggio.formats import read_midi, write_midi


def beats(start: float, period: float, count: int, bar: int, first: int = 1) -> Events:
    positions = [str((first - 1 + i) % bar + 1) for i in range(count)]
    return Events(start + period * np.arange(count), positions)


def look(path) -> tuple[list, list, list]:
    """Time signatures, tempos (quarters a minute) and clicks (quarters, pitch) of a file, by symusic alone."""
    score = symusic.Score(str(path))
    quarter = score.ticks_per_quarter
    signatures = [(s.time / quarter, f"{s.numerator}/{s.denominator}") for s in score.time_signatures]
    tempos = [round(t.qpm, 2) for t in score.tempos]
    clicks = [(n.time / quarter, n.pitch) for t in score.tracks if t.name == "Click" for n in t.notes]
    assert all(t.is_drum for t in score.tracks if t.name == "Click")
    return signatures, tempos, clicks


def test_a_whole_bar_stands_before_the_first_downbeat(tmp_path):
    write_midi(tmp_path / "a.mid", beats(2.1, 0.5, 8, 4))
    signatures, tempos, clicks = look(tmp_path / "a.mid")
    assert signatures == [(0, "4/4")]
    assert tempos == [pytest.approx(114.29), *[120] * 8]  # one for each beat, and the bar before them
    assert clicks == [(4 + i, 76 if i % 4 == 0 else 77) for i in range(8)]


def test_a_pickup_is_filled_up_to_a_bar(tmp_path):
    write_midi(tmp_path / "a.mid", beats(1.4, 0.5, 9, 4, first=4))
    signatures, _, clicks = look(tmp_path / "a.mid")
    assert signatures == [(0, "4/4")] and clicks[:2] == [(3, 77), (4, 76)]


def test_a_pickup_without_time_before_it_is_a_short_bar(tmp_path):
    write_midi(tmp_path / "a.mid", beats(0.0, 0.5, 9, 4, first=4))
    signatures, tempos, clicks = look(tmp_path / "a.mid")
    assert signatures == [(0, "1/4"), (1, "4/4")] and clicks[:2] == [(0, 77), (1, 76)]
    assert set(tempos) == {120}


@pytest.mark.parametrize("start", [0.001, 0.01, 0.05, 0.2, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("first", [1, 2, 3, 4])
def test_excerpts_have_tempos_that_sequencers_can_play(tmp_path, start, first):
    truth = beats(start, 0.5, 12, 4, first)
    write_midi(tmp_path / "a.mid", truth)
    _, tempos, _ = look(tmp_path / "a.mid")
    assert max(tempos) < 1000 or start < 0.005
    got = read_midi(tmp_path / "a.mid").beats
    assert got.labels == truth.labels
    np.testing.assert_allclose(got.times, truth.times, atol=1e-5)


def test_six_eight_counts_eighths_and_metres_may_change(tmp_path):
    times = np.arange(15) * 0.25
    write_midi(tmp_path / "a.mid", Events(times, list("123456" + "123" + "123" + "123")))
    signatures, tempos, clicks = look(tmp_path / "a.mid")
    assert signatures == [(0, "6/8"), (3, "3/4")]
    assert clicks[6:8] == [(3, 76), (4, 77)] and tempos[0] == 120 and tempos[7] == 240


def test_a_pause_becomes_whole_bars(tmp_path):
    truth = Events([0, 0.5, 1, 1.5, 102, 102.5], list("123412"))
    write_midi(tmp_path / "a.mid", truth)
    _, _, clicks = look(tmp_path / "a.mid")
    assert clicks[4][0] % 4 == 0 and clicks[4][0] > 4
    np.testing.assert_allclose(read_midi(tmp_path / "a.mid").beats.times, truth.times, atol=1e-4)


def test_a_long_song_does_not_drift(tmp_path):
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.uniform(0.3, 0.7, 20000))
    truth = Events(times, [str(i % 4 + 1) for i in range(20000)])
    write_midi(tmp_path / "a.mid", truth)
    seconds = symusic.Score(str(tmp_path / "a.mid"), ttype="second")
    oracle = [note.time for note in seconds.tracks[0].notes]
    np.testing.assert_allclose(oracle[:1000], times[:1000], atol=1e-3)  # symusic adds up in 32 bits and drifts itself
    np.testing.assert_allclose(read_midi(tmp_path / "a.mid").beats.times, times, atol=2e-6)


def test_parts_chords_and_overlaps(tmp_path):
    notes = Notes([0, 0.5, 0.6, 1], [1, 2, 0.7, 1.5], [60, 60, 60, 36], [1, 64, 127, 99], ["piano"] * 3 + ["drums"])
    chords = Segments([0, 1], [1, 2], ["C:maj", "G:7"])
    write_midi(tmp_path / "a.mid", notes=notes, chords=chords, programs={"piano": 5})
    score = symusic.Score(str(tmp_path / "a.mid"))
    assert [(t.name, t.program, t.is_drum, len(t.notes)) for t in score.tracks] == [
        ("piano", 5, False, 1),
        ("piano", 5, False, 1),
        ("piano", 5, False, 1),
        ("drums", 0, True, 1),
    ]
    assert [(m.time, m.text) for m in score.markers] == [(0, "C:maj"), (1920, "G:7")]
    got = read_midi(tmp_path / "a.mid")
    np.testing.assert_allclose(got.notes.ends, notes.ends, atol=1e-3)
    assert got.notes.labels == notes.labels and len(got.beats) == 0


def test_beats_of_files_of_others_follow_their_time_signatures(tmp_path):
    score = symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, qpm=60))
    score.tempos.append(symusic.Tempo(1440, qpm=120))
    score.time_signatures.append(symusic.TimeSignature(0, 3, 4))
    score.time_signatures.append(symusic.TimeSignature(1440, 6, 8))
    track = symusic.Track("x", 0, False)
    track.notes.append(symusic.Note(0, 1440 + 720, 60, 64))
    score.tracks.append(track)
    score.dump_midi(tmp_path / "a.mid")
    got = read_midi(tmp_path / "a.mid")
    assert got.beats == Events([0, 1, 2, 3, 3.25, 3.5], list("123123"))
    assert got.notes == Notes([0], [3.75], [60], [64], ["x"])


def test_what_midi_cannot_hold(tmp_path):
    for answers in (
        {"beats": Events([-1, 0])},
        {"notes": Notes([-1], [0], [60], [1])},
        {"notes": Notes([0], [1], [128], [1])},
        {"notes": Notes([1e9], [1e9], [60], [1])},
        {"chords": Segments([-1], [0], ["C"])},
    ):
        with pytest.raises(FormatError):
            write_midi(tmp_path / "a.mid", **answers)
    assert not list(tmp_path.iterdir())


def test_a_pause_in_a_short_first_bar_keeps_the_downbeats_on_bars(tmp_path):
    truth = Events([0, 60, 61, 62, 63, 64, 65], list("2341234"))
    write_midi(tmp_path / "a.mid", truth)
    signatures, _, clicks = look(tmp_path / "a.mid")
    assert signatures[0] == (0, "3/4") and signatures[1] == (clicks[3][0], "4/4")
    assert clicks[3][0] % 3 == 0 and clicks[3][1] == 76
