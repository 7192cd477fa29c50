"""Factorisation as a separator: with a learned dictionary, with drum hits, with notes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from solfeggio import run
from solfeggio.answers import Events, Notes, Stems
from solfeggio.errors import ConfigError
from solfeggio.listeners.stems_nmf import TINY, StemsNmf
from solfeggio.metrics.stems import si_sdr

RATE = TINY.rate
SECONDS = 3.0
AT = np.arange(round(SECONDS * RATE)) / RATE
HITS = Events([0.25, 0.75, 1.25, 1.75, 2.25, 2.75], ["KD", "SD"] * 3)
LINE = Notes([0, 1, 2], [1, 2, 3], [36, 43, 40], [90] * 3, ["bass"] * 3)
TUNE = Notes([0.0, 0.5, 1.5, 2.0], [0.5, 1.5, 2.0, 3.0], [72, 76, 79, 74], [90] * 4, ["other"] * 4)


def played(notes: Notes) -> np.ndarray:
    x = np.zeros(len(AT))
    for start, end, pitch in zip(notes.starts, notes.ends, notes.pitches, strict=True):
        f0, inside = 440 * 2 ** ((pitch - 69) / 12), (start <= AT) & (end > AT)
        x += inside * sum(np.sin(2 * np.pi * f0 * n * AT) / n for n in range(1, 5))
    return 0.1 * x


def song(seed: int = 0) -> Stems:
    rng = np.random.default_rng(seed)
    drums = np.zeros(len(AT))
    for time, kind in zip(HITS.times, HITS.labels, strict=True):
        later = np.maximum(AT - time, 0)
        sound = rng.normal(size=len(AT)) if kind == "SD" else np.sin(2 * np.pi * 90 * later) * 2
        drums += (time <= AT) * np.exp(-later * 25) * sound
    stems = {"drums": 0.2 * drums, "bass": played(LINE), "other": played(TUNE)}
    return Stems.of({name: np.stack([x, 0.8 * x]) for name, x in stems.items()}, RATE)


def both() -> Notes:
    rows = sorted((*zip(n.starts, n.ends, n.pitches, n.labels, strict=True),) for n in (LINE, TUNE))
    flat = sorted(row for one in rows for row in one)
    return Notes(*([row[i] for row in flat] for i in range(3)), [90] * len(flat), [row[3] for row in flat])


def gains(found: Stems, truth: Stems) -> dict[str, float]:
    return {name: si_sdr(truth[name], found[name]) - si_sdr(truth[name], truth.mix()) for name in truth.labels}


def test_what_sounds_when_takes_the_stems_apart():
    system, truth = StemsNmf(dataclasses.replace(TINY, iterations=40)), song()
    told = gains(run.separate(system, truth.mix(), RATE, drums=HITS, notes=both()), truth)
    assert min(told.values()) > 3, told
    deaf = gains(run.separate(system, truth.mix(), RATE), truth)
    assert all(told[name] > deaf[name] + 3 for name in told), (told, deaf)


def test_hits_alone_take_the_drums_out():
    system, truth = StemsNmf(dataclasses.replace(TINY, iterations=40, ranks=(3, 4, 6))), song()
    for name in ("bass", "other"):
        system.learn(name, [truth[name]])
    assert gains(run.separate(system, truth.mix(), RATE, drums=HITS), truth)["drums"] > 5
    unnamed = Events(HITS.times)
    assert gains(run.separate(system, truth.mix(), RATE, drums=unnamed), truth)["drums"] > 0.5


def test_templates_that_were_learned_take_other_songs_apart():
    system, truth = StemsNmf(dataclasses.replace(TINY, iterations=40, extra=0)), song(1)
    before = gains(run.separate(system, truth.mix(), RATE), truth)
    for name, sound in zip(truth.labels, song(0).samples, strict=True):
        system.learn(name, [sound, 0 * sound])
    after = gains(run.separate(system, truth.mix(), RATE), truth)
    assert min(after.values()) > 2 and after["drums"] > before["drums"] + 3, (before, after)


def test_drums_may_last_several_frames():
    long = dataclasses.replace(TINY, iterations=20, length=12, after=0.02, per_drum=1)
    system, truth = StemsNmf(long), song()
    found = gains(run.separate(system, truth.mix(), RATE, drums=HITS, notes=both()), truth)
    assert found["drums"] > 4, found


def test_nothing_sounds_far_from_its_onset():
    system, truth = StemsNmf(TINY), song()
    features = system.prepare(torch.from_numpy(truth.mix())[None])
    logits = system(features)
    assert logits["masks"][0, 0].max(-2).values.min() > 0  # without a score anything may sound anywhere
    masks = system.spectra(logits, features, drums=Events([1.25], ["SD"])).abs()[0, 0].sum((0, 1))
    heard = system.spec.grid.times(len(masks))[(masks > 0).numpy()]
    assert heard.min() >= 1.25 - TINY.before and heard.max() <= 1.25 + TINY.after
    none = system.spectra(logits, features, drums=Events.none())
    assert not none[0, 0].abs().any()


def test_notes_of_one_stem_leave_the_drums_to_the_dictionary():
    system, truth = StemsNmf(TINY), song()
    features = system.prepare(torch.from_numpy(truth.mix())[None])
    found = system.spectra(system(features), features, notes=LINE).abs()[0].sum((1, 2, 3))
    assert (found > 0).all()


def test_masks_share_the_mix_out_and_leave_the_rest():
    named = StemsNmf(TINY)
    masks = named(named.prepare(torch.from_numpy(song().mix())[None]))["masks"]
    assert torch.allclose(masks.sum(1), torch.ones_like(masks[:, 0]), atol=1e-4)
    nameless = StemsNmf(dataclasses.replace(TINY, stems=("drums", "bass"), ranks=(3, 2)))
    masks = nameless(nameless.prepare(torch.from_numpy(song().mix())[None]))["masks"]
    assert masks.sum(1).max() <= 1 + 1e-4 and masks.sum(1).mean() < 0.95


def test_the_loss_compares_but_does_not_teach():
    system, truth = StemsNmf(TINY), song()
    targets = {key: value[None] for key, value in system.targets(truth, 375).items()}
    loss, parts = system.loss(system(targets["mixture"]), targets)
    assert float(loss) > 0 and set(parts) == set(TINY.stems) and not list(system.parameters())


def test_mistakes_are_named():
    with pytest.raises(ConfigError, match="ranks"):
        StemsNmf(dataclasses.replace(TINY, ranks=(1, 2)))
    with pytest.raises(ConfigError, match="vocals"):
        StemsNmf(TINY).learn("vocals", [np.ones((1, 8000))])
    with pytest.raises(ConfigError, match="no sound"):
        StemsNmf(TINY).learn("bass", [np.zeros((1, 8000))])
