"""Turn dry stems into a record: levels, equalisers, distortion, a room, then the mastering that real records have.

Everything up to the sum is done to each stem, so stems sum to the mix that goes into ``master``.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from solfeggio import codec
from solfeggio.band import filters

# loudness of a part beside the others, dB: (what its name holds, level)
_LEVELS_DB = (("drum", 1.0), ("perc", -4.0), ("bass", 0.0), ("melody", 1.0), ("lead", 1.0), ("voc", 2.0),
              ("solo", 0.0), ("pad", -7.0), ("string", -5.0))  # fmt: skip
_OTHER_DB = -3.5
_GUITARS = range(26, 32)


def mix(
    stems: dict[str, np.ndarray],
    rng: np.random.Generator,
    rate: int,
    *,
    dry: bool = False,
    programs: dict[str, int] | None = None,
    keep_stems: bool = True,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Mix stems (2, n) into (2, n) float32 with a peak of -12 to 0 dBFS; returns (mix, stems as they went into it).

    dry: levels and panning only, no effects and no mastering; the stems then sum to the mix exactly. programs: General
    MIDI program by part, so that guitars may be overdriven. keep_stems: False saves time and returns no stems.
    The same for the same ``rng``; ``keep_stems`` does not change the mix beyond rounding.
    """
    names = list(stems)
    if not names:
        return np.zeros((2, 0), np.float32), {}
    response = filters.room(rng, rate)
    wetness_db = rng.uniform(-26, -7) if rng.random() < 0.9 else -3.0
    dry_parts, sends = {}, {}
    for name in names:
        dry_parts[name], send = _channel(name, stems[name], rng, rate, dry, (programs or {}).get(name))
        sends[name] = send * 10 ** (wetness_db / 20)
    if dry:
        parts = dry_parts
        total = _sum(parts.values())
    elif keep_stems:
        parts = {n: part + filters.convolve(sends[n] * part.mean(0), response) for n, part in dry_parts.items()}
        total = _sum(parts.values())
    else:
        parts = {}
        bus = _sum(sends[n] * part.mean(0) for n, part in dry_parts.items())
        total = _sum(dry_parts.values()) + filters.convolve(bus, response)
    scale = 0.5 / (float(np.abs(total).max()) or 1.0)
    parts = {name: part * np.float32(scale) for name, part in parts.items()}
    total = total * np.float32(scale)
    return (total if dry else master(total, rng, rate)), parts


def loudness(samples: np.ndarray, rate: int) -> float:
    """Root mean square of the parts that sound: 0.4 s blocks no more than 20 dB below the loudest."""
    block = round(0.4 * rate)
    n = samples.shape[1] // block * block
    if not n:
        return float(np.sqrt(np.mean(samples**2))) if samples.size else 0.0
    power = np.square(samples[:, :n]).reshape(samples.shape[0], -1, block).mean((0, 2))
    return float(np.sqrt(power[power >= power.max() * 0.01].mean()))


def master(samples: np.ndarray, rng: np.random.Generator, rate: int) -> np.ndarray:
    """Draw a mastering chain and run (2, n) through it: equaliser, compressor, clipping, noise, colour, codec, level.

    A third of the results are loud modern masters, compressed and clipped; some are nearly untouched.
    """
    out: np.ndarray = np.asarray(samples, np.float32)
    out = out / np.float32(np.abs(out).max() or 1.0)
    if rng.random() < 0.6:
        out = filters.convolve(out, filters.equaliser(rng, rate, 0.7))
    style = rng.choice(["plain", "glued", "loud"], p=[0.35, 0.35, 0.3])
    if style != "plain":
        out = _compress(out, rng, rate, strong=style == "loud")
    out = out / np.float32(np.abs(out).max() or 1.0)
    if style == "loud":
        driven = out * np.float32(10 ** (rng.uniform(2, 12) / 20))
        out = np.tanh(driven) if rng.random() < 0.6 else np.clip(driven, -1, 1)
    elif rng.random() < 0.1:
        out = np.tanh(out * np.float32(rng.uniform(1, 2.5)))
    if rng.random() < 0.2:
        out = out + _noise(rng, rate, out.shape[1]) * np.float32(
            loudness(out, rate) * 10 ** (-rng.uniform(12, 50) / 20)
        )
    colour = rng.random()
    if colour < 0.02:
        out = np.repeat(filters.convolve(out.mean(0), filters.band_pass(300, 3400, rate)), 2, 0)
    elif colour < 0.05:
        out = filters.convolve(
            out + _vinyl(rng, rate, out.shape[1]), filters.band_pass(60, rng.uniform(4e3, 9e3), rate)
        )
    elif colour < 0.12:
        out = np.repeat(out.mean(0, keepdims=True), 2, 0)
    out = out * np.float32(10 ** (rng.uniform(-12, 0) / 20) / (np.abs(out).max() or 1.0))
    if rng.random() < 0.3:
        out = codec.round_trip(
            out, rate, str(rng.choice(["mp3", "ogg", "opus"], p=[0.35, 0.55, 0.1])), float(rng.uniform(0, 0.8))
        )
        out = out * np.float32(min(1.0, 1.0 / (float(np.abs(out).max()) or 1.0)))
    return np.ascontiguousarray(out, np.float32)


def _sum(parts: Iterable[np.ndarray]) -> np.ndarray:
    """Add arrays without stacking them."""
    parts = iter(parts)
    total = next(parts).astype(np.float32)
    for part in parts:
        total += part
    return total


def _channel(
    name: str, stem: np.ndarray, rng: np.random.Generator, rate: int, dry: bool, program: int | None
) -> tuple[np.ndarray, np.float32]:
    """One strip of the desk: returns the processed (2, n) stem and how much of it the room gets."""
    drums = "drum" in name or "perc" in name
    low = "bass" in name
    level_db = next((db for key, db in _LEVELS_DB if key in name), _OTHER_DB)
    level_db += float(np.clip(rng.normal(0, 3.5), -9, 9))
    pan = 0.0 if drums or low else float(np.clip(rng.normal(0, 0.35), -0.9, 0.9))
    width = float(rng.uniform(0, 1)) if not low else 0.0
    send = np.float32(10 ** (rng.uniform(-9, 3) / 20) * (0.25 if low else 1.0))
    guitar = program in _GUITARS or "guitar" in name
    overdrive = float(rng.uniform(2, 25)) if guitar and rng.random() < 0.35 else 0.0
    saturate = float(rng.uniform(1, 5)) if not overdrive and rng.random() < 0.12 else 0.0
    doubled = not drums and not low and rng.random() < 0.12
    equalised = rng.random() < 0.75
    curve = filters.equaliser(rng, rate) if equalised else None
    detune = rng.uniform(0.4, 1.2), rng.uniform(0.008, 0.02), rng.uniform(0, 6.28)
    middle, side = stem.mean(0), (stem[0] - stem[1]) * np.float32(0.5 * width)
    out = np.stack([middle + side, middle - side])
    if not dry:
        if overdrive or saturate:
            peak = np.float32(loudness(out, rate) * 3 + 1e-9)
            out = np.tanh(out * (np.float32(overdrive or saturate) / peak))
        if overdrive:
            out = filters.convolve(out, filters.band_pass(80, 5000, rate, 18))
        if doubled:
            out = out + np.float32(0.7) * _detuned(out, rate, *detune)
        if curve is not None:
            out = filters.convolve(out, curve)
    angle = (pan + 1) * np.pi / 4
    gains = np.sqrt(2) * np.array([[np.cos(angle)], [np.sin(angle)]]) * 10 ** (level_db / 20)
    return (out * (gains / (loudness(out, rate) or 1.0) * 0.1).astype(np.float32)), send


def _detuned(samples: np.ndarray, rate: int, hz: float, depth: float, phase: float) -> np.ndarray:
    """Copy the middle of (2, n), as (n,), through a delay that swings slowly, as a second player would sound."""
    middle = samples.mean(0)
    index = np.arange(len(middle), dtype=np.int32)
    swing = np.sin(index * np.float32(2 * np.pi * hz / rate) + np.float32(phase))
    late = np.float32(depth * rate) * (1 + np.float32(0.15) * swing)
    whole = late.astype(np.int32)
    part = late - whole
    index -= whole
    return middle[np.maximum(index, 0)] * (1 - part) + middle[np.maximum(index - 1, 0)] * part


def _compress(samples: np.ndarray, rng: np.random.Generator, rate: int, strong: bool) -> np.ndarray:
    """Bus compressor: level of 5 ms blocks, smoothed by attack and release, gain straight between blocks."""
    block = round(0.005 * rate)
    n = samples.shape[1]
    blocks = -(-n // block)
    padded = np.zeros(blocks * block, np.float32)
    padded[:n] = np.abs(samples).max(0)
    level_db = 20 * np.log10(padded.reshape(blocks, block).max(1) + 1e-5)
    threshold = float(np.percentile(level_db, rng.uniform(30, 60) if strong else rng.uniform(60, 90)))
    slope = 1 - 1 / (rng.uniform(3, 12) if strong else rng.uniform(1.5, 4))
    wanted = (-np.maximum(level_db - threshold, 0) * slope).tolist()
    attack = float(np.exp(-0.005 / rng.uniform(0.002, 0.03)))
    release = float(np.exp(-0.005 / rng.uniform(0.05, 0.4)))
    gain_db, now = [], 0.0
    for value in wanted:
        keep = attack if value < now else release
        now = keep * now + (1 - keep) * value
        gain_db.append(now)
    gain = 10 ** (np.array(gain_db, np.float32) / 20)
    centres = (np.arange(blocks) + 0.5) * block
    return samples * np.interp(np.arange(n, dtype=np.float32), centres, gain).astype(np.float32)


def _noise(rng: np.random.Generator, rate: int, n: int) -> np.ndarray:
    """Hiss, or a crowd: coloured noise, steady or swelling, (2, n), with a root mean square of 1."""
    noise = rng.standard_normal((2, n), dtype=np.float32)
    low = float(np.exp(rng.uniform(np.log(30), np.log(500))))
    noise = filters.convolve(noise, filters.band_pass(low, low * np.exp(rng.uniform(1, 4)), rate, rng.uniform(3, 12)))
    if rng.random() < 0.5:
        points = max(2, round(n / rate * 2))
        swell = 10 ** (rng.normal(0, 4, points) / 20)
        noise = noise * np.interp(np.linspace(0, points - 1, n), np.arange(points), swell).astype(np.float32)
    return noise / np.float32(np.sqrt(np.mean(noise**2)) or 1.0)


def _vinyl(rng: np.random.Generator, rate: int, n: int) -> np.ndarray:
    """Crackle and hiss of an old disc, (2, n), against music with a peak of 1."""
    out = rng.standard_normal((2, n), dtype=np.float32) * np.float32(10 ** (rng.uniform(-65, -45) / 20))
    count = int(n / rate * rng.uniform(2, 30))
    out[:, rng.integers(0, max(n, 1), count)] += (
        rng.standard_normal(count) * 10 ** (rng.uniform(-35, -15) / 20)
    ).astype("f")
    return out
