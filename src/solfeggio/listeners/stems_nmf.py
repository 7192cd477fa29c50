"""Stems by nonnegative factorisation: a dictionary of spectra for each stem, or what a score says about it.

Without a score it knows stems by their templates alone: struck, noisy spectra are drums, low ones bass, and the rest is
whatever fits. With true or heard drum hits and notes (``drums``, ``notes``) their templates may sound only where the
score allows, and learn what they are from the recording. After Ewert and Mueller (ICASSP 2012), Wu and Lerch (ISMIR
2015) and, for drums that last, Dittmar and Mueller (TASLP 2016). Learns its dictionary without gradients.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from solfeggio.answers import Events, Notes, Stems
from solfeggio.contracts import Separator, Spec
from solfeggio.decode.masks import activation_mask, harmonic_mask, soft_masks
from solfeggio.decode.nmf import nmf
from solfeggio.decode.nmfd import nmfd, reconstruct
from solfeggio.errors import ConfigError
from solfeggio.frontends.stft import ComplexStft

DRUMS = "drums"  # the stem that hits speak of


@dataclass(frozen=True)
class Config:
    """Every setting of the system; the defaults are the released one."""

    stems: tuple[str, ...] = ("vocals", "drums", "bass", "other")
    ranks: tuple[int, ...] = (24, 24, 12, 24)  # templates of each stem in the dictionary
    rate: int = 44100  # Hz
    window: int = 4096  # samples of the Hann window
    hop: int = 1024  # samples
    channels: int = 2  # templates and activations are shared by the channels
    extra: int = 8  # templates that are free; what they explain belongs to no stem, or to one called "other"
    cost: str = "kl"  # kl, euclidean or is
    iterations: int = 60  # updates
    alpha: float = 1.5  # exponent of the masks: 1 shares by magnitude, 2 by power
    before: float = 0.05  # seconds before an onset in which its templates may sound
    after: float = 0.25  # seconds after a hit, or after the end of a note
    per_drum: int = 2  # templates of each kind of drum that hits name
    length: int = 1  # frames that a drum's template lasts; more than 1 makes the factorisation convolutive
    partials: int = 24  # of a note's template
    tolerance: float = 0.6  # semitones around each


RELEASED = Config()
CONVOLUTIVE = Config(length=8, after=0.05)
TINY = Config(
    stems=("drums", "bass", "other"), ranks=(3, 2, 2), rate=8000, window=256, hop=64, extra=2, iterations=8, partials=6
)  # fmt: skip
CONFIGS = {"released": RELEASED, "convolutive": CONVOLUTIVE, "tiny": TINY}


class StemsNmf(Separator):
    """Audio to ``Stems``. Options of decode: ``drums`` (Events, labels name the drums), ``notes`` (Notes, labels name
    the stems).

    A stem that neither speaks of is explained by its dictionary, which is made of noise until ``learn`` was called.

    >>> system = StemsNmf(TINY)
    >>> system(system.prepare(torch.rand(1, 2, 8000)))["masks"].shape
    torch.Size([1, 3, 2, 129, 125])
    """

    dictionary: torch.Tensor

    def __init__(self, config: Config = RELEASED):
        super().__init__()
        self.config = c = config
        if len(c.ranks) != len(c.stems):
            raise ConfigError(f"{len(c.ranks)} ranks for {len(c.stems)} stems", "give one for each")
        self.frontend = ComplexStft(c.rate, c.window, c.hop)
        bins = len(self.frontend.bins_hz)
        noise = np.random.default_rng(0).uniform(0.5, 1.5, (bins, sum(c.ranks))).astype(np.float32)
        self.register_buffer("dictionary", torch.from_numpy(noise / noise.sum(0)))
        self.spec = Spec(
            rate=c.rate, grid=self.frontend.grid, labels=c.stems, answer=Stems, given=("drums", "notes"),
            channels=c.channels,
        )  # fmt: skip

    def learn(self, stem: str, sounds: Iterable[np.ndarray], iterations: int = 100, seed: int = 0) -> None:
        """Learn a stem's part of the dictionary from (channel, time) samples of it alone, at ``spec.rate``.

        Loud excerpts do not count more than soft ones. Raises ConfigError for a stem that the system does not name or
        without any sound.
        """
        if stem not in self.spec.labels:
            raise ConfigError(f"stem '{stem}'", f"stems are {', '.join(self.spec.labels)}")
        spectra = [
            self._magnitudes(self.prepare(torch.tensor(np.atleast_2d(sound), dtype=torch.float32)[None]))
            for sound in sounds
        ]
        spectra = [v / v.mean() for v in spectra if v.any()]
        if not spectra:
            raise ConfigError(f"stem '{stem}'", "there is no sound to learn it from", "give excerpts in which it plays")
        v = np.concatenate(spectra, 1)
        v = v[:, v.sum(0) > 1e-3 * v.sum(0).max()]
        where = self.spec.labels.index(stem)
        first, count = sum(self.config.ranks[:where]), self.config.ranks[where]
        found = nmf(v, count, cost=self.config.cost, iterations=iterations, seed=seed).templates
        self.dictionary[:, first : first + count] = torch.from_numpy(found / np.maximum(found.sum(0), 1e-12))

    def _magnitudes(self, features: torch.Tensor) -> np.ndarray:
        """(bin, frame) root mean square over the channels of one recording's spectra."""
        return features[0].abs().square().mean(0).sqrt().cpu().numpy()

    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return "masks" (batch, stem, channel, bin, frame) without any score."""
        found = [self._masks(item[None]) for item in features]
        return {"masks": torch.stack(found).unsqueeze(2).expand(-1, -1, features.shape[1], -1, -1)}

    def loss(
        self, logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Mean squared error of magnitudes, by stem: for comparison, since nothing learns by its gradient."""
        found = logits["masks"] * targets["mixture"].abs().unsqueeze(1)
        each = (found - targets["spectra"].abs()).square()
        parts = {label: each[:, i].mean() for i, label in enumerate(self.spec.labels)}
        return torch.stack(list(parts.values())).sum(), parts

    def spectra(self, logits: dict[str, torch.Tensor], features: torch.Tensor, **options: Any) -> torch.Tensor:
        """Apply the masks; those of ``drums`` and ``notes`` instead where any are given, with times from frame 0 on."""
        drums, notes = options.pop("drums", None), options.pop("notes", None)
        if drums is not None or notes is not None:
            found = torch.stack([self._masks(item[None], drums, notes) for item in features]).unsqueeze(2)
            logits = logits | {"masks": found}
        return super().spectra(logits, features, **options)

    def _masks(self, features: torch.Tensor, drums: Events | None = None, notes: Notes | None = None) -> torch.Tensor:
        """Factorise one recording (1, channel, bin, frame) and share it out: (stem, bin, frame)."""
        c, v = self.config, self._magnitudes(features)
        fixed, free, allowed, owners, lasts = self._parts(v, drums, notes)
        templates = np.concatenate([fixed, free], 1).astype(v.dtype)
        rng = np.random.default_rng(0)
        activations = rng.uniform(0.5, 1.5, allowed.shape) * allowed * (v.sum(0) / max(len(allowed), 1))
        settings: dict[str, Any] = {"cost": c.cost, "iterations": c.iterations, "fixed": fixed.shape[1]}
        start = activations.astype(v.dtype)
        if lasts.any() and c.length > 1:  # a drum's template fills all its frames, the others only the first
            long = templates[:, :, None] * np.where(np.arange(c.length) == 0, 1, lasts[:, None]).astype(v.dtype)
            found = nmfd(v, templates=long, activations=start, **settings)
        else:
            found = nmf(v, templates=templates, activations=start, **settings)
        models = np.zeros((len(c.stems) + 1, *v.shape), v.dtype)
        for stem in sorted(set(owners)):
            own = np.array(owners) == stem
            w, h = found.templates[:, own], found.activations[own]
            models[stem] = reconstruct(w, h) if w.ndim == 3 else w @ h
        masks = soft_masks(models, c.alpha)[:-1] * (models.sum(0) > 0)
        return torch.from_numpy(np.ascontiguousarray(masks)).to(features.device)

    def _parts(
        self, v: np.ndarray, drums: Events | None, notes: Notes | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[int], np.ndarray]:
        """Say what the magnitudes (bin, frame) of a mixture may be made of.

        Returns fixed templates (bin, n), free ones (bin, m) to start from, where each may sound (n + m, frame), whose
        stem each is (one more than there are: nobody's), and which ones are drums that hits speak of.
        """
        c, grid, frames = self.config, self.spec.grid, v.shape[1]
        bins_hz = self.frontend.bins_hz.numpy()
        rng = np.random.default_rng(1)
        known, known_owners = [np.zeros((len(bins_hz), 0))], []
        free, masks, owners, lasts = [np.zeros((len(bins_hz), 0))], [np.zeros((0, frames))], [], []

        def add(templates: np.ndarray, mask: np.ndarray, stem: int, drum: bool = False) -> None:
            free.append(templates)
            masks.append(mask)
            owners.extend([stem] * len(mask))
            lasts.extend([drum] * len(mask))

        for stem, (label, rank) in enumerate(zip(c.stems, c.ranks, strict=True)):
            own = notes.take(np.array([name == label for name in notes.labels], bool)) if notes is not None else None
            if label == DRUMS and drums is not None:
                kinds = sorted(set(drums.labels)) or ["hit"]
                rows = np.array([kinds.index(name) for name in drums.labels] or [0] * len(drums), int)
                shape = (len(kinds), frames)
                mask = activation_mask(drums.times, drums.times, rows.tolist(), shape, grid, c.before, c.after)
                places = grid.frames(drums.times)
                struck = np.stack([_struck(v, places[rows == kind]) for kind in range(len(kinds))], 1)
                struck = np.repeat(struck, c.per_drum, 1)
                add(struck * rng.uniform(0.5, 1.5, struck.shape), np.repeat(mask, c.per_drum, 0), stem, True)
            elif own is not None and len(own):
                pitches, rows = np.unique(np.round(own.pitches), return_inverse=True)
                shape = (len(pitches), frames)
                mask = activation_mask(own.starts, own.ends, rows.tolist(), shape, grid, c.before, c.after)
                add(_spread(harmonic_mask(pitches, bins_hz, c.partials, c.tolerance, decay=1.0)), mask, stem)
            elif own is None or label == DRUMS:
                first = sum(c.ranks[:stem])
                known.append(self.dictionary[:, first : first + rank].cpu().numpy())
                known_owners += [stem] * rank
        rest = c.stems.index("other") if "other" in c.stems else len(c.stems)
        add(rng.uniform(0.5, 1.5, (len(bins_hz), c.extra)), np.ones((c.extra, frames)), rest)
        fixed = np.concatenate(known, 1)
        start = np.concatenate(free, 1)
        start = start / np.maximum(start.sum(0), 1e-12)
        allowed = np.concatenate([np.ones((fixed.shape[1], frames)), *masks])
        return fixed, start, allowed, [*known_owners, *owners], np.array([False] * fixed.shape[1] + lasts)


def _struck(v: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Mean rise (bin,) of magnitudes at some frames, on a floor from which every bin can grow."""
    frames = frames[(frames >= 0) & (frames < v.shape[1])]
    after, before = (v[:, np.clip(frames + by, 0, max(v.shape[1] - 1, 0))] for by in (1, -2))
    rise = np.maximum(after - before, 0).sum(1)
    return rise / max(rise.sum(), 1e-12) + 0.01 / len(v)


def _spread(templates: np.ndarray) -> np.ndarray:
    """Add to each bin half of its neighbours, (bin, rank): what a Hann window makes of a partial."""
    wide = np.pad(templates, ((1, 1), (0, 0)))
    return templates + 0.5 * (wide[:-2] + wide[2:])


StemsNmf.Config = Config
