from __future__ import annotations

import numpy as np
import pytest

from solfeggio.answers import Notes
from solfeggio.band.desk import kits
from solfeggio.errors import FormatError


@pytest.mark.parametrize(
    ("name", "sound"),
    [
        ('Kick (Tama Superstar 22")', "kick"),
        ("BassDrum", "kick"),
        ("Pearl Snare Rimshot", "snare"),
        ("Snare Roll", ""),
        ("Hi-Hat Closed (Paiste)", "closed"),
        ("Pedal HH", "pedal"),
        ("Sabian Hat Semi-Open", "open"),
        ("Hat Op Dirty", "open"),
        ("Floor Tom", "tom_low"),
        ("Tom 2", "tom_mid"),
        ("Tom Hi", "tom_high"),
        ("Crash/Ride (Paiste)", "ride"),
        ("Crash Left", "crash"),
        ("Ride Bell", "bell"),
        ("Cowbell", "cowbell"),
        ("Hand Clap", "clap"),
        ("Side Stick", "rim"),
        ("17", ""),
        ("VariBreaks Hat 1 Pd", "pedal"),
        ("VariBreaks Hat 1 Op", "open"),
        ("b3 - low tom", "tom_low"),
        ("Cajon Thump", "kick"),
        ("Bongo Hi", "bongo_high"),
        ("Sample: beats_01-10.flac", ""),
        ("FX", ""),
    ],
)
def test_instrument_names_become_sounds(name, sound):
    assert kits.sound_of(name) == sound


def _write_kit(folder, rate=22050):
    import soundfile

    folder.mkdir(exist_ok=True)
    click = np.zeros(4000, np.float32)
    click[1000:] = np.exp(-np.arange(3000) / 500)
    for i, file in enumerate(("soft.wav", "loud.wav", "open.wav", "hat.wav")):
        soundfile.write(folder / file, click * (0.1, 0.9, 0.5, 0.5)[i], rate)
    layer = "<layer><filename>{}</filename><min>{}</min><max>{}</max></layer>".format
    (folder / "drumkit.xml").write_text(
        '<?xml version="1.0"?><drumkit_info xmlns="http://www.hydrogen-music.org/drumkit"><name>t</name><instrumentList>'
        f"<instrument><name>Kick</name>{layer('loud.wav', 0.5, 1)}{layer('soft.wav', 0, 0.5)}</instrument>"
        f"<instrument><name>Open HH</name>{layer('open.wav', 0, 1)}</instrument>"
        "<instrument><name>Closed HH</name><filename>hat.wav</filename></instrument>"
        f"<instrument><name>Snare</name>{layer('../../gone.wav', 0, 1)}</instrument>"
        "</instrumentList></drumkit_info>"
    )
    return folder


def test_a_kit_is_read_with_its_layers_and_old_style_instruments(tmp_path):
    kit = kits.read(_write_kit(tmp_path / "kit"))
    assert set(kit.sounds) == {"kick", "open", "closed"}
    assert [layer.path.name for layer in kit.sounds["kick"][0]] == ["soft.wav", "loud.wav"]
    assert kit.sound(36) == "kick" and kit.sound(44) == "closed" and kit.sound(38) is None


def test_a_kit_strikes_on_time_by_velocity_and_reports_what_it_lacks(tmp_path):
    kit = kits.read(_write_kit(tmp_path / "kit"))
    played = Notes([0.1, 0.5, 0.8], [0.2, 0.6, 0.9], [36, 38, 36], [127, 100, 50])
    out, known = kits.play(kit, played, np.random.default_rng(0), 22050, 22050)
    again, _ = kits.play(kit, played, np.random.default_rng(0), 22050, 22050)
    assert np.array_equal(out, again) and known.tolist() == [True, False, True]
    loud = np.abs(out).max(0)
    assert abs(np.argmax(loud > 0.05) / 22050 - 0.1) < 0.003  # the 45 ms of silence before the click are cut
    assert loud[: round(0.5 * 22050)].max() > 5 * loud[round(0.5 * 22050) :].max()


def test_a_closed_hi_hat_stops_an_open_one(tmp_path):
    kit = kits.read(_write_kit(tmp_path / "kit"))
    open_hit = Notes([0.0], [0.1], [46], [127])
    choked = Notes([0.0, 0.02], [0.1, 0.1], [46, 42], [127, 1])
    free, _ = kits.play(kit, open_hit, np.random.default_rng(0), 22050, 8000)
    short, _ = kits.play(kit, choked, np.random.default_rng(0), 22050, 8000)
    late = slice(round(0.06 * 22050), None)
    assert np.square(short[:, late]).sum() < 0.2 * np.square(free[:, late]).sum()


@pytest.mark.parametrize(
    "text",
    ["no xml", "<drumkit_info></drumkit_info>", '<!DOCTYPE a [<!ENTITY b "c">]><drumkit_info>&b;</drumkit_info>'],
)
def test_a_bad_kit_is_refused(tmp_path, text):
    (tmp_path / "drumkit.xml").write_text(text)
    with pytest.raises(FormatError, match=r"drumkit\.xml"):
        kits.read(tmp_path)


def test_layers_of_one_velocity_take_turns_and_repeat_with_the_seed(tmp_path):
    import soundfile

    folder = _write_kit(tmp_path / "kit")
    for i in range(4):
        soundfile.write(folder / f"turn{i}.wav", np.full(500, 0.1 * (i + 1), np.float32), 22050)
    layers = "".join(f"<layer><filename>turn{i}.wav</filename><min>0</min><max>1</max></layer>" for i in range(4))
    text = (folder / "drumkit.xml").read_text()
    text = text.replace("</instrumentList>", f"<instrument><name>Cowbell</name>{layers}</instrument></instrumentList>")
    (folder / "drumkit.xml").write_text(text)
    hits = Notes(np.arange(12) * 0.1, np.arange(12) * 0.1 + 0.05, np.full(12, 56), np.full(12, 100))
    kit = kits.read(folder, "test")
    first, again, other = (kits.play(kit, hits, np.random.default_rng(i), 22050, 30000)[0] for i in (1, 1, 2))
    heights = {round(float(np.abs(first[0, i * 2205 : i * 2205 + 400]).max()), 2) for i in range(12)}
    assert len(heights) > 1 and np.array_equal(first, again) and not np.array_equal(first, other)


def test_a_hi_hat_that_was_recorded_too_loud_is_brought_down(tmp_path):
    import soundfile

    folder = _write_kit(tmp_path / "kit")
    soundfile.write(folder / "hat.wav", np.full(4000, 0.99, np.float32), 22050)
    soundfile.write(folder / "loud.wav", np.full(4000, 0.05, np.float32), 22050)
    hits = Notes([0.1, 0.6], [0.2, 0.7], [36, 42], [127, 127])
    out, _ = kits.play(kits.read(folder, "test"), hits, np.random.default_rng(0), 22050, 22050)
    kick, hat = (np.abs(out[:, i : i + 4000]).max() for i in (2205, 13230))
    assert hat < kick
