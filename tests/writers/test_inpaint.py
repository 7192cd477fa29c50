"""The writer of missing bars: a proper likelihood, no peeping, legal notes, and nothing touched outside the gap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from solfeggio.errors import ConfigError, NotationError
from solfeggio.notation import Part, Score
from solfeggio.tokens import BAR_TICKS, HOLD, REST
from solfeggio.writers.inpaint import CONFIGS, Config, Inpaint, check_bars, pieces

TINY = CONFIGS["tiny"]
VAE = {"vae_latent": 8, "vae_embedding": 4, "vae_width": 8, "vae_depth": 1}
SMALL = {
    "copying": TINY,
    "no copies": replace(TINY, copies=False),
    "no key": replace(TINY, key=False, in_key=False),
    "latent": replace(CONFIGS["inpaintnet"], width=8, **VAE),
    "recurrent VAE": replace(CONFIGS["inpaintnet"], width=8, vae_net="recurrent", **VAE),
    "past only": replace(CONFIGS["past_only"], width=8, **VAE),
    "future only": replace(CONFIGS["future_only"], width=8, **VAE),
    "no feedback": replace(CONFIGS["no_feedback"], width=8, **VAE),
    "anticipation": replace(CONFIGS["anticipation"], width=8),
    "anticipation_reg": replace(CONFIGS["anticipation_reg"], width=8),
}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=SMALL)
def system(request) -> Inpaint:
    torch.manual_seed(0)
    system = Inpaint(SMALL[request.param]).eval()
    for parameter in system.parameters():  # far from the start, where much is zero
        parameter.data += 0.3 * torch.randn_like(parameter)
    return system


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tune(bars: int, seed: int = 0) -> torch.Tensor:
    draw = np.random.default_rng(seed)
    tokens = np.full((bars, BAR_TICKS), HOLD)
    tokens[:, ::3] = draw.choice([7, 9, 11, 12, 14, 16, 18], (bars, 8))
    tokens[:, 3::6] = np.where(draw.random((bars, 4)) < 0.3, HOLD, tokens[:, 3::6])
    return torch.from_numpy(tokens)


def score(bars: int = 12) -> Score:
    return replace(Inpaint(TINY).decode({"bars": tune(bars)}), title="Tune", bpm=97.0)


def test_next_tokens_share_one(system):
    logits = system(system.example())["logits"]
    assert logits.shape == (1, 2 * BAR_TICKS, 32)
    assert torch.allclose(logits.exp().sum(-1), torch.ones(1, 2 * BAR_TICKS), atol=1e-4)


def test_nothing_is_known_before_it_is_written(system):
    """The likelihood is proper: a token's chances depend on no token of the gap from it on."""
    batch = {"bars": tune(16)[None], "gap": torch.tensor([[6, 9]])}
    for tick in (0, 5, 24, 41, 71):
        changed = {**batch, "bars": batch["bars"].clone()}
        changed["bars"].view(1, -1)[0, 6 * BAR_TICKS + tick : 9 * BAR_TICKS] = 30
        kept = system(changed)["logits"][0, : tick + 1] - system(batch)["logits"][0, : tick + 1]
        assert kept.abs().max() < 1e-4


def test_writing_and_likelihood_are_one(system):
    """What is written token by token meets the chances that the likelihood multiplies."""
    bars, met = tune(9)[None], []

    def choose(chances, before):
        met.append(chances)
        return bars.flatten(1)[:, before.shape[1]]

    assert torch.equal(system.net.write(bars, 3, 6, choose), bars)
    assert torch.allclose(torch.stack(met, 1), system.net(bars, 3, 6), atol=1e-4)


def test_both_contexts_are_heard_unless_switched_off(system):
    batch = {"bars": tune(12)[None], "gap": torch.tensor([[4, 7]])}
    heard = []
    for bar in (3, 7):
        changed = {**batch, "bars": batch["bars"].clone()}
        changed["bars"][0, bar] = 25
        heard.append(bool((system(changed)["logits"] - system(batch)["logits"]).abs().max() > 1e-7))
    assert heard == [system.config.past, system.config.future]


def test_loss_reaches_what_is_to_learn(system):
    system.train()
    torch.manual_seed(1)
    loss, parts = system.loss({"bars": torch.stack([tune(8, i) for i in range(3)]), "gap": torch.tensor([[2, 4]] * 3)})
    loss.backward()
    assert loss.ndim == 0 and torch.isfinite(parts["nll"])
    learned = {key for key, p in system.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert not any("vae" in key for key in learned)
    assert len(learned) > 8


def test_a_batch_has_one_gap():
    with pytest.raises(ConfigError, match="several gaps"):
        Inpaint(TINY)({"bars": torch.stack([tune(8)] * 2), "gap": torch.tensor([[2, 4], [3, 5]])})


def test_writes_legal_notes_in_the_gap_alone(system):
    context = {"bars": tune(20)}
    written = system.sample(context, rng(), bars=(5, 8), n=3)["bars"]
    assert written.shape == (3, 20, BAR_TICKS)
    for variant in written:
        assert torch.equal(variant[:4], context["bars"][:4]) and torch.equal(variant[8:, 1:], context["bars"][8:, 1:])
        flat = variant.flatten()
        assert not ((flat[1:] == HOLD) & (flat[:-1] == REST)).any() and flat[0] != HOLD
    assert torch.equal(written, system.sample(context, rng(), bars=(5, 8), n=3)["bars"])
    assert not torch.equal(written[0], written[1]) or not torch.equal(written[0], written[2])


@pytest.mark.parametrize(
    ("bars", "gap"), [(2, (1, 1)), (2, (2, 2)), (5, (2, 4)), (17, (1, 13)), (30, (3, 29)), (500, (250, 252))]
)
def test_any_length_and_any_gap(bars, gap):
    system, context = Inpaint(TINY), {"bars": tune(bars)}
    written = system.sample(context, rng(), bars=gap)["bars"]
    outside = [i for i in range(bars) if not gap[0] - 1 <= i < gap[1]]
    assert torch.equal(written[outside][:, 1:], context["bars"][outside][:, 1:])


@pytest.mark.parametrize("gap", [(0, 2), (3, 2), (11, 13), (1, 12), "5-8", (1,), None])
def test_bars_that_are_not_there(gap):
    with pytest.raises(ConfigError, match="bars"):
        Inpaint(TINY).sample({"bars": tune(12)}, rng(), bars=gap)


@pytest.mark.parametrize("options", [{"temperature": -1}, {"top_p": 0}, {"top_p": 1.5}, {"warmth": 3}])
def test_options_that_are_wrong(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        Inpaint(TINY).sample({"bars": tune(12)}, rng(), **options)


def test_settings_that_are_wrong():
    with pytest.raises(ConfigError, match="copyng"):
        Config(net="copyng")
    with pytest.raises(ConfigError, match="window"):
        Config(longest=16)


def test_in_key_and_on_one_grid():
    """A network that knows nothing still writes in the scale around it, and mixes no thirds with quarters."""
    system, context = Inpaint(TINY), {"bars": tune(16)}
    free = system.sample(context, rng(), bars=(5, 10), n=8, top_p=1.0, in_key=False, one_grid=False)["bars"][:, 4:10]
    kept = system.sample(context, rng(), bars=(5, 10), n=8, top_p=1.0)["bars"][:, 4:10]
    scale = {(int(token) + 53) % 12 for token in context["bars"].flatten() if token > HOLD}

    def strange(bars):
        return len({(int(token) + 53) % 12 for token in bars.flatten() if token > HOLD} - scale)

    def clashes(bars):
        on = (bars > HOLD).view(-1, 6)
        return int((on[:, [2, 4]].any(1) & on[:, [1, 3, 5]].any(1)).sum())

    assert strange(free) > 0 and clashes(free) > 0
    assert strange(kept) == 0 and len(scale) == 7
    assert clashes(kept) == 0


def test_copying_needs_no_learning_where_all_repeats():
    """A tune of one bar: what may be copied gets most of the chances of an untrained network."""
    torch.manual_seed(0)
    bars = tune(1).repeat(16, 1)[None]
    batch = {"bars": bars, "gap": torch.tensor([[6, 8]])}
    with torch.no_grad():
        copying, plain = (Inpaint(SMALL[name]).eval().loss(batch)[0] for name in ("copying", "no copies"))
    assert copying < 0.1 < 1 < plain


def test_the_score_stays_as_it_was_outside_the_gap():
    system, given = Inpaint(TINY), score()
    tokens = system.sample(system.encode(given), rng(), bars=(5, 8))
    made = system.decode(tokens, given, (5, 8))
    assert (made.title, made.bpm, made.length_quarters) == ("Tune", 97.0, given.length_quarters)
    old, new = given.parts[0].notes, made.parts[0].notes
    for keep in (lambda n: n[n[:, 1] <= 16], lambda n: n[n[:, 0] >= 32]):
        kept = [row for row in keep(old).tolist() if row in new.tolist()]
        assert len(kept) >= len(keep(old)) - 1  # but for a note that is held over the line
    assert np.array_equal(np.sort(new[:, 0]), new[:, 0]) and (new[1:, 0] >= new[:-1, 1] - 1e-9).all()
    assert np.array_equal(system.encode(made)["bars"], tokens["bars"])


def test_a_note_held_out_of_the_gap_sounds_on():
    notes = np.array([[0, 4, 67, 80], [4, 6, 69, 80], [6, 9, 71, 80], [9, 12, 72, 80.0]])
    system, given = Inpaint(TINY), Score("Held", 120, (Part("melody", 0, notes),), 12.0)
    for seed in range(5):
        tokens = system.sample(system.encode(given), rng(seed), bars=(2, 2))
        made = system.decode(tokens, given, (2, 2))
        at = made.parts[0].notes[(made.parts[0].notes[:, 0] <= 8) & (made.parts[0].notes[:, 1] > 8)]
        assert at[:, 1:3].tolist() == [[9.0, 71.0]]


def test_polyphony_is_refused():
    chord = Part("piano", 0, np.array([[0, 4, 60, 80], [0, 4, 64, 80.0]]))
    with pytest.raises(NotationError):
        Inpaint(TINY).encode(Score("chord", 120, (chord,), 4.0))


def test_long_gaps_are_cut_into_pieces():
    assert pieces(0, 14, 6) == [(9, 14), (5, 9), (0, 5)]
    assert pieces(3, 6, 6) == [(3, 6)]
    assert check_bars((1, 1), 2) == (0, 1)
