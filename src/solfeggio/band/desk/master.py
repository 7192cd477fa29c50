"""Master a mix the way a production would: loud, live, a demo, an old record; nothing in it moves in time."""

from __future__ import annotations

import numpy as np

from solfeggio import codec
from solfeggio.band.desk import effects, filters

PRODUCTIONS = ("studio", "loud", "plain", "live", "demo", "old", "phone")
NOISES = ("hiss", "crowd", "hum", "street")
# how likely each production is, by the kind of music
_CHANCES = {
    "pop": (0.36, 0.36, 0.10, 0.08, 0.06, 0.03, 0.01),
    "rock": (0.28, 0.42, 0.06, 0.13, 0.07, 0.03, 0.01),
    "dance": (0.26, 0.58, 0.08, 0.02, 0.04, 0.01, 0.01),
    "jazz": (0.42, 0.06, 0.22, 0.15, 0.04, 0.10, 0.01),
    "folk": (0.34, 0.10, 0.26, 0.14, 0.10, 0.05, 0.01),
    "classical": (0.26, 0.02, 0.48, 0.15, 0.03, 0.05, 0.01),
}


def draw(rng: np.random.Generator, genre: str) -> str:
    """Draw a production that suits the music; a tenth suits nothing."""
    chances = _CHANCES["pop"] if rng.random() < 0.1 else _CHANCES[genre]
    return str(rng.choice(PRODUCTIONS, p=chances))


def master(samples: np.ndarray, rng: np.random.Generator, rate: int, production: str = "studio") -> np.ndarray:
    """Draw a mastering chain and run (2, n) through it: equaliser, compressor, clipping, noise, colour, codec, level.

    production: one of PRODUCTIONS. The peak of what comes out is -12 to 0 dBFS.
    """
    out = np.asarray(samples, np.float32)
    out = out / np.float32(np.abs(out).max() or 1.0)
    if rng.random() < (0.25 if production == "plain" else 0.6):
        out = filters.convolve(out, filters.equaliser(rng, rate, 0.7))
    if production in ("loud", "studio", "live", "demo"):
        out = _compressed(out, rng, rate, strong=production == "loud")
    out = out / np.float32(np.abs(out).max() or 1.0)
    if production == "loud":
        driven = out * np.float32(10 ** (rng.uniform(2, 12) / 20))
        out = np.tanh(driven) if rng.random() < 0.6 else np.clip(driven, -1, 1)
    elif production in ("demo", "old") or rng.random() < 0.1:
        out = np.tanh(out * np.float32(rng.uniform(1, 2.5)))
    out = _coloured(out, rng, rate, production)
    out = out * np.float32(10 ** (rng.uniform(-12, 0) / 20) / (np.abs(out).max() or 1.0))
    if rng.random() < 0.25:
        name = str(rng.choice(["mp3", "ogg", "opus"], p=[0.35, 0.55, 0.1]))
        out = codec.round_trip(out, rate, name, float(rng.uniform(0, 0.8)))
        out = out * np.float32(min(1.0, 1.0 / (float(np.abs(out).max()) or 1.0)))
    return np.ascontiguousarray(out, np.float32)


def loudness(samples: np.ndarray, rate: int) -> float:
    """Root mean square of the parts that sound: 0.4 s blocks no more than 20 dB below the loudest."""
    block = round(0.4 * rate)
    n = samples.shape[1] // block * block
    if not n:
        return float(np.sqrt(np.mean(samples**2))) if samples.size else 0.0
    blocks = samples[:, :n].reshape(samples.shape[0], -1, block)
    power = np.einsum("cbt,cbt->b", blocks, blocks) / (block * samples.shape[0])
    return float(np.sqrt(power[power >= power.max() * 0.01].mean()))


def noise(rng: np.random.Generator, rate: int, n: int, kind: str) -> np.ndarray:
    """Make background noise, (2, n) float32 with a root mean square of 1; kind: one of NOISES."""
    if kind == "hum":
        time = np.arange(n, dtype=np.float32) * np.float32(2 * np.pi * rng.choice([50, 60]) / rate)
        levels = rng.uniform(0.1, 1, 5) * np.array([1.0, 0.7, 0.4, 0.2, 0.2])
        partials = (level * np.sin(time * np.float32(k)) for k, level in zip((1, 2, 3, 5, 6), levels, strict=True))
        out = np.repeat(sum(partials, np.zeros(n, np.float32))[None], 2, 0)
    else:
        low = {"hiss": rng.uniform(300, 2000), "crowd": rng.uniform(120, 350), "street": 25.0}[kind]
        high = {"hiss": 12000.0, "crowd": rng.uniform(1500, 4000), "street": rng.uniform(120, 700)}[kind]
        out = rng.standard_normal((2, n), dtype=np.float32)
        out = filters.convolve(out, filters.band_pass(low, high, rate, rng.uniform(4, 12)))
    if kind in ("crowd", "street"):
        points = max(2, round(n / rate * 2))
        swell = 10 ** (rng.normal(0, 4, points) / 20)
        out = out * effects.curve(np.linspace(0, max(n - 1, 1), points), swell, n)
    return (out / np.float32(np.sqrt(np.mean(out**2)) or 1.0)).astype(np.float32)


def _compressed(samples: np.ndarray, rng: np.random.Generator, rate: int, strong: bool) -> np.ndarray:
    return effects.compress(
        samples,
        rate,
        percentile=rng.uniform(30, 60) if strong else rng.uniform(60, 90),
        ratio=rng.uniform(3, 12) if strong else rng.uniform(1.5, 4),
        attack=rng.uniform(0.002, 0.03),
        release=rng.uniform(0.05, 0.4),
    )


def _coloured(out: np.ndarray, rng: np.random.Generator, rate: int, production: str) -> np.ndarray:
    """Noise, bandwidth and channels of a production."""
    n = out.shape[1]
    chance = {"live": 1.0, "demo": 0.7, "old": 1.0, "phone": 0.5}.get(production, 0.1)
    if rng.random() < chance:
        kind = {"live": "crowd", "old": "hiss"}.get(production) or str(rng.choice(NOISES))
        below_db = rng.uniform(14, 38) if production == "live" else rng.uniform(18, 55)
        out = out + noise(rng, rate, n, kind) * np.float32(loudness(out, rate) * 10 ** (-below_db / 20))
    if production == "old" and rng.random() < 0.6:
        out = out + _vinyl(rng, rate, n)
    if production in ("demo", "old", "phone"):
        low, high = {
            "demo": (rng.uniform(40, 120), rng.uniform(5e3, 12e3)),
            "old": (rng.uniform(60, 250), rng.uniform(3e3, 8e3)),
            "phone": (300, 3400),
        }[production]
        out = filters.convolve(out, filters.band_pass(low, high, rate))
    mono = {"demo": 0.4, "old": 0.8, "phone": 1.0}.get(production, 0.05)
    return np.repeat(out.mean(0, keepdims=True), 2, 0) if rng.random() < mono else out


def _vinyl(rng: np.random.Generator, rate: int, n: int) -> np.ndarray:
    """Crackle of an old disc, (2, n), against music with a peak of 1."""
    out = np.zeros((2, n), np.float32)
    count = int(n / rate * rng.uniform(2, 30))
    out[:, rng.integers(0, max(n, 1), count)] += rng.standard_normal(count) * 10 ** (rng.uniform(-35, -15) / 20)
    return out
