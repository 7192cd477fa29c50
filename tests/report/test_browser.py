"""The song page in a real browser: quiet console, exact pictures, clicks on the beats, keys, names, phones."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solfeggio.answers import Curve, Events, Notes, Segments, Stems
from solfeggio.report.page import song_page
from solfeggio.report.recipe_page import recipe_page
from solfeggio.report.sound import click
from solfeggio.studies.table import Table

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed"),
]
RATE, SECONDS = 44100, 24.0
BEATS = Events(0.3337 + 0.5003 * np.arange(47), [str(i % 4 + 1) for i in range(47)])
EVIL = "</script><img src=x onerror=document.title='broken'>"
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# Remembers for every click the time in the song at which it will be heard.
SPY = """
window.clicks = [];
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (when) {
  const { metronome, clock, audio } = Player.all[0];
  window.clicks.push(clock.now() + (when - metronome.heard()) * audio.playbackRate);
  return start.call(this, when);
};
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "song.html"
    answers = {
        "beats": BEATS,
        "chords": Segments(BEATS.times[:-4:4], BEATS.times[4::4], ["A:min", "F:maj"] * 5 + ["N"]),
        EVIL: Segments([1, 1.5], [3, 4], [EVIL, "b"]),
        "f0": Curve(np.arange(0, 24, 0.01), np.where(np.arange(2400) % 300 < 200, 220.0, 0), "Hz"),
        "notes": Notes(BEATS.times, BEATS.times + 0.4, 48 + np.arange(47) % 24, np.full(47, 90)),
        "drums": Events(BEATS.times, ["kick", "snare"] * 23 + ["kick"]),
    }
    song_page(path, title=EVIL, samples=click(BEATS, SECONDS, RATE, 0), rate=RATE, answers=answers, files=["a.jams"])
    return path


@pytest.fixture
def page(browser: Any, song: Path) -> Iterator[Any]:
    yield from opened(browser, song)


def opened(browser: Any, path: Path, **screen: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1200, "height": 900}, **screen)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url[:60]))
    page.add_init_script(SPY)
    page.goto(path.as_uri())
    until(page, "Player.all.every((player) => player.stage.clientWidth > 0)")
    yield page
    assert not said, said
    assert all(url.startswith(("file:", "blob:", "data:")) for url in asked), asked
    context.close()


def until(page: Any, condition: str) -> None:
    """Wait from outside: the page's policy forbids the polling that Playwright would do inside it."""
    for _ in range(400):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"never came true: {condition}")


def ready(page: Any) -> None:
    until(page, "Player.all[0].audio.src.startsWith('blob:') && Player.all[0].audio.readyState > 2")


def play(page: Any, seconds: float) -> None:
    page.keyboard.press("Space")
    until(page, "!Player.all[0].audio.paused")
    page.wait_for_timeout(seconds * 1000)


def test_a_hostile_title_is_only_text(page: Any) -> None:
    assert page.locator("h1").inner_text() == EVIL
    assert page.locator("img").count() == 0 and "broken" not in page.title().split("<")[0]
    assert page.evaluate("document.querySelectorAll('script').length") == 2


def test_lines_cursor_and_sound_share_one_pixel(page: Any) -> None:
    ready(page)
    for scale in (30.0, 92.3, 211.7, 480.0):
        found = page.evaluate(
            """async ([scale, time]) => {
              const player = Player.all[0], box = player.find('.view').getBoundingClientRect();
              player.zoomTo(scale, 0); player.seek(time);
              await new Promise((done) => player.audio.addEventListener('seeked', done, { once: true }));
              player.paint();
              const path = (name) => player.find(name).getAttribute('d');
              const left = (name) => player.find(name).getBoundingClientRect().left - box.left;
              return {
                bars: [...path('.bar-line').matchAll(/M([\\d.-]+) 0V/g)].map((match) => match[1] - 0.5),
                wave: path('.wave').slice(1).split('L').map((point) => point.split(' ').map(Number)),
                chords: [...player.lanes[1].svg.querySelectorAll('rect')].map((box) => Number(box.getAttribute('x'))),
                cursor: left('.cursor'), grid: left('.grid'), middle: player.find('.waveform').clientHeight / 2,
              };
            }""",
            [scale, float(BEATS.times[20])],
        )
        assert found["cursor"] in found["bars"] and found["cursor"] in found["chords"] and found["grid"] == 0
        loud = [x for x, y in found["wave"] if y < found["middle"] - 12]
        after = [x for x in loud if x >= found["cursor"] - 1.5]
        assert after and after[0] - found["cursor"] <= max(2.0, scale / 400 * 1.5), (scale, after[:3], found["cursor"])


def test_click_seeks_to_the_pixel(page: Any) -> None:
    ready(page)
    box = page.locator(".waveform").bounding_box()
    page.mouse.click(box["x"] + 333, box["y"] + 50)
    until(page, "!Player.all[0].audio.seeking")
    where = page.evaluate("(() => { const p = Player.all[0]; return p.view.x(p.audio.currentTime); })()")
    assert abs(where - 333) <= 1


def test_clicks_fall_on_the_beats_through_seek_and_speed(page: Any) -> None:
    ready(page)
    page.keyboard.press("c")
    assert page.get_by_role("button", name="Click").get_attribute("aria-pressed") == "true"
    play(page, 1.2)
    page.evaluate("Player.all[0].seek(12.1)")
    page.wait_for_timeout(900)
    page.evaluate("Player.all[0].setSpeed(0.7)")
    page.wait_for_timeout(1300)
    page.evaluate("Player.all[0].setSpeed(1.5)")
    page.wait_for_timeout(800)
    assert page.evaluate("Player.all[0].audio.preservesPitch") is True
    times = np.array(page.evaluate("clicks"))
    off = np.abs(times[:, None] - BEATS.times[None]).min(1)
    assert len(times) >= 6 and np.median(off) < 0.003 and off.max() < 0.04
    page.keyboard.press("Space")
    page.keyboard.press("c")
    assert page.evaluate("Player.all[0].audio.paused && !Player.all[0].metronome.on")


def test_loop_stays_between_its_bars(page: Any) -> None:
    ready(page)
    page.evaluate("Player.all[0].seek(2.4)")
    page.keyboard.press("l")
    page.get_by_label("Loop from bar").fill("2")
    page.get_by_label("Loop to bar").fill("2")
    page.get_by_label("Loop to bar").press("Enter")
    start, end = page.evaluate("[Player.all[0].loop.start, Player.all[0].loop.end]")
    assert np.allclose([start, end], BEATS.times[[4, 8]], atol=1e-4)
    page.locator("h1").click()
    page.evaluate("Player.all[0].setSpeed(1.5)")
    play(page, 0.1)
    seen = []
    for _ in range(20):
        page.wait_for_timeout(120)
        seen.append(page.evaluate("Player.all[0].audio.currentTime"))
    assert min(seen) >= start - 0.05 and max(seen) <= end + 0.05 and (np.diff(seen) < 0).any()


def test_keys(page: Any) -> None:
    ready(page)

    def now() -> float:
        until(page, "!Player.all[0].audio.seeking")
        return page.evaluate("Player.all[0].audio.currentTime")

    page.keyboard.press("ArrowRight")
    assert abs(now() - BEATS.times[0]) < 1e-3
    page.keyboard.press("ArrowRight")
    assert abs(now() - BEATS.times[4]) < 1e-3
    page.keyboard.press("Shift+ArrowRight")
    assert abs(now() - BEATS.times[5]) < 1e-3
    page.keyboard.press("ArrowLeft")
    assert abs(now() - BEATS.times[4]) < 1e-3
    page.keyboard.press("End")
    assert now() > SECONDS - 0.1
    page.keyboard.press("Home")
    assert now() == 0
    scale = page.evaluate("Player.all[0].view.scale")
    page.keyboard.press("+")
    assert page.evaluate("Player.all[0].view.scale") > 1.5 * scale
    page.keyboard.press("-")
    assert abs(page.evaluate("Player.all[0].view.scale") - scale) < 1e-6
    page.keyboard.press("0")
    assert page.evaluate("Player.all[0].view.end") == pytest.approx(SECONDS)
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").count() == 0
    page.keyboard.press(",")
    assert page.evaluate("Player.all[0].audio.playbackRate") == 0.95


def test_wheel_zooms_around_the_pointer(page: Any) -> None:
    page.keyboard.press("+")
    box = page.locator(".waveform").bounding_box()
    at = "Player.all[0].view.start + 400 / Player.all[0].view.scale"
    before, scale = page.evaluate(at), page.evaluate("Player.all[0].view.scale")
    page.mouse.move(box["x"] + 400, box["y"] + 40)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -120)
    page.keyboard.up("Control")
    until(page, f"Player.all[0].view.scale > {scale * 1.2}")
    assert abs(page.evaluate(at) - before) * page.evaluate("Player.all[0].view.scale") <= 1


def test_everything_has_a_name_and_can_be_reached(page: Any) -> None:
    nameless = page.evaluate(
        """(() => {
          const all = document.querySelectorAll('button, input, [role]:not([role=status]), a, audio, dialog, section');
          const named = (one) => one.ariaLabel || one.getAttribute('aria-labelledby') || one.textContent.trim()
            || (one.labels && one.labels.length);
          return [...all].filter((one) => !named(one)).map((one) => one.outerHTML.slice(0, 80));
        })()"""
    )
    assert nameless == []
    for role, name in (
        ("button", "Play"),
        ("slider", "Position in the song"),
        ("button", "Zoom in"),
        ("button", "Loop"),
    ):
        assert page.get_by_role(role, name=name).count() == 1
    assert page.get_by_role("img", name="chords: 11 segments, Am, F, –").count() == 1
    reached = set()
    for _ in range(24):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.dataset.do || document.activeElement.className"))
    assert {"play", "click", "loop", "in", "out", "whole", "help", "speed", "volume", "overview", "stage"} <= reached
    outline = page.evaluate(
        "(document.querySelector('[data-do=play]').focus(), getComputedStyle(document.activeElement).outlineStyle)"
    )
    assert outline == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Any, song: Path, scheme: str) -> None:
    for page in opened(browser, song, color_scheme=scheme):
        colours = page.evaluate(
            """['--ink', '--soft', '--wave-strong', '--accent', '--sheet', '--paper'].map((name) => {
                 const c = document.createElement('canvas').getContext('2d');
                 c.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name);
                 c.fillRect(0, 0, 1, 1);
                 return [...c.getImageData(0, 0, 1, 1).data].slice(0, 3); })"""
        )

        def light(colour: list[int]) -> float:
            parts = np.array(colour) / 255
            return float(
                np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
            )

        *inks, sheet, paper = map(light, colours)
        for ground in (sheet, paper):
            for ink in inks:
                assert (max(ink, ground) + 0.05) / (min(ink, ground) + 0.05) >= 4.5


@pytest.mark.parametrize("width", [360, 768])
def test_fits_a_phone(browser: Any, song: Path, width: int) -> None:
    for page in opened(browser, song, has_touch=True, is_mobile=True):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        sizes = page.evaluate(
            """[...document.querySelectorAll('.player button')].map((button) => {
                 const box = button.getBoundingClientRect(); return [box.width, box.height]; })"""
        )
        assert np.min(sizes) >= 36
        bar = page.locator(".waveform").bounding_box()
        page.touchscreen.tap(bar["x"] + 100, bar["y"] + 40)
        until(page, "Player.all[0].now() > 0.2")


def test_only_what_is_visible_is_drawn(browser: Any, tmp_path: Path) -> None:
    times = np.arange(0, 3599, 0.5)
    answers = {
        "beats": Events(times, [str(i % 4 + 1) for i in range(len(times))]),
        "chords": Segments(times[:-1], times[1:], ["C:maj", "G:7"] * (len(times) // 2 - 1) + ["N"]),
        "notes": Notes(times, times + 0.3, 60 + np.arange(len(times)) % 12, np.full(len(times), 80)),
    }
    song_page(
        tmp_path / "hour.html", title="hour", samples=np.zeros((1, 8000 * 3600), np.float32), rate=8000, answers=answers
    )
    for page in opened(browser, tmp_path / "hour.html"):
        page.evaluate("Player.all[0].seek(1800)")
        assert page.locator(".stage *").count() < 400
        page.keyboard.press("0")
        assert page.locator(".stage *").count() < 3000
        assert page.evaluate("Player.all[0].now()") == pytest.approx(1800)


def test_silence_and_no_sound(browser: Any, tmp_path: Path) -> None:
    for seconds in (0, 3):
        song_page(
            tmp_path / "a.html",
            title="a",
            samples=np.zeros((1, 8000 * seconds)),
            rate=8000,
            answers={"beats": Events.none()},
        )
        for page in opened(browser, tmp_path / "a.html"):
            page.keyboard.press("?")
            page.keyboard.press("Escape")
            for key in ("c", "l", "Space", "+", "ArrowRight", "End", "["):
                page.keyboard.press(key)
            assert page.locator(".empty").is_visible()


def test_one_player_at_a_time_in_a_report(browser: Any, tmp_path: Path) -> None:
    song = click(BEATS, SECONDS, RATE)
    recipe_page(
        tmp_path / "report.html",
        title="Beats",
        question="Why?",
        tables=[Table("T", ("a", "b"), (("x", 1.0),))],
        examples=[("worst", song, RATE, {"heard": BEATS, "truth": BEATS}), ("best", song, RATE, {"heard": BEATS})],
    )
    for page in opened(browser, tmp_path / "report.html"):
        for button in page.locator("[data-do=play]").all():
            button.click()
            page.wait_for_timeout(900)
        assert page.evaluate("Player.all.map((player) => player.audio.paused)") == [True, False]


# level of 220 and 880 Hz in what the audio element plays, a second from its start
LEVEL = """async () => {
    const bytes = await new Response(await (await fetch(Player.all[0].audio.src)).blob()).arrayBuffer();
    const samples = new Int16Array(bytes, 44), rate = 22050, channels = new Uint8Array(bytes)[22];
    return [220, 880].map((hz) => { let re = 0, im = 0; for (let n = 0; n < rate; n++) {
        const x = samples[channels * (n + rate)] / 32767, w = 2 * Math.PI * hz * n / rate;
        re += x * Math.cos(w); im += x * Math.sin(w); } return 2 * Math.hypot(re, im) / rate; });
}"""


def test_a_mixer_mutes_solos_and_sets_levels(browser: Any, tmp_path: Path) -> None:
    rate, time = 22050, np.arange(22050 * 4) / 22050
    sounds = {name: 0.2 * np.sin(2 * np.pi * hz * time)[None] for name, hz in (("low", 220), ("high", 880))}
    stems = Stems.of(sounds, rate, 0.02 * np.sin(2 * np.pi * 3000 * time)[None])
    song_page(tmp_path / "a.html", title="a", samples=stems.mix(), rate=rate, answers={"stems": stems})
    context = browser.new_context(bypass_csp=True)  # for the test to read the sound
    page = context.new_page()
    page.goto((tmp_path / "a.html").as_uri())
    page.wait_for_function("Player.all[0].audio.src.startsWith('blob:')")
    assert page.locator(".strip-name").all_inner_texts() == ["low", "high", "residual"]
    assert page.evaluate("Player.all[0].find('.lane').querySelectorAll('.stem-wave').length") == 2
    mute, solo, slide = (page.locator(f"[data-{name}]") for name in ("mute", "solo", "level"))

    def heard(act: Any) -> list[float]:
        before = page.evaluate("Player.all[0].audio.src")
        act()
        page.wait_for_function("(before) => Player.all[0].audio.src !== before", arg=before)
        return page.evaluate(LEVEL)

    assert heard(lambda: mute.nth(0).click()) == pytest.approx([0, 0.2], abs=0.02)
    assert page.locator(".stem-wave.silent").count() == 1
    assert heard(lambda: solo.nth(0).click()) == pytest.approx([0, 0], abs=0.02)  # muted, though alone
    assert heard(lambda: mute.nth(0).click()) == pytest.approx([0.2, 0], abs=0.02)
    assert heard(lambda: solo.nth(1).click()) == pytest.approx([0.2, 0.2], abs=0.02)  # two of three
    assert heard(lambda: solo.nth(1).click(modifiers=["Shift"])) == pytest.approx([0, 0.2], abs=0.02)  # no other
    assert heard(lambda: solo.nth(1).click()) == pytest.approx([0.2, 0.2], abs=0.02)  # none is all
    assert heard(lambda: slide.nth(1).fill("0.5")) == pytest.approx([0.2, 0.1], abs=0.02)
    assert slide.nth(1).get_attribute("aria-valuetext") == "-6.0 dB"
    whole = page.evaluate("Player.all[0].whole")
    slide.nth(1).dblclick()
    page.wait_for_function("(whole) => Player.all[0].audio.src === whole", arg=whole)
    context.close()


def test_players_are_silenced_and_heard_alone(browser: Any, tmp_path: Path) -> None:
    rate, seconds = 22050, 4
    time = np.arange(rate * seconds) / rate
    stems = {name: 0.2 * np.sin(2 * np.pi * hz * time)[None].repeat(2, 0) for name, hz in (("low", 220), ("high", 880))}
    stems = {name: stem.astype(np.float32) for name, stem in stems.items()}
    song_page(
        tmp_path / "a.html",
        title="a",
        samples=stems["low"] + stems["high"],
        rate=rate,
        answers={"beats": Events.none()},
        stems=stems,
    )
    context = browser.new_context(bypass_csp=True)  # for the test to read the sound
    page = context.new_page()
    page.goto((tmp_path / "a.html").as_uri())
    page.wait_for_function("Player.all[0].audio.src.startsWith('blob:')")
    page.evaluate("Player.all[0].seek(1.5)")
    buttons = page.locator("[data-stem]")
    assert buttons.all_inner_texts() == ["low", "high"]

    def heard(act: Any) -> list[float]:
        before = page.evaluate("Player.all[0].audio.src")
        act()
        page.wait_for_function("(before) => Player.all[0].audio.src !== before", arg=before)
        return page.evaluate(LEVEL)

    assert heard(lambda: buttons.nth(0).click()) == pytest.approx([0, 0.2], abs=0.02)
    assert heard(lambda: buttons.nth(0).click(modifiers=["Shift"])) == pytest.approx([0.2, 0], abs=0.02)
    assert heard(lambda: buttons.nth(1).click()) == pytest.approx([0.2, 0.2], abs=0.02)
    assert page.evaluate("Player.all[0].now()") == pytest.approx(1.5, abs=0.01)
    context.close()


def test_chords_are_transposed_and_fingered(page: Any) -> None:
    def now() -> list[str]:
        return page.evaluate("Player.all[0].harmony.lane.labels.names")

    def shapes() -> list[str]:
        return page.evaluate("[...document.querySelectorAll('.shapes li span')].map((one) => one.textContent)")

    assert now() == ["Am", "F", "–"] and shapes() == ["Am", "F"]
    page.click("[data-steps='1']")
    assert now() == ["B♭m", "G♭", "–"] or now() == ["B♭m", "F♯", "–"]
    page.click("[data-steps='1']")
    assert now() == ["Bm", "G", "–"]
    page.select_option(".capo", "2")
    assert now() == ["Am", "F", "–"] and page.evaluate("Player.all[0].harmony.steps") == 2
    page.click("[data-steps='0']")
    assert now() == ["Gm", "E♭", "–"]
    assert "strings from low to high: not played, 3, 2, open, 1, open" in page.evaluate(
        "diagram([-1, 3, 2, 0, 1, 0], 'C').getAttribute('aria-label')"
    )
    spelled = page.evaluate(
        "[[8, [4, 'maj']], [8, [3, 'maj']], [8, [9, 'min']], [10, [9, 'min']], [1, null]].map(([p, k]) => spell(p, k))"
    )
    assert spelled == ["G♯", "A♭", "G♯", "B♭", "D♭"]


def test_spelling_is_that_of_harte(page: Any) -> None:
    from solfeggio.harte import SCALES, spell

    keys = [(tonic, mode) for tonic in range(12) for mode in SCALES]
    found = page.evaluate("(keys) => keys.map((key) => [...Array(12).keys()].map((p) => spell(p, key)))", keys)
    names = [[spell(p, f"{spell(tonic)}:{mode}") for p in range(12)] for tonic, mode in keys]
    assert [[name.replace("♯", "#").replace("♭", "b") for name in row] for row in found] == names
