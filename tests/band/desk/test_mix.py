from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solfeggio.answers import Events, Notes, Segments
from solfeggio.band.desk import mix
from solfeggio.band.desk.sketch import sketch
from solfeggio.band.song import Performance, Played, Song

RATE = 22050


@pytest.fixture(scope="module")
def stems(tiny):
    return sketch(tiny, np.random.default_rng(0), RATE)


def _decibels(difference: np.ndarray, reference: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(difference**2) / np.mean(reference**2) + 1e-20))


def test_dry_stems_sum_to_the_mix(stems):
    total, parts = mix.mix(stems, np.random.default_rng(1), RATE, dry=True)
    assert list(parts) == list(stems)
    assert _decibels(total - sum(parts.values()), total) < -100


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("known", [True, False])
def test_wet_stems_sum_to_what_is_mastered(stems, tiny, seed, known, monkeypatch):
    monkeypatch.setattr(mix, "master", lambda samples, rng, rate, production: samples)
    played = _with_effects(tiny) if known else None
    total, parts = mix.mix(stems, np.random.default_rng(seed), RATE, performance=played)
    assert _decibels(total - sum(parts.values()), total) < -60
    alone, none = mix.mix(stems, np.random.default_rng(seed), RATE, performance=played, keep_stems=False)
    assert not none and _decibels(total - alone, total) < -60


def _with_effects(played: Performance) -> Performance:
    effects = Segments([0.0, 1.0, 2.5], [4.0, 2.5, 4.0], ["sidechain", "sweep up", "sweep down"])
    return replace(played, spans={**played.spans, "effects": effects})


def test_a_sidechain_ducks_the_others_under_the_kick(monkeypatch):
    monkeypatch.setattr(mix, "master", lambda samples, rng, rate, production: samples)
    kicks = np.arange(0.5, 4, 0.5)
    tone = np.ones((2, 1)) * 0.2 * np.sin(np.arange(5 * RATE) * 0.2)
    stems = {"drums": np.zeros_like(tone, np.float32), "pad": tone.astype(np.float32)}
    drums = Played("drums", 0, True, Notes(kicks, kicks + 0.1, [36.0] * 7, [100.0] * 7))
    pad = Played("pad", 90, False, Notes([0.0], [5.0], [60.0], [80.0]))
    song = replace(_tiny_song(), style="house")
    spans = {"effects": Segments([0.0], [2.2], ["sidechain"])}
    played = Performance(song, (drums, pad), Events(kicks, ["1"] * 7), 5.0, spans)
    ratios = []
    for seed in range(5):
        _, parts = mix.mix(stems, np.random.default_rng(seed), RATE, performance=played)
        level = np.sqrt(np.square(parts["pad"]).mean(0)[: 4 * RATE].reshape(-1, 441).mean(1))  # 20 ms
        ratios.append((level[51:53].mean() / level[70:74].mean(), level[151:153].mean() / level[170:174].mean()))
    inside, outside = np.median(ratios, axis=0)
    assert inside < 0.75 < outside  # kicks at 1 s and 3 s: only the first lies in the span


def _tiny_song() -> Song:
    return Song("x", "pop", 120, (), 8, np.arange(8.0), np.arange(8) % 4 + 1)


def test_groups_of_musdb_keep_the_sum(stems, tiny):
    groups = mix.grouped(stems, tiny)
    assert tuple(groups) == mix.GROUPS
    assert _decibels(sum(groups.values()) - sum(stems.values()), sum(stems.values())) < -100
    assert np.allclose(groups["drums"], stems["drums"]) and np.allclose(groups["bass"], stems["bass"])
    assert not groups["vocals"].any()
    sung = replace(tiny, parts=tuple(replace(p, words=("la",) * len(p.notes)) if p.name == "melody" else p
                                     for p in tiny.parts))  # fmt: skip
    assert np.allclose(mix.grouped(stems, sung)["vocals"], stems["melody"])


@pytest.mark.parametrize(
    ("style", "genre"),
    [("hard-rock", "rock"), ("deep-house", "dance"), ("jazz-swing", "jazz"), ("string-quartet", "classical"),
     ("session-jigs", "folk"), ("soul", "pop")],
)  # fmt: skip
def test_styles_have_a_kind_of_mix(tiny, style, genre):
    assert mix.genre_of(replace(tiny, song=replace(tiny.song, style=style, name=style))) == genre


def test_drums_are_louder_in_dance_than_in_folk(stems, tiny):
    def share(style: str) -> float:
        played = replace(tiny, song=replace(tiny.song, style=style, name=style))
        levels = []
        for seed in range(8):
            _, parts = mix.mix(stems, np.random.default_rng(seed), RATE, performance=played, dry=True)
            levels.append(mix.loudness(parts["drums"], RATE) / mix.loudness(parts["melody"], RATE))
        return float(np.median(levels))

    assert share("house") > 1.5 * share("reel")


def test_same_rng_same_mix_and_another_rng_another(stems):
    first, second, other = (mix.mix(stems, np.random.default_rng(seed), RATE)[0] for seed in (3, 3, 4))
    assert np.array_equal(first, second) and not np.array_equal(first, other)


@pytest.mark.parametrize("seed", range(12))
def test_peak_is_between_minus_12_and_0_dbfs(stems, seed):
    total, _ = mix.mix(stems, np.random.default_rng(seed), RATE)
    assert total.dtype == np.float32 and total.shape == stems["drums"].shape and np.isfinite(total).all()
    assert -16 < 20 * np.log10(np.abs(total).max()) <= 0.01  # a codec may take some off


@pytest.mark.parametrize("seed", range(12))
def test_a_mix_does_not_move_in_time(stems, seed):
    total, _ = mix.mix(stems, np.random.default_rng(seed), RATE)
    clean = sum(stems.values())

    def rises(samples: np.ndarray) -> np.ndarray:
        hop = 32
        power = np.square(np.diff(samples[:, : RATE * 4].mean(0)))[: RATE * 4 // hop * hop - hop].reshape(-1, hop)
        rise = np.maximum(np.diff(np.log(power.mean(1) + 1e-7)), 0)
        return rise - rise.mean()

    match = np.correlate(rises(total), rises(clean), "full")
    lag = (int(np.argmax(match)) - len(rises(clean)) + 1) * 32 / RATE
    assert abs(lag) < 0.005


def test_silence_and_no_stems_stay_silent_and_finite():
    silent = {"drums": np.zeros((2, 2000), np.float32), "bass": np.zeros((2, 2000), np.float32)}
    for seed in range(6):
        assert np.isfinite(mix.mix(silent, np.random.default_rng(seed), RATE)[0]).all()
    assert mix.mix({}, np.random.default_rng(0), RATE)[0].shape == (2, 0)
