"""A recording taken apart, as the files that people use: a folder of stems in the manner of MUSDB, and its mixer page.

OUT/SONG/vocals.wav drums.wav bass.wav other.wav mixture.wav stems.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio import audio, bundle, run, separating
from solfeggio.answers import Stems
from solfeggio.contracts import Separator
from solfeggio.errors import ConfigError, unknown
from solfeggio.listeners.stems import StemSeparator
from solfeggio.report.page import song_page

SUFFIXES = {"wav": ".wav", "flac": ".flac", "mp3": ".mp3"}
MIXTURE, RESIDUAL, REST = "mixture", "residual", "rest"
PAGE = "stems.html"
PAGE_RATE = 22050  # Hz, in mono
PAGE_SECONDS = 600.0  # a longer recording has no page: it would weigh more than 25 MB
LOG = logging.getLogger("solfeggio")


def outputs(
    labels: Sequence[str], stems: Sequence[str] = (), two: str = "", minus: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """Say what is written: name to weights of the stems, in the order of ``labels``, and of the mixture behind them.

    stems: these only, "residual" and "mixture" among those that can be named; nothing: all stems and the mixture. two:
    one stem and the rest. minus: the mixture without these. Raises ConfigError for unknown names, or for two of these.

    >>> outputs(["vocals", "drums"], two="vocals")
    {'vocals': array([1., 0., 0.]), 'rest': array([-1.,  0.,  1.])}
    """
    if sum(map(bool, (stems, two, minus))) > 1:
        raise ConfigError("--stems, --two-stems and --minus", "each says what is written", "use one of them")
    one = np.eye(len(labels) + 1)
    weights = {label: one[i] for i, label in enumerate([*labels, MIXTURE])}
    known = {**weights, RESIDUAL: one[-1] - one[:-1].sum(0)}
    for name in (*stems, *([two] if two else []), *minus):
        if name not in (known if stems else labels):
            raise unknown("stem", name, known if stems else labels)
    if two:
        return {two: weights[two], REST: one[-1] - weights[two]}
    if minus:
        return {"-".join(("minus", *minus)): one[-1] - np.sum([weights[name] for name in minus], 0)}
    return {name: known[name] for name in stems} if stems else weights


def able(system: Separator, stems: Sequence[str] = (), two: str = "", minus: Sequence[str] = ()) -> Separator:
    """Give the separator, or its finer answer where that has the stems asked for (piano) and its usual one has not.

    Raises ConfigError for a stem that is in neither.
    """
    finer = system.answering("eight") if isinstance(system, StemSeparator) else system
    asked = {*stems, *minus, *([two] if two else [])} - {MIXTURE, RESIDUAL}
    known = dict.fromkeys((*system.spec.labels, *finer.spec.labels, RESIDUAL, MIXTURE))
    for name in sorted(asked - set(known)):
        raise unknown("stem", name, list(known))
    return system if asked <= set(system.spec.labels) else finer


def stem_files(name: str | Path, written: Sequence[str], kind: str = "wav") -> list[Path]:
    """List the sound files of ``write_stems``, relative to the output folder; raises ConfigError for an unknown kind.

    >>> [str(path) for path in stem_files("song", ["vocals", "mixture"])]
    ['song/vocals.wav', 'song/mixture.wav']
    """
    if kind not in SUFFIXES:
        raise unknown("format", kind, SUFFIXES)
    return [Path(name) / f"{label}{SUFFIXES[kind]}" for label in written]


def write_stems(
    path: str | Path,
    out: str | Path,
    system: str | Path = "stems",
    *,
    stems: Sequence[str] = (),
    two: str = "",
    minus: Sequence[str] = (),
    kind: str = "wav",
    page: bool = True,
    name: str | Path | None = None,
    device: str = "auto",
    progress: Callable[[float], None] | None = None,
    **options: Any,
) -> list[Path]:
    """Take a recording of any length apart and write the folder OUT/NAME; returns its files, the page first.

    system: a separator's bundle, by name or folder. stems, two, minus: as for ``outputs``. kind: wav (32-bit floats),
    flac (24 bits) or mp3. page: also a page that plays the stems together, for up to ten minutes. name: of the folder
    (default: the recording's). The sound files appear all together or not at all. options: as for ``run.separate``.
    Raises AudioError for what cannot be heard or written.
    """
    source = Path(path)
    separator = able(run.separator(system, device), stems, two, minus)
    weights = outputs(separator.spec.labels, stems, two, minus)
    files = [Path(out) / file for file in stem_files(name if name is not None else source.stem, list(weights), kind)]
    about = audio.info(source)
    if page and (about.seconds or np.inf) > PAGE_SECONDS:
        LOG.warning("%s has no page: it is longer than %d minutes", source, PAGE_SECONDS // 60)
        page = False
    shown = Shown(list(weights), about.rate) if page else None
    folder = files[0].parent
    made = _make_folder(folder)
    frames = round((about.seconds or 0.0) * about.rate)
    try:
        with ExitStack() as stack:
            puts = [
                stack.enter_context(audio.writing(file, about.rate, about.channels, frames=frames)) for file in files
            ]
            for found, residual in separating.parts(separator, source, progress=progress, **options):
                mixture = found.sum(0) + residual
                everything = np.concatenate([found, mixture[None]])
                sounds = [np.tensordot(each.astype(np.float32), everything, 1) for each in weights.values()]
                for put, sound in zip(puts, sounds, strict=True):
                    put(sound)
                if shown:
                    shown.add(sounds, mixture)
    except BaseException:
        if made:
            with suppress(OSError):
                folder.rmdir()
        raise
    if not shown:
        return files
    answer = shown.stems()
    song_page(
        folder / PAGE,
        title=source.stem.replace("_", " "),
        samples=answer.mix(),
        rate=answer.rate,
        answers={"stems": answer},
        facts={"bundles": [_facts(system)]},
        files=files,
    )
    return [folder / PAGE, *files]


class Shown:
    """What the page plays, gathered piece by piece: all that is written, in mono and at a low rate."""

    def __init__(self, names: Sequence[str], rate: int):
        self.names, self.rate = names, min(PAGE_RATE, rate)
        self._converters = [audio.Converter(rate, self.rate) for _ in range(len(names) + 1)]
        self._parts: list[list[np.ndarray]] = [[] for _ in self._converters]

    def add(self, sounds: Sequence[np.ndarray], mixture: np.ndarray) -> None:
        """Take the next piece of each, and of the mixture."""
        for convert, parts, sound in zip(self._converters, self._parts, (*sounds, mixture), strict=True):
            parts.append(convert(audio.mono(sound)))

    def stems(self) -> Stems:
        """End the recording; what is called residual is what the others leave of the mixture."""
        ended = zip(self._converters, self._parts, strict=True)
        *sounds, mixture = (np.concatenate([*parts, convert.rest()], 1) for convert, parts in ended)
        named = zip(self.names, sounds, strict=True)
        kept = {name: sound for name, sound in named if name not in (MIXTURE, RESIDUAL)}
        if not kept:
            kept = {MIXTURE: mixture}
        return Stems.of(kept, self.rate, mixture - np.sum(list(kept.values()), 0))


def _make_folder(folder: Path) -> bool:
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        why = (problem.strerror or str(problem)).lower()
        raise ConfigError(f"{folder} cannot be made", why, "choose another folder") from None
    return made


def _facts(system: str | Path) -> dict[str, Any]:
    """What the page says of the bundle."""
    config = bundle.describe(system)
    facts = config["facts"]
    return {
        "name": config.get("name", str(system)),
        "version": config["sha256"][:8],
        "licence": facts["licence"],
        "cannot": facts["limits"],
        "parameters": f"{config['parameters']:,}",
    }
