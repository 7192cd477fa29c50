"""Melody: nothing leaks between the streams, what is asked for is kept, and it learns a rule."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from solfeggio.contracts import Batch
from solfeggio.errors import ConfigError, NotationError
from solfeggio.fitting import LENGTHS
from solfeggio.harte import chord_scale
from solfeggio.nets.conditioned import StepNorm
from solfeggio.notation import Part, Score
from solfeggio.tokens import LINE_LOWEST, LINE_REST, Line
from solfeggio.writers.melody import CONFIGS, NOTHING, PUBLISHED, ROWS, TINY, Config, Melody, conditions

CHART = "Dm7 G7 | Cmaj7 | E7 | Am"


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def melody(**changes) -> Melody:
    torch.manual_seed(1)
    return Melody(dataclasses.replace(TINY, **changes)).eval()


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def moved(system: Melody, column: str) -> dict[str, list[int]]:
    """Steps of each stream's logits that change when ``column`` of row 5 does; step i writes row i + 1."""
    batch = system.example()
    other = {key: value.clone() for key, value in batch.items()}
    other[column][:, 5] = (other[column][:, 5] + 1) % 2 if column.endswith("chord") else (other[column][:, 5] + 1) % 12
    with torch.no_grad():
        one, two = system(batch), system(other)
    far = {name: (one[name] - two[name]).abs().amax((0, 2)) > 1e-7 for name in one}
    return {name: torch.nonzero(steps).flatten().tolist() for name, steps in far.items()}


def test_there_are_thirteen_combinations_and_the_published_form() -> None:
    assert len({conditions(name) for name in PUBLISHED}) == len(PUBLISHED) == 13
    assert {*PUBLISHED, "released", "as_published", "tiny"} == set(CONFIGS)
    assert conditions("chord+next+inter") == ("inter", "chord", "next")
    assert all(CONFIGS[name].width == (256, 256) for name in (*PUBLISHED, "as_published"))


def test_a_pitch_knows_its_duration_and_a_duration_never_its_pitch() -> None:
    system = melody()
    assert moved(system, "duration") == {"pitch": [4, 5, 6, 7], "duration": [5, 6, 7]}
    assert moved(system, "pitch") == {"pitch": [5, 6, 7], "duration": [5, 6, 7]}
    for column in ("position", "root", "chord", "next_root", "next_chord"):
        assert moved(system, column) == {"pitch": [4, 5, 6, 7], "duration": [4, 5, 6, 7]}


def test_the_published_form_is_told_of_the_note_before() -> None:
    system = melody(norm="steps", ahead=False)
    assert moved(system, "duration") == moved(system, "pitch") == {"pitch": [5, 6, 7], "duration": [5, 6, 7]}
    assert moved(system, "position")["pitch"] == [5, 6, 7]


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_stream_is_told_only_its_conditions(name: str) -> None:
    given = conditions(name)
    system = melody(given=given, styles=())
    everything = {"pitch": [4, 5, 6, 7], "duration": [4, 5, 6, 7]}
    nothing: dict[str, list[int]] = {"pitch": [], "duration": []}
    for columns, condition in (
        (("position",), "position"),
        (("root", "chord"), "chord"),
        (("next_root", "next_chord"), "next"),
    ):
        for column in columns:
            assert moved(system, column) == (everything if condition in given else nothing)
    assert moved(system, "duration")["pitch"] == ([4, 5, 6, 7] if "inter" in given else [])
    assert moved(system, "pitch")["duration"] == ([5, 6, 7] if "inter" in given else [])


@pytest.mark.parametrize("changes", [{}, {"norm": "steps", "ahead": False, "window": 4}, {"given": (), "styles": ()}])
def test_writing_step_by_step_is_reading_at_once(changes: dict) -> None:
    """At temperature 0 each token that was written is the likeliest of those allowed, as ``forward`` sees them."""
    system = melody(**changes)
    tokens = system.sample({}, rng(), chords=CHART, temperature=0, scale="off")
    with torch.no_grad():
        found = system({name: tokens[name][None] for name in (*ROWS, "style")})
    left = 4 * 96
    for i in range(len(tokens["pitch"]) - 1):
        ends = (left - LENGTHS >= 0) & (left - LENGTHS != 1)
        longest = found["duration"][0, i].masked_fill(~torch.from_numpy(ends), -torch.inf)
        assert tokens["duration"][i + 1] == longest.argmax()
        left -= LENGTHS[tokens["duration"][i + 1]]
        low, high = (end - LINE_LOWEST for end in system.config.range)
        reach = [p for p in range(LINE_REST + 1) if low <= p <= high or p == LINE_REST]
        assert tokens["pitch"][i + 1] == reach[int(found["pitch"][0, i][reach].argmax())]
    assert left == 0


@pytest.mark.parametrize("seed", range(4))
def test_what_is_asked_for_is_kept(seed: int) -> None:
    system = melody()
    tokens = system.sample({}, rng(seed), chords=CHART, style="folk", choruses=2, scale="mask", top_p=1.0)
    score = system.decode(tokens)
    assert score.length_quarters == 32 and score.keys == ((0.0, 32.0, "A:min"),)
    assert [label for _, _, label in score.chords] == ["D:min7", "G:7", "C:maj7", "E:7", "A:min"] * 2
    assert tokens["style"] == 1
    assert LENGTHS[tokens["duration"][1:]].sum() == 32 * 24
    notes = score.parts[0].notes
    for start, _, pitch, _ in notes:
        over = next(label for a, b, label in score.chords if a <= start < b)
        assert pitch % 12 in chord_scale(over, "A:min") and 55 <= pitch <= 84
    if notes[-1, 1] == 32:
        assert notes[-1, 2] % 12 in (9, 0, 4)


def test_scale_is_a_switch() -> None:
    system, outside = melody(), {}
    for scale in ("off", "bias", "mask"):
        tokens = system.sample({}, rng(), chords="C", choruses=40, scale=scale, top_p=1.0)
        pitches = system.decode(tokens).parts[0].notes[:, 2] % 12
        outside[scale] = np.isin(pitches, (1, 3, 6, 8, 10)).mean()
    assert outside["off"] > 0.25 and 0 < outside["bias"] < outside["off"] / 2 and outside["mask"] == 0


def test_chance_comes_from_the_generator_alone() -> None:
    system = melody()
    one, two, other = (system.sample({}, rng(seed), chords=CHART) for seed in (0, 0, 1))
    assert torch.equal(one["pitch"], two["pitch"]) and not torch.equal(one["pitch"], other["pitch"])
    many = system.sample_many([system.ask({}, CHART), system.ask({}, "F", choruses=6)], rng())
    assert [int(LENGTHS[tokens["duration"][1:]].sum()) for tokens in many] == [4 * 96, 6 * 96]


def tune() -> Score:
    notes = np.array([[0, 1.5, 62, 80], [1.5, 2, 64, 80], [3, 4, 66, 80], [4, 6, 69, 80.0]])
    chords = ((0.0, 4.0, "D:maj"), (4.0, 8.0, "A:7"))
    return Score("Tune", 120.0, (Part("melody", 0, notes),), 8.0, keys=((0.0, 8.0, "D:maj"),), chords=chords)


def test_a_score_comes_back_with_its_chords_and_key() -> None:
    system = melody()
    again = system.decode(system.encode(tune(), "folk"))
    assert np.array_equal(again.parts[0].notes, tune().parts[0].notes)
    assert (again.chords, again.keys, again.length_quarters) == (tune().chords, tune().keys, 8.0)
    with pytest.raises(NotationError, match="7/8"):
        system.encode(dataclasses.replace(tune(), metres=((0.0, 8.0, "7/8"),)))
    with pytest.raises(ConfigError, match="jazz"):
        system.encode(tune(), "jaz")


def test_going_on_and_writing_anew() -> None:
    system = melody()
    given = system.encode(tune())
    more = system.decode(system.sample(given, rng(), chords="G | D"))
    assert np.array_equal(more.parts[0].notes[:4], tune().parts[0].notes) and more.length_quarters == 16
    assert more.parts[0].notes[4:, 0].min() >= 8
    assert more.chords == (*tune().chords, (8.0, 12.0, "G:maj"), (12.0, 16.0, "D:maj"))
    anew = system.decode(system.sample(given, rng()))
    assert anew.chords == tune().chords and anew.length_quarters == 8
    assert not np.array_equal(anew.parts[0].notes, tune().parts[0].notes)


@pytest.mark.parametrize(
    "options",
    [{}, {"chords": "N.C."}, {"chords": "Q7"}, {"chords": "C", "style": "rock"}, {"chords": "C", "choruses": 0},
     {"chords": "C", "scale": "yes"}, {"chords": "C", "key": "H"}, {"chords": "C", "top_p": 0.0}],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(options: dict) -> None:
    with pytest.raises(ConfigError):
        melody().sample({}, rng(), **options)


def test_unknown_conditions_are_refused() -> None:
    with pytest.raises(ConfigError, match="position"):
        Melody(Config(given=("positions",)))
    with pytest.raises(ConfigError, match="layer"):
        Melody(Config(norm="batch"))


def rule(system: Melody, n: int = 24) -> Batch:
    """Lines whose pitches are the roots of their chords and whose durations follow the position in the bar."""
    generator, rows = np.random.default_rng(0), []
    for _ in range(n):
        roots = generator.integers(0, 12, 12)
        chords = np.eye(12, dtype=int)[roots]
        places = np.arange(12) % 2
        durations = np.where(places, 16, 13)  # a half after a dotted eighth
        line = Line(40 + roots, durations, places * 18, roots, chords, np.roll(roots, -1), np.roll(chords, -1, 0))
        rows.append(system.tokens(line))
    return {key: torch.stack([row[key] for row in rows]) for key in rows[0]}


def test_it_learns_what_its_conditions_say_and_nothing_else() -> None:
    """Pitches that are roots are foreseen with chords, and cannot be without."""
    found = {}
    for name in ("chord+position", "inter"):
        torch.manual_seed(0)
        system = Melody(dataclasses.replace(TINY, given=conditions(name), styles=(), width=(24, 12), dropout=0.0))
        batch = rule(system)
        optimizer = torch.optim.Adam(system.parameters(), 0.02)
        for _ in range(140):
            optimizer.zero_grad()
            loss, parts = system.loss(batch)
            loss.backward()
            optimizer.step()
        found[name] = {key: float(value.detach()) for key, value in parts.items()}
    assert found["chord+position"]["pitch"] < 0.3
    assert found["inter"]["pitch"] > 1.0
    assert max(part["duration"] for part in found.values()) < 0.1


def test_rows_that_fill_a_batch_do_not_count() -> None:
    system = melody()
    batch = system.example()
    longer = {key: torch.cat([value, torch.zeros_like(value[:, :3])], 1) for key, value in batch.items() if key in ROWS}
    longer["pitch"][:, -3:] = NOTHING
    longer["style"] = batch["style"]
    with torch.no_grad():
        assert torch.allclose(system.loss(batch)[0], system.loss(longer)[0], atol=1e-6)


def test_step_norm_is_batch_norm_over_steps() -> None:
    ours, theirs = StepNorm(5), torch.nn.BatchNorm1d(5)
    for _ in range(3):
        x = torch.randn(7, 5, 4)
        assert torch.allclose(ours(x), theirs(x), atol=1e-5)
    assert torch.allclose(ours.mean, theirs.running_mean, atol=1e-6)
    ours.eval()
    x = torch.randn(2, 12, 4)
    assert torch.allclose(ours(x)[:, 7:], ours(x[:, 7:], at=7), atol=1e-6)
