"""Which separation metric sees what: known stems are harmed in known ways, and every metric says what it thinks.

``judged`` asks the metrics about one song; the tables set many songs side by side. Nothing here names a best metric.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
from scipy.stats import kendalltau, rankdata

from solfeggio.answers import Events, Stems
from solfeggio.metrics.events import evaluate_drums, evaluate_events
from solfeggio.metrics.stems import MEASURES, StemJudge, onsets, task_gain
from solfeggio.studies.harmed_stems import HARMS, SEPARATORS, Separator, harm
from solfeggio.studies.table import Cell, Estimate, Table, over_tracks

Judged = dict[str, dict[str, dict[str, float]]]  # of one song: estimate to stem to metric to number

SILENCES = (0.0, 0.5, 0.9, 1.0)  # of the excerpt, in which the first stem is silent
BLEED_DB = -30.0  # of the estimate that is judged there
ALONE = "as it is"
DIGITS = {"dB": 2, "": 4}  # to which two numbers of a unit are told apart


def judged(truth: Stems, separators: Mapping[str, Separator] = SEPARATORS, seed: int = 0) -> Judged:
    """Harm and separate one song in every way, and ask every metric about every stem.

    Estimates: "as it is", "gain 3" and so on for HARMS, the names of the separators.
    """
    rng = np.random.default_rng(seed)
    ask = StemJudge(truth).by_stem
    found = {ALONE: ask(truth)}
    for name, (_, amounts) in HARMS.items():
        for amount in amounts:
            found[f"{name} {amount:g}"] = ask(harm(truth, name, amount, rng))
    return found | {name: ask(separate(truth)) for name, separate in separators.items()}


def judged_in_silence(truth: Stems) -> Judged:
    """Silence more and more of the first stem's end, and ask about one constant bleed of the others into it.

    Estimates: "silent 0.5" and so on for SILENCES, and "silent 1, nothing heard" without any sound.
    """
    label, length = truth.labels[0], truth.samples.shape[2]
    found = {}
    for share in SILENCES:
        samples = truth.samples.copy()
        samples[0, :, length - round(share * length) :] = 0
        song = replace(truth, samples=samples)
        ask = StemJudge(song).by_stem
        bled = harm(song, "bleed", BLEED_DB + 40, np.random.default_rng(0))
        found[f"silent {share:g}"] = {label: ask(bled)[label]}
    return found | {"silent 1, nothing heard": {label: ask(song)[label]}}


def judged_by_hits(
    truth: Stems,
    hits: Events,
    separators: Mapping[str, Separator] = SEPARATORS,
    hear: Callable[[np.ndarray, int], Events] | None = None,
) -> Judged:
    """What the stem "drums" of each separator is worth to who looks for hits: P, R, F less those on the mix.

    hits: the true ones. hear: a drum transcriber, samples (channel, time) and rate to hits whose names count, too;
    without one the listener is ``metrics.stems.onsets``, which has no names. "as it is" stands for the true stem.
    """
    judge = evaluate_drums if hear else evaluate_events
    listen, true = (hear, hits) if hear else (onsets, Events(hits.times))
    mixed = listen(truth.mix(), truth.rate)
    estimates = {ALONE: truth} | {name: separate(truth) for name, separate in separators.items()}
    return {
        name: {"drums": task_gain(judge, true, mixed, listen(stems["drums"], truth.rate))}
        for name, stems in estimates.items()
    }


def in_short(songs: Iterable[Judged], silent: Iterable[Judged]) -> Table:
    """Say in words what each metric sees: harms whose strongest is put in the worse half, and those put nowhere."""
    songs, rows = list(songs), []
    put, perfect = placed(songs), places(songs)[ALONE]
    defined = {row[0]: row[-2] is not None for row in silence(silent).rows}
    for measure, *shares in put.rows:
        known = [(name, share) for name, share in zip(put.columns[1:], shares, strict=True) if isinstance(share, float)]
        seen = [name for name, share in known if share >= 0.5]
        blind = [name for name, share in known if share < (perfect[str(measure)] or 0) + 0.02]
        about = MEASURES[str(measure)].about
        rows.append((measure, about, ", ".join(seen), ", ".join(blind), defined[measure]))
    columns = ("metric", "what it measures", "minds most", "does not see", "defined in silence")
    note = "minds most: half of all estimates look better than the strongest; does not see: as good as the true stem"
    return Table("In short: there is no best metric", columns, tuple(rows), note)


def said(songs: Iterable[Judged]) -> Table:
    """Set down the plain numbers: a row for each estimate, median over the stems of all songs."""
    songs = list(songs)
    rows: list[tuple[Cell, ...]] = []
    for estimate in songs[0]:
        kind = estimate.rpartition(" ")[0]
        name = f"{estimate} {HARMS[kind][0]}" if kind in HARMS else estimate
        rows.append((name, *(_middle(_values(songs, estimate, measure)) for measure in MEASURES)))
    return Table("What each metric says", ("estimate", *MEASURES), tuple(rows), f"median over stems; {_units()}")


def places(songs: Iterable[Judged]) -> dict[str, dict[str, float | None]]:
    """Where a metric puts an estimate among all of the same stem: {estimate: {metric: 0 best to 1 worst}}.

    The share of the others that are better, beyond rounding; so what a metric does not see stands at 0. Mean over the
    stems for which the metric is defined, None without any.
    """
    songs = list(songs)
    found: dict[str, dict[str, float | None]] = {estimate: {} for estimate in songs[0]}
    for measure in MEASURES:
        shares = []
        for song, stem in _stems(songs):
            worse = _badness(song, stem, measure)
            defined = np.isfinite(worse)
            share = np.full(len(worse), np.nan)
            share[defined] = (rankdata(worse[defined], "min") - 1) / max(defined.sum() - 1, 1)
            shares.append(share)
        for estimate, column in zip(found, np.transpose(shares), strict=True):
            found[estimate][measure] = _mean(column)
    return found


def placed(songs: Iterable[Judged]) -> Table:
    """Say how bad the strongest of each harm looks to each metric, by ``places``."""
    put = places(songs)
    strongest = {name: f"{name} {amounts[-1]:g}" for name, (_, amounts) in HARMS.items()}
    rows = [(measure, *(put[estimate][measure] for estimate in strongest.values())) for measure in MEASURES]
    note = "share of all estimates of the same stem that look better; 0: not seen, or nothing is better"
    return Table("How bad the strongest harm looks", ("metric", *strongest), tuple(rows), note)


def steps(songs: Iterable[Judged]) -> Table:
    """Say how often more of a harm gives a worse number: the share of steps from milder to stronger."""
    songs = list(songs)
    ladders = {name: [ALONE, *(f"{name} {amount:g}" for amount in amounts)] for name, (_, amounts) in HARMS.items()}
    rows: list[tuple[Cell, ...]] = []
    for measure in MEASURES:
        cells: list[Cell] = []
        for ladder in ladders.values():
            moves = [
                np.diff(_badness({key: song[key] for key in ladder}, stem, measure)) for song, stem in _stems(songs)
            ]
            known = np.concatenate(moves)
            known = known[np.isfinite(known)]
            cells.append(float((known > 0).mean()) if len(known) else None)
        rows.append((measure, *cells))
    note = "1: every step is seen; 0: none is, or more harm looks better"
    return Table("Does more harm give a worse number?", ("metric", *ladders), tuple(rows), note)


def silence(songs: Iterable[Judged]) -> Table:
    """Set the numbers of ``judged_in_silence`` side by side, median over songs."""
    songs = list(songs)
    columns = list(songs[0])
    rows = [(measure, *(_middle(_values(songs, c, measure)) for c in columns)) for measure in MEASURES]
    note = f"the same bleed of {BLEED_DB:g} dB in every column but the last; a dash: not defined. {_units()}"
    return Table("How stable at silence", ("metric", *columns), tuple(rows), note)


def agreement(songs: Iterable[Judged]) -> Table:
    """Say how far two metrics agree on which of two estimates of a stem is better: Kendall's tau, mean over stems."""
    songs = list(songs)
    worse = {m: [_badness(song, stem, m) for song, stem in _stems(songs)] for m in MEASURES}
    rows = [
        (one, *(_mean([_tau(*pair) for pair in zip(worse[one], worse[other], strict=True)]) for other in MEASURES))
        for one in MEASURES
    ]
    return Table("Do two metrics agree?", ("metric", *MEASURES), tuple(rows), "tau: 1 always, 0 by chance, -1 never")


def rankings(songs: Iterable[Judged], names: Iterable[str] = SEPARATORS) -> Table:
    """Rank separators by each metric: mean over songs with its interval, and the order from best to worst."""
    songs, names = list(songs), list(names)
    rows: list[tuple[Cell, ...]] = []
    for measure, about in MEASURES.items():
        values = [_over_songs(songs, name, measure) for name in names]
        means = {i + 1: value.mean for i, value in enumerate(values) if value}
        order = sorted(means, key=lambda i: -means[i] if about.higher else means[i])
        rows.append((measure, *values, ", ".join(map(str, order))))
    orders = {row[-1] for row in rows if row[-1]}
    note = f"{len(songs)} songs; {len(orders)} different orders by {len(MEASURES)} metrics. {_units()}"
    columns = ("metric", *(f"{i + 1}: {name}" for i, name in enumerate(names)), "best to worst")
    return Table("Who separates best?", columns, tuple(rows), note)


def tasks(songs: Iterable[Judged], listener: str = "onsets by spectral flux") -> Table:
    """Say what each separator's drums are worth to who looks for hits: gain over the mix, mean over songs."""
    songs = list(songs)
    rows = [(name, *(_over_songs(songs, name, score) for score in "FPR")) for name in songs[0]]
    note = f"{len(songs)} songs; {listener} within 50 ms of the true hits, less what the mix gives"
    return Table(f"What is it good for? Drum hits, {listener}", ("drums of", "F", "P", "R"), tuple(rows), note)


def _stems(songs: Iterable[Judged]) -> Iterator[tuple[Judged, str]]:
    return ((song, stem) for song in songs for stem in song[ALONE])


def _values(songs: Iterable[Judged], estimate: str, measure: str) -> list[float]:
    return [numbers[measure] for song in songs for numbers in song[estimate].values()]


def _badness(song: Judged, stem: str, measure: str) -> np.ndarray:
    """Numbers of all estimates of one stem, larger is worse, rounded to what counts."""
    about = MEASURES[measure]
    values = np.array([stems[stem][measure] for stems in song.values()], float)
    return np.round(-values if about.higher else values, DIGITS[about.unit])


def _tau(one: np.ndarray, other: np.ndarray) -> float:
    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < 3 or not np.ptp(one[both]) or not np.ptp(other[both]):
        return float("nan")
    return float(kendalltau(one[both], other[both]).statistic)


def _over_songs(songs: Iterable[Judged], estimate: str, measure: str) -> Estimate | None:
    means = [_mean(_values([song], estimate, measure)) for song in songs]
    finite = [mean for mean in means if mean is not None]
    return over_tracks(finite) if finite else None


def _middle(values: Iterable[float]) -> float | None:
    finite = [value for value in values if np.isfinite(value)]
    return float(np.median(finite)) if finite else None


def _mean(values: Iterable[float]) -> float | None:
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else None


def _units() -> str:
    plain = ", ".join(name for name, about in MEASURES.items() if not about.unit)
    lower = ", ".join(name for name, about in MEASURES.items() if not about.higher)
    return f"dB, except {plain}; lower is better for {lower}"
