"""Syllables sung by Sinsy: every kana once, by the statistical voice that comes with pysinsy.

Voice: nitech_jp_song070_f001, Nagoya Institute of Technology, CC-BY-3.0.
"""

from __future__ import annotations

import importlib.util
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from solfeggio.band.singing.syllables import RATE, Syllables, analyse, native
from solfeggio.band.singing.words import KANA, vocabulary
from solfeggio.errors import MissingExtra

_VOICE = "nitech_jp_song070_f001.htsvoice"
_EACH = 0.75  # seconds from one kana to the next: a note of 0.5 and a rest
_PITCHES = (("E", 4), ("A", 4))


def installed() -> bool:
    """Tell whether pysinsy is installed."""
    return importlib.util.find_spec("pysinsy") is not None


@lru_cache(maxsize=2)
def sung(high: bool = False) -> Syllables:
    """Let Sinsy sing all kana that the band knows, on E4 or A4, and analyse them; some seconds, once a process.

    Raises MissingExtra without pysinsy.
    """
    import soxr

    module = native("pysinsy", "sinsy")
    spec = importlib.util.find_spec("pysinsy")
    if module is None or spec is None or not spec.submodule_search_locations:
        raise MissingExtra("Sinsy cannot sing", "pysinsy is not installed", "run scripts/install-band.sh")
    home = Path(spec.submodule_search_locations[0])
    kana = tuple(sorted({s for word in vocabulary("ja") for s in word} | set(KANA.values())))
    singer = module.Sinsy()
    with tempfile.TemporaryDirectory() as folder:
        score = Path(folder) / "kana.xml"
        score.write_text(_score(kana, *_PITCHES[high]), "utf-8")
        ready = singer.setLanguages("j", str(home / "_dic")) and singer.loadVoices(str(home / "htsvoice" / _VOICE))
        if not ready or not singer.loadScoreFromMusicXML(str(score)):
            raise MissingExtra("Sinsy cannot sing", "its voice or dictionary is missing", "install pysinsy again")
        samples, rate = singer.synthesize()
    samples = soxr.resample(np.asarray(samples) / 32768, rate, RATE)
    late = len(samples) / RATE - _EACH * (len(kana) + 1)  # Sinsy adds rest before the first note
    return _cut(kana, samples, late)


def _cut(kana: tuple[str, ...], samples: np.ndarray, late: float) -> Syllables:
    """Find each kana: its vowel begins where the sound reaches most of its level."""
    step = round(0.005 * RATE)
    pieces, cuts = [], []
    for i in range(len(kana)):
        first = max(round((late + _EACH * (i + 1) - 0.2) * RATE), 0)
        piece = samples[first : first + round((_EACH + 0.02) * RATE)]
        blocks = np.sqrt(np.square(piece[: len(piece) // step * step].reshape(-1, step)).mean(1))
        full = np.percentile(blocks, 85)
        vowel = int(np.argmax(np.convolve(blocks, np.ones(5) / 5, "same") > 0.6 * full))
        last = vowel + int(np.argmax(np.append(blocks[vowel + 20 :] < 0.3 * full, True))) + 20
        quiet = np.flatnonzero(blocks[:vowel] < 0.02 * full)
        begin = max(int(quiet[-1]) + 1 if len(quiet) else 0, vowel - 30)
        length = last - vowel
        marks = (begin, vowel, vowel + min(16, 0.3 * length), vowel + 0.75 * length, last)
        pieces.append(piece)
        cuts.append(tuple(mark * 0.005 for mark in marks))
    return analyse(kana, pieces, cuts)


def _score(kana: tuple[str, ...], step: str, octave: int) -> str:
    """Write MusicXML: a rest of 0.75 s, then each kana for 0.5 s and a rest of 0.25 s, each in a bar of 3/8."""
    rest = "<note><rest/><duration>{}</duration></note>"
    head = (
        "<attributes><divisions>2</divisions><key><fifths>0</fifths></key><time><beats>3</beats><beat-type>8</beat-type>"
        '</time><clef><sign>G</sign><line>2</line></clef></attributes><direction><sound tempo="120"/></direction>'
    )
    bars = [head + rest.format(3)]
    for syllable in kana:
        pitch = f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
        bars.append(
            f"<note>{pitch}<duration>2</duration><lyric><text>{syllable}</text></lyric></note>" + rest.format(1)
        )
    body = "".join(f'<measure number="{i + 1}">{bar}</measure>' for i, bar in enumerate(bars))
    return (
        '<?xml version="1.0" encoding="UTF-8"?><score-partwise version="2.0"><part-list><score-part id="P1">'
        f'<part-name>kana</part-name></score-part></part-list><part id="P1">{body}</part></score-partwise>'
    )
