"""The engine with a clock that moves when told to: due rows, restarts, long waits, without waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edge.alerts.contacts import parse_contacts
from edge.alerts.directory import Directory
from edge.alerts.engine import Engine
from edge.alerts.ledger import CampaignLedger, Order
from edge.alerts.modem_link import ModemLink
from edge.alerts.progress import Progress
from edge.alerts.reports import Reports
from edge.alerts.schema import STEPS
from edge.shared.clock import VirtualClock, utc_text
from edge.shared.ledger import Ledger
from edge.shared.messages.common import Actor
from edge.shared.messages.modem import ModemEvent, SegmentState
from hil.rig.daemon import LocalRoot


class Box:
    """The alerts daemon's parts around one ledger file, without its process; killed and started at will."""

    def __init__(self, file: Path, modem: Any, clock: VirtualClock) -> None:
        self.file, self.modem, self.clock = file, modem, clock
        self.start()

    def start(self) -> None:
        self.ledger = Ledger(self.file, STEPS)
        self.campaigns = CampaignLedger(self.ledger)
        self.progress = Progress(self.ledger, self.campaigns.birth)
        self.directory = Directory(self.ledger)

    def stop(self) -> None:
        self.ledger.close()

    def begin(self, csv: str, *, reminders: int = 1) -> int:
        self.directory.take(parse_contacts(csv, "33"), "x.csv", "root", self.clock.now())
        order = Order(
            request_id=f"r{self.campaigns.next_number()}",
            scenario="crue",
            title="Inondation",
            exercise=False,
            text="Crue",
            reminder_text="RELANCE - Crue",
            actor=Actor(user="agent"),
            contacts_version=self.directory.version(),
            reminder_after_s=300,
            reminders=reminders,
        )
        return self.campaigns.start(order, self.directory.recipients([]), self.clock.now())

    def work(self) -> None:
        """Cycle until nothing is left to do, with all the news of the modem daemon."""

        async def cycles() -> None:
            link = ModemLink(self.modem.path)
            link.caught_up = True
            engine = Engine(self.campaigns, self.progress, link, self.clock, lambda _: None)
            while True:
                more = await engine.cycle()
                seen = self.progress.cursors()
                news: list[ModemEvent] = [
                    event
                    for event in self.modem.events
                    if (event.outbox and event.outbox.change > seen.outbox)
                    or (event.inbound and event.inbound.seq > seen.inbox)
                ]
                if news:
                    engine.absorb(news)
                if not more and not news:
                    await link.hang_up()
                    return

        asyncio.run(cycles())

    def after(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.work()

    def counts(self, number: int = 1) -> Any:
        campaign = Reports(self.ledger).campaign(number)
        assert campaign is not None
        return campaign.counts


@pytest.fixture
def box(root: LocalRoot, scripted_modem: Any) -> Box:
    return Box(root.paths.state("alerts") / "alerts.db", scripted_modem, VirtualClock())


def reminders_of(modem: Any) -> list[str]:
    return [params.number for params in modem.handed.values() if params.text.startswith("RELANCE")]


def test_the_silent_are_reminded_once_and_only_they(box: Box, scripted_modem: Any, people: Callable[..., str]) -> None:
    box.begin(people(5))
    box.work()
    scripted_modem.reply("+33600000000", "1")
    scripted_modem.reply("+33600000001", "NON")
    box.after(299)
    assert reminders_of(scripted_modem) == []
    box.after(1)
    assert reminders_of(scripted_modem) == ["+33600000002", "+33600000003", "+33600000004"]
    assert box.counts().reminded == 3
    for _ in range(10):
        box.after(3600)
    assert len(scripted_modem.handed) == 5 + 3


def test_a_box_that_was_dead_when_it_was_due_reminds_when_it_is_back(
    box: Box, scripted_modem: Any, people: Callable[..., str]
) -> None:
    box.begin(people(3))
    box.work()
    box.stop()
    box.clock.advance(7200)
    box.start()
    box.work()
    assert len(reminders_of(scripted_modem)) == 3


def test_an_answer_that_came_while_the_box_was_dead_stops_the_reminder(
    box: Box, scripted_modem: Any, people: Callable[..., str]
) -> None:
    box.begin(people(2))
    box.work()
    box.stop()
    scripted_modem.reply("+33600000000", "ok")
    box.clock.advance(7200)
    box.start()
    # The cycle queues what is due; a reminder that cannot go yet is dropped when the answer is read.
    scripted_modem.stop()
    box.work()
    scripted_modem.start()
    box.work()
    assert reminders_of(scripted_modem) == ["+33600000001"]
    assert box.counts().acknowledged == 1


def test_a_late_answer_is_kept(box: Box, scripted_modem: Any, people: Callable[..., str]) -> None:
    box.begin(people(2))
    box.work()
    box.after(300)
    box.after(3 * 86_400)
    scripted_modem.reply("+33600000000", "Reçu")
    box.work()
    assert box.counts().acknowledged == 1
    box.after(7 * 86_400)
    scripted_modem.reply("+33600000001", "OK")
    box.work()
    assert box.counts().acknowledged == 1, "a week later, OK is about something else"
    assert len(box.ledger.read("SELECT * FROM inbound")) == 2


def test_an_old_answer_that_lay_on_the_sim_is_about_no_alert_of_today(
    box: Box, scripted_modem: Any, people: Callable[..., str]
) -> None:
    box.begin(people(2))
    box.work()
    scripted_modem.reply("+33600000000", "OUI", sent_at=utc_text(box.clock.now() - timedelta(days=2)))
    scripted_modem.reply("+33600000001", "OUI", sent_at=utc_text(box.clock.now() - timedelta(hours=20)))
    box.work()
    assert box.counts().acknowledged == 1, "clocks may be hours apart, not days"
    assert len(box.ledger.read("SELECT * FROM inbound")) == 2, "what was said is kept"


def test_half_a_message_is_no_answer_until_it_is_whole(
    box: Box, scripted_modem: Any, people: Callable[..., str]
) -> None:
    box.begin(people(2))
    box.work()
    scripted_modem.reply("+33600000000", "[…]OUI", complete=False)
    scripted_modem.reply("+33600000001", "[…]OUI", complete=False)
    box.work()
    assert box.counts().acknowledged == 0
    scripted_modem.reply("+33600000000", "Je ne viens pas. Marie viendra, OUI", replaces=1)
    scripted_modem.reply("+33600000001", "OUI", replaces=2)
    box.work()
    assert box.counts().acknowledged == 1
    assert len(box.ledger.read("SELECT * FROM inbound")) == 4, "everything that was said is kept"


def test_as_many_reminders_as_the_settings_say(box: Box, scripted_modem: Any, people: Callable[..., str]) -> None:
    box.begin(people(1), reminders=3)
    box.work()
    for _ in range(8):
        box.after(300)
    assert len(reminders_of(scripted_modem)) == 3


def test_silence_does_not_count_while_the_message_waits(
    box: Box, scripted_modem: Any, people: Callable[..., str]
) -> None:
    scripted_modem.script = [SegmentState.QUEUED]
    box.begin(people(1))
    box.work()
    box.after(3600)
    assert len(scripted_modem.handed) == 1
    scripted_modem.move(next(iter(scripted_modem.handed)), SegmentState.SUBMITTED)
    box.work()
    box.after(299)
    assert len(scripted_modem.handed) == 1
    box.after(1)
    assert len(scripted_modem.handed) == 2


def test_news_told_twice_count_once(box: Box, scripted_modem: Any, people: Callable[..., str]) -> None:
    box.begin(people(2))
    box.work()
    scripted_modem.reply("+33600000000", "1")
    scripted_modem.reply("+33600000001", "j'arrive")
    events = list(scripted_modem.events)
    before = [tuple(row) for row in box.ledger.read("SELECT * FROM journal")]
    for _ in range(3):
        box.progress.absorb(events, "33", box.clock.now())
    after = [tuple(row) for row in box.ledger.read("SELECT * FROM journal")]
    assert len(after) - len(before) == 2
    assert len(box.ledger.read("SELECT * FROM inbound")) == 2


def test_a_lost_ledger_does_not_repeat_the_request_ids_of_its_predecessor(
    root: LocalRoot, scripted_modem: Any, people: Callable[..., str]
) -> None:
    for name in ("one.db", "two.db"):
        box = Box(root.paths.state("alerts") / name, scripted_modem, VirtualClock())
        box.begin(people(2))
        box.work()
        box.stop()
    assert (len(scripted_modem.handed), scripted_modem.repeats) == (4, 0)


def test_messages_of_others_are_not_ours(box: Box, scripted_modem: Any, people: Callable[..., str]) -> None:
    box.begin(people(1))
    box.work()
    (event,) = [event for event in scripted_modem.events if event.outbox][:1]
    assert event.outbox is not None
    foreign = event.outbox.message.model_copy(update={"request_id": "cli-1"})
    change = event.outbox.model_copy(update={"change": 999, "message": foreign})
    assert box.progress.absorb([ModemEvent(outbox=change)], "33", box.clock.now()) == set()
    assert box.progress.cursors().outbox == 999
