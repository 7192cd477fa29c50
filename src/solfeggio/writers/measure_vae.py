"""Writer of variations: a code for every bar of a melody, whose first dimensions are musical knobs.

Bars of 24 ticks pass through a variational autoencoder; the AR-VAE term (Pati and Lerch 2020) makes dimension r rise
with attribute r: rhythmic complexity, pitch range, note density, contour. A decoder may read what it writes from other
dimensions all the same, so that turning that one alone often changes nothing: a knob moves the whole code as it moves
with the attribute in the training bars, decodes a few steps and strays of that way, and keeps the bar that measures
nearest to what was asked for. PUBLISHED: MeasureVAE (Pati, Lerch and Hadjeres, "Learning to traverse latent spaces for
musical score inpainting", ISMIR 2019). AR_VAE: the smaller one of "Attribute-based regularization of latent spaces"
(2020). Released: a feed-forward network of beats, which trains ten times as fast.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from solfeggio.contracts import Batch, Writer
from solfeggio.errors import ConfigError, unknown
from solfeggio.losses.latent import attribute_order, kl
from solfeggio.metrics.attributes import ATTRIBUTES, PUBLISHED, attributes
from solfeggio.nets.copying import FIRST, heard_keys
from solfeggio.nets.vae import (
    GroupedDecoder,
    GroupedEncoder,
    HierarchicalDecoder,
    Posterior,
    RecurrentEncoder,
    drawn,
)
from solfeggio.notation import Score
from solfeggio.tokens import BAR_TICKS, FOLK_TOKENS, HOLD, LOWEST, REST, decode_bars, encode_bars

BEATS = 4
STEPS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)  # of the way of a knob that are tried
STRAYS = 16  # that are tried at each step, the first without straying
STRAYING = 0.5  # how far, in deviations of the training bars' codes
OTHERS = 0.3  # cost of a deviation of an attribute that nobody turned, beside one of what was asked for
CHANGE = 1.0  # cost of changing all tokens of a bar


@dataclass(frozen=True)
class Config:
    """Settings; the defaults are the released system."""

    net: str = "grouped"  # grouped: feed-forward by beats. recurrent: GRUs, beats then ticks
    attributes: tuple[str, ...] = PUBLISHED  # of dimensions 0, 1, ...; names of metrics.attributes
    beta: float = 0.001  # weight of the divergence (nats a bar) beside the cross-entropy (nats a token)
    gamma: float = 1.0  # weight of the order of the attributes; 0: a beta-VAE
    delta: float = 10.0  # how steeply a difference of two codes counts as an order
    latent: int = 32  # dimensions of the code
    embedding: int = 16  # of a token
    width: int = 96  # channels of a beat, or cells of a GRU
    depth: int = 2  # layers
    dropout: float = 0.0
    forced: float = 0.5  # recurrent: share of training passes that hear the true token before
    alone: bool = False  # recurrent: beats are decoded at once, without hearing the one before

    def __post_init__(self) -> None:
        if self.net not in ("grouped", "recurrent"):
            raise unknown("net", self.net, ("grouped", "recurrent"))
        for name in self.attributes:
            if name not in ATTRIBUTES:
                raise unknown("attribute", name, ATTRIBUTES)
        if len(self.attributes) > self.latent:
            raise ConfigError(
                f"{len(self.attributes)} attributes for {self.latent} dimensions", "each needs a dimension of its own"
            )


RELEASED = Config()


class MeasureVAE(Writer):
    """Bars to codes and back; see the module's text. Tokens: ``bars`` (bar, 24), as ``tokens.encode_bars`` says."""

    deviation: torch.Tensor
    ways: torch.Tensor
    spread: torch.Tensor

    def __init__(self, config: Config = RELEASED):
        super().__init__()
        self.config = c = config
        sizes: dict[str, Any] = {"embedding": c.embedding, "width": c.width, "depth": c.depth, "dropout": c.dropout}
        if c.net == "recurrent":
            self.encoder: nn.Module = RecurrentEncoder(FOLK_TOKENS, **sizes)
            self.decoder: nn.Module = HierarchicalDecoder(
                c.latent, FOLK_TOKENS, BEATS, BAR_TICKS // BEATS, forced=c.forced, alone=c.alone, **sizes
            )
        else:
            ticks = BAR_TICKS // BEATS
            self.encoder = GroupedEncoder(FOLK_TOKENS, BEATS, ticks, **sizes)
            self.decoder = GroupedDecoder(c.latent, FOLK_TOKENS, BEATS, ticks, c.width, c.depth, c.dropout)
        self.posterior = Posterior(self.encoder.out, c.latent)
        count = len(c.attributes)
        self.register_buffer("deviation", torch.ones(c.latent))  # of the training bars' codes
        self.register_buffer("ways", torch.eye(count, c.latent))  # how codes move with a deviation of each attribute
        self.register_buffer("spread", torch.ones(count))  # deviations of the training bars' attributes

    def encode(self, score: Score) -> Batch:
        """Write a score as ``bars`` (bar, 24); raises NotationError for what folk bars cannot hold."""
        return {"bars": torch.from_numpy(encode_bars(score))}

    def decode(self, tokens: Batch) -> Score:
        """Write bars as a score."""
        return decode_bars(tokens["bars"].cpu().numpy())

    def codes(self, bars: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and logvar of the codes of bars (..., 24): each (..., latent)."""
        mean, logvar = self.posterior(self.encoder(bars.reshape(-1, BAR_TICKS).long()))
        return mean.view(*bars.shape[:-1], -1), logvar.view(*bars.shape[:-1], -1)

    def logits(self, codes: torch.Tensor, bars: torch.Tensor | None = None) -> torch.Tensor:
        """Logits (..., 24, token) of codes (..., latent); bars: the truth, heard by recurrent decoders in training."""
        flat = None if bars is None else bars.reshape(-1, BAR_TICKS).long()
        out = self.decoder(codes.reshape(-1, codes.shape[-1]), flat)
        return out.view(*codes.shape[:-1], BAR_TICKS, FOLK_TOKENS)

    def forward(self, batch: Batch) -> Batch:
        """Turn ``bars`` (..., 24) into ``logits`` (..., 24, token), the code's ``mean`` and ``logvar`` (..., latent).

        The logits are those of the mean; in evaluation mode decoding runs freely.
        """
        mean, logvar = self.codes(batch["bars"])
        return {"logits": self.logits(mean, batch["bars"]), "mean": mean, "logvar": logvar}

    def loss(self, batch: Batch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Mean cross-entropy of a token + beta times the divergence + gamma times the order of each attribute + turned.

        attributes (batch, attribute) in the batch stand for those that ``config.attributes`` measure: any numbers.
        """
        bars, c = batch["bars"].reshape(-1, BAR_TICKS).long(), self.config
        mean, logvar = self.codes(bars)
        codes = drawn(mean, logvar) if self.training else mean
        logits = self.logits(codes, bars)
        parts = {"crossentropy": cross_entropy(logits.flatten(0, 1), bars.flatten()), "kl": kl(mean, logvar).mean()}
        loss = parts["crossentropy"] + c.beta * parts["kl"]
        parts["accuracy"] = (logits.argmax(-1) == bars).float().mean()
        if c.gamma and c.attributes:
            values = batch.get("attributes")
            values = self.values(bars) if values is None else values.to(codes)
            parts["order"] = attribute_order(codes, values, c.delta).sum()
            loss = loss + c.gamma * parts["order"]
        return loss, {"loss": loss, **parts}

    def values(self, bars: torch.Tensor) -> torch.Tensor:
        """Attributes of bars (..., 24): (..., attribute)."""
        measured = attributes(bars.cpu().numpy(), self.config.attributes)
        return torch.from_numpy(measured).to(self.deviation)

    @torch.no_grad()
    def measure(self, bars: torch.Tensor) -> None:
        """Remember of the training bars (n, 24) how codes spread and how they move with each attribute, others kept."""
        training = self.training
        self.eval()
        codes, values = torch.cat([self.codes(part)[0] for part in bars.split(1024)]), self.values(bars)
        self.deviation.copy_(codes.std(0).clamp(min=1e-3))
        self.spread.copy_((values - values.mean(0)).square().mean(0).sqrt().clamp(min=1e-3))  # of none, too
        known = torch.cat([values / self.spread, torch.ones_like(values[:, :1])], 1)
        self.ways.copy_(torch.linalg.lstsq(known.double(), codes.double(), driver="gelsd").solution[:-1])
        self.train(training)

    def knob(self, name: str) -> int:
        """Code dimension of an attribute by its name or its last word: note_density or density; raises ConfigError."""
        names = {key: i for i, full in enumerate(self.config.attributes) for key in (full, full.rpartition("_")[2])}
        key = name.strip().replace(" ", "_")
        if key not in names:
            raise unknown("knob", name, names)
        return names[key]

    @torch.no_grad()
    def sample(
        self,
        context: Batch,
        rng: torch.Generator,
        *,
        knobs: Mapping[str, float] | None = None,
        bars: tuple[int, int] | None = None,
        wander: float = 0.0,
        in_key: bool = True,
        **options: Any,
    ) -> Batch:
        """Vary the bars of a melody.

        knobs: attribute to standard deviations of it, {"density": +2.0}. bars: first and last to vary, counted from 1;
        all by default. wander: standard deviations by which the rest of the code strays at random. in_key: a pitch
        class that is neither in the melody nor in its scale gives way to the nearest one. Raises ConfigError.
        """
        if options:
            raise unknown("option of measure_vae", next(iter(options)), ("knobs", "bars", "wander", "in_key"))
        given = context["bars"].reshape(-1, BAR_TICKS).long()
        first, last = bars or (1, len(given))
        if not 1 <= first <= last <= len(given):
            raise ConfigError(f"bars {first} to {last}", f"the melody has {len(given)}", "count from 1")
        turned = {self.knob(name): float(by) for name, by in (knobs or {}).items()}
        if not all(math.isfinite(by) for by in turned.values()):
            raise ConfigError(f"knobs {dict(knobs or {})}", "steps are finite numbers", "write density=+2")
        own = given[first - 1 : last]
        codes = self.codes(own)[0]
        codes = codes + wander * self._stray(codes.shape, rng)
        pitches = nearest_in_key(given) if in_key else torch.arange(FOLK_TOKENS, device=given.device)
        if turned:
            written = self._turn(own, codes, turned, rng, wander == 0, pitches)
        else:
            written = pitches[self.logits(codes).argmax(-1)]
        all_bars = torch.cat([given[: first - 1], written, given[last:]])
        return {"bars": legal(all_bars)}

    def _stray(self, shape: tuple[int, ...], rng: torch.Generator) -> torch.Tensor:
        """Random moves of codes that leave the dimensions of the attributes alone."""
        stray = torch.randn(shape, generator=rng, device=rng.device).to(self.deviation) * self.deviation
        stray[..., : len(self.config.attributes)] = 0
        return stray

    def _turn(
        self,
        given: torch.Tensor,
        codes: torch.Tensor,
        turned: Mapping[int, float],
        rng: torch.Generator,
        keep: bool,
        pitches: torch.Tensor,
    ) -> torch.Tensor:
        """Of what decodes along the way of the knobs, take the bar that measures nearest to what was asked for.

        keep: the given bar may stay as it is. pitches: the token that each token gives way to.
        """
        by, weight = torch.zeros_like(self.spread), torch.full_like(self.spread, OTHERS)
        for attribute, steps in turned.items():
            by[attribute], weight[attribute] = steps, 1.0
        wanted = self.values(given) + by * self.spread
        strays = STRAYING * self._stray((len(codes), len(STEPS), STRAYS, codes.shape[1]), rng)
        strays[:, :, 0] = 0
        along = torch.tensor(STEPS).to(codes)[:, None, None]
        tried = (codes[:, None, None] + along * (by @ self.ways) + strays).flatten(1, 2)
        found = silenced(pitches[torch.cat([self.logits(part).argmax(-1) for part in tried.split(64)])])
        if keep:
            found = torch.cat([given[:, None], found], 1)
        missed = (self.values(found) - wanted[:, None]).abs() / self.spread
        changed = (found != given[:, None]).float().mean(-1)
        best = ((missed * weight).sum(-1) + CHANGE * changed).argmin(1)
        return found[torch.arange(len(found)), best]

    @torch.no_grad()
    def walk(self, start: torch.Tensor, end: torch.Tensor, steps: int) -> torch.Tensor:
        """Bars (steps, 24) on the straight way between the codes of two bars (24,), both included."""
        if steps < 2:
            raise ConfigError(f"a walk of {steps} steps", "it has a start and an end", "take 2 or more")
        mean = self.codes(torch.stack([start, end]))[0]
        share = torch.linspace(0, 1, steps).to(mean)[:, None]
        return silenced(self.logits(mean[:1] * (1 - share) + mean[1:] * share).argmax(-1))

    def example(self) -> Batch:
        """Two bars: a scale in eighths and a quarter, a half and a rest."""
        bars = np.full((2, BAR_TICKS), HOLD)
        bars[0, ::3] = [7, 9, 11, 12, 14, 16, 18, 19]
        bars[1, [0, 6, 18]] = [14, 12, REST]
        bars[1, 18:] = REST
        return {"bars": torch.from_numpy(bars)}


TINY = Config(latent=8, embedding=4, width=16, depth=1)
PUBLISHED_VAE = Config("recurrent", gamma=0.0, latent=256, embedding=10, width=512, dropout=0.5)
AR_VAE = Config("recurrent", latent=32, embedding=10, width=128, dropout=0.5)
CONFIGS = {"released": RELEASED, "published": PUBLISHED_VAE, "ar_vae": AR_VAE, "tiny": TINY}
MeasureVAE.Config = Config


def nearest_in_key(bars: torch.Tensor) -> torch.Tensor:
    """For each token the nearest that keeps to the key of bars (bar, 24): of their scale, or of a class they hold."""
    share, scale = (found[0] for found in heard_keys(bars[None], 0, 0))
    tokens = torch.arange(FOLK_TOKENS, device=bars.device)
    known = (scale + share > 0)[(tokens - FIRST + LOWEST) % 12] | (tokens < FIRST)
    away = (tokens[:, None] - tokens).abs() + FOLK_TOKENS * (~known | (tokens < FIRST))
    return torch.where(known, tokens, away.argmin(1))


def silenced(bars: torch.Tensor) -> torch.Tensor:
    """Turn holds that follow a rest into rests, each bar (..., 24) by itself: it may begin inside a note."""
    bars = bars.clone()
    for tick in range(1, bars.shape[-1]):
        nothing = (bars[..., tick] == HOLD) & (bars[..., tick - 1] == REST)
        bars[..., tick] = torch.where(nothing, REST, bars[..., tick])
    return bars


def legal(bars: torch.Tensor) -> torch.Tensor:
    """Turn holds that follow a rest, or begin the first bar, into rests; bars (bar, 24) follow each other."""
    return silenced(torch.cat([bars.new_full((1,), REST), bars.flatten()]))[1:].view_as(bars)
