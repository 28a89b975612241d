"""Point 9: kill -9 of modem and of alerts inside a submit, in the middle of an alert to 50 people.

Real daemons, a virtual modem; lost and doubled are counted from the log of the network behind that modem, which no
daemon can write.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.shared.messages import alerts as a
from edge.shared.messages.common import Actor
from edge.shared.varlink import call_once
from hil.rig.daemon import LocalRoot
from hil.rig.virtual.modem.client import VirtualModem
from hil.rig.virtual.modem.handsets import Rule

PEOPLE = 50
LATENCY = 0.06  # of a submit; the network has the part after half of it
KILLS = 5  # of each daemon
TEXT = "Crue à {site} : évacuez, c’est urgent. " + "Rejoignez le gymnase par la rue haute. " * 2  # UCS-2, two parts
PARTS = 2

SITE = """
[site]
name = "Villeneuve"

[modem]
report_window_s = 8
free_burst = 1000
reconnect_min_s = 0.1

[[modem.devices]]
name = "lte"
device = "{device}"

[alerts]
reminder_after_s = 600

[[alerts.scenarios]]
id = "crue"
title = "Inondation"
text = "{text}"
"""


@pytest.fixture
def network(root: LocalRoot) -> Iterator[VirtualModem]:
    # Four of five confirm as soon as they have it, the others never.
    rules = [Rule(number=r".*[0-7]", reply="Reçu", after_s=0.2)]
    folder = root.folder / "hw"
    folder.mkdir()
    with VirtualModem(folder, rules=rules, options=["--latency", str(LATENCY), "--report-after", "0.1"]) as modem:
        yield modem


def show(root: LocalRoot) -> a.ShowResult:
    return asyncio.run(call_once(a.ALERTS, root.paths.socket("alerts"), a.SHOW, a.ShowParams(number=1)))


def wait_for(condition: Callable[[], bool], what: Callable[[], object], timeout: float = 60.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.005)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_lost_nothing_doubled(
    root: LocalRoot, network: VirtualModem, people: Callable[..., str], tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    root.write_site(SITE.replace("{device}", str(network.link)).replace("{text}", TEXT))
    root.start("modem")
    root.start("alerts")
    file = tmp_path / "agents.csv"
    file.write_text(people(PEOPLE), encoding="utf-8")
    assert root.repli("alerts", "import", str(file)).returncode == 0
    params = a.SendParams(scenario="crue", request_id="nuit", actor=Actor(user="agent"))
    asyncio.run(call_once(a.ALERTS, root.paths.socket("alerts"), a.SEND, params))

    for victim in ["modem", "alerts"] * KILLS:
        accepted = len(network.log())
        goal = min(accepted + dice.randint(2, 12), PEOPLE * PARTS)
        wait_for(lambda at=goal: len(network.log()) >= at, lambda: f"{len(network.log())} parts")
        # A part was accepted half a latency after it was handed over: this falls in its answer or in the next submit.
        time.sleep(dice.uniform(0, LATENCY))
        root.running[victim].kill()
        root.start(victim)

    silent = PEOPLE // 5
    wait_for(
        lambda: (c := show(root).campaign.counts).delivered == PEOPLE and c.acknowledged == PEOPLE - silent,
        lambda: show(root).campaign.counts,
    )
    root.running["alerts"].kill()  # once more, and when it is back it is time to remind those who are silent
    with contextlib.closing(sqlite3.connect(root.paths.state("alerts") / "alerts.db", isolation_level=None)) as db:
        due = db.execute("UPDATE deliveries SET due_at = '2020-01-01T00:00:00.000000Z' WHERE due_at IS NOT NULL")
        assert due.rowcount == silent
    root.start("alerts")
    wait_for(lambda: show(root).campaign.counts.reminded == silent, lambda: show(root).campaign.counts)
    wait_for(lambda: _reminders(network.log()) == silent * PARTS, network.log)
    time.sleep(2 * LATENCY * PARTS)
    shown = show(root)
    counts = shown.campaign.counts
    assert (counts.people, counts.acknowledged, counts.silent, counts.failed) == (PEOPLE, PEOPLE - silent, silent, 0)

    log = network.log()
    firsts = collections.Counter((x.destination, x.part) for x in log if not _of_reminder(x.text, log))
    again = collections.Counter((x.destination, x.text, x.part) for x in log)
    expected = {(f"+336{x:08d}", part) for x in range(PEOPLE) for part in range(1, PARTS + 1)}
    assert set(firsts) == expected, "lost or foreign"
    assert [key for key, times in again.items() if times > 1] == [], "doubled"
    reminded = {x.destination for x in log if x.text.startswith("RELANCE")}
    assert reminded == {f"+336{x:08d}" for x in range(PEOPLE) if x % 10 >= 8}
    # Killed between the intent and the text, the daemon cannot know: it sends again and says so. Once a kill at most.
    assert sum(delivery.maybe_dup for delivery in shown.deliveries) <= KILLS
    print(f"seed {seed}: {len(log)} parts to {PEOPLE} people, {2 * KILLS} kills: 0 lost, 0 doubled")


def _reminders(log: list) -> int:
    return sum(_of_reminder(x.text, log) for x in log)


def _of_reminder(text: str, log: list) -> bool:
    """Whether a part belongs to a reminder: it starts one, or differs from every part of the first message."""
    first = {x.text for x in log[:PARTS]}
    return text not in first
