from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from solfeggio.band.desk import banks
from solfeggio.data import corpora
from solfeggio.data.corpora import Corpus, corpus, corpus_names, load_corpus
from solfeggio.data.takes import Take
from solfeggio.errors import ConfigError, MissingExtra


@pytest.mark.parametrize("name", corpus_names())
def test_every_corpus_can_be_read_and_songs_of_two_corpora_differ(name):
    found = load_corpus(name)
    assert found.name == name and found.about and found.count() >= 1
    for other in corpus_names():
        if other != name and not (name.startswith("test-") and other.startswith("test-")):
            assert load_corpus(other).seed != found.seed
    assert (found.side == "test") == (found.family in ("B", "C") or name == "test-A")


def test_a_song_is_the_same_whatever_the_size():
    few, many = corpus("pop-1", hours=0.1), corpus("pop-1", hours=1)
    assert 1 < len(few) < len(many) and [t.id for t in few] == [t.id for t in many][: len(few)]
    smoke = load_corpus("smoke")
    first, again = smoke.take(1).track().answers["beats"], corpus("smoke", hours=0.1).tracks[1].answers["beats"]
    assert first == again


def test_versions_are_of_one_work_each():
    takes = [replace(load_corpus("versions-1")).take(i) for i in range(8)]
    assert [take.version for take in takes] == [0, 1, 2, 3] * 2
    assert len({take.seed for take in takes}) == 2 and len({take.style for take in takes}) == 2
    assert len({take.id for take in takes}) == 8
    groups = [take.track().groups for take in takes[:2]]
    assert groups[0]["work"] == groups[1]["work"]


def test_smoke_needs_nothing_installed(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(banks, "folders", lambda: [])
    smoke = load_corpus("smoke")
    for i in range(smoke.count()):
        corpora.ready(smoke.take(i))
    samples, rate = smoke.take(0).track().audio()
    assert rate == 22050 and np.abs(samples).max() > 0.05


def test_what_is_missing_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setattr(banks, "folders", lambda: [])
    with pytest.raises(MissingExtra, match=r"install-band\.sh.*--family sketch"):
        corpora.ready(Take("x", 1, style="pop"))
    monkeypatch.setattr(corpora, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="music21"):
        corpora.ready(Take("x", 1, style="bach-chorales", family="sketch"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("hours = 1.0", "no 'about'"),
        ('about = "a"\nhour = 1', "did you mean 'hours'"),
        ('about = "a"\nhours = "1"', "expected float"),
        ('about = "a"\nhours = -1', "expected more than 0"),
        ('about = "a"\nside = "dev"', "unknown side"),
        ('about = "a"\nfamily = "B"', "kept for testing"),
        ('about = "a"\nstyles = ["popp"]', "did you mean 'pop'"),
        ('about = "a"\nversions = 0', "at least one"),
        ("about = ", "not TOML"),
    ],
)
def test_a_wrong_corpus_file_says_what_is_wrong(tmp_path, text, complaint):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        load_corpus(path)


def test_a_corpus_file_may_name_style_files_beside_it(tmp_path):
    (tmp_path / "drone.toml").write_text('about = "x"\ntempo = [60, 70]\n[[leads]]\nodds = 1.0\n')
    (tmp_path / "mine.toml").write_text('about = "a"\nstyles = ["drone.toml"]\nfamily = "sketch"\n')
    found = load_corpus(tmp_path / "mine.toml")
    assert found.name == "mine" and found.take(3).track().groups["style"] == "drone"


def test_unknown_names_are_errors():
    with pytest.raises(ConfigError, match="did you mean 'pop-1'"):
        load_corpus("pop1")
    with pytest.raises(ConfigError, match="hours"):
        corpus("smoke", hours=0)


def test_a_corpus_is_not_mixed_with_one_made_otherwise(tmp_path):
    mine = Corpus("mine", "a", family="sketch", styles=("pop",))
    corpora.begin(mine, tmp_path, rate=22050, stems="4")
    corpora.begin(mine, tmp_path, rate=22050, stems="4")
    with pytest.raises(ConfigError, match="rate, stems"):
        corpora.begin(mine, tmp_path, rate=44100, stems="none")
    with pytest.raises(ConfigError, match="seed"):
        corpora.begin(replace(mine, seed=2), tmp_path, rate=22050, stems="4")
    index = corpora.finish(mine, tmp_path)
    assert index.read_text().startswith("id,style,key,") and len(index.read_text().splitlines()) == 1
    assert json.loads((tmp_path / "manifest.json").read_text())["licence"] == "Apache-2.0"
