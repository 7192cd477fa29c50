"""Writer of variations: a code for every bar of a melody, whose first dimensions are musical knobs.

Bars of 24 ticks pass through a variational autoencoder; the AR-VAE term (Pati and Lerch 2020) makes dimension r rise
with attribute r: rhythmic complexity, pitch range, note density, contour. Turning a knob moves that dimension by
standard deviations of the training bars and decodes. That term alone lets the decoder read what it writes from other
dimensions, so that knobs turn and nothing happens; ours is also taught with knobs turned: a bar that is decoded with
the knobs of another must be encoded so. PUBLISHED: MeasureVAE (Pati, Lerch and Hadjeres, "Learning to
traverse latent spaces for musical score inpainting", ISMIR 2019). AR_VAE: the smaller one of "Attribute-based
regularization of latent spaces" (2020). Released: a feed-forward network of beats, which trains ten times as fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from solfeggio.contracts import Batch, Writer
from solfeggio.errors import ConfigError, unknown
from solfeggio.losses.latent import attribute_order, kl
from solfeggio.metrics.attributes import ATTRIBUTES, PUBLISHED, attributes
from solfeggio.nets.vae import (
    GroupedDecoder,
    GroupedEncoder,
    HierarchicalDecoder,
    Posterior,
    RecurrentEncoder,
    drawn,
    straight,
)
from solfeggio.notation import Score
from solfeggio.tokens import BAR_TICKS, FOLK_TOKENS, HOLD, REST, decode_bars, encode_bars

BEATS = 4
COME_BACK = 0.8  # accuracy of tokens from which on turned knobs are learned, in full at 1
FURTHEST = 4.0  # standard deviations from the mean of the training bars that a knob may reach


@dataclass(frozen=True)
class Config:
    """Settings; the defaults are the released system."""

    net: str = "grouped"  # grouped: feed-forward by beats. recurrent: GRUs, beats then ticks
    attributes: tuple[str, ...] = PUBLISHED  # of dimensions 0, 1, ...; names of metrics.attributes
    beta: float = 0.001  # weight of the divergence (nats a bar) beside the cross-entropy (nats a token)
    gamma: float = 1.0  # weight of the order of the attributes; 0: a beta-VAE
    delta: float = 10.0  # how steeply a difference of two codes counts as an order
    turned: float = 1.0  # weight of what decoding must do when knobs are turned, once bars come back; 0: as published
    kept: float = 0.2  # weight, in that, of the rest of the code, which must stay
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


TINY = Config(latent=8, embedding=4, width=16, depth=1)
PUBLISHED_VAE = Config("recurrent", gamma=0.0, turned=0.0, latent=256, embedding=10, width=512, dropout=0.5)
AR_VAE = Config("recurrent", turned=0.0, latent=32, embedding=10, width=128, dropout=0.5)
CONFIGS = {"released": Config(), "published": PUBLISHED_VAE, "ar_vae": AR_VAE, "tiny": TINY}


class MeasureVAE(Writer):
    """Bars to codes and back; see the module's text. Tokens: ``bars`` (bar, 24), as ``tokens.encode_bars`` says."""

    centre: torch.Tensor
    deviation: torch.Tensor

    Config = Config

    def __init__(self, config: Config = CONFIGS["released"]):
        super().__init__()
        self.config = c = config
        sizes = {"embedding": c.embedding, "width": c.width, "depth": c.depth, "dropout": c.dropout}
        if c.net == "recurrent":
            self.encoder: nn.Module = RecurrentEncoder(FOLK_TOKENS, **sizes)  # type: ignore[arg-type]
            self.decoder: nn.Module = HierarchicalDecoder(
                c.latent, FOLK_TOKENS, BEATS, BAR_TICKS // BEATS, forced=c.forced, alone=c.alone, **sizes
            )  # type: ignore[arg-type]
        else:
            ticks = BAR_TICKS // BEATS
            self.encoder = GroupedEncoder(FOLK_TOKENS, BEATS, ticks, **sizes)  # type: ignore[arg-type]
            self.decoder = GroupedDecoder(c.latent, FOLK_TOKENS, BEATS, ticks, c.width, c.depth, c.dropout)
        self.posterior = Posterior(self.encoder.out, c.latent)  # type: ignore[arg-type]
        self.register_buffer("centre", torch.zeros(c.latent))  # of the training bars' codes
        self.register_buffer("deviation", torch.ones(c.latent))

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
            known = batch.get("attributes")
            values = self._values(bars) if known is None else known.to(codes)
            if c.turned and parts["accuracy"] > COME_BACK:
                parts["turned"], written = self._turned(codes.detach())
                share = (parts["accuracy"] - COME_BACK) / (1 - COME_BACK)
                loss = loss + c.turned * share * parts["turned"]
                if known is None:  # the encoder must not be deceived by what the decoder writes
                    again = self.codes(written)
                    loss = loss + c.beta * kl(*again).mean()
                    codes, values = torch.cat([codes, again[0]]), torch.cat([values, self._values(written)])
            parts["order"] = attribute_order(codes, values, c.delta).sum()
            loss = loss + c.gamma * parts["order"]
        return loss, {"loss": loss, **parts}

    def _values(self, bars: torch.Tensor) -> torch.Tensor:
        measured = attributes(bars.cpu().numpy(), self.config.attributes)
        return torch.from_numpy(measured).to(self.centre)

    def _turned(self, codes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Decode codes of which some knobs are those of other bars: deviations by which others are read, and the bars.

        The encoder's weights are constants here, so that only the decoder learns to follow.
        """
        count = len(self.config.attributes)
        others = codes[torch.randperm(len(codes), device=codes.device), :count]
        chosen = torch.rand(others.shape, device=codes.device) < 0.5
        wanted = torch.cat([torch.where(chosen, others, codes[:, :count]), codes[:, count:]], 1)
        logits = self.decoder(wanted)
        reader = nn.Sequential(self.encoder, self.posterior)
        constants = {name: value.detach() for name, value in reader.named_parameters()}
        read = torch.func.functional_call(reader, constants, (straight(logits),))[0]
        missed = (read - wanted).abs() / codes.std(0).clamp(min=0.1)
        free = missed[:, count:].mean() if missed.shape[1] > count else 0.0
        return missed[:, :count].mean() + self.config.kept * free, logits.argmax(-1)

    @torch.no_grad()
    def measure(self, bars: torch.Tensor) -> None:
        """Remember mean and deviation of the codes of the training bars (n, 24), on which the knobs count."""
        training = self.training
        self.eval()
        mean = torch.cat([self.codes(part)[0] for part in bars.split(1024)])
        self.centre.copy_(mean.mean(0))
        self.deviation.copy_(mean.std(0).clamp(min=1e-3))
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
    ) -> Batch:
        """Vary the bars of a melody.

        knobs: attribute to standard deviations, {"density": +2.0}. bars: first and last to vary, counted from 1; all by
        default. wander: standard deviations by which the dimensions without a knob stray at random. Raises ConfigError.
        """
        given = context["bars"].reshape(-1, BAR_TICKS).long()
        first, last = bars or (1, len(given))
        if not 1 <= first <= last <= len(given):
            raise ConfigError(f"bars {first} to {last}", f"the melody has {len(given)}", "count from 1")
        moves = {self.knob(name): float(by) for name, by in (knobs or {}).items()}
        mean, deviation, centre = self.codes(given[first - 1 : last])[0], self.deviation, self.centre
        stray = torch.randn(mean.shape, generator=rng, device=rng.device).to(mean) * deviation
        stray[:, : len(self.config.attributes)] = 0
        codes = mean + wander * stray
        for dimension, by in moves.items():
            span = FURTHEST * deviation[dimension]
            low, high = centre[dimension] - span, centre[dimension] + span
            codes[:, dimension] = (codes[:, dimension] + by * deviation[dimension]).clamp(low, high)
        before = int(given[first - 2, -1]) if first > 1 else REST
        written = given.clone()
        written[first - 1 : last] = legal(self.logits(codes), before)
        return {"bars": still_legal(written, last)}

    @torch.no_grad()
    def walk(self, start: torch.Tensor, end: torch.Tensor, steps: int) -> torch.Tensor:
        """Bars (steps, 24) on the straight way between the codes of two bars (24,), both included."""
        if steps < 2:
            raise ConfigError(f"a walk of {steps} steps", "it has a start and an end", "take 2 or more")
        mean = self.codes(torch.stack([start, end]))[0]
        share = torch.linspace(0, 1, steps).to(mean)[:, None]
        bars = [legal(own[None], REST) for own in self.logits(mean[:1] * (1 - share) + mean[1:] * share)]
        return torch.cat(bars)

    def example(self) -> Batch:
        """Two bars: a scale in eighths and a quarter, a half and a rest."""
        bars = np.full((2, BAR_TICKS), HOLD)
        bars[0, ::3] = [7, 9, 11, 12, 14, 16, 18, 19]
        bars[1, [0, 6, 18]] = [14, 12, REST]
        bars[1, 18:] = REST
        return {"bars": torch.from_numpy(bars)}


def legal(logits: torch.Tensor, before: int) -> torch.Tensor:
    """Choose the likeliest tokens (bar, 24) of successive bars (bar, 24, token) so that no hold follows a rest.

    before: token that comes first, REST for none.
    """
    rows = logits.detach().float().cpu().numpy().reshape(-1, FOLK_TOKENS)
    silent = np.where(np.arange(FOLK_TOKENS) == HOLD, -np.inf, rows)
    sounding, quiet = rows.argmax(1), silent.argmax(1)
    tokens = np.zeros(len(rows), np.int64)
    for i in range(len(rows)):
        tokens[i] = quiet[i] if before == REST else sounding[i]
        before = int(tokens[i])
    return torch.from_numpy(tokens).view(-1, BAR_TICKS).to(logits.device)


def still_legal(bars: torch.Tensor, changed: int) -> torch.Tensor:
    """Turn holds at the start of the bar after the ``changed`` ones into rests where nothing is left to hold."""
    flat = bars.flatten()
    at = changed * BAR_TICKS
    while 0 < at < len(flat) and flat[at] == HOLD and flat[at - 1] == REST:
        flat[at] = REST
        at += 1
    return flat.view_as(bars)
