"""Play a written song: the only place where quarters become seconds.

The beats of a performance are the beats of its tempo map; players then stray from them by milliseconds.
"""

from __future__ import annotations

import numpy as np

from solfeggio.answers import Events, Notes, Segments
from solfeggio.band.playing import bends
from solfeggio.band.playing.dynamics import HATS, levels, loudness
from solfeggio.band.playing.swing import Swing, bend, draw_swing
from solfeggio.band.playing.tempo import TempoMap, draw_tempo_map, sequenced
from solfeggio.band.playing.touch import PLUCKED, SNARES, flams, lengthen, one_voice, pedal, roll
from solfeggio.band.song import SPANS, Part, Performance, Played, Song, Spans

TAIL = 1.5  # seconds kept after the last note
STRAY = 0.024  # seconds a player may be off the tempo map
PITCHES_HZ = (415.0, 430.0, 432.0, 435.0, 438.0, 442.0, 443.0, 443.0, 444.0, 445.0, 448.0, 466.0)  # of A, not 440


def perform(rng: np.random.Generator, song: Song) -> Performance:
    """Play ``song``: choose its tempo map, swing, touch, dynamics and tuning; the truth moves with the notes.

    Beats are kept from the first to the last sounding note: nobody hears a beat in the silence before or after.
    """
    tempo = draw_tempo_map(rng, song, start=float(rng.uniform(0.05, 0.8)))
    machines = sequenced(song)
    looseness = 0.1 if machines else float(rng.choice([0.15, 0.6, 1.0, 1.5], p=[0.2, 0.3, 0.35, 0.15]))
    swing, level, cents = draw_swing(rng, song), levels(rng, song), draw_cents(rng)
    sounding = [part for part in song.parts if len(part.notes)]
    played = [_play(rng, part, song, tempo, swing, looseness, level) for part in sounding]
    first = min((notes.starts.min() for notes, _ in played), default=0.0)
    fades = (_fade(notes, part.drums) for part, (notes, _) in zip(sounding, played, strict=True))
    last = max(fades, default=0.0)
    times = tempo.at(song.beats_quarters)
    heard = (times > first - 0.07) & (times < last)
    duration = float(max((notes.ends.max() for notes, _ in played), default=0.0) + TAIL)
    parts = []
    for part, (notes, words) in zip(sounding, played, strict=True):
        f0 = bends.bend(rng, part, notes, duration, cents)
        feet = pedal(rng, part, song, tempo)
        parts.append(Played(part.name, part.program, part.drums, notes, words, f0, feet))
    return Performance(
        song=song,
        parts=tuple(parts),
        beats=Events(times[heard], tuple(str(int(p)) for p in song.positions[heard])),
        duration=duration,
        spans={name: _move(getattr(song, name), tempo, duration) for name in SPANS if getattr(song, name)},
        cents=cents,
    )


def draw_cents(rng: np.random.Generator) -> float:
    """Draw a tuning, -50 to 50 cents off 440 Hz: mostly near 0, else a pitch standard (415 to 466 Hz) or tape speed.

    A whole semitone off is another key, which composing has drawn already, so standards are folded: 415 is -1.3 cents.
    """
    kind = rng.random()
    if kind < 0.68:
        cents = rng.normal(0, 5)
    elif kind < 0.86:
        cents = 1200 * np.log2(PITCHES_HZ[int(rng.integers(len(PITCHES_HZ)))] / 440) + rng.normal(0, 2)
    else:
        cents = rng.uniform(-50, 50)
    return float((cents + 50) % 100 - 50)


def _play(
    rng: np.random.Generator,
    part: Part,
    song: Song,
    tempo: TempoMap,
    swing: Swing,
    looseness: float,
    level: np.ndarray,
) -> tuple[Notes, tuple[str, ...]]:
    """Turn one part into seconds, with the words in the order of its notes."""
    start, end, pitch, _ = part.notes.T
    pair, middle = swing
    own = (pair, middle + (middle > 0.5) * float(np.clip(rng.normal(0, 0.012), -0.03, 0.03)) * looseness)
    exact = tempo.at(bend(start, *own))
    moments, which = np.unique(np.round(start / 0.04), return_inverse=True)  # notes of one chord move together
    shift = _stray(rng, part, song, looseness, len(moments), which)
    if part.program in PLUCKED and not part.drums and rng.random() < 0.5:
        shift = shift + roll(rng, which, pitch, slow=part.program == 46)
    times = np.maximum(exact + np.clip(shift, -STRAY, STRAY), 0.0)
    if one_voice(part.notes):  # a line keeps its order
        times = np.maximum.accumulate(times - 0.01 * np.arange(len(times))) + 0.01 * np.arange(len(times))
    ends = lengthen(rng, part, song, times, times + tempo.at(bend(end, *own)) - exact)
    rows = np.column_stack([times, ends, pitch, loudness(rng, part, song, level)])
    words = part.words
    if part.drums and looseness > 0.3 and rng.random() < 0.5:
        rows = np.concatenate([rows, flams(rng, rows)])
    order = np.argsort(rows[:, 0], kind="stable")
    return Notes(*rows[order].T), tuple(words[i] for i in order) if words else ()


def _stray(
    rng: np.random.Generator, part: Part, song: Song, looseness: float, count: int, which: np.ndarray
) -> np.ndarray:
    """Seconds each note is late: the habit of its player, of each limb on drums, and chance."""
    start, _, pitch, _ = part.notes.T
    lead = part.name.startswith(("melody", "lead", "solo"))
    spread = 0.003 if part.drums else 0.006
    habit = rng.normal(*((0.0, 0.001) if part.drums else (0.003, 0.004) if lead else (0.0, 0.004)))
    if part.name.startswith("bass"):
        habit += 0.002
    late = np.full(len(start), habit)
    if part.drums:
        late += np.isin(pitch, SNARES) * rng.normal(0.002, 0.004) + np.isin(pitch, HATS) * rng.normal(-0.001, 0.003)
        late -= _rush(rng, song, start) * ~np.isin(pitch, HATS)
    off = np.abs(start * 2 - np.round(start * 2)) > 0.05
    late += off * rng.normal(0, 0.002)
    return (late + rng.normal(0, spread, count)[which] + rng.normal(0, 0.3 * spread, len(start))) * looseness


def _rush(rng: np.random.Generator, song: Song, start: np.ndarray) -> np.ndarray:
    """Seconds that fills run ahead of the beat, growing through the last two quarters of a section."""
    ahead = np.zeros(len(start))
    if rng.random() < 0.4:
        most = rng.uniform(0.002, 0.012)
        for _, end, _ in song.sections:
            ahead += most * np.clip((start - end + 2) / 2, 0, 1) * (start < end - 0.05)
    return ahead


def _fade(notes: Notes, drums: bool) -> float:
    """When a part can no longer be heard: drums soon after their last hit."""
    return float(notes.starts.max() + 0.3 if drums else min(notes.ends.max(), notes.starts.max() + 2.0))


def _move(spans: Spans, tempo: TempoMap, duration: float) -> Segments:
    starts = np.minimum(tempo.at(np.array([s for s, _, _ in spans])), duration)
    ends = np.minimum(tempo.at(np.array([e for _, e, _ in spans])), duration)
    return Segments(starts, ends, tuple(label for _, _, label in spans))
