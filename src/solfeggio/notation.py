"""The words of written music: scores and their parts, metre, and what beats say about bars and tempo.

Beats are ``Events`` whose labels count the bar: "1" is the downbeat. Everything here follows from that.
In simple metres the beat is the denominator's note; in compound ones (6/8, 12/8) written for two or four beats a bar
the beat is the dotted note, so such a bar has the labels of 2/4 or 4/4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solfeggio.answers import Curve, Events, Segments
from solfeggio.errors import ConfigError

Spans = tuple[tuple[float, float, str], ...]  # (start, end, label), in quarters


@dataclass(frozen=True)
class Metre:
    """A time signature: ``beats`` a bar, each one ``unit``-th note.

    >>> Metre.parse("7/8").beats
    7
    >>> str(Metre(3, 4))
    '3/4'
    """

    beats: int
    unit: int = 4

    def __post_init__(self) -> None:
        if not 1 <= self.beats <= 32 or self.unit not in (1, 2, 4, 8, 16, 32):
            raise ConfigError(
                f"metre {self.beats}/{self.unit}", "a metre is 1 to 32 beats of a 1, 2, 4, 8, 16 or 32nd note"
            )

    def __str__(self) -> str:
        return f"{self.beats}/{self.unit}"

    @classmethod
    def parse(cls, text: str) -> Metre:
        """Read "3/4"; raises ConfigError when it is not a metre."""
        top, slash, bottom = text.partition("/")
        if not (slash and top.strip().isdecimal() and bottom.strip().isdecimal()):
            raise ConfigError(f"metre '{text}'", "expected beats/unit", "write 3/4 or 7/8")
        return cls(int(top), int(bottom))

    @classmethod
    def of_beats(cls, beats: int) -> Metre:
        """Name the usual metre with this many beats a bar: 6 and 7 are counted in eighths, others in quarters."""
        return cls(beats, 8 if beats in (6, 7, 9, 12) else 4)


@dataclass(frozen=True, eq=False)
class Part:
    """One player: notes on the quarter-note clock.

    name: "drums", "bass", "chords", "melody", ... program: General MIDI program 0..127 (kit number for drums).
    notes: (n, 4) columns start (quarters), end (quarters), MIDI pitch, velocity 1..127, sorted by start. words: for a
    part that is sung, the syllable of each note ("" goes on with the last). pedal: (start, end) in quarters while the
    sustain pedal is down.
    """

    name: str
    program: int
    notes: np.ndarray
    drums: bool = False
    words: tuple[str, ...] = ()
    pedal: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, eq=False)
class Score:
    """Written music, on the quarter-note clock: what writers read and write.

    title: its name. bpm: quarter notes a minute. parts: the players. length_quarters: end of the last bar. metres:
    (start, end, "3/4") over the whole length. keys, chords: (start, end, "C:maj"), (start, end, Harte label), where
    they are known. pickup_quarters: length of an incomplete first bar, 0 when the first bar is whole.
    Raises ConfigError for metres that leave a gap or a length that is not positive.
    """

    title: str
    bpm: float
    parts: tuple[Part, ...]
    length_quarters: float
    metres: Spans = ()
    keys: Spans = ()
    chords: Spans = ()
    pickup_quarters: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.length_quarters < 1e6 or not 0 < self.bpm < 1000:
            raise ConfigError(f"score of {self.length_quarters} quarters at {self.bpm} bpm", "both must be positive")
        if not self.metres:
            object.__setattr__(self, "metres", ((0.0, float(self.length_quarters), "4/4"),))
        edges = [0.0, *(end for _, end, _ in self.metres)]
        if any(abs(start - edge) > 1e-6 for (start, _, _), edge in zip(self.metres, edges, strict=False)):
            raise ConfigError(f"metres {self.metres}", "each must begin where the one before ends, the first at 0")

    def bar_lines(self) -> np.ndarray:
        """Where bars begin, and where the last one ends: (bars + 1,) quarters; bar 1 is after a pick-up.

        >>> Score("a", 120, (), 7.0, ((0.0, 7.0, "3/4"),), pickup_quarters=1.0).bar_lines()
        array([0., 1., 4., 7.])
        """
        lines = [0.0, self.pickup_quarters] if self.pickup_quarters else [0.0]
        for start, end, label in self.metres:
            metre = Metre.parse(label)
            size = metre.beats * 4 / metre.unit
            first = max(start, self.pickup_quarters)
            lines += [min(first + (i + 1) * size, end) for i in range(int(np.ceil((end - first) / size - 1e-6)))]
        return np.array(lines)


def downbeats(beats: Events) -> Events:
    """Keep the first beat of each bar."""
    return beats.named("1")


def bars(beats: Events) -> Segments:
    """Cut beats into bars, each labelled with its metre; a pick-up and an unfinished last bar take their neighbour's.

    The last bar ends one beat after its last beat. Without a downbeat there are no bars.

    >>> bars(Events([0, 1, 2, 3, 4, 5], list("123123"))).labels
    ('3/4', '3/4')
    """
    downs = np.flatnonzero([label == "1" for label in beats.labels])
    if not len(downs):
        return Segments(np.zeros(0), np.zeros(0))
    edges = np.unique([0, *downs, len(beats)])
    sizes = np.diff(edges)
    if len(sizes) > 1:
        if downs[0] > 0:
            sizes[0] = max(sizes[0], sizes[1])
        sizes[-1] = max(sizes[-1], sizes[-2])
    period = beats.times[-1] - beats.times[-2] if len(beats) > 1 else 0.5
    times = np.append(beats.times, beats.times[-1] + period)
    return Segments(times[edges[:-1]], times[edges[1:]], [str(Metre.of_beats(min(int(n), 32))) for n in sizes])


def metres(beats: Events) -> Segments:
    """Join neighbouring bars of one metre into segments."""
    cut = bars(beats)
    if not len(cut):
        return cut
    change = np.flatnonzero([a != b for a, b in zip(cut.labels, cut.labels[1:], strict=False)]) + 1
    starts = np.concatenate([[0], change])
    ends = np.concatenate([change, [len(cut)]]) - 1
    return Segments(cut.starts[starts], cut.ends[ends], [cut.labels[i] for i in starts])


def tempo_curve(beats: Events, smooth_beats: int = 4) -> Curve:
    """Local tempo in beats per minute at each beat: a sliding mean over ``smooth_beats`` beat lengths.

    >>> tempo_curve(Events([0, 0.5, 1, 1.5])).values
    array([120., 120., 120., 120.])
    """
    if len(beats) < 2:
        return Curve(np.zeros(0), np.zeros(0), "bpm")
    index = np.arange(len(beats))
    low = np.maximum(index - smooth_beats // 2, 0)
    high = np.minimum(low + smooth_beats, len(beats) - 1)
    low = np.maximum(high - smooth_beats, 0)
    span = np.maximum(beats.times[high] - beats.times[low], 1e-3)
    return Curve(beats.times, 60 * (high - low) / span, "bpm")


def tempo(beats: Events) -> float:
    """Beats per minute of the whole piece: the median of the beat lengths; 0 when there are fewer than two beats."""
    if len(beats) < 2:
        return 0.0
    return float(60 / max(np.median(np.diff(beats.times)), 1e-3))


def global_key(keys: Segments) -> str:
    """Key of the whole piece: the one that lasts longest, weighted by confidences where they are given; "N" for none.

    >>> global_key(Segments([0, 20, 50], [20, 50, 65], ["C:maj", "A:min", "C:maj"]))
    'C:maj'
    """
    weights = (keys.ends - keys.starts) * (1.0 if keys.values is None else keys.values)
    total: dict[str, float] = {}
    for label, weight in zip(keys.labels, weights, strict=True):
        if label not in ("N", "X"):
            total[label] = total.get(label, 0.0) + float(weight)
    return max(total, key=lambda label: total[label], default="N")
