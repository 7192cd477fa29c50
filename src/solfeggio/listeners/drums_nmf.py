"""Drums by partially fixed NMF: known templates of kick, snare and hi-hat, free ones for all the rest.

Wu and Lerch, "Drum transcription using partially fixed non-negative matrix factorization with template adaptation",
ISMIR 2015; the teacher of their students, ISMIR 2017. Nothing is learned by gradients: the templates are spectra of
drum kits, and of the music beside them it knows nothing. Its activations are soft frames that others can learn from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from solfeggio.answers import Events
from solfeggio.contracts import Listener, Spec
from solfeggio.decode.nmf import ADAPT, partially_fixed
from solfeggio.decode.peaks import pick_peaks
from solfeggio.errors import ConfigError, unknown
from solfeggio.frontends.stft import Stft
from solfeggio.grid import Grid
from solfeggio.metrics.events import DRUMS, evaluate_events

RANGES_HZ = {"KD": (70.0, 0.7), "SD": (900.0, 2.0), "HH": (8000.0, 0.6)}  # untrained: middle, and width in octaves
SHARES = (0.03, 0.05, 0.08, 0.12, 0.18, 0.25, 0.35, 0.5)  # tried by ``settle``
LATES = (0.0, 0.01, 0.02, 0.03)  # seconds, likewise


@dataclass(frozen=True)
class Config:
    """Every setting of the system; the defaults are the released one."""

    rate: int = 22050  # Hz
    window: int = 1024  # samples of the FFT
    hop: int = 256  # samples: 86 frames a second
    each: int = 1  # templates of each drum
    extra: int = 50  # free templates for everything that is no drum
    adapt: str = "none"  # how drum templates follow the recording: none, am1 or am2
    iterations: int = 30  # of each round
    rounds: int = 3  # of adaptation, at most
    stretch: float = 30.0  # seconds factorised at once
    median: float = 0.1  # seconds to each side of which the median is taken off
    share: tuple[float, ...] = (0.15, 0.15, 0.15)  # of each drum's highest activation that a hit must reach
    quietest: float = 0.02  # of the level that hits had in training: less is no hit in any recording
    gap: float = 0.05  # seconds between two hits of a drum, at least
    seed: int = 0  # of what free templates start from
    late: float = 0.0  # seconds that an activation peaks after the hit


RELEASED = Config()
PFNMF = Config(rate=44100, window=2048, hop=512, adapt="am1", iterations=50, rounds=5)
TINY = Config(extra=4, iterations=10, stretch=3.0)
CONFIGS = {"released": RELEASED, "pfnmf": PFNMF, "tiny": TINY}


class DrumsNMF(Listener):
    """Audio to ``Events`` labelled KD, SD and HH; values are heights of the activations, 1 the highest of a drum.

    Weights: ``templates`` (bin, drum * each), drum by drum, each of sum 1; ``level`` (drum,), the activation that
    counts as 1. Untrained, templates are where such drums sound in general. Options of decode: median, share,
    quietest, gap, late.

    >>> system = DrumsNMF(TINY).eval()
    >>> system(system.prepare(torch.zeros(1, 22050)))["hits"].shape
    torch.Size([1, 87, 3])
    """

    templates: torch.Tensor

    def __init__(self, config: Config = RELEASED):
        super().__init__()
        self.config = config
        c = config
        if c.adapt not in ADAPT:
            raise unknown("adaptation", c.adapt, ADAPT)
        if len(c.share) != len(DRUMS):
            raise ConfigError(f"{len(c.share)} shares", f"expected one for each of {', '.join(DRUMS)}")
        self.frontend = Stft(c.rate, c.window, c.hop)
        self.register_buffer("templates", torch.from_numpy(drawn(self.frontend.bins_hz.numpy(), c.each)))
        self.level = torch.nn.Parameter(torch.ones(len(DRUMS)))
        self.spec = Spec(c.rate, self.frontend.grid, DRUMS, Events)

    def learn(self, drum: str, kits: Sequence[Sequence[np.ndarray]]) -> None:
        """Take the spectra of a drum's strokes for its templates.

        kits: for each kit samples (time,) at ``spec.rate`` of the drum alone, for each way that it sounds. With one
        template a drum it is the mean over kits; with several, kits take turns.
        """
        spectra = []
        for sounds in kits:
            with torch.no_grad():
                own = [self.prepare(torch.from_numpy(np.asarray(x, np.float32))[None])[0, 0].sum(1) for x in sounds]
            spectra.append(torch.stack([x / x.sum().clamp_min(1e-12) for x in own]).mean(0))
        if not spectra:
            raise ConfigError(f"templates of {drum}", "no kit has this drum", "give kits that do")
        each = self.config.each
        groups = [spectra[i::each] or [spectra[i % len(spectra)]] for i in range(each)]
        first = each * DRUMS.index(drum)
        self.templates[:, first : first + each] = torch.stack([torch.stack(group).mean(0) for group in groups], 1)

    def settle(self, heard: Sequence[tuple[dict[str, np.ndarray], Events]]) -> dict[str, Any]:
        """Choose the options of decode, and set ``level``, on recordings whose hits are known: (logits, truth) of each.

        Sets ``level`` to the highest activations, so that they count as 1; the logits given are those before. Returns
        the settings that the Config should have: share and late.
        """
        highest = np.max([logits["hits"].max(0, initial=0.0) for logits, _ in heard], axis=0)
        highest = np.where(highest > 0, highest, 1.0)
        scaled = [({"hits": logits["hits"] / highest}, truth) for logits, truth in heard]
        with torch.no_grad():
            self.level.mul_(torch.from_numpy(highest).to(self.level))

        def score(share: tuple[float, ...], late: float, window: float) -> dict[str, float]:
            found = [(truth, self.decode(logits, share=share, late=late)) for logits, truth in scaled]
            each = [[evaluate_events(a.named(x), b.named(x), window)["F"] for a, b in found] for x in DRUMS]
            return {drum: float(np.mean(values)) for drum, values in zip(DRUMS, each, strict=True)}

        even = {share: score((share,) * len(DRUMS), LATES[1], 0.05) for share in SHARES}
        best = tuple(max(SHARES, key=lambda share, drum=drum: even[share][drum]) for drum in DRUMS)  # type: ignore[misc]
        late = max(LATES, key=lambda late: sum(score(best, late, 0.02).values()))
        return {"share": best, "late": late}

    def prepare(self, samples: torch.Tensor) -> torch.Tensor:
        """Turn (batch, time) samples into magnitudes (batch, 1, bin, frame)."""
        return self.frontend(samples)

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return {"hits": (batch, frame, drum)} activations over ``level``: never negative, and above 1 where loud.

        Stretches of ``stretch`` seconds are factorised one by one. Only ``level`` gets gradients.
        """
        with torch.no_grad():
            found = torch.stack([self.activations(magnitudes) for magnitudes in features[:, 0].float()])
        return {"hits": found / self.level}

    def activations(self, magnitudes: torch.Tensor) -> torch.Tensor:
        """Return the activations (frame, drum) of one recording's magnitudes (bin, frame)."""
        c = self.config
        frames = magnitudes.shape[-1]
        count = max(1, -(-frames // self.spec.grid.span(c.stretch)))
        parts = []
        for part in magnitudes.tensor_split(count, -1):
            _, h = partially_fixed(
                part,
                self.templates,
                c.extra,
                iterations=c.iterations,
                adapt=c.adapt,
                rounds=c.rounds,
                seed=c.seed,
            )
            parts.append(h[: self.templates.shape[1]].T.unflatten(1, (len(DRUMS), c.each)).sum(2))
        return torch.cat(parts)

    def targets(self, answer: Events, frames: int) -> dict[str, torch.Tensor]:
        """Write the hits as 1 at their frames."""
        out = torch.zeros(frames, len(DRUMS))
        places = self.spec.grid.frames(answer.times + self.config.late)
        for place, label in zip(places, answer.labels, strict=True):
            if label in DRUMS and 0 <= place < frames:
                out[place, DRUMS.index(label)] = 1.0
        return {"hits": out}

    def loss(
        self, logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Mean squared error of the activations."""
        error = torch.nn.functional.mse_loss(logits["hits"], targets["hits"])
        return error, {"hits": error}

    def decode(self, logits: dict[str, Any], **options: Any) -> Events:
        """Pick the peaks of each drum that stand out from the median around; options override the Config."""
        names = ("median", "share", "quietest", "gap", "late")
        for name in options:
            if name not in names:
                raise unknown("option", name, names)
        settings: dict[str, Any] = {name: getattr(self.config, name) for name in names} | options
        share, late = settings.pop("share"), settings.pop("late")
        hits = []
        for column, drum in enumerate(DRUMS):
            times, heights = stand_out(logits["hits"][:, column], self.spec.grid, share[column], **settings)
            hits += [(max(0.0, float(t - late)), drum, float(h)) for t, h in zip(times, heights, strict=True)]
        hits.sort()
        return Events(*(list(x) for x in zip(*hits, strict=True))) if hits else Events.none()


DrumsNMF.Config = Config


def stand_out(
    activation: np.ndarray, grid: Grid, share: float, median: float, quietest: float, gap: float
) -> tuple[np.ndarray, np.ndarray]:
    """Find the peaks of an activation (frame,) that rise above the median around by ``share`` of its maximum.

    median: seconds to each side. quietest: the least they must rise. gap: seconds between two. Returns their times in
    seconds and their heights, 1 the maximum.
    """
    from scipy.ndimage import median_filter

    activation = np.asarray(activation, np.float64)
    if not len(activation):
        return np.zeros(0), np.zeros(0)
    rise = activation - median_filter(activation, 2 * grid.span(median) + 1, mode="nearest")
    highest = activation.max()
    times = pick_peaks(rise, grid, threshold=max(share * highest, quietest), width=gap / 2, gap=gap)
    return times, activation[grid.frames(times)] / max(highest, 1e-12)


def drawn(bins_hz: np.ndarray, each: int) -> np.ndarray:
    """Draw where drums sound in general: (bin, drum * each) float32, hills over the logarithm of frequency."""
    octaves = np.log2(np.maximum(bins_hz, bins_hz[1] / 2))
    hills = [np.exp(-0.5 * ((octaves - np.log2(hz)) / width) ** 2) for hz, width in RANGES_HZ.values()]
    return np.repeat(np.stack([hill / hill.sum() for hill in hills], 1), each, 1).astype(np.float32)
