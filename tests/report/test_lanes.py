"""Lanes carry every answer's times to a tenth of a millisecond, and the envelope shows sound where it is."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from solfeggio.answers import Answer, Curve, Events, Notes, Segments, Stems, Tags
from solfeggio.errors import AnswerError
from solfeggio.report.lanes import Envelope, lane, lanes, pretty, times, tint


def seconds(packed: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed), "<u4") / 10_000


def floats(packed: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed), "<f4")


def columns(made: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(made["packed"]), np.int8).reshape(3, -1)


def test_times_survive_even_after_hours() -> None:
    given = np.array([0, 0.00004, 0.12345, 3599.99995, 40_000.1234])
    assert np.abs(seconds(times(given)) - given).max() <= 0.5001e-4
    assert seconds(times([-0.1])) == 0


ANSWERS: list[Answer] = [
    Events([0.5, 1.0], ["1", "2"], [0.9, 0.8]),
    Events([0.5, 1.0], ["kick", "snare"]),
    Segments([0, 2], [2, 4.5], ["C:maj", "N"], [0.5, 1]),
    Curve([0, 1, 2], [110, 0, 220], "Hz"),
    Notes([0, 1], [1, 2], [60, 61.5], [100, 20], ["bass", "lead"]),
    Tags(["piano", "calm"], [0.2, 0.9]),
    Stems.of({"vocals": np.ones((2, 800)), "drums": np.zeros((2, 800))}, 8000),
    Events.none(),
    Segments([], []),
    Curve([], []),
    Notes([], [], [], []),
    Tags([], []),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda a: f"{type(a).__name__}{len(a)}")
def test_every_answer_has_a_lane_that_json_holds(answer: Answer) -> None:
    made = lane("x", answer)
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert made["name"] == "x" and made["about"].startswith("x: ") and made["kind"]


def test_lanes_hold_what_the_answer_holds() -> None:
    events = lane("beats", ANSWERS[0])
    assert events["kind"] == "beats" and list(seconds(events["times"])) == [0.5, 1.0]
    assert np.allclose(floats(events["values"]), [0.9, 0.8])
    drums = lane("drums", ANSWERS[1])
    assert drums["kind"] == "events" and drums["legend"] and drums["labels"]["of"] == [0, 1]
    chords = lane("chords", ANSWERS[2])
    assert list(seconds(chords["ends"])) == [2, 4.5] and chords["labels"]["names"] == ["C", "–"]
    assert lane("f0", ANSWERS[3])["range"] == [110, 220]  # 0 is unvoiced, not a low note
    notes = lane("notes", ANSWERS[4])
    assert list(floats(notes["pitches"])) == [60, 61.5] and notes["range"] == [60, 61.5]
    assert lane("tags", ANSWERS[5])["tags"][0] == ["calm", 0.9]


def test_each_stem_has_its_waveform_in_a_page_of_bounded_size() -> None:
    rng = np.random.default_rng(0)
    sounds = {str(i): rng.normal(0, 0.1 * i, (1, 300 * 400)) for i in range(1, 6)}
    made = lane("stems", Stems.of(sounds, 400))
    assert made["names"] == list(sounds) and len(made["waves"]) == 5
    peaks = [wave["peak"] for wave in made["waves"]]
    assert peaks == sorted(peaks) and peaks[0] == pytest.approx(np.abs(sounds["1"]).max(), abs=1e-4)
    assert sum(wave["columns"] for wave in made["waves"]) <= 200_000


def test_each_instrument_has_a_row_of_its_own_the_longest_above() -> None:
    made = lane("truth", Segments([0, 0, 1, 3], [1, 8, 6, 4], ["voice", "drums", "bass", "voice"], [0.6, 0.9, 1, 0.5]))
    assert made["kind"] == "activity" and made["labels"]["names"] == ["drums", "bass", "voice"]
    assert made["labels"]["of"] == [2, 0, 1, 2] and len(floats(made["values"])) == 4
    assert made["about"] == "truth: 3 instruments, drums, bass, voice"
    assert lane("sections", Segments([0, 1], [1, 2], ["bass", "verse"]))["kind"] == "segments"


def test_overlapping_segments_get_rows() -> None:
    assert lane("a", Segments([0, 1, 2], [1, 2, 3], list("abc")))["rows"] == []
    assert lane("a", Segments([0, 1, 2.5, 3], [3, 2, 4, 5], list("abcd")))["rows"] == [0, 1, 1, 0]


def test_chords_know_how_to_move() -> None:
    made = lane("chords", Segments([0, 1, 2], [1, 2, 3], ["Db:min7/b3", "N", "E:maj"]), "E:maj")
    assert made["kind"] == "chords" and made["labels"]["names"] == ["C♯m7/E", "–", "E"]
    assert made["chords"] == [[1, "m7", 4], None, [4, "", None]]
    assert made["shapes"][""][4] == [0, 2, 2, 1, 0, 0] and set(made["shapes"]) == {"m7", ""}
    assert lane("chords", Segments([0], [1], ["C:weird"]))["kind"] == "segments"


def test_keys_are_named_in_words() -> None:
    made = lane("key", Segments([0, 1], [1, 2], ["Gb:maj", "D:dor"]))
    assert made["kind"] == "keys" and made["labels"]["names"] == ["F♯ major", "D dorian"]
    assert made["keys"] == [[6, "maj"], [2, "dor"]] and made["labels"]["dark"] == [False, True]


def test_sections_and_letters_share_a_lane_where_they_share_borders() -> None:
    sections = Segments([0, 8, 16], [8, 16, 24], ["verse", "chorus", "verse"])
    (made,) = lanes({"sections": sections, "form": Segments([0, 8, 16], [8, 16, 24], ["A", "B", "A"])})
    assert made["labels"]["names"] == ["verse A", "chorus B"] and made["labels"]["groups"] == [0, 1]
    apart = lanes({"sections": sections, "form": Segments([0, 12], [12, 24], ["A", "B"])})
    assert [one["name"] for one in apart] == ["sections", "form"] and apart[1]["labels"]["tints"] == [None, None]


def test_an_answer_without_a_lane_says_so() -> None:
    with pytest.raises(AnswerError, match="Answer 'x' has no lane"):
        lane("x", Answer())


@pytest.mark.parametrize(
    ("label", "shown", "root"),
    [
        ("A:min", "Am", 9),
        ("F#:maj7", "F♯maj7", 6),
        ("Bb:7/3", "B♭7/D", 10),
        ("N", "–", None),
        ("Cb:maj", "B", 11),
        ("chorus", "chorus", None),
        ("Bridge", "Bridge", None),
        ("C:weird", "C weird", 0),
        ("", "", None),
    ],
)
def test_labels(label: str, shown: str, root: int | None) -> None:
    assert pretty(label) == shown and tint(label) == root


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_envelope_shows_an_impulse_in_its_column(rate: int) -> None:
    samples = np.zeros((2, rate * 3), np.float32)
    at = round(1.2345 * rate)
    samples[1, at] = -0.5
    envelope = Envelope(rate, 3.0)
    for start in range(0, samples.shape[1], 7001):
        envelope.add(samples[:, start : start + 7001])
    made = envelope.lane()
    low, high, rms = columns(made)
    column = int(at / rate * made["per_second"])
    assert list(np.flatnonzero(low)) == [column] and low[column] == -127 and not high.any() and rms[column] > 0
    assert made["columns"] == 3 * made["per_second"] and made["peak"] == 0.5


def test_envelope_does_not_depend_on_the_blocks() -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, (2, 44100 + 77)).astype(np.float32)
    made = []
    for size in (1, 1000, 10**6):
        envelope = Envelope(44100, 1.0)
        for start in range(0, samples.shape[1] if size > 1 else 3000, size):
            envelope.add(samples[:, start : start + size])
        made.append(envelope.lane())
    assert made[1] == made[2]
    assert (columns(made[0])[:, :27] == columns(made[1])[:, :27]).all()


def test_envelope_of_nothing_and_of_hours() -> None:
    assert Envelope(44100, 0.0).lane()["columns"] == 0
    assert Envelope(44100, 3600).per_second * 3600 <= 200_000
    assert Envelope(44100, 50 * 3600).per_second >= 1


def test_drums_have_rows_from_high_to_low_in_words() -> None:
    made = lane("drums", Events([0, 0, 0.5, 1], ["KD", "CHH", "SD", "CRC"], [1, 0.4, 0.8, 0.9]))
    assert made["labels"]["names"] == ["crash", "closed hi-hat", "snare", "kick"] and made["labels"]["of"] == [
        3,
        1,
        2,
        0,
    ]
    assert made["tall"] and np.allclose(floats(made["values"]), [1, 0.4, 0.8, 0.9])
    assert made["about"] == "drums: 4 hits, crash, closed hi-hat, snare, kick"
    assert "tall" not in lane("drums", ANSWERS[1])
