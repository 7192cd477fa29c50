"""Bars to codes and back: what is learned, how knobs turn, and that what is written is legal."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from solfeggio.errors import ConfigError
from solfeggio.metrics.attributes import attributes
from solfeggio.notation import Part, Score
from solfeggio.tokens import HOLD, REST
from solfeggio.writers.measure_vae import CONFIGS, Config, MeasureVAE, legal, nearest_in_key, silenced


def bars(n: int, seed: int = 0) -> torch.Tensor:
    """Random bars of one to twelve notes."""
    rng = np.random.default_rng(seed)
    rows = np.full((n, 24), HOLD)
    for row in rows:
        places = np.append(0, rng.choice(np.arange(1, 24), rng.integers(0, 12), replace=False))
        row[places] = rng.integers(2, 32, len(places))
    return torch.from_numpy(rows)


def steady(n: int, seed: int = 0) -> torch.Tensor:
    """Bars of one to eight equal notes of one pitch."""
    rng = np.random.default_rng(seed)
    rows = np.full((n, 24), HOLD)
    for row in rows:
        row[:: 24 // rng.choice([1, 2, 3, 4, 6, 8])] = rng.integers(2, 32)
    return torch.from_numpy(rows)


@pytest.fixture(scope="module")
def trained() -> MeasureVAE:
    """One that learned to put the number of notes on its first dimension, and little else."""
    torch.manual_seed(0)
    system = MeasureVAE(dataclasses.replace(CONFIGS["tiny"], attributes=("note_density",), width=32)).train()
    optimiser, given = torch.optim.Adam(system.parameters(), 1e-2), steady(512)
    for step in range(120):
        optimiser.zero_grad()
        rows = given[torch.randperm(512, generator=torch.Generator().manual_seed(step))[:64]]
        system.loss({"bars": rows})[0].backward()
        optimiser.step()
    system.measure(given)
    return system.eval()


def is_legal(rows: torch.Tensor) -> bool:
    flat = rows.flatten().tolist()
    return all(not (now == HOLD and before == REST) for before, now in zip([REST, *flat], flat, strict=False))


def test_codes_follow_the_attribute(trained: MeasureVAE) -> None:
    given = steady(200, seed=9)
    codes = trained.codes(given)[0][:, 0].detach().numpy()
    wanted = attributes(given.numpy(), ("note_density",))[:, 0]
    assert np.corrcoef(codes, wanted)[0, 1] > 0.9


def test_a_knob_turns_its_attribute_up_and_down(trained: MeasureVAE) -> None:
    context = {"bars": steady(40, seed=5)}

    def density(**options: Any) -> float:
        written = trained.sample(context, torch.Generator().manual_seed(0), **options)["bars"]
        return float(attributes(written.numpy(), ("note_density",)).mean())

    turned = {by: density(knobs={"density": by}) for by in (-1.0, 0.0, 1.0)}
    step = float(trained.spread[0])
    assert turned[0.0] - turned[-1.0] > 0.25 * step  # bars of one note cannot have less
    assert turned[1.0] - turned[0.0] > 0.5 * step
    assert density(knobs={"note density": 1.0}) == density(knobs={"note_density": 1.0}) == turned[1.0]


def test_what_is_written_is_legal_and_only_there(trained: MeasureVAE) -> None:
    given = bars(6, seed=3)
    given[3, :4], given[2, -3:] = HOLD, HOLD  # the fourth bar goes on with a note of the third
    for seed in range(5):
        rng = torch.Generator().manual_seed(seed)
        assert is_legal(trained.sample({"bars": given}, rng, wander=3.0)["bars"])
        part = trained.sample({"bars": given}, rng, bars=(2, 3), wander=3.0)["bars"]
        assert is_legal(part)
        assert part[[0, 4, 5]].equal(given[[0, 4, 5]])


def test_nothing_is_held_that_does_not_sound() -> None:
    rows = torch.full((2, 24), HOLD)
    rows[0, 6:12], rows[1, 2] = REST, 9
    found = legal(rows)
    assert is_legal(found)
    assert HOLD not in found[0]
    assert found[1].tolist() == [REST, REST, 9] + [HOLD] * 21
    assert silenced(rows)[0].tolist() == [HOLD] * 6 + [REST] * 18  # a bar by itself may begin inside a note
    assert silenced(rows)[1].equal(rows[1])


def test_a_knob_at_nought_changes_nothing(trained: MeasureVAE) -> None:
    given = steady(5)
    assert trained.sample({"bars": given}, torch.Generator(), knobs={"density": 0.0})["bars"].equal(given)


def test_a_walk_begins_and_ends_as_the_bars_are_decoded(trained: MeasureVAE) -> None:
    one, other = bars(2, seed=7)
    way = trained.walk(one, other, 5)
    assert way.shape == (5, 24)
    again = trained.sample({"bars": one[None]}, torch.Generator())["bars"]
    assert way[0].equal(again[0])
    with pytest.raises(ConfigError, match="walk"):
        trained.walk(one, other, 1)


def test_wrong_knobs_and_bars_are_refused(trained: MeasureVAE) -> None:
    context = {"bars": bars(3)}
    with pytest.raises(ConfigError, match="finite"):
        trained.sample(context, torch.Generator(), knobs={"density": float("nan")})
    with pytest.raises(ConfigError, match="knob"):
        trained.sample(context, torch.Generator(), knobs={"desnity": 1.0})
    with pytest.raises(ConfigError, match="option"):
        trained.sample(context, torch.Generator(), temperature=1.0)
    for span in ((0, 2), (2, 4), (3, 2)):
        with pytest.raises(ConfigError, match="bars"):
            trained.sample(context, torch.Generator(), bars=span)


def test_wrong_settings_are_refused() -> None:
    for change in ({"net": "deep"}, {"attributes": ("colour",)}, {"latent": 3}):
        with pytest.raises(ConfigError):
            dataclasses.replace(Config(), **change)


@pytest.mark.parametrize("name", ["tiny", "ar_vae"])
def test_the_loss_is_the_sum_of_its_parts(name: str) -> None:
    torch.manual_seed(0)
    system = MeasureVAE(dataclasses.replace(CONFIGS[name], width=16, beta=0.1, gamma=0.5)).eval()
    loss, parts = system.loss({"bars": bars(8)})
    assert loss.item() == pytest.approx((parts["crossentropy"] + 0.1 * parts["kl"] + 0.5 * parts["order"]).item())
    plain = MeasureVAE(dataclasses.replace(system.config, gamma=0.0)).eval()
    assert "order" not in plain.loss({"bars": bars(8)})[1]


def test_attributes_may_come_from_anywhere() -> None:
    torch.manual_seed(0)
    system = MeasureVAE(CONFIGS["tiny"]).eval()
    given = bars(8)
    own = attributes(given.numpy(), system.config.attributes)
    usual = system.loss({"bars": given})[0]
    assert system.loss({"bars": given, "attributes": torch.from_numpy(own).float()})[0].item() == pytest.approx(
        usual.item()
    )
    assert system.loss({"bars": given, "attributes": torch.from_numpy(-own).float()})[0] != usual


def test_sizes_are_those_of_the_paper() -> None:
    wide, small = (MeasureVAE(CONFIGS[name]) for name in ("published", "ar_vae"))
    assert wide.encoder.gru.hidden_size == 512 and wide.config.latent == 256  # type: ignore[union-attr]
    assert small.encoder.gru.hidden_size == 128 and small.config.latent == 32  # type: ignore[union-attr]
    assert small.encoder.gru.dropout == 0.5 and small.encoder.gru.bidirectional  # type: ignore[union-attr]
    released = MeasureVAE()
    assert 4 * sum(p.numel() for p in released.parameters()) < 2_500_000


def test_a_score_comes_back() -> None:
    notes = np.array([[0, 1.5, 60, 80], [1.5, 2, 62, 80], [3, 5, 64, 80.0]])
    system = MeasureVAE(CONFIGS["tiny"])
    tokens = system.encode(Score("a", 120, (Part("melody", 0, notes),), 8.0))
    np.testing.assert_allclose(system.decode(tokens).parts[0].notes, notes)


def test_what_is_written_keeps_to_the_key_or_not(trained: MeasureVAE) -> None:
    d_major = torch.full((2, 24), HOLD)
    d_major[:, ::3] = torch.tensor([[9, 11, 13, 14, 16, 18, 20, 21], [21, 20, 18, 16, 14, 13, 11, 9]])  # D4 to D5
    d_major[0, 0] = 12  # an F natural that the melody has itself
    wandered = {"knobs": {"density": 1.0}, "wander": 3.0}
    classes = [
        {int(token - 2 + 55) % 12 for token in found.flatten().tolist() if token > HOLD}
        for found in (
            trained.sample({"bars": d_major}, torch.Generator().manual_seed(1), in_key=free, **wandered)["bars"]
            for free in (True, False)
        )
    ]
    own = {2, 4, 5, 6, 7, 9, 11, 1}
    assert classes[0] <= own
    assert not classes[1] <= own


def test_a_token_outside_the_key_gives_way_to_the_nearest() -> None:
    c_major = torch.full((1, 24), HOLD)
    c_major[0, ::3] = torch.tensor([7, 9, 11, 12, 14, 16, 18, 19])  # C4 to C5
    nearest = nearest_in_key(c_major)
    assert nearest[[REST, HOLD, 7, 9]].tolist() == [REST, HOLD, 7, 9]
    assert abs(int(nearest[8]) - 8) == 1
    assert nearest.min() == 0 and len(nearest) == 32
