from __future__ import annotations

from collections import Counter

import pytest

from solfeggio.band.writing import mma
from solfeggio.errors import ConfigError, MissingExtra
from solfeggio.notation import Metre

installed = pytest.mark.skipif(not mma.LIBRARY.is_dir(), reason="mma is not installed")

STYLE = """
Time 4
SeqSize 2
DefGroove Boat basic
SeqSize 1
DefGroove BoatFill one bar
DefGroove BoatEnd
SeqSize 4
DefGroove BoatIntro
Groove Boat
DefGroove BoatSus \\
   with strings
Time 6
DefGroove BoatSix
"""


def test_reads_roles_and_metres_of_a_style_file(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "boat.mma").write_text(STYLE)
    (tmp_path / "own" / "metronome.mma").write_text("DefGroove Tick")
    found = {groove.name: groove for groove in mma.grooves(tmp_path)}
    assert set(found) == {"own/boat:Boat", "own/boat:BoatSus", "own/boat:BoatSix"}
    boat = found["own/boat:Boat"]
    assert (boat.beats, boat.unit, boat.variants) == (4, 4, ("BoatSus",))
    assert boat.intros == ("BoatIntro",) and boat.fills == ("BoatFill",) and boat.endings == (("BoatEnd", 1),)
    assert str(found["own/boat:BoatSix"].metre) == "6/8" and found["own/boat:BoatSix"].intros == ()


def test_a_missing_library_names_the_script_that_installs_it(tmp_path):
    with pytest.raises(MissingExtra, match="install-band"):
        mma.grooves(tmp_path / "nowhere")


def test_all_grooves_of_one_file_share_a_side_and_sides_have_their_share():
    assert mma.side("stdlib/swing:Swing") == mma.side("stdlib/swing:Swing1Walk") == mma.side("stdlib/swing")
    count = Counter(mma.side(f"own/style{i}") for i in range(4000))
    assert [round(count[s] / 4000, 1) for s in ("train", "valid", "test")] == [0.8, 0.1, 0.1]
    assert mma.side("stdlib/swing") == "train", "sides may never move: trained bundles depend on them"


@pytest.mark.parametrize(
    ("metre", "beats", "quarters"),
    [("4/4", 4, 1), ("6/8", 2, 1.5), ("12/8", 4, 1.5), ("7/8", 7, 0.5), ("5/8", 5, 0.5), ("5/4", 5, 1), ("2/2", 2, 2)],
)
def test_tactus(metre, beats, quarters):
    assert mma.tactus(Metre.parse(metre)) == (beats, quarters)


@installed
@pytest.mark.system
def test_the_installed_library_has_every_metre_and_side():
    found = mma.grooves()
    assert len(found) > 1000
    assert {groove.beats for groove in found} == {2, 3, 4, 5, 6}
    assert {mma.side(groove.name) for groove in found} == {"train", "valid", "test"}
    assert all(40 <= groove.low < groove.high <= 240 for groove in found if groove.unit == 4)
    with pytest.raises(ConfigError, match="did you mean"):
        mma.groove_named("stdlib/swing:Swong")
