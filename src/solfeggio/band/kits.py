"""One-shot drum kits in Hydrogen's format: drumkit.xml read, its instruments named, its hits mixed in numpy."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from solfeggio.answers import Notes
from solfeggio.errors import FormatError

SIDES = {
    "train": ("GMRockKit", "ForzeeStereo", "Millo-Drums_v.1", "ElectricEmpireKit", "HardElectro1", "TR808EmulationKit"),
    "test": ("The Black Pearl 1.0", "BJA_Pacific", "ColomboAcousticDrumkit", "circAfrique v4"),
}
# first rule that matches the instrument's name wins; order matters (a "hat pedal" is no "hat")
_RULES = (
    ("", r"fx|zap|whistle|water|muff|roll|choke|flink|swish|^\d*$"),
    ("clap", r"clap"),
    ("cowbell", r"cowbell"),
    ("rim", r"rim ?click|side ?stick|^stick$|^click$|cross"),
    ("bell", r"(ride|^|paiste ).*(bell|cup)$|ride.*bell"),
    ("kick", r"kick|bass ?drum|djembe\d bass|^bd"),
    ("snare", r"snare|djembe\d slap|rimshot"),
    ("pedal", r"(hat|hh|hi-hat).*pedal|pedal.*(hat|hh)"),
    ("open", r"(hat|hh|hi-hat).*(open|op |free)|open.*(hat|hh)|side ohh"),
    ("closed", r"hat|hh|bell mute"),
    ("tom_low", r"(tom|drum).*(low|floor)|floor tom|dununba\d head hit|drum 1"),
    ("tom_mid", r"tom.*(mid|2)|^tom$|sangban\d head hit|drum 2"),
    ("tom_high", r"tom.*(hi|1|3|4)|kenkeni\d head hit"),
    ("crash", r"crash(?!.*ride)|crash.*thin|^cymbal$"),
    ("splash", r"splash"),
    ("china", r"china"),
    ("ride", r"ride|bell hit|dununba\d bell$"),
    ("tambourine", r"tambourine(?! pedal)"),
    ("shaker", r"shaker|maraca"),
    ("claves", r"clave"),
    ("conga", r"conga|djembe\d tone"),
)
_PITCHES = {
    **dict.fromkeys((35, 36), "kick"), **dict.fromkeys((38, 40), "snare"), 37: "rim", 39: "clap", 42: "closed",
    44: "pedal", 46: "open", **dict.fromkeys((41, 43), "tom_low"), **dict.fromkeys((45, 47), "tom_mid"),
    **dict.fromkeys((48, 50), "tom_high"), **dict.fromkeys((49, 57), "crash"), **dict.fromkeys((51, 59), "ride"),
    53: "bell", 55: "splash", 52: "china", 56: "cowbell", 54: "tambourine", **dict.fromkeys((69, 70, 82), "shaker"),
    75: "claves", **dict.fromkeys((62, 63, 64), "conga"),
}  # fmt: skip
_STAND_INS = {
    "pedal": ("closed",), "bell": ("ride",), "tom_mid": ("tom_low", "tom_high"), "tom_high": ("tom_mid", "tom_low"),
    "tom_low": ("tom_mid", "tom_high"), "splash": ("crash",), "china": ("crash",), "crash": ("splash", "ride"),
    "ride": ("crash",), "clap": ("snare",), "rim": ("claves",),
}  # fmt: skip
_LONGEST = 4.0  # seconds a hit may ring


@dataclass(frozen=True)
class Layer:
    """One recording of an instrument, for velocities from ``low`` to ``high`` (0..1)."""

    path: Path
    low: float
    high: float
    gain: float


@dataclass(frozen=True)
class Kit:
    """A drum kit: for each sound ("kick", "closed", ...) the instruments that can play it, each a list of layers."""

    name: str
    side: str
    path: Path
    sounds: dict[str, tuple[tuple[Layer, ...], ...]]

    def sound(self, pitch: int) -> str | None:
        """Name the sound that plays a General MIDI drum pitch, a stand-in if need be; None when the kit has none."""
        wanted = _PITCHES.get(int(pitch), "")
        return next((s for s in (wanted, *_STAND_INS.get(wanted, ())) if s in self.sounds), None)


def sound_of(name: str) -> str:
    """Map an instrument's name to its sound by rules; "" when none fits.

    >>> [sound_of(n) for n in ("Hi-Hat Closed (Paiste)", "Pearl Tom Floor", "808 kick long", "FX")]
    ['closed', 'tom_low', 'kick', '']
    """
    plain = re.sub(r"\s*\(.*\)", "", name).strip().lower()
    return next((sound for sound, rule in _RULES if re.search(rule, plain)), "")


def kits(side: str | None = None) -> tuple[Kit, ...]:
    """Find the known kits on this machine, of one side or of both, in a fixed order; may be empty."""
    own = [Path(p) for p in os.environ.get("SOLFEGGIO_BANKS", "").split(os.pathsep) if p]
    data = (os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(os.pathsep)
    roots = own + [Path(p) / "hydrogen/data/drumkits" for p in data if p]
    found = []
    for letter, names in SIDES.items():
        for name in names if side in (None, letter) else ():
            path = next((r / name for r in roots if (r / name / "drumkit.xml").is_file()), None)
            if path is not None:
                found.append(read(path, letter))
    return tuple(found)


@lru_cache(maxsize=32)
def read(path: Path, side: str = "train") -> Kit:
    """Read the drumkit.xml in a folder; layers whose file is missing are left out.

    Raises FormatError when it is not XML, declares entities, or names no playable sound.
    """
    from xml.etree import ElementTree

    text = (path / "drumkit.xml").read_text("utf-8", "replace")
    if "<!ENTITY" in text or "<!DOCTYPE" in text:
        raise FormatError(f"{path}/drumkit.xml declares entities", "a drum kit needs none", "do not use this kit")
    try:
        root = ElementTree.fromstring(re.sub(r'\sxmlns="[^"]*"', "", text, count=1))
    except ElementTree.ParseError as error:
        raise FormatError(f"{path}/drumkit.xml is not XML", str(error)) from error
    sounds: dict[str, list[tuple[Layer, ...]]] = {}
    for instrument in root.iter("instrument"):
        volume = _number(instrument, "volume", 1) * _number(instrument, "gain", 1)
        layers = []
        flat = [instrument] if instrument.find("filename") is not None else []  # the oldest kits: one file each
        for layer in [*instrument.iter("layer"), *flat]:
            file = path / Path(layer.findtext("filename", "")).name
            if file.is_file():
                low, high = _number(layer, "min", 0), _number(layer, "max", 1)
                layers.append(Layer(file, low, high, volume * (1 if flat else _number(layer, "gain", 1))))
        sound = sound_of(instrument.findtext("name", ""))
        if layers and sound:
            sounds.setdefault(sound, []).append(tuple(sorted(layers, key=lambda one: one.low)))
    if not sounds:
        raise FormatError(f"{path}/drumkit.xml has no drum in it", "no instrument name or sample file was recognised")
    return Kit(path.name, side, path, {name: tuple(found) for name, found in sounds.items()})


def play(kit: Kit, notes: Notes, rng: np.random.Generator, rate: int, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Mix the hits of ``notes`` into (2, samples) float32; also return which notes (n,) bool the kit could play.

    One instrument is drawn for each sound and kept for the song; velocity picks the layer, and a closed or pedalled
    hi-hat stops an open one.
    """
    out = np.zeros((2, samples), np.float32)
    chosen = {name: options[int(rng.integers(len(options)))] for name, options in kit.sounds.items()}
    pans = {name: _gains(rng.normal(0, 0.25) if name not in ("kick", "snare") else 0.0) for name in kit.sounds}
    tune = float(np.clip(rng.normal(0, 0.4), -1, 1))
    names = [kit.sound(int(pitch)) for pitch in notes.pitches]
    stops = np.sort(notes.starts[[name in ("closed", "pedal") for name in names]]) if len(names) else np.zeros(0)
    for i, name in enumerate(names):
        if name is None:
            continue
        velocity = notes.velocities[i] / 127
        layer = next((one for one in chosen[name] if velocity <= one.high + 1e-6), chosen[name][-1])
        hit = _sample(layer.path, rate, round(tune, 1))
        begin = round(notes.starts[i] * rate)
        if name == "open":
            later = np.searchsorted(stops, notes.starts[i] + 1e-4)
            if later < len(stops):
                hit = _fade(hit, round((stops[later] - notes.starts[i]) * rate), round(0.03 * rate))
        length = min(hit.shape[1], samples - begin)
        if length > 0 and begin >= 0:
            out[:, begin : begin + length] += hit[:, :length] * (layer.gain * velocity * pans[name])
    return out, np.array([name is not None for name in names], bool)


@lru_cache(maxsize=128)
def _sample(path: Path, rate: int, tune: float) -> np.ndarray:
    """Read a hit as (2, n) at ``rate``, its leading silence cut, ``tune`` semitones higher."""
    import soundfile
    import soxr

    data, own = soundfile.read(str(path), dtype="float32", always_2d=True, frames=10 * 48000)
    source = own * 2 ** (tune / 12)
    data = soxr.resample(data[:, :2], source, rate, "HQ") if source != rate else data
    loud = np.abs(data).max(1)
    heard = np.flatnonzero(loud > 0.05 * loud.max()) if len(loud) else loud
    start = max(0, int(heard[0]) - round(0.001 * rate)) if len(heard) else 0
    hit = np.ascontiguousarray(np.broadcast_to(data[start:].T, (2, len(data) - start)), np.float32)
    return _fade(hit, round(_LONGEST * rate), round(0.05 * rate))


def _fade(hit: np.ndarray, end: int, fade: int) -> np.ndarray:
    if hit.shape[1] <= end:
        return hit
    hit = hit[:, : end + fade].copy()
    tail = hit.shape[1] - end
    hit[:, end:] *= np.linspace(1, 0, tail, dtype=np.float32)
    return hit


def _gains(pan: float) -> np.ndarray:
    angle = (np.clip(pan, -1, 1) + 1) * np.pi / 4
    return (np.sqrt(2) * np.array([[np.cos(angle)], [np.sin(angle)]])).astype(np.float32)


def _number(node, tag: str, default: float) -> float:
    try:
        return float(node.findtext(tag, ""))
    except ValueError:
        return default
