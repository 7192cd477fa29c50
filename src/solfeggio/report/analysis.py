"""Everything that is heard in a recording, written as the files that people use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio import audio, bundle, formats, run
from solfeggio.answers import Answer, Events, Segments, Stems
from solfeggio.errors import ConfigError, unknown
from solfeggio.files import write_bytes
from solfeggio.report.page import song_page
from solfeggio.report.similarity import harmony, picture
from solfeggio.report.sound import MP3_RATES, bitrate, click, mp3

SONG_FORMATS = {  # one file for all answers
    "page": ".html", "jams": ".jams", "midi": ".mid", "click": ".click.mp3", "ireal": ".chart.txt",
    "musicxml": ".musicxml", "tab": ".drums.txt",
}  # fmt: skip
FORMATS = ("page", "jams", "csv", "beats", "midi", "click")  # written unless others are asked for
NEEDS = {"ireal": "chords", "musicxml": "chords", "tab": "drums"}  # format: what must be heard for it
KNOWN = tuple(
    dict.fromkeys([*SONG_FORMATS, *(name for name, form in formats.FORMATS.items() if Stems not in form.keeps)])
)

Progress = Callable[[float], None]


def heard() -> dict[str, type[Answer]]:
    """Name the answers of ``run.analyze``, by the bundles that are there.

    >>> list(heard())[:3]
    ['beats', 'metre', 'tempo']
    """
    return {name: kind for task in run.heard() for name, kind in run.ANSWERS[task].items()}


def usual() -> tuple[str, ...]:
    """Name the formats that are written unless others are asked for."""
    there = heard()
    return FORMATS + (("ireal", "lab") if "chords" in there else ()) + (("tab",) if "drums" in there else ())


def analysis_files(name: str | Path, kinds: Sequence[str] = FORMATS) -> dict[str, list[Path]]:
    """List what ``write_analysis`` writes, by format, relative to the output folder. ``name`` has no suffix.

    Raises ConfigError for an unknown format, or one that needs chords or drums where no bundle hears them.

    >>> [str(path) for path in analysis_files("song", ["page", "csv"])["csv"]][:3]
    ['song.beats.csv', 'song.metre.csv', 'song.tempo.csv']
    """
    made: dict[str, list[Path]] = {}
    for kind in kinds:
        if kind not in KNOWN:
            raise unknown("format", kind, KNOWN)
        if kind in NEEDS and NEEDS[kind] not in heard():
            raise ConfigError(f"format '{kind}'", f"it needs {NEEDS[kind]}, and no bundle hears them", "install one")
        if kind in SONG_FORMATS:
            made[kind] = [Path(f"{name}{SONG_FORMATS[kind]}")]
        else:
            held = [answer for answer, form in heard().items() if _keeps(kind, answer, form)]
            made[kind] = [Path(_answer_name(name, answer, kind)) for answer in held]
    return made


def _keeps(kind: str, answer: str, form: type[Answer]) -> bool:
    """Tell whether a format is written for an answer; drum hits are no beats, though both are Events."""
    return form in formats.FORMATS[kind].keeps and (kind != "beats" or answer == "beats")


def answer_files(name: str | Path, answer: str, kinds: Sequence[str]) -> list[Path]:
    """List what ``write_answer`` writes, relative to the output folder.

    >>> [str(path) for path in answer_files("song", "beats", ["csv", "beats"])]
    ['song.beats.csv', 'song.beats']
    """
    for kind in kinds:
        if kind not in formats.FORMATS:
            raise unknown("format", kind, formats.FORMATS)
    return [Path(_answer_name(name, answer, kind)) for kind in kinds]


def _answer_name(name: str | Path, answer: str, kind: str) -> str:
    suffix = formats.FORMATS[kind].suffixes[0]
    return f"{name}{suffix}" if suffix == f".{answer}" else f"{name}.{answer}{suffix}"


def write_analysis(
    path: str | Path,
    out: str | Path,
    *,
    kinds: Sequence[str] | None = None,
    name: str | Path | None = None,
    device: str = "auto",
    progress: Progress | None = None,
    **options: Any,
) -> list[Path]:
    """Hear everything in a recording and write it to the folder ``out``; returns the files, the page first.

    kinds: "page" (one HTML file that plays), "jams", "csv" (one for each answer), "beats", "midi" (a click that follows
    the tempo, chords as blocks, drums), "click" (the recording with a click, mp3), "ireal" (chords over bars as text),
    "tab" (drums over bars as text), "musicxml" (a lead sheet), and the others of ``formats.FORMATS``; None: those of
    ``usual``. name: of the files, without a suffix, may hold folders (default: the recording's own). progress is called
    with the seconds just heard. options: tempo, metres, vocabulary. Every file appears whole or not at all. Raises
    AudioError for what cannot be heard.
    """
    source, folder = Path(path), Path(out)
    kinds = usual() if kinds is None else kinds
    made = analysis_files(name if name is not None else source.stem, kinds)
    answers = run.analyze(source, device=device, progress=progress, **options)
    beats = answers["beats"]
    if not isinstance(beats, Events):
        raise ConfigError(f"{source}: beats are {type(beats).__name__}", "expected Events")
    seconds = audio.info(source).seconds
    files = {kind: [folder / file for file in listed] for kind, listed in made.items()}
    for file in (file for listed in files.values() for file in listed):
        _make_folder(file.parent)
    for kind, listed in files.items():
        if kind == "jams":
            formats.write_jams(answers, listed[0], duration=seconds, title=source.stem)
        elif kind == "midi":
            _write_midi(answers, listed[0])
        elif kind == "ireal":
            formats.write_chart(answers, listed[0], _title(source))
        elif kind == "tab":
            formats.write_drum_tab(answers["drums"], beats, listed[0], _title(source))  # type: ignore[arg-type]
        elif kind == "musicxml":
            formats.write_musicxml(answers, listed[0], _title(source))
        elif kind == "click":
            write_click_track(source, beats, listed[0])
        elif kind != "page":
            held = [answer for task, answer in answers.items() if _keeps(kind, task, type(answer))]
            for answer, file in zip(held, listed, strict=True):
                formats.write(answer, file, format=kind)
    rest = [file for kind, listed in files.items() if kind != "page" for file in listed]
    for file in files.get("page", ()):  # last, because it offers the others and shows that all is done
        chroma, tuning = harmony(source)
        song_page(
            file,
            title=_title(source),
            media=source,
            answers=answers,
            facts={"tuning": tuning, "bundles": [_facts(task) for task in run.heard()]},
            files=rest,
            pictures={"Self-similarity": picture(chroma, answers.get("sections"), seconds or 0.0)},
        )
    return files.get("page", []) + rest


def _title(source: Path) -> str:
    return source.stem.replace("_", " ")


def _write_midi(answers: Mapping[str, Answer], path: Path) -> None:
    """Write the click and, where there are any, chords as blocks, drum hits, and sections as markers."""
    beats, chords, sections, drums = (answers.get(name) for name in ("beats", "chords", "sections", "drums"))
    blocks = formats.chord_notes(beats, chords) if isinstance(chords, Segments) else None  # type: ignore[arg-type]
    formats.write_midi(path, beats, blocks, chords, sections, drums=drums)  # type: ignore[arg-type]


def write_answer(
    path: str | Path,
    out: str | Path,
    system: str = "beats",
    *,
    kinds: Sequence[str] = ("csv",),
    name: str | Path | None = None,
    device: str = "auto",
    progress: Progress | None = None,
    **options: Any,
) -> list[Path]:
    """Hear one answer in a recording and write it to the folder ``out`` in each format; returns the files.

    system: a bundle's name or folder; what helps it (beats, for chords) is heard first. kinds: of ``formats.FORMATS``;
    the rest as for ``write_analysis``.
    """
    listener = run.shipped(bundle.folder(system), device)
    task = type(listener).__module__.rpartition(".")[2]
    source = Path(path)
    listed = answer_files(name if name is not None else source.stem, task, kinds)
    helps = [name for name in run.GIVEN.get(task, ()) if name in bundle.names()]
    given = {name: run.hear(run.shipped(bundle.folder(name), device), source) for name in helps}
    given = {name: answer for name, answer in given.items() if len(answer)}
    answer = run.hear(listener, source, progress=progress, **given, **options)
    files = [Path(out) / file for file in listed]
    for kind, file in zip(kinds, files, strict=True):
        _make_folder(file.parent)
        if kind == "jams":
            formats.write_jams({task: answer}, file, duration=audio.info(source).seconds, title=source.stem)
        else:
            formats.write(answer, file, format=kind)
    return files


def write_click_track(path: str | Path, beats: Events, path_out: str | Path, level_db: float = -6.0) -> None:
    """Write a recording, mixed to mono, with a click on every beat as mp3, read in constant memory; accents mark bars.

    level_db: click against the recording's own peak.
    """
    about = audio.info(path)
    rate = about.rate if about.rate in MP3_RATES else 48000 if about.rate > 48000 else 44100
    peak, samples = 0.0, 0
    for block in audio.blocks(path, rate):
        peak, samples = max(peak, float(np.abs(block).max(initial=0.0))), samples + block.shape[1]
    gain = peak or 1.0
    loudest = gain * (1 + 10 ** (level_db / 20))

    def mixed() -> Iterator[np.ndarray]:
        start = 0
        for block in audio.blocks(path, rate):
            lead = min(start, rate)  # clicks that began before this block sound on in it
            near = beats.cut((start - lead) / rate - 1e-9, (start + block.shape[1]) / rate)
            clicks = click(near, (lead + block.shape[1]) / rate, rate, level_db)[:, lead : lead + block.shape[1]]
            yield ((block + gain * clicks) / max(1.0, loudest)).astype(np.float32)
            start += block.shape[1]

    write_bytes(path_out, mp3(mixed(), rate, 1, bitrate(samples / rate) // 2 + 24))


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        why = (problem.strerror or str(problem)).lower()
        raise ConfigError(f"{path} cannot be made", why, "choose another folder") from None


def _facts(name: str) -> dict[str, Any]:
    """What a page says of a bundle."""
    config = bundle.describe(name)
    facts = config["facts"]
    return {
        "name": name,
        "version": config["sha256"][:8],
        "licence": facts["licence"],
        "cannot": facts["limits"],
        "parameters": f"{config['parameters']:,}",
    }


def answer_text(path: str | Path, system: str, kind: str, **options: Any) -> str:
    """Hear one answer and give it as text, in a format that is text."""
    import tempfile

    if kind == "midi":
        raise ConfigError("midi on stdout", "it is not text", "give a folder with -o")
    with tempfile.TemporaryDirectory() as folder:
        return write_answer(path, folder, system, kinds=[kind], name="answer", **options)[0].read_text("utf-8")
