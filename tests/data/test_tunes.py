"""Sets of tunes, on a corpus of a few tunes made here."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from solfeggio.band.scores.repertoire import Piece
from solfeggio.data import tunes as module
from solfeggio.errors import ConfigError
from solfeggio.tokens import decode_bars, encode_bars, fit_score

HEAD = "X:1\nT:{}\nM:{}\nL:1/8\nK:{}\n"
REEL = "GABc dBGB|cAFA BGDG|GABc d2 ef|gdBG A2 D2|"
OTHER = "e2 dB A2 Bd|e4 d2 B2|g2 fe d2 BA|G4 G2 z2|"
TEXTS = {  # name -> side, ABC
    "reel": ("train", HEAD.format("Reel", "4/4", "G") + REEL),
    "again": ("valid", HEAD.format("Again", "C|", "A") + "ABcd ecAc|dBGB cAEA|ABcd e2 fg|aecA B2 E2|"),
    "longer": ("test", HEAD.format("Longer", "4/4", "G") + OTHER + REEL),
    "march": ("test", HEAD.format("March", "4/4", "G") + OTHER + "GABc dBGB|d4 c4|B4 A2 G2|G8|"),
    "polka": ("train", HEAD.format("Polka", "2/4", "D") + "d/e/f/d/ AF|G/F/E/D/ A,2|D2 F2|A3 z|"),
    "half": ("valid", HEAD.format("Half", "2/4", "G").replace("1/8", "1/16") + REEL),
    "jig": ("train", HEAD.format("Jig", "6/8", "D") + "DFA dAF|EGB gfe|dAF dAF|EFE D3|"),
    "fine": ("train", HEAD.format("Fine", "4/4", "G") + "e2 dB A2 Bd|c/4d/4e/4f/4 g e2 d2 c2|g2 fe d2 ba|G4 D4|"),
    "free": ("train", "X:1\nT:Free\nL:1/8\nK:G\nGABc|d4|e4|g4|"),
}


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    monkeypatch.setenv("SOLFEGGIO_CACHE", str(tmp_path / "cache"))
    read = []
    monkeypatch.setattr(module, "pieces", lambda source: tuple(Piece(n, "", s) for n, (s, _) in TEXTS.items()))
    monkeypatch.setattr(module, "tune_text", lambda name: (read.append(name), TEXTS[name][1])[1])
    fresh(module)
    yield SimpleNamespace(read=read, folder=tmp_path / "cache")
    fresh(module)


def fresh(module):
    module._held.cache_clear()
    module._about.cache_clear()


def test_no_tune_is_on_two_sides_and_none_is_there_twice(corpus):
    assert [score.title for score in module.tunes("train")] == ["Reel", "Polka", "Jig", "Fine"]
    assert module.tunes("valid") == []  # the reel in another key, and in notes of half the length
    assert [score.title for score in module.tunes("test")] == ["March"]  # the longer one holds the reel
    assert [score.title for score in module.tunes("train", ("6/8",))] == ["Jig"]
    counts = module.counts()
    assert counts["read"] == 9
    assert counts["kept"] == 5
    assert counts["the same melody as another"] == 2
    assert counts["of test, shares 4 bars with one to train on"] == 1
    assert counts["no metre, or several"] == 1


def test_scores_are_the_same_from_the_cache(corpus):
    first = module.tunes("train")
    assert corpus.read
    corpus.read.clear()
    fresh(module)
    again = module.tunes("train")
    assert not corpus.read
    for a, b in zip(first, again, strict=True):
        assert np.allclose(a.parts[0].notes, b.parts[0].notes)
        assert (a.title, a.metres, a.keys, a.length_quarters) == (b.title, b.metres, b.keys, b.length_quarters)


def test_a_damaged_cache_is_read_anew(corpus):
    module.tunes("train")
    (kept,) = corpus.folder.glob("tunes-*.npz")
    kept.write_bytes(kept.read_bytes()[:100])
    fresh(module)
    assert len(module.tunes("train")) == 4


def test_bars_are_different_exact_and_of_the_side(corpus):
    bars = module.folk_bars("train")
    assert bars.dtype == np.int8
    assert bars.shape == (4 + 3, 24)  # the bar with quintuple speed cannot be held
    doubled = {bar.tobytes() for bar in module.folk_bars("train", doubled=True)}
    assert len(doubled) == 4 + 3 + 4  # the polka's
    assert doubled > {bar.tobytes() for bar in bars}
    expected = encode_bars(fit_score(module.tunes("train")[0])[0])
    assert {bar.tobytes() for bar in expected.astype(np.int8)} <= {bar.tobytes() for bar in bars}
    assert len(module.folk_bars("test")) == 8
    unseen = module.folk_bars("test", unseen=True)
    assert len(unseen) == 6  # one of its bars is in "Fine", one in the reel
    train = {bar.tobytes() for bar in bars}
    assert not any(bar.tobytes() in train for bar in unseen)


def test_windows_are_successive_bars(corpus):
    windows = module.folk_windows("test", bars=4, hop=2)
    assert windows.shape == (3, 4, 24)
    score = module.tunes("test")[0]
    notes = decode_bars(np.concatenate([windows[0], windows[2]])).parts[0].notes
    assert np.allclose(notes[:, :3], score.parts[0].notes[:, :3])
    assert module.folk_windows("test", bars=16).shape == (0, 16, 24)
    assert len(module.folk_windows("train", bars=4, doubled=True)) == 2
    assert len(module.folk_windows("train", bars=4)) == 1  # "Fine" has a bar that cannot be held


def test_names_and_numbers_that_do_not_exist(corpus):
    with pytest.raises(ConfigError, match="side"):
        module.tunes("tset")
    with pytest.raises(ConfigError, match="1 or more"):
        module.folk_windows("train", bars=0)
