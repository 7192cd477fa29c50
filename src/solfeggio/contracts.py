"""The two contracts, of listeners and of writers: abstract once here, final everywhere else.

Listener: audio --prepare--> features --forward--> logits --decode--> Answer; targets is decode's inverse (mirror law).
Writer: score --encode--> tokens --sample--> tokens --decode--> score; decode(encode(score)) is the score.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import torch

from solfeggio.answers import Answer
from solfeggio.errors import ConfigError
from solfeggio.grid import Grid
from solfeggio.notation import Score


@dataclass(frozen=True)
class Spec:
    """What a listener needs and gives, as data; ``run`` derives windows, borders and batches from it.

    rate: Hz the samples must have. grid: frames of the logits. labels: names of the logits' last axis.
    answer: type that decode returns. window: seconds computed at once (None: the whole file). border: seconds of
    context on each side of a window that make chunked equal unchunked. given: names of the answers that decode needs.
    """

    rate: int
    grid: Grid
    labels: tuple[str, ...]
    answer: type[Answer]
    window: float | None = None
    border: float = 0.0
    given: tuple[str, ...] = ()
    lookahead: float | None = None


class Tracker(Protocol):
    """Decodes while the music runs. step: the next frames' logits to what became certain. flush: the rest."""

    def step(self, logits: dict[str, Any]) -> Any:
        """Take the next frames."""

    def flush(self) -> Any:
        """End the music."""


class Listener(torch.nn.Module, ABC):
    """Audio to answer in four named steps, each callable alone. Subclasses are final and hold a frozen ``Config``."""

    Config: ClassVar[type]
    spec: Spec
    config: Any

    @abstractmethod
    def prepare(self, samples: torch.Tensor) -> torch.Tensor:
        """Turn (batch, time) samples at ``spec.rate`` into (batch, channel, bin, frame) features; deterministic."""

    @abstractmethod
    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Turn features into named logits, each (batch, frame, label)."""

    @abstractmethod
    def targets(self, answer: Any, frames: int) -> dict[str, torch.Tensor]:
        """Turn the truth into named tensors (frame, label): the inverse of decode."""

    @abstractmethod
    def loss(
        self, logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the scalar to minimise and its named parts, for the curves."""

    @abstractmethod
    def decode(self, logits: dict[str, Any], **options: Any) -> Any:
        """Turn the logits of one recording, each (frame, label), into an answer; options override the Config."""

    def tracker(self, **options: Any) -> Tracker:
        """Make what decodes this listener's logits while the music runs; raises ConfigError where nothing can."""
        raise ConfigError(f"{type(self).__name__} cannot stream", "its answer needs the whole recording", "use hear")


Batch = dict[str, torch.Tensor]  # named tensors, the first axis counts items


class Writer(torch.nn.Module, ABC):
    """Score to score in named steps, each callable alone. Subclasses are final and hold a frozen ``Config``.

    Tokens are named integer tensors without a batch axis; a ``Batch`` is such items stacked.
    """

    Config: ClassVar[type]
    config: Any

    @abstractmethod
    def encode(self, score: Score) -> Batch:
        """Turn a score into tokens; raises NotationError for what the encoding cannot hold."""

    @abstractmethod
    def decode(self, tokens: Batch) -> Score:
        """Turn tokens into a score: the inverse of encode."""

    @abstractmethod
    def forward(self, batch: Batch) -> Batch:
        """Turn a batch into named logits and codes; no randomness in evaluation mode."""

    @abstractmethod
    def loss(self, batch: Batch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the scalar to minimise on a batch and its named parts, for the curves."""

    @abstractmethod
    def sample(self, context: Batch, rng: torch.Generator, **options: Any) -> Batch:
        """Write: tokens of what is asked for, given the tokens around it; the same ``rng`` writes the same again."""

    @abstractmethod
    def example(self) -> Batch:
        """Give a small fixed batch, by which a trained writer is recognised (golden check) and tested."""
