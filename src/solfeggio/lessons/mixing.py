"""How separators learn from stems alone: mixtures made anew each time, of one song or of players who never met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import numpy as np
import torch

from solfeggio.data.stems import GROUPS, RATE, Kept
from solfeggio.losses.spectra import Powers, multi_resolution, powers

USUAL_DB = -32.0  # root mean square of a stem in a mix
PRESENT = {  # how often a group plays in a random mix
    "vocals": 0.75, "drums": 0.85, "bass": 0.85, "piano": 0.4, "guitar": 0.6, "strings": 0.25, "winds": 0.3,
    "rest": 0.35,
}  # fmt: skip


@dataclass(frozen=True)
class Mixer:
    """Settings of the desk. coherent: share of mixes whose stems are of one song at one time.

    level_db: standard deviation of a stem's level, in random mixes; half of that in coherent ones. drop: how often a
    stem of a coherent mix is left out. equalise, narrow, pan: how often a stem's tone, width or balance is changed.
    repitch: a player of a random mix, or all of a coherent one, is played up to so many semitones higher and faster or
    lower and slower, half of the time: other pitches, other formants, as of other instruments and singers.
    """

    coherent: float = 0.4
    level_db: float = 5.0
    drop: float = 0.1
    equalise: float = 0.5
    narrow: float = 0.15
    pan: float = 0.3
    repitch: float = 4.0
    present: Mapping[str, float] = field(default_factory=lambda: dict(PRESENT))

    def stems(self, kept: Sequence[Kept], seconds: float, rng: np.random.Generator) -> np.ndarray:
        """Make the stems of one mix, (group, 2, time) float32 in the order of GROUPS; their sum peaks below 1."""
        count = round(seconds * RATE)
        out = np.zeros((len(GROUPS), 2, count), np.float32)
        coherent = bool(rng.random() < self.coherent)
        together = self._speed(rng)
        for group, (song, first) in self._players(kept, count, coherent, rng).items():
            speed = together if coherent else self._speed(rng)
            gain_db = rng.normal(0, 0.5 * self.level_db if coherent else self.level_db)
            if not coherent:
                gain_db += USUAL_DB - song.levels_db[song.groups.index(group)]
            sound = faster(song.read(group, first, ceil(speed * count)), speed, count)
            out[GROUPS.index(group)] = self._changed(sound, 10 ** (gain_db / 20), rng)
        peak = float(np.abs(out.sum(0)).max()) or 1.0
        return out * np.float32(10 ** (rng.uniform(-18, 0) / 20) / peak)

    def _speed(self, rng: np.random.Generator) -> float:
        """Draw how many times faster than it was recorded something is played."""
        return float(2 ** (rng.uniform(-self.repitch, self.repitch) / 12)) if rng.random() < 0.5 else 1.0

    def _players(
        self, kept: Sequence[Kept], count: int, coherent: bool, rng: np.random.Generator
    ) -> dict[str, tuple[Kept, int]]:
        """Choose who plays: group to (song, first sample)."""
        if coherent:
            song = kept[int(rng.integers(len(kept)))]
            first = int(rng.integers(max(1, song.length - count)))
            playing = [group for group in song.groups if rng.random() >= self.drop] or list(song.groups)
            return dict.fromkeys(playing, (song, first))
        chosen: dict[str, tuple[Kept, int]] = {}
        while not chosen:
            for group in GROUPS:
                able = [song for song in kept if group in song.groups] if rng.random() < self.present[group] else []
                if able:
                    song = able[int(rng.integers(len(able)))]
                    chosen[group] = (song, int(rng.integers(max(1, song.length - count))))
        return chosen

    def _changed(self, sound: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
        """Give a stem another level, tone, side and polarity."""
        if rng.random() < self.equalise:
            sound = shelf(sound, int(2 ** rng.uniform(2.5, 8)), float(rng.uniform(-0.7, 1.5)))
        desk = np.eye(2) * level * rng.choice([-1, 1])
        if rng.random() < 0.5:
            desk = desk[::-1]
        if rng.random() < self.narrow:
            width = rng.random()
            desk = np.array([[1 + width, 1 - width], [1 - width, 1 + width]]) / 2 @ desk
        if rng.random() < self.pan:
            left = rng.uniform(0.5, 1.4)
            desk = np.diag([left, np.sqrt(2 - left**2)]) @ desk
        return desk.astype(np.float32) @ sound


def faster(sound: np.ndarray, speed: float, count: int) -> np.ndarray:
    """Play (channel, time) ``speed`` times faster, pitch and all, for ``count`` samples, straight between samples.

    >>> faster(np.arange(6, dtype=np.float32)[None], 2.0, 3)
    array([[0., 2., 4.]], dtype=float32)
    """
    if speed == 1.0:
        return sound[:, :count]
    place = np.arange(count) * speed
    below = np.minimum(place.astype(np.int64), sound.shape[1] - 1)
    share = (place - below).astype(np.float32)
    above = np.minimum(below + 1, sound.shape[1] - 1)
    return sound[:, below] * (1 - share) + sound[:, above] * share


def shelf(sound: np.ndarray, length: int, amount: float) -> np.ndarray:
    """Raise (amount > 0) or lower what lies below some 0.44 / ``length`` of the rate.

    >>> shelf(np.ones((1, 6), np.float32), 2, 1.0)[0, 2:5]
    array([2., 2., 2.], dtype=float32)
    """
    total = np.cumsum(sound, -1, dtype=np.float64)
    slow = total.copy()
    slow[:, length:] -= total[:, :-length]
    early = length // 2
    slow = np.concatenate([slow[:, early:], np.repeat(slow[:, -1:], early, 1)], 1)
    return sound + np.float32(amount / length) * slow.astype(np.float32)


class Mixes(torch.utils.data.IterableDataset):
    """Endless mixes, each as its stems (group, 2, time)."""

    def __init__(self, kept: Sequence[Kept], mixer: Mixer, seconds: float, seed: int):
        self.kept, self.mixer, self.seconds, self.seed = kept, mixer, seconds, seed

    def __iter__(self) -> Iterator[torch.Tensor]:
        rng = np.random.default_rng(self.seed)
        while True:
            yield torch.from_numpy(self.mixer.stems(self.kept, self.seconds, rng))


@dataclass(frozen=True)
class Mixing:
    """Learn to undo the sum of stems (batch, group, 2, time).

    every: of so many frames one is compared, as neighbours overlap; the network hears all. multi_resolution: weight of
    that loss on resynthesised sound, 0: it is not made.
    """

    every: int = 3
    multi_resolution: float = 0.0

    def __call__(self, system: Any, stems: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the loss of one batch and its named parts."""
        first = int(torch.randint(self.every, ())) if system.training else 0
        with torch.no_grad(), torch.autocast(stems.device.type, enabled=False):
            mixture = stems.sum(1)
            features = system.prepare(mixture)
            given = self.powers(system, stems, features, first)
        shares = system.shares(features)
        loss, parts = system.loss({"masks": shares[..., first :: self.every]}, {"powers": given})
        if self.multi_resolution:
            found = system.resynthesise(system.spread(shares) * features.unsqueeze(1), stems.shape[-1])
            parts = parts | {"resolutions": multi_resolution(found, stems)}
            loss = loss + self.multi_resolution * parts["resolutions"]
        return loss, parts

    def powers(self, system: Any, stems: torch.Tensor, features: torch.Tensor, first: int) -> Powers:
        """Powers of the stems in the system's bands, of the frames that are compared; silent stems cost nothing."""
        chosen = features[..., first :: self.every].transpose(-1, -2)
        shape = (*stems.shape[:3], chosen.shape[-2], system.config.bands)
        cross, own = stems.new_zeros(shape), stems.new_zeros(shape)
        for item, group in (stems.abs().amax((-2, -1)) > 0).nonzero().tolist():  # one by one stays in the cache
            spectra = frames_of(stems[item, group], system.frontend, first, self.every)
            found = powers(spectra[None, None], chosen[item][None])
            cross[item, group], own[item, group] = system.banded(torch.stack([found.cross[0, 0], found.own[0, 0]]))
        mixture = system.banded(chosen.real.square() + chosen.imag.square())
        return Powers(*(x.transpose(-1, -2) for x in (mixture, cross, own)))


def frames_of(samples: torch.Tensor, stft: Any, first: int, every: int) -> torch.Tensor:
    """Spectra (..., frame, bin) of every so manieth frame of a ``ComplexStft`` alone, from frame ``first`` on."""
    frames = -(-samples.shape[-1] // stft.hop)
    half = stft.window // 2
    padded = torch.nn.functional.pad(samples, (half, frames * stft.hop - samples.shape[-1] + half))
    pieces = padded.unfold(-1, stft.window, stft.hop)[..., :frames, :][..., first::every, :]
    return torch.fft.rfft(pieces * stft.hann) / half


def checked(kept: Sequence[Kept], seconds: float, batch: int) -> torch.utils.data.DataLoader:
    """Batches of coherent mixes as they are, to validate on: the beginning of each excerpt."""
    mixes = [
        torch.from_numpy(np.stack([song.read(group, 0, round(seconds * RATE)) for group in GROUPS])) for song in kept
    ]
    return torch.utils.data.DataLoader(mixes, batch)  # type: ignore[arg-type]
