"""How separators run: any length in constant memory, at the recording's own rate, in as many channels as it has.

A window is taken apart together with the border around it, which is thrown away; neighbouring windows reach a little
further still and are faded into each other, so where windows fall is not heard. What lies above the system's rate, and
what it gave to no stem, is the residual: stems and residual add up to the recording.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from solfeggio.audio import Converter, blocks, info, sound_of
from solfeggio.contracts import Separator
from solfeggio.errors import ConfigError

BLOCK = 10.0  # seconds read from disk at once
FADE = 0.25  # seconds, half of the longest cross-fade
CHANNELS = 64  # more are seconds mistaken for channels


def parts(
    system: Separator,
    audio: Any,
    rate: int | None = None,
    *,
    progress: Callable[[float], None] | None = None,
    **options: Any,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Take a recording apart piece by piece: stems (stem, channel, time) and residual (channel, time), float32.

    audio: a file's path, or an array (channel, time) or (time,) at ``rate`` Hz. The pieces, joined, are as long and as
    fast as the recording; they come in the order of ``system.spec.labels``. progress is called with the seconds just
    read. options go to the system's ``spectra``. A system without a window takes the whole recording apart at once.
    Raises AudioError or ConfigError for what cannot be heard.
    """
    spec = system.spec
    own, source = _source(audio, rate)
    waiting: deque[np.ndarray] = deque()  # the recording, as far as its stems have not come

    def lowered() -> Iterator[np.ndarray]:
        convert: Converter | None = None
        for block in source:
            waiting.append(block)
            convert = convert or Converter(own, spec.rate)
            yield convert(block)
            if progress:
                progress(block.shape[1] / own)
        if convert:
            yield convert.rest()

    back: Converter | None = None
    for found in windows(system, lowered(), **options):
        back = back or Converter(spec.rate, own)
        yield from _beside(waiting, back(found))
    if back:
        yield from _beside(waiting, back.rest(), last=True)


def windows(system: Separator, samples: Iterable[np.ndarray], **options: Any) -> Iterator[np.ndarray]:
    """Take (channel, time) blocks at the system's rate apart, window by window: (stem, channel, time) pieces.

    The system is put into evaluation mode.
    """
    system.eval()
    spec, hop = system.spec, system.frontend.hop
    border = -(-round(spec.border * spec.rate) // hop) * hop
    step = max(1, spec.grid.span(spec.window)) * hop if spec.window else None
    fade = min(border // 2, round(FADE * spec.rate), (step or 0) // 2) // hop * hop
    held, first = np.zeros((0, 0), np.float32), 0  # held[:, 0] is sample ``first``
    start, tail = 0, None  # of the window; the end of the one before, to be faded out

    def compute(end: int | None) -> np.ndarray:
        begin = max(0, start - border - fade)
        piece = held[:, begin - first : None if end is None else end + border + fade - first]
        lead = max(0, start - fade) - begin
        return apart(system, piece, **options)[..., lead : None if end is None else end + fade - begin]

    for block in samples:
        held = np.concatenate([held, block], 1) if held.size else block
        while step is not None and first + held.shape[1] >= start + step + border + fade:
            found = _faded(tail, compute(start + step))
            cut = found.shape[-1] - 2 * fade
            tail, start = found[..., cut:], start + step
            yield found[..., :cut]
            begin = max(0, start - border - fade)
            held, first = held[:, begin - first :], begin
    if held.size and first + held.shape[1] > max(0, start - fade):
        yield _faded(tail, compute(None))


def apart(system: Separator, samples: np.ndarray, **options: Any) -> np.ndarray:
    """Take (channel, time) samples apart at once: (stem, channel, time).

    Where the recording has other channels than the system, each is heard by itself. Silence is not computed.
    """
    shape = (len(system.spec.labels), *samples.shape)
    if not samples.any():
        return np.zeros(shape, np.float32)
    alike = len(samples) == system.spec.channels
    given = torch.from_numpy(np.array(samples, np.float32))  # a copy, as it may be read-only
    batch = given[None] if alike else given[:, None].expand(-1, system.spec.channels, -1)
    with torch.inference_mode():
        features = system.prepare(batch.to(system.frontend.hann.device))
        spectra = system.spectra(system(features), features, **options)
        found = system.resynthesise(spectra, samples.shape[1])
        found = found[0] if alike else found.mean(2).transpose(0, 1)
    return found.float().cpu().numpy()


def _source(audio: Any, rate: int | None) -> tuple[int, Iterator[np.ndarray]]:
    """The rate of a file or array, and its (channel, time) blocks."""
    if isinstance(audio, (str, Path)):
        return info(audio).rate, blocks(audio, None, BLOCK, mono=False)
    if rate is None:
        raise ConfigError("samples without a rate", "an array does not say how fast it was sampled", "give rate=44100")
    samples = sound_of(audio)
    if samples.ndim != 2 or len(samples) > CHANNELS:
        raise ConfigError(f"samples of shape {np.shape(audio)}", "expected (channel, time)", "transpose them")
    size = round(BLOCK * rate)
    return rate, (samples[:, i : i + size] for i in range(0, samples.shape[1], size))


def _beside(
    waiting: deque[np.ndarray], stems: np.ndarray, last: bool = False
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Set stems beside as much of the recording; the last ones are made as long as the rest of it."""
    if not waiting:
        return
    mixture = np.concatenate(waiting, 1)
    if last:
        short = mixture.shape[1] - stems.shape[-1]
        stems = np.pad(stems, ((0, 0), (0, 0), (0, max(0, short))))
    count = min(mixture.shape[1], stems.shape[-1])
    waiting.clear()
    if count < mixture.shape[1]:
        waiting.append(mixture[:, count:])
    if count:
        stems = stems[..., :count]
        yield stems, mixture[:, :count] - stems.sum(0)


def _faded(tail: np.ndarray | None, found: np.ndarray) -> np.ndarray:
    """Fade the end of the window before into the beginning of this one, linearly."""
    if tail is None or not tail.shape[-1]:
        return found
    length = tail.shape[-1]
    rising = (np.arange(length, dtype=np.float32) + 0.5) / length
    found = found.copy()
    found[..., :length] = tail * (1 - rising) + found[..., :length] * rising
    return found
