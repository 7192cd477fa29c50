"""Errors: one family, one line each, whatever goes in and whichever process it comes from."""

from __future__ import annotations

import inspect
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solfeggio import errors
from solfeggio.errors import ConfigError, SolfeggioError, unknown

FAMILY = [v for v in vars(errors).values() if inspect.isclass(v) and issubclass(v, SolfeggioError)]


@pytest.mark.parametrize("kind", FAMILY)
@given(what=st.text(min_size=1), why=st.text(), todo=st.text())
def test_every_error_is_one_line_and_keeps_its_parts(kind, what, why, todo):
    error = kind(what, why, todo)
    assert len(str(error).splitlines()) <= 1
    assert (error.what, error.why, error.todo) == (what, why, todo)


@pytest.mark.parametrize("kind", FAMILY)
def test_errors_cross_processes_whole(kind):
    error = pickle.loads(pickle.dumps(kind("a.mp3 cannot be read", "it is empty", "check the file")))
    assert type(error) is kind
    assert str(error) == "a.mp3 cannot be read: it is empty (check the file)"
    assert (error.what, error.why, error.todo) == ("a.mp3 cannot be read", "it is empty", "check the file")


def test_family_is_the_one_drawn_in_the_module():
    drawn = {word for word in errors.__doc__.split() if word.endswith(("Error", "Extra"))}
    assert drawn == {kind.__name__ for kind in FAMILY}


def test_unknown_name_offers_the_nearest():
    assert isinstance(unknown("system", "beets", ["beats"]), ConfigError)
    assert "did you mean 'beats'" in str(unknown("system", "beets", ["chords", "beats"]))
    assert "choose one" in str(unknown("system", "xyz", ["beats"]))
    assert "none" in str(unknown("bundle", "beats", []))
