"""Songs that recipes share: the sides share nothing, and sound is rendered once."""

import pytest

from solfeggio.data.dataset import Dataset
from solfeggio.data.songs import recipe_songs, with_sound_kept


def test_no_song_stands_on_two_sides() -> None:
    train, popular, valid, tests = recipe_songs()
    ids = [track.id for dataset in (train, popular, valid, *tests.values()) for track in dataset]
    assert len(set(ids)) == len(ids)
    assert all("test" in dataset.name for dataset in tests.values())


def test_sound_is_rendered_once(tmp_path) -> None:
    train, *_ = recipe_songs(smoke=True)
    one = Dataset(train.name, train.tracks[:1], train.licence)
    first, rate = with_sound_kept(one, tmp_path).tracks[0].audio()
    files = list((tmp_path / "sound" / train.name).iterdir())
    assert len(files) == 1
    before = files[0].stat().st_mtime_ns
    again, same = with_sound_kept(one, tmp_path).tracks[0].audio()
    assert same == rate
    assert (again == first).all()
    assert files[0].stat().st_mtime_ns == before


@pytest.mark.parametrize("name", ["train", "valid", "test-A", "test-B", "test-C"])
def test_names_stay_those_of_kept_sound(name: str) -> None:
    train, popular, valid, tests = recipe_songs()
    assert name in {dataset.name for dataset in (train, popular, valid, *tests.values())}
