"""The structure listener: names, targets, loss, decoding, letters, windows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from solfeggio import run
from solfeggio.answers import Events, Segments
from solfeggio.band.writing import plans
from solfeggio.errors import AnswerError, ConfigError
from solfeggio.listeners import structure
from solfeggio.listeners.structure import CONFIGS, FUNCTIONS, GRILL2015, TINY, ULLRICH2014, Structure, function_of

TRUTH = Segments([0, 8, 20, 32], [8, 20, 32, 40], ["intro", "verse", "chorus", "outro"])
SYSTEM = Structure(TINY).eval()


def sure(answer: Segments, seconds: float = 40.0, system: Structure = SYSTEM) -> dict[str, np.ndarray]:
    marks = system.targets(answer, system.spec.grid.count(seconds))["sections"].numpy()
    return {"sections": marks * 12 - 6}


def test_functions_are_those_of_the_band_and_other_names_lead_to_them():
    assert FUNCTIONS == plans.FUNCTIONS
    assert set(structure.OTHER_NAMES.values()) <= set(FUNCTIONS)
    assert not set(structure.OTHER_NAMES) & set(FUNCTIONS)
    names = {
        "Chorus": "chorus",
        "verse3": "verse",
        "inst2": "instrumental",
        "Fade-out": "outro",
        "pre-chorus'": "prechorus",
    }
    assert {name: function_of(name) for name in names} == names
    assert function_of("no_function") is None and function_of("") is None and function_of("end") is None


def test_targets_mark_inner_boundaries_and_functions():
    marks = SYSTEM.targets(TRUTH, 220)["sections"]  # four seconds beyond the end
    peaks = torch.nonzero(marks[:, 0] > 0.999).flatten().tolist()
    assert peaks == [40, 100, 160]
    assert marks[0, 0] < 1e-3 and (marks[200:, 0] == -1).all() and not marks[200:, 1:].any()
    assert marks[150, 1 + FUNCTIONS.index("chorus")] == 1 and marks[150, 1:].sum() == 1
    bell = marks[37:44, 0]
    assert torch.allclose(bell, bell.flip(0)) and bell.argmax() == 3
    unknown = SYSTEM.targets(Segments([0, 8], [8, 16], ["silence", "verse"]), 80)["sections"]
    assert not unknown[:40, 1:].any() and (unknown[:40, 0] >= 0).all()


def test_targets_of_nothing_are_unknown():
    assert (SYSTEM.targets(Segments([], []), 10)["sections"][:, 0] == -1).all()
    assert SYSTEM.targets(TRUTH, 0)["sections"].shape == (0, 11)
    loss, _ = SYSTEM.loss(
        {"sections": torch.randn(1, 10, 11)}, {"sections": SYSTEM.targets(Segments([], []), 10)["sections"][None]}
    )
    assert loss == 0


def test_the_loss_prefers_the_truth_and_leaves_out_the_unknown():
    targets = {"sections": SYSTEM.targets(TRUTH, 220)["sections"][None]}
    right = {"sections": torch.from_numpy(sure(TRUTH, 44.0)["sections"])[None]}
    loss, parts = SYSTEM.loss(right, targets)
    assert set(parts) == {"boundary", "function"}
    assert torch.allclose(loss, parts["boundary"] + TINY.function_weight * parts["function"])
    wrong = {"sections": right["sections"].roll(30, 1)}
    assert SYSTEM.loss(wrong, targets)[0] > 3 * loss
    beyond = right["sections"].clone()
    beyond[:, 200:] = 5
    assert torch.allclose(SYSTEM.loss({"sections": beyond}, targets)[0], loss)


def test_decode_reads_back_what_targets_wrote():
    found = SYSTEM.decode(sure(TRUTH))
    assert found.labels == TRUTH.labels
    np.testing.assert_allclose(found.starts, TRUTH.starts, atol=0.1)
    assert found.ends[-1] == pytest.approx(40, abs=0.2)
    assert found.values is not None and (found.values > 0.9).all()


def test_boundaries_move_to_downbeats_that_are_given():
    beats = Events(np.arange(0.3, 40, 0.5), [str(i % 4 + 1) for i in range(80)])
    found = SYSTEM.decode(sure(TRUTH), beats=beats)
    assert np.isin(np.round(found.starts[1:], 6), np.round(beats.named("1").times, 6)).all()
    assert np.abs(found.starts - TRUTH.starts).max() <= 1.0
    still = SYSTEM.decode(sure(TRUTH), beats=beats, snap=0.0)
    np.testing.assert_allclose(still.starts, SYSTEM.decode(sure(TRUTH)).starts)


def test_options_override_the_config_and_unknown_ones_are_named():
    assert len(SYSTEM.decode(sure(TRUTH), threshold=2.0)) == 1
    assert len(SYSTEM.decode(sure(TRUTH), most=2)) < 4
    with pytest.raises(ConfigError, match="treshold"):
        SYSTEM.decode(sure(TRUTH), treshold=0.1)


@pytest.mark.parametrize("seconds", [0.0, 0.2, 3.0])
def test_short_recordings_have_at_most_one_section(seconds):
    found = SYSTEM.decode({"sections": np.random.default_rng(0).normal(0, 5, (round(seconds * 5), 11))})
    assert len(found) == (seconds > 0)


@pytest.mark.parametrize("level", [0.0, 1e-4])
def test_silence_and_faint_noise_have_no_sections(level):
    still = np.random.default_rng(0).normal(0, 1, 20 * 22050).astype(np.float32) * level
    assert len(run.hear(SYSTEM, still, 22050)) == 0
    assert len(run.hear(SYSTEM, still + np.sin(np.arange(len(still)) / 20).astype(np.float32) * 1e-3, 22050)) > 0


def test_published_networks_only_mark_boundaries():
    system = Structure(dataclasses.replace(ULLRICH2014, width=4))
    assert system.spec.labels == ("boundary",)
    found = system.decode(sure(TRUTH, system=system))
    assert set(found.labels) == {"section"} and len(found) == 4
    with pytest.raises(ConfigError, match="semitones"):
        system.letters(np.zeros(44100, np.float32), found)


def test_published_sizes():
    parameters = sum(p.numel() for p in Structure(ULLRICH2014).trunk.parameters()) - 2  # of normalising the input
    assert parameters == 16 * 49 + 32 * 289 + 128 * (32 * 10 * 31 + 1)
    assert float(Structure(ULLRICH2014).spec.grid.rate) == pytest.approx(7.18, abs=0.01)
    assert [rows[-1] for rows in Structure(GRILL2015).lag_rows] == [round(s * 44100 / 6144) for s in (14, 88)]


def test_lags_are_seconds_and_no_lags_are_no_similarity():
    features = torch.rand(1, 3, 96, 50)
    matrix = SYSTEM.similarities(features)[0]
    assert matrix.shape == (1, 4, TINY.lag_count, 50)
    assert SYSTEM.lag_rows[0][-1] == 10
    assert Structure(dataclasses.replace(TINY, lags=())).similarities(features) == []


@pytest.mark.parametrize("name", ["released", "tiny"])
def test_border_covers_what_a_frame_sees(name):
    torch.manual_seed(0)
    system = Structure(dataclasses.replace(CONFIGS[name], dropout=0.0)).eval()
    frames = 2 * round(system.spec.border * 5) + 101
    with torch.inference_mode():
        x = torch.rand(1, 3, 96, frames)
        y = x.clone()
        middle = frames // 2
        y[..., middle] += 3
        changed = torch.nonzero(((system(x)["sections"] - system(y)["sections"]).abs() > 1e-6).any(-1)[0]).flatten()
    assert max(middle - int(changed.min()), int(changed.max()) - middle) <= system.spec.border * 5


def test_letters_follow_the_harmony():
    rate, rng = 22050, np.random.default_rng(0)

    def passage(pitches):
        time = np.arange(2 * rate) / rate
        return np.concatenate([np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time) for pitch in pitches])

    a, b = passage([60, 65, 67, 62]), passage([61, 63, 70, 66])
    samples = (0.3 * np.concatenate([a, b, a]) + 0.001 * rng.normal(size=3 * len(a))).astype(np.float32)
    found = SYSTEM.letters(samples, Segments([0, 8, 16], [8, 16, 24], ["verse", "chorus", "verse"]))
    assert found.labels == ("A", "B", "A")
    with pytest.raises(AnswerError, match="mono"):
        SYSTEM.letters(samples[None], found)


def test_unknown_settings_are_refused():
    for change in ({"trunk": "tree"}, {"bands": "bark"}, {"pooling": "min"}):
        with pytest.raises(ConfigError, match=next(iter(change))):
            Structure(dataclasses.replace(TINY, **change))
    attention = Structure(dataclasses.replace(TINY, trunk="attention"))
    assert attention.spec.window is None
    assert isinstance(run.hear(attention, np.zeros(44100, np.float32), 22050), Segments)
