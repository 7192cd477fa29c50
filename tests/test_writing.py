"""The verb ``write``, with writers that are tiny and untrained, and one that is made up."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from solfeggio import bundle, run
from solfeggio.contracts import Writer
from solfeggio.errors import BundleError, ConfigError, NotationError
from solfeggio.notation import Part, Score
from solfeggio.tokens import decode_bars, encode_bars
from solfeggio.writing import check_bars, excerpt, span, suited, write


@dataclass(frozen=True)
class Config:
    choices: int = 3


class Chance(Writer):
    """Puts one of a few pitches into the first tick of each bar asked for."""

    Config = Config

    def __init__(self, choices: int = 3):
        super().__init__()
        self.config = Config(choices)
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def encode(self, score):
        return {"bars": torch.from_numpy(encode_bars(score))}

    def decode(self, tokens):
        return decode_bars(tokens["bars"].numpy())

    def forward(self, batch):
        return {"logits": batch["bars"] * self.weight}

    def loss(self, batch):
        return self.weight.sum(), {}

    def sample(self, context, rng, *, bars=(1, 1)):
        tokens = context["bars"].clone()
        pick = torch.randint(self.config.choices, (1,), generator=rng)
        tokens[bars[0] - 1 : bars[1], 0] = 10 + pick
        return {"bars": tokens}

    def example(self):
        return {"bars": torch.zeros(1, 2, 24, dtype=torch.long)}


def tune(bars: int = 4, pickup: float = 0.0) -> Score:
    rows = [(pickup + 4.0 * bar + i, pickup + 4.0 * bar + i + 1, 60 + i, 80) for bar in range(bars) for i in range(4)]
    rows = [(0.0, pickup, 67, 80), *rows] if pickup else rows
    length = 4.0 * bars + pickup
    part = Part("flute", 73, np.array(rows, float))
    return Score("Tune", 90.0, (part,), length, keys=((0.0, length, "C:maj"),), pickup_quarters=pickup)


def changed(one: Score, other: Score) -> set[float]:
    """Starts of the notes in which two scores differ."""
    rows = [{tuple(row) for row in score.parts[0].notes[:, :3].round(6).tolist()} for score in (one, other)]
    return {row[0] for row in rows[0] ^ rows[1]}


def test_variants_differ_and_the_same_seed_writes_the_same():
    writer = Chance(8)
    four, eight, other = (write(writer, tune(), n=n, seed=seed) for n, seed in ((4, 1), (8, 1), (4, 2)))
    pitches = [score.parts[0].notes[0, 2] for score in four]
    assert len(set(pitches)) == 4
    assert pitches == [score.parts[0].notes[0, 2] for score in eight[:4]]
    assert pitches != [score.parts[0].notes[0, 2] for score in other]
    assert len(write(Chance(2), tune(), n=5)) == 5  # there are only two: some come twice


def test_a_variant_keeps_title_tempo_key_and_player():
    (found,) = write(Chance(), tune(), n=1)
    assert (found.title, found.bpm, found.keys) == ("Tune", 90.0, tune().keys)
    assert (found.parts[0].name, found.parts[0].program) == ("flute", 73)


def test_bars_are_counted_as_printed_music_does_and_a_pickup_stays():
    writer = Chance(1)
    for pickup, last in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)):
        score = tune(pickup=pickup)
        if last:  # the last bar is shortened by the pick-up, as usual in print
            score = excerpt(score, 0.0, score.length_quarters - last)
        (found,) = write(writer, score, n=1, bars=(2, 3))
        assert changed(found, score) == {4.0 + pickup, 8.0 + pickup}
        assert found.pickup_quarters == pickup
        assert found.length_quarters == score.length_quarters
        np.testing.assert_array_equal(found.bar_lines(), score.bar_lines())
        assert span((2, 3), score) == (4.0 + pickup, 12.0 + pickup)
    (found,) = write(writer, tune(pickup=1.0), n=1, bars=(0, 0))
    assert len(found.parts[0].notes) == 17  # the rests in front of a pick-up are not part of it


@pytest.mark.parametrize("bars", [(0, 1), (3, 2), (2, 9), (1, 4), ("a", 2), 3, (1, 2, 3)])
def test_bars_that_are_not_there_are_refused(bars):
    with pytest.raises(ConfigError, match="bars"):
        check_bars(bars, tune())


def test_fitting_says_what_it_changed():
    crooked = tune()
    notes = crooked.parts[0].notes + np.array([0.04, 0, -36, 0])
    crooked = replace(crooked, parts=(replace(crooked.parts[0], notes=notes),))
    with pytest.raises(NotationError):
        write(Chance(), crooked, n=1)
    (found,) = write(Chance(), crooked, n=1, fit=True)
    assert found.parts[0].notes[1, 0] == 1.0
    fitted, changes = suited("inpaint", crooked, fit=True)
    assert any("grid" in line for line in changes) and any("octave" in line for line in changes)
    assert suited("inpaint", fitted, fit=True)[1] == []
    kept, changes = suited("inpaint", tune(pickup=1.0), fit=True)
    assert kept.pickup_quarters == 1.0 and not changes


def test_scores_that_nobody_can_continue_are_refused():
    for score, part in ((Score("Empty", 120.0, (), 16.0), "empty"), (tune(2001), "2001 bars")):
        with pytest.raises(NotationError, match=part):
            write(Chance(), score)


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'inpaint'"):
        write("inpant", tune())
    with pytest.raises(ConfigError, match="did you mean 'bars'"):
        write(Chance(), tune(), bar=(1, 2))
    with pytest.raises(ConfigError, match="0 variants"):
        write(Chance(), tune(), n=0)
    with pytest.raises(ConfigError, match="needs a score"):
        write(Chance())


def test_a_listener_does_not_write(beats_home):
    with pytest.raises(ConfigError, match="listener"):
        write("beats", tune())


@pytest.mark.skipif("inpaint" not in run.writing_systems(), reason="there is no such writer")
def test_a_bundle_is_loaded_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "HOME", tmp_path)
    with pytest.raises(BundleError, match="solfeggio train inpaint"):
        write("inpaint", tune(6), bars=(2, 3))
    facts = {
        "data": ["made up"],
        "licence": "CC0-1.0",
        "metrics": {"none": {"nll": 1}},
        "seeds": [0],
        "limits": ["all"],
    }
    run.save(run.build("inpaint", {"width": 16, "depth": 1, "heads": 2}), tmp_path / "inpaint", facts)
    notes = tune(6).parts[0].notes
    notes[:, 2] = 60 + np.random.default_rng(0).integers(0, 20, len(notes))  # nothing that could be repeated
    score = replace(tune(6), parts=(Part("flute", 73, notes),))
    found = write("inpaint", score, bars=(2, 3), n=2)
    assert len(found) == 2
    for written in found:
        different = changed(written, score)
        assert different and min(different) >= 3.0 and max(different) <= 12.0  # notes may be held over the lines


def test_an_excerpt_holds_what_begins_in_it():
    cut = excerpt(tune(), 4.0, 9.5)
    assert cut.length_quarters == 5.5 and len(cut.parts[0].notes) == 6
    assert cut.parts[0].notes[-1].tolist() == [5.0, 5.5, 61.0, 80.0]
    assert cut.keys == ((0.0, 5.5, "C:maj"),)
