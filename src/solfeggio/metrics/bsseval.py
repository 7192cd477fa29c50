"""BSSEval v4: what is wrong with separated stems, told apart into filtering, bleed and artefacts.

The numbers are museval's, by its conventions, computed in another way: correlations of all channels block by block, one
Cholesky factor for all estimates of the same song, and energies counted in the frequency domain.
"""

from __future__ import annotations

import numpy as np

from solfeggio.errors import AnswerError, ConfigError

NAMES = ("SDR", "ISR", "SIR", "SAR")
MOST_DB = 100.0  # every ratio is kept within this, so that a perfect estimate has a number
RIDGE = 1e-10  # of a channel's power: equal channels (a stem in the middle) make no system singular
BLOCK = 8192  # samples transformed at once for the correlations
TOGETHER = 64  # blocks added up at once


def ratio_db(signal: np.ndarray | float, noise: np.ndarray | float) -> np.ndarray:
    """Ratio of two powers in dB, within 100 dB either way; NaN where ``signal`` is zero, whatever the noise.

    >>> ratio_db(np.array([1.0, 1.0, 0.0]), np.array([0.1, 0.0, 1.0]))
    array([ 10., 100.,  nan])
    """
    signal, noise = np.asarray(signal, np.float64), np.asarray(noise, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = 10 * np.log10(signal / noise)
    return np.where(signal > 0, np.clip(ratio, -MOST_DB, MOST_DB), np.nan)


class BSSEval:
    """The judge of estimates of one song's stems, its reference analysed once.

    reference: (stem, channel, time). rate: Hz. window, hop: seconds of a frame and between frames. taps: length of the
    filters that an estimate may have gone through. Called with estimates (stem, channel, time) in the same order, it
    returns {"SDR", "ISR", "SIR", "SAR"}: (stem, frame) dB.

    An estimate is split into s_true + e_spat + e_interf + e_artif. P_j projects it on its own stem's channels delayed
    by 0 to taps - 1 samples, P on those of all stems, each least squares over the whole song; e_spat = P_j - s_true,
    e_interf = P - P_j, e_artif = estimate - P. With |x|^2 the energy of a frame over all channels, in dB:
    SDR = |s_true|^2 / |s_true - estimate|^2, ISR = |s_true|^2 / |e_spat|^2, SIR = |P_j|^2 / |e_interf|^2,
    SAR = |P|^2 / |e_artif|^2.

    Frames in which any stem or estimate is digitally silent are NaN for all, as in v4. Ratios stop at 100 dB where v4
    goes on to infinity. Raises AnswerError for arrays that do not fit, ConfigError for lengths that are not positive.

    Source: Vincent, Gribonval, Fevotte, "Performance measurement in blind audio source separation", 2006; Stoeter,
    Liutkus, Ito, "The 2018 signal separation evaluation campaign", LVA/ICA 2018 (v4: filters of the whole song).
    """

    def __init__(
        self, reference: np.ndarray, rate: int, *, window: float = 1.0, hop: float = 1.0, taps: int = 512
    ) -> None:
        reference = np.asarray(reference)
        if reference.ndim != 3 or not reference.size:
            raise AnswerError(f"stems of shape {reference.shape}", "expected (stem, channel, time) with sound in it")
        self.size, self.step, self.taps = round(window * rate), round(hop * rate), int(taps)
        if min(self.size, self.step, self.taps) < 1:
            raise ConfigError(f"frames of {window} s every {hop} s, {taps} taps", "all must be positive")
        self.reference = reference
        stems, channels, _ = reference.shape
        flat = reference.reshape(stems * channels, -1)
        between = _correlations(flat, flat, self.taps)
        power = between[self.taps - 1].diagonal().copy()
        self._scale = np.where(power > 0, 1 / np.sqrt(np.where(power > 0, power, 1)), 0)
        between *= self._scale[:, None] * self._scale
        self._all = _factor(between)
        own = [slice(j * channels, (j + 1) * channels) for j in range(stems)]
        self._own = [(at, _factor(between[:, at, at])) for at in own]

    def __call__(self, estimate: np.ndarray) -> dict[str, np.ndarray]:
        """Judge one estimate of all stems."""
        estimate = np.asarray(estimate)
        if estimate.shape != self.reference.shape:
            raise AnswerError(
                f"estimates of shape {estimate.shape}", f"the stems have {self.reference.shape}", "cut both alike"
            )
        stems, channels, length = estimate.shape
        count = max((length - self.size) // self.step + 1, 1)
        filters = self._filters(estimate.reshape(stems * channels, -1))
        width = _fast(min(self.size, length) + self.taps - 1)
        together, alone = (np.fft.rfft(f, width, axis=-1) for f in filters)
        powers = np.full((2 * len(NAMES), stems, count), np.nan)
        for i in range(count):
            at = slice(i * self.step, min(i * self.step + self.size, length))
            true, heard = (x[..., at].astype(np.float64) for x in (self.reference, estimate))
            if true.any((1, 2)).all() and heard.any((1, 2)).all():
                powers[..., i] = self._powers(true, heard, together, alone, width)
        return {name: ratio_db(*powers[2 * i : 2 * i + 2]) for i, name in enumerate(NAMES)}

    def _filters(self, estimate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Taps (estimate channel, reference channel, tap) from all stems' channels, and from its own stem's."""
        from scipy.linalg import cho_solve

        flat = self.reference.reshape(len(estimate), -1)
        lags = _correlations(flat, estimate, self.taps)[self.taps - 1 :]  # (tap, reference, estimate)
        lags *= self._scale[:, None]

        def solved(factor: np.ndarray, right: np.ndarray, scale: np.ndarray) -> np.ndarray:
            found = cho_solve((factor, True), right.transpose(1, 0, 2).reshape(-1, right.shape[2]), check_finite=False)
            return (found.reshape(len(scale), self.taps, -1) * scale[:, None, None]).transpose(2, 0, 1)

        together = solved(self._all, lags, self._scale)
        alone = np.concatenate([solved(f, lags[:, at, at], self._scale[at]) for at, f in self._own])
        return together, alone

    def _powers(
        self, true: np.ndarray, heard: np.ndarray, together: np.ndarray, alone: np.ndarray, width: int
    ) -> tuple[np.ndarray, ...]:
        """Energies (stem,) over and under each ratio's line, in the order of NAMES."""
        stems, channels, _ = true.shape
        own, estimate = np.fft.rfft(true, width), np.fft.rfft(heard, width)
        flat = own.reshape(stems * channels, -1)
        every = np.einsum("oif,if->of", together, flat).reshape(own.shape)
        by_itself = np.einsum("jocf,jcf->jof", alone.reshape(stems, channels, channels, -1), own)
        twice = np.full(width // 2 + 1, 2.0)
        twice[0] = 1
        if width % 2 == 0:
            twice[-1] = 1

        def energy(spectra: np.ndarray) -> np.ndarray:
            return ((spectra.real**2 + spectra.imag**2) @ twice).sum(1) / width

        signal = (true**2).sum((1, 2))
        return (
            signal, ((true - heard) ** 2).sum((1, 2)),
            signal, energy(by_itself - own),
            energy(by_itself), energy(every - by_itself) if stems > 1 else np.zeros(1),
            energy(every), energy(estimate - every),
        )  # fmt: skip


def bsseval(
    reference: np.ndarray, estimate: np.ndarray, rate: int, *, window: float = 1.0, hop: float = 1.0, taps: int = 512
) -> dict[str, np.ndarray]:
    """Judge estimates (stem, channel, time) once: {"SDR", "ISR", "SIR", "SAR"}: (stem, frame) dB; see ``BSSEval``.

    The number of a song is the median over frames (``np.nanmedian``), that of a test set the median over songs.

    >>> rng = np.random.default_rng(0)
    >>> stems = rng.normal(size=(2, 1, 8000))
    >>> found = bsseval(stems, stems + 0.1 * stems[::-1], 4000, taps=16)
    >>> found["SDR"].round().tolist(), bool((found["SAR"] > 60).all())
    ([[20.0, 20.0], [20.0, 20.0]], True)
    """
    return BSSEval(reference, rate, window=window, hop=hop, taps=taps)(estimate)


def _correlations(left: np.ndarray, right: np.ndarray, taps: int) -> np.ndarray:
    """Sum over t of left_i(t) right_j(t + lag), for lag from 1 - taps to taps - 1: (2 taps - 1, i, j)."""
    reach = taps - 1
    width = max(BLOCK, _fast(4 * taps))
    step = width - 2 * reach
    length = left.shape[1]
    total = np.zeros((width // 2 + 1, len(left), len(right)), np.complex128)
    for start in range(0, length, step * TOGETHER):
        blocks = min(TOGETHER, -(-(length - start) // step))
        spectra = []
        for sound, extra in ((left, 0), (right, reach)):
            rows = np.zeros((len(sound), blocks, width))
            for b in range(blocks):
                first = start + b * step
                low, high = max(first - extra, 0), min(first + step + extra, length)
                place = low - first + reach
                rows[:, b, place : place + high - low] = sound[:, low:high]
            spectra.append(np.fft.rfft(rows).transpose(2, 0, 1))
        total += spectra[0].conj() @ spectra[1].transpose(0, 2, 1)
    lags = np.fft.irfft(total, width, axis=0)
    return np.concatenate([lags[width - reach :], lags[:taps]])


def _factor(between: np.ndarray) -> np.ndarray:
    """Lower Cholesky factor of the delayed channels' inner products, from their correlations (lag, i, j)."""
    from scipy.linalg import cholesky

    taps, channels = (len(between) + 1) // 2, between.shape[1]
    delays = np.arange(taps)
    lag = delays[:, None] - delays + taps - 1
    matrix = np.empty((channels, taps, channels, taps))
    for i in range(channels):
        for j in range(i + 1):  # Cholesky reads the lower half only
            matrix[i, :, j] = between[:, i, j][lag]
    whole = matrix.reshape(channels * taps, -1)
    silent = np.repeat(between[taps - 1].diagonal() == 0, taps)
    whole[np.diag_indices(len(whole))] += np.where(silent, 1.0, RIDGE)
    return cholesky(whole, lower=True, overwrite_a=True, check_finite=False)


def _fast(size: int) -> int:
    from scipy.fft import next_fast_len

    return int(next_fast_len(size, True))
