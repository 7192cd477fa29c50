"""A transformer over the beats of a window of bars that writes a gap beat by beat, and may copy beats of other bars.

Each beat of the gap is a mixture: the same beat of another bar, as it stands, or a new one, written tick by tick. Which
bars are worth copying is attended to, helped by how well they agree with the bars around so far. What is mixed is the
whole beat; as the product over its ticks, the probability of every next token is exact.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from solfeggio.tokens import FOLK_TOKENS, HOLD, LOWEST, REST
from solfeggio.tokens import TICKS as IN_QUARTER

TICKS, BEATS = len(IN_QUARTER), 4  # of a beat, of a bar
FIRST, TOKENS = HOLD + 1, FOLK_TOKENS  # the lowest pitch; how many tokens there are
PITCHES = TOKENS - FIRST
FARTHEST = 15  # bars between a bar and the one it copies
AROUND = 16  # beats to either side by whose agreement a source is judged
SCALE = (0, 2, 4, 5, 7, 9, 11)

Choose = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # log-probabilities (batch, token), bars so far -> tokens


def sounding(flat: torch.Tensor) -> torch.Tensor:
    """Last pitch before each tick: (batch, tick) tokens in, (batch, tick) numbers 1..30 out, 0 before the first."""
    pitch = torch.where(flat >= FIRST, flat - FIRST + 1, 0)
    place = torch.where(pitch > 0, torch.arange(flat.shape[1], device=flat.device), -1)
    last = torch.cat([torch.full_like(place[:, :1], -1), place.cummax(1).values[:, :-1]], 1)
    return torch.where(last >= 0, pitch.gather(1, last.clamp(min=0)), 0)


def heard_keys(bars: torch.Tensor, first: int, stop: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Hear the key of the bars around a gap: shares of time of 12 pitch classes, and which are in the best scale.

    bars: (batch, bar, 24). Returns (batch, 12) twice; the scale is the major scale (in any of its modes) that holds
    most of the time.
    """
    context = torch.cat([bars[:, :first], bars[:, stop:]], 1).flatten(1)
    onset = context >= FIRST
    sound = torch.where(onset, context - FIRST + 1, torch.where(context == HOLD, sounding(context), 0))
    classes = torch.zeros(len(bars), 12, device=bars.device)
    classes.scatter_add_(1, (sound - 1 + LOWEST) % 12, (sound > 0).float())
    share = classes / classes.sum(1, keepdim=True).clamp(min=1)
    member = torch.zeros(12, 12, device=bars.device)
    for tonic in range(12):
        member[tonic, [(tonic + step) % 12 for step in SCALE]] = 1
    return share, member[(share @ member.T).argmax(1)]


class Layer(nn.Module):
    """Pre-norm attention with a bias for each distance in bars and beats, and feed-forward, each with a residual."""

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project, self.merge = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.far = nn.Parameter(torch.zeros(heads, 2 * FARTHEST + 1, 2 * BEATS - 1))
        self.feed = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor, closed: torch.Tensor) -> torch.Tensor:
        """Shape: (batch, beat, width) in and out; closed: (beat, beat), where a row must not look."""
        beat = torch.arange(x.shape[1], device=x.device)
        bars = (beat // BEATS)[None] - (beat // BEATS)[:, None] + FARTHEST
        bias = self.far[:, bars, (beat % BEATS)[None] - (beat % BEATS)[:, None] + BEATS - 1]
        q, k, v = self.project(self.before_attention(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        seen = nn.functional.scaled_dot_product_attention(q, k, v, bias.masked_fill(closed, -torch.inf).to(q.dtype))
        x = x + self.dropout(self.merge(seen.transpose(1, 2).flatten(2)))
        return x + self.dropout(self.feed(self.before_feed(x)))


class CopyingTransformer(nn.Module):
    """Write the bars ``first`` to ``stop`` of a window of at most 16, left to right, given all the others.

    width, depth, heads: of the transformer over beats. copies: whether beats may be copied. key: whether the decoder
    knows the key heard around the gap.
    """

    def __init__(self, width: int, depth: int, heads: int, dropout: float, copies: bool = True, key: bool = True):
        super().__init__()
        self.copies, self.key = copies, key
        small = 16
        self.token = nn.Embedding(TOKENS, small)
        self.patch = nn.Linear(TICKS * small, width)
        self.pitch = nn.Embedding(PITCHES + 1, width)
        self.place = nn.Embedding(2 * BEATS, width)
        self.layers = nn.ModuleList([Layer(width, heads, dropout) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.earlier = nn.Embedding(TICKS * (TICKS - 1) // 2 * TOKENS, width)  # each pair of ticks of a beat
        self.step = nn.Embedding(PITCHES + 1, width)
        self.tick = nn.Parameter(torch.zeros(TICKS, width))
        self.hidden = nn.Linear(width, width)
        self.deep = nn.Sequential(nn.GELU(), nn.Linear(width, width), nn.GELU())
        self.out, self.leap = nn.Linear(width, TOKENS), nn.Linear(width, 2 * PITCHES)
        nn.init.normal_(self.earlier.weight, std=0.02)
        if copies:
            self.ask, self.offer = nn.Linear(width, 32), nn.Linear(width, 32)
            self.anew = nn.Linear(width, 1)
            self.distance = nn.Parameter(torch.zeros(2 * FARTHEST + 1))
            self.agreement = nn.Parameter(torch.full((2 * AROUND + 1,), 0.1))
        if key:
            self.mode = nn.Parameter(torch.tensor([0.1, 0.1, 0.1]))

    def forward(self, bars: torch.Tensor, first: int, stop: int) -> torch.Tensor:
        """Log-probability of every next token of the gap, given what is before it in the gap and all around it.

        Shape: (batch, bar, 24) in, (batch, (stop - first) * 24, token) out.
        """
        return self._beats(bars, first, stop, first * BEATS, stop * BEATS).flatten(1, 2)

    def write(self, bars: torch.Tensor, first: int, stop: int, choose: Choose) -> torch.Tensor:
        """Fill the gap from left to right with tokens that ``choose`` picks."""
        bars = bars.clone()
        bars[:, first:stop] = REST
        flat = bars.view(len(bars), -1)
        for beat in range(first * BEATS, stop * BEATS):
            parts = self._parts(bars, first, stop, beat, beat + 1)
            for tick in range(TICKS):
                at = beat * TICKS + tick
                chances = self._mix(*parts, flat[:, beat * TICKS : (beat + 1) * TICKS][:, None], flat, beat)
                flat[:, at] = choose(chances[:, 0, tick], flat[:, :at])
        return bars

    def _beats(self, bars: torch.Tensor, first: int, stop: int, low: int, high: int) -> torch.Tensor:
        flat = bars.flatten(1)
        own = flat[:, low * TICKS : high * TICKS].unflatten(1, (-1, TICKS))
        return self._mix(*self._parts(bars, first, stop, low, high), own, flat, low)

    def _parts(
        self, bars: torch.Tensor, first: int, stop: int, low: int, high: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """States of the beats low to high, logits of what each may copy, the tokens there, and the pitches' bias."""
        flat = bars.flatten(1)
        beats = flat.unflatten(1, (-1, TICKS))
        place = torch.arange(beats.shape[1], device=bars.device)
        gap = (place >= first * BEATS) & (place < stop * BEATS)
        own = self.patch(self.token(beats).flatten(2))
        before = nn.functional.pad(own, (0, 0, 1, 0))[:, :-1]
        around = torch.where(gap.repeat_interleave(TICKS), REST, flat)  # what is after the gap must not tell its notes
        last = torch.where(gap, sounding(flat)[:, ::TICKS], sounding(around)[:, ::TICKS])
        x = torch.where(gap[:, None], before, own) + self.pitch(last)
        x = x + self.place(place % BEATS + BEATS * gap)
        closed = gap[None] & ~(gap[:, None] & (place[None] <= place[:, None]))
        for layer in self.layers:
            x = layer(x, closed)
        x = self.norm(x)
        state = x[:, low:high]
        bias = self._key_bias(bars, first, stop) if self.key else None
        if not self.copies:
            return state, torch.zeros(*state.shape[:2], 1, device=x.device), beats[:, :0, None], bias
        bar, count = place[low:high] // BEATS, bars.shape[1]
        source = torch.arange(count, device=bars.device)
        open_ = (source[None] < first) | (source[None] >= stop) | (source[None] < bar[:, None])
        same = source[None] * BEATS + (place[low:high] % BEATS)[:, None]  # (beat, bar): the same beat of each bar
        wanted = torch.einsum("bpw,bpsw->bps", self.ask(state), self.offer(x)[:, same]) / 32**0.5
        wanted = wanted + self.distance[source[None] - bar[:, None] + FARTHEST]
        wanted = wanted + self._agree(beats, first, stop, low, high)
        logits = torch.cat([wanted.masked_fill(~open_, -torch.inf), self.anew(state)], -1)
        return state, logits, beats[:, same], bias

    def _agree(self, beats: torch.Tensor, first: int, stop: int, low: int, high: int) -> torch.Tensor:
        """How well each bar agrees with the bar of a beat in the known beats around: (batch, beat, bar)."""
        count, device = beats.shape[1], beats.device
        place, bars = torch.arange(low, high, device=device), torch.arange(count // BEATS, device=device)
        near = place[:, None] + torch.arange(-AROUND, AROUND + 1, device=device)  # (beat, around)
        far = near[:, None] + ((bars[None] - place[:, None] // BEATS) * BEATS)[..., None]  # (beat, bar, around)

        def known(at: torch.Tensor, now: torch.Tensor) -> torch.Tensor:
            inside = (at >= 0) & (at < count)
            return inside & ((at < first * BEATS) | (at >= stop * BEATS) | (at < now))

        use = known(near, place[:, None])[:, None] & known(far, place[:, None, None])
        weight = torch.where(use, self.agreement, 0.0)
        mine, other = beats[:, near.clamp(0, count - 1)][:, :, None], beats[:, far.clamp(0, count - 1)]
        share = (mine == other).float().mean(-1) - 0.5
        return torch.einsum("bpsa,psa->bps", share, weight)

    def _key_bias(self, bars: torch.Tensor, first: int, stop: int) -> torch.Tensor:
        share, scale = heard_keys(bars, first, stop)
        known = self.mode[0] * 4 * scale + self.mode[1] * (share + 0.003).log() + self.mode[2] * 4 * (share > 0)
        pitches = (torch.arange(PITCHES, device=bars.device) + LOWEST) % 12
        return nn.functional.pad(known[:, pitches], (FIRST, 0))

    def _mix(
        self,
        state: torch.Tensor,
        logits: torch.Tensor,
        sources: torch.Tensor,
        bias: torch.Tensor | None,
        own: torch.Tensor,
        flat: torch.Tensor,
        low: int,
    ) -> torch.Tensor:
        """Log-probability of each tick's tokens after the ticks before it: (batch, beat, tick, token)."""
        ticks = torch.arange(TICKS, device=own.device)
        before = ticks[None] < ticks[:, None]  # (tick, earlier tick)
        pairs = (ticks[:, None] * (ticks[:, None] - 1) // 2 + ticks[None]) * before * TOKENS
        past = self.earlier(pairs + own[:, :, None]) * before[..., None]
        last = sounding(flat[:, : (low + own.shape[1]) * TICKS])[:, low * TICKS :].view_as(own)
        hidden = self.hidden(state)[:, :, None] + past.sum(3) + self.step(last) + self.tick
        hidden = hidden + self.deep(hidden)
        leaps = self.leap(hidden)  # by interval from the last pitch, so that what is learned holds at every height
        index = torch.arange(PITCHES, device=own.device) + 1 - last[..., None] + PITCHES - 1
        interval = leaps.gather(-1, index.clamp(0, 2 * PITCHES - 1)) * (last > 0)[..., None]
        fresh = self.out(hidden) + nn.functional.pad(interval, (FIRST, 0))
        if bias is not None:
            fresh = fresh + bias[:, None, None]
        fresh = fresh.log_softmax(-1)
        if not self.copies:
            return fresh
        match = sources == own[:, :, None]  # (batch, beat, bar, tick)
        alive = nn.functional.pad(match.long().cumprod(-1)[..., :-1], (1, 0), value=1).bool()
        said = fresh.gather(-1, own[..., None])[..., 0].cumsum(-1)
        said = nn.functional.pad(said[..., :-1], (1, 0))
        weights = logits.log_softmax(-1)
        copied = weights[..., :-1, None].expand_as(alive).masked_fill(~alive, -torch.inf)
        share = torch.cat([copied, (weights[..., -1:] + said)[:, :, None]], 2).softmax(2).transpose(2, 3)
        mixed = share[..., -1:] * fresh.exp()
        mixed = mixed.scatter_add(-1, sources.transpose(2, 3), share[..., :-1])
        return mixed.clamp(min=1e-9).log()
