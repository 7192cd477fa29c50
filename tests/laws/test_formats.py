"""The law of the doors: what is written is read back, for every format and every answer that it holds."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import jams
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solfeggio.answers import Answer, Curve, Events, Notes, Segments, Stems, Tags
from solfeggio.errors import FormatError
from solfeggio.formats import FORMATS, read, read_jams, read_midi, write, write_jams, write_midi
from solfeggio.formats.clock import TICKS, Clock

SECONDS = st.floats(0, 1e4, allow_subnormal=False) | st.decimals(0, 1000, places=3).map(float)
SIZE = st.integers(0, 6)
NUMBERS = st.floats(-1e6, 1e6)
TEXT = st.text(max_size=12) | st.sampled_from(
    ["C:maj", "N", "X", 'a "b", c', "tab\there", "two\nlines", "é中", " ", "#1", "1.0", ""]
)
LINE = st.from_regex(r"[A-Za-z#é中0-9]([A-Za-z ,;\"'#:/é中0-9()]{0,10}[A-Za-z#é中)])?", fullmatch=True)
LOSSY = {"lab", "beats", "audacity", "sonic-visualiser"}  # formats of lines: labels without breaks, no confidences


@st.composite
def answers(draw, kind: type[Answer], labels=TEXT, size=SIZE):
    n = draw(size)

    def some(values):
        return draw(st.lists(values, min_size=n, max_size=n))

    def none_or(values):
        return some(values) if draw(st.booleans()) else None

    starts = np.sort(some(SECONDS))
    ends = starts + np.array(some(st.just(0.0) | SECONDS))
    if kind is Events:
        return Events(starts, none_or(labels) or (), none_or(NUMBERS))
    if kind is Segments:
        return Segments(starts, ends, none_or(labels) or (), none_or(NUMBERS))
    if kind is Curve:
        return Curve(starts, some(NUMBERS), draw(st.sampled_from(["", "Hz", "bpm"]) | TEXT))
    if kind is Notes:
        return Notes(starts, ends, some(st.floats(0, 127)), some(st.floats(0, 127)), none_or(labels) or ())
    return Tags(some(labels), some(NUMBERS))


def there_and_back(answer: Answer, name: str, **more):
    form = FORMATS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{form.suffixes[0]}"
        try:
            write(answer, path, **more)
        except FormatError:
            assert not list(Path(folder).iterdir())
            raise
        assert [p.name for p in Path(folder).iterdir()] == [path.name]
        return read(path, type(answer))


def same(got: Answer, wanted: Answer, exact: tuple[str, ...], close: tuple[str, ...] = ()) -> None:
    assert type(got) is type(wanted)
    for name in exact:
        a, b = getattr(got, name), getattr(wanted, name)
        assert np.array_equal(a, b) if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) else a == b, (name, a, b)
    for name in close:
        np.testing.assert_allclose(getattr(got, name), getattr(wanted, name), rtol=0, atol=1e-9)


@pytest.mark.parametrize("kind", list(FORMATS["csv"].keeps))
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_csv_holds_everything_exactly(kind, data):
    answer = data.draw(answers(kind, st.text(st.characters(codec="utf-8"), max_size=12) | TEXT))
    if kind is Curve:
        answer = replace(answer, unit=answer.unit.strip())
    assert there_and_back(answer, "csv") == answer


@pytest.mark.parametrize("kind", list(FORMATS["jams"].keeps))
@given(st.data())
@settings(max_examples=25, deadline=None)
def test_jams_holds_everything(kind, data):
    answer = data.draw(answers(kind))
    got = there_and_back(answer, "jams", duration=data.draw(st.none() | st.just(1e5)), title="T")
    exact = {
        Events: ("times", "labels", "values"),
        Segments: ("starts", "labels", "values"),
        Curve: ("times", "values", "unit"),
        Notes: ("starts", "pitches", "velocities", "labels"),
        Tags: ("labels", "values"),
    }[kind]
    same(got, answer, exact, ("ends",) if kind in (Segments, Notes) else ())


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_folders_hold_stems_exactly(data):
    names = data.draw(st.lists(LINE.filter(lambda name: not set('/\\:*?"<>|') & set(name)), min_size=1, max_size=4,
                               unique_by=str.casefold))  # fmt: skip
    shape = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 50))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    sounds = {name: rng.normal(0, 3, shape) for name in sorted(names)}
    left = rng.normal(0, 1, shape) if data.draw(st.booleans()) else None
    answer = Stems.of(sounds, data.draw(st.sampled_from([8000, 44100])), left)
    assert there_and_back(answer, "stems") == answer


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_jams_holds_several_answers_by_name(data):
    names = ["beats", "onsets", "chords", "keys", "sections", "f0", "notes", "tags"]
    kinds = [Events, Events, Segments, Segments, Segments, Curve, Notes, Tags]
    chosen = data.draw(st.lists(st.sampled_from(range(len(names))), unique=True))
    written = {names[i]: data.draw(answers(kinds[i])) for i in chosen}
    with tempfile.TemporaryDirectory() as folder:
        write_jams(written, f"{folder}/a.jams")
        jams.load(f"{folder}/a.jams", validate=True, strict=True)
        got = read_jams(f"{folder}/a.jams")
    assert list(got) == list(written)
    for name, answer in written.items():
        same(got[name], answer, ("labels",) if hasattr(answer, "labels") else ("values", "unit"))


@pytest.mark.parametrize(("name", "kind"), [(n, k) for n in sorted(LOSSY) for k in FORMATS[n].keeps])
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_line_formats_hold_times_and_labels(name, kind, data):
    answer = data.draw(answers(kind, LINE))
    if name == "beats" and any(label.rstrip("0").endswith(".") for label in answer.labels):
        return
    got = there_and_back(answer, name)
    nearly = name == "sonic-visualiser"
    same(
        got,
        answer,
        {
            Events: ("times", "labels"),
            Segments: ("starts", "labels") if nearly else ("starts", "ends", "labels"),
            Curve: ("times", "values"),
            Notes: ("starts", "pitches", "labels"),
        }[kind],
        {Segments: ("ends",) if nearly else (), Notes: ("ends", "velocities")}.get(kind, ()),
    )


@pytest.mark.parametrize(("name", "kind"), [(n, k) for n in sorted(LOSSY) for k in FORMATS[n].keeps if k is not Curve])
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_label_comes_back_or_is_refused(name, kind, data):
    label = data.draw(st.text(st.characters(), max_size=6) | TEXT)
    one = {"labels": [label, "x"]}
    if kind is Events:
        answer = Events([0.5, 1.0], **one)
    elif kind is Segments:
        answer = Segments([0.5, 1.0], [1.0, 2.0], **one)
    else:
        answer = Notes([0.5, 1.0], [1.0, 2.0], [60, 61], [1, 2], **one)
    try:
        got = there_and_back(answer, name)
    except FormatError:
        return
    assert got.labels == answer.labels


@pytest.mark.parametrize("kind", list(FORMATS["csv"].keeps))
@given(st.data())
@settings(max_examples=20, deadline=None)
def test_rows_in_any_order_with_windows_line_ends_and_a_mark_mean_the_same(kind, data):
    answer = data.draw(answers(kind, LINE, st.integers(1, 6)))
    if kind is Curve:
        answer = replace(answer, unit="Hz")
    if kind is not Tags and len(np.unique(getattr(answer, answer.times_of[0]))) < len(answer):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        write(answer, path)
        header, *rows = path.read_text("utf-8").splitlines()
        if kind is not Tags:
            rows = data.draw(st.permutations(rows))
        path.write_bytes("\r\n\r\n".join(["# made by hand", header, *rows, ""]).encode("utf-8-sig"))
        assert read(path, kind) == answer


@st.composite
def beats(draw) -> Events:
    """Draw beats as they are heard: a tempo that wanders, a pick-up, changes of metre, pauses."""
    sizes = draw(st.lists(st.sampled_from([2, 3, 4, 5, 6, 7, 12]), min_size=1, max_size=4))
    repeats = draw(st.integers(2, 3))
    positions = [p for size in sizes for _ in range(repeats) for p in range(1, size + 1)]
    positions = positions[draw(st.integers(0, sizes[0] - 1)) :]
    gaps = [0.0, *draw(st.lists(st.floats(0.15, 1.5), min_size=len(positions) - 1, max_size=len(positions) - 1))]
    gaps[draw(st.integers(0, len(gaps) - 1))] *= draw(st.sampled_from([1, 1, 20, 100]))
    start = draw(st.sampled_from([0.0, 0.0001, 0.004, 0.1, 0.3, 0.7, 2.0, 60.0, 400.0]) | st.floats(0, 10))
    return Events(start + np.cumsum(gaps), [str(p) for p in positions])


@given(beats(), st.booleans())
@settings(max_examples=80, deadline=None)
def test_midi_beats_come_back_within_a_tick(truth, labelled):
    if not labelled:
        truth = replace(truth, labels=())
    got = there_and_back(truth, "midi")
    clock = Clock.of_beats(truth)
    tick = clock.tempos.max() / 1e6 / TICKS
    assert got.labels == truth.labels
    np.testing.assert_allclose(got.times, truth.times, rtol=0, atol=min(tick, 1e-3))


@given(beats())
@settings(max_examples=80, deadline=None)
def test_midi_downbeats_fall_on_bars_and_beats_on_beats(truth):
    clock = Clock.of_beats(truth)
    starts = [tick for tick, _ in clock.signatures]
    assert starts[0] == 0 and starts == sorted(set(starts))
    for tick, label in zip(clock.beats, truth.labels, strict=True):
        since, metre = next((t, m) for t, m in reversed(clock.signatures) if t <= tick)
        beat = TICKS * 4 // metre.unit
        assert (tick - since) % beat == 0
        bar = metre.beats * beat
        if label == "1":
            assert (tick - since) % bar == 0
    for before, after in zip(clock.signatures, clock.signatures[1:], strict=False):  # no bar is broken off
        bar = before[1].beats * TICKS * 4 // before[1].unit
        assert (after[0] - before[0]) % bar == 0 and after[1] != before[1]


@given(
    beats() | st.just(Events.none()),
    answers(Notes, st.sampled_from(["piano", "bass", "drums", "", "é中"]), st.integers(0, 12)),
)
@settings(max_examples=60, deadline=None)
def test_midi_notes_come_back_within_a_tick(truth, notes):
    notes = notes.cut(0, 1000)
    with tempfile.TemporaryDirectory() as folder:
        write_midi(f"{folder}/a.mid", truth, notes)
        got = read_midi(f"{folder}/a.mid")
    clock = Clock.of_beats(truth)
    tick = clock.tempos.max() / 1e6 / TICKS * 1.001

    def rows(some: Notes) -> list:
        labels, starts = some.labels or [""] * len(some), clock.tick(some.starts)
        ends = np.maximum(clock.tick(some.ends), starts + 1)  # notes are told apart as MIDI does: by ticks
        columns = (labels, np.rint(some.pitches), np.clip(np.rint(some.velocities), 1, 127), starts, ends)
        return sorted(zip(*columns, some.starts, some.ends, strict=True))

    assert len(got.notes) == len(notes)
    for a, b in zip(rows(got.notes), rows(notes), strict=True):
        assert a[:3] == b[:3]
        np.testing.assert_allclose(a[5], b[5], rtol=0, atol=tick)
        np.testing.assert_allclose(a[6], b[6], rtol=0, atol=2 * tick)  # a note lasts at least a tick
    assert got.beats.labels == truth.labels


@pytest.mark.parametrize("name", list(FORMATS))
def test_empty_answers_come_back(name):
    empty = {
        Events: Events.none(),
        Segments: Segments([], []),
        Curve: Curve([], []),
        Notes: Notes([], [], [], []),
        Tags: Tags([], []),
        Stems: Stems.of({"a": np.zeros((1, 1))}, 8000),  # the least that a sound file holds
    }
    for kind in FORMATS[name].keeps:
        assert there_and_back(empty[kind], name) == empty[kind]


def test_every_answer_has_a_door():
    assert {kind for form in FORMATS.values() for kind in form.keeps} == set(Answer.__subclasses__())
