"""Self-similarity: a picture of which passages of a song are alike, drawn from its harmony as it is played."""

from __future__ import annotations

import base64
import html
import struct
import zlib
from pathlib import Path

import numpy as np

from solfeggio import audio
from solfeggio.answers import Answer, Segments

RATE, HOP = 22050, 4096
BLOCK = 60.0  # seconds of sound computed at once
SIDE = 256  # most rows and columns of the picture
LEVELS = 16
COLOUR = (47, 125, 131)  # seen on light and on dark pages


def harmony(path: str | Path) -> tuple[np.ndarray, str]:
    """Compute the chroma of a recording, (12, column), at most ``SIDE`` columns, and its tuning in words.

    The file is read in constant memory. Tuning is that of the first minute with sound; "" for silence.
    """
    import torch

    from solfeggio.frontends.chroma import Chroma, estimate_tuning

    front, cents, parts = None, 0.0, []
    for block in audio.blocks(path, RATE, BLOCK):
        samples = torch.from_numpy(block.reshape(-1))
        if front is None and float(samples.abs().max()) > 1e-4:
            cents = estimate_tuning(samples, RATE)
            front = Chroma(RATE, HOP, tuning_cents=cents)
        frames = -(-len(samples) // HOP)
        with torch.inference_mode():
            parts.append(front(samples[None])[0, 0].numpy() if front else np.zeros((12, frames), np.float32))
    chroma = np.concatenate(parts, axis=1) if parts else np.zeros((12, 0), np.float32)
    return pooled(chroma), f"A = {440 * 2 ** (cents / 1200):.0f} Hz" if front else ""


def pooled(features: np.ndarray, most: int = SIDE) -> np.ndarray:
    """Average neighbouring columns of (bin, frame) until at most ``most`` are left.

    >>> pooled(np.array([[1.0, 3.0, 5.0, 7.0]]), 2)
    array([[2., 6.]])
    """
    count = features.shape[1]
    if count <= most:
        return features
    edges = np.linspace(0, count, most + 1).astype(int)
    return np.add.reduceat(features, edges[:-1], axis=1) / np.diff(edges)


def picture(features: np.ndarray, sections: Answer | None = None, seconds: float = 0.0) -> str:
    """Draw the self-similarity of (bin, column) features as SVG with a picture inside, lines where sections begin.

    seconds: that the columns cover. "" when there is too little to see. Some 30 kB.
    """
    from solfeggio.decode.repetition import self_similarity

    count = features.shape[1]
    if count < 8 or not features.any():
        return ""
    values = self_similarity(features, 1)
    low, high = np.percentile(values, [50, 99])
    grey = np.clip((values - low) / max(high - low, 1e-6) * (LEVELS - 1), 0, LEVELS - 1).round().astype(np.uint8)
    lines, names = "", ""
    if isinstance(sections, Segments) and seconds > 0:
        for start, end, label in zip(sections.starts, sections.ends, sections.labels, strict=False):
            x, width = 100 * start / seconds, 100 * (end - start) / seconds
            lines += f"M{x:.2f} 0V100M0 {x:.2f}H100" if start > 0 else ""
            if width > 2 + 1.6 * len(label):
                names += f'<text x="{x + 0.8:.2f}" y="{x + 3.2:.2f}">{html.escape(label)}</text>'
    about = "Self-similarity: time runs right and down; dark where the harmony of two moments is alike"
    return (
        f'<svg class="similarity" viewBox="0 0 100 100" role="img" aria-label="{about}">'
        f'<image width="100" height="100" preserveAspectRatio="none" href="{png(grey)}"/>'
        f'<path d="{lines}"/>{names}</svg>'
    )


def png(grey: np.ndarray) -> str:
    """Pack an (n, m) picture of levels 0..15 as a PNG in a ``data:`` address: one colour, from clear to full.

    >>> png(np.zeros((2, 2), np.uint8))[:22]
    'data:image/png;base64,'
    """
    rows, columns = grey.shape
    even = np.pad(grey, ((0, 0), (0, columns % 2)))
    packed = (even[:, ::2] << 4) | even[:, 1::2]
    raw = np.concatenate([np.zeros((rows, 1), np.uint8), packed], axis=1).tobytes()  # each row unfiltered
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", columns, rows, 4, 3, 0, 0, 0),
        b"PLTE": bytes(COLOUR * LEVELS),
        b"tRNS": bytes(round(255 * level / (LEVELS - 1)) for level in range(LEVELS)),
        b"IDAT": zlib.compress(raw, 9),
        b"IEND": b"",
    }
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks.items()
    )
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode("ascii")
