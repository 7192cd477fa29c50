"""Melody: a line over chords, note by note: first how long, then how high.

Two recurrent networks, one for durations and one for pitches, with any of four conditions: the other stream ("inter"),
the chord, the next chord, the position in the bar. The first note comes after a start token, and each step writes the
next note. Conditions are those of the note that is being written, all of which is known when it is: with the other
stream, the joint likelihood is

    p(duration | earlier durations and pitches) * p(pitch | earlier pitches, durations with that of this note)

so a pitch knows its own duration and a duration never its own pitch. Without it each stream sees itself alone.

Source: Genchel, Pati, Lerch, "Explicitly conditioned melody generation" (2019). The published form normalised by steps
of the window and took conditions from the note before; ``as_published`` keeps that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import nn

from solfeggio.band.scores.harmonise import find_key
from solfeggio.contracts import Batch, Writer
from solfeggio.decode.sampling import choose
from solfeggio.errors import ConfigError, NotationError, unknown
from solfeggio.fitting import LENGTHS
from solfeggio.formats.chart import parse_chart
from solfeggio.harte import NAMES, QUALITIES, SCALES, chord_scale, pitch_classes, read
from solfeggio.nets.conditioned import ConditionedStream
from solfeggio.notation import Score, Spans
from solfeggio.tokens import LINE_BAR, LINE_LOWEST, LINE_REST, NO_ROOT, Line, decode_line, encode_line

CONDITIONS = ("inter", "chord", "next", "position")
PUBLISHED = (  # the combinations that were compared
    "none", "inter", "chord", "next", "position", "chord+inter", "chord+position", "inter+position", "chord+next",
    "chord+next+inter", "chord+next+position", "chord+inter+position", "all",
)  # fmt: skip
PITCHES, DURATIONS = LINE_REST + 1, len(LENGTHS)
START = {"pitch": PITCHES, "duration": DURATIONS}  # tokens before the first note
ROWS = {"pitch": "pitches", "duration": "durations", "position": "positions", "root": "roots", "chord": "chords",
        "next_root": "next_roots", "next_chord": "next_chords"}  # fmt: skip
KEYS = tuple(f"{name}:{mode}" for mode in SCALES for name in NAMES)
NOTHING = -1  # pitch of a row that only fills a batch; key where none is known
OUTSIDE = 2.5  # nats that scale "bias" takes from a pitch outside the scale
SCALE = ("off", "bias", "mask")


@dataclass(frozen=True)
class Config:
    """Every setting of the system; the defaults are the released one."""

    given: tuple[str, ...] = CONDITIONS  # what each stream is told besides itself
    styles: tuple[str, ...] = ("jazz", "folk")  # that it learns apart; () learns one
    width: tuple[int, int] = (144, 96)  # cells of the pitch and of the duration network
    depth: int = 2  # layers of each
    dropout: float = 0.2  # share, between layers
    norm: str = "layer"  # over channels; "steps": over the batch and channels of each step of a window
    window: int = 64  # notes of a training excerpt
    ahead: bool = True  # conditions are those of the note to come; else those of the note before it
    range: tuple[int, int] = (55, 84)  # MIDI pitches that are written


def conditions(name: str) -> tuple[str, ...]:
    """Conditions of a published combination.

    >>> conditions("chord+next"), conditions("none")
    (('chord', 'next'), ())
    """
    return CONDITIONS if name == "all" else tuple(c for c in CONDITIONS if c in name.split("+"))


RELEASED = Config()
FULL = {name: Config(conditions(name), (), (256, 256), range=(21, 108)) for name in PUBLISHED}
AS_PUBLISHED = Config(CONDITIONS, (), (256, 256), norm="steps", ahead=False, range=(21, 108))
TINY = Config(width=(12, 8), window=16)
CONFIGS = {"released": RELEASED, **FULL, "as_published": AS_PUBLISHED, "tiny": TINY}


class Melody(Writer):
    """Melodies over chords. Tokens are the columns of ``tokens.Line`` after a start row, and what is asked for.

    pitch, duration, position, root, next_root: (n + 1,), chord, next_chord: (n + 1, 12), as in ``Line``. style: (), its
    place in Config.styles. key: (), its place in KEYS or -1. chart: (m, 15) each chord's start and end in ticks (24 a
    quarter), root, pitch classes. A batch needs no key and no chart; pitch -1 marks rows that only fill it.

    >>> import torch
    >>> melody = Melody(TINY)
    >>> tokens = melody.sample({}, torch.Generator().manual_seed(0), chords="Dm7 G7 | Cmaj7", style="jazz")
    >>> score = melody.decode(tokens)
    >>> score.length_quarters, score.chords[-1], score.keys[0][2]
    (8.0, (4.0, 8.0, 'C:maj7'), 'C:maj')
    """

    def __init__(self, config: Config = RELEASED):
        super().__init__()
        for name in config.given:
            if name not in CONDITIONS:
                raise unknown("condition", name, CONDITIONS)
        if config.norm not in ("layer", "steps"):
            raise unknown("norm", config.norm, ("layer", "steps"))
        self.config = config
        c = config
        facts: dict[str, Any] = {"given": c.given, "styles": len(c.styles), "depth": c.depth, "dropout": c.dropout}
        steps = c.window if c.norm == "steps" else 0
        self.streams = nn.ModuleDict(
            {
                "pitch": ConditionedStream((PITCHES, 8), (DURATIONS, 4), c.width[0], steps=steps, **facts),
                "duration": ConditionedStream((DURATIONS, 4), (PITCHES, 8), c.width[1], steps=steps, **facts),
            }
        )

    def encode(self, score: Score, style: str | None = None) -> Batch:
        """Write a score as tokens; raises NotationError for what a line cannot hold. style: the first by default."""
        tokens = self.tokens(encode_line(score), style)
        key = score.keys[0][2] if score.keys else ""
        tokens["key"] = torch.tensor(KEYS.index(key) if key in KEYS else NOTHING)
        tokens["chart"] = torch.from_numpy(chart_of(score.chords))
        return tokens

    def tokens(self, line: Line, style: str | None = None) -> Batch:
        """Put the start row before a line: what a batch is made of."""
        first = {"pitch": PITCHES, "duration": DURATIONS, "root": NO_ROOT, "next_root": NO_ROOT}
        made = {}
        for name, column in ROWS.items():
            rows = np.asarray(getattr(line, column), np.int64)
            made[name] = torch.from_numpy(np.concatenate([np.full((1, *rows.shape[1:]), first.get(name, 0)), rows]))
        return made | {"style": torch.tensor(self._style(style))}

    def decode(self, tokens: Batch, title: str = "Melody", bpm: float = 120.0) -> Score:
        """Write tokens as a score with their chords and key; basses of chords are lost."""
        rows = {name: tokens[name].cpu().numpy()[1:] for name in ROWS}
        line = Line(**{column: rows[name] for name, column in ROWS.items()})
        ticks = int(LENGTHS[line.durations].sum())
        length = 4.0 * -(-ticks // LINE_BAR)
        place = int(tokens.get("key", torch.tensor(NOTHING)))
        keys: Spans = ((0.0, length, KEYS[place]),) if place != NOTHING else ()
        score = decode_line(line, title, bpm, keys)
        if "chart" not in tokens:
            return score
        chart = tokens["chart"].cpu().numpy().tolist()
        chords = tuple((a / 24, b / 24, _names().get((root, tuple(tones)), "X")) for a, b, root, *tones in chart)
        return Score(title, bpm, score.parts, length, keys=keys, chords=chords)

    def forward(self, batch: Batch) -> Batch:
        """Logits of each row after the first: "pitch" (batch, rows - 1, 89), "duration" (batch, rows - 1, 19)."""
        before = {name: batch[name][:, :-1] for name in ROWS}
        now = {name: batch[name][:, 1:] for name in ROWS}
        told = now if self.config.ahead else before
        shared = {name: told[name] for name in ROWS} | {"style": batch["style"]}
        other = {"pitch": told["duration"], "duration": before["pitch"]}
        found = {}
        for name, stream in self.streams.items():
            known = {key: value.clamp_min(0) for key, value in shared.items()}
            known |= {"own": before[name].clamp_min(0), "other": other[name].clamp_min(0)}
            found[name] = stream(known)[0]
        return found

    def loss(self, batch: Batch) -> tuple[torch.Tensor, Batch]:
        """Negative log-likelihood of a note, nats: of pitch and duration, mean over the rows that are filled."""
        found = self(batch)
        real = batch["pitch"][:, 1:] != NOTHING
        parts = {
            name: nn.functional.cross_entropy(logits[real].float(), batch[name][:, 1:][real])
            for name, logits in found.items()
        }
        total = parts["pitch"] + parts["duration"]
        return total, {"loss": total, **parts}

    def sample(  # type: ignore[override]
        self,
        context: Batch,
        rng: torch.Generator,
        *,
        chords: str | Spans | None = None,
        style: str | None = None,
        key: str | None = None,
        choruses: int = 1,
        temperature: float = 1.0,
        top_p: float = 0.9,
        top_k: int = 0,
        scale: str = "bias",
    ) -> Batch:
        """Write a melody over chords, or go on with one.

        context: {} or the tokens of a tune. chords: a chart "Dm7 G7 | Cmaj7" or spans in quarters; with a tune, what is
        written goes on after it over them. None: a new melody over the chords of the tune. choruses: how often the
        chords are played. key: found from the chords where it is not given. scale: "mask" writes only notes of the
        chord and of the key as the chord alters it, "bias" prefers them, "off" does not care; with both, the last note
        is one of the chord. Raises ConfigError for settings out of range or when there are no chords.
        """
        asked = self.ask(context, chords, style, key, choruses)
        return self.sample_many([asked], rng, temperature=temperature, top_p=top_p, top_k=top_k, scale=scale)[0]

    def ask(
        self,
        context: Batch,
        chords: str | Spans | None = None,
        style: str | None = None,
        key: str | None = None,
        choruses: int = 1,
    ) -> Batch:
        """Say what to write: a start row or a tune to go on with, chart, key, style, and "ticks", its whole length."""
        if not 1 <= choruses <= 100:
            raise ConfigError(f"{choruses} choruses", "expected 1 to 100", "choose fewer")
        if key is not None and key not in KEYS:
            raise unknown("key", key, KEYS)
        start = {name: torch.full((1, 12) if name.endswith("chord") else (1,), 0) for name in ROWS}
        start |= {name: torch.tensor([token]) for name, token in START.items()}
        start |= {"root": torch.tensor([NO_ROOT]), "next_root": torch.tensor([NO_ROOT])}
        rows = {name: context[name] for name in ROWS} if context else start
        before = context["chart"].cpu().numpy() if context else np.zeros((0, 15), np.int64)
        ends = int(LENGTHS[rows["duration"][1:].cpu().numpy()].sum())
        if chords is not None:
            spans = parse_chart(chords) if isinstance(chords, str) else chords
            once, first = chart_of(spans), -(-ends // LINE_BAR) * LINE_BAR
        else:
            once, first, rows, before = before, 0, start, before[:0]
        if not len(once) or not (once[:, 2] != NO_ROOT).any():
            raise ConfigError("a melody without chords", "it is written over them", 'give chords="Dm7 G7 | Cmaj7"')
        bars = -(-max(int(once[-1, 1]), ends if chords is None else 0) // LINE_BAR)
        repeats = [np.concatenate([once[:, :2] + first + i * bars * LINE_BAR, once[:, 2:]], 1) for i in range(choruses)]
        place = KEYS.index(key) if key else int(context.get("key", torch.tensor(NOTHING)))
        chosen = self._style(style) if style or not context else int(context["style"])
        return rows | {
            "chart": torch.from_numpy(np.concatenate([before, *repeats])),
            "key": torch.tensor(place if place != NOTHING else KEYS.index(key_of(once))),
            "style": torch.tensor(chosen),
            "ticks": torch.tensor(first + choruses * bars * LINE_BAR),
        }

    @torch.inference_mode()
    def sample_many(
        self,
        asked: Sequence[Batch],
        rng: torch.Generator,
        *,
        temperature: float = 1.0,
        top_p: float = 0.9,
        top_k: int = 0,
        scale: str = "bias",
    ) -> list[Batch]:
        """Write several melodies side by side, each as ``ask`` says; options as for ``sample``."""
        if scale not in SCALE:
            raise unknown("scale", scale, SCALE)
        training = self.training
        self.eval()
        device = next(self.parameters()).device
        jobs = [_Job(one, self.config.range, scale) for one in asked]
        style = torch.stack([one["style"] for one in asked]).to(device)
        states: dict[str, Any] = dict.fromkeys(self.streams)
        options = {"temperature": temperature, "top_p": top_p, "top_k": top_k}
        at = 0
        while any(job.left > 0 for job in jobs):
            told = [job.next_row() for job in jobs]
            chance = torch.rand(2, len(jobs), generator=rng, device=rng.device).cpu().numpy()
            shared = _stack(told if self.config.ahead else [job.rows[-1] for job in jobs], device)
            before = _stack([job.rows[-1] for job in jobs], device)
            for name, uniform in zip(("duration", "pitch"), chance, strict=True):
                other = torch.tensor([[row["duration"]] for row in told], device=device)
                other = before["pitch"] if name == "duration" else other if self.config.ahead else before["duration"]
                known = shared | {"own": before[name], "other": other, "style": style}
                logits, states[name] = self.streams[name](known, states[name], at)
                scores, allowed = logits[:, 0].float().cpu().numpy(), []
                for job, row, own in zip(jobs, told, scores, strict=True):
                    allowed.append(job.allowed(name, row, own))
                drawn = choose(scores, uniform, allowed=np.stack(allowed), **options)  # type: ignore[arg-type]
                for job, row, token in zip(jobs, told, drawn, strict=True):
                    row[name] = job.forced[name] if job.forced else int(token)
            for job, row in zip(jobs, told, strict=True):
                job.take(row)
            at += 1
        self.train(training)
        return [job.tokens() for job in jobs]

    def example(self) -> Batch:
        """Four lines of a few rows, from a seed."""
        rng = np.random.default_rng(0)
        tops = {"pitch": PITCHES, "duration": DURATIONS, "position": LINE_BAR, "chord": 2, "next_chord": 2}
        shapes = {"chord": (4, 9, 12), "next_chord": (4, 9, 12)}
        made = {n: torch.from_numpy(rng.integers(0, tops.get(n, NO_ROOT + 1), shapes.get(n, (4, 9)))) for n in ROWS}
        for name, token in START.items():
            made[name][:, 0] = token
        return made | {"style": torch.arange(4) % max(len(self.config.styles), 1)}

    def _style(self, style: str | None) -> int:
        if style is not None and style not in self.config.styles:
            raise unknown("style", style, self.config.styles)
        return self.config.styles.index(style) if style is not None else 0


Melody.Config = Config


class _Job:
    """One melody while it is written: the rows so far, and what may come next."""

    def __init__(self, asked: Batch, reach: tuple[int, int], scale: str):
        self.asked, self.scale = asked, scale
        values = {name: asked[name].cpu().numpy() for name in ROWS}
        given = [{name: rows[i] for name, rows in values.items()} for i in range(len(values["pitch"]))]
        self.rows, self.coming = given[:1], given[1:][::-1]
        self.forced: dict[str, Any] | None = None
        self.chart = asked["chart"].cpu().numpy()
        self.tick, self.left = 0, int(asked["ticks"])
        midi = np.arange(PITCHES) + LINE_LOWEST
        self.reach = (reach[0] <= midi) & (midi <= reach[1]) | (midi == LINE_LOWEST + LINE_REST)
        key = KEYS[int(asked["key"])]
        self.scales = [_mask(chord_scale(_label(row), key)) for row in self.chart] + [_mask(chord_scale("N", key))]

    def next_row(self) -> dict[str, Any]:
        """Begin the next row: where it stands and over which chord; duration and pitch are still to come."""
        self.forced = self.coming.pop() if self.coming else None
        over = int(np.searchsorted(self.chart[:, 0], self.tick, side="right")) - 1
        now = self.chart[over] if over >= 0 and self.tick < self.chart[over, 1] else _silent()
        then = self.chart[over + 1] if over + 1 < len(self.chart) else _silent()
        self.place = over if now[2] != NO_ROOT else len(self.chart)
        row = {"pitch": 0, "duration": 0, "position": self.tick % LINE_BAR, "root": now[2], "chord": now[3:]}
        return row | {"next_root": then[2], "next_chord": then[3:]}

    def allowed(self, name: str, row: dict[str, Any], logits: np.ndarray) -> np.ndarray:
        """Say which tokens may be written; takes from the logits of those that are not preferred."""
        if self.left <= 0 or self.forced:
            return np.ones(len(logits), bool)
        if name == "duration":
            rest = self.left - LENGTHS
            return (rest >= 0) & (rest != 1)  # no value lasts one tick
        fits = self.scales[self.place]
        if self.scale != "off" and self.left == LENGTHS[row["duration"]] and row["root"] != NO_ROOT:
            fits = _mask(np.flatnonzero(row["chord"]))
        if self.scale == "bias":
            logits -= OUTSIDE * ~fits
        return self.reach & fits if self.scale == "mask" else self.reach

    def take(self, row: dict[str, Any]) -> None:
        """Write the row."""
        if self.left > 0:
            self.rows.append(row)
            self.tick += int(LENGTHS[row["duration"]])
            self.left -= int(LENGTHS[row["duration"]])

    def tokens(self) -> Batch:
        """Give what was written."""
        made = {name: torch.from_numpy(np.array([row[name] for row in self.rows], np.int64)) for name in ROWS}
        return made | {name: self.asked[name].cpu() for name in ("style", "key", "chart")}


def _stack(rows: list[dict[str, Any]], device: torch.device) -> Batch:
    return {name: torch.from_numpy(np.array([[row[name]] for row in rows], np.int64)).to(device) for name in ROWS}


def _silent() -> np.ndarray:
    return np.array([0, 0, NO_ROOT, *[0] * 12])


def _mask(classes: Any) -> np.ndarray:
    """Which tokens of pitch are of these pitch classes; the rest is."""
    inside = np.isin((np.arange(PITCHES) + LINE_LOWEST) % 12, list(classes))
    inside[LINE_REST] = True
    return inside


def chart_of(chords: Spans) -> np.ndarray:
    """Write chords as (m, 15) integers: start, end in ticks, root, pitch classes; "N" and "X" have none."""
    rows = np.zeros((len(chords), 15), np.int64)
    for row, (start, end, label) in zip(rows, chords, strict=True):
        low = read(label)[0]
        row[:3] = round(start * 24), round(end * 24), low if low >= 0 else NO_ROOT
        row[[3 + tone for tone in pitch_classes(label)]] = 1
    if len(rows) and (np.diff(rows[:, :2].ravel()) < 0).any():
        raise NotationError("the chords of a score", "they overlap or run backwards", "sort them by time")
    return rows


def key_of(chart: np.ndarray) -> str:
    """Find the key that chords stand in, by how long their notes sound; the last chord counts as home."""
    lasts = (chart[:, 1] - chart[:, 0]) / 24
    home = chart[chart[:, 2] != NO_ROOT][-1, 2]
    return find_key(lasts @ chart[:, 3:], last=int(home))


@cache
def _names() -> dict[tuple[int, tuple[int, ...]], str]:
    """Harte labels by root and pitch classes; "N" for none."""
    found: dict[tuple[int, tuple[int, ...]], str] = {(NO_ROOT, (0,) * 12): "N"}
    for low, name in enumerate(NAMES):
        for quality in QUALITIES:
            tones = set(pitch_classes(f"{name}:{quality}"))
            found.setdefault((low, tuple(int(tone in tones) for tone in range(12))), f"{name}:{quality}")
    return found


def _label(row: np.ndarray) -> str:
    return _names().get((int(row[2]), tuple(row[3:].tolist())), "N")
