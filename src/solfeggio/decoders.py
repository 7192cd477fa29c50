"""The two decoders of sound files behind one face: libsndfile, and ffmpeg through a pipe where it is installed.

``open_sound`` gives a ``Sound``: what the file says of itself, and ``read(frames)`` that returns the next (time,
channel) samples as float32, an empty array at the end. Only ``audio.py`` uses this file.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import cast

import numpy as np
import soundfile

from solfeggio.errors import AudioError

# Media containers only: ffmpeg also plays lists that name other files and addresses, which a sound file must never do.
CONTAINERS = (
    "3dostr,aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,gsm,iff,m4v,matroska,webm,mov,mp4,m4a,mpc,mpc8,mpeg,"
    "mpegts,mxf,nut,oga,ogg,oma,qcp,rm,sox,swf,tak,tta,voc,w64,wav,wtv,wv,xwma"
)


NOTHING = "it holds no sound"


@dataclass(frozen=True)
class Sound:
    """An open sound file. frames: how many it says it holds, or None. read: the next (time, channel) samples."""

    rate: int
    channels: int
    frames: int | None
    seconds: float | None
    format: str
    read: Callable[[int], np.ndarray]


class Broken(Exception):
    """The decoder lost its way; the message says why."""


@contextmanager
def open_sound(path: str | os.PathLike[str]) -> Iterator[Sound]:
    """Open a sound file with the decoder that knows it. Raises AudioError in one line when none does."""
    file = Path(path)
    what = f"{file} cannot be read"
    try:
        if file.is_dir():
            raise AudioError(what, "it is a folder", "name a sound file in it")
        if not file.exists():
            raise AudioError(what, "there is no such file", "check the name")
        if not file.is_file():
            raise AudioError(what, "it is not a regular file", "copy the sound into a file first")
        with file.open("rb"):
            size = file.stat().st_size
    except (OSError, ValueError) as problem:
        raise AudioError(
            what, getattr(problem, "strerror", "") or str(problem), "check the name and its rights"
        ) from problem
    if not size:
        raise AudioError(what, "the file is empty", "get it again")
    with ExitStack() as stack:
        try:
            sound = stack.enter_context(_libsndfile(file))
        except Broken as problem:
            mp3 = file.suffix.lower() == ".mp3"
            if mp3 or (str(problem) == NOTHING and not shutil.which("ffmpeg")):
                raise AudioError(what, "it is not mp3" if mp3 else str(problem), "get it again") from None
            sound = stack.enter_context(_ffmpeg(file, what))
        yield sound


@contextmanager
def _libsndfile(file: Path) -> Iterator[Sound]:
    try:
        opened = soundfile.SoundFile(os.fsencode(file))
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as problem:
        raise Broken(str(problem)) from problem
    with opened as sound:
        if not sound.frames:
            raise Broken(NOTHING)
        known = sound.frames < 1 << 60  # libsndfile writes its greatest number where a stream does not say

        def read(frames: int) -> np.ndarray:
            try:
                return sound.read(frames, dtype="float32", always_2d=True)
            except (soundfile.LibsndfileError, RuntimeError) as problem:
                raise Broken(str(problem)) from problem

        frames = sound.frames if known else None
        seconds = sound.frames / sound.samplerate if known else None
        kind = f"{sound.format} {sound.subtype}".lower()
        yield Sound(sound.samplerate, sound.channels, frames, seconds, kind, read)


@contextmanager
def _ffmpeg(file: Path, what: str) -> Iterator[Sound]:
    program = shutil.which("ffmpeg")
    if not program:
        raise AudioError(
            what,
            "it is not wav, flac, ogg, opus, mp3 or aiff, and ffmpeg is not installed",
            "install ffmpeg, or convert the file to wav",
        )
    command = [program, "-nostdin", "-hide_banner", "-nostats"]
    command += ["-protocol_whitelist", "file", "-format_whitelist", CONTAINERS, "-i", f"file:{file}"]
    command += ["-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
    with tempfile.TemporaryFile() as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log) as process:

        def said() -> str:
            log.seek(0)
            return log.read().decode("utf-8", "replace")

        try:
            pipe = cast(BufferedReader, process.stdout)
            head = pipe.read(24)
            if len(head) < 24:
                process.wait()
                raise AudioError(what, _reason(said()), "get it again, or convert it to wav")
            _, offset, _, _, rate, channels = struct.unpack(">4s5I", head)
            pipe.read(offset - 24)
            if not pipe.peek(1):
                raise AudioError(what, NOTHING, "get it again")

            def read(frames: int) -> np.ndarray:
                data = pipe.read(frames * channels * 4)
                if not data and process.wait():
                    raise Broken(_reason(said()))
                whole = len(data) // (4 * channels) * 4 * channels
                return np.frombuffer(data[:whole], ">f4").astype(np.float32).reshape(-1, channels)

            length = re.search(r"Duration: (\d+):(\d\d):(\d\d\.\d+)", said())
            seconds = int(length[1]) * 3600 + int(length[2]) * 60 + float(length[3]) if length else None
            kind = re.search(r"Audio: (\w+)", said())
            yield Sound(rate, channels, None, seconds, kind[1] if kind else "unknown", read)
        finally:
            process.kill()


def _reason(log: str) -> str:
    if "matches no streams" in log:
        return "it has no sound track"
    lines = [line for line in log.splitlines() if line.strip()]
    last = lines[-1] if lines else "no reason given"
    return f"neither libsndfile nor ffmpeg can decode it: {last.rpartition(': ')[2]}"
