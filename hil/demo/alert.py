"""The alert's part of the night: 50 people, one agent at the page, a modem that fails in the middle."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter

from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as PageTimeout

from hil.demo.stage import Stage, until
from hil.demo.timeline import Figure, StepFailed
from hil.rig.virtual.modem.client import Accepted, VirtualModem
from hil.rig.virtual.modem.handsets import population
from hil.rig.virtual.modem.part import modem_of

PEOPLE = 50
PROMPT = 41  # they confirm at once; the others when reminded
PIN = "4903"
SCENARIO = "inondation"
NETWORK_LOG = "the mobile network's own log of what it accepted"
FIRST_FAULT_AT = 10  # messages accepted when the modem loses an answer
SECOND_FAULT_AT = 30  # and when its daemon is killed
PAGE_TIMEOUT_MS = 10_000


def alert(stage: Stage) -> None:
    """An alert triggered on the page reaches 50 people once each, though an answer is lost and the modem daemon killed."""
    numbers = _import_contacts(stage)
    modem = modem_of(stage.town)
    modem.inject("rules", rules=[rule.as_json() for rule in population(numbers, PROMPT)])
    campaign = _trigger_on_the_page(stage)
    _break_the_modem(stage, modem)

    until(lambda: len(_first(modem)) >= PEOPLE, f"{PEOPLE} people's messages accepted by the network", 60.0, 0.2)
    until(lambda: _counts(stage, campaign)["acknowledged"] >= PROMPT, f"{PROMPT} confirmations", 30.0, 0.3)
    stage.timeline.note(
        f"{PEOPLE} sent, {_counts(stage, campaign)['acknowledged']} confirmed, the others get a reminder"
    )
    until(lambda: len(_reminded(modem)) >= PEOPLE - PROMPT, "the reminders accepted by the network", 60.0, 0.3)
    until(lambda: _counts(stage, campaign)["acknowledged"] == PEOPLE, "everybody's confirmation", 30.0, 0.3)
    _judge(stage, modem, numbers)


def _import_contacts(stage: Stage) -> list[str]:
    # 06 39 98 xx xx: numbers ARCEP keeps for fiction.
    numbers = [f"06 39 98 {number // 100:02d} {number % 100:02d}" for number in range(PEOPLE)]
    rows = [f"Habitant {place:02d};{number};Cellule de crise" for place, number in enumerate(numbers, start=1)]
    file = stage.town.folder / "contacts.csv"
    file.write_text("\n".join(["Nom;Téléphone;Liste", *rows]) + "\n", encoding="utf-8")
    result = stage.repli_json("alerts", "import", str(file))
    if result["faults"]:
        raise StepFailed(f"contacts refused: {result['faults']}")
    return ["+33" + number.replace(" ", "")[1:] for number in numbers]


def _trigger_on_the_page(stage: Stage) -> int:
    """As an agent does it, in a browser of the building. Returns the campaign's number."""
    pin = stage.town.repli("web", "pin", "set", PIN)
    if pin.returncode != 0:
        raise StepFailed(f"repli web pin set: {pin.stderr}")
    plan = stage.town.plan
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(stage.town.browser_wrapper()))
        try:
            page = browser.new_page(viewport={"width": 1024, "height": 600})
            page.set_default_timeout(PAGE_TIMEOUT_MS)
            page.goto(f"http://{plan.edge_lan}:{plan.web_port}/")
            number = _two_screens_and_one_act(page)
            stage.timeline.note(f"agent at the page: {page.get_by_test_id('follow-accepted-at').inner_text()}")
        except PageTimeout as error:
            raise StepFailed(f"the page: {error.message.splitlines()[0]} at {page.url}") from error
        finally:
            browser.close()
    return number


def _two_screens_and_one_act(page: Page) -> int:
    page.get_by_test_id("login-pin").fill(PIN)
    page.get_by_test_id("login-submit").click()
    page.get_by_test_id("home-trigger").click()
    page.get_by_test_id(f"scenario-{SCENARIO}").click()
    page.get_by_test_id("confirm-word").fill("ENVOYER")
    page.get_by_test_id("confirm-send").click()
    page.get_by_test_id("follow-number").wait_for()
    return int("".join(filter(str.isdigit, page.get_by_test_id("follow-number").inner_text())))


def _break_the_modem(stage: Stage, modem: VirtualModem) -> None:
    _wait_accepted(modem, FIRST_FAULT_AT)
    stage.town.fault("modem-lost-answer")
    stage.timeline.note("in the middle of it: the modem loses an answer, nobody knows whether that SMS left ...")
    _wait_accepted(modem, SECOND_FAULT_AT)
    run = json.loads((stage.town.root / "run/repli/run.json").read_text())
    os.kill(run["daemons"]["modem"]["pid"], signal.SIGKILL)
    stage.timeline.note("... and the modem daemon is killed (kill -9)")


def _wait_accepted(modem: VirtualModem, count: int) -> None:
    until(lambda: len(_first(modem)) >= count, f"{count} messages accepted by the network", 20.0, 0.02)


def _first(modem: VirtualModem) -> set[str]:
    return {line.destination for line in modem.log()}


def _reminded(modem: VirtualModem) -> set[str]:
    return {line.destination for line in modem.log() if "RELANCE" in line.text}


def _counts(stage: Stage, campaign: int) -> dict[str, int]:
    counts: dict[str, int] = stage.repli_json("alerts", "show", str(campaign))["campaign"]["counts"]
    return counts


def _judge(stage: Stage, modem: VirtualModem, numbers: list[str]) -> None:
    """Losses and duplicates, from what the network accepted: each person the first message once, nine the reminder once."""
    log = modem.log()
    first = Counter(line.destination for line in _parts(log, reminder=False))
    reminder = Counter(line.destination for line in _parts(log, reminder=True))
    lost = [number for number in numbers if number not in first]
    doubled = [*(n for n, times in first.items() if times > 1), *(n for n, times in reminder.items() if times > 1)]
    strangers = first.keys() - set(numbers)
    wrongly = reminder.keys() - set(numbers[PROMPT:])
    text = (
        f"alert to {PEOPLE} people: {len(first)} sent, {PROMPT} confirmed, {len(reminder)} reminded, "
        f"then {PEOPLE} confirmed; {len(lost)} lost, {len(doubled)} doubled"
    )
    if strangers or wrongly:
        raise StepFailed(f"{text}; sent to strangers: {len(strangers)}, reminded after confirming: {len(wrongly)}")
    stage.timeline.record(
        "alert",
        text,
        [
            Figure("sent", len(first), "people", measured_by=NETWORK_LOG),
            Figure("reminded", len(reminder), "people", measured_by=NETWORK_LOG),
            Figure("lost", len(lost), "messages", 0, 0, NETWORK_LOG),
            Figure("doubled", len(doubled), "messages", 0, 0, NETWORK_LOG),
        ],
    )


def _parts(log: list[Accepted], *, reminder: bool) -> list[Accepted]:
    return [line for line in log if ("RELANCE" in line.text) is reminder and line.part == 1]
