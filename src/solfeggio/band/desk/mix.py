"""Turn dry stems into a record: levels, equalisers, effects, rooms, then the mastering that real records have.

Everything up to the sum is done to each stem, so stems sum to the mix that goes into ``master``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from solfeggio.answers import Notes, Segments
from solfeggio.band.desk import effects, filters
from solfeggio.band.desk.master import draw, loudness, master
from solfeggio.band.instruments import instrument
from solfeggio.band.song import Performance, Played
from solfeggio.band.truth import sings

GROUPS = ("drums", "bass", "vocals", "other")
_GENRES = (
    ("rock", r"rock|metal|punk|thrash|ska|grunge|surf|blues-sh|indie"),
    ("dance", r"house|techno|trap|hip|drum-and|disco|dance|electro|trance|garage|dub|synth|loop|chip|edm"),
    ("classical", r"class|chorale|romantic|quartet|orchestra|film|march|baroque|ambient|choir|scene|solo|sonat|fugue"),
    ("jazz", r"jazz|swing|bossa|blues|samba|tango|bop|big-band|ragtime"),
    ("folk", r"jig|reel|folk|polka|waltz|bluegrass|celtic|session"),
)  # fmt: skip
# loudness beside the others, dB, by the kind of music; a part that is not named has the level of "other"
_LEVELS_DB: dict[str, dict[str, float]] = {
    "pop": {"vocals": 3, "lead": 1, "drums": 3, "percussion": -6, "bass": 1.5, "pad": -9, "strings": -7, "other": -4},
    "rock": {"vocals": 2, "lead": 1, "drums": 3, "percussion": -6, "bass": 1.5, "guitar": -1, "pad": -9, "other": -5},
    "dance": {"vocals": 2, "lead": -1, "drums": 3, "percussion": -4, "bass": 2, "pad": -7, "other": -4},
    "jazz": {"vocals": 3, "lead": 3, "drums": -4, "percussion": -7, "bass": -1, "pad": -9, "strings": -7, "other": -2},
    "folk": {"vocals": 3, "lead": 2, "drums": -5, "percussion": -7, "bass": -3, "pad": -9, "other": -1},
    "classical": {"vocals": 2, "lead": 1, "drums": -7, "percussion": -8, "bass": -3, "pad": -4, "other": -1},
}
_SNARES, _KICKS = (38, 39, 40), (35, 36)


@dataclass(frozen=True)
class Strip:
    """What one strip of the desk carries. role: as in the levels. program: General MIDI, None unknown."""

    role: str
    program: int | None = None
    drums: bool = False


@dataclass(frozen=True, eq=False)
class _Session:
    """What is common to all strips: the rooms, where the kicks and snares are, the effects asked for, a beat in s."""

    genre: str
    rooms: list[np.ndarray]
    kicks: np.ndarray
    snares: np.ndarray
    beat: float = 0.5
    duck: tuple[float, float] = (0.0, 0.2)
    ducked: Segments = field(default_factory=lambda: Segments([], []))
    sweeps: list[tuple[float, float, float, float, bool]] = field(default_factory=list)
    swept: str = "music"


def mix(
    stems: dict[str, np.ndarray],
    rng: np.random.Generator,
    rate: int,
    *,
    dry: bool = False,
    performance: Performance | None = None,
    keep_stems: bool = True,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Mix stems (2, n) into (2, n) float32 with a peak of -12 to 0 dBFS; returns (mix, stems as they went into it).

    performance: what is played, part by part in the order of the stems: it decides balance, effects and production;
    without it names decide. dry: levels and panning only, no effects and no mastering; the stems then sum to the mix
    exactly. keep_stems: False saves time and returns no stems. The same for the same ``rng``; ``keep_stems`` does not
    change the mix beyond rounding.
    """
    names = list(stems)
    if not names:
        return np.zeros((2, 0), np.float32), {}
    genre = genre_of(performance)
    production = draw(rng, genre)
    session = _session(performance, genre, production, rng, rate)
    played = performance.parts if performance is not None else [None] * len(names)
    strips = {name: strip_of(name, part) for name, part in zip(names, played, strict=True)}
    wetness_db = rng.uniform(-14, -4) if production == "live" else rng.uniform(-26, -7)
    wetness_db += 4.0 * (genre == "classical")
    parts, buses = {}, np.zeros((len(session.rooms), stems[names[0]].shape[1]), np.float32)
    total = np.zeros_like(stems[names[0]], np.float32)
    for name in names:
        part, send, room = _channel(strips[name], stems[name], rng, rate, dry, session)
        if not dry:
            sent = 0.5 * (part[0] + part[1]) * np.float32(send * 10 ** (wetness_db / 20))
            if keep_stems:
                part = part + filters.convolve(sent, session.rooms[room])
            else:
                buses[room] += sent
        total += part
        if dry or keep_stems:
            parts[name] = part
    for bus, response in zip(buses, session.rooms, strict=True):
        if bus.any():
            total += filters.convolve(bus, response)
    scale = np.float32(0.5 / (float(np.abs(total).max()) or 1.0))
    for part in parts.values():
        part *= scale
    total *= scale
    return (total if dry else master(total, rng, rate, production)), parts


def genre_of(performance: Performance | None) -> str:
    """Name the kind of mix a performance wants, by its style or else by who plays."""
    if performance is None:
        return "pop"
    name = f"{performance.song.style} {performance.song.name}"
    for genre, rule in _GENRES:
        if re.search(rule, name):
            return genre
    return "pop" if any(part.drums for part in performance.parts) else "classical"


def strip_of(name: str, part: Played | None) -> Strip:
    """Tell what kind of strip a part wants, by who plays it, or by its name alone.

    >>> strip_of("bass 2", None).role, strip_of("strings", None).role
    ('bass', 'strings')
    """
    if part is None:
        rules = (
            ("drum", "drums"), ("perc", "percussion"), ("bass", "bass"), ("voc", "vocals"), ("melody", "lead"),
            ("lead", "lead"), ("solo", "lead"), ("guitar", "guitar"), ("pad", "pad"), ("string", "strings"),
        )  # fmt: skip
        role = next((role for key, role in rules if key in name), "other")
        return Strip(role, None, role == "drums")
    if part.drums:
        return Strip("percussion" if "perc" in name else "drums", part.program, True)
    kind = instrument(part.program)
    if sings(part):
        role = "vocals"
    elif name.startswith("bass"):
        role = "bass"
    elif name.startswith(("melody", "lead", "solo")):
        role = "lead"
    elif "guitar" in kind:
        role = "guitar"
    elif 88 <= part.program < 96 or "pad" in name:
        role = "pad"
    else:
        role = kind if kind in ("strings", "percussion") else "other"
    return Strip(role, part.program)


def grouped(stems: dict[str, np.ndarray], performance: Performance) -> dict[str, np.ndarray]:
    """Sum stems into the four of MUSDB: drums, bass, vocals (parts that are sung), other; their sum stays the same.

    stems: part name -> (2, n), in the order of the performance's parts, as ``record`` gives them. A group that nobody
    plays is silent.
    """
    length = max((stem.shape[1] for stem in stems.values()), default=0)
    out = {group: np.zeros((2, length), np.float32) for group in GROUPS}
    for (name, stem), part in zip(stems.items(), performance.parts, strict=True):
        role = strip_of(name, part).role
        group = "drums" if part.drums or role == "percussion" else role if role in GROUPS else "other"
        out[group] += stem
    return out


def _session(
    performance: Performance | None, genre: str, production: str, rng: np.random.Generator, rate: int
) -> _Session:
    spaces = {"live": ("hall",), "classical": ("hall", "room", "chamber")}
    first = spaces.get(production) or spaces.get(genre) or ("room", "room", "plate", "chamber", "hall")
    kinds = (str(rng.choice(first)), str(rng.choice(["plate", "plate", "spring", "hall"])))
    rooms = [filters.room(rng, rate, kind) for kind in kinds]
    depth, recover = rng.uniform(0.35, 0.9), rng.uniform(0.5, 0.95)
    swept = str(rng.choice(["music", "all"]))
    none = np.zeros(0)
    if performance is None:
        return _Session(genre, rooms, none, none)
    drummed = [part.notes for part in performance.parts if part.drums]
    kicks, snares = (_hits(drummed, pitches) for pitches in (_KICKS, _SNARES))
    times = performance.beats.times
    beat = float(np.clip(np.median(np.diff(times)), 0.25, 1.2)) if len(times) > 1 else 0.5
    asked = performance.spans.get("effects") or Segments([], [])
    ducked = Segments(*_spans(asked, "sidechain"))
    sweeps = []
    for start, end, label in zip(asked.starts, asked.ends, asked.labels, strict=True):
        if label in ("sweep up", "sweep down") and end > start:
            high_pass = bool(rng.random() < 0.35)
            low, high = (30.0, rng.uniform(300, 900)) if high_pass else (rng.uniform(250, 700), 0.4 * rate)
            first_hz, last_hz = (low, high) if label == "sweep up" else (high, low)
            sweeps.append((float(start), float(end), first_hz, last_hz, high_pass))
    return _Session(genre, rooms, kicks, snares, beat, (depth, min(recover * beat, 0.45)), ducked, sweeps, swept)


def _hits(drummed: list[Notes], pitches: tuple[int, ...]) -> np.ndarray:
    found = [notes.starts[np.isin(notes.pitches, pitches)] for notes in drummed]
    return np.sort(np.concatenate(found)) if found else np.zeros(0)


def _spans(asked: Segments, label: str) -> tuple[np.ndarray, np.ndarray]:
    chosen = np.array([one == label for one in asked.labels], bool)
    return asked.starts[chosen], asked.ends[chosen]


def _channel(
    strip: Strip, stem: np.ndarray, rng: np.random.Generator, rate: int, dry: bool, session: _Session
) -> tuple[np.ndarray, float, int]:
    """One strip of the desk: returns the processed (2, n) stem, how much of it a room gets, and which room."""
    levels = _LEVELS_DB[session.genre]
    level_db = levels.get(strip.role, levels["other"]) + float(np.clip(rng.normal(0, 2.5), -6, 6))
    if rng.random() < 0.15:
        level_db += float(rng.uniform(-9, 9))
    central = strip.drums or strip.role in ("bass", "vocals")
    pan = 0.0 if central else float(np.clip(rng.normal(0, 0.15 if strip.role == "lead" else 0.4), -0.9, 0.9))
    width = float(rng.uniform(0, 1)) if strip.role not in ("bass", "vocals") else 0.0
    send = 10 ** (rng.uniform(-9, 3) / 20) * (0.25 if strip.role == "bass" else 1.0)
    room = int(rng.random() < {"vocals": 0.6, "lead": 0.4, "guitar": 0.3}.get(strip.role, 0.1))
    middle, side = 0.5 * (stem[0] + stem[1]), (stem[0] - stem[1]) * np.float32(0.5 * width)
    out = np.stack([middle + side, middle - side])
    if not dry:
        out = _processed(strip, out, rng, rate, session)
    angle = (pan + 1) * np.pi / 4
    gains = np.sqrt(2) * np.array([[np.cos(angle)], [np.sin(angle)]]) * 10 ** (level_db / 20)
    out = out * (gains / (loudness(out, rate) or 1.0) * 0.1).astype(np.float32)
    return (out if dry else _automated(strip, out, rate, session)), send, room


def _processed(strip: Strip, out: np.ndarray, rng: np.random.Generator, rate: int, session: _Session) -> np.ndarray:
    """Run a stem through what the engineer patched in: drive, compressor, equaliser, modulation, echo, second voice."""
    guitar = strip.role == "guitar" or strip.program in range(26, 32)
    keys = strip.program in range(8) or strip.program in range(16, 24) or strip.role == "pad"
    sung, modern = strip.role == "vocals", session.genre in ("pop", "rock", "dance")
    taps = filters.equaliser(rng, rate) if rng.random() < 0.75 else None
    dice = rng.random(8)
    if guitar and dice[0] < (0.5 if session.genre == "rock" else 0.2):
        out = effects.overdrive(out, loudness(out, rate), float(rng.uniform(2, 25)))
        cabinet = filters.band_pass(80, 5000, rate, 18)
        taps = cabinet if taps is None else np.convolve(taps, cabinet)
    elif dice[0] > 0.88 and session.genre != "classical":
        out = effects.overdrive(out, loudness(out, rate), float(rng.uniform(1, 5)))
    if dice[1] < (0.9 if sung else 0.35 if strip.drums or strip.role == "bass" else 0.1) * (1.0 if modern else 0.4):
        out = effects.compress(
            out, rate, percentile=rng.uniform(40, 75), ratio=rng.uniform(2, 8),
            attack=rng.uniform(0.003, 0.03), release=rng.uniform(0.06, 0.3),
        )  # fmt: skip
    if sung:
        low = filters.band_pass(rng.uniform(70, 140), 18000, rate, 12)
        taps = low if taps is None else np.convolve(taps, low)
    if taps is not None:
        out = filters.convolve(out, taps)
    hz, phase = float(rng.uniform(0.3, 1.4)), float(rng.uniform(0, 6.28))
    if strip.drums:
        if len(session.snares) and dice[2] < (0.08 if modern else 0.0):
            out = out + _gated(out, session, rng, rate)
    elif strip.role != "bass":
        if dice[2] < 0.12:
            out = out + np.float32(0.7) * effects.second(out, rate, hz, rng.uniform(0.008, 0.02), 0.15, phase)
        if (guitar or keys) and dice[3] < 0.05:
            out = effects.phaser(out, rate, hz * 0.5, phase)
        if (guitar or keys) and dice[4] < 0.08:
            swing = 4 * hz if dice[5] < 0.5 else 0.5 / session.beat
            out = out * effects.tremolo(out.shape[1], rate, swing, rng.uniform(0.2, 0.6), phase, pan=dice[5] > 0.3)
        if dice[6] < (0.25 if sung or strip.role == "lead" else 0.05) * (1.0 if modern else 0.4):
            late = session.beat * float(rng.choice([0.5, 0.75, 1.0]))
            wet = np.float32(rng.uniform(0.15, 0.5))
            out = out + wet * effects.echo(out, rate, late, rng.uniform(0.3, 0.6), dice[7] < 0.5)
    return out


def _gated(out: np.ndarray, session: _Session, rng: np.random.Generator, rate: int) -> np.ndarray:
    """The room of the snare alone, cut off while it is still loud."""
    n, level = out.shape[1], np.float32(10 ** (rng.uniform(-8, 0) / 20))
    struck = 0.5 * (out[0] + out[1]) * effects.gate(n, rate, session.snares, 0.08)
    wet = filters.convolve(struck, session.rooms[1])
    return level * wet * effects.gate(n, rate, session.snares, float(rng.uniform(0.15, 0.3)))


def _automated(strip: Strip, out: np.ndarray, rate: int, session: _Session) -> np.ndarray:
    """Ride the strip through the song: duck it under the kick, sweep it, where the song asks for that."""
    n = out.shape[1]
    if not strip.drums and len(session.ducked.starts) and len(session.kicks):
        depth, recover = session.duck
        depth *= 0.4 if strip.role == "vocals" else 1.0
        at = np.searchsorted(session.ducked.starts, session.kicks, side="right") - 1
        inside = (at >= 0) & (session.kicks < session.ducked.ends[np.maximum(at, 0)])
        out = out * effects.duck(n, rate, session.kicks[inside], depth, recover)
    music = not strip.drums and strip.role not in ("vocals", "bass")
    for start, end, first_hz, last_hz, high_pass in session.sweeps if music or session.swept == "all" else ():
        first, last = round(start * rate), min(round(end * rate), n)
        if last > first:
            out[:, first:last] = effects.sweep(out[:, first:last], rate, first_hz, last_hz, high_pass=high_pass)
    return out
