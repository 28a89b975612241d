"""A box without a battery for its clock: time jumps when a time server is heard, with SMS under way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from edge.shared.messages.modem import SegmentState
from tests.edge.modem.dispatching import WINDOW, Desk


@pytest.mark.parametrize(
    "step", [timedelta(days=365 * 56), timedelta(hours=1), timedelta(seconds=-2), timedelta(days=-9)]
)
def test_a_clock_that_is_set_neither_cuts_the_wait_for_a_report_short_nor_makes_it_endless(
    desk: Desk, step: timedelta
) -> None:
    desk.put("Évacuez")
    desk.dispatch.unknown(desk.hand_over(), "no +CMGS")
    assert desk.resend() == 0
    desk.clock.advance(3)
    desk.clock.wall += step
    assert desk.resend() == 0
    assert desk.parts()[0].state is SegmentState.UNCERTAIN
    desk.clock.advance(WINDOW.total_seconds())
    assert desk.resend() == 1
    assert (desk.parts()[0].state, desk.parts()[0].maybe_dup) == (SegmentState.QUEUED, True)


def test_a_part_that_is_uncertain_again_waits_anew(desk: Desk) -> None:
    desk.put("Évacuez")
    desk.dispatch.unknown(desk.hand_over(), "no +CMGS")
    desk.resend()
    desk.clock.advance(WINDOW.total_seconds() + 1)
    assert desk.resend() == 1
    desk.dispatch.unknown(desk.hand_over(), "no +CMGS")
    assert desk.resend() == 0
    desk.clock.advance(WINDOW.total_seconds() - 1)
    assert desk.resend() == 0
