"""Interval nets: what is a semitone higher comes out a semitone higher."""

from __future__ import annotations

import torch

from solfeggio.nets.heads import ClassHeads, FrameHeads
from solfeggio.nets.intervals import IntervalTrunk, PitchStem

SIZES = {"root": 13, "pitches": 12, "quality": 36}


def test_the_trunk_turns_with_its_input():
    torch.manual_seed(0)
    trunk = IntervalTrunk(4, 3).eval()
    x = torch.randn(1, 4, 12, 40)
    assert torch.allclose(trunk(x.roll(5, 2)), trunk(x).roll(5, 2), atol=1e-5)


def test_the_trunk_sees_as_far_as_it_says():
    trunk = IntervalTrunk(4, 3).eval()
    x = torch.zeros(1, 4, 12, 101)
    y = x.clone()
    y[0, 0, 0, 50] = 1
    changed = torch.nonzero((trunk(x) - trunk(y)).abs().amax((0, 1, 2)) > 1e-9).flatten()
    assert (int(changed.min()), int(changed.max())) == (50 - trunk.reach, 50 + trunk.reach)


def test_the_stem_gives_each_pitch_class_its_own_bins():
    torch.manual_seed(0)
    stem = PitchStem(36, 7, (4, 4), 8).eval()
    x = torch.zeros(1, 1, 252, 9)
    assert stem(x).shape == (1, 8, 12, 9)
    with torch.no_grad():
        stem.layers[1].weight.zero_()  # type: ignore[union-attr]
        stem.layers[1].weight[:, :, 6] = 1  # type: ignore[union-attr]  # look at each semitone alone
    for semitone in (0, 4, 11):
        y = x.clone()
        y[0, 0, 3 * (36 + semitone) + 1, 4] = 1
        moved = (stem(y) - stem(x)).abs().amax((0, 1, 3))
        assert int(moved.argmax()) == semitone


def test_heads_turn_with_their_input_but_for_what_has_no_root():
    torch.manual_seed(0)
    heads = ClassHeads(6, SIZES)
    x = torch.randn(2, 6, 12, 5)
    one, two = heads(x), heads(x.roll(2, 2))
    for name, size in SIZES.items():
        rooted = size - size % 12
        assert one[name].shape == (2, 5, size)
        turned = one[name][..., :rooted].roll(2 * rooted // 12, -1)
        assert torch.allclose(turned, two[name][..., :rooted], atol=1e-6)
        assert torch.allclose(one[name][..., rooted:], two[name][..., rooted:], atol=1e-6)


def test_chords_that_are_read_from_a_chroma_do_not_teach_it():
    heads = FrameHeads(6, {"pitches": 12, "chords": 25})
    x = torch.randn(1, 6, 5, requires_grad=True)
    heads(x)["chords"].sum().backward()
    assert x.grad is None and heads.end.weight.grad is not None
    fed = FrameHeads(6, SIZES)(x)
    fed["quality"].sum().backward()
    assert x.grad is not None and {name: y.shape[-1] for name, y in fed.items()} == SIZES
