"""The contracts of listeners, of separators among them, and of writers: abstract once here, final everywhere else.

Listener: audio --prepare--> features --forward--> logits --decode--> Answer; targets is decode's inverse (mirror law).
Separator: audio --prepare--> spectra --forward--> masks --spectra--> spectra of stems --resynthesise--> their sound.
Writer: score --encode--> tokens --sample--> tokens --decode--> score; decode(encode(score)) is the score.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import torch

from solfeggio.answers import Answer, Stems
from solfeggio.audio import resample
from solfeggio.errors import ConfigError
from solfeggio.frontends.stft import ComplexStft
from solfeggio.grid import Grid
from solfeggio.notation import Score


@dataclass(frozen=True)
class Spec:
    """What a listener needs and gives, as data; ``run`` derives windows, borders and batches from it.

    rate: Hz the samples must have. grid: frames of the logits. labels: names of the logits' last axis.
    answer: type that decode returns. window: seconds computed at once (None: the whole file). border: seconds of
    context on each side of a window that make chunked equal unchunked. given: names of the answers that decode needs.
    channels: of the samples, 1 or 2.
    """

    rate: int
    grid: Grid
    labels: tuple[str, ...]
    answer: type[Answer]
    window: float | None = None
    border: float = 0.0
    given: tuple[str, ...] = ()
    lookahead: float | None = None
    channels: int = 1


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


class Separator(Listener, ABC):
    """Audio to ``Stems``: a listener whose labels are the stems and whose logits are masks of the mixture's spectra.

    ``spec.channels`` says whether it works in mono or stereo. ``frontend`` makes spectra of sound and sound of spectra.
    ``spec.border`` must cover what the network sees to each side and one whole window of the front-end, half for the
    spectra and half for the sound made of them; ``separating`` joins windows, and fades each into the next.
    """

    frontend: ComplexStft

    def prepare(self, samples: torch.Tensor) -> torch.Tensor:
        """Turn (batch, channel, time) samples at ``spec.rate`` into complex spectra (batch, channel, bin, frame)."""
        return self.frontend(samples)

    @abstractmethod
    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return "masks" (batch, stem, channel, bin, frame), real and at least 0.

        Systems that also tell when a stem plays add "activity", logits (batch, frame, stem).
        """

    def targets(self, answer: Stems, frames: int) -> dict[str, torch.Tensor]:
        """Spectra of the true stems: "spectra" (stem, channel, bin, frame) and "mixture" (channel, bin, frame).

        The mixture holds what the system has no name for, too. A stem that the answer lacks is silent; sound is brought
        to the system's rate and channels, cut or filled up with silence to ``frames``.
        """
        places = [answer.labels.index(label) if label in answer.labels else None for label in self.spec.labels]
        silence = np.zeros_like(answer.samples[0]) if len(answer) else np.zeros((1, 1), np.float32)
        sounds = [silence if place is None else answer.samples[place] for place in places]
        sounds.append(answer.mix() if len(answer) or answer.residual is not None else silence)
        length = frames * self.frontend.hop
        parts = []
        for sound in sounds:
            part = torch.tensor(resample(fit_channels(sound, self.spec.channels), answer.rate, self.spec.rate))[
                ..., :length
            ]
            parts.append(torch.nn.functional.pad(part, (0, length - part.shape[-1])))
        found = self.prepare(torch.stack(parts))
        return {"spectra": found[:-1], "mixture": found[-1]}

    def spectra(self, logits: dict[str, torch.Tensor], features: torch.Tensor, **options: Any) -> torch.Tensor:
        """Apply the masks: complex (batch, stem, channel, bin, frame). Wiener filters and gates override this."""
        for name in options:
            raise ConfigError(f"option '{name}'", f"{type(self).__name__} has none", "leave it out")
        return logits["masks"] * features.unsqueeze(1)

    def resynthesise(self, spectra: torch.Tensor, length: int) -> torch.Tensor:
        """Turn spectra (..., bin, frame) into ``length`` samples (..., time): prepare's inverse."""
        return self.frontend.inverse(spectra, length)

    def decode(self, logits: dict[str, Any], **options: Any) -> Stems:
        """Turn the masks of one recording into its stems, with the residual.

        logits: those of a batch of one. options: features, complex (1, channel, bin, frame), length, samples (by
        default all that the frames hold), and those of ``spectra``.
        """
        features = options.pop("features", None)
        if features is None:
            raise ConfigError(
                "masks without features", "they are applied to the mixture", "give features=, or separate"
            )
        length = options.pop("length", features.shape[-1] * self.frontend.hop)
        found = self.resynthesise(self.spectra(logits, features, **options), length)[0]
        residual = self.resynthesise(features, length)[0] - found.sum(0)
        return Stems(self.spec.labels, found.cpu().numpy(), self.spec.rate, residual.cpu().numpy())


def fit_channels(samples: np.ndarray, channels: int) -> np.ndarray:
    """Bring (channel, time) samples to so many channels; where the numbers differ, each becomes their mean.

    >>> fit_channels(np.array([[1.0, 0.0]]), 2)
    array([[1., 0.],
           [1., 0.]], dtype=float32)
    """
    samples = np.asarray(samples, np.float32)
    if len(samples) == channels:
        return samples
    return np.repeat(samples.mean(0, keepdims=True), channels, 0)


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
