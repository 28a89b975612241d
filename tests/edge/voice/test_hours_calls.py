"""Opening hours in a real Kamailio: the engine's own cycle, by a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from edge.shared.clock import VirtualClock
from edge.shared.section import parse_site
from edge.voice.cloud_name import CloudName
from edge.voice.dns_message import Answer
from edge.voice.engine import Engine
from edge.voice.kamailio.startup import RunFolder
from edge.voice.kamailio_alarms import AlarmView
from edge.voice.kamailio_rpc import KamailioRpc
from edge.voice.kamailio_view import KamailioView
from edge.voice.push import Push
from edge.voice.redirect_book import RedirectBook
from edge.voice.registrations import Keeper
from hil.rig.virtual.sip.crowd import Crowd, call
from hil.rig.virtual.sip.loopback import PASSWORDS, Telephony

HOURS = """
[[voice.groups]]
number = "600"
members = ["101"]
[[voice.hours.schedules]]
name = "mairie"
numbers = ["600"]
monday = ["08:30-12:00"]
friday = ["08:30-12:00"]
night = ["19:00-07:00"]
closed_to = "103"
night_to = "0611223344"
"""


async def nobody(name: str, kind: int) -> Answer:
    """No name server: the settings name no cloud PBX."""
    raise AssertionError(f"{name} was asked for ({kind})")


class Box:
    """A Kamailio, the engine beside it, and people who are all busy."""

    def __init__(self, telephony: Telephony) -> None:
        document = telephony.site(cloud="# no cloud", more=HOURS)
        self.kamailio = telephony.start(document, voice=False)
        self.telephony = telephony
        self.clock = VirtualClock(datetime(2026, 11, 30, 8, tzinfo=UTC))
        files = RunFolder.of(telephony.root.paths)
        self.loop = asyncio.new_event_loop()
        self.rpc = KamailioRpc(files.rpc_socket)
        self.redirects = RedirectBook(telephony.root.paths.state("voice") / "redirects.json", self.clock)
        keeper = Keeper(files.location_db, telephony.root.paths.registrations)
        alarms = AlarmView(self.rpc, self.clock)
        names = CloudName(files.folder / "kept.json", files.cloud_places, nobody)
        push = Push(self.rpc, files)
        self.engine = Engine(
            KamailioView(self.rpc, self.clock), push, alarms, self.clock, keeper, names, self.redirects
        )
        self.engine.adopt(parse_site(document).voice)
        self.crowd = Crowd()
        for place, number in enumerate(("101", "103")):
            self.crowd.settle(telephony, number, telephony.wire(101 + place))
        self.crowd.join("pstn", telephony.wire(20))
        self.caller = telephony.hand("102", 150, password=PASSWORDS["102"])

    def at(self, text: str) -> str:
        """Who is called at a moment of Paris after one cycle of the engine."""
        moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Paris")).astimezone(UTC)
        self.clock.elapsed += moment - self.clock.now()  # steps back, too
        self.loop.run_until_complete(self.engine.cycle())
        assert self.engine.push_refused is None
        self.crowd.clear()
        call(self.caller, "600")
        (one,) = {heard.who for heard in self.crowd.heard}  # perhaps at two phones
        return one

    def stop(self) -> None:
        self.crowd.stop()
        self.rpc.close()
        self.loop.close()


@pytest.fixture
def box(telephony: Telephony) -> Iterator[Box]:
    one = Box(telephony)
    yield one
    one.stop()


def test_boundaries_pass_by_themselves_and_the_clock_may_be_stepped(box: Box) -> None:
    assert box.at("2026-11-30T09:00:00") == "101"
    assert box.at("2026-11-30T11:59:59") == "101"
    assert box.at("2026-11-30T12:00:00") == "103"
    assert box.at("2026-11-30T19:00:00") == "pstn"
    assert box.at("2026-12-25T09:00:00") == "103"  # Christmas, a Friday
    assert box.at("2026-12-18T09:00:00") == "101"  # set back by a week
    assert [issue.id for issue in box.engine.issues()].count("voice.hours_not_kept") == 0
    assert box.at("1970-01-05T20:00:00") == "101"  # no clock: as when open, and said
    assert [issue.id for issue in box.engine.issues()].count("voice.hours_not_kept") == 1
    assert box.at("2026-12-25T09:00:00") == "103"


def test_a_kamailio_that_starts_again_is_told_the_hours_again(box: Box) -> None:
    assert box.at("2026-11-30T12:30:00") == "103"
    box.kamailio.kill()
    box.telephony.root.start("kamailio")
    for place, number in enumerate(("101", "103")):
        box.crowd.settle(box.telephony, number, box.telephony.wire(111 + place))
    assert box.at("2026-11-30T12:30:01") == "103"


def test_a_kamailio_that_starts_without_voice_knows_the_hours(telephony: Telephony) -> None:
    never_open = HOURS.replace('monday = ["08:30-12:00"]\nfriday = ["08:30-12:00"]\nnight = ["19:00-07:00"]\n', "")
    telephony.start(telephony.site(cloud="# no cloud", more=never_open), voice=False)
    crowd = Crowd()
    crowd.settle(telephony, "103", telephony.wire(103))
    try:
        call(telephony.hand("102", 150, password=PASSWORDS["102"]), "600")
        assert [heard.who for heard in crowd.heard] == ["103"]
    finally:
        crowd.stop()
