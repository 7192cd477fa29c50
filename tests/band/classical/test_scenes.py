from __future__ import annotations

import numpy as np
import pytest

from solfeggio.band.classical.scenes import write_leitmotifs
from solfeggio.band.compose import audible, compose
from solfeggio.band.perform import perform
from solfeggio.band.song import Song
from solfeggio.band.style import load_style, style_names
from solfeggio.band.writing.feel import feel_of
from solfeggio.notation import Metre

STYLES = [name for name in style_names() if load_style(name).composer == "scene"]


def statements(song: Song, start: float, end: float) -> list[tuple[tuple[float, ...], tuple[int, ...]]]:
    """For every lead that plays in a span: (onsets as shares of the span, intervals) of its notes."""
    out = []
    for part in song.parts:
        inside = (part.notes[:, 0] >= start - 1e-6) & (part.notes[:, 0] < end - 1e-6)
        notes = part.notes[inside]
        if part.name.startswith("melody") and len(notes) > 2 and abs(notes[-1, 1] - end) < 1e-6:
            rise = notes[-1, 0] - start
            onsets = tuple(np.round((notes[:, 0] - start) / rise, 4).tolist())
            out.append((onsets, tuple(np.diff(notes[:, 2]).astype(int).tolist())))
    return out


@pytest.mark.parametrize("name", STYLES)
def test_every_occurrence_holds_its_motif_up_to_transposition_and_stretch(name):
    occurrences = returns = 0
    spans, keys = set(), 0
    for seed in range(12):
        song = compose(seed, style=name)
        assert audible(song) and song.motifs and song.motifs[0][2] == "M1"
        shapes: dict[str, tuple] = {}
        first_pitch: dict[str, set[int]] = {}
        for start, end, label in song.motifs:
            assert 0 <= start < end <= song.length_quarters
            found = statements(song, start, end)
            assert found, (seed, start, label)
            assert len(set(found)) == 1, "who doubles a motif plays the same"
            returns += label in shapes
            assert shapes.setdefault(label, found[0]) == found[0], (seed, start, label)
            occurrences += 1
            spans.add((seed, label, round(end - start, 1)))
            pitches = [p.notes[np.abs(p.notes[:, 0] - start) < 1e-6, 2] for p in song.parts]
            first_pitch.setdefault(label, set()).update(int(x) % 12 for p in pitches for x in p)
        assert len(set(shapes.values())) == len(shapes), "motifs differ"
        keys += len({label for _, _, label in song.keys}) > 1
    assert occurrences > 40 and returns > 20 and keys > 6
    assert len(spans) > len({(seed, label) for seed, label, _ in spans}), "some return stretched"


def test_motifs_differ_in_rhythm_and_contour():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        motifs = write_leitmotifs(rng, feel_of(rng, Metre(4)), 5)
        assert len({tuple(a for a, _, _ in m.notes) for m in motifs}) == 5
        assert all(1 <= m.bars <= 3 and 4 <= len(m.notes) <= 14 and m.notes[0][0] == 0 for m in motifs)


def test_performances_mark_motifs_in_seconds():
    song = compose(3, style="leitmotif")
    played = perform(np.random.default_rng(0), song)
    motifs = played.spans["motifs"]
    assert len(motifs) == len(song.motifs) and motifs.ends.max() <= played.duration
    again = compose(3, style="leitmotif")
    assert song.motifs == again.motifs
    assert all(np.array_equal(a.notes, b.notes) for a, b in zip(song.parts, again.parts, strict=True))


def test_free_passages_lie_between_motifs():
    shares = []
    for seed in range(12):
        song = compose(seed, style="leitmotif")
        shares.append(sum(b - a for a, b, _ in song.motifs) / song.length_quarters)
        assert song.motifs[-1][1] < song.length_quarters - 1
    assert 0.2 < np.mean(shares) < 0.8
