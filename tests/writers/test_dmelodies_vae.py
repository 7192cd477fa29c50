"""The VAEs of dMelodies: shapes, objectives, what each learns in a few steps, knobs, scores in and out."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from solfeggio.data import dmelodies
from solfeggio.data.near_dmelodies import nearest_factors
from solfeggio.errors import ConfigError, DataError, NotationError
from solfeggio.tokens import decode_dmelodies
from solfeggio.writers.dmelodies_vae import CONFIGS, TINY, DMelodiesVAE

INDICES = np.random.default_rng(0).integers(0, dmelodies.COUNT, 64)
BATCH = {
    "melody": torch.from_numpy(dmelodies.tokens(INDICES)),
    "factors": torch.from_numpy(dmelodies.factors(INDICES)),
}


@pytest.fixture(autouse=True)
def seeded():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def build(**changes) -> DMelodiesVAE:
    return DMelodiesVAE(dataclasses.replace(TINY, **changes))


def few(n: int) -> dict[str, torch.Tensor]:
    return {key: value[:n] for key, value in BATCH.items()}


@pytest.mark.parametrize("name", CONFIGS)
def test_every_config_turns_melodies_into_codes_and_back(name):
    system = DMelodiesVAE(CONFIGS[name]).eval()
    out = system(few(3))
    assert out["logits"].shape == (3, 16, CONFIGS[name].classes)
    assert out["mean"].shape == out["logvar"].shape == (3, CONFIGS[name].latent)
    assert system.melodies(out["mean"]).shape == (3, 16)


def test_sizes_are_the_published_ones():
    def linear(inputs: int, outputs: int) -> int:
        return (inputs + 1) * outputs

    system = DMelodiesVAE(CONFIGS["cnn_as_published"])
    channels = (10, 16, 32, 64, 128)
    convolutions = sum(4 * a * b + b for a, b in itertools.pairwise(channels))
    heads = 2 * (linear(128, 64) + linear(64, 32))
    assert sum(p.numel() for p in system.encoder.parameters()) == 62 * 10 + convolutions
    assert sum(p.numel() for p in system.posterior.parameters()) == heads
    recurrent = DMelodiesVAE(CONFIGS["as_published"])
    assert recurrent.encoder.gru.hidden_size == 64 and recurrent.encoder.gru.num_layers == 2
    assert sum(p.numel() for p in recurrent.posterior.parameters()) == 2 * (linear(256, 128) + linear(128, 32))


@pytest.mark.parametrize("net", ["recurrent", "convolutional"])
def test_it_learns_to_copy_a_few_melodies(net):
    system = build(net=net, supervised="none", width=32).train()
    optimizer = torch.optim.Adam(system.parameters(), 1e-2)
    first = None
    for _ in range(80):
        loss, parts = system.loss(few(8))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        first = first or parts["crossentropy"].item()
    assert float(system.eval().loss(few(8))[1]["crossentropy"]) < 0.5 * first


@pytest.mark.parametrize("supervised", ["order", "match", "classes"])
def test_labels_pull_factors_into_their_dimensions(supervised):
    system = build(net="convolutional", supervised=supervised, latent=18, reads=2, width=32).train()
    optimizer = torch.optim.Adam(system.parameters(), 1e-2)
    began = float(system.eval().loss(BATCH)[1]["supervised"])
    system.train()
    for _ in range(60):
        loss, _ = system.loss(BATCH)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(system.eval().loss(BATCH)[1]["supervised"]) < 0.75 * began


def test_factors_are_read_from_the_notes_unless_they_are_given():
    system = build(taught=0.0).eval()
    own, given = system.loss({"melody": BATCH["melody"]}), system.loss(BATCH)
    assert torch.equal(own[0], given[0])
    other = system.loss({**BATCH, "factors": torch.zeros(64, 9)})  # any numbers of anybody's
    assert not torch.equal(other[0], given[0])


def test_what_is_taught_is_the_melody_with_the_factor_of_the_next_item():
    system = build(latent=18, reads=2).train()
    codes = torch.arange(64 * 18.0).view(64, 18)
    turned, wanted = system._turned(codes, BATCH["factors"])
    factors = dmelodies.factors_of(wanted.numpy())
    for i in range(64):
        places = (turned[i] != codes[i]).nonzero()[:, 0]
        k = int(places[0]) // 2
        assert places.tolist() == [2 * k, 2 * k + 1] and torch.equal(turned[i, places], codes[i - 1, places])
        expected = BATCH["factors"][i].numpy().copy()
        expected[k] = BATCH["factors"][i - 1, k]
        np.testing.assert_array_equal(factors[i], expected)


def test_beta_waits_and_rises_and_the_divergence_is_free_below_the_capacity():
    system = build(supervised="none", beta=4.0, capacity=0.0, wait=2, rise=2).train()
    extra = []
    for _ in range(6):
        loss, parts = system.loss(few(8))
        extra.append(float(loss - parts["crossentropy"]) / float(parts["kl"]))
    np.testing.assert_allclose(extra, [0, 0, 0, 5**0.5 - 1, 4, 4], atol=1e-4)
    free = build(supervised="none", capacity=1e6).train()
    loss, parts = free.loss(few(8))
    assert float(loss) == pytest.approx(float(parts["crossentropy"]))


def test_annealing_holds_the_divergence_at_a_rising_capacity():
    system = build(supervised="none", objective="annealed", beta=1.0, capacity=25.0, rise=2).train()
    held = []
    for _ in range(4):
        loss, parts = system.loss(few(8))
        held.append(float(loss - parts["crossentropy"]) - abs(float(parts["kl"]) - [0, 26**0.5 - 1, 25, 25][len(held)]))
    np.testing.assert_allclose(held, 0, atol=1e-3)


def test_evaluation_does_not_count_as_learning():
    system = build().eval()
    system.loss(few(4))
    assert int(system.step) == 0
    system.train().loss(few(4))
    assert int(system.step) == 1


def test_the_critic_learns_from_its_own_loss_only():
    system = build(supervised="none", objective="factor").train()
    _, parts = system.loss(few(32))
    parts["correlation"].backward(retain_graph=True)
    assert all(p.grad is None for p in system.critic.parameters())
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in system.encoder.parameters())
    system.zero_grad()
    parts["critic"].backward()
    assert all(p.grad is not None for p in system.critic.parameters())
    assert all(p.grad is None or not p.grad.any() for p in system.encoder.parameters())


def test_bars_that_are_decoded_at_once_do_not_hear_each_other():
    """In training, a false note in bar 1 is heard by bar 2 only where bars follow each other."""
    for alone in (True, False):
        system = build(alone=alone, forced=1.0).train()
        codes, other = torch.randn(1, 9), BATCH["melody"][:1].clone()
        other[0, 7] = (other[0, 7] + 5) % 51
        one, two = system.logits(codes, BATCH["melody"][:1]), system.logits(codes, other)
        assert torch.equal(one[0, 8], two[0, 8]) == alone


def test_scores_come_back():
    system = build()
    for melody in BATCH["melody"][:4]:
        score = decode_dmelodies(melody.numpy())
        assert torch.equal(system.encode(score)["melody"], melody)
        np.testing.assert_array_equal(system.decode({"melody": melody}).parts[0].notes, score.parts[0].notes)
    with pytest.raises(NotationError):
        system.encode(dataclasses.replace(decode_dmelodies(BATCH["melody"][0].numpy()), parts=()))


def test_measure_finds_the_dimension_of_each_factor(monkeypatch):
    system = build(latent=12)
    places = [3, 1, 4, 0, 5, 9, 2, 6, 8]
    codes = 1e-3 * torch.randn(64, 12)
    codes[:, places] += BATCH["factors"].float()
    monkeypatch.setattr(system, "codes", lambda melodies: (codes, codes))
    system.measure(BATCH["melody"], BATCH["factors"])
    assert system.knobs.tolist() == places
    assert system.knob("octave") == 1
    np.testing.assert_allclose(system.deviation, codes.std(0).clamp(min=1e-3), rtol=1e-5)


def test_a_knob_moves_its_dimension_alone(monkeypatch):
    system = build().eval()
    seen = []
    monkeypatch.setattr(system, "melodies", lambda codes: seen.append(codes) or torch.zeros(1, 16, dtype=torch.long))
    context, rng = {"melody": BATCH["melody"][0]}, torch.Generator().manual_seed(0)
    system.sample(context, rng, wander=0.0)
    for knobs in ({"tonic": 0.5}, {"tonic": 99.0}):
        system.sample(context, rng, knobs=knobs)
    moved = seen[1] - seen[0]
    assert float(moved[0, 0]) == pytest.approx(0.5, abs=1e-5) and not moved[0, 1:].abs().gt(1e-5).any()
    assert float(seen[2][0, 0]) == pytest.approx(3.0, abs=1e-5)  # as far as a knob goes
    for bad in ({"knobs": {"volume": 1.0}}, {"speed": 2}):
        with pytest.raises(ConfigError):
            system.sample(context, rng, **bad)


@pytest.mark.parametrize(
    "changes",
    [{"net": "dense"}, {"objective": "gamma"}, {"supervised": "yes"}, {"latent": 8}, {"reads": 2}, {"classes": 40}],
)
def test_settings_that_cannot_be_are_refused(changes):
    with pytest.raises(ConfigError):
        build(**changes)


def test_nearest_factors_are_exact_on_melodies_of_the_set_and_defined_on_all():
    melodies, factors = BATCH["melody"].numpy(), BATCH["factors"].numpy()
    np.testing.assert_array_equal(nearest_factors(melodies), factors)
    wrong = melodies.copy()
    wrong[np.arange(64), (melodies > 0).argmax(1)] = 50  # the first note is another
    assert (nearest_factors(wrong)[:, 3:5] == factors[:, 3:5]).all()
    assert (nearest_factors(wrong)[:, :3] == factors[:, :3]).mean() > 0.9
    silence = nearest_factors(np.zeros((1, 16), int))
    assert silence.shape == (1, 9) and (silence >= 0).all()
    with pytest.raises(DataError):
        nearest_factors(np.zeros(16, int))
