"""Instruments from weak labels: published sizes, masked loss, clips, silence, targets and decoder."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from solfeggio import run
from solfeggio.answers import Tags
from solfeggio.data.clips import LABELS
from solfeggio.errors import ConfigError
from solfeggio.listeners.instruments_mil import (
    ATTENTION,
    CONFIGS,
    FLAT_MLP,
    FRAME_MLP,
    MAX,
    MEAN,
    RECURRENT,
    TINY,
    InstrumentsMil,
)

PIANO, VOICE = LABELS.index("piano"), LABELS.index("voice")


def system(config=TINY, seed: int = 0) -> InstrumentsMil:
    torch.manual_seed(seed)
    return InstrumentsMil(config).eval()


def some_vectors(config, clips: int = 4, frames: int = 10) -> torch.Tensor:
    return torch.randn(clips, frames, config.vectors, generator=torch.Generator().manual_seed(1))


def sure(answer: Tags, listener: InstrumentsMil, frames: int) -> dict[str, np.ndarray]:
    """Logits of a network that knows the truth and looks everywhere."""
    tags = listener.targets(answer, frames)["tags"].numpy() * 24 - 12
    return {"tags": tags, "attention": np.zeros_like(tags)}


@pytest.mark.parametrize(
    "config, size",
    [
        (ATTENTION, 55_336),
        (FRAME_MLP, 52_116),
        (FLAT_MLP, 986_772),
        (RECURRENT, 226_068),
        (MEAN, 52_756),
        (MAX, 52_756),
    ],
)
def test_sizes_are_the_published_ones(config, size):
    assert sum(p.numel() for p in InstrumentsMil(config).parameters()) == size


def test_the_input_is_ten_frozen_vectors_of_128():
    listener = InstrumentsMil()
    features = listener.prepare(0.1 * torch.randn(2, 10 * 22050))
    assert features.shape == (2, 1, 256, 10)
    assert listener.vectors(features).shape == (2, 10, 128)
    assert float(listener.spec.grid.rate) == 1 and listener.spec.grid.times(2).tolist() == [0.5, 1.5]
    assert not any(p.requires_grad for p in listener.vectors.buffers())
    assert not list(listener.vectors.parameters()) and not list(listener.frontend.parameters())


@pytest.mark.parametrize("name", CONFIGS)
def test_attention_sums_to_one_and_clips_stay_in_0_to_1(name):
    listener = system(CONFIGS[name])
    logits = listener.read(3 * some_vectors(listener.config))
    pooled = listener.pool(logits)
    assert pooled.shape == (4, 20) and (pooled >= 0).all() and (pooled <= 1).all()
    assert torch.allclose(listener.weights(logits).sum(1), torch.ones(4, 20), atol=1e-4)
    assert ("attention" in logits) == (listener.config.pooling == "attention")


@pytest.mark.parametrize("config", [TINY, FRAME_MLP, FLAT_MLP, RECURRENT])
def test_labels_that_are_not_known_teach_nothing(config):
    listener = system(config)
    vectors = some_vectors(config)
    truth, known = torch.randint(0, 2, (4, 1, 20)).float(), torch.zeros(4, 1, 20)
    known[0, 0, PIANO] = known[2, 0, VOICE] = 1
    logits = {name: value.detach().requires_grad_() for name, value in listener.read(vectors).items()}
    listener.loss(logits, {"tags": truth, "known": known})[0].backward()
    for value in logits.values():
        touched = value.grad.abs().sum(1) > 0
        assert touched[0, PIANO] and touched[2, VOICE] and touched.sum() == 2
    other = {"tags": torch.where(known > 0, truth, 1 - truth), "known": known}
    assert listener.loss(logits, other)[0] == listener.loss(logits, {"tags": truth, "known": known})[0]
    nothing = listener.loss(logits, {"tags": truth, "known": 0 * known})[0]
    assert nothing.item() == 0


def test_the_loss_is_the_cross_entropy_of_the_pooled_clip():
    listener = system()
    logits = listener.read(some_vectors(TINY))
    truth = torch.randint(0, 2, (4, 1, 20)).float()
    want = torch.nn.functional.binary_cross_entropy(listener.pool(logits), truth[:, 0])
    assert listener.loss(logits, {"tags": truth})[0].item() == pytest.approx(want.item(), rel=1e-4)
    assert torch.isfinite(listener.loss({k: 1000 * v for k, v in logits.items()}, {"tags": truth})[0])


def test_attention_learns_when_from_labels_that_do_not_say():
    """One second of ten holds the sign; the label only says that one does."""
    torch.manual_seed(0)
    listener = InstrumentsMil(TINY).train()
    rng = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(listener.parameters(), 1e-2)

    def clips(count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        x = 0.5 * torch.randn(count, 10, 8, generator=rng)
        there = torch.rand(count, generator=rng) < 0.5
        at = torch.randint(0, 10, (count,), generator=rng)
        x[torch.arange(count)[there], at[there], 0] += 4
        return x, there, at

    known = torch.zeros(1, 1, 20)
    known[..., PIANO] = 1
    for _ in range(100):
        x, there, _ = clips(48)
        targets = {"tags": there.float()[:, None, None].expand(-1, 1, 20), "known": known.expand(48, 1, 20)}
        loss, _ = listener.loss(listener.read(x), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    listener.eval()
    x, there, at = clips(400)
    logits = listener.read(x)
    assert ((listener.pool(logits)[:, PIANO] > 0.5) == there).float().mean() > 0.95
    looked = listener.weights(logits)[:, :, PIANO].argmax(1)
    assert (looked == at)[there].float().mean() > 0.8  # chance is 0.1


@pytest.mark.parametrize("config", [FLAT_MLP, RECURRENT])
@pytest.mark.parametrize("frames", [1, 7, 10, 23])
def test_networks_of_a_clip_say_the_same_throughout_one(config, frames):
    listener = system(config)
    x = some_vectors(config, 2, frames)
    tags = listener.read(x)["tags"]
    assert tags.shape == (2, frames, 20)
    if frames == 23:
        first, last = listener.read(x[:, :10])["tags"][:, 0], listener.read(x[:, 13:])["tags"][:, 0]
        for i, want in ((0, first), (9, first), (20, last), (22, last)):
            assert torch.allclose(tags[:, i], want, atol=1e-5)
    assert listener.read(x[:, :0])["tags"].shape == (2, 0, 20)


def test_frames_are_heard_each_for_itself():
    listener = system()
    x = some_vectors(TINY, 1, 30)
    whole, part = listener.read(x), listener.read(x[:, 7:12])
    assert all(torch.allclose(whole[name][:, 7:12], part[name], atol=1e-5) for name in whole)


def test_silence_holds_nothing_whatever_was_learned():
    listener = system(ATTENTION)
    with torch.no_grad():
        listener.net.heads["tags"].bias.fill_(60.0)
    rng = np.random.default_rng(0)
    for still in (np.zeros(15 * 22050), np.full(15 * 22050, 0.3), 1e-4 * rng.normal(size=15 * 22050)):
        assert len(run.hear(listener, still.astype(np.float32), 22050)) == 0
    loud = run.hear(listener, (0.1 * rng.normal(size=15 * 22050)).astype(np.float32), 22050)
    assert loud.labels == LABELS


def test_decode_reads_back_what_targets_wrote():
    listener = system()
    truth = Tags(["drums", "piano", "voice"], [1, 1, 1])
    for frames in (1, 9, 10, 11, 64):
        heard = listener.decode(sure(truth, listener, frames))
        assert heard.labels == truth.labels and (heard.values > 0.99).all()
        assert torch.equal(listener.targets(heard, frames)["tags"], listener.targets(truth, frames)["tags"])
    assert len(listener.decode(sure(Tags([], []), listener, 20))) == 0
    assert len(listener.decode(sure(truth, listener, 0))) == 0


def test_a_value_of_a_half_says_that_nobody_knows():
    targets = system().targets(Tags(["flute", "piano"], [0.5, 0.9]), 3)
    flute = LABELS.index("flute")
    assert (targets["known"][:, flute] == 0).all() and (targets["tags"][:, flute] == 0).all()
    assert targets["known"].sum() == 3 * 19 and targets["tags"].sum() == 3
    with pytest.raises(ConfigError, match="kazoo"):
        system().targets(Tags(["kazoo"], [1]), 3)


def test_a_recording_gets_its_surest_clip_wherever_it_lies():
    listener = system()
    for at in (0, 17, 36):
        logits = sure(Tags([], []), listener, 40)
        logits["tags"][at : at + 4, VOICE] = 12.0
        logits["attention"][:] = -8.0
        logits["attention"][at : at + 4] = 8.0
        assert listener.decode(logits).labels == ("voice",)
        when = listener.when(logits, "voice")
        assert (when.values[at : at + 4] > 0.9).all() and np.delete(when.values, np.s_[at : at + 4]).max() < 0.1
        np.testing.assert_allclose(when.times[:2], [0.05, 0.15])


def test_options_and_what_was_never_taught():
    listener = system()
    logits = sure(Tags(["voice"], [1]), listener, 20)
    assert listener.decode(logits, threshold=0.0).labels == LABELS
    listener.taught[VOICE] = 0
    assert len(listener.decode(logits)) == 0
    with pytest.raises(ConfigError, match="treshold"):
        listener.decode(logits, treshold=0.2)
    for step in (0, 11):
        with pytest.raises(ConfigError, match="step"):
            listener.decode(logits, step=step)
    with pytest.raises(ConfigError, match="kazoo"):
        listener.when(logits, "kazoo")


@pytest.mark.parametrize(
    "changes", [{"net": "deep"}, {"pooling": "median"}, {"net": "flat"}, {"step": 0}, {"hop": 100}]
)
def test_settings_that_cannot_be_are_refused(changes):
    with pytest.raises(ConfigError):
        InstrumentsMil(dataclasses.replace(ATTENTION, **changes))
