"""Scores through files: what each format holds comes back, what it cannot is refused or stated here."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solfeggio.band.scores.files import engrave, play, read_score, to_song, write_score
from solfeggio.errors import ConfigError, DataError, FormatError, MissingExtra, NotationError
from solfeggio.harte import QUALITIES, parse_pitch, read
from solfeggio.notation import Metre, Part, Score

pytest.importorskip("music21")
ROOTS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
LENGTHS = (1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1, 4 / 3, 1.5, 2, 2.5, 3, 5)
FORMATS = (".mid", ".musicxml", ".mxl", ".abc")


@st.composite
def melodies(draw: st.DrawFn) -> Score:
    """Melodies in 4/4, 3/4 or 6/8, perhaps with a pick-up, keys and chords on eighths."""
    metre = draw(st.sampled_from(("4/4", "3/4", "6/8")))
    size = Metre.parse(metre).beats * 4 / Metre.parse(metre).unit
    pickup = draw(st.sampled_from((0.0, 0.5, 1.0)))
    length = pickup + size * draw(st.integers(2, 5))
    rows, at = [], 0.0
    while at < length - 1e-6:
        long = min(draw(st.sampled_from(LENGTHS)), length - at)
        if draw(st.integers(0, 3)) or not rows:
            rows.append((at, at + long, draw(st.integers(48, 90)), 80.0))
        at += long
    rows[-1] = (rows[-1][0], length, *rows[-1][2:])  # MIDI ends with its last note
    bars = np.arange(pickup, length + 1e-6, size)
    change = draw(st.sampled_from(bars.tolist()[:-1]))
    names = [draw(st.sampled_from(ROOTS)) + draw(st.sampled_from((":maj", ":min"))) for _ in range(2)]
    keys = tuple((a, b, n) for a, b, n in ((0.0, change, names[0]), (change, length, names[1])) if b > a)
    if len(keys) == 2 and same_key(keys[0][2], keys[1][2]):
        keys = ((0.0, length, names[0]),)
    edges = sorted(set(draw(st.lists(st.integers(0, int(length * 2) - 1), max_size=4))))
    times = [*(edge / 2 for edge in edges), length]
    chords: list[tuple[float, float, str]] = []
    for start, end in pairwise(times):
        label = draw(st.sampled_from(ROOTS)) + ":" + draw(st.sampled_from(sorted(QUALITIES)))
        if not chords or chords[-1][2] != label:
            chords.append((start, end, label))
        else:
            chords[-1] = (chords[-1][0], end, label)
    part = Part("melody", 0, np.array(rows))
    return Score("Tune", 96.0, (part,), length, ((0.0, length, metre),), keys, tuple(chords), pickup)


def same_key(one: str, other: str) -> bool:
    a, b = one.split(":"), other.split(":")
    return parse_pitch(a[0]) == parse_pitch(b[0]) and a[1] == b[1]


def check_same(back: Score, score: Score) -> None:
    assert np.allclose(back.parts[0].notes[:, :3], score.parts[0].notes[:, :3], atol=1e-3)
    assert back.metres == score.metres and back.length_quarters == pytest.approx(score.length_quarters)
    assert back.pickup_quarters == score.pickup_quarters and back.bpm == pytest.approx(score.bpm, abs=1e-2)
    for name in ("keys", "chords"):
        found, expected = ([span[:2] for span in getattr(one, name)] for one in (back, score))
        assert np.array(found) == pytest.approx(np.array(expected))
    assert all(same_key(a[2], b[2]) for a, b in zip(back.keys, score.keys, strict=True))
    for found, given_ in zip(back.chords, score.chords, strict=True):
        assert read(found[2]) == read(given_[2])


@pytest.mark.parametrize("suffix", FORMATS)
def test_melodies_come_back(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"tune{suffix}"

    @given(melodies())
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    def law(score: Score) -> None:
        write_score(score, path)
        back = read_score(path)
        assert back.title == ("tune" if suffix == ".mid" else "Tune")  # MIDI holds no title
        check_same(back, score)

    law()


def tune(length: float = 8.0, **about: object) -> Score:
    steps = np.arange(0, length, 1.0)
    notes = np.column_stack([steps, steps + 1, 60 + steps % 8, np.full(len(steps), 80.0)])
    return Score("Tune", 96.0, (Part("melody", 0, notes),), length, **about)  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", [".mid", ".musicxml"])
def test_parts_and_voices_come_back(suffix: str, tmp_path: Path) -> None:
    flute = Part(
        "Flute", 73, np.array([[0, 4, 72, 80], [0, 1, 76, 80], [1, 2, 77, 80], [2, 4, 79, 80], [4, 8, 72, 80]])
    )
    bass = Part("Bass", 32, np.array([[0, 6, 36, 80], [6, 8, 43, 80.0]]))
    write_score(Score("Two", 120, (flute, bass), 8.0), tmp_path / f"two{suffix}")
    back = read_score(tmp_path / f"two{suffix}")
    assert [(part.name, part.program) for part in back.parts] == [("Flute", 73), ("Bass", 32)]
    for found, given_ in zip(back.parts, (flute, bass), strict=True):
        assert sorted(map(tuple, found.notes[:, :3].round(6))) == sorted(map(tuple, given_.notes[:, :3]))


@pytest.mark.parametrize("suffix", [".mid", ".musicxml"])
def test_drums_come_back(suffix: str, tmp_path: Path) -> None:
    drums = Part("drums", 0, np.array([[0, 1, 36, 80], [1, 2, 38, 80], [2, 3, 42, 80], [3, 4, 42, 80.0]]), True)
    write_score(Score("Kit", 120, (drums,), 4.0), tmp_path / f"kit{suffix}")
    back = read_score(tmp_path / f"kit{suffix}").parts[0]
    assert back.drums and back.notes[:, 2].tolist() == [36, 38, 42, 42]


def test_midi_holds_velocities_and_pedal_but_modes_as_major(tmp_path: Path) -> None:
    score = tune(keys=((0.0, 8.0, "D:dor"),))
    notes = score.parts[0].notes.copy()
    notes[:, 3] = np.arange(40, 48)
    score = replace(score, parts=(replace(score.parts[0], notes=notes, pedal=((0.0, 2.0),)),))
    write_score(score, tmp_path / "a.mid")
    back = read_score(tmp_path / "a.mid")
    assert np.array_equal(back.parts[0].notes, notes) and back.parts[0].pedal == ((0.0, 2.0),)
    assert back.keys == ((0.0, 8.0, "C:maj"),)
    write_score(score, tmp_path / "a.musicxml")
    back = read_score(tmp_path / "a.musicxml")
    assert back.keys == score.keys and set(back.parts[0].notes[:, 3]) == {80.0}


@pytest.mark.parametrize("suffix", FORMATS)
def test_metres_change_and_bars_may_be_short(suffix: str, tmp_path: Path) -> None:
    metres = ((0.0, 4.0, "4/4"), (4.0, 10.0, "3/4"), (10.0, 14.0, "2/4"))
    write_score(tune(14.0, metres=metres), tmp_path / f"a{suffix}")
    assert read_score(tmp_path / f"a{suffix}").metres == metres


@pytest.mark.parametrize("suffix", [".mid", ".musicxml", ".abc"])
def test_a_chord_that_ends_comes_back_as_no_chord(suffix: str, tmp_path: Path) -> None:
    write_score(tune(chords=((0.0, 4.0, "C:maj"), (6.0, 8.0, "G:7/3"))), tmp_path / f"a{suffix}")
    chords = read_score(tmp_path / f"a{suffix}").chords
    assert chords == ((0.0, 4.0, "C:maj"), (4.0, 6.0, "N"), (6.0, 8.0, "G:7/3"))


@pytest.mark.parametrize("suffix", [".musicxml", ".abc"])
def test_every_chord_has_a_symbol(suffix: str, tmp_path: Path) -> None:
    chords = tuple((4.0 * i, 4.0 * i + 4, f"Bb:{quality}") for i, quality in enumerate(QUALITIES))
    write_score(tune(4.0 * len(chords), chords=chords), tmp_path / f"a{suffix}")
    assert read_score(tmp_path / f"a{suffix}").chords == chords


def test_repeats_are_written_out(tmp_path: Path) -> None:
    text = (
        'X:1\nT:Reel\nM:4/4\nL:1/4\nQ:1/4=90\nK:Ddor\nD|:"Dm"CDEF|1CDE2:|2CD3|[M:3/4][K:G]"G"FGA|"D7"A-A2-|[K:D]A3|]\n'
    )
    (tmp_path / "a.abc").write_text(text)
    score = read_score(tmp_path / "a.abc")
    assert (score.title, score.bpm, score.pickup_quarters) == ("Reel", 90, 1)
    assert [label for _, _, label in score.metres][-1] == "3/4"
    assert [label for _, _, label in score.keys] == ["D:dor", "G:maj", "D:maj"]
    assert score.chords[0][2] == "D:min"
    assert score.parts[0].notes[:, 2].tolist()[:5] == [62, 60, 62, 64, 65]
    assert score.parts[0].notes[-1].tolist()[1] - score.parts[0].notes[-1][0] == 6  # tied over the change of key


def test_pickups_without_a_signature_are_refused_in_midi(tmp_path: Path) -> None:
    with pytest.raises(NotationError, match="pick-up"):
        write_score(tune(4 + 1 / 3, pickup_quarters=1 / 3), tmp_path / "a.mid")


def test_abc_holds_one_melody(tmp_path: Path) -> None:
    score = tune()
    low = replace(score.parts[0], name="low")
    for bad in (replace(score, parts=(*score.parts, low)), replace(score, parts=()),
                replace(score, parts=(replace(low, notes=np.array([[0, 1, 60, 80], [0, 1, 64, 80.0]])),))):  # fmt: skip
        with pytest.raises(NotationError, match="ABC"):
            write_score(bad, tmp_path / "a.abc")
    assert not list(tmp_path.iterdir())


def test_bad_files(tmp_path: Path) -> None:
    for name in ("a.mid", "a.musicxml", "a.mxl", "a.abc"):
        with pytest.raises(FormatError, match="cannot be read"):
            read_score(tmp_path / name)
    with pytest.raises(ConfigError, match="kind of score"):
        read_score(tmp_path / "a.pdf")
    with pytest.raises(ConfigError, match="kind of score"):
        write_score(tune(), tmp_path / "a.pdf")
    for name in ("a.mid", "a.musicxml", "a.mxl"):
        (tmp_path / name).write_bytes(b"<score-partwise><part id='P1'><measure")
        with pytest.raises((FormatError, DataError)):
            read_score(tmp_path / name)
    (tmp_path / "a.abc").write_text("X:1\nT:none\nM:4/4\nK:C\n")
    with pytest.raises((FormatError, DataError)):
        read_score(tmp_path / "a.abc")
    write_score(Score("Empty", 120, (), 4.0), tmp_path / "b.musicxml")
    with pytest.raises(DataError, match="no notes"):
        read_score(tmp_path / "b.musicxml")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.musicxml"
    write_score(tune(), path)
    held = path.read_bytes()
    for bad in (Score("Nothing", 120, (), 0.0), tune(chords=((0.0, 4.0, "C:nonsense"),))):
        with pytest.raises((NotationError, ConfigError)):
            write_score(bad, path)
        assert path.read_bytes() == held
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.musicxml"]
    with pytest.raises(FormatError, match="no folder"):
        write_score(tune(), tmp_path / "there" / "a.mid")


def test_titles_may_hold_anything(tmp_path: Path) -> None:
    write_score(replace(tune(), title="A & <b>\n\x00 'é'"), tmp_path / "a.musicxml")
    assert read_score(tmp_path / "a.musicxml").title == "A & <b> 'é'"


def test_thousands_of_bars_in_midi(tmp_path: Path) -> None:
    write_score(tune(12_000.0), tmp_path / "a.mid")
    assert len(read_score(tmp_path / "a.mid").bar_lines()) == 3001


def test_accidentals_stand_where_they_are_needed(tmp_path: Path) -> None:
    notes = np.array([[0, 1, 66, 80], [1, 2, 65, 80], [2, 3, 65, 80], [3, 5, 61, 80], [5, 8, 66, 80.0]])
    score = replace(tune(keys=((0.0, 8.0, "G:maj"),)), parts=(Part("melody", 0, notes),))
    write_score(score, tmp_path / "a.musicxml")
    signs = [(n.findtext("pitch/step"), n.findtext("accidental"))
             for n in ElementTree.parse(tmp_path / "a.musicxml").iter("note")]  # fmt: skip
    assert signs == [("F", None), ("F", "natural"), ("F", None), ("C", "sharp"), ("C", None), ("F", None)]


def test_engraving(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("verovio")
    drawing = engrave(tune(chords=((0.0, 8.0, "A:min7"),)))
    assert ElementTree.fromstring(drawing).tag.endswith("svg")
    assert drawing.count('class="note"') == 8 and drawing.count('class="measure"') == 2
    assert drawing == engrave(tune(chords=((0.0, 8.0, "A:min7"),)))
    long = engrave(tune(4000.0))
    assert ElementTree.fromstring(long).tag.endswith("svg") and long.count('class="measure"') == 1000
    monkeypatch.setitem(__import__("sys").modules, "verovio", None)
    with pytest.raises(MissingExtra, match="scores"):
        engrave(tune())


def test_the_band_plays_a_score() -> None:
    score = tune(chords=((0.0, 4.0, "C:maj"), (4.0, 8.0, "G:7/3")))
    samples, rate = play(score, seed=3, family="sketch", rate=16000)
    assert rate == 16000 and samples.dtype == np.float32 and samples.shape[0] == 2
    assert 5 < samples.shape[1] / rate < 9 and np.abs(samples).max() > 0.05
    assert np.array_equal(samples, play(score, seed=3, family="sketch", rate=16000)[0])
    with pytest.raises(NotationError, match="no notes"):
        play(Score("Empty", 120, (), 4.0))
    with pytest.raises(ConfigError):
        play(score, family="Z")


def test_without_sound_banks_the_synthesiser_plays(monkeypatch: pytest.MonkeyPatch) -> None:
    from solfeggio.band.desk import banks

    monkeypatch.setattr(banks, "banks", lambda family: ())
    samples, _ = play(tune(), family="A", rate=16000)
    assert np.abs(samples).max() > 0.05


def test_a_song_counts_the_beats_and_comps() -> None:
    score = tune(7.0, metres=((0.0, 7.0, "3/4"),), pickup_quarters=1.0, chords=((1.0, 7.0, "F:maj"),))
    song = to_song(score)
    assert song.positions.tolist() == [3, 1, 2, 3, 1, 2, 3] and [part.name for part in song.parts] == [
        "melody",
        "chords",
    ]
    comp = song.parts[1].notes
    assert sorted(set(comp[:, 0])) == [1, 4] and comp[:4, 2].tolist() == [41, 57, 60, 65]
    assert [part.name for part in to_song(tune()).parts] == ["melody"]
