"""Measures of codes on hand-made ones: a perfect code on top, a rotated one between, noise at the bottom."""

from __future__ import annotations

import numpy as np
import pytest

from solfeggio.errors import ConfigError
from solfeggio.metrics import latents
from solfeggio.metrics.information import entropies, information, machine_accuracy

N = 1500
RNG = np.random.default_rng(0)
SIZES = (6, 3, 2, 2)
DISCRETE = np.stack([RNG.integers(0, size, N) for size in SIZES], 1)
CONTINUOUS = RNG.normal(size=(N, 3)) @ np.diag([1.0, 2.0, 0.1])


def padded(code: np.ndarray, spare: int = 3) -> np.ndarray:
    return np.concatenate([code, np.random.default_rng(1).normal(size=(len(code), spare))], 1)


def rotated(code: np.ndarray) -> np.ndarray:
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(code.shape[1],) * 2))[0]
    return (code - code.mean(0)) / code.std(0) @ turn


def codes_of(factors: np.ndarray) -> dict[str, np.ndarray]:
    hair = 1e-3 * np.random.default_rng(3).normal(size=factors.shape)
    return {
        "perfect": padded(factors + hair),
        "rotated": padded(rotated(factors) + 300 * hair),
        "noise": np.random.default_rng(4).normal(size=(len(factors), factors.shape[1] + 3)),
    }


MEASURES = {
    "mig": latents.mig,
    "mig by neighbours": lambda c, f: latents.mig(c, f, "neighbours"),
    "modularity": latents.modularity,
    "sap": latents.sap,
    "disentanglement": lambda c, f: latents.dci(c, f, trees=5)["disentanglement"],
    "completeness": lambda c, f: latents.dci(c, f, trees=5)["completeness"],
    "lasso disentanglement": lambda c, f: latents.dci(c, f, "lasso")["disentanglement"],
    "correlation": latents.correlation,
    "interpretability": latents.interpretability,
}
KINDS = {"discrete": DISCRETE, "continuous": CONTINUOUS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MEASURES)
def test_a_perfect_code_is_above_a_rotated_one_and_noise_is_below(name, kind):
    found = {code: MEASURES[name](values, KINDS[kind]) for code, values in codes_of(KINDS[kind]).items()}
    values = {code: one.mean for code, one in found.items()}
    assert all(0 <= value <= 1 for one in found.values() for value in (one.mean, *one.factors))
    assert values["perfect"] > values["rotated"] + 0.08
    if "disentanglement" in name or "completeness" in name:  # trees and weights share what noise there is
        assert values["perfect"] > values["noise"] + 0.4
    else:
        assert values["rotated"] > values["noise"] - 0.02  # gaps of both are small
        assert values["noise"] < 0.12
    top = {"sap": 0.4, "mig by neighbours": 0.75, "correlation": 0.9}.get(name, 0.75)
    assert values["perfect"] > top
    assert found["perfect"].estimator and len(found["perfect"].factors) == KINDS[kind].shape[1]


@pytest.mark.parametrize("name", [name for name in MEASURES if "disent" not in name and "compl" not in name])
def test_the_best_dimension_is_named(name):
    assert MEASURES[name](codes_of(DISCRETE)["perfect"], DISCRETE).dimensions == (0, 1, 2, 3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [name for name in MEASURES if name != "disentanglement" and name != "completeness"])
def test_order_and_sign_of_dimensions_do_not_matter(name, kind):
    factors = KINDS[kind][:600]
    code = codes_of(factors)["rotated"]
    other = -code[:, np.random.default_rng(5).permutation(code.shape[1])]
    one, again = MEASURES[name](code, factors), MEASURES[name](other, factors)
    np.testing.assert_allclose(one.factors, again.factors, atol=0.03)


@pytest.mark.parametrize("name", MEASURES)
def test_what_does_not_vary_has_defined_values(name):
    factors = np.concatenate([DISCRETE, np.full((N, 1), 3)], 1)
    code = padded(factors + 1e-3 * RNG.normal(size=factors.shape))
    found = MEASURES[name](code, factors)
    assert found.factors[-1] == 0 and found.dimensions[-1] == -1
    assert found.mean == pytest.approx(MEASURES[name](code, DISCRETE).mean, abs=0.03)
    for constant in (np.zeros((N, 4)), np.full((N, 1), 2.5)):
        dead = MEASURES[name](constant, factors)
        assert dead.mean == 0 and not any(dead.factors) and set(dead.dimensions) == {-1}
    nothing = MEASURES[name](code, np.ones((N, 2)))
    assert nothing.mean == 0 and nothing.factors == (0.0, 0.0)


def test_information_of_both_estimators_is_that_of_the_textbook():
    a = RNG.normal(size=(4000, 1))
    for rho in (0.0, 0.5, 0.9):
        b = rho * a + np.sqrt(1 - rho**2) * RNG.normal(size=a.shape)
        assert information(a, b, "neighbours")[0, 0] == pytest.approx(-0.5 * np.log(1 - rho**2), abs=0.05)
    coin = RNG.integers(0, 2, (4000, 1))
    for estimator in ("histogram", "neighbours"):
        assert information(coin + 0.01 * a, coin, estimator)[0, 0] == pytest.approx(np.log(2), abs=0.01)
        assert information(coin * 1.0, coin, estimator)[0, 0] == pytest.approx(np.log(2), abs=0.01)
        assert entropies(coin, estimator)[0] == pytest.approx(np.log(2), abs=0.01)


@pytest.mark.oracle
def test_neighbours_agree_with_scikit_learn():
    selection = pytest.importorskip("sklearn.feature_selection")
    code = rotated(DISCRETE)[:800]
    ours = information(code, DISCRETE[:800], "neighbours")
    theirs = [selection.mutual_info_classif(code, f, random_state=0) for f in DISCRETE[:800].T]
    np.testing.assert_allclose(ours, np.stack(theirs, 1), atol=0.01)
    ours = information(code, CONTINUOUS[:800], "neighbours")
    theirs = [selection.mutual_info_regression(code, f, random_state=0) for f in CONTINUOUS[:800].T]
    np.testing.assert_allclose(ours, np.stack(theirs, 1), atol=0.01)


@pytest.mark.oracle
@pytest.mark.parametrize("classes", [2, 5])
def test_the_support_vector_machine_agrees_with_scikit_learn(classes):
    svm = pytest.importorskip("sklearn.svm")
    truth = RNG.choice(classes, 900, p=np.arange(1, classes + 1) / np.arange(1, classes + 1).sum())
    code = truth + 0.7 * RNG.normal(size=900)
    machine = svm.LinearSVC(C=0.01, class_weight="balanced", dual=False, tol=1e-8).fit(code[:500, None], truth[:500])
    theirs = machine.score(code[500:, None], truth[500:])
    assert machine_accuracy(code[:500], truth[:500], code[500:], truth[500:]) == pytest.approx(theirs, abs=0.003)


def test_published_modularity_flatters_noise():
    factors = np.stack([RNG.integers(0, size, N) for size in (28, 2, 2, 2)], 1)
    noise = RNG.normal(size=(N, 8))
    assert latents.modularity(noise, factors, as_published=True).mean > 0.9
    assert latents.modularity(noise, factors).mean < 0.2


def test_informativeness_does_not_ask_for_order():
    found = {name: latents.dci(code, DISCRETE)["informativeness"].mean for name, code in codes_of(DISCRETE).items()}
    assert found["perfect"] > 0.97 and found["noise"] < 0.1


@pytest.mark.parametrize(
    ("code", "factors"),
    [
        (np.zeros((50, 3)), np.zeros((49, 2))),
        (np.zeros(50), np.zeros((50, 1))),
        (np.zeros((5, 3)), np.zeros((5, 2))),
        (np.full((50, 3), np.nan), np.zeros((50, 2))),
        (np.zeros((50, 0)), np.zeros((50, 2))),
    ],
)
def test_bad_input_is_refused(code, factors):
    with pytest.raises(ConfigError):
        latents.mig(code, factors)


def test_unknown_estimators_are_refused():
    for call in (lambda: latents.mig(DISCRETE, DISCRETE, "guess"), lambda: latents.dci(DISCRETE, DISCRETE, "guess")):
        with pytest.raises(ConfigError, match="guess"):
            call()


CODES = RNG.normal(size=(40, 5))


def test_a_decoder_that_follows_its_code_is_controlled():
    found = latents.control_score(lambda z: z, lambda z: np.floor(z[:, :3] * 2), CODES, [0, 1, 2])
    assert found.factors == (1.0, 1.0, 1.0) and found.mean == 1
    np.testing.assert_array_equal(found.changes, np.eye(3))
    assert all(follow > 0.9 for follow in found.follows)
    falling = latents.control_score(lambda z: -z, lambda z: np.floor(z[:, :3] * 2), CODES, [0, 1, 2])
    assert falling.factors == (1.0, 1.0, 1.0) and all(follow < -0.9 for follow in falling.follows)


def test_dead_knobs_and_knobs_that_turn_everything_score_nothing():
    def total(z: np.ndarray) -> np.ndarray:
        return np.repeat(z.sum(1, keepdims=True), 3, 1)

    assert latents.control_score(lambda z: z, total, CODES, [0, 1, 2]).mean == 0
    assert latents.control_score(lambda z: z, lambda z: z[:, :3], CODES, [3, 4, -1]).mean == 0
    half = latents.control_score(lambda z: z, lambda z: z[:, [0, 0, 1]], CODES, [0, 0, 1])
    assert half.factors == (0.5, 0.5, 1.0)  # the first two move together


def test_differences_within_the_tolerance_are_none():
    def leaky(z: np.ndarray) -> np.ndarray:
        return np.stack([z[:, 0] + 0.01 * z[:, 1], z[:, 1] + 0.01 * z[:, 0]], 1)

    assert latents.control_score(lambda z: z, leaky, CODES, [0, 1]).mean == 0
    assert latents.control_score(lambda z: z, leaky, CODES, [0, 1], tolerance=0.2).mean == 1


def test_knobs_must_be_dimensions_and_attributes_must_match():
    for knobs in ([], [7], [-2]):
        with pytest.raises(ConfigError):
            latents.control_score(lambda z: z, lambda z: z, CODES, knobs)
    with pytest.raises(ConfigError, match="attributes"):
        latents.control_score(lambda z: z, lambda z: z, CODES, [0, 1])
