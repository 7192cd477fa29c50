"""Learning: excerpts keep features and truth together, the cache is kept, training lowers the loss and continues."""

from __future__ import annotations

import dataclasses
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from solfeggio.answers import Curve, Events, Notes, Segments, Tags
from solfeggio.data.dataset import Dataset, Track
from solfeggio.errors import DataError
from solfeggio.lessons.supervised import Supervised
from solfeggio.listeners.beats import TINY, Beats
from solfeggio.train import Budget, Excerpts, Fit, Item, excerpt, feature_key, fit, prepare, read_item

BUDGET = Budget(steps=12, batch=2, excerpt=4.0, check=4, threads=1, precision="32-true")


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def beats() -> Beats:
    torch.manual_seed(0)
    return Beats(TINY)


def item(seed: int, seconds: int = 12) -> Item:
    """Features with a bright frame at each beat, brighter at downbeats."""
    rng = np.random.default_rng(seed)
    times = np.arange(rng.uniform(0, 0.5), seconds - 0.1, 0.5)
    features = rng.uniform(0, 0.1, (2, 96, seconds * 50))
    index = np.round(times * 50).astype(int)
    features[..., index] += 2
    features[..., index[::4]] += 2
    truth = Events(times, [str(i % 4 + 1) for i in range(len(times))])
    return Item(f"song{seed}", features.astype(np.float16), {"beats": truth})


def train(folder: Path, lesson=None, budget: Budget = BUDGET) -> tuple[Beats, Fit]:
    pytest.importorskip("lightning")
    pytest.importorskip("codecarbon")
    system, items = beats(), [item(seed) for seed in range(3)]
    return system, fit(system, items[:2], items[2:], lesson or Supervised(), budget, 0, folder, log=lambda line: None)


class Stumble:
    """A lesson during which the machine goes down after ``steps`` batches."""

    def __init__(self, steps: int):
        self.steps = steps

    def __call__(self, system, features, targets):
        self.steps -= system.training
        if self.steps < 0:
            raise KeyError("power")
        return Supervised()(system, features, targets)


# ---- excerpts


@pytest.mark.parametrize("faster", [1.0, 0.8, 1.25, 1.1])
@pytest.mark.parametrize("first", [0, 37, 250])
def test_bright_frames_stay_under_their_targets(first, faster):
    features, targets = excerpt(beats(), "beats", item(0), first, 200, faster)
    assert features.shape == (2, 96, 200)
    assert features.dtype == torch.float32
    marks = torch.nonzero(targets["beats"][:, 0]).flatten()
    assert len(marks) == pytest.approx(200 / 25 * faster, abs=1)
    level = features.mean((0, 1))
    for mark in marks[(marks > 1) & (marks < 198)]:
        assert abs(int(level[mark - 2 : mark + 3].argmax()) - 2) <= 1
    downs = torch.nonzero(targets["beats"][:, 1]).flatten()
    assert set(downs.tolist()) <= set(marks.tolist())


def test_an_excerpt_at_the_given_speed_is_the_recording_itself():
    whole = item(0)
    features, targets = excerpt(beats(), "beats", whole, 100, 200)
    assert np.array_equal(features.numpy(), whole.features[..., 100:300].astype(np.float32))
    all_marks = beats().targets(whole.answers["beats"], 600)["beats"]
    assert torch.equal(targets["beats"][1:-1], all_marks[101:299])


@pytest.mark.parametrize("faster", [1.0, 1.25])
def test_beyond_the_end_is_silence_without_events(faster):
    short = item(0, seconds=2)
    features, targets = excerpt(beats(), "beats", short, 50, 200, faster)
    assert features.shape[-1] == 200
    assert not features[..., 51:].any()
    assert not targets["beats"][51:].any()


def test_excerpts_are_drawn_from_the_seed():
    def some(seed: int) -> list[torch.Tensor]:
        drawn = iter(Excerpts(beats(), "beats", [item(0), item(1)], BUDGET, seed))
        return [next(drawn)[0] for _ in range(4)]

    assert all(torch.equal(a, b) for a, b in zip(some(0), some(0), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(some(0), some(1), strict=True))
    assert {x.shape for x in some(2)} == {(2, 96, 200)}


# ---- the cache


def noise(seed: int, rate: int = 44100) -> tuple[np.ndarray, int]:
    return np.random.default_rng(seed).normal(0, 0.1, (2, rate)).astype(np.float32), rate


def broken() -> tuple[np.ndarray, int]:
    raise OSError("no such\nfile")


ANSWERS = {
    "beats": Events([0.1, 0.6], ["1", "2"], [0.5, 1]),
    "onsets": Events([0.1, 0.6]),
    "silence": Events.none(),
    "chords": Segments([0, 0.5], [0.5, 1], ["C:maj", "N"]),
    "tempo": Curve([0, 1], [120, 121], "bpm"),
    "melody": Notes([0], [1], [60.5], [100], ["voice"]),
    "tags": Tags(["piano", ""], [0.9, 0.1]),
}


def corpus(tracks: int, **failing) -> Dataset:
    good = [Track(f"t{i}", partial(noise, i), ANSWERS, {"bank": "A", "song": f"s{i}"}) for i in range(tracks)]
    return Dataset("made", (*good, *failing.values()), "CC0-1.0")


def test_prepared_items_hold_features_every_answer_and_groups(tmp_path):
    system = beats()
    (only,) = prepare(system, corpus(1), tmp_path)
    assert only.id == "t0"
    assert only.features.dtype == np.float16
    assert only.features.shape == (2, 96, 50)
    assert only.groups == {"bank": "A", "song": "s0"}
    assert set(only.answers) == set(ANSWERS)
    for task, answer in ANSWERS.items():
        assert only.answers[task] == answer
        for f in dataclasses.fields(answer):
            assert type(getattr(only.answers[task], f.name)) is type(getattr(answer, f.name))


def test_the_cache_needs_no_pickle_and_leaves_no_parts(tmp_path):
    prepare(beats(), corpus(1), tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in files] == ["t0.npz"]
    with np.load(files[0], allow_pickle=False) as stored:
        assert all(stored[key].dtype.kind in "fU" for key in stored.files)
    assert read_item(files[0]).answers["chords"] == ANSWERS["chords"]


def test_what_is_prepared_is_not_prepared_again(tmp_path):
    prepare(beats(), corpus(2), tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
    calls = []

    def watched() -> tuple[np.ndarray, int]:
        calls.append(1)
        return noise(9)

    more = corpus(2, late=Track("t9", watched, ANSWERS))
    assert [one.id for one in prepare(beats(), more, tmp_path)] == ["t0", "t1", "t9"]
    prepare(beats(), more, tmp_path)
    assert len(calls) == 1
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())


def test_the_truth_that_is_kept_beside_other_features_is_not_made_again(tmp_path):
    (kept,) = prepare(beats(), corpus(1), tmp_path)
    asked = {"beats": Events.none()}
    other = Beats(dataclasses.replace(TINY, windows=(1024,)))
    (again,) = prepare(other, dataclasses.replace(corpus(1), tracks=tuple(
        dataclasses.replace(track, answers=asked, groups={}) for track in corpus(1)
    )), tmp_path)  # fmt: skip
    assert again.answers == kept.answers and again.groups == kept.groups
    assert again.features.shape != kept.features.shape
    unknown = dataclasses.replace(corpus(1).tracks[0], answers={"drums": Events.none()})
    third = Beats(dataclasses.replace(TINY, windows=(2048,)))
    (new,) = prepare(third, dataclasses.replace(corpus(1), tracks=(unknown,)), tmp_path)
    assert set(new.answers) == {"drums"}


def test_processes_prepare_the_same(tmp_path):
    one = prepare(beats(), corpus(3), tmp_path / "one")
    two = prepare(beats(), corpus(3), tmp_path / "two", jobs=2)
    assert all(np.array_equal(a.features, b.features) for a, b in zip(one, two, strict=True))


def test_a_bad_track_is_named_and_left_out_many_are_an_error(tmp_path):
    said = []
    bad = Track("bad", broken, ANSWERS)
    items = prepare(beats(), corpus(10, bad=bad), tmp_path / "a", log=said.append)
    assert len(items) == 10
    assert [line for line in said if "bad" in line and "no such" in line]
    with pytest.raises(DataError, match="2 of 4"):
        prepare(
            beats(), corpus(2, bad=bad, worse=dataclasses.replace(bad, id="worse")), tmp_path / "b", log=said.append
        )


def test_systems_share_features_exactly_when_they_are_the_same():
    key = feature_key(Beats(TINY))
    assert key == feature_key(Beats(TINY)) == feature_key(Beats(dataclasses.replace(TINY, width=16, causal=True)))
    for changes in ({"hop": 220}, {"low": 33.0}, {"windows": (1024, 2048)}, {"bands_per_octave": 13}):
        assert feature_key(Beats(dataclasses.replace(TINY, **changes))) != key


# ---- learning


def test_learning_lowers_the_loss_repeats_itself_and_knows_when_it_is_done(tmp_path):
    system, first = train(tmp_path / "a")
    assert [row["step"] for row in first.curve] == [4, 8, 12]
    assert first.curve[-1]["valid beat"] < first.curve[0]["valid beat"]
    assert first.curve[-1]["train beat"] < first.curve[0]["train beat"]
    assert first.seconds > 0
    assert first.energy_kwh >= 0
    assert not system.training
    assert train(tmp_path / "b")[1].curve == first.curve

    restored, again = train(tmp_path / "a", Stumble(0))  # would stumble if it trained at all
    assert again.curve == first.curve
    pairs = zip(system.state_dict().values(), restored.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_a_training_that_was_cut_off_twice_continues(tmp_path):
    for steps, done in ((6, [4]), (7, [4, 8])):
        with pytest.raises(KeyError):
            train(tmp_path, Stumble(steps))
        assert [row["step"] for row in json.loads((tmp_path / "curve.json").read_text())["curve"]] == done
    system, whole = train(tmp_path)
    assert [row["step"] for row in whole.curve] == [4, 8, 12]
    assert whole.curve[-1]["valid beat"] < whole.curve[0]["valid beat"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curve.json", "last.ckpt"]
    assert not system.training


def test_the_last_steps_are_kept_when_checks_do_not_divide_them(tmp_path):
    _, done = train(tmp_path, budget=dataclasses.replace(BUDGET, steps=5, check=3))
    assert [row["step"] for row in done.curve] == [3, 6]
    _, done = train(tmp_path, Stumble(0), dataclasses.replace(BUDGET, steps=5, check=3))
    assert [row["step"] for row in done.curve] == [3, 6]


def test_nothing_to_learn_from_is_an_error(tmp_path):
    pytest.importorskip("lightning")
    with pytest.raises(DataError, match="nothing to learn"):
        fit(beats(), [], [item(0)], Supervised(), BUDGET, 0, tmp_path)
