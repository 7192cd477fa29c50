from __future__ import annotations

import numpy as np
import pytest

from solfeggio.band.compose import audible, compose
from solfeggio.band.perform import perform
from solfeggio.band.song import Song
from solfeggio.band.versions import respell, retime, transpose, version
from solfeggio.harte import pitch_classes

STYLES = ("rock", "string-quartet", "jazz-swing", "chorale-choir", "leitmotif", "waltz")


def agreement(song: Song) -> float:
    starts, right, every = np.array([a for a, _, _ in song.chords]), 0.0, 0.0
    for part in song.parts:
        for a, b, pitch, _ in part.notes if not part.drums else ():
            tones = pitch_classes(song.chords[max(np.searchsorted(starts, a + 1e-6) - 1, 0)][2])
            if tones:
                right, every = right + (b - a) * (int(pitch) % 12 in tones), every + b - a
    return right / every if every else 1.0


@pytest.mark.parametrize("name", STYLES)
def test_versions_are_other_performances_with_a_truth_as_good(name):
    changed = set()
    for seed in range(6):
        song = compose(seed, style=name)
        other = version(np.random.default_rng(seed), song)
        assert other.work == song.name and other.name != song.name and audible(other)
        assert agreement(other) > agreement(song) - 0.1
        for part in other.parts:
            assert (np.diff(part.notes[:, 0]) >= 0).all() and (part.notes[:, 1] > part.notes[:, 0]).all()
            assert not part.words or len(part.words) == len(part.notes)
        assert perform(np.random.default_rng(0), other).duration > 15
        changed |= {what for what in ("bpm", "keys", "length_quarters") if getattr(other, what) != getattr(song, what)}
        changed |= {"parts"} if len(other.parts) != len(song.parts) else set()
    assert {"bpm", "keys"} <= changed


def test_a_version_of_a_version_is_of_the_same_work_and_the_same_seed_gives_the_same():
    song = compose(1, style="waltz")
    one = version(np.random.default_rng(1), song)
    two, again = (version(np.random.default_rng(2), one) for _ in range(2))
    assert two.work == song.name and two.name == again.name and two.chords == again.chords
    assert all(np.array_equal(a.notes, b.notes) for a, b in zip(two.parts, again.parts, strict=True))


def test_transposing_moves_pitches_and_labels_but_not_drums():
    song = compose(2, style="rock")
    there = transpose(song, 5)
    for a, b in zip(song.parts, there.parts, strict=True):
        moved = (b.notes[:, 2] - a.notes[:, 2]) % 12
        assert np.all(moved == (0 if a.drums else 5))
    for (_, _, a), (_, _, b) in zip(song.chords, there.chords, strict=True):
        assert {(p + 5) % 12 for p in pitch_classes(a)} == set(pitch_classes(b))
    assert [respell(label, 3) for label in ("N", "X", "B:maj", "C:hdim7/b3")] == ["N", "X", "D:maj", "Eb:hdim7/b3"]
    back = transpose(there, -5)
    assert [pitch_classes(c[2]) for c in back.chords] == [pitch_classes(c[2]) for c in song.chords]


def test_tempo_stays_within_music():
    song = compose(2, style="rock")
    assert retime(song, 1.1).bpm == pytest.approx(song.bpm * 1.1)
    assert retime(song, 100).bpm <= 220 * 2 and retime(song, 0.01).bpm >= 45 * 0.5


def test_motifs_stay_whole():
    whole = 0
    for seed in range(12):
        song = compose(seed, style="leitmotif")
        other = version(np.random.default_rng(seed), song)
        lengths = sorted({round(b - a, 2) for a, b, _ in song.motifs})
        swung = any(abs(x % 1 - 0.5) < 0.2 and x % 0.5 for part in other.parts for x in part.notes[:, 0].tolist())
        for a, b, label in other.motifs:
            assert swung or any(abs(b - a - x) < 0.06 for x in lengths), (seed, label)
            played = [p for p in other.parts if p.name.startswith("melody")]
            assert any(np.min(np.abs(p.notes[:, 0] - a)) < 1e-6 for p in played)
            whole += 1
    assert whole > 40
