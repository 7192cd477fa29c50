"""Writing files: whole or not at all, and nowhere else."""

from __future__ import annotations

import os

import pytest

from solfeggio.errors import FormatError
from solfeggio.files import replacing, write_bytes


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    write_bytes(tmp_path / "a", b"old")
    with pytest.raises(RuntimeError), replacing(tmp_path / "a") as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_places_that_cannot_be_written_to(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for path in (
        tmp_path,
        tmp_path / "no" / "a",
        os.devnull,
        tmp_path / "link",
        tmp_path / "a\0b",
        tmp_path / ("x" * 300),
    ):
        with pytest.raises(FormatError) as caught:
            write_bytes(path, b"", FormatError)
        assert "cannot be written" in str(caught.value)
    assert os.listdir(tmp_path) == ["link"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_protected_folder_says_so(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(FormatError, match="ermission"):
            write_bytes(tmp_path / "a", b"", FormatError)
    finally:
        tmp_path.chmod(0o700)


def test_rights_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
