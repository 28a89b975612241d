"""The pages in Debian's Chromium: the whole path with and without JavaScript, by mouse, by keyboard, live and stale."""

from __future__ import annotations

import os
import re
import signal
from typing import Any

import pytest
from playwright.sync_api import Page, expect


def open_confirm(page: Page, tools: Any, url: str, scenario: str = "inondation") -> None:
    """Log in and walk to the confirm page, as a person does."""
    tools.log_in(page, url)
    page.get_by_test_id("home-trigger").click()
    page.get_by_test_id(f"scenario-{scenario}").click()
    page.get_by_test_id("confirm-send").wait_for()


def figure(page: Page, name: str) -> Any:
    return page.get_by_test_id(f"follow-{name}")


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_the_whole_path(served: Any, neighbours: Any, chromium: Any, tools: Any, scripts: bool):
    watched = tools.open_page(chromium, java_script_enabled=scripts)
    page = watched.page
    open_confirm(page, tools, served.url)
    expect(page.get_by_test_id("confirm-people")).to_have_text("412")
    expect(page.get_by_test_id("confirm-text")).to_contain_text("restez chez vous")
    expect(page.get_by_test_id("confirm-send")).to_have_text("Envoyer l'alerte à 412 personnes")
    expect(page.get_by_test_id("confirm-cancel")).to_have_text("Annuler, ne rien envoyer")
    expect(page.get_by_test_id("confirm-hold")).to_be_visible(visible=scripts)
    page.get_by_test_id("confirm-word").fill("envoyer")
    page.get_by_test_id("confirm-send").click()
    expect(page.get_by_test_id("follow-accepted-at")).to_have_text(re.compile(r"Alerte acceptée à \d\d:\d\d, n°\s17"))
    for always in ("clock", "site-name", "help-number", "level"):
        expect(page.get_by_test_id(always)).to_be_visible()
    neighbours.answer(17, 180, failed=12)
    # Live with scripts; without them the page asks again by itself (meta refresh).
    expect(figure(page, "acknowledged")).to_have_attribute("data-count", "180")
    expect(figure(page, "failed")).to_have_attribute("data-count", "12")
    expect(page.get_by_test_id("follow-person-row").first).to_contain_text("Personne 180")
    page.reload()
    expect(page.get_by_test_id("follow-accepted-at")).to_contain_text("n°\u00a017")
    assert len(neighbours.alerts.orders) == 1
    assert {re.sub(r"(//[^/]+).*", r"\1", url) for url in watched.requests} == {served.url}
    assert watched.complaints == []
    page.context.close()


def test_cancel_sends_nothing(served: Any, neighbours: Any, chromium: Any, tools: Any):
    page = tools.open_page(chromium).page
    open_confirm(page, tools, served.url)
    page.get_by_test_id("confirm-cancel").click()
    page.get_by_test_id("home-trigger").wait_for()
    assert neighbours.alerts.orders == []
    page.context.close()


def test_a_double_click_and_back_are_one_alert(served: Any, neighbours: Any, chromium: Any, tools: Any):
    neighbours.alerts.delay_s = 0.4
    page = tools.open_page(chromium).page
    open_confirm(page, tools, served.url)
    page.get_by_test_id("confirm-word").fill("ENVOYER")
    page.get_by_test_id("confirm-send").dblclick()
    page.get_by_test_id("follow-number").wait_for()
    page.go_back()
    page.wait_for_load_state()
    if page.get_by_test_id("confirm-send").count():  # the page as it was left, from the browser's own memory
        page.get_by_test_id("confirm-word").fill("ENVOYER")
        page.get_by_test_id("confirm-send").click()
    expect(page.get_by_test_id("follow-number")).to_have_attribute("data-number", "17")
    assert len(neighbours.alerts.campaigns) == 1
    assert len({sent.request_id for sent in neighbours.alerts.orders}) == 1
    page.context.close()


def test_holding_the_button_is_the_other_deliberate_act(served: Any, neighbours: Any, chromium: Any, tools: Any):
    page = tools.open_page(chromium).page
    page.clock.install()
    open_confirm(page, tools, served.url)
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    hold = page.get_by_test_id("confirm-hold")
    hold.click()  # a tap is no act
    page.clock.run_for(4000)
    hold.hover()
    page.mouse.down()
    page.clock.run_for(2900)
    page.mouse.up()  # let go too early
    page.clock.run_for(4000)
    assert neighbours.alerts.orders == []
    page.mouse.down()
    page.clock.run_for(3000)
    page.clock.resume()
    expect(page.get_by_test_id("follow-number")).to_have_attribute("data-number", "17")
    page.mouse.up()
    assert len(neighbours.alerts.campaigns) == 1
    page.context.close()


def test_keyboard_alone_is_enough(served: Any, neighbours: Any, chromium: Any, tools: Any):
    """Tab and Enter from login to follow; each stop shows where it is."""
    page = tools.open_page(chromium).page
    page.goto(served.url)
    page.keyboard.type(tools.PIN)
    page.keyboard.press("Enter")
    page.get_by_test_id("home-trigger").wait_for()
    _tab_to(page, "home-trigger")
    page.keyboard.press("Enter")
    page.get_by_test_id("scenario-inondation").wait_for()
    _tab_to(page, "scenario-inondation")
    page.keyboard.press("Enter")
    page.get_by_test_id("confirm-send").wait_for()
    expect(page.get_by_test_id("confirm-word")).to_be_focused()  # nothing to look for
    page.keyboard.type("envoyer")
    _tab_to(page, "confirm-send")
    page.keyboard.press("Enter")
    page.get_by_test_id("follow-number").wait_for()
    assert len(neighbours.alerts.orders) == 1
    page.context.close()


def _tab_to(page: Page, test_id: str) -> None:
    for _ in range(25):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            "() => { const e = document.activeElement; const s = getComputedStyle(e);"
            " return [e.dataset.testid || '', s.outlineStyle, parseFloat(s.outlineWidth)] }"
        )
        assert outline[1] != "none", outline
        assert outline[2] >= 2, outline
        if outline[0] == test_id:
            return
    raise AssertionError(f"Tab never reaches {test_id}")


def test_the_pin_pad_types_the_code(served: Any, chromium: Any, tools: Any):
    page = tools.open_page(chromium).page
    page.goto(served.url)
    for digit in "259":
        page.get_by_test_id(f"pad-{digit}").click()
    page.get_by_test_id("pad-erase").click()
    for digit in "80":
        page.get_by_test_id(f"pad-{digit}").click()
    expect(page.get_by_test_id("login-pin")).to_have_value(tools.PIN)
    page.get_by_test_id("login-submit").click()
    page.get_by_test_id("home-trigger").wait_for()
    page.context.close()


def test_a_wrong_code_is_said(served: Any, chromium: Any, tools: Any):
    page = tools.open_page(chromium).page
    page.goto(served.url)
    page.get_by_test_id("login-pin").fill("9999")
    page.get_by_test_id("login-submit").click()
    expect(page.get_by_test_id("login-fault")).to_contain_text("n'est pas le bon")
    page.context.close()


def test_home_is_live(served: Any, neighbours: Any, chromium: Any, tools: Any):
    watched = tools.open_page(chromium)
    page = watched.page
    tools.log_in(page, served.url)
    expect(page.get_by_test_id("level")).to_contain_text("Situation normale")
    neighbours.links = [tools.link("fibre", "fibre"), tools.link("4g", "lte", active=True)]
    expect(page.get_by_test_id("level")).to_contain_text("Secours 4G")
    expect(page.get_by_test_id("service-internet")).to_have_attribute("data-tone", "reduced")
    neighbours.stop("modem")
    expect(page.get_by_test_id("service-sms")).to_contain_text("Ne répond pas")
    assert watched.complaints == []
    page.context.close()


def test_a_silent_box_is_said_and_taken_back(served: Any, neighbours: Any, chromium: Any, tools: Any):
    """web frozen: after 10 s without a word the page says its figures are old; web back: the notice goes."""
    page = tools.open_page(chromium).page
    page.clock.install()
    tools.log_in(page, served.url)
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    clock = "document.querySelector('[data-epoch-ms]').dataset.epochMs"
    page.wait_for_function(f"before => {clock} !== before", arg=page.evaluate(clock))  # it was heard just now
    notice = page.get_by_test_id("stale-notice")
    expect(notice).to_be_hidden()
    web = served.root.running["web"].process
    os.kill(web.pid, signal.SIGSTOP)
    try:
        page.clock.run_for(9000)
        expect(notice).to_be_hidden()  # not at the first missed heartbeat
        page.clock.run_for(2000)
        expect(notice).to_be_visible()
        expect(notice).to_have_text(re.compile(r"Plus de nouvelles du boîtier depuis\s\d\d:\d\d:\d\d"))
    finally:
        os.kill(web.pid, signal.SIGCONT)
    page.clock.resume()
    expect(notice).to_be_hidden()
    page.context.close()


def test_follow_says_when_alerts_falls_silent(served: Any, neighbours: Any, chromium: Any, tools: Any):
    page = tools.open_page(chromium).page
    open_confirm(page, tools, served.url)
    page.get_by_test_id("confirm-word").fill("ENVOYER")
    page.get_by_test_id("confirm-send").click()
    expect(page.get_by_test_id("follow-silence")).to_be_hidden()
    neighbours.stop("alerts")
    expect(page.get_by_test_id("follow-silence")).to_contain_text("Le service d'alerte ne répond pas")
    neighbours.start("alerts")
    expect(page.get_by_test_id("follow-silence")).to_be_hidden(timeout=15_000)
    page.context.close()


def test_alerts_dead_at_the_click_then_back(served: Any, neighbours: Any, chromium: Any, tools: Any):
    page = tools.open_page(chromium).page
    open_confirm(page, tools, served.url)
    neighbours.stop("alerts")
    page.get_by_test_id("confirm-word").fill("ENVOYER")
    page.get_by_test_id("confirm-send").click()
    expect(page.get_by_test_id("pending")).to_contain_text("le service d'alerte ne répond pas")
    expect(page.get_by_test_id("plan-b")).to_be_visible()
    neighbours.start("alerts")
    page.get_by_test_id("pending-retry").click()
    expect(page.get_by_test_id("follow-number")).to_have_attribute("data-number", "17")
    assert len(neighbours.alerts.campaigns) == 1
    page.context.close()


def test_what_is_read_aloud(served: Any, neighbours: Any, chromium: Any, tools: Any):
    """Headings, names and live regions, as a screen reader gets them."""
    page = tools.open_page(chromium).page
    open_confirm(page, tools, served.url)
    tree = page.locator("body").aria_snapshot()
    assert 'heading "Envoyer cette alerte' in tree
    assert "Envoyer l'alerte à 412" in tree
    assert 'textbox "Pour envoyer, tapez le mot ENVOYER"' in tree
    page.get_by_test_id("confirm-word").fill("ENVOYER")
    page.get_by_test_id("confirm-send").click()
    page.get_by_test_id("follow-number").wait_for()
    spoken = page.locator('[aria-live="polite"]')
    neighbours.answer(17, 3)
    expect(spoken).to_contain_text("3 ont confirmé")
    page.context.close()
