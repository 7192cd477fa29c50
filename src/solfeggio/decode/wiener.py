"""Multichannel Wiener filter: magnitudes and positions in space share a mixture out among its stems."""

from __future__ import annotations

from typing import Any

from solfeggio.decode.descent import Array, namespace
from solfeggio.errors import AnswerError, ConfigError

NOISE = 1e-5  # of each bin's mean power: a part of every stem that comes from everywhere, so that filters exist
BLOCK = 2**17  # numbers of a block of bins, computed together


def wiener(mixture: Array, magnitudes: Array, iterations: int = 1, residual: bool = False) -> Array:
    """Share a mixture out by expectation maximisation of a local Gaussian model; the stems sum to the mixture.

    mixture: complex (channel, bin, frame). magnitudes: (stem, channel, bin, frame), what each stem is thought to be;
    complex ones, with phases of their own, are taken as they are. Each starts with the mixture's phase. In each
    iteration a stem has a power in every bin and frame and in every bin one covariance of its channels, both measured
    on the last estimate; the new one is what the Wiener filter of all leaves of the mixture. Silence stays silent.
    iterations: 0 shares the mixture by magnitude, in each channel for itself. residual: what the magnitudes do not
    explain is one more stem, which is not returned, and the others no longer sum to the mixture. Returns complex
    (stem, channel, bin, frame); numpy arrays and torch tensors both work.
    Raises AnswerError for shapes that do not fit, ConfigError for less than 0 iterations.

    Source: Duong, Vincent, Gribonval, TASLP 2010; as in Nugraha, Liutkus, Vincent, TASLP 2016.

    >>> import numpy as np
    >>> wiener(np.full((1, 1, 1), 8j), np.array([2.0, 6.0]).reshape(2, 1, 1, 1), 0)[:, 0, 0, 0]
    array([0.+2.j, 0.+6.j])
    """
    if mixture.ndim != 3 or magnitudes.ndim != 4 or tuple(magnitudes.shape[1:]) != tuple(mixture.shape):
        raise AnswerError(
            f"magnitudes of shape {tuple(magnitudes.shape)} for a mixture of shape {tuple(mixture.shape)}",
            "expected (stem, channel, bin, frame) and (channel, bin, frame)",
        )
    if iterations < 0:
        raise ConfigError(f"{iterations} iterations", "expected 0 or more")
    xp = namespace(mixture)
    if not mixture.shape[2]:
        return mixture[None] * magnitudes
    size = max(1, BLOCK // max(1, len(magnitudes) * len(mixture) * mixture.shape[2]))
    parts = []
    for start in range(0, mixture.shape[1], size):  # bins know nothing of each other
        x, guess = mixture[:, start : start + size], magnitudes[:, :, start : start + size]
        parts.append(_typed(_shared(_typed(x, xp.complex128), guess, iterations, residual), mixture.dtype))
    return xp.concatenate(parts, 2) if parts else mixture[None] * magnitudes


def _typed(values: Array, dtype: Any) -> Array:
    return values.to(dtype) if hasattr(values, "to") else values.astype(dtype, copy=False)


def _shared(x: Array, guess: Array, iterations: int, residual: bool) -> Array:
    """Do what ``wiener`` does to a few bins."""
    xp, stems = namespace(x), len(guess)
    level = abs(x)
    if guess.dtype in (xp.complex64, xp.complex128):
        y = guess
    else:
        y = guess * xp.where(level > 0, x / xp.where(level > 0, level, 1), 1)
    if residual:
        y = xp.concatenate([y, (x - y.sum(0))[None]])
    if not iterations:
        weights = abs(y)
        total = weights.sum(0)
        return (xp.where(total > 0, weights / xp.where(total > 0, total, 1), 1 / len(y)) * x)[:stems]
    noise = NOISE * (level**2).mean(2).mean(0)[:, None] / len(y)  # (bin, 1)
    for _ in range(iterations):
        y = _iterate(x, y, noise)
    return y[:stems]


def _iterate(x: Array, y: Array, noise: Array) -> Array:
    """Measure powers and covariances of the estimates (stem, channel, bin, frame), then filter the mixture."""
    xp, channels = namespace(x), len(x)
    power = (abs(y) ** 2).mean(1)  # (stem, bin, frame)
    total = power.sum(-1)
    scale = 1 / xp.where(total > 0, total, 1)
    # r[a][b]: (stem, bin, 1), how channels a and b of a stem go together
    r = [[((y[:, a] * y[:, b].conj()).sum(-1) * scale)[..., None] for b in range(channels)] for a in range(channels)]
    quiet = noise == 0
    own = xp.where(quiet, 1, noise * len(y))  # a silent bin gets a filter, of nothing
    c = [[(power * r[a][b]).sum(0) + (own if a == b else 0) for b in range(channels)] for a in range(channels)]
    z = _solve(c, list(x))  # c^-1 x, by channel
    found = [
        power * sum((r[a][b] * z[b] for b in range(1, channels)), r[a][0] * z[0]) + noise * z[a]
        for a in range(channels)
    ]
    return xp.stack(found, 1)


def _solve(c: list[list[Array]], x: list[Array]) -> list[Array]:
    """Solve c z = x in every bin and frame: Hermitian matrices of 1 or 2 channels by hand, more by elimination."""
    if len(x) == 1:
        return [x[0] / c[0][0]]
    if len(x) == 2:
        det = c[0][0] * c[1][1] - c[0][1] * c[1][0]
        return [(c[1][1] * x[0] - c[0][1] * x[1]) / det, (c[0][0] * x[1] - c[1][0] * x[0]) / det]
    pivot, rest = c[0][0], range(1, len(x))
    smaller = [[c[a][b] - c[a][0] * c[0][b] / pivot for b in rest] for a in rest]
    z = _solve(smaller, [x[a] - c[a][0] * x[0] / pivot for a in rest])
    return [(x[0] - sum(c[0][b] * z[b - 1] for b in rest)) / pivot, *z]
