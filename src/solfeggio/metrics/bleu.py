"""BLEU: how many runs of tokens a written sequence shares with the real one.

Source: Papineni et al., "BLEU: a method for automatic evaluation of machine translation" (ACL 2002), over a corpus with
one reference each, without smoothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np

from solfeggio.errors import ConfigError


def bleu(
    written: Sequence[Sequence[Hashable]], real: Sequence[Sequence[Hashable]], order: int = 4
) -> tuple[float, ...]:
    """BLEU-1 to BLEU-``order`` of written sequences, each against the real one at the same place.

    The order of arguments matters: what is counted is the share of the written runs that are real, and sequences
    shorter than the real ones are punished. Raises ConfigError when the lists differ in length or are empty.

    >>> [round(value, 3) for value in bleu([[1, 2, 3, 9]], [[1, 2, 3, 4]], 3)]
    [0.75, 0.707, 0.63]
    """
    if not written or len(written) != len(real) or order < 1:
        raise ConfigError(f"BLEU of {len(written)} and {len(real)} sequences", "each written one needs its real one")
    shared, total = np.zeros(order), np.zeros(order)
    for one, other in zip(written, real, strict=True):
        for n in range(1, order + 1):
            mine, theirs = (Counter(tuple(s[i : i + n]) for i in range(len(s) - n + 1)) for s in (one, other))
            shared[n - 1] += (mine & theirs).total()
            total[n - 1] += mine.total()
    lengths = sum(map(len, written)), sum(map(len, real))
    brevity = 1.0 if lengths[0] >= lengths[1] else float(np.exp(1 - lengths[1] / max(lengths[0], 1)))
    precisions = shared / np.maximum(total, 1)
    with np.errstate(divide="ignore"):
        means = np.exp(np.cumsum(np.log(precisions)) / np.arange(1, order + 1))
    return tuple(float(brevity * mean) for mean in means)
