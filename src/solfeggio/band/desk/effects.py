"""Effects of the mixing desk that change with time or level; none of them moves what was played."""

from __future__ import annotations

import numpy as np

_SWEEP, _PHASE = 1024, 512  # samples between two settings of a filter that moves


def compress(
    samples: np.ndarray, rate: int, *, percentile: float, ratio: float, attack: float, release: float
) -> np.ndarray:
    """Compress (2, n): levels of 5 ms blocks above a percentile of them are pulled down; attack and release in s."""
    block = round(0.005 * rate)
    n = samples.shape[1]
    blocks = -(-n // block)
    padded = np.zeros(blocks * block, np.float32)
    padded[:n] = np.maximum(np.abs(samples[0]), np.abs(samples[1]))
    level_db = 20 * np.log10(padded.reshape(blocks, block).max(1) + 1e-5)
    heard = level_db[level_db > level_db.max(initial=-100.0) - 50]
    threshold = float(np.percentile(heard, percentile)) if len(heard) else 0.0
    threshold = max(threshold, float(level_db.max(initial=-100.0)) - 24)  # sparse music is mostly silence
    wanted = (-np.clip((level_db - threshold) * (1 - 1 / ratio), 0, 15)).tolist()
    fast, slow = float(np.exp(-0.005 / attack)), float(np.exp(-0.005 / release))
    gain_db, now = [], 0.0
    for value in wanted:
        keep = fast if value < now else slow
        now = keep * now + (1 - keep) * value
        gain_db.append(now)
    gain = 10 ** (np.array(gain_db) / 20)
    between = 0.5 * (gain[1:] + gain[:-1])
    return samples * ramp(np.r_[gain[:1], between, gain[-1:]], block, n)


def ramp(values: np.ndarray, step: int, n: int) -> np.ndarray:
    """Draw straight lines between values that lie ``step`` samples apart, from 0 on: (n,) float32."""
    values = np.asarray(values, np.float32)
    rise = np.arange(step, dtype=np.float32) / np.float32(step)
    return (values[:-1, None] + np.diff(values)[:, None] * rise).reshape(-1)[:n]


def curve(at_samples: np.ndarray, values: np.ndarray, n: int) -> np.ndarray:
    """Draw straight lines between points: (n,) float32, level before the first and after the last."""
    return np.interp(np.arange(n, dtype=np.float32), at_samples, values).astype(np.float32)


def overdrive(samples: np.ndarray, level: float, drive: float) -> np.ndarray:
    """Saturate (2, n) whose loudness is ``level``; drive 1 is warm, 25 a distorted guitar."""
    return np.tanh(samples * np.float32(drive / (3 * level + 1e-9)))


def second(samples: np.ndarray, rate: int, hz: float, late: float, depth: float, phase: float) -> np.ndarray:
    """Copy the middle of (2, n), as (n,), through a delay of ``late`` s that swings by a share ``depth``: a chorus, or
    a second player.
    """
    middle = 0.5 * (samples[0] + samples[1])
    index = np.arange(len(middle), dtype=np.int32)
    knots = np.arange(0, len(middle) + 512, 512)
    swing = np.sin(knots * (2 * np.pi * hz / rate) + phase)
    delay = ramp(late * rate * (1 + depth * swing), 512, len(middle))
    whole = delay.astype(np.int32)
    part = delay - whole
    index -= whole
    earlier = middle[np.maximum(index - 1, 0)]
    return earlier * part + middle[np.maximum(index, 0)] * (1 - part)


def tremolo(n: int, rate: int, hz: float, depth: float, phase: float, *, pan: bool = False) -> np.ndarray:
    """Make a gain (2, n) that swings; pan: left and right take turns."""
    knots = np.arange(0, n + 128, 128)
    swing = 0.5 * np.sin(knots * (2 * np.pi * hz / rate) + phase)
    left = ramp(1 - depth * (0.5 + swing), 128, n)
    return np.stack([left, ramp(1 - depth * (0.5 - swing), 128, n) if pan else left])


def echo(samples: np.ndarray, rate: int, seconds: float, feedback: float, wide: bool) -> np.ndarray:
    """Make the echoes of (2, n) without itself: four repeats, each softer; wide: from side to side."""
    out = np.zeros_like(samples)
    middle = 0.5 * (samples[0] + samples[1])
    for i in range(1, 5):
        late = round(i * seconds * rate)
        if late >= samples.shape[1]:
            break
        gains = (1.0, 0.3) if i % 2 else (0.3, 1.0)
        for channel, gain in enumerate(gains if wide else (0.7, 0.7)):
            out[channel, late:] += np.float32(gain * feedback**i) * middle[:-late]
    return out


def duck(n: int, rate: int, kicks: np.ndarray, depth: float, recover: float) -> np.ndarray:
    """Make a gain (n,) that falls by a share ``depth`` at every kick (s) and is back after ``recover`` s."""
    gain = np.ones(n, np.float32)
    x = np.arange(round(recover * rate)) / (recover * rate)
    shape = (1 - depth * np.cos(0.5 * np.pi * x) ** 2).astype(np.float32)
    fall = min(round(0.004 * rate), len(shape))
    shape[:fall] = np.maximum(shape[:fall], np.linspace(1, 1 - depth, fall))
    for start in np.round(np.sort(kicks) * rate).astype(int).tolist():
        kept = gain[max(start, 0) : start + len(shape)]
        np.minimum(kept, shape[: len(kept)], out=kept)
    return gain


def gate(n: int, rate: int, hits: np.ndarray, length: float) -> np.ndarray:
    """Make a gain (n,) that is open for ``length`` s after every hit (s) and closed otherwise."""
    gain = np.zeros(n, np.float32)
    shape = np.ones(round(length * rate), np.float32)
    edge = round(0.01 * rate)
    shape[-edge:] = np.linspace(1, 0, edge)
    for start in np.round(hits * rate).astype(int).tolist():
        kept = gain[max(start, 0) : start + len(shape)]
        np.maximum(kept, shape[: len(kept)], out=kept)
    return gain


def sweep(samples: np.ndarray, rate: int, first_hz: float, last_hz: float, *, high_pass: bool) -> np.ndarray:
    """Filter (2, n) with a low- or high-pass whose corner glides; 24 dB an octave, slightly resonant."""
    blocks = -(-samples.shape[1] // _SWEEP)
    corners = np.minimum(np.geomspace(first_hz, last_hz, max(blocks, 2)), 0.45 * rate)
    return _moving(samples, [_two_poles(hz, rate, high_pass) for hz in corners[:blocks].tolist()], _SWEEP)


def phaser(samples: np.ndarray, rate: int, hz: float, phase: float) -> np.ndarray:
    """Add to (2, n) its copy through four all-passes that swing."""
    blocks = -(-samples.shape[1] // _PHASE)
    corners = 700 * 2 ** (1.2 * np.sin(2 * np.pi * hz * np.arange(blocks) * _PHASE / rate + phase))
    tangent = np.tan(np.pi * corners / rate)
    sections = []
    for a in ((tangent - 1) / (tangent + 1)).tolist():
        sections.append(np.array([[a * a, 2 * a, 1, 1, 2 * a, a * a]] * 2))
    return np.float32(0.6) * (samples + _moving(samples, sections, _PHASE))


def _two_poles(hz: float, rate: int, high_pass: bool) -> np.ndarray:
    """Second-order sections (2, 6) of a 24 dB filter (Bristow-Johnson's cookbook)."""
    angle = 2 * np.pi * hz / rate
    cos, alpha = np.cos(angle), np.sin(angle) / (2 * 0.85)
    edge = (1 + cos) / 2 if high_pass else (1 - cos) / 2
    top = [edge, -2 * edge if high_pass else 2 * edge, edge]
    section = np.array([*top, 1 + alpha, -2 * cos, 1 - alpha]) / (1 + alpha)
    return np.stack([section, section])


def _moving(samples: np.ndarray, sections: list[np.ndarray], step: int) -> np.ndarray:
    from scipy import signal

    out = np.empty(samples.shape, np.float32)
    state = np.zeros((2, samples.shape[0], 2))
    for i, section in enumerate(sections):
        at = slice(i * step, (i + 1) * step)
        out[:, at], state = signal.sosfilt(section, samples[:, at], axis=-1, zi=state)
    return out
