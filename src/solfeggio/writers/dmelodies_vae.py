"""Writer of two-bar melodies with nine knobs: variational autoencoders of dMelodies, recurrent or convolutional.

Pati, Gururani and Lerch, "dMelodies: a music dataset for disentanglement learning" (ISMIR 2020), and Pati and Lerch,
"Is disentanglement enough? On latent representations for controllable music generation" (ISMIR 2021). Unsupervised
objectives: beta-VAE, annealed capacity, FactorVAE. Supervised ones: AR-VAE orders a code dimension as its factor,
I-VAE reads each factor from one to three dimensions of its own, S2-VAE matches a dimension to its scaled factor. None
makes the decoder follow, so the released one is also taught melodies of which one knob was turned.
Sizes are the published ones. To train in minutes, the recurrent decoder writes both bars side by side, always hears the
true token before (half of the time as published; afterwards it runs freely) and has normalised openings. AS_PUBLISHED
keeps bars in sequence, a vocabulary of 62 of which 51 are used, and rectified logits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from solfeggio.contracts import Batch, Writer
from solfeggio.data import dmelodies
from solfeggio.errors import ConfigError, unknown
from solfeggio.losses.latent import (
    above_capacity,
    attribute_classes,
    attribute_match,
    attribute_order,
    critic_loss,
    kl,
    near_capacity,
    raised,
    scaled,
    total_correlation,
)
from solfeggio.metrics.information import information
from solfeggio.nets.vae import CodeReaders, Critic, HierarchicalDecoder, Posterior, RecurrentEncoder, drawn
from solfeggio.notation import Score
from solfeggio.tokens import DMELODIES_TOKENS, decode_dmelodies, encode_dmelodies

BARS, TICKS = 2, 8
FACTORS = len(dmelodies.NAMES)
AWAY = 0.5  # standard deviations that a melody strays when nothing else is asked for
FURTHEST = 3.0  # standard deviations from the mean of the training codes that a knob may reach


@dataclass(frozen=True)
class Config:
    """Settings; the defaults are the released system."""

    net: str = "recurrent"  # recurrent: GRUs, bars then ticks. convolutional: four layers that halve the time
    objective: str = "beta"  # beta: relu(beta KL - capacity). annealed, factor: beta |KL - capacity|
    beta: float = 0.2  # weight of the divergence (nats a melody) beside the cross-entropy (nats a token)
    capacity: float = 50.0  # nats
    gamma: float = 10.0  # factor: weight of the total correlation
    wait: int = 0  # batches before beta (beta) or the capacity (annealed) begins to rise
    rise: int = 1000  # batches that the rise takes
    supervised: str = "order"  # order: AR-VAE. classes: I-VAE. match: S2-VAE. none
    weight: float = 1.0  # of the supervised term, a sum over factors
    taught: float = 1.0  # weight of decoding codes of which one knob is turned; ours, needs factors of dMelodies
    delta: float = 10.0  # order: how steeply a difference of two codes counts
    reads: int = 1  # classes: dimensions that tell a factor
    latent: int = 32  # dimensions of the code
    embedding: int = 10  # of a token
    width: int = 64  # cells of a GRU, or half the channels of the last convolution
    depth: int = 2  # layers of a GRU
    dropout: float = 0.0
    forced: float = 1.0  # recurrent: share of training passes that hear the true token before; decoding runs freely
    normalised: bool = True  # recurrent: what opens the decoder's GRUs has unit variance, which keeps their tanh alive
    alone: bool = True  # recurrent: bars are decoded at once, without hearing the one before
    classes: int = DMELODIES_TOKENS
    rectified: bool = False  # recurrent: no logit below zero

    def __post_init__(self) -> None:
        for name, known in (
            ("net", ("recurrent", "convolutional")),
            ("objective", ("beta", "annealed", "factor")),
            ("supervised", ("order", "classes", "match", "none")),
        ):
            if getattr(self, name) not in known:
                raise unknown(name, getattr(self, name), known)
        if self.latent < FACTORS * max(self.reads, 1) or self.classes < DMELODIES_TOKENS:
            raise ConfigError(
                f"{self.latent} dimensions, {self.classes} classes",
                f"{FACTORS} factors need {FACTORS * self.reads} dimensions, and melodies {DMELODIES_TOKENS} classes",
            )


RELEASED = Config()
RNN = Config(supervised="none", taught=0.0)
CNN = Config("convolutional", supervised="none", taught=0.0)
TINY = Config(latent=9, embedding=4, width=16, depth=1)
AS_PUBLISHED = Config(
    wait=18_520,
    rise=100_000,
    supervised="none",
    dropout=0.2,
    forced=0.5,
    normalised=False,
    alone=False,
    classes=62,
    rectified=True,
)  # warm-up of ten epochs
CNN_AS_PUBLISHED = Config(
    "convolutional", wait=18_520, rise=100_000, supervised="none", taught=0.0, dropout=0.1, classes=62
)
CONFIGS = {
    "released": RELEASED,
    "rnn": RNN,
    "cnn": CNN,
    "as_published": AS_PUBLISHED,
    "cnn_as_published": CNN_AS_PUBLISHED,
    "tiny": TINY,
}


class DMelodiesVAE(Writer):
    """Melodies to codes and back; see the module's text. Tokens: ``melody`` (16,), as ``tokens.encode_dmelodies``."""

    step: torch.Tensor
    knobs: torch.Tensor
    centre: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, config: Config = RELEASED):
        super().__init__()
        self.config = c = config
        if c.net == "recurrent":
            self.encoder: nn.Module = RecurrentEncoder(c.classes, c.embedding, c.width, c.depth, c.dropout)
            inputs, hidden = 2 * c.depth * c.width, 2 * c.width
            self.decoder: nn.Module = HierarchicalDecoder(
                c.latent, c.classes, BARS, TICKS, c.embedding, c.width, c.depth, c.dropout, c.forced, c.alone
            )
            for name in ("opening", "tick_opening") if c.normalised else ():
                linear = getattr(self.decoder, name)
                setattr(self.decoder, name, nn.Sequential(linear, nn.LayerNorm(linear.out_features)))
        else:
            channels = [c.width // 4, c.width // 2, c.width, 2 * c.width]
            self.encoder = ConvolutionalEncoder(c.classes, c.embedding, channels, c.dropout)
            inputs, hidden = channels[-1], c.width
            self.decoder = ConvolutionalDecoder(c.latent, c.classes, channels[::-1], c.dropout)
        self.posterior = Posterior(inputs, c.latent, (hidden,))
        for module in (self.encoder, self.decoder, self.posterior):
            for name, weights in module.named_parameters():
                if weights.dim() > 1 and not name.startswith("embedding"):  # which learn slowly from small numbers
                    nn.init.xavier_normal_(weights)
        self.critic = Critic(c.latent) if c.objective == "factor" else None
        self.readers = CodeReaders(c.latent, dmelodies.SIZES, c.reads) if c.supervised == "classes" else None
        self.register_buffer("step", torch.zeros((), dtype=torch.long))  # batches learned from, for what rises
        self.register_buffer("knobs", torch.arange(FACTORS) * c.reads)  # dimension of each factor
        self.register_buffer("centre", torch.zeros(c.latent))  # of the training melodies' codes
        self.register_buffer("deviation", torch.ones(c.latent))

    def encode(self, score: Score) -> Batch:
        """Write a score as ``melody`` (16,); raises NotationError for what two bars of eighths cannot hold."""
        return {"melody": torch.from_numpy(encode_dmelodies(score))}

    def decode(self, tokens: Batch) -> Score:
        """Write a melody as a score."""
        return decode_dmelodies(tokens["melody"].cpu().numpy())

    def codes(self, melodies: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and logvar of the codes of melodies (n, 16): each (n, latent)."""
        return self.posterior(self.encoder(melodies.long()))

    def logits(self, codes: torch.Tensor, melodies: torch.Tensor | None = None) -> torch.Tensor:
        """Logits (n, 16, class) of codes (n, latent); melodies: the truth, heard by recurrent decoders in training."""
        out = self.decoder(codes, None if melodies is None else melodies.long())
        return torch.relu(out) if self.config.rectified else out

    def melodies(self, codes: torch.Tensor) -> torch.Tensor:
        """Likeliest melodies (n, 16) of codes (n, latent)."""
        return self.logits(codes)[..., :DMELODIES_TOKENS].argmax(-1)

    def forward(self, batch: Batch) -> Batch:
        """Turn ``melody`` (n, 16) into ``logits`` (n, 16, class), the code's ``mean`` and ``logvar`` (n, latent).

        The logits are those of the mean; in evaluation mode decoding runs freely.
        """
        mean, logvar = self.codes(batch["melody"])
        return {"logits": self.logits(mean, batch["melody"]), "mean": mean, "logvar": logvar}

    def loss(self, batch: Batch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Mean cross-entropy of a token + the objective's terms + weight times the supervised one.

        factors (n, 9) in the batch stand for those that the melodies have; where nothing is taught, any numbers.
        """
        melodies, c = batch["melody"].long(), self.config
        mean, logvar = self.codes(melodies)
        codes = drawn(mean, logvar) if self.training else mean
        logits, divergence = self.logits(codes, melodies), kl(mean, logvar)
        parts = {"crossentropy": cross_entropy(logits.flatten(0, 1), melodies.flatten()), "kl": divergence.mean()}
        loss = parts["crossentropy"] + self._objective(divergence)
        if self.training:
            self.step += 1
        if self.critic is not None:
            parts["correlation"] = total_correlation(self.critic, codes)
            parts["critic"] = critic_loss(self.critic, codes[::2], codes[1::2])
            loss = loss + c.gamma * parts["correlation"] + parts["critic"]
        if c.supervised != "none":
            values = batch.get("factors")
            if values is None:
                values = torch.from_numpy(dmelodies.factors_of(melodies.cpu().numpy()))
            parts["supervised"] = self._supervised(codes, values.to(codes.device)).sum()
            loss = loss + c.weight * parts["supervised"]
            if c.taught:
                turned, wanted = self._turned(codes, values)
                found = self.logits(turned, wanted)
                parts["taught"] = cross_entropy(found.flatten(0, 1), wanted.flatten())
                loss = loss + c.taught * parts["taught"]
        parts["accuracy"] = (logits.argmax(-1) == melodies).float().mean()
        return loss, {"loss": loss, **parts}

    def _objective(self, divergence: torch.Tensor) -> torch.Tensor:
        c, step = self.config, int(self.step)
        if c.objective == "beta":
            return above_capacity(divergence, raised(step, c.beta, c.rise, c.wait), c.capacity)
        capacity = raised(step, c.capacity, c.rise, c.wait) if c.objective == "annealed" else c.capacity
        return near_capacity(divergence, c.beta, capacity)

    def _supervised(self, codes: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
        """The supervised term of each factor: (factor,)."""
        if self.readers is not None:
            return attribute_classes(self.readers(codes), factors)
        if self.config.supervised == "order":
            return attribute_order(codes, factors, self.config.delta)
        top = torch.tensor(dmelodies.SIZES, device=codes.device) - 1
        return attribute_match(codes, scaled(factors.float(), torch.zeros_like(top), top))

    def _turned(self, codes: torch.Tensor, factors: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Codes with one knob taken from another item, and the melodies that they should mean."""
        items, reads = torch.arange(len(codes)), self.config.reads
        rng = None if self.training else torch.Generator().manual_seed(0)
        chosen = torch.randint(FACTORS, (len(codes),), generator=rng)
        wanted, turned = factors.cpu().long().clone(), codes.clone()
        wanted[items, chosen] = wanted.roll(1, 0)[items, chosen]
        for read in range(reads):
            turned[items, chosen * reads + read] = codes.roll(1, 0)[items, chosen * reads + read]
        melodies = dmelodies.tokens(dmelodies.index_of(wanted.numpy()))
        return turned, torch.from_numpy(melodies).to(codes.device)

    @torch.no_grad()
    def measure(self, melodies: torch.Tensor, factors: torch.Tensor) -> None:
        """Find each factor's knob, the dimension that knows most about it, and how far codes (n melodies) spread."""
        training = self.training
        self.eval()
        mean = torch.cat([self.codes(part)[0] for part in melodies.split(1024)])
        self.train(training)
        known = information(mean.cpu().numpy(), factors.cpu().numpy())
        self.knobs.copy_(torch.from_numpy(known.argmax(0)))
        self.centre.copy_(mean.mean(0))
        self.deviation.copy_(mean.std(0).clamp(min=1e-3))

    def knob(self, name: str) -> int:
        """Code dimension of a factor by its name, as in ``dmelodies.NAMES``; raises ConfigError."""
        if name not in dmelodies.NAMES:
            raise unknown("knob", name, dmelodies.NAMES)
        return int(self.knobs[dmelodies.NAMES.index(name)])

    @torch.no_grad()
    def sample(
        self,
        context: Batch,
        rng: torch.Generator,
        *,
        knobs: Mapping[str, float] | None = None,
        wander: float | None = None,
        **options: Any,
    ) -> Batch:
        """Vary a melody (16,).

        knobs: factor to standard deviations of the training codes, {"octave": +1.0}. wander: standard deviations by
        which the dimensions without a turned knob stray at random; where no knob is turned 0.5, else 0. Raises
        ConfigError.
        """
        if options:
            raise unknown("option of dmelodies_vae", next(iter(options)), ("knobs", "wander"))
        moves = {self.knob(name): float(by) for name, by in (knobs or {}).items()}
        code = self.codes(context["melody"][None])[0]
        wander = wander if wander is not None else 0.0 if moves else AWAY
        stray = wander * torch.randn(code.shape, generator=rng).to(code)
        for dimension, by in moves.items():
            stray[:, dimension] = by
        place = (code + stray * self.deviation - self.centre) / self.deviation
        return {"melody": self.melodies(place.clamp(-FURTHEST, FURTHEST) * self.deviation + self.centre)[0]}

    def example(self) -> Batch:
        """Two melodies of dMelodies."""
        return {"melody": torch.from_numpy(dmelodies.tokens(torch.tensor([123_456, 1_234_567]).numpy()))}


DMelodiesVAE.Config = Config


class ConvolutionalEncoder(nn.Module):
    """Convolutions of 4 that halve the time, SELU, mean over what is left: tokens (n, 16) to (n, channels[-1])."""

    def __init__(self, classes: int, embedding: int, channels: list[int], dropout: float):
        super().__init__()
        self.embedding = nn.Embedding(classes, embedding)
        layers: list[nn.Module] = []
        for before, after in zip([embedding, *channels], channels, strict=False):
            layers += [nn.Conv1d(before, after, 4, 2, 1), nn.SELU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return features (n, channels[-1])."""
        return self.layers(self.embedding(tokens).transpose(1, 2)).mean(-1)


class ConvolutionalDecoder(nn.Module):
    """Transposed convolutions of 4 that double the time from one place: codes (n, latent) to (n, 16, class)."""

    def __init__(self, latent: int, classes: int, channels: list[int], dropout: float):
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip([latent, *channels], channels, strict=False):
            layers += [nn.ConvTranspose1d(before, after, 4, 2, 1), nn.SELU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers)
        self.output = nn.Linear(channels[-1], classes)

    def forward(self, codes: torch.Tensor, tokens: torch.Tensor | None = None) -> torch.Tensor:
        """Return logits (n, 16, class); ``tokens`` are not needed."""
        return self.output(self.layers(codes[..., None]).transpose(1, 2))
