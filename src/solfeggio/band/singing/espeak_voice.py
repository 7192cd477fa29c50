"""Syllables spoken by espeak-ng, with the time of every phoneme.

The library keeps a state from one utterance to the next, so each list is spoken by a fresh process (this file, run as
a script): the same list sounds the same everywhere. Only the standard library is imported here, so that it starts fast.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import subprocess
import sys
from functools import cache
from typing import Any

RATE = 22050
VOWELS = "aeiouyAEIOUVYW@0381&"  # first letters of espeak's names of vowels
_PITCH, _RANGE, _SPEED = 3, 4, 1  # espeak_PARAMETER
_PHONEME = 7  # espeak_EVENT_TYPE


@cache
def installed() -> bool:
    """Tell whether espeak-ng's library is on this machine."""
    return ctypes.util.find_library("espeak-ng") is not None


def speak(voice: str, texts: tuple[str, ...]) -> list[tuple[bytes, list[tuple[int, str]]]]:
    """Speak each text on one low note; returns for each (16-bit PCM at 22050 Hz, [(sample, phoneme)]).

    voice: an espeak-ng voice, perhaps with a variant, such as "en+f3". Raises MissingExtra for one that is not there.
    """
    from solfeggio.errors import MissingExtra

    asked = json.dumps({"voice": voice, "texts": texts})
    done = subprocess.run([sys.executable, __file__], input=asked.encode(), capture_output=True, check=False)
    if done.returncode:
        why = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise MissingExtra(f"espeak-ng cannot speak as {voice}", why[-1] if why else "", "install espeak-ng again")
    head, _, pcm = done.stdout.partition(b"\n")
    out, start = [], 0
    for length, phonemes in json.loads(head):
        out.append((pcm[start : start + 2 * length], [(int(at), str(name)) for at, name in phonemes]))
        start += 2 * length
    return out


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


def _speak_here(voice: str, texts: list[str]) -> bytes:
    """Speak with the library in this process; what ``speak`` reads."""
    library = ctypes.CDLL(ctypes.util.find_library("espeak-ng"))
    pcm: list[bytes] = []
    phonemes: list[tuple[int, str]] = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))
    def heard(samples: Any, count: int, events: Any) -> int:
        if count > 0:
            pcm.append(ctypes.string_at(samples, 2 * count))
        i = 0
        while events[i].type:
            if events[i].type == _PHONEME:
                phonemes.append((events[i].sample, events[i].id.string.decode("utf-8", "replace")))
            i += 1
        return 0

    library.espeak_Initialize(2, 0, None, 1)  # synchronous, events for phonemes
    library.espeak_SetSynthCallback(heard)
    if library.espeak_SetVoiceByName(voice.encode()):
        raise SystemExit(f"espeak-ng has no voice {voice}")
    for parameter, value in ((_SPEED, 130), (_PITCH, 30), (_RANGE, 0)):
        library.espeak_SetParameter(parameter, value, 0)
    rows, sound = [], b""
    for text in texts:
        pcm.clear()
        phonemes.clear()
        line = text.encode()
        library.espeak_Synth(line, len(line) + 1, 0, 0, 0, 1, None, None)
        library.espeak_Synchronize()
        spoken = b"".join(pcm)
        rows.append((len(spoken) // 2, list(phonemes)))
        sound += spoken
    return json.dumps(rows).encode() + b"\n" + sound


if __name__ == "__main__":
    wanted = json.load(sys.stdin)
    sys.stdout.buffer.write(_speak_here(wanted["voice"], wanted["texts"]))
