"""Stems as a folder of sound files, one for each, and "residual" where it is known: drums.wav, bass.wav, ...

Folders in the manner of MUSDB, with "mixture" instead of a residual, are read too.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio import audio
from solfeggio.answers import Stems
from solfeggio.errors import AudioError, FormatError

RESIDUAL, MIXTURE = "residual", "mixture"
FORBIDDEN = set('/\\:*?"<>|\0')


def write(answer: Stems, path: str | os.PathLike[str], suffix: str = ".wav") -> None:
    """Write the folder ``path`` with a sound file for each stem, and the residual; all of them or none.

    suffix: of the files; .wav holds the samples exactly. Other files in the folder stay. Raises FormatError when a
    stem's name is no file name, there is no sound, or the folder cannot be written.
    """
    folder, what = Path(path), f"{os.fspath(path)} cannot be written"
    for label in answer.labels:
        if not label.strip() or label.startswith(".") or set(label) & FORBIDDEN or label in (RESIDUAL, MIXTURE):
            raise FormatError(what, f"'{label}' cannot be the name of a stem's file", "rename the stem")
    sounds = dict(zip(answer.labels, answer.samples, strict=True))
    if answer.residual is not None:
        sounds[RESIDUAL] = answer.residual
    if not sounds:
        raise FormatError(what, "there are no stems")
    made = not folder.exists()
    try:
        folder.mkdir(exist_ok=True)
        with ExitStack() as stack:
            for name, sound in sounds.items():
                stack.enter_context(audio.writing(folder / f"{name}{suffix}", answer.rate, len(sound)))(sound)
    except (OSError, AudioError) as problem:
        if made:
            with suppress(OSError):
                folder.rmdir()
        why = problem.strerror or str(problem) if isinstance(problem, OSError) else problem.why
        raise FormatError(what, why, "choose another folder") from None


def read(path: str | os.PathLike[str], kind: type[Stems] = Stems) -> Stems:
    """Read the sound files of a folder as stems, in the order of their names.

    The residual is what lies in "residual", or what "mixture" holds beside the stems. Raises FormatError when there is
    no folder, no sound in it, or rates, lengths or channels differ.
    """
    folder, what = Path(path), f"{os.fspath(path)} cannot be read"
    if not folder.is_dir():
        raise FormatError(what, "there is no such folder", "stems are a folder of sound files")
    there = [file for file in folder.iterdir() if file.suffix.lower() in audio.CODECS and file.name[0] != "."]
    files = sorted(there, key=lambda file: (file.stem, file.suffix))
    read: dict[str, tuple[np.ndarray, int]] = {}
    for file in files:
        if file.stem in read:
            raise FormatError(what, f"there are two of {file.stem}", "keep one of them")
        try:
            read[file.stem] = audio.read(file)
        except AudioError as problem:
            raise FormatError(what, str(problem)) from None
    shapes: dict[Any, str] = {(*sound.shape, rate): name for name, (sound, rate) in read.items()}
    if len(shapes) > 1:
        said = "; ".join(f"{name} has {c} x {n} samples at {rate} Hz" for (c, n, rate), name in shapes.items())
        raise FormatError(what, f"its files do not fit together: {said}", "give them one rate and length")
    sounds = {name: sound for name, (sound, _) in read.items()}
    mixture, residual = sounds.pop(MIXTURE, None), sounds.pop(RESIDUAL, None)
    if not sounds:
        raise FormatError(what, "it holds no sound files", f"known are {', '.join(audio.CODECS)}")
    rate = next(rate for _, rate in read.values())
    if residual is None and mixture is not None:
        residual = mixture - np.sum(list(sounds.values()), 0)
    return kind.of(sounds, rate, residual)
