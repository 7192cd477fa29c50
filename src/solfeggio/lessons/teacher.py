"""Learning from teachers: what other systems hear in recordings is taken for the truth, so that nobody must label them.

Teachers either hear each batch themselves (frozen listeners with the student's own input, such as a copy of the student
itself), or have heard the recordings before: then their outputs come with the batch. Wu and Lerch, "Automatic drum
transcription using the student-teacher learning paradigm with unlabeled music data", ISMIR 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from solfeggio.contracts import Listener
from solfeggio.errors import ConfigError


@dataclass(frozen=True)
class Scaling:
    """Brings a teacher's outputs to 0..1 by the least and the most that they were in training; what lies beyond is cut.

    >>> scaling = Scaling.over([np.array([[1.0, 0.0], [3.0, 4.0]])])
    >>> scaling(torch.tensor([[2.0, 8.0]]))
    tensor([[0.5000, 1.0000]])
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def over(cls, outputs: Iterable[np.ndarray]) -> Scaling:
        """Set it from outputs (frame, label) of a teacher on all recordings to learn from."""
        parts = [np.stack([x.min(0), x.max(0)]).astype(float) for x in outputs if len(x)]
        if not parts:
            raise ConfigError("a scaling of no outputs", "at least one frame is needed", "give recordings")
        return cls(tuple(np.min(parts, 0)[0].tolist()), tuple(np.max(parts, 0)[1].tolist()))

    def __call__(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return outputs (..., label) in 0..1; a label that never changed stays 0."""
        low, high = (torch.tensor(x, dtype=outputs.dtype, device=outputs.device) for x in (self.low, self.high))
        width = high - low
        return torch.where(width > 0, (outputs - low) / torch.where(width > 0, width, 1), 0).clamp(0, 1)


@dataclass(frozen=True)
class Teacher:
    """Learn soft frames from one teacher or several in turn; for any listener whose loss takes targets in 0..1.

    teachers: frozen listeners that hear the batch's features as they are and whose logits are sigmoids' inputs. Empty:
    the targets hold what was heard before, (batch, teacher, frame, label), by head. scalings: one for each teacher;
    none: outputs are in 0..1 as they are. sharpness: p becomes p^s / (p^s + (1 - p)^s), so above 1 teachers sound surer
    than they were. heads: what is taught; the listener's other targets are left out. vary: changes the features that
    the student hears while it trains, and never those of its teachers.

    Excerpt ``i`` of a batch is taught by teacher ``i`` modulo their number.
    """

    teachers: tuple[Listener, ...] = ()
    scalings: tuple[Scaling, ...] = ()
    sharpness: float = 1.0
    heads: tuple[str, ...] = ("hits",)
    vary: Callable[[torch.Tensor], torch.Tensor] | None = None

    def __call__(
        self, system: Listener, features: torch.Tensor, targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the loss of one batch and its named parts; variation happens only while the system trains."""
        truth = {head: self.say(features, targets, head) for head in self.heads}
        if system.training and self.vary is not None:
            features = self.vary(features)
        return system.loss(system(features), truth)

    def say(self, features: torch.Tensor, targets: dict[str, torch.Tensor], head: str) -> torch.Tensor:
        """Return what the teachers, in turn, say of a batch: (batch, frame, label) in 0..1."""
        if self.teachers:
            count = len(self.teachers)
            said = [self._hear(teacher, features[i::count], head) for i, teacher in enumerate(self.teachers)]
        else:
            count = targets[head].shape[1]
            said = [targets[head][i::count, i] for i in range(count)]
        if self.scalings:
            if len(self.scalings) != count:
                raise ConfigError(f"{len(self.scalings)} scalings", f"there are {count} teachers", "give one for each")
            said = [scaling(x) for scaling, x in zip(self.scalings, said, strict=True)]
        out = said[0].new_empty(len(features), *said[0].shape[1:])
        for i, x in enumerate(said):
            out[i::count] = x
        if self.sharpness != 1:
            up, down = out**self.sharpness, (1 - out) ** self.sharpness
            out = up / (up + down)
        return out

    @staticmethod
    def _hear(teacher: Listener, features: torch.Tensor, head: str) -> torch.Tensor:
        teacher.eval()
        with torch.no_grad():
            return teacher(features)[head].float().sigmoid()


@dataclass(frozen=True, eq=False)
class Heard:
    """A recording that nobody labelled: features (channel, bin, frame), and what each teacher heard in it.

    outputs: (teacher, frame, label).
    """

    features: np.ndarray
    outputs: np.ndarray


class HeardExcerpts(torch.utils.data.IterableDataset):
    """Endless random excerpts, each of one recording, for ``train.learn``: (features, {head: (teacher, frame, label)}).

    frames: of an excerpt; recordings that are shorter are left out, and none may be left.
    """

    def __init__(self, recordings: Sequence[Heard], frames: int, seed: int, head: str = "hits"):
        self.recordings = [x for x in recordings if x.features.shape[-1] >= frames]
        self.frames, self.seed, self.head = frames, seed, head
        if not self.recordings:
            raise ConfigError(f"excerpts of {frames} frames", "no recording is as long", "ask for shorter ones")

    def __iter__(self) -> Iterator[tuple[torch.Tensor, dict[str, torch.Tensor]]]:
        rng = np.random.default_rng(self.seed)
        while True:
            one = self.recordings[int(rng.integers(len(self.recordings)))]
            yield self.cut(one, int(rng.integers(one.features.shape[-1] - self.frames + 1)))

    def cut(self, one: Heard, first: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Cut an excerpt of a recording from frame ``first`` on."""
        span = slice(first, first + self.frames)
        features = torch.from_numpy(one.features[..., span].astype(np.float32))
        return features, {self.head: torch.from_numpy(one.outputs[:, span].astype(np.float32))}
