"""Sound on disk: read it whole or in blocks, at any rate; write it.

wav, flac, ogg, opus, mp3 and aiff are read by libsndfile, everything else (m4a, wma, video) by ffmpeg where it is
installed.

What is read is what was recorded. An encoder's delay and padding are cut when the mp3 says how long they are (LAME
tag), so times agree with the original to the sample; without the tag, 25 to 50 ms of silence stand before the music.
ffmpeg and libsndfile decode both kinds to the same samples. A file that breaks off is used up to there, with a warning
in the log.
"""

from __future__ import annotations

import logging
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from solfeggio.decoders import Broken, open_sound
from solfeggio.errors import AudioError, ConfigError
from solfeggio.files import replacing

LOG = logging.getLogger(__name__)
PIECE = 1 << 13  # samples decoded at once; what follows the last whole piece of a damaged flac is lost
LOUDEST = 1e10  # 200 dB above full scale: numbers beyond it are no sound, and their squares would overflow

# suffix: libsndfile's format and subtype, the rates it can hold (any when empty), most channels
CODECS: dict[str, tuple[str, str, tuple[int, ...], int]] = {
    ".wav": ("WAV", "FLOAT", (), 1024),
    ".flac": ("FLAC", "PCM_24", (), 8),
    ".aiff": ("AIFF", "FLOAT", (), 1024),
    ".aif": ("AIFF", "FLOAT", (), 1024),
    ".ogg": ("OGG", "VORBIS", (), 255),
    ".opus": ("OGG", "OPUS", (8000, 12000, 16000, 24000, 48000), 255),
    ".mp3": ("MP3", "MPEG_LAYER_III", (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000), 2),
}


@dataclass(frozen=True)
class Info:
    """What a sound file says of itself: rate (Hz), channels, seconds (None: not said), format."""

    rate: int
    channels: int
    seconds: float | None
    format: str


def info(path: str | os.PathLike[str]) -> Info:
    """Look at a sound file without decoding it. Raises AudioError when it is none."""
    with open_sound(path) as sound:
        return Info(sound.rate, sound.channels, sound.seconds, sound.format)


def read(path: str | os.PathLike[str], rate: int | None = None, mono: bool = False) -> tuple[np.ndarray, int]:
    """Read a whole sound file: (channel, time) float32 samples and their rate.

    rate: Hz to resample to (None: as recorded). mono: mean of the channels, shape (1, time).
    Raises AudioError in one line when the file is missing, empty, no sound, or holds NaN or infinity.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(f"{folder}/a.wav", np.zeros((2, 44100)), 44100)
    ...     samples, rate = read(f"{folder}/a.wav", rate=22050, mono=True)
    >>> samples.shape, rate
    ((1, 22050), 22050)
    """
    pieces, owns = zip(*_pieces(path, rate, mono), strict=True)
    return np.concatenate(pieces, axis=1), rate or owns[0]


def blocks(
    path: str | os.PathLike[str], rate: int | None = None, seconds: float = 30.0, mono: bool = True
) -> Iterator[np.ndarray]:
    """Read a sound file of any length in constant memory: (channel, time) blocks of ``seconds``, the last shorter.

    Blocks are float32; joined, they equal ``read`` with the same rate and mono, sample for sample. Raises AudioError as
    ``read`` does, when the block that is wrong is reached.
    """
    if not seconds > 0:
        raise ConfigError(f"blocks of {seconds} seconds", "a block must last longer than nothing")
    waiting: list[np.ndarray] = []
    held = 0
    for piece, own in _pieces(path, rate, mono):
        size = max(1, round(seconds * (rate or own)))
        waiting.append(piece)
        held += piece.shape[1]
        if held >= size:
            joined = np.concatenate(waiting, axis=1)
            for start in range(0, held - held % size, size):
                yield joined[:, start : start + size]
            waiting, held = [joined[:, held - held % size :].copy()], held % size
    if held:
        yield np.concatenate(waiting, axis=1)


def _pieces(path: str | os.PathLike[str], rate: int | None, mono: bool) -> Iterator[tuple[np.ndarray, int]]:
    """Decode, check, mix and resample piece by piece: (channel, time) samples and the file's own rate."""
    if rate is not None and not rate > 0:
        raise ConfigError(f"rate {rate}", "samples per second must be positive")
    with open_sound(path) as sound:
        resampler = None
        if rate is not None and rate != sound.rate:
            channels = 1 if mono else sound.channels
            resampler = soxr.ResampleStream(sound.rate, rate, channels, dtype="float32", quality="HQ")
        decoded, given, why = 0, 0, ""
        while not why:
            try:
                piece = sound.read(PIECE)
            except Broken as problem:
                if not decoded:
                    raise AudioError(
                        f"{path} cannot be read", f"nothing in it can be decoded: {problem}", "get it again"
                    ) from None
                piece, why = np.zeros((0, sound.channels), np.float32), str(problem)
            wrong = np.flatnonzero(~(np.abs(piece) <= LOUDEST).all(axis=1))
            if len(wrong):
                at = (decoded + wrong[0]) / sound.rate
                raise AudioError(f"{path} cannot be used", f"it holds NaN or infinity at {at:.2f} s", "export it again")
            decoded += len(piece)
            last = not len(piece)
            if mono:
                piece = piece.mean(axis=1, keepdims=True)
            if resampler:
                piece = resampler.resample_chunk(piece, last=last)
            if len(piece):
                given += len(piece)
                yield np.ascontiguousarray(piece.T), sound.rate
            if last:
                break
        if not decoded:
            raise AudioError(f"{path} cannot be read", "it holds no sound", "get it again")
        if not given:  # a sample or two that vanish at a lower rate
            yield np.zeros((1 if mono else sound.channels, 1), np.float32), sound.rate
        if sound.frames and sound.frames - decoded > sound.rate / 10:
            why = f"it says it lasts {sound.frames / sound.rate:.2f} s"
        if why:
            LOG.warning("%s breaks off after %.2f s and is used up to there: %s", path, decoded / sound.rate, why)


def mono(samples: np.ndarray) -> np.ndarray:
    """Mean of the channels: (channel, time) to (1, time).

    >>> mono(np.array([[1.0, 0.0], [0.0, 0.0]]))
    array([[0.5, 0. ]], dtype=float32)
    """
    return _samples(samples).mean(axis=0, keepdims=True)


def resample(samples: np.ndarray, rate: int, to_rate: int) -> np.ndarray:
    """Change the rate of (channel, time) samples from ``rate`` to ``to_rate`` Hz; soxr, high quality, no delay."""
    if not (rate > 0 and to_rate > 0):
        raise ConfigError(f"rates {rate} and {to_rate}", "samples per second must be positive")
    samples = _samples(samples)
    if rate == to_rate or not samples.size:
        return samples
    return np.ascontiguousarray(soxr.resample(samples.T, rate, to_rate, quality="HQ").T)


def write(path: str | os.PathLike[str], samples: np.ndarray, rate: int, *, bits: int = 24) -> None:
    """Write (channel, time) or (time,) samples, whole or not at all; the suffix says how.

    .wav and .aiff hold 32-bit floats exactly, .flac ``bits`` (24, or 16 for half the size), .ogg, .opus and .mp3 what
    the ear needs. Samples beyond 1 are clipped in all but .wav and .aiff, with a warning in the log. A rate that opus
    or mp3 does not have is raised to the next one that it has. Raises AudioError for an unknown suffix, NaN, no
    samples, or a place that cannot be written to.
    """
    samples = _samples(samples)
    with writing(path, rate, len(samples), bits=bits, frames=samples.shape[1]) as put:
        put(samples)


@contextmanager
def writing(
    path: str | os.PathLike[str], rate: int, channels: int, *, bits: int = 24, frames: int = 0
) -> Iterator[Callable[[np.ndarray], None]]:
    """Write a sound file of any length block by block, whole or not at all: gives what takes (channel, time) blocks.

    frames: about how many there will be, where known: a .wav of more than 4 GB needs another kind of header. The rest,
    and errors, as for ``write``.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with writing(f"{folder}/a.wav", 8000, 1) as put:
    ...         for _ in range(3):
    ...             put(np.zeros((1, 800)))
    ...     info(f"{folder}/a.wav").seconds
    0.3
    """
    suffix = Path(path).suffix.lower()
    what = f"{path} cannot be written"
    if suffix not in CODECS:
        raise AudioError(what, f"'{suffix}' is not a sound format we write", f"use one of {', '.join(CODECS)}")
    form, subtype, rates, most = CODECS[suffix]
    if bits not in (16, 24):
        raise ConfigError(f"{bits} bits", "flac files are written with 16 or 24")
    subtype = f"PCM_{bits}" if form == "FLAC" else subtype
    if channels > most:
        raise AudioError(what, f"{channels} channels, {suffix} holds {most}", "mix them down, or write .wav")
    to_rate = min((r for r in rates if r >= rate), default=rates[-1]) if rates else rate
    if form == "WAV" and 4 * channels * frames > 4e9:
        form = "RF64"
    convert, loudest, count = Converter(rate, to_rate), 0.0, 0

    def put(block: np.ndarray, last: bool = False) -> None:
        nonlocal loudest, count
        block = _samples(block)
        if not np.isfinite(block).all():
            raise AudioError(what, "the samples hold NaN or infinity")
        count += block.shape[1]
        block = convert(block, last)
        loudest = max(loudest, float(np.abs(block).max(initial=0.0)))
        block = block if subtype == "FLOAT" else np.clip(block, -1, 1)
        with blamed():
            for start in range(0, block.shape[1], PIECE):  # libsndfile crashes on long single Ogg writes
                sound.write(block[:, start : start + PIECE].T)

    @contextmanager
    def blamed() -> Iterator[None]:
        try:
            yield
        except (soundfile.LibsndfileError, RuntimeError, TypeError) as problem:
            raise AudioError(what, str(problem), "check the disk, the rate and the channels") from problem

    with replacing(path, AudioError) as temporary:
        with blamed():
            sound = soundfile.SoundFile(os.fsencode(temporary), "w", to_rate, channels, subtype, format=form)
        with sound:
            yield put
            put(np.zeros((channels, 0), np.float32), last=True)
        if not count:
            raise AudioError(what, "there are no samples")
    if subtype != "FLOAT" and loudest > 1:
        LOG.warning("%s is clipped: its loudest sample is %.2f", path, loudest)


class Converter:
    """Changes the rate of (..., channel, time) pieces that follow each other; does nothing where rates are equal."""

    def __init__(self, rate: int, to_rate: int):
        self.rate, self.to_rate = rate, to_rate
        self._stream: soxr.ResampleStream | None = None
        self._shape: tuple[int, ...] = ()

    def __call__(self, piece: np.ndarray, last: bool = False) -> np.ndarray:
        """Give what is ready of the sound so far; last: and all the rest."""
        self._shape = piece.shape[:-1]
        if self.rate == self.to_rate:
            return piece
        flat = np.ascontiguousarray(piece.reshape(math.prod(self._shape), piece.shape[-1]).T)
        if self._stream is None:
            self._stream = soxr.ResampleStream(self.rate, self.to_rate, flat.shape[1], dtype="float32", quality="HQ")
        found = self._stream.resample_chunk(flat, last=last)
        return found.T.reshape(*self._shape, len(found))

    def rest(self) -> np.ndarray:
        """End the sound, and give what is left of it."""
        return self(np.zeros((*self._shape, 0), np.float32), last=True)


def sound_of(array: Any) -> np.ndarray:
    """Bring an array of samples, (channel, time) or (time,), to (channel, time) float32; whole numbers to -1..1.

    Raises ConfigError when it holds NaN or infinity.

    >>> sound_of(np.array([0, 16384], np.int16))
    array([[0.        , 0.50001526]], dtype=float32)
    """
    given = np.atleast_2d(np.asarray(array))
    whole = np.iinfo(given.dtype).max if given.dtype.kind == "i" else 1  # 16-bit samples count to 32767, not to 1
    samples = given.astype(np.float32) / np.float32(whole)
    if not np.isfinite(samples).all():
        raise ConfigError(
            "samples hold NaN or infinity", "every sample must be a finite number", "clean the array first"
        )
    return samples


def _samples(samples: np.ndarray) -> np.ndarray:
    array = np.atleast_2d(np.asarray(samples, np.float32))
    if array.ndim != 2:
        raise AudioError(f"samples of shape {np.shape(samples)}", "expected (channel, time)")
    return array


@contextmanager
def hushed() -> Iterator[None]:
    """Silence what decoders print by themselves (mpg123 notes on damaged files); Python's ``sys.stderr`` keeps working.

    For the outermost level of a program: it moves the process's standard error aside for as long as the block lasts.
    """
    try:
        usual = sys.stderr.fileno() == 2
    except (AttributeError, OSError, ValueError):
        usual = False
    if not usual:
        yield
        return
    before = sys.stderr
    before.flush()
    kept = os.dup(2)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    os.close(silence)
    try:
        with os.fdopen(os.dup(kept), "w", buffering=1, encoding=before.encoding, errors=before.errors) as sys.stderr:
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        sys.stderr = before
