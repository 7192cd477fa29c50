"""A walk through the latent space of a frozen bar VAE, from the bars before a gap towards those after it.

Source: Pati, Lerch, Hadjeres, "Learning to traverse latent spaces for musical score inpainting" (ISMIR 2019). There the
generating GRU, bidirectional, saw the truth of the whole gap when it was taught; here it goes bar by bar, always.
"""

from __future__ import annotations

import torch
from torch import nn

from solfeggio.nets.copying import Choose
from solfeggio.nets.vae import GroupedDecoder, GroupedEncoder, HierarchicalDecoder, Posterior, RecurrentEncoder
from solfeggio.tokens import BAR_TICKS, FOLK_TOKENS

BEATS = 4


class BarVAE(nn.Module):
    """The networks of a bar VAE under the names that ``writers.measure_vae`` gives them, so that its weights fit.

    net: recurrent or grouped. The weights are never trained here, and nothing is dropped.
    """

    deviation: torch.Tensor

    def __init__(self, net: str, latent: int, embedding: int, width: int, depth: int):
        super().__init__()
        ticks = BAR_TICKS // BEATS
        self.encoder: nn.Module
        self.decoder: nn.Module
        if net == "recurrent":
            self.encoder = RecurrentEncoder(FOLK_TOKENS, embedding, width, depth, 0.0)
            self.decoder = HierarchicalDecoder(
                latent, FOLK_TOKENS, BEATS, ticks, embedding, width, depth, 0.0, forced=1
            )
        else:
            self.encoder = GroupedEncoder(FOLK_TOKENS, BEATS, ticks, embedding, width, depth, 0.0)
            self.decoder = GroupedDecoder(latent, FOLK_TOKENS, BEATS, ticks, width, depth, 0.0)
        self.posterior = Posterior(self.encoder.out, latent)  # type: ignore[arg-type]
        self.register_buffer("deviation", torch.ones(latent))
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> BarVAE:
        """Stay as it is: nothing is dropped, and a recurrent decoder hears the tokens that it is given."""
        super().train(False)
        self.decoder.train()
        return self

    def codes(self, bars: torch.Tensor) -> torch.Tensor:
        """Codes of bars (..., 24), in deviations of the training bars: (..., latent)."""
        mean = self.posterior(self.encoder(bars.reshape(-1, BAR_TICKS)))[0]
        return (mean / self.deviation).view(*bars.shape[:-1], -1)

    def decode(self, codes: torch.Tensor, bars: torch.Tensor) -> torch.Tensor:
        """Log-probabilities (..., 24, token) of the ticks of bars (..., 24) with these codes (..., latent).

        Of a recurrent decoder given the ticks before each; to a grouped one they are independent.
        """
        logits = self.decoder(self._own(codes), bars.reshape(-1, BAR_TICKS))
        return logits.log_softmax(-1).view(*codes.shape[:-1], BAR_TICKS, FOLK_TOKENS)

    @torch.no_grad()
    def likeliest(self, codes: torch.Tensor) -> torch.Tensor:
        """Decode freely, the likeliest token each time: codes (..., latent) to bars (..., 24)."""
        self.decoder.eval()
        bars = self.decoder(self._own(codes)).argmax(-1)
        self.decoder.train()
        return bars.view(*codes.shape[:-1], BAR_TICKS)

    def _own(self, codes: torch.Tensor) -> torch.Tensor:
        return (codes * self.deviation).reshape(-1, codes.shape[-1])


class LatentWalk(nn.Module):
    """GRUs over the codes before and after a gap open a GRU that steps through the gap, one code a bar.

    width: cells of each context GRU and direction; the generating one has twice as many. past, future: contexts that
    are heard. feedback: each bar is decoded, encoded again and heard by the next step; without it all are written at
    once. doubts: as a decoder of exact codes is too sure of a guessed one, each bar's probabilities are mixed with
    the usual ones at that tick after the token before it, by a share that the walk tells (ours; not in the paper).
    """

    def __init__(
        self,
        vae: BarVAE,
        latent: int,
        width: int,
        depth: int,
        dropout: float,
        past: bool = True,
        future: bool = True,
        feedback: bool = True,
        doubts: bool = False,
    ):
        super().__init__()
        self.vae, self.feedback = vae, feedback
        self.shape = 2 * depth, width
        inner = dropout if depth > 1 else 0.0
        self.contexts = nn.ModuleDict(
            {
                name: nn.GRU(latent, width, depth, batch_first=True, bidirectional=True, dropout=inner)
                for name, there in (("past", past), ("future", future))
                if there
            }
        )
        self.opening = nn.Parameter(torch.zeros(latent))
        self.walk = nn.GRU(latent, 2 * width, depth, batch_first=True, bidirectional=True, dropout=inner)
        self.out = nn.Linear(4 * width, latent)
        self.doubt = nn.Linear(4 * width, 1) if doubts else None
        self.usual = nn.Parameter(torch.zeros(BAR_TICKS, FOLK_TOKENS + 1, FOLK_TOKENS)) if doubts else None

    def forward(self, bars: torch.Tensor, first: int, stop: int) -> torch.Tensor:
        """Log-probability of every token of the gap, given the true bars before it and the bars after the gap.

        In training half of the batches hear the bars that the network wrote instead of the true ones.
        Shape: (batch, bar, 24) in, (batch, (stop - first) * 24, token) out.
        """
        if not self.feedback:
            return self._chances(self._at_once(bars, first, stop), bars[:, first:stop]).flatten(1, 2)
        free = self.training and bool(torch.rand(()) < 0.5)
        heard, state = self._start(bars, first), self._contexts(bars, first, stop)
        chances = []
        for bar in range(first, stop):
            seen, state = self._step(heard, state)
            chances.append(self._chances(seen, bars[:, bar]))
            heard = self.vae.codes(self.vae.likeliest(self.out(seen)) if free else bars[:, bar])
        return torch.cat(chances, 1)

    def write(self, bars: torch.Tensor, first: int, stop: int, choose: Choose) -> torch.Tensor:
        """Fill the gap from left to right with tokens that ``choose`` picks."""
        at_once = None if self.feedback else self._at_once(bars, first, stop)
        heard, state = self._start(bars, first), self._contexts(bars, first, stop)
        bars = bars.clone()
        bars[:, first:stop] = 0
        flat = bars.view(len(bars), -1)
        for bar in range(first, stop):
            if at_once is None:
                seen, state = self._step(heard, state)
            else:
                seen = at_once[:, bar - first]
            for tick in range(BAR_TICKS):
                at = bar * BAR_TICKS + tick
                flat[:, at] = choose(self._chances(seen, bars[:, bar])[:, tick], flat[:, :at])
            heard = self.vae.codes(bars[:, bar])
        return bars

    def _start(self, bars: torch.Tensor, first: int) -> torch.Tensor:
        if first == 0 or "past" not in self.contexts:
            return self.opening.expand(len(bars), -1)
        return self.vae.codes(bars[:, first - 1])

    def _contexts(self, bars: torch.Tensor, first: int, stop: int) -> torch.Tensor:
        """State in which the walk begins: last states of both contexts, zeros for one that is not heard."""
        nothing = torch.zeros(self.shape[0], len(bars), self.shape[1], device=bars.device)
        states = []
        for name, part in (("past", bars[:, :first]), ("future", bars[:, stop:])):
            if name in self.contexts and part.shape[1]:
                states.append(self.contexts[name](self.vae.codes(part))[1])
            else:
                states.append(nothing)
        return torch.cat(states, -1)

    def _step(self, heard: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen, state = self.walk(heard[:, None], state)
        return seen[:, 0], state

    def _chances(self, seen: torch.Tensor, bars: torch.Tensor) -> torch.Tensor:
        """Log-probabilities (..., 24, token) of the ticks of bars (..., 24) that the walk stands at (..., cell)."""
        chances = self.vae.decode(self.out(seen), bars)
        if self.doubt is None or self.usual is None:
            return chances
        doubt = self.doubt(seen)[..., None]
        before = nn.functional.pad(bars, (1, 0), value=FOLK_TOKENS)[..., :-1]
        usual = self.usual[torch.arange(BAR_TICKS), before].log_softmax(-1) + nn.functional.logsigmoid(doubt)
        return torch.logaddexp(chances + nn.functional.logsigmoid(-doubt), usual)

    def _at_once(self, bars: torch.Tensor, first: int, stop: int) -> torch.Tensor:
        steps = self.opening.expand(len(bars), stop - first, -1)
        return self.walk(steps, self._contexts(bars, first, stop))[0]
