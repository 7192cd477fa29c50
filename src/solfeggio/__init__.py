"""Solfeggio: ear training for machines.

The public verbs live here and load what they need only when used, so ``import solfeggio`` is quick and without PyTorch:
``read`` a sound file, ``load`` a trained system, ``hear`` one answer, ``analyze`` everything, ``stream`` live sound,
``separate`` a recording into stems,
``evaluate`` an answer against the truth, ``write`` variants of a score,
``read_score`` and ``write_score`` for files of written music.

>>> import solfeggio
>>> "analyze" in dir(solfeggio)
True
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from solfeggio.audio import read
    from solfeggio.band.scores.files import read_score, write_score
    from solfeggio.run import analyze, hear, load, separate, stream
    from solfeggio.studies.scores import evaluate
    from solfeggio.writing import write

__version__ = "0.1.0"
__all__ = ["analyze", "evaluate", "hear", "load", "read", "read_score", "separate", "stream", "write", "write_score"]

_HOMES = {
    "analyze": "solfeggio.run",
    "evaluate": "solfeggio.studies.scores",
    "hear": "solfeggio.run",
    "load": "solfeggio.run",
    "read": "solfeggio.audio",
    "read_score": "solfeggio.band.scores.files",
    "separate": "solfeggio.run",
    "stream": "solfeggio.run",
    "write": "solfeggio.writing",
    "write_score": "solfeggio.band.scores.files",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'solfeggio' has no attribute '{name}': its verbs are {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
