"""Music for several players: who leads, who accompanies and in what figure, phrase by phrase, soft to tutti."""

from __future__ import annotations

import numpy as np

from solfeggio.band.chance import pick, weigh
from solfeggio.band.classical.counterpoint import lead
from solfeggio.band.classical.draft import Draft, Note, chart_of, phrases, touch
from solfeggio.band.classical.themes import array, bass_line, below, figure, row_of, sing
from solfeggio.band.song import Part
from solfeggio.band.style import Style
from solfeggio.band.writing.drums import write_drums
from solfeggio.band.writing.harmony import voicing
from solfeggio.band.writing.melody import Motif
from solfeggio.band.writing.players import RANGES
from solfeggio.harte import parse_pitch, pitch_classes

TIMPANI = (40, 55)


def ensemble(
    rng: np.random.Generator, spec: Style, draft: Draft, bpm: float, side: str
) -> tuple[Draft, list[Part]]:  # fmt: skip
    """Leads share the theme by turns, together when it is loud, or in imitation; layers join as the music grows.

    A layer of one voice plays an inner voice of four-part writing, others play chords; a layer whose texture is
    "timpani" beats tonic and dominant where it is loud.
    """
    leads = [who for who in spec.leads if rng.random() < who.odds] or [spec.leads[0]]
    layers = [who for who in spec.layers if rng.random() < who.odds]
    stage = [pick(rng, who.programs) for who in leads] + [pick(rng, who.programs) for who in layers]
    deep = pick(rng, spec.bass_programs) if rng.random() < spec.bass_odds else -1
    cuts = phrases(draft)
    themes: dict[tuple[str, str, int], list[Motif]] = {}
    lines: list[list[Note]] = [[] for _ in range(len(leads) + len(layers) + 1)]
    second: list[list[Note]] = [[] for _ in leads]  # what leads play while another has the tune
    drawn: dict[tuple[int, str], dict[str, object]] = {}
    near: dict[int, tuple[int, ...]] = {}
    density = leads[0].density * (0.6 + 0.7 * rng.random())
    room = 0.3 + 0.4 * rng.random()  # how loud it must be for everyone to play
    for bars in cuts:
        first, row = bars[0], row_of(bars)
        slot = (first.section if first.name in ("variation", "development") else -1, first.letter)
        if slot not in drawn:
            drawn[slot] = _draw(rng, spec, len(leads), layers, bpm)
        scene = drawn[slot]
        manner = scene["manner"]
        led = lead(rng, [(part.label, part.bar.key) for part in row])
        chief = int(scene["chief"])  # type: ignore[call-overload]
        tune: list[Note] = []
        if manner != "chorale":
            varied = 0.5 * rng.random() if first.name == "variation" else 0.0
            tune = sing(rng, bars, themes, leads[chief].centre, density, varied)
            lines[chief] += tune
        for i, who in enumerate(leads):
            if manner == "chorale":
                (second if i else lines)[i] += _voice(rng, row, led[:, min(i, 2)], who.centre)
            elif i == chief:
                continue
            elif manner == "canon" and i == (chief + 1) % len(leads):
                second[i] += sing(rng, bars, themes, who.centre, density, 0.0, pick(rng, (1, 1, 2)))
            elif first.loud > room + 0.15 * i:
                octave = 12 * round((who.centre - leads[chief].centre) / 12)
                double = below(bars, tune, 0.2) if scene["thirds"] else tune
                second[i] += [(a, b, p + octave, v * 0.92) for a, b, p, v in double]
            elif rng.random() < 0.4:
                second[i] += _voice(rng, row, led[:, 1], who.centre)
        inner = 0
        playing = max(1, int(np.ceil(len(layers) * min(1.0, 0.45 + 0.55 * first.loud / max(room + 0.2, 0.1)))))
        for i, layer in enumerate(layers):
            line, textures = lines[len(leads) + i], scene["textures"]
            kind, step = textures[i]  # type: ignore[index]
            if kind == "timpani":
                line += _timpani(rng, bars) if first.loud > room else []
                continue
            if i >= playing and len(layers) > 2:
                continue
            inner += layer.voices == 1
            for part, voices in zip(row, led, strict=True):
                if layer.voices == 1:
                    pitch = int(voices[1 + (inner - 1) % 2])
                    shape: tuple[int, ...] = (pitch + 12 * round((layer.near - pitch) / 12),)
                    if kind in ("alberti", "broken", "rise", "sweep", "rocking"):
                        shape = voicing(part.label, layer.near, 3)
                else:
                    shape = near[i] = voicing(part.label, layer.near, layer.voices, near.get(i, ())) or near.get(i, ())
                base = layer.low + (int(voices[3]) - layer.low) % 12
                line += figure(rng, "hold" if manner == "chorale" else kind, part, shape, base, step)
        if deep >= 0:
            kind = "roots" if manner == "chorale" else str(scene["bass"])
            lines[-1] += bass_line(rng, kind, row, max(RANGES.get(deep, (33, 60))[0], 33))
    parts = []
    for i, line in enumerate(lines[:-1]):
        program, leading = stage[i], i < len(leads)
        low, high = TIMPANI if program == 47 else RANGES.get(program, (36, 96))
        name = ("melody" if leading else "timpani" if program == 47 else "chords") + (f"{i + 1}" if i else "")
        if line:
            parts.append(Part(name, program, array(line, low, high)))
    for i, line in enumerate(second):
        if line:
            name = "second" + (f"{i + 1}" if i else "")
            parts.append(Part(name, stage[i], array(line, *RANGES.get(stage[i], (36, 96)))))
    if lines[-1]:
        parts.append(Part("bass", deep, array(lines[-1], *RANGES.get(deep, (24, 60)))))
    if spec.drums and len({str(bar.feel.metre) for bar in draft}) == 1:
        energy = np.array([bar.loud for bar in draft])
        hits = write_drums(rng, chart_of(draft), draft[0].feel, energy, pick(rng, spec.drums) or ("march",), side)
        parts.append(Part("drums", pick(rng, spec.kits), hits, drums=True))
    return draft, parts


def _draw(rng: np.random.Generator, spec: Style, leads: int, layers: list, bpm: float) -> dict[str, object]:
    """How one section is scored."""
    fine = 0.25 if bpm < 88 and rng.random() < 0.5 else 0.5
    return {
        "manner": weigh(rng, {"melody": 5.0, "chorale": 1.2, "canon": 1.6 if leads > 1 else 0.0}),
        "chief": int(rng.integers(leads)) if rng.random() < 0.4 else 0,
        "textures": [(pick(rng, layer.textures), fine) for layer in layers],
        "bass": pick(rng, spec.bass),
        "thirds": rng.random() < 0.5,
    }


def _voice(rng: np.random.Generator, row: list, pitches: np.ndarray, centre: int) -> list[Note]:
    """One voice of four, held through each chord, in the octave of its player."""
    octave = 12 * round((centre - float(np.median(pitches))) / 12)
    return [
        (part.start, part.end - 0.04, float(p + octave), touch(rng, part.bar, part.start - part.bar.start, 0.9))
        for part, p in zip(row, pitches, strict=True)
    ]


def _timpani(rng: np.random.Generator, bars: Draft) -> list[Note]:
    """Strokes on tonic and dominant where the chord has them, and a roll into the end of a phrase."""
    out: list[Note] = []
    rolls = rng.random() < 0.4
    for bar in bars:
        tonic = parse_pitch(bar.key.partition(":")[0])
        for number in range(bar.feel.beats):
            offset = number * bar.feel.beat
            tones = pitch_classes(bar.chord_at(offset))
            pitch = next((TIMPANI[0] + (p % 12 - TIMPANI[0]) % 12 for p in (tonic, tonic + 7) if p % 12 in tones), -1)
            if pitch < 0 or (number and rng.random() < 0.6):
                continue
            final = rolls and bar.place == bar.size - 2 and number == bar.feel.beats - 1
            times = np.arange(0, bar.feel.beat, 0.25 if final else bar.feel.beat)
            out += [
                (bar.start + offset + x, bar.start + offset + x + (0.25 if final else 0.9), float(pitch),
                 touch(rng, bar, offset) * (0.7 + 0.3 * x if final else 1.0)) for x in times
            ]  # fmt: skip
    return out
