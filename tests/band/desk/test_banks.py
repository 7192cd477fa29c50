from __future__ import annotations

import numpy as np
import pytest

from solfeggio.band.desk import banks, kits
from solfeggio.errors import ConfigError, MissingExtra


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """A machine whose only fonts and kits lie in one folder."""
    monkeypatch.setenv("SOLFEGGIO_BANKS", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


def test_banks_are_found_by_name_in_the_given_folder(alone):
    assert banks.banks() == ()
    (alone / "TimGM6mb.sf2").write_bytes(b"")
    (alone / "FluidR3_GM.sf3").write_bytes(b"")
    (alone / "Unknown.sf2").write_bytes(b"")
    assert [(bank.name, bank.side) for bank in banks.banks()] == [("FluidR3_GM", "train"), ("TimGM6mb", "test")]
    assert [bank.name for bank in banks.banks("B")] == ["TimGM6mb"]


def test_a_missing_bank_says_how_to_get_it(alone):
    with pytest.raises(MissingExtra, match=r"family C.*OPL-3_FM_128M.*install-band\.sh.*SOLFEGGIO_BANKS"):
        banks.require("C")
    with pytest.raises(ConfigError, match="sound bank family 'Z'"):
        banks.banks("Z")


def test_no_family_and_no_kit_is_on_both_sides():
    assert not set(banks.SIDES["train"]) & set(banks.SIDES["test"])
    assert not set(kits.SIDES["train"]) & set(kits.SIDES["test"])


def test_what_was_measured_covers_every_known_bank():
    for name in banks._KNOWN:
        for program in range(120):
            sound = banks.measured(name, program)
            assert sound is not None and sound.late.shape == sound.cents.shape == (128,)
            assert 0 <= sound.late.max() <= 0.061 and np.abs(sound.cents).max() <= 40
        assert banks.measured(name, 0, drums=True) is not None
        assert banks.measured(name, 99, drums=True) is banks.measured(name, 0, drums=True)  # as fonts do
    assert banks.measured("Unknown", 0) is None
    assert np.median(banks.measured("OPL-3_FM_128M", 4).cents) == pytest.approx(-9, abs=1)


def _font(path, bodies):
    """Write what of a font is read here: samples and their headers."""
    import struct

    data, headers = b"", b""
    for body in bodies:
        start = len(data) // 2
        data += body.astype("<i2").tobytes()
        headers += (
            b"x".ljust(20, b"\0")
            + struct.pack("<5I", start, len(data) // 2, 0, 0, 22050)
            + struct.pack("<BbHH", 60, 0, 0, 1)
        )
    headers += b"EOS".ljust(46, b"\0")
    lists = b"LIST" + struct.pack("<I", 12 + len(data)) + b"sdta" + b"smpl" + struct.pack("<I", len(data)) + data
    lists += (
        b"LIST" + struct.pack("<I", 12 + len(headers)) + b"pdta" + b"shdr" + struct.pack("<I", len(headers)) + headers
    )
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(lists)) + b"sfbk" + lists)
    return banks.Bank(path.stem, "A", path, "MIT")


def test_a_shared_recording_is_found_whatever_the_silence_around_it(tmp_path):
    rng = np.random.default_rng(0)
    own, shared, other = (rng.integers(1, 900, 3000) for _ in range(3))
    first = banks.sample_hashes(_font(tmp_path / "a.sf2", [own, shared]))
    padded = np.r_[np.zeros(40, int), shared, np.zeros(7, int)]
    second = banks.sample_hashes(_font(tmp_path / "b.sf2", [padded, other]))
    assert len(first) == len(second) == 2 and len(first & second) == 1


@pytest.mark.system
def test_no_recording_is_heard_on_both_sides():
    found = [(b.side, b.name, banks.sample_hashes(b)) for b in banks.banks()]
    found += [(k.side, k.name, kits.sample_hashes(k)) for k in kits.kits()]
    if len({side for side, _, _ in found}) < 2:
        pytest.skip("no sounds of both sides here: scripts/install-band.sh")
    for side, name, hashes in found:
        assert hashes, name
        for other, others_name, others in found:
            assert side == other or not hashes & others, (
                f"{name} ({side}) shares recordings with {others_name} ({other})"
            )
