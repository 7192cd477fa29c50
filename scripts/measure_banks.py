"""Measure when and how high every program of the sound banks sounds: rewrites src/solfeggio/band/desk/sounds.csv.

python scripts/measure_banks.py [BANK ...]: all banks, or those named (the others keep their lines). A line is: bank,
program ("drums 0" is a drum kit), milliseconds from note-on to the attack, milliseconds the attack takes to rise, and
the cents by which keys 24 ... 104 are sharp ("3*5" is 3 for five keys). Drum kits have no cents; their milliseconds are
those of keys 35 ... 81 instead. Takes less than a minute for each bank.
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

import numpy as np

from solfeggio.answers import Notes
from solfeggio.band.desk import banks, render

RATE = 22050
TABLE = Path(banks.__file__).parent / "sounds.csv"


def strike(bank: banks.Bank, program: int, drums: bool, key: int, seconds: float) -> np.ndarray:
    """Play one note at 0 s, as the bank has it; the louder channel."""
    notes = Notes([0.0], [seconds - 0.2], [key], [100])
    sound = render.play(bank, notes, program, drums, RATE, round(seconds * RATE), as_is=True)
    return sound[np.argmax(np.square(sound).sum(1))]


def attack(sound: np.ndarray) -> tuple[float, float] | None:
    """Seconds to the first sound (-26 dB of the peak of the first 0.5 s), and from there to -6 dB."""
    loud = np.abs(sound[: RATE // 2])
    loud = np.maximum.accumulate(loud)
    if loud[-1] < 1e-4:
        return None
    first, high = np.searchsorted(loud, (0.05 * loud[-1], 0.5 * loud[-1]))
    return float(first / RATE), float((high - first) / RATE)


def sharp(sound: np.ndarray, key: int) -> float:
    """Cents by which a note is above its key; 0 where the partials do not agree (choruses, bells, noise)."""
    hz = 440 * 2 ** ((key - 69) / 12)
    held = sound[round(0.12 * RATE) :]
    size = 1 << 17
    spectrum = np.abs(np.fft.rfft(held * np.hanning(len(held)), size))
    cents, weights = [], []
    for partial in range(1, 6):
        low, high = (round(partial * hz * 2 ** (c / 1200) * size / RATE) for c in (-70, 70))
        if partial * hz > 0.4 * RATE:
            break
        peak = low + int(np.argmax(spectrum[low : high + 1]))
        if peak in (low, high):
            continue
        a, b, c = np.log(spectrum[peak - 1 : peak + 2] + 1e-12)
        place = peak + 0.5 * (a - c) / (a - 2 * b + c - 1e-12)
        cents.append(1200 * np.log2(place * RATE / size / partial / hz))
        weights.append(spectrum[peak] ** 2)
    if not cents or sum(weights) < 1e-6:
        return 0.0
    mean = float(np.average(cents, weights=weights))
    spread = float(np.sqrt(np.average((np.array(cents) - mean) ** 2, weights=weights)))
    return mean if spread < 8 and abs(mean) < 40 else 0.0


def packed(values: list[float]) -> str:
    """Write numbers, rounded: "3*5" is 3 five times."""
    runs = [(value, len(list(same))) for value, same in groupby(round(v) for v in values)]
    return " ".join(f"{value}*{count}" if count > 1 else str(value) for value, count in runs)


def lines_of(bank: banks.Bank) -> list[str]:
    lines = []
    for program in range(120):
        heard = [h for key in (48, 55, 60, 67, 72) if (h := attack(strike(bank, program, False, key, 0.7)))]
        late, rise = np.median(heard, axis=0) if heard else (0.0, 0.0)
        cents = [sharp(strike(bank, program, False, key, 1.0), key) for key in range(24, 105)]
        lines.append(f"{bank.name},{program},{1000 * late:.1f},{1000 * rise:.0f},{packed(cents)}")
    synth = render._synth(bank, RATE)
    for kit in range(128):
        if synth.sfpreset_name(0, 128, kit) is None:
            continue
        heard = [attack(strike(bank, kit, True, key, 0.5)) for key in range(35, 82)]
        lines.append(f"{bank.name},drums {kit},0,0,{packed([1000 * h[0] if h else 0.0 for h in heard])}")
    return lines


def main() -> None:
    old = TABLE.read_text("utf-8").splitlines()[1:] if TABLE.is_file() else []
    wanted = sys.argv[1:] or [bank.name for bank in banks.banks()]
    kept = [line for line in old if line.split(",")[0] not in wanted]
    for bank in banks.banks():
        if bank.name in wanted:
            kept += lines_of(bank)
    TABLE.write_text("bank,program,late_ms,rise_ms,cents_or_ms\n" + "\n".join(kept) + "\n", "utf-8")


if __name__ == "__main__":
    main()
