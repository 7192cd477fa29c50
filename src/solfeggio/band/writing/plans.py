"""Plans of form: which sections a song has, in which order, how long, and which of them share their material.

Sections carry functions (FUNCTIONS) in every kind of form; letters of repetition stand beside them: A for the first
material heard, B for the next, the same letter wherever it returns, varied or not. A tune without words is
"instrumental" throughout (a jazz theme is "verse" and "bridge", its choruses "solo"), so its letters say more than its
functions; a solo over the chords of the verse has the verse's letter.
"""

from __future__ import annotations

import numpy as np

from solfeggio.band.chance import pick, weigh

FUNCTIONS = ("intro", "verse", "prechorus", "chorus", "bridge", "solo", "instrumental", "break", "outro")
# Plans: functions in order, "function=material" where they differ; a leading "(" or trailing ")" may be left out.
PLANS: dict[str, tuple[str, ...]] = {
    "verse-chorus": (
        "(intro verse chorus verse chorus bridge chorus outro)",
        "(intro verse verse chorus verse chorus solo=verse chorus outro)",
        "(intro verse prechorus chorus verse prechorus chorus bridge chorus)",
        "(intro chorus verse chorus verse solo=chorus verse chorus outro)",
        "(intro verse chorus break verse chorus solo=bridge chorus outro)",
        "(intro verse prechorus chorus instrumental=intro verse prechorus chorus solo=verse chorus)",
        "(intro verse chorus instrumental=chorus verse chorus bridge break chorus)",
    ),
    "strophic": ("(intro verse verse instrumental=verse verse verse outro)", "(intro verse verse verse verse outro)"),
    "aaba": ("(intro verse verse bridge verse solo=verse solo=verse bridge verse outro)",),
    "binary": (
        "instrumental=A instrumental=A instrumental=B instrumental=B",
        "(intro instrumental=A instrumental=A instrumental=B instrumental=B instrumental=C instrumental=C)",
        "instrumental=A instrumental=B",
    ),
    "ternary": ("instrumental=A instrumental=B instrumental=A", "(intro instrumental=A instrumental=A instrumental=B "
                "instrumental=A outro)"),
    "rondo": ("instrumental=A instrumental=B instrumental=A instrumental=C instrumental=A",),
    "through": (
        "instrumental=A instrumental=B instrumental=C instrumental=D instrumental=E instrumental=F",
        "(intro verse=A verse=B bridge=C verse=D instrumental=E outro)",
    ),
    "loop": (
        "intro verse chorus verse break chorus outro",
        "verse chorus verse chorus verse chorus",
        "intro verse verse chorus break verse chorus outro)",
        "(intro instrumental=A instrumental=A instrumental=B break instrumental=A instrumental=B outro",
        "instrumental=A instrumental=A instrumental=A instrumental=A",
    ),
    "blues": ("(intro verse verse solo=verse solo=verse verse outro)", "instrumental=A solo=A solo=A instrumental=A"),
}  # fmt: skip
FORMS: dict[str, dict[str, float]] = {  # style of form -> its plans
    "song": {"verse-chorus": 7, "strophic": 1, "aaba": 1, "through": 0.4},
    "tune": {"binary": 4, "ternary": 1, "aaba": 2, "rondo": 1, "through": 0.3},
    "jazz": {"aaba": 5, "strophic": 1, "binary": 0.5},
    "loop": {"loop": 1},
    "classical": {"ternary": 2, "binary": 2, "rondo": 2, "through": 1, "strophic": 0.5},
    **{plan: {plan: 1.0} for plan in PLANS if plan != "loop"},
}
LONGEST = {"intro": 8, "outro": 8, "prechorus": 4, "break": 8}


def plan_sections(rng: np.random.Generator, bars: int, form: str = "song") -> tuple[tuple[str, str, int, int], ...]:
    """Lay sections out over ``bars`` bars: (function, material, first bar, bars), mostly 4, 8 or 12 long.

    Long plans are cut, often at their beginning: a song may start where it has long been going on.
    """
    kind = weigh(rng, FORMS[form])
    tokens = pick(rng, PLANS[kind]).split()
    first_open, last_open = tokens[0].startswith("("), tokens[-1].endswith(")")
    pairs = [(t.partition("=")[0], t.partition("=")[2] or t) for t in (token.strip("()") for token in tokens)]
    unit = pick(
        rng, (4, 8, 8, 8, 8, 8, 16 if bars > 40 else 8, 12 if bars > 40 else 8, 6 if kind == "verse-chorus" else 8)
    )
    if bars < 30 and kind in ("verse-chorus", "strophic", "loop") and rng.random() < 0.25:
        unit = 4
    unit = {"aaba": 8 if bars >= 24 else 4, "blues": 12}.get(kind, unit)
    if kind in ("rondo", "ternary", "binary", "through"):
        unit = next((u for u in (8, 4) if u * (len(pairs) if kind in ("rondo", "ternary") else 4) <= bars), 4)
    lengths = {material: unit for _, material in pairs}
    for name in lengths:
        if name in LONGEST:
            lengths[name] = 4 if name == "prechorus" else pick(rng, (2, 4, 4, LONGEST[name]))
    if kind == "verse-chorus" and rng.random() < 0.2:
        lengths["verse"] = unit * 2
    head = [pairs.pop(0)] if pairs[0][0] == "intro" else []
    tail = [pairs.pop()] if pairs[-1][0] == "outro" else []
    if kind in ("verse-chorus", "loop") and rng.random() < 0.4:
        turn = int(rng.random() * len(pairs))
        pairs, head = [*pairs[turn:], *pairs[:turn]], []
    head = head if not first_open or rng.random() < 0.6 else []
    tail = tail if not last_open or rng.random() < 0.5 else []
    room = bars - sum(lengths[m] for _, m in tail)
    plan: list[tuple[str, str, int, int]] = []
    at, queue = 0, [*head, *pairs]
    while at < room:
        function, material = queue.pop(0)
        queue = queue or list(pairs)
        length = min(lengths[material], room - at)
        if plan and length < 0.6 * lengths[material] and length < 5:  # too short to be itself: a tag
            if tail:
                break
            function, material = "outro", "outro"
        plan.append((function, material, at, length))
        at += length
    if at < bars:
        plan.append(("outro", "outro", at, bars - at))
    return tuple(plan)
