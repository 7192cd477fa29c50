"""One-shot drum kits in Hydrogen's format: drumkit.xml read, its instruments named, its hits mixed in numpy."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from solfeggio.answers import Notes
from solfeggio.band.desk.banks import hash_of
from solfeggio.errors import FormatError

# GMRockKit is made of recordings of The Black Pearl: kits that share recordings stay together
SIDES = {
    "train": ("ForzeeStereo", "Millo-Drums_v.1", "Millo_MultiLayered2", "Millo_MultiLayered3", "ElectricEmpireKit",
              "HardElectro1", "TR808EmulationKit", "VariBreaks", "rumpf_kit_z01_h2", "Gimme A Hand 1.0"),
    "test": ("The Black Pearl 1.0", "GMRockKit", "BJA_Pacific", "ColomboAcousticDrumkit", "circAfrique v4",
             "Audiophob"),
}  # fmt: skip
_MACHINES = ("ElectricEmpireKit", "HardElectro1", "TR808EmulationKit", "VariBreaks", "rumpf_kit_z01_h2", "Audiophob")
_HANDS = ("Gimme A Hand 1.0", "circAfrique v4")
# first rule that matches the instrument's name wins; order matters (a "hat pedal" is no "hat")
_RULES = (
    ("", r"fx|zap|whistle|water|muff|roll|choke|flink|swish|^\d*$|^sample"),
    ("clap", r"clap|snaps"),
    ("cowbell", r"cowbell"),
    ("rim", r"rim ?click|side ?stick|^stick$|- stick$|^click$|cross"),
    ("bell", r"(ride|^|paiste ).*(bell|cup)$|ride.*bell"),
    ("kick", r"kick|bass ?drum|djembe\d bass|^bd|cajon thump"),
    ("snare", r"snare|djembe\d slap|rimshot|cajon slap"),
    ("pedal", r"(hat|hh|hi-hat).*(pedal|pd$)|pedal.*(hat|hh)"),
    ("open", r"(hat|hh|hi-hat).*(open|op |op$|free)|open.*(hat|hh)|side ohh"),
    ("closed", r"hat|hh|bell mute"),
    ("tom_low", r"(tom|drum).*(low|floor)|(floor|low) tom|dununba\d head hit|drum 1"),
    ("tom_mid", r"tom.*(mid|2)|middle tom|^tom$|sangban\d head hit|drum 2"),
    ("tom_high", r"tom.*(hi|1|3|4)|high tom|kenkeni\d head hit"),
    ("crash", r"crash(?!.*ride)|crash.*thin|^cymbal$|- cymbal"),
    ("splash", r"splash"),
    ("china", r"china"),
    ("ride", r"ride|bell hit|dununba\d bell$"),
    ("tambourine", r"tambourine(?! pedal)"),
    ("shaker", r"shaker|maraca"),
    ("claves", r"clave"),
    ("bongo_high", r"bongo hi"),
    ("bongo_low", r"bongo lo"),
    ("block_high", r"woodblock hi"),
    ("block_low", r"woodblock lo"),
    ("conga", r"conga|djembe\d tone"),
)
_PITCHES = {
    **dict.fromkeys((35, 36), "kick"), **dict.fromkeys((38, 40), "snare"), 37: "rim", 39: "clap", 42: "closed",
    44: "pedal", 46: "open", **dict.fromkeys((41, 43), "tom_low"), **dict.fromkeys((45, 47), "tom_mid"),
    **dict.fromkeys((48, 50), "tom_high"), **dict.fromkeys((49, 57), "crash"), **dict.fromkeys((51, 59), "ride"),
    53: "bell", 55: "splash", 52: "china", 56: "cowbell", 54: "tambourine", **dict.fromkeys((69, 70, 82), "shaker"),
    75: "claves", 60: "bongo_high", 61: "bongo_low", 76: "block_high", 77: "block_low",
    **dict.fromkeys((62, 63, 64), "conga"),
}  # fmt: skip
_STAND_INS = {
    "pedal": ("closed",), "bell": ("ride",), "tom_mid": ("tom_low", "tom_high"), "tom_high": ("tom_mid", "tom_low"),
    "tom_low": ("tom_mid", "tom_high"), "splash": ("crash",), "china": ("crash",), "crash": ("splash", "ride"),
    "ride": ("crash",), "clap": ("snare",), "rim": ("claves", "block_high"),
    "closed": ("shaker",), "bongo_high": ("conga",), "bongo_low": ("conga",), "conga": ("bongo_low",),
    "block_high": ("claves",), "block_low": ("claves",),
}  # fmt: skip
_LONGEST = 4.0  # seconds a hit may ring
# how loud a full stroke is beside the kick, dB, and how far a kit may stray from it
_BALANCE_DB = {
    "kick": 0, "snare": 0, "clap": -4, "rim": -8, "closed": -13, "pedal": -15, "open": -11, "ride": -12, "bell": -12,
    "crash": -6, "splash": -8, "china": -6, "tom_low": -2, "tom_mid": -2, "tom_high": -2,
}  # fmt: skip
_OTHER_DB, _STRAY_DB = -8.0, 5.0


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

    @property
    def kind(self) -> str:
        """How it is played: "machine", "hands" or "sticks"."""
        return "machine" if self.name in _MACHINES else "hands" if self.name in _HANDS else "sticks"

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

    One instrument is drawn for each sound and kept for the song, its level brought to where drummers' kits have it;
    velocity picks the layer, layers of one velocity take turns, and a closed or pedalled hi-hat stops an open one.
    """
    out = np.zeros((2, samples), np.float32)
    chosen = {name: options[int(rng.integers(len(options)))] for name, options in kit.sounds.items()}
    pans = {name: _gains(rng.normal(0, 0.25) if name not in ("kick", "snare") else 0.0) for name in kit.sounds}
    tune = 0.5 * round(float(np.clip(rng.normal(0, 0.8), -2, 2)))
    turns = rng.random(len(notes))
    names = [kit.sound(int(pitch)) for pitch in notes.pitches]
    used = [name for name in kit.sounds if name in names]
    levels = {name: _level_db(chosen[name], rate, tune) for name in {*used, "kick"} if name in chosen}
    reference = levels.get("kick", max(levels.values(), default=0.0))
    for name in used:
        wanted = reference + _BALANCE_DB.get(name, _OTHER_DB)
        gain_db = np.clip(levels[name], wanted - _STRAY_DB, wanted + _STRAY_DB) - levels[name]
        pans[name] = pans[name] * np.float32(10 ** (gain_db / 20))
    stops = np.sort(notes.starts[[name in ("closed", "pedal") for name in names]]) if len(names) else np.zeros(0)
    for i, sound in enumerate(names):
        if sound is None:
            continue
        velocity = notes.velocities[i] / 127
        fits = [one for one in chosen[sound] if one.low - 1e-6 <= velocity <= one.high + 1e-6] or [chosen[sound][-1]]
        layer = fits[int(turns[i] * len(fits))]
        hit = _sample(layer.path, rate, tune)
        begin = round(notes.starts[i] * rate)
        if sound == "open":
            later = np.searchsorted(stops, notes.starts[i] + 1e-4)
            if later < len(stops):
                hit = _fade(hit, round((stops[later] - notes.starts[i]) * rate), round(0.03 * rate))
        length = min(hit.shape[1], samples - begin)
        if length > 0 and begin >= 0:
            out[:, begin : begin + length] += hit[:, :length] * np.float32(layer.gain * velocity) * pans[sound]
    return out, np.array([name is not None for name in names], bool)


def sample_hashes(kit: Kit) -> set[str]:
    """Hash every recording in a kit's folder, decoded; kits whose sets meet share recordings."""
    import soundfile

    hashes = set()
    for path in sorted(kit.path.iterdir()):
        if path.suffix.lower() in (".wav", ".flac", ".aiff", ".aif", ".ogg"):
            samples = soundfile.read(str(path), dtype="int16", always_2d=True)[0]
            hashes.update({hash_of(channel) for channel in samples.T} - {""})
    return hashes


def _level_db(layers: tuple[Layer, ...], rate: int, tune: float) -> float:
    """Loudness of a full stroke in its first 0.1 s, dB."""
    hit = _sample(layers[-1].path, rate, tune)[:, : round(0.1 * rate)]
    return float(10 * np.log10(np.mean(hit * hit) * layers[-1].gain ** 2 + 1e-12)) if hit.size else -120.0


@lru_cache(maxsize=256)
def _sample(path: Path, rate: int, tune: float) -> np.ndarray:
    """Read a hit as (2, n) at ``rate``, the silence around it cut, ``tune`` semitones higher."""
    import soundfile
    import soxr

    data, own = soundfile.read(str(path), dtype="float32", always_2d=True, frames=round((_LONGEST + 1) * 48000))
    loud = np.abs(data).max(1)
    heard = np.flatnonzero(loud > 0.05 * loud.max()) if len(loud) else loud
    if not len(heard):
        return np.zeros((2, 0), np.float32)
    last = np.flatnonzero(loud > 0.001 * loud.max())[-1] + 1
    data = data[max(0, int(heard[0]) - round(0.001 * own)) : last, :2]
    source = own * 2 ** (tune / 12)
    data = soxr.resample(data, source, rate, "HQ") if source != rate else data
    hit = np.ascontiguousarray(np.broadcast_to(data.T, (2, len(data))), np.float32)
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
