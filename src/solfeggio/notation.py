"""The words of written music: metre, and what beats say about bars and tempo.

Beats are ``Events`` whose labels count the bar: "1" is the downbeat. Everything here follows from that.
In simple metres the beat is the denominator's note; in compound ones (6/8, 12/8) written for two or four beats a bar
the beat is the dotted note, so such a bar has the labels of 2/4 or 4/4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solfeggio.answers import Curve, Events, Segments
from solfeggio.errors import ConfigError


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
