"""The beats listener: published sizes, causal twin, targets, decoders."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from solfeggio import run
from solfeggio.answers import Events
from solfeggio.errors import ConfigError
from solfeggio.listeners.beats import BOECK2011, CAUSAL, CONFIGS, TINY, Beats, Config, count_bars
from solfeggio.notation import bars


def test_boeck2011_is_the_published_network():
    system = Beats(BOECK2011)
    inputs = 2 * len(system.frontend.bins_hz)
    layer = lambda size: 2 * 4 * 25 * (size + 25 + 2)  # noqa: E731
    assert sum(p.numel() for p in system.parameters()) == layer(inputs) + 2 * layer(50) + 51
    assert float(system.spec.grid.rate) == 100
    assert system.spec.window is None
    assert system.spec.labels == ("beat",)


def test_causal_has_the_released_weights_by_name_and_shape():
    released, causal = Beats(Config()), Beats(CAUSAL)
    shapes = [{key: value.shape for key, value in system.state_dict().items()} for system in (released, causal)]
    assert shapes[0] == shapes[1]
    causal.load_state_dict(released.state_dict())


@pytest.mark.parametrize("trunk", ["dilated", "recurrent", "attention"])
def test_causal_forward_never_sees_the_future(trunk):
    torch.manual_seed(0)
    system = Beats(dataclasses.replace(TINY, trunk=trunk, causal=True)).eval()
    x = torch.rand(1, 2, 96, 200)
    y = x.clone()
    y[..., 120:] = 0
    with torch.inference_mode():
        a, b = system(x)["beats"], system(y)["beats"]
    assert torch.allclose(a[:, :120], b[:, :120], atol=1e-6)
    assert not torch.allclose(a[:, 120:], b[:, 120:], atol=1e-5)


@pytest.mark.parametrize("causal", [False, True])
def test_the_border_covers_what_a_frame_sees_and_not_much_more(causal):
    torch.manual_seed(0)
    system = Beats(dataclasses.replace(TINY, causal=causal)).eval().double()
    x = 0.1 * torch.randn(1, 22050 * 4, dtype=torch.float64)
    y = x.clone()
    y[0, 22050 * 2] += 5
    with torch.inference_mode():
        changed = torch.nonzero((system(system.prepare(x))["beats"] != system(system.prepare(y))["beats"]).any(-1)[0])
    border = round(system.spec.border * 50)
    before, after = 100 - int(changed.min()), int(changed.max()) - 100
    assert max(before, after) <= border <= max(before, after) + 3
    assert before <= (5 if causal else border)  # causal: only what half the longest window lets in


def test_targets_mark_the_nearest_frames_and_forget_what_lies_outside():
    marks = Beats(TINY).targets(Events([-0.5, 0.1, 0.509, 0.511, 0.99, 1.2], list("112121")), 50)["beats"]
    assert torch.nonzero(marks[:, 0]).flatten().tolist() == [5, 25, 26]
    assert torch.nonzero(marks[:, 1]).flatten().tolist() == [5, 26]
    assert marks.shape == (50, 2)
    assert not Beats(TINY).targets(Events.none(), 50)["beats"].any()
    assert Beats(BOECK2011).targets(Events([0.1], ["1"]), 50)["beats"].shape == (50, 1)


def test_the_loss_is_the_sum_of_its_parts_and_weights_act():
    system = Beats(TINY)
    logits = {"beats": torch.zeros(1, 50, 2)}
    targets = {"beats": system.targets(Events([0.5], ["1"]), 50)["beats"][None]}
    loss, parts = system.loss(logits, targets)
    assert set(parts) == {"beat", "downbeat"}
    assert torch.allclose(loss, parts["beat"] + parts["downbeat"])
    assert parts["downbeat"] > parts["beat"]
    heavier = Beats(dataclasses.replace(TINY, beat_weight=100.0)).loss(logits, targets)[1]
    assert heavier["beat"] > parts["beat"]
    assert heavier["downbeat"] == parts["downbeat"]


def peaks_at(times: np.ndarray, downs: np.ndarray, seconds: float) -> dict[str, np.ndarray]:
    logits = np.full((round(seconds * 50), 2), -6.0)
    logits[np.round(times * 50).astype(int), 0] = 6
    logits[np.round(downs * 50).astype(int), 1] = 6
    return {"beats": logits}


@pytest.mark.parametrize("decoder", ["bars", "peaks"])
def test_both_decoders_read_clear_logits(decoder):
    times = 0.2 + np.arange(24) * 0.5
    answer = Beats(TINY).decode(peaks_at(times, times[1::3], 13), decoder=decoder)
    assert np.allclose(answer.times, times, atol=0.011)
    assert answer.labels == tuple("3" + "123" * 7 + "12")
    assert set(bars(answer).labels) == {"3/4"}


def test_peaks_without_downbeats_have_no_labels():
    times = 0.2 + np.arange(24) * 0.5
    answer = Beats(BOECK2011).decode({"beats": np.repeat(peaks_at(times, times, 13)["beats"][:, :1], 2, axis=0)})
    assert not answer.labels
    assert len(answer) == 24


def test_silence_and_nothing_have_no_beats():
    system = Beats(TINY)
    for frames in (0, 1, 500):
        for decoder in ("bars", "peaks"):
            assert len(system.decode({"beats": np.full((frames, 2), -8.0)}, decoder=decoder)) == 0


def test_options_override_the_config():
    times = 0.2 + np.arange(48) * 0.25
    logits = peaks_at(times, times[::4], 13)
    slow = Beats(TINY).decode(logits, tempo=(90, 150))
    assert np.median(np.diff(slow.times)) == pytest.approx(0.5, abs=0.01)
    with pytest.raises(ConfigError):
        Beats(TINY).decode(logits, tmpo=(90, 150))
    with pytest.raises(ConfigError, match="peaks"):
        Beats(TINY).decode(logits, decoder="peeks")
    with pytest.raises(ConfigError, match="downbeats"):
        Beats(BOECK2011).decode(logits, decoder="bars")


def test_unknown_trunk_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="dilated"):
        Beats(dataclasses.replace(TINY, trunk="diluted"))
    with pytest.raises(ConfigError, match="widht"):
        run.build("beats", {"widht": 3})


def test_counting_bars_from_downbeats():
    times = np.arange(9) * 0.5
    assert "".join(count_bars(times, times[[2, 5, 8]])) == "231231231"
    assert "".join(count_bars(times, times[[0, 4, 8]] + 0.03)) == "123412341"
    assert count_bars(times, np.zeros(0)) == []


def test_every_setting_is_explained():
    import inspect

    from solfeggio.listeners import beats

    lines = inspect.getsource(beats.Config).splitlines()
    fields = [line for line in lines if ": " in line and "=" in line and not line.lstrip().startswith('"""')]
    unexplained = [line for line in fields if "#" not in line and "bands_per_octave" not in line]
    assert len(fields) == len(dataclasses.fields(Config))
    assert not unexplained
    assert set(CONFIGS) >= {"released", "causal", "boeck2011", "tiny"}
