"""Writer of missing bars: bars 5 to 8 of a folk melody, given what is before and after them.

Released: a transformer over beats that may copy the same beat of other bars and knows the key heard around the gap.
INPAINTNET: Pati, Lerch, Hadjeres, "Learning to traverse latent spaces for musical score inpainting" (ISMIR 2019): a
walk through the codes of a frozen bar VAE. ANTICIPATION, ANTICIPATION_REG: Hadjeres and Nielsen, "Anticipation-RNN"
(2018); the second learns from gaps of whole bars and keeps its states near a normal distribution. All give a proper
likelihood of a gap, token by token from left to right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from solfeggio.contracts import Batch, Writer
from solfeggio.errors import ConfigError, unknown
from solfeggio.nets.anticipation import AnticipationNet
from solfeggio.nets.copying import FIRST, PITCHES, TICKS, CopyingTransformer, heard_keys
from solfeggio.nets.latent_walk import BarVAE, LatentWalk
from solfeggio.notation import Part, Score
from solfeggio.tokens import BAR_TICKS, HOLD, LOWEST, REST, decode_bars, encode_bars

CLASHES = ((), (), (1,), (2,), (1, 3), (2, 4))  # ticks of a beat: a change here forbids one there, threes against fours


@dataclass(frozen=True)
class Config:
    """Settings; the defaults are the released system."""

    net: str = "copying"  # copying, latent or anticipation
    width: int = 112  # cells or channels; of a latent walk, of one direction of a context's GRU
    depth: int = 3  # layers
    heads: int = 4  # of attention
    dropout: float = 0.1
    copies: bool = True  # copying: whether beats of other bars may be copied
    key: bool = True  # copying: whether the decoder knows the key heard around the gap
    past: bool = True  # latent: whether it hears the bars before the gap
    future: bool = True  # latent: whether it hears the bars after the gap
    feedback: bool = True  # latent: each bar written is encoded again and fed back
    doubts: bool = False  # latent: mixes its tokens with what usually follows the one before (ours)
    spans: bool = False  # anticipation: learns from gaps of whole bars; else from tokens constrained at random
    gaussian: float = 0.0  # anticipation: weight of the term that makes states of the writing LSTM normally distributed
    vae_net: str = "grouped"  # latent: as in writers.measure_vae; so the next four
    vae_latent: int = 32
    vae_embedding: int = 16
    vae_width: int = 128
    vae_depth: int = 2
    window: int = 16  # bars seen at once
    shortest: int = 2  # bars of a gap in training
    longest: int = 6  # bars of a gap in training, and written at once
    in_key: bool = True  # writing: no pitch class outside the scale that the context neither holds nor hints at
    one_grid: bool = True  # writing: no beat mixes thirds and quarters

    def __post_init__(self) -> None:
        if self.net not in NETS:
            raise unknown("net", self.net, NETS)
        if not 1 <= self.shortest <= self.longest < self.window:
            raise ConfigError(
                f"gaps of {self.shortest} to {self.longest} of {self.window} bars",
                "a window must be longer than its gap",
            )


def _copying(config: Config) -> torch.nn.Module:
    return CopyingTransformer(config.width, config.depth, config.heads, config.dropout, config.copies, config.key)


def _latent(config: Config) -> torch.nn.Module:
    c = config
    vae = BarVAE(c.vae_net, c.vae_latent, c.vae_embedding, c.vae_width, c.vae_depth)
    return LatentWalk(vae, c.vae_latent, c.width, c.depth, c.dropout, c.past, c.future, c.feedback, c.doubts)


def _anticipation(config: Config) -> torch.nn.Module:
    return AnticipationNet(config.width, config.depth, config.dropout)


NETS = {"copying": _copying, "latent": _latent, "anticipation": _anticipation}


RELEASED = Config()
OPTIONS = ("bars", "temperature", "top_p", "n", "in_key", "one_grid")


class Inpaint(Writer):
    """Score with a gap to score without. Tokens: "bars" (bar, 24); a batch has a "gap" (first bar, bar after it) too.

    Bars of a batch's gap count from 0 and are the same in all its items, as in a training by random spans.
    """

    def __init__(self, config: Config = RELEASED):
        super().__init__()
        self.config = config
        self.net: Any = NETS[config.net](config)

    def encode(self, score: Score) -> Batch:
        """Write a melody in 4/4 as tokens, {"bars": (bar, 24)}; raises NotationError as ``tokens.encode_bars``."""
        return {"bars": torch.from_numpy(encode_bars(score))}

    def decode(self, tokens: Batch, score: Score | None = None, bars: tuple[int, int] | None = None) -> Score:
        """Turn {"bars": (bar, 24)} into a score.

        score, bars: the score that was encoded and the bars, counted from 1, that were written: all outside them stays
        as it was, with title, tempo, velocities and chords.
        """
        written = decode_bars(tokens["bars"].cpu().numpy())
        if score is None or bars is None:
            return written
        low, high = 4.0 * (bars[0] - 1), 4.0 * bars[1]
        at = next(i for i, part in enumerate(score.parts) if len(part.notes))
        old, new = score.parts[at].notes, written.parts[0].notes
        before, after = old[old[:, 0] < low - 1e-6].copy(), old[old[:, 1] > high + 1e-6].copy()
        joins = after[after[:, 0] < high - 1e-6]
        after[:, 0] = np.maximum(after[:, 0], high)
        fresh = new[(new[:, 0] < high - 1e-6) & (new[:, 1] > low + 1e-6)].copy()
        if len(before) and len(fresh) and fresh[0, 0] < low - 1e-6:  # a note held over the line into the gap
            before[-1, 1], fresh = fresh[0, 1], fresh[1:]
        else:
            before[:, 1] = np.minimum(before[:, 1], low)
        if len(joins) and len(fresh) and fresh[-1, 1] > high + 1e-6:  # and out of it
            fresh[-1, 1], after = after[0, 1], after[1:]
        fresh[:, 3] = np.median(old[:, 3])
        part = Part(score.parts[at].name, score.parts[at].program, np.concatenate([before, fresh, after]))
        return replace(score, parts=(*score.parts[:at], part, *score.parts[at + 1 :]))

    def forward(self, batch: Batch) -> Batch:
        """Log-probability of each token of the gap, given all before it and the bars after the gap.

        Returns {"logits": (batch, tick of the gap, token)}: their sum at the true tokens is the gap's log-likelihood.
        """
        first, stop = _gap(batch)
        return {"logits": self.net(batch["bars"], first, stop)}

    def loss(self, batch: Batch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Mean negative log-likelihood of the gap's tokens, in nats; part "nll". In training as each paper does it."""
        first, stop = _gap(batch)
        bars = batch["bars"]
        if self.training and self.config.net == "anticipation":
            return self._anticipate(bars, first, stop)
        chances = self.net(bars, first, stop)
        nll = -chances.gather(-1, bars[:, first:stop].flatten(1)[..., None]).mean()
        return nll, {"nll": nll}

    def _anticipate(self, bars: torch.Tensor, first: int, stop: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        bound = torch.ones(bars.flatten(1).shape, dtype=torch.bool, device=bars.device)
        if self.config.spans:
            bound[:, first * BAR_TICKS : stop * BAR_TICKS] = False
        else:
            share = torch.rand(1, device=bars.device) / 2
            bound = torch.rand(bound.shape, device=bars.device) < share
        states, _ = self.net.states(bars, bound, bound.shape[1])
        free = ~bound
        nll = torch.nn.functional.cross_entropy(self.net.out(states[free]), bars.flatten(1)[free])
        mean, variance = states.mean((0, 1)), states.var((0, 1))
        normal = (mean**2).mean() + ((variance - variance.mean()) ** 2).mean()
        return nll + self.config.gaussian * normal, {"nll": nll, "normal": normal}

    @torch.inference_mode()
    def sample(
        self,
        context: Batch,
        rng: torch.Generator,
        *,
        bars: tuple[int, int] = (5, 8),
        temperature: float = 1.0,
        top_p: float = 0.95,
        n: int | None = None,
        in_key: bool | None = None,
        one_grid: bool | None = None,
        **options: Any,
    ) -> Batch:
        """Write the gap anew: the tokens of the whole score, {"bars": (bar, 24)}, or with n, (n, bar, 24).

        bars: first and last of the gap, from 1. temperature: 0 takes the likeliest token each time. top_p: share of
        the likeliest tokens to draw from. n: how many variants. in_key, one_grid: instead of the Config's. Outside
        the gap tokens stay, but a note held out of the gap begins anew where another one leads to it. Raises
        ConfigError for bars that are not there, or when none would be left.
        """
        if options:
            raise unknown("option of inpaint", next(iter(options)), OPTIONS)
        self.eval()
        first, stop = check_bars(bars, len(context["bars"]))
        tokens = context["bars"].to(next(self.parameters()).device)[None].repeat(n or 1, 1, 1)
        held = _held_over(tokens[:1], stop)
        switches = (
            self.config.in_key if in_key is None else in_key,
            self.config.one_grid if one_grid is None else one_grid,
        )
        for low, high in pieces(first, stop, self.config.longest):
            begin, end = _window(low, high, first, stop, tokens.shape[1], self.config.window)
            part = tokens[:, begin:end].clone()
            tokens[:, low:high] = self.write(part, low - begin, high - begin, rng, temperature, top_p, *switches)[
                :, low - begin : high - begin
            ]
        if held is not None:
            now = _held_over(tokens, stop)
            tokens[:, stop, 0] = torch.where(now == held, HOLD, held)
        return {"bars": tokens if n else tokens[0]}

    def write(
        self,
        bars: torch.Tensor,
        first: int,
        stop: int,
        rng: torch.Generator,
        temperature: float = 1.0,
        top_p: float = 1.0,
        in_key: bool = False,
        one_grid: bool = False,
    ) -> torch.Tensor:
        """Fill bars first to stop, counted from 0, of windows (batch, bar, 24) of at most 16; else as ``sample``."""
        if not temperature >= 0 or not 0 < top_p <= 1:
            raise ConfigError(
                f"temperature {temperature}, top_p {top_p}", "expected 0 or more, and more than 0 up to 1"
            )
        outside = torch.zeros(len(bars), FIRST + PITCHES, dtype=torch.bool, device=bars.device)
        if in_key:
            share, scale = heard_keys(bars, first, stop)
            classes = (torch.arange(PITCHES, device=bars.device) + LOWEST) % 12
            outside[:, FIRST:] = ((scale == 0) & (share == 0))[:, classes]

        def choose(chances: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
            never = outside | _illegal(before, one_grid)
            logits = chances.masked_fill(never, -torch.inf)
            if temperature == 0:
                return logits.argmax(-1)
            shares, order = (logits / temperature).softmax(-1).sort(-1, descending=True)
            shares = shares.masked_fill(shares.cumsum(-1) - shares >= top_p, 0)
            return order.gather(-1, torch.multinomial(shares, 1, generator=rng))[:, 0]

        return self.net.write(bars, first, stop, choose)

    def example(self) -> Batch:
        """Eight bars of a scale up and down, twice, of which the fifth and sixth are asked for."""
        bar = torch.full((4, BAR_TICKS), HOLD)
        bar[:, ::3] = torch.tensor([[7, 9, 11, 12, 14, 16, 18, 19], [19, 18, 16, 14, 12, 11, 9, 7]]).repeat(2, 1)
        bar[3, 12:] = REST
        return {"bars": bar.repeat(2, 1)[None], "gap": torch.tensor([[4, 6]])}


def check_bars(bars: Any, count: int) -> tuple[int, int]:
    """Turn first and last bar, counted from 1, into (first, stop), counted from 0; raises ConfigError.

    >>> check_bars((5, 8), 16)
    (4, 8)
    """
    try:
        first, last = (int(bar) for bar in bars)
    except (TypeError, ValueError):
        raise ConfigError(f"bars {bars!r}", "expected the first and the last bar", "give bars=(5, 8)") from None
    if not 1 <= first <= last <= count:
        raise ConfigError(f"bars {first} to {last}", f"the score has bars 1 to {count}", "choose bars inside it")
    if last - first + 1 == count:
        raise ConfigError(f"bars {first} to {last}", "that is the whole score", "leave at least one bar to go by")
    return first - 1, last


def pieces(first: int, stop: int, longest: int) -> list[tuple[int, int]]:
    """Cut a long gap into equal pieces, from the left, or from the right where nothing stands before the gap.

    >>> pieces(4, 14, 6)
    [(4, 9), (9, 14)]
    """
    edges = np.linspace(first, stop, -(-(stop - first) // longest) + 1).round().astype(int).tolist()
    cut = list(pairwise(edges))
    return cut if first > 0 else cut[::-1]


def _window(low: int, high: int, first: int, stop: int, count: int, size: int) -> tuple[int, int]:
    """Bars to look at while bars low to high of a gap are written: known ones on both sides, ``size`` in all."""
    known = (0 if first > 0 else low), (count if high == stop or first == 0 else high)
    spare = size - (high - low)
    behind = min(low - known[0], max(spare // 2, spare - (known[1] - high)))
    return low - behind, min(known[1], high + spare - behind)


def _illegal(before: torch.Tensor, one_grid: bool) -> torch.Tensor:
    """Tokens (batch, token) that must not follow those before, (batch, tick): a hold of nothing, a clash of grids."""
    at = before.shape[1]
    never = torch.zeros(len(before), FIRST + PITCHES, dtype=torch.bool, device=before.device)
    silent = before[:, -1] == REST if at else torch.ones(len(before), dtype=torch.bool, device=before.device)
    never[:, HOLD] = silent
    if one_grid:
        changes = torch.zeros_like(silent)
        for tick in CLASHES[at % TICKS]:
            now, last = before[:, at - at % TICKS + tick], before[:, at - at % TICKS + tick - 1]
            changes |= (now >= FIRST) | ((now == REST) & (last != REST))
        stays = torch.nn.functional.one_hot(torch.where(silent, REST, HOLD), never.shape[1]).bool()
        never = torch.where(changes[:, None], ~stays, never)
    return never


def _gap(batch: Batch) -> tuple[int, int]:
    gaps = batch["gap"]
    if not bool((gaps == gaps[0]).all()):
        raise ConfigError(
            "a batch with several gaps", "all its items must have the same one", "sort items by their gap"
        )
    return int(gaps[0, 0]), int(gaps[0, 1])


def _held_over(tokens: torch.Tensor, stop: int) -> Any:
    """Tokens of the pitches that are held over the line before bar ``stop``, 0 for none; None when no line is held."""
    if stop >= tokens.shape[1] or not bool((tokens[:, stop, 0] == HOLD).any()):
        return None
    flat = tokens[:, :stop].flatten(1)
    place = torch.where(flat != HOLD, torch.arange(flat.shape[1], device=flat.device), -1).max(1).values
    return torch.where(place >= 0, flat.gather(1, place.clamp(min=0)[:, None])[:, 0], REST)


STUDY = Config(width=80, depth=2)
INPAINTNET = Config(net="latent", width=64, depth=2, dropout=0.5, in_key=False, one_grid=False)
DOUBTING = replace(INPAINTNET, doubts=True)
ANTICIPATION = Config(net="anticipation", width=96, depth=2, dropout=0.2, in_key=False, one_grid=False)
ANTICIPATION_REG = replace(ANTICIPATION, spans=True, gaussian=0.01)
Inpaint.Config = Config
CONFIGS = {
    "released": RELEASED,
    "study": STUDY,
    "no_key": replace(STUDY, key=False, in_key=False),
    "no_copies": replace(STUDY, copies=False),
    "inpaintnet": INPAINTNET,
    "inpaintnet_as_published": replace(
        INPAINTNET, width=512, vae_net="recurrent", vae_latent=256, vae_embedding=10, vae_width=512
    ),
    "doubting": DOUBTING,
    "past_only": replace(DOUBTING, future=False),
    "future_only": replace(DOUBTING, past=False),
    "no_feedback": replace(DOUBTING, feedback=False),
    "anticipation": ANTICIPATION,
    "anticipation_reg": ANTICIPATION_REG,
    "anticipation_as_published": replace(ANTICIPATION, width=256),
    "tiny": Config(width=16, depth=1, heads=2),
}
