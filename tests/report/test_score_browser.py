"""The score page in a real browser: quiet console, one sound at a time, knobs, keys, phones."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solfeggio.notation import Part, Score
from solfeggio.report.score_page import Knob, Shown, score_page

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed"),
]
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
]
STEPS = ("-1", "0", "+1")


def shown(name: str, pitch: int) -> Shown:
    notes = np.array([[i, i + 1, pitch + i % 5, 80] for i in range(16)], float)
    score = Score("Tune", 120.0, (Part("melody", 0, notes),), 16.0)
    samples = np.random.default_rng(pitch).uniform(-0.01, 0.01, (1, 24000 * 8)).astype(np.float32)
    return Shown(name, score, samples=samples, files={f"{name}.mid": b"MThd"})


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "scores.html"
    grid = {(i, j): shown(f"Setting {i} {j}", 60 + 3 * i + j) for i in range(3) for j in range(3)}
    knobs = [Knob("density", STEPS, 1), Knob("contour", STEPS, 1)]
    variants = [shown("As given", 60), shown("Variant 1", 64)]
    score_page(path, title="Tune", scores=variants, marked=(4.0, 8.0), changes=["a"], knobs=knobs, grid=grid)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any, path: Path) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url[:60]))
    page.goto(path.as_uri())
    yield page
    assert not said, said
    assert all(url.startswith(("file:", "data:", "blob:")) for url in asked), asked
    context.close()


def until(page: Any, condition: str) -> None:
    for _ in range(400):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"never came true: {condition}")


def playing(page: Any) -> list[str]:
    return page.evaluate("Card.all.filter((card) => !card.audio.paused).map((card) => card.name)")


def test_one_sound_at_a_time_by_button_and_key(page: Any) -> None:
    page.get_by_role("button", name="Play As given").click()
    until(page, "Card.all.some((card) => card.name === 'As given' && card.audio.currentTime > 0.1)")
    assert playing(page) == ["As given"]
    assert page.get_by_role("button", name="Pause As given").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Play Variant 1").click()
    assert playing(page) == ["Variant 1"]
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    assert playing(page) == []
    page.keyboard.press("2")  # the setting of the knobs that shows is the first
    assert playing(page) == ["As given"]


def test_a_click_on_the_roll_goes_there(page: Any) -> None:
    roll = page.locator("article:has-text('Variant 1') .plane").last
    box = roll.bounding_box()
    roll.click(position={"x": box["width"] / 4, "y": box["height"] / 2})
    until(page, "Math.abs(Card.all.at(-1).audio.currentTime - 2) < 0.05")
    left = page.evaluate("Card.all.at(-1).cursor.style.left")
    assert abs(float(left.rstrip("%")) - 25) < 1


def test_knobs_choose_what_shows_and_the_sound_goes_on(page: Any) -> None:
    visible = "Card.all.filter((card) => card.root.dataset.place && !card.root.hidden).map((card) => card.name)"
    assert page.evaluate(visible) == ["Setting 1 1"]
    page.get_by_role("button", name="Play Setting 1 1").click()
    until(page, "Card.all.find((card) => card.name === 'Setting 1 1').audio.currentTime > 0.3")
    page.get_by_label("Density").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(visible) == ["Setting 2 1"]
    until(page, "!Card.all.find((card) => card.name === 'Setting 2 1').audio.paused")
    until(page, "Card.all.find((card) => card.name === 'Setting 2 1').audio.currentTime > 0.3")
    assert playing(page) == ["Setting 2 1"]
    assert page.get_by_label("Density").get_attribute("aria-valuetext") == "+1"
    assert page.locator(".said").inner_text() == "Density +1, Contour 0: 16 notes in 4 bars"


def test_everything_fits_a_phone_and_has_a_name(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    unnamed = page.evaluate(
        """[...document.querySelectorAll('button, a, input, [role=region], img')].filter((one) =>
             !one.getAttribute('aria-label') && !one.textContent.trim() && !one.labels?.length && !one.alt).length"""
    )
    assert unnamed == 0
    small = page.evaluate(
        """[...document.querySelectorAll('article:not([hidden]) :is(.round, .files a)')].filter((one) =>
             one.getBoundingClientRect().height < 40).length"""
    )
    assert small == 0
