"""A box without a battery for its clock: time jumps when a time server is heard, with SMS under way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from edge.modem.allowance import Permission
from edge.modem.bell import Bell
from edge.modem.dispatch import Claim, Dispatch
from edge.modem.outbox import Outbox
from edge.modem.parts import split
from edge.modem.schema import STEPS
from edge.modem.settling import Settling
from edge.shared.clock import VirtualClock
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import Segment, SegmentState, SmsSeverity

WINDOW = timedelta(seconds=120)
ANY = Permission(severities=tuple(SmsSeverity), wait_s=None, newcomers=True)


class Box:
    """What decides about parts, on a ledger of its own and a clock that can be set."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock()
        ledger = Ledger(folder / "modem.db", STEPS)
        self.outbox = Outbox(ledger, self.clock, Bell())
        self.dispatch = Dispatch(ledger, self.clock, Bell())
        self.settling = Settling(ledger, self.clock, Bell())
        self.ledger = ledger

    def hand_over(self, text: str = "Évacuez", number: str = "+33612345678") -> Claim:
        self.outbox.put(number, text, split(text), text)
        job = self.dispatch.reserve("m1", "sim", ANY)
        assert job is not None
        claim = self.dispatch.claim(job, "m1", "sim")
        self.dispatch.release("m1")
        return claim

    def resend(self) -> int:
        return self.settling.resend_unreported("m1", WINDOW, 0.0)

    def newest(self) -> Segment:
        return self.outbox.entries()[0].segments[0]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path)
    yield box
    box.ledger.close()


@pytest.mark.parametrize("step", [timedelta(days=365 * 56), timedelta(hours=1), timedelta(seconds=-2), timedelta(days=-9)])
def test_a_clock_that_is_set_neither_cuts_the_wait_for_a_report_short_nor_makes_it_endless(
    box: Box, step: timedelta
) -> None:
    box.dispatch.unknown(box.hand_over(), "no +CMGS")
    assert box.resend() == 0
    box.clock.advance(3)
    box.clock.wall += step
    assert box.resend() == 0
    assert box.newest().state is SegmentState.UNCERTAIN
    box.clock.advance(WINDOW.total_seconds())
    assert box.resend() == 1
    assert (box.newest().state, box.newest().maybe_dup) == (SegmentState.QUEUED, True)


def test_a_part_that_is_uncertain_again_waits_anew(box: Box) -> None:
    box.dispatch.unknown(box.hand_over(), "no +CMGS")
    box.resend()
    box.clock.advance(WINDOW.total_seconds() + 1)
    assert box.resend() == 1
    job = box.dispatch.reserve("m1", "sim", ANY)
    assert job is not None
    box.dispatch.unknown(box.dispatch.claim(job, "m1", "sim"), "no +CMGS")
    assert box.resend() == 0
    box.clock.advance(WINDOW.total_seconds() - 1)
    assert box.resend() == 0
