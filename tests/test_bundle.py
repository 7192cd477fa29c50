"""Bundles: what is refused when a folder is missing, damaged or written by someone else."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from solfeggio import bundle
from solfeggio.errors import BundleError, ConfigError

FACTS = {
    "data": ["the band, CC0-1.0"],
    "licence": "Apache-2.0",
    "metrics": {"held-out banks": {"F": "0.90 (0.88 to 0.92)"}},
    "seeds": [0, 1],
    "limits": ["no rubato"],
    "energy": "0.1 kWh",
}
ARRAYS = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.ones(4, np.float32)}


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "mine"
    bundle.save(place, system="beats", config={"width": 3}, arrays=ARRAYS, golden={"logits": {}}, facts=FACTS)
    return place


def test_what_is_saved_is_loaded(folder):
    stored = bundle.load(folder)
    assert stored.name == "mine"
    assert stored.config["parameters"] == 10
    assert all(np.array_equal(stored.arrays[key], ARRAYS[key]) for key in ARRAYS)
    assert sorted(path.name for path in folder.iterdir()) == ["card.md", "config.json", "weights.safetensors"]


def test_saving_twice_gives_the_same_bytes(folder, tmp_path):
    again = tmp_path / "again" / "mine"
    bundle.save(
        again,
        system="beats",
        config={"width": 3},
        arrays=dict(reversed(ARRAYS.items())),
        golden={"logits": {}},
        facts=FACTS,
    )
    assert all((again / path.name).read_bytes() == path.read_bytes() for path in folder.iterdir())


def test_the_card_states_every_fact(folder):
    card = (folder / "card.md").read_text()
    for words in (
        "mine",
        "10",
        "Apache-2.0",
        "the band, CC0-1.0",
        "F 0.90 (0.88 to 0.92)",
        "0, 1",
        "no rubato",
        "0.1 kWh",
        '"width": 3',
    ):
        assert words in card


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "cannot be read"),
        (b"{", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b"3", "cannot be read"),
        (b"[]", "lacks"),
        (b'{"system": "beats"}', "lacks config, sha256, golden, facts"),
    ],
)
def test_a_damaged_config_is_one_clear_line(folder, content, says):
    (folder / "config.json").write_bytes(content)
    with pytest.raises(BundleError, match=says) as caught:
        bundle.load(folder)
    assert len(str(caught.value).splitlines()) == 1


def test_missing_truncated_and_foreign_weights(folder):
    weights = folder / "weights.safetensors"
    data = weights.read_bytes()
    weights.write_bytes(data[:-4])
    with pytest.raises(BundleError, match="sha256"):
        bundle.load(folder)
    config = json.loads((folder / "config.json").read_text())
    config["sha256"] = hashlib.sha256(data[:-4]).hexdigest()
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(BundleError, match="damaged"):
        bundle.load(folder)
    weights.unlink()
    with pytest.raises(BundleError, match="cannot be read"):
        bundle.load(folder)


def test_names_and_places_that_are_no_bundle(tmp_path):
    with pytest.raises(BundleError, match="no config"):
        bundle.folder(tmp_path)
    with pytest.raises(BundleError):
        bundle.folder(str(tmp_path / "missing"))
    with pytest.raises(ConfigError, match="unknown bundle"):
        bundle.folder("no-such-bundle")


def test_a_place_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError):
        bundle.save(tmp_path / "file" / "mine", system="beats", config={}, arrays=ARRAYS, golden={}, facts=FACTS)


@pytest.mark.parametrize("name", bundle.names())
def test_shipped_bundles_are_small_whole_and_described(name):
    stored = bundle.load(name)
    home = bundle.folder(name)
    assert sum(path.stat().st_size for path in home.iterdir()) < 4_000_000
    assert all(stored.config["facts"][fact] for fact in bundle.FACTS)
    assert (home / "card.md").read_text() == bundle.card(stored.config)
