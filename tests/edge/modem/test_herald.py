"""Technicians are told how the box is by SMS: with real daemons around it, scripted ones, dead ones, and across kill -9."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edge.modem.bell import Bell
from edge.modem.bulletins import neighbours as modem_neighbours
from edge.modem.bulletins.book import Bulletins
from edge.modem.bulletins.herald import Herald
from edge.modem.fleet import Fleet
from edge.modem.office import open_office
from edge.modem.panel_link import PanelLink
from edge.modem.store.schema import STEPS
from edge.shared.clock import SystemClock, utc_text
from edge.shared.ledger import Ledger
from edge.shared.level import Level
from edge.shared.messages.common import STATUS, DaemonStatus
from edge.shared.messages.modem import MODEM, SEND, OutboxEntry, SendParams, SmsSeverity
from edge.shared.messages.uplinks import LIST
from edge.shared.model import Site
from edge.shared.paths import Paths
from edge.shared.rights import Caller
from edge.shared.sms_length import measure
from edge.shared.varlink import call_once
from hil.rig.daemon import LocalRoot
from hil.rig.virtual.modem.bench import ModemBench
from tests.webui.scripted import Loop, Neighbours, link

TECHNICIAN, OTHER = "+33612345678", "+33712345678"
FIBRE = [link("fibre", "fibre", active=True), link("4g", "lte")]
ON_4G = [link("fibre", "fibre"), link("4g", "lte", active=True)]


@pytest.fixture
def around(bench: ModemBench) -> Iterator[Neighbours]:
    """uplinks and voice by script; a test starts those it wants alive."""
    loop = Loop()
    neighbours = Neighbours(bench.root, loop, links=FIBRE)
    yield neighbours
    neighbours.close()
    loop.close()


def set_up(bench: ModemBench, *, latency: str = "0.02", technicians: str = '"06 12 34 56 78", "0033712345678"') -> None:
    bench.add_modem(options=["--latency", latency, "--report-after", "0.05"])
    bench.write_site()
    document = bench.root.paths.site_file.read_text()
    document = document.replace("[modem]\n", f"[modem]\ntechnicians = [{technicians}]\n")
    bench.root.write_site(f'[site]\nname = "Bellac"\n{document}')
    bench.start()


def count_phones(neighbours: Neighbours) -> None:
    async def status(_params: Any, _caller: Caller) -> DaemonStatus:
        return DaemonStatus(daemon="voice", state="ok", summary={"phones": "12", "extensions": "14"})

    neighbours.servers["voice"].on(STATUS, status)


def answers(bench: ModemBench, number: str = TECHNICIAN) -> list[OutboxEntry]:
    return [message for message in bench.outbox() if message.number == number and message.text.startswith("Bellac: ")]


def test_etat_is_answered_with_level_links_phones_and_signal(bench: ModemBench, around: Neighbours) -> None:
    around.start("uplinks", "voice")
    count_phones(around)
    set_up(bench)
    bench.modems[0].inject("bring", number="0612345678", text="État ?")
    bench.wait(lambda: bool(answers(bench)))
    (answer,) = answers(bench)
    assert answer.text.startswith(
        "Bellac: niveau 0 (normal). Internet par fibre, 4G. Téléphones opérateur 12/14. Signal "
    )
    assert (measure(answer.text).segments, answer.encoding, answer.severity) == (1, "gsm7", SmsSeverity.CRISIS)
    bench.wait_all()
    (accepted,) = bench.accepted()
    assert (accepted.destination, accepted.text) == (TECHNICIAN, answer.text)
    assert [sms.text for sms in bench.inbox()] == ["État ?"]  # for alerts, which takes it for information


def test_with_every_other_daemon_dead_it_says_what_it_knows(bench: ModemBench) -> None:
    set_up(bench)
    bench.modems[0].inject("bring", number=TECHNICIAN, text="etat")
    bench.wait(lambda: bool(answers(bench)))
    text = answers(bench)[0].text
    assert text.startswith("Bellac: niveau inconnu. Internet: inconnu. Téléphones: inconnu. Signal ")


def test_a_frozen_daemon_is_not_waited_for(bench: ModemBench, around: Neighbours) -> None:
    """A socket that takes calls and never answers, as a stopped process does."""
    around.start("uplinks", "voice")
    count_phones(around)

    async def never(*_: Any) -> Any:
        await around.loop.loop.create_future()

    around.servers["uplinks"].on(LIST, never)
    set_up(bench)
    bench.modems[0].inject("bring", number=TECHNICIAN, text="etat")
    bench.wait(lambda: bool(answers(bench)))
    assert "Internet: inconnu. Téléphones opérateur 12/14" in answers(bench)[0].text


@pytest.mark.parametrize(
    "said",
    ['{"parameters": {"active": 1}}', '{"parameters": {"active": "f", "uplinks": [{"state": "new"}]}}', "no JSON", ""],
)
def test_a_daemon_that_says_what_nobody_understands_counts_as_silent(root: LocalRoot, said: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\0")
        writer.write(said.encode() + b"\0")
        writer.close()

    async def hear() -> modem_neighbours.Heard:
        async with await asyncio.start_unix_server(talk, root.paths.socket("uplinks")):
            return await modem_neighbours.Neighbours(root.paths).hear()

    assert asyncio.run(hear()) == modem_neighbours.Heard(None, None)


def test_it_is_answered_in_the_middle_of_an_alert(bench: ModemBench) -> None:
    set_up(bench, latency="0.3")
    for number in range(40):
        params = SendParams(
            number=f"+336000000{number}", text="Bonjour", request_id=str(number), severity=SmsSeverity.URGENT
        )
        asyncio.run(call_once(MODEM, bench.root.paths.socket("modem"), SEND, params))
    bench.modems[0].inject("bring", number=TECHNICIAN, text="etat")
    bench.wait(lambda: bool(answers(bench)))
    before = len(bench.accepted())
    bench.wait(lambda: any(one.destination == TECHNICIAN for one in bench.accepted()))
    order = [one.destination for one in bench.accepted()]
    assert order.index(TECHNICIAN) <= before + 1  # behind the one under way, and before all that wait


def test_nobody_else_is_answered_and_an_automaton_that_says_the_word_to_everything_comes_to_an_end(
    bench: ModemBench,
) -> None:
    set_up(bench)
    for number in ("+33799999999", "38200", *[OTHER] * 15):
        bench.modems[0].inject("bring", number=number, text="ETAT")
    bench.wait(lambda: len(bench.inbox()) == 17)
    bench.wait(lambda: len(answers(bench, OTHER)) == 12)
    time.sleep(1)
    assert {message.number for message in bench.outbox()} == {OTHER}
    assert len(bench.outbox()) == 12


def test_two_boxes_that_have_each_other_as_technicians_say_one_thing_each(bench: ModemBench) -> None:
    """What the other box would send: the answer to an ETAT that went out from here, its change of level, and an automaton."""
    set_up(bench)
    bench.send(TECHNICIAN, "ETAT", "by-hand")
    for text in (
        "Limoges: niveau 0 (normal). Internet par fibre",
        "Limoges: niveau 0 -> 1 (secours en service)",
        "ETAT",
    ):
        bench.modems[0].inject("bring", number=TECHNICIAN, text=text)
    bench.wait(lambda: len(bench.inbox()) == 3)
    time.sleep(1.0)
    assert answers(bench) == []


def test_killed_at_any_moment_each_request_is_answered_once(bench: ModemBench) -> None:
    set_up(bench)
    for number in range(6):
        bench.modems[0].inject("bring", number=(TECHNICIAN, OTHER)[number % 2], text="ETAT")
        time.sleep(0.07 * number)
        bench.kill()
        bench.start()
    bench.wait(lambda: len(bench.inbox()) == 6)
    bench.wait(lambda: len(answers(bench)) == len(answers(bench, OTHER)) == 3)
    bench.wait_all()
    bench.kill()  # as if it had fallen between the outbox and the note that the answers are there
    with contextlib.closing(sqlite3.connect(bench.root.paths.state("modem") / "modem.db", isolation_level=None)) as db:
        db.execute("UPDATE bulletins SET queued = 0")
    bench.start()
    time.sleep(1.0)
    assert len(bench.outbox()) == len(bench.accepted()) == 6


def seen_before(bench: ModemBench, level: Level, seconds: float) -> None:
    """As if the daemon, which is dead, had seen this level so long ago."""
    since = utc_text(datetime.now(UTC) - timedelta(seconds=seconds))
    with contextlib.closing(sqlite3.connect(bench.root.paths.state("modem") / "modem.db", isolation_level=None)) as db:
        db.execute("UPDATE watch SET seen = ?, seen_since = ?", (level, since))


def test_a_change_of_level_that_lasted_is_told_once_to_each_technician_although_the_daemon_is_killed(
    bench: ModemBench, around: Neighbours
) -> None:
    around.start("uplinks", "voice")
    set_up(bench)
    for round_, links, was, words in (
        (1, ON_4G, Level.LINK_SWITCH, "niveau 0 -> 1 (secours en service)"),
        (2, FIBRE, Level.NORMAL, "niveau 1 -> 0 (normal)"),
    ):
        around.links = links
        bench.kill()
        seen_before(bench, was, 16)
        bench.start()
        wait_for_messages(bench, 2 * round_ - 1)
        bench.kill()  # perhaps between the two technicians
        bench.start()
        wait_for_messages(bench, 2 * round_)
        bench.wait_all()
        told = {(one.destination, one.text.partition(" à ")[0]) for one in bench.accepted()[-2:]}
        assert told == {(number, f"Bellac: {words}") for number in (TECHNICIAN, OTHER)}
    time.sleep(1)
    assert len(bench.accepted()) == 4


def wait_for_messages(bench: ModemBench, count: int) -> None:
    bench.wait(lambda: len(bench.outbox()) >= count)


def test_a_change_that_did_not_last_yet_is_not_told(bench: ModemBench, around: Neighbours) -> None:
    around.links = ON_4G
    around.start("uplinks", "voice")
    set_up(bench)
    time.sleep(1.5)  # it looked
    assert bench.outbox() == []


def test_without_technicians_nobody_is_asked_how_the_box_is(bench: ModemBench, around: Neighbours) -> None:
    around.links = ON_4G
    around.start("uplinks", "voice")
    set_up(bench, technicians="")
    bench.kill()
    seen_before(bench, Level.LINK_SWITCH, 60)
    bench.start()
    bench.modems[0].inject("bring", number=TECHNICIAN, text="etat")
    bench.wait(lambda: len(bench.inbox()) == 1)
    time.sleep(1)
    assert bench.outbox() == []


def test_on_a_disk_that_takes_no_writes_the_herald_waits_and_goes_on_afterwards(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "modem.db", STEPS)
    clock, bell = SystemClock(), Bell()
    paths = Paths(tmp_path)
    office = open_office(ledger, clock, bell, PanelLink(paths.socket("panel")))
    herald = Herald(Bulletins(ledger, clock), office, Fleet(office), modem_neighbours.Neighbours(paths))
    herald.follow(Site.model_validate({"modem": {"technicians": [TECHNICIAN]}}))
    with ledger.change() as db:
        db.execute(
            "INSERT INTO inbox (number, text, sent_at, received_at, complete) VALUES (?, 'etat', '', '', 1)",
            (TECHNICIAN,),
        )
    ledger.read("PRAGMA query_only = on")

    async def run() -> None:
        task = asyncio.create_task(herald.run())
        await asyncio.sleep(0.5)
        assert not task.done()
        ledger.read("PRAGMA query_only = off")
        async with asyncio.timeout(10):
            await bell.wait_past(0)
        task.cancel()

    asyncio.run(run())
    assert [entry.number for entry in office.outbox.entries(limit=10)] == [TECHNICIAN]
    ledger.close()
