"""Plans of electronic music: which section follows which, who plays in each block, where filters open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solfeggio.band.chance import pick
from solfeggio.band.song import Spans

BAR = 4.0  # quarters
PLANS: dict[str, tuple[str, ...]] = {  # function:letter of each section, in order
    "club": (
        "intro:I build:U drop:A break:B build:U drop:A outro:O", "intro:I drop:A break:B build:U drop:A outro:O",
        "drop:A break:B build:U drop:A", "intro:I verse:V build:U drop:A verse:V build:U drop:A",
        "break:B build:U drop:A drop:C break:B build:U drop:A", "intro:I verse:V drop:A break:B drop:C outro:O",
    ),
    "flow": (
        "intro:I drop:A break:B drop:A outro:O", "intro:I drop:A drop:C break:B build:U drop:C outro:O",
        "drop:A drop:C break:B drop:A", "intro:I drop:A break:B drop:C drop:A outro:O",
    ),
    "tune": (
        "intro:I verse:A verse:A chorus:B verse:A chorus:B outro:O", "verse:A chorus:B verse:A break:C chorus:B",
        "intro:I verse:A chorus:B break:C verse:A chorus:B", "intro:I verse:A verse:A break:C verse:A outro:O",
        "chorus:B verse:A chorus:B verse:A chorus:B",
    ),
}  # fmt: skip
SWEEPS = {  # section -> how likely a filter moves through it, and how
    "intro": (0.35, "sweep up"),
    "build": (0.85, "sweep up"),
    "break": (0.4, "sweep down"),
    "outro": (0.4, "sweep down"),
}
DRUM_ROLES = ("kick", "snare", "hats", "perc")


@dataclass(frozen=True)
class Section:
    """A section: its function ("drop"), letter, first bar, length in bars, and the roles of its blocks of 4 bars."""

    name: str
    letter: str
    first: int
    bars: int
    blocks: tuple[frozenset[str], ...]

    def plays(self, role: str, bar: int) -> bool:
        """Tell whether ``role`` plays in ``bar``, counted from the section's first."""
        return role in self.blocks[min(bar // 4, len(self.blocks) - 1)]


def plan(rng: np.random.Generator, kind: str, bars: float, tonal: tuple[str, ...]) -> tuple[Section, ...]:
    """Lay out about ``bars`` bars: a plan of PLANS, and who plays in each block of four bars.

    tonal: the roles beside the drums: bass, pad, arp, lead, ...
    """
    plans = sorted((line.split() for line in PLANS[kind]), key=len)
    names = [word.split(":") for word in pick(rng, [p for p in plans if 4 * len(p) <= bars] or plans[:1])]
    short = {"intro": 0.5, "build": 0.5, "outro": 0.5, "break": pick(rng, (0.5, 1.0))}
    weights = [short.get(name, 1.0) for name, _ in names]
    unit = max(4, 4 * round(bars / sum(weights) / 4 - 0.1))
    habits = {name: {role: rng.random() for role in (*DRUM_ROLES, *tonal)} for name in "ABCIOUV"}
    sections: list[Section] = []
    first = 0
    for i, ((name, letter), weight) in enumerate(zip(names, weights, strict=True)):
        length = max(4, 4 * round(unit * weight / 4))
        blocks = length // 4
        if name == "outro" and i == len(names) - 1 and rng.random() < 0.3:
            length -= 2
        who = tuple(_cast(rng, name, habits[letter], k, blocks, tonal) for k in range(blocks))
        sections.append(Section(name, letter, first, length, who))
        first += length
    return tuple(sections)


def draw_effects(rng: np.random.Generator, sections: tuple[Section, ...], sidechain: float) -> Spans:
    """Where the kick ducks the others, and where a filter opens or closes."""
    ducks, sweeps = rng.random() < sidechain, rng.random()
    out: list[tuple[float, float, str]] = []
    for section in sections:
        start, end = BAR * section.first, BAR * (section.first + section.bars)
        if ducks and section.plays("kick", section.bars - 1) and section.name != "intro":
            out.append((start, end, "sidechain"))
        odds, label = {
            "intro": (0.35, "sweep up"), "build": (0.85, "sweep up"), "break": (0.4, "sweep down"), "outro": (0.4,
            "sweep down"),
        }.get(section.name, (0.0, ""))  # fmt: skip
        if sweeps < 0.8 and rng.random() < odds:
            if section.name == "break" and rng.random() < 0.6:
                label = "sweep up"
            out.append((start, end, label))
    return tuple(out)


def _cast(
    rng: np.random.Generator, name: str, habit: dict[str, float], block: int, blocks: int, tonal: tuple[str, ...]
) -> frozenset[str]:
    """Choose who plays in a block; ``habit`` (0..1 for each role) makes a section's returns alike."""
    everyone = (*DRUM_ROLES, *tonal)
    soft = [role for role in tonal if role not in ("bass", "lead")] or list(tonal)
    if name in ("intro", "outro"):
        order = sorted(
            everyone, key=lambda role: habit[role] + 0.5 * (role == "lead") - 0.25 * (role in ("kick", "hats"))
        )
        share = (block + 1) / blocks if name == "intro" else 1 - block / blocks
        return frozenset(order[: max(2, round(share * len(order) * (0.4 + 0.5 * habit["snare"])))])
    if name == "break":
        who = {role for role in everyone if habit[role] < {"kick": 0.15, "snare": 0.05, "hats": 0.4, "perc": 0.2,
               "bass": 0.35, "lead": 0.6}.get(role, 0.75)}  # fmt: skip
        moving = [role for role in soft if not role.startswith("pad")]
        return frozenset(who | {soft[0]} | set(moving[:1] if habit[soft[0]] < 0.8 else ()))
    if name == "build":
        odds = {"kick": 0.6, "snare": 0.3, "hats": 0.5, "perc": 0.3, "bass": 0.35, "lead": 0.4}
        return frozenset({r for r in everyone if habit[r] < odds.get(r, 0.75)} | {soft[0], "rise"})
    odds = {"kick": 1.0, "snare": 0.97, "hats": 0.92, "perc": 0.7, "bass": 0.95, "lead": 0.3}
    if name in ("drop", "chorus"):
        odds |= {"perc": 0.85, "bass": 1.0, "lead": 0.85}
    late = (
        [r for r in (*soft[1:], "perc", "lead") if r in everyone and habit[r] > 0.5] if block == 0 < blocks - 1 else []
    )
    usual = 0.9 if name in ("drop", "chorus") else 0.55
    who = {role for role in everyone if habit[role] < odds.get(role, usual)} | {soft[0]}
    return frozenset(who - set(late[:1]))
