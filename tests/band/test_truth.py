from __future__ import annotations

from dataclasses import replace

import jams
import numpy as np
import pytest

from solfeggio.answers import Curve, Events, Notes, Segments
from solfeggio.band.song import Performance, Played, Song
from solfeggio.band.truth import TASKS, truth
from solfeggio.formats import read_jams, write_jams


def notes(*rows) -> Notes:
    """Notes from (start, end, pitch[, velocity])."""
    return Notes(*np.array([(*row, 90)[:4] for row in rows], float).T) if rows else Notes([], [], [], [])


def played(*parts: Played, duration: float = 10.0, cents: float = 0.0, **spans: Segments) -> Performance:
    song = Song("s", "pop", 120, (), 20, np.arange(20.0), np.arange(20) % 4 + 1)
    beats = Events(np.arange(0.5, 9.6, 0.5), [str(i % 4 + 1) for i in range(19)])
    return Performance(song, parts, beats, duration, spans, cents)


def hz(pitch: float) -> float:
    return 440 * 2 ** ((pitch - 69) / 12)


def test_every_task_has_its_answer_even_in_silence():
    found = truth(played())
    assert tuple(found) == TASKS
    assert all(len(found[task]) == 0 for task in ("notes", "drums", "singing", "lyrics", "instruments", "sections"))
    assert found["chords"].labels == ("N",) and not found["melody"].values.any()


def test_it_all_survives_jams(tmp_path):
    performance = played(
        Played("melody", 53, False, notes((1, 2, 60), (2, 3, 62)), words=("la", "")),
        Played("bass", 33, False, notes((1, 3, 36.5))),
        Played("drums", 0, True, notes((1, 1.1, 36, 127), (1.5, 1.6, 38))),
        chords=Segments([0, 2], [2, 5], ["C:maj", "F:7(b9)/3"]),
        keys=Segments([0, 4], [4, 10], ["C:maj", "D:dor"]),
        motifs=Segments([1, 1.5], [2, 3], ["a", "b"]),
        forms=Segments([0], [10], ["A"]),
        metres=Segments([0], [10], ["6/8"]),
    )
    found = truth(performance)
    write_jams(found, tmp_path / "a.jams", performance.duration, "A song", about={"cents": 3.5})
    back = read_jams(tmp_path / "a.jams")
    for task in TASKS:
        assert type(back[task]) is type(found[task]) and back[task].__dict__.keys() == found[task].__dict__.keys()
        for name, value in found[task].__dict__.items():
            same = np.allclose(getattr(back[task], name), value, atol=1e-9) if isinstance(value, np.ndarray) else None
            assert same if same is not None else getattr(back[task], name) == value, f"{task}.{name}"
    jam = jams.load(str(tmp_path / "a.jams"), validate=True, strict=True)
    spaces = {annotation.sandbox["name"]: annotation.namespace for annotation in jam.annotations}
    assert spaces["chords"] == "chord" and spaces["key"] == "key_mode" and spaces["melody"] == "pitch_contour"
    assert spaces["tempo"] == "tempo" and spaces["beats"] == "beat" and jam.sandbox["cents"] == 3.5


def test_what_always_has_a_value_covers_the_performance():
    spans = {"sections": Segments([0.5, 4], [3.5, 8], ["verse", "chorus"]), "keys": Segments([0.5], [8], ["C:maj"])}
    found = truth(played(Played("p", 0, False, notes((0.5, 8, 60))), **spans))
    assert found["sections"] == Segments([0, 4], [4, 10], ["verse", "chorus"])
    assert found["key"] == Segments([0], [10], ["C:maj"])
    assert found["metre"].labels == ("4/4",) and found["metre"].ends[-1] == 10


def test_no_chord_while_nobody_plays():
    chords = Segments([0, 2, 4], [2, 4, 9], ["C:maj", "F:maj", "G:maj"])
    piano = Played("piano", 0, False, notes((1, 3, 60), (8, 9, 67)))
    found = truth(played(piano, chords=chords))["chords"]
    assert found.labels == ("N", "C:maj", "F:maj", "N", "G:maj", "N")
    assert found.starts.tolist() == [0, 1, 2, 3, 8, 9] and found.ends.tolist() == [1, 2, 3, 8, 9, 10]
    short = Played("piano", 0, False, notes((1, 3, 60), (5, 9, 67)))  # a pause of 2 s is only a rest
    assert truth(played(short, chords=chords))["chords"].labels == ("N", "C:maj", "F:maj", "G:maj", "N")


def test_melody_is_the_lead_tuned_and_the_next_lead_where_it_rests():
    first = Played("melody", 73, False, notes((1, 2, 69), (2.2, 3, 71)))
    second = Played("melody2", 40, False, notes((0.5, 6, 60)))
    chords = Played("chords", 0, False, notes((0, 9, 50)))
    curve = truth(played(second, first, chords, cents=50))["melody"]
    assert curve.unit == "Hz" and np.allclose(np.diff(curve.times), 0.01)
    assert curve.values[100] == pytest.approx(hz(60.5), abs=1e-3)  # melody2 is first in the song
    curve = truth(played(first, second, chords, cents=50))["melody"]
    at = {time: curve.values[round(time * 100)] for time in (0.7, 1.5, 2.1, 2.5, 4, 7)}
    assert at[1.5] == pytest.approx(hz(69.5), abs=1e-3) and at[2.5] == pytest.approx(hz(71.5), abs=1e-3)
    assert at[2.1] == 0  # a breath of the lead's, not the other's turn
    assert at[0.7] == at[4] == pytest.approx(hz(60.5), abs=1e-3) and at[7] == 0


def test_singers_lead_before_players_and_chords_give_their_top():
    flute = Played("melody", 73, False, notes((1, 4, 80)))
    singer = Played("melody2", 53, False, notes((1, 4, 60)), words=("oh",))
    assert truth(played(flute, singer))["melody"].values[200] == pytest.approx(hz(60), abs=1e-3)
    both = Played("melody", 0, False, notes((1, 4, 64), (1.02, 4, 60)))
    assert truth(played(both))["melody"].values[200] == pytest.approx(hz(64), abs=1e-3)


def test_bends_are_taken_as_played():
    times = np.arange(1000) * 0.01
    curve = Curve(times, np.where((times >= 1) & (times < 2), 100 + times, 0), "Hz")
    bass = Played("bass", 33, False, notes((1, 2, 45)), f0=curve)
    found = truth(played(bass))["bass"]
    assert found.values[150] == pytest.approx(101.5) and found.values[50] == found.values[250] == 0


def test_drum_classes_velocities_and_flams():
    drums = Played("drums", 0, True, notes((1, 1.1, 36, 127), (1, 1.1, 42, 64), (2, 2.1, 40, 30), (2.02, 2.1, 38, 100)))
    found = truth(played(drums))
    assert found["drums"].labels == ("HH", "KD", "SD") and found["drums-fine"].labels == ("closed-hat", "kick", "snare")
    assert found["drums"].times.tolist() == [1, 1, 2.02] and found["drums"].values[1] == 1
    assert len(found["notes"]) == 0
    assert set(found["instruments"].labels) == {"drums", "cymbals"}


def test_instruments_bridge_short_pauses_only():
    piano = Played("chords", 0, False, notes((1, 2, 60), (2.4, 3, 62), (4, 5, 64)))
    other = Played("chords2", 2, False, notes((2.9, 3.2, 50)))
    found = truth(played(piano, other))["instruments"]
    assert found == Segments([1, 4], [3.2, 5], ["piano", "piano"])


def test_the_pedal_holds_notes_until_they_are_struck_again():
    piano = Played("chords", 0, False, notes((1, 1.2, 60), (2, 2.2, 60), (3.5, 4, 62)), pedal=Segments([0.9], [3]))
    assert truth(played(piano))["notes"].ends.tolist() == [2, 3, 4]


def test_syllables_last_as_long_as_they_are_sung():
    singer = Played("melody", 53, False, notes((1, 2, 60), (2, 3, 62), (4, 5, 64)), words=("glo", "", "ria"))
    found = truth(played(singer))
    assert found["lyrics"] == Segments([1, 4], [3, 5], ["glo", "ria"])
    assert found["singing"] == Segments([1, 4], [3, 5], ["singing", "singing"])
    assert found["instruments"].labels == ("voice", "voice")
    choir = replace(singer, name="harmony", words=("oh", "oh", "oh"))
    assert truth(played(choir, singer))["lyrics"].labels == ("glo", "ria")  # the leading singer's alone
    flute = replace(singer, program=73, words=())
    assert len(truth(played(flute))["singing"]) == 0
