"""A modem that gets another name, or a SIM that goes into another modem, while reports are on their way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from edge.modem.pdu.tpdu import StatusReport
from edge.modem.sim.book import SimBook
from edge.modem.sim.card import Identity
from edge.shared.messages.modem import SegmentState
from tests.edge.modem.dispatching import Desk

CARD, OTHER_CARD = (
    Identity("8933010000000000014", "208010000000014"),
    Identity("8933010000000000022", "208010000000022"),
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.put("Évacuez")
    SimBook(desk.ledger, desk.clock).seen("m1", CARD)
    desk.dispatch.unknown(desk.hand_over("m1", sim=CARD.imsi), "no +CMGS")
    yield desk
    desk.ledger.close()


def report(desk: Desk, modem: str) -> SegmentState:
    sent = StatusReport(7, "+33612345678", desk.clock.now() + timedelta(seconds=2), 0)
    with desk.ledger.change() as db:
        desk.settling.apply_report(db, modem, sent)
    return desk.parts()[0].state


def test_reports_find_what_was_sent_under_the_name_before(desk: Desk) -> None:
    SimBook(desk.ledger, desk.clock).seen("town-hall", CARD)
    assert report(desk, "town-hall") is SegmentState.DELIVERED


def test_reports_find_what_their_sim_sent_from_another_modem(desk: Desk) -> None:
    SimBook(desk.ledger, desk.clock).seen("m1", OTHER_CARD)
    SimBook(desk.ledger, desk.clock).seen("m2", CARD)
    assert report(desk, "m2") is SegmentState.DELIVERED


def test_reports_to_another_sim_are_about_something_else(desk: Desk) -> None:
    SimBook(desk.ledger, desk.clock).seen("m2", OTHER_CARD)
    assert report(desk, "m2") is SegmentState.UNCERTAIN
