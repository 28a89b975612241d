"""The crisis screen rules that can be measured: sizes, distances, no scrolling, contrast, the exercise's other look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

# Every visible text node: the contrast (WCAG 2.2, 1.4.3) of its colour with the ground behind it. Disabled or hidden
# text does not count; a ground drawn as a gradient counts by its plain background-color.
CONTRASTS = """
() => {
  const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return n.length > 3 ? n : [...n, 1]; };
  const over = (top, ground) => top.slice(0, 3).map((c, i) => c * top[3] + ground[i] * (1 - top[3])).concat(1);
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true })) continue;
    if (element.closest(".spoken, .skip, script, noscript")) continue;
    const behind = ground(element);
    const front = over(parse(getComputedStyle(element).color), behind);
    const [a, b] = [light(front), light(behind)].sort((x, y) => y - x);
    found.push([text.slice(0, 40), (a + 0.05) / (b + 0.05)]);
  }
  return found;
}
"""

TARGETS = "main .tile, main button, main a[role=button], main .tabs a"
BOXES = """
(selector) => [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility()).map((e) => {
  const box = e.getBoundingClientRect();
  return { name: e.dataset.testid || e.textContent.trim(), left: box.left, right: box.right, top: box.top, bottom: box.bottom };
})
"""
# Laid out, drawn, and faded to its last colour.
AT_REST = """
async () => {
  await document.fonts.ready;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const ending = document.getAnimations().filter((one) => isFinite(one.effect.getComputedTiming().endTime));
  await Promise.allSettled(ending.map((one) => one.finished));
}
"""
SCREEN = (1024, 600)


@pytest.fixture
def trouble(neighbours: Any, tools: Any) -> None:
    """The worst case for space: six long scenarios, a long message, and everything that can be warned of."""
    script = neighbours.alerts
    script.scenarios = [
        tools.scenario(f"s{n}", title, "Tout public", "Agents de permanence")
        for n, title in enumerate(
            ["Inondation", "Coupure d'électricité", "Mairie inaccessible", "Panne informatique"] * 2
        )
    ][:6]
    long = script.scenarios[0].text + " Ne prenez pas votre voiture. Le gymnase Jean-Moulin est ouvert." * 3
    script.scenarios[0] = script.scenarios[0].model_copy(update={"text": long})
    script.without_number = 12
    neighbours.modems = []
    neighbours.mode = "local"


def at_rest(page: Page) -> None:
    page.evaluate(AT_REST)


def each_page(page: Page, tools: Any, neighbours: Any, url: str, look: Callable[[str], None]) -> None:
    """Visit every page of a crisis, real and exercise, and look at it."""
    page.goto(url)
    page.get_by_test_id("login-pin").wait_for()
    look("login")
    tools.log_in(page, url)
    look("home")
    for entrance, confirm, word in (("/declencher", "/confirmer", "ENVOYER"), ("/exercice", "/exercice", "EXERCICE")):
        page.goto(url + entrance)
        look(entrance)
        page.goto(f"{url}{confirm}/s0")
        look(f"{confirm}/s0")
        page.get_by_test_id("confirm-word").fill("non")
        page.get_by_test_id("confirm-send").click()
        expect(page.get_by_test_id("confirm-fault")).to_be_visible()
        look(f"{confirm}/s0 refused")
        page.get_by_test_id("confirm-word").fill(word)
        page.get_by_test_id("confirm-send").click()
        page.get_by_test_id("follow-number").wait_for()
        number = page.get_by_test_id("follow-number").get_attribute("data-number")
        neighbours.answer(int(number or 0), 180, failed=12)
        expect(page.get_by_test_id("follow-failed")).to_have_attribute("data-count", "12")
        look("follow" + confirm)
        page.goto(f"{url}{confirm}/s0")
        look(f"{confirm}/s0 again")  # with "already sent" on top of the other warnings
    page.goto(url)
    look("home with alerts")
    neighbours.stop("alerts")
    page.goto(f"{url}/declencher")
    look("alerts dead")
    page.goto(f"{url}/suivi/17")
    look("follow, alerts dead")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_a_contrast_of_seven(
    served: Any, neighbours: Any, trouble: None, chromium: Any, tools: Any, scheme: str
):
    page = tools.open_page(chromium, color_scheme=scheme, reduced_motion="reduce").page
    weak: list[Any] = []

    def look(name: str) -> None:
        page.mouse.move(1, 1)
        at_rest(page)  # Pico fades colours in over 0.2 s
        measured = page.evaluate(CONTRASTS)
        assert len(measured) > 5, name
        weak.extend((name, text, round(contrast, 2)) for text, contrast in measured if contrast < 7)

    each_page(page, tools, neighbours, served.url, look)
    assert weak == []
    page.context.close()


def test_every_page_fits_the_screen_and_every_target_is_large(
    served: Any, neighbours: Any, trouble: None, chromium: Any, tools: Any
):
    """1024 x 600 without scrolling; tiles and buttons 64 px high, 12 px apart, nothing over anything else."""
    page = tools.open_page(chromium).page
    faults: list[Any] = []

    def look(name: str) -> None:
        at_rest(page)
        size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        if size[0] > SCREEN[0] or size[1] > SCREEN[1]:
            faults.append((name, "scrolls", size))
        boxes = page.evaluate(BOXES, TARGETS)
        assert boxes, name
        faults.extend((name, "outside", box) for box in boxes if box["bottom"] > SCREEN[1] or box["right"] > SCREEN[0])
        faults.extend((name, "small", box) for box in boxes if box["bottom"] - box["top"] < 64)
        for position, one in enumerate(boxes):
            faults.extend(
                (name, "close", one["name"], other["name"]) for other in boxes[position + 1 :] if _close(one, other)
            )
        parts = page.evaluate(BOXES, "main > section > *, main > div > section > *")
        for position, one in enumerate(parts):
            faults.extend((name, "over", one, other) for other in parts[position + 1 :] if _overlap(one, other))
        assert len(page.query_selector_all("main .tile")) <= 6, name

    each_page(page, tools, neighbours, served.url, look)
    assert faults == []
    page.context.close()


def _close(one: dict[str, float], other: dict[str, float]) -> bool:
    across = max(one["left"] - other["right"], other["left"] - one["right"])
    down = max(one["top"] - other["bottom"], other["top"] - one["bottom"])
    return max(across, down) < 11.5  # 12 px, less what fractions of a pixel take


def _overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    visible = all(box["bottom"] - box["top"] > 1 and box["right"] - box["left"] > 1 for box in (one, other))
    across = min(one["right"], other["right"]) - max(one["left"], other["left"])
    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
    return visible and across > 1 and down > 1


def test_the_message_can_be_read_whole(served: Any, trouble: None, chromium: Any, tools: Any):
    """A long message scrolls in its own frame, which has room for two lines at least and takes the keyboard."""
    page = tools.open_page(chromium).page
    tools.log_in(page, served.url)
    page.goto(served.url + "/exercice/s0")
    frame = page.get_by_test_id("confirm-text")
    box = frame.bounding_box()
    assert box is not None
    assert box["height"] >= 60
    frame.focus()
    page.keyboard.press("End")
    page.wait_for_function("e => e.scrollTop + e.clientHeight >= e.scrollHeight - 2", arg=frame.element_handle())
    page.context.close()


def test_an_exercise_looks_different_at_every_step(
    served: Any, neighbours: Any, trouble: None, chromium: Any, tools: Any
):
    page = tools.open_page(chromium).page
    looks: dict[str, tuple[bool, str]] = {}

    def look(name: str) -> None:
        frame = page.evaluate("getComputedStyle(document.querySelector('main')).borderLeftStyle")
        looks[name] = (page.get_by_test_id("exercise-banner").is_visible(), frame)

    each_page(page, tools, neighbours, served.url, look)
    exercise = {name for name in looks if "exercice" in name}
    assert len(exercise) == 5
    assert {name for name, seen in looks.items() if seen == (True, "dashed")} == exercise
    assert {seen for name, seen in looks.items() if name not in exercise} == {(False, "none")}
    page.context.close()


def test_state_is_told_by_shape_and_word_too(served: Any, neighbours: Any, chromium: Any, tools: Any):
    """Each tone has a shape of its own, and a word beside it."""
    neighbours.mode = "local"
    neighbours.modems = []
    page = tools.open_page(chromium).page
    tools.log_in(page, served.url)
    tones = "[...document.querySelectorAll('[data-testid^=service-]')].map(e => e.dataset.tone)"
    page.wait_for_function(f"new Set({tones}).size == 3")
    shapes = page.evaluate(
        "() => Object.fromEntries([...document.querySelectorAll('[data-testid^=service-]')].map("
        "e => [e.dataset.tone, [e.querySelector('svg').firstElementChild.tagName, e.querySelector('strong').textContent]]))"
    )
    assert {tone: shape for tone, (shape, _) in shapes.items()} == {"good": "circle", "reduced": "path", "bad": "rect"}
    assert all(word for _, word in shapes.values())
    page.context.close()
