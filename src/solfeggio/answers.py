"""Answers: what every system returns, every dataset holds, every metric compares and every page draws.

Each answer is a small frozen dataclass of numpy arrays. Times are seconds, pitches MIDI numbers, frequencies Hz.
Arrays are checked and made read-only when the answer is made, so an answer that exists is a valid one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from solfeggio.errors import AnswerError

if TYPE_CHECKING:  # answers are made from anything like an array, and hold arrays
    from numpy.typing import ArrayLike


def _array(value: Any, name: str, size: int | None = None, dtype: Any = np.float64) -> np.ndarray:
    try:
        array = np.array(value, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise AnswerError(f"{name} are not numbers", str(error)) from None
    array = np.atleast_1d(array)
    if array.ndim != 1 or (size is not None and len(array) != size):
        raise AnswerError(f"{name} has shape {array.shape}", f"expected ({'n' if size is None else size},)")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise AnswerError(f"{name} holds NaN or infinity", "every number in an answer is finite")
    array.flags.writeable = False
    return array


def _times(value: Any, name: str, size: int | None = None) -> np.ndarray:
    array = _array(value, name, size)
    if len(array) > 1 and (np.diff(array) < 0).any():
        raise AnswerError(f"{name} are not sorted", "times never go back", "sort before making the answer")
    return array


def _labels(value: Sequence[Any], size: int, name: str = "labels") -> tuple[str, ...]:
    labels = tuple(str(label) for label in value)
    if labels and len(labels) != size:
        raise AnswerError(f"{len(labels)} {name} for {size} items", "give one for each, or none")
    return labels


class Answer:
    """What all answers share: length, equality, moving and cutting in time. Abstract."""

    times_of: ClassVar[tuple[str, ...]] = ("times",)  # fields that hold seconds

    def __len__(self) -> int:
        return len(getattr(self, self.times_of[0]))

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))  # type: ignore[arg-type]
        return all(np.array_equal(a, b) if np.ndarray in (type(a), type(b)) else a == b for a, b in pairs)

    __hash__ = None  # type: ignore[assignment]

    def take(self, index: np.ndarray) -> Self:
        """Keep the items that ``index`` (integers or booleans) chooses, in that order."""
        index = np.asarray(index)
        index = np.flatnonzero(index) if index.dtype == bool else index.astype(int)
        kept: dict[str, Any] = {}
        for f in fields(self):  # type: ignore[arg-type]
            value = getattr(self, f.name)
            if isinstance(value, np.ndarray) and len(value) == len(self):
                kept[f.name] = value[index]
            elif isinstance(value, tuple) and value:
                kept[f.name] = tuple(value[i] for i in index)
        return replace(self, **kept)  # type: ignore[type-var]

    def shift(self, seconds: float) -> Self:
        """Move everything later by ``seconds`` (earlier when negative)."""
        return replace(self, **{n: getattr(self, n) + seconds for n in self.times_of})  # type: ignore[type-var]

    def stretch(self, factor: float) -> Self:
        """Multiply every time by ``factor``: 2 is half the tempo."""
        return replace(self, **{n: getattr(self, n) * factor for n in self.times_of})  # type: ignore[type-var]

    def cut(self, start: float, end: float) -> Self:
        """Keep what lies in ``[start, end)`` and count time from ``start``; items with a length are trimmed to fit."""
        first, last = getattr(self, self.times_of[0]), getattr(self, self.times_of[-1])
        if len(self.times_of) == 1:
            return self.take((first >= start) & (first < end)).shift(-start)
        kept = self.take(((last > start) | (first >= start)) & (first < end))
        trimmed = {n: np.clip(getattr(kept, n), start, end) - start for n in self.times_of}
        return replace(kept, **trimmed)  # type: ignore[type-var]


@dataclass(frozen=True, eq=False)
class Events(Answer):
    """Points in time: beats, onsets, drum hits.

    times: (n,) seconds, never going back. labels: n strings or none; for beats the position in the bar, "1" the
    downbeat. values: (n,) numbers or none; a confidence in 0..1 or a velocity.
    Raises AnswerError when the arrays contradict each other.

    >>> beats = Events([0.5, 1.0, 1.5], ["1", "2", "1"])
    >>> beats.named("1").times
    array([0.5, 1.5])
    """

    times: np.ndarray
    labels: tuple[str, ...] = ()
    values: np.ndarray | None = None

    if TYPE_CHECKING:

        def __init__(self, times: ArrayLike, labels: Sequence[str] = (), values: ArrayLike | None = None) -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", _times(self.times, "times"))
        object.__setattr__(self, "labels", _labels(self.labels, len(self.times)))
        if self.values is not None:
            object.__setattr__(self, "values", _array(self.values, "values", len(self.times)))

    @classmethod
    def none(cls) -> Events:
        """Make the empty answer: nothing was heard."""
        return cls(np.zeros(0))

    def named(self, *labels: str) -> Events:
        """Keep the events that carry one of these labels."""
        return self.take(np.array([label in labels for label in self.labels], bool))


@dataclass(frozen=True, eq=False)
class Segments(Answer):
    """Stretches of time with a name: chords, keys, sections, metre, activity.

    starts, ends: (n,) seconds, starts sorted, ends never before their start (overlap is allowed). labels: n strings.
    values: (n,) confidences or none. Raises AnswerError when the arrays contradict each other.

    >>> Segments([0, 2], [2, 4], ["C:maj", "G:maj"]).cut(1, 3).ends
    array([1., 2.])
    """

    times_of: ClassVar[tuple[str, ...]] = ("starts", "ends")
    starts: np.ndarray
    ends: np.ndarray
    labels: tuple[str, ...] = ()
    values: np.ndarray | None = None

    if TYPE_CHECKING:

        def __init__(
            self, starts: ArrayLike, ends: ArrayLike, labels: Sequence[str] = (), values: ArrayLike | None = None
        ) -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts", _times(self.starts, "starts"))
        object.__setattr__(self, "ends", _array(self.ends, "ends", len(self.starts)))
        object.__setattr__(self, "labels", _labels(self.labels, len(self.starts)))
        if (self.ends < self.starts).any():
            raise AnswerError("a segment ends before it starts", "ends must not precede starts")
        if self.values is not None:
            object.__setattr__(self, "values", _array(self.values, "values", len(self.starts)))


@dataclass(frozen=True, eq=False)
class Curve(Answer):
    """A number that changes in time: f0 (Hz, 0 where unvoiced), tempo (beats per minute), loudness.

    times: (n,) seconds. values: (n,). unit: what the numbers are, such as "Hz" or "bpm".

    >>> Curve([0, 1], [120, 121], "bpm").values
    array([120., 121.])
    """

    times: np.ndarray
    values: np.ndarray
    unit: str = ""

    if TYPE_CHECKING:

        def __init__(self, times: ArrayLike, values: ArrayLike, unit: str = "") -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", _times(self.times, "times"))
        object.__setattr__(self, "values", _array(self.values, "values", len(self.times)))


@dataclass(frozen=True, eq=False)
class Notes(Answer):
    """Notes: melody, bass line, transcription.

    starts, ends: (n,) seconds. pitches: (n,) MIDI numbers, fractions allowed. velocities: (n,) in 0..127.
    labels: instrument or part of each note, or none.

    >>> len(Notes([0.0], [0.5], [60], [100]))
    1
    """

    times_of: ClassVar[tuple[str, ...]] = ("starts", "ends")
    starts: np.ndarray
    ends: np.ndarray
    pitches: np.ndarray
    velocities: np.ndarray
    labels: tuple[str, ...] = ()

    if TYPE_CHECKING:

        def __init__(
            self,
            starts: ArrayLike,
            ends: ArrayLike,
            pitches: ArrayLike,
            velocities: ArrayLike,
            labels: Sequence[str] = (),
        ) -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts", _times(self.starts, "starts"))
        for name in ("ends", "pitches", "velocities"):
            object.__setattr__(self, name, _array(getattr(self, name), name, len(self.starts)))
        object.__setattr__(self, "labels", _labels(self.labels, len(self.starts)))
        if (self.ends < self.starts).any():
            raise AnswerError("a note ends before it starts", "ends must not precede starts")
        if len(self.velocities) and (self.velocities.min() < 0 or self.velocities.max() > 127):
            raise AnswerError("a velocity lies outside 0..127", "MIDI velocities are 0 to 127")


@dataclass(frozen=True, eq=False)
class Tags(Answer):
    """What a whole recording is like: instrument, genre, mood, global key or tempo class, each with a confidence.

    labels: n strings. values: (n,) confidences in 0..1. Tags have no times: shift, stretch and cut change nothing.

    >>> Tags(["piano"], [0.9]).values
    array([0.9])
    """

    times_of: ClassVar[tuple[str, ...]] = ()
    labels: tuple[str, ...]
    values: np.ndarray

    if TYPE_CHECKING:

        def __init__(self, labels: Sequence[str], values: ArrayLike) -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(str(label) for label in self.labels))
        object.__setattr__(self, "values", _array(self.values, "values", len(self.labels)))

    def __len__(self) -> int:
        return len(self.labels)

    def cut(self, start: float, end: float) -> Tags:
        """Return the tags unchanged: they hold for any part."""
        return self


@dataclass(frozen=True, eq=False)
class Stems(Answer):
    """The sound of each player apart: what a separator answers and a multitrack recording holds.

    labels: n names, none twice. samples: (n, channel, time) float32. rate: Hz. residual: (channel, time) float32, what
    the mix holds beside the stems; None: not known. Samples that are already float32 and read-only are not copied.
    Raises AnswerError when the arrays contradict each other.

    >>> stems = Stems.of({"drums": np.ones((2, 8)), "bass": np.zeros((2, 8))}, 4)
    >>> stems["drums"].shape, stems.duration, stems.cut(0.5, 1).samples.shape
    ((2, 8), 2.0, (2, 2, 2))
    """

    times_of: ClassVar[tuple[str, ...]] = ()
    labels: tuple[str, ...]
    samples: np.ndarray
    rate: int
    residual: np.ndarray | None = None

    if TYPE_CHECKING:

        def __init__(
            self, labels: Sequence[str], samples: ArrayLike, rate: int, residual: ArrayLike | None = None
        ) -> None: ...

    def __post_init__(self) -> None:
        samples = _sound(self.samples, "stems", 3)
        labels = tuple(str(label) for label in self.labels)
        if len(labels) != len(samples):
            raise AnswerError(f"{len(labels)} labels for {len(samples)} stems", "give one for each")
        if len(set(labels)) < len(labels):
            raise AnswerError(f"stems {', '.join(labels)}", "two have the same name", "add them up, or rename one")
        if not self.rate > 0:
            raise AnswerError(f"stems at {self.rate} Hz", "samples per second must be positive")
        object.__setattr__(self, "samples", samples)
        object.__setattr__(self, "labels", labels)
        if self.residual is not None:
            residual = _sound(self.residual, "the residual", 2)
            if residual.shape != samples.shape[1:]:
                raise AnswerError(f"a residual of shape {residual.shape}", f"the stems have {samples.shape[1:]}")
            object.__setattr__(self, "residual", residual)

    @classmethod
    def of(cls, stems: Mapping[str, ArrayLike], rate: int, residual: ArrayLike | None = None) -> Stems:
        """Make them of {name: (channel, time) samples}, all of one shape."""
        arrays = [_sound(samples, f"stem '{name}'", 2) for name, samples in stems.items()]
        if len({array.shape for array in arrays}) != 1:
            raise AnswerError(f"stems of shapes {[a.shape for a in arrays]}", "expected one (channel, time) for all")
        samples = np.stack(arrays)
        samples.flags.writeable = False
        return cls(tuple(stems), samples, rate, residual)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, label: str) -> np.ndarray:
        """Samples (channel, time) of one stem; raises AnswerError when there is none of that name."""
        if label not in self.labels:
            raise AnswerError(f"no stem '{label}'", f"there are {', '.join(self.labels) or 'none'}")
        return self.samples[self.labels.index(label)]

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.samples.shape[2] / self.rate

    def mix(self) -> np.ndarray:
        """Samples (channel, time) of all stems and the residual together."""
        total = self.samples.sum(0)
        return total if self.residual is None else total + self.residual

    def named(self, *labels: str) -> Stems:
        """Keep the stems of these names, in the order they have here."""
        return self.take(np.array([label in labels for label in self.labels], bool))

    def take(self, index: np.ndarray) -> Stems:
        """Keep the stems that ``index`` chooses; the others become part of the residual, where there is one."""
        index = np.asarray(index)
        index = np.flatnonzero(index) if index.dtype == bool else index.astype(int)
        residual = self.residual
        if residual is not None:
            residual = residual + np.delete(self.samples, index, 0).sum(0)
        return Stems(tuple(self.labels[i] for i in index), self.samples[index], self.rate, residual)

    def cut(self, start: float, end: float) -> Stems:
        """Keep the sound in ``[start, end)``, to the nearest sample."""
        first, last = (min(max(round(time * self.rate), 0), self.samples.shape[2]) for time in (start, end))
        return self._each(lambda sound: sound[..., first : max(first, last)])

    def shift(self, seconds: float) -> Stems:
        """Put silence before all (``seconds`` negative: leave out the beginning), to the nearest sample."""
        by = round(seconds * self.rate)

        def moved(sound: np.ndarray) -> np.ndarray:
            return np.pad(sound, [*[(0, 0)] * (sound.ndim - 1), (max(by, 0), 0)])[..., max(-by, 0) :]

        return self._each(moved)

    def stretch(self, factor: float) -> Stems:
        """Raise AnswerError: sound does not change its tempo by renaming times."""
        raise AnswerError("stems cannot be stretched", "only times can", "change the sound, then separate it")

    def _each(self, change: Callable[[np.ndarray], np.ndarray]) -> Stems:
        residual = None if self.residual is None else change(self.residual)
        return replace(self, samples=change(self.samples), residual=residual)


def _sound(value: Any, name: str, axes: int) -> np.ndarray:
    kept = isinstance(value, np.ndarray) and value.dtype == np.float32 and not value.flags.writeable
    try:
        array = value if kept else np.array(value, np.float32)
    except (TypeError, ValueError) as error:
        raise AnswerError(f"{name} are not numbers", str(error)) from None
    if array.ndim != axes:
        raise AnswerError(f"{name} of shape {array.shape}", "expected ([stem,] channel, time)")
    if not np.isfinite(array).all():
        raise AnswerError(f"{name} holds NaN or infinity", "every sample is finite")
    array.flags.writeable = False
    return array
