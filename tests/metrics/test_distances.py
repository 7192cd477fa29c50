"""Distances of sets and their densities: equal to scipy's sums; defined where curves cannot be drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from solfeggio.errors import ConfigError
from solfeggio.metrics.distances import Density, agreement, distances

RNG = np.random.default_rng(0)
SAMPLES = {
    "normal": RNG.normal(3, 1, 400),
    "counts": RNG.poisson(4, 700).astype(float),
    "two heaps far apart": np.concatenate([RNG.normal(0, 1, 200), RNG.normal(500, 1, 3)]),
    "two": np.array([1.0, 4.0]),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_density_is_scipys(name: str):
    samples = SAMPLES[name]
    x = np.linspace(samples.min() - 3, samples.max() + 3, 500)
    expected = stats.gaussian_kde(samples)(x)
    np.testing.assert_allclose(Density(samples)(x), expected, rtol=2e-6, atol=1e-300)
    np.testing.assert_allclose(Density(samples)(x), expected, atol=1e-12 * expected.max())
    twice = stats.gaussian_kde(np.repeat(samples, 2))(x)
    np.testing.assert_allclose(Density(samples, times=2)(x), twice, rtol=2e-6, atol=1e-300)


def test_distances_are_those_of_every_pair():
    a, b = RNG.normal(size=(7, 3, 4)), RNG.normal(size=(5, 3, 4))
    a[:, 1] = b[:, 1] = 0
    found = distances(a, b)
    within = sorted(np.linalg.norm(a[i] - a[j]) for i in range(7) for j in range(i))
    np.testing.assert_allclose(sorted(found.intra_a), within)
    np.testing.assert_allclose(found.inter, [np.linalg.norm(x - y) for x in a for y in b])
    assert len(found.intra_b) == 10
    zero = distances(np.zeros((3, 2)), np.zeros((2, 2)))
    assert [len(d) for d in zero] == [3, 1, 6] and not np.concatenate(zero).any()
    with pytest.raises(ConfigError, match="one shape"):
        distances(a, b[:, :2])


def test_agreement_is_that_of_the_plain_formulas():
    intra, inter = RNG.gamma(3, 1, 60), RNG.gamma(4, 1, 90)
    found = agreement(intra, inter)
    p, q = stats.gaussian_kde(np.repeat(intra, 2)), stats.gaussian_kde(inter)
    grids = [np.linspace(x.min(), x.max(), 1000) for x in (intra, inter)]
    assert found["KLD published"] == pytest.approx(stats.entropy(p(grids[0]), q(grids[1])), rel=1e-6)
    low, high = min(intra.min(), inter.min()), max(intra.max(), inter.max())
    area, _ = integrate.quad(lambda x: min(p(x)[0], q(x)[0]), low, high, limit=60, epsabs=1e-5)
    assert found["overlap published"] == pytest.approx(area, abs=1e-4)
    wide = np.linspace(low - 3, high + 3, 5000)
    masses = [np.maximum(d(wide) / d(wide).sum(), 1e-13) for d in (p, q)]
    assert found["KLD"] == pytest.approx(stats.entropy(*masses), rel=0.01)
    assert found["overlap"] == pytest.approx(np.minimum(*masses).sum(), abs=1e-3)


def test_equal_sets_agree_and_sets_apart_do_not():
    x = RNG.normal(size=200)
    same, apart = agreement(x, x, times=1), agreement(x, x + 1000, times=1)
    assert same["KLD"] == pytest.approx(0, abs=1e-12) and same["overlap"] == pytest.approx(1)
    assert 0.9 < same["overlap published"] < 1
    assert apart["overlap"] < 1e-6 and 10 < apart["KLD"] < math.inf


def test_what_cannot_be_drawn_is_defined():
    x = RNG.normal(5, 1, 100)
    for none in (agreement(np.zeros(0), x), agreement(x, np.zeros(0))):
        assert all(math.isnan(value) for value in none.values())
    equal, unequal = agreement(np.full(3, 2.0), np.full(9, 2.0)), agreement(np.full(3, 2.0), np.full(9, 3.0))
    assert (equal["KLD"], equal["overlap"]) == (0, 1)
    assert (unequal["KLD"], unequal["overlap"]) == (math.inf, 0)
    assert math.isnan(equal["KLD published"]) and math.isnan(unequal["overlap published"])
    near, far = agreement(np.full(4, 5.0), x), agreement(np.full(4, 50.0), x)
    assert 0 < far["overlap"] + 1e-9 < near["overlap"] < 1 and near["KLD"] < far["KLD"] < math.inf
    assert math.isnan(near["KLD published"])
    assert 0 <= agreement(np.array([1.0]), x)["overlap"] <= 1
