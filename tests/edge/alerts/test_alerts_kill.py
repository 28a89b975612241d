"""kill -9 of alerts, and the loss of the modem daemon, in the middle of a batch: nothing lost, nothing doubled.

Counted by the scripted modem daemon, which lives in the test's own process.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import random
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import pytest

from edge.shared.messages import alerts as a
from edge.shared.messages.common import Actor
from edge.shared.varlink import call_once
from hil.rig.daemon import LocalRoot

PEOPLE = 60


def begin(root: LocalRoot, site: str, csv: str) -> None:
    root.write_site(site)
    root.start("alerts")
    socket = root.paths.socket("alerts")
    asyncio.run(call_once(a.ALERTS, socket, a.IMPORT, a.ImportParams(csv=csv)))
    params = a.SendParams(scenario="crue", request_id="r", actor=Actor(user="agent"))
    asyncio.run(call_once(a.ALERTS, socket, a.SEND, params))


def counts(root: LocalRoot) -> a.Counts:
    shown = asyncio.run(call_once(a.ALERTS, root.paths.socket("alerts"), a.SHOW, a.ShowParams(number=1)))
    return shown.campaign.counts


def wait_for(condition: Callable[[], bool], timeout: float = 30.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("seed", range(4))
def test_kill_in_the_batch(
    root: LocalRoot, scripted_modem: Any, town_hall: str, people: Callable[..., str], seed: int
) -> None:
    dice = random.Random(seed)
    # The answer of each Send comes late: a kill falls between the deed and its answer.
    scripted_modem.send_delay = 0.01
    scripted_modem.answers = lambda params: (
        "OK" if int(params.number[-1]) < 5 and "RELANCE" not in params.text else None
    )
    begin(root, town_hall.replace("reminder_after_s = 600", "reminder_after_s = 2"), people(PEOPLE))
    for _ in range(4):
        handed = len(scripted_modem.handed)
        wait_for(lambda at=handed: len(scripted_modem.handed) >= min(at + dice.randrange(1, 25), PEOPLE))
        time.sleep(dice.uniform(0, 0.02))
        root.running["alerts"].kill()
        root.start("alerts")
    everybody = (PEOPLE, PEOPLE, PEOPLE // 2, PEOPLE // 2)
    wait_for(lambda: everybody == ((now := counts(root)).people, now.delivered, now.acknowledged, now.reminded))
    sent = collections.Counter((params.number, params.text) for params in scripted_modem.handed.values())
    assert set(sent.values()) == {1}, "a message was handed over under two ids"
    reminded = {number for number, text in sent if text.startswith("RELANCE")}
    assert len(sent) == PEOPLE + len(reminded)
    assert {number for number, _ in sent if int(number[-1]) >= 5} == reminded, "who confirmed was reminded"


def test_replies_that_came_while_alerts_was_dead_are_read_before_reminding(
    root: LocalRoot, scripted_modem: Any, town_hall: str, people: Callable[..., str]
) -> None:
    begin(root, town_hall, people(PEOPLE))
    wait_for(lambda: counts(root).delivered == PEOPLE)
    root.running["alerts"].kill()
    for number in scripted_modem.numbers()[: PEOPLE - 10]:
        scripted_modem.reply(number, "oui")
    with contextlib.closing(sqlite3.connect(root.paths.state("alerts") / "alerts.db", isolation_level=None)) as db:
        due = db.execute("UPDATE deliveries SET due_at = '2020-01-01T00:00:00.000000Z' WHERE due_at IS NOT NULL")
        assert due.rowcount == PEOPLE
    root.start("alerts")
    wait_for(lambda: counts(root).reminded == 10)
    assert counts(root).acknowledged == PEOPLE - 10
    assert len(scripted_modem.handed) == PEOPLE + 10


def test_the_modem_daemon_comes_and_goes(
    root: LocalRoot, scripted_modem: Any, town_hall: str, people: Callable[..., str]
) -> None:
    dice = random.Random(7)
    scripted_modem.send_delay = 0.005
    begin(root, town_hall, people(PEOPLE))
    for _ in range(3):
        handed = len(scripted_modem.handed)
        wait_for(lambda at=handed: len(scripted_modem.handed) >= min(at + dice.randrange(1, 20), PEOPLE))
        scripted_modem.stop()
        time.sleep(dice.uniform(0, 0.3))
        scripted_modem.start()
    wait_for(lambda: counts(root).delivered == PEOPLE)
    sent = collections.Counter(params.number for params in scripted_modem.handed.values())
    assert set(sent.values()) == {1}
    assert len(sent) == PEOPLE
