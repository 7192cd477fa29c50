from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from solfeggio.data.stems import GROUPS, RATE, Order, keep
from solfeggio.lessons.mixing import Mixer, Mixes, Mixing, checked, faster, frames_of, shelf
from solfeggio.listeners.stems import TINY, StemSeparator
from solfeggio.losses.spectra import Powers, powers

PLAIN = Mixer(coherent=1.0, level_db=0.0, drop=0.0, equalise=0.0, narrow=0.0, pan=0.0, repitch=0.0)


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("songs")
    return [keep(Order(seed, "train", "sketch", "pop", voices=False, seconds=2.0), folder) for seed in (3, 4)]


@pytest.fixture(scope="module")
def system():
    torch.manual_seed(0)
    return StemSeparator(dataclasses.replace(TINY, rate=RATE, window=1024, hop=256))


def test_a_coherent_mix_is_the_song_up_to_level_side_and_polarity(songs):
    stems = PLAIN.stems(songs[:1], 2.0, np.random.default_rng(0))
    song, gains = songs[0], set()
    for i, group in enumerate(GROUPS):
        if group not in song.groups:
            assert not stems[i].any()
            continue
        true = song.read(group)
        fits = [np.abs(np.vdot(stems[i], x)) / np.linalg.norm(stems[i]) / np.linalg.norm(x) for x in (true, true[::-1])]
        assert max(fits) > 0.999
        gains.add(round(float(np.linalg.norm(stems[i]) / np.linalg.norm(true)), 3))
    assert len(gains) == 1  # nobody got louder than the others
    assert np.abs(stems.sum(0)).max() <= 1.0001


def test_random_mixes_take_players_of_several_songs_at_other_levels(songs):
    mixer = dataclasses.replace(PLAIN, coherent=0.0, level_db=6.0, present=dict.fromkeys(GROUPS, 1.0))
    chosen = [mixer._players(songs, 1000, False, np.random.default_rng(seed)) for seed in range(8)]
    assert any(len({song.path for song, _ in players.values()}) > 1 for players in chosen)
    ratios = set()
    for seed in range(4):
        stems = mixer.stems(songs, 0.5, np.random.default_rng(seed))
        norms = np.linalg.norm(stems, axis=(1, 2))
        assert (norms > 0).sum() > 1
        ratios.add(round(float(norms.max() / norms[norms > 0].min()), 3))
    assert len(ratios) > 2


def test_nobody_is_ever_missing(songs):
    rare = dataclasses.replace(PLAIN, coherent=0.0, present=dict.fromkeys(GROUPS, 0.05))
    dropped = dataclasses.replace(PLAIN, drop=1.0)
    for mixer in (rare, dropped):
        assert all(mixer.stems(songs, 0.2, np.random.default_rng(seed)).any() for seed in range(5))


def test_the_same_seed_mixes_the_same_again(songs):
    first, again, other = (next(iter(Mixes(songs, Mixer(), 0.5, seed))) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_shelves_raise_what_is_low():
    time = np.arange(8000) / 8000
    low, high = (np.sin(2 * np.pi * hz * time)[None].astype(np.float32) for hz in (20, 3000))
    assert np.linalg.norm(shelf(low, 32, 1.0)) == pytest.approx(2 * np.linalg.norm(low), rel=0.02)
    assert np.linalg.norm(shelf(high, 32, 1.0)) == pytest.approx(np.linalg.norm(high), rel=0.05)


def test_what_is_played_faster_sounds_higher_and_a_coherent_mix_stays_together(songs):
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)[None].astype(np.float32)
    for semitones in (-4, 5):
        speed = 2 ** (semitones / 12)
        played = faster(tone, speed, RATE // 2)
        want = np.sin(2 * np.pi * 440 * speed * np.arange(RATE // 2) / RATE)
        np.testing.assert_allclose(played[0], want, atol=2e-3)

    class Hurried(Mixer):
        def _speed(self, rng):
            return 1.2

    stems = Hurried(**dataclasses.asdict(PLAIN)).stems(songs[:1], 2.0, np.random.default_rng(0))
    for group in songs[0].groups:
        true, found = faster(songs[0].read(group, 0, 3 * RATE), 1.2, 2 * RATE), stems[GROUPS.index(group)]
        likeness = max(abs(np.vdot(found, x)) for x in (true, true[::-1]))
        assert likeness > 0.999 * np.linalg.norm(found) * np.linalg.norm(true)


def test_few_frames_are_those_of_all(system):
    sound = torch.randn(2, 5001)
    whole = system.frontend(sound)
    for first in (0, 2):
        some = frames_of(sound, system.frontend, first, 3).transpose(-1, -2)
        torch.testing.assert_close(some, whole[..., first::3], atol=1e-5, rtol=1e-4)


def test_powers_in_bands_are_those_of_all_bins(system, songs):
    stems = torch.from_numpy(np.stack([PLAIN.stems(songs, 0.5, np.random.default_rng(seed)) for seed in (0, 1)]))
    features = system.prepare(stems.sum(1))
    found = Mixing(every=2).powers(system, stems, features, 1)
    whole = powers(system.prepare(stems), features)
    want = Powers(*(system.banded(x.transpose(-1, -2)).transpose(-1, -2)[..., 1::2] for x in whole))
    for got, true in zip(found, want, strict=True):
        torch.testing.assert_close(got, true, atol=1e-7, rtol=1e-3)


def test_a_step_teaches_and_validation_is_the_same_each_time(system, songs):
    batch = next(iter(checked(songs, 1.0, 2)))
    assert batch.shape == (2, len(GROUPS), 2, RATE)
    lesson = Mixing(multi_resolution=0.5)
    system.eval()
    (before, parts), (again, _) = (lesson(system, batch) for _ in range(2))
    assert before == again and set(parts) == {"error", "four", "levels", "resolutions"}
    system.train()
    optimizer = torch.optim.Adam(system.parameters(), 1e-2)
    for _ in range(12):
        loss, _ = Mixing()(system, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    system.eval()
    assert Mixing()(system, batch)[1]["error"] < 0.9 * parts["error"]
