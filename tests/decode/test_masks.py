from __future__ import annotations

import numpy as np
import pytest
import torch

from solfeggio.decode.masks import activation_mask, harmonic_mask, separate_parts, soft_masks
from solfeggio.decode.nmf import nmf
from solfeggio.errors import AnswerError, ConfigError
from solfeggio.grid import Grid


def test_activations_are_allowed_around_their_notes_only():
    grid = Grid.of_hop(1000, 100)  # 10 frames a second
    mask = activation_mask([0.05, 1.0], [0.3, 1.0], [0, 1], (3, 15), grid, before=0.1, after=0.2)
    assert np.flatnonzero(mask[0]).tolist() == [0, 1, 2, 3, 4, 5]
    assert np.flatnonzero(mask[1]).tolist() == [9, 10, 11, 12]
    assert not mask[2].any()
    assert not activation_mask([-5.0, 9.0], [-4.0, 9.0], [0, 0], (1, 15), grid).any()
    assert activation_mask([], [], [], (2, 3), grid).shape == (2, 3)
    with pytest.raises(AnswerError):
        activation_mask([0.0], [1.0], [2], (2, 3), grid)


def test_templates_are_allowed_near_partials_only():
    hz = np.arange(0, 1000, 10.0)
    mask = harmonic_mask([57, 69], hz, partials=3, decay=1.0)  # 220 and 440 Hz
    assert hz[mask[:, 0] > 0].tolist() == [220.0, 430.0, 440.0, 450.0, 650.0, 660.0, 670.0]
    assert mask[22, 0] == 1 and mask[44, 0] == 0.5 and mask[66, 0] == pytest.approx(1 / 3)
    assert not mask[22, 1] and mask[44, 1] == 1
    assert harmonic_mask([120], hz).sum() == 0
    with pytest.raises(ConfigError):
        harmonic_mask([60], hz, partials=0)


def test_a_score_pulls_two_notes_apart():
    hz = np.arange(0, 2000, 20.0)
    truth = harmonic_mask([57, 61], hz, partials=6, decay=1.0)
    played = np.zeros((2, 20))
    played[0, 2:12], played[1, 8:18] = 1.0, 0.7
    v = truth @ played
    allowed = activation_mask([2.0, 8.0], [11.0, 17.0], [0, 1], (2, 20), Grid(1), before=1.0, after=1.0)
    start = harmonic_mask([57, 61], hz, partials=8)
    found = nmf(v, templates=start, activations=allowed, iterations=300)
    assert not found.activations[allowed == 0].any() and not found.templates[start == 0].any()
    parts = separate_parts(v, *found[:2], [[0], [1]])
    for k in range(2):
        assert parts[k] == pytest.approx(np.outer(truth[:, k], played[k]), abs=0.05)


def test_masks_share_by_magnitude_power_or_winner():
    models = np.array([[[3.0]], [[1.0]]])
    for alpha, share in ((1, 0.75), (2, 0.9), (100, 1.0)):
        assert soft_masks(models, alpha)[0, 0, 0] == pytest.approx(share)
        assert float(soft_masks(torch.from_numpy(models), alpha)[0, 0, 0]) == pytest.approx(share)
    with pytest.raises(ConfigError):
        soft_masks(models, 0)
    with pytest.raises(AnswerError):
        soft_masks(models[0])


def test_what_belongs_to_no_group_is_the_last_part():
    w, h = np.ones((1, 3)), np.array([[1.0], [2.0], [5.0]])
    assert separate_parts(np.array([[8.0]]), w, h, [[0, 1]])[:, 0, 0] == pytest.approx([3.0, 5.0])
    for groups in ([[0], [0]], [[3]]):
        with pytest.raises(ConfigError):
            separate_parts(np.array([[8.0]]), w, h, groups)
