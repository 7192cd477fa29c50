"""A song as the page's player holds it: packed sound, envelope, grid and lanes, for song pages and reports."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from solfeggio import audio
from solfeggio.answers import Answer, Curve, Events, Segments, Stems, Tags
from solfeggio.errors import AudioError
from solfeggio.notation import bars, global_key, tempo_curve
from solfeggio.report import lanes
from solfeggio.report.sound import MP3_RATES, bitrate, data_uri, mp3

SMALL_BYTES = 2_900_000  # originals up to this size travel as they are
STEM_KBPS = 80  # in stereo
STEREO_SECONDS = 900  # longer recordings are packed in mono


def clock(seconds: float) -> str:
    """Write seconds as people read them.

    >>> clock(187.4), clock(3725)
    ('3:07', '1:02:05')
    """
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def as_json(data: Any) -> str:
    """Write data so that it can stand inside a script element: no character of it can end or open a tag."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def player_data(
    title: str,
    answers: Mapping[str, Answer],
    samples: np.ndarray | None = None,
    rate: int | None = None,
    media: str | os.PathLike[str] | None = None,
    kbps: int | None = None,
    tempo: bool = True,
    stems: Mapping[str, np.ndarray] | None = None,
) -> dict[str, Any]:
    """Pack one song for the player: dict with title, audio (a ``data:`` address), length, peak, data and its json.

    Give samples (channel, time) with their rate in Hz, or the media file, which is read in constant memory.
    answers: "beats" Events draw the grid and drive the click; with ``tempo``, a lane of it is added when
    no answer has that name. stems: see ``song_page``; needs samples. A ``Stems`` answer brings its own, and a mixer.
    Raises AudioError when there is neither samples nor a media file.
    """
    separated = [answer for answer in answers.values() if isinstance(answer, Stems)]
    if separated:
        stems, kbps = _players(separated[0]), kbps or STEM_KBPS
    uri, envelope = _sound(samples, rate, media, kbps)
    duration = envelope.samples / envelope.rate
    beats = answers.get("beats")
    beats = beats if isinstance(beats, Events) else Events.none()
    shown = {name: answer for name, answer in answers.items() if name != "beats" and not isinstance(answer, Tags)}
    if tempo and "tempo" not in answers and len(beats) > 2:
        shown = {"tempo": tempo_curve(beats), **shown}
    keys = answers.get("key")
    key = global_key(keys) if isinstance(keys, Segments) else "N"
    key = key if key.partition(":")[2] in lanes.MODES else ""
    drawn = envelope.lane()
    data = {
        "duration": round(duration, 4),
        "rate": envelope.rate,
        "samples": envelope.samples,
        "envelope": drawn,
        "beats": _beats(beats),
        "bars": _bars(beats),
        "about": lanes.lane("beats", beats)["about"].removeprefix("beats: "),
        "lanes": lanes.lanes({name: _limited(answer) for name, answer in shown.items()}, key),
        "key": [lanes.tint(key), key.partition(":")[2]] if key else None,
        "stems": _stems(samples, rate, stems, envelope.rate),
    }
    return {
        "title": title,
        "audio": uri,
        "length": clock(duration),
        "stems": list(stems or ()),
        "mixer": bool(separated),
        "chords": any(lane["kind"] == "chords" for lane in data["lanes"]),  # type: ignore[attr-defined]
        "peak": drawn["peak"],
        "data": data,
        "json": as_json(data),
        "tags": [lanes.lane(name, answer) for name, answer in answers.items() if isinstance(answer, Tags)],
    }


def _limited(answer: Answer, most: int = 120_000) -> Answer:
    """Thin a very dense curve: beyond that many points no screen shows them apart."""
    if isinstance(answer, Curve) and len(answer) > most:
        return answer.take(np.arange(0, len(answer), -(-len(answer) // most)))
    return answer


def _beats(beats: Events) -> dict[str, Any]:
    gaps = np.diff(beats.times)
    return {
        "times": lanes.times(beats.times),
        "labels": list(beats.labels or [""] * len(beats)),
        "typical": float(np.median(gaps)) if len(gaps) else 1.0,
    }


def _bars(beats: Events) -> dict[str, Any]:
    """Bars with their numbers as printed music counts them: a pick-up is bar 0."""
    cut = bars(beats) if beats.labels and "1" in beats.labels else bars(Events.none())
    first = 1 if len(cut) and beats.labels[0] == "1" else 0
    gaps = cut.ends - cut.starts
    return {
        "starts": lanes.times(cut.starts),
        "ends": lanes.times(cut.ends),
        "numbers": list(range(first, first + len(cut))),
        "metres": list(cut.labels),
        "typical": float(np.median(gaps)) if len(gaps) else 1.0,
    }


def _sound(
    samples: np.ndarray | None, rate: int | None, media: str | os.PathLike[str] | None, kbps: int | None
) -> tuple[str, lanes.Envelope]:
    if samples is not None and rate:
        samples = np.nan_to_num(np.atleast_2d(np.asarray(samples, np.float32)))
        seconds, channels, own = samples.shape[1] / rate, len(samples), int(rate)
    elif media is not None:
        about = audio.info(media)
        seconds, channels, own = about.seconds or 600.0, about.channels, about.rate
    else:
        raise AudioError("a page without sound", "neither samples with their rate nor a media file was given")
    to_rate = own if own in MP3_RATES else min((r for r in MP3_RATES if r > own), default=MP3_RATES[-1])
    stereo = channels == 2 and seconds <= STEREO_SECONDS
    if samples is not None:
        mixed = samples if stereo or channels == 1 else audio.mono(samples)
        mixed = audio.resample(mixed, own, to_rate)
        blocks: Iterator[np.ndarray] = (mixed[:, i : i + to_rate * 10] for i in range(0, mixed.shape[1], to_rate * 10))
    else:
        blocks = audio.blocks(media, rate=to_rate, seconds=10.0, mono=not stereo)  # type: ignore[arg-type]
    envelope = lanes.Envelope(to_rate, seconds)
    seen = _watched(blocks, envelope)
    if media is not None and _plays_everywhere(Path(media)):
        for _ in seen:
            pass
        kind = "audio/wav" if Path(media).suffix.lower() == ".wav" else "audio/mpeg"
        return data_uri(Path(media).read_bytes(), kind), envelope
    packed = mp3(seen, to_rate, 2 if stereo else 1, kbps or bitrate(seconds))
    return (data_uri(packed, "audio/mpeg") if envelope.samples else ""), envelope


def _stems(
    samples: np.ndarray | None, rate: int | None, stems: Mapping[str, np.ndarray] | None, to_rate: int
) -> list[dict[str, str]]:
    """Pack stems so that together they are as loud as the song, and none is clipped."""
    if not stems or samples is None or rate is None:
        return []
    total = sum(stems.values(), np.zeros((2, 1), np.float32))
    loud, own = (float(np.sqrt(np.mean(np.square(np.atleast_2d(x))))) for x in (samples, total))
    peak = max(float(np.abs(x).max(initial=0.0)) for x in (total, *stems.values()))
    gain = np.float32(min(loud / (own or 1.0), 0.99 / (peak or 1.0)))
    packed = []
    for name, stem in stems.items():
        sound = audio.resample(gain * stem, rate, to_rate)
        kbps = STEM_KBPS * len(sound) // 2
        packed.append({"name": name, "audio": data_uri(mp3([sound], to_rate, len(sound), kbps), "audio/mpeg")})
    return packed


def _players(stems: Stems) -> dict[str, np.ndarray]:
    """The sounds of a mixer: stems, and the residual where it can be heard (60 dB below the mix)."""
    sounds = dict(zip(stems.labels, stems.samples, strict=True))
    if stems.residual is not None and np.square(stems.residual).sum() > 1e-6 * np.square(stems.mix()).sum():
        sounds["residual"] = stems.residual
    return sounds


def _watched(blocks: Iterator[np.ndarray], envelope: lanes.Envelope) -> Iterator[np.ndarray]:
    for block in blocks:
        envelope.add(block)
        yield block


def _plays_everywhere(path: Path) -> bool:
    """Whether every browser plays this file as it is and seeks in it exactly: plain wav, or mp3 of constant rate."""
    if path.stat().st_size > SMALL_BYTES:
        return False
    head = path.read_bytes()[:400_000]
    if head[:4] == b"RIFF" and path.suffix.lower() == ".wav":
        return head[20:22] == b"\1\0" and head[34:36] == b"\x10\0"  # whole numbers of 16 bits
    if head[:3] == b"ID3":
        size = (head[6] << 21) + (head[7] << 14) + (head[8] << 7) + head[9]
        head = head[size + 10 :]
    return path.suffix.lower() == ".mp3" and head[:1] == b"\xff" and b"Info" in head[:64]
