"""Running a listener: names, devices, inputs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from solfeggio import audio, bundle, run
from solfeggio.errors import ConfigError, SolfeggioError
from solfeggio.listeners.beats import TINY, Beats


@pytest.fixture(scope="module")
def system() -> Beats:
    torch.manual_seed(0)
    return Beats(TINY).eval()


def test_systems_are_the_folder_listing():
    assert "beats" in run.systems()
    with pytest.raises(ConfigError, match="did you mean 'beats'"):
        run.build("beets")


def test_config_may_be_an_object_a_dict_or_nothing():
    assert run.build("beats", TINY).config == TINY
    assert run.build("beats", {"stem": [4, 8, 8], "width": 8, "depth": 3}).config == TINY
    assert run.build("beats").config == Beats.Config()


@pytest.mark.parametrize("name", ["gpu", "cuda:99999", ""])
def test_devices_that_are_not_there(name):
    if name.startswith("cuda") and torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(ConfigError):
        run.pick_device(name)
    assert run.pick_device("cpu").type == "cpu"
    assert run.pick_device("auto").type in ("cpu", "cuda", "mps")


def test_a_file_and_its_samples_give_the_same_logits(system, tmp_path):
    x = np.random.default_rng(0).normal(0, 0.1, (2, 44100 * 3)).astype(np.float32)
    audio.write(tmp_path / "a.wav", x, 44100)
    read = run.logits(system, run.pieces(tmp_path / "a.wav", 22050))["beats"]
    given = run.logits(system, run.pieces(x, 22050, 44100))["beats"]
    np.testing.assert_allclose(read, given, atol=1e-3)


def test_the_level_of_a_channel_does_not_change_the_length(system):
    x = np.zeros(22050, np.float32)
    shapes = {run.logits(system, run.pieces(x[None].repeat(c, 0), 22050, 22050))["beats"].shape for c in (1, 2, 6)}
    assert shapes == {(50, 2)}


@pytest.mark.parametrize("wrong", [np.array([0, np.nan]), np.array([0, np.inf]), np.full((2, 3), -np.inf)])
def test_samples_that_are_no_numbers(system, wrong):
    with pytest.raises(SolfeggioError):
        run.hear(system, wrong, 22050)


def test_samples_need_a_rate(system):
    with pytest.raises(ConfigError, match="rate"):
        run.hear(system, np.zeros(100))


def test_files_that_are_not_there(system, tmp_path):
    with pytest.raises(SolfeggioError):
        run.hear(system, tmp_path / "missing.wav")
    with pytest.raises(SolfeggioError):
        run.hear(system, str(tmp_path))


def test_golden_knows_the_system_and_leaves_its_mode(system):
    assert run.golden(system) == run.golden(system)
    assert run.golden(system) != run.golden(Beats(TINY))
    trained = Beats(TINY).train()
    run.golden(trained)
    assert trained.training


@pytest.mark.skipif("beats" not in bundle.names(), reason="no bundle is shipped yet")
def test_analyze_answers_for_silence_are_empty():
    answers = run.analyze(np.zeros((2, 44100), np.float32), 44100, "cpu")
    assert {"beats", "metre", "tempo"} <= set(answers)
    assert not any(len(answers[name]) for name in ("beats", "metre", "tempo"))
    assert set(getattr(answers.get("chords"), "labels", ())) <= {"N"}
