"""Learning from teachers: who teaches what, on which scale, and that the student alone is varied."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from solfeggio.errors import ConfigError
from solfeggio.lessons.teacher import Heard, HeardExcerpts, Scaling, Teacher
from solfeggio.listeners.beats import TINY, Beats


def test_scaling_is_set_once_and_cuts_later():
    scaling = Scaling.over([np.array([[0.0, 5.0, 7.0]]), np.array([[10.0, 1.0, 7.0]]), np.zeros((0, 3))])
    assert (scaling.low, scaling.high) == ((0.0, 1.0, 7.0), (10.0, 5.0, 7.0))
    said = scaling(torch.tensor([[5.0, 3.0, 7.0], [-4.0, 9.0, 8.0]]))
    assert torch.equal(said, torch.tensor([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]))
    with pytest.raises(ConfigError):
        Scaling.over([])


def test_teachers_take_turns_with_their_own_scales():
    lesson = Teacher(scalings=(Scaling((0.0,), (10.0,)), Scaling((0.0,), (1.0,))), heads=("beats",))
    outputs = torch.stack([torch.full((4, 3, 1), 5.0), torch.full((4, 3, 1), 0.25)], 1)
    said = lesson.say(torch.zeros(4, 1, 2, 3), {"beats": outputs}, "beats")
    assert said[:, 0, 0].tolist() == [0.5, 0.25, 0.5, 0.25]
    with pytest.raises(ConfigError, match="scalings"):
        Teacher(scalings=lesson.scalings[:1]).say(torch.zeros(4, 1, 2, 3), {"hits": outputs}, "hits")


def test_a_frozen_copy_hears_what_the_student_does_not():
    torch.manual_seed(0)
    teacher, student, seen = Beats(TINY), Beats(TINY).train(), []

    def vary(features: torch.Tensor) -> torch.Tensor:
        seen.append(features)
        return features * 0

    features = torch.rand(2, 2, 96, 40)
    lesson = Teacher((teacher,), heads=("beats",), vary=vary)
    wanted = teacher.eval()(features)["beats"].sigmoid()
    assert torch.allclose(lesson.say(features, {}, "beats"), wanted)
    loss, _ = lesson(student, features, {})
    loss.backward()
    assert len(seen) == 1 and not any(p.grad is not None for p in teacher.parameters())
    lesson(student.eval(), features, {})
    assert len(seen) == 1


def test_sharpness_drives_apart_and_leaves_the_middle():
    said = {"hits": torch.tensor([[[[0.2], [0.5], [0.8]]]])}
    sharp = Teacher(sharpness=2.0).say(torch.zeros(1, 1, 1, 3), said, "hits")[0, :, 0]
    assert sharp[0] < 0.1 and sharp[1] == 0.5 and sharp[2] > 0.9


def test_a_student_becomes_its_teacher():
    torch.manual_seed(0)
    teacher, student = Beats(TINY).eval(), Beats(TINY)
    features = 3 * torch.rand(4, 2, 96, 40)
    lesson = Teacher((teacher,), heads=("beats",))
    optimizer = torch.optim.Adam(student.parameters(), 1e-2)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        loss, _ = lesson(student.train(), features, {})
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]


def test_excerpts_keep_features_and_outputs_together():
    frames = np.arange(20, dtype=np.float16)
    long = Heard(frames[None, None], np.stack([frames[:, None], 2 * frames[:, None]]))
    short = Heard(frames[None, None, :3], np.zeros((2, 3, 1), np.float16))
    excerpts = HeardExcerpts([short, long], 5, seed=0)
    drawn = [excerpt for excerpt, _ in zip(excerpts, range(30), strict=False)]
    assert len({float(x[0, 0, 0]) for x, _ in drawn}) > 5
    for x, said in drawn:
        assert x.shape == (1, 1, 5) and torch.equal(x[0, 0], said["hits"][0, :, 0])
        assert torch.equal(2 * x[0, 0], said["hits"][1, :, 0])
    with pytest.raises(ConfigError, match="excerpts"):
        HeardExcerpts([short], 5, seed=0)
